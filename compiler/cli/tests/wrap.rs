//! `journeyc wrap`: a component of a core module, and what is none.

#![allow(clippy::expect_used)] // a test that cannot build its place has failed

mod support;

use std::fs;

use support::Place;

const SCORER: &str = "(module (memory (export \"memory\") 1)
  (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export \"score\") (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i64 i64 i32 i32 i32 i32) (result i32) (i32.const 0)))";

fn given(text: &str) -> Place {
    let place = Place::empty();
    fs::write(place.path("core.wasm"), wat::parse_str(text).expect("a module")).expect("written");
    place
}

#[test]
fn a_core_module_becomes_a_component_that_a_journey_can_name() {
    let place = given(SCORER);
    let made = place.run(&["wrap", "core.wasm", "--out", "score.wasm"]);
    assert_eq!((made.code, made.out.as_str()), (0, "score.wasm\n"), "{made:?}");
    assert!(made.err.contains("made a scorer") && made.err.contains("hook score(…) -> number"), "{}", made.err);
    let hook = "hook s() -> number from \"score.wasm\" on failure 1\n";
    fs::write(place.path("a.journey"), hook).expect("written");
    let check = place.run(&["check", "a.journey", "--format", "concise"]);
    assert!(!check.out.contains("J015"), "{check:?}");
    // What is a component already is left as it is.
    let again = place.run(&["wrap", "score.wasm", "--out", "twice.wasm"]);
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.err.contains("it is a component already"), "{}", again.err);
    assert!(!place.path("twice.wasm").exists());
}

#[test]
fn what_is_no_hook_is_not_wrapped() {
    let two = SCORER.replace(
        "(func (export \"score\")",
        "(func (export \"choose\") (param i32) (result i32) (i32.const 0)) (func (export \"score\")",
    );
    for (text, why) in [
        ("(module)", "it exports nothing"),
        ("(module (func (export \"add\")))", "it exports `add`"),
        ("(module (memory (export \"memory\") 1) (func (export \"score\")))", "it is no `scorer`: failed to"),
        (two.as_str(), "it exports `score`, `choose`, and a hook is one of them"),
        (
            &SCORER.replace("(module ", "(module (import \"env\" \"now\" (func (result i64))) "),
            "it wants what no hook is given: `env::now`; a hook",
        ),
    ] {
        let place = given(text);
        let made = place.run(&["wrap", "core.wasm", "--out", "score.wasm"]);
        assert_eq!(made.code, 1, "{text}: {made:?}");
        assert!(made.err.contains(why), "{text}: {}", made.err);
        assert!(!place.path("score.wasm").exists(), "{text}");
    }
    let place = given(&two);
    let made = place.run(&["wrap", "core.wasm", "--world", "scorer", "--out", "score.wasm"]);
    assert_eq!(made.code, 0, "{made:?}");
}

#[test]
fn wrong_use_and_wrong_files_are_said() {
    let place = given(SCORER);
    fs::write(place.path("noise"), [7_u8; 300]).expect("written");
    assert_eq!(place.run(&["wrap", "noise", "--out", "x"]).code, 1);
    for args in
        [&["wrap"][..], &["wrap", "core.wasm"], &["wrap", "gone.wasm", "--out", "x"], &["wrap", ".", "--out", "x"]]
    {
        let made = place.run(args);
        assert_eq!(made.code, 2, "{args:?}: {made:?}");
    }
    assert_eq!(place.run(&["wrap", "core.wasm", "--out", "no/such/x.wasm"]).code, 2);
    let help = place.run(&["wrap", "--help"]);
    assert!(help.out.contains("Exit codes:"), "{}", help.out);
}
