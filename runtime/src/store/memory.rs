//! A store in memory: for tests, and for simulations that nobody continues.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use journey_spec::Ts;

use super::{Batch, CommitOutcome, DeadLetter, FORGOTTEN, OutboxRow, Record, Store, StoreError, names};

/// A store in memory. It ends with its last handle.
#[derive(Debug)]
pub struct Memory {
    inner: Arc<Mutex<Inner>>,
    epoch: u64,
}

#[derive(Debug, Default)]
struct Inner {
    epoch: u64,
    inputs: BTreeSet<String>,
    customers: BTreeMap<String, Record>,
    due: BTreeSet<(Ts, String)>,
    outbox: BTreeMap<u64, OutboxRow>,
    open: BTreeSet<u64>,
    timeline: BTreeMap<String, Vec<String>>,
    dead_letters: Vec<DeadLetter>,
    dead_keys: BTreeSet<String>,
    addresses: BTreeSet<(String, String)>,
    addresses_of: BTreeMap<String, Vec<String>>,
    stopped: BTreeSet<String>,
    meta: BTreeMap<String, String>,
}

impl Memory {
    /// An empty store.
    #[must_use]
    pub fn new() -> Memory {
        Memory { inner: Arc::new(Mutex::new(Inner { epoch: 1, ..Inner::default() })), epoch: 1 }
    }

    /// Opens the same store again, as after a restart. Older handles are fenced from now on.
    #[must_use]
    pub fn reopen(&self) -> Memory {
        let mut inner = self.lock();
        inner.epoch += 1;
        Memory { inner: Arc::clone(&self.inner), epoch: inner.epoch }
    }

    /// The same opening once more, for whoever looks on. Only one of them should write.
    #[must_use]
    pub fn handle(&self) -> Memory {
        Memory { inner: Arc::clone(&self.inner), epoch: self.epoch }
    }

    // A panic while the lock is held cannot leave half a batch behind: commit checks everything before it changes anything.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Memory::new()
    }
}

impl Inner {
    fn forget(&mut self, customer: &str) {
        self.timeline.remove(customer);
        for row in self.outbox.values_mut().filter(|row| row.customer == customer) {
            row.body = FORGOTTEN.into();
            row.result.get_or_insert_with(|| "forgotten".into());
            self.open.remove(&row.seq);
        }
        let named = names(customer);
        self.dead_letters.retain(|letter| !letter.raw.contains(&named));
    }

    fn apply(&mut self, batch: &Batch) {
        batch.forget.iter().for_each(|id| self.forget(id));
        self.inputs.extend(batch.taken.iter().cloned());
        for write in &batch.customers {
            let revision = write.expected.unwrap_or(0) + 1;
            let record = Record { state: write.state.clone(), revision, next_due: write.next_due };
            let old = self.customers.insert(write.id.clone(), record);
            if let Some(due) = old.and_then(|o| o.next_due) {
                self.due.remove(&(due, write.id.clone()));
            }
            if let Some(due) = write.next_due {
                self.due.insert((due, write.id.clone()));
            }
            if let Some(addresses) = &write.addresses {
                for address in self.addresses_of.insert(write.id.clone(), addresses.clone()).unwrap_or_default() {
                    self.addresses.remove(&(address, write.id.clone()));
                }
                self.addresses.extend(addresses.iter().map(|a| (a.clone(), write.id.clone())));
            }
        }
        for add in &batch.outbox {
            let seq = self.outbox.last_key_value().map_or(1, |(seq, _)| seq + 1);
            let (id, customer, body) = (add.id.clone(), add.customer.clone(), add.body.clone());
            self.outbox.insert(seq, OutboxRow { seq, id, customer, at: add.at, body, result: None });
            self.open.insert(seq);
        }
        for settled in &batch.settled {
            if self.open.remove(&settled.seq)
                && let Some(row) = self.outbox.get_mut(&settled.seq)
            {
                row.result = Some(settled.result.clone());
            }
        }
        for add in &batch.timeline {
            self.timeline.entry(add.customer.clone()).or_default().push(add.entry.clone());
        }
        for letter in &batch.dead_letters {
            if self.dead_keys.insert(letter.key.clone()) {
                self.dead_letters.push(letter.clone());
            }
        }
        self.stopped.extend(batch.stopped.iter().cloned());
        self.meta.extend(batch.meta.iter().cloned());
    }
}

impl Store for Memory {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn load(&mut self, customers: &[&str]) -> Result<Vec<Option<Record>>, StoreError> {
        let inner = self.lock();
        Ok(customers.iter().map(|id| inner.customers.get(*id).cloned()).collect())
    }

    fn commit(&mut self, epoch: u64, batch: &Batch) -> Result<CommitOutcome, StoreError> {
        let mut inner = self.lock();
        if epoch != inner.epoch {
            return Ok(CommitOutcome::Fenced);
        }
        let mut new = BTreeSet::new();
        if batch.taken.iter().any(|id| inner.inputs.contains(id) || !new.insert(id)) {
            return Ok(CommitOutcome::Duplicate);
        }
        let changed = |id: &str| inner.customers.get(id).map(|r| r.revision);
        if batch.customers.iter().any(|w| changed(&w.id) != w.expected) {
            return Ok(CommitOutcome::Fenced);
        }
        inner.apply(batch);
        Ok(CommitOutcome::Committed)
    }

    fn taken(&mut self, ids: &[&str]) -> Result<Vec<bool>, StoreError> {
        let inner = self.lock();
        Ok(ids.iter().map(|id| inner.inputs.contains(*id)).collect())
    }

    fn due(&mut self, after: Option<(Ts, &str)>, until: Ts, n: usize) -> Result<Vec<(Ts, String)>, StoreError> {
        let inner = self.lock();
        let from = match after {
            Some((at, id)) => Bound::Excluded((at, id.to_string())),
            None => Bound::Unbounded,
        };
        let due = inner.due.range((from, Bound::Unbounded));
        Ok(due.take_while(|(at, _)| *at <= until).take(n).cloned().collect())
    }

    fn next_due(&mut self) -> Result<Option<Ts>, StoreError> {
        Ok(self.lock().due.first().map(|(at, _)| *at))
    }

    fn claim_outbox(&mut self, after: u64, n: usize) -> Result<Vec<OutboxRow>, StoreError> {
        let inner = self.lock();
        let open = inner.open.range((Bound::Excluded(after), Bound::Unbounded));
        Ok(open.take(n).filter_map(|seq| inner.outbox.get(seq).cloned()).collect())
    }

    fn outbox(&mut self, after: u64, n: usize) -> Result<Vec<OutboxRow>, StoreError> {
        let inner = self.lock();
        let rows = inner.outbox.range((Bound::Excluded(after), Bound::Unbounded));
        Ok(rows.take(n).map(|(_, row)| row.clone()).collect())
    }

    fn timeline(&mut self, customer: &str) -> Result<Vec<String>, StoreError> {
        Ok(self.lock().timeline.get(customer).cloned().unwrap_or_default())
    }

    fn customers(&mut self, after: Option<&str>, n: usize) -> Result<Vec<String>, StoreError> {
        let inner = self.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        Ok(inner.customers.range::<str, _>((from, Bound::Unbounded)).take(n).map(|(id, _)| id.clone()).collect())
    }

    fn dead_letters(&mut self) -> Result<Vec<DeadLetter>, StoreError> {
        Ok(self.lock().dead_letters.clone())
    }

    fn customers_with_address(&mut self, address: &str) -> Result<Vec<String>, StoreError> {
        let inner = self.lock();
        let pairs = inner.addresses.range((address.to_string(), String::new())..);
        Ok(pairs.take_while(|(a, _)| a == address).map(|(_, id)| id.clone()).collect())
    }

    fn stopped(&mut self, addresses: &[&str]) -> Result<Vec<String>, StoreError> {
        let inner = self.lock();
        Ok(addresses.iter().filter(|a| inner.stopped.contains(**a)).map(|a| (*a).to_string()).collect())
    }

    fn meta(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.lock().meta.get(name).cloned())
    }
}
