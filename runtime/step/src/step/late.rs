//! Messages that left the ledger and could not leave the house: asked again, by the same rules, before they are tried again.

use compact_str::format_compact;
use journey_spec::program::Channel;

use super::Run;
use crate::customer::{Route, Waiting};
use crate::effect::What;
use crate::ledger;

const STATE_LEFT: &str = "the journey went on before it could be sent";

impl Run<'_> {
    /// A message did not go out when it was to, and would only now. Everything is asked as if it were decided now, except
    /// how long it stays true; where it may leave it is released again, under the same id.
    ///
    /// What the first release counted is taken back. Where it may have gone out all the same it stays counted as well in
    /// every window, and each id once in a limit without a window.
    pub(crate) fn late(&mut self, id: &str, channel: Channel, in_doubt: bool) {
        let Some(at) = self.c.routes.iter().position(|r| r.id == id) else {
            return self.ignored(
                None,
                format_compact!("message `{id}` that did not go out"),
                "it is not known, or was long ago",
            );
        };
        let route = self.c.routes.remove(at);
        let n = self.c.position(route.instance);
        let message = self.message_name(route.message);
        self.note(n, What::Unsent { id: id.into(), message: message.clone(), in_doubt });
        let counted = ledger::uncharge(self.program, self.c, &route_key(&route, channel));
        if let (true, Some(counted)) = (in_doubt, &counted) {
            let at = self.c.left.partition_point(|l| l.at <= counted.at);
            self.c.left.insert(at, ledger::Left { doubtful: true, ..counted.clone() });
        }
        let unsaid = |s: &crate::effect::Said| s.at == route.at && s.channel == channel && !s.by_customer;
        if let Some(at) = self.c.said.iter().rposition(unsaid) {
            self.c.said.remove(at);
        }
        match (n, route.send) {
            (Some(n), Some(send)) if self.visit(n) == Some(route.visit) => self.ask(Waiting {
                number: 0,
                instance: route.instance,
                visit: route.visit,
                send,
                decided: route.decided,
                until: self.now,
                latest: false,
                paused: false,
                lookup: None,
                again: Some(route.id),
            }),
            _ => self.note(n, What::Withdrawn { message, why: STATE_LEFT.into() }),
        }
        // One that may have gone out and does not go again stays counted in a life, too.
        if let (true, Some(counted)) = (in_doubt, counted)
            && !self.c.routes.iter().any(|r| r.id == id)
        {
            ledger::charge_lasting(self.program, self.c, &counted);
        }
    }
}

fn route_key(route: &Route, channel: Channel) -> ledger::Charged {
    ledger::Charged { at: route.at, channel, message: route.message, instance: route.instance }
}
