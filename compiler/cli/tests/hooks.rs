//! Hooks that really run, through the binary: `run`, `test`, `simulate`, and whether they say the same again.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a test says what it expects
#![allow(dead_code)] // the guests belong to the runtime's tests as well

#[path = "../../../runtime/tests/hooks/guests.rs"]
mod guests;
mod support;

use guests::{chooser, number, place, scorer};
use support::{CARE, Place};

const JOURNEY: &str = r#"use "care.journey"

record Complaint { id: text, words: text(1000) }

event complaint.came { complaint: Complaint }

message sorry { purpose service   sms "We are sorry, {customer.first_name}."   valid for 12h }

hook triage(words: text(1000)) -> one of { simple, severe } from "hooks/triage.wasm" within 5ms, 16MiB on failure severe
hook risk(words: text(1000)) -> number from "hooks/risk.wasm" on failure 0.5

journey complaint for customer per complaint.id {
  data complaint: Complaint
  data score: number?
  limit live to 3 else handoff "care"
  limit starts to 3 per 24h else handoff "care"
  start on complaint.came(complaint) -> scoring
  on reply stay { handoff "care" with transcript }
  state scoring { set score = risk(complaint.words)   -> sorting }
  state sorting { choose triage(complaint.words) { simple -> weighing   severe -> person } }
  state weighing { choose { when score is known and score > 0.8 -> person   else -> answered } }
  state answered { send sorry   after 1d -> done }
  state person { handoff "care" with transcript   on handoff.closed -> done   after 3d -> done }
  end done as success
}

scenario "what the modules say" for complaint {
  given customer { first_name: "Ada", phone: "+44 7700 900123", zone: "Europe/London" }
  at 2026-03-02 10:00 event complaint.came { complaint: { id: "C", words: "The bell is quiet." } }
  expect sms sorry
}

scenario "what the scenario says in place of one" for complaint {
  given customer { first_name: "Ada", phone: "+44 7700 900123", zone: "Europe/London" }
  mock hook triage -> severe
  at 2026-03-02 10:00 event complaint.came { complaint: { id: "C", words: "The bell is quiet." } }
  expect handoff "care"
}
"#;

const FEED: &str = r#"{"id":"1","at":"2026-03-02T09:58:00Z","customer":"ada","event":"customer.updated","data":{"first_name":"Ada","phone":"+44 7700 900123","zone":"Europe/London"}}
{"id":"2","at":"2026-03-02T10:00:00Z","customer":"ada","event":"complaint.came","data":{"complaint":{"id":"C","words":"The bell is quiet."}}}
"#;

fn project() -> Place {
    let place = Place::empty();
    place.write("care/care.journey", CARE);
    place.write("care/complaint.journey", JOURNEY);
    place.write("feed.jsonl", FEED);
    put(&place, "risk", &scorer(&number("(f64.const 0.2)")));
    put(&place, "triage", &chooser(&self::place(0)));
    place
}

fn put(place: &Place, name: &str, guest: &guests::Guest) {
    place.write_bytes(&format!("care/hooks/{name}.wasm"), &guest.build());
}

const RUN: [&str; 4] = ["run", "care", "--feed", "feed.jsonl"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    RUN.into_iter().chain(more.iter().copied()).collect()
}

#[test]
fn a_run_asks_the_modules_and_tells_which_and_what_they_spent() {
    let place = project();
    let ran = place.run(&RUN);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("hook risk says 0.2 (module "), "{}", ran.out);
    assert!(ran.out.contains("hook triage says simple (module ") && ran.out.contains(", fuel "), "{}", ran.out);
    assert!(ran.out.contains("We are sorry, Ada."), "{}", ran.out);
}

#[test]
fn a_hostile_module_costs_its_own_customer_a_failure_branch() {
    let place = project();
    put(&place, "triage", &chooser("(loop $again (br $again)) (i32.const 0)"));
    let ran = place.run(&RUN);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.out.contains("hook triage failed: limit: it spent all its fuel, 10000000 (5ms); as if severe"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("handed over to \"care\""), "{}", ran.out);
}

#[test]
fn a_module_that_is_not_there_is_said_and_each_call_fails() {
    let place = project();
    std::fs::remove_file(place.path("care/hooks/triage.wasm")).unwrap();
    let ran = place.run(&RUN);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.err.matches("each call of hook `triage` fails: missing: ").count(), 1, "{}", ran.err);
    assert!(ran.out.contains("hook triage failed: missing: its module"), "{}", ran.out);
}

#[test]
fn a_file_that_is_no_hook_is_refused_with_what_to_do() {
    let place = project();
    for (bytes, why) in [
        (b"no module".to_vec(), "is no WebAssembly component"),
        (wat::parse_str("(module)").unwrap(), "is a core module"),
        (scorer(&number("(f64.const 0.2)")).build(), "does not export `choose`"),
    ] {
        std::fs::write(place.path("care/hooks/triage.wasm"), bytes).unwrap();
        let ran = place.run(&RUN);
        assert_ne!(ran.code, 0);
        assert!(format!("{}{}", ran.out, ran.err).contains("triage"), "{}{}", ran.out, ran.err);
        if ran.code == 2 {
            assert!(ran.err.contains(why), "{}", ran.err);
        }
        assert!(!ran.out.contains("We are sorry"), "{}", ran.out);
    }
}

#[test]
fn scenarios_ask_modules_where_they_do_not_mock() {
    let place = project();
    let ran = place.run(&["test", "--project", "care"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("2 passed"), "{}", ran.err);
    put(&place, "risk", &scorer(&number("(f64.const 0.9)")));
    let ran = place.run(&["test", "--project", "care"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("hook risk says 0.9 (module "), "{}", ran.out);
}

#[test]
fn a_simulation_asks_modules_and_is_the_same_with_the_same_seed() {
    let place = project();
    let args = ["simulate", "care", "--customers", "300", "--days", "30", "--format", "json"];
    let first = place.run(&args);
    assert_eq!(first.code, 0, "{}{}", first.out, first.err);
    assert_eq!(place.run(&args).out, first.out);
    // With a module that sends everybody to a person nobody is answered.
    put(&place, "triage", &chooser(&self::place(1)));
    let other = place.run(&args);
    assert_ne!(other.out, first.out);
    std::fs::write(place.path("care/hooks/triage.wasm"), b"no module").unwrap();
    assert_ne!(place.run(&args).code, 0);
}

#[test]
fn a_simulation_asks_modules_where_its_profile_does_not_say_what_they_say() {
    let place = project();
    let args = ["simulate", "care", "--customers", "300", "--days", "30"];
    let told = |place: &Place| {
        let ran = place.run(&args);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        ran.out
    };
    assert!(told(&place).contains("hooks: triage, risk by the module\n"), "{}", told(&place));
    place.write("care/simulate.toml", "[messages]\nshare = \"10%\"\n");
    assert!(told(&place).contains("hooks: triage, risk by the module\n"), "{}", told(&place));
    // The module says `simple` to everybody, and so nobody comes to a person but by the profile.
    assert!(!told(&place).contains("at person"), "{}", told(&place));
    place.write("care/simulate.toml", "[hook.triage]\nsays = { severe = 1 }\n");
    let severe = told(&place);
    assert!(severe.contains("hooks: risk by the module; triage as the profile says\n"), "{severe}");
    assert!(!severe.contains("sorry"), "{severe}");
    std::fs::remove_file(place.path("care/hooks/risk.wasm")).unwrap();
    let told = told(&place);
    let line = "hooks: triage as the profile says; risk made up, since no module is there\n";
    assert!(told.contains(line), "{told}");
    let ran = place.run(&["simulate", "care", "--customers", "10", "--format", "json"]);
    assert!(ran.out.contains("\"risk\": \"made_up\"") && ran.out.contains("\"triage\": \"profile\""), "{}", ran.out);
}

#[test]
fn a_module_as_large_as_its_declaration_asks_for_runs() {
    let place = project();
    let data = format!("(data \"{}\")", "x".repeat(5 << 20));
    put(&place, "risk", &scorer(&number("(f64.const 0.2)")).beside(&data));
    let small = place.run(&RUN);
    assert_eq!(small.code, 1, "{}{}", small.out, small.err);
    assert!(small.out.contains("J0155") && small.out.contains("up to"), "{}", small.err);
    place.write("care/complaint.journey", &JOURNEY.replace("\"hooks/risk.wasm\"", "\"hooks/risk.wasm\" up to 8MiB"));
    let ran = place.run(&RUN);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("hook risk says 0.2 (module "), "{}", ran.out);
}

#[test]
fn hooks_are_verified_against_themselves_and_against_what_was_recorded() {
    let place = project();
    let ran = place.run(&with(&["--verify-hooks"]));
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("hooks: 2 questions asked twice, 0 answered differently"), "{}", ran.err);

    assert_eq!(place.run(&with(&["--store", "journeys.db"])).code, 0);
    let kept = std::fs::read(place.path("journeys.db")).unwrap();
    let ran = place.run(&with(&["--verify-hooks", "--store", "journeys.db"]));
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(
        ran.err.contains("hooks: 2 answers as recorded, 0 customers of whom they say something else"),
        "{}",
        ran.err
    );

    // The same answer from another module, which spends something else.
    put(&place, "risk", &scorer(&number("(f64.add (f64.const 0.1) (f64.const 0.1))")));
    let ran = place.run(&with(&["--verify-hooks", "--store", "journeys.db"]));
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("ada, question 1: recorded: hook risk says 0.2 (module "), "{}", ran.out);
    assert!(ran.err.contains("1 customer of whom they say something else"), "{}", ran.err);
    assert!(std::fs::read(place.path("journeys.db")).unwrap() == kept, "the store is as it was");
    assert_eq!(place.run(&["run", "care", "--live", "--verify-hooks"]).code, 2);
}

#[test]
fn a_bundle_brings_its_modules_along_and_is_the_same_wherever_the_project_lies() {
    let place = project();
    let from_sources = place.run(&RUN);
    assert_eq!(from_sources.code, 0, "{}", from_sources.err);
    let built = place.run(&["build", "care", "--out", "one.json"]);
    assert_eq!(built.code, 0, "{built:?}");
    std::fs::create_dir_all(place.path("deep/er")).unwrap();
    std::fs::rename(place.path("care"), place.path("deep/er/care")).unwrap();
    assert_eq!(place.run(&["build", "deep/er/care", "--out", "two.json"]).code, 0);
    let (one, two) = (std::fs::read(place.path("one.json")).unwrap(), std::fs::read(place.path("two.json")).unwrap());
    assert!(one == two, "the same sources make the same bytes");
    std::fs::remove_dir_all(place.path("deep")).unwrap();
    let from_bundle = place.run(&["run", "one.json", "--feed", "feed.jsonl"]);
    assert_eq!(from_bundle.code, 0, "{}", from_bundle.err);
    assert_eq!(from_bundle.out, from_sources.out);
    assert!(!from_bundle.err.contains("fails"), "{}", from_bundle.err);
}
