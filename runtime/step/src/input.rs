//! What can happen to a customer.

use std::sync::Arc;

use journey_spec::Ts;
use journey_spec::program::Channel;
use journey_spec::value::Data;
use serde::{Deserialize, Serialize};

/// One input of [`step`](fn@crate::step). The shell has validated it against the program, and takes each input's id once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Nothing but the time: whatever is due is done.
    Due,
    /// A declared event.
    Event {
        /// Its declared name.
        name: String,
        /// When it happened, from the envelope; not when it came.
        at: Ts,
        /// Its declared fields, whole and typed.
        data: Data,
    },
    /// What the directory knows of the customer now.
    CustomerUpdated {
        /// The declared customer's fields, whole and typed; the state goes on with the same ones.
        profile: Arc<Data>,
        /// Those of the customer's addresses that have said STOP, whoever said it.
        stopped: Vec<String>,
    },
    /// The customer wrote.
    Reply {
        /// On which channel.
        channel: Channel,
        /// From which address; the customer's own on that channel where the shell does not know better.
        address: Option<String>,
        /// What they wrote, as they wrote it.
        text: String,
    },
    /// Somebody with this address said STOP by another way than a reply here: on a web page, to a person, or to another
    /// customer's journey that shares the address.
    OptOut {
        /// The address.
        address: String,
        /// Whether the confirmation is owed here; false where another customer's step has given it.
        confirm: bool,
    },
    /// A person closed a case.
    HandoffClosed {
        /// A case's id, or a queue's name for the oldest open case there.
        case: String,
    },
    /// A service answered.
    Answered {
        /// The call's id.
        call: String,
        /// The outcome's name; what the service does not declare counts as `failed`.
        outcome: String,
    },
    /// A service that was asked for a record has returned it, or could not.
    LookedUp {
        /// The call's id.
        call: String,
        /// The record's fields, whole and typed; none where it could not be had.
        record: Option<Data>,
    },
    /// The customer is to be forgotten.
    Forget,
    /// A message was released and did not go out, and would only now: it is judged again.
    Late {
        /// The message's id.
        message: String,
        /// The channel on which it was released.
        channel: Channel,
        /// Whether an attempt may have gone out all the same.
        in_doubt: bool,
    },
    /// A channel told what became of a message.
    Receipt {
        /// The message's id.
        message: String,
        /// Whether it could be delivered.
        delivered: bool,
    },
}
