//! The log: what commits said of inputs and customers and what is not in the tables yet, or only in part.
//!
//! It has one or two memtables. Commits add to the active one. Where that is full it is frozen, a new one begins, and each
//! commit from then on moves a part of the frozen one into the tables; when all of it is there, its rows of the log go. What is
//! asked for is looked for in the active one, then in the frozen one, then in the tables.

use journey_spec::Ts;
use rusqlite::Connection;

use super::compaction::Compaction;
use super::memtable::{Logged, Memtable, Newest};
use super::{Rows, failed, stored, write_meta};
use crate::store::StoreError;

/// Under which name the newest frozen row is kept.
const FROZEN: &str = "frozen";
/// A memtable is frozen when it has this many bytes. What is written again and again until then goes into the tables once.
const MOST: usize = 32 << 20;
/// Or when it has this many, and [`OFTEN`] times as many as its newest entries alone.
const LEAST: usize = 1 << 20;
/// So often is enough.
const OFTEN: usize = 4;
/// A commit whose states have more bytes than this is several rows: SQLite's have an end.
const ROW: usize = 64 << 20;
/// Parts of less than one write for so many bytes that a memtable may have are not worth their pages: 256 of them.
const PART: usize = 128 << 10;

#[derive(Debug)]
pub(super) struct Log {
    active: Memtable,
    frozen: Option<(Memtable, Compaction)>,
    /// The newest row; rows have numbers one after another, also over restarts.
    newest: i64,
    /// The oldest row when this was read.
    oldest: Option<i64>,
    /// Bytes that were committed since a part was moved.
    since: usize,
    most: usize,
    /// A commit failed: what is here may not be what is in the file.
    pub(super) is_stale: bool,
}

impl Log {
    /// The log as the file has it.
    ///
    /// # Errors
    /// Where the file cannot be read, or holds what no store wrote.
    pub(super) fn read(db: &Connection, most: Option<usize>) -> Result<Log, StoreError> {
        let mut log = Log {
            active: Memtable::default(),
            frozen: None,
            newest: 0,
            oldest: None,
            since: 0,
            most: most.unwrap_or(MOST),
            is_stale: false,
        };
        let upto = stored(db, FROZEN).map_err(|e| failed(&e))?;
        let upto = i64::try_from(upto).unwrap_or(i64::MAX);
        let mut frozen = Memtable::default();
        let mut read = || {
            let mut rows = db.prepare_cached("SELECT seq, body FROM log ORDER BY seq")?;
            let mut rows = rows.query([])?;
            while let Some(row) = rows.next()? {
                let seq: i64 = row.get(0)?;
                let table = if seq <= upto { &mut frozen } else { &mut log.active };
                log.oldest.get_or_insert(seq);
                log.newest = seq;
                if let Err(why) = table.add(row.get(1)?) {
                    return Ok(Some(StoreError::Damaged(format!("row {seq} of its log: {why}"))));
                }
            }
            rusqlite::Result::Ok(None)
        };
        if let Some(damaged) = read().map_err(|e| failed(&e))? {
            return Err(damaged);
        }
        log.newest = log.newest.max(upto);
        if !frozen.is_empty() {
            let compaction = Compaction::of(&frozen, upto);
            log.frozen = Some((frozen, compaction));
        }
        Ok(log)
    }

    /// Reads it again where the file may have another.
    ///
    /// # Errors
    /// As [`Log::read`].
    pub(super) fn refresh(&mut self, db: &Connection, others_write: bool) -> Result<(), StoreError> {
        let has_changed = || -> rusqlite::Result<bool> {
            let ends = "SELECT (SELECT min(seq) FROM log), (SELECT max(seq) FROM log)";
            let ends: (Option<i64>, Option<i64>) =
                db.prepare_cached(ends)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(ends.0 != self.oldest || ends.1.is_some_and(|newest| newest != self.newest))
        };
        if self.is_stale || (others_write && has_changed().map_err(|e| failed(&e))?) {
            *self = Log::read(db, Some(self.most))?;
        }
        Ok(())
    }

    pub(super) fn limit(&mut self, bytes: usize) {
        self.most = bytes;
    }

    /// What it says of a customer.
    pub(super) fn customer(&self, id: &str) -> Option<(&Newest, &[u8])> {
        let of = |table| Memtable::customer(table, id);
        of(&self.active).or_else(|| self.frozen.as_ref().and_then(|(frozen, _)| of(frozen)))
    }

    pub(super) fn is_taken(&self, id: &str) -> bool {
        self.active.taken.contains(id) || self.frozen.as_ref().is_some_and(|(frozen, _)| frozen.taken.contains(id))
    }

    /// The first `n` customers due after `after` and until `until` of those of whom it says something, in order.
    pub(super) fn due(&mut self, after: (Ts, &str), until: Ts, n: usize) -> Vec<(Ts, String)> {
        let own = |(at, id): (Ts, &str)| (at, id.to_owned());
        let Log { active, frozen, .. } = self;
        let mut due: Vec<(Ts, String)> = active.due(after, until).take(n).map(own).collect();
        if let Some((frozen, _)) = frozen {
            due.extend(frozen.due(after, until).filter(|(_, id)| !active.customers.contains_key(*id)).take(n).map(own));
            due.sort_unstable();
            due.truncate(n);
        }
        due
    }

    /// The first `n` customers after `after` of those of whom it says something, in order.
    pub(super) fn customers(&mut self, after: &str, n: usize) -> Vec<String> {
        let mut ids: Vec<String> = self.active.ids(after).take(n).map(str::to_owned).collect();
        if let Some((frozen, _)) = &mut self.frozen {
            ids.extend(frozen.ids(after).take(n).map(str::to_owned));
        }
        ids
    }

    /// Adds what a commit says, and moves a part of what was said before.
    ///
    /// # Errors
    /// Where the file cannot be written; then it is stale.
    pub(super) fn commit(&mut self, db: &Connection, logged: Logged<'_>, rows: &mut Rows) -> Result<(), StoreError> {
        if logged.is_empty() {
            return Ok(());
        }
        let mut insert = db.prepare_cached("INSERT INTO log VALUES (?1, ?2)").map_err(|e| failed(&e))?;
        for part in logged.parts(ROW) {
            let body = part.write().map_err(|e| StoreError::Io(format!("a commit cannot be written: {e}")))?;
            self.newest += 1;
            self.oldest.get_or_insert(self.newest);
            self.since += body.len();
            insert.execute((self.newest, &body)).map_err(|e| failed(&e))?;
            self.active.add(body).map_err(|why| StoreError::Io(format!("a commit cannot be read again: {why}")))?;
        }
        self.make_room(db, rows).map_err(|e| failed(&e))
    }

    /// Moves a part of what is frozen, and freezes what is full.
    fn make_room(&mut self, db: &Connection, rows: &mut Rows) -> rusqlite::Result<()> {
        let full = self.most.min((self.active.distinct * OFTEN).max(LEAST));
        // One that has many entries is moved before the next, which may have few, is full.
        let full = self.frozen.as_ref().map_or(full, |(frozen, _)| full.max(frozen.bytes));
        let is_full = self.active.bytes >= full;
        if let Some((frozen, compaction)) = &mut self.frozen {
            // It is done before the active one is full, unless that has become so by a few large commits.
            let part = compaction.work.saturating_mul(self.since) / (frozen.bytes - frozen.bytes / 4).max(1);
            let part = if is_full { usize::MAX } else { part };
            if part < (self.most / PART).max(1) {
                return Ok(());
            }
            self.since = 0;
            if compaction.go_on(db, frozen, rows, part)? {
                self.moved();
            }
        }
        if is_full && self.frozen.is_none() { self.freeze(db) } else { Ok(()) }
    }

    /// Moves all of it, so that nothing is left in the log.
    ///
    /// # Errors
    /// Where the file cannot be written; then it is stale.
    pub(super) fn compact(&mut self, db: &Connection, rows: &mut Rows) -> rusqlite::Result<()> {
        while self.frozen.is_some() || !self.active.is_empty() {
            if let Some((frozen, compaction)) = &mut self.frozen {
                while !compaction.go_on(db, frozen, rows, usize::MAX)? {}
                self.moved();
            } else {
                self.freeze(db)?;
            }
        }
        Ok(())
    }

    fn moved(&mut self) {
        self.frozen = None;
        self.oldest = self.active.rows().checked_sub(1).and_then(|more| Some(self.newest - i64::try_from(more).ok()?));
    }

    fn freeze(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let frozen = std::mem::take(&mut self.active);
        let compaction = Compaction::of(&frozen, self.newest);
        self.frozen = Some((frozen, compaction));
        self.since = 0;
        write_meta(db, FROZEN, &self.newest.to_string())
    }
}
