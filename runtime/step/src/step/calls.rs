//! Questions to services of the host.

use compact_str::format_compact;
use journey_spec::program::Call;

use super::Run;
use super::values::eval;
use crate::customer::{OpenCall, later};
use crate::effect::{CallRequest, Effect, Way, What};

const FAILED: &str = "failed";

impl Run<'_> {
    /// Asks a service. The answer is heard by this visit alone, before its deadline.
    pub(crate) fn call(&mut self, n: usize, call: &Call) {
        let Some(service) = self.program.services.get(call.service.index()) else { return };
        if !self.is_live(n) {
            return;
        }
        let id = self.id();
        let deadline = later(self.now, call.within.max(1));
        let Some(instance) = self.c.instances.get_mut(n) else { return };
        let program = self.program;
        let value = |expr| eval(program, expr, &instance.data, &self.c.profile).unwrap_or(journey_spec::Value::Missing);
        let args = service.params.iter().zip(&call.args).map(|(p, expr)| (p.name.clone(), value(expr))).collect();
        instance.call = Some(OpenCall {
            id: id.clone(),
            service: service.name.as_str().into(),
            deadline,
            outcomes: call.outcomes.clone(),
        });
        self.out.push(Effect::Call(CallRequest { id, service: service.name.as_str().into(), args, deadline }));
        self.note(Some(n), What::Called { service: service.name.as_str().into() });
    }

    /// A service answered. Too late, or after the state was left, it is only recorded.
    pub(crate) fn answered(&mut self, call: &str, outcome: &str) {
        let open = |i: &crate::customer::Instance| i.is_live() && i.call.as_ref().is_some_and(|c| c.id == call);
        match self.c.instances.iter().position(open) {
            Some(n) => self.answer(n, outcome),
            None if self.is_looked_up(call) => self.looked_up(call, None),
            None => {
                self.ignored(
                    None,
                    format_compact!("answer `{outcome}` to call `{call}`"),
                    "nobody waits for it any more",
                );
            }
        }
    }

    /// The deadline of an instance's call has come.
    pub(crate) fn call_timed_out(&mut self, n: usize) {
        self.answer(n, FAILED);
    }

    fn answer(&mut self, n: usize, outcome: &str) {
        let Some(open) = self.c.instances.get_mut(n).and_then(|i| i.call.take()) else { return };
        let declared = open.outcomes.contains_key(outcome);
        let outcome = if declared { outcome } else { FAILED };
        let what = What::Answered { service: open.service.clone(), outcome: outcome.into() };
        self.note(Some(n), what);
        if let Some(to) = open.outcomes.get(outcome) {
            if let Some(state) = self.inst(n).map(|i| i.state) {
                self.took(n, Way::Outcome(state, outcome.to_string()));
            }
            self.go(n, *to, &format_compact!("{}: {outcome}", open.service));
        }
    }
}
