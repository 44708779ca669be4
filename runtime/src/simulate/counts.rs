//! What came of many customers: counts that can be added up, in any order, so that threads do not matter.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use journey_spec::Ts;
use journey_spec::program::{Channel, EndKind, Millis, Program};

/// A count for each of several names.
pub type Counted = BTreeMap<String, u64>;

/// What came of the customers that were simulated.
#[derive(Clone, Debug)]
pub struct Counts {
    /// Customers.
    pub customers: u64,
    /// Those of them with a hostile feed.
    pub hostile: u64,
    /// Events that came, by name.
    pub events: Counted,
    /// Other inputs, in words: `replies`, `cases closed`.
    pub others: Counted,
    /// Steps that only the time brought.
    pub timers: u64,
    /// Inputs, or parts of them, that had no effect.
    pub ignored: u64,
    /// Events of which more came than their declaration takes in.
    pub refused: u64,
    /// Customers whose feed was cut off, since it brought more than [`super::MOST_INPUTS`].
    pub cut: u64,
    /// Messages that left, by name; without confirmations of STOP.
    pub messages: Counted,
    /// The same, by channel.
    pub channels: BTreeMap<Channel, u64>,
    /// The same, by hour of the customer's day.
    pub hours: [u64; 24],
    /// Confirmations of STOP.
    pub stops: u64,
    /// How many customers got so many messages in all: position n has those who got n.
    pub per_customer: Vec<u64>,
    /// For each bound, what was seen of it; in the order of the bounds.
    pub seen: Vec<Seen>,
    /// Messages that will not leave, by rule.
    pub blocked: Counted,
    /// Messages that had to wait, by rule.
    pub deferred: Counted,
    /// What limits led elsewhere, by limit.
    pub limited: Counted,
    /// Waiting messages that were taken back.
    pub withdrawn: u64,
    /// Messages that a channel could not deliver, as far as it told.
    pub failed: u64,
    /// Cases that people got, by queue.
    pub cases: Counted,
    /// What customers wrote, by who hears it.
    pub replies: Counted,
    /// Promises, by name.
    pub promises: BTreeMap<String, Promises>,
    /// Goals, by journey and goal.
    pub goals: BTreeMap<(String, String), Goals>,
    /// Journeys, in the order of the program.
    pub journeys: Vec<JourneyCounts>,
    /// How many violations there were.
    pub violations: u64,
    /// The first of them, by customer.
    pub first: Vec<Violation>,
    /// The first broken promises, by customer.
    pub broken: Vec<Violation>,
}

/// Most violations that are kept, and most broken promises.
pub const MOST_VIOLATIONS: usize = 20;

/// What was seen of a bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The most in one window.
    pub most: u64,
    /// The first customer who got so many; none where nobody got any.
    pub customer: Option<u64>,
    /// How many customers got at most so many in such a window: position n has those who got n. Only for what a customer gets
    /// in all.
    pub spread: Vec<u64>,
}

/// What became of promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Promises {
    /// Made.
    pub made: u64,
    /// Kept in time.
    pub kept: u64,
    /// Withdrawn in time.
    pub withdrawn: u64,
    /// Broken, and told so in the timeline.
    pub broken: u64,
    /// Void: the customer cannot be reached any more.
    pub void: u64,
    /// Still open at the end, not yet due.
    pub open: u64,
}

/// How goals were met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Goals {
    /// Reached.
    pub reached: u64,
    /// Missed.
    pub missed: u64,
}

/// What came of a journey's instances.
#[derive(Clone, Debug)]
pub struct JourneyCounts {
    /// Its name.
    pub name: String,
    /// Instances that began.
    pub began: u64,
    /// Instances that a limit ended.
    pub ended_by_limit: u64,
    /// Its states, in source order, ends included.
    pub states: Vec<StateCounts>,
}

/// What came of a state.
#[derive(Clone, Debug)]
pub struct StateCounts {
    /// Its name.
    pub name: String,
    /// Set for an end.
    pub end: Option<EndKind>,
    /// Whether it is left at once.
    pub passing: bool,
    /// Instances that came by it at least once.
    pub instances: u64,
    /// How often it was entered.
    pub entered: u64,
    /// Instances that were there when the simulated time ended.
    pub there: u64,
    /// How long visits that ended lasted.
    pub stays: Stays,
}

/// How long something lasted, many times: with an error of one percent, and without keeping each.
#[derive(Clone, Debug)]
pub struct Stays(Option<Histogram<u64>>);

impl Stays {
    fn new() -> Stays {
        Stays(None)
    }

    fn record(&mut self, lasted: Millis) {
        // Made when it is needed: a journey may have ten thousand states. Two digits cannot be refused, and it grows by itself.
        if self.0.is_none() {
            self.0 = Histogram::new(2).ok();
        }
        if let Some(histogram) = &mut self.0 {
            let _ = histogram.record(lasted.max(0).unsigned_abs());
        }
    }

    fn add(&mut self, other: &Stays) {
        match (&mut self.0, &other.0) {
            (_, None) => {}
            (mine @ None, Some(other)) => *mine = Some(other.clone()),
            // One that grows by itself takes any other.
            (Some(mine), Some(other)) => drop(mine.add(other)),
        }
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, Histogram::len)
    }

    /// In milliseconds, how long so many percent lasted at most; none where nothing was counted.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> Option<Millis> {
        let histogram = self.0.as_ref().filter(|h| !h.is_empty())?;
        Millis::try_from(histogram.value_at_quantile(percent / 100.0)).ok()
    }
}

/// Something that must not happen, or a broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The customer's number.
    pub customer: u64,
    /// When.
    pub at: Ts,
    /// What.
    pub what: Wrong,
}

/// What must not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// More left in a window than was proven.
    Passed {
        /// Which bound, by position.
        bound: usize,
        /// How many left.
        left: u64,
    },
    /// A promise was broken, and the timeline says so: no violation, and worth a look.
    Broken {
        /// Its name.
        promise: String,
    },
    /// A promise's deadline has passed and nothing says what became of it.
    Forgotten {
        /// Its name.
        promise: String,
    },
    /// Nobody hears what the customer wrote.
    Silence {
        /// What they wrote.
        text: String,
    },
    /// A step did not come to rest within what a step may do.
    Overflow,
}

impl Counts {
    /// Nothing yet, of a program and of so many bounds.
    pub(super) fn new(program: &Program, bounds: usize) -> Counts {
        let journeys = program.journeys.iter().map(|journey| JourneyCounts {
            name: journey.name.to_string(),
            began: 0,
            ended_by_limit: 0,
            states: journey
                .states
                .iter()
                .map(|state| StateCounts {
                    name: state.name.to_string(),
                    end: state.end,
                    passing: state.next.is_some() || state.branch.is_some(),
                    instances: 0,
                    entered: 0,
                    there: 0,
                    stays: Stays::new(),
                })
                .collect(),
        });
        Counts {
            customers: 0,
            hostile: 0,
            events: Counted::new(),
            others: Counted::new(),
            timers: 0,
            ignored: 0,
            refused: 0,
            cut: 0,
            messages: Counted::new(),
            channels: BTreeMap::new(),
            hours: [0; 24],
            stops: 0,
            per_customer: Vec::new(),
            seen: vec![Seen::default(); bounds],
            blocked: Counted::new(),
            deferred: Counted::new(),
            limited: Counted::new(),
            withdrawn: 0,
            failed: 0,
            cases: Counted::new(),
            replies: Counted::new(),
            promises: BTreeMap::new(),
            goals: BTreeMap::new(),
            journeys: journeys.collect(),
            violations: 0,
            first: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// Inputs of the feed, and what else came from outside.
    #[must_use]
    pub fn inputs(&self) -> u64 {
        self.events.values().chain(self.others.values()).sum()
    }

    /// Instances that began.
    #[must_use]
    pub fn began(&self) -> u64 {
        self.journeys.iter().map(|j| j.began).sum()
    }

    /// Messages that left.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.messages.values().sum()
    }

    /// Adds another part of the same run.
    pub(super) fn add(&mut self, other: Counts) {
        self.customers += other.customers;
        self.hostile += other.hostile;
        self.timers += other.timers;
        self.ignored += other.ignored;
        self.refused += other.refused;
        self.cut += other.cut;
        self.stops += other.stops;
        self.withdrawn += other.withdrawn;
        self.failed += other.failed;
        self.violations += other.violations;
        for (mine, others) in [
            (&mut self.events, other.events),
            (&mut self.others, other.others),
            (&mut self.messages, other.messages),
            (&mut self.blocked, other.blocked),
            (&mut self.deferred, other.deferred),
            (&mut self.limited, other.limited),
            (&mut self.cases, other.cases),
            (&mut self.replies, other.replies),
        ] {
            for (name, n) in others {
                *mine.entry(name).or_default() += n;
            }
        }
        for (channel, n) in other.channels {
            *self.channels.entry(channel).or_default() += n;
        }
        for (mine, others) in self.hours.iter_mut().zip(other.hours) {
            *mine += others;
        }
        add_lists(&mut self.per_customer, &other.per_customer);
        for (mine, others) in self.seen.iter_mut().zip(other.seen) {
            mine.add(others);
        }
        for (name, n) in other.promises {
            self.promises.entry(name).or_default().add(n);
        }
        for (name, n) in other.goals {
            let mine = self.goals.entry(name).or_default();
            mine.reached += n.reached;
            mine.missed += n.missed;
        }
        for (mine, others) in self.journeys.iter_mut().zip(other.journeys) {
            mine.began += others.began;
            mine.ended_by_limit += others.ended_by_limit;
            for (mine, others) in mine.states.iter_mut().zip(others.states) {
                mine.instances += others.instances;
                mine.entered += others.entered;
                mine.there += others.there;
                mine.stays.add(&others.stays);
            }
        }
        for (mine, others) in [(&mut self.first, other.first), (&mut self.broken, other.broken)] {
            mine.extend(others);
            mine.sort_by_key(|v| (v.customer, v.at));
            mine.truncate(MOST_VIOLATIONS);
        }
    }
}

impl Seen {
    fn add(&mut self, other: Seen) {
        // Of several who got most, the one with the smallest number is told, whichever thread met them.
        let first = [self.customer, other.customer].into_iter().flatten().min();
        match self.most.cmp(&other.most) {
            std::cmp::Ordering::Less => (self.most, self.customer) = (other.most, other.customer),
            std::cmp::Ordering::Equal => self.customer = first,
            std::cmp::Ordering::Greater => {}
        }
        add_lists(&mut self.spread, &other.spread);
    }
}

impl Promises {
    /// Made again while they were open: the newer one stands in place of the older.
    #[must_use]
    pub fn anew(&self) -> u64 {
        let told = [self.kept, self.withdrawn, self.broken, self.void, self.open];
        told.into_iter().fold(self.made, u64::saturating_sub)
    }

    fn add(&mut self, other: Promises) {
        self.made += other.made;
        self.kept += other.kept;
        self.withdrawn += other.withdrawn;
        self.broken += other.broken;
        self.void += other.void;
        self.open += other.open;
    }
}

impl StateCounts {
    pub(super) fn left_after(&mut self, lasted: Millis) {
        self.stays.record(lasted);
    }
}

fn add_lists(mine: &mut Vec<u64>, others: &[u64]) {
    if mine.len() < others.len() {
        mine.resize(others.len(), 0);
    }
    for (mine, others) in mine.iter_mut().zip(others) {
        *mine += others;
    }
}

/// Counts one at a position.
pub(super) fn at(list: &mut Vec<u64>, position: u64) {
    let position = usize::try_from(position).unwrap_or(usize::MAX).min(MOST_COUNTED);
    if list.len() <= position {
        list.resize(position + 1, 0);
    }
    if let Some(n) = list.get_mut(position) {
        *n += 1;
    }
}

/// Beyond so many messages, customers are counted as if they had got as many.
const MOST_COUNTED: usize = 100_000;

/// Counts one more of a name, without a copy of it where it is known.
pub(super) fn one(counted: &mut Counted, name: &str) {
    match counted.get_mut(name) {
        Some(n) => *n += 1,
        None => drop(counted.insert(name.to_owned(), 1)),
    }
}
