//! Scenarios, as they stand in a file.

use journey_spec::program::{Channel, Millis};

use super::{At, Doc, Expr, MockJudgement, Name, Path};
use crate::source::Span;

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
    /// `mock call cancel_visit -> refused`, `mock call lookup_booking -> { id: "B1", slot: … }`
    MockCall {
        /// The service.
        service: Name,
        /// What it answers from here on.
        answer: MockAnswer,
    },
    /// `mock hook triage -> severe`, `mock hook triage fails`
    MockHook {
        /// The hook.
        hook: Name,
        /// What it says from here on.
        answer: MockJudgement,
    },
    /// `mock split release -> wave_1`: the customer is one who goes that way.
    MockSplit {
        /// The state that splits.
        state: Name,
        /// Where the customer goes.
        to: Name,
    },
    /// `channel sms fails once`, `channel sms fails 3 times`
    ChannelFails {
        /// Which.
        channel: At<Channel>,
        /// How often.
        times: u32,
    },
    /// `pause sms for 3h`
    Pause {
        /// Which channel.
        channel: At<Channel>,
        /// For how long, from now.
        during: At<Millis>,
    },
    /// `never sms between 21:00 and 08:00`, `never messages between …`: over the whole scenario
    Never {
        /// Only on this channel.
        channel: Option<At<Channel>>,
        /// Minute of the day.
        from: At<u16>,
        /// Minute of the day.
        to: At<u16>,
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
        /// `saying "at 09:00"`: these words stand in its text.
        saying: Option<Name>,
    },
    /// `expect no message`: none since the line before that did something; `expect no moved_notice`, `expect no sms` likewise.
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
    /// `expect refused usage.spike`
    Refused(Path),
    /// `expect promise boarding_call kept` (`made`, `kept`, `withdrawn`, `broken`, `void`)
    Promise {
        /// Which.
        name: Name,
        /// What became of it.
        fate: Name,
    },
    /// `expect booking.slot 2026-07-29 09:00`, `expect said missing`
    Data {
        /// The datum of the newest instance.
        path: Path,
        /// Its value; none where it is to be missing.
        value: Option<Expr>,
    },
}

/// What a mocked service answers.
#[derive(Clone, Debug, PartialEq)]
pub enum MockAnswer {
    /// An outcome, or `failed`.
    Outcome(Name),
    /// A record.
    Record(Vec<(Name, Expr)>, Span),
}
