//! Scenarios, asked against the program: whether what they name is there, and what they write fits.

mod mocks;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use journey_spec::Type;
use journey_spec::codes;
use journey_spec::program::Channel;
use journey_spec::time::{Zone, parse_date};

use crate::ast::{
    At, EventDecl, Expectation, Expr, ExprKind, File, Item, JourneyDecl, JourneyItem, MessageDecl, MessageItem, Name,
    Path, ScenarioDecl, ScenarioLine, ScenarioLineKind,
};
use crate::diagnostics::Finding;
use crate::lower::sends;
use crate::resolve::{FieldInfo, Kind, Names, Out, unknown};
use crate::source::{FileId, Span};
use crate::types::{Scope, literal, mismatch, noun, walk};

/// What can become of a promise.
const PROMISE_FATES: [&str; 5] = ["made", "kept", "withdrawn", "broken", "void"];

/// Units of an amount, `3 days`.
const UNITS: [&str; 8] = ["day", "days", "hour", "hours", "minute", "minutes", "second", "seconds"];

/// Most repetitions of a `repeat`.
const MOST_TIMES: u32 = 1_000_000;

/// Asks all scenarios.
pub(crate) fn check(files: &[(FileId, Arc<File>)], names: &Names<'_>, out: &mut Out) {
    let scenarios = || {
        files.iter().flat_map(|(_, file)| &file.items).filter_map(|item| match item {
            Item::Scenario(scenario) => Some(scenario),
            _ => None,
        })
    };
    out.distinct("scenarios", scenarios().map(|s| &s.title));
    for decl in scenarios() {
        let journey = names
            .lookup(Kind::Journey, &decl.journey.text, decl.journey.span, out)
            .and_then(|i| names.journeys.get(i))
            .copied();
        let mut scenario = Scenario { names, out, journey, data: Vec::new(), counters: Vec::new() };
        scenario.ask(decl);
    }
}

/// Whether some line expects something.
fn expects(lines: &[ScenarioLine]) -> bool {
    let mut open: Vec<&ScenarioLine> = lines.iter().collect();
    while let Some(line) = open.pop() {
        match &line.kind {
            ScenarioLineKind::Expect(_) | ScenarioLineKind::Never { .. } => return true,
            ScenarioLineKind::At(_, Some(then)) => open.push(then),
            ScenarioLineKind::Repeat { lines, .. } => open.extend(lines),
            _ => {}
        }
    }
    false
}

struct Scenario<'n, 'a> {
    names: &'n Names<'a>,
    out: &'n mut Out,
    journey: Option<&'a JourneyDecl>,
    data: Vec<FieldInfo>,
    /// Counters of the `repeat`s around a line.
    counters: Vec<String>,
}

impl Scenario<'_, '_> {
    fn ask(&mut self, decl: &ScenarioDecl) {
        if let Some(journey) = self.journey {
            // What is wrong with the data's types has been said where they are declared.
            let mut said = Out::default();
            let fields = journey.items.iter().filter_map(|item| match item {
                JourneyItem::Data(field) => Some(field),
                _ => None,
            });
            self.data = self.names.fields(fields, &mut said);
        }
        self.lines(&decl.lines);
        // A line that was not understood may have expected something.
        if !expects(&decl.lines) && !self.names.gaps.touch(decl.span) {
            self.out.say(
                Finding::new(
                    &codes::J0120,
                    decl.title.span,
                    format!(
                        "the scenario \"{}\" expects nothing, so it passes whatever customers get",
                        decl.title.text
                    ),
                )
                .label("can never fail")
                .help("say what has to come of it, for example  expect state STATE  or  expect no message"),
            );
        }
    }

    fn lines(&mut self, lines: &[ScenarioLine]) {
        for line in lines {
            self.line(line);
        }
    }

    fn line(&mut self, line: &ScenarioLine) {
        match &line.kind {
            ScenarioLineKind::Given(values) => self.profile(values, line.span),
            ScenarioLineKind::At(at, then) => {
                self.value(at, &Type::Instant, "`at`");
                if let Some(then) = then {
                    self.line(then);
                }
            }
            ScenarioLineKind::Event { event, data, happened } => {
                if let Some(happened) = happened {
                    self.value(happened, &Type::Instant, "`happened`");
                }
                self.event(event, data);
            }
            ScenarioLineKind::Repeat { times, counter, lines, .. } => {
                if !(1..=MOST_TIMES).contains(&times.value) {
                    self.out.say(
                        Finding::new(&codes::J0116, times.span, format!("`repeat` of {} cannot be run", times.value))
                            .label("out of range")
                            .help(format!("write a number from 1 to {MOST_TIMES}")),
                    );
                }
                self.counters.extend(counter.iter().map(|c| c.text.clone()));
                self.lines(lines);
                if counter.is_some() {
                    self.counters.pop();
                }
            }
            ScenarioLineKind::MockCall { service, answer } => self.mock(service, answer),
            ScenarioLineKind::MockHook { hook, answer } => self.mock_hook(hook, answer),
            ScenarioLineKind::MockSplit { state, to } => self.mock_split(state, to),
            ScenarioLineKind::Expect(expectation) => self.expect(expectation),
            ScenarioLineKind::Never { from, to, .. } => self.hours(from, to),
            ScenarioLineKind::Advance(_)
            | ScenarioLineKind::Reply { .. }
            | ScenarioLineKind::HandoffClosed(_)
            | ScenarioLineKind::OptOut(_)
            | ScenarioLineKind::Pause { .. }
            | ScenarioLineKind::ChannelFails { .. } => {}
        }
    }

    fn hours(&mut self, from: &At<u16>, to: &At<u16>) {
        if from.value == to.value {
            self.out.say(
                Finding::new(
                    &codes::J0116,
                    from.span.to(to.span),
                    "hours that begin when they end are no hours, or all of them",
                )
                .help("write two different times, such as `between 21:00 and 08:00`"),
            );
        }
    }

    fn profile(&mut self, values: &[(Name, Expr)], span: Span) {
        let names = self.names;
        match &names.customer {
            Some(customer) => self.fields(values, &customer.fields, span, "the customer"),
            None if names.gaps.none() => self.out.say(
                Finding::new(&codes::J0101, span, "there is no `customer` whose data could be given")
                    .help("declare it: `customer { first_name: text  phone: phone? for sms  zone: zone }`"),
            ),
            None => {}
        }
    }

    fn event(&mut self, event: &Path, data: &[(Name, Expr)]) {
        let names = self.names;
        let name = event.text();
        if name == "customer.updated" {
            self.profile(data, event.span);
            return;
        }
        let found = names.known_as(Kind::Event, &name, event.span, self.out);
        if let Some(declared) = found.and_then(|i| names.events.get(i)) {
            self.fields(data, &declared.fields, event.span, &format!("the event `{name}`"));
        }
    }

    /// Values that have to be those of declared fields.
    fn fields(&mut self, values: &[(Name, Expr)], declared: &[FieldInfo], span: Span, owner: &str) {
        self.out.distinct("values for", values.iter().map(|(name, _)| name));
        for (name, value) in values {
            match declared.iter().find(|f| f.name == name.text) {
                Some(field) => {
                    if let Some(ty) = &field.ty {
                        self.value(value, ty, &format!("`{}`", name.text));
                    }
                }
                None if self.names.gaps.may_declare("", &name.text) => {}
                None => self.out.say(unknown(
                    &codes::J0101,
                    name.span,
                    format!("{owner} has no field `{}`", name.text),
                    &name.text,
                    declared.iter().map(|f| f.name.as_str()),
                    "",
                )),
            }
        }
        let missing: Vec<&FieldInfo> = declared
            .iter()
            .filter(|f| f.ty.as_ref().is_some_and(|ty| !ty.is_optional()))
            .filter(|f| !values.iter().any(|(name, _)| name.text == f.name))
            .collect();
        for field in missing {
            let ty = field.ty.as_ref().map_or_else(String::new, Type::spelled);
            self.out.say(
                Finding::new(
                    &codes::J0113,
                    span,
                    format!("{owner} always has `{}`, and it is missing here", field.name),
                )
                .label("left out")
                .also(
                    field.span,
                    format!("a {ty}, always there").replace("a instant", "an instant").replace("a email", "an email"),
                )
                .help(format!("add `{}: …`, or put a `?` after its type", field.name)),
            );
        }
    }

    /// A value that has to be one of type `ty`.
    fn value(&mut self, expr: &Expr, ty: &Type, what: &str) {
        let wanted = ty.required();
        let impossible = match &expr.kind {
            ExprKind::DateTime(text) => Zone::utc().parse_local(text).is_none(),
            ExprKind::Date(text) => parse_date(text).is_none(),
            _ => false,
        };
        if impossible {
            // The parser has said so.
            return;
        }
        let problem = match (&expr.kind, wanted) {
            (ExprKind::Record(values), Type::Record(name)) => {
                if let Some(fields) = self.names.record(name) {
                    self.fields(values, fields, expr.span, &format!("the record `{name}`"));
                }
                return;
            }
            (ExprKind::Path(path), Type::OneOf(choices)) if path.parts.len() == 1 => {
                let name = path.text();
                if !choices.contains(&name) {
                    self.out.say(unknown(
                        &codes::J0111,
                        path.span,
                        format!("{what} should be {}", noun(wanted)),
                        &name,
                        choices.iter().map(String::as_str),
                        "",
                    ));
                }
                return;
            }
            (ExprKind::Path(path), Type::Channel) if path.parts.len() == 1 => {
                let name = path.text();
                if Channel::named(&name).is_none() {
                    self.out.say(unknown(
                        &codes::J0111,
                        path.span,
                        format!("{what} should be {}", noun(wanted)),
                        &name,
                        Channel::ALL.map(Channel::name),
                        "",
                    ));
                }
                return;
            }
            (ExprKind::Path(path), _) => {
                let name = path.text();
                if !self.counters.contains(&name) {
                    self.out.say(unknown(
                        &codes::J0101,
                        path.span,
                        format!("there is no counter `{name}` here"),
                        &name,
                        self.counters.iter().map(String::as_str),
                        "write the value itself, or count with `repeat 3 every 1m as n { … }`",
                    ));
                    return;
                }
                (wanted != &Type::Number).then(|| format!("should be {}", noun(wanted)))
            }
            (ExprKind::DateTime(_), Type::Instant) => None,
            (ExprKind::Add { left, right, .. }, Type::Instant | Type::Date | Type::Duration | Type::Number) => {
                self.value(left, wanted, what);
                match (&right.kind, wanted) {
                    (ExprKind::Amount { .. }, _) => self.amount(right, what),
                    (ExprKind::Duration(_), Type::Instant | Type::Duration) => {}
                    (_, Type::Number) => self.value(right, wanted, what),
                    _ => self.out.say(
                        mismatch(right.span, format!("{what} can be moved only by a duration, or by `n days`"))
                            .label("not a duration")
                            .help("write one such as `20m`, `1d`, or `3 days`"),
                    ),
                }
                return;
            }
            (ExprKind::Amount { .. }, Type::Duration) => {
                self.amount(expr, what);
                return;
            }
            _ => literal(expr, wanted).err(),
        };
        if let Some(problem) = problem {
            self.out.say(mismatch(expr.span, format!("{what} {problem}")).label("of another type"));
        }
    }

    fn amount(&mut self, expr: &Expr, what: &str) {
        let ExprKind::Amount { number, unit, at } = &expr.kind else { return };
        self.value(number, &Type::Number, what);
        if let Some(at) = at.as_ref().filter(|_| !unit.text.starts_with("day")) {
            self.out.say(
                mismatch(at.span, format!("only days end at a time of day, and these are {}", unit.text))
                    .label("not here")
                    .help("take the time away, or write `days`"),
            );
        }
        if !UNITS.contains(&unit.text.as_str()) {
            self.out.say(unknown(
                &codes::J0101,
                unit.span,
                format!("there is no unit of time `{}`", unit.text),
                &unit.text,
                UNITS,
                "write `days`, `hours`, `minutes` or `seconds`",
            ));
        }
    }

    fn message(&mut self, name: &Name) -> Option<&MessageDecl> {
        let names = self.names;
        let found = names.known_as(Kind::Message, &name.text, name.span, self.out);
        found.and_then(|i| names.messages.get(i)).copied()
    }

    fn expect(&mut self, expectation: &Expectation) {
        match expectation {
            Expectation::Message { channel, message, .. } => {
                let Some(decl) = self.message(message) else { return };
                let has = |c: &At<Channel>| {
                    decl.items.iter().any(|item| match item {
                        MessageItem::Variant(variant) => variant.channel.value == c.value,
                        _ => false,
                    })
                };
                if let Some(channel) = channel.as_ref().filter(|c| !has(c)) {
                    let at = decl.name.span;
                    let text =
                        format!("`{}` never leaves by {}: it has no text for it", message.text, channel.value.name());
                    self.out.say(
                        Finding::new(&codes::J0101, channel.span, text).label("no such text").also(at, "the message"),
                    );
                }
            }
            // A channel, where no message is called so.
            Expectation::No(Some(what))
                if Channel::named(&what.text).is_some() && self.names.find(Kind::Message, &what.text).is_none() => {}
            Expectation::No(Some(message)) | Expectation::Blocked(message) => {
                self.message(message);
            }
            Expectation::Refused(event) => {
                let name = event.text();
                let found = self.names.known_as(Kind::Event, &name, event.span, self.out);
                if found.and_then(|i| self.names.events.get(i)).is_some_and(|e| !may_be_refused(e.decl)) {
                    self.out.say(
                        Finding::new(&codes::J0101, event.span, format!("`{name}` is never refused: its declaration lets all in"))
                            .label("no limit, and no hook")
                            .help("give its declaration a limit, `at most 2 per 24h else dead letter`, or a hook, `checked by hook …`"),
                    );
                }
            }
            Expectation::State(state) => self.state(state),
            Expectation::Call(service) => {
                self.names.known_as(Kind::Service, &service.text, service.span, self.out);
            }
            Expectation::Promise { name, fate } => self.promise(name, fate),
            Expectation::Data { path, value } => self.datum(path, value.as_ref()),
            Expectation::No(None) | Expectation::Count { .. } | Expectation::Handoff(_) | Expectation::NoHandoff => {}
        }
    }

    fn state(&mut self, name: &Name) {
        let Some(journey) = self.journey else { return };
        let states: BTreeSet<&str> = journey
            .items
            .iter()
            .filter_map(|item| match item {
                JourneyItem::State(state) => Some(state.name.text.as_str()),
                JourneyItem::End(end) => Some(end.name.text.as_str()),
                _ => None,
            })
            .collect();
        let hidden = self.names.gaps.may_declare("state", &name.text) || self.names.gaps.may_declare("end", &name.text);
        if !states.contains(name.text.as_str()) && !hidden {
            self.out.say(unknown(
                &codes::J0101,
                name.span,
                format!("the journey `{}` has no state `{}`", journey.name.text, name.text),
                &name.text,
                states,
                "",
            ));
        }
    }

    fn promise(&mut self, name: &Name, fate: &Name) {
        if !PROMISE_FATES.contains(&fate.text.as_str()) {
            self.out.say(unknown(
                &codes::J0101,
                fate.span,
                format!("a promise is never `{}`", fate.text),
                &fate.text,
                PROMISE_FATES,
                "",
            ));
        }
        let Some(journey) = self.journey else { return };
        let promises: BTreeMap<&str, ()> =
            sends(journey).filter_map(|s| s.promising.as_ref()).map(|p| (p.name.text.as_str(), ())).collect();
        if !promises.contains_key(name.text.as_str()) && !self.names.gaps.may_declare("promising", &name.text) {
            self.out.say(unknown(
                &codes::J0101,
                name.span,
                format!("the journey `{}` never promises `{}`", journey.name.text, name.text),
                &name.text,
                promises.keys().copied(),
                "",
            ));
        }
    }

    fn datum(&mut self, path: &Path, value: Option<&Expr>) {
        let Some(journey) = self.journey else { return };
        let owner = format!("the journey `{}`", journey.name.text);
        let data = std::mem::take(&mut self.data);
        let scope = Scope { fields: &data, owner: &owner, customer: true, code: &codes::J0101 };
        if let Some(ty) = walk(self.names, scope, path, self.out).and_then(|found| found.ty) {
            match value {
                Some(value) => self.value(value, &ty, &format!("`{}`", path.text())),
                None if ty.is_optional() => {}
                None => self.out.say(
                    Finding::new(
                        &codes::J0113,
                        path.span,
                        format!("`{}` is always there, and cannot be missing", path.text()),
                    )
                    .label("always needed")
                    .help("say which value is expected, or put a `?` after its type"),
                ),
            }
        }
        self.data = data;
    }
}

/// Whether something at an event's door may refuse it.
fn may_be_refused(event: &EventDecl) -> bool {
    event.intake.is_some() || event.made_by.is_some() || event.checked_by.is_some()
}
