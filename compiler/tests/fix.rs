//! Findings whose help is an edit: what becomes of the text, and that no edit ever makes it worse.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail so"
)]

use std::collections::BTreeMap;

use journey_compiler::Compilation;
use journey_compiler::fix::{Care, mend};
use journey_compiler::source::Memory;
use proptest::prelude::*;

const HOUSE: &str = include_str!("../../examples/house/care.journey");
const APPOINTMENT: &str = include_str!("../../examples/appointment/appointment.journey");
const SCENARIOS: &str = include_str!("../../examples/appointment/appointment.scenario.journey");
const MAIL: &str = include_str!("../../examples/appointment/mail/confirmation.md");
const MAIL_ES: &str = include_str!("../../examples/appointment/mail/confirmation.es.md");
const BOARDING: &str = include_str!("../../examples/boarding/boarding.journey");

fn project(file: &str, text: &str) -> (Vec<String>, Memory) {
    let files = [
        ("house/care.journey", HOUSE),
        ("appointment/appointment.journey", APPOINTMENT),
        ("appointment/appointment.scenario.journey", SCENARIOS),
        ("appointment/mail/confirmation.md", MAIL),
        ("appointment/mail/confirmation.es.md", MAIL_ES),
        ("boarding/boarding.journey", BOARDING),
    ];
    let mut files: BTreeMap<String, String> = files.map(|(p, t)| (p.to_owned(), t.to_owned())).into();
    files.insert(file.into(), text.into());
    (vec![file.to_owned()], Memory(files))
}

fn compile(roots: &[String], sources: &Memory) -> Compilation {
    journey_compiler::compile(roots, sources)
}

/// The text after mending with at most this care, and how many findings are left.
fn mended(file: &str, text: &str, care: Care) -> (String, Vec<String>, usize) {
    let (roots, sources) = project(file, text);
    let out = mend(std::slice::from_ref(&roots), &sources, care);
    let new = out.texts.get(file).map_or(text, |(_, new)| new.as_str()).to_owned();
    let after = project(file, &new);
    let left = compile(&after.0, &after.1).findings.len();
    (new, out.done.iter().map(|d| format!("{} {} → {}", d.finding.code.code, d.old, d.new)).collect(), left)
}

const FILE: &str = "appointment/appointment.journey";

#[test]
fn slips_of_the_pen_are_mended_and_nothing_else_changes() {
    for (right, slip) in [
        ("send confirmation", "send confirmatoin"),
        ("send confirmation", "sned confirmation"),
        ("on booking.cancelled", "on booking.canceled"),
        ("{booking.slot:day}", "{booking.slto:day}"),
        ("call cancel_visit(", "call cancel_visti("),
        ("settle 15m -> moved", "settel 15m -> moved"),
        ("purpose service", "purpose servcie"),
        ("-> waiting", "-> waitnig"),
    ] {
        assert!(APPOINTMENT.contains(right), "{right}");
        let broken = APPOINTMENT.replacen(right, slip, 1);
        let (new, done, left) = mended(FILE, &broken, Care::Safe);
        assert_eq!(new, APPOINTMENT, "{slip}: {done:?}");
        assert_eq!((done.len(), left), (1, 0), "{slip}: {done:?}");
    }
}

#[test]
fn several_slips_in_one_file_are_mended_at_once_and_by_turns() {
    let broken = APPOINTMENT
        .replacen("send confirmation", "sned confirmatoin", 1)
        .replacen("on booking.cancelled", "on booking.canceled", 1)
        .replacen("{booking.slot:day}", "{booking.slto:dya}", 1);
    let (new, done, left) = mended(FILE, &broken, Care::Safe);
    assert_eq!((new.as_str(), left), (APPOINTMENT, 0), "{done:?}");
    assert_eq!(done.len(), 5, "{done:?}");
}

#[test]
fn what_is_not_beyond_doubt_waits_for_somebody_to_look() {
    // two names are as close, or only their digits differ
    let two = APPOINTMENT.replace("-> moved ", "-> moved1 ").replace("state moved ", "state moved2 ");
    let (new, done, _) = mended(FILE, &two, Care::Safe);
    assert!(new == two, "{done:?}");
    // what is already past, and what a service may answer besides, is for a person to say
    let past = APPOINTMENT.replacen(", if past -> day", "", 1);
    assert_eq!(mended(FILE, &past, Care::Safe).0, past);
    let (new, done, left) = mended(FILE, &past, Care::Look);
    assert_eq!((new.as_str(), left), (APPOINTMENT, 0), "{done:?}");
    let failed = APPOINTMENT.lines().find(|l| l.trim_start().starts_with("failed ->")).unwrap();
    let stuck = APPOINTMENT.replacen(&format!("{failed}\n"), "", 1);
    assert_eq!(mended(FILE, &stuck, Care::Safe).0, stuck);
    let (new, done, left) = mended(FILE, &stuck, Care::Look);
    assert!(left == 0 && new.contains("   failed -> agent"), "{done:?}\n{new}");
}

#[test]
fn an_allow_that_silences_nothing_is_taken_away_with_its_line() {
    let line = "    allow J0303 because \"somebody always calls\"\n";
    let with = APPOINTMENT.replacen("  state waiting {\n", &format!("  state waiting {{\n{line}"), 1);
    let (new, done, left) = mended(FILE, &with, Care::Safe);
    assert_eq!((new.as_str(), left), (APPOINTMENT, 0), "{done:?}");
    let lower = with.replace("J0303", "j0303");
    assert_eq!(
        mended(FILE, &lower, Care::Safe).0,
        APPOINTMENT,
        "a known code in small letters, and then it is for nothing"
    );
}

#[test]
fn a_fix_that_would_bring_more_findings_is_left_out() {
    // mending the name of the event brings to light that its field is not there
    let broken =
        APPOINTMENT.replacen("on booking.cancelled -> calling_off", "on booking.canceled(slot, id) -> calling_off", 1);
    let (roots, sources) = project(FILE, &broken);
    let before = compile(&roots, &sources).findings.len();
    let (_, done, left) = mended(FILE, &broken, Care::Safe);
    assert!(left <= before, "{before} became {left}: {done:?}");
}

#[test]
fn crlf_and_tabs_are_kept() {
    let windows = APPOINTMENT.replace('\n', "\r\n").replace("  ", "\t");
    let broken = windows.replacen("send confirmation", "send confirmatoin", 1);
    assert_eq!(mended(FILE, &broken, Care::Safe).0, windows);
}

/// A change to one place of a text: a character lost, doubled, exchanged with the next or replaced, a word lost, or a line.
fn mutated(text: &str, kind: u8, at: usize, with: char) -> String {
    let starts: Vec<usize> = text.char_indices().map(|(i, _)| i).collect();
    let at = starts[at % starts.len()];
    let here = text[at..].chars().next().unwrap();
    let (before, after) = (&text[..at], &text[at + here.len_utf8()..]);
    match kind % 6 {
        0 => format!("{before}{after}"),
        1 => format!("{before}{here}{here}{after}"),
        2 => match after.chars().next() {
            Some(next) => format!("{before}{next}{here}{}", &after[next.len_utf8()..]),
            None => text.into(),
        },
        3 => format!("{before}{with}{after}"),
        4 => {
            let end = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
            format!("{before}{}", &after[end..])
        }
        _ => {
            let start = before.rfind('\n').map_or(0, |i| i + 1);
            let end = text[at..].find('\n').map_or(text.len(), |i| at + i + 1);
            format!("{}{}", &text[..start], &text[end..])
        }
    }
}

/// Findings that say something cannot be read, and all.
fn counted(file: &str, text: &str) -> (usize, usize) {
    let (roots, sources) = project(file, text);
    let findings = compile(&roots, &sources).findings;
    (findings.iter().filter(|f| f.code.code < "J0100").count(), findings.len())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(debug_assertions) { 24 } else { 2_000 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever single mistake stands in an example: after mending it reads as well, has no more findings, and mending
    /// again changes nothing.
    #[test]
    fn mending_never_makes_a_text_worse(
        which in 0..3_usize,
        kind in any::<u8>(),
        at in any::<usize>(),
        with in proptest::char::range('!', '~'),
        looks in any::<bool>(),
    ) {
        let (file, text) = [
            (FILE, APPOINTMENT),
            ("boarding/boarding.journey", BOARDING),
            ("appointment/appointment.scenario.journey", SCENARIOS),
        ][which];
        let care = if looks { Care::Look } else { Care::Safe };
        let broken = mutated(text, kind, at, with);
        let before = counted(file, &broken);
        let (new, done, _) = mended(file, &broken, care);
        let after = counted(file, &new);
        prop_assert!(after.0 <= before.0 && after.1 <= before.1, "{before:?} became {after:?}: {done:?}");
        let (again, done, _) = mended(file, &new, care);
        prop_assert!(again == new, "mended again: {done:?}");
    }
}

/// A flight that is promised a call to board, with these lines in place of `LINES`.
const PROMISED: &str = r#"customer {
  phone: phone? for sms
  zone: zone
}

policy house { after the end, replies -> handoff "care" }

record Flight { id: text, departs: instant }

event checked_in { flight: Flight }
event boarding { flight: Flight }
event changed { flight: Flight }

message welcome {
  purpose service
  sms "We text you when to board."
  valid until flight.departs
}

message go {
  purpose service
  sms "It boards now."
  valid for 30m
  essential at most 3 per 24h
}

message unsure {
  purpose service
  sms "Please look at the board."
  valid for 30m
  essential at most 3 per 24h
}

journey boarding for customer per flight.id {
  data flight: Flight
  limit live to 2 else skip
  limit starts to 3 per 30d else skip
  on reply stay { handoff "care" with transcript }
  on failed stay { handoff "care" with transcript }
  on blocked stay { handoff "care" with transcript }
LINES

  state boarding {
    send go keeping word
    after 2h -> done
  }

  state unsure {
    send unsure withdrawing word
    after 2h -> done
  }

  end done as success
}
"#;

#[test]
fn a_promise_that_needs_time_is_made_only_where_there_is_some() {
    let told = "state told { send welcome promising word by flight.departs - 20m  on boarding -> boarding  after 2h -> unsure }";
    for (way, mended_way) in [
        (
            "start on checked_in(flight) -> told",
            "start on checked_in(flight) when flight.departs >= now + 140m -> told",
        ),
        (
            "start on checked_in(flight) -> first  state first { -> told }",
            "state first { choose { when flight.departs >= now + 140m -> told   else -> unsure } }",
        ),
        (
            "start on checked_in(flight) -> first  state first { on changed(flight) -> told  after 7d -> done }",
            "on changed(flight) when flight.departs >= now + 140m -> told",
        ),
        (
            "start on checked_in(flight) -> first  state first { after 1h -> told }",
            "after 1h when flight.departs >= now + 140m -> told",
        ),
        (
            "start on checked_in(flight) -> first  state first { -> told }  state calls { handoff \"care\"  on handoff.closed -> done  after 3d -> done }",
            "choose { when flight.departs >= now + 140m -> told   else -> unsure }",
        ),
    ] {
        let text = PROMISED.replace("LINES", &format!("{way}\n{told}"));
        let (new, done, _) = mended("own/own.journey", &text, Care::Safe);
        assert!(new == text, "{done:?}");
        let (new, done, _) = mended("own/own.journey", &text, Care::Look);
        assert!(new.contains(mended_way), "{done:?}\n{new}");
        // Nothing is left but the event that some of these journeys do not hear.
        let (roots, sources) = project("own/own.journey", &new);
        let left: Vec<_> = compile(&roots, &sources).findings.into_iter().map(|f| f.code.code).collect();
        assert!(left.iter().all(|code| ["J0103", "J0301"].contains(code)), "{left:?}\n{new}");
        assert!(!left.contains(&"J0301") || way.contains("calls"), "{left:?}\n{new}");
    }
}

#[test]
fn nobody_is_led_to_where_a_service_acts_for_want_of_time() {
    let told = "state told { send welcome promising word by flight.departs - 20m  on boarding -> boarding  after 2h -> unsure }";
    let text = PROMISED
        .replace("LINES", &format!("start on checked_in(flight) -> first  state first {{ -> told }}\n{told}"))
        .replace("journey boarding for", "service freeze(id: text) -> one of { done }\njourney boarding for");
    let acts = "state unsure {\n    call freeze(flight.id) within 30s { done -> done  failed -> done }";
    let desk = "state calls { handoff \"care\"  on handoff.closed -> done  after 3d -> done }";
    let frozen = "state frozen { handoff \"care\"  call freeze(flight.id) within 30s { done -> done  failed -> done }  after 3d -> done }";
    for (other, way) in [(desk, Some("else -> calls")), (frozen, None)] {
        let text = text
            .replace("state unsure {", &format!("{other}\n{acts}"))
            .replace("withdrawing word\n    after 2h -> done", "withdrawing word");
        let (roots, sources) = project("own/own.journey", &text);
        let found = compile(&roots, &sources);
        let told: Vec<String> =
            found.findings.iter().filter(|f| f.code.code == "J0501").filter_map(|f| f.help.clone()).collect();
        assert!(
            told.iter().any(|help| help.contains("when flight.departs >= now + 140m")),
            "{told:?} {:#?}",
            found.findings
        );
        let proposed = |to: &str| told.iter().any(|help| help.contains(&format!("else -> {to}")));
        assert!(!proposed("unsure") && !proposed("frozen"), "{told:?}");
        assert!(way.is_none_or(|way| told.iter().any(|help| help.contains(way))), "{told:?}");
    }
}

#[test]
fn where_no_time_is_enough_an_instant_is_put_in_that_leads_on() {
    let told = "start on checked_in(flight) -> told
  state told { send welcome promising word by flight.departs - 20m  on changed(flight) -> later  at flight.departs - 25m -> unsure, if past -> unsure }
  state later { on boarding -> boarding  on changed(flight) stay  after 1h -> unsure }";
    let text = PROMISED.replace("LINES", told);
    let (new, done, left) = mended("own/own.journey", &text, Care::Look);
    let line = "after 1h -> unsure\n    at flight.departs - 25m -> unsure, if past -> unsure }";
    assert!(new.contains(line) && left == 0, "{done:?}\n{new}");
    // Where that would not do, nothing is put in: the wait before it ends the journey.
    let over = PROMISED.replace(
        "LINES",
        &told.replace(
            "on boarding -> boarding  on changed(flight) stay  after 1h -> unsure",
            "on boarding -> boarding  after 1h -> done",
        ),
    );
    let (new, done, left) = mended("own/own.journey", &over, Care::Look);
    assert!(new == over && left > 0, "{done:?}\n{new}");
}
