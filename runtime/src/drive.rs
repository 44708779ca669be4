//! Replays a feed on virtual time.

mod goals;

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;

use journey_spec::Ts;
use journey_spec::program::{Channel, DAY, Millis};
use journey_spec::time::{rfc3339, spelled_duration};
use journey_step::What;

use crate::engine::{Engine, Pace};
use crate::error::EngineError;
use crate::feed;
use crate::intake::{Arrival, Content, Refusal, Taken};

pub use goals::GoalSummary;
use goals::Goals;

/// How a feed is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long after the last arrival timers are still run.
    pub tail: Millis,
    /// How many steps are made after the last arrival at most.
    pub tail_steps: u64,
    /// How many arrivals are committed together at most.
    pub group: usize,
    /// How far a line's `received` may lie after the latest before it; beyond, the line is refused. See [`run_feed`].
    pub leap: Millis,
}

impl Default for Options {
    fn default() -> Self {
        Options { tail: 400 * DAY, tail_steps: 1_000_000, group: 256, leap: 400 * DAY }
    }
}

/// How far a run is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Lines read.
    pub lines: u64,
    /// Bytes read.
    pub bytes: u64,
    /// The engine's time.
    pub now: Ts,
    /// Whether the feed has ended and only timers are left.
    pub tail: bool,
}

/// What came of a run. What was sent is counted over the whole store, so that a run that was stopped and started again
/// tells the same as one that was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lines that were not blank.
    pub arrivals: u64,
    /// Arrivals that were taken.
    pub accepted: u64,
    /// Arrivals whose id was taken before.
    pub duplicates: u64,
    /// Arrivals that went to the dead letters.
    pub refused: u64,
    /// The first refusals' reasons, at most 20.
    pub refusals: Vec<String>,
    /// What left for each customer.
    pub customers: BTreeMap<String, CustomerSummary>,
    /// Messages for each channel.
    pub channels: BTreeMap<Channel, u64>,
    /// Messages that will not leave, for each rule as written.
    pub blocked: BTreeMap<String, u64>,
    /// Cases opened for people, for each queue.
    pub handoffs: BTreeMap<String, u64>,
    /// How goals were met, in the order of the program.
    pub goals: Vec<GoalSummary>,
    /// The engine's time at the end.
    pub ended_at: Ts,
    /// Why timers were left waiting at the end, where they were.
    pub unfinished: Option<String>,
}

/// What left for one customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerSummary {
    /// Messages.
    pub messages: u64,
    /// The largest number of messages in any 24 hours.
    pub most_in_24h: u64,
    /// Cases opened for people.
    pub handoffs: u64,
    /// Messages that will not leave.
    pub blocked: u64,
}

impl Summary {
    /// Messages in all.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.customers.values().map(|c| c.messages).sum()
    }

    /// The largest number of messages to one customer in any 24 hours.
    #[must_use]
    pub fn most_in_24h(&self) -> u64 {
        self.customers.values().map(|c| c.most_in_24h).max().unwrap_or(0)
    }
}

/// Reads a feed of JSON lines, takes it on virtual time, performs what it leads to, and then runs the timers that are left.
///
/// Starting again with the same feed and store goes on where an earlier run was stopped, in whatever way it was.
///
/// On virtual time one line moves the clock for every customer, so one with a mistyped year would end everybody's journeys.
/// A line that is received more than [`Options::leap`] (400 days) after the latest line taken before it in this feed is
/// refused, as a dead letter, and the clock stays. The first line that fits is free: it says when the feed begins. Only the
/// feed's own lines count, taken now or before, so that a run started again refuses the same ones.
///
/// # Errors
/// Where the store, a channel or the feed fails. What was taken until then is kept.
pub fn run_feed(
    engine: &mut Engine,
    mut feed: impl BufRead,
    options: &Options,
    mut progress: impl FnMut(&Progress),
) -> Result<Summary, EngineError> {
    engine.set_pace(Pace::Virtual);
    // What an earlier run left undone comes first, also where the feed brings nothing.
    engine.advance_to(engine.now())?;
    let program = Arc::clone(engine.program());
    let mut summary = Summary::default();
    let mut at = Progress { now: engine.now(), ..Progress::default() };
    let mut last: Option<Ts> = None;
    let mut group: Vec<Arrival> = Vec::new();
    let mut line = Vec::new();
    loop {
        let bytes = feed::next_line(&mut feed, &mut line).map_err(|e| EngineError::Feed(e.to_string()))?;
        at.bytes += bytes;
        if bytes > 0 {
            at.lines += 1;
            if !line.trim_ascii().is_empty() {
                let mut arrival = Arrival::from(feed::parse_line(&program, at.lines, &line));
                if let Some(refusal) = leaps(&arrival, last, options.leap, at.lines, &line) {
                    arrival = Arrival::refused(refusal);
                }
                if !matches!(arrival.content, Content::Refused(_)) {
                    last = last.max(Some(arrival.received));
                }
                group.push(arrival);
            }
        }
        if group.len() >= options.group.max(1) || bytes == 0 {
            for taken in engine.take(&group)? {
                summary.count(taken);
            }
            group.clear();
            at.now = engine.now();
            progress(&at);
        }
        if bytes == 0 {
            break;
        }
    }
    at.tail = true;
    run_tail(engine, last.unwrap_or(engine.now()), options, &mut summary, |engine| {
        at.now = engine.now();
        progress(&at);
    })?;
    summary.ended_at = engine.now();
    summary.read_store(engine)?;
    Ok(summary)
}

/// Why an arrival that comes too long after the latest before it is refused; nothing where it does not.
fn leaps(arrival: &Arrival, last: Option<Ts>, most: Millis, line: u64, raw: &[u8]) -> Option<Refusal> {
    let last = last?;
    if matches!(arrival.content, Content::Refused(_)) || arrival.received <= last.saturating_add(most) {
        return None;
    }
    let reason = format!(
        "it is received {}, more than {} after the latest line before it ({}), and would move the clock for everybody: is \
         the year right? mend it, or where the gap is meant, run the rest as a feed of its own",
        rfc3339(arrival.received),
        spelled_duration(most),
        rfc3339(last)
    );
    Some(Refusal { line, field: Some("received".into()), reason, raw: feed::kept(raw) })
}

/// Runs the timers that are left after the last arrival.
fn run_tail(
    engine: &mut Engine,
    last: Ts,
    options: &Options,
    summary: &mut Summary,
    mut progress: impl FnMut(&Engine),
) -> Result<(), EngineError> {
    let until = last.saturating_add(options.tail);
    let enough = engine.steps().saturating_add(options.tail_steps);
    while let Some(due) = engine.next_due()? {
        let next = || rfc3339(due);
        if due > until {
            let tail = spelled_duration(options.tail);
            summary.unfinished =
                Some(format!("the next timer is due {}, more than {tail} after the last arrival", next()));
            break;
        }
        if engine.steps() >= enough {
            let steps = options.tail_steps;
            summary.unfinished =
                Some(format!("{steps} steps were made after the last arrival; the next is due {}", next()));
            break;
        }
        engine.advance_some(until, (enough - engine.steps()).min(4096))?;
        progress(engine);
    }
    Ok(())
}

impl Summary {
    fn count(&mut self, taken: Taken) {
        self.arrivals += 1;
        match taken {
            Taken::Accepted { .. } => self.accepted += 1,
            Taken::Duplicate => self.duplicates += 1,
            Taken::Refused(reason) => {
                self.refused += 1;
                if self.refusals.len() < 20 {
                    self.refusals.push(reason);
                }
            }
        }
    }

    /// Counts what left, over the whole store.
    fn read_store(&mut self, engine: &mut Engine) -> Result<(), EngineError> {
        let mut sent: BTreeMap<String, Vec<Ts>> = BTreeMap::new();
        for message in engine.messages()? {
            *self.channels.entry(message.item.channel).or_default() += 1;
            sent.entry(message.customer).or_default().push(message.at);
        }
        for (customer, mut times) in sent {
            times.sort_unstable();
            let of = self.customers.entry(customer).or_default();
            of.messages = times.len() as u64;
            of.most_in_24h = most_in(&times, DAY);
        }
        for case in engine.cases()? {
            *self.handoffs.entry(case.item.queue.to_string()).or_default() += 1;
            self.customers.entry(case.customer).or_default().handoffs += 1;
        }
        let mut goals = Goals::default();
        for customer in engine.customers()? {
            let timeline = engine.timeline(&customer)?;
            goals.read(&timeline);
            for entry in timeline {
                if let What::Blocked { rule, .. } = entry.what {
                    *self.blocked.entry(rule.to_string()).or_default() += 1;
                    self.customers.entry(customer.clone()).or_default().blocked += 1;
                }
            }
        }
        self.goals = goals.summaries(engine.program());
        Ok(())
    }
}

/// The largest number of these sorted instants in any window `(t - per, t]`.
fn most_in(times: &[Ts], per: Millis) -> u64 {
    let mut most = 0;
    let mut oldest = times.iter().enumerate().peekable();
    for (newest, t) in times.iter().enumerate() {
        while oldest.next_if(|(_, old)| **old <= t.saturating_sub(per)).is_some() {}
        let first = oldest.peek().map_or(newest, |(first, _)| *first);
        most = most.max(newest + 1 - first);
    }
    most as u64
}
