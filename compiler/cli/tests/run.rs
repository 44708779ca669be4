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
        "at most 6 in any 24 h (exact: limit messages to 6 per 24h), 1 seen",
    ] {
        assert!(ran.out.contains(words), "`{words}` is missing in\n{}", ran.out);
    }
    let short = place.run(&["run", "visit", "--feed", "feed.jsonl", "--summary"]);
    assert_eq!(short.out.lines().count(), 3, "{}", short.out);
    let all = "1 customer: 2 inputs in, 2 messages out; nobody got more than 1 in any 24 h (exact: 6)\n";
    assert!(short.out.ends_with(all), "{}", short.out);
    let stdin = place.run_with(&["run", "visit", "--feed", "-"], FEED);
    assert_eq!(stdin.out, ran.out);
}

#[test]
fn a_feed_of_which_no_line_can_be_taken_is_a_finding() {
    let place = Place::with_project();
    place.write("feed.jsonl", "id;at;customer\n1;2026-03-02;omar\n");
    let ran = place.run(&["run", "visit", "--feed", "feed.jsonl"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("no line of this feed could be taken: is it the feed of this project?"), "{ran:?}");
    place.write("feed.jsonl", "");
    assert_eq!(place.run(&["run", "visit", "--feed", "feed.jsonl"]).code, 0, "an empty feed has nothing strange");
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
    assert!(again.err.contains("nothing new: every line had come before\n"), "{}", again.err);
    assert!(!first.err.contains("nothing new"), "{}", first.err);
    assert_eq!(fs::read_to_string(place.path("out.jsonl")).expect("the messages"), messages, "nothing is sent twice");
}

#[test]
fn a_store_that_is_none_is_refused_in_words() {
    let place = Place::with_project();
    place.write("feed.jsonl", FEED);
    place.write("care.db", "this is a letter");
    let ran = place.run(&["run", "visit", "--feed", "feed.jsonl", "--store", "care.db"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("care.db` is not a Journey store"), "{}", ran.err);
    let ran = place.run(&["run", "visit", "--feed", "feed.jsonl", "--store", "nowhere/care.db"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("the folder `nowhere` does not exist; make it first"), "{}", ran.err);
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

/// A feed of `n` customers, each with a visit.
fn crowd(n: usize) -> String {
    (0..n)
        .map(|i| {
            FEED.replace("omar", &format!("c{i:03}"))
                .replace("\"id\":\"c1", &format!("\"id\":\"c{i}"))
                .replace("\"id\":\"e1", &format!("\"id\":\"e{i}"))
        })
        .collect()
}

#[test]
fn a_summary_of_many_tells_of_the_busiest_and_of_all() {
    let place = Place::with_project();
    place.write("feed.jsonl", &crowd(3));
    let few = place.run(&["run", "visit", "--feed", "feed.jsonl", "--summary"]);
    assert_eq!(few.out.lines().count(), 7, "{}", few.out);
    let all = "3 customers: 6 inputs in, 6 messages out; nobody got more than 1 in any 24 h (exact: 6)\n";
    assert!(few.out.ends_with(all), "{}", few.out);
    place.write("feed.jsonl", &crowd(25));
    let many = place.run(&["run", "visit", "--feed", "feed.jsonl", "--summary"]);
    assert_eq!(many.out.lines().count(), 12, "{}", many.out);
    assert!(many.out.starts_with("the 5 of 25 customers with the most messages:\nc000  2 inputs in"), "{}", many.out);
    assert!(many.out.contains("\n25 customers: 50 inputs in, 50 messages out; nobody"), "{}", many.out);
}

#[cfg(unix)]
#[test]
fn what_cannot_be_written_is_told_in_one_sentence() {
    let place = Place::with_project();
    place.write("feed.jsonl", FEED);
    std::os::unix::fs::symlink("round", place.path("round")).expect("a link");
    for (option, path, words) in [
        ("--out", "/dev/full", "`/dev/full` cannot be used: it is not a regular file"),
        ("--out", "/dev/zero", "`/dev/zero` cannot be used: it is not a regular file"),
        ("--out", "visit", "`visit` cannot be used: it is a folder"),
        ("--out", "round", "`round` cannot be used: it is a link that leads back to itself"),
        ("--out", "no/out.jsonl", "the folder `no` does not exist; make it first"),
        ("--store", "/dev/full", "`/dev/full` is not a Journey store (it is not a regular file)"),
        ("--store", "no/care.db", "the folder `no` does not exist; make it first"),
        ("--store", "round", "the store `round` cannot be opened: it is a link that leads back to itself"),
        ("--store", "feed.jsonl", "`feed.jsonl` is named by --feed and by --store"),
        ("--out", "./visit/../feed.jsonl", "is named by --feed and by --out"),
    ] {
        let ran = place.run(&["run", "visit", "--feed", "feed.jsonl", option, path]);
        assert_eq!(ran.code, 2, "{option} {path}: {ran:?}");
        assert!(ran.err.contains(words) && !ran.err.contains("os error"), "{option} {path}: {}", ran.err);
    }
    assert_eq!(fs::read_to_string(place.path("feed.jsonl")).expect("the feed"), FEED, "it is as it was");
    // a copy of a feed is no file of messages either
    place.write("copy.jsonl", FEED);
    let ran = place.run(&["run", "visit", "--feed", "feed.jsonl", "--out", "copy.jsonl"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("line 1 is not a line of this channel"), "{}", ran.err);
    assert_eq!(fs::read_to_string(place.path("copy.jsonl")).expect("the copy"), FEED);
    let ran = place.run(&["run", "visit", "--feed", "feed.jsonl", "--out", "new", "--store", "./new"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("named by --store and by --out"), "{}", ran.err);
}

#[test]
fn a_store_is_run_live_or_on_virtual_time() {
    let place = Place::with_project();
    place.write("feed.jsonl", FEED);
    let replay = ["run", "visit", "--feed", "feed.jsonl", "--store", "replay.db"];
    assert_eq!(place.run(&replay).code, 0);
    let ran = place.run(&["run", "visit", "--live", "--store", "replay.db"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(
        ran.err.starts_with("error: the store was run on virtual time so far, and running it live would"),
        "{ran:?}"
    );
    assert_eq!(place.run(&["run", "visit", "--live", "--store", "live.db"]).code, 0);
    let ran = place.run(&["run", "visit", "--feed", "feed.jsonl", "--store", "live.db"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.starts_with("error: the store was run live so far"), "{ran:?}");
    assert_eq!(place.run(&replay).code, 0);
}

#[test]
fn a_store_goes_on_with_changed_files_and_says_who_is_on_which_version() {
    let place = Place::with_project();
    let live = ["run", "visit", "--live", "--store", "care.db"];
    let booked = |id: &str| {
        let known = r#"{"id":"u","at":"2026-03-02T09:58:00Z","customer":"omar","event":"customer.updated","data":{"first_name":"Omar","phone":"+44 7700 900124","zone":"Europe/London"}}"#;
        format!(
            "{known}\n{{\"id\":\"{id}\",\"at\":\"2026-03-02T10:00:00Z\",\"customer\":\"omar\",\"event\":\"booking.created\",\"data\":{{\"booking\":{{\"id\":\"{id}\",\"slot\":\"2036-03-20T09:00:00Z\"}}}}}}\n"
        )
    };
    assert_eq!(place.run_with(&live, &booked("B1")).code, 0);
    // a text changes: who is in flight stays, and it is said when the next run begins
    place.replace("visit/visit.journey", "Your visit is now", "We moved your visit to");
    assert_eq!(place.run_with(&live, &booked("B2")).code, 0);
    let ran = place.run_with(&live, "");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.starts_with("1 instance goes on in visit as it was in version "), "{}", ran.err);
    // an answer of the service is one more: whoever asks it by the older list would not know where to go
    place.replace("visit/visit.journey", "{ done, refused }", "{ done, refused, later }");
    place.replace("visit/visit.journey", "      refused -> agent\n", "      refused -> agent\n      later -> agent\n");
    let ran = place.run_with(&live, "");
    assert_eq!(ran.code, 2, "{ran:?}");
    for needed in [
        " would strand people who are in journeys of an older version: `visit` of version ",
        ", 1 instance, calls `cancel_visit`, whose answers have changed; ",
        "move them with `migrate`, or wait until they have come to an end",
    ] {
        assert!(ran.err.contains(needed), "{needed}\n{}", ran.err);
    }
    assert!(ran.err.split_whitespace().all(|word| word.len() < 30), "hashes are short: {}", ran.err);
    // and with a `migrate` both may come over
    place.replace(
        "visit/visit.journey",
        "  data booking: Booking\n",
        "  data booking: Booking\n\n  migrate from any { }\n",
    );
    let ran = place.run_with(&live, "");
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn a_line_far_ahead_is_refused() {
    let place = Place::with_project();
    place.write(
        "feed.jsonl",
        &format!(
            "{FEED}{}\n",
            r#"{"id":"r1","at":"2199-03-02T11:00:00Z","customer":"omar","reply":"Hi","channel":"sms"}"#
        ),
    );
    let ran = place.run(&["run", "visit", "--feed", "feed.jsonl"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.out.contains("✗ feed.jsonl:4: it is received 2199-03-02T11:00:00Z, more than 400d after"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("March 2199"), "{}", ran.out);
}

#[test]
fn many_refused_lines_are_told_truthfully() {
    let place = Place::with_project();
    place.write("feed.jsonl", &format!("{FEED}{}", "nonsense\n".repeat(60)));
    let ran = place.run(&["run", "visit", "--feed", "feed.jsonl"]);
    assert_eq!(ran.out.matches("✗ feed.jsonl:").count(), 60, "{}", ran.out);
    place.write("feed.jsonl", &format!("{FEED}{}", "nonsense\n".repeat(111)));
    let ran = place.run(&["run", "visit", "--feed", "feed.jsonl"]);
    assert_eq!(ran.out.matches("✗ feed.jsonl:").count(), 100, "{}", ran.out);
    assert!(ran.out.contains("  … and 11 more\n"), "{}", ran.out);
    let ran = place.run(&["run", "visit", "--feed", "feed.jsonl", "--store", "care.db"]);
    assert!(ran.out.contains("  … and 11 more; `care.db` keeps all, in its table dead_letters\n"), "{}", ran.out);
}

#[test]
fn the_hour_that_comes_twice_is_told_apart() {
    let place = Place::with_project();
    // The clock is set back from 02:00 to 01:00 at 01:00 UTC on 25 October 2026.
    place.replace("visit/care.journey", "quiet 21:00 to 08:00", "quiet 22:00 to 01:00");
    place.replace(
        "visit/care.journey",
        "limit messages to 6 per 24h else latest",
        "limit messages to 1 per 1h else defer",
    );
    let feed = FEED.replace("2026-03-02T09:59", "2026-10-24T23:58").replace("2026-03-02T10:00", "2026-10-25T00:05");
    let feed = feed.replace("2026-03-05T13", "2026-11-05T13");
    let line = r#"{"id":"r1","at":"2026-10-25T00:10:00Z","customer":"omar","event":"booking.rescheduled","data":{"booking":{"id":"B1","slot":"2026-11-06T13:00:00Z"}}}"#;
    place.write("feed.jsonl", &format!("{feed}{line}\n"));
    let ran = place.run(&["run", "visit", "--feed", "feed.jsonl"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for words in [
        "01:05 +01:00     ✉ sent sms confirmation",
        "01:25 +01:00     ⏸ deferred moved_notice until 2026-10-25 01:05 +00:00 by",
        "01:05 +00:00     ✉ sent sms moved_notice",
    ] {
        assert!(ran.out.contains(words), "`{words}` is missing in\n{}", ran.out);
    }
    assert!(!ran.out.contains("13:00 +00:00"), "other days stay as they are: {}", ran.out);
}

#[cfg(target_os = "linux")]
#[test]
fn a_live_run_whose_stdout_is_full_says_so() {
    let place = Place::with_project();
    place.replace("visit/care.journey", "  quiet 21:00 to 08:00 else defer\n", "");
    let feed = FEED.replace("2026-03-05T13", "2090-03-05T13");
    for json in [None, Some("--json")] {
        let args: Vec<&str> = ["run", "visit", "--live"].into_iter().chain(json).collect();
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
        let ran = place.run_into(&args, &feed, full);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(
            ran.err.contains("cannot be written: the disk is full") && !ran.err.contains("os error"),
            "{}",
            ran.err
        );
    }
}
