//! What the runtime is measured with.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use journey_compiler::compile;
use journey_compiler::source::Memory;
use journey_runtime::store::Sqlite;
use journey_runtime::{Arrival, Content, Engine, Outside, Pace, channels::Discard, parse_line, service::Fixed};
use journey_spec::value::Data;
use journey_spec::{Program, Ts};
use journey_step::Input;
use serde_json::json;

/// Customers that events are about, as in the peers' measurements.
pub const CUSTOMERS: u64 = 20_000;
/// 2026-03-02 10:00 UTC.
pub(crate) const BEGIN: Ts = 1_772_445_600_000;

/// One message and one timer an event.
pub(crate) const NOTED: &str = r#"
customer { phone: phone for sms, zone: zone }
event ping { n: number }
message note { purpose service  sms "Thank you." }
journey noting for customer {
  start on ping -> noted
  state noted {
    send note
    on ping -> noted
    after 1d -> done
  }
  end done as success
}
"#;

/// The compiled project.
///
/// # Panics
/// Where it has errors.
#[must_use]
pub fn program(project: &(Vec<String>, Memory)) -> Program {
    let made = compile(&project.0, &project.1);
    made.program.unwrap_or_else(|| panic!("{:?}", made.findings))
}

/// The inputs of one visit, with their times.
///
/// # Panics
/// Where the example does not take them.
#[must_use]
pub fn visit(program: &Program) -> Vec<(Ts, Input)> {
    let minute = 60_000;
    let day = 24 * 60 * minute;
    let booking = |slot: &str| json!({"booking": {"id": "B1", "slot": slot, "engineer": "Ada"}});
    let mut lines = vec![
        (
            0,
            json!({"event": "customer.updated", "data": {"first_name": "Victoria", "phone": "+44 7700 900123", "zone": "Europe/London"}}),
        ),
        (minute, json!({"event": "booking.created", "data": booking("2026-03-20T09:00:00Z")})),
    ];
    for n in 0..4 {
        lines
            .push((day + n * minute, json!({"event": "booking.rescheduled", "data": booking("2026-03-21T09:00:00Z")})));
    }
    lines.push((day + 40 * minute, json!({"reply": "thank you", "channel": "sms"})));
    let mut inputs = inputs(program, lines);
    // timers: the end of the settling, the day before, the hour itself, and after
    for at in ["2026-03-03T10:20:00Z", "2026-03-20T09:00:00Z", "2026-03-21T09:00:00Z", "2026-03-21T21:00:00Z"] {
        inputs.push((journey_spec::time::parse_rfc3339(at).expect("an instant"), Input::Due));
    }
    inputs.sort_by_key(|(at, _)| *at);
    inputs
}

/// Lines of one customer's feed, each so many milliseconds after the beginning, as inputs with their times.
///
/// # Panics
/// Where the program does not take one.
#[must_use]
pub fn inputs(program: &Program, lines: Vec<(Ts, serde_json::Value)>) -> Vec<(Ts, Input)> {
    let mut inputs: Vec<(Ts, Input)> = Vec::new();
    for (number, (after, mut line)) in (1..).zip(lines) {
        line["id"] = json!(format!("e{number}"));
        line["customer"] = json!("victoria");
        line["at"] = json!(journey_spec::time::rfc3339(BEGIN + after));
        match parse_line(program, number, line.to_string().as_bytes()) {
            Ok(Arrival { content: Content::Input(input), .. }) => inputs.push((BEGIN + after, input)),
            other => panic!("{other:?}"),
        }
    }
    inputs
}

pub(crate) fn folder() -> PathBuf {
    let dir = std::env::var_os("JOURNEY_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = dir.join(format!("journey-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a folder");
    dir
}

/// A cheap generator, for choosing customers.
pub(crate) fn next(s: &mut u64) -> u64 {
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    *s
}

/// Processor time of this process so far, in microseconds.
///
/// # Panics
/// Where the system does not tell it.
#[must_use]
pub fn cpu_us() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("a system that tells");
    let fields: Vec<u64> = stat
        .rsplit(')')
        .next()
        .into_iter()
        .flat_map(str::split_whitespace)
        .skip(11)
        .take(2)
        .filter_map(|f| f.parse().ok())
        .collect();
    fields.iter().sum::<u64>() * 10_000
}

/// How fast events went.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// Events a second.
    pub rate: f64,
    /// Microseconds of a processor for each.
    pub processor_us: f64,
}

/// The engine's core on SQLite, about so many customers: read the customer, step, write, one message, one timer.
///
/// # Panics
/// Where the engine fails.
#[must_use]
pub fn durable(group: usize, customers: u64, run: Duration) -> Took {
    let project = (vec!["main.journey".to_owned()], Memory([("main.journey".to_owned(), NOTED.to_owned())].into()));
    let program = Arc::new(program(&project));
    let dir = folder();
    let store = Sqlite::open(dir.join("engine.db")).expect("a store");
    let outside = Outside { channel: Box::new(Discard), desk: Box::new(Discard), service: Box::new(Fixed::default()) };
    let mut engine =
        Engine::open(Arc::clone(&program), Box::new(store)).expect("an engine").connect(outside).pace(Pace::Live);
    let mut now = BEGIN;
    engine.advance_to(now).expect("time");
    let mut number = 0_u64;
    let mut s = 88_172_645_463_325_252;
    let text = |text: String| journey_spec::Value::Text(text);
    let known = |n: u64| {
        let profile = Data::from([("phone", text(format!("+44 7700 9{n:05}"))), ("zone", text("UTC".into()))]);
        let input = Input::CustomerUpdated { profile: profile.into(), stopped: Vec::new() };
        Arrival::new(format!("new-{n}"), now, format!("customer-{n:08}"), input)
    };
    for first in (0..customers).step_by(8192) {
        let some: Vec<Arrival> = (first..customers.min(first + 8192)).map(known).collect();
        engine.take_at(now, &some).expect("taken");
    }
    let mut arrivals = |count: usize, now: Ts, s: &mut u64| -> Vec<Arrival> {
        (0..count)
            .map(|_| {
                number += 1;
                let data = [("n".to_owned(), journey_spec::Value::Number(1.0))].into();
                let input = Input::Event { name: "ping".into(), at: now, data };
                Arrival::new(format!("evt-{number:012}"), now, format!("customer-{:08}", next(s) % customers), input)
            })
            .collect()
    };
    let (mut events, mut lat) = (0, Vec::new());
    let cpu = cpu_us();
    let began = Instant::now();
    while began.elapsed() < run {
        let batch = arrivals(group, now, &mut s);
        let from = Instant::now();
        engine.take_at(now, &batch).expect("taken");
        engine.dispatch(now).expect("sent");
        lat.push(from.elapsed().as_micros());
        events += group as u64;
        now += 1;
    }
    let seconds = began.elapsed().as_secs_f64();
    lat.sort_unstable();
    let took = Took { rate: events as f64 / seconds, processor_us: (cpu_us() - cpu) as f64 / events as f64 };
    println!("   processor: {:.1} us an event", took.processor_us);
    let sent = engine.messages().expect("messages").len();
    assert_eq!(sent as u64, events, "each event sends a message");
    println!("   a group: p50 {} us, p99 {} us", lat[lat.len() / 2], lat[lat.len() * 99 / 100]);
    drop(engine);
    if std::env::var_os("JOURNEY_BENCH_KEEP").is_none() {
        let _ = std::fs::remove_dir_all(dir);
    }
    took
}

/// SQLite alone, the same shape: read 200 bytes, write them, one row out, one timer; about so many customers.
///
/// # Panics
/// Where SQLite fails.
#[must_use]
pub fn bare_sqlite(group: usize, customers: u64, run: Duration) -> Took {
    let dir = folder();
    let mut db = rusqlite::Connection::open(dir.join("bare.db")).expect("a database");
    db.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=4000; PRAGMA temp_store=MEMORY;
         CREATE TABLE state (k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID;
         CREATE TABLE outbox (seq INTEGER PRIMARY KEY, v BLOB);
         CREATE TABLE timer (k BLOB PRIMARY KEY) WITHOUT ROWID;",
    )
    .expect("tables");
    let key = |k: u64| format!("cust-{:015}{:04x}", k.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20, k as u16);
    let tx = db.transaction().expect("a transaction");
    for k in 0..customers {
        tx.execute("INSERT INTO state VALUES (?, ?)", (key(k).as_bytes(), vec![b's'; 200])).expect("a row");
    }
    tx.commit().expect("kept");
    let (mut seq, mut s) = (0_u64, 88_172_645_463_325_252);
    let cpu = cpu_us();
    let began = Instant::now();
    while began.elapsed() < run {
        let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).expect("a transaction");
        {
            let mut read = tx.prepare_cached("SELECT v FROM state WHERE k = ?").expect("sql");
            let mut write = tx.prepare_cached("UPDATE state SET v = ?2 WHERE k = ?1").expect("sql");
            let mut out = tx.prepare_cached("INSERT INTO outbox VALUES (?, ?)").expect("sql");
            let mut timer = tx.prepare_cached("INSERT OR REPLACE INTO timer VALUES (?)").expect("sql");
            for _ in 0..group {
                seq += 1;
                let k = key(next(&mut s) % customers);
                let mut v: Vec<u8> = read.query_row([k.as_bytes()], |row| row.get(0)).expect("read");
                v[..8].copy_from_slice(&seq.to_be_bytes());
                write.execute((k.as_bytes(), v)).expect("written");
                out.execute((seq as i64, vec![b'o'; 120])).expect("written");
                let due = (1_700_000_000_000_u64 + (seq * 7919) % 86_400_000).to_be_bytes();
                timer.execute([[&due[..], k.as_bytes()].concat()]).expect("written");
            }
        }
        tx.commit().expect("kept");
    }
    let seconds = began.elapsed().as_secs_f64();
    let took = Took { rate: seq as f64 / seconds, processor_us: (cpu_us() - cpu) as f64 / seq as f64 };
    println!("   processor: {:.1} us an event", took.processor_us);
    drop(db);
    let _ = std::fs::remove_dir_all(dir);
    took
}

/// Where the examples are.
#[must_use]
pub fn examples() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples"))
}
