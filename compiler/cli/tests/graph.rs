//! `journeyc graph`.

mod support;

use std::fs;

use support::{CARE, Place};

#[test]
fn a_journey_is_drawn_in_every_format() {
    let place = Place::with_project();
    let drawn = |format: &str| {
        let ran = place.run(&["graph", "visit", "--format", format]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{format}: {ran:?}");
        ran.out
    };
    let svg = drawn("svg");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    assert!(svg.contains("<title id=\"title\">journey visit for customer per booking.id</title>"), "{svg}");
    assert!(svg.contains(">over 3 per 7d</text>") && svg.contains(">cancel_visit(booking.id)</text>"), "{svg}");
    assert!(drawn("mermaid").starts_with("flowchart TB\n"));
    assert!(drawn("dot").starts_with("digraph journeys {\n"));
    let json: serde_json::Value = serde_json::from_str(&drawn("json")).expect("JSON");
    let journey = &json["journeys"][0];
    assert_eq!(journey["journey"], "visit");
    let waiting = journey["nodes"].as_array().expect("nodes").iter().find(|n| n["id"] == "state:waiting");
    let waiting = waiting.expect("the state");
    assert_eq!((&waiting["kind"], &waiting["at"]["path"]), (&"waiting".into(), &"visit/visit.journey".into()));
    let blocked = journey["edges"].as_array().expect("edges").iter().find(|e| e["kind"] == "blocked");
    assert_eq!(blocked.expect("the arrow")["to"], "state:agent");
    // without a format, a drawing; and the journey of the folder here
    assert_eq!(place.run(&["graph", "visit"]).out, svg);
    assert_eq!(place.run(&["graph"]).out, svg);
    assert_eq!(place.run(&["graph", "visit", "--out", "-"]).out, svg);
}

#[test]
fn the_name_of_the_file_says_the_format() {
    let place = Place::with_project();
    for (name, begins) in
        [("a.svg", "<svg "), ("b.mmd", "flowchart"), ("c.MERMAID", "flowchart"), ("d.gv", "digraph"), ("e.json", "{")]
    {
        let ran = place.run(&["graph", "visit", "--out", name]);
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
        assert_eq!(ran.err, format!("drew visit to {name}\n"));
        assert!(fs::read_to_string(place.path(name)).expect("the file").starts_with(begins), "{name}");
    }
    let ran = place.run(&["graph", "visit", "--out", "picture.png"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("`picture.png` does not say how to draw") && ran.err.contains("--format"), "{ran:?}");
    assert!(!place.path("picture.png").exists());
    let ran = place.run(&["graph", "visit", "--out", "picture.png", "--format", "dot"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = place.run(&["graph", "visit", "--out", "nowhere/a.svg"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("nowhere"), "{ran:?}");
}

#[test]
fn one_journey_is_chosen_by_its_name() {
    let place = Place::with_project();
    let second = fs::read_to_string(place.path("visit/visit.journey")).expect("the journey");
    let from = second.find("journey visit").expect("the journey");
    place.write(
        "visit/more.journey",
        &format!("use \"visit.journey\"\n{}", second[from..].replace("visit for", "again for")),
    );
    let drawn = |args: &[&str]| place.run(&[&["graph", "visit", "--format", "mermaid"], args].concat());
    assert_eq!(drawn(&[]).out.matches("subgraph").count(), 2);
    let ran = drawn(&["--journey", "again"]);
    assert!(!ran.out.contains("subgraph") && ran.out.contains("waiting"), "{ran:?}");
    let ran = drawn(&["--journey", "agian"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(
        ran.err.contains("there is no journey `agian` in `visit`") && ran.err.contains("did you mean `again`"),
        "{ran:?}"
    );
}

#[test]
fn findings_come_first_and_what_can_be_read_is_drawn() {
    let place = Place::with_project();
    place.replace("visit/visit.journey", "after 3d -> cancelled", "after 3d -> canceled");
    let ran = place.run(&["graph", "visit"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("error[J0101]") && ran.err.contains("1 finding to look at first"), "{}", ran.err);
    assert!(ran.out.starts_with("<svg ") && ran.out.contains("Parts of the text could not be read"), "{}", ran.out);
    // a file that holds no journey that could be drawn
    place.write("empty/care.journey", CARE);
    let ran = place.run(&["graph", "empty"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("there is no journey to draw in `empty`"), "{ran:?}");
    let ran = place.run(&["graph", "nowhere"]);
    assert_eq!(ran.code, 2);
    place.write("noise/noise.journey", "journey } { state -> ->\n");
    let ran = place.run(&["graph", "noise"]);
    assert!(ran.code != 0 && ran.err.contains("error"), "{ran:?}");
}

#[test]
fn a_journey_beyond_the_limit_is_refused() {
    let place = Place::empty();
    let mut text = String::from(
        "customer { phone: phone? for sms  zone: zone }\nevent begun { id: text }\n\
         journey long for customer per id {\n start on begun -> s0\n",
    );
    for i in 0..301 {
        text += &format!(" state s{i} {{ after 1d -> s{} }}\n", i + 1);
    }
    place.write("long.journey", &(text + " state s301 { after 1d -> done }\n end done as success\n}\n"));
    let ran = place.run(&["graph", "long.journey"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
    assert!(ran.err.contains("journey `long` has more than 300 states"), "{}", ran.err);
}

#[test]
fn the_help_shows_an_example() {
    let ran = Place::empty().run(&["graph", "--help"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("journeyc graph examples/appointment --out appointment.svg"), "{}", ran.out);
    let completions = Place::empty().run(&["completions", "bash"]);
    assert!(completions.out.contains("journeyc__subcmd__graph") || completions.out.contains("journeyc__graph"));
}

#[test]
fn what_no_scenario_comes_by_is_marked() {
    let place = Place::with_project();
    let ran = place.run(&["graph", "visit", "--coverage", "--format", "json"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let json: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let edges = json["journeys"][0]["edges"].as_array().expect("edges");
    let taken = |from: &str, label: &str| {
        let found = edges.iter().find(|e| e["from"] == from && e["label"] == label);
        found.unwrap_or_else(|| panic!("{from} {label}"))["taken"].as_bool()
    };
    // the scenarios: one goes well, one is moved too often, one is called off and refused, one ends in STOP
    assert_eq!(taken("state:waiting", "at booking.slot - 24h"), Some(true));
    assert_eq!(taken("state:moved", "over 3 per 7d"), Some(true));
    assert_eq!(taken("state:asking_off", "refused"), Some(true));
    assert_eq!(taken("state:asking_off", "done"), Some(false));
    assert_eq!(taken("state:agent", "after 3d"), Some(false));
    let drawn = place.run(&["graph", "visit", "--coverage"]).out;
    assert!(drawn.contains("pale: no scenario came by") && drawn.contains("cold"), "{drawn}");
    assert!(!place.run(&["graph", "visit"]).out.contains(" cold\""), "only where it was asked for");

    place.replace("visit/visit.scenario.journey", "expect exactly 2 messages", "expect exactly 7 messages");
    let ran = place.run(&["graph", "visit", "--coverage"]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (1, "1 scenario fails; what they came by until then is drawn as come by\n")
    );
    let ran = place.run(&["graph", "visit/visit.journey", "--coverage"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("there is no scenario in `visit/visit.journey`"), "{ran:?}");
    place.replace("visit/visit.journey", "after 3d -> cancelled", "after 3d -> canceled");
    let ran = place.run(&["graph", "visit", "--coverage"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("nothing was drawn: scenarios cannot run"), "{ran:?}");
}
