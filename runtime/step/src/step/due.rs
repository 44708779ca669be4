//! What falls due: one thing at a time, in order of due time.

use compact_str::{CompactString, format_compact};
use journey_spec::Ts;
use journey_spec::program::Trigger;
use journey_spec::time::{spelled_days, spelled_duration};

use super::Run;
use super::values::spelled;
use crate::customer::ArrowAt;

/// One thing due. The order of the variants breaks ties of the due time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    /// The deadline of an instance's call.
    Call(usize),
    /// A timer or a settling arrow of an instance.
    Timer(usize, Timed),
    /// A waiting message, by its number.
    Waiting(u64),
    /// A promise's deadline: instance and position.
    Promise(usize, usize),
    /// A goal's silence has lasted: instance and goal.
    Silence(usize, u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timed {
    Settle,
    At(usize),
}

/// A reason of these parts, without the work of a format.
fn joined<const N: usize>(parts: [&str; N]) -> CompactString {
    parts.into_iter().collect()
}

impl Run<'_> {
    /// Does the first thing that is due; false where nothing is.
    pub(crate) fn do_next_due(&mut self) -> bool {
        let Some(item) = self.next_item() else { return false };
        match item {
            Item::Call(n) => self.call_timed_out(n),
            // Where a timer falls due while an arrow settles, the settling arrow is taken in its place. If that does
            // not lead away the timer is still due, and comes next.
            Item::Timer(n, Timed::At(index)) if !self.may_fire(n, index) => {}
            Item::Timer(n, timed) => {
                if !self.take_settled(n)
                    && let Timed::At(index) = timed
                {
                    self.fire(n, index);
                }
            }
            Item::Waiting(number) => self.ask_again(number),
            Item::Promise(n, index) => self.break_promise(n, index),
            Item::Silence(n, goal) => self.stayed_silent(n, goal),
        }
        self.conclude();
        true
    }

    fn next_item(&self) -> Option<Item> {
        let mut first: Option<(Ts, Item)> = None;
        let mut offer = |due: Ts, item: Item| {
            if due <= self.now && first.is_none_or(|f| (due, item) < f) {
                first = Some((due, item));
            }
        };
        for (n, instance) in self.c.instances.iter().enumerate() {
            for (index, promise) in instance.promises.iter().enumerate() {
                offer(promise.by, Item::Promise(n, index));
            }
            for watch in &instance.watches {
                offer(watch.until, Item::Silence(n, watch.goal));
            }
            if !instance.is_live() {
                continue;
            }
            if let Some(call) = &instance.call {
                offer(call.deadline, Item::Call(n));
            }
            for settle in &instance.settles {
                offer(settle.due, Item::Timer(n, Timed::Settle));
            }
            for (index, timer) in instance.timers.iter().enumerate() {
                if let (false, Some(due)) = (timer.done, timer.due) {
                    offer(due, Item::Timer(n, Timed::At(index)));
                }
            }
        }
        for waiting in &self.c.waiting {
            offer(waiting.until, Item::Waiting(waiting.number));
        }
        first.map(|(_, item)| item)
    }

    /// Whether the condition of a timer that falls due holds; one that does not is used up, and does nothing else.
    pub(crate) fn may_fire(&mut self, n: usize, index: usize) -> bool {
        let Some(at) = self.inst(n).and_then(|i| i.timers.get(index)).map(|t| t.arrow) else { return true };
        let Some(arrow) = self.arrow_at(n, at) else { return true };
        let Some(cond) = arrow.when.as_ref().filter(|cond| !self.may(n, Some(cond))) else { return true };
        let timer = match &arrow.on {
            Trigger::After(d) => format!("after {}", spelled_duration(*d)),
            Trigger::At { at, .. } => format!("at {}", spelled(at)),
            _ => String::new(),
        };
        if let Some(timer) = self.c.instances.get_mut(n).and_then(|i| i.timers.get_mut(index)) {
            timer.done = true;
        }
        self.ignored(Some(n), format_compact!("timer `{timer}`"), format!("its condition does not hold: {cond}"));
        false
    }

    fn fire(&mut self, n: usize, index: usize) {
        let Some(timer) = self.c.instances.get_mut(n).and_then(|i| i.timers.get_mut(index)) else { return };
        timer.done = true;
        let (place, due) = (timer.arrow, timer.due.unwrap_or(self.now));
        let Some(arrow) = self.arrow_at(n, place) else { return };
        match &arrow.on {
            Trigger::After(d) => {
                self.took_arrow(n, place, false);
                self.take(n, &arrow.then, &joined(["after ", &spelled_duration(*d)]));
            }
            Trigger::AfterDays { days, minute } => {
                self.took_arrow(n, place, false);
                self.take(n, &arrow.then, &joined(["after ", &spelled_days(*days, Some(*minute))]));
            }
            Trigger::At { at, if_past } => {
                // An engine that was down does not send yesterday's news.
                let is_late = self.now.saturating_sub(due) > self.program.policy.grace;
                self.took_arrow(n, place, is_late);
                let why = if is_late { joined([&spelled(at), " is past"]) } else { joined(["at ", &spelled(at)]) };
                self.take(n, if is_late { if_past } else { &arrow.then }, &why);
            }
            _ => {}
        }
    }

    /// Takes the settling arrow of the visit that is due first, due or not; false where none settles.
    pub(crate) fn take_settled(&mut self, n: usize) -> bool {
        let Some(instance) = self.c.instances.get_mut(n) else { return false };
        let first = instance.settles.iter().enumerate().min_by_key(|(i, s)| (s.due, *i)).map(|(i, _)| i);
        let Some(first) = first else { return false };
        let at: ArrowAt = instance.settles.remove(first).arrow;
        if let Some(arrow) = self.arrow_at(n, at) {
            let event = match &arrow.on {
                Trigger::Event { event, .. } => self.program.events.get(event.index()).map(|e| e.name.as_str()),
                _ => None,
            };
            self.took_arrow(n, at, false);
            self.take(n, &arrow.then, &joined([event.unwrap_or_default(), ", settled"]));
        }
        true
    }
}
