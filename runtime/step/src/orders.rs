//! What the people who run the engine have ordered: channels and journeys of which nothing leaves for now, and what is
//! withdrawn.
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

/// What an order is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Every message.
    All,
    /// Every message on one channel.
    Channel(Channel),
    /// Every message of one journey, by its name.
    Journey(String),
}

/// The orders that hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// Until when each paused channel is; nothing where somebody has to end the pause.
    paused: BTreeMap<Channel, Option<Ts>>,
    /// The same of journeys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    journeys: BTreeMap<String, Option<Ts>>,
    /// Messages of before these instants do not leave any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    withdrawn: Vec<(Scope, Ts)>,
}

impl Orders {
    /// What holds where nobody has ordered anything.
    pub(crate) fn none() -> &'static Orders {
        static NONE: Orders = Orders { paused: BTreeMap::new(), journeys: BTreeMap::new(), withdrawn: Vec::new() };
        &NONE
    }

    /// From now on nothing leaves on this channel, until then or until [`Orders::resume`].
    pub fn pause(&mut self, channel: Channel, until: Option<Ts>) {
        self.paused.insert(channel, until);
    }

    /// The channel is open again. What waited for the end of the pause is asked when it had been told to be.
    pub fn resume(&mut self, channel: Channel) {
        self.paused.remove(&channel);
    }

    /// From now on nothing of this leaves, until then or until [`Orders::resume_scope`].
    pub fn pause_scope(&mut self, scope: &Scope, until: Option<Ts>) {
        match scope {
            Scope::All => Channel::ALL.into_iter().for_each(|channel| self.pause(channel, until)),
            Scope::Channel(channel) => self.pause(*channel, until),
            Scope::Journey(name) => _ = self.journeys.insert(name.clone(), until),
        }
    }

    /// Ends a pause, as [`Orders::resume`].
    pub fn resume_scope(&mut self, scope: &Scope) {
        match scope {
            Scope::All => self.paused.clear(),
            Scope::Channel(channel) => self.resume(*channel),
            Scope::Journey(name) => _ = self.journeys.remove(name),
        }
    }

    /// What was decided until `now` and waits does not leave any more.
    pub fn withdraw(&mut self, scope: Scope, now: Ts) {
        self.withdrawn.retain(|(other, _)| *other != scope);
        self.withdrawn.push((scope, now));
    }

    /// Whether a message that was decided then was withdrawn.
    #[must_use]
    pub fn is_withdrawn(&self, channel: Channel, journey: &str, decided: Ts) -> bool {
        self.withdrawn.iter().any(|(scope, until)| {
            let meant = match scope {
                Scope::All => true,
                Scope::Channel(of) => *of == channel,
                Scope::Journey(of) => of == journey,
            };
            meant && decided <= *until
        })
    }

    /// Whether nothing may leave on this channel now.
    #[must_use]
    pub fn is_paused(&self, channel: Channel, now: Ts) -> bool {
        self.paused.get(&channel).is_some_and(|until| until.is_none_or(|until| now < until))
    }

    /// Whether nothing of this journey may leave now.
    #[must_use]
    pub fn is_journey_paused(&self, journey: &str, now: Ts) -> bool {
        self.journeys.get(journey).is_some_and(|until| until.is_none_or(|until| now < until))
    }

    /// When to ask again, where the channel or the journey is paused now, and the rule as timelines tell it.
    pub(crate) fn ask_again(&self, channel: Channel, journey: &str, now: Ts) -> Option<(Ts, &'static str)> {
        let when = |until: Option<Ts>| until.unwrap_or_else(|| later(now, AGAIN));
        let of_channel = self.paused.get(&channel).filter(|_| self.is_paused(channel, now));
        let of_journey = self.journeys.get(journey).filter(|_| self.is_journey_paused(journey, now));
        let of_channel = of_channel.map(|until| (when(*until), rule(channel)));
        let of_journey = of_journey.map(|until| (when(*until), JOURNEY));
        // Of two the one that lasts longer.
        of_channel.into_iter().chain(of_journey).max_by_key(|(until, _)| *until)
    }
}

/// The rule of a journey's pause.
const JOURNEY: &str = "a pause of the journey";

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
