//! Promises: what was said to come has to come, or be taken back, by its deadline, on every path and with every feed,
//! also a silent one.
//!
//! - Deadline `by T - d`: from which R, the time left until T, every way keeps it is computed backwards
//!   ([`precondition`]; [`places`] says what each construct becomes there), and with which R the state that promises
//!   can be come to at all forwards. What is in both is told, with the time that would have been enough ([`by`]) and a condition
//!   that asks for it ([`guard`]). An `at` of the same T proves most: moving T moves it along, or makes it past
//!   in the same step. An `after` counts from entering, so it proves nothing where T can move. For calendar days T
//!   lies wherever the customer may be ([`clock`]).
//! - Deadline `within D`: the longest way through the states that are entered with the promise open, each left by its
//!   soonest forced arrow at the latest, takes at most `D`; a cycle of them has no longest way.
//!
//! A promise is made when its message leaves. One that rules can make wait is therefore looked at also in each state in
//! which its step may have come to rest, where whatever keeps the promise on the way there has left already, unless its
//! `valid until` has passed by then.
//!
//! An end with the promise open breaks it. STOP makes it void, so arrows of `on opt out` are not followed. A new promise
//! of the same name is looked at for itself, and does not relieve the old one. That the keeping message itself can be held
//! back, by a limit or quiet hours that it does not pass, is told once a promise; that it cannot reach everybody to whom
//! the promise can be made, once a promising send. That news moves a time that was said, in silence, is told once an event
//! ([`moved`]).

mod by;
mod clock;
mod guard;
mod late;
mod moved;
mod places;
mod precondition;
mod reach;
mod truth;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use journey_spec::codes::{J0501, J0502};
use journey_spec::program::{Deadline, Expr, Journey, Millis, Promise};
use journey_spec::time::spelled_duration;
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::{Case, story};
use crate::diagnostics::{Finding, did_you_mean};
use crate::graph::{Edge, Graph, Kind, Sent, sets, spelled, split};
use crate::spans::Node;
use places::discharges;
use precondition::Mode;
use truth::{Truth, Vain};

/// No path leaves a promise open past its deadline.
pub(super) fn are_kept_on_every_path(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let Some(journey) = case.program.journeys.get(graph.journey.index()) else { return };
    let reach = graph.reachable();
    let all: Vec<_> = graph.all_sends().filter(|(n, _)| reach.contains(n)).map(|(n, s)| (n, s.clone())).collect();
    let mut held: BTreeSet<String> = BTreeSet::new();
    let mut asked: BTreeSet<&Node> = BTreeSet::new();
    let truth = Truth::of(case, journey);
    let mut known = by::Cache::default();
    for (from, sent) in &all {
        let Some(promise) = &sent.send.promising else { continue };
        if !all.iter().any(|(_, s)| discharges(s, &promise.name)) {
            // Nothing keeps it at all: J0502 says so.
            continue;
        }
        match &promise.deadline {
            Deadline::By(_) => {
                let broken = by::broken(case, journey, &truth, &mut known, (*from, sent, promise));
                out.extend(broken.or_else(|| {
                    let walk = Open::walk(graph, &truth, *from, sent, promise);
                    let broken = walk.set_by_the_journey(journey, sent, promise)?;
                    Some(tell(case, &walk, sent, promise, &broken))
                }));
            }
            Deadline::Within(d) => out.extend(within(case, journey, &truth, (*from, sent, promise), *d)),
        }
        // What stands in the journey is found in each of its states.
        if asked.insert(&sent.node) {
            reach::out_of_reach(case, journey, &all, sent, promise, out);
        }
        if held.insert(promise.name.clone()) {
            reach::held_back(case, journey, &all, sent, promise, out);
        }
    }
    moved::in_silence(case, journey, &truth, &all, out);
}

/// What breaks a promise `within` a time.
fn within(
    case: &Case<'_>,
    journey: &Journey,
    truth: &Truth<'_>,
    (from, sent, promise): (NodeIndex, &Sent, &Promise),
    d: Millis,
) -> Option<Finding> {
    let walk = Open::walk(case.graph, truth, from, sent, promise);
    if let Some(broken) = walk.within(promise, d) {
        let broken = walk.in_vain(case, promise, &broken).unwrap_or(broken);
        return Some(tell(case, &walk, sent, promise, &broken));
    }
    // The promising message may have to wait, and leave when what would keep the promise has left already.
    late::rests(case, journey, from, sent).into_iter().find_map(|rest| {
        let stays = matches!(sent.node, Node::Stay(..) | Node::JourneyStay(..));
        let made_by = if stays { Millis::MAX } else { late::longest(case, sent) };
        let walk = Open::from(case.graph, truth, rest, Some(made_by), promise);
        let broken = walk.within(promise, d)?;
        let vain = walk.in_vain(case, promise, &broken);
        let mut broken = match vain {
            Some(vain) => vain,
            None => Broken { help: late::help(case, journey, from, rest, sent, &promise.name), ..broken },
        };
        let name = late::name(case, sent);
        broken.story = format!("where `{name}` waits and leaves only now, {}", broken.story);
        Some(tell(case, &walk, sent, promise, &broken))
    })
}

/// Whether the same entry or `stay` surely keeps or withdraws the promise after it has made it.
fn said_later(graph: &Graph, truth: &Truth<'_>, from: NodeIndex, sent: &Sent, promise: &Promise) -> bool {
    let entry = graph.place(from).map_or(&[][..], |p| p.sends.as_slice());
    let stays = graph.out(from).find(|(_, _, e)| e.sends.iter().any(|s| s.node == sent.node));
    let (list, mode) = match (&sent.node, stays) {
        (Node::Entry(..), _) | (_, None) => (entry, Mode::Entered),
        (_, Some((_, _, e))) => (e.sends.as_slice(), Mode::Lasts),
    };
    let later = list.iter().skip_while(|s| s.node != sent.node).skip(1);
    later.filter(|s| discharges(s, &promise.name)).any(|s| truth.is_sure(from, mode, s))
}

/// The nodes that can be entered with the promise open.
struct Open<'g> {
    graph: &'g Graph,
    truth: &'g Truth<'g>,
    from: NodeIndex,
    by: BTreeMap<NodeIndex, Option<EdgeIndex>>,
    order: Vec<NodeIndex>,
    /// Made so long after the first visit began at most, so that what that said before may be spent already; none where
    /// it is made as the visit begins.
    made_by: Option<Millis>,
}

/// How a promise breaks.
struct Broken {
    at: NodeIndex,
    /// What to show of it, where that is not the whole place.
    node: Option<Node>,
    what: String,
    story: String,
    help: String,
    cycle: Vec<EdgeIndex>,
}

impl<'g> Open<'g> {
    /// From the step that sends the promise.
    fn walk(graph: &'g Graph, truth: &'g Truth<'g>, from: NodeIndex, sent: &Sent, promise: &Promise) -> Open<'g> {
        let stays = matches!(sent.node, Node::Stay(..) | Node::JourneyStay(..));
        let made_by = stays.then_some(Millis::MAX);
        if said_later(graph, truth, from, sent, promise) {
            return Open { graph, truth, from, by: BTreeMap::new(), order: Vec::new(), made_by };
        }
        Open::from(graph, truth, from, made_by, promise)
    }

    /// From a node in which the promise is open.
    fn from(
        graph: &'g Graph,
        truth: &'g Truth<'g>,
        from: NodeIndex,
        made_by: Option<Millis>,
        promise: &Promise,
    ) -> Open<'g> {
        let by_time = matches!(promise.deadline, Deadline::Within(_));
        // What is no longer true keeps nothing. Of a deadline that data moves the precondition knows more.
        let keeps =
            |to: NodeIndex, s: &Sent| discharges(s, &promise.name) && (!by_time || truth.is_sure(to, Mode::Entered, s));
        let mut open = Open { graph, truth, from, by: BTreeMap::from([(from, None)]), order: Vec::new(), made_by };
        let mut queue = VecDeque::from([from]);
        while let Some(n) = queue.pop_front() {
            open.order.push(n);
            for (id, to, edge) in graph.out(n) {
                let kept = graph.place(to).is_some_and(|p| p.sends.iter().any(|s| keeps(to, s)));
                if followed(edge) && !kept && !open.by.contains_key(&to) {
                    open.by.insert(to, Some(id));
                    queue.push_back(to);
                }
            }
        }
        open
    }

    fn way(&self, to: NodeIndex) -> Vec<EdgeIndex> {
        let mut edges = Vec::new();
        let mut at = to;
        while let Some(e) = self.by.get(&at).copied().flatten() {
            edges.push(e);
            let Some((from, ..)) = self.graph.edge(e) else { break };
            at = from;
        }
        edges.reverse();
        edges
    }

    /// What comes on the way to where it breaks, and may be no longer true by then.
    fn in_vain(&self, case: &Case<'_>, promise: &Promise, broken: &Broken) -> Option<Broken> {
        let entered = self.way(broken.at).into_iter().rev().filter_map(|e| Some(self.graph.edge(e)?.1));
        let vain = entered.into_iter().find_map(|n| Vain::of(self.graph, self.truth, n, &promise.name))?;
        let (what, story, help) = vain.at_any_time(case);
        Some(Broken { at: vain.place, node: Some(vain.node()), what, story, help, cycle: Vec::new() })
    }

    fn ended(&self) -> Option<Broken> {
        let end = self.order.iter().find(|n| self.graph.ends(**n))?;
        Some(Broken {
            at: *end,
            node: None,
            what: "ends with the promise open".into(),
            story: "it is over, and what was promised never comes".into(),
            help: "keep or withdraw it on the way, for example  send … withdrawing …".into(),
            cycle: Vec::new(),
        })
    }

    /// `by T`: while the promise is open the journey does not move T itself; a customer who was told T relies on it.
    fn set_by_the_journey(&self, journey: &Journey, sent: &Sent, promise: &Promise) -> Option<Broken> {
        let Deadline::By(by) = &promise.deadline else { return None };
        let Expr::Path(base) = split(by).0 else { return None };
        let moves = |path: &Vec<String>| path.iter().zip(&base).all(|(a, b)| a == b);
        let graph = self.graph;
        let later = |n: NodeIndex| -> bool {
            let Some(state) = graph.place(n).and_then(|p| p.state) else { return false };
            let entry = journey.states.get(state.index()).map_or(&[][..], |s| s.entry.as_slice());
            let again = self.order.iter().any(|m| graph.out(*m).any(|(_, to, e)| to == n && followed(e)));
            let skip = match &sent.node {
                // What stands before the promise is set by then, unless the state is entered again with it open.
                Node::Entry(_, at, i) if *at == state && !again => i.saturating_add(1),
                _ => 0,
            };
            let own = entry.get(skip..).unwrap_or_default();
            sets(own).iter().any(moves) || graph.out(n).any(|(_, _, e)| e.stay && e.sets.iter().any(moves))
        };
        let at = self.order.iter().copied().find(|n| later(*n))?;
        Some(Broken {
            at,
            node: None,
            what: format!("sets `{}`, from which the promise's deadline is computed", base.join(".")),
            story: format!("and the journey itself sets `{}`: what was promised moves with it", base.join(".")),
            help: "set it before the promise, or keep or withdraw the promise first".into(),
            cycle: Vec::new(),
        })
    }

    /// `within D`: the longest way through the open states.
    fn within(&self, promise: &Promise, d: Millis) -> Option<Broken> {
        let graph = self.graph;
        let due = spelled_duration(d);
        let help = || {
            format!("lead on in time whatever comes in, for example  after {} -> …", spelled_duration((d / 2).max(1)))
        };
        let soonest = |n: NodeIndex| -> Option<Millis> {
            if !graph.rests(n) {
                return Some(0);
            }
            let keeps = |e: &Edge| {
                e.stay
                    && !e.guarded
                    && e.kind == Kind::After
                    && e.sends.iter().any(|s| discharges(s, &promise.name) && self.truth.is_sure(n, Mode::Lasts, s))
                    && !(n == self.from && self.made_by.is_some_and(|d| e.lo <= d))
            };
            graph
                .out(n)
                .filter(|(_, _, e)| e.forced || keeps(e))
                .filter_map(|(_, _, e)| match e.kind {
                    Kind::After => Some(e.deadline.unwrap_or(e.lo)),
                    Kind::Outcome => e.deadline,
                    _ => None,
                })
                .min()
        };
        let silent = self.order.iter().filter(|n| !graph.ends(**n)).find(|n| soonest(**n).is_none()).map(|n| Broken {
            at: *n,
            node: None,
            what: "waits for something that may never come".into(),
            story: format!("the feed goes silent, {due} pass, and nobody says anything"),
            help: help(),
            cycle: Vec::new(),
        });
        if let Some(broken) = first_of(self, [self.ended(), silent]) {
            return Some(broken);
        }
        // Longest times in topological order; what is left when no node without incoming arrows is, lies on a cycle.
        let inner = |n: NodeIndex| {
            graph.out(n).filter(|(_, to, e)| followed(e) && self.by.contains_key(to)).map(|(id, to, _)| (id, to))
        };
        let mut incoming: BTreeMap<NodeIndex, usize> = self.order.iter().map(|n| (*n, 0)).collect();
        for n in &self.order {
            for (_, to) in inner(*n) {
                *incoming.entry(to).or_default() += 1;
            }
        }
        let mut longest: BTreeMap<NodeIndex, Millis> = BTreeMap::new();
        let mut ready: Vec<_> = incoming.iter().filter(|(_, c)| **c == 0).map(|(n, _)| *n).collect();
        let mut late: Option<(NodeIndex, Millis)> = None;
        while let Some(n) = ready.pop() {
            let left = longest.get(&n).copied().unwrap_or(0).saturating_add(soonest(n).unwrap_or(0));
            if left > d && late.is_none_or(|(_, worst)| left > worst) {
                late = Some((n, left));
            }
            for (_, to) in inner(n) {
                let slot = longest.entry(to).or_insert(0);
                *slot = (*slot).max(left);
                if let Some(count) = incoming.get_mut(&to) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        ready.push(to);
                    }
                }
            }
        }
        let round = self.order.iter().find_map(|n| {
            incoming.get(n).filter(|c| **c > 0)?;
            inner(*n).find_map(|(id, to)| {
                let back = graph.paths([to], true, |_, _, t, e| followed(e) && self.by.contains_key(&t));
                back.dist(*n)?;
                let mut cycle = vec![id];
                cycle.extend(back.path(graph, *n));
                Some((*n, cycle))
            })
        });
        if let Some((n, cycle)) = round {
            let story = format!("again and again: each time the wait begins anew, and {due} pass");
            return Some(Broken {
                at: n,
                node: None,
                what: "can be put off without end".into(),
                story,
                help: help(),
                cycle,
            });
        }
        let (at, worst) = late?;
        Some(Broken {
            at,
            node: None,
            what: format!(
                "may be left only {} after the promise, which falls due after {due}",
                spelled_duration(worst)
            ),
            story: format!("{} have gone by, and {due} were promised", spelled_duration(worst)),
            help: help(),
            cycle: Vec::new(),
        })
    }
}

/// Arrows that take the instance elsewhere with the promise open: STOP makes it void.
fn followed(edge: &Edge) -> bool {
    !edge.stay && edge.kind != Kind::OptOut
}

/// The nearer of two ways to break it.
fn first_of(open: &Open<'_>, ways: [Option<Broken>; 2]) -> Option<Broken> {
    let rank = |b: &Broken| open.order.iter().position(|n| *n == b.at);
    ways.into_iter().flatten().min_by_key(rank)
}

/// A state whose entry withdraws or keeps the promise.
fn keeper<'a>(case: &Case<'a>, name: &str) -> Option<&'a str> {
    let graph = case.graph;
    let with = |n: &NodeIndex, withdraws: bool| {
        graph.place(*n).is_some_and(|p| {
            p.sends.iter().any(
                |s| if withdraws { s.send.withdrawing.as_deref() } else { s.send.keeping.as_deref() } == Some(name),
            )
        })
    };
    let found = graph.nodes().find(|n| with(n, true)).or_else(|| graph.nodes().find(|n| with(n, false)))?;
    Some(graph.label(found))
}

fn tell(case: &Case<'_>, open: &Open<'_>, sent: &Sent, promise: &Promise, broken: &Broken) -> Finding {
    let graph = case.graph;
    let way = open.way(broken.at);
    let deadline = match &promise.deadline {
        Deadline::By(by) => format!("by {}", spelled(by)),
        Deadline::Within(d) => format!("within {}", spelled_duration(*d)),
    };
    Finding::new(
        &J0501,
        case.spans.get(&sent.node),
        format!("a customer who was promised `{}` {deadline} may wait for it in vain", promise.name),
    )
    .label("makes the promise")
    .also(case.spans.get(&broken.node.clone().unwrap_or_else(|| graph.node_of(broken.at))), broken.what.clone())
    .how(format!(
        "{} (`{}` promised){}{}; {}",
        story::from_start(graph, open.from),
        promise.name,
        story::along(graph, &way),
        story::along(graph, &broken.cycle),
        broken.story
    ))
    .help(broken.help.clone())
}

/// What is kept or withdrawn was promised before, and what is promised is kept or withdrawn somewhere.
pub(super) fn are_made_before_they_are_kept(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let all: Vec<_> = graph.all_sends().collect();
    let reach = graph.reachable();
    let made: BTreeSet<&str> =
        all.iter().filter_map(|(_, s)| s.send.promising.as_ref().map(|p| p.name.as_str())).collect();
    // What stands where nothing leads keeps nothing.
    let ended: BTreeSet<&str> = all
        .iter()
        .filter(|(n, _)| reach.contains(n))
        .flat_map(|(_, s)| [s.send.keeping.as_deref(), s.send.withdrawing.as_deref()])
        .flatten()
        .collect();
    let makes = |s: &Sent, name: &str| s.send.promising.as_ref().is_some_and(|p| p.name == name);
    let later: BTreeMap<&str, BTreeSet<NodeIndex>> = made
        .iter()
        .map(|name| (*name, graph.entered_after(all.iter().filter(|(_, s)| makes(s, name)).map(|(n, _)| *n))))
        .collect();
    for (n, sent) in &all {
        for name in [sent.send.keeping.as_deref(), sent.send.withdrawing.as_deref()].into_iter().flatten() {
            let here = |m: &NodeIndex, s: &Sent| m == n && makes(s, name) && follows(graph, *n, &s.node, &sent.node);
            let before = later.get(name).is_some_and(|l| l.contains(n)) || all.iter().any(|(m, s)| here(m, s));
            if before || !reach.contains(n) {
                continue;
            }
            let text = match made.contains(name) {
                true => format!("`{name}` is kept or withdrawn here, and no path before has promised it to a customer"),
                false => format!("`{name}` is kept or withdrawn here, and nothing promises it to a customer"),
            };
            let mut finding = Finding::new(&J0502, case.spans.get(&sent.node), text)
                .label("no promise of this name is open here")
                .how(story::from_start(graph, *n));
            finding = match did_you_mean(name, made.iter().copied()) {
                Some(hint) => finding.help(hint),
                None => finding.help(format!("promise it first:  send … promising {name} by …")),
            };
            out.push(finding);
        }
    }
    let mut told = BTreeSet::new();
    for (_, sent) in &all {
        let Some(promise) = &sent.send.promising else { continue };
        if ended.contains(promise.name.as_str()) || !told.insert(promise.name.as_str()) {
            continue;
        }
        let mut finding = Finding::new(
            &J0502,
            case.spans.get(&sent.node),
            format!("a customer is promised `{}`, and nothing ever keeps or withdraws it", promise.name),
        )
        .label("the promise that stays open");
        finding = match did_you_mean(&promise.name, ended.iter().copied()) {
            Some(hint) => finding.help(hint),
            None => finding.help(format!("keep it where it comes true:  send … keeping {}", promise.name)),
        };
        out.push(finding);
    }
}

/// Whether, in one visit, the second place can come after the first.
fn follows(graph: &Graph, n: NodeIndex, first: &Node, second: &Node) -> bool {
    let list = graph.place(n).map_or(&[][..], |p| p.sends.as_slice());
    let at = |node: &Node| list.iter().position(|s| s.node == *node);
    match (at(first), at(second)) {
        (Some(a), Some(b)) => a < b,
        // What a stay sends comes after the entry; of two stays either may be first.
        (_, None) => true,
        (None, Some(_)) => false,
    }
}
