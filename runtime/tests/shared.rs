//! Channels, desks and services that wait, used by a runtime that does not.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use journey_runtime::channels::{
    CaseFile, Channel, ChannelError, Collect, Console, Delivery, Desk, MessageFile, Out, Shared,
};
use journey_runtime::service::Fixed;
use journey_runtime::{Answer, Backend, Call, Case, Casework, Gateway, Message, SendError};
use journey_spec::program::{Channel as Way, Purpose};
use journey_step::effect::{CallRequest, HandoffCase, Release};

fn message(id: &str) -> Message {
    Message {
        customer: "ada".into(),
        at: 1_772_445_600_000,
        attempt: 1,
        release: Release {
            id: id.into(),
            channel: Way::Sms,
            address: "+447700900123".into(),
            subject: None,
            body: "Hi".into(),
            shown: None,
            message: "greeting".into(),
            purpose: Purpose::Service,
            journey: None,
            key: None,
            valid_until: 9,
        },
    }
}

fn case(id: &str) -> Case {
    Case {
        customer: "ada".into(),
        at: 1_772_445_600_000,
        case: HandoffCase {
            case: id.into(),
            queue: "care".into(),
            journey: None,
            key: None,
            why: "a reply".into(),
            transcript: Vec::new(),
            data: Default::default(),
            priority: None,
            shown: None,
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_stand_in_a_file_each_on_its_own_line_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("messages.jsonl");
    let file = Arc::new(Shared::new(MessageFile::open(&path).unwrap()));
    let tasks: Vec<_> = (0..100)
        .map(|n| {
            let file = Arc::clone(&file);
            // Each comes twice.
            tokio::spawn(async move { file.send(&message(&format!("ada/{}/1", n / 2))).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(Delivery::Delivered));
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let mut ids: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    let mut expected: Vec<String> = (0..50).map(|n| format!("ada/{n}/1")).collect();
    expected.sort();
    assert_eq!(ids, expected);

    let path = folder.path().join("cases.jsonl");
    let cases = Shared::new(CaseFile::open(&path).unwrap());
    for _ in 0..2 {
        assert_eq!(cases.open(&case("ada/7/1")).await, Ok(()));
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1);
}

#[tokio::test]
async fn a_console_shows_messages_and_cases() {
    let console = Shared::new(Console::new(Vec::new()));
    assert_eq!(console.send(&message("ada/1/1")).await, Ok(Delivery::Delivered));
    assert_eq!(console.clone().open(&case("ada/2/1")).await, Ok(()));
    let text = String::from_utf8(console.into_inner().unwrap().into_inner()).unwrap();
    let [sent, opened] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
    assert!(sent.contains("ada  sms +447700900123  Hi") && opened.contains("ada  handoff care  a reply"), "{text}");
}

#[tokio::test]
async fn a_rejection_and_a_service_s_answer_come_through() {
    let rejecting = Collect::new().rejecting(BTreeMap::from([("greeting".to_owned(), "no such number".to_owned())]));
    let sent = Shared::new(rejecting).send(&message("ada/1/1")).await;
    assert_eq!(sent, Ok(Delivery::Rejected("no such number".into())));
    let service = Shared::new(Fixed(BTreeMap::from([("rebook".to_owned(), Answer::Outcome("done".into()))])));
    let request = CallRequest { id: "ada/1/1".into(), service: "rebook".into(), args: Vec::new(), deadline: 9 };
    let call = Call { customer: "ada".into(), at: 0, request };
    assert_eq!(service.call(&call).await, Answer::Outcome("done".into()));
}

/// Does what its first letters say, once for each call: send, then flush.
struct Odd(Arc<Mutex<Vec<&'static str>>>);

impl Odd {
    fn next(&self) -> Result<(), ChannelError> {
        let said = self.0.lock().unwrap().remove(0);
        match said {
            "unavailable" => Err(ChannelError::Unavailable("later".into())),
            "broken" => Err(ChannelError::Broken("gone".into())),
            "panic" => panic!("as it was told to"),
            _ => Ok(()),
        }
    }
}

impl Channel for Odd {
    fn send(&mut self, _: Out<'_, Release>) -> Result<Delivery, ChannelError> {
        self.next().map(|()| Delivery::Delivered)
    }

    fn flush(&mut self) -> Result<(), ChannelError> {
        self.next()
    }
}

impl Desk for Odd {
    fn open(&mut self, _: Out<'_, HandoffCase>) -> Result<(), ChannelError> {
        self.next()
    }

    fn flush(&mut self) -> Result<(), ChannelError> {
        self.next()
    }
}

fn odd(calls: &[&'static str]) -> Shared<Odd> {
    Shared::new(Odd(Arc::new(Mutex::new(calls.to_vec()))))
}

#[tokio::test]
async fn only_what_certainly_was_not_written_is_not_sent() {
    let not_sent = |why: &str| SendError::NotSent(why.into());
    let in_doubt = |why: &str| SendError::InDoubt(why.into());
    for (calls, expected) in [
        (&["unavailable"][..], not_sent("later")),
        (&["broken"], in_doubt("gone")),
        (&["ok", "unavailable"], in_doubt("later")),
        (&["ok", "broken"], in_doubt("gone")),
    ] {
        assert_eq!(odd(calls).send(&message("ada/1/1")).await, Err(expected.clone()), "{calls:?}");
        assert_eq!(odd(calls).open(&case("ada/1/1")).await, Err(expected), "{calls:?}");
    }
}

#[tokio::test]
async fn a_channel_that_panicked_takes_nobody_along_and_is_not_used_again() {
    let channel = odd(&["panic", "ok", "ok"]);
    let Err(SendError::InDoubt(why)) = channel.send(&message("ada/1/1")).await else { panic!() };
    assert!(why.contains("panicked"), "{why}");
    let Err(SendError::NotSent(why)) = channel.send(&message("ada/1/1")).await else { panic!() };
    assert!(why.contains("make it anew"), "{why}");
}
