//! What messages set as they leave: `send outage_news { on sent set said = outage.back_by }`.
//!
//! A message leaves when the ledger lets it, which may be hours after its state was entered and is no arrow of the graph. The
//! bounds count on no condition, so that data that is only asked after may change at any time. An instant may not: that an `at`
//! comes once for each value of its datum, and a promise by its deadline, is counted with arrows that move the datum
//! (`abstraction/registers.rs`, `promises/precondition`). So what an instant is computed from cannot be set so.

use journey_spec::codes::J0118;
use journey_spec::program::{Deadline, Expr, Journey, Trigger, Validity};

use super::Case;
use crate::diagnostics::Finding;
use crate::graph::{datum, spelled};
use crate::spans::Node;

/// No message moves an instant by which the journey goes as it leaves.
pub(super) fn moves_no_instant(case: &Case<'_>, out: &mut Vec<Finding>) {
    if case.graph.set_as_they_leave().next().is_none() {
        return;
    }
    let Some(journey) = case.program.journeys.get(case.graph.journey.index()) else { return };
    let instants = instants(case, journey);
    let mut told: Vec<(&Node, &[String])> = Vec::new();
    for (_, sent, set) in case.graph.set_as_they_leave() {
        let moves = |at: &Expr| datum(at).is_some_and(|of| of.starts_with(&set.path) || set.path.starts_with(of));
        let Some(instant) = instants.iter().find(|instant| moves(instant.at)) else { continue };
        if told.contains(&(&sent.node, set.path.as_slice())) {
            continue;
        }
        told.push((&sent.node, &set.path));
        let name = set.path.join(".");
        let of = datum(instant.at).map(|of| of.join(".")).unwrap_or_default();
        out.push(
            Finding::new(
                &J0118,
                case.spans.get(&sent.node),
                format!("`{name}` cannot be set as a message leaves: {}", instant.what),
            )
            .label("leaves when quiet hours and limits let it, which may be hours later")
            .also(case.spans.get(&instant.node), format!("goes by `{of}`"))
            .how(format!(
                "whatever is bounded or promised here counts on when `{}` moves, and a message that waited for the morning would move it in the middle of a wait",
                spelled(instant.at)
            ))
            .help(format!(
                "keep what was said in a datum of its own that only conditions and texts ask, and let the instant go by another; or write it as an action of the state, before the `send`:  {set}"
            )),
        );
    }
}

/// An instant by which a journey goes.
struct Instant<'a> {
    at: &'a Expr,
    /// What goes by it.
    what: String,
    node: Node,
}

/// The instants of a journey's timers, of its promises, and until which its messages are true.
fn instants<'a>(case: &'a Case<'_>, journey: &'a Journey) -> Vec<Instant<'a>> {
    let id = case.graph.journey;
    let shared = (0..).zip(&journey.arrows).map(|(i, arrow)| (Node::JourneyArrow(id, i), arrow));
    let own = (0..).zip(&journey.states).flat_map(|(number, state)| {
        let state_id = journey_spec::program::StateId(number);
        (0..).zip(&state.arrows).map(move |(i, arrow)| (Node::Arrow(id, state_id, i), arrow))
    });
    let mut all: Vec<Instant<'_>> = Vec::new();
    all.extend(own.chain(shared).filter_map(|(node, arrow)| match &arrow.on {
        Trigger::At { at, .. } => Some(Instant { at, what: format!("a timer waits for `{}`", spelled(at)), node }),
        _ => None,
    }));
    for (_, sent) in case.graph.all_sends() {
        if let Some(promise) = &sent.send.promising
            && let Deadline::By(at) = &promise.deadline
        {
            let what = format!("the promise `{}` is due by `{}`", promise.name, spelled(at));
            all.push(Instant { at, what, node: sent.node.clone() });
        }
        let message = case.program.messages.get(sent.send.message.index());
        if let Some((name, Validity::Until(at))) = message.map(|m| (&m.name, &m.validity)) {
            let what = format!("`{name}` is true until `{}`", spelled(at));
            all.push(Instant { at, what, node: Node::Message(sent.send.message) });
        }
    }
    all
}
