//! How many messages of one instance can leave in a window, by the model of its journey: the request-bound function
//! of a digraph real-time task (Stigge, Ekberg, Guan, Yi, RTAS 2011), for each set of messages that is asked for.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use journey_spec::Program;
use journey_spec::program::{LimitWhat, Millis, Window};
use journey_step::ledger::most_within;
use petgraph::graph::NodeIndex;

use super::limits::Class;
pub(super) use crate::abstraction::Runs;
use crate::abstraction::{Abstraction, Counts, Draft, Stands, longest_wait};
use crate::graph::{Graph, Sent, channels};
use crate::model::{Alpha, Analysis, Budget, Prepared, Run};

/// Which messages are counted: those that may leave on one of these channels for its purpose; and, where it is said,
/// essential ones alone or all but them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Counted {
    /// Channel and purpose.
    pub(super) classes: BTreeSet<Class>,
    /// Whether essential.
    pub(super) essential: Option<bool>,
}

impl Counted {
    fn holds(&self, program: &Program, sent: &Sent) -> bool {
        let Some(m) = program.messages.get(sent.send.message.index()) else { return false };
        self.essential.is_none_or(|e| e == m.essential.is_some())
            && channels(m, &sent.send).iter().any(|c| self.classes.contains(&(*c, m.purpose)))
    }
}

/// What is counted, in which window, and of which runs.
type Asked<What> = (What, Option<Millis>, Runs);

/// What the spots weigh, and the window.
type Question = (Vec<u32>, Option<Millis>);

/// A model that is ready to be asked.
pub(super) struct Ready {
    /// What it stands for.
    pub(super) of: Abstraction,
    counts: Counts,
    prepared: Arc<Prepared>,
    /// What is known for what the spots weigh.
    weighed: RefCell<BTreeMap<Vec<u32>, Rc<Analysis>>>,
    known: RefCell<BTreeMap<Question, Alpha>>,
}

impl Ready {
    /// When each of the counted messages of a run is sent, in milliseconds since its window began.
    pub(super) fn sends(&self, program: &Program, graph: &Graph, counted: &Counted, run: &Run) -> Vec<Millis> {
        let weights = self.of.weights(graph, |sent| counted.holds(program, sent));
        let entered =
            run.steps.iter().filter_map(|(edge, at)| Some((self.of.model.graph.edge_endpoints(*edge)?.1, *at)));
        let visits = std::iter::once((run.first, 0)).chain(entered);
        let weight = |spot: NodeIndex| weights.get(spot.index()).copied().unwrap_or(0) as usize;
        visits.flat_map(|(spot, at)| std::iter::repeat_n(at, weight(spot))).collect()
    }

    fn new(of: Abstraction, counts: Counts, budget: Budget, known_to_drop: usize) -> Ready {
        let prepared = Prepared::dropping(&of.model, budget, known_to_drop);
        Ready { of, counts, prepared, weighed: RefCell::default(), known: RefCell::default() }
    }

    /// Whether a model that counts so and drops so many registers would come to the same: it drops the same ones, and the
    /// rest is alike.
    fn does_for(&self, counts: &Counts, drops: usize) -> bool {
        let dropped = self.prepared.dropped();
        if dropped.len() != drops || !self.counts.is_shaped_as(counts) {
            return false;
        }
        let own = self.of.model.registers.iter().map(|register| register.top);
        let tops: Vec<(u32, u32)> = own
            .enumerate()
            .map(|(i, top)| (top, counts.registers().get(i).map_or(top, |register| register.top)))
            .collect();
        let mut left: Vec<usize> = (0..tops.len()).collect();
        for register in dropped {
            // The order in which a product drops them.
            let greatest = left.iter().copied().max_by_key(|i| tops.get(*i).map(|(_, top)| *top));
            if greatest != Some(*register) {
                return false;
            }
            left.retain(|i| i != register);
        }
        left.into_iter().filter_map(|i| tops.get(i)).all(|(own, other)| own == other)
    }

    fn analysis(&self, weights: &[u32]) -> Rc<Analysis> {
        if let Some(known) = self.weighed.borrow().get(weights) {
            return Rc::clone(known);
        }
        let analysis = Rc::new(self.prepared.weighed(weights));
        self.weighed.borrow_mut().insert(weights.to_vec(), Rc::clone(&analysis));
        analysis
    }

    fn most(&self, weights: Vec<u32>, window: Option<Millis>) -> Alpha {
        let key = (weights, window);
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let analysis = self.analysis(&key.0);
        let alpha = match window {
            Some(window) => analysis.alpha(window),
            None => analysis.whole_life(),
        };
        self.known.borrow_mut().insert(key, alpha.clone());
        alpha
    }
}

/// What tells models of one journey apart: how often a window can hold each of [`Curves::pieces`]; for the whole life
/// nothing is held.
type Held = (Option<Vec<u64>>, Runs);

/// The most that can leave in a window, and the run that does it.
#[derive(Clone)]
pub(super) struct Reached {
    /// How many; none where nothing bounds it.
    pub(super) most: Option<u64>,
    /// The run, and the model that it is a run of.
    pub(super) run: Option<(Rc<Ready>, Rc<Run>)>,
}

/// A journey's curves, each figure computed once.
pub(super) struct Curves {
    /// Windows in which the journey's limits on visits and its events' limits on intake count.
    pieces: BTreeSet<Window>,
    /// How long before the window what counts in it may have come.
    earlier: BTreeSet<Millis>,
    budget: Budget,
    models: RefCell<BTreeMap<Held, Rc<Ready>>>,
    known: RefCell<BTreeMap<Asked<Counted>, Reached>>,
    /// Windows for which counters were left out.
    in_part: RefCell<BTreeSet<Option<Millis>>>,
}

impl Curves {
    /// Of a journey's graph.
    pub(super) fn of(program: &Program, graph: &Graph) -> Curves {
        let limits = program.journeys.get(graph.journey.index()).map_or(&[][..], |j| j.limits.as_slice());
        let visits = limits.iter().filter(|l| matches!(l.what, LimitWhat::Visits(_))).filter_map(|l| l.per);
        let intake = graph.edges().filter_map(|(_, _, _, e)| Some(e.intake?.per));
        let pieces = visits.chain(intake).collect();
        // What settles, what a `stay` decided, and a `stay`'s that settled may have come before the window; each counts by
        // itself, so that windows of one model have each of them alike.
        let settles: BTreeSet<Millis> = graph.edges().filter_map(|(_, _, _, e)| e.settle).chain([0]).collect();
        let waits = [0, longest_wait(program)];
        let earlier = settles.iter().flat_map(|s| waits.map(|w| w.saturating_add(*s))).collect();
        let (models, known, in_part) = Default::default();
        Curves { pieces, earlier, budget: budget(program), models, known, in_part }
    }

    /// Whether a figure for this window stands without some of the journey's counters, since there were too many combinations.
    pub(super) fn in_part(&self, window: Option<Millis>) -> bool {
        self.in_part.borrow().contains(&window)
    }

    fn prepared(&self, program: &Program, graph: &Graph, span: Option<Millis>, runs: Runs) -> Rc<Ready> {
        let held = |span: Millis| {
            let at = |window: Millis| self.pieces.iter().map(move |per| most_within(1, *per, Window::Rolling(window)));
            self.earlier.iter().flat_map(|earlier| at(span.saturating_add(*earlier))).collect::<Vec<u64>>()
        };
        let kind = (span.map(held), runs);
        if let Some(known) = self.models.borrow().get(&kind) {
            return Rc::clone(known);
        }
        let draft = Draft::of(program, graph, span, runs);
        let counts = draft.counts();
        // Windows in which each limit counts the same have the same model; where one with less room in its registers is
        // too large, so is this one.
        let models = self.models.borrow();
        let alike = || models.iter().filter(|((_, r), _)| *r == runs).map(|(_, ready)| ready);
        let equal = alike().find(|ready| ready.counts == counts).map(Rc::clone);
        let prepared = equal.unwrap_or_else(|| {
            let smaller = alike().filter(|ready| ready.counts.fits_into(&counts));
            let (mut known_to_drop, mut sizes) = (0, Vec::new());
            for ready in smaller {
                known_to_drop = known_to_drop.max(ready.prepared.dropped().len());
                sizes.push((ready.counts.room(), ready.prepared.nodes() as u64));
            }
            if known_to_drop == 0 && outgrows(sizes, counts.room(), self.budget) {
                known_to_drop = 1;
            }
            // What is dropped makes no difference any more.
            let same = alike().filter(|_| known_to_drop > 0).find(|ready| ready.does_for(&counts, known_to_drop));
            same.map_or_else(|| Rc::new(Ready::new(draft.done(), counts, self.budget, known_to_drop)), Rc::clone)
        });
        drop(models);
        if self.models.borrow().len() >= MOST_HELD {
            self.keep_figures();
        }
        self.models.borrow_mut().insert(kind, Rc::clone(&prepared));
        prepared
    }

    /// The most of one instance that can leave in any half-open window of this length, in milliseconds; in its whole life
    /// where there is none.
    pub(super) fn most(
        &self,
        program: &Program,
        graph: &Graph,
        counted: &Counted,
        window: Option<Millis>,
        runs: Runs,
    ) -> Reached {
        let key = (counted.clone(), window, runs);
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let reached = self.computed(program, graph, counted, window, runs);
        self.known.borrow_mut().insert(key, reached.clone());
        reached
    }

    /// As [`Curves::most`], with the run where there is one, also where it was forgotten.
    pub(super) fn worst(
        &self,
        program: &Program,
        graph: &Graph,
        counted: &Counted,
        window: Option<Millis>,
        runs: Runs,
    ) -> Reached {
        let known = self.most(program, graph, counted, window, runs);
        if known.run.is_some() || known.most.is_none_or(|most| most == 0) {
            return known;
        }
        let found = self.computed(program, graph, counted, window, runs);
        self.known.borrow_mut().insert((counted.clone(), window, runs), found.clone());
        found
    }

    /// The most of one instance that can leave of what one place sends, on entry and while it is visited, in any half-open
    /// window of this length, in milliseconds.
    pub(super) fn of_place(&self, program: &Program, graph: &Graph, place: NodeIndex, window: Millis) -> Option<u64> {
        let prepared = self.prepared(program, graph, Some(window), Runs::Any);
        let all = prepared.of.weights(graph, |_| true);
        let here = |spot: &Stands| match spot {
            Stands::Entered(n) | Stands::Kept(n) => *n == place,
            Stands::Stays(e) => graph.edge(*e).is_some_and(|(from, ..)| from == place),
            Stands::Root | Stands::Waits(_) => false,
        };
        let weights = prepared.of.spots.iter().zip(all).map(|(spot, weight)| if here(spot) { weight } else { 0 });
        match prepared.most(weights.collect(), Some(window)) {
            Alpha::AtMost(run) => Some(run.count),
            Alpha::Silent => Some(0),
            Alpha::Unbounded(_) => None,
        }
    }

    /// Forgets models and runs; figures stay known. [`Curves::worst`] finds a run again.
    pub(super) fn keep_figures(&self) {
        self.models.borrow_mut().clear();
        self.known.borrow_mut().values_mut().for_each(|reached| reached.run = None);
    }

    /// As [`Curves::most`], of all runs in a window, where it is less than `below`; none where it is not. No window
    /// holds less than a shorter one: where one is known that holds so many, nothing is searched. (To search for `below`
    /// itself would cost more than the exact number where that is much greater: bounds on what can still come prune little
    /// then.)
    pub(super) fn less(
        &self,
        program: &Program,
        graph: &Graph,
        counted: &Counted,
        window: Millis,
        below: u64,
    ) -> Option<u64> {
        let key = (counted.clone(), Some(window), Runs::Any);
        let shorter = (counted.clone(), Some(0), Runs::Any)..=key.clone();
        let known = self
            .known
            .borrow()
            .range(shorter)
            .rev()
            .find(|((.., runs), _)| *runs == Runs::Any)
            .map(|((_, known, _), reached)| (*known, reached.most));
        match known {
            Some((known, most)) if known == Some(window) => return most.filter(|most| *most < below),
            Some((_, most)) if most.is_none_or(|most| most >= below) => return None,
            _ => {}
        }
        self.most(program, graph, counted, Some(window), Runs::Any).most.filter(|most| *most < below)
    }

    fn computed(
        &self,
        program: &Program,
        graph: &Graph,
        counted: &Counted,
        window: Option<Millis>,
        runs: Runs,
    ) -> Reached {
        let prepared = self.prepared(program, graph, window, runs);
        let weights = prepared.of.weights(graph, |sent| counted.holds(program, sent));
        let mut reached = match prepared.most(weights, window) {
            Alpha::AtMost(run) => Reached { most: Some(run.count), run: Some((Rc::clone(&prepared), Rc::new(run))) },
            Alpha::Unbounded(_) => Reached { most: None, run: None },
            Alpha::Silent => Reached { most: Some(0), run: None },
        };
        if runs == Runs::Any && !prepared.prepared.dropped().is_empty() {
            self.in_part.borrow_mut().insert(window);
        }
        // Registers that did not fit may fit for a shorter window, and a window is no more than its pieces.
        if let Some(window) = window.filter(|_| !prepared.prepared.dropped().is_empty()) {
            for piece in self.pieces.iter().rev().map(|per| per.longest()).filter(|p| *p > 0 && *p < window) {
                let whole = self.most(program, graph, counted, Some(piece), runs);
                let rest = match window % piece {
                    0 => Some(0),
                    rest => self.most(program, graph, counted, Some(rest), runs).most,
                };
                let times = window.unsigned_abs() / piece.unsigned_abs();
                let sum = whole.most.zip(rest).map(|(whole, rest)| whole.saturating_mul(times).saturating_add(rest));
                if sum.is_some_and(|sum| reached.most.is_none_or(|most| sum < most)) {
                    reached = Reached { most: sum, run: reached.run.or(whole.run) };
                }
            }
        }
        reached
    }
}

/// Whether a product with so much room in its registers is sure to be too large, going by the sizes of smaller ones that fit
/// the budget: twice as large by the straight line through the two greatest. To drop a register is never wrong, but to build
/// half a product in vain costs as much as a search.
fn outgrows(mut sizes: Vec<(u64, u64)>, room: u64, budget: Budget) -> bool {
    sizes.sort_unstable();
    sizes.dedup_by_key(|(room, _)| *room);
    let [.., (least, few), (most, many)] = *sizes.as_slice() else { return false };
    let slope = many.saturating_sub(few) as f64 / (most - least).max(1) as f64;
    many as f64 + slope * room.saturating_sub(most) as f64 > 2.0 * budget.nodes as f64
}

/// So many models of one journey are held at most, for windows in which its limits count differently.
const MOST_HELD: usize = 32;

/// A program of so many states at most is looked at more closely.
const FEW: usize = 500;

/// How large a product with the registers of a journey may become: some milliseconds a window, and some tens where the
/// program has few states.
pub(in crate::check) fn budget(program: &Program) -> Budget {
    let states: usize = program.journeys.iter().map(|journey| journey.states.len()).sum();
    Budget { nodes: if states <= FEW { 20_000 } else { 3_000 } }
}
