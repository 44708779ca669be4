//! The table with what was tried: each bound beside the most that the real step let leave.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use journey_spec::Program;
use journey_spec::Ts;
use journey_spec::certificate::Proven;
use journey_spec::program::{Channel, DAY, Millis};

use super::curves::{Counted, Reached, Ready, Runs};
use super::shape::Shape;
use super::{Bound, FEW, Journeys, Kind, Scope, Wanted, bounds};
use crate::model::Run;
use crate::witness::{self, Leaves, Plan, Replayed, Room};

/// Instances of one journey that a customer has at once in a replay, at most: so that a limit of a thousand costs little.
const COPIES: u64 = 12;
/// The longest run that is tried, in messages that it claims.
const LONGEST: u64 = 2_000;

/// What all days of one table may cost, in entries of their timelines, each as often as the policy has sixteen limits: some
/// seconds. What is not tried stays an upper bound.
const MOST_SPENT: usize = 300_000;

/// A day that was tried.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Whom it is about.
    pub scope: Scope,
    /// When the window begins for which it was made.
    pub begins: Ts,
    /// Until when time goes on.
    pub ends: Ts,
    /// What happened, to the whole customer: an event may begin other journeys too.
    pub replayed: Replayed,
    /// Of an instance's day, its number; none where it did not begin.
    pub instance: Option<u64>,
}

impl Tried {
    /// Whether a message is of whom the day is about.
    #[must_use]
    pub fn is_about(&self, leaves: &Leaves) -> bool {
        match self.scope {
            Scope::Customer => true,
            Scope::Instance(_) => self.instance.is_some() && leaves.instance == self.instance,
        }
    }

    /// The most that left in any half-open window of this length, of whom the day is about and of what `counts` lets in, and
    /// when the first of them left.
    #[must_use]
    pub fn most_in(&self, window: Option<Millis>, counts: impl Fn(&Leaves) -> bool) -> (u64, Option<Ts>) {
        self.replayed.most_in(window, |leaves| self.is_about(leaves) && counts(leaves))
    }
}

/// The table, and the days that show how far its figures are reached.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    /// The bounds, in the order of the table.
    pub bounds: Vec<Bound>,
    /// For each bound, which of [`Proof::tried`] reaches most of it.
    pub worst: Vec<Option<usize>>,
    /// Days that were tried.
    pub tried: Vec<Tried>,
}

/// Bounds of a program, each beside the most that the real step and ledger let leave in the worst runs of its model.
#[must_use]
pub fn proven(program: &Program) -> Proof {
    Journeys::of(program).proven(program)
}

/// As [`proven`], of one scope and one window only, in milliseconds; of the whole life where there is none, which only an
/// instance has.
#[must_use]
pub fn proven_in(program: &Program, scope: Scope, window: Option<Millis>) -> Proof {
    proven_of(program, &[(scope, window)])
}

/// As [`proven_in`], of several at once, which costs less than one after the other.
#[must_use]
pub fn proven_of(program: &Program, asked: &[(Scope, Option<Millis>)]) -> Proof {
    let Journeys(shapes) = Journeys::of(program);
    let windows: BTreeSet<Millis> = asked.iter().filter_map(|(_, window)| *window).collect();
    let windows: Vec<Millis> = windows.into_iter().collect();
    let mut bounds = bounds(program, &shapes, &windows);
    bounds.retain(|b| asked.contains(&(b.scope, b.window)));
    tried(program, &shapes, bounds)
}

impl Journeys {
    /// As [`proven`], of the same program.
    #[must_use]
    pub fn proven(&self, program: &Program) -> Proof {
        tried(program, &self.0, self.message_bounds(program))
    }
}

fn tried(program: &Program, shapes: &[Shape], bounds: Vec<Bound>) -> Proof {
    let mut proof = Proof { worst: vec![None; bounds.len()], bounds, tried: Vec::new() };
    let mut trials = Trials::new(program, shapes);
    for i in 0..proof.bounds.len() {
        let Some(window) = proof.bounds.get(i).map(|b| b.window) else { continue };
        for how in How::all(window) {
            let open = |b: &&Bound| b.at_most.is_some_and(|most| b.attained.is_none_or(|n| n < most));
            let Some(bound) = proof.bounds.get(i).filter(open).cloned() else { break };
            // Where the easy days come to less than half, the others make it no exact one.
            let far = bound.at_most.zip(bound.attained).is_some_and(|(most, n)| n.saturating_mul(2) < most);
            if far && (how.patient || how.runs == Runs::Any) {
                break;
            }
            if let Some(tried) = trials.of(&bound, how) {
                proof.learn(tried);
            }
        }
        // Of many journeys the models for one figure are held, and no more.
        for shape in shapes.iter().filter(|_| shapes.len() > FEW) {
            shape.curves.keep_figures();
        }
    }
    for bound in &mut proof.bounds {
        if bound.at_most.is_some() && bound.at_most == bound.attained {
            bound.kind = Kind::Exact;
        }
    }
    proof
}

/// Of the runs for a bound whose window begins at one of these instants, the day on which most left of what `counts` lets
/// in, and how much that was in one window of this length, which may be longer than the bound's. Of several the first; no more are tried once the bound is reached.
pub(super) fn worst_of(
    program: &Program,
    shapes: &[Shape],
    (bound, window): (&Bound, Millis),
    begins: &[Ts],
    counts: impl Fn(&Leaves) -> bool + Copy,
) -> Option<(u64, Tried)> {
    let mut trials = Trials::new(program, shapes);
    let mut worst: Option<(u64, Tried)> = None;
    for begins in begins {
        let how = How { begins: *begins, runs: Runs::Easy, patient: false, only: None };
        let Some(tried) = trials.of(bound, how) else { continue };
        let (most, _) = tried.most_in(Some(window), counts);
        if worst.as_ref().is_none_or(|(known, _)| *known < most) {
            worst = Some((most, tried));
        }
        if bound.at_most.is_some_and(|bound| bound <= most) {
            break;
        }
    }
    worst
}

impl Proof {
    /// What was proven, as it travels with the program.
    #[must_use]
    pub fn certified(&self, program: &Program) -> Vec<Proven> {
        let proven = |bound: &Bound| {
            let journey = match bound.scope {
                Scope::Customer => None,
                Scope::Instance(id) => Some(program.journeys.get(id.index())?.name.to_string()),
            };
            let (channel, purpose, window) = (bound.channel, bound.purpose, bound.window);
            let exact = bound.kind == Kind::Exact;
            Some(Proven { journey, channel, purpose, window, at_most: bound.at_most?, exact })
        };
        self.bounds.iter().filter_map(proven).collect()
    }

    fn learn(&mut self, tried: Tried) {
        let number = self.tried.len();
        let mut used = false;
        for (bound, worst) in self.bounds.iter_mut().zip(&mut self.worst) {
            if bound.scope != tried.scope {
                continue;
            }
            let wanted = Wanted { channel: bound.channel, purpose: bound.purpose };
            let (most, _) = tried.most_in(bound.window, |l| wanted.holds(&(l.channel, l.purpose)));
            if bound.attained.is_none_or(|n| n < most) {
                bound.attained = Some(most);
                *worst = Some(number);
                used = true;
            }
        }
        if used {
            self.tried.push(tried);
        }
    }
}

/// How a run is tried.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct How {
    /// When the window begins.
    begins: Ts,
    /// Of which runs.
    runs: Runs,
    /// What can wait does so until the limits have room.
    patient: bool,
    /// The customer can be reached on this channel only.
    only: Option<Channel>,
}

impl How {
    /// In a window of days the hour at which it begins says little; it is tried at one.
    fn all(window: Option<Millis>) -> impl Iterator<Item = How> {
        let ways = [(Runs::Easy, false), (Runs::Easy, true), (Runs::Any, false), (Runs::Any, true)];
        let hours = if window.is_some_and(|w| w <= DAY) { usize::MAX } else { 1 };
        ways.into_iter().flat_map(move |(runs, patient)| {
            let beginnings = witness::beginnings().into_iter().take(hours);
            beginnings.map(move |begins| How { begins, runs, patient, only: None })
        })
    }
}

/// What names a run: the journey's position, how often it is taken at once, and its arrows with their times.
type Name = Vec<(usize, u64, Vec<usize>, Vec<(usize, Millis)>)>;

/// Plans that were done, and until when.
type Done = Vec<(Vec<Plan>, Ts)>;

struct Trials<'a> {
    program: &'a Program,
    shapes: &'a [Shape],
    /// Runs that were tried, and from when on.
    known: BTreeMap<Scope, BTreeSet<(Name, How)>>,
    /// What was replayed: different runs can need the same of the world.
    done: BTreeMap<(Scope, Option<Channel>), Done>,
    /// What has been spent, as [`MOST_SPENT`] counts.
    spent: usize,
}

impl<'a> Trials<'a> {
    fn new(program: &'a Program, shapes: &'a [Shape]) -> Trials<'a> {
        Trials { program, shapes, known: BTreeMap::new(), done: BTreeMap::new(), spent: 0 }
    }

    /// The worst run for a bound, tried; none where it was tried already or there is none.
    fn of(&mut self, bound: &Bound, how: How) -> Option<Tried> {
        // Days of the whole customer cost most, and leave something for each journey's.
        let most = if bound.scope == Scope::Customer { MOST_SPENT / 2 } else { MOST_SPENT };
        if self.spent >= most {
            return None;
        }
        let how = How { only: bound.channel, ..how };
        let wanted = Wanted { channel: bound.channel, purpose: bound.purpose };
        let mut runs: Vec<(&Shape, Rc<Ready>, Rc<Run>, u64)> = Vec::new();
        let mut name = Name::new();
        let mut longest: Millis = 0;
        for (position, shape) in self.shapes.iter().enumerate() {
            let copies = match bound.scope {
                Scope::Instance(journey) if journey != shape.graph.journey => continue,
                Scope::Instance(_) => 1,
                Scope::Customer => shape.instances(bound.window.unwrap_or(30 * DAY)).unwrap_or(COPIES).min(COPIES),
            };
            let Reached { run: Some((prepared, run)), .. } = self.worst(shape, wanted, bound.window, how.runs) else {
                continue;
            };
            if run.count == 0 || run.count > LONGEST {
                continue;
            }
            longest = longest.max(shape.longest_valid);
            let prefix = run.prefix.arrows.iter().map(|e| e.index()).collect();
            let steps = run.steps.iter().map(|(e, t)| (e.index(), *t)).collect();
            name.push((position, copies, prefix, steps));
            runs.push((shape, prepared, run, copies));
        }
        // Where something is known to leave, a run that does not even claim to reach the bound is not done for it.
        let claimed =
            runs.iter().fold(0_u64, |sum, (_, _, run, copies)| sum.saturating_add(run.count.saturating_mul(*copies)));
        if bound.attained.is_some() && bound.at_most.is_some_and(|most| claimed < most) {
            return None;
        }
        if name.is_empty() || !self.known.entry(bound.scope).or_default().insert((name, how)) {
            return None;
        }
        let mut room = match bound.scope {
            Scope::Customer => Room::under(self.program, None),
            Scope::Instance(journey) => Room::under(self.program, Some(journey)),
        };
        let mut plans: Vec<Plan> = Vec::new();
        for (shape, prepared, run, copies) in runs {
            for number in 0..copies {
                let number = u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
                let room = how.patient.then_some(&mut room);
                plans.extend(witness::plan(self.program, &shape.graph, &prepared.of, &run, number, how.begins, room));
            }
        }
        if plans.is_empty() {
            return None;
        }
        let lasts = bound.window.unwrap_or(30 * DAY);
        let until = how.begins.saturating_add(lasts).saturating_add(longest);
        let done = self.done.entry((bound.scope, how.only)).or_default();
        if done.iter().any(|(known, lasted)| *lasted >= until && *known == plans) {
            return None;
        }
        done.push((plans.clone(), until));
        let replayed = witness::replay(self.program, &plans, until, how.only);
        let limits = self.program.policy.limits.len() / 16 + 1;
        self.spent =
            self.spent.saturating_add(replayed.timeline.len().saturating_mul(limits).saturating_add(plans.len()));
        let instance = match bound.scope {
            Scope::Customer => None,
            Scope::Instance(id) => self.program.journeys.get(id.index()).and_then(|j| replayed.first_of(&j.name)),
        };
        Some(Tried { scope: bound.scope, begins: how.begins, ends: until, replayed, instance })
    }

    fn worst(&self, shape: &Shape, wanted: Wanted, window: Option<Millis>, runs: Runs) -> Reached {
        let mut classes = shape.classes(wanted, true);
        classes.extend(shape.classes(wanted, false));
        shape.curves.worst(self.program, &shape.graph, &Counted { classes, essential: None }, window, runs)
    }
}
