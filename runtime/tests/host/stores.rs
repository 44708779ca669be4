//! Stores that fail for a while, or for good.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[tokio::test]
async fn a_shard_that_could_not_keep_a_stop_hears_it_after_the_next_start() {
    let provider = Provider::default();
    let (memory, other) = (Memory::new(), Sim::new(3));
    let start = || builder(&provider).store(memory.reopen()).store(other.reopen()).start().unwrap();
    let runtime = start();
    // Which of the two shards a customer belongs to is found out by asking.
    for n in 0..8 {
        customer(&runtime, &format!("c{n}"), "+44 7700 900123").await;
    }
    let kept = other.kept().customers(None, 99).unwrap();
    let first = (0..8).map(|n| format!("c{n}")).find(|id| !kept.contains(id)).unwrap();
    other.force(Fault::Failed);
    runtime.deliver(Reply::new("stop", &first, Channel::Sms, "STOP")).await.unwrap();
    until("the failure", || other.happened().get(&Fault::Failed) == Some(&1)).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(other.kept().stopped(&["+447700900123"]).unwrap().is_empty());
    runtime.shutdown().await;
    let runtime = start();
    until("that it is told", || !other.kept().stopped(&["+447700900123"]).unwrap().is_empty()).await;
    runtime.shutdown().await;
}

#[tokio::test]
async fn a_shutdown_ends_though_the_store_cannot_be_read_any_more() {
    let provider = Provider { slow: Some(Duration::from_millis(300)), ..Provider::default() };
    let sim = Sim::new(5);
    let options = Options { drain: Duration::from_secs(1), ..Options::default() };
    let runtime = builder(&provider).options(options).store(sim.reopen()).start().unwrap();
    customer(&runtime, "a", "+44 7700 900123").await;
    order(&runtime, "o1", "a").await;
    // The message is under way. Nothing can be read any more, so an input is refused and what is known of the customer is
    // read anew for what becomes of the message, in vain.
    sim.set_faults(Faults { read: 10_000, ..Faults::default() });
    let stop = runtime.deliver(Reply::new("r", "a", Channel::Sms, "thank you")).await;
    assert!(stop.is_err(), "{stop:?}");
    tokio::time::timeout(Duration::from_secs(30), runtime.shutdown()).await.expect("it ends");
    assert!(sim.happened().contains_key(&Fault::Read), "the store was asked: {:?}", sim.happened());
    // After the next start it goes once more, with the same id, as at least once allows.
    sim.set_faults(Faults::default());
    let after = Provider::default();
    let runtime = builder(&after).store(sim.reopen()).start().unwrap();
    until("the same message", || !after.got().is_empty()).await;
    assert_eq!(after.got()[0].release.id, provider.got()[0].release.id);
    runtime.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_read_to_be_sent_is_sent_when_it_can() {
    let provider = Provider::default();
    provider.plan([Err(SendError::NotSent("down".into()))]);
    let (sim, clock) = (Sim::new(6), Manual::at(t0()));
    let runtime = builder(&provider).store(sim.reopen()).clock(clock.clone()).start().unwrap();
    customer(&runtime, "a", "+44 7700 900123").await;
    order(&runtime, "o1", "a").await;
    until("an attempt", || runtime.measures().failed_attempts == 1).await;
    // It is judged again, and what comes of that has to be read before all else.
    sim.set_faults(Faults { read: 10_000, ..Faults::default() });
    clock.set(t0() + 3 * SECOND);
    until("a read that fails", || sim.happened().contains_key(&Fault::Read)).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    sim.set_faults(Faults::default());
    until("the greeting", || runtime.measures().delivered == 1).await;
    assert!(matches!(order(&runtime, "o2", "a").await, Taken::Accepted { .. }));
    runtime.shutdown().await;
}

/// A provider that says when it is asked, and rejects once it is let go.
#[derive(Clone, Default)]
pub(super) struct Held {
    pub(super) asked: Arc<AtomicBool>,
    pub(super) let_go: Arc<AtomicBool>,
}

#[async_trait]
impl Gateway for Held {
    async fn send(&self, _: &Message) -> Result<Delivery, SendError> {
        self.asked.store(true, Ordering::SeqCst);
        until("that it is let go", || self.let_go.load(Ordering::SeqCst)).await;
        Ok(Delivery::Rejected("no such number".into()))
    }
}

#[tokio::test]
async fn that_a_message_failed_is_told_though_nothing_can_be_read_then() {
    let (held, sim) = (Held::default(), Sim::new(7));
    let built = builder(&Provider::default()).channel_at_most_once("sms", held.clone());
    let runtime = built.store(sim.reopen()).start().unwrap();
    customer(&runtime, "a", "+44 7700 900123").await;
    order(&runtime, "o1", "a").await;
    until("that it is handed over", || held.asked.load(Ordering::SeqCst)).await;
    // An input is refused, so the customer is read anew for what comes of the attempt.
    sim.set_faults(Faults { read: 10_000, ..Faults::default() });
    let thanks = runtime.deliver(Reply::new("r", "a", Channel::Sms, "thank you")).await;
    assert!(thanks.is_err(), "{thanks:?}");
    held.let_go.store(true, Ordering::SeqCst);
    until("that it is rejected", || runtime.measures().rejected == 1).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    sim.set_faults(Faults::default());
    until("the case", || runtime.measures().cases == 1).await;
    assert_eq!(runtime.customers_in("order", "agent").await.unwrap(), ["a"]);
    runtime.shutdown().await;
}
