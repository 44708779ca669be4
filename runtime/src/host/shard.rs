//! One shard: a thread with a store of its own, turn by turn.
//!
//! ```text
//!  turn:  inputs, results, questions ─► steps ─► one commit ─► acknowledged ─► claimed effects ─► attempts, elsewhere
//!            ▲                      │                                                                 │
//!            │                      └─► needs a hook: asked elsewhere, and all of that customer waits      │
//!            └────────────────── replies ◄──┘ results ◄───────────────────────────────────────────────┘
//! ```

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use journey_spec::Ts;
use journey_step::Scope;
use journey_step::effect::PromiseFate;
use tokio::runtime::Handle;

use super::asking::Asking;
use super::jobs::{Jobs, Tried};
use super::measure::{Alert, Shared, Watch};
use super::outward::{Attempted, Entry, Lane, Outward, millis};
use super::queue::{Item, Queue, Round};
use super::{Failure, Options, RuntimeError};
use crate::clock::Clock;
use crate::engine::{Became, Engine, Job, LATE, Seen, Todo};
use crate::error::{EngineError, StoreError};
use crate::gateway::Mode;
use crate::intake::{Arrival, Content, RESERVED, Taken};

/// The longest time without a look at the clock, which may have been set.
const PATIENCE: Duration = Duration::from_millis(100);
/// Inputs of one commit at most.
const GROUP: usize = 256;
/// How long a group waits for those who came together last time.
const LINGER: Duration = Duration::from_micros(500);
/// Effects that are claimed and not done at most.
const UNDER_WAY: usize = 16_384;
/// How long a turn waits for results while the shard drains.
const DRAINING: Duration = Duration::from_millis(10);
/// How long after its end a drain still tries to keep what is done and not kept, where the store cannot be read. Then it is
/// as after a crash: what was not kept is tried again after the next start, as its channel's mode allows.
const KEEPING: Duration = Duration::from_secs(5);

/// What a shard needs of its surroundings.
pub(super) struct Shard {
    pub(super) number: usize,
    pub(super) engine: Engine,
    pub(super) queue: Arc<Queue>,
    /// All shards' queues, this one's too.
    pub(super) all: Arc<Vec<Arc<Queue>>>,
    pub(super) outward: Arc<Outward>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) watch: Arc<dyn Watch>,
    pub(super) measures: Shared,
    pub(super) options: Options,
    pub(super) handle: Handle,
    pub(super) jobs: Jobs,
    /// Who asks hooks; without it there are none.
    pub(super) asking: Option<Arc<Asking>>,
}

impl Shard {
    /// Works until it is told to stop and everything is done, or it fails.
    pub(super) fn run(mut self) {
        let _told = Fallen { number: self.number, queue: Arc::clone(&self.queue), watch: Arc::clone(&self.watch) };
        let mut expected = 0;
        let mut drain_until: Option<Instant> = None;
        loop {
            let wait = if drain_until.is_some() { self.idle_time().min(DRAINING) } else { self.idle_time() };
            let round = self.queue.next(wait, GROUP, expected, LINGER);
            let stopping = round.stopping;
            expected = round.items.len();
            if stopping {
                drain_until.get_or_insert_with(|| Instant::now() + self.options.drain);
            }
            let claims = drain_until.is_none_or(|until| Instant::now() < until);
            if let Err(error) = self.turn(round, claims) {
                return self.stopped(error);
            }
            if let Some(until) = drain_until {
                // What waits for a place among the attempts goes soon; what waits for a way out that fails goes after the
                // next start.
                let soon = self.now().saturating_add(100);
                let next = self.jobs.held.first_key_value().is_some_and(|((at, _), _)| *at <= soon);
                let waits = (self.jobs.claimed || next) && claims
                    || self.queue.len() > 0
                    || !self.jobs.unkept.is_empty()
                    || !self.jobs.failed.is_empty()
                    || !self.jobs.resting.is_empty()
                    || !self.jobs.handing.is_empty();
                if !waits && (self.jobs.flying == 0 || Instant::now() >= until) {
                    break;
                }
                if Instant::now() >= until + KEEPING {
                    tracing::warn!(
                        shard = self.number,
                        "the store cannot be read: what was not kept is tried again later"
                    );
                    break;
                }
            }
        }
        // What still waits for a hook, or comes to one now, asks it here.
        self.engine.ask_here();
        if let Err(error) = self.hand_back() {
            return self.stopped(error);
        }
        // What became of the last messages is kept.
        if let Err(error) = self.engine.advance_to(self.engine.now()) {
            return self.stopped(error);
        }
        tracing::info!(shard = self.number, "shard drained");
        self.queue.fail(&Arc::new(Failure::ShutDown));
    }

    /// Messages that were handed over and certainly did not go are released again for the next start; of those under way it
    /// is told that they may not have arrived.
    fn hand_back(&mut self) -> Result<(), EngineError> {
        let now = self.now();
        for ((until, _), tried) in std::mem::take(&mut self.jobs.held) {
            match (&tried.job.what, until == Ts::MAX) {
                (Todo::Send(release), true) if tried.handed => {
                    self.engine.failed(&tried.job.customer, &release.id, now)?;
                }
                (Todo::Send(_), false) if tried.handed => {
                    self.engine.became(&tried.job, &Became::Unsent { in_doubt: false }, now)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The clock's time, which does not go back.
    fn now(&self) -> Ts {
        self.clock.now().max(self.engine.now())
    }

    fn stopped(self, error: EngineError) {
        let why = error.to_string();
        tracing::error!(shard = self.number, %why, "shard stopped: nothing of its customers is taken any more");
        self.watch.alert(&Alert::ShardStopped { shard: self.number, why });
        self.queue.fail(&Arc::new(Failure::Engine(error)));
    }

    /// How long nothing is to be done.
    fn idle_time(&mut self) -> Duration {
        if !self.jobs.unkept.is_empty() || !self.jobs.failed.is_empty() || !self.jobs.handing.is_empty() {
            return Duration::ZERO;
        }
        let due = self.engine.next_due().ok().flatten();
        let held = self.jobs.held.first_key_value().map(|((at, _), _)| *at);
        let next = due.into_iter().chain(held).min();
        next.map_or(PATIENCE, |next| {
            Duration::from_millis(next.saturating_sub(self.clock.now()).max(0).unsigned_abs()).min(PATIENCE)
        })
    }

    /// One turn. An error is final; what can be tried again was not acknowledged and is told so.
    fn turn(&mut self, round: Round, claims: bool) -> Result<(), EngineError> {
        let now = self.now();
        for (job, attempted) in round.results {
            self.came_back(job, attempted, now);
        }
        for replied in round.replies {
            self.engine.answered(&replied.customer, replied.request, replied.reply);
            // Those of its customer whose step it was are first among them.
            let customer = replied.customer;
            self.jobs.wake(|other| *other != customer);
        }
        for question in round.questions {
            question(&mut self.engine);
        }
        if let Some(due) = self.engine.next_due().ok().flatten().filter(|due| *due <= now) {
            let lag = now.saturating_sub(due).max(0).unsigned_abs();
            self.measures.change(|m| m.fired(lag));
        }
        let (arrivals, waiters): (Vec<Arrival>, Vec<_>) =
            round.items.into_iter().map(|item| (item.arrival, item.waiter)).unzip();
        let span = tracing::debug_span!("turn", shard = self.number, inputs = arrivals.len());
        let _in = span.enter();
        let began = Instant::now();
        let steps = self.engine.steps();
        let handing = std::mem::take(&mut self.jobs.handing);
        let (commits, newest) = (self.engine.commits(), self.engine.newest_job());
        let judged = self.jobs.unkept.iter().filter(|(_, b)| matches!(b, Became::Unsent { .. })).count();
        match self.commit(&arrivals, &handing, now) {
            Ok(taken) => {
                let made = self.engine.steps().saturating_sub(steps);
                self.measures.change(|m| {
                    m.committed(taken.iter().flatten().count(), began.elapsed());
                    m.steps += made;
                    m.judged_again += judged as u64;
                    for taken in taken.iter().flatten() {
                        match taken {
                            Taken::Accepted { .. } => m.accepted += 1,
                            Taken::Duplicate => m.duplicates += 1,
                            Taken::Refused(_) => m.refused += 1,
                        }
                    }
                });
                let mut back = Vec::new();
                for ((arrival, waiter), taken) in arrivals.into_iter().zip(waiters).zip(taken) {
                    match taken {
                        Some(taken) => waiter.tell(Ok(taken)),
                        None => back.push(Item { arrival, waiter }),
                    }
                }
                self.queue.put_back(back);
                self.kept(handing, now);
            }
            Err(error) => {
                if self.engine.commits() > commits {
                    // Results come first, so the first commit of the turn kept them.
                    self.kept(handing, now);
                } else {
                    self.jobs.handing = handing;
                }
                let why = error.to_string();
                for waiter in waiters {
                    waiter.tell(Err(RuntimeError::NotTaken(why.clone())));
                }
                self.ask_hooks();
                if is_final(&error) {
                    return Err(error);
                }
                tracing::warn!(shard = self.number, %why, "a group of inputs was not taken");
                std::thread::sleep(Duration::from_millis(50));
                return Ok(());
            }
        }
        self.ask_hooks();
        let seen = self.engine.take_seen();
        self.tell(seen)?;
        // What was judged again goes before what is still to be judged.
        let newest = newest.filter(|_| judged > 0);
        match self.claim(newest, judged, claims, now) {
            Err(error) if is_final(&error) => return Err(error),
            Err(error) => {
                // Nothing is lost: what is not settled is claimed in a later turn.
                self.jobs.claimed = true;
                tracing::warn!(shard = self.number, why = %error, "what is to be sent could not be read");
                std::thread::sleep(Duration::from_millis(50));
            }
            Ok(()) => {}
        }
        self.wake_held(now);
        self.measure(now);
        Ok(())
    }

    fn commit(&mut self, arrivals: &[Arrival], handing: &[Tried], now: Ts) -> Result<Vec<Option<Taken>>, EngineError> {
        self.keep_results(now)?;
        for tried in handing {
            self.engine.became(&tried.job, &Became::HandedOver, now)?;
        }
        self.engine.take_apart(now, arrivals)
    }

    /// Tells the engine what became of effects, each once; what waits for a hook is put away.
    fn keep_results(&mut self, now: Ts) -> Result<(), EngineError> {
        let mut later = HashSet::new();
        for (job, became) in &self.jobs.unkept {
            if !self.engine.became(job, became, now)? {
                later.insert(job.seq);
            }
        }
        for job in &self.jobs.failed {
            if let Todo::Send(release) = &job.what
                && !self.engine.failed(&job.customer, &release.id, now)?
            {
                later.insert(job.seq);
            }
        }
        self.jobs.rest(&later);
        Ok(())
    }

    /// Has hooks asked for the steps that wait for them. Their customers are held before, so that no reply comes too soon.
    fn ask_hooks(&mut self) {
        for asked in self.engine.asked() {
            self.queue.hold(&asked.customer);
            if let Some(asking) = &self.asking {
                asking.ask(asked, &self.queue);
            }
        }
        let Shard { engine, jobs, .. } = self;
        jobs.wake(|customer| engine.waits(customer));
        let waiting = engine.waiting() as u64;
        self.measures.change(|m| m.asking = waiting);
    }

    /// Results are kept, and so is what is handed over: now it may go.
    fn kept(&mut self, handing: Vec<Tried>, now: Ts) {
        for (job, _) in std::mem::take(&mut self.jobs.unkept) {
            self.settled(&job);
        }
        self.jobs.failed.clear();
        for mut tried in handing {
            tried.handed = true;
            self.launch(tried, now);
        }
    }

    /// Claims what is committed: first what was judged again since `newest`, then, where this is wanted, what comes next.
    fn claim(&mut self, newest: Option<u64>, judged: usize, wanted: bool, now: Ts) -> Result<(), EngineError> {
        if let Some(newest) = newest {
            let again = self.engine.claim_after(newest, judged.saturating_mul(2))?;
            self.begin(again, now);
        }
        if !wanted {
            return Ok(());
        }
        let room = UNDER_WAY.saturating_sub(self.jobs.known.len()).min(GROUP * 2);
        let jobs = self.engine.claim(room)?;
        self.jobs.claimed = !jobs.is_empty();
        self.begin(jobs, now);
        Ok(())
    }

    fn begin(&mut self, jobs: Vec<Job>, now: Ts) {
        for job in jobs {
            // After a failed commit everything is claimed again, also what is under way.
            if self.jobs.known.insert(job.seq, now).is_some() {
                continue;
            }
            // Also in shadow, where all shards decide as they would.
            if let Todo::Tell(address) = &job.what {
                self.tell_shards(&job, address.clone());
                continue;
            }
            if self.outward.shadow {
                let what = Became::Dropped("in shadow: decided, and not done".into());
                self.jobs.unkept.push((job, what));
                continue;
            }
            self.start(Tried::new(job), now);
        }
    }

    /// Puts a job on its way, behind those of the same customer that go the same way.
    fn start(&mut self, tried: Tried, now: Ts) {
        let key = (tried.job.customer.clone(), Lane::of(&tried.job));
        if self.jobs.busy.contains(&key) {
            return self.jobs.behind.entry(key).or_default().push_back(tried);
        }
        self.jobs.busy.insert(key);
        self.launch(tried, now);
    }

    /// Begins an attempt, or holds the job where that has to wait, or settles it where there is none to make.
    fn launch(&mut self, mut tried: Tried, now: Ts) {
        if let Todo::Tell(address) = &tried.job.what {
            let address = address.clone();
            return self.tell_shards(&tried.job, address);
        }
        let lane = Lane::of(&tried.job);
        let way = self.outward.way(&lane);
        let shut = way.is_shut(now);
        let mut left = self.options.attempt;
        match &tried.job.what {
            Todo::Send(release) if now < release.valid_until && shut.is_some() => {}
            Todo::Send(release) => {
                // One that is handed over and not settled certainly has not gone out.
                let once = self.outward.mode(&tried.job) == Mode::AtMostOnce;
                let in_doubt = !once && tried.in_doubt;
                match self.engine.bar(&tried.job.customer, tried.job.at, release, now) {
                    Ok(None) => {}
                    // What keeps it back now says nothing of an attempt before.
                    Ok(Some(Became::Unsent { .. })) => return self.over(tried.job, Became::Unsent { in_doubt }),
                    Ok(Some(became)) => return self.over(tried.job, became),
                    Err(_) => return self.hold(tried, now.saturating_add(250)),
                }
                if now.saturating_sub(tried.job.at) > LATE && release.journey.is_some() {
                    return self.over(tried.job, Became::Unsent { in_doubt });
                }
                if once && !tried.handed {
                    return self.jobs.handing.push(tried);
                }
            }
            Todo::Ask(call) => {
                if now >= call.deadline {
                    return self.over(tried.job, Became::Dropped("not asked: too late".into()));
                }
                left = Duration::from_millis(call.deadline.saturating_sub(now).unsigned_abs());
            }
            _ => {}
        }
        if let Some(until) = shut {
            return self.hold(tried, until);
        }
        let Some(place) = way.place() else { return self.hold(tried, now.saturating_add(5)) };
        if let Entry::Wait(until) = way.enter(now) {
            return self.hold(tried, until);
        }
        tried.attempts = tried.attempts.saturating_add(1);
        let outward = Arc::clone(&self.outward);
        let (attempt, options, job) = (tried.attempts, self.options.clone(), tried.job.clone());
        self.jobs.flying += 1;
        self.jobs.held.insert((Ts::MAX, tried.job.seq), tried);
        // A gateway that panics has told nothing, and its message is in doubt.
        let mut told = Told { queue: Arc::clone(&self.queue), job: Some(job.clone()) };
        self.handle.spawn(async move {
            let attempted = outward.attempt(&job, attempt, left, &options).await;
            drop(place);
            told.tell(attempted);
        });
    }

    fn hold(&mut self, tried: Tried, until: Ts) {
        self.jobs.held.insert((until, tried.job.seq), tried);
    }

    /// Nothing more is to be done for a job.
    fn over(&mut self, job: Job, became: Became) {
        self.jobs.unkept.push((job, became));
    }

    /// An attempt has ended.
    fn came_back(&mut self, job: Job, attempted: Attempted, now: Ts) {
        let Some(mut tried) = self.jobs.held.remove(&(Ts::MAX, job.seq)) else { return };
        self.jobs.flying = self.jobs.flying.saturating_sub(1);
        let lane = Lane::of(&job);
        let way = self.outward.way(&lane);
        let (in_doubt, why) = match attempted {
            Attempted::Became(became) => {
                way.ended(true, now);
                self.measures.change(|m| match (&job.what, &became) {
                    (Todo::Send(_), Became::Done) => m.delivered += 1,
                    (Todo::Send(_), _) => m.rejected += 1,
                    (Todo::Open(_), _) => m.cases += 1,
                    (Todo::Ask(_), _) => m.answered += 1,
                    (Todo::Tell(_), _) => {}
                });
                if tried.handed {
                    return self.handed_over(job, &became);
                }
                return self.over(job, became);
            }
            Attempted::Again { in_doubt, why } => (in_doubt, why),
        };
        self.measures.change(|m| m.failed_attempts += 1);
        tracing::debug!(shard = self.number, lane = %lane, %why, in_doubt, "an attempt failed");
        if way.ended(false, now) {
            tracing::warn!(lane = %lane, %why, "left alone for a while");
            self.watch.alert(&Alert::Shut { what: lane.to_string(), why: why.clone() });
        }
        tried.in_doubt |= in_doubt;
        if tried.handed && in_doubt {
            return self.handed_over(job, &Became::Rejected(why));
        }
        let pause = millis(tried.pauses.next());
        self.hold(tried, now.saturating_add(pause));
    }

    /// A message that is not sent twice is over; the journey hears where it failed.
    fn handed_over(&mut self, job: Job, became: &Became) {
        self.settled(&job);
        if matches!(became, Became::Rejected(_)) {
            self.jobs.failed.push(job);
        }
    }

    /// A job's result is kept: the next of the same customer goes that way.
    fn settled(&mut self, job: &Job) {
        self.jobs.known.remove(&job.seq);
        let key = (job.customer.clone(), Lane::of(job));
        let next = self.jobs.behind.get_mut(&key).and_then(VecDeque::pop_front);
        match next {
            Some(next) => {
                let now = self.now();
                self.launch(next, now);
            }
            None => {
                self.jobs.behind.remove(&key);
                self.jobs.busy.remove(&key);
            }
        }
    }

    fn wake_held(&mut self, now: Ts) {
        while let Some(first) = self.jobs.held.first_entry().filter(|first| first.key().0 <= now) {
            let tried = first.remove();
            self.launch(tried, now);
        }
    }

    /// Tells all other shards that an address said STOP; the job is settled when each has kept it.
    fn tell_shards(&mut self, job: &Job, address: String) {
        let (queues, number) = (Arc::clone(&self.all), self.number);
        let (job, now) = (job.clone(), self.now());
        self.jobs.flying += 1;
        self.jobs.held.insert((Ts::MAX, job.seq), Tried::new(job.clone()));
        let mut told = Told { queue: Arc::clone(&self.queue), job: Some(job.clone()) };
        self.handle.spawn(async move {
            for (_, queue) in queues.iter().enumerate().filter(|(other, _)| *other != number) {
                let arrival = Arrival {
                    id: format!("{RESERVED}stopped:{number}:{}", job.seq),
                    received: now,
                    customer: String::new(),
                    content: Content::Stopped(address.clone()),
                };
                if let Err(error) = queue.put(arrival).await {
                    return told.tell(Attempted::Again { in_doubt: true, why: error.to_string() });
                }
            }
            told.tell(Attempted::Became(Became::Done));
        });
    }

    /// Counts what steps did, and tells who should hear of it.
    fn tell(&mut self, seen: Seen) -> Result<(), EngineError> {
        if seen == Seen::default() {
            return Ok(());
        }
        self.measures.change(|m| {
            m.released += seen.released;
            for (rule, n) in &seen.blocked {
                *m.blocked.entry(rule.clone()).or_default() += n;
            }
            for (_, fate) in &seen.promises {
                *m.promises.entry(fate_name(*fate).into()).or_default() += 1;
            }
            m.promises_at_risk += seen.at_risk.len() as u64;
            m.bounds_exceeded += seen.exceeded.len() as u64;
        });
        for promised in seen.at_risk {
            tracing::warn!(customer = promised.customer, promise = promised.name, "a promise is at risk");
            let (customer, promise, by) = (promised.customer, promised.name, promised.by);
            self.watch.alert(&Alert::PromiseAtRisk { customer, promise, by });
        }
        for (promised, _) in seen.promises.into_iter().filter(|(_, fate)| *fate == PromiseFate::Broken) {
            tracing::warn!(customer = promised.customer, promise = promised.name, "a promise is broken");
            let (customer, promise, by) = (promised.customer, promised.name, promised.by);
            self.watch.alert(&Alert::PromiseBroken { customer, promise, by });
        }
        for exceeded in seen.exceeded {
            let scope = exceeded.proven.journey.clone().map_or(Scope::All, Scope::Journey);
            tracing::error!(
                customer = exceeded.customer,
                what = exceeded.what(),
                seen = exceeded.seen,
                proven = exceeded.proven.at_most,
                "more left than was proven possible: paused"
            );
            self.engine.pause_scope(&scope, None)?;
            self.watch.alert(&Alert::BoundExceeded {
                what: exceeded.what(),
                seen: exceeded.seen,
                proven: exceeded.proven.at_most,
                journey: exceeded.proven.journey,
                customer: exceeded.customer,
            });
        }
        Ok(())
    }

    fn measure(&self, now: Ts) {
        let (waiting, under_way) = (self.queue.len() as u64, self.jobs.known.len() as u64);
        let oldest = self.jobs.known.values().min().map_or(0, |at| now.saturating_sub(*at).max(0).unsigned_abs());
        self.measures.change(|m| (m.waiting, m.under_way, m.oldest) = (waiting, under_way, oldest));
    }
}

/// Whether an error leaves nothing to be tried again by this shard.
fn is_final(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::Fenced
            | EngineError::InDoubt
            | EngineError::Stopped
            | EngineError::OtherPace { .. }
            | EngineError::Store(StoreError::Damaged(_))
    )
}

fn fate_name(fate: PromiseFate) -> &'static str {
    match fate {
        PromiseFate::Made => "made",
        PromiseFate::Kept => "kept",
        PromiseFate::Withdrawn => "withdrawn",
        PromiseFate::Broken => "broken",
        PromiseFate::Void => "void",
    }
}

/// Tells everybody who waits where the shard's thread ends by a panic.
struct Fallen {
    number: usize,
    queue: Arc<Queue>,
    watch: Arc<dyn Watch>,
}

impl Drop for Fallen {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let failure = Arc::new(Failure::Panic);
            self.queue.fail(&failure);
            tracing::error!(shard = self.number, "shard stopped by a panic");
            let alert = Alert::ShardStopped { shard: self.number, why: failure.to_string() };
            // The watch itself may be what panicked; a second panic would end the process.
            let watch = std::panic::AssertUnwindSafe(&self.watch);
            drop(std::panic::catch_unwind(|| watch.alert(&alert)));
        }
    }
}

/// Brings an attempt's result home, also where the attempt does not come to its end.
struct Told {
    queue: Arc<Queue>,
    job: Option<Job>,
}

impl Told {
    fn tell(&mut self, attempted: Attempted) {
        if let Some(job) = self.job.take() {
            self.queue.result(job, attempted);
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.tell(Attempted::Again { in_doubt: true, why: "the attempt was given up".into() });
    }
}
