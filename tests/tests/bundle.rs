//! Bundles: what `journeyc build` makes and the runtime loads without the compiler, and what becomes of those that were
//! damaged, made by another version, or put together by hand.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)] // a test says what it expects

use std::sync::Arc;

use journey_compiler::check::bounds::proven;
use journey_spec::bundle::{self, BundleError};
use journey_spec::certificate::Certificate;
use journey_spec::program::{
    Action, DAY, EventId, Hook, HookAnswers, Judgement, MessageId, Program, SECOND, ServiceId, StateId, Then, Trigger,
    Validity,
};
use journey_spec::types::Type;
use journey_tests::example;
use serde_json::{Value as Json, json};

const BY: &str = "journeyc 0.1.0";

fn appointment() -> Program {
    example("appointment", &["appointment.journey"]).runnable().expect("it compiles").clone()
}

fn boarding() -> Program {
    example("boarding", &["boarding.journey"]).runnable().expect("it compiles").clone()
}

fn read(text: &str) -> Result<Program, BundleError> {
    bundle::read(text.as_bytes())
}

/// The bundle with something in its JSON changed, and the hash left as it was.
fn changed(program: &Program, change: impl FnOnce(&mut Json)) -> String {
    let mut json: Json = serde_json::from_str(&bundle::write(program, BY)).expect("JSON");
    change(&mut json);
    json.to_string()
}

#[test]
fn what_is_written_is_read_again() {
    for program in [appointment(), boarding()] {
        let text = bundle::write(&program, BY);
        assert_eq!(read(&text).as_ref(), Ok(&program));
        assert_eq!(bundle::write(&read(&text).expect("read"), BY), text, "the same program makes the same bytes");
    }
}

#[test]
fn it_holds_no_paths_and_no_positions() {
    let text = bundle::write(&appointment(), BY);
    for trace in [".journey\"", "mail/confirmation.md", "examples/", "span", "line"] {
        assert!(!text.contains(&format!("\"{trace}")) && !text.contains(&format!("{trace}\"")), "{trace}");
    }
}

#[test]
fn every_byte_counts() {
    let program = boarding();
    let text = bundle::write(&program, BY);
    let bytes = text.as_bytes();
    // Reading takes a while where tests are built unoptimised; every place is changed in release, each 29th otherwise.
    let stride = if cfg!(debug_assertions) { 29 } else { 1 };
    let mut refused = 0;
    for place in (0..bytes.len()).step_by(stride) {
        for change in [bytes[place] ^ 1, bytes[place].wrapping_add(7), b' '] {
            let mut damaged = bytes.to_vec();
            damaged[place] = change;
            match bundle::read(&damaged) {
                Ok(read) => assert_eq!(read, program, "byte {place} became {change} and another program came of it"),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > bytes.len() / stride, "most changes are noticed, and {refused} were");
}

#[test]
fn what_was_proven_travels_with_the_program() {
    let program = appointment();
    let bounds = proven(&program).certified(&program);
    let day = bounds.iter().find(|b| b.journey.is_none() && b.channel.is_none() && b.window == Some(DAY));
    assert!(day.is_some_and(|b| b.at_most == 6 && b.exact), "{day:?}");
    let certificate = Certificate::new(&program, BY, bounds);
    let text = bundle::write_certified(&program, Some(certificate.clone()), BY);
    assert_eq!(bundle::read_certified(text.as_bytes()), Ok((program.clone(), Some(certificate))));
    assert_eq!(read(&text).as_ref(), Ok(&program));
    let no = |change: &dyn Fn(&mut Json)| {
        let mut json: Json = serde_json::from_str(&text).expect("JSON");
        change(&mut json["certificate"]);
        read(&json.to_string()).expect_err("it was changed").to_string()
    };
    assert!(no(&|c| c["bounds"][0]["at_most"] = json!(5)).contains("not what its hash says"));
    assert!(no(&|c| c["checker"] = json!("journeyc 9.9.9")).contains("not what its hash says"));
    assert!(no(&|c| c["bounds"][0]["surely"] = json!(true)).contains("certificate.bounds[0].surely"));
    let other = Certificate::new(&boarding(), BY, Vec::new());
    let text = bundle::write_certified(&program, Some(other), BY);
    assert_eq!(read(&text), Err(BundleError::Certificate("is that of another program")));
}

#[test]
fn a_bundle_that_ends_early_is_refused() {
    let text = bundle::write(&boarding(), BY);
    for end in (0..text.len() - 2).step_by(101) {
        let error = bundle::read(&text.as_bytes()[..end]).expect_err("it is not whole");
        assert!(matches!(error, BundleError::NotJson { .. }), "{error}");
    }
    let error = read(&text[..text.len() / 2]).expect_err("half").to_string();
    assert!(error.contains("it ends in the middle") && error.contains("line "), "{error}");
}

#[test]
fn another_version_says_what_to_do() {
    let newer = changed(&boarding(), |json| {
        json["journey_bundle"] = json!(2);
        json["made_by"] = json!("journeyc 3.1.4");
        json["soul"] = json!(true);
    });
    assert_eq!(
        read(&newer).expect_err("newer").to_string(),
        "it was made by a newer compiler (journeyc 3.1.4): its bundle version is 2, and this runtime reads up to 1; update \
         the runtime, or build the bundle with the journeyc that came with it"
    );
    let format = changed(&boarding(), |json| json["program"]["format"] = json!(99));
    assert!(read(&format).expect_err("newer").to_string().contains("its program format is 99"));
    let language = changed(&boarding(), |json| json["program"]["language"] = json!("7.0"));
    assert!(read(&language).expect_err("newer").to_string().contains("its language is 7.0"));
    let older = changed(&boarding(), |json| json["program"]["format"] = json!(0));
    assert!(read(&older).expect_err("older").to_string().contains("build it again from its sources"));
}

#[test]
fn a_field_that_is_not_known_is_not_passed_over() {
    let field = changed(&boarding(), |json| json["program"]["journeys"][0]["states"][1]["only_if"] = json!("vip"));
    let error = read(&field).expect_err("unknown");
    assert_eq!(error, BundleError::UnknownField { place: "program.journeys[0].states[1].only_if".into() });
    let missing = changed(&boarding(), |json| {
        json["program"].as_object_mut().unwrap().remove("policy");
    });
    assert!(read(&missing).expect_err("missing").to_string().contains("missing field `policy`"));
}

#[test]
fn what_is_no_bundle_is_said_to_be_none() {
    for (text, says) in [
        ("", "it ends in the middle (line 1, column 0)"),
        ("{\n  oops", "line 2, column 3"),
        ("[1, 2]", "it is not a JSON object"),
        ("{\"id\": \"e1\"}", "it has no field `journey_bundle`"),
        ("{\"journey_bundle\": \"one\"}", "its bundle version is no number"),
        ("{\"journey_bundle\": 1}", "it has no object `program`"),
        ("{\"journey_bundle\": 1, \"program\": {\"format\": 1}}", "does not say its language"),
        ("\u{feff}{}", "line 1"),
    ] {
        let error = read(text).expect_err(text).to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(read(&deep).expect_err("deep").to_string().contains("nested too deeply"));
    let large = vec![b' '; bundle::MAX_BYTES + 1];
    assert!(bundle::read(&large).expect_err("large").to_string().contains("at most 33 MB"));
}

#[test]
fn noise_is_refused_without_a_panic() {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let text = bundle::write(&boarding(), BY);
    for round in 0..300 {
        let noise: Vec<u8> = (0..next() % 400).map(|_| next() as u8).collect();
        assert!(bundle::read(&noise).is_err());
        // a stretch of a true bundle overwritten with another stretch of it
        let mut bytes = text.clone().into_bytes();
        let (from, to, length) = (next() as usize % bytes.len(), next() as usize % bytes.len(), next() as usize % 200);
        let length = length.min(bytes.len() - from).min(bytes.len() - to);
        bytes[to..to + length].copy_from_slice(&text.as_bytes()[from..from + length]);
        if let Ok(read) = bundle::read(&bytes) {
            assert_eq!(read, boarding(), "round {round}");
        }
    }
}

/// The program with something changed and a hash that fits, as only somebody who means to can make it.
fn forged(change: impl FnOnce(&mut Program)) -> String {
    let mut program = appointment();
    change(&mut program);
    let text = bundle::write(&program.seal(), BY);
    match read(&text) {
        Ok(_) => panic!("it was read"),
        Err(error @ BundleError::Unsound(_)) => error.to_string(),
        Err(other) => panic!("refused for another reason: {other}"),
    }
}

#[test]
fn an_index_that_points_nowhere_is_refused() {
    let state = forged(|p| p.journeys[0].states[0].next = Some(StateId(99)));
    assert!(state.contains("`journeys[0].states[0].next` points at state 99, and the last one is"), "{state}");
    let start = forged(|p| p.journeys[0].starts[0].event = EventId(u32::MAX));
    assert!(start.contains("`journeys[0].starts[0].event` points at event 4294967295"), "{start}");
    let message = forged(|p| {
        for state in &mut p.journeys[0].states {
            for action in &mut state.entry {
                if let Action::Send(send) = action {
                    Arc::make_mut(send).message = MessageId(77);
                }
            }
        }
    });
    assert!(message.contains("points at message 77"), "{message}");
    let service = forged(|p| {
        for state in &mut p.journeys[0].states {
            for action in &mut state.entry {
                if let Action::Call(call) = action {
                    call.service = ServiceId(5);
                }
            }
        }
    });
    assert!(service.contains("points at service 5"), "{service}");
    let policy = forged(|p| p.policy.limits[0].fate = journey_spec::program::Fate::Goto(StateId(0)));
    assert!(policy.contains("names a state outside of any journey"), "{policy}");
}

#[test]
fn numbers_that_no_time_has_are_refused() {
    let grace = forged(|p| p.policy.grace = i64::MAX);
    assert!(grace.contains("`policy.grace` is 9223372036854775807, which is out of the range of times"), "{grace}");
    let backwards = forged(|p| p.policy.valid_for = -SECOND);
    assert!(backwards.contains("`policy.valid_for` is -1000 ms"), "{backwards}");
    let quiet = forged(|p| p.policy.quiet[0].to = 1440);
    assert!(quiet.contains("a minute that no day has"), "{quiet}");
    let never = forged(|p| p.messages[0].validity = Validity::For(0));
    assert!(never.contains("must be longer than nothing"), "{never}");
    let storm = forged(|p| p.journeys[0].arrows[0].on = Trigger::After(0));
    assert!(storm.contains("`journeys[0].arrows[0].on.after` is 0 ms"), "{storm}");
}

#[test]
fn names_that_do_not_fit_are_refused() {
    let twice = forged(|p| p.messages[1].name = p.messages[0].name.clone());
    assert!(twice.contains("is a second `confirmation`"), "{twice}");
    let address = forged(|p| {
        p.customer.addresses.insert(journey_spec::program::Channel::Push, "token".into());
    });
    assert!(address.contains("`customer.addresses.push` names `token`, which the customer does not have"), "{address}");
    let record = forged(|p| p.events[0].fields[0].ty = Type::Optional(Box::new(Type::Record("Ghost".into()))));
    assert!(record.contains("has the type `Ghost`, which is no record"), "{record}");
    let take = forged(|p| p.journeys[0].starts[0].take.push("nothing".into()));
    assert!(take.contains("takes `nothing`, which the event does not bring"), "{take}");
    let outcome = forged(|p| {
        for state in &mut p.journeys[0].states {
            for action in &mut state.entry {
                if let Action::Call(call) = action {
                    call.outcomes.remove("failed");
                }
            }
        }
    });
    assert!(outcome.contains("does not say where `failed` leads"), "{outcome}");
    let stay = forged(|p| {
        let Action::Send(mut send) = p.journeys[0].states[0].entry[0].clone() else { panic!("it sends") };
        Arc::make_mut(&mut send).on_failed = Some(Then::Goto(StateId(1_000)));
        p.journeys[0].states[0].entry[0] = Action::Send(send);
    });
    assert!(stay.contains("on_failed") && stay.contains("points at state 1000"), "{stay}");
}

#[test]
fn a_number_keeps_its_last_digit() {
    for number in [0.1 + 0.2, 1.0 / 3.0, 5e-324, f64::MAX, 123_456_789.123_456_79] {
        let text = serde_json::to_string(&number).unwrap();
        assert_eq!(serde_json::from_str::<f64>(&text).unwrap().to_bits(), number.to_bits(), "{text}");
    }
}

/// A program with one hook, whose module is this.
fn hooked(module: &[u8]) -> Program {
    let mut program = appointment();
    program.hooks.push(Hook {
        name: "risk".into(),
        params: Vec::new(),
        answers: HookAnswers::Number,
        from: "hooks/risk.wasm".into(),
        sha256: Some(journey_compiler::module::sha256(module)),
        largest: 4,
        within: 5,
        memory: 16,
        on_failure: Judgement::Number(0.5),
    });
    program.seal()
}

#[test]
fn modules_come_along_and_are_what_their_hashes_say() {
    let module = journey_tests::modules::module("risk.wasm").expect("a module");
    let program = hooked(&module);
    let hash = program.hooks[0].sha256.clone().expect("a hash");
    let modules = [(hash.clone(), module.clone())].into();
    let text = bundle::write_whole(&program, None, &modules, BY);
    let whole = bundle::read_whole(text.as_bytes()).expect("it is read");
    assert_eq!((whole.program, whole.modules), (program.clone(), modules));
    assert_eq!(read(&text).expect("without its modules too"), program);
    assert_eq!(text, bundle::write_whole(&program, None, &[(hash.clone(), module)].into(), BY), "the same bytes");

    let with = |modules: Json| {
        let mut json: Json = serde_json::from_str(&text).expect("JSON");
        json["modules"] = modules;
        bundle::read_whole(json.to_string().as_bytes()).expect_err("it was changed").to_string()
    };
    assert!(with(json!({ &hash: "AGFzbQ0AAQA=" })).contains("is not what its hash says"));
    assert!(with(json!({ &hash: "no Base64!" })).contains("is no Base64"));
    assert!(with(json!({ "ab": "AGFzbQ0AAQA=" })).contains("is none that a hook of its program names"));
    assert!(with(json!([1])).contains("its program cannot be read"));
    // The hook's hash is part of the program, so that another module is another program.
    let other = hooked(b"another");
    assert_ne!(other.hash, program.hash);
    let swapped = changed(&program, |json| json["program"]["hooks"][0]["sha256"] = json!(other.hooks[0].sha256));
    assert!(matches!(read(&swapped), Err(BundleError::Changed { .. })));
}
