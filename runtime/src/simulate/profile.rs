//! The world that a simulation plays: who the customers are, what a feed brings of them, how people and services answer.

use std::collections::BTreeMap;

use journey_spec::Ts;
use journey_spec::Value;
use journey_spec::program::{EventId, Millis};

use super::words::{Delay, Hours, Rate, Share};

/// A world, for one program: its lists are in the order of the program's.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// When the simulated time begins.
    pub begins: Ts,
    /// How the fields of the declared customer are made, in declaration order.
    pub customer: Vec<Made>,
    /// How often the directory tells a customer anew, with all fields made again.
    pub moves: Option<Rate>,
    /// Each event.
    pub events: Vec<EventPlan>,
    /// How customers answer each message.
    pub messages: Vec<MessagePlan>,
    /// What each service answers.
    pub services: Vec<ServicePlan>,
    /// What each hook says.
    pub hooks: Vec<HookPlan>,
    /// How cases are closed at the desks that are named.
    pub desks: BTreeMap<String, DeskPlan>,
    /// How cases are closed at all others.
    pub desk: DeskPlan,
    /// What goes wrong on the way, for everybody.
    pub faults: Faults,
    /// The most inputs that one hostile customer's adversary makes.
    pub hostile_inputs: u32,
}

/// How an event comes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventPlan {
    /// How often it comes by itself, for each customer; each time it is about something new.
    pub rate: Option<Rate>,
    /// What it follows.
    pub follows: Vec<Follow>,
    /// In which hours of the customer's day it comes; at any where there are none.
    pub hours: Option<Hours>,
    /// Whether nothing more comes of the same thing afterwards.
    pub last: bool,
    /// How its fields are made, in declaration order.
    pub fields: Vec<Made>,
}

/// That an event follows another one about the same thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Follow {
    /// The other.
    pub event: EventId,
    /// After how many of those it comes.
    pub share: Share,
    /// How soon.
    pub when: When,
    /// After how many of its own it comes once more, as soon.
    pub again: Share,
}

/// How soon an event follows.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// So long after the other one.
    After(Delay),
    /// So long before an instant of the thing, also where that moves meanwhile.
    Before {
        /// Where the instant stands: `flight.departs`.
        path: Vec<String>,
        /// How long before.
        by: Delay,
    },
}

/// How one field is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// Its name.
    pub name: String,
    /// How often it is missing; of a field that has to be there, never.
    pub missing: Share,
    /// How it is made else.
    pub how: Make,
}

/// How a value is made.
#[derive(Clone, Debug, PartialEq)]
pub enum Make {
    /// A name that nothing else has, such as a key: this before a number. An event that follows keeps it.
    Sequence(String),
    /// A number that nothing else of the customer has. An event that follows keeps it.
    Number,
    /// An instant or a date.
    Instant(Moment),
    /// One of these, by weight. An event that follows keeps it.
    OneOf(Vec<(Value, u32)>),
    /// A number in this range, whole where both ends are.
    Range(f64, f64),
    /// `true` so often.
    Chance(Share),
    /// An elapsed time.
    Duration(Delay),
    /// An amount in this range, and its currency.
    Money(f64, f64, String),
    /// A telephone number of the customer's own.
    Phone,
    /// An e-mail address of the customer's own.
    Email,
    /// A record.
    Record(Vec<Made>),
}

/// How an instant is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// How far ahead of the event, where it is made for the first time.
    pub ahead: Delay,
    /// By how much an event that follows moves it, in milliseconds, from and to.
    pub shift: (Millis, Millis),
    /// How many of the events that follow move it.
    pub moved: Share,
    /// In which hours of the customer's day it lies.
    pub hours: Option<Hours>,
    /// Whole multiples of so many milliseconds; at least 1.
    pub round: Millis,
    /// Whether it is a date.
    pub date: bool,
}

/// How customers answer a message.
#[derive(Clone, Debug, PartialEq)]
pub struct MessagePlan {
    /// How many do.
    pub answered: Share,
    /// How soon.
    pub delay: Delay,
    /// In which hours of the customer's day; at any where there are none.
    pub hours: Option<Hours>,
    /// How many of the answers are one that the message invites.
    pub recognised: Share,
    /// Which of those, by weight: a text for each.
    pub invited: Vec<(String, u32)>,
    /// What the others say.
    pub texts: Vec<String>,
    /// How many of the answers are STOP.
    pub stop: Share,
    /// How many of the messages a channel cannot deliver.
    pub fails: Share,
}

/// What a service answers.
#[derive(Clone, Debug, PartialEq)]
pub struct ServicePlan {
    /// Its outcomes, by weight; of a service that returns a record, none.
    pub outcomes: Vec<(String, u32)>,
    /// How soon.
    pub delay: Delay,
    /// How many calls it says `failed` to.
    pub failed: Share,
    /// How many calls it never answers.
    pub silent: Share,
}

/// What a hook says of an event that it has nothing against.
pub(super) const ACCEPT: &str = "accept";
/// What a hook says of an event that is to go to the dead letters.
pub(super) const REFUSE: &str = "refuse";

/// What a hook says.
#[derive(Clone, Debug, PartialEq)]
pub struct HookPlan {
    /// Its names, by weight; of a hook that says a number, none; of one that says verdicts, `accept` and `refuse`.
    pub says: Vec<(String, u32)>,
    /// The range of its numbers.
    pub number: (f64, f64),
    /// How often it fails.
    pub failed: Share,
    /// Whether somebody said so; what is only made up gives way to the hook's module.
    pub is_said: bool,
}

/// How cases are closed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeskPlan {
    /// How soon.
    pub delay: Delay,
    /// How many never are.
    pub never: Share,
}

/// What goes wrong on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    /// How many events come twice. A copy with the same id is dropped at a runtime's door, so what is meant here has a new
    /// one.
    pub duplicates: Share,
    /// How many come some minutes late, after what happened later.
    pub reordered: Share,
    /// How many come hours or days late.
    pub late: Share,
    /// How many never come.
    pub lost: Share,
    /// How many events get stuck, and come again and again with new content.
    pub stuck: Share,
    /// How often a stuck event comes then.
    pub stuck_times: u32,
    /// How far apart, in milliseconds.
    pub stuck_every: Millis,
    /// How many messages a channel cannot deliver, at least.
    pub undelivered: Share,
    /// How many calls fail, at least.
    pub failed: Share,
    /// How many calls are never answered, at least.
    pub silent: Share,
}

impl Faults {
    /// What `--faults` makes of a world at least.
    #[must_use]
    pub fn many() -> Faults {
        Faults {
            duplicates: Share::percent(5),
            reordered: Share::percent(5),
            late: Share::percent(2),
            lost: Share::percent(1),
            stuck: Share::percent(1),
            stuck_times: 131,
            stuck_every: 60_000,
            undelivered: Share::percent(5),
            failed: Share::percent(10),
            silent: Share::percent(10),
        }
    }

    /// The worse of the two, of each.
    #[must_use]
    pub fn worse(self, other: Faults) -> Faults {
        let stuck = if self.stuck >= other.stuck { self } else { other };
        Faults {
            duplicates: self.duplicates.max(other.duplicates),
            reordered: self.reordered.max(other.reordered),
            late: self.late.max(other.late),
            lost: self.lost.max(other.lost),
            stuck: stuck.stuck,
            stuck_times: stuck.stuck_times,
            stuck_every: stuck.stuck_every,
            undelivered: self.undelivered.max(other.undelivered),
            failed: self.failed.max(other.failed),
            silent: self.silent.max(other.silent),
        }
    }
}
