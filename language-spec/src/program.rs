//! The compiled program: what the compiler emits and the runtime takes.
//!
//! Durations are in milliseconds. Names are those of the source. Everything that a step needs is here, and nothing
//! about source positions: a comment moved in a source file does not change a program's [`Program::hash`].

mod cond;
mod policy;
pub mod sound;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use cond::{Branch, Cmp, Cond, bucket};
pub use policy::{Calendar, Fate, Limit, LimitWhat, Policy, Quiet, Requirement, Window};

use crate::sensitive::Sensitive;
use crate::types::Type;
use crate::value::Value;

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
    /// The house's policy; [`Policy::default`] where the project has none.
    pub policy: Policy,
    /// Declared journeys.
    pub journeys: Vec<Journey>,
}

impl Program {
    /// Computes [`Program::hash`] from everything else and stores it.
    #[must_use]
    pub fn seal(mut self) -> Program {
        self.hash = self.content_hash();
        self
    }

    /// The hash that the content has; equal to [`Program::hash`] unless somebody changed the program.
    #[must_use]
    pub fn content_hash(&self) -> String {
        let mut unsealed = self.clone();
        unsealed.hash = String::new();
        // Serialising plain data with text keys cannot fail; an empty text would only give a hash nobody accepts.
        let bytes = serde_json::to_vec(&unsealed).unwrap_or_default();
        Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect()
    }

    /// The event of this name.
    #[must_use]
    pub fn event(&self, name: &str) -> Option<(EventId, &Event)> {
        self.events.iter().zip(0..).find(|(e, _)| e.name == name).map(|(e, i)| (EventId(i), e))
    }

    /// The journey of this name.
    #[must_use]
    pub fn journey(&self, name: &str) -> Option<(JourneyId, &Journey)> {
        self.journeys.iter().zip(0..).find(|(j, _)| j.name == name).map(|(j, i)| (JourneyId(i), j))
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
    pub name: String,
    /// Its fields.
    pub fields: Vec<Field>,
    /// `newest by PATH`: older news after newer is ignored, per instance and event. `["at"]` is when it happened, from
    /// the event's envelope; any other path leads to an instant in the event's own fields.
    pub newest_by: Option<Vec<String>>,
    /// `at most N per W else dead letter`: what a customer's feed brings beyond it no journey hears.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intake: Option<Quota>,
}

/// A text that the customer may get.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Name, as written.
    pub name: String,
    /// Why it is sent.
    pub purpose: Purpose,
    /// One variant a channel, in the order in which they are tried.
    pub variants: Vec<Variant>,
    /// Answers that the message invites, in source order.
    pub replies: Vec<Invitation>,
    /// How long the text stays true.
    pub validity: Validity,
    /// `essential at most N per W`: passes limits and quiet hours, and the checker proves this bound instead, per
    /// instance.
    pub essential: Option<Quota>,
    /// Data that have to be new when the message leaves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fresh: Vec<Fresh>,
}

/// `fresh booking within 15m by call lookup_booking(booking.id)`: a datum that may not be older when the message leaves, and
/// who is asked for it where it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fresh {
    /// The journey's datum, a record.
    pub datum: String,
    /// How long ago it may have been taken over.
    pub within: Millis,
    /// The service that returns such a record.
    pub service: ServiceId,
    /// Arguments, one a parameter.
    pub args: Vec<Expr>,
}

/// How long a service that is asked for a record may take; then it has failed.
pub const LOOKUP: Millis = MINUTE;

/// A message's text on one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// The channel.
    pub channel: Channel,
    /// The subject line, for e-mail with a body.
    pub subject: Option<Template>,
    /// The text itself.
    pub body: Template,
    /// The same in other languages, in source order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub translations: Vec<Translation>,
}

/// A message's text on one channel for those who read a language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Translation {
    /// Whose: a BCP 47 tag such as `es` or `pt-BR`.
    pub locale: String,
    /// The subject line, for e-mail with a body.
    pub subject: Option<Template>,
    /// The text itself.
    pub body: Template,
}

/// Text with placeholders.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Template(pub Vec<Piece>);

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// Text as it stands.
    Text(String),
    /// `{booking.slot:day or "soon"}`.
    Value {
        /// Where the value stands: `customer.…`, or a journey's datum.
        path: Vec<String>,
        /// How it is written.
        format: Format,
        /// What stands in place of a missing value.
        or: Option<String>,
    },
}

/// How a placeholder's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// As is customary for the type.
    Plain,
    /// `Friday 20 March`, in the customer's zone.
    Day,
    /// `09:00`, in the customer's zone.
    Time,
    /// `20 March 2026`, in the customer's zone.
    Date,
}

/// An answer that a message invites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The reply's name, which `on reply NAME` hears.
    pub name: String,
    /// The texts that mean it, folded by [`crate::value::fold_reply`].
    pub words: Vec<String>,
}

/// How long a message stays true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    /// The policy's `valid for`.
    Policy,
    /// `valid for 12h`, from the moment it was decided.
    For(Millis),
    /// `valid until booking.slot`; capped by the policy's `valid for`.
    Until(Expr),
}

/// At most `n` in any such window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// How many.
    pub n: u32,
    /// The window.
    pub per: Window,
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
    pub name: String,
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
    pub name: String,
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

/// What an instance does when something happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arrow {
    /// What happens.
    pub on: Trigger,
    /// `when …`: what has to hold. For an event: with the data as it would be after the take-over; for a timer: when it
    /// fires, also where its instant is past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Cond>,
    /// What is done. For [`Trigger::At`]: when the instant comes.
    pub then: Then,
}

/// What an arrow waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// An event of the feed.
    Event {
        /// Which.
        event: EventId,
        /// The event's fields that become the journey's data of the same name.
        take: Vec<String>,
        /// `settle 15m`: the data is taken at once, the arrow is taken this long after the first of a burst.
        settle: Option<Millis>,
    },
    /// An answer: of this name, or any where there is none.
    Reply(Option<String>),
    /// The case that this state opened was closed by a person.
    HandoffClosed,
    /// A message of this visit will finally not leave.
    Blocked,
    /// A channel could not deliver a message of this visit.
    Failed,
    /// The customer said STOP.
    OptOut,
    /// This long after entering.
    After(Millis),
    /// `after 1 day at 09:00`: so many calendar days after entering, when the customer's clock shows that minute.
    AfterDays {
        /// How many days, at least one.
        days: u32,
        /// Minute of the day, 0 to 1439.
        minute: u16,
    },
    /// When an instant comes, once for each value of its data.
    At {
        /// The instant.
        at: Expr,
        /// What is done where it is already past, on entry or because the data changed.
        if_past: Then,
    },
}

/// What an arrow does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Goes to a state.
    Goto(StateId),
    /// Stays, without re-arming timers, and does this.
    Stay(Vec<Action>),
}

/// Something that a step does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Sends a message.
    Send(Send),
    /// Gives the case to a person.
    Handoff(Handoff),
    /// Changes a datum.
    Set(Set),
    /// Asks a service; only on entry of a state, at most one a state.
    Call(Call),
}

/// `send MESSAGE [via …] [promising|keeping|withdrawing …] [{ on blocked -> S  on failed -> S }]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Send {
    /// The message.
    pub message: MessageId,
    /// `via sms else email`: the order of channels; empty means the message's own.
    pub via: Vec<Channel>,
    /// `promising NAME by T` or `within D`.
    pub promising: Option<Promise>,
    /// `keeping NAME`.
    pub keeping: Option<String>,
    /// `withdrawing NAME`.
    pub withdrawing: Option<String>,
    /// What is done where this message is blocked; goes before the state's arrow.
    pub on_blocked: Option<Then>,
    /// What is done where this message fails; goes before the state's arrow.
    pub on_failed: Option<Then>,
}

/// A promise that a message makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Promise {
    /// Its name.
    pub name: String,
    /// When it has to be kept or withdrawn.
    pub deadline: Deadline,
}

/// When a promise falls due.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deadline {
    /// At an instant that follows its data.
    By(Expr),
    /// This long after the promising message left.
    Within(Millis),
}

/// `handoff "QUEUE" [with transcript]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handoff {
    /// Whose desk.
    pub queue: String,
    /// Whether everything said so far goes along.
    pub transcript: bool,
}

/// `set PATH = VALUE`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Set {
    /// What: a datum of the journey, or a part of one.
    pub path: Vec<String>,
    /// Its new value. Where it is not there, the datum is missing afterwards if it may be, else it stays as it is.
    pub value: Expr,
    /// Whether it may be missing.
    pub optional: bool,
    /// Whether it is not for every eye: then a timeline does not tell the value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
}

/// `call SERVICE(ARG, …) within D { OUTCOME -> STATE … }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The service.
    pub service: ServiceId,
    /// Arguments, one a parameter.
    pub args: Vec<Expr>,
    /// How long an answer is waited for; then it is `failed`.
    pub within: Millis,
    /// Where each outcome leads, `failed` included.
    pub outcomes: BTreeMap<String, StateId>,
}

/// A value computed from data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expr {
    /// A value as it stands.
    Literal(Value),
    /// `booking.slot`, `customer.zone`.
    Path(Vec<String>),
    /// `now`: the step's time. Only in conditions and behind `set`.
    Now,
    /// An instant moved by an elapsed time: `booking.slot - 1d`.
    Offset {
        /// The instant.
        base: Box<Expr>,
        /// How far, in milliseconds; negative is earlier.
        by: Millis,
    },
    /// An instant moved by calendar days of the customer: `booking.slot - 1 day at 09:00`.
    Calendar {
        /// The instant.
        base: Box<Expr>,
        /// How many days; negative is earlier.
        days: i32,
        /// Minute of the day, 0 to 1439; the instant's own time of day where there is none.
        minute: Option<u16>,
    },
}

/// The most by which a local clock gains or loses on elapsed time over a stretch of days, but where a zone moves over the
/// date line: what has to be allowed for where calendar days are compared with hours.
pub const CLOCK_SHIFT: Millis = 4 * HOUR;

/// The soonest and the latest that so many calendar days at that minute can come after any instant, in milliseconds.
#[must_use]
pub fn days_after(days: i32, minute: Option<u16>) -> (Millis, Millis) {
    let days = Millis::from(days).saturating_mul(DAY);
    match minute {
        // The instant may be a day's first or its last.
        Some(minute) => {
            let to = days.saturating_add(Millis::from(minute).saturating_mul(MINUTE));
            (to.saturating_sub(DAY).saturating_sub(CLOCK_SHIFT), to.saturating_add(CLOCK_SHIFT))
        }
        None => (days.saturating_sub(CLOCK_SHIFT), days.saturating_add(CLOCK_SHIFT)),
    }
}
