//! How often each sending place of a journey can send, by the shape of its graph alone.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use journey_spec::Program;
use journey_spec::program::{Fate, JourneyId, Limit, LimitWhat, Millis, Window};
use petgraph::graph::NodeIndex;

use super::Wanted;
use super::curves::{Counted, Curves, Runs};
use super::limits::{Class, Figure, add, by_limits, house, most, nothing, smaller};
use super::returns::{Cycles, Intake, Returns, sum_of};
use crate::abstraction::longest_wait;
use crate::graph::{self, Graph, Sent, channels};

/// A journey's places that send.
pub(super) struct Shape {
    pub(super) graph: Graph,
    entries: Vec<(NodeIndex, Sent)>,
    /// Once in each visit, at any time of it.
    visits: Vec<(NodeIndex, Sent)>,
    /// In a `stay`: so often as its cause comes, which only an event's limit on its intake says.
    pub(super) stays: Vec<(Sent, Option<Intake>)>,
    /// Of how many events an instance can begin, where all have a limit on their intake.
    begun_by: Option<Vec<Intake>>,
    returns: BTreeMap<NodeIndex, Returns>,
    pub(super) limits: Vec<Limit>,
    pub(super) longest_valid: Millis,
    /// Without a key a customer has one instance at a time.
    pub(super) keyed: bool,
    pub(super) curves: Curves,
    /// What it sends that is not essential, and what is.
    sends: [BTreeSet<Class>; 2],
    /// Figures that were found.
    known: RefCell<BTreeMap<Asked, Figure>>,
}

/// Of whom a figure is, of what, and in which window.
type Asked = (Who, Wanted, Option<Millis>);

/// Of whom a figure is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    /// One instance.
    Instance,
    /// All instances of a customer.
    Customer,
    /// One instance, of which only limits are asked.
    Limits,
}

impl Shape {
    pub(super) fn of(program: &Program, id: JourneyId) -> Option<Shape> {
        let graph = graph::of(program, id)?;
        let reach = graph.reachable();
        let mut entries: Vec<(NodeIndex, Sent)> = Vec::new();
        let mut visits: Vec<(NodeIndex, Sent)> = Vec::new();
        for n in &reach {
            let of_place = graph.place(*n).into_iter().flat_map(|place| place.sends.iter());
            entries.extend(of_place.map(|sent| (*n, sent.clone())));
            for (_, _, edge) in graph.out(*n).filter(|(_, _, e)| e.stay && (!e.repeats || e.instant.is_some())) {
                // A timer too: one that is late comes when the visit is over, and that of the next one at its time.
                visits.extend(edge.sends.iter().map(|sent| (*n, sent.clone())));
            }
        }
        let cycles = Cycles::of(&graph);
        let returns = entries.iter().chain(&visits).map(|(n, _)| (*n, Returns::to(&graph, &cycles, *n))).collect();
        // An arrow of the journey stands in each state, and one instance takes it in one of them.
        let mut stays: Vec<(Sent, Option<Intake>)> = Vec::new();
        for (_, _, _, edge) in graph.edges().filter(|(_, from, _, e)| e.stay && e.repeats && reach.contains(from)) {
            let intake = Intake::of(edge);
            for sent in &edge.sends {
                if !(intake.is_some() && stays.iter().any(|(s, i)| s.node == sent.node && *i == intake)) {
                    stays.push((sent.clone(), intake));
                }
            }
        }
        let begun_by = program.journeys.get(id.index()).and_then(|j| Intake::of_starts(program, j));
        let limits = program.journeys.get(id.index()).map(|j| j.limits.clone()).unwrap_or_default();
        let keyed = program.journeys.get(id.index()).is_none_or(|j| j.key.is_some());
        let longest_valid = longest_wait(program).saturating_add(1);
        let curves = Curves::of(program, &graph);
        let known = RefCell::default();
        let sends = Default::default();
        let mut shape = Shape {
            graph,
            entries,
            visits,
            stays,
            begun_by,
            returns,
            limits,
            longest_valid,
            keyed,
            curves,
            sends,
            known,
        };
        shape.sends = [false, true].map(|essential| shape.sends(program, essential));
        Some(shape)
    }

    pub(super) fn sites(&self) -> impl Iterator<Item = (Often, &Sent)> {
        let entries = self.entries.iter().map(|(n, s)| (Often::Entered(*n), s));
        let visits = self.visits.iter().map(|(n, s)| (Often::Visited(*n), s));
        entries
            .chain(visits)
            .chain(self.stays.iter().map(|(s, intake)| (intake.map_or(Often::Unbounded, Often::Taken), s)))
    }

    /// Classes of what it sends: essential, or the rest.
    pub(super) fn classes(&self, wanted: Wanted, essential: bool) -> BTreeSet<Class> {
        let [rest, urgent] = &self.sends;
        let of = if essential { urgent } else { rest };
        of.iter().filter(|class| wanted.holds(class)).copied().collect()
    }

    /// Whether it sends any such: essential, or the rest.
    pub(super) fn sends_any(&self, wanted: Wanted, essential: bool) -> bool {
        let [rest, urgent] = &self.sends;
        let of = if essential { urgent } else { rest };
        of.iter().any(|class| wanted.holds(class))
    }

    fn sends(&self, program: &Program, essential: bool) -> BTreeSet<Class> {
        let mut classes = BTreeSet::new();
        for (_, sent) in self.sites() {
            let Some(m) = program.messages.get(sent.send.message.index()) else { continue };
            if m.essential.is_some() == essential {
                classes.extend(channels(m, &sent.send).into_iter().map(|c| (c, m.purpose)));
            }
        }
        classes
    }

    /// A figure, found once.
    fn once(&self, key: Asked, find: impl FnOnce() -> Figure) -> Figure {
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let figure = find();
        self.known.borrow_mut().insert(key, figure.clone());
        figure
    }

    /// What one instance can send of its shape alone.
    pub(super) fn shape(
        &self,
        program: &Program,
        wanted: Wanted,
        window: Option<Millis>,
        essential: Option<bool>,
    ) -> Figure {
        let decided = window.map(|w| w.saturating_add(self.longest_valid));
        let mut total = Some(0_u64);
        for (often, sent) in self.sites() {
            let Some(m) = program.messages.get(sent.send.message.index()) else { continue };
            let on = channels(m, &sent.send);
            if essential.is_some_and(|e| e != m.essential.is_some())
                || !on.iter().any(|c| wanted.holds(&(*c, m.purpose)))
            {
                continue;
            }
            let decided = decided.map(Window::Rolling);
            let entered = |n, window| self.returns.get(&n).and_then(|r| r.most(&self.graph, &self.limits, window));
            let times = match often {
                Often::Entered(n) => entered(n, decided),
                // The visit under way as the window begins has not sent it yet.
                Often::Visited(n) => {
                    let within = entered(n, decided).map(|times| times.saturating_add(u64::from(decided.is_some())));
                    within.into_iter().chain(entered(n, None)).min()
                }
                Often::Taken(intake) => intake.most(decided),
                Often::Unbounded => None,
            };
            total = total.zip(times).map(|(a, b)| a.saturating_add(b));
        }
        let counted = Counted {
            classes: match essential {
                Some(essential) => self.classes(wanted, essential),
                None => self.classes(wanted, true).union(&self.classes(wanted, false)).copied().collect(),
            },
            essential,
        };
        let run = self.curves.most(program, &self.graph, &counted, window, Runs::Any).most;
        match total.into_iter().chain(run).min() {
            Some(most) => (Some(most), format!("the shape of `{}`", self.graph.name)),
            None => nothing(),
        }
    }

    /// What of what limits count can leave one instance in a window, before they are asked; none where nothing bounds it,
    /// and where it is not less than `below`.
    pub(super) fn flow(&self, program: &Program, part: &BTreeSet<Class>, window: Millis, below: u64) -> Option<u64> {
        let mut classes = self.classes(Wanted::default(), false);
        classes.retain(|class| part.contains(class));
        let counted = Counted { classes, essential: Some(false) };
        self.curves.less(program, &self.graph, &counted, window, below)
    }

    pub(super) fn instance(&self, program: &Program, wanted: Wanted, window: Option<Millis>) -> Figure {
        self.once((Who::Instance, wanted, window), || self.of_instance(program, wanted, window))
    }

    fn of_instance(&self, program: &Program, wanted: Wanted, window: Option<Millis>) -> Figure {
        let whole = self.shape(program, wanted, window, None);
        let own: Vec<&Limit> = self.limits.iter().collect();
        let classes = self.classes(wanted, false);
        // What the policy lets through to the customer, it lets through from all instances together.
        let flow = |part: &BTreeSet<Class>, window: Millis, below: u64| self.flow(program, part, window, below);
        let limited =
            smaller(by_limits(&own, &classes, window, &flow), by_limits(&house(program), &classes, window, &flow));
        let essential = match self.sends_any(wanted, true) {
            true => self.shape(program, wanted, window, Some(true)),
            false => (Some(0), String::new()),
        };
        let both = match essential.0 {
            Some(0) => limited,
            _ => add(limited, essential),
        };
        let figure = smaller(whole, both);
        // No window holds more than the whole life does.
        match window {
            Some(_) => smaller(figure, self.instance(program, wanted, None)),
            None => figure,
        }
    }

    /// What the limits alone let through.
    pub(super) fn limit(&self, program: &Program, wanted: Wanted, window: Option<Millis>) -> Option<u64> {
        self.once((Who::Limits, wanted, window), || self.of_limits(program, wanted, window)).0
    }

    fn of_limits(&self, program: &Program, wanted: Wanted, window: Option<Millis>) -> Figure {
        let own: Vec<&Limit> = self.limits.iter().collect();
        let classes = self.classes(wanted, false);
        // What is essential passes them.
        if classes.is_empty() || self.sends_any(wanted, true) {
            return nothing();
        }
        let alone = |limits: &[&Limit]| by_limits(limits, &classes, window, &|_, _, _| None);
        smaller(alone(&own), alone(&house(program)))
    }

    /// How many instances of one customer can be alive at some time of a window.
    pub(super) fn instances(&self, window: Millis) -> Option<u64> {
        let bound = |what| {
            let all = self.limits.iter().filter(|l| l.what == what && !matches!(l.fate, Fate::Goto(_)));
            all.cloned().collect::<Vec<_>>()
        };
        let starts = bound(LimitWhat::Starts);
        // For the whole life there is no need of a limit on how many live.
        if let Some(n) = starts.iter().filter(|l| l.per.is_none()).map(|l| u64::from(l.n)).min() {
            return Some(n);
        }
        let live =
            bound(LimitWhat::Live).iter().map(|l| u64::from(l.n)).min().or(if self.keyed { None } else { Some(1) })?;
        let window = Some(Window::Rolling(window));
        let taken = self.begun_by.as_ref().and_then(|events| sum_of(events.iter().map(|intake| intake.most(window))));
        let new = starts.iter().filter_map(|l| most(l.n, l.per, window)).chain(taken).min()?;
        Some(live.saturating_add(new))
    }

    pub(super) fn customer(&self, program: &Program, wanted: Wanted, window: Millis) -> Figure {
        self.once((Who::Customer, wanted, Some(window)), || self.of_customer(program, wanted, window))
    }

    fn of_customer(&self, program: &Program, wanted: Wanted, window: Millis) -> Figure {
        if !self.sends_any(wanted, false) && !self.sends_any(wanted, true) {
            return (Some(0), String::new());
        }
        let (each, by) = self.instance(program, wanted, Some(window));
        let decided = window.saturating_add(self.longest_valid);
        let many = self.instances(decided);
        let total = each.zip(many).map(|(a, b)| a.saturating_mul(b));
        let by = match (each, many) {
            (Some(_), None) => format!("no `limit live` says how many `{}` there are at once", self.graph.name),
            _ => by,
        };
        let wide: Vec<&Limit> = self.limits.iter().filter(|l| l.per_customer).collect();
        let shared = match !self.sends_any(wanted, true) {
            true => {
                let flow = |part: &BTreeSet<Class>, window: Millis, below: u64| {
                    self.flow_to_customer(program, part, window, below)
                };
                by_limits(&wide, &self.classes(wanted, false), Some(window), &flow)
            }
            false => nothing(),
        };
        smaller((total, by), shared)
    }

    /// As [`Shape::flow`], of all instances that a customer can have.
    pub(super) fn flow_to_customer(
        &self,
        program: &Program,
        part: &BTreeSet<Class>,
        window: Millis,
        below: u64,
    ) -> Option<u64> {
        // Where nothing bounds the instances, only none of each is a bound.
        let many = self.instances(window.saturating_add(self.longest_valid));
        let each = below.div_ceil(many.unwrap_or(u64::MAX).max(1));
        match self.flow(program, part, window, each)? {
            0 => Some(0),
            each => Some(each.saturating_mul(many?)),
        }
    }

    /// What its essential messages can add for one customer.
    pub(super) fn essential(&self, program: &Program, wanted: Wanted, window: Millis) -> Figure {
        if !self.sends_any(wanted, true) {
            return (Some(0), String::new());
        }
        let (each, _) = self.shape(program, wanted, Some(window), Some(true));
        let many = self.instances(window.saturating_add(self.longest_valid));
        let total = each.zip(many).map(|(a, b)| a.saturating_mul(b));
        match total {
            Some(_) => (total, "the bounds of essential messages".into()),
            None => nothing(),
        }
    }
}

/// How often a sending place sends.
pub(super) enum Often {
    /// Whenever its state is entered.
    Entered(NodeIndex),
    /// Once in each visit of its state, at any time of it.
    Visited(NodeIndex),
    /// Whenever such an event is taken in.
    Taken(Intake),
    /// Nothing says.
    Unbounded,
}
