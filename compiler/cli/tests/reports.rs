//! What `journeyc test` says besides "ok": what no scenario came by, and reports for other tools.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)] // a test says what it expects

mod support;

use quick_junit::{NonSuccessKind, Report, TestCaseStatus};
use support::Place;

/// The lines of the coverage below the head.
fn coverage(out: &str) -> Vec<&str> {
    out.lines().skip_while(|l| *l != "what the scenarios came by").skip(1).map(str::trim).collect()
}

#[test]
fn what_no_scenario_came_by_is_listed_with_its_place() {
    let place = Place::with_project();
    let ran = place.run(&["test", "--project", "visit", "--coverage"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines = coverage(&ran.out);
    assert_eq!(lines[0], "visit   66 %  9 of 9 states, 12 of 20 arrows, 1 of 4 limits", "{}", ran.out);
    for expected in [
        "visit/visit.journey:32  limit live to 3 else handoff \"scheduling\"",
        "visit/visit.journey:40  on reply stay { handoff \"care\" with transcript }",
        "visit/visit.journey:48  at booking.slot - 1d -> tomorrow, if past -> day   (where it is past)",
        "visit/visit.journey:61  done -> cancelled",
    ] {
        assert!(lines.contains(&expected), "{expected}\n{}", ran.out);
    }
    assert!(!ran.out.contains("refused -> agent"), "the back end refuses in one scenario:\n{}", ran.out);
    assert!(ran.err.contains("; 22 of 33 states, arrows and limits were come by (66 %)"), "{}", ran.err);
}

#[test]
fn only_what_was_played_counts() {
    let place = Place::with_project();
    let ran = place.run(&["test", "STOP", "--project", "visit", "--coverage"]);
    assert!(coverage(&ran.out).contains(&"visit/visit.journey:62  refused -> agent"), "{}", ran.out);
    assert!(!ran.out.contains("state agent"), "what is blocked leads there:\n{}", ran.out);
    let none = place.run(&["test", "--project", "visit"]);
    assert!(!none.out.contains("came by") && !none.err.contains("came by"));
}

#[test]
fn a_way_is_covered_once_a_scenario_takes_it() {
    let place = Place::with_project();
    let late = "visit/visit.journey:48  at booking.slot - 1d -> tomorrow, if past -> day   (where it is past)";
    let scenario = r#"use "visit.journey"

scenario "booked for this evening" for visit {
  given customer { first_name: "Omar", phone: "+44 7700 900124", zone: "Europe/London" }
  at 2026-03-02 10:00 event booking.created { booking: { id: "B1", slot: 2026-03-02 19:00 } }
  expect state day
}
"#;
    assert!(place.run(&["test", "--project", "visit", "--coverage"]).out.contains(late));
    place.write("visit/late.scenario.journey", scenario);
    let ran = place.run(&["test", "--project", "visit", "--coverage"]);
    assert!(ran.code == 0 && !ran.out.contains(late), "{ran:?}");
}

#[test]
fn json_holds_scenarios_failures_and_coverage() {
    let place = Place::with_project();
    place.replace("visit/visit.scenario.journey", "expect exactly 4 messages", "expect exactly 5 messages");
    let ran = place.run(&["test", "--project", "visit", "--format", "json", "--coverage"]);
    assert_eq!(ran.code, 1);
    let json: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!((json["passed"].as_u64(), json["failed"].as_u64()), (Some(3), Some(1)));
    let failed = json["scenarios"].as_array().unwrap().iter().find(|s| s["passed"] == false).expect("the failed one");
    assert_eq!(failed["title"], "a stuck back end asks again and again");
    assert!(failed["failure"]["was"].as_str().unwrap().starts_with("4 so far: confirmation, moved_notice"));
    assert!(failed["failure"]["timeline"].as_array().unwrap().len() > 10);
    let covered = &json["coverage"][0];
    assert_eq!(covered["journey"], "visit");
    assert!(
        covered["untaken"].as_array().unwrap().iter().all(|u| u["path"] == "visit/visit.journey" && u["line"].is_u64())
    );
}

/// What CI systems ask of the file: counts that fit, names, times, and a message and a text where something failed.
fn junit(text: &str) -> Report {
    let report = Report::deserialize_from_str(text).expect("JUnit");
    let cases: usize = report.test_suites.iter().map(|s| s.test_cases.len()).sum();
    assert_eq!(report.tests, cases);
    for suite in &report.test_suites {
        assert_eq!(suite.tests, suite.test_cases.len());
        for case in &suite.test_cases {
            assert!(!case.name.as_str().is_empty() && case.classname.is_some() && case.time.is_some());
        }
    }
    report
}

#[test]
fn junit_tells_ci_what_failed_and_why() {
    let place = Place::with_project();
    let good = junit(&place.run(&["test", "--project", "visit", "--format", "junit"]).out);
    assert_eq!((good.tests, good.failures, good.errors), (4, 0, 0));
    place.replace("visit/visit.scenario.journey", "expect exactly 4 messages", "expect exactly 5 messages");
    place.replace("visit/visit.scenario.journey", "a visit that goes well", "<b>well</b> & ]]> so");
    let ran = place.run(&["test", "--project", "visit", "--format", "junit", "--color", "always"]);
    assert_eq!(ran.code, 1);
    assert!(!ran.out.contains('\u{1b}') && ran.out.ends_with("</testsuites>\n"), "{}", ran.out);
    let bad = junit(&ran.out);
    assert_eq!((bad.tests, bad.failures), (4, 1));
    let cases: Vec<_> = bad.test_suites.iter().flat_map(|s| &s.test_cases).collect();
    assert!(cases.iter().any(|c| c.name.as_str().contains("<b>") && c.name.as_str().contains("]]> so")), "{}", ran.out);
    let failed = cases.iter().find_map(|c| match &c.status {
        TestCaseStatus::NonSuccess { kind: NonSuccessKind::Failure, message, description, .. } => {
            Some((message.as_ref()?.as_str(), description.as_ref()?.as_str()))
        }
        _ => None,
    });
    let (message, story) = failed.expect("a failure with its message and text");
    assert!(message.contains("expected exactly 5 messages so far, but 4 so far"), "{message}");
    assert!(story.contains("what happened to the customer until then") && story.contains("✉ sent sms"), "{story}");
}

#[test]
fn errors_of_the_project_fail_the_report_too() {
    let place = Place::with_project();
    place.replace("visit/visit.journey", "send confirmation", "send confirmatoin");
    let ran = place.run(&["test", "--project", "visit", "--format", "junit"]);
    assert_eq!(ran.code, 1);
    let report = junit(&ran.out);
    assert!(report.errors >= 1, "{}", ran.out);
    let json = place.run(&["test", "--project", "visit", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert!(json["findings"].as_array().unwrap().iter().any(|f| f["code"] == "J0101"));
}
