//! One pass over the bytes before the grammar: comments, blanks, and the depth of nesting.
//!
//! It knows no more of the language than what a text and a comment are, exactly as the grammar has it (`string`,
//! `fallback`, `unclosed_string`, `COMMENT`).

use crate::ast::Comment;
use crate::parse::MAX_NESTING;
use crate::source::{FileId, Span};

/// What the pass found.
pub(super) struct Scan {
    /// All comments, doc comments too, in order.
    pub(super) comments: Vec<Comment>,
    /// Where a brace or parenthesis goes too deep.
    pub(super) too_deep: Option<u32>,
    /// Runs of blanks and comments, in order, half-open.
    trivia: Vec<(u32, u32)>,
}

impl Scan {
    /// `end`, moved before the blanks and comments in front of it, but never before `start`.
    pub(super) fn trimmed(&self, start: u32, end: u32) -> u32 {
        let index = self.trivia.partition_point(|(from, _)| *from < end);
        match index.checked_sub(1).and_then(|i| self.trivia.get(i)) {
            Some((from, to)) if end <= *to => (*from).max(start),
            _ => end,
        }
    }
}

pub(super) fn scan(file: FileId, text: &str) -> Scan {
    let bytes = text.as_bytes();
    let byte = |i: usize| bytes.get(i).copied();
    let mut scan = Scan { comments: Vec::new(), too_deep: None, trivia: Vec::new() };
    let mut depth = 0_u32;
    let mut line_is_blank = true;
    let mut i = 0;
    while let Some(b) = byte(i) {
        let from = i;
        match b {
            b' ' | b'\t' | b'\r' | b'\n' => {
                line_is_blank |= b == b'\n';
                i += 1;
                scan.trivium(from, i);
            }
            0xEF if bytes.get(i..i + 3) == Some(b"\xEF\xBB\xBF".as_slice()) => {
                i += 3;
                scan.trivium(from, i);
            }
            b'/' if byte(i + 1) == Some(b'/') => {
                i += bytes.get(i..).and_then(|rest| rest.iter().position(|b| *b == b'\n')).unwrap_or(bytes.len() - i);
                scan.trivium(from, i);
                let comment = text.get(from..i).unwrap_or("").trim_end();
                let span = Span { file, start: from as u32, end: (from + comment.len()) as u32 };
                scan.comments.push(Comment { text: comment.into(), span, own_line: line_is_blank });
            }
            _ => {
                line_is_blank = false;
                match b {
                    b'"' => i = after_text(bytes, i),
                    b'{' | b'(' => {
                        depth += 1;
                        i += 1;
                        if depth > MAX_NESTING && scan.too_deep.is_none() {
                            scan.too_deep = Some(from as u32);
                        }
                    }
                    b'}' | b')' => {
                        depth = depth.saturating_sub(1);
                        i += 1;
                    }
                    _ => i += 1,
                }
            }
        }
    }
    scan
}

impl Scan {
    fn trivium(&mut self, from: usize, to: usize) {
        match self.trivia.last_mut() {
            Some((_, end)) if *end == from as u32 => *end = to as u32,
            _ => self.trivia.push((from as u32, to as u32)),
        }
    }
}

/// The byte after the text that opens at `i`; the line's end where it is not closed.
pub(super) fn after_text(bytes: &[u8], i: usize) -> usize {
    let mut at = i + 1;
    loop {
        match bytes.get(at) {
            None | Some(b'\n' | b'\r') => return at,
            Some(b'"') => return at + 1,
            Some(b'\\') => at += if matches!(bytes.get(at + 1), None | Some(b'\n' | b'\r')) { 1 } else { 2 },
            Some(b'{') => at = after_fallback(bytes, at).unwrap_or(at + 1),
            Some(_) => at += 1,
        }
    }
}

/// Whether the text that opens at `i` is closed on its line.
pub(super) fn is_closed(bytes: &[u8], i: usize) -> bool {
    let end = after_text(bytes, i);
    // the byte before the end is the closing quote, unless the text is nothing but its opening one
    end >= i + 2 && bytes.get(end - 1) == Some(&b'"') && !ends_escaped(bytes, i, end)
}

fn ends_escaped(bytes: &[u8], i: usize, end: usize) -> bool {
    let body = bytes.get(i + 1..end.saturating_sub(1)).unwrap_or_default();
    body.iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1
}

/// The byte after a placeholder with a fallback, `{engineer or "somebody"}`, that opens at `i`.
fn after_fallback(bytes: &[u8], i: usize) -> Option<usize> {
    let blanks = |from: usize| from + count(bytes, from, |b| matches!(b, b' ' | b'\t'));
    let path = blanks(i + 1);
    let path_end = path + count(bytes, path, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':'));
    let or = blanks(path_end);
    if path_end == path || or == path_end || bytes.get(or..or + 2)? != b"or" {
        return None;
    }
    let mut at = blanks(or + 2);
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    at += 1;
    loop {
        match bytes.get(at)? {
            b'\n' | b'\r' => return None,
            b'"' => break,
            b'\\' if matches!(bytes.get(at + 1)?, b'\n' | b'\r') => return None,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    let brace = blanks(at + 1);
    (bytes.get(brace) == Some(&b'}')).then_some(brace + 1)
}

fn count(bytes: &[u8], from: usize, fits: impl Fn(u8) -> bool) -> usize {
    bytes.get(from..).unwrap_or_default().iter().take_while(|b| fits(**b)).count()
}

/// The braces outside texts and comments, by their opening: `(open, close)`.
pub(crate) fn braces(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let (mut pairs, mut open) = (Vec::new(), Vec::new());
    let mut i = 0;
    while let Some(b) = bytes.get(i) {
        match b {
            b'"' => i = after_text(bytes, i),
            b'/' if bytes.get(i + 1) == Some(&b'/') => i += count(bytes, i, |b| b != b'\n'),
            b'{' => {
                open.push(i);
                i += 1;
            }
            b'}' => {
                pairs.extend(open.pop().map(|open| (open, i)));
                i += 1;
            }
            _ => i += 1,
        }
    }
    pairs.sort_unstable();
    pairs
}
