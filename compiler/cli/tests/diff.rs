//! `journeyc diff`: what a newer version changes for people in flight.

mod support;

use support::{CARE, JOURNEY, Place};

/// A project as it is, and as it is to be.
fn edited(edits: &[(&str, &str)]) -> Place {
    let place = Place::with_project();
    let (journey, care) = (JOURNEY.to_owned(), CARE.to_owned());
    place.write("new/visit.journey", &journey);
    place.write("new/care.journey", &care);
    for (old, new) in edits {
        let file = if journey.contains(old) { "new/visit.journey" } else { "new/care.journey" };
        place.replace(file, old, new);
    }
    place
}

/// What is said of an edit, line by line, bounds apart, and the exit code.
fn said(edits: &[(&str, &str)]) -> (i32, Vec<String>) {
    let (code, lines, _) = said_with_bounds(edits);
    (code, lines)
}

fn said_with_bounds(edits: &[(&str, &str)]) -> (i32, Vec<String>, Vec<String>) {
    let ran = edited(edits).run(&["diff", "visit", "new", "--format", "concise"]);
    let (bounds, lines) = ran.out.lines().map(str::to_owned).partition(|l| l.starts_with("bound in"));
    (ran.code, lines, bounds)
}

#[test]
fn a_retimed_state_and_another_text_are_told_and_strand_nobody() {
    let (code, lines) = said(&[("booking.slot + 12h", "booking.slot + 6h"), ("Your visit is now", "We moved it to")]);
    assert_eq!(code, 0, "{lines:?}");
    assert_eq!(
        lines,
        [
            "visit: state `day`: `at booking.slot + 12h -> visited, if past -> visited` is now `at booking.slot + 6h -> \
             visited, if past -> visited`",
            "visit: message `moved_notice` reads otherwise by sms",
        ]
    );
}

#[test]
fn a_renamed_state_is_known_again() {
    let (code, lines) = said(&[
        ("visits tomorrow to 2", "visits day_before to 2"),
        ("- 1d -> tomorrow", "- 1d -> day_before"),
        ("state tomorrow", "state day_before"),
    ]);
    assert_eq!((code, lines), (0, vec!["visit: state `tomorrow` seems to be called `day_before` now".to_owned()]));
}

#[test]
fn who_would_miss_something_is_stranded() {
    let (code, lines) = said(&[
        ("event booking.rescheduled { booking: Booking }\n", ""),
        (
            "    on booking.rescheduled(booking) settle 15m -> moved\n    on blocked -> agent\n    at booking.slot - 1d",
            "    on blocked -> agent\n    at booking.slot - 1d",
        ),
        (
            "    on booking.rescheduled(booking) settle 15m -> moved\n    on blocked -> agent\n    at booking.slot + 12h",
            "    on blocked -> agent\n    at booking.slot + 12h",
        ),
        ("    on booking.rescheduled(booking) stay\n", ""),
        ("  limit visits moved to 3 per 7d else -> agent\n", ""),
        ("  state moved { send moved_notice   -> waiting }\n", ""),
        (
            "message moved_notice {\n  purpose service\n  sms \"Your visit is now {booking.slot:day} at {booking.slot:time}.\"\n  valid until booking.slot\n}\n",
            "",
        ),
        ("-> one of { done, refused }", "-> one of { done, refused, later }"),
        ("      refused -> agent\n", "      refused -> agent\n      later -> agent\n"),
    ]);
    assert_eq!(code, 1, "{lines:?}");
    for needed in [
        "visit: stranded: it waits for `booking.rescheduled`, which is no longer declared",
        "visit: stranded: it calls `cancel_visit`, whose answers have changed",
        "visit: state `moved` is gone",
        "visit: message `moved_notice` is sent no more",
        "visit: `limit visits moved to 3 per 7d` is gone",
        "house: event `booking.rescheduled` is declared no more",
    ] {
        assert!(lines.iter().any(|l| l == needed), "{needed}\n{lines:#?}");
    }
}

#[test]
fn data_that_goes_or_may_be_missing_strands_who_reads_it() {
    let (code, lines) = said(&[
        ("slot: instant }", "slot: instant, ref: text }"),
        ("per booking.id", "per booking.ref"),
        ("cancel_visit(booking.id)", "cancel_visit(booking.ref)"),
    ]);
    assert_eq!(code, 0, "{lines:?}");
    assert!(
        lines
            .iter()
            .any(|l| l.starts_with("visit: there was one for each `booking.id` and is one for each `booking.ref`: ")),
        "{lines:#?}"
    );
    let (code, lines) = said(&[
        ("record Booking { id: text,", "record Booking { number: text,"),
        ("per booking.id", "per booking.number"),
        ("cancel_visit(booking.id)", "cancel_visit(booking.number)"),
    ]);
    assert_eq!(code, 1, "{lines:?}");
    for needed in [
        "visit: stranded: it waits for `booking.rescheduled`, which no longer carries its key `booking.id`",
        "visit: stranded: it reads `booking.id`, which is no longer declared",
    ] {
        assert!(lines.iter().any(|l| l == needed), "{needed}\n{lines:#?}");
    }
}

#[test]
fn the_house_holds_at_once_for_everybody() {
    let (code, lines, bounds) = said_with_bounds(&[
        ("limit messages to 6 per 24h", "limit messages to 4 per 24h"),
        ("grace 15m", "grace 20m\n  limit sms to 90 else skip"),
    ]);
    assert_eq!(code, 0, "{lines:?}");
    assert_eq!(
        lines,
        [
            "house: `limit messages to 6 per 24h` is now `limit messages to 4 per 24h`",
            "house: `limit sms to 90` is new",
            "house: `limit sms to 90` counts for life and begins at nothing: whoever has had some gets as many once more",
            "house: `grace 15m` is now `grace 20m`",
        ]
    );
    assert!(bounds.contains(&"bound in 24h: before = 6, after = 4, while both run = 4".to_owned()), "{bounds:#?}");
}

#[test]
fn a_quiet_time_that_an_event_begins_is_told_with_what_it_does_not_know() {
    let rule = "quiet 2h after booking.rescheduled per booking.id for sms";
    let (code, lines) = said(&[("grace 15m", &format!("grace 15m\n  {rule} else handoff \"care\""))]);
    assert_eq!(code, 0, "{lines:?}");
    let unknown =
        "begins with the next such event: of those before it knows what an older rule of the same event and key kept";
    assert_eq!(lines, [format!("house: `{rule}` is new"), format!("house: `{rule}` {unknown}")]);
}

#[test]
fn two_versions_together_let_more_through_than_either() {
    let (_, _, bounds) = said_with_bounds(&[("Your visit is now", "We moved it to")]);
    assert_eq!(
        bounds,
        [
            "bound in 7d: before ≤ 36, after ≤ 36, while both run ≤ 42",
            "bound in 30d: before ≤ 162, after ≤ 162, while both run ≤ 180"
        ]
    );
}

#[test]
fn who_is_moved_is_told_where_they_go_on_or_why_they_cannot() {
    let renamed = [
        ("if past -> day\n", "if past -> on_the_day\n"),
        ("send reminder   -> day", "send reminder   -> on_the_day"),
        ("state day {", "state on_the_day {"),
    ];
    let edits = |migrate: &'static str| -> Vec<(&'static str, &'static str)> {
        renamed.into_iter().chain([("  data booking: Booking\n", migrate)]).collect()
    };
    let (code, lines) = said(&edits("  data booking: Booking\n\n  migrate from any {\n    day -> on_the_day\n  }\n"));
    assert_eq!(code, 0, "{lines:#?}");
    for needed in
        ["visit: `day` goes on in `on_the_day`", "visit: `waiting` and `agent` go on in the states of their names"]
    {
        assert!(lines.iter().any(|l| l == needed), "{needed}\n{lines:#?}");
    }
    let (code, lines) = said(&edits("  data booking: Booking\n\n  migrate from any {\n    evening -> waiting\n  }\n"));
    assert_eq!(code, 1, "{lines:#?}");
    for needed in [
        "visit: stranded: it cannot be moved: `migrate` names the state `evening`, which it does not have",
        "visit: stranded: it cannot be moved from `day`: the newer version has no state of that name, and `migrate` does not say \
         where it goes on",
    ] {
        assert!(lines.iter().any(|l| l == needed), "{needed}\n{lines:#?}");
    }
    // a version that is not the one that runs moves nobody
    let (code, lines) = said(&edits("  data booking: Booking\n\n  migrate from \"00000000\" { }\n"));
    assert_eq!(code, 0, "{lines:#?}");
    assert!(!lines.iter().any(|l| l.contains("go on in")), "{lines:#?}");
}

#[test]
fn a_journey_by_another_name_is_begun_twice() {
    let place = edited(&[("journey visit for", "journey appointment for")]);
    let ran = place.run(&["diff", "visit", "new"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for needed in [
        "visit  is gone: whoever is in it stays on ",
        "could get `confirmation`, `moved_notice`, `reminder` twice",
        "appointment  is new",
        "1 thing to look at",
    ] {
        assert!(ran.out.contains(needed), "{needed}\n{}", ran.out);
    }
}

#[test]
fn bundles_and_projects_are_compared_with_each_other() {
    let place = edited(&[("booking.slot + 12h", "booking.slot + 6h")]);
    place.run(&["build", "visit", "--out", "live.json"]);
    let ran = place.run(&["diff", "live.json", "new/visit.journey", "--format", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let all: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(all["journeys"][0]["fate"], "changed");
    assert_eq!(all["journeys"][0]["changes"].as_array().map(Vec::len), Some(1));
    assert_eq!(all["bounds"][1]["during"], serde_json::json!({ "at_most": 6, "exact": true }));
    let same = place.run(&["diff", "live.json", "visit"]);
    assert_eq!(same.code, 0, "{same:?}");
    assert!(same.out.ends_with(": nothing changes for anybody\n"), "{}", same.out);
}

#[test]
fn what_cannot_be_read_is_no_comparison() {
    let place = edited(&[("send confirmation", "send confirmatoin")]);
    let ran = place.run(&["diff", "visit", "new"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("error[J0101]") && ran.err.contains("nothing was compared: `new` has errors"), "{ran:?}");
    for args in [["diff", "visit", "nowhere"], ["diff", "visit", "broken.json"]] {
        place.write("broken.json", "{}");
        let ran = place.run(&args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:?}");
        assert!(ran.err.starts_with("error: "), "{ran:?}");
    }
}
