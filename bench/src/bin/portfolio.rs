//! Programs as wholes: one journey of 10,000 states, a portfolio, and what one edit in it costs. Prints the time of each and
//! the most memory that the process had so far. `portfolio long`, `many`, `limited` and `edit` do one of them
//! alone, so that its memory can be told; `portfolio limited 50` with so many journeys instead of 1,000.

use std::time::{Duration, Instant};

use journey_bench::programs;
use journey_compiler::check::bounds::message_bounds;
use journey_compiler::source::Memory;
use journey_compiler::{Compilation, Session, compile};

fn main() {
    let which = std::env::args().nth(1);
    let asked = |name: &str| which.as_deref().is_none_or(|which| which == name);
    let journeys = std::env::args().nth(2).and_then(|n| n.parse().ok()).unwrap_or(1_000);
    if asked("long") {
        whole("one journey of 10,000 states", &programs::portfolio(1, 10_000, false));
        whole("the same, its event limited", &programs::portfolio(1, 10_000, true));
    }
    if asked("many") {
        whole(&format!("{journeys} journeys of 50 states"), &programs::portfolio(journeys, 50, false));
    }
    if asked("limited") {
        let what = format!("{journeys} journeys of 50 states, their event limited");
        whole(&what, &programs::portfolio(journeys, 50, true));
    }
    if asked("edit") {
        edits();
    }
}

/// One of 200 journeys is edited again and again, and all is asked for each time: the first is the whole of it.
fn edits() {
    let mut session = Session::new();
    let mut times: Vec<(Duration, Duration)> = Vec::new();
    for hours in 72..93 {
        let (roots, sources) = programs::edited(200, 50, 100, hours);
        let began = Instant::now();
        let found = session.compile(&roots, &sources).findings.len();
        let findings_in = began.elapsed();
        let began = Instant::now();
        let rows = session.message_bounds().len();
        let bounds_in = began.elapsed();
        if times.is_empty() {
            println!(
                "200 journeys of 50 states: {found} findings in {:.1} ms, {rows} bounds in {:.1} ms",
                millis(findings_in),
                millis(bounds_in)
            );
        }
        times.push((findings_in, bounds_in));
    }
    let median = |of: fn(&(Duration, Duration)) -> Duration| {
        let mut all: Vec<Duration> = times.iter().skip(1).map(of).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied().map_or(0.0, millis)
    };
    println!(
        "after an edit in one of them, median of {}: findings in {:.1} ms, bounds in {:.1} ms; at most {} MB",
        times.len() - 1,
        median(|t| t.0),
        median(|t| t.1),
        most_memory()
    );
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn whole(what: &str, (roots, sources): &(Vec<String>, Memory)) {
    let began = Instant::now();
    let Compilation { program, findings, .. } = compile(roots, sources);
    let findings_in = began.elapsed();
    let Some(program) = program else { return println!("{what}: cannot be read") };
    let states: usize = program.journeys.iter().map(|j| j.states.len()).sum();
    let began = Instant::now();
    let rows = message_bounds(&program).len();
    println!(
        "{what}: {states} states, {} findings in {:.2} s, {rows} bounds in {:.2} s; at most {} MB",
        findings.len(),
        findings_in.as_secs_f64(),
        began.elapsed().as_secs_f64(),
        most_memory()
    );
}

/// The most that was resident, in megabytes; 0 where the system does not say.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) / 1_024
}
