//! Findings as data, for editors and other tools.

use serde::Serialize;

use super::Finding;
use crate::source::{SourceMap, Span};

/// A finding as a tool reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// `J0201`.
    pub code: &'static str,
    /// `event-loop`.
    pub name: &'static str,
    /// `error` or `warning`.
    pub level: &'static str,
    /// What could happen to a customer, or what is wrong.
    pub message: String,
    /// The primary place.
    #[serde(flatten)]
    pub place: Place,
    /// All places, the primary one first, each with what is said about it.
    pub labels: Vec<Note>,
    /// The shortest story that makes it happen.
    pub how: Option<String>,
    /// How to mend it.
    pub help: Option<String>,
    /// The same as edits, where they are known; all of them or none.
    pub fix: Option<Mend>,
}

/// Edits that mend a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mend {
    /// `safe`, or `look` where somebody should look at what comes of it.
    pub care: &'static str,
    /// What is put in place of what.
    pub edits: Vec<Edit>,
}

/// A part of a file and what stands there afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// What is replaced; empty for what is put in.
    #[serde(flatten)]
    pub place: Place,
    /// The new text.
    pub text: String,
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file as it was named, with `/` between folders.
    pub path: String,
    /// Its first character.
    pub start: Position,
    /// The first character after it.
    pub end: Position,
}

/// A place and what is said about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What; may be empty.
    pub text: String,
}

/// A position in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// From 0, in bytes of UTF-8.
    pub byte: u32,
}

/// The finding as data, ready for any serde format.
#[must_use]
pub fn report(finding: &Finding, sources: &SourceMap) -> Report {
    Report {
        code: finding.code.code,
        name: finding.code.name,
        level: finding.level.name(),
        message: finding.message.clone(),
        place: place(finding.span(), sources),
        labels: finding
            .labels
            .iter()
            .map(|label| Note { place: place(label.span, sources), text: label.text.clone() })
            .collect(),
        how: finding.how.clone(),
        help: finding.help.clone(),
        fix: finding.fix.as_ref().map(|fix| Mend {
            care: fix.care().name(),
            edits: fix
                .edits()
                .iter()
                .map(|edit| Edit { place: place(edit.span, sources), text: edit.text.clone() })
                .collect(),
        }),
    }
}

fn place(span: Span, sources: &SourceMap) -> Place {
    let source = sources.get(span.file);
    let position = |byte: u32| {
        let at = source.map(|s| s.line_col(byte));
        Position { line: at.map_or(1, |a| a.line), column: at.map_or(1, |a| a.column), byte }
    };
    Place {
        path: source.map(|s| s.path.clone()).unwrap_or_default(),
        start: position(span.start),
        end: position(span.end),
    }
}
