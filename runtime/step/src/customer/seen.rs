//! What shells, checks and tests see of a customer.

use journey_spec::program::{Channel, EndKind, JourneyId, MessageId, Program, StateId};
use journey_spec::time::Zone;
use journey_spec::value::{Data, Value};
use journey_spec::{Ts, places};

use super::{Instance, Known, fold_address};
use crate::ledger::Left;

/// An open case, as a shell or a test sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCase<'a> {
    /// Its id.
    pub id: &'a str,
    /// Whose desk.
    pub queue: &'a str,
    /// The journey, where one handed over.
    pub journey: Option<JourneyId>,
    /// The number of the instance, where one handed over.
    pub instance: Option<u64>,
}

/// An open promise, as a shell or a test sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promised<'a> {
    /// Its name.
    pub name: &'a str,
    /// The deadline as it is now.
    pub by: Ts,
    /// The number of the instance that made it.
    pub instance: u64,
}

/// A waiting message, as a shell or a test sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Which message.
    pub message: MessageId,
    /// The number of the instance that sends it.
    pub instance: u64,
    /// When it is asked again.
    pub until: Ts,
}

impl Known {
    /// The customer's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The time of the newest step, below which no later step falls; `None` before the first.
    #[must_use]
    pub fn now(&self) -> Option<Ts> {
        (self.now != Ts::MIN).then_some(self.now)
    }

    /// What the directory knows; empty before the first `customer.updated`.
    #[must_use]
    pub fn profile(&self) -> &Data {
        &self.profile
    }

    /// When the next thing falls due: a timer, a settling arrow, a waiting message, a call's or a promise's deadline.
    #[must_use]
    pub fn next_due(&self) -> Option<Ts> {
        let instances = self.instances.iter().filter_map(Instance::next_due).min();
        let waiting = self.waiting.iter().map(|w| w.until).min();
        [instances, waiting].into_iter().flatten().min()
    }

    /// Live instances and those that ended lately, by number. Of each journey the newest is kept.
    #[must_use]
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// The journeys of instances to which something can still happen: those that live, and those that have ended with a
    /// message that waits or a promise that is open. One an instance.
    pub fn under_way(&self) -> impl Iterator<Item = JourneyId> {
        let waits = |i: &Instance| self.waiting.iter().any(|w| w.instance == i.number);
        let open = move |i: &&Instance| i.is_live() || !i.promises.is_empty() || waits(i);
        self.instances.iter().filter(open).map(|i| i.journey)
    }

    /// The newest instance of a journey, live or ended.
    #[must_use]
    pub fn newest_instance(&self, journey: JourneyId) -> Option<&Instance> {
        self.instances.iter().rev().find(|i| i.journey == journey)
    }

    /// Cases that a person has and has not closed, oldest first.
    #[must_use]
    pub fn open_cases(&self) -> Vec<OpenCase<'_>> {
        self.cases
            .iter()
            .map(|c| OpenCase { id: &c.id, queue: &c.queue, journey: c.journey, instance: c.instance })
            .collect()
    }

    /// Promises that are made and neither kept nor withdrawn, by instance.
    #[must_use]
    pub fn open_promises(&self) -> Vec<Promised<'_>> {
        self.instances
            .iter()
            .flat_map(|i| i.promises.iter().map(|p| Promised { name: &p.name, by: p.by, instance: i.number }))
            .collect()
    }

    /// Messages that wait, in order of decision.
    #[must_use]
    pub fn waiting(&self) -> Vec<Waits> {
        self.waiting.iter().map(|w| Waits { message: w.send.message, instance: w.instance, until: w.until }).collect()
    }

    /// The id of the call that an instance waits for, where there is one, with the service's name.
    #[must_use]
    pub fn open_calls(&self) -> Vec<(&str, &str)> {
        let calls = self.instances.iter().filter_map(|i| i.call.as_ref()).map(|c| (c.id.as_str(), c.service.as_str()));
        let lookups =
            self.waiting.iter().filter_map(|w| w.lookup.as_ref()).map(|l| (l.id.as_str(), l.service.as_str()));
        calls.chain(lookups).collect()
    }

    /// The customer's addresses by channel, as the directory writes them.
    #[must_use]
    pub fn addresses(&self, program: &Program) -> Vec<(Channel, String)> {
        Channel::ALL.into_iter().filter_map(|c| Some((c, self.address(program, c)?.to_string()))).collect()
    }

    /// The address on one channel, where the directory has one.
    #[must_use]
    pub fn address(&self, program: &Program, channel: Channel) -> Option<&str> {
        let field = program.customer.addresses.get(&channel)?;
        match self.profile.get(field) {
            Some(Value::Text(address)) if !address.trim().is_empty() => Some(address),
            _ => None,
        }
    }

    /// The channel that the customer prefers, where the directory knows one.
    #[must_use]
    pub fn preferred(&self, program: &Program) -> Option<Channel> {
        match self.profile.get(program.customer.preferred.as_ref()?)? {
            Value::Text(name) => Channel::named(name),
            _ => None,
        }
    }

    /// The zones in which the customer may be, the likeliest first; none where that is not known.
    #[must_use]
    pub fn zones(&self, program: &Program) -> Vec<Zone> {
        let value = program.customer.zone.as_ref().and_then(|field| self.profile.get(field));
        value.map(places::zones).unwrap_or_default()
    }

    /// Whether this address has said STOP.
    #[must_use]
    pub fn has_stopped(&self, address: &str) -> bool {
        if self.stops.is_empty() {
            return false;
        }
        let folded = fold_address(address);
        self.stops.iter().any(|s| s.address == folded)
    }

    /// What left, oldest first, as far back as a rule can ask, and thirty days at least.
    #[must_use]
    pub fn left(&self) -> &[Left] {
        &self.left
    }

    /// How many entries the ledger's log holds.
    #[must_use]
    pub fn ledger_len(&self) -> usize {
        self.left.len()
    }
}

impl Instance {
    /// Its number, counted per customer from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Its journey.
    #[must_use]
    pub fn journey(&self) -> JourneyId {
        self.journey
    }

    /// Its key's value, for a journey with a key.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The state in which it rests, or ended.
    #[must_use]
    pub fn state(&self) -> StateId {
        self.state
    }

    /// Its data.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Whether it goes on.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.ended.is_none()
    }

    /// When and how it ended.
    #[must_use]
    pub fn ended(&self) -> Option<(Ts, EndKind)> {
        self.ended.map(|e| (e.at, e.outcome))
    }

    /// Whether a limit ended it: then it is in no state, and [`Instance::state`] tells the last one.
    #[must_use]
    pub fn ended_by_limit(&self) -> bool {
        self.ended.is_some_and(|e| e.by_limit)
    }

    /// When it entered its state.
    #[must_use]
    pub fn entered(&self) -> Ts {
        self.entered
    }

    /// When its next timer, settling arrow, call or promise falls due.
    #[must_use]
    pub fn next_due(&self) -> Option<Ts> {
        let promises = self.promises.iter().map(|p| p.by).min();
        if !self.is_live() {
            return promises.into_iter().chain(self.watches.iter().map(|w| w.until)).min();
        }
        let timers = self.timers.iter().filter(|t| !t.done).filter_map(|t| t.due).min();
        let settles = self.settles.iter().map(|s| s.due).min();
        [timers, settles, promises, self.call.as_ref().map(|c| c.deadline)].into_iter().flatten().min()
    }
}
