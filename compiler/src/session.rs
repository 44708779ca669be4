//! A project that is compiled again and again while somebody edits it.

use journey_spec::Program;

use crate::check::bounds::{Bound, Proof};
use crate::source::Sources;
use crate::{Compilation, check, compiled, lower, project};

/// Compiles a project again and again, and analyses only what has changed since the last time.
///
/// A file whose text is the same is not parsed again. A journey is lowered and checked again only where it, its place in
/// the files, or something that journeys share (a message, an event, the policy) has changed, and so are its bounds. What
/// comes out is what [`crate::compile`] gives, always.
#[derive(Default)]
pub struct Session {
    pub(crate) parsed: project::Memo,
    pub(crate) lowered: lower::Memo,
    pub(crate) checked: check::Memo,
    /// The program that was checked last, where there was no error.
    program: Option<Program>,
}

impl Session {
    /// Knows nothing yet.
    #[must_use]
    pub fn new() -> Session {
        Session::default()
    }

    /// As [`crate::compile`].
    pub fn compile(&mut self, roots: &[String], sources: &dyn Sources) -> Compilation {
        let compilation = compiled(roots, sources, self);
        self.program = compilation.runnable().cloned();
        compilation
    }

    /// As [`crate::check::bounds::message_bounds`], of the program that was compiled last; empty where it has errors.
    #[must_use]
    pub fn message_bounds(&self) -> Vec<Bound> {
        self.program.as_ref().map(|program| self.checked.journeys().message_bounds(program)).unwrap_or_default()
    }

    /// As [`crate::check::bounds::proven`], of the program that was compiled last; empty where it has errors. Worst days are
    /// tried anew each time.
    #[must_use]
    pub fn proven(&self) -> Proof {
        self.program.as_ref().map(|program| self.checked.journeys().proven(program)).unwrap_or_default()
    }
}
