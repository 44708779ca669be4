//! The contract of `wit/hooks.wit` in Rust: what a hook is told and what it may say.
//!
//! The derives of wasmtime write `unsafe impl`s, which say that a type has the layout that the component model gives it;
//! what they are derived of is checked against the component's own types before anything is called.
#![allow(unsafe_code)]

use journey_spec::program::HookAnswers;
use wasmtime::component::{ComponentType, Lift, Lower};

/// What a module imports, and nothing else.
pub(super) const HOST: &str = "journey:hooks/host@1.0.0";
/// The types beside it; an import of types alone.
pub(super) const TYPES: &str = "journey:hooks/types@1.0.0";

/// What a module exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum World {
    /// `score`: one number for one subject.
    Scorer,
    /// `choose`: the place of one of several names.
    Chooser,
    /// `validate`: what is wrong with rows.
    Validator,
    /// `transform`: rows in place of a row.
    Transformer,
}

impl World {
    pub(super) fn of(answers: &HookAnswers) -> World {
        match answers {
            HookAnswers::Number => World::Scorer,
            HookAnswers::OneOf(_) => World::Chooser,
            HookAnswers::Verdicts => World::Validator,
            HookAnswers::Data => World::Transformer,
        }
    }

    /// Its name in the package.
    pub(super) fn name(self) -> &'static str {
        match self {
            World::Scorer => "scorer",
            World::Chooser => "chooser",
            World::Validator => "validator",
            World::Transformer => "transformer",
        }
    }

    /// The function that it exports.
    pub(super) fn export(self) -> &'static str {
        match self {
            World::Scorer => "score",
            World::Chooser => "choose",
            World::Validator => "validate",
            World::Transformer => "transform",
        }
    }
}

/// All that a hook may depend on besides its arguments.
#[derive(Clone, Copy, Debug, ComponentType, Lower)]
#[component(record)]
pub(super) struct Context<'a> {
    pub(super) journey: &'a str,
    pub(super) version: &'a str,
    pub(super) hook: &'a str,
    pub(super) execution: &'a str,
    pub(super) step: u64,
    pub(super) attempt: u32,
    #[component(name = "now-ms")]
    pub(super) now_ms: u64,
    pub(super) seed: u64,
    pub(super) config: &'a str,
}

/// Why a hook gives no answer, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(variant)]
pub(super) enum HookError {
    #[component(name = "invalid")]
    Invalid(String),
    #[component(name = "rejected")]
    Rejected(String),
    #[component(name = "retryable")]
    Retryable(String),
    #[component(name = "failed")]
    Failed(String),
}

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[allow(dead_code)] // made of their number when one is read
pub(super) enum Level {
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}

/// What is wrong with one row.
#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(record)]
pub(super) struct RowVerdict {
    pub(super) row: u32,
    pub(super) code: String,
    pub(super) message: String,
}
