//! Moves an instance of an older version of its journey to the newest, where that says so.
//!
//! **A move is no entry.** The visit goes on in another state: nothing that the state does on entry is done, no limit on visits
//! counts it, no goal is reached by it, and nothing is sent. What the instance has stays with it: its data by name, its open
//! cases and promises, what it counted for the limits that both versions have, the messages that may still be answered or
//! fail. Timers are those of the new state, counted from when the visit began; one that both states have and that has fired
//! does not fire again, and one whose time has come falls due at once: an instant within the policy's grace as on time, else as
//! `if past` says.
//!
//! **Nobody is moved in the middle of something.** While an arrow settles, a service is asked or a message waits, the instance
//! stays where it is: so no message is withdrawn or told twice by a move. All three end by themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use journey_spec::program::{Action, Journey, JourneyId, Migration, Send, Set, StateId, Then, Trigger, Versions};

use super::Run;
use crate::customer::{ArrowAt, Instance, Timer};
use crate::effect::What;

impl Run<'_> {
    /// Moves every instance that can be moved now.
    pub(super) fn migrate(&mut self) {
        if self.program.versions.is_none() {
            return;
        }
        for n in 0..self.c.instances.len() {
            self.migrate_one(n);
        }
    }

    fn migrate_one(&mut self, n: usize) {
        let program = self.program;
        let Some(instance) = self.inst(n).filter(|i| i.is_live() && !self.is_under_way(i)) else { return };
        let (from, state) = (instance.journey, instance.state);
        let Some((to, migration)) = program.migration(from) else { return };
        let at = |id: JourneyId| program.journeys.get(id.index());
        let Some((older, newest)) = at(from).zip(at(to)) else { return };
        let moved = Moved { older, newest, migration };
        // What is not said or cannot be is refused where the program is loaded; whoever is there all the same stays.
        let Some(target) = moved.state(state) else { return };
        if !newest.states.get(target.index()).is_some_and(journey_spec::program::State::can_be_moved_to) {
            return;
        }
        let version = program.older_version(from).unwrap_or_default().to_string();
        let left = self.state_name(n, state);
        let fired = self.fired(n);
        let Some(instance) = self.c.instances.get_mut(n) else { return };
        instance.journey = to;
        instance.state = target;
        moved.carry_over(instance);
        let number = instance.number;
        for route in self.c.routes.iter_mut().filter(|r| r.instance == number) {
            route.journey = to;
            route.send = route.send.take().map(|send| moved.send(send));
        }
        // What it sent counts for the limits of the version on which it goes on.
        for left in self.c.left.iter_mut().filter(|l| l.instance == number) {
            left.journey = to;
        }
        for case in self.c.cases.iter_mut().filter(|c| c.instance == Some(number)) {
            case.journey = Some(to);
        }
        self.note(
            Some(n),
            What::Moved { version: version.into(), from: left.clone(), to: self.state_name(n, target).clone() },
        );
        self.arm(n);
        self.fire_no_more(n, &fired);
    }

    /// Whether an arrow settles, a service is asked or a message waits.
    fn is_under_way(&self, instance: &Instance) -> bool {
        !instance.settles.is_empty()
            || instance.call.is_some()
            || self.c.waiting.iter().any(|w| w.instance == instance.number)
    }

    /// The timers of the visit that have fired.
    fn fired(&self, n: usize) -> Vec<(Trigger, Timer)> {
        let timers = self.inst(n).map(|i| i.timers.as_slice()).unwrap_or_default();
        let done = timers.iter().filter(|t| t.done);
        done.filter_map(|t| Some((self.arrow_at(n, t.arrow)?.on.clone(), *t))).collect()
    }

    /// Uses up the timers of the new state that have fired in the visit already.
    fn fire_no_more(&mut self, n: usize, fired: &[(Trigger, Timer)]) {
        let same = |on: &Trigger, old: &Trigger| match (on, old) {
            (Trigger::At { at, .. }, Trigger::At { at: old, .. }) => at == old,
            (on, old) => on == old,
        };
        let arrows: Vec<(ArrowAt, Trigger)> = self.arrows(n).map(|(at, arrow)| (at, arrow.on.clone())).collect();
        let on: BTreeMap<ArrowAt, Trigger> = arrows.into_iter().collect();
        let Some(instance) = self.c.instances.get_mut(n) else { return };
        for timer in &mut instance.timers {
            let Some(on) = on.get(&timer.arrow) else { continue };
            timer.done |= fired.iter().any(|(old, t)| t.due == timer.due && same(on, old));
        }
    }
}

/// A move from one version of a journey to another.
struct Moved<'p> {
    older: &'p Journey,
    newest: &'p Journey,
    migration: &'p Migration,
}

impl Moved<'_> {
    /// Where what is in this state goes on.
    fn state(&self, state: StateId) -> Option<StateId> {
        self.migration.target(&self.older.states.get(state.index())?.name, self.newest)
    }

    /// What the instance has by position, by the positions of the newest version.
    fn carry_over(&self, instance: &mut Instance) {
        let Moved { older, newest, .. } = self;
        instance.data.retain(|name, _| newest.data.iter().any(|f| f.name == *name));
        instance.taken.retain(|name, _| newest.data.iter().any(|f| f.name == *name));
        let counted = std::mem::take(&mut instance.tallies);
        for (limit, index) in newest.limits.iter().zip(0_u32..) {
            let same = counted.iter().find(|(old, _)| {
                older.limits.get(**old as usize).is_some_and(|old| Versions::count_same((newest, limit), (older, old)))
            });
            if let Some((_, tally)) = same {
                instance.tallies.insert(index, tally.clone());
            }
        }
        let ways = std::mem::take(&mut instance.splits);
        instance.splits = ways.into_iter().filter_map(|(state, way)| Some((self.state(state)?, way))).collect();
        let measured = std::mem::take(&mut instance.measured);
        let place = |old: u32| {
            let text = &older.goals.get(old as usize)?.text;
            newest.goals.iter().zip(0_u32..).find(|(goal, _)| goal.text == *text).map(|(_, new)| new)
        };
        instance.measured = measured.into_iter().filter_map(place).collect();
    }

    /// What is done where a message fails that has left, in the newest version's states; none where that leads nowhere, so that
    /// the state's own arrow is asked.
    fn then(&self, then: Then) -> Option<Then> {
        match then {
            Then::Goto(state) => {
                let name = &self.older.states.get(state.index())?.name;
                let named = self.newest.states.iter().zip(0..).find(|(s, _)| s.name == *name);
                named.map(|(_, id)| StateId(id)).or_else(|| self.state(state)).map(Then::Goto)
            }
            Then::Stay(actions) => Some(Then::Stay(actions.into_iter().map(|a| self.action(a)).collect())),
        }
    }

    fn action(&self, action: Action) -> Action {
        match action {
            Action::Send(send) => Action::Send(self.send(send)),
            other => other,
        }
    }

    fn send(&self, mut shared: Arc<Send>) -> Arc<Send> {
        let send = Arc::make_mut(&mut shared);
        // What the newest version does not know is not set in it.
        let known = |set: &Set| set.path.first().is_some_and(|first| self.newest.data.iter().any(|f| f.name == *first));
        send.on_sent.retain(known);
        send.on_blocked = send.on_blocked.take().and_then(|then| self.then(then));
        send.on_failed = send.on_failed.take().and_then(|then| self.then(then));
        shared
    }
}
