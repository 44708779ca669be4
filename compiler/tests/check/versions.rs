//! Bounds of two versions together, held against the real step on their union, with people in flight and people moved.

use journey_compiler::check::bounds::{self, Scope};
use journey_spec::Program;
use journey_spec::program::union::union;
use journey_spec::program::{DAY, HOUR, MINUTE, short};
use journey_spec::value::{Data, Value};
use journey_step::effect::{Effect, What};
use journey_step::{Customer, Input, step};
use proptest::prelude::*;

use super::{HOUSE, POLICY, compiled};

/// A journey in which every visit sends, with limits of its own and without one of the house.
fn edition(limits: &str, migrate: &str, states: &str) -> Program {
    let text = format!(
        "{HOUSE}{POLICY}journey visit for customer per booking.id {{ data booking: Booking\n{limits}\n{migrate}\n\
         start on created(booking) -> booked  on reply stay {{ handoff \"care\" }}\n\
         state booked {{ send note -> waiting }}\n{states}\nend done as success }}"
    );
    let compiled = compiled(&text);
    assert!(!compiled.has_errors(), "{:#?}", compiled.findings);
    compiled.runnable().unwrap().clone()
}

const LIMITS: &str =
    "limit live to 2 else skip  limit starts to 2 per 7d else skip  limit visits again to 2 per 7d else -> calm";
const STATES: &str = "state waiting { on moved(booking) -> again  after 2d -> told }\n\
                      state again { send other -> waiting }\n\
                      state told { send other  on ping -> calm  after 1d -> calm }\n\
                      state calm { on moved(booking) -> again  after 5d -> done }";

/// Pairs of versions: what people are on, and what is loaded.
fn pairs() -> Vec<(Program, Program)> {
    let before = edition(LIMITS, "", STATES);
    let louder = STATES.replace("state told { send other", "state told { send other send note");
    let wider = LIMITS.replace("again to 2", "again to 3");
    let renamed = STATES.replace("told", "reminded").replace("after 2d", "after 1d");
    vec![
        (before.clone(), edition(LIMITS, "", &louder)),
        (before.clone(), edition(LIMITS, "migrate from any { }", &louder)),
        (
            before.clone(),
            edition(&wider, &format!("migrate from \"{}\" {{ told -> reminded }}", short(&before.hash)), &renamed),
        ),
        (
            edition(&wider, "", &louder),
            edition(&LIMITS.replace("live to 2", "live to 1"), "migrate from any { }", STATES),
        ),
    ]
}

fn told(seen: &[i64], window: i64) -> u64 {
    let most = (0..seen.len()).map(|i| seen[i..].iter().take_while(|t| **t < seen[i] + window).count()).max();
    most.unwrap_or(0) as u64
}

/// Hours between inputs, and what comes: an event of three bookings, or nothing.
fn feed() -> impl Strategy<Value = Vec<(i64, usize, usize)>> {
    let hours = prop_oneof![3 => Just(0), 2 => 1..4_i64, 2 => Just(24_i64), 1 => Just(49_i64)];
    prop::collection::vec((hours, 0..4_usize, 0..3_usize), 1..80)
}

fn run(before: &Program, both: &Program, feed: &[(i64, usize, usize)], cut: usize) -> (Vec<i64>, bool) {
    let mut customer = Customer::new("c");
    let mut now = 1_772_445_600_000_i64;
    let profile = [("phone", "+447700900123"), ("email", "v@example.com"), ("zone", "Europe/London")];
    let profile: Data = profile.into_iter().map(|(k, v)| (k.to_owned(), Value::Text(v.into()))).collect();
    let (mut sent, mut moved) = (Vec::new(), false);
    let mut make = |customer: &mut Customer, loaded: bool, input: &Input, now: i64| {
        let program = if loaded { both } else { before };
        let (after, effects) = step(program, customer.clone(), input, now);
        *customer = after;
        for effect in &effects {
            match effect {
                Effect::Release(_) if loaded => sent.push(now),
                Effect::Note(entry) => moved |= matches!(entry.what, What::Moved { .. }),
                _ => {}
            }
        }
    };
    make(&mut customer, false, &Input::CustomerUpdated { profile: profile.into(), stopped: vec![] }, now);
    for (i, (hours, event, booking)) in feed.iter().enumerate() {
        let loaded = i >= cut;
        let until = now + hours * HOUR + MINUTE;
        while let Some(due) = customer.next_due().filter(|due| *due <= until) {
            make(&mut customer, loaded, &Input::Due, due.max(now));
            now = due.max(now);
        }
        now = until;
        let id = ["A", "B", "C"][*booking];
        let record = [("id", Value::Text(id.into())), ("slot", Value::Instant(now + 20 * DAY))];
        let record: Data = record.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        let name = ["created", "moved", "moved", "ping"][*event];
        let data: Data = [("booking".to_owned(), Value::Record(record.into()))].into();
        make(&mut customer, loaded, &Input::Event { name: name.into(), at: now, data }, now);
    }
    (sent, moved)
}

#[test]
fn no_bound_of_two_versions_is_passed() {
    let mut any_moved = false;
    let mut nearest = 0.0_f64;
    for (before, newest) in pairs() {
        let both = union(&before, &newest, |_| true).unwrap();
        assert_eq!(both.stranded, []);
        let proof = bounds::proven(&bounds::together(&both));
        let most = |window: i64| {
            let all = proof
                .bounds
                .iter()
                .find(|b| b.scope == Scope::Customer && (b.channel, b.purpose, b.window) == (None, None, Some(window)));
            all.unwrap().at_most.unwrap()
        };
        let windows = bounds::WINDOWS.map(|w| (w, most(w)));
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(150)
        });
        let tried = std::cell::RefCell::new((false, 0.0_f64));
        let held = runner.run(&(feed(), 0.0..1.0_f64), |(feed, cut)| {
            let cut = (feed.len() as f64 * cut) as usize;
            let (sent, moved) = run(&before, &both.program, &feed, cut);
            tried.borrow_mut().0 |= moved;
            for (window, most) in windows {
                let seen = told(&sent, window);
                let near = &mut tried.borrow_mut().1;
                *near = near.max(seen as f64 / most as f64);
                prop_assert!(seen <= most, "{} in {} ms, and at most {}", seen, window, most);
            }
            Ok(())
        });
        held.unwrap();
        let (moved, near) = tried.into_inner();
        any_moved |= moved;
        nearest = nearest.max(near);
    }
    // It was about something: people were moved, and many were told. Nobody looks for the worst here, and what versions share is
    // counted apart, so the figures are far.
    assert!(any_moved);
    assert!(nearest > 0.1, "{nearest}");
}
