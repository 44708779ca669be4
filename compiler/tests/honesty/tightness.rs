//! How near bounds are to what can really leave, series by series: each journey is tried much harder than in
//! `compare.rs`, and those of which everything was tried are told apart, since of them alone it is known that no more can
//! leave.
//!
//! ```text
//! JOURNEY_HONEST=100 cargo test -p journey-compiler --test honesty --release -- --ignored --nocapture tightness
//! ```

use super::adversary::Adversary;
use super::asked;
use super::compare::{Report, compiled, in_threads};
use super::journeys::{Journey, Part};

/// Steps that the adversary may make for one journey.
const STEPS: usize = 20_000;
/// Runs that go on at random.
const ROLLOUTS: usize = 200;

/// A name, what the journeys are made of, and what every rule that holds messages back does with them, where that is fixed.
const ROWS: [(&str, &[Part], Option<&str>); 20] = [
    ("timers and events", &[Part::Pause], None),
    ("at once, several a visit", &[Part::Urgent, Part::Many, Part::Pause], None),
    ("counters", &[Part::Visits, Part::Urgent, Part::Pause], None),
    ("settle", &[Part::Settle, Part::Pause], None),
    ("stays", &[Part::Stays, Part::Pause], None),
    ("intake", &[Part::Intake, Part::Pause], None),
    ("instants that move", &[Part::Instants, Part::Pause], None),
    ("instants that are set", &[Part::Instants, Part::Sets, Part::Pause], None),
    ("quiet hours, defer", &[Part::Quiet, Part::Pause], Some("defer")),
    ("quiet hours, latest", &[Part::Quiet, Part::Pause], Some("latest")),
    ("quiet hours, skip", &[Part::Quiet, Part::Pause], Some("skip")),
    ("limit of the journey, defer", &[Part::Own, Part::Pause], Some("defer")),
    ("limit of the journey, latest", &[Part::Own, Part::Pause], Some("latest")),
    ("limit of the journey, skip", &[Part::Own, Part::Pause], Some("skip")),
    ("limit of the house, defer", &[Part::Policy, Part::Pause], Some("defer")),
    ("limit of the house, skip", &[Part::Policy, Part::Pause], Some("skip")),
    ("several instances", &[Part::Several, Part::Pause], None),
    ("several journeys", &[Part::Together, Part::Pause], None),
    ("several journeys, limit, skip", &[Part::Together, Part::Policy, Part::Pause], Some("skip")),
    ("calendar", &[Part::Calendar, Part::Own, Part::Pause], Some("skip")),
];

fn tried(journey: &Journey, seed: u64, hard: &mut Report, whole: &mut Report) {
    let Some(program) = compiled(&journey.plain()) else { return };
    let found = Adversary::new(&program, journey, 3, STEPS).found(seed, ROLLOUTS);
    // In windows that are longer than some ticks by an instant the adversary, who acts tick by tick, misses least.
    let odd = 2 * seed + 1;
    hard.held(journey, &program, &found, odd);
    if found.exhaustive {
        whole.held(journey, &program, &found, odd);
    }
}

#[test]
#[ignore = "a table for people"]
fn tightness() {
    let many = asked("JOURNEY_HONEST").and_then(|n| n.parse().ok()).unwrap_or(40);
    let only = asked("JOURNEY_SERIES");
    println!(
        "| series | journeys | figures | attained | of the bound | everything tried | attained | of the bound | unbounded |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (name, parts, fate) in ROWS.iter().filter(|(name, ..)| only.as_ref().is_none_or(|only| only == name)) {
        let (hard, whole) = in_threads(many, |seeds| {
            let (mut hard, mut whole) = (Report::fair(), Report::fair());
            for seed in seeds {
                tried(&Journey::with_fate(parts, seed, *fate), seed, &mut hard, &mut whole);
            }
            (hard, whole)
        })
        .into_iter()
        .fold((Report::default(), Report::default()), |(a, b), (c, d)| (a.and(c), b.and(d)));
        println!("{}", hard.row(name, &whole));
        assert!(hard.passed.is_empty(), "{}", hard.passed.concat());
        if asked("JOURNEY_SHOW").is_some() {
            let missed = if whole.missed.is_empty() { &hard.missed } else { &whole.missed };
            missed.iter().take(3).for_each(|missed| println!("{missed}"));
        }
    }
}
