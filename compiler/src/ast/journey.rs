//! Journeys, as they stand in a file: states, arrows, and what is done.

use journey_spec::program::{Channel, EndKind, Millis};

use super::{At, ChooseDecl, CondDecl, Doc, Expr, FieldDecl, LimitDecl, Name, Path, PriorityDecl, SetTo, SplitDecl};
use crate::source::Span;

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
    /// `migrate from …`
    Migrate(MigrateDecl),
}

/// `migrate from "3f2a9c41" { tomorrow -> soon … }`, `migrate from any { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct MigrateDecl {
    /// The first digits of the older version's hash; none for `any`.
    pub from: Option<Name>,
    /// Where its states go on, in source order.
    pub moves: Vec<MoveDecl>,
    /// From `migrate` to before the brace.
    pub head: Span,
    /// The whole block.
    pub span: Span,
}

/// `tomorrow -> soon`: a state of the older version, and one of this.
#[derive(Clone, Debug, PartialEq)]
pub struct MoveDecl {
    /// The older version's state.
    pub from: Name,
    /// Where it goes on.
    pub to: Name,
    /// The whole line.
    pub span: Span,
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
    /// `handoff "queue" with transcript, visit.page priority 2`
    Handoff {
        /// The queue.
        queue: Name,
        /// `with transcript`
        transcript: bool,
        /// `with visit.page`: data that go along.
        carried: Vec<Expr>,
        /// `priority 2`
        priority: Option<PriorityDecl>,
        /// The whole.
        span: Span,
    },
    /// `set booking.engineer = "nobody"`
    Set {
        /// What.
        target: Path,
        /// Its new value.
        to: SetTo,
        /// The whole.
        span: Span,
    },
}

/// `send welcome via sms else email promising boarding_call by T { on sent set said = T  on blocked -> S }`
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
    /// `{ on sent set said = outage.back_by }`: each an [`ActionDecl::Set`], in source order.
    pub on_sent: Vec<ActionDecl>,
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
