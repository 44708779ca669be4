//! Performs effects after their commit.

use std::collections::BTreeMap;

use journey_spec::Ts;
use journey_spec::program::{Channel as Way, Millis, SECOND};
use journey_spec::value::Data;
use journey_step::Input;
use journey_step::effect::{CallRequest, HandoffCase, Release};
use serde::{Deserialize, Serialize};

use super::{Dispatched, Engine, LATE};
use crate::channels::{Delivery, Out};
use crate::error::{ChannelError, EngineError, StoreError};
use crate::feed::record_of;
use crate::intake::RESERVED;
use crate::service::Answer;
use crate::store::{OutboxRow, Settled};

/// How many effects are performed before their results are committed.
const PORTION: usize = 256;
/// How many effects may wait for a channel before no more are read.
const HELD: usize = 8192;
/// The longest time between two tries.
const SLOWEST: Millis = 30 * SECOND;

/// An effect in the outbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Task {
    Release(Release),
    Handoff(HandoffCase),
    Call(CallRequest),
    /// Other parts of the store are to hear of an address that said STOP.
    Stopped(String),
    /// What it was is erased.
    Forgotten,
}

impl Task {
    pub(super) fn id(&self) -> &str {
        match self {
            Task::Release(release) => &release.id,
            Task::Handoff(case) => &case.case,
            Task::Call(call) => &call.id,
            Task::Stopped(address) => address,
            Task::Forgotten => "",
        }
    }

    fn lane(&self) -> Lane {
        match self {
            Task::Release(release) => Lane::Channel(release.channel),
            Task::Handoff(_) => Lane::Desk,
            Task::Call(call) => Lane::Service(call.service.clone()),
            Task::Stopped(_) | Task::Forgotten => Lane::Others,
        }
    }
}

pub(super) fn write_task(task: &Task) -> Result<String, EngineError> {
    let damaged = |e| StoreError::Damaged(format!("effect `{}` cannot be written: {e}", task.id()));
    Ok(serde_json::to_string(task).map_err(damaged)?)
}

pub(super) fn read_task(row: &OutboxRow) -> Result<Task, EngineError> {
    let damaged = |e| StoreError::Damaged(format!("effect `{}`: {e}", row.id));
    Ok(serde_json::from_str(&row.body).map_err(damaged)?)
}

/// What fails together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    Channel(Way),
    Desk,
    Service(String),
    Others,
}

/// A lane that does not work now.
struct Hold {
    until: Ts,
    tries: u32,
}

/// Which effects were claimed since the engine was opened, and what they wait for. Not durable: after a restart every
/// effect that is not settled is claimed again.
#[derive(Default)]
pub(super) struct Outbox {
    /// What an earlier run left was claimed.
    pub(super) started: bool,
    claimed: u64,
    held: BTreeMap<u64, OutboxRow>,
    holds: BTreeMap<Lane, Hold>,
    answers: BTreeMap<(Ts, u64), Known>,
}

/// An answer that is known and has not arrived yet.
struct Known {
    customer: String,
    call: String,
    said: Said,
}

/// What a service said.
enum Said {
    Outcome(String),
    /// The record's fields where they fit their declaration; else what is wrong with them.
    Record(Result<Data, String>),
}

/// What became of one effect.
enum Did {
    /// It is done with, and this came of it.
    Settled(String),
    /// Its answer is known and has not arrived yet.
    Open,
    /// It could not be performed now.
    Held,
}

/// What a portion of effects came to.
#[derive(Default)]
struct Portion {
    settled: Vec<Settled>,
    receipts: Vec<(String, String)>,
}

impl Outbox {
    /// The newest row that was claimed.
    pub(super) fn claimed(&self) -> u64 {
        self.claimed
    }

    /// All rows up to this one are claimed.
    pub(super) fn claim_to(&mut self, seq: u64) {
        self.claimed = self.claimed.max(seq);
    }

    /// The next answer that arrives, and the call's place in the outbox.
    pub(super) fn next_answer(&self) -> Option<(Ts, u64)> {
        self.answers.first_key_value().map(|(key, _)| *key)
    }

    /// When there is something to do.
    pub(super) fn next(&self) -> Option<Ts> {
        let lanes = self.holds.values().map(|h| h.until).min().filter(|_| !self.held.is_empty());
        [lanes, self.next_answer().map(|(at, _)| at)].into_iter().flatten().min()
    }

    fn hold(&mut self, lane: Lane, row: OutboxRow, now: Ts) {
        let hold = self.holds.entry(lane).or_insert(Hold { until: now, tries: 0 });
        if hold.until <= now {
            let wait = (SECOND / 4).saturating_mul(1 << hold.tries.min(10)).min(SLOWEST);
            *hold = Hold { until: now.saturating_add(wait), tries: hold.tries + 1 };
        }
        self.held.insert(row.seq, row);
    }
}

impl Engine {
    /// Performs what is committed and not performed yet, and takes what comes of it, until nothing is left to perform.
    pub(super) fn perform(&mut self) -> Result<Dispatched, EngineError> {
        let mut done = Dispatched::default();
        self.flush()?;
        self.work.awaits_result = false;
        self.outbox.started = true;
        let now = self.clock;
        let free = |outbox: &Outbox, row: &OutboxRow| -> Result<bool, EngineError> {
            Ok(outbox.holds.get(&read_task(row)?.lane()).is_none_or(|hold| hold.until <= now))
        };
        let mut again = Vec::new();
        for (seq, row) in &self.outbox.held {
            if free(&self.outbox, row)? {
                again.push(*seq);
            }
        }
        let again: Vec<OutboxRow> = again.iter().filter_map(|seq| self.outbox.held.remove(seq)).collect();
        let again = self.without_late(again, false, &mut done)?;
        for rows in again.chunks(PORTION) {
            self.perform_portion(rows.to_vec(), now, &mut done)?;
        }
        while self.outbox.held.len() < HELD {
            let rows = self.store.claim_outbox(self.outbox.claimed, PORTION)?;
            let Some(last) = rows.last() else { break };
            self.outbox.claimed = last.seq;
            // What an earlier opening left may have gone out.
            let rows = self.without_late(rows, true, &mut done)?;
            self.perform_portion(rows, now, &mut done)?;
        }
        done.waiting = self.outbox.held.len() as u64;
        Ok(done)
    }

    /// The effects without those messages that could not leave in time, or whose address has said STOP since: these are
    /// asked about again first.
    fn without_late(
        &mut self,
        rows: Vec<OutboxRow>,
        in_doubt: bool,
        done: &mut Dispatched,
    ) -> Result<Vec<OutboxRow>, EngineError> {
        if self.is_virtual() {
            return Ok(rows);
        }
        let mut left = Vec::with_capacity(rows.len());
        for row in rows {
            let mut late = self.clock.saturating_sub(row.at) > LATE;
            if !late && let Task::Release(release) = read_task(&row)? {
                late = self.known(&row.customer)?.is_some_and(|c| c.has_stopped(&release.address));
            }
            if late { self.judge_again(row, in_doubt, done)? } else { left.push(row) }
        }
        Ok(left)
    }

    /// What could not leave in time is asked again before it is tried again; cases and calls have no such rules.
    fn judge_again(&mut self, row: OutboxRow, in_doubt: bool, done: &mut Dispatched) -> Result<(), EngineError> {
        match read_task(&row)? {
            Task::Release(release) if release.journey.is_some() && self.clock < release.valid_until => {
                let input = Input::Late { message: release.id, channel: release.channel, in_doubt };
                self.apply(&row.customer, &input, self.clock)?;
                self.work.batch.settled.push(Settled { seq: row.seq, result: "not sent: asked again".into() });
                self.flush()
            }
            _ => self.perform_portion(vec![row], self.clock, done),
        }
    }

    fn perform_portion(&mut self, rows: Vec<OutboxRow>, now: Ts, done: &mut Dispatched) -> Result<(), EngineError> {
        let mut portion = Portion::default();
        for row in rows {
            let task = read_task(&row)?;
            let lane = task.lane();
            if self.outbox.holds.get(&lane).is_some_and(|hold| hold.until > now) {
                self.outbox.hold(lane, row, now);
                continue;
            }
            // On virtual time an effect is performed at the instant at which it was decided, however late the commit is.
            let at = if self.is_virtual() { row.at } else { now };
            let result = match &task {
                Task::Release(release) => self.release(&row, release, at, &mut portion, done)?,
                Task::Handoff(case) => {
                    let out = Out { at: row.at, customer: &row.customer, item: case };
                    match self.outside.desk.open(out) {
                        Ok(()) => {
                            done.cases += 1;
                            Did::Settled("opened".into())
                        }
                        Err(error) => self.later(error)?,
                    }
                }
                Task::Call(call) => self.call(&row, call, at, done)?,
                // Who performs effects here has one store, and no other to tell.
                Task::Stopped(_) => Did::Settled("told".into()),
                Task::Forgotten => Did::Settled("forgotten".into()),
            };
            match result {
                Did::Settled(result) => {
                    self.outbox.holds.remove(&lane);
                    portion.settled.push(Settled { seq: row.seq, result });
                }
                Did::Open => {}
                Did::Held => self.outbox.hold(lane, row, now),
            }
        }
        self.outside.channel.flush()?;
        self.outside.desk.flush()?;
        self.work.batch.settled.append(&mut portion.settled);
        for (customer, message) in portion.receipts {
            let input = Input::Receipt { message: message.clone(), delivered: false };
            self.apply(&customer, &input, self.clock)?;
            self.work.batch.taken.push(format!("{RESERVED}receipt:{message}"));
        }
        if self.is_virtual() || self.work.is_large() {
            self.flush()?;
        }
        Ok(())
    }

    fn release(
        &mut self,
        row: &OutboxRow,
        release: &Release,
        at: Ts,
        portion: &mut Portion,
        done: &mut Dispatched,
    ) -> Result<Did, EngineError> {
        let failed = |portion: &mut Portion| portion.receipts.push((row.customer.clone(), release.id.clone()));
        if at >= release.valid_until {
            done.expired += 1;
            failed(portion);
            return Ok(Did::Settled("not sent: no longer true".into()));
        }
        // It was decided before the pause and is not judged again, so it does not leave after it either.
        if !self.is_virtual() && self.orders.is_paused(release.channel, at) {
            done.rejected += 1;
            failed(portion);
            return Ok(Did::Settled("not sent: the channel is paused".into()));
        }
        match self.outside.channel.send(Out { at: row.at, customer: &row.customer, item: release }) {
            Ok(Delivery::Delivered) => {
                done.delivered += 1;
                Ok(Did::Settled("delivered".into()))
            }
            Ok(Delivery::Rejected(why)) => {
                done.rejected += 1;
                failed(portion);
                Ok(Did::Settled(format!("rejected: {why}")))
            }
            Err(error) => self.later(error),
        }
    }

    fn call(&mut self, row: &OutboxRow, call: &CallRequest, at: Ts, done: &mut Dispatched) -> Result<Did, EngineError> {
        if at >= call.deadline {
            return Ok(Did::Settled("not asked: too late".into()));
        }
        done.calls += 1;
        let (delay, said) = match self.outside.service.call(Out { at: row.at, customer: &row.customer, item: call }) {
            Answer::Outcome(outcome) => (0, Said::Outcome(outcome)),
            Answer::After(delay, outcome) => (delay.max(0), Said::Outcome(outcome)),
            Answer::Record(delay, json) => (delay.max(0), Said::Record(record_of(&self.program, &call.service, &json))),
            Answer::Later => return Ok(Did::Settled("asked".into())),
            Answer::Unavailable(why) if self.is_virtual() => return Ok(Did::Settled(format!("unavailable: {why}"))),
            Answer::Unavailable(_) => return Ok(Did::Held),
        };
        // The row stays open until the answer is taken: a crash before that asks again, with the same id.
        let known = Known { customer: row.customer.clone(), call: call.id.clone(), said };
        self.outbox.answers.insert((at.saturating_add(delay), row.seq), known);
        Ok(Did::Open)
    }

    /// An effect that could not be performed: on live time it is tried again, on virtual time there is no later.
    fn later(&self, error: ChannelError) -> Result<Did, EngineError> {
        match error {
            ChannelError::Unavailable(_) if !self.is_virtual() => Ok(Did::Held),
            error => Err(error.into()),
        }
    }

    /// Takes a known answer whose time has come.
    pub(super) fn take_answer(&mut self, at: Ts, seq: u64) -> Result<(), EngineError> {
        let Some(known) = self.outbox.answers.remove(&(at, seq)) else { return Ok(()) };
        let id = format!("{RESERVED}answer:{}", known.call);
        let call = known.call;
        let (result, input) = match known.said {
            Said::Outcome(outcome) => (format!("answered: {outcome}"), Input::Answered { call, outcome }),
            Said::Record(Ok(record)) => ("answered: a record".into(), Input::LookedUp { call, record: Some(record) }),
            Said::Record(Err(why)) => (format!("answered: {why}"), Input::LookedUp { call, record: None }),
        };
        self.apply(&known.customer, &input, self.clock)?;
        self.work.batch.settled.push(Settled { seq, result });
        self.work.batch.taken.push(id);
        Ok(())
    }
}
