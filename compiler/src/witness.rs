//! The worst run of a model, done once more by the real step and ledger.
//!
//! A bound is computed on an abstraction, and the run that attains it there is only a claim. Here the run becomes what a
//! feed, a customer and a channel would have to bring at which time, and [`journey_step::step_under`] says what really leaves. What
//! it counts can be reached, so a bound that it attains is *exact*; one that it does not attain stays an upper bound.
//!
//! Data are chosen so that the run's instants come when it says: each value that an event brings has to put the instants
//! that the run then takes at their times, those that are taken as past behind, and those that the run waits out ahead.
//! Besides, data are chosen to suit the conditions on the way ([`wishes`]). What cannot be brought about from outside, such
//! as a message that a channel blocks by itself, is left out: then less leaves than the run claims.

mod replay;
mod wishes;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use journey_spec::Ts;
use journey_spec::program::{Channel, DAY, Expr, HOUR, Journey, JourneyId, LimitWhat, MINUTE, Millis, Program, Window};
use journey_spec::time::parse_rfc3339;
use journey_spec::types::Type;
use journey_spec::value::{Data, Value};
use journey_step::ledger::in_window;
use petgraph::graph::NodeIndex;
pub use replay::{Leaves, Replayed, replay};
use wishes::Wishes;

use crate::abstraction::{Abstraction, Cause, Stands};
use crate::graph::{Edge, Graph, Kind, Sent, channels, counts, datum};
use crate::model::Run;

/// How far ahead an instant lies that a run does not come to.
const FAR: Millis = 400 * 24 * HOUR;
/// A time of day late enough for what is to come on it.
const LATE: Millis = 23 * HOUR;
/// One thing that has to happen from outside.
#[derive(Clone, Debug, PartialEq)]
enum Prompt {
    Event {
        name: String,
        data: Data,
    },
    Reply {
        channel: Channel,
        text: String,
    },
    Closed,
    Answered(String),
    Failed,
    /// Only time.
    Due,
}

/// What has to come for one instance to take a run, in order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    journey: String,
    key: Option<String>,
    prompts: Vec<(Ts, Prompt)>,
    /// From when until when nothing leaves, as where an operator pauses every channel.
    held: Option<(Ts, Ts)>,
    /// What the customer has to be.
    profile: Data,
    /// The part of a hundred to which the customer has to belong in the split of a state.
    parts: Vec<(String, Range<u32>)>,
}

/// The instants at which a window is made to begin, one after the other: at several hours of a
/// winter's day, so that some lie inside of quiet hours and some before.
#[must_use]
pub fn beginnings() -> [Ts; 4] {
    let midnight = parse_rfc3339("2026-01-14T00:00:00Z").unwrap_or_default();
    [12, 9, 20, 3].map(|hour| midnight.saturating_add(hour * HOUR))
}

/// What has to come for an instance to take a run of its journey's model, the window's first message being decided at
/// `begins`. Of several instances each has its own number. Where there is `room` to keep to, what is free to happen later
/// waits until the limits on messages have some.
#[must_use]
pub fn plan(
    program: &Program,
    graph: &Graph,
    of: &Abstraction,
    run: &Run,
    number: u32,
    begins: Ts,
    room: Option<&mut Room>,
) -> Option<Plan> {
    let journey = program.journeys.get(graph.journey.index())?;
    let mut taken = Taken::of(graph, of, run, begins)?;
    if let Some(room) = room {
        taken.keep_to(program, graph, room);
    }
    taken.wishes = Wishes::of(program, journey, graph, &taken.arrows);
    taken.keep_to_days();
    // Times have moved since.
    taken.wishes = Wishes::of(program, journey, graph, &taken.arrows);
    let mut sampler = Sampler { program, journey, number, taken: &taken };
    let mut prompts = Vec::new();
    for (i, one) in taken.arrows.iter().enumerate() {
        if let Some(prompt) = sampler.prompt(graph, i, one) {
            prompts.push(prompt);
        }
    }
    prompts.sort_by_key(|(at, _)| *at);
    let key = journey.key.is_some().then(|| number.to_string());
    let held = taken.waits.filter(|w| *w > 0).map(|waits| (begins.saturating_sub(waits), begins));
    let Wishes { profile, parts, .. } = taken.wishes;
    Some(Plan { journey: journey.name.to_string(), key, prompts, held, profile, parts })
}

/// What the limits on messages have let through so far, for planning.
#[derive(Clone, Debug, Default)]
pub struct Room {
    /// Of each rolling limit: what it counts, how many, in what time, and when they left.
    limits: Vec<(LimitWhat, usize, Millis, Vec<Ts>)>,
}

impl Room {
    /// Under the rolling limits on messages of a policy and of a journey, where one is given.
    #[must_use]
    pub fn under(program: &Program, journey: Option<JourneyId>) -> Room {
        let own = journey.and_then(|id| program.journeys.get(id.index())).map_or(&[][..], |j| j.limits.as_slice());
        let limits = own.iter().chain(&program.policy.limits).filter_map(|l| match (l.what, l.per) {
            (LimitWhat::Messages { .. }, Some(Window::Rolling(per))) => Some((l.what, l.n as usize, per, Vec::new())),
            _ => None,
        });
        Room { limits: limits.collect() }
    }

    /// When one more of these has room, from `at` on.
    fn frees(&self, program: &Program, sends: &[Sent], at: Ts) -> Ts {
        let full = |(what, n, per, left): &(LimitWhat, usize, Millis, Vec<Ts>)| {
            let counted = sends.iter().any(|s| is_counted(program, *what, s));
            let nth = left.iter().rev().nth(n.checked_sub(1)?).copied()?;
            (counted && in_window(nth, at, *per)).then(|| nth.saturating_add(*per))
        };
        self.limits.iter().filter_map(full).max().map_or(at, |frees| frees.max(at))
    }

    fn charge(&mut self, program: &Program, sends: &[Sent], at: Ts) {
        for sent in sends {
            for (what, _, _, left) in &mut self.limits {
                if is_counted(program, *what, sent) {
                    left.push(at);
                    left.sort_unstable();
                }
            }
        }
    }
}

/// Whether a limit counts a message on the first channel on which it may leave.
fn is_counted(program: &Program, what: LimitWhat, sent: &Sent) -> bool {
    let message = program.messages.get(sent.send.message.index()).filter(|m| m.essential.is_none());
    message.is_some_and(|m| channels(m, &sent.send).first().is_some_and(|c| counts(what, *c, m.purpose)))
}

/// One arrow of a run.
struct One<'g> {
    at: Ts,
    cause: Cause,
    edge: Option<&'g Edge>,
    to: Stands,
}

/// The arrows of a run, with the times at which they are taken.
struct Taken<'g> {
    arrows: Vec<One<'g>>,
    /// How long what the first place sends has to have waited when the window begins.
    waits: Option<Millis>,
    /// Instants on whose days arrows hang, each with the arrow that takes it over.
    days: BTreeMap<(usize, Vec<String>), Ts>,
    /// What conditions on the way ask of data.
    wishes: Wishes,
}

impl<'g> Taken<'g> {
    fn of(graph: &'g Graph, of: &Abstraction, run: &Run, begins: Ts) -> Option<Taken<'g>> {
        let lo = |e| of.model.graph.edge_weight(e).map_or(0, |arrow| arrow.lo);
        let cause = |e| of.model.graph.edge_weight(e).and_then(|arrow| of.causes.get(arrow.tag).copied());
        let at =
            |e| matches!(cause(e), Some(Cause::Edge(id)) if graph.edge(id).is_some_and(|(_, _, e)| e.kind == Kind::At));
        // An instant that comes just as its state is entered counts as past.
        let takes = |e| if at(e) { lo(e).max(1) } else { lo(e) };
        let before = run.prefix.arrows.iter().map(|e| takes(*e)).fold(0, Millis::saturating_add);
        let stands = |n: NodeIndex| of.spots.get(n.index()).copied();
        let leaves = run.steps.iter().find_map(|(e, t)| match cause(*e)? {
            Cause::Edge(id) => {
                graph.edge(id).filter(|(_, _, edge)| edge.kind != Kind::Urgent).map(|(_, _, e)| e.lo.saturating_sub(*t))
            }
            _ => None,
        });
        let kept = matches!(stands(run.first), Some(Stands::Kept(_)));
        // A timer of the instant at which the pause ends would go first and withdraw it, so it has waited an instant less.
        let waits = kept.then(|| leaves.unwrap_or(0).saturating_sub(1).max(0));
        let mut at = begins.saturating_sub(before).saturating_sub(waits.unwrap_or(0));
        let mut arrows = Vec::new();
        for e in &run.prefix.arrows {
            at = at.saturating_add(takes(*e));
            arrows.push((*e, at));
        }
        // What follows comes so much later, but what the step does at once before it rests.
        let held = Millis::from(waits.is_some_and(|waits| waits > 0));
        let mut rested = false;
        for (e, t) in &run.steps {
            rested |= match cause(*e) {
                Some(Cause::Edge(id)) => graph.edge(id).is_some_and(|(_, _, edge)| edge.kind != Kind::Urgent),
                _ => false,
            };
            let held = if rested { held } else { 0 };
            arrows.push((*e, begins.saturating_add(*t).saturating_add(held)));
        }
        let mut all: Vec<One<'_>> = Vec::new();
        let mut later: Millis = 0;
        for (e, at) in arrows {
            let (_, to) = of.model.graph.edge_endpoints(e)?;
            let cause = cause(e)?;
            let edge = match cause {
                Cause::Edge(e) => graph.edge(e).map(|(_, _, edge)| edge),
                Cause::Begin(_) | Cause::Inside => None,
            };
            // What is ahead on entry comes an instant later at the soonest, and all that follows with it.
            let at_once = all.last().is_some_and(|before| before.at >= at.saturating_add(later));
            later = later.saturating_add(Millis::from(at_once && edge.is_some_and(|e| e.kind == Kind::At)));
            all.push(One { at: at.saturating_add(later), cause, edge, to: stands(to)? });
        }
        Some(Taken { arrows: all, waits, days: BTreeMap::new(), wishes: Wishes::default() })
    }

    /// Moves what is free to happen later to when there is room for what it sends, and with it all that follows.
    fn keep_to(&mut self, program: &Program, graph: &Graph, room: &mut Room) {
        let mut delay: Millis = 0;
        // When the visit under way has to be left at the latest.
        let mut latest = Ts::MAX;
        for one in &mut self.arrows {
            one.at = one.at.saturating_add(delay);
            let sends: &[Sent] = match (one.to, one.edge) {
                (Stands::Entered(n) | Stands::Kept(n), _) => graph.place(n).map_or(&[], |p| p.sends.as_slice()),
                (Stands::Stays(_), Some(edge)) => &edge.sends,
                _ => &[],
            };
            let frees = room.frees(program, sends, one.at);
            let is_free = match one.edge {
                None => matches!(one.cause, Cause::Begin(_)),
                Some(edge) => !matches!(edge.kind, Kind::Urgent | Kind::After | Kind::Past | Kind::Blocked),
            };
            if is_free && frees > one.at && frees < latest {
                delay = delay.saturating_add(frees.saturating_sub(one.at));
                one.at = frees;
            }
            room.charge(program, sends, one.at);
            if let Stands::Entered(n) | Stands::Kept(n) = one.to {
                let by = |e: &Edge| e.forced.then(|| e.deadline.unwrap_or(e.lo)).filter(|_| e.kind != Kind::At);
                let soonest = graph.unordered(n).filter_map(by).min();
                latest = soonest.map_or(Ts::MAX, |by| one.at.saturating_add(by));
            }
        }
    }

    /// Moves what hangs on a day of the customer's calendar to its time of that day, and what hangs on an instant that a
    /// condition wants later to then, and with it all that follows; and remembers what the datum has to be. The customer of a witness lives by UTC.
    fn keep_to_days(&mut self) {
        let hangs = |one: &One<'_>| one.edge.is_some_and(|e| e.kind == Kind::At && e.calendar);
        if !self.arrows.iter().any(hangs) && !self.wishes.has_spans() {
            return;
        }
        let mut delay: Millis = 0;
        let mut since: BTreeMap<String, usize> = BTreeMap::new();
        for (i, one) in self.arrows.iter_mut().enumerate() {
            one.at = one.at.saturating_add(delay);
            let Some(edge) = one.edge else { continue };
            since.extend(edge.takes.iter().map(|root| (root.clone(), i)));
            let Some((instant, offset)) = edge.instant.as_ref().filter(|_| edge.kind == Kind::At) else { continue };
            let Some((path, root)) = datum(instant).and_then(|path| Some((path, path.first()?))) else { continue };
            let key = (since.get(root).copied().unwrap_or(0), path.to_vec());
            let (from, _) = self.wishes.span(&key);
            let at = match (instant, self.days.get(&key)) {
                (Expr::Path(_), Some(datum)) => datum.saturating_add(*offset),
                (Expr::Path(_), None) => {
                    let datum = one.at.saturating_sub(*offset).max(from);
                    self.days.insert(key, datum);
                    datum.saturating_add(*offset)
                }
                (Expr::Calendar { base, days, minute: Some(minute) }, known) if matches!(**base, Expr::Path(_)) => {
                    let (days, time) =
                        (Millis::from(*days).saturating_mul(DAY), Millis::from(*minute).saturating_mul(MINUTE));
                    let day = |at: Ts| at.saturating_sub(at.rem_euclid(DAY));
                    let after = time.saturating_add(*offset);
                    let day = match known {
                        Some(datum) => day(*datum).saturating_add(days),
                        // The first such time of a day from now on.
                        None => {
                            let next = one.at.saturating_sub(after).saturating_add(DAY - 1);
                            let day = day(next);
                            let datum = day.saturating_sub(days).saturating_add(LATE);
                            let short = from.saturating_sub(datum).max(0);
                            let later = short.saturating_add(DAY - 1) / DAY * DAY;
                            self.days.insert(key, datum.saturating_add(later));
                            day.saturating_add(later)
                        }
                    };
                    day.saturating_add(after)
                }
                _ => continue,
            };
            let moved = at.saturating_sub(one.at).max(0);
            delay = delay.saturating_add(moved);
            one.at = one.at.saturating_add(moved);
        }
    }

    /// When an instant has to come that hangs on a datum which the arrow at `first` takes over.
    fn value(&self, graph: &Graph, first: usize, path: &[String]) -> Ts {
        if let Some(known) = self.days.get(&(first, path.to_vec())) {
            return *known;
        }
        let taken = self.arrows.get(first).map_or(0, |one| one.at);
        let (mut earliest, mut latest) = self.wishes.span(&(first, path.to_vec()));
        let mut exact = None;
        let offset = |edge: &Edge| {
            let (base, offset) = edge.instant.as_ref().or(edge.behind.as_ref())?;
            matches!(base, Expr::Path(p) if p == path).then_some(*offset)
        };
        // What no arrow hangs on may come at any time.
        let matters = graph.edges().any(|(_, _, _, edge)| offset(edge).is_some());
        for (i, one) in self.arrows.iter().enumerate().skip(first).take_while(|_| matters) {
            if i > first && one.edge.is_some_and(|e| path.first().is_some_and(|root| e.takes.contains(root))) {
                break;
            }
            // What settles is cut short by an instant that the news itself puts behind.
            if let Cause::Edge(id) = one.cause
                && one.edge.is_some_and(|e| e.lo == 0 && e.settle.is_some_and(|settles| settles > 0))
            {
                let place = graph.edge(id).map(|(from, ..)| from);
                let instants = place.into_iter().flat_map(|n| graph.unordered(n)).filter(|e| e.kind == Kind::At);
                let first = instants.filter_map(offset).min();
                latest = first.map_or(latest, |offset| latest.min(one.at.saturating_sub(offset)));
            }
            let here = one.edge.and_then(|e| Some((e.kind, offset(e)?)));
            match here {
                Some((Kind::At, offset)) if exact.is_none() => exact = Some(one.at.saturating_sub(offset)),
                Some((Kind::Urgent | Kind::Past, offset)) => latest = latest.min(one.at.saturating_sub(offset)),
                _ => {}
            }
            // What the run waits out lies ahead until it leaves.
            let (Stands::Entered(n) | Stands::Kept(n) | Stands::Waits(n)) = one.to else { continue };
            let Some(leaves) = self
                .arrows
                .get(i + 1)
                .filter(|next| next.at > one.at || next.edge.is_none_or(|e| e.kind != Kind::Urgent))
            else {
                continue;
            };
            for edge in graph.unordered(n).filter(|e| e.kind == Kind::At) {
                if let Some(offset) = offset(edge)
                    && !leaves.edge.is_some_and(|taken| taken.kind == Kind::At && taken.node == edge.node)
                {
                    earliest = earliest.max(leaves.at.saturating_sub(offset).saturating_add(1));
                }
            }
        }
        exact.unwrap_or_else(|| match latest {
            Ts::MAX => earliest.max(taken.saturating_add(FAR)),
            latest => latest,
        })
    }
}

/// Makes what a run needs from outside.
struct Sampler<'a, 'g> {
    program: &'a Program,
    journey: &'a Journey,
    number: u32,
    taken: &'a Taken<'g>,
}

impl Sampler<'_, '_> {
    fn prompt(&mut self, graph: &Graph, i: usize, one: &One<'_>) -> Option<(Ts, Prompt)> {
        if let Cause::Begin(begin) = one.cause {
            let journey_start = match graph.begins.get(begin)?.node {
                crate::spans::Node::Start(_, start) => self.journey.starts.get(start)?,
                _ => return None,
            };
            return Some((one.at, self.event(graph, i, journey_start.event.index(), one.at)?));
        }
        let edge = one.edge?;
        Some(match edge.kind {
            Kind::Urgent | Kind::Blocked => return None,
            Kind::At | Kind::After | Kind::Past => (one.at, Prompt::Due),
            Kind::Closed => (one.at, Prompt::Closed),
            Kind::Failed => (one.at, Prompt::Failed),
            Kind::OptOut => (one.at, self.reply(None, "STOP")?),
            Kind::Reply => {
                let name = edge.word.strip_prefix("reply ").map(str::to_owned);
                (one.at, self.reply(name.as_deref(), "Hello, one more thing.")?)
            }
            Kind::Outcome => {
                let outcome = edge.word.rsplit(' ').next().unwrap_or("failed");
                (one.at, Prompt::Answered(outcome.to_owned()))
            }
            Kind::Event => {
                // What settles came so long before.
                let came = one.at.saturating_sub(edge.settle.unwrap_or(0).min(edge.lo));
                (came, self.event(graph, i, edge.event?.index(), came)?)
            }
        })
    }

    fn reply(&self, name: Option<&str>, otherwise: &str) -> Option<Prompt> {
        let mut all = self.program.messages.iter().filter_map(|m| {
            let channel = m.variants.first()?.channel;
            match name {
                None => Some((channel, otherwise.to_owned())),
                Some(name) => {
                    let invited = m.replies.iter().find(|r| r.name == name)?;
                    Some((channel, invited.words.first()?.clone()))
                }
            }
        });
        let (channel, text) = all.next()?;
        Some(Prompt::Reply { channel, text })
    }

    fn event(&mut self, graph: &Graph, i: usize, event: usize, at: Ts) -> Option<Prompt> {
        let event = self.program.events.get(event)?;
        let mut data = Data::new();
        for field in &event.fields {
            let mut path = vec![field.name.clone()];
            let value = self.value(graph, i, &mut path, &field.ty);
            data.insert(field.name.clone(), value);
        }
        if let Some(newest) = event.newest_by.as_ref().filter(|path| *path != &["at"]) {
            put(&mut data, newest, Value::Instant(at));
        }
        if let Some(key) = &self.journey.key {
            put(&mut data, key, Value::Text(self.number.to_string()));
        }
        Some(Prompt::Event { name: event.name.to_string(), data })
    }

    fn value(&self, graph: &Graph, i: usize, path: &mut Vec<String>, ty: &Type) -> Value {
        if let Some(wished) = self.taken.wishes.value(&(i, path.clone())) {
            return wished.clone();
        }
        match ty.required() {
            Type::Instant => Value::Instant(self.taken.value(graph, i, path)),
            Type::Record(name) => {
                let mut fields = Data::new();
                for field in self.program.records.get(name).into_iter().flatten() {
                    path.push(field.name.clone());
                    fields.insert(field.name.as_str(), self.value(graph, i, path, &field.ty));
                    path.pop();
                }
                Value::Record(Arc::new(fields))
            }
            other => plain(other),
        }
    }
}

/// Any value of a type.
fn plain(ty: &Type) -> Value {
    match ty {
        Type::Number => Value::Number(1.0),
        Type::Bool => Value::Bool(true),
        Type::Instant => Value::Instant(0),
        Type::Date => Value::Date(20_000),
        Type::Duration => Value::Duration(HOUR),
        Type::Money => Value::Money("1".into(), "GBP".into()),
        Type::Phone => Value::Text("+447700900001".into()),
        Type::Email => Value::Text("someone@example.org".into()),
        Type::Zone => Value::Text("UTC".into()),
        Type::Locale => Value::Text("en".into()),
        Type::Channel => Value::Missing,
        Type::Text { .. } => Value::Text("1".into()),
        Type::OneOf(names) => Value::Text(names.first().cloned().unwrap_or_default()),
        Type::Record(_) | Type::Optional(_) => Value::Missing,
    }
}

fn put(data: &mut Data, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    match (rest.is_empty(), data.get_mut(first)) {
        (true, Some(old)) => {
            *old = match (&old, value) {
                (Value::Number(_), Value::Text(text)) => Value::Number(text.parse().unwrap_or(1.0)),
                (_, value) => value,
            };
        }
        (false, Some(Value::Record(fields))) => put(Arc::make_mut(fields), rest, value),
        _ => {}
    }
}
