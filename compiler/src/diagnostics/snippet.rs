//! Source lines with their underlines, drawn by miette in our own frame.
//!
//! miette is given one source line at a time, because it then neither scans the whole file for each finding nor draws a
//! line of a megabyte: only a window around the place is shown. What it draws is framed again: its corners are marked
//! by private characters, so that a user's text cannot be taken for them.

use std::fmt;

use journey_spec::codes::Level;
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use crate::source::{FileId, Source, SourceMap, Span};

/// A place to show.
pub(super) struct Mark<'a> {
    pub(super) span: Span,
    pub(super) text: &'a str,
    pub(super) primary: bool,
}

/// Longest part of a source line that is shown, in characters.
const LONGEST_LINE: usize = 240;

const TOP: char = '\u{e000}';
const BOTTOM: char = '\u{e001}';
const DIM: &str = "\u{1b}[2m";
const CYAN: &str = "\u{1b}[36m";
const RESET: &str = "\u{1b}[0m";

/// The places with their lines, and the column in which the frame stands.
pub(super) fn render(marks: &[Mark<'_>], sources: &SourceMap, level: Level, width: usize) -> (String, usize) {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for mark in marks {
        let Some(source) = sources.get(mark.span.file) else { continue };
        let number = source.line_col(mark.span.start).line;
        match lines.iter_mut().find(|l| l.file == mark.span.file && l.number == number) {
            Some(line) => line.marks.push(mark),
            None => lines.push(Line { file: mark.span.file, source, number, marks: vec![mark] }),
        }
    }
    let Some(primary) = lines.first().map(|l| l.file) else { return (String::new(), 2) };
    lines.sort_by_key(|l| (l.file != primary, l.file, l.number));
    let digits = lines.iter().map(|l| l.number).max().unwrap_or(1).to_string().len();

    let mut out = String::new();
    let mut before: Option<(FileId, u32)> = None;
    for line in &lines {
        let pad = " ".repeat(digits);
        match before {
            Some((file, number)) if file == line.file => {
                if number + 1 < line.number {
                    out.push_str(&format!("{pad} {DIM}⋮{RESET}\n"));
                }
            }
            _ => {
                let first = lines
                    .iter()
                    .filter(|l| l.file == line.file)
                    .flat_map(|l| &l.marks)
                    .min_by_key(|m| (!m.primary, m.span.start))
                    .map_or(0, |m| m.span.start);
                let at = line.source.line_col(first);
                out.push_str(&format!(
                    "{pad} {DIM}┌{RESET} {CYAN}{}:{}:{}{RESET}\n",
                    line.source.path, at.line, at.column
                ));
            }
        }
        out.push_str(&draw(line, digits, level, width));
        before = Some((line.file, line.number));
    }
    (out, digits + 1)
}

struct Line<'a> {
    file: FileId,
    source: &'a Source,
    number: u32,
    marks: Vec<&'a Mark<'a>>,
}

/// One line, without miette's own frame.
fn draw(line: &Line<'_>, digits: usize, level: Level, width: usize) -> String {
    let text = &line.source.text;
    let (start, end) = bounds(text, line.marks.first().map_or(0, |m| m.span.start as usize));
    let whole = text.get(start..end).unwrap_or("");
    let (shown, offset) =
        window(whole, line.marks.first().map_or(0, |m| (m.span.start as usize).saturating_sub(start)));
    let beside = beside(line, digits, width);
    let labels = line
        .marks
        .iter()
        .map(|mark| {
            // What reaches over several lines is shown by its first; the end of a line can be marked too.
            let from = (mark.span.start as usize).saturating_sub(start + offset).min(shown.len());
            let to = (mark.span.end as usize).saturating_sub(start + offset).clamp(from, shown.len());
            let text =
                Some(mark.text).filter(|t| !t.is_empty() && beside.is_none()).map(|t| t.replace(['\n', '\r'], " "));
            LabeledSpan::new_with_span(text, (from, to - from))
        })
        .collect();
    let shown = Shown { text: visible(shown), number: line.number, labels };

    let mut drawn = String::new();
    let drew = handler(level, width).render_report(&mut drawn, &shown);
    if drew.is_err() {
        return format!("{:>digits$} │ {}\n", line.number, shown.text);
    }
    let mut out = String::new();
    let mut inside = false;
    for row in drawn.lines() {
        // miette hangs labels on the same corner that closes its frame; only the frame's stands at the row's begin.
        if row.contains(TOP) {
            inside = true;
        } else if row.trim_start().starts_with(BOTTOM) {
            inside = false;
        } else if inside {
            let row = row.replace(BOTTOM, "╰");
            // miette begins a row with a blank and the number in its own width; ours is as wide as the widest number.
            let row = row.strip_prefix(' ').unwrap_or(&row);
            out.push_str(&" ".repeat(digits.saturating_sub(line.number.to_string().len())));
            out.push_str(row.trim_end());
            out.push('\n');
        }
    }
    if let Some(text) = beside {
        out.truncate(out.trim_end().len());
        out.push_str(&format!(" {text}\n"));
    }
    out
}

/// What is said about a line's only place, where it fits beside the underline and needs no row of its own.
fn beside<'a>(line: &Line<'a>, digits: usize, width: usize) -> Option<&'a str> {
    let [mark] = line.marks.as_slice() else { return None };
    let (start, end) = bounds(&line.source.text, mark.span.start as usize);
    let until = (mark.span.end as usize).clamp(mark.span.start as usize, end);
    let before = line.source.text.get(start..until)?.chars().count();
    let fits = !mark.text.is_empty()
        && !mark.text.contains(['\n', '\r'])
        && end - start <= LONGEST_LINE
        && digits + 4 + before + mark.text.chars().count() <= width;
    fits.then_some(mark.text)
}

/// The line with blanks in place of what a terminal would obey, byte for byte.
fn visible(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        if c.is_control() {
            out.extend(std::iter::repeat_n(' ', c.len_utf8()));
        } else {
            out.push(c);
        }
    }
    out
}

/// The line that holds this byte, without its end.
fn bounds(text: &str, at: usize) -> (usize, usize) {
    let at = at.min(text.len());
    let bytes = text.as_bytes();
    let start = bytes.get(..at).and_then(|b| b.iter().rposition(|b| *b == b'\n')).map_or(0, |i| i + 1);
    let end = bytes.get(at..).and_then(|b| b.iter().position(|b| *b == b'\n')).map_or(text.len(), |i| at + i);
    (start, end)
}

/// A part of the line that holds `at`, and the byte at which it begins.
fn window(line: &str, at: usize) -> (&str, usize) {
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.len() <= LONGEST_LINE {
        return (line, 0);
    }
    let mut from = at.min(line.len()).saturating_sub(LONGEST_LINE / 4);
    while !line.is_char_boundary(from) {
        from -= 1;
    }
    let mut to = (from + LONGEST_LINE).min(line.len());
    while !line.is_char_boundary(to) {
        to -= 1;
    }
    (line.get(from..to).unwrap_or(""), from)
}

fn handler(level: Level, width: usize) -> GraphicalReportHandler {
    let ansi = ThemeStyles::ansi();
    let first = match level {
        Level::Error => ansi.error,
        Level::Warning => ansi.warning,
    };
    let characters = ThemeCharacters { ltop: TOP, lbot: BOTTOM, vbar_break: '│', ..ThemeCharacters::unicode() };
    let styles = ThemeStyles { highlights: vec![first, ansi.advice], ..ansi };
    GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
        .with_width(width)
        .with_links(false)
        .with_context_lines(0)
        .without_primary_span_start()
}

/// What miette is given: one line.
#[derive(Debug)]
struct Shown {
    text: String,
    number: u32,
    labels: Vec<LabeledSpan>,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("finding")
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

impl SourceCode for Shown {
    fn read_span<'a>(
        &'a self,
        _: &SourceSpan,
        _: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let whole = (0, self.text.len()).into();
        Ok(Box::new(MietteSpanContents::new(self.text.as_bytes(), whole, self.number as usize - 1, 0, 1)))
    }
}
