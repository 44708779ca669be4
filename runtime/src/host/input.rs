//! Inputs as a host writes them.

use journey_spec::program::Channel;
use journey_spec::time::rfc3339;
use journey_spec::{Program, Ts};
use serde_json::{Map, Value as Json, json};

use crate::feed::{self, UPDATED};
use crate::intake::Arrival;

/// An input, as a line of a feed would say it. It is read as strictly as one.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    fields: Map<String, Json>,
}

impl Given {
    fn new(customer: &str, fields: &[(&str, Json)]) -> Given {
        let mut all: Map<String, Json> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        all.insert("customer".into(), json!(customer));
        Given { fields: all }
    }

    /// A person closed a case: its id, or a queue's name for the oldest open case there.
    #[must_use]
    pub fn handoff_closed(id: &str, customer: &str, case: &str) -> Given {
        Given::new(customer, &[("id", json!(id)), ("handoff_closed", json!(case))])
    }

    /// The customer wants no more messages, said elsewhere than in a reply: on a channel by its name, or an address.
    #[must_use]
    pub fn opt_out(id: &str, customer: &str, what: &str) -> Given {
        Given::new(customer, &[("id", json!(id)), ("opt_out", json!(what))])
    }

    /// A service answered a call with an outcome.
    #[must_use]
    pub fn answered(id: &str, customer: &str, call: &str, outcome: &str) -> Given {
        Given::new(customer, &[("id", json!(id)), ("answered", json!(call)), ("outcome", json!(outcome))])
    }

    /// A service returned a record for a call.
    #[must_use]
    pub fn returned(id: &str, customer: &str, call: &str, service: &str, record: Json) -> Given {
        let fields = [("id", json!(id)), ("answered", json!(call)), ("service", json!(service)), ("record", record)];
        Given::new(customer, &fields)
    }

    /// A channel told what became of a message.
    #[must_use]
    pub fn receipt(id: &str, customer: &str, message: &str, delivered: bool) -> Given {
        Given::new(customer, &[("id", json!(id)), ("receipt", json!(message)), ("delivered", json!(delivered))])
    }

    /// When it happened, in milliseconds since the epoch; now where nobody says so.
    #[must_use]
    pub fn at(mut self, at: Ts) -> Given {
        self.fields.insert("at".into(), json!(rfc3339(at)));
        self
    }

    /// Reads it.
    pub(super) fn arrival(mut self, program: &Program, now: Ts) -> Arrival {
        if !self.fields.contains_key("at") {
            self.fields.insert("at".into(), json!(rfc3339(now)));
        }
        let line = Json::Object(self.fields).to_string();
        Arrival::from(feed::parse_line(program, 0, line.as_bytes()))
    }
}

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event(Given);

impl Event {
    /// An event of this declared name, for this customer. Give it an [`id`](Event::id) of its own.
    #[must_use]
    pub fn new(name: &str, customer: &str) -> Event {
        Event(Given::new(customer, &[("event", json!(name))]))
    }

    /// What the directory knows of a customer now.
    #[must_use]
    pub fn updated(customer: &str) -> Event {
        Event::new(UPDATED, customer)
    }

    /// Its id, which is taken once in the life of a store.
    #[must_use]
    pub fn id(mut self, id: &str) -> Event {
        self.0.fields.insert("id".into(), json!(id));
        self
    }

    /// Its declared fields.
    #[must_use]
    pub fn data(mut self, data: Json) -> Event {
        self.0.fields.insert("data".into(), data);
        self
    }

    /// When it happened, in milliseconds since the epoch; now where nobody says so.
    #[must_use]
    pub fn at(self, at: Ts) -> Event {
        Event(self.0.at(at))
    }
}

impl From<Event> for Given {
    fn from(event: Event) -> Given {
        event.0
    }
}

/// What a customer wrote back.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply(Given);

impl Reply {
    /// What the customer wrote on this channel, with the input's id.
    #[must_use]
    pub fn new(id: &str, customer: &str, channel: Channel, text: &str) -> Reply {
        let fields = [("id", json!(id)), ("channel", json!(channel.name())), ("reply", json!(text))];
        Reply(Given::new(customer, &fields))
    }

    /// From which address, where it is not the customer's own.
    #[must_use]
    pub fn from(mut self, address: &str) -> Reply {
        self.0.fields.insert("address".into(), json!(address));
        self
    }

    /// When it was written, in milliseconds since the epoch; now where nobody says so.
    #[must_use]
    pub fn at(self, at: Ts) -> Reply {
        Reply(self.0.at(at))
    }
}

impl From<Reply> for Given {
    fn from(reply: Reply) -> Given {
        reply.0
    }
}
