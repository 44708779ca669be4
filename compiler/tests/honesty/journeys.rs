//! Small random journeys, in parts that are written out as text: one kind of part at a time, and all together.
//!
//! A tick is an hour; every duration is a few of them, so that an adversary can walk from tick to tick.

use std::collections::BTreeSet;

use journey_spec::Ts;
use journey_spec::program::{Calendar, HOUR, MINUTE};
use journey_spec::time::Zone;

use super::world::{MIDNIGHT, NEAR, PLACES, Setting, TICK};

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
    /// `on sent set`, and conditions that ask for what it set.
    Leaving,
    /// Several channels.
    Channels,
    /// Several instances of one customer.
    Several,
    /// Messages that are true for longer than others, or until an instant.
    Validity,
    /// Messages that pass limits and quiet hours.
    Essential,
    /// STOP, by an answer and elsewhere, and numbers that have not said it; `on opt out`.
    Stops,
    /// Addresses, consent, the preferred channel, conditions and instants of the customer's record, which the host changes;
    /// zones too where something goes by them.
    Directory,
    /// `per day`, `per week`, waits of calendar days.
    Calendar,
    /// Days on which the clock changes.
    Clock,
    /// Messages whose data have to be new.
    Fresh,
    /// Hooks, which say one thing or the other, or fail.
    Hooks,
    /// `split`.
    Splits,
    /// A second journey of the same customer.
    Together,
    /// No key: one instance at a time, and another one after its end.
    Keyless,
    /// Messages for several purposes, and limits on one of them.
    Purposes,
    /// Quiet times that an event begins.
    Peace,
}

use Part::{
    Calls, Cases, Channels, Choices, Clock, Directory, Essential, Fresh, Hooks, Instants, Intake, Keyless, Leaving,
    Many, Own, Pause, Peace, Policy, Purposes, Quiet, Replies, Sets, Settle, Several, Splits, Stays, Stops, Together,
    Undelivered, Urgent, Validity, Visits,
};

/// What is tried: a name, and what journeys of it are made of.
pub(crate) const SERIES: [(&str, &[Part]); 41] = [
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
    ("as it leaves", &[Leaving, Choices, Quiet, Pause, Urgent, Visits, Undelivered]),
    ("several instances", &[Several, Urgent, Visits, Policy]),
    ("begun again", &[Several, Keyless, Urgent, Own, Pause]),
    ("stop", &[Stops, Undelivered, Own, Channels, Pause]),
    ("directory", &[Directory, Undelivered, Channels, Purposes, Instants]),
    ("calendar", &[Part::Calendar, Own, Policy, Visits, Intake, Instants]),
    ("calendar and moves", &[Part::Calendar, Directory, Quiet, Own, Policy, Visits]),
    ("changes of the clock", &[Clock, Part::Calendar, Quiet, Own, Urgent]),
    ("changes and moves", &[Clock, Directory, Quiet, Policy, Validity]),
    ("fresh data", &[Fresh, Instants, Own, Pause, Undelivered]),
    ("hooks", &[Hooks, Urgent, Visits, Sets, Choices]),
    ("splits and choices", &[Splits, Choices, Urgent, Visits, Directory]),
    ("purposes", &[Purposes, Policy, Own, Essential, Channels]),
    ("several journeys", &[Together, Policy, Urgent, Pause]),
    ("several journeys, many rules", &[Together, Several, Policy, Visits, Quiet, Purposes]),
    ("left in peace", &[Peace, Undelivered, Urgent, Channels]),
    ("left in peace, instances", &[Peace, Several, Stays, Replies, Settle]),
    ("left in peace, many rules", &[Peace, Quiet, Own, Policy, Purposes, Essential]),
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
            Leaving,
            Channels,
            Several,
            Validity,
            Essential,
            Stops,
            Directory,
            Part::Calendar,
            Clock,
            Fresh,
            Hooks,
            Splits,
            Together,
            Keyless,
            Purposes,
            Peace,
        ],
    ),
];

/// A state: what it does on entry, and its arrows or what leads on. `@2` stands for the name of state 2.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) entry: Vec<String>,
    pub(crate) arrows: Vec<String>,
}

/// A journey in parts; with [`Part::Together`] and those of the same customer's other one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journey {
    pub(crate) policy: Vec<String>,
    pub(crate) spike: String,
    pub(crate) limits: Vec<String>,
    pub(crate) shared: Vec<String>,
    pub(crate) states: Vec<State>,
    pub(crate) other: Option<Other>,
    pub(crate) parts: BTreeSet<Part>,
    /// Where and when a day with it begins.
    pub(crate) setting: Setting,
}

/// Another journey beside the first.
#[derive(Clone, Debug)]
pub(crate) struct Other {
    begins: &'static str,
    limits: Vec<String>,
    shared: Vec<String>,
    states: Vec<State>,
}

impl Journey {
    pub(crate) fn random(series: &[Part], seed: u64) -> Journey {
        Journey::with_fate(series, seed, None)
    }

    /// Where rules hold messages back, they do so in this way.
    pub(crate) fn with_fate(series: &[Part], seed: u64, fate: Option<&'static str>) -> Journey {
        let mut dice = Dice::new(seed);
        // Of all together a few at a time are more telling than all in each.
        let few = series.len() > 6;
        let parts: BTreeSet<Part> =
            series.iter().copied().filter(|_| !few || dice.one_in(if series.len() > 12 { 4 } else { 3 })).collect();
        Maker { dice, parts, fate, states: 0 }.journey()
    }

    pub(crate) fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// Whether what happens goes by the day, not only by the hours since something.
    pub(crate) fn has_days(&self) -> bool {
        [Part::Calendar, Clock, Directory].into_iter().any(|part| self.has(part))
    }

    /// Its text, with states named by this.
    pub(crate) fn text(&self, name: impl Fn(usize) -> String) -> String {
        let customer = match [Stops, Directory, Purposes].into_iter().any(|part| self.has(part)) {
            true => WIDE,
            false => NARROW,
        };
        let mut text = format!(
            "{customer}{HOUSE}event spike {{ booking: Booking }} {}\npolicy house {{\n  {}\n  after the end, replies -> \
             handoff \"care\"\n}}\n",
            self.spike,
            self.policy.join("\n  ")
        );
        let key = if self.has(Keyless) { "" } else { " per booking.id" };
        let mut journey = |name: &str, begins: &str, limits: &[String], shared: &[String], states: &[State]| {
            text += &format!("journey {name} for customer{key} {{\n  data booking: Booking\n");
            if self.has(Leaving) {
                text += "  data told: bool?\n";
            }
            text += &format!("  start on {begins}(booking) -> @0\n");
            for line in limits.iter().chain(shared) {
                text += &format!("  {line}\n");
            }
            for (i, state) in states.iter().enumerate() {
                text += &format!("  state @{i} {{\n");
                for line in state.entry.iter().chain(&state.arrows) {
                    text += &format!("    {line}\n");
                }
                text += "  }\n";
            }
            text += "  end @9 as success\n}\n";
        };
        journey("visit", "created", &self.limits, &self.shared, &self.states);
        if let Some(Other { begins, limits, shared, states }) = &self.other {
            journey("other_visit", begins, limits, shared, states);
        }
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

const NARROW: &str = "customer { phone: phone for sms  email: email for email  zone: zone }\n";
const WIDE: &str = "customer { phone: phone? for sms  email: email? for email  zone: zone?  offers: bool? consent to \
                    marketing  due: instant  vip: bool  prefers: channel? }\n";

const HOUSE: &str = r#"record Booking { id: text, slot: instant, kind: one of { a, b } }
event created { booking: Booking }
event moved { booking: Booking }
event ping { booking: Booking }
event talked { booking: Booking }
message note { purpose service  sms "Note." }
message other { purpose service  sms "Other." }
message mail { purpose service  email "Mail." }
message both { purpose service  sms "Both."  email "Both." }
message ask { purpose service  sms "Shall we?"  replies { yes: "yes" } }
message lasting { purpose service  sms "Lasting."  valid for 3h }
message until { purpose service  sms "Until."  valid until booking.slot }
message vital { purpose safety  sms "Vital."  valid for 2h  essential at most 2 per 3h }
message recent { purpose service  sms "Recent."  fresh booking within 30m by call look_slot(booking.id) }
message newest { purpose service  sms "New."  valid for 3h  fresh booking within 2h by call look_slot(booking.id) }
message promo { purpose marketing  sms "Buy."  email "Buy." }
message dun { purpose debt  sms "Pay." }
service lookup(booking: text) -> one of { done }
service look_slot(booking: text) -> Booking
hook judge(booking: text) -> one of { a, b } from "judge.wasm" within 5ms, 16MiB on failure b
"#;

/// Places with an hour before or after which their clock changes.
const CHANGES: [(usize, &str); 8] = [
    (1, "2026-03-29T01:00:00Z"),
    (1, "2026-10-25T01:00:00Z"),
    (2, "2026-03-08T07:00:00Z"),
    (2, "2026-11-01T06:00:00Z"),
    (3, "2026-04-04T15:00:00Z"),
    (3, "2026-10-03T16:00:00Z"),
    (4, "2026-03-29T01:00:00Z"),
    (5, "2026-10-25T01:00:00Z"),
];

struct Maker {
    dice: Dice,
    parts: BTreeSet<Part>,
    fate: Option<&'static str>,
    states: usize,
}

impl Maker {
    fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    fn journey(mut self) -> Journey {
        let valid = 1 + self.dice.below(3);
        let mut policy = vec![format!("valid for {valid}h")];
        if self.dice.one_in(2) {
            policy.push(format!("grace {}", self.dice.of(&["15m", "1h", "2h"])));
        }
        if self.has(Quiet) {
            let fate = self.fate.unwrap_or(self.dice.of(&["defer", "latest", "skip"]));
            let whom =
                if self.has(Purposes) { self.dice.of(&["", " for service", " for marketing, debt"]) } else { "" };
            let (from, to) = (1 + self.dice.below(2), 3 + self.dice.below(3));
            policy.push(format!("quiet 0{from}:00 to 0{to}:00{whom} else {fate}"));
        }
        if self.has(Peace) {
            for _ in 0..=self.dice.below(2) {
                let rule = self.peace();
                policy.push(rule);
            }
        }
        if self.has(Stops) && self.dice.one_in(4) {
            policy.push("stop spares service".into());
        }
        if self.has(Policy) {
            self.states = 2;
            policy.push(self.messages(&["skip", "latest", "defer", "handoff \"care\""], false));
            if (self.has(Purposes) || self.has(Together)) && self.dice.one_in(2) {
                policy.push(self.messages(&["skip", "latest", "defer", "handoff \"care\""], false));
            }
        }
        let spike = match self.has(Intake) {
            true => {
                let per = self.per(1);
                format!("at most {}{per} else dead letter", 1 + self.dice.below(2))
            }
            false => String::new(),
        };
        let (limits, shared, states) = self.course();
        let other = self.has(Together).then(|| {
            let begins = self.dice.of(&["created", "created", "moved", "spike"]);
            let (limits, shared, states) = self.course();
            Other { begins, limits, shared, states }
        });
        let setting = self.setting();
        Journey { policy, spike, limits, shared, states, other, parts: self.parts, setting }
    }

    /// A quiet time that an event begins, which no journey hears or some do.
    fn peace(&mut self) -> String {
        let lasts = 1 + self.dice.below(3);
        let event = self.dice.of(&["talked", "talked", "ping", "moved", "created"]);
        let key = if self.has(Keyless) || self.dice.one_in(2) { "" } else { " per booking.id" };
        let mut whom = vec![" for messages", " for service", " for sms"];
        if self.has(Channels) {
            whom.extend([" for email", " for service sms"]);
        }
        if self.has(Purposes) {
            whom.extend([" for marketing, debt", " for marketing email, service sms"]);
        }
        let whom = self.dice.of(&whom);
        let fate = match self.fate {
            Some(_) => "skip",
            None => self.dice.of(&["skip", "skip", "handoff \"care\""]),
        };
        format!("quiet {lasts}h after {event}{key}{whom} else {fate}")
    }

    /// What a journey consists of.
    fn course(&mut self) -> (Vec<String>, Vec<String>, Vec<State>) {
        self.states = if self.has(Together) { 1 + self.dice.below(3) } else { 2 + self.dice.below(3) };
        let mut limits = Vec::new();
        if self.has(Several) || self.has(Together) {
            let live = 1 + self.dice.below(if self.has(Together) { 1 } else { 3 });
            let elsewhere = format!("-> {}", self.target(0, true));
            // Where one too many begins elsewhere, nothing bounds how many there are.
            let fate = if self.dice.one_in(8) { &elsewhere } else { "skip" };
            limits.push(format!("limit live to {live} else {fate}"));
            let per = self.per(5);
            let fate = if self.dice.one_in(8) { &elsewhere } else { self.dice.of(&["skip", "handoff \"care\""]) };
            limits.push(format!("limit starts to {}{per} else {fate}", 1 + self.dice.below(2)));
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
        (limits, shared, states)
    }

    /// Where and when a day begins: some hours into a plain day, or before midnight or a change of the clock.
    fn setting(&mut self) -> Setting {
        let hours = self.dice.below(5) as i64 * TICK;
        let who = if self.has(Splits) { self.dice.below(8) as u8 } else { 0 };
        if self.has(Clock) {
            let (place, change) = self.dice.of(&CHANGES);
            let change = journey_spec::time::parse_rfc3339(change).unwrap();
            return Setting { begins: change - hours, place, who };
        }
        if !self.has_days() {
            return Setting { begins: MIDNIGHT + hours, place: 0, who };
        }
        let place = self.dice.below(NEAR);
        let near: Ts = MIDNIGHT + 12 * HOUR;
        let midnight = PLACES[place]
            .first()
            .and_then(|zone| Zone::named(zone))
            .map_or(MIDNIGHT, |zone| zone.next_begins(near, Calendar::Day));
        // Some days begin on the half hour of a zone, some not.
        let minutes = if self.dice.one_in(4) { 30 * MINUTE } else { 0 };
        let before = if self.has(Quiet) && self.dice.one_in(2) { -hours } else { hours };
        Setting { begins: midnight - before + minutes, place, who }
    }

    fn has_days(&self) -> bool {
        [Part::Calendar, Clock, Directory].into_iter().any(|part| self.has(part))
    }

    /// A window of some hours, at least so many kinds of them; or one of the calendar.
    fn per(&mut self, kinds: usize) -> String {
        if self.has(Part::Calendar) && !self.dice.one_in(3) {
            return self.dice.of(&[" per day", " per day", " per week"]).to_owned();
        }
        format!(" per {}h", 1 + self.dice.below(kinds.max(4)))
    }

    fn visits(&mut self, state: usize) -> String {
        let n = 1 + self.dice.below(2);
        let per = if self.dice.one_in(3) { String::new() } else { self.per(4) };
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
        let mut what = if self.has(Channels) && self.dice.one_in(2) { "sms" } else { "messages" };
        if self.has(Purposes) && !self.dice.one_in(3) {
            what = self.dice.of(&["service messages", "marketing messages", "debt messages", "marketing sms"]);
        }
        let n = 1 + self.dice.below(3);
        let per = if own && self.dice.one_in(4) { String::new() } else { self.per(4) };
        let whose = match self.has(Several) && self.dice.one_in(4) {
            true if own => " per customer",
            true if !self.has(Keyless) && !per.is_empty() => " per booking.id",
            _ => "",
        };
        let fate = self.fate.unwrap_or(fates[self.dice.below(fates.len())]).to_owned();
        // What may wait for a limit needs one that frees a place again.
        let fate = if per.is_empty() && matches!(fate.as_str(), "latest" | "defer") { "skip".into() } else { fate };
        format!("limit {what} to {n}{per}{whose} else {fate}")
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
        if self.has(Fresh) {
            all.extend(["recent", "recent", "newest"]);
        }
        if self.has(Purposes) {
            all.extend(["promo", "promo", "dun", "vital"]);
        }
        self.dice.of(&all)
    }

    fn send(&mut self, from: usize) -> String {
        let message = self.message();
        let mut block = String::new();
        if self.has(Leaving) && !self.dice.one_in(3) {
            let sets = ["told = true", "told = missing", "booking.kind = a", "booking.kind = b"];
            for _ in 0..=self.dice.below(2) {
                block += &format!(" on sent set {} ", self.dice.of(&sets));
            }
        }
        if self.has(Undelivered) && self.dice.one_in(3) {
            let on = self.dice.of(&["on blocked", "on failed"]);
            let then = match self.dice.one_in(3) {
                // What is blocked is said in other words, and where that is blocked too, something else happens.
                true => {
                    let (second, then) = (self.message(), self.then(from, false));
                    format!("stay {{ send {second} {{ on blocked {then} }} }}")
                }
                false => self.then(from, false),
            };
            block += &format!(" {on} {then} ");
        }
        if !block.is_empty() {
            block = format!(" {{{block}}}");
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
        if self.has(Stops) {
            all.push("on opt out");
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
        if self.has(Hooks) && self.dice.one_in(4) {
            state.entry.push("set booking.kind = judge(booking.id)".into());
        }
        if (self.has(Hooks) || self.has(Splits)) && state.arrows.is_empty() && self.dice.one_in(3) {
            let any = self.dice.one_in(3);
            let (a, b) = (self.target(i, any), self.target(i, false));
            state.arrows.push(match self.has(Hooks) && self.dice.one_in(2) || !self.has(Splits) {
                true => format!("choose judge(booking.id) {{ a -> {a}  b -> {b} }}"),
                false => format!("split by customer {{ 40% -> {a}  60% -> {b} }}"),
            });
            return state;
        }
        if self.has(Urgent) && state.arrows.is_empty() && self.dice.one_in(3) {
            let any = self.dice.one_in(2);
            state.arrows.push(format!("-> {}", self.target(i, any)));
            return state;
        }
        if self.has(Choices) && state.arrows.is_empty() && self.dice.one_in(4) {
            let any = self.dice.one_in(3);
            let (a, b) = (self.target(i, any), self.target(i, false));
            state.arrows.push(match self.dice.below(if self.has(Leaving) { 3 } else { 2 }) {
                2 => format!("choose {{ when told is known -> {a}  else -> {b} }}"),
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
        if self.has(Part::Calendar) && self.dice.one_in(3) {
            let hour = 1 + self.dice.below(3);
            let (when, then) = (self.when(), self.then(i, false));
            arrows.push(format!("after 1 day at 0{hour}:00{when} {then}"));
        }
        if self.has(Part::Calendar) && self.has(Instants) && self.dice.one_in(3) {
            let by = self.dice.of(&["- 0 days at 01:00", "+ 1 day at 00:00", "- 1 day", "+ 0 days at 02:00"]);
            let (then, past) = (self.then(i, false), self.past(i));
            arrows.push(format!("at booking.slot {by} {then}, if past {past}"));
        }
        if self.has(Directory) && self.dice.one_in(3) {
            let by = self.dice.of(&["", " - 1h", " + 1h"]);
            let (then, past) = (self.then(i, false), self.past(i));
            arrows.push(format!("at customer.due{by} {then}, if past {past}"));
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
                let mut all = vec!["booking.kind is a", "booking.slot > now", "booking.slot < now + 2h"];
                if self.has(Directory) {
                    all.extend(["customer.vip", "not customer.vip", "customer.due < now + 1h"]);
                }
                if self.has(Leaving) {
                    all.extend(["told is known", "told is missing", "not (told is known)"]);
                }
                let condition = self.dice.of(&all);
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
