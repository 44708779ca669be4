//! Whether what keeps a promise reaches the customer: on a channel that is open, past every rule.

use std::collections::BTreeSet;

use journey_spec::codes::J0501;
use journey_spec::program::{Channel, Journey, Promise, Trigger};
use petgraph::graph::NodeIndex;

use super::discharges;
use crate::check::{Case, story};
use crate::diagnostics::Finding;
use crate::graph::{Sent, channels, counts, hears};
use crate::spans::Node;

/// Whoever can be promised something can be told of it: wherever the promising message can leave, what keeps or withdraws
/// the promise can too. Channels that share a field of the customer, as texts and calls a telephone, are one. Messages of
/// one entry or `stay` do it together; what may be blocked and is heard then (`on blocked`) only as part of the whole.
pub(super) fn out_of_reach(
    case: &Case<'_>,
    journey: &Journey,
    all: &[(NodeIndex, Sent)],
    promising: &Sent,
    promise: &Promise,
    out: &mut Vec<Finding>,
) {
    let used = |sent: &Sent| {
        let message = case.program.messages.get(sent.send.message.index());
        message.map(|m| channels(m, &sent.send)).unwrap_or_default()
    };
    let field = |c: &Channel| case.program.customer.addresses.get(c);
    let telling: Vec<&Sent> = all.iter().map(|(_, s)| s).filter(|s| discharges(s, &promise.name)).collect();
    let whole = (telling.clone(), true);
    let alone = telling.iter().filter(|s| !is_heard_when_blocked(case, journey, s));
    let places = alone.map(|s| (telling.iter().copied().filter(|t| place(&t.node) == place(&s.node)).collect(), false));
    for (place, is_whole) in std::iter::once(whole).chain(places) {
        let by: Vec<Channel> = in_order(place.iter().copied().flat_map(used));
        let missing: Vec<Channel> =
            used(promising).into_iter().filter(|c| !by.iter().any(|b| field(b) == field(c))).collect();
        let (Some(add), Some(first)) = (missing.first(), place.first()) else { continue };
        let names = |channels: &[Channel]| story::list(channels.iter().map(|c| c.name().to_string()));
        let also = if used(promising).len() > missing.len() { "also " } else { "" };
        let mut finding = Finding::new(
            &J0501,
            case.spans.get(&promising.node),
            format!(
                "a customer who was promised `{}` by {} cannot be told by {} alone",
                promise.name,
                names(&missing),
                names(&by)
            ),
        )
        .label(format!("makes the promise, {also}by {}", names(&missing)));
        let mut told = BTreeSet::new();
        for sent in place.iter().filter(|s| told.insert(s.send.message)) {
            let what = format!("`{}` goes by {} alone", story::message(case, sent), names(&used(sent)));
            finding = finding.also(case.spans.get(&sent.node), what);
        }
        let silence = match is_whole {
            true => "nothing that keeps or withdraws it can reach them".to_string(),
            false => format!("`{}` comes to say so, and cannot reach them", story::message(case, first)),
        };
        let shared: Vec<Channel> =
            used(promising).into_iter().filter(|c| by.iter().any(|b| field(b) == field(c))).collect();
        let variant = format!("add an `{}` variant to `{}`", add.name(), story::message(case, first));
        out.push(
            finding
                .how(format!(
                    "the customer has no open address but for {}: `{}` ✉ (`{}` promised); {silence}",
                    names(&missing),
                    story::message(case, promising),
                    promise.name
                ))
                .help(match shared.is_empty() {
                    true => variant,
                    false => format!(
                        "{variant}, or promise it where both can be sent:  send {} via {} promising {} …",
                        story::message(case, promising),
                        shared.iter().map(|c| c.name()).collect::<Vec<_>>().join(", "),
                        promise.name
                    ),
                }),
        );
        return;
    }
}

/// Whether something follows where this message is blocked.
fn is_heard_when_blocked(case: &Case<'_>, journey: &Journey, sent: &Sent) -> bool {
    let graph = case.graph;
    let of_state = |state| {
        let arrows = hears(journey, graph.journey, state);
        arrows.iter().any(|(_, a)| matches!(a.on, Trigger::Blocked))
    };
    sent.send.on_blocked.is_some()
        || match sent.node {
            Node::Entry(_, state, _) | Node::Stay(_, state, ..) => of_state(state),
            _ => journey.arrows.iter().any(|a| matches!(a.on, Trigger::Blocked)),
        }
}

/// The entry or `stay` of which a send is one action.
fn place(node: &Node) -> Node {
    match node {
        Node::Entry(journey, state, _) => Node::State(*journey, *state),
        Node::Stay(journey, state, arrow, _) => Node::Arrow(*journey, *state, *arrow),
        Node::JourneyStay(journey, arrow, _) => Node::JourneyArrow(*journey, *arrow),
        other => other.clone(),
    }
}

fn in_order(channels: impl Iterator<Item = Channel>) -> Vec<Channel> {
    let found: BTreeSet<Channel> = channels.collect();
    Channel::ALL.into_iter().filter(|c| found.contains(c)).collect()
}

/// The message that keeps a promise is not one that a rule can hold back.
pub(super) fn held_back(
    case: &Case<'_>,
    journey: &Journey,
    all: &[(NodeIndex, Sent)],
    promising: &Sent,
    promise: &Promise,
    out: &mut Vec<Finding>,
) {
    for (_, sent) in all.iter().filter(|(_, s)| discharges(s, &promise.name)) {
        let Some(message) = case.program.messages.get(sent.send.message.index()) else { continue };
        if message.essential.is_some() {
            continue;
        }
        let on = channels(message, &sent.send);
        let quiet = case.program.policy.quiet.iter().enumerate();
        let quiet = quiet
            .filter(|(_, q)| q.purposes.is_empty() || q.purposes.contains(&message.purpose))
            .map(|(i, q)| (Node::Quiet(i), q.text.as_str()));
        let counting = |l: &journey_spec::program::Limit| on.iter().any(|c| counts(l.what, *c, message.purpose));
        let policy = case.program.policy.limits.iter().enumerate().filter(|(_, l)| counting(l));
        let own = journey.limits.iter().enumerate().filter(|(_, l)| counting(l));
        let rules = quiet
            .chain(policy.map(|(i, l)| (Node::PolicyLimit(i), l.text.as_str())))
            .chain(own.map(|(i, l)| (Node::Limit(case.graph.journey, i), l.text.as_str())));
        let Some((node, text)) = rules.into_iter().next() else { continue };
        let rule = text.split(" else ").next().unwrap_or_default().trim();
        out.push(
            Finding::new(
                &J0501,
                case.spans.get(&sent.node),
                format!("the message that a customer was promised as `{}` can be held back", promise.name),
            )
            .label(format!("`{}` is not essential, so every rule may hold it back", message.name))
            .also(case.spans.get(&node), "holds it back, past its deadline")
            .also(case.spans.get(&promising.node), "makes the promise")
            .how(format!("`{}` is due, `{rule}` does not let it leave, and the deadline passes", message.name))
            .help(format!("let it pass, with a bound of its own: in `{}`  essential at most 2 per 24h", message.name)),
        );
        return;
    }
}
