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

const PROFILE: &str = r#"
[customer]
phone = "+44 7700 900123"

[event."booking.created"]
rate = "2 per day"

[event."booking.created".fields.booking]
id = { prefix = "V" }
slot = { ahead = "3d" }

[event."booking.rescheduled"]
share = "0%"

[messages]
share = "100%"
recognised = "100%"
stop = "0%"
fails = "0%"

[service.cancel_visit]
outcomes = { refused = 1 }
failed = "0%"
silent = "0%"
"#;

#[test]
fn a_profile_says_what_comes() {
    let place = Place::with_project();
    place.write("visit/simulate.toml", PROFILE);
    let ran = simulate(&place, &["--customers", "40", "--days", "20"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("\nthe world of visit/simulate.toml\n"), "{}", ran.out);
    // Nobody moves a visit, every text is answered with `no visit`, and the back end always refuses.
    let line = |name: &str| {
        let line = ran.out.lines().find(|l| l.trim_start().starts_with(name)).expect("the state");
        line.split_whitespace().nth(1).expect("a figure").replace(',', "").parse::<u64>().expect("a figure")
    };
    assert!(line("moved") == 0 && line("asking_off") > 40 && line("asking_off") == line("agent"), "{}", ran.out);
    let one = simulate(&place, &["--days", "20", "--customer", "1"]);
    assert!(one.out.contains("▸ V1  visit V1 began with booking.created"), "{}", one.out);
    // A file that is named goes before the one that is there.
    place.write("calm.toml", "[event.\"booking.created\"]\nrate = \"0 per day\"\n");
    let calm = simulate(&place, &["--customers", "40", "--profile", "calm.toml"]);
    assert!(calm.code == 0 && calm.out.contains("0 journeys began"), "{}", calm.out);
    assert!(calm.out.contains("no journey began: does the profile let events come that start one?"), "{}", calm.out);
}

#[test]
fn what_is_wrong_in_a_profile_is_told_with_its_line() {
    let place = Place::with_project();
    for (profile, words, help) in [
        ("begins = 3", "line 1, column 10: this is a number, and should be a text", "put it in quotes"),
        ("begins = \"soon\"", "`soon` is no date", "write for example 2026-03-02"),
        ("[events]", "line 1, column 2: there is no key `events` here", "did you mean `event`?"),
        ("[event.\"booking.creatd\"]", "there is no event `booking.creatd` here", "did you mean `booking.created`?"),
        ("\n[event.\"booking.created\"]\nrate = \"often\"", "line 3, column 8: `often` is no rate", "1 per 30d"),
        ("[event.\"booking.created\"]\nrate = \"9999 per 1h\"", "is more than one a second", "mend that"),
        ("[event.\"booking.created\"]\nshare = \"5%\"", "nothing says what it follows", "add after = \"EVENT\""),
        (
            "[event.\"booking.rescheduled\"]\nafter = \"visit\"",
            "there is no event `visit`",
            "it may be booking.created, ",
        ),
        ("[event.\"booking.rescheduled\"]\nagain = \"100%\"", "it would hardly end", "write at most 95%"),
        (
            "[event.\"booking.rescheduled\"]\nbefore = \"booking.id\"\nby = \"1h\"",
            "`booking.id` is no instant",
            "flight.departs",
        ),
        ("[event.\"booking.rescheduled\"]\nbefore = \"booking.slot\"", "how long before is not said", "add by"),
        ("[event.\"booking.rescheduled\"]\ndelay = \"3d to 1d\"", "ends before it begins", "write the smaller first"),
        (
            "[event.\"booking.created\".fields]\nbookin = 1",
            "there is no field `bookin` here",
            "did you mean `booking`?",
        ),
        (
            "[event.\"booking.created\".fields.booking]\nslot = 3",
            "`slot` should be an instant",
            "as a feed would bring it",
        ),
        (
            "[event.\"booking.created\".fields.booking]\nslot = { range = [1, 2] }",
            "there is no key `range`",
            "it may be ahead",
        ),
        (
            "[event.\"booking.created\".fields.booking]\nslot = { missing = \"5%\" }",
            "`slot` is never missing",
            "remove `missing`",
        ),
        (
            "[customer]\nzone = { one_of = [\"Europe/London\"], weights = [1, 2] }",
            "1 values and 2 weights",
            "give each value",
        ),
        ("[customer]\nzone = \"Europe/Londn\"", "`zone` should be a time zone", "as a feed would bring it"),
        ("[messages]\nshare = \"200%\"", "line 2, column 9: `200%` is more than all", "write a share such as 25%"),
        (
            "[message.confirmation]\nanswers = { calloff = 1 }",
            "there is no answer `calloff` here",
            "did you mean `call_off`?",
        ),
        ("[service.cancel_visit]\noutcomes = { done = 0 }", "nothing here has any weight", "above 0"),
        ("[desk.schedulin]\nnever = \"1%\"", "there is no queue `schedulin` here", "did you mean `scheduling`?"),
        ("[faults]\nstuck_times = 0", "`stuck_times` should be a whole number from 1 to 10000", "write such a number"),
        ("[hostile", "line 1, column ", "a profile is TOML"),
    ] {
        place.write("visit/simulate.toml", profile);
        let ran = simulate(&place, &["--customers", "5"]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{profile}: {ran:?}");
        assert!(ran.err.contains("`visit/simulate.toml`, line "), "{profile}: {}", ran.err);
        assert!(ran.err.contains(words) && ran.err.contains(help), "{profile}: {}", ran.err);
    }
    let missing = simulate(&place, &["--profile", "nowhere.toml"]);
    assert!(missing.code == 2 && missing.err.contains("cannot read the profile `nowhere.toml`"), "{missing:?}");
}
