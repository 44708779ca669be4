//! What holds whatever the feed does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that fails says where

mod common;

use common::programs::{appointment, boarding, saying};
use common::random::{Called, MAILS, PHONES, drive, moves};
use common::*;
use journey_spec::program::*;
use journey_spec::value::is_opt_out;
use journey_step::effect::{Effect, Took, Way, What};
use journey_step::{Customer, Input, step};
use proptest::prelude::*;

fn programs() -> impl Strategy<Value = Program> {
    prop_oneof![
        Just(appointment()),
        Just(boarding()),
        Just(house_without_latest()),
        Just(guarded()),
        Just(saying()),
        Just(left_in_peace())
    ]
}

/// After two of its events nobody is told anything for a while: by one about one booking, by the other about any.
fn left_in_peace() -> Program {
    let mut program = appointment();
    let quiet = |after, lasts, key: Option<&str>, fate| QuietAfter {
        lasts,
        after: EventId(after),
        key: key.map(path),
        messages: Vec::new(),
        fate,
        because: None,
        text: format!("quiet after {after}"),
    };
    program.policy.quiet_after = vec![
        quiet(1, 5 * HOUR, Some("booking.id"), Fate::Skip),
        quiet(2, 26 * HOUR, None, Fate::Handoff("care".into())),
    ];
    program
}

/// Conditions on many arrows, and ways of splits and choices in place of each `->`.
fn guarded() -> Program {
    let mut program = appointment();
    let ahead = Cond::Compare { left: Expr::Path(path("booking.slot")), by: Cmp::More, right: Expr::Now };
    let journey = &mut program.journeys[0];
    let arrows = journey.arrows.iter_mut().chain(journey.states.iter_mut().flat_map(|s| s.arrows.iter_mut()));
    for (i, arrow) in arrows.enumerate() {
        arrow.when = match i % 4 {
            0 => Some(ahead.clone()),
            1 => Some(Cond::Not(Box::new(ahead.clone()))),
            _ => None,
        };
    }
    for (i, state) in journey.states.iter_mut().enumerate() {
        let Some(next) = state.next.take() else { continue };
        state.branch = Some(match i % 2 {
            0 => Branch::Split(vec![(30, next), (70, next)]),
            _ => Branch::When(vec![(Some(ahead.clone()), next), (None, next)]),
        });
    }
    program
}

/// The limits that wait in order, long enough to be waited for.
fn house_without_latest() -> Program {
    let mut program = appointment();
    program.policy.limits[0].n = 2;
    program.policy.limits[0].fate = Fate::Defer;
    program.policy.valid_for = 2 * DAY;
    let channel = |channel| LimitWhat::Messages { channel: Some(channel), purpose: None };
    let per_key = |limit| Limit { key: Some(path("booking.id")), ..limit };
    program.policy.limits[2] =
        per_key(limit(channel(Channel::Sms), 2, Some(4 * DAY), Fate::Skip, "sms to 2 per 4d per id"));
    program.policy.limits.push(per_key(limit(channel(Channel::Sms), 3, None, Fate::Skip, "sms to 3 per id")));
    program.policy.limits.push(limit(channel(Channel::Email), 2, None, Fate::Skip, "email to 2"));
    // Without quiet hours there is more for limits to bar.
    program.policy.quiet.clear();
    program
}

/// What left, in order, with what a limit asks about it. The confirmation of STOP is not among it.
struct Gone {
    at: i64,
    channel: Channel,
    purpose: Purpose,
    journey: String,
    key: Option<String>,
    instance: u64,
    essential: bool,
}

fn gone(program: &Program, calls: &[Called]) -> Vec<Gone> {
    let mut all = Vec::new();
    for effect in calls.iter().flat_map(|c| &c.effects) {
        let Effect::Note(entry) = effect else { continue };
        let What::Sent { message, channel, essential, .. } = &entry.what else { continue };
        let Some(journey) = &entry.journey else { continue };
        let purpose = program.messages.iter().find(|m| m.name == *message).unwrap().purpose;
        let (at, key, instance) = (entry.at, entry.key.clone(), entry.instance.unwrap());
        all.push(Gone {
            at,
            channel: *channel,
            purpose,
            journey: journey.to_string(),
            key: key.map(Into::into),
            instance,
            essential: *essential,
        });
    }
    all
}

fn folded(address: &str) -> String {
    address.to_lowercase().chars().filter(|c| !" -()./".contains(*c) || address.contains('@')).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_run_is_deterministic_and_replays_also_through_what_is_stored(program in programs(), moves in moves(true)) {
        let (last, calls) = drive(&program, &moves);
        let (again, same) = drive(&program, &moves);
        prop_assert_eq!(&last, &again);
        let mut customer = Customer::new("c");
        for (call, other) in calls.iter().zip(&same) {
            let json = serde_json::to_string(&customer).unwrap();
            let (next, effects) = step(&program, serde_json::from_str(&json).unwrap(), &call.input, call.now);
            prop_assert_eq!(&effects, &call.effects);
            prop_assert_eq!(&effects, &other.effects);
            let bytes = next.to_bytes().unwrap();
            prop_assert!(bytes.len() < serde_json::to_string(&next).unwrap().len() / 2);
            prop_assert_eq!(&Customer::from_bytes(&bytes).unwrap(), &next);
            prop_assert_eq!(&Customer::from_bytes(json.as_bytes()).unwrap(), &customer);
            customer = next;
        }
        prop_assert_eq!(customer, last);
    }

    /// Total: no panic, time passes (the driver asserts it), nothing due is left behind, and the state stays small.
    #[test]
    fn every_input_is_taken_in_every_state(program in programs(), moves in moves(true)) {
        let (last, calls) = drive(&program, &moves);
        let now = calls.iter().map(|c| c.now).max().unwrap();
        prop_assert!(last.next_due().is_none_or(|due| due > now));
        prop_assert!(last.instances().iter().filter(|i| !i.is_live()).count() <= program.journeys.len() + last.waiting().len());
    }

    /// A broken program in any state comes to rest, too: the compiler's findings are not what keeps the runtime alive.
    #[test]
    fn a_program_that_nobody_checked_is_taken_as_well(
        moves in moves(true), boards in any::<bool>(), state in 0..9_usize, to in 0..20_u32, past in any::<bool>(),
    ) {
        let mut program = if boards { boarding() } else { appointment() };
        program.journeys[0].states[state].next = Some(StateId(to));
        if past {
            program.journeys[0].limits.clear();
            program.policy.quiet.push(quiet(600, 600, &[], Fate::Latest));
            program.policy.valid_for = i64::MAX;
        }
        let (_, calls) = drive(&program, &moves);
        // A round of instants that are past is not gone through again and again within one call.
        prop_assert!(calls.iter().all(|call| call.effects.len() < 20_000));
    }

    #[test]
    fn no_message_but_an_essential_one_leaves_past_a_limit(program in programs(), moves in moves(false)) {
        let (_, calls) = drive(&program, &moves);
        let gone = gone(&program, &calls);
        let own = program.journeys.iter().flat_map(|j| j.limits.iter().map(move |l| (Some(j), l)));
        for (journey, limit) in program.policy.limits.iter().map(|l| (None, l)).chain(own) {
            let LimitWhat::Messages { channel, purpose } = limit.what else { continue };
            let counts = |g: &Gone| {
                channel.is_none_or(|c| c == g.channel)
                    && purpose.is_none_or(|p| p == g.purpose)
                    && journey.is_none_or(|j: &Journey| j.name == g.journey)
                    && (limit.key.is_none() || g.key.is_some())
            };
            for (i, one) in gone.iter().enumerate() {
                if one.essential || !counts(one) {
                    continue;
                }
                let together = |g: &&Gone| {
                    counts(g)
                        && (limit.key.is_none() || g.key == one.key)
                        && (journey.is_none() || limit.per_customer || g.instance == one.instance)
                        && limit.per.is_none_or(|per| g.at > one.at - per.longest())
                };
                let before = gone[..i].iter().filter(together).count();
                prop_assert!(before < limit.n as usize, "{} at {}", limit.text, one.at);
            }
        }
    }

    /// Held against the inputs alone: when each event came last, for each key or for all.
    #[test]
    fn nothing_but_an_essential_message_leaves_in_a_quiet_time_that_an_event_began(
        program in programs(), moves in moves(false), event in 0..5_u32, by_key in any::<bool>(), hours in 1..40_i64,
    ) {
        let mut program = program;
        program.policy.quiet_after.push(QuietAfter {
            lasts: hours * HOUR,
            after: EventId(event),
            key: by_key.then(|| path("booking.id")),
            messages: vec![Sort { channel: Some(Channel::Sms), purpose: None }],
            fate: Fate::Skip,
            because: None,
            text: "quiet after".into(),
        });
        program.events[event as usize].newest_by = None;
        let (_, calls) = drive(&program, &moves);
        let keyed = |name: Option<&str>| {
            let of = program.journeys.iter().find(|j| Some(j.name.as_str()) == name);
            of.is_some_and(|j| j.key.as_deref() == Some(&["booking".to_string(), "id".to_string()][..]))
        };
        let mut last = std::collections::BTreeMap::<Option<String>, i64>::new();
        let mut clock = i64::MIN;
        for call in &calls {
            clock = clock.max(call.now);
            if let Input::Event { name, data, .. } = &call.input
                && *name == program.events[event as usize].name
                && !call.effects.iter().any(|e| matches!(e, Effect::Refuse(_)))
            {
                let key = match journey_spec::value::lookup(data, &path("booking.id")) {
                    Some(journey_spec::value::Value::Text(id)) if by_key => Some(id.clone()),
                    _ => None,
                };
                last.insert(key, clock);
            }
            for effect in &call.effects {
                let Effect::Note(entry) = effect else { continue };
                let What::Sent { channel: Channel::Sms, essential: false, .. } = &entry.what else { continue };
                if entry.journey.is_none() || by_key && !keyed(entry.journey.as_deref()) {
                    continue;
                }
                let since = [last.get(&None), last.get(&entry.key.clone().map(String::from))].into_iter().flatten().max();
                prop_assert!(since.is_none_or(|since| entry.at >= since + hours * HOUR), "{entry:?} since {since:?}");
            }
        }
    }

    /// The ledger's windows bound what leaves in any longer window, as the checker says they do.
    #[test]
    fn the_windows_are_those_of_the_bound(program in programs(), moves in moves(false), hours in 1..200_i64) {
        let (_, calls) = drive(&program, &moves);
        let window = hours * HOUR;
        let limit = &program.policy.limits[0];
        let bound = journey_step::ledger::most_in_window(u64::from(limit.n), limit.per.unwrap(), window);
        let at: Vec<i64> = gone(&program, &calls).iter().filter(|g| !g.essential).map(|g| g.at).collect();
        for (i, first) in at.iter().enumerate() {
            let inside = at[i..].iter().filter(|t| **t < first + window).count() as u64;
            prop_assert!(inside <= bound, "{} in {}h, bound {}", inside, hours, bound);
        }
    }

    #[test]
    fn nothing_leaves_at_or_after_its_validity(program in programs(), moves in moves(false)) {
        let (_, calls) = drive(&program, &moves);
        for call in &calls {
            for effect in &call.effects {
                let Effect::Release(release) = effect else { continue };
                prop_assert!(call.now < release.valid_until, "{release:?}");
                // Messages that are true until the slot say when that is.
                if let Some((_, slot)) = release.body.split_once('#') {
                    prop_assert!(call.now < slot.parse().unwrap(), "{release:?}");
                }
            }
        }
    }

    #[test]
    fn after_stop_nothing_leaves_to_that_address_but_one_confirmation_a_day(program in programs(), moves in moves(true)) {
        let (_, calls) = drive(&program, &moves);
        let mut stopped: Vec<String> = Vec::new();
        let mut known: Option<Option<String>> = None;
        let mut confirmed: Vec<(String, i64)> = Vec::new();
        let mut now = i64::MIN;
        for call in &calls {
            now = now.max(call.now);
            match &call.input {
                Input::CustomerUpdated { profile, .. } => {
                    known = Some(match profile.get("phone").unwrap() {
                        journey_spec::Value::Text(phone) => Some(phone.clone()),
                        _ => None,
                    });
                }
                Input::Reply { address, text, .. } if is_opt_out(text) => {
                    stopped.extend(address.clone().or_else(|| known.clone().flatten()).map(|a| folded(&a)));
                }
                Input::OptOut { address, .. } => stopped.push(folded(address)),
                _ => {}
            }
            for effect in &call.effects {
                let Effect::Release(release) = effect else { continue };
                let to = folded(&release.address);
                if release.message == "stop confirmation" {
                    prop_assert!(stopped.contains(&to));
                    prop_assert!(!confirmed.iter().any(|(a, at)| *a == to && *at > now - DAY));
                    confirmed.push((to, now));
                } else if stopped.contains(&to) {
                    prop_assert!(program.policy.stop_spares.contains(&release.purpose), "{release:?}");
                }
            }
        }
    }

    /// At most one live instance a key, at most so many live and begun as the limits say, visits within theirs.
    #[test]
    fn starts_and_visits_keep_their_limits(moves in moves(false)) {
        let program = appointment();
        let (last, calls) = drive(&program, &moves);
        let notes = || calls.iter().flat_map(|c| &c.effects).filter_map(|e| match e {
            Effect::Note(entry) => Some(entry),
            _ => None,
        });
        let begun: Vec<i64> = notes()
            .filter(|e| e.journey.as_deref() == Some("appointment") && matches!(e.what, What::Started { .. }))
            .map(|e| e.at)
            .collect();
        for (i, at) in begun.iter().enumerate() {
            prop_assert!(begun[..i].iter().filter(|b| **b > at - 30 * DAY).count() < 3);
        }
        let moved: Vec<(u64, i64)> = notes()
            .filter(|e| matches!(&e.what, What::Entered { state, .. } if state == "moved"))
            .map(|e| (e.instance.unwrap(), e.at))
            .collect();
        for (i, (instance, at)) in moved.iter().enumerate() {
            let before = moved[..i].iter().filter(|(n, b)| n == instance && *b > at - 7 * DAY).count();
            prop_assert!(before < 3);
        }
        let mut keys: Vec<_> = last.instances().iter().filter(|i| i.is_live() && i.journey() == JourneyId(0)).map(|i| i.key()).collect();
        keys.sort();
        keys.dedup();
        prop_assert_eq!(keys.len(), last.instances().iter().filter(|i| i.is_live() && i.journey() == JourneyId(0)).count());
    }

    /// Every message that is decided comes to one end: it leaves, is blocked, is withdrawn, or still waits.
    #[test]
    fn what_waits_leaves_is_blocked_or_is_withdrawn(program in programs(), moves in moves(true)) {
        let (last, calls) = drive(&program, &moves);
        let mut waits = 0_i64;
        let mut deferred: Vec<(Option<u64>, journey_step::CompactString)> = Vec::new();
        for effect in calls.iter().flat_map(|c| &c.effects) {
            let Effect::Note(entry) = effect else { continue };
            let (message, is_new) = match &entry.what {
                What::Deferred { message, .. } => (message, true),
                What::Sent { message, .. } | What::Blocked { message, .. } | What::Withdrawn { message, .. } => (message, false),
                _ => continue,
            };
            let name = (entry.instance, message.clone());
            let known = deferred.iter().position(|d| *d == name);
            match (known, is_new) {
                (None, true) => deferred.push(name),
                (Some(at), false) => drop(deferred.remove(at)),
                _ => {}
            }
            waits = deferred.len() as i64;
        }
        prop_assert!(waits <= last.waiting().len() as i64 , "{deferred:?} against {:?}", last.waiting());
    }
}

#[test]
fn the_random_runs_reach_what_they_are_about() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::<&str, usize>::new();
    for n in 0..200 {
        let moves = moves(n % 2 == 0).new_tree(&mut runner).unwrap().current();
        for program in [appointment(), boarding(), house_without_latest(), left_in_peace()] {
            for effect in drive(&program, &moves).1.iter().flat_map(|c| &c.effects) {
                let Effect::Note(entry) = effect else { continue };
                let name = match &entry.what {
                    What::Sent { essential: true, .. } => "essential",
                    What::Sent { message, .. } if message == "stop confirmation" => "confirmed",
                    What::Sent { .. } => "sent",
                    What::Deferred { .. } => "deferred",
                    What::Blocked { rule, .. } if rule.starts_with("limit") => "blocked by a limit",
                    What::Blocked { rule, until: Some(_), .. } if rule.starts_with("quiet after") => "left in peace",
                    What::Blocked { rule, .. } if rule.starts_with("no longer") => "expired",
                    What::Blocked { rule, .. } if rule.starts_with("superseded") => "superseded",
                    What::Blocked { rule, .. } if rule.contains("STOP") => "stopped",
                    What::Blocked { rule, .. } if rule.contains("zone") => "zone unknown",
                    What::Withdrawn { .. } => "withdrawn",
                    What::Limited { .. } => "limited",
                    What::Failed { .. } => "failed",
                    What::Answered { .. } => "answered",
                    What::HandoffClosed { .. } => "closed",
                    What::Replied { heard_by, .. } if heard_by.contains("guess") => "a guess",
                    What::Replied { .. } => "replied",
                    What::Promise { fate: journey_step::effect::PromiseFate::Kept, .. } => "kept",
                    What::Promise { fate: journey_step::effect::PromiseFate::Withdrawn, .. } => "promise withdrawn",
                    What::Promise { fate: journey_step::effect::PromiseFate::Broken, .. } => "broken",
                    What::Promise { fate: journey_step::effect::PromiseFate::Void, .. } => "void",
                    What::Ended { .. } => "ended",
                    _ => continue,
                };
                *seen.entry(name).or_default() += 1;
            }
        }
    }
    let _ = (MAILS, PHONES);
    for name in [
        "essential",
        "confirmed",
        "sent",
        "deferred",
        "blocked by a limit",
        "left in peace",
        "expired",
        "superseded",
        "stopped",
        "zone unknown",
        "withdrawn",
        "limited",
        "failed",
        "answered",
        "closed",
        "a guess",
        "replied",
        "kept",
        "promise withdrawn",
        "broken",
        "void",
        "ended",
    ] {
        assert!(seen.get(name).is_some_and(|n| *n >= 3), "too few `{name}` in {seen:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whoever counts what was come by misses nothing: no state is entered untold, nor without a way that led there, and
    /// each part that is told is there.
    #[test]
    fn every_way_is_told(program in programs(), moves in moves(true)) {
        for call in drive(&program, &moves).1 {
            let (mut ways, mut entered) = (0, 0);
            let mut state = None;
            for effect in call.effects {
                match effect {
                    Effect::Took(Took { journey, way }) => {
                        let journey = &program.journeys[journey.index()];
                        let exists = match &way {
                            Way::Start(i) => journey.starts.get(*i).is_some(),
                            Way::State(s) => journey.states.get(s.index()).is_some(),
                            Way::Next(s) => journey.states[s.index()].next.is_some(),
                            Way::Branch(s, i) => {
                                journey.states[s.index()].branch.as_ref().is_some_and(|b| b.ways().get(*i).is_some())
                            }
                            Way::Arrow { state, arrow, past } => {
                                let arrow = &journey.states[state.index()].arrows[*arrow];
                                !*past || matches!(arrow.on, Trigger::At { .. })
                            }
                            Way::Everywhere { arrow, .. } => journey.arrows.get(*arrow).is_some(),
                            Way::Outcome(s, name) => journey.states[s.index()].entry.iter().any(
                                |a| matches!(a, Action::Call(call) if call.outcomes.contains_key(name))
                            ),
                            Way::OnSent(m) | Way::OnBlocked(m) | Way::OnFailed(m) => program.messages.get(m.index()).is_some(),
                            Way::Limit(i) => journey.limits.get(*i).is_some(),
                        };
                        prop_assert!(exists, "{way:?}");
                        match way {
                            Way::State(s) => state = Some(journey.states[s.index()].name.clone()),
                            Way::Next(_) => {}
                            _ => ways += 1,
                        }
                    }
                    Effect::Note(entry) => if let What::Entered { state: name, why } = &entry.what {
                        prop_assert_eq!(state.take(), Some(name.clone()));
                        entered += usize::from(why != "at once");
                    },
                    _ => {}
                }
            }
            prop_assert!(entered <= ways, "{entered} entered, {ways} ways told");
        }
    }
}
