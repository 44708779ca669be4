//! Bugs that are planted on purpose, around the engine's store, channels, clock and program: the suite has to notice each.
//!
//! None of them is in the runtime: what they change is what it is given.

use std::collections::BTreeSet;
use std::sync::Arc;

use journey_runtime::channels::ChannelError;
use journey_runtime::store::{Batch, CommitOutcome, DeadLetter, OutboxRow, Record, Sim};
use journey_runtime::{Channel, Delivery, Out, Outside, Store, StoreError};
use journey_spec::Ts;
use journey_spec::program::{DAY, HOUR, MINUTE, Program};
use journey_step::Customer;
use journey_step::effect::Release;
use serde_json::Value as Json;

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// An input that was taken before is taken again.
    NoDedup,
    /// Whoever has lost the store goes on writing.
    NoEpoch,
    /// A customer whom somebody else has changed meanwhile is overwritten.
    NoRevision,
    /// What is acknowledged is kept with the next commit.
    AcknowledgedEarly,
    /// Now and then a batch is kept without its effects.
    HalfBatch,
    /// What was in doubt and is kept counts as if it were not: all ids of one batch in twenty are forgotten.
    IdsForgotten,
    /// Limits of the house let one more through.
    LimitOffByOne,
    /// The house is quiet an hour later.
    QuietLate,
    /// A quiet time that an event begins is over in half the time.
    QuietShort,
    /// A message that did not reach its channel counts as delivered.
    SettledEarly,
    /// What was delivered is not noted.
    SettledNever,
    /// Who says STOP is forgotten where an address is shared.
    StopNotShared,
    /// Messages that leave late are not asked about again.
    NotAskedAgain,
    /// The shell's clock is half an hour ahead.
    TimerEarly,
    /// Timers get lost.
    TimersLost,
    /// The ledger forgets what is older than an hour.
    LedgerForgets,
    /// Messages that are no longer true are sent, and not asked about again, which would notice.
    ValidForLonger,
    /// A pause ends with a restart.
    PauseForgotten,
    /// What was refused is not kept.
    LettersLost,
    /// A timeline is kept out of order.
    TimelineReversed,
}

pub(crate) const MUTANTS: [Mutant; 20] = [
    Mutant::NoDedup,
    Mutant::NoEpoch,
    Mutant::NoRevision,
    Mutant::AcknowledgedEarly,
    Mutant::HalfBatch,
    Mutant::IdsForgotten,
    Mutant::LimitOffByOne,
    Mutant::QuietLate,
    Mutant::QuietShort,
    Mutant::SettledEarly,
    Mutant::SettledNever,
    Mutant::StopNotShared,
    Mutant::NotAskedAgain,
    Mutant::TimerEarly,
    Mutant::TimersLost,
    Mutant::LedgerForgets,
    Mutant::ValidForLonger,
    Mutant::PauseForgotten,
    Mutant::LettersLost,
    Mutant::TimelineReversed,
];

impl Mutant {
    /// Whether it changes anything of a program.
    pub(crate) fn touches(self, program: &Program) -> bool {
        self != Mutant::QuietShort || !program.policy.quiet_after.is_empty()
    }

    /// Whether it is to be noticed live. On virtual time it changes what is compared, so that noticing it is no art.
    pub(crate) fn is_live(self) -> bool {
        matches!(self, Mutant::NotAskedAgain | Mutant::ValidForLonger | Mutant::LedgerForgets | Mutant::QuietShort)
    }
}

/// The program that the engine gets; what is judged by stays as it is.
pub(crate) fn program(mutant: Option<Mutant>, program: &Arc<Program>) -> Arc<Program> {
    let mut other = program.as_ref().clone();
    match mutant {
        Some(Mutant::LimitOffByOne) => other.policy.limits.iter_mut().for_each(|limit| limit.n += 1),
        Some(Mutant::QuietLate) => {
            other.policy.quiet.iter_mut().for_each(|quiet| quiet.from = (quiet.from + 60) % 1440)
        }
        Some(Mutant::QuietShort) => other.policy.quiet_after.iter_mut().for_each(|quiet| quiet.lasts /= 2),
        _ => return Arc::clone(program),
    }
    Arc::new(other.seal())
}

pub(crate) fn outside(mutant: Option<Mutant>, outside: Outside) -> Outside {
    match mutant {
        Some(Mutant::SettledEarly) => Outside { channel: Box::new(Forgetful(outside.channel, 0)), ..outside },
        _ => outside,
    }
}

/// Says of every twentieth message that it is delivered.
struct Forgetful(Box<dyn Channel>, u64);

impl Channel for Forgetful {
    fn send(&mut self, message: Out<'_, Release>) -> Result<Delivery, ChannelError> {
        self.1 += 1;
        if self.1.is_multiple_of(20) { Ok(Delivery::Delivered) } else { self.0.send(message) }
    }
    fn flush(&mut self) -> Result<(), ChannelError> {
        self.0.flush()
    }
    fn may_reject(&self) -> bool {
        self.0.may_reject()
    }
}

/// What the shell tells, where the clock shows that.
pub(crate) fn clock(mutant: Option<Mutant>, clock: Ts) -> Ts {
    clock + if mutant == Some(Mutant::TimerEarly) { 30 * MINUTE } else { 0 }
}

pub(crate) fn store(mutant: Option<Mutant>, sim: Sim) -> Box<dyn Store> {
    match mutant {
        None => Box::new(sim),
        Some(mutant) => Box::new(Planted { sim, mutant, late: None, commits: 0 }),
    }
}

struct Planted {
    sim: Sim,
    mutant: Mutant,
    late: Option<Batch>,
    commits: u64,
}

impl Planted {
    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == mutant
    }

    fn changed(&mut self, batch: &Batch) -> Batch {
        self.commits += 1;
        let some = self.commits.is_multiple_of(20);
        let mut batch = batch.clone();
        match self.mutant {
            Mutant::NoDedup => {
                let ids: Vec<&str> = batch.taken.iter().map(String::as_str).collect();
                let known = self.sim.kept().taken(&ids).expect("memory");
                let mut known = known.into_iter();
                batch.taken.retain(|_| known.next() != Some(true));
                let mut seen = BTreeSet::new();
                batch.taken.retain(|id| seen.insert(id.clone()));
            }
            Mutant::NoRevision => {
                for write in &mut batch.customers {
                    let record = self.sim.kept().load(&[&write.id]).expect("memory").pop().flatten();
                    write.expected = record.map(|r| r.revision);
                }
            }
            Mutant::HalfBatch if some => batch.outbox.clear(),
            Mutant::IdsForgotten if some => batch.taken.clear(),
            Mutant::SettledNever => batch.settled.clear(),
            Mutant::StopNotShared => batch.stopped.clear(),
            Mutant::TimersLost if some => batch.customers.iter_mut().for_each(|write| write.next_due = None),
            Mutant::LettersLost => batch.dead_letters.clear(),
            Mutant::TimelineReversed => batch.timeline.reverse(),
            _ => {}
        }
        batch
    }
}

/// A customer whose ledger has forgotten what is older than an hour.
fn forgetting(record: &mut Record) {
    let customer = Customer::from_bytes(&record.state).expect("a customer");
    let mut json = serde_json::to_value(&customer).expect("JSON");
    let now = json["now"].as_i64().unwrap_or(0);
    if let Some(left) = json["left"].as_array_mut() {
        left.retain(|l| l["at"].as_i64().is_some_and(|at| at > now - HOUR));
    }
    let customer: Customer = serde_json::from_value(json).expect("a customer");
    record.state = customer.to_bytes().expect("bytes");
}

impl Store for Planted {
    fn epoch(&self) -> u64 {
        self.sim.epoch()
    }
    fn commit(&mut self, epoch: u64, batch: &Batch) -> Result<CommitOutcome, StoreError> {
        let batch = self.changed(batch);
        if self.is(Mutant::AcknowledgedEarly) {
            // Whether the store works is asked of an empty batch; where it fails, the one before is lost.
            let outcome = self.sim.commit(epoch, &Batch::default())?;
            if outcome == CommitOutcome::Committed
                && let Some(before) = self.late.replace(batch)
            {
                return self.sim.kept().commit(epoch, &before);
            }
            return Ok(outcome);
        }
        if self.is(Mutant::NoEpoch) {
            let mut newest = self.sim.reopen();
            let epoch = newest.epoch();
            return newest.commit(epoch, &batch);
        }
        self.sim.commit(epoch, &batch)
    }
    fn load(&mut self, customers: &[&str]) -> Result<Vec<Option<Record>>, StoreError> {
        let forgets = self.is(Mutant::LedgerForgets);
        let mut records = self.sim.load(customers)?;
        if forgets {
            records.iter_mut().flatten().for_each(forgetting);
        }
        Ok(records)
    }
    fn taken(&mut self, ids: &[&str]) -> Result<Vec<bool>, StoreError> {
        let taken = self.sim.taken(ids)?;
        Ok(if self.is(Mutant::NoDedup) { vec![false; taken.len()] } else { taken })
    }
    fn due(&mut self, after: Option<(Ts, &str)>, until: Ts, n: usize) -> Result<Vec<(Ts, String)>, StoreError> {
        self.sim.due(after, until, n)
    }
    fn next_due(&mut self) -> Result<Option<Ts>, StoreError> {
        self.sim.next_due()
    }
    fn claim_outbox(&mut self, after: u64, n: usize) -> Result<Vec<OutboxRow>, StoreError> {
        let mut rows = self.sim.claim_outbox(after, n)?;
        for row in &mut rows {
            // What seems to have been decided later is not late.
            if self.is(Mutant::NotAskedAgain) || self.is(Mutant::ValidForLonger) {
                row.at += DAY;
            }
            if self.is(Mutant::ValidForLonger) {
                let mut json: Json = serde_json::from_str(&row.body).expect("an effect");
                if let Some(until) = json.pointer_mut("/release/valid_until") {
                    *until = (until.as_i64().expect("an instant") + 10 * DAY).into();
                }
                row.body = json.to_string();
            }
        }
        Ok(rows)
    }
    fn outbox(&mut self, after: u64, n: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.sim.outbox(after, n)
    }
    fn timeline(&mut self, customer: &str) -> Result<Vec<String>, StoreError> {
        self.sim.timeline(customer)
    }
    fn customers(&mut self, after: Option<&str>, n: usize) -> Result<Vec<String>, StoreError> {
        self.sim.customers(after, n)
    }
    fn dead_letters(&mut self) -> Result<Vec<DeadLetter>, StoreError> {
        self.sim.dead_letters()
    }
    fn customers_with_address(&mut self, address: &str) -> Result<Vec<String>, StoreError> {
        let found = self.sim.customers_with_address(address)?;
        Ok(if self.is(Mutant::StopNotShared) { Vec::new() } else { found })
    }
    fn stopped(&mut self, addresses: &[&str]) -> Result<Vec<String>, StoreError> {
        self.sim.stopped(addresses)
    }
    fn meta(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        if self.is(Mutant::PauseForgotten) && name == "orders" {
            return Ok(None);
        }
        self.sim.meta(name)
    }
}
