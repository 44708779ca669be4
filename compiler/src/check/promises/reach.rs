//! Whether what keeps a promise reaches the customer: on a channel that is open, past every rule.

use std::collections::BTreeSet;

use journey_spec::codes::J0501;
use journey_spec::program::{Action, Channel, Journey, Promise, Then, Trigger};
use petgraph::graph::NodeIndex;

use super::discharges;
use crate::check::{Case, begun, reached, story};
use crate::diagnostics::Finding;
use crate::graph::{Sent, channels, counts, hears};
use crate::spans::Node;

/// Whoever can be promised something can be told of it: wherever the promising message can leave, what keeps or withdraws
/// the promise can too, and needs no consent that the promise does not need. Channels that share a field of the customer, as texts and calls a telephone, are one. Messages of
/// one entry or `stay` do it together, with those to which `on blocked` leads on: that a person has the case says nothing to the customer.
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
    let customer = &case.program.customer;
    let field = |c: &Channel| customer.addresses.get(c);
    let purpose = |sent: &Sent| case.program.messages.get(sent.send.message.index()).map(|m| m.purpose);
    let needs = |sent: &Sent, c: &Channel| customer.consent(purpose(sent)?, *c);
    let telling: Vec<&Sent> = all.iter().map(|(_, s)| s).filter(|s| discharges(s, &promise.name)).collect();
    let whole = (telling.clone(), true);
    let places =
        telling.iter().map(|s| (telling.iter().copied().filter(|t| place(&t.node) == place(&s.node)).collect(), false));
    for (place, is_whole) in std::iter::once(whole).chain(places) {
        let place: Vec<&Sent> = place;
        let next =
            place.iter().filter(|_| !is_whole).flat_map(|s| said_when_blocked(case, journey, all, s, &promise.name));
        let able: Vec<&Sent> = place.iter().copied().chain(next).collect();
        let by: Vec<Channel> = in_order(able.iter().copied().flat_map(used));
        let missing: Vec<Channel> =
            used(promising).into_iter().filter(|c| !by.iter().any(|b| field(b) == field(c))).collect();
        let names = |channels: &[Channel]| story::list(channels.iter().map(|c| c.name().to_string()));
        if missing.is_empty() {
            // Whoever has the address may still have agreed to the promise and not to what keeps it.
            let asks_no_more = |sent: &Sent, c: &Channel| {
                let needed = |b: &Channel| needs(sent, b);
                used(sent)
                    .iter()
                    .any(|b| field(b) == field(c) && (needed(b).is_none() || needed(b) == needs(promising, c)))
            };
            let unsure = used(promising).into_iter().find(|c| !able.iter().any(|s| asks_no_more(s, c)));
            let asking = unsure.and_then(|c| {
                let asks = |s: &&Sent, b: &Channel| field(b) == field(&c) && needs(s, b).is_some();
                place.iter().copied().find_map(|s| Some((s, used(s).into_iter().find(|b| asks(&s, b))?)))
            });
            if let (Some(c), Some((sent, b))) = (unsure, asking) {
                out.push(not_agreed(case, promising, promise, c, (sent, needs(sent, &b).unwrap_or_default())));
                return;
            }
        }
        let (Some(add), Some(first)) = (missing.first(), place.first()) else { continue };
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

/// What keeps a promise needs a consent that making it does not.
fn not_agreed(
    case: &Case<'_>,
    promising: &Sent,
    promise: &Promise,
    by: Channel,
    (sent, consent): (&Sent, &str),
) -> Finding {
    let (makes, keeps) = (story::message(case, promising), story::message(case, sent));
    Finding::new(
        &J0501,
        case.spans.get(&promising.node),
        format!("a customer who was promised `{}` by {} may not have agreed to be told", promise.name, by.name()),
    )
    .label(format!("makes the promise, with no consent in `{consent}`"))
    .also(case.spans.get(&sent.node), format!("`{keeps}` leaves only where `{consent}` is true"))
    .how(format!(
        "the customer has not said yes to `{consent}`: `{makes}` ✉ (`{}` promised); `{keeps}` comes to say so, and may not leave",
        promise.name
    ))
    .help(format!("give `{keeps}` a purpose that needs no consent, or `{makes}` one that needs the same"))
}

/// What keeps or withdraws the promise where this message is blocked and that is heard.
fn said_when_blocked<'s>(
    case: &Case<'_>,
    journey: &Journey,
    all: &'s [(NodeIndex, Sent)],
    sent: &Sent,
    name: &str,
) -> Vec<&'s Sent> {
    let graph = case.graph;
    // A step that goes on is heard where it comes to rest.
    let of_place = |n: NodeIndex| {
        let rests = reached::rests(graph, n);
        rests.into_iter().filter_map(|n| graph.place(n)?.state).flat_map(|state| hears(journey, graph.journey, state))
    };
    let places = all.iter().filter(|(_, s)| s.node == sent.node).map(|(n, _)| *n);
    let heard = places.flat_map(of_place).map(|(_, a)| a);
    let shared = heard.filter(|a| a.when.is_none() && matches!(a.on, Trigger::Blocked)).map(|a| &a.then);
    let thens: Vec<&Then> = match &sent.send.on_blocked {
        Some(own) => vec![own],
        None => shared.collect(),
    };
    let says = |s: &Sent| discharges(s, name) && s.node != sent.node;
    let mut found = Vec::new();
    for then in thens {
        match then {
            Then::Goto(to) => {
                let after = graph.after(graph.at(*to));
                found.extend(all.iter().filter(|(n, s)| after.contains(n) && says(s)).map(|(_, s)| s));
            }
            Then::Stay(actions) => {
                let sends = |s: &Sent| actions.iter().any(|a| matches!(a, Action::Send(send) if *send == s.send));
                found.extend(all.iter().map(|(_, s)| s).filter(|s| says(s) && sends(s)));
            }
        }
    }
    found
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
        if let Some(fresh) = message.fresh.first() {
            let service = case.program.services.get(fresh.service.index()).map_or("", |s| s.name.as_str());
            out.push(
                Finding::new(
                    &J0501,
                    case.spans.get(&sent.node),
                    format!("the message that a customer was promised as `{}` may not get its data", promise.name),
                )
                .label(format!("`{}` leaves only with a fresh `{}`", message.name, fresh.datum))
                .also(case.spans.get(&promising.node), "makes the promise")
                .how(format!(
                    "`{}` is due, `{service}` does not answer, the message is blocked, and the deadline passes",
                    message.name
                ))
                .help("keep or withdraw the promise by a message that needs nothing fresh"),
            );
            return;
        }
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
            .chain(own.map(|(i, l)| (Node::Limit(case.graph.journey, i), l.text.as_str())))
            .chain(begun::holds_back(case.program, case.graph.journey, sent).map(|(node, q)| (node, q.text.as_str())));
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
