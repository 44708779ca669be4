//! What is refused at the door, and with which words.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod common;

use common::program;
use journey_runtime::feed::{ID_MAX, LINE_MAX, parse_line};
use journey_runtime::{Arrival, Content};
use journey_spec::program::Channel;
use journey_spec::value::Value;
use journey_step::Input;
use proptest::prelude::*;

fn parse(line: impl AsRef<[u8]>) -> Result<Arrival, String> {
    parse_line(&program(), 3, line).map_err(|refusal| refusal.to_string())
}

const HEAD: &str = r#""id":"e1","at":"2026-03-02T10:00:00Z","customer":"a""#;

#[test]
fn each_refusal_says_what_to_mend() {
    let order = r#""data":{"order":{"id":"o1","item":"tea"}}"#;
    let table: &[(String, &str)] = &[
        (String::new(), "the line is empty"),
        ("{".into(), "not JSON: the line ends before the JSON does, at column 1"),
        ("{}{}".into(), "not JSON: something follows the JSON, at column 3"),
        ("not json".into(), "not JSON: a word that JSON does not have, at column 2"),
        ("[".repeat(10_000), "not JSON: recursion limit exceeded"),
        ("[1]".into(), "the line should be one JSON object"),
        ("{}".into(), "`id` is missing: give a text of its own for each input"),
        (r#"{"id":7}"#.into(), "`id` should be a text in quotes"),
        (r#"{"id":" "}"#.into(), "`id` is empty"),
        (format!(r#"{{"id":"{}"}}"#, "x".repeat(ID_MAX + 1)), "`id` is longer than 200 characters"),
        (r#"{"id":"a\u0007b"}"#.into(), "`id` holds a control character"),
        (r#"{"id":"journey:answer:x"}"#.into(), "`id` begins with `journey:`, which is kept for the engine"),
        (r#"{"id":"e1"}"#.into(), "`at` is missing: give when it happened, such as \"2026-03-02T10:00:00Z\""),
        (r#"{"id":"e1","at":5}"#.into(), "`at` should be a text in quotes"),
        (r#"{"id":"e1","at":"2026-03-02 10:00"}"#.into(), "`at` is `2026-03-02 10:00` and should be an instant"),
        (r#"{"id":"e1","at":"2201-01-01T00:00:00Z"}"#.into(), "between the years 1900 and 2200"),
        (r#"{"id":"e1","at":"1899-01-01T00:00:00Z"}"#.into(), "between the years 1900 and 2200"),
        (
            r#"{"id":"e1","at":"2026-03-02T10:00:00Z","received":"soon"}"#.into(),
            "`received` is `soon` and should be an instant with its offset",
        ),
        (r#"{"id":"e1","at":"2026-03-02T10:00:00Z"}"#.into(), "`customer` is missing: give the id of the customer"),
        (format!("{{{HEAD}}}"), "nothing says what happened: give one of `event`, `reply`"),
        (format!(r#"{{{HEAD},"event":"x","reply":"y"}}"#), "`event` and `reply` stand in one line"),
        (
            format!(r#"{{{HEAD},"event":"order.place",{order}}}"#),
            "no event `order.place` is declared; did you mean `order.placed`",
        ),
        (
            format!(r#"{{{HEAD},"event":"zzz"}}"#),
            "no event `zzz` is declared; known are `order.placed`, `order.changed`",
        ),
        (format!(r#"{{{HEAD},"event":"order.placed"}}"#), "`data.order` is missing (event `order.placed`)"),
        (format!(r#"{{{HEAD},"event":"order.placed","data":[]}}"#), "`data` should be an object with fields"),
        (
            format!(r#"{{{HEAD},"event":"order.placed","data":{{"order":{{"id":1}}}}}}"#),
            "`data.order.id` should be a text (event `order.placed`)",
        ),
        (
            format!(r#"{{{HEAD},"event":"customer.updated","data":{{"first_name":"V","phone":"07700 900123"}}}}"#),
            "`data.phone` should be a phone number with its country's code, such as \"+44 7700 900123\"",
        ),
        (
            format!(r#"{{{HEAD},"event":"customer.updated","data":{{"first_name":"V","phone":"+12"}}}}"#),
            "`data.phone` should be a phone number",
        ),
        (
            format!(r#"{{{HEAD},"event":"customer.updated","data":{{"first_name":"V","zone":"Mars/Base"}}}}"#),
            "`data.zone` should be a time zone such as \"Europe/London\"",
        ),
        (
            format!(r#"{{{HEAD},"reply":"hi"}}"#),
            "`channel` is missing: give where the customer wrote, one of sms, email",
        ),
        (format!(r#"{{{HEAD},"reply":"hi","channel":"fax"}}"#), "`channel` is `fax`; give one of sms, email"),
        (format!(r#"{{{HEAD},"reply":"hi","channel":"sms","address":"x"}}"#), "`address` should be a phone number"),
        (format!(r#"{{{HEAD},"opt_out":"fax"}}"#), "`opt_out` is `fax`; give a channel (sms, email"),
        (format!(r#"{{{HEAD},"answered":"a/1/0"}}"#), "`outcome` is missing: give what the service answered"),
        (format!(r#"{{{HEAD},"receipt":"a/1/0"}}"#), "`delivered` should be true or false"),
    ];
    for (line, words) in table {
        let refusal = parse(line).unwrap_err();
        assert!(refusal.starts_with("line 3: ") && refusal.contains(words), "{line:.80}: {refusal}");
    }
}

#[test]
fn long_and_broken_lines_are_refused_and_cut() {
    let long = format!(r#"{{"id":"{}"}}"#, "é".repeat(LINE_MAX));
    let refusal = parse_line(&program(), 1, &long).unwrap_err();
    assert!(refusal.reason.contains("longer than 1048576 bytes"));
    assert!(refusal.raw.len() <= 64 * 1024 && refusal.raw.len() > 64 * 1024 - 4);
    assert!(parse([b'{', 0xff]).unwrap_err().contains("byte 2 is not UTF-8"));
}

#[test]
fn each_kind_of_line_is_read() {
    let input = |line: &str| match parse(line).unwrap().content {
        Content::Input(input) => input,
        other => panic!("{other:?}"),
    };
    let arrival = parse(format!(
        "\u{feff}{{{HEAD},\"received\":\"2026-03-02T12:00:00+01:00\",\"reply\":\"yes\",\"channel\":\"sms\"}}\r"
    ));
    let arrival = arrival.unwrap();
    assert_eq!(arrival.received, journey_spec::time::parse_rfc3339("2026-03-02T11:00:00Z").unwrap());
    assert_eq!((arrival.id.as_str(), arrival.customer.as_str()), ("e1", "a"));
    let reply = input(&format!(r#"{{{HEAD},"reply":"yes","channel":"sms","address":"+44 7700 900123"}}"#));
    let address = Some("+447700900123".to_string());
    assert_eq!(reply, Input::Reply { channel: Channel::Sms, address, text: "yes".into() });
    let closed = input(&format!(r#"{{{HEAD},"handoff_closed":"care"}}"#));
    assert_eq!(closed, Input::HandoffClosed { case: "care".into() });
    let content = parse(format!(r#"{{{HEAD},"opt_out":"email"}}"#)).unwrap().content;
    assert_eq!(content, Content::OptOut(Channel::Email));
    let by_address = input(&format!(r#"{{{HEAD},"opt_out":"Victoria@Example.COM"}}"#));
    assert_eq!(by_address, Input::OptOut { address: "Victoria@example.com".into(), confirm: true });
    let answered = input(&format!(r#"{{{HEAD},"answered":"a/1/0","outcome":"yes"}}"#));
    assert_eq!(answered, Input::Answered { call: "a/1/0".into(), outcome: "yes".into() });
    let receipt = input(&format!(r#"{{{HEAD},"receipt":"a/1/0","delivered":false}}"#));
    assert_eq!(receipt, Input::Receipt { message: "a/1/0".into(), delivered: false });
    let long = input(&format!(r#"{{{HEAD},"reply":"{}","channel":"sms"}}"#, "x".repeat(20_000)));
    assert!(matches!(long, Input::Reply { text, .. } if text.len() == 10_000));
}

#[test]
fn phones_and_emails_have_one_spelling() {
    let stored = |phone: &str, email: &str| {
        let data = format!(r#"{{"first_name":"V","phone":"{phone}","email":"{email}"}}"#);
        match parse(format!(r#"{{{HEAD},"event":"customer.updated","data":{data}}}"#)).unwrap().content {
            Content::Input(Input::CustomerUpdated { profile, .. }) => {
                (profile.get("phone").unwrap().clone(), profile.get("email").unwrap().clone())
            }
            other => panic!("{other:?}"),
        }
    };
    for phone in ["+44 7700 900123", "+447700900123", "+44 (0)7700-900123", "+44.7700.900123 "] {
        let (phone, email) = stored(phone, "Vic.Toria@EXAMPLE.com");
        assert_eq!(phone, Value::Text("+447700900123".into()));
        assert_eq!(email, Value::Text("Vic.Toria@example.com".into()));
    }
    assert_eq!(stored("+1 555 010 0199", "a@b.c").0, Value::Text("+15550100199".into()));
    assert_eq!(stored("+39 06 698 12345", "a@b.c").0, Value::Text("+390669812345".into()));
}

proptest! {
    #[test]
    fn no_bytes_break_the_door(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn no_values_break_the_door(
        key in "id|at|customer|event|reply|data|channel|address|opt_out|receipt|delivered|answered|outcome|received",
        text in "\\PC{0,40}",
        phone in "\\+[0-9 ()./-]{0,40}",
    ) {
        let text = serde_json::to_string(&text).unwrap();
        let _ = parse(format!("{{{HEAD},\"event\":\"customer.updated\",\"{key}\":{text}}}"));
        let _ = parse(format!("{{{HEAD},\"opt_out\":\"{phone}\"}}"));
        let _ = parse(format!("{{{HEAD},\"reply\":{text},\"channel\":\"sms\",\"address\":\"{phone}\"}}"));
    }
}
