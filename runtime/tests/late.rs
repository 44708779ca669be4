//! A message that leaves later than it was decided, because its channel or the engine did not work, is asked about again.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{placed, program, take, updated};
use journey_runtime::channels::{ChannelError, Collect};
use journey_runtime::service::NoService;
use journey_runtime::store::Memory;
use journey_runtime::{Channel, Delivery, Engine, Out, Outside, Pace};
use journey_spec::program::{Fate, HOUR, MINUTE, Quiet, SECOND};
use journey_spec::time::parse_rfc3339;
use journey_spec::{Program, Ts};
use journey_step::What;
use journey_step::effect::Release;

const PHONE: &str = "+44 7700 900123";

/// Works while it is told to.
struct Switched(Collect, Arc<AtomicBool>);

impl Channel for Switched {
    fn send(&mut self, message: Out<'_, Release>) -> Result<Delivery, ChannelError> {
        if self.1.load(Ordering::SeqCst) {
            return self.0.send(message);
        }
        Err(ChannelError::Unavailable("it is switched off".into()))
    }
}

struct Shop {
    program: Arc<Program>,
    memory: Memory,
    works: Arc<AtomicBool>,
    collect: Collect,
    engine: Engine,
    now: Ts,
}

impl Shop {
    /// At ten in the morning, with a customer whom texts reach between 08:00 and 21:00.
    fn open(at: &str) -> Shop {
        let mut program = program();
        program.policy.quiet = vec![Quiet {
            from: 21 * 60,
            to: 8 * 60,
            days: Vec::new(),
            purposes: Vec::new(),
            fate: Fate::Defer,
            because: None,
            text: "quiet 21:00 to 08:00".into(),
        }];
        let program = Arc::new(program.seal());
        let (memory, works, collect) = (Memory::new(), Arc::new(AtomicBool::new(true)), Collect::new());
        let engine = Self::engine(&program, &memory, &works, &collect);
        let mut shop = Shop { program, memory, works, collect, engine, now: parse_rfc3339(at).unwrap() };
        shop.go_on(0);
        take(&mut shop.engine, &[&updated("u", at, "a", PHONE)]);
        shop
    }

    fn engine(program: &Arc<Program>, memory: &Memory, works: &Arc<AtomicBool>, collect: &Collect) -> Engine {
        let channel = Box::new(Switched(collect.clone(), Arc::clone(works)));
        let outside = Outside { channel, desk: Box::new(collect.clone()), service: Box::new(NoService) };
        Engine::open(Arc::clone(program), Box::new(memory.reopen())).unwrap().connect(outside).pace(Pace::Live)
    }

    fn restart(&mut self) {
        self.engine = Self::engine(&self.program, &self.memory, &self.works, &self.collect);
    }

    fn go_on(&mut self, by: i64) {
        self.now += by;
        self.engine.advance_to(self.now).unwrap();
        self.engine.dispatch(self.now).unwrap();
    }

    /// Goes on until then, a minute or so at a time.
    fn wait(&mut self, by: i64) {
        let until = self.now + by;
        while self.now < until {
            let next = self.engine.next_due().unwrap().unwrap_or(Ts::MAX).clamp(self.now + 1, self.now + MINUTE);
            self.go_on(next.min(until) - self.now);
        }
    }

    fn order(&mut self, id: &str) {
        take(&mut self.engine, &[&placed(id, "2026-03-02T10:00:00Z", "a", id)]);
        self.engine.dispatch(self.now).unwrap();
    }

    fn works(&mut self, works: bool) {
        self.works.store(works, Ordering::SeqCst);
    }

    fn sent(&self) -> usize {
        self.collect.messages().iter().filter(|m| m.item.message == "greeting").count()
    }

    /// What the timeline tells of what was held back.
    fn told(&mut self) -> Vec<String> {
        let held = |what| match what {
            What::Deferred { rule, .. } => Some(format!("waits: {rule}")),
            What::Blocked { rule, .. } => Some(format!("blocked: {rule}")),
            _ => None,
        };
        self.engine.timeline("a").unwrap().into_iter().filter_map(|e| held(e.what)).collect()
    }
}

#[test]
fn a_channel_that_comes_back_at_night_waits_for_the_morning() {
    for restarts in [false, true] {
        let mut shop = Shop::open("2026-03-02T20:50:00Z");
        shop.works(false);
        shop.order("o1");
        if restarts {
            shop.restart();
        }
        shop.wait(30 * MINUTE);
        shop.works(true);
        shop.wait(10 * HOUR + 39 * MINUTE);
        assert_eq!(shop.sent(), 0, "it is quiet until 08:00, and this is a minute before");
        assert_eq!(shop.told(), ["waits: quiet 21:00 to 08:00"]);
        shop.wait(MINUTE);
        assert_eq!(shop.sent(), 1);
    }
}

#[test]
fn who_says_stop_while_a_channel_is_down_hears_no_more_when_it_comes_back() {
    for restarts in [false, true] {
        let mut shop = Shop::open("2026-03-02T10:00:00Z");
        shop.works(false);
        shop.order("o1");
        let stop = format!(
            r#"{{"id":"s","at":"2026-03-02T10:00:00Z","customer":"a","reply":"STOP","channel":"sms","address":"{PHONE}"}}"#
        );
        take(&mut shop.engine, &[&stop]);
        if restarts {
            shop.restart();
        }
        shop.wait(MINUTE);
        shop.works(true);
        shop.wait(HOUR);
        let sent: Vec<String> = shop.collect.messages().into_iter().map(|m| m.item.message.into()).collect();
        assert_eq!(sent, ["stop confirmation"], "restarts: {restarts}");
        assert!(shop.told().contains(&"blocked: the customer said STOP".to_string()), "{:?}", shop.told());
    }
}

#[test]
fn who_says_stop_before_a_message_has_left_does_not_get_it() {
    let mut shop = Shop::open("2026-03-02T10:00:00Z");
    let stop = format!(
        r#"{{"id":"s","at":"2026-03-02T10:00:00Z","customer":"a","reply":"STOP","channel":"sms","address":"{PHONE}"}}"#
    );
    take(&mut shop.engine, &[&placed("o1", "2026-03-02T10:00:00Z", "a", "o1"), &stop]);
    shop.go_on(1);
    assert_eq!(shop.sent(), 0);
    assert_eq!(shop.collect.messages().len(), 1, "and still gets the answer to STOP");
}

/// Four in six hours: four that were held back for five hours count from when they left.
#[test]
fn what_left_late_counts_from_then_on() {
    let mut shop = Shop::open("2026-03-02T09:00:00Z");
    shop.works(false);
    for id in ["o1", "o2", "o3", "o4"] {
        shop.order(id);
    }
    shop.wait(5 * HOUR);
    shop.works(true);
    shop.wait(MINUTE);
    assert_eq!(shop.sent(), 4, "their own charges do not stand in their way");
    shop.wait(HOUR + 10 * MINUTE);
    shop.order("o5");
    assert_eq!(shop.sent(), 4, "six hours after they were decided, the four are two hours old");
    shop.wait(4 * HOUR + 49 * MINUTE);
    assert_eq!(shop.sent(), 4);
    shop.wait(2 * MINUTE);
    assert_eq!(shop.sent(), 5);
}

/// An engine that was away between the commit and the channel.
#[test]
fn a_backlog_is_asked_about_again() {
    let mut shop = Shop::open("2026-03-02T20:59:30Z");
    shop.works(false);
    take(&mut shop.engine, &[&placed("o1", "2026-03-02T10:00:00Z", "a", "o1")]);
    shop.works(true);
    shop.restart();
    shop.go_on(HOUR);
    assert_eq!(shop.sent(), 0);
    // so little is the usual time between a commit and what is performed after it
    let mut shop = Shop::open("2026-03-02T20:59:30Z");
    take(&mut shop.engine, &[&placed("o1", "2026-03-02T10:00:00Z", "a", "o1")]);
    shop.go_on(SECOND - 1);
    assert_eq!(shop.sent(), 1);
}

#[test]
fn what_an_engine_before_may_have_sent_stays_in_doubt_though_it_does_not_go_now() {
    for restarts in [false, true] {
        let mut shop = Shop::open("2026-03-02T10:00:00Z");
        shop.works(false);
        take(&mut shop.engine, &[&placed("o1", "2026-03-02T10:00:00Z", "a", "o1")]);
        if restarts {
            shop.restart();
        }
        shop.go_on(SECOND);
        shop.wait(MINUTE);
        let unsent = |e: journey_step::effect::Entry| match e.what {
            What::Unsent { in_doubt, .. } => Some(in_doubt),
            _ => None,
        };
        let unsent = shop.engine.timeline("a").unwrap().into_iter().find_map(unsent);
        assert_eq!(unsent, Some(restarts));
    }
}
