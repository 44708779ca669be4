//! Why a command cannot do its work at all.

use crate::screen::{BAD, NAME, Screen, styled};

/// A command's outcome: its exit code, or why it could not do its work.
pub(crate) type Outcome = Result<Exit, Failure>;

/// How a command ends that did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Nothing to complain of: 0.
    Clean,
    /// Findings, failed scenarios, files that would change: 1.
    Findings,
    /// Something could not be done, and was told where it was met: 2.
    Fault,
    /// Stopped by ctrl-c, with what was done until then: 130, as shells have it.
    Stopped,
}

impl Exit {
    /// `Findings` where `some`.
    pub(crate) fn findings(some: bool) -> Exit {
        if some { Exit::Findings } else { Exit::Clean }
    }

    /// As the process says it.
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Findings => 1,
            Exit::Fault => 2,
            Exit::Stopped => 130,
        }
    }
}

/// Wrong usage, or something in the world outside that does not let us work: exit code 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What is wrong, naming the path concerned.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) help: Option<String>,
}

impl Failure {
    /// A failure that says what is wrong.
    pub(crate) fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), help: None }
    }

    /// Adds what to do about it.
    pub(crate) fn help(mut self, text: impl Into<String>) -> Failure {
        self.help = Some(text.into());
        self
    }

    /// Says it, as every command does.
    pub(crate) fn tell(&self, screen: &mut Screen) {
        let mut text = format!("{} {}\n", styled(BAD, "error:"), self.message);
        if let Some(help) = &self.help {
            text.push_str(&format!("  {} {help}\n", styled(NAME, "= help:")));
        }
        screen.say(&text);
    }
}
