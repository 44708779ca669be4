//! Performs effects after their commit.

use std::collections::BTreeMap;

use journey_spec::Ts;
use journey_spec::program::{Channel as Way, Millis, SECOND};
use journey_spec::value::Data;
use journey_step::effect::{CallRequest, HandoffCase, Release};
use journey_step::{Input, Late};
use serde::{Deserialize, Serialize};

use super::{Dispatched, Engine};
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
/// A message that leaves so long after it was decided is asked about again first. The usual time between a commit and what
/// is performed after it is far below that.
const LATE: Millis = SECOND;
/// The longest time between two tries.
const SLOWEST: Millis = 30 * SECOND;

/// An effect in the outbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Task {
    Release(Release),
    Handoff(HandoffCase),
    Call(CallRequest),
}

impl Task {
    pub(super) fn id(&self) -> &str {
        match self {
            Task::Release(release) => &release.id,
            Task::Handoff(case) => &case.case,
            Task::Call(call) => &call.id,
        }
    }

    fn lane(&self) -> Lane {
        match self {
            Task::Release(release) => Lane::Channel(release.channel),
            Task::Handoff(_) => Lane::Desk,
            Task::Call(call) => Lane::Service(call.service.clone()),
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
    /// Messages that may not leave before an instant.
    asleep: BTreeMap<(Ts, u64), OutboxRow>,
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
    /// The next answer that arrives, and the call's place in the outbox.
    pub(super) fn next_answer(&self) -> Option<(Ts, u64)> {
        self.answers.first_key_value().map(|(key, _)| *key)
    }

    /// When there is something to do.
    pub(super) fn next(&self) -> Option<Ts> {
        let lanes = self.holds.values().map(|h| h.until).min().filter(|_| !self.held.is_empty());
        let wakes = self.asleep.first_key_value().map(|((at, _), _)| *at);
        [lanes, wakes, self.next_answer().map(|(at, _)| at)].into_iter().flatten().min()
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
        let mut again: Vec<OutboxRow> = again.iter().filter_map(|seq| self.outbox.held.remove(seq)).collect();
        while let Some(first) = self.outbox.asleep.first_entry().filter(|first| first.key().0 <= now) {
            again.push(first.remove());
        }
        for rows in again.chunks(PORTION) {
            self.perform_portion(rows.to_vec(), true, now, &mut done)?;
        }
        while self.outbox.held.len() + self.outbox.asleep.len() < HELD {
            let rows = self.store.claim_outbox(self.outbox.claimed, PORTION)?;
            let Some(last) = rows.last() else { break };
            self.outbox.claimed = last.seq;
            self.perform_portion(rows, false, now, &mut done)?;
        }
        done.waiting = (self.outbox.held.len() + self.outbox.asleep.len()) as u64;
        Ok(done)
    }

    fn perform_portion(
        &mut self,
        rows: Vec<OutboxRow>,
        again: bool,
        now: Ts,
        done: &mut Dispatched,
    ) -> Result<(), EngineError> {
        let mut portion = Portion::default();
        let rows = self.ask_late_ones(rows, again, now, &mut portion, done)?;
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
        self.flush()
    }

    /// Asks the ledger again about messages that are late, and gives those of the effects that are to be performed. What it
    /// charged is committed.
    fn ask_late_ones(
        &mut self,
        rows: Vec<OutboxRow>,
        again: bool,
        now: Ts,
        portion: &mut Portion,
        done: &mut Dispatched,
    ) -> Result<Vec<OutboxRow>, EngineError> {
        if self.is_virtual() {
            return Ok(rows);
        }
        let mut left = Vec::with_capacity(rows.len());
        let mut asked = false;
        for row in rows {
            let Task::Release(release) = read_task(&row)? else {
                left.push(row);
                continue;
            };
            let mut is_late = again || now.saturating_sub(row.at) >= LATE;
            // Who said STOP a moment ago hears no more of what was decided a moment before.
            is_late |= self.known(&row.customer)?.is_some_and(|c| c.has_stopped(&release.address));
            if !is_late {
                left.push(row);
                continue;
            }
            let held = self.outbox.holds.get(&Lane::Channel(release.channel)).is_some_and(|hold| hold.until > now);
            // It is not tried now, or is not sent at all.
            if held || now >= release.valid_until || self.orders.is_paused(release.channel, now) {
                left.push(row);
                continue;
            }
            asked = true;
            match self.ask_late(&row.customer, &release, now)? {
                Late::Leaves => left.push(row),
                Late::Waits(until) => drop(self.outbox.asleep.insert((until, row.seq), row)),
                Late::Never(rule) => {
                    done.rejected += 1;
                    portion.receipts.push((row.customer.clone(), release.id));
                    portion.settled.push(Settled { seq: row.seq, result: format!("not sent: {rule}") });
                }
            }
        }
        if asked {
            self.flush()?;
        }
        Ok(left)
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
