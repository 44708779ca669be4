//! Hooks: what a journey's own code is asked, and what is told of its answer.

use compact_str::{CompactString, format_compact};
use journey_spec::program::{Ask, HookId, Judgement, PriorityOf, StateId};
use journey_spec::sensitive::Sensitive;
use journey_spec::value::Value;

use super::Run;
use super::values::eval;
use crate::customer::Instance;
use crate::effect::{Priority, What};
use crate::hooks::{Asker, HookReply, Ran};

/// How urgent a case is, and how a timeline tells it.
pub(crate) struct Urgency {
    pub(crate) priority: Priority,
    pub(crate) shown: Priority,
}

impl Run<'_> {
    /// What a hook says, or what its failure counts as; the timeline tells which.
    pub(crate) fn judged(&mut self, n: usize, ask: &Ask) -> Option<Judgement> {
        let program = self.program;
        let hook = program.hooks.get(ask.hook.index())?;
        let instance = self.inst(n)?;
        let value = |expr| eval(program, expr, &instance.data, &self.c.profile).unwrap_or(Value::Missing);
        let args = hook.params.iter().zip(&ask.args).map(|(p, expr)| (p.name.clone(), value(expr))).collect();
        let by = self.asker(Some(instance));
        let HookReply { answer, ran } = self.hooks.next(&hook.name, args, by);
        if self.is_void() {
            return None;
        }
        let (said, failed) = match answer.judged(hook) {
            Ok(said) => (said, None),
            Err(why) => (hook.on_failure.clone(), Some(why)),
        };
        let veil = program.hook_sensitivity(ask.hook).map(Sensitive::veil);
        let ran = ran.map(|ran| self.of_every_eye(ask.hook, ran));
        let answer = veil.unwrap_or_else(|| said.to_string());
        self.note(Some(n), What::Judged { hook: hook.name.as_str().into(), answer, failed, ran: ran.map(Box::new) });
        Some(said)
    }

    /// Who asks: an instance, or the customer's door.
    pub(crate) fn asker(&self, instance: Option<&Instance>) -> Asker {
        let journey = instance.and_then(|i| self.program.journeys.get(i.journey.index()));
        Asker {
            customer: self.c.id.clone(),
            journey: journey.map(|j| j.name.to_string()).unwrap_or_default(),
            instance: instance.map_or(0, |i| i.number),
            step: self.c.steps,
            now: self.now,
        }
    }

    /// How a module ran, without what could tell what is not for every eye: few values are likely, so a hash tells them,
    /// and what was spent tells which way the module took.
    pub(crate) fn of_every_eye(&self, hook: HookId, ran: Ran) -> Ran {
        match self.program.hook_sensitivity(hook) {
            Some(_) => Ran { input: None, fuel: None, ..ran },
            None => ran,
        }
    }

    /// What a hook says, as a value of the data.
    pub(crate) fn judged_value(&mut self, n: usize, ask: &Ask) -> Option<Value> {
        self.judged(n, ask).map(|said| match said {
            Judgement::Outcome(name) => Value::Text(name),
            Judgement::Number(number) => Value::Number(number),
            Judgement::Accept | Judgement::Refuse => Value::Missing,
        })
    }

    /// The way that a hook chooses.
    pub(crate) fn hooked(
        &mut self,
        n: usize,
        ask: &Ask,
        ways: &[(String, StateId)],
    ) -> Option<(usize, StateId, CompactString)> {
        let said = self.judged(n, ask)?.to_string();
        let (index, (name, to)) = ways.iter().enumerate().find(|(_, (name, _))| *name == said)?;
        let shown = self.program.hook_sensitivity(ask.hook).map_or_else(|| name.clone(), Sensitive::veil);
        let hook = self.program.hooks.get(ask.hook.index()).map_or("", |h| h.name.as_str());
        Some((index, *to, format_compact!("{hook}: {shown}")))
    }

    /// How soon somebody should look at a case; nothing where what says so is not there.
    pub(crate) fn urgency(&mut self, n: usize, of: &PriorityOf) -> Option<Urgency> {
        let (value, veil) = match of {
            PriorityOf::Hook(ask) => (self.judged_value(n, ask)?, self.program.hook_sensitivity(ask.hook)),
            PriorityOf::Value(expr) => {
                let instance = self.inst(n)?;
                let veil = match expr {
                    journey_spec::program::Expr::Path(path) => self.program.sensitivity(instance.journey, path),
                    _ => None,
                };
                (eval(self.program, expr, &instance.data, &self.c.profile)?, veil)
            }
        };
        let priority = match value {
            Value::Number(number) => Priority::Number(number),
            Value::Text(name) => Priority::Name(name),
            _ => return None,
        };
        let shown = veil.map_or_else(|| priority.clone(), |kind| Priority::Name(kind.veil()));
        Some(Urgency { priority, shown })
    }
}
