//! How many messages one instance can decide to send in a window, by the model of its journey: the request-bound function
//! of a digraph real-time task (Stigge, Ekberg, Guan, Yi, RTAS 2011), for each set of messages that is asked for.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use journey_spec::Program;
use journey_spec::program::{LimitWhat, Millis, Window};
use journey_step::ledger::most_within;

use super::limits::Class;
use crate::abstraction::{Abstraction, longest_wait};
use crate::graph::{Graph, Sent, channels};
use crate::model::{Alpha, Analysis, Budget, Run, Weighed};

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

/// What is counted, in which window, and whether of any run.
type Asked<What> = (What, Option<Millis>, bool);

/// A model that is ready to be asked.
pub(super) struct Prepared {
    /// What it stands for.
    pub(super) of: Abstraction,
    analysis: Analysis,
    /// What is known for what the spots weigh.
    weighed: RefCell<BTreeMap<Vec<u32>, Rc<Weighed>>>,
    known: RefCell<BTreeMap<Asked<Vec<u32>>, Alpha>>,
}

impl Prepared {
    fn most(&self, weights: Vec<u32>, window: Option<Millis>, waiting: bool) -> Alpha {
        let key = (weights, window, waiting);
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let known = self.weighed.borrow().get(&key.0).map(Rc::clone);
        let weighed = known.unwrap_or_else(|| {
            let weighed = Rc::new(self.analysis.weigh(&key.0));
            self.weighed.borrow_mut().insert(key.0.clone(), Rc::clone(&weighed));
            weighed
        });
        let alpha = match window {
            Some(window) => self.analysis.alpha(&weighed, window, waiting),
            None => self.analysis.life(&weighed),
        };
        self.known.borrow_mut().insert(key, alpha.clone());
        alpha
    }
}

/// What tells models of one journey apart: how often a window can hold each of [`Curves::pieces`]; for the whole life
/// nothing is held.
type Held = Option<Vec<u64>>;

/// The most that is decided in a window, and the run that does it.
#[derive(Clone)]
pub(super) struct Reached {
    /// How many; none where nothing bounds it.
    pub(super) most: Option<u64>,
    /// The run, and the model that it is a run of.
    pub(super) run: Option<(Rc<Prepared>, Run)>,
}

/// A journey's curves, each figure computed once.
pub(super) struct Curves {
    /// Windows in which the journey's limits on visits and its events' limits on intake count.
    pieces: BTreeSet<Window>,
    longest_settle: Millis,
    models: RefCell<BTreeMap<Held, Rc<Prepared>>>,
    known: RefCell<BTreeMap<Asked<Counted>, Reached>>,
}

impl Curves {
    /// Of a journey's graph.
    pub(super) fn of(program: &Program, graph: &Graph) -> Curves {
        let limits = program.journeys.get(graph.journey.index()).map_or(&[][..], |j| j.limits.as_slice());
        let visits = limits.iter().filter(|l| matches!(l.what, LimitWhat::Visits(_))).filter_map(|l| l.per);
        let intake = graph.edges().filter_map(|(_, _, _, e)| Some(e.intake?.per));
        let pieces = visits.chain(intake).collect();
        let longest_settle = graph.edges().filter_map(|(_, _, _, e)| e.settle).max().unwrap_or(0);
        Curves { pieces, longest_settle, models: RefCell::default(), known: RefCell::default() }
    }

    fn prepared(&self, program: &Program, graph: &Graph, span: Option<Millis>) -> Rc<Prepared> {
        // What settles and what a `stay` decided may have come so much before the window.
        let earlier = longest_wait(program).max(self.longest_settle);
        let held = |span: Millis| {
            let at = |window: Millis| self.pieces.iter().map(move |per| most_within(1, *per, Window::Rolling(window)));
            at(span).chain(at(span.saturating_add(earlier))).collect::<Vec<u64>>()
        };
        let kind = span.map(held);
        if let Some(known) = self.models.borrow().get(&kind) {
            return Rc::clone(known);
        }
        let of = Abstraction::of(program, graph, span);
        let analysis = Analysis::of(&of.model, BUDGET);
        let prepared = Rc::new(Prepared { of, analysis, weighed: RefCell::default(), known: RefCell::default() });
        self.models.borrow_mut().insert(kind, Rc::clone(&prepared));
        prepared
    }

    /// The most of one instance that can leave in any half-open window of this length, in milliseconds; in its whole life
    /// where there is none. Without what may wait when the window begins: the most that is decided in it.
    pub(super) fn most(
        &self,
        program: &Program,
        graph: &Graph,
        counted: &Counted,
        window: Option<Millis>,
        waiting: bool,
    ) -> Reached {
        let key = (counted.clone(), window, waiting);
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let reached = self.computed(program, graph, counted, window, waiting);
        self.known.borrow_mut().insert(key, reached.clone());
        reached
    }

    fn computed(
        &self,
        program: &Program,
        graph: &Graph,
        counted: &Counted,
        window: Option<Millis>,
        waiting: bool,
    ) -> Reached {
        let prepared = self.prepared(program, graph, window);
        let weights = prepared.of.weights(graph, |sent| counted.holds(program, sent));
        let mut reached = match prepared.most(weights, window, waiting) {
            Alpha::AtMost(run) => Reached { most: Some(run.count), run: Some((Rc::clone(&prepared), run)) },
            Alpha::Unbounded(_) => Reached { most: None, run: None },
        };
        // Registers that did not fit may fit for a shorter window, and a window is no more than its pieces.
        if let Some(window) = window.filter(|_| !prepared.analysis.dropped().is_empty()) {
            for piece in self.pieces.iter().rev().map(|per| per.longest()).filter(|p| *p > 0 && *p < window) {
                let whole = self.most(program, graph, counted, Some(piece), waiting);
                let rest = match window % piece {
                    0 => Some(0),
                    rest => self.most(program, graph, counted, Some(rest), waiting).most,
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

/// How large a product with the registers may become: some milliseconds a window.
const BUDGET: Budget = Budget { nodes: 10_000 };
