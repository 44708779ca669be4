//! What is played: a program, its customers, and a month of a feed that nobody should trust.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use journey_compiler::check::bounds::{Bound, Scope, proven_of};
use journey_compiler::source::Memory;
use journey_runtime::{Arrival, parse_line};
use journey_spec::codes::Level;
use journey_spec::program::{Channel, DAY, HOUR, MINUTE, Program};
use journey_spec::time::{Zone, rfc3339};
use journey_spec::{Ts, Type};
use journey_tests::random::Random;
use serde_json::{Map, Value as Json, json};

/// When each play begins: the last days of winter time in Europe and of standard time in America lie within the month.
pub(crate) const BEGINS: Ts = 1_772_445_600_000; // 2026-03-02T10:00:00Z
/// How long it is, unless something else is asked for.
pub(crate) const LENGTH: i64 = 30 * DAY;

/// The programs that are played.
pub(crate) const PROGRAMS: [&str; 5] = ["rules", "appointment", "boarding", "house", "burst"];

pub(crate) struct Play {
    pub(crate) name: &'static str,
    pub(crate) program: Arc<Program>,
    /// What is proven of a customer.
    pub(crate) bounds: Vec<Bound>,
}

impl Play {
    /// A program of this text; none where it has errors in what it says.
    pub(crate) fn of_text(name: &'static str, text: &str) -> Option<Play> {
        let sources = Memory([("main.journey".to_owned(), text.to_owned())].into());
        let compiled = journey_compiler::compile(&["main.journey".to_owned()], &sources);
        let broken = |code: &str| code < "J02" || code == "J0204";
        if compiled.findings.iter().any(|f| broken(f.code.code) && f.code.level == Level::Error) {
            return None;
        }
        Some(Play::proven(name, compiled.program?))
    }

    fn proven(name: &'static str, program: Program) -> Play {
        let windows = [HOUR, DAY, 7 * DAY].map(|window| (Scope::Customer, Some(window)));
        let bounds = proven_of(&program, &windows).bounds;
        Play { name, program: Arc::new(program), bounds }
    }

    pub(crate) fn named(name: &'static str) -> Play {
        let read = |path: &str| std::fs::read_to_string(journey_tests::root().join(path)).expect(path);
        let (roots, files): (Vec<&str>, Vec<&str>) = match name {
            "rules" => (vec!["tests/tests/simulation/programs/rules.journey"], vec![]),
            "burst" => (vec!["tests/tests/simulation/programs/burst.journey"], vec![]),
            "appointment" => (vec!["examples/appointment/appointment.journey"], vec![]),
            "boarding" => (vec!["examples/boarding/boarding.journey"], vec![]),
            _ => (vec!["examples/appointment/appointment.journey", "examples/boarding/boarding.journey"], vec![]),
        };
        let more = [
            "examples/house/care.journey",
            "examples/appointment/mail/confirmation.md",
            "examples/appointment/mail/confirmation.es.md",
        ];
        let all = roots.iter().chain(&files).copied().chain(more);
        let sources = Memory(all.map(|path| (path.to_owned(), read(path))).collect());
        let roots: Vec<String> = roots.iter().map(|r| (*r).to_owned()).collect();
        let compiled = journey_compiler::compile(&roots, &sources);
        // What a check says of loops is no reason not to run: the runtime has to keep the house's limits all the same.
        let broken = |code: &str| code < "J02";
        let text = journey_tests::printed(&compiled);
        assert!(!compiled.findings.iter().any(|f| broken(f.code.code) && f.code.level == Level::Error), "{text}");
        Play::proven(name, compiled.program.expect("a program"))
    }
}

/// A customer for the whole play.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) zones: Vec<Zone>,
    pub(crate) phone: String,
    pub(crate) email: String,
}

/// A line of the feed.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// When it comes.
    pub(crate) at: Ts,
    pub(crate) arrival: Arrival,
    /// The address that says STOP by it.
    pub(crate) stops: Option<String>,
    /// Whether it is an answer that is heard as such.
    pub(crate) is_reply: bool,
}

pub(crate) struct Feed {
    /// When its last line may come.
    pub(crate) ends: Ts,
    pub(crate) people: BTreeMap<String, Person>,
    pub(crate) lines: Vec<Line>,
}

const PLACES: [&[&str]; 8] = [
    &["Europe/London"],
    &["America/New_York"],
    &["Europe/London", "America/New_York"],
    &["Pacific/Auckland"],
    &["Australia/Lord_Howe"],
    &["PT"],
    &["Asia/Kolkata"],
    &["UTC"],
];

/// A country's zones, as the language knows them.
fn zones_of(names: &[&str]) -> Vec<Zone> {
    let all: &[&str] = if names == ["PT"] { &["Europe/Lisbon", "Atlantic/Madeira", "Atlantic/Azores"] } else { names };
    all.iter().map(|name| Zone::named(name).expect(name)).collect()
}

struct Writer<'p> {
    program: &'p Program,
    ends: Ts,
    random: Random,
    count: u64,
    lines: Vec<Line>,
    words: Vec<String>,
    queues: Vec<String>,
    starts: BTreeSet<usize>,
    /// How many keys each customer has.
    keys: u64,
}

/// A month of lines for so many customers.
pub(crate) fn feed(play: &Play, customers: u64, seed: u64) -> Feed {
    feed_for(play, customers, LENGTH, seed)
}

/// So many lines within a month, each of them one to five times, late and out of order, and half of them about one customer.
pub(crate) fn storm(play: &Play, lines: u64, seed: u64) -> Feed {
    let mut writer = Writer::new(&play.program, BEGINS + LENGTH, seed);
    let people: Vec<Person> = (0..50).map(|number| writer.person(number)).collect();
    let begins = BEGINS + 2 * HOUR;
    for n in 0..lines {
        let at = begins + i64::try_from(n).expect("small") * (LENGTH - 2 * HOUR) / i64::try_from(lines).expect("small");
        let half = writer.random.per_mille(500);
        let person = if half { people.first() } else { writer.random.of(&people) }.cloned().expect("somebody");
        if writer.random.per_mille(30) { writer.reply(&person, at) } else { writer.event(&person, at) }
    }
    let mut all = Vec::new();
    for line in writer.lines {
        for _ in 0..writer.random.below(5) + 1 {
            let late = *writer.random.of(&[0, MINUTE, HOUR, 12 * HOUR]).expect("spans");
            let at = line.at + writer.random.between(0, late);
            all.push(Line { at, ..line.clone() });
        }
    }
    all.sort_by_key(|line| line.at);
    let people = people.into_iter().map(|person| (person.id.clone(), person)).collect();
    Feed { ends: BEGINS + LENGTH, people, lines: all }
}

/// Lines of so long a time for so many customers.
pub(crate) fn feed_for(play: &Play, customers: u64, length: i64, seed: u64) -> Feed {
    let mut writer = Writer::new(&play.program, BEGINS + length, seed);
    let mut people = BTreeMap::new();
    for number in 0..customers {
        let person = writer.person(number);
        writer.month(&person);
        people.insert(person.id.clone(), person);
    }
    writer.again();
    let ends = writer.ends;
    let mut lines = writer.lines;
    // In the order in which they come; of one instant in the order in which they were written.
    lines.sort_by_key(|line| line.at);
    Feed { ends, people, lines }
}

impl<'p> Writer<'p> {
    fn new(program: &'p Program, ends: Ts, seed: u64) -> Writer<'p> {
        let mut queues = BTreeSet::new();
        queues_in(&serde_json::to_value(program).expect("JSON"), &mut queues);
        let words = program.messages.iter().flat_map(|m| m.replies.iter().flat_map(|r| r.words.clone())).collect();
        let starts = program.journeys.iter().flat_map(|j| j.starts.iter().map(|s| s.event.index())).collect();
        Writer {
            program,
            ends,
            random: Random(seed ^ 0x5eed),
            count: 0,
            lines: Vec::new(),
            words,
            queues: queues.into_iter().collect(),
            starts,
            keys: 2,
        }
    }
}

fn queues_in(json: &Json, into: &mut BTreeSet<String>) {
    match json {
        Json::Object(fields) => {
            for (name, value) in fields {
                if let (true, Json::String(queue)) = (name == "queue", value) {
                    into.insert(queue.clone());
                }
                queues_in(value, into);
            }
        }
        Json::Array(all) => all.iter().for_each(|value| queues_in(value, into)),
        _ => {}
    }
}

impl Writer<'_> {
    fn person(&mut self, number: u64) -> Person {
        let names = *self.random.of(&PLACES).expect("places");
        // Every third shares a number with the one before.
        let phone = format!("+44 7700 {:06}", 900_000 + number - u64::from(number % 3 == 2));
        let person =
            Person { id: format!("c{number}"), zones: zones_of(names), phone, email: format!("c{number}@example.org") };
        let at = BEGINS + self.random.between(0, HOUR);
        self.update(&person, names, at);
        person
    }

    fn update(&mut self, person: &Person, names: &[&str], at: Ts) {
        let fields = self.program.customer.fields.clone();
        let mut data = Map::new();
        for field in fields {
            let optional = matches!(field.ty, Type::Optional(_));
            let value = match field.ty.required() {
                Type::Phone => json!(person.phone),
                Type::Email if self.random.per_mille(800) => json!(person.email),
                Type::Email => Json::Null,
                Type::Zone if names.len() == 1 => json!(names.first()),
                Type::Zone => json!(names),
                Type::Channel if self.random.per_mille(500) => {
                    json!(["sms", "email"][usize::from(self.random.per_mille(500))])
                }
                Type::Channel => Json::Null,
                Type::Bool => json!(self.random.per_mille(800)),
                Type::Locale => {
                    json!(["en-GB", "es-ES", "de-DE"][usize::try_from(self.random.below(3)).expect("small")])
                }
                ty => self.value(&field.name, ty, person, at, 0),
            };
            if !(optional && value.is_null()) {
                data.insert(field.name.clone(), value);
            }
        }
        self.line(at, at, &person.id.clone(), json!({"event": "customer.updated", "data": data}), None, false);
    }

    /// What one customer goes through.
    fn month(&mut self, person: &Person) {
        let mut at = BEGINS + HOUR + self.random.between(0, 2 * DAY);
        while at < self.ends {
            match self.random.below(100) {
                0..8 => {
                    // a stuck back end
                    for _ in 0..self.random.below(30) + 3 {
                        at += self.random.between(0, 4 * MINUTE);
                        self.event(person, at);
                    }
                }
                8..70 => self.event(person, at),
                70..84 => self.reply(person, at),
                84..92 if !self.queues.is_empty() => {
                    let queue = self.random.of(&self.queues).cloned().expect("a queue");
                    self.line(at, at, &person.id, json!({"handoff_closed": queue}), None, false);
                }
                92..94 => {
                    let line = json!({"opt_out": person.phone});
                    if self.random.per_mille(300) {
                        self.line(at, at, &person.id, line, Some(person.phone.clone()), false);
                    }
                }
                94..95 => self.line(at, at, &person.id, json!({"event": "no.such", "data": {}}), None, false),
                _ => {
                    let late = self.random.between(-HOUR, HOUR);
                    self.event(person, at + late);
                }
            }
            at += self.random.between(0, 2 * DAY) * self.random.between(0, 4) / 4;
        }
    }

    fn reply(&mut self, person: &Person, at: Ts) {
        let (channel, address) = match self.random.per_mille(700) {
            true => (Channel::Sms, person.phone.clone()),
            false => (Channel::Email, person.email.clone()),
        };
        let has = self.program.customer.addresses.contains_key(&channel);
        let stop = has && self.random.per_mille(60);
        let text = match (stop, self.random.per_mille(700)) {
            (true, _) => "Stop.".to_owned(),
            (_, true) => self.random.of(&self.words).cloned().unwrap_or_else(|| "hm".into()),
            (_, false) => "What is this?".to_owned(),
        };
        let line = json!({"reply": text, "channel": channel.name(), "address": address});
        self.line(at, at, &person.id, line, stop.then_some(address), true);
    }

    fn event(&mut self, person: &Person, at: Ts) {
        let begins = self.random.per_mille(300);
        let all: Vec<usize> = (0..self.program.events.len()).filter(|e| self.starts.contains(e) == begins).collect();
        let Some(event) = self.random.of(&all).and_then(|e| self.program.events.get(*e)).cloned() else { return };
        let key = self.random.below(self.keys);
        let mut data = Map::new();
        for field in &event.fields {
            let value = self.value(&field.name, &field.ty, person, at, key);
            if !value.is_null() {
                data.insert(field.name.clone(), value);
            }
        }
        // Some news is old when it comes.
        let happened = if self.random.per_mille(80) { at - self.random.between(0, 6 * HOUR) } else { at };
        self.line(at, happened, &person.id, json!({"event": event.name, "data": data}), None, false);
    }

    fn value(&mut self, name: &str, ty: &Type, person: &Person, at: Ts, key: u64) -> Json {
        match ty {
            Type::Text { .. } if name == "id" => json!(format!("{}-{key}", person.id)),
            Type::Text { max } => {
                let text = *self.random.of(&["Ada", "B7", "a gate, or so", "x"]).expect("texts");
                json!(text.chars().take(*max as usize).collect::<String>())
            }
            Type::Number => json!(self.random.below(100)),
            Type::Bool => json!(self.random.per_mille(500)),
            // mostly ahead, sometimes right now, sometimes past
            Type::Instant => {
                let far = [-5 * HOUR, 10 * MINUTE, 3 * HOUR, DAY, 3 * DAY, 6 * DAY];
                let ahead = *self.random.of(&far).expect("spans") + self.random.between(0, 20 * HOUR);
                json!(rfc3339((at + ahead) / MINUTE * MINUTE))
            }
            Type::Date => json!("2026-04-01"),
            Type::Duration => json!("90m"),
            Type::Phone => json!(person.phone),
            Type::Email => json!(person.email),
            Type::Money => json!("3.50 EUR"),
            Type::Zone => json!("Europe/London"),
            Type::Locale => json!("en-GB"),
            Type::Channel => json!("sms"),
            Type::OneOf(names) => json!(self.random.of(names)),
            Type::Record(record) => self.record(record, person, at, key),
            Type::Optional(_) if self.random.per_mille(300) => Json::Null,
            Type::Optional(inner) => self.value(name, inner, person, at, key),
        }
    }

    fn record(&mut self, record: &str, person: &Person, at: Ts, key: u64) -> Json {
        let fields = self.program.records.get(record).cloned().unwrap_or_default();
        let mut data = Map::new();
        for field in &fields {
            let value = self.value(&field.name, &field.ty, person, at, key);
            if !value.is_null() {
                data.insert(field.name.clone(), value);
            }
        }
        data.into()
    }

    fn line(&mut self, at: Ts, happened: Ts, customer: &str, what: Json, stops: Option<String>, is_reply: bool) {
        self.count += 1;
        let mut line = json!({"id": format!("i{}", self.count), "at": rfc3339(happened), "customer": customer});
        let Json::Object(fields) = &mut line else { return };
        // The clock of who writes the feed goes back at times.
        let received = if self.random.per_mille(15) { at - self.random.between(0, 2 * HOUR) } else { at };
        fields.insert("received".into(), json!(rfc3339(received)));
        if let Json::Object(more) = what {
            fields.extend(more);
        }
        let arrival = Arrival::from(parse_line(self.program, 0, line.to_string()));
        self.lines.push(Line { at, arrival, stops, is_reply });
    }

    /// What comes twice, or a few times more, later.
    fn again(&mut self) {
        for n in 0..self.lines.len() {
            if !self.random.per_mille(100) {
                continue;
            }
            for _ in 0..self.random.below(4) + 1 {
                let Some(mut line) = self.lines.get(n).cloned() else { continue };
                let span = *self.random.of(&[MINUTE, HOUR, 2 * DAY]).expect("spans");
                line.at += self.random.between(0, span);
                if line.at < self.ends {
                    self.lines.push(line);
                }
            }
        }
    }
}
