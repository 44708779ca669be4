//! What a step asks of its shell, and what it writes into the customer's timeline.

use std::fmt;

use compact_str::CompactString;
use journey_spec::Ts;
use journey_spec::program::{Channel, EndKind, JourneyId, MessageId, Purpose, StateId};
use journey_spec::value::{Data, Value};
use serde::{Deserialize, Serialize};

use crate::hooks::Ran;

/// Something that the shell performs after it has committed the customer's state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// A message leaves. The ledger is already charged.
    Release(Box<Release>),
    /// A person is needed.
    Handoff(Box<HandoffCase>),
    /// A service is asked.
    Call(CallRequest),
    /// The event of this step is refused, for this reason: it goes to the dead letters.
    Refuse(String),
    /// A line of the timeline. Entries come in the order in which things happened.
    Note(Entry),
    /// A part of the program that was come by. Nothing is to be done; tests count what none of them reached.
    Took(Took),
}

/// A part of a journey that an instance came by. Numbers are positions in the program's lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Took {
    /// The journey.
    pub journey: JourneyId,
    /// The part of it.
    pub way: Way,
}

/// A part of a journey that an instance can come by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// A start, whose instance began.
    Start(usize),
    /// A state or an end, which was entered.
    State(StateId),
    /// A state's `-> S`, also where a limit then led elsewhere.
    Next(StateId),
    /// A way of a state's `choose` or `split`, also where a limit then led elsewhere.
    Branch(StateId, usize),
    /// A state's arrow, also where a limit then led elsewhere; one that settles, when it was taken.
    Arrow {
        /// The state.
        state: StateId,
        /// Its arrow.
        arrow: usize,
        /// Whether what `if past` says was taken.
        past: bool,
    },
    /// An arrow that holds in every state.
    Everywhere {
        /// The journey's arrow.
        arrow: usize,
        /// Whether what `if past` says was taken.
        past: bool,
    },
    /// An outcome of a state's call.
    Outcome(StateId, String),
    /// What a message's own `on blocked` says.
    OnBlocked(MessageId),
    /// What a message's own `on failed` says.
    OnFailed(MessageId),
    /// What a message's own `on sent` sets.
    OnSent(MessageId),
    /// A limit of the journey, which let one more not through.
    Limit(usize),
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Derived from customer, step and position: a replay makes the same id. It is the idempotency key.
    pub id: CompactString,
    /// The channel.
    pub channel: Channel,
    /// Where to.
    pub address: CompactString,
    /// Subject line, where the channel has one.
    pub subject: Option<String>,
    /// The text.
    pub body: String,
    /// The text for the eyes of others, with sensitive values veiled as `‹health›`; nothing where it is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<String>,
    /// The message's declared name; `stop confirmation` for the answer to STOP.
    pub message: CompactString,
    /// Why it is sent.
    pub purpose: Purpose,
    /// The journey that sends it, where one does.
    pub journey: Option<CompactString>,
    /// The instance's key, where it has one.
    pub key: Option<CompactString>,
    /// When it stops being true; a channel must not deliver it later.
    pub valid_until: Ts,
}

/// A case for a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandoffCase {
    /// Derived like a message's id.
    pub case: CompactString,
    /// Whose desk.
    pub queue: CompactString,
    /// The journey, where one hands over.
    pub journey: Option<CompactString>,
    /// The instance's key, where it has one.
    pub key: Option<CompactString>,
    /// Why, in words.
    pub why: CompactString,
    /// Everything said so far on all channels, oldest first, where the journey gives it along.
    pub transcript: Vec<Said>,
    /// Data that the journey gives along, by their written path such as `visit.page`. They are for whoever takes the case,
    /// and nothing of them is veiled; no timeline holds them.
    #[serde(default, skip_serializing_if = "Data::is_empty")]
    pub data: Data,
    /// How soon somebody should look, where the journey says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// The priority for the eyes of others, veiled as `‹health›`; nothing where it is the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Priority>,
}

/// How soon somebody should look at a case. What it means is the desk's: the language has no order of its own for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Priority {
    /// A number.
    Number(f64),
    /// A name.
    Name(String),
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Priority::Number(number) => write!(f, "{number}"),
            Priority::Name(name) => f.write_str(name),
        }
    }
}

/// One thing said, by either side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// When.
    pub at: Ts,
    /// On which channel.
    pub channel: Channel,
    /// Whether the customer said it.
    pub by_customer: bool,
    /// What.
    pub text: String,
}

/// A question to a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallRequest {
    /// Derived like a message's id; the idempotency key.
    pub id: CompactString,
    /// The service's declared name.
    pub service: CompactString,
    /// The declared parameters' values.
    pub args: Vec<(String, Value)>,
    /// When an answer is too late.
    pub deadline: Ts,
}

/// A line of a customer's timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Ts,
    /// The journey concerned, where there is one.
    pub journey: Option<CompactString>,
    /// The hash of the program that the instance is still on, where that is not the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<CompactString>,
    /// The instance's key, where it has one.
    pub key: Option<CompactString>,
    /// The instance's number, counted per customer.
    pub instance: Option<u64>,
    /// What happened.
    pub what: What,
}

/// What can happen, as a timeline tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// An instance began.
    Started {
        /// By which event.
        event: CompactString,
    },
    /// An event was heard: an arrow was taken, or begins to settle, or stays.
    Heard {
        /// Which event.
        event: CompactString,
        /// Until when it settles, where it does.
        settles_at: Option<Ts>,
    },
    /// An event was not taken in: more of them came than its declaration lets through.
    Refused {
        /// Which event.
        event: CompactString,
        /// The rule, as written.
        rule: CompactString,
    },
    /// An event has begun a quiet time, whoever else heard it.
    Quieted {
        /// Which event.
        event: CompactString,
        /// The rule, as written.
        rule: CompactString,
        /// The value for whose instances it is quiet, where the rule goes by a key and the event has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<CompactString>,
        /// When a message may leave again, if no such event comes before.
        until: Ts,
    },
    /// An input had no effect.
    Ignored {
        /// What came, in words: ``event `booking.created` ``.
        input: CompactString,
        /// Why nothing came of it, in words.
        why: CompactString,
    },
    /// The instance entered a state.
    Entered {
        /// Which.
        state: CompactString,
        /// What led there, in words: `booking.rescheduled, settled`, `after 12h`, `limit visits moved to 3 per 7d`.
        why: CompactString,
    },
    /// The instance goes on in the newest version of its journey.
    Moved {
        /// The hash of the program that it was on.
        version: CompactString,
        /// The older version's state.
        from: CompactString,
        /// Where it goes on, without entering.
        to: CompactString,
    },
    /// A split chose a way; told once a state and instance.
    Split {
        /// The state that splits.
        state: CompactString,
        /// Where its way leads.
        to: CompactString,
        /// How many of a hundred customers go this way.
        percent: u32,
    },
    /// A goal was reached or missed; told once an instance and goal.
    Goal {
        /// As written, without the word `goal`.
        goal: CompactString,
        /// Reached, or else missed.
        reached: bool,
    },
    /// The journey changed its data itself.
    Set {
        /// What.
        path: CompactString,
        /// Its new value, in words.
        value: String,
        /// The message whose leaving set it (`on sent`), where one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left: Option<String>,
    },
    /// A message left.
    Sent {
        /// The release's id.
        id: CompactString,
        /// The message's name.
        message: CompactString,
        /// Its channel.
        channel: Channel,
        /// Its text, with sensitive values veiled.
        text: String,
        /// Whether it passed limits and quiet hours because it is essential.
        essential: bool,
    },
    /// A message waits.
    Deferred {
        /// The message's name.
        message: CompactString,
        /// The rule that holds it, as written.
        rule: CompactString,
        /// When it is asked again.
        until: Ts,
    },
    /// A message will not leave.
    Blocked {
        /// The message's name.
        message: CompactString,
        /// The rule that blocked it, as written, or what is missing, in words.
        rule: CompactString,
        /// When the rule lets one leave again, where it is a quiet time that an event has begun.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Ts>,
    },
    /// A waiting message was taken back because its state was left.
    Withdrawn {
        /// The message's name.
        message: CompactString,
        /// Why, in words.
        why: CompactString,
    },
    /// A message was released and did not go out; it is judged again.
    Unsent {
        /// The release's id.
        id: CompactString,
        /// The message's name.
        message: CompactString,
        /// Whether it may have gone out all the same.
        in_doubt: bool,
    },
    /// A channel could not deliver.
    Failed {
        /// The message's name.
        message: CompactString,
    },
    /// A limit led elsewhere.
    Limited {
        /// The limit, as written.
        limit: CompactString,
        /// What it did, in words: ``to `agent` instead of `moved` ``.
        instead: CompactString,
    },
    /// A person has the case.
    HandedOver {
        /// The case.
        case: CompactString,
        /// Whose desk.
        queue: CompactString,
        /// Whether an open case was joined.
        joined: bool,
        /// How soon somebody should look, veiled where that is not for every eye; nothing for a case that was joined.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        priority: Option<Priority>,
    },
    /// A person closed the case.
    HandoffClosed {
        /// The case.
        case: CompactString,
        /// Whose desk.
        queue: CompactString,
    },
    /// A hook was asked.
    Judged {
        /// Which.
        hook: CompactString,
        /// What it said, or what its failure counts as; veiled where that is not for every eye.
        answer: String,
        /// Why it gave no answer, in words, where it gave none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failed: Option<String>,
        /// How its module ran, where one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ran: Option<Box<Ran>>,
    },
    /// A service was asked.
    Called {
        /// Which.
        service: CompactString,
    },
    /// A service answered, or the time for it is over.
    Answered {
        /// Which.
        service: CompactString,
        /// What.
        outcome: CompactString,
    },
    /// The customer wrote.
    Replied {
        /// On which channel.
        channel: Channel,
        /// What.
        text: String,
        /// The invited reply that it is, where it is one.
        meaning: Option<CompactString>,
        /// Who hears it, in words: ``the journey``, ``queue `care` ``, `nobody`.
        heard_by: CompactString,
    },
    /// The customer wants no more messages at this address.
    OptedOut {
        /// The address.
        address: CompactString,
    },
    /// A promise was made, kept, withdrawn, broken or became void.
    Promise {
        /// Its name.
        name: CompactString,
        /// What became of it.
        fate: PromiseFate,
        /// Its deadline.
        by: Ts,
    },
    /// What the directory knows changed.
    Updated,
    /// The customer was forgotten: what is personal is erased, what left stays counted.
    Forgotten,
    /// The instance ended.
    Ended {
        /// In which state; empty where a limit ended it.
        state: CompactString,
        /// How.
        outcome: EndKind,
    },
}

/// What became of a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromiseFate {
    /// It was made.
    Made,
    /// A keeping message left in time.
    Kept,
    /// A withdrawing message left in time.
    Withdrawn,
    /// Its deadline passed, or its instance ended, with nothing said.
    Broken,
    /// The customer opted out, or has no address left.
    Void,
}
