//! Findings as a person reads them: what could happen, where, how, and how to mend it.
//!
//! The text holds ANSI styles; whoever prints it strips them where nobody sees colours.

use journey_spec::codes::Level;

use super::snippet::{self, Mark};
use super::{Finding, Label};
use crate::source::SourceMap;

/// Columns that are filled where nobody knows how wide the terminal is.
pub const WIDTH: usize = 100;

const BOLD: &str = "\u{1b}[1m";
const RED: &str = "\u{1b}[1;31m";
const YELLOW: &str = "\u{1b}[1;33m";
const CYAN: &str = "\u{1b}[36m";
const RESET: &str = "\u{1b}[0m";

/// The finding with its source lines, its story and its mend; ends with a line end. Text is wrapped at `width` columns, and
/// source lines are cut to them.
#[must_use]
pub fn render(finding: &Finding, sources: &SourceMap, width: usize) -> String {
    let colour = colour(finding.level);
    let head = format!("{}[{}]", finding.level.name(), finding.code.code);
    let mut out = format!("{colour}{head}{RESET}{BOLD}: ");
    out.push_str(&wrapped(&finding.message, head.chars().count() + 2, 2, width));
    out.push_str(&format!("{RESET}\n"));
    let (places, gutter) = snippet::render(&marks(&finding.labels), sources, finding.level, width);
    out.push_str(&places);
    for (word, text) in [("how", &finding.how), ("help", &finding.help)] {
        let Some(text) = text else { continue };
        let indent = gutter + word.len() + 4;
        out.push_str(&format!("{}{CYAN}= {word}:{RESET} ", " ".repeat(gutter)));
        out.push_str(&wrapped(text, indent, indent, width));
        out.push('\n');
    }
    out
}

/// Only the places of `labels` with their source lines, as in a finding; the first is the primary one. Ends with a line
/// end.
#[must_use]
pub fn excerpt(labels: &[Label], sources: &SourceMap, width: usize) -> String {
    snippet::render(&marks(labels), sources, Level::Error, width).0
}

fn marks(labels: &[Label]) -> Vec<Mark<'_>> {
    labels.iter().zip(0..).map(|(label, i)| Mark { span: label.span, text: &label.text, primary: i == 0 }).collect()
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::Error => RED,
        Level::Warning => YELLOW,
    }
}

/// Breaks text between words so that no line passes `width`, where words allow; the first line begins at column
/// `first`, the others are indented by `rest`. Line ends and runs of blanks stay as they are: a help may show code.
#[must_use]
pub fn wrapped(text: &str, first: usize, rest: usize, width: usize) -> String {
    let mut out = String::new();
    let mut column = first;
    for (i, line) in text.lines().enumerate() {
        if i > 0 {
            out.push('\n');
            out.push_str(&" ".repeat(rest));
            column = rest;
        }
        for (j, word) in line.split(' ').enumerate() {
            let length = word.chars().count();
            if j > 0 && column + 1 + length > width && column > rest {
                out.push('\n');
                out.push_str(&" ".repeat(rest));
                column = rest;
            } else if j > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
    }
    out
}
