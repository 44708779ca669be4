//! Journeys whose bounds are delicate, each with what the adversary has to find out about it.

use super::adversary::Adversary;
use super::compare::{self, Report};
use super::journeys::{Journey, Part, State};

/// A journey of these states, each with its entry and its arrows, that is tried hard.
fn tried(policy: &[&str], limits: &[&str], states: &[(&[&str], &[&str])], parts: &[Part]) -> Report {
    let lines = |all: &[&str]| all.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let journey = Journey {
        policy: lines(policy),
        spike: String::new(),
        limits: lines(limits),
        shared: Vec::new(),
        states: states.iter().map(|(e, a)| State { entry: lines(e), arrows: lines(a) }).collect(),
        parts: parts.iter().copied().collect(),
        hour: 0,
    };
    let program = compare::compiled(&journey.plain()).unwrap();
    let found = Adversary::new(&program, &journey, 3, 4_000).found(0, 0);
    let mut report = Report::default();
    report.journeys = 1;
    for seed in 0..4 {
        report.held(&journey, &program, &found, seed);
    }
    report
}

#[test]
fn a_step_that_waited_uses_up_no_place_of_the_window() {
    // Both messages of one step wait until the pause ends, so the window begins with them, and b's place in the limit was
    // taken before it: it frees within the window, and b is entered once more.
    let report = tried(
        &["valid for 3h"],
        &["limit visits @1 to 1 per 3h else -> @9"],
        &[(&["send note"], &["-> @1"]), (&["send note"], &["on ping -> @0"])],
        &[Part::Pause],
    );
    assert_eq!(report.passed, Vec::<String>::new());
}
