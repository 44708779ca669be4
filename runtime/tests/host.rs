//! The runtime as a host embeds it: what goes out, what fails, what waits, and who hears of it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod common;
#[path = "host/doubt.rs"]
mod doubt;
#[path = "host/hooked.rs"]
mod hooked;
#[path = "host/stores.rs"]
mod stores;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::program;
use journey_runtime::clock::Manual;
use journey_runtime::gateway::{Backend, Call, Case, Casework, Delivery, Gateway, Message, SendError};
use journey_runtime::store::sim::{Fault, Faults, Sim};
use journey_runtime::store::{Memory, Sqlite, Store as _};
use journey_runtime::{
    Alert, Answer, Builder, Event, Given, Options, Reply, Runtime, RuntimeError, Scope, StartError, Taken, async_trait,
};
use journey_spec::certificate::{Certificate, Proven};
use journey_spec::program::{Action, Channel, DAY, Deadline, HOUR, MINUTE, Promise, SECOND};
use journey_spec::time::parse_rfc3339;
use serde_json::json;

/// A provider that does as it is told, and then works.
#[derive(Clone, Default)]
struct Provider {
    got: Arc<Mutex<Vec<Message>>>,
    plan: Arc<Mutex<VecDeque<Result<Delivery, SendError>>>>,
    slow: Option<Duration>,
}

impl Provider {
    fn plan(&self, results: impl IntoIterator<Item = Result<Delivery, SendError>>) {
        self.plan.lock().unwrap().extend(results);
    }

    fn got(&self) -> Vec<Message> {
        self.got.lock().unwrap().clone()
    }

    fn texts(&self) -> Vec<String> {
        self.got().into_iter().map(|m| m.release.message.into()).collect()
    }
}

#[async_trait]
impl Gateway for Provider {
    async fn send(&self, message: &Message) -> Result<Delivery, SendError> {
        if let Some(slow) = self.slow {
            tokio::time::sleep(slow).await;
        }
        self.got.lock().unwrap().push(message.clone());
        let planned = self.plan.lock().unwrap().pop_front();
        planned.unwrap_or(Ok(Delivery::Delivered))
    }
}

#[async_trait]
impl Casework for Provider {
    async fn open(&self, _: &Case) -> Result<(), SendError> {
        Ok(())
    }
}

struct Says(&'static str);

#[async_trait]
impl Backend for Says {
    async fn call(&self, _: &Call) -> Answer {
        Answer::Outcome(self.0.into())
    }
}

fn t0() -> i64 {
    parse_rfc3339("2026-03-02T10:00:00Z").unwrap()
}

fn builder(provider: &Provider) -> Builder {
    Runtime::builder(program())
        .channel("sms", provider.clone())
        .channel("email", provider.clone())
        .desk(provider.clone())
        .service("check", Says("yes"))
}

async fn customer(runtime: &Runtime, id: &str, phone: &str) {
    let data = json!({"first_name": "V", "phone": phone, "zone": "Europe/London"});
    let taken = runtime.deliver(Event::updated(id).id(&format!("new-{id}")).data(data)).await.unwrap();
    assert!(matches!(taken, Taken::Accepted { .. }), "{taken:?}");
}

async fn order(runtime: &Runtime, id: &str, whose: &str) -> Taken {
    let data = json!({"order": {"id": id, "item": "tea"}});
    runtime.deliver(Event::new("order.placed", whose).id(&format!("order-{id}")).data(data)).await.unwrap()
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn what_comes_in_goes_out_once() {
    let provider = Provider::default();
    let runtime = builder(&provider).store(Memory::new()).start().unwrap();
    customer(&runtime, "a", "+44 7700 900123").await;
    assert!(matches!(order(&runtime, "o1", "a").await, Taken::Accepted { effects: 1 }));
    assert_eq!(order(&runtime, "o1", "a").await, Taken::Duplicate);
    let lost = runtime.deliver(Event::new("order.lost", "a").id("x").data(json!({}))).await.unwrap();
    assert!(matches!(&lost, Taken::Refused(why) if why.contains("order.lost")), "{lost:?}");
    until("the greeting", || provider.got().len() == 1).await;
    let got = provider.got().remove(0);
    assert_eq!((got.customer.as_str(), got.attempt, got.release.message.as_str()), ("a", 1, "greeting"));
    runtime.deliver(Reply::new("r1", "a", Channel::Sms, "where is it?")).await.unwrap();
    until("the case", || runtime.measures().cases == 1).await;
    let told: Vec<String> =
        runtime.timeline("a").await.unwrap().iter().map(|e| e.sentence(&journey_spec::time::Zone::utc())).collect();
    assert!(told.iter().any(|t| t.contains("sent sms greeting")), "{told:#?}");
    assert_eq!(runtime.customers_in("order", "waiting").await.unwrap(), ["a"]);
    assert!(runtime.customers_in("order", "nowhere").await.is_err());
    assert_eq!(runtime.dead_letters().await.unwrap().len(), 1);
    let measures = runtime.measures();
    assert_eq!((measures.accepted, measures.duplicates, measures.refused, measures.delivered), (3, 1, 1, 1));
    runtime.shutdown().await;
    let after = runtime.deliver(Given::receipt("late", "a", &got.release.id, true)).await;
    assert!(after.is_err(), "{after:?}");
}

#[tokio::test]
async fn what_is_missing_is_told_before_anything_runs() {
    let start = |builder: Builder| builder.start().err().map(|e| e.to_string()).unwrap_or_default();
    let provider = Provider::default();
    assert!(matches!(builder(&provider).start(), Err(StartError::NoStore)));
    let bare = || Runtime::builder(program()).store(Memory::new());
    assert!(start(bare().channel("sms", provider.clone())).contains("sends by email"));
    assert!(start(bare().channel("smss", provider.clone())).contains("there is no channel `smss`; channels are sms"));
    let both = || bare().channel("sms", provider.clone()).channel("email", provider.clone());
    assert!(start(both()).contains("the program asks check"));
    assert!(start(both().service("check", Says("yes"))).contains("no desk is plugged in"));
    let other = Certificate { program: "other".into(), ..Certificate::new(&program(), "x", Vec::new()) };
    assert!(start(builder(&provider).store(Memory::new()).certificate(other)).contains("that of another program"));
    assert!(bare().shadow().start().is_ok(), "in shadow nothing is needed");
}

#[tokio::test]
async fn a_channel_that_refuses_is_tried_again_and_left_alone_for_a_while() {
    let provider = Provider::default();
    let down = || Err(SendError::NotSent("the provider says 503".into()));
    provider.plan((0..7).map(|_| down()));
    let alerts: Arc<Mutex<Vec<Alert>>> = Arc::default();
    let heard = Arc::clone(&alerts);
    let runtime = builder(&provider)
        .store(Memory::new())
        .watch(move |alert: &Alert| heard.lock().unwrap().push(alert.clone()))
        .start()
        .unwrap();
    customer(&runtime, "a", "+44 7700 900123").await;
    order(&runtime, "o1", "a").await;
    until("delivery", || runtime.measures().delivered == 1).await;
    assert_eq!(provider.got().len(), 8);
    let measures = runtime.measures();
    assert_eq!(measures.failed_attempts, 7);
    let ids: std::collections::BTreeSet<String> = provider.got().into_iter().map(|m| m.release.id.into()).collect();
    assert_eq!(ids.len(), 1, "the same id each time");
    let shut = |a: &Alert| matches!(a, Alert::Shut { what, why } if what == "channel `sms`" && why.contains("503"));
    assert_eq!(alerts.lock().unwrap().iter().filter(|a| shut(a)).count(), 1);
    // It was judged again before it left late, and counted once all the same.
    let left = runtime.customer("a").await.unwrap().unwrap().ledger_len();
    assert_eq!(left, 1);
    runtime.shutdown().await;
}

#[tokio::test]
async fn a_message_that_can_never_arrive_is_told_to_the_journey() {
    let provider = Provider::default();
    provider.plan([Ok(Delivery::Rejected("no such number".into()))]);
    let runtime = builder(&provider).store(Memory::new()).start().unwrap();
    customer(&runtime, "a", "+44 7700 900123").await;
    order(&runtime, "o1", "a").await;
    until("the case", || runtime.measures().cases == 1).await;
    assert_eq!(provider.got().len(), 1);
    runtime.shutdown().await;
}

/// Panics at the first message.
#[derive(Clone, Default)]
struct Breaks(Provider, Arc<Mutex<bool>>);

#[async_trait]
impl Gateway for Breaks {
    async fn send(&self, message: &Message) -> Result<Delivery, SendError> {
        let first = !std::mem::replace(&mut *self.1.lock().unwrap(), true);
        assert!(!first, "the host's own bug");
        self.0.send(message).await
    }
}

#[tokio::test]
async fn a_gateway_that_panics_hurts_nobody_else() {
    let breaks = Breaks::default();
    let runtime = builder(&breaks.0).channel("sms", breaks.clone()).store(Memory::new()).start().unwrap();
    customer(&runtime, "a", "+44 7700 900123").await;
    customer(&runtime, "b", "+44 7700 900124").await;
    order(&runtime, "o1", "a").await;
    order(&runtime, "o2", "b").await;
    until("both", || breaks.0.got().len() == 2).await;
    runtime.shutdown().await;
}

#[tokio::test]
async fn what_has_not_left_at_the_end_leaves_after_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journeys.db");
    let provider = Provider::default();
    provider.plan((0..1000).map(|_| Err(SendError::NotSent("down".into()))));
    let runtime = builder(&provider).store(Sqlite::open(&path).unwrap()).start().unwrap();
    customer(&runtime, "a", "+44 7700 900123").await;
    order(&runtime, "o1", "a").await;
    until("an attempt", || !provider.got().is_empty()).await;
    runtime.shutdown().await;
    let after = Provider::default();
    let runtime = builder(&after).store(Sqlite::open(&path).unwrap()).start().unwrap();
    until("delivery", || runtime.measures().delivered == 1).await;
    assert_eq!(order(&runtime, "o1", "a").await, Taken::Duplicate);
    runtime.shutdown().await;
    assert_eq!(after.texts(), ["greeting"]);
    drop(runtime);
    Sqlite::open(&path).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_customers_flood_does_not_hold_up_others() {
    let provider = Provider::default();
    let dir = tempfile::tempdir().unwrap();
    let runtime = builder(&provider)
        .store(Sqlite::open(dir.path().join("journeys.db")).unwrap())
        .options(Options { queue_per_customer: 256, ..Options::default() })
        .start()
        .unwrap();
    for n in 0..4 {
        customer(&runtime, &format!("c{n}"), &format!("+44 7700 90012{n}")).await;
    }
    let mut flood = Vec::new();
    for n in 0..4000 {
        let runtime = runtime.clone();
        flood.push(tokio::spawn(async move {
            let data = json!({"order": {"id": "o", "item": format!("{n}")}});
            runtime.deliver(Event::new("order.changed", "c0").id(&format!("f{n}")).data(data)).await.unwrap();
        }));
    }
    until("the flood", || runtime.measures().accepted > 100).await;
    let mut between = Vec::new();
    for n in 0..30 {
        let before = runtime.measures().accepted;
        order(&runtime, &format!("x{n}"), &format!("c{}", 1 + n % 3)).await;
        between.push(runtime.measures().accepted - before);
    }
    // Counted in inputs, not in time: nobody else waits for more of the flood than a group or two.
    between.sort_unstable();
    assert!(between[29] < 1100, "{between:?}");
    for task in flood {
        task.await.unwrap();
    }
    runtime.shutdown().await;
}

#[tokio::test]
async fn a_stop_is_heard_in_every_shard() {
    let provider = Provider::default();
    let shards: Vec<Memory> = (0..3).map(|_| Memory::new()).collect();
    let start = |provider: &Provider| {
        shards.iter().fold(builder(provider), |b, memory| b.store(memory.reopen())).start().unwrap()
    };
    let runtime = start(&provider);
    // One household with one phone, spread over the shards.
    for n in 0..12 {
        customer(&runtime, &format!("c{n}"), "+44 7700 900123").await;
        order(&runtime, &format!("o{n}"), &format!("c{n}")).await;
    }
    until("greetings", || provider.got().len() == 12).await;
    runtime.deliver(Reply::new("stop", "c0", Channel::Sms, "STOP")).await.unwrap();
    until("the confirmation", || provider.got().len() == 13).await;
    let everywhere = async || {
        let mut stopped = 0;
        for n in 0..12 {
            let c = runtime.customer(&format!("c{n}")).await.unwrap().unwrap();
            stopped += usize::from(c.has_stopped("+44 7700 900123"));
        }
        stopped
    };
    let began = Instant::now();
    while everywhere().await < 12 {
        assert!(began.elapsed() < Duration::from_secs(20), "{} of 12", everywhere().await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Who comes later with that phone is stopped as well, wherever they are kept.
    for n in 12..20 {
        customer(&runtime, &format!("c{n}"), "+44 7700 900123").await;
        order(&runtime, &format!("o{n}"), &format!("c{n}")).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(provider.got().len(), 13, "one confirmation, and nothing after it");
    runtime.shutdown().await;
    // The parts belong together, in their order.
    let mixed =
        builder(&provider).store(shards[1].reopen()).store(shards[0].reopen()).store(shards[2].reopen()).start();
    let words = mixed.err().map(|e| e.to_string()).unwrap_or_default();
    assert!(words.contains("store 1 of 3 was part 2 of 3 before"), "{words}");
}

#[tokio::test]
async fn a_paused_journey_waits_and_what_is_withdrawn_does_not_come() {
    let provider = Provider::default();
    let clock = Manual::at(t0());
    let runtime = builder(&provider).store(Memory::new()).clock(clock.clone()).start().unwrap();
    let journey = || Scope::Journey("order".into());
    for (id, phone) in [("a", "+44 7700 900123"), ("b", "+44 7700 900124")] {
        customer(&runtime, id, phone).await;
    }
    assert!(runtime.pause(Scope::Journey("ordr".into()), None).await.is_err());
    runtime.pause(journey(), Some(t0() + HOUR)).await.unwrap();
    order(&runtime, "o1", "a").await;
    clock.set(t0() + 59 * MINUTE);
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert!(provider.got().is_empty());
    clock.set(t0() + HOUR);
    until("the greeting after the pause", || provider.texts() == ["greeting"]).await;
    runtime.pause(journey(), Some(t0() + 3 * HOUR)).await.unwrap();
    order(&runtime, "o2", "b").await;
    clock.set(t0() + 2 * HOUR);
    runtime.withdraw(journey()).await.unwrap();
    clock.set(t0() + 4 * HOUR);
    until("that it is withdrawn", || runtime.measures().blocked.contains_key("withdrawn by those who run the house"))
        .await;
    assert_eq!(provider.texts(), ["greeting"]);
    runtime.shutdown().await;
}

#[tokio::test]
async fn a_promise_is_at_risk_before_it_is_broken() {
    let mut program = program();
    if let Action::Send(send) = &mut program.journeys[0].states[0].entry[0] {
        Arc::make_mut(send).promising = Some(Promise { name: "news".into(), deadline: Deadline::Within(2 * HOUR) });
    }
    if let Action::Send(send) = &mut program.journeys[0].states[3].entry[0] {
        Arc::make_mut(send).keeping = Some("news".into());
    }
    let alerts: Arc<Mutex<Vec<Alert>>> = Arc::default();
    let heard = Arc::clone(&alerts);
    let provider = Provider::default();
    let clock = Manual::at(t0());
    let runtime = Runtime::builder(program.seal())
        .channel("sms", provider.clone())
        .channel("email", provider.clone())
        .desk(provider.clone())
        .service("check", Says("yes"))
        .store(Memory::new())
        .clock(clock.clone())
        .watch(move |alert: &Alert| heard.lock().unwrap().push(alert.clone()))
        .start()
        .unwrap();
    customer(&runtime, "a", "+44 7700 900123").await;
    order(&runtime, "o1", "a").await;
    clock.set(t0() + HOUR + 44 * MINUTE);
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert!(alerts.lock().unwrap().is_empty());
    clock.set(t0() + HOUR + 45 * MINUTE + SECOND);
    let by = t0() + 2 * HOUR;
    let (whose, promise) = (|| "a".to_owned(), || "news".to_owned());
    let risk = Alert::PromiseAtRisk { customer: whose(), promise: promise(), by };
    until("the risk", || *alerts.lock().unwrap() == [risk.clone()]).await;
    clock.set(by + SECOND);
    let broken = Alert::PromiseBroken { customer: whose(), promise: promise(), by };
    until("the breach", || *alerts.lock().unwrap() == [risk.clone(), broken.clone()]).await;
    let measures = runtime.measures();
    assert_eq!((measures.promises_at_risk, measures.promises["made"], measures.promises["broken"]), (1, 1, 1));
    runtime.shutdown().await;
}

#[tokio::test]
async fn more_than_was_proven_stops_the_journey_loudly() {
    let alerts: Arc<Mutex<Vec<Alert>>> = Arc::default();
    let heard = Arc::clone(&alerts);
    let proven = Proven {
        journey: Some("order".into()),
        channel: Some(Channel::Sms),
        purpose: None,
        window: Some(DAY),
        at_most: 1,
        exact: true,
    };
    let provider = Provider::default();
    let clock = Manual::at(t0());
    let runtime = builder(&provider)
        .certificate(Certificate::new(&program(), "a checker that is wrong", vec![proven]))
        .store(Memory::new())
        .clock(clock.clone())
        .watch(move |alert: &Alert| heard.lock().unwrap().push(alert.clone()))
        .start()
        .unwrap();
    customer(&runtime, "a", "+44 7700 900123").await;
    order(&runtime, "o1", "a").await;
    until("the greeting", || provider.got().len() == 1).await;
    let data = json!({"order": {"id": "o1", "item": "coffee"}});
    runtime.deliver(Event::new("order.changed", "a").id("c1").data(data)).await.unwrap();
    clock.set(t0() + 5 * MINUTE);
    until("the alert", || !alerts.lock().unwrap().is_empty()).await;
    let told = alerts.lock().unwrap()[0].clone();
    let Alert::BoundExceeded { journey, what, seen, proven, .. } = told else { panic!("{told:?}") };
    assert_eq!((journey.as_deref(), what.as_str(), seen, proven), (Some("order"), "sms in 24h", 2, 1));
    // The very message that was too many is held as well, and so is everybody else's.
    customer(&runtime, "b", "+44 7700 900124").await;
    order(&runtime, "o2", "b").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(provider.got().len(), 1);
    runtime.shutdown().await;
}

#[tokio::test]
async fn in_shadow_everything_is_decided_and_nothing_done() {
    let provider = Provider::default();
    let runtime = builder(&provider).store(Memory::new()).shadow().start().unwrap();
    customer(&runtime, "a", "+44 7700 900123").await;
    order(&runtime, "o1", "a").await;
    until("the release", || runtime.measures().released == 1).await;
    runtime.shutdown().await;
    assert!(provider.got().is_empty());
}

#[tokio::test]
async fn a_slow_channel_is_in_doubt_and_others_go_on() {
    let slow = Provider { slow: Some(Duration::from_secs(3600)), ..Provider::default() };
    let quick = Provider::default();
    let options =
        Options { attempt: Duration::from_millis(50), drain: Duration::from_millis(100), ..Options::default() };
    let runtime = builder(&quick).channel("sms", slow.clone()).options(options).store(Memory::new()).start().unwrap();
    customer(&runtime, "a", "+44 7700 900123").await;
    order(&runtime, "o1", "a").await;
    let data = json!({"first_name": "M", "email": "m@example.org", "zone": "Europe/London"});
    runtime.deliver(Event::updated("m").id("new-m").data(data)).await.unwrap();
    order(&runtime, "o2", "m").await;
    until("the mail", || quick.texts() == ["greeting"]).await;
    until("a timeout", || runtime.measures().failed_attempts > 0).await;
    assert!(slow.got().is_empty());
    runtime.shutdown().await;
    let again = runtime.deliver(Event::updated("m").id("x").data(json!({}))).await;
    assert!(matches!(again, Err(RuntimeError::Failed(_) | RuntimeError::ShuttingDown)), "{again:?}");
}

#[tokio::test]
async fn who_is_forgotten_is_and_counts_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journeys.db");
    let provider = Provider::default();
    let clock = Manual::at(t0());
    let runtime = builder(&provider).store(Sqlite::open(&path).unwrap()).clock(clock.clone()).start().unwrap();
    customer(&runtime, "victoria", "+44 7700 900123").await;
    for n in 0..4 {
        order(&runtime, &format!("o{n}"), "victoria").await;
    }
    until("four texts", || provider.got().len() == 4).await;
    runtime.deliver(Reply::new("r", "victoria", Channel::Sms, "my secret is tea")).await.unwrap();
    let broken = json!({"order": {"id": 1}});
    runtime.deliver(Event::new("order.placed", "victoria").id("broken").data(broken)).await.unwrap();
    until("the case", || runtime.measures().cases == 1).await;
    runtime.forget("victoria").await.unwrap();
    let left = runtime.customer("victoria").await.unwrap().unwrap();
    assert!(left.profile().is_empty() && left.instances().is_empty());
    assert_eq!(left.ledger_len(), 4);
    assert!(runtime.dead_letters().await.unwrap().is_empty());
    let told: Vec<String> = runtime
        .timeline("victoria")
        .await
        .unwrap()
        .iter()
        .map(|e| e.sentence(&journey_spec::time::Zone::utc()))
        .collect();
    assert_eq!(told.last().map(String::as_str), Some("the customer was forgotten"));
    assert!(told.iter().all(|t| !t.contains("900123") && !t.contains("secret")), "{told:#?}");
    // The limit of four in six hours holds for whoever comes back.
    clock.set(t0() + MINUTE);
    let data = json!({"first_name": "W", "phone": "+44 7700 900124", "zone": "Europe/London"});
    runtime.deliver(Event::updated("victoria").id("again").data(data)).await.unwrap();
    order(&runtime, "o9", "victoria").await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(provider.got().len(), 4);
    runtime.shutdown().await;
    drop(runtime);
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("VACUUM").unwrap();
    drop(db);
    let kept = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
    assert!(!kept.contains("900123") && !kept.contains("secret"), "something personal is still in the file");
}

#[tokio::test]
async fn a_newer_program_is_taken_up_while_it_runs() {
    let provider = Provider::default();
    let runtime = builder(&provider).store(Memory::new()).store(Memory::new()).start().unwrap();
    for (id, phone) in [("a", "+44 7700 900123"), ("b", "+44 7700 900124")] {
        customer(&runtime, id, phone).await;
    }
    order(&runtime, "o1", "a").await;
    let mut newer = program();
    newer.messages[0].name = "welcome".into();
    let newer = newer.seal();
    let other = Certificate::new(&program(), "x", Vec::new());
    assert!(runtime.load(newer.clone(), other).await.is_err());
    runtime.load(newer.clone(), None).await.unwrap();
    assert_eq!(runtime.program().hash, newer.hash);
    order(&runtime, "o2", "b").await;
    let data = json!({"order": {"id": "o1", "item": "coffee"}});
    let taken = runtime.deliver(Event::new("order.changed", "a").id("c1").data(data)).await.unwrap();
    assert!(matches!(taken, Taken::Accepted { .. }));
    until("both", || provider.got().len() == 2).await;
    let mut texts = provider.texts();
    texts.sort();
    assert_eq!(texts, ["greeting", "welcome"]);
    assert_eq!(runtime.customers_in("order", "waiting").await.unwrap().len(), 2, "of both versions");
    runtime.shutdown().await;
}

/// Knows one customer, and counts who asks.
struct Knows(Arc<Mutex<u32>>);

#[async_trait]
impl journey_runtime::Directory for Knows {
    async fn look_up(&self, customer: &str) -> Result<Option<serde_json::Value>, String> {
        *self.0.lock().unwrap() += 1;
        match customer {
            "a" => Ok(Some(json!({"first_name": "V", "phone": "+44 7700 900123", "zone": "Europe/London"}))),
            "odd" => Ok(Some(json!({"phone": 7}))),
            "down" => Err("it does not answer".into()),
            _ => Ok(None),
        }
    }
}

#[tokio::test]
async fn who_is_not_known_is_looked_up_once() {
    let provider = Provider::default();
    let asked = Arc::new(Mutex::new(0));
    let runtime = builder(&provider).directory(Knows(Arc::clone(&asked))).store(Memory::new()).start().unwrap();
    for n in 0..3 {
        order(&runtime, &format!("o{n}"), "a").await;
    }
    until("texts", || provider.got().len() == 3).await;
    assert_eq!(*asked.lock().unwrap(), 1);
    order(&runtime, "o7", "nobody").await;
    let data = || json!({"order": {"id": "o8", "item": "tea"}});
    for (id, words) in [
        ("odd", "what the directory says of `odd` does not fit"),
        ("down", "could not be asked about `down`: it does not answer"),
    ] {
        let error = runtime.deliver(Event::new("order.placed", id).id("x").data(data())).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    assert_eq!(provider.got().len(), 3);
    runtime.shutdown().await;
}

#[tokio::test]
async fn what_is_sent_once_is_not_sent_after_a_stop_either() {
    let provider = Provider::default();
    let runtime =
        builder(&provider).channel_at_most_once("sms", provider.clone()).store(Memory::new()).start().unwrap();
    provider.plan((0..3).map(|_| Err(SendError::NotSent("down".into()))));
    customer(&runtime, "a", "+44 7700 900123").await;
    order(&runtime, "o1", "a").await;
    until("an attempt", || !provider.got().is_empty()).await;
    runtime.deliver(Given::opt_out("stop", "a", "sms")).await.unwrap();
    let tried = provider.texts().iter().filter(|t| *t == "greeting").count();
    until("the confirmation", || provider.texts().iter().any(|t| t == "stop confirmation")).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let sent = provider.texts().iter().filter(|t| *t == "greeting").count();
    assert!(sent <= tried, "{:?}", provider.texts());
    runtime.shutdown().await;
}

#[tokio::test]
async fn what_was_handed_over_and_did_not_go_goes_after_the_next_start() {
    let memory = Memory::new();
    let provider = Provider::default();
    provider.plan((0..1000).map(|_| Err(SendError::NotSent("down".into()))));
    let start = |provider: &Provider| {
        builder(provider).channel_at_most_once("sms", provider.clone()).store(memory.reopen()).start().unwrap()
    };
    let runtime = start(&provider);
    customer(&runtime, "a", "+44 7700 900123").await;
    order(&runtime, "o1", "a").await;
    until("an attempt", || !provider.got().is_empty()).await;
    runtime.shutdown().await;
    let after = Provider::default();
    let runtime = start(&after);
    until("delivery", || runtime.measures().delivered == 1).await;
    runtime.shutdown().await;
    assert_eq!(after.texts(), ["greeting"]);
}

#[tokio::test]
async fn a_panic_of_the_hosts_leaves_nobody_waiting() {
    let provider = Provider::default();
    provider.plan((0..1000).map(|_| Err(SendError::NotSent("down".into()))));
    let runtime =
        builder(&provider).store(Memory::new()).watch(|_: &Alert| panic!("the host's own bug")).start().unwrap();
    customer(&runtime, "a", "+44 7700 900123").await;
    order(&runtime, "o1", "a").await;
    let began = Instant::now();
    loop {
        assert!(began.elapsed() < Duration::from_secs(20));
        let asked = tokio::time::timeout(Duration::from_secs(5), runtime.timeline("a")).await;
        match asked.expect("nobody waits for ever") {
            Ok(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => break assert!(error.to_string().contains("panic"), "{error}"),
        }
    }
    runtime.shutdown().await;
}
