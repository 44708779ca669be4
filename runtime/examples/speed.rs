//! How many durable events a second: `cargo run --release -p journey-runtime --example speed`.
//!
//! Read state, write state, one outgoing message, one timer an event, in a SQLite file with a sync at each commit.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::cast_precision_loss, reason = "an example")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::sync::Arc;
use std::time::Instant;

use journey_runtime::channels::Discard;
use journey_runtime::service::NoService;
use journey_runtime::store::Sqlite;
use journey_runtime::{Arrival, Engine, Outside, Pace, parse_line};

fn main() {
    for (group, events) in [(1, 2_000), (64, 40_000), (256, 80_000)] {
        let dir = std::env::temp_dir().join(format!("journey-speed-{}-{group}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let store = Sqlite::open(dir.join("journeys.db")).unwrap();
        let outside = Outside { channel: Box::new(Discard), desk: Box::new(Discard), service: Box::new(NoService) };
        let program = Arc::new(common::program());
        let mut engine = Engine::open(Arc::clone(&program), Box::new(store)).unwrap().connect(outside).pace(Pace::Live);
        let at = "2026-03-02T10:00:00Z";
        let now = journey_spec::time::parse_rfc3339(at).unwrap();
        let customers = 10_000;
        let updates: Vec<Arrival> = (0..customers)
            .map(|n| {
                parse_line(&program, n, common::updated(&format!("u{n}"), at, &format!("c{n}"), "+447700900123")).into()
            })
            .collect();
        engine.advance_to(now).unwrap();
        engine.take(&updates).unwrap();
        let lines: Vec<String> = (0..events)
            .map(|n| common::placed(&format!("e{n}"), at, &format!("c{}", n * 7919 % customers), &format!("o{n}")))
            .collect();
        let begin = Instant::now();
        for group in lines.chunks(group) {
            let arrivals: Vec<Arrival> = group.iter().map(|line| parse_line(&program, 1, line).into()).collect();
            engine.take(&arrivals).unwrap();
            engine.dispatch(now).unwrap();
        }
        let seconds = begin.elapsed().as_secs_f64();
        println!(
            "groups of {group}: {:.0} events/s ({events} events over {customers} customers)",
            events as f64 / seconds
        );
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
