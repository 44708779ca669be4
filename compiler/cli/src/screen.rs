//! What is printed, and where: data on stdout, chatter on stderr, colours only where somebody sees them.

use std::io::{ErrorKind, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use journey_compiler::diagnostics::human;
pub(crate) use journey_runtime::error::plain;

/// Bold.
pub(crate) const BOLD: Style = Style::new().bold();
/// Of less weight than what stands around it.
pub(crate) const DIM: Style = Style::new().dimmed();
/// As hoped.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Not as hoped.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// To be looked at.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
/// A name or a place.
pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();

/// Text in a style.
pub(crate) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// The two streams of the process.
pub(crate) struct Screen {
    out: AutoStream<std::io::Stdout>,
    err: AutoStream<std::io::Stderr>,
    width: usize,
    closed: bool,
    lost: bool,
}

impl Screen {
    /// Both streams, with colours as `--color`, `NO_COLOR` and the terminals say.
    pub(crate) fn new(color: Option<bool>) -> Screen {
        let choice = |auto: ColorChoice| match color {
            Some(true) => ColorChoice::AlwaysAnsi,
            Some(false) => ColorChoice::Never,
            None => auto,
        };
        let (out, err) = (std::io::stdout(), std::io::stderr());
        let (out_choice, err_choice) = (choice(AutoStream::choice(&out)), choice(AutoStream::choice(&err)));
        let width = if out.is_terminal() {
            terminal_size::terminal_size().map_or(human::WIDTH, |(width, _)| usize::from(width.0).clamp(40, 160))
        } else {
            human::WIDTH
        };
        Screen {
            out: AutoStream::new(out, out_choice),
            err: AutoStream::new(err, err_choice),
            width,
            closed: false,
            lost: false,
        }
    }

    /// Columns that may be filled.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Whether somebody sits at stdout.
    pub(crate) fn is_terminal(&self) -> bool {
        self.out.is_terminal()
    }

    /// Whether somebody sits at stderr.
    pub(crate) fn chats_with_a_terminal(&self) -> bool {
        self.err.is_terminal()
    }

    /// Data, to stdout. A reader that has gone away, such as `head`, is no error: the rest is then said to nobody, and
    /// the exit code is still the true one.
    pub(crate) fn print(&mut self, text: &str) {
        if self.closed {
            return;
        }
        if let Err(error) = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()) {
            self.closed = true;
            if error.kind() != ErrorKind::BrokenPipe {
                self.lost = true;
                self.say(&format!("error: cannot write to stdout: {}\n", plain(&error)));
            }
        }
    }

    /// Whether data was lost on its way to a reader that is still there.
    pub(crate) fn has_lost(&self) -> bool {
        self.lost
    }

    /// Whether stdout takes no more.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Chatter, to stderr.
    pub(crate) fn say(&mut self, text: &str) {
        // Nobody is left to be told where even this fails.
        let _ = self.err.write_all(text.as_bytes()).and_then(|()| self.err.flush());
    }
}

/// A number with a comma between each three digits.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 file`, `2 files`.
pub(crate) fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}
