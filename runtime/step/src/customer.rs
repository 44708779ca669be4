//! All that the meaning knows of one customer: the unit of consistency.
//!
//! The state is plain data. It is bounded: what no rule can ask for any more is dropped at the end of each step.

mod encoding;
mod seen;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;

use compact_str::CompactString;
use journey_spec::Ts;
use journey_spec::program::{
    Channel, Deadline, EndKind, EventId, JourneyId, Limit, MessageId, Millis, Program, Send, StateId, Window,
};
use journey_spec::value::{Data, Value};
use serde::{Deserialize, Serialize};

use crate::effect::Said;
use crate::ledger::{self, Left, Tally};
pub use seen::{OpenCase, Promised, Waits};

/// One customer's state: what is [`Known`] of them, kept in one place, since it is large and goes from step to step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Customer(pub(crate) Box<Known>);

impl Deref for Customer {
    type Target = Known;

    fn deref(&self) -> &Known {
        &self.0
    }
}

/// What is known of a [`Customer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Known {
    pub(crate) id: String,
    /// The time of the newest step; it never goes back.
    pub(crate) now: Ts,
    /// How many calls of `step` have given out an id; ids are derived from it.
    pub(crate) steps: u64,
    /// The directory's fields; empty where nobody has told them yet. They are replaced as a whole.
    pub(crate) profile: Arc<Data>,
    /// Consents, each given for the address that the channel had then.
    #[serde(default)]
    pub(crate) agreed: Vec<Agreed>,
    /// Zones of before the last moves, for windows of the calendar.
    #[serde(default)]
    pub(crate) former_zones: Vec<FormerZone>,
    /// Addresses that have said STOP, folded, oldest first.
    pub(crate) stops: Vec<Stop>,
    /// Channels on which somebody said STOP before an address was known: the next address there counts as stopped.
    pub(crate) stopped_channels: Vec<Channel>,
    /// By number.
    pub(crate) instances: Vec<Instance>,
    /// The number of the newest instance.
    pub(crate) started: u64,
    /// Messages that wait, in order of decision.
    pub(crate) waiting: Vec<Waiting>,
    /// The number of the newest message that waited.
    pub(crate) waited: u64,
    /// What left, oldest first: the ledger.
    pub(crate) left: Vec<Left>,
    /// Counts for limits that hold for the customer.
    pub(crate) tallies: Vec<CustomerTally>,
    /// What was taken in of events that have a limit on that.
    #[serde(default)]
    pub(crate) intakes: BTreeMap<EventId, Tally>,
    /// What left lately, oldest first, for hearing answers and receipts.
    pub(crate) routes: Vec<Route>,
    /// Open cases, oldest first.
    pub(crate) cases: Vec<Case>,
    /// The last things said, oldest first.
    pub(crate) said: Vec<Said>,
    /// Events that have begun a quiet time. The last field: states of before end without it.
    #[serde(default)]
    pub(crate) quiet_since: Vec<QuietSince>,
}

/// An event that began a quiet time: the last one of its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QuietSince {
    pub(crate) event: EventId,
    /// The path of the key by which rules go, as written; none for those that hold for all messages.
    pub(crate) by: Option<String>,
    /// The key's value; none where the event did not say it, or where it stands for many: then every value is meant.
    pub(crate) key: Option<CompactString>,
    /// When it was taken in.
    pub(crate) since: Ts,
    /// When it happened, for an event with `newest by`.
    pub(crate) happened: Option<Ts>,
}

/// One run of a journey for one key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    pub(crate) number: u64,
    pub(crate) journey: JourneyId,
    pub(crate) key: Option<CompactString>,
    pub(crate) state: StateId,
    pub(crate) data: Data,
    /// Counts entries; timers, waiting messages, calls and cases belong to one.
    pub(crate) visit: u64,
    /// When the visit began.
    pub(crate) entered: Ts,
    pub(crate) ended: Option<End>,
    /// The visit's timers, in arrow order; empty until the instance rests.
    pub(crate) timers: Vec<Timer>,
    /// The visit's arrows that settle.
    pub(crate) settles: Vec<Settle>,
    pub(crate) call: Option<OpenCall>,
    /// When the newest taken news happened, for events with `newest by`.
    pub(crate) newest: BTreeMap<EventId, Ts>,
    /// When data that some message needs fresh were taken over last.
    #[serde(default)]
    pub(crate) taken: BTreeMap<String, Ts>,
    /// Counts for limits that hold for the instance, by position in the journey's list.
    pub(crate) tallies: BTreeMap<u32, Tally>,
    /// Which way it went in each state that splits.
    #[serde(default)]
    pub(crate) splits: BTreeMap<StateId, u32>,
    pub(crate) promises: Vec<OpenPromise>,
    /// Goals that were reached or missed, by position.
    #[serde(default)]
    pub(crate) measured: BTreeSet<u32>,
    /// Silence that is hoped for after the end.
    #[serde(default)]
    pub(crate) watches: Vec<Watch>,
}

/// A goal that is reached where nothing comes until then.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Watch {
    /// The goal's position.
    pub(crate) goal: u32,
    pub(crate) until: Ts,
}

/// How an instance ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct End {
    pub(crate) at: Ts,
    pub(crate) outcome: EndKind,
    /// A limit ended it; it is in no state.
    pub(crate) by_limit: bool,
}

/// Where an arrow stands: in the instance's state or in its journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ArrowAt {
    State(u32),
    Journey(u32),
}

/// An `after` or `at` of the visit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Timer {
    pub(crate) arrow: ArrowAt,
    /// When it falls due; nothing where its data is missing.
    pub(crate) due: Option<Ts>,
    /// Fired for this value of its data.
    pub(crate) done: bool,
}

/// An arrow that settles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settle {
    pub(crate) arrow: ArrowAt,
    pub(crate) due: Ts,
}

/// A service has been asked and has not answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OpenCall {
    pub(crate) id: CompactString,
    pub(crate) service: CompactString,
    pub(crate) deadline: Ts,
    pub(crate) outcomes: BTreeMap<String, StateId>,
}

/// A promise made and not yet kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OpenPromise {
    pub(crate) name: String,
    pub(crate) deadline: Deadline,
    pub(crate) by: Ts,
}

/// A message that waits for a rule to let it through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) number: u64,
    pub(crate) instance: u64,
    pub(crate) visit: u64,
    #[serde(with = "encoding::part")]
    pub(crate) send: Arc<Send>,
    pub(crate) decided: Ts,
    /// When it is asked again.
    pub(crate) until: Ts,
    /// It waits by a rule that lets only the newest wait.
    pub(crate) latest: bool,
    /// It waits for the end of a pause.
    #[serde(default)]
    pub(crate) paused: bool,
    /// It waits for a datum that a service is asked for.
    #[serde(default)]
    pub(crate) lookup: Option<Lookup>,
    /// The id under which it was released before and could not go out.
    #[serde(default)]
    pub(crate) again: Option<CompactString>,
}

/// A service has been asked for a datum that a waiting message needs fresh.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lookup {
    pub(crate) id: CompactString,
    pub(crate) service: String,
    pub(crate) datum: String,
    pub(crate) deadline: Ts,
}

/// A message that left, for hearing what comes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Route {
    pub(crate) id: CompactString,
    /// When it was released last.
    pub(crate) at: Ts,
    /// When it was decided: how long it is true counts from then, however often it is released.
    #[serde(default)]
    pub(crate) decided: Ts,
    /// Folded.
    pub(crate) address: CompactString,
    pub(crate) message: MessageId,
    pub(crate) instance: u64,
    pub(crate) journey: JourneyId,
    pub(crate) key: Option<CompactString>,
    pub(crate) visit: u64,
    /// What was sent, for who has to ask again; none in states of before it was kept.
    #[serde(default, with = "encoding::sending")]
    pub(crate) send: Option<Arc<Send>>,
    /// Its failure was told.
    pub(crate) failed: bool,
}

/// A case that a person has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Case {
    pub(crate) id: CompactString,
    pub(crate) queue: CompactString,
    pub(crate) journey: Option<JourneyId>,
    pub(crate) key: Option<CompactString>,
    pub(crate) instance: Option<u64>,
    /// The visit that opened or joined it last; none where a limit or a lost reply opened it.
    pub(crate) visit: Option<u64>,
}

/// A consent that the directory tells of, and the address for which it was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Agreed {
    /// The profile's field that says yes.
    pub(crate) field: String,
    pub(crate) channel: Channel,
    /// Folded; nothing where none was known then, and the next one there is meant.
    pub(crate) address: Option<CompactString>,
}

/// An address that said STOP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stop {
    /// Folded.
    pub(crate) address: CompactString,
    /// When the last confirmation left.
    pub(crate) confirmed: Option<Ts>,
}

/// A zone that the directory does not name any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FormerZone {
    /// As the directory had it; none where it was not known.
    pub(crate) zone: Option<Value>,
    /// When that changed.
    pub(crate) until: Ts,
}

/// A count for a limit that holds for the customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CustomerTally {
    /// The journey whose limit it is; none for the policy's.
    pub(crate) journey: Option<JourneyId>,
    /// The limit's position in its list.
    pub(crate) limit: u32,
    /// The key's value, for a limit `per KEY`.
    pub(crate) key: Option<CompactString>,
    pub(crate) tally: Tally,
}

impl Customer {
    /// A customer of whom nothing is known yet.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Customer {
        Customer(Box::new(Known {
            id: id.into(),
            now: Ts::MIN,
            steps: 0,
            profile: Arc::default(),
            agreed: Vec::new(),
            former_zones: Vec::new(),
            stops: Vec::new(),
            stopped_channels: Vec::new(),
            instances: Vec::new(),
            started: 0,
            waiting: Vec::new(),
            waited: 0,
            left: Vec::new(),
            tallies: Vec::new(),
            intakes: BTreeMap::new(),
            routes: Vec::new(),
            cases: Vec::new(),
            said: Vec::new(),
            quiet_since: Vec::new(),
        }))
    }
}

impl Known {
    /// Counts one for a limit that holds for the customer.
    pub(crate) fn charge(&mut self, of: (Option<JourneyId>, u32, Option<CompactString>), n: u32, per: Option<Window>) {
        let (journey, limit, key) = of;
        let now = self.now;
        self.tally((journey, limit, key), |tally| tally.charge(n, per, now));
    }

    /// Changes the count for a limit that holds for the customer.
    pub(crate) fn tally(
        &mut self,
        of: (Option<JourneyId>, u32, Option<CompactString>),
        change: impl FnOnce(&mut Tally),
    ) {
        let (journey, limit, key) = of;
        let found = self.tallies.iter().position(|t| t.journey == journey && t.limit == limit && t.key == key);
        let at = found.unwrap_or(self.tallies.len());
        if found.is_none() {
            self.tallies.push(CustomerTally { journey, limit, key, tally: Tally::default() });
        }
        if let Some(found) = self.tallies.get_mut(at) {
            change(&mut found.tally);
        }
    }

    /// Whether a limit that holds for the customer lets no more through.
    pub(crate) fn is_full(&self, program: &Program, journey: Option<JourneyId>, index: u32, limit: &Limit) -> bool {
        let tally = self.counted(program, journey, index, None);
        self.is_tally_full(program, tally.as_deref(), limit)
    }

    /// What was counted for a limit that holds for the customer, over all versions of its journey.
    pub(crate) fn counted(
        &self,
        program: &Program,
        journey: Option<JourneyId>,
        index: u32,
        key: Option<&str>,
    ) -> Option<Cow<'_, Tally>> {
        let same = |t: &&CustomerTally| match (journey, t.journey) {
            (None, None) => t.limit == index,
            (Some(journey), Some(of)) => program.counts_same((journey, index), (of, t.limit)),
            _ => false,
        };
        let mut all = self.tallies.iter().filter(|t| t.key.as_deref() == key && same(t)).map(|t| &t.tally);
        let first = all.next()?;
        let Some(second) = all.next() else { return Some(Cow::Borrowed(first)) };
        let mut sum = first.clone();
        std::iter::once(second).chain(all).for_each(|tally| sum.add(tally));
        Some(Cow::Owned(sum))
    }

    /// Whether a limit lets no more through, by what it has counted so far.
    pub(crate) fn is_tally_full(&self, program: &Program, tally: Option<&Tally>, limit: &Limit) -> bool {
        let places = || ledger::places(program, self, limit.per);
        tally.map_or(limit.n == 0, |t| t.is_full(limit.n, limit.per, &places(), self.now))
    }

    /// Remembers that an address said STOP.
    pub(crate) fn stop(&mut self, folded: CompactString) {
        if !folded.is_empty() && !self.stops.iter().any(|s| s.address == folded) {
            self.stops.push(Stop { address: folded, confirmed: None });
        }
    }

    pub(crate) fn position(&self, number: u64) -> Option<usize> {
        self.instances.binary_search_by_key(&number, |i| i.number).ok()
    }
}

/// An address without what people write differently: spaces and punctuation of telephone numbers, case of e-mail.
#[must_use]
pub fn fold_address(address: &str) -> CompactString {
    // As the feed's door writes every number: nothing to leave out.
    if address.bytes().all(|byte| byte == b'+' || byte.is_ascii_digit()) {
        return address.into();
    }
    if address.contains('@') {
        return address.trim().to_lowercase().into();
    }
    let mut folded = CompactString::with_capacity(address.len());
    let parts = address.split(|c: char| c.is_whitespace() || matches!(c, '-' | '(' | ')' | '.' | '/'));
    parts.for_each(|part| folded.push_str(part));
    folded
}

/// `at + by`, never beyond the instants that the language knows.
pub(crate) fn later(at: Ts, by: Millis) -> Ts {
    at.saturating_add(by).clamp(*journey_spec::time::RANGE.start(), *journey_spec::time::RANGE.end())
}
