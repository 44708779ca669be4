//! All stores keep the laws, and SQLite refuses what is not its own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::cell::Cell;
use std::path::Path;

use journey_runtime::StoreError;
use journey_runtime::store::conformance::{Place, in_doubt, run};
use journey_runtime::store::sim::{Fault, Faults, Sim};
use journey_runtime::store::{Batch, CommitOutcome, Memory, Sqlite, Store};

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

#[test]
fn sqlite_keeps_the_laws() {
    let dir = tempfile::tempdir().unwrap();
    let number = Cell::new(0);
    let fresh = || -> Place {
        number.set(number.get() + 1);
        let path = dir.path().join(format!("{}.db", number.get()));
        Box::new(move || Ok(Box::new(Sqlite::open(&path)?)))
    };
    run(fresh).unwrap();
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
