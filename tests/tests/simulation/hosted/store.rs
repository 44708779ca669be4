//! Stores of a process that ends, and all parts of a store as one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use journey_runtime::store::{
    Batch, CommitOutcome, CustomerWrite, DeadLetter, Memory, OutboxAdd, OutboxRow, Record, Settled, TimelineAdd,
};
use journey_runtime::{Store, StoreError};
use journey_spec::Ts;
use journey_tests::random::Random;

/// A store that does nothing once its process has ended, and says so in a way after which nobody tries again. Besides, some
/// commits fail: not kept, or kept without anybody knowing.
pub(super) struct Mortal {
    store: Box<dyn Store>,
    alive: Arc<AtomicBool>,
    random: Random,
    /// In so many of 10,000 commits something fails.
    share: u16,
}

impl Mortal {
    pub(super) fn new(store: Box<dyn Store>, alive: Arc<AtomicBool>, seed: u64, share: u16) -> Mortal {
        Mortal { store, alive, random: Random(seed), share }
    }

    fn live(&mut self) -> Result<&mut dyn Store, StoreError> {
        match self.alive.load(Ordering::SeqCst) {
            true => Ok(self.store.as_mut()),
            false => Err(StoreError::Damaged("its process has ended".into())),
        }
    }
}

impl Store for Mortal {
    fn epoch(&self) -> u64 {
        self.store.epoch()
    }
    fn commit(&mut self, epoch: u64, batch: &Batch) -> Result<CommitOutcome, StoreError> {
        let fails = self.random.below(10_000) < u64::from(self.share);
        let (silent, slow) = (self.random.per_mille(300), self.random.per_mille(20));
        if slow {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        if fails && !silent {
            return Err(StoreError::Io("a write failed".into()));
        }
        let outcome = self.live()?.commit(epoch, batch)?;
        if slow {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        // What was kept when the process ended is kept, and nobody hears of it.
        self.live()?;
        Ok(if fails { CommitOutcome::Unknown } else { outcome })
    }
    fn load(&mut self, customers: &[&str]) -> Result<Vec<Option<Record>>, StoreError> {
        self.live()?.load(customers)
    }
    fn taken(&mut self, ids: &[&str]) -> Result<Vec<bool>, StoreError> {
        self.live()?.taken(ids)
    }
    fn due(&mut self, after: Option<(Ts, &str)>, until: Ts, n: usize) -> Result<Vec<(Ts, String)>, StoreError> {
        self.live()?.due(after, until, n)
    }
    fn next_due(&mut self) -> Result<Option<Ts>, StoreError> {
        self.live()?.next_due()
    }
    fn claim_outbox(&mut self, after: u64, n: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.live()?.claim_outbox(after, n)
    }
    fn outbox(&mut self, after: u64, n: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.live()?.outbox(after, n)
    }
    fn newest_outbox(&mut self) -> Option<u64> {
        self.store.newest_outbox()
    }
    fn timeline(&mut self, customer: &str) -> Result<Vec<String>, StoreError> {
        self.live()?.timeline(customer)
    }
    fn customers(&mut self, after: Option<&str>, n: usize) -> Result<Vec<String>, StoreError> {
        self.live()?.customers(after, n)
    }
    fn dead_letters(&mut self) -> Result<Vec<DeadLetter>, StoreError> {
        self.live()?.dead_letters()
    }
    fn customers_with_address(&mut self, address: &str) -> Result<Vec<String>, StoreError> {
        self.live()?.customers_with_address(address)
    }
    fn stopped(&mut self, addresses: &[&str]) -> Result<Vec<String>, StoreError> {
        self.live()?.stopped(addresses)
    }
    fn meta(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        self.live()?.meta(name)
    }
}

/// All parts of a store as one, for whoever looks at it afterwards. Of inputs only these ids are asked for.
pub(super) fn merged(parts: &mut [Box<dyn Store>], ids: &BTreeSet<String>) -> Memory {
    let mut all = Memory::new();
    let epoch = all.epoch();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let (mut batch, mut results) = (Batch::default(), Vec::new());
    for part in parts {
        for id in part.customers(None, usize::MAX).expect("ids") {
            let record = part.load(&[&id]).expect("one").pop().flatten().expect("a customer");
            let entries = part.timeline(&id).expect("a timeline").into_iter();
            batch.timeline.extend(entries.map(|entry| TimelineAdd { customer: id.clone(), entry }));
            let Record { state, next_due, .. } = record;
            batch.customers.push(CustomerWrite { id, state, expected: None, next_due, addresses: None });
        }
        for OutboxRow { id, customer, at, body, result, .. } in part.outbox(0, usize::MAX).expect("rows") {
            batch.outbox.push(OutboxAdd { id, customer, at, body });
            results.push(result);
        }
        batch.dead_letters.append(&mut part.dead_letters().expect("letters"));
        for id in ids {
            if part.taken(&[id]).expect("ids") == [true] {
                taken.insert(id.clone());
            }
        }
    }
    batch.taken.extend(taken);
    assert_eq!(all.commit(epoch, &batch).expect("memory"), CommitOutcome::Committed);
    let rows = all.outbox(0, usize::MAX).expect("rows");
    let settled =
        rows.into_iter().zip(results).filter_map(|(row, result)| Some(Settled { seq: row.seq, result: result? }));
    let batch = Batch { settled: settled.collect(), ..Batch::default() };
    assert_eq!(all.commit(epoch, &batch).expect("memory"), CommitOutcome::Committed);
    all
}
