//! Quiet times that an event begins: `quiet 7d after debt.talked per debt.id for debt voice else skip`.
//!
//! Such a rule may hold back, for as long as it lasts and as often as the event comes, each message that it is about. The
//! event is the feed's, so nothing is relied on: no bound is smaller for it, since the event may never come, and no message
//! is counted on that it may block. Who asks what can hold a message back asks [`holds_back`].

use journey_spec::codes::J0209;
use journey_spec::program::{JourneyId, Program, QuietAfter};

use super::cited::{SentBy, sent};
use super::story;
use super::texts::Senders;
use crate::diagnostics::Finding;
use crate::graph::{Sent, channels};
use crate::spans::{Node, Spans};

/// The first quiet time that an event begins and that can hold this message back, with its place.
pub(super) fn holds_back<'p>(program: &'p Program, journey: JourneyId, sent: &Sent) -> Option<(Node, &'p QuietAfter)> {
    let message = program.messages.get(sent.send.message.index()).filter(|m| m.essential.is_none())?;
    let on = channels(message, &sent.send);
    let rules = program.policy.quiet_after.iter().enumerate();
    rules
        .filter(|(_, rule)| is_for(program, rule, journey))
        .find(|(_, rule)| on.iter().any(|c| rule.concerns(*c, message.purpose)))
        .map(|(i, rule)| (Node::QuietAfter(i), rule))
}

/// Whether the rule leaves the message no channel.
pub(super) fn silences(program: &Program, rule: &QuietAfter, journey: JourneyId, sent: &Sent) -> bool {
    let message = program.messages.get(sent.send.message.index()).filter(|m| m.essential.is_none());
    is_for(program, rule, journey)
        && message.is_some_and(|m| channels(m, &sent.send).into_iter().all(|c| rule.concerns(c, m.purpose)))
}

/// The rule without the law that it is there for.
pub(super) fn words(rule: &QuietAfter) -> String {
    let because = rule.because.as_ref().map(|because| format!(" ({because})"));
    because.and_then(|because| rule.text.strip_suffix(&because)).unwrap_or(&rule.text).to_owned()
}

fn is_for(program: &Program, rule: &QuietAfter, journey: JourneyId) -> bool {
    rule.key.is_none() || program.journeys.get(journey.index()).is_some_and(|j| j.key == rule.key)
}

/// What the journeys send that a rule is about, by name; with its key or without.
pub(super) fn messages_of<'p>(program: &'p Program, senders: &Senders, rule: &QuietAfter) -> SentBy<'p> {
    sent(program, senders, |m| m.essential.is_none() && m.variants.iter().any(|v| rule.concerns(v.channel, m.purpose)))
}

/// A quiet time that names no law holds something back. One that does stands there for who asks for it.
pub(super) fn quiet_times_hold_something_back(
    program: &Program,
    spans: &Spans,
    senders: &Senders,
    out: &mut Vec<Finding>,
) {
    for (i, rule) in program.policy.quiet_after.iter().enumerate().filter(|(_, rule)| rule.because.is_none()) {
        let sent = messages_of(program, senders, rule);
        if sent.keys().any(|journey| is_for(program, rule, *journey)) {
            continue;
        }
        let why = match &rule.key {
            Some(key) if !sent.is_empty() => format!("no journey that sends such messages is `per {}`", key.join(".")),
            _ => "no journey sends a message that it could hold back".into(),
        };
        let mut finding = Finding::new(
            &J0209,
            spans.get(&Node::QuietAfter(i)),
            format!("`{}` never does anything for a customer: {why}", words(rule)),
        )
        .label("holds nothing back")
        .help("take it away, or let it be for messages that are sent; essential ones pass it");
        for journey in sent.keys().take(story::NAMED) {
            finding = finding.also(spans.get(&Node::Journey(*journey)), "sends such messages");
        }
        out.push(finding);
    }
}
