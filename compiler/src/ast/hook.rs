//! Hooks, as they stand in a file: what is declared, and where one is asked.

use journey_spec::program::Millis;

use super::{At, Doc, Expr, FieldDecl, Name, Path};
use crate::source::Span;

/// `hook triage(complaint: Complaint) -> one of { simple, severe } from "hooks/triage.wasm" within 5ms, 16MiB on failure severe`
#[derive(Clone, Debug, PartialEq)]
pub struct HookDecl {
    /// Doc comment.
    pub doc: Doc,
    /// Name.
    pub name: Name,
    /// Parameters.
    pub params: Vec<FieldDecl>,
    /// What it may say.
    pub answers: AnswersDecl,
    /// `from "hooks/triage.wasm"`
    pub from: Name,
    /// `up to 20MiB`: how large the module may be.
    pub largest: Option<At<u32>>,
    /// `within 5ms`
    pub within: Option<At<Millis>>,
    /// `within 16MiB`
    pub memory: Option<At<u32>>,
    /// `on failure severe`
    pub on_failure: JudgementDecl,
    /// The whole item.
    pub span: Span,
}

/// What a hook may say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswersDecl {
    /// `one of { simple, severe }`
    OneOf(Vec<Name>),
    /// `number`
    Number,
    /// `verdicts`
    Verdicts,
    /// `data`
    Data,
}

/// What a hook says, or what its failure counts as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JudgementDecl {
    /// `severe`; `accept` or `refuse` of a hook that is asked about events.
    Outcome(Name),
    /// `0.5`, as written.
    Number(Name),
}

impl JudgementDecl {
    /// As it is written.
    #[must_use]
    pub fn written(&self) -> &Name {
        match self {
            JudgementDecl::Outcome(name) | JudgementDecl::Number(name) => name,
        }
    }
}

/// `triage(complaint)`: a hook that is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct AskDecl {
    /// The hook.
    pub hook: Name,
    /// Arguments.
    pub args: Vec<Expr>,
    /// The whole.
    pub span: Span,
}

/// What a `choose` goes by.
#[derive(Clone, Debug, PartialEq)]
pub enum OfDecl {
    /// `choose booking.kind`
    Path(Path),
    /// `choose triage(complaint)`
    Hook(AskDecl),
}

/// What a datum is set to.
#[derive(Clone, Debug, PartialEq)]
pub enum SetTo {
    /// `missing`
    Missing,
    /// A value.
    Value(Expr),
    /// `risk(complaint, 3)`
    Hook(AskDecl),
}

/// `priority 2`, `priority complaint.urgency`, `priority triage(complaint)`
#[derive(Clone, Debug, PartialEq)]
pub enum PriorityDecl {
    /// A number, or a path.
    Value(Expr),
    /// What a hook says.
    Hook(AskDecl),
}

/// What a mocked hook says.
#[derive(Clone, Debug, PartialEq)]
pub enum MockJudgement {
    /// `-> severe`, `-> 0.7`
    Says(JudgementDecl),
    /// `-> { reading: { … } }`, and the braces' place.
    Gives(Vec<(Name, Expr)>, Span),
    /// `fails`
    Fails,
}
