//! `journeyc simulate`: many customers, the same for the same seed, and what it says of wrong calls.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // a test says what it expects

mod support;

use support::{Place, Ran};

fn simulate(place: &Place, args: &[&str]) -> Ran {
    place.run(&[&["simulate", "visit"], args].concat())
}

#[test]
fn a_small_world_is_told() {
    let ran = simulate(&Place::with_project(), &["--customers", "300", "--days", "60", "--hostile", "5%"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    insta::assert_snapshot!(ran.out);
    assert!(ran.err.contains(" steps in "), "{}", ran.err);
}

#[test]
fn the_same_seed_is_the_same_world_with_any_number_of_threads() {
    let place = Place::with_project();
    let of = |seed: &str, threads: &str| {
        let ran = simulate(&place, &["--customers", "200", "--seed", seed, "--faults", "--threads", threads]);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.out
    };
    assert_eq!(of("7", "1"), of("7", "2"));
    assert_eq!(of("7", "2"), of("7", "5"));
    assert_ne!(of("7", "2").lines().skip(1).collect::<Vec<_>>(), of("8", "2").lines().skip(1).collect::<Vec<_>>());
}

#[test]
fn one_customer_is_lived_through_again() {
    let place = Place::with_project();
    let one = simulate(&place, &["--hostile", "100%", "--customer", "3"]);
    assert_eq!(one.code, 0, "{one:?}");
    assert!(one.out.starts_with("customer-3, with a hostile feed; "), "{}", one.out);
    assert!(one.out.contains("▸ "), "a journey begins:\n{}", one.out);
    assert_eq!(one.out, simulate(&place, &["--hostile", "100%", "--customer", "3"]).out);
    assert_ne!(one.out, simulate(&place, &["--hostile", "100%", "--customer", "4"]).out);
    // More customers around it change nothing.
    assert_eq!(one.out, simulate(&place, &["--hostile", "100%", "--customer", "3", "--customers", "1_000"]).out);
}

#[test]
fn wrong_calls_are_told() {
    let place = Place::with_project();
    for (args, words) in [
        (["--customers", "0"], "there has to be at least one customer"),
        (["--customers", "many"], "`many` is no whole number; write for example 1_000_000"),
        (["--customers", "2_000_000_000"], "2,000,000,000 are more than 1,000,000,000 customers"),
        (["--days", "0"], "there has to be at least one day"),
        (["--days", "3651"], "3,651 are more than 3,650 days"),
        (["--hostile", "101%"], "`101%` is more than all"),
        (["--hostile", "1"], "`1` has no `%`; write a share such as 25% or 0.05%"),
        (["--hostile", "0.00001%"], "`0.00001%` is finer than a millionth"),
        (["--seed", "x"], "`x` is no whole number"),
        (["--customer", "0"], "customers are counted from 1"),
        (["--threads", "0"], "number would be zero"),
    ] {
        let ran = simulate(&place, &args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}: {ran:?}");
        assert!(ran.err.contains(words), "{args:?}: {}", ran.err);
    }
    let nowhere = place.run(&["simulate", "nowhere"]);
    assert!(nowhere.code == 2 && nowhere.err.contains("nowhere"), "{nowhere:?}");
    let shared = place.run(&["simulate", "visit/care.journey"]);
    assert!(shared.code == 2 && shared.err.contains("declares no journey"), "{shared:?}");
    place.replace("visit/visit.journey", "send confirmation", "send confirmatoin");
    let wrong = simulate(&place, &[]);
    assert!(wrong.code == 1 && wrong.out.contains("error[J0101]"), "{wrong:?}");
}

const PROFILE: &str = r#"
[customer]
phone = "+44 7700 900123"

[event."booking.created"]
rate = "2 per day"

[event."booking.created".fields.booking]
id = { prefix = "V" }
slot = { ahead = "3d" }

[event."booking.rescheduled"]
share = "0%"

[messages]
share = "100%"
recognised = "100%"
stop = "0%"
fails = "0%"

[service.cancel_visit]
outcomes = { refused = 1 }
failed = "0%"
silent = "0%"
"#;

#[test]
fn a_profile_says_what_comes() {
    let place = Place::with_project();
    place.write("visit/simulate.toml", PROFILE);
    let ran = simulate(&place, &["--customers", "40", "--days", "20"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("\nthe world of visit/simulate.toml\n"), "{}", ran.out);
    // Nobody moves a visit, every text is answered with `no visit`, and the back end always refuses.
    let line = |name: &str| {
        let line = ran.out.lines().find(|l| l.trim_start().starts_with(name)).expect("the state");
        line.split_whitespace().nth(1).expect("a figure").replace(',', "").parse::<u64>().expect("a figure")
    };
    assert!(line("moved") == 0 && line("asking_off") > 40 && line("asking_off") == line("agent"), "{}", ran.out);
    let one = simulate(&place, &["--days", "20", "--customer", "1"]);
    assert!(one.out.contains("▸ V1  visit V1 began with booking.created"), "{}", one.out);
    // A file that is named goes before the one that is there.
    place.write("calm.toml", "[event.\"booking.created\"]\nrate = \"0 per day\"\n");
    let calm = simulate(&place, &["--customers", "40", "--profile", "calm.toml"]);
    assert!(calm.code == 0 && calm.out.contains("0 journeys began"), "{}", calm.out);
    assert!(calm.out.contains("no journey began: does the profile let events come that start one?"), "{}", calm.out);
}

#[test]
fn what_is_wrong_in_a_profile_is_told_with_its_line() {
    let place = Place::with_project();
    for (profile, words, help) in [
        ("begins = 3", "line 1, column 10: this is a number, and should be a text", "put it in quotes"),
        ("begins = \"soon\"", "`soon` is no date", "write for example 2026-03-02"),
        ("[events]", "line 1, column 2: there is no key `events` here", "did you mean `event`?"),
        ("[event.\"booking.creatd\"]", "there is no event `booking.creatd` here", "did you mean `booking.created`?"),
        ("\n[event.\"booking.created\"]\nrate = \"often\"", "line 3, column 8: `often` is no rate", "1 per 30d"),
        ("[event.\"booking.created\"]\nrate = \"9999 per 1h\"", "is more than one a second", "mend that"),
        ("[event.\"booking.created\"]\nshare = \"5%\"", "nothing says what it follows", "add after = \"EVENT\""),
        (
            "[event.\"booking.rescheduled\"]\nafter = \"visit\"",
            "there is no event `visit`",
            "it may be booking.created, ",
        ),
        ("[event.\"booking.rescheduled\"]\nagain = \"100%\"", "it would hardly end", "write at most 95%"),
        (
            "[event.\"booking.rescheduled\"]\nbefore = \"booking.id\"\nby = \"1h\"",
            "`booking.id` is no instant",
            "flight.departs",
        ),
        ("[event.\"booking.rescheduled\"]\nbefore = \"booking.slot\"", "how long before is not said", "add by"),
        ("[event.\"booking.rescheduled\"]\ndelay = \"3d to 1d\"", "ends before it begins", "write the smaller first"),
        (
            "[event.\"booking.created\".fields]\nbookin = 1",
            "there is no field `bookin` here",
            "did you mean `booking`?",
        ),
        (
            "[event.\"booking.created\".fields.booking]\nslot = 3",
            "`slot` should be an instant",
            "as a feed would bring it",
        ),
        (
            "[event.\"booking.created\".fields.booking]\nslot = { range = [1, 2] }",
            "there is no key `range`",
            "it may be ahead",
        ),
        (
            "[event.\"booking.created\".fields.booking]\nslot = { missing = \"5%\" }",
            "`slot` is never missing",
            "remove `missing`",
        ),
        (
            "[customer]\nzone = { one_of = [\"Europe/London\"], weights = [1, 2] }",
            "1 values and 2 weights",
            "give each value",
        ),
        ("[customer]\nzone = \"Europe/Londn\"", "`zone` should be a time zone", "as a feed would bring it"),
        ("[messages]\nshare = \"200%\"", "line 2, column 9: `200%` is more than all", "write a share such as 25%"),
        (
            "[message.confirmation]\nanswers = { calloff = 1 }",
            "there is no answer `calloff` here",
            "did you mean `call_off`?",
        ),
        ("[service.cancel_visit]\noutcomes = { done = 0 }", "nothing here has any weight", "above 0"),
        ("[desk.schedulin]\nnever = \"1%\"", "there is no queue `schedulin` here", "did you mean `scheduling`?"),
        ("[faults]\nstuck_times = 0", "`stuck_times` should be a whole number from 1 to 10000", "write such a number"),
        ("[hostile", "line 1, column ", "a profile is TOML"),
    ] {
        place.write("visit/simulate.toml", profile);
        let ran = simulate(&place, &["--customers", "5"]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{profile}: {ran:?}");
        assert!(ran.err.contains("`visit/simulate.toml`, line "), "{profile}: {}", ran.err);
        assert!(ran.err.contains(words) && ran.err.contains(help), "{profile}: {}", ran.err);
    }
    let missing = simulate(&place, &["--profile", "nowhere.toml"]);
    assert!(missing.code == 2 && missing.err.contains("cannot read the profile `nowhere.toml`"), "{missing:?}");
}

#[test]
fn json_has_all_of_it() {
    let place = Place::with_project();
    let ran = simulate(&place, &["--customers", "200", "--hostile", "10%", "--format", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let json: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let sum = |value: &serde_json::Value| -> u64 { value.as_array().unwrap().iter().filter_map(|n| n.as_u64()).sum() };
    let sent = json["messages"]["sent"].as_u64().unwrap();
    assert!(sent > 200, "{}", ran.out);
    assert_eq!(sum(&json["messages"]["by_hour"]), sent);
    let by_channel = json["messages"]["by_channel"].as_object().unwrap().values().filter_map(|n| n.as_u64());
    assert_eq!(by_channel.sum::<u64>(), sent);
    assert_eq!(sum(&json["messages"]["customers_by_number"]), 200);
    let by_number = json["messages"]["customers_by_number"].as_array().unwrap().iter().zip(0_u64..);
    assert_eq!(by_number.map(|(n, i)| n.as_u64().unwrap() * i).sum::<u64>(), sent);
    assert_eq!((json["customers"].as_u64(), json["violations"].as_u64()), (Some(200), Some(0)));
    let visit = &json["journeys"][0];
    let states = visit["states"].as_array().unwrap();
    // Every visit has ended in one of two ways, or is in some state.
    let there = states.iter().map(|s| {
        let of = if s["end"].is_null() { "there_at_the_end" } else { "instances" };
        s[of].as_u64().unwrap()
    });
    assert_eq!(Some(there.sum::<u64>()), visit["began"].as_u64(), "{}", ran.out);
    let day =
        json["bounds"].as_array().unwrap().iter().find(|b| b["scope"] == "customer" && b["window_ms"] == 86_400_000);
    let day = day.expect("the bound");
    assert!(day["at_most"] == 6 && day["seen"].as_u64() <= Some(6) && day["seen"].as_u64() >= Some(4), "{day}");
    assert_eq!(sum(&day["customers_by_most"]), 200);
    let busiest = day["seen_by_customer"].to_string();
    let one = simulate(&place, &["--hostile", "10%", "--format", "json", "--customer", &busiest]);
    let life: serde_json::Value = serde_json::from_str(&one.out).expect("JSON");
    assert_eq!(life["customer"], format!("customer-{busiest}"));
    let told = life["timeline"].as_array().unwrap();
    assert!(told.iter().filter(|t| t["what"].as_str().unwrap().starts_with("sent ")).count() >= 4, "{}", one.out);
}

/// A bundle whose certificate promises less than can leave.
fn promising_less(place: &Place) {
    assert_eq!(place.run(&["build", "visit"]).code, 0);
    let bytes = std::fs::read(place.path("visit.bundle.json")).expect("built");
    let (program, certificate) = journey_spec::bundle::read_certified(&bytes).expect("a bundle");
    let mut bounds = certificate.expect("a certificate").bounds;
    for bound in &mut bounds {
        if bound.journey.is_none() && bound.channel.is_none() && bound.window == Some(86_400_000) {
            bound.at_most = 2;
        }
    }
    let made = journey_spec::certificate::Certificate::new(&program, "a test", bounds);
    let text = journey_spec::bundle::write_certified(&program, Some(made), "a test");
    place.write("less.bundle.json", &text);
}

#[test]
fn a_bound_that_is_passed_is_told_and_can_be_seen_again() {
    let place = Place::with_project();
    promising_less(&place);
    let ran = place.run(&["simulate", "less.bundle.json", "--customers", "100", "--hostile", "20%", "--faults"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains(" violations: what must not happen has happened\n"), "{}", ran.out);
    assert!(!ran.out.contains("no violation"), "{}", ran.out);
    let mut lines =
        ran.out.lines().skip_while(|l| !l.contains("messages to one customer within 24h, and at most 2 are proven"));
    assert!(lines.next().expect("the violation").trim_start().starts_with("✗ customer "), "{}", ran.out);
    let again = lines.next().expect("the command").trim().to_owned();
    let args: Vec<&str> = again.strip_prefix("journeyc ").expect("a command").split_whitespace().collect();
    let one = place.run(&args);
    assert_eq!(one.code, 1, "{again}: {one:?}");
    let told = "violation: 3 messages to one customer within 24h, and at most 2 are proven";
    assert!(one.out.contains(told) && one.out.matches("✉ ").count() >= 3, "{again}: {}", one.out);
    let json = place.run(&[
        "simulate",
        "less.bundle.json",
        "--customers",
        "100",
        "--hostile",
        "20%",
        "--faults",
        "--format",
        "json",
    ]);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(
        (&json["first_violations"][0]["kind"], &json["first_violations"][0]["again"]),
        (&"bound_passed".into(), &again.into())
    );
}

#[test]
fn an_answer_that_nobody_hears_is_a_violation() {
    let place = Place::with_project();
    place.replace("visit/care.journey", "  after the end, replies -> handoff \"care\"\n", "");
    // The house has no queue for answers that come too late, and all of them do.
    place.write("visit/simulate.toml", "[messages]\nshare = \"100%\"\ndelay = \"40d\"\nstop = \"0%\"\n");
    let ran = simulate(&place, &["--customers", "50"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains(": nobody hears \""), "{}", ran.out);
}

#[test]
fn the_bundle_is_simulated_as_its_sources_are() {
    let place = Place::with_project();
    assert_eq!(place.run(&["build", "visit"]).code, 0);
    let of = |what: &str| {
        let ran = place.run(&["simulate", what, "--customers", "100", "--format", "json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let mut json: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
        // Where nothing bounds something, a certificate says nothing of it.
        json["bounds"].as_array_mut().unwrap().retain(|b| !b["at_most"].is_null());
        json
    };
    assert_eq!(of("visit"), of("visit.bundle.json"));
}

#[test]
#[cfg(unix)]
fn ctrl_c_prints_what_was_simulated_until_then() {
    use std::process::{Command, Stdio};
    let place = Place::with_project();
    let mut child = Command::new(env!("CARGO_BIN_EXE_journeyc"))
        .args(["simulate", "visit", "--customers", "900_000_000", "--format", "json"])
        .current_dir(place.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary");
    std::thread::sleep(std::time::Duration::from_secs(2));
    let pressed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(pressed.success() && child.try_wait().expect("a state").is_none());
    let done = child.wait_with_output().expect("its output");
    assert_eq!(done.status.code(), Some(130));
    let json: serde_json::Value = serde_json::from_slice(&done.stdout).expect("JSON");
    let customers = json["customers"].as_u64().expect("a number");
    assert!(json["stopped"] == true && customers > 0 && customers < 900_000_000, "{customers}");
    assert!(String::from_utf8_lossy(&done.stderr).contains("stopped: these are the first customers"));
    // Those who were simulated are the first ones: so many of them are the same.
    let again = simulate(&place, &["--customers", &customers.to_string(), "--format", "json"]);
    let again: serde_json::Value = serde_json::from_str(&again.out).expect("JSON");
    assert_eq!(again["messages"], json["messages"]);
}

#[test]
fn the_report_is_one_page_that_needs_nothing_else() {
    let place = Place::empty();
    let folder = "a <b> & \"c\"";
    for (name, text) in [("care.journey", support::CARE), ("visit.journey", support::JOURNEY)] {
        place.write(&format!("{folder}/{name}"), text);
    }
    let args = ["--customers", "200", "--hostile", "5%", "--report", "report.html"];
    let ran = place.run(&[&["simulate", folder], args.as_slice()].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let page = std::fs::read_to_string(place.path("report.html")).expect("the page");
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">") && page.ends_with("</html>\n"));
    assert!(page.contains("<h1>a &lt;b&gt; &amp; &quot;c&quot;</h1>"), "names are text");
    for outside in ["<script", "http:", "https:", "src=", "href=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    let pictures: Vec<&str> = page.split("<svg").skip(1).filter_map(|rest| rest.split("</svg>").next()).collect();
    assert!(pictures.len() >= 6, "{} pictures", pictures.len());
    for picture in &pictures {
        let svg = format!("<svg{picture}</svg>");
        let parsed = roxmltree::Document::parse(&svg).unwrap_or_else(|e| panic!("{e}: {svg}"));
        let title = parsed.root_element().first_element_child().expect("a title");
        assert!(title.has_tag_name("title") && title.text().is_some_and(|t| t.len() > 5), "{svg}");
        for drawn in parsed.descendants().filter(|n| n.has_tag_name("rect")) {
            let number = |name| drawn.attribute(name).and_then(|n| n.parse::<f64>().ok()).expect("a number");
            assert!(number("x") >= 0.0 && number("x") + number("width") <= 700.5 && number("height") >= 0.0, "{svg}");
        }
    }
    assert!(page.matches("<table").count() >= pictures.len(), "each has its figures beside it");
    assert!(page.contains("proven: at most 6 (exact)") && page.contains("no violation: "), "{page}");
    let nowhere = place.run(&["simulate", folder, "--customers", "5", "--report", "no/such/report.html"]);
    assert!(nowhere.code == 2 && nowhere.err.contains("the folder `no/such` does not exist"), "{nowhere:?}");
}

/// A quiet world in which only what a profile says happens.
const QUIET: &str = r#"
[customer]
phone = "+44 7700 900123"
zone = "Europe/London"

[messages]
share = "0%"
fails = "0%"

[desks]
never = "100%"
"#;

fn json(place: &Place, args: &[&str]) -> serde_json::Value {
    let ran = simulate(place, &[args, &["--format", "json"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    serde_json::from_str(&ran.out).expect("JSON")
}

#[test]
fn events_come_as_often_as_is_said_and_go_wrong_as_often() {
    let place = Place::with_project();
    let world = |more: &str| {
        place.write("visit/simulate.toml", &format!("{QUIET}{more}"));
        json(&place, &["--customers", "50", "--days", "40"])
    };
    let of = |json: &serde_json::Value, event: &str| json["inputs"]["events"][event].as_u64().unwrap_or(0);
    let follows = "[event.\"booking.created\"]\nrate = \"1 per day\"\n[event.\"booking.rescheduled\"]\nafter = \"booking.created\"\nshare = \"50%\"\ndelay = \"1s\"\nagain = \"0%\"\n";
    let calm = world(follows);
    let (created, moved) = (of(&calm, "booking.created"), of(&calm, "booking.rescheduled"));
    // Two thousand are expected, with a deviation of forty-five; of those half.
    assert!((1_800..2_200).contains(&created), "{created}");
    assert!((created * 45 / 100..created * 55 / 100).contains(&moved), "{moved} of {created}");
    let twice = world(&format!("{follows}[faults]\nduplicates = \"100%\"\n"));
    assert!(of(&twice, "booking.created") > created * 19 / 10, "{twice}");
    let lost = world(&format!("{follows}[faults]\nlost = \"100%\"\n"));
    assert_eq!((of(&lost, "booking.created"), lost["journeys"][0]["began"].as_u64()), (0, Some(0)));
    let stuck = world(&format!("{follows}[faults]\nstuck = \"100%\"\nstuck_times = 10\nstuck_every = \"1s\"\n"));
    let (created, all) = (of(&stuck, "booking.rescheduled"), of(&stuck, "booking.created"));
    assert!(created > moved * 9 && all > 1_800 * 11, "{created} {all}");
}

#[test]
fn what_comes_before_an_instant_follows_it() {
    let place = Place::with_project();
    place.replace(
        "visit/visit.journey",
        "event booking.rescheduled",
        "event booking.near { booking: Booking }\nevent booking.rescheduled",
    );
    place.replace("visit/visit.journey", "  state day {", "  state day {\n    on booking.near stay");
    place.write(
        "visit/simulate.toml",
        &format!(
            "{QUIET}{}",
            r#"
[event."booking.created"]
rate = "1 per 20d"
[event."booking.created".fields.booking]
slot = { ahead = "5d", round = "1h" }
[event."booking.rescheduled"]
after = "booking.created"
share = "100%"
delay = "1s"
again = "0%"
fields.booking.slot = { shift = "3d" }
[event."booking.near"]
after = "booking.created"
share = "100%"
before = "booking.slot"
by = "2h"
fields.booking.slot = { moved = "0%" }
"#
        ),
    );
    let mut seen = 0;
    for customer in 1..=5 {
        let life = json(&place, &["--customer", &customer.to_string()]);
        let told = life["timeline"].as_array().unwrap();
        let of = |key: &serde_json::Value, what: &str| {
            let entry = told.iter().find(|t| t["key"] == *key && t["what"].as_str().unwrap().contains(what))?;
            journey_spec::time::parse_rfc3339(entry["at"].as_str().unwrap())
        };
        for key in told.iter().filter(|t| t["what"].as_str().unwrap().contains(" began ")).map(|t| &t["key"]) {
            let Some(near) = of(key, "heard booking.near") else { continue };
            // Five days ahead when it was booked, moved by three: two hours before that, and not before the old time.
            let after = near - of(key, " began ").expect("it began");
            let hour = 3_600_000;
            assert!((8 * 24 * hour - 3 * hour..=8 * 24 * hour - 2 * hour).contains(&after), "{key}: {after}");
            seen += 1;
        }
    }
    assert!(seen >= 5, "{seen}");
}

#[test]
fn the_world_that_is_made_up_can_be_written_and_is_the_same() {
    let place = Place::with_project();
    let made_up = json(&place, &["--customers", "60", "--hostile", "10%"]);
    let written = simulate(&place, &["--write-profile", "visit/simulate.toml"]);
    assert_eq!((written.code, written.out.as_str()), (0, "visit/simulate.toml\n"), "{written:?}");
    let text = std::fs::read_to_string(place.path("visit/simulate.toml")).expect("written");
    for line in [
        "begins = \"2026-03-02\"",
        "rate = \"1 per 30d\"",
        "after = [\"booking.created\"]",
        "fields.booking.id = { prefix = \"B\" }",
        "answers = { call_off = 1 }",
        "outcomes = { done = 8, refused = 1 }",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    let mut read = json(&place, &["--customers", "60", "--hostile", "10%"]);
    assert_eq!(read["profile"], "visit/simulate.toml");
    read["profile"] = serde_json::Value::Null;
    assert_eq!(read, made_up);
    let again = simulate(&place, &["--write-profile", "visit/simulate.toml"]);
    assert!(again.code == 2 && again.err.contains("is there already, and was left as it is"), "{again:?}");
    assert_eq!(std::fs::read_to_string(place.path("visit/simulate.toml")).expect("there"), text);
}

/// Only a program that nobody checked goes round without end.
#[test]
fn a_step_that_does_not_come_to_rest_is_a_violation() {
    let place = Place::with_project();
    assert_eq!(place.run(&["build", "visit"]).code, 0);
    let bytes = std::fs::read(place.path("visit.bundle.json")).expect("built");
    let mut program = journey_spec::bundle::read(&bytes).expect("a bundle");
    let states = &mut program.journeys[0].states;
    let position = |name: &str| states.iter().position(|s| s.name == name).expect("the state");
    let (booked, moved) = (position("booked"), position("moved"));
    let id = |n: usize| journey_spec::program::StateId(u32::try_from(n).expect("small"));
    (states[booked].next, states[moved].next) = (Some(id(moved)), Some(id(booked)));
    program.journeys[0].limits.clear();
    let text = journey_spec::bundle::write(&program.seal(), "a test");
    place.write("round.bundle.json", &text);
    let ran = place.run(&["simulate", "round.bundle.json", "--customers", "20"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains(": a step did not come to rest within what a step may do\n"), "{}", ran.out);
}

/// Two events carry the same thing under one name, as different records: it stays the same thing.
#[test]
fn a_thing_keeps_its_key_under_different_records() {
    let place = Place::empty();
    place.write(
        "pickup/pickup.journey",
        r#"customer { first_name: text, phone: phone? for sms, zone: zone }
policy house { after the end, replies -> handoff "care" }
record Parcel { id: text, shelf: number, until: instant }
record Handed { id: text, shelf: text }
event parcel.ready { parcel: Parcel }
event parcel.handed { parcel: Handed }
message ready { purpose service   sms "Your parcel is on shelf {parcel.shelf}."   valid until parcel.until }
journey pickup for customer per parcel.id {
  data parcel: Parcel
  limit live to 3 else skip
  limit starts to 3 per 30d else skip
  start on parcel.ready(parcel) -> told
  on reply stay { handoff "care" with transcript }
  on parcel.handed -> handed
  state told { send ready   at parcel.until -> lapsed, if past -> lapsed }
  end handed as success
  end lapsed as failure
}
"#,
    );
    place.write(
        "pickup/simulate.toml",
        r#"[event."parcel.ready"]
rate = "1 per 10d"
[event."parcel.ready".fields.parcel]
id = { prefix = "X" }
until = { ahead = "7d to 9d" }
[event."parcel.handed"]
after = "parcel.ready"
share = "100%"
delay = "1h to 2d"
"#,
    );
    let ran = place.run(&["simulate", "pickup", "--customers", "50", "--days", "60", "--format", "json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let told: serde_json::Value = serde_json::from_str(&ran.out).expect("an object");
    let states = told["journeys"][0]["states"].as_array().expect("its states");
    let came = |name: &str| states.iter().find(|s| s["state"] == name).and_then(|s| s["entered"].as_u64()).unwrap_or(0);
    assert!(came("handed") > 50 && came("lapsed") == 0, "{states:#?}");
}
