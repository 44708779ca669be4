//! What can go wrong with a hook: when it is loaded, and when it is asked.

use std::path::PathBuf;
use std::time::Duration;

use journey_spec::program::short;
use journey_spec::time::spelled_duration;

/// Why a hook gave no answer. Each takes the journey to where `on failure` says.
///
/// What is said stands in the customer's timeline, so nothing that the module or the customer wrote is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// There is no module.
    #[error("missing: its module `{0}` was not there when the program was loaded")]
    Missing(String),
    /// It spent what it may spend. Deterministic, so it is not asked again.
    #[error("limit: it spent all its fuel, {fuel} ({})", spelled_duration(*.within))]
    Fuel {
        /// What it may spend.
        fuel: u64,
        /// As the program says it, in milliseconds.
        within: i64,
    },
    /// It was interrupted, twice.
    #[error("limit: it was interrupted after {} ms, twice", .0.as_millis())]
    Interrupted(Duration),
    /// It wanted more memory than it may have.
    #[error("limit: it wanted more than {0} MiB of memory")]
    Memory(u32),
    /// It wanted larger tables than it may have.
    #[error("limit: it wanted tables of more than {0} entries")]
    Table(u32),
    /// It is told too much.
    #[error("limit: what it would be told has {has} bytes, and it takes at most {most}")]
    Input {
        /// How much it is.
        has: usize,
        /// How much it may be.
        most: usize,
    },
    /// It says too much.
    #[error("limit: it said more than {0} bytes")]
    Output(usize),
    /// It broke off.
    #[error("crash: {0}")]
    Crash(&'static str),
    /// What it says cannot be read, by the rules of the component model.
    #[error("abi: {0}")]
    Abi(&'static str),
    /// What it says is not what it is declared to say.
    #[error("contract: {0}")]
    Contract(&'static str),
    /// It says that the question makes no sense.
    #[error("invalid: it says that what it was told makes no sense")]
    Invalid,
    /// It declines to judge.
    #[error("rejected: it declines to judge")]
    Rejected,
    /// It says that it might answer later; a journey does not wait for it.
    #[error("retryable: it says that it could answer later")]
    Retryable,
    /// It says that it failed.
    #[error("failed: it says that it failed")]
    Failed,
    /// The host could not run it.
    #[error("host: {0}")]
    Host(&'static str),
}

impl Failure {
    /// The kind, in one word: the one with which the reason begins.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Failure::Missing(_) => "missing",
            Failure::Fuel { .. }
            | Failure::Interrupted(_)
            | Failure::Memory(_)
            | Failure::Table(_)
            | Failure::Input { .. }
            | Failure::Output(_) => "limit",
            Failure::Crash(_) => "crash",
            Failure::Abi(_) => "abi",
            Failure::Contract(_) => "contract",
            Failure::Invalid => "invalid",
            Failure::Rejected => "rejected",
            Failure::Retryable => "retryable",
            Failure::Failed => "failed",
            Failure::Host(_) => "host",
        }
    }
}

/// Why a module is not loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{whose}`{place}` {why}", whose = whose(.hook), place = .path.display())]
pub struct Unfit {
    /// The hook's declared name; empty where it concerns all of them.
    pub hook: String,
    /// The module's file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: Misfit,
}

/// What is wrong with a module, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misfit {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// The directory of compiled modules cannot be used.
    #[error("cannot keep compiled modules: {0}")]
    Cache(String),
    /// It is another one than the program was checked with.
    #[error(
        "is not the module that the program was checked with (it has SHA-256 {}…, and the program names {}…); check and \
         build the program again, or put the module back",
        short(has),
        short(stated)
    )]
    Changed {
        /// What the program says.
        stated: String,
        /// What the file has.
        has: String,
    },
    /// It is larger than it may be.
    #[error("has {has} {what}, and at most {most} are loaded{mend}", mend = smaller(.what))]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How much there is.
        has: u64,
        /// How much may be.
        most: u64,
    },
    /// The declaration asks for more than this service gives.
    #[error(
        "may use {asks}, as its declaration says, and this service gives {gives}; declare less, or raise `Ceilings`"
    )]
    AboveCeiling {
        /// What is declared.
        asks: String,
        /// What there is.
        gives: String,
    },
    /// It is no WebAssembly.
    #[error("is no WebAssembly component: {0}; build it again")]
    NotWasm(String),
    /// It is a core module.
    #[error(
        "is a core module, and a hook is a component; wrap it (`wasm-tools component new`, or a target that makes components)"
    )]
    CoreModule,
    /// It imports what no hook gets.
    #[error("imports `{0}`, and a hook gets `journey:hooks/host@1.0.0` and nothing else{mend}", mend = instead_of(.0))]
    Import(String),
    /// It imports something by the right name, of another type.
    #[error(
        "imports `journey:hooks/host@1.0.0` in another shape than the package has: {0}; build it against wit/hooks.wit"
    )]
    ImportType(String),
    /// It does not export what its world exports.
    #[error("does not export `{export}`, as world `{world}` does; it exports {has}")]
    NoExport {
        /// The world.
        world: &'static str,
        /// The function.
        export: &'static str,
        /// What it exports.
        has: String,
    },
    /// It exports the right name with another type.
    #[error("exports `{export}` in another shape than world `{world}` has: {why}; build it against wit/hooks.wit")]
    ExportType {
        /// The world.
        world: &'static str,
        /// The function.
        export: &'static str,
        /// What differs.
        why: String,
    },
    /// It cannot be compiled.
    #[error("cannot be compiled: {0}")]
    NotCompiled(String),
    /// Compiling it took too long.
    #[error("was not compiled within {} s; build it smaller, or raise `Ceilings::compile`", .0.as_secs())]
    TooSlow(Duration),
    /// This machine cannot run modules.
    #[error("cannot be run on this machine: {0}")]
    Machine(String),
}

fn whose(hook: &str) -> String {
    if hook.is_empty() { String::new() } else { format!("hook `{hook}`: ") }
}

/// What to do about an import.
fn instead_of(import: &str) -> &'static str {
    if import.starts_with("wasi:") {
        ": no clock, files, network, environment or randomness; build it without WASI"
    } else if import.starts_with("journey:hooks/") {
        "; build it against that version"
    } else {
        ""
    }
}

/// What to do about too much of something.
fn smaller(what: &str) -> &'static str {
    if what == "bytes" {
        "; build it smaller (optimised for size, without debug names), or declare its size behind its file, such as \
         `up to 8MiB`; a service may give less (`Ceilings::module`)"
    } else {
        ""
    }
}
