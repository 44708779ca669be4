//! How many messages a customer can get at most, in any window of time.
//!
//! Two sources, the smaller of both. Limits, the journey's own and for all that a customer gets the policy's: at most `n * ceil(W / P)` in any half-open window `(t - W, t]`, and for
//! a window of the calendar `n` for each day, week or month that W can touch: the ledger's convention, and its function. Structure: each sending place as often as its state can be entered, where a state on no cycle is
//! entered once, one with `limit visits` as often as that allows, one that takes time to come back to as often as that
//! fits, one that only events of limited intake bring back once more than those are taken in, and one that only capped states bring back once more than they are entered. What is decided in `W + A` may
//! leave in `W`, where `A` is the longest that a message stays true (checker.md, sections 1b and 2).
//!
//! Every figure is an upper bound: never too low, often not attained.

use std::collections::{BTreeMap, BTreeSet};

use journey_spec::Program;
use journey_spec::program::{
    Calendar, Channel, DAY, EventId, Fate, HOUR, Journey, JourneyId, Limit, LimitWhat, Millis, Purpose, Validity,
    Window,
};
use journey_step::ledger::most_within;
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::loops;
use crate::graph::{self, Edge, Graph, Sent, caps, channels, counts};

/// The windows of the table.
pub const WINDOWS: [Millis; 4] = [HOUR, DAY, 7 * DAY, 30 * DAY];

/// Whom a bound is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// One customer, over all journeys.
    Customer,
    /// One instance of a journey.
    Instance(JourneyId),
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
    /// The rolling window, in milliseconds; none means the whole life.
    pub window: Option<Millis>,
    /// How many; none where nothing bounds it.
    pub at_most: Option<u64>,
    /// What kind of figure it is: `upper bound`.
    pub kind: &'static str,
    /// What bounds it: rules as written, or the journey's shape.
    pub by: String,
}

/// The most that a limit lets through in a window; none where it has no say: no window of its own, and the whole life
/// is asked for, is `n`.
#[must_use]
pub fn most(n: u32, per: Option<Window>, window: Option<Window>) -> Option<u64> {
    match (per, window) {
        (None, _) => Some(u64::from(n)),
        (Some(_), None) => None,
        (Some(per), Some(window)) => Some(most_within(u64::from(n), per, window)),
    }
}

/// The table: for one customer and for one instance of each journey, on each channel and in all, in each of
/// [`WINDOWS`] and, for an instance, in its whole life.
#[must_use]
pub fn message_bounds(program: &Program) -> Vec<Bound> {
    let mut out = Vec::new();
    let used: BTreeSet<Channel> = program.messages.iter().flat_map(|m| m.variants.iter().map(|v| v.channel)).collect();
    let wanted: Vec<Option<Channel>> = std::iter::once(None).chain(used.into_iter().map(Some)).collect();
    let shapes: Vec<Shape> =
        (0..).zip(&program.journeys).filter_map(|(i, _)| Shape::of(program, JourneyId(i))).collect();
    for channel in wanted {
        let what = channel.map_or("messages", Channel::name);
        for window in WINDOWS {
            let (at_most, by) = customer(program, &shapes, channel, window);
            let subject = format!("{what} to one customer");
            out.push(Bound { scope: Scope::Customer, subject, channel, window: Some(window), at_most, kind: KIND, by });
        }
        for shape in &shapes {
            for window in WINDOWS.into_iter().map(Some).chain([None]) {
                let (at_most, by) = shape.instance(program, channel, window);
                let subject = format!("{what} from one `{}`", shape.graph.name);
                out.push(Bound {
                    scope: Scope::Instance(shape.graph.journey),
                    subject,
                    channel,
                    window,
                    at_most,
                    kind: KIND,
                    by,
                });
            }
        }
    }
    out
}

const KIND: &str = "upper bound";

/// A smaller figure and what bounds it.
type Figure = (Option<u64>, String);

fn smaller(a: Figure, b: Figure) -> Figure {
    match (a.0, b.0) {
        (Some(x), Some(y)) if y < x => b,
        (None, Some(_)) => b,
        _ => a,
    }
}

fn nothing() -> Figure {
    (None, "no limit covers it".into())
}

/// A limit as written, up to its fate: `limit messages to 6 per 24h`.
#[must_use]
pub fn rule(limit: &Limit) -> String {
    limit.text.split(" else ").next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A kind of message, as limits tell them apart.
type Class = (Channel, Purpose);

/// The least that limits allow for messages of these classes: one limit over all of them, or each channel, or each
/// purpose, or each class by its own.
fn by_limits(limits: &[&Limit], classes: &BTreeSet<Class>, window: Option<Millis>) -> Figure {
    let over = |part: &BTreeSet<Class>| -> Figure {
        limits
            .iter()
            .filter(|l| part.iter().all(|(c, p)| counts(l.what, *c, *p)))
            .map(|l| (most(l.n, l.per, window.map(Window::Rolling)), format!("`{}`", rule(l))))
            .fold(nothing(), smaller)
    };
    let sum = |parts: Vec<BTreeSet<Class>>| -> Figure {
        let mut total = Some(0_u64);
        let mut rules: Vec<String> = Vec::new();
        for part in parts {
            let (n, by) = over(&part);
            total = total.zip(n).map(|(a, b)| a.saturating_add(b));
            if !rules.contains(&by) {
                rules.push(by);
            }
        }
        match total {
            Some(_) => (total, rules.join(", ")),
            None => nothing(),
        }
    };
    if classes.is_empty() {
        return (Some(0), "nothing is sent".into());
    }
    let split = |key: &dyn Fn(&Class) -> String| {
        let mut parts: BTreeMap<String, BTreeSet<Class>> = Default::default();
        for class in classes {
            parts.entry(key(class)).or_default().insert(*class);
        }
        parts.into_values().collect::<Vec<_>>()
    };
    [
        over(classes),
        sum(split(&|c| c.0.name().into())),
        sum(split(&|c| c.1.name().into())),
        sum(split(&|c| format!("{} {}", c.0.name(), c.1.name()))),
    ]
    .into_iter()
    .fold(nothing(), smaller)
}

/// The limits of the policy that count all that a customer gets; one `per KEY` is counted for each key, and says nothing
/// of the customer.
fn house(program: &Program) -> Vec<&Limit> {
    program.policy.limits.iter().filter(|l| l.key.is_none()).collect()
}

fn customer(program: &Program, shapes: &[Shape], channel: Option<Channel>, window: Millis) -> Figure {
    let classes: BTreeSet<Class> = shapes.iter().flat_map(|s| s.classes(program, channel, false)).collect();
    let by_policy = by_limits(&house(program), &classes, Some(window));
    let mut by_journeys: Figure = (Some(0), String::new());
    let mut urgent: Figure = (Some(0), String::new());
    for shape in shapes {
        by_journeys = add(by_journeys, shape.customer(program, channel, window));
        urgent = add(urgent, shape.essential(program, channel, window));
    }
    let all = match urgent.0 {
        Some(0) => by_policy,
        _ => add(by_policy, urgent),
    };
    smaller(all, by_journeys)
}

fn add(a: Figure, b: Figure) -> Figure {
    let total = a.0.zip(b.0).map(|(x, y)| x.saturating_add(y));
    let by = match (total, a.1.is_empty(), b.1.is_empty()) {
        (None, ..) => "no limit covers it".into(),
        (_, true, _) => b.1,
        (_, _, true) => a.1,
        _ if a.1.contains(&b.1) => a.1,
        _ => format!("{}, {}", a.1, b.1),
    };
    (total, by)
}

/// A journey's places that send.
struct Shape {
    graph: Graph,
    entries: Vec<(NodeIndex, Sent)>,
    /// In a `stay`: so often as its cause comes, which only an event's limit on its intake says.
    stays: Vec<(Sent, Option<Intake>)>,
    /// Of how many events an instance can begin, where all have a limit on their intake.
    begun_by: Option<Vec<Intake>>,
    returns: BTreeMap<NodeIndex, Returns>,
    limits: Vec<Limit>,
    longest_valid: Millis,
    /// Without a key a customer has one instance at a time.
    keyed: bool,
}

impl Shape {
    fn of(program: &Program, id: JourneyId) -> Option<Shape> {
        let graph = graph::of(program, id)?;
        let reach = graph.reachable();
        let entries: Vec<(NodeIndex, Sent)> =
            reach.iter().flat_map(|n| graph.visit_sends(*n).map(|s| (*n, s.clone())).collect::<Vec<_>>()).collect();
        let cycles = Cycles::of(&graph);
        let returns = entries.iter().map(|(n, _)| (*n, Returns::to(&graph, &cycles, *n))).collect();
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
        let longest_valid = program
            .messages
            .iter()
            .map(|m| match m.validity {
                Validity::For(d) => d,
                _ => program.policy.valid_for,
            })
            .fold(program.policy.valid_for, Millis::max);
        Some(Shape { graph, entries, stays, begun_by, returns, limits, longest_valid, keyed })
    }

    fn sites(&self) -> impl Iterator<Item = (Often, &Sent)> {
        let entries = self.entries.iter().map(|(n, s)| (Often::Entered(*n), s));
        entries.chain(self.stays.iter().map(|(s, intake)| (intake.map_or(Often::Unbounded, Often::Taken), s)))
    }

    /// Classes of what it sends: essential, or the rest.
    fn classes(&self, program: &Program, channel: Option<Channel>, essential: bool) -> BTreeSet<Class> {
        let mut classes = BTreeSet::new();
        for (_, sent) in self.sites() {
            let Some(m) = program.messages.get(sent.send.message.index()) else { continue };
            if m.essential.is_some() == essential {
                classes.extend(channels(m, &sent.send).into_iter().map(|c| (c, m.purpose)));
            }
        }
        classes.retain(|(c, _)| channel.is_none_or(|wanted| wanted == *c));
        classes
    }

    /// What one instance can send of its shape alone.
    fn shape(
        &self,
        program: &Program,
        channel: Option<Channel>,
        window: Option<Millis>,
        essential: Option<bool>,
    ) -> Figure {
        let decided = window.map(|w| w.saturating_add(self.longest_valid));
        let mut total = Some(0_u64);
        for (often, sent) in self.sites() {
            let Some(m) = program.messages.get(sent.send.message.index()) else { continue };
            let on = channels(m, &sent.send);
            if essential.is_some_and(|e| e != m.essential.is_some()) || channel.is_some_and(|c| !on.contains(&c)) {
                continue;
            }
            let decided = decided.map(Window::Rolling);
            let times = match often {
                Often::Entered(n) => self.returns.get(&n).and_then(|r| r.most(&self.graph, &self.limits, decided)),
                Often::Taken(intake) => intake.most(decided),
                Often::Unbounded => None,
            };
            total = total.zip(times).map(|(a, b)| a.saturating_add(b));
        }
        match total {
            Some(_) => (total, format!("the shape of `{}`", self.graph.name)),
            None => nothing(),
        }
    }

    fn instance(&self, program: &Program, channel: Option<Channel>, window: Option<Millis>) -> Figure {
        let whole = self.shape(program, channel, window, None);
        let own: Vec<&Limit> = self.limits.iter().collect();
        let classes = self.classes(program, channel, false);
        // What the policy lets through to the customer, it lets through from all instances together.
        let limited = smaller(by_limits(&own, &classes, window), by_limits(&house(program), &classes, window));
        let essential = self.shape(program, channel, window, Some(true));
        let both = match essential.0 {
            Some(0) => limited,
            _ => add(limited, essential),
        };
        smaller(whole, both)
    }

    /// How many instances of one customer can be alive at some time of a window.
    fn instances(&self, window: Millis) -> Option<u64> {
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

    fn customer(&self, program: &Program, channel: Option<Channel>, window: Millis) -> Figure {
        if self.classes(program, channel, false).is_empty() && self.classes(program, channel, true).is_empty() {
            return (Some(0), String::new());
        }
        let (each, by) = self.instance(program, channel, Some(window));
        let decided = window.saturating_add(self.longest_valid);
        let many = self.instances(decided);
        let total = each.zip(many).map(|(a, b)| a.saturating_mul(b));
        let wide: Vec<&Limit> = self.limits.iter().filter(|l| l.per_customer).collect();
        let shared = match self.classes(program, channel, true).is_empty() {
            true => by_limits(&wide, &self.classes(program, channel, false), Some(window)),
            false => nothing(),
        };
        smaller((total, by), shared)
    }

    /// What its essential messages can add for one customer.
    fn essential(&self, program: &Program, channel: Option<Channel>, window: Millis) -> Figure {
        if self.classes(program, channel, true).is_empty() {
            return (Some(0), String::new());
        }
        let (each, _) = self.shape(program, channel, Some(window), Some(true));
        let many = self.instances(window.saturating_add(self.longest_valid));
        let total = each.zip(many).map(|(a, b)| a.saturating_mul(b));
        match total {
            Some(_) => (total, "the bounds of essential messages".into()),
            None => nothing(),
        }
    }
}

/// How often a sending place sends.
enum Often {
    /// Whenever its state is entered.
    Entered(NodeIndex),
    /// Whenever such an event is taken in.
    Taken(Intake),
    /// Nothing says.
    Unbounded,
}

/// A limit on the intake of an event, as an arrow of that event feels it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Intake {
    event: EventId,
    n: u32,
    per: Window,
    /// How long after its event the arrow may be taken.
    settle: Millis,
}

impl Intake {
    /// The limit of the event whose arrow this is.
    pub(super) fn of(edge: &Edge) -> Option<Intake> {
        let quota = edge.intake?;
        Some(Intake { event: edge.event?, n: quota.n, per: quota.per, settle: edge.settle.unwrap_or(0) })
    }

    /// Those of the events that begin an instance, where each has one.
    pub(super) fn of_starts(program: &Program, journey: &Journey) -> Option<Vec<Intake>> {
        let limit = |event: EventId| {
            let quota = program.events.get(event.index())?.intake?;
            Some(Intake { event, n: quota.n, per: quota.per, settle: 0 })
        };
        let events: BTreeSet<EventId> = journey.starts.iter().map(|s| s.event).collect();
        events.into_iter().map(limit).collect()
    }

    /// How many arrows of the event can be taken in a window; none for the whole life.
    pub(super) fn most(&self, window: Option<Window>) -> Option<u64> {
        let window = match (window?, self.settle) {
            (window, 0) => window,
            (window, settle) => Window::Rolling(window.longest().saturating_add(settle)),
        };
        Some(most_within(u64::from(self.n), self.per, window))
    }
}

fn sum_of(mut parts: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    parts.try_fold(0_u64, |sum, n| Some(sum.saturating_add(n?)))
}

/// Components of the arrows that can be taken without end.
struct View {
    components: Vec<usize>,
    sizes: BTreeMap<usize, usize>,
    kept: BTreeSet<EdgeIndex>,
    /// For each node, how many arrows at instants lie on cycles with it, and are left out because nothing on the way moves
    /// their data: each can be taken once.
    once: Vec<u64>,
}

impl View {
    /// Over the arrows that `keep` lets in; with or without those of events whose intake is limited.
    fn of(graph: &Graph, limited: bool, keep: impl Fn(NodeIndex, &Edge) -> bool) -> View {
        let mut kept: BTreeSet<_> = graph
            .edges()
            .filter(|(_, _, _, e)| limited || e.intake.is_none())
            .filter(|(_, _, to, e)| if e.stay { e.repeats } else { keep(*to, e) })
            .map(|(id, ..)| id)
            .collect();
        let before = graph.components(|e, _, _, _| kept.contains(&e));
        let all = kept.clone();
        loops::prune_instants(graph, &mut kept);
        let mut once = vec![0_u64; before.len()];
        for (from, to, _) in all.difference(&kept).filter_map(|e| graph.edge(*e)) {
            let here = before.get(from.index());
            if here == before.get(to.index()) {
                let same = before.iter().zip(&mut once).filter(|(component, _)| Some(*component) == here);
                same.for_each(|(_, n)| *n += 1);
            }
        }
        let components = graph.components(|e, _, _, _| kept.contains(&e));
        let mut sizes = BTreeMap::new();
        for c in &components {
            *sizes.entry(*c).or_default() += 1;
        }
        View { components, sizes, kept, once }
    }

    /// How often a run can come back to a node by instants that come once, and by nothing else that is let in.
    fn once(&self, n: NodeIndex) -> u64 {
        self.once.get(n.index()).copied().unwrap_or(0)
    }

    fn on_cycle(&self, graph: &Graph, n: NodeIndex) -> bool {
        let many = self.components.get(n.index()).and_then(|c| self.sizes.get(c)).is_some_and(|size| *size > 1);
        many || graph.out(n).any(|(e, to, w)| to == n && !w.stay && self.kept.contains(&e))
    }

    fn with(&self, n: NodeIndex) -> impl Iterator<Item = NodeIndex> {
        let here = self.components.get(n.index()).copied();
        let members = self.components.iter().enumerate().filter(move |(_, c)| Some(**c) == here);
        members.map(|(i, _)| NodeIndex::new(i))
    }
}

/// What is on cycles: of all arrows, of those into states without a cap, of those that take no time.
pub(super) struct Cycles {
    all: View,
    uncapped: View,
    /// Besides, without arrows of events whose intake is limited.
    unlimited: View,
    timeless: View,
}

impl Cycles {
    /// Looks once at a graph.
    pub(super) fn of(graph: &Graph) -> Cycles {
        Cycles {
            all: View::of(graph, true, |_, _| true),
            uncapped: View::of(graph, true, |to, _| !graph.capped(to)),
            unlimited: View::of(graph, false, |to, _| !graph.capped(to)),
            timeless: View::of(graph, true, |_, e| e.lo == 0),
        }
    }
}

/// How a state is come back to.
pub(super) struct Returns {
    node: NodeIndex,
    /// Whether it is at all, but by instants that come once.
    again: bool,
    /// How many of those there are.
    once: u64,
    /// The least time in between, in milliseconds, where there is one.
    apart: Option<Millis>,
    /// The capped states of which a run passes one in between, where it has to.
    through: Option<Vec<NodeIndex>>,
    /// The same with the limited events of which an arrow may be taken in its place.
    by_events: Option<(Vec<NodeIndex>, BTreeSet<Intake>)>,
}

impl Returns {
    /// How `node` is come back to.
    pub(super) fn to(graph: &Graph, cycles: &Cycles, node: NodeIndex) -> Returns {
        if !cycles.all.on_cycle(graph, node) {
            let once = cycles.all.once(node);
            return Returns { node, again: false, once, apart: None, through: None, by_events: None };
        }
        let apart = match cycles.timeless.on_cycle(graph, node) {
            true => None,
            false => graph.return_time(node).filter(|back| *back > 0),
        };
        // Without the other capped states no way back: a run passes one of them, of the same component.
        let own: View;
        let uncapped = match graph.capped(node) {
            true => {
                own = View::of(graph, true, |to, _| to == node || !graph.capped(to));
                &own
            }
            false => &cycles.uncapped,
        };
        let passes = !uncapped.on_cycle(graph, node);
        let others: Vec<_> = cycles.all.with(node).filter(|m| *m != node && graph.capped(*m)).collect();
        let inside: BTreeSet<_> = cycles.all.with(node).collect();
        let events: BTreeSet<Intake> = graph
            .edges()
            .filter(|(_, from, to, _)| inside.contains(from) && inside.contains(to))
            .filter_map(|(_, _, _, e)| Intake::of(e))
            .collect();
        let own: View;
        let unlimited = match graph.capped(node) {
            true => {
                own = View::of(graph, false, |to, _| to == node || !graph.capped(to));
                &own
            }
            false => &cycles.unlimited,
        };
        let stops = !unlimited.on_cycle(graph, node) && !events.is_empty();
        let once = match passes {
            true => uncapped.once(node),
            false => unlimited.once(node),
        };
        let by_events = (stops && !passes).then(|| (others.clone(), events));
        Returns { node, again: true, once, apart, through: passes.then_some(others), by_events }
    }

    /// Whether one instance enters the state once in its whole life at most.
    pub(super) fn at_most_once(&self) -> bool {
        !self.again && self.once == 0
    }

    /// How often one instance can enter the state in a window, or in its whole life; none where nothing bounds it.
    pub(super) fn most(&self, graph: &Graph, limits: &[Limit], window: Option<Window>) -> Option<u64> {
        // A run is cut where such a place is entered or such an event taken: in each part it comes back only by instants,
        // each once.
        let parts = |cuts: u64| cuts.saturating_add(1).saturating_mul(self.once.saturating_add(1));
        if !self.again {
            return Some(parts(0));
        }
        let own = cap(graph, limits, self.node, window);
        let fits = window.zip(self.apart).map(|(w, b)| w.longest().unsigned_abs().div_ceil(b.unsigned_abs().max(1)));
        let through = self
            .through
            .as_ref()
            .and_then(|others| sum_of(others.iter().map(|m| cap(graph, limits, *m, window))).map(parts));
        // Each time it is come back to, one of these was entered or one of those taken in meanwhile.
        let by_events = self.by_events.as_ref().and_then(|(others, events)| {
            let entered = sum_of(others.iter().map(|m| cap(graph, limits, *m, window)))?;
            let taken = sum_of(events.iter().map(|intake| intake.most(window)))?;
            Some(parts(entered.saturating_add(taken)))
        });
        [own, fits, through, by_events].into_iter().flatten().min()
    }
}

fn cap(graph: &Graph, limits: &[Limit], n: NodeIndex, window: Option<Window>) -> Option<u64> {
    let state = graph.place(n)?.state?;
    limits.iter().filter(|l| caps(l.what, state)).filter_map(|l| most(l.n, l.per, window)).min()
}

/// Whether limits of the journey count this message on every channel on which it may leave.
pub(super) fn journey_limits_it(program: &Program, journey: JourneyId, sent: &Sent) -> bool {
    let limits = program.journeys.get(journey.index()).map_or(&[][..], |j| j.limits.as_slice());
    limited(program, limits.iter(), sent)
}

pub(super) fn limited<'a>(program: &Program, limits: impl Iterator<Item = &'a Limit> + Clone, sent: &Sent) -> bool {
    let Some(m) = program.messages.get(sent.send.message.index()) else { return false };
    let on = channels(m, &sent.send);
    m.essential.is_none() && !on.is_empty() && on.iter().all(|c| limits.clone().any(|l| counts(l.what, *c, m.purpose)))
}

/// What stands between a customer and a loop where it is only the policy: `only the policy's … stands in between: 6
/// messages a day, day after day`.
pub(super) fn policy_only(program: &Program, sent: &[Sent]) -> Option<String> {
    if sent.iter().any(|s| program.messages.get(s.send.message.index()).is_some_and(|m| m.essential.is_some())) {
        return Some("an essential message passes every limit".into());
    }
    let limits = house(program);
    let covering = limits.iter().filter(|l| sent.iter().all(|s| limited(program, std::iter::once(**l), s)));
    let tightest = covering.min_by_key(|l| most(l.n, l.per, Some(Window::Rolling(30 * DAY))))?;
    let rate = match tightest.per {
        None => format!("{} in the customer's whole life", tightest.n),
        Some(Window::Rolling(DAY) | Window::Calendar(Calendar::Day)) => {
            format!("{} messages a day, day after day", tightest.n)
        }
        Some(per) => format!("{} messages every {}, without end", tightest.n, per.spelled()),
    };
    Some(format!("only the policy's `{}` stands in between: {rate}", rule(tightest)))
}
