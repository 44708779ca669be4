//! A store in one SQLite file: WAL, `synchronous=FULL`, one writer.

mod compaction;
mod log;
mod memtable;
mod schema;
mod writing;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use journey_spec::Ts;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior, params};

use crate::error::{no_folder, plain};

use log::Log;
use schema::{begin, known, migrate, recognise};
use writing::{Refuse, write, write_meta};

use super::{Batch, CommitOutcome, DeadLetter, OutboxRow, Record, Store, StoreError};

/// What becomes of most messages. It is not written down for one up to which all are settled.
const USUAL: &str = "delivered";

/// Names of values that are the store's own.
const OWN: [&str; 3] = ["epoch", "settled", "frozen"];

/// A store in one SQLite file, with `-wal`, `-shm` and `.lock` files beside it while it is open.
///
/// What was committed lately is in memory as well, some 64 MiB with what it takes to find it, and after a very large commit
/// as much as that has; a store with little in it keeps less.
#[derive(Debug)]
pub struct Sqlite {
    db: Connection,
    epoch: u64,
    read_only: bool,
    /// A commit's outcome is not known: what came after it could overwrite it, or be taken for it.
    in_doubt: bool,
    /// A commit may be followed by what only fills its last sector.
    is_padded: bool,
    outbox: Mark,
    log: Log,
    rows: Rows,
    /// Inputs that were looked for and not found since the last commit.
    absent: HashSet<String>,
    /// Held for as long as the store is open; the system lets it go when the process ends, however it ends.
    _lock: Option<File>,
}

impl Sqlite {
    /// Opens or creates a store.
    ///
    /// # Errors
    /// Where the file is in use, foreign, newer, or cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Sqlite, StoreError> {
        let path = path.as_ref();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = connect(path, flags)?;
        let version = recognise(&db, path)?;
        let lock = lock(path)?;
        // FULL syncs the WAL at every commit: what was acknowledged survives a loss of power.
        let mode: String =
            db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(|e| opening(path, &e))?;
        if mode != "wal" {
            let why = format!("the file system does not allow a write-ahead log (journal mode is `{mode}`)");
            return Err(StoreError::Open { path: path.into(), why });
        }
        db.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;
             PRAGMA secure_delete = FAST;")
            .map_err(|e| opening(path, &e))?;
        migrate(&mut db, version).map_err(|e| opening(path, &e))?;
        let (epoch, is_padded) = begin(&db).map_err(|e| opening(path, &e))?;
        let outbox = Mark::read(&db).map_err(|e| opening(path, &e))?;
        let log = Log::read(&db)?;
        let (rows, absent, lock) = (Rows::default(), HashSet::new(), Some(lock));
        Ok(Sqlite { db, epoch, read_only: false, in_doubt: false, is_padded, outbox, log, rows, absent, _lock: lock })
    }

    /// Opens a store for reading only, also while an engine has it open.
    ///
    /// # Errors
    /// Where the file is missing, foreign, newer, or cannot be opened.
    pub fn read(path: impl AsRef<Path>) -> Result<Sqlite, StoreError> {
        let path = path.as_ref();
        let db = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        match recognise(&db, path)? {
            0 => return Err(StoreError::Foreign { path: path.into(), found: "it is empty".into() }),
            older if older < known() => {
                let why = format!(
                    "it has version {older}, which only a run brings up to version {}: run it once, and read it then",
                    known()
                );
                return Err(StoreError::Open { path: path.into(), why });
            }
            _ => {}
        }
        let (log, outbox, rows, absent) = (Log::to_read(), Mark::default(), Rows::default(), HashSet::new());
        let (in_doubt, is_padded) = (false, false);
        Ok(Sqlite { db, epoch: 0, read_only: true, in_doubt, is_padded, outbox, log, rows, absent, _lock: None })
    }
}

/// Where a customer's row is and what it holds beside the state, as of the last commit. The log may say something newer.
#[derive(Clone, Copy, Debug)]
struct Row {
    number: i64,
    revision: u64,
    next_due: Option<Ts>,
    /// The newest row of the timeline.
    told: Option<i64>,
}

/// Rows of customers who were written lately, so that the next write need not look for them. Whoever else has written there
/// meanwhile has another epoch.
type Rows = HashMap<String, Row>;

/// Most of them that are remembered.
const ROWS: usize = 65_536;

/// How far the outbox is settled.
#[derive(Clone, Debug, Default)]
struct Mark {
    /// The newest row.
    last: u64,
    /// All rows up to this one are settled.
    to: u64,
    /// Rows beyond it that are.
    ahead: BTreeSet<u64>,
}

impl Mark {
    fn read(db: &Connection) -> rusqlite::Result<Mark> {
        let number = |sql: &str| db.query_row(sql, [], |row| Ok(row.get::<_, i64>(0)?.unsigned_abs()));
        let last = number("SELECT coalesce(max(seq), 0) FROM outbox")?;
        let to = stored(db, "settled")?;
        let mut ahead = db.prepare("SELECT seq FROM settled WHERE seq > ?1")?;
        let ahead = ahead.query_map([signed(to)], |row| Ok(row.get::<_, i64>(0)?.unsigned_abs()))?;
        Ok(Mark { last, to, ahead: ahead.collect::<rusqlite::Result<_>>()? })
    }

    /// Moves the mark over what is settled without a gap.
    fn settle(&mut self, rows: impl Iterator<Item = u64>) {
        self.ahead.extend(rows);
        while self.ahead.remove(&self.to.saturating_add(1)) {
            self.to = self.to.saturating_add(1);
        }
    }
}

impl Sqlite {
    /// Lets the file grow to this many pages of 4 KiB at most, beyond which the disk counts as full.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn limit_pages(&mut self, pages: u32) -> Result<(), StoreError> {
        self.db.pragma_update(None, "max_page_count", pages).map_err(|e| failed(&e))
    }

    /// Lets what was committed stay in the log until that has so many bytes, instead of at most 32 MiB. For tests, which have
    /// less.
    pub fn limit_log(&mut self, bytes: usize) {
        self.log.limit(bytes);
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    possible(path)?;
    let db = Connection::open_with_flags(path, flags).map_err(|e| opening(path, &e))?;
    db.busy_timeout(Duration::from_secs(5)).map_err(|e| opening(path, &e))?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

/// Whether a file is there or can be made, as far as the file system tells; its words are plainer than SQLite's.
fn possible(path: &Path) -> Result<(), StoreError> {
    let open = |why: String| StoreError::Open { path: path.into(), why };
    let foreign = |found: &str| StoreError::Foreign { path: path.into(), found: found.into() };
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_file() => Ok(()),
        Ok(meta) if meta.is_dir() => Err(foreign("it is a folder")),
        Ok(_) => Err(foreign("it is not a regular file")),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => no_folder(path).map_or(Ok(()), |why| Err(open(why))),
        Err(e) => Err(open(plain(&e))),
    }
}

/// Takes the lock beside the store. SQLite's own locks are not used for this: they would also shut out readers.
fn lock(path: &Path) -> Result<File, StoreError> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let mut name = OsString::from(real);
    name.push(".lock");
    let lock_path = PathBuf::from(name);
    let open = |why: String| StoreError::Open { path: path.into(), why };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .map_err(|e| open(format!("`{}`: {}", lock_path.display(), plain(&e))))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path: path.into() }),
        Err(TryLockError::Error(e)) => Err(open(format!("`{}`: {}", lock_path.display(), plain(&e)))),
    }
}

/// A number that is the store's own.
fn stored(db: &Connection, name: &str) -> rusqlite::Result<u64> {
    let mut query = db.prepare_cached("SELECT CAST(value AS INTEGER) FROM meta WHERE name = ?1")?;
    query.query_row([name], |row| Ok(row.get::<_, i64>(0)?.unsigned_abs()))
}

fn opening(path: &Path, error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            StoreError::Foreign { path: path.into(), found: "it is not a SQLite file".into() }
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked { path: path.into() },
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged(error.to_string()),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            let why = "it cannot be written there; look at the rights of the file and of its folder".into();
            StoreError::Open { path: path.into(), why }
        }
        _ => StoreError::Open { path: path.into(), why: error.to_string() },
    }
}

fn failed(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(error.to_string()),
        _ => StoreError::Io(error.to_string()),
    }
}

/// SQLite's integers are signed; our counts stay far below where that matters.
fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn limit(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn remember(rows: &mut Rows, id: &str, row: Row) {
    if let Some(there) = rows.get_mut(id) {
        *there = row;
        return;
    }
    if rows.len() >= ROWS {
        rows.clear();
    }
    rows.insert(id.into(), row);
}

impl Sqlite {
    fn commit_batch(&mut self, epoch: u64, batch: &Batch) -> Result<CommitOutcome, StoreError> {
        self.log.refresh(&self.db, false)?;
        let mut outbox = self.outbox.clone();
        // Only a commit that is known to have happened leaves them as they are in the file.
        let mut rows = std::mem::take(&mut self.rows);
        let absent = std::mem::take(&mut self.absent);
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|e| failed(&e))?;
        self.log.is_stale = true;
        let overwrite = |what: &str| tx.pragma_update(None, "secure_delete", what).map_err(|e| failed(&e));
        if !batch.forget.is_empty() {
            overwrite("ON")?;
        }
        let written = write(&tx, epoch, batch, &mut outbox, &mut rows, &mut self.log, &absent);
        if !batch.forget.is_empty() {
            overwrite("FAST")?;
        }
        match written {
            Ok(()) => {}
            Err(Refuse::Outcome(outcome)) => {
                tx.rollback().map_err(|e| failed(&e))?;
                return Ok(outcome);
            }
            // Dropping `tx` rolls back.
            Err(Refuse::Error(error)) => return Err(error),
        }
        match tx.commit() {
            Ok(()) => {
                (self.outbox, self.rows, self.log.is_stale) = (outbox, rows, false);
                Ok(CommitOutcome::Committed)
            }
            // What found no room was not written, its commit record included, where that is the last that is written.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) && !self.is_padded => {
                Err(failed(&error))
            }
            // Where the sync failed, the frames may be on the disk all the same, and a later start would find them.
            Err(_) => Ok(CommitOutcome::Unknown),
        }
    }

    /// Reads several things in one transaction: to begin and end one costs as much as to find a row, and the log and the tables
    /// belong together.
    fn reading<T>(
        &mut self,
        read: impl FnOnce(&Connection, &mut Log) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let tx = self.db.transaction().map_err(|e| failed(&e))?;
        self.log.refresh(&tx, self.read_only)?;
        let found = read(&tx, &mut self.log)?;
        tx.commit().map_err(|e| failed(&e))?;
        Ok(found)
    }

    fn rows<T>(
        &mut self,
        sql: &str,
        args: impl rusqlite::Params,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let all = || self.db.prepare_cached(sql)?.query_map(args, read)?.collect::<rusqlite::Result<Vec<T>>>();
        all().map_err(|e| failed(&e))
    }
}

fn outbox_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<OutboxRow> {
    Ok(OutboxRow {
        seq: row.get::<_, i64>(0)?.unsigned_abs(),
        id: row.get(1)?,
        customer: row.get(2)?,
        at: row.get(3)?,
        body: row.get(4)?,
        result: row.get(5)?,
    })
}

/// The rows of a customer's timeline from the newest on, or where they break.
fn chain(db: &Connection, customer: &str, newest: Option<Option<i64>>) -> rusqlite::Result<Result<Vec<String>, i64>> {
    let stored = "SELECT told FROM customers WHERE id = ?1";
    let mut next: Option<i64> = match newest {
        Some(newest) => newest,
        None => db.prepare_cached(stored)?.query_row([customer], |row| row.get(0)).optional()?.flatten(),
    };
    let mut entry = db.prepare_cached("SELECT entry, previous, customer FROM timeline WHERE seq = ?1")?;
    let mut rows: Vec<String> = Vec::new();
    while let Some(seq) = next {
        let read = |row: &rusqlite::Row<'_>| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?, row.get::<_, String>(2)?))
        };
        let found = entry.query_row([seq], read).optional()?;
        let before = |previous: &Option<i64>| previous.is_none_or(|previous| previous < seq);
        let Some((text, previous, _)) = found.filter(|(_, p, whose)| whose == customer && before(p)) else {
            return Ok(Err(seq));
        };
        rows.push(text);
        next = previous;
    }
    Ok(Ok(rows))
}

impl Store for Sqlite {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn load(&mut self, customers: &[&str]) -> Result<Vec<Option<Record>>, StoreError> {
        self.reading(|db, log| {
            let mut query = db
                .prepare_cached("SELECT state, revision, next_due FROM customers WHERE id = ?1")
                .map_err(|e| failed(&e))?;
            let mut one = |id: &&str| {
                if let Some((newest, state)) = log.customer(id) {
                    let (state, revision) = (state.to_vec(), newest.revision);
                    return Ok(Some(Record { state, revision, next_due: newest.next_due }));
                }
                let record = |row: &rusqlite::Row<'_>| {
                    let revision = row.get::<_, i64>(1)?.unsigned_abs();
                    Ok(Record { state: row.get(0)?, revision, next_due: row.get(2)? })
                };
                query.query_row([id], record).optional().map_err(|e| failed(&e))
            };
            customers.iter().map(&mut one).collect()
        })
    }

    fn commit(&mut self, epoch: u64, batch: &Batch) -> Result<CommitOutcome, StoreError> {
        if self.read_only {
            return Err(StoreError::ReadOnly);
        }
        if self.in_doubt {
            return Err(StoreError::Io("it is not known whether an earlier commit was kept; open it again".into()));
        }
        let outcome = self.commit_batch(epoch, batch)?;
        self.in_doubt = outcome == CommitOutcome::Unknown;
        Ok(outcome)
    }

    fn taken(&mut self, ids: &[&str]) -> Result<Vec<bool>, StoreError> {
        let taken: Vec<bool> = self.reading(|db, log| {
            let read = || {
                let mut query = db.prepare_cached("SELECT 1 FROM inputs WHERE id = ?1")?;
                ids.iter().map(|id| Ok(log.is_taken(id) || query.exists([id])?)).collect::<rusqlite::Result<Vec<_>>>()
            };
            read().map_err(|e| failed(&e))
        })?;
        // A commit takes those that are new, and need not look for them again.
        let absent = ids.iter().zip(&taken).filter(|(_, taken)| !**taken);
        if self.absent.len() < ROWS {
            self.absent.extend(absent.map(|(id, _)| (*id).to_owned()));
        }
        Ok(taken)
    }

    fn due(&mut self, after: Option<(Ts, &str)>, until: Ts, n: usize) -> Result<Vec<(Ts, String)>, StoreError> {
        let after = after.unwrap_or((Ts::MIN, ""));
        self.reading(|db, log| {
            let mut due = log.due(after, until, n);
            let read = || {
                let mut query =
                    db.prepare_cached("SELECT at, id FROM due WHERE at <= ?3 AND (at, id) > (?1, ?2) ORDER BY at, id")?;
                let mut rows = query.query(params![after.0, after.1, until])?;
                let mut found: Vec<(Ts, String)> = Vec::new();
                while found.len() < n
                    && let Some(row) = rows.next()?
                {
                    // What the log says of a customer is newer.
                    let id = row.get_ref(1)?.as_str()?;
                    if log.customer(id).is_none() {
                        found.push((row.get(0)?, id.to_owned()));
                    }
                }
                Ok(found)
            };
            due.extend(read().map_err(|e: rusqlite::Error| failed(&e))?);
            due.sort_unstable();
            due.truncate(n);
            Ok(due)
        })
    }

    fn next_due(&mut self) -> Result<Option<Ts>, StoreError> {
        Ok(self.due(None, Ts::MAX, 1)?.first().map(|(at, _)| *at))
    }

    fn claim_outbox(&mut self, after: u64, n: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.rows(
            "SELECT seq, id, customer, at, body, NULL FROM outbox
             WHERE seq > max(?1, (SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'settled'))
               AND NOT EXISTS (SELECT 1 FROM settled WHERE settled.seq = outbox.seq)
             ORDER BY seq LIMIT ?2",
            params![signed(after), limit(n)],
            outbox_row,
        )
    }

    fn outbox(&mut self, after: u64, n: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.rows(
            "SELECT outbox.seq, id, customer, at, body, coalesce(result, CASE WHEN outbox.seq <=
                (SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'settled') THEN ?3 END)
             FROM outbox LEFT JOIN settled ON settled.seq = outbox.seq
             WHERE outbox.seq > ?1 ORDER BY outbox.seq LIMIT ?2",
            params![signed(after), limit(n), USUAL],
            outbox_row,
        )
    }

    fn newest_outbox(&mut self) -> Option<u64> {
        (!self.read_only).then_some(self.outbox.last)
    }

    fn timeline(&mut self, customer: &str) -> Result<Vec<String>, StoreError> {
        self.reading(|db, log| {
            let newest = log.customer(customer).map(|(newest, _)| newest.told);
            match chain(db, customer, newest).map_err(|e| failed(&e))? {
                Ok(rows) => Ok(rows.iter().rev().flat_map(|row| row.split('\n')).map(str::to_owned).collect()),
                Err(seq) => {
                    Err(StoreError::Damaged(format!("the timeline of customer `{customer}` breaks at entry {seq}")))
                }
            }
        })
    }

    fn customers(&mut self, after: Option<&str>, n: usize) -> Result<Vec<String>, StoreError> {
        let after = after.unwrap_or_default();
        self.reading(|db, log| {
            let mut ids = log.customers(after, n);
            let read = || {
                let mut query = db.prepare_cached("SELECT id FROM customers WHERE id > ?1 ORDER BY id LIMIT ?2")?;
                let rows = query.query_map(params![after, limit(n)], |row| row.get(0))?;
                rows.collect::<rusqlite::Result<Vec<String>>>()
            };
            ids.extend(read().map_err(|e| failed(&e))?);
            ids.sort_unstable();
            ids.dedup();
            ids.truncate(n);
            Ok(ids)
        })
    }

    fn dead_letters(&mut self) -> Result<Vec<DeadLetter>, StoreError> {
        self.rows("SELECT key, at, line, reason, raw FROM dead_letters ORDER BY seq", [], |row| {
            Ok(DeadLetter {
                key: row.get(0)?,
                at: row.get(1)?,
                line: row.get::<_, i64>(2)?.unsigned_abs(),
                reason: row.get(3)?,
                raw: row.get(4)?,
            })
        })
    }

    fn customers_with_address(&mut self, address: &str) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT customer FROM addresses WHERE address = ?1 ORDER BY customer";
        self.rows(sql, [address], |row| row.get(0))
    }

    fn stopped(&mut self, addresses: &[&str]) -> Result<Vec<String>, StoreError> {
        let read = || {
            let mut query = self.db.prepare_cached("SELECT 1 FROM stopped WHERE address = ?1")?;
            let mut found = Vec::new();
            for address in addresses {
                if query.exists([address])? {
                    found.push((*address).to_string());
                }
            }
            Ok(found)
        };
        read().map_err(|e| failed(&e))
    }

    fn meta(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        if OWN.contains(&name) {
            return Ok(None);
        }
        let sql = "SELECT value FROM meta WHERE name = ?1";
        Ok(self.rows(sql, [name], |row| row.get(0))?.into_iter().next())
    }
}
