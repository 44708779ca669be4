//! Killed at any moment and started again on the same store, a run ends with the same messages as one that was not.
//!
//! `JOURNEY_KILLS` sets how many kills (50 by default), `JOURNEY_SEED` the first seed; a failure prints its seed.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)] // a test says what it expects

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use journey_tests::random::{Random, asked};
use journey_tests::{journeyc, root};
use serde_json::{Value, json};

/// The stuck back end's feed, for many customers at once: the example's lines with other names, a customer a copy.
fn feed(path: &Path, copies: usize) {
    let one = std::fs::read_to_string(root().join("examples/appointment/stuck-backend.jsonl")).expect("the feed");
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).expect("a file"));
    for line in one.lines() {
        for copy in 0..copies {
            let mut input: Value = serde_json::from_str(line).expect("JSON");
            for field in ["id", "customer"] {
                let name = input[field].as_str().expect("a text").to_owned();
                input[field] = json!(format!("{name}-{copy}"));
            }
            if let Some(phone) = input.pointer("/data/phone").and_then(Value::as_str) {
                let (head, tail) = phone.split_at(phone.len() - 3);
                let tail: usize = tail.parse().expect("digits");
                input["data"]["phone"] = json!(format!("{head}{:03}", (tail + 7 * copy) % 1000));
            }
            writeln!(file, "{input}").expect("written");
        }
    }
}

fn start(folder: &Path, feed: &Path, name: &str) -> Child {
    Command::new(journeyc().expect("the binary"))
        .arg("run")
        .arg(root().join("examples/appointment"))
        .arg("--feed")
        .arg(feed)
        .arg("--store")
        .arg(folder.join(format!("{name}.db")))
        .arg("--out")
        .arg(folder.join(format!("{name}.jsonl")))
        .arg("--summary")
        .args(["--answers"])
        .arg(folder.join("answers.json"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts")
}

/// What each customer got, in order.
fn messages(path: &Path) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in std::fs::read_to_string(path).expect("messages").lines() {
        let message: Value = serde_json::from_str(line).expect("a whole line of JSON");
        let address = message["address"].as_str().expect("an address").to_owned();
        all.entry(address).or_default().push(message.to_string());
    }
    all
}

#[test]
fn a_killed_run_ends_as_one_that_was_not() {
    let (kills, first) = (asked("JOURNEY_KILLS", 50), asked("JOURNEY_SEED", 1));
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("answers.json"), r#"{"cancel_visit": {"outcome": "done", "after": "2s"}}"#)
        .expect("written");
    let feed_path = folder.path().join("feed.jsonl");
    feed(&feed_path, 8);

    journeyc().expect("the binary"); // building it is no part of a run's length
    let begun = std::time::Instant::now();
    let whole = start(folder.path(), &feed_path, "whole").wait_with_output().expect("it ends");
    assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stderr));
    let length = begun.elapsed();
    let expected = messages(&folder.path().join("whole.jsonl"));
    assert!(expected.len() >= 24, "the uninterrupted run should send something: {expected:?}");

    let (mut done, mut seed) = (0, first);
    while done < kills {
        let mut random = Random(seed);
        let name = format!("killed-{seed}");
        let mut here = 0;
        loop {
            let mut child = start(folder.path(), &feed_path, &name);
            // the first few times within the run's length, then it may finish
            let patience =
                length.mul_f64(if here < 12 && here % 2 == 0 { 0.25 + 0.05 * f64::from(here) } else { 100.0 });
            let moment = Duration::from_micros(random.below(u64::try_from(patience.as_micros()).unwrap_or(u64::MAX)));
            // Every other kill comes as soon as messages have been written: between that and the commit that says so
            // lies the moment in which a run could send twice.
            let out = folder.path().join(format!("{name}.jsonl"));
            let size = || std::fs::metadata(&out).map_or(0, |m| m.len());
            let before = size();
            let watches = here % 2 == 1;
            let begun = std::time::Instant::now();
            let ended = loop {
                if let Some(status) = child.try_wait().expect("waits") {
                    break Some(status);
                }
                if (watches && size() > before) || begun.elapsed() >= moment {
                    child.kill().expect("killed");
                    child.wait().expect("reaped");
                    break None;
                }
                std::thread::sleep(Duration::from_micros(if watches { 10 } else { 200 }));
            };
            if let Some(status) = ended {
                let error = child.wait_with_output().map(|o| o.stderr).unwrap_or_default();
                assert!(status.success(), "seed {seed}: {}", String::from_utf8_lossy(&error));
                break;
            }
            done += 1;
            here += 1;
        }
        let got = messages(&folder.path().join(format!("{name}.jsonl")));
        assert_eq!(got, expected, "seed {seed}: after {here} kills other messages left than without any");
        seed += 1;
    }
    println!("{done} kills over {} stores, seeds {first} to {}; a whole run takes {length:?}", seed - first, seed - 1);
}
