//! Months of several journeys, on virtual time and live, while everything around the engine fails from a seed: the store
//! (commits that fail, are in doubt or find the disk full, reads, rivals, crashes), channels (down, unsteady, rejecting,
//! taking a message and denying it), services (silent, late, twice, with nonsense), the clock (jumping, going back), the
//! shell (away for hours) and the feed (again, late, out of order, in bursts).
//!
//! After each run `oracles.rs` finds out, without the ledger, whether all that is promised was kept; on virtual time the run
//! has to be the one without faults, and the same seed gives the same run twice. `mutants.rs` plants bugs, each of which has
//! to be noticed. Not simulated here: what is below a store (`power.rs`), and real processes (`crash.rs`).
//!
//! `JOURNEY_SEEDS` says how many seeds are tried (200), `JOURNEY_SEED` the first (1), `JOURNEY_CUSTOMERS` how many customers
//! each has (3). Seeds go through the programs in turn; a failure prints its seed.
//!
//! Besides: 400 days with all changes of the clock; a feed of which each line comes one to five times, half of them about one
//! customer (`JOURNEY_EVENTS`, 2,000); and random portfolios of the compiler's honesty suite, held against what is proven of
//! them (`JOURNEY_PORTFOLIOS`, 74). That what is called exact is reached is `reached.rs`'s, and the whole runtime's threads
//! and gateways are `hosted.rs`'s.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

mod driver;
mod hosted;
#[path = "../../../compiler/tests/honesty/journeys.rs"]
#[allow(dead_code, reason = "its other half is the compiler's")]
mod journeys;
mod judging;
mod mutants;
mod oracles;
mod outside;
mod play;
#[path = "../../../compiler/tests/honesty/world.rs"]
#[allow(dead_code, reason = "its other half is the compiler's")]
mod world;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use journey_runtime::Pace;
use journey_runtime::store::conformance;
use journey_runtime::store::sim::{Fault, Sim};
use journey_spec::program::DAY;
use journey_tests::random::{Random, asked};

use driver::{Conditions, Run, live, on_virtual_time};
use mutants::{MUTANTS, Mutant};
use oracles::{judged, same_run};
use play::{Feed, PROGRAMS, Play, feed, feed_for, storm};

fn plays() -> Vec<Play> {
    PROGRAMS.into_iter().map(Play::named).collect()
}

fn conditions(seed: u64, mutant: Option<Mutant>) -> Conditions {
    let mut random = Random(seed ^ 0xc0de);
    // 1 to 10 of a hundred
    let share = random.between(1, 10).unsigned_abs();
    Conditions { seed, store: u16::try_from(share * 100).expect("small"), outside: share * 10, rough: true, mutant }
}

/// Plays a seed, and gives all that is wrong.
type Tried = fn(&Play, &Feed, Conditions) -> (Run, Vec<String>);

/// On virtual time, beside the run in which nothing fails.
fn tried_virtual(play: &Play, feed: &Feed, conditions: Conditions) -> (Run, Vec<String>) {
    let run = on_virtual_time(play, feed, conditions);
    let mut wrong = judged(play, feed, &run, Pace::Virtual);
    let calm = Conditions { seed: conditions.seed, ..Conditions::default() };
    wrong.append(&mut same_run(&on_virtual_time(play, feed, calm), &run));
    (run, wrong)
}

fn tried_live(play: &Play, feed: &Feed, conditions: Conditions) -> (Run, Vec<String>) {
    let run = live(play, feed, conditions);
    let wrong = judged(play, feed, &run, Pace::Live);
    (run, wrong)
}

/// Does something for each seed, on as many threads as there are cores.
fn for_seeds(first: u64, many: u64, one: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(first);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= first + many {
                        break;
                    }
                    one(seed);
                }
            });
        }
    });
}

#[test]
fn whatever_fails_all_that_is_promised_is_kept() {
    let (first, many) = (asked("JOURNEY_SEED", 1), asked("JOURNEY_SEEDS", 200));
    let customers = asked("JOURNEY_CUSTOMERS", 3);
    let plays = plays();
    let found: Mutex<Vec<String>> = Mutex::default();
    let faults: Mutex<BTreeMap<Fault, u64>> = Mutex::default();
    let (lines, messages) = (AtomicU64::new(0), AtomicU64::new(0));
    for_seeds(first, many, |seed| {
        let play = &plays[usize::try_from(seed).expect("a seed") % plays.len()];
        let feed = feed(play, customers, seed);
        let conditions = conditions(seed, None);
        lines.fetch_add(feed.lines.len() as u64, Ordering::SeqCst);
        for (pace, tried) in [("virtual time", tried_virtual as Tried), ("live", tried_live)] {
            let (run, mut wrong) = tried(play, &feed, conditions);
            messages.fetch_add(run.log.lock().reached.len() as u64, Ordering::SeqCst);
            for (fault, n) in &run.faults {
                *faults.lock().unwrap_or_else(PoisonError::into_inner).entry(*fault).or_default() += n;
            }
            if seed.is_multiple_of(8) && tried(play, &feed, conditions).0.trace() != run.trace() {
                wrong.push("the same seed is another run the second time".into());
            }
            wrong.truncate(5);
            let head = format!("seed {seed} ({}, {pace})", play.name);
            found
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(wrong.into_iter().map(|w| format!("{head}: {w}")));
        }
    });
    let found = found.into_inner().expect("no thread failed");
    assert!(
        found.is_empty(),
        "{} things are wrong; again with JOURNEY_SEED=… JOURNEY_SEEDS=1 JOURNEY_CUSTOMERS={customers}:\n{}",
        found.len(),
        found.iter().take(20).map(|f| format!("  {f}\n")).collect::<String>()
    );
    let faults = faults.into_inner().expect("no thread failed");
    println!(
        "{many} seeds from {first}, {customers} customers each: {lines:?} lines, {messages:?} messages, {faults:?}"
    );
    if many >= 100 {
        for fault in [Fault::Read, Fault::Failed, Fault::Full, Fault::Lost, Fault::Kept, Fault::Fenced, Fault::Crashed]
        {
            assert!(faults.get(&fault).is_some_and(|n| *n > many), "{fault:?} has hardly happened: {faults:?}");
        }
    }
}

/// By what a planted bug is noticed; nothing where it is not.
fn noticed(plays: &[Play], mutant: Mutant) -> Option<String> {
    // Two engines that both write are what epochs keep out already, so of revisions only the laws of stores can tell.
    if mutant == Mutant::NoRevision {
        let fresh = || -> conformance::Place {
            let sim = Sim::new(1);
            Box::new(move || Ok(mutants::store(Some(mutant), sim.reopen())))
        };
        return conformance::run(fresh).err();
    }
    let play_of = |seed: u64| &plays[usize::try_from(seed).expect("a seed") % plays.len()];
    let mut seeds = (1..=200).filter(|seed| mutant.touches(&play_of(*seed).program)).take(40);
    seeds.find_map(|seed| {
        let play = play_of(seed);
        let feed = feed(play, 3, seed);
        let conditions = conditions(seed, Some(mutant));
        let ways: [Tried; 2] = [tried_live, tried_virtual];
        ways.iter().take(if mutant.is_live() { 1 } else { 2 }).find_map(|tried| {
            let (_, wrong) = tried(play, &feed, conditions);
            wrong.into_iter().next().map(|w| format!("seed {seed}: {w}"))
        })
    })
}

#[test]
fn every_planted_bug_is_noticed() {
    let plays = plays();
    let missed: Mutex<Vec<Mutant>> = Mutex::default();
    for_seeds(0, MUTANTS.len() as u64, |n| {
        let mutant = MUTANTS[usize::try_from(n).expect("small")];
        match noticed(&plays, mutant) {
            Some(by) => println!("{mutant:?}: {by}"),
            None => missed.lock().unwrap_or_else(PoisonError::into_inner).push(mutant),
        }
    });
    let missed = missed.into_inner().expect("no thread failed");
    assert!(missed.is_empty(), "nothing notices {missed:?}");
}

/// Thirteen months with all changes of the clock: no timer is early, no window goes back, no limit is passed.
#[test]
fn four_hundred_days() {
    let plays = plays();
    for_seeds(asked("JOURNEY_SEED", 1), PROGRAMS.len() as u64, |seed| {
        let play = &plays[usize::try_from(seed).expect("a seed") % plays.len()];
        let feed = feed_for(play, 1, 400 * DAY, seed);
        let conditions = conditions(seed, None);
        for tried in [tried_virtual as Tried, tried_live] {
            let (run, mut wrong) = tried(play, &feed, conditions);
            wrong.truncate(5);
            assert!(wrong.is_empty(), "seed {seed} ({}): {wrong:#?}", play.name);
            assert!(run.ended >= feed.ends, "seed {seed}");
        }
    });
}

/// Each line of a feed one to five times, late and out of order, half of them about one customer.
#[test]
fn a_hostile_feed_passes_no_limit() {
    let (lines, seed) = (asked("JOURNEY_EVENTS", 2_000), asked("JOURNEY_SEED", 3));
    let play = Play::named("house");
    let feed = storm(&play, lines, seed);
    let run = on_virtual_time(&play, &feed, Conditions { seed, ..Conditions::default() });
    let wrong = judged(&play, &feed, &run, Pace::Virtual);
    let (accepted, again) = (run.acknowledged.iter().filter(|a| a.accepted).count(), feed.lines.len());
    println!("{lines} lines as {again}, {accepted} of them news, {} messages", run.log.lock().reached.len());
    assert!(wrong.is_empty(), "seed {seed}: {:#?}", wrong.iter().take(10).collect::<Vec<_>>());
    assert!(again > 2 * accepted && accepted as u64 > lines * 9 / 10, "{accepted} of {again}");
}

/// Random portfolios, of which the compiler's own suite has the generator: what the engine sends stays within what is proven,
/// and within the house's limits.
#[test]
fn no_random_portfolio_passes_what_is_proven() {
    let (first, many) = (asked("JOURNEY_SEED", 1), asked("JOURNEY_PORTFOLIOS", 74));
    let bounded = AtomicU64::new(0);
    let found: Mutex<Vec<String>> = Mutex::default();
    for_seeds(first, many, |seed| {
        let (name, parts) = journeys::SERIES[usize::try_from(seed).expect("a seed") % journeys::SERIES.len()];
        let text = journeys::Journey::random(parts, seed).plain();
        let Some(play) = Play::of_text(name, &text) else { return };
        let feed = feed_for(&play, 2, 6 * DAY, seed);
        bounded.fetch_add(play.bounds.iter().filter(|b| b.at_most.is_some()).count() as u64, Ordering::SeqCst);
        let conditions = conditions(seed, None);
        for tried in [tried_virtual as Tried, tried_live] {
            let (_, wrong) = tried(&play, &feed, conditions);
            let head = |w: &String| format!("seed {seed} ({name}): {w}\n{text}");
            found.lock().unwrap_or_else(PoisonError::into_inner).extend(wrong.iter().take(2).map(head));
        }
    });
    let found = found.into_inner().expect("no thread failed");
    println!("{many} portfolios from {first}, {bounded:?} bounds");
    assert!(
        found.is_empty(),
        "{} things are wrong:\n{}",
        found.len(),
        found.iter().take(3).cloned().collect::<String>()
    );
}
