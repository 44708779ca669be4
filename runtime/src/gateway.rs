//! What a host plugs into a runtime: ways to customers, desks of people, and services, each asynchronous.
//!
//! A runtime calls them from several tasks at once. Nothing here has to remember anything: the runtime tries again, counts and
//! waits, and each call carries an id that is the same whenever it is made again.

use async_trait::async_trait;
use journey_spec::Ts;
use journey_step::effect::{CallRequest, HandoffCase, Release};
use thiserror::Error;

pub use crate::channels::Delivery;
pub use crate::service::Answer;

/// A message on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Whose it is.
    pub customer: String,
    /// When the journey decided it, in milliseconds since the epoch.
    pub at: Ts,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// What it is. [`Release::id`] is the idempotency key, the same in each attempt.
    pub release: Release,
}

/// Why an attempt did not end with a [`Delivery`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SendError {
    /// Nothing went out, for certain: the connection was refused, the provider said that it takes nothing now. Tried again.
    #[error("nothing was sent: {0}")]
    NotSent(String),
    /// Nobody knows whether it went out: no answer in time, a connection that broke. Tried again where the channel is
    /// [`Mode::AtLeastOnce`], and counted for every attempt that may have reached the customer.
    #[error("it is not known whether it was sent: {0}")]
    InDoubt(String),
}

/// What is worse for a channel: a message that comes twice, or one that does not come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// An attempt in doubt is repeated with the same id. Whoever is behind the channel should take each id once.
    #[default]
    AtLeastOnce,
    /// An attempt in doubt is not repeated, and is told as `on failed`.
    AtMostOnce,
}

/// A way to customers.
#[async_trait]
pub trait Gateway: Send + Sync {
    /// Sends a message. The runtime drops the future when the attempt's time is over; that counts as in doubt.
    ///
    /// # Errors
    /// [`SendError::NotSent`] only where that is certain.
    async fn send(&self, message: &Message) -> Result<Delivery, SendError>;
}

/// A case on its way to people.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Whose it is.
    pub customer: String,
    /// When the journey decided it.
    pub at: Ts,
    /// What it is. [`HandoffCase::case`] is the idempotency key.
    pub case: HandoffCase,
}

/// Where people take over.
#[async_trait]
pub trait Casework: Send + Sync {
    /// Opens a case. The same id may come again, and must not open another.
    ///
    /// # Errors
    /// It is tried again until it succeeds: a person who is needed is not given up.
    async fn open(&self, case: &Case) -> Result<(), SendError>;
}

/// A call on its way to a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Whose it is.
    pub customer: String,
    /// When the journey asked.
    pub at: Ts,
    /// What is asked. [`CallRequest::id`] is the idempotency key.
    pub request: CallRequest,
}

/// Where the host keeps its customers.
#[async_trait]
pub trait Directory: Send + Sync {
    /// What is known of a customer, as `customer.updated` would tell it; nothing where nobody knows them. Asked where an input
    /// comes for somebody of whom the runtime knows nothing; later news come as `customer.updated`.
    ///
    /// # Errors
    /// In words. The input is not taken then, and is to be given again.
    async fn look_up(&self, customer: &str) -> Result<Option<serde_json::Value>, String>;
}

/// A service of the host.
#[async_trait]
pub trait Backend: Send + Sync {
    /// Answers a call. The runtime drops the future at the call's deadline.
    ///
    /// [`Answer::Unavailable`] is asked again until the deadline; [`Answer::Later`] says that the answer comes as an input.
    async fn call(&self, call: &Call) -> Answer;
}
