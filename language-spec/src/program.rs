//! The compiled program: what the compiler emits and the runtime takes.
//!
//! Durations are in milliseconds. Names are those of the source. Everything that a step needs is here, and nothing
//! about source positions: a comment moved in a source file does not change a program's [`Program::hash`].

mod arrow;
mod cond;
mod expr;
mod hook;
mod message;
mod policy;
mod renumber;
pub mod sound;
pub mod union;
mod versions;

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use arrow::{Action, Arrow, Call, Deadline, Handoff, Promise, Send, Set, Then, Trigger};
pub use cond::{Branch, Cmp, Cond, bucket};
pub use expr::{CLOCK_SHIFT, Expr, days_after};
pub use hook::{Ask, Hook, HookAnswers, Judgement, PriorityOf};
pub use message::{Format, Fresh, Invitation, LOOKUP, Message, Piece, Quota, Template, Translation, Validity, Variant};
pub use policy::{Calendar, Fate, Limit, LimitWhat, Policy, Quiet, QuietAfter, Requirement, Sort, Weekday, Window};
pub use versions::{SHORT, Version, Versions, short};

use crate::sensitive::Sensitive;
use crate::types::Type;

/// Version of this format. A program of another format is refused by the runtime. It changes with every field that comes
/// or goes once a version is released, and wherever a field's meaning changes.
pub const FORMAT: u32 = 1;

/// Version of the language that this crate describes.
pub const LANGUAGE: &str = "0.1";

/// A duration in milliseconds.
pub type Millis = i64;

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u32);
        impl $name {
            /// The position as an index of the list it points into.
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index! {
    /// Position of an event in [`Program::events`].
    EventId
}
index! {
    /// Position of a message in [`Program::messages`].
    MessageId
}
index! {
    /// Position of a service in [`Program::services`].
    ServiceId
}
index! {
    /// Position of a hook in [`Program::hooks`].
    HookId
}
index! {
    /// Position of a journey in [`Program::journeys`].
    JourneyId
}
index! {
    /// Position of a state in [`Journey::states`].
    StateId
}

/// A whole compiled project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// [`FORMAT`] of the writer.
    pub format: u32,
    /// [`LANGUAGE`] of the writer.
    pub language: String,
    /// SHA-256, in hexadecimal, of the program's JSON with this field empty. See [`Program::seal`].
    pub hash: String,
    /// The declared customer.
    pub customer: Customer,
    /// Declared records, by name.
    pub records: BTreeMap<String, Vec<Field>>,
    /// Declared events.
    pub events: Vec<Event>,
    /// Declared messages.
    pub messages: Vec<Message>,
    /// Declared services.
    pub services: Vec<Service>,
    /// Declared hooks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<Hook>,
    /// The house's policy; [`Policy::default`] where the project has none.
    pub policy: Policy,
    /// Declared journeys.
    pub journeys: Vec<Journey>,
    /// Set where versions run side by side ([`union`]): the lists then hold what older versions need too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<Box<Versions>>,
}

impl Program {
    /// Computes [`Program::hash`] from everything else and stores it.
    #[must_use]
    pub fn seal(mut self) -> Program {
        self.hash = String::new();
        self.hash = self.hashed();
        self
    }

    /// The hash that the content has; equal to [`Program::hash`] unless somebody changed the program.
    #[must_use]
    pub fn content_hash(&self) -> String {
        let mut unsealed = self.clone();
        unsealed.hash = String::new();
        unsealed.hashed()
    }

    fn hashed(&self) -> String {
        // Serialising plain data with text keys cannot fail; an empty text would only give a hash nobody accepts.
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect()
    }

    /// The event of this name; none where only an older version declared it.
    #[must_use]
    pub fn event(&self, name: &str) -> Option<(EventId, &Event)> {
        self.declared_events().find(|(_, e)| e.name == name)
    }

    /// The journey of this name, in its newest version.
    #[must_use]
    pub fn journey(&self, name: &str) -> Option<(JourneyId, &Journey)> {
        self.current().find(|(_, j)| j.name == name)
    }
}

/// A named, typed field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Name, as written.
    pub name: String,
    /// Type.
    pub ty: Type,
    /// Why it is not for every eye, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitive: Option<Sensitive>,
}

impl Field {
    /// A field for every eye.
    #[must_use]
    pub fn new(name: impl Into<String>, ty: Type) -> Field {
        Field { name: name.into(), ty, sensitive: None }
    }
}

/// The declared customer: who is contacted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Fields of the customer's record.
    pub fields: Vec<Field>,
    /// Which field holds the address of a channel: `phone: phone for sms, voice`.
    pub addresses: BTreeMap<Channel, String>,
    /// Which field says whether the customer agreed to messages of a purpose on a channel:
    /// `offers: bool? consent to marketing by sms`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub consents: BTreeMap<Purpose, BTreeMap<Channel, String>>,
    /// The field that holds the channel which the customer prefers, where one is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred: Option<String>,
    /// The field that holds the customer's time zone, where one is declared.
    pub zone: Option<String>,
    /// The field that holds the customer's language, where one is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

impl Customer {
    /// The field that says whether the customer agreed to this purpose on this channel, where one is declared.
    #[must_use]
    pub fn consent(&self, purpose: Purpose, channel: Channel) -> Option<&str> {
        self.consents.get(&purpose)?.get(&channel).map(String::as_str)
    }
}

/// Where a message can leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A text message.
    Sms,
    /// E-mail.
    Email,
    /// A telephone call.
    Voice,
    /// A push notification.
    Push,
    /// WhatsApp.
    Whatsapp,
    /// A chat on a web page.
    Webchat,
}

impl Channel {
    /// All channels, in the language's order.
    pub const ALL: [Channel; 6] =
        [Channel::Sms, Channel::Email, Channel::Voice, Channel::Push, Channel::Whatsapp, Channel::Webchat];

    /// The channel's name in the language.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Channel::Sms => "sms",
            Channel::Email => "email",
            Channel::Voice => "voice",
            Channel::Push => "push",
            Channel::Whatsapp => "whatsapp",
            Channel::Webchat => "webchat",
        }
    }

    /// The channel of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Channel> {
        Channel::ALL.into_iter().find(|c| c.name() == name)
    }
}

/// Why a message is sent; consent, quiet hours and limits go by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Part of a service that the customer asked for.
    Service,
    /// Advertising.
    Marketing,
    /// Collection of a debt.
    Debt,
    /// Danger to life, health or property.
    Safety,
}

impl Purpose {
    /// All purposes, in the language's order.
    pub const ALL: [Purpose; 4] = [Purpose::Service, Purpose::Marketing, Purpose::Debt, Purpose::Safety];

    /// The purpose's name in the language.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Purpose::Service => "service",
            Purpose::Marketing => "marketing",
            Purpose::Debt => "debt",
            Purpose::Safety => "safety",
        }
    }

    /// The purpose of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Purpose> {
        Purpose::ALL.into_iter().find(|p| p.name() == name)
    }
}

/// An event that a feed may bring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Dotted name, such as `booking.created`.
    pub name: CompactString,
    /// Its fields.
    pub fields: Vec<Field>,
    /// `newest by PATH`: older news after newer is ignored, per instance and event. `["at"]` is when it happened, from
    /// the event's envelope; any other path leads to an instant in the event's own fields.
    pub newest_by: Option<Vec<String>>,
    /// `at most N per W else dead letter`: what a customer's feed brings beyond it no journey hears.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intake: Option<Quota>,
    /// `made by hook NAME`: which hook makes its data anew, before it is checked and heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<HookId>,
    /// `checked by hook NAME`: which hook says what is wrong with its data, before any journey hears it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_by: Option<HookId>,
}

/// Something of the host's that a journey can ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Name, as written.
    pub name: String,
    /// Parameters.
    pub params: Vec<Field>,
    /// What it may answer; `failed` is always possible besides.
    pub outcomes: Vec<String>,
    /// The record that it returns, for a service that is asked to keep data fresh; it has no outcomes then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<String>,
}

/// A second, in milliseconds.
pub const SECOND: Millis = 1_000;
/// A minute, in milliseconds.
pub const MINUTE: Millis = 60 * SECOND;
/// An hour, in milliseconds.
pub const HOUR: Millis = 60 * MINUTE;
/// Twenty-four hours, in milliseconds.
pub const DAY: Millis = 24 * HOUR;

/// A journey: one state machine for one customer and one key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Journey {
    /// Name, as written.
    pub name: CompactString,
    /// Its doc comment, for pages and pictures.
    pub doc: String,
    /// `per booking.id`: a path that begins with a field of the events the journey hears.
    pub key: Option<Vec<String>>,
    /// The journey's data.
    pub data: Vec<Field>,
    /// Limits, in source order.
    pub limits: Vec<Limit>,
    /// How an instance begins.
    pub starts: Vec<Start>,
    /// What it is measured by, in source order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goals: Vec<Goal>,
    /// Arrows that hold in every state but their own target and the ends.
    pub arrows: Vec<Arrow>,
    /// States, in source order, ends included.
    pub states: Vec<State>,
    /// Which older versions' instances are moved to this one, and how.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub migrations: Vec<Migration>,
}

/// `migrate from "3f2a9c41" { OLDER -> STATE … }`: instances of an older version go on in this one.
///
/// A state that is not named goes on in the state of its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// The first digits of the older program's hash, eight or more; none for any older version that no other migration
    /// names.
    pub from: Option<String>,
    /// Where instances go on: the older version's state, by its name, and this one's.
    pub states: Vec<(String, StateId)>,
}

/// `start on EVENT(field, …) [when CONDITION] -> STATE`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// The event.
    pub event: EventId,
    /// The event's fields that become the journey's data of the same name.
    pub take: Vec<String>,
    /// What has to hold, with the data as the instance would begin with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Cond>,
    /// Where the instance begins.
    pub to: StateId,
}

/// What a journey is measured by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    /// As written, without the word `goal`.
    pub text: String,
    /// What is to come, or not to come.
    pub what: GoalWhat,
}

/// What a goal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoalWhat {
    /// The instance enters this state or end.
    Reach(StateId),
    /// After the instance's end no such event comes for so long.
    Silence {
        /// The event; one that carries the journey's key counts only with the instance's own.
        event: EventId,
        /// Counted from the end; an event right at the end of it is too late to count.
        within: Millis,
    },
}

/// A state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Name, as written.
    pub name: CompactString,
    /// Set for an end.
    pub end: Option<EndKind>,
    /// What is done on entry, in order.
    pub entry: Vec<Action>,
    /// `-> S`: left at once, after the entry actions.
    pub next: Option<StateId>,
    /// `choose …` or `split …`: left at once, one way of several; never beside `next`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<Branch>,
    /// What it waits for, in source order. Arrow `i` of a state keeps its number for life.
    pub arrows: Vec<Arrow>,
}

/// How a journey ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndKind {
    /// As hoped.
    Success,
    /// Neither.
    Neutral,
    /// Not as hoped.
    Failure,
}
