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
    // Calendar days come somewhere in between: at worst on the slot's own minute of the day, and the clock's change.
    for (by, at, codes) in [
        ("by booking.slot - 20m", "1 day at 09:00", &NONE[..]),
        ("by booking.slot - 20m", "0 days at 09:00", &["J0501"][..]),
        ("by booking.slot - 1 day at 09:00", "1 day at 09:00", &NONE[..]),
        ("by booking.slot - 1 day at 09:00", "1 day at 10:00", &["J0501"][..]),
        ("by booking.slot - 1 day at 09:00", "42h", &["J0501"][..]),
        ("by booking.slot - 1 day at 09:00", "43h", &NONE[..]),
        ("by booking.slot - 2 days", "3 days", &NONE[..]),
    ] {
        let first = format!("on ping -> keep  at booking.slot - {at} -> keep, if past -> keep");
        assert_eq!(promised(by, &first, KEEP), codes, "{by} {at}");
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
    assert_eq!(promised(BY, held, &away), ["J0501", "J0503"]);
    // So does a limit, once what it counts can have happened before; else it leads nowhere.
    let away = "limit visits keep to 1 else -> away state away { after 1h -> done }";
    assert_eq!(promised(BY, held, &format!("{KEEP} {away}")), ["J0209", "J0301"]);
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
    // A calendar day at nine may take 33 hours, more where the clock is set back, and two where no zone is known.
    assert_eq!(promised("within 47h", "after 1 day at 09:00 -> keep", KEEP), ["J0501"]);
    assert_eq!(promised("within 48h", "after 1 day at 09:00 -> keep", KEEP), NONE);
    assert_eq!(promised("within 3h", "after 2h -> keep", KEEP), NONE);
    assert_eq!(promised("within 3h", "after 4h -> keep", KEEP), ["J0501"]);
    let two = format!("{KEEP} state second {{ after 2h -> keep }}");
    assert_eq!(promised("within 3h", "on ping -> second  after 2h -> keep", &two), ["J0501"]);
    assert_eq!(promised("within 4h", "on ping -> second  after 2h -> keep", &two), NONE);
    // Each event begins the wait anew.
    let round = format!(
        "{KEEP} state second {{ on ping -> third after 1h -> keep }} state third {{ on ping -> second after 1h -> keep }}"
    );
    assert_eq!(promised("within 9h", "on ping -> second  after 1h -> keep", &round), ["J0309", "J0501"]);
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

/// A journey in which `first` promises, `keep` keeps and `sorry` withdraws, with the variants of each message.
fn by_channels(first: &str, keep: &str, sorry: &str) -> String {
    let text = super::journey(&format!(
        "{} state first {{ send note promising word {BY} on ping -> keep  at booking.slot - 25m -> sorry, if past -> sorry }}
         state keep {{ send vital keeping word after 1h -> done }}
         state sorry {{ send pardon withdrawing word after 1h -> done }}",
        super::CALM
    ));
    let message = |name: &str, variants: &str| {
        format!("message {name} {{ purpose safety {variants} valid for 1h essential at most 2 per 24h }}\n")
    };
    let note = "message note { purpose service  sms \"Your visit is on {booking.slot:day}.\" }";
    let vital = "message vital { purpose safety  sms \"Danger.\"  valid for 1h  essential at most 2 per 24h }";
    assert!(text.contains(note) && text.contains(vital));
    text.replace(note, &format!("message note {{ purpose service {first} }}"))
        .replace(vital, &(message("vital", keep) + &message("pardon", sorry)))
}

const SMS: &str = "sms \"Hello.\"";
const MAIL: &str = "email \"Hello.\"";
const VOICE: &str = "voice \"Hello.\"";

#[test]
fn what_keeps_it_reaches_whoever_was_promised() {
    let both = format!("{SMS} {MAIL}");
    for (first, keep, sorry, codes) in [
        (SMS, SMS, SMS, &NONE[..]),
        (SMS, both.as_str(), both.as_str(), &NONE[..]),
        (both.as_str(), both.as_str(), both.as_str(), &NONE[..]),
        // One telephone has both.
        (SMS, VOICE, VOICE, &NONE[..]),
        (MAIL, SMS, SMS, &["J0501"][..]),
        (both.as_str(), SMS, SMS, &["J0501"][..]),
        // Each of them can be the one that has to reach the customer.
        (both.as_str(), both.as_str(), SMS, &["J0501"][..]),
        (both.as_str(), SMS, both.as_str(), &["J0501"][..]),
    ] {
        assert_eq!(super::of(&by_channels(first, keep, sorry)), codes, "{first}; {keep}; {sorry}");
    }
    // `via` narrows what the message could use.
    let via = |text: &str, of: &str, to: &str| super::of(&text.replace(of, to));
    let narrow = by_channels(&both, SMS, SMS);
    assert_eq!(via(&narrow, "send note promising", "send note via sms promising"), NONE);
    let wide = by_channels(&both, &both, &both);
    assert_eq!(via(&wide, "send vital keeping", "send vital via sms keeping"), ["J0501"]);
    // Two messages of one entry keep it together; and what is blocked can lead to one that reaches the customer.
    let two = "send vital keeping word send extra keeping word";
    let extra = format!("message extra {{ purpose safety {MAIL} valid for 1h essential at most 2 per 24h }}\n");
    let text = by_channels(&both, SMS, &both) + "\n" + &extra;
    assert_eq!(via(&text, "send vital keeping word", two), NONE);
    let text = by_channels(&both, SMS, &both);
    assert_eq!(via(&text, "send vital keeping word", "send vital keeping word on blocked -> sorry"), NONE);
    assert_eq!(via(&text, "state keep {", "state keep { on blocked -> sorry "), NONE);
}

#[test]
fn the_story_says_on_which_channel_nobody_speaks() {
    let found = super::compiled(&by_channels(&format!("{SMS} {MAIL}"), SMS, SMS));
    let told: Vec<_> = found.findings.iter().filter(|f| f.code.code == "J0501").collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].message, "a customer who was promised `word` by email cannot be told by sms alone");
    assert_eq!(told[0].labels[0].text, "makes the promise, also by email");
    assert_eq!(told[0].labels[1].text, "`vital` goes by sms alone");
    assert_eq!(
        told[0].help.as_deref(),
        Some(
            "add an `email` variant to `vital`, or promise it where both can be sent:  send note via sms promising word …"
        )
    );
}

/// The findings of J0501 that the lines yield, each as its labels, its story and its help.
fn broken(lines: &str) -> Vec<String> {
    let found = super::compiled(&super::journey(&format!("{} {lines}", super::CALM)));
    let of_code = found.findings.iter().filter(|f| f.code.code == "J0501");
    let told = of_code.map(|f| {
        let labels = f.labels.iter().map(|l| l.text.clone());
        labels.chain(f.how.clone()).chain(f.help.clone()).collect::<Vec<_>>().join("\n")
    });
    told.collect()
}

#[test]
fn what_is_entered_at_an_instant_is_not_entered_later() {
    // An `at` is late by the policy's grace of a quarter of an hour at most.
    let text = |at: &str, by: &str, past: &str| {
        format!(
            "state first {{ at booking.slot - 1d -> told, if past -> done }}
             state told {{ send note promising word by booking.slot - {by}
               on ping -> keep  at booking.slot - {at} -> keep, if past -> {past} }} {KEEP}"
        )
    };
    assert_eq!(broken(&text("20m", "10m", "done")), NONE);
    assert_eq!(calm(&text("20m", "10m", "done")), NONE);
    assert_eq!(broken(&text("1424m", "10m", "done")), NONE);
    let told = broken(&text("1425m", "10m", "done"));
    assert!(told.len() == 1 && told[0].contains("and since booking.slot - 1425m is already past → done"), "{told:?}");
    // It is told where something else leads there at any time.
    let also = text("20m", "10m", "done").replace("if past -> done }\n", "if past -> told }\n");
    assert!(also.contains("if past -> told"));
    assert_eq!(broken(&also).len(), 1);
    // What comes after a wait is later by it.
    let after =
        text("20m", "10m", "done").replace("-> told, if", "-> between, if") + "state between { after 23h -> told }";
    assert_eq!(broken(&after), NONE);
    let longer = after.replace("after 23h", "after 1426m");
    assert_eq!(broken(&longer).len(), 1, "{longer}");
}

#[test]
fn a_promise_says_how_much_time_it_needs() {
    let told = |first: &str, rest: &str| {
        let found = broken(&format!("state first {{ send note promising word {BY} {first} }} {KEEP} {rest}"));
        assert_eq!(found.len(), 1, "{first}");
        found.into_iter().next().unwrap()
    };
    let text = told("on ping -> keep  after 2h -> keep", "");
    assert!(
        text.contains("makes the promise; it holds only where `booking.slot` is 2h 20m away or more then"),
        "{text}"
    );
    assert!(text.contains("(`word` promised, `booking.slot` 2h away); nothing else comes in, and when the 2h are over it is 20m too late"), "{text}");
    assert!(text.contains("booking.slot >= now + 140m"), "{text}");
    // The sum of what may have to be waited for; an event comes before the timer does.
    let text = told("on ping -> second  after 2h -> keep", "state second { after 1h -> keep }");
    assert!(text.contains("3h 20m away or more"), "{text}");
    // One way says so at once where it is late: with little time it holds too, with some it does not.
    let text = told(
        "after 9d -> keep  at booking.slot - 25m -> keep, if past -> keep  on ping -> second",
        "state second { after 1h -> keep }",
    );
    assert!(text.contains("1h 20m"), "{text}");
    // Where the date can move there is no such time.
    let text = told("on moved(booking) stay  after 2h -> keep", "");
    assert!(!text.contains("holds only where"), "{text}");
    let text = told("on ping -> keep", "");
    assert!(!text.contains("holds only where"), "{text}");
}

#[test]
fn a_condition_on_the_way_is_understood() {
    let first = "state first { on ping when booking.slot > now + 3h -> told  on ping -> done  after 1d -> done }";
    let told = |first: &str, wait: &str| {
        broken(&format!("{first} state told {{ send note promising word {BY}  after {wait} -> keep }} {KEEP}"))
    };
    assert_eq!(told(first, "160m"), NONE);
    assert_eq!(told(first, "161m").len(), 1);
    // What comes with the event is asked of the new data; what comes in between may move it.
    let taking =
        first.replace("on ping when", "on moved(booking) when").replace("on ping -> done", "on moved(booking) -> done");
    assert_eq!(told(&taking, "160m"), NONE);
    let turned = first.replace("booking.slot > now + 3h", "not (now + 3h >= booking.slot)");
    assert_eq!((told(&turned, "160m").len(), told(&turned, "161m").len()), (0, 1));
    let either = first.replace("booking.slot > now + 3h", "(booking.slot > now + 3h or booking.id is \"B\")");
    assert_eq!(told(&either, "160m").len(), 1);
    let both = first.replace("booking.slot > now + 3h", "booking.slot > now + 3h and booking.id is \"B\"");
    assert_eq!(told(&both, "160m"), NONE);
    let choose = "state first { choose { when booking.slot <= now + 3h -> done  else -> told } }";
    assert_eq!((told(choose, "160m").len(), told(choose, "161m").len()), (0, 1));
    // A datum of its own is another matter.
    let other = choose.replace("booking.slot <= now + 3h", "booking.id is \"B\"");
    assert_eq!(told(&other, "160m").len(), 1);
}

#[test]
fn news_in_a_state_moves_the_deadline_and_the_instant_with_it() {
    let with = |first: &str| broken(&format!("state first {{ send note promising word {BY} {first} }} {KEEP}"));
    let at = "at booking.slot - 25m -> keep, if past -> keep";
    assert_eq!(with(&format!("on moved(booking) stay {at}")), NONE);
    assert_eq!(with(&format!("on moved(booking) settle 15m -> keep {at}")), NONE);
    // What is past when the news comes is for `if past` to say.
    let stays = with("on moved(booking) stay  at booking.slot - 25m -> keep, if past stay  after 30d -> keep");
    assert!(stays.len() == 1 && stays[0].contains("stays where booking.slot - 25m is already past"), "{stays:?}");
}

#[test]
fn what_cannot_be_decided_is_told() {
    // A wait of a millisecond that leads round, past an instant a year away: too many different times.
    let text = "state first { send note promising word by booking.slot - 20m  -> round }
        state round { after 1ms -> which  at booking.slot - 30m -> keep, if past -> keep }
        state which { choose { when booking.slot is now + 1h -> far  else -> round } }
        state far { at booking.slot - 300d -> done, if past -> done }";
    let found = broken(&format!("{text} {KEEP}"));
    assert!(found.len() == 1 && found[0].contains("not all could be looked at"), "{found:?}");
}

#[test]
fn a_promise_of_a_stay_is_open_as_the_step_leaves_it() {
    let of = |first: &str| broken(&format!("state first {{ {first} }} {KEEP}"));
    let at = "at booking.slot - 25m -> keep, if past -> keep";
    assert_eq!(of(&format!("on ping stay {{ send note promising word {BY} }}  {at}")), NONE);
    assert_eq!(of(&format!("on ping stay {{ send note promising word {BY} }}  after 2h -> keep")).len(), 1);
    // One instant promises where it is past, and the next, past too, leads to the end in the same step.
    let past = |then: &str| {
        format!(
            "at booking.slot - 1d stay, if past stay {{ send note promising word {BY} }}  at booking.slot - 30m -> keep, if past -> {then}"
        )
    };
    assert_eq!(of(&past("keep")), NONE);
    assert_eq!(of(&past("done")).len(), 1);
    // So does what its own event makes past.
    let moved = |then: &str| {
        format!(
            "on moved(booking) stay {{ send note promising word {BY} }}  at booking.slot - 30m -> keep, if past -> {then}"
        )
    };
    assert_eq!(of(&moved("keep")), NONE);
    assert_eq!(of(&moved("done")).len(), 1);
}

#[test]
fn a_condition_does_also_where_the_promising_message_waits() {
    let found = |when: &str, first: &str, until: &str| {
        let text = super::journey(&format!("{} state first {{ {first} }} {KEEP}", super::CALM))
            .replace("handoff \"care\" }\n", "handoff \"care\"  quiet 21:00 to 08:00 for service else defer }\n")
            .replace(
                "{booking.slot:day}.\" }\nmessage other",
                &format!("{{booking.slot:day}}.\"{until} }}\nmessage other"),
            )
            .replace("created(booking) -> first", &format!("created(booking){when} -> first"));
        super::compiled(&text).findings.iter().filter(|f| f.code.code == "J0501").count()
    };
    let after = format!("send note promising word {BY}  after 3h -> keep");
    let hours = " when booking.slot >= now + 200m";
    // The wait counts from where the visit begins, whenever the message leaves.
    assert_eq!((found("", &after, ""), found(hours, &after, "")), (1, 0));
    assert_eq!(found(&hours.replace("200m", "199m"), &after, ""), 1);
    // Nobody knows how much of it is over where news moves T.
    assert_eq!(found(hours, &after.replace("after", "on moved(booking) stay  after"), ""), 1);
    // What the visit itself says counts only after the message: its end says so.
    let says = format!(
        "send note promising word {BY}  at booking.slot - 4h stay {{ send vital keeping word }}, if past -> keep  after 30d -> keep"
    );
    assert_eq!(found("", &says, ""), 1);
    assert_eq!(found("", &says, "  valid until booking.slot - 4h"), 0);
    // What waits when it is over promises what never comes.
    let over = format!("send note promising word {BY}  at booking.slot - 2h -> keep, if past -> done");
    assert_eq!(found("", &over, ""), 1);
}

#[test]
fn what_a_wait_says_after_the_message_keeps_it() {
    let found = |valid: &str| {
        let says = "state first { send note promising word within 4h  after 2h stay { send vital keeping word }  after 30d -> keep }";
        let text = super::journey(&format!("{} {says} {KEEP}", super::CALM))
            .replace("handoff \"care\" }\n", "handoff \"care\"  quiet 21:00 to 08:00 for service else defer }\n")
            .replace(
                "{booking.slot:day}.\" }\nmessage other",
                &format!("{{booking.slot:day}}.\"{valid} }}\nmessage other"),
            );
        super::compiled(&text).findings.iter().filter(|f| f.code.code == "J0501").count()
    };
    assert_eq!((found("  valid for 1h"), found("  valid for 2h")), (0, 1));
}

/// How often J0501 is said of these lines, where `vital` leaves only so long.
fn outlived(start: &str, valid: &str, lines: &str) -> usize {
    let text = super::journey(&format!("{} {lines}", super::CALM))
        .replace("valid for 1h  essential", &format!("{valid}  essential"))
        .replace("created(booking) -> first", &format!("created(booking){start} -> first"));
    assert!(text.contains(valid) && text.contains(&format!("created(booking){start}")), "{text}");
    super::compiled(&text).findings.iter().filter(|f| f.code.code == "J0501").count()
}

#[test]
fn what_is_no_longer_true_keeps_nothing() {
    let until = "valid until booking.slot";
    let found = |valid: &str, news: &str, rest: &str| {
        let first = format!(
            "state first {{ send note promising word {BY}  {news}  at booking.slot - 25m -> keep, if past -> keep }}"
        );
        outlived(" when booking.slot > now + 1h", valid, &format!("{first} {KEEP} {rest}"))
    };
    assert_eq!(found(until, "on ping -> keep", ""), 0);
    // News can bring a slot that is past already.
    assert_eq!(found(until, "on moved(booking) -> keep", ""), 1);
    assert_eq!(found("valid for 2h", "on moved(booking) -> keep", ""), 0);
    assert_eq!(found(until, "on moved(booking) when booking.slot > now -> keep", ""), 0);
    assert_eq!(found(until, "on moved(booking) when booking.slot >= now -> keep", ""), 1);
    assert_eq!(found("valid until booking.slot - 5m", "on moved(booking) when booking.slot > now -> keep", ""), 1);
    // While it stays, too, and however it is taken over.
    assert_eq!(found(until, "on moved(booking) stay", ""), 1);
    assert_eq!(found(until, "on moved(booking) settle 5m -> keep", ""), 1);
    // What ends before it can be needed is of no use at all.
    assert_eq!(found("valid until booking.slot - 25m", "", ""), 1);
    assert_eq!(found("valid until booking.slot - 24m", "", ""), 0);
    // Where the same step goes on to what is true, that takes it back.
    let goes_on = "state keep { send vital keeping word  at booking.slot -> sorry, if past -> sorry }
        state sorry { send other withdrawing word  after 1h -> done }";
    let first = format!(
        "state first {{ send note promising word {BY}  on moved(booking) -> keep  at booking.slot - 25m -> sorry, if past -> sorry }}"
    );
    assert_eq!(outlived("", until, &format!("{first} {goes_on}")), 0);
}

#[test]
fn what_is_no_longer_true_keeps_nothing_within_a_time() {
    let first = "state first { send note promising word within 1h  after 30m -> keep }";
    let until = "valid until booking.slot";
    let found = |start: &str, valid: &str, first: &str| outlived(start, valid, &format!("{first} {KEEP}"));
    assert_eq!(found("", "valid for 2h", first), 0);
    assert_eq!(found("", until, first), 1);
    assert_eq!(found(" when booking.slot > now + 2h", until, first), 0);
    // Less a timer's lateness: 30 minutes and the policy's `grace`.
    assert_eq!(found(" when booking.slot > now + 40m", until, first), 1);
    let moved = first.replace("after 30m", "on moved(booking) -> keep  after 30m");
    assert_eq!(found(" when booking.slot > now + 2h", until, &moved), 1);
    let stays = "state first { send note promising word within 1h  after 30m stay { send vital keeping word }  after 9d -> keep }";
    assert_eq!(found("", "valid for 2h", stays), 0);
    assert_eq!(found("", until, stays), 1);
    // At what moment of the visit it is said plays no part, so that it has to be true in all of it.
    assert_eq!(found(" when booking.slot > now + 2h", until, stays), 1);
}

/// Whether a promise that `said` makes can be moved in silence, where `waiting` hears these lines.
fn moved(said: &str, waiting: &str, rest: &str) -> Vec<&'static str> {
    let text = super::journey(&format!(
        "data said: instant?  limit visits told to 3 else -> keep {}
         state first {{ set said = booking.slot  send {said} promising word by booking.slot  -> waiting }}
         state waiting {{ {waiting}  at booking.slot - 5m -> keep, if past -> keep }} {KEEP} {rest}",
        super::CALM
    ));
    let text = text.replace(
        "message ask {",
        "message later { purpose service  sms \"Not before {booking.slot:time}.\" }\nmessage ask {",
    );
    assert!(super::compiled(&text).program.is_some(), "{:#?}", super::compiled(&text).findings);
    super::of(&text)
}

#[test]
fn a_time_that_was_said_does_not_move_in_silence() {
    let told = |said: &str, waiting: &str, rest: &str| moved(said, waiting, rest).contains(&"J0503");
    let again = "state told { set said = booking.slot  send later promising word by booking.slot -> waiting }";
    let none = "state told { after 1d -> done }";
    assert_eq!(moved("note", "on moved(booking) settle 10m -> told", again), NONE);
    assert!(told("note", "on moved(booking) stay", again));
    // Where the message says no time, to follow the world is what was promised; and what is not taken moves nothing.
    assert!(!told("ask", "on moved(booking) stay", again));
    assert!(!told("note", "on moved stay", again));
    // To lead on is not to say it; to say it without a promise leaves the old one to be kept at the new time.
    assert!(told(
        "note",
        "on moved(booking) -> quiet",
        &format!("{again} state quiet {{ at booking.slot - 5m -> keep, if past -> keep }}")
    ));
    assert!(told("note", "on moved(booking) stay { send later }", again));
    assert!(!told("note", "on moved(booking) stay { send later promising word by booking.slot }", again));
    assert!(!told("note", "on moved(booking) -> keep", none));
    // A way that passes through a state that says it is not silent, and one beside it is.
    let choose = |other: &str| {
        format!("{again} state chosen {{ choose {{ when booking.slot > now + 1d -> told  else -> {other} }} }}")
    };
    assert!(!told("note", "on moved(booking) -> chosen", &choose("keep")));
    assert!(told("note", "on moved(booking) -> chosen", &choose("waiting")));
    // What a limit refuses is taken over all the same.
    let text = "on moved(booking) -> told";
    let skips = |fate: &str| {
        let lines = format!(
            "limit visits told to 3 {fate} {} state first {{ send note promising word by booking.slot -> waiting }}
             state waiting {{ {text}  at booking.slot - 5m -> keep, if past -> keep }} {KEEP}
             state told {{ send note promising word by booking.slot -> waiting }}",
            super::CALM
        );
        super::codes(&lines).contains(&"J0503")
    };
    assert!(skips("else skip"));
    assert!(!skips("else -> keep"));
    // A condition that lets no later time in; and one above that takes what is later.
    assert!(!told("note", "on moved(booking) when said is known and booking.slot <= said stay", again));
    assert!(!told("note", "on moved(booking) when said is known and booking.slot is said stay", again));
    assert!(told("note", "on moved(booking) when booking.slot > now stay", again));
    assert!(told("note", "on moved(booking) when said is known and booking.slot >= said stay", again));
    let above = "on moved(booking) when said is known and booking.slot is not said -> told  on moved(booking) stay";
    assert!(!told("note", above, again));
    let below = "on moved(booking) when said is known and booking.slot < said -> told  on moved(booking) stay";
    assert!(told("note", below, again));
    // An arrow of the journey.
    let of_journey = |on: &str| told("note", "", &format!("{again} {on}"));
    assert!(of_journey("on moved(booking) stay"));
    // Once it is kept it may move.
    let kept = "state keep2 { send vital keeping word  on moved(booking) stay  after 1h -> done }";
    assert!(!told("note", "on ping -> keep2", &format!("{again} {kept}")));
}

#[test]
fn a_silent_move_is_told_once_an_event() {
    let lines = format!(
        "{} state first {{ send note promising word by booking.slot  on moved(booking) stay  on ping -> second
           at booking.slot - 5m -> keep, if past -> keep }}
         state second {{ on moved(booking) stay  at booking.slot - 5m -> keep, if past -> keep }} {KEEP}",
        super::CALM
    );
    let text = said(&lines, "J0503");
    assert_eq!(text.matches("moves in silence").count(), 1, "{text}");
    assert!(text.contains("moves it in silence too"), "{text}");
    assert!(
        text.contains("created → first ✉ (`word` promised), then moved ✉")
            || text.contains("then moved (and stays in first)"),
        "{text}"
    );
    assert!(text.contains("created → first ✉ (`word` promised), then moved (and stays in first)"), "{text}");
    // Who was told last is told of.
    let lines = format!(
        "limit visits told to 3 else -> keep {} state first {{ send note promising word by booking.slot  on ping -> told
           at booking.slot - 5m -> keep, if past -> keep }}
         state told {{ send other promising word by booking.slot  on moved(booking) stay
           at booking.slot - 5m -> keep, if past -> keep }} {KEEP}",
        super::CALM
    );
    let text = said(&lines, "J0503");
    assert!(text.contains("was told `booking.slot` in `other`"), "{text}");
    assert!(!text.contains("in `note`"), "{text}");
}

#[test]
fn a_person_who_has_the_case_is_no_word_to_the_customer() {
    let text = by_channels(&format!("{SMS} {MAIL}"), SMS, &format!("{SMS} {MAIL}"));
    let heard = |on: &str| {
        let with = text.replace("state keep {", &format!("state keep {{ {on} "));
        assert_ne!(with, text);
        super::of(&with)
    };
    assert_eq!(super::of(&text), ["J0501"]);
    assert_eq!(heard("on blocked stay { handoff \"care\" }"), ["J0501"]);
    assert_eq!(heard("on blocked -> done"), ["J0501"]);
    assert!(!heard("on blocked stay { send pardon withdrawing word }").contains(&"J0501"));
}
