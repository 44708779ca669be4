//! What the people who run the engine have ordered: channels on which nothing leaves for now.
//!
//! Orders are no part of a customer's state: one order holds for all customers at once. The shell keeps them, durable, and
//! gives them to every [`step_under`](crate::step_under) them.

use std::collections::BTreeMap;

use journey_spec::Ts;
use journey_spec::program::{Channel, MINUTE, Millis};
use serde::{Deserialize, Serialize};

use crate::customer::later;

/// How often a message is asked again that waits for a pause without an end.
const AGAIN: Millis = 5 * MINUTE;

/// The orders that hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// Until when each paused channel is; nothing where somebody has to end the pause.
    paused: BTreeMap<Channel, Option<Ts>>,
}

impl Orders {
    /// From now on nothing leaves on this channel, until then or until [`Orders::resume`].
    pub fn pause(&mut self, channel: Channel, until: Option<Ts>) {
        self.paused.insert(channel, until);
    }

    /// The channel is open again. What waited for the end of the pause is asked when it had been told to be.
    pub fn resume(&mut self, channel: Channel) {
        self.paused.remove(&channel);
    }

    /// Whether nothing may leave on this channel now.
    #[must_use]
    pub fn is_paused(&self, channel: Channel, now: Ts) -> bool {
        self.paused.get(&channel).is_some_and(|until| until.is_none_or(|until| now < until))
    }

    /// When to ask again, where the channel is paused now.
    pub(crate) fn ask_again(&self, channel: Channel, now: Ts) -> Option<Ts> {
        let until = self.paused.get(&channel).filter(|_| self.is_paused(channel, now))?;
        Some(until.unwrap_or_else(|| later(now, AGAIN)))
    }
}

/// How the rule begins.
pub(crate) const PAUSE: &str = "a pause of ";

/// The rule as timelines tell it.
pub(crate) fn rule(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => "a pause of sms",
        Channel::Email => "a pause of email",
        Channel::Voice => "a pause of voice",
        Channel::Push => "a pause of push",
        Channel::Whatsapp => "a pause of whatsapp",
        Channel::Webchat => "a pause of webchat",
    }
}
