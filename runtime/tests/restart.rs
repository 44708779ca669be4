//! A run that is stopped anywhere and started again ends with the messages of one that was not.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{busy_feed, program};
use journey_runtime::channels::{CaseFile, ChannelError, Collect, Left, MessageFile};
use journey_runtime::service::Fixed;
use journey_runtime::store::{Batch, CommitOutcome, DeadLetter, Memory, OutboxRow, Record};
use journey_runtime::{Answer, Channel, Delivery, Engine, EngineError, Out, Outside, Store, StoreError, drive};
use journey_spec::Ts;
use journey_step::effect::{HandoffCase, Release};

/// Counts down; at 0 whatever it guards fails, as if the process had ended there.
#[derive(Clone)]
struct Fuse(Arc<AtomicUsize>);

impl Fuse {
    fn of(n: usize) -> Fuse {
        Fuse(Arc::new(AtomicUsize::new(n)))
    }

    fn burns(&self) -> bool {
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| Some(n.saturating_sub(1))).unwrap() == 0
    }

    fn left(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Fails at a commit: before it, or after it with the outcome unknown.
struct Faulty {
    inner: Memory,
    fuse: Fuse,
    after: bool,
}

impl Store for Faulty {
    fn commit(&mut self, epoch: u64, batch: &Batch) -> Result<CommitOutcome, StoreError> {
        if !self.fuse.burns() {
            return self.inner.commit(epoch, batch);
        }
        if self.after {
            self.inner.commit(epoch, batch)?;
            return Ok(CommitOutcome::Unknown);
        }
        Err(StoreError::Io("the test says so".into()))
    }

    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }
    fn load(&mut self, customers: &[&str]) -> Result<Vec<Option<Record>>, StoreError> {
        self.inner.load(customers)
    }
    fn taken(&mut self, ids: &[&str]) -> Result<Vec<bool>, StoreError> {
        self.inner.taken(ids)
    }
    fn due(&mut self, after: Option<(Ts, &str)>, until: Ts, n: usize) -> Result<Vec<(Ts, String)>, StoreError> {
        self.inner.due(after, until, n)
    }
    fn next_due(&mut self) -> Result<Option<Ts>, StoreError> {
        self.inner.next_due()
    }
    fn claim_outbox(&mut self, after: u64, n: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.inner.claim_outbox(after, n)
    }
    fn outbox(&mut self, after: u64, n: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.inner.outbox(after, n)
    }
    fn timeline(&mut self, customer: &str) -> Result<Vec<String>, StoreError> {
        self.inner.timeline(customer)
    }
    fn customers(&mut self, after: Option<&str>, n: usize) -> Result<Vec<String>, StoreError> {
        self.inner.customers(after, n)
    }
    fn dead_letters(&mut self) -> Result<Vec<DeadLetter>, StoreError> {
        self.inner.dead_letters()
    }
    fn customers_with_address(&mut self, address: &str) -> Result<Vec<String>, StoreError> {
        self.inner.customers_with_address(address)
    }
    fn stopped(&mut self, addresses: &[&str]) -> Result<Vec<String>, StoreError> {
        self.inner.stopped(addresses)
    }
    fn meta(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        self.inner.meta(name)
    }
}

/// Fails at the n-th send or flush, before it or after it.
struct FaultyChannel<C> {
    inner: C,
    fuse: Fuse,
    after: bool,
}

impl<C: Channel> Channel for FaultyChannel<C> {
    fn send(&mut self, message: Out<'_, Release>) -> Result<Delivery, ChannelError> {
        self.fault(|inner| inner.send(message))
    }
    fn flush(&mut self) -> Result<(), ChannelError> {
        self.fault(Channel::flush)
    }
    fn may_reject(&self) -> bool {
        self.inner.may_reject()
    }
}

impl<C> FaultyChannel<C> {
    fn fault<T>(&mut self, run: impl FnOnce(&mut C) -> Result<T, ChannelError>) -> Result<T, ChannelError> {
        let burns = self.fuse.burns();
        let failure = || ChannelError::Broken("the test says so".into());
        if burns && !self.after {
            return Err(failure());
        }
        let done = run(&mut self.inner)?;
        if burns { Err(failure()) } else { Ok(done) }
    }
}

/// A channel that rejects the changes of every third order, always the same ones.
struct Picky(Collect);

impl Channel for Picky {
    fn send(&mut self, message: Out<'_, Release>) -> Result<Delivery, ChannelError> {
        if message.item.message == "notice" && message.item.key.as_deref() == Some("o1") {
            return Ok(Delivery::Rejected("not here".into()));
        }
        self.0.send(message)
    }
}

fn services(after: i64) -> Fixed {
    Fixed(BTreeMap::from([("check".into(), Answer::After(after, "no".into()))]))
}

/// All that can be seen from outside, customer by customer.
#[derive(Debug, PartialEq)]
struct Seen {
    messages: BTreeMap<String, Vec<Left<Release>>>,
    cases: Vec<Left<HandoffCase>>,
    timelines: Vec<String>,
    letters: usize,
}

fn seen(engine: &mut Engine) -> Seen {
    let mut messages: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for message in engine.messages().unwrap() {
        messages.entry(message.customer.clone()).or_default().push(message);
    }
    let customers = engine.customers().unwrap();
    let timelines = customers.iter().map(|c| format!("{:?}", engine.timeline(c).unwrap())).collect();
    Seen { messages, cases: engine.cases().unwrap(), timelines, letters: engine.dead_letters().unwrap().len() }
}

fn by_customer(messages: Vec<Left<Release>>) -> BTreeMap<String, Vec<Left<Release>>> {
    let mut all: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for message in messages {
        all.entry(message.customer.clone()).or_default().push(message);
    }
    all
}

fn options(group: usize) -> drive::Options {
    drive::Options { group, ..drive::Options::default() }
}

fn open(store: impl Store + 'static, outside: Outside) -> Result<Engine, EngineError> {
    Ok(Engine::open(Arc::new(program()), Box::new(store))?.connect(outside))
}

/// Runs with fuses that burn ever later, and lets each run be finished by one that does not fail.
fn compare(name: &str, group: usize, mut outside: impl FnMut(Fuse, bool, &Collect) -> Outside) {
    let feed = busy_feed(140);
    let whole = Collect::new();
    let memory = Memory::new();
    let fuse = Fuse::of(usize::MAX);
    let mut engine = open(memory, outside(fuse.clone(), false, &whole)).unwrap();
    drive::run_feed(&mut engine, feed.as_bytes(), &options(group), |_| ()).unwrap();
    let sends = usize::MAX - fuse.left();
    let expected = seen(&mut engine);
    assert!(expected.messages.values().map(Vec::len).sum::<usize>() > 40 && expected.cases.len() > 10);

    let mut store_faults = 0;
    for n in (0..20).chain((20..4000).step_by(13)) {
        let (fuse, after) = (Fuse::of(n), n % 2 == 0);
        let memory = Memory::new();
        let collect = Collect::new();
        let faulty = Faulty { inner: memory.reopen(), fuse, after };
        let failed = open(faulty, outside(Fuse::of(usize::MAX), false, &collect))
            .and_then(|mut engine| drive::run_feed(&mut engine, feed.as_bytes(), &options(group), |_| ()));
        if failed.is_ok() {
            break;
        }
        store_faults += 1;
        finish(
            &format!("{name}: commit {n}"),
            &memory,
            &feed,
            group,
            outside(Fuse::of(usize::MAX), false, &collect),
            &expected,
        );
        assert_eq!(by_customer(collect.messages()), by_customer(whole.messages()), "{name}: commit {n}");
    }
    assert!(store_faults > 5, "{name}: {store_faults} store faults");
    for n in (0..sends).step_by((sends / 15).max(1)) {
        let memory = Memory::new();
        let collect = Collect::new();
        let failed = open(memory.reopen(), outside(Fuse::of(n), n % 2 == 0, &collect))
            .and_then(|mut engine| drive::run_feed(&mut engine, feed.as_bytes(), &options(group), |_| ()));
        assert!(failed.is_err(), "{name}: send {n} of {sends}");
        finish(
            &format!("{name}: send {n}"),
            &memory,
            &feed,
            group,
            outside(Fuse::of(usize::MAX), false, &collect),
            &expected,
        );
        assert_eq!(by_customer(collect.messages()), by_customer(whole.messages()), "{name}: send {n}");
    }
}

fn finish(name: &str, memory: &Memory, feed: &str, group: usize, outside: Outside, expected: &Seen) {
    let mut engine = open(memory.reopen(), outside).unwrap();
    drive::run_feed(&mut engine, feed.as_bytes(), &options(group), |_| ()).unwrap();
    let found = seen(&mut engine);
    assert_eq!(found.messages, expected.messages, "{name}");
    assert_eq!(&found, expected, "{name}");
    // what is counted beside the customers is counted once, however often a batch was tried
    let mut live = 0;
    for id in engine.customers().unwrap() {
        let customer = engine.customer(&id).unwrap().unwrap();
        live += customer.under_way().count() as u64;
    }
    assert_eq!(engine.living().iter().map(|l| l.instances).sum::<u64>(), live, "{name}");
}

#[test]
fn a_channel_that_never_rejects() {
    for group in [7, 256] {
        compare("plain", group, |fuse, after, collect| Outside {
            channel: Box::new(FaultyChannel { inner: collect.clone(), fuse, after }),
            desk: Box::new(collect.clone()),
            service: Box::new(services(10_000)),
        });
    }
}

#[test]
fn a_channel_that_rejects_and_a_service_that_answers_at_once() {
    for (group, delay) in [(7, 0), (256, 29_999), (256, 30_000)] {
        compare("picky", group, |fuse, after, collect| Outside {
            channel: Box::new(FaultyChannel { inner: Picky(collect.clone()), fuse, after }),
            desk: Box::new(collect.clone()),
            service: Box::new(services(delay)),
        });
    }
}

#[test]
fn groups_of_any_size_are_the_same_run() {
    let feed = busy_feed(140);
    let run = |group| {
        let collect = Collect::new();
        let outside = Outside {
            channel: Box::new(Picky(collect.clone())),
            desk: Box::new(collect.clone()),
            service: Box::new(services(0)),
        };
        let mut engine = open(Memory::new(), outside).unwrap();
        drive::run_feed(&mut engine, feed.as_bytes(), &options(group), |_| ()).unwrap();
        (seen(&mut engine), by_customer(collect.messages()))
    };
    let one = run(1);
    for group in [2, 10, 64, 1000] {
        assert_eq!(run(group), one, "groups of {group}");
    }
}

/// Lines that leap ahead, and what stays of them.
#[test]
fn a_line_far_ahead_is_refused_and_moves_nobody() {
    let line = |id: &str, at: &str| common::placed(id, at, "c1", id) + "\n";
    let feed = [
        line("a", "2026-03-02T10:00:00Z"),
        line("b", "2199-03-02T10:00:00Z"),
        line("a", "2027-04-06T10:00:00Z"), // 400 days later; known, and still the feed's
        line("c", "2028-05-10T10:00:00Z"), // 400 days later
        line("d", "2029-06-14T10:00:01Z"), // a second more
    ]
    .concat();
    let memory = Memory::new();
    for (accepted, duplicates) in [(2, 1), (0, 3)] {
        let mut engine = open(memory.reopen(), Outside::default()).unwrap();
        let summary = drive::run_feed(&mut engine, feed.as_bytes(), &options(2), |_| ()).unwrap();
        assert_eq!((summary.accepted, summary.duplicates, summary.refused), (accepted, duplicates, 2));
        assert!(engine.now() < journey_spec::time::parse_rfc3339("2029-01-01T00:00:00Z").unwrap());
        let letters = engine.dead_letters().unwrap();
        assert_eq!(letters.iter().map(|l| l.line).collect::<Vec<_>>(), [2, 5]);
        let words = "line 2: it is received 2199-03-02T10:00:00Z, more than 400d after the latest line before it \
                     (2026-03-02T10:00:00Z), and would move the clock for everybody: is the year right?";
        assert!(letters[0].reason.starts_with(words), "{}", letters[0].reason);
        assert!(letters[0].raw.contains("2199"));
    }
    // the first line is free
    let mut engine = open(Memory::new(), Outside::default()).unwrap();
    let summary =
        drive::run_feed(&mut engine, line("a", "2150-03-02T10:00:00Z").as_bytes(), &options(2), |_| ()).unwrap();
    assert_eq!((summary.accepted, summary.refused), (1, 0));
}

fn files(dir: &Path, fuse: Fuse, after: bool) -> Outside {
    let channel = MessageFile::open(dir.join("messages.jsonl")).unwrap();
    Outside {
        channel: Box::new(FaultyChannel { inner: channel, fuse, after }),
        desk: Box::new(CaseFile::open(dir.join("cases.jsonl")).unwrap()),
        service: Box::new(services(0)),
    }
}

fn read(dir: &Path) -> [String; 2] {
    ["messages.jsonl", "cases.jsonl"].map(|name| std::fs::read_to_string(dir.join(name)).unwrap())
}

#[test]
fn files_hold_each_message_once() {
    let feed = busy_feed(100);
    let dir = tempfile::tempdir().unwrap();
    let fuse = Fuse::of(usize::MAX);
    let mut engine = open(Memory::new(), files(dir.path(), fuse.clone(), false)).unwrap();
    drive::run_feed(&mut engine, feed.as_bytes(), &options(64), |_| ()).unwrap();
    let expected = read(dir.path());
    assert_eq!(expected[0].lines().count(), engine.messages().unwrap().len());
    let sends = usize::MAX - fuse.left();
    for n in (0..sends).step_by((sends / 12).max(1)) {
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::new();
        let mut engine = open(memory.reopen(), files(dir.path(), Fuse::of(n), n % 3 > 0)).unwrap();
        drive::run_feed(&mut engine, feed.as_bytes(), &options(64), |_| ()).unwrap_err();
        // what a crash in the middle of a write leaves
        let path = dir.path().join("messages.jsonl");
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str(r#"{"at":"2026-03-"#);
        std::fs::write(&path, text).unwrap();
        let mut engine = open(memory.reopen(), files(dir.path(), Fuse::of(usize::MAX), false)).unwrap();
        drive::run_feed(&mut engine, feed.as_bytes(), &options(64), |_| ()).unwrap();
        assert_eq!(read(dir.path()), expected, "send {n}");
    }
}
