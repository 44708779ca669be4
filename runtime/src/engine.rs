//! The engine's core.
//!
//! # Why a replay is the same run
//!
//! On virtual time everything that happens has one place in one order: by instant; at one instant timers (by customer),
//! then answers of services (in the order of the calls), then arrivals (in the order of the feed). [`Engine::take`] and
//! [`Engine::advance_to`] make steps in exactly that order and keep them in groups, so that what the store holds is always
//! a beginning of it. Three things could make a second run differ, and do not:
//!
//! * *Effects whose result is an input.* Where a step asks a service, or sends through a channel that may reject, the
//!   group is committed and the effect performed before any later step, and the result is an input at the effect's own
//!   instant (plus the delay that the service tells). A run that stops in between performs the effect again when it
//!   starts, with the same id and so the same result, before it does anything else.
//! * *Where groups end.* Effects without a result may be performed at any later time, so it does not matter.
//! * *Lines that were taken already.* They move the clock to where it has been before, which changes nothing.

mod apart;
mod jobs;
mod orders;
mod outbox;
mod read;
mod take;
mod versions;
mod watch;
mod work;

use std::collections::BTreeSet;
use std::sync::Arc;

use journey_spec::program::sound;
use journey_spec::time::RANGE;
use journey_spec::{Program, Ts};
use journey_step::effect::Took;
use journey_step::{Input, Orders};

use crate::channels::{Channel, Collect, Desk};
use crate::error::{EngineError, StoreError};
use crate::hooks::{Hooks, NoHooks};
use crate::intake::{Arrival, Taken};
use crate::service::{NoService, Service};
use crate::store::{CommitOutcome, Store};
pub(crate) use apart::Asked;
use apart::{Apart, Cause};
pub use jobs::{Became, Job, LATE, Todo};
use outbox::Outbox;
pub use versions::Living;
use watch::Watching;
pub use watch::{Exceeded, Promised, Seen};
#[cfg(feature = "hooks")]
pub(crate) use work::digest;
use work::{Next, Work};

/// Most arrivals that are kept in one transaction.
const GROUP: usize = 256;
/// Under which name a store keeps the orders.
const ORDERS: &str = "orders";

/// What the engine's effects go to.
pub struct Outside {
    /// Where messages go.
    pub channel: Box<dyn Channel>,
    /// Where cases go.
    pub desk: Box<dyn Desk>,
    /// Who answers calls.
    pub service: Box<dyn Service>,
}

impl Default for Outside {
    fn default() -> Self {
        let collect = Collect::new();
        Outside { channel: Box::new(collect.clone()), desk: Box::new(collect), service: Box::new(NoService) }
    }
}

/// Whose time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Time is what the arrivals say. Timers fire at their own instants, and effects are performed by [`Engine::take`] and
    /// [`Engine::advance_to`] themselves, before time moves on.
    Virtual,
    /// Time is what the shell says. Timers fire late where the engine was down, and the shell calls [`Engine::dispatch`].
    Live,
}

impl Pace {
    /// As the store keeps it.
    fn name(self) -> &'static str {
        match self {
            Pace::Virtual => "virtual",
            Pace::Live => "live",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Pace::Virtual => "on virtual time",
            Pace::Live => "live",
        }
    }
}

/// What [`Engine::dispatch`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dispatched {
    /// Messages that reached their channel.
    pub delivered: u64,
    /// Messages that can never be delivered.
    pub rejected: u64,
    /// Messages that were no longer true, and were not sent.
    pub expired: u64,
    /// Cases opened.
    pub cases: u64,
    /// Services asked.
    pub calls: u64,
    /// Effects that wait because their channel does not work now.
    pub waiting: u64,
}

impl Dispatched {
    /// Whether anything was performed.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.delivered + self.rejected + self.expired + self.cases + self.calls > 0
    }
}

/// The runtime engine. See the [crate's](crate) page.
pub struct Engine {
    /// The program that was given, or where people are in older ones too, the union of them.
    program: Arc<Program>,
    /// How many instances live in each journey, as committed.
    living: versions::Count,
    store: Box<dyn Store>,
    outside: Outside,
    hooks: Box<dyn Hooks>,
    /// Steps that wait for hooks, where a shell asks them.
    apart: Option<Apart>,
    pace: Pace,
    /// What those who run it have ordered.
    orders: Orders,
    /// The store is known to be run at this pace.
    is_paced: bool,
    clock: Ts,
    /// What the store says the clock is.
    kept_clock: Ts,
    /// A commit failed: what is in memory may not be what is in the store.
    failed: bool,
    /// There are other parts of the store, which hear of a STOP.
    tells_stops: bool,
    /// What instances came by, where somebody asked for it.
    watched: Option<BTreeSet<Took>>,
    watching: Option<Watching>,
    work: Work,
    outbox: Outbox,
    steps: u64,
    commits: u64,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("program", &self.program.hash)
            .field("pace", &self.pace)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens an engine on a store, on virtual time, with an [`Outside`] that collects.
    ///
    /// A store goes on with another program than it was run with: what begins from now on begins on this one, and instances
    /// stay on the version on which they began, while this one's policy, customer, events, services and hooks hold for
    /// all.
    ///
    /// # Errors
    /// Where the program is of another format, was changed after it was compiled, or does not hang together; where instances
    /// of an older version would go without something that they need ([`EngineError::Stranded`]); where the store fails.
    /// The store is as it was then.
    pub fn open(program: Arc<Program>, mut store: Box<dyn Store>) -> Result<Engine, EngineError> {
        Engine::can_run(&program)?;
        let clock = match store.meta("clock")? {
            Some(text) => text.parse().map_err(|_| StoreError::Damaged(format!("its clock shows `{text}`")))?,
            None => *RANGE.start(),
        };
        let orders = match store.meta(ORDERS)? {
            Some(text) => serde_json::from_str(&text)
                .map_err(|e| StoreError::Damaged(format!("its orders are `{text}`, which is not understood: {e}")))?,
            None => Orders::default(),
        };
        let claimed = versions::claim(store.as_mut(), program)?;
        let outbox = Outbox::found(store.newest_outbox());
        let mut engine = Engine {
            program: claimed.program,
            living: claimed.living,
            store,
            outside: Outside::default(),
            hooks: Box::new(NoHooks),
            apart: None,
            pace: Pace::Virtual,
            orders,
            is_paced: false,
            clock,
            kept_clock: clock,
            failed: false,
            tells_stops: false,
            watched: None,
            watching: None,
            work: Work::default(),
            outbox,
            steps: 0,
            commits: 0,
        };
        engine.work.batch.meta = claimed.meta;
        engine.flush()?;
        Ok(engine)
    }

    /// Takes up a newer program, as [`Engine::open`] does with one on an old store: instances stay on the version on which
    /// they began, and new ones begin on this.
    ///
    /// # Errors
    /// As [`Engine::open`]; then the engine goes on as before.
    pub fn load(&mut self, program: Arc<Program>) -> Result<(), EngineError> {
        Engine::can_run(&program)?;
        self.whole(|engine| {
            engine.flush()?;
            let claimed = versions::claim(engine.store.as_mut(), program)?;
            engine.work.batch.meta.extend(claimed.meta);
            engine.flush()?;
            (engine.program, engine.living) = (claimed.program, claimed.living);
            // What is known of customers in memory was read by the program before: the fields of their addresses, for one.
            engine.work = Work::default();
            engine.forget_waiting();
            Ok(())
        })
    }

    /// Whether this engine can run the program at all.
    fn can_run(program: &Program) -> Result<(), EngineError> {
        if program.format != journey_spec::program::FORMAT {
            let (found, known) = (program.format, journey_spec::program::FORMAT);
            let why = format!("it has format {found}, and this engine runs format {known}; compile it again");
            return Err(EngineError::Program(why));
        }
        if program.hash != program.content_hash() {
            let why =
                "its content is not what its hash says, so it was changed after it was compiled; compile it again";
            return Err(EngineError::Program(why.into()));
        }
        if program.versions.is_some() {
            let why = "it stands for several programs already; give the engine the newest of them alone";
            return Err(EngineError::Program(why.into()));
        }
        // A program can come from elsewhere than the compiler: its indices lead somewhere, or it does not run.
        sound::check(program).map_err(|unsound| EngineError::Program(unsound.to_string()))?;
        Ok(())
    }

    /// Connects the engine to its surroundings. Do this before anything else, so that nothing is sent elsewhere.
    #[must_use]
    pub fn connect(mut self, outside: Outside) -> Engine {
        self.outside = outside;
        self
    }

    /// Says who runs the hooks; without this nobody does, and each of them fails.
    #[must_use]
    pub fn ask_hooks(mut self, hooks: Box<dyn Hooks>) -> Engine {
        self.hooks = hooks;
        self
    }

    /// Sets whose time it is. A store keeps the pace of its first use: with another, everything that could change
    /// something fails.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Engine {
        self.set_pace(pace);
        self
    }

    /// As [`Engine::pace`].
    pub fn set_pace(&mut self, pace: Pace) {
        self.is_paced &= self.pace == pace;
        self.pace = pace;
    }

    /// Sees at once, rather than at the first thing done, that the store is run at this pace; a store that was never run
    /// is from now on.
    ///
    /// # Errors
    /// Where the store was run at the other pace, or fails.
    pub fn claim_pace(&mut self) -> Result<(), EngineError> {
        self.whole(Engine::flush)
    }

    fn see_pace(&mut self) -> Result<(), EngineError> {
        if self.is_paced {
            return Ok(());
        }
        let paces = [Pace::Virtual, Pace::Live];
        match self.store.meta("pace")? {
            Some(stored) if stored == self.pace.name() => {}
            Some(stored) => {
                let Some(other) = paces.into_iter().find(|p| p.name() == stored) else {
                    return Err(StoreError::Damaged(format!("it was run `{stored}`")).into());
                };
                return Err(EngineError::OtherPace { stored: other.words(), given: self.pace.words() });
            }
            None => self.work.batch.meta.push(("pace".into(), self.pace.name().into())),
        }
        self.is_paced = true;
        Ok(())
    }

    /// The program, beside older ones that people are in: the one that numbers in customers' states point into.
    #[must_use]
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// The engine's time. It never goes back, also over restarts.
    #[must_use]
    pub fn now(&self) -> Ts {
        self.clock
    }

    /// How many steps this engine has made since it was opened.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Takes what arrived, in order, and commits. What comes back is durable.
    ///
    /// On virtual time the clock moves to each arrival's instant, and everything that falls due until then happens first.
    /// On live time everything happens at the clock's time: call [`Engine::advance_to`] before.
    ///
    /// # Errors
    /// Nothing of the batch is acknowledged; given again after the cause is gone, what had been kept is a duplicate.
    pub fn take(&mut self, arrivals: &[Arrival]) -> Result<Vec<Taken>, EngineError> {
        self.whole(|engine| {
            let mut taken = Vec::with_capacity(arrivals.len());
            for group in arrivals.chunks(GROUP) {
                engine.take_group(group, &mut taken)?;
                engine.come_to_rest()?;
            }
            Ok(taken.into_iter().flatten().collect())
        })
    }

    /// As [`Engine::advance_to`] and [`Engine::take`], in one commit: what live shells do, turn by turn.
    ///
    /// # Errors
    /// As [`Engine::take`].
    pub fn take_at(&mut self, now: Ts, arrivals: &[Arrival]) -> Result<Vec<Taken>, EngineError> {
        if self.pace == Pace::Virtual {
            self.advance_to(now)?;
            return self.take(arrivals);
        }
        Ok(self.take_apart(now, arrivals)?.into_iter().flatten().collect())
    }

    /// Live, as [`Engine::take_at`]. Nothing stands for an arrival that is not taken yet: its step, or one of the same customer
    /// before it, waits for a hook, and it is to be given again ([`apart`]).
    pub(crate) fn take_apart(&mut self, now: Ts, arrivals: &[Arrival]) -> Result<Vec<Option<Taken>>, EngineError> {
        self.whole(|engine| {
            engine.fire_until(now)?;
            let mut taken = Vec::with_capacity(arrivals.len());
            for group in arrivals.chunks(GROUP) {
                engine.take_group(group, &mut taken)?;
                engine.flush()?;
            }
            engine.flush()?;
            Ok(taken)
        })
    }

    /// From now on an address that says STOP is told to the other parts of a store that has several, by
    /// [`Todo::Tell`].
    pub fn tell_stops(&mut self) {
        self.tells_stops = true;
    }

    /// Moves the clock to `now`, never back, and fires everything that falls due until then.
    ///
    /// # Errors
    /// Where the store fails, or on virtual time a channel.
    pub fn advance_to(&mut self, now: Ts) -> Result<(), EngineError> {
        self.whole(|engine| {
            engine.fire_until(now)?;
            engine.come_to_rest()
        })
    }

    /// On virtual time: makes at most about `steps` of the steps that fall due until `until`, and leaves the clock at the
    /// last of them. Gives whether that were all.
    ///
    /// # Errors
    /// As [`Engine::advance_to`].
    pub fn advance_some(&mut self, until: Ts, steps: u64) -> Result<bool, EngineError> {
        self.whole(|engine| {
            let enough = engine.steps.saturating_add(steps);
            let all = engine.fire(until, enough)?;
            engine.come_to_rest()?;
            Ok(all)
        })
    }

    /// When the engine next has something to do by itself.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn next_due(&mut self) -> Result<Option<Ts>, EngineError> {
        let timer = if self.is_crowded() { None } else { self.next_timer()? };
        Ok([timer, self.outbox.next()].into_iter().flatten().min())
    }

    /// Performs effects that were committed and not yet performed. A message that is no longer true at `now` is not sent.
    ///
    /// On live time what became of them is kept with the next commit, so that a turn needs one and not two: call
    /// [`Engine::take_at`] or [`Engine::advance_to`] soon, and before the end. A crash until then performs them again, with
    /// the same ids.
    ///
    /// # Errors
    /// Where the store fails, a channel is broken, or on virtual time a channel is unavailable. Effects whose result is not
    /// known are performed again at the next call.
    pub fn dispatch(&mut self, now: Ts) -> Result<Dispatched, EngineError> {
        self.whole(|engine| {
            if engine.pace == Pace::Live {
                engine.clock = engine.clock.max(now);
            }
            let done = engine.perform()?;
            engine.fire_until(engine.clock)?;
            if engine.pace == Pace::Virtual {
                engine.flush()?;
            }
            Ok(done)
        })
    }

    /// Keeps a value by name with the next commit.
    pub(crate) fn keep_meta(&mut self, name: &str, value: String) {
        self.work.batch.meta.push((name.into(), value));
    }

    /// From now on, keeps in memory which parts of the journeys instances come by. For tests, which ask what none of them
    /// reached.
    pub fn watch(&mut self) {
        self.watched.get_or_insert_default();
    }

    /// What instances came by since [`Engine::watch`], in the program's order.
    pub fn watched(&self) -> impl Iterator<Item = &Took> {
        self.watched.iter().flatten()
    }

    /// Runs something whole: where it fails, what it had not committed is forgotten.
    fn whole<T>(&mut self, run: impl FnOnce(&mut Engine) -> Result<T, EngineError>) -> Result<T, EngineError> {
        if self.failed {
            return Err(EngineError::Stopped);
        }
        let result = self.see_pace().and_then(|()| self.catch_up()).and_then(|()| run(self));
        if result.is_err() {
            self.is_paced = false;
            self.work = Work::default();
            self.forget_waiting();
            self.outbox.claim_again(self.store.newest_outbox());
            self.clock = self.kept_clock;
        }
        result
    }

    /// On virtual time what an earlier run left is performed before anything else, since its results come first.
    fn catch_up(&mut self) -> Result<(), EngineError> {
        if self.pace == Pace::Virtual && !self.outbox.started {
            self.perform()?;
        }
        Ok(())
    }

    /// Moves the clock to `until`, and makes all steps that are due until then, each in its place.
    fn fire_until(&mut self, until: Ts) -> Result<(), EngineError> {
        let until = until.max(self.clock);
        if self.pace == Pace::Live {
            self.clock = until;
        }
        self.fire(until, u64::MAX)?;
        self.clock = until;
        Ok(())
    }

    /// Makes the steps that are due until `until`, until `enough` were made. Gives whether that were all.
    fn fire(&mut self, until: Ts, enough: u64) -> Result<bool, EngineError> {
        self.fire_answered()?;
        while let Some(next) = self.next_step(until)? {
            if self.steps >= enough || self.is_crowded() {
                return Ok(false);
            }
            match next {
                Next::Due(due, customer) => {
                    self.clock = self.clock.max(due);
                    self.apply_for(&customer, &Input::Due, self.clock, Some(&Cause::Due))?;
                }
                Next::Answer(at, seq) => {
                    self.clock = self.clock.max(at);
                    self.take_answer(at, seq)?;
                }
            }
            self.settle_results()?;
            if self.work.is_large() {
                self.flush()?;
            }
        }
        Ok(true)
    }

    /// On virtual time: performs effects whose result is an input, before anything else happens.
    fn settle_results(&mut self) -> Result<(), EngineError> {
        if self.pace == Pace::Virtual && self.work.awaits_result {
            self.perform()?;
        }
        Ok(())
    }

    /// Commits, and on virtual time performs what is left and takes what comes of it at once.
    fn come_to_rest(&mut self) -> Result<(), EngineError> {
        self.flush()?;
        if self.pace == Pace::Virtual {
            while self.perform()?.is_any() {
                self.fire_until(self.clock)?;
            }
            self.fire_until(self.clock)?;
            self.flush()?;
        }
        Ok(())
    }

    /// Commits what was done since the last commit.
    fn flush(&mut self) -> Result<(), EngineError> {
        let mut batch = self.work.finish()?;
        let tasks = self.work.take_tasks();
        let living = self.count_living()?;
        batch.meta.extend(living.iter().map(|(_, text)| (versions::LIVING.into(), text.clone())));
        // Live, the passing of time alone is not worth a commit.
        if self.clock != self.kept_clock && (self.pace == Pace::Virtual || !batch.is_empty()) {
            batch.meta.push(("clock".into(), self.clock.to_string()));
        }
        if batch.is_empty() {
            return Ok(());
        }
        // From here on memory and store may differ; only a commit that is known to have happened makes them agree.
        self.failed = true;
        match self.store.commit(self.store.epoch(), &batch)? {
            CommitOutcome::Committed => {}
            CommitOutcome::Unknown => return Err(EngineError::InDoubt),
            // Ids were looked up before, so one that is taken now was taken by another engine.
            CommitOutcome::Fenced | CommitOutcome::Duplicate => return Err(EngineError::Fenced),
        }
        self.failed = false;
        self.commits += 1;
        self.kept_clock = self.clock;
        if let Some((count, _)) = living {
            self.living = count;
        }
        self.work.committed();
        self.outbox.changed_by(&batch);
        if !tasks.is_empty() {
            let newest = self.store.newest_outbox();
            self.outbox.add(newest, batch.outbox.into_iter().zip(tasks).collect());
        }
        Ok(())
    }
}
