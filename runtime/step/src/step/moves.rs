//! From state to state: limits on visits, entering, timers of the visit, ends.

use compact_str::{CompactString, format_compact};
use journey_spec::program::{EndKind, Fate, JourneyId, LimitWhat, StateId, Trigger};

use super::handoffs::Handing;
use super::values::{days_after, instant};
use super::{MOST_MOVES, Run};
use crate::customer::{End, Instance, Timer, Waiting, later};
use crate::effect::{Way, What};

/// Where limits let an arrow lead.
pub(crate) enum Admission {
    /// Into this state, for this reason.
    Enter(StateId, CompactString),
    /// The arrow is not taken, and a person has the case.
    Refused,
    /// The arrow is not taken, and nothing comes of it.
    Dropped,
    /// A limit ends the instance.
    End(CompactString),
}

impl Run<'_> {
    /// Goes to a state, and on by immediate arrows until the instance rests. Gives whether anything came of it: false
    /// where a limit drops the arrow.
    pub(crate) fn go(&mut self, n: usize, target: StateId, why: &str) -> bool {
        let Some(journey) = self.inst(n).filter(|i| i.is_live()).map(|i| i.journey) else { return false };
        match self.admit(journey, Some(n), None, target, why.into()) {
            Admission::Enter(state, why) => self.arrive(n, state, why),
            Admission::Refused => {}
            Admission::Dropped => return false,
            Admission::End(rule) => self.end_by_limit(n, &rule),
        }
        true
    }

    /// Enters a state that no limit bars, and goes on from there until the instance rests.
    pub(crate) fn arrive(&mut self, n: usize, state: StateId, why: CompactString) {
        let (mut state, mut why) = (state, why);
        loop {
            self.enter(n, state, why);
            let Some(here) = self.state(n) else { return };
            self.act(n, &here.entry);
            let Some(journey) = self.inst(n).filter(|i| i.is_live()).map(|i| i.journey) else { return };
            let next = match (here.next, &here.branch) {
                (Some(next), _) => {
                    self.took(n, Way::Next(state));
                    Some((next, CompactString::const_new("at once")))
                }
                (None, Some(branch)) => self.way(n, branch),
                (None, None) => None,
            };
            if self.is_void() {
                return;
            }
            let Some((next, by)) = next else { break };
            match self.admit(journey, Some(n), None, next, by) {
                Admission::Enter(to, by) => (state, why) = (to, by),
                Admission::Refused | Admission::Dropped => break,
                Admission::End(rule) => return self.end_by_limit(n, &rule),
            }
        }
        self.arm(n);
        self.take_past(n);
    }

    /// Asks the limits on visits, and follows their redirects. `n` is none for an instance that would begin with `key`.
    pub(crate) fn admit(
        &mut self,
        journey: JourneyId,
        n: Option<usize>,
        key: Option<&str>,
        target: StateId,
        why: CompactString,
    ) -> Admission {
        let program = self.program;
        let Some(decl) = program.journeys.get(journey.index()) else { return Admission::Dropped };
        let name = |state: StateId| decl.states.get(state.index()).map_or("", |s| s.name.as_str());
        let (mut target, mut why) = (target, why);
        loop {
            if self.moves >= MOST_MOVES {
                let rests = n.and_then(|n| self.inst(n)).map(|i| format!("rests in `{}`", name(i.state)));
                let instead = rests.unwrap_or_else(|| "does not begin".into());
                self.note(
                    n,
                    What::Limited {
                        limit: format_compact!("at most {MOST_MOVES} moves in one step"),
                        instead: instead.into(),
                    },
                );
                return Admission::Dropped;
            }
            self.moves += 1;
            let full = decl.limits.iter().zip(0_u32..).find(|(limit, index)| {
                limit.what == LimitWhat::Visits(target)
                    && if limit.per_customer {
                        self.c.is_full(program, Some(journey), *index, limit)
                    } else {
                        let tally = n.and_then(|n| self.inst(n)).and_then(|i| i.tallies.get(index));
                        self.c.is_tally_full(program, tally, limit)
                    }
            });
            let Some((limit, index)) = full else { return Admission::Enter(target, why) };
            self.took_limit(Some(journey), index as usize);
            let (here, rule) = (name(target), CompactString::from(&limit.text));
            let instead = |what: &str| What::Limited {
                limit: rule.clone(),
                instead: format_compact!("{what} instead of `{here}`"),
            };
            match &limit.fate {
                Fate::Goto(other) => {
                    self.note(n, instead(&format_compact!("to `{}`", name(*other))));
                    (target, why) = (*other, rule);
                }
                Fate::Handoff(queue) => {
                    self.note(n, instead(&format_compact!("to queue `{queue}`")));
                    match n {
                        Some(_) => self.hand_over(n, Handing::to(queue), rule, None),
                        None => self.hand_over_start(journey, key, queue, rule),
                    }
                    return Admission::Refused;
                }
                Fate::End => return Admission::End(rule),
                Fate::Skip | Fate::Defer | Fate::Latest => {
                    self.note(n, instead("nothing"));
                    return Admission::Dropped;
                }
            }
        }
    }

    /// Begins a visit: what belongs to the old one is dropped.
    fn enter(&mut self, n: usize, state: StateId, why: CompactString) {
        let name = self.state_name(n, state);
        self.leave(n, name);
        let now = self.now;
        let Some(journey) = self.journey(n) else { return };
        let end = journey.states.get(state.index()).and_then(|s| s.end);
        for (limit, index) in journey.limits.iter().zip(0_u32..) {
            if limit.what != LimitWhat::Visits(state) {
                continue;
            }
            let Some(instance) = self.c.instances.get_mut(n) else { return };
            if limit.per_customer {
                let id = instance.journey;
                self.c.charge((Some(id), index, None), limit.n, limit.per);
            } else {
                instance.tallies.entry(index).or_default().charge(limit.n, limit.per, now);
            }
        }
        let Some(instance) = self.c.instances.get_mut(n) else { return };
        instance.visit = instance.visit.saturating_add(1);
        instance.state = state;
        instance.entered = now;
        if let Some(outcome) = end {
            instance.ended = Some(End { at: now, outcome, by_limit: false });
        }
        self.took(n, Way::State(state));
        self.note(Some(n), What::Entered { state: name.clone(), why });
        if let Some(outcome) = end {
            self.note(Some(n), What::Ended { state: name.clone(), outcome });
        }
        self.reach(n, state);
        if end.is_some() {
            self.close_goals(n);
        }
    }

    /// Ends an instance by a limit's word: it is in no state then.
    pub(crate) fn end_by_limit(&mut self, n: usize, rule: &str) {
        self.note(Some(n), What::Limited { limit: rule.into(), instead: "the end".into() });
        self.leave(n, "the end");
        let at = self.now;
        let Some(instance) = self.c.instances.get_mut(n) else { return };
        instance.visit = instance.visit.saturating_add(1);
        instance.ended = Some(End { at, outcome: EndKind::Neutral, by_limit: true });
        self.note(Some(n), What::Ended { state: CompactString::default(), outcome: EndKind::Neutral });
        self.close_goals(n);
    }

    /// Drops what belongs to the visit that is left.
    fn leave(&mut self, n: usize, to: &str) {
        let Some(instance) = self.c.instances.get_mut(n) else { return };
        instance.timers.clear();
        instance.settles.clear();
        instance.call = None;
        let number = instance.number;
        if !self.c.waiting.iter().any(|w| w.instance == number) {
            return;
        }
        let taken: Vec<Waiting> = self.c.waiting.extract_if(.., |w| w.instance == number).collect();
        for waiting in taken {
            let message = self.message_name(waiting.send.message);
            self.note(Some(n), What::Withdrawn { message, why: format_compact!("the journey went on to `{to}`") });
        }
    }

    /// Arms the timers of a visit that has come to rest.
    pub(crate) fn arm(&mut self, n: usize) {
        let program = self.program;
        // Whatever timers there were are made anew, in the same place.
        let mut timers = self.c.instances.get_mut(n).map(|i| std::mem::take(&mut i.timers)).unwrap_or_default();
        timers.clear();
        if let Some(instance) = self.inst(n) {
            for (arrow, decl) in self.arrows(n) {
                let due = match &decl.on {
                    // A timer that takes no time would make a step without end.
                    Trigger::After(d) => Some(later(instance.entered, (*d).max(1))),
                    Trigger::AfterDays { days, minute } => {
                        Some(days_after(program, instance.entered, *days, *minute, &self.c.profile))
                    }
                    Trigger::At { at, .. } => instant(program, at, &instance.data, &self.c.profile),
                    _ => continue,
                };
                timers.push(Timer { arrow, due, done: false });
            }
        }
        if let Some(instance) = self.c.instances.get_mut(n) {
            instance.timers = timers;
        }
    }

    /// After data changed: every `at`, every promise's deadline and, where the customer has moved, every timer of
    /// calendar days follows it.
    pub(crate) fn follow_data(&mut self, n: usize) {
        let program = self.program;
        let Some(mut timers) = self.c.instances.get_mut(n).map(|i| std::mem::take(&mut i.timers)) else { return };
        for timer in &mut timers {
            let (Some(arrow), Some(instance)) = (self.arrow_at(n, timer.arrow), self.inst(n)) else { continue };
            match &arrow.on {
                Trigger::At { at, .. } => {
                    let due = instant(program, at, &instance.data, &self.c.profile);
                    if due != timer.due {
                        (timer.due, timer.done) = (due, false);
                    }
                }
                // It counts from entering, so it comes once a visit wherever the customer goes meanwhile.
                Trigger::AfterDays { days, minute } if !timer.done => {
                    timer.due = Some(days_after(program, instance.entered, *days, *minute, &self.c.profile));
                }
                _ => {}
            }
        }
        if let Some(instance) = self.c.instances.get_mut(n) {
            instance.timers = timers;
        }
        self.move_promises(n);
    }

    /// Nothing more comes of the visit's instants that are past.
    fn use_up_past(&mut self, n: usize) {
        let now = self.now;
        if let Some(instance) = self.c.instances.get_mut(n) {
            let past = instance.timers.iter_mut().filter(|t| t.due.is_some_and(|due| due <= now));
            past.for_each(|timer| timer.done = true);
        }
    }

    /// Takes what `if past` says for every `at` of the visit whose instant is not ahead; a settling arrow goes in its
    /// place.
    pub(crate) fn take_past(&mut self, n: usize) {
        let visit = self.visit(n);
        // Each round either marks a timer as done or removes a settling arrow.
        while self.is_live(n) && self.visit(n) == visit {
            let now = self.now;
            let past = self.inst(n).and_then(|i| {
                let is_past = |t: &Timer| !t.done && t.due.is_some_and(|due| due <= now);
                let is_at = |t: &Timer| self.arrow_at(n, t.arrow).is_some_and(|a| matches!(a.on, Trigger::At { .. }));
                i.timers.iter().position(|t| is_past(t) && is_at(t))
            });
            let Some(index) = past else { return };
            // Each round uses a timer up or takes a settling arrow; only a `set` in a program that nobody checked can arm
            // timers again and again.
            if self.moves >= MOST_MOVES {
                // Left due they would be taken up again at the same moment, and the round would go on.
                return self.use_up_past(n);
            }
            self.moves += 1;
            if !self.may_fire(n, index) {
                continue;
            }
            if self.take_settled(n) {
                continue;
            }
            let Some(timer) = self.c.instances.get_mut(n).and_then(|i| i.timers.get_mut(index)) else { return };
            timer.done = true;
            let place = timer.arrow;
            if let Some(arrow) = self.arrow_at(n, place)
                && let Trigger::At { at, if_past } = &arrow.on
            {
                self.took_arrow(n, place, true);
                let why = format!("{} is past", super::values::spelled(at));
                self.take(n, if_past, &why);
            }
        }
    }
}

impl Instance {
    pub(crate) fn begin(
        number: u64,
        journey: JourneyId,
        key: Option<CompactString>,
        state: StateId,
        now: i64,
    ) -> Instance {
        Instance {
            number,
            journey,
            key,
            state,
            data: journey_spec::value::Data::new(),
            visit: 0,
            entered: now,
            ended: None,
            timers: Vec::new(),
            settles: Vec::new(),
            call: None,
            newest: std::collections::BTreeMap::new(),
            taken: std::collections::BTreeMap::new(),
            tallies: std::collections::BTreeMap::new(),
            splits: std::collections::BTreeMap::new(),
            promises: Vec::new(),
            measured: std::collections::BTreeSet::new(),
            watches: Vec::new(),
        }
    }
}
