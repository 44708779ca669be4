//! J0208 and J0209: limits that lead nowhere, and limits that never act. J0127: calendars without a zone.

use super::{CALM, HOUSE, NONE, POLICY, calm, codes, of, said};

const HEARD: &str = "on reply stay { handoff \"care\" with transcript }";
const SLOW: &str = "state first { send note after 1d -> done }";

fn with(limits: &str, states: &str) -> Vec<&'static str> {
    codes(&format!("{limits} {HEARD} {states}"))
}

#[test]
fn a_start_that_is_led_where_it_goes_anyway_is_told() {
    let bound = "limit starts to 3 per 30d else skip";
    assert_eq!(with(&format!("{bound} limit live to 2 else -> first"), SLOW), ["J0208"]);
    let desk = format!("{SLOW} state desk {{ handoff \"care\" after 1d -> done }}");
    assert_eq!(with(&format!("{bound} limit live to 2 else -> desk"), &desk), NONE);
}

#[test]
fn a_message_limit_that_leads_back_to_its_only_sender_is_told() {
    let lines = |to: &str| {
        calm(&format!(
            "limit messages to 3 per 24h else -> {to}
             state first {{ on moved(booking) stay {{ send note }}  after 9d -> done }}
             state desk {{ handoff \"care\"  on moved(booking) stay  after 1d -> done }}"
        ))
    };
    assert_eq!(lines("first"), ["J0208", "J0301"]);
    assert_eq!(lines("desk"), NONE);
}

#[test]
fn a_limit_that_can_never_be_full_is_told() {
    let bound = "limit starts to 3 per 30d else skip";
    let back = "state first { send note on moved(booking) -> first after 9d -> done }";
    for (limits, states, told) in [
        ("limit visits first to 5 else -> done", SLOW, &["J0209"][..]),
        ("limit visits first to 5 per customer else -> done", SLOW, &NONE[..]),
        ("limit visits first to 5 per 7d else -> done", back, &NONE[..]),
        // A stricter one that counts all that it counts.
        ("limit visits first to 9 per 7d else skip limit visits first to 50 per 7d else -> done", back, &["J0209"][..]),
        ("limit visits first to 9 per 24h else skip limit visits first to 20 per 7d else -> done", back, &NONE[..]),
        // Around midnight six of them, and nine on the day that has 23 hours.
        ("limit messages to 3 per day else latest limit messages to 6 per 24h else latest", back, &["J0218"][..]),
        (
            "limit messages to 3 per day else latest limit messages to 10 per 24h else latest",
            back,
            &["J0209", "J0218"][..],
        ),
        ("limit messages to 3 per 24h else latest limit sms to 9 per 24h else latest", back, &["J0209"][..]),
        ("limit sms to 3 per 24h else latest limit messages to 9 per 24h else latest", back, &NONE[..]),
        (
            "limit messages to 3 per 24h else latest limit messages to 9 per 24h per customer else latest",
            back,
            &NONE[..],
        ),
        // What is sent by no such channel, and what passes every limit.
        ("limit messages to 3 per 24h else latest limit voice to 3 per 24h else latest", back, &["J0209"][..]),
        ("limit messages to 3 per 24h else latest", "state first { send vital after 1d -> done }", &["J0209"][..]),
        // Starts in a whole life.
        ("limit starts to 2 else skip limit live to 3 else skip", SLOW, &["J0209"][..]),
    ] {
        assert_eq!(with(&format!("{bound} {limits}"), states), told, "{limits}");
    }
    assert!(
        said(&format!("{bound} limit visits first to 5 else -> done {HEARD} {SLOW}"), "J0209").contains("once at most")
    );
}

#[test]
fn the_policys_limits_are_held_against_each_other() {
    let policy = |limits: &str| {
        // Essential messages are counted and pass, so where there are any, every limit may be full.
        let text = super::journey(&format!("{CALM} {SLOW}"));
        let text: String = text.lines().filter(|l| !l.contains("message vital")).map(|l| format!("{l}\n")).collect();
        of(&text.replace(POLICY, &format!("policy house {{ {limits} after the end, replies -> handoff \"care\" }}\n")))
    };
    assert_eq!(policy("limit messages to 6 per 24h else latest limit messages to 100 per 24h else skip"), ["J0209"]);
    assert_eq!(policy("limit messages to 6 per 24h else latest limit messages to 30 per 7d else skip"), NONE);
    // One for each key says nothing of all.
    assert_eq!(
        policy("limit messages to 6 per 24h per booking.id else latest limit messages to 100 per 24h else skip"),
        NONE
    );
    // A policy is shared by many: what nobody here sends may be sent elsewhere.
    assert_eq!(policy("limit voice to 1 per 7d else skip"), NONE);
}

#[test]
fn a_calendar_needs_a_zone() {
    let lines = |lines: &str| {
        let text = super::journey(&format!("{CALM} {lines}"));
        (of(&text), of(&text.replace(HOUSE, &HOUSE.replace("  zone: zone }", " }"))))
    };
    for line in [
        "state first { send note after 1 day at 09:00 -> done }",
        "limit messages to 3 per day else skip state first { send note after 1d -> done }",
        "state first { send note at booking.slot - 1 day at 09:00 -> done, if past -> done }",
    ] {
        assert_eq!(lines(line), (NONE.to_vec(), vec!["J0127"]), "{line}");
    }
    assert_eq!(lines(SLOW).1, NONE);
}

#[test]
fn a_limit_of_each_instance_is_told_where_nothing_counts_the_customer() {
    let told = |policy: &str, limits: &str| {
        let text = super::journey(&format!("{HEARD} {limits} {OFTEN}"));
        let compiled = super::compiled(&text.replace("policy house {", &format!("policy house {{ {policy} ")));
        compiled.findings.into_iter().find(|f| f.code.code == "J0223").map(|f| f.message)
    };
    const OFTEN: &str = "state first { send note  on moved(booking) settle 10m -> first  after 9d -> done }";
    let three = "limit live to 3 else skip limit starts to 3 per 30d else skip";
    let text = told("", &format!("{three} limit messages to 3 per 24h else latest")).unwrap();
    assert!(text.starts_with("one customer with 3 `visit` can get up to 9 messages in 24h"), "{text}");
    assert!(told("", &format!("{three} limit messages to 3 per day else latest")).is_some());
    // Counted together, by the journey or by the house; and where there is one, or no number is known.
    assert_eq!(told("", &format!("{three} limit messages to 3 per 24h per customer else latest")), None);
    assert_eq!(
        told("limit messages to 9 per 7d else latest", &format!("{three} limit messages to 3 per 24h else latest")),
        None
    );
    assert_eq!(
        told(
            "limit service messages to 9 per 7d else latest",
            &format!("{three} limit messages to 3 per 24h else latest")
        ),
        None
    );
    assert!(
        told("limit voice to 9 per 7d else latest", &format!("{three} limit messages to 3 per 24h else latest"))
            .is_some()
    );
    assert_eq!(told("", "limit starts to 1 else skip limit messages to 3 per 24h else latest"), None);
    assert_eq!(told("", "limit starts to 3 per 30d else skip limit messages to 3 per 24h else latest"), None);
    // Of which all instances together do not come to so many.
    let seldom = format!("{HEARD} {three} limit messages to 9 per 24h else latest {SLOW}");
    assert!(!super::codes(&seldom).contains(&"J0223"));
}
