//! Drives the engine through a play, on virtual time or live, while its store, its channels and its clock fail.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use journey_runtime::store::sim::{Fault, Faults};
use journey_runtime::store::{Memory, Sim};
use journey_runtime::{Arrival, Engine, EngineError, Outside, Pace, Store, Taken, parse_line};
use journey_spec::program::{Channel, DAY, HOUR, MINUTE, SECOND};
use journey_spec::time::rfc3339;
use journey_spec::{Program, Ts};
use journey_step::Input;
use journey_tests::random::Random;
use serde_json::json;

use crate::judging::Judges;
use crate::mutants::{self, Mutant};
use crate::outside::{Log, Manner, Saw, outside, said};
use crate::play::{BEGINS, Feed, Line, Play};

/// How a play is run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) seed: u64,
    /// In so many of 10,000 commits something of the store fails.
    pub(crate) store: u16,
    /// In so many of a thousand calls something outside fails.
    pub(crate) outside: u64,
    /// Whether the engine is away at times, the clock jumps, and somebody else opens the store.
    pub(crate) rough: bool,
    pub(crate) mutant: Option<Mutant>,
}

/// What was acknowledged.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Acknowledged {
    pub(crate) id: String,
    pub(crate) customer: String,
    pub(crate) accepted: bool,
    /// Why it went to the dead letters, where it did.
    pub(crate) refused: Option<String>,
    pub(crate) is_reply: bool,
}

/// All that can be known of a run once it is over.
pub(crate) struct Run {
    pub(crate) log: Log,
    pub(crate) kept: Memory,
    pub(crate) acknowledged: Vec<Acknowledged>,
    pub(crate) wrong: Vec<String>,
    pub(crate) faults: BTreeMap<Fault, u64>,
    pub(crate) ended: Ts,
}

impl Run {
    /// A number that two runs share only where all that was seen and all that is kept is the same.
    pub(crate) fn trace(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        let mut store = self.kept.handle();
        format!("{:?}", self.log.lock().saw).hash(&mut hash);
        self.acknowledged.hash(&mut hash);
        self.faults.iter().for_each(|(fault, n)| format!("{fault:?} {n}").hash(&mut hash));
        format!("{:?}", store.outbox(0, usize::MAX).expect("rows")).hash(&mut hash);
        for id in store.customers(None, usize::MAX).expect("ids") {
            format!("{:?} {:?}", store.load(&[&id]).expect("one"), store.timeline(&id).expect("one")).hash(&mut hash);
        }
        hash.finish()
    }
}

struct Driver<'p> {
    play: &'p Play,
    conditions: Conditions,
    pace: Pace,
    program: Arc<Program>,
    random: Random,
    sim: Sim,
    log: Log,
    engine: Option<Engine>,
    acknowledged: Vec<Acknowledged>,
    wrong: Vec<String>,
    manner: Manner,
    /// How often a call failed.
    failed: u64,
}

/// So many failed calls are more than any play without a planted bug comes to.
const PATIENCE: u64 = 100_000;

impl<'p> Driver<'p> {
    fn new(play: &'p Play, conditions: Conditions, pace: Pace) -> Self {
        let seed = conditions.seed;
        let sim = Sim::new(seed);
        sim.set_faults(Faults::all(conditions.store));
        let manner = Manner { seed, unsteady: conditions.outside, answers: pace == Pace::Virtual };
        let program = mutants::program(conditions.mutant, &play.program);
        let (random, log) = (Random(seed ^ 0xd21e), Log::default());
        let (engine, acknowledged, wrong) = (None, Vec::new(), Vec::new());
        Driver { play, conditions, pace, program, random, sim, log, engine, acknowledged, wrong, manner, failed: 0 }
    }

    fn outside(&self) -> Outside {
        mutants::outside(self.conditions.mutant, outside(&self.log, &self.manner, &self.play.program))
    }

    /// The engine; opened again where it was given up, as often as that takes.
    fn engine(&mut self) -> &mut Engine {
        if self.engine.is_none() {
            // What the one before delivered and had not noted comes again.
            self.log.failed();
        }
        while self.engine.is_none() {
            let store = mutants::store(self.conditions.mutant, self.sim.reopen());
            if let Ok(engine) = Engine::open(Arc::clone(&self.program), store) {
                // Where the clock goes back while nobody runs, nobody knows more than what was kept.
                self.log.opened(engine.now());
                let judges = Judges::new(self.conditions.seed, &self.program);
                self.engine = Some(engine.connect(self.outside()).pace(self.pace).ask_hooks(Box::new(judges)));
            }
        }
        self.engine.as_mut().expect("just opened")
    }

    /// What a dispatch came to: what it delivered is noted with the next commit, and comes again where that does not happen.
    fn dispatch(&mut self, clock: Ts) {
        let result = self.engine().dispatch(clock);
        if result.is_err() {
            self.result(result);
        }
    }

    /// What a call of the engine came to. Where it failed the engine is given up: always where it must be, and now and
    /// then where it could go on.
    fn result<T>(&mut self, result: Result<T, EngineError>) -> Option<T> {
        self.failed += u64::from(result.is_err());
        match result {
            Ok(done) => {
                self.log.succeeded();
                Some(done)
            }
            Err(EngineError::Channel(_)) if self.random.per_mille(700) => {
                self.log.failed();
                None
            }
            Err(error) => {
                let word = matches!(
                    error,
                    EngineError::Channel(_)
                        | EngineError::Store(_)
                        | EngineError::Fenced
                        | EngineError::InDoubt
                        | EngineError::Stopped
                );
                if !word {
                    self.wrong.push(format!("the engine fails with: {error}"));
                }
                self.log.failed();
                self.engine = None;
                None
            }
        }
    }

    fn acknowledge(&mut self, line: &Line, taken: &Taken) {
        let Arrival { id, customer, .. } = line.arrival.clone();
        let refused = if let Taken::Refused(why) = taken { Some(why.clone()) } else { None };
        let accepted = matches!(taken, Taken::Accepted { .. });
        if let Some(address) = line.stops.clone().filter(|_| refused.is_none()) {
            self.log.saw(Saw::Stopped(address));
        }
        self.acknowledged.push(Acknowledged { id, customer, accepted, refused, is_reply: line.is_reply });
    }

    /// Gives some lines, as they are; whether they were taken.
    fn give(&mut self, lines: &[Line]) -> bool {
        let arrivals: Vec<Arrival> = lines.iter().map(|line| line.arrival.clone()).collect();
        let result = self.engine().take(&arrivals);
        let Some(taken) = self.result(result) else { return false };
        for (line, taken) in lines.iter().zip(&taken) {
            self.acknowledge(line, taken);
        }
        true
    }

    /// Whether it is still worth going on.
    fn has_patience(&mut self) -> bool {
        if self.failed == PATIENCE {
            self.failed += 1;
            self.wrong.push(format!("{PATIENCE} calls have failed"));
        }
        self.failed < PATIENCE
    }

    fn over(mut self) -> Run {
        let ended = self.engine().now();
        let faults = self.sim.happened();
        let mut wrong = std::mem::take(&mut self.wrong);
        wrong.append(&mut self.log.lock().wrong);
        let kept = self.sim.kept();
        Run { log: self.log, kept, acknowledged: self.acknowledged, wrong, faults, ended }
    }
}

/// Runs a feed on virtual time, until a week after its last line.
pub(crate) fn on_virtual_time(play: &Play, feed: &Feed, conditions: Conditions) -> Run {
    let mut driver = Driver::new(play, conditions, Pace::Virtual);
    let mut left = feed.lines.as_slice();
    while !left.is_empty() && driver.has_patience() {
        let many = usize::try_from(driver.random.below(60) + 1).expect("small").min(left.len());
        let (group, rest) = left.split_at(many);
        if driver.give(group) {
            left = rest;
            // Who brought it did not hear that it was taken.
            if conditions.rough && driver.random.per_mille(50) {
                while !driver.give(group) && driver.has_patience() {}
            }
        } else if conditions.rough && driver.random.per_mille(100) {
            driver.engine = None;
        }
    }
    let end = feed.ends + 8 * DAY;
    let mut until = driver.engine().now();
    while until < end && driver.has_patience() {
        let next = (until + DAY).min(end);
        let result = driver.engine().advance_to(next);
        if driver.result(result).is_some() {
            until = next;
        }
    }
    driver.over()
}

/// Runs a feed live: on a clock that goes on, jumps and goes back, with an engine that is away at times.
pub(crate) fn live(play: &Play, feed: &Feed, conditions: Conditions) -> Run {
    let driver = Driver::new(play, conditions, Pace::Live);
    let mut live =
        Live { driver, now: BEGINS, skew: 0, waiting: Vec::new(), rivals: 0, calls: 0, paused: BTreeMap::new() };
    live.run(feed);
    live.driver.over()
}

struct Live<'p> {
    driver: Driver<'p>,
    /// The true time.
    now: Ts,
    /// How wrong the clock is.
    skew: i64,
    /// Lines that are not acknowledged, with the time from which they are given.
    waiting: Vec<(Ts, Line)>,
    rivals: u64,
    /// How many calls were answered, or will never be.
    calls: usize,
    /// Orders that were given.
    paused: BTreeMap<Channel, Ts>,
}

impl Live<'_> {
    fn run(&mut self, feed: &Feed) {
        let end = feed.ends;
        let mut next = 0;
        while self.now < end && self.driver.has_patience() {
            self.go_on(feed.lines.get(next).map(|l| l.at));
            while let Some(line) = feed.lines.get(next).filter(|l| l.at <= self.now) {
                // Some come late, and so after others.
                let late = if self.driver.random.per_mille(50) { self.driver.random.between(0, 3 * HOUR) } else { 0 };
                self.waiting.push((line.at + late, line.clone()));
                next += 1;
            }
            self.answers();
            self.trouble();
            self.turn();
        }
        // Everything works again, and what can leave leaves.
        self.driver.sim.set_faults(Faults::default());
        self.driver.manner.unsteady = 0;
        self.driver.engine = None;
        self.skew = 0;
        let end = self.now + 8 * DAY;
        while (self.now < end || !self.waiting.is_empty()) && self.driver.has_patience() {
            self.now += if self.now + 6 * DAY < end { 20 * MINUTE } else { 2 * HOUR };
            self.turn();
        }
        // What the last dispatch did is noted with the next commit.
        let clock = self.clock();
        let result = self.driver.engine().advance_to(clock);
        self.driver.result(result);
    }

    /// Lets time go on: to what comes next, or a while.
    fn go_on(&mut self, line: Option<Ts>) {
        let due = match self.driver.engine.as_mut().map(Engine::next_due) {
            Some(Ok(due)) => due.map(|due| due.saturating_sub(self.skew)),
            _ => None,
        };
        let waiting = self.waiting.iter().map(|(at, _)| *at).min();
        let soonest = [due, line, waiting].into_iter().flatten().min().unwrap_or(Ts::MAX);
        let random = &mut self.driver.random;
        let most =
            if self.driver.conditions.rough && random.per_mille(15) { random.between(HOUR, 10 * HOUR) } else { HOUR };
        let lag = if random.per_mille(300) { random.between(0, SECOND) } else { 0 };
        self.now = soonest.saturating_add(lag).clamp(self.now + 1, self.now + most).max(self.now + lag);
    }

    /// The clock, as the shell reads it.
    fn clock(&self) -> Ts {
        let clock = self.now + self.skew;
        self.driver.log.tell(clock);
        mutants::clock(self.driver.conditions.mutant, clock)
    }

    fn trouble(&mut self) {
        if !self.driver.conditions.rough {
            return;
        }
        let ways: Vec<Channel> = self.driver.program.customer.addresses.keys().copied().collect();
        let driver = &mut self.driver;
        match driver.random.below(1000) {
            0..4 => self.skew = *driver.random.of(&[0, 0, -2 * HOUR, -10 * MINUTE, 20 * MINUTE]).expect("skews"),
            4..9 => {
                let until = driver.log.lock().told + driver.random.between(0, 6 * HOUR);
                driver.random.of(&ways).into_iter().for_each(|way| driver.log.down(*way, until));
            }
            9..13 => {
                // away, for as long as that takes
                driver.engine = None;
                self.now += driver.random.between(MINUTE, 14 * HOUR);
            }
            13..18 => self.rival(),
            18..22 => {
                let Some(way) = driver.random.of(&ways).copied() else { return };
                let until = driver.log.lock().told + driver.random.between(MINUTE, 5 * HOUR);
                let result = driver.engine().pause(way, Some(until));
                let done = driver.result(result).is_some();
                // Where it failed it may have been kept all the same, and then it is what holds in place of an older pause.
                let mut asked = driver.engine().orders().clone();
                asked.pause(way, Some(until));
                if done || asked == *driver.engine().orders() {
                    driver.log.saw(Saw::Paused(way, Some(until)));
                    self.paused.insert(way, until);
                }
            }
            22..25 => {
                let Some(way) = self.paused.keys().next().copied() else { return };
                let result = driver.engine().resume(way);
                // Where it failed it may have been kept all the same.
                let done = driver.result(result).is_some();
                let told = driver.log.lock().told;
                if done || !driver.engine().orders().is_paused(way, told) {
                    driver.log.saw(Saw::Resumed(way));
                    self.paused.remove(&way);
                }
            }
            _ => {}
        }
    }

    /// Somebody else opens the store while this engine runs; from then on this one must not acknowledge anything.
    fn rival(&mut self) {
        let Some(mut old) = self.driver.engine.take() else { return };
        self.driver.engine();
        self.rivals += 1;
        let input = Input::Event { name: "nothing".into(), at: self.now, data: journey_spec::value::Data::default() };
        let line = Arrival::new(format!("rival-{}", self.rivals), self.now, "c0", input);
        if let Ok(taken) = old.take(&[line]) {
            self.driver.wrong.push(format!("a writer that lost its epoch acknowledged {taken:?}"));
        }
    }

    /// Services answer: some never, some late, some twice and not the same.
    fn answers(&mut self) {
        let calls = self.driver.log.lock().calls.split_off(0);
        let new: Vec<_> = calls.iter().skip(self.calls).cloned().collect();
        self.calls = calls.len();
        self.driver.log.lock().calls = calls;
        for (at, customer, call) in new {
            let driver = &mut self.driver;
            if driver.random.per_mille(150) {
                continue;
            }
            for again in 0..=u64::from(driver.random.per_mille(200)) {
                let random = &mut driver.random;
                let delay = *random.of(&[SECOND, SECOND, MINUTE, HOUR]).expect("delays");
                let mut line = json!({"id": format!("{}-{again}", call.id), "at": rfc3339(self.now), "customer": customer, "answered": call.id});
                let (field, value) = match said(&driver.play.program, &call, at, random) {
                    Ok(_) if random.per_mille(50) => ("outcome", json!("nonsense")),
                    Ok(outcome) => ("outcome", json!(outcome)),
                    Err(record) => ("record", record),
                };
                line[field] = value;
                if field == "record" {
                    line["service"] = json!(call.service);
                }
                let arrival = Arrival::from(parse_line(&driver.play.program, 0, line.to_string()));
                self.waiting.push((self.now + delay, Line { at: self.now, arrival, stops: None, is_reply: false }));
            }
        }
    }

    /// What a live shell does at every turn.
    fn turn(&mut self) {
        let clock = self.clock();
        let result = self.driver.engine().advance_to(clock);
        if self.driver.result(result).is_none() {
            return;
        }
        self.driver.dispatch(clock);
        let now = self.now;
        let (ripe, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(at, _)| *at <= now);
        self.waiting = rest;
        for group in ripe.chunks(40) {
            let lines: Vec<Line> = group.iter().map(|(_, line)| line.clone()).collect();
            let clock = self.clock();
            let result = self.driver.engine().advance_to(clock);
            let done = self.driver.result(result).is_some() && self.driver.give(&lines);
            if !done {
                self.waiting.extend(lines.into_iter().map(|line| (now + MINUTE, line)));
                continue;
            }
            let clock = self.clock();
            self.driver.dispatch(clock);
        }
    }
}
