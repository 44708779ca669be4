//! Scenarios on virtual time, through the runtime's own engine with its store in memory.
//!
//! A scenario's lines become the same JSON lines that a feed holds and go through the same door; there is no second
//! interpreter, and what a feed cannot say a scenario cannot say either.

mod expect;
mod outside;
mod value;

use std::collections::BTreeSet;
use std::sync::Arc;

use journey_compiler::ast::{
    Expr, JudgementDecl, MockAnswer, MockJudgement, Name, ScenarioDecl, ScenarioLine, ScenarioLineKind,
};
use journey_compiler::source::Span;
use journey_runtime::hooks::Modules;
use journey_runtime::service::Answer;
use journey_runtime::store::Memory;
use journey_runtime::{Arrival, Engine, EngineError, Outside, parse_line};
use journey_spec::Ts;
use journey_spec::program::{Branch, Channel, HookAnswers, JourneyId, Millis, Program, bucket};
use journey_spec::time::{RANGE, Zone, rfc3339};
use journey_step::effect::{Entry, Took, What};
use journey_step::{Customer, HookAnswer, Verdict};
use serde_json::{Map, Value as Json, json};

use crate::scenario::outside::{Directed, Judging, Wishes};
use crate::scenario::value::Values;

/// The one customer of a scenario, where no line asks for one who goes a certain way of a split.
const WHO: &str = "customer";
/// So many names are tried for a customer who goes all the ways that are asked for.
const MOST_NAMES: u32 = 1_000_000;

/// The name of the answer to STOP, which is owed by law and counts as no message.
pub(crate) const STOP_CONFIRMATION: &str = "stop confirmation";

/// Where a scenario without any `at` begins: a Monday in winter, at nine.
const BEGIN: &str = "2026-01-05 09:00";

/// What came of a scenario.
pub(crate) struct Played {
    /// Where it failed, if it did.
    pub(crate) failed: Option<Failed>,
    /// All that happened to the customer until then.
    pub(crate) timeline: Vec<Entry>,
    /// The customer's zone.
    pub(crate) zone: Zone,
    /// What instances came by.
    pub(crate) took: BTreeSet<Took>,
}

/// A line that does not hold, or cannot be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    /// The line.
    pub(crate) span: Span,
    /// What was expected, or asked for; empty where the line itself says it.
    pub(crate) expected: String,
    /// What was the case.
    pub(crate) was: String,
    /// Whether the line expects something; else it does something that cannot be done.
    pub(crate) expects: bool,
    /// In which round of a `repeat`.
    pub(crate) round: Option<u32>,
}

/// Why a line stops a scenario.
enum Stop {
    /// It does not hold.
    Failed(Failed),
    /// The engine cannot go on.
    Engine(EngineError),
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Stop {
        Stop::Engine(error)
    }
}

/// Plays a scenario, with these modules for hooks that it does not mock.
///
/// # Errors
/// Where the engine itself fails; a scenario that does not hold is no error here.
pub(crate) fn play(
    program: &Arc<Program>,
    modules: Option<&Modules>,
    scenario: &ScenarioDecl,
) -> Result<Played, EngineError> {
    let wishes = Wishes::default();
    let mut engine = Engine::open(program.clone(), Box::new(Memory::new()))?.connect(Outside {
        channel: Box::new(Directed(wishes.clone())),
        desk: Box::new(journey_runtime::channels::Discard),
        service: Box::new(Directed(wishes.clone())),
    });
    engine = engine.ask_hooks(Box::new(Judging { wishes: wishes.clone(), modules: modules.cloned() }));
    engine.watch();
    let mut play = Play {
        program: program.clone(),
        engine,
        wishes,
        journey: program.journey(&scenario.journey.text).map(|(id, _)| id),
        who: WHO.into(),
        zone: Zone::utc(),
        clock: *RANGE.start(),
        lines: 0,
        ids: 0,
        expected: Vec::new(),
        quiet_since: 0,
        counters: Vec::new(),
        round: None,
        expects: false,
        nevers: Vec::new(),
    };
    play.prepare(scenario);
    let named = play.name(&scenario.lines);
    let failed = match named.and_then(|()| play.all(&scenario.lines)).and_then(|()| play.hold_what_never_happens()) {
        Ok(()) => None,
        Err(Stop::Failed(failed)) => Some(failed),
        Err(Stop::Engine(error)) => return Err(error),
    };
    let took = play.engine.watched().cloned().collect();
    Ok(Played { failed, timeline: play.timeline()?, zone: play.zone, took })
}

/// A scenario while it is played.
struct Play {
    program: Arc<Program>,
    engine: Engine,
    wishes: Wishes,
    journey: Option<JourneyId>,
    /// The customer's id.
    who: String,
    zone: Zone,
    clock: Ts,
    lines: u64,
    ids: u64,
    /// Positions of timeline entries that an earlier line has expected.
    expected: Vec<usize>,
    /// How many messages had left before the last line that did something.
    quiet_since: usize,
    /// Counters of the `repeat`s around the line, innermost last.
    counters: Vec<(String, u32)>,
    round: Option<u32>,
    /// Whether the line being played expects something.
    expects: bool,
    /// What must not leave, over the whole scenario.
    nevers: Vec<Never>,
}

/// Why a hook fails, or refuses, that is mocked to.
const SAID_SO: &str = "the scenario says so";

/// `never sms between 21:00 and 08:00`
struct Never {
    span: Span,
    channel: Option<Channel>,
    hours: (u16, u16),
}

impl Play {
    /// Finds the customer's zone and the instant at which it all begins: that of the first `at`.
    fn prepare(&mut self, scenario: &ScenarioDecl) {
        let given = scenario.lines.iter().find_map(|line| given(line));
        let zone = self.program.customer.zone.as_ref().zip(given).and_then(|(name, fields)| {
            let (_, expr) = fields.iter().find(|(field, _)| field.text == *name)?;
            let zones = journey_spec::places::zones(&self.values().value(expr).ok()?);
            zones.into_iter().next()
        });
        if let Some(zone) = zone {
            self.zone = zone;
        }
        let first = first_at(&scenario.lines).and_then(|expr| self.values().instant(expr).ok());
        self.clock = first.or_else(|| self.zone.parse_local(BEGIN)).unwrap_or_default();
    }

    /// Finds an id of a customer who goes the ways that lines ask for; a split goes by the id and nothing else.
    fn name(&mut self, lines: &[ScenarioLine]) -> Result<(), Stop> {
        let Some(journey) = self.journey.and_then(|j| self.program.journeys.get(j.index())) else { return Ok(()) };
        let mut asked = Vec::new();
        for line in lines {
            let ScenarioLineKind::MockSplit { state, to } = &line.kind else { continue };
            let found = journey.states.iter().find(|s| s.name == state.text).and_then(|s| s.branch.as_ref());
            let Some(Branch::Split(ways)) = found else { continue };
            let mut from = 0;
            let mut parts = Vec::new();
            for (percent, way) in ways {
                if journey.states.get(way.index()).is_some_and(|s| s.name == to.text) {
                    parts.push(from..from + percent);
                }
                from += percent;
            }
            asked.push((line.span, state.text.as_str(), parts));
        }
        let goes = |who: &str| {
            asked.iter().all(|(_, state, parts)| {
                let part = bucket(&journey.name, state, who);
                parts.iter().any(|range| range.contains(&part))
            })
        };
        let mut names = std::iter::once(WHO.to_owned()).chain((1..MOST_NAMES).map(|n| format!("{WHO}-{n}")));
        match (names.find(|who| goes(who)), asked.last()) {
            (Some(who), _) => self.who = who,
            (None, Some((span, ..))) => {
                return Err(self.fail(
                    *span,
                    "a customer who goes all these ways",
                    format!("none of {MOST_NAMES} does; a way of 0% is gone by nobody"),
                ));
            }
            (None, None) => {}
        }
        Ok(())
    }

    fn values(&self) -> Values<'_> {
        Values { zone: &self.zone, counters: &self.counters }
    }

    fn fail(&self, span: Span, expected: impl Into<String>, was: impl Into<String>) -> Stop {
        Stop::Failed(Failed {
            span,
            expected: expected.into(),
            was: was.into(),
            expects: self.expects,
            round: self.round,
        })
    }

    fn all(&mut self, lines: &[ScenarioLine]) -> Result<(), Stop> {
        lines.iter().try_for_each(|line| self.line(line, true))
    }

    /// Plays a line. `fresh` where nothing before it on the same line has done something.
    fn line(&mut self, line: &ScenarioLine, fresh: bool) -> Result<(), Stop> {
        use ScenarioLineKind as Kind;
        let acts = !matches!(
            line.kind,
            Kind::Expect(_)
                | Kind::MockCall { .. }
                | Kind::MockHook { .. }
                | Kind::MockSplit { .. }
                | Kind::ChannelFails { .. }
                | Kind::Pause { .. }
                | Kind::Never { .. }
        );
        if acts && fresh {
            self.quiet_since = self.wishes.left();
        }
        self.expects = matches!(line.kind, Kind::Expect(_));
        match &line.kind {
            Kind::Given(fields) => {
                let data = self.record(fields)?;
                self.input(line, json!({"event": "customer.updated", "data": data}))?;
                self.zone = self.customer()?.and_then(|c| self.zone_of(&c)).unwrap_or_else(Zone::utc);
            }
            Kind::At(when, inner) => {
                let to = self.instant(when)?;
                if to < self.clock {
                    let (to, now) = (self.zone.stamp(to), self.zone.stamp(self.clock));
                    return Err(self.fail(
                        when.span,
                        format!("a time at or after {now}"),
                        format!("time does not go back: it is already {now}, and this line asks for {to}"),
                    ));
                }
                self.move_to(to)?;
                if let Some(inner) = inner {
                    self.line(inner, false)?;
                }
            }
            Kind::Advance(by) => self.move_to(self.later(line.span, by.value)?)?,
            Kind::Event { event, data, happened } => {
                let data = self.record(data)?;
                let at = happened.as_ref().map(|h| self.instant(h)).transpose()?.unwrap_or(self.clock);
                if at > self.clock {
                    return Err(self.fail(
                        line.span,
                        "news of something that has happened",
                        format!(
                            "it would happen at {}, and it is only {}",
                            self.zone.stamp(at),
                            self.zone.stamp(self.clock)
                        ),
                    ));
                }
                self.input(line, json!({"event": event.text(), "at": rfc3339(at), "data": data}))?;
            }
            Kind::Repeat { times, every, counter, lines } => {
                for n in 1..=times.value {
                    self.quiet_since = self.wishes.left();
                    self.move_to(self.later(every.span, every.value)?)?;
                    if let Some(counter) = counter {
                        self.counters.push((counter.text.clone(), n));
                    }
                    self.round = Some(n);
                    for inner in lines {
                        self.line(inner, false)?;
                    }
                    if counter.is_some() {
                        self.counters.pop();
                    }
                }
                self.round = None;
            }
            Kind::Reply { text, via } => {
                let channel = via.as_ref().map_or(Channel::Sms, |c| c.value).name();
                self.input(line, json!({"reply": text.text, "channel": channel}))?;
            }
            Kind::HandoffClosed(queue) => self.close(line, queue.as_ref().map(|q| q.text.as_str()))?,
            Kind::OptOut(channel) => {
                let channel = channel.as_ref().map_or(Channel::Sms, |c| c.value).name();
                self.input(line, json!({"opt_out": channel}))?;
            }
            // Asked for before anything happens: who the customer is decides it.
            Kind::MockSplit { .. } => {}
            Kind::MockHook { hook, answer } => {
                let answer = match answer {
                    MockJudgement::Fails => HookAnswer::Failed(SAID_SO.into()),
                    MockJudgement::Gives(fields, _) => HookAnswer::Data(self.record(fields)?),
                    MockJudgement::Says(JudgementDecl::Outcome(name)) if self.says_verdicts(&hook.text) => {
                        let refused = Verdict { code: "mocked".into(), message: SAID_SO.into() };
                        HookAnswer::Verdicts((name.text == "refuse").then_some(refused).into_iter().collect())
                    }
                    MockJudgement::Says(JudgementDecl::Outcome(name)) => HookAnswer::Outcome(name.text.clone()),
                    // The check has said what is no number.
                    MockJudgement::Says(JudgementDecl::Number(number)) => {
                        HookAnswer::Number(number.text.parse().unwrap_or(f64::NAN))
                    }
                };
                self.wishes.judge(&hook.text, answer);
            }
            Kind::MockCall { service, answer } => {
                let answer = match answer {
                    MockAnswer::Outcome(outcome) => Answer::Outcome(outcome.text.clone()),
                    MockAnswer::Record(fields, _) => Answer::Record(0, self.record(fields)?),
                };
                self.wishes.answer(&service.text, answer);
            }
            Kind::ChannelFails { channel, times } => self.wishes.fail(channel.value, *times),
            Kind::Pause { channel, during } => {
                let until = self.later(during.span, during.value)?;
                self.engine.pause(channel.value, Some(until))?;
            }
            Kind::Never { channel, from, to } => {
                let never = Never {
                    span: line.span,
                    channel: channel.as_ref().map(|c| c.value),
                    hours: (from.value, to.value),
                };
                if self.nevers.iter().all(|known| known.span != never.span) {
                    self.nevers.push(never);
                }
            }
            Kind::Expect(expectation) => self.expect(line.span, expectation)?,
        }
        Ok(())
    }

    fn later(&self, span: Span, by: Millis) -> Result<Ts, Stop> {
        let to = self.clock.saturating_add(by);
        if RANGE.contains(&to) {
            Ok(to)
        } else {
            Err(self.fail(span, "a time between the years 1900 and 2200", "this leads out of them"))
        }
    }

    fn move_to(&mut self, to: Ts) -> Result<(), Stop> {
        self.clock = to;
        Ok(self.engine.advance_to(to)?)
    }

    /// Gives the engine a line as a feed would.
    fn input(&mut self, line: &ScenarioLine, mut fields: Json) -> Result<(), Stop> {
        self.lines += 1;
        self.ids += 1;
        if let Json::Object(fields) = &mut fields {
            fields.insert("id".into(), json!(format!("line-{}", self.ids)));
            fields.insert("customer".into(), json!(self.who));
            fields.insert("received".into(), json!(rfc3339(self.clock)));
            fields.entry("at").or_insert_with(|| json!(rfc3339(self.clock)));
        }
        let read = parse_line(&self.program, self.lines, fields.to_string());
        if let Err(refusal) = &read {
            return Err(self.fail(line.span, "an input that fits its declaration", refusal.reason.clone()));
        }
        // What its declaration's limit refuses is part of the story; the timeline tells it.
        self.engine.take(&[Arrival::from(read)])?;
        Ok(())
    }

    fn says_verdicts(&self, hook: &str) -> bool {
        self.program.hook(hook).is_some_and(|(_, hook)| hook.answers == HookAnswers::Verdicts)
    }

    fn close(&mut self, line: &ScenarioLine, queue: Option<&str>) -> Result<(), Stop> {
        let customer = self.customer()?;
        let cases = customer.as_ref().map(|c| c.open_cases()).unwrap_or_default();
        let instance = customer.as_ref().zip(self.journey).and_then(|(c, j)| c.newest_instance(j)).map(|i| i.number());
        // The journey's own case goes before one that a limit or a lost reply opened.
        let case = cases
            .iter()
            .filter(|case| queue.is_none_or(|q| q == case.queue))
            .min_by_key(|case| case.instance.is_none() || case.instance != instance);
        let Some(case) = case else {
            let asked = queue.map_or("an open case".into(), |q| format!("an open case with \"{q}\""));
            return Err(self.fail(line.span, asked, expect::open(&cases)));
        };
        let id = case.id.to_owned();
        self.input(line, json!({"handoff_closed": id}))
    }

    fn record(&self, fields: &Fields) -> Result<Json, Stop> {
        let mut object = Map::new();
        for (name, expr) in fields {
            let value = self.values().value(expr).map_err(|e| self.fail(e.span, "a value", e.problem))?;
            object.insert(name.text.clone(), value::json(&value));
        }
        Ok(Json::Object(object))
    }

    fn instant(&self, expr: &Expr) -> Result<Ts, Stop> {
        self.values().instant(expr).map_err(|e| self.fail(e.span, "a date and time", e.problem))
    }

    fn customer(&mut self) -> Result<Option<Customer>, EngineError> {
        self.engine.customer(&self.who)
    }

    fn zone_of(&self, customer: &Customer) -> Option<Zone> {
        zone_of(&self.program, customer)
    }

    fn timeline(&mut self) -> Result<Vec<Entry>, EngineError> {
        self.engine.timeline(&self.who)
    }
}

/// The zone in which a customer's times are told: the likeliest of those that the profile allows.
pub(crate) fn zone_of(program: &Program, customer: &Customer) -> Option<Zone> {
    customer.zones(program).into_iter().next()
}

/// Whether an entry is a message to the customer that counts as one.
pub(crate) fn is_message(entry: &Entry) -> bool {
    matches!(&entry.what, What::Sent { message, .. } if message != STOP_CONFIRMATION)
}

type Fields = [(Name, Expr)];

fn given(line: &ScenarioLine) -> Option<&Fields> {
    match &line.kind {
        ScenarioLineKind::Given(fields) => Some(fields),
        ScenarioLineKind::At(_, Some(inner)) => given(inner),
        _ => None,
    }
}

/// The first `at`; nothing where time moves on by itself before it.
fn first_at(lines: &[ScenarioLine]) -> Option<&Expr> {
    for line in lines {
        match &line.kind {
            ScenarioLineKind::At(when, _) => return Some(when),
            ScenarioLineKind::Advance(_) | ScenarioLineKind::Repeat { .. } | ScenarioLineKind::Event { .. } => {
                return None;
            }
            _ => {}
        }
    }
    None
}
