//! Takes what arrived: what was taken before is a duplicate, what is wrong goes to the dead letters, everything else is a step.

use std::borrow::Cow;
use std::sync::Arc;

use journey_step::Input;
use journey_step::customer::fold_address;

use super::{Cause, Engine, Pace, work};
use crate::error::EngineError;
use crate::intake::{Arrival, Content, Refusal, Taken};
use crate::store::DeadLetter;

impl Engine {
    pub(super) fn take_group(&mut self, group: &[Arrival], taken: &mut Vec<Option<Taken>>) -> Result<(), EngineError> {
        let is_new = |a: &&Arrival| !matches!(a.content, Content::Refused(_));
        let ids: Vec<&str> = group.iter().filter(is_new).map(|a| a.id.as_str()).collect();
        let known = self.store.taken(&ids)?;
        let mut seen: std::collections::BTreeSet<&str> =
            ids.iter().zip(known).filter(|(_, known)| *known).map(|(id, _)| *id).collect();
        let fresh = |a: &&Arrival| is_new(a) && !seen.contains(a.id.as_str());
        let customers = group.iter().filter(fresh).map(|a| a.customer.as_str()).collect();
        self.load_all(&customers)?;
        for arrival in group {
            if let Content::Refused(refusal) = &arrival.content {
                taken.push(Some(self.bury(refusal)));
                continue;
            }
            if self.pace == Pace::Virtual {
                self.fire_until(arrival.received)?;
            }
            if !seen.insert(&arrival.id) {
                // Its id was taken with another customer while its step waited for a hook.
                self.let_go(&arrival.customer, &Cause::Arrival(arrival.id.clone()));
                taken.push(Some(Taken::Duplicate));
                continue;
            }
            let took = self.take_one(arrival)?;
            if took.is_none() {
                seen.remove(arrival.id.as_str());
            }
            taken.push(took);
            self.settle_results()?;
        }
        Ok(())
    }

    /// Nothing where its step waits for a hook.
    fn take_one(&mut self, arrival: &Arrival) -> Result<Option<Taken>, EngineError> {
        let cause = Cause::Arrival(arrival.id.clone());
        if self.is_behind(&arrival.customer, &cause) {
            return Ok(None);
        }
        let mut cause = Some(&cause);
        let input = match &arrival.content {
            Content::Input(Input::CustomerUpdated { profile, .. }) => {
                let stopped = self.stopped_of(profile)?;
                Cow::Owned(Input::CustomerUpdated { profile: Arc::clone(profile), stopped })
            }
            Content::Input(Input::Forget) => {
                // What came before is erased where it is kept.
                self.flush()?;
                self.work.batch.forget.push(arrival.customer.clone());
                cause = None;
                Cow::Owned(Input::Forget)
            }
            Content::Input(input) => Cow::Borrowed(input),
            Content::Stopped(address) => {
                let effects = self.stop_all(address)?;
                self.work.batch.taken.push(arrival.id.clone());
                return Ok(Some(Taken::Accepted { effects }));
            }
            Content::OptOut(channel) => {
                let program = Arc::clone(&self.program);
                let known = self.known(&arrival.customer)?;
                Cow::Owned(match known.and_then(|c| c.address(&program, *channel).map(str::to_string)) {
                    Some(address) => Input::OptOut { address, confirm: true },
                    // No address is known yet. A STOP said here is remembered for the channel, and so must this one be.
                    None => Input::Reply { channel: *channel, address: None, text: "STOP".into() },
                })
            }
            Content::Refused(refusal) => return Ok(Some(self.bury(refusal))),
        };
        let Some(effects) = self.apply_for(&arrival.customer, &input, self.clock, cause)? else { return Ok(None) };
        self.work.batch.taken.push(arrival.id.clone());
        // Its id is taken: what was refused once is not tried again.
        let refused = self.work.refused.take().map(|reason| self.put_aside(arrival, reason));
        Ok(Some(refused.unwrap_or(Taken::Accepted { effects })))
    }

    /// Puts an event that its declaration does not let in to the dead letters.
    fn put_aside(&mut self, arrival: &Arrival, reason: String) -> Taken {
        let raw = arrival.as_line();
        let key = work::digest(&["intake", &arrival.id]);
        self.work.batch.dead_letters.push(DeadLetter { key, at: self.clock, line: 0, reason: reason.clone(), raw });
        Taken::Refused(reason)
    }

    /// Those of the addresses in a profile that have said STOP.
    fn stopped_of(&mut self, profile: &journey_spec::value::Data) -> Result<Vec<String>, EngineError> {
        let program = Arc::clone(&self.program);
        let mut stopped = Vec::new();
        for field in program.customer.addresses.values() {
            if let Some(journey_spec::Value::Text(address)) = profile.get(field)
                && !stopped.contains(address)
                && self.is_stopped(&fold_address(address))?
            {
                stopped.push(address.clone());
            }
        }
        Ok(stopped)
    }

    fn is_stopped(&mut self, key: &str) -> Result<bool, EngineError> {
        Ok(self.work.stopped.contains(key) || !self.store.stopped(&[key])?.is_empty())
    }

    /// Puts something refused to the dead letters.
    fn bury(&mut self, refusal: &Refusal) -> Taken {
        let reason = refusal.to_string();
        // On virtual time a replay brings the same line again; live, the same line again is news.
        let (at, salt) = match self.pace {
            Pace::Virtual => (self.clock, 0),
            Pace::Live => (self.clock, self.clock),
        };
        let key = work::digest(&[&salt.to_string(), &reason, &refusal.raw]);
        let raw = refusal.raw.clone();
        self.work.batch.dead_letters.push(DeadLetter { key, at, line: refusal.line, reason: reason.clone(), raw });
        Taken::Refused(reason)
    }
}
