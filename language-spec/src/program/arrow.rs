//! Arrows and actions: what an instance waits for, and what it does then.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Ask, Channel, Cond, EventId, Expr, MessageId, Millis, PriorityOf, ServiceId, StateId};

/// What an instance does when something happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arrow {
    /// What happens.
    pub on: Trigger,
    /// `when …`: what has to hold. For an event: with the data as it would be after the take-over; for a timer: when it
    /// fires, also where its instant is past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Cond>,
    /// What is done. For [`Trigger::At`]: when the instant comes.
    pub then: Then,
}

/// What an arrow waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// An event of the feed.
    Event {
        /// Which.
        event: EventId,
        /// The event's fields that become the journey's data of the same name.
        take: Vec<String>,
        /// `settle 15m`: the data is taken at once, the arrow is taken this long after the first of a burst.
        settle: Option<Millis>,
    },
    /// An answer: of this name, or any where there is none.
    Reply(Option<String>),
    /// The case that this state opened was closed by a person.
    HandoffClosed,
    /// A message of this visit will finally not leave.
    Blocked,
    /// A channel could not deliver a message of this visit.
    Failed,
    /// The customer said STOP.
    OptOut,
    /// This long after entering.
    After(Millis),
    /// `after 1 day at 09:00`: so many calendar days after entering, when the customer's clock shows that minute.
    AfterDays {
        /// How many days, at least one.
        days: u32,
        /// Minute of the day, 0 to 1439.
        minute: u16,
    },
    /// When an instant comes, once for each value of its data.
    At {
        /// The instant.
        at: Expr,
        /// What is done where it is already past, on entry or because the data changed.
        if_past: Then,
    },
}

/// What an arrow does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Goes to a state.
    Goto(StateId),
    /// Stays, without re-arming timers, and does this.
    Stay(Vec<Action>),
}

/// Something that a step does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Sends a message.
    Send(Arc<Send>),
    /// Gives the case to a person.
    Handoff(Handoff),
    /// Changes a datum.
    Set(Set),
    /// Asks a service; only on entry of a state, at most one a state.
    Call(Call),
}

/// `send MESSAGE [via …] [promising|keeping|withdrawing …] [{ on sent set D = V  on blocked -> S  on failed -> S }]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Send {
    /// The message.
    pub message: MessageId,
    /// `via sms else email`: the order of channels; empty means the message's own.
    pub via: Vec<Channel>,
    /// `promising NAME by T` or `within D`.
    pub promising: Option<Promise>,
    /// `keeping NAME`.
    pub keeping: Option<String>,
    /// `withdrawing NAME`.
    pub withdrawing: Option<String>,
    /// `on sent set …`: data that are set, in order, in the step in which the ledger lets the message leave, while the instance
    /// lives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_sent: Vec<Set>,
    /// What is done where this message is blocked; goes before the state's arrow.
    pub on_blocked: Option<Then>,
    /// What is done where this message fails; goes before the state's arrow.
    pub on_failed: Option<Then>,
}

/// A promise that a message makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Promise {
    /// Its name.
    pub name: String,
    /// When it has to be kept or withdrawn.
    pub deadline: Deadline,
}

/// When a promise falls due.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deadline {
    /// At an instant that follows its data.
    By(Expr),
    /// This long after the promising message left.
    Within(Millis),
}

/// `handoff "QUEUE" [with transcript, DATUM, …] [priority P]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Handoff {
    /// Whose desk.
    pub queue: String,
    /// Whether everything said so far goes along.
    pub transcript: bool,
    /// Data of the journey or the customer that go along, by path; what is missing then is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried: Vec<Vec<String>>,
    /// How soon somebody should look, where the journey says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<PriorityOf>,
}

impl Handoff {
    /// What goes along, as it is written: ` with transcript, visit.page`; empty where nothing does.
    #[must_use]
    pub fn with(&self) -> String {
        let carried = self.carried.iter().map(|path| path.join("."));
        let all: Vec<String> = self.transcript.then(|| "transcript".to_owned()).into_iter().chain(carried).collect();
        if all.is_empty() { String::new() } else { format!(" with {}", all.join(", ")) }
    }
}

/// `set PATH = VALUE`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Set {
    /// What: a datum of the journey, or a part of one.
    pub path: Vec<String>,
    /// Its new value. Where it is not there, the datum is missing afterwards if it may be, else it stays as it is.
    pub value: Expr,
    /// The hook whose answer is the new value in place of [`Set::value`], which then is what the hook's failure counts as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<Ask>,
    /// Whether it may be missing.
    pub optional: bool,
    /// Whether it is not for every eye: then a timeline does not tell the value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
}

impl Set {
    /// What it is set to, as written.
    #[must_use]
    pub fn spelled(&self) -> String {
        self.hook.as_ref().map_or_else(|| self.value.to_string(), Ask::to_string)
    }
}

/// As it stands in the text: `set said = outage.back_by`.
impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "set {} = {}", self.path.join("."), self.spelled())
    }
}

/// `call SERVICE(ARG, …) within D { OUTCOME -> STATE … }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The service.
    pub service: ServiceId,
    /// Arguments, one a parameter.
    pub args: Vec<Expr>,
    /// How long an answer is waited for; then it is `failed`.
    pub within: Millis,
    /// Where each outcome leads, `failed` included.
    pub outcomes: BTreeMap<String, StateId>,
}
