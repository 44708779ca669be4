//! Policy packs say what they are: where each rule was read, since when, and what is not covered.

#![allow(clippy::expect_used)] // a test says what it expects

use journey_compiler::source::Memory;
use journey_spec::packs::{self, ALL};
use journey_tests::{blocks, printed, root};

/// The events by which packs begin a quiet time.
const EVENTS: &str = "record Debt { id: text }\nevent debt.talked { debt: Debt }\nevent calls.refused { }\n";

#[test]
fn every_pack_of_the_folder_is_there_and_in_the_chapter() {
    let folder = std::fs::read_dir(root().join("language-spec/packs")).expect("the packs");
    let mut files: Vec<String> = folder.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    files.sort();
    let named: Vec<String> = ALL.iter().map(|pack| format!("{}.journey", pack.name)).collect();
    assert_eq!(files, named, "sorted by name");
    let chapter = std::fs::read_to_string(root().join("language-spec/spec/20-packs.md")).expect("the chapter");
    let suite = std::fs::read_to_string(root().join("tests/suite/packs.md")).expect("the suite");
    for pack in ALL {
        assert!(chapter.contains(&format!("| `{}` |", pack.name)), "{} has a row", pack.name);
        assert!(suite.contains(&format!("use \"{}\"", pack.path())), "{} has scenarios", pack.name);
    }
}

#[test]
fn every_pack_says_what_it_does_not_cover_and_every_rule_where_it_was_read() {
    for pack in ALL {
        assert!(pack.title().ends_with('.'), "{}: a title is a sentence", pack.name);
        for words in ["Not covered: ", "Source: ", "Not looked up: ", "Engineering, not legal advice."] {
            assert!(pack.text.contains(&format!("/// {words}")), "{}: {words}", pack.name);
        }
        // What begins a quiet time is the project's to declare; a pack alone does without.
        for declared in ["", EVENTS] {
            let text = format!("use \"{}\"\n{declared}", pack.path());
            let source = Memory([("main.journey".to_owned(), text)].into());
            let compiled = journey_compiler::compile(&["main.journey".to_owned()], &source);
            assert!(!compiled.has_errors(), "{}", printed(&compiled));
        }
        let source = Memory([("main.journey".to_owned(), format!("use \"{}\"\n{EVENTS}", pack.path()))].into());
        let compiled = journey_compiler::compile(&["main.journey".to_owned()], &source);
        let policy = &compiled.runnable().expect("a program").policy;
        let limits = policy.limits.iter().map(|l| (&l.text, &l.because));
        let quiet = policy.quiet.iter().map(|q| (&q.text, &q.because));
        let after = policy.quiet_after.iter().map(|q| (&q.text, &q.because));
        let rules: Vec<_> = limits.chain(quiet).chain(after).collect();
        let lines = pack.text.lines().filter(|l| ["  limit ", "  quiet "].iter().any(|word| l.starts_with(word)));
        assert_eq!(rules.len(), lines.count(), "{}: each rule is there", pack.name);
        assert!(!rules.is_empty(), "{}", pack.name);
        for (rule, because) in rules {
            let because = because.as_ref().expect("each rule names its law");
            let dated = because.chars().rev().take_while(|c| c.is_ascii_digit() || *c == '-').count();
            assert!(dated >= 7, "{}: `{rule}` has no date: {because}", pack.name);
            assert!(rule.contains(because.as_str()), "the timeline tells it");
        }
    }
}

#[test]
fn a_name_that_no_pack_has_is_told_with_those_that_there_are() {
    let source = Memory([("main.journey".to_owned(), "use \"pack:us-rg-f\"\n".to_owned())].into());
    let told = printed(&journey_compiler::compile(&["main.journey".to_owned()], &source));
    assert!(told.contains("J0006") && told.contains("us-reg-f"), "{told}");
    assert_eq!(packs::text("pack:us-rg-f"), None);
}

#[test]
fn blocks_of_the_suite_are_there() {
    let suite = std::fs::read_to_string(root().join("tests/suite/packs.md")).expect("the suite");
    assert_eq!(blocks(&suite).len(), ALL.len());
}
