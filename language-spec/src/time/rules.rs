//! A zone's rules, with the stretches between two changes of its clock that were asked for last: nearly all that a step asks
//! lies in one or two of them, and to find out by the rules costs several times as much.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::{RANGE, Ts, timestamp};
use crate::program::{DAY, MINUTE};

/// What the ends of a stretch are rounded to, towards its middle.
const QUARTER: i64 = 15 * MINUTE;
/// Bits of an end, in quarters of an hour since the language's first instant: 300 years have less than 2^24.
const END_BITS: u32 = 24;
/// Bits of an offset in minutes, to which [`OFFSET_BIAS`] is added: a day has 1,440.
const OFFSET_BITS: u32 = 12;
const OFFSET_BIAS: i32 = 1 << (OFFSET_BITS - 1);
/// Nothing was asked in this place yet.
const NEVER: u64 = 0;
/// Something was asked once: no stretch, since it would end before it begins.
const ONCE: u64 = 1;

/// A zone's rules.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) library: TimeZone,
    /// Each a stretch in one word, so that threads can share it: offset, where it begins, where it ends. The half of the year
    /// in which an instant lies says which, so that summer and winter do not take turns.
    stretches: [AtomicU64; 2],
}

impl Rules {
    pub(super) const fn new(library: TimeZone) -> Rules {
        Rules { library, stretches: [AtomicU64::new(NEVER), AtomicU64::new(NEVER)] }
    }

    /// How far the local clock is ahead of UTC at an instant.
    pub(super) fn offset(&self, at: Timestamp) -> Offset {
        let ts = at.as_millisecond();
        let place = self.stretches.get(half(ts));
        let known = place.map_or(NEVER, |place| place.load(Ordering::Relaxed));
        if let Some(offset) = within(known, ts) {
            return offset;
        }
        let offset = self.library.to_offset(at);
        // Of a country's many zones most are asked for once, and need not be known better.
        let found = if known == NEVER { ONCE } else { self.stretch(ts, offset).unwrap_or(ONCE) };
        if let Some(place) = place {
            place.store(found, Ordering::Relaxed);
        }
        offset
    }

    /// The stretch around an instant, where its offset is one of whole minutes.
    fn stretch(&self, ts: Ts, offset: Offset) -> Option<u64> {
        let seconds = offset.seconds();
        if seconds % 60 != 0 {
            return None;
        }
        // A change at the very instant is where its stretch begins.
        let begins = self.library.preceding(timestamp(ts.saturating_add(1))).next();
        let ends = self.library.following(timestamp(ts)).next();
        let begins = begins.map_or(*RANGE.start(), |change| change.timestamp().as_millisecond());
        let ends = ends.map_or(*RANGE.end(), |change| change.timestamp().as_millisecond());
        let since_first = |ts: Ts| ts.clamp(*RANGE.start(), *RANGE.end()).checked_sub(*RANGE.start());
        let begins = u64::try_from(since_first(begins)?.checked_add(QUARTER - 1)? / QUARTER).ok()?;
        let ends = u64::try_from(since_first(ends)? / QUARTER).ok()?;
        let offset = u64::try_from((seconds / 60).checked_add(OFFSET_BIAS)?).ok()?;
        let fits = begins >> END_BITS == 0 && ends >> END_BITS == 0 && offset >> OFFSET_BITS == 0;
        fits.then_some(offset << (2 * END_BITS) | begins << END_BITS | ends)
    }
}

/// Which half of the year it is, from about April on; in a zone that sets its clock each is mostly one stretch.
fn half(ts: Ts) -> usize {
    const YEAR: i64 = 365 * DAY + DAY / 4;
    const APRIL: i64 = 86 * DAY;
    const NOVEMBER: i64 = 301 * DAY;
    usize::from((APRIL..NOVEMBER).contains(&ts.rem_euclid(YEAR)))
}

/// The offset at an instant, where it lies in this stretch.
fn within(stretch: u64, ts: Ts) -> Option<Offset> {
    const END: u64 = (1 << END_BITS) - 1;
    let quarter = u64::try_from(ts.checked_sub(*RANGE.start())?).ok()? / QUARTER.unsigned_abs();
    let (begins, ends) = (stretch >> END_BITS & END, stretch & END);
    if !(begins..ends).contains(&quarter) {
        return None;
    }
    let minutes = i32::try_from(stretch >> (2 * END_BITS)).ok()?.checked_sub(OFFSET_BIAS)?;
    Offset::from_seconds(minutes.checked_mul(60)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Zones of every sort: set forward and back, by half an hour, over midnight, at no fixed date, never, and once by a day.
    const ZONES: [&str; 12] = [
        "Europe/London",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Havana",
        "Africa/Casablanca",
        "Asia/Tehran",
        "Asia/Kathmandu",
        "Pacific/Apia",
        "Africa/Monrovia",
        "Europe/Amsterdam",
        "UTC",
        "Etc/GMT+12",
    ];

    proptest! {
        /// Whatever was asked before, the offset is what the library says.
        #[test]
        fn what_is_kept_is_what_the_rules_say(
            zone in 0..ZONES.len(),
            asked in prop::collection::vec((*RANGE.start()..=*RANGE.end(), prop::bool::ANY), 1..40),
        ) {
            let library = jiff::tz::TimeZoneDatabase::bundled().get(ZONES[zone]).unwrap();
            let rules = Rules::new(library.clone());
            for (at, near) in asked {
                // At a change, just before it and just after it.
                let change = library.following(timestamp(at)).next().map_or(at, |change| change.timestamp().as_millisecond());
                let at = if near { change } else { at };
                for at in [at, at - 1, at + 1, at - QUARTER, at + QUARTER, at, at - 1] {
                    prop_assert_eq!(rules.offset(timestamp(at)), library.to_offset(timestamp(at)), "{} at {}", ZONES[zone], at);
                }
            }
        }
    }

    /// The stretch is found, and not looked up each time: it holds the whole winter.
    #[test]
    fn a_stretch_is_kept_from_the_second_time_on() {
        let rules = Rules::new(jiff::tz::TimeZoneDatabase::bundled().get("Europe/London").unwrap());
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let winter = || rules.stretches[0].load(Ordering::Relaxed);
        rules.offset(at("2026-01-10T12:00:00Z"));
        assert_eq!(winter(), ONCE);
        rules.offset(at("2026-01-10T12:00:00Z"));
        let held = |text: &str| within(winter(), at(text).as_millisecond()).map(Offset::seconds);
        assert_eq!(held("2025-10-26T01:00:00Z"), Some(0));
        assert_eq!(held("2026-03-29T00:59:59Z"), Some(0));
        assert_eq!((held("2025-10-26T00:59:59Z"), held("2026-03-29T01:00:00Z")), (None, None));
        rules.offset(at("2026-07-10T12:00:00Z"));
        rules.offset(at("2026-07-10T12:00:00Z"));
        assert_eq!(
            within(rules.stretches[1].load(Ordering::Relaxed), at("2026-06-01T00:00:00Z").as_millisecond())
                .map(Offset::seconds),
            Some(3600)
        );
        assert_eq!(held("2026-02-01T00:00:00Z"), Some(0));
    }
}
