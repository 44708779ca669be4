//! How many messages a customer can get at most, in any window of time.
//!
//! Of all that holds the smallest. *Limits*, the journey's own and for all that a customer gets the policy's: at most
//! `n * ceil(W / P)` in any half-open window `(t - W, t]`, and for a window of the calendar `n` for each day, week or month
//! that W can touch: the ledger's convention, and its function (`limits.rs`). *Timing*: the worst run of the journey's
//! model, of what leaves in `W` (`curves.rs`). *Shape*, which costs nothing and stands where counters are too many for the
//! model: each sending place as often as its state can be come back to (`shape.rs`, `returns.rs`), of what is decided in
//! `W + A`, where `A` is the longest that a message stays true (checker.md, sections 1b and 2).
//!
//! A figure is an upper bound, until the real step has let as many leave (`proof.rs`).

mod calendar;
mod curves;
mod instances;
mod limits;
mod portfolio;
mod proof;
mod returns;
mod shape;
mod versions;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use curves::budget;
use journey_spec::Program;
use journey_spec::program::{Channel, DAY, HOUR, JourneyId, Limit, LimitWhat, Millis, Purpose, StateId, Window};
pub(super) use limits::{Class, at_one_moment, journey_limits_it, limited, policy_only};
use limits::{Figure, add, by_limits, house, smaller};
pub use limits::{most, rule};
use petgraph::graph::NodeIndex;
pub use proof::{Proof, Tried, proven, proven_in, proven_of};
pub(super) use returns::{Cycles, Intake, Returns};
use shape::Shape;
pub use versions::together;

use crate::diagnostics::Finding;
use crate::graph::Graph;
use crate::spans::Spans;

/// The windows of the table.
pub const WINDOWS: [Millis; 4] = [HOUR, DAY, 7 * DAY, 30 * DAY];

/// So many journeys' models may be held at once.
const FEW: usize = 16;

/// Whom a bound is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// One customer, over all journeys.
    Customer,
    /// One instance of a journey.
    Instance(JourneyId),
}

impl Scope {
    fn holds(self, journey: JourneyId) -> bool {
        match self {
            Scope::Customer => true,
            Scope::Instance(id) => id == journey,
        }
    }
}

/// Whether a figure can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The real step let exactly so many leave, in a run that was done once more.
    Exact,
    /// Never more; nobody knows a run in which so many leave.
    UpperBound,
}

impl Kind {
    /// `exact` or `upper bound`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Exact => "exact",
            Kind::UpperBound => "upper bound",
        }
    }
}

/// The most messages that can leave in a window. The confirmation of a STOP is not counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Whom it is about.
    pub scope: Scope,
    /// What is counted, in words: `sms to one customer`.
    pub subject: String,
    /// Only messages on this channel; all where there is none.
    pub channel: Option<Channel>,
    /// Only messages for this purpose; all where there is none.
    pub purpose: Option<Purpose>,
    /// The rolling window, in milliseconds; none means the whole life.
    pub window: Option<Millis>,
    /// How many; none where nothing bounds it.
    pub at_most: Option<u64>,
    /// What kind of figure it is.
    pub kind: Kind,
    /// What bounds it: rules as written, or the journey's shape.
    pub by: String,
    /// Whether it stands without some of the journey's counters (limits on visits and on intake, instants that are past): with
    /// all of them there were more combinations than are looked at.
    pub in_part: bool,
    /// What the limits alone would let through; none where no limit covers it.
    pub limit: Option<u64>,
    /// How many really left in the worst run that was tried; none where none was.
    pub attained: Option<u64>,
    /// For a customer: what each journey alone can come to, by position.
    pub from: Vec<(JourneyId, Option<u64>)>,
}

/// Which messages a figure counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wanted {
    channel: Option<Channel>,
    purpose: Option<Purpose>,
}

impl Wanted {
    fn holds(&self, class: &Class) -> bool {
        self.channel.is_none_or(|c| c == class.0) && self.purpose.is_none_or(|p| p == class.1)
    }

    fn words(&self) -> String {
        match (self.channel, self.purpose) {
            (None, None) => "messages".into(),
            (Some(c), None) => c.name().into(),
            (None, Some(p)) => format!("{} messages", p.name()),
            (Some(c), Some(p)) => format!("{} {}", p.name(), c.name()),
        }
    }
}

/// Most windows that limits name and bounds are asked for, besides [`WINDOWS`]: nobody reads a table of more columns, and each
/// costs a search of every journey.
pub const MOST_NAMED: usize = 12;

/// The windows that a program's bounds are asked for, in order: [`WINDOWS`], and each rolling one that a limit names, of the
/// first [`MOST_NAMED`] that are named, journeys' limits before the policy's.
#[must_use]
pub fn windows(program: &Program) -> Vec<Millis> {
    let named = named(program);
    let all: BTreeSet<Millis> = WINDOWS.into_iter().chain(named.into_iter().take(MOST_NAMED)).collect();
    all.into_iter().collect()
}

/// How many windows that limits name are not asked for.
#[must_use]
pub fn windows_left_out(program: &Program) -> usize {
    named(program).len().saturating_sub(MOST_NAMED)
}

/// Windows that limits name and that are not in [`WINDOWS`], each once, in the order in which they are named.
fn named(program: &Program) -> Vec<Millis> {
    let limits = program.journeys.iter().flat_map(|j| &j.limits).chain(&program.policy.limits);
    let counting = limits.filter(|l| matches!(l.what, LimitWhat::Messages { .. }));
    let named = counting.filter_map(|l| match l.per {
        Some(Window::Rolling(per)) => Some(per),
        _ => None,
    });
    let mut seen = BTreeSet::from(WINDOWS);
    named.filter(|per| seen.insert(*per)).collect()
}

/// What is asked for: all messages, and those of each channel and each purpose that is used.
fn asked(program: &Program) -> Vec<Wanted> {
    let channels: BTreeSet<Channel> =
        program.messages.iter().flat_map(|m| m.variants.iter().map(|v| v.channel)).collect();
    let purposes: BTreeSet<Purpose> = program.messages.iter().map(|m| m.purpose).collect();
    let by_channel = channels.into_iter().map(|c| Wanted { channel: Some(c), purpose: None });
    let many = purposes.len() > 1;
    let by_purpose = purposes.into_iter().filter(|_| many).map(|p| Wanted { channel: None, purpose: Some(p) });
    std::iter::once(Wanted::default()).chain(by_channel).chain(by_purpose).collect()
}

/// The journeys of a program. What was found out about one of them is not sought again.
#[derive(Default)]
pub struct Journeys(Vec<Shape>);

/// Journeys of an earlier program.
pub(super) struct ByName(BTreeMap<String, Shape>);

impl Journeys {
    /// All of a program.
    #[must_use]
    pub fn of(program: &Program) -> Journeys {
        Journeys((0..).zip(&program.journeys).filter_map(|(i, _)| Shape::of(program, JourneyId(i))).collect())
    }

    /// Adds the one at this position.
    pub(super) fn add(&mut self, program: &Program, id: JourneyId) -> Option<&Graph> {
        self.0.push(Shape::of(program, id)?);
        self.0.last().map(|shape| &shape.graph)
    }

    /// By name, to be taken again.
    pub(super) fn by_name(self) -> ByName {
        ByName(self.0.into_iter().map(|shape| (shape.graph.name.clone(), shape)).collect())
    }

    /// Takes one that has not changed from `others`, with its figures; whether it was there.
    pub(super) fn keep(&mut self, id: JourneyId, name: &str, others: &mut ByName) -> bool {
        let Some(mut shape) = others.0.remove(name) else { return false };
        shape.graph.journey = id;
        self.0.push(shape);
        true
    }

    /// The one that was added or taken last.
    pub(super) fn last(&self) -> Option<&Graph> {
        self.0.last().map(|shape| &shape.graph)
    }

    /// As graphs, in order.
    pub(super) fn graphs(&self) -> impl Iterator<Item = &Graph> {
        self.0.iter().map(|shape| &shape.graph)
    }

    /// As [`message_bounds`], of the same program.
    #[must_use]
    pub fn message_bounds(&self, program: &Program) -> Vec<Bound> {
        let windows = windows(program);
        self.one_by_one(|shape| {
            for wanted in asked(program) {
                for window in &windows {
                    shape.customer(program, wanted, *window);
                }
                shape.instance(program, wanted, None);
            }
        });
        bounds(program, &self.0, &windows)
    }

    /// Of many journeys one after the other, so that the models of one only are held; what is asked for is then made of the
    /// figures, which stay. Nothing of few.
    fn one_by_one(&self, ask: impl Fn(&Shape)) {
        for shape in self.0.iter().filter(|_| self.0.len() > FEW) {
            ask(shape);
            shape.curves.keep_figures();
        }
    }
}

/// What is told of limits beside what flows: journeys that pass a limit of the house only together, limits of the calendar
/// around midnight, and limits of one instance where a customer has several.
pub(super) fn fit_their_limits(program: &Program, spans: &Spans, journeys: &Journeys, out: &mut Vec<Finding>) {
    let several = program.journeys.len() > 1 && !house(program).is_empty();
    let of_the_calendar =
        |l: &Limit| matches!((l.what, l.per), (LimitWhat::Messages { .. }, Some(Window::Calendar(_))));
    let all = program.journeys.iter().flat_map(|j| &j.limits).chain(&program.policy.limits);
    let calendar = program.customer.zone.is_some() && all.into_iter().any(of_the_calendar);
    let alone = program.journeys.iter().any(|j| j.key.is_some() && j.limits.iter().any(instances::counts_alone));
    if !several && !calendar && !alone {
        return;
    }
    if several {
        portfolio::fans_in(program, journeys, spans, out);
    }
    if calendar {
        calendar::days_do_not_add_up(program, &journeys.0, spans, out);
    }
    if alone {
        instances::are_counted_together(program, &journeys.0, spans, out);
    }
}

/// The table: for one customer and for one instance of each journey, of all messages, of each channel and of each
/// purpose, in each of [`windows`] and, for an instance, in its whole life. Nothing is tried, so no figure is called exact.
#[must_use]
pub fn message_bounds(program: &Program) -> Vec<Bound> {
    Journeys::of(program).message_bounds(program)
}

/// For each state of a journey that sends, the most that can leave one instance of what it sends, in any half-open window
/// of this length, in milliseconds; none where neither the journey's timing nor a limit bounds it.
#[must_use]
pub fn of_states(program: &Program, journey: JourneyId, window: Millis) -> Vec<(StateId, Option<u64>)> {
    let Some(shape) = Shape::of(program, journey) else { return Vec::new() };
    let all = shape.instance(program, Wanted::default(), Some(window)).0;
    let senders: BTreeSet<NodeIndex> = shape.graph.all_sends().map(|(n, _)| n).collect();
    let reach = shape.graph.reachable();
    let of = |n: NodeIndex| {
        let state = shape.graph.place(n)?.state?;
        let own = if reach.contains(&n) { shape.curves.of_place(program, &shape.graph, n, window) } else { Some(0) };
        Some((state, own.into_iter().chain(all).min()))
    };
    senders.into_iter().filter_map(of).collect()
}

fn bounds(program: &Program, shapes: &[Shape], windows: &[Millis]) -> Vec<Bound> {
    let mut out = Vec::new();
    for wanted in asked(program) {
        let what = wanted.words();
        let bound = |scope, subject, window, (at_most, by): Figure, limit, from| Bound {
            scope,
            subject,
            channel: wanted.channel,
            purpose: wanted.purpose,
            window,
            at_most,
            kind: Kind::UpperBound,
            // Of a message that no journey has, no limit says anything.
            by: if by.is_empty() && at_most == Some(0) { "nothing is sent".into() } else { by },
            in_part: shapes.iter().filter(|s| scope.holds(s.graph.journey)).any(|s| s.curves.in_part(window)),
            limit,
            attained: None,
            from,
        };
        for window in windows {
            let figure = customer(program, shapes, wanted, *window);
            let classes: BTreeSet<Class> = shapes.iter().flat_map(|s| s.classes(wanted, false)).collect();
            // What is essential passes them.
            let essential = shapes.iter().any(|s| s.sends_any(wanted, true));
            let limits = by_limits(&house(program), &classes, Some(*window), &|_, _, _| None).0;
            let limit = limits.filter(|_| !essential && !classes.is_empty());
            let from = shapes.iter().map(|s| (s.graph.journey, s.customer(program, wanted, *window).0)).collect();
            out.push(bound(Scope::Customer, format!("{what} to one customer"), Some(*window), figure, limit, from));
        }
        for shape in shapes {
            for window in windows.iter().copied().map(Some).chain([None]) {
                let figure = shape.instance(program, wanted, window);
                let subject = format!("{what} from one `{}`", shape.graph.name);
                let limit = shape.limit(program, wanted, window);
                out.push(bound(Scope::Instance(shape.graph.journey), subject, window, figure, limit, Vec::new()));
            }
        }
    }
    out
}

fn customer(program: &Program, shapes: &[Shape], wanted: Wanted, window: Millis) -> Figure {
    let classes: BTreeSet<Class> = shapes.iter().flat_map(|s| s.classes(wanted, false)).collect();
    let flow = |part: &BTreeSet<Class>, window: Millis, below: u64| {
        shapes.iter().try_fold(0_u64, |sum, s| {
            let left = below.checked_sub(sum).filter(|left| *left > 0)?;
            Some(sum.saturating_add(s.flow_to_customer(program, part, window, left)?))
        })
    };
    let by_policy = by_limits(&house(program), &classes, Some(window), &flow);
    let mut by_journeys: Figure = (Some(0), String::new());
    let mut urgent: Figure = (Some(0), String::new());
    for shape in shapes {
        by_journeys = add(by_journeys, shape.customer(program, wanted, window));
        urgent = add(urgent, shape.essential(program, wanted, window));
    }
    let all = match urgent.0 {
        Some(0) => by_policy,
        _ => add(by_policy, urgent),
    };
    match (all.0, by_journeys.0) {
        // What the journeys lack says more than that the policy has no limit.
        (None, None) => by_journeys,
        _ => smaller(all, by_journeys),
    }
}
