//! Random input sequences, hostile on purpose: late, out of order, repeated, about things that do not exist.

use journey_spec::time::Zone;
use proptest::prelude::*;

use super::*;

/// One input to be, resolved against the customer's state when its turn comes.
#[derive(Clone, Debug)]
pub struct Move {
    /// How long after the last one, on a grid that makes coincidences likely.
    pub after: Millis,
    /// Whether the engine was up meanwhile: what is due was done at its own instants.
    pub up: bool,
    pub what: Kind,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Due,
    /// Event, key, hours from now to the slot (or to the next local 08:00 of London), how old the news is.
    Event(usize, usize, i64, bool, Millis),
    Update(usize, usize, usize),
    Reply(usize, usize, bool),
    OptOut(usize, bool),
    Closed(usize),
    Answered(usize),
    Receipt(usize, bool),
}

pub const TEXTS: [&str; 13] = [
    "thanks",
    "CHANGE",
    "no visit",
    "book",
    "good",
    "bad",
    "👍",
    "",
    "hello?",
    "move",
    "Book!",
    "stop by at five",
    "x",
];
pub const STOPS: [&str; 3] = ["STOP", "Stop all!", "cancel"];
pub const ZONES: [Option<&str>; 5] =
    [Some("Europe/London"), Some("Europe/London"), Some("America/New_York"), Some("Australia/Lord_Howe"), None];
pub const PHONES: [Option<&str>; 4] = [Some(PHONE), Some(PHONE), Some("+44 7700 900999"), None];
pub const MAILS: [Option<&str>; 3] = [Some(MAIL), Some("v@example.net"), None];

pub fn moves(stops: bool) -> impl Strategy<Value = Vec<Move>> {
    let after = prop_oneof![
        3 => Just(0),
        3 => (0..8_i64).prop_map(|n| n * 15 * MINUTE),
        3 => (0..60_i64).prop_map(|n| n * MINUTE),
        2 => (0..40_i64).prop_map(|n| n * HOUR),
        1 => 0..2_000_000_i64,
        1 => (0..9_i64).prop_map(|n| n * DAY),
        1 => Just(-HOUR),
    ];
    let slot = prop_oneof![(-3..4_i64), (4..60_i64), Just(300_i64)];
    let kind = prop_oneof![
        2 => Just(Kind::Due),
        16 => (0..6_usize, 0..3_usize, slot, any::<bool>(), prop_oneof![Just(0), 0..10 * HOUR, Just(-DAY)])
            .prop_map(|(e, k, s, eight, old)| Kind::Event(e, k, s, eight, old)),
        2 => (0..PHONES.len(), 0..MAILS.len(), 0..ZONES.len()).prop_map(|(p, m, z)| Kind::Update(p, m, z)),
        4 => (0..TEXTS.len(), 0..3_usize, Just(false)).prop_map(|(t, a, s)| Kind::Reply(t, a, s)),
        if stops { 1 } else { 0 } => (0..STOPS.len(), 0..3_usize, Just(true)).prop_map(|(t, a, s)| Kind::Reply(t, a, s)),
        if stops { 1 } else { 0 } => (0..3_usize, any::<bool>()).prop_map(|(a, c)| Kind::OptOut(a, c)),
        2 => (0..4_usize).prop_map(Kind::Closed),
        2 => (0..4_usize).prop_map(Kind::Answered),
        2 => (0..6_usize, any::<bool>()).prop_map(|(m, d)| Kind::Receipt(m, d)),
    ];
    let one = (after, any::<bool>(), kind).prop_map(|(after, up, what)| Move { after, up, what });
    prop::collection::vec(one, 1..60)
}

/// One call of `step` as it was made, and what came of it.
#[derive(Clone, Debug)]
pub struct Called {
    pub now: Ts,
    pub input: Input,
    pub effects: Vec<Effect>,
}

/// Drives a customer through the moves and records every call.
pub fn drive(program: &Program, moves: &[Move]) -> (Customer, Vec<Called>) {
    let mut run =
        Recorder { program, customer: Customer::new("c"), now: day(2, "10:00"), calls: Vec::new(), ids: Vec::new() };
    run.call(Input::CustomerUpdated { profile: profile(PHONES[0], MAILS[0], ZONES[0]).into(), stopped: vec![] });
    for one in moves {
        let to = run.now + one.after;
        if one.up {
            run.let_pass(to);
        }
        run.now = to;
        let input = run.input(&one.what);
        // What is due is told apart from what the input does.
        run.call(Input::Due);
        run.call(input);
    }
    let to = run.now + 3 * DAY;
    run.let_pass(to);
    (run.customer, run.calls)
}

struct Recorder<'p> {
    program: &'p Program,
    customer: Customer,
    now: Ts,
    calls: Vec<Called>,
    ids: Vec<String>,
}

impl Recorder<'_> {
    fn call(&mut self, input: Input) {
        let (customer, effects) = step(self.program, self.customer.clone(), &input, self.now);
        self.customer = customer;
        for effect in &effects {
            if let Effect::Release(release) = effect {
                self.ids.push(release.id.to_string());
            }
        }
        self.calls.push(Called { now: self.now, input, effects });
    }

    fn let_pass(&mut self, to: Ts) {
        let mut rounds = 0;
        while let Some(due) = self.customer.next_due().filter(|due| *due <= to) {
            self.now = due.max(self.now);
            self.call(Input::Due);
            rounds += 1;
            assert!(rounds < 2_000, "time has to pass: {due} at {}", self.now);
        }
    }

    fn address(&self, which: usize) -> Option<String> {
        [None, PHONES[1], PHONES[2]][which].map(String::from)
    }

    fn input(&self, kind: &Kind) -> Input {
        match *kind {
            Kind::Due => Input::Due,
            Kind::Event(event, key, hours, eight, old) => {
                let name = self.program.events.get(event).map_or("nonsense", |e| e.name.as_str());
                let mut slot = self.now + hours * HOUR;
                if eight {
                    slot = Zone::named("Europe/London").unwrap().next_minute_of_day(slot, 480);
                }
                let mut data = booking(["A", "B", "C"][key], slot);
                data.insert("offer", Value::Text(format!("offer {hours}")));
                if hours == 3 {
                    data.clear();
                }
                Input::Event { name: name.into(), at: self.now - old, data }
            }
            Kind::Update(phone, mail, zone) => Input::CustomerUpdated {
                profile: profile(PHONES[phone], MAILS[mail], ZONES[zone]).into(),
                stopped: vec![],
            },
            Kind::Reply(text, address, stop) => Input::Reply {
                channel: if address == 1 { Channel::Voice } else { Channel::Sms },
                address: self.address(address),
                text: if stop { STOPS[text] } else { TEXTS[text] }.into(),
            },
            Kind::OptOut(which, confirm) => {
                Input::OptOut { address: self.address(which).unwrap_or_else(|| MAIL.to_uppercase()), confirm }
            }
            Kind::Closed(which) => {
                let open = self.customer.open_cases();
                let case = open.get(which).map_or("care".to_string(), |c| c.id.to_string());
                Input::HandoffClosed { case }
            }
            Kind::Answered(which) => {
                let outcome = ["done", "refused", "failed", "maybe"][which];
                let call = self.customer.open_calls().first().map_or("none".to_string(), |c| c.0.to_string());
                Input::Answered { call, outcome: outcome.into() }
            }
            Kind::Receipt(back, delivered) => {
                let id = self.ids.iter().rev().nth(back).cloned().unwrap_or_default();
                Input::Receipt { message: id, delivered }
            }
        }
    }
}
