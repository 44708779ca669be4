//! Policies, limits and their fates, as they stand in a file.

use journey_spec::program::{Channel, Millis, Purpose, Requirement, Weekday, Window};

use super::{At, Doc, Name, Path};
use crate::source::Span;

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
        /// When.
        when: QuietWhen,
        /// For which purposes; none means all.
        purposes: Vec<At<Purpose>>,
        /// What happens.
        fate: FateDecl,
        /// `because "…"`: the law or the reason.
        because: Option<Name>,
        /// The whole line.
        span: Span,
    },
    /// `quiet 7d after debt.talked per debt.id for debt voice else skip`
    QuietAfter(QuietAfterDecl),
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
    StopAnswers {
        /// The text.
        text: Name,
        /// `[es]`: for whom it is.
        locale: Option<Name>,
        /// The whole line.
        span: Span,
    },
    /// `locale en-GB`
    Locale(Name, Span),
}

/// When it is quiet.
#[derive(Clone, Debug, PartialEq)]
pub enum QuietWhen {
    /// `21:00 to 08:00`, every day; minutes of the day.
    Hours(At<u16>, At<u16>),
    /// `saturday, sunday`, from midnight to midnight.
    Days(Vec<At<Weekday>>),
}

/// `quiet 7d after debt.talked per debt.id for debt voice else skip`
#[derive(Clone, Debug, PartialEq)]
pub struct QuietAfterDecl {
    /// How long it is quiet.
    pub lasts: At<Millis>,
    /// The event that begins it.
    pub event: Path,
    /// `per debt.id`
    pub key: Option<Path>,
    /// Which messages keep it; none means all.
    pub sorts: Vec<SortDecl>,
    /// `else …`
    pub fate: FateDecl,
    /// `because "…"`: the law or the reason.
    pub because: Option<Name>,
    /// The whole line.
    pub span: Span,
}

/// `debt voice`, `marketing messages`, `sms`
#[derive(Clone, Debug, PartialEq)]
pub struct SortDecl {
    /// Only this channel.
    pub channel: Option<At<Channel>>,
    /// Only this purpose.
    pub purpose: Option<At<Purpose>>,
    /// As it stands.
    pub span: Span,
}

/// `limit visits moved to 3 per 7d else -> agent`
#[derive(Clone, Debug, PartialEq)]
pub struct LimitDecl {
    /// What is counted.
    pub what: LimitWhatDecl,
    /// How many.
    pub n: At<u32>,
    /// `per 24h`, `per day`
    pub per: Option<At<Window>>,
    /// `per account.id`
    pub key: Option<Path>,
    /// `per customer`
    pub per_customer: Option<Span>,
    /// `else …`
    pub fate: FateDecl,
    /// `because "…"`: the law or the reason.
    pub because: Option<Name>,
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
