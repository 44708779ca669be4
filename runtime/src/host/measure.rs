//! What is counted, and what somebody should hear of.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use journey_spec::Ts;
use serde::Serialize;

/// Something that somebody should hear of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Alert {
    /// A promise is open and its deadline near: there is still time to keep it.
    PromiseAtRisk {
        /// Whose.
        customer: String,
        /// Which.
        promise: String,
        /// Until when it has to be kept, in milliseconds since the epoch.
        by: Ts,
    },
    /// A promise was broken.
    PromiseBroken {
        /// Whose.
        customer: String,
        /// Which.
        promise: String,
        /// Until when it was to be kept.
        by: Ts,
    },
    /// More left than was proven to be possible. The journey is paused.
    BoundExceeded {
        /// Whose messages were counted.
        customer: String,
        /// The journey, or nothing for all of them together.
        journey: Option<String>,
        /// What was counted, in words.
        what: String,
        /// How many there were.
        seen: u64,
        /// How many were proven to be the most.
        proven: u64,
    },
    /// A channel, the desk or a service fails again and again, and is left alone for a while.
    Shut {
        /// Which, in words.
        what: String,
        /// What it said last.
        why: String,
    },
    /// A shard has stopped: nothing of its customers is taken any more until the runtime is started again.
    ShardStopped {
        /// Its number, from 0.
        shard: usize,
        /// Why.
        why: String,
    },
}

/// Who hears of alerts. Called between turns: what takes long belongs elsewhere.
pub trait Watch: Send + Sync {
    /// Something happened that somebody should hear of.
    fn alert(&self, alert: &Alert);
}

impl<F: Fn(&Alert) + Send + Sync> Watch for F {
    fn alert(&self, alert: &Alert) {
        self(alert);
    }
}

/// What happened since the runtime was started, over all shards. With the feature `metrics` it goes to whatever collects
/// them, by `publish`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Measures {
    /// Inputs that were taken.
    pub accepted: u64,
    /// Inputs that had been taken before.
    pub duplicates: u64,
    /// Inputs that went to the dead letters.
    pub refused: u64,
    /// Steps made.
    pub steps: u64,
    /// Messages released by journeys.
    pub released: u64,
    /// Messages that reached their channel.
    pub delivered: u64,
    /// Messages that their channel can never deliver, or that were no longer to be sent.
    pub rejected: u64,
    /// Attempts that did not send, or of which nobody knows.
    pub failed_attempts: u64,
    /// Messages that were judged again because they were late.
    pub judged_again: u64,
    /// Cases opened.
    pub cases: u64,
    /// Calls answered.
    pub answered: u64,
    /// Messages that were blocked, for each rule as written.
    pub blocked: BTreeMap<String, u64>,
    /// Promises made, kept, withdrawn, broken, void.
    pub promises: BTreeMap<String, u64>,
    /// Promises that came near their deadline unkept.
    pub promises_at_risk: u64,
    /// Times that more left than was proven possible.
    pub bounds_exceeded: u64,
    /// Commits.
    pub commits: u64,
    /// Inputs of the largest commit.
    pub largest_commit: u64,
    /// How long commits took, in microseconds: all together, and the longest.
    pub commit_us: (u64, u64),
    /// The longest that a timer was late, in milliseconds.
    pub worst_timer_lag: u64,
    /// Inputs that wait now.
    pub waiting: u64,
    /// Steps that wait for a hook now.
    pub asking: u64,
    /// Effects under way or waiting for their way out now.
    pub under_way: u64,
    /// How long the oldest of these waits now, in milliseconds.
    pub oldest: u64,
}

impl Measures {
    /// Adds another shard's.
    pub(super) fn add(&mut self, other: &Measures) {
        let Measures {
            accepted,
            duplicates,
            refused,
            steps,
            released,
            delivered,
            rejected,
            failed_attempts,
            judged_again,
            cases,
            answered,
            blocked,
            promises,
            promises_at_risk,
            bounds_exceeded,
            commits,
            largest_commit,
            commit_us,
            worst_timer_lag,
            waiting,
            asking,
            under_way,
            oldest,
        } = other;
        self.accepted += accepted;
        self.duplicates += duplicates;
        self.refused += refused;
        self.steps += steps;
        self.released += released;
        self.delivered += delivered;
        self.rejected += rejected;
        self.failed_attempts += failed_attempts;
        self.judged_again += judged_again;
        self.cases += cases;
        self.answered += answered;
        for (rule, n) in blocked {
            *self.blocked.entry(rule.clone()).or_default() += n;
        }
        for (fate, n) in promises {
            *self.promises.entry(fate.clone()).or_default() += n;
        }
        self.promises_at_risk += promises_at_risk;
        self.bounds_exceeded += bounds_exceeded;
        self.commits += commits;
        self.largest_commit = self.largest_commit.max(*largest_commit);
        self.commit_us.0 += commit_us.0;
        self.commit_us.1 = self.commit_us.1.max(commit_us.1);
        self.worst_timer_lag = self.worst_timer_lag.max(*worst_timer_lag);
        self.waiting += waiting;
        self.asking += asking;
        self.under_way += under_way;
        self.oldest = self.oldest.max(*oldest);
    }

    /// A timer fired so late, in milliseconds.
    pub(super) fn fired(&mut self, late: u64) {
        #[cfg(feature = "metrics")]
        super::meters::fired(late);
        self.worst_timer_lag = self.worst_timer_lag.max(late);
    }

    pub(super) fn committed(&mut self, inputs: usize, took: Duration) {
        #[cfg(feature = "metrics")]
        super::meters::committed(inputs, took);
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.commits += 1;
        self.largest_commit = self.largest_commit.max(inputs as u64);
        self.commit_us = (self.commit_us.0.saturating_add(us), self.commit_us.1.max(us));
    }
}

/// A shard's measures, shared with who asks for them.
#[derive(Clone, Default)]
pub(super) struct Shared(Arc<Mutex<Measures>>);

impl Shared {
    pub(super) fn change(&self, change: impl FnOnce(&mut Measures)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn add_to(&self, all: &mut Measures) {
        all.add(&self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
