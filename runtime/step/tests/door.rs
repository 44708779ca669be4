//! An event's hooks: what they make of its data, and that they keep it away.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that fails says where

mod common;

use common::*;
use journey_spec::program::sound;
use journey_spec::program::*;
use journey_spec::value::fields_to_json;
use journey_spec::{Sensitive, Type, Value};
use journey_step::effect::Effect;
use journey_step::{Customer, HookAnswer, HookRequest, Input, Orders, Verdict, step, step_asking};
use serde_json::json;

fn hook(name: &str, answers: HookAnswers, on_failure: Judgement) -> Hook {
    let params = vec![field("booking", Type::Record("Booking".into()))];
    let from = format!("hooks/{name}.wasm");
    Hook { name: name.into(), params, answers, from, sha256: None, largest: 4, within: 5, memory: 16, on_failure }
}

/// `event came { booking: Booking } made by hook tidy checked by hook plausible`, and a journey that begins with it.
fn door(on_failure: Judgement) -> Program {
    let names = Names { events: vec!["came"], messages: Vec::new(), states: vec!["waiting", "over"] };
    let states =
        names.states(vec![state("waiting", vec![], vec![names.to(after(DAY), "over")]), end("over", EndKind::Success)]);
    let journey = Journey {
        name: "visit".into(),
        doc: String::new(),
        key: Some(vec!["booking".into(), "id".into()]),
        data: vec![field("booking", Type::Record("Booking".into()))],
        limits: Vec::new(),
        starts: vec![names.start("came", &["booking"], "waiting")],
        goals: Vec::new(),
        arrows: Vec::new(),
        states,
        migrations: Vec::new(),
    };
    let mut program = program(&names, Vec::new(), Policy::default(), vec![journey]);
    program.records.insert(
        "Booking".into(),
        vec![
            field("id", text_type()),
            field("slot", Type::Instant),
            field("slot_ms", Type::Optional(Box::new(Type::Number))),
        ],
    );
    program.events[0].fields = vec![field("booking", Type::Record("Booking".into()))];
    program.hooks =
        vec![hook("tidy", HookAnswers::Data, on_failure.clone()), hook("plausible", HookAnswers::Verdicts, on_failure)];
    program.events[0].made_by = Some(HookId(0));
    program.events[0].checked_by = Some(HookId(1));
    sound::check(&program).unwrap();
    program
}

fn came() -> Input {
    Input::Event { name: "came".into(), at: day(2, "10:00"), data: booking("B", day(20, "09:00")) }
}

struct Told {
    customer: Customer,
    lines: Vec<String>,
    refused: Option<String>,
    asked: Vec<HookRequest>,
}

fn told(program: &Program, mut say: impl FnMut(&HookRequest) -> HookAnswer) -> Told {
    let mut asked = Vec::new();
    let mut ask = |request: &HookRequest| {
        asked.push(request.clone());
        say(request)
    };
    let customer = Customer::new("victoria");
    let (customer, effects) = step_asking(program, &Orders::default(), customer, &came(), day(2, "10:00"), &mut ask);
    let mut lines = Vec::new();
    let mut refused = None;
    for effect in effects {
        match effect {
            Effect::Note(entry) => lines.push(entry.sentence(&journey_spec::time::Zone::utc())),
            Effect::Refuse(reason) => refused = Some(reason),
            _ => {}
        }
    }
    Told { customer, lines, refused, asked }
}

fn verdict(code: &str, message: &str) -> Verdict {
    Verdict { code: code.into(), message: message.into() }
}

/// What `tidy` gives back: another visit.
fn remade(request: &HookRequest) -> HookAnswer {
    match request.hook.as_str() {
        "tidy" => HookAnswer::Data(json!({"booking": {"id": "B-1", "slot": "2026-03-21T09:00:00Z"}})),
        _ => HookAnswer::Verdicts(Vec::new()),
    }
}

#[test]
fn what_a_hook_makes_of_an_event_is_what_is_checked_and_heard() {
    let told = told(&door(Judgement::Refuse), remade);
    assert_eq!(told.refused, None);
    assert_eq!(told.lines[..2], ["hook tidy says `booking` anew", "hook plausible says accept"]);
    assert!(told.lines[2].starts_with("visit B-1 began with came"), "{:?}", told.lines);
    let data = told.customer.newest_instance(JourneyId(0)).unwrap().data();
    let Value::Record(booking) = data.get("booking").unwrap() else { panic!("a record") };
    assert_eq!(booking.get("slot").unwrap(), &Value::Instant(day(21, "09:00")));
    let Value::Record(checked) = &told.asked.last().unwrap().args[0].1 else { panic!("a record") };
    assert_eq!(
        checked.get("id").unwrap(),
        &Value::Text("B-1".into()),
        "the one is asked about what the other has made"
    );
}

#[test]
fn what_comes_back_unchanged_is_told_so() {
    let told = told(&door(Judgement::Refuse), |request| match request.hook.as_str() {
        "tidy" => HookAnswer::Data(fields_to_json(&request.args.iter().cloned().collect())),
        _ => HookAnswer::Verdicts(Vec::new()),
    });
    assert_eq!(told.lines[0], "hook tidy says as it came");
}

#[test]
fn what_has_a_verdict_no_journey_hears() {
    let verdicts = vec![verdict("too_late", "the slot is in the past"), verdict("odd\u{1b}[31m", "no\nsuch id")];
    let told = told(&door(Judgement::Accept), |request| match request.hook.as_str() {
        "tidy" => remade(request),
        _ => HookAnswer::Verdicts(verdicts.clone()),
    });
    assert_eq!(
        told.refused.as_deref(),
        Some("hook `plausible` refuses this `came`: too_late: the slot is in the past; odd [31m: no such id")
    );
    assert_eq!(
        told.lines,
        [
            "hook tidy says `booking` anew",
            "hook plausible says refuse",
            "refused came: hook plausible says too_late; odd [31m"
        ]
    );
    assert!(told.customer.newest_instance(JourneyId(0)).is_none());
}

#[test]
fn many_and_long_verdicts_are_cut() {
    let many: Vec<Verdict> = (0..500).map(|_| verdict(&"c".repeat(500), &"m".repeat(5_000))).collect();
    let told = told(&door(Judgement::Accept), |request| match request.hook.as_str() {
        "tidy" => remade(request),
        _ => HookAnswer::Verdicts(many.clone()),
    });
    let reason = told.refused.unwrap();
    assert!(reason.ends_with("and 490 more") && reason.len() < 3_000, "{} bytes", reason.len());
}

#[test]
fn a_hook_that_fails_lets_in_or_keeps_away_as_it_is_declared() {
    let fails = |_: &HookRequest| HookAnswer::Failed("it ran out of fuel".into());
    let kept = told(&door(Judgement::Refuse), fails);
    assert_eq!(
        kept.refused.as_deref(),
        Some("hook `tidy` could not judge this `came`, and no other is let in: it ran out of fuel")
    );
    assert_eq!(kept.asked.len(), 1, "what is kept away is not asked about again");
    assert_eq!(kept.lines, ["hook tidy failed: it ran out of fuel; as if refuse", "refused came: hook tidy failed"]);
    let taken = told(&door(Judgement::Accept), fails);
    assert_eq!(taken.refused, None);
    assert!(taken.lines[2].starts_with("visit B began with came"), "as it came: {:?}", taken.lines);
    // Where nobody runs hooks at all, the same holds.
    let (customer, _) = step(&door(Judgement::Refuse), Customer::new("v"), &came(), day(2, "10:00"));
    assert!(customer.newest_instance(JourneyId(0)).is_none());
    let (customer, _) = step(&door(Judgement::Accept), Customer::new("v"), &came(), day(2, "10:00"));
    assert!(customer.newest_instance(JourneyId(0)).is_some());
}

#[test]
fn what_a_hook_gives_is_held_against_the_declared_types() {
    for (given, why) in [
        (json!({"booking": {"id": "B"}}), "the `booking.slot` that it gave is missing"),
        (
            json!({"booking": {"id": 3, "slot": "2026-03-21T09:00:00Z"}}),
            "the `booking.id` that it gave should be a text",
        ),
        (json!({}), "the `booking` that it gave is missing"),
        (json!([1, 2]), "what it gave should be an object with fields"),
    ] {
        let told = told(&door(Judgement::Refuse), |_| HookAnswer::Data(given.clone()));
        assert_eq!(told.lines[0], format!("hook tidy failed: {why}; as if refuse"), "{given}");
        assert!(told.refused.is_some());
    }
}

#[test]
fn an_answer_of_another_kind_is_none() {
    for answer in [HookAnswer::Number(1.0), HookAnswer::Outcome("accept".into()), HookAnswer::Verdicts(Vec::new())] {
        let told = told(&door(Judgement::Refuse), |_| answer.clone());
        assert_eq!(told.lines[0], "hook tidy failed: it said what it is not declared to say; as if refuse");
    }
    let told = told(&door(Judgement::Refuse), |request| match request.hook.as_str() {
        "tidy" => remade(request),
        _ => HookAnswer::Data(json!({})),
    });
    assert_eq!(told.lines[1], "hook plausible failed: it said what it is not declared to say; as if refuse");
}

#[test]
fn what_is_over_the_limit_no_hook_is_asked_about() {
    let mut program = door(Judgement::Accept);
    program.events[0].intake = Some(Quota { n: 1, per: Window::Rolling(DAY) });
    let orders = Orders::default();
    let mut asked = 0;
    let mut ask = |request: &HookRequest| {
        asked += 1;
        remade(request)
    };
    let first = step_asking(&program, &orders, Customer::new("v"), &came(), day(2, "10:00"), &mut ask);
    let _ = step_asking(&program, &orders, first.0, &came(), day(2, "11:00"), &mut ask);
    assert_eq!(asked, 2, "of the first event both, of the second none");
}

#[test]
fn of_what_is_not_for_every_eye_nothing_is_told() {
    let mut program = door(Judgement::Accept);
    program.hooks[1].params[0].sensitive = Some(Sensitive::Health);
    let told = told(&program, |request| match request.hook.as_str() {
        "tidy" => remade(request),
        _ => HookAnswer::Verdicts(vec![verdict("ill", "she has a cold")]),
    });
    assert_eq!(told.refused.as_deref(), Some("hook `plausible` refuses this `came`: ‹health›"));
    assert_eq!(told.lines[2], "refused came: hook plausible says ‹health›");
}

#[test]
fn a_program_whose_door_does_not_hang_together_is_refused() {
    type Change = fn(&mut Program);
    let cases: [(Change, &str); 8] = [
        (|p| p.events[0].made_by = Some(HookId(1)), "events[0].made_by"),
        (|p| p.events[0].checked_by = Some(HookId(0)), "events[0].checked_by"),
        (|p| p.events[0].checked_by = Some(HookId(7)), "events[0].checked_by"),
        (|p| p.hooks[0].params[0].name = "visit".into(), "events[0].made_by"),
        (|p| p.hooks[0].params[0].ty = Type::Number, "events[0].made_by"),
        (|p| p.hooks[0].on_failure = Judgement::Number(1.0), "hooks[0].on_failure"),
        (|p| p.hooks[1].on_failure = Judgement::Outcome("accept".into()), "hooks[1].on_failure"),
        (|p| p.hooks[1].sha256 = Some("AB".into()), "hooks[1].sha256"),
    ];
    for (change, place) in cases {
        let mut program = door(Judgement::Accept);
        change(&mut program);
        assert_eq!(sound::check(&program).unwrap_err().place, place);
    }
}

#[test]
fn beside_an_older_version_an_event_still_asks_its_own_hooks() {
    let mut older = door(Judgement::Refuse);
    older.hooks.insert(0, hook("other", HookAnswers::Data, Judgement::Accept));
    older.events[0].made_by = Some(HookId(0));
    older.events[0].checked_by = Some(HookId(2));
    let (older, newest) = (older.seal(), door(Judgement::Refuse).seal());
    let both = journey_spec::program::union::union(&older, &newest, |_| true).unwrap().program;
    let (_, event) = both.event("came").unwrap();
    let name = |id: Option<HookId>| both.hooks[id.unwrap().index()].name.clone();
    assert_eq!((name(event.made_by), name(event.checked_by)), ("tidy".into(), "plausible".into()));
}
