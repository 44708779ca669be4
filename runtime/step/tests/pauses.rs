//! A paused channel: what waits, what goes elsewhere, what is blocked, and what that does to bounds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that fails says where

mod common;

use common::*;
use journey_spec::program::*;
use journey_step::effect::Effect;
use journey_step::{Customer, Input, Orders, step_under};

/// A customer under orders, driven like [`Driver`].
struct Ordered {
    program: Program,
    orders: Orders,
    customer: Customer,
    now: i64,
    effects: Vec<Effect>,
}

impl Ordered {
    fn new(program: Program) -> Ordered {
        let driver = Driver::new(program);
        Ordered {
            program: driver.program,
            orders: Orders::default(),
            customer: driver.customer,
            now: driver.now,
            effects: Vec::new(),
        }
    }

    fn input(&mut self, input: Input) {
        let (customer, effects) = step_under(&self.program, &self.orders, self.customer.clone(), &input, self.now);
        self.customer = customer;
        self.effects.extend(effects);
    }

    fn event(&mut self, name: &str, data: journey_spec::value::Data) {
        self.input(Input::Event { name: name.into(), at: self.now, data });
    }

    fn until(&mut self, at: i64) {
        while let Some(due) = self.customer.next_due().filter(|due| *due <= at) {
            self.now = due.max(self.now);
            self.input(Input::Due);
        }
        self.now = at;
    }

    fn sent(&self) -> Vec<(Channel, String)> {
        let release = |e: &Effect| match e {
            Effect::Release(r) => Some((r.channel, r.message.to_string())),
            _ => None,
        };
        self.effects.iter().filter_map(release).collect()
    }

    fn told(&self) -> Vec<String> {
        let note = |e: &Effect| match e {
            Effect::Note(entry) => Some(entry.sentence(&journey_spec::time::Zone::utc())),
            _ => None,
        };
        self.effects.iter().filter_map(note).collect()
    }

    fn times_told(&self, words: &str) -> usize {
        self.told().iter().filter(|t| t.contains(words)).count()
    }
}

#[test]
fn a_paused_channel_falls_through_and_opens_at_its_time() {
    let mut c = Ordered::new(programs::appointment());
    c.orders.pause(Channel::Sms, Some(c.now + HOUR));
    c.event("booking.created", booking("B", day(20, "09:00")));
    assert_eq!(c.sent(), [(Channel::Email, "confirmation".into())]);
    c.event("booking.rescheduled", booking("B", day(21, "09:00")));
    c.until(c.now + 59 * MINUTE);
    assert_eq!(c.sent().len(), 1, "{:#?}", c.told());
    assert_eq!(c.times_told("deferred moved_notice until 2026-03-02 11:00 by a pause of sms"), 1);
    c.until(c.now + MINUTE);
    assert_eq!(c.sent().last(), Some(&(Channel::Sms, "moved_notice".into())));
}

#[test]
fn a_pause_without_an_end_is_told_once_and_noticed_when_it_ends() {
    let mut c = Ordered::new(programs::appointment());
    c.orders.pause(Channel::Sms, None);
    c.event("booking.created", booking("B", day(20, "09:00")));
    c.event("booking.rescheduled", booking("B", day(21, "09:00")));
    c.until(c.now + 3 * HOUR);
    assert_eq!(c.times_told("deferred moved_notice"), 1, "{:#?}", c.told());
    c.orders.resume(Channel::Sms);
    c.until(c.now + 5 * MINUTE);
    assert_eq!(c.sent().last(), Some(&(Channel::Sms, "moved_notice".into())));
}

#[test]
fn what_a_pause_outlasts_is_blocked_and_heard() {
    let mut c = Ordered::new(programs::appointment());
    c.event("booking.created", booking("B", day(20, "09:00")));
    c.orders.pause(Channel::Sms, Some(c.now + 30 * DAY));
    c.event("booking.rescheduled", booking("B", day(21, "09:00")));
    c.until(c.now + 15 * MINUTE);
    assert_eq!(c.times_told("blocked moved_notice by a pause of sms"), 1, "{:#?}", c.told());
}

#[test]
fn nobody_confirms_a_stop_on_a_paused_channel() {
    let mut c = Ordered::new(programs::appointment());
    c.orders.pause(Channel::Sms, None);
    c.input(Input::Reply { channel: Channel::Sms, address: None, text: "STOP".into() });
    assert_eq!(c.sent(), []);
    assert_eq!(c.times_told("blocked stop confirmation by a pause of sms"), 1);
    c.orders.resume(Channel::Sms);
    c.input(Input::Reply { channel: Channel::Sms, address: None, text: "STOP".into() });
    assert_eq!(c.sent().len(), 1);
}

#[test]
fn essential_messages_do_not_pass_a_pause_and_keep_their_bound_after_it() {
    // Decided four times while the channel is paused, and at most twice a day allowed.
    let names = Names { events: vec!["alarm"], messages: vec!["vital".into()], states: vec!["on", "done"] };
    let mut vital = valid(sms("vital", "Leave the house #{booking.slot_ms}"), Validity::For(DAY));
    vital.essential = Some(Quota { n: 2, per: Window::Rolling(DAY) });
    let journey = Journey {
        name: "alarm".into(),
        doc: String::new(),
        key: Some(path("booking.id")),
        data: vec![field("booking", journey_spec::Type::Record("Booking".into()))],
        limits: Vec::new(),
        goals: vec![],
        starts: vec![names.start("alarm", &["booking"], "on")],
        arrows: vec![names.on("alarm", &[], None, Then::Stay(vec![names.send("vital")]))],
        states: names
            .states(vec![state("on", vec![], vec![names.to(after(9 * DAY), "done")]), end("done", EndKind::Success)]),
        migrations: Vec::new(),
    };
    let mut c = Ordered::new(program(&names, vec![vital], Policy::default(), vec![journey]));
    c.event("alarm", booking("B", day(20, "09:00")));
    c.orders.pause(Channel::Sms, Some(c.now + 4 * HOUR));
    for _ in 0..4 {
        c.event("alarm", booking("B", day(20, "09:00")));
        c.until(c.now + HOUR - 1);
        assert_eq!(c.sent().len(), 0);
    }
    c.until(c.now + HOUR);
    assert_eq!(c.sent().len(), 2, "{:#?}", c.told());
    assert_eq!(c.times_told("blocked vital by the bound that it declares"), 2);
}
