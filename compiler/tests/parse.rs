//! Valid files of every construct.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail so"
)]
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "these tests measure how long reading takes")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use journey_compiler::ast::{
    Expectation, ExprKind, File, Item, JourneyItem, MessageItem, ScenarioLineKind, StateItem, TemplatePiece,
    TriggerDecl,
};
use journey_compiler::diagnostics::Finding;
use journey_compiler::parse::{MAX_BYTES, decode, parse};
use journey_compiler::source::FileId;

const APPOINTMENT: &str = include_str!("fixtures/appointment.journey");
const HOUSE: &str = include_str!("fixtures/house.journey");
const BOARDING: &str = include_str!("fixtures/boarding.journey");
const STUCK: &str = include_str!("fixtures/stuck.scenario.journey");
const EVERYTHING: &str = include_str!("fixtures/everything.journey");

fn read(text: &str) -> (File, Vec<Finding>) {
    parse(FileId(0), text)
}

fn valid(text: &str) -> File {
    let (file, findings) = read(text);
    assert_eq!(findings, [], "{text}");
    file
}

fn codes(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|f| f.code.code).collect()
}

#[test]
fn every_fixture_is_valid() {
    for text in [APPOINTMENT, HOUSE, BOARDING, STUCK, EVERYTHING] {
        valid(text);
        valid(&text.replace('\n', "\r\n"));
        valid(&format!("\u{feff}{text}"));
    }
}

#[test]
fn the_first_journey_is_read_whole() {
    let file = valid(APPOINTMENT);
    assert_eq!(file.items.len(), 12);
    assert_eq!(file.comments.len(), 10, "{:?}", file.comments);
    let Some(Item::Journey(journey)) = file.items.last() else { panic!() };
    let head = &APPOINTMENT[journey.head.start as usize..journey.head.end as usize];
    assert_eq!(head, "journey appointment for customer per booking.id");
    let states: Vec<_> = journey
        .items
        .iter()
        .filter_map(|i| if let JourneyItem::State(s) = i { Some((s.name.text.as_str(), s.items.len())) } else { None })
        .collect();
    assert_eq!(
        states,
        [
            ("booked", 2),
            ("moved", 2),
            ("waiting", 3),
            ("tomorrow", 2),
            ("soon", 3),
            ("day", 2),
            ("asking_off", 1),
            ("calling_off", 4),
            ("rebooking", 3),
            ("agent", 4),
            ("agreed", 2),
            ("unanswered", 3),
        ]
    );
    assert_eq!(journey.items.len(), 1 + 6 + 1 + 3 + 12 + 3);
}

#[test]
fn spans_end_with_what_they_name() {
    let file = valid(APPOINTMENT);
    let Some(Item::Journey(journey)) = file.items.last() else { panic!() };
    let place = |span: journey_compiler::source::Span| &APPOINTMENT[span.start as usize..span.end as usize];
    let spans: Vec<_> = journey
        .items
        .iter()
        .filter_map(|i| match i {
            JourneyItem::Arrow(a) => Some(place(a.span)),
            JourneyItem::Limit(l) => Some(place(l.span)),
            _ => None,
        })
        .collect();
    assert_eq!(spans[0], r#"limit live to 3                       else handoff "scheduling""#);
    assert_eq!(spans[2], "limit visits moved to 3 per 7d        else -> agent");
    assert_eq!(spans[6], "on booking.cancelled -> calling_off");
    let waiting = journey.items.iter().find_map(|i| match i {
        JourneyItem::State(s) if s.name.text == "waiting" => Some(s),
        _ => None,
    });
    let StateItem::Arrow(at) = &waiting.unwrap().items[2] else { panic!() };
    assert_eq!(place(at.span), "at booking.slot - 1d -> tomorrow, if past -> soon");
    let TriggerDecl::At { at, if_past } = &at.on else { panic!() };
    assert_eq!(place(at.span), "booking.slot - 1d");
    assert!(if_past.is_some());
    assert!(matches!(at.kind, ExprKind::Add { minus: true, .. }));
}

#[test]
fn texts_are_read_into_pieces() {
    let file = valid(EVERYTHING);
    let hello = file.items.iter().find_map(|i| match i {
        Item::Message(m) if m.name.text == "hello" => Some(m),
        _ => None,
    });
    let MessageItem::Variant(sms) = &hello.unwrap().items[1] else { panic!() };
    assert_eq!(sms.text.pieces.len(), 3);
    let TemplatePiece::Value { path, or, span, format } = &sms.text.pieces[1] else { panic!() };
    assert_eq!((path.text().as_str(), or.as_deref(), format), ("customer.first_name", Some("there"), &None));
    assert_eq!(&EVERYTHING[span.start as usize..span.end as usize], r#"{customer.first_name or "there"}"#);
    assert_eq!(&EVERYTHING[path.span.start as usize..path.span.end as usize], "customer.first_name");
    let part = path.parts[1].span;
    assert_eq!(&EVERYTHING[part.start as usize..part.end as usize], "first_name");
    let TemplatePiece::Text(text) = &sms.text.pieces[2] else { panic!() };
    assert_eq!(text, ", \"quoted\", {braces} and a \\ backslash\nwith a new line");
}

#[test]
fn doc_comments_belong_to_the_item_below() {
    let file = valid(EVERYTHING);
    let Some(Item::Customer(customer)) = file.items.first() else { panic!() };
    assert_eq!(customer.doc, ["Who is contacted."]);
    assert_eq!(file.comments.len(), 1);
    // above an item that takes none, it is a comment like others
    assert!(valid("/// about the file\nuse \"a.journey\"").comments.len() == 1);
    assert!(valid("/// far away\n\nrecord A { }").comments.len() == 1);
}

#[test]
fn fields_are_separated_by_commas_lines_or_blanks() {
    for text in
        ["record A { a: text, b: bool? }", "record A {\n a: text\n b: bool?\n}", "record A { a: text b: bool? }"]
    {
        let Item::Record(record) = &valid(text).items[0] else { panic!() };
        assert_eq!(record.fields.len(), 2);
        assert!(record.fields[1].ty.optional);
    }
    let Item::Customer(customer) = &valid("customer { a: phone for sms, voice, b: email for email }").items[0] else {
        panic!()
    };
    assert_eq!(customer.fields.iter().map(|f| f.channels.len()).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn an_at_alone_on_its_line_only_moves_the_clock() {
    let file = valid("scenario \"x\" for j {\n at 2026-01-01 10:00\n reply \"a\"\n at 2026-01-02 10:00 reply \"b\"\n}");
    let Item::Scenario(scenario) = &file.items[0] else { panic!() };
    let kinds: Vec<_> = scenario
        .lines
        .iter()
        .map(|l| match &l.kind {
            ScenarioLineKind::At(_, None) => "at",
            ScenarioLineKind::At(_, Some(_)) => "at …",
            _ => "other",
        })
        .collect();
    assert_eq!(kinds, ["at", "other", "at …"]);
}

#[test]
fn expectations_are_told_apart() {
    let file = valid(EVERYTHING);
    let Some(Item::Scenario(scenario)) = file.items.last() else { panic!() };
    let expected: Vec<_> = scenario
        .lines
        .iter()
        .filter_map(|l| if let ScenarioLineKind::Expect(e) = &l.kind { Some(e) } else { None })
        .collect();
    assert!(matches!(expected[0], Expectation::Message { channel: Some(_), .. }));
    assert!(matches!(expected[1], Expectation::Message { channel: None, .. }));
    assert!(matches!(expected[2], Expectation::No(None)));
    assert!(matches!(expected[3], Expectation::No(Some(_))));
    assert!(matches!(expected[4], Expectation::NoHandoff));
    assert!(matches!(expected[5], Expectation::Count { exactly: true, channel: Some(_), .. }));
    assert!(matches!(expected[6], Expectation::Count { exactly: false, channel: None, .. }));
    assert!(matches!(expected[11], Expectation::Refused(_)));
    assert!(matches!(expected[13], Expectation::Data { .. }));
}

#[test]
fn keywords_end_at_a_words_end() {
    let file = valid("record A { state: text, ending: text, on_call: bool, message: text }\nevent state.changed { }");
    assert_eq!(file.items.len(), 2);
    assert_eq!(codes(&read("recordA { }").1), ["J0001"]);
}

#[test]
fn large_files_and_deep_nesting_are_refused_fast() {
    let begun = Instant::now();
    assert_eq!(codes(&read(&" ".repeat(MAX_BYTES + 1)).1), ["J0004"]);
    for piece in ["{", "(", "{(", "x{", "x {\n", "state a { "] {
        let (file, findings) = read(&piece.repeat(100_000));
        assert_eq!(codes(&findings), ["J0003"], "{piece}");
        assert!(file.items.is_empty());
    }
    let nested = format!("scenario \"x\" for j {{ event a {}1{} }}", "{ a: ".repeat(63), "}".repeat(63));
    valid(&nested);
    let sum = format!("message m {{ valid until a {} }}", "+ 1d ".repeat(100_000));
    assert_eq!(codes(&read(&sum).1), ["J0003"]);
    let ats = format!("scenario \"x\" for j {{ {} }}", "at 2026-01-01 ".repeat(50_000));
    assert_eq!(codes(&read(&ats).1), Vec::<&str>::new());
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[test]
fn hostile_repetition_stays_cheap() {
    let begun = Instant::now();
    for (head, piece) in [
        ("", "\"x"),
        ("", "a\n"),
        ("", "{}\n"),
        ("", "} { "),
        ("journey a for customer { state b { ", "limit x\n"),
        ("journey a for customer { state b { ", "send\n"),
        ("journey a for customer { ", "x {\n"),
        ("record a { ", "x y\n"),
        ("record a { ", "x: one of { a\n"),
        ("message a { sms \"", "{"),
        ("message a { sms \"", "{a or \\\""),
        ("scenario \"a\" for b { ", "event a { a: {\n"),
        ("scenario \"a\" for b { event a { a: ", "n days "),
        ("// ", "/// x\n"),
        ("", "\r"),
    ] {
        let one = Instant::now();
        let text = format!("{head}{}", piece.repeat(100_000 / piece.len()));
        let _ = read(&text);
        assert!(one.elapsed() < Duration::from_secs(10), "{head}{piece}: {:?}", one.elapsed());
    }
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[test]
fn bytes_are_decoded() {
    assert_eq!(decode(FileId(0), "a.journey", b"\xEF\xBB\xBFuse").unwrap(), "use");
    let finding = decode(FileId(0), "a.journey", b"use\n\xFF").unwrap_err();
    assert_eq!(finding.code.code, "J0005");
    assert_eq!(finding.message, "`a.journey` is not UTF-8 text: byte 4, on line 2, is no part of a character");
    assert!(finding.help.iter().all(|h| !h.contains("UTF-16")), "{:?}", finding.help);
    for bytes in [b"\xFF\xFEu\0s\0e\0", b"\xFE\xFF\0u\0s\0e"] {
        let finding = decode(FileId(0), "a.journey", bytes).unwrap_err();
        assert!(finding.help.iter().any(|h| h.contains("UTF-16")), "{:?}", finding.help);
    }
}

#[test]
#[ignore = "a measurement; run it in release"]
fn a_file_of_two_thousand_lines_takes_a_few_milliseconds() {
    let mut text = String::new();
    while text.lines().count() < 2_000 {
        text.push_str(APPOINTMENT);
        text.push_str(EVERYTHING);
    }
    let best = (0..20)
        .map(|_| {
            let begun = Instant::now();
            valid(&text);
            begun.elapsed()
        })
        .min();
    println!("{} lines, {} bytes: {best:?}", text.lines().count(), text.len());
    assert!(best.unwrap() < Duration::from_millis(20));
}

#[test]
fn what_is_odd_is_named_in_plain_words() {
    let told = |text: &str| {
        let (_, findings) = read(text);
        let first = findings.first().unwrap_or_else(|| panic!("nothing is said of {text}"));
        assert_eq!((first.code.code, findings.len()), ("J0001", 1), "{text}: {findings:#?}");
        let labels: Vec<_> = first.labels.iter().map(|l| l.text.clone()).collect();
        format!("{} | {} | {}", first.message, labels.join(", "), first.help.clone().unwrap_or_default())
    };
    for text in ["record שלום { id: text }", "event été { id: text }", "record Café { id: text }"] {
        assert!(told(text).contains("a name is made of the letters a to z, digits and _"), "{}", told(text));
    }
    let wait = told("message m { purpose service sms \"x\" valid for 3 }");
    assert!(wait.contains("`3h` for hours, `3d` for days"), "{wait}");
    let wait = told("policy p { limit messages to 6 per 24 else skip }");
    assert!(wait.contains("`24h` for hours, `24d` for days"), "{wait}");
    for (control, name) in [("\u{0}", "`U+0000`"), ("\u{1b}", "`U+001B`"), ("\u{7f}", "`U+007F`")] {
        assert!(told(&format!("{control}\nrecord A {{ id: text }}")).contains(name), "{}", told(control));
        assert!(!told(control).contains(control));
    }
    for (date, says) in [("2026-02-30 10:00", "on no calendar"), ("9999-01-01", "the years 1900 to 2200 are known")] {
        assert!(told(&format!("scenario \"x\" for j {{ at {date} expect no message }}")).contains(says));
    }
}

#[test]
fn an_allow_covers_what_stands_below() {
    let text = r#"
allow J0103 because "used \"soon\""
/// Said.
record A { id: text }
allow J0205 because "a" allow J0303 because "b"
journey j for customer {
  allow J0401 because "c"
  // between
  on reply stay { handoff "care" }
  allow J0303 because "d"
  state a {
    allow J0201 because "e"
    send m { on blocked -> a }
    allow J0202 because "f"
  }
}
"#;
    let file = valid(text);
    let covered: Vec<_> = file
        .allows
        .iter()
        .map(|a| (a.code.text.as_str(), a.reason.text.as_str(), &text[a.covers.start as usize..a.covers.end as usize]))
        .collect();
    let expected = [
        ("J0103", "used \"soon\"", "record A { id: text }"),
        ("J0205", "a", "journey j for customer"),
        ("J0303", "b", "journey j for customer"),
        ("J0401", "c", "on reply stay { handoff \"care\" }"),
        ("J0303", "d", "state a"),
        ("J0201", "e", "send m { on blocked -> a }"),
        ("J0202", "f", ""),
    ];
    assert_eq!(covered, expected);
    let Some(Item::Record(record)) = file.items.first() else { panic!() };
    assert_eq!(record.doc, ["Said."]);
}

#[test]
fn the_specification_lists_the_reserved_words() {
    let words = |text: &str, from: &str, to: &str, quote: char| -> Vec<String> {
        let text = text.split_once(from).unwrap().1.split_once(to).unwrap().0;
        let mut words: Vec<String> = text.split(quote).skip(1).step_by(2).map(str::to_owned).collect();
        words.sort();
        words
    };
    let grammar = words(include_str!("../src/parse/journey.pest"), "reserved = _{", "}", '"');
    let listed = words(include_str!("../../language-spec/spec/01-files.md"), "fields may be called so:", ".\n", '`');
    assert!(grammar.len() > 40 && listed == grammar, "the grammar has {grammar:?}, the specification {listed:?}");
}

#[test]
fn a_letter_of_another_alphabet_costs_one_finding() {
    let file = include_str!("fixtures/boarding.journey");
    let said = |text: &str| {
        let compiled = journey_compiler::compile(
            &["main.journey".into()],
            &journey_compiler::source::Memory([("main.journey".to_owned(), text.to_owned())].into()),
        );
        compiled.findings.iter().map(|f| f.message.clone()).collect::<Vec<_>>()
    };
    let before = said(file);
    for (name, odd) in [("boarding", "b\u{43e}arding"), ("flight", "fl\u{456}ght")] {
        // Wherever it stands, alone and everywhere.
        let places: Vec<usize> = file.match_indices(&format!(" {name} ")).map(|(at, _)| at + 1).collect();
        assert!(!places.is_empty(), "{name}");
        for at in places {
            let mut text = file.to_owned();
            text.replace_range(at..at + name.len(), odd);
            if text[..at].rsplit('\n').next().unwrap().contains(['"', '/']) {
                continue;
            }
            let found = said(&text);
            let new: Vec<&String> = found.iter().filter(|f| !before.contains(f)).collect();
            assert!(matches!(new[..], [one] if one.contains("is not the name that it looks like")), "{at}: {new:?}");
        }
    }
    let accent = said(&file.replace("state boarding", "state \u{e9}tat").replace("-> boarding", "-> \u{e9}tat"));
    assert!(accent.iter().filter(|f| f.contains("`\u{e9}tat` cannot be a name")).count() == 1, "{accent:?}");
}

/// libFuzzer puts words of the dictionary into what it tries; one that it lacks is hardly ever tried.
#[test]
fn the_fuzzers_dictionary_has_every_word_of_the_grammar() {
    let grammar = include_str!("../src/parse/journey.pest");
    let dictionary: BTreeSet<&str> = include_str!("../../fuzz/journey.dict").lines().collect();
    let code = grammar.lines().map(|line| line.split("//").next().unwrap_or_default());
    let quoted = code.flat_map(|line| line.split('"').skip(1).step_by(2));
    let is_word = |word: &&str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.chars().all(|c| c.is_ascii_alphabetic() || c == '.')
    };
    let words: BTreeSet<&str> = quoted.filter(is_word).collect();
    assert!(words.len() > 120 && ["journey", "migrate", "withdrawing"].iter().all(|word| words.contains(word)));
    let missing: Vec<&str> =
        words.into_iter().filter(|word| !dictionary.contains(format!("\"{word}\"").as_str())).collect();
    assert!(missing.is_empty(), "not in fuzz/journey.dict: {missing:?}");
}
