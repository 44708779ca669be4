//! Texts for readers of one language: J0136, and what the other rules make of them.

use super::{CALM, NONE, compiled, journey, of};

/// A house whose customers may say what they read, and a journey that sends two messages with these lines.
fn sending(note: &str, other: &str) -> String {
    journey(&format!("{CALM} state first {{ send note -> then }} state then {{ send other after 1d -> done }}"))
        .replace("zone: zone }", "zone: zone  language: locale? }")
        .replace("sms \"Your visit is on {booking.slot:day}.\"", note)
        .replace("sms \"Once more: {booking.slot:day}.\"", other)
}

fn told(text: &str) -> Vec<String> {
    compiled(text)
        .findings
        .iter()
        .filter(|f| f.code.code != "J0103")
        .map(|f| format!("{} {}", f.level.name(), f.message))
        .collect()
}

#[test]
fn a_language_that_one_message_speaks_each_speaks() {
    let both = "sms \"On {booking.slot:day}.\" sms[es] \"El {booking.slot:day}.\"";
    assert_eq!(of(&sending(both, both)), NONE);
    assert_eq!(
        told(&sending(both, "sms \"Once more.\"")),
        ["warning a customer who reads `es` gets `other` by sms in `en-GB`"]
    );
    // Of one message each channel.
    let by_mail = format!("{both} email \"On {{booking.slot:day}}.\"");
    assert_eq!(told(&sending(&by_mail, both)), ["warning a customer who reads `es` gets `note` by email in `en-GB`"]);
    // Whoever reads one text of a language can read another of it; and one of the house's own language asks nothing.
    assert_eq!(of(&sending(&both.replace("es]", "es-MX]"), both)), NONE);
    assert_eq!(of(&sending("sms \"a\" sms[en-US] \"b\"", "sms \"Once more.\"")), NONE);
}

#[test]
fn whoever_reads_another_language_gets_something() {
    assert_eq!(
        told(&sending("sms[es] \"El {booking.slot:day}.\"", "sms \"Once more.\"")),
        ["error a customer who does not read `es` cannot get `note` by sms"]
    );
    let unknown = sending("sms \"a\" sms[es] \"b\"", "sms \"a\" sms[es] \"b\"").replace("language: locale?", "");
    assert_eq!(told(&unknown), ["warning nobody ever gets `note` in `es`: what a customer reads is not known"]);
    assert_eq!(
        told(&sending("sms \"a\" sms[es] \"b\" sms[ES] \"c\"", "sms \"a\" sms[es] \"b\""))[0],
        "error `note` has two texts for sms in `es`, and only the first is ever sent"
    );
    assert_eq!(
        told(&sending("sms \"a\" sms[sp] \"b\"", "sms \"a\""))[0],
        "error nobody reads `sp`: it is no language that is known"
    );
}

#[test]
fn every_language_is_looked_at() {
    let with = |text: &str| of(&sending(&format!("sms \"a\" sms[de] \"{text}\""), "sms \"a\" sms[de] \"b\""));
    assert_eq!(with(&"a".repeat(3 * 153 + 1)), ["J0132"]);
    assert_eq!(with("a\u{fffd}"), ["J0133"]);
    assert_eq!(with("Antworten Sie mit STORNO oder CANCEL."), ["J0403"]);
    assert_eq!(with("{booking.slod:day}"), ["J0112"]);
    // The longest day in German, in any region, and the shorter English one.
    let room = 3 * 153 - "Donnerstag, 24. September".len();
    assert_eq!(with(&format!("{}{{booking.slot:day}}", "a".repeat(room))), NONE);
    assert_eq!(with(&format!("{}{{booking.slot:day}}", "a".repeat(room + 1))), ["J0132"]);
    // What is a word for a day in one language is none in another.
    let night = |text: &str| {
        let text = sending(text, "sms \"a\" sms[de] \"b\" sms[fr] \"c\"");
        of(&text.replace("policy house {", "policy house { locale en-GB quiet 21:00 to 08:00 else defer"))
    };
    assert_eq!(night("sms \"a\" sms[de] \"Wir sind hier.\" sms[fr] \"c\""), NONE);
    assert_eq!(night("sms \"a\" sms[de] \"b\" sms[fr] \"C'était hier.\""), ["J0134"]);
    // English has words for a bool, and no other language has them here.
    let flag =
        |text: &str| sending(text, "sms \"a\" sms[de] \"b\"").replace("slot: instant }", "slot: instant, paid: bool }");
    assert_eq!(of(&flag("sms \"{booking.paid}\" sms[de] \"b\"")), NONE);
    assert_eq!(of(&flag("sms \"a\" sms[de] \"{booking.paid}\"")), ["J0112"]);
}
