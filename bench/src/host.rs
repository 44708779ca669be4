//! The runtime as a host embeds it, on SQLite.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use journey_compiler::source::Memory;
use journey_runtime::clock::{Clock, Manual};
use journey_runtime::gateway::{Case, Casework, Delivery, Gateway, Message, SendError};
use journey_runtime::store::Sqlite;
use journey_runtime::{Arrival, Builder, Engine, Pace, Runtime, async_trait};
use journey_spec::value::Data;
use journey_spec::{Program, Value};
use journey_step::Input;

use crate::events::{BEGIN, CUSTOMERS, NOTED, cpu_us, folder, next, program};

/// Takes everything at once.
struct Takes;

#[async_trait]
impl Gateway for Takes {
    async fn send(&self, _: &Message) -> Result<Delivery, SendError> {
        Ok(Delivery::Delivered)
    }
}

#[async_trait]
impl Casework for Takes {
    async fn open(&self, _: &Case) -> Result<(), SendError> {
        Ok(())
    }
}

fn noted() -> journey_spec::Program {
    program(&(vec!["main.journey".to_owned()], Memory([("main.journey".to_owned(), NOTED.to_owned())].into())))
}

fn builder(dir: &Path, shards: usize) -> Builder {
    let open = |n: usize| Sqlite::open(dir.join(format!("part-{n}.db"))).expect("a store");
    let builder = Runtime::builder(noted()).channel("sms", Takes).desk(Takes);
    (0..shards).fold(builder, |builder, n| builder.store(open(n)))
}

fn tokio() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().expect("a runtime")
}

fn customer(n: u64) -> String {
    format!("customer-{n:08}")
}

fn known(n: u64) -> Arrival {
    let text = |text: String| Value::Text(text);
    let profile = Data::from([("phone", text(format!("+44 7700 9{n:07}"))), ("zone", text("UTC".into()))]).into();
    Arrival::new(format!("new-{n}"), BEGIN, customer(n), Input::CustomerUpdated { profile, stopped: Vec::new() })
}

fn ping(id: u64, at: i64, whose: String) -> Arrival {
    let data = [("n".to_owned(), Value::Number(1.0))].into();
    Arrival::new(format!("evt-{id:012}"), at, whose, Input::Event { name: "ping".into(), at, data })
}

async fn all_known(runtime: &Runtime, customers: u64) {
    let tasks: Vec<_> = (0..64)
        .map(|task| {
            let runtime = runtime.clone();
            tokio::spawn(async move {
                for n in (task..customers).step_by(64) {
                    runtime.take(known(n)).await.expect("taken");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("done");
    }
}

fn percentile(times: &mut [u64], of_100: usize) -> u64 {
    times.sort_unstable();
    times.get((times.len() * of_100 / 100).min(times.len().saturating_sub(1))).copied().unwrap_or(0)
}

/// So many clients, each of which waits for the answer to one event before it sends the next.
///
/// # Panics
/// Where the runtime fails.
pub fn clients(clients: usize, shards: usize, run: Duration) {
    let dir = folder();
    tokio().block_on(async {
        let runtime = builder(&dir, shards).start().expect("a runtime");
        all_known(&runtime, CUSTOMERS).await;
        let (ids, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (cpu, began) = (cpu_us(), Instant::now());
        let tasks: Vec<_> = (0..clients as u64)
            .map(|client| {
                let (runtime, ids, stop) = (runtime.clone(), Arc::clone(&ids), Arc::clone(&stop));
                tokio::spawn(async move {
                    let mut s = 88_172_645_463_325_252 ^ (client + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                    let mut times = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        let id = ids.fetch_add(1, Ordering::Relaxed);
                        let now = journey_runtime::clock::System.now();
                        let from = Instant::now();
                        runtime.take(ping(id, now, customer(next(&mut s) % CUSTOMERS))).await.expect("taken");
                        times.push(from.elapsed().as_micros() as u64);
                    }
                    times
                })
            })
            .collect();
        tokio::time::sleep(run).await;
        stop.store(true, Ordering::Relaxed);
        let mut times = Vec::new();
        for task in tasks {
            times.extend(task.await.expect("done"));
        }
        let (took, events) = (began.elapsed().as_secs_f64(), times.len());
        let cpu = (cpu_us() - cpu) as f64 / events as f64;
        runtime.shutdown().await;
        let measures = runtime.measures();
        assert_eq!(measures.delivered as usize, events, "each event sends a message");
        println!(
            "runtime, {clients} clients, {shards} shards: {:.0} events/s  p50 {} us, p99 {} us  processor {cpu:.1} us an event  largest commit {}",
            events as f64 / took,
            percentile(&mut times, 50),
            percentile(&mut times, 99),
            measures.largest_commit
        );
    });
    let _ = std::fs::remove_dir_all(dir);
}

/// One customer gets so many events, as fast as they are taken; meanwhile others get one now and then.
///
/// # Panics
/// Where the runtime fails.
pub fn flood(events: usize) {
    let dir = folder();
    tokio().block_on(async {
        let runtime = builder(&dir, 1).start().expect("a runtime");
        all_known(&runtime, 1000).await;
        let ids = Arc::new(AtomicU64::new(0));
        let (left, began) = (Arc::new(AtomicU64::new(events as u64)), Instant::now());
        let tasks: Vec<_> = (0..512)
            .map(|_| {
                let (runtime, ids, left) = (runtime.clone(), Arc::clone(&ids), Arc::clone(&left));
                tokio::spawn(async move {
                    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                        let id = ids.fetch_add(1, Ordering::Relaxed);
                        let now = journey_runtime::clock::System.now();
                        runtime.take(ping(id, now, customer(0))).await.expect("taken");
                    }
                })
            })
            .collect();
        let mut times = Vec::new();
        let mut n = 0;
        while left.load(Ordering::Relaxed) > 0 {
            n += 1;
            let now = journey_runtime::clock::System.now();
            let from = Instant::now();
            runtime.take(ping(1_000_000_000 + n, now, customer(1 + n % 999))).await.expect("taken");
            times.push(from.elapsed().as_micros() as u64);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for task in tasks {
            task.await.expect("done");
        }
        println!(
            "flood of {events} events at one customer: {:.0} events/s; {} events of others meanwhile: p50 {} us, p99 {} us, longest {} us",
            events as f64 / began.elapsed().as_secs_f64(),
            times.len(),
            percentile(&mut times, 50),
            percentile(&mut times, 99),
            percentile(&mut times, 100)
        );
        runtime.shutdown().await;
    });
    let _ = std::fs::remove_dir_all(dir);
}

/// A start on a store with so many customers, each in `visits` journeys with a timer: until the first event is handled.
///
/// # Panics
/// Where the engine fails.
pub fn recover(customers: usize, visits: usize) {
    let dir = folder();
    let began = Instant::now();
    // Another process makes the store and is killed, so that nothing of it is left in this one.
    let myself = std::env::current_exe().expect("a path");
    let mut maker = std::process::Command::new(myself)
        .args(["make-store", &dir.display().to_string(), &customers.to_string(), &visits.to_string()])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("a process");
    let mut told = String::new();
    let out = maker.stdout.take().expect("its output");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut told).expect("a line");
    assert_eq!(told.trim(), MADE, "the process that makes the store did not end its work");
    maker.kill().expect("killed");
    maker.wait().expect("gone");
    println!(
        "{customers} customers with {visits} timers each, made in {:.0} s, then kill -9",
        began.elapsed().as_secs_f64()
    );
    let path = dir.join("part-0.db");
    let size = |name: &str| std::fs::metadata(dir.join(name)).map_or(0, |m| m.len()) >> 20;
    let (size, log) = (size("part-0.db"), size("part-0.db-wal"));
    tokio().block_on(async {
        let before = resident();
        let from = Instant::now();
        let store = Sqlite::open(&path).expect("a store");
        let runtime = Runtime::builder(keyed())
            .channel("sms", Takes)
            .desk(Takes)
            .clock(Manual::at(BEGIN + 2))
            .store(store)
            .start()
            .expect("a runtime");
        let data = [("n".to_owned(), Value::Text("first".into()))].into();
        let input = Input::Event { name: "ping".into(), at: BEGIN + 2, data };
        runtime.take(Arrival::new("first", BEGIN + 2, customer(7), input)).await.expect("taken");
        let took = from.elapsed();
        println!(
            "start to first event handled: {:.0} ms; store {size} MiB and {log} MiB of its log; memory {} MiB more than before",
            took.as_secs_f64() * 1000.0,
            (resident().saturating_sub(before)) >> 20
        );
        runtime.shutdown().await;
    });
    let _ = std::fs::remove_dir_all(dir);
}

/// What the process says that has made a store.
const MADE: &str = "made";

/// A visit for each key of a customer, each with its timer.
fn keyed() -> Program {
    let text = NOTED.replace("for customer {\n", "for customer per ping.n {\n");
    let text = text.replace("event ping { n: number }", "event ping { n: text }").replace("per ping.n", "per n");
    program(&(vec!["main.journey".to_owned()], Memory([("main.journey".to_owned(), text)].into())))
}

/// Makes the store of [`recover`] in a folder, says so, and waits to be killed.
pub fn make_store(dir: &Path, customers: usize, visits: usize) {
    let store = Sqlite::open(dir.join("part-0.db")).expect("a store");
    let mut engine = Engine::open(Arc::new(keyed()), Box::new(store)).expect("an engine").pace(Pace::Live);
    let mut id = 0;
    for first in (0..customers as u64).step_by(256) {
        let these = first..(first + 256).min(customers as u64);
        engine.take_at(BEGIN, &these.clone().map(known).collect::<Vec<_>>()).expect("taken");
        for visit in 0..visits {
            let pings: Vec<Arrival> = these
                .clone()
                .map(|n| {
                    id += 1;
                    let data = [("n".to_owned(), Value::Text(format!("v{visit}")))].into();
                    let at = BEGIN + id as i64 % 86_400_000;
                    Arrival::new(format!("p{id}"), at, customer(n), Input::Event { name: "ping".into(), at, data })
                })
                .collect();
            engine.take_at(BEGIN, &pings).expect("taken");
            engine.dispatch(BEGIN).expect("sent");
        }
    }
    engine.advance_to(BEGIN + 1).expect("kept");
    println!("{MADE}");
    loop {
        std::thread::park();
    }
}

/// Memory of this process, in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) * 4096
}
