//! The canonical form, and that any text is survived.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail so"
)]
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "these tests measure how long reading takes")]

use std::time::{Duration, Instant};

use journey_compiler::ast::File;
use journey_compiler::format::format;
use journey_compiler::parse::parse;
use journey_compiler::source::FileId;
use proptest::prelude::*;

const FIXTURES: [&str; 5] = [
    include_str!("fixtures/appointment.journey"),
    include_str!("fixtures/house.journey"),
    include_str!("fixtures/boarding.journey"),
    include_str!("fixtures/stuck.scenario.journey"),
    include_str!("fixtures/everything.journey"),
];

/// The tree without places: what it says.
fn meaning(file: &File) -> String {
    let allows = file.allows.iter().map(|a| (&a.code, &a.reason)).collect::<Vec<_>>();
    let said = format!("{:?} {allows:?}", file.items);
    let mut out = String::new();
    let mut rest = said.as_str();
    while let Some((before, after)) = rest.split_once("Span { file: FileId(0), start: ") {
        out.push_str(before);
        rest = after.split_once('}').unwrap().1;
    }
    out + rest
}

fn comments(file: &File) -> Vec<&str> {
    let mut all: Vec<_> = file.comments.iter().map(|c| c.text.as_str()).collect();
    all.sort_unstable();
    all
}

fn check(text: &str) {
    let (before, findings) = parse(FileId(0), text);
    let Ok(once) = format(text) else {
        assert!(!findings.is_empty());
        return;
    };
    let (after, findings) = parse(FileId(0), &once);
    assert_eq!(findings, [], "{text}\n--- became\n{once}");
    assert_eq!(meaning(&before), meaning(&after), "{text}\n--- became\n{once}");
    assert_eq!(comments(&before), comments(&after), "{text}\n--- became\n{once}");
    assert_eq!(format(&once).unwrap(), once, "not idempotent: {text}");
    assert!(once.is_empty() || once.ends_with('\n') && !once.ends_with("\n\n"));
}

#[test]
fn fixtures_keep_their_meaning() {
    for text in FIXTURES {
        check(text);
        check(&text.replace('\n', "\r\n"));
    }
}

#[test]
fn a_field_behind_a_number_is_no_unit_of_time() {
    let long = "a key that is so long that the line has to be broken somewhere in it, and its commas go";
    let text = format!(
        "scenario \"s\" for j {{\n  at 2026-03-02 14:00 event c.made {{ c: {{ id: \"{long}\", device: phone, hour: 14, n: 0, day: 2 }} }}\n}}\n"
    );
    let once = format(&text).expect("it can be read");
    assert!(once.contains("device: phone\n") && once.contains("hour: 14\n"), "{once}");
    check(&text);
}

#[test]
fn rules_with_their_law_cases_with_data_and_splits_that_are_mocked_keep_their_meaning() {
    check(
        "policy   law { limit debt voice to 7 per 7d per debt.id else latest   because \"12 CFR 1006.14\"\n\
         quiet saturday,sunday for debt else defer because \"manners\" quiet 20:00 to 08:00 else skip\n\
         quiet  7d after debt.talked   per debt.id for debt voice,sms , marketing  messages else handoff \"q\" because \"law\"\n\
         quiet 60d  after calls.refused // no\n for messages else skip }\n\
         journey j for customer { state s { handoff \"q\" with  a.b,transcript , customer.c priority 2\n\
         handoff \"r\" with a.b -> t } state t { handoff \"s\" with transcript -> u } end u as success }\n\
         scenario \"s\" for j { mock split s  ->  t at 2026-03-02 14:00 event c.made {} expect state t }\n",
    );
}

#[test]
fn a_canonical_file_stays_as_it_is() {
    let text = FIXTURES[4];
    assert_eq!(format(text).unwrap(), text);
}

#[test]
fn the_style() {
    let messy = r#"// first
use   "a.journey"   // why
use "b.journey"
record Booking{id:text,slot:instant}
event x { }


event y{a:text
b:bool // trailing
}
/// Said.
journey j for customer per booking.id { data booking:Booking
  limit live to 3                       else handoff "scheduling" // bound


  start on x->a
  state a   { send m   ->b }  // one line
  // above
  state b { // open
      after 24h->c
      // last
  }
  state c { send a_rather_long_name via sms else email promising another_name within 2h   after 1d -> another_rather_long_state }
  end /* */
}
"#
    .replace("  end /* */\n", "  end d as success\n");
    let neat = r#"// first
use "a.journey"  // why
use "b.journey"
record Booking { id: text, slot: instant }
event x { }

event y {
  a: text
  b: bool  // trailing
}

/// Said.
journey j for customer per booking.id {
  data booking: Booking
  limit live to 3 else handoff "scheduling"  // bound

  start on x -> a
  state a { send m   -> b }  // one line
  // above
  state b {  // open
    after 24h -> c
    // last
  }
  state c {
    send a_rather_long_name via sms else email promising another_name within 2h
    after 1d -> another_rather_long_state
  }
  end d as success
}
"#;
    assert_eq!(format(&messy).unwrap(), neat);
    check(&messy);
}

#[test]
fn odd_comments_are_kept() {
    for text in [
        "",
        "// only",
        "\n\n// a\n\n\n// b\n",
        "record A { // x\n}",
        "record A {\n// x\n}",
        "record // a\nA // b\n{ // c\nid // d\n: // e\ntext // f\n, // g\nb: text // h\n} // i\n// j",
        "/// doc\n/// more\nrecord A { } /// behind\nrecord B { }",
        "/// lost\n\nrecord A { }",
        "/// doc\n// between\nrecord A { }",
        "record /// inside\nA { }",
        "//// four\nrecord A { }",
        "message m { purpose // a\nservice valid // b\nfor // c\n2h }",
        "journey j for customer { state a { on x stay { // a\n send m // b\n } // c\n } // d\n state b { on x stay { // e\n} } }",
        "journey j for customer { state a { at b.c stay { send m } // x\n , if past // y\n stay { send n // z\n } } }",
        "journey j for customer { state a { send m { // a\n on blocked -> b // b\n // c\n on failed // d\n -> b } } }",
        "journey j for customer { state a { send m { // a\n on sent // b\n set x = now // c\n on blocked -> b // d\n on sent set y.z = missing // e\n } } }",
        "scenario \"a\" for b { at 2026-01-01 10:00 // a\n reply \"x\" // b\n event c { // c\n d: { // d\n e: 1 } // e\n } // f\n }",
        "event a { } event b { } // both",
        "record A { a: text }\n// tight\nrecord B {\n a: text\n}\n// tight again\nrecord C { }",
    ] {
        check(text);
    }
}

#[test]
fn an_allow_stands_right_above_what_it_stands_before() {
    let messy = r#"record A { id: text }
allow   J0103   because "later" // why

record B { id: text }
allow J0301 because "a"   allow J0303 because "b"
// between
journey j for customer {
  start on x -> a
  allow J0303 because "c"  /// Said.

  /// Doc.
  state a { send m }
  state b { allow J0206 because "d" send m { on failed stay { send n } }   -> a   allow J0301 because "nothing" }

  allow J0301 because "e"
  end d as success
}
allow J0121 because "the end"
"#;
    let neat = r#"record A { id: text }
allow J0103 because "later"  // why
record B { id: text }

allow J0301 because "a"
allow J0303 because "b"
// between
journey j for customer {
  start on x -> a
  allow J0303 because "c"  /// Said.
  /// Doc.
  state a { send m }
  state b {
    allow J0206 because "d"
    send m { on failed stay { send n } }
    -> a
    allow J0301 because "nothing"
  }

  allow J0301 because "e"
  end d as success
}

allow J0121 because "the end"
"#;
    assert_eq!(format(messy).unwrap(), neat);
    check(messy);
    for text in [
        "allow J0001 // a\nbecause // b\n\"x\" // c\n\n// d\n\n/// e\nrecord A { }",
        "/// lost\nallow J0103 because \"x\"\nrecord A { }",
        "allow J0103 because \"x\"\n/// lost\n\nrecord A { }",
        "record A { }\n\n\nallow J0103 because \"x\" record B {\n}\nrecord C {\n a: text }\nallow J0103 because \"x\"",
        "policy p { allow J0207 because \"x\" grace 5m }",
        "message m { allow J0404 because \"x\" replies { a: \"b\" } // c\n allow J0207 because \"y\" // d\n}",
        "journey j for customer { allow J0301 because \"x\" state a { -> b } }\nevent x { }",
    ] {
        check(text);
    }
}

#[test]
fn what_has_errors_is_not_rewritten() {
    assert!(format("record A { x }").is_err());
}

/// A valid file with some of its bytes, words or lines changed.
fn mutated() -> impl Strategy<Value = String> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), 0_u8..7, "[ -~\n]{0,3}"), 1..6);
    (0..FIXTURES.len(), edits).prop_map(|(which, edits)| {
        let mut text = FIXTURES[which].to_string();
        for (at, kind, insert) in edits {
            if text.is_empty() {
                break;
            }
            let mut at = at.index(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            match kind {
                0 => text.insert_str(at, &insert),
                1 => text.truncate(at),
                2 => {
                    text.remove(at);
                }
                3 => {
                    let end = text[at..].find('\n').map_or(text.len(), |n| at + n);
                    text.replace_range(at..end, "");
                }
                4 => text.insert_str(at, " // aside\n"),
                5 => text.insert_str(at, "\n/// aside\n"),
                _ => text = text[at..].to_string(),
            }
        }
        text
    })
}

/// A valid file in which the blanks are other blanks.
fn respaced() -> impl Strategy<Value = String> {
    (0..FIXTURES.len(), prop::collection::vec(0_u8..8, 1..40)).prop_map(|(which, choices)| {
        let mut out = String::new();
        let mut quoted = false;
        let mut comment = false;
        let mut n = 0;
        let text = FIXTURES[which];
        for (i, c) in text.char_indices() {
            comment |= !quoted && text[i..].starts_with("//");
            quoted ^= c == '"' && !comment && !text[..i].ends_with('\\');
            if c == '\n' {
                (comment, quoted) = (false, false);
            }
            out.push(c);
            if c == ' ' && !quoted && !comment && !text[..i].ends_with('\"') {
                n += 1;
                match choices[n % choices.len()] {
                    0 => out.push('\n'),
                    1 => out.push_str("\n\n"),
                    2 => out.push_str(" // odd\n"),
                    3 if n % 3 == 0 => out.push_str("\n  /// odd\n"),
                    _ => {}
                }
            }
        }
        out
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(text in "\\PC{0,200}") {
        let begun = Instant::now();
        check(&text);
        prop_assert!(begun.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_words_of_the_language_are_survived(words in prop::collection::vec(prop::sample::select(&[
        "{", "}", "(", ")", "\"", "\\", "->", ",", ":", "|", "\n", "//", "///", "state", "journey", "end", "as", "on",
        "reply", "stay", "send", "via", "else", "sms", "x", "a.b", "15m", "12", "at", "after", "limit", "to", "per",
        "message", "purpose", "record", "event", "customer", "for", "scenario", "\"t\"", "repeat", "every", "expect",
        "2026-03-02 10:00", "+", "-", "days", "{a or \"b\"}", "call", "within", "policy", "replies", "use", "handoff",
    ][..]), 0..120)) {
        let begun = Instant::now();
        check(&words.join(" "));
        prop_assert!(begun.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn mutated_files_are_survived(text in mutated()) {
        let begun = Instant::now();
        check(&text);
        prop_assert!(begun.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn other_blanks_change_no_meaning(text in respaced()) {
        check(&text);
    }
}
