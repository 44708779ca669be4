//! Effects that a shard has claimed and not settled: what is under way, what waits, and for what.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use journey_spec::Ts;

use super::outward::{Lane, pauses};
use crate::engine::{Became, Job};

/// Effects that are claimed and not settled.
#[derive(Default)]
pub(super) struct Jobs {
    /// By place in the outbox, with when they were claimed.
    pub(super) known: BTreeMap<u64, Ts>,
    /// Those that another of the same customer on the same way out goes before.
    pub(super) behind: HashMap<(String, Lane), VecDeque<Tried>>,
    /// Those of them that are under way.
    pub(super) busy: HashSet<(String, Lane)>,
    /// Those that wait for an instant.
    pub(super) held: BTreeMap<(Ts, u64), Tried>,
    /// Those whose result is not kept yet.
    pub(super) unkept: Vec<(Job, Became)>,
    /// Those that were handed over and failed; that the journey heard of it is not kept yet.
    pub(super) failed: Vec<Job>,
    /// Of all these, those whose customer's step waits for a hook, by customer.
    pub(super) resting: BTreeMap<String, Resting>,
    /// Messages that are handed over once that is kept.
    pub(super) handing: Vec<Tried>,
    /// Attempts under way.
    pub(super) flying: usize,
    /// The last look at what is committed brought something.
    pub(super) claimed: bool,
}

/// What waits for a customer's step that waits for a hook.
#[derive(Default)]
pub(super) struct Resting {
    pub(super) unkept: Vec<(Job, Became)>,
    pub(super) failed: Vec<Job>,
}

impl Jobs {
    /// Puts away what is to wait, by its places.
    pub(super) fn rest(&mut self, later: &HashSet<u64>) {
        let (rest, unkept) =
            std::mem::take(&mut self.unkept).into_iter().partition(|(job, _)| later.contains(&job.seq));
        self.unkept = unkept;
        for (job, became) in rest {
            self.resting.entry(job.customer.clone()).or_default().unkept.push((job, became));
        }
        let (rest, failed) = std::mem::take(&mut self.failed).into_iter().partition(|job| later.contains(&job.seq));
        self.failed = failed;
        for job in rest {
            self.resting.entry(job.customer.clone()).or_default().failed.push(job);
        }
    }

    /// What waits no longer is to be kept.
    pub(super) fn wake(&mut self, waits: impl Fn(&str) -> bool) {
        let (rest, awake) = std::mem::take(&mut self.resting).into_iter().partition(|(customer, _)| waits(customer));
        self.resting = rest;
        for Resting { unkept, failed } in awake.into_values() {
            self.unkept.extend(unkept);
            self.failed.extend(failed);
        }
    }
}

/// A job and its attempts.
pub(super) struct Tried {
    pub(super) job: Job,
    pub(super) attempts: u32,
    /// An attempt may have worked without anybody knowing.
    pub(super) in_doubt: bool,
    /// It was kept that it is handed over: an attempt in doubt is not repeated.
    pub(super) handed: bool,
    pub(super) pauses: backon::ExponentialBackoff,
}

impl Tried {
    pub(super) fn new(job: Job) -> Tried {
        let in_doubt = job.was_open;
        Tried { job, attempts: 0, in_doubt, handed: false, pauses: pauses() }
    }
}
