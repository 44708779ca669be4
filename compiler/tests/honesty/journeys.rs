//! Small random journeys, in parts that are written out as text: one kind of part at a time, and all together.
//!
//! A tick is an hour; every duration is a few of them, so that an adversary can walk from tick to tick.

use std::collections::BTreeSet;

/// Numbers that look random and are the same on every run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(7));
        dice.below(2);
        dice
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }

    /// Once in `n` times.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// What a journey may be made of, beside states that send, `after`, and events that lead on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// `-> S`, also to an end.
    Urgent,
    /// Several messages of one visit.
    Many,
    /// `settle`.
    Settle,
    /// `at … if past`, also several of one datum.
    Instants,
    /// `set` of an instant.
    Sets,
    /// `stay { send … }`.
    Stays,
    /// `limit visits` of every fate, with and without a window.
    Visits,
    /// The journey's own `limit messages`.
    Own,
    /// The policy's.
    Policy,
    /// Events that are taken in only so often.
    Intake,
    /// Hours in which nothing leaves.
    Quiet,
    /// An operator who pauses every channel.
    Pause,
    /// Answers.
    Replies,
    /// Cases that a person closes.
    Cases,
    /// Calls of a service.
    Calls,
    /// `when` and `choose`.
    Choices,
    /// `on blocked`, `on failed`.
    Undelivered,
    /// Several channels.
    Channels,
    /// Several instances of one customer.
    Several,
    /// Messages that are true for longer than others, or until an instant.
    Validity,
    /// Messages that pass limits and quiet hours.
    Essential,
}

use Part::*;

/// What is tried: a name, and what journeys of it are made of.
pub(crate) const SERIES: [(&str, &[Part]); 24] = [
    ("timers and events", &[]),
    ("at once", &[Urgent, Many, Pause]),
    ("settle", &[Settle, Pause]),
    ("settle and instants", &[Settle, Instants, Urgent]),
    ("instants", &[Instants, Pause]),
    ("instants that are set", &[Instants, Sets, Choices]),
    ("stays", &[Stays, Pause]),
    ("stays and intake", &[Stays, Intake, Pause, Settle]),
    ("visits", &[Visits, Urgent]),
    ("visits and pauses", &[Visits, Urgent, Pause, Validity]),
    ("own limits", &[Own, Visits, Pause]),
    ("policy", &[Policy, Visits, Pause, Channels]),
    ("intake", &[Intake, Urgent, Pause]),
    ("quiet hours", &[Quiet, Urgent, Visits]),
    ("answers and cases", &[Replies, Cases, Visits, Stays, Pause]),
    ("calls", &[Calls, Visits, Pause]),
    ("essential", &[Essential, Policy, Own, Visits, Pause, Urgent]),
    ("settle and pauses", &[Settle, Instants, Urgent, Pause, Stays, Many]),
    ("stays and limits", &[Stays, Own, Visits, Intake, Pause, Validity]),
    ("quiet limits", &[Quiet, Own, Policy, Visits, Validity, Channels]),
    ("choices", &[Choices, Urgent, Instants]),
    ("undelivered", &[Undelivered, Own, Channels, Stays]),
    ("several instances", &[Several, Urgent, Visits, Policy]),
    (
        "all",
        &[
            Urgent,
            Many,
            Settle,
            Instants,
            Sets,
            Stays,
            Visits,
            Own,
            Policy,
            Intake,
            Quiet,
            Pause,
            Replies,
            Cases,
            Calls,
            Choices,
            Undelivered,
            Channels,
            Several,
            Validity,
        ],
    ),
];

/// A state: what it does on entry, and its arrows or what leads on. `@2` stands for the name of state 2.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) entry: Vec<String>,
    pub(crate) arrows: Vec<String>,
}

/// A journey in parts.
#[derive(Clone, Debug)]
pub(crate) struct Journey {
    pub(crate) policy: Vec<String>,
    pub(crate) spike: String,
    pub(crate) limits: Vec<String>,
    pub(crate) shared: Vec<String>,
    pub(crate) states: Vec<State>,
    pub(crate) parts: BTreeSet<Part>,
    /// The hour at which a day with it begins.
    pub(crate) hour: i64,
}

impl Journey {
    pub(crate) fn random(series: &[Part], seed: u64) -> Journey {
        let mut dice = Dice::new(seed);
        // Of all together a few at a time are more telling than all in each.
        let few = series.len() > 6;
        let parts: BTreeSet<Part> = series.iter().copied().filter(|_| !few || dice.one_in(3)).collect();
        Maker { dice, parts, states: 0 }.journey()
    }

    pub(crate) fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// Its text, with states named by this.
    pub(crate) fn text(&self, name: impl Fn(usize) -> String) -> String {
        let mut text = format!(
            "{HOUSE}event spike {{ booking: Booking }} {}\npolicy house {{\n  {}\n  after the end, replies -> handoff \
             \"care\"\n}}\njourney visit for customer per booking.id {{\n  data booking: Booking\n  start on \
             created(booking) -> @0\n",
            self.spike,
            self.policy.join("\n  ")
        );
        for line in self.limits.iter().chain(&self.shared) {
            text += &format!("  {line}\n");
        }
        for (i, state) in self.states.iter().enumerate() {
            text += &format!("  state @{i} {{\n");
            for line in state.entry.iter().chain(&state.arrows) {
                text += &format!("    {line}\n");
            }
            text += "  }\n";
        }
        text += "  end @9 as success\n}\n";
        // A message that is true for long lets the others be bounded less well, so only what is sent is declared.
        let used = |line: &&str| {
            let message = line.strip_prefix("message ").and_then(|rest| rest.split(' ').next());
            message.is_none_or(|m| text.contains(&format!("send {m}")))
        };
        let text = text.lines().filter(used).collect::<Vec<_>>().join("\n");
        (0..10).fold(text, |text, i| text.replace(&format!("@{i}"), &name(i)))
    }

    pub(crate) fn plain(&self) -> String {
        self.text(|i| if i == 9 { "done".into() } else { format!("s{i}") })
    }
}

const HOUSE: &str = r#"customer { phone: phone for sms  email: email for email  zone: zone }
record Booking { id: text, slot: instant, kind: one of { a, b } }
event created { booking: Booking }
event moved { booking: Booking }
event ping { booking: Booking }
message note { purpose service  sms "Note." }
message other { purpose service  sms "Other." }
message mail { purpose service  email "Mail." }
message both { purpose service  sms "Both."  email "Both." }
message ask { purpose service  sms "Shall we?"  replies { yes: "yes" } }
message lasting { purpose service  sms "Lasting."  valid for 3h }
message until { purpose service  sms "Until."  valid until booking.slot }
message vital { purpose safety  sms "Vital."  valid for 2h  essential at most 2 per 3h }
service lookup(booking: text) -> one of { done }
"#;

struct Maker {
    dice: Dice,
    parts: BTreeSet<Part>,
    states: usize,
}

impl Maker {
    fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    fn journey(mut self) -> Journey {
        self.states = 2 + self.dice.below(3);
        let valid = 1 + self.dice.below(3);
        let mut policy = vec![format!("valid for {valid}h")];
        if self.dice.one_in(2) {
            policy.push(format!("grace {}", self.dice.of(&["15m", "1h", "2h"])));
        }
        if self.has(Quiet) {
            let fate = self.dice.of(&["defer", "latest", "skip"]);
            policy.push(format!("quiet 0{}:00 to 0{}:00 else {fate}", 1 + self.dice.below(2), 3 + self.dice.below(3)));
        }
        if self.has(Policy) {
            policy.push(self.messages(&["skip", "latest", "defer", "handoff \"care\""], false));
        }
        let spike = match self.has(Intake) {
            true => format!("at most {} per {}h else dead letter", 1 + self.dice.below(2), 1 + self.dice.below(4)),
            false => String::new(),
        };
        let mut limits = Vec::new();
        if self.has(Several) {
            limits.push(format!("limit live to {} else skip", 1 + self.dice.below(2)));
            let window = self.dice.below(5) + 1;
            let fate = self.dice.of(&["skip", "handoff \"care\""]);
            limits.push(format!("limit starts to {} per {window}h else {fate}", 1 + self.dice.below(2)));
        } else {
            limits.push("limit starts to 3 per 30d else skip".into());
        }
        if self.has(Own) {
            let to = self.target(0, true);
            let on = format!("-> {to}");
            limits.push(self.messages(&["skip", "latest", "defer", "handoff \"care\"", "end", &on], true));
        }
        if self.has(Visits) {
            for state in 0..self.states {
                if self.dice.one_in(2) {
                    limits.push(self.visits(state));
                }
            }
        }
        let mut shared = Vec::new();
        for on in self.hearing() {
            if self.dice.one_in(8) {
                let then = self.then(0, true);
                shared.push(format!("{on} {then}"));
            }
        }
        let states = (0..self.states).map(|i| self.state(i)).collect();
        let hour = self.dice.below(5) as i64;
        Journey { policy, spike, limits, shared, states, parts: self.parts, hour }
    }

    fn visits(&mut self, state: usize) -> String {
        let n = 1 + self.dice.below(2);
        let per = if self.dice.one_in(3) { String::new() } else { format!(" per {}h", 1 + self.dice.below(4)) };
        let whose = if self.dice.one_in(8) { " per customer" } else { "" };
        let fate = match self.dice.below(5) {
            0 => "skip".to_owned(),
            1 => "handoff \"care\"".to_owned(),
            2 => "end".to_owned(),
            _ => format!("-> {}", self.target(state, true)),
        };
        format!("limit visits @{state} to {n}{per}{whose} else {fate}")
    }

    fn messages(&mut self, fates: &[&str], own: bool) -> String {
        let what = if self.has(Channels) && self.dice.one_in(2) { "sms" } else { "messages" };
        let n = 1 + self.dice.below(3);
        let per = if own && self.dice.one_in(4) { String::new() } else { format!(" per {}h", 1 + self.dice.below(4)) };
        let fate = fates[self.dice.below(fates.len())].to_owned();
        // What may wait for a limit needs one that frees a place again.
        let fate = if per.is_empty() && matches!(fate.as_str(), "latest" | "defer") { "skip".into() } else { fate };
        format!("limit {what} to {n}{per} else {fate}")
    }

    /// Another state or the end; any, or only one further on.
    fn target(&mut self, from: usize, any: bool) -> String {
        let to = if any { self.dice.below(self.states + 1) } else { from + 1 + self.dice.below(self.states - from) };
        if to >= self.states { "@9".into() } else { format!("@{to}") }
    }

    fn message(&mut self) -> &'static str {
        let mut all = vec!["note", "note", "other"];
        if self.has(Channels) {
            all.extend(["mail", "both", "both via email else sms", "both via email"]);
        }
        if self.has(Replies) {
            all.extend(["ask"; 4]);
        }
        if self.has(Validity) {
            all.extend(["lasting", "until"]);
        }
        if self.has(Essential) {
            all.extend(["vital"; 3]);
        }
        self.dice.of(&all)
    }

    fn send(&mut self, from: usize) -> String {
        let message = self.message();
        let mut block = String::new();
        if self.has(Undelivered) && self.dice.one_in(3) {
            let on = self.dice.of(&["on blocked", "on failed"]);
            let then = self.then(from, false);
            block = format!(" {{ {on} {then} }}");
        }
        format!("send {message}{block}")
    }

    /// Where an arrow leads that may come as often as it likes: on, and back only where something bounds that.
    fn then(&mut self, from: usize, free: bool) -> String {
        if self.has(Cases) && self.has(Stays) && self.dice.one_in(4) {
            return "stay { handoff \"care\" }".into();
        }
        if self.has(Stays) && self.dice.one_in(3) {
            return format!("stay {{ send {} }}", self.message());
        }
        let bounded = [Visits, Own, Policy, Intake].into_iter().any(|part| self.has(part));
        let any = if free { self.dice.one_in(if bounded { 2 } else { 6 }) } else { self.dice.one_in(2) };
        format!("-> {}", self.target(from, any))
    }

    /// What a state may listen to, beside time.
    fn hearing(&mut self) -> Vec<&'static str> {
        let mut all = vec!["on ping"];
        if self.has(Intake) {
            all.extend(["on spike", "on spike(booking)"]);
        }
        if self.has(Replies) {
            all.extend(["on reply", "on reply yes"]);
        }
        if self.has(Undelivered) {
            all.extend(["on blocked", "on failed"]);
        }
        all
    }

    fn state(&mut self, i: usize) -> State {
        let mut state = State::default();
        for _ in 0..if self.has(Many) { self.dice.below(3) } else { usize::from(!self.dice.one_in(3)) } {
            let send = self.send(i);
            state.entry.push(send);
        }
        if self.has(Cases) && self.dice.one_in(2) {
            state.entry.push("handoff \"care\"".into());
            let then = self.then(i, false);
            state.arrows.push(format!("on handoff.closed {then}"));
        }
        if self.has(Sets) && self.dice.one_in(4) {
            let to = self.dice.of(&["now", "now + 1h", "booking.slot + 1h", "booking.slot - 1h"]);
            state.entry.push(format!("set booking.slot = {to}"));
        }
        if self.has(Urgent) && state.arrows.is_empty() && self.dice.one_in(3) {
            let any = self.dice.one_in(2);
            state.arrows.push(format!("-> {}", self.target(i, any)));
            return state;
        }
        if self.has(Choices) && state.arrows.is_empty() && self.dice.one_in(4) {
            let any = self.dice.one_in(3);
            let (a, b) = (self.target(i, any), self.target(i, false));
            state.arrows.push(match self.dice.below(2) {
                0 => format!("choose booking.kind {{ a -> {a}  b -> {b} }}"),
                _ => format!("choose {{ when booking.slot > now + 1h -> {a}  else -> {b} }}"),
            });
            return state;
        }
        if self.has(Calls) && self.dice.one_in(2) {
            let (a, b) = (self.target(i, true), self.target(i, false));
            let within = 1 + self.dice.below(2);
            state.entry.push(format!("call lookup(booking.id) within {within}h {{ done -> {a}  failed -> {b} }}"));
        }
        self.waits(i, &mut state.arrows);
        state
    }

    fn waits(&mut self, i: usize, arrows: &mut Vec<String>) {
        let mut heard = BTreeSet::new();
        for on in self.hearing() {
            let input = on.split('(').next().unwrap();
            if self.dice.one_in(2) && heard.insert(input) {
                let when = self.when();
                let settle = if on.starts_with("on spike") { self.settle() } else { String::new() };
                let then = self.settled(i, &settle);
                arrows.push(format!("{on}{when}{settle} {then}"));
            }
        }
        if (self.has(Settle) || self.has(Instants)) && !self.dice.one_in(3) {
            let when = self.when();
            if self.dice.one_in(4) {
                arrows.push(format!("on moved(booking){when} stay"));
            } else {
                let settle = self.settle();
                let then = self.settled(i, &settle);
                arrows.push(format!("on moved(booking){when}{settle} {then}"));
            }
        }
        if self.dice.one_in(2) {
            let when = self.when();
            let (d, then) = (1 + self.dice.below(4), self.then(i, false));
            arrows.push(format!("after {d}h{when} {then}"));
        }
        if self.has(Instants) {
            for _ in 0..self.dice.of(&[0, 1, 1, 2]) {
                let when = self.when();
                let by = self.dice.of(&["", " - 1h", " + 1h", " - 2h", " + 2h"]);
                let (then, past) = (self.then(i, false), self.past(i));
                arrows.push(format!("at booking.slot{by}{when} {then}, if past {past}"));
            }
        }
        if arrows.iter().all(|arrow| arrow.contains("stay")) {
            let (d, to) = (1 + self.dice.below(4), self.target(i, false));
            arrows.push(format!("after {d}h -> {to}"));
        }
    }

    /// Mostly on, since a ring that takes no time is told to be one.
    fn past(&mut self, i: usize) -> String {
        if self.dice.one_in(3) { self.then(i, false) } else { format!("-> {}", self.target(i, false)) }
    }

    fn when(&mut self) -> String {
        match self.has(Choices) && self.dice.one_in(3) {
            true => {
                let condition = self.dice.of(&["booking.kind is a", "booking.slot > now", "booking.slot < now + 2h"]);
                format!(" when {condition}")
            }
            false => String::new(),
        }
    }

    fn settle(&mut self) -> String {
        match self.has(Settle) && !self.dice.one_in(4) {
            true => format!(" settle {}h", 1 + self.dice.below(3)),
            false => String::new(),
        }
    }

    fn settled(&mut self, i: usize, settle: &str) -> String {
        let free = settle.is_empty();
        match self.then(i, free) {
            // What settles is mostly told when it has.
            then if free || then.starts_with("->") => then,
            _ => format!("-> {}", self.target(i, true)),
        }
    }
}
