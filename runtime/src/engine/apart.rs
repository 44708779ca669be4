//! Steps that wait for what a hook says, while everybody else's go on.
//!
//! Live, a shell can have hooks asked elsewhere ([`Engine::ask_apart`]): a step that comes to a question is not made, the
//! question is handed out ([`Engine::asked`]), and when the reply is there ([`Engine::answered`]) the same step is made
//! again, at the instant at which it was begun. Until then what else comes for that customer waits behind it.
//!
//! Nothing here decides what a reply means: `step` takes it for that very question and no other. So where something
//! changed meanwhile, an order or the customer by somebody's STOP, the worst that happens is that it asks once more.
//! What waits is in memory only. Its input is not acknowledged, its timer not fired, its result not kept; after a crash, or
//! a commit that failed, it comes again and asks again.

use std::collections::HashMap;
use std::sync::Arc;

use journey_spec::{Program, Ts};
use journey_step::{Customer, Effect, HookRecord, HookReply, HookRequest, Input, Stepped, step_asking, step_recorded};

use super::Engine;
use crate::error::EngineError;
use crate::feed::in_one_spelling;

/// Steps that wait at most before timers wait for one of them to be made. Inputs and results are bounded by whoever brings
/// them.
const MOST: usize = 1024;

/// A question to a hook for which a step waits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    /// Whose step it is.
    pub(crate) customer: String,
    /// What is asked.
    pub(crate) request: HookRequest,
}

/// What a step is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Something fell due.
    Due,
    /// The input of this id.
    Arrival(String),
    /// What became of the effect at this place of the outbox.
    Result(u64),
    /// This message, which was handed over, did not arrive.
    Failed(String),
}

/// A step that waits.
struct Waiting {
    cause: Cause,
    /// When it was begun.
    at: Ts,
    /// What its hooks have said so far.
    records: Vec<HookRecord>,
    /// What is asked now; nothing where the reply is there.
    open: Option<HookRequest>,
}

/// The steps that wait, one a customer.
#[derive(Default)]
pub(super) struct Apart {
    waiting: HashMap<Arc<str>, Waiting>,
    /// Questions that were not handed out yet.
    asked: Vec<Asked>,
    /// Customers whose timers have their reply.
    ready: Vec<Arc<str>>,
}

impl Engine {
    /// From now on hooks are asked by the shell, and steps wait for them. What a STOP does to others who share the address,
    /// and what erases a customer, still asks where it is made.
    pub(crate) fn ask_apart(&mut self) {
        self.apart.get_or_insert_default();
    }

    /// From now on hooks are asked where steps are made, and what waited for one is to be done anew.
    pub(crate) fn ask_here(&mut self) {
        for customer in self.apart.take().into_iter().flat_map(|apart| apart.waiting.into_keys()) {
            self.work.set_waits(&customer, false);
        }
    }

    /// Questions since the last call. Each is to be answered, once.
    pub(crate) fn asked(&mut self) -> Vec<Asked> {
        self.apart.as_mut().map(|apart| std::mem::take(&mut apart.asked)).unwrap_or_default()
    }

    /// A reply is there. One to a question that is not open any more is dropped.
    pub(crate) fn answered(&mut self, customer: &str, request: HookRequest, reply: HookReply) {
        let HookReply { answer, ran } = reply;
        let reply = HookReply { answer: in_one_spelling(&self.program, &request, answer), ran };
        let Some(apart) = &mut self.apart else { return };
        let open = apart.waiting.get_mut(customer).filter(|waiting| waiting.open.as_ref() == Some(&request));
        let Some(waiting) = open else { return };
        waiting.open = None;
        waiting.records.push(HookRecord::new(request, reply));
        if waiting.cause == Cause::Due {
            apart.ready.push(customer.into());
        }
    }

    /// Whether a step of this customer waits.
    pub(crate) fn waits(&self, customer: &str) -> bool {
        self.apart.as_ref().is_some_and(|apart| apart.waiting.contains_key(customer))
    }

    /// How many steps wait.
    pub(crate) fn waiting(&self) -> usize {
        self.apart.as_ref().map_or(0, |apart| apart.waiting.len())
    }

    /// Whether so many wait that timers do, too.
    pub(super) fn is_crowded(&self) -> bool {
        self.waiting() >= MOST
    }

    /// Whether what is to be done for this cause has to wait for a step of the same customer.
    pub(super) fn is_behind(&self, customer: &str, cause: &Cause) -> bool {
        let waiting = self.apart.as_ref().and_then(|apart| apart.waiting.get(customer));
        waiting.is_some_and(|waiting| waiting.cause != *cause || waiting.open.is_some())
    }

    /// Makes the timers' steps whose replies are there.
    pub(super) fn fire_answered(&mut self) -> Result<(), EngineError> {
        let Some(apart) = &mut self.apart else { return Ok(()) };
        for customer in std::mem::take(&mut apart.ready) {
            self.apply_for(&customer, &Input::Due, self.clock, Some(&Cause::Due))?;
        }
        Ok(())
    }

    /// Makes a step, and gives what came of it and when it was begun; or the customer alone, where it waits from now on.
    /// Without a cause it asks where it stands.
    pub(super) fn step_or_wait(
        &mut self,
        program: &Program,
        customer: Customer,
        input: &Input,
        at: Ts,
        cause: Option<&Cause>,
    ) -> (Customer, Option<(Vec<Effect>, Ts)>) {
        let (Some(apart), Some(cause)) = (&mut self.apart, cause) else {
            let hooks = &mut self.hooks;
            let mut ask = |request: &HookRequest| {
                let HookReply { answer, ran } = hooks.ask(request);
                HookReply { answer: in_one_spelling(program, request, answer), ran }
            };
            let (customer, effects) = step_asking(program, &self.orders, customer, input, at, &mut ask);
            return (customer, Some((effects, at)));
        };
        let before = apart.waiting.remove(customer.id()).map(|waiting| (waiting.at, waiting.records));
        let (at, mut records) = before.unwrap_or((at, Vec::new()));
        match step_recorded(program, &self.orders, &records, customer, input, at) {
            Stepped::Done { customer, effects } => (customer, Some((effects, at))),
            Stepped::NeedsHook { customer, request } => {
                // What was answered and is not what is asked now belongs to a step that will not be made.
                records.retain(|record| record.request.position < request.position);
                let id: Arc<str> = customer.id().into();
                apart.asked.push(Asked { customer: customer.id().into(), request: request.clone() });
                apart.waiting.insert(id, Waiting { cause: cause.clone(), at, records, open: Some(request) });
                (customer, None)
            }
        }
    }

    /// What is to be done for this cause is not done any more.
    pub(super) fn let_go(&mut self, customer: &str, cause: &Cause) {
        let waiting = self.apart.as_ref().and_then(|apart| apart.waiting.get(customer));
        if waiting.is_some_and(|waiting| waiting.cause == *cause) {
            self.wait_no_more(customer);
        }
    }

    /// No step of this customer waits any more.
    pub(super) fn wait_no_more(&mut self, customer: &str) {
        if let Some(apart) = &mut self.apart {
            apart.waiting.remove(customer);
        }
        self.work.set_waits(customer, false);
    }

    /// All that waits comes again.
    pub(super) fn forget_waiting(&mut self) {
        if let Some(apart) = &mut self.apart {
            *apart = Apart::default();
        }
    }
}
