//! One customer's surroundings: what comes of them next, and what people, channels and services do with what a step asks.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use journey_spec::program::{Channel, DAY, HOUR, HookAnswers, MINUTE, Millis, Program};
use journey_spec::time::Zone;
use journey_spec::value::{Data, fields_to_json, lookup};
use journey_spec::{Ts, Value, places};
use journey_step::effect::{CallRequest, HandoffCase, Release};
use journey_step::{Customer, HookAnswer, HookRequest, Input, Verdict};

use super::Simulation;
use super::hostile::Adversary;
use super::make::{Making, later_in_hours};
use super::profile::{ACCEPT, EventPlan, Follow, MessagePlan, When};
use super::random::Random;
use super::words::Share;

/// Inputs that one customer's feed brings at most; a profile whose events follow each other in a circle ends here.
pub(super) const MOST_INPUTS: u32 = 100_000;

/// Something that comes.
#[derive(Debug)]
enum Comes {
    /// The directory's news.
    Directory,
    /// The next of an event that comes by itself.
    ByItself(usize),
    Event(Coming),
    /// The customer answers a message.
    Reply(usize, Channel),
    /// A hostile customer's next move.
    Attack,
    /// As it is.
    Ready(Box<Input>),
}

/// An event under way.
#[derive(Clone, Debug)]
struct Coming {
    event: usize,
    thing: usize,
    /// Which of the event's `follows` it comes by.
    by: Option<usize>,
    /// How long before its instant, where it comes before one.
    before: Option<Millis>,
    /// When it happened, where it comes late.
    happened: Option<Ts>,
    /// How often it comes again, because it is stuck.
    stuck: u32,
    /// It is one of those.
    again: bool,
}

struct Queued {
    at: Ts,
    /// What was queued first comes first.
    number: u64,
    comes: Comes,
}

impl PartialEq for Queued {
    fn eq(&self, other: &Queued) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl Eq for Queued {}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Queued) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Queued) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// What events are about: a booking, a flight.
#[derive(Default)]
pub(super) struct Thing {
    /// All that its events have said of it, newest.
    pub(super) data: Data,
    /// The same under names that events use for values of different types, part by part: what they share, such as the
    /// key, stays what it is.
    shared: Data,
    /// Nothing more comes of it.
    over: bool,
}

/// A customer's surroundings.
pub(super) struct World<'s> {
    pub(super) sim: &'s Simulation<'s>,
    queue: BinaryHeap<Reverse<Queued>>,
    queued: u64,
    pub(super) random: Random,
    pub(super) things: Vec<Thing>,
    customer: u64,
    profile: Data,
    zones: HashMap<String, Zone>,
    pub(super) zone: Zone,
    pub(super) adversary: Option<Adversary>,
    /// How many inputs have come.
    pub(super) came: u32,
}

impl<'s> World<'s> {
    pub(super) fn new(sim: &'s Simulation<'s>) -> World<'s> {
        World {
            sim,
            queue: BinaryHeap::new(),
            queued: 0,
            random: Random::of(0, 0, 0),
            things: Vec::new(),
            customer: 0,
            profile: Data::new(),
            zones: HashMap::new(),
            zone: Zone::utc(),
            adversary: None,
            came: 0,
        }
    }

    /// Begins anew for this customer.
    pub(super) fn begin(&mut self, customer: u64) {
        self.queue.clear();
        self.things.clear();
        (self.queued, self.came, self.customer) = (0, 0, customer);
        self.random = Random::of(self.sim.options.seed, customer, 0);
        self.profile.clear();
        // A stream of its own, so that those who are not hostile live the same life whatever the share is.
        let is_hostile = Random::of(self.sim.options.seed, customer, 2).happens(self.sim.options.hostile);
        self.adversary =
            is_hostile.then(|| Adversary::new(Random::of(self.sim.options.seed, customer, 1), &self.sim.profile));
        let begins = self.sim.profile.begins;
        self.push(begins, Comes::Directory);
        for event in 0..self.sim.profile.events.len() {
            self.comes_by_itself(event, begins);
        }
        if is_hostile {
            self.attack_at(begins.saturating_add(1));
        }
    }

    /// When the next thing comes.
    pub(super) fn next_at(&self) -> Option<Ts> {
        self.queue.peek().map(|Reverse(queued)| queued.at)
    }

    /// The input that the next thing brings, where it brings one.
    pub(super) fn take(&mut self, program: &Program, customer: &Customer) -> Option<Input> {
        let Reverse(Queued { at: now, comes, .. }) = self.queue.pop()?;
        if self.came >= MOST_INPUTS {
            self.queue.clear();
            return None;
        }
        let input = match comes {
            Comes::Directory => Some(self.directory(program, now)),
            Comes::ByItself(event) => {
                self.comes_by_itself(event, now);
                self.things.push(Thing::default());
                let thing = self.things.len() - 1;
                let first = Coming { event, thing, by: None, before: None, happened: None, stuck: 0, again: false };
                self.event(program, first, now)
            }
            Comes::Event(coming) => self.event(program, coming, now),
            Comes::Reply(message, channel) => self.reply(message, channel),
            Comes::Attack => self.attack(program, customer, now),
            Comes::Ready(input) => Some(*input),
        };
        self.came += u32::from(input.is_some());
        input
    }

    fn push(&mut self, at: Ts, comes: Comes) {
        // What comes after the end is not kept.
        if at < self.sim.ends {
            self.queued += 1;
            self.queue.push(Reverse(Queued { at, number: self.queued, comes }));
        }
    }

    pub(super) fn push_input(&mut self, at: Ts, input: Input) {
        self.push(at, Comes::Ready(Box::new(input)));
    }

    pub(super) fn attack_at(&mut self, at: Ts) {
        self.push(at, Comes::Attack);
    }

    fn plan(&self, event: usize) -> Option<&'s EventPlan> {
        self.sim.profile.events.get(event)
    }

    fn comes_by_itself(&mut self, event: usize, after: Ts) {
        let Some((plan, rate)) = self.plan(event).and_then(|p| Some((p, p.rate?))) else { return };
        let at = after.saturating_add(self.random.gap(rate.every));
        let at = later_in_hours(&self.zone, at, plan.hours, after.saturating_add(1));
        self.push(at, Comes::ByItself(event));
    }

    /// The directory tells the customer's fields.
    pub(super) fn directory(&mut self, program: &Program, now: Ts) -> Input {
        let (zone, customer) = (Zone::utc(), self.customer);
        let mut making = Making { random: &mut self.random, now, zone: &zone, customer, thing: 0, anew: false };
        self.profile = making.fields(&self.sim.profile.customer, None);
        let named = program.customer.zone.as_ref().and_then(|field| self.profile.get(field));
        self.zone = match named {
            Some(Value::Text(name)) => match self.zones.get(name) {
                Some(zone) => zone.clone(),
                None => {
                    let zone = places::zones(&Value::Text(name.clone())).into_iter().next().unwrap_or_else(Zone::utc);
                    self.zones.insert(name.clone(), zone.clone());
                    zone
                }
            },
            Some(several) => places::zones(several).into_iter().next().unwrap_or_else(Zone::utc),
            None => Zone::utc(),
        };
        if let Some(rate) = self.sim.profile.moves {
            let at = now.saturating_add(self.random.gap(rate.every));
            self.push(at, Comes::Directory);
        }
        Input::CustomerUpdated { profile: self.profile.clone().into(), stopped: Vec::new() }
    }

    /// An event of a thing, unless it is lost, comes later, or the thing is over.
    fn event(&mut self, program: &Program, mut coming: Coming, now: Ts) -> Option<Input> {
        let sim = self.sim;
        let plan = self.plan(coming.event)?;
        if self.things.get(coming.thing).is_none_or(|t| t.over) {
            return None;
        }
        // An event that comes before an instant follows it where it has moved.
        if let Some((at, before)) = self.instant_of(plan, &coming).zip(coming.before)
            && coming.happened.is_none()
            && at.saturating_sub(before) > now
        {
            self.push(at.saturating_sub(before), Comes::Event(coming));
            return None;
        }
        let faults = &sim.faults;
        if coming.happened.is_none() && !coming.again {
            if self.random.happens(faults.lost) {
                return None;
            }
            let late = if self.random.happens(faults.reordered) {
                Some(self.random.between(1_000, HOUR))
            } else if self.random.happens(faults.late) {
                Some(self.random.between(HOUR, 2 * DAY))
            } else {
                None
            };
            if let Some(late) = late {
                coming.happened = Some(now);
                self.push(now.saturating_add(late), Comes::Event(coming));
                return None;
            }
            if self.random.happens(faults.stuck) {
                coming.stuck = faults.stuck_times;
            }
        }
        let input =
            self.made(program, coming.event, coming.thing, coming.happened.unwrap_or(now), now, coming.again)?;
        if coming.stuck > 0 {
            let next =
                Coming { stuck: coming.stuck - 1, again: true, by: None, before: None, happened: None, ..coming };
            self.push(now.saturating_add(faults.stuck_every.max(1)), Comes::Event(next));
        }
        if self.random.happens(faults.duplicates) {
            let later = self.random.between(0, 10 * MINUTE);
            self.push_input(now.saturating_add(later), input.clone());
        }
        if coming.again {
            return Some(input);
        }
        if plan.last {
            if let Some(thing) = self.things.get_mut(coming.thing) {
                thing.over = true;
            }
            return Some(input);
        }
        if let Some((number, follow)) = coming.by.and_then(|n| Some((n, plan.follows.get(n)?)))
            && self.random.happens(follow.again)
        {
            self.follow(coming.event, coming.thing, (number, follow), now);
        }
        for (event, number, follow) in sim.known.followers(coming.event, &sim.profile) {
            if self.random.happens(follow.share) {
                self.follow(event, coming.thing, (number, follow), now);
            }
        }
        Some(input)
    }

    /// An event follows.
    fn follow(&mut self, event: usize, thing: usize, (number, follow): (usize, &Follow), now: Ts) {
        let Some(plan) = self.plan(event) else { return };
        let mut coming =
            Coming { event, thing, by: Some(number), before: None, happened: None, stuck: 0, again: false };
        let at = match &follow.when {
            When::After(delay) => now.saturating_add(self.random.lasts(*delay).max(1)),
            When::Before { by, .. } => {
                let by = self.random.lasts(*by);
                coming.before = Some(by);
                let Some(at) = self.instant_of(plan, &coming) else { return };
                at.saturating_sub(by).max(now.saturating_add(1))
            }
        };
        let at = later_in_hours(&self.zone, at, plan.hours, now.saturating_add(1));
        self.push(at, Comes::Event(coming));
    }

    /// The instant before which an event comes, as the thing has it now.
    fn instant_of(&self, plan: &EventPlan, coming: &Coming) -> Option<Ts> {
        let When::Before { path, .. } = &plan.follows.get(coming.by?)?.when else { return None };
        match lookup(&self.things.get(coming.thing)?.data, path)? {
            Value::Instant(at) => Some(*at),
            _ => None,
        }
    }

    /// An event with its content; the thing has it from now on.
    pub(super) fn made(
        &mut self,
        program: &Program,
        event: usize,
        thing: usize,
        at: Ts,
        now: Ts,
        anew: bool,
    ) -> Option<Input> {
        let (plan, declared) = (self.plan(event)?, program.events.get(event)?);
        let known = self.things.get(thing)?.known();
        let mut making = Making {
            random: &mut self.random,
            now,
            zone: &self.zone,
            customer: self.customer,
            thing: thing as u64 + 1,
            anew,
        };
        let data = making.fields(&plan.fields, Some(&known));
        self.things.get_mut(thing)?.learn(&data, &self.sim.known.ambiguous);
        Some(Input::Event { name: declared.name.to_string(), at, data })
    }

    fn reply(&mut self, message: usize, channel: Channel) -> Option<Input> {
        let plan = self.sim.profile.messages.get(message)?;
        Some(Input::Reply { channel, address: None, text: said(&mut self.random, plan) })
    }

    /// A message has left.
    pub(super) fn released(&mut self, release: &Release, message: Option<usize>, now: Ts) {
        let Some(plan) = message.and_then(|m| self.sim.profile.messages.get(m)) else { return };
        let fails = plan.fails.max(self.sim.faults.undelivered);
        if self.random.happens(fails) {
            let at = now.saturating_add(self.random.between(1_000, 2 * MINUTE));
            self.push_input(at, Input::Receipt { message: release.id.to_string(), delivered: false });
            return;
        }
        if let Some(message) = message.filter(|_| self.random.happens(plan.answered)) {
            let at = now.saturating_add(self.random.lasts(plan.delay).max(1));
            let at = later_in_hours(&self.zone, at, plan.hours, now.saturating_add(1));
            self.push(at, Comes::Reply(message, release.channel));
        }
    }

    /// A person has a case.
    pub(super) fn handed_over(&mut self, case: &HandoffCase, now: Ts) {
        let desk = self.sim.profile.desks.get(case.queue.as_str()).unwrap_or(&self.sim.profile.desk);
        if !self.random.happens(desk.never) {
            let at = now.saturating_add(self.random.lasts(desk.delay).max(1));
            self.push_input(at, Input::HandoffClosed { case: case.case.to_string() });
        }
    }

    /// A service is asked.
    pub(super) fn called(&mut self, program: &Program, call: &CallRequest, now: Ts) {
        let declared = program.services.iter().position(|s| s.name == call.service);
        let Some(number) = declared else { return };
        let Some((service, plan)) = program.services.get(number).zip(self.sim.profile.services.get(number)) else {
            return;
        };
        if self.random.happens(plan.silent.max(self.sim.faults.silent)) {
            return;
        }
        let at = now.saturating_add(self.random.lasts(plan.delay).max(1));
        let failed = self.random.happens(plan.failed.max(self.sim.faults.failed));
        let id = call.id.clone();
        let input = match (&service.returns, failed) {
            (_, true) => Input::Answered { call: id.to_string(), outcome: "failed".into() },
            (Some(record), false) => {
                Input::LookedUp { call: id.to_string(), record: self.record(program, record, call) }
            }
            (None, false) => match self.random.weighted(&plan.outcomes) {
                Some(outcome) => Input::Answered { call: id.to_string(), outcome: outcome.clone() },
                None => return,
            },
        };
        self.push_input(at, input);
    }

    /// What a service knows of the thing that it is asked about: what the newest events have said.
    fn record(&self, program: &Program, record: &str, call: &CallRequest) -> Option<Data> {
        let fields = program.events.iter().flat_map(|e| &e.fields);
        let mut names: Vec<&str> = fields
            .filter(|f| matches!(f.ty.required(), journey_spec::Type::Record(name) if name == record))
            .map(|f| f.name.as_str())
            .collect();
        names.dedup();
        self.things.iter().find_map(|thing| {
            names.iter().find_map(|name| match thing.data.get(name) {
                Some(Value::Record(fields)) => {
                    let asked = call.args.iter().any(|(_, arg)| fields.values().any(|value| value == arg));
                    asked.then(|| fields.as_ref().clone())
                }
                _ => None,
            })
        })
    }

    /// A hook is asked.
    pub(super) fn judged(&mut self, program: &Program, request: &HookRequest) -> HookAnswer {
        let Some((id, hook)) = program.hook(&request.hook) else {
            return HookAnswer::Failed("it is not declared".into());
        };
        let Some(plan) = self.sim.profile.hooks.get(id.index()) else {
            return HookAnswer::Failed("it says nothing here".into());
        };
        if self.random.happens(plan.failed) {
            return HookAnswer::Failed("as the profile says".into());
        }
        let said = self.random.weighted(&plan.says);
        match (&hook.answers, said) {
            (HookAnswers::Verdicts, Some(name)) if name != ACCEPT => {
                HookAnswer::Verdicts(vec![Verdict { code: "simulated".into(), message: "as the profile says".into() }])
            }
            (HookAnswers::Verdicts, _) => HookAnswer::Verdicts(Vec::new()),
            (HookAnswers::Data, _) => HookAnswer::Data(fields_to_json(&request.args.iter().cloned().collect())),
            (_, Some(name)) => HookAnswer::Outcome(name.clone()),
            (_, None) => HookAnswer::Number(plan.number.0 + self.random.unit() * (plan.number.1 - plan.number.0)),
        }
    }
}

impl Thing {
    /// What a further event of it goes by.
    fn known(&self) -> Cow<'_, Data> {
        if self.shared.is_empty() {
            return Cow::Borrowed(&self.data);
        }
        let mut known = self.data.clone();
        known.extend(self.shared.iter().map(|(name, value)| (name, value.clone())));
        Cow::Owned(known)
    }

    fn learn(&mut self, data: &Data, ambiguous: &std::collections::BTreeSet<String>) {
        for (name, value) in data {
            if ambiguous.contains(name) {
                match (self.shared.get_mut(name), value) {
                    (Some(Value::Record(known)), Value::Record(parts)) => {
                        Arc::make_mut(known).extend(parts.as_ref().clone())
                    }
                    _ => drop(self.shared.insert(name, value.clone())),
                }
                continue;
            }
            match self.data.get_mut(name) {
                Some(known) => known.clone_from(value),
                None => drop(self.data.insert(name, value.clone())),
            }
        }
    }
}

/// What somebody says to a message.
pub(super) fn said(random: &mut Random, plan: &MessagePlan) -> String {
    if random.happens(plan.stop) {
        return "STOP".into();
    }
    if !plan.invited.is_empty() && random.happens(plan.recognised) {
        return random.weighted(&plan.invited).cloned().unwrap_or_default();
    }
    random.pick(&plan.texts).cloned().unwrap_or_else(|| "ok".into())
}

/// Shares that are asked for by name elsewhere.
pub(super) const RARELY: Share = Share::percent(1);
