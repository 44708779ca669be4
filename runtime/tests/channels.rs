//! The channels that come with the engine.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::path::Path;

use journey_runtime::channels::{CaseFile, Channel, ChannelError, Console, Desk, MessageFile};
use journey_runtime::{Delivery, Out};
use journey_spec::program::{Channel as Way, Purpose};
use journey_step::effect::{HandoffCase, Priority, Release};

fn release(id: &str, body: &str) -> Release {
    Release {
        id: id.into(),
        channel: Way::Sms,
        address: "+447700900123".into(),
        subject: None,
        body: body.into(),
        shown: None,
        message: "greeting".into(),
        purpose: Purpose::Service,
        journey: None,
        key: None,
        valid_until: 9,
    }
}

fn send(channel: &mut dyn Channel, ids: &[&str]) {
    for id in ids {
        let release = release(id, "Hi\nthere");
        assert_eq!(channel.send(Out { at: 0, customer: "a", item: &release }).unwrap(), Delivery::Delivered);
    }
    channel.flush().unwrap();
}

fn ids(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["id"].as_str().unwrap().into()).collect()
}

#[test]
fn a_file_holds_each_id_once_and_loses_torn_lines() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out.jsonl");
    send(&mut MessageFile::open(&path).unwrap(), &["1", "2", "1"]);
    assert_eq!(ids(&path), ["1", "2"]);
    let whole = std::fs::read(&path).unwrap();
    for torn in ["{", r#"{"at":"1970-01-01T00:00:00Z","customer":"a","id":"3"#, "\0\0\0\0\n"] {
        let mut text = whole.clone();
        text.extend_from_slice(torn.as_bytes());
        std::fs::write(&path, text).unwrap();
        send(&mut MessageFile::open(&path).unwrap(), &["2", "3"]);
        assert_eq!(ids(&path), ["1", "2", "3"], "{torn:?}");
    }
    // every place at which the last line may be cut
    let text = std::fs::read(&path).unwrap();
    for end in whole.len()..text.len() {
        std::fs::write(&path, &text[..end]).unwrap();
        send(&mut MessageFile::open(&path).unwrap(), &["3"]);
        assert_eq!(std::fs::read(&path).unwrap(), text);
    }
}

#[test]
fn a_file_of_something_else_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notes.txt");
    for text in ["dear diary\nall is well\n", "dear diary\n", "dear diary", "[\n", "{\"at\":\"x\"}\ndear diary\n"] {
        std::fs::write(&path, text).unwrap();
        let error = MessageFile::open(&path).unwrap_err();
        assert!(matches!(&error, ChannelError::Broken(why) if why.contains(" is not a line of this")), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn lines_of_another_kind_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("feed.jsonl");
    let reply =
        r#"{"at":"2026-03-02T10:00:00Z","customer":"a","id":"e1","reply":"hi","channel":"sms","address":"+44"}"#;
    let event = r#"{"id":"e1","at":"2026-03-02T10:00:00Z","customer":"a","event":"x","data":{}}"#;
    let case = r#"{"at":"2026-03-02T10:00:00Z","customer":"a","case":"c1","queue":"care","why":"","transcript":[]}"#;
    for line in [reply, event, case, r#"{"at":"2026-03-02T10:00:00Z","id":"e1","reply":"h"#] {
        for text in [format!("{line}\n"), line.to_string(), format!("{line}\n{line}\n")] {
            std::fs::write(&path, &text).unwrap();
            let error = MessageFile::open(&path).unwrap_err().to_string();
            assert!(error.contains("line 1 is not a line of this channel"), "{error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }
    std::fs::write(&path, format!("{case}\n")).unwrap();
    CaseFile::open(&path).unwrap();
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_refused_before_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&link, &link).unwrap();
    for (path, words) in [
        (Path::new("/dev/full").to_path_buf(), "it is not a regular file".to_string()),
        (Path::new("/dev/zero").to_path_buf(), "it is not a regular file".to_string()),
        (dir.path().to_path_buf(), "it is a folder".to_string()),
        (link, "it is a link that leads back to itself".to_string()),
        (
            dir.path().join("no/out.jsonl"),
            format!("the folder `{}` does not exist; make it first", dir.path().join("no").display()),
        ),
    ] {
        let error = MessageFile::open(&path).unwrap_err().to_string();
        assert_eq!(error, format!("`{}` cannot be used: {words}", path.display()));
    }
}

#[test]
fn cases_go_to_a_file_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cases.jsonl");
    let case = HandoffCase {
        priority: None,
        shown: None,
        case: "a/1/0".into(),
        queue: "care".into(),
        journey: None,
        key: None,
        why: "no \u{1b}[2Jidea".into(),
        transcript: Vec::new(),
        data: Default::default(),
    };
    for _ in 0..2 {
        let mut desk = CaseFile::open(&path).unwrap();
        desk.open(Out { at: 0, customer: "a", item: &case }).unwrap();
        desk.flush().unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1);
    let mut console = Console::new(Vec::new());
    console.open(Out { at: 0, customer: "a", item: &case }).unwrap();
    send(&mut console, &["1"]);
    let text = String::from_utf8(console.into_inner()).unwrap();
    assert_eq!(
        text,
        "1970-01-01 00:00  a  handoff care  no  [2Jidea\n1970-01-01 00:00  a  sms +447700900123  Hi there\n"
    );
}

#[test]
fn a_console_tells_how_soon_to_look_and_not_what_is_not_for_every_eye() {
    let case = |priority: Option<Priority>, shown: Option<Priority>| HandoffCase {
        case: "a/1/0".into(),
        queue: "care".into(),
        journey: None,
        key: None,
        why: "state `person`".into(),
        transcript: Vec::new(),
        data: Default::default(),
        priority,
        shown,
    };
    let severe = || Some(Priority::Name("severe".into()));
    let mut console = Console::new(Vec::new());
    for case in [
        case(Some(Priority::Number(2.0)), None),
        case(severe(), None),
        case(severe(), Some(Priority::Name("‹health›".into()))),
    ] {
        console.open(Out { at: 0, customer: "a", item: &case }).unwrap();
    }
    let text = String::from_utf8(console.into_inner()).unwrap();
    let ends: Vec<_> = text.lines().filter_map(|l| l.split_once("person`").map(|(_, end)| end)).collect();
    assert_eq!(ends, ["  priority 2", "  priority severe", "  priority ‹health›"]);
}

#[test]
fn a_console_shows_no_value_that_is_not_for_every_eye() {
    let mut console = Console::new(Vec::new());
    let release = Release { shown: Some("Your result is ‹health›.".into()), ..release("1", "Your result is bad.") };
    assert_eq!(console.send(Out { at: 0, customer: "a", item: &release }).unwrap(), Delivery::Delivered);
    let text = String::from_utf8(console.into_inner()).unwrap();
    assert!(text.contains("‹health›") && !text.contains("bad"), "{text}");
}
