//! A quiet time that an event begins: its edges, whom it is for, what begins it, and what is kept of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that fails says where

mod common;

use common::*;
use journey_spec::program::union::union;
use journey_spec::program::*;
use journey_spec::types::Type;
use journey_spec::value::Data;
use journey_step::effect::{Effect, What};
use journey_step::{Customer, Input};

const WEEK: Millis = 7 * DAY;

/// `quiet 7d after talked per booking.id for debt voice else skip`.
fn rule(after: EventId) -> QuietAfter {
    QuietAfter {
        lasts: WEEK,
        after,
        key: Some(path("booking.id")),
        messages: vec![Sort { channel: Some(Channel::Voice), purpose: Some(Purpose::Debt) }],
        fate: Fate::Skip,
        because: Some("1006.14".into()),
        text: "quiet 7d after talked per booking.id for debt voice (1006.14)".into(),
    }
}

/// One call when `created` comes, and another whenever `again` does. `said` calls too, and nobody hears `talked`.
fn calling() -> Program {
    let names = Names {
        events: vec!["created", "again", "said", "talked"],
        messages: vec!["call".into()],
        states: vec!["calling", "sorry", "done"],
    };
    let call = message("call", Purpose::Debt, &[(Channel::Voice, "Please call us.")]);
    let journey = Journey {
        name: "overdue".into(),
        doc: String::new(),
        key: Some(path("booking.id")),
        data: vec![field("booking", Type::Record("Booking".into()))],
        limits: vec![],
        goals: vec![],
        starts: vec![names.start("created", &["booking"], "calling")],
        arrows: vec![],
        states: names.states(vec![
            state(
                "calling",
                vec![names.send("call")],
                vec![
                    names.on("again", &["booking"], None, names.go("calling")),
                    names.on("said", &["booking"], None, names.go("calling")),
                    names.to(Trigger::Blocked, "sorry"),
                ],
            ),
            state("sorry", vec![], vec![names.on("again", &["booking"], None, names.go("calling"))]),
            end("done", EndKind::Neutral),
        ]),
        migrations: Vec::new(),
    };
    let policy = Policy { quiet_after: vec![rule(names.event("talked"))], valid_for: 30 * DAY, ..Policy::default() };
    let mut program = program(&names, vec![call], policy, vec![journey]);
    program.records.insert(
        "Booking".into(),
        vec![field("id", text_type()), field("slot", Type::Instant), field("slot_ms", Type::Number)],
    );
    for event in &mut program.events {
        event.fields = vec![field("booking", Type::Record("Booking".into()))];
    }
    program.seal()
}

fn about(id: &str) -> Data {
    booking(id, day(20, "09:00"))
}

/// A customer who was called once about each, and talked about the first at once.
fn talked(program: Program, ids: &[&str]) -> Driver {
    let mut d = Driver::new(program);
    for id in ids {
        d.event("created", about(id));
    }
    d.event("talked", about(ids[0]));
    d
}

fn blocked(d: &Driver) -> Vec<(String, Option<i64>)> {
    let of = |what: &What| match what {
        What::Blocked { rule, until, .. } => Some((rule.to_string(), *until)),
        _ => None,
    };
    d.entries.iter().filter_map(|e| of(&e.what)).collect()
}

#[test]
fn it_holds_from_the_instant_of_the_event_and_not_at_its_end() {
    let mut d = talked(calling(), &["A"]);
    let t = d.now;
    assert_eq!(d.sent(), ["call"], "what left before is gone");
    d.tells("talked: quiet 7d after talked per booking.id for debt voice (1006.14) holds for A until 2026-03-09 10:00");
    for at in [t, t + 1, t + WEEK - 1] {
        d.until(at);
        d.event("again", about("A"));
    }
    assert_eq!(d.sent(), ["call"]);
    let text = "quiet 7d after talked per booking.id for debt voice (1006.14)".to_string();
    assert_eq!(blocked(&d), vec![(text, Some(t + WEEK)); 3]);
    d.tells("blocked call by quiet 7d after talked per booking.id for debt voice (1006.14), until 2026-03-09 10:00");
    assert_eq!(d.state(), "sorry", "`on blocked` hears it");
    d.until(t + WEEK);
    d.event("again", about("A"));
    assert_eq!(d.sent(), ["call", "call"], "when exactly seven days have passed it may leave");
}

#[test]
fn it_is_for_the_key_that_the_event_says() {
    let mut d = talked(calling(), &["A", "B"]);
    d.event("again", about("B"));
    assert_eq!(d.sent().len(), 3, "about another debt they are called");
    d.event("again", about("A"));
    assert_eq!(d.sent().len(), 3);
    // And without a key for the customer, whatever it is about.
    let mut program = calling();
    program.policy.quiet_after[0].key = None;
    let mut d = talked(program, &["A", "B"]);
    d.event("again", about("B"));
    assert_eq!(d.sent().len(), 2);
}

#[test]
fn a_journey_by_another_key_is_not_meant() {
    let mut program = calling();
    program.policy.quiet_after[0].key = Some(path("booking.slot"));
    let mut d = talked(program, &["A"]);
    d.event("again", about("A"));
    assert_eq!(d.sent().len(), 2);
}

#[test]
fn an_event_that_does_not_say_what_it_is_about_may_be_about_anything() {
    let mut d = Driver::new(calling());
    d.event("created", about("A"));
    d.event("created", about("B"));
    d.event("talked", Data::new());
    d.tells("holds until 2026-03-09 10:00");
    d.event("again", about("A"));
    d.event("again", about("B"));
    assert_eq!(d.sent().len(), 2);
}

#[test]
fn the_event_that_comes_again_begins_it_anew() {
    let mut d = talked(calling(), &["A"]);
    let t = d.now;
    d.until(t + 6 * DAY);
    d.event("talked", about("A"));
    d.until(t + WEEK);
    d.event("again", about("A"));
    assert_eq!(d.sent().len(), 1);
    d.until(t + 6 * DAY + WEEK);
    d.event("again", about("A"));
    assert_eq!(d.sent().len(), 2);
}

#[test]
fn what_its_own_step_decides_is_held_back_too() {
    let mut program = calling();
    program.policy.quiet_after[0].after = EventId(2);
    let mut d = Driver::new(program);
    d.event("created", about("A"));
    d.event("said", about("A"));
    assert_eq!(d.sent(), ["call"]);
    assert_eq!(blocked(&d).len(), 1);
}

#[test]
fn older_news_begins_nothing() {
    let mut program = calling();
    program.events[3].newest_by = Some(path("at"));
    let mut d = talked(program, &["A"]);
    let t = d.now;
    d.until(t + 6 * DAY);
    d.event_at("talked", about("A"), t - HOUR);
    d.tells("it is older than what is known");
    d.until(t + WEEK);
    d.event("again", about("A"));
    assert_eq!(d.sent().len(), 2, "the older one moved nothing");
    // Once the time is over nothing is known of it, and whatever comes counts.
    d.event_at("talked", about("A"), t - HOUR);
    d.event("again", about("A"));
    assert_eq!(d.sent().len(), 2);
}

#[test]
fn a_refused_event_begins_nothing_and_one_that_begins_it_is_taken_in() {
    let mut program = calling();
    program.events[3].intake = Some(Quota { n: 1, per: Window::Rolling(20 * DAY) });
    let mut d = talked(program, &["A"]);
    let t = d.now;
    d.until(t + 6 * DAY);
    d.event("talked", about("A"));
    assert!(
        d.effects.iter().any(|e| matches!(e, Effect::Refuse(_))),
        "nobody hears it, and it is counted all the same"
    );
    d.until(t + WEEK);
    d.event("again", about("A"));
    assert_eq!(d.sent().len(), 2);
}

#[test]
fn a_person_can_be_handed_what_it_holds_back() {
    let mut program = calling();
    program.policy.quiet_after[0].fate = Fate::Handoff("collections".into());
    let mut d = talked(program, &["A"]);
    d.event("again", about("A"));
    assert_eq!((d.sent().len(), d.cases()), (1, vec!["collections"]));
}

#[test]
fn an_essential_message_passes_it_and_another_channel_is_open() {
    let mut program = calling();
    program.messages[0] = essential(program.messages[0].clone());
    let mut d = talked(program, &["A"]);
    d.event("again", about("A"));
    assert_eq!(d.sent().len(), 2);
    let mut program = calling();
    program.messages[0] =
        message("call", Purpose::Debt, &[(Channel::Voice, "Please call us."), (Channel::Email, "Please call us.")]);
    let mut d = talked(program, &["A"]);
    d.event("again", about("A"));
    assert_eq!(d.releases().iter().map(|r| r.channel).collect::<Vec<_>>(), [Channel::Voice, Channel::Email]);
}

#[test]
fn the_strictest_fate_wins_and_the_rule_that_holds_longest_is_told() {
    let mut program = calling();
    let longer = QuietAfter { lasts: 2 * WEEK, text: "the longer".into(), ..program.policy.quiet_after[0].clone() };
    program.policy.quiet_after.push(longer);
    program.policy.quiet.push(quiet(9 * 60, 12 * 60, &[], Fate::Defer));
    let mut d = Driver::new(program);
    d.until(day(3, "13:00"));
    d.event("created", about("A"));
    d.event("talked", about("A"));
    d.until(day(4, "10:00"));
    d.event("again", about("A"));
    assert_eq!(
        blocked(&d),
        [("the longer".to_string(), Some(day(3, "13:00") + 2 * WEEK))],
        "it does not wait for noon"
    );
    assert_eq!(d.customer.waiting(), []);
}

#[test]
fn what_waits_for_the_morning_is_asked_then() {
    let mut program = calling();
    program.policy.quiet.push(quiet(21 * 60, 8 * 60, &[], Fate::Defer));
    let mut d = Driver::new(program);
    d.until(day(2, "22:00"));
    d.event("created", about("A"));
    d.until(day(2, "22:30"));
    d.event("talked", about("A"));
    assert_eq!((d.customer.waiting().len(), blocked(&d).len()), (1, 0));
    d.until(day(3, "08:00"));
    assert_eq!((d.sent().len(), blocked(&d).len()), (0, 1));
}

#[test]
fn it_is_stored_and_states_of_before_are_read() {
    let mut d = Driver::new(calling());
    d.event("created", about("A"));
    let before = d.customer.to_bytes().unwrap();
    assert_eq!(before[0], 1, "whoever has none is written as before");
    assert_eq!(Customer::from_bytes(&before).unwrap(), d.customer);
    assert!(Customer::from_bytes(&[before.as_slice(), &[0]].concat()).is_err());
    d.event("talked", about("A"));
    let after = d.customer.to_bytes().unwrap();
    assert_eq!(after[0], 2);
    d.customer = Customer::from_bytes(&after).unwrap();
    d.event("again", about("A"));
    assert_eq!(d.sent().len(), 1);
    let json = serde_json::to_string(&d.customer).unwrap();
    assert_eq!(Customer::from_bytes(json.as_bytes()).unwrap(), d.customer);
    // What is over is not kept.
    d.wait(WEEK).input(Input::Due);
    assert_eq!(d.customer.to_bytes().unwrap()[0], 1);
    for cut in 0..after.len() {
        assert!(Customer::from_bytes(&after[..cut]).is_err(), "{cut}");
    }
}

#[test]
fn who_is_forgotten_has_none() {
    let mut d = talked(calling(), &["A"]);
    d.input(Input::Forget);
    assert_eq!(d.customer.to_bytes().unwrap()[0], 1);
}

#[test]
fn however_many_keys_come_the_state_is_bounded_and_nothing_leaves_sooner() {
    let mut d = Driver::new(calling());
    for n in 0..400 {
        d.event("created", about(&format!("debt {n}")));
    }
    for n in 0..400 {
        d.wait(MINUTE);
        d.event("talked", about(&format!("debt {n}")));
    }
    let sizes = d.customer.to_bytes().unwrap().len();
    let mut few = Driver::new(calling());
    for n in 0..400 {
        few.event("created", about(&format!("debt {n}")));
    }
    let without = few.customer.to_bytes().unwrap().len();
    assert!(sizes - without < 200 * 60, "{sizes} {without}");
    let left = d.sent().len();
    let t = d.now;
    for n in [0, 1, 199, 200, 399] {
        d.event("again", about(&format!("debt {n}")));
    }
    assert_eq!(d.sent().len(), left);
    // The newest two hundred are remembered apart, and the others hold for all until the newest of them is over.
    d.until(t + WEEK - 200 * MINUTE);
    d.event("again", about("debt 0"));
    assert_eq!(d.sent().len(), left + 1);
    d.event("again", about("debt 200"));
    assert_eq!(d.sent().len(), left + 1);
}

#[test]
fn a_newer_program_goes_on_with_it() {
    let before = calling();
    let mut newest = calling();
    // Its events stand in another order.
    newest.events.swap(0, 3);
    newest.policy.quiet_after[0].after = EventId(0);
    newest.policy.quiet_after[0].text = "the newer".into();
    newest.journeys[0].starts[0].event = EventId(3);
    let all = union(&before, &newest.seal(), |_| true).unwrap().program;
    assert_eq!(all.policy.quiet_after[0].after, EventId(3));
    let mut d = talked(before, &["A"]);
    d.program = all;
    d.event("again", about("A"));
    assert_eq!(blocked(&d).len(), 1);
    d.tells("the newer");
    // Where no rule asks any more, nothing is kept.
    d.program = Program { policy: Policy::default(), ..calling() };
    d.event("again", about("A"));
    assert_eq!(d.customer.to_bytes().unwrap()[0], 1);
}

#[test]
fn a_program_that_does_not_hang_together_is_not_taken() {
    type Change = fn(&mut QuietAfter);
    let wrong: [(Change, &str); 4] = [
        (|q| q.lasts = 0, "policy.quiet_after[0].lasts"),
        (|q| q.fate = Fate::Defer, "policy.quiet_after[0].fate"),
        (|q| q.fate = Fate::End, "policy.quiet_after[0].fate"),
        (|q| q.after = EventId(9), "policy.quiet_after[0].after"),
    ];
    for (change, place) in wrong {
        let mut program = calling();
        change(&mut program.policy.quiet_after[0]);
        let why = sound::check(&program).unwrap_err();
        assert_eq!(why.place, place, "{why}");
    }
    sound::check(&calling()).unwrap();
}
