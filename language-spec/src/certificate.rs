//! What was proven of a program, as it travels with it.
//!
//! Whoever runs the program can compare what happens with what was said to be the most that can. A certificate belongs to
//! one program, by its hash; it is no signature.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::program::{Channel, Millis, Program, Purpose};

/// Bounds of one program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Which checker proved them, and in which version: `journeyc 0.1.0`.
    pub checker: String,
    /// The program's hash.
    pub program: String,
    /// SHA-256, in hexadecimal, of the certificate's JSON with this field empty.
    pub hash: String,
    /// The bounds, for all that a customer gets first.
    pub bounds: Vec<Proven>,
}

/// The most messages that can leave in any half-open window of a length. The confirmation of a STOP is not counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proven {
    /// From one instance of the journey of this name; without it, to one customer from all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journey: Option<String>,
    /// Only on this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Only for this purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// The window, in milliseconds; none means the whole life of an instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Millis>,
    /// How many at most.
    pub at_most: u64,
    /// Whether so many can leave; else it is never more.
    pub exact: bool,
}

impl Certificate {
    /// Of a program.
    #[must_use]
    pub fn new(program: &Program, checker: &str, bounds: Vec<Proven>) -> Certificate {
        let mut made =
            Certificate { checker: checker.into(), program: program.hash.clone(), hash: String::new(), bounds };
        made.hash = made.content_hash();
        made
    }

    /// The hash that the content has; equal to [`Certificate::hash`] unless somebody changed it.
    #[must_use]
    pub fn content_hash(&self) -> String {
        let unsealed = Certificate { hash: String::new(), ..self.clone() };
        // Plain data can always be written; an empty text would only give a hash nobody accepts.
        let bytes = serde_json::to_vec(&unsealed).unwrap_or_default();
        Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect()
    }
}
