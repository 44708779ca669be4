use std::collections::BTreeMap;
use std::sync::Arc;

use journey_spec::Type;
use journey_spec::program::Field;
use journey_spec::value::fields_from_json;

use super::*;

#[test]
fn an_argument_is_written_as_a_feed_is_read() {
    let values = [
        (Type::Text { max: 20 }, Value::Text("a".into())),
        (Type::Number, Value::Number(0.1)),
        (Type::Bool, Value::Bool(true)),
        (Type::Instant, Value::Instant(1_772_445_480_123)),
        (Type::Date, Value::Date(20_532)),
        (Type::Duration, Value::Duration(90 * MINUTE)),
        (Type::Duration, Value::Duration(0)),
        (Type::Duration, Value::Duration(DAY + 1)),
        (Type::Money, Value::Money("12.30".into(), "GBP".into())),
        (Type::Zone, Value::Places(vec!["Europe/London".into(), "US".into()])),
        (Type::Optional(Box::new(Type::Number)), Value::Missing),
    ];
    for (ty, value) in values {
        let wrapped = Json::Object([("x".to_owned(), json(&value))].into_iter().collect());
        let read = fields_from_json(&wrapped, &[Field::new("x", ty)], &BTreeMap::new());
        assert_eq!(read.ok().and_then(|mut data| data.remove("x")), Some(value), "{wrapped}");
    }
    let record = Value::Record(Arc::new([("id".to_owned(), Value::Text("B1".into()))].into()));
    assert_eq!(json(&record).to_string(), r#"{"id":"B1"}"#);
}

#[test]
fn an_answer_is_an_outcome_or_a_record_and_nothing_else() {
    assert_eq!(answer(br#"{"outcome":"done"}"#), Answer::Outcome("done".into()));
    assert_eq!(answer(br#"{"outcome":"done","took_ms":3}"#), Answer::Outcome("done".into()));
    assert_eq!(answer(br#"{"record":{"id":"B1"}}"#), Answer::Record(0, serde_json::json!({"id": "B1"})));
    for (body, why) in [
        (&b""[..], "is empty"),
        (b"<html>\r\nOK</html>", "cannot be read: <html> OK</html>"),
        (b"\xff\xfe", "cannot be read"),
        (b"[]", "cannot be read: []"),
        (br#"{}"#, "cannot be read: {}"),
        (br#"{"outcome":1}"#, "no text"),
        (br#"{"outcome":"done","record":{}}"#, "both"),
        (br#"{"record":[]}"#, "no object"),
    ] {
        match answer(body) {
            Answer::Unavailable(said) => assert!(said.contains(why) && said.contains("202"), "{said}"),
            other => panic!("{other:?}"),
        }
    }
}
