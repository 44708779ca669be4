//! Headings over rows of two columns.

use journey_compiler::diagnostics::human;

use crate::screen::{BOLD, Screen, styled};

/// Widest that the left column may be; what is longer stands on a line of its own.
const LEFT: usize = 34;

/// What is printed, part by part.
#[derive(Default)]
pub(super) struct Page {
    parts: Vec<(String, Vec<(String, String)>)>,
}

impl Page {
    /// Adds a heading with its rows.
    pub(super) fn part(&mut self, heading: impl Into<String>, rows: Vec<(String, String)>) {
        self.parts.push((heading.into(), rows));
    }

    /// Prints it.
    pub(super) fn print(&self, screen: &mut Screen) {
        let width = screen.width().min(100);
        let mut out = String::new();
        for (i, (heading, rows)) in self.parts.iter().enumerate() {
            if i > 0 {
                out.push('\n');
            }
            let heading = human::wrapped(heading, 0, 2, width);
            out.push_str(&format!("{}\n", styled(BOLD, heading)));
            let lengths = rows.iter().map(|(left, _)| left.chars().count());
            let left_width = lengths.filter(|n| *n <= LEFT).max().unwrap_or(LEFT / 2);
            let column = 2 + left_width + 2;
            for (left, right) in rows {
                let pad = left_width.saturating_sub(left.chars().count());
                let line = match left.chars().count() > LEFT {
                    _ if left.is_empty() => format!("  {}", human::wrapped(right, 2, 2, width)),
                    true => format!("  {left}\n{:column$}{}", "", human::wrapped(right, column, column, width)),
                    false => format!("  {left}{:pad$}  {}", "", human::wrapped(right, column, column, width)),
                };
                out.push_str(&if screen.is_terminal() { super::inline(&line) } else { line });
                out.push('\n');
            }
        }
        screen.print(&out);
    }
}
