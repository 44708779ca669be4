//! What arrives at the engine's door.

use journey_spec::Ts;
use journey_spec::program::Channel;
use journey_spec::time::rfc3339;
use journey_spec::value::fields_to_json;
use journey_step::Input;
use serde_json::json;

/// Most bytes of a refused line that are kept.
pub const RAW_MAX: usize = 64 * 1024;

/// Ids that begin so are the engine's own.
pub const RESERVED: &str = "journey:";

/// Something that arrives.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// The input's id, which is taken once in the life of a store; empty where what came is refused.
    pub id: String,
    /// When it arrives. On virtual time this moves the engine's clock, forward only.
    pub received: Ts,
    /// Whose it is; empty where what came is refused.
    pub customer: String,
    /// What it is.
    pub content: Content,
}

/// What an arrival brings.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// An input that fits the program. The addresses that said STOP are filled in by the engine.
    Input(Input),
    /// STOP for the address that the customer has on this channel, said elsewhere than in a reply here.
    OptOut(Channel),
    /// This address, folded, said STOP to another part of the store.
    Stopped(String),
    /// Something that does not fit, for the dead letters.
    Refused(Refusal),
}

impl Arrival {
    /// An input that is known to fit the program.
    pub fn new(id: impl Into<String>, received: Ts, customer: impl Into<String>, input: Input) -> Arrival {
        Arrival { id: id.into(), received, customer: customer.into(), content: Content::Input(input) }
    }

    /// An event as a line of a feed, for the dead letters.
    #[must_use]
    pub fn as_line(&self) -> String {
        let Content::Input(Input::Event { name, at, data }) = &self.content else { return String::new() };
        let line = json!({
            "id": self.id, "at": rfc3339(*at), "received": rfc3339(self.received), "customer": self.customer,
            "event": name, "data": fields_to_json(data),
        });
        cut(&line.to_string(), RAW_MAX).to_string()
    }

    /// Something refused, for the dead letters.
    #[must_use]
    pub fn refused(refusal: Refusal) -> Arrival {
        Arrival {
            id: String::new(),
            received: *journey_spec::time::RANGE.start(),
            customer: String::new(),
            content: Content::Refused(refusal),
        }
    }
}

impl From<Result<Arrival, Refusal>> for Arrival {
    fn from(read: Result<Arrival, Refusal>) -> Arrival {
        read.unwrap_or_else(Arrival::refused)
    }
}

/// Why something that came does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The number of its line, from 1; 0 where there is none.
    pub line: u64,
    /// The field concerned, as a dotted path, where there is one.
    pub field: Option<String>,
    /// What is wrong and how to mend it, in words.
    pub reason: String,
    /// What came, cut to [`RAW_MAX`] bytes.
    pub raw: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        write!(f, "{}", self.reason)
    }
}

/// What became of an arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was taken, and this many messages, cases and calls came of it and of what was done with it.
    Accepted {
        /// How many.
        effects: usize,
    },
    /// Its id was taken before; nothing came of it.
    Duplicate,
    /// It went to the dead letters, for this reason.
    Refused(String),
}

/// Cuts a text to at most `max` bytes, at a character.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
