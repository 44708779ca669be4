//! All stores keep the laws, and SQLite refuses what is not its own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod logged;

use std::cell::Cell;
use std::path::Path;

use journey_runtime::StoreError;
use journey_runtime::store::conformance::{Place, in_doubt, run};
use journey_runtime::store::sim::{Fault, Faults, Sim};
use journey_runtime::store::{Batch, CommitOutcome, CustomerWrite, Memory, Sqlite, Store, TimelineAdd};

#[test]
fn memory_keeps_the_laws() {
    let fresh = || -> Place {
        let memory = Memory::new();
        Box::new(move || Ok(Box::new(memory.reopen())))
    };
    run(fresh).unwrap();
}

#[test]
fn a_simulated_store_keeps_the_laws_while_nothing_fails() {
    let fresh = || -> Place {
        let sim = Sim::new(1);
        Box::new(move || Ok(Box::new(sim.reopen())))
    };
    run(fresh).unwrap();
}

#[test]
fn a_simulated_store_in_doubt_tells_when_it_is_opened_again() {
    for fault in [Fault::Lost, Fault::Kept] {
        let sim = std::rc::Rc::new(Sim::new(1));
        let place: Place = {
            let sim = std::rc::Rc::clone(&sim);
            Box::new(move || Ok(Box::new(sim.reopen())))
        };
        in_doubt(&place, || sim.force(fault)).unwrap();
        assert_eq!(place().unwrap().taken(&["i1"]).unwrap(), [fault == Fault::Kept]);
    }
}

/// What each fault says, what is kept of it, and whether the opening goes on.
#[test]
fn each_simulated_fault_is_what_it_says() {
    let batch = |id: &str| Batch { taken: vec![id.into()], ..Batch::default() };
    for (fault, words, goes_on) in [
        (Fault::Failed, "Err(Io(\"a simulated write failed\"))", true),
        (Fault::Full, "Err(Full)", true),
        (Fault::Lost, "Ok(Unknown)", false),
        (Fault::Kept, "Ok(Unknown)", false),
        (Fault::Fenced, "Ok(Fenced)", false),
        (Fault::Crashed, "Err(Io(\"the simulated process ended\"))", false),
    ] {
        let mut sim = Sim::new(1);
        let epoch = sim.epoch();
        sim.force(fault);
        assert_eq!(format!("{:?}", sim.commit(epoch, &batch("a"))), words);
        assert_eq!(sim.kept().taken(&["a"]).unwrap(), [fault == Fault::Kept], "{fault:?}");
        assert_eq!(matches!(sim.commit(epoch, &batch("b")), Ok(CommitOutcome::Committed)), goes_on, "{fault:?}");
        assert_eq!(sim.happened().into_iter().collect::<Vec<_>>(), [(fault, 1)]);
        let mut again = sim.reopen();
        let epoch = again.epoch();
        assert_eq!(again.commit(epoch, &batch("c")).unwrap(), CommitOutcome::Committed);
        assert_eq!(again.taken(&["c"]).unwrap(), [true]);
    }
    let mut sim = Sim::new(1);
    sim.force(Fault::Read);
    assert!(matches!(sim.taken(&["a"]), Err(StoreError::Io(_))));
    assert_eq!(sim.taken(&["a"]).unwrap(), [false]);
}

#[test]
fn a_seed_fails_at_the_same_calls_and_as_often_as_it_is_told() {
    let run = |seed| {
        let sim = Sim::new(seed);
        sim.set_faults(Faults { failed: 100, full: 200, ..Faults::default() });
        let mut store = sim.reopen();
        let epoch = store.epoch();
        let outcomes: Vec<_> = (0..20_000).map(|_| store.commit(epoch, &Batch::default()).is_ok()).collect();
        (outcomes, sim.happened())
    };
    let (outcomes, happened) = run(7);
    assert_eq!(run(7), (outcomes.clone(), happened.clone()));
    assert_ne!(run(8).0, outcomes);
    assert!(
        (150..250).contains(&happened[&Fault::Failed]) && (320..480).contains(&happened[&Fault::Full]),
        "{happened:?}"
    );
}

/// Also where everything goes into the tables at the next commit, or after a few, or in parts.
#[test]
fn sqlite_keeps_the_laws() {
    for limit in [None, Some(0), Some(200), Some(2000)] {
        let dir = tempfile::tempdir().unwrap();
        let number = Cell::new(0);
        let fresh = || -> Place {
            number.set(number.get() + 1);
            let path = dir.path().join(format!("{}.db", number.get()));
            Box::new(move || {
                let mut store = Sqlite::open(&path)?;
                if let Some(limit) = limit {
                    store.limit_log(limit);
                }
                Ok(Box::new(store))
            })
        };
        run(fresh).unwrap_or_else(|how| panic!("with a log of {limit:?} bytes: {how}"));
    }
}

fn refusal(path: &Path) -> String {
    let before = std::fs::read(path).unwrap();
    let error = Sqlite::open(path).unwrap_err();
    assert_eq!(std::fs::read(path).unwrap(), before, "a refused file is left as it is");
    error.to_string()
}

#[test]
fn a_file_of_something_else_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for content in ["hello", &"long text ".repeat(1000)] {
        let path = dir.path().join("notes.txt");
        std::fs::write(&path, content).unwrap();
        let words = refusal(&path);
        assert!(words.contains("notes.txt` is not a Journey store (it is not a SQLite file)"), "{words}");
    }
}

#[test]
fn a_sqlite_file_of_something_else_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("shop.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("CREATE TABLE orders (id)").unwrap();
    drop(db);
    let words = refusal(&path);
    assert!(words.contains("shop.db` is not a Journey store"), "{words}");
}

#[test]
fn a_newer_store_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journeys.db");
    drop(Sqlite::open(&path).unwrap());
    let db = rusqlite::Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let words = Sqlite::open(&path).unwrap_err().to_string();
    assert!(words.contains("journeys.db` has version 99") && words.contains("use the newer program"), "{words}");
}

#[test]
fn a_store_is_open_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journeys.db");
    let first = Sqlite::open(&path).unwrap();
    assert!(matches!(Sqlite::open(&path), Err(StoreError::Locked { .. })));
    let mut reader = Sqlite::read(&path).unwrap();
    assert!(reader.customers(None, 1).unwrap().is_empty());
    assert!(matches!(reader.commit(1, &Batch::default()), Err(StoreError::ReadOnly)));
    drop(first);
    Sqlite::open(&path).unwrap();
}

#[test]
fn a_missing_folder_is_named() {
    let words = Sqlite::open("/nowhere/at/all/journeys.db").unwrap_err().to_string();
    assert_eq!(
        words,
        "the store `/nowhere/at/all/journeys.db` cannot be opened: the folder `/nowhere/at/all` does not exist; make it first"
    );
    assert!(Sqlite::read("/nowhere/journeys.db").is_err());
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&link, &link).unwrap();
    for (path, words) in [
        (Path::new("/dev/full"), "is not a Journey store (it is not a regular file)"),
        (dir.path(), "is not a Journey store (it is a folder)"),
        (&link, "cannot be opened: it is a link that leads back to itself"),
    ] {
        let error = Sqlite::open(path).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_full_disk_is_told_and_nothing_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journeys.db");
    drop(Sqlite::open(&path).unwrap());
    let mut store = Sqlite::open(&path).unwrap();
    store.limit_pages(80).unwrap();
    let big = Batch { taken: (0..20_000).map(|n| format!("input {n:>200}")).collect(), ..Batch::default() };
    let epoch = store.epoch();
    assert!(matches!(store.commit(epoch, &big), Err(StoreError::Full)));
    assert_eq!(store.taken(&[&big.taken[0]]).unwrap(), [false]);
    drop(store);
    let mut store = Sqlite::open(&path).unwrap();
    assert_eq!(store.taken(&[&big.taken[0]]).unwrap(), [false]);
}

/// A store as version 1 wrote it, with what it left open.
const FIRST: &str = "
    PRAGMA application_id = 1246907993;
    PRAGMA user_version = 1;
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;
    INSERT INTO meta VALUES ('epoch', '7'), ('clock', '5');
    CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
    INSERT INTO migrations VALUES (1, 'first');
    CREATE TABLE inputs (id TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;
    INSERT INTO inputs VALUES ('i1');
    CREATE TABLE customers (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL, next_due INTEGER,
        state TEXT NOT NULL) STRICT;
    INSERT INTO customers VALUES (1, 'a', 3, 10, '{}'), (2, 'b', 1, NULL, '{\"é\": 1}');
    CREATE INDEX customers_due ON customers (next_due, id) WHERE next_due IS NOT NULL;
    CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, customer TEXT NOT NULL,
        at INTEGER NOT NULL, body TEXT NOT NULL, result TEXT) STRICT;
    INSERT INTO outbox VALUES (1, 'm1', 'a', 5, '1', 'delivered'), (2, 'm2', 'a', 5, '2', NULL), (3, 'm3', 'b', 6, '3', 'delivered'),
        (4, 'm4', 'b', 6, '4', 'rejected: no'), (5, 'm5', 'b', 7, '5', NULL);
    CREATE INDEX outbox_open ON outbox (seq) WHERE result IS NULL;
    CREATE TABLE timeline (seq INTEGER PRIMARY KEY, customer TEXT NOT NULL, entry TEXT NOT NULL) STRICT;
    INSERT INTO timeline VALUES (1, 'a', 't1'), (2, 'b', 'u1'), (3, 'a', 't2'), (4, 'a', 't3');
    CREATE INDEX timeline_customer ON timeline (customer, seq);
    CREATE TABLE dead_letters (seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, line INTEGER NOT NULL,
        reason TEXT NOT NULL, raw TEXT NOT NULL) STRICT;
    CREATE TABLE addresses (address TEXT NOT NULL, customer TEXT NOT NULL, PRIMARY KEY (address, customer)) WITHOUT ROWID, STRICT;
    CREATE INDEX addresses_customer ON addresses (customer);
    CREATE TABLE stopped (address TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;
    INSERT INTO stopped VALUES ('+1');
";

#[test]
fn a_store_of_the_first_version_is_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journeys.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(FIRST).unwrap();
    let words = Sqlite::read(&path).unwrap_err().to_string();
    assert!(words.contains("cannot be opened: it has version 1, which only a run brings up to version 3"), "{words}");
    let mut store = Sqlite::open(&path).unwrap();
    assert_eq!(store.epoch(), 8);
    let found: Vec<_> = store.load(&["a", "b"]).unwrap().into_iter().flatten().collect();
    assert_eq!((found[0].state.as_slice(), found[0].revision, found[0].next_due), (b"{}".as_slice(), 3, Some(10)));
    assert_eq!(found[1].state, "{\"é\": 1}".as_bytes());
    assert_eq!(store.timeline("a").unwrap(), ["t1", "t2", "t3"]);
    assert_eq!(store.timeline("b").unwrap(), ["u1"]);
    let results: Vec<_> = store.outbox(0, 9).unwrap().into_iter().map(|r| (r.id, r.result)).collect();
    let told = |id: &str, result: Option<&str>| (id.to_owned(), result.map(str::to_owned));
    assert_eq!(
        results,
        [
            told("m1", Some("delivered")),
            told("m2", None),
            told("m3", Some("delivered")),
            told("m4", Some("rejected: no")),
            told("m5", None)
        ]
    );
    let open: Vec<String> = store.claim_outbox(0, 9).unwrap().into_iter().map(|r| r.id).collect();
    assert_eq!(open, ["m2", "m5"]);
    assert_eq!(store.due(None, 99, 9).unwrap(), [(10, "a".to_owned())]);
    assert_eq!(store.next_due().unwrap(), Some(10));
    assert_eq!(store.taken(&["i1", "i2"]).unwrap(), [true, false]);
    assert_eq!(store.stopped(&["+1"]).unwrap(), ["+1"]);
    assert_eq!(store.meta("clock").unwrap().as_deref(), Some("5"));
    // And it goes on as any other.
    let write = CustomerWrite { id: "a".into(), state: vec![1], expected: Some(3), next_due: None, addresses: None };
    let entry = TimelineAdd { customer: "a".into(), entry: "t4".into() };
    let batch = Batch { customers: vec![write], timeline: vec![entry], ..Batch::default() };
    assert_eq!(store.commit(8, &batch).unwrap(), CommitOutcome::Committed);
    assert_eq!(store.timeline("a").unwrap(), ["t1", "t2", "t3", "t4"]);
}

/// Version 2, with somebody in it.
#[test]
fn a_store_of_the_second_version_is_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journeys.db");
    let write = |id: &str, next_due| CustomerWrite {
        id: id.into(),
        state: id.as_bytes().to_vec(),
        expected: None,
        next_due,
        addresses: None,
    };
    let batch = Batch {
        taken: vec!["i1".into()],
        customers: vec![write("a", Some(10)), write("b", None), write("c", Some(7))],
        timeline: vec![TimelineAdd { customer: "a".into(), entry: "t1".into() }],
        ..Batch::default()
    };
    let mut store = Sqlite::open(&path).unwrap();
    store.limit_log(0);
    for batch in [batch, Batch { taken: vec!["i2".into()], ..Batch::default() }] {
        assert_eq!(store.commit(1, &batch).unwrap(), CommitOutcome::Committed);
    }
    drop(store);
    // As version 2 had it: what is in the log now was in the tables.
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch(
        "DROP TABLE log; DROP TABLE due; DELETE FROM meta WHERE name = 'frozen'; DELETE FROM migrations WHERE version = 3;
         INSERT OR IGNORE INTO inputs VALUES ('i2');
         CREATE INDEX customers_due ON customers (next_due, id) WHERE next_due IS NOT NULL; PRAGMA user_version = 2;",
    )
    .unwrap();
    drop(db);
    assert!(Sqlite::read(&path).unwrap_err().to_string().contains("it has version 2"));
    let mut store = Sqlite::open(&path).unwrap();
    assert_eq!(store.due(None, 99, 9).unwrap(), [(7, "c".to_owned()), (10, "a".to_owned())]);
    assert_eq!(store.taken(&["i1", "i2", "i3"]).unwrap(), [true, true, false]);
    assert_eq!(store.timeline("a").unwrap(), ["t1"]);
    assert_eq!(store.customers(None, 9).unwrap(), ["a", "b", "c"]);
    let later = CustomerWrite { expected: Some(1), ..write("a", None) };
    let batch = Batch { customers: vec![later], ..Batch::default() };
    assert_eq!(store.commit(2, &batch).unwrap(), CommitOutcome::Committed);
    drop(store);
    assert_eq!(Sqlite::read(&path).unwrap().due(None, 99, 9).unwrap(), [(7, "c".to_owned())]);
}
