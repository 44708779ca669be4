//! What a hook is told, and what becomes of what it says.

use std::sync::Arc;

use journey_runtime::Hooks;
use journey_runtime::hooks::{Ceilings, Modules, Setup};
use journey_spec::Value;
use journey_spec::program::{Hook, HookAnswers};
use journey_spec::value::Data;
use journey_step::{Asker, HookAnswer, HookRequest, Verdict};
use serde_json::json;

use super::common::{NOW, ask, choice, declared, failure, number, open, open_with, program, put, request};
use super::guests::{self, chooser, error, place, scorer, transformer, validator};

/// A scorer that says a number.
fn says(expression: &str) -> guests::Guest {
    scorer(&guests::number(expression))
}

fn said(modules: &Modules, request: &HookRequest) -> f64 {
    match modules.clone().ask(request).answer {
        HookAnswer::Number(number) => number,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_scorer_says_a_number_and_how_it_ran_is_told() {
    let modules = open(number("risk"), &says("(f64.const 0.7)"));
    let reply = ask(&modules, "risk");
    assert_eq!(reply.answer, HookAnswer::Number(0.7));
    let ran = reply.ran.unwrap();
    assert_eq!((ran.module.len(), ran.input.as_ref().map(String::len), ran.attempts), (64, Some(64), 1));
    assert!(ran.fuel.is_some_and(|fuel| fuel > 0 && fuel < 10_000), "{ran:?}");
    assert_eq!(ask(&modules, "risk").ran, Some(ran), "the same question spends the same");
}

#[test]
fn a_chooser_says_one_of_the_names() {
    let modules = open(choice("triage"), &chooser(&place(2)));
    assert_eq!(ask(&modules, "triage").answer, HookAnswer::Outcome("severe".into()));
}

#[test]
fn a_hook_is_told_who_asks_and_when_and_nothing_of_the_machine() {
    let of = |expression: &str| {
        let setup = Setup { config: [("risk".to_string(), json!({"high": 3}))].into(), ..Setup::default() };
        let modules = open_with(number("risk"), &says(expression).build(), setup).unwrap();
        said(&modules, &request("risk", "four"))
    };
    assert_eq!(of("(f64.convert_i64_u (local.get $now))"), 1_772_445_600_000.0);
    assert_eq!(of("(f64.convert_i64_u (local.get $step))"), 3.0);
    assert_eq!(of("(f64.convert_i32_u (local.get $attempt))"), 1.0);
    for (length, text) in [
        ("journey", "complaint"),
        ("hook", "risk"),
        ("config", r#"{"high":3}"#),
        ("subject", r#"{"words":"four"}"#),
        ("version", &"0".repeat(64)),
        ("execution", &"0".repeat(32)),
    ] {
        assert_eq!(of(&format!("(f64.convert_i32_u (local.get ${length}_len))")), text.len() as f64, "{length}");
    }
    // The last byte of what it is told.
    let last = "(f64.convert_i32_u (i32.load8_u (i32.sub (i32.add (local.get $subject) (local.get $subject_len)) (i32.const 3))))";
    assert_eq!(of(last), f64::from(b'r'));
}

#[test]
fn a_seed_is_the_same_for_the_same_question_and_another_for_another() {
    let modules = open(number("risk"), &says("(f64.convert_i64_u (local.get $seed))"));
    let first = request("risk", "four");
    let seed = said(&modules, &first);
    assert_eq!(said(&modules, &first), seed);
    let others = [
        HookRequest { position: 1, ..first.clone() },
        HookRequest { by: Asker { customer: "ada".into(), ..first.by.clone() }, ..first.clone() },
        HookRequest { by: Asker { now: NOW + 1, ..first.by.clone() }, ..first.clone() },
        HookRequest { by: Asker { instance: 2, ..first.by.clone() }, ..first.clone() },
        HookRequest { by: Asker { step: 4, ..first.by.clone() }, ..first.clone() },
        request("risk", "five"),
    ];
    for other in others {
        assert_ne!(said(&modules, &other), seed, "{other:?}");
    }
}

#[test]
fn an_instance_keeps_nothing_from_call_to_call() {
    let counts = scorer(&format!(
        "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
         (i32.store (i32.const 128) (i32.add (i32.load (i32.const 128)) (i32.const 1)))
         {}",
        guests::number("(f64.convert_i32_u (i32.add (global.get $calls) (i32.load (i32.const 128))))")
    ))
    .beside("(global $calls (mut i32) (i32.const 0))");
    let modules = open(number("risk"), &counts);
    for _ in 0..100 {
        assert_eq!(ask(&modules, "risk").answer, HookAnswer::Number(2.0));
    }
}

#[test]
fn a_hook_that_gives_no_answer_has_failed_and_its_own_words_are_not_repeated() {
    for (case, kind) in [(0, "invalid: "), (1, "rejected: "), (2, "retryable: "), (3, "failed: ")] {
        let guest = scorer(&error(72, case, 1024, 8)).beside("(data (i32.const 1024) \"Victoria\")");
        let (why, _) = failure(&open(number("risk"), &guest), "risk");
        assert!(why.starts_with(kind) && !why.contains("Victoria"), "{why}");
    }
}

fn answer(answers: HookAnswers, guest: &guests::Guest) -> HookAnswer {
    ask(&open(declared("door", answers), guest), "door").answer
}

#[test]
fn a_validator_says_what_is_wrong() {
    // One verdict at 1024.
    let verdict = |row: u32| {
        let body = format!(
            "(i32.store8 (i32.const 64) (i32.const 0)) (i32.store (i32.const 68) (i32.const 1024))
             (i32.store (i32.const 72) (i32.const 1)) (i32.store (i32.const 1024) (i32.const {row}))
             (i32.store (i32.const 1028) (i32.const 2048)) (i32.store (i32.const 1032) (i32.const 3))
             (i32.store (i32.const 1036) (i32.const 2051)) (i32.store (i32.const 1040) (i32.const 8)) (i32.const 64)"
        );
        answer(HookAnswers::Verdicts, &validator(&body).beside("(data (i32.const 2048) \"lowtoo low.\")"))
    };
    let low = Verdict { code: "low".into(), message: "too low.".into() };
    assert_eq!(verdict(0), HookAnswer::Verdicts(vec![low]));
    assert_eq!(verdict(1), HookAnswer::Failed("contract: it judged a row that is not there".into()));
    let none = "(i32.store8 (i32.const 64) (i32.const 0)) (i32.store (i32.const 68) (i32.const 1024)) (i32.const 64)";
    assert_eq!(answer(HookAnswers::Verdicts, &validator(none)), HookAnswer::Verdicts(Vec::new()));
}

#[test]
fn a_transformer_gives_data_for_data() {
    let gives = |json: &str, many: u32| {
        let body = format!(
            "(i32.store8 (i32.const 64) (i32.const 0)) (i32.store (i32.const 68) (i32.const 1024))
             (i32.store (i32.const 72) (i32.const {many})) (i32.store (i32.const 1024) (i32.const 2048))
             (i32.store (i32.const 1028) (i32.const {})) (i32.const 64)",
            json.len()
        );
        let data = format!("(data (i32.const 2048) \"{}\")", json.replace('"', "\\22"));
        answer(HookAnswers::Data, &transformer(&body).beside(&data))
    };
    assert_eq!(gives(r#"{"reading":7}"#, 1), HookAnswer::Data(json!({"reading": 7})));
    assert_eq!(gives("{reading", 1), HookAnswer::Failed("contract: it said what is no JSON".into()));
    for many in [0, 2] {
        let why = "contract: it gave none or several for one event";
        assert_eq!(gives(r#"{"reading":7}"#, many), HookAnswer::Failed(why.into()));
    }
}

#[test]
fn only_the_module_that_the_program_was_checked_with_is_run() {
    let bytes = says("(f64.const 0.7)").build();
    let modules = open_with(number("risk"), &bytes, Setup::default()).unwrap();
    let sha256 = ask(&modules, "risk").ran.unwrap().module;
    let hook = Hook { sha256: Some(sha256.clone()), ..number("risk") };
    assert!(open_with(hook.clone(), &bytes, Setup::default()).is_ok());
    let why = open_with(hook, &says("(f64.const 0.2)").build(), Setup::default()).unwrap_err().to_string();
    assert!(why.contains("is not the module that the program was checked with"), "{why}");
    assert!(why.contains(&format!("and the program names {}…", &sha256[..8])), "{why}");
}

#[test]
fn a_missing_module_fails_each_call_and_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "risk", &says("(f64.const 0.7)").build());
    let modules =
        Modules::open(&program(vec![number("risk"), choice("triage")]), folder.path(), Setup::default()).unwrap();
    assert_eq!(ask(&modules, "risk").answer, HookAnswer::Number(0.7));
    let (why, _) = failure(&modules, "triage");
    assert_eq!(why, "missing: its module `triage.wasm` was not there when the program was loaded");
    let absent = modules.absent();
    assert!(absent.len() == 1 && absent[0].contains("`triage`") && absent[0].contains("triage.wasm"), "{absent:?}");
    assert_eq!(failure(&modules, "unknown").0, "host: the hook is not declared in what is loaded");
}

#[test]
fn a_file_that_changes_or_goes_while_it_runs_changes_nothing_until_it_is_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(vec![number("risk")]);
    put(folder.path(), "risk", &says("(f64.const 0.7)").build());
    let modules = Modules::open(&program, folder.path(), Setup::default()).unwrap();
    put(folder.path(), "risk", b"no module any more");
    assert_eq!(ask(&modules, "risk").answer, HookAnswer::Number(0.7));
    let unfit = modules.take_up(&program, folder.path()).unwrap_err().to_string();
    assert!(unfit.contains("is no WebAssembly component"), "{unfit}");
    assert_eq!(ask(&modules, "risk").answer, HookAnswer::Number(0.7), "a failed load has changed nothing");
    std::fs::remove_file(folder.path().join("risk.wasm")).unwrap();
    assert_eq!(ask(&modules, "risk").answer, HookAnswer::Number(0.7));
    put(folder.path(), "risk", &says("(f64.const 0.2)").build());
    let handle = modules.clone();
    modules.take_up(&program, folder.path()).unwrap();
    assert_eq!(ask(&handle, "risk").answer, HookAnswer::Number(0.2), "all handles have it");
}

#[test]
fn a_program_that_asks_for_more_than_the_service_gives_is_not_loaded() {
    let bytes = says("(f64.const 0.7)").build();
    let small = Ceilings { within: 3, ..Ceilings::default() };
    let setup = Setup { ceilings: small.clone(), ..Setup::default() };
    let why = open_with(number("risk"), &bytes, setup).unwrap_err().to_string();
    assert!(why.contains("may use 5 ms and 16 MiB") && why.contains("gives 3 ms and 64 MiB"), "{why}");
    let asks_less = Hook { within: 2, ..number("risk") };
    assert!(open_with(asks_less, &bytes, Setup { ceilings: small.clone(), ..Setup::default() }).is_ok());
    let but_this =
        Setup { ceilings: small, ceilings_of: [("risk".into(), Ceilings::default())].into(), ..Setup::default() };
    assert!(open_with(number("risk"), &bytes, but_this).is_ok());
}

/// What the examples' own modules say, of Rust and of C.
#[test]
fn the_modules_of_the_examples_judge() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");
    let asked = |hook: &Hook, file: &str, param: &str, value: Value| {
        let modules = Modules::none(Setup::default()).unwrap();
        modules.add(hook, std::fs::read(format!("{folder}/{file}")).unwrap()).unwrap();
        let request = HookRequest { args: vec![(param.into(), value)], ..request(&hook.name, "") };
        modules.clone().ask(&request)
    };
    let complaint = |words: &str, attachments: f64, hour: f64| {
        Value::Record(
            Data::from([
                ("id", Value::Text("C".into())),
                ("words", Value::Text(words.into())),
                ("device", Value::Text("phone".into())),
                ("attachments", Value::Number(attachments)),
                ("hour", Value::Number(hour)),
            ])
            .into(),
        )
    };
    let risk = Hook { memory: 4, ..number("risk") };
    let risk = |value| asked(&risk, "complaint-triage/hooks/risk.wasm", "complaint", value);
    let HookAnswer::Number(calm) = risk(complaint("When will you open?", 0.0, 11.0)).answer else {
        panic!("no number")
    };
    let furious = "NOBODY CAME AGAIN!!! I took a day off, I called you four times, and this is the THIRD visit that never happened!!!";
    let furious = risk(complaint(furious, 4.0, 2.0));
    let HookAnswer::Number(high) = furious.answer else { panic!("{furious:?}") };
    assert!(calm < 0.25 && high > calm, "{calm}, {high}");
    println!("the complaint's risk spends {:?}", furious.ran.unwrap().fuel);
    assert!(
        matches!(risk(Value::Text("no complaint".into())).answer, HookAnswer::Failed(why) if why.starts_with("invalid: "))
    );

    let answers = HookAnswers::OneOf(["usual", "raised", "unusual"].map(String::from).to_vec());
    let pattern = Hook { within: 1, memory: 1, ..declared("pattern", answers) };
    let usage = |today: f64| {
        let fields = [("today", today), ("usual", 100.0), ("spread", 10.0), ("hour", 23.0)];
        Value::Record(Arc::new(fields.into_iter().map(|(name, n)| (name, Value::Number(n))).collect()))
    };
    let pattern = |value| asked(&pattern, "bill-shock/hooks/pattern.wasm", "usage", value).answer;
    assert_eq!(pattern(usage(90.0)), HookAnswer::Outcome("usual".into()));
    assert_eq!(pattern(usage(900.0)), HookAnswer::Outcome("unusual".into()));
}
