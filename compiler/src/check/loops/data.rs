//! Loops that end by themselves, but only as soon as some data say so.
//!
//! The language has no counters, so of all that a loop can hang on two things get nearer with every round, and each
//! is as far away as the data that came with an event:
//!
//! - **An instant.** A state of the loop has an `at T` that leads out of it, whether T comes or is past; or a condition on the
//!   way round holds only while T is ahead (`when flight.departs > now + 2h`). Time does the counting.
//! - **A step.** `set plan.next = plan.next + 1d` on the way round, and a condition that holds only while it has not
//!   reached another datum (`when plan.next < plan.ends`). That is all the arithmetic there is.
//!
//! Both only where nothing else in the loop moves that data: what an event takes over, or the directory tells, is as
//! the feed likes each time. Every other condition can hold on each round, and bounds nothing: of a datum that stays as it
//! is, that the feed brings, or that a hook says.
//!
//! A place for which there is a way round past all of these sends without end, and is told so; only for one that
//! has none the data is the bound.

use std::collections::BTreeMap;

use journey_spec::program::{Action, Branch, Cmp, Cond, Expr, Journey, Millis, Then, Trigger};
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::Case;
use crate::graph::{Edge, Graph, Kind, datum, hears, spelled, split};
use crate::spans::Node;

/// What ends a loop in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// This instant comes.
    At(String),
    /// A datum is set on, by so many milliseconds a round, until it has reached another.
    Steps { datum: String, by: Millis, until: String },
}

/// The bounds of a journey's loops that hang on data.
pub(super) struct Data {
    /// By component, with every arrow: what ends it, and the arrows without which it does not.
    instants: Vec<(String, Vec<EdgeIndex>)>,
    /// At most one: the arrows with the condition, and those on which it is set.
    steps: Option<(Ends, [Vec<EdgeIndex>; 2])>,
}

impl Data {
    pub(super) fn of(case: &Case<'_>) -> Data {
        let graph = case.graph;
        let mut data = Data { instants: Vec::new(), steps: None };
        let Some(journey) = case.program.journeys.get(graph.journey.index()) else { return data };
        let components = graph.components(|_, _, _, e| !e.stay);
        let reader = Reader { graph, journey, components: &components };
        let mut steps: BTreeMap<String, (Ends, [Vec<EdgeIndex>; 2])> = BTreeMap::new();
        for (id, from, to, edge) in graph.edges().filter(|(_, from, to, e)| !e.stay && reader.together(*from, *to)) {
            if let Some(until) = reader.left_at(to) {
                data.instants.push((until, vec![id]));
            }
            for (left, by, right) in reader.asked(from, edge) {
                if let Some(until) = reader.ahead(from, &left, by, &right) {
                    data.instants.push((until, vec![id]));
                } else if let Some((key, ends, sets)) = reader.steps(from, &left, by, &right) {
                    steps.entry(key).or_insert((ends, [Vec::new(), sets])).1[0].push(id);
                }
            }
        }
        // Of several the ways past one could lead by another: then none is counted on.
        if steps.len() == 1 {
            data.steps = steps.into_values().next();
        }
        data
    }

    pub(super) fn is_empty(&self) -> bool {
        self.instants.is_empty() && self.steps.is_none()
    }

    /// The sets of arrows of which a way round that nothing ends avoids all, one or the other.
    pub(super) fn cuts(&self) -> Vec<Vec<EdgeIndex>> {
        let instants: Vec<EdgeIndex> = self.instants.iter().flat_map(|(_, cut)| cut.iter().copied()).collect();
        let with = |more: &[EdgeIndex]| instants.iter().chain(more).copied().collect();
        match &self.steps {
            Some((_, cuts)) => cuts.iter().map(|cut| with(cut)).collect(),
            None => vec![instants],
        }
    }

    /// What ends this way round.
    pub(super) fn ends(&self, edges: &[EdgeIndex]) -> Option<Ends> {
        let passes = |cut: &[EdgeIndex]| cut.iter().any(|e| edges.contains(e));
        let instant = self.instants.iter().find(|(_, cut)| passes(cut)).map(|(until, _)| Ends::At(until.clone()));
        instant.or_else(|| {
            let (ends, cuts) = self.steps.as_ref()?;
            cuts.iter().all(|cut| passes(cut)).then(|| ends.clone())
        })
    }
}

/// What a condition on the way round says that can hold each time, and so bounds nothing, behind a `;`; empty where there is
/// none, or where the journey itself sets what it asks.
pub(super) fn holds_each_time(case: &Case<'_>, edges: &[EdgeIndex]) -> String {
    let graph = case.graph;
    let Some(journey) = case.program.journeys.get(graph.journey.index()) else { return String::new() };
    let conds = edges.iter().filter_map(|e| {
        let state = |s: &journey_spec::program::StateId| journey.states.get(s.index());
        match &graph.edge(*e)?.2.node {
            Node::Arrow(_, s, i) => state(s)?.arrows.get(*i)?.when.as_ref(),
            Node::JourneyArrow(_, i) => journey.arrows.get(*i)?.when.as_ref(),
            Node::Way(_, s, i) => match state(s)?.branch.as_ref()? {
                Branch::When(ways) => ways.get(*i)?.0.as_ref(),
                _ => None,
            },
            _ => None,
        }
    });
    let told = conds.filter_map(|cond| {
        let path = asked_of(cond)?;
        let root = path.first()?;
        let name = path.join(".");
        if root == "customer" {
            return Some(format!("; `{cond}` bounds nothing: the directory can say it each time"));
        }
        if let Some((_, _, _, edge)) = graph.edges().find(|(_, _, _, e)| e.takes.contains(root)) {
            return Some(format!("; `{cond}` bounds nothing: each `{}` brings another `{name}`", edge.word));
        }
        let set = graph.edges().any(|(_, _, _, e)| e.sets.iter().any(|set| set.first() == Some(root)))
            || graph.set_as_they_leave().any(|(_, _, set)| set.path.first() == Some(root));
        (!set).then(|| format!("; `{cond}` bounds nothing by itself: no round changes `{name}`"))
    });
    told.into_iter().next().unwrap_or_default()
}

/// The first datum that a condition asks.
fn asked_of(cond: &Cond) -> Option<&[String]> {
    match cond {
        Cond::Compare { left, right, .. } => datum(left).or_else(|| datum(right)),
        Cond::Named { value, .. } | Cond::Holds(value) => datum(value),
        Cond::Known(path) => Some(path),
        Cond::Not(inner) => asked_of(inner),
        Cond::All(all) | Cond::Any(all) => all.iter().find_map(asked_of),
    }
}

struct Reader<'a> {
    graph: &'a Graph,
    journey: &'a Journey,
    components: &'a [usize],
}

impl Reader<'_> {
    fn together(&self, a: NodeIndex, b: NodeIndex) -> bool {
        self.components.get(a.index()) == self.components.get(b.index())
    }

    /// The arrows of a node's component.
    fn around(&self, n: NodeIndex) -> impl Iterator<Item = (EdgeIndex, &Edge)> {
        let inside = move |from, to| self.together(from, n) && self.together(to, n);
        self.graph.edges().filter(move |(_, from, to, _)| inside(*from, *to)).map(|(id, _, _, e)| (id, e))
    }

    /// Whether something in a node's component, or the directory, moves what this is computed from, but for `set`s
    /// that `but` lets pass.
    fn moves(&self, n: NodeIndex, of: &[String], but: impl Fn(&[String]) -> bool) -> bool {
        let Some(root) = of.first() else { return false };
        root == "customer"
            || self.is_set_as_something_leaves(root)
            || self.around(n).any(|(_, e)| {
                e.takes.contains(root) || e.sets.iter().any(|path| path.first() == Some(root) && !but(path))
            })
    }

    /// Whether a message of the journey sets it as it leaves, which may be at any time, and not on an arrow.
    fn is_set_as_something_leaves(&self, root: &String) -> bool {
        self.graph.set_as_they_leave().any(|(_, _, set)| set.path.first() == Some(root))
    }

    /// The instant at which a state is left for good, whether it comes or is past.
    fn left_at(&self, n: NodeIndex) -> Option<String> {
        let state = self.graph.place(n).filter(|p| p.rests)?.state?;
        hears(self.journey, self.graph.journey, state).iter().find_map(|(node, arrow)| {
            let Trigger::At { at, if_past } = &arrow.on else { return None };
            let goes = |then: &Then| matches!(then, Then::Goto(to) if !self.graph.refusable(*to));
            // Wherever limits may redirect it.
            let out = self.graph.out(n).filter(|(_, _, e)| e.node == *node).all(|(_, to, _)| !self.together(n, to));
            let of = datum(at)?;
            let sure = arrow.when.is_none() && goes(&arrow.then) && goes(if_past) && out;
            (sure && !self.moves(n, of, |_| false)).then(|| spelled(at))
        })
    }

    /// The comparisons that have to hold for an arrow to be taken.
    fn asked(&self, from: NodeIndex, edge: &Edge) -> Vec<(Expr, Cmp, Expr)> {
        let state = |n: NodeIndex| self.graph.place(n).and_then(|p| self.journey.states.get(p.state?.index()));
        let mut out = Vec::new();
        match &edge.node {
            Node::Way(_, _, way) => {
                let Some(Branch::When(ways)) = state(from).and_then(|s| s.branch.as_ref()) else { return out };
                for (i, (cond, _)) in ways.iter().enumerate().take(way.saturating_add(1)) {
                    cond.iter().for_each(|c| comparisons(c, i == *way, &mut out));
                }
            }
            Node::Arrow(_, s, i) => {
                let arrow = self.journey.states.get(s.index()).and_then(|s| s.arrows.get(*i));
                arrow.iter().filter_map(|a| a.when.as_ref()).for_each(|c| comparisons(c, true, &mut out));
            }
            Node::JourneyArrow(_, i) => {
                let arrow = self.journey.arrows.get(*i);
                arrow.iter().filter_map(|a| a.when.as_ref()).for_each(|c| comparisons(c, true, &mut out));
            }
            _ => {}
        }
        // That an instant is past is taken whatever a condition says of the time when it would have come.
        if edge.kind == Kind::Past { Vec::new() } else { out }
    }

    /// For a comparison that holds only while an instant is ahead: that instant.
    fn ahead(&self, n: NodeIndex, left: &Expr, by: Cmp, right: &Expr) -> Option<String> {
        let (of, other) = match by {
            Cmp::More | Cmp::AtLeast => (left, right),
            Cmp::Less | Cmp::AtMost => (right, left),
            Cmp::Is => return None,
        };
        let ((base, x), (now, y)) = (split(of), split(other));
        let path = datum(&base).filter(|_| now == Expr::Now)?;
        let until = Expr::Offset { base: Box::new(base.clone()), by: x.saturating_sub(y) };
        (!self.moves(n, path, |_| false)).then(|| spelled(&until))
    }

    /// For a comparison that holds only until a datum that is set on has reached another: which, and the arrows on which
    /// it is set.
    fn steps(&self, n: NodeIndex, left: &Expr, by: Cmp, right: &Expr) -> Option<(String, Ends, Vec<EdgeIndex>)> {
        let upwards = |small: &Expr, large: &Expr| self.stepped(n, small, large, true);
        let downwards = |large: &Expr, small: &Expr| self.stepped(n, large, small, false);
        match by {
            Cmp::Less | Cmp::AtMost => upwards(left, right).or_else(|| downwards(right, left)),
            Cmp::More | Cmp::AtLeast => upwards(right, left).or_else(|| downwards(left, right)),
            Cmp::Is => None,
        }
    }

    fn stepped(&self, n: NodeIndex, of: &Expr, until: &Expr, up: bool) -> Option<(String, Ends, Vec<EdgeIndex>)> {
        let (Expr::Path(path), _) = split(of) else { return None };
        let (end, _) = split(until);
        let stays = match &end {
            Expr::Path(end) => end != &path && !self.moves(n, end, |set| set == path.as_slice()),
            Expr::Literal(_) => true,
            _ => false,
        };
        let steps = self.sets_on(&path);
        let least = steps.iter().map(|d| if up { *d } else { d.saturating_neg() }).min().filter(|d| *d > 0)?;
        let only = !self.moves(n, &path, |set| set == path.as_slice());
        let sets: Vec<EdgeIndex> =
            self.around(n).filter(|(_, e)| !e.stay && e.sets.contains(&path)).map(|(id, _)| id).collect();
        let name = path.join(".");
        let ends = Ends::Steps { datum: name.clone(), by: least, until: spelled(until) };
        (stays && only && !sets.is_empty()).then(|| (format!("{name} {}", spelled(until)), ends, sets))
    }

    /// By how much each `set` of the journey moves this datum on; none at all where one does anything else with it.
    fn sets_on(&self, path: &[String]) -> Vec<Millis> {
        let mut steps = Vec::new();
        let mut odd = false;
        let mut see = |actions: &[Action], entry: bool| {
            for action in actions {
                let Action::Set(set) = action else { continue };
                if set.path != path {
                    continue;
                }
                match split(&set.value) {
                    (Expr::Path(of), d) if of == path && d != 0 && set.hook.is_none() && entry => steps.push(d),
                    _ => odd = true,
                }
            }
        };
        for state in &self.journey.states {
            see(&state.entry, true);
            for arrow in &state.arrows {
                stays(&arrow.then, &mut |actions| see(actions, false));
            }
        }
        for arrow in &self.journey.arrows {
            stays(&arrow.then, &mut |actions| see(actions, false));
        }
        odd |= self.graph.set_as_they_leave().any(|(_, _, set)| set.path == path);
        if odd { Vec::new() } else { steps }
    }
}

fn stays(then: &Then, see: &mut impl FnMut(&[Action])) {
    if let Then::Stay(actions) = then {
        see(actions);
    }
}

/// The comparisons that have to hold where a condition holds, or fails.
fn comparisons(cond: &Cond, holds: bool, out: &mut Vec<(Expr, Cmp, Expr)>) {
    match (cond, holds) {
        (Cond::Compare { left, by, right }, true) => out.push((left.clone(), *by, right.clone())),
        (Cond::Compare { left, by, right }, false) => {
            let by = match by {
                Cmp::Is => return,
                Cmp::Less => Cmp::AtLeast,
                Cmp::AtMost => Cmp::More,
                Cmp::More => Cmp::AtMost,
                Cmp::AtLeast => Cmp::Less,
            };
            out.push((left.clone(), by, right.clone()));
        }
        (Cond::Not(inner), holds) => comparisons(inner, !holds, out),
        (Cond::All(all), true) | (Cond::Any(all), false) => all.iter().for_each(|c| comparisons(c, holds, out)),
        _ => {}
    }
}
