//! The tree of one file: what stands there, with its place, in source order. Names are not resolved.
//!
//! Every node knows its [`Span`]. Blocks keep their items in the order of the text, so that the formatter can print
//! them back; comments are kept beside the tree in [`File::comments`].

mod condition;
mod policy;
mod scenario;

use journey_spec::Sensitive;
use journey_spec::program::{Channel, EndKind, Millis, Purpose, Window};

pub use condition::{ChooseDecl, CmpDecl, CondDecl, CondKind, SplitDecl, WayDecl, WayOn};
pub use policy::{FateDecl, FateKind, LimitDecl, LimitWhatDecl, PolicyDecl, PolicyItem};
pub use scenario::{Expectation, MockAnswer, ScenarioDecl, ScenarioLine, ScenarioLineKind};

use crate::source::Span;

/// One file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// Its items.
    pub items: Vec<Item>,
    /// Its plain comments (`// …`), in order. Doc comments (`/// …`) belong to the item below them.
    pub comments: Vec<Comment>,
    /// Its `allow … because …`, in order; each belongs to the item or line below it.
    pub allows: Vec<Allow>,
}

/// `allow J0303 because "the engineer calls anyway"`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// The code of the finding.
    pub code: Name,
    /// Why.
    pub reason: Name,
    /// From `allow` to the reason.
    pub span: Span,
    /// Where it silences: the item or line below it; of one that has lines of its own, its head. Empty where nothing
    /// stands below.
    pub covers: Span,
}

/// A plain comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Text with its slashes, without the line end or trailing blanks.
    pub text: String,
    /// Where.
    pub span: Span,
    /// Whether it stands alone on its line.
    pub own_line: bool,
}

/// An identifier, or a text used as a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name, without quotes.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// `booking.created`, `booking.slot`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The names between the dots; at least one.
    pub parts: Vec<Name>,
    /// Where.
    pub span: Span,
}

impl Path {
    /// The path as written: `booking.slot`.
    #[must_use]
    pub fn text(&self) -> String {
        self.parts.iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join(".")
    }
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where.
    pub span: Span,
}

/// A top-level item.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// `use "care.journey"`
    Use(Use),
    /// `customer { … }`
    Customer(CustomerDecl),
    /// `record Booking { … }`
    Record(RecordDecl),
    /// `event booking.created { … }`
    Event(EventDecl),
    /// `message confirmation { … }`
    Message(MessageDecl),
    /// `service cancel_visit(booking: text) -> one of { done, refused }`
    Service(ServiceDecl),
    /// `policy house { … }`
    Policy(PolicyDecl),
    /// `journey appointment for customer per booking.id { … }`
    Journey(JourneyDecl),
    /// `scenario "…" for appointment { … }`
    Scenario(ScenarioDecl),
}

/// `use "care.journey"`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The file, relative to this one.
    pub path: Name,
    /// The whole item.
    pub span: Span,
}

/// A doc comment's lines, without slashes and the blank after them.
pub type Doc = Vec<String>;

/// `customer { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct CustomerDecl {
    /// Doc comment.
    pub doc: Doc,
    /// Fields, some with channels.
    pub fields: Vec<CustomerField>,
    /// The word `customer`.
    pub head: Span,
    /// The whole item.
    pub span: Span,
}

/// `phone: phone for sms, voice`
#[derive(Clone, Debug, PartialEq)]
pub struct CustomerField {
    /// The field.
    pub field: FieldDecl,
    /// Channels whose address it is.
    pub channels: Vec<At<Channel>>,
    /// `consent to marketing by sms, email`
    pub consent: Option<ConsentDecl>,
}

/// `consent to marketing by sms, email`
#[derive(Clone, Debug, PartialEq)]
pub struct ConsentDecl {
    /// To which purposes.
    pub purposes: Vec<At<Purpose>>,
    /// On which channels; none means on all.
    pub channels: Vec<At<Channel>>,
    /// From `consent` on.
    pub span: Span,
}

/// `slot: instant`
#[derive(Clone, Debug, PartialEq)]
pub struct FieldDecl {
    /// Name.
    pub name: Name,
    /// Type.
    pub ty: TypeRef,
    /// `sensitive health`
    pub sensitive: Option<At<Sensitive>>,
    /// The whole field.
    pub span: Span,
}

/// A type as written.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeRef {
    /// What it says.
    pub kind: TypeKind,
    /// Whether a `?` follows.
    pub optional: bool,
    /// Where.
    pub span: Span,
}

/// What a type says.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// `text`, `instant`, `Booking`, …
    Named(Name),
    /// `text(160)`
    Text(At<u32>),
    /// `one of { a, b }`
    OneOf(Vec<Name>),
}

/// `record Booking { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct RecordDecl {
    /// Doc comment.
    pub doc: Doc,
    /// Name.
    pub name: Name,
    /// Fields.
    pub fields: Vec<FieldDecl>,
    /// The whole item.
    pub span: Span,
}

/// `event flight.changed newest by at { flight: Flight }`
#[derive(Clone, Debug, PartialEq)]
pub struct EventDecl {
    /// Doc comment.
    pub doc: Doc,
    /// Dotted name.
    pub name: Path,
    /// `newest by …`
    pub newest_by: Option<Path>,
    /// Fields.
    pub fields: Vec<FieldDecl>,
    /// `at most 2 per 24h else dead letter`
    pub intake: Option<IntakeDecl>,
    /// The whole item.
    pub span: Span,
}

/// How many of an event are taken in for one customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntakeDecl {
    /// How many.
    pub n: At<u32>,
    /// In which window.
    pub per: At<Window>,
    /// The whole clause.
    pub span: Span,
}

/// `message confirmation { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct MessageDecl {
    /// Doc comment.
    pub doc: Doc,
    /// Name.
    pub name: Name,
    /// What it says, in source order.
    pub items: Vec<MessageItem>,
    /// The whole item.
    pub span: Span,
}

/// A line of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum MessageItem {
    /// `purpose service`
    Purpose(At<Purpose>),
    /// `sms "…"`, `email "subject" from "mail/confirmation.md"`
    Variant(VariantDecl),
    /// `replies { change: "change" | "move" }`
    Replies(Vec<ReplyDecl>, Span),
    /// `valid for 12h`
    ValidFor(At<Millis>),
    /// `valid until booking.slot`
    ValidUntil(Expr, Span),
    /// `fresh booking within 15m by call lookup_booking(booking.id)`
    Fresh(FreshDecl),
    /// `essential at most 2 per 24h`
    Essential {
        /// How many.
        n: At<u32>,
        /// In which window.
        per: At<Window>,
        /// The whole line.
        span: Span,
    },
}

/// A message's text on a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantDecl {
    /// The channel.
    pub channel: At<Channel>,
    /// `[es]`: for whom it is, where it is for readers of one language.
    pub locale: Option<Name>,
    /// The text, or the subject line where a file holds the body.
    pub text: TemplateText,
    /// `from "mail/confirmation.md"`
    pub from: Option<Name>,
    /// The whole line.
    pub span: Span,
}

/// A quoted text with placeholders.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateText {
    /// Its parts.
    pub pieces: Vec<TemplatePiece>,
    /// The text between the quotes exactly as it stands in the source, for the formatter.
    pub raw: String,
    /// Where, with quotes.
    pub span: Span,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum TemplatePiece {
    /// Text, escapes undone.
    Text(String),
    /// `{booking.slot:day or "soon"}`
    Value {
        /// What.
        path: Path,
        /// How: the word after the colon.
        format: Option<Name>,
        /// What stands in place of a missing value.
        or: Option<String>,
        /// With braces.
        span: Span,
    },
}

/// `change: "change" | "move" | "reschedule"`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyDecl {
    /// Its name.
    pub name: Name,
    /// Texts that mean it.
    pub words: Vec<Name>,
    /// The whole.
    pub span: Span,
}

/// `fresh booking within 15m by call lookup_booking(booking.id)`
#[derive(Clone, Debug, PartialEq)]
pub struct FreshDecl {
    /// The journey's datum.
    pub datum: Name,
    /// How old it may be.
    pub within: At<Millis>,
    /// Who is asked.
    pub service: Name,
    /// With what.
    pub args: Vec<Expr>,
    /// The whole line.
    pub span: Span,
}

/// `service cancel_visit(booking: text) -> one of { done, refused }`, `service lookup_booking(id: text) -> Booking`
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceDecl {
    /// Doc comment.
    pub doc: Doc,
    /// Name.
    pub name: Name,
    /// Parameters.
    pub params: Vec<FieldDecl>,
    /// Outcomes.
    pub outcomes: Vec<Name>,
    /// The record that it returns in their place.
    pub returns: Option<Name>,
    /// The whole item.
    pub span: Span,
}

/// `journey appointment for customer per booking.id { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct JourneyDecl {
    /// Doc comment.
    pub doc: Doc,
    /// Name.
    pub name: Name,
    /// `per booking.id`
    pub key: Option<Path>,
    /// What it says, in source order.
    pub items: Vec<JourneyItem>,
    /// From `journey` to before the brace.
    pub head: Span,
    /// The whole item.
    pub span: Span,
}

/// A line or block of a journey.
#[derive(Clone, Debug, PartialEq)]
pub enum JourneyItem {
    /// `data booking: Booking`
    Data(FieldDecl),
    /// `limit …`
    Limit(LimitDecl),
    /// `start on booking.created(booking) -> booked`
    Start(StartDecl),
    /// `on …`, for every state
    Arrow(ArrowDecl),
    /// `state waiting { … }`
    State(StateDecl),
    /// `end visited as success`
    End(EndDecl),
    /// `goal …`
    Goal(GoalDecl),
}

/// `goal confirmed`, `goal no booking.called within 7d`
#[derive(Clone, Debug, PartialEq)]
pub struct GoalDecl {
    /// What is to come, or not to come.
    pub what: GoalWhatDecl,
    /// The whole line.
    pub span: Span,
}

/// What a goal is about.
#[derive(Clone, Debug, PartialEq)]
pub enum GoalWhatDecl {
    /// A state or an end.
    Reach(Name),
    /// `no EVENT within D`, after the end.
    Silence {
        /// The event.
        event: Path,
        /// How long after the end.
        within: At<Millis>,
    },
}

/// `start on booking.created(booking) -> booked`
#[derive(Clone, Debug, PartialEq)]
pub struct StartDecl {
    /// The event.
    pub event: Path,
    /// Its fields taken over.
    pub take: Vec<Name>,
    /// `when …`
    pub when: Option<CondDecl>,
    /// Where it begins.
    pub to: Name,
    /// The whole line.
    pub span: Span,
}

/// `state waiting { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct StateDecl {
    /// Doc comment.
    pub doc: Doc,
    /// Name.
    pub name: Name,
    /// What it does and waits for, in source order.
    pub items: Vec<StateItem>,
    /// The whole block.
    pub span: Span,
}

/// A line of a state.
#[derive(Clone, Debug, PartialEq)]
pub enum StateItem {
    /// `send …`, `handoff …`, `set …`
    Action(ActionDecl),
    /// `call …`
    Call(CallDecl),
    /// `-> S`
    Next(Name, Span),
    /// `choose …`
    Choose(ChooseDecl),
    /// `split by customer …`
    Split(SplitDecl),
    /// `on …`, `after …`, `at …`
    Arrow(ArrowDecl),
}

/// `end visited as success`
#[derive(Clone, Debug, PartialEq)]
pub struct EndDecl {
    /// Doc comment.
    pub doc: Doc,
    /// Name.
    pub name: Name,
    /// How it ended.
    pub kind: At<EndKind>,
    /// The whole line.
    pub span: Span,
}

/// `on … -> S`, `on … stay { … }`, `after 12h -> S`, `at T -> S, if past -> S`
#[derive(Clone, Debug, PartialEq)]
pub struct ArrowDecl {
    /// What it waits for.
    pub on: TriggerDecl,
    /// `when …`
    pub when: Option<CondDecl>,
    /// What it does.
    pub then: ThenDecl,
    /// The whole line.
    pub span: Span,
}

/// What an arrow waits for.
#[derive(Clone, Debug, PartialEq)]
pub enum TriggerDecl {
    /// `on booking.rescheduled(booking) settle 15m`
    Event {
        /// The event.
        event: Path,
        /// Its fields taken over.
        take: Vec<Name>,
        /// `settle 15m`
        settle: Option<At<Millis>>,
    },
    /// `on reply`, `on reply change`
    Reply(Option<Name>),
    /// `on handoff.closed`
    HandoffClosed,
    /// `on blocked`
    Blocked,
    /// `on failed`
    Failed,
    /// `on opt out`
    OptOut,
    /// `after 12h`
    After(At<Millis>),
    /// `after 1 day at 09:00`
    AfterDays {
        /// How many days.
        days: At<u32>,
        /// Minute of the day.
        at: At<u16>,
        /// Both, as written.
        span: Span,
    },
    /// `at booking.slot - 1d … , if past …`
    At {
        /// The instant.
        at: Expr,
        /// `if past …`; its absence is a finding.
        if_past: Option<ThenDecl>,
    },
}

/// What an arrow does.
#[derive(Clone, Debug, PartialEq)]
pub enum ThenDecl {
    /// `-> S`
    Goto(Name, Span),
    /// `stay`, `stay { … }`
    Stay(Vec<ActionDecl>, Span),
}

/// `send …`, `handoff …` or `set …`
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // nearly every action is a `send`: a box would cost more than it saves
pub enum ActionDecl {
    /// `send …`
    Send(SendDecl),
    /// `handoff "queue" with transcript`
    Handoff {
        /// The queue.
        queue: Name,
        /// `with transcript`
        transcript: bool,
        /// The whole.
        span: Span,
    },
    /// `set booking.engineer = "nobody"`
    Set {
        /// What.
        target: Path,
        /// Its new value; none for `missing`.
        value: Option<Expr>,
        /// The whole.
        span: Span,
    },
}

/// `send welcome via sms else email promising boarding_call by T { on blocked -> S }`
#[derive(Clone, Debug, PartialEq)]
pub struct SendDecl {
    /// The message.
    pub message: Name,
    /// `via sms else email`
    pub via: Vec<At<Channel>>,
    /// `promising NAME by EXPR` or `within D`
    pub promising: Option<PromiseDecl>,
    /// `keeping NAME`
    pub keeping: Option<Name>,
    /// `withdrawing NAME`
    pub withdrawing: Option<Name>,
    /// `{ on blocked -> S }`
    pub on_blocked: Option<ThenDecl>,
    /// `{ on failed -> S }`
    pub on_failed: Option<ThenDecl>,
    /// The whole.
    pub span: Span,
}

/// A promise and its deadline.
#[derive(Clone, Debug, PartialEq)]
pub struct PromiseDecl {
    /// Its name.
    pub name: Name,
    /// When it is due.
    pub deadline: DeadlineDecl,
    /// From `promising` on.
    pub span: Span,
}

/// When a promise is due.
#[derive(Clone, Debug, PartialEq)]
pub enum DeadlineDecl {
    /// `by flight.departs - 20m`
    By(Expr),
    /// `within 2h`
    Within(At<Millis>),
}

/// `call cancel_visit(booking.id) within 30s { done -> …  refused -> …  failed -> … }`
#[derive(Clone, Debug, PartialEq)]
pub struct CallDecl {
    /// The service.
    pub service: Name,
    /// Arguments.
    pub args: Vec<Expr>,
    /// How long an answer is waited for.
    pub within: At<Millis>,
    /// Outcomes and their states, in source order.
    pub outcomes: Vec<(Name, Name)>,
    /// The whole block.
    pub span: Span,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it says.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

/// What an expression says.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `booking.slot`
    Path(Path),
    /// `"B1"`
    Text(String),
    /// `12`, `3.5`
    Number(String),
    /// `true`, `false`
    Bool(bool),
    /// `15m`
    Duration(Millis),
    /// `2026-03-20`
    Date(String),
    /// `2026-03-20 09:00`: local time of the customer's zone
    DateTime(String),
    /// `{ id: "B1", slot: … }`; only in scenarios
    Record(Vec<(Name, Expr)>),
    /// `["America/Chicago", "America/New_York"]`; only in scenarios
    Texts(Vec<Name>),
    /// `a + b`, `a - b`
    Add {
        /// The left side.
        left: Box<Expr>,
        /// The right side: a duration, or `n days`.
        right: Box<Expr>,
        /// Whether it is a minus.
        minus: bool,
    },
    /// `3 days`, `1 day at 09:00`: calendar days; and in scenarios `n days`, `n minutes`
    Amount {
        /// A number, or a counter's name.
        number: Box<Expr>,
        /// `days`, `hours`, `minutes`, `seconds` (or singular).
        unit: Name,
        /// `at 09:00`: minute of the day.
        at: Option<At<u16>>,
    },
}
