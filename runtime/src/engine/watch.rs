//! What steps do, for who watches: rules that block, promises, and what left against what was proven.

use std::collections::BTreeMap;

use journey_spec::certificate::{Certificate, Proven};
use journey_spec::program::Millis;
use journey_spec::time::spelled_duration;
use journey_spec::{Program, Ts};
use journey_step::effect::PromiseFate;
use journey_step::ledger::{Left, in_window};
use journey_step::{Customer, Effect, What};

use super::Engine;

/// What happened since it was asked for last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Messages that were released.
    pub released: u64,
    /// Messages that were blocked, for each rule as written.
    pub blocked: BTreeMap<String, u64>,
    /// What became of promises.
    pub promises: Vec<(Promised, PromiseFate)>,
    /// Promises that came near their deadline.
    pub at_risk: Vec<Promised>,
    /// What was more than was proven.
    pub exceeded: Vec<Exceeded>,
}

/// A promise to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promised {
    /// The customer's id.
    pub customer: String,
    /// Its name.
    pub name: String,
    /// Until when it has to be kept.
    pub by: Ts,
}

/// A window in which more left than was proven to be the most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// The customer's id.
    pub customer: String,
    /// What was proven.
    pub proven: Proven,
    /// How many left.
    pub seen: u64,
}

impl Exceeded {
    /// What was counted, in words: `sms in 24h`.
    #[must_use]
    pub fn what(&self) -> String {
        let what = match (self.proven.channel, self.proven.purpose) {
            (Some(channel), _) => channel.name().to_owned(),
            (None, Some(purpose)) => format!("{} messages", purpose.name()),
            (None, None) => "messages".to_owned(),
        };
        match self.proven.window {
            Some(window) => format!("{what} in {}", spelled_duration(window)),
            None => format!("{what} in its whole life"),
        }
    }
}

/// Who watches.
pub(super) struct Watching {
    lead: Millis,
    certificate: Option<Certificate>,
    seen: Seen,
}

impl Engine {
    /// From now on, keeps what happens until [`Engine::take_seen`]: a promise is at risk where it is still open this long
    /// before its deadline, and what leaves is compared with what the certificate says.
    pub fn watch_over(&mut self, lead: Millis, certificate: Option<Certificate>) {
        self.watching = Some(Watching { lead: lead.max(0), certificate, seen: Seen::default() });
    }

    /// What happened since [`Engine::watch_over`] or since this was asked last.
    pub fn take_seen(&mut self) -> Seen {
        self.watching.as_mut().map(|w| std::mem::take(&mut w.seen)).unwrap_or_default()
    }
}

impl Watching {
    /// Looks at a step; gives when it has to be looked at this customer again, for promises at risk.
    pub(super) fn look(
        &mut self,
        program: &Program,
        before: Option<Ts>,
        customer: &Customer,
        effects: &[Effect],
        at: Ts,
    ) -> Option<Ts> {
        let whose = || customer.id().to_owned();
        let mut sends = false;
        for effect in effects {
            let Effect::Note(entry) = effect else { continue };
            match &entry.what {
                What::Sent { .. } => {
                    self.seen.released += 1;
                    sends |= entry.journey.is_some();
                }
                What::Blocked { rule, .. } => *self.seen.blocked.entry(rule.to_string()).or_default() += 1,
                What::Promise { name, fate, by } => {
                    let promised = Promised { customer: whose(), name: name.to_string(), by: *by };
                    self.seen.promises.push((promised, *fate));
                }
                _ => {}
            }
        }
        if sends {
            self.compare(program, customer, at);
        }
        let mut next: Option<Ts> = None;
        for promise in customer.open_promises() {
            let risk = promise.by.saturating_sub(self.lead);
            if risk > at {
                next = Some(next.map_or(risk, |next| next.min(risk)));
            } else if before.is_some_and(|before| before < risk) && promise.by > at {
                self.seen.at_risk.push(Promised { customer: whose(), name: promise.name.to_owned(), by: promise.by });
            }
        }
        next
    }

    /// Counts what left in each proven window that ends now.
    fn compare(&mut self, program: &Program, customer: &Customer, at: Ts) {
        let Some(certificate) = &self.certificate else { return };
        // It is that of the newest program; of what older versions send it says nothing.
        let is_older = |l: &Left| program.older_version(l.journey).is_some();
        let mixed = customer.left().iter().any(is_older);
        for proven in &certificate.bounds {
            let counts = |left: &Left| {
                !left.doubtful
                    && proven.channel.is_none_or(|channel| channel == left.channel)
                    && proven.purpose.is_none_or(|purpose| purpose == left.purpose)
                    && proven.window.is_none_or(|window| in_window(left.at, at, window))
            };
            let mut most = 0;
            match &proven.journey {
                None if mixed => {}
                None => most = customer.left().iter().filter(|l| counts(l)).count() as u64,
                // Only what left now can have made it more.
                Some(name) => {
                    let named = |l: &Left| {
                        !is_older(l) && program.journeys.get(l.journey.index()).is_some_and(|j| j.name == *name)
                    };
                    for instance in customer.left().iter().filter(|l| l.at == at && named(l)).map(|l| l.instance) {
                        let of = customer.left().iter().filter(|l| l.instance == instance);
                        most = most.max(of.filter(|l| counts(l)).count() as u64);
                    }
                }
            }
            if most > proven.at_most {
                let exceeded = Exceeded { customer: customer.id().to_owned(), proven: proven.clone(), seen: most };
                self.seen.exceeded.push(exceeded);
            }
        }
    }
}
