//! `on sent set`: what the rules make of data that change as a message leaves. J0118, J0225, J0201, J0311.

use super::{CALM, HOUSE, NONE, POLICY};

/// A journey with data of its own beside the booking, with an end to its loops and these states.
fn told(data: &str, takes: &str, states: &str) -> String {
    let event = format!("event created {{ booking: Booking{takes} }}");
    let house = HOUSE.replace("event created { booking: Booking }", &event);
    let names: String = takes.split(',').filter_map(|f| Some(format!(", {}", f.split_once(':')?.0.trim()))).collect();
    format!(
        "{house}{POLICY}journey visit for customer per booking.id {{ data booking: Booking {data}\n\
         {CALM} start on created(booking{names}) -> first {states} end done as success }}"
    )
}

fn codes(data: &str, takes: &str, states: &str) -> Vec<&'static str> {
    let compiled = super::compiled(&told(data, takes, states));
    let mut codes: Vec<_> = compiled.findings.iter().map(|f| f.code.code).filter(|c| *c != "J0103").collect();
    codes.dedup();
    codes
}

#[test]
fn what_only_conditions_and_texts_ask_may_be_set() {
    let states = "state first { send note { on sent set said = booking.slot  on blocked -> done } -> wait }
        state wait { on ping when said is known -> done  after 2d -> done }";
    assert_eq!(codes("data said: instant?", "", states), NONE);
    // Another part of a record than the one that a timer waits for.
    let part = states.replace("set said = booking.slot", "set booking.engineer = \"Ann\"");
    let part = part
        .replace("said is known", "booking.engineer is known")
        .replace("after 2d -> done", "at booking.slot -> done, if past -> done");
    let text = told("", "", &part).replace("slot: instant }", "slot: instant, engineer: text? }");
    let found = super::compiled(&text).findings;
    assert!(found.iter().all(|f| f.code.code == "J0103"), "{found:#?}");
}

#[test]
fn what_an_instant_goes_by_may_not() {
    let data = "data due: instant  data seen: bool?";
    let waits = |rest: &str| {
        let states = format!(
            "state first {{ send note {{ on sent set due = now + 1d }} -> wait }}
             state wait {{ on ping when due > now -> done  {rest}  after 9d -> done }}"
        );
        codes(data, ", due: instant", &states)
    };
    assert_eq!(waits(""), NONE);
    assert_eq!(waits("at due + 1h -> done, if past -> done"), ["J0118"]);
    assert_eq!(waits("at due - 1 day at 09:00 stay, if past stay"), ["J0118"]);
    // A message of the journey that is true until then, and a promise.
    let of = |text: &str| super::compiled(text).findings.iter().filter(|f| f.code.code == "J0118").count();
    let until = "state first { send note { on sent set due = now + 1d }  after 9d -> done }";
    let until = told(data, ", due: instant", until)
        .replace("sms \"Your visit is on {booking.slot:day}.\"", "sms \"Soon.\"  valid until due");
    assert_eq!(of(&until), 1);
    let promise = "state first { send note promising other_word by due { on sent set due = now + 1d }
        at booking.slot -> said, if past -> said } state said { send other keeping other_word  after 1d -> done }";
    assert_eq!(of(&told(data, ", due: instant", promise)), 1);
    // Deep in what follows from another message.
    let deep = "state first { send note { on blocked stay { send other { on sent set due = now } } }
        at due -> done, if past -> done }";
    assert_eq!(of(&told(data, ", due: instant", deep)), 1);
}

#[test]
fn it_bounds_no_loop() {
    // Every round asks for something else to have left: a condition, and none is counted on.
    let round = "state first { send note { on sent set said = booking.slot }
        on moved(booking) when said is missing -> first  after 9d -> done }";
    assert!(codes("data said: instant?", "", round).contains(&"J0201"));
    // A step towards an end that a message may set back, or that no arrow makes.
    let steps = |entry: &str, send: &str| {
        let states = format!(
            "state first {{ {entry}  send note {send}  on ping -> which  after 9d -> done }}
             state which {{ choose {{ when next < ends -> first  else -> done }} }}"
        );
        codes("data next: instant  data ends: instant", ", next: instant, ends: instant", &states)
    };
    let on = "set next = next + 1d";
    assert_eq!(steps(on, ""), ["J0311"]);
    assert_eq!(steps(on, "{ on sent set next = now }"), ["J0201"]);
    assert_eq!(steps(on, "{ on sent set ends = now + 9d }"), ["J0201"]);
    assert_eq!(steps("", "{ on sent set next = next + 1d }"), ["J0201"]);
    // Nor does an instant that a message moves while a condition goes by it.
    let ahead = |send: &str| {
        let states =
            format!("state first {{ send note {send}  after 24h when ends > now -> first  after 25h -> done }}");
        codes("data ends: instant", ", ends: instant", &states)
    };
    assert_eq!(ahead(""), ["J0311"]);
    assert_eq!(ahead("{ on sent set ends = now + 1d }"), ["J0203"]);
}

#[test]
fn a_copy_made_as_a_message_left_is_old_like_any_other() {
    let states = "state first { send note { on sent set due = booking.slot }
        on moved(booking) stay  on ping -> second  after 9d -> done }
        state second { set later = due + 1h  at later -> told, if past -> told }
        state told { send other  after 1d -> done }";
    let data = "data due: instant  data later: instant";
    assert!(codes(data, ", due: instant, later: instant", states).contains(&"J0225"));
    let new = states.replace("on moved(booking) stay", "");
    assert_eq!(codes(data, ", due: instant, later: instant", &new), NONE);
}

#[test]
fn types_and_names_are_those_of_any_set() {
    let of = |set: &str| {
        codes(
            "data said: instant?",
            "",
            &format!("state first {{ send note {{ on sent set {set} }}  after 1d -> done }}"),
        )
    };
    assert_eq!(of("said = \"soon\""), ["J0111"]);
    assert_eq!(of("booking.slot = said"), ["J0113"]);
    assert_eq!(of("booking.id = \"B\""), ["J0118"]);
    assert_eq!(of("customer.zone = \"Europe/London\""), ["J0118"]);
    assert_eq!(of("nothing = now"), ["J0101"]);
    assert_eq!(of("said = missing"), NONE);
}
