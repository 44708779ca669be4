//! A message that was released and did not go out: judged again, counted when it leaves, and once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that fails says where

mod common;

use common::*;
use journey_spec::program::*;
use journey_step::Input;

/// One text a day, the rest waits; quiet hours as the house has them.
fn one_a_day() -> Driver {
    let mut program = programs::appointment();
    let sms = LimitWhat::Messages { channel: Some(Channel::Sms), purpose: None };
    program.policy.limits = vec![limit(sms, 1, Some(DAY), Fate::Defer, "sms to 1 per 24h")];
    program.policy.valid_for = 3 * DAY;
    program.messages.iter_mut().for_each(|m| m.variants.retain(|v| v.channel == Channel::Sms));
    Driver::new(program)
}

fn late(d: &mut Driver, id: &str, in_doubt: bool) {
    d.input(Input::Late { message: id.into(), channel: Channel::Sms, in_doubt });
}

fn ids(d: &Driver) -> Vec<String> {
    d.releases().iter().map(|r| r.id.to_string()).collect()
}

#[test]
fn it_leaves_again_under_its_id_and_counts_when_it_does() {
    let mut d = one_a_day();
    let begin = d.now;
    d.event("booking.created", booking("B", day(20, "09:00")));
    let id = ids(&d)[0].clone();
    d.wait(3 * HOUR);
    late(&mut d, &id, false);
    assert_eq!(ids(&d), [id.clone(), id.clone()]);
    assert!(d.releases()[1].valid_until == begin + 3 * DAY, "how long it is true does not change");
    // The next text of the day is let through a day after the second release, not after the first.
    d.event("booking.rescheduled", booking("B", day(21, "09:00")));
    d.wait(30 * MINUTE);
    assert_eq!(d.deferred_until(), Some(begin + 3 * HOUR + DAY));
    d.until(begin + DAY + HOUR);
    assert_eq!(d.releases().len(), 2);
    d.until(begin + DAY + 3 * HOUR);
    assert_eq!(d.sent(), ["confirmation", "confirmation", "moved_notice"]);
}

#[test]
fn in_doubt_it_counts_both_times_in_windows_and_once_in_a_life() {
    for in_doubt in [false, true] {
        let mut d = one_a_day();
        let begin = d.now;
        let sms = LimitWhat::Messages { channel: Some(Channel::Sms), purpose: None };
        d.program.policy.limits = vec![
            limit(sms, 2, Some(DAY), Fate::Defer, "sms to 2 per 24h"),
            limit(sms, 2, None, Fate::Skip, "sms to 2"),
        ];
        d.event("booking.created", booking("B", day(20, "09:00")));
        let id = ids(&d)[0].clone();
        d.wait(HOUR);
        late(&mut d, &id, in_doubt);
        d.event("booking.rescheduled", booking("B", day(21, "09:00")));
        d.wait(30 * MINUTE);
        let sent = d.releases().len();
        assert_eq!(sent, if in_doubt { 2 } else { 3 }, "{:#?}", d.sentences());
        // Of the two in a life one is used, so that the second text leaves when its window frees.
        d.until(begin + DAY + HOUR);
        assert_eq!(d.releases().len(), 3);
        d.event("booking.rescheduled", booking("B", day(22, "09:00")));
        d.wait(2 * DAY);
        assert_eq!(d.releases().iter().filter(|r| r.message == "moved_notice").count(), 1);
        d.tells("blocked moved_notice by sms to 2");
    }
}

#[test]
fn what_is_not_to_leave_any_more_does_not() {
    // In quiet hours it waits for the morning.
    let mut d = one_a_day();
    d.event("booking.created", booking("B", day(20, "09:00")));
    let id = ids(&d)[0].clone();
    d.until(day(2, "22:00"));
    late(&mut d, &id, false);
    assert_eq!(d.releases().len(), 1);
    d.until(day(3, "08:00"));
    assert_eq!(ids(&d), [id.clone(), id.clone()]);
    // Told once, it is not known any more under another visit.
    d.event("booking.cancelled", booking("B", day(20, "09:00")));
    late(&mut d, &id, false);
    d.tells("withdrew confirmation: the journey went on before it could be sent");
    late(&mut d, &id, false);
    d.tells(&format!("ignored message `{id}` that did not go out: it is not known, or was long ago"));
    // After STOP nothing goes.
    let mut d = one_a_day();
    d.event("booking.created", booking("B", day(20, "09:00")));
    let id = ids(&d)[0].clone();
    d.reply("stop");
    let sent = d.releases().len();
    late(&mut d, &id, true);
    assert_eq!(d.releases().len(), sent);
    d.tells("blocked confirmation by the customer said STOP");
}

#[test]
fn what_is_no_longer_true_is_not_sent_again() {
    let mut d = one_a_day();
    d.program.policy.valid_for = HOUR;
    d.event("booking.created", booking("B", day(20, "09:00")));
    let id = ids(&d)[0].clone();
    d.wait(2 * HOUR);
    late(&mut d, &id, false);
    assert_eq!(d.releases().len(), 1);
    d.tells("blocked confirmation by no longer true");
    assert_eq!(d.state(), "agent", "the journey hears `on blocked`");
}

#[test]
fn however_often_it_is_tried_it_is_true_as_long_as_it_was() {
    let mut d = one_a_day();
    let begin = d.now;
    d.program.policy.valid_for = 12 * HOUR;
    d.program.policy.quiet.clear();
    d.event("booking.created", booking("B", day(20, "09:00")));
    let id = ids(&d)[0].clone();
    for hour in 1..=11 {
        d.until(begin + hour * HOUR);
        late(&mut d, &id, false);
        assert_eq!(d.releases().last().unwrap().valid_until, begin + 12 * HOUR);
    }
    assert_eq!(d.releases().len(), 12);
    d.until(begin + 12 * HOUR);
    late(&mut d, &id, false);
    assert_eq!(d.releases().len(), 12);
    d.tells("blocked confirmation by no longer true");
}

#[test]
fn in_doubt_and_not_sent_again_it_stays_counted_in_a_life() {
    let mut d = one_a_day();
    let sms = LimitWhat::Messages { channel: Some(Channel::Sms), purpose: None };
    d.program.policy.limits = vec![limit(sms, 1, None, Fate::Skip, "sms to 1")];
    d.event("booking.created", booking("B", day(20, "09:00")));
    let id = ids(&d)[0].clone();
    d.event("booking.rescheduled", booking("B", day(21, "09:00")));
    d.wait(20 * MINUTE);
    d.tells("blocked moved_notice by sms to 1");
    // The state was left: it is withdrawn, and may have arrived.
    late(&mut d, &id, true);
    d.tells("withdrew confirmation: the journey went on before it could be sent");
    d.event("booking.created", booking("C", day(22, "09:00")));
    assert_eq!(d.releases().len(), 1);
}
