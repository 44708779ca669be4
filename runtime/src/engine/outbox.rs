//! Performs effects after their commit.

use std::collections::{BTreeMap, VecDeque};

use journey_spec::Ts;
use journey_spec::program::{Channel as Way, Millis, SECOND};
use journey_spec::value::Data;
use journey_step::Input;
use journey_step::effect::{CallRequest, HandoffCase, Release};
use serde::{Deserialize, Serialize};

use super::{Became, Dispatched, Engine, LATE};
use crate::channels::{Delivery, Out};
use crate::error::{ChannelError, EngineError, StoreError};
use crate::feed::record_of;
use crate::intake::RESERVED;
use crate::service::Answer;
use crate::store::{Batch, OutboxAdd, OutboxRow, Settled};

/// How many effects are performed before their results are committed.
const PORTION: usize = 256;
/// How many effects may wait for a channel before no more are read.
const HELD: usize = 8192;
/// How many effects wait in memory to be claimed at most; beyond that they are read from the store.
const FRESH: usize = 16_384;
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
            Task::Call(call) => Lane::Service(call.service.to_string()),
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

/// An effect that is committed.
pub(super) struct Open {
    pub(super) seq: u64,
    pub(super) customer: String,
    pub(super) at: Ts,
    /// It was so when the engine was opened: whoever had the store before may have performed it.
    pub(super) was_open: bool,
    pub(super) task: Task,
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
    /// The newest place of what may have been tried before it is claimed, where the store knows it.
    found: Option<u64>,
    /// This engine performs effects itself.
    performs: bool,
    claimed: u64,
    /// What this engine has committed and nobody has claimed: rows of the store, without a gap.
    fresh: VecDeque<Open>,
    held: BTreeMap<u64, Open>,
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
    /// Nothing is claimed of a store whose newest place is this.
    pub(super) fn found(newest: Option<u64>) -> Outbox {
        Outbox { found: newest, ..Outbox::default() }
    }

    /// Everything that is not settled is claimed again. What this engine has performed itself may have worked without being
    /// settled; of what others performed for it they know.
    pub(super) fn claim_again(&mut self, newest: Option<u64>) {
        let found = if self.performs { newest } else { self.found };
        *self = Outbox { performs: self.performs, ..Outbox::found(found) };
    }

    fn read(&self, row: OutboxRow) -> Result<Open, EngineError> {
        let task = read_task(&row)?;
        let was_open = self.found.is_none_or(|newest| row.seq <= newest);
        Ok(Open { seq: row.seq, customer: row.customer, at: row.at, was_open, task })
    }

    /// Keeps what was just committed, whose newest place is `newest`, for whoever claims it next.
    pub(super) fn add(&mut self, newest: Option<u64>, added: Vec<(OutboxAdd, Task)>) {
        let Some(before) = newest.and_then(|newest| newest.checked_sub(added.len() as u64)) else {
            return self.fresh.clear();
        };
        if self.fresh.back().is_some_and(|last| last.seq != before) {
            self.fresh.clear();
        }
        let rows = added.into_iter().zip(before.saturating_add(1)..);
        let rows =
            rows.map(|((add, task), seq)| Open { seq, customer: add.customer, at: add.at, was_open: false, task });
        self.fresh.extend(rows);
        if self.fresh.len() > FRESH {
            self.fresh.clear();
        }
    }

    /// What waits to be claimed is read from the store where this commit changed some of it: it erased a customer, or settled
    /// what was claimed out of turn.
    pub(super) fn changed_by(&mut self, batch: &Batch) {
        if !batch.forget.is_empty() || batch.settled.iter().any(|row| row.seq > self.claimed) {
            self.fresh.clear();
        }
    }

    /// The next effects after what was claimed, where they are known without reading.
    fn take_fresh(&mut self, n: usize) -> Option<Vec<Open>> {
        while self.fresh.front().is_some_and(|first| first.seq <= self.claimed) {
            self.fresh.pop_front();
        }
        self.fresh.front().filter(|first| Some(first.seq) == self.claimed.checked_add(1))?;
        let n = n.min(self.fresh.len());
        Some(self.fresh.drain(..n).collect())
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

    fn hold(&mut self, lane: Lane, row: Open, now: Ts) {
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
        self.outbox.performs = true;
        let now = self.clock;
        let Outbox { held, holds, .. } = &mut self.outbox;
        let free = |row: &Open| holds.get(&row.task.lane()).is_none_or(|hold| hold.until <= now);
        let again: Vec<u64> = held.iter().filter(|(_, row)| free(row)).map(|(seq, _)| *seq).collect();
        let again: Vec<Open> = again.iter().filter_map(|seq| held.remove(seq)).collect();
        let mut again = self.without_late(again, &mut done)?.into_iter().peekable();
        while again.peek().is_some() {
            self.perform_portion(again.by_ref().take(PORTION).collect(), now, &mut done)?;
        }
        while self.outbox.held.len() < HELD {
            let rows = self.claim_rows(PORTION)?;
            if rows.is_empty() {
                break;
            }
            let rows = self.without_late(rows, &mut done)?;
            self.perform_portion(rows, now, &mut done)?;
        }
        done.waiting = self.outbox.held.len() as u64;
        Ok(done)
    }

    /// The next effects that nobody has claimed; from now on they are.
    pub(super) fn claim_rows(&mut self, n: usize) -> Result<Vec<Open>, EngineError> {
        let rows = match self.outbox.take_fresh(n) {
            Some(rows) => rows,
            None if self.store.newest_outbox().is_some_and(|newest| newest <= self.outbox.claimed) => Vec::new(),
            None => self.read_rows(self.outbox.claimed, n)?,
        };
        if let Some(last) = rows.last() {
            self.outbox.claimed = last.seq;
        }
        Ok(rows)
    }

    /// The next effects after this place that are not settled, as the store has them.
    pub(super) fn read_rows(&mut self, after: u64, n: usize) -> Result<Vec<Open>, EngineError> {
        self.store.claim_outbox(after, n)?.into_iter().map(|row| self.outbox.read(row)).collect()
    }

    /// The effects without those messages that could not leave in time, or whose address has said STOP since: these are
    /// asked about again first.
    fn without_late(&mut self, rows: Vec<Open>, done: &mut Dispatched) -> Result<Vec<Open>, EngineError> {
        if self.is_virtual() {
            return Ok(rows);
        }
        let mut left = Vec::with_capacity(rows.len());
        for row in rows {
            let mut late = self.clock.saturating_sub(row.at) > LATE;
            if !late && let Task::Release(release) = &row.task {
                let barred = self.bar(&row.customer, row.at, release, self.clock)?;
                late = matches!(barred, Some(Became::Unsent { .. }));
            }
            if late { self.judge_again(row, done)? } else { left.push(row) }
        }
        Ok(left)
    }

    /// What could not leave in time is asked again before it is tried again; cases and calls have no such rules.
    fn judge_again(&mut self, row: Open, done: &mut Dispatched) -> Result<(), EngineError> {
        match &row.task {
            Task::Release(release) if release.journey.is_some() && self.clock < release.valid_until => {
                // What a channel did not take from this engine has certainly not gone by it.
                let (message, in_doubt) = (release.id.clone(), row.was_open);
                let input = Input::Late { message: message.to_string(), channel: release.channel, in_doubt };
                self.apply(&row.customer, &input, self.clock)?;
                self.work.batch.settled.push(Settled { seq: row.seq, result: "not sent: asked again".into() });
                self.flush()
            }
            _ => self.perform_portion(vec![row], self.clock, done),
        }
    }

    fn perform_portion(&mut self, rows: Vec<Open>, now: Ts, done: &mut Dispatched) -> Result<(), EngineError> {
        let mut portion = Portion::default();
        for row in rows {
            let lane = row.task.lane();
            if self.outbox.holds.get(&lane).is_some_and(|hold| hold.until > now) {
                self.outbox.hold(lane, row, now);
                continue;
            }
            // On virtual time an effect is performed at the instant at which it was decided, however late the commit is.
            let at = if self.is_virtual() { row.at } else { now };
            let result = match &row.task {
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
        row: &Open,
        release: &Release,
        at: Ts,
        portion: &mut Portion,
        done: &mut Dispatched,
    ) -> Result<Did, EngineError> {
        let failed = |portion: &mut Portion| portion.receipts.push((row.customer.clone(), release.id.to_string()));
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

    fn call(&mut self, row: &Open, call: &CallRequest, at: Ts, done: &mut Dispatched) -> Result<Did, EngineError> {
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
        let known = Known { customer: row.customer.clone(), call: call.id.to_string(), said };
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
