//! Versions of one project side by side: which journeys are the newest, and what of older ones is still there.
//!
//! Journeys of one name are versions of one journey. What is counted for the customer over a journey is counted over all of
//! its versions, and a key that lives in one of them lives.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Event, EventId, Journey, JourneyId, Limit, LimitWhat, Program};

/// What a program has that stands for several versions. Made by [`super::union`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Versions {
    /// The programs, in the order in which they came; the last is the newest, and what it declares holds for all.
    pub programs: Vec<Version>,
    /// Events that only older versions declare. A feed may not bring them any more.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub gone: BTreeSet<EventId>,
    /// For each of the policy's limits, the place at which customers' counts for it stand.
    pub places: Vec<u32>,
    /// For each such place, the limit that was counted there last. A place never changes what is counted.
    pub counted: Vec<Limit>,
}

/// One of several versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The program's hash.
    pub hash: String,
    /// Its journeys, in source order.
    pub journeys: Vec<JourneyId>,
}

/// How many digits of a hash tell versions apart where people read them.
pub const SHORT: usize = 8;

/// The digits of a hash that people read.
#[must_use]
pub fn short(hash: &str) -> &str {
    hash.get(..SHORT).unwrap_or(hash)
}

impl Program {
    /// The newest version's journeys, in source order: the only ones that begin.
    pub fn current(&self) -> impl Iterator<Item = (JourneyId, &Journey)> {
        let newest = self.newest();
        let plain = newest.is_none().then(|| self.journeys.iter().zip(0..).map(|(j, i)| (JourneyId(i), j)));
        let newest = newest.into_iter().flat_map(|v| &v.journeys);
        let newest = newest.filter_map(|id| Some((*id, self.journeys.get(id.index())?)));
        newest.chain(plain.into_iter().flatten())
    }

    fn newest(&self) -> Option<&Version> {
        self.versions.as_ref()?.programs.last()
    }

    /// Whether a journey is of the newest version.
    #[must_use]
    pub fn is_current(&self, journey: JourneyId) -> bool {
        self.newest().is_none_or(|newest| newest.journeys.contains(&journey))
    }

    /// The hash of the newest of the older programs that a journey is of; none for a journey of the newest program, and for
    /// one whose programs are forgotten because nobody is in them any more.
    #[must_use]
    pub fn older_version(&self, journey: JourneyId) -> Option<&str> {
        if self.is_current(journey) {
            return None;
        }
        let of = self.versions.as_ref()?.programs.iter().rev().find(|v| v.journeys.contains(&journey))?;
        Some(&of.hash)
    }

    /// Whether two journeys are versions of one.
    #[must_use]
    pub fn is_same_journey(&self, one: JourneyId, other: JourneyId) -> bool {
        let name = |id: JourneyId| self.journeys.get(id.index()).map(|j| &j.name);
        one == other || self.versions.is_some() && name(one).is_some() && name(one) == name(other)
    }

    /// The newest version's events, which a feed may bring.
    pub fn declared_events(&self) -> impl Iterator<Item = (EventId, &Event)> {
        let all = self.events.iter().zip(0..).map(|(e, i)| (EventId(i), e));
        all.filter(|(id, _)| self.versions.as_ref().is_none_or(|v| !v.gone.contains(id)))
    }

    /// The place at which customers' counts for a limit of the policy stand.
    #[must_use]
    pub fn place_of(&self, limit: u32) -> u32 {
        let place = |v: &Versions| v.places.get(limit as usize).copied();
        self.versions.as_ref().and_then(|v| place(v)).unwrap_or(limit)
    }

    /// Whether limits of two versions of a journey count the same.
    #[must_use]
    pub fn counts_same(&self, one: (JourneyId, u32), other: (JourneyId, u32)) -> bool {
        if one == other {
            return true;
        }
        if !self.is_same_journey(one.0, other.0) {
            return false;
        }
        let limit = |(journey, index): (JourneyId, u32)| {
            let journey = self.journeys.get(journey.index())?;
            Some((journey, journey.limits.get(index as usize)?))
        };
        limit(one).zip(limit(other)).is_some_and(|(one, other)| Versions::count_same(one, other))
    }
}

impl Versions {
    /// Whether limits of two versions of a journey count the same, each with its journey.
    #[must_use]
    pub fn count_same((journey, limit): (&Journey, &Limit), (before, other): (&Journey, &Limit)) -> bool {
        let what = match (limit.what, other.what) {
            (LimitWhat::Visits(state), LimitWhat::Visits(old)) => {
                let name = |journey: &Journey, state: super::StateId| {
                    journey.states.get(state.index()).map(|s| s.name.clone())
                };
                name(journey, state).is_some_and(|state| Some(state) == name(before, old))
            }
            (what, old) => what == old,
        };
        what && limit.per_customer == other.per_customer && limit.key == other.key
    }
}
