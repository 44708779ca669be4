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

use journey_spec::Ts;
use journey_spec::program::{Hook, Judgement};
use journey_spec::value::Value;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::customer::Customer;
use crate::effect::Effect;

/// Hooks that one step may ask; what it asks beyond that counts as failed.
pub const MOST_ASKED: u32 = 256;

/// Why every hook fails where nobody runs any.
pub const NO_HOOKS: &str = "nobody runs hooks here";

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
    /// On whose behalf and when.
    pub by: Asker,
}

/// Who asks a hook, and when: the same whenever the same step is made again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// The customer's id.
    pub customer: String,
    /// The journey's name; empty for an event that has not come in yet.
    pub journey: String,
    /// Which of the customer's instances, from 1; 0 for an event that has not come in yet.
    pub instance: u64,
    /// How many of the customer's steps have sent, handed over or called before.
    pub step: u64,
    /// The time of the step.
    pub now: Ts,
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

/// How a module ran that was asked: with the answer it is what a journal holds, and what can be compared when it is asked
/// again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// SHA-256 of the module's bytes, in hexadecimal digits.
    pub module: String,
    /// SHA-256 of what it was told, in hexadecimal digits; nothing where that is not for every eye.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// What it spent; nothing where that could tell what is not for every eye, and where it was interrupted, since then it
    /// depends on the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fuel: Option<u64>,
    /// How often it was run: twice where the first attempt had to be interrupted.
    pub attempts: u32,
}

/// What came of asking a hook, and how its module ran, where one did.
#[derive(Clone, Debug, PartialEq)]
pub struct HookReply {
    /// What came of it.
    pub answer: HookAnswer,
    /// How the module ran.
    pub ran: Option<Ran>,
}

impl From<HookAnswer> for HookReply {
    fn from(answer: HookAnswer) -> HookReply {
        HookReply { answer, ran: None }
    }
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
    /// How the module ran, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<Ran>,
}

impl HookRecord {
    /// This reply to this request.
    #[must_use]
    pub fn new(request: HookRequest, reply: impl Into<HookReply>) -> HookRecord {
        let HookReply { answer, ran } = reply.into();
        HookRecord { request, answer, ran }
    }
}

/// What came of a step with recorded answers.
#[derive(Clone, Debug, PartialEq)]
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
    from: Source<'r>,
    asked: u32,
    /// The first question without an answer.
    pub(crate) open: Option<Box<HookRequest>>,
}

/// Who answers.
enum Source<'r> {
    /// Nobody: every hook counts as failed.
    Nobody,
    /// These records, and nobody else: where none answers, the step is not made.
    Records(&'r [HookRecord]),
    /// Somebody who is asked while the step is made.
    Asked(&'r mut dyn FnMut(&HookRequest) -> HookReply),
}

impl<'r> Answers<'r> {
    /// No hook answers.
    pub(crate) fn none() -> Answers<'r> {
        Answers { from: Source::Nobody, asked: 0, open: None }
    }

    /// These answers, and no others.
    pub(crate) fn recorded(records: &'r [HookRecord]) -> Answers<'r> {
        Answers { from: Source::Records(records), asked: 0, open: None }
    }

    /// What this says to each question.
    pub(crate) fn asking(ask: &'r mut dyn FnMut(&HookRequest) -> HookReply) -> Answers<'r> {
        Answers { from: Source::Asked(ask), asked: 0, open: None }
    }

    /// Whether an answer is missing, so that whatever else comes of the step is discarded.
    pub(crate) fn is_missing(&self) -> bool {
        self.open.is_some()
    }

    /// The next question's answer; while one is missing, the hook counts as failed, and what comes of it is discarded.
    pub(crate) fn next(&mut self, hook: &str, args: Vec<(String, Value)>, by: Asker) -> HookReply {
        let position = self.asked;
        self.asked = self.asked.saturating_add(1);
        if position >= MOST_ASKED {
            return HookAnswer::Failed(format!("one step asks no more than {MOST_ASKED} hooks")).into();
        }
        let request = HookRequest { position, hook: hook.to_string(), args, by };
        match &mut self.from {
            Source::Nobody => HookAnswer::Failed(NO_HOOKS.into()).into(),
            Source::Asked(ask) => ask(&request),
            Source::Records(records) => match records.iter().find(|record| record.request == request) {
                Some(record) => HookReply { answer: record.answer.clone(), ran: record.ran.clone() },
                None => {
                    self.open.get_or_insert_with(|| Box::new(request));
                    HookAnswer::Failed(String::new()).into()
                }
            },
        }
    }
}
