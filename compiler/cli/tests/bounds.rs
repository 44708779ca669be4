//! What is proven of how much can reach a customer: `explain --bound`, `graph --bounds`, the table.

mod support;

use support::Place;

/// Without what a page breaks into lines.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_bound_is_told_with_its_worst_day() {
    let place = Place::with_project();
    let ran = place.run(&["explain", "visit", "--project", "visit", "--bound", "sms", "24h", "--svg", "day.svg"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.starts_with("sms from one `visit` in any 24h: at most "), "{}", ran.out);
    assert!(ran.out.contains("enforced by "), "{}", ran.out);
    assert!(ran.out.contains("▸ visit 1 began with booking.created"), "{}", ran.out);
    // Each message that counts has its number, and the last line says how many there are.
    let last = ran.out.lines().last().expect("a line");
    let most: usize = last.split(' ').next().and_then(|n| n.parse().ok()).expect("a number");
    assert!(last.contains(" left in the 24h from 2026-01-14 ") && most > 0, "{last}");
    let text = unwrapped(&ran.out);
    for number in 1..=most {
        assert!(text.contains(&format!("← {number} of {most}")), "{number}: {}", ran.out);
    }
    // Nothing is told after the last of them.
    let (_, after) = text.split_once(&format!("← {most} of {most} ")).expect("the last one");
    assert!(after.starts_with(&format!("{most} left in the 24h")), "{after}");
    let svg = std::fs::read_to_string(place.path("day.svg")).expect("a picture");
    assert!(svg.starts_with("<svg ") && svg.contains("sms from one visit"), "{svg}");
    assert!(svg.contains(&format!(">{most}</text>")), "the last number is drawn");
}

#[test]
fn a_customers_day_counts_all_journeys() {
    let place = Place::with_project();
    let ran = place.run(&["explain", "customer", "--project", "visit", "--bound", "messages", "24h"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.starts_with("messages to one customer in any 24h: at most 6\n  exact"), "{}", ran.out);
    // The last ones are the same as those before, and are folded.
    assert!(unwrapped(&ran.out).contains(" to 6 of 6 6 left in the 24h"), "{}", ran.out);
    let ever = place.run(&["explain", "visit", "--project", "visit", "--bound", "messages", "ever"]);
    assert!(ever.out.contains(" ever: "), "{}", ever.out);
}

#[test]
fn where_nothing_is_sent_it_is_said_that_this_is_why() {
    let place = Place::empty();
    place.write("none/none.journey", "customer { phone: phone? for sms }\n");
    place.write(
        "feed.jsonl",
        "{\"id\":\"r1\",\"at\":\"2026-03-02T08:00:00Z\",\"customer\":\"ada\",\"reply\":\"hi\",\"channel\":\"sms\"}\n",
    );
    let check = place.run(&["check", "none"]);
    let line = check.out.lines().find(|l| l.contains("messages to one customer")).expect("the customer's line");
    assert!(line.ends_with(" nothing is sent") && line.contains(" 0 "), "{line}");
    let explain = place.run(&["explain", "customer", "--project", "none", "--bound", "messages", "24h"]);
    assert!(
        explain.out.contains("at most 0\n") && explain.out.contains("enforced by nothing is sent"),
        "{}",
        explain.out
    );
    let run = place.run(&["run", "none", "--feed", "feed.jsonl"]);
    assert!(run.out.contains("at most 0 in any 24 h (upper bound: nothing is sent), 0 seen"), "{run:?}");
}

#[test]
fn what_cannot_be_asked_is_said() {
    let place = Place::with_project();
    let refused = |args: &[&str], words: &str| {
        let ran = place.run(&[&["explain"], args, &["--project", "visit"]].concat());
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(words), "{}", ran.err);
    };
    refused(&["visit", "--bound", "smss", "24h"], "`sms`");
    refused(&["visit", "--bound", "letters", "24h"], "one of sms, email");
    refused(&["visit", "--bound", "sms", "soon"], "write 1h, 24h, 7d, 30d or ever");
    refused(&["vist", "--bound", "sms", "24h"], "`visit`");
    refused(&["customer", "--bound", "sms", "ever"], "ask for a window");
    let none = place.run(&["explain", "visit", "--project", "visit", "--bound", "voice", "24h"]);
    assert_eq!((none.code, none.out.as_str()), (0, "no message of this project leaves as voice: 0\n"));
}

#[test]
fn a_picture_says_what_each_state_can_send() {
    let place = Place::with_project();
    let ran = place.run(&["graph", "visit", "--bounds", "--format", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let pictures: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let text = pictures.to_string();
    assert!(text.contains("\"kind\":\"bound\""), "{text}");
    assert!(text.contains("in 24h"), "{text}");
    assert!(
        !place.run(&["graph", "visit", "--format", "json"]).out.contains("\"bound\""),
        "only where it is asked for"
    );
    assert!(place.run(&["graph", "visit", "--bounds", "--format", "svg"]).out.contains("how much of it can leave"));
}

#[test]
fn what_nothing_bounds_says_what_is_missing() {
    let place = Place::with_project();
    place.replace("visit/visit.journey", "limit live to 3", "// limit live to 3");
    place.replace("visit/care.journey", "limit messages to 6 per 24h else latest", "");
    let ran = place.run(&["check", "visit"]);
    assert!(ran.out.contains("no bound"), "{}", ran.out);
    assert!(ran.out.contains("no `limit live` says how many `visit` there are at once"), "{}", ran.out);
}

#[test]
fn what_repeats_in_the_worst_run_is_told_once() {
    let place = Place::with_project();
    let often = r#"customer { phone: phone for sms  zone: zone }
policy house { after the end, replies -> handoff "care" }
record Outage { id: text }
event began { outage: Outage }
event changed { outage: Outage }
message news { purpose service  sms "The outage goes on." }
journey outage for customer per outage.id {
  data outage: Outage
  limit live to 1 else skip
  limit starts to 3 per 30d else skip
  limit messages to 3 per day per customer else latest
  start on began(outage) -> told
  on reply stay { handoff "care" with transcript }
  state told { send news   -> waiting }
  state waiting { on changed(outage) settle 10m -> told   after 3d -> over }
  end over as neutral
}
"#;
    std::fs::create_dir(place.path("often")).expect("a folder");
    std::fs::write(place.path("often/often.journey"), often).expect("a file");
    let ran = place.run(&["explain", "customer", "--project", "often", "--bound", "messages", "7d"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    // A week in which something happens every ten minutes, and each day as the one before.
    assert!(ran.out.lines().count() < 90, "{}", ran.out);
    let text = unwrapped(&ran.out);
    assert!(text.contains("every 10m, until ") && text.contains("every 24h, until "), "{text}");
    // The days that are folded say which messages left on them.
    let most: usize = ran.out.lines().last().and_then(|l| l.split(' ').next()?.parse().ok()).expect("a number");
    let fold = text.split("times more, every 24h").nth(1).expect("the days");
    let (first, last) = fold.split_once("✉ ").and_then(|(_, f)| f.split_once(" of ")?.0.split_once(" to ")).expect("✉");
    let (first, last): (usize, usize) = (first.parse().expect("a number"), last.parse().expect("a number"));
    assert!(most >= 21 && text.contains(&format!("← {most} of {most}")), "{text}");
    assert!(text.contains(&format!("← {} of {most}", last + 1)) && !text.contains(&format!("← {first} of")), "{text}");
}
