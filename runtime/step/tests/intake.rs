//! Limits on what is taken in: asked before any journey hears an event, and counted once some journey has taken it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that fails says where

mod common;

use common::*;
use journey_spec::program::*;
use journey_spec::value::{Data, Value};
use journey_step::effect::{Effect, What};
use proptest::prelude::*;

/// `spike` begins a journey and is heard by it; two a day are taken in.
fn spikes(quota: Quota) -> Program {
    let names = Names { events: vec!["spike", "other"], messages: vec!["note".into()], states: vec!["told", "done"] };
    let told = state(
        "told",
        vec![names.send("note")],
        vec![names.on("spike", &[], None, names.go("told")), names.to(after(2 * HOUR), "done")],
    );
    let journey = Journey {
        name: "spike".into(),
        doc: String::new(),
        key: Some(path("line")),
        data: vec![],
        limits: vec![],
        goals: vec![],
        starts: vec![names.start("spike", &[], "told")],
        arrows: vec![],
        states: vec![told, end("done", EndKind::Neutral)],
        migrations: Vec::new(),
    };
    let mut program = program(&names, vec![sms("note", "Hello")], Policy::default(), vec![journey]);
    program.events[0].fields = vec![field("line", Type::Optional(Box::new(text_type())))];
    program.events[0].intake = Some(quota);
    program
}

use journey_spec::types::Type;

fn line(id: &str) -> Data {
    [("line".to_string(), Value::Text(id.into()))].into()
}

fn refusals(d: &Driver) -> usize {
    let told = d.entries.iter().filter(|e| matches!(&e.what, What::Refused { event, .. } if event == "spike")).count();
    let sent = d.effects.iter().filter(|e| matches!(e, Effect::Refuse(_))).count();
    assert_eq!(told, sent);
    told
}

#[test]
fn over_all_journeys_and_keys_so_many_are_taken_in() {
    let mut d = Driver::new(spikes(Quota { n: 2, per: Window::Rolling(DAY) }));
    for id in ["a", "b", "c"] {
        d.event("spike", line(id));
    }
    assert_eq!(refusals(&d), 1);
    assert_eq!(d.customer.instances().len(), 2);
    d.wait(DAY - 1);
    d.event("spike", line("c"));
    assert_eq!(refusals(&d), 2);
    d.wait(1);
    d.event("spike", line("c"));
    assert_eq!(refusals(&d), 2);
}

#[test]
fn what_nobody_takes_uses_nothing_up() {
    let mut d = Driver::new(spikes(Quota { n: 1, per: Window::Rolling(DAY) }));
    // Without its key it reaches nobody.
    d.event("spike", [("line".to_string(), Value::Missing)].into());
    d.event("spike", [("line".to_string(), Value::Missing)].into());
    assert_eq!(refusals(&d), 0);
    d.event("spike", line("a"));
    d.event("spike", line("a"));
    assert_eq!(refusals(&d), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever comes, never more are taken in than the bound, and whatever fits is.
    #[test]
    fn never_more_than_the_bound_and_never_fewer(
        gaps in prop::collection::vec(0..10_i64, 1..60), n in 1..4_u32, ids in prop::collection::vec(0..3_usize, 60),
    ) {
        let mut d = Driver::new(spikes(Quota { n, per: Window::Rolling(DAY) }));
        let mut taken: Vec<i64> = Vec::new();
        for (gap, id) in gaps.iter().zip(ids) {
            d.now += gap * HOUR;
            let before = refusals(&d);
            d.event("spike", line(["a", "b", "c"][id]));
            let fits = taken.iter().filter(|t| d.now - DAY < **t).count() < n as usize;
            prop_assert_eq!(refusals(&d) == before, fits);
            if fits {
                taken.push(d.now);
            }
        }
    }
}
