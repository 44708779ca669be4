//! The algorithms of `journey_compiler::model` against an adversary that tries everything on small random models, and
//! laws that bounds keep to.
//!
//! `JOURNEY_GRAPHS=10000` sets how many models of each feature are tried, `JOURNEY_SEED` where they begin.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail where it stands")]

#[path = "model/adversary.rs"]
mod adversary;
#[path = "model/compare.rs"]
mod compare;
#[path = "model/graphs.rs"]
mod graphs;
#[path = "model/laws.rs"]
mod laws;
#[path = "model/limits.rs"]
mod limits;
#[path = "model/replay.rs"]
mod replay;

use graphs::{Dice, SERIES};
use journey_compiler::model::{Budget, Prepared};

#[allow(clippy::disallowed_methods)] // a test may be asked to do more
fn asked(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn series(name: &str) {
    let (_, features) = SERIES.iter().find(|(series, _)| *series == name).unwrap();
    let begin = asked("JOURNEY_SEED", 0);
    let (mut bounded, mut unbounded) = (0, 0);
    for seed in begin..begin + asked("JOURNEY_GRAPHS", 300) {
        let model = graphs::model(&mut Dice(seed), *features);
        let prepared = Prepared::new(&model, Budget::default());
        assert!(prepared.dropped().is_empty());
        if let Err(difference) = compare::differences(&model, &prepared.analysis()) {
            panic!("{name}, seed {seed}: {difference}\n{model:#?}");
        }
        match prepared.analysis().alpha(compare::LONGEST as i64).count() {
            None => unbounded += 1,
            Some(count) => bounded += u32::from(count > 1),
        }
    }
    // What is compared has to be worth comparing.
    assert!(bounded >= 60, "only {bounded} models have a bound of more than one message");
    assert!(!features.instants || unbounded >= 10, "only {unbounded} models have no bound");
}

#[test]
fn plain() {
    series("plain");
}

#[test]
fn instants() {
    series("instants");
}

#[test]
fn forced() {
    series("forced");
}

#[test]
fn registers() {
    series("registers");
}

#[test]
fn instants_and_registers() {
    series("instants and registers");
}

#[test]
fn resets() {
    series("resets");
}

#[test]
fn fresh() {
    series("fresh");
}

#[test]
fn all() {
    series("all");
}
