//! What commits said of inputs and customers lately: kept durably in the log, one row a commit, and here in memory, until it
//! is in the tables.
//!
//! A commit touches as many pages as it has customers, inputs and due instants, each somewhere else. Written one after
//! another into a log they are a few; and who is written again and again goes into the tables once. It is what a
//! log-structured store does with its memtable, within SQLite's transactions, so that the log needs no recovery of its own.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use journey_spec::Ts;
use serde::{Deserialize, Serialize, Serializer};

/// How a row of the log is written: this byte, then postcard's form of [`Logged`].
const FORM: u8 = 1;

/// About what it takes in memory to find a customer of the log, and an input, in bytes.
const FOUND: (usize, usize) = (256, 128);

/// What one commit says.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Logged<'a> {
    /// The inputs taken.
    #[serde(borrow)]
    pub(super) taken: Vec<&'a str>,
    /// The customers written, each once.
    #[serde(borrow)]
    pub(super) customers: Vec<LoggedCustomer<'a>>,
}

/// A customer as a commit left them.
#[derive(Serialize, Deserialize)]
pub(super) struct LoggedCustomer<'a> {
    pub(super) id: &'a str,
    pub(super) revision: u64,
    pub(super) next_due: Option<Ts>,
    /// The newest row of the timeline.
    pub(super) told: Option<i64>,
    #[serde(borrow, serialize_with = "at_once")]
    pub(super) state: &'a [u8],
}

/// The same bytes as a list of them has, without going one by one.
fn at_once<S: Serializer>(bytes: &&[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_bytes(bytes)
}

impl<'a> Logged<'a> {
    /// The same in parts, each of which has states of about so many bytes at most, or one.
    pub(super) fn parts(self, most: usize) -> Vec<Logged<'a>> {
        let mut parts = vec![Logged { taken: self.taken, customers: Vec::new() }];
        let mut bytes = 0;
        for customer in self.customers {
            bytes += customer.state.len();
            if bytes > most && parts.last().is_some_and(|part| !part.customers.is_empty()) {
                bytes = customer.state.len();
                parts.push(Logged::default());
            }
            if let Some(part) = parts.last_mut() {
                part.customers.push(customer);
            }
        }
        parts
    }

    pub(super) fn is_empty(&self) -> bool {
        self.taken.is_empty() && self.customers.is_empty()
    }

    /// As a row of the log.
    pub(super) fn write(&self) -> Result<Vec<u8>, postcard::Error> {
        let states: usize = self.customers.iter().map(|c| c.state.len() + c.id.len() + 24).sum();
        let mut body = Vec::with_capacity(64 + states + self.taken.iter().map(|id| id.len() + 2).sum::<usize>());
        body.push(FORM);
        postcard::to_extend(self, body)
    }

    fn read(body: &[u8]) -> Result<Logged<'_>, String> {
        match body.split_first() {
            Some((&FORM, logged)) => match postcard::take_from_bytes(logged) {
                Ok((logged, [])) => Ok(logged),
                Ok(_) => Err("there is more than one commit".into()),
                Err(e) => Err(e.to_string()),
            },
            Some((other, _)) => Err(format!("it has a form {other} that is not known here")),
            None => Err("it is empty".into()),
        }
    }
}

/// Where the newest state of a customer is, and what stands beside it.
#[derive(Clone, Copy)]
pub(super) struct Newest {
    body: usize,
    start: usize,
    len: usize,
    pub(super) revision: u64,
    pub(super) next_due: Option<Ts>,
    pub(super) told: Option<i64>,
}

/// Rows of the log, as they are asked for.
#[derive(Default)]
pub(super) struct Memtable {
    /// The rows, which states point into.
    bodies: Vec<Vec<u8>>,
    pub(super) customers: HashMap<Arc<str>, Newest>,
    pub(super) taken: HashSet<Box<str>>,
    /// What the rows take in bytes, with what it takes to find what they say.
    pub(super) bytes: usize,
    /// What of that is the newest of a customer or an input.
    pub(super) distinct: usize,
    /// Due instants of the customers, where somebody has asked for them.
    due: Option<BTreeSet<(Ts, Arc<str>)>>,
    /// The customers' ids in order, where somebody has asked for them and nobody has come since.
    ids: Option<Vec<Arc<str>>>,
}

impl std::fmt::Debug for Memtable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (customers, taken) = (self.customers.len(), self.taken.len());
        f.debug_struct("Memtable").field("customers", &customers).field("taken", &taken).finish_non_exhaustive()
    }
}

impl Memtable {
    /// Adds a row of the log.
    ///
    /// # Errors
    /// Where it is not what [`Logged::write`] wrote, in words.
    pub(super) fn add(&mut self, body: Vec<u8>) -> Result<(), String> {
        let logged = Logged::read(&body)?;
        for id in logged.taken {
            if self.taken.insert(id.into()) {
                self.distinct += id.len() + FOUND.1;
                self.bytes += FOUND.1;
            }
        }
        for customer in logged.customers {
            // What was read of the row lies within it.
            let start = customer.state.as_ptr().addr().saturating_sub(body.as_ptr().addr());
            let newest = Newest {
                body: self.bodies.len(),
                start,
                len: customer.state.len(),
                revision: customer.revision,
                next_due: customer.next_due,
                told: customer.told,
            };
            self.distinct += newest.len;
            let before = self.customers.get_mut(customer.id).map(|there| std::mem::replace(there, newest));
            if let Some(before) = before {
                self.distinct = self.distinct.saturating_sub(before.len);
            } else {
                self.customers.insert(customer.id.into(), newest);
                self.ids = None;
                self.distinct += FOUND.0;
                self.bytes += FOUND.0;
            }
            let was = before.and_then(|before| before.next_due);
            if let Some(due) = self.due.as_mut().filter(|_| was != newest.next_due) {
                let id: Arc<str> = customer.id.into();
                if let Some(was) = was {
                    due.remove(&(was, Arc::clone(&id)));
                }
                due.extend(newest.next_due.map(|at| (at, id)));
            }
        }
        self.bytes += body.len();
        self.bodies.push(body);
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bodies.is_empty()
    }

    /// How many rows it has.
    pub(super) fn rows(&self) -> usize {
        self.bodies.len()
    }

    /// What it says of a customer, with the state.
    pub(super) fn customer(&self, id: &str) -> Option<(&Newest, &[u8])> {
        let newest = self.customers.get(id)?;
        let body = self.bodies.get(newest.body)?;
        Some((newest, body.get(newest.start..newest.start + newest.len)?))
    }

    /// The customers due after `after` and until `until`, in order.
    pub(super) fn due(&mut self, after: (Ts, &str), until: Ts) -> impl Iterator<Item = (Ts, &str)> {
        let Memtable { due, customers, .. } = self;
        let due = due.get_or_insert_with(|| {
            customers.iter().filter_map(|(id, newest)| Some((newest.next_due?, Arc::clone(id)))).collect()
        });
        let from: (Ts, Arc<str>) = (after.0, after.1.into());
        let rest = due.range((std::ops::Bound::Excluded(from), std::ops::Bound::Unbounded));
        rest.map(|(at, id)| (*at, id.as_ref())).take_while(move |(at, _)| *at <= until)
    }

    /// The customers' ids after `after`, in order.
    pub(super) fn ids(&mut self, after: &str) -> impl Iterator<Item = &str> {
        let Memtable { ids, customers, .. } = self;
        let ids = ids.get_or_insert_with(|| {
            let mut ids: Vec<Arc<str>> = customers.keys().cloned().collect();
            ids.sort_unstable();
            ids
        });
        let first = ids.partition_point(|id| id.as_ref() <= after);
        ids.iter().skip(first).map(AsRef::as_ref)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test may fail where it stands")]

    use super::*;

    #[test]
    fn a_large_commit_is_several_rows_that_say_the_same() {
        let state = [7; 40];
        let customer = |id| LoggedCustomer { id, revision: 1, next_due: None, told: None, state: &state };
        let parts = |most| {
            let logged = Logged { taken: vec!["i"], customers: ["a", "b", "c", "d", "e"].map(customer).into() };
            let rows: Vec<_> = logged.parts(most).iter().map(|part| part.write().expect("written")).collect();
            let mut table = Memtable::default();
            rows.iter().for_each(|row| table.add(row.clone()).expect("read"));
            assert_eq!((table.taken.len(), table.customers.len()), (1, 5));
            assert!(table.customers.keys().all(|id| table.customer(id).is_some_and(|(_, found)| found == state)));
            rows.len()
        };
        assert_eq!((parts(1000), parts(100), parts(80), parts(40), parts(1)), (1, 3, 3, 5, 5));
    }
}
