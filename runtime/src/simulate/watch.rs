//! What one customer's steps brought, told to the counts; and held against what was proven.

use std::collections::HashMap;

use journey_spec::Ts;
use journey_spec::program::{Channel, JourneyId, Program, Purpose};
use journey_spec::time::Zone;
use journey_step::effect::{Entry, PromiseFate, Release, What};
use journey_step::{Customer, Effect};

use super::counts::{self, Counts, MOST_VIOLATIONS, Violation, Wrong};
use super::{Bound, Simulation};

/// A message that left.
struct Gone {
    at: Ts,
    channel: Channel,
    purpose: Purpose,
    journey: Option<JourneyId>,
    instance: u64,
}

/// What is known of one instance.
#[derive(Default)]
struct Trace {
    journey: usize,
    state: Option<usize>,
    since: Ts,
    /// A bit for each state that it came by.
    seen: Vec<u64>,
}

/// Looks at one customer after another.
pub(super) struct Watch<'s> {
    sim: &'s Simulation<'s>,
    pub(super) counts: Counts,
    journeys: HashMap<&'s str, usize>,
    states: Vec<HashMap<&'s str, usize>>,
    messages: HashMap<&'s str, usize>,
    customer: u64,
    gone: Vec<Gone>,
    /// For each bound, the most of this customer.
    most: Vec<u64>,
    /// By number; those beyond `used` are of earlier customers.
    traces: Vec<Trace>,
    used: usize,
    /// The instance that the newest sending entry tells of: its release stands beside it.
    sender: (Option<JourneyId>, u64),
}

impl<'s> Watch<'s> {
    pub(super) fn new(sim: &'s Simulation<'s>) -> Watch<'s> {
        let program: &'s Program = sim.program;
        Watch {
            sim,
            counts: Counts::new(program, sim.bounds.len()),
            journeys: program.journeys.iter().zip(0..).map(|(j, i)| (j.name.as_str(), i)).collect(),
            states: program
                .journeys
                .iter()
                .map(|j| j.states.iter().zip(0..).map(|(s, i)| (s.name.as_str(), i)).collect())
                .collect(),
            messages: program.messages.iter().zip(0..).map(|(m, i)| (m.name.as_str(), i)).collect(),
            customer: 0,
            gone: Vec::new(),
            most: vec![0; sim.bounds.len()],
            traces: Vec::new(),
            used: 0,
            sender: (None, 0),
        }
    }

    pub(super) fn begin(&mut self, customer: u64, hostile: bool) {
        self.customer = customer;
        self.gone.clear();
        self.most.fill(0);
        self.used = 0;
        self.counts.customers += 1;
        self.counts.hostile += u64::from(hostile);
    }

    /// The position of a message in the program; none for the confirmation of STOP.
    pub(super) fn message(&self, name: &str) -> Option<usize> {
        self.messages.get(name).copied()
    }

    pub(super) fn wrong(&mut self, at: Ts, what: Wrong) {
        self.counts.violations += 1;
        // Customers come in the order of their numbers, so the first of each thread are its smallest.
        if self.counts.first.len() < MOST_VIOLATIONS {
            self.counts.first.push(Violation { customer: self.customer, at, what });
        }
    }

    /// Looks at what one step brought.
    pub(super) fn effects(&mut self, effects: &[Effect], zone: &Zone, now: Ts) {
        for (position, effect) in effects.iter().enumerate() {
            match effect {
                Effect::Note(entry) => self.entry(entry),
                Effect::Release(release) => {
                    let told = effects.get(position + 1..).into_iter().flatten().chain(effects);
                    self.sender = told
                        .filter_map(|e| match e {
                            Effect::Note(entry) => Some(entry),
                            _ => None,
                        })
                        .find(|e| matches!(&e.what, What::Sent { id, .. } if *id == release.id))
                        .map_or((None, 0), |e| (self.journey(e), e.instance.unwrap_or(0)));
                    self.released(release, zone, now);
                }
                Effect::Handoff(case) => counts::one(&mut self.counts.cases, &case.queue),
                Effect::Call(_) | Effect::Refuse(_) | Effect::Took(_) => {}
            }
        }
    }

    fn journey(&self, entry: &Entry) -> Option<JourneyId> {
        let position = *self.journeys.get(entry.journey.as_deref()?)?;
        u32::try_from(position).ok().map(JourneyId)
    }

    fn released(&mut self, release: &Release, zone: &Zone, now: Ts) {
        if self.message(&release.message).is_none() {
            self.counts.stops += 1;
            return;
        }
        counts::one(&mut self.counts.messages, &release.message);
        *self.counts.channels.entry(release.channel).or_default() += 1;
        if let Some(n) = self.counts.hours.get_mut(usize::from(zone.minute_of_day(now) / 60)) {
            *n += 1;
        }
        let (journey, instance) = self.sender;
        self.gone.push(Gone { at: now, channel: release.channel, purpose: release.purpose, journey, instance });
        for (position, bound) in self.sim.bounds.iter().enumerate() {
            let counted = self.gone.last().is_some_and(|newest| concerns(bound, newest, instance));
            if !counted {
                continue;
            }
            let begins = bound.window.map(|w| now.saturating_sub(w));
            let in_window = self.gone.iter().rev().take_while(|g| begins.is_none_or(|begins| begins < g.at));
            let left = in_window.filter(|g| concerns(bound, g, instance)).count() as u64;
            let Some(most) = self.most.get_mut(position) else { continue };
            if left <= *most {
                continue;
            }
            let passes = bound.at_most.is_some_and(|n| left > n && *most <= n);
            *most = left;
            if passes {
                self.wrong(now, Wrong::Passed { bound: position, left });
            }
        }
    }

    fn entry(&mut self, entry: &Entry) {
        let counts = &mut self.counts;
        match &entry.what {
            What::Started { .. } => self.started(entry),
            What::Entered { state, .. } => self.entered(entry, state),
            What::Ended { state, .. } => self.ended(entry, state),
            What::Blocked { rule, .. } => counts::one(&mut counts.blocked, rule),
            What::Deferred { rule, .. } => counts::one(&mut counts.deferred, rule),
            What::Withdrawn { .. } => counts.withdrawn += 1,
            What::Failed { .. } => counts.failed += 1,
            What::Ignored { .. } => counts.ignored += 1,
            What::Refused { .. } => counts.refused += 1,
            // A limit as it is written begins so, and a quiet time that hands over; what does not is the step's own: it had
            // more to do than a step may.
            What::Limited { limit, .. } if !["limit ", "quiet "].iter().any(|word| limit.starts_with(word)) => {
                self.wrong(entry.at, Wrong::Overflow)
            }
            What::Limited { limit, .. } => counts::one(&mut counts.limited, limit),
            What::Replied { heard_by, text, .. } => {
                counts::one(&mut counts.replies, heard_by);
                if heard_by == "nobody" {
                    let text = text.clone();
                    self.wrong(entry.at, Wrong::Silence { text });
                }
            }
            What::Promise { name, fate, .. } => self.promised(entry, name, *fate),
            What::Goal { goal, reached } => {
                let name = (entry.journey.clone().unwrap_or_default().into(), goal.as_str().into());
                let goals = counts.goals.entry(name).or_default();
                *(if *reached { &mut goals.reached } else { &mut goals.missed }) += 1;
            }
            _ => {}
        }
    }

    fn promised(&mut self, entry: &Entry, name: &str, fate: PromiseFate) {
        let promises = match self.counts.promises.get_mut(name) {
            Some(known) => known,
            None => self.counts.promises.entry(name.to_owned()).or_default(),
        };
        *(match fate {
            PromiseFate::Made => &mut promises.made,
            PromiseFate::Kept => &mut promises.kept,
            PromiseFate::Withdrawn => &mut promises.withdrawn,
            PromiseFate::Broken => &mut promises.broken,
            PromiseFate::Void => &mut promises.void,
        }) += 1;
        if fate == PromiseFate::Broken && self.counts.broken.len() < MOST_VIOLATIONS {
            let what = Wrong::Broken { promise: name.to_owned() };
            self.counts.broken.push(Violation { customer: self.customer, at: entry.at, what });
        }
    }

    fn started(&mut self, entry: &Entry) {
        let Some((journey, number)) = self.journey(entry).zip(entry.instance) else { return };
        let journey = journey.index();
        if let Some(counts) = self.counts.journeys.get_mut(journey) {
            counts.began += 1;
        }
        // Numbers count up by one for each customer.
        let Some(position) = usize::try_from(number).ok().and_then(|n| n.checked_sub(1)) else { return };
        while self.traces.len() <= position {
            self.traces.push(Trace::default());
        }
        self.used = self.used.max(position + 1);
        if let Some(trace) = self.traces.get_mut(position) {
            trace.seen.clear();
            (trace.journey, trace.state, trace.since) = (journey, None, entry.at);
        }
    }

    /// The instance that an entry tells of leaves the state in which it was.
    fn leaves(&mut self, entry: &Entry) -> Option<&mut Trace> {
        let position = usize::try_from(entry.instance?).ok()?.checked_sub(1).filter(|n| *n < self.used)?;
        let trace = self.traces.get_mut(position)?;
        if let Some(state) = trace.state.take()
            && let Some(counts) = self.counts.journeys.get_mut(trace.journey).and_then(|j| j.states.get_mut(state))
        {
            counts.left_after(entry.at.saturating_sub(trace.since));
        }
        Some(trace)
    }

    fn entered(&mut self, entry: &Entry, state: &str) {
        let Some(trace) = self.leaves(entry) else { return };
        let journey = trace.journey;
        let Some(state) = self.states.get(journey).and_then(|s| s.get(state)).copied() else { return };
        let position = entry.instance.and_then(|n| usize::try_from(n).ok()).and_then(|n| n.checked_sub(1));
        let Some(trace) = position.and_then(|n| self.traces.get_mut(n)) else { return };
        (trace.state, trace.since) = (Some(state), entry.at);
        let (word, bit) = (state / 64, 1_u64 << (state % 64));
        if trace.seen.len() <= word {
            trace.seen.resize(word + 1, 0);
        }
        let first = trace.seen.get_mut(word).is_some_and(|seen| {
            let first = *seen & bit == 0;
            *seen |= bit;
            first
        });
        if let Some(counts) = self.counts.journeys.get_mut(journey).and_then(|j| j.states.get_mut(state)) {
            counts.entered += 1;
            counts.instances += u64::from(first);
        }
    }

    /// An end that is a state was entered before; one by a limit only leaves.
    fn ended(&mut self, entry: &Entry, state: &str) {
        if !state.is_empty() {
            return;
        }
        if let Some(journey) = self.leaves(entry).map(|trace| trace.journey)
            && let Some(counts) = self.counts.journeys.get_mut(journey)
        {
            counts.ended_by_limit += 1;
        }
    }

    /// After a step: what should have been due is not any more.
    pub(super) fn rested(&mut self, customer: &Customer, now: Ts) {
        // Most programs promise nothing, and asking costs.
        if self.counts.promises.is_empty() {
            return;
        }
        let forgotten = customer.open_promises().iter().find(|p| p.by < now).map(|p| p.name.to_owned());
        if let Some(promise) = forgotten {
            self.wrong(now, Wrong::Forgotten { promise });
        }
    }

    /// The simulated time is over.
    pub(super) fn end(&mut self, customer: &Customer, cut: bool) {
        self.counts.cut += u64::from(cut);
        for instance in customer.instances().iter().filter(|i| i.is_live()) {
            let journey = self.counts.journeys.get_mut(instance.journey().index());
            if let Some(state) = journey.and_then(|j| j.states.get_mut(instance.state().index())) {
                state.there += 1;
            }
        }
        for promise in customer.open_promises() {
            if let Some(promises) = self.counts.promises.get_mut(promise.name) {
                promises.open += 1;
            }
        }
        counts::at(&mut self.counts.per_customer, self.gone.len() as u64);
        for ((bound, most), seen) in self.sim.bounds.iter().zip(&self.most).zip(&mut self.counts.seen) {
            if *most > seen.most {
                (seen.most, seen.customer) = (*most, Some(self.customer));
            }
            if bound.is_all() {
                counts::at(&mut seen.spread, *most);
            }
        }
    }
}

/// Whether a bound counts a message; one of an instance, that of this one.
fn concerns(bound: &Bound, gone: &Gone, instance: u64) -> bool {
    bound.channel.is_none_or(|c| c == gone.channel)
        && bound.purpose.is_none_or(|p| p == gone.purpose)
        && bound.journey.is_none_or(|j| gone.journey == Some(j) && gone.instance == instance)
}
