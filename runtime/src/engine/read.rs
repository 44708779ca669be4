//! What can be asked of an engine about the past and about its customers. Nothing here changes anything.

use journey_step::Customer;
use journey_step::effect::{Entry, HandoffCase, Release};

use super::outbox::{self, Task};
use super::{Engine, work};
use crate::channels::Left;
use crate::error::{EngineError, StoreError};
use crate::store::DeadLetter;

impl Engine {
    /// A customer's state; `None` for one who is not known.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn customer(&mut self, id: &str) -> Result<Option<Customer>, EngineError> {
        let record = self.store.load(&[id])?.into_iter().flatten().next();
        record.map(|record| work::read_customer(id, &record.state)).transpose()
    }

    /// The first `n` customers after `after`, in order of their ids, with their states.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn customers_after(&mut self, after: Option<&str>, n: usize) -> Result<Vec<Customer>, EngineError> {
        let ids = self.store.customers(after, n)?;
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let found = ids.iter().zip(self.store.load(&ids)?);
        found.filter_map(|(id, record)| Some(work::read_customer(id, &record?.state))).collect()
    }

    /// All customers' ids, in order.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn customers(&mut self) -> Result<Vec<String>, EngineError> {
        let mut all: Vec<String> = Vec::new();
        loop {
            let more = self.store.customers(all.last().map(String::as_str), 1000)?;
            if more.is_empty() {
                return Ok(all);
            }
            all.extend(more);
        }
    }

    /// A customer's timeline, oldest entry first.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn timeline(&mut self, customer: &str) -> Result<Vec<Entry>, EngineError> {
        let damaged = |e| StoreError::Damaged(format!("an entry of the timeline of `{customer}`: {e}"));
        let entries = self.store.timeline(customer)?;
        Ok(entries.iter().map(|e| serde_json::from_str(e).map_err(damaged)).collect::<Result<_, _>>()?)
    }

    /// Every message that ever left the ledger, in order.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn messages(&mut self) -> Result<Vec<Left<Release>>, EngineError> {
        self.tasks(|task| if let Task::Release(release) = task { Some(release) } else { None })
    }

    /// Every case that was ever opened, in order.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn cases(&mut self) -> Result<Vec<Left<HandoffCase>>, EngineError> {
        self.tasks(|task| if let Task::Handoff(case) = task { Some(case) } else { None })
    }

    fn tasks<T>(&mut self, pick: impl Fn(Task) -> Option<T>) -> Result<Vec<Left<T>>, EngineError> {
        let mut all = Vec::new();
        let mut after = 0;
        loop {
            let rows = self.store.outbox(after, 1000)?;
            let Some(last) = rows.last() else { return Ok(all) };
            after = last.seq;
            for row in rows {
                if let Some(item) = pick(outbox::read_task(&row)?) {
                    all.push(Left { at: row.at, customer: row.customer, item });
                }
            }
        }
    }

    /// What was refused, in the order in which it came.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn dead_letters(&mut self) -> Result<Vec<DeadLetter>, EngineError> {
        Ok(self.store.dead_letters()?)
    }
}
