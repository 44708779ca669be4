//! STOP: at once, in every journey.

use compact_str::{CompactString, format_compact};
use journey_spec::program::{Channel, DAY, Purpose, Trigger};

use super::Run;
use crate::customer::{fold_address, later};
use crate::effect::{Effect, Release, What};
use crate::ledger::in_window;

const CONFIRMATION: &str = "stop confirmation";
/// Addresses that are not the customer's own and still get a confirmation; a flood of others gets none.
const MOST_STRANGERS: usize = 100;

impl Run<'_> {
    /// STOP as an answer.
    pub(crate) fn said_stop(&mut self, channel: Channel, address: Option<CompactString>) {
        match address {
            Some(address) => self.stop(&address, Some(channel)),
            // Whoever wrote has no address yet: the one that comes to be known there counts as stopped.
            None => {
                if !self.c.stopped_channels.contains(&channel) {
                    self.c.stopped_channels.push(channel);
                }
                self.note(
                    None,
                    What::OptedOut { address: format_compact!("{} (address not known yet)", channel.name()) },
                );
                self.opt_out_arrows();
            }
        }
    }

    /// STOP by another way. The confirmation is owed on the channel on which the customer has the address.
    pub(crate) fn opt_out(&mut self, address: &str, confirm: bool) {
        let folded = fold_address(address);
        let own = self.c.addresses(self.program).into_iter().find(|(_, a)| fold_address(a) == folded);
        self.stop(address, own.map(|(channel, _)| channel).filter(|_| confirm));
    }

    fn stop(&mut self, address: &str, confirm_on: Option<Channel>) {
        let folded = fold_address(address);
        let is_own = self.c.addresses(self.program).iter().any(|(_, a)| fold_address(a) == folded);
        let may_confirm = is_own || self.c.stops.len() < MOST_STRANGERS;
        self.c.stop(folded.clone());
        self.note(None, What::OptedOut { address: address.into() });
        if let Some(channel) = confirm_on.filter(|_| may_confirm && !folded.is_empty()) {
            self.confirm(channel, address, &folded);
        }
        self.ask_stopped();
        self.void_promises();
        self.opt_out_arrows();
    }

    /// The one message that the rules allow after STOP, once per address in 24 hours. No limit is asked.
    fn confirm(&mut self, channel: Channel, address: &str, folded: &str) {
        let now = self.now;
        let Some(stop) = self.c.stops.iter_mut().find(|s| s.address == folded) else { return };
        if stop.confirmed.is_some_and(|at| in_window(at, now, DAY)) {
            return;
        }
        if self.orders.is_paused(channel, now) {
            let rule = crate::orders::rule(channel).to_string();
            return self.note(None, What::Blocked { message: CONFIRMATION.into(), rule: rule.into(), until: None });
        }
        stop.confirmed = Some(now);
        let id = self.id();
        let policy = &self.program.policy;
        let reader = super::render::reader(self.program, &self.c.profile);
        let tags = policy.stop_texts.keys().map(String::as_str);
        let text = journey_spec::locale::choose(reader.as_ref(), &super::render::house(self.program), tags)
            .and_then(|i| policy.stop_texts.values().nth(i))
            .unwrap_or(&policy.stop_text)
            .clone();
        self.out.push(Effect::Release(Box::new(Release {
            id: id.clone(),
            channel,
            address: address.into(),
            subject: None,
            body: text.clone(),
            shown: None,
            message: CONFIRMATION.into(),
            purpose: Purpose::Service,
            journey: None,
            key: None,
            valid_until: later(now, self.program.policy.valid_for),
        })));
        let (message, essential) = (CONFIRMATION.to_string(), false);
        self.note(None, What::Sent { id, message: message.into(), channel, text: text.clone(), essential });
        self.say(channel, false, text);
    }

    fn opt_out_arrows(&mut self) {
        for n in 0..self.c.instances.len() {
            if let Some((at, arrow)) = self.arrow(n, |t| matches!(t, Trigger::OptOut)) {
                self.moves = 0;
                self.took_arrow(n, at, false);
                self.take(n, &arrow.then, "opt out");
            }
        }
    }
}
