//! Data that is not for every eye: what kinds there are, and where a program holds some.

use serde::{Deserialize, Serialize};

use crate::program::{Channel, Field, JourneyId, Program};
use crate::types::Type;

/// Why a field is not for every eye: `diagnosis: text sensitive health`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitive {
    /// Body and mind: diagnoses, treatments, disability, pregnancy.
    Health,
    /// Money: debts, income, balances, creditworthiness, card and account numbers.
    Financial,
    /// Who somebody is: numbers of passports and insurance, biometric and genetic data, passwords and codes.
    Identity,
    /// Law: offences, proceedings, residence status.
    Legal,
    /// Convictions: religion, politics, membership of a union.
    Belief,
    /// Sex life and orientation, family troubles, origin.
    Intimate,
}

impl Sensitive {
    /// All kinds, in the language's order.
    pub const ALL: [Sensitive; 6] = [
        Sensitive::Health,
        Sensitive::Financial,
        Sensitive::Identity,
        Sensitive::Legal,
        Sensitive::Belief,
        Sensitive::Intimate,
    ];

    /// The kind's name in the language.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Sensitive::Health => "health",
            Sensitive::Financial => "financial",
            Sensitive::Identity => "identity",
            Sensitive::Legal => "legal",
            Sensitive::Belief => "belief",
            Sensitive::Intimate => "intimate",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Sensitive> {
        Sensitive::ALL.into_iter().find(|s| s.name() == name)
    }

    /// What stands in place of a value of this kind wherever it is not to be read: `‹health›`.
    #[must_use]
    pub fn veil(self) -> String {
        format!("‹{}›", self.name())
    }
}

impl Channel {
    /// Whether what is sent may be read by others than the customer: on a lock screen, in a shared mailbox, on a voicemail,
    /// in a backup. Only a chat on a page behind the customer's own login is closed.
    #[must_use]
    pub fn is_open(self) -> bool {
        self != Channel::Webchat
    }
}

impl Program {
    /// Why the value at this path of a journey's data, or of the `customer`, is not for every eye, where it is not.
    #[must_use]
    pub fn sensitivity(&self, journey: JourneyId, path: &[String]) -> Option<Sensitive> {
        let (fields, path) = match path.split_first() {
            Some((first, rest)) if first == "customer" => (self.customer.fields.as_slice(), rest),
            _ => (self.journeys.get(journey.index())?.data.as_slice(), path),
        };
        let mut fields = fields;
        for part in path {
            let field = fields.iter().find(|f| f.name == *part)?;
            if field.sensitive.is_some() {
                return field.sensitive;
            }
            fields = match field.ty.required() {
                Type::Record(name) => self.records.get(name)?,
                _ => &[],
            };
        }
        None
    }

    /// Whether some field of the program is not for every eye.
    #[must_use]
    pub fn holds_sensitive(&self) -> bool {
        let any = |fields: &[Field]| fields.iter().any(|f| f.sensitive.is_some());
        any(&self.customer.fields)
            || self.records.values().any(|fields| any(fields))
            || self.events.iter().any(|e| any(&e.fields))
            || self.services.iter().any(|s| any(&s.params))
            || self.hooks.iter().any(|h| any(&h.params))
            || self.journeys.iter().any(|j| any(&j.data))
    }
}
