//! What limiters let through of a flow: min-plus convolution with their staircases.
//!
//! A limiter of `n` per `per` drops what would be one too many: never more than `n` leave in any half-open stretch of `per`
//! milliseconds (the convention of `journey_step::ledger`). Cut a window of length `W` into a piece of `W - j · per` and `j`
//! pieces of `per`. In the first leaves no more than came, which is at most `α(W - j · per)`, since the limiter drops and
//! delays nothing; in each of the others at most `n`. So at most
//!
//! ```text
//! min over j = 0, 1, …, ceil(W / per) of α(W - j · per) + n · j        α of no time is 0
//! ```
//!
//! leave, whichever way the limiter chooses what to drop (Le Boudec, Thiran: Network Calculus, 2001, section 1.5). The same
//! holds for several limiters one after the other, each with what the last one let through, and in any order: a message
//! leaves only when all let it. It does not hold for what is kept and leaves later.

use std::collections::BTreeMap;

use journey_spec::program::Millis;
use journey_spec::program::Window;
use journey_step::ledger::most_in_window;

/// At most `n` messages in any `per` milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limiter {
    /// How many.
    pub n: u64,
    /// In how long, in milliseconds.
    pub per: Millis,
}

/// So many cuts are tried at most where several limiters follow each other.
const MOST_CUTS: u64 = 1_024;

/// The most that a limiter lets through in a window of so many milliseconds, of a flow that has at most `alpha(W)` in any
/// window of `W`; none, of the flow or of the answer, is no bound. The flow is asked at so many cuts at most, spread over
/// the window: fewer than all only make a bound less tight. Each time it is told what its answer has to be less than to
/// matter: where it is not, none is as good an answer.
#[must_use]
pub fn through(alpha: impl Fn(Millis, u64) -> Option<u64>, limiter: Limiter, window: Millis, cuts: u64) -> Option<u64> {
    if window <= 0 {
        return Some(0);
    }
    let alone = most_in_window(limiter.n, Window::Rolling(limiter.per), window);
    let alone = Some(alone).filter(|_| limiter.per > 0);
    let mut best = [alpha(window, alone.unwrap_or(u64::MAX)), alone].into_iter().flatten().min();
    let last = (window.unsigned_abs() - 1) / limiter.per.unsigned_abs().max(1);
    let stride = last.div_ceil(cuts.max(1)).max(1);
    let spread = (1..=last).step_by(usize::try_from(stride).unwrap_or(usize::MAX));
    for pieces in spread.chain(Some(last).filter(|last| *last > 1)) {
        let cut = limiter.per.saturating_mul(i64::try_from(pieces).unwrap_or(i64::MAX));
        let limited = most_in_window(limiter.n, Window::Rolling(limiter.per), cut);
        // What is let through in the pieces alone grows with them: further on nothing gets better.
        if limiter.per <= 0 || cut >= window || best.is_some_and(|best| limited >= best) {
            break;
        }
        let matters = best.map_or(u64::MAX, |best| best - limited);
        let rest = alpha(window - cut, matters).map(|rest| rest.saturating_add(limited));
        best = [best, rest].into_iter().flatten().min();
    }
    best
}

/// A flow behind limiters, one after the other. Remembers what was asked.
pub struct Limited<'a> {
    alpha: &'a dyn Fn(Millis) -> Option<u64>,
    limiters: &'a [Limiter],
    known: std::cell::RefCell<BTreeMap<(usize, Millis), Option<u64>>>,
}

impl<'a> Limited<'a> {
    /// The flow, as the most in any window of so many milliseconds, and its limiters.
    #[must_use]
    pub fn new(alpha: &'a dyn Fn(Millis) -> Option<u64>, limiters: &'a [Limiter]) -> Self {
        Limited { alpha, limiters, known: std::cell::RefCell::default() }
    }

    /// The most that leaves in any window of so many milliseconds; none where there is no bound.
    #[must_use]
    pub fn most(&self, window: Millis) -> Option<u64> {
        self.after(self.limiters.len(), window)
    }

    /// Behind the first so many of them.
    fn after(&self, limiters: usize, window: Millis) -> Option<u64> {
        if let Some(known) = self.known.borrow().get(&(limiters, window)) {
            return *known;
        }
        let most = match limiters.checked_sub(1).and_then(|last| self.limiters.get(last)) {
            None => (self.alpha)(window),
            Some(limiter) => through(|window, _| self.after(limiters - 1, window), *limiter, window, MOST_CUTS),
        };
        self.known.borrow_mut().insert((limiters, window), most);
        most
    }
}
