//! Versions side by side: a step on their union is a step on the version that somebody is on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that fails says where

mod common;

use common::programs::{appointment, boarding};
use common::random::{Called, drive, moves};
use common::*;
use journey_spec::program::union::{Union, union};
use journey_spec::program::*;
use journey_spec::types::Type;
use journey_step::effect::{Effect, What};
use journey_step::{Customer, Input, step};
use proptest::prelude::*;

const MARK: &str = " (second edition)";

/// Programs of the suites declare no more than a step looks at; here they hang together as compiled ones do.
fn whole(mut program: Program) -> Program {
    let instant = |name: &str| field(name, Type::Instant);
    let booking = vec![field("id", text_type()), instant("slot"), field("slot_ms", text_type())];
    program.records.insert("Booking".into(), booking);
    for event in &mut program.events {
        event.fields = vec![field("booking", Type::Record("Booking".into())), field("offer", text_type())];
    }
    let program = program.seal();
    sound::check(&program).unwrap();
    program
}

/// The program with another text in each message, and nothing else changed.
fn reworded(program: &Program) -> Program {
    let mut program = program.clone();
    for message in &mut program.messages {
        for variant in &mut message.variants {
            variant.body.0.push(Piece::Text(MARK.into()));
        }
    }
    program.seal()
}

/// The program with everything in another order, other limits of the house, and journeys that differ in what they do.
fn rebuilt(program: &Program) -> Program {
    let mut program = reworded(program);
    program.policy.limits.reverse();
    program.policy.limits.insert(0, limit(MESSAGES, 9, Some(2 * DAY), Fate::Skip, "limit messages to 9 per 2d"));
    program.journeys.reverse();
    for journey in &mut program.journeys {
        journey.limits.pop();
        journey.goals.clear();
        for state in &mut journey.states {
            state.arrows.reverse();
        }
    }
    program.seal()
}

fn both(before: &Program, newest: &Program) -> Program {
    let Union { program, stranded } = union(before, newest, |_| true).unwrap();
    assert_eq!(stranded, []);
    sound::check(&program).unwrap();
    assert_eq!(program.hash, program.content_hash());
    program
}

/// What came of the calls, as the world sees it.
fn seen(effects: &[Effect]) -> Vec<Effect> {
    effects.iter().filter(|e| !matches!(e, Effect::Took(_))).cloned().collect()
}

/// The same without what tells one version from another.
fn plain(effects: &[Effect]) -> Vec<Effect> {
    let strip = |text: &mut String| *text = text.replace(MARK, "");
    let mut effects = seen(effects);
    for effect in &mut effects {
        match effect {
            Effect::Release(release) => {
                strip(&mut release.body);
                release.shown.iter_mut().for_each(strip);
            }
            Effect::Handoff(case) => case.transcript.iter_mut().for_each(|said| strip(&mut said.text)),
            Effect::Note(entry) => {
                entry.version = None;
                if let What::Sent { text, .. } = &mut entry.what {
                    strip(text);
                }
            }
            _ => {}
        }
    }
    effects
}

fn programs() -> impl Strategy<Value = Program> {
    prop_oneof![Just(whole(appointment())), Just(whole(boarding()))]
}

fn again(program: &Program, mut customer: Customer, calls: &[Called]) -> (Customer, Vec<Vec<Effect>>) {
    let mut all = Vec::new();
    for call in calls {
        let (after, effects) = step(program, customer, &call.input, call.now);
        customer = after;
        all.push(effects);
    }
    (customer, all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Who comes after the newer program has come sees nothing of the older one, whatever has changed between them.
    #[test]
    fn a_newcomer_is_on_the_newest_alone(before in programs(), moves in moves(true)) {
        for newest in [reworded(&before), rebuilt(&before)] {
            let union = both(&before, &newest);
            let (_, calls) = drive(&newest, &moves);
            let (_, effects) = again(&union, Customer::new("c"), &calls);
            for (call, effects) in calls.iter().zip(effects) {
                prop_assert_eq!(seen(&effects), seen(&call.effects), "at {:?}", call.input);
            }
        }
    }

    /// Where only texts change, nothing else does: who is in flight goes on with the old ones, and what is counted for the
    /// customer is counted over both versions as over one.
    #[test]
    fn other_texts_change_only_texts(before in programs(), moves in moves(true), cut in 0.0..1.0_f64) {
        let union = both(&before, &reworded(&before));
        let (_, calls) = drive(&before, &moves);
        let cut = (calls.len() as f64 * cut) as usize;
        let (customer, _) = again(&before, Customer::new("c"), &calls[..cut]);
        let begun = customer.instances().iter().map(|i| i.number()).max().unwrap_or(0);
        let (_, effects) = again(&union, customer, &calls[cut..]);
        for (call, effects) in calls[cut..].iter().zip(effects) {
            prop_assert_eq!(plain(&effects), plain(&call.effects), "at {:?}", call.input);
            for effect in &effects {
                let Effect::Note(entry) = effect else { continue };
                let Some(number) = entry.instance else { continue };
                let is_old = number <= begun;
                prop_assert_eq!(entry.version.as_ref(), is_old.then_some(&before.hash), "{:?}", entry);
                if let What::Sent { text, .. } = &entry.what {
                    prop_assert_eq!(!text.ends_with(MARK), is_old, "{}", text);
                }
            }
        }
    }

    /// An edit that is taken back leaves everything as it would have been, also for who began in between.
    #[test]
    fn an_edit_that_is_taken_back_leaves_no_trace(before in programs(), moves in moves(true), cuts in (0.0..1.0_f64, 0.0..1.0_f64)) {
        let there = both(&before, &rebuilt(&before));
        let back = both(&there, &before);
        prop_assert_eq!(back.current().map(|(id, _)| id).collect::<Vec<_>>(), (0..before.journeys.len() as u32).map(JourneyId).collect::<Vec<_>>());
        let (_, calls) = drive(&before, &moves);
        let at = (calls.len() as f64 * cuts.0) as usize;
        let (customer, _) = again(&before, Customer::new("c"), &calls[..at]);
        let (_, effects) = again(&back, customer, &calls[at..]);
        for (call, effects) in calls[at..].iter().zip(effects) {
            prop_assert_eq!(seen(&effects), seen(&call.effects), "at {:?}", call.input);
        }
    }

    /// Numbers that customers' states hold mean the same for life, however many versions come, and whoever is on one of
    /// them goes on; with a state of any of them no step fails, and the customer's own limits hold.
    #[test]
    fn numbers_mean_the_same_for_life(before in programs(), moves in moves(true), order in prop::collection::vec(0..3_usize, 1..6)) {
        let editions = [before.clone(), reworded(&before), rebuilt(&before)];
        let mut all = before.clone();
        let (_, calls) = drive(&before, &moves);
        let part = calls.len() / (order.len() + 1) + 1;
        let mut customer = Customer::new("c");
        let mut rest = calls.chunks(part);
        for newest in order {
            if let Some(calls) = rest.next() {
                customer = again(&all, customer, calls).0;
            }
            let union = both(&all, &editions[newest]);
            for (old, new) in all.journeys.iter().zip(&union.journeys) {
                prop_assert_eq!(old, new);
            }
            prop_assert!(all.messages.iter().zip(&union.messages).all(|(old, new)| old == new));
            prop_assert!(all.events.iter().zip(&union.events).all(|(old, new)| old.name == new.name));
            all = union;
        }
        for calls in rest {
            for call in calls {
                let (after, effects) = step(&all, customer, &call.input, call.now);
                customer = after;
                let began = effects.iter().any(|e| matches!(e, Effect::Note(n) if matches!(n.what, What::Started { .. }) && n.version.is_some()));
                prop_assert!(!began, "nothing begins on an older version");
            }
        }
        let live: Vec<_> = customer.instances().iter().filter(|i| i.is_live()).collect();
        for one in &live {
            let same = live.iter().filter(|i| i.key() == one.key() && all.is_same_journey(i.journey(), one.journey()));
            prop_assert_eq!(same.count(), 1, "a key lives once over all versions");
        }
    }
}

/// A rule of a policy whose count is for life keeps it while the policy changes, and no other rule gets it.
#[test]
fn counts_for_life_follow_their_rule() {
    let mut before = appointment();
    before.policy.limits = vec![
        limit(
            LimitWhat::Messages { channel: Some(Channel::Email), purpose: None },
            1,
            None,
            Fate::Skip,
            "limit email to 1",
        ),
        limit(
            LimitWhat::Messages { channel: Some(Channel::Sms), purpose: None },
            2,
            None,
            Fate::Skip,
            "limit sms to 2",
        ),
    ];
    before.policy.quiet.clear();
    let before = whole(before);
    let sent = |program: &Program, customer: Customer, key: &str, at: i64| {
        let input = Input::Event { name: "booking.created".into(), at, data: booking(key, at + 9 * DAY) };
        let (customer, effects) = step(program, customer, &input, at);
        (customer, effects.iter().filter(|e| matches!(e, Effect::Release(_))).count())
    };
    let told = Input::CustomerUpdated { profile: profile(Some(PHONE), None, Some("Europe/London")), stopped: vec![] };
    let (customer, _) = step(&before, Customer::new("c"), &told, day(2, "10:00"));
    let (customer, first) = sent(&before, customer, "A", day(2, "11:00"));
    assert_eq!(first, 1);
    // the rule stands at another place now, and beside it a new one that counts something else
    let mut newest = before.clone();
    newest.policy.limits[0] = limit(
        LimitWhat::Messages { channel: None, purpose: Some(Purpose::Debt) },
        1,
        None,
        Fate::Skip,
        "limit debt to 1",
    );
    newest.policy.limits.swap(0, 1);
    let newest = newest.seal();
    let all = both(&before, &newest);
    let (customer, second) = sent(&all, customer, "B", day(2, "12:00"));
    assert_eq!(second, 1);
    let (customer, third) = sent(&all, customer, "C", day(2, "13:00"));
    assert_eq!(third, 0, "two in a life, over both versions");
    // and where the older policy comes back, its rule has the count still
    let back = both(&all, &before);
    let (_, fourth) = sent(&back, customer, "D", day(2, "14:00"));
    assert_eq!(fourth, 0);
}

/// Journeys in which nobody is are no reason to refuse anything, and lose what could be missing.
#[test]
fn who_is_not_there_is_not_stranded() {
    let before = whole(appointment());
    let mut newest = whole(appointment());
    let gone = newest.events.pop().unwrap().name;
    newest.journeys.pop();
    let newest = newest.seal();
    let there = union(&before, &newest, |_| true).unwrap();
    let why: Vec<String> = there.stranded.iter().map(ToString::to_string).collect();
    assert_eq!(
        why,
        [format!("`offers` of version {} waits for `{gone}`, which is no longer declared", short(&before.hash))]
    );
    let nobody = union(&before, &newest, |_| false).unwrap();
    assert_eq!(nobody.stranded, []);
    sound::check(&nobody.program).unwrap();
    assert!(nobody.program.event(&gone).is_none());
    let husk = &nobody.program.journeys[1];
    assert_eq!((husk.name.as_str(), husk.arrows.len(), husk.starts.len()), ("offers", 0, 0));
    assert_eq!(husk.limits, before.journeys[1].limits);
    assert_eq!(nobody.program.versions.unwrap().programs.len(), 1);
}
