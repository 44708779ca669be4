//! Input that nobody means to give: each kind is answered in words, by the exit code that fits, and without a fault.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)] // a test says what it expects

mod support;

use std::fs;

use support::{JOURNEY, Place, Ran};

/// Neither a fault nor a page without an end.
fn survived(ran: &Ran, code: i32) {
    assert_eq!(ran.code, code, "{}", ran.err);
    assert!(!ran.err.contains("fault of its own") && !ran.err.contains("panicked"), "{}", ran.err);
    assert!(ran.out.len() + ran.err.len() < 200_000, "{} bytes were said", ran.out.len() + ran.err.len());
}

#[test]
fn a_folder_of_ten_thousand_files_is_one_project() {
    let place = Place::with_project();
    for n in 0..10_000 {
        place.write(&format!("visit/part{n:05}.journey"), "// nothing yet\n");
    }
    let ran = place.run(&["check", "visit"]);
    survived(&ran, 0);
    assert!(ran.err.starts_with("checked 1 project, 10003 files, 1 journey: 0 findings"), "{}", ran.err);
    survived(&place.run(&["fmt", "--check", "visit"]), 0);
    survived(&place.run(&["build", "visit"]), 0);
}

#[test]
fn where_no_journey_stands_it_is_said() {
    let place = Place::with_project();
    place.write("empty.journey", "");
    let ran = place.run(&["check", "empty.journey"]);
    survived(&ran, 0);
    assert!(ran.err.contains("no journey stands there, so nothing is sent"), "{}", ran.err);
    let ran = place.run(&["check", "visit"]);
    survived(&ran, 0);
    assert!(!ran.err.contains("no journey stands there"), "{}", ran.err);
}

#[test]
fn fifty_megabytes_are_not_read() {
    let place = Place::with_project();
    fs::File::create(place.path("visit/large.journey")).expect("a file").set_len(50_000_000).expect("its size");
    for command in [&["check", "visit"][..], &["fmt", "--check", "visit"], &["test", "--project", "visit"]] {
        let ran = place.run(command);
        survived(&ran, 1);
        assert!(format!("{}{}", ran.out, ran.err).contains("J0004"), "{command:?}: {ran:?}");
    }
    let bundle = place.path("large.json");
    fs::File::create(&bundle).expect("a file").set_len(50_000_000).expect("its size");
    let ran = place.run(&["run", "large.json", "--feed", "-"]);
    survived(&ran, 2);
    assert!(ran.err.contains("cannot read the bundle `large.json`: it has 50 MB, which is too large"), "{}", ran.err);
}

#[test]
fn a_hundred_thousand_levels_are_one_finding() {
    let place = Place::with_project();
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    for (open, close) in [("{", "}"), ("(", ")"), ("record R { a: one of { ", "} }")] {
        place.write("visit/deep.journey", &deep(open, close));
        let ran = place.run(&["check", "visit", "--format", "concise"]);
        survived(&ran, 1);
        let of = |code: &str| ran.out.lines().filter(|l| l.contains(code)).count();
        assert_eq!(of("J0003") + of("J0004"), 1, "{open}: {}", ran.out);
    }
    place.write("visit/deep.journey", "");
    place.write("deep.json", &deep("[", "]"));
    let ran = place.run(&["run", "deep.json", "--feed", "-"]);
    survived(&ran, 2);
    assert!(ran.err.contains("it is nested too deeply"), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_are_named() {
    let place = Place::with_project();
    std::os::unix::fs::symlink("../visit", place.path("visit/again")).expect("a link");
    let ran = place.run(&["check", "visit"]);
    survived(&ran, 2);
    assert!(ran.err.contains("`visit/again` is a link back to `visit`"), "{}", ran.err);
    fs::remove_file(place.path("visit/again")).expect("removed");
    std::os::unix::fs::symlink("self.journey", place.path("visit/self.journey")).expect("a link");
    let ran = place.run(&["check", "visit"]);
    survived(&ran, 2);
    assert!(ran.err.contains("link"), "{}", ran.err);
}

#[test]
fn bytes_that_are_no_text_have_a_line() {
    let place = Place::with_project();
    place.write_bytes("visit/bad.journey", b"// fine\nrecord A { b\xFF: text }\n");
    let ran = place.run(&["check", "visit"]);
    survived(&ran, 1);
    assert!(ran.out.contains("J0005") && ran.out.contains("bad.journey:2:13"), "{}", ran.out);
}

#[test]
fn line_ends_of_windows_and_tabs_are_read_as_any_other() {
    let place = Place::with_project();
    let windows = JOURNEY.replace('\n', "\r\n").replace("  ", "\t");
    place.write("visit/visit.journey", &windows);
    survived(&place.run(&["check", "visit"]), 0);
    survived(&place.run(&["test", "--project", "visit"]), 0);
    place.write("visit/visit.journey", &windows.replacen("send confirmation", "send confirmatoin", 1));
    let ran = place.run(&["check", "visit", "--format", "concise"]);
    survived(&ran, 1);
    assert!(ran.out.starts_with("visit/visit.journey:42:22: error[J0101]"), "{}", ran.out);
    assert!(!ran.out.contains('\r'), "{:?}", ran.out);
}

#[test]
fn bundles_that_were_changed_or_are_newer_are_refused() {
    let place = Place::with_project();
    survived(&place.run(&["build", "visit"]), 0);
    let text = fs::read_to_string(place.path("visit.bundle.json")).expect("built");
    let at = text.find("\"reply_window\": 6").expect("a number") + 16;
    let changed = format!("{}7{}", &text[..at], &text[at + 1..]);
    for (bundle, says) in [
        (changed, "its content is not what its hash says"),
        (text.replacen("\"format\": 1", "\"format\": 9", 1), "its program format is 9, and this runtime reads up to 1"),
        (text[..text.len() / 2].to_owned(), "it ends in the middle"),
        (String::new(), "it ends in the middle"),
    ] {
        place.write("other.json", &bundle);
        let ran = place.run(&["run", "other.json", "--feed", "-"]);
        survived(&ran, 2);
        assert!(ran.err.contains(says), "{}", ran.err);
    }
}

/// A project of its own with this policy and these lines.
fn hostile(place: &Place, policy: &str, lines: &str) {
    place.write(
        "hostile/all.journey",
        &format!(
            "customer {{ phone: phone for sms  zone: zone }}
policy house {{ {policy} after the end, replies -> handoff \"care\" }}
record Booking {{ id: text, slot: instant }}
event created {{ booking: Booking }}
event ping {{ booking: Booking }} at most 9000 per 1s else dead letter
message note {{ purpose service  sms \"Note.\" }}
journey visit for customer per booking.id {{
  data booking: Booking
  limit live to 2 else handoff \"care\"
  limit starts to 3 per 30d else handoff \"care\"
  start on created(booking) -> s0
  on reply stay {{ handoff \"care\" with transcript }}
{lines}
  end done as success
}}
"
        ),
    );
}

#[test]
fn hundreds_of_limits_and_counters_end_in_a_table() {
    let place = Place::with_project();
    let ring = |n: usize| -> String {
        let state = |i: usize| {
            format!("state s{i} {{ send note on ping -> s{} after {}m -> s{} }}\n", (i + 1) % n, i + 1, (i * 7 + 3) % n)
        };
        (0..n).map(state).collect()
    };
    // Windows from seconds to ten years, of which the policy's own limit is the strictest.
    let limits: String = (0..500)
        .map(|i| format!("limit messages to {} per {}s else latest\n", 9_000 - i, 600_000 + i * i * 1_200))
        .collect();
    hostile(&place, &format!("limit messages to 2 per 3650d else skip\n{limits}"), &ring(6));
    let ran = place.run(&["check", "hostile", "--format", "json"]);
    assert!(ran.code < 2 && ran.out.contains("\"bounds\""), "{}", ran.err);
    // A hundred counters for life, more combinations than anybody could look at, which the table says.
    let counters: String = (0..100).map(|i| format!("limit visits s{i} to {} else -> done\n", 1 + i % 7)).collect();
    hostile(&place, "limit messages to 6 per 24h else latest", &format!("{counters}{}", ring(100)));
    let ran = place.run(&["check", "hostile"]);
    survived(&ran, 0);
    assert!(ran.out.contains("* some of the journey's own counters are left out"), "{}", ran.out);
    // Limits that send each other on, and let nothing in at all.
    hostile(&place, "", &format!("limit visits s0 to 1 else -> s1\nlimit visits s1 to 1 else -> s0\n{}", ring(2)));
    let ran = place.run(&["check", "hostile", "--format", "concise"]);
    survived(&ran, 1);
    assert!(ran.out.contains("J0204"), "{}", ran.out);
}

#[test]
fn a_thousand_ways_out_and_a_hundred_thousand_states_are_told_of() {
    let place = Place::with_project();
    let ways: String = (0..1_000).map(|i| format!("on e{i} -> t{i}\n")).collect();
    let ends: String = (0..1_000).map(|i| format!("state t{i} {{ after {}m -> s0 }}\n", i + 1)).collect();
    hostile(&place, "", &format!("state s0 {{ send note {ways} after 1d -> done }}\n{ends}"));
    let events: String = (0..1_000).map(|i| format!("event e{i} {{ booking: Booking }}\n")).collect();
    place.write("hostile/events.journey", &events);
    let ran = place.run(&["check", "hostile", "--format", "concise"]);
    survived(&ran, 1);
    assert!(ran.out.contains("J0201"), "{}", ran.out);
    place.write("hostile/events.journey", "");
    let states: String = (0..10_001).map(|i| format!("state s{i} {{ send note after 1d -> s{} }}\n", i + 1)).collect();
    hostile(&place, "", &states);
    let ran = place.run(&["check", "hostile", "--format", "concise"]);
    survived(&ran, 1);
    assert!(ran.out.contains("J0116"), "{}", ran.out);
    hostile(&place, "", &states.repeat(10));
    let ran = place.run(&["check", "hostile", "--format", "concise"]);
    survived(&ran, 1);
    assert!(ran.out.contains("J0004"), "{}", ran.out);
}
