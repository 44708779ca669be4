//! The time that is left until the instant from which a promise's deadline is computed: what arrows and conditions have to
//! do with it.

use journey_spec::program::{Cmp, Cond, Expr, Millis};

use super::precondition::{EVER, NEVER, Ranges};
use crate::graph::{by_calendar, datum, reach, split};

/// What a promise's deadline is computed from: T.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clock {
    /// T, as written.
    pub(super) base: Expr,
    /// How long before T the promise is due, in milliseconds.
    pub(super) due: Millis,
}

impl Clock {
    pub(super) fn of(by: &Expr) -> Clock {
        let (base, offset) = split(by);
        Clock { base, due: offset.saturating_neg() }
    }

    /// Whether the host may move T at any time: it is the customer's own, or goes by the customer's calendar.
    pub(super) fn is_the_hosts(&self) -> bool {
        by_calendar(&self.base)
            || datum(&self.base).and_then(|path| path.first()).is_some_and(|root| root == "customer")
    }

    /// Whether taking over this datum moves T.
    pub(super) fn is_of(&self, name: &str) -> bool {
        datum(&self.base).and_then(|path| path.first()).is_some_and(|root| root == name)
    }

    /// Whether setting this moves T.
    pub(super) fn is_moved_by(&self, path: &[String]) -> bool {
        datum(&self.base).is_some_and(|base| path.iter().zip(base).all(|(a, b)| a == b))
    }

    /// The most and the least that an instant can lie before T; none where it has nothing to do with it.
    pub(super) fn before(&self, at: &Expr) -> Option<(Millis, Millis)> {
        let (base, offset) = split(at);
        if base == self.base {
            return Some((offset.saturating_neg(), offset.saturating_neg()));
        }
        (datum(at).is_some() && datum(at) == datum(&self.base)).then(|| {
            let ((a_lo, a_hi), (b_lo, b_hi)) = (reach(at), reach(&self.base));
            (b_hi.saturating_sub(a_lo), b_lo.saturating_sub(a_hi))
        })
    }

    /// With which R a condition may hold, and with which it may not.
    pub(super) fn asked(&self, cond: &Cond) -> (Ranges, Ranges) {
        match cond {
            Cond::Compare { left, by, right } => match (self.left_until(left, right), self.left_until(right, left)) {
                (Some(x), _) => compared(*by, x),
                (None, Some(x)) => compared(by.turned(), x),
                (None, None) => (Ranges::all(), Ranges::all()),
            },
            Cond::Named { .. } | Cond::Holds(_) | Cond::Known(_) => (Ranges::all(), Ranges::all()),
            Cond::Not(inner) => {
                let (holds, fails) = self.asked(inner);
                (fails, holds)
            }
            Cond::All(all) => {
                let none = (Ranges::all(), Ranges::none());
                all.iter().map(|c| self.asked(c)).fold(none, |(holds, mut fails), (h, f)| {
                    fails.join(&f);
                    (holds.and(&h), fails)
                })
            }
            Cond::Any(any) => {
                let none = (Ranges::none(), Ranges::all());
                any.iter().map(|c| self.asked(c)).fold(none, |(mut holds, fails), (h, f)| {
                    holds.join(&h);
                    (holds, fails.and(&f))
                })
            }
        }
    }

    /// For `T + x` against `now + y`: the R, `y - x`, at which both are the same.
    fn left_until(&self, left: &Expr, right: &Expr) -> Option<Millis> {
        let ((a, x), (b, y)) = (split(left), split(right));
        (a == self.base && b == Expr::Now && !self.is_the_hosts()).then(|| y.saturating_sub(x))
    }
}

/// The R that compare so with this one, and all others.
fn compared(by: Cmp, with: Millis) -> (Ranges, Ranges) {
    let holds = match by {
        Cmp::Is => Ranges::between(with, with),
        Cmp::Less => Ranges::between(EVER, with.saturating_sub(1)),
        Cmp::AtMost => Ranges::between(EVER, with),
        Cmp::More => Ranges::between(with.saturating_add(1), NEVER),
        Cmp::AtLeast => Ranges::between(with, NEVER),
    };
    let fails = holds.other();
    (holds, fails)
}
