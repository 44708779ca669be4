//! A session's answers are those of a compiler that knows nothing yet, whatever was edited before.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where it stands")]

use std::collections::BTreeMap;

use journey_compiler::check::bounds::message_bounds;
use journey_compiler::source::Memory;
use journey_compiler::{Session, compile};
use proptest::prelude::*;

/// A house, and journeys that share it: a file each, and one file of two.
fn project() -> BTreeMap<String, String> {
    let house = r#"
customer {
  first_name: text(40)
  phone: phone? for sms
  offers: bool? consent to marketing
  zone: zone
}
record Visit { id: text, slot: instant }
event visit.booked { visit: Visit }
event visit.moved { visit: Visit } at most 3 per 24h else dead letter
event visit.done { visit: Visit }
message booked { purpose service  sms "Your visit is on {visit.slot:day}." valid for 6h }
message moved { purpose service  sms "Your visit is now on {visit.slot:day}." valid for 6h }
message thanks { purpose marketing  sms "Thank you, {customer.first_name}." valid for 6h }
policy house {
  limit messages to 6 per 24h else latest
  limit marketing messages to 1 per 7d else skip
  valid for 12h  grace 15m  reply window 7d
  after the end, replies -> handoff "care"
}
"#;
    let journey = |name: &str, hours: u32| {
        format!(
            r#"
/// The visit, as `{name}` has it.
journey {name} for customer per visit.id {{
  data visit: Visit
  limit live to 2 else handoff "care"
  limit starts to 3 per 30d else handoff "care"
  start on visit.booked(visit) -> booking
  on reply stay {{ handoff "care" with transcript }}
  state booking {{ send booked -> waiting }}
  state moving {{ send moved -> waiting }}
  state waiting {{
    on visit.moved(visit) settle 15m -> moving
    on visit.done(visit) -> thanking
    after {hours}h -> late
  }}
  state thanking {{ send thanks -> done }}
  end done as success
  end late as failure
}}
"#
        )
    };
    let used = "use \"house.journey\"\n";
    BTreeMap::from([
        ("house.journey".to_owned(), house.to_owned()),
        ("a.journey".to_owned(), format!("{used}{}", journey("first", 48))),
        ("b.journey".to_owned(), format!("{used}{}{}", journey("second", 72), journey("third", 20))),
        ("c.journey".to_owned(), format!("{used}{}", journey("fourth", 30))),
    ])
}

/// One change to a text.
#[derive(Clone, Debug)]
enum Edit {
    /// A line goes.
    Delete,
    /// A line stands twice.
    Twice,
    /// The first number of a line becomes another.
    Number(u32),
    /// A word becomes another.
    Word(&'static str, &'static str),
    /// A line is put before it.
    Before(&'static str),
    /// The file goes, or comes back as it was at first.
    File,
}

fn edit() -> impl Strategy<Value = (usize, usize, Edit)> {
    let words = [("moving", "waiting"), ("moved", "booked"), ("first", "second"), ("service", "debt"), ("{", "")];
    let lines =
        ["// a note", "  allow J0303 because \"known\"", "state lost {", "}", "message booked { purpose service }"];
    let edit = prop_oneof![
        Just(Edit::Delete),
        Just(Edit::Twice),
        (1..400_u32).prop_map(Edit::Number),
        prop::sample::select(words.to_vec()).prop_map(|(from, to)| Edit::Word(from, to)),
        prop::sample::select(lines.to_vec()).prop_map(Edit::Before),
        Just(Edit::File),
    ];
    (0..4_usize, 0..40_usize, edit)
}

fn changed(text: &str, line: usize, edit: &Edit) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.is_empty() {
        return String::new();
    }
    let at = line % lines.len();
    match edit {
        Edit::Delete => _ = lines.remove(at),
        Edit::Twice => lines.insert(at, lines[at].clone()),
        Edit::Number(n) => {
            // Of the lines from here on, the first that has one.
            let has = |l: &&mut String| l.contains(|c: char| c.is_ascii_digit());
            if let Some(line) = lines.iter_mut().skip(at).find(has) {
                let start = line.find(|c: char| c.is_ascii_digit()).unwrap();
                let rest = line[start..].trim_start_matches(|c: char| c.is_ascii_digit()).to_owned();
                *line = format!("{}{n}{rest}", &line[..start]);
            }
        }
        Edit::Word(from, to) => lines[at] = lines[at].replacen(from, to, 1),
        Edit::Before(new) => lines.insert(at, (*new).to_owned()),
        Edit::File => {}
    }
    lines.join("\n")
}

fn same(session: &mut Session, files: &BTreeMap<String, String>) {
    let roots: Vec<String> = files.keys().cloned().collect();
    let memory = Memory(files.clone());
    let (again, anew) = (session.compile(&roots, &memory), compile(&roots, &memory));
    assert_eq!(again.findings, anew.findings);
    assert_eq!(again.allowed, anew.allowed);
    assert_eq!(again.broken, anew.broken);
    assert_eq!(again.files, anew.files);
    assert_eq!(again.program, anew.program);
    assert_eq!(again.spans, anew.spans);
    let bounds = anew.runnable().map(message_bounds).unwrap_or_default();
    assert_eq!(session.message_bounds(), bounds);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_is_known_changes_nothing(edits in prop::collection::vec(edit(), 1..6)) {
        let first = project();
        let mut files = first.clone();
        let mut session = Session::new();
        same(&mut session, &files);
        for (file, line, edit) in edits {
            let name = first.keys().nth(file).unwrap();
            match (&edit, files.remove(name)) {
                (Edit::File, Some(_)) => {}
                (_, None) => _ = files.insert(name.clone(), first[name].clone()),
                (_, Some(text)) => _ = files.insert(name.clone(), changed(&text, line, &edit)),
            }
            same(&mut session, &files);
        }
        // And back to where it was.
        same(&mut session, &first);
    }
}

#[test]
fn a_file_that_is_the_same_is_not_parsed_again() {
    let mut files = project();
    let roots: Vec<String> = files.keys().cloned().collect();
    let mut session = Session::new();
    let before = session.compile(&roots, &Memory(files.clone()));
    assert!(before.findings.is_empty(), "{:#?}", before.findings);
    let text = files.get_mut("c.journey").unwrap();
    *text = text.replace("after 30h", "after 31h");
    let after = session.compile(&roots, &Memory(files));
    // Trees that did not change are the very same.
    let same = before.files.iter().zip(&after.files).filter(|((_, a), (_, b))| std::sync::Arc::ptr_eq(a, b)).count();
    assert_eq!(same, 3);
}

#[test]
fn many_states_more_change_how_closely_all_are_looked_at() {
    // Counters of several states that lead to one another: more combinations than fit where a program has many states.
    let limit = |s: usize| format!("  limit visits s{s} to {} per 7d else -> over\n", 3 + s);
    let state = |s: usize| {
        let (on, off) = ((s + 1) % 4, (s + 2) % 4);
        format!(
            "  state s{s} {{ send booked   on visit.moved(visit) -> s{on}   on visit.done(visit) -> s{off}   after 1d -> over }}\n"
        )
    };
    let head = |name: &str| {
        format!(
            "use \"house.journey\"\njourney {name} for customer per visit.id {{\n  data visit: Visit\n  limit live to 1 else skip\n  limit starts to 3 per 30d else skip\n"
        )
    };
    let tail = "  start on visit.booked(visit) -> s0\n  on reply stay { handoff \"care\" }\n";
    let (limits, states): (String, String) = ((0..4).map(limit).collect(), (0..4).map(state).collect());
    let counted = format!("{}{limits}{tail}{states}  end over as success\n}}\n", head("counted"));
    let steps: String = (0..500).map(|s| format!("  state s{s} {{ after 1h -> s{} }}\n", s + 1)).collect();
    let long = format!("{}{tail}{steps}  end s500 as success\n}}\n", head("long"));
    let mut files = BTreeMap::from([("house.journey".to_owned(), project()["house.journey"].clone())]);
    files.insert("counted.journey".into(), counted);
    let mut session = Session::new();
    same(&mut session, &files);
    let few = session.message_bounds();
    assert!(!few.is_empty());
    files.insert("long.journey".into(), long);
    same(&mut session, &files);
    let many = session.message_bounds();
    let partly = |bounds: &[journey_compiler::check::bounds::Bound]| bounds.iter().filter(|b| b.in_part).count();
    assert!(partly(&few) < partly(&many), "{} and {}", partly(&few), partly(&many));
}
