//! Where messages and cases leave the engine.

pub mod console;
pub mod file;
pub mod shared;
#[cfg(feature = "smtp")]
pub mod smtp;
#[cfg(feature = "webhook")]
pub mod webhook;
#[cfg(any(feature = "smtp", feature = "webhook"))]
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use journey_spec::Ts;
use journey_step::effect::{HandoffCase, Release};

pub use crate::error::ChannelError;
pub use console::Console;
pub use file::{CaseFile, MessageFile};
pub use shared::Shared;
#[cfg(feature = "smtp")]
pub use smtp::Smtp;
#[cfg(feature = "webhook")]
pub use webhook::Webhook;

/// Something on its way out.
#[derive(Debug)]
pub struct Out<'a, T> {
    /// When it was decided, in the engine's time.
    pub at: Ts,
    /// Whose it is.
    pub customer: &'a str,
    /// What it is.
    pub item: &'a T,
}

/// What became of a message that a channel took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It is out, as far as the channel can tell.
    Delivered,
    /// It can never be delivered, for this reason. The journey hears it as `on failed`.
    Rejected(String),
}

/// A way to customers, for all channels of the language at once: a host that has several looks at
/// [`Release::channel`].
pub trait Channel: Send {
    /// Sends a message, or begins to. The same id may come again after a crash and must not reach the customer twice.
    ///
    /// # Errors
    /// [`ChannelError::Unavailable`] where it is worth trying again, [`ChannelError::Broken`] where it is not.
    fn send(&mut self, message: Out<'_, Release>) -> Result<Delivery, ChannelError>;

    /// Makes everything that [`Channel::send`] took since the last flush durable. Only then it counts as delivered.
    ///
    /// # Errors
    /// None of those messages may count as delivered then; they come again.
    fn flush(&mut self) -> Result<(), ChannelError> {
        Ok(())
    }

    /// Whether [`Delivery::Rejected`] is possible. On virtual time a channel that never rejects lets the engine commit
    /// many arrivals at once, since nothing comes back that the next arrival could depend on.
    fn may_reject(&self) -> bool {
        true
    }
}

/// Where people take over.
pub trait Desk: Send {
    /// Opens a case. The same id may come again after a crash.
    ///
    /// # Errors
    /// As [`Channel::send`].
    fn open(&mut self, case: Out<'_, HandoffCase>) -> Result<(), ChannelError>;

    /// As [`Channel::flush`].
    ///
    /// # Errors
    /// As [`Channel::flush`].
    fn flush(&mut self) -> Result<(), ChannelError> {
        Ok(())
    }
}

/// Something that left, as [`Collect`] keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left<T> {
    /// When it was decided.
    pub at: Ts,
    /// Whose it is.
    pub customer: String,
    /// What it is.
    pub item: T,
}

#[derive(Debug)]
struct Pile<T> {
    ids: BTreeSet<String>,
    left: Vec<Left<T>>,
}

impl<T> Default for Pile<T> {
    fn default() -> Self {
        Pile { ids: BTreeSet::new(), left: Vec::new() }
    }
}

impl<T: Clone> Pile<T> {
    fn add(&mut self, id: &str, out: &Out<'_, T>) {
        if self.ids.insert(id.into()) {
            self.left.push(Left { at: out.at, customer: out.customer.into(), item: out.item.clone() });
        }
    }
}

/// Collects what leaves, each id once. Clones share what they collected.
#[derive(Clone, Debug, Default)]
pub struct Collect {
    messages: Arc<Mutex<Pile<Release>>>,
    cases: Arc<Mutex<Pile<HandoffCase>>>,
    rejects: BTreeMap<String, String>,
    rejecting: bool,
}

impl Collect {
    /// An empty collection that takes everything.
    #[must_use]
    pub fn new() -> Collect {
        Collect::default()
    }

    /// Rejects messages of these declared names, each for its reason.
    #[must_use]
    pub fn rejecting(mut self, reasons: BTreeMap<String, String>) -> Collect {
        self.rejecting = true;
        self.rejects = reasons;
        self
    }

    /// The messages so far.
    #[must_use]
    pub fn messages(&self) -> Vec<Left<Release>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).left.clone()
    }

    /// The cases so far.
    #[must_use]
    pub fn cases(&self) -> Vec<Left<HandoffCase>> {
        self.cases.lock().unwrap_or_else(PoisonError::into_inner).left.clone()
    }
}

impl Channel for Collect {
    fn send(&mut self, message: Out<'_, Release>) -> Result<Delivery, ChannelError> {
        if let Some(why) = self.rejects.get(message.item.message.as_str()) {
            return Ok(Delivery::Rejected(why.clone()));
        }
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).add(&message.item.id, &message);
        Ok(Delivery::Delivered)
    }

    fn may_reject(&self) -> bool {
        self.rejecting
    }
}

impl Desk for Collect {
    fn open(&mut self, case: Out<'_, HandoffCase>) -> Result<(), ChannelError> {
        self.cases.lock().unwrap_or_else(PoisonError::into_inner).add(&case.item.case, &case);
        Ok(())
    }
}

/// Takes everything and keeps nothing: for measurements, and where the outbox itself is what is looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Discard;

impl Channel for Discard {
    fn send(&mut self, _: Out<'_, Release>) -> Result<Delivery, ChannelError> {
        Ok(Delivery::Delivered)
    }

    fn may_reject(&self) -> bool {
        false
    }
}

impl Desk for Discard {
    fn open(&mut self, _: Out<'_, HandoffCase>) -> Result<(), ChannelError> {
        Ok(())
    }
}
