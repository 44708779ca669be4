//! Which states and arrows of the journeys no scenario came by.
//!
//! What was come by is told by the step function itself, part by part; here is only the list of what there is.

use std::collections::{BTreeMap, BTreeSet};

use journey_compiler::Compilation;
use journey_compiler::spans::Node;
use journey_spec::program::{Action, Arrow, Journey, JourneyId, StateId, Then, Trigger};
use journey_step::effect::{Took, Way};
use serde::Serialize;

use crate::project::Compiled;
use crate::screen::{BOLD, DIM, GOOD, WARN, styled};

/// A journey and what of it was come by.
pub(crate) struct Covered {
    /// The journey's name.
    pub(crate) journey: String,
    /// Its states and ends, then its arrows and limits, each in source order.
    pub(crate) parts: Vec<Part>,
}

/// A part of a journey.
pub(crate) struct Part {
    kind: Kind,
    /// As it stands in the source.
    text: String,
    place: Place,
    taken: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    State,
    Arrow,
    Limit,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Place {
    path: String,
    line: u32,
    column: u32,
}

/// What scenarios came by in each of the projects, by position.
pub(crate) type Seen = BTreeMap<usize, BTreeSet<Took>>;

/// The journeys of all projects, each once though several projects use its file.
pub(crate) fn of(all: &[Compiled], seen: &Seen) -> Vec<Covered> {
    let mut journeys: BTreeMap<(Place, String), Vec<Part>> = BTreeMap::new();
    let nothing = BTreeSet::new();
    for (number, compiled) in all.iter().enumerate() {
        let Some(program) = compiled.compilation.runnable() else { continue };
        let taken = seen.get(&number).unwrap_or(&nothing);
        for (journey, id) in program.journeys.iter().zip(0..) {
            let id = JourneyId(id);
            let parts = parts(&compiled.compilation, journey, id, taken);
            let key = (place(&compiled.compilation, &Node::Journey(id)), journey.name.to_string());
            match journeys.get_mut(&key) {
                // The same text gives the same parts in the same order.
                Some(known) => known.iter_mut().zip(parts).for_each(|(known, part)| known.taken |= part.taken),
                None => drop(journeys.insert(key, parts)),
            }
        }
    }
    journeys.into_iter().map(|((_, journey), parts)| Covered { journey, parts }).collect()
}

fn parts(compilation: &Compilation, journey: &Journey, id: JourneyId, taken: &BTreeSet<Took>) -> Vec<Part> {
    let mut parts: Vec<Part> = ways(journey, id)
        .into_iter()
        .map(|(way, node)| {
            let source = written(compilation, &node);
            let (kind, text) = match &way {
                Way::State(state) => {
                    let state = journey.states.get(state.index());
                    let word = if state.is_some_and(|s| s.end.is_some()) { "end" } else { "state" };
                    (Kind::State, format!("{word} {}", state.map_or("", |s| s.name.as_str())))
                }
                Way::Limit(_) => (Kind::Limit, source),
                Way::Arrow { past: true, .. } | Way::Everywhere { past: true, .. } => {
                    (Kind::Arrow, format!("{source}   (where it is past)"))
                }
                Way::OnSent(_) => (Kind::Arrow, format!("{source}   (its own `on sent`)")),
                Way::OnBlocked(_) => (Kind::Arrow, format!("{source}   (its own `on blocked`)")),
                Way::OnFailed(_) => (Kind::Arrow, format!("{source}   (its own `on failed`)")),
                _ => (Kind::Arrow, source),
            };
            let taken = taken.contains(&Took { journey: id, way });
            Part { kind, text, place: place(compilation, &node), taken }
        })
        .collect();
    parts.sort_by(|a, b| (a.kind != Kind::State, &a.place).cmp(&(b.kind != Kind::State, &b.place)));
    parts
}

/// What scenarios came by in a journey of a project.
pub(crate) fn taken(seen: &Seen, project: usize, journey: JourneyId) -> BTreeSet<Way> {
    let took = seen.get(&project).into_iter().flatten();
    took.filter(|t| t.journey == journey).map(|t| t.way.clone()).collect()
}

/// All that an instance of a journey can come by, and where each stands.
pub(crate) fn ways(journey: &Journey, id: JourneyId) -> Vec<(Way, Node)> {
    let mut ways: Vec<(Way, Node)> = Vec::new();
    for i in 0..journey.starts.len() {
        ways.push((Way::Start(i), Node::Start(id, i)));
    }
    for i in 0..journey.limits.len() {
        ways.push((Way::Limit(i), Node::Limit(id, i)));
    }
    for (arrow, i) in journey.arrows.iter().zip(0..) {
        let node = Node::JourneyArrow(id, i);
        both(arrow, |past| Way::Everywhere { arrow: i, past }, &node, &mut ways);
        staying(&arrow.then, |k| Node::JourneyStay(id, i, k), &mut ways);
    }
    for (state, number) in journey.states.iter().zip(0..) {
        let number = StateId(number);
        ways.push((Way::State(number), Node::State(id, number)));
        if state.next.is_some() {
            ways.push((Way::Next(number), Node::Next(id, number)));
        }
        let branches = state.branch.as_ref().map_or(0, |branch| branch.ways().len());
        ways.extend((0..branches).map(|i| (Way::Branch(number, i), Node::Way(id, number, i))));
        reactions(&state.entry, |k| Node::Entry(id, number, k), &mut ways);
        for action in &state.entry {
            if let Action::Call(call) = action {
                let outcomes = call.outcomes.keys();
                ways.extend(outcomes.map(|o| (Way::Outcome(number, o.clone()), Node::Outcome(id, number, o.clone()))));
            }
        }
        for (arrow, i) in state.arrows.iter().zip(0..) {
            let node = Node::Arrow(id, number, i);
            both(arrow, |past| Way::Arrow { state: number, arrow: i, past }, &node, &mut ways);
            staying(&arrow.then, |k| Node::Stay(id, number, i, k), &mut ways);
        }
    }
    ways
}

/// An arrow, and for an `at` also what it does where its instant is past.
fn both(arrow: &Arrow, way: impl Fn(bool) -> Way, node: &Node, ways: &mut Vec<(Way, Node)>) {
    ways.push((way(false), node.clone()));
    if matches!(arrow.on, Trigger::At { .. }) {
        ways.push((way(true), node.clone()));
    }
}

fn staying(then: &Then, node: impl Fn(usize) -> Node, ways: &mut Vec<(Way, Node)>) {
    if let Then::Stay(actions) = then {
        reactions(actions, node, ways);
    }
}

/// What messages say themselves of having left, being blocked or failing.
fn reactions(actions: &[Action], node: impl Fn(usize) -> Node, ways: &mut Vec<(Way, Node)>) {
    for (i, action) in actions.iter().enumerate() {
        let Action::Send(send) = action else { continue };
        if !send.on_sent.is_empty() {
            ways.push((Way::OnSent(send.message), node(i)));
        }
        if send.on_blocked.is_some() {
            ways.push((Way::OnBlocked(send.message), node(i)));
        }
        if send.on_failed.is_some() {
            ways.push((Way::OnFailed(send.message), node(i)));
        }
    }
}

fn place(compilation: &Compilation, node: &Node) -> Place {
    let span = compilation.spans.get(node);
    let source = compilation.sources.get(span.file);
    let at = source.map(|s| s.line_col(span.start));
    Place {
        path: source.map(|s| s.path.clone()).unwrap_or_default(),
        line: at.map_or(1, |a| a.line),
        column: at.map_or(1, |a| a.column),
    }
}

/// The part's first line as it stands in the source, without the comment behind it.
fn written(compilation: &Compilation, node: &Node) -> String {
    let span = compilation.spans.get(node);
    let text = compilation.sources.get(span.file).map(|s| s.slice(span)).unwrap_or_default();
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().trim();
    let first = if lines.next().is_some() { format!("{first} …") } else { first.to_owned() };
    crate::timeline::visible(&first).split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Covered {
    fn count(&self, of: impl Fn(&Part) -> bool) -> Count {
        let parts = || self.parts.iter().filter(|p| of(p));
        Count { taken: parts().filter(|p| p.taken).count(), all: parts().count() }
    }
}

#[derive(Clone, Copy, Serialize)]
struct Count {
    taken: usize,
    all: usize,
}

impl Count {
    /// In whole percent, rounded down, so that 100 means all.
    fn percent(self) -> usize {
        (self.taken * 100).checked_div(self.all).unwrap_or(100)
    }
}

/// For a person: a line a journey, and a line for each part that nothing came by.
pub(crate) fn human(covered: &[Covered]) -> String {
    let mut out = format!("\n{}\n", styled(BOLD, "what the scenarios came by"));
    let wide = covered.iter().map(|c| c.journey.chars().count()).max().unwrap_or(0);
    for journey in covered {
        let states = journey.count(|p| p.kind == Kind::State);
        let arrows = journey.count(|p| p.kind == Kind::Arrow);
        let limits = journey.count(|p| p.kind == Kind::Limit);
        let percent = journey.count(|_| true).percent();
        let limits =
            if limits.all == 0 { String::new() } else { format!(", {} of {} limits", limits.taken, limits.all) };
        let style = if percent == 100 { GOOD } else { WARN };
        out.push_str(&format!(
            "  {:<wide$}  {}  {} of {} states, {} of {} arrows{limits}\n",
            journey.journey,
            styled(style, format!("{percent:>3} %")),
            states.taken,
            states.all,
            arrows.taken,
            arrows.all
        ));
        for part in journey.parts.iter().filter(|p| !p.taken) {
            let Place { path, line, .. } = &part.place;
            out.push_str(&format!("    {}  {}\n", styled(DIM, format!("{path}:{line}")), part.text));
        }
    }
    out
}

/// A journey's coverage as a tool reads it.
#[derive(Serialize)]
pub(crate) struct Report {
    journey: String,
    percent: usize,
    states: Count,
    arrows: Count,
    limits: Count,
    untaken: Vec<Untaken>,
}

#[derive(Serialize)]
struct Untaken {
    kind: Kind,
    #[serde(flatten)]
    place: Place,
    text: String,
}

/// For tools.
pub(crate) fn reports(covered: &[Covered]) -> Vec<Report> {
    let untaken = |p: &Part| Untaken { kind: p.kind, place: p.place.clone(), text: p.text.clone() };
    covered
        .iter()
        .map(|c| Report {
            journey: c.journey.clone(),
            percent: c.count(|_| true).percent(),
            states: c.count(|p| p.kind == Kind::State),
            arrows: c.count(|p| p.kind == Kind::Arrow),
            limits: c.count(|p| p.kind == Kind::Limit),
            untaken: c.parts.iter().filter(|p| !p.taken).map(untaken).collect(),
        })
        .collect()
}

/// Over all journeys, in words.
pub(crate) fn total(covered: &[Covered]) -> String {
    let parts = || covered.iter().flat_map(|c| &c.parts);
    let count = Count { taken: parts().filter(|p| p.taken).count(), all: parts().count() };
    format!("{} of {} states, arrows and limits were come by ({} %)", count.taken, count.all, count.percent())
}
