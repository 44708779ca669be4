//! What goes out: each attempt with its time, and what is known of each way out, whichever shard used it last.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use journey_spec::Ts;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::Options;
use crate::engine::{Became, Job, Todo};
use crate::gateway::{Answer, Backend, Call, Case, Casework, Delivery, Gateway, Message, Mode, SendError};

/// Failures in a row after which a way out is left alone for a while.
const TRIP: u32 = 5;
/// Attempts under way on one way out at most.
const AT_ONCE: usize = 64;

/// What an attempt came to.
#[derive(Clone, Debug)]
pub(super) enum Attempted {
    /// It is over.
    Became(Became),
    /// It is to be tried again.
    Again { in_doubt: bool, why: String },
}

/// A way out, by which jobs succeed and fail together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Lane {
    Channel(String),
    Desk,
    Service(String),
    Shards,
}

impl Lane {
    pub(super) fn of(job: &Job) -> Lane {
        match &job.what {
            Todo::Send(release) => Lane::Channel(release.channel.name().into()),
            Todo::Open(_) => Lane::Desk,
            Todo::Ask(call) => Lane::Service(call.service.to_string()),
            Todo::Tell(_) => Lane::Shards,
        }
    }
}

impl std::fmt::Display for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Lane::Channel(name) => write!(f, "channel `{name}`"),
            Lane::Desk => f.write_str("the desk"),
            Lane::Service(name) => write!(f, "service `{name}`"),
            Lane::Shards => f.write_str("the other shards"),
        }
    }
}

/// Pauses between attempts: a quarter of a second and more each time, half a minute at most, none like another.
pub(super) fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(250))
        .with_max_delay(Duration::from_secs(30))
        .with_factor(2.0)
        .with_jitter()
        .without_max_times()
        .build()
}

pub(super) fn millis(pause: Option<Duration>) -> i64 {
    pause.and_then(|pause| i64::try_from(pause.as_millis()).ok()).unwrap_or(30_000)
}

struct Breaker {
    failures: u32,
    /// Nothing is tried before.
    until: Ts,
    pauses: ExponentialBackoff,
}

/// Whether a way out may be tried.
pub(super) enum Entry {
    /// It may.
    Open,
    /// Not before then.
    Wait(Ts),
}

pub(super) struct Way {
    breaker: Mutex<Breaker>,
    room: Arc<Semaphore>,
}

impl Way {
    fn new() -> Way {
        Way {
            breaker: Mutex::new(Breaker { failures: 0, until: Ts::MIN, pauses: pauses() }),
            room: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// A place for an attempt, where there is one: nothing waits for it after it was asked whether it may leave.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.room).try_acquire_owned().ok()
    }

    /// Asks for a try. After a pause the first who asks tries, and the others wait to see how that ends.
    pub(super) fn enter(&self, now: Ts) -> Entry {
        let mut breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        if breaker.failures < TRIP {
            return Entry::Open;
        }
        if now < breaker.until {
            return Entry::Wait(breaker.until);
        }
        breaker.until = now.saturating_add(1_000);
        Entry::Open
    }

    /// Whether a try would have to wait now.
    pub(super) fn is_shut(&self, now: Ts) -> Option<Ts> {
        let breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        (breaker.failures >= TRIP && now < breaker.until).then_some(breaker.until)
    }

    /// Takes how a try ended. Gives whether the way out was shut by that.
    pub(super) fn ended(&self, worked: bool, now: Ts) -> bool {
        let mut breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        if worked {
            *breaker = Breaker { failures: 0, until: Ts::MIN, pauses: pauses() };
            return false;
        }
        breaker.failures = breaker.failures.saturating_add(1);
        if breaker.failures >= TRIP {
            breaker.until = now.saturating_add(millis(breaker.pauses.next()));
        }
        breaker.failures == TRIP
    }
}

/// Everything that a host plugged in.
pub(super) struct Outward {
    pub(super) gateways: BTreeMap<String, (Arc<dyn Gateway>, Mode)>,
    pub(super) desk: Option<Arc<dyn Casework>>,
    pub(super) services: BTreeMap<String, Arc<dyn Backend>>,
    pub(super) shadow: bool,
    ways: Mutex<BTreeMap<Lane, Arc<Way>>>,
}

impl Outward {
    pub(super) fn new(
        gateways: BTreeMap<String, (Arc<dyn Gateway>, Mode)>,
        desk: Option<Arc<dyn Casework>>,
        services: BTreeMap<String, Arc<dyn Backend>>,
        shadow: bool,
    ) -> Outward {
        Outward { gateways, desk, services, shadow, ways: Mutex::default() }
    }

    pub(super) fn way(&self, lane: &Lane) -> Arc<Way> {
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(ways.entry(lane.clone()).or_insert_with(|| Arc::new(Way::new())))
    }

    /// How a channel takes what is in doubt.
    pub(super) fn mode(&self, job: &Job) -> Mode {
        match &job.what {
            Todo::Send(release) => self.gateways.get(release.channel.name()).map_or(Mode::default(), |(_, mode)| *mode),
            _ => Mode::AtLeastOnce,
        }
    }

    /// One attempt, with its time.
    pub(super) async fn attempt(&self, job: &Job, attempt: u32, left: Duration, options: &Options) -> Attempted {
        match &job.what {
            Todo::Send(release) => {
                let Some((gateway, _)) = self.gateways.get(release.channel.name()) else {
                    return Attempted::Became(Became::Rejected("nothing is plugged in for its channel".into()));
                };
                let message = Message { customer: job.customer.clone(), at: job.at, attempt, release: release.clone() };
                match timeout(options.attempt.min(left), gateway.send(&message)).await {
                    Ok(Ok(Delivery::Delivered)) => Attempted::Became(Became::Done),
                    Ok(Ok(Delivery::Rejected(why))) => Attempted::Became(Became::Rejected(why)),
                    Ok(Err(SendError::NotSent(why))) => Attempted::Again { in_doubt: false, why },
                    Ok(Err(SendError::InDoubt(why))) => Attempted::Again { in_doubt: true, why },
                    Err(_) => Attempted::Again { in_doubt: true, why: "no answer in time".into() },
                }
            }
            Todo::Open(case) => {
                let Some(desk) = &self.desk else { return Attempted::Became(Became::Dropped("no desk".into())) };
                let case = Case { customer: job.customer.clone(), at: job.at, case: case.clone() };
                match timeout(options.attempt, desk.open(&case)).await {
                    Ok(Ok(())) => Attempted::Became(Became::Done),
                    Ok(Err(error)) => Attempted::Again { in_doubt: true, why: error.to_string() },
                    Err(_) => Attempted::Again { in_doubt: true, why: "no answer in time".into() },
                }
            }
            Todo::Ask(request) => {
                let Some(service) = self.services.get(request.service.as_str()) else {
                    return Attempted::Became(Became::Answered("failed".into()));
                };
                let call = Call { customer: job.customer.clone(), at: job.at, request: request.clone() };
                match timeout(left, service.call(&call)).await {
                    Ok(Answer::Outcome(outcome)) => Attempted::Became(Became::Answered(outcome)),
                    Ok(Answer::After(delay, outcome)) => {
                        tokio::time::sleep(Duration::from_millis(delay.unsigned_abs())).await;
                        Attempted::Became(Became::Answered(outcome))
                    }
                    Ok(Answer::Record(_, json)) => Attempted::Became(Became::Record(json)),
                    Ok(Answer::Later) => Attempted::Became(Became::Done),
                    Ok(Answer::Unavailable(why)) => Attempted::Again { in_doubt: true, why },
                    Err(_) => Attempted::Became(Became::Dropped("not answered in time".into())),
                }
            }
            Todo::Tell(_) => Attempted::Again { in_doubt: true, why: "shards are told by the runtime itself".into() },
        }
    }
}
