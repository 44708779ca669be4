//! Webhooks against real servers on loopback: well-behaved ones of hyper and of Python, and some that behave badly.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test may fail loudly"
)]

#[path = "webhook/bad.rs"]
mod bad;
#[path = "webhook/endpoint.rs"]
mod endpoint;
#[path = "common/net.rs"]
mod net;
#[path = "webhook/python.rs"]
mod python;
#[path = "webhook/setup.rs"]
mod setup;
#[path = "webhook/tls.rs"]
mod tls;

use std::time::Duration;

use endpoint::{Endpoint, Reply};
use journey_runtime::channels::Webhook;
use journey_runtime::{Answer, Backend, Call, Case, Casework, Delivery, Gateway, Message, SendError};
use journey_spec::program::{Channel, Purpose};
use journey_spec::time::parse_rfc3339;
use journey_spec::value::Value;
use journey_step::effect::{CallRequest, HandoffCase, Priority, Release, Said};
use serde_json::Value as Json;

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const NEXT_SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

fn at(text: &str) -> i64 {
    parse_rfc3339(text).unwrap()
}

/// The message of the specification's chapter.
fn message() -> Message {
    Message {
        customer: "victoria".into(),
        at: at("2026-03-02T10:00:00Z"),
        attempt: 1,
        release: Release {
            id: "victoria/3/1".into(),
            channel: Channel::Email,
            address: "victoria@example.com".into(),
            subject: Some("Your visit".into()),
            body: "Your visit is now Sunday 10 May at 09:00.".into(),
            shown: None,
            message: "moved_notice".into(),
            purpose: Purpose::Service,
            journey: Some("appointment".into()),
            key: Some("B1".into()),
            valid_until: at("2026-03-02T22:00:00Z"),
        },
    }
}

/// The case of the chapter.
fn case() -> Case {
    let said = |time: &str, by_customer, text: &str| Said {
        at: at(time),
        channel: Channel::Sms,
        by_customer,
        text: text.into(),
    };
    Case {
        customer: "victoria".into(),
        at: at("2026-03-02T10:05:00Z"),
        case: HandoffCase {
            case: "victoria/5/1".into(),
            queue: "scheduling".into(),
            journey: Some("appointment".into()),
            key: Some("B1".into()),
            why: "limit visits moved to 3 per 7d".into(),
            transcript: vec![
                said("2026-03-02T10:00:00Z", false, "Your visit was moved."),
                said("2026-03-02T10:04:00Z", true, "Not again!"),
            ],
            data: [("booking.slot".to_owned(), Value::Instant(at("2026-05-10T09:00:00Z")))].into(),
            priority: Some(Priority::Number(2.0)),
            shown: None,
        },
    }
}

/// The call of the chapter.
fn call() -> Call {
    let args = [
        ("booking", Value::Text("B1".into())),
        ("slot", Value::Instant(at("2026-05-10T09:00:00Z"))),
        ("within", Value::Duration(90 * 60_000)),
        ("fee", Value::Money("12.30".into(), "GBP".into())),
        ("note", Value::Missing),
    ];
    Call {
        customer: "victoria".into(),
        at: at("2026-03-02T10:06:00Z"),
        request: CallRequest {
            id: "victoria/6/1".into(),
            service: "rebook".into(),
            args: args.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            deadline: at("2026-03-02T10:06:20Z"),
        },
    }
}

/// A webhook to a server on loopback without TLS.
fn plain(address: std::net::SocketAddr) -> Webhook {
    Webhook::builder(&format!("http://{address}/journey"), SECRET)
        .allow_plain_http()
        .timeout(Duration::from_secs(8))
        .build()
        .unwrap()
}

/// The JSON blocks of the chapter.
fn documented() -> Vec<Json> {
    let chapter = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../language-spec/spec/18-webhooks.md");
    let text = std::fs::read_to_string(chapter).unwrap();
    let blocks = text.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.map(|block| serde_json::from_str(block).unwrap()).collect()
}

/// What the reference implementation says of a request's signature.
fn verified(seen: &endpoint::Seen, secret: &str) -> bool {
    let verifier = standardwebhooks::Webhook::new(secret).unwrap();
    verifier.verify(&seen.body, &seen.headers).is_ok()
}

#[tokio::test]
async fn what_is_posted_is_what_the_chapter_shows() {
    let endpoint = Endpoint::start(|_| Reply::new(200).body(r#"{"outcome":"done"}"#)).await;
    let webhook = plain(endpoint.address);
    assert_eq!(webhook.send(&message()).await, Ok(Delivery::Delivered));
    assert_eq!(webhook.open(&case()).await, Ok(()));
    assert_eq!(webhook.call(&call()).await, Answer::Outcome("done".into()));

    let seen = endpoint.seen();
    let bodies: Vec<Json> = seen.iter().map(|s| serde_json::from_slice(&s.body).unwrap()).collect();
    assert_eq!(bodies, documented());
    for (seen, id) in seen.iter().zip(["victoria/3/1", "victoria/5/1", "victoria/6/1"]) {
        assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/journey"));
        assert_eq!(seen.header("content-type"), "application/json");
        assert_eq!(seen.header("webhook-id"), id);
        assert_eq!(seen.header("idempotency-key"), id);
        assert!(verified(seen, SECRET), "{:?}", seen.headers);
        assert!(!verified(seen, NEXT_SECRET));
    }
    assert_eq!(seen[0].header("journey-attempt"), "1");
    assert_eq!(seen[0].header("user-agent"), concat!("journey-runtime/", env!("CARGO_PKG_VERSION")));
    assert_eq!(endpoint.connections(), 1, "a connection is used again");
}

#[tokio::test]
async fn every_attempt_is_the_same_to_the_byte_and_signed_anew() {
    let endpoint = Endpoint::start(|_| Reply::new(500)).await;
    let webhook = Webhook::builder(&format!("http://{}/", endpoint.address), SECRET)
        .also_signed_with(NEXT_SECRET)
        .header("authorization", "Bearer t0ken")
        .allow_plain_http()
        .build()
        .unwrap();
    let mut message = message();
    message.release.id = "zoë.b@example.com/1/1".into();
    message.release.shown = Some("Your ‹health›".into());
    for attempt in [1, 2] {
        message.attempt = attempt;
        assert!(matches!(webhook.send(&message).await, Err(SendError::InDoubt(_))));
    }
    let seen = endpoint.seen();
    assert_eq!(seen[0].body, seen[1].body);
    assert_eq!(seen[1].header("journey-attempt"), "2");
    for seen in &seen {
        assert_eq!(seen.header("webhook-id"), "zo%C3%AB%2Eb@example%2Ecom/1/1");
        assert_eq!(seen.header("authorization"), "Bearer t0ken");
        assert!(verified(seen, SECRET) && verified(seen, NEXT_SECRET));
        let mut other = seen.clone();
        other.body.push(b' ');
        assert!(!verified(&other, SECRET), "a changed body must not pass");
        let body: Json = serde_json::from_slice(&seen.body).unwrap();
        assert_eq!(body["data"]["shown"], "Your ‹health›");
        assert_eq!(body["id"], "zoë.b@example.com/1/1");
    }
}

#[tokio::test]
async fn a_status_decides_what_became_of_a_message() {
    let endpoint = Endpoint::start(|seen| {
        let status = seen.header("x-answer").parse().unwrap();
        Reply::new(status).header("retry-after", "30").body("because\r\nof \u{1b}[31mthis")
    })
    .await;
    for (status, expected) in [
        (200, "delivered"),
        (201, "delivered"),
        (202, "delivered"),
        (204, "delivered"),
        (400, "rejected"),
        (404, "rejected"),
        (410, "rejected"),
        (422, "rejected"),
        (401, "not sent"),
        (403, "not sent"),
        (425, "not sent"),
        (429, "not sent"),
        (503, "not sent"),
        (302, "in doubt"),
        (408, "in doubt"),
        (409, "in doubt"),
        (500, "in doubt"),
        (502, "in doubt"),
        (504, "in doubt"),
    ] {
        let webhook = Webhook::builder(&format!("http://{}/", endpoint.address), SECRET)
            .header("x-answer", status.to_string())
            .allow_plain_http()
            .build()
            .unwrap();
        let (what, why) = match webhook.send(&message()).await {
            Ok(Delivery::Delivered) => ("delivered", String::new()),
            Ok(Delivery::Rejected(why)) => ("rejected", why),
            Err(SendError::NotSent(why)) => ("not sent", why),
            Err(SendError::InDoubt(why)) => ("in doubt", why),
        };
        assert_eq!(what, expected, "{status}: {why}");
        if status >= 300 {
            assert!(why.starts_with(&format!("the endpoint answered {status} ")), "{why}");
            assert!(why.ends_with(", retry after 30 s: because of [31mthis"), "{why}");
        }
        // A person is not given up, whatever the desk says.
        assert_eq!(webhook.open(&case()).await.is_ok(), status < 300, "{status}");
        if status >= 300 {
            assert!(matches!(webhook.call(&call()).await, Answer::Unavailable(_)), "{status}");
        }
    }
}

#[tokio::test]
async fn a_call_is_answered_at_once_or_later() {
    let endpoint = Endpoint::start(|seen| match seen.path.as_str() {
        "/record" => Reply::new(200).body(r#"{"record":{"id":"B1","slot":"2026-05-10T09:00:00Z"}}"#),
        "/later" => Reply::new(202).body("accepted"),
        "/long" => Reply::new(200).body(&format!(r#"{{"outcome":"{}"}}"#, "x".repeat(70_000))),
        _ => Reply::new(204),
    })
    .await;
    let ask = async |path: &str| {
        let url = format!("http://{}{path}", endpoint.address);
        let webhook = Webhook::builder(&url, SECRET).allow_plain_http().answer_limit(65_536).build().unwrap();
        webhook.call(&call()).await
    };
    let record = serde_json::json!({"id": "B1", "slot": "2026-05-10T09:00:00Z"});
    assert_eq!(ask("/record").await, Answer::Record(0, record));
    assert_eq!(ask("/later").await, Answer::Later);
    assert_eq!(ask("/long").await, Answer::Unavailable("its answer is longer than 65536 bytes".into()));
    let Answer::Unavailable(why) = ask("/nothing").await else { panic!() };
    assert!(why.starts_with("the service's answer is empty; expected {\"outcome\""), "{why}");
}

#[tokio::test]
async fn redirections_are_not_followed() {
    let elsewhere = Endpoint::start(|_| Reply::new(200)).await;
    let target = format!("http://{}/", elsewhere.address);
    let endpoint = Endpoint::start(move |seen| {
        let status = seen.header("x-answer").parse().unwrap();
        Reply::new(status).header("location", &target)
    })
    .await;
    for (status, certain) in [(301, true), (302, false), (303, false), (307, true), (308, true)] {
        let webhook = Webhook::builder(&format!("http://{}/", endpoint.address), SECRET)
            .header("x-answer", status.to_string())
            .allow_plain_http()
            .build()
            .unwrap();
        match webhook.send(&message()).await {
            Err(SendError::NotSent(why)) => assert!(certain && why.contains("not followed"), "{status}: {why}"),
            Err(SendError::InDoubt(_)) => assert!(!certain, "{status}"),
            other => panic!("{other:?}"),
        }
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_arrive_each_once() {
    let endpoint = Endpoint::start(|_| Reply::new(200)).await;
    let webhook = std::sync::Arc::new(plain(endpoint.address));
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let webhook = std::sync::Arc::clone(&webhook);
            let mut message = message();
            message.release.id = format!("c{n}/1/1").into();
            tokio::spawn(async move { webhook.send(&message).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(Delivery::Delivered));
    }
    let mut ids: Vec<String> = endpoint.seen().iter().map(|s| s.header("webhook-id")).collect();
    ids.sort();
    let mut expected: Vec<String> = (0..200).map(|n| format!("c{n}/1/1")).collect();
    expected.sort();
    assert_eq!(ids, expected);
}
