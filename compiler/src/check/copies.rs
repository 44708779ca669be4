//! Instants that were copied from a datum, and that do not follow it.
//!
//! `at booking.slot - 1d` follows its datum: news of the slot moves it. A copy does not: `set remind_at = booking.slot - 1d` is
//! what it was when the step was made, and `at remind_at` fires for the old slot. From each place that sets such a copy, the
//! arrows are followed that do not set or take it anew, until one has brought a new value of what it was copied from and,
//! at that place or later, a state waits for the copy. What is copied from the copy is old with it, also where the first is
//! set anew afterwards, so the old value is followed from one to the next. A copy that is only said is left alone: "moved
//! from … to …" is what it may be for.

use std::collections::{BTreeMap, VecDeque};

use journey_spec::codes::J0225;
use journey_spec::program::{Action, Arrow, Expr, Journey, Set, Then, Trigger};
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::{Case, story};
use crate::diagnostics::Finding;
use crate::fix::Fix;
use crate::graph::{Edge, Graph, datum, hears, spelled, split};
use crate::spans::Node;

/// No state waits for an instant of a datum that has changed since the instant was copied from it.
pub(super) fn are_not_waited_for(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let Some(journey) = case.program.journeys.get(graph.journey.index()) else { return };
    let waits = journey.states.iter().flat_map(|s| &s.arrows).chain(&journey.arrows).any(|a| instant(a).is_some());
    if !waits {
        return;
    }
    let reach = graph.reachable();
    let mut told: Vec<(&[String], Node)> = Vec::new();
    let sites = sites(graph, journey);
    for site in &sites {
        let set = site.set;
        // What is taken over with its source is as new as that.
        let Some(source) = datum(&set.value).and_then(|path| path.first()) else { continue };
        if set.hook.is_some() || set.path.first() == Some(source) || source == "customer" {
            continue;
        }
        let from: Vec<NodeIndex> = site.at.iter().copied().filter(|n| reach.contains(n)).collect();
        let search = Search { graph, journey, source };
        let Some(Old { from, way, copy, node: waits, at }) = search.waited_for(&from, site) else { continue };
        // That no instant goes by what a message sets as it leaves is asked elsewhere.
        if site.leaves && copy == set.path || told.iter().any(|(path, place)| *path == copy && *place == waits) {
            continue;
        }
        told.push((copy, waits.clone()));
        let name = copy.join(".");
        let news = way.iter().filter_map(|e| graph.edge(*e)).find(|(_, _, e)| e.takes.contains(source));
        let mut finding = Finding::new(
            &J0225,
            case.spans.get(&site.node),
            format!("a customer can be told at the time of an old `{source}`: `{name}` stays what it was when `{source}` changes"),
        )
        .label(format!("is computed here, and does not follow `{source}`"));
        // What the copy was copied from, where it is not this one.
        let second = sites.iter().find(|s| s.set.path == copy && copy != set.path);
        if let Some(second) = second {
            let first = datum(&second.set.value).map(|path| path.join(".")).unwrap_or_default();
            finding = finding.also(case.spans.get(&second.node), format!("is copied from `{first}`, and as old"));
        }
        if let Some((_, _, edge)) = news {
            finding = finding.also(case.spans.get(&edge.node), format!("brings a new `{source}`"));
        }
        let span = case.spans.get(&waits);
        finding = finding.also(span, format!("waits for the old `{name}`")).how(format!(
            "{}{}, then at {name}: the time of what it was before",
            story::from_start(graph, from),
            story::along(graph, &way)
        ));
        // The same instant, computed from the datum.
        let value = match second {
            None => Some(set.value.clone()),
            Some(second) => composed(&second.set.value, &set.path, &set.value),
        };
        finding = match value.map(|value| spelled(&value)) {
            Some(value) => {
                let fix = matches!(at, Expr::Path(path) if *path == copy);
                let fix = fix.then(|| Fix::word(span, &name, &value).look());
                finding
                    .help(format!(
                        "wait for the datum itself, which is followed:  at {value}  and let `{name}` go where nothing else needs it"
                    ))
                    .fix(fix)
            }
            None => finding.help(format!("set `{name}` anew where `{source}` changes")),
        };
        out.push(finding);
    }
}

/// An instant that is computed from a copy, computed from what that was copied from; none where it cannot be written so.
fn composed(value: &Expr, copy: &[String], of: &Expr) -> Option<Expr> {
    let ((base, by), (from, before)) = (split(value), split(of));
    match base {
        Expr::Path(path) if *path == *copy => {
            let by = by.saturating_add(before);
            Some(if by == 0 { from } else { Expr::Offset { base: Box::new(from), by } })
        }
        Expr::Calendar { base, days, minute } if *base == Expr::Path(copy.to_vec()) && by == 0 && before == 0 => {
            matches!(from, Expr::Path(_)).then(|| Expr::Calendar { base: Box::new(from), days, minute })
        }
        _ => None,
    }
}

/// A `set`, the places at which a journey can be when it is done, and what is done after it in the same list.
struct Site<'a> {
    at: Vec<NodeIndex>,
    node: Node,
    set: &'a Set,
    rest: &'a [Action],
    /// Whether a message does it as it leaves.
    leaves: bool,
}

/// Every `set`.
fn sites<'a>(graph: &'a Graph, journey: &'a Journey) -> Vec<Site<'a>> {
    let mut sites: BTreeMap<(Node, usize), Site<'a>> = BTreeMap::new();
    let mut add = |n: NodeIndex, node: &Node, actions: &'a [Action]| {
        for (i, action) in actions.iter().enumerate() {
            let Action::Set(set) = action else { continue };
            let node = match node {
                Node::State(journey, state) => Node::Entry(*journey, *state, i),
                stay => stay.clone(),
            };
            let rest = actions.get(i.saturating_add(1)..).unwrap_or_default();
            // An arrow of the journey stands in each state.
            sites
                .entry((node.clone(), i))
                .or_insert_with(|| Site { at: Vec::new(), node, set, rest, leaves: false })
                .at
                .push(n);
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
    let mut sites: Vec<Site<'a>> = sites.into_values().collect();
    // What a message sets as it leaves is set where its step came to rest, after all that its states do on entry.
    for (n, sent, set) in graph.set_as_they_leave() {
        let at = graph.at_once(n).into_iter().filter(|n| graph.rests(*n)).collect();
        sites.push(Site { at, node: sent.node.clone(), set, rest: &[], leaves: true });
    }
    sites
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

/// A state that waits for what is old.
struct Old<'a> {
    from: NodeIndex,
    way: Vec<EdgeIndex>,
    /// What it waits for.
    copy: &'a [String],
    /// The arrow that does, and its instant.
    node: Node,
    at: &'a Expr,
}

/// A place, what holds the old value there, and whether the source has changed since.
type Here<'a> = (NodeIndex, &'a [String], bool);

struct Search<'g, 'a> {
    graph: &'g Graph,
    journey: &'a Journey,
    source: &'a String,
}

impl<'a> Search<'_, 'a> {
    /// The shortest way on which the source changes and a copy does not, from where it is made to a state that waits for it.
    fn waited_for(&self, from: &[NodeIndex], site: &Site<'a>) -> Option<Old<'a>> {
        let mut by: BTreeMap<Here<'a>, Option<(Here<'a>, EdgeIndex)>> = BTreeMap::new();
        let mut open: VecDeque<Here<'a>> = VecDeque::new();
        for n in from {
            for copy in self.copies(&site.set.path, site.rest) {
                by.insert((*n, copy, false), None);
                open.push_back((*n, copy, false));
            }
        }
        while let Some(here) = open.pop_front() {
            let (n, copy, changed) = here;
            if changed && let Some((node, at)) = self.waits(n, copy) {
                let mut way = Vec::new();
                let mut back = here;
                while let Some((before, edge)) = by.get(&back).copied().flatten() {
                    way.push(edge);
                    back = before;
                }
                way.reverse();
                return Some(Old { from: back.0, way, copy, node, at });
            }
            let taken = |e: &Edge| copy.first().is_some_and(|first| e.takes.contains(first));
            for (id, to, edge) in self.graph.out(n).filter(|(_, _, e)| !taken(e)) {
                for copy in self.after(edge, to, copy) {
                    let next = (to, copy, changed || edge.takes.contains(self.source));
                    by.entry(next).or_insert_with(|| {
                        open.push_back(next);
                        Some((here, id))
                    });
                }
            }
        }
        None
    }

    /// What holds the old value after an arrow.
    fn after(&self, edge: &Edge, to: NodeIndex, copy: &'a [String]) -> Vec<&'a [String]> {
        if !edge.stay {
            let state = self.graph.place(to).and_then(|p| self.journey.states.get(p.state?.index()));
            return self.copies(copy, state.map_or(&[], |s| s.entry.as_slice()));
        }
        let arrow = match &edge.node {
            Node::Arrow(_, state, i) => self.journey.states.get(state.index()).and_then(|s| s.arrows.get(*i)),
            Node::JourneyArrow(_, i) => self.journey.arrows.get(*i),
            _ => None,
        };
        let stays = arrow.into_iter().flat_map(thens).filter_map(|then| match then {
            Then::Stay(actions) => Some(self.copies(copy, actions)),
            Then::Goto(_) => None,
        });
        let mut all: Vec<&[String]> = stays.flatten().collect();
        if arrow.is_none() {
            all.push(copy);
        }
        all
    }

    /// What holds the old value when these are done, of what holds it before.
    fn copies(&self, copy: &'a [String], actions: &'a [Action]) -> Vec<&'a [String]> {
        let mut all = vec![copy];
        for action in actions {
            let Action::Set(set) = action else { continue };
            let from = datum(&set.value).filter(|_| set.hook.is_none());
            let old = from.is_some_and(|from| all.contains(&from));
            all.retain(|copy| copy.first() != set.path.first());
            if old {
                all.push(&set.path);
            }
        }
        all
    }

    /// The arrow of a state that waits for the copy.
    fn waits(&self, n: NodeIndex, copy: &[String]) -> Option<(Node, &'a Expr)> {
        let state = self.graph.place(n).filter(|p| p.rests)?.state?;
        hears(self.journey, self.graph.journey, state).into_iter().find_map(|(node, arrow)| match &arrow.on {
            Trigger::At { at, .. } if datum(at).is_some_and(|path| path.starts_with(copy)) => Some((node, at)),
            _ => None,
        })
    }
}
