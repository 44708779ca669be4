//! The tables, and how an older file gets them.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, params};

use super::{StoreError, opening, stored};

/// Marks a SQLite file as a Journey store: "JRNY".
const APPLICATION: i64 = 0x4A52_4E59;

/// Schema changes in order; the store's `user_version` says how many were made. Only ever add to the end.
const MIGRATIONS: &[(&str, &str)] = &[("first", FIRST), ("fewer pages", FEWER_PAGES), ("a log", LOG)];

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

/// What a commit writes are whole pages, so what matters is how many of them an event touches. A customer's timeline is a
/// chain, each entry knowing the one before it, so that it needs no index; a state is bytes; and the outbox is open from a mark on, so that
/// what left as usual costs no write of its own.
const FEWER_PAGES: &str = "
    ALTER TABLE timeline ADD COLUMN previous INTEGER;
    UPDATE timeline SET previous = chain.previous
        FROM (SELECT seq, lag(seq) OVER (PARTITION BY customer ORDER BY seq) AS previous FROM timeline) AS chain
        WHERE chain.seq = timeline.seq;
    CREATE TABLE people (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        revision INTEGER NOT NULL,
        next_due INTEGER,
        state BLOB NOT NULL,
        told INTEGER
    ) STRICT;
    INSERT INTO people SELECT number, id, revision, next_due, CAST(state AS BLOB),
        (SELECT max(seq) FROM timeline WHERE timeline.customer = customers.id) FROM customers;
    DROP TABLE customers;
    ALTER TABLE people RENAME TO customers;
    CREATE INDEX customers_due ON customers (next_due, id) WHERE next_due IS NOT NULL;
    DROP INDEX timeline_customer;
    CREATE TABLE sending (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        customer TEXT NOT NULL,
        at INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    INSERT INTO sending SELECT seq, id, customer, at, body FROM outbox;
    CREATE TABLE settled (seq INTEGER PRIMARY KEY, result TEXT NOT NULL) STRICT;
    INSERT INTO settled SELECT seq, result FROM outbox WHERE result IS NOT NULL;
    INSERT INTO meta VALUES ('settled', (
        SELECT coalesce((SELECT min(seq) - 1 FROM outbox WHERE result IS NULL), (SELECT max(seq) FROM outbox), 0)));
    DROP TABLE outbox;
    ALTER TABLE sending RENAME TO outbox;
";

/// Commits write into the log, and what it says moves into the tables later ([`super::log`]). Due instants are a table of their
/// own, so that they can be moved in their own order.
const LOG: &str = "
    CREATE TABLE log (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
    INSERT OR REPLACE INTO meta VALUES ('frozen', '0');
    CREATE TABLE due (at INTEGER NOT NULL, id TEXT NOT NULL, PRIMARY KEY (at, id)) WITHOUT ROWID, STRICT;
    INSERT INTO due SELECT next_due, id FROM customers WHERE next_due IS NOT NULL ORDER BY next_due, id;
    DROP INDEX customers_due;
";

/// The schema's version; 0 for a new file. Nothing is written before this has said that the file is ours.
pub(super) fn recognise(db: &Connection, path: &Path) -> Result<i64, StoreError> {
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

pub(super) fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Brings the schema up to date.
pub(super) fn migrate(db: &mut Connection, version: i64) -> rusqlite::Result<()> {
    if version == known() {
        return Ok(());
    }
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (number, (name, sql)) in (1_i64..).zip(MIGRATIONS).filter(|(number, _)| *number > version) {
        tx.execute_batch(sql)?;
        tx.execute("INSERT INTO migrations VALUES (?1, ?2)", params![number, name])?;
        tx.pragma_update(None, "user_version", number)?;
        tx.pragma_update(None, "application_id", APPLICATION)?;
    }
    tx.commit()
}

/// Counts this opening. Gives its number, and whether SQLite fills the last sector of each commit in its log.
///
/// It does so where it does not trust the file system to spare what lies beside a write that power interrupts. It trusts all
/// that come with it; it does not tell, but it counts: of a log that has gone into the database whole, a commit of one page makes
/// one that has one.
pub(super) fn begin(db: &Connection) -> rusqlite::Result<(u64, bool)> {
    let pages = || db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(1));
    pages()?;
    db.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'epoch'", [])?;
    // Where somebody reads meanwhile the log goes on, and nothing is known.
    let is_padded = pages()? != 1;
    Ok((stored(db, "epoch")?, is_padded))
}
