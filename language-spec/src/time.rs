//! Instants and zones. The library behind them is hidden: public signatures hold milliseconds and names.

mod rules;

use std::cell::RefCell;
use std::sync::Arc;

use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

use self::rules::Rules;
use crate::program::{Calendar, DAY, HOUR, MINUTE, Millis, SECOND};
use crate::recent::Recent;

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
pub type Ts = i64;

/// Earliest and latest instants that the language knows: the years 1900 to 2200. What lies outside is refused at the
/// door, so that no later arithmetic overflows.
pub const RANGE: std::ops::RangeInclusive<Ts> = -2_208_988_800_000..=7_258_118_400_000;

/// What a clock and a calendar in some zone show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// Year.
    pub year: i32,
    /// Month, from 1.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute.
    pub minute: u8,
}

/// A named zone of the IANA data base that is compiled in.
#[derive(Clone, Debug)]
pub struct Zone(Arc<Rules>);

thread_local! {
    static LOOKED_UP: RefCell<Recent<Zone>> = const { RefCell::new(Recent::new()) };
}

impl Zone {
    /// The zone of this IANA name; `None` where there is none.
    #[must_use]
    pub fn named(name: &str) -> Option<Zone> {
        let look_up =
            || jiff::tz::TimeZoneDatabase::bundled().get(name).ok().map(|library| Zone(Arc::new(Rules::new(library))));
        LOOKED_UP.with_borrow_mut(|recent| recent.get(name, look_up))
    }

    /// Coordinated universal time.
    #[must_use]
    pub fn utc() -> Zone {
        // Each thread has its own, so that threads need not take turns to count who holds it.
        thread_local! {
            static UTC: Zone = Zone(Arc::new(Rules::new(TimeZone::UTC)));
        }
        UTC.with(Zone::clone)
    }

    fn at(&self, ts: Ts) -> civil::DateTime {
        let at = timestamp(ts);
        self.0.offset(at).to_datetime(at)
    }

    /// What a clock and a calendar show there.
    #[must_use]
    pub fn local(&self, ts: Ts) -> Local {
        let at = self.at(ts);
        let part = |n: i8| n.unsigned_abs();
        Local {
            year: at.year().into(),
            month: part(at.month()),
            day: part(at.day()),
            hour: part(at.hour()),
            minute: part(at.minute()),
        }
    }

    /// How far the local clock is ahead of UTC, in seconds.
    #[must_use]
    pub fn offset(&self, ts: Ts) -> i32 {
        self.0.offset(timestamp(ts)).seconds()
    }

    /// What the local time is called then: `CST`, or `UTC+4` where it has no letters.
    #[must_use]
    pub fn name_at(&self, ts: Ts) -> String {
        let info = self.0.library.to_offset_info(timestamp(ts));
        if info.abbreviation().starts_with(|c: char| c.is_ascii_alphabetic()) {
            return info.abbreviation().to_string();
        }
        let minutes = info.offset().seconds() / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        match (minutes.abs() / 60, minutes.abs() % 60) {
            (0, 0) => "UTC".into(),
            (hours, 0) => format!("UTC{sign}{hours}"),
            (hours, rest) => format!("UTC{sign}{hours}:{rest:02}"),
        }
    }

    /// Minute of the local day, 0 to 1439.
    #[must_use]
    pub fn minute_of_day(&self, ts: Ts) -> u16 {
        let local = self.at(ts);
        (i32::from(local.hour()) * 60 + i32::from(local.minute())).unsigned_abs() as u16
    }

    /// Minute of the local week, from Monday's first on: 0 to 10,079.
    #[must_use]
    pub fn minute_of_week(&self, ts: Ts) -> u16 {
        let local = self.at(ts);
        let day = local.weekday().to_monday_zero_offset().unsigned_abs();
        let minute = (i32::from(local.hour()) * 60 + i32::from(local.minute())).unsigned_abs() as u16;
        u16::from(day) * 1_440 + minute
    }

    /// The first instant after `ts`, in whole local minutes, at which the local clock shows `minute` of a day or has
    /// just jumped over it.
    #[must_use]
    pub fn next_minute_of_day(&self, ts: Ts, minute: u16) -> Ts {
        let start = self.at(ts).date();
        for ahead in 0..3_i32 {
            let Ok(date) = start.checked_add(ahead.days()) else { break };
            if let Some(found) = self.instants(date, minute).into_iter().flatten().find(|found| *found > ts) {
                return found;
            }
        }
        ts.saturating_add(DAY)
    }

    /// So many calendar days after `ts`, when the local clock shows that minute; `ts`'s own time of day where there is
    /// none. A time that the clock jumps over means the first instant after it, one that comes twice its first coming.
    #[must_use]
    pub fn on_day(&self, ts: Ts, days: i32, minute: Option<u16>) -> Ts {
        let local = self.at(ts);
        let elapsed = ts.saturating_add(i64::from(days).saturating_mul(DAY));
        let Ok(date) = local.date().checked_add(days.days()) else { return elapsed };
        let first = match minute {
            Some(minute) => self.instants(date, minute),
            None => self.instants_at(date.to_datetime(local.time())),
        };
        first.into_iter().flatten().next().unwrap_or(elapsed).clamp(*RANGE.start(), *RANGE.end())
    }

    /// The instants at which the local clock shows that minute of that day.
    fn instants(&self, date: civil::Date, minute: u16) -> [Option<Ts>; 2] {
        let minute = minute.min(1439);
        self.instants_at(date.at((minute / 60) as i8, (minute % 60) as i8, 0, 0))
    }

    /// The instants at which the local clock shows this, the earlier first. A time in a gap means the instant at which the
    /// clock jumps over it; one in a fold comes twice.
    fn instants_at(&self, at: civil::DateTime) -> [Option<Ts>; 2] {
        let ambiguous = self.0.library.to_ambiguous_timestamp(at);
        let first = ambiguous.earlier().ok().map(|at| at.as_millisecond());
        match ambiguous.offset() {
            AmbiguousOffset::Gap { .. } => [first.and_then(|before| self.next_change(before)), None],
            _ => [first, ambiguous.later().ok().map(|at| at.as_millisecond())],
        }
    }

    /// The first instant of the calendar's day, week or month that holds `ts`.
    #[must_use]
    pub fn begins(&self, ts: Ts, unit: Calendar) -> Ts {
        self.around(ts, unit).0
    }

    /// The first instant of the next day, week or month.
    #[must_use]
    pub fn next_begins(&self, ts: Ts, unit: Calendar) -> Ts {
        self.around(ts, unit).1
    }

    /// Where the stretch of the calendar that holds `ts` begins, and where the next one does. A stretch begins when its
    /// first midnight comes for the first time, or is jumped over; so stretches neither overlap nor leave a gap, also
    /// where the clock is set back over midnight and yesterday's date shows again.
    fn around(&self, ts: Ts, unit: Calendar) -> (Ts, Ts) {
        let mut begins = Ts::MIN;
        // Two days before is early enough, whatever the clock does; at most four days follow.
        let mut date = self.at(ts).date().checked_sub(2.days()).ok().and_then(|date| first_of(date, unit));
        for _ in 0..6 {
            let Some(here) = date else { break };
            match self.instants(here, 0) {
                [Some(first), _] if first > ts => return (begins, first),
                [Some(first), _] => begins = first,
                _ => {}
            }
            date = next_first(here, unit);
        }
        (begins, Ts::MAX)
    }

    /// The first instant after `ts` at which this zone's clock is set forward or back, where one is known.
    #[must_use]
    pub fn next_change(&self, ts: Ts) -> Option<Ts> {
        self.0.library.following(timestamp(ts)).next().map(|change| change.timestamp().as_millisecond())
    }

    /// Reads `2026-03-20 09:00` (or with seconds, or `T` between) as local time of this zone.
    ///
    /// In a gap of daylight saving the instant after it is meant, in a fold the earlier one.
    #[must_use]
    pub fn parse_local(&self, text: &str) -> Option<Ts> {
        let at: civil::DateTime = text.trim().replace(' ', "T").parse().ok()?;
        in_range(self.0.library.to_ambiguous_timestamp(at).compatible().ok()?)
    }

    /// Moves an instant by whole calendar days of this zone, keeping the local time of day.
    #[must_use]
    pub fn plus_days(&self, ts: Ts, days: i64) -> Option<Ts> {
        let span = jiff::Span::new().try_days(days).ok()?;
        let at = self.at(ts).checked_add(span).ok()?;
        in_range(self.0.library.to_ambiguous_timestamp(at).compatible().ok()?)
    }

    /// `Friday 20 March`.
    #[must_use]
    pub fn day(&self, ts: Ts) -> String {
        self.at(ts).strftime("%A %-d %B").to_string()
    }

    /// `09:00`.
    #[must_use]
    pub fn time(&self, ts: Ts) -> String {
        self.at(ts).strftime("%H:%M").to_string()
    }

    /// `20 March 2026`.
    #[must_use]
    pub fn date(&self, ts: Ts) -> String {
        self.at(ts).strftime("%-d %B %Y").to_string()
    }

    /// `2026-03-20 09:00`, with seconds only where there are any.
    #[must_use]
    pub fn stamp(&self, ts: Ts) -> String {
        let local = self.at(ts);
        let format = if local.second() == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
        local.strftime(format).to_string()
    }
}

/// The first day of the stretch that holds a day.
fn first_of(date: civil::Date, unit: Calendar) -> Option<civil::Date> {
    match unit {
        Calendar::Day => Some(date),
        Calendar::Week => date.checked_sub(jiff::Span::new().days(date.weekday().to_monday_zero_offset())).ok(),
        Calendar::Month => Some(date.first_of_month()),
    }
}

/// The first day of the next stretch.
fn next_first(date: civil::Date, unit: Calendar) -> Option<civil::Date> {
    match unit {
        Calendar::Day => date.checked_add(1.days()),
        Calendar::Week => date.checked_add(7.days()),
        Calendar::Month => date.checked_add(1.month()),
    }
    .ok()
}

fn timestamp(ts: Ts) -> Timestamp {
    let clamped = ts.clamp(*RANGE.start(), *RANGE.end());
    Timestamp::from_millisecond(clamped).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn in_range(ts: Timestamp) -> Option<Ts> {
    Some(ts.as_millisecond()).filter(|ms| RANGE.contains(ms))
}

/// Reads an RFC 3339 instant, such as `2026-03-02T10:00:00Z` or with an offset.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<Ts> {
    in_range(text.trim().parse::<Timestamp>().ok()?)
}

/// Writes an instant as RFC 3339 in UTC.
#[must_use]
pub fn rfc3339(ts: Ts) -> String {
    timestamp(ts).to_string()
}

/// Reads `2026-03-20` as days since 1970-01-01.
#[must_use]
pub fn parse_date(text: &str) -> Option<i32> {
    let date: civil::Date = text.trim().parse().ok()?;
    let ms = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
    i32::try_from(in_range(ms)?.div_euclid(DAY)).ok()
}

/// `20 March 2026`, from days since 1970-01-01.
#[must_use]
pub fn spelled_date(days: i32) -> String {
    Zone::utc().date(i64::from(days) * DAY)
}

/// `2026-03-20`, from days since 1970-01-01.
#[must_use]
pub fn iso_date(days: i32) -> String {
    Zone::utc().at(i64::from(days) * DAY).strftime("%Y-%m-%d").to_string()
}

/// Writes a duration as the language does: `15m`, `24h`, `7d`, `1h 30m`, in the largest units that fit exactly. Exactly
/// 24 h stays `24h`, since a day and 24 hours are the same elapsed time and people say both.
#[must_use]
pub fn spelled_duration(ms: Millis) -> String {
    if ms < 0 {
        return format!("-{}", spelled_duration(ms.saturating_neg()));
    }
    if ms == DAY {
        return "24h".into();
    }
    let mut rest = ms;
    let mut text = String::new();
    for (unit, name) in [(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"), (1, "ms")] {
        if rest >= unit {
            text.push_str(if text.is_empty() { "" } else { " " });
            text.push_str(itoa::Buffer::new().format(rest / unit));
            text.push_str(name);
            rest %= unit;
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

/// Writes a number of calendar days as the language does: `1 day at 09:00`, `2 days`.
#[must_use]
pub fn spelled_days(days: u32, minute: Option<u16>) -> String {
    let unit = if days == 1 { "day" } else { "days" };
    match minute {
        Some(minute) => format!("{days} {unit} at {:02}:{:02}", minute / 60, minute % 60),
        None => format!("{days} {unit}"),
    }
}

/// Reads one duration word of the language: a whole number and `ms`, `s`, `m`, `h`, `d` or `w`. `None` where it is
/// another text or longer than a hundred years.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Millis> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let unit = match unit {
        "ms" => 1,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        "w" => 7 * DAY,
        _ => return None,
    };
    let ms = number.parse::<i64>().ok()?.checked_mul(unit)?;
    (ms <= 36_525 * DAY).then_some(ms)
}
