//! What customers write back: every answer that a message invites, and everything else they write, has to be heard by
//! somebody for as long as it can come.
//!
//! A forward analysis: after a send, the answer can come in every waiting state that can follow, over any number of
//! arrows. The policy's reply window is not used, so a state long after the message counts too.

mod texts;

use std::collections::{BTreeMap, BTreeSet};

use journey_spec::Program;
use journey_spec::codes::{J0401, J0402, J0403, J0404, Level};
use journey_spec::program::{Channel, Message, MessageId, Requirement, Trigger};
use journey_spec::value::{fold_reply, is_opt_out, is_plain_opt_out};
use petgraph::graph::NodeIndex;

use super::{Case, mend, story};
use crate::diagnostics::Finding;
use crate::graph::{Graph, Paths, Sent, channels, hears};
use crate::spans::{Node, Spans};

/// No message invites a word that unsubscribes whoever answers it.
pub(super) fn invite_no_opt_out_word(program: &Program, spans: &Spans, out: &mut Vec<Finding>) {
    for (message, id) in program.messages.iter().zip(0..) {
        for (i, invitation) in message.replies.iter().enumerate() {
            for word in invitation.words.iter().filter(|w| is_opt_out(w)) {
                out.push(
                    Finding::new(
                        &J0403,
                        spans.get(&Node::Reply(MessageId(id), i)),
                        format!("a customer who answers `{}` with \"{word}\" is unsubscribed instead of heard", message.name),
                    )
                    .label(format!("\"{word}\" means \"no more messages\" everywhere"))
                    .how(format!(
                        "`{}` ✉, the customer answers \"{word}\": no further message reaches this address, and `{}` is never heard",
                        message.name, invitation.name
                    ))
                    .help("ask for another word, for example  \"no visit\""),
                );
            }
        }
        invites_none_in_its_text(message, MessageId(id), spans, out);
    }
}

/// No text asks for such a word either, whether or not an entry of `replies` hears it. STOP and its like are meant so.
fn invites_none_in_its_text(message: &Message, id: MessageId, spans: &Spans, out: &mut Vec<Finding>) {
    let mut told: BTreeSet<String> =
        message.replies.iter().flat_map(|i| i.words.iter()).filter(|w| is_opt_out(w)).cloned().collect();
    for variant in message.variants.iter().filter(|v| people_write_on(v.channel)) {
        let translated = variant.translations.iter().flat_map(|t| t.subject.iter().chain([&t.body]));
        for text in variant.subject.iter().chain([&variant.body]).chain(translated) {
            for word in texts::invited(text) {
                if !is_opt_out(&word) || is_plain_opt_out(&word) || !told.insert(fold_reply(&word)) {
                    continue;
                }
                out.push(
                    Finding::new(
                        &J0403,
                        spans.get(&Node::Message(id)),
                        format!(
                            "a customer who does as `{}` says and answers \"{word}\" is unsubscribed instead of heard",
                            message.name
                        ),
                    )
                    .label(format!("asks by {} for \"{word}\", which means \"no more messages\" everywhere", variant.channel.name()))
                    .how(format!(
                        "`{}` ✉, the customer answers \"{word}\": no further message reaches this address, and nothing else happens",
                        message.name
                    ))
                    .help("ask for another word, for example  NO VISIT, and hear it in `replies`; where it is meant to unsubscribe, ask for STOP"),
                );
            }
        }
    }
}

/// Whether customers write back on a channel.
fn people_write_on(channel: Channel) -> bool {
    !matches!(channel, Channel::Voice | Channel::Push)
}

/// No word means two answers of one message.
pub(super) fn are_told_apart(program: &Program, spans: &Spans, out: &mut Vec<Finding>) {
    for (message, id) in program.messages.iter().zip(0..) {
        for (i, invitation) in message.replies.iter().enumerate() {
            let earlier = message.replies.iter().enumerate().take(i);
            let shared = earlier
                .filter_map(|(k, other)| {
                    invitation.words.iter().find(|w| other.words.contains(w)).map(|w| (k, other, w))
                })
                .next();
            let Some((k, other, word)) = shared else { continue };
            out.push(
                Finding::new(
                    &J0404,
                    spans.get(&Node::Reply(MessageId(id), i)),
                    format!(
                        "a customer who answers `{}` with \"{word}\" may be taken to mean something else",
                        message.name
                    ),
                )
                .label(format!("\"{word}\" also means `{}`", other.name))
                .also(spans.get(&Node::Reply(MessageId(id), k)), "here")
                .help(format!("let \"{word}\" mean one of them only")),
            );
        }
    }
}

/// Every answer is heard in every state in which it can come.
pub(super) fn are_heard_while_it_lives(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let sends = answerable(case);
    let heard = Heard::of(case);
    let mut by_message: BTreeMap<MessageId, Vec<NodeIndex>> = BTreeMap::new();
    for (n, sent) in &sends {
        by_message.entry(sent.send.message).or_default().push(*n);
    }
    for (id, places) in by_message {
        let Some(message) = case.program.messages.get(id.index()).filter(|m| !m.replies.is_empty()) else { continue };
        let (paths, waiting) = waiting_after(graph, &places);
        for (i, invitation) in message.replies.iter().enumerate() {
            let unheard: Vec<_> = waiting.iter().filter(|n| !heard.named(**n, &invitation.name)).copied().collect();
            let Some((nearest, more)) = unheard.split_first() else { continue };
            let mut finding = Finding::new(
                &J0401,
                case.spans.get(&graph.node_of(*nearest)),
                format!(
                    "a customer who answers `{}` with `{}` is heard by nobody in `{}`",
                    message.name,
                    invitation.name,
                    graph.label(*nearest)
                ),
            )
            .label(match more {
                [] => format!("does not listen to `{}`", invitation.name),
                [other] => format!("does not listen to `{}`, nor does `{}`", invitation.name, graph.label(*other)),
                more => format!("does not listen to `{}`, nor do {} more states", invitation.name, more.len()),
            })
            .also(case.spans.get(&Node::Reply(id, i)), "invited here")
            .how(format!(
                "{}, then the customer answers \"{}\" and nothing happens",
                way(graph, &paths, *nearest),
                invitation.words.first().cloned().unwrap_or_default()
            ))
            .help(format!(
                "hear it in every state, for example in the journey  on reply stay {{ handoff \"{}\" with transcript }}",
                mend::queue(case)
            ));
            finding.level = required(case);
            out.push(finding);
        }
    }
    let places: Vec<_> = sends.iter().map(|(n, _)| *n).collect();
    let (paths, waiting) = waiting_after(graph, &places);
    let deaf: Vec<_> = waiting.into_iter().filter(|n| !heard.bare(*n)).collect();
    let Some(nearest) = deaf.first() else { return };
    let mut finding = Finding::new(
        &J0401,
        case.spans.get(&Node::Journey(graph.journey)),
        format!(
            "a customer who writes back something else, say \"thank you\" or a question, is heard by nobody in {}",
            story::names(graph, &deaf)
        ),
    )
    .label("no `on reply` without a name hears it there")
    .how(format!("{}, then \"a question, please\": nobody reads it", way(graph, &paths, *nearest)))
    .help(format!(
        "let somebody hear it, for example in the journey  on reply stay {{ handoff \"{}\" with transcript }}",
        mend::queue(case)
    ));
    if deaf.len() <= story::NAMED {
        for n in &deaf {
            finding = finding.also(case.spans.get(&graph.node_of(*n)), "hears only the answers that it names, if any");
        }
    }
    finding.level = required(case);
    out.push(finding);
}

/// The states in which an instance can wait after entering one of these, nearest first.
fn waiting_after(graph: &Graph, places: &[NodeIndex]) -> (Paths, Vec<NodeIndex>) {
    let paths = graph.paths(places.iter().copied(), true, |_, _, _, _| true);
    let mut waiting: Vec<_> = graph.nodes().filter(|n| graph.rests(*n) && paths.dist(*n).is_some()).collect();
    waiting.sort_by_key(|n| paths.dist(*n));
    (paths, waiting)
}

/// From a start to the send, and on from there.
fn way(graph: &Graph, paths: &Paths, to: NodeIndex) -> String {
    let edges = paths.path(graph, to);
    let from = edges.first().and_then(|e| graph.edge(*e)).map_or(to, |(from, ..)| from);
    format!("{}{}", story::from_start(graph, from), story::along(graph, &edges))
}

/// Where a journey that sends can end, the policy says who hears what comes after.
pub(super) fn are_heard_after_the_end(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    if case.program.policy.after_end.is_some() {
        return;
    }
    let sends = answerable(case);
    let paths = graph.paths(sends.iter().map(|(n, _)| *n), true, |_, _, _, _| true);
    let ends = graph.nodes().filter(|n| graph.ends(*n) && paths.dist(*n).is_some());
    let Some(end) = ends.min_by_key(|n| paths.dist(*n)) else { return };
    let edges = paths.path(graph, end);
    let from = edges.first().and_then(|e| graph.edge(*e)).map_or(end, |(from, ..)| from);
    let sent = sends.iter().find(|(n, _)| *n == from).map(|(_, s)| s);
    let mut finding = Finding::new(
        &J0402,
        case.spans.get(&Node::Journey(graph.journey)),
        format!("a customer who writes back after `{}` has ended is heard by nobody", graph.name),
    )
    .label("sends messages, and can end while answers still come")
    .how(format!("{}; a day later the customer answers", way(graph, &paths, end)));
    if let Some(sent) = sent {
        finding = finding.also(case.spans.get(&sent.node), "can be answered any time later");
    }
    finding = match case.program.policy.name.is_empty() {
        true => {
            finding.help("say who hears it, for example  policy house { after the end, replies -> handoff \"care\" }")
        }
        false => finding
            .also(case.spans.get(&Node::Policy), "does not say who hears it")
            .help("say so in the policy:  after the end, replies -> handoff \"care\""),
    };
    finding.level = match required(case) {
        Level::Error => Level::Error,
        Level::Warning => J0402.level,
    };
    out.push(finding);
}

fn required(case: &Case<'_>) -> Level {
    match case.program.policy.require.contains(&Requirement::ReplyHandling) {
        true => Level::Error,
        false => J0401.level,
    }
}

/// Reachable sends that a customer can answer, one a message and node.
fn answerable<'a>(case: &Case<'a>) -> Vec<(NodeIndex, Sent)> {
    let reach = case.graph.reachable();
    let mut seen = BTreeSet::new();
    let sends = case.graph.all_sends().filter(|(n, s)| {
        let Some(message) = case.program.messages.get(s.send.message.index()) else { return false };
        let people_write = |c: &Channel| people_write_on(*c);
        reach.contains(n) && channels(message, &s.send).iter().any(people_write) && seen.insert((*n, s.send.message))
    });
    sends.map(|(n, s)| (n, s.clone())).collect()
}

/// What each node hears of what customers write.
struct Heard(Vec<(bool, BTreeSet<String>)>);

impl Heard {
    fn of(case: &Case<'_>) -> Heard {
        let graph = case.graph;
        let journey = case.program.journeys.get(graph.journey.index());
        let of_node = |n: NodeIndex| {
            let mut heard = (false, BTreeSet::new());
            let Some((journey, state)) = journey.zip(graph.place(n).and_then(|p| p.state)) else { return heard };
            for (_, arrow) in hears(journey, graph.journey, state) {
                // What has a condition may not hear it.
                if arrow.when.is_some() {
                    continue;
                }
                match &arrow.on {
                    Trigger::Reply(None) => heard.0 = true,
                    Trigger::Reply(Some(name)) => {
                        heard.1.insert(name.clone());
                    }
                    _ => {}
                }
            }
            heard
        };
        Heard(graph.nodes().map(of_node).collect())
    }

    /// Whether it hears whatever they write.
    fn bare(&self, n: NodeIndex) -> bool {
        self.0.get(n.index()).is_some_and(|(bare, _)| *bare)
    }

    /// Whether it hears an answer of this name.
    fn named(&self, n: NodeIndex, name: &str) -> bool {
        self.0.get(n.index()).is_some_and(|(bare, names)| *bare || names.contains(name))
    }
}
