//! `journey.toml`: what a project says of itself is taken, and what it may not say is told.

#![allow(clippy::expect_used)] // a test that cannot build its place has failed

mod support;

use support::Place;

/// A folder as `journeyc init` makes it, with this `journey.toml`.
fn place(manifest: &str) -> Place {
    let place = Place::empty();
    assert_eq!(place.run(&["init", "care"]).code, 0);
    place.write("care/journey.toml", manifest);
    place
}

#[test]
fn the_feed_it_names_is_run_from_anywhere() {
    let place = place("language = \"0.1\"\n[run]\nfeed = \"feed.jsonl\"\n");
    let ran = place.run(&["run", "care", "--summary"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("6 inputs in, "), "{}", ran.out);
    place.write("other.jsonl", "");
    let other = place.run(&["run", "care", "--summary", "--feed", "other.jsonl"]);
    assert!(other.code == 0 && !other.out.contains("6 inputs in"), "the command line goes before: {other:?}");
}

#[test]
fn the_answers_it_names_are_taken() {
    let place = place("[run]\nfeed = \"feed.jsonl\"\nanswers = \"answers.json\"\n");
    let ran = place.run(&["run", "care"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("care/answers.json"), "{}", ran.err);
}

#[test]
fn without_a_feed_it_is_said_where_to_name_one() {
    let place = place("");
    let ran = place.run(&["run", "care"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:?}");
    assert!(ran.err.contains("there is no feed to run `care` against"), "{}", ran.err);
    assert!(ran.err.contains("--feed FILE") && ran.err.contains("--live"), "{}", ran.err);
}

#[test]
fn what_it_may_not_say_is_told_with_its_place() {
    for (manifest, words) in [
        ("language = \"0.1\"\n[run]\nfed = \"x\"\n", "`care/journey.toml`, line 3, column 1: unknown field `fed`"),
        ("language = 1\n", "line 1, column 12: invalid type: integer `1`, expected a string"),
        ("language = \"new\"\n", "`new` is no version of the language"),
        ("language = \"99.0\"\n", "it is written in language 99.0, and this journeyc knows up to 0.1"),
        ("[run\n", "line 1, column "),
    ] {
        let place = place(manifest);
        for command in [["check", "care"], ["run", "care"]] {
            let ran = place.run(&command);
            assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{manifest}: {ran:?}");
            assert!(ran.err.contains(words) && ran.err.contains("= help: "), "{manifest}: {}", ran.err);
        }
    }
}

#[test]
fn one_that_cannot_be_read_is_told() {
    let place = place("");
    std::fs::write(place.path("care/journey.toml"), [0xFF, 0xFE]).expect("written");
    let ran = place.run(&["check", "care"]);
    assert!(ran.code == 2 && ran.err.contains("`care/journey.toml` is not UTF-8"), "{ran:?}");
    std::fs::remove_file(place.path("care/journey.toml")).expect("removed");
    std::fs::create_dir(place.path("care/journey.toml")).expect("a folder");
    let ran = place.run(&["check", "care"]);
    assert!(ran.code == 2 && ran.err.contains("cannot read `care/journey.toml`: it is a folder"), "{ran:?}");
}
