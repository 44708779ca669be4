//! A store in one SQLite file: WAL, `synchronous=FULL`, one writer.

mod schema;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use journey_spec::Ts;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior, params};

use crate::error::{no_folder, plain};

use schema::{migrate, recognise};

use super::{Batch, CommitOutcome, DeadLetter, FORGOTTEN, OutboxRow, Record, Settled, Store, StoreError, names};

/// What becomes of most messages. It is not written down for one up to which all are settled.
const USUAL: &str = "delivered";

/// Names of values that are the store's own.
const OWN: [&str; 2] = ["epoch", "settled"];

/// A store in one SQLite file, with `-wal`, `-shm` and `.lock` files beside it while it is open.
#[derive(Debug)]
pub struct Sqlite {
    db: Connection,
    epoch: u64,
    read_only: bool,
    /// A commit's outcome is not known: what came after it could overwrite it, or be taken for it.
    in_doubt: bool,
    outbox: Mark,
    rows: Rows,
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
        db.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;")
            .map_err(|e| opening(path, &e))?;
        let epoch = migrate(&mut db, version).map_err(|e| opening(path, &e))?;
        let outbox = Mark::read(&db).map_err(|e| opening(path, &e))?;
        Ok(Sqlite { db, epoch, read_only: false, in_doubt: false, outbox, rows: Rows::default(), _lock: Some(lock) })
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
        let (outbox, rows) = (Mark::default(), Rows::default());
        Ok(Sqlite { db, epoch: 0, read_only: true, in_doubt: false, outbox, rows, _lock: None })
    }
}

/// Where a customer's row is and what it holds beside the state, as of the last commit.
#[derive(Clone, Copy, Debug)]
struct Row {
    number: i64,
    revision: u64,
    /// The newest row of the timeline.
    told: Option<i64>,
}

/// Rows of customers who were written lately, so that the next write need not look for them. What is written is compared
/// with them all the same; whoever else has written there meanwhile has another epoch too.
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
        let to = number("SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'settled'")?;
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
    /// It tells something of this customer, who is not known.
    Nobody(String),
    Error(rusqlite::Error),
}

impl From<rusqlite::Error> for Refuse {
    fn from(error: rusqlite::Error) -> Refuse {
        Refuse::Error(error)
    }
}

fn write(db: &Connection, epoch: u64, batch: &Batch, outbox: &mut Mark, rows: &mut Rows) -> Result<(), Refuse> {
    if stored_epoch(db)? != epoch {
        return Err(Refuse::Outcome(CommitOutcome::Fenced));
    }
    let mut input = db.prepare_cached("INSERT INTO inputs VALUES (?1) ON CONFLICT DO NOTHING")?;
    for id in &batch.taken {
        if input.execute([id])? == 0 {
            return Err(Refuse::Outcome(CommitOutcome::Duplicate));
        }
    }
    for customer in &batch.forget {
        rows.remove(customer);
        forget(db, customer, outbox)?;
    }
    write_customers(db, batch, rows)?;
    write_outbox(db, batch, outbox)?;
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
    for (name, value) in batch.meta.iter().filter(|(name, _)| !OWN.contains(&name.as_str())) {
        write_meta(db, name, value)?;
    }
    Ok(())
}

/// Erases what is kept of a customer beside the state. Looks through whole tables: it is asked for rarely.
fn forget(db: &Connection, customer: &str, mark: &mut Mark) -> rusqlite::Result<()> {
    db.execute("DELETE FROM timeline WHERE customer = ?1", [customer])?;
    db.execute("UPDATE customers SET told = NULL WHERE id = ?1", [customer])?;
    let mut rows = db.prepare("SELECT seq FROM outbox WHERE customer = ?1")?;
    let rows = rows.query_map([customer], |row| Ok(row.get::<_, i64>(0)?.unsigned_abs()))?;
    let settled = rows.map(|seq| Ok(Settled { seq: seq?, result: "forgotten".into() }));
    let settled = settled.collect::<rusqlite::Result<Vec<_>>>()?;
    write_outbox(db, &Batch { settled, ..Batch::default() }, mark)?;
    db.execute("UPDATE outbox SET body = ?2 WHERE customer = ?1", [customer, FORGOTTEN])?;
    db.execute("DELETE FROM dead_letters WHERE instr(raw, ?1) > 0", [names(customer)])?;
    Ok(())
}

fn write_meta(db: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    db.prepare_cached(sql)?.execute(params![name, value])?;
    Ok(())
}

fn write_customers(db: &Connection, batch: &Batch, rows: &mut Rows) -> Result<(), Refuse> {
    let mut entries: HashMap<&str, Vec<&str>> = HashMap::with_capacity(batch.customers.len());
    for row in &batch.timeline {
        entries.entry(&row.customer).or_default().push(&row.entry);
    }
    let mut find = db.prepare_cached("SELECT number, revision, told FROM customers WHERE id = ?1")?;
    let mut known = |rows: &Rows, id: &str| {
        if let Some(row) = rows.get(id) {
            return Ok(Some(*row));
        }
        find.query_row([id], |row| {
            Ok(Row { number: row.get(0)?, revision: row.get::<_, i64>(1)?.unsigned_abs(), told: row.get(2)? })
        })
        .optional()
    };
    let mut add = db.prepare_cached("INSERT INTO timeline (customer, entry, previous) VALUES (?1, ?2, ?3)")?;
    // Adds entries of one commit to a customer's timeline, as one row; gives the newest row.
    let mut tell = |id: &str, entries: &[&str], told: Option<i64>| match entries {
        [] => Ok(told),
        [entry] => add.insert(params![id, entry, told]).map(Some),
        several => add.insert(params![id, several.join("\n"), told]).map(Some),
    };
    let mut insert =
        db.prepare_cached("INSERT INTO customers (id, revision, next_due, state, told) VALUES (?1, 1, ?2, ?3, ?4)")?;
    let mut update = db.prepare_cached(
        "UPDATE customers SET revision = ?2 + 1, next_due = ?3, state = ?4, told = ?5 WHERE number = ?1 AND revision = ?2",
    )?;
    let mut forget = db.prepare_cached("DELETE FROM addresses WHERE customer = ?1")?;
    let mut address = db.prepare_cached("INSERT INTO addresses VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
    for write in &batch.customers {
        let found = known(rows, &write.id)?;
        if found.map(|row| row.revision) != write.expected {
            return Err(Refuse::Outcome(CommitOutcome::Fenced));
        }
        let of = entries.remove(write.id.as_str()).unwrap_or_default();
        let told = tell(&write.id, &of, found.and_then(|row| row.told))?;
        let row = match found {
            None => {
                let number = insert.insert(params![write.id, write.next_due, write.state, told])?;
                Row { number, revision: 1, told }
            }
            Some(Row { number, revision, .. }) => {
                let args = params![number, signed(revision), write.next_due, write.state, told];
                if update.execute(args)? == 0 {
                    return Err(Refuse::Outcome(CommitOutcome::Fenced));
                }
                Row { number, revision: revision.saturating_add(1), told }
            }
        };
        remember(rows, &write.id, row);
        if let Some(addresses) = &write.addresses {
            forget.execute([&write.id])?;
            for text in addresses {
                address.execute(params![text, write.id])?;
            }
        }
    }
    for (id, entries) in BTreeMap::from_iter(entries) {
        let Some(row) = known(rows, id)? else { return Err(Refuse::Nobody(id.into())) };
        let told = tell(id, &entries, row.told)?;
        db.prepare_cached("UPDATE customers SET told = ?2 WHERE number = ?1")?.execute(params![row.number, told])?;
        remember(rows, id, Row { told, ..row });
    }
    Ok(())
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

fn write_outbox(db: &Connection, batch: &Batch, mark: &mut Mark) -> rusqlite::Result<()> {
    let mut add = db.prepare_cached("INSERT INTO outbox (id, customer, at, body) VALUES (?1, ?2, ?3, ?4)")?;
    for row in &batch.outbox {
        mark.last = add.insert(params![row.id, row.customer, row.at, row.body])?.unsigned_abs();
    }
    let open = |row: &&Settled| row.seq > mark.to && row.seq <= mark.last && !mark.ahead.contains(&row.seq);
    let settled: Vec<&Settled> = batch.settled.iter().filter(open).collect();
    if settled.is_empty() {
        return Ok(());
    }
    let before = mark.to;
    mark.settle(settled.iter().map(|row| row.seq));
    if mark.to != before {
        write_meta(db, "settled", &mark.to.to_string())?;
    }
    let mut settle = db.prepare_cached("INSERT INTO settled VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
    for row in settled.iter().filter(|row| row.seq > mark.to || row.result != USUAL) {
        settle.execute(params![signed(row.seq), row.result])?;
    }
    Ok(())
}

impl Sqlite {
    fn commit_batch(&mut self, epoch: u64, batch: &Batch) -> Result<CommitOutcome, StoreError> {
        let mut outbox = self.outbox.clone();
        // Only a commit that is known to have happened leaves them as they are in the file.
        let mut rows = std::mem::take(&mut self.rows);
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|e| failed(&e))?;
        match write(&tx, epoch, batch, &mut outbox, &mut rows) {
            Ok(()) => {}
            Err(Refuse::Outcome(outcome)) => {
                tx.rollback().map_err(|e| failed(&e))?;
                return Ok(outcome);
            }
            // Dropping `tx` rolls back.
            Err(Refuse::Error(error)) => return Err(failed(&error)),
            Err(Refuse::Nobody(id)) => {
                return Err(StoreError::Damaged(format!("a timeline of customer `{id}`, who is not known")));
            }
        }
        match tx.commit() {
            Ok(()) => {
                (self.outbox, self.rows) = (outbox, rows);
                Ok(CommitOutcome::Committed)
            }
            // What found no room was not written, its commit record included.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => Err(failed(&error)),
            // Where the sync failed, the frames may be on the disk all the same, and a later start would find them.
            Err(_) => Ok(CommitOutcome::Unknown),
        }
    }

    /// Reads several things in one transaction: to begin and end one costs as much as to find a row.
    fn reading<T>(&mut self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let all = || {
            let tx = self.db.transaction()?;
            let found = read(&tx)?;
            tx.commit()?;
            Ok(found)
        };
        all().map_err(|e| failed(&e))
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
        self.reading(|db| {
            let mut query = db.prepare_cached("SELECT state, revision, next_due FROM customers WHERE id = ?1")?;
            let mut one = |id: &&str| {
                let record = |row: &rusqlite::Row<'_>| {
                    let revision = row.get::<_, i64>(1)?.unsigned_abs();
                    Ok(Record { state: row.get(0)?, revision, next_due: row.get(2)? })
                };
                query.query_row([id], record).optional()
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
        self.reading(|db| {
            let mut query = db.prepare_cached("SELECT 1 FROM inputs WHERE id = ?1")?;
            ids.iter().map(|id| query.exists([id])).collect()
        })
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
        let read = || {
            let newest = "SELECT told FROM customers WHERE id = ?1";
            let mut next: Option<i64> =
                self.db.prepare_cached(newest)?.query_row([customer], |row| row.get(0)).optional()?.flatten();
            let mut entry = self.db.prepare_cached("SELECT entry, previous, customer FROM timeline WHERE seq = ?1")?;
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
        };
        match read().map_err(|e| failed(&e))? {
            Ok(rows) => Ok(rows.iter().rev().flat_map(|row| row.split('\n')).map(str::to_owned).collect()),
            Err(seq) => {
                Err(StoreError::Damaged(format!("the timeline of customer `{customer}` breaks at entry {seq}")))
            }
        }
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
        if OWN.contains(&name) {
            return Ok(None);
        }
        let sql = "SELECT value FROM meta WHERE name = ?1";
        Ok(self.rows(sql, [name], |row| row.get(0))?.into_iter().next())
    }
}
