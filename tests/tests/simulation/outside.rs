//! What the engine's effects go to, and a record of all that was seen there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use journey_runtime::channels::ChannelError;
use journey_runtime::{Answer, Channel, Delivery, Desk, Out, Outside, Service};
use journey_spec::program::{Channel as Way, HOUR, MINUTE, Program, SECOND};
use journey_spec::time::rfc3339;
use journey_spec::{Ts, Type};
use journey_step::effect::{CallRequest, HandoffCase, Release};
use journey_tests::random::{Random, from_text};
use serde_json::{Map, json};

/// A message that reached its channel for the first time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reached {
    /// The greatest time that anybody who ran had told by then.
    pub(crate) told: Ts,
    /// When it was decided.
    pub(crate) decided: Ts,
    pub(crate) customer: String,
    pub(crate) release: Release,
}

/// What was seen, in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Saw {
    Reached(Reached),
    Case(Ts, String, HandoffCase),
    /// A STOP was acknowledged.
    Stopped(String),
    /// An order was acknowledged: nothing leaves there until then, or until resumed.
    Paused(Way, Option<Ts>),
    Resumed(Way),
}

/// The record. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Inner>>);

#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) told: Ts,
    /// What the clock showed last.
    clock: Ts,
    pub(crate) saw: Vec<Saw>,
    /// Each message that reached its channel, by id.
    pub(crate) reached: BTreeMap<String, Release>,
    cases: BTreeSet<String>,
    /// What reached the channel since the last call of the engine that succeeded.
    fresh: BTreeSet<String>,
    /// What was settled: delivered in a call that succeeded.
    settled: BTreeSet<String>,
    /// Attempts that ought not to have been.
    pub(crate) wrong: Vec<String>,
    pub(crate) calls: Vec<(Ts, String, CallRequest)>,
    down: BTreeMap<Way, Ts>,
}

impl Log {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("the log")
    }

    /// An engine was opened whose clock shows this.
    pub(crate) fn opened(&self, now: Ts) {
        let mut log = self.lock();
        log.told = log.clock.max(now);
    }

    pub(crate) fn tell(&self, now: Ts) {
        let mut log = self.lock();
        log.told = log.told.max(now);
        log.clock = now;
    }

    pub(crate) fn saw(&self, what: Saw) {
        self.lock().saw.push(what);
    }

    /// A call of the engine has succeeded: what it delivered is settled.
    pub(crate) fn succeeded(&self) {
        let mut log = self.lock();
        let mut fresh = std::mem::take(&mut log.fresh);
        log.settled.append(&mut fresh);
    }

    pub(crate) fn failed(&self) {
        self.lock().fresh.clear();
    }

    /// A channel does not work until then.
    pub(crate) fn down(&self, way: Way, until: Ts) {
        self.lock().down.insert(way, until);
    }
}

/// How the outside behaves.
#[derive(Clone)]
pub(crate) struct Manner {
    pub(crate) seed: u64,
    /// In so many of a thousand calls a channel says that it does not work; it can also take messages and then fail to
    /// say that it did.
    pub(crate) unsteady: u64,
    /// On virtual time a service answers itself, always the same; live it answers later, as an input.
    pub(crate) answers: bool,
}

pub(crate) fn outside(log: &Log, manner: &Manner, program: &Arc<Program>) -> Outside {
    let random = Random(manner.seed ^ log.lock().saw.len() as u64);
    let one =
        || Side { log: log.clone(), manner: manner.clone(), random: random.clone(), program: Arc::clone(program) };
    Outside { channel: Box::new(one()), desk: Box::new(one()), service: Box::new(one()) }
}

struct Side {
    log: Log,
    manner: Manner,
    random: Random,
    program: Arc<Program>,
}

impl Channel for Side {
    fn send(&mut self, message: Out<'_, Release>) -> Result<Delivery, ChannelError> {
        let release = message.item;
        let mut log = self.log.lock();
        let log = &mut *log;
        if log.settled.contains(release.id.as_str()) {
            log.wrong.push(format!("{} was settled and came again", release.id));
        }
        if log.down.get(&release.channel).is_some_and(|until| log.told < *until) {
            return Err(ChannelError::Unavailable("it is down".into()));
        }
        if self.random.per_mille(self.manner.unsteady) {
            return Err(ChannelError::Unavailable("it says".into()));
        }
        // Whether it can be delivered at all follows from the message.
        if from_text(&release.id, self.manner.seed).per_mille(60) {
            return Ok(Delivery::Rejected("no such number".into()));
        }
        // What comes again reaches nobody twice: the id is the same, also where a text was written anew.
        if !log.reached.contains_key(release.id.as_str()) {
            log.reached.insert(release.id.to_string(), release.clone());
            let (told, decided, customer) = (log.told, message.at, message.customer.to_owned());
            log.saw.push(Saw::Reached(Reached { told, decided, customer, release: release.clone() }));
        }
        log.fresh.insert(release.id.to_string());
        Ok(Delivery::Delivered)
    }

    fn flush(&mut self) -> Result<(), ChannelError> {
        if self.random.per_mille(self.manner.unsteady / 4) {
            return Err(ChannelError::Unavailable("it lost the connection".into()));
        }
        Ok(())
    }
}

impl Desk for Side {
    fn open(&mut self, case: Out<'_, HandoffCase>) -> Result<(), ChannelError> {
        if self.random.per_mille(self.manner.unsteady / 2) {
            return Err(ChannelError::Unavailable("the desk is closed".into()));
        }
        let mut log = self.log.lock();
        if log.cases.insert(case.item.case.to_string()) {
            log.saw.push(Saw::Case(case.at, case.customer.to_owned(), case.item.clone()));
        }
        Ok(())
    }
}

impl Service for Side {
    fn call(&mut self, call: Out<'_, CallRequest>) -> Answer {
        let mut log = self.log.lock();
        if log.calls.iter().all(|(_, _, c)| c.id != call.item.id) {
            log.calls.push((call.at, call.customer.to_owned(), call.item.clone()));
        }
        drop(log);
        if !self.manner.answers {
            return if self.random.per_mille(self.manner.unsteady) {
                Answer::Unavailable("it hangs".into())
            } else {
                Answer::Later
            };
        }
        let mut random = from_text(&call.item.id, self.manner.seed);
        let delay = *random.of(&[0, 0, SECOND, 30 * SECOND, 5 * MINUTE, HOUR]).expect("delays");
        match random.below(10) {
            0 => Answer::Later,
            1 => Answer::Unavailable("it hangs".into()),
            2 => Answer::After(delay, "nonsense".into()),
            _ => said(&self.program, call.item, call.at, &mut random)
                .map_or_else(|record| Answer::Record(delay, record), |outcome| Answer::After(delay, outcome)),
        }
    }
}

/// What a service says: the name of an outcome, or a record.
pub(crate) fn said(
    program: &Program,
    call: &CallRequest,
    at: Ts,
    random: &mut Random,
) -> Result<String, serde_json::Value> {
    let service = program.services.iter().find(|s| s.name == call.service).expect("a declared service");
    let Some(returns) = &service.returns else {
        return Ok(random.of(&service.outcomes).cloned().expect("an outcome"));
    };
    let id = call.args.first().map(|(_, value)| value.clone());
    let fields = program.records.get(returns).expect("a declared record");
    let mut record = Map::new();
    for field in fields {
        let value = match field.ty.required() {
            Type::Instant => json!(rfc3339(at / MINUTE * MINUTE + random.between(-1, 60) * HOUR)),
            Type::Text { .. } if field.name == "id" => match &id {
                Some(journey_spec::Value::Text(id)) => json!(id),
                _ => json!("?"),
            },
            Type::Text { .. } => json!("said so"),
            Type::OneOf(names) => json!(random.of(names)),
            Type::Number => json!(random.below(9)),
            Type::Bool => json!(true),
            _ => continue,
        };
        record.insert(field.name.clone(), value);
    }
    Err(record.into())
}
