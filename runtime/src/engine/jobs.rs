//! Effects for a shell that performs them itself: it claims what is committed, and tells what became of it.
//!
//! [`Engine::dispatch`] performs effects while the engine waits. A shell with slow surroundings claims them instead, performs
//! them elsewhere, many at once, and brings each result back. Both settle the same rows of the same outbox.

use journey_spec::Ts;
use journey_spec::program::{Channel, Millis, SECOND};
use journey_step::Input;
use journey_step::effect::{CallRequest, HandoffCase, Release};

use super::apart::Cause;
use super::outbox::{Open, Task};
use super::{Engine, Pace};
use crate::error::EngineError;
use crate::feed::record_of;
use crate::intake::RESERVED;
use crate::store::Settled;

/// A message that could not go out this long after it was released is judged again before it does.
pub const LATE: Millis = 2 * SECOND;

/// An effect that is committed and to be performed.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its place in the outbox, by which its result is told.
    pub seq: u64,
    /// Whose it is.
    pub customer: String,
    /// When it was decided.
    pub at: Ts,
    /// It was open already when the engine was opened, so whoever had the store before may have done it.
    pub was_open: bool,
    /// What it is.
    pub what: Todo,
}

impl Job {
    /// Nothing where its customer was forgotten: settled as it was erased, it is claimed by nobody.
    fn of(row: Open) -> Option<Job> {
        let what = match row.task {
            Task::Release(release) => Todo::Send(release),
            Task::Handoff(case) => Todo::Open(case),
            Task::Call(call) => Todo::Ask(call),
            Task::Stopped(address) => Todo::Tell(address),
            Task::Forgotten => return None,
        };
        Some(Job { seq: row.seq, customer: row.customer, at: row.at, was_open: row.was_open, what })
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Todo {
    /// A message is to be sent.
    Send(Release),
    /// A case is to be opened.
    Open(HandoffCase),
    /// A service is to be asked.
    Ask(CallRequest),
    /// The other parts of a store that has several are to hear that this address said STOP.
    Tell(String),
}

/// What became of a job.
#[derive(Clone, Debug, PartialEq)]
pub enum Became {
    /// The message is out, the case open, the service asked and its answer an input of its own.
    Done,
    /// The message can never be delivered, for this reason; the journey hears `on failed`.
    Rejected(String),
    /// The message did not go out; it is judged again, and tried again where it may still leave.
    Unsent {
        /// Whether it may have gone out all the same.
        in_doubt: bool,
    },
    /// The message is on its way for good: whatever becomes of it, it is not sent again.
    HandedOver,
    /// The service answered with an outcome's name.
    Answered(String),
    /// The service returned a record, as a feed would write it.
    Record(serde_json::Value),
    /// It is not done any more: too late, withdrawn, in shadow. In words.
    Dropped(String),
}

impl Engine {
    /// The next `n` effects at most that are committed and were not claimed since the engine was opened.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn claim(&mut self, n: usize) -> Result<Vec<Job>, EngineError> {
        self.jobs(n, |engine| engine.claim_rows(n))
    }

    /// The next `n` effects at most after this place, whatever was claimed. What was released again has to go before a long
    /// backlog, or it would be late again when its turn comes.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn claim_after(&mut self, place: u64, n: usize) -> Result<Vec<Job>, EngineError> {
        self.jobs(n, |engine| engine.read_rows(place, n))
    }

    /// The place of the newest effect, where the store knows it.
    pub fn newest_job(&mut self) -> Option<u64> {
        self.store.newest_outbox()
    }

    /// How many commits this engine has made.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.commits
    }

    fn jobs(
        &mut self,
        n: usize,
        rows: impl FnOnce(&mut Engine) -> Result<Vec<Open>, EngineError>,
    ) -> Result<Vec<Job>, EngineError> {
        if n == 0 {
            return Ok(Vec::new());
        }
        self.whole(|engine| {
            engine.outbox.started = true;
            Ok(rows(engine)?.into_iter().filter_map(Job::of).collect())
        })
    }

    /// Why a message is not to be sent now, where it is not: it is no longer true, or nothing may leave on its channel or of
    /// its journey, or it was withdrawn. Waiting for the end of a pause is what [`Became::Unsent`] leads to.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn bar(&mut self, customer: &str, at: Ts, release: &Release, now: Ts) -> Result<Option<Became>, EngineError> {
        let journey = release.journey.as_deref().unwrap_or_default();
        if now >= release.valid_until {
            return Ok(Some(Became::Rejected("not sent: no longer true".into())));
        }
        // Who has another address now, or said STOP a moment ago, is not sent what was decided a moment before. The confirmation is for them.
        let spared = release.journey.is_none() || self.program.policy.stop_spares.contains(&release.purpose);
        let program = std::sync::Arc::clone(&self.program);
        let closed = |c: &journey_step::Customer| {
            let moved = c.address(&program, release.channel) != Some(release.address.as_str());
            release.journey.is_some() && moved || !spared && c.has_stopped(&release.address)
        };
        if self.known(customer)?.is_some_and(closed) {
            return Ok(Some(Became::Unsent { in_doubt: false }));
        }
        if self.orders.is_withdrawn(release.channel, journey, at) {
            return Ok(Some(Became::Unsent { in_doubt: false }));
        }
        let paused = self.orders.is_paused(release.channel, now) || self.orders.is_journey_paused(journey, now);
        Ok(match (paused, release.journey.is_some()) {
            (false, _) => None,
            (true, true) => Some(Became::Unsent { in_doubt: false }),
            // The confirmation of STOP belongs to no journey and is not judged.
            (true, false) => Some(Became::Rejected("not sent: the channel is paused".into())),
        })
    }

    /// Takes what became of a job. It is kept with the next commit, as is what follows from it. Gives whether it was taken:
    /// where hooks are asked by the shell, a step of the customer can wait for one, and then it is to be given again.
    ///
    /// # Errors
    /// Where the store fails.
    pub fn became(&mut self, job: &Job, became: &Became, now: Ts) -> Result<bool, EngineError> {
        self.whole(|engine| {
            if engine.pace == Pace::Live {
                engine.clock = engine.clock.max(now);
            }
            let (result, input) = engine.consequence(job, became);
            if let Some((id, input)) = input {
                let cause = Cause::Result(job.seq);
                if engine.apply_for(&job.customer, &input, engine.clock, Some(&cause))?.is_none() {
                    return Ok(false);
                }
                engine.work.batch.taken.extend(id);
            }
            engine.work.batch.settled.push(Settled { seq: job.seq, result });
            Ok(true)
        })
    }

    /// The result as the outbox tells it, and what the journey hears.
    fn consequence(&self, job: &Job, became: &Became) -> (String, Option<(Option<String>, Input)>) {
        let failed = |id: &str| {
            let input = Input::Receipt { message: id.into(), delivered: false };
            Some((Some(format!("{RESERVED}receipt:{id}")), input))
        };
        match (&job.what, became) {
            (Todo::Send(release), Became::Rejected(why)) => (format!("rejected: {why}"), failed(&release.id)),
            (Todo::Send(release), Became::Unsent { in_doubt }) => {
                let input = late(&release.id, release.channel, *in_doubt);
                let words = if *in_doubt { "in doubt: asked again" } else { "not sent: asked again" };
                // Several rows can have the id of one message that is asked again and again.
                (words.into(), Some((None, input)))
            }
            (Todo::Ask(call), Became::Answered(outcome)) => {
                let input = Input::Answered { call: call.id.to_string(), outcome: outcome.clone() };
                (format!("answered: {outcome}"), Some((Some(format!("{RESERVED}answer:{}", call.id)), input)))
            }
            (Todo::Ask(call), Became::Record(json)) => {
                let record = record_of(&self.program, &call.service, json);
                let words =
                    record.as_ref().map_or_else(|why| format!("answered: {why}"), |_| "answered: a record".into());
                let input = Input::LookedUp { call: call.id.to_string(), record: record.ok() };
                (words, Some((Some(format!("{RESERVED}answer:{}", call.id)), input)))
            }
            (_, Became::HandedOver) => ("handed over".into(), None),
            (_, Became::Dropped(why) | Became::Rejected(why)) => (why.clone(), None),
            (Todo::Send(_), _) => ("delivered".into(), None),
            (Todo::Open(_), _) => ("opened".into(), None),
            (Todo::Ask(_), _) => ("asked".into(), None),
            (Todo::Tell(_), _) => ("told".into(), None),
        }
    }

    /// Tells the journey that a message which was handed over did not arrive, as a channel's receipt would. Gives whether it
    /// was told, as [`Engine::became`].
    ///
    /// # Errors
    /// Where the store fails.
    pub fn failed(&mut self, customer: &str, message: &str, now: Ts) -> Result<bool, EngineError> {
        self.whole(|engine| {
            engine.clock = engine.clock.max(now);
            let input = Input::Receipt { message: message.into(), delivered: false };
            let cause = Cause::Failed(message.into());
            Ok(engine.apply_for(customer, &input, engine.clock, Some(&cause))?.is_some())
        })
    }
}

fn late(id: &str, channel: Channel, in_doubt: bool) -> Input {
    Input::Late { message: id.into(), channel, in_doubt }
}
