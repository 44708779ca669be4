//! Conditions, and where a state goes on at once.

use super::{Expr, Name, OfDecl};
use crate::source::Span;

/// `when CONDITION`, without the word.
#[derive(Clone, Debug, PartialEq)]
pub struct CondDecl {
    /// What it says.
    pub kind: CondKind,
    /// Where.
    pub span: Span,
}

/// What a condition says.
#[derive(Clone, Debug, PartialEq)]
pub enum CondKind {
    /// `booking.slot > now + 2h`
    Compare {
        /// The left side.
        left: Expr,
        /// How.
        by: CmpDecl,
        /// The right side.
        right: Expr,
    },
    /// A bool by itself.
    Value(Expr),
    /// `booking.engineer is known`, `is missing`
    Known {
        /// What.
        of: Expr,
        /// `known`, or else `missing`.
        known: bool,
    },
    /// `not …`
    Not(Box<CondDecl>),
    /// `… and …`; no part is one itself.
    All(Vec<CondDecl>),
    /// `… or …`; no part is one itself.
    Any(Vec<CondDecl>),
}

/// A comparison as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CmpDecl {
    /// `is`
    Is,
    /// `is not`
    IsNot,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

impl CmpDecl {
    /// As it is written.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            CmpDecl::Is => "is",
            CmpDecl::IsNot => "is not",
            CmpDecl::Less => "<",
            CmpDecl::AtMost => "<=",
            CmpDecl::More => ">",
            CmpDecl::AtLeast => ">=",
        }
    }
}

/// `choose … { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct ChooseDecl {
    /// `choose booking.kind`, `choose triage(complaint)`; none for `choose { when … }`.
    pub of: Option<OfDecl>,
    /// Its ways, in source order.
    pub ways: Vec<WayDecl>,
    /// From `choose` to before the brace.
    pub head: Span,
    /// The whole block.
    pub span: Span,
}

/// A way of a `choose`.
#[derive(Clone, Debug, PartialEq)]
pub struct WayDecl {
    /// When it is taken.
    pub on: WayOn,
    /// Where it leads.
    pub to: Name,
    /// The whole line.
    pub span: Span,
}

/// When a way of a `choose` is taken.
#[derive(Clone, Debug, PartialEq)]
pub enum WayOn {
    /// `repair -> S`
    Name(Name),
    /// `when C -> S`
    When(CondDecl),
    /// `else -> S`
    Else,
}

/// `split by customer { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct SplitDecl {
    /// Parts of a hundred and where they lead, in source order.
    pub ways: Vec<(super::At<u32>, Name)>,
    /// From `split` to before the brace.
    pub head: Span,
    /// The whole block.
    pub span: Span,
}
