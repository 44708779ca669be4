//! Messages: decided by a step, asked of the ledger, then they leave, wait or are blocked.

use std::borrow::Cow;

use compact_str::CompactString;
use journey_spec::program::{Channel, Fate, JourneyId, Message, MessageId, Send, Validity, Variant};
use journey_spec::time::Zone;
use journey_spec::{Sensitive, Ts};
use smallvec::SmallVec;

use super::render::{Reading, is_veiled, render, text_for};
use super::values::instant;
use super::{Follow, FollowUp, Run};
use crate::customer::{Route, Waiting, fold_address, later};
use crate::effect::{Effect, Release, Said, Way, What};
use crate::ledger::{self, Ask, Left, Verdict};
use crate::orders::PAUSE;

const NO_ADDRESS: &str = "no address";
const STOPPED: &str = "the customer said STOP";
const NO_LONGER_TRUE: &str = "no longer true";
const WITHDRAWN: &str = "withdrawn by those who run the house";
const SUPERSEDED: &str = "superseded by a newer message";

/// Things said that are kept for people who take over.
const MOST_SAID: usize = 50;
/// Longest part of a thing said that is kept, in characters.
const LONGEST_SAID: usize = 2_000;
/// Ended instances of a customer whose silence is watched for a goal.
const MOST_WATCHED: usize = 500;
/// Messages that answers and receipts can still be about.
const MOST_ROUTES: usize = 200;

impl<'p> Run<'p> {
    /// Asks the ledger about everything that the step decided, now that it has come to rest.
    pub(crate) fn ask_decided(&mut self) {
        if self.decided.is_empty() {
            return;
        }
        for decided in std::mem::take(&mut self.decided) {
            let Some((instance, visit)) = self.inst(decided.instance).map(|i| (i.number, i.visit)) else { continue };
            let (number, now) = (0, self.now);
            self.ask(Waiting {
                number,
                instance,
                visit,
                send: decided.send,
                decided: now,
                until: now,
                latest: false,
                paused: false,
                lookup: None,
                again: None,
            });
        }
    }

    /// Asks again about a waiting message.
    pub(crate) fn ask_again(&mut self, number: u64) {
        if self.lookup_timed_out(number) {
            return;
        }
        if let Some(at) = self.c.waiting.iter().position(|w| w.number == number) {
            let waiting = self.c.waiting.remove(at);
            self.ask(waiting);
        }
    }

    /// The one place where a message's fate is decided: it leaves, waits (again), or is blocked for good.
    pub(crate) fn ask(&mut self, waiting: Waiting) {
        let program = self.program;
        let Some(n) = self.c.position(waiting.instance) else { return };
        let Some(message) = program.messages.get(waiting.send.message.index()) else { return };
        let valid_until = self.valid_until(n, message, waiting.decided);
        if self.now >= valid_until {
            return self.block(n, waiting, NO_LONGER_TRUE, None, None);
        }
        let (mut open, mut missing) = self.open_channels(&waiting.send);
        if waiting.decided < self.now {
            let journey = self.journey(n).map_or("", |j| j.name.as_str());
            let before = open.len();
            open.retain(|v| !self.orders.is_withdrawn(v.channel, journey, waiting.decided));
            if open.is_empty() && before > 0 {
                missing = WITHDRAWN.into();
            }
        }
        // The first channel's word counts; that of the next only where the first one's comes too late.
        let mut word: Option<(Fate, &'p str, Option<Ts>)> = None;
        let mut wait: Option<(Ts, bool, &'p str)> = None;
        let zones = if open.is_empty() { Vec::new() } else { self.c.zones(program) };
        for variant in open {
            let verdict = match self.inst(n) {
                Some(instance) => ledger::judge(&Ask {
                    program,
                    orders: self.orders,
                    customer: self.c,
                    zones: &zones,
                    instance,
                    message,
                    channel: variant.channel,
                    now: self.now,
                }),
                None => return,
            };
            match verdict {
                Verdict::Leaves => {
                    return match self.stale(n, message) {
                        Some(fresh) => self.refresh(n, waiting, fresh, valid_until),
                        None => self.leaves(n, waiting, (message, variant), zones, valid_until),
                    };
                }
                Verdict::Waits { until, latest, rule } if until < valid_until => {
                    if word.as_ref().is_none_or(|(fate, ..)| *fate == Fate::Defer) && wait.is_none() {
                        wait = Some((until, latest, rule));
                    }
                }
                // Kept as `Defer`, it does not stop a later channel from waiting.
                Verdict::Waits { rule, .. } => word = word.or(Some((Fate::Defer, rule, None))),
                Verdict::Never { fate, rule, until } => word = word.or(Some((fate, rule, until))),
            }
        }
        match (wait, word) {
            (Some((until, latest, rule)), _) => self.waits(n, Waiting { lookup: None, ..waiting }, until, latest, rule),
            (None, Some((fate, rule, until))) => self.block(n, waiting, rule, Some(fate), until),
            (None, None) => self.block(n, waiting, &missing, None, None),
        }
    }

    /// The variants that have an address which is open to the message, in the order in which they are tried: that of the
    /// `via`, else the customer's preferred channel and then the message's order. And what is wrong where there is none.
    pub(crate) fn open_channels(&self, send: &Send) -> (SmallVec<[&'p Variant; 4]>, Cow<'static, str>) {
        let mut open = SmallVec::new();
        let mut missing = Cow::Borrowed(NO_ADDRESS);
        let Some(message) = self.program.messages.get(send.message.index()) else { return (open, missing) };
        let spared = self.program.policy.stop_spares.contains(&message.purpose);
        let mut offer = |variant: &'p Variant| match self.c.address(self.program, variant.channel) {
            None => {}
            Some(address) if !spared && self.c.has_stopped(address) => missing = STOPPED.into(),
            Some(_) => match ledger::consent(self.program, self.c, message.purpose, variant.channel) {
                Ok(()) => open.push(variant),
                Err(why) => missing = why.into(),
            },
        };
        if send.via.is_empty() {
            message.variants.iter().for_each(&mut offer);
            let preferred = self.c.preferred(self.program);
            open.sort_by_key(|v| Some(v.channel) != preferred);
        } else {
            let of = |channel: &Channel| message.variants.iter().find(|v| v.channel == *channel);
            send.via.iter().filter_map(of).for_each(&mut offer);
        }
        (open, missing)
    }

    /// Until when a message decided then is true, as its data is now. What no longer knows its own end is capped by the
    /// policy.
    fn valid_until(&self, n: usize, message: &Message, decided: Ts) -> Ts {
        let program = self.program;
        let cap = later(decided, program.policy.valid_for);
        match &message.validity {
            Validity::Policy => cap,
            Validity::For(d) => later(decided, *d),
            Validity::Until(expr) => self
                .inst(n)
                .and_then(|i| instant(program, expr, &i.data, &self.c.profile))
                .map_or(cap, |at| at.min(cap)),
        }
    }

    fn leaves(
        &mut self,
        n: usize,
        waiting: Waiting,
        (message, variant): (&'p Message, &'p Variant),
        zones: Vec<Zone>,
        valid_until: Ts,
    ) {
        let now = self.now;
        let id = waiting.again.clone().unwrap_or_else(|| self.id());
        let Some(address) = self.c.address(self.program, variant.channel).map(CompactString::from) else { return };
        let Some(instance) = self.inst(n) else { return };
        let (subject, body, locale) = text_for(self.program, variant, &self.c.profile);
        let reading = Reading::of(zones, locale);
        let veil = |path: &[String]| self.program.sensitivity(instance.journey, path).map(Sensitive::veil);
        let text = |template| render(template, &instance.data, &self.c.profile, &reading, |_| None);
        let shown = is_veiled(body, veil).then(|| render(body, &instance.data, &self.c.profile, &reading, veil));
        let (body, subject) = (text(body), subject.map(text));
        let shown = shown.filter(|shown| *shown != body);
        let (number, journey, key) = (instance.number, instance.journey, instance.key.clone());
        let essential = message.essential.is_some();
        self.out.push(Effect::Release(Box::new(Release {
            id: id.clone(),
            channel: variant.channel,
            address: address.clone(),
            subject,
            body: body.clone(),
            shown: shown.clone(),
            message: message.name.clone(),
            purpose: message.purpose,
            journey: self.journey(n).map(|j| j.name.clone()),
            key: key.clone(),
            valid_until,
        })));
        self.note(
            Some(n),
            What::Sent {
                id: id.clone(),
                message: message.name.clone(),
                channel: variant.channel,
                text: shown.unwrap_or_else(|| body.clone()),
                essential,
            },
        );
        let left = Left {
            at: now,
            channel: variant.channel,
            purpose: message.purpose,
            journey,
            instance: number,
            key: key.clone(),
            message: waiting.send.message,
            essential,
            doubtful: false,
        };
        ledger::charge(self.program, self.c, left);
        self.say(variant.channel, false, body);
        self.promise(n, &waiting.send);
        self.set_as_it_left(n, &waiting.send);
        self.c.routes.push(Route {
            id,
            at: now,
            decided: waiting.decided,
            address: fold_address(&address),
            message: waiting.send.message,
            instance: number,
            journey,
            key,
            visit: waiting.visit,
            send: Some(waiting.send),
            failed: false,
        });
    }

    /// What a message's `on sent` sets, in the step that lets it leave. A message of an instance that has ended is the last
    /// of it, and nobody asks any more.
    fn set_as_it_left(&mut self, n: usize, send: &Send) {
        if send.on_sent.is_empty() || !self.is_live(n) {
            return;
        }
        self.took(n, Way::OnSent(send.message));
        let left = self.message_name(send.message);
        for set in &send.on_sent {
            self.set(n, set, Some(&left));
        }
    }

    pub(crate) fn waits(&mut self, n: usize, mut waiting: Waiting, until: Ts, latest: bool, rule: &str) {
        let is_new = waiting.number == 0;
        if is_new {
            self.c.waited = self.c.waited.saturating_add(1);
            waiting.number = self.c.waited;
        }
        let number = waiting.number;
        if latest {
            // Of an instance's messages that wait by such a rule, the newest stays.
            let others = |w: &Waiting| w.latest && w.instance == waiting.instance;
            if self.c.waiting.iter().any(|w| others(w) && w.number > number) {
                return self.block(n, waiting, SUPERSEDED, None, None);
            }
            let older: Vec<u64> = self.c.waiting.iter().filter(|w| others(w)).map(|w| w.number).collect();
            for old in older {
                if let Some(at) = self.c.waiting.iter().position(|w| w.number == old) {
                    let old = self.c.waiting.remove(at);
                    self.block(n, old, SUPERSEDED, None, None);
                }
            }
        }
        // A pause without an end is asked after again and again, and told once.
        let paused = rule.starts_with(PAUSE);
        if is_new || waiting.until != until && !(paused && waiting.paused) {
            let message = self.message_name(waiting.send.message);
            self.took_rule(n, rule);
            self.note(Some(n), What::Deferred { message, rule: rule.into(), until });
        }
        (waiting.until, waiting.latest, waiting.paused) = (until, latest, paused);
        let at = self.c.waiting.partition_point(|w| w.number < number);
        self.c.waiting.insert(at, waiting);
    }

    /// Blocks a message for good, and notes what follows from that. `until`: when the rule lets one leave again, where that
    /// is told.
    pub(crate) fn block(&mut self, n: usize, waiting: Waiting, rule: &str, fate: Option<Fate>, until: Option<Ts>) {
        let message = self.message_name(waiting.send.message);
        let of = waiting.send.message;
        self.took_rule(n, rule);
        self.note(Some(n), What::Blocked { message: message.clone(), rule: rule.into(), until });
        let what = match fate {
            Some(fate @ (Fate::Handoff(_) | Fate::Goto(_) | Fate::End)) => Follow::Fate(fate, rule.into()),
            _ => Follow::Blocked(waiting.send.on_blocked.clone()),
        };
        self.follow_ups.push_back(FollowUp { instance: n, visit: waiting.visit, message, of, what });
    }

    pub(crate) fn message_name(&self, message: MessageId) -> CompactString {
        self.program.messages.get(message.index()).map(|m| m.name.clone()).unwrap_or_default()
    }

    /// Keeps what was said, for a person who takes over.
    pub(crate) fn say(&mut self, channel: Channel, by_customer: bool, text: String) {
        let text = if text.len() > LONGEST_SAID { text.chars().take(LONGEST_SAID).collect() } else { text };
        self.c.said.push(Said { at: self.now, channel, by_customer, text });
        let over = self.c.said.len().saturating_sub(MOST_SAID);
        self.c.said.drain(..over);
    }

    /// Forgets what nothing can ask for any more.
    pub(crate) fn forget(&mut self) {
        ledger::prune(self.program, self.c);
        let now = self.now;
        let kept = self.program.policy.reply_window.max(journey_spec::program::DAY);
        let old = self.c.routes.iter().take_while(|r| !ledger::in_window(r.at, now, kept)).count();
        let old = old.max(self.c.routes.len().saturating_sub(MOST_ROUTES));
        self.c.routes.drain(..old);
        self.forget_stops();
        if self.c.instances.iter().any(|i| !i.is_live()) {
            // An ended instance is needed while a message of it waits or a goal is still open; the newest of a journey stays for people who ask.
            let program = self.program;
            let mut newest: Vec<(JourneyId, u64)> = Vec::new();
            for instance in &self.c.instances {
                match newest.iter_mut().find(|(of, _)| program.is_same_journey(*of, instance.journey)) {
                    Some((_, number)) => *number = instance.number,
                    None => newest.push((instance.journey, instance.number)),
                }
            }
            // Of instances without number only the newest are watched; a goal of the others stays open.
            let watched = self.c.instances.iter().filter(|i| !i.watches.is_empty()).count();
            let over = watched.saturating_sub(MOST_WATCHED);
            for instance in self.c.instances.iter_mut().filter(|i| !i.watches.is_empty()).take(over) {
                instance.watches.clear();
            }
            let waiting = &self.c.waiting;
            self.c.instances.retain(|i| {
                i.is_live()
                    || newest.iter().any(|(_, newest)| *newest == i.number)
                    || !i.watches.is_empty()
                    || waiting.iter().any(|w| w.instance == i.number)
            });
        }
    }
}
