//! `journeyc simulate`: many customers, the same for the same seed, and what it says of wrong calls.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)] // a test says what it expects

mod support;

use support::{Place, Ran};

fn simulate(place: &Place, args: &[&str]) -> Ran {
    place.run(&[&["simulate", "visit"], args].concat())
}

#[test]
fn a_small_world_is_told() {
    let ran = simulate(&Place::with_project(), &["--customers", "300", "--days", "60", "--hostile", "5%"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    insta::assert_snapshot!(ran.out);
    assert!(ran.err.contains(" steps in "), "{}", ran.err);
}

#[test]
fn the_same_seed_is_the_same_world_with_any_number_of_threads() {
    let place = Place::with_project();
    let of = |seed: &str, threads: &str| {
        let ran = simulate(&place, &["--customers", "200", "--seed", seed, "--faults", "--threads", threads]);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out
    };
    assert_eq!(of("7", "1"), of("7", "2"));
    assert_eq!(of("7", "2"), of("7", "5"));
    assert_ne!(of("7", "2").lines().skip(1).collect::<Vec<_>>(), of("8", "2").lines().skip(1).collect::<Vec<_>>());
}

#[test]
fn one_customer_is_lived_through_again() {
    let place = Place::with_project();
    let one = simulate(&place, &["--hostile", "100%", "--customer", "3"]);
    assert_eq!(one.code, 0, "{one:?}");
    assert!(one.out.starts_with("customer-3, with a hostile feed; "), "{}", one.out);
    assert!(one.out.contains("▸ "), "a journey begins:\n{}", one.out);
    assert_eq!(one.out, simulate(&place, &["--hostile", "100%", "--customer", "3"]).out);
    assert_ne!(one.out, simulate(&place, &["--hostile", "100%", "--customer", "4"]).out);
    // More customers around it change nothing.
    assert_eq!(one.out, simulate(&place, &["--hostile", "100%", "--customer", "3", "--customers", "1_000"]).out);
}

#[test]
fn wrong_calls_are_told() {
    let place = Place::with_project();
    for (args, words) in [
        (["--customers", "0"], "there has to be at least one customer"),
        (["--customers", "many"], "`many` is no whole number; write for example 1_000_000"),
        (["--customers", "2_000_000_000"], "2,000,000,000 are more than 1,000,000,000 customers"),
        (["--days", "0"], "there has to be at least one day"),
        (["--days", "3651"], "3,651 are more than 3,650 days"),
        (["--hostile", "101%"], "`101%` is more than all"),
        (["--hostile", "1"], "`1` has no `%`; write a share such as 25% or 0.05%"),
        (["--hostile", "0.00001%"], "`0.00001%` is finer than a millionth"),
        (["--seed", "x"], "`x` is no whole number"),
        (["--customer", "0"], "customers are counted from 1"),
        (["--threads", "0"], "number would be zero"),
    ] {
        let ran = simulate(&place, &args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}: {ran:?}");
        assert!(ran.err.contains(words), "{args:?}: {}", ran.err);
    }
    let nowhere = place.run(&["simulate", "nowhere"]);
    assert!(nowhere.code == 2 && nowhere.err.contains("nowhere"), "{nowhere:?}");
    let shared = place.run(&["simulate", "visit/care.journey"]);
    assert!(shared.code == 2 && shared.err.contains("declares no journey"), "{shared:?}");
    place.replace("visit/visit.journey", "send confirmation", "send confirmatoin");
    let wrong = simulate(&place, &[]);
    assert!(wrong.code == 1 && wrong.out.contains("error[J0101]"), "{wrong:?}");
}
