//! Source lines with their underlines, drawn by miette in our own frame.
//!
//! miette is given one source line at a time, because it then neither scans the whole file for each finding nor draws a
//! line of a megabyte: of a line that is wider than the page only a view around the place is shown, with `…` where it is
//! cut. What miette draws is framed again: its corners are marked by private characters, so that a user's text cannot be
//! taken for them.

use std::fmt;

use journey_spec::codes::Level;
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use super::human::wrapped;
use crate::source::{FileId, Source, SourceMap, Span};

/// A place to show.
pub(super) struct Mark<'a> {
    pub(super) span: Span,
    pub(super) text: &'a str,
    pub(super) primary: bool,
}

/// Fewest columns for source lines, however narrow the page is.
const NARROWEST: usize = 24;
/// Columns that a text below an underline gets at least, where it is as long as that.
const BESIDE: usize = 24;
/// What miette draws between a bar and the text that hangs on it.
const HANGER: usize = 4;
const CUT: &str = "…";

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

/// One line, without miette's own frame: once, or where its places are far apart once for each group of them.
fn draw(line: &Line<'_>, digits: usize, level: Level, width: usize) -> String {
    let room = width.saturating_sub(digits + 3).max(NARROWEST);
    let (start, end) = bounds(&line.source.text, line.marks.first().map_or(0, |m| m.span.start as usize));
    let whole = line.source.text.get(start..end).unwrap_or_default();
    let whole = whole.strip_suffix('\r').unwrap_or(whole);
    groups(line, whole, start, room)
        .iter()
        .map(|group| draw_group(group, whole, line.number, digits, level, room))
        .collect()
}

/// A mark's place in its line, in bytes. Of what reaches over several lines it is the first; the end of a line can be
/// marked too.
#[derive(Clone, Copy)]
struct Place<'a> {
    from: usize,
    to: usize,
    text: &'a str,
}

/// The line's places in groups, each of which fits into one view, from left to right.
fn groups<'a>(line: &Line<'a>, whole: &str, start: usize, room: usize) -> Vec<Vec<Place<'a>>> {
    let mut places: Vec<(usize, Place<'a>)> = line
        .marks
        .iter()
        .enumerate()
        .map(|(rank, mark)| {
            let from = (mark.span.start as usize).saturating_sub(start).min(whole.len());
            let to = (mark.span.end as usize).saturating_sub(start).clamp(from, whole.len());
            (rank, Place { from, to, text: mark.text })
        })
        .collect();
    places.sort_by_key(|(rank, p)| (p.from, p.to, *rank));
    let mut groups: Vec<Vec<(usize, Place<'a>)>> = Vec::new();
    for place in places {
        if let Some(group) = groups.last_mut() {
            let together: Vec<Place<'_>> = group.iter().chain([&place]).map(|(_, p)| *p).collect();
            let near = place.1.from.saturating_sub(together.first().map_or(0, |p| p.from)) <= 4 * room;
            if near && needed(&together, whole, BESIDE, room) + 2 <= room {
                group.push(place);
                continue;
            }
        }
        groups.push(vec![place]);
    }
    // The primary place is the first again: miette gives colours in this order.
    for group in &mut groups {
        group.sort_by_key(|(rank, _)| *rank);
    }
    groups.into_iter().map(|group| group.into_iter().map(|(_, p)| p).collect()).collect()
}

/// How many columns the places take from the first one's begin on, with the texts that hang below them, each broken to
/// `longest` columns.
fn needed(places: &[Place<'_>], whole: &str, longest: usize, room: usize) -> usize {
    let base = places.iter().map(|p| p.from).min().unwrap_or(0);
    let of = |p: &Place<'_>| {
        let before = columns(whole.get(base..p.from).unwrap_or_default());
        let long = columns(part(whole, p.from, p.to.min(p.from + 4 * room))).max(1);
        let hung = if p.text.is_empty() { 0 } else { before + long / 2 + HANGER + columns(p.text).min(longest) };
        hung.max(before + long)
    };
    places.iter().map(of).max().unwrap_or(0)
}

fn draw_group(places: &[Place<'_>], whole: &str, number: u32, digits: usize, level: Level, room: usize) -> String {
    let first = places.iter().map(|p| p.from).min().unwrap_or(0);
    // No view reaches further than this, whose bytes are at least as many columns as the page has.
    let (near_from, near) = around(whole, first, 4 * room);
    let base = columns(near.get(..first - near_from).unwrap_or_default());
    let total = columns(near);
    let beside = match places {
        [one] if !one.text.is_empty() && !one.text.contains(['\n', '\r']) => {
            let long = columns(part(whole, one.from, one.to.min(one.from + 4 * room))).max(1);
            Some(long + 1 + columns(one.text))
        }
        _ => None,
    };
    let hung = needed(places, whole, BESIDE, room);
    // What is longer than the page is cut anyway, and may leave room for what stands before it.
    let hung = if hung + 2 > room { room * 2 / 3 } else { hung };
    // Beside is best where the line need not be cut for it, or is cut anyway.
    let is_cut = total > room || base + hung > room;
    let want = match beside {
        Some(beside) if base + beside <= room || is_cut && beside <= room * 2 / 3 => beside,
        _ => hung,
    };
    let (from, to) = view(total, base, want, room);
    let (from, to) = (byte_at(near, from), byte_at(near, to));
    let cut_before = if from > 0 { CUT } else { "" };
    let cut_after = if to < near.len() { CUT } else { "" };
    // Where a line ends too early a blank after it is what the mark stands below.
    let ends = |place: &Place<'_>| place.from >= whole.len() && cut_after.is_empty();
    let blank = if places.iter().any(ends) { " " } else { "" };
    let shown = format!("{cut_before}{}{cut_after}{blank}", visible(part(near, from, to)));

    let place_in = |byte: usize| (byte.saturating_sub(near_from + from) + cut_before.len()).min(shown.len());
    let is_beside = beside.is_some_and(|beside| {
        let at = places.first().map_or(0, |p| place_in(p.from));
        columns(part(&shown, 0, at)) + beside <= room
    });
    let labels = places.iter().map(|place| {
        let start = place_in(place.from);
        // What is cut goes on behind the cut.
        let end = if place.to > near_from + to { shown.len() } else { place_in(place.to) };
        let end = end.max(start + usize::from(ends(place)));
        let bar = columns(part(&shown, 0, start)) + columns(part(&shown, start, end)).max(1) / 2;
        let text = Some(place.text).filter(|t| !t.is_empty() && !is_beside).map(|text| {
            let text = text.replace(['\n', '\r'], " ");
            wrapped(&text, 0, 0, room.saturating_sub(bar + HANGER).max(BESIDE))
        });
        LabeledSpan::new_with_span(text, (start, end - start))
    });
    let labels = labels.collect();
    let shown = Shown { text: shown, number, labels };
    let mut out = framed(&shown, digits, level);
    if let Some(place) = places.first().filter(|_| is_beside) {
        out.truncate(out.trim_end().len());
        out.push_str(&format!(" {}\n", place.text));
    }
    out
}

/// What miette draws of a line, in our own frame.
fn framed(shown: &Shown, digits: usize, level: Level) -> String {
    let mut drawn = String::new();
    // It breaks no source lines; what it is told of the width is for texts that are not drawn here.
    let drew = handler(level).render_report(&mut drawn, shown);
    if drew.is_err() {
        return format!("{:>digits$} │ {}\n", shown.number, shown.text);
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
            out.push_str(&" ".repeat(digits.saturating_sub(shown.number.to_string().len())));
            out.push_str(row.trim_end());
            out.push('\n');
        }
    }
    out
}

/// Which columns of a line of `total` are shown in `room`, so that `want` columns from `base` on are among them. A cut
/// takes a column for itself.
fn view(total: usize, base: usize, want: usize, room: usize) -> (usize, usize) {
    if base + want <= room {
        return (0, if total <= room { total } else { room - 1 });
    }
    let inner = room - 1;
    let leftmost = (base + want).saturating_sub(inner).min(base);
    // Most of what is left is for what stands before, where the sentence begins; never blank room after the line's end.
    let mut from = leftmost + (base - leftmost) / 3;
    if total.saturating_sub(from) < inner {
        from = leftmost.max(total.saturating_sub(inner));
    }
    (from, if total - from.min(total) <= inner { total } else { from + inner - 1 })
}

/// The line with blanks in place of what a terminal would obey, byte for byte.
fn visible(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        if c.is_control() {
            out.extend(std::iter::repeat_n(' ', c.len_utf8()));
        } else if matches!(c, '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}') {
            // Of as many bytes, and seen: what turns letters around must not do so here.
            out.push('\u{fffd}');
        } else {
            out.push(c);
        }
    }
    out
}

/// The columns that a text takes.
fn columns(text: &str) -> usize {
    text.chars().map(column_width).sum()
}

/// Two for what East Asian writing and pictures take; near enough for a place to be cut.
fn column_width(c: char) -> usize {
    let wide = matches!(u32::from(c),
        0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFE30..=0xFE6F | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6 | 0x1F300..=0x1FAFF | 0x20000..=0x3FFFD);
    match c {
        _ if wide => 2,
        // [`visible`] puts a blank for each byte.
        _ if c.is_control() => c.len_utf8(),
        _ => 1,
    }
}

/// The byte at which this column begins; the end where there are not as many.
fn byte_at(text: &str, column: usize) -> usize {
    let mut at = 0;
    for (byte, c) in text.char_indices() {
        if at >= column {
            return byte;
        }
        at += column_width(c);
    }
    text.len()
}

/// The part between two bytes, each moved back to where a character begins.
fn part(text: &str, from: usize, to: usize) -> &str {
    let (from, to) = (boundary(text, from), boundary(text, to));
    text.get(from..to).unwrap_or_default()
}

fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The line that holds this byte, without its end.
fn bounds(text: &str, at: usize) -> (usize, usize) {
    let at = at.min(text.len());
    let bytes = text.as_bytes();
    let start = bytes.get(..at).and_then(|b| b.iter().rposition(|b| *b == b'\n')).map_or(0, |i| i + 1);
    let end = bytes.get(at..).and_then(|b| b.iter().position(|b| *b == b'\n')).map_or(text.len(), |i| at + i);
    (start, end)
}

/// The part of a line within `reach` bytes of `at`, and the byte at which it begins.
fn around(line: &str, at: usize, reach: usize) -> (usize, &str) {
    let from = boundary(line, at.saturating_sub(reach));
    (from, part(line, from, at.saturating_add(2 * reach)))
}

fn handler(level: Level) -> GraphicalReportHandler {
    let ansi = ThemeStyles::ansi();
    let first = match level {
        Level::Error => ansi.error,
        Level::Warning => ansi.warning,
    };
    let characters = ThemeCharacters { ltop: TOP, lbot: BOTTOM, vbar_break: '│', ..ThemeCharacters::unicode() };
    let styles = ThemeStyles { highlights: vec![first, ansi.advice], ..ansi };
    GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
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
