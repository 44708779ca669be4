//! Broken text: one finding a mistake, and the neighbours are read.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail so"
)]

use std::sync::Mutex;

use journey_compiler::ast::{File, Item, JourneyItem};
use journey_compiler::parse::parse;
use journey_compiler::source::FileId;

const APPOINTMENT: &str = include_str!("fixtures/appointment.journey");

/// The code and message of each finding, with the text at its place.
fn told(text: &str) -> (File, Vec<(String, String)>) {
    let (file, findings) = parse(FileId(0), text);
    let told: Vec<(String, String)> = findings
        .iter()
        .map(|f| {
            let at = text.get(f.span().start as usize..f.span().end as usize).expect("a place in the text");
            (format!("{}: {}", f.code.code, f.message), at.to_string())
        })
        .collect();
    if let ([finding], [(said, _)]) = (findings.as_slice(), told.as_slice()) {
        note(text, finding.span().start, said);
    }
    (file, told)
}

/// A line of the table: the line at which the finding stands, and the finding.
static TABLE: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

fn note(text: &str, at: u32, finding: &str) {
    let start = text[..at as usize].rfind('\n').map_or(0, |i| i + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    TABLE.lock().unwrap().push((line.trim().chars().take(70).collect(), finding.into()));
}

/// `cargo test -p journey-compiler --test recovery -- --ignored --nocapture` prints it.
#[test]
#[ignore = "prints the table of broken texts, each with its one finding"]
#[allow(clippy::print_stdout, reason = "that is what it is for")]
fn the_table_of_broken_texts() {
    a_bad_line_in_a_state_costs_one_finding_and_no_neighbour();
    a_bad_line_elsewhere_costs_one_finding_and_no_neighbour();
    a_missing_brace_costs_one_finding_and_no_neighbour();
    a_brace_too_many_costs_one_finding();
    pages_fail_with_their_code_and_are_mended();
    let mut rows = std::mem::take(&mut *TABLE.lock().unwrap());
    rows.dedup();
    println!("| broken text | its one finding |\n|---|---|");
    for (text, finding) in &rows {
        println!("| `` {} `` | {} |", text.replace('|', "\\|"), finding.replace('|', "\\|"));
    }
    assert!(rows.len() >= 30, "{} rows", rows.len());
}

fn states(file: &File) -> Vec<(&str, usize)> {
    file.items
        .iter()
        .filter_map(|i| if let Item::Journey(j) = i { Some(&j.items) } else { None })
        .flatten()
        .filter_map(|i| if let JourneyItem::State(s) = i { Some((s.name.text.as_str(), s.items.len())) } else { None })
        .collect()
}

#[test]
fn a_bad_line_in_a_state_costs_one_finding_and_no_neighbour() {
    let table = [
        ("sned confirmation", "J0001: unknown word `sned` here, did you mean `send`?", "sned"),
        ("frobnicate { a { b } }", "J0001: unknown word `frobnicate` here", "frobnicate"),
        (
            "after soon -> b",
            "J0001: expected a duration such as `15m` or calendar days such as `1 day at 09:00` after `after`",
            "soon",
        ),
        ("after 12h", "J0001: expected `->`, `stay` or `when` after `12h`", ""),
        (
            "after 12x -> b",
            "J0001: expected a duration such as `15m` or calendar days such as `1 day at 09:00` after `after`",
            "12x",
        ),
        (
            "on booking.rescheduled(booking) settle -> b",
            "J0001: expected a duration such as `15m` after `settle`",
            "->",
        ),
        (
            "on booking.rescheduled(booking) sette 15m -> b",
            "J0001: unknown word `sette` here, did you mean `settle`?",
            "sette",
        ),
        ("handoff scheduling", "J0001: expected a text in quotes after `handoff`", "scheduling"),
        (
            "handoff \"scheduling with transcript",
            "J0001: this text is not closed; a text ends on its own line",
            "\"scheduling with transcript",
        ),
        ("handoff “scheduling”", "J0001: expected a text in quotes after `handoff`", "“"),
        ("-> ", "J0001: expected a name after `->`", ""),
        ("send", "J0001: expected a name after `send`", ""),
        ("send c via", "J0001: expected a channel such as `sms` after `via`", ""),
        ("send c promising p", "J0001: expected `by` or `within` after `p`", ""),
        ("on reply change - b", "J0001: expected `->`, `stay` or `when` after `change`", "-"),
        ("call x(booking.id) { done -> b }", "J0001: expected `within` after `)`", "{"),
        ("limit visits b to 3 else skip", "J0001: `limit` cannot stand in a state", "limit"),
        ("purpose service", "J0001: `purpose` cannot stand in a state", "purpose"),
        ("on x -> b;", "J0001: `;` cannot stand in a state", ";"),
        ("on x when y == z -> b", "J0001: `==` is written `is` here", "=="),
        ("on x when -> b", "J0001: expected a condition such as `booking.slot > now + 2h` after `when`", "->"),
        ("split by customer { 45 -> b   55% -> c }", "J0001: expected a percentage such as `45%`", "45"),
        ("choose x { a b }", "J0001: expected `->` after `a`", "b"),
        ("set booking.slot == now", "J0001: `==` is written `=` here", "=="),
        ("set booking.slot", "J0001: expected `=` after `booking.slot`", ""),
        ("after 1 day -> b", "J0001: a calendar day ends at some time of the day, and none is said", "->"),
        ("after 3 days -> b", "J0001: calendar days end at some time of the day, and none is said", "->"),
        ("after 1 day at 9 -> b", "J0001: expected a time such as `21:00` after `at`", "9"),
        ("on x settle 2 days -> b", "J0001: `settle` counts elapsed time, and 2 days are calendar time", "2"),
        ("handoff \"a\" priority", "J0001: expected a number or a name such as `booking.id` after `priority`", ""),
        ("handoff \"a\" priority triage(x", "J0001: expected `)`, `,` or `+` or `-` after `x`", ""),
        ("handoff \"a\" priorty 2", "J0001: unknown word `priorty` here, did you mean `priority`?", "priorty"),
        ("set score = risk(x", "J0001: expected `)`, `,` or `+` or `-` after `x`", ""),
        ("choose triage(x { a -> b }", "J0001: expected `)`, `,` or `+` or `-` after `x`", "{"),
        ("choose triage() { a b }", "J0001: expected `->` after `a`", "b"),
        ("hook triage(x)", "J0001: `hook` cannot stand in a state", "hook"),
        ("on x stay { sned c }", "J0001: unknown word `sned` here, did you mean `send`?", "sned"),
        ("send c { on blokced -> b }", "J0001: unknown word `blokced` here, did you mean `blocked`?", "blokced"),
        ("call x() within 3s { done b   failed -> c }", "J0001: expected `->` after `done`", "b"),
        ("send c via smss", "J0001: there is no channel `smss`, did you mean `sms`?", "smss"),
        ("after 999999999d -> b", "J0001: `999999999d` is longer than a hundred years", "999999999d"),
        ("@", "J0001: `@` cannot stand in a state", "@"),
    ];
    for (line, finding, place) in table {
        let text = format!(
            "event x {{ }}\njourney j for customer {{\n  state a {{\n    send one\n    {line}\n    after 1h -> b\n  }}\n  state b {{ send two }}\n  end c as success\n}}\nevent y {{ }}\n"
        );
        let (file, told) = told(&text);
        assert_eq!(told, [(finding.to_string(), place.to_string())], "{line}");
        assert_eq!(file.items.len(), 3, "{line}");
        let states = states(&file);
        assert!(matches!(states[..], [("a", 2..), ("b", 1)]), "{line}: {states:?}");
    }
}

#[test]
fn a_bad_line_elsewhere_costs_one_finding_and_no_neighbour() {
    let table = [
        ("record R { id: text, slot, end: date }", "J0001: expected `:` after `slot`"),
        ("record R {\n  id text\n  slot: instant\n}", "J0001: expected `:` after `id`"),
        ("record R { id: }", "J0001: expected a type such as `text` after `id:`"),
        ("record R { mood: sensitive health }", "J0001: expected a type such as `text` after `mood:`"),
        ("customer { phone: phone for smss }", "J0001: there is no channel `smss`, did you mean `sms`?"),
        ("customer {\n  consent marketing\n  zone: zone\n}", "J0001: expected `to` after `consent`"),
        ("mesage m { purpose service }", "J0001: unknown word `mesage` here, did you mean `message`?"),
        ("message { purpose service }", "J0001: expected a name after `message`"),
        ("message m { purpose servce }", "J0001: there is no purpose `servce`, did you mean `service`?"),
        ("message m { smss \"a\" }", "J0001: there is no channel `smss`, did you mean `sms`?"),
        ("message m { sms[] \"a\" }", "J0001: expected a language such as `es` after `[`"),
        ("message m { sms \"a {b\" }", "J0001: this placeholder is not closed"),
        ("message m { sms \"a {first name} b\" }", "J0001: `{first name}` is no placeholder"),
        ("message m { sms \"a } b\" }", "J0001: this `}` closes no placeholder"),
        ("message m { sms \"a \\x b\" }", "J0001: `\\x` means nothing in a text"),
        ("message m { sms \"Hello }", "J0001: this text is not closed; a text ends on its own line"),
        (
            "message m {\n  sms \"Hello\n  purpose service\n}",
            "J0001: this text is not closed; a text ends on its own line",
        ),
        ("message m { replies { a \"b\"\n c: \"d\" } }", "J0001: expected `:` after `a`"),
        ("message m { valid 12h }", "J0001: expected `for` or `until` after `valid`"),
        ("message m { essential at most 2 }", "J0001: expected `per` after `2`"),
        ("event e { a: text } at most 2 per 24h else skip", "J0001: expected `dead` after `else`"),
        ("event e { a: text } at most 2", "J0001: expected `per` after `2`"),
        ("event e { a: text } checked by fits", "J0001: expected `hook` after `by`"),
        ("event e { a: text } made hook fits", "J0001: expected `by` after `made`"),
        ("hook t(c: C) -> one of { a, b } on failure a", "J0001: expected `from` after `}`"),
        (
            "hook t(c: C) -> one of { a, b } from \"x.wasm\"",
            "J0001: expected `on`, `up` or `within` after `\"x.wasm\"`",
        ),
        (
            "hook t(c: C) -> text from \"x.wasm\" on failure a",
            "J0001: expected `number`, `verdicts`, `data` or `one of` after `->`",
        ),
        ("hook t(c) -> number from \"x.wasm\" on failure 1", "J0001: expected `:` after `c`"),
        ("hook t() -> number from x.wasm on failure 1", "J0001: expected a text in quotes after `from`"),
        (
            "hook t() -> number from \"x.wasm\" within 5 on failure 1",
            "J0001: expected a duration such as `15m` or memory such as `16MiB` after `within`",
        ),
        ("hook t() -> number from \"x.wasm\" within 5ms, 5ms on failure 1", "J0001: this `within` says the same twice"),
        ("hook t() -> number from \"x.wasm\" on failure", "J0001: expected a name or a number after `failure`"),
        (
            "hook t() -> number from \"x.wasm\" on failur 1",
            "J0001: unknown word `failur` here, did you mean `failure`?",
        ),
        ("hok t() -> number from \"x.wasm\" on failure 1", "J0001: unknown word `hok` here, did you mean `hook`?"),
        (
            "scenario \"a\" for j {\n mock hook t -> \n expect no message\n}",
            "J0001: expected a name, a number or `{` after `->`",
        ),
        ("scenario \"a\" for j {\n mock hook t\n expect no message\n}", "J0001: expected `->` or `fails` after `t`"),
        ("policy p { quiet 21:61 to 08:00 else defer }", "J0001: `21:61` is no time of day"),
        (
            "policy p { quiet 7d after a.b for debt vioce else skip }",
            "J0001: no sort of messages is `vioce`, did you mean `voice`?",
        ),
        ("policy p { quiet 7d after a.b per }", "J0001: expected a name such as `booking.id` after `per`"),
        (
            "policy p { quiet 7d after a.b for\n grace 15m }",
            "J0001: expected a purpose or a channel, such as `debt voice` after `for`",
        ),
        ("policy p { quiet 7d else skip }", "J0001: expected `after` after `7d`"),
        ("policy p { limit messages to 6 per hour else skip }", "J0001: a limit has no window called `hour`"),
        (
            "policy p { limit mesages to 6 per 1d else skip }",
            "J0001: a limit cannot count `mesages`, did you mean `messages`?",
        ),
        ("policy p { limit sms to 6 per 1d else skp }", "J0001: unknown word `skp` here, did you mean `skip`?"),
        ("policy p { limit sms to 99999999999 else skip }", "J0001: `99999999999` is too large a number"),
        ("policy p { require handof }", "J0001: there is no requirement `handof`, did you mean `handoff`?"),
        ("policy p { gracee 15m }", "J0001: unknown word `gracee` here, did you mean `grace`?"),
        ("journey j per a.b { state a { } }", "J0001: expected `for` after `j`"),
        (
            "journey j for customer { satte a {\n send b\n } }",
            "J0001: unknown word `satte` here, did you mean `state`?",
        ),
        (
            "journey j for customer { end a as sucess }",
            "J0001: there is no kind of end `sucess`, did you mean `success`?",
        ),
        ("journey j for customer { end a }", "J0001: expected `as` after `a`"),
        ("journey j for customer { start booking.created -> a }", "J0001: expected `on` after `start`"),
        ("journey j for customer { goal no x within }", "J0001: expected a duration such as `15m` after `within`"),
        ("allow J0303 because", "J0001: expected a text in quotes after `because`"),
        ("allow J0303 \"x\"", "J0001: expected `because` after `J0303`"),
        ("allow J0303 because \" \"", "J0001: nobody can tell why `J0303` is allowed here"),
        ("journey j for customer { state a {\n allow J0303\n send b\n } }", "J0001: expected `because` after `J0303`"),
        ("scenario \"s\" for j { allow J0120 because \"x\" }", "J0001: `allow` cannot stand in a scenario"),
        ("scenario \"s\" for j { expct sms a }", "J0001: unknown word `expct` here, did you mean `expect`?"),
        ("scenario \"s\" for j { expect smss a }", "J0001: there is no channel `smss`, did you mean `sms`?"),
        ("scenario \"s\" for j { pause sms 3h }", "J0001: expected `for` after `sms`"),
        ("scenario \"s\" for j { at 2026-02-30 10:00 reply \"a\" }", "J0001: `2026-02-30 10:00` is on no calendar"),
        ("scenario \"s\" for j { event a { b: } }", "J0001: expected a value after `b:`"),
        (
            "scenario \"s\" for j { expect promise p kpt }",
            "J0001: there is no fate of a promise `kpt`, did you mean `kept`?",
        ),
        ("}", "J0001: this `}` closes nothing"),
        ("use care.journey", "J0001: expected a text in quotes after `use`"),
        ("service s() -> 5", "J0001: expected a record such as `Booking` or `one of` after `->`"),
    ];
    for (item, finding) in table {
        for end in ["\n", "\r\n"] {
            let item = item.replace('\n', end);
            let text = format!("event x {{ }}{end}{item}{end}event y {{ }}{end}");
            let (file, told) = told(&text);
            assert_eq!(told.iter().map(|(f, _)| f.as_str()).collect::<Vec<_>>(), [finding], "{item}");
            for name in ["x", "y"] {
                let found = file.items.iter().any(|i| matches!(i, Item::Event(e) if e.name.text() == name));
                assert!(found, "{name} is lost by {item}");
            }
        }
    }
}

#[test]
fn a_missing_brace_costs_one_finding_and_no_neighbour() {
    let missing = |text: &str, lost: &str, what: &str| {
        assert!(text.contains(lost), "{lost}");
        let mut without = lost.to_string();
        without.remove(without.rfind('}').expect("a brace"));
        let broken = text.replacen(lost, &without, 1);
        let (file, told) = told(&broken);
        assert_eq!(told.len(), 1, "{lost}: {told:?}");
        assert_eq!(told[0].0, format!("J0002: `{what}` has no closing `}}`"), "{lost}");
        file
    };
    for (lost, what) in [
        ("engineer: text? }", "record Booking"),
        ("created     { booking: Booking }", "event booking.created"),
        ("{booking.slot:time}.\"         valid until booking.slot }", "message moved_notice"),
        ("if past -> soon\n  }", "state waiting"),
        ("send reminder   -> soon }", "state tomorrow"),
        ("failed -> agent } }", "state asking_off"),
    ] {
        let file = missing(APPOINTMENT, lost, what);
        assert_eq!(file.items.len(), 12, "{lost}");
        assert_eq!(states(&file).len(), 12, "{lost}");
    }
    let file = missing(
        "journey j for customer {\n  state a { send b }\n}\nevent x { }\n",
        "}\n}\nevent",
        "journey j for customer",
    );
    assert_eq!((file.items.len(), states(&file).len()), (2, 1));
    let file = missing("message m {\n  replies { a: \"b\" }\n  valid for 2h\n}\nevent x { }\n", "\" }", "replies");
    assert_eq!(file.items.len(), 2);
    let text = "journey j for customer {\n  state a {\n    send m { on blocked -> b }\n    after 2h -> b\n  }\n  state b { }\n}\n";
    assert_eq!(states(&missing(text, "-> b }", "send m")), [("a", 2), ("b", 0)]);
    let text =
        "journey j for customer {\n  state a {\n    on x stay { send m }\n    after 2h -> b\n  }\n  state b { }\n}\n";
    assert_eq!(states(&missing(text, "m }", "stay")), [("a", 2), ("b", 0)]);
    let text = "scenario \"s\" for j {\n  reply \"a\"\n}\njourney j for customer { }\n";
    assert_eq!(missing(text, "}\njourney", "scenario \"s\" for j").items.len(), 2);
    let text = "scenario \"s\" for j {\n  reply \"a\"\n}\nevent x { a: text }\n";
    assert_eq!(missing(text, "}\nevent", "scenario \"s\" for j").items.len(), 2);
    let text =
        "journey j for customer {\n  state a {\n    send m\n  }\n  limit live to 3 else skip\n  state b { }\n}\n";
    assert_eq!(states(&missing(text, "}\n  limit", "state a")), [("a", 1), ("b", 0)]);
}

#[test]
fn a_brace_too_many_costs_one_finding() {
    let broken = APPOINTMENT.replacen("if past -> soon\n  }", "if past -> soon\n  } }", 1);
    let (file, told) = told(&format!("{broken}\nevent after.all {{ }}\n"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, "J0001: `state` cannot stand at the top of a file");
    assert_eq!(file.items.len(), 13);
}

#[test]
fn every_prefix_and_every_lost_line_is_survived() {
    for (at, _) in APPOINTMENT.char_indices() {
        let _ = parse(FileId(0), &APPOINTMENT[..at]);
    }
    let lines: Vec<_> = APPOINTMENT.lines().collect();
    for skip in 0..lines.len() {
        let rest: Vec<_> = lines.iter().enumerate().filter(|(i, _)| *i != skip).map(|(_, l)| *l).collect();
        let (_, findings) = parse(FileId(0), &rest.join("\n"));
        assert!(findings.len() <= 3, "without line {}: {findings:?}", skip + 1);
    }
}

#[test]
fn pages_fail_with_their_code_and_are_mended() {
    for code in ["J0001", "J0002", "J0003"] {
        let page = journey_spec::codes::find(code).unwrap().page;
        let blocks: Vec<_> = page.split("```journey\n").skip(1).map(|b| b.split("```").next().unwrap()).collect();
        assert_eq!(blocks.len(), 2, "{code}");
        let findings = told(blocks[0]).1;
        assert!(findings.len() == 1 && findings[0].0.starts_with(code), "{code}: {findings:?}");
        assert_eq!(told(blocks[1]).1, [], "{code}");
    }
}
