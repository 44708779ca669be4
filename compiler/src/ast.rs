//! The tree of one file: what stands there, with its place, in source order. Names are not resolved.
//!
//! Every node knows its [`Span`]. Blocks keep their items in the order of the text, so that the formatter can print
//! them back; comments are kept beside the tree in [`File::comments`].

mod condition;
mod hook;
mod journey;
mod message;
mod policy;
mod scenario;

use journey_spec::Sensitive;
use journey_spec::program::{Channel, Millis, Purpose, Window};

pub use condition::{ChooseDecl, CmpDecl, CondDecl, CondKind, SplitDecl, WayDecl, WayOn};
pub use hook::{AnswersDecl, AskDecl, HookDecl, JudgementDecl, MockJudgement, OfDecl, PriorityDecl, SetTo};
pub use journey::{
    ActionDecl, ArrowDecl, CallDecl, DeadlineDecl, EndDecl, GoalDecl, GoalWhatDecl, JourneyDecl, JourneyItem,
    MigrateDecl, MoveDecl, PromiseDecl, SendDecl, StartDecl, StateDecl, StateItem, ThenDecl, TriggerDecl,
};
pub use message::{FreshDecl, MessageDecl, MessageItem, ReplyDecl, TemplatePiece, TemplateText, VariantDecl};
pub use policy::{
    FateDecl, FateKind, LimitDecl, LimitWhatDecl, PolicyDecl, PolicyItem, QuietAfterDecl, QuietWhen, SortDecl,
};
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
    /// `hook triage(complaint: Complaint) -> one of { simple, severe } from "hooks/triage.wasm" on failure severe`
    Hook(HookDecl),
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
    /// `made by hook tidy`
    pub made_by: Option<Name>,
    /// `checked by hook plausible`
    pub checked_by: Option<Name>,
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
