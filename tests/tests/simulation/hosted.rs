//! The whole [`Runtime`]: several shards with threads of their own, gateways that fail, hang and answer in doubt, STOP and
//! pauses while attempts are under way, hooks that take their time and break off, newer programs, and a life that ends in
//! the middle of a commit again and again.
//!
//! The feed, the faults and the ends come from the seed; in which order threads run does not. So a seed that fails once
//! may have to be tried a few times. Time is a clock that the test moves: it is moved on only once every shard has seen
//! what it shows and every attempt that was begun is at its gateway, so each message is known to have left at an instant.
//!
//! `JOURNEY_HOSTED` says how many seeds are tried (40), `JOURNEY_SEED` the first (1).

mod oracles;
mod outside;
mod store;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use journey_runtime::clock::Manual;
use journey_runtime::store::sim::{Faults, Sim};
use journey_runtime::store::{Memory, Sqlite};
use journey_runtime::{Arrival, Mode, Options, Runtime, RuntimeError, StartError, Store, StoreError, Taken};
use journey_spec::program::{Channel, DAY, HOUR, MINUTE, SECOND};
use journey_spec::{Program, Ts};
use journey_step::customer::fold_address;
use journey_tests::random::{Random, asked};
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;

use crate::driver::{Acknowledged, Conditions, Run};
use crate::judging::Judges;
use crate::mutants::{self, Mutant};
use crate::outside::Log;
use crate::play::{BEGINS, Feed, Line, PROGRAMS, Play, feed_for};
use crate::{conditions, for_seeds};
use outside::{Outer, Seen};
use store::{Mortal, merged};

/// How many customers each seed has.
const CUSTOMERS: u64 = 12;
/// How long an attempt may take. What hangs does so for longer.
const ATTEMPT: Duration = Duration::from_millis(40);
/// How long anything of the runtime may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where one shard keeps its part.
enum Kept {
    Sim(Sim),
    File(std::path::PathBuf),
}

/// A STOP that was acknowledged.
pub(crate) struct Stop {
    /// How much had been seen by then.
    pub(crate) after: usize,
    pub(crate) address: String,
    pub(crate) shard: usize,
}

/// An order to withdraw that was acknowledged.
pub(crate) struct Withdrawn {
    pub(crate) after: usize,
    pub(crate) way: Channel,
    pub(crate) until: Ts,
}

/// What a hosted run came to, beside what any run comes to.
pub(crate) struct Hosted {
    pub(crate) run: Run,
    pub(crate) seen: Seen,
    pub(crate) stops: Vec<Stop>,
    pub(crate) withdrawn: Vec<Withdrawn>,
    /// Addresses that each part of the store does not know to have said STOP.
    pub(crate) not_told: Vec<String>,
    pub(crate) shards: usize,
    pub(crate) lives: u64,
    pub(crate) loaded: u64,
    /// Questions to hooks.
    pub(crate) asked: u64,
}

/// From one start to the end of the process, as far as the runtime can tell.
struct Life {
    threads: tokio::runtime::Runtime,
    runtime: Runtime,
    alive: Arc<AtomicBool>,
}

struct Host {
    conditions: Conditions,
    program: Arc<Program>,
    random: Random,
    clock: Manual,
    now: Ts,
    kept: Vec<Kept>,
    _folder: tempfile::TempDir,
    outer: Outer,
    judges: Judges,
    life: Option<Life>,
    lives: u64,
    loaded: u64,
    /// Lines that are not acknowledged, with the time from which they are given.
    waiting: Vec<(Ts, Line)>,
    acknowledged: Vec<Acknowledged>,
    wrong: Vec<String>,
    stops: Vec<Stop>,
    withdrawn: Vec<Withdrawn>,
    paused: BTreeSet<Channel>,
    /// A customer of each shard, to ask it something.
    probes: Vec<String>,
}

/// A customer's shard, as the runtime has it.
pub(crate) fn shard_of(customer: &str, shards: usize) -> usize {
    let digest = Sha256::digest(customer.as_bytes());
    let first = digest.iter().take(8).fold(0_u64, |all, byte| (all << 8) | u64::from(*byte));
    usize::try_from(first % shards as u64).expect("small")
}

/// Which channel repeats nothing that is in doubt.
pub(crate) fn mode(seed: u64, way: Channel) -> Mode {
    if (seed / 2 + way as u64).is_multiple_of(2) { Mode::AtMostOnce } else { Mode::AtLeastOnce }
}

/// Waits until all attempts that were begun until now are at their gateway: tasks begin in the order in which other threads
/// spawn them.
async fn all_begun() {
    let handle = tokio::runtime::Handle::current();
    let last = std::thread::spawn(move || handle.spawn(async {})).join().expect("a thread");
    last.await.expect("nothing");
}

impl Host {
    fn new(play: &Play, mut conditions: Conditions) -> Host {
        // Each failed commit costs a pause of the runtime, and most of them a life.
        conditions.store /= 3;
        let seed = conditions.seed;
        let mut random = Random(seed ^ 0x4057);
        let shards = usize::try_from(random.between(1, 3)).expect("small");
        let folder = tempfile::tempdir().expect("a folder");
        // A planted bug of the store sits on a `Sim`.
        let files = conditions.mutant.is_none() && random.per_mille(300);
        let kept = (0..shards).map(|n| match files {
            true => Kept::File(folder.path().join(format!("{n}.db"))),
            false => Kept::Sim(Sim::new(seed ^ (n as u64 + 1))),
        });
        let kept: Vec<Kept> = kept.collect();
        let mut probes = vec![String::new(); shards];
        (0..200).map(|n| format!("probe{n}")).for_each(|id| {
            let at = shard_of(&id, shards);
            probes[at] = id;
        });
        let clock = Manual::at(BEGINS);
        let program = mutants::program(conditions.mutant, &play.program);
        let outer = Outer::new(seed, conditions.outside, &play.program);
        outer.tell(BEGINS);
        let judges = Judges::new(seed, &play.program).rough();
        let host = Host {
            conditions,
            program,
            random,
            clock,
            now: BEGINS,
            kept,
            _folder: folder,
            outer,
            judges,
            life: None,
            lives: 0,
            loaded: 0,
            waiting: Vec::new(),
            acknowledged: Vec::new(),
            wrong: Vec::new(),
            stops: Vec::new(),
            withdrawn: Vec::new(),
            paused: BTreeSet::new(),
            probes,
        };
        host.set_faults(Faults::all(conditions.store));
        host
    }

    fn set_faults(&self, faults: Faults) {
        for kept in &self.kept {
            if let Kept::Sim(sim) = kept {
                sim.set_faults(faults);
            }
        }
    }

    /// The stores, opened by a new process. A file is held for as long as a thread of the process before still has it.
    fn stores(&self, alive: &Arc<AtomicBool>) -> Vec<Mortal> {
        let began = Instant::now();
        let open = |(n, kept): (usize, &Kept)| {
            let (store, share): (Box<dyn Store>, u16) = match kept {
                Kept::Sim(sim) => (mutants::store(self.conditions.mutant, sim.reopen()), 0),
                Kept::File(path) => loop {
                    match Sqlite::open(path) {
                        Ok(mut store) => {
                            if self.conditions.seed.is_multiple_of(2) {
                                store.limit_log(4 << 10);
                            }
                            break (Box::new(store), self.conditions.store);
                        }
                        Err(StoreError::Locked { .. }) if began.elapsed() < PATIENCE => {
                            std::thread::sleep(Duration::from_millis(1));
                        }
                        Err(error) => panic!("seed {}: {error}", self.conditions.seed),
                    }
                },
            };
            Mortal::new(store, Arc::clone(alive), self.conditions.seed ^ (self.lives << 8) ^ n as u64, share)
        };
        self.kept.iter().enumerate().map(open).collect()
    }

    /// Starts, as often as that takes.
    fn start(&mut self) {
        let mut tries = 0;
        while self.life.is_none() {
            tries += 1;
            self.lives += 1;
            let alive = Arc::new(AtomicBool::new(true));
            let threads = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("tokio");
            let seed = self.conditions.seed;
            let mut builder = Runtime::builder(self.program.as_ref().clone()).clock(self.clock.clone());
            for store in self.stores(&alive) {
                builder = builder.store(store);
            }
            for way in Channel::ALL {
                let gateway = Arc::new(self.outer.way(mode(seed, way), &alive));
                builder = builder.channel_with(way.name(), mode(seed, way), gateway);
            }
            for service in &self.program.services {
                builder = builder.service(&service.name, self.outer.way(Mode::AtLeastOnce, &alive));
            }
            let judges = self.judges.clone();
            builder = builder.hooks(move || Box::new(judges.clone()));
            let drain = Duration::from_secs(5);
            let options = Options { attempt: ATTEMPT, drain, ..Options::default() };
            let builder = builder.desk(self.outer.way(Mode::AtLeastOnce, &alive)).options(options);
            let within = threads.enter();
            let started = builder.start();
            drop(within);
            self.outer.born();
            match started {
                Ok(runtime) => self.life = Some(Life { threads, runtime, alive }),
                Err(StartError::Engine(_)) if tries < 200 => alive.store(false, Ordering::SeqCst),
                Err(error) => panic!("seed {seed}: it does not start: {error}"),
            }
        }
    }

    /// The process ends here and now: nothing is drained, nothing is sent any more, no store is written.
    fn kill(&mut self) {
        let Some(life) = self.life.take() else { return };
        life.alive.store(false, Ordering::SeqCst);
        drop(life.runtime);
        life.threads.shutdown_background();
    }

    /// Does something with a runtime that runs.
    fn with<T>(&mut self, what: impl AsyncFnOnce(Runtime) -> T) -> T {
        self.start();
        let life = self.life.as_ref().expect("just started");
        let runtime = life.runtime.clone();
        let patience = async { tokio::time::timeout(PATIENCE, what(runtime)).await };
        life.threads.block_on(patience).unwrap_or_else(|_| panic!("seed {}: it hangs", self.conditions.seed))
    }

    /// Puts the clock forward. Only when each shard has begun a turn with it, and all that was begun is at its gateway, is it
    /// certain that what comes to a gateway left with the new time.
    fn go_to(&mut self, now: Ts) {
        self.now = now;
        self.clock.set(now);
        let probes = self.probes.clone();
        let failed = self.with(async |runtime| {
            let mut failed = false;
            let mut quiet = 0;
            // Twice, since what fell due with the new time may have to ask a hook, and is made when the reply is there.
            while quiet < 2 {
                for probe in &probes {
                    // What cannot be read was asked all the same.
                    failed |= matches!(runtime.customer(probe).await, Err(RuntimeError::Failed(_)));
                }
                quiet = if failed || runtime.measures().asking == 0 { quiet + 1 } else { 0 };
            }
            all_begun().await;
            failed
        });
        self.outer.tell(now);
        if failed {
            self.kill();
        }
    }

    /// Gives the lines that are to be given by now, all at once; and may end the process while it takes them.
    fn give(&mut self) {
        let now = self.now;
        let (ripe, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(at, _)| *at <= now);
        self.waiting = rest;
        if ripe.is_empty() {
            return;
        }
        let arrivals: Vec<Arrival> = ripe.iter().map(|(_, line)| line.arrival.clone()).collect();
        let dies = self.conditions.rough && self.random.per_mille(25);
        let lives = Duration::from_micros(self.random.below(4_000));
        let fates = self.with(async |runtime| {
            let mut fates: Vec<Option<Result<Taken, RuntimeError>>> = arrivals.iter().map(|_| None).collect();
            let mut taking = JoinSet::new();
            for (n, arrival) in arrivals.into_iter().enumerate() {
                let runtime = runtime.clone();
                taking.spawn(async move { (n, runtime.take(arrival).await) });
            }
            let all = async {
                while let Some(one) = taking.join_next().await {
                    let (n, fate) = one.expect("no panic");
                    fates[n] = Some(fate);
                }
            };
            if dies {
                // Whoever is not answered by then never is.
                _ = tokio::time::timeout(lives, all).await;
            } else {
                all.await;
                all_begun().await;
            }
            fates
        });
        if dies {
            self.kill();
        }
        let mut failed = false;
        for ((_, line), fate) in ripe.into_iter().zip(fates) {
            match fate {
                Some(Ok(taken)) => self.acknowledge(&line, &taken),
                other => {
                    failed |= matches!(other, Some(Err(RuntimeError::Failed(_))));
                    // A store that has died behind the runtime takes nothing until somebody starts it again.
                    failed |= matches!(other, Some(Err(_))) && self.random.per_mille(300);
                    self.waiting.push((now + self.random.between(0, MINUTE), line));
                }
            }
        }
        if failed {
            self.kill();
        }
    }

    fn acknowledge(&mut self, line: &Line, taken: &Taken) {
        let Arrival { id, customer, .. } = line.arrival.clone();
        let refused = if let Taken::Refused(why) = taken { Some(why.clone()) } else { None };
        let accepted = matches!(taken, Taken::Accepted { .. });
        if let Some(address) = line.stops.as_deref().filter(|_| refused.is_none()) {
            let (after, shard) = (self.outer.log.lock().saw.len(), shard_of(&customer, self.kept.len()));
            self.stops.push(Stop { after, address: fold_address(address).into(), shard });
        }
        self.acknowledged.push(Acknowledged { id, customer, accepted, refused, is_reply: line.is_reply });
    }

    fn play(&mut self, feed: &Feed) {
        let mut next = 0;
        while self.now < feed.ends {
            let line = feed.lines.get(next).map_or(Ts::MAX, |line| line.at);
            let step = self.random.between(SECOND, 40 * MINUTE);
            let now = line.min(self.now + step).max(self.now + 1);
            self.go_to(now);
            // Some come together.
            let until = self.now + self.random.between(0, 2 * MINUTE);
            while let Some(line) = feed.lines.get(next).filter(|line| line.at <= until) {
                let late = if self.random.per_mille(50) { self.random.between(0, 3 * HOUR) } else { 0 };
                self.waiting.push((self.now + late, line.clone()));
                next += 1;
            }
            self.give();
            self.trouble();
        }
        self.calm();
    }

    /// Everything works again, and what can leave leaves.
    fn calm(&mut self) {
        self.set_faults(Faults::default());
        self.conditions.store = 0;
        self.conditions.rough = false;
        self.outer.calm();
        self.kill();
        while !self.paused.is_empty() {
            self.resume();
        }
        let end = self.now + 8 * DAY;
        while self.now < end || !self.waiting.is_empty() {
            let step = if self.now + 6 * DAY < end { HOUR } else { 2 * HOUR };
            let now = self.now + step;
            self.go_to(now);
            self.give();
        }
        let began = Instant::now();
        let mut idle = 0;
        while idle < 5 {
            assert!(began.elapsed() < PATIENCE, "seed {}: something is under way for ever", self.conditions.seed);
            let now = self.now + 31 * SECOND;
            self.go_to(now);
            let left = self.with(async |runtime| {
                tokio::time::sleep(Duration::from_millis(2)).await;
                runtime.measures().under_way
            });
            idle = if left == 0 { idle + 1 } else { 0 };
        }
    }

    fn over(mut self) -> Hosted {
        self.with(async |runtime| runtime.shutdown().await);
        self.kill();
        let mut stores: Vec<Box<dyn Store>> = Vec::new();
        for kept in &self.kept {
            stores.push(match kept {
                Kept::Sim(sim) => Box::new(sim.kept()),
                Kept::File(path) => Box::new(Sqlite::read(path).expect("a store")),
            });
        }
        let mut not_told = Vec::new();
        for stop in &self.stops {
            for (n, store) in stores.iter_mut().enumerate() {
                if store.stopped(&[&stop.address]).expect("addresses").is_empty() {
                    not_told.push(format!("{} to shard {n}", stop.address));
                }
            }
        }
        let ids: BTreeSet<String> =
            self.acknowledged.iter().map(|a| a.id.clone()).filter(|id| !id.is_empty()).collect();
        let all: Memory = merged(&mut stores, &ids);
        let mut faults = BTreeMap::new();
        for kept in &self.kept {
            if let Kept::Sim(sim) = kept {
                sim.happened().into_iter().for_each(|(fault, n)| *faults.entry(fault).or_default() += n);
            }
        }
        let log: Log = self.outer.log.clone();
        let mut wrong = std::mem::take(&mut self.wrong);
        wrong.append(&mut log.lock().wrong);
        let run = Run { log, kept: all, acknowledged: self.acknowledged, wrong, faults, ended: self.now };
        Hosted {
            run,
            seen: self.outer.seen(),
            stops: self.stops,
            withdrawn: self.withdrawn,
            not_told,
            shards: self.kept.len(),
            lives: self.lives,
            loaded: self.loaded,
            asked: self.judges.asked(),
        }
    }
}

/// Plays a feed on a runtime.
fn hosted(play: &Play, feed: &Feed, conditions: Conditions) -> Hosted {
    let mut host = Host::new(play, conditions);
    host.play(feed);
    host.over()
}

#[test]
fn a_runtime_keeps_its_word_whatever_ends_it() {
    let (first, many) = (asked("JOURNEY_SEED", 1), asked("JOURNEY_HOSTED", 40));
    let plays: Vec<Play> = PROGRAMS.into_iter().map(Play::named).collect();
    let found: Mutex<Vec<String>> = Mutex::default();
    let total: [AtomicU64; 7] = Default::default();
    for_seeds(first, many, |seed| {
        let play = &plays[usize::try_from(seed).expect("a seed") % plays.len()];
        let feed = feed_for(play, CUSTOMERS, 5 * DAY, seed);
        let hosted = hosted(play, &feed, conditions(seed, None));
        let mut wrong = oracles::judged(play, &feed, &hosted, seed);
        let faults: u64 = hosted.run.faults.values().sum();
        let (messages, attempts) = (hosted.run.log.lock().reached.len() as u64, hosted.seen.attempts);
        let lines = feed.lines.len() as u64;
        let counts = [lines, messages, attempts, hosted.lives, hosted.loaded, faults, hosted.asked];
        for (all, one) in total.iter().zip(counts) {
            all.fetch_add(one, Ordering::SeqCst);
        }
        wrong.truncate(5);
        let head = format!("seed {seed} ({}, {} shards)", play.name, hosted.shards);
        let wrong = wrong.into_iter().map(|w| format!("  {head}: {w}\n"));
        found.lock().unwrap_or_else(PoisonError::into_inner).extend(wrong);
    });
    let [lines, messages, attempts, lives, loaded, faults, asked] = total.map(AtomicU64::into_inner);
    println!(
        "{many} seeds from {first}: {lines} lines, {messages} messages in {attempts} attempts, {lives} lives, {loaded} programs taken up, {faults} faults of stores, {asked} questions to hooks"
    );
    let found = found.into_inner().expect("no thread failed");
    assert!(
        found.is_empty(),
        "{} things are wrong; again with JOURNEY_SEED=… JOURNEY_HOSTED=1:\n{}",
        found.len(),
        found.iter().take(20).cloned().collect::<String>()
    );
    if many >= 40 {
        assert!(
            messages > 10 * many
                && attempts > messages
                && lives > 3 * many
                && loaded > many / 4
                && faults > many
                && asked > many
        );
    }
}

/// Bugs that are planted below and beside the runtime, each of which has to be noticed.
#[test]
fn a_runtime_with_a_planted_bug_is_noticed() {
    const PLANTED: [Mutant; 5] = [
        Mutant::AcknowledgedEarly,
        Mutant::HalfBatch,
        Mutant::IdsForgotten,
        Mutant::LimitOffByOne,
        Mutant::LettersLost,
    ];
    let plays: Vec<Play> = PROGRAMS.into_iter().map(Play::named).collect();
    let missed: Mutex<Vec<Mutant>> = Mutex::default();
    for_seeds(0, PLANTED.len() as u64, |n| {
        let mutant = PLANTED[usize::try_from(n).expect("small")];
        let noticed = (1..=20).find_map(|seed| {
            let play = &plays[usize::try_from(seed).expect("a seed") % plays.len()];
            let feed = feed_for(play, CUSTOMERS, 5 * DAY, seed);
            let hosted = hosted(play, &feed, conditions(seed, Some(mutant)));
            oracles::judged(play, &feed, &hosted, seed).into_iter().next().map(|wrong| format!("seed {seed}: {wrong}"))
        });
        match noticed {
            Some(by) => println!("{mutant:?}: {by}"),
            None => missed.lock().unwrap_or_else(PoisonError::into_inner).push(mutant),
        }
    });
    let missed = missed.into_inner().expect("no thread failed");
    assert!(missed.is_empty(), "nothing notices {missed:?}");
}
