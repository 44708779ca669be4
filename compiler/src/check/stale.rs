//! Data that somebody said go stale, and that a message says without asking.
//!
//! A message with `fresh slot within 15m` asks again before it leaves, so what it says is never older. Whoever wrote that
//! line knows that the datum changes with no event to tell of it; another message of the journey that says the same datum and
//! asks nothing may be wrong when it leaves. How old the datum can be then is a max-plus flow over the journey's graph (Baccelli,
//! Cohen, Olsder, Quadrat, Synchronization and Linearity, 1992): an arrow that takes the datum over sets its age to nothing, or
//! to the time for which it settles; any other adds the longest that its state can last, and joins take the greater. Ages above
//! what is allowed are all alike, so after as many rounds as there are states only a round without a take-over still grows,
//! and that has no end. Only those parts of a datum age that such a message says, or by which the journey goes ([`aging`]). What a service answered for an earlier message does not count: nobody says that it had to be asked.

use std::collections::{BTreeMap, BTreeSet};

use journey_spec::codes::J0220;
use journey_spec::program::{
    Branch, Cond, Deadline, Fate, Fresh, Journey, Message, MessageId, Millis, Piece, Program, Trigger, Validity,
};
use journey_spec::time::spelled_duration;
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::{Case, story};
use crate::diagnostics::Finding;
use crate::fix::Fix;
use crate::graph::{self, Edge, Graph, Kind, Sent, channels, counts, spelled};
use crate::spans::Node;

/// No message says a datum that is older than another message of the journey lets it be.
pub(super) fn data_are_not_said(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let Some(journey) = case.program.journeys.get(graph.journey.index()) else { return };
    let reach = graph.reachable();
    let sends = || graph.all_sends().filter(|(n, _)| reach.contains(n));
    // Of each datum the strictest line.
    let mut kept: BTreeMap<&str, (&Fresh, MessageId)> = BTreeMap::new();
    for (_, sent) in sends() {
        let id = sent.send.message;
        for fresh in case.program.messages.get(id.index()).iter().flat_map(|m| &m.fresh) {
            if kept.get(fresh.datum.as_str()).is_none_or(|(known, _)| fresh.within < known.within) {
                kept.insert(&fresh.datum, (fresh, id));
            }
        }
    }
    for (datum, (fresh, keeper)) in kept {
        let ages = Ages::of(graph, journey, datum, fresh.within);
        let parts = aging(case, journey, sends().map(|(_, sent)| sent), datum);
        let mut told: Vec<MessageId> = Vec::new();
        for (n, sent, stay) in places(graph).filter(|(n, ..)| reach.contains(n)) {
            let id = sent.send.message;
            let Some(message) = case.program.messages.get(id.index()) else { continue };
            if told.contains(&id) || message.fresh.iter().any(|f| f.datum == *datum) || !says(journey, message, &parts)
            {
                continue;
            }
            let decided = match stay {
                Some(edge) if edge.takes.iter().any(|t| t == datum) => Some(0),
                Some(edge) => ages.of.get(&n).map(|age| age.saturating_add(lasts(graph, n, edge))),
                None => ages.of.get(&n).copied(),
            };
            let waits = longest_wait(case, journey, sent);
            let old = decided.map(|age| age.saturating_add(waits));
            if old.is_none_or(|age| age <= fresh.within) {
                continue;
            }
            told.push(id);
            let allowed = spelled_duration(fresh.within);
            let held =
                if decided.is_some_and(|age| age <= fresh.within) { ", and waits until it may leave" } else { "" };
            let service = case.program.services.get(fresh.service.index()).map_or("", |s| s.name.as_str());
            let args: Vec<String> = fresh.args.iter().map(spelled).collect();
            let line = format!("fresh {datum} within {allowed} by call {service}({})", args.join(", "));
            let last = case.spans.get(&Node::Variant(id, message.variants.len().saturating_sub(1)));
            out.push(
                Finding::new(
                    &J0220,
                    case.spans.get(&sent.node),
                    format!(
                        "a customer can be told a `{datum}` in `{}` that is older than {allowed}, and wrong",
                        message.name
                    ),
                )
                .label(format!("says `{datum}` as it is known, and does not ask"))
                .also(case.spans.get(&Node::Message(keeper)), format!("asks for it anew after {allowed}"))
                .how(format!("{}{}{held}: nobody has asked since", ages.taken(graph, journey, n), stays(stay)))
                .help(format!("let it ask as well:  {line}"))
                .fix(Fix::insert(last, format!("\n  {line}")).look()),
            );
        }
    }
}

/// Each place that sends, with the arrow where it sends in a `stay`.
fn places(graph: &Graph) -> impl Iterator<Item = (NodeIndex, &Sent, Option<&Edge>)> {
    let entries = graph
        .nodes()
        .flat_map(|n| graph.place(n).into_iter().flat_map(move |p| p.sends.iter().map(move |s| (n, s, None))));
    let stays = graph.edges().flat_map(|(_, n, _, e)| e.sends.iter().map(move |s| (n, s, Some(e))));
    entries.chain(stays)
}

/// The parts of a datum that age: those that the messages say which ask for it, and those by which the journey goes, since it
/// waits for them, asks for them or promises by them. Whoever asks for a ride because of its arrival says nothing of where it goes to.
/// All of it where nobody says or goes by any; never the instance's key, which does not change.
fn aging<'s>(
    case: &Case<'_>,
    journey: &Journey,
    sends: impl Iterator<Item = &'s Sent>,
    datum: &str,
) -> BTreeSet<Vec<String>> {
    let mut parts: BTreeSet<Vec<String>> = BTreeSet::new();
    for sent in sends {
        if let Some(Deadline::By(by)) = sent.send.promising.as_ref().map(|promise| &promise.deadline) {
            parts.extend(graph::datum(by).map(<[String]>::to_vec));
        }
        let message = case.program.messages.get(sent.send.message.index());
        for message in message.into_iter().filter(|m| m.fresh.iter().any(|f| f.datum == datum)) {
            parts.extend(quoted(message).cloned());
            if let Validity::Until(until) = &message.validity {
                parts.extend(graph::datum(until).map(<[String]>::to_vec));
            }
        }
    }
    let arrows = journey.states.iter().flat_map(|s| s.arrows.iter()).chain(&journey.arrows);
    for arrow in arrows {
        if let Trigger::At { at, .. } = &arrow.on {
            parts.extend(graph::datum(at).map(<[String]>::to_vec));
        }
        arrow.when.iter().for_each(|c| asked(c, &mut parts));
    }
    for state in &journey.states {
        match &state.branch {
            Some(Branch::When(ways)) => ways.iter().filter_map(|(c, _)| c.as_ref()).for_each(|c| asked(c, &mut parts)),
            Some(Branch::Value { of, .. }) => {
                parts.insert(of.clone());
            }
            _ => {}
        }
    }
    parts.retain(|path| path.first().is_some_and(|p| p == datum) && journey.key.as_ref() != Some(path));
    if parts.is_empty() {
        parts.insert(vec![datum.to_owned()]);
    }
    parts
}

/// The data that a condition asks for.
fn asked(cond: &Cond, parts: &mut BTreeSet<Vec<String>>) {
    match cond {
        Cond::Compare { left, right, .. } => {
            parts.extend([left, right].into_iter().filter_map(graph::datum).map(<[String]>::to_vec));
        }
        Cond::Named { value, .. } | Cond::Holds(value) => parts.extend(graph::datum(value).map(<[String]>::to_vec)),
        Cond::Known(path) => {
            parts.insert(path.clone());
        }
        Cond::Not(inner) => asked(inner, parts),
        Cond::All(all) | Cond::Any(all) => all.iter().for_each(|c| asked(c, parts)),
    }
}

fn quoted(message: &Message) -> impl Iterator<Item = &Vec<String>> {
    let texts = message.variants.iter().flat_map(|v| v.subject.iter().chain([&v.body]));
    texts.flat_map(|t| &t.0).filter_map(|piece| match piece {
        Piece::Value { path, .. } => Some(path),
        Piece::Text(_) => None,
    })
}

/// Whether a message says one of these parts, or something that lies in one.
fn says(journey: &Journey, message: &Message, parts: &BTreeSet<Vec<String>>) -> bool {
    let mut said = quoted(message).filter(|path| journey.key.as_ref() != Some(path));
    said.any(|path| parts.iter().any(|part| path.starts_with(part) || part.starts_with(path)))
}

/// How old a datum can be when a state is entered.
struct Ages {
    /// In milliseconds; more than is allowed is all alike. None where it was never taken over.
    of: BTreeMap<NodeIndex, Millis>,
    /// By which arrow it is as old; none where it was taken over at the start.
    by: BTreeMap<NodeIndex, EdgeIndex>,
}

impl Ages {
    fn of(graph: &Graph, journey: &Journey, datum: &str, allowed: Millis) -> Ages {
        let top = allowed.saturating_add(1);
        let takes = |taken: &[String]| taken.iter().any(|t| t == datum);
        let mut ages = Ages { of: BTreeMap::new(), by: BTreeMap::new() };
        for begin in &graph.begins {
            let start = match begin.node {
                Node::Start(_, i) => journey.starts.get(i),
                _ => None,
            };
            if start.is_some_and(|s| takes(&s.take)) {
                ages.of.insert(begin.to, 0);
            }
        }
        let rounds = graph.nodes().count();
        // The ordinary run of things makes the better story.
        let odd = |e: &Edge| matches!(e.kind, Kind::Past | Kind::Blocked | Kind::Failed | Kind::OptOut);
        let mut edges: Vec<_> = graph.edges().filter(|(.., e)| !e.stay).collect();
        edges.sort_by_key(|(id, _, _, e)| (odd(e), *id));
        for round in 0..=rounds.saturating_mul(2) {
            let mut grew = false;
            for (id, from, to, edge) in edges.iter().copied() {
                let age = match takes(&edge.takes) {
                    true => Some(edge.settle.unwrap_or(0)),
                    false => ages.of.get(&from).map(|age| age.saturating_add(lasts(graph, from, edge))),
                };
                let Some(age) = age.map(|age| age.min(top)) else { continue };
                if ages.of.get(&to).is_none_or(|known| *known < age) {
                    // What still grows then goes round without a take-over.
                    ages.of.insert(to, if round < rounds { age } else { top });
                    ages.by.insert(to, id);
                    grew = true;
                }
            }
            if !grew {
                break;
            }
        }
        ages
    }

    /// From the last take-over: `slot.booked → waiting, then at slot.at - 24h → told ✉`.
    fn taken(&self, graph: &Graph, journey: &Journey, to: NodeIndex) -> String {
        let mut way: Vec<EdgeIndex> = Vec::new();
        let mut seen = vec![to];
        let mut here = to;
        while let Some(id) = self.by.get(&here) {
            let Some((from, _, edge)) = graph.edge(*id) else { break };
            way.push(*id);
            if !edge.takes.is_empty() || seen.contains(&from) {
                break;
            }
            seen.push(from);
            here = from;
        }
        way.reverse();
        let first = way.first().and_then(|id| graph.edge(*id)).map_or(to, |(from, ..)| from);
        let begun = graph
            .begins
            .iter()
            .find(|b| b.to == first && matches!(b.node, Node::Start(_, i) if journey.starts.get(i).is_some()));
        match begun {
            Some(begin) => format!("{} → {}{}", begin.word, story::stop(graph, first), story::along(graph, &way)),
            None if way.is_empty() => story::from_start(graph, to),
            None => format!("in {}{}", story::stop(graph, first), story::along(graph, &way)),
        }
    }
}

/// The longest that a state can have lasted when an arrow is taken out of it, in milliseconds.
fn lasts(graph: &Graph, from: NodeIndex, edge: &Edge) -> Millis {
    if edge.kind == Kind::Urgent {
        return 0;
    }
    let timer =
        |e: &Edge| (e.forced && matches!(e.kind, Kind::After | Kind::Outcome)).then(|| e.deadline.unwrap_or(e.lo));
    let by_timer = graph.unordered(from).filter_map(timer).min();
    let own = (edge.kind == Kind::After).then(|| edge.deadline.unwrap_or(edge.lo));
    by_timer.into_iter().chain(own).min().unwrap_or(Millis::MAX)
}

fn stays(edge: Option<&Edge>) -> String {
    edge.map_or_else(String::new, |e| format!(", then {} ✉", e.word))
}

/// How long a message can wait before it leaves, in milliseconds: as long as it is true, where quiet hours or a limit let it
/// wait.
pub(super) fn longest_wait(case: &Case<'_>, journey: &Journey, sent: &Sent) -> Millis {
    let program: &Program = case.program;
    let Some(message) = program.messages.get(sent.send.message.index()) else { return 0 };
    let waits = |fate: &Fate| matches!(fate, Fate::Defer | Fate::Latest);
    let on = channels(message, &sent.send);
    let quiet = program
        .policy
        .quiet
        .iter()
        .any(|q| waits(&q.fate) && (q.purposes.is_empty() || q.purposes.contains(&message.purpose)));
    let mut limits = program.policy.limits.iter().chain(&journey.limits);
    let limited = limits.any(|l| waits(&l.fate) && on.iter().any(|c| counts(l.what, *c, message.purpose)));
    match message.validity {
        _ if message.essential.is_some() || !(quiet || limited) => 0,
        Validity::For(valid) => valid,
        Validity::Policy | Validity::Until(_) => program.policy.valid_for,
    }
}
