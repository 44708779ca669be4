//! A message that was let through, and has not left because its channel or the engine did not work, is asked about again:
//! what held when it was decided need not hold when it leaves.

use journey_spec::program::Program;
use journey_spec::{Ts, time::RANGE};

use super::{Answers, Run, begun};
use crate::customer::{Customer, Route};
use crate::effect::{Effect, Release, What};
use crate::ledger::{self, Ask, Left, Verdict};
use crate::orders::Orders;

const STOPPED: &str = "the customer said STOP";
const MOVED: &str = "the customer has another address now";
const FORGOTTEN: &str = "it was decided too long ago to be asked about";

/// What the rules say about a message that leaves late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Late {
    /// It may leave now; it counts from now on, instead of from when it was decided.
    Leaves,
    /// It is to be asked about again at that instant.
    Waits(Ts),
    /// It must not leave any more, for this reason, in words.
    Never(String),
}

/// Asks all rules once more about a message that was let through at some time before, and has not left: STOP, consent,
/// limits, quiet hours, pauses and how long it is true. Its own charge does not stand in its way, and is never given back.
///
/// Gives the customer as they are then, and what the timeline tells.
#[must_use]
pub fn ask_late(
    program: &Program,
    orders: &Orders,
    customer: Customer,
    release: &Release,
    now: Ts,
) -> (Customer, Vec<Effect>, Late) {
    let now = now.clamp(*RANGE.start(), *RANGE.end()).max(customer.now);
    let mut run = begun(program, orders, Answers::none(), customer, now);
    let late = run.late(release);
    (run.c, run.out, late)
}

impl Run<'_> {
    fn late(&mut self, release: &Release) -> Late {
        // The answer to STOP has no route and no limit; what is true of it is how long it is owed.
        if release.journey.is_none() {
            return if self.now < release.valid_until { Late::Leaves } else { Late::Never("no longer true".into()) };
        }
        let Some(at) = self.c.routes.iter().position(|r| r.id == release.id) else {
            return Late::Never(FORGOTTEN.into());
        };
        let route = self.c.routes.remove(at);
        let own = |l: &Left| {
            (l.at, l.message, l.instance, l.channel) == (route.at, route.message, route.instance, release.channel)
        };
        let left = self.c.left.iter().rposition(own).map(|at| self.c.left.remove(at));
        let late = self.late_without(release, &route);
        let moves = late == Late::Leaves;
        let now = self.now;
        if let Some(left) = left {
            put(&mut self.c.left, Left { at: if moves { now } else { left.at }, ..left }, |l| l.at);
        }
        let route_at = if moves { now } else { route.at };
        put(&mut self.c.routes, Route { at: route_at, ..route }, |r| r.at);
        late
    }

    /// What the rules say while the message does not count itself.
    fn late_without(&mut self, release: &Release, route: &Route) -> Late {
        let spared = self.program.policy.stop_spares.contains(&release.purpose);
        if !spared && self.c.has_stopped(&release.address) {
            return self.never(route, STOPPED.into());
        }
        if self.c.address(self.program, release.channel) != Some(release.address.as_str()) {
            return self.never(route, MOVED.into());
        }
        if let Err(why) = ledger::consent(self.program, &self.c, release.purpose, release.channel) {
            return self.never(route, why);
        }
        let (Some(n), Some(message)) =
            (self.c.position(route.instance), self.program.messages.get(route.message.index()))
        else {
            return self.never(route, FORGOTTEN.into());
        };
        let Some(instance) = self.inst(n) else { return Late::Never(FORGOTTEN.into()) };
        let verdict = ledger::judge(&Ask {
            program: self.program,
            orders: self.orders,
            customer: &self.c,
            instance,
            message,
            channel: release.channel,
            now: self.now,
            is_late: true,
        });
        match verdict {
            Verdict::Leaves => Late::Leaves,
            Verdict::Waits { until, rule, .. } if until < release.valid_until => {
                let (message, rule) = (self.message_name(route.message), rule.to_string());
                self.note(Some(n), What::Deferred { message, rule, until });
                Late::Waits(until)
            }
            Verdict::Waits { rule, .. } | Verdict::Never { rule, .. } => self.never(route, rule.into()),
        }
    }

    fn never(&mut self, route: &Route, rule: String) -> Late {
        let n = self.c.position(route.instance);
        let message = self.message_name(route.message);
        self.note(n, What::Blocked { message, rule: rule.clone() });
        Late::Never(rule)
    }
}

/// Puts something back in order of time, after what is as old.
fn put<T>(all: &mut Vec<T>, one: T, at: impl Fn(&T) -> Ts) {
    let place = all.partition_point(|other| at(other) <= at(&one));
    all.insert(place, one);
}
