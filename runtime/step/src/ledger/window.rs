//! Windows, rolling and of the calendar, and what is counted in them.

use compact_str::CompactString;
use journey_spec::Ts;
use journey_spec::program::{CLOCK_SHIFT, Calendar, Channel, DAY, HOUR, JourneyId, MessageId, Millis, Purpose, Window};
use journey_spec::time::Zone;
use serde::{Deserialize, Serialize};

/// Whether something that happened at `event` counts in the window of length `per` that ends at `now`: the half-open
/// `(now - per, now]`.
#[must_use]
pub fn in_window(event: Ts, now: Ts, per: Millis) -> bool {
    now.saturating_sub(per) < event && event <= now
}

/// The zones whose calendars a window is counted by: a limit has to hold in each.
#[derive(Clone, Debug, Default)]
pub struct Places {
    zones: Vec<Zone>,
    unknown: bool,
}

impl Places {
    /// In one of these zones; in none is anywhere.
    #[must_use]
    pub fn of(zones: Vec<Zone>) -> Places {
        let mut places = Places::default();
        places.add(zones);
        places
    }

    /// In one of these zones as well.
    pub fn add(&mut self, zones: Vec<Zone>) {
        self.unknown |= zones.is_empty();
        self.zones.extend(zones);
    }

    /// The latest instant that does not count any more at `now`. Of several zones the one whose window began first
    /// says so. Somebody who may be anywhere has no calendar, and the longest such window counts as a rolling one.
    fn since(&self, per: Window, now: Ts) -> Ts {
        let unit = match per {
            Window::Rolling(per) => return now.saturating_sub(per),
            Window::Calendar(unit) => unit,
        };
        let anywhere = self.unknown.then(|| now.saturating_sub(per.longest()));
        let begun = self.zones.iter().map(|zone| zone.begins(now, unit).saturating_sub(1));
        begun.chain(anywhere).min().unwrap_or_else(|| now.saturating_sub(per.longest()))
    }

    /// When an event that counts at `now` counts no more.
    fn lets_go(&self, event: Ts, per: Window, now: Ts) -> Ts {
        let unit = match per {
            Window::Rolling(per) => return event.saturating_add(per),
            Window::Calendar(unit) => unit,
        };
        let anywhere = (self.unknown || self.zones.is_empty()).then(|| event.saturating_add(per.longest()));
        let counting = self.zones.iter().filter(|zone| zone.begins(now, unit) <= event);
        counting.map(|zone| zone.next_begins(now, unit)).chain(anywhere).max().unwrap_or(now)
    }
}

/// How long a zone counts for windows of the calendar after the customer has left it: twice the longest month.
///
/// So in any window of that length one calendar holds from its beginning to its end, that of the zone in which the customer
/// then was, whatever journey they make. Were a zone forgotten sooner, as when its day is over, somebody who travels to the
/// west would be at an end and a beginning of a day every 27 hours, and twice in each get all that a day lets through.
pub(crate) const ZONES_COUNT: Millis = 2 * (31 * DAY + 3 * HOUR);

/// The most that a limit of `n` lets through in any half-open window of length `window`, in every zone.
///
/// A rolling window: `n * ceil(window / per)`, the staircase of a sliding-window limiter (Le Boudec and Thiran, Network
/// Calculus, 2001, section 1.2). The window is cut into `ceil(window / per)` half-open pieces of at most `per`, and none
/// holds more than `n`.
///
/// A window of the calendar: `n` for each stretch that the window can touch. All but the first and the last lie in it
/// whole, less what the clock is set forward meanwhile. So `n` a day can be `2 n` in little more than a moment, around
/// midnight, and `3 n` in 24 hours on the day on which summer time begins, which has 23 of them. A window that is longer
/// than a zone of before counts, some two months, is cut into pieces that are not.
///
/// Zero for an empty window; a limit without length lets any number through.
#[must_use]
pub fn most_in_window(n: u64, per: Window, window: Millis) -> u64 {
    if window <= 0 {
        return 0;
    }
    let pieces = match per {
        Window::Rolling(per) if per <= 0 => return u64::MAX,
        Window::Rolling(per) => window.unsigned_abs().div_ceil(per.unsigned_abs()),
        Window::Calendar(unit) => {
            let whole = (window / ZONES_COUNT).unsigned_abs().saturating_mul(touched(unit, ZONES_COUNT));
            match window % ZONES_COUNT {
                0 => whole,
                rest => whole.saturating_add(touched(unit, rest)),
            }
        }
    };
    n.saturating_mul(pieces)
}

/// The most that a limit of `n` lets through in any one window of the other kind.
#[must_use]
pub fn most_within(n: u64, per: Window, whole: Window) -> u64 {
    let pieces = match (per, whole) {
        (_, Window::Rolling(length)) => return most_in_window(n, per, length),
        (Window::Rolling(_), Window::Calendar(_)) => return most_in_window(n, per, whole.longest()),
        (Window::Calendar(per), Window::Calendar(whole)) => match (per, whole) {
            (Calendar::Day, Calendar::Week) => 7,
            (Calendar::Day, Calendar::Month) => 31,
            (Calendar::Week, Calendar::Month) => 6,
            (Calendar::Month, Calendar::Week) => 2,
            (Calendar::Day | Calendar::Week | Calendar::Month, Calendar::Day)
            | (Calendar::Week, Calendar::Week)
            | (Calendar::Month, Calendar::Month) => 1,
        },
    };
    n.saturating_mul(pieces)
}

/// How many days, weeks or months a half-open window can touch at most.
fn touched(unit: Calendar, window: Millis) -> u64 {
    // The first and the last may be touched at one instant each; what lies between is whole.
    let inside = window.saturating_sub(2).saturating_add(CLOCK_SHIFT);
    let between = match unit {
        _ if window < 2 => return 1,
        Calendar::Day => inside / DAY,
        Calendar::Week => inside / (7 * DAY),
        Calendar::Month => whole_months(inside / DAY),
    };
    between.unsigned_abs().saturating_add(2)
}

/// How many whole months in a row fit into so many days, at most: those around the shortest February.
fn whole_months(days: i64) -> i64 {
    const DAYS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    // Every twelve months have 365 days at least; the rest is tried from each month on.
    let (years, rest) = (days / 365, days % 365);
    let from = |first: usize| {
        let mut left = rest;
        (0..12).map_while(|i| DAYS.get((first + i) % 12).map(|d| left -= d).filter(|()| left >= 0)).count()
    };
    let most = (0..12).map(from).max().unwrap_or(12);
    years.saturating_mul(12).saturating_add(i64::try_from(most).unwrap_or(12))
}

/// When a window frees: `None` where one more fits at `now`; otherwise the first instant at which it does, or
/// `Some(None)` where it never will.
///
/// `newest_first` gives the instants of the counted events, newest first. The n-th newest is the one that has to leave
/// the window.
pub fn frees_at(
    newest_first: impl Iterator<Item = Ts>,
    n: u32,
    per: Window,
    places: &Places,
    now: Ts,
) -> Option<Option<Ts>> {
    let Some(before) = n.checked_sub(1) else { return Some(None) };
    let nth = newest_first.filter(|at| *at <= now).nth(before as usize)?;
    (places.since(per, now) < nth).then(|| Some(places.lets_go(nth, per, now)))
}

/// One message that left, as the ledger keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Left {
    /// When.
    pub at: Ts,
    /// On which channel.
    pub channel: Channel,
    /// Why.
    pub purpose: Purpose,
    /// The journey that sent it.
    pub journey: JourneyId,
    /// The number of the instance that sent it.
    pub instance: u64,
    /// The value of the instance's key, where it has one.
    pub key: Option<CompactString>,
    /// Which message.
    pub message: MessageId,
    /// Whether it passed limits and quiet hours.
    pub essential: bool,
    /// Whether it may not have gone out: it was tried again, and its other entry is the one that counts where that did not.
    #[serde(default)]
    pub doubtful: bool,
}

/// A count for one limit: in all, and the newest events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// How often, ever.
    pub count: u64,
    /// The newest, oldest first; never more than the limit's `n`, since only the n-th newest decides.
    pub recent: Vec<Ts>,
}

impl Tally {
    /// Whether a limit of `n` lets no more through.
    #[must_use]
    pub fn is_full(&self, n: u32, per: Option<Window>, places: &Places, now: Ts) -> bool {
        match per {
            None => self.count >= u64::from(n),
            Some(per) => frees_at(self.recent.iter().rev().copied(), n, per, places, now).is_some(),
        }
    }

    /// Adds what another version of the same limit has counted.
    pub fn add(&mut self, other: &Tally) {
        self.count = self.count.saturating_add(other.count);
        self.recent.extend(&other.recent);
        self.recent.sort_unstable();
    }

    /// Counts one at `now`.
    pub fn charge(&mut self, n: u32, per: Option<Window>, now: Ts) {
        self.count = self.count.saturating_add(1);
        if let Some(per) = per {
            if let Window::Rolling(per) = per {
                self.recent.retain(|at| in_window(*at, now, per));
            }
            self.recent.push(now);
            let over = self.recent.len().saturating_sub(n as usize);
            self.recent.drain(..over);
        }
    }
}
