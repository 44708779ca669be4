//! Calendars: a day, week or month is the customer's, and so needs a zone.
//!
//! Where the customer has none, everything still has a meaning, on the side of fewer and later messages; but it is not
//! the one that the text says.

use journey_spec::codes::J0127;
use journey_spec::program::{Arrow, EventId, JourneyId, MessageId, Program, StateId, Trigger, Validity, Window};

use crate::diagnostics::Finding;
use crate::graph::by_calendar;
use crate::spans::{Node, Spans};

/// Whoever counts by the customer's calendar knows it.
pub(super) fn are_known(program: &Program, spans: &Spans, out: &mut Vec<Finding>) {
    if program.customer.zone.is_some() {
        return;
    }
    let uses = uses(program);
    let Some(((first, means), more)) = uses.split_first() else { return };
    let mut finding = Finding::new(
        &J0127,
        spans.get(first),
        "nobody knows when a customer's day begins: no field of theirs is a zone",
    )
    .label(*means)
    .help("add a field to `customer { … }`, for example  zone: zone");
    for (node, means) in more.iter().take(super::story::NAMED) {
        finding = finding.also(spans.get(node), *means);
    }
    out.push(finding);
}

/// Where the calendar is used, and what is meant there without one.
fn uses(program: &Program) -> Vec<(Node, &'static str)> {
    const ROLLING: &str = "counts in the longest such window there is, wherever it begins";
    const LATER: &str = "is taken a day later than it says";
    const EARLIER: &str = "comes as early as it could in any zone";
    let calendar = |per: Option<Window>| matches!(per, Some(Window::Calendar(_)));
    let mut uses = Vec::new();
    for (event, id) in program.events.iter().zip(0..) {
        if calendar(event.intake.map(|quota| quota.per)) {
            uses.push((Node::Event(EventId(id)), ROLLING));
        }
    }
    for (message, id) in program.messages.iter().zip(0..) {
        if calendar(message.essential.map(|quota| quota.per)) {
            uses.push((Node::Essential(MessageId(id)), ROLLING));
        }
        if matches!(&message.validity, Validity::Until(until) if by_calendar(until)) {
            uses.push((Node::Message(MessageId(id)), EARLIER));
        }
    }
    for (i, _) in program.policy.limits.iter().enumerate().filter(|(_, l)| calendar(l.per)) {
        uses.push((Node::PolicyLimit(i), ROLLING));
    }
    let timer = |arrow: &Arrow| match &arrow.on {
        Trigger::AfterDays { .. } => Some(LATER),
        Trigger::At { at, .. } if by_calendar(at) => Some(EARLIER),
        _ => None,
    };
    for (journey, number) in program.journeys.iter().zip(0..) {
        let id = JourneyId(number);
        for (i, _) in journey.limits.iter().enumerate().filter(|(_, l)| calendar(l.per)) {
            uses.push((Node::Limit(id, i), ROLLING));
        }
        for (state, number) in journey.states.iter().zip(0..) {
            for (i, arrow) in state.arrows.iter().enumerate() {
                uses.extend(timer(arrow).map(|means| (Node::Arrow(id, StateId(number), i), means)));
            }
        }
    }
    uses
}
