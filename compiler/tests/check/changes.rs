//! J0310: changes that a state does not hear.

use super::{NONE, calm, said};

const TOLD: &str = "state told { send note  on moved(booking) stay  after 9d -> done }";
const MOVED: &str = "on moved(booking) stay";

fn desk(hears: &str, on: &str) -> String {
    format!(
        "state first {{ {MOVED}  on ping -> desk  at booking.slot -> told, if past -> told }}
         state desk {{ handoff \"care\"  {hears}  {on}  after 3d -> done }} {TOLD}"
    )
}

#[test]
fn what_is_said_after_a_state_that_does_not_hear_it() {
    assert_eq!(calm(&desk("", "on handoff.closed -> told")), ["J0310"]);
    assert_eq!(calm(&desk(MOVED, "on handoff.closed -> told")), NONE);
    // Nothing is said after it.
    assert_eq!(calm(&desk("", "on handoff.closed -> done")), NONE);
    // An arrow of the journey hears it everywhere.
    assert_eq!(calm(&format!("{MOVED} {}", desk("", "on handoff.closed -> told"))), NONE);
    // On the way it is taken anew.
    assert_eq!(calm(&desk("", "on spike(booking) -> told")), NONE);
    let told = said(&format!("{}{}", super::CALM, desk("", "on handoff.closed -> told")), "J0310");
    assert!(
        told.contains(
            "created → first, then ping → desk; moved comes, and nobody hears it, then handoff.closed → told ✉"
        ),
        "{told}"
    );
    assert!(told.contains("on moved(booking) stay"), "{told}");
}

#[test]
fn what_waits_by_the_old_time() {
    let lines = |hears: &str| {
        calm(&format!(
            "state first {{ {MOVED}  on ping -> soon  after 9d -> done }}
             state soon {{ {hears}  at booking.slot -> done, if past -> done }}"
        ))
    };
    assert_eq!(lines(""), ["J0310"]);
    assert_eq!(lines(MOVED), NONE);
}

#[test]
fn a_milestone_that_carries_the_datum_is_no_change() {
    let lines = |on: &str| {
        calm(&format!(
            "state first {{ on spike(booking) {on} -> second  at booking.slot -> second, if past -> second }}
             state second {{ send note  after 1d -> third }} state third {{ send other  after 1d -> done }}"
        ))
    };
    assert_eq!(lines(""), NONE);
    assert_eq!(lines("settle 5m"), ["J0310"]);
}

#[test]
fn a_state_that_hears_it_under_a_condition_has_decided() {
    let hears = "on moved(booking) when booking.slot > now stay";
    assert_eq!(calm(&desk(hears, "on handoff.closed -> told")), NONE);
}

#[test]
fn data_that_nothing_keeps_current_is_not_missed() {
    assert_eq!(
        calm(
            "state first { send note  on moved -> second  after 9d -> done } state second { send other after 1d -> done }"
        ),
        NONE
    );
}

#[test]
fn a_message_that_waits_when_the_journey_is_over_is_told() {
    let told = |policy: &str, states: &str| {
        let text = super::journey(&format!("{} on moved(booking) stay {states}", super::CALM));
        let text = text.replace("policy house {", &format!("policy house {{ {policy} "));
        super::of(&text).contains(&"J0226")
    };
    let night = "quiet 21:00 to 08:00 else defer";
    let last = "state first { at booking.slot - 1d -> told, if past -> told } state told { send note -> done }";
    assert!(told(night, last));
    assert!(told("limit messages to 3 per 24h else latest", last));
    assert!(told(
        night,
        &last.replace("note -> done", "note -> next").replace("state told", "state next { -> done } state told")
    ));
    // What need not wait, what is dropped, what says nothing of it, and where the journey lives on.
    assert!(!told("", last));
    assert!(!told("quiet 21:00 to 08:00 else skip", last));
    assert!(!told(night, &last.replace("send note", "send ask")));
    assert!(!told(night, &last.replace("send note", "send vital")));
    assert!(!told(night, &last.replace("send note -> done", "send note  after 12h -> done")));
    // A plain arrow brings news too, where the event is heard again after it: what comes once is a milestone.
    let plain = |first: &str| {
        let text = super::journey(&format!("{} {first} state told {{ send note -> done }}", super::CALM));
        super::of(&text.replace("policy house {", &format!("policy house {{ {night} "))).contains(&"J0226")
    };
    let at = "at booking.slot - 1d -> told, if past -> told";
    assert!(plain(&format!(
        "state first {{ {at}  on moved(booking) -> other }} state other {{ send other -> first }}"
    )));
    assert!(plain(&format!(
        "state first {{ {at}  on moved(booking) -> other }} state other {{ {at}  on moved(booking) -> told }}"
    )));
    assert!(!plain(&format!("state first {{ {at}  on moved(booking) -> other }} state other {{ {at} }}")));
    assert!(!plain(&format!("state first {{ {at}  on moved -> other }} state other {{ send other -> first }}")));
    // A datum of which no event tells news.
    let text = super::journey(&format!("{} {last}", super::CALM))
        .replace("policy house {", &format!("policy house {{ {night} "));
    assert!(!super::of(&text).contains(&"J0226"));
}
