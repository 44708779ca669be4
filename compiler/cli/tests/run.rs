//! `journeyc run`: feeds, answers, stores and what it prints.

mod support;

use std::fs;

use support::Place;

const FEED: &str = r#"{"id":"c1","at":"2026-03-02T09:59:00Z","customer":"omar","event":"customer.updated","data":{"first_name":"Omar","phone":"+44 7700 900124","zone":"Europe/London"}}
{"id":"e1","at":"2026-03-02T10:00:00Z","customer":"omar","event":"booking.created","data":{"booking":{"id":"B1","slot":"2026-03-05T13:00:00Z"}}}
{"id":"e1","at":"2026-03-02T10:00:00Z","customer":"omar","event":"booking.created","data":{"booking":{"id":"B1","slot":"2026-03-05T13:00:00Z"}}}
"#;

#[test]
fn a_feed_is_run_and_told() {
    let place = Place::with_project();
    place.write("feed.jsonl", FEED);
    let ran = place.run(&["run", "visit", "--feed", "feed.jsonl"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for words in [
        "omar  +447700900124, Europe/London",
        "Monday 2 March 2026",
        "10:00     ▸ visit B1 began with booking.created",
        "✉ sent sms confirmation: \"Hi Omar, your engineer comes Thursday 5 March at 13:00.\"",
        "✉ sent sms reminder",
        "■ ended in visited, as success",
        "omar  2 inputs in (1 came again), 2 messages out\n",
        "at most 6 in any 24 h (upper bound: limit messages to 6 per 24h), 1 seen",
    ] {
        assert!(ran.out.contains(words), "`{words}` is missing in\n{}", ran.out);
    }
    let short = place.run(&["run", "visit", "--feed", "feed.jsonl", "--summary"]);
    assert_eq!(short.out.lines().count(), 2, "{}", short.out);
    let stdin = place.run_with(&["run", "visit", "--feed", "-"], FEED);
    assert_eq!(stdin.out, ran.out);
}

#[test]
fn what_cannot_be_taken_is_shown_with_its_line_and_the_run_goes_on() {
    let place = Place::with_project();
    place.write(
        "feed.jsonl",
        &format!(
            "not json\n{FEED}{}\n",
            r#"{"id":"e9","at":"2026-03-02T10:00:00Z","customer":"omar","event":"booking.creatd","data":{}}"#
        ),
    );
    let ran = place.run(&["run", "visit", "--feed", "feed.jsonl"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("2 lines of the feed could not be taken; the run went on"), "{}", ran.out);
    assert!(ran.out.contains("✗ feed.jsonl:1: not JSON"), "{}", ran.out);
    assert!(ran.out.contains("✗ feed.jsonl:5: no event `booking.creatd`"), "{}", ran.out);
    assert!(ran.out.contains("2 messages out"), "{}", ran.out);
}

#[test]
fn long_runs_are_folded_and_messages_are_not() {
    let place = Place::with_project();
    let mut feed = FEED.to_owned();
    for n in 0..30 {
        feed.push_str(&format!(
            r#"{{"id":"r{n}","at":"2026-03-02T10:{:02}:00Z","customer":"omar","event":"booking.rescheduled","data":{{"booking":{{"id":"B1","slot":"2026-03-{:02}T13:00:00Z"}}}}}}"#,
            10 + n,
            6 + n % 20
        ));
        feed.push('\n');
    }
    place.write("feed.jsonl", &feed);
    let ran = place.run(&["run", "visit", "--feed", "feed.jsonl"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.out.contains("heard booking.rescheduled 15 times in waiting, 10:10 to 10:24; settles until 10:25"),
        "{}",
        ran.out
    );
    let sent = ran.out.matches("✉ sent sms moved_notice").count();
    assert_eq!(sent, 2, "{}", ran.out);
}

#[test]
fn a_store_remembers_what_was_taken() {
    let place = Place::with_project();
    place.write("feed.jsonl", FEED);
    let args = ["run", "visit", "--feed", "feed.jsonl", "--store", "care.db", "--out", "out.jsonl"];
    let first = place.run(&args);
    assert_eq!(first.code, 0, "{first:?}");
    let messages = fs::read_to_string(place.path("out.jsonl")).expect("the messages");
    assert_eq!(messages.lines().count(), 2, "{messages}");
    let again = place.run(&args);
    assert_eq!((again.code, again.out), (0, first.out), "the same told twice");
    assert_eq!(fs::read_to_string(place.path("out.jsonl")).expect("the messages"), messages, "nothing is sent twice");
}

#[test]
fn a_store_that_is_none_is_refused_in_words() {
    let place = Place::with_project();
    place.write("feed.jsonl", FEED);
    place.write("care.db", "this is a letter");
    let ran = place.run(&["run", "visit", "--feed", "feed.jsonl", "--store", "care.db"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("care.db is not a Journey store"), "{}", ran.err);
    let ran = place.run(&["run", "visit", "--feed", "feed.jsonl", "--store", "nowhere/care.db"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("nowhere/care.db"), "{}", ran.err);
}

#[test]
fn answers_are_held_against_the_declared_services() {
    let place = Place::with_project();
    place.write("feed.jsonl", FEED);
    for (answers, words) in [
        ("{", "this is not JSON"),
        ("[]", "does not hold an object of services"),
        (r#"{"cancel_visti": "done"}"#, "did you mean `cancel_visit`?"),
        (r#"{"cancel_visit": "dne"}"#, "it answers done, refused, or failed"),
        (r#"{"cancel_visit": 7}"#, "which is no answer"),
        (r#"{"cancel_visit": {"outcome": "done", "after": "soon"}}"#, "which is no answer"),
    ] {
        place.write("answers.json", answers);
        let ran = place.run(&["run", "visit", "--feed", "feed.jsonl", "--answers", "answers.json"]);
        assert_eq!(ran.code, 2, "{answers}: {ran:?}");
        assert!(ran.err.contains(words), "{answers}: {}", ran.err);
    }
}

#[test]
fn answers_decide_where_a_call_leads() {
    let place = Place::with_project();
    place.write(
        "feed.jsonl",
        &format!(
            "{FEED}{}\n",
            r#"{"id":"r1","at":"2026-03-02T11:00:00Z","customer":"omar","reply":"No visit!","channel":"sms"}"#
        ),
    );
    for (answers, state) in [
        ("{}", "cancel_visit answered failed"),
        (r#"{"cancel_visit": "done"}"#, "ended in cancelled"),
        (r#"{"cancel_visit": ["refused", "done"]}"#, "cancel_visit answered refused"),
        (r#"{"cancel_visit": {"outcome": "done", "after": "2s"}}"#, "11:00:02  ⚙ cancel_visit answered done"),
    ] {
        place.write("answers.json", answers);
        let ran = place.run(&["run", "visit", "--feed", "feed.jsonl", "--answers", "answers.json"]);
        assert_eq!(ran.code, 0, "{answers}: {ran:?}");
        assert!(ran.out.contains(state), "{answers}:\n{}", ran.out);
    }
}

#[test]
fn live_takes_lines_and_prints_what_is_sent() {
    let place = Place::with_project();
    // Far enough ahead that the message is still true whenever this runs, by day or by night.
    place.replace("visit/care.journey", "  quiet 21:00 to 08:00 else defer\n", "");
    let feed = FEED.replace("2026-03-05T13", "2090-03-05T13");
    let plain = place.run_with(&["run", "visit", "--live"], &feed);
    assert_eq!(plain.code, 0, "{plain:?}");
    assert!(plain.err.contains("2 inputs taken, 1 known already, 0 refused"), "{}", plain.err);
    let json =
        place.run_with(&["run", "visit", "--live", "--json", "--store", "live.db"], &format!("{feed}nonsense\n"));
    assert_eq!(json.code, 0, "{json:?}");
    assert!(json.err.contains("stdin:4: refused: not JSON"), "{}", json.err);
    assert_eq!(json.out.matches("\"message\":\"confirmation\"").count(), 1, "{}", json.out);
    for line in json.out.lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect("a JSON line");
        assert_eq!(value["customer"], "omar");
    }
}
