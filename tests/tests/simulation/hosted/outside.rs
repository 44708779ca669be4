//! Gateways, desk and services of a hosted runtime: slow, silent, in doubt, and dead as soon as their process is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use journey_runtime::{
    Answer, Backend, Call, Case, Casework, Delivery, Gateway, Message, Mode, SendError, async_trait,
};
use journey_spec::program::Channel;
use journey_spec::{Program, Ts};
use journey_tests::random::{Random, from_text};

use super::ATTEMPT;
use crate::outside::{Log, Reached, Saw, said};

/// What was seen of attempts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) attempts: u64,
    /// How often each message reached each channel.
    times: BTreeMap<(String, Channel), u64>,
    /// Messages of which this process was told that they are delivered.
    delivered: BTreeSet<String>,
    cases: BTreeSet<String>,
    down: BTreeMap<Channel, Ts>,
}

/// All that is outside; it outlives every process.
pub(super) struct Outer {
    pub(super) log: Log,
    seed: u64,
    program: Arc<Program>,
    told: Arc<AtomicI64>,
    unsteady: Arc<AtomicU64>,
    seen: Arc<Mutex<Seen>>,
    random: Arc<Mutex<Random>>,
}

impl Outer {
    pub(super) fn new(seed: u64, unsteady: u64, program: &Arc<Program>) -> Outer {
        Outer {
            log: Log::default(),
            seed,
            program: Arc::clone(program),
            told: Arc::default(),
            unsteady: Arc::new(AtomicU64::new(unsteady)),
            seen: Arc::default(),
            random: Arc::new(Mutex::new(Random(seed ^ 0x0075))),
        }
    }

    /// All that leaves from now on leaves at this instant or later.
    pub(super) fn tell(&self, now: Ts) {
        self.told.store(now, Ordering::SeqCst);
        self.log.tell(now);
    }

    /// Another process begins.
    pub(super) fn born(&self) {
        self.seen.lock().expect("seen").delivered.clear();
    }

    pub(super) fn calm(&self) {
        self.unsteady.store(0, Ordering::SeqCst);
        self.seen.lock().expect("seen").down.clear();
    }

    pub(super) fn down(&self, way: Channel, until: Ts) {
        self.seen.lock().expect("seen").down.insert(way, until);
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().expect("seen").clone()
    }

    pub(super) fn way(&self, mode: Mode, alive: &Arc<AtomicBool>) -> Way {
        Way {
            log: self.log.clone(),
            seed: self.seed,
            mode,
            program: Arc::clone(&self.program),
            told: Arc::clone(&self.told),
            unsteady: Arc::clone(&self.unsteady),
            seen: Arc::clone(&self.seen),
            random: Arc::clone(&self.random),
            alive: Arc::clone(alive),
        }
    }
}

/// A way out of one process.
pub(super) struct Way {
    log: Log,
    seed: u64,
    mode: Mode,
    program: Arc<Program>,
    told: Arc<AtomicI64>,
    unsteady: Arc<AtomicU64>,
    seen: Arc<Mutex<Seen>>,
    random: Arc<Mutex<Random>>,
    alive: Arc<AtomicBool>,
}

impl Way {
    fn draw(&self, n: u64) -> u64 {
        self.random.lock().expect("random").below(n)
    }

    fn fails(&self, share: u64) -> bool {
        self.draw(1000) < share
    }

    /// Who is dead does nothing.
    async fn live(&self) {
        if !self.alive.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    /// The message is out, whatever is said of it.
    fn reached(&self, message: &Message) {
        let release = &message.release;
        let mut seen = self.seen.lock().expect("seen");
        let log = &mut *self.log.lock();
        let times = seen.times.entry((release.id.to_string(), release.channel)).or_default();
        *times += 1;
        if *times > 1 && self.mode == Mode::AtMostOnce {
            log.wrong.push(format!("{} went out {times} times on a channel that sends nothing twice", release.id));
        }
        // One that is in doubt on one channel may go by another, under the same id.
        match log.reached.get(release.id.as_str()) {
            Some(first) if first.message != release.message => {
                let words = format!("{} came first as {} and then as {}", release.id, first.message, release.message);
                log.wrong.push(words);
            }
            Some(_) => {}
            None => {
                log.reached.insert(release.id.to_string(), release.clone());
                // The clock may have been put forward just now, and not every shard may know.
                let told = self.told.load(Ordering::SeqCst).max(message.at);
                let (decided, customer) = (message.at, message.customer.clone());
                log.saw.push(Saw::Reached(Reached { told, decided, customer, release: release.clone() }));
            }
        }
    }
}

#[async_trait]
impl Gateway for Way {
    async fn send(&self, message: &Message) -> Result<Delivery, SendError> {
        self.live().await;
        let release = &message.release;
        let unsteady = self.unsteady.load(Ordering::SeqCst);
        {
            let mut seen = self.seen.lock().expect("seen");
            seen.attempts += 1;
            if seen.delivered.contains(release.id.as_str()) {
                self.log.lock().wrong.push(format!("{} was delivered and came again", release.id));
            }
            if seen.down.get(&release.channel).is_some_and(|until| self.told.load(Ordering::SeqCst) < *until) {
                return Err(SendError::NotSent("it is down".into()));
            }
        }
        if from_text(&release.id, self.seed).per_mille(60) {
            return Ok(Delivery::Rejected("no such number".into()));
        }
        if self.fails(unsteady) {
            match self.draw(5) {
                0 => return Err(SendError::NotSent("it says".into())),
                1 => return Err(SendError::InDoubt("the connection broke, before".into())),
                2 => {
                    self.reached(message);
                    return Err(SendError::InDoubt("the connection broke, after".into()));
                }
                3 => tokio::time::sleep(2 * ATTEMPT).await,
                _ => {
                    self.reached(message);
                    tokio::time::sleep(2 * ATTEMPT).await;
                }
            }
            return Err(SendError::InDoubt("too late to matter".into()));
        }
        self.reached(message);
        if self.fails(unsteady) {
            tokio::time::sleep(Duration::from_millis(1 + self.draw(3))).await;
            self.live().await;
        }
        self.seen.lock().expect("seen").delivered.insert(release.id.to_string());
        Ok(Delivery::Delivered)
    }
}

#[async_trait]
impl Casework for Way {
    async fn open(&self, case: &Case) -> Result<(), SendError> {
        self.live().await;
        let unsteady = self.unsteady.load(Ordering::SeqCst);
        if self.fails(unsteady) {
            return Err(SendError::NotSent("the desk is closed".into()));
        }
        if self.seen.lock().expect("seen").cases.insert(case.case.case.to_string()) {
            self.log.saw(Saw::Case(case.at, case.customer.clone(), case.case.clone()));
        }
        if self.fails(unsteady) {
            return Err(SendError::InDoubt("the desk did not say".into()));
        }
        Ok(())
    }
}

#[async_trait]
impl Backend for Way {
    async fn call(&self, call: &Call) -> Answer {
        self.live().await;
        if self.fails(self.unsteady.load(Ordering::SeqCst)) {
            match self.draw(4) {
                0 => return Answer::Unavailable("it hangs".into()),
                1 => return Answer::Outcome("nonsense".into()),
                2 => tokio::time::sleep(ATTEMPT).await,
                _ => return Answer::Later,
            }
        }
        let mut random = from_text(&call.request.id, self.seed);
        said(&self.program, &call.request, call.at, &mut random)
            .map_or_else(|record| Answer::Record(0, record), Answer::Outcome)
    }
}
