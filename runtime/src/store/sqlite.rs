//! A store in one SQLite file: WAL, `synchronous=FULL`, one writer.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use journey_spec::Ts;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior, params};

use crate::error::{no_folder, plain};

use super::{Batch, CommitOutcome, DeadLetter, OutboxRow, Record, Store, StoreError};

/// Marks a SQLite file as a Journey store: "JRNY".
const APPLICATION: i64 = 0x4A52_4E59;

/// Schema changes in order; the store's `user_version` says how many were made. Only ever add to the end.
const MIGRATIONS: &[(&str, &str)] = &[("first", FIRST)];

const FIRST: &str = "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;
    INSERT INTO meta VALUES ('epoch', '0');
    CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
    CREATE TABLE inputs (id TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;
    CREATE TABLE customers (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        revision INTEGER NOT NULL,
        next_due INTEGER,
        state TEXT NOT NULL
    ) STRICT;
    CREATE INDEX customers_due ON customers (next_due, id) WHERE next_due IS NOT NULL;
    CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        customer TEXT NOT NULL,
        at INTEGER NOT NULL,
        body TEXT NOT NULL,
        result TEXT
    ) STRICT;
    CREATE INDEX outbox_open ON outbox (seq) WHERE result IS NULL;
    CREATE TABLE timeline (seq INTEGER PRIMARY KEY, customer TEXT NOT NULL, entry TEXT NOT NULL) STRICT;
    CREATE INDEX timeline_customer ON timeline (customer, seq);
    CREATE TABLE dead_letters (
        seq INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        at INTEGER NOT NULL,
        line INTEGER NOT NULL,
        reason TEXT NOT NULL,
        raw TEXT NOT NULL
    ) STRICT;
    CREATE TABLE addresses (address TEXT NOT NULL, customer TEXT NOT NULL, PRIMARY KEY (address, customer))
        WITHOUT ROWID, STRICT;
    CREATE INDEX addresses_customer ON addresses (customer);
    CREATE TABLE stopped (address TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;
";

/// A store in one SQLite file, with `-wal`, `-shm` and `.lock` files beside it while it is open.
#[derive(Debug)]
pub struct Sqlite {
    db: Connection,
    epoch: u64,
    read_only: bool,
    /// A commit's outcome is not known: what came after it could overwrite it, or be taken for it.
    in_doubt: bool,
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
        db.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -16000;")
            .map_err(|e| opening(path, &e))?;
        let epoch = migrate(&mut db, version).map_err(|e| opening(path, &e))?;
        Ok(Sqlite { db, epoch, read_only: false, in_doubt: false, _lock: Some(lock) })
    }

    /// Opens a store for reading only, also while an engine has it open.
    ///
    /// # Errors
    /// Where the file is missing, foreign, newer, or cannot be opened.
    pub fn read(path: impl AsRef<Path>) -> Result<Sqlite, StoreError> {
        let path = path.as_ref();
        let db = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        if recognise(&db, path)? == 0 {
            return Err(StoreError::Foreign { path: path.into(), found: "it is empty".into() });
        }
        Ok(Sqlite { db, epoch: 0, read_only: true, in_doubt: false, _lock: None })
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

/// The schema's version; 0 for a new file. Nothing is written before this has said that the file is ours.
fn recognise(db: &Connection, path: &Path) -> Result<i64, StoreError> {
    let number = |pragma: &str| db.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let tables = number("SELECT count(*) FROM sqlite_schema").map_err(|e| opening(path, &e))?;
    let application = number("PRAGMA application_id").map_err(|e| opening(path, &e))?;
    let version = number("PRAGMA user_version").map_err(|e| opening(path, &e))?;
    let foreign = |found: &str| StoreError::Foreign { path: path.into(), found: found.into() };
    match (application, version, tables) {
        (0, 0, 0) => Ok(0),
        (APPLICATION, found, _) if found > known() => {
            Err(StoreError::Newer { path: path.into(), found, known: known() })
        }
        (APPLICATION, found, _) if found > 0 => Ok(found),
        _ => Err(foreign("it is a SQLite file of something else")),
    }
}

fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
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

/// Brings the schema up to date and counts this opening; gives its number.
fn migrate(db: &mut Connection, version: i64) -> rusqlite::Result<u64> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (number, (name, sql)) in (1_i64..).zip(MIGRATIONS).filter(|(number, _)| *number > version) {
        tx.execute_batch(sql)?;
        tx.execute("INSERT INTO migrations VALUES (?1, ?2)", params![number, name])?;
        tx.pragma_update(None, "user_version", number)?;
        tx.pragma_update(None, "application_id", APPLICATION)?;
    }
    tx.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'epoch'", [])?;
    let epoch = stored_epoch(&tx)?;
    tx.commit()?;
    Ok(epoch)
}

fn stored_epoch(db: &Connection) -> rusqlite::Result<u64> {
    let mut query = db.prepare_cached("SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'epoch'")?;
    query.query_row([], |row| Ok(row.get::<_, i64>(0)?.unsigned_abs()))
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

/// Why a batch is not written.
enum Refuse {
    Outcome(CommitOutcome),
    Error(rusqlite::Error),
}

impl From<rusqlite::Error> for Refuse {
    fn from(error: rusqlite::Error) -> Refuse {
        Refuse::Error(error)
    }
}

fn write(db: &Connection, epoch: u64, batch: &Batch) -> Result<(), Refuse> {
    if stored_epoch(db)? != epoch {
        return Err(Refuse::Outcome(CommitOutcome::Fenced));
    }
    let mut input = db.prepare_cached("INSERT INTO inputs VALUES (?1) ON CONFLICT DO NOTHING")?;
    for id in &batch.taken {
        if input.execute([id])? == 0 {
            return Err(Refuse::Outcome(CommitOutcome::Duplicate));
        }
    }
    write_customers(db, batch)?;
    let mut add = db.prepare_cached(
        "INSERT INTO outbox (id, customer, at, body) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO NOTHING",
    )?;
    for row in &batch.outbox {
        add.execute(params![row.id, row.customer, row.at, row.body])?;
    }
    let mut settle = db.prepare_cached("UPDATE outbox SET result = ?2 WHERE seq = ?1 AND result IS NULL")?;
    for row in &batch.settled {
        settle.execute(params![signed(row.seq), row.result])?;
    }
    let mut entry = db.prepare_cached("INSERT INTO timeline (customer, entry) VALUES (?1, ?2)")?;
    for row in &batch.timeline {
        entry.execute(params![row.customer, row.entry])?;
    }
    let mut letter = db.prepare_cached(
        "INSERT INTO dead_letters (key, at, line, reason, raw) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (key) DO NOTHING",
    )?;
    for row in &batch.dead_letters {
        letter.execute(params![row.key, row.at, signed(row.line), row.reason, row.raw])?;
    }
    let mut stop = db.prepare_cached("INSERT INTO stopped VALUES (?1) ON CONFLICT DO NOTHING")?;
    for address in &batch.stopped {
        stop.execute([address])?;
    }
    let mut meta = db.prepare_cached(
        "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE name <> 'epoch'",
    )?;
    for (name, value) in &batch.meta {
        meta.execute(params![name, value])?;
    }
    Ok(())
}

fn write_customers(db: &Connection, batch: &Batch) -> Result<(), Refuse> {
    let mut insert = db.prepare_cached(
        "INSERT INTO customers (id, revision, next_due, state) VALUES (?1, 1, ?2, ?3) ON CONFLICT (id) DO NOTHING",
    )?;
    let mut update = db.prepare_cached(
        "UPDATE customers SET revision = revision + 1, next_due = ?2, state = ?3 WHERE id = ?1 AND revision = ?4",
    )?;
    let mut forget = db.prepare_cached("DELETE FROM addresses WHERE customer = ?1")?;
    let mut address = db.prepare_cached("INSERT INTO addresses VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
    for row in &batch.customers {
        let written = match row.expected {
            None => insert.execute(params![row.id, row.next_due, row.json])?,
            Some(revision) => update.execute(params![row.id, row.next_due, row.json, signed(revision)])?,
        };
        if written != 1 {
            return Err(Refuse::Outcome(CommitOutcome::Fenced));
        }
        if let Some(addresses) = &row.addresses {
            forget.execute([&row.id])?;
            for text in addresses {
                address.execute(params![text, row.id])?;
            }
        }
    }
    Ok(())
}

impl Sqlite {
    fn commit_batch(&mut self, epoch: u64, batch: &Batch) -> rusqlite::Result<CommitOutcome> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        match write(&tx, epoch, batch) {
            Ok(()) => {}
            Err(Refuse::Outcome(outcome)) => {
                tx.rollback()?;
                return Ok(outcome);
            }
            Err(Refuse::Error(error)) => return Err(error), // dropping `tx` rolls back
        }
        match tx.commit() {
            Ok(()) => Ok(CommitOutcome::Committed),
            // What found no room was not written, its commit record included.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => Err(error),
            // Where the sync failed, the frames may be on the disk all the same, and a later start would find them.
            Err(_) => Ok(CommitOutcome::Unknown),
        }
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

impl Store for Sqlite {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn load(&mut self, customers: &[&str]) -> Result<Vec<Option<Record>>, StoreError> {
        let read = || {
            let mut query = self.db.prepare_cached("SELECT state, revision, next_due FROM customers WHERE id = ?1")?;
            let mut one = |id: &&str| {
                let record = |row: &rusqlite::Row<'_>| {
                    let revision = row.get::<_, i64>(1)?.unsigned_abs();
                    Ok(Record { json: row.get(0)?, revision, next_due: row.get(2)? })
                };
                query.query_row([id], record).optional()
            };
            customers.iter().map(&mut one).collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|e| failed(&e))
    }

    fn commit(&mut self, epoch: u64, batch: &Batch) -> Result<CommitOutcome, StoreError> {
        if self.read_only {
            return Err(StoreError::ReadOnly);
        }
        if self.in_doubt {
            return Err(StoreError::Io("it is not known whether an earlier commit was kept; open it again".into()));
        }
        let outcome = self.commit_batch(epoch, batch).map_err(|e| failed(&e))?;
        self.in_doubt = outcome == CommitOutcome::Unknown;
        Ok(outcome)
    }

    fn taken(&mut self, ids: &[&str]) -> Result<Vec<bool>, StoreError> {
        let read = || {
            let mut query = self.db.prepare_cached("SELECT 1 FROM inputs WHERE id = ?1")?;
            ids.iter().map(|id| query.exists([id])).collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|e| failed(&e))
    }

    fn due(&mut self, after: Option<(Ts, &str)>, until: Ts, n: usize) -> Result<Vec<(Ts, String)>, StoreError> {
        let (at, id) = after.unwrap_or((Ts::MIN, ""));
        self.rows(
            "SELECT next_due, id FROM customers WHERE next_due IS NOT NULL AND next_due <= ?3 AND (next_due, id) > (?1, ?2)
             ORDER BY next_due, id LIMIT ?4",
            params![at, id, until, limit(n)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    fn next_due(&mut self) -> Result<Option<Ts>, StoreError> {
        Ok(self.due(None, Ts::MAX, 1)?.first().map(|(at, _)| *at))
    }

    fn claim_outbox(&mut self, after: u64, n: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.rows(
            "SELECT seq, id, customer, at, body, result FROM outbox WHERE result IS NULL AND seq > ?1
             ORDER BY seq LIMIT ?2",
            params![signed(after), limit(n)],
            outbox_row,
        )
    }

    fn outbox(&mut self, after: u64, n: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.rows(
            "SELECT seq, id, customer, at, body, result FROM outbox WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            params![signed(after), limit(n)],
            outbox_row,
        )
    }

    fn timeline(&mut self, customer: &str) -> Result<Vec<String>, StoreError> {
        self.rows("SELECT entry FROM timeline WHERE customer = ?1 ORDER BY seq", [customer], |row| row.get(0))
    }

    fn customers(&mut self, after: Option<&str>, n: usize) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT id FROM customers WHERE id > ?1 ORDER BY id LIMIT ?2";
        self.rows(sql, params![after.unwrap_or_default(), limit(n)], |row| row.get(0))
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
        let sql = "SELECT value FROM meta WHERE name = ?1";
        Ok(self.rows(sql, [name], |row| row.get(0))?.into_iter().next())
    }
}
