//! Windows of the calendar over changes of the clock and moves between zones, against a count by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that fails says where

mod common;

use common::*;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use journey_spec::program::*;
use journey_spec::time::Zone;
use journey_spec::value::Data;
use journey_step::ledger::{Places, frees_at, most_in_window, most_within};
use proptest::prelude::*;

/// Zones with an instant near which something happens: the clock goes forward or back, also at midnight, over midnight,
/// by half an hour, by two hours; a day is skipped.
const CHANGES: [(&str, &str); 12] = [
    ("Europe/London", "2026-03-29T01:00:00Z"),
    ("Europe/London", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Antarctica/Troll", "2026-03-29T01:00:00Z"),
    ("Antarctica/Troll", "2026-10-25T01:00:00Z"),
    ("Africa/Cairo", "2026-04-23T22:00:00Z"),
    ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
    ("America/Sao_Paulo", "2019-02-17T02:00:00Z"),
    ("America/St_Johns", "2010-11-07T02:31:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
];

fn unit() -> impl Strategy<Value = Calendar> {
    prop_oneof![4 => Just(Calendar::Day), 2 => Just(Calendar::Week), 1 => Just(Calendar::Month)]
}

/// The local date, which may show yesterday again where the clock is set back over midnight.
fn date(zone: &TimeZone, at: i64) -> Date {
    zone.to_datetime(Timestamp::from_millisecond(at).unwrap()).date()
}

fn first(date: Date, unit: Calendar) -> Date {
    match unit {
        Calendar::Day => date,
        Calendar::Week => (0..7)
            .map(|n| date.checked_sub(n.days()).unwrap())
            .find(|d| d.weekday() == jiff::civil::Weekday::Monday)
            .unwrap(),
        Calendar::Month => date.first_of_month(),
    }
}

/// The stretch that holds an instant: the latest first day that has been seen by then.
fn stretch(zone: &TimeZone, at: i64, unit: Calendar) -> Date {
    // A date that shows again was seen up to three hours before.
    (0..=36).map(|n| first(date(zone, at - n * 5 * MINUTE), unit)).max().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Attempts at whole five minutes, at which every clock of these zones changes: what fits passes, no more does in
    /// any zone, and the ledger says truly when the window frees.
    #[test]
    fn a_calendar_window_lets_through_what_fits_in_every_zone(
        a in 0..CHANGES.len(), b in 0..CHANGES.len(), two in any::<bool>(), unit in unit(),
        gaps in prop::collection::vec(prop_oneof![0..4_i64, 0..400_i64], 1..40), n in 0..4_u32, window in 1..9_000_i64,
    ) {
        let five = 5 * MINUTE;
        let begin = ts(CHANGES[a].1).div_euclid(five) * five - 40 * HOUR;
        let names: Vec<&str> = if two { vec![CHANGES[a].0, CHANGES[b].0] } else { vec![CHANGES[a].0] };
        let tzs: Vec<TimeZone> = names.iter().map(|n| TimeZone::get(n).unwrap()).collect();
        let places = Places::of(names.iter().map(|n| Zone::named(n).unwrap()).collect());
        let per = Window::Calendar(unit);
        let (mut now, mut passed) = (begin, Vec::<i64>::new());
        for gap in gaps {
            now += gap * five;
            let fits = |t: i64| {
                let here = |tz: &TimeZone, p: i64| stretch(tz, p, unit) == stretch(tz, t, unit);
                tzs.iter().all(|tz| passed.iter().filter(|p| here(tz, **p)).count() < n as usize)
            };
            let frees = frees_at(passed.iter().rev().copied(), n, per, &places, now);
            prop_assert_eq!(frees.is_none(), fits(now), "{} {:?}", now, passed);
            match frees {
                None => passed.push(now),
                Some(None) => prop_assert_eq!(n, 0),
                Some(Some(at)) => {
                    prop_assert!(fits(at), "frees at {at}");
                    prop_assert!(!fits(at - five), "frees before {at}");
                }
            }
        }
        let window = window * five;
        let most = most_in_window(u64::from(n), per, window);
        for from in &passed {
            let inside = passed.iter().filter(|p| *from <= **p && **p < from + window).count() as u64;
            prop_assert!(inside <= most, "{inside} in {window}, at most {most}");
        }
    }

    /// A greedy sender, whose zone somebody moves as they like, stays within the bound that holds for one zone.
    #[test]
    fn moves_round_the_world_give_nobody_a_new_day(
        moves in prop::collection::vec((0..CHANGES.len(), 0..300_i64, 0..6_usize, any::<bool>()), 1..25), n in 1..4_u32, unit in unit(),
    ) {
        let per = Window::Calendar(unit);
        let mut d = Driver::unknown(greedy(n, per));
        d.now = ts("2026-03-28T09:00:00Z");
        for (zone, gap, asks, lost) in moves {
            d.now += gap * 5 * MINUTE;
            d.update(profile(Some(PHONE), None, Some(CHANGES[zone].0).filter(|_| !lost)));
            for _ in 0..asks {
                d.event("go", Data::new());
            }
        }
        let at: Vec<i64> = d.entries.iter().filter(|e| matches!(e.what, journey_step::What::Sent { .. })).map(|e| e.at).collect();
        for window in [MINUTE, HOUR, 20 * HOUR, DAY, 3 * DAY, 7 * DAY] {
            let most = most_in_window(u64::from(n), per, window);
            for from in &at {
                let inside = at.iter().filter(|t| from <= *t && **t < from + window).count() as u64;
                prop_assert!(inside <= most, "{inside} in {window}, at most {most}");
            }
        }
    }
}

/// The local clock at an instant, as minutes since a day long ago: a gap is where it jumps.
fn local_minutes(zone: &TimeZone, at: i64) -> i64 {
    let local = zone.to_datetime(Timestamp::from_millisecond(at).unwrap());
    let days = local.date().since(jiff::civil::date(1970, 1, 1)).unwrap().get_days();
    i64::from(days) * 1440 + i64::from(local.hour()) * 60 + i64::from(local.minute())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Calendar days at a time of day: that local time of that day, or the first instant after the gap in which it lies;
    /// and never outside the bounds that the checker counts with.
    #[test]
    fn calendar_days_are_those_of_the_clock(
        zone in 0..CHANGES.len() - 1, off in -72 * 60..72 * 60_i64, days in -3..4_i32, minute in prop_oneof![0..1440_u16, 0..180_u16],
    ) {
        let (name, change) = CHANGES[zone];
        let at = ts(change) + off * MINUTE;
        let tz = TimeZone::get(name).unwrap();
        let found = Zone::named(name).unwrap().on_day(at, days, Some(minute));
        let wanted = (local_minutes(&tz, at).div_euclid(1440) + i64::from(days)) * 1440 + i64::from(minute);
        // By the minute: the first at which the clock shows that time or has jumped over it.
        let near = at + i64::from(days) * DAY;
        let from = (near - 30 * HOUR).div_euclid(MINUTE) * MINUTE;
        let first = (0..60 * 60).map(|n| from + n * MINUTE).find(|t| local_minutes(&tz, *t) >= wanted).unwrap();
        prop_assert_eq!(found, first, "{} {} {}", name, days, minute);
        let (soonest, latest) = days_after(days, Some(minute));
        prop_assert!((soonest..=latest).contains(&(found - at)));
        let kept = Zone::named(name).unwrap().on_day(at, days, None) - at;
        let (soonest, latest) = days_after(days, None);
        prop_assert!((soonest..=latest).contains(&kept));
    }
}

/// A wait of calendar days follows the customer, comes once, and without a zone takes a day more.
#[test]
fn a_wait_of_days_is_the_customers() {
    let names = Names { events: vec!["go"], messages: vec!["note".into()], states: vec!["first", "told"] };
    let nine = Trigger::AfterDays { days: 1, minute: 540 };
    let journey = Journey {
        name: "note".into(),
        doc: String::new(),
        key: None,
        data: vec![],
        limits: vec![],
        goals: vec![],
        starts: vec![names.start("go", &[], "first")],
        arrows: vec![],
        states: vec![
            state("first", vec![], vec![names.to(nine, "told")]),
            state("told", vec![names.send("note")], vec![]),
        ],
        migrations: Vec::new(),
    };
    let program = program(&names, vec![sms("note", "Hello")], Policy::default(), vec![journey]);
    let told = |zones: &[(&str, Option<&str>)]| {
        let mut d = Driver::unknown(program.clone());
        for (at, zone) in zones {
            d.now = ts(at);
            d.update(profile(Some(PHONE), None, *zone));
            d.event("go", Data::new());
        }
        d.until(ts("2026-04-02T12:00:00Z"));
        let sent = d.entries.iter().filter(|e| matches!(e.what, journey_step::What::Sent { .. })).map(|e| e.at);
        sent.collect::<Vec<_>>()
    };
    // Over the change of the clock, and late in the evening.
    assert_eq!(told(&[("2026-03-28T10:00:00Z", Some("Europe/London"))]), [ts("2026-03-29T08:00:00Z")]);
    assert_eq!(told(&[("2026-03-02T23:50:00Z", Some("Europe/London"))]), [ts("2026-03-03T09:00:00Z")]);
    // To New York the same evening: nine o'clock there, of the day after the evening as it is dated there.
    let moves = [("2026-03-02T23:50:00Z", Some("Europe/London")), ("2026-03-03T01:00:00Z", Some("America/New_York"))];
    assert_eq!(told(&moves), [ts("2026-03-03T14:00:00Z")]);
    assert_eq!(told(&[("2026-03-02T10:00:00Z", None)]), [ts("2026-03-04T10:00:00Z")]);
}

/// Sends at every event, as long as the policy lets it.
fn greedy(n: u32, per: Window) -> Program {
    let names = Names { events: vec!["go"], messages: vec!["note".into()], states: vec!["told"] };
    let told = state("told", vec![names.send("note")], vec![names.on("go", &[], None, names.go("told"))]);
    let journey = Journey {
        name: "note".into(),
        doc: String::new(),
        key: None,
        data: vec![],
        limits: vec![],
        goals: vec![],
        starts: vec![names.start("go", &[], "told")],
        arrows: vec![],
        states: vec![told],
        migrations: Vec::new(),
    };
    let mut rule = limit(MESSAGES, n, None, Fate::Skip, "messages");
    rule.per = Some(per);
    let policy = Policy { limits: vec![rule], ..Policy::default() };
    program(&names, vec![sms("note", "Hello")], policy, vec![journey])
}

/// Without a zone, the longest day there is counts as a rolling window.
#[test]
fn somebody_who_may_be_anywhere_has_the_longest_day() {
    let places = Places::of(vec![]);
    let per = Window::Calendar(Calendar::Day);
    let now = day(2, "12:00");
    assert_eq!(frees_at([now - 27 * HOUR + 1].into_iter(), 1, per, &places, now), Some(Some(now + 1)));
    assert_eq!(frees_at([now - 27 * HOUR].into_iter(), 1, per, &places, now), None);
}

/// Every zone that is compiled in, around each change of its clock since 2000: no day, week or month is longer than the
/// longest that the language knows, stretches adjoin, and no clock gains more than the bounds allow.
#[test]
fn no_zone_has_a_longer_window_than_the_longest() {
    // They moved over the date line, and have no such day at all.
    let over_the_line =
        ["Pacific/Apia", "Pacific/Enderbury", "Pacific/Fakaofo", "Pacific/Kanton", "Pacific/Kiritimati"];
    let over_the_line = [&over_the_line[..], &["Kwajalein", "Pacific/Kwajalein"]].concat();
    for name in jiff::tz::TimeZoneDatabase::bundled().available() {
        let zone = Zone::named(name.as_str()).unwrap();
        let mut change = ts("2000-01-01T00:00:00Z");
        while let Some(next) = zone.next_change(change).filter(|at| *at < ts("2040-01-01T00:00:00Z")) {
            change = next;
            for unit in Calendar::ALL {
                let per = Window::Calendar(unit);
                let mut at = zone.begins(change - per.longest(), unit);
                let mut begun = vec![at];
                for _ in 0..4 {
                    let next = zone.next_begins(at, unit);
                    assert!(next - at <= per.longest(), "{name:?}: a {} of {} h", unit.name(), (next - at) / HOUR);
                    assert_eq!(zone.begins(next, unit), next, "{name:?}");
                    assert_eq!(zone.begins(next - 1, unit), at, "{name:?}");
                    begun.push(next);
                    at = next;
                }
                // Stretches that are touched whole, and an instant on either side of them.
                for (i, from) in begun.iter().enumerate().filter(|_| !over_the_line.contains(&name.as_str())) {
                    for (j, to) in begun.iter().enumerate().skip(i + 1) {
                        let most = most_in_window(1, per, to - from + 2);
                        assert!(
                            (j - i) as u64 + 2 <= most,
                            "{name:?}: {} {} in {} h",
                            j - i,
                            unit.name(),
                            (to - from) / HOUR
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn the_most_in_a_window_of_the_calendar() {
    let most = |unit, window| most_in_window(1, Window::Calendar(unit), window);
    assert_eq!([0, 1, 2, HOUR, DAY, 7 * DAY].map(|w| most(Calendar::Day, w)), [0, 1, 2, 2, 3, 9]);
    assert_eq!([HOUR, DAY, 7 * DAY, 30 * DAY].map(|w| most(Calendar::Week, w)), [2, 2, 3, 6]);
    assert_eq!(
        [HOUR, 27 * DAY, 28 * DAY, 30 * DAY, 59 * DAY, 365 * DAY].map(|w| most(Calendar::Month, w)),
        [2, 2, 3, 3, 4, 23]
    );
    let within = |per, whole| most_within(1, Window::Calendar(per), Window::Calendar(whole));
    assert_eq!(within(Calendar::Day, Calendar::Day), 1);
    assert_eq!(within(Calendar::Week, Calendar::Month), 6);
    assert_eq!(most_within(2, Window::Rolling(DAY), Window::Calendar(Calendar::Day)), 4);
}
