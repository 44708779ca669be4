//! J0501 and J0502: promises.

use super::{NONE, calm, said};

/// A journey that promises in `first`, and these lines; `vital` keeps and withdraws, being essential.
fn promised(by: &str, first: &str, rest: &str) -> Vec<&'static str> {
    calm(&format!("state first {{ send note promising word {by} {first} }} {rest}"))
}

const KEEP: &str = "state keep { send vital keeping word after 1h -> done }";
const BY: &str = "by booking.slot - 20m";

#[test]
fn an_instant_in_time_keeps_it() {
    for (at, codes) in [("25m", &NONE[..]), ("20m", &NONE[..]), ("19m", &["J0501"][..])] {
        let first = format!("on ping -> keep  at booking.slot - {at} -> keep, if past -> keep");
        assert_eq!(promised(BY, &first, KEEP), codes, "{at}");
    }
    // What counts from entering says nothing of T.
    assert_eq!(promised(BY, "on ping -> keep  after 5m -> keep", KEEP), ["J0501"]);
    // Where it is past, somebody has to speak too.
    assert_eq!(promised(BY, "after 9d -> done  at booking.slot - 25m -> keep, if past stay", KEEP), ["J0501"]);
}

#[test]
fn every_path_is_followed() {
    let first = "on ping -> quiet  at booking.slot - 25m -> keep, if past -> keep";
    let quiet = |wait: &str| format!("{KEEP} state quiet {{ {wait} }}");
    assert_eq!(promised(BY, first, &quiet("after 1h -> keep")), ["J0501"]);
    assert_eq!(promised(BY, first, &quiet("at booking.slot - 22m -> keep, if past -> keep")), NONE);
    let over = "on ping -> done  at booking.slot - 25m -> keep, if past -> keep";
    assert_eq!(promised(BY, over, KEEP), ["J0501"]);
    // An arrow of the journey leads away.
    let away = format!("on moved(booking) -> away  {KEEP} state away {{ after 1h -> done }}");
    let held = "at booking.slot - 25m -> keep, if past -> keep";
    assert_eq!(promised(BY, held, &away), ["J0501"]);
    // So does a limit, once what it counts can have happened before; else it leads nowhere.
    let away = "limit visits keep to 1 else -> away state away { after 1h -> done }";
    assert_eq!(promised(BY, held, &format!("{KEEP} {away}")), ["J0301"]);
    let again = "state keep { send vital keeping word  on ping -> first  after 1h -> done }";
    assert_eq!(promised(BY, held, &format!("{again} {away}")), ["J0501"]);
    let refused = format!("limit visits keep to 1 else skip {KEEP}");
    assert!(promised(BY, held, &refused).contains(&"J0501"));
}

#[test]
fn withdrawing_is_keeping() {
    let rest = "state keep { send vital withdrawing word after 1h -> done }";
    assert_eq!(promised(BY, "at booking.slot - 25m -> keep, if past -> keep", rest), NONE);
    assert_eq!(
        calm("state first { send note promising word by booking.slot  send vital keeping word  after 1h -> done }"),
        NONE
    );
}

#[test]
fn within_a_time_the_longest_way_counts() {
    assert_eq!(promised("within 3h", "after 2h -> keep", KEEP), NONE);
    assert_eq!(promised("within 3h", "after 4h -> keep", KEEP), ["J0501"]);
    let two = format!("{KEEP} state second {{ after 2h -> keep }}");
    assert_eq!(promised("within 3h", "on ping -> second  after 2h -> keep", &two), ["J0501"]);
    assert_eq!(promised("within 4h", "on ping -> second  after 2h -> keep", &two), NONE);
    // Each event begins the wait anew.
    let round = format!(
        "{KEEP} state second {{ on ping -> third after 1h -> keep }} state third {{ on ping -> second after 1h -> keep }}"
    );
    assert_eq!(promised("within 9h", "on ping -> second  after 1h -> keep", &round), ["J0501"]);
    assert!(promised("within 3h", "on ping -> keep", KEEP).contains(&"J0501"));
}

#[test]
fn the_story_says_that_the_feed_goes_silent() {
    let lines = format!("{} state first {{ send note promising word {BY} on ping -> keep }} {KEEP}", super::CALM);
    let text = said(&lines, "J0501");
    assert!(
        text.contains("created → first ✉ (`word` promised); the feed goes silent, booking.slot - 20m passes"),
        "{text}"
    );
    assert!(text.contains("at booking.slot - 25m -> keep, if past -> keep"), "{text}");
}

#[test]
fn what_keeps_it_cannot_be_held_back() {
    let text = super::journey(&format!(
        "{} state first {{ send note promising word {BY} at booking.slot - 25m -> keep, if past -> keep }}
         state keep {{ send other keeping word after 1h -> done }}",
        super::CALM
    ));
    assert_eq!(super::of(&text), NONE);
    let quiet = |rule: &str| super::of(&text.replace("policy house {", &format!("policy house {{ {rule} ")));
    assert_eq!(quiet("quiet 21:00 to 08:00 else defer"), ["J0501"]);
    assert_eq!(quiet("quiet 21:00 to 08:00 for marketing else defer"), NONE);
    assert_eq!(quiet("limit sms to 6 per 24h else latest"), ["J0501"]);
    assert_eq!(quiet("limit email to 6 per 24h else latest"), NONE);
}

#[test]
fn a_promise_and_its_keeping_meet() {
    assert_eq!(
        promised(BY, "at booking.slot - 25m -> keep, if past -> keep", "state keep { send vital after 1h -> done }"),
        ["J0502"]
    );
    let before = "state first { send vital keeping word after 1h -> second }
        state second { send note promising word within 1d after 1h -> third } state third { send other withdrawing word after 1h -> done }";
    assert_eq!(calm(before), ["J0502"]);
}
