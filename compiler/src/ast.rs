//! The tree of one file: what stands there, with its place, in source order. Names are not resolved.
//!
//! Every node knows its [`Span`]. Blocks keep their items in the order of the text, so that the formatter can print
//! them back; comments are kept beside the tree in [`File::comments`].

use journey_spec::program::{Channel, EndKind, Millis, Purpose, Requirement};

use crate::source::Span;

/// One file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// Its items.
    pub items: Vec<Item>,
    /// Its plain comments (`// …`), in order. Doc comments (`/// …`) belong to the item below them.
    pub comments: Vec<Comment>,
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
}

/// `slot: instant`
#[derive(Clone, Debug, PartialEq)]
pub struct FieldDecl {
    /// Name.
    pub name: Name,
    /// Type.
    pub ty: TypeRef,
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
    /// The whole item.
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
    /// `essential at most 2 per 24h`
    Essential {
        /// How many.
        n: At<u32>,
        /// In which window.
        per: At<Millis>,
        /// The whole line.
        span: Span,
    },
}

/// A message's text on a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantDecl {
    /// The channel.
    pub channel: At<Channel>,
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

/// `service cancel_visit(booking: text) -> one of { done, refused }`
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
    /// The whole item.
    pub span: Span,
}

/// `policy house { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyDecl {
    /// Doc comment.
    pub doc: Doc,
    /// Name.
    pub name: Name,
    /// Its rules, in source order.
    pub items: Vec<PolicyItem>,
    /// The whole item.
    pub span: Span,
}

/// A rule of a policy.
#[derive(Clone, Debug, PartialEq)]
pub enum PolicyItem {
    /// `limit messages to 6 per 24h else latest`
    Limit(LimitDecl),
    /// `quiet 21:00 to 08:00 for service, marketing else defer`
    Quiet {
        /// Minute of the day.
        from: At<u16>,
        /// Minute of the day.
        to: At<u16>,
        /// For which purposes; none means all.
        purposes: Vec<At<Purpose>>,
        /// What happens.
        fate: FateDecl,
        /// The whole line.
        span: Span,
    },
    /// `valid for 12h`
    ValidFor(At<Millis>),
    /// `grace 15m`
    Grace(At<Millis>),
    /// `reply window 7d`
    ReplyWindow(At<Millis>),
    /// `after the end, replies -> handoff "care"`
    AfterEnd {
        /// The queue.
        queue: Name,
        /// The whole line.
        span: Span,
    },
    /// `require handoff, reply handling, timeout`
    Require(Vec<At<Requirement>>, Span),
    /// `stop spares safety`
    StopSpares(Vec<At<Purpose>>, Span),
    /// `stop answers "…"`
    StopAnswers(Name, Span),
}

/// `limit visits moved to 3 per 7d else -> agent`
#[derive(Clone, Debug, PartialEq)]
pub struct LimitDecl {
    /// What is counted.
    pub what: LimitWhatDecl,
    /// How many.
    pub n: At<u32>,
    /// `per 24h`
    pub per: Option<At<Millis>>,
    /// `per account.id`
    pub key: Option<Path>,
    /// `per customer`
    pub per_customer: Option<Span>,
    /// `else …`
    pub fate: FateDecl,
    /// The whole line.
    pub span: Span,
}

/// What a limit counts.
#[derive(Clone, Debug, PartialEq)]
pub enum LimitWhatDecl {
    /// `messages`, `sms`, `marketing messages`, `debt voice`
    Messages {
        /// Only this channel.
        channel: Option<At<Channel>>,
        /// Only this purpose.
        purpose: Option<At<Purpose>>,
    },
    /// `starts`
    Starts(Span),
    /// `live`
    Live(Span),
    /// `visits STATE`
    Visits(Name),
}

/// What happens to one too many.
#[derive(Clone, Debug, PartialEq)]
pub struct FateDecl {
    /// What.
    pub kind: FateKind,
    /// Where.
    pub span: Span,
}

/// What happens to one too many.
#[derive(Clone, Debug, PartialEq)]
pub enum FateKind {
    /// `defer`
    Defer,
    /// `latest`
    Latest,
    /// `skip`
    Skip,
    /// `handoff "queue"`
    Handoff(Name),
    /// `-> state`
    Goto(Name),
    /// `end`
    End,
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
}

/// `start on booking.created(booking) -> booked`
#[derive(Clone, Debug, PartialEq)]
pub struct StartDecl {
    /// The event.
    pub event: Path,
    /// Its fields taken over.
    pub take: Vec<Name>,
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
    /// `send …`, `handoff …`
    Action(ActionDecl),
    /// `call …`
    Call(CallDecl),
    /// `-> S`
    Next(Name, Span),
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

/// `send …` or `handoff …`
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
    /// `a + b`, `a - b`
    Add {
        /// The left side.
        left: Box<Expr>,
        /// The right side: a duration, or `n days`.
        right: Box<Expr>,
        /// Whether it is a minus.
        minus: bool,
    },
    /// `3 days`, `n days`, `n minutes`: calendar days, or elapsed time; only in scenarios
    Amount {
        /// A number, or a counter's name.
        number: Box<Expr>,
        /// `days`, `hours`, `minutes`, `seconds` (or singular).
        unit: Name,
    },
}

/// `scenario "…" for appointment { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioDecl {
    /// Doc comment.
    pub doc: Doc,
    /// Its title.
    pub title: Name,
    /// The journey it is about.
    pub journey: Name,
    /// Lines, in source order.
    pub lines: Vec<ScenarioLine>,
    /// The whole block.
    pub span: Span,
}

/// A line of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioLine {
    /// What it does or expects.
    pub kind: ScenarioLineKind,
    /// The whole line.
    pub span: Span,
}

/// What a scenario's line does or expects.
#[derive(Clone, Debug, PartialEq)]
pub enum ScenarioLineKind {
    /// `given customer { first_name: "Victoria", … }`
    Given(Vec<(Name, Expr)>),
    /// `at 2026-03-02 10:00 LINE`, or alone on its line: moves the clock there first
    At(Expr, Option<Box<ScenarioLine>>),
    /// `advance 2d`
    Advance(At<Millis>),
    /// `event booking.created { booking: { … } }`, with `happened 2026-03-02 09:58` for late news
    Event {
        /// Which.
        event: Path,
        /// Its data.
        data: Vec<(Name, Expr)>,
        /// When it happened, where that is not now.
        happened: Option<Expr>,
    },
    /// `repeat 131 every 1m as n { … }`
    Repeat {
        /// How often.
        times: At<u32>,
        /// How far apart.
        every: At<Millis>,
        /// The counter, from 1.
        counter: Option<Name>,
        /// What.
        lines: Vec<ScenarioLine>,
    },
    /// `reply "thank you"`, `reply "yes" via email`
    Reply {
        /// What.
        text: Name,
        /// On which channel; `sms` where nothing is said.
        via: Option<At<Channel>>,
    },
    /// `handoff closed`, `handoff closed "scheduling"`
    HandoffClosed(Option<Name>),
    /// `opt out`, `opt out email`
    OptOut(Option<At<Channel>>),
    /// `mock call cancel_visit -> refused`
    MockCall {
        /// The service.
        service: Name,
        /// What it answers from here on.
        outcome: Name,
    },
    /// `channel sms fails once`, `channel sms fails 3 times`
    ChannelFails {
        /// Which.
        channel: At<Channel>,
        /// How often.
        times: u32,
    },
    /// `expect …`
    Expect(Expectation),
}

/// What a scenario expects.
#[derive(Clone, Debug, PartialEq)]
pub enum Expectation {
    /// `expect sms confirmation`, `expect message confirmation`: one more of it has left than earlier lines expected.
    Message {
        /// On this channel.
        channel: Option<At<Channel>>,
        /// Which.
        message: Name,
    },
    /// `expect no message`: none since the line before that did something; `expect no moved_notice` likewise.
    No(Option<Name>),
    /// `expect exactly 4 messages`, `expect at most 6 sms`: so far in the scenario.
    Count {
        /// `exactly`, or else `at most`.
        exactly: bool,
        /// How many.
        n: At<u32>,
        /// Only on this channel.
        channel: Option<At<Channel>>,
    },
    /// `expect state agent`: the newest instance is there.
    State(Name),
    /// `expect handoff "scheduling"`: an open case is there.
    Handoff(Name),
    /// `expect no handoff`: no open case.
    NoHandoff,
    /// `expect call cancel_visit`
    Call(Name),
    /// `expect blocked reminder`
    Blocked(Name),
    /// `expect promise boarding_call kept` (`made`, `kept`, `withdrawn`, `broken`, `void`)
    Promise {
        /// Which.
        name: Name,
        /// What became of it.
        fate: Name,
    },
    /// `expect booking.slot 2026-07-29 09:00`
    Data {
        /// The datum of the newest instance.
        path: Path,
        /// Its value.
        value: Expr,
    },
}
