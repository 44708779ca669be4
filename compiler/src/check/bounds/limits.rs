//! What limits let through, of what they count.

use std::collections::{BTreeMap, BTreeSet};

use journey_spec::Program;
use journey_spec::program::{Calendar, Channel, DAY, JourneyId, Limit, Millis, Purpose, Window};
use journey_step::ledger::most_within;

use crate::graph::{Sent, channels, counts};
use crate::model::curve::{self, Limiter};

/// The most that a limit lets through in a window; none where it has no say: no window of its own, and the whole life
/// is asked for, is `n`.
#[must_use]
pub fn most(n: u32, per: Option<Window>, window: Option<Window>) -> Option<u64> {
    match (per, window) {
        (None, _) => Some(u64::from(n)),
        (Some(_), None) => None,
        (Some(per), Some(window)) => Some(most_within(u64::from(n), per, window)),
    }
}

/// A smaller figure and what bounds it.
pub(super) type Figure = (Option<u64>, String);

pub(super) fn smaller(a: Figure, b: Figure) -> Figure {
    match (a.0, b.0) {
        (Some(x), Some(y)) if y < x => b,
        (None, Some(_)) => b,
        _ => a,
    }
}

pub(super) fn nothing() -> Figure {
    (None, "no limit covers it".into())
}

/// A limit as written, up to its fate and without the law that it is there for: `limit messages to 6 per 24h`.
#[must_use]
pub fn rule(limit: &Limit) -> String {
    let law = limit.because.as_ref().map(|law| format!(" ({law})")).unwrap_or_default();
    limit
        .text
        .strip_suffix(law.as_str())
        .unwrap_or(&limit.text)
        .split(" else ")
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// A kind of message, as limits tell them apart.
pub(in crate::check) type Class = (Channel, Purpose);

/// What messages of some classes come to in a window, in milliseconds, before any limit is asked; none where nothing
/// bounds them, and where it is not less than the number that is given.
pub(super) type Flow<'f> = &'f dyn Fn(&BTreeSet<Class>, Millis, u64) -> Option<u64>;

/// Cuts of a window at which a flow is asked, to sharpen one limit: each costs a search of the model.
const CUTS: u64 = 2;

/// So many limits are sharpened: those that let least through by themselves. More of them for the same messages add little,
/// and each asks for windows of its own.
const SHARPENED: usize = 6;

/// The most of a flow that a limit lets through in a window.
fn through(limit: &Limit, window: Millis, flow: impl Fn(Millis, u64) -> Option<u64>) -> Option<u64> {
    match limit.per {
        Some(Window::Rolling(per)) => curve::through(flow, Limiter { n: u64::from(limit.n), per }, window, CUTS),
        _ => most(limit.n, limit.per, Some(Window::Rolling(window))),
    }
}

/// The least that limits allow for messages of these classes: one limit over all of them, or each channel, or each
/// purpose, or each class by its own; of what flows at all.
pub(super) fn by_limits(
    limits: &[&Limit],
    classes: &BTreeSet<Class>,
    window: Option<Millis>,
    flow: Flow<'_>,
) -> Figure {
    let alone = |limit: &Limit| most(limit.n, limit.per, window.map(Window::Rolling));
    let let_through = |limit: &Limit, part: &BTreeSet<Class>| match window {
        Some(window) => through(limit, window, |first, below| flow(part, first, below)),
        None => alone(limit),
    };
    let over = |part: &BTreeSet<Class>| -> Figure {
        let counts = |l: &&&Limit| part.iter().all(|(c, p)| counts(l.what, *c, *p));
        let mut covering: Vec<&Limit> = limits.iter().filter(counts).copied().collect();
        if covering.len() > SHARPENED {
            covering.sort_by_key(|l| alone(l).unwrap_or(u64::MAX));
            covering.truncate(SHARPENED);
        }
        covering.iter().map(|l| (let_through(l, part), format!("`{}`", rule(l)))).fold(nothing(), smaller)
    };
    let sum = |parts: Vec<BTreeSet<Class>>| -> Figure {
        let mut total = Some(0_u64);
        let mut rules: Vec<String> = Vec::new();
        for part in parts {
            let (n, by) = over(&part);
            total = total.zip(n).map(|(a, b)| a.saturating_add(b));
            if !rules.contains(&by) {
                rules.push(by);
            }
        }
        match total {
            Some(_) => (total, rules.join(", ")),
            None => nothing(),
        }
    };
    if classes.is_empty() {
        return (Some(0), String::new());
    }
    let split = |key: &dyn Fn(&Class) -> String| {
        let mut parts: BTreeMap<String, BTreeSet<Class>> = Default::default();
        for class in classes {
            parts.entry(key(class)).or_default().insert(*class);
        }
        parts.into_values().collect::<Vec<_>>()
    };
    [
        over(classes),
        sum(split(&|c| c.0.name().into())),
        sum(split(&|c| c.1.name().into())),
        sum(split(&|c| format!("{} {}", c.0.name(), c.1.name()))),
    ]
    .into_iter()
    .fold(nothing(), smaller)
}

/// The most messages of these classes that limits let through at one moment; none where no limit covers them.
pub(in crate::check) fn at_one_moment(limits: &[&Limit], classes: &[Class]) -> Option<u64> {
    by_limits(limits, &classes.iter().copied().collect(), Some(1), &|_, _, _| None).0
}

/// The limits of the policy that count all that a customer gets; one `per KEY` is counted for each key, and says nothing
/// of the customer.
pub(super) fn house(program: &Program) -> Vec<&Limit> {
    program.policy.limits.iter().filter(|l| l.key.is_none()).collect()
}

pub(super) fn add(a: Figure, b: Figure) -> Figure {
    let total = a.0.zip(b.0).map(|(x, y)| x.saturating_add(y));
    let by = match (total, a.1.is_empty(), b.1.is_empty()) {
        (None, ..) => {
            if a.0.is_none() {
                a.1
            } else {
                b.1
            }
        }
        (_, true, _) => b.1,
        (_, _, true) => a.1,
        _ if a.1.contains(&b.1) => a.1,
        _ => format!("{}, {}", a.1, b.1),
    };
    (total, by)
}

/// Whether limits of the journey count this message on every channel on which it may leave.
pub(in crate::check) fn journey_limits_it(program: &Program, journey: JourneyId, sent: &Sent) -> bool {
    let limits = program.journeys.get(journey.index()).map_or(&[][..], |j| j.limits.as_slice());
    limited(program, limits.iter(), sent)
}

pub(in crate::check) fn limited<'a>(
    program: &Program,
    limits: impl Iterator<Item = &'a Limit> + Clone,
    sent: &Sent,
) -> bool {
    let Some(m) = program.messages.get(sent.send.message.index()) else { return false };
    let on = channels(m, &sent.send);
    m.essential.is_none() && !on.is_empty() && on.iter().all(|c| limits.clone().any(|l| counts(l.what, *c, m.purpose)))
}

/// What stands between a customer and a loop where it is only the policy: `only the policy's … stands in between: 6
/// messages a day, day after day`.
pub(in crate::check) fn policy_only(program: &Program, sent: &[Sent]) -> Option<String> {
    if sent.iter().any(|s| program.messages.get(s.send.message.index()).is_some_and(|m| m.essential.is_some())) {
        return Some("an essential message passes every limit".into());
    }
    let limits = house(program);
    let covering = limits.iter().filter(|l| sent.iter().all(|s| limited(program, std::iter::once(**l), s)));
    let tightest = covering.min_by_key(|l| most(l.n, l.per, Some(Window::Rolling(30 * DAY))))?;
    let rate = match tightest.per {
        None => format!("{} in the customer's whole life", tightest.n),
        Some(Window::Rolling(DAY) | Window::Calendar(Calendar::Day)) => {
            format!("{} messages a day, day after day", tightest.n)
        }
        Some(per) => format!("{} messages every {}, without end", tightest.n, per.spelled()),
    };
    Some(format!("only the policy's `{}` stands in between: {rate}", rule(tightest)))
}
