//! Pictures of journeys: nothing is missing in them, nothing is cut or covered, and every format says the same.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail where it stands")]
#![allow(clippy::disallowed_methods, reason = "the examples are read from the disk")]

mod page;
mod random;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use journey_compiler::emit::picture::{EdgeKind, LineKind, NodeKind, Picture};
use journey_compiler::emit::{self, dot, json, mermaid, svg};
use journey_compiler::source::{Memory, Sources};
use journey_compiler::{Compilation, compile};
use journey_spec::program::{Action, Arrow, Journey, StateId, Then, Trigger};
use journey_step::effect::Way;

struct Disk(PathBuf);

impl Sources for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(self.0.join(path)).map_err(|e| e.to_string())
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The folders of the examples that hold a journey of the folder's name.
fn examples() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(root().join("examples"))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| root().join(format!("examples/{name}/{name}.journey")).is_file())
        .collect();
    names.sort();
    assert!(names.len() >= 2, "the examples were not found");
    names
}

fn example(name: &str) -> Compilation {
    compile(&[format!("examples/{name}/{name}.journey")], &Disk(root()))
}

fn text(journey: &str) -> Compilation {
    compile(&["main.journey".into()], &Memory([("main.journey".to_owned(), journey.to_owned())].into()))
}

/// Without places in the text, which move with every line that is written above them.
fn placeless(mut pictures: Vec<Picture>) -> Vec<Picture> {
    for picture in &mut pictures {
        picture.at = None;
        picture.rules.iter_mut().for_each(|line| line.at = None);
        picture.edges.iter_mut().for_each(|edge| edge.at = None);
        for node in &mut picture.nodes {
            node.at = None;
            node.lines.iter_mut().for_each(|line| line.at = None);
        }
    }
    pictures
}

/// A journey with these lines in a small house.
fn small(lines: &str) -> Compilation {
    text(&format!("{}journey visit for customer per booking.id {{\n{lines}\n}}\n", random::HOUSE))
}

fn one(compilation: &Compilation) -> Picture {
    let mut pictures = emit::draw_all(compilation);
    assert_eq!(pictures.len(), 1);
    pictures.remove(0)
}

#[test]
fn the_examples_look_as_they_are_committed() {
    for name in examples() {
        let pictures = emit::draw_all(&example(&name));
        let drawn = svg::render(&pictures);
        page::check(&drawn, &name);
        let kept = root().join(format!("examples/{name}/{name}.svg"));
        if std::env::var_os("INSTA_UPDATE").is_some_and(|how| how == "always") {
            std::fs::write(&kept, &drawn).unwrap();
        }
        assert!(
            std::fs::read_to_string(&kept).is_ok_and(|text| text == drawn),
            "the picture is not that of the text: journeyc graph examples/{name} --out examples/{name}/{name}.svg"
        );
        insta::assert_snapshot!(format!("{name}_mermaid"), mermaid::render(&pictures));
        insta::assert_snapshot!(format!("{name}_dot"), dot::render(&pictures));
        insta::assert_snapshot!(format!("{name}_json"), json::render(&placeless(pictures)));
    }
}

#[test]
fn the_same_text_gives_the_same_picture() {
    let draw = || svg::render(&emit::draw_all(&example("appointment")));
    assert_eq!(draw(), draw());
}

/// All that an instance of a journey can come by.
fn ways(journey: &Journey) -> BTreeSet<Way> {
    let mut ways = BTreeSet::new();
    let both = |arrow: &Arrow, way: &dyn Fn(bool) -> Way| {
        let at = matches!(arrow.on, Trigger::At { .. });
        [Some(way(false)), at.then(|| way(true))].into_iter().flatten().collect::<Vec<_>>()
    };
    ways.extend((0..journey.starts.len()).map(Way::Start));
    ways.extend((0..journey.limits.len()).map(Way::Limit));
    for (arrow, i) in journey.arrows.iter().zip(0..) {
        ways.extend(both(arrow, &|past| Way::Everywhere { arrow: i, past }));
        ways.extend(undelivered(arrow));
    }
    for (state, s) in journey.states.iter().zip((0..).map(StateId)) {
        ways.insert(Way::State(s));
        ways.extend(state.next.iter().map(|_| Way::Next(s)));
        ways.extend((0..state.branch.as_ref().map_or(0, |b| b.ways().len())).map(|i| Way::Branch(s, i)));
        for (arrow, i) in state.arrows.iter().zip(0..) {
            ways.extend(both(arrow, &|past| Way::Arrow { state: s, arrow: i, past }));
            ways.extend(undelivered(arrow));
        }
        for action in &state.entry {
            if let Action::Call(call) = action {
                ways.extend(call.outcomes.keys().map(|name| Way::Outcome(s, name.clone())));
            }
            ways.extend(own(action));
        }
    }
    ways
}

fn undelivered(arrow: &Arrow) -> Vec<Way> {
    let Then::Stay(actions) = &arrow.then else { return Vec::new() };
    actions.iter().flat_map(own).collect()
}

fn own(action: &Action) -> Vec<Way> {
    let Action::Send(send) = action else { return Vec::new() };
    let sent = (!send.on_sent.is_empty()).then_some(Way::OnSent(send.message));
    let blocked = send.on_blocked.as_ref().map(|_| Way::OnBlocked(send.message));
    sent.into_iter().chain(blocked).chain(send.on_failed.as_ref().map(|_| Way::OnFailed(send.message))).collect()
}

fn shown(picture: &Picture) -> BTreeSet<Way> {
    let lines = picture.rules.iter().chain(picture.nodes.iter().flat_map(|n| &n.lines)).flat_map(|l| &l.ways);
    let nodes = picture.nodes.iter().flat_map(|n| &n.ways);
    lines.chain(nodes).chain(picture.edges.iter().flat_map(|e| &e.ways)).cloned().collect()
}

/// Fails where an arrow of a journey, or something that it does, is not in its picture.
fn whole(compilation: &Compilation, name: &str) {
    let journeys = &compilation.program.as_ref().unwrap().journeys;
    let pictures = emit::draw_all(compilation);
    assert_eq!(pictures.len(), journeys.len(), "{name}");
    for (journey, picture) in journeys.iter().zip(pictures) {
        let shown = shown(&picture);
        let missing: Vec<Way> = ways(journey).difference(&shown).cloned().collect();
        assert!(missing.is_empty(), "{name}: {missing:?}");
        for state in &journey.states {
            let (_, node) = picture.node(&format!("state:{}", state.name)).unwrap();
            let count = |kind| node.lines.iter().filter(|l| l.kind == kind).count();
            let does = |is: fn(&Action) -> bool| state.entry.iter().filter(|a| is(a)).count();
            assert_eq!(count(LineKind::Send), does(|a| matches!(a, Action::Send(_))), "{name}: {}", state.name);
            assert_eq!(count(LineKind::Handoff), does(|a| matches!(a, Action::Handoff(_))), "{name}: {}", state.name);
            assert_eq!(count(LineKind::Call), does(|a| matches!(a, Action::Call(_))), "{name}: {}", state.name);
        }
    }
}

#[test]
fn nothing_of_a_journey_is_missing() {
    for name in examples() {
        whole(&example(&name), &name);
    }
    for seed in 0..40 {
        whole(&text(&random::journey(seed, 1 + seed as usize % 12)), &format!("seed {seed}"));
    }
}

#[test]
fn no_edge_leads_from_or_to_nowhere() {
    for seed in 0..40 {
        for picture in emit::draw_all(&text(&random::journey(seed, 1 + seed as usize % 12))) {
            let ids: BTreeSet<&str> = picture.nodes.iter().map(|n| n.id.as_str()).collect();
            assert_eq!(ids.len(), picture.nodes.len(), "ids are unique");
            for edge in &picture.edges {
                assert!(ids.contains(edge.from.as_str()) && ids.contains(edge.to.as_str()), "seed {seed}: {edge:?}");
            }
        }
    }
}

#[test]
fn nothing_is_cut_or_covered_in_journeys_of_every_size() {
    for states in 1..=40 {
        let drawn = svg::render(&emit::draw_all(&text(&random::journey(states as u64 * 31, states))));
        page::check(&drawn, &format!("{states} states"));
    }
}

#[test]
fn the_reader_of_drawings_sees_what_is_wrong() {
    let drawn = svg::render(&emit::draw_all(&example("appointment")));
    let sees = |from: &str, to: &str| {
        assert!(drawn.contains(from), "{from}");
        let broken = drawn.replacen(from, to, 1);
        let quiet = std::panic::catch_unwind(|| page::check(&broken, "broken")).is_ok();
        assert!(!quiet, "{from} to {to} was not seen");
    };
    sees("font-size=\"11.5\"", "font-size=\"30\"");
    sees("viewBox=\"0 0 1", "viewBox=\"0 0 0");
    let chip = drawn.split("<rect class=\"chip\" ").nth(1).unwrap().split("/>").next().unwrap();
    sees(chip, "x=\"20\" y=\"20\" width=\"900\" height=\"900\" rx=\"7\"");
    let line = drawn.split("data-to=\"state:agent\"").nth(1).unwrap().split(" d=\"").nth(1).unwrap();
    let line = line.split('"').next().unwrap();
    sees(line, "M0 0C900 400 100 400 0 900");
}

#[test]
fn several_journeys_stand_below_each_other() {
    let both = format!("{}{}", random::journey(3, 5), random::named(4, 6, "second"));
    let pictures = emit::draw_all(&text(&both));
    assert_eq!(pictures.len(), 2);
    page::check(&svg::render(&pictures), "two");
    assert_eq!(mermaid::render(&pictures).matches("subgraph").count(), 2);
    assert_eq!(dot::render(&pictures).matches("subgraph cluster_").count(), 2);
    let json: serde_json::Value = serde_json::from_str(&json::render(&pictures)).unwrap();
    assert_eq!(json["journeys"].as_array().unwrap().len(), 2);
}

#[test]
fn a_large_journey_is_drawn_in_time() {
    let began = std::time::Instant::now();
    let drawn = svg::render(&emit::draw_all(&text(&random::journey(9, 300))));
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
    page::check(&drawn, "300 states");
}

#[test]
fn what_holds_in_every_state_is_drawn_once() {
    let picture = one(&example("appointment"));
    let from: Vec<(&str, EdgeKind)> =
        picture.edges.iter().filter(|e| e.from == "everywhere").map(|e| (e.to.as_str(), e.kind)).collect();
    assert_eq!(
        from,
        [
            ("state:calling_off", EdgeKind::Event),
            ("state:agent", EdgeKind::Reply),
            ("state:asking_off", EdgeKind::Reply)
        ]
    );
    let (_, everywhere) = picture.node("everywhere").unwrap();
    assert_eq!(everywhere.lines[0].text, "on any other reply stay: handoff \"care\"");
    assert_eq!(picture.edges.iter().filter(|e| e.label == "booking.cancelled").count(), 1);
}

#[test]
fn limits_ends_and_undelivered_messages_are_told() {
    let compilation = small(
        "data booking: Booking\n\
         limit visits again to 2 per 7d else end\n\
         limit visits first to 3 else skip\n\
         limit messages to 9 per 24h else -> again\n\
         limit live to 2 else handoff \"desk\"\n\
         start on created(booking) -> first\n\
         on opt out -> lost\n\
         state first { send note { on blocked -> lost  on failed stay }  on moved -> first  at booking.slot - 1d stay, if past -> again }\n\
         state again { send note  after 1d -> done }\n\
         end done as success\n\
         end lost as failure",
    );
    let picture = one(&compilation);
    let edge = |from: &str, to: &str| {
        let found = picture.edges.iter().find(|e| e.from == from && e.to == to);
        found.map(|e| (e.kind, e.label.as_str()))
    };
    assert_eq!(edge("state:again", "over"), Some((EdgeKind::Limit, "over 2 per 7d")));
    assert_eq!(edge("state:first", "state:lost"), Some((EdgeKind::Blocked, "note blocked")));
    assert_eq!(edge("state:first", "state:first"), Some((EdgeKind::Event, "moved")));
    assert_eq!(edge("state:first", "state:again"), Some((EdgeKind::Past, "booking.slot - 24h is past")));
    assert_eq!(edge("everywhere", "state:again"), Some((EdgeKind::Limit, "messages over 9 per 24h")));
    assert_eq!(edge("everywhere", "state:lost"), Some((EdgeKind::OptOut, "opt out")));
    let (_, first) = picture.node("state:first").unwrap();
    let lines: Vec<&str> = first.lines.iter().map(|l| l.text.as_str()).collect();
    assert_eq!(
        lines,
        ["note (sms)", "on failed stay", "at booking.slot - 24h stay", "entered at most 3 in all else skip"]
    );
    let ends: Vec<NodeKind> = picture.nodes.iter().map(|n| n.kind).filter(|k| k.is_end()).collect();
    assert_eq!(ends, [NodeKind::Success, NodeKind::Failure, NodeKind::Neutral]);
    assert_eq!(picture.rules.len(), 2, "{:?}", picture.rules);
    page::check(&svg::render(&[picture]), "small");
}

#[test]
fn conditions_keep_their_order_wherever_they_are_drawn() {
    let compilation = small(
        "data booking: Booking\n\
         start on created(booking) -> first\n\
         state first { send note  choose { when booking.slot > now + 2d -> early  when booking.slot > now + 24h -> late  else -> done } }\n\
         state early { choose { when booking.slot > now + 3d -> late  else -> done } }\n\
         state late { at booking.slot -> done, if past -> done }\n\
         end done as success",
    );
    whole(&compilation, "choices in order");
    let picture = one(&compilation);
    let labels =
        |id: &str| -> Vec<&str> { picture.edges.iter().filter(|e| e.from == id).map(|e| e.label.as_str()).collect() };
    assert_eq!(labels("choice:first"), ["1: booking.slot > now + 2d", "2: booking.slot > now + 24h", "else"]);
    // One condition needs no number.
    assert_eq!(labels("choice:early"), ["booking.slot > now + 3d", "else"]);
}

#[test]
fn conditions_choices_and_shares_are_told() {
    let compilation = small(
        "data booking: Booking\n\
         start on created(booking) when booking.slot > now + 2h -> first\n\
         state first { send note  choose { when booking.slot > now + 2d -> early  else -> late } }\n\
         state early { split by customer { 90% -> late  10% -> done } }\n\
         state late { on moved(booking) when booking.slot > now + 1h -> early  at booking.slot -> done, if past -> done }\n\
         end done as success",
    );
    whole(&compilation, "choices");
    let picture = one(&compilation);
    assert!(picture.whole, "an error of the checks hides nothing");
    let from = |id: &str| -> Vec<(&str, EdgeKind, &str)> {
        let out = picture.edges.iter().filter(|e| e.from == id);
        out.map(|e| (e.to.as_str(), e.kind, e.label.as_str())).collect()
    };
    assert_eq!(from("start:0"), [("state:first", EdgeKind::Start, "when booking.slot > now + 2h")]);
    assert_eq!(from("state:first"), [("choice:first", EdgeKind::Once, "")]);
    assert_eq!(
        from("choice:first"),
        [("state:early", EdgeKind::Branch, "booking.slot > now + 2d"), ("state:late", EdgeKind::Branch, "else")]
    );
    assert_eq!(
        from("choice:early"),
        [("state:late", EdgeKind::Branch, "90%"), ("state:done", EdgeKind::Branch, "10%")]
    );
    assert_eq!(from("state:late")[0].2, "moved when booking.slot > now + 1h");
    let signs: Vec<&str> =
        picture.nodes.iter().filter(|n| n.kind == NodeKind::Choice).map(|n| n.name.as_str()).collect();
    assert_eq!(signs, ["?", "%"]);
    page::check(&svg::render(&[picture]), "choices");
}

#[test]
fn texts_that_formats_could_take_for_their_own_stay_texts() {
    let queue = r#"<b>&amp; # ; `x` %% {y} | end"#;
    let compilation = small(&format!(
        "data booking: Booking\nstart on created(booking) -> first\n\
         state first {{ handoff \"{queue}\"  on handoff.closed -> class  after 3d -> class }}\nstate class {{ on moved stay after 1d -> graph }}\nend graph as success"
    ));
    let pictures = emit::draw_all(&compilation);
    let drawn = svg::render(&pictures);
    page::check(&drawn, "signs");
    assert!(
        roxmltree::Document::parse(&drawn)
            .unwrap()
            .descendants()
            .any(|n| n.text().is_some_and(|t| t.contains("<b>&amp;")))
    );
    let mermaid = mermaid::render(&pictures);
    for line in mermaid.lines().filter(|l| l.contains("j0n")) {
        let inside: Vec<&str> = line.split('"').collect();
        assert!(inside.len() % 2 == 1, "quotes are even: {line}");
    }
    assert!(!mermaid.contains("<b>&") && !mermaid.contains('`') && !mermaid.contains("%%"), "{mermaid}");
    assert!(dot::render(&pictures).contains(r#"\"<b>&amp; # ; `x` %% {y} | end\""#));
}

#[test]
fn what_no_scenario_took_is_pale() {
    let mut picture = one(&example("appointment"));
    assert!(!picture.is_marked());
    let all = shown(&picture);
    picture.mark(&all);
    assert!(picture.is_marked());
    assert!(!svg::render(std::slice::from_ref(&picture)).contains(" cold\""), "all of it was taken");
    let untaken = Way::Arrow { state: StateId(2), arrow: 1, past: false };
    picture.mark(&all.iter().filter(|p| **p != untaken).cloned().collect());
    let cold: Vec<&str> = picture.edges.iter().filter(|e| e.taken == Some(false)).map(|e| e.label.as_str()).collect();
    assert_eq!(cold, ["blocked"]);
    let drawn = svg::render(std::slice::from_ref(&picture));
    assert!(drawn.contains("class=\"arrow cold\" data-from=\"state:waiting\" data-to=\"state:agent\""));
    assert!(drawn.contains("pale: no scenario came by"));
    assert!(mermaid::render(std::slice::from_ref(&picture)).contains("linkStyle"));
    page::check(&drawn, "marked");
}

#[test]
fn a_text_with_errors_is_drawn_as_far_as_it_goes_and_says_so() {
    let compilation = small(
        "data booking: Booking\nstart on created(booking) -> first\n\
         state first { on moved -> nowhere  after 1d -> done }\nend done as success",
    );
    let pictures = [one(&compilation)];
    assert!(!pictures[0].whole);
    assert!(pictures[0].edges.iter().any(|e| e.to == "state:done"));
    let drawn = svg::render(&pictures);
    page::check(&drawn, "broken");
    assert!(drawn.contains("Parts of the text could not be read"));
    assert!(mermaid::render(&pictures).contains("%% visit: parts of the text could not be read"));
    assert!(dot::render(&pictures).contains("// visit: parts of the text could not be read"));
}

#[test]
fn json_is_read_back_as_it_was_drawn() {
    let pictures = emit::draw_all(&example("boarding"));
    let json: serde_json::Value = serde_json::from_str(&json::render(&pictures)).unwrap();
    assert_eq!(json["version"], 1);
    let mut read: Vec<Picture> = serde_json::from_value(json["journeys"].clone()).unwrap();
    // what the step function tells stays in the program
    for (read, drawn) in read.iter_mut().zip(&pictures) {
        read.nodes.iter_mut().zip(&drawn.nodes).for_each(|(read, drawn)| {
            read.ways.clone_from(&drawn.ways);
            read.lines.iter_mut().zip(&drawn.lines).for_each(|(read, drawn)| read.ways.clone_from(&drawn.ways));
        });
        read.edges.iter_mut().zip(&drawn.edges).for_each(|(read, drawn)| read.ways.clone_from(&drawn.ways));
        read.rules.iter_mut().zip(&drawn.rules).for_each(|(read, drawn)| read.ways.clone_from(&drawn.ways));
    }
    assert_eq!(read, pictures);
    assert!(pictures[0].nodes.iter().flat_map(|n| &n.lines).any(|l| l.kind == LineKind::Promise));
}

#[test]
fn the_page_about_pictures_names_every_field_and_kind() {
    let page = std::fs::read_to_string(root().join("language-spec/spec/15-pictures.md")).unwrap();
    let mut names = BTreeSet::new();
    for name in examples() {
        let mut open = vec![serde_json::from_str(&json::render(&emit::draw_all(&example(&name)))).unwrap()];
        while let Some(value) = open.pop() {
            match value {
                serde_json::Value::Object(fields) => {
                    for (field, value) in fields {
                        if field == "kind" {
                            names.insert(value.as_str().unwrap().to_owned());
                        }
                        names.insert(field);
                        open.push(value);
                    }
                }
                serde_json::Value::Array(values) => open.extend(values),
                _ => {}
            }
        }
    }
    assert!(names.len() > 30, "{names:?}");
    let missing: Vec<_> = names.iter().filter(|n| !page.contains(&format!("`{n}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
