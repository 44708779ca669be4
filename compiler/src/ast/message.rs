//! Messages, as they stand in a file.

use journey_spec::program::{Channel, Millis, Purpose, Window};

use super::{At, Doc, Expr, Name, Path};
use crate::source::Span;

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
