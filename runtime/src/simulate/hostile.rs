//! A hostile customer's feed: one who sees the state in which the customer's journeys are, and sends what hurts, when it hurts.
//!
//! It moves in bursts. In each the same events come again and again with new content, of those that the present states hear;
//! answers follow on messages at once; cases are closed as soon as they are open; addresses come and go. Its instants are
//! those at which something changes hands: a millisecond later, around the next timer, and when a window lets go of a message
//! that left. In every other burst the dates that it sends lie where `at T - d` falls due now, so that timers fire in bursts
//! too; in the others they lie far ahead, so that journeys live and can be hammered on.

use std::collections::BTreeSet;
use std::sync::Arc;

use journey_spec::program::{
    Arrow, Channel, DAY, Deadline, EventId, Expr, HOUR, Limit, LimitWhat, MINUTE, Millis, Program, Trigger, Window,
};
use journey_spec::value::Data;
use journey_spec::{Ts, Value};
use journey_step::{Customer, Input};

use super::derive::silences;
use super::profile::{Follow, Profile};
use super::random::Random;
use super::words::Share;
use super::world::{RARELY, Thing, World, said};

/// Moves of one burst, at least and at most; 131 times is a story that happened.
const BURST: (Millis, Millis) = (5, 140);

/// What all adversaries of a program know of it.
pub(super) struct Known {
    /// For each journey and state, the events that are heard there.
    heard: Vec<Vec<Vec<EventId>>>,
    /// Events that start a journey.
    starts: Vec<EventId>,
    /// How far before or after an instant of the data something falls due.
    edges: Vec<Millis>,
    /// Windows in which limits count.
    windows: Vec<Millis>,
    /// Names of fields that stand for different things in different events.
    pub(super) ambiguous: BTreeSet<String>,
    /// For each event, which others follow it: their event, and the position in its list.
    followers: Vec<Vec<(usize, usize)>>,
}

impl Known {
    pub(super) fn of(program: &Program, profile: &Profile) -> Known {
        let mut edges = BTreeSet::from([0]);
        let mut heard = Vec::new();
        let mut starts = BTreeSet::new();
        for journey in &program.journeys {
            starts.extend(journey.starts.iter().map(|s| s.event));
            let events = |arrows: &[Arrow]| -> Vec<EventId> {
                let event = |a: &Arrow| match &a.on {
                    Trigger::Event { event, .. } => Some(*event),
                    _ => None,
                };
                arrows.iter().filter_map(event).collect()
            };
            // What silences the journey is as good as heard.
            let all = (0..).zip(&program.events).map(|(id, _)| EventId(id));
            let silencing = all.filter(|id| silences(program, journey, *id));
            let everywhere: Vec<EventId> = events(&journey.arrows).into_iter().chain(silencing).collect();
            heard.push(journey.states.iter().map(|s| [events(&s.arrows), everywhere.clone()].concat()).collect());
            let arrows = journey.arrows.iter().chain(journey.states.iter().flat_map(|s| &s.arrows));
            edges.extend(arrows.filter_map(|a| match &a.on {
                Trigger::At { at, .. } => Some(offset(at)),
                _ => None,
            }));
            for state in &journey.states {
                edges.extend(state.entry.iter().filter_map(|action| match action {
                    journey_spec::program::Action::Send(send) => match &send.promising.as_ref()?.deadline {
                        Deadline::By(at) => Some(offset(at)),
                        Deadline::Within(_) => None,
                    },
                    _ => None,
                }));
            }
        }
        let limits = program.policy.limits.iter().chain(program.journeys.iter().flat_map(|j| &j.limits));
        let window = |l: &Limit| match (l.what, l.per) {
            (LimitWhat::Live, _) => None,
            (_, Some(Window::Rolling(per))) => Some(per),
            _ => None,
        };
        let mut windows: BTreeSet<Millis> = limits.filter_map(window).collect();
        windows.insert(DAY);
        Known {
            heard,
            starts: starts.into_iter().collect(),
            edges: edges.into_iter().collect(),
            windows: windows.into_iter().collect(),
            ambiguous: ambiguous(program),
            followers: followers(program, profile),
        }
    }

    /// Which events follow one, each with its position in the follower's list.
    pub(super) fn followers<'p>(
        &self,
        event: usize,
        profile: &'p Profile,
    ) -> impl Iterator<Item = (usize, usize, &'p Follow)> {
        let list = self.followers.get(event).map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(|(e, n)| Some((*e, *n, profile.events.get(*e)?.follows.get(*n)?)))
    }
}

/// How far an expression moves the datum it begins with; calendar days as whole ones.
fn offset(expr: &Expr) -> Millis {
    match expr {
        Expr::Offset { base, by } => offset(base).saturating_add(*by),
        Expr::Calendar { base, days, .. } => offset(base).saturating_add(Millis::from(*days).saturating_mul(DAY)),
        Expr::Literal(_) | Expr::Path(_) | Expr::Now => 0,
    }
}

fn ambiguous(program: &Program) -> BTreeSet<String> {
    let fields = || program.events.iter().flat_map(|e| &e.fields);
    fields().filter(|f| fields().any(|g| f.name == g.name && f.ty != g.ty)).map(|f| f.name.clone()).collect()
}

fn followers(program: &Program, profile: &Profile) -> Vec<Vec<(usize, usize)>> {
    let mut all = vec![Vec::new(); program.events.len()];
    for (event, plan) in profile.events.iter().enumerate() {
        for (number, follow) in plan.follows.iter().enumerate() {
            if let Some(list) = all.get_mut(follow.event.index()) {
                list.push((event, number));
            }
        }
    }
    all
}

/// One customer's adversary.
pub(super) struct Adversary {
    random: Random,
    /// Moves that it has left.
    left: u32,
    /// Moves that its burst has left.
    burst: Millis,
    /// Its burst keeps journeys alive: no date of it is near.
    far: bool,
    /// The event and the thing that it hammers on.
    on: Option<(usize, usize)>,
    /// What came last, to come once more.
    last: Option<Input>,
    /// When messages left, newest last.
    pub(super) gone: Vec<(Ts, usize, Channel)>,
}

impl Adversary {
    pub(super) fn new(random: Random, profile: &Profile) -> Adversary {
        Adversary { random, left: profile.hostile_inputs, burst: 0, far: false, on: None, last: None, gone: Vec::new() }
    }

    /// When it moves next.
    fn next(&mut self, customer: &Customer, windows: &[Millis], now: Ts) -> Ts {
        self.burst -= 1;
        if self.burst <= 0 {
            self.burst = self.random.between(BURST.0, BURST.1);
            self.far = self.random.below(2) == 0;
            self.on = None;
            return now.saturating_add(self.random.between(HOUR, 12 * DAY));
        }
        let later = |by: Millis| now.saturating_add(by.max(1));
        match self.random.below(100) {
            0..35 => later(1),
            35..65 => match customer.next_due().filter(|due| *due <= later(3 * DAY)) {
                Some(due) => due.saturating_add(self.random.between(-1, 1)).max(now),
                None => later(self.random.between(1, HOUR)),
            },
            65..80 => {
                let window = self.random.pick(windows).copied().unwrap_or(DAY);
                let frees = self.gone.iter().map(|(at, ..)| at.saturating_add(window)).find(|at| *at > now);
                match frees.filter(|at| *at <= later(8 * DAY)) {
                    Some(at) => at.saturating_add(self.random.between(-1, 1)).max(now),
                    None => later(self.random.between(1, MINUTE)),
                }
            }
            80..93 => later(self.random.between(1, 20 * MINUTE)),
            _ => later(self.random.between(MINUTE, 12 * HOUR)),
        }
    }
}

impl<'s> World<'s> {
    /// The adversary's move, and when the next one is.
    pub(super) fn attack(&mut self, program: &Program, customer: &Customer, now: Ts) -> Option<Input> {
        let mut adversary = self.adversary.take()?;
        let input = self.moved(&mut adversary, program, customer, now);
        if let Some(input) = &input {
            adversary.last = Some(input.clone());
        }
        adversary.left = adversary.left.saturating_sub(1);
        if adversary.left > 0 {
            let at = adversary.next(customer, &self.known().windows, now);
            self.attack_at(at);
        }
        self.adversary = Some(adversary);
        input
    }

    fn moved(&mut self, a: &mut Adversary, program: &Program, customer: &Customer, now: Ts) -> Option<Input> {
        match a.random.below(1_000) {
            0..600 => self.hammer(a, program, customer, now),
            600..680 => {
                let start = a.random.pick(&self.known().starts)?.index();
                self.things.push(Thing::default());
                let thing = self.things.len() - 1;
                a.on = None;
                self.aimed(a, program, (start, thing), now)
            }
            680..880 => {
                let (_, message, channel) = *a.gone.last()?;
                let plan = self.sim.profile.messages.get(message)?;
                // Not the share of STOP that the profile has: who is gone is hurt no more.
                let mut plan = plan.clone();
                plan.stop = Share::NONE;
                Some(Input::Reply { channel, address: None, text: said(&mut a.random, &plan) })
            }
            880..930 => a.last.clone(),
            930..975 => {
                let cases = customer.open_cases();
                let case = a.random.pick(&cases)?.id.to_owned();
                Some(Input::HandoffClosed { case })
            }
            975..995 => Some(self.directory(program, now)),
            _ => {
                let (_, _, channel) = *a.gone.last()?;
                let stops = a.random.happens(RARELY);
                let text = if stops { "STOP" } else { "thank you" };
                Some(Input::Reply { channel, address: None, text: text.into() })
            }
        }
    }

    /// The same event again, or another one that is heard where the customer is now.
    fn hammer(&mut self, a: &mut Adversary, program: &Program, customer: &Customer, now: Ts) -> Option<Input> {
        if a.on.is_none() || a.random.below(10) == 0 {
            let live: Vec<_> = customer.instances().iter().filter(|i| i.is_live()).collect();
            let instance = a.random.pick(&live)?;
            let states = self.known().heard.get(instance.journey().index())?;
            let events = states.get(instance.state().index())?;
            let event = a.random.pick(events)?.index();
            a.on = Some((event, self.thing_of(instance.key(), program, instance.journey())?));
        }
        self.aimed(a, program, a.on?, now)
    }

    /// The thing that has a key's value; the newest where there is no key.
    fn thing_of(
        &self,
        key: Option<&str>,
        program: &Program,
        journey: journey_spec::program::JourneyId,
    ) -> Option<usize> {
        let path = program.journeys.get(journey.index())?.key.as_deref();
        let Some((key, path)) = key.zip(path) else { return self.things.len().checked_sub(1) };
        self.things.iter().position(|thing| match journey_spec::value::lookup(&thing.data, path) {
            Some(Value::Text(text)) => text == key,
            Some(Value::Number(number)) => number.to_string() == key,
            _ => false,
        })
    }

    /// An event whose instants lie where something falls due.
    fn aimed(
        &mut self,
        a: &mut Adversary,
        program: &Program,
        (event, thing): (usize, usize),
        now: Ts,
    ) -> Option<Input> {
        let mut input = self.made(program, event, thing, now, now, true)?;
        if let Input::Event { data, .. } = &mut input
            && a.random.below(10) < 7
        {
            let to = match if a.far { 9 } else { a.random.below(10) } {
                0..5 => {
                    let edge = a.random.pick(&self.known().edges).copied().unwrap_or(0);
                    now.saturating_sub(edge).saturating_add(*a.random.pick(&[-1, 0, 1, 1_000, MINUTE, HOUR])?)
                }
                5..8 => now.saturating_add(a.random.between(1, 3 * DAY)),
                8 => now.saturating_sub(a.random.between(0, DAY)),
                _ => now.saturating_add(a.random.between(3 * DAY, 60 * DAY)),
            };
            aim(data, to);
            if let Some(thing) = self.things.get_mut(thing) {
                thing.data.extend(data.iter().map(|(name, value)| (name, value.clone())));
            }
        }
        Some(input)
    }

    fn known(&self) -> &'s Known {
        &self.sim.known
    }
}

/// Sets every instant.
fn aim(data: &mut Data, to: Ts) {
    for value in data.values_mut() {
        match value {
            Value::Instant(at) => *at = to,
            Value::Record(fields) => aim(Arc::make_mut(fields), to),
            _ => {}
        }
    }
}
