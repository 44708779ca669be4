//! Where customers, inputs and effects are kept.
//!
//! One trait, one suite of laws ([`conformance`]), three implementations: [`Sqlite`] for what has to outlive the process,
//! [`Memory`] for tests and runs that nobody continues, and [`Sim`], a memory that fails from a seed. Only this module knows
//! SQL. A store does not look into what it keeps: customers,
//! outbox rows and timeline entries are texts to it.

pub mod conformance;
pub mod memory;
pub mod sim;
pub mod sqlite;

use journey_spec::Ts;

pub use crate::error::StoreError;
pub use memory::Memory;
pub use sim::Sim;
pub use sqlite::Sqlite;

/// A store with one writer.
///
/// Opening it gives the writer an [`epoch`](Store::epoch); a commit with an older one is refused, so that two engines
/// never write to one store, whatever their clocks and locks say. Everything that changes goes through
/// [`commit`](Store::commit) and happens whole or not at all.
pub trait Store: Send {
    /// The number of this opening; each is greater than the one before.
    fn epoch(&self) -> u64;

    /// The customers of these ids, in their order; `None` for one that is not known.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn load(&mut self, customers: &[&str]) -> Result<Vec<Option<Record>>, StoreError>;

    /// Keeps a whole batch, durably, or nothing of it.
    ///
    /// # Errors
    /// Nothing was kept. Where that is not certain the outcome is [`CommitOutcome::Unknown`] instead.
    fn commit(&mut self, epoch: u64, batch: &Batch) -> Result<CommitOutcome, StoreError>;

    /// For each of these input ids, whether it was taken.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn taken(&mut self, ids: &[&str]) -> Result<Vec<bool>, StoreError>;

    /// The first `n` customers whose next due instant is at most `until`, in order of instant and id, after the given
    /// instant and id where there are any.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn due(&mut self, after: Option<(Ts, &str)>, until: Ts, n: usize) -> Result<Vec<(Ts, String)>, StoreError>;

    /// The earliest due instant of all customers.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn next_due(&mut self) -> Result<Option<Ts>, StoreError>;

    /// The first `n` outbox rows after `after` that are not settled, in the order in which they were added. The engine
    /// remembers which it has claimed; after a restart all unsettled ones are claimed again.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn claim_outbox(&mut self, after: u64, n: usize) -> Result<Vec<OutboxRow>, StoreError>;

    /// The first `n` outbox rows after `after`, settled or not, in the order in which they were added.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn outbox(&mut self, after: u64, n: usize) -> Result<Vec<OutboxRow>, StoreError>;

    /// The place of the newest outbox row, 0 where there is none; nothing where the store does not know it without looking.
    /// Where it is known, rows of one commit have places one after another, of which this is the last: so whoever added them
    /// need not read them again.
    fn newest_outbox(&mut self) -> Option<u64> {
        None
    }

    /// A customer's timeline, oldest entry first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn timeline(&mut self, customer: &str) -> Result<Vec<String>, StoreError>;

    /// The first `n` customers' ids after `after`, in order.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn customers(&mut self, after: Option<&str>, n: usize) -> Result<Vec<String>, StoreError>;

    /// What was refused, in the order in which it came.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn dead_letters(&mut self) -> Result<Vec<DeadLetter>, StoreError>;

    /// The ids of the customers who have this address, in order.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn customers_with_address(&mut self, address: &str) -> Result<Vec<String>, StoreError>;

    /// Those of these addresses that said STOP, in the order given.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn stopped(&mut self, addresses: &[&str]) -> Result<Vec<String>, StoreError>;

    /// A value that was kept by name with [`Batch::meta`].
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn meta(&mut self, name: &str) -> Result<Option<String>, StoreError>;
}

/// A customer as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The customer's state.
    pub state: Vec<u8>,
    /// Counts the writes of this customer, from 1.
    pub revision: u64,
    /// When something of theirs falls due.
    pub next_due: Option<Ts>,
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It is kept, durably.
    Committed,
    /// Nothing was kept: another engine has taken over, or has changed one of the customers.
    Fenced,
    /// Nothing was kept: one of the inputs was taken before.
    Duplicate,
    /// It is not known whether the batch was kept: all of it or nothing. Opening the store again tells, and nothing should
    /// be committed on this opening any more.
    Unknown,
}

/// Everything that one commit changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Ids of the inputs taken.
    pub taken: Vec<String>,
    /// Customers, each at most once.
    pub customers: Vec<CustomerWrite>,
    /// Effects to perform.
    pub outbox: Vec<OutboxAdd>,
    /// Outbox rows that are done with.
    pub settled: Vec<Settled>,
    /// Entries of timelines, oldest first, of customers who are known or in the batch.
    pub timeline: Vec<TimelineAdd>,
    /// What was refused. One whose key is known already is left out.
    pub dead_letters: Vec<DeadLetter>,
    /// Addresses that said STOP.
    pub stopped: Vec<String>,
    /// Customers to forget: entries of their timelines that were kept before this batch are erased, and so are bodies of their
    /// outbox rows, which count as settled where they were not, and dead letters that name them.
    pub forget: Vec<String>,
    /// Values by name.
    pub meta: Vec<(String, String)>,
}

/// How a refused line names a customer.
pub(crate) fn names(customer: &str) -> String {
    serde_json::Value::from(customer).to_string()
}

/// What stands in the place of an outbox row's body whose customer was forgotten.
pub const FORGOTTEN: &str = "\"forgotten\"";

impl Batch {
    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Batch::default()
    }
}

/// A customer's new state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerWrite {
    /// Whose.
    pub id: String,
    /// The state.
    pub state: Vec<u8>,
    /// The revision that was loaded; `None` for a new customer.
    pub expected: Option<u64>,
    /// When something of theirs falls due.
    pub next_due: Option<Ts>,
    /// All their addresses, where those have changed.
    pub addresses: Option<Vec<String>>,
}

/// An effect to perform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxAdd {
    /// The effect's id.
    pub id: String,
    /// Whose it is.
    pub customer: String,
    /// When it was decided.
    pub at: Ts,
    /// The effect.
    pub body: String,
}

/// An effect that is to be performed or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its place in the outbox, from 1, greater than those before it.
    pub seq: u64,
    /// The effect's id.
    pub id: String,
    /// Whose it is.
    pub customer: String,
    /// When it was decided.
    pub at: Ts,
    /// The effect.
    pub body: String,
    /// What became of it, in words, once it is settled.
    pub result: Option<String>,
}

/// An outbox row that is done with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Its place.
    pub seq: u64,
    /// What became of it, in words.
    pub result: String,
}

/// An entry of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineAdd {
    /// Whose.
    pub customer: String,
    /// The entry, one line of text.
    pub entry: String,
}

/// Something that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// What makes it the same as another: where it stood, and its content.
    pub key: String,
    /// When it came, in the engine's time.
    pub at: Ts,
    /// The number of its line in the feed, from 1; 0 where there is none.
    pub line: u64,
    /// Why it was refused.
    pub reason: String,
    /// What came, cut to 64 KiB.
    pub raw: String,
}
