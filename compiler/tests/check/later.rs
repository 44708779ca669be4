//! Timers that are put off, messages that come late, together, or never: J0211, J0214, J0215, J0217, J0218, J0220 to J0222, J0225, J0309.

use super::{NONE, calm, codes, of, said};

const AGAIN: &str = "on ping -> first  after 3d -> done";

#[test]
fn a_timer_that_a_feed_begins_anew_is_told() {
    assert_eq!(calm(&format!("state first {{ {AGAIN} }}")), ["J0309"]);
    assert_eq!(calm("state first { on ping stay  after 3d -> done }"), NONE);
    // Bounded visits, limited intake, and an instant that comes whatever the feed brings.
    assert_eq!(calm(&format!("limit visits first to 9 per 7d else -> done state first {{ {AGAIN} }}")), NONE);
    assert_eq!(calm("state first { on spike -> first  after 3d -> done }"), NONE);
    assert_eq!(
        calm("state first { on ping -> first  at booking.slot -> done, if past -> done  after 3d -> done }"),
        NONE
    );
    // A way round that takes longer than the timer does not put it off.
    assert_eq!(calm("state first { on ping settle 4d -> first  at booking.slot -> done, if past -> done }"), NONE);
    let two = "state first { on ping -> second  after 3d -> done } state second { on ping -> first  after 1d -> done }";
    assert_eq!(calm(two), ["J0309"]);
    // What sends on its way round is a loop of its own.
    assert_eq!(calm("state first { send note  on ping -> first  after 3d -> done }"), ["J0201"]);
}

#[test]
fn reminders_that_a_late_start_sends_at_once_are_told() {
    let row = |past: &str| {
        format!(
            "state first {{ at booking.slot - 7d -> week, if past -> {past} }}
            state week {{ send note  at booking.slot - 1d -> day, if past -> day }}
            state late {{ at booking.slot - 1d -> day, if past -> day }}
            state day {{ send other  at booking.slot -> done, if past -> done }}"
        )
    };
    assert_eq!(calm(&row("week")), ["J0215", "J0301"]);
    assert_eq!(calm(&row("late")), NONE);
    let text = said(&format!("{} {}", super::CALM, row("week")), "J0215");
    assert!(text.contains("2 messages at one moment"), "{text}");
    assert!(text.trim_end().contains("day ✉: all at the same moment"), "{text}");
    // Instants of the customer's calendar are past as any.
    let calendar = |past: &str| row(past).replace("- 7d", "- 7 days at 11:00").replace("- 1d", "- 1 day at 11:00");
    assert_eq!(calm(&calendar("week")), ["J0215", "J0301"]);
    assert_eq!(calm(&calendar("late")), NONE);
    let one = row("week").replace("- 1d", "- 1 day at 11:00");
    assert_eq!(calm(&one), ["J0215", "J0301"]);
    // A condition may keep one from passing through.
    let asked = calendar("week").replace(
        "at booking.slot - 1 day at 11:00 -> day",
        "at booking.slot - 1 day at 11:00 when booking.slot > now -> day",
    );
    assert!(!calm(&asked).contains(&"J0215"));
}

#[test]
fn a_correction_that_a_limit_drops_is_told() {
    let with = |limit: &str, message: &str| {
        codes(&format!(
            "{} {limit} state first {{ send note  on moved(booking) -> again  after 9d -> done }}
            state again {{ send {message}  on moved(booking) -> again  after 9d -> done }}",
            super::CALM
        ))
    };
    assert_eq!(with("limit messages to 3 per 7d else skip", "other"), ["J0217"]);
    assert_eq!(with("limit messages to 3 per 7d else latest", "other"), NONE);
    assert_eq!(with("limit messages to 3 per 7d else defer", "other"), NONE);
    // What says nothing of what moved corrects nothing.
    assert_eq!(with("limit messages to 3 per 7d else skip", "ask"), NONE);
}

#[test]
fn what_does_not_outlast_the_night_is_told() {
    let night = |fate: &str, valid: &str| {
        let text = super::journey(&format!("{} state first {{ send note  after 1d -> done }}", super::CALM));
        let text = text.replace("policy house {", &format!("policy house {{ quiet 21:00 to 08:00 for service {fate} "));
        of(&text.replace(
            "Your visit is on {booking.slot:day}.\" }",
            &format!("Your visit is on {{booking.slot:day}}.\" {valid} }}"),
        ))
    };
    let told = |codes: &[&str]| codes.contains(&"J0214");
    assert!(told(&night("else defer", "valid for 6h")));
    assert!(!told(&night("else defer", "valid for 11h")));
    assert!(told(&night("else latest", "valid for 6h")), "the newest waits for the morning too");
    assert!(!told(&night("else skip", "valid for 6h")));
}

#[test]
fn journeys_that_only_together_pass_a_limit_are_told() {
    let house = |policy: &str| {
        let one = "limit live to 1 else skip";
        let first = super::journey(&format!("{one} {} state first {{ send note  after 1d -> done }}", super::CALM));
        let second = format!(
            "journey later for customer per booking.id {{ data booking: Booking {one} {}
            start on ping(booking) -> first  state first {{ send other  after 1d -> done }} end done as success }}",
            super::CALM
        );
        of(&format!("{first}\n{second}").replace("policy house {", &format!("policy house {{ {policy} ")))
    };
    // Of each one that lives from before, and three that begin.
    assert_eq!(house("limit messages to 4 per 24h else latest"), ["J0211"]);
    assert_eq!(house("limit messages to 7 per 24h else latest"), ["J0211"]);
    assert_eq!(house("limit messages to 8 per 24h else latest"), NONE);
    // One that passes the limit alone is bounded by it.
    assert_eq!(house("limit messages to 3 per 24h else latest"), NONE);
}

#[test]
fn a_limit_that_starts_anew_at_midnight_is_told() {
    let limit = |limit: &str, state: &str| codes(&format!("{} {limit} state first {{ {state} }}", super::CALM));
    let often = "send note  on moved(booking) -> first  at booking.slot -> done, if past -> done";
    for (lines, told) in [
        ("limit messages to 3 per day else latest", &["J0218"][..]),
        ("limit messages to 3 per week else latest", &["J0218"][..]),
        ("limit messages to 3 per month else latest", &["J0218"][..]),
        ("limit messages to 3 per 24h else latest", &NONE[..]),
        // Another that is rolling stands before it.
        ("limit messages to 3 per day else latest limit messages to 3 per 24h else latest", &NONE[..]),
        ("limit messages to 3 per day else latest limit messages to 4 per 24h else latest", &["J0218"][..]),
        // Of other messages.
        ("limit voice to 3 per day else latest limit messages to 3 per 24h else latest", &["J0209"][..]),
    ] {
        assert_eq!(limit(lines, often), told, "{lines}");
    }
    // What cannot come so often.
    let seldom = "send note  after 2d -> second } state second { send note  after 1d -> done";
    assert_eq!(limit("limit messages to 1 per day else latest", seldom), NONE);
    assert_eq!(limit("limit messages to 1 per week else latest", seldom), ["J0218"]);
    // Every morning at nine is once a day, also on the day of 23 hours.
    let mornings = "after 1 day at 09:00 -> second } state second { send note  after 1 day at 09:00 -> third }
        state third { send note  after 1d -> done";
    assert_eq!(limit("limit messages to 1 per day else latest", mornings), NONE);

    // The hours are those of a run that was done.
    let often = "send note  on moved(booking) settle 10m -> first  after 9d -> done";
    let said =
        said(&format!("{} limit messages to 3 per day else latest state first {{ {often} }}", super::CALM), "J0218");
    assert!(said.contains("one `visit` can send a customer 6 messages in 24h"), "{said}");
    assert!(said.contains("on Wednesday 14 January 00:00 ✉"), "{said}");
    assert!(said.contains("of 23 hours on which summer time begins, up to 9 fit into 24h"), "{said}");
}

#[test]
fn quiet_hours_do_not_part_two_days() {
    let often = "send note  on moved(booking) settle 10m -> first  after 9d -> done";
    let text = super::journey(&format!("limit live to 1 else skip {} state first {{ {often} }}", super::CALM));
    let policy = "policy house { limit messages to 3 per day else latest  quiet 21:00 to 08:00 else defer ";
    let compiled = super::compiled(&text.replace("policy house {", policy));
    let told = compiled.findings.iter().find(|f| f.code.code == "J0218").unwrap();
    assert!(told.message.starts_with("one customer can get "), "{}", told.message);
    let how = told.how.clone().unwrap();
    assert!(how.contains("20:50") && how.contains("08:00"), "{how}");
    // Nor does the short day let in a third: what is between lies in the night.
    assert!(!how.contains("summer time"), "{how}");
}

#[test]
fn as_many_before_the_turn_as_after() {
    let often = "send note  on moved(booking) settle 10m -> first  after 60d -> done";
    let text = super::journey(&format!("limit live to 1 else skip {} state first {{ {often} }}", super::CALM));
    let told = |rule: &str, quiet: &str| {
        let policy = format!("policy house {{ limit messages to {rule} else latest  {quiet} ");
        let compiled = super::compiled(&text.replace("policy house {", &policy));
        let told = compiled.findings.into_iter().find(|f| f.code.code == "J0218").unwrap();
        (told.message, told.how.unwrap())
    };
    let night = "quiet 21:00 to 08:00 else defer";
    for (rule, twice, thrice, days) in [
        ("9 per week", "18 messages in 7d", "up to 27 fit into 7d", ["Sunday 18 January 9", "Monday 19 January 9"]),
        (
            "20 per month",
            "40 messages in 30d",
            "up to 60 fit into 30d",
            ["Saturday 31 January 20", "Sunday 1 February 20"],
        ),
    ] {
        let (message, how) = told(rule, "");
        assert!(message.contains(&format!("can get {twice}")), "{message}");
        assert!(how.contains(thrice) && days.iter().all(|day| how.contains(day)), "{how}");
    }
    let (message, how) = told("9 per week", night);
    assert!(message.contains("18 messages in 7d") && !how.contains("27"), "{message} {how}");
    // A night of half an hour is shorter than the hour that is missing.
    assert!(told("3 per day", "quiet 23:50 to 00:20 else defer").1.contains("up to 9 fit into 24h"));
    assert!(!told("3 per day", "quiet 23:30 to 00:30 else defer").1.contains("fit into"));
}

#[test]
fn data_that_age_are_not_said_without_asking() {
    let told = |policy: &str, states: &str| {
        let house = super::HOUSE.replace("message other {", "service reread(id: text) -> Booking\nmessage other {").replace(
            "message ask {",
            "message sure { purpose service  sms \"At {booking.slot:time}.\"  fresh booking within 15m by call reread(booking.id) }
             message id { purpose service  sms \"Your visit has the number {booking.id}.\" }
             message ask {",
        );
        let text = format!(
            "{house}{}journey visit for customer per booking.id {{ data booking: Booking {}
             start on created(booking) -> first {states} end done as success }}",
            super::POLICY.replace("policy house {", &format!("policy house {{ {policy} ")),
            super::CALM
        );
        let compiled = super::compiled(&text);
        assert!(compiled.program.is_some(), "{:#?}", compiled.findings);
        compiled.findings.iter().filter(|f| f.code.code == "J0220").count()
    };
    let sure = "state sure { send sure  after 1d -> done }";
    let after = |time: &str, message: &str| {
        format!("state first {{ after {time} -> second }} state second {{ send {message}  after 1d -> sure }} {sure}")
    };
    assert_eq!(told("", &after("16m", "note")), 1);
    assert_eq!(told("", &after("15m", "note")), 0);
    // One that asks, one that says nothing of it but the key, and one that no other message keeps fresh.
    assert_eq!(told("", &after("1d", "sure")), 0);
    assert_eq!(told("", &after("1d", "id")), 0);
    assert_eq!(told("", &after("1d", "note").replace("send sure", "")), 0);
    // What is taken over on the way is new again, also after it has settled.
    let moved = |settle: &str| {
        format!(
            "state first {{ on moved(booking) {settle} -> second  after 1d -> sure }} state second {{ send note  after 1d -> sure }} {sure}"
        )
    };
    assert_eq!(told("", &moved("")), 0);
    assert_eq!(told("", &moved("settle 15m")), 0);
    assert_eq!(told("", &moved("settle 16m")), 1);
    // In a state that nothing has to end it becomes as old as it likes, on a round as old as the round is long.
    assert_eq!(
        told("", &format!("state first {{ on ping -> second }} state second {{ send note  after 1d -> sure }} {sure}")),
        1
    );
    let round = |takes: &str| {
        format!("state first {{ after 1m -> second  on moved{takes} -> second }} state second {{ after 1m -> first  on ping -> third }}
             state third {{ send note  after 1d -> sure }} {sure}")
    };
    assert_eq!(told("", &round("(booking)")), 1);
    assert_eq!(told("", &round("(booking)").replace("after 1m -> first", "after 1m -> sure")), 0);
    // What is said while it stays, and what waits for the morning.
    let stay = |takes: &str| format!("state first {{ on moved{takes} stay {{ send note }}  after 1d -> sure }} {sure}");
    assert_eq!(told("", &stay("")), 1);
    assert_eq!(told("", &stay("(booking)")), 0);
    assert_eq!(told("quiet 21:00 to 08:00 else defer", &stay("(booking)")), 1);
    assert_eq!(told("quiet 21:00 to 08:00 else skip", &stay("(booking)")), 0);
}

#[test]
fn what_nobody_asks_for_does_not_age() {
    let told = |lines: &str, states: &str| {
        let house = super::HOUSE
            .replace("record Booking { id: text, slot: instant }", "record Booking { id: text, slot: instant, place: text }")
            .replace(
                "message ask {",
                "service reread(id: text) -> Booking
                 message sure { purpose service  sms \"At {booking.slot:time}.\"  fresh booking within 15m by call reread(booking.id) }
                 message where { purpose service  sms \"It is in {booking.place}.\" }
                 message ask {",
            );
        let text = format!(
            "{house}{}journey visit for customer per booking.id {{ data booking: Booking {lines} {}
             start on created(booking) -> first
             state first {{ after 1d -> second  {states} }} state second {{ send where -> third }}
             state third {{ after 1d -> sure }} state sure {{ send sure  after 1d -> done }} end done as success }}",
            super::POLICY,
            super::CALM
        );
        let compiled = super::compiled(&text);
        assert!(compiled.program.is_some(), "{:#?}", compiled.findings);
        compiled.findings.iter().filter(|f| f.code.code == "J0220").count()
    };
    // Who asks for the time does not ask for the place.
    assert_eq!(told("", ""), 0);
    // A journey that goes by it takes it for something that can change.
    assert_eq!(told("", "on ping when booking.place is \"here\" stay"), 1);
}

#[test]
fn a_purpose_that_quiet_hours_forget_is_told() {
    let told = |named: &str, sent: &str| {
        let text = super::journey(&format!("{} state first {{ send {sent}  after 1d -> done }}", super::CALM));
        let policy = format!("policy house {{ quiet 21:00 to 08:00 {named} else defer  valid for 14h ");
        let text = text
            .replace("message vital {", "message alarm { purpose safety  sms \"Leave the house.\" }\nmessage vital {");
        let text =
            text.replace("message ask {", "message dunning { purpose debt  sms \"Please pay.\" }\nmessage ask {");
        of(&text.replace("policy house {", &policy)).contains(&"J0221")
    };
    assert!(told("for service", "both"));
    assert!(told("for debt, service", "both"));
    assert!(told("for marketing", "dunning"));
    assert!(told("for safety", "note"));
    assert!(told("for service", "dunning"));
    // What matters more is left alone, as is what all hours are for, what is essential and what nobody sends.
    assert!(!told("for marketing, debt", "note"));
    assert!(!told("for service, marketing, debt", "alarm"));
    assert!(!told("", "both"));
    assert!(!told("for service, marketing", "both"));
    assert!(!told("for service", "note"));
    assert!(!told("for safety, service", "vital"));
}

#[test]
fn what_leaves_together_in_the_morning_is_counted() {
    let told = |policy: &str, limits: &str, states: &str| {
        let lines = format!("{} {limits} {states}", super::CALM);
        let text = super::journey(&lines).replace("policy house {", &format!("policy house {{ {policy} "));
        let compiled = super::compiled(&text);
        let found = compiled.findings.iter().find(|f| f.code.code == "J0222");
        found.map(|f| f.message.split(" messages").next().unwrap_or_default().to_owned())
    };
    let number = |n: &str| Some(format!("one customer can get {n}"));
    let night = "quiet 21:00 to 08:00 for service else defer";
    // What a step sends on its way to where it rests, and a `stay` once, or as often as its event is taken in.
    let chain = "state first { send note -> second } state second { send other -> third } state third { send ask  after 1d -> done }";
    assert_eq!(told(night, "", chain), number("3"));
    assert_eq!(told(night, "", &chain.replace("send other", "")), None);
    let apart = chain.replace("send other -> third", "send other  after 1m -> third");
    assert_eq!(told(night, "", &apart), None);
    let timer = "state first { send note  after 1h stay { send other }  on spike stay { send ask }  after 3d -> done }";
    assert_eq!(told(night, "", timer), number("4"));
    let any = "state first { send note  on ping stay { send other }  after 3d -> done }";
    assert_eq!(told(night, "", any), number("any number of"));
    assert_eq!(told(night, "limit messages to 4 per 24h else latest", any), number("4"));
    assert_eq!(told(night, "limit messages to 4 per day else defer", any), number("4"));
    assert_eq!(told(night, "limit messages to 2 per 1h else defer", any), None);
    assert_eq!(told(&format!("{night} limit messages to 2 per 1h else defer"), "", any), None);
    assert_eq!(told(&format!("{night} limit voice to 2 per 1h else defer"), "", any), number("any number of"));
    // What an answer sends, what does not wait, and what is dropped.
    assert_eq!(told(night, "", &any.replace("on ping stay { send other }", "on reply yes stay { send other }")), None);
    assert_eq!(told(night, "", &any.replace("send other", "send vital")), None);
    assert_eq!(told(&night.replace("service", "marketing"), "", any), None);
    assert_eq!(told(&night.replace("defer", "skip"), "", any), None);
    assert_eq!(told(&night.replace("defer", "latest"), "", any), None);
    assert_eq!(told("", "", any), None);
}

#[test]
fn the_morning_of_several_journeys_is_one_morning() {
    let house = |journeys: usize, policy: &str| {
        let first = super::journey(&format!("{} state first {{ send note  after 1d -> done }}", super::CALM));
        let more: String = (1..journeys)
            .map(|i| {
                format!(
                    "journey later{i} for customer per booking.id {{ data booking: Booking {}
                    start on ping(booking) -> first  state first {{ send other  after 1d -> done }} end done as success }}\n",
                    super::CALM
                )
            })
            .collect();
        let text = format!("{first}\n{more}").replace("policy house {", &format!("policy house {{ {policy} "));
        let compiled = super::compiled(&text);
        compiled.findings.into_iter().find(|f| f.code.code == "J0222")
    };
    let night = "quiet 21:00 to 08:00 for service else defer";
    assert_eq!(house(2, night), None);
    let told = house(3, night).unwrap();
    assert_eq!(told.message, "one customer can get 3 messages at 08:00, all at once, from 3 journeys");
    assert!(told.how.unwrap().contains("`visit` 1, `later1` 1 and `later2` 1"));
    // Of three journeys the newest of each are three: that is no mend, and is not offered.
    assert_eq!(
        told.help.unwrap(),
        "let few leave at a time, for example in the policy  limit messages to 2 per 1h else defer"
    );
    assert_eq!(house(3, &format!("{night} limit messages to 2 per 1h else defer")), None);
}

#[test]
fn a_copy_that_does_not_follow_is_told_where_it_is_waited_for() {
    let told = |states: &str| {
        let house = super::HOUSE.replace(
            "event created { booking: Booking }",
            "event created { booking: Booking, due: instant, later: instant }",
        );
        let text = format!(
            "{house}{}journey visit for customer per booking.id {{ data booking: Booking  data due: instant  data later: instant {}
             start on created(booking, due, later) -> first {states} end done as success }}",
            super::POLICY,
            super::CALM
        );
        let compiled = super::compiled(&text);
        assert!(compiled.program.is_some(), "{:#?}", compiled.findings);
        compiled.findings.iter().filter(|f| f.code.code == "J0225").count()
    };
    let waits = |stay: &str| {
        format!(
            "state first {{ set due = booking.slot - 1d  {stay}  at due -> told, if past -> told }} state told {{ send note  after 1d -> done }}"
        )
    };
    assert_eq!(told(&waits("on moved(booking) stay")), 1);
    assert_eq!(told(&waits("on moved(booking) stay { set due = booking.slot - 1d }")), 0);
    assert_eq!(told(&waits("on moved(booking) -> first")), 0);
    // What brings nothing new, what is copied from no datum, and what is followed.
    assert_eq!(told(&waits("on ping stay")), 0);
    assert_eq!(told(&waits("")), 0);
    assert_eq!(told(&waits("on moved(booking) stay").replace("booking.slot - 1d", "now + 2d")), 0);
    assert_eq!(told(&waits("on moved(booking) stay").replace("at due ->", "at booking.slot ->")), 0);
    // Later, and by an arrow of the journey; told once.
    let later = "state first { set due = booking.slot  -> second } state second { on moved(booking) -> third  after 9d -> done }
        state third { at due + 1h -> told, if past -> told } state told { send note  after 1d -> done }";
    assert_eq!(told(later), 1);
    assert_eq!(told(&later.replace("state third {", "state third { set due = booking.slot ")), 0);
    assert_eq!(
        told(&format!("on ping stay {{ set due = booking.slot }} {}", later.replace("set due = booking.slot", ""))),
        1
    );
    // A copy of a copy is as old as that was, whichever of them is set anew.
    let twice =
        |stay: &str| waits(stay).replace("- 1d  on", "- 1d  set later = due + 2h  on").replace("at due", "at later");
    let news = "on moved(booking) stay";
    let (due, later) = ("set due = booking.slot - 1d", "set later = due + 2h");
    assert_eq!(told(&twice(news)), 1);
    assert_eq!(told(&twice(&format!("{news} {{ {due} }}"))), 1);
    assert_eq!(told(&twice(&format!("{news} {{ {due}  {later} }}"))), 0);
    assert_eq!(told(&twice(&format!("{news} {{ {later}  {due} }}"))), 1);
    assert_eq!(told(&twice(&format!("{news} {{ set later = booking.slot }}"))), 0);
    // The second may be made after the news, of what is old by then.
    let after = format!(
        "state first {{ {due}  on moved(booking) -> second  after 9d -> done }}
        state second {{ {later}  at later -> told, if past -> told }} state told {{ send note  after 1d -> done }}"
    );
    assert_eq!((told(&after), told(&after.replace("state second {", &format!("state second {{ {due} ")))), (1, 0));
}
