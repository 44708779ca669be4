//! Counts what a feed brings to whom, while the engine reads it.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, Read, Result};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value as Json;

/// Longest line that is looked at.
const LINE_MAX: usize = 1024 * 1024;

/// What came for one customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Came {
    /// Inputs by kind, such as `booking.created` or `reply`, each id once.
    pub(super) kinds: BTreeMap<String, u64>,
    /// How many came again with an id that had come before.
    pub(super) again: u64,
}

impl Came {
    /// All inputs, each id once.
    pub(super) fn total(&self) -> u64 {
        self.kinds.values().sum()
    }
}

/// Counts by customer. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    customers: BTreeMap<String, Came>,
    ids: HashSet<String>,
}

impl Counts {
    /// What came for this customer.
    pub(super) fn of(&self, customer: &str) -> Came {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.customers.get(customer).cloned().unwrap_or_default()
    }

    fn line(&self, line: &[u8]) {
        let Ok(Json::Object(fields)) = serde_json::from_slice::<Json>(line) else { return };
        let text = |name: &str| fields.get(name).and_then(Json::as_str);
        let (Some(id), Some(customer)) = (text("id"), text("customer")) else { return };
        let kinds = ["reply", "handoff_closed", "opt_out", "answered", "receipt"];
        let kind = text("event").or_else(|| kinds.into_iter().find(|k| fields.contains_key(*k)));
        let Some(kind) = kind else { return };
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = inner.ids.insert(id.to_owned());
        let came = inner.customers.entry(customer.to_owned()).or_default();
        if new {
            *came.kinds.entry(kind.replace('_', " ")).or_default() += 1;
        } else {
            came.again += 1;
        }
    }
}

/// A reader that counts the lines that pass through it.
pub(super) struct Counted<R> {
    inner: R,
    counts: Counts,
    line: Vec<u8>,
    too_long: bool,
}

impl<R: BufRead> Counted<R> {
    /// Counts what is read of `inner` in `counts`.
    pub(super) fn new(inner: R, counts: Counts) -> Counted<R> {
        Counted { inner, counts, line: Vec::new(), too_long: false }
    }

    fn end_of_line(&mut self) {
        if !self.too_long {
            self.counts.line(&self.line);
        }
        self.line.clear();
        self.too_long = false;
    }

    fn pass(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            if self.line.len() + part.len() > LINE_MAX {
                self.too_long = true;
                self.line.clear();
            } else if !self.too_long {
                self.line.extend_from_slice(part);
            }
            if part.ends_with(b"\n") {
                self.end_of_line();
            }
        }
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let read = self.inner.read(into)?;
        let bytes = into.get(..read).unwrap_or_default().to_vec();
        self.pass(&bytes);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        if self.inner.fill_buf()?.is_empty() && !self.line.is_empty() {
            self.end_of_line();
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        // What was filled is still there and is not read again; a source that fails now will say so at the next fill.
        let bytes = self.inner.fill_buf().ok().and_then(|b| b.get(..n)).unwrap_or_default().to_vec();
        self.pass(&bytes);
        self.inner.consume(n);
    }
}
