//! The customers and changes between two commits, and the order in which steps are made.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use journey_spec::Ts;
use journey_spec::program::SECOND;
use journey_step::customer::fold_address;
use journey_step::{Customer, Effect, Input};
use sha2::{Digest, Sha256};

use super::apart::Cause;
use super::outbox::{Task, write_task};
use super::versions::{Change, lived};
use super::{Engine, Pace};
use crate::error::{EngineError, StoreError};
use crate::store::{Batch, CustomerWrite, OutboxAdd, Record, TimelineAdd};

/// How many due customers are looked up at once.
const AHEAD: usize = 256;
/// Most customers that one commit changes, about.
const CHANGED: usize = 8192;
/// About how much memory customers may take between transactions, in bytes.
const CACHED: usize = 96 << 20;
/// What a customer takes in memory, in bytes: so much, and so many times as much as the stored state.
const WEIGHT: (usize, usize) = (1024, 5);

/// What is done and not yet committed, and customers whose committed state is known.
#[derive(Default)]
pub(super) struct Work {
    slots: HashMap<Arc<str>, Slot>,
    /// Those of them who are not committed, each once.
    changed: Vec<Arc<str>>,
    /// What the stored states of those in `slots` take, in bytes.
    bytes: usize,
    /// Counts the looks into `slots`.
    looks: u64,
    /// Due instants of the customers in `slots`.
    due: BTreeSet<(Ts, Arc<str>)>,
    /// Due instants of customers who are not in `slots`, as the store has them.
    ahead: Ahead,
    /// Everything but the customers.
    pub(super) batch: Batch,
    /// What the batch's outbox rows say, one each.
    tasks: Vec<Task>,
    /// Addresses that said STOP since the last commit.
    pub(super) stopped: BTreeSet<String>,
    /// Why the last step refused its event, where it did.
    pub(super) refused: Option<String>,
    /// There is an effect whose result is an input.
    pub(super) awaits_result: bool,
    /// Instances that began and ended since the last commit.
    pub(super) living: Change,
}

/// The store's due customers, read in portions. Holds as long as everybody stays in memory who has changed since.
#[derive(Default)]
struct Ahead {
    queue: VecDeque<(Ts, String)>,
    read_to: Option<(Ts, String)>,
    complete: bool,
}

struct Slot {
    id: Arc<str>,
    /// Absent only while a step has it.
    customer: Option<Customer>,
    revision: Option<u64>,
    due: Option<Ts>,
    /// A step of theirs waits for a hook: until then nothing falls due.
    waits: bool,
    /// When it was looked at last, in looks.
    looked: u64,
    /// Its state is not committed.
    changed: bool,
    /// How long the stored state is, in bytes.
    bytes: usize,
    /// Keys of the addresses, sorted.
    addresses: Vec<String>,
    addresses_changed: bool,
    /// Those of them that have said STOP, as far as the stopped table knows.
    stopped: BTreeSet<String>,
}

/// What happens next by itself.
pub(super) enum Next {
    /// Something of a customer's falls due.
    Due(Ts, String),
    /// A service's answer arrives: when, and the call's place in the outbox.
    Answer(Ts, u64),
}

impl Work {
    /// Whether it is time to commit.
    pub(super) fn is_large(&self) -> bool {
        self.batch.timeline.len() >= 4096 || self.batch.outbox.len() >= 1024 || self.changed.len() >= CHANGED
    }

    /// The batch to commit.
    pub(super) fn finish(&mut self) -> Result<Batch, EngineError> {
        let mut batch = std::mem::take(&mut self.batch);
        batch.customers.reserve(self.changed.len());
        // In order, neighbours on one page are written one after another.
        self.changed.sort_unstable();
        for id in &self.changed {
            let Some(slot) = self.slots.get_mut(id) else { continue };
            // Only while a step has it, it is absent.
            let Some(customer) = &slot.customer else { continue };
            let state = customer
                .to_bytes()
                .map_err(|e| StoreError::Damaged(format!("customer `{id}` cannot be written: {e}")))?;
            self.bytes = self.bytes.saturating_sub(slot.bytes).saturating_add(state.len());
            slot.bytes = state.len();
            let addresses = slot.addresses_changed.then(|| slot.addresses.clone());
            batch.customers.push(CustomerWrite {
                id: id.as_ref().into(),
                state,
                expected: slot.revision,
                next_due: slot.due,
                addresses,
            });
        }
        batch.stopped = self.stopped.iter().cloned().collect();
        Ok(batch)
    }

    /// The batch is committed.
    pub(super) fn committed(&mut self) {
        self.stopped.clear();
        self.living = Change::default();
        for id in std::mem::take(&mut self.changed) {
            if let Some(slot) = self.slots.get_mut(&id) {
                slot.revision = Some(slot.revision.unwrap_or(0) + 1);
                slot.changed = false;
                slot.addresses_changed = false;
            }
        }
        if weight(self.slots.len(), self.bytes) > CACHED {
            self.forget_some();
        }
    }

    /// Keeps those customers in memory who were looked at last, half as many as fit at most. All are committed.
    fn forget_some(&mut self) {
        let mut all: Vec<(u64, usize)> = self.slots.values().map(|slot| (slot.looked, slot.bytes)).collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        let mut weighs = 0_usize;
        let over = all.iter().find(|(_, bytes)| {
            weighs = weighs.saturating_add(weight(1, *bytes));
            weighs > CACHED / 2
        });
        let Some((since, _)) = over.copied() else { return };
        let Work { due, bytes, .. } = self;
        self.slots.retain(|id, slot| {
            let keep = slot.looked > since || slot.waits;
            if !keep {
                *bytes = bytes.saturating_sub(slot.bytes);
                if let Some(at) = slot.due {
                    due.remove(&(at, Arc::clone(id)));
                }
            }
            keep
        });
        self.ahead = Ahead::default();
    }

    /// Adds an effect to what is committed next.
    fn send(&mut self, customer: &str, at: Ts, task: Task) -> Result<(), EngineError> {
        let body = write_task(&task)?;
        self.batch.outbox.push(OutboxAdd { id: task.id().into(), customer: customer.into(), at, body });
        self.tasks.push(task);
        Ok(())
    }

    /// The effects of the batch, for whoever performs them.
    pub(super) fn take_tasks(&mut self) -> Vec<Task> {
        std::mem::take(&mut self.tasks)
    }

    fn set_due(&mut self, id: &str, due: Option<Ts>) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        if slot.due == due {
            return;
        }
        let mut key = (Ts::MIN, Arc::clone(&slot.id));
        if let Some(old) = slot.due {
            key.0 = old;
            self.due.remove(&key);
        }
        if let Some(new) = due.filter(|_| !slot.waits) {
            key.0 = new;
            self.due.insert(key);
        }
        slot.due = due;
    }

    /// While a step waits for a hook, its customer's timers do.
    pub(super) fn set_waits(&mut self, id: &str, waits: bool) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        slot.waits = waits;
        let Some(due) = slot.due else { return };
        let key = (due, Arc::clone(&slot.id));
        if waits {
            self.due.remove(&key);
        } else {
            self.due.insert(key);
        }
    }
}

/// About how much memory so many customers take whose stored states have so many bytes.
fn weight(customers: usize, bytes: usize) -> usize {
    customers.saturating_mul(WEIGHT.0).saturating_add(bytes.saturating_mul(WEIGHT.1))
}

/// Reads a customer's state.
pub(super) fn read_customer(id: &str, state: &[u8]) -> Result<Customer, EngineError> {
    let damaged = |e| StoreError::Damaged(format!("the state of customer `{id}`: {e}"));
    Ok(Customer::from_bytes(state).map_err(damaged)?)
}

/// One hash over several texts, each with its length.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    // Digit by digit: a call of a hook makes two of these, and formatting each byte would be a third of it.
    let digit = |n: u8| char::from(if n < 10 { b'0' + n } else { b'a' + n - 10 });
    hash.finalize().iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

impl Engine {
    /// What happens next by itself, at `until` or before. At one instant timers go before answers.
    pub(super) fn next_step(&mut self, until: Ts) -> Result<Option<Next>, EngineError> {
        let answer = self.outbox.next_answer().filter(|(at, _)| *at <= until);
        self.look_ahead(until)?;
        let here = self.work.due.first();
        let there = self.work.ahead.queue.front();
        let (here, there) = (here.map(|(at, id)| (*at, id.as_ref())), there.map(|(at, id)| (*at, id.as_str())));
        let due = [here, there].into_iter().flatten().min().filter(|(at, _)| *at <= until);
        Ok(match (due, answer) {
            (Some((at, id)), answer) if answer.is_none_or(|(answered, _)| at <= answered) => {
                Some(Next::Due(at, id.into()))
            }
            (_, Some((at, seq))) => Some(Next::Answer(at, seq)),
            _ => None,
        })
    }

    /// When something of a customer's falls due next.
    pub(super) fn next_timer(&mut self) -> Result<Option<Ts>, EngineError> {
        let here = self.work.due.first().map(|(at, _)| *at);
        self.look_ahead(here.unwrap_or(Ts::MAX))?;
        let there = self.work.ahead.queue.front().map(|(at, _)| *at);
        Ok([here, there].into_iter().flatten().min())
    }

    /// Sees that the queue's front is the store's next due customer who is not in memory.
    fn look_ahead(&mut self, until: Ts) -> Result<(), EngineError> {
        loop {
            let Work { slots, ahead, .. } = &mut self.work;
            while ahead.queue.front().is_some_and(|(_, id)| slots.contains_key(id.as_str())) {
                ahead.queue.pop_front();
            }
            let passed = ahead.read_to.as_ref().is_some_and(|(at, _)| *at > until);
            if !ahead.queue.is_empty() || ahead.complete || passed {
                return Ok(());
            }
            let after = ahead.read_to.as_ref().map(|(at, id)| (*at, id.as_str()));
            let more = self.store.due(after, Ts::MAX, AHEAD)?;
            ahead.complete = more.len() < AHEAD;
            ahead.read_to = more.last().cloned().or(ahead.read_to.take());
            ahead.queue.extend(more);
        }
    }

    /// Makes one step of one customer, and what follows for others who share an address that says STOP. Gives the number
    /// of messages, cases and calls.
    pub(super) fn apply(&mut self, id: &str, input: &Input, at: Ts) -> Result<usize, EngineError> {
        Ok(self.apply_for(id, input, at, None)?.unwrap_or(0))
    }

    /// As [`Engine::apply`], for this cause: nothing where the step waits for a hook, or for one of the same customer that
    /// does.
    pub(super) fn apply_for(
        &mut self,
        id: &str,
        input: &Input,
        at: Ts,
        cause: Option<&Cause>,
    ) -> Result<Option<usize>, EngineError> {
        let Some((mut effects, stops)) = self.step_one(id, input, at, cause)? else { return Ok(None) };
        for address in stops {
            if self.work.stopped.contains(&address) || !self.store.stopped(&[&address])?.is_empty() {
                continue;
            }
            if self.tells_stops {
                self.work.send("", at, Task::Stopped(address.clone()))?;
            }
            effects += self.stop_others(&address, id, at)?;
        }
        Ok(Some(effects))
    }

    /// Marks an address that said STOP elsewhere, for everybody here.
    pub(super) fn stop_all(&mut self, address: &str) -> Result<usize, EngineError> {
        if self.work.stopped.contains(address) || !self.store.stopped(&[address])?.is_empty() {
            return Ok(0);
        }
        self.stop_others(address, "", self.clock)
    }

    fn stop_others(&mut self, address: &str, but: &str, at: Ts) -> Result<usize, EngineError> {
        self.work.stopped.insert(address.into());
        let mut effects = 0;
        for other in self.sharing(address, but)? {
            let told = Input::OptOut { address: address.into(), confirm: false };
            // The address is marked by now, so what these steps say about it is no news.
            effects += self.step_one(&other, &told, at, None)?.map_or(0, |(effects, _)| effects);
        }
        Ok(effects)
    }

    /// The other customers who have this address, in order.
    fn sharing(&mut self, address: &str, but: &str) -> Result<BTreeSet<String>, EngineError> {
        let stored = self.store.customers_with_address(address)?;
        let in_memory = |id: &String| self.work.slots.contains_key(id.as_str());
        let mut sharing: BTreeSet<String> = stored.into_iter().filter(|id| !in_memory(id)).collect();
        let has = |slot: &Slot| slot.addresses.iter().any(|a| a == address);
        sharing.extend(self.work.slots.iter().filter(|(_, slot)| has(slot)).map(|(id, _)| id.as_ref().into()));
        sharing.remove(but);
        Ok(sharing)
    }

    /// A customer's state between steps; `None` for one who is not known.
    pub(super) fn known(&mut self, id: &str) -> Result<Option<&Customer>, EngineError> {
        self.bring(id)?;
        Ok(self.work.slots.get(id).and_then(|slot| slot.customer.as_ref()))
    }

    fn bring(&mut self, id: &str) -> Result<(), EngineError> {
        self.work.looks += 1;
        let looked = self.work.looks;
        if let Some(slot) = self.work.slots.get_mut(id) {
            slot.looked = looked;
            return Ok(());
        }
        let record = self.store.load(&[id])?.into_iter().flatten().next();
        self.keep(id, record)
    }

    /// Loads these customers at once, where they are not in memory.
    pub(super) fn load_all(&mut self, ids: &BTreeSet<&str>) -> Result<(), EngineError> {
        let absent: Vec<&str> = ids.iter().copied().filter(|id| !self.work.slots.contains_key(*id)).collect();
        if absent.len() > 1 {
            for (id, record) in absent.iter().zip(self.store.load(&absent)?) {
                self.keep(id, record)?;
            }
        }
        Ok(())
    }

    fn keep(&mut self, id: &str, record: Option<Record>) -> Result<(), EngineError> {
        let looked = self.work.looks;
        let bytes = record.as_ref().map_or(0, |record| record.state.len());
        let (customer, revision, due) = match record {
            Some(record) => (read_customer(id, &record.state)?, Some(record.revision), record.next_due),
            None => (Customer::new(id), None, None),
        };
        let addresses = self.address_keys(&customer);
        let stopped = addresses.iter().filter(|a| customer.has_stopped(a)).cloned().collect();
        let id: Arc<str> = id.into();
        let slot = Slot {
            id: Arc::clone(&id),
            customer: Some(customer),
            revision,
            due: None,
            waits: false,
            looked,
            changed: false,
            bytes,
            addresses,
            addresses_changed: false,
            stopped,
        };
        self.work.bytes = self.work.bytes.saturating_add(bytes);
        self.work.slots.insert(Arc::clone(&id), slot);
        self.work.set_due(&id, due);
        Ok(())
    }

    fn address_keys(&self, customer: &Customer) -> Vec<String> {
        let all: BTreeSet<String> =
            customer.addresses(&self.program).iter().map(|(_, address)| fold_address(address).into()).collect();
        all.into_iter().collect()
    }

    /// Makes one step; gives the number of effects, and the addresses that say STOP now and did not before. Nothing where it
    /// has to wait.
    fn step_one(
        &mut self,
        id: &str,
        input: &Input,
        at: Ts,
        cause: Option<&Cause>,
    ) -> Result<Option<(usize, BTreeSet<String>)>, EngineError> {
        if cause.is_some_and(|cause| self.is_behind(id, cause)) {
            return Ok(None);
        }
        self.bring(id)?;
        let program = Arc::clone(&self.program);
        let slot = self.work.slots.get_mut(id);
        let customer = slot.and_then(|slot| slot.customer.take()).unwrap_or_else(|| Customer::new(id));
        let lived_before = lived(&customer);
        let before = customer.now();
        let (customer, made) = self.step_or_wait(&program, customer, input, at, cause);
        let Some((effects, at)) = made else {
            if let Some(slot) = self.work.slots.get_mut(id) {
                slot.customer = Some(customer);
            }
            self.work.set_waits(id, true);
            return Ok(None);
        };
        if self.work.slots.get(id).is_some_and(|slot| slot.waits) {
            // What waited was made by this step, or begins anew after it.
            self.wait_no_more(id);
        }
        self.steps += 1;
        let look = self.watching.as_mut().and_then(|w| w.look(&program, before, &customer, &effects, at));
        self.work.living.see(&lived_before, &lived(&customer));
        let mut count = 0;
        for effect in effects {
            let task = match effect {
                Effect::Note(entry) => {
                    let entry = serde_json::to_string(&entry)
                        .map_err(|e| StoreError::Damaged(format!("an entry for `{id}` cannot be written: {e}")))?;
                    self.work.batch.timeline.push(TimelineAdd { customer: id.into(), entry });
                    continue;
                }
                Effect::Took(took) => {
                    if let Some(seen) = &mut self.watched {
                        seen.insert(took);
                    }
                    continue;
                }
                Effect::Refuse(reason) => {
                    self.work.refused = Some(reason);
                    continue;
                }
                Effect::Release(release) => Task::Release(*release),
                Effect::Handoff(case) => Task::Handoff(*case),
                Effect::Call(call) => Task::Call(call),
            };
            self.work.awaits_result |= match task {
                Task::Release(_) => self.outside.channel.may_reject(),
                Task::Handoff(_) | Task::Stopped(_) | Task::Forgotten => false,
                Task::Call(_) => true,
            };
            count += 1;
            self.work.send(id, at, task)?;
        }
        // Only the directory's news changes them.
        let told = matches!(input, Input::CustomerUpdated { .. } | Input::Forget);
        let told = told.then(|| self.address_keys(&customer));
        // A step does all that is due. Should it ever leave something at or before its own time, a second's distance keeps
        // one customer from stopping all others.
        let due = customer
            .next_due()
            .into_iter()
            .chain(look)
            .min()
            .map(|due| if due <= at { at.saturating_add(SECOND) } else { due });
        // STOP may come from, or for, an address that is not the customer's own.
        let named = match input {
            Input::OptOut { address, .. } | Input::Reply { address: Some(address), .. } => {
                Some(fold_address(address).into())
            }
            _ => None,
        };
        let mut stops = BTreeSet::new();
        if let Some(slot) = self.work.slots.get_mut(id) {
            if let Some(addresses) = told {
                slot.addresses_changed |= slot.addresses != addresses;
                slot.addresses = addresses;
            }
            let said = slot.addresses.iter().chain(&named).filter(|a| customer.has_stopped(a));
            stops = said.filter(|a| !slot.stopped.contains(*a)).cloned().collect();
            slot.stopped.extend(stops.iter().cloned());
            slot.customer = Some(customer);
            if !slot.changed {
                slot.changed = true;
                self.work.changed.push(Arc::clone(&slot.id));
            }
        }
        self.work.set_due(id, due);
        Ok(Some((count, stops)))
    }

    /// Whether effects with results are waited for.
    pub(super) fn is_virtual(&self) -> bool {
        self.pace == Pace::Virtual
    }
}
