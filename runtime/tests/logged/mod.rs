//! What a SQLite store has in its log and what it has in its tables are together what a store in memory has, wherever the
//! moving from one to the other is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use journey_runtime::store::{
    Batch, CommitOutcome, CustomerWrite, DeadLetter, Memory, OutboxAdd, Settled, Sqlite, Store, TimelineAdd,
};
use proptest::prelude::*;

/// A step of a random run. Numbers stand for customers and inputs.
#[derive(Clone, Debug)]
enum Do {
    Commit(Commit),
    /// An input that was taken before comes again.
    Again(Commit),
    /// Somebody has an older revision.
    Behind(Commit),
    /// There is no room for it.
    Full(Commit),
    Reopen(usize),
}

#[derive(Clone, Debug)]
struct Commit {
    inputs: usize,
    /// Who is written, how long the state is, and what falls due when.
    customers: BTreeMap<u8, (usize, Option<i64>)>,
    told: BTreeSet<u8>,
    forgotten: Option<u8>,
}

fn commit() -> impl Strategy<Value = Commit> {
    let written = proptest::collection::btree_map(0_u8..12, (0_usize..300, proptest::option::of(0_i64..40)), 0..6);
    let forgotten = proptest::option::weighted(0.05, 0_u8..12);
    (0_usize..5, written, proptest::collection::btree_set(0_u8..12, 0..4), forgotten)
        .prop_map(|(inputs, customers, told, forgotten)| Commit { inputs, customers, told, forgotten })
}

/// How many bytes a log may have. With the last, nothing leaves it.
const LIMITS: [usize; 6] = [0, 100, 700, 2_000, 10_000, 1 << 20];

fn step() -> impl Strategy<Value = Do> {
    prop_oneof![
        12 => commit().prop_map(Do::Commit),
        1 => commit().prop_map(Do::Again),
        1 => commit().prop_map(Do::Behind),
        1 => commit().prop_map(Do::Full),
        2 => (0..LIMITS.len()).prop_map(Do::Reopen),
    ]
}

fn id(n: u8) -> String {
    format!("customer {n}")
}

/// The batch, with the revisions that the store has.
fn batch(commit: &Commit, number: usize, memory: &mut Memory) -> Batch {
    let mut batch = Batch {
        taken: (0..commit.inputs).map(|n| format!("input {} {number}", n * 7919 % 101)).collect(),
        meta: vec![("count".into(), number.to_string())],
        forget: commit.forgotten.into_iter().map(id).collect(),
        ..Batch::default()
    };
    for (n, (length, next_due)) in &commit.customers {
        let expected = memory.load(&[&id(*n)]).unwrap()[0].as_ref().map(|record| record.revision);
        let state = format!("{number} {}", "s".repeat(*length)).into_bytes();
        let addresses = (length % 7 == 0).then(|| vec![format!("+{}", length % 3)]);
        batch.customers.push(CustomerWrite { id: id(*n), state, expected, next_due: *next_due, addresses });
        batch.outbox.push(OutboxAdd {
            id: format!("m{number} {n}"),
            customer: id(*n),
            at: 5,
            body: "b".repeat(*length),
        });
    }
    let known = memory.customers(None, 99).unwrap();
    let is_known = |n: &u8| commit.customers.contains_key(n) || known.contains(&id(*n));
    for n in commit.told.iter().filter(|n| is_known(n)) {
        for entry in ["told", "again"] {
            batch.timeline.push(TimelineAdd { customer: id(*n), entry: format!("{entry} {number}") });
        }
    }
    if number.is_multiple_of(3) {
        let newest = memory.outbox(0, usize::MAX).unwrap().len() as u64;
        batch.settled = vec![Settled { seq: newest, result: "delivered".into() }];
        let raw = format!("{{\"customer\":\"{}\"}}", id(1));
        batch.dead_letters = vec![DeadLetter { key: number.to_string(), at: 7, line: 3, reason: "why".into(), raw }];
    }
    batch
}

/// All that a store holds, asked for in portions.
fn holds(store: &mut dyn Store, inputs: &[String]) -> String {
    let mut all = String::new();
    let (mut customers, mut after) = (Vec::new(), None);
    loop {
        let some = store.customers(after.as_deref(), 3).unwrap();
        let Some(last) = some.last().cloned() else { break };
        after = Some(last);
        customers.extend(some);
    }
    let ids: Vec<&str> = customers.iter().map(String::as_str).collect();
    for (id, record) in ids.iter().zip(store.load(&ids).unwrap()) {
        all += &format!("{id}: {record:?} {:?}\n", store.timeline(id).unwrap());
    }
    let mut after: Option<(i64, String)> = None;
    loop {
        let some = store.due(after.as_ref().map(|(at, id)| (*at, id.as_str())), 30, 2).unwrap();
        let Some(last) = some.last().cloned() else { break };
        all += &format!("{some:?} ");
        after = Some(last);
    }
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    all += &format!("{:?} {:?}\n", store.next_due().unwrap(), store.taken(&inputs).unwrap());
    all += &format!("{:?}\n{:?}\n", store.outbox(0, usize::MAX).unwrap(), store.claim_outbox(0, usize::MAX).unwrap());
    for address in ["+0", "+1", "+2"] {
        all += &format!("{:?} ", store.customers_with_address(address).unwrap());
    }
    all + &format!("{:?} {:?}", store.meta("count").unwrap(), store.dead_letters().unwrap())
}

/// Changes both stores alike.
fn both(store: &mut Sqlite, memory: &mut Memory, batch: &Batch) -> CommitOutcome {
    let (ours, theirs) = (store.epoch(), memory.epoch());
    let outcome = store.commit(ours, batch).unwrap();
    assert_eq!(memory.commit(theirs, batch).unwrap(), outcome);
    outcome
}

fn run(path: &Path, first: usize, steps: &[Do]) {
    let open = |limit: usize| {
        let mut store = Sqlite::open(path).unwrap();
        store.limit_log(LIMITS[limit]);
        store
    };
    let (mut store, mut memory) = (open(first), Memory::new());
    let mut reader = Sqlite::read(path).unwrap();
    let mut inputs = vec!["never".to_owned()];
    for (number, step) in steps.iter().enumerate() {
        let number = number + 1;
        match step {
            Do::Commit(commit) => {
                let batch = batch(commit, number, &mut memory);
                // Some look whether an input is taken before they take it, as the engine does.
                if number.is_multiple_of(2) {
                    let ids: Vec<&str> = batch.taken.iter().map(String::as_str).collect();
                    assert!(!store.taken(&ids).unwrap().contains(&true));
                }
                inputs.extend(batch.taken.iter().cloned());
                assert_eq!(both(&mut store, &mut memory, &batch), CommitOutcome::Committed);
            }
            Do::Again(commit) => {
                let mut batch = batch(commit, number, &mut memory);
                let Some(before) = inputs.get(1..).and_then(|taken| taken.get(number * 31 % taken.len().max(1))) else {
                    continue;
                };
                store.taken(&[before.as_str()]).unwrap();
                batch.taken.push(before.clone());
                assert_eq!(both(&mut store, &mut memory, &batch), CommitOutcome::Duplicate);
            }
            Do::Behind(commit) => {
                let mut batch = batch(commit, number, &mut memory);
                let Some(write) = batch.customers.first_mut() else { continue };
                write.expected = Some(write.expected.map_or(3, |revision| revision - 1));
                assert_eq!(both(&mut store, &mut memory, &batch), CommitOutcome::Fenced);
            }
            Do::Full(commit) => {
                let mut batch = batch(commit, number, &mut memory);
                batch.meta.push(("much".into(), "x".repeat(3 << 20)));
                store.limit_pages(600).unwrap();
                let epoch = store.epoch();
                assert!(matches!(store.commit(epoch, &batch), Err(journey_runtime::StoreError::Full)));
                store.limit_pages(u32::MAX - 1).unwrap();
            }
            Do::Reopen(limit) => {
                drop(store);
                store = open(*limit);
            }
        }
        let expected = holds(&mut memory, &inputs);
        assert_eq!(holds(&mut store, &inputs), expected, "after step {number}");
        assert_eq!(holds(&mut reader, &inputs), expected, "to a reader, after step {number}");
        let mut reader = Sqlite::read(path).unwrap();
        assert_eq!(holds(&mut reader, &inputs), expected, "to who comes now, after step {number}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
    #[test]
    fn the_log_and_the_tables_are_one_store(first in 0..LIMITS.len(), steps in proptest::collection::vec(step(), 1..60)) {
        let dir = tempfile::tempdir().unwrap();
        run(&dir.path().join("journeys.db"), first, &steps);
    }
}

/// Of who is forgotten nothing is left in the files once they are closed: not of what is in the log, of what left it before, and
/// of states that were written over in between, short and long.
#[test]
fn nothing_of_who_is_forgotten_is_left_in_the_file() {
    for (limit, times) in [(1 << 20, 1), (0, 2), (0, 9), (20_000, 60), (0, 60)] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journeys.db");
        let mut store = Sqlite::open(&path).unwrap();
        store.limit_log(limit);
        let epoch = store.epoch();
        let write = |id: &str, state: String, expected| CustomerWrite {
            id: id.into(),
            state: state.into_bytes(),
            expected,
            next_due: None,
            addresses: Some(vec![format!("{id}'s address")]),
        };
        for n in 0..times {
            // Others come, grow and shrink beside them, so that pages split and rows move.
            let expected = (n > 0).then_some(n);
            let long = |k: u64| usize::try_from((n * 7919 + k * 613) % 1_700).unwrap();
            let mut batch = Batch::default();
            for k in 0..20 {
                let id = format!("other {k}");
                batch.customers.push(write(&id, "o".repeat(long(k)), expected));
                batch.timeline.push(TimelineAdd { customer: id.clone(), entry: "e".repeat(long(k) / 3) });
                batch.outbox.push(OutboxAdd {
                    id: format!("{n} {k}"),
                    customer: id,
                    at: 1,
                    body: "b".repeat(long(k) / 2),
                });
            }
            let state = "a secret state ".repeat(if n % 3 == 1 { 2_000 } else { 1 + long(3) / 20 });
            batch.customers.push(write("secret", state, expected));
            batch.timeline.push(TimelineAdd { customer: "secret".into(), entry: "a secret entry".into() });
            let body = "a secret body ".repeat(1 + long(5) / 20);
            batch.outbox.push(OutboxAdd { id: format!("{n}"), customer: "secret".into(), at: 1, body });
            assert_eq!(store.commit(epoch, &batch).unwrap(), CommitOutcome::Committed);
        }
        let mut forgotten = write("secret", "-".into(), Some(times));
        forgotten.addresses = Some(Vec::new());
        let forget = Batch { customers: vec![forgotten], forget: vec!["secret".into()], ..Batch::default() };
        assert_eq!(store.commit(epoch, &forget).unwrap(), CommitOutcome::Committed);
        assert_eq!(store.load(&["other 3"]).unwrap()[0].as_ref().unwrap().revision, times);
        drop(store);
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let path = file.unwrap().path();
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            // What is left is that there was a customer of this id.
            for secret in ["a secret", "secret's"] {
                let left = text.matches(secret).count();
                assert_eq!(left, 0, "`{secret}` in {} after {times} with {limit}", path.display());
            }
        }
    }
}
