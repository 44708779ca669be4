//! What a step needs to know of hooks, and how it is told.
//!
//! A step is pure and runs no foreign code. Where it comes to a hook whose answer it was not given, it gives the customer
//! back untouched and says what it needs to know; the shell asks the hook and steps again with the answer recorded:
//!
//! ```text
//! step_recorded(…, [])       ─► needs triage("…")     customer as before
//! step_recorded(…, [simple]) ─► needs risk("…", 3)    customer as before
//! step_recorded(…, [simple, 0.7]) ─► done
//! ```

use journey_spec::program::{Hook, Judgement};
use journey_spec::value::Value;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::customer::Customer;
use crate::effect::Effect;

/// Hooks that one step may ask; what it asks beyond that counts as failed.
pub const MOST_ASKED: u32 = 256;

/// Why every hook fails where nobody runs any.
pub const NO_HOOKS: &str = "this version runs no hooks";

/// Why a hook fails that says something of another kind than its declaration.
pub(crate) const UNDECLARED: &str = "it said what it is not declared to say";

/// A question to a hook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HookRequest {
    /// Which of the step's questions to hooks it is, from 0.
    pub position: u32,
    /// The hook's declared name.
    pub hook: String,
    /// The declared parameters' values.
    pub args: Vec<(String, Value)>,
}

/// What came of asking a hook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookAnswer {
    /// It said a name.
    Outcome(String),
    /// It said a number.
    Number(f64),
    /// It said what is wrong with an event; nothing is where it may be taken in.
    Verdicts(Vec<Verdict>),
    /// It gave its parameters again: an object of them by name. It is held against their declared types.
    Data(Json),
    /// It gave no answer, for this reason. The reason stands in timelines: nothing of the customer's data may be in it.
    Failed(String),
}

/// One thing that is wrong with an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// A short word that a program can compare, such as `too_high`; it stands in timelines.
    pub code: String,
    /// A sentence for a person; it stands with the event in the dead letters, and nowhere else.
    pub message: String,
}

impl HookAnswer {
    /// What the hook says by it; the reason where that is nothing that it may say.
    pub(crate) fn judged(&self, hook: &Hook) -> Result<Judgement, String> {
        let judgement = match self {
            HookAnswer::Outcome(name) => Judgement::Outcome(name.clone()),
            HookAnswer::Number(n) => Judgement::Number(*n),
            HookAnswer::Failed(why) => return Err(why.clone()),
            HookAnswer::Verdicts(_) | HookAnswer::Data(_) => return Err(UNDECLARED.into()),
        };
        match (hook.may_say(&judgement), &judgement) {
            (true, _) => Ok(judgement),
            (false, Judgement::Number(n)) if n.is_finite() => Err("it said a number in place of a name".into()),
            (false, Judgement::Number(_)) => Err("it said a number that is none".into()),
            (false, _) => Err(UNDECLARED.into()),
        }
    }
}

/// A question to a hook, with what came of it. It answers that very question: at the same position of the step, to the
/// same hook, with the same values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HookRecord {
    /// What was asked.
    pub request: HookRequest,
    /// What came of it.
    pub answer: HookAnswer,
}

/// What came of a step with recorded answers.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // both hold a customer
pub enum Stepped {
    /// It is done.
    Done {
        /// The customer's next state.
        customer: Customer,
        /// What has to be done.
        effects: Vec<Effect>,
    },
    /// An answer is missing, and nothing has happened.
    NeedsHook {
        /// The customer's state as it was.
        customer: Customer,
        /// What has to be asked.
        request: HookRequest,
    },
}

/// Where a step under way gets the answers of hooks from.
pub(crate) struct Answers<'r> {
    records: &'r [HookRecord],
    /// Whether a missing answer is needed; else it counts as failed.
    needed: bool,
    asked: u32,
    /// The first question without an answer.
    pub(crate) open: Option<HookRequest>,
}

impl<'r> Answers<'r> {
    /// No hook answers.
    pub(crate) fn none() -> Answers<'r> {
        Answers { records: &[], needed: false, asked: 0, open: None }
    }

    /// These answers, and no others.
    pub(crate) fn recorded(records: &'r [HookRecord]) -> Answers<'r> {
        Answers { records, needed: true, asked: 0, open: None }
    }

    /// The next question's answer; while one is missing, the hook counts as failed, and what comes of it is discarded.
    pub(crate) fn next(&mut self, hook: &str, args: Vec<(String, Value)>) -> HookAnswer {
        let position = self.asked;
        self.asked = self.asked.saturating_add(1);
        if !self.needed {
            return HookAnswer::Failed(NO_HOOKS.into());
        }
        if position >= MOST_ASKED {
            return HookAnswer::Failed(format!("one step asks no more than {MOST_ASKED} hooks"));
        }
        let request = HookRequest { position, hook: hook.to_string(), args };
        match self.records.iter().find(|record| record.request == request) {
            Some(record) => record.answer.clone(),
            None => {
                self.open.get_or_insert(request);
                HookAnswer::Failed(String::new())
            }
        }
    }
}
