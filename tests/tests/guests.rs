//! The components of the examples' hooks are what their sources make.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr)] // a test says what it expects

use std::process::Command;

use journey_tests::{journeyc, root};

/// Those in C; what else is built needs more than a machine for tests has.
#[test]
fn a_hook_in_c_is_built_to_the_same_bytes() {
    let script = root().join("scripts/build-hooks");
    let run = Command::new("sh")
        .arg(&script)
        .arg("--check")
        .env("JOURNEYC", journeyc().expect("the binary"))
        .output()
        .expect("a shell");
    let told = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    match run.status.code() {
        Some(0) => assert!(told.contains("alike examples/bill-shock/hooks/pattern.wasm"), "{told}"),
        Some(2) if told.contains("NO HOOK IN C") => eprintln!("NOT TESTED: {told}"),
        code => panic!("{code:?}: {told}"),
    }
}

/// The judgement in C does what its own tests say.
#[test]
fn the_judgement_in_c_passes_its_tests() {
    let folder = tempfile::tempdir().expect("a folder");
    let binary = folder.path().join("judged");
    let sources = root().join("examples/bill-shock/hooks/pattern");
    let built = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "test.c", "judge.c", "-o"])
        .arg(&binary)
        .current_dir(sources)
        .output()
        .expect("a C compiler, which the store needs too");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let run = Command::new(&binary).output().expect("it runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
}
