//! Where a promising message may be when it leaves after having waited.

use std::collections::BTreeSet;

use journey_spec::program::{Expr, Fate, Journey, Message, Trigger, Validity};
use petgraph::graph::NodeIndex;

use super::Case;
use crate::graph::{Kind, Sent, channels, counts, split};
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
    let outlived = |node: &Node| {
        let arrow = match node {
            Node::Arrow(_, state, i) => journey.states.get(state.index()).and_then(|s| s.arrows.get(*i)),
            Node::JourneyArrow(_, i) => journey.arrows.get(*i),
            _ => None,
        };
        match (arrow.map(|a| &a.on), &until) {
            // The message's end moves where the journey sets what it is computed from.
            (Some(Trigger::At { at, .. }), Some((base, v))) => {
                split(at).0 == *base && split(at).1 >= *v && !sets_any(case, base)
            }
            _ => false,
        }
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
