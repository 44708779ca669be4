//! Rolling windows, and what is counted in them.

use journey_spec::Ts;
use journey_spec::program::{Channel, JourneyId, MessageId, Millis, Purpose};
use serde::{Deserialize, Serialize};

/// Whether something that happened at `event` counts in the window of length `per` that ends at `now`: the half-open
/// `(now - per, now]`.
#[must_use]
pub fn in_window(event: Ts, now: Ts, per: Millis) -> bool {
    now.saturating_sub(per) < event && event <= now
}

/// The most that a limit of `n` per `per` lets through in any half-open window of length `window`: `n * ceil(window /
/// per)`, the staircase of a sliding-window limiter (Le Boudec and Thiran, Network Calculus, 2001, section 1.2).
///
/// The window is cut into `ceil(window / per)` half-open pieces of at most `per`, and none holds more than `n`. Zero
/// for an empty window; a limit without length lets any number through.
#[must_use]
pub fn most_in_window(n: u64, per: Millis, window: Millis) -> u64 {
    if window <= 0 {
        return 0;
    }
    if per <= 0 {
        return u64::MAX;
    }
    let (window, per) = (window.unsigned_abs(), per.unsigned_abs());
    n.saturating_mul(window.div_ceil(per))
}

/// When a window frees: `None` where one more fits at `now`; otherwise the first instant at which it does, or
/// `Some(None)` where it never will.
///
/// `newest_first` gives the instants of the counted events, newest first. The n-th newest is the one that has to leave
/// the window.
pub fn frees_at(newest_first: impl Iterator<Item = Ts>, n: u32, per: Millis, now: Ts) -> Option<Option<Ts>> {
    let Some(before) = n.checked_sub(1) else { return Some(None) };
    let nth = newest_first.filter(|at| *at <= now).nth(before as usize)?;
    in_window(nth, now, per).then(|| Some(nth.saturating_add(per)))
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
    pub key: Option<String>,
    /// Which message.
    pub message: MessageId,
    /// Whether it passed limits and quiet hours.
    pub essential: bool,
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
    pub fn is_full(&self, n: u32, per: Option<Millis>, now: Ts) -> bool {
        match per {
            None => self.count >= u64::from(n),
            Some(per) => frees_at(self.recent.iter().rev().copied(), n, per, now).is_some(),
        }
    }

    /// Counts one at `now`.
    pub fn charge(&mut self, n: u32, per: Option<Millis>, now: Ts) {
        self.count = self.count.saturating_add(1);
        if let Some(per) = per {
            self.recent.retain(|at| in_window(*at, now, per));
            self.recent.push(now);
            let over = self.recent.len().saturating_sub(n as usize);
            self.recent.drain(..over);
        }
    }
}
