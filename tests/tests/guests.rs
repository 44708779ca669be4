//! The components of the examples' hooks are what their sources make.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr)] // a test says what it expects

use std::process::Command;

use journey_tests::{journeyc, root};

/// Those in C; what else is built needs more than a machine for tests has. Guests in WebAssembly's text are made anew in each
/// test that runs them, so none of them is kept.
#[test]
fn hooks_in_c_are_built_to_the_same_bytes() {
    let script = root().join("scripts/build-hooks");
    let run = Command::new("sh")
        .arg(&script)
        .arg("--check")
        .env("JOURNEYC", journeyc().expect("the binary"))
        .output()
        .expect("a shell");
    let told = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    match run.status.code() {
        Some(0) => {
            for hook in ["bill-shock/hooks/pattern", "web-assist/hooks/distress", "web-assist/hooks/pairing"] {
                assert!(told.contains(&format!("alike examples/{hook}.wasm")), "{told}");
            }
        }
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
