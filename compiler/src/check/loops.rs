//! Loops that send, and that nothing bounds.
//!
//! Arrows are let in by what causes them, from nothing at all to the feed, and after each the strongly connected
//! components are taken (the filtration of checker.md, section 2; request-bound functions of digraph tasks: Stigge,
//! Ekberg, Guan, Yi, RTAS 2011). In each component, for each sending place not told of before, the shortest closed
//! walk through it and through an arrow of the new kind is the story.
//!
//! What is taken out first is bounded. A state with `limit visits` is entered so often a window at most, so a loop that
//! never ends does not need it: arrows into it go, their redirects stay. So do arrows of an event of which so many a window
//! are taken in at most. A `limit` on messages of the journey bounds the
//! messages that it counts on every channel. An instant is reached once for each value of its data, so an `at` goes
//! where nothing in its component moves that data.
//!
//! A loop that ends by itself once some instant has come, or some datum has been set on as far as another, is told apart
//! ([`data`]): as large as that data is, so many messages it sends.

mod data;
mod tell;

use std::collections::{BTreeMap, BTreeSet};

use journey_spec::codes::{J0201, J0204};
use journey_spec::program::{LimitWhat, Millis};
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::{Case, bounds, mend, story};
use crate::diagnostics::Finding;
use crate::graph::{Edge, Graph, Kind, Sent, datum};
use crate::spans::Node;
use data::{Data, Ends};
use tell::tell;

/// So many loops of one journey are told one by one; the rest in one finding.
const TOLD: usize = 12;

/// No cycle of arrows that are taken at once: a step has to come to rest.
pub(super) fn end_every_step(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    for ring in &graph.rings {
        let spans: Vec<_> = ring.iter().map(|i| case.spans.get(&Node::Limit(graph.journey, *i))).collect();
        let Some((first, rest)) = spans.split_first() else { continue };
        let mut finding =
            Finding::new(&J0204, *first, "a customer's journey can be sent round in a circle by its limits")
                .label("sends on to a state whose own limit may be used up")
                .help(format!("let one of them lead out of the circle, for example  else {}", out_of(case, ring)));
        for span in rest {
            finding = finding.also(*span, "sends back");
        }
        out.push(finding);
    }
    set_no_instant_where_it_is_past(case, out);
    let urgent = |e: &Edge| e.kind == Kind::Urgent && !e.stay;
    let components = graph.components(|_, _, _, e| urgent(e));
    let reach = graph.reachable();
    let mut told = BTreeSet::new();
    for (id, from, to, edge) in graph.edges() {
        let here = components.get(from.index());
        if !urgent(edge) || !reach.contains(&from) || here != components.get(to.index()) || told.contains(&here) {
            continue;
        }
        told.insert(here);
        let back = graph.paths([to], true, |_, _, _, e| urgent(e));
        let mut cycle = vec![id];
        cycle.extend(back.path(graph, from));
        let sends = members(graph, &cycle).iter().any(|n| graph.place(*n).is_some_and(|p| !p.sends.is_empty()));
        let message = match sends {
            true => "one customer can get messages without end in a single instant",
            false => "a customer can get stuck in arrows that follow each other at once, without end",
        };
        let mut finding = Finding::new(&J0204, case.spans.get(&edge.node), message)
            .label("taken at once, and leads back to where it stands")
            .how(format!(
                "{}{}, all at the same moment, and so on",
                story::from_start(graph, from),
                story::along(graph, &cycle)
            ))
            .help("let one of these states wait, for example  after 1h -> …  instead of  -> …");
        for e in cycle.iter().skip(1).filter_map(|e| graph.edge(*e)) {
            finding = finding.also(case.spans.get(&e.2.node), "and on, at once");
        }
        out.push(finding);
    }
}

/// An `if past stay { … }` does not set what an `at` of its state is computed from: in one instant it could come round
/// without end.
fn set_no_instant_where_it_is_past(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let mut told = BTreeSet::new();
    for (_, at, _, past) in graph.edges().filter(|(_, _, _, e)| e.kind == Kind::Past && e.stay) {
        let hangs = |path: &Vec<String>| {
            graph.out(at).find(|(_, _, e)| {
                let of = e.instant.as_ref().and_then(|(instant, _)| datum(instant));
                e.kind == Kind::At && of.is_some_and(|of| of.first() == path.first())
            })
        };
        let Some((_, _, instant)) = past.sets.iter().find_map(hangs) else { continue };
        if told.insert(past.node.clone()) {
            out.push(
                Finding::new(
                    &J0204,
                    case.spans.get(&past.node),
                    "a customer's journey can set an instant that is past to another one that is past, without end",
                )
                .label("sets what an `at` here is computed from, at the same moment")
                .also(case.spans.get(&instant.node), "is computed from it")
                .how(format!("{}, and since it is past, once more", story::from_start(graph, at)))
                .help("lead to a state of its own where it is past:  if past -> …  and set it there"),
            );
        }
    }
}

/// A fate that leads out of a ring of limits.
fn out_of(case: &Case<'_>, ring: &[usize]) -> String {
    let states = ring.iter().filter_map(|i| match case.graph.limit(*i)?.what {
        LimitWhat::Visits(state) => Some(case.graph.at(state)),
        _ => None,
    });
    let beside: BTreeSet<_> = states.collect();
    match beside.first() {
        Some(first) => mend::who_takes_over(case, &beside, *first),
        None => format!("handoff \"{}\"", mend::queue(case)),
    }
}

/// Which causes a pass lets in, and which of them are new in it.
struct Pass {
    lets: fn(Kind) -> bool,
    new: fn(Kind) -> bool,
    /// Also messages that a limit of the journey counts: where a blocked message is tried again at once, the limit only
    /// turns the storm.
    counted_too: bool,
    /// Places told by these earlier passes are not told again.
    after: &'static [usize],
}

const fn storm(k: Kind) -> bool {
    matches!(k, Kind::Urgent | Kind::Blocked)
}
const fn undelivered(k: Kind) -> bool {
    matches!(k, Kind::Urgent | Kind::Blocked | Kind::Failed)
}
const fn inside(k: Kind) -> bool {
    matches!(k, Kind::Urgent | Kind::Blocked | Kind::Failed | Kind::Outcome)
}
const fn outside(k: Kind) -> bool {
    !matches!(k, Kind::After)
}

static PASSES: [Pass; 7] = [
    Pass { lets: storm, new: |k| matches!(k, Kind::Blocked), counted_too: true, after: &[] },
    Pass { lets: undelivered, new: |k| matches!(k, Kind::Failed), counted_too: false, after: &[0] },
    Pass { lets: inside, new: |k| matches!(k, Kind::Outcome), counted_too: false, after: &[0, 1] },
    Pass {
        lets: |k| inside(k) || matches!(k, Kind::After),
        new: |k| matches!(k, Kind::After),
        counted_too: false,
        after: &[0, 1, 2],
    },
    Pass {
        lets: |k| inside(k) || matches!(k, Kind::Reply),
        new: |k| matches!(k, Kind::Reply),
        counted_too: false,
        after: &[0, 1, 2],
    },
    Pass {
        lets: outside,
        new: |k| matches!(k, Kind::Event | Kind::Closed | Kind::OptOut | Kind::At | Kind::Past),
        counted_too: false,
        after: &[0, 1, 2, 4],
    },
    Pass { lets: |_| true, new: |k| matches!(k, Kind::After), counted_too: false, after: &[0, 1, 2, 3, 4, 5] },
];

/// A place that sends: a state, or an arrow that stays.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Site {
    State(NodeIndex),
    Stay(EdgeIndex),
}

/// No loop that sends goes round any number of times.
pub(super) fn send_a_bounded_number(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let reach = graph.reachable();
    let mut told: Vec<BTreeSet<Site>> = Vec::new();
    let mut number = 0;
    let mut rest: Vec<Site> = Vec::new();
    let data = Data::of(case);
    // What data end in one pass may go on without end by the causes of another.
    let mut ended: BTreeSet<Site> = BTreeSet::new();
    for pass in &PASSES {
        let before: BTreeSet<Site> = pass.after.iter().filter_map(|i| told.get(*i)).flatten().copied().collect();
        let mut now = BTreeSet::new();
        for walk in walks(case, pass, &reach, &before, (&data, &ended)) {
            match walk.ends {
                Some(_) => ended.extend(walk.sites.iter().copied()),
                None => now.extend(walk.sites.iter().copied()),
            }
            number += 1;
            match number > TOLD {
                true => rest.extend(walk.sites),
                false => out.push(tell(case, &walk)),
            }
        }
        told.push(now);
    }
    if let Some(first) = rest.first() {
        let place = |site: &Site| match site {
            Site::State(n) => case.spans.get(&graph.node_of(*n)),
            Site::Stay(e) => graph.edge(*e).map(|(_, _, e)| case.spans.get(&e.node)).unwrap_or_default(),
        };
        let mut finding = Finding::new(
            &J0201,
            place(first),
            format!("{} more places of `{}` send in loops that nothing bounds", rest.len(), graph.name),
        )
        .label("sends in such a loop")
        .help("bound the loops above first: these may be the same ones");
        for site in rest.iter().skip(1).take(story::NAMED) {
            finding = finding.also(place(site), "so does this");
        }
        out.push(finding);
    }
}

/// A closed walk that sends.
struct Walk {
    edges: Vec<EdgeIndex>,
    sites: Vec<Site>,
    /// What is sent on one round.
    sent: Vec<Sent>,
    /// The least time of one round.
    period: Millis,
    /// What ends it, where some data do.
    ends: Option<Ends>,
}

/// The closed walks of a pass, one for each sending place that no other of them passes.
fn walks(
    case: &Case<'_>,
    pass: &Pass,
    reach: &BTreeSet<NodeIndex>,
    before: &BTreeSet<Site>,
    (data, ended): (&Data, &BTreeSet<Site>),
) -> Vec<Walk> {
    let graph = case.graph;
    let counted = |s: &&Sent| pass.counted_too || !bounds::journey_limits_it(case.program, graph.journey, s);
    let kept = still_possible(graph, pass.lets);
    let components = graph.components(|e, _, _, _| kept.contains(&e));
    let component = |n: NodeIndex| components.get(n.index()).copied();
    let inside = |e: EdgeIndex, a: NodeIndex, b: NodeIndex| kept.contains(&e) && component(a) == component(b);
    let mut found: Vec<Walk> = Vec::new();
    let mut done = before.clone();
    let cuts: Vec<BTreeSet<EdgeIndex>> = data.cuts().into_iter().map(|cut| cut.into_iter().collect()).collect();

    for (id, from, _, edge) in graph.edges() {
        if edge.stay && kept.contains(&id) && (pass.new)(edge.kind) && reach.contains(&from) {
            let sent: Vec<_> = edge.sends.iter().filter(counted).cloned().collect();
            if !sent.is_empty() && done.insert(Site::Stay(id)) {
                let (edges, sites) = (vec![id], vec![Site::Stay(id)]);
                found.push(Walk { edges, sites, sent, period: edge.lo, ends: None });
            }
        }
    }
    // Arrows of the new kind, by component.
    let mut new: BTreeMap<usize, Vec<(EdgeIndex, NodeIndex, NodeIndex)>> = BTreeMap::new();
    for (id, from, to, edge) in graph.edges() {
        if !edge.stay && (pass.new)(edge.kind) && reach.contains(&from) && inside(id, from, to) {
            new.entry(component(from).unwrap_or(usize::MAX)).or_default().push((id, from, to));
        }
    }
    // A way round that no data end goes before one that some do.
    let rounds: &[bool] = if data.is_empty() { &[false] } else { &[false, true] };
    for (by_data, site) in rounds.iter().flat_map(|by_data| graph.nodes().map(move |n| (*by_data, n))) {
        let Some(arrows) = component(site).and_then(|c| new.get(&c)) else { continue };
        if done.contains(&Site::State(site)) || !graph.visit_sends(site).any(|s| counted(&s)) {
            continue;
        }
        if found.len() > TOLD {
            // In one component with such an arrow there is a closed walk through both; that it is there is enough.
            let sites = vec![Site::State(site)];
            found.push(Walk { edges: Vec::new(), sites, sent: Vec::new(), period: 0, ends: None });
            continue;
        }
        let shortest = |avoid: &BTreeSet<EdgeIndex>| {
            let keep =
                |e: EdgeIndex, a: NodeIndex, b: NodeIndex, w: &Edge| !w.stay && inside(e, a, b) && !avoid.contains(&e);
            let ahead = graph.paths([site], true, keep);
            let back = graph.paths([site], false, keep);
            let length =
                |(_, u, v): &&(EdgeIndex, NodeIndex, NodeIndex)| Some(ahead.dist(*u)?.saturating_add(back.dist(*v)?));
            let open = arrows.iter().filter(|(e, ..)| !avoid.contains(e));
            let (arrow, u, v) = open.filter(|a| length(a).is_some()).min_by_key(|a| length(a))?;
            let mut edges = vec![*arrow];
            edges.extend(back.path(graph, *v));
            edges.extend(ahead.path(graph, *u));
            Some(edges)
        };
        let edges = match by_data {
            false => cuts.iter().find_map(shortest),
            true => shortest(&BTreeSet::new()),
        };
        let Some(edges) = edges else { continue };
        let passed: BTreeSet<_> = members(graph, &edges).into_iter().collect();
        let sites: Vec<_> =
            passed.iter().filter(|n| graph.visit_sends(**n).any(|s| counted(&s))).map(|n| Site::State(*n)).collect();
        done.extend(sites.iter().copied());
        let sent = edges.iter().filter_map(|e| graph.edge(*e)).flat_map(|(_, to, _)| graph.visit_sends(to));
        let sent = sent.filter(|s| counted(s)).cloned().collect();
        let period = edges.iter().filter_map(|e| graph.edge(*e)).map(|(from, to, _)| {
            let twins = graph.out(from).filter(|(id, t, e)| *t == to && !e.stay && kept.contains(id));
            twins.map(|(_, _, e)| e.pace()).min().unwrap_or(0)
        });
        let period = period.fold(0, Millis::saturating_add);
        // Without a pause there is no saying how much comes before an instant does.
        let ends = data.ends(&edges).filter(|ends| by_data && (period > 0 || matches!(ends, Ends::Steps { .. })));
        if ends.is_some() && ended.contains(&Site::State(site)) {
            continue;
        }
        found.push(Walk { edges, sites, sent, period, ends });
    }
    found
}

/// The arrows of these causes that can be taken without end: not into a bounded state, not what a visit does once, and
/// an instant only where something moves its data.
fn still_possible(graph: &Graph, lets: fn(Kind) -> bool) -> BTreeSet<EdgeIndex> {
    let mut kept: BTreeSet<EdgeIndex> = graph
        .edges()
        .filter(|(_, _, to, e)| {
            lets(e.kind) && e.intake.is_none() && if e.stay { e.repeats } else { !graph.capped(*to) }
        })
        .map(|(id, ..)| id)
        .collect();
    prune_instants(graph, &mut kept);
    kept
}

/// Takes out, until nothing changes, instants whose data nothing in their component moves.
pub(super) fn prune_instants(graph: &Graph, kept: &mut BTreeSet<EdgeIndex>) {
    let components = graph.components(|e, _, _, _| kept.contains(&e));
    prune_instants_of(graph, kept, components);
}

/// The same where the components of what is kept are known. Those of what is left.
pub(super) fn prune_instants_of(
    graph: &Graph,
    kept: &mut BTreeSet<EdgeIndex>,
    mut components: Vec<usize>,
) -> Vec<usize> {
    loop {
        let component = |n: NodeIndex| components.get(n.index()).copied();
        let moved: BTreeSet<_> = kept
            .iter()
            .filter_map(|e| graph.edge(*e))
            .filter(|(from, to, _)| component(*from) == component(*to))
            .flat_map(|(from, _, e)| moves(e).map(move |datum| (component(from), datum)))
            .chain(
                // What a visit does once it does again in the next one.
                graph.edges().filter(|(_, _, _, e)| e.stay).flat_map(|(_, from, _, e)| {
                    e.sets.iter().filter_map(move |path| Some((component(from), path.first()?.as_str())))
                }),
            )
            .collect();
        let spent: Vec<_> = kept
            .iter()
            .filter(|e| {
                graph.edge(**e).is_some_and(|(from, _, edge)| match &edge.instant {
                    // The host may change the customer's record at any time, and with it the customer's calendar.
                    Some(_) if edge.calendar => false,
                    Some((instant, _)) => match datum(instant).and_then(|path| path.first()).map(String::as_str) {
                        Some("customer") => false,
                        Some(datum) => !moved.contains(&(component(from), datum)),
                        None => true,
                    },
                    None => false,
                })
            })
            .copied()
            .collect();
        if spent.is_empty() {
            return components;
        }
        for e in spent {
            kept.remove(&e);
        }
        components = graph.components(|e, _, _, _| kept.contains(&e));
    }
}

/// The data that an edge moves: what it takes over, and what is set on the way.
fn moves(edge: &Edge) -> impl Iterator<Item = &str> {
    edge.takes.iter().map(String::as_str).chain(edge.sets.iter().filter_map(|path| path.first().map(String::as_str)))
}

fn members(graph: &Graph, edges: &[EdgeIndex]) -> Vec<NodeIndex> {
    edges.iter().filter_map(|e| graph.edge(*e)).map(|(_, to, _)| to).collect()
}
