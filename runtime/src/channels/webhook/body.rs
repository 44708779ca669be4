//! The JSON that a request carries, version 1, and the answer to a call. `language-spec/spec/18-webhooks.md` shows both.

use journey_spec::Ts;
use journey_spec::program::{DAY, HOUR, MINUTE, SECOND};
use journey_spec::time::{iso_date, rfc3339};
use journey_spec::value::Value;
use journey_step::effect::Priority;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::super::wire;
use crate::gateway::{Call, Case, Message};
use crate::service::Answer;

/// What every body has. The field order is the order on the wire.
#[derive(Serialize)]
struct Envelope<'a, T> {
    version: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    timestamp: String,
    customer: &'a str,
    data: T,
}

#[derive(Serialize)]
struct MessageData<'a> {
    message: &'a str,
    purpose: &'static str,
    channel: &'static str,
    address: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    body: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    shown: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    journey: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    valid_until: String,
}

#[derive(Serialize)]
struct CaseData<'a> {
    queue: &'a str,
    why: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    journey: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<&'a Priority>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shown: Option<&'a Priority>,
    transcript: Vec<SaidData<'a>>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    data: Map<String, Json>,
}

#[derive(Serialize)]
struct SaidData<'a> {
    at: String,
    channel: &'static str,
    by: &'static str,
    text: &'a str,
}

#[derive(Serialize)]
struct CallData<'a> {
    service: &'a str,
    arguments: Map<String, Json>,
    deadline: String,
}

fn envelope<T: Serialize>(kind: &'static str, id: &str, at: Ts, customer: &str, data: T) -> Result<Vec<u8>, String> {
    let envelope = Envelope { version: 1, kind, id, timestamp: rfc3339(at), customer, data };
    serde_json::to_vec(&envelope).map_err(|e| e.to_string())
}

/// A message. The attempt's number is not in it: who remembers the key of a request may compare the bodies.
pub(super) fn message(message: &Message) -> Result<Vec<u8>, String> {
    let r = &message.release;
    let data = MessageData {
        message: &r.message,
        purpose: r.purpose.name(),
        channel: r.channel.name(),
        address: &r.address,
        subject: r.subject.as_deref(),
        body: &r.body,
        shown: r.shown.as_deref(),
        journey: r.journey.as_deref(),
        key: r.key.as_deref(),
        valid_until: rfc3339(r.valid_until),
    };
    envelope("journey.message", &r.id, message.at, &message.customer, data)
}

/// A case for a person.
pub(super) fn case(case: &Case) -> Result<Vec<u8>, String> {
    let c = &case.case;
    let transcript = c.transcript.iter().map(|said| SaidData {
        at: rfc3339(said.at),
        channel: said.channel.name(),
        by: if said.by_customer { "customer" } else { "us" },
        text: &said.text,
    });
    let data = CaseData {
        queue: &c.queue,
        why: &c.why,
        journey: c.journey.as_deref(),
        key: c.key.as_deref(),
        priority: c.priority.as_ref(),
        shown: c.shown.as_ref(),
        transcript: transcript.collect(),
        data: c.data.iter().map(|(name, value)| (name.to_owned(), json(value))).collect(),
    };
    envelope("journey.case", &c.case, case.at, &case.customer, data)
}

/// A call to a service.
pub(super) fn call(call: &Call) -> Result<Vec<u8>, String> {
    let r = &call.request;
    let data = CallData {
        service: &r.service,
        arguments: r.args.iter().map(|(name, value)| (name.to_owned(), json(value))).collect(),
        deadline: rfc3339(r.deadline),
    };
    envelope("journey.call", &r.id, call.at, &call.customer, data)
}

/// A value as a feed writes it.
fn json(value: &Value) -> Json {
    match value {
        Value::Missing => Json::Null,
        Value::Text(text) => Json::from(text.as_str()),
        Value::Number(number) => Json::from(*number),
        Value::Bool(yes) => Json::from(*yes),
        Value::Instant(ts) => Json::from(rfc3339(*ts)),
        Value::Date(days) => Json::from(iso_date(*days)),
        Value::Duration(ms) => Json::from(duration(*ms)),
        Value::Money(amount, currency) => Json::from(format!("{amount} {currency}")),
        Value::Places(places) => Json::from(places.clone()),
        Value::Record(fields) => {
            Json::Object(fields.iter().map(|(name, value)| (name.to_owned(), json(value))).collect())
        }
    }
}

/// One number and one unit, the largest that fits exactly, as declarations and feeds have it.
fn duration(ms: i64) -> String {
    let units = [(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"), (1, "ms")];
    let fits = units.into_iter().find(|(unit, _)| ms != 0 && ms % unit == 0);
    match fits {
        Some((unit, name)) => format!("{}{name}", ms / unit),
        None => "0s".into(),
    }
}

/// What the body of a 2xx answer says to a call.
pub(super) fn answer(body: &[u8]) -> Answer {
    let expected = r#"expected {"outcome": "NAME"} or {"record": {…}}, or the status 202 where the answer comes later"#;
    let wrong = |what: String| Answer::Unavailable(format!("the service's answer {what}; {expected}"));
    let quoted = || {
        let text = wire::excerpt(body);
        if text.is_empty() { "is empty".to_owned() } else { format!("cannot be read: {text}") }
    };
    let Ok(Json::Object(mut fields)) = serde_json::from_slice(body) else {
        return wrong(quoted());
    };
    match (fields.remove("outcome"), fields.remove("record")) {
        (Some(Json::String(outcome)), None) => Answer::Outcome(outcome),
        (None, Some(record @ Json::Object(_))) => Answer::Record(0, record),
        (Some(_), Some(_)) => wrong("has both an outcome and a record".into()),
        (Some(_), None) => wrong("has an outcome that is no text".into()),
        (None, Some(_)) => wrong("has a record that is no object".into()),
        (None, None) => wrong(quoted()),
    }
}

#[cfg(test)]
mod tests;
