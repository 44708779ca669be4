//! A store goes on with a newer program: who is in flight stays on the version on which they began.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{busy_feed, engine_on, placed, program, take, updated};
use journey_runtime::engine::Living;
use journey_runtime::store::{Batch, Memory, Sqlite};
use journey_runtime::{Arrival, Engine, EngineError, Store, parse_line};
use journey_spec::Program;
use journey_spec::program::{Migration, Piece, StateId};
use journey_step::effect::What;

const T: &str = "2026-03-02T10:00:00Z";

/// The same journey in other words.
fn reworded(by: &str) -> Program {
    let mut program = program();
    for message in &mut program.messages {
        for variant in &mut message.variants {
            variant.body.0.push(Piece::Text(by.into()));
        }
    }
    program.seal()
}

fn open(memory: &Memory, program: &Program) -> Result<Engine, EngineError> {
    Engine::open(Arc::new(program.clone()), Box::new(memory.reopen()))
}

fn changed(id: &str, at: &str, customer: &str, order: &str) -> String {
    placed(id, at, customer, order).replace("order.placed", "order.changed").replace("tea", "coffee")
}

fn bodies(engine: &mut Engine) -> Vec<String> {
    engine.messages().unwrap().into_iter().map(|m| m.item.body).collect()
}

/// As counted, and as it is.
fn living(engine: &mut Engine) -> Vec<Living> {
    let program = Arc::clone(engine.program());
    let mut seen: BTreeMap<u32, u64> = BTreeMap::new();
    for id in engine.customers().unwrap() {
        let customer = engine.customer(&id).unwrap().unwrap();
        let live = customer.instances().iter().filter(|i| i.is_live()).count();
        assert!(customer.under_way().count() >= live);
        for journey in customer.under_way() {
            *seen.entry(journey.0).or_default() += 1;
        }
    }
    let counted = engine.living();
    let total: u64 = counted.iter().map(|l| l.instances).sum();
    assert_eq!(total, seen.values().sum::<u64>());
    for (id, n) in seen {
        let id = journey_spec::program::JourneyId(id);
        let version = program.older_version(id).map(str::to_owned);
        let journey = program.journeys[id.index()].name.to_string();
        assert!(counted.contains(&Living { journey, version, instances: n }), "{counted:?}");
    }
    counted
}

#[test]
fn who_is_in_flight_stays_and_who_comes_is_on_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journeys.db");
    let (first, second) = (program(), reworded(" (2)"));
    let mut engine = Engine::open(Arc::new(first.clone()), Box::new(Sqlite::open(&path).unwrap())).unwrap();
    take(&mut engine, &[&updated("u", T, "a", "+44 7700 900123"), &placed("e", T, "a", "o1")]);
    drop(engine);

    let mut engine = Engine::open(Arc::new(second.clone()), Box::new(Sqlite::open(&path).unwrap())).unwrap();
    let at = "2026-03-02T11:00:00Z";
    take(&mut engine, &[&changed("f", at, "a", "o1"), &placed("g", at, "a", "o1"), &placed("h", at, "a", "o2")]);
    let version = Some(first.hash.clone());
    let one = |version: &Option<String>| Living { journey: "order".into(), version: version.clone(), instances: 1 };
    assert_eq!(living(&mut engine), [one(&version), one(&None)]);
    take(&mut engine, &[&updated("v", "2026-03-02T12:00:00Z", "b", "+44 7700 900124")]);
    assert_eq!(
        bodies(&mut engine),
        ["We have your order for tea", "We have your order for tea (2)", "Your order is now coffee"]
    );
    // what began before the newer program came says so from then on
    let told: Vec<(Option<u64>, bool)> = engine
        .timeline("a")
        .unwrap()
        .iter()
        .map(|e| (e.instance, e.version.as_deref() == version.as_deref()))
        .collect();
    let first_told_of_two = told.iter().position(|(_, is_old)| *is_old).unwrap();
    for (instance, is_old) in &told[first_told_of_two..] {
        assert_eq!(*is_old, *instance == Some(1), "{told:?}");
    }
    // both come to their end; a journey in which nobody is any more is dropped at the next opening
    take(&mut engine, &[&updated("w", "2026-03-22T12:00:00Z", "b", "+44 7700 900124")]);
    assert_eq!(living(&mut engine), []);
    assert_eq!(engine.program().versions.as_ref().unwrap().programs.len(), 2);
    drop(engine);
    let mut engine = Engine::open(Arc::new(second), Box::new(Sqlite::open(&path).unwrap())).unwrap();
    assert_eq!(engine.program().versions.as_ref().unwrap().programs.len(), 1);
    assert!(engine.program().journeys[0].states.iter().all(|s| s.arrows.is_empty()));
    let at = "2026-03-22T13:00:00Z";
    take(&mut engine, &[&placed("i", at, "a", "o1")]);
    assert_eq!(bodies(&mut engine).last().unwrap(), "We have your order for tea (2)");
}

#[test]
fn a_newer_program_that_would_strand_somebody_is_refused_and_changes_nothing() {
    let memory = Memory::new();
    let mut engine = engine_on(&memory);
    take(&mut engine, &[&updated("u", T, "a", "+44 7700 900123"), &placed("e", T, "a", "o1")]);
    drop(engine);
    let mut newest = program();
    newest.events.remove(1);
    newest.journeys[0].states[1].arrows.remove(0);
    newest.services[0].outcomes.push("perhaps".into());
    for state in &mut newest.journeys[0].states {
        state.entry.retain(|a| !matches!(a, journey_spec::program::Action::Call(_)));
    }
    let newest = newest.seal();
    let error = open(&memory, &newest).unwrap_err();
    let text = error.to_string();
    let EngineError::Stranded { stranded, .. } = error else { panic!("{text}") };
    assert_eq!(stranded.iter().map(|s| s.instances).collect::<Vec<_>>(), [1, 1]);
    let short = journey_spec::program::short(&program().hash).to_string();
    for needed in [
        format!("`order` of version {short}, 1 instance, waits for `order.changed`, which is no longer declared; "),
        format!("`order` of version {short}, 1 instance, calls `check`, whose answers have changed; bring back"),
    ] {
        assert!(text.contains(&needed), "{text}");
    }
    // the store is as it was
    let mut engine = engine_on(&memory);
    assert!(engine.program().versions.is_none());
    take(&mut engine, &[&changed("f", "2026-03-02T11:00:00Z", "a", "o1")]);
    // and once nobody is there any more, nobody is stranded
    take(&mut engine, &[&updated("w", "2026-03-22T12:00:00Z", "b", "+44 7700 900124")]);
    drop(engine);
    let engine = open(&memory, &newest).unwrap();
    let refused = Arrival::from(parse_line(engine.program(), 1, changed("x", "2026-03-22T12:00:00Z", "a", "o1")));
    assert!(
        matches!(&refused.content, journey_runtime::Content::Refused(r) if r.to_string().contains("no event")),
        "{refused:?}"
    );
}

#[test]
fn who_is_moved_goes_on_in_the_newest_and_the_older_is_forgotten() {
    let memory = Memory::new();
    let mut engine = engine_on(&memory);
    let placed_of = |n: u32| placed(&format!("e{n}"), T, &format!("c{n}"), "o");
    for n in 0..3 {
        let known = updated(&format!("u{n}"), T, &format!("c{n}"), "+44 7700 900123");
        take(&mut engine, &[&known, &placed_of(n)]);
    }
    drop(engine);
    // another order of states, another name, and no `order.changed` any more
    let mut newest = reworded(" (2)");
    let journey = &mut newest.journeys[0];
    journey.states[1].name = "under_way".into();
    journey.states[1].arrows.remove(0);
    journey.migrations = vec![Migration { from: Some(program().hash[..8].into()), states: Vec::new() }];
    newest.events.remove(1);
    let stranded = open(&memory, &newest.clone().seal()).unwrap_err().to_string();
    assert!(
        stranded.contains("3 instances, cannot be moved from `waiting`: the newer version has no state of that name"),
        "{stranded}"
    );
    newest.journeys[0].migrations[0].states.push(("waiting".into(), StateId(1)));
    let newest = newest.seal();
    let mut engine = open(&memory, &newest).unwrap();
    // each at their own next step, and nobody is told anything by it
    let here = |engine: &mut Engine| -> Vec<(bool, u64)> {
        living(engine).iter().map(|l| (l.version.is_some(), l.instances)).collect()
    };
    assert_eq!(here(&mut engine), [(true, 3)]);
    let sent = engine.messages().unwrap().len();
    take(&mut engine, &[&updated("v", "2026-03-02T12:00:00Z", "c0", "+44 7700 900123")]);
    assert_eq!(here(&mut engine), [(true, 2), (false, 1)]);
    assert_eq!(engine.messages().unwrap().len(), sent);
    let told: Vec<What> = engine.timeline("c0").unwrap().into_iter().map(|e| e.what).collect();
    let moved = What::Moved { version: program().hash.into(), from: "waiting".into(), to: "under_way".into() };
    assert!(told.contains(&moved), "{told:?}");
    // a day after they began all of them are asked, once, in the newest words
    take(&mut engine, &[&updated("w", "2026-03-03T11:00:00Z", "c9", "+44 7700 900124")]);
    let texts = bodies(&mut engine);
    assert_eq!(texts[sent..], ["On its way: tea (2)", "On its way: tea (2)", "On its way: tea (2)"]);
    assert_eq!(here(&mut engine), [(false, 3)]);
    drop(engine);
    let engine = open(&memory, &newest).unwrap();
    assert_eq!(engine.program().versions.as_ref().unwrap().programs.len(), 1);
}

#[test]
fn whatever_is_loaded_when_the_count_is_right_and_nothing_is_lost() {
    let editions = [program(), reworded(" (2)"), reworded(" (3)")];
    let feed = busy_feed(600);
    let lines: Vec<&str> = feed.lines().filter(|l| !l.is_empty()).collect();
    let once = |order: &[usize]| {
        let memory = Memory::new();
        let part = lines.len() / order.len() + 1;
        let mut texts = Vec::new();
        for (i, (part, edition)) in lines.chunks(part).zip(order).enumerate() {
            let mut engine = open(&memory, &editions[*edition]).unwrap();
            assert_eq!(engine.program().versions.is_some(), i > 0 && order[..=i].iter().any(|e| *e != order[0]));
            take(&mut engine, part);
            living(&mut engine);
            texts = bodies(&mut engine);
        }
        texts
    };
    let plain = |texts: Vec<String>| -> Vec<String> {
        texts.into_iter().map(|t| t.replace(" (2)", "").replace(" (3)", "")).collect()
    };
    let alone = once(&[0, 0, 0, 0, 0, 0]);
    assert!(alone.len() > 100, "{}", alone.len());
    let several = once(&[0, 1, 2, 0, 2, 1]);
    assert!([" (2)", " (3)"].iter().all(|by| several.iter().any(|t| t.ends_with(by))));
    assert_eq!(plain(several), alone);
}

#[test]
fn a_store_that_does_not_hold_its_program_takes_no_other() {
    let mut memory = Memory::new();
    let mut old = Batch::default();
    old.meta.push(("program".into(), "0".repeat(64)));
    memory.commit(memory.epoch(), &old).unwrap();
    let error = open(&memory, &program()).unwrap_err();
    assert!(matches!(error, EngineError::OtherProgram { .. }), "{error}");
    // and what cannot be read is not run
    for (text, why) in [
        ("{}", "cannot be read"),
        (
            &serde_json::to_string(&{
                let mut p = program();
                p.policy.grace += 1;
                p
            })
            .unwrap(),
            "not what its hash says",
        ),
    ] {
        let mut memory = Memory::new();
        let meta = vec![("program".into(), program().hash), ("program text".into(), text.to_string())];
        memory.commit(memory.epoch(), &Batch { meta, ..Batch::default() }).unwrap();
        let error = open(&memory, &program()).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}
