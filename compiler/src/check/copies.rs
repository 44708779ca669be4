//! Instants that were copied from a datum, and that do not follow it.
//!
//! `at booking.slot - 1d` follows its datum: news of the slot moves it. A copy does not: `set remind_at = booking.slot - 1d` is
//! what it was when the step was made, and `at remind_at` fires for the old slot. From each place that sets such a copy, the
//! arrows are followed that do not set or take it anew, until one has brought a new value of what it was copied from and,
//! at that place or later, a state waits for the copy. A copy that is only said is left alone: "moved from … to …" is what
//! it may be for.

use std::collections::{BTreeMap, VecDeque};

use journey_spec::codes::J0225;
use journey_spec::program::{Action, Arrow, Expr, Journey, Set, Then, Trigger};
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::{Case, story};
use crate::diagnostics::Finding;
use crate::fix::Fix;
use crate::graph::{Edge, datum, hears, spelled};
use crate::spans::Node;

/// No state waits for an instant of a datum that has changed since the instant was copied from it.
pub(super) fn are_not_waited_for(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let Some(journey) = case.program.journeys.get(graph.journey.index()) else { return };
    let reach = graph.reachable();
    let mut told: Vec<(&[String], Node)> = Vec::new();
    for Site { at: places, node, set } in sites(case, journey) {
        // What is taken over with its source is as new as that.
        let Some(source) = datum(&set.value).and_then(|path| path.first()) else { continue };
        if set.hook.is_some() || set.path.first() == Some(source) || source == "customer" {
            continue;
        }
        let places: Vec<NodeIndex> = places.into_iter().filter(|n| reach.contains(n)).collect();
        let Some((n, way, waits, at)) = waits_for_the_old(case, journey, &places, set, source) else { continue };
        if told.iter().any(|(path, place)| *path == set.path.as_slice() && *place == waits) {
            continue;
        }
        told.push((&set.path, waits.clone()));
        let (copy, value) = (set.path.join("."), spelled(&set.value));
        let news = way.iter().filter_map(|e| graph.edge(*e)).find(|(_, _, e)| e.takes.contains(source));
        let mut finding = Finding::new(
            &J0225,
            case.spans.get(&node),
            format!("a customer can be told at the time of an old `{source}`: `{copy}` stays what it was when `{source}` changes"),
        )
        .label(format!("is computed here, and does not follow `{source}`"));
        if let Some((_, _, edge)) = news {
            finding = finding.also(case.spans.get(&edge.node), format!("brings a new `{source}`"));
        }
        let span = case.spans.get(&waits);
        finding = finding
            .also(span, format!("waits for the old `{copy}`"))
            .how(format!(
                "{}{}, then at {copy}: the time of what it was before",
                story::from_start(graph, n),
                story::along(graph, &way)
            ))
            .help(format!("wait for the datum itself, which is followed:  at {value}"));
        if let Expr::Path(path) = at
            && *path == set.path
        {
            finding = finding.fix(Fix::word(span, &copy, &value).look());
        }
        out.push(finding);
    }
}

/// A `set`, and the places at which a journey can be when it is done.
struct Site<'a> {
    at: Vec<NodeIndex>,
    node: Node,
    set: &'a Set,
}

/// Every `set` that copies an instant which some state waits for.
fn sites<'a>(case: &Case<'_>, journey: &'a Journey) -> Vec<Site<'a>> {
    let graph = case.graph;
    let arrows = journey.states.iter().flat_map(|s| &s.arrows).chain(&journey.arrows);
    let waited: Vec<&[String]> = arrows.filter_map(instant).filter_map(datum).collect();
    let set_of = |action: &'a Action| match action {
        Action::Set(set) if waited.iter().any(|path| path.starts_with(&set.path)) => Some(set),
        Action::Set(_) | Action::Send(_) | Action::Handoff(_) | Action::Call(_) => None,
    };
    let mut sites: BTreeMap<(Node, usize), Site<'a>> = BTreeMap::new();
    let mut add = |n: NodeIndex, node: &Node, actions: &'a [Action]| {
        for (i, set) in actions.iter().enumerate().filter_map(|(i, a)| Some((i, set_of(a)?))) {
            let node = match node {
                Node::State(journey, state) => Node::Entry(*journey, *state, i),
                stay => stay.clone(),
            };
            // An arrow of the journey stands in each state.
            sites.entry((node.clone(), i)).or_insert_with(|| Site { at: Vec::new(), node, set }).at.push(n);
        }
    };
    for (n, place) in graph.nodes().filter_map(|n| Some((n, graph.place(n)?))) {
        let Some((id, state)) = place.state.and_then(|id| Some((id, journey.states.get(id.index())?))) else {
            continue;
        };
        add(n, &Node::State(graph.journey, id), &state.entry);
        for (node, arrow) in hears(journey, graph.journey, id) {
            for then in thens(arrow) {
                if let Then::Stay(actions) = then {
                    add(n, &node, actions);
                }
            }
        }
    }
    sites.into_values().collect()
}

fn instant(arrow: &Arrow) -> Option<&Expr> {
    match &arrow.on {
        Trigger::At { at, .. } => Some(at),
        _ => None,
    }
}

fn thens(arrow: &Arrow) -> Vec<&Then> {
    match &arrow.on {
        Trigger::At { if_past, .. } => vec![&arrow.then, if_past],
        _ => vec![&arrow.then],
    }
}

/// The shortest way on which the source changes and the copy does not, from one of some places to a state that waits for the
/// copy; with the arrow that does, and its instant.
fn waits_for_the_old<'a>(
    case: &Case<'_>,
    journey: &'a Journey,
    from: &[NodeIndex],
    set: &Set,
    source: &String,
) -> Option<(NodeIndex, Vec<EdgeIndex>, Node, &'a Expr)> {
    let graph = case.graph;
    let copy = set.path.first()?;
    let keeps = |e: &Edge| !e.takes.contains(copy) && !e.sets.iter().any(|path| path.first() == Some(copy));
    // A place, and whether the source has changed.
    type Here = (NodeIndex, bool);
    let mut by: BTreeMap<Here, Option<(Here, EdgeIndex)>> = from.iter().map(|n| ((*n, false), None)).collect();
    let mut open: VecDeque<Here> = from.iter().map(|n| (*n, false)).collect();
    while let Some(here) = open.pop_front() {
        if here.1
            && let Some((node, at)) = waits(case, journey, here.0, set)
        {
            let mut way = Vec::new();
            let mut back = here;
            while let Some((before, edge)) = by.get(&back).copied().flatten() {
                way.push(edge);
                back = before;
            }
            way.reverse();
            return Some((back.0, way, node, at));
        }
        for (id, to, edge) in graph.out(here.0).filter(|(_, _, e)| keeps(e)) {
            let next = (to, here.1 || edge.takes.contains(source));
            by.entry(next).or_insert_with(|| {
                open.push_back(next);
                Some((here, id))
            });
        }
    }
    None
}

/// The arrow of a state that waits for the copy.
fn waits<'a>(case: &Case<'_>, journey: &'a Journey, n: NodeIndex, set: &Set) -> Option<(Node, &'a Expr)> {
    let state = case.graph.place(n).filter(|p| p.rests)?.state?;
    hears(journey, case.graph.journey, state).into_iter().find_map(|(node, arrow)| match &arrow.on {
        Trigger::At { at, .. } if datum(at).is_some_and(|path| path.starts_with(&set.path)) => Some((node, at)),
        _ => None,
    })
}
