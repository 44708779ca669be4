//! Customers whom a message cannot reach: those who have only an address that it has no text for, while other messages
//! of the journey reach them.
//!
//! A customer may lack every address that the customer's record does not require. A message that has no text for an
//! address, where another of the same journey has one, is blocked for whoever has only that address. That is a finding
//! unless the blocking is heard: by the send itself, or by every state in which its step comes to rest.

use std::collections::{BTreeMap, BTreeSet};

use journey_spec::codes::J0135;
use journey_spec::program::{Channel, MessageId, Trigger};
use petgraph::graph::NodeIndex;

use super::{Case, mend, story};
use crate::diagnostics::Finding;
use crate::graph::{Graph, Kind, Sent, channels, hears};

/// Whoever gets one message of a journey can get the others too, or somebody hears that they do not. Gives the messages of
/// which it told.
pub(super) fn by_every_message(case: &Case<'_>, out: &mut Vec<Finding>) -> BTreeSet<MessageId> {
    let (graph, program) = (case.graph, case.program);
    let reach = graph.reachable();
    let sends: Vec<(NodeIndex, &Sent)> = graph.all_sends().filter(|(n, _)| reach.contains(n)).collect();
    // Each way to a customer with a message that takes it, the first in the journey.
    let mut ways: BTreeMap<&str, (Channel, MessageId)> = BTreeMap::new();
    for (_, sent) in &sends {
        for (channel, field) in addresses(case, sent) {
            ways.entry(field).or_insert((channel, sent.send.message));
        }
    }
    let mut told = BTreeSet::new();
    for (n, sent) in sends {
        let own: BTreeSet<&str> = addresses(case, sent).into_iter().map(|(_, field)| field).collect();
        if own.is_empty() || own.iter().any(|field| is_required(case, field)) {
            continue;
        }
        let Some((field, (channel, other))) = ways.iter().find(|(field, _)| !own.contains(**field)) else { continue };
        if is_heard(case, n, sent) || !told.insert(sent.send.message) {
            continue;
        }
        let name = |id: MessageId| program.messages.get(id.index()).map_or("", |m| m.name.as_str());
        let (message, reaches) = (name(sent.send.message), name(*other));
        let channel = channel.name();
        // By a fixed order a text may stand there and not be used.
        let has = program
            .messages
            .get(sent.send.message.index())
            .is_some_and(|m| m.variants.iter().any(|v| v.channel.name() == channel));
        out.push(
            Finding::new(
                &J0135,
                case.spans.get(&sent.node),
                format!("a customer of whom only `{field}` is known gets `{reaches}`, and never `{message}`"),
            )
            .label(if has { format!("does not go by {channel}") } else { format!("`{message}` has no text for {channel}") })
            .how(format!("{}: no address, and nobody hears that it is blocked", story::from_start(graph, n)))
            .help(match has {
                true => format!("add `else {channel}` to `via`, or hear it: `send {message} {{ on blocked -> … }}`"),
                false => format!(
                    "give `{message}` a text for it, `{channel} \"…\"`, or let a person tell it: `send {message} {{ on blocked stay {{ handoff \"{}\" }} }}`",
                    mend::queue(case)
                ),
            }),
        );
    }
    told
}

/// The channels on which a send may leave, with the field of the customer that holds the address.
fn addresses<'a>(case: &Case<'a>, sent: &Sent) -> Vec<(Channel, &'a str)> {
    let Some(message) = case.program.messages.get(sent.send.message.index()) else { return Vec::new() };
    let customer = &case.program.customer;
    channels(message, &sent.send).into_iter().filter_map(|c| Some((c, customer.addresses.get(&c)?.as_str()))).collect()
}

fn is_required(case: &Case<'_>, field: &str) -> bool {
    case.program.customer.fields.iter().any(|f| f.name == field && !f.ty.is_optional())
}

/// Whether the send itself, or every state in which its step comes to rest, hears that it is blocked.
fn is_heard(case: &Case<'_>, n: NodeIndex, sent: &Sent) -> bool {
    if sent.send.on_blocked.is_some() {
        return true;
    }
    let graph = case.graph;
    let Some(journey) = case.program.journeys.get(graph.journey.index()) else { return true };
    let hears_it = |n: NodeIndex| {
        let state = graph.place(n).and_then(|p| p.state);
        state.is_some_and(|s| hears(journey, graph.journey, s).iter().any(|(_, a)| a.on == Trigger::Blocked))
    };
    rests(graph, n).into_iter().all(hears_it)
}

/// Where a step that comes to a node comes to rest, or ends, in the ordinary run of things; an instant that is past already
/// may lead further on.
pub(super) fn rests(graph: &Graph, n: NodeIndex) -> Vec<NodeIndex> {
    let (mut open, mut seen, mut rests) = (vec![n], BTreeSet::from([n]), Vec::new());
    while let Some(n) = open.pop() {
        if graph.rests(n) || graph.ends(n) {
            rests.push(n);
            continue;
        }
        open.extend(graph.out(n).filter(|(_, to, e)| e.kind == Kind::Urgent && seen.insert(*to)).map(|(_, to, _)| to));
    }
    rests
}
