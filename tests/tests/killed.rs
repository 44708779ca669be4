//! A live engine is killed again and again under load, 20 to 500 ms after it was started. What it sends goes to another
//! process, which keeps a log of its own and syncs it. Afterwards nothing that was acknowledged is missing, nothing was
//! taken twice, no limit was passed, and what is said to be delivered is in the log.
//!
//! `JOURNEY_KILLS` sets how many kills (30), `JOURNEY_SEED` the seed (1), which a failure prints. The engine and the log run
//! in processes of this test itself, by the two tests that are ignored otherwise.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use journey_compiler::source::Memory;
use journey_runtime::channels::{ChannelError, Discard};
use journey_runtime::clock::{Clock, System};
use journey_runtime::service::NoService;
use journey_runtime::store::Sqlite;
use journey_runtime::{Channel, Delivery, Engine, Out, Outside, Pace, Store, Taken, bundle, live};
use journey_spec::time::rfc3339;
use journey_step::effect::Release;
use journey_tests::random::{Random, asked};
use serde_json::{Value, json};

/// The most that one customer may get in an hour, which no run of this test lasts.
const MOST: usize = 4;
const CUSTOMERS: u64 = 600;

const PROGRAM: &str = r#"
customer { first_name: text(40)   phone: phone? for sms   zone: zone }
record Order { id: text(20) }
event order.placed { order: Order }
event order.changed { order: Order }
message note { purpose service   sms "About {order.id}."   valid for 30m }
policy house { limit messages to 4 per 1h else skip   valid for 1h   grace 15m   reply window 2d   after the end, replies -> handoff "care" }
journey order for customer per order.id {
  data order: Order
  limit visits told to 9 per 1h else -> full
  start on order.placed(order) -> told
  state told { send note   on order.changed(order) settle 1s -> told   after 2s -> told }
  state full { after 1d -> over }
  end over as success
}
"#;

fn folder() -> PathBuf {
    PathBuf::from(std::env::var("JOURNEY_KILLED_FOLDER").expect("this runs in a process of its own"))
}

/// Starts one of the two ignored tests in a process of its own.
fn start(role: &str, folder: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", role, "--ignored", "--nocapture"])
        .env("JOURNEY_KILLED_FOLDER", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("it starts")
}

/// Keeps what it is told, and says so once that is synced.
#[test]
#[ignore = "a process of `killed_under_load`"]
fn the_log() {
    let folder = folder();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    std::fs::write(folder.join("port.new"), listener.local_addr().unwrap().port().to_string()).unwrap();
    std::fs::rename(folder.join("port.new"), folder.join("port")).unwrap();
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        // Each engine has a connection; a new one comes when the last is dead.
        let mut log = OpenOptions::new().create(true).append(true).open(folder.join("log")).unwrap();
        let mut answers = stream.try_clone().unwrap();
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { break };
            if line == "sync" {
                log.sync_data().unwrap();
                if writeln!(answers, "synced").is_err() {
                    break;
                }
            } else if serde_json::from_str::<Value>(&line).is_ok() {
                writeln!(log, "{line}").unwrap();
            }
        }
    }
}

struct Distant(TcpStream, BufReader<TcpStream>);

impl Channel for Distant {
    fn send(&mut self, message: Out<'_, Release>) -> Result<Delivery, ChannelError> {
        let line =
            json!({"id": message.item.id, "customer": message.customer, "body": message.item.body, "at": System.now()});
        writeln!(self.0, "{line}").map_err(|e| ChannelError::Broken(e.to_string()))?;
        Ok(Delivery::Delivered)
    }

    fn flush(&mut self) -> Result<(), ChannelError> {
        let mut answer = String::new();
        let asked = writeln!(self.0, "sync").and_then(|()| self.1.read_line(&mut answer));
        match asked {
            Ok(n) if n > 0 => Ok(()),
            other => Err(ChannelError::Broken(format!("{other:?}"))),
        }
    }

    fn may_reject(&self) -> bool {
        false
    }
}

/// Takes lines from its input and says of each what became of it, once that is kept.
#[test]
#[ignore = "a process of `killed_under_load`"]
fn the_engine() {
    let folder = folder();
    let program = bundle::read(&std::fs::read(folder.join("bundle.json")).unwrap()).unwrap();
    let port: u16 = std::fs::read_to_string(folder.join("port")).unwrap().parse().unwrap();
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_nodelay(true).unwrap();
    let channel = Box::new(Distant(stream.try_clone().unwrap(), BufReader::new(stream)));
    let outside = Outside { channel, desk: Box::new(Discard), service: Box::new(NoService) };
    let mut store = Sqlite::open(folder.join("journeys.db")).unwrap();
    // So small that what it says goes into the tables while the process is killed.
    store.limit_log(32 << 10);
    let mut engine = Engine::open(Arc::new(program), Box::new(store)).unwrap().connect(outside).pace(Pace::Live);
    let stop = Arc::new(AtomicBool::new(false));
    let lines = BufReader::new(std::io::stdin());
    let mut out = std::io::stdout();
    let ran = live::run(&mut engine, lines, &System, &stop, &live::Options::default(), |line, taken| {
        let word = match taken {
            Taken::Accepted { .. } => "accepted",
            Taken::Duplicate => "again",
            Taken::Refused(why) => panic!("{why}"),
        };
        // The harness of this test writes lines of its own; who reads this one is dead or hears it.
        let _ = writeln!(out, "taken {line} {word}").and_then(|()| out.flush());
    });
    ran.unwrap();
    let _ = writeln!(out, "whole").and_then(|()| out.flush());
}

/// The n-th line of the feed.
fn line(n: u64) -> (String, String) {
    let (id, at) = (format!("e{n}"), rfc3339(System.now()));
    let customer = format!("c{}", n % CUSTOMERS);
    let text = if n < CUSTOMERS {
        let phone = format!("+44 7700 {:06}", 900_000 + n);
        json!({"id": id, "at": at, "customer": customer, "event": "customer.updated", "data": {"first_name": "V", "phone": phone, "zone": "Europe/London"}})
    } else {
        let event = if n.is_multiple_of(3) { "order.placed" } else { "order.changed" };
        json!({"id": id, "at": at, "customer": customer, "event": event, "data": {"order": {"id": format!("o{}", n % (2 * CUSTOMERS))}}})
    };
    (id, text.to_string())
}

/// What was acknowledged: by id, how often as new and how often as known.
type Acknowledged = BTreeMap<String, (u64, u64)>;

/// Runs an engine with these lines and new ones, until it is killed or has taken all. Gives how many lines there are now,
/// and whether it ended by itself.
fn one_life(folder: &Path, acknowledged: &mut Acknowledged, lines: u64, life: Option<Duration>) -> (u64, bool) {
    let mut child = start("the_engine", folder);
    let mut input = child.stdin.take().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let open: Vec<u64> = (0..lines).filter(|n| !acknowledged.contains_key(&format!("e{n}"))).collect();
    let writer = std::thread::spawn(move || {
        let (mut given, mut next) = (Vec::new(), lines);
        let more = if life.is_some() { 3_000 } else { 0 };
        let all = open.into_iter().chain(lines..lines + more);
        for n in all {
            let (id, text) = line(n);
            if writeln!(input, "{text}").is_err() {
                break;
            }
            given.push(id);
            next = next.max(n + 1);
        }
        if life.is_some() {
            // Its input does not end before it does.
            while writeln!(input).is_ok() {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        (given, next)
    });
    let reader = std::thread::spawn(move || {
        let heard: Vec<String> = output.lines().map_while(Result::ok).collect();
        heard
    });
    if let Some(life) = life {
        std::thread::sleep(life);
        child.kill().expect("killed");
    }
    child.wait().expect("reaped");
    let heard = reader.join().unwrap();
    let (given, next) = writer.join().unwrap();
    for said in &heard {
        // A line of the harness may stand before it.
        let Some(at) = said.find("taken ") else { continue };
        let words: Vec<&str> = said[at..].split(' ').collect();
        let (Some(Ok(number)), Some(word)) = (words.get(1).map(|n| n.parse::<usize>()), words.get(2)) else { continue };
        let counts = acknowledged.entry(given[number - 1].clone()).or_default();
        if *word == "accepted" { counts.0 += 1 } else { counts.1 += 1 }
    }
    (next, heard.iter().any(|l| l.ends_with("whole")))
}

#[test]
fn killed_under_load() {
    let (kills, seed) = (asked("JOURNEY_KILLS", 30), asked("JOURNEY_SEED", 1));
    let folder = tempfile::tempdir().unwrap();
    let sources = Memory([("main.journey".to_owned(), PROGRAM.to_owned())].into());
    let compiled = journey_compiler::compile(&["main.journey".to_owned()], &sources);
    let program = compiled.program.clone().unwrap_or_else(|| panic!("{}", journey_tests::printed(&compiled)));
    std::fs::write(folder.path().join("bundle.json"), bundle::write(&program, "test")).unwrap();
    let mut log = start("the_log", folder.path());
    let begun = Instant::now();
    while !folder.path().join("port").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the log does not start");
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut random = Random(seed);
    let mut acknowledged = Acknowledged::new();
    let mut lines = CUSTOMERS;
    for _ in 0..kills {
        let life = Duration::from_millis(20 + random.below(480));
        (lines, _) = one_life(folder.path(), &mut acknowledged, lines, Some(life));
    }
    let before = acknowledged.len();
    let (all, whole) = one_life(folder.path(), &mut acknowledged, lines, None);
    log.kill().unwrap();
    log.wait().unwrap();
    assert!(whole, "seed {seed}: the last engine did not end well");
    assert!(begun.elapsed() < Duration::from_secs(50 * 60), "the limit's hour is nearly over");

    let mut store = Sqlite::open(folder.path().join("journeys.db")).unwrap();
    for n in 0..all {
        let id = format!("e{n}");
        let Some((accepted, again)) = acknowledged.get(&id) else { panic!("seed {seed}: {id} was never acknowledged") };
        assert!(*accepted <= 1 && accepted + again >= 1, "seed {seed}: {id} was accepted {accepted} times");
        assert_eq!(store.taken(&[&id]).unwrap(), [true], "seed {seed}: {id} was acknowledged and is lost");
    }
    let mut log: BTreeMap<String, Value> = BTreeMap::new();
    let mut repeated = 0;
    for line in std::fs::read_to_string(folder.path().join("log")).unwrap().lines() {
        let line: Value = serde_json::from_str(line).expect("a whole line");
        repeated += u64::from(log.insert(line["id"].as_str().unwrap().to_owned(), line).is_some());
    }
    let mut rows = BTreeSet::new();
    for row in store.outbox(0, usize::MAX).unwrap() {
        let settled = row.result.as_deref();
        assert!(settled != Some("delivered") || log.contains_key(&row.id), "seed {seed}: {} was not delivered", row.id);
        rows.insert(row.id);
    }
    let mut got: BTreeMap<&str, usize> = BTreeMap::new();
    for (id, line) in &log {
        assert!(rows.contains(id), "seed {seed}: {id} left and is not kept");
        *got.entry(line["customer"].as_str().unwrap()).or_default() += 1;
    }
    for (customer, many) in &got {
        assert!(*many <= MOST, "seed {seed}: {customer} got {many} messages in an hour, {MOST} are allowed");
    }
    println!(
        "{kills} kills, {all} lines, {before} of them acknowledged by engines that were killed, {} messages, {repeated} of them tried more than once",
        log.len()
    );
    assert!(kills < 10 || before as u64 > kills && log.len() > 20, "hardly anything happened");
}
