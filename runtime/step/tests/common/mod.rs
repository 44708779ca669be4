//! Programs built by hand, and a driver on virtual time.
#![allow(dead_code, unreachable_pub)] // each suite uses its part

pub mod programs;
pub mod random;

use std::collections::BTreeMap;

use journey_spec::Ts;
use journey_spec::program::*;
use journey_spec::time::{Zone, parse_rfc3339};
use journey_spec::types::{DEFAULT_TEXT_MAX, Type};
use journey_spec::value::{Data, Value};
use journey_step::effect::{Effect, Entry, Release, What};
use journey_step::{Customer, Input, step};

pub fn ts(text: &str) -> Ts {
    parse_rfc3339(text).unwrap()
}

/// `10:00` on the Monday on which most tests begin; `3 10:00` two days later.
pub fn day(day: i64, time: &str) -> Ts {
    let (h, m) = time.split_once(':').unwrap();
    ts("2026-03-02T00:00:00Z") + (day - 2) * DAY + h.parse::<i64>().unwrap() * HOUR + m.parse::<i64>().unwrap() * MINUTE
}

pub fn path(text: &str) -> Vec<String> {
    text.split('.').map(String::from).collect()
}

pub fn expr(text: &str) -> Expr {
    Expr::Path(path(text))
}

pub fn before(text: &str, by: Millis) -> Expr {
    Expr::Offset { base: Box::new(expr(text)), by: -by }
}

/// `Hi {customer.first_name}, {booking.slot:day or "soon"}`.
pub fn template(text: &str) -> Template {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('{') {
        let (inside, after) = after.split_once('}').unwrap();
        let (inside, or) = match inside.split_once(" or ") {
            Some((inside, or)) => (inside, Some(or.trim_matches('"').to_string())),
            None => (inside, None),
        };
        let (name, format) = match inside.split_once(':') {
            Some((name, "day")) => (name, Format::Day),
            Some((name, "time")) => (name, Format::Time),
            Some((name, "date")) => (name, Format::Date),
            _ => (inside, Format::Plain),
        };
        pieces.push(Piece::Text(plain.into()));
        pieces.push(Piece::Value { path: path(name), format, or });
        rest = after;
    }
    pieces.push(Piece::Text(rest.into()));
    Template(pieces)
}

pub fn message(name: &str, purpose: Purpose, variants: &[(Channel, &str)]) -> Message {
    Message {
        name: name.into(),
        purpose,
        variants: variants
            .iter()
            .map(|(channel, body)| Variant {
                channel: *channel,
                subject: None,
                body: template(body),
                translations: Vec::new(),
            })
            .collect(),
        replies: Vec::new(),
        validity: Validity::Policy,
        essential: None,
        fresh: Vec::new(),
    }
}

pub fn sms(name: &str, body: &str) -> Message {
    message(name, Purpose::Service, &[(Channel::Sms, body)])
}

pub fn inviting(mut message: Message, replies: &[(&str, &[&str])]) -> Message {
    message.replies = replies
        .iter()
        .map(|(name, words)| Invitation { name: (*name).into(), words: words.iter().map(|w| (*w).into()).collect() })
        .collect();
    message
}

pub fn valid(mut message: Message, validity: Validity) -> Message {
    message.validity = validity;
    message
}

pub fn essential(mut message: Message) -> Message {
    message.essential = Some(Quota { n: 2, per: Window::Rolling(DAY) });
    message
}

pub fn limit(what: LimitWhat, n: u32, per: Option<Millis>, fate: Fate, text: &str) -> Limit {
    Limit {
        what,
        n,
        per: per.map(Window::Rolling),
        key: None,
        per_customer: false,
        fate,
        because: None,
        text: text.into(),
    }
}

pub const MESSAGES: LimitWhat = LimitWhat::Messages { channel: None, purpose: None };

pub fn quiet(from: u16, to: u16, purposes: &[Purpose], fate: Fate) -> Quiet {
    Quiet {
        from,
        to,
        days: vec![],
        purposes: purposes.to_vec(),
        fate,
        because: None,
        text: format!("quiet {from} to {to}"),
    }
}

pub fn field(name: &str, ty: Type) -> Field {
    Field::new(name, ty)
}

pub fn text_type() -> Type {
    Type::Text { max: DEFAULT_TEXT_MAX }
}

/// Names of a program's parts, resolved to positions.
pub struct Names {
    pub events: Vec<&'static str>,
    pub messages: Vec<String>,
    pub states: Vec<&'static str>,
}

impl Names {
    pub fn event(&self, name: &str) -> EventId {
        EventId(self.events.iter().position(|n| *n == name).unwrap_or_else(|| panic!("{name}")) as u32)
    }
    pub fn state(&self, name: &str) -> StateId {
        StateId(self.states.iter().position(|n| *n == name).unwrap_or_else(|| panic!("{name}")) as u32)
    }
    pub fn plain_send(&self, name: &str) -> Send {
        let at = self.messages.iter().position(|n| n == name).unwrap_or_else(|| panic!("{name}"));
        Send {
            message: MessageId(at as u32),
            via: Vec::new(),
            promising: None,
            keeping: None,
            withdrawing: None,
            on_sent: Vec::new(),
            on_blocked: None,
            on_failed: None,
        }
    }
    pub fn send(&self, name: &str) -> Action {
        Action::Send(self.plain_send(name).into())
    }
    pub fn go(&self, name: &str) -> Then {
        Then::Goto(self.state(name))
    }
    pub fn to(&self, on: Trigger, name: &str) -> Arrow {
        Arrow { on, when: None, then: self.go(name) }
    }
    /// `on EVENT(booking) [settle D] -> STATE`.
    pub fn on(&self, event: &str, take: &[&str], settle: Option<Millis>, then: Then) -> Arrow {
        let take = take.iter().map(|t| (*t).into()).collect();
        Arrow { on: Trigger::Event { event: self.event(event), take, settle }, when: None, then }
    }
    pub fn at(&self, at: Expr, then: Then, if_past: Then) -> Arrow {
        Arrow { on: Trigger::At { at, if_past }, when: None, then }
    }
    pub fn start(&self, event: &str, take: &[&str], to: &str) -> Start {
        Start {
            event: self.event(event),
            take: take.iter().map(|t| (*t).into()).collect(),
            when: None,
            to: self.state(to),
        }
    }
    /// Unnamed states wait for nothing.
    pub fn states(&self, states: Vec<State>) -> Vec<State> {
        self.states
            .iter()
            .map(|name| states.iter().find(|s| s.name == *name).cloned().unwrap_or_else(|| state(name, vec![], vec![])))
            .collect()
    }
}

pub fn reply(name: &str) -> Trigger {
    Trigger::Reply(Some(name.into()))
}

pub fn after(d: Millis) -> Trigger {
    Trigger::After(d)
}

pub fn state(name: &str, entry: Vec<Action>, arrows: Vec<Arrow>) -> State {
    State { name: name.into(), end: None, entry, next: None, branch: None, arrows }
}

pub fn through(name: &str, entry: Vec<Action>, next: StateId) -> State {
    State { name: name.into(), end: None, entry, next: Some(next), branch: None, arrows: Vec::new() }
}

pub fn end(name: &str, kind: EndKind) -> State {
    State { name: name.into(), end: Some(kind), entry: Vec::new(), next: None, branch: None, arrows: Vec::new() }
}

pub fn handoff(queue: &str) -> Action {
    Action::Handoff(Handoff { queue: queue.into(), transcript: true, carried: Vec::new(), priority: None })
}

pub fn customer_decl() -> journey_spec::program::Customer {
    journey_spec::program::Customer {
        fields: vec![
            field("first_name", text_type()),
            field("phone", Type::Optional(Box::new(Type::Phone))),
            field("email", Type::Optional(Box::new(Type::Email))),
            field("zone", Type::Optional(Box::new(Type::Zone))),
            field("offers", Type::Optional(Box::new(Type::Bool))),
            field("preferred", Type::Optional(Box::new(Type::Channel))),
        ],
        addresses: BTreeMap::from([
            (Channel::Sms, "phone".into()),
            (Channel::Voice, "phone".into()),
            (Channel::Email, "email".into()),
        ]),
        consents: BTreeMap::from([(
            Purpose::Marketing,
            BTreeMap::from([(Channel::Sms, "offers".into()), (Channel::Email, "offers".into())]),
        )]),
        preferred: Some("preferred".into()),
        locale: None,
        zone: Some("zone".into()),
    }
}

pub fn program(names: &Names, messages: Vec<Message>, policy: Policy, journeys: Vec<Journey>) -> Program {
    Program {
        format: FORMAT,
        language: LANGUAGE.into(),
        hash: String::new(),
        customer: customer_decl(),
        records: BTreeMap::new(),
        events: names
            .events
            .iter()
            .map(|name| Event {
                name: (*name).into(),
                fields: Vec::new(),
                newest_by: None,
                intake: None,
                made_by: None,
                checked_by: None,
            })
            .collect(),
        messages,
        hooks: Vec::new(),
        services: vec![Service {
            name: "cancel_visit".into(),
            params: vec![field("booking", text_type())],
            outcomes: vec!["done".into(), "refused".into()],
            returns: None,
        }],
        policy,
        journeys,
        versions: None,
    }
}

pub fn profile(phone: Option<&str>, email: Option<&str>, zone: Option<&str>) -> Data {
    let text = |v: Option<&str>| v.map_or(Value::Missing, |v| Value::Text(v.into()));
    Data::from([
        ("first_name", Value::Text("Victoria".into())),
        ("phone", text(phone)),
        ("email", text(email)),
        ("zone", text(zone)),
        ("offers", Value::Bool(true)),
    ])
}

pub const PHONE: &str = "+44 7700 900123";
pub const MAIL: &str = "victoria@example.org";

/// `{ booking: { id, slot, slot_ms } }`; the number lets a test read the slot back from a text.
pub fn booking(id: &str, slot: Ts) -> Data {
    let fields = Data::from([
        ("id", Value::Text(id.into())),
        ("slot", Value::Instant(slot)),
        ("slot_ms", Value::Number(slot as f64)),
    ]);
    Data::from([("booking", Value::Record(fields.into()))])
}

/// A customer driven on virtual time: what is due is done at its own instant before each input.
#[derive(Clone)]
pub struct Driver {
    pub program: Program,
    pub customer: Customer,
    pub now: Ts,
    pub entries: Vec<Entry>,
    pub effects: Vec<Effect>,
}

impl Driver {
    pub fn new(program: Program) -> Driver {
        let mut driver = Driver::unknown(program);
        driver.update(profile(Some(PHONE), Some(MAIL), Some("Europe/London")));
        driver.entries.clear();
        driver.effects.clear();
        driver
    }

    pub fn unknown(program: Program) -> Driver {
        let customer = Customer::new("victoria");
        Driver { program, customer, now: day(2, "10:00"), entries: Vec::new(), effects: Vec::new() }
    }

    pub fn input(&mut self, input: Input) -> Vec<Effect> {
        let (customer, effects) = step(&self.program, self.customer.clone(), &input, self.now);
        self.customer = customer;
        for effect in &effects {
            if let Effect::Note(entry) = effect {
                self.entries.push(entry.clone());
            }
        }
        self.effects.extend(effects.iter().cloned());
        effects
    }

    /// Lets the time pass, doing what is due at its own instants.
    pub fn until(&mut self, at: Ts) -> &mut Driver {
        while let Some(due) = self.customer.next_due().filter(|due| *due <= at) {
            self.now = due.max(self.now);
            self.input(Input::Due);
        }
        self.now = at;
        self
    }

    pub fn wait(&mut self, by: Millis) -> &mut Driver {
        self.until(self.now + by)
    }

    pub fn event(&mut self, name: &str, data: Data) -> &mut Driver {
        self.event_at(name, data, self.now)
    }

    pub fn event_at(&mut self, name: &str, data: Data, at: Ts) -> &mut Driver {
        self.input(Input::Event { name: name.into(), at, data });
        self
    }

    pub fn reply(&mut self, text: &str) -> &mut Driver {
        self.input(Input::Reply { channel: Channel::Sms, address: None, text: text.into() });
        self
    }

    pub fn closed(&mut self, case: &str) -> &mut Driver {
        self.input(Input::HandoffClosed { case: case.into() });
        self
    }

    pub fn update(&mut self, profile: Data) -> &mut Driver {
        self.input(Input::CustomerUpdated { profile: profile.into(), stopped: Vec::new() });
        self
    }

    pub fn releases(&self) -> Vec<&Release> {
        self.effects
            .iter()
            .filter_map(|e| match e {
                Effect::Release(r) => Some(r.as_ref()),
                _ => None,
            })
            .collect()
    }

    pub fn sent(&self) -> Vec<&str> {
        self.releases().iter().map(|r| r.message.as_str()).collect()
    }

    /// The state of a journey's newest instance; `-` in front where it ended.
    pub fn state_of(&self, journey: u32) -> String {
        let instance = self.customer.newest_instance(JourneyId(journey)).expect("an instance");
        let name = &self.program.journeys[journey as usize].states[instance.state().index()].name;
        if instance.is_live() { name.to_string() } else { format!("-{name}") }
    }

    pub fn state(&self) -> String {
        self.state_of(0)
    }

    pub fn sentences(&self) -> Vec<String> {
        self.entries.iter().map(|e| e.sentence(&Zone::utc())).collect()
    }

    #[track_caller]
    pub fn tells(&self, sentence: &str) {
        let told = self.sentences();
        assert!(told.iter().any(|s| s.contains(sentence)), "no `{sentence}` in\n{}", told.join("\n"));
    }

    #[track_caller]
    pub fn keeps_silent_about(&self, sentence: &str) {
        let told = self.sentences();
        assert!(!told.iter().any(|s| s.contains(sentence)), "`{sentence}` in\n{}", told.join("\n"));
    }

    pub fn cases(&self) -> Vec<&str> {
        self.effects
            .iter()
            .filter_map(|e| match e {
                Effect::Handoff(h) => Some(h.queue.as_str()),
                _ => None,
            })
            .collect()
    }

    pub fn deferred_until(&self) -> Option<Ts> {
        self.entries.iter().rev().find_map(|e| match e.what {
            What::Deferred { until, .. } => Some(until),
            _ => None,
        })
    }
}
