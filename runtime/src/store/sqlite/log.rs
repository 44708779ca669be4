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
const LONGEST: usize = 64 << 20;
/// What a page of 4 KiB holds of a long row.
const PAGE: i64 = 4092;
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
    /// For who reads only: nothing is known before the first [`Log::refresh`].
    pub(super) fn to_read() -> Log {
        Log {
            active: Memtable::default(),
            frozen: None,
            newest: 0,
            oldest: None,
            since: 0,
            most: MOST,
            is_stale: false,
        }
    }

    /// The log as the file has it, for who writes.
    ///
    /// # Errors
    /// Where the file cannot be read, or holds what no store wrote.
    pub(super) fn read(db: &Connection) -> Result<Log, StoreError> {
        let mut log = Log::to_read();
        let upto = stored(db, FROZEN).map_err(|e| failed(&e))?;
        let upto = i64::try_from(upto).unwrap_or(i64::MAX);
        log.read_rows(db, upto)?;
        if !log.active.is_empty() {
            let frozen = std::mem::take(&mut log.active);
            let compaction = Compaction::of(&frozen, upto);
            log.frozen = Some((frozen, compaction));
        }
        log.newest = log.newest.max(upto);
        log.read_rows(db, i64::MAX)?;
        Ok(log)
    }

    /// Adds the rows after the newest, up to this one.
    fn read_rows(&mut self, db: &Connection, upto: i64) -> Result<(), StoreError> {
        let mut read = || {
            let mut rows = db.prepare_cached("SELECT seq, body FROM log WHERE seq > ?1 AND seq <= ?2 ORDER BY seq")?;
            let mut rows = rows.query((self.newest, upto))?;
            while let Some(row) = rows.next()? {
                self.newest = row.get(0)?;
                self.oldest.get_or_insert(self.newest);
                if let Err(why) = self.active.add(row.get(1)?) {
                    return Ok(Some(StoreError::Damaged(format!("row {} of its log: {why}", self.newest))));
                }
            }
            rusqlite::Result::Ok(None)
        };
        match read().map_err(|e| failed(&e))? {
            Some(damaged) => Err(damaged),
            None => Ok(()),
        }
    }

    /// Who writes reads it again after a commit that failed. Who reads only reads what has come since, or all where rows have
    /// gone; which of them are frozen does not matter there.
    ///
    /// # Errors
    /// As [`Log::read`].
    pub(super) fn refresh(&mut self, db: &Connection, others_write: bool) -> Result<(), StoreError> {
        if others_write {
            let oldest = || db.prepare_cached("SELECT min(seq) FROM log")?.query_row([], |row| row.get(0));
            let oldest: Option<i64> = oldest().map_err(|e| failed(&e))?;
            if self.oldest.is_some() && oldest != self.oldest {
                *self = Log::to_read();
            }
            self.read_rows(db, i64::MAX)?;
        } else if self.is_stale {
            *self = Log { most: self.most, ..Log::read(db)? };
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
        for part in logged.parts(LONGEST) {
            let body = part.write().map_err(|e| StoreError::Io(format!("a commit cannot be written: {e}")))?;
            let next = self.newest.checked_add(1);
            self.newest = next.ok_or_else(|| StoreError::Damaged("its log has no numbers left".into()))?;
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
        let pace = self.frozen.as_ref().map_or(0, |(frozen, _)| frozen.bytes.min(self.most));
        let is_full = self.active.bytes >= full.max(pace);
        if let Some((frozen, compaction)) = &mut self.frozen {
            // It is done before the active one is full, unless that has become so by a few large commits.
            let part = compaction.work.saturating_mul(self.since) / (pace - pace / 4).max(1);
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

    /// Moves all of it, so that nothing is left in the log, and writes over what it and others left in pages that are free now.
    /// To be called while SQLite overwrites what it frees.
    ///
    /// # Errors
    /// Where the file cannot be written; then it is stale.
    pub(super) fn erase(&mut self, db: &Connection, rows: &mut Rows) -> rusqlite::Result<()> {
        self.compact(db, rows)?;
        let mut pages: i64 = db.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
        let mut fill = db.prepare_cached("INSERT INTO log VALUES (?1, zeroblob(?2))")?;
        let mut seq = self.newest;
        while pages > 0 {
            seq = seq.saturating_add(1);
            let some = pages.min(LONGEST as i64 / PAGE);
            fill.execute((seq, some * PAGE))?;
            pages -= some;
        }
        db.execute("DELETE FROM log WHERE seq > ?1", [self.newest])?;
        Ok(())
    }

    fn compact(&mut self, db: &Connection, rows: &mut Rows) -> rusqlite::Result<()> {
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
