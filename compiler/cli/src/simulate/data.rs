//! What a simulation came to, as other tools read it.

use std::collections::BTreeMap;

use journey_runtime::simulate::{Bound, Counted, JourneyCounts, Life, Promises, Seen, StateCounts, Violation, Wrong};
use journey_spec::program::{Channel, EndKind, Program, Purpose};
use journey_spec::time::{Zone, rfc3339};
use journey_step::effect::Entry;
use serde::Serialize;

use super::{Answers, Ran, story};
use crate::failure::Failure;

#[derive(Serialize)]
struct Report<'a> {
    /// The program's hash.
    program: &'a str,
    seed: u64,
    days: u32,
    begins: String,
    /// The profile's file; none where the world was made up from the program.
    profile: Option<String>,
    /// Where each hook's answers came from: its `module`, the `profile`, or `made_up`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    hooks: BTreeMap<&'a str, Answers>,
    faults: bool,
    /// How many customers were lived through.
    customers: u64,
    hostile: u64,
    /// Whether it was stopped before all were.
    stopped: bool,
    inputs: Inputs<'a>,
    messages: Messages<'a>,
    bounds: Vec<Figure>,
    journeys: Vec<Journey<'a>>,
    promises: Vec<Promise<'a>>,
    goals: Vec<Goal<'a>>,
    /// Messages that will not leave, by rule.
    blocked: &'a Counted,
    /// Messages that had to wait, by rule.
    deferred: &'a Counted,
    /// What limits led elsewhere, by limit.
    limited: &'a Counted,
    /// Cases that people got, by queue.
    cases: &'a Counted,
    /// Answers, by who hears them.
    answers: &'a Counted,
    violations: u64,
    /// The first of them.
    first_violations: Vec<Wronged>,
    /// The first broken promises.
    first_broken: Vec<Wronged>,
}

#[derive(Serialize)]
struct Inputs<'a> {
    all: u64,
    events: &'a Counted,
    others: &'a Counted,
    timers: u64,
    ignored: u64,
    refused: u64,
    cut_customers: u64,
}

#[derive(Serialize)]
struct Messages<'a> {
    sent: u64,
    by_name: &'a Counted,
    by_channel: BTreeMap<&'static str, u64>,
    /// By hour of the customer's day.
    by_hour: &'a [u64],
    /// How many customers got so many in all, from none on.
    customers_by_number: &'a [u64],
    stop_confirmations: u64,
    withdrawn: u64,
    undelivered: u64,
}

#[derive(Serialize)]
struct Figure {
    /// `customer`, or a journey's name for one of its instances.
    scope: String,
    channel: Option<&'static str>,
    purpose: Option<&'static str>,
    /// None means the whole life.
    window_ms: Option<i64>,
    at_most: Option<u64>,
    exact: bool,
    /// The most that was seen.
    seen: u64,
    /// The first customer who got so many.
    seen_by_customer: Option<u64>,
    /// How many customers got at most so many in such a window, from none on; only of all that a customer gets.
    customers_by_most: Option<Vec<u64>>,
}

#[derive(Serialize)]
struct Journey<'a> {
    journey: &'a str,
    began: u64,
    ended_by_limit: u64,
    states: Vec<State<'a>>,
}

#[derive(Serialize)]
struct State<'a> {
    state: &'a str,
    /// `success`, `neutral` or `failure` for an end.
    end: Option<EndKind>,
    instances: u64,
    entered: u64,
    there_at_the_end: u64,
    stays: u64,
    half_within_ms: Option<i64>,
    p95_within_ms: Option<i64>,
}

#[derive(Serialize)]
struct Promise<'a> {
    promise: &'a str,
    made: u64,
    kept: u64,
    withdrawn: u64,
    broken: u64,
    void: u64,
    made_anew: u64,
    not_yet_due: u64,
}

#[derive(Serialize)]
struct Goal<'a> {
    journey: &'a str,
    goal: &'a str,
    reached: u64,
    missed: u64,
}

#[derive(Serialize)]
struct Wronged {
    customer: u64,
    at: String,
    kind: &'static str,
    what: String,
    /// The command that lives through this customer again.
    again: String,
}

/// The counts as one object.
pub(super) fn report(ran: &Ran<'_>) -> Result<String, Failure> {
    let counts = ran.counts;
    let wronged = |v: &Violation| Wronged {
        customer: v.customer,
        at: rfc3339(v.at),
        kind: kind(&v.what),
        what: story::wrong(ran.program, ran.sim.bounds(), v, &Zone::utc()),
        again: story::again(ran.args, v.customer),
    };
    written(&Report {
        program: &ran.program.hash,
        seed: ran.args.seed,
        days: ran.args.days,
        begins: rfc3339(ran.begins),
        profile: ran.profile.map(|p| p.display().to_string()),
        hooks: ran.hooks.iter().map(|(name, from)| (name.as_str(), *from)).collect(),
        faults: ran.args.faults,
        customers: counts.customers,
        hostile: counts.hostile,
        stopped: counts.customers < ran.args.customers,
        inputs: Inputs {
            all: counts.inputs(),
            events: &counts.events,
            others: &counts.others,
            timers: counts.timers,
            ignored: counts.ignored,
            refused: counts.refused,
            cut_customers: counts.cut,
        },
        messages: Messages {
            sent: counts.sent(),
            by_name: &counts.messages,
            by_channel: counts.channels.iter().map(|(c, n)| (c.name(), *n)).collect(),
            by_hour: &counts.hours,
            customers_by_number: &counts.per_customer,
            stop_confirmations: counts.stops,
            withdrawn: counts.withdrawn,
            undelivered: counts.failed,
        },
        bounds: ran.sim.bounds().iter().zip(&counts.seen).map(|(b, s)| figure(ran.program, b, s)).collect(),
        journeys: counts.journeys.iter().map(journey).collect(),
        promises: counts.promises.iter().map(promise).collect(),
        goals: counts
            .goals
            .iter()
            .map(|((journey, goal), n)| Goal { journey, goal, reached: n.reached, missed: n.missed })
            .collect(),
        blocked: &counts.blocked,
        deferred: &counts.deferred,
        limited: &counts.limited,
        cases: &counts.cases,
        answers: &counts.replies,
        violations: counts.violations,
        first_violations: counts.first.iter().map(wronged).collect(),
        first_broken: counts.broken.iter().map(wronged).collect(),
    })
}

fn written(what: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(what).map_err(|e| Failure::new(format!("cannot write JSON: {e}")))?;
    Ok(format!("{text}\n"))
}

fn kind(what: &Wrong) -> &'static str {
    match what {
        Wrong::Passed { .. } => "bound_passed",
        Wrong::Broken { .. } => "promise_broken",
        Wrong::Forgotten { .. } => "promise_forgotten",
        Wrong::Silence { .. } => "silence",
        Wrong::Overflow => "overflow",
    }
}

fn figure(program: &Program, bound: &Bound, seen: &Seen) -> Figure {
    let journey = bound.journey.and_then(|j| program.journeys.get(j.index()));
    Figure {
        scope: journey.map_or_else(|| "customer".to_owned(), |j| j.name.to_string()),
        channel: bound.channel.map(Channel::name),
        purpose: bound.purpose.map(Purpose::name),
        window_ms: bound.window,
        at_most: bound.at_most,
        exact: bound.exact,
        seen: seen.most,
        seen_by_customer: seen.customer,
        customers_by_most: bound.is_all().then(|| seen.spread.clone()),
    }
}

fn journey(counts: &JourneyCounts) -> Journey<'_> {
    let state = |s: &StateCounts| {
        let waits = !s.passing && s.end.is_none();
        let percentile = |percent| s.stays.percentile(percent).filter(|_| waits);
        (waits, percentile(50.0), percentile(95.0))
    };
    let states = counts.states.iter().map(|s| {
        let (waits, half_within_ms, p95_within_ms) = state(s);
        State {
            state: &s.name,
            end: s.end,
            instances: s.instances,
            entered: s.entered,
            there_at_the_end: s.there,
            stays: if waits { s.stays.count() } else { 0 },
            half_within_ms,
            p95_within_ms,
        }
    });
    Journey {
        journey: &counts.name,
        began: counts.began,
        ended_by_limit: counts.ended_by_limit,
        states: states.collect(),
    }
}

fn promise<'a>((name, n): (&'a String, &Promises)) -> Promise<'a> {
    Promise {
        promise: name,
        made: n.made,
        kept: n.kept,
        withdrawn: n.withdrawn,
        broken: n.broken,
        void: n.void,
        made_anew: n.anew(),
        not_yet_due: n.open,
    }
}

#[derive(Serialize)]
struct Lived<'a> {
    customer: &'a str,
    hostile: bool,
    timeline: Vec<Told>,
    violations: Vec<Told>,
}

#[derive(Serialize)]
struct Told {
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    journey: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    what: String,
}

/// One customer's life as an object.
pub(super) fn life(program: &Program, bounds: &[Bound], life: &Life) -> Result<String, Failure> {
    let told = |entry: &Entry| Told {
        at: rfc3339(entry.at),
        journey: entry.journey.clone().map(Into::into),
        key: entry.key.clone().map(Into::into),
        what: entry.sentence(&Zone::utc()),
    };
    let wrong = |v: &Violation| Told {
        at: rfc3339(v.at),
        journey: None,
        key: None,
        what: story::wrong(program, bounds, v, &Zone::utc()),
    };
    written(&Lived {
        customer: &life.id,
        hostile: life.counts.hostile > 0,
        timeline: life.timeline.iter().map(told).collect(),
        violations: life.counts.first.iter().map(wrong).collect(),
    })
}
