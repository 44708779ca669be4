//! The specification and the suite of behaviour run: every block of `language-spec/spec/` and `tests/suite/` is checked,
//! and every scenario in one is run.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)] // a test says what it expects

use std::process::Command;

use journey_compiler::source::Memory;
use journey_tests::modules::WithModules;
use journey_tests::{blocks, journeyc, printed, root};

#[test]
fn every_block_of_the_specification_is_checked_and_run() {
    let house = std::fs::read_to_string(root().join("examples/house/care.journey")).expect("the house");
    let mut seen = 0;
    let mut wrong = Vec::new();
    let folder = |path: &str| std::fs::read_dir(root().join(path)).expect("the documents").flatten();
    for entry in folder("language-spec/spec").chain(folder("tests/suite")) {
        let chapter = entry.file_name().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(entry.path()).expect("a chapter");
        for block in blocks(&text).into_iter().filter(|b| b.info == "journey") {
            seen += 1;
            let sources = Memory(
                [("main.journey".to_owned(), block.text.clone()), ("house.journey".to_owned(), house.clone())].into(),
            );
            let compiled = journey_compiler::compile(&["main.journey".to_owned()], &WithModules(sources));
            if !compiled.findings.is_empty() {
                let shown_findings = printed(&compiled);
                wrong.push(format!("{chapter}:{} should have no finding, but:\n{shown_findings}", block.line));
                continue;
            }
            if !block.text.contains("\nscenario ") {
                continue;
            }
            let folder = tempfile::tempdir().expect("a folder");
            std::fs::write(folder.path().join("main.journey"), &block.text).expect("written");
            // A block that declares a customer of its own has no use for the house's.
            if block.text.contains("\"house.journey\"") {
                std::fs::write(folder.path().join("house.journey"), &house).expect("written");
            }
            let run = Command::new(journeyc().expect("the binary"))
                .args(["test", "--project"])
                .arg(folder.path())
                .output()
                .expect("it runs");
            if !run.status.success() {
                wrong.push(format!(
                    "{chapter}:{}\n{}{}",
                    block.line,
                    String::from_utf8_lossy(&run.stdout),
                    String::from_utf8_lossy(&run.stderr)
                ));
            }
        }
    }
    assert!(seen >= 8, "the specification's blocks were not found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_line_of_the_feed_chapter_is_taken() {
    let appointment = journey_tests::example("appointment", &["appointment.journey"]);
    let program = appointment.runnable().expect("the example compiles");
    let chapter = std::fs::read_to_string(root().join("language-spec/spec/10-feed.md")).expect("the chapter");
    let lines: Vec<String> = blocks(&chapter)
        .into_iter()
        .filter(|b| b.info == "json")
        .flat_map(|b| b.text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert!(lines.len() >= 7, "the chapter's lines were not found");
    for (line, number) in lines.iter().zip(1..) {
        if let Err(refusal) = journey_runtime::feed::parse_line(program, number, line) {
            panic!("line {number} of the feed chapter is refused: {refusal:?}");
        }
    }
}

#[test]
fn the_profile_of_the_simulation_chapter_is_taken() {
    let chapter = std::fs::read_to_string(root().join("language-spec/spec/17-simulation.md")).expect("the chapter");
    let parts: Vec<String> = blocks(&chapter).into_iter().filter(|b| b.info == "toml").map(|b| b.text).collect();
    assert!(parts.len() >= 4, "the chapter's blocks were not found");
    let folder = tempfile::tempdir().expect("a folder");
    let profile = folder.path().join("simulate.toml");
    std::fs::write(&profile, parts.join("\n")).expect("written");
    let run = Command::new(journeyc().expect("the binary"))
        .args(["simulate", "--customers", "20", "--profile"])
        .args([&profile, &root().join("examples/appointment")])
        .output()
        .expect("it runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}
