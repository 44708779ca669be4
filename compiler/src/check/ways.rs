//! Critical messages that have one way to the customer, and nobody who hears that it is closed.
//!
//! A message is critical where it is `essential`, or where it keeps a promise or takes one back: somebody relies on it. One
//! that exists on one channel only is lost with that channel: a push to a phone from which the app is gone, a text to a
//! landline. Channels that use the same field of the customer are one way to them: who has no `phone`, or another by now, gets
//! neither texts nor calls. It is enough that somebody hears it and has another way: where the message fails, and where it is blocked
//! unless the address is always known, the send itself or every state in which its step comes to rest leads to a person or
//! to a message on another channel. An arrow with a condition does not count, since it may stay.

use std::collections::BTreeSet;
use std::sync::Arc;

use journey_spec::codes::J0219;
use journey_spec::program::{Action, Channel, MessageId, Then, Trigger};
use petgraph::graph::NodeIndex;

use super::{Case, mend, reached, story};
use crate::diagnostics::Finding;
use crate::graph::{Kind, Sent, channels, hears};
use crate::spans::Node;

/// A message that somebody relies on, with the channels of its one address.
struct Alone<'g> {
    at: NodeIndex,
    sent: &'g Sent,
    channels: Vec<Channel>,
}

impl Alone<'_> {
    /// `sms and voice`
    fn by(&self) -> String {
        story::list(self.channels.iter().map(|c| c.name().to_owned()))
    }

    fn several(&self) -> bool {
        self.channels.len() > 1
    }
}

/// The field of the customer that a channel uses.
fn address<'a>(case: &Case<'a>, channel: Channel) -> Option<&'a str> {
    case.program.customer.addresses.get(&channel).map(String::as_str)
}

/// A critical message has a second channel, or somebody takes over where its only one is closed. One finding a journey; not
/// of messages that are known to miss somebody, since that is mended by a second channel, too.
pub(super) fn are_two_where_it_matters(case: &Case<'_>, missed: &BTreeSet<MessageId>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let reach = graph.reachable();
    let mut seen: BTreeSet<MessageId> = missed.clone();
    let mut alone: Vec<Alone<'_>> = Vec::new();
    for (at, sent) in graph.all_sends().filter(|(n, _)| reach.contains(n)) {
        let channels = only_way(case, sent);
        let Some(channel) = channels.first().copied().filter(|_| is_critical(case, sent)) else { continue };
        if !has_another_way(case, at, sent, channel) && seen.insert(sent.send.message) {
            alone.push(Alone { at, sent, channels });
        }
    }
    let Some(first) = alone.first() else { return };
    let name = |one: &Alone<'_>| format!("`{}`", story::message(case, one.sent));
    let (channel, several) = (first.by(), first.several());
    let to = first.channels.first().and_then(|c| address(case, *c)).unwrap_or_default();
    let mut names: Vec<String> = alone.iter().take(story::NAMED).map(name).collect();
    if let Some(more) = alone.len().checked_sub(story::NAMED).filter(|more| *more > 0) {
        names.push(format!("{more} more"));
    }
    let message = first.sent.send.message;
    let mut finding = Finding::new(
        &J0219,
        case.spans.get(&Node::Message(message)),
        format!(
            "a customer whom {channel} {} not reach never gets {}, and nobody hears of it",
            if several { "do" } else { "does" },
            story::list(names)
        ),
    )
    .label(match several {
        true => format!("goes by {channel} alone, all to `{to}`: one address is one way to reach somebody"),
        false => format!("goes by {channel} alone"),
    })
    .also(case.spans.get(&first.sent.node), relied_on(first.sent))
    .how(format!(
        "{}: {}, and the journey goes on as if they knew",
        story::from_start(graph, first.at),
        match several {
            true => format!("`{to}` is missing or wrong, so {channel} lead nowhere"),
            false => format!("{channel} cannot deliver it"),
        }
    ))
    .help(help(case, first));
    for other in alone.iter().skip(1).take(story::NAMED) {
        let text = format!("goes by {} alone, too", other.by());
        finding = finding.also(case.spans.get(&Node::Message(other.sent.send.message)), text);
    }
    out.push(finding);
}

fn help(case: &Case<'_>, alone: &Alone<'_>) -> String {
    let name = story::message(case, alone.sent);
    let queue = mend::queue(case);
    let person = format!("stay {{ handoff \"{queue}\" with transcript }}");
    let own = alone.channels.first().copied();
    let blocked =
        if own.is_some_and(|c| always_known(case, c)) { String::new() } else { format!("   on blocked {person}") };
    let heard = format!("let a person hear it:  on failed {person}{blocked}");
    let message = case.program.messages.get(alone.sent.send.message.index());
    let has = |c: Channel| message.is_some_and(|m| m.variants.iter().any(|v| v.channel == c));
    let elsewhere = |c: &Channel| address(case, *c) != own.and_then(|own| address(case, own)) && *c != Channel::Voice;
    let others: Vec<Channel> = case.program.customer.addresses.keys().copied().filter(elsewhere).collect();
    // By a fixed order a text may stand there and not be used.
    match (others.iter().find(|c| has(**c)), others.first()) {
        (Some(other), _) => format!("add `else {}` to `via`, or {heard}", other.name()),
        (None, Some(other)) => {
            format!("give `{name}` a text for a second channel, `{} \"…\"`, or {heard}", other.name())
        }
        (None, None) => heard,
    }
}

fn relied_on(sent: &Sent) -> String {
    match (&sent.send.keeping, &sent.send.withdrawing) {
        (Some(promise), _) => format!("keeps `{promise}`, on which the customer relies"),
        (None, Some(promise)) => format!("takes `{promise}` back, on which the customer relies"),
        (None, None) => "is essential, and leaves by no other way".into(),
    }
}

fn is_critical(case: &Case<'_>, sent: &Sent) -> bool {
    let message = case.program.messages.get(sent.send.message.index());
    let promise = sent.send.keeping.is_some() || sent.send.withdrawing.is_some();
    promise || message.is_some_and(|m| m.essential.is_some())
}

/// The channels by which it may leave, of those for which the customer has an address at all, where they all use the same.
fn only_way(case: &Case<'_>, sent: &Sent) -> Vec<Channel> {
    let Some(message) = case.program.messages.get(sent.send.message.index()) else { return Vec::new() };
    let on: Vec<Channel> = channels(message, &sent.send).into_iter().filter(|c| address(case, *c).is_some()).collect();
    let one = on.iter().all(|c| address(case, *c) == on.first().and_then(|first| address(case, *first)));
    if one { on } else { Vec::new() }
}

/// Whether every customer has an address for the channel.
fn always_known(case: &Case<'_>, channel: Channel) -> bool {
    let customer = &case.program.customer;
    let field = customer.addresses.get(&channel);
    field.is_some_and(|name| customer.fields.iter().any(|f| f.name == *name && !f.ty.is_optional()))
}

fn has_another_way(case: &Case<'_>, at: NodeIndex, sent: &Sent, channel: Channel) -> bool {
    let failed = leads_on(case, at, channel, &Trigger::Failed, sent.send.on_failed.as_ref());
    failed
        && (always_known(case, channel)
            || leads_on(case, at, channel, &Trigger::Blocked, sent.send.on_blocked.as_ref()))
}

/// Whether what happens then comes to a person or to another channel: what the send says, else what every state in which its
/// step comes to rest does.
fn leads_on(case: &Case<'_>, at: NodeIndex, channel: Channel, then: &Trigger, own: Option<&Then>) -> bool {
    if let Some(own) = own {
        return takes_over(case, own, channel);
    }
    let graph = case.graph;
    let Some(journey) = case.program.journeys.get(graph.journey.index()) else { return true };
    reached::rests(graph, at).into_iter().all(|n| {
        let Some(state) = graph.place(n).and_then(|p| p.state) else { return false };
        let heard = hears(journey, graph.journey, state);
        heard.iter().any(|(_, a)| a.on == *then && a.when.is_none() && takes_over(case, &a.then, channel))
    })
}

fn takes_over(case: &Case<'_>, then: &Then, channel: Channel) -> bool {
    let graph = case.graph;
    let elsewhere = |sent: &Sent| {
        let message = case.program.messages.get(sent.send.message.index());
        message.is_some_and(|m| channels(m, &sent.send).iter().any(|c| address(case, *c) != address(case, channel)))
    };
    match then {
        Then::Stay(actions) => actions.iter().any(|action| match action {
            Action::Handoff(_) => true,
            Action::Send(send) => elsewhere(&Sent { send: Arc::clone(send), node: Node::Policy }),
            Action::Set(_) | Action::Call(_) => false,
        }),
        Then::Goto(state) => {
            let (mut open, mut seen) = (vec![graph.at(*state)], BTreeSet::from([graph.at(*state)]));
            while let Some(n) = open.pop() {
                if graph.place(n).is_some_and(|p| p.hands_off || p.sends.iter().any(elsewhere)) {
                    return true;
                }
                if !graph.rests(n) {
                    let on = graph.out(n).filter(|(_, _, e)| e.kind == Kind::Urgent).map(|(_, to, _)| to);
                    open.extend(on.filter(|to| seen.insert(*to)));
                }
            }
            false
        }
    }
}
