//! Several versions of a project as one program.
//!
//! An instance stays on the version on which it began. When a newer program comes, it is laid beside what is there: the
//! newest program's policy, customer, records, events, services and hooks hold for everybody, and journeys and messages of
//! older programs stay, each once, for those who are in them. Nothing begins in an older journey any more.
//!
//! **Numbers are for life.** Customers' states point into the program by number. A number that was given is never given to
//! something else: what is the same keeps its number, what is new is appended, and what only older programs declare stays
//! where it is. So no customer's state is touched when a program changes, however many there are.
//!
//! **What is the same.** Events, services and hooks are the same by name, since they are how the world speaks with the
//! journeys, and the newest declaration is the one that is true of it. Messages and journeys are the same where they are
//! equal, but for a journey's doc comment, which no step sees: an edit that does not touch a journey moves nobody to an
//! older version, and one that is taken back makes the older version the newest again.
//!
//! **Who is moved.** Where the newest version of a journey has a [`Migration`](super::Migration) for an older one, instances
//! go on in the newest, each at its own next step; the union only sees that each of them can.
//!
//! **What is left of a journey without instances** is a husk: its name, key, limits, goals and the names of its states, which
//! the ledger and ended instances still point at, and nothing that could be missing in the world.

mod moves;
mod needs;

use std::collections::BTreeSet;

use needs::Sides;

use super::renumber::{Numbers, renumbered};
use super::sound::Unsound;
use super::versions::short;
use super::{Event, EventId, Hook, Journey, JourneyId, Limit, Message, MessageId, Program, Service, Version, Versions};

/// Versions side by side, and who could not go on there.
#[derive(Clone, Debug, PartialEq)]
pub struct Union {
    /// All of them as one program, sealed.
    pub program: Program,
    /// Instances of older versions that the newest program leaves without something they need; empty where the newer program
    /// can be taken.
    pub stranded: Vec<Stranded>,
}

/// Why instances of an older version could not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranded {
    /// The journey, by its number in the union.
    pub id: JourneyId,
    /// Its name.
    pub journey: String,
    /// The hash of the older version.
    pub version: String,
    /// What it needs and no longer has, in words: ``waits for `booking.cancelled`, which is no longer declared``.
    pub why: String,
}

impl std::fmt::Display for Stranded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` of version {} {}", self.journey, short(&self.version), self.why)
    }
}

/// Lays a newer program beside what is there: a program as it was compiled, or a union that was made before.
///
/// `lives` says, by their numbers in `before`, in which journeys some instance lives.
///
/// # Errors
/// Where one of the programs does not hang together.
pub fn union(before: &Program, newest: &Program, lives: impl Fn(JourneyId) -> bool) -> Result<Union, Unsound> {
    if let Some(versions) = &newest.versions {
        let problem = format!("stands for {} programs already, and one is to be added", versions.programs.len());
        return Err(Unsound { place: "versions".into(), problem });
    }
    let mut all = before.clone();
    (all.format, all.language) = (newest.format, newest.language.clone());
    all.customer = newest.customer.clone();
    all.records.extend(newest.records.clone());
    let same = |a: &str, b: &str| a == b;
    let mut moved = Moved {
        events: Vec::new(),
        messages: Vec::new(),
        services: by_name(&mut all.services, &newest.services, |a: &Service, b| same(&a.name, &b.name)),
        hooks: by_name(&mut all.hooks, &newest.hooks, |a: &Hook, b| same(&a.name, &b.name)),
    };
    let events: Vec<Event> = newest.events.iter().map(|event| renumbered(event, &moved)).collect::<Result<_, _>>()?;
    moved.events = by_name(&mut all.events, &events, |a: &Event, b| same(&a.name, &b.name));
    // Its rules name events.
    all.policy = renumbered(&newest.policy, &moved)?;
    for message in &newest.messages {
        let message = renumbered(message, &moved)?;
        moved.messages.push(placed(&mut all.messages, message, Message::eq));
    }
    let mut journeys = Vec::new();
    for journey in &newest.journeys {
        let journey = renumbered(journey, &moved)?;
        let number = placed(&mut all.journeys, journey.clone(), is_equal);
        if let Some(there) = all.journeys.get_mut(number as usize) {
            // The doc comment is the newest.
            *there = journey;
        }
        journeys.push(JourneyId(number));
    }
    let versions = versions(before, newest, journeys, &moved.events, all.events.len(), &lives);
    all.versions = Some(Box::new(versions));
    let older: Vec<JourneyId> =
        before.journeys.iter().zip(0..).map(|(_, i)| JourneyId(i)).filter(|id| !all.is_current(*id)).collect();
    let mut stranded = Vec::new();
    for id in older {
        let Some(journey) = before.journeys.get(id.index()).filter(|_| lives(id)) else {
            if let Some(journey) = all.journeys.get_mut(id.index()) {
                make_husk(journey);
            }
            continue;
        };
        let version = all.older_version(id).unwrap_or_default();
        let told = |why| Stranded { id, journey: journey.name.to_string(), version: version.to_string(), why };
        let sides = Sides { before, newest, all: &all };
        // Who is moved needs what the newest version needs, and can have it.
        let why = match all.migration(id) {
            Some((to, migration)) => moves::problems(journey, to, migration, &sides)?,
            None => needs::missing(journey, &sides)?,
        };
        stranded.extend(why.into_iter().map(told));
    }
    Ok(Union { program: all.seal(), stranded })
}

/// Where the newest program's items stand in the union.
struct Moved {
    events: Vec<u32>,
    messages: Vec<u32>,
    services: Vec<u32>,
    hooks: Vec<u32>,
}

impl Numbers for Moved {
    fn new_number(&self, kind: &str, old: u64) -> Option<u64> {
        let list = match kind {
            "EventId" => &self.events,
            "MessageId" => &self.messages,
            "ServiceId" => &self.services,
            "HookId" => &self.hooks,
            // A state's number is its journey's own.
            "StateId" => return Some(old),
            _ => return None,
        };
        list.get(usize::try_from(old).ok()?).map(|new| u64::from(*new))
    }
}

/// Puts each of the newer items in the place of the one of its name, or at the end; gives where they stand.
fn by_name<T: Clone>(all: &mut Vec<T>, newest: &[T], same: impl Fn(&T, &T) -> bool) -> Vec<u32> {
    newest
        .iter()
        .map(|item| {
            let number = placed(all, item.clone(), &same);
            if let Some(there) = all.get_mut(number as usize) {
                *there = item.clone();
            }
            number
        })
        .collect()
}

/// The place of an item that is there, or else of the new one at the end.
fn placed<T>(all: &mut Vec<T>, item: T, same: impl Fn(&T, &T) -> bool) -> u32 {
    let there = all.iter().position(|other| same(other, &item));
    let place = there.unwrap_or(all.len());
    if there.is_none() {
        all.push(item);
    }
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// Whether two journeys are the same to those who are in them.
fn is_equal(a: &Journey, b: &Journey) -> bool {
    // What moves others to a journey is nothing to those who are in it.
    let Journey { name, doc: _, key, data, limits, starts, goals, arrows, states, migrations: _ } = a;
    *name == b.name
        && *key == b.key
        && *data == b.data
        && *limits == b.limits
        && *starts == b.starts
        && *goals == b.goals
        && *arrows == b.arrows
        && *states == b.states
}

fn versions(
    before: &Program,
    newest: &Program,
    journeys: Vec<JourneyId>,
    events: &[u32],
    many_events: usize,
    lives: &impl Fn(JourneyId) -> bool,
) -> Versions {
    let mut versions = before.versions.as_deref().cloned().unwrap_or_else(|| {
        let of = before.journeys.iter().zip(0..).map(|(_, i)| JourneyId(i)).collect();
        let places = (0..).zip(&before.policy.limits).map(|(i, _)| i).collect();
        let counted = before.policy.limits.clone();
        let programs = vec![Version { hash: before.hash.clone(), journeys: of }];
        Versions { programs, gone: BTreeSet::new(), places, counted }
    });
    // A program that comes again is the newest again; one of which nobody is left is forgotten.
    versions.programs.retain(|v| v.hash != newest.hash);
    versions.programs.retain(|v| v.journeys.iter().any(|id| !journeys.contains(id) && lives(*id)));
    versions.programs.push(Version { hash: newest.hash.clone(), journeys });
    let gone = (0..u32::try_from(many_events).unwrap_or(u32::MAX)).filter(|id| !events.contains(id));
    versions.gone = gone.map(EventId).collect();
    versions.places.clear();
    for limit in &newest.policy.limits {
        let free = |place: &usize| !versions.places.iter().any(|used| *used as usize == *place);
        let fits = |wanted: &dyn Fn(&Limit) -> bool| {
            let places = versions.counted.iter().enumerate().filter(|(_, counted)| wanted(counted));
            places.map(|(place, _)| place).find(free)
        };
        let counts = |l: &Limit| l.what == limit.what && l.per == limit.per && l.key == limit.key;
        let place = fits(&|l| l == limit).or_else(|| fits(&counts)).unwrap_or(versions.counted.len());
        match versions.counted.get_mut(place) {
            Some(there) => *there = limit.clone(),
            None => versions.counted.push(limit.clone()),
        }
        versions.places.push(u32::try_from(place).unwrap_or(u32::MAX));
    }
    versions
}

/// Takes from a journey what only live instances need.
fn make_husk(journey: &mut Journey) {
    journey.arrows.clear();
    journey.starts.clear();
    for state in &mut journey.states {
        state.entry.clear();
        state.next = None;
        state.branch = None;
        state.arrows.clear();
    }
}

/// The messages that a journey can send.
pub(crate) fn sent_by(journey: &Journey) -> Result<BTreeSet<MessageId>, Unsound> {
    let all = super::sound::places::indices(journey)?;
    let messages = all.iter().filter(|index| index.kind == "MessageId");
    Ok(messages.filter_map(|index| u32::try_from(index.number).ok().map(MessageId)).collect())
}
