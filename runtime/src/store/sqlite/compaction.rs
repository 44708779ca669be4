//! Moves what a frozen memtable holds into the tables, a part with each commit, so that few commits take long: only where
//! a list is put in order, and where one is full before the other is moved, is more done at once.
//!
//! Each stage goes through its list in the order of the pages that it writes. A crash begins it anew, which changes nothing:
//! due instants are corrected by what the rows of customers say before, and these are written after all of them.

use std::sync::Arc;

use journey_spec::Ts;
use rusqlite::{Connection, OptionalExtension, params};

use super::memtable::Memtable;
use super::{Row, Rows, remember, signed};

/// What writing a customer's row costs, beside an input or a due instant.
const ROW: usize = 3;
/// How many bytes of the log cost as much to free as one of these.
const LOG: usize = 4096;

/// Where the moving of a memtable is.
#[derive(Debug)]
pub(super) struct Compaction {
    stage: Stage,
    /// How far the stage's list is done.
    done: usize,
    /// What is to be done in all, about, in writes of one entry.
    pub(super) work: usize,
    /// The newest row of the log that is moved.
    upto: i64,
}

#[derive(Debug)]
enum Stage {
    Inputs(Vec<Box<str>>),
    Rows(Vec<Arc<str>>, Vec<Place>),
    Due(Vec<Place>, Vec<(Ts, Arc<str>, bool)>),
    Customers(Vec<Place>),
    Log,
}

/// Where a customer's row is, if there is one, and when it says that something falls due.
#[derive(Clone, Debug)]
struct Place {
    number: Option<i64>,
    due: Option<Ts>,
    id: Arc<str>,
}

impl Compaction {
    /// Begins to move a memtable whose newest row of the log is `upto`.
    pub(super) fn of(frozen: &Memtable, upto: i64) -> Compaction {
        let mut ids: Vec<Box<str>> = frozen.taken.iter().cloned().collect();
        ids.sort_unstable();
        let customers = frozen.customers.len();
        // Each customer is found, has up to two due instants that change, and is written.
        let work = ids.len() + customers * (1 + 2 + ROW) + frozen.bytes / LOG + frozen.rows();
        Compaction { stage: Stage::Inputs(ids), done: 0, work, upto }
    }

    /// Does so much of it, about. Gives whether that is all.
    pub(super) fn go_on(
        &mut self,
        db: &Connection,
        frozen: &Memtable,
        rows: &mut Rows,
        mut writes: usize,
    ) -> rusqlite::Result<bool> {
        while writes > 0 {
            let did = match &mut self.stage {
                Stage::Inputs(ids) => inputs(db, rest(ids, self.done, writes))?,
                Stage::Rows(ids, places) => {
                    let some = rest(ids, self.done, writes);
                    places.extend(find(db, rows, some)?);
                    some.len()
                }
                Stage::Due(_, changes) => due(db, rest(changes, self.done, writes))?,
                Stage::Customers(places) => customers(db, frozen, rows, rest(places, self.done, writes.div_ceil(ROW)))?,
                Stage::Log => {
                    let freed = log(db, self.upto)?;
                    if freed == 0 {
                        return Ok(true);
                    }
                    writes = writes.saturating_sub((freed / LOG).max(1));
                    continue;
                }
            };
            self.done += did;
            let weight = if matches!(self.stage, Stage::Customers(_)) { ROW } else { 1 };
            writes = writes.saturating_sub(did * weight);
            if did == 0 {
                self.turn(frozen);
            }
        }
        Ok(false)
    }

    /// The stage's list is done.
    fn turn(&mut self, frozen: &Memtable) {
        self.done = 0;
        self.stage = match std::mem::replace(&mut self.stage, Stage::Log) {
            Stage::Inputs(_) => {
                let mut ids: Vec<Arc<str>> = frozen.customers.keys().cloned().collect();
                ids.sort_unstable();
                Stage::Rows(ids, Vec::new())
            }
            Stage::Rows(_, places) => {
                let mut changes = Vec::new();
                for place in &places {
                    let next = frozen.customers.get(&place.id).and_then(|newest| newest.next_due);
                    if next != place.due {
                        changes.extend(place.due.map(|at| (at, Arc::clone(&place.id), false)));
                        changes.extend(next.map(|at| (at, Arc::clone(&place.id), true)));
                    }
                }
                changes.sort_unstable();
                Stage::Due(places, changes)
            }
            Stage::Due(mut places, _) => {
                // New ones come last, in the order of their ids.
                places.sort_unstable_by(|a, b| {
                    let key = |place: &Place| place.number.unwrap_or(i64::MAX);
                    key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
                });
                Stage::Customers(places)
            }
            Stage::Customers(_) | Stage::Log => Stage::Log,
        };
    }
}

fn rest<T>(list: &[T], done: usize, most: usize) -> &[T] {
    let rest = list.get(done..).unwrap_or_default();
    rest.get(..most).unwrap_or(rest)
}

fn inputs(db: &Connection, ids: &[Box<str>]) -> rusqlite::Result<usize> {
    let mut add = db.prepare_cached("INSERT INTO inputs VALUES (?1) ON CONFLICT DO NOTHING")?;
    for id in ids {
        add.execute([id])?;
    }
    Ok(ids.len())
}

fn find(db: &Connection, rows: &Rows, ids: &[Arc<str>]) -> rusqlite::Result<Vec<Place>> {
    let mut query = db.prepare_cached("SELECT number, next_due FROM customers WHERE id = ?1")?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let (number, due) = match rows.get(id.as_ref()) {
            Some(row) => (Some(row.number), row.next_due),
            None => {
                let read = |row: &rusqlite::Row<'_>| Ok((Some(row.get(0)?), row.get(1)?));
                query.query_row([id], read).optional()?.unwrap_or_default()
            }
        };
        found.push(Place { number, due, id: Arc::clone(id) });
    }
    Ok(found)
}

fn due(db: &Connection, changes: &[(Ts, Arc<str>, bool)]) -> rusqlite::Result<usize> {
    let mut add = db.prepare_cached("INSERT INTO due VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
    let mut remove = db.prepare_cached("DELETE FROM due WHERE at = ?1 AND id = ?2")?;
    for (at, id, is_new) in changes {
        if *is_new { &mut add } else { &mut remove }.execute(params![at, id])?;
    }
    Ok(changes.len())
}

fn customers(db: &Connection, frozen: &Memtable, rows: &mut Rows, places: &[Place]) -> rusqlite::Result<usize> {
    let mut insert =
        db.prepare_cached("INSERT INTO customers (id, revision, next_due, state, told) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let mut update = db
        .prepare_cached("UPDATE customers SET revision = ?2, next_due = ?3, state = ?4, told = ?5 WHERE number = ?1")?;
    for Place { number, id, .. } in places {
        let Some((newest, state)) = frozen.customer(id) else { continue };
        let revision = signed(newest.revision);
        let number = match number {
            Some(number) => {
                update.execute(params![number, revision, newest.next_due, state, newest.told])?;
                *number
            }
            None => insert.insert(params![id, revision, newest.next_due, state, newest.told])?,
        };
        let (revision, next_due, told) = (newest.revision, newest.next_due, newest.told);
        remember(rows, id, Row { number, revision, next_due, told });
    }
    Ok(places.len())
}

/// Frees the log's oldest row up to this one; gives how long it was, and 0 where there is none.
fn log(db: &Connection, upto: i64) -> rusqlite::Result<usize> {
    let oldest = "SELECT seq, length(body) FROM log WHERE seq <= ?1 ORDER BY seq LIMIT 1";
    let oldest = db.prepare_cached(oldest)?.query_row([upto], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((seq, length)): Option<(i64, i64)> = oldest else { return Ok(0) };
    db.prepare_cached("DELETE FROM log WHERE seq = ?1")?.execute([seq])?;
    Ok(usize::try_from(length).unwrap_or(usize::MAX).max(1))
}
