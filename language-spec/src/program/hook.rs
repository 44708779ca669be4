//! Hooks: a project's own code that is asked for a judgement.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Expr, Field, HookId, Millis, Program, SECOND};
use crate::sensitive::Sensitive;
use crate::types::Type;
use crate::value::number_in_brief;

/// `hook NAME(PARAM: TYPE, …) -> ANSWERS from "FILE" within D, N MiB on failure ANSWER`.
///
/// A hook only judges: it has no clock, sends nothing and asks nobody. A step that comes to one stands still until its
/// answer is known. One that says a name or a number is asked by journeys, one that says verdicts or gives data is asked
/// about events, before any journey hears them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hook {
    /// Name, as written.
    pub name: String,
    /// Parameters.
    pub params: Vec<Field>,
    /// What it may say.
    pub answers: HookAnswers,
    /// The module's file, relative to the project.
    pub from: String,
    /// SHA-256 of the module's bytes, in hexadecimal, where there was one when the project was compiled. A host of hooks
    /// runs no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// How many MiB the module may have, up to [`LARGEST_MODULE`](crate::hooks::LARGEST_MODULE).
    #[serde(default = "usual", skip_serializing_if = "is_usual")]
    pub largest: u32,
    /// How long it may think, up to [`Hook::LONGEST`].
    pub within: Millis,
    /// How many MiB of memory it may use, up to [`Hook::MOST_MEMORY`].
    pub memory: u32,
    /// What counts as its answer where it gives none.
    pub on_failure: Judgement,
}

fn usual() -> u32 {
    crate::hooks::MODULE
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde asks
fn is_usual(mib: &u32) -> bool {
    *mib == usual()
}

impl Hook {
    /// How long a hook may think where nothing is said.
    pub const WITHIN: Millis = 5;
    /// The longest that a hook may think.
    pub const LONGEST: Millis = SECOND;
    /// How many MiB a hook may use where nothing is said.
    pub const MEMORY: u32 = 16;
    /// The most MiB that a hook may use.
    pub const MOST_MEMORY: u32 = 64;

    /// Whether the hook may say this.
    #[must_use]
    pub fn may_say(&self, judgement: &Judgement) -> bool {
        match (&self.answers, judgement) {
            (HookAnswers::OneOf(names), Judgement::Outcome(name)) => names.contains(name),
            (HookAnswers::Number, Judgement::Number(n)) => n.is_finite(),
            (HookAnswers::Verdicts | HookAnswers::Data, Judgement::Accept | Judgement::Refuse) => true,
            _ => false,
        }
    }
}

/// What a hook may say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookAnswers {
    /// One of these names.
    OneOf(Vec<String>),
    /// A number.
    Number,
    /// What is wrong with an event's data; where nothing is, the event is accepted.
    Verdicts,
    /// Its parameters again, by name: they take the place of the event's data.
    Data,
}

impl HookAnswers {
    /// Whether it is asked about an event, before any journey hears it.
    #[must_use]
    pub fn is_about_events(&self) -> bool {
        matches!(self, HookAnswers::Verdicts | HookAnswers::Data)
    }
}

/// What a hook says, or what its failure counts as.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// One of its names.
    Outcome(String),
    /// A number.
    Number(f64),
    /// An event is taken in: by a hook that says verdicts because it has none, after a failure as it came.
    Accept,
    /// An event goes to the dead letters.
    Refuse,
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Judgement::Outcome(name) => f.write_str(name),
            Judgement::Number(n) => f.write_str(&number_in_brief(*n)),
            Judgement::Accept => f.write_str("accept"),
            Judgement::Refuse => f.write_str("refuse"),
        }
    }
}

/// `HOOK(ARG, …)`: a hook that is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    /// The hook.
    pub hook: HookId,
    /// Arguments, one a parameter.
    pub args: Vec<Expr>,
    /// As written: `triage(complaint)`.
    pub text: String,
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// `priority 2`, `priority complaint.urgency`, `priority triage(complaint)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriorityOf {
    /// A number, or a datum that holds a number or a name.
    Value(Expr),
    /// What a hook says.
    Hook(Ask),
}

impl fmt::Display for PriorityOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PriorityOf::Value(value) => value.fmt(f),
            PriorityOf::Hook(ask) => ask.fmt(f),
        }
    }
}

impl Program {
    /// The hook of this name.
    #[must_use]
    pub fn hook(&self, name: &str) -> Option<(HookId, &Hook)> {
        self.hooks.iter().zip(0..).find(|(h, _)| h.name == name).map(|(h, i)| (HookId(i), h))
    }

    /// Why what a hook says is not for every eye: a parameter, or a part of one, is not either.
    #[must_use]
    pub fn hook_sensitivity(&self, hook: HookId) -> Option<Sensitive> {
        let mut fields: Vec<&Field> = self.hooks.get(hook.index())?.params.iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(field) = fields.pop() {
            if field.sensitive.is_some() {
                return field.sensitive;
            }
            if let Type::Record(name) = field.ty.required()
                && seen.insert(name)
            {
                fields.extend(self.records.get(name).into_iter().flatten());
            }
        }
        None
    }
}
