//! Characters that nobody sees and that change what a file seems to say: controls that turn the order of letters around
//! ("Trojan Source", CVE-2021-42574), and characters of no width.
//!
//! Every text that was read is looked through, comments and the files of e-mails included. Not flagged, because people
//! need them: the letters of scripts that are written from right to left; marks (U+200E, U+200F, U+061C) and whole pairs
//! of isolates (U+2066 to U+2069) in a line that has such letters; joiners beside the letters of scripts that use them,
//! and within emoji; blanks of no width beside letters of scripts without blanks; a byte-order mark at the beginning.

use journey_spec::codes::{J0001, J0010};

use crate::diagnostics::Finding;
use crate::source::{FileId, SourceMap, Span};

/// Says where a hidden character stands, and takes away what the parser said of a line that one broke.
pub(crate) fn characters(sources: &SourceMap, findings: &mut Vec<Finding>) {
    for (file, source) in sources.iter().filter(|(_, source)| !source.text.is_ascii()) {
        let mut start = 0_u32;
        for line in source.text.split_inclusive('\n') {
            if !line.is_ascii() {
                look(file, start, line, findings);
            }
            start += line.len() as u32;
        }
    }
}

fn look(file: FileId, start: u32, line: &str, findings: &mut Vec<Finding>) {
    let chars: Vec<(usize, char)> = line.char_indices().collect();
    let turned = line.chars().any(is_right_to_left);
    let mut first: Option<(usize, char, &'static str)> = None;
    let mut more = 0_usize;
    for (i, (at, c)) in chars.iter().enumerate() {
        let Some(does) = hides(*c) else { continue };
        let near = |by: i64| usize::try_from(i as i64 + by).ok().and_then(|i| chars.get(i)).map(|(_, c)| *c);
        let fine = match c {
            '\u{feff}' => start == 0 && *at == 0,
            '\u{200e}' | '\u{200f}' | '\u{61c}' => turned,
            '\u{2066}'..='\u{2069}' => turned && are_paired(line),
            '\u{200c}' | '\u{200d}' => near(-1).is_some_and(joins) && near(1).is_some_and(joins),
            '\u{200b}' => near(-1).is_some_and(has_no_blanks) && near(1).is_some_and(has_no_blanks),
            '\u{e0020}'..='\u{e007f}' => is_in_flag(&chars, i),
            _ => false,
        };
        if !fine {
            more += usize::from(first.is_some());
            first = first.or(Some((*at, *c, does)));
        }
    }
    let Some((at, c, does)) = first else { return };
    let at_byte = start + at as u32;
    let span = Span { file, start: at_byte, end: at_byte + c.len_utf8() as u32 };
    let (inside, help) = match place(line, at) {
        Place::Text => ("in a text", "take it out; what a customer reads must be what stands here"),
        Place::Comment => ("in a comment", "take it out; a comment must not make code look like something else"),
        Place::Code => {
            // The parser stumbled over it, or reads a name that is not the one that is seen.
            findings.retain(|f| f.code != &J0001 || f.span().file != file || !on_line(f.span(), start, line));
            ("between the words", "take it out")
        }
    };
    let others = match more {
        0 => String::new(),
        1 => ", and one more stands on this line".into(),
        n => format!(", and {n} more stand on this line"),
    };
    findings.push(
        Finding::new(
            &J0010,
            span,
            format!("this line may not say what it seems to: a hidden character stands {inside}"),
        )
        .label(format!("U+{:04X} {does}{others}", u32::from(c)))
        .help(help),
    );
}

fn on_line(span: Span, start: u32, line: &str) -> bool {
    span.start >= start && span.start < start + line.len() as u32
}

enum Place {
    Text,
    Comment,
    Code,
}

/// What a place in a line belongs to; texts end on their line.
fn place(line: &str, at: usize) -> Place {
    let before = line.get(..at).unwrap_or_default();
    let (mut in_text, mut escaped, mut slash) = (false, false, false);
    for c in before.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            '/' if !in_text && slash => return Place::Comment,
            _ => {}
        }
        slash = c == '/' && !in_text;
    }
    if in_text { Place::Text } else { Place::Code }
}

/// What a hidden character does; none for one that is seen.
fn hides(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{202a}' | '\u{202b}' => "begins a passage of another direction",
        '\u{202d}' | '\u{202e}' => "turns the order of the letters around",
        '\u{202c}' => "ends a passage of another direction",
        '\u{2066}'..='\u{2068}' => "sets a passage apart and gives it another direction",
        '\u{2069}' => "ends a passage that was set apart",
        '\u{200e}' | '\u{200f}' | '\u{61c}' => "is a mark of direction that nobody sees",
        '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{180e}' => "has no width, and splits a word that looks whole",
        '\u{200c}' | '\u{200d}' | '\u{34f}' => "has no width, and joins or parts letters that need no such thing",
        '\u{ad}' => "is a hyphen that is seen only where a line ends",
        '\u{2061}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' => "is a control that nobody sees",
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' => "is a letter that looks like a blank",
        '\u{2028}' | '\u{2029}' => "ends a line in some editors and not here",
        '\u{e0000}'..='\u{e007f}' => "is a tag that nobody sees",
        _ => return None,
    })
}

/// Letters of Hebrew, Arabic, Syriac, Thaana, N'Ko and their like.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
        && c.is_alphabetic()
}

/// Whether every isolate of a line is ended on it, so that it turns nothing outside.
fn are_paired(line: &str) -> bool {
    let mut open = 0_i32;
    for c in line.chars() {
        match c {
            '\u{2066}'..='\u{2068}' => open += 1,
            '\u{2069}' => open -= 1,
            '"' if open != 0 => return false,
            _ => {}
        }
        if open < 0 {
            return false;
        }
    }
    open == 0
}

/// What a joiner may stand beside: letters of Arabic and of the scripts of India and their neighbours, emoji and what
/// belongs to them.
fn joins(c: char) -> bool {
    is_right_to_left(c)
        || matches!(c,
            '\u{64b}'..='\u{65f}' | '\u{900}'..='\u{dff}' | '\u{f00}'..='\u{109f}' | '\u{1780}'..='\u{18af}'
            | '\u{a8e0}'..='\u{a8ff}' | '\u{fe0f}' | '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// Scripts that put no blanks between words: Thai, Lao, Tibetan, Burmese, Khmer, and those of East Asia.
fn has_no_blanks(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{2e80}'..='\u{9fff}')
}

/// Tags after a black flag name a region: the flag of Scotland.
fn is_in_flag(chars: &[(usize, char)], i: usize) -> bool {
    let before = chars.get(..i).unwrap_or_default().iter().rev().map(|(_, c)| *c);
    before.into_iter().find(|c| !('\u{e0020}'..='\u{e007f}').contains(c)) == Some('\u{1f3f4}')
}
