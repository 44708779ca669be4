//! A customer of the real step, and what can happen to them.

use journey_spec::Ts;
use journey_spec::program::{Channel, HOUR, Program};
use journey_spec::value::{Data, Value};
use journey_step::effect::{Effect, What};
use journey_step::{Customer, Input, Orders, step_under};

/// How long a tick is.
pub(crate) const TICK: i64 = HOUR;
/// A day that begins at midnight, in milliseconds.
const MIDNIGHT: Ts = 20_467 * 24 * HOUR;

/// One thing that happens, or time that goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// An event for a key, whose slot is so many ticks away, and with the one kind or the other.
    Event(&'static str, u8, i64, bool),
    Reply(&'static str),
    /// The oldest open case is closed.
    Closed,
    /// The oldest open call is answered.
    Answered(&'static str),
    /// The last message, or the one before, could not be delivered.
    Failed(usize),
    /// From now on nothing leaves, for so many ticks.
    Pause(i64),
    /// A tick goes by, and what falls due is done.
    Tick,
    /// A tick goes by, and nobody is there to do what falls due.
    Away,
}

impl Move {
    pub(crate) fn is_time(self) -> bool {
        matches!(self, Move::Tick | Move::Away)
    }
}

/// A message that left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) at: Ts,
    pub(crate) instance: u64,
    pub(crate) channel: Channel,
}

#[derive(Clone)]
pub(crate) struct World<'p> {
    pub(crate) program: &'p Program,
    pub(crate) customer: Customer,
    pub(crate) now: Ts,
    pub(crate) paused: Ts,
    sent: Vec<String>,
}

impl<'p> World<'p> {
    pub(crate) fn new(program: &'p Program, hour: i64) -> Self {
        let text = |text: &str| Value::Text(text.into());
        let profile: Data = [
            ("phone".to_owned(), text("+447700900001")),
            ("email".to_owned(), text("someone@example.org")),
            ("zone".to_owned(), text("UTC")),
        ]
        .into();
        let mut world = World {
            program,
            customer: Customer::new("c"),
            now: MIDNIGHT + hour * TICK,
            paused: Ts::MIN,
            sent: Vec::new(),
        };
        world.step(&Input::CustomerUpdated { profile, stopped: Vec::new() });
        world
    }

    fn step(&mut self, input: &Input) -> Vec<Left> {
        let mut orders = Orders::default();
        if self.now < self.paused {
            Channel::ALL.into_iter().for_each(|channel| orders.pause(channel, Some(self.paused)));
        }
        let customer = std::mem::replace(&mut self.customer, Customer::new(""));
        let (customer, effects) = step_under(self.program, &orders, customer, input, self.now);
        self.customer = customer;
        let mut left = Vec::new();
        for effect in effects {
            match effect {
                Effect::Release(r) => self.sent.push(r.id),
                Effect::Note(entry) => {
                    if let What::Sent { channel, .. } = entry.what {
                        left.push(Left { at: self.now, instance: entry.instance.unwrap_or(0), channel });
                    }
                }
                _ => {}
            }
        }
        let old = self.sent.len().saturating_sub(3);
        self.sent.drain(..old);
        left
    }

    /// Does it. Nothing where it cannot be done here.
    pub(crate) fn take(&mut self, what: Move) -> Option<Vec<Left>> {
        let input = match what {
            Move::Event(name, key, slot, kind) => {
                let kind = Value::Text(if kind { "a" } else { "b" }.into());
                let booking = Value::Record(
                    [
                        ("id".to_owned(), Value::Text(key.to_string())),
                        ("slot".to_owned(), Value::Instant(self.now + slot * TICK)),
                        ("kind".to_owned(), kind),
                    ]
                    .into(),
                );
                Input::Event { name: name.into(), at: self.now, data: [("booking".to_owned(), booking)].into() }
            }
            Move::Reply(text) => Input::Reply { channel: Channel::Sms, address: None, text: text.into() },
            Move::Closed => Input::HandoffClosed { case: self.customer.open_cases().first()?.id.to_owned() },
            Move::Answered(outcome) => {
                Input::Answered { call: self.customer.open_calls().first()?.0.to_owned(), outcome: outcome.into() }
            }
            Move::Failed(back) => {
                let message = self.sent.iter().rev().nth(back)?.clone();
                Input::Receipt { message, delivered: false }
            }
            Move::Pause(ticks) => {
                if self.now < self.paused {
                    return None;
                }
                self.paused = self.now + ticks * TICK;
                return Some(Vec::new());
            }
            Move::Tick => {
                self.now += TICK;
                Input::Due
            }
            Move::Away => {
                self.now += TICK;
                return Some(Vec::new());
            }
        };
        Some(self.step(&input))
    }
}
