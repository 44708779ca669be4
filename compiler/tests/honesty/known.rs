//! Journeys whose bounds are delicate, each with what the adversary has to find out about it.

use journey_compiler::check::bounds::{Scope, proven_of};
use journey_spec::program::JourneyId;

use super::adversary::{Adversary, LONGEST};
use super::compare::{self, Report};
use super::journeys::{Journey, Part, State};
use super::world::{MIDNIGHT, Setting, TICK};

/// States, each with its entry and its arrows.
type States<'a> = &'a [(&'a [&'a str], &'a [&'a str])];

fn journey(policy: &[&str], limits: &[&str], states: States<'_>, parts: &[Part]) -> Journey {
    let lines = |all: &[&str]| all.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    Journey {
        policy: lines(policy),
        limits: lines(limits),
        states: states.iter().map(|(e, a)| State { entry: lines(e), arrows: lines(a) }).collect(),
        parts: parts.iter().copied().collect(),
        setting: Setting { begins: MIDNIGHT, ..Setting::default() },
        ..Journey::default()
    }
}

/// A journey is tried hard: so many messages leave, and no bound says less.
fn tried(policy: &[&str], limits: &[&str], states: States<'_>, parts: &[Part], leave: [u64; LONGEST]) {
    let journey = journey(policy, limits, states, parts);
    let program = compare::compiled(&journey.plain()).unwrap();
    let found = Adversary::new(&program, &journey, 3, 4_000).found(0, 0);
    assert_eq!(found.most.instance[0][0], leave, "what the adversary lets leave in 1, 2, … ticks");
    let mut report = Report::default();
    (0..4).for_each(|seed| report.held(&journey, &program, &found, seed));
    assert!(report.passed.is_empty(), "{}", report.passed.concat());
}

#[test]
fn a_step_that_waited_uses_up_no_place_of_the_window() {
    // Both messages of one step wait until the pause ends, so the window begins with them, and b's place in the limit was
    // taken before it: it frees within the window, and b is entered once more.
    tried(
        &["valid for 3h"],
        &["limit visits @1 to 1 per 3h else -> @9"],
        &[(&["send note"], &["-> @1"]), (&["send note"], &["on ping -> @0"])],
        &[Part::Pause],
        [3, 5, 5, 5],
    );
}

#[test]
fn what_settles_is_cut_short_by_a_timer_while_the_instant_lies_ahead() {
    // The `after` takes what settles, so the news' instant is still ahead in the next state and comes there.
    tried(
        &["valid for 1h"],
        &[],
        &[
            (
                &["send note"],
                &["on moved(booking) settle 3h -> @1", "after 1h -> @9", "at booking.slot -> @9, if past -> @9"],
            ),
            (&["send note"], &["at booking.slot -> @2, if past -> @9", "after 4h -> @9"]),
            (&["send note", "send other"], &["after 1h -> @9"]),
        ],
        &[Part::Pause],
        [2, 3, 4, 4],
    );
}

#[test]
fn an_answer_that_a_limit_refuses_leaves_the_state_to_its_timer() {
    // The call is over, so its `failed` does not come at the deadline, and the `after` is reached.
    tried(
        &["valid for 1h"],
        &["limit visits @0 to 1 per 2h else skip"],
        &[
            (&["call lookup(booking.id) within 1h { done -> @0  failed -> @9 }"], &["after 2h -> @1"]),
            (&["send note"], &["after 1h -> @9"]),
        ],
        &[],
        [1, 1, 1, 1],
    );
}

#[test]
fn two_timers_of_one_instant_are_two_where_the_first_one_stays() {
    // What happens at an instant and stays does not use up the other arrow of that instant.
    tried(
        &["valid for 1h"],
        &[],
        &[
            (&[], &["at booking.slot stay { send note }, if past -> @9", "at booking.slot -> @1, if past -> @9"]),
            (&["send other"], &["after 4h -> @9"]),
        ],
        &[],
        [2, 2, 2, 2],
    );
}

#[test]
fn an_instant_that_is_past_leads_nowhere_where_a_limit_refuses() {
    // The visit before the window has used up the limit, so the arrow of the past instant is dropped and the timer runs.
    tried(
        &["valid for 1h"],
        &["limit visits @2 to 1 per 4h else skip"],
        &[
            (&[], &["at booking.slot -> @1, if past -> @1"]),
            (&["send note"], &["at booking.slot -> @9, if past -> @2", "after 1h -> @3"]),
            (&[], &["after 1h -> @1"]),
            (&["send other", "send other"], &["after 4h -> @9"]),
        ],
        &[],
        [2, 3, 4, 4],
    );
}

#[test]
fn windows_of_one_model_count_alike_what_came_before_them() {
    // What waited may have come two hours before the window, what settles three: windows of two and of four hours hold the
    // same of the longer time, and not of the shorter one.
    let states: States<'_> =
        &[(&["send other"], &["on spike stay { send other }", "on moved(booking) settle 3h -> @0", "after 1h -> @0"])];
    let mut journey = journey(&["valid for 2h"], &[], states, &[Part::Pause, Part::Intake]);
    journey.spike = "at most 2 per 4h else dead letter".into();
    let program = compare::compiled(&journey.plain()).unwrap();
    let instance = Scope::Instance(JourneyId(0));
    let most = |asked: &[_]| {
        let bounds = proven_of(&program, asked).bounds.into_iter().filter(|b| b.channel.is_none());
        bounds.map(|b| b.at_most).collect::<Vec<_>>()
    };
    let windows = [1, 2, 3, 4].map(|ticks| (instance, Some(ticks * TICK)));
    assert_eq!(most(&windows), windows.map(|asked| most(&[asked])).concat(), "together, and each alone");
    assert_eq!(most(&windows), [Some(4), Some(5), Some(8), Some(9)]);
}

#[test]
fn what_a_visit_sends_at_any_time_is_sent_once_more_than_the_state_is_entered() {
    // The visit that is under way as the window begins has still to send, and the next one sends at once.
    tried(
        &["valid for 1h"],
        &["limit visits @0 to 1 per 3h else -> @9"],
        &[(&["send mail { on failed stay { send note } }"], &["after 3h -> @0"])],
        &[],
        [2, 3, 3, 4],
    );
}

#[test]
fn a_visit_that_waited_uses_up_no_place_of_the_window() {
    // Its state was entered before the window, so within it the limit lets two more in.
    tried(
        &["valid for 3h"],
        &["limit visits @0 to 1 per 2h else skip"],
        &[(&["send note"], &["on ping -> @0", "after 9h -> @9"])],
        &[Part::Pause],
        [2, 2, 3, 3],
    );
}

#[test]
fn an_instant_that_comes_too_late_leads_to_where_it_is_past() {
    // The engine is away when the second instant comes, an hour after the first: then it counts as past, and leads on.
    tried(
        &["valid for 2h"],
        &[],
        &[
            (&["send other"], &["at booking.slot -> @1, if past -> @9"]),
            (&[], &["at booking.slot + 1h -> @9, if past -> @2", "after 4h -> @9"]),
            (&["send other"], &["-> @9"]),
        ],
        &[],
        [1, 1, 1, 2],
    );
}

#[test]
fn what_follows_from_an_undelivered_message_is_held_back_by_limits_too() {
    // The mail does not arrive, the text that says so is one too many, and the limit leads back to the mail: at once.
    tried(
        &["valid for 1h"],
        &["limit sms to 1 per 4h else -> @0"],
        &[(&["send mail { on failed stay { send note } }"], &["after 1h -> @1"]), (&["send note"], &["on ping -> @9"])],
        &[Part::Undelivered, Part::Own, Part::Channels],
        [4, 7, 9, 9],
    );
}

#[test]
fn what_an_event_silenced_is_heard_as_blocked() {
    // Nobody said STOP, nothing is full and nobody sleeps: only by the event's quiet time is the second message blocked, and
    // that is how the state with two more is come to.
    tried(
        &["valid for 1h", "quiet 2h after talked per booking.id for service sms else skip"],
        &[],
        &[
            (&["send note"], &["on blocked -> @1", "after 3h -> @9"]),
            (&["send mail", "send vital", "send vital"], &["after 4h -> @9"]),
        ],
        &[Part::Peace],
        [3, 3, 3, 3],
    );
}
