//! Versions side by side: a step on their union is a step on the version that somebody is on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that fails says where

mod common;

use std::sync::Arc;

use common::programs::{appointment, boarding};
use common::random::{Called, drive, moves};
use common::*;
use journey_spec::program::union::{Union, union};
use journey_spec::program::*;
use journey_spec::types::Type;
use journey_spec::value::Value;
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

/// As the program, with everybody of any older version moved to it.
fn taking_over(program: &Program, states: &[(&str, &str)]) -> Program {
    let mut program = program.clone();
    for journey in &mut program.journeys {
        let id = |name: &str| journey.states.iter().position(|s| s.name == name);
        let states = states.iter().filter_map(|(from, to)| Some(((*from).into(), StateId(id(to)? as u32)))).collect();
        journey.migrations = vec![Migration { from: None, states }];
    }
    program.seal()
}

/// Whether something of the customer's is under way, so that nobody is moved.
fn is_pending(customer: &Customer) -> bool {
    !customer.waiting().is_empty() || !customer.open_calls().is_empty()
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
                prop_assert_eq!(entry.version.as_deref(), is_old.then_some(before.hash.as_str()), "{:?}", entry);
                if let What::Sent { text, .. } = &entry.what {
                    prop_assert_eq!(!text.ends_with(MARK), is_old, "{}", text);
                }
            }
        }
    }

    /// A move changes nothing but the version: whoever goes on in the same states gets what they would have got, once.
    #[test]
    fn a_move_tells_nobody_anything(before in programs(), moves in moves(true), cut in 0.0..1.0_f64) {
        let union = both(&before, &taking_over(&reworded(&before), &[]));
        let (_, calls) = drive(&before, &moves);
        let cut = (calls.len() as f64 * cut) as usize;
        let (mut customer, _) = again(&before, Customer::new("c"), &calls[..cut]);
        for call in &calls[cut..] {
            let (after, effects) = step(&union, customer, &call.input, call.now);
            customer = after;
            let is_move = |e: &Effect| matches!(e, Effect::Note(n) if matches!(n.what, What::Moved { .. }));
            let told: Vec<Effect> = plain(&effects).into_iter().filter(|e| !is_move(e)).collect();
            prop_assert_eq!(told, plain(&call.effects), "at {:?}", call.input);
            // what is on the newest has its texts, and who stays has something under way
            let settles = |n: u64| customer.instances().iter().any(|i| i.number() == n && i.next_due().is_some());
            for effect in &effects {
                let Effect::Note(entry) = effect else { continue };
                if let (What::Sent { text, .. }, Some(_)) = (&entry.what, entry.instance) {
                    prop_assert_eq!(text.ends_with(MARK), entry.version.is_none(), "{}", text);
                }
            }
            for i in customer.instances().iter().filter(|i| i.is_live() && !union.is_current(i.journey())) {
                prop_assert!(is_pending(&customer) || settles(i.number()), "{:?}", i);
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
    let told =
        Input::CustomerUpdated { profile: profile(Some(PHONE), None, Some("Europe/London")).into(), stopped: vec![] };
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

/// A journey with a state that waits, in another order and by another name, retimed.
fn retimed() -> (Program, Program) {
    let before = whole(appointment());
    let mut newest = before.clone();
    let journey = &mut newest.journeys[0];
    let day = journey.states.iter().position(|s| s.name == "day").unwrap();
    journey.states[day].name = "visit_day".into();
    for arrow in &mut journey.states[day].arrows {
        if let Trigger::After(time) = &mut arrow.on {
            *time = 2 * HOUR;
        }
    }
    (before, newest.seal())
}

fn told(effects: &[Effect]) -> Vec<String> {
    let zone = journey_spec::time::Zone::utc();
    let notes =
        effects.iter().filter_map(|e| if let Effect::Note(entry) = e { Some(entry.sentence(&zone)) } else { None });
    notes.collect()
}

#[test]
fn timers_of_the_new_state_count_from_when_the_visit_began() {
    let (before, newest) = retimed();
    let all = both(&before, &taking_over(&newest, &[("day", "visit_day")]));
    let begun = Input::Event { name: "booking.created".into(), at: 0, data: booking("A", day(3, "09:00")) };
    let at_day = |hours: i64| {
        let known = Input::CustomerUpdated {
            profile: profile(Some(PHONE), None, Some("Europe/London")).into(),
            stopped: vec![],
        };
        let (customer, _) = step(&before, Customer::new("c"), &known, day(2, "10:00"));
        let (customer, _) = step(&before, customer, &begun, day(2, "10:00"));
        let (customer, _) = step(&before, customer, &Input::Due, day(3, "09:00"));
        assert_eq!(customer.instances()[0].state(), StateId(5), "in `day`");
        let (customer, effects) = step(&all, customer, &Input::Due, day(3, "09:00") + hours * HOUR);
        (customer, self::told(&effects))
    };
    let version = short(&before.hash).to_string();
    let moved = format!("moved from day of version {version} to visit_day of the newest");
    let (customer, lines) = at_day(1);
    assert_eq!(lines, std::slice::from_ref(&moved));
    assert_eq!(customer.next_due(), Some(day(3, "11:00")));
    // the two hours are over when they are moved after five: they go on at once, and nothing is sent twice
    let (customer, lines) = at_day(5);
    assert_eq!(lines, [moved, "entered visited, by after 2h".into(), "ended in visited, as success".into()]);
    assert!(!customer.instances()[0].is_live());
}

#[test]
fn what_settles_is_told_before_anybody_is_moved() {
    let (before, newest) = retimed();
    let all = both(&before, &taking_over(&reworded(&newest), &[("day", "visit_day")]));
    let told_to = |customer: Customer, program: &Program, name: &str, slot: i64, at: i64| {
        step(program, customer, &Input::Event { name: name.into(), at, data: booking("A", slot) }, at)
    };
    let known =
        Input::CustomerUpdated { profile: profile(Some(PHONE), None, Some("Europe/London")).into(), stopped: vec![] };
    let (customer, _) = step(&before, Customer::new("c"), &known, day(2, "10:00"));
    let (customer, _) = told_to(customer, &before, "booking.created", day(9, "09:00"), day(2, "10:00"));
    let (customer, _) = told_to(customer, &before, "booking.rescheduled", day(10, "09:00"), day(2, "11:00"));
    let (customer, effects) = step(&all, customer, &Input::Due, day(2, "11:05"));
    assert_eq!(told(&effects), Vec::<String>::new(), "it settles");
    let (customer, effects) = step(&all, customer, &Input::Due, day(2, "11:15"));
    let lines = told(&effects);
    assert!(
        lines[1].starts_with("entered waiting") && lines.iter().filter(|l| l.starts_with("sent ")).count() == 1,
        "{lines:#?}"
    );
    assert!(!lines.iter().any(|l| l.contains(MARK)), "in the words of the version in which it was decided: {lines:#?}");
    assert!(lines.last().unwrap().starts_with("moved from version "), "{lines:#?}");
    assert!(all.is_current(customer.instances()[0].journey()));
}

#[test]
fn a_move_that_would_leave_somebody_nowhere_is_told() {
    let (before, newest) = retimed();
    let why = |newest: &Program| -> Vec<String> {
        union(&before, newest, |_| true).unwrap().stranded.iter().map(|s| s.why.clone()).collect()
    };
    assert_eq!(
        why(&taking_over(&newest, &[])),
        [
            "cannot be moved from `day`: the newer version has no state of that name, and `migrate` does not say where it goes on"
        ]
    );
    assert_eq!(
        why(&taking_over(&newest, &[("day", "visit_day"), ("dawn", "waiting")])),
        ["cannot be moved: `migrate` names the state `dawn`, which it does not have"]
    );
    let mut other_key = newest.clone();
    other_key.journeys[0].key = Some(path("booking.slot_ms"));
    other_key.journeys[0].data.push(field("code", text_type()));
    let message = other_key.journeys[0].states[0].entry.clone();
    let Action::Send(send) = &message[0] else { panic!("a message") };
    other_key.messages[send.message.index()].variants[0].body = template("Your code is {code}");
    assert_eq!(
        why(&taking_over(&other_key.seal(), &[("day", "visit_day")])),
        [
            "cannot be moved: it is kept by `booking.id`, and the newer version by `booking.slot_ms`",
            "cannot be moved: the newer version needs `code`, which it does not have"
        ]
    );
    // a clause for one version moves nobody of another, and goes before the one for any
    let mut named = taking_over(&newest, &[("day", "visit_day")]);
    for journey in &mut named.journeys {
        journey.migrations[0].from = Some("00000000".into());
    }
    let all = both(&before, &named.clone().seal());
    assert!(all.migration(JourneyId(0)).is_none());
    for journey in &mut named.journeys {
        journey.migrations.push(Migration { from: Some(before.hash[..8].into()), states: Vec::new() });
    }
    assert_eq!(why(&named.seal()).len(), 1);
}

/// What a customer with a telephone is told, step by step.
struct Told {
    customer: Customer,
    lines: Vec<String>,
    sent: Vec<String>,
}

impl Told {
    fn begin() -> Told {
        let known = Input::CustomerUpdated {
            profile: profile(Some(PHONE), None, Some("Europe/London")).into(),
            stopped: vec![],
        };
        let (customer, _) = step(&whole(appointment()), Customer::new("c"), &known, day(2, "09:00"));
        Told { customer, lines: Vec::new(), sent: Vec::new() }
    }

    fn step(mut self, program: &Program, input: &Input, at: i64) -> Told {
        let (customer, effects) = step(program, self.customer, input, at);
        for effect in &effects {
            if let Effect::Release(release) = effect {
                self.sent.push(release.id.to_string());
            }
        }
        self.lines.extend(told(&effects));
        Told { customer, ..self }
    }

    fn event(self, program: &Program, name: &str, slot: i64, at: i64) -> Told {
        let mut data = booking("A", slot);
        data.insert("offer", Value::Text("tea".into()));
        self.step(program, &Input::Event { name: name.into(), at, data }, at)
    }

    fn has(&self, line: &str) -> bool {
        self.lines.iter().any(|l| l.starts_with(line))
    }
}

#[test]
fn what_was_counted_before_a_move_counts_after_it() {
    let before = whole(appointment());
    let mut newest = reworded(&before);
    newest.journeys[0].limits.reverse();
    let all = both(&before, &taking_over(&newest, &[]));
    let mut her = Told::begin().event(&before, "booking.created", day(20, "09:00"), day(2, "10:00"));
    for (n, program) in [&before, &before, &before, &all].into_iter().enumerate() {
        let at = day(2, "11:00") + n as i64 * HOUR;
        assert!(!her.has("limit visits moved"), "{:#?}", her.lines);
        her = her.event(program, "booking.rescheduled", day(21 + n as i64, "09:00"), at);
        her = her.step(program, &Input::Due, at + 15 * MINUTE);
    }
    assert!(her.has("moved from version "), "{:#?}", her.lines);
    assert!(her.has("limit visits moved to 3 per 7d: to `agent` instead of `moved`"), "{:#?}", her.lines);
}

#[test]
fn a_message_that_fails_after_a_move_leads_where_it_said() {
    let before = whole(appointment());
    let mut newest = reworded(&before);
    // other numbers for the same states
    newest.journeys[1].states.rotate_left(1);
    let turned = |id: StateId| StateId((id.0 + 2) % 3);
    let journey = &mut newest.journeys[1];
    journey.starts[0].to = turned(journey.starts[0].to);
    journey.limits[0].what = LimitWhat::Visits(turned(StateId(0)));
    let then = |then: &mut Then| {
        if let Then::Goto(to) = then {
            *to = turned(*to);
        }
    };
    journey.arrows.iter_mut().for_each(|a| then(&mut a.then));
    for state in &mut journey.states {
        state.arrows.iter_mut().for_each(|a| then(&mut a.then));
        for action in &mut state.entry {
            let Action::Send(send) = action else { continue };
            Arc::make_mut(send).on_failed.iter_mut().for_each(then);
        }
    }
    let all = both(&before, &taking_over(&newest.seal(), &[]));
    let her = Told::begin().event(&before, "offer.made", day(20, "09:00"), day(2, "10:00"));
    let her = her.step(&all, &Input::Due, day(2, "11:00"));
    assert!(her.has("moved from version "), "{:#?}", her.lines);
    let failed = Input::Receipt { message: her.sent[0].clone(), delivered: false };
    let her = her.step(&all, &failed, day(2, "12:00"));
    assert!(her.has("ended in gone"), "{:#?}", her.lines);
    let instance = &her.customer.instances()[0];
    assert_eq!(all.journeys[instance.journey().index()].states[instance.state().index()].name, "gone");
    assert!(all.is_current(instance.journey()));
}

#[test]
fn a_timer_that_has_fired_does_not_fire_again() {
    let mut before = whole(appointment());
    let waiting = before.journeys[0].states.iter().position(|s| s.name == "waiting").unwrap();
    let send = before.journeys[0].states.iter().find(|s| s.name == "tomorrow").unwrap().entry.clone();
    let nudge = Arrow { on: Trigger::After(HOUR), when: None, then: Then::Stay(send) };
    before.journeys[0].states[waiting].arrows.push(nudge);
    let before = before.seal();
    let mut newest = reworded(&before);
    newest.journeys[0].states[waiting].arrows.reverse();
    let all = both(&before, &taking_over(&newest.seal(), &[]));
    let her = Told::begin().event(&before, "booking.created", day(20, "09:00"), day(2, "10:00"));
    let her = her.step(&before, &Input::Due, day(2, "11:00"));
    assert_eq!(her.sent.len(), 2, "{:#?}", her.lines);
    let her = her.step(&all, &Input::Due, day(2, "12:00")).step(&all, &Input::Due, day(2, "13:00"));
    assert!(her.has("moved from version "), "{:#?}", her.lines);
    assert_eq!(her.sent.len(), 2, "{:#?}", her.lines);
    // and who came to the state a moment ago hears it once, by the newest
    let late = Told::begin().event(&before, "booking.created", day(20, "09:00"), day(2, "10:00"));
    let late = late.step(&all, &Input::Due, day(2, "10:30")).step(&all, &Input::Due, day(2, "11:00"));
    assert_eq!(late.sent.len(), 2, "{:#?}", late.lines);
}
