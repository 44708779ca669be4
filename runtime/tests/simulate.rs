//! The words of a profile, and customers that are lived through without the compiler.

#![allow(clippy::expect_used, clippy::unwrap_used)] // a test says what it expects

use std::num::NonZeroUsize;

use journey_runtime::simulate::profile::{Made, Make, Moment};
use journey_runtime::simulate::{Control, Delay, Hours, Options, Profile, Rate, Share, Simulation, span};
use journey_spec::program::Program;
use proptest::prelude::*;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

#[test]
fn shares_are_read_and_written() {
    for (text, parts) in
        [("0%", 0), ("1%", 10_000), ("0.05%", 500), ("100%", 1_000_000), ("12.3456%", 123_456), ("5 %", 50_000)]
    {
        let share = Share::parse(text).expect(text);
        assert_eq!(share.parts(), parts, "{text}");
        assert_eq!(Share::parse(&share.spelled()), Ok(share), "{text}");
    }
    for wrong in ["", "%", "1", "-1%", "100.1%", "1e2%", "1.%", ".5%", "0.00001%", "1,5%", "99999999999999999999%"] {
        let why = Share::parse(wrong).expect_err(wrong);
        assert!(why.contains("; write a share such as 25% or 0.05%"), "{why}");
    }
}

#[test]
fn times_rates_and_hours_are_read() {
    assert_eq!(Delay::parse("5m"), Ok(Delay::Between(300_000, 300_000)));
    assert_eq!(Delay::parse("1h to 2d"), Ok(Delay::Between(HOUR, 2 * DAY)));
    assert_eq!(Delay::parse("about 2h"), Ok(Delay::About(2 * HOUR)));
    assert_eq!(span("-2d to 7d", true), Ok((-2 * DAY, 7 * DAY)));
    assert_eq!(span("+1h to 2h", true), Ok((HOUR, 2 * HOUR)));
    assert!(
        ["", "soon", "about", "about 0s", "2d to 1d", "-1h to 2h", "1h - 2h", "1h to"]
            .iter()
            .all(|t| Delay::parse(t).is_err())
    );
    assert_eq!(Rate::parse("1 per 30d"), Ok(Some(Rate { every: 30 * DAY })));
    assert_eq!(Rate::parse("2 per day"), Ok(Some(Rate { every: DAY / 2 })));
    assert_eq!(Rate::parse("0 per hour"), Ok(None));
    assert!(
        ["", "often", "1 per", "per day", "1.5 per day", "1 per 0d", "9999 per 1h", "-1 per day"]
            .iter()
            .all(|t| Rate::parse(t).is_err())
    );
    assert_eq!(Hours::parse("08:00 to 24:00"), Ok(Hours { from: 480, to: 1440 }));
    assert!(
        ["8 to 9", "08:00", "22:00 to 06:00", "08:60 to 09:00", "24:01 to 24:02", "08:00 to 08:00"]
            .iter()
            .all(|t| Hours::parse(t).is_err())
    );
}

proptest! {
    #[test]
    fn no_text_surprises_whoever_reads_it(text in "\\PC{0,20}", number in any::<u64>()) {
        let all = [text.clone(), format!("{number}{text}"), format!("{text}%"), format!("about {text}"), format!("{number} per {text}")];
        for text in all {
            let _ = (Share::parse(&text), Delay::parse(&text), Rate::parse(&text), Hours::parse(&text), span(&text, true));
        }
    }
}

fn options(customers: u64) -> Options {
    Options { customers, days: 30, seed: 5, hostile: Share::percent(50), faults: true }
}

#[test]
fn a_program_in_which_nothing_happens_is_no_hurdle() {
    let empty: Program = serde_json::from_str(include_str!("programs/empty.json")).expect("a program");
    let sim = Simulation::new(&empty, Profile::of(&empty), Vec::new(), options(1_000));
    let control = Control::default();
    let counts = sim.run(NonZeroUsize::new(3).unwrap(), &control);
    assert_eq!((counts.customers, counts.began(), counts.sent(), counts.violations), (1_000, 0, 0, 0));
    assert_eq!(control.done.into_inner(), 1_000);
    assert_eq!(sim.customer(1_000).counts.customers, 1);
    assert!(!sim.customer(1_000).timeline.is_empty(), "the directory tells of everybody");
}

#[test]
fn whoever_stops_a_run_gets_the_first_customers() {
    let empty: Program = serde_json::from_str(include_str!("programs/empty.json")).expect("a program");
    let sim = Simulation::new(&empty, Profile::of(&empty), Vec::new(), options(1_000));
    let control = Control::default();
    control.stop.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(sim.run(NonZeroUsize::MIN, &control).customers, 0);
}

/// What happens where a profile, which anybody may make, asks for instants and numbers beyond all measure.
#[test]
fn extreme_profiles_end() {
    let empty: Program = serde_json::from_str(include_str!("programs/empty.json")).expect("a program");
    let mut profile = Profile::of(&empty);
    let moment = Moment {
        ahead: Delay::About(i64::MAX),
        shift: (i64::MIN, i64::MAX),
        moved: Share::ALL,
        hours: Some(Hours { from: 0, to: 1440 }),
        round: 0,
        date: false,
    };
    let made = |name: &str, how| Made { name: name.into(), missing: Share::NONE, how };
    profile.customer = vec![
        made("a", Make::Instant(moment)),
        made("b", Make::Instant(Moment { date: true, ..moment })),
        made("c", Make::Range(f64::MIN, f64::MAX)),
        made("d", Make::OneOf(Vec::new())),
        made("e", Make::Money(-1e300, 1e300, "GBP".into())),
        made("f", Make::Duration(Delay::Between(i64::MAX, i64::MIN))),
    ];
    profile.moves = Some(Rate::new(u32::MAX, HOUR));
    profile.begins = *journey_spec::time::RANGE.end();
    let sim = Simulation::new(&empty, profile, Vec::new(), Options { days: 1, hostile: Share::NONE, ..options(1) });
    let counts = sim.run(NonZeroUsize::MIN, &Control::default());
    assert_eq!((counts.customers, counts.cut), (1, 1), "a feed of one every millisecond is cut off");
}
