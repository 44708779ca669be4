//! The engine with a small program: dedupe, timers, opt-outs, calls, failures, and whose store it is.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{engine, engine_on, placed, program, take, updated};
use journey_runtime::channels::Collect;
use journey_runtime::engine::Became;
use journey_runtime::service::Fixed;
use journey_runtime::store::{Memory, Sqlite};
use journey_runtime::{Answer, Engine, EngineError, Outside, Pace, Taken, drive};
use journey_spec::program::{DAY, HOUR, MINUTE, SECOND};
use journey_spec::time::parse_rfc3339;

const T: &str = "2026-03-02T10:00:00Z";

fn t0() -> i64 {
    parse_rfc3339(T).unwrap()
}

fn texts(engine: &mut Engine) -> Vec<(String, String)> {
    engine.messages().unwrap().into_iter().map(|m| (m.customer, m.item.message.into())).collect()
}

fn outside(collect: &Collect, answer: Answer) -> Outside {
    let service = Fixed(BTreeMap::from([("check".into(), answer)]));
    Outside { channel: Box::new(collect.clone()), desk: Box::new(collect.clone()), service: Box::new(service) }
}

#[test]
fn an_id_is_taken_once() {
    let mut engine = engine();
    let lines = [updated("u", T, "a", "+44 7700 900123"), placed("e", T, "a", "o1"), placed("e", T, "b", "o2")];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let taken = take(&mut engine, &lines);
    assert!(
        matches!(taken[..], [Taken::Accepted { .. }, Taken::Accepted { effects: 1 }, Taken::Duplicate]),
        "{taken:?}"
    );
    assert!(take(&mut engine, &lines).iter().all(|t| *t == Taken::Duplicate));
    assert_eq!(texts(&mut engine), [("a".into(), "greeting".into())]);
}

/// Effects are handed on from memory; one that was claimed out of turn, and is settled, is not handed on again.
#[test]
fn what_is_settled_out_of_turn_is_claimed_by_nobody() {
    let mut engine = engine().pace(Pace::Live);
    let lines: Vec<String> = ["a", "b", "c"]
        .iter()
        .zip(0..)
        .flat_map(|(c, n)| [updated(&format!("u{c}"), T, c, &format!("+44 7700 90012{n}")), placed(c, T, c, c)])
        .collect();
    take(&mut engine, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    let all = engine.claim_after(0, 9).unwrap();
    assert_eq!(all.len(), 3, "{all:?}");
    engine.became(&all[1], &Became::Done, t0()).unwrap();
    engine.advance_to(t0() + 1).unwrap();
    let mut claimed: Vec<u64> = Vec::new();
    let mut claim = |engine: &mut Engine, n: usize| claimed.extend(engine.claim(n).unwrap().iter().map(|job| job.seq));
    claim(&mut engine, 1);
    claim(&mut engine, 9);
    // What comes later is handed on where the rows before it went.
    take(&mut engine, &[&updated("ud", T, "d", "+44 7700 900129"), &placed("d", T, "d", "d")]);
    claim(&mut engine, 9);
    claim(&mut engine, 9);
    let newest = engine.newest_job().expect("the store knows it");
    let wanted: Vec<u64> = (1..=newest).filter(|seq| *seq != all[1].seq).collect();
    assert!(wanted.len() >= 3, "{wanted:?}");
    assert_eq!(claimed, wanted, "each once, in order, but what was settled");
}

#[test]
fn timers_fire_at_their_own_instants_before_a_later_arrival() {
    let mut engine = engine();
    take(&mut engine, &[&updated("u", T, "a", "+44 7700 900123"), &placed("e", T, "a", "o1")]);
    take(&mut engine, &[&updated("x", "2026-03-09T10:00:00Z", "zoe", "+44 7700 900124")]);
    let messages = engine.messages().unwrap();
    assert_eq!(
        messages.iter().map(|m| (m.at, m.item.message.as_str())).collect::<Vec<_>>(),
        [(t0(), "greeting"), (t0() + DAY, "reminder")]
    );
    // nobody answers the call: it fails at its deadline, and a person gets the case
    assert_eq!(engine.cases().unwrap()[0].at, t0() + DAY + 30 * SECOND);
    assert_eq!(engine.now(), t0() + 7 * DAY);
    assert!(!engine.timeline("a").unwrap().is_empty());
    assert!(!engine.customer("a").unwrap().unwrap().instances()[0].is_live());
    assert!(engine.customer("nobody").unwrap().is_none());
}

#[test]
fn the_clock_never_goes_back_and_is_kept() {
    let memory = Memory::new();
    let mut first = engine_on(&memory);
    take(&mut first, &[&updated("u", "2026-03-05T10:00:00Z", "a", "+44 7700 900123")]);
    take(&mut first, &[&updated("v", T, "b", "+44 7700 900124")]);
    assert_eq!(first.now(), t0() + 3 * DAY);
    let mut second = engine_on(&memory);
    assert_eq!(second.now(), t0() + 3 * DAY);
    assert!(matches!(first.advance_to(t0() + 4 * DAY), Err(EngineError::Fenced)));
    assert!(matches!(first.advance_to(t0() + 4 * DAY), Err(EngineError::Stopped)));
    second.advance_to(t0() + 4 * DAY).unwrap();
}

#[test]
fn answers_come_when_the_service_says() {
    for (answer, expected) in [
        (Answer::Outcome("yes".into()), 0),
        (Answer::After(10 * SECOND, "yes".into()), 0),
        (Answer::After(10 * SECOND, "no".into()), 1),
        (Answer::After(HOUR, "yes".into()), 1),
        (Answer::Unavailable("down".into()), 1),
    ] {
        let collect = Collect::new();
        let mut engine = engine().connect(outside(&collect, answer.clone()));
        take(&mut engine, &[&updated("u", T, "a", "+44 7700 900123"), &placed("e", T, "a", "o1")]);
        engine.advance_to(t0() + DAY + 20 * SECOND).unwrap();
        let waits = matches!(answer, Answer::After(HOUR, _) | Answer::Unavailable(_));
        assert_eq!(engine.customer("a").unwrap().unwrap().open_calls().len(), usize::from(waits), "{answer:?}");
        engine.advance_to(t0() + 2 * DAY).unwrap();
        assert_eq!(collect.cases().len(), expected, "{answer:?}");
        assert_eq!(engine.next_due().unwrap().is_some(), expected == 1);
    }
}

#[test]
fn a_rejected_message_is_heard_as_failed() {
    let reasons = BTreeMap::from([("greeting".to_string(), "no such number".to_string())]);
    let collect = Collect::new().rejecting(reasons);
    let mut engine = engine().connect(outside(&collect, Answer::Later));
    take(&mut engine, &[&updated("u", T, "a", "+44 7700 900123"), &placed("e", T, "a", "o1")]);
    assert!(collect.messages().is_empty());
    assert_eq!(collect.cases().len(), 1);
    assert_eq!(collect.cases()[0].at, t0());
}

#[test]
fn stop_holds_for_everybody_with_the_address() {
    let mut engine = engine();
    let stop = format!(r#"{{"id":"s","at":"{T}","customer":"a","reply":"Stop!","channel":"sms"}}"#);
    let lines = [
        updated("u1", T, "a", "+44 7700 900123"),
        updated("u2", T, "b", "+44 (0)7700-900123"),
        updated("u3", T, "c", "+44 7700 900124"),
        placed("p1", T, "b", "o1"),
        stop,
        placed("p2", T, "a", "o2"),
        placed("p3", T, "b", "o3"),
        placed("p4", T, "c", "o4"),
        updated("u4", T, "late", "+447700900123"),
        placed("p5", T, "late", "o5"),
    ];
    // all in one commit, and each alone
    for group in [10, 1] {
        let mut engine = if group == 10 { std::mem::replace(&mut engine, common::engine()) } else { common::engine() };
        for lines in lines.chunks(group) {
            take(&mut engine, &lines.iter().map(String::as_str).collect::<Vec<_>>());
        }
        let expected = [("b", "greeting"), ("a", "stop confirmation"), ("c", "greeting")];
        assert_eq!(texts(&mut engine), expected.map(|(c, m)| (c.to_string(), m.to_string())), "groups of {group}");
        for customer in ["a", "b", "late"] {
            assert!(engine.customer(customer).unwrap().unwrap().has_stopped("+447700900123"), "{customer}");
        }
    }
}

#[test]
fn stop_on_a_page_holds_before_an_address_is_known() {
    for opt_out in ["sms", "+44 7700 900123"] {
        let mut engine = engine();
        let stop = format!(r#"{{"id":"s","at":"{T}","customer":"a","opt_out":"{opt_out}"}}"#);
        take(&mut engine, &[&stop, &updated("u", T, "a", "+447700900123"), &placed("p", T, "a", "o")]);
        assert_eq!(texts(&mut engine), [], "{opt_out}");
        take(&mut engine, &[&updated("v", T, "b", "+447700900123"), &placed("q", T, "b", "o")]);
        assert_eq!(texts(&mut engine), [], "{opt_out}");
    }
}

#[test]
fn refused_lines_are_kept_once() {
    let mut engine = engine();
    let lines = ["{", r#"{"id":"e"}"#];
    for _ in 0..2 {
        assert!(take(&mut engine, &lines).iter().all(|t| matches!(t, Taken::Refused(_))));
    }
    let letters = engine.dead_letters().unwrap();
    assert_eq!(letters.iter().map(|l| (l.line, l.raw.as_str())).collect::<Vec<_>>(), [(1, "{"), (2, lines[1])]);
    assert!(letters[1].reason.starts_with("line 2: `at` is missing"), "{}", letters[1].reason);
}

#[test]
fn a_store_keeps_the_pace_of_its_first_use() {
    for (first, other, words) in [
        (Pace::Virtual, Pace::Live, "was run on virtual time so far, and running it live would"),
        (Pace::Live, Pace::Virtual, "was run live so far, and running it on virtual time would"),
    ] {
        let memory = Memory::new();
        // opening alone is no use
        drop(engine_on(&memory));
        let mut engine = engine_on(&memory).pace(first);
        take(&mut engine, &[&placed("e", T, "a", "o")]);
        drop(engine);
        let error = engine_on(&memory).pace(other).claim_pace().unwrap_err();
        assert!(matches!(error, EngineError::OtherPace { .. }) && error.to_string().contains(words), "{error}");
        let mut engine = engine_on(&memory).pace(other);
        let now = engine.now();
        engine.advance_to(now).unwrap_err();
        engine.set_pace(first);
        engine.advance_to(now).unwrap();
        engine.set_pace(other);
        engine.advance_to(now).unwrap_err();
    }
}

#[test]
fn a_changed_program_is_refused() {
    let mut changed = program();
    changed.policy.stop_text = "Bye.".into();
    let error = Engine::open(Arc::new(changed), Box::new(Memory::new())).unwrap_err().to_string();
    assert!(error.contains("changed after it was compiled"), "{error}");
    let mut newer = program();
    newer.format = 99;
    let error = Engine::open(Arc::new(newer.seal()), Box::new(Memory::new())).unwrap_err().to_string();
    assert!(error.contains("format 99"), "{error}");
}

#[test]
fn live_messages_that_are_no_longer_true_are_not_sent() {
    let collect = Collect::new();
    let mut engine = engine().connect(outside(&collect, Answer::Later)).pace(Pace::Live);
    engine.advance_to(t0()).unwrap();
    take(&mut engine, &[&updated("u", T, "a", "+44 7700 900123"), &placed("e", T, "a", "o1")]);
    let done = engine.dispatch(t0() + 13 * HOUR).unwrap();
    assert_eq!((done.expired, done.delivered), (1, 0));
    assert!(collect.messages().is_empty());
    // the journey hears that it failed
    assert_eq!(engine.dispatch(t0() + 13 * HOUR).unwrap().waiting, 0);
    assert_eq!(collect.cases().len(), 1);
}

#[test]
fn a_run_over_sqlite_tells_what_left() {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(dir.path().join("journeys.db")).unwrap();
    let mut engine = Engine::open(Arc::new(program()), Box::new(store)).unwrap();
    let feed = common::busy_feed(300);
    let mut told = 0;
    let summary = drive::run_feed(&mut engine, feed.as_bytes(), &drive::Options::default(), |_| told += 1).unwrap();
    assert!(told >= 2);
    assert_eq!(summary.arrivals, summary.accepted + summary.duplicates + summary.refused);
    assert!(summary.duplicates > 0 && summary.refused > 0, "{summary:?}");
    assert_eq!(summary.messages(), engine.messages().unwrap().len() as u64);
    assert!(summary.messages() > 50 && summary.most_in_24h() > 0);
    assert_eq!(summary.unfinished, None);
    let again = drive::run_feed(&mut engine, feed.as_bytes(), &drive::Options::default(), |_| ()).unwrap();
    assert_eq!((again.accepted, &again.customers), (0, &summary.customers));
}

#[test]
fn a_pause_holds_for_all_customers_and_over_a_restart() {
    let memory = Memory::new();
    let mut engine = engine_on(&memory);
    take(&mut engine, &[&updated("u1", T, "a", "+44 7700 900123"), &updated("u2", T, "b", "+44 7700 900124")]);
    engine.pause(journey_spec::program::Channel::Sms, Some(t0() + HOUR)).unwrap();
    drop(engine);
    let mut engine = engine_on(&memory);
    assert!(engine.orders().is_paused(journey_spec::program::Channel::Sms, t0()));
    take(&mut engine, &[&placed("e1", T, "a", "o1"), &placed("e2", T, "b", "o2")]);
    engine.advance_to(t0() + HOUR - 1).unwrap();
    assert_eq!(texts(&mut engine), []);
    engine.advance_to(t0() + HOUR).unwrap();
    assert_eq!(texts(&mut engine), [("a".into(), "greeting".into()), ("b".into(), "greeting".into())]);
}

#[test]
fn live_what_had_not_left_the_house_when_a_pause_began_waits_for_its_end() {
    let memory = Memory::new();
    let collect = Collect::new();
    let open = || engine_on(&memory).connect(outside(&collect, Answer::Later)).pace(Pace::Live);
    let mut engine = open();
    engine.advance_to(t0()).unwrap();
    take(&mut engine, &[&updated("u", T, "a", "+44 7700 900123"), &placed("e", T, "a", "o1")]);
    assert_eq!(texts(&mut engine).len(), 1);
    engine.pause(journey_spec::program::Channel::Sms, None).unwrap();
    let done = engine.dispatch(t0() + SECOND).unwrap();
    assert_eq!((done.delivered, done.rejected), (0, 0));
    engine.resume(journey_spec::program::Channel::Sms).unwrap();
    assert_eq!(engine.dispatch(t0() + 2 * SECOND).unwrap().delivered, 0);
    assert!(collect.messages().is_empty());
    engine.advance_to(t0() + 6 * MINUTE).unwrap();
    assert_eq!(engine.dispatch(t0() + 6 * MINUTE).unwrap().delivered, 1);
    assert_eq!(collect.messages().len(), 1);
}
