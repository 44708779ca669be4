//! How fast the runtime is.
//!
//! ```text
//! engine step                      steps a second, in memory
//! engine durable [GROUP]           the engine's core on SQLite, in groups; and SQLite alone in the same run
//! engine host [CLIENTS] [SHARDS]   the runtime on SQLite, with so many clients that wait for each answer
//! engine growth [FILE.svg] [CUSTOMERS…]   the core in groups of 256 and SQLite alone, about so many customers, each number in turn
//! engine flood [EVENTS]            one customer's flood, and how long others wait meanwhile
//! engine recover [CUSTOMERS] [N]   how soon the first event is handled after a start on so many customers of N visits each
//! ```

use std::time::{Duration, Instant};

use journey_bench::plot::{Axis, plot};
use journey_bench::{events, example, host};

/// As a service would choose it that makes many small things on several threads. SQLite's memory is its own either way.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long each is measured: `JOURNEY_BENCH_SECONDS`, or 3 s. A longer run shows what is put off in a short one.
fn run() -> Duration {
    let asked = std::env::var("JOURNEY_BENCH_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(asked.unwrap_or(3))
}

fn main() {
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("step") => step(),
        Some("durable") => durable(number(&mut args, 256)),
        Some("host") => host::clients(number(&mut args, 64), number(&mut args, 1), run()),
        Some("flood") => host::flood(number(&mut args, 1_000_000)),
        // What `recover` starts and kills.
        Some("make-store") => {
            let dir = args.next().unwrap_or_default();
            host::make_store(dir.as_ref(), number(&mut args, 0), number(&mut args, 0));
        }
        Some("recover") => host::recover(number(&mut args, 100_000), number(&mut args, 3)),
        Some("bare") => println!("{:.0} events/s", events::bare_sqlite(256, events::CUSTOMERS, run()).rate),
        Some("ours") => {
            println!("{:.0} events/s", events::durable(number(&mut args, 256), events::CUSTOMERS, run()).rate)
        }
        Some("growth") => growth(args.collect()),
        _ => {
            eprintln!(
                "engine step | durable [GROUP] | growth [FILE.svg] [CUSTOMERS…] | host [CLIENTS] [SHARDS] | flood [EVENTS] | recover [CUSTOMERS] [N]"
            );
            std::process::exit(2);
        }
    }
}

fn number(args: &mut impl Iterator<Item = String>, other: usize) -> usize {
    args.next().and_then(|n| n.replace('_', "").parse().ok()).unwrap_or(other)
}

/// The appointment journey in memory: a visit booked, moved, confirmed, reminded, off.
fn step() {
    let program = events::program(&example("appointment"));
    let inputs = events::visit(&program);
    let (mut steps, mut effects) = (0_u64, 0_u64);
    let run = run();
    let began = Instant::now();
    while began.elapsed() < run {
        for _ in 0..100 {
            let mut customer = journey_step::Customer::new("victoria");
            for (at, input) in &inputs {
                let (next, out) = journey_step::step(&program, customer, input, *at);
                customer = next;
                effects += out.len() as u64;
                steps += 1;
            }
        }
    }
    let took = began.elapsed().as_secs_f64();
    println!(
        "step, appointment, in memory: {:.0} steps/s ({:.2} effects a step)",
        steps as f64 / took,
        effects as f64 / steps as f64
    );
}

/// Durable events about ever more customers: CSV, and a plot of it where a file is named.
fn growth(args: Vec<String>) {
    let mut customers: Vec<u64> = args.iter().filter_map(|n| n.replace('_', "").parse().ok()).collect();
    if customers.is_empty() {
        customers = vec![1_000, 10_000, 100_000, 1_000_000];
    }
    let mut rows = Vec::new();
    let mut table = String::from("customers,engine_us,sqlite_us,engine_events_s,sqlite_events_s\n");
    for customers in customers {
        let bare = events::bare_sqlite(256, customers, run());
        let ours = events::durable(256, customers, run());
        println!("{customers} customers: {:.0} events/s, SQLite alone {:.0}", ours.rate, bare.rate);
        table += &format!(
            "{customers},{:.1},{:.1},{:.0},{:.0}\n",
            ours.processor_us, bare.processor_us, ours.rate, bare.rate
        );
        rows.push((customers as usize, [ours.processor_us, bare.processor_us]));
    }
    print!("{table}");
    if let Some(path) = args.iter().find(|arg| arg.ends_with(".svg")) {
        let kinds = [("the engine's core, groups of 256", "#b3261e"), ("SQLite alone, the same shape", "#1d5fa8")];
        let of = "customers on disk, each step ten times as many; a processor's time for an event";
        std::fs::write(path, plot(&rows, Axis::Logarithmic, "µs", of, kinds)).expect("the plot can be written");
    }
}

/// Durable events through the engine's core, in groups.
fn durable(group: usize) {
    let bare = events::bare_sqlite(group, events::CUSTOMERS, run()).rate;
    println!("bare SQLite, groups of {group}: {bare:.0} events/s");
    let ours = events::durable(group, events::CUSTOMERS, run()).rate;
    println!("engine, groups of {group}: {ours:.0} events/s, {:.0} % of bare", 100.0 * ours / bare);
}
