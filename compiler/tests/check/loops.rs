//! J0201 to J0204 and J0206: loops.

use super::{NONE, calm, codes, said};

const BACK: &str = "state first { send note -> wait }  state again { send note -> wait }";

#[test]
fn an_event_that_sends_and_comes_back_is_told() {
    assert_eq!(calm(&format!("{BACK} state wait {{ on moved(booking) -> again  after 9d -> done }}")), ["J0201"]);
}

#[test]
fn an_event_of_which_so_many_are_taken_in_bounds_its_loop() {
    let wait = |on: &str| format!("{BACK} state wait {{ on {on} -> again  after 9d -> done }}");
    assert_eq!(calm(&wait("spike(booking)")), NONE);
    assert_eq!(calm(&wait("spike(booking) settle 15m")), NONE);
    // The other way round is still there.
    assert_eq!(calm(&wait("spike(booking) -> again  on moved(booking)")), ["J0201"]);
    assert_eq!(calm("state first { on spike(booking) stay { send note }  after 9d -> done }"), NONE);
    // What it starts goes on by itself.
    let timer = "state first { on spike -> again  after 9d -> done } state again { send note  after 1h -> again }";
    assert!(calm(timer).contains(&"J0203"));
}

#[test]
fn a_wait_of_days_that_comes_back_is_told_with_its_pace() {
    let lines = "state first { send note  after 1 day at 09:00 -> first  on ping -> done }";
    assert_eq!(calm(lines), ["J0203"]);
    assert!(said(&format!("{}{lines}", super::CALM), "J0203").contains("one every 24h"));
}

#[test]
fn an_instant_of_the_calendar_moves_with_the_customer() {
    // A fixed instant is reached once; one that goes by the customer's zone again whenever that changes.
    let at = |at: &str| {
        calm(&format!(
            "state first {{ send note  at {at} -> wait, if past -> desk }}
             state wait {{ on ping -> first  after 9d -> done }}
             state desk {{ handoff \"care\"  after 3d -> done }}"
        ))
    };
    assert_eq!(at("booking.slot - 1d"), NONE);
    assert_eq!(at("booking.slot - 1 day at 09:00"), ["J0201"]);
}

#[test]
fn a_limit_on_visits_bounds_it_whatever_its_fate() {
    for fate in ["skip", "end", "handoff \"care\"", "-> done", "-> desk"] {
        let lines = format!(
            "limit visits again to 3 per 7d else {fate} {BACK}
             state wait {{ on moved(booking) -> again  after 9d -> desk }}
             state desk {{ handoff \"care\"  on moved(booking) stay  after 1d -> done }}"
        );
        assert_eq!(calm(&lines), NONE, "{fate}");
    }
}

#[test]
fn a_redirect_into_another_loop_is_told() {
    let lines = format!(
        "limit visits again to 3 per 7d else -> third {BACK} state third {{ send other -> wait }}
         state wait {{ on moved(booking) -> again  after 9d -> done }}"
    );
    assert_eq!(calm(&lines), ["J0201"]);
    assert!(said(&format!("{}{lines}", super::CALM), "J0201").contains("third ✉"));
}

#[test]
fn a_stay_that_sends_is_a_loop_of_its_trigger() {
    let stay = |on: &str| calm(&format!("state first {{ on {on} stay {{ send note }}  after 9d -> done }}"));
    assert_eq!(stay("moved(booking)"), ["J0201"]);
    assert_eq!(stay("moved"), ["J0201"]);
    // Once in a visit.
    assert_eq!(stay("after 1d").iter().filter(|c| c.starts_with("J02")).count(), 0);
    let reply = codes(
        "limit starts to 3 per 30d else skip  on reply stay { send ask }
         state first { send ask  after 9d -> desk } state desk { handoff \"care\" after 1d -> done }",
    );
    assert_eq!(reply, ["J0202"]);
}

#[test]
fn a_limit_on_the_messages_of_the_journey_bounds_it_if_it_counts_every_channel() {
    let with = |limit: &str, message: &str| {
        calm(&format!(
            "limit {limit} to 3 per 7d else latest
             state first {{ on moved(booking) stay {{ send {message} }}  after 9d -> done }}"
        ))
    };
    assert_eq!(with("messages", "both"), NONE);
    assert_eq!(with("marketing messages", "both"), NONE);
    assert_eq!(with("sms", "note"), NONE);
    assert_eq!(with("sms", "both"), ["J0201"]);
    // It counts nothing that is sent, and that is told, too.
    assert_eq!(with("service messages", "both"), ["J0201", "J0209"]);
    // Essential messages pass every limit.
    assert!(with("messages", "vital").contains(&"J0201"));
}

#[test]
fn a_settle_gives_a_rate_and_a_timer_beside_it_takes_that_away() {
    let lines =
        |timer: &str| format!("{} {BACK} state wait {{ on moved(booking) settle 15m -> again  {timer} }}", super::CALM);
    let slow = said(&lines("after 9d -> done"), "J0201");
    assert!(slow.contains("one every 15m, 96 a day"), "{slow}");
    let fast = said(&lines("at booking.slot -> done, if past -> done"), "J0201");
    assert!(fast.contains("no settle slows it down"), "{fast}");
    let timer = said(&lines("after 5m -> done"), "J0201");
    assert!(timer.contains("one every 5m, 288 a day"), "{timer}");
}

#[test]
fn replies_timers_and_failures_are_told_apart() {
    assert_eq!(
        calm("on reply yes -> first  state first { send ask -> wait } state wait { after 9d -> done }"),
        ["J0202"]
    );
    assert_eq!(calm("state first { send note  after 24h -> first  on ping -> done }"), ["J0203"]);
    let (a, b) = ("state first { send note on failed -> second after 9d -> done }", "after 9d -> done }");
    assert_eq!(calm(&format!("{a} state second {{ send note on failed -> first {b}")), ["J0206"]);
    assert_eq!(calm(&format!("{a} state second {{ send note on blocked -> first {b}")), ["J0206"]);
    // A limit does not calm what is tried again because a limit blocks it.
    let blocked = "limit messages to 3 per 7d else skip
        state first { send note on blocked -> second after 9d -> done }
        state second { send note on blocked -> first after 9d -> done }";
    assert_eq!(calm(blocked), ["J0206"]);
    let call = "state first { send note -> asking }
        state asking { call lookup(booking.id) within 5s { done -> done  failed -> first } }";
    assert_eq!(calm(call), ["J0206"]);
}

#[test]
fn a_failure_that_no_message_can_have_is_no_loop() {
    let lines = "on failed -> first  state first { send note -> wait } state wait { after 1d -> still } state still { after 1d -> done }";
    // `on failed` is heard in `wait`, where the message rests.
    assert_eq!(calm(lines), ["J0206"]);
    let lines = "state first { send note after 1d -> still } state still { on failed -> first after 1d -> done }";
    assert_eq!(calm(lines), NONE);
}

#[test]
fn a_timer_loop_says_how_often() {
    let text =
        said(&format!("{} state first {{ send note  after 6h -> first  on ping -> done }}", super::CALM), "J0203");
    assert!(text.contains("one every 6h, 4 a day"), "{text}");
    assert!(text.contains("limit visits first to 3 else"), "{text}");
}

#[test]
fn an_instant_comes_again_only_where_its_data_moves() {
    let lines = |wait: &str| {
        format!(
            "state first {{ -> wait }} state again {{ send note -> wait }}
             state wait {{ at booking.slot -> again, if past -> later  {wait} }} state later {{ after 1d -> done }}"
        )
    };
    assert_eq!(calm(&lines("")), NONE);
    assert_eq!(calm(&lines("on ping -> done")), NONE);
    assert_eq!(calm(&lines("on moved(booking) stay")), ["J0201"]);
    assert!(
        said(&format!("{}{}", super::CALM, lines("on moved(booking) stay")), "J0201")
            .contains("whenever `moved` moves `booking.slot`")
    );
}

#[test]
fn arrows_taken_at_once_do_not_lead_in_a_circle() {
    assert!(calm("state first { send note -> again } state again { -> first }").contains(&"J0204"));
    assert!(calm("state first { -> again } state again { -> first }").contains(&"J0204"));
    let past = "state first { at booking.slot -> done, if past -> again } state again { -> first }";
    assert_eq!(calm(past), ["J0204"]);
    let ring = "limit visits first to 1 else -> again  limit visits again to 1 else -> first
        state first { after 1d -> again } state again { after 1d -> done }";
    assert_eq!(calm(ring), ["J0204", "J0209"]);
    assert_eq!(calm("state first { -> again } state again { after 1d -> done }"), NONE);
}

#[test]
fn only_the_policy_is_said_to_stand_in_between() {
    let text = super::journey(&format!(
        "{} state first {{ on moved(booking) stay {{ send note }} after 9d -> done }}",
        super::CALM
    ))
    .replace("policy house {", "policy house { limit messages to 6 per 24h else latest ");
    let found = super::compiled(&text);
    let how = found.findings.iter().find(|f| f.code.code == "J0201").and_then(|f| f.how.clone()).unwrap();
    assert!(
        how.contains(
            "only the policy's `limit messages to 6 per 24h` stands in between: 6 messages a day, day after day"
        ),
        "{how}"
    );
}

#[test]
fn a_state_of_many_loops_is_told_once_and_several_loops_each() {
    let two = "state first { on moved(booking) -> a  on ping -> b  after 9d -> done }
        state a { send note -> first } state b { send other -> first }";
    assert_eq!(
        super::compiled(&super::journey(&format!("{} {two}", super::CALM)))
            .findings
            .iter()
            .filter(|f| f.code.code == "J0201")
            .count(),
        2
    );
    let one = "state first { on moved(booking) -> a  on ping -> a  after 9d -> done } state a { send note -> first }";
    assert_eq!(
        super::compiled(&super::journey(&format!("{} {one}", super::CALM)))
            .findings
            .iter()
            .filter(|f| f.code.code == "J0201")
            .count(),
        1
    );
}

#[test]
fn a_loop_that_only_an_instant_ends_is_told_apart() {
    let at = "at booking.slot -> done, if past -> done";
    let daily = |more: &str| format!("state first {{ send note  after 24h -> first  {more} }}");
    assert_eq!(calm(&daily("")), ["J0203", "J0301", "J0302"]);
    assert_eq!(calm(&daily(at)), ["J0311"]);
    let text = said(&format!("{}{}", super::CALM, daily(at)), "J0311");
    assert!(text.contains("nothing but how far away `booking.slot` is bounds this loop: where it is 131d away, one customer gets 131 messages"), "{text}");
    assert!(text.contains("again and again until booking.slot, one every 24h"), "{text}");
    // What moves the instant makes the feed its master.
    assert_eq!(calm(&daily(&format!("{at}  on moved(booking) stay"))), ["J0203"]);
    // It does not end what it leads back into, nor where it may do nothing.
    assert!(calm(&daily("at booking.slot -> first, if past -> done")).contains(&"J0203"));
    assert!(calm(&daily("at booking.slot -> done, if past stay")).contains(&"J0203"));
    assert!(calm(&daily("at booking.slot when booking.id is \"B\" -> done, if past -> done")).contains(&"J0203"));
    // A limit bounds it, whatever the date.
    assert_eq!(calm(&format!("limit visits first to 3 else -> done {}", daily(at))), NONE);
    // An event that comes any number of times before it is bounded by nothing.
    let events = format!("state first {{ send note  on ping -> first  {at} }}");
    assert_eq!(calm(&events), ["J0201"]);
    assert_eq!(calm(&daily(&format!("{at}  on ping -> first"))), ["J0201", "J0311"]);
}

#[test]
fn another_way_round_that_nothing_ends_is_told_first() {
    let at = "at booking.slot -> done, if past -> done";
    let two = |second: &str| {
        format!(
            "state first {{ send note  after 24h -> second  on ping -> third }}
             state second {{ after 1h -> first  {at} }} state third {{ after 2h -> first  {second} }}"
        )
    };
    assert_eq!(calm(&two(at)), ["J0311"]);
    // By `third` it goes on for ever, though not by a timer alone.
    let text = calm(&two(""));
    assert!(text.contains(&"J0201"), "{text:?}");
}

#[test]
fn a_condition_ends_a_loop_only_where_it_comes_nearer() {
    let daily =
        |cond: &str| calm(&format!("state first {{ send note  after 24h when {cond} -> first  after 25h -> done }}"));
    assert_eq!(daily("booking.slot > now + 2h"), ["J0311"]);
    assert_eq!(daily("now + 2h <= booking.slot and booking.id is \"B\""), ["J0311"]);
    assert_eq!(daily("not (booking.slot < now)"), ["J0311"]);
    // These hold as long as they hold, or ever more.
    assert_eq!(daily("booking.slot < now"), ["J0203"]);
    assert_eq!(daily("booking.slot > now or booking.id is \"B\""), ["J0203"]);
    assert_eq!(daily("booking.id is \"B\""), ["J0203"]);
    // The ways of a `choose` are asked in order.
    let choose = |ways: &str| {
        calm(&format!("state first {{ send note  after 24h -> which }} state which {{ choose {{ {ways} }} }}"))
    };
    assert_eq!(choose("when booking.slot > now -> first  else -> done"), ["J0311"]);
    assert_eq!(choose("when booking.slot <= now -> done  else -> first"), ["J0311"]);
    assert_eq!(choose("when booking.slot > now -> done  else -> first"), ["J0203"]);
}

#[test]
fn a_condition_that_can_hold_each_time_is_said_to_bound_nothing() {
    let told = |lines: &str, code: &str| said(&format!("{}{lines}", super::CALM), code);
    let text = told(
        "state first { send note  on moved(booking) when booking.id is not \"\" -> first  after 9d -> done }",
        "J0201",
    );
    assert!(
        text.contains("`booking.id is not \"\"` bounds nothing: each `moved` brings another `booking.id`"),
        "{text}"
    );
    let text =
        told("state first { send note  after 24h when booking.id is \"B\" -> first  after 25h -> done }", "J0203");
    assert!(text.contains("`booking.id is \"B\"` bounds nothing by itself: no round changes `booking.id`"), "{text}");
}

#[test]
fn a_datum_that_is_set_on_ends_a_loop_at_another() {
    let text = |set: &str, cond: &str, more: &str| {
        let lines = format!(
            "{} state first {{ send note  {set}  on ping -> which  {more}  after 9d -> done }}
             state which {{ choose {{ when {cond} -> first  else -> done }} }}",
            super::CALM
        );
        super::journey(&lines).replace("slot: instant }", "slot: instant, ends: instant }")
    };
    let codes = |set: &str, cond: &str, more: &str| super::of(&text(set, cond, more));
    let set = "set booking.slot = booking.slot + 1d";
    assert_eq!(codes(set, "booking.slot < booking.ends", ""), ["J0311"]);
    let found = super::compiled(&text(set, "booking.slot < booking.ends", ""));
    let told = found.findings.iter().find(|f| f.code.code == "J0311").unwrap();
    assert_eq!(
        told.message,
        "nothing but the size of `booking.ends` bounds this loop: where it is 131d from `booking.slot`, one customer gets 131 messages"
    );
    // The wrong way, another step elsewhere, no step at all, and news of the end.
    let back = "set booking.slot = booking.slot - 1d";
    assert_eq!(codes(back, "booking.slot < booking.ends", ""), ["J0201"]);
    assert_eq!(codes(back, "booking.slot > booking.ends", ""), ["J0311"]);
    assert_eq!(codes(set, "booking.slot < booking.ends", "after 2d stay { set booking.slot = now }"), ["J0201"]);
    assert_eq!(codes("", "booking.slot < booking.ends", ""), ["J0201"]);
    assert_eq!(codes(set, "booking.slot < booking.ends", "on moved(booking) stay"), ["J0201"]);
}

#[test]
fn the_help_of_a_loop_leads_to_what_nobody_came_to() {
    let after = |rest: &str, limit: &str| {
        let text =
            format!("{limit} {} state first {{ send note  after 1d -> first  on ping -> gone }} {rest}", super::CALM);
        let found = super::compiled(&super::journey(&text).replace("end done as success", "")).findings;
        let of = |code: &str| found.iter().filter(|f| f.code.code == code).count();
        let help = found.iter().find(|f| f.code.code == "J0203").and_then(|f| f.help.clone());
        let limit = help.and_then(|h| Some(h.split_once("for example  ")?.1.to_owned()));
        (limit, of("J0301"), of("J0203"))
    };
    let ends = "end gone as neutral";
    for rest in [
        format!("{ends} end done as neutral"),
        format!("{ends} end lapsed as failure"),
        format!("{ends} state last {{ send other  after 1d -> gone }}"),
        format!("{ends} state desk {{ handoff \"care\"  after 1d -> gone }}"),
    ] {
        let (limit, lost, loops) = after(&rest, "");
        assert_eq!((lost, loops), (1, 1), "{rest}");
        let limit = limit.unwrap();
        assert_eq!(after(&rest, &limit), (None, 0, 0), "{rest}: {limit}");
    }
}
