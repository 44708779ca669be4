//! Lines, blocks and comments on paper.

use super::WIDTH;
use crate::ast::Comment;

/// A line, perhaps with blocks in it.
pub(super) struct Entry {
    /// Doc comment.
    pub(super) doc: Vec<String>,
    /// Whether a doc comment may stand above it.
    pub(super) documented: bool,
    /// Whether it is an `allow`: on a line of its own, right above what it stands before.
    pub(super) alone: bool,
    /// What it consists of.
    pub(super) parts: Vec<Part>,
    /// Where it begins in the source, without its doc comment.
    pub(super) start: usize,
    /// Where it ends in the source.
    pub(super) end: usize,
}

/// A part of a line.
pub(super) enum Part {
    /// Words.
    Text(String),
    /// `{ … }`
    Block(Block),
}

/// `{ … }`
pub(super) struct Block {
    /// What stands in it.
    pub(super) entries: Vec<Entry>,
    /// What separates entries on one line: `, ` or three blanks.
    pub(super) separator: &'static str,
    /// Where its braces are in the source.
    pub(super) open: usize,
    /// Where its closing brace is.
    pub(super) close: usize,
}

impl Entry {
    fn flat(&self, out: &mut String) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Block(block) if block.entries.is_empty() => out.push_str("{ }"),
                Part::Block(block) => {
                    out.push_str("{ ");
                    for (i, entry) in block.entries.iter().enumerate() {
                        if i > 0 {
                            out.push_str(block.separator);
                        }
                        entry.flat(out);
                    }
                    out.push_str(" }");
                }
            }
        }
    }

    /// Whether something in its blocks wants a line of its own.
    fn breaks(&self) -> bool {
        self.blocks().flat_map(|block| &block.entries).any(|entry| entry.alone || entry.breaks())
    }

    fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.parts.iter().filter_map(|part| if let Part::Block(block) = part { Some(block) } else { None })
    }
}

/// Prints a file.
pub(super) fn print(text: &str, entries: Vec<Entry>, comments: &[Comment]) -> String {
    let mut page = Page { text, lines: Vec::new(), comments, commented: false, slashes: false };
    page.entries(&entries, 0, 0, text.len(), true);
    let mut out = page.lines.join("\n");
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

struct Page<'a> {
    text: &'a str,
    lines: Vec<String>,
    /// Comments not printed yet.
    comments: &'a [Comment],
    /// Whether the last line ends with a comment.
    commented: bool,
    /// Whether the last line is a comment of three slashes that is no doc comment.
    slashes: bool,
}

impl<'a> Page<'a> {
    /// Prints the entries of a block, or of the file; `from` and `to` are its inside in the source.
    fn entries(&mut self, entries: &[Entry], indent: usize, from: usize, to: usize, top: bool) {
        let mut last = from;
        let mut first = true;
        let mut was_long = false;
        let mut allowed = false;
        for (i, entry) in entries.iter().enumerate() {
            let docs = self.doc_start(entry);
            self.behind(&mut last);
            // an `allow` is as far from what is above it as the item that it belongs to
            let owner = entries.iter().skip(i).find(|e| !e.alone).unwrap_or(entry);
            let long = top && self.is_long(owner, indent);
            let gap_has_blank = self.has_blank(last, docs);
            let mut forced = top && !first && !allowed && (was_long || long && !gap_has_blank);
            for comment in self.take(docs) {
                let start = comment.span.start as usize;
                self.blank(!first && !allowed && (forced || self.has_blank(last, start)));
                self.own_line(comment, indent);
                last = comment.span.end as usize;
                (first, forced) = (false, false);
            }
            let blank = !first && !allowed && (forced || self.has_blank(last, docs));
            // comments inside the entry but in none of its blocks go above it
            let inside = self.take_outside_blocks(entry);
            self.blank(blank);
            for comment in inside {
                self.own_line(comment, indent);
            }
            if entry.documented && self.slashes {
                self.blank(true);
            }
            for line in &entry.doc {
                self.push(indent, format!("/// {line}").trim_end());
            }
            let lines = self.lines.len();
            self.entry(entry, indent);
            was_long = top && self.lines.len() > lines + 1;
            last = entry.end;
            first = false;
            allowed = entry.alone;
        }
        self.behind(&mut last);
        for comment in self.take(to) {
            let start = comment.span.start as usize;
            self.blank(!first && (top && was_long || self.has_blank(last, start)));
            self.own_line(comment, indent);
            last = comment.span.end as usize;
            (first, was_long) = (false, false);
        }
    }

    fn entry(&mut self, entry: &Entry, indent: usize) {
        if !self.is_long(entry, indent) {
            let mut flat = String::new();
            entry.flat(&mut flat);
            self.push(indent, &flat);
            return;
        }
        let mut line = String::new();
        for part in &entry.parts {
            match part {
                Part::Text(text) => line.push_str(text),
                Part::Block(block) if block.entries.is_empty() && !self.holds_comment(block) => line.push_str("{ }"),
                Part::Block(block) => {
                    line.push('{');
                    self.push(indent, &line);
                    line.clear();
                    self.entries(&block.entries, indent + 1, block.open + 1, block.close, false);
                    line.push('}');
                }
            }
        }
        self.push(indent, &line);
    }

    /// Whether an entry takes more than one line.
    fn is_long(&self, entry: &Entry, indent: usize) -> bool {
        if entry.blocks().next().is_none() {
            return false;
        }
        let broken = |block: &Block| {
            let inside = self.text.get(block.open..block.close).unwrap_or("");
            if block.entries.is_empty() { self.holds_comment(block) } else { inside.contains('\n') }
        };
        if entry.blocks().any(broken) || entry.breaks() {
            return true;
        }
        let mut flat = String::new();
        entry.flat(&mut flat);
        let empty = entry.blocks().all(|block| block.entries.is_empty());
        !empty && indent * 2 + flat.chars().count() > WIDTH
    }

    fn holds_comment(&self, block: &Block) -> bool {
        let at = self.comments.partition_point(|c| (c.span.start as usize) < block.open);
        self.comments.get(at).is_some_and(|c| (c.span.start as usize) < block.close)
    }

    /// Comments that begin before a place, taken from those not printed yet.
    fn take(&mut self, before: usize) -> &'a [Comment] {
        let at = self.comments.partition_point(|c| (c.span.start as usize) < before);
        let (taken, rest) = self.comments.split_at_checked(at).unwrap_or((self.comments, &[]));
        self.comments = rest;
        taken
    }

    /// Comments inside an entry, before its first block. Odd ones behind that block stay for later.
    fn take_outside_blocks(&mut self, entry: &Entry) -> &'a [Comment] {
        self.take(entry.blocks().next().map_or(entry.end, |block| block.open))
    }

    /// A comment behind the last entry, on its source line, goes behind the last line.
    fn behind(&mut self, last: &mut usize) {
        let Some((comment, rest)) = self.comments.split_first() else { return };
        let gap = self.text.get(*last..comment.span.start as usize).unwrap_or("\n");
        if comment.own_line
            || self.commented
            || gap.contains('\n')
            || !gap.trim_matches([',', ' ', '\t', '\r']).is_empty()
        {
            return;
        }
        if let Some(line) = self.lines.last_mut().filter(|line| !line.is_empty()) {
            line.push_str("  ");
            line.push_str(&comment.text);
            self.commented = true;
            *last = comment.span.end as usize;
            self.comments = rest;
        }
    }

    fn own_line(&mut self, comment: &Comment, indent: usize) {
        self.push(indent, &comment.text);
        self.commented = true;
        self.slashes = comment.text.starts_with("///") && !comment.text.starts_with("////");
    }

    fn push(&mut self, indent: usize, line: &str) {
        self.lines.push(if line.is_empty() { String::new() } else { format!("{}{line}", "  ".repeat(indent)) });
        self.commented = false;
        self.slashes = false;
    }

    fn blank(&mut self, wanted: bool) {
        if wanted && self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.push(0, "");
        }
    }

    fn has_blank(&self, from: usize, to: usize) -> bool {
        self.text.get(from..to).is_some_and(|gap| gap.bytes().filter(|b| *b == b'\n').count() > 1)
    }

    /// Where an entry begins with its doc comment.
    fn doc_start(&self, entry: &Entry) -> usize {
        let mut start = entry.start;
        for _ in &entry.doc {
            let line = self.text.get(..start).and_then(|t| t.rfind('\n')).unwrap_or(0);
            start = self.text.get(..line).and_then(|t| t.rfind('\n')).map_or(0, |n| n + 1);
        }
        start
    }
}
