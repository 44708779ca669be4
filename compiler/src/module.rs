//! Modules of hooks: what stands in a file, and whether it fits what a journey declares.
//!
//! A module is a component of one of the four worlds of [`WIT`]. It is read and judged here, and never run: what it says
//! is a matter of the runtime, which judges nothing that this file has judged but its hash.

mod reading;
mod wrapping;

use journey_spec::program::HookAnswers;
use sha2::{Digest, Sha256};
use wit_parser::{Resolve, WorldId};

pub use reading::{Misfit, Outline, outline};
pub(crate) use reading::{is_other_version, quoted};
pub use wrapping::{Unwrapped, wrap};

/// What hooks export, as a WIT package.
pub const WIT: &str = journey_spec::hooks::WIT;

/// What a module is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum World {
    /// It says a number.
    Scorer,
    /// It says one of some names.
    Chooser,
    /// It says what is wrong with an event.
    Validator,
    /// It gives an event's data anew.
    Transformer,
}

impl World {
    /// All of them.
    pub const ALL: [World; 4] = [World::Scorer, World::Chooser, World::Validator, World::Transformer];

    /// That of a hook that may say this.
    #[must_use]
    pub fn of(answers: &HookAnswers) -> World {
        match answers {
            HookAnswers::Number => World::Scorer,
            HookAnswers::OneOf(_) => World::Chooser,
            HookAnswers::Verdicts => World::Validator,
            HookAnswers::Data => World::Transformer,
        }
    }

    /// Its name in [`WIT`].
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            World::Scorer => "scorer",
            World::Chooser => "chooser",
            World::Validator => "validator",
            World::Transformer => "transformer",
        }
    }

    /// The function that its modules export.
    #[must_use]
    pub fn export(self) -> &'static str {
        match self {
            World::Scorer => "score",
            World::Chooser => "choose",
            World::Validator => "validate",
            World::Transformer => "transform",
        }
    }

    /// What is written behind the arrow of a declaration whose hook is such a module.
    #[must_use]
    pub fn declared(self) -> &'static str {
        match self {
            World::Scorer => "number",
            World::Chooser => "one of { … }",
            World::Validator => "verdicts",
            World::Transformer => "data",
        }
    }

    /// The function's type, as [`WIT`] has it.
    #[must_use]
    pub fn signature(self) -> String {
        let line =
            WIT.lines().find_map(|line| line.trim().strip_prefix("export ").filter(|l| l.starts_with(self.export())));
        line.unwrap_or_default().trim_end_matches(';').to_owned()
    }

    /// The world in a resolved [`WIT`].
    fn id(self, resolve: &Resolve) -> Option<WorldId> {
        resolve.worlds.iter().find(|(_, world)| world.name == self.name()).map(|(id, _)| id)
    }
}

/// [`WIT`], resolved.
fn worlds() -> Result<Resolve, String> {
    let mut resolve = Resolve::default();
    resolve.push_str("hooks.wit", WIT).map_err(|e| format!("{e:#}"))?;
    Ok(resolve)
}

/// SHA-256 of a module's bytes, in hexadecimal, as programs carry it.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}
