//! Copies of a journey: each event with another key starts one, and a feed may bring any number of keys.
//!
//! Accepted are `limit starts` (with a fate that begins no instance, or one that never sends), limits on the intake of
//! every event that begins one, a limit of the journey
//! `per customer` that counts all it sends, and `limit live`, or a journey without a key, where no instance can begin, send and end in no time: else
//! the place that it frees is taken again at once.

use journey_spec::codes::J0205;
use journey_spec::program::{Fate, Limit, LimitWhat};

use petgraph::graph::NodeIndex;

use super::{Case, bounds, mend, story};
use crate::diagnostics::Finding;
use crate::graph::Sent;
use crate::spans::Node;

/// A journey that sends bounds how many instances a customer can have.
pub(super) fn are_bounded(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let Some(journey) = case.program.journeys.get(graph.journey.index()) else { return };
    let reach = graph.reachable();
    let sent: Vec<Sent> = graph.all_sends().filter(|(n, _)| reach.contains(n)).map(|(_, s)| s.clone()).collect();
    if sent.is_empty() || graph.begins.is_empty() {
        return;
    }
    let wide: Vec<Limit> = journey.limits.iter().filter(|l| l.per_customer).cloned().collect();
    if sent.iter().all(|s| bounds::limited(case.program, wide.iter(), s)) {
        return;
    }
    let silent = |fate: &Fate| match fate {
        Fate::Goto(to) => {
            let after = graph.after(graph.at(*to));
            graph.all_sends().all(|(n, _)| !after.contains(&n))
        }
        _ => true,
    };
    let has = |what| journey.limits.iter().find(|l| l.what == what && silent(&l.fate));
    if has(LimitWhat::Starts).is_some() || bounds::Intake::of_starts(case.program, journey).is_some() {
        return;
    }
    let live = has(LimitWhat::Live);
    // Without a key there is one instance at a time: a start is ignored while it lives.
    let one_at_a_time = live.is_some() || journey.key.is_none();
    let quickest = if one_at_a_time { shortest_life(case) } else { None };
    if one_at_a_time && quickest.is_none() {
        return;
    }
    let node = graph.begins.first().map_or(Node::Journey(graph.journey), |b| b.node.clone());
    let begin = graph.begins.first().map(|b| b.word.clone()).unwrap_or_default();
    let key = journey.key.as_ref().map(|k| k.join("."));
    let only = match bounds::policy_only(case.program, &sent) {
        Some(text) => format!("; {text}"),
        None => String::new(),
    };
    let who = mend::queue(case);
    let mut finding = Finding::new(
        &J0205,
        case.spans.get(&node),
        format!("one customer can have any number of `{}` at once, each with its own messages", graph.name),
    )
    .help(format!("bound it and say who takes over, for example  limit starts to 3 per 30d else handoff \"{who}\""));
    finding = match quickest {
        Some(end) => {
            let lets = live.map_or_else(|| "the next event".into(), |l| format!("`{}`", bounds::rule(l)));
            finding.message =
                format!("one customer can have any number of `{}`, one after the other, in no time", graph.name);
            finding.label("a place is free again as soon as one has ended").how(format!(
                "{}: it has sent and is over, and {lets} lets the next begin, again and again{only}",
                story::from_start(graph, end)
            ))
        }
        None => finding
            .label(match &key {
                Some(key) => format!("every event with another `{key}` starts one more"),
                None => "every such event starts one more when the last has ended".into(),
            })
            .how(format!(
                "{begin} comes 131 times{}: 131 journeys, and the messages of each{only}",
                match &key {
                    Some(key) => format!(", each with another `{key}`"),
                    None => String::new(),
                }
            )),
    };
    out.push(finding);
}

/// An end that an instance can come to in no time after sending.
fn shortest_life(case: &Case<'_>) -> Option<NodeIndex> {
    let graph = case.graph;
    let sends =
        |n| graph.place(n).is_some_and(|p| !p.sends.is_empty()) || graph.out(n).any(|(_, _, e)| !e.sends.is_empty());
    let times = graph.soonest(graph.begins.iter().map(|b| b.to), sends, |_, _, _, _| true);
    graph.nodes().find(|n| {
        graph.ends(*n) && times.get(n.index()).and_then(|t| t.last().copied().flatten()).is_some_and(|t| t == 0)
    })
}
