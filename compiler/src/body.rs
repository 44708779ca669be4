//! Texts of e-mails that stand in files of their own: plain text with placeholders.
//!
//! Only braces mean something there: `{booking.slot:day or "soon"}` is a value, `\{` and `\}` are braces. Whatever else
//! stands in the file, Markdown's own backslashes included, is sent as it is.

use journey_spec::codes;

use crate::ast::{Name, Path, TemplatePiece, TemplateText};
use crate::diagnostics::Finding;
use crate::source::{FileId, Span};

/// Reads a text file as a template. Never fails: what cannot be read costs one finding.
pub(crate) fn template(file: FileId, text: &str) -> (TemplateText, Vec<Finding>) {
    let whole = Span { file, start: 0, end: text.len() as u32 };
    let mut pieces = Vec::new();
    let mut findings = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}', '\\']) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let start = whole.end - from.len() as u32;
        if let Some(brace) = ['{', '}'].into_iter().find(|b| from.strip_prefix('\\').is_some_and(|r| r.starts_with(*b)))
        {
            plain.push(brace);
            rest = from.get(2..).unwrap_or("");
        } else if from.starts_with('{') {
            // A placeholder does not go over its line, nor holds another one.
            let end =
                from.char_indices().skip(1).find(|(_, c)| matches!(c, '{' | '}' | '\n')).map(|(i, c)| (i, c == '}'));
            let (length, closed) = match end {
                Some((i, true)) => (i + 1, true),
                Some((i, false)) => (i, false),
                None => (from.len(), false),
            };
            let (placeholder, after) = from.split_at(length);
            let span = Span { start, end: start + length as u32, ..whole };
            match closed.then(|| inside(placeholder, span)).flatten() {
                Some(value) => {
                    if !plain.is_empty() {
                        pieces.push(TemplatePiece::Text(std::mem::take(&mut plain)));
                    }
                    pieces.push(value);
                }
                None => {
                    findings.push(unreadable(span, closed));
                    plain.push_str(placeholder);
                }
            }
            rest = after;
        } else {
            if from.starts_with('}') {
                let span = Span { start, end: start + 1, ..whole };
                findings.push(
                    Finding::new(&codes::J0112, span, "customers would read a stray `}`: it closes no placeholder")
                        .help("write `\\}` for a brace in a text"),
                );
            }
            plain.push_str(from.get(..1).unwrap_or(""));
            rest = from.get(1..).unwrap_or("");
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(TemplatePiece::Text(plain));
    }
    (TemplateText { pieces, raw: text.into(), span: whole }, findings)
}

fn unreadable(span: Span, closed: bool) -> Finding {
    let finding = Finding::new(&codes::J0112, span, "customers would read this as it stands: it is no placeholder");
    if closed {
        finding.help("write a datum, such as `{booking.slot:day or \"soon\"}`, or `\\{` for a brace")
    } else {
        finding.label("no `}` follows on this line").help("close it with `}`, or write `\\{` for a brace in a text")
    }
}

/// `{path}`, `{path:format}`, `{path:format or "text"}`.
fn inside(placeholder: &str, span: Span) -> Option<TemplatePiece> {
    let inner = placeholder.strip_prefix('{')?.strip_suffix('}')?;
    let (value, or) = match inner.split_once(char::is_whitespace) {
        Some((value, rest)) if !value.is_empty() && !rest.trim().is_empty() => {
            let text = rest.trim().strip_prefix("or")?.trim_start().strip_prefix('"')?.strip_suffix('"')?;
            (value, Some(text.replace("\\\"", "\"")))
        }
        _ => (inner.trim(), None),
    };
    let offset = span.start + placeholder.find(value)? as u32;
    let (path, format) = match value.split_once(':') {
        Some((path, format)) => (path, Some(format)),
        None => (value, None),
    };
    let mut at = offset;
    let mut parts = Vec::new();
    for part in path.split('.') {
        parts.push(name(part, at, span)?);
        at += part.len() as u32 + 1;
    }
    let path = Path { parts, span: Span { start: offset, end: offset + path.len() as u32, ..span } };
    let format = match format {
        Some(format) => Some(name(format, at, span)?),
        None => None,
    };
    Some(TemplatePiece::Value { path, format, or, span })
}

fn name(text: &str, start: u32, span: Span) -> Option<Name> {
    let first = text.chars().next()?;
    let sound =
        (first.is_ascii_alphabetic() || first == '_') && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    sound.then(|| Name { text: text.into(), span: Span { start, end: start + text.len() as u32, ..span } })
}
