//! Quiet hours over changes of the clock, against an independent computation minute by minute.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that fails says where

mod common;

use common::*;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use journey_spec::program::*;
use journey_spec::time::Zone;
use journey_spec::value::Data;
use journey_step::ledger::{all_quiet_end, is_quiet};
use proptest::prelude::*;

/// Zones, each with two instants at which its clock is set forward or back; Apia also skipped a whole day.
const CHANGES: [(&str, [&str; 2]); 5] = [
    ("Europe/London", ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"]),
    ("America/New_York", ["2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"]),
    ("Australia/Lord_Howe", ["2026-10-03T15:30:00Z", "2026-04-04T15:00:00Z"]),
    ("Pacific/Apia", ["2011-12-30T10:00:00Z", "2012-03-31T14:00:00Z"]),
    ("Europe/Dublin", ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"]),
];

fn local_minute(zone: &TimeZone, at: i64) -> u16 {
    let local = zone.to_datetime(Timestamp::from_millisecond(at).unwrap());
    local.hour() as u16 * 60 + local.minute() as u16
}

/// The rule read naively: walking round the clock from `from`, is the minute met before `to`?
fn quiet_minute(from: u16, to: u16, minute: u16) -> bool {
    let length = (to + 1440 - from) % 1440;
    (minute + 1440 - from) % 1440 < length
}

fn sends(from: u16, to: u16) -> Program {
    let messages = vec![valid(sms("note", "Hello"), Validity::For(5 * DAY))];
    let names = Names { events: vec!["go"], messages: vec!["note".into()], states: vec!["told"] };
    let journey = Journey {
        name: "note".into(),
        doc: String::new(),
        key: None,
        data: vec![],
        limits: vec![],
        goals: vec![],
        starts: vec![names.start("go", &[], "told")],
        arrows: vec![],
        states: vec![state("told", vec![names.send("note")], vec![])],
        migrations: Vec::new(),
    };
    let policy = Policy { quiet: vec![quiet(from, to, &[], Fate::Defer)], ..Policy::default() };
    program(&names, messages, policy, vec![journey])
}

/// How far from the change, in milliseconds: mostly close.
fn off() -> impl Strategy<Value = i64> {
    prop_oneof![-36 * HOUR..36 * HOUR, -HOUR..HOUR, (-4..4_i64).prop_map(|n| n * 30 * MINUTE)]
}

/// Minutes near those at which clocks change, and any others.
fn minute() -> impl Strategy<Value = u16> {
    prop_oneof![60..180_u16, 0..1440_u16, Just(480_u16), Just(1260_u16)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn quiet_hours_hold_over_changes_of_the_clock(
        zone in 0..CHANGES.len(), which in 0..2_usize, off in off(), from in minute(), to in minute(),
    ) {
        prop_assume!(from != to);
        let (name, changes) = CHANGES[zone];
        let now = ts(changes[which]) + off;
        let tz = TimeZone::get(name).unwrap();
        let is_quiet = |at: i64| quiet_minute(from, to, local_minute(&tz, at));
        // The first instant from now on that is not quiet: now, or the beginning of a minute.
        let mut expected = now;
        while is_quiet(expected) {
            expected = (expected.div_euclid(MINUTE) + 1) * MINUTE;
        }
        let mut d = Driver::unknown(sends(from, to));
        d.now = now - MINUTE;
        d.update(profile(Some(PHONE), None, Some(name)));
        d.now = now;
        d.event("go", Data::new());
        d.until(now + 3 * DAY);
        let at: Vec<i64> = d.entries.iter().filter(|e| matches!(e.what, journey_step::What::Sent { .. })).map(|e| e.at).collect();
        prop_assert_eq!(at, vec![expected]);
    }

    #[test]
    fn several_plausible_zones_all_have_to_allow_it(
        a in 0..CHANGES.len(), b in 0..CHANGES.len(), off in off(), from in minute(), to in minute(),
    ) {
        let rule = quiet(from, to, &[], Fate::Defer);
        let now = ts(CHANGES[a].1[0]) + off;
        let names = [CHANGES[a].0, CHANGES[b].0];
        let zones: Vec<Zone> = names.iter().map(|n| Zone::named(n).unwrap()).collect();
        let tzs: Vec<TimeZone> = names.iter().map(|n| TimeZone::get(n).unwrap()).collect();
        let quiet = |at: i64| from == to || tzs.iter().any(|tz| quiet_minute(from, to, local_minute(tz, at)));
        prop_assert_eq!(is_quiet(&rule, &zones, now), quiet(now));
        let mut expected = now;
        while quiet(expected) && expected < now + 3 * DAY {
            expected = (expected.div_euclid(MINUTE) + 1) * MINUTE;
        }
        let expected = Some(expected).filter(|at| !quiet(*at) && *at < now + 3 * DAY);
        prop_assert_eq!(all_quiet_end(&[&rule], &zones, now).filter(|at| *at < now + 3 * DAY), expected);
    }

    #[test]
    fn whole_days_are_quiet_from_midnight_to_midnight(
        a in 0..CHANGES.len(), b in 0..CHANGES.len(), off in off(), from in minute(), to in minute(),
        days in proptest::collection::btree_set(0..7_usize, 1..=5),
    ) {
        prop_assume!(from != to);
        let named: Vec<Weekday> = days.iter().map(|d| Weekday::ALL[*d]).collect();
        let whole = Quiet { days: named, ..quiet(0, 0, &[], Fate::Defer) };
        let hours = quiet(from, to, &[], Fate::Defer);
        let now = ts(CHANGES[a].1[0]) + off;
        let names = [CHANGES[a].0, CHANGES[b].0];
        let zones: Vec<Zone> = names.iter().map(|n| Zone::named(n).unwrap()).collect();
        let tzs: Vec<TimeZone> = names.iter().map(|n| TimeZone::get(n).unwrap()).collect();
        let day = |tz: &TimeZone, at: i64| {
            let local = tz.to_datetime(Timestamp::from_millisecond(at).unwrap());
            days.contains(&(local.weekday().to_monday_one_offset() as usize - 1))
        };
        let whole_quiet = |at: i64| tzs.iter().any(|tz| day(tz, at));
        prop_assert_eq!(is_quiet(&whole, &zones, now), whole_quiet(now));
        let quiet = |at: i64| whole_quiet(at) || tzs.iter().any(|tz| quiet_minute(from, to, local_minute(tz, at)));
        let mut expected = now;
        while quiet(expected) && expected < now + 9 * DAY {
            expected = (expected.div_euclid(MINUTE) + 1) * MINUTE;
        }
        let expected = Some(expected).filter(|at| !quiet(*at) && *at < now + 9 * DAY);
        prop_assert_eq!(all_quiet_end(&[&hours, &whole], &zones, now).filter(|at| *at < now + 9 * DAY), expected);
    }
}

#[test]
fn without_a_zone_everything_is_quiet() {
    let rule = quiet(1260, 480, &[], Fate::Defer);
    assert!(is_quiet(&rule, &[], day(2, "12:00")));
    assert_eq!(all_quiet_end(&[&rule], &[], day(2, "12:00")), None);
    assert_eq!(all_quiet_end(&[], &[], day(2, "12:00")), Some(day(2, "12:00")));
}
