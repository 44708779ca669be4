//! A customer of the real step, and what can happen to them.

use std::sync::Arc;

use journey_spec::Ts;
use journey_spec::program::{Channel, DAY, HOUR, JourneyId, Program, Purpose};
use journey_spec::value::{Data, Value};
use journey_step::effect::{Effect, What};
use journey_step::{Customer, HookAnswer, Input, Orders, step_asking};

/// How long a tick is.
pub(crate) const TICK: i64 = HOUR;
/// A day that begins at midnight, in milliseconds.
pub(crate) const MIDNIGHT: Ts = 20_467 * DAY;

/// So many of [`PLACES`] are enough for what goes from hour to hour.
pub(crate) const NEAR: usize = 8;

/// Where a customer may be, as the directory has it. Nothing: it does not know. The last ones lie some hours to the west of
/// each other.
pub(crate) const PLACES: [&[&str]; 17] = [
    &["UTC"],
    &["Europe/London"],
    &["America/New_York"],
    &["Australia/Lord_Howe"],
    &["Europe/London", "Europe/Berlin"],
    &["PT"],
    &["Pacific/Auckland"],
    &[],
    &["Pacific/Kiritimati"],
    &["Pacific/Guadalcanal"],
    &["Asia/Singapore"],
    &["Asia/Karachi"],
    &["Africa/Johannesburg"],
    &["Atlantic/Cape_Verde"],
    &["America/Puerto_Rico"],
    &["America/Phoenix"],
    &["Pacific/Honolulu"],
];

/// What the directory may come to say anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Another number, or none where it is 0.
    Phone(u8),
    /// Whether there is an address for mails.
    Email(bool),
    /// One of [`PLACES`].
    Place(usize),
    /// Whether the customer agrees to marketing.
    Offers(bool),
    /// An instant of the customer's own, so many ticks away.
    Due(i64),
    /// A yes or no that conditions ask for.
    Vip(bool),
    /// The channel that the customer prefers.
    Prefers(Channel),
}

/// One thing that happens, or time that goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// An event for a key, whose slot is so many ticks away, and with the one kind or the other.
    Event(&'static str, u8, i64, bool),
    Reply(&'static str),
    /// Somebody with the customer's number says STOP elsewhere.
    OptOut,
    /// The oldest open case is closed.
    Closed,
    /// The oldest open call is answered.
    Answered(&'static str),
    /// The oldest question for fresh data is answered, with a slot so many ticks away; or it fails.
    LookedUp(Option<i64>),
    /// The last message, or the one before, could not be delivered.
    Failed(usize),
    /// From now on nothing leaves, for so many ticks.
    Pause(i64),
    /// The directory knows something new.
    Directory(News),
    /// From now on hooks say this; where it is nothing they fail.
    Hooks(Option<&'static str>),
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
    pub(crate) journey: JourneyId,
    pub(crate) instance: u64,
    pub(crate) channel: Channel,
    pub(crate) purpose: Purpose,
}

/// Who a customer is when all begins.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Setting {
    pub(crate) begins: Ts,
    /// One of [`PLACES`].
    pub(crate) place: usize,
    /// Part of the customer's id, by which `split` goes.
    pub(crate) who: u8,
}

#[derive(Clone)]
pub(crate) struct World<'p> {
    pub(crate) program: &'p Program,
    pub(crate) customer: Customer,
    pub(crate) now: Ts,
    pub(crate) paused: Ts,
    pub(crate) hooks: Option<&'static str>,
    profile: Arc<Data>,
    sent: Vec<String>,
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

pub(crate) fn place(at: usize) -> Value {
    match PLACES[at] {
        [] => Value::Missing,
        [one] => text(one),
        many => Value::Places(many.iter().map(|zone| (*zone).to_owned()).collect()),
    }
}

impl<'p> World<'p> {
    pub(crate) fn new(program: &'p Program, setting: Setting) -> Self {
        let profile: Data = [
            ("phone".to_owned(), text("+447700900001")),
            ("email".to_owned(), text("someone@example.org")),
            ("zone".to_owned(), place(setting.place)),
            ("offers".to_owned(), Value::Bool(true)),
            ("vip".to_owned(), Value::Bool(true)),
            ("due".to_owned(), Value::Instant(setting.begins + 2 * TICK)),
            ("prefers".to_owned(), Value::Missing),
        ]
        .into();
        let mut world = World {
            program,
            customer: Customer::new(format!("c{}", setting.who)),
            now: setting.begins,
            paused: Ts::MIN,
            hooks: None,
            profile: Arc::new(profile),
            sent: Vec::new(),
        };
        world.told();
        world
    }

    /// The directory says what it knows.
    fn told(&mut self) -> Vec<Left> {
        let declared = |name: &str| self.program.customer.fields.iter().any(|field| field.name == name);
        let profile = self.profile.iter().filter(|(name, _)| declared(name));
        let profile: Data = profile.map(|(name, value)| (name, value.clone())).collect();
        self.step(&Input::CustomerUpdated { profile: profile.into(), stopped: Vec::new() })
    }

    fn step(&mut self, input: &Input) -> Vec<Left> {
        let mut orders = Orders::default();
        if self.now < self.paused {
            Channel::ALL.into_iter().for_each(|channel| orders.pause(channel, Some(self.paused)));
        }
        let customer = std::mem::replace(&mut self.customer, Customer::new(""));
        let hooks = self.hooks;
        let (customer, effects) = step_asking(self.program, &orders, customer, input, self.now, &mut |_| match hooks {
            Some(name) => HookAnswer::Outcome(name.into()),
            None => HookAnswer::Failed("it says nothing".into()),
        });
        self.customer = customer;
        let mut left = Vec::new();
        let mut released = None;
        for effect in effects {
            match effect {
                Effect::Release(r) => {
                    released = Some(r.purpose);
                    self.sent.push(r.id.to_string());
                }
                Effect::Note(entry) => {
                    // The confirmation of a STOP is no journey's.
                    let Some(journey) = entry.journey else { continue };
                    if let What::Sent { channel, .. } = entry.what {
                        let journey = self.program.journeys.iter().position(|j| j.name == journey).unwrap();
                        left.push(Left {
                            at: self.now,
                            journey: JourneyId(u32::try_from(journey).unwrap()),
                            instance: entry.instance.unwrap(),
                            channel,
                            purpose: released.unwrap(),
                        });
                    }
                }
                _ => {}
            }
        }
        let old = self.sent.len().saturating_sub(3);
        self.sent.drain(..old);
        left
    }

    fn booking(&self, key: &str, slot: i64, kind: bool) -> Data {
        [
            ("id".to_owned(), text(key)),
            ("slot".to_owned(), Value::Instant(self.now + slot * TICK)),
            ("kind".to_owned(), text(if kind { "a" } else { "b" })),
        ]
        .into()
    }

    /// Calls that wait for an answer: those that ask for data, or the others.
    fn open_call(&self, data: bool) -> Option<String> {
        let calls = self.customer.open_calls();
        calls.into_iter().find(|(_, service)| (*service == "look_slot") == data).map(|(id, _)| id.to_owned())
    }

    fn address(&self) -> Option<&str> {
        self.customer.address(self.program, Channel::Sms)
    }

    /// Lets time go on until then, and does what falls due.
    pub(crate) fn wait(&mut self, until: Ts) -> Vec<Left> {
        self.now = until.max(self.now);
        self.step(&Input::Due)
    }

    /// Does it. Nothing where it cannot be done here.
    pub(crate) fn take(&mut self, what: Move) -> Option<Vec<Left>> {
        let input = match what {
            Move::Event(name, key, slot, kind) => {
                let booking = Value::Record(self.booking(&key.to_string(), slot, kind).into());
                Input::Event { name: name.into(), at: self.now, data: [("booking".to_owned(), booking)].into() }
            }
            Move::Reply(text) => Input::Reply { channel: Channel::Sms, address: None, text: text.into() },
            Move::OptOut => Input::OptOut { address: self.address()?.to_owned(), confirm: true },
            Move::Closed => Input::HandoffClosed { case: self.customer.open_cases().first()?.id.to_owned() },
            Move::Answered(outcome) => Input::Answered { call: self.open_call(false)?, outcome: outcome.into() },
            Move::LookedUp(slot) => {
                let call = self.open_call(true)?;
                // Of what key the question is, is known from the instance that asked; there are few.
                let key = self.customer.waiting().first().map_or(1, |w| w.instance);
                let instance = self.customer.instances().iter().find(|i| i.number() == key);
                let key = instance.and_then(|i| i.key()).unwrap_or("1").to_owned();
                Input::LookedUp { call, record: slot.map(|slot| self.booking(&key, slot, true)) }
            }
            Move::Failed(back) => {
                let message = self.sent.iter().rev().nth(back)?.clone();
                Input::Receipt { message, delivered: false }
            }
            Move::Pause(ticks) => {
                if self.now < self.paused {
                    return None;
                }
                // It ends an instant before a tick, so what waited leaves before a timer of that tick takes it back.
                self.paused = self.now + ticks * TICK - 1;
                return Some(Vec::new());
            }
            Move::Directory(news) => {
                let (name, value) = match news {
                    News::Phone(0) => ("phone", Value::Missing),
                    News::Phone(number) => ("phone", text(&format!("+44770090000{number}"))),
                    News::Email(known) => ("email", if known { text("someone@example.org") } else { Value::Missing }),
                    News::Place(at) => ("zone", place(at)),
                    News::Offers(yes) => ("offers", Value::Bool(yes)),
                    News::Due(ticks) => ("due", Value::Instant(self.now + ticks * TICK)),
                    News::Vip(yes) => ("vip", Value::Bool(yes)),
                    News::Prefers(channel) => ("prefers", text(channel.name())),
                };
                if Arc::make_mut(&mut self.profile).insert(name.to_owned(), value.clone()) == Some(value) {
                    return None;
                }
                return Some(self.told());
            }
            Move::Hooks(said) => {
                if self.hooks == said {
                    return None;
                }
                self.hooks = said;
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
