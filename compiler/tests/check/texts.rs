//! J0131 to J0135: texts that are too long, cost too much, cannot be read, age, or reach only some.

use super::{CALM, NONE, compiled, journey, of};

/// A journey that sends one message with these lines.
fn sending(message: &str) -> String {
    journey(&format!("{CALM} state first {{ send note after 1d -> done }}"))
        .replace("message note { purpose service  sms \"Your visit is on {booking.slot:day}.\" }", message)
}

fn text(line: &str) -> Vec<&'static str> {
    of(&sending(&format!("message note {{ purpose service {line} }}")))
}

fn of_policy(rules: &str, message: &str) -> Vec<&'static str> {
    of(&sending(message).replace("policy house {", &format!("policy house {{ {rules}")))
}

fn told(text: &str, code: &str) -> String {
    let found = compiled(text);
    let of_code = found.findings.iter().filter(|f| f.code.code == code);
    of_code.map(|f| format!("{}: {}; {}", f.level.name(), f.message, f.help.clone().unwrap_or_default())).collect()
}

#[test]
fn a_text_message_is_counted_in_segments_of_its_alphabet() {
    // 160 characters are one segment, 161 are two; three are nothing to be said of, four are.
    for (length, codes) in
        [(3 * 153, &NONE[..]), (3 * 153 + 1, &["J0132"]), (10 * 153, &["J0132"]), (10 * 153 + 1, &["J0131"])]
    {
        assert_eq!(text(&format!("sms \"{}\"", "a".repeat(length))), codes, "{length}");
    }
    // Of the extension table each takes two, and is not cut in two.
    assert_eq!(text(&format!("sms \"{}\"", "€".repeat(3 * 76))), NONE);
    assert_eq!(text(&format!("sms \"{}\"", "€".repeat(3 * 76 + 1))), ["J0132"]);
    // One other letter makes them 67, and one of two units 66.
    assert_eq!(text(&format!("sms \"ł{}\"", "a".repeat(3 * 67 - 1))), NONE);
    assert_eq!(text(&format!("sms \"ł{}\"", "a".repeat(3 * 67))), ["J0132"]);
    assert_eq!(text(&format!("sms \"{}\"", "😀".repeat(3 * 33))), NONE);
    assert_eq!(text(&format!("sms \"{}\"", "😀".repeat(3 * 33 + 1))), ["J0132"]);
    // Accents of the alphabet itself cost nothing.
    assert_eq!(text(&format!("sms \"{}\"", "é".repeat(3 * 153))), NONE);
}

#[test]
fn a_quote_of_a_word_processor_is_told_where_it_costs() {
    let long = "a".repeat(140);
    assert_eq!(text(&format!("sms \"It’s {long}\"")), ["J0132"]);
    assert_eq!(text(&format!("sms \"It's {long}\"")), NONE);
    // Where it costs nothing, or something stands there that cannot be written otherwise, nothing is said.
    assert_eq!(text("sms \"It’s on.\""), NONE);
    assert_eq!(text(&format!("sms \"It’s łodź {long}\"")), NONE);
    let told = told(&sending(&format!("message note {{ purpose service sms \"It’s {long}\" }}")), "J0132");
    assert_eq!(told, "warning: each `note` costs 3 text messages where 1 text message would do; write `'` for it");
}

#[test]
fn each_channel_has_its_own_measure() {
    let address = |channel: &str| {
        sending(&format!("message note {{ purpose service {channel} }}"))
            .replace("phone for sms, voice", "phone for sms, voice, whatsapp  token: text for push")
    };
    for (channel, most, codes) in [("whatsapp", 1_024, "J0131"), ("push", 3_072, "J0131"), ("voice", 3_000, "J0131")] {
        assert_eq!(of(&address(&format!("{channel} \"{}\"", "a".repeat(most)))), NONE, "{channel}");
        assert_eq!(of(&address(&format!("{channel} \"{}\"", "a".repeat(most + 1)))), [codes], "{channel}");
    }
    // A notification is counted in bytes.
    assert_eq!(of(&address(&format!("push \"{}\"", "é".repeat(1_537)))), ["J0131"]);
    // Nobody measures a mail, but its subject.
    assert_eq!(text(&format!("email \"{}\"", "a".repeat(20_000))), NONE);
}

#[test]
fn a_value_counts_as_long_as_its_type_lets_it_be() {
    let quoting = |ty: &str, placeholder: &str| {
        sending(&format!("message note {{ purpose service sms \"{}{{{placeholder}}}\" }}", "a".repeat(150)))
            .replace("slot: instant }", &format!("slot: instant, more: {ty} }}"))
    };
    assert_eq!(of(&quoting("text(50)", "booking.more")), NONE);
    assert_eq!(of(&quoting("text(60)", "booking.more")), ["J0132"]);
    assert_eq!(of(&quoting("text(600)", "booking.more")), ["J0131"]);
    // One that says no maximum counts as usual.
    assert_eq!(of(&quoting("text", "booking.more")), NONE);
    // The stand-in is as long as it is.
    assert_eq!(of(&quoting("text(1)?", &format!("booking.more or \"{}\"", "ł".repeat(60)))), ["J0132"]);
    assert_eq!(of(&quoting("one of { a, b }", "booking.more")), NONE);
    let told = told(&quoting("text(600)", "booking.more"), "J0131");
    assert_eq!(
        told,
        "warning: a customer may not get `note` by sms: its text message can have 12 segments; \
         shorten the text, or what it quotes: declare `more: text(50)`"
    );
}

#[test]
fn what_is_too_long_at_its_shortest_is_an_error() {
    let never = told(&sending(&format!("message note {{ purpose service sms \"{}\" }}", "a".repeat(1_600))), "J0131");
    assert!(never.starts_with("error: nobody can get `note` by sms: even its shortest"), "{never}");
}

#[test]
fn what_no_reader_can_show_is_told() {
    for bad in ["\u{1}", "\u{85}", "\u{fffd}", "\u{e000}", "\u{f8ff}", "\u{fdd0}", "\u{ffff}", "\u{10fffe}"] {
        assert_eq!(text(&format!("sms \"a{bad}b\"")), ["J0133"], "{bad:?}");
    }
    for good in ["é", "ł", "😀", "日本", "\\n", "👩‍👩‍👧", "مرحبا", "שלום"] {
        assert_eq!(text(&format!("sms \"a{good}b\"")), NONE, "{good:?}");
    }
    assert_eq!(of_policy("stop answers \"Bye\u{fffd}\" ", "message note { purpose service sms \"a\" }"), ["J0133"]);
}

const NIGHT: &str = "quiet 21:00 to 08:00 else defer";

#[test]
fn a_word_for_a_day_ages_where_the_text_can_wait_past_midnight() {
    let note = |lines: &str| format!("message note {{ purpose service sms \"We come tomorrow.\" {lines} }}");
    assert_eq!(of_policy("", &note("")), NONE, "nothing holds it");
    assert_eq!(of_policy(NIGHT, &note("")), ["J0134"], "twelve hours by the policy");
    assert_eq!(of_policy(NIGHT, &note("valid for 7h")), ["J0214"], "no longer true at eight");
    assert_eq!(
        of_policy(NIGHT, &note("valid for 8h")),
        ["J0134", "J0214"],
        "in the night in which the clock is set forward"
    );
    assert_eq!(of_policy(NIGHT, &note("valid until booking.slot")), ["J0134"]);
    assert_eq!(of_policy("quiet 13:00 to 15:00 else defer", &note("")), NONE, "never over midnight");
    assert_eq!(
        of_policy("quiet 20:00 to 00:00 else defer", &note("valid for 1h")),
        ["J0134", "J0214"],
        "free at midnight itself"
    );
    assert_eq!(of_policy("quiet 21:00 to 08:00 else skip", &note("")), NONE, "what is skipped does not wait");
    assert_eq!(of_policy("quiet 21:00 to 08:00 for marketing else defer", &note("")), NONE, "another purpose");
    assert_eq!(of_policy("limit sms to 1 per 24h else latest", &note("valid for 1h")), ["J0134"]);
    assert_eq!(of_policy("limit sms to 1 per 24h else skip", &note("")), NONE);
    assert_eq!(of_policy("limit sms to 1 else defer", &note("")), NONE, "one that never frees lets nothing wait");
    assert_eq!(of_policy(&format!("limit sms to 1 per 24h else latest {NIGHT}"), &note("valid for 7h")), ["J0214"]);
    let vital = "essential at most 3 per 24h";
    assert_eq!(of_policy(NIGHT, &note(vital)), NONE, "nothing holds it");
}

#[test]
fn a_word_for_the_day_of_an_instant_is_true_on_one_day() {
    let vital = "essential at most 3 per 24h";
    for (text, codes) in [
        ("We come tomorrow at {booking.slot:time}.", &["J0134"][..]),
        ("We come tomorrow, {booking.slot:day} at {booking.slot:time}.", &NONE[..]),
        ("We come {booking.slot:day} at {booking.slot:time}.", &NONE[..]),
        ("Your visit is now at {booking.slot:time}.", &NONE[..]),
    ] {
        assert_eq!(
            of(&sending(&format!("message note {{ purpose service sms \"{text}\" {vital} }}"))),
            codes,
            "{text}"
        );
    }
}

#[test]
fn a_word_is_of_the_day_on_which_every_send_of_it_comes() {
    let told = |policy: &str, says: &str, at: &str, more: &str| {
        let message = format!("message note {{ purpose service  sms \"{says}\" }}\nmessage was {{ purpose service ");
        let house = super::HOUSE.replace("message note { purpose service ", &message);
        let text = format!(
            "{house}{}journey visit for customer per booking.id {{ data booking: Booking {}
             start on created(booking) -> first
             state first {{ at {at} }}  state told {{ send note  after 2d -> done }} {more} end done as success }}",
            super::POLICY.replace("policy house {", &format!("policy house {{ {policy} ")),
            super::CALM
        );
        let compiled = super::compiled(&text);
        assert!(compiled.program.is_some(), "{:#?}", compiled.findings);
        compiled.findings.iter().filter(|f| f.code.code == "J0134").count()
    };
    let tomorrow = "We come tomorrow at {booking.slot:time}.";
    let eve = "booking.slot - 1 day at 18:00 -> told, if past -> done";
    assert_eq!(told("", tomorrow, eve, ""), 0);
    assert_eq!(told(NIGHT, tomorrow, eve, ""), 0, "it is not quiet then");
    // On another day, in the night, late enough for the next day, or whenever the instant is past.
    assert_eq!(told("", tomorrow, &eve.replace("1 day", "2 days"), ""), 1);
    assert_eq!(told("", &tomorrow.replace("tomorrow", "today"), eve, ""), 1);
    assert_eq!(
        told("", &tomorrow.replace("tomorrow", "today"), &eve.replace("1 day", "0 days").replace("18:", "07:"), ""),
        0
    );
    assert_eq!(told("", &tomorrow.replace("tomorrow", "übermorgen"), &eve.replace("1 day", "2 days"), ""), 0);
    assert_eq!(told(NIGHT, tomorrow, &eve.replace("18:00", "21:00"), ""), 1);
    assert_eq!(told(NIGHT, tomorrow, &eve.replace("18:00", "20:50"), ""), 1, "an `at` may be late by the grace");
    assert_eq!(told("", tomorrow, &eve.replace("18:00", "23:50"), ""), 1);
    assert_eq!(told("", tomorrow, &eve.replace("-> done", "-> told"), ""), 1);
    assert_eq!(told("", tomorrow, "booking.slot - 1d -> told, if past -> done", ""), 1, "a day is not 24 hours");
    // By a way that takes no time, and by another `send` of the same.
    let next = eve.replace("-> told,", "-> next,");
    assert_eq!(told("", tomorrow, &next, "state next { -> told }"), 0);
    assert_eq!(told("", tomorrow, &next, "state next { after 1h -> told }"), 1);
    assert_eq!(told("", tomorrow, eve, "on ping stay { send note }"), 1);
    // A limit may hold it until the day has passed; another instant's day is another matter.
    assert_eq!(told("limit sms to 1 per 24h else latest", tomorrow, eve, ""), 1);
    assert_eq!(told("limit email to 1 per 24h else latest", tomorrow, eve, ""), 0);
}

#[test]
fn words_for_days_are_known_in_several_languages() {
    let note = |text: &str| of_policy(NIGHT, &format!("message note {{ purpose service sms \"{text}\" }}"));
    for text in [
        "Tomorrow's visit is on.",
        "See you THIS EVENING.",
        "Mañana llega su técnico.",
        "Su técnico llega hoy.",
        "Votre technicien passe aujourd’hui.",
        "Wir kommen morgen früh.",
        "Heute ist es so weit!",
        "O técnico chega amanhã.",
        "Il tecnico arriva domani.",
        "We komen vandaag.",
    ] {
        assert_eq!(note(text), ["J0134"], "{text}");
    }
    for text in
        ["Llegamos por la mañana.", "Guten Morgen, wir kommen.", "Goede morgen!", "Todays", "We are on our way now."]
    {
        assert_eq!(note(text), NONE, "{text}");
    }
}

/// Two messages, the first by sms and e-mail, where a customer may lack either.
fn two(second: &str, lines: &str) -> String {
    journey(lines)
        .replace(
            "phone: phone for sms, voice  email: email for email",
            "phone: phone? for sms, voice  email: email? for email",
        )
        .replace(
            "message note { purpose service  sms",
            "message note { purpose service  email \"On {booking.slot:day}.\"  sms",
        )
        .replace("sms \"Once more: {booking.slot:day}.\"", second)
}

#[test]
fn who_gets_one_message_gets_the_next_or_somebody_hears() {
    let go =
        |rest: &str| format!("{CALM} state first {{ send note -> then }} state then {{ {rest} after 1d -> done }}");
    let sms = "sms \"Once more.\"";
    assert_eq!(of(&two(sms, &go("send other"))), ["J0135"]);
    assert_eq!(of(&two("sms \"Once more.\" email \"Once more.\"", &go("send other"))), NONE);
    assert_eq!(of(&two(sms, &go("send other { on blocked stay { handoff \"care\" } }"))), NONE);
    assert_eq!(of(&two(sms, &go("send other on blocked -> done"))), NONE);
    // The telephone has voice too, so whoever has one gets both.
    assert_eq!(of(&two("voice \"Once more.\" email \"Once more.\"", &go("send other"))), NONE);
    // By a fixed order a text may be there and not be used.
    assert_eq!(of(&two("sms \"Once more.\" email \"Once more.\"", &go("send other via sms"))), ["J0135"]);
    // An address that everybody has reaches everybody.
    let required = two(sms, &go("send other")).replace("phone: phone?", "phone: phone");
    assert_eq!(of(&required), NONE);
}

#[test]
fn a_critical_message_has_two_channels_or_somebody_who_hears() {
    let told = |message: &str, journey: &str| {
        let text = format!(
            "{}{}journey visit for customer per booking.id {{ data booking: Booking {} {journey}
             start on created(booking) -> first end done as success }}",
            super::HOUSE.replace("message vital { purpose safety  sms \"Danger.\"", message),
            super::POLICY,
            super::CALM
        );
        super::compiled(&text).findings.iter().filter(|f| f.code.code == "J0219").count()
    };
    let alone = "message vital { purpose safety  sms \"Danger.\"";
    let state = "state first { send vital  after 1d -> done }";
    assert_eq!(told(alone, state), 1);
    assert_eq!(told("message vital { purpose safety  email \"Danger.\"  sms \"Danger.\"", state), 0);
    // One address is one way, by however many channels.
    assert_eq!(told("message vital { purpose safety  voice \"Danger.\"  sms \"Danger.\"", state), 1);
    // By a fixed order only one of them is used.
    let both = "message vital { purpose safety  email \"Danger.\"  sms \"Danger.\"";
    assert_eq!(told(both, "state first { send vital via sms  after 1d -> done }"), 1);
    // The phone of this house is always known: it is enough to hear that it failed.
    let person = "stay { handoff \"care\" }";
    assert_eq!(told(alone, &format!("on failed {person} {state}")), 0);
    assert_eq!(told(alone, &format!("on failed when booking.slot > now {person} {state}")), 1);
    assert_eq!(told(alone, &format!("on blocked {person} {state}")), 1);
    let own = |then: &str| format!("state first {{ send vital {{ on failed {then} }}  after 1d -> done }}");
    assert_eq!(told(alone, &own(person)), 0);
    assert_eq!(told(alone, &own("stay { send both }")), 0);
    assert_eq!(told(alone, &own("stay { send note }")), 1);
    assert_eq!(told(alone, &own("-> done")), 1);
    let desk = "state desk { handoff \"care\"  after 1d -> done }";
    assert_eq!(told(alone, &format!("{} {desk}", own("-> desk"))), 0);
    assert_eq!(told(alone, &format!("{} state next {{ -> desk }} {desk}", own("-> next"))), 0);
    // Where a step ends the journey, nobody hears.
    assert_eq!(told(alone, &format!("on failed {person} state first {{ send vital -> done }}")), 1);
    // A keeping message is critical, too.
    let promise =
        "state first { send note promising word by booking.slot  at booking.slot - 1h -> second, if past -> second }
        state second { send other keeping word  after 1d -> done }";
    assert_eq!(told(alone, promise), 1);
    assert_eq!(told(alone, &format!("on failed {person} {promise}")), 0);
}

#[test]
fn a_text_that_no_send_takes_is_told() {
    let told = |states: &str| {
        let compiled =
            super::compiled(&super::journey(&format!("{CALM} {states} state second {{ after 1d -> done }}")));
        compiled.findings.into_iter().filter(|f| f.code.code == "J0224").map(|f| f.message).collect::<Vec<_>>()
    };
    let state = |send: &str, then: &str| {
        format!("state first {{ send both {send}  after 1d -> next }} state next {{ {then}  after 1d -> second }}")
    };
    let email = ["no customer ever gets `both` by email: whatever sends it names other channels"];
    assert_eq!(told(&state("via sms", "")), email);
    assert_eq!(told(&state("via sms", "send both via sms")), email);
    assert_eq!(told(&state("via sms", "send both via email")), Vec::<String>::new());
    assert_eq!(told(&state("via sms", "on ping stay { send both }")), Vec::<String>::new());
    assert_eq!(told(&state("via sms else email", "")), Vec::<String>::new());
    assert_eq!(told(&state("", "")), Vec::<String>::new());
    // What nothing sends is told as such.
    assert_eq!(told("state first { after 1d -> second }"), Vec::<String>::new());
}
