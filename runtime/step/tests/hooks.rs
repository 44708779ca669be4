//! Hooks: a step says what it needs to know, and takes the answer to that very question and no other.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that fails says where

mod common;

use common::*;
use journey_spec::program::sound;
use journey_spec::program::*;
use journey_spec::{Sensitive, Type, Value};
use journey_step::effect::{Effect, Priority};
use journey_step::hooks::{MOST_ASKED, NO_HOOKS};
use journey_step::{
    Asker, Customer, HookAnswer, HookRecord, HookReply, HookRequest, Input, Orders, Ran, Stepped, step, step_asking,
    step_recorded,
};

fn ask(hook: u32, text: &str) -> Ask {
    Ask { hook: HookId(hook), args: vec![expr("booking.id")], text: text.into() }
}

fn hook(name: &str, answers: HookAnswers, on_failure: Judgement) -> Hook {
    let params = vec![field("id", text_type())];
    let from = format!("hooks/{name}.wasm");
    Hook { name: name.into(), params, answers, from, sha256: None, largest: 4, within: 5, memory: 16, on_failure }
}

/// `set score = risk(…)`, then `choose triage(…)`, then a handoff with what `triage` says as its priority.
fn complaint() -> Program {
    let names = Names {
        events: vec!["came"],
        messages: Vec::new(),
        states: vec!["scoring", "sorting", "answer", "person", "over"],
    };
    let severities = vec!["simple".to_string(), "severe".to_string()];
    let scored = Set {
        path: path("score"),
        value: Expr::Literal(Value::Number(0.5)),
        hook: Some(ask(1, "risk(booking.id)")),
        optional: false,
        sensitive: false,
    };
    let ways = vec![("simple".into(), names.state("answer")), ("severe".into(), names.state("person"))];
    let sorting = State {
        branch: Some(Branch::Hook { ask: ask(0, "triage(booking.id)"), ways }),
        ..state("sorting", vec![], vec![])
    };
    let case = Handoff {
        queue: "care".into(),
        transcript: true,
        carried: Vec::new(),
        priority: Some(PriorityOf::Hook(ask(0, "triage(booking.id)"))),
    };
    let states = names.states(vec![
        through("scoring", vec![Action::Set(scored)], names.state("sorting")),
        sorting,
        state("answer", vec![], vec![names.to(after(DAY), "over")]),
        state("person", vec![Action::Handoff(case)], vec![names.to(after(DAY), "over")]),
        end("over", EndKind::Success),
    ]);
    let journey = Journey {
        name: "complaint".into(),
        doc: String::new(),
        key: None,
        data: vec![field("booking", Type::Record("Booking".into())), field("score", Type::Number)],
        limits: Vec::new(),
        starts: vec![names.start("came", &["booking"], "scoring")],
        goals: Vec::new(),
        arrows: Vec::new(),
        states,
        migrations: Vec::new(),
    };
    let mut program = program(&names, Vec::new(), Policy::default(), vec![journey]);
    program.records.insert("Booking".into(), vec![field("id", text_type()), field("slot", Type::Instant)]);
    program.events[0].fields = vec![field("booking", Type::Record("Booking".into()))];
    program.hooks = vec![
        hook("triage", HookAnswers::OneOf(severities), Judgement::Outcome("severe".into())),
        hook("risk", HookAnswers::Number, Judgement::Number(0.5)),
    ];
    sound::check(&program).unwrap();
    program
}

fn came() -> Input {
    Input::Event { name: "came".into(), at: day(2, "10:00"), data: booking("B", day(20, "09:00")) }
}

fn recorded(records: &[HookRecord]) -> Stepped {
    let (program, now) = (complaint(), day(2, "10:00"));
    step_recorded(&program, &Orders::default(), records, Customer::new("victoria"), &came(), now)
}

fn needed(records: &[HookRecord]) -> HookRequest {
    match recorded(records) {
        Stepped::NeedsHook { request, customer } => {
            assert_eq!(customer, Customer::new("victoria"), "nothing has happened");
            request
        }
        Stepped::Done { .. } => panic!("no answer is missing"),
    }
}

fn told(program: &Program, ask: &mut dyn FnMut(&HookRequest) -> HookAnswer) -> (Vec<String>, Vec<Effect>) {
    let customer = Customer::new("victoria");
    let (_, effects) = step_asking(program, &Orders::default(), customer, &came(), day(2, "10:00"), ask);
    (sentences(&effects), effects)
}

fn sentences(effects: &[Effect]) -> Vec<String> {
    effects
        .iter()
        .filter_map(|e| match e {
            Effect::Note(entry) => Some(entry.sentence(&journey_spec::time::Zone::utc())),
            _ => None,
        })
        .collect()
}

fn priority(effects: &[Effect]) -> Option<Priority> {
    effects.iter().find_map(|e| match e {
        Effect::Handoff(case) => case.priority.clone(),
        _ => None,
    })
}

/// Who asks in the first step of the first instance.
fn asker() -> Asker {
    let (customer, journey) = ("victoria".into(), "complaint".into());
    Asker { customer, journey, instance: 1, step: 0, now: day(2, "10:00") }
}

fn outcome(name: &str) -> HookAnswer {
    HookAnswer::Outcome(name.into())
}

#[test]
fn a_step_says_one_after_the_other_what_it_needs_to_know() {
    let first = needed(&[]);
    let value = Value::Text("B".into());
    assert_eq!(
        first,
        HookRequest { position: 0, hook: "risk".into(), args: vec![("id".into(), value.clone())], by: asker() }
    );
    let mut records = vec![HookRecord::new(first, HookAnswer::Number(0.7))];
    let second = needed(&records);
    assert_eq!(
        second,
        HookRequest { position: 1, hook: "triage".into(), args: vec![("id".into(), value)], by: asker() }
    );
    records.push(HookRecord::new(second, outcome("severe")));
    let third = needed(&records);
    assert_eq!((third.position, third.hook.as_str()), (2, "triage"));
    records.push(HookRecord::new(third, outcome("simple")));
    let Stepped::Done { effects, .. } = recorded(&records) else { panic!("all is known") };
    let told = sentences(&effects);
    for line in [
        "hook risk says 0.7",
        "set score to 0.7",
        "hook triage says severe",
        "entered person, by triage: severe",
        "handed over to \"care\", priority simple",
    ] {
        assert!(told.iter().any(|s| s == line), "no `{line}` in {told:#?}");
    }
    assert_eq!(priority(&effects), Some(Priority::Name("simple".into())));
}

#[test]
fn an_answer_to_another_question_is_none() {
    let first = needed(&[]);
    let answer = HookAnswer::Number(0.7);
    let wrong = [
        HookRequest { position: 1, ..first.clone() },
        HookRequest { hook: "triage".into(), ..first.clone() },
        HookRequest { args: vec![("id".into(), Value::Text("C".into()))], ..first.clone() },
        HookRequest { args: Vec::new(), ..first.clone() },
        HookRequest { by: Asker { now: first.by.now + 1, ..first.by.clone() }, ..first.clone() },
        HookRequest { by: Asker { customer: "ada".into(), ..first.by.clone() }, ..first.clone() },
    ];
    for request in wrong {
        assert_eq!(needed(&[HookRecord::new(request, answer.clone())]), first);
    }
}

#[test]
fn a_shell_that_asks_gets_what_a_record_gives_and_asks_each_question_once() {
    let mut asked = Vec::new();
    let (program, now) = (complaint(), day(2, "10:00"));
    let mut answer = |request: &HookRequest| {
        let answer = if request.hook == "risk" { HookAnswer::Number(0.7) } else { outcome("severe") };
        asked.push(HookRecord::new(request.clone(), answer.clone()));
        answer
    };
    let customer = Customer::new("victoria");
    let (customer, effects) = step_asking(&program, &Orders::default(), customer, &came(), now, &mut answer);
    assert_eq!(asked.iter().map(|r| r.request.position).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(recorded(&asked), Stepped::Done { customer, effects });
}

#[test]
fn without_anybody_who_runs_hooks_each_fails_and_the_timeline_says_so() {
    let (program, now) = (complaint(), day(2, "10:00"));
    let (customer, effects) = step(&program, Customer::new("victoria"), &came(), now);
    let told = sentences(&effects);
    assert!(told.contains(&format!("hook triage failed: {NO_HOOKS}; as if severe")), "{told:#?}");
    assert!(told.contains(&format!("hook risk failed: {NO_HOOKS}; as if 0.5")), "{told:#?}");
    assert!(told.contains(&"entered person, by triage: severe".to_string()), "{told:#?}");
    assert_eq!(priority(&effects), Some(Priority::Name("severe".into())));
    let failing = &mut |_: &HookRequest| HookAnswer::Failed(NO_HOOKS.into());
    let asking = step_asking(&program, &Orders::default(), Customer::new("victoria"), &came(), now, failing);
    assert_eq!(asking, (customer, effects));
}

#[test]
fn what_a_hook_may_not_say_counts_as_its_failure() {
    let cases = [
        ("triage", outcome("awful"), "it said what it is not declared to say; as if severe"),
        ("triage", HookAnswer::Number(1.0), "it said a number in place of a name; as if severe"),
        ("risk", outcome("simple"), "it said what it is not declared to say; as if 0.5"),
        ("risk", HookAnswer::Number(f64::NAN), "it said a number that is none; as if 0.5"),
        ("risk", HookAnswer::Number(f64::INFINITY), "it said a number that is none; as if 0.5"),
        ("risk", HookAnswer::Failed("out of time".into()), "out of time; as if 0.5"),
    ];
    for (name, bad, wanted) in cases {
        let (told, _) = told(&complaint(), &mut |request| match request.hook.as_str() {
            hook if hook == name => bad.clone(),
            "risk" => HookAnswer::Number(0.1),
            _ => outcome("simple"),
        });
        assert!(told.contains(&format!("hook {name} failed: {wanted}")), "{name}: {told:#?}");
    }
}

#[test]
fn a_priority_is_a_number_or_what_a_datum_holds_and_a_joined_case_keeps_its_own() {
    let mut program = complaint();
    let Action::Handoff(case) = &mut program.journeys[0].states[3].entry[0] else { panic!("a handoff") };
    case.priority = Some(PriorityOf::Value(Expr::Path(path("score"))));
    let again = Handoff { priority: Some(PriorityOf::Hook(ask(0, "triage(booking.id)"))), ..case.clone() };
    program.journeys[0].states[3].entry.push(Action::Handoff(again));
    let mut asked = 0;
    let (told, effects) = told(&program, &mut |request| {
        asked += 1;
        if request.hook == "risk" { HookAnswer::Number(2.0) } else { outcome("severe") }
    });
    assert_eq!(priority(&effects), Some(Priority::Number(2.0)));
    assert!(told.contains(&"handed over to \"care\", priority 2".to_string()), "{told:#?}");
    assert!(told.contains(&"joined the open case with \"care\"".to_string()), "{told:#?}");
    assert_eq!(asked, 2, "a case that is joined asks nobody how urgent it is");
}

#[test]
fn a_case_carries_data_as_they_are_and_leaves_out_what_is_missing() {
    let mut program = complaint();
    let Action::Handoff(case) = &mut program.journeys[0].states[3].entry[0] else { panic!("a handoff") };
    case.carried = vec![path("booking.id"), path("customer.zone"), path("customer.nobody"), path("booking.nothing")];
    assert_eq!(case.with(), " with transcript, booking.id, customer.zone, customer.nobody, booking.nothing");
    let (told, effects) = told(&program, &mut |request| {
        if request.hook == "risk" { HookAnswer::Number(2.0) } else { outcome("severe") }
    });
    let data = effects.iter().find_map(|e| if let Effect::Handoff(case) = e { Some(case.data.clone()) } else { None });
    let data = data.expect("a case");
    assert_eq!(data.keys().collect::<Vec<_>>(), ["booking.id"], "nothing is known of this customer");
    assert!(told.iter().all(|line| !line.contains("booking.id")), "no timeline holds them: {told:#?}");
}

#[test]
fn a_timeline_veils_what_is_judged_of_a_sensitive_value() {
    let mut program = complaint();
    program.hooks[0].params[0].sensitive = Some(Sensitive::Health);
    let (told, effects) = told(&program, &mut |request| {
        if request.hook == "risk" { HookAnswer::Number(0.1) } else { outcome("severe") }
    });
    assert!(told.contains(&"hook triage says ‹health›".to_string()), "{told:#?}");
    assert!(told.contains(&"entered person, by triage: ‹health›".to_string()), "{told:#?}");
    assert!(told.contains(&"handed over to \"care\", priority ‹health›".to_string()), "{told:#?}");
    assert_eq!(priority(&effects), Some(Priority::Name("severe".into())), "the person at the desk needs it");
    let shown = effects.iter().find_map(|e| if let Effect::Handoff(case) = e { case.shown.clone() } else { None });
    assert_eq!(shown, Some(Priority::Name("‹health›".into())), "for whoever else sees the case");
    assert!(told.iter().all(|s| !s.contains("severe")), "{told:#?}");
}

#[test]
fn a_timeline_says_which_module_ran_and_of_a_sensitive_one_nothing_that_could_tell() {
    let ran = Ran { module: "3f2a91c07d1e".repeat(5), input: Some("ab".repeat(32)), fuel: Some(1204), attempts: 1 };
    let reply = |request: &HookRequest| HookReply {
        answer: if request.hook == "risk" { HookAnswer::Number(0.7) } else { outcome("severe") },
        ran: Some(ran.clone()),
    };
    let mut program = complaint();
    program.hooks[0].params[0].sensitive = Some(Sensitive::Health);
    let (_, effects) =
        step_asking(&program, &Orders::default(), Customer::new("victoria"), &came(), day(2, "10:00"), &mut { reply });
    let told = sentences(&effects);
    assert!(told.contains(&"hook risk says 0.7 (module 3f2a91c0, fuel 1204)".to_string()), "{told:#?}");
    assert!(told.contains(&"hook triage says ‹health› (module 3f2a91c0)".to_string()), "{told:#?}");
    let written: Vec<String> = effects
        .iter()
        .filter_map(|e| if let Effect::Note(entry) = e { serde_json::to_string(entry).ok() } else { None })
        .collect();
    let of = |hook: &str| written.iter().find(|w| w.contains(&format!("\"hook\":\"{hook}\""))).unwrap();
    assert!(of("risk").contains("\"input\":\"abab") && of("risk").contains("\"fuel\":1204"), "{}", of("risk"));
    assert!(!of("triage").contains("abab") && !of("triage").contains("1204"), "{}", of("triage"));
}

#[test]
fn a_step_asks_no_more_hooks_than_its_bound() {
    let mut program = complaint();
    let once = program.journeys[0].states[0].entry[0].clone();
    program.journeys[0].states[0].entry = vec![once; 300];
    let mut asked = 0;
    let (told, _) = told(&program, &mut |_| {
        asked += 1;
        HookAnswer::Number(0.1)
    });
    assert_eq!(asked, MOST_ASKED);
    assert!(told.iter().any(|s| s.contains("one step asks no more than 256 hooks")), "{told:#?}");
}

#[test]
fn a_bundle_whose_hooks_do_not_hang_together_is_refused() {
    type Break = fn(&mut Program);
    let breaks: [(Break, &str); 9] = [
        (|p| p.hooks[0].on_failure = Judgement::Outcome("awful".into()), "hooks[0].on_failure"),
        (|p| p.hooks[1].on_failure = Judgement::Outcome("severe".into()), "hooks[1].on_failure"),
        (|p| p.hooks[1].within = 1_001, "hooks[1].within"),
        (|p| p.hooks[1].memory = 65, "hooks[1].memory"),
        (|p| p.hooks[1].name = "triage".into(), "hooks[1]"),
        (|p| p.hooks[0].answers = HookAnswers::OneOf(Vec::new()), "hooks[0].answers"),
        (|p| p.hooks[0].params.clear(), "args"),
        (|p| p.hooks.truncate(1), "points at hook 1"),
        (|p| p.hooks[0].answers = HookAnswers::OneOf(vec!["severe".into()]), "which the hook never says"),
    ];
    for (change, wanted) in breaks {
        let mut program = complaint();
        change(&mut program);
        let problem = sound::check(&program).unwrap_err().to_string();
        assert!(problem.contains(wanted), "{problem}, and not {wanted}");
    }
    let mut program = complaint();
    let Action::Set(set) = &mut program.journeys[0].states[0].entry[0] else { panic!("a set") };
    set.value = Expr::Literal(Value::Number(0.6));
    assert!(sound::check(&program).unwrap_err().to_string().contains("a failure of `risk`"));
}

#[test]
fn a_program_without_hooks_is_written_as_before() {
    let json = serde_json::to_string(&programs::appointment()).unwrap();
    assert!(!json.contains("hook") && !json.contains("priority"), "{json}");
    let json = serde_json::to_string(&complaint()).unwrap();
    assert_eq!(serde_json::from_str::<Program>(&json).unwrap(), complaint());
}

#[test]
fn a_number_of_hundreds_of_digits_is_told_in_brief() {
    for (said, brief) in [(1e300, "1e300"), (-2.5e21, "-2.5e21"), (3e-9, "3e-9"), (123_456_789.5, "123456789.5")] {
        let mut ask = |request: &HookRequest| match request.hook.as_str() {
            "risk" => HookAnswer::Number(said),
            _ => outcome("severe"),
        };
        let (told, _) = told(&complaint(), &mut ask);
        for line in [format!("hook risk says {brief}"), format!("set score to {brief}")] {
            assert!(told.contains(&line), "{line}: {told:#?}");
        }
    }
}
