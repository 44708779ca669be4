//! A small program, built by hand, and feeds for it.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use journey_runtime::{Arrival, Engine, parse_line, store::Memory};
use journey_spec::program::{
    Action, Arrow, Call, Channel, Customer, DAY, EndKind, Event, EventId, Expr, FORMAT, Fate, Field, Format, HOUR,
    Handoff, Invitation, Journey, LANGUAGE, Limit, LimitWhat, MINUTE, Message, MessageId, Piece, Policy, Purpose,
    SECOND, Send, Service, ServiceId, Start, State, StateId, Template, Then, Trigger, Validity, Variant, Window,
};
use journey_spec::types::DEFAULT_TEXT_MAX;
use journey_spec::{Program, Type};

const TEXT: Type = Type::Text { max: DEFAULT_TEXT_MAX };

fn field(name: &str, ty: Type) -> Field {
    Field::new(name, ty)
}

fn maybe(ty: Type) -> Type {
    Type::Optional(Box::new(ty))
}

fn message(name: &str, text: &str, channels: &[Channel]) -> Message {
    let body = Template(vec![
        Piece::Text(format!("{text} ")),
        Piece::Value { path: vec!["order".into(), "item".into()], format: Format::Plain, or: None },
    ]);
    let variants = channels
        .iter()
        .map(|c| Variant { channel: *c, subject: None, body: body.clone(), translations: Vec::new() })
        .collect();
    let replies = vec![Invitation { name: "thanks".into(), words: vec!["thank you".into()] }];
    let validity = Validity::For(12 * HOUR);
    Message {
        name: name.into(),
        purpose: Purpose::Service,
        variants,
        replies,
        validity,
        essential: None,
        fresh: vec![],
    }
}

fn send(message: u32) -> Action {
    Action::Send(Arc::new(Send {
        message: MessageId(message),
        via: Vec::new(),
        promising: None,
        keeping: None,
        withdrawing: None,
        on_sent: Vec::new(),
        on_blocked: None,
        on_failed: None,
    }))
}

fn handoff() -> Action {
    Action::Handoff(Handoff { queue: "care".into(), transcript: true, carried: Vec::new(), priority: None })
}

fn goto(on: Trigger, to: u32) -> Arrow {
    Arrow { on, when: None, then: Then::Goto(StateId(to)) }
}

fn state(name: &str, entry: Vec<Action>, next: Option<u32>, arrows: Vec<Arrow>) -> State {
    State { name: name.into(), end: None, entry, next: next.map(StateId), branch: None, arrows }
}

fn event(event: u32, settle: Option<i64>) -> Trigger {
    Trigger::Event { event: EventId(event), take: vec!["order".into()], settle }
}

/// Orders: a greeting, changes that settle, a reminder after a day, a call to a service, a person where it says no or
/// where a message fails.
pub fn program() -> Program {
    let order = vec![field("id", TEXT), field("item", TEXT)];
    let event_of = |name: &str| Event {
        name: name.into(),
        fields: vec![field("order", Type::Record("Order".into()))],
        intake: None,
        made_by: None,
        checked_by: None,
        newest_by: None,
    };
    let outcomes = [("yes", 5), ("no", 4), ("failed", 4)];
    let call = Action::Call(Call {
        service: ServiceId(0),
        args: vec![Expr::Path(vec!["order".into(), "id".into()])],
        within: 30 * SECOND,
        outcomes: outcomes.iter().map(|(name, to)| ((*name).into(), StateId(*to))).collect(),
    });
    let states = vec![
        state("placed", vec![send(0)], Some(1), vec![]),
        state(
            "waiting",
            vec![],
            None,
            vec![goto(event(1, Some(5 * MINUTE)), 2), goto(Trigger::Failed, 4), goto(Trigger::After(DAY), 3)],
        ),
        state("changed", vec![send(1)], Some(1), vec![]),
        state("asking", vec![send(2), call], None, vec![]),
        state("agent", vec![handoff()], None, vec![goto(Trigger::HandoffClosed, 5), goto(Trigger::After(2 * DAY), 5)]),
        State { end: Some(EndKind::Success), ..state("done", vec![], None, vec![]) },
    ];
    let journey = Journey {
        name: "order".into(),
        doc: String::new(),
        key: Some(vec!["order".into(), "id".into()]),
        data: vec![field("order", Type::Record("Order".into()))],
        limits: vec![],
        goals: vec![],
        starts: vec![Start { event: EventId(0), take: vec!["order".into()], when: None, to: StateId(0) }],
        arrows: vec![Arrow { on: Trigger::Reply(None), when: None, then: Then::Stay(vec![handoff()]) }],
        states,
        migrations: Vec::new(),
    };
    let limit = Limit {
        what: LimitWhat::Messages { channel: None, purpose: None },
        n: 4,
        per: Some(Window::Rolling(6 * HOUR)),
        key: None,
        per_customer: true,
        fate: Fate::Defer,
        because: None,
        text: "limit messages to 4 per 6h".into(),
    };
    let both = [Channel::Sms, Channel::Email];
    Program {
        format: FORMAT,
        language: LANGUAGE.into(),
        hash: String::new(),
        customer: Customer {
            fields: vec![
                field("first_name", TEXT),
                field("phone", maybe(Type::Phone)),
                field("email", maybe(Type::Email)),
                field("zone", maybe(Type::Zone)),
            ],
            addresses: BTreeMap::from([(Channel::Sms, "phone".into()), (Channel::Email, "email".into())]),
            zone: Some("zone".into()),
            ..Customer::default()
        },
        records: BTreeMap::from([("Order".into(), order)]),
        events: vec![event_of("order.placed"), event_of("order.changed")],
        messages: vec![
            message("greeting", "We have your order for", &both),
            message("notice", "Your order is now", &both),
            message("reminder", "On its way:", &both),
        ],
        hooks: Vec::new(),
        services: vec![Service {
            name: "check".into(),
            params: vec![field("id", TEXT)],
            outcomes: vec!["yes".into(), "no".into()],
            returns: None,
        }],
        policy: Policy {
            name: "house".into(),
            limits: vec![limit],
            after_end: Some("care".into()),
            ..Policy::default()
        },
        journeys: vec![journey],
        versions: None,
    }
    .seal()
}

pub fn engine() -> Engine {
    engine_on(&Memory::new())
}

pub fn engine_on(memory: &Memory) -> Engine {
    Engine::open(Arc::new(program()), Box::new(memory.reopen())).unwrap()
}

/// Takes lines of a feed, and gives what became of them.
pub fn take(engine: &mut Engine, lines: &[&str]) -> Vec<journey_runtime::Taken> {
    let program = Arc::clone(engine.program());
    let read = |(line, number): (&&str, u64)| Arrival::from(parse_line(&program, number, line));
    let arrivals: Vec<Arrival> = lines.iter().zip(1..).map(read).collect();
    engine.take(&arrivals).unwrap()
}

pub fn updated(id: &str, at: &str, customer: &str, phone: &str) -> String {
    format!(
        r#"{{"id":"{id}","at":"{at}","customer":"{customer}","event":"customer.updated","data":{{"first_name":"V","phone":"{phone}","zone":"Europe/London"}}}}"#
    )
}

pub fn placed(id: &str, at: &str, customer: &str, order: &str) -> String {
    format!(
        r#"{{"id":"{id}","at":"{at}","customer":"{customer}","event":"order.placed","data":{{"order":{{"id":"{order}","item":"tea"}}}}}}"#
    )
}

/// A feed of some days that touches everything: several customers, shared numbers, duplicates, bursts, late and broken
/// lines, STOP, replies, people.
pub fn busy_feed(lines: u64) -> String {
    let mut feed = String::new();
    let mut seed = 7_u64;
    let mut roll = |n: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % n
    };
    let start = journey_spec::time::parse_rfc3339("2026-03-02T10:00:00Z").unwrap();
    let mut now = start;
    for n in 0..12 {
        let phone = format!("+44 7700 9001{:02}", n / 2);
        let at = journey_spec::time::rfc3339(now);
        writeln!(feed, "{}", updated(&format!("u{n}"), &at, &format!("c{n}"), &phone)).unwrap();
    }
    for n in 0..lines {
        now += i64::try_from(roll(1_800)).unwrap() * SECOND;
        let at = journey_spec::time::rfc3339(now - i64::try_from(roll(3)).unwrap() * HOUR);
        let received = journey_spec::time::rfc3339(now);
        let id = if roll(10) == 0 { format!("e{}", n.saturating_sub(3)) } else { format!("e{n}") };
        let customer = format!("c{}", roll(12));
        let head = format!(r#"{{"id":"{id}","at":"{at}","received":"{received}","customer":"{customer}""#);
        let order = format!(r#""data":{{"order":{{"id":"o{}","item":"item {n}"}}}}"#, roll(4));
        let line = match roll(24) {
            0 => "{ not json".to_string(),
            1 => format!(r#"{head},"event":"order.lost",{order}}}"#),
            2 => format!(r#"{head},"reply":"thank you","channel":"sms"}}"#),
            3 => format!(r#"{head},"handoff_closed":"care"}}"#),
            4 if n > lines * 2 / 3 => format!(r#"{head},"reply":"STOP","channel":"sms"}}"#),
            5 => String::new(),
            6..=14 => format!(r#"{head},"event":"order.placed",{order}}}"#),
            _ => format!(r#"{head},"event":"order.changed",{order}}}"#),
        };
        writeln!(feed, "{line}").unwrap();
    }
    feed
}
