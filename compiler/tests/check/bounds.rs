//! The table of bounds.

use journey_compiler::check::bounds::{Bound, Kind, Scope, message_bounds, proven};
use journey_spec::program::{Channel, DAY, HOUR};

use super::{compiled, journey};

fn table(lines: &str, policy: &str) -> Vec<Bound> {
    let text = journey(lines).replace("policy house {", &format!("policy house {{ {policy} "));
    let found = compiled(&text);
    message_bounds(found.program.as_ref().unwrap())
}

fn customer(lines: &str, policy: &str, channel: Option<Channel>, window: i64) -> Option<u64> {
    let table = table(lines, policy);
    table
        .iter()
        .find(|b| b.scope == Scope::Customer && b.channel == channel && b.window == Some(window))
        .unwrap()
        .at_most
}

fn instance(lines: &str, window: Option<i64>) -> Option<u64> {
    let table = table(lines, "");
    table.iter().find(|b| b.scope != Scope::Customer && b.channel.is_none() && b.window == window).unwrap().at_most
}

const LOOP: &str = "state first { on moved(booking) -> a after 9d -> done } state a { send note -> first }";

#[test]
fn a_policy_bounds_the_customer() {
    assert_eq!(customer(LOOP, "limit messages to 6 per 24h else latest", None, DAY), Some(6));
    assert_eq!(customer(LOOP, "limit messages to 6 per 24h else latest", None, HOUR), Some(6));
    assert_eq!(customer(LOOP, "limit messages to 6 per 24h else latest", None, 7 * DAY), Some(42));
    assert_eq!(customer(LOOP, "limit sms to 2 per 7d else skip", None, 30 * DAY), Some(10));
    // Around midnight, and on the day that has 23 hours.
    assert_eq!(customer(LOOP, "limit sms to 2 per day else skip", None, HOUR), Some(4));
    assert_eq!(customer(LOOP, "limit sms to 2 per day else skip", None, DAY), Some(6));
    assert_eq!(customer(LOOP, "limit sms to 2 per month else skip", None, 30 * DAY), Some(6));
    assert_eq!(customer(LOOP, "limit email to 2 per 7d else skip", None, DAY), None);
    assert_eq!(customer(LOOP, "limit sms to 2 per 7d per booking.id else skip", None, DAY), None);
    let both = "state first { on moved(booking) stay { send both } after 9d -> done }";
    assert_eq!(
        customer(both, "limit sms to 2 per 24h else skip limit email to 3 per 24h else skip", None, DAY),
        Some(5)
    );
    assert_eq!(customer(both, "limit sms to 2 per 24h else skip", Some(Channel::Sms), DAY), Some(2));
    assert_eq!(customer(both, "limit sms to 2 per 24h else skip", None, DAY), None);
}

#[test]
fn essential_messages_add_to_what_limits_let_through() {
    let lines = "limit starts to 1 per 30d else skip limit live to 1 else skip
        state first { on moved(booking) stay { send note } after 9d -> b } state b { send vital after 1d -> done }";
    // Six by the policy, and one of each of at most two instances: one that lives already, one that begins.
    assert_eq!(customer(lines, "limit messages to 6 per 24h else latest", None, DAY), Some(8));
}

#[test]
fn an_instance_gets_no_more_through_than_the_policy_lets_its_customer_have() {
    let one = |lines: &str, policy: &str, channel: Option<Channel>, window| {
        let row = table(lines, policy)
            .into_iter()
            .find(|b| b.scope != Scope::Customer && b.channel == channel && b.window == window);
        row.map(|b| (b.at_most, b.by)).unwrap()
    };
    let lines = format!("limit visits a to 99 per 24h else -> done {LOOP}");
    let six = "limit messages to 6 per 24h else latest";
    assert_eq!(one(&lines, six, None, Some(7 * DAY)), (Some(42), "`limit messages to 6 per 24h`".into()));
    assert_eq!(one(&lines, six, Some(Channel::Sms), Some(DAY)).0, Some(6));
    assert_eq!(one(&lines, "limit messages to 6 per 24h per booking.id else skip", None, Some(DAY)).0, Some(100));
    // The whole life has any number of windows.
    assert_eq!(one(LOOP, six, None, None).0, None);
    assert_eq!(one(LOOP, six, None, Some(DAY)).0, Some(6));
    // The smaller of both, and what is essential comes on top.
    assert_eq!(one("limit visits a to 2 else -> done state first { on moved(booking) -> a after 9d -> done } state a { send note -> first }", six, None, Some(DAY)).0, Some(2));
    let vital =
        "state first { on moved(booking) stay { send note } after 9d -> b } state b { send vital after 1d -> done }";
    assert_eq!(one(vital, six, None, Some(DAY)).0, Some(7));
}

#[test]
fn the_shape_bounds_an_instance() {
    assert_eq!(instance(LOOP, Some(DAY)), None);
    assert_eq!(instance(&format!("limit visits a to 3 else -> done {LOOP}"), None), Some(3));
    // Three are decided within the window, and one may have waited for it to begin: what waits is withdrawn on the next.
    assert_eq!(instance(&format!("limit visits a to 3 per 24h else -> done {LOOP}"), Some(DAY)), Some(4));
    assert_eq!(instance(&format!("limit messages to 3 per 24h else skip {LOOP}"), Some(DAY)), Some(3));
    assert_eq!(
        instance("state first { send note after 1d -> b } state b { send note after 1d -> done }", None),
        Some(2)
    );
    // Every six hours, and what waited until just before the first of them.
    assert_eq!(instance("state first { send note after 6h -> first on ping -> done }", Some(DAY)), Some(5));
    // Instants that come once each bring it back once more: here it can be entered three times.
    let thrice = "state first { send note  at booking.slot - 3d -> wait, if past -> second }
        state second { send note  at booking.slot - 2d -> wait, if past -> done }
        state wait { on ping -> first  after 9d -> done }";
    assert!(instance(thrice, None).is_some_and(|n| n >= 3));
}

#[test]
fn a_limited_intake_bounds_what_its_event_brings() {
    let back = "state first { send note on spike(booking) -> first after 9d -> done }";
    // Two spikes in 24 h, and what waited when the window began.
    assert_eq!(instance(back, Some(DAY)), Some(3));
    assert_eq!(instance(back, None), None);
    let stay = "state first { on spike(booking) stay { send note } after 9d -> done }";
    assert_eq!(instance(stay, Some(DAY)), Some(4));
    let settled = "state first { send note on spike(booking) settle 15m -> first after 9d -> done }";
    assert_eq!(instance(settled, Some(DAY)), Some(5));
}

#[test]
fn what_another_journey_sends_is_not_an_instances() {
    let one = "limit live to 1 else skip";
    let first = journey(&format!("{one} {} state first {{ send note  after 1d -> done }}", super::CALM));
    let second = format!(
        "journey later for customer per booking.id {{ data booking: Booking {one} {}
        start on created(booking) -> first  state first {{ send other  after 1h -> again }}
        state again {{ send other  after 1d -> done }} end done as success }}",
        super::CALM
    );
    // Both begin with the same event, so the day of one shows what the other sends too.
    let found = compiled(&format!("{first}\n{second}"));
    let proof = proven(found.program.as_ref().unwrap());
    let rows: Vec<_> =
        proof.bounds.iter().filter(|b| b.scope != Scope::Customer && (b.channel, b.purpose) == (None, None)).collect();
    assert!(!rows.is_empty());
    for bound in rows {
        let most = if bound.subject.contains("`visit`") { 1 } else { 2 };
        assert_eq!((bound.at_most, bound.attained, bound.kind), (Some(most), Some(most), Kind::Exact), "{bound:?}");
    }
}

/// Reminders that hang on one instant, which nothing moves.
const REMINDERS: &str = "
    state first { at booking.slot - 7d -> a, if past -> later } state a { send note -> later }
    state later { at booking.slot - 1d -> b, if past -> last } state b { send note -> last }
    state last { at booking.slot - 2h -> c, if past -> done } state c { send note -> done }";

#[test]
fn reminders_before_one_instant_come_so_far_apart() {
    let most = |window| instance(REMINDERS, Some(window));
    // The last two come 22 hours apart, of which the policy's grace may take a quarter.
    assert_eq!([HOUR, DAY, 7 * DAY].map(most), [Some(1), Some(2), Some(3)]);
    // News may put the instant anywhere.
    let moves = REMINDERS.replace("state last {", "state last { on moved(booking) stay");
    assert_eq!(instance(&moves, Some(HOUR)), Some(2));
    // And so may waiting elsewhere meanwhile.
    let waits = REMINDERS.replace("state b { send note -> last }", "state b { send note after 1h -> last }");
    assert_eq!(instance(&waits, Some(HOUR)), Some(2));
}

#[test]
fn five_hundred_limits_are_some_limits() {
    let limits: String =
        (0..500).map(|i| format!("limit messages to {} per {}m else latest\n", 50 + i, 200 + i)).collect();
    let table = table(LOOP, &limits);
    let windows: std::collections::BTreeSet<_> = table.iter().map(|b| b.window).collect();
    // The four that are always asked for, twelve that limits name, and the whole life.
    assert_eq!(windows.len(), 17);
    let customer = |window| {
        table.iter().find(|b| b.scope == Scope::Customer && b.channel.is_none() && b.window == window).unwrap().at_most
    };
    // 56 per 206m, of which seven fit: the least of them all.
    assert_eq!(customer(Some(DAY)), Some(56 * 7));
}

#[test]
fn days_of_the_calendar_are_reached_by_the_real_step() {
    let lines = |first: &str, second: &str| {
        format!(
            "limit starts to 1 per 30d else skip  limit live to 1 else skip
             state first {{ at {first} -> eve, if past -> done }}
             state eve {{ send note  at {second} -> day, if past -> done }}  state day {{ send other  after 1d -> done }}"
        )
    };
    for (first, second) in [
        ("booking.slot - 3 days at 10:00", "booking.slot - 0 days at 08:00"),
        ("booking.slot - 1 day at 18:00", "booking.slot - 2h"),
        ("booking.slot - 1d", "booking.slot - 0 days at 20:30"),
    ] {
        let found = compiled(&journey(&lines(first, second)));
        let proof = proven(found.program.as_ref().unwrap());
        let bound =
            proof.bounds.iter().find(|b| b.scope != Scope::Customer && b.channel.is_none() && b.window.is_none());
        let bound = bound.unwrap();
        assert_eq!((bound.at_most, bound.attained, bound.kind), (Some(2), Some(2), Kind::Exact), "{first} {second}");
    }
}

/// The examples, as they lie in their folder.
struct Examples;

impl journey_compiler::source::Sources for Examples {
    #[allow(clippy::disallowed_methods, reason = "the examples are read from the disk")]
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
        std::fs::read(root.join(path)).map_err(|e| e.to_string())
    }
}

#[test]
fn no_window_of_an_instance_holds_more_than_its_whole_life() {
    // Many counters: those that are left out for a window are not all left out for the whole life.
    let roots = ["itinerary-change/itinerary-change.journey".to_owned()];
    let found = journey_compiler::compile(&roots, &Examples);
    let table = message_bounds(found.program.as_ref().unwrap());
    let mut capped = 0;
    for bound in table.iter().filter(|b| b.scope != Scope::Customer && b.window.is_some()) {
        let same = |b: &&Bound| b.scope == bound.scope && b.subject == bound.subject && b.window.is_none();
        let Some(whole) = table.iter().find(same).unwrap().at_most else { continue };
        assert!(bound.at_most.is_some_and(|n| n <= whole), "{bound:?} of {whole}");
        capped += 1;
    }
    assert!(capped > 0);
}
