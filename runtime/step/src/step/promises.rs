//! Promises: made and kept when messages leave, broken when nothing did.

use journey_spec::program::{Action, Arrow, Deadline, Journey, Send, Then, Trigger};

use super::Run;
use super::values::instant;
use crate::customer::{OpenPromise, fold_address, later};
use crate::effect::{PromiseFate, What};

impl Run<'_> {
    /// A message left: what it keeps or withdraws is discharged, what it promises is open from now.
    pub(crate) fn promise(&mut self, n: usize, send: &Send) {
        for (name, fate) in [(&send.keeping, PromiseFate::Kept), (&send.withdrawing, PromiseFate::Withdrawn)] {
            let Some(name) = name else { continue };
            let Some(instance) = self.c.instances.get_mut(n) else { return };
            if let Some(at) = instance.promises.iter().position(|p| p.name == *name) {
                let by = instance.promises.remove(at).by;
                self.note(Some(n), What::Promise { name: name.as_str().into(), fate, by });
            }
        }
        let Some(promise) = &send.promising else { return };
        let program = self.program;
        let Some(instance) = self.c.instances.get_mut(n) else { return };
        let by = match &promise.deadline {
            // Counted from now, when the customer reads it, and not from when it was decided.
            Deadline::Within(d) => later(self.now, *d),
            // Without its data nobody knows how long there is: it is due at once.
            Deadline::By(expr) => instant(program, expr, &instance.data, &self.c.profile).unwrap_or(self.now),
        };
        let name = promise.name.clone();
        instance.promises.retain(|p| p.name != name);
        instance.promises.push(OpenPromise { name: name.clone(), deadline: promise.deadline.clone(), by });
        self.note(Some(n), What::Promise { name: name.as_str().into(), fate: PromiseFate::Made, by });
        if by <= self.now {
            self.moved_promises.push((n, name));
        }
        // Where nothing that could keep it reaches this customer, that is known now, and not only at its deadline.
        self.void_promises_of(n);
    }

    /// After data changed: deadlines follow it. One that is moved to now or before has to be discharged by this step.
    pub(crate) fn move_promises(&mut self, n: usize) {
        let (program, now, profile) = (self.program, self.now, &self.c.profile);
        let Some(instance) = self.c.instances.get_mut(n) else { return };
        for promise in &mut instance.promises {
            if let Deadline::By(expr) = &promise.deadline
                && let Some(by) = instant(program, expr, &instance.data, profile)
            {
                promise.by = by;
                if by <= now {
                    self.moved_promises.push((n, promise.name.clone()));
                }
            }
        }
    }

    /// At the end of a step: promises whose deadline it moved to the past and did not discharge are broken, and those of
    /// an instance that ended and has nothing waiting that could still discharge them.
    pub(crate) fn break_promises(&mut self) {
        for (n, name) in std::mem::take(&mut self.moved_promises) {
            let now = self.now;
            let open = |i: &crate::customer::Instance| i.promises.iter().position(|p| p.name == name && p.by <= now);
            if let Some(index) = self.inst(n).and_then(open) {
                self.break_promise(n, index);
            }
        }
        for n in 0..self.c.instances.len() {
            while let Some(index) = self.inst(n).filter(|i| !i.is_live()).and_then(|i| {
                i.promises.iter().position(|p| {
                    let discharges =
                        |s: &Send| [&s.keeping, &s.withdrawing].into_iter().flatten().any(|d| *d == p.name);
                    !self.c.waiting.iter().any(|w| w.instance == i.number && discharges(&w.send))
                })
            }) {
                self.break_promise(n, index);
            }
        }
    }

    /// A promise's deadline passed, or its instance ended, with nothing said.
    pub(crate) fn break_promise(&mut self, n: usize, index: usize) {
        self.drop_promise(n, index, PromiseFate::Broken);
    }

    fn drop_promise(&mut self, n: usize, index: usize, fate: PromiseFate) {
        let Some(instance) = self.c.instances.get_mut(n) else { return };
        if index < instance.promises.len() {
            let OpenPromise { name, by, .. } = instance.promises.remove(index);
            self.note(Some(n), What::Promise { name: name.into(), fate, by });
        }
    }

    /// After a STOP or news of addresses: promises that no message of their journey can discharge any more, because no
    /// channel of it has an open address, are void.
    pub(crate) fn void_promises(&mut self) {
        for n in 0..self.c.instances.len() {
            self.void_promises_of(n);
        }
    }

    fn void_promises_of(&mut self, n: usize) {
        while let Some(index) =
            self.inst(n).and_then(|i| i.promises.iter().position(|p| !self.can_discharge(n, &p.name)))
        {
            self.drop_promise(n, index, PromiseFate::Void);
        }
    }

    fn can_discharge(&self, n: usize, promise: &str) -> bool {
        let Some(journey) = self.journey(n) else { return false };
        let mut can = false;
        each_send(journey, &mut |send: &Send| {
            let discharges = [&send.keeping, &send.withdrawing].into_iter().flatten().any(|d| d == promise);
            can = can || (discharges && !self.open_channels(send).0.is_empty());
        });
        can
    }

    /// Asks again every waiting message for which no channel is open any more: it is blocked now, and not only when it
    /// would leave.
    pub(crate) fn ask_closed(&mut self) {
        let closed = |w: &&crate::customer::Waiting| self.open_channels(&w.send).0.is_empty();
        let asked: Vec<u64> = self.c.waiting.iter().filter(closed).map(|w| w.number).collect();
        for number in asked {
            self.ask_again(number);
        }
    }

    /// Asks again every waiting message that would go to an address that has stopped.
    pub(crate) fn ask_stopped(&mut self) {
        if self.c.stops.is_empty() {
            return;
        }
        let stopped: Vec<_> = self.c.addresses(self.program);
        let stopped: Vec<_> =
            stopped.into_iter().filter(|(_, a)| self.c.stops.iter().any(|s| s.address == fold_address(a))).collect();
        let uses = |send: &Send| {
            let message = self.program.messages.get(send.message.index());
            message.is_some_and(|m| m.variants.iter().any(|v| stopped.iter().any(|(c, _)| *c == v.channel)))
        };
        let asked: Vec<u64> = self.c.waiting.iter().filter(|w| uses(&w.send)).map(|w| w.number).collect();
        for number in asked {
            self.ask_again(number);
        }
    }
}

/// Every send of a journey, wherever it stands.
fn each_send<'a>(journey: &'a Journey, see: &mut impl FnMut(&'a Send)) {
    for state in &journey.states {
        in_actions(&state.entry, see);
        in_arrows(&state.arrows, see);
    }
    in_arrows(&journey.arrows, see);
}

fn in_arrows<'a>(arrows: &'a [Arrow], see: &mut impl FnMut(&'a Send)) {
    for arrow in arrows {
        in_then(&arrow.then, see);
        if let Trigger::At { if_past, .. } = &arrow.on {
            in_then(if_past, see);
        }
    }
}

fn in_then<'a>(then: &'a Then, see: &mut impl FnMut(&'a Send)) {
    if let Then::Stay(actions) = then {
        in_actions(actions, see);
    }
}

fn in_actions<'a>(actions: &'a [Action], see: &mut impl FnMut(&'a Send)) {
    for action in actions {
        if let Action::Send(send) = action {
            see(send);
            for then in [&send.on_blocked, &send.on_failed].into_iter().flatten() {
                in_then(then, see);
            }
        }
    }
}
