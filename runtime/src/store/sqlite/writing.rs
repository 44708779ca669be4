//! What a commit writes.

use std::collections::{BTreeSet, HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::log::Log;
use super::memtable::{Logged, LoggedCustomer};
use super::{Mark, OWN, Row, Rows, USUAL, failed, remember, signed, stored};
use crate::store::{Batch, CommitOutcome, FORGOTTEN, Settled, StoreError, names};

/// Why a batch is not written.
pub(super) enum Refuse {
    Outcome(CommitOutcome),
    Error(StoreError),
}

impl From<rusqlite::Error> for Refuse {
    fn from(error: rusqlite::Error) -> Refuse {
        Refuse::Error(failed(&error))
    }
}

/// Writes a batch within a transaction. `absent` are inputs that are known not to be taken.
pub(super) fn write(
    db: &Connection,
    epoch: u64,
    batch: &Batch,
    outbox: &mut Mark,
    rows: &mut Rows,
    log: &mut Log,
    absent: &HashSet<String>,
) -> Result<(), Refuse> {
    if stored(db, "epoch")? != epoch {
        return Err(Refuse::Outcome(CommitOutcome::Fenced));
    }
    let taken = taken(db, batch, log, absent)?;
    for customer in &batch.forget {
        forget(db, customer, outbox)?;
    }
    let mut known = Known {
        log,
        rows,
        find: db.prepare_cached("SELECT number, revision, next_due, told FROM customers WHERE id = ?1")?,
    };
    let carried = carried(db, batch, &mut known)?;
    let logged = Logged { taken, customers: customers(db, batch, &mut known, &carried)? };
    drop(known);
    log.commit(db, logged, rows).map_err(Refuse::Error)?;
    write_addresses(db, batch)?;
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
    if !batch.forget.is_empty() {
        // Older states of theirs are in the log.
        log.erase(db, rows)?;
    }
    Ok(())
}

/// The inputs that are taken, none of which was before.
fn taken<'a>(db: &Connection, batch: &'a Batch, log: &Log, absent: &HashSet<String>) -> Result<Vec<&'a str>, Refuse> {
    let mut query = db.prepare_cached("SELECT 1 FROM inputs WHERE id = ?1")?;
    let mut taken = HashSet::with_capacity(batch.taken.len());
    for id in &batch.taken {
        if !taken.insert(id.as_str()) || (!absent.contains(id) && (log.is_taken(id) || query.exists([id])?)) {
            return Err(Refuse::Outcome(CommitOutcome::Duplicate));
        }
    }
    Ok(batch.taken.iter().map(String::as_str).collect())
}

/// What is known of customers before a commit.
struct Known<'a> {
    log: &'a Log,
    rows: &'a mut Rows,
    find: rusqlite::CachedStatement<'a>,
}

impl Known<'_> {
    /// A customer's revision and newest row of the timeline.
    fn of(&mut self, id: &str) -> rusqlite::Result<Option<(u64, Option<i64>)>> {
        if let Some((newest, _)) = self.log.customer(id) {
            return Ok(Some((newest.revision, newest.told)));
        }
        if let Some(row) = self.rows.get(id) {
            return Ok(Some((row.revision, row.told)));
        }
        let read = |row: &rusqlite::Row<'_>| {
            let revision = row.get::<_, i64>(1)?.unsigned_abs();
            Ok(Row { number: row.get(0)?, revision, next_due: row.get(2)?, told: row.get(3)? })
        };
        let found = self.find.query_row([id], read).optional()?;
        if let Some(row) = found {
            remember(self.rows, id, row);
        }
        Ok(found.map(|row| (row.revision, row.told)))
    }
}

/// A customer whose timeline changes and nothing else.
struct Carried<'a> {
    id: &'a str,
    state: Vec<u8>,
    next_due: Option<i64>,
}

/// The customers who are not written, and whose timelines go on or are erased.
fn carried<'a>(db: &Connection, batch: &'a Batch, known: &mut Known<'_>) -> Result<Vec<Carried<'a>>, Refuse> {
    let told = batch.timeline.iter().map(|row| &row.customer).chain(&batch.forget);
    let written: HashSet<&str> = batch.customers.iter().map(|write| write.id.as_str()).collect();
    let others: BTreeSet<&str> = told.map(String::as_str).filter(|id| !written.contains(id)).collect();
    let mut carried = Vec::new();
    for id in others {
        let (state, next_due) = if let Some((newest, state)) = known.log.customer(id) {
            (state.to_vec(), newest.next_due)
        } else {
            let mut query = db.prepare_cached("SELECT state, next_due FROM customers WHERE id = ?1")?;
            match query.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()? {
                Some(found) => found,
                None if batch.forget.iter().any(|forgotten| forgotten == id) => continue,
                None => {
                    let why = format!("a timeline of customer `{id}`, who is not known");
                    return Err(Refuse::Error(StoreError::Damaged(why)));
                }
            }
        };
        carried.push(Carried { id, state, next_due });
    }
    Ok(carried)
}

/// Adds to timelines, and gives the customers as they are from now on.
fn customers<'a>(
    db: &Connection,
    batch: &'a Batch,
    known: &mut Known<'_>,
    carried: &'a [Carried<'a>],
) -> Result<Vec<LoggedCustomer<'a>>, Refuse> {
    let mut entries: HashMap<&str, Vec<&str>> = HashMap::with_capacity(batch.customers.len());
    for row in &batch.timeline {
        entries.entry(&row.customer).or_default().push(&row.entry);
    }
    let forgotten: HashSet<&str> = batch.forget.iter().map(String::as_str).collect();
    let mut add = db.prepare_cached("INSERT INTO timeline (customer, entry, previous) VALUES (?1, ?2, ?3)")?;
    // Adds entries of one commit to a customer's timeline, as one row; gives the newest row.
    let mut tell = |id: &str, told: Option<i64>| {
        let told = told.filter(|_| !forgotten.contains(id));
        match entries.get(id).map(Vec::as_slice).unwrap_or_default() {
            [] => Ok(told),
            [entry] => add.insert(params![id, entry, told]).map(Some),
            several => add.insert(params![id, several.join("\n"), told]).map(Some),
        }
    };
    let mut customers = Vec::with_capacity(batch.customers.len() + carried.len());
    for write in &batch.customers {
        let found = known.of(&write.id)?;
        if found.map(|(revision, _)| revision) != write.expected {
            return Err(Refuse::Outcome(CommitOutcome::Fenced));
        }
        let told = tell(&write.id, found.and_then(|(_, told)| told))?;
        let revision = write.expected.map_or(1, |revision| revision.saturating_add(1));
        let (id, next_due, state) = (write.id.as_str(), write.next_due, write.state.as_slice());
        customers.push(LoggedCustomer { id, revision, next_due, told, state });
    }
    for Carried { id, state, next_due } in carried {
        let Some((revision, told)) = known.of(id)? else { continue };
        let told = tell(id, told)?;
        customers.push(LoggedCustomer { id, revision, next_due: *next_due, told, state });
    }
    Ok(customers)
}

fn write_addresses(db: &Connection, batch: &Batch) -> rusqlite::Result<()> {
    let mut forget = db.prepare_cached("DELETE FROM addresses WHERE customer = ?1")?;
    let mut add = db.prepare_cached("INSERT INTO addresses VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
    for (write, addresses) in batch.customers.iter().filter_map(|write| Some((write, write.addresses.as_ref()?))) {
        forget.execute([&write.id])?;
        for text in addresses {
            add.execute(params![text, write.id])?;
        }
    }
    Ok(())
}

/// Erases what is kept of a customer beside the state. Looks through whole tables: it is asked for rarely.
fn forget(db: &Connection, customer: &str, mark: &mut Mark) -> rusqlite::Result<()> {
    db.execute("DELETE FROM timeline WHERE customer = ?1", [customer])?;
    let mut rows = db.prepare("SELECT seq FROM outbox WHERE customer = ?1")?;
    let rows = rows.query_map([customer], |row| Ok(row.get::<_, i64>(0)?.unsigned_abs()))?;
    let settled = rows.map(|seq| Ok(Settled { seq: seq?, result: "forgotten".into() }));
    let settled = settled.collect::<rusqlite::Result<Vec<_>>>()?;
    write_outbox(db, &Batch { settled, ..Batch::default() }, mark)?;
    db.execute("UPDATE outbox SET body = ?2 WHERE customer = ?1", [customer, FORGOTTEN])?;
    db.execute("DELETE FROM dead_letters WHERE instr(raw, ?1) > 0", [names(customer)])?;
    Ok(())
}

pub(super) fn write_meta(db: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    db.prepare_cached(sql)?.execute(params![name, value])?;
    Ok(())
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
