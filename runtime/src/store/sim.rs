//! A store in memory that fails as a disk, a file system or a rival would, from a seed.
//!
//! What is kept lies on a [`Memory`] that outlives every opening, so [`Sim::reopen`] is the start after a crash. With the
//! same seed and the same calls the same calls fail. Without faults it is `Memory`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use journey_spec::Ts;

use super::{Batch, CommitOutcome, DeadLetter, Memory, OutboxRow, Record, Store, StoreError};

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A read fails, and the next may work.
    Read,
    /// A commit fails and nothing of it is kept. The store says so.
    Failed,
    /// The disk is full: nothing is kept, and the store says so.
    Full,
    /// A commit's outcome is unknown, and nothing of it was kept. The store has to be opened again.
    Lost,
    /// A commit's outcome is unknown, and all of it was kept. The store has to be opened again.
    Kept,
    /// Somebody else has opened the store just before a commit.
    Fenced,
    /// The process ends before a commit: nothing of it is kept, and no call works until the store is opened again.
    Crashed,
}

/// How often each fault happens: in so many of 10,000 calls that it can befall.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// [`Fault::Read`].
    pub read: u16,
    /// [`Fault::Failed`].
    pub failed: u16,
    /// [`Fault::Full`].
    pub full: u16,
    /// [`Fault::Lost`].
    pub lost: u16,
    /// [`Fault::Kept`].
    pub kept: u16,
    /// [`Fault::Fenced`].
    pub fenced: u16,
    /// [`Fault::Crashed`].
    pub crashed: u16,
}

impl Faults {
    /// Each fault of a commit equally often, and together, with failing reads as often as one of them, in about so many
    /// of 10,000 commits.
    #[must_use]
    pub fn all(of_10_000: u16) -> Faults {
        let each = of_10_000.div_ceil(6);
        Faults { read: each / 4, failed: each, full: each, lost: each, kept: each, fenced: each, crashed: each }
    }

    fn of_commits(self) -> [(Fault, u16); 6] {
        [
            (Fault::Failed, self.failed),
            (Fault::Full, self.full),
            (Fault::Lost, self.lost),
            (Fault::Kept, self.kept),
            (Fault::Fenced, self.fenced),
            (Fault::Crashed, self.crashed),
        ]
    }
}

/// A simulated store. See the [module](self).
#[derive(Debug)]
pub struct Sim {
    disk: Memory,
    chance: Arc<Mutex<Chance>>,
    /// Why nothing works any more, until the store is opened again.
    dead: Option<&'static str>,
}

/// Shared by all openings.
#[derive(Debug)]
struct Chance {
    state: u64,
    faults: Faults,
    forced: Vec<Fault>,
    happened: BTreeMap<Fault, u64>,
}

impl Chance {
    /// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
    fn below_10_000(&mut self) -> u16 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u16::try_from((z ^ (z >> 31)) % 10_000).unwrap_or(0)
    }

    fn draw(&mut self, candidates: &[(Fault, u16)]) -> Option<Fault> {
        let forced = self.forced.iter().position(|fault| candidates.iter().any(|(candidate, _)| candidate == fault));
        let fault = match forced {
            Some(at) => Some(self.forced.remove(at)),
            None => {
                let mut left = self.below_10_000();
                candidates.iter().find_map(|(fault, share)| match left.checked_sub(*share) {
                    None => Some(*fault),
                    Some(rest) => {
                        left = rest;
                        None
                    }
                })
            }
        }?;
        *self.happened.entry(fault).or_default() += 1;
        Some(fault)
    }
}

impl Sim {
    /// An empty store in which nothing fails yet.
    #[must_use]
    pub fn new(seed: u64) -> Sim {
        let (faults, forced, happened) = (Faults::default(), Vec::new(), BTreeMap::new());
        let chance = Arc::new(Mutex::new(Chance { state: seed, faults, forced, happened }));
        Sim { disk: Memory::new(), chance, dead: None }
    }

    /// Opens the same store again, as after a crash: with everything that was kept, and nothing else. Older handles are
    /// fenced from now on.
    #[must_use]
    pub fn reopen(&self) -> Sim {
        Sim { disk: self.disk.reopen(), chance: Arc::clone(&self.chance), dead: None }
    }

    /// What is kept, without faults and without taking the store over: for whoever looks at it afterwards. What it is given
    /// to commit is fenced as soon as somebody opens the store again.
    #[must_use]
    pub fn kept(&self) -> Memory {
        self.disk.handle()
    }

    /// From now on so much fails, in every opening.
    pub fn set_faults(&self, faults: Faults) {
        self.chance().faults = faults;
    }

    /// The next call that this can befall fails so, in whatever opening.
    pub fn force(&self, fault: Fault) {
        self.chance().forced.push(fault);
    }

    /// What has happened so far, in all openings.
    #[must_use]
    pub fn happened(&self) -> BTreeMap<Fault, u64> {
        self.chance().happened.clone()
    }

    fn chance(&self) -> MutexGuard<'_, Chance> {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The store for one read, unless that fails.
    fn reading(&mut self) -> Result<&mut Memory, StoreError> {
        if let Some(why) = self.dead {
            return Err(StoreError::Io(why.into()));
        }
        let mut chance = self.chance();
        let candidates = [(Fault::Read, chance.faults.read)];
        if chance.draw(&candidates).is_some() {
            return Err(StoreError::Io("a simulated read failed".into()));
        }
        drop(chance);
        Ok(&mut self.disk)
    }
}

impl Store for Sim {
    fn epoch(&self) -> u64 {
        self.disk.epoch()
    }

    fn commit(&mut self, epoch: u64, batch: &Batch) -> Result<CommitOutcome, StoreError> {
        if let Some(why) = self.dead {
            return Err(StoreError::Io(why.into()));
        }
        let fault = {
            let mut chance = self.chance();
            let candidates = chance.faults.of_commits();
            chance.draw(&candidates)
        };
        match fault {
            None | Some(Fault::Read) => self.disk.commit(epoch, batch),
            Some(Fault::Failed) => Err(StoreError::Io("a simulated write failed".into())),
            Some(Fault::Full) => Err(StoreError::Full),
            Some(Fault::Fenced) => {
                drop(self.disk.reopen());
                self.disk.commit(epoch, batch)
            }
            Some(Fault::Crashed) => {
                self.dead = Some("the simulated process has ended; open the store again");
                Err(StoreError::Io("the simulated process ended".into()))
            }
            Some(fault @ (Fault::Lost | Fault::Kept)) => {
                // What would have been refused is refused: only a batch that could be kept can be in doubt.
                if fault == Fault::Kept {
                    let outcome = self.disk.commit(epoch, batch)?;
                    if outcome != CommitOutcome::Committed {
                        return Ok(outcome);
                    }
                }
                self.dead = Some("the outcome of a simulated commit is not known; open the store again");
                Ok(CommitOutcome::Unknown)
            }
        }
    }

    fn load(&mut self, customers: &[&str]) -> Result<Vec<Option<Record>>, StoreError> {
        self.reading()?.load(customers)
    }

    fn taken(&mut self, ids: &[&str]) -> Result<Vec<bool>, StoreError> {
        self.reading()?.taken(ids)
    }

    fn due(&mut self, after: Option<(Ts, &str)>, until: Ts, n: usize) -> Result<Vec<(Ts, String)>, StoreError> {
        self.reading()?.due(after, until, n)
    }

    fn next_due(&mut self) -> Result<Option<Ts>, StoreError> {
        self.reading()?.next_due()
    }

    fn claim_outbox(&mut self, after: u64, n: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.reading()?.claim_outbox(after, n)
    }

    fn outbox(&mut self, after: u64, n: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.reading()?.outbox(after, n)
    }

    fn newest_outbox(&mut self) -> Option<u64> {
        self.disk.newest_outbox()
    }

    fn timeline(&mut self, customer: &str) -> Result<Vec<String>, StoreError> {
        self.reading()?.timeline(customer)
    }

    fn customers(&mut self, after: Option<&str>, n: usize) -> Result<Vec<String>, StoreError> {
        self.reading()?.customers(after, n)
    }

    fn dead_letters(&mut self) -> Result<Vec<DeadLetter>, StoreError> {
        self.reading()?.dead_letters()
    }

    fn customers_with_address(&mut self, address: &str) -> Result<Vec<String>, StoreError> {
        self.reading()?.customers_with_address(address)
    }

    fn stopped(&mut self, addresses: &[&str]) -> Result<Vec<String>, StoreError> {
        self.reading()?.stopped(addresses)
    }

    fn meta(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        self.reading()?.meta(name)
    }
}
