//! Where a promising message may be when it leaves after having waited.

use std::collections::BTreeSet;

use journey_spec::program::{Action, Expr, Fate, Journey, Message, Millis, Then, Trigger, Validity};
use petgraph::graph::NodeIndex;

use super::Case;
use crate::graph::{Kind, Sent, channels, counts, hears, spelled, split};
use crate::spans::Node;

/// The message's name.
pub(super) fn name<'a>(case: &Case<'a>, sent: &Sent) -> &'a str {
    case.program.messages.get(sent.send.message.index()).map_or("", |m| m.name.as_str())
}

/// The states in which a step that sends the message at `from` can rest while the message waits; none where no rule can
/// make it wait.
pub(super) fn rests(case: &Case<'_>, journey: &Journey, from: NodeIndex, sent: &Sent) -> Vec<NodeIndex> {
    let Some(message) = case.program.messages.get(sent.send.message.index()) else { return Vec::new() };
    if !may_wait(case, journey, message, sent) {
        return Vec::new();
    }
    if matches!(sent.node, Node::Stay(..) | Node::JourneyStay(..)) {
        return vec![from];
    }
    let until = match &message.validity {
        Validity::Until(expr) => Some(split(expr)),
        _ => None,
    };
    // An arrow taken because T - e is past: a message that is true until T - v, v at least e, is true no more.
    let outlived = |node: &Node| match (instant_of(journey, node), &until) {
        // The message's end moves where the journey sets what it is computed from.
        (Some(at), Some((base, v))) => split(at).0 == *base && split(at).1 >= *v && !sets_any(case, base),
        _ => false,
    };
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(n) = open.pop() {
        for (_, to, edge) in case.graph.out(n) {
            if edge.kind == Kind::Urgent && !outlived(&edge.node) && seen.insert(to) {
                open.push(to);
            }
        }
    }
    seen.into_iter().filter(|n| case.graph.rests(*n) || case.graph.ends(*n)).collect()
}

/// The `at` of an arrow.
fn instant_of<'a>(journey: &'a Journey, node: &Node) -> Option<&'a Expr> {
    let arrow = match node {
        Node::Arrow(_, state, i) => journey.states.get(state.index())?.arrows.get(*i)?,
        Node::JourneyArrow(_, i) => journey.arrows.get(*i)?,
        _ => return None,
    };
    match &arrow.on {
        Trigger::At { at, .. } => Some(at),
        _ => None,
    }
}

/// The longest that the message waits, in milliseconds: as long as it is true at most.
pub(super) fn longest(case: &Case<'_>, sent: &Sent) -> Millis {
    let message = case.program.messages.get(sent.send.message.index());
    match message.map(|m| &m.validity) {
        Some(Validity::For(d)) => *d,
        _ => case.program.policy.valid_for,
    }
}

/// How to have it leave before what keeps the promise, where it waits in `rest`.
pub(super) fn help(
    case: &Case<'_>,
    journey: &Journey,
    from: NodeIndex,
    rest: NodeIndex,
    sent: &Sent,
    promise: &str,
) -> String {
    let says = |then: &Then| match then {
        Then::Goto(_) => false,
        Then::Stay(actions) => actions.iter().any(|a| match a {
            Action::Send(s) => [&s.keeping, &s.withdrawing].into_iter().flatten().any(|name| name == promise),
            _ => false,
        }),
    };
    // The instant at which it is kept: within the visit, or passed on the way into it.
    let heard = case.graph.place(rest).and_then(|p| p.state).map(|s| hears(journey, case.graph.journey, s));
    let in_visit = heard.into_iter().flatten().find_map(|(_, a)| match &a.on {
        Trigger::At { at, if_past } if says(&a.then) || says(if_past) => Some(at),
        _ => None,
    });
    let on_the_way = || {
        let mut into = case.graph.edges().filter(|(_, _, to, e)| *to == rest && rest != from && e.kind == Kind::Urgent);
        into.find_map(|(_, _, _, e)| instant_of(journey, &e.node))
    };
    let until = in_visit.or_else(on_the_way).map(|at| format!("give it  valid until {}", spelled(at)));
    let message = case.program.messages.get(sent.send.message.index());
    let essential = message.is_some_and(|m| m.fresh.is_empty() && m.essential.is_none());
    let essential = essential.then(|| "make it essential".to_owned());
    let name = name(case, sent);
    let ways: Vec<String> = until.into_iter().chain(essential).collect();
    match ways.is_empty() {
        false => format!("let `{name}` not leave so late: {}", ways.join(", or ")),
        true => format!(
            "let `{name}` not wait for its data: take the `fresh` lines away, or ask for it by a call before it is sent"
        ),
    }
}

/// Whether the journey itself sets what an instant is computed from.
fn sets_any(case: &Case<'_>, base: &Expr) -> bool {
    let Expr::Path(base) = base else { return false };
    case.graph.edges().any(|(_, _, _, e)| e.sets.iter().any(|path| path.first() == base.first()))
}

fn may_wait(case: &Case<'_>, journey: &Journey, message: &Message, sent: &Sent) -> bool {
    let waits = |fate: &Fate| matches!(fate, Fate::Defer | Fate::Latest);
    let on = channels(message, &sent.send);
    let quiet = case.program.policy.quiet.iter();
    let mut quiet = quiet.filter(|q| q.purposes.is_empty() || q.purposes.contains(&message.purpose));
    let mut limits = case.program.policy.limits.iter().chain(&journey.limits);
    !message.fresh.is_empty()
        || message.essential.is_none()
            && (quiet.any(|q| waits(&q.fate))
                || limits.any(|l| waits(&l.fate) && on.iter().any(|c| counts(l.what, *c, message.purpose))))
}
