//! Data that have to be new when a message leaves: asked for when it would leave, and not before.

use std::sync::Arc;

use compact_str::format_compact;
use journey_spec::program::{Fresh, LOOKUP, Message, Program};
use journey_spec::time::spelled_duration;
use journey_spec::value::{Data, Value, lookup};

use super::Run;
use super::values::{eval, is_key};
use crate::customer::{Lookup, Waiting, later};
use crate::effect::{CallRequest, Effect, What};

const NOT_REFRESHED: &str = "its data could not be refreshed";

/// Whether some message needs a datum of this name fresh.
pub(crate) fn is_watched(program: &Program, datum: &str) -> bool {
    program.messages.iter().any(|m| m.fresh.iter().any(|f| f.datum == datum))
}

impl<'p> Run<'p> {
    /// The first datum of a message that is older than it may be now. What was never taken over is.
    pub(crate) fn stale(&self, n: usize, message: &'p Message) -> Option<&'p Fresh> {
        let instance = self.inst(n)?;
        let taken = |fresh: &&Fresh| instance.taken.get(&fresh.datum).copied();
        message.fresh.iter().find(|fresh| taken(fresh).is_none_or(|at| later(at, fresh.within) < self.now))
    }

    /// A message that could leave waits for a datum: the service is asked, where it has not been for another message of
    /// the instance, and the message is judged again when the answer comes.
    pub(crate) fn refresh(&mut self, n: usize, mut waiting: Waiting, fresh: &'p Fresh, valid_until: journey_spec::Ts) {
        let instance = waiting.instance;
        let open = |w: &&Waiting| w.instance == instance && w.lookup.as_ref().is_some_and(|l| l.datum == fresh.datum);
        let known = waiting.lookup.take().or_else(|| self.c.waiting.iter().find(open)?.lookup.clone());
        let lookup = match known {
            Some(lookup) => lookup,
            None => match self.look_up(n, fresh) {
                Some(lookup) => lookup,
                None => return self.block(n, waiting, NOT_REFRESHED, None, None),
            },
        };
        let until = lookup.deadline.min(valid_until);
        waiting.lookup = Some(lookup);
        let rule = format!("fresh {} within {}", fresh.datum, spelled_duration(fresh.within));
        self.waits(n, waiting, until, false, &rule);
    }

    fn look_up(&mut self, n: usize, fresh: &Fresh) -> Option<Lookup> {
        let program = self.program;
        let service = program.services.get(fresh.service.index())?;
        let id = self.id();
        let deadline = later(self.now, LOOKUP);
        let instance = self.inst(n)?;
        let value = |expr| eval(program, expr, &instance.data, &self.c.profile).unwrap_or(Value::Missing);
        let args = service.params.iter().zip(&fresh.args).map(|(p, expr)| (p.name.clone(), value(expr))).collect();
        self.out.push(Effect::Call(CallRequest {
            id: id.clone(),
            service: service.name.as_str().into(),
            args,
            deadline,
        }));
        self.note(Some(n), What::Called { service: service.name.as_str().into() });
        Some(Lookup { id, service: service.name.clone(), datum: fresh.datum.clone(), deadline })
    }

    /// Whether some message waits for the answer to this call.
    pub(crate) fn is_looked_up(&self, call: &str) -> bool {
        self.c.waiting.iter().any(|w| w.lookup.as_ref().is_some_and(|l| l.id == call))
    }

    /// A service has returned a record, or could not. Too late, or after the state was left, it is only recorded.
    pub(crate) fn looked_up(&mut self, call: &str, record: Option<&Data>) {
        let asked = |w: &Waiting| w.lookup.as_ref().is_some_and(|l| l.id == call);
        let found = self.c.waiting.iter().find(|w| asked(w)).and_then(|w| Some((w.instance, w.lookup.clone()?)));
        let Some((number, lookup)) = found else {
            return self.ignored(None, format_compact!("answer to call `{call}`"), "nobody waits for it any more");
        };
        let Some(n) = self.c.position(number) else { return };
        let record = record.filter(|record| self.is_about(n, &lookup.datum, record));
        let outcome = if record.is_some() { "a record" } else { "failed" };
        self.note(Some(n), What::Answered { service: lookup.service.into(), outcome: outcome.into() });
        let waiting: Vec<u64> = self.c.waiting.iter().filter(|w| asked(w)).map(|w| w.number).collect();
        let Some(record) = record else {
            for number in waiting {
                self.not_refreshed(n, number);
            }
            return;
        };
        let (now, value) = (self.now, Value::Record(Arc::new(record.clone())));
        let Some(instance) = self.c.instances.get_mut(n) else { return };
        instance.taken.insert(lookup.datum.clone(), now);
        let changed = instance.data.get(&lookup.datum) != Some(&value);
        let visit = instance.visit;
        if changed {
            instance.data.insert(lookup.datum, value);
            self.follow_data(n);
            self.take_past(n);
        }
        // Where the new data led away, the messages were withdrawn with their state.
        if self.visit(n) == Some(visit) {
            for number in waiting {
                if let Some(waiting) = self.c.waiting.iter_mut().find(|w| w.number == number) {
                    waiting.lookup = None;
                }
                self.ask_again(number);
            }
        }
    }

    /// An event has brought data anew: messages that wait for them wait no more, and what a service still says of them is
    /// of no use.
    pub(crate) fn brought(&mut self, n: usize, data: &[String]) {
        let Some(number) = self.inst(n).map(|i| i.number) else { return };
        let mut again = Vec::new();
        for waiting in self.c.waiting.iter_mut().filter(|w| w.instance == number) {
            if waiting.lookup.as_ref().is_some_and(|l| data.contains(&l.datum)) {
                waiting.lookup = None;
                again.push(waiting.number);
            }
        }
        for number in again {
            self.ask_again(number);
        }
    }

    /// Whether a record is about the instance: it has its key. Another is no answer.
    fn is_about(&self, n: usize, datum: &str, record: &Data) -> bool {
        let Some((instance, journey)) = self.inst(n).zip(self.journey(n)) else { return false };
        match (&journey.key, &instance.key) {
            (Some(path), Some(key)) => match path.split_first() {
                Some((first, rest)) if first == datum => is_key(lookup(record, rest), key),
                _ => true,
            },
            _ => true,
        }
    }

    /// The deadline of what a waiting message needs has come.
    pub(crate) fn lookup_timed_out(&mut self, number: u64) -> bool {
        let found = self.c.waiting.iter().find(|w| w.number == number);
        let Some((lookup, instance)) = found.and_then(|w| Some((w.lookup.clone()?, w.instance))) else { return false };
        let Some(n) = self.c.position(instance).filter(|_| lookup.deadline <= self.now) else { return false };
        self.note(Some(n), What::Answered { service: lookup.service.into(), outcome: "failed".into() });
        self.not_refreshed(n, number);
        true
    }

    fn not_refreshed(&mut self, n: usize, number: u64) {
        if let Some(at) = self.c.waiting.iter().position(|w| w.number == number) {
            let waiting = self.c.waiting.remove(at);
            self.block(n, waiting, NOT_REFRESHED, None, None);
        }
    }
}
