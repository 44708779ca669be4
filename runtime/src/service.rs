//! What a journey can ask of its host.

use std::collections::BTreeMap;

use journey_spec::program::Millis;
use journey_step::effect::CallRequest;

use crate::channels::Out;

/// The host's services.
pub trait Service: Send {
    /// Asks a service. The call's id is its idempotency key: after a crash the same call is made again, and must not have
    /// its effect twice. On virtual time the same call must get the same answer.
    ///
    /// The engine waits for this function; what takes long answers [`Answer::Later`] and brings the answer as an input.
    fn call(&mut self, call: Out<'_, CallRequest>) -> Answer;
}

/// What a service says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The outcome's name, at once.
    Outcome(String),
    /// The record that it returns, as a feed would write it, this long after the call; at once where that is nothing.
    Record(Millis, serde_json::Value),
    /// The outcome's name, this long after the call. Only for simulated services: a crash asks again.
    After(Millis, String),
    /// The answer comes as an input of its own, or the call's deadline passes.
    Later,
    /// The service does not work now; it is asked again until the call's deadline. On virtual time it never works again.
    Unavailable(String),
}

/// A host without services: every call runs into its deadline.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoService;

impl Service for NoService {
    fn call(&mut self, _: Out<'_, CallRequest>) -> Answer {
        Answer::Later
    }
}

/// Services whose answers are fixed beforehand, by the service's name. One without an answer runs into its deadline.
#[derive(Clone, Debug, Default)]
pub struct Fixed(pub BTreeMap<String, Answer>);

impl Service for Fixed {
    fn call(&mut self, call: Out<'_, CallRequest>) -> Answer {
        self.0.get(call.item.service.as_str()).cloned().unwrap_or(Answer::Later)
    }
}
