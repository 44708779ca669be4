//! What a host's collector gets by way of the `metrics` facade.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod common;

use std::collections::BTreeMap;

use common::program;
use journey_runtime::gateway::{Backend, Call, Case, Casework, Delivery, Gateway, Message, SendError};
use journey_runtime::store::Memory;
use journey_runtime::{Answer, Event, Runtime, async_trait};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use serde_json::json;

struct Works;

#[async_trait]
impl Gateway for Works {
    async fn send(&self, _: &Message) -> Result<Delivery, SendError> {
        Ok(Delivery::Delivered)
    }
}

#[async_trait]
impl Backend for Works {
    async fn call(&self, _: &Call) -> Answer {
        Answer::Outcome("yes".into())
    }
}

#[async_trait]
impl Casework for Works {
    async fn open(&self, _: &Case) -> Result<(), SendError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_collector_gets_what_the_measures_say() {
    let recorder = DebuggingRecorder::new();
    let snapshots = recorder.snapshotter();
    recorder.install().unwrap();
    let builder = Runtime::builder(program()).channel("sms", Works).channel("email", Works);
    let runtime = builder.desk(Works).service("check", Works).store(Memory::new()).start().unwrap();
    let customer = json!({"first_name": "V", "phone": "+44 7700 900123", "zone": "Europe/London"});
    runtime.deliver(Event::updated("a").id("e1").data(customer)).await.unwrap();
    for _ in 0..2 {
        let order = json!({"order": {"id": "o1", "item": "tea"}});
        runtime.deliver(Event::new("order.placed", "a").id("e2").data(order)).await.unwrap();
    }
    runtime.deliver(Event::new("order.lost", "a").id("e3").data(json!({}))).await.unwrap();
    runtime.shutdown().await;
    // Twice, as whoever collects does: a counter is what it has come to, and does not grow by being asked.
    runtime.measures().publish();
    runtime.measures().publish();
    let mut told: BTreeMap<String, DebugValue> = BTreeMap::new();
    for (key, _, _, value) in snapshots.snapshot().into_vec() {
        let labels: Vec<String> = key.key().labels().map(|l| format!("{}={}", l.key(), l.value())).collect();
        told.insert(format!("{} {}", key.key().name(), labels.join(",")).trim().to_owned(), value);
    }
    let count = |name: &str| match told.get(name) {
        Some(DebugValue::Counter(n)) => *n,
        other => panic!("{name}: {other:?} in {told:#?}"),
    };
    assert_eq!(count("journey_inputs_total outcome=accepted"), 2);
    assert_eq!(count("journey_inputs_total outcome=duplicate"), 1);
    assert_eq!(count("journey_inputs_total outcome=refused"), 1);
    assert_eq!(count("journey_messages_total outcome=released"), 1);
    assert_eq!(count("journey_messages_total outcome=delivered"), 1);
    assert_eq!(count("journey_bounds_exceeded_total"), 0);
    let Some(DebugValue::Histogram(commits)) = told.get("journey_commit_inputs") else { panic!("{told:#?}") };
    assert!(!commits.is_empty() && commits.iter().all(|n| n.into_inner() <= 256.0), "{commits:?}");
    assert_eq!(told.get("journey_inputs_waiting"), Some(&DebugValue::Gauge(0.0.into())));
}
