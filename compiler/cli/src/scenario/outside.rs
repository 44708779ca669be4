//! What a scenario directs of the world outside: answers of services and hooks, and channels' failures.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use journey_runtime::hooks::Modules;
use journey_runtime::service::Answer;
use journey_runtime::{Channel, ChannelError, Delivery, Hooks, NoHooks, Out, Service};
use journey_spec::program::Channel as Kind;
use journey_step::effect::{CallRequest, Release};
use journey_step::{HookAnswer, HookReply, HookRequest};

/// What the lines so far have asked for. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Wishes(Arc<Mutex<World>>);

#[derive(Debug, Default)]
struct World {
    answers: BTreeMap<String, Answer>,
    judgements: BTreeMap<String, HookAnswer>,
    failing: BTreeMap<Kind, u32>,
    left: usize,
    /// What each message said, by its id, with nothing veiled.
    said: BTreeMap<String, String>,
}

impl Wishes {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on the service answers this.
    pub(super) fn answer(&self, service: &str, answer: Answer) {
        self.world().answers.insert(service.into(), answer);
    }

    /// From here on the hook says this.
    pub(super) fn judge(&self, hook: &str, answer: HookAnswer) {
        self.world().judgements.insert(hook.into(), answer);
    }

    /// How many messages have left so far, answers to STOP included.
    pub(super) fn left(&self) -> usize {
        self.world().left
    }

    /// Whether a message that left has these words in its text, also where a timeline would veil them.
    pub(super) fn said(&self, id: &str, words: &str) -> bool {
        self.world().said.get(id).is_some_and(|text| text.contains(words))
    }

    /// The next `times` messages on this channel cannot be delivered.
    pub(super) fn fail(&self, channel: Kind, times: u32) {
        self.world().failing.insert(channel, times);
    }
}

/// A channel and a host of services that do as they are told.
pub(super) struct Directed(pub(super) Wishes);

impl Channel for Directed {
    fn send(&mut self, message: Out<'_, Release>) -> Result<Delivery, ChannelError> {
        let mut world = self.0.world();
        world.left += 1;
        let subject = message.item.subject.as_deref().unwrap_or_default();
        world.said.insert(message.item.id.to_string(), format!("{subject}\n{}", message.item.body));
        match world.failing.get_mut(&message.item.channel) {
            Some(left) if *left > 0 => {
                *left -= 1;
                Ok(Delivery::Rejected("the scenario says so".into()))
            }
            _ => Ok(Delivery::Delivered),
        }
    }
}

impl Service for Directed {
    /// What is not mocked never answers, so its call runs into its deadline.
    fn call(&mut self, call: Out<'_, CallRequest>) -> Answer {
        self.0.world().answers.get(call.item.service.as_str()).cloned().unwrap_or(Answer::Later)
    }
}

/// Hooks that say what they are mocked to say, and what their modules say where they are not.
pub(super) struct Judging {
    pub(super) wishes: Wishes,
    pub(super) modules: Option<Modules>,
}

impl Hooks for Judging {
    fn ask(&mut self, request: &HookRequest) -> HookReply {
        let judgement = self.wishes.world().judgements.get(&request.hook).cloned();
        match (judgement, &mut self.modules) {
            (Some(judgement), _) => judgement.into(),
            (None, Some(modules)) => modules.ask(request),
            (None, None) => NoHooks.ask(request),
        }
    }
}
