//! How fast the runtime is: `engine step`, `engine durable GROUP`.
//!
//! Everything on one core. What SQLite alone does in groups of the same size is measured in the same run.

use std::time::{Duration, Instant};

use journey_bench::{example, events};

const RUN: Duration = Duration::from_secs(3);

fn main() {
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("step") => step(),
        Some("durable") => durable(args.next().and_then(|n| n.parse().ok()).unwrap_or(256)),
        Some("bare") => println!("{:.0} events/s", events::bare_sqlite(256, RUN)),
        Some("ours") => println!("{:.0} events/s", events::durable(args.next().and_then(|n| n.parse().ok()).unwrap_or(256), RUN)),
        _ => {
            eprintln!("engine step | engine durable [GROUP]");
            std::process::exit(2);
        }
    }
}

/// The appointment journey in memory: a visit booked, moved, confirmed, reminded, off.
fn step() {
    let program = events::program(&example("appointment"));
    let inputs = events::visit(&program);
    let (mut steps, mut effects) = (0_u64, 0_u64);
    let began = Instant::now();
    while began.elapsed() < RUN {
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
    println!("step, appointment, in memory: {:.0} steps/s ({:.2} effects a step)", steps as f64 / took, effects as f64 / steps as f64);
}

/// Durable events through the engine's core, in groups.
fn durable(group: usize) {
    let bare = events::bare_sqlite(group, RUN);
    println!("bare SQLite, groups of {group}: {bare:.0} events/s");
    let ours = events::durable(group, RUN);
    println!("engine, groups of {group}: {ours:.0} events/s, {:.0} % of bare", 100.0 * ours / bare);
}
