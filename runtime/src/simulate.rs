//! Many customers on virtual time: what a feed that nobody vouches for makes of a program.
//!
//! Customers are independent of one another, so each is lived through alone: inputs are made as they are needed, from the
//! seed and the customer's number, given to the one [`step`](fn@journey_step::step) function together with what falls due, and
//! forgotten. What is kept are counts. So the same seed gives the same result however many threads there are, one customer
//! can be lived through again, and memory does not grow with their number.
//!
//! ```text
//!  Profile ──► world: next event, reply, answer, attack ──► step ──► effects ──► watch: counts, bounds, promises
//!                ▲                                            ▲ │
//!                └──────────── what people do with it ────────┼─┘
//!                                                  next due ──┘
//! ```
//!
//! Nothing here decides what happens next or whether a message may leave.
//!
//! What is not simulated is the engine around `step`: its store, its door and its outbox. Copies with the same id are dropped
//! at that door, so that those here have new ones; a delivered message's receipt changes nothing, so that only failures come.

mod counts;
mod derive;
mod hostile;
mod make;
pub mod profile;
mod random;
mod watch;
mod words;
mod world;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use journey_spec::Ts;
use journey_spec::certificate::Proven;
use journey_spec::program::{Channel, DAY, JourneyId, Millis, Program, Purpose};
use journey_spec::time::Zone;
use journey_step::effect::Entry;
use journey_step::{Customer, Effect, HookReply, HookRequest, Input, Orders, step_asking};

pub use counts::{
    Counted, Counts, Goals, JourneyCounts, MOST_VIOLATIONS, Promises, Seen, StateCounts, Stays, Violation, Wrong,
};
pub use profile::Profile;
pub use words::{Delay, Hours, Rate, Share, span};

use crate::feed::in_one_spelling;
use crate::hooks::Hooks;
use hostile::Known;
use profile::Faults;
use watch::Watch;
use world::World;

/// Inputs that one customer's feed brings at most: events that follow each other in a circle end there.
pub const MOST_INPUTS: u32 = world::MOST_INPUTS;

/// Steps at one instant that only the time brings. Each does up to ten thousand things that are due, so that more are a round
/// without end.
const MOST_AT_ONCE: u32 = 100;

/// Customers that a thread takes at once. Whoever stops a run waits for them, so that those who were simulated are always the
/// first ones.
const CHUNK: u64 = 64;

/// How a simulation is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many customers; their numbers begin at 1.
    pub customers: u64,
    /// How many days.
    pub days: u32,
    /// What all chance comes from.
    pub seed: u64,
    /// How many of the customers have a hostile feed.
    pub hostile: Share,
    /// Whether much goes wrong on the way for everybody: [`Faults::many`] at least.
    pub faults: bool,
}

/// The most messages that may leave in a window, as far as that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// From one instance of this journey; without it, to one customer.
    pub journey: Option<JourneyId>,
    /// Only on this channel.
    pub channel: Option<Channel>,
    /// Only for this purpose.
    pub purpose: Option<Purpose>,
    /// The window, in milliseconds; none means the whole life of an instance.
    pub window: Option<Millis>,
    /// How many; where nothing is proven, what is seen is told all the same.
    pub at_most: Option<u64>,
    /// Whether so many can leave.
    pub exact: bool,
}

impl Bound {
    /// What a certificate says, for this program; none where it is about a journey that the program does not have.
    #[must_use]
    pub fn proven(program: &Program, proven: &Proven) -> Option<Bound> {
        let journey = match &proven.journey {
            Some(name) => Some(program.journey(name)?.0),
            None => None,
        };
        let (channel, purpose, window) = (proven.channel, proven.purpose, proven.window);
        Some(Bound { journey, channel, purpose, window, at_most: Some(proven.at_most), exact: proven.exact })
    }

    /// Whether it is about all that a customer gets.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.journey.is_none() && self.channel.is_none() && self.purpose.is_none()
    }
}

/// A program in a world.
pub struct Simulation<'s> {
    program: &'s Program,
    profile: Profile,
    bounds: Vec<Bound>,
    options: Options,
    faults: Faults,
    known: Known,
    ends: Ts,
    real: Real<'s>,
}

/// Hooks that are really asked, in place of what the profile has them say.
#[derive(Default)]
struct Real<'s> {
    names: BTreeSet<String>,
    /// One for each thread.
    make: Option<Box<dyn Fn() -> Box<dyn Hooks> + Send + Sync + 's>>,
}

/// How far a run is, and whether it is to stop; shared with whoever shows and stops it.
#[derive(Debug, Default)]
pub struct Control {
    /// How many customers have been lived through.
    pub done: AtomicU64,
    /// Set to stop; the run then ends with the first customers.
    pub stop: AtomicBool,
}

/// One customer's life.
#[derive(Clone, Debug)]
pub struct Life {
    /// The customer's id.
    pub id: String,
    /// All that happened.
    pub timeline: Vec<Entry>,
    /// The zone of the end.
    pub zone: Zone,
    /// What this one came to.
    pub counts: Counts,
}

impl<'s> Simulation<'s> {
    /// A program in this world, with what is proven of it.
    #[must_use]
    pub fn new(program: &'s Program, profile: Profile, bounds: Vec<Bound>, options: Options) -> Simulation<'s> {
        let known = Known::of(program, &profile);
        let ends = profile.begins.saturating_add(Millis::from(options.days).saturating_mul(DAY));
        let faults = if options.faults { profile.faults.worse(Faults::many()) } else { profile.faults };
        Simulation { program, profile, bounds, options, faults, known, ends, real: Real::default() }
    }

    /// Asks the hooks of these names, in place of what the profile has them say. The same simulation stays the same where
    /// they answer the same question in the same way.
    #[must_use]
    pub fn ask_hooks(
        mut self,
        names: BTreeSet<String>,
        make: impl Fn() -> Box<dyn Hooks> + Send + Sync + 's,
    ) -> Simulation<'s> {
        self.real = Real { names, make: Some(Box::new(make)) };
        self
    }

    /// The bounds, in the order in which [`Counts::seen`] has what was seen of them.
    #[must_use]
    pub fn bounds(&self) -> &[Bound] {
        &self.bounds
    }

    /// Lives through all customers, with so many threads.
    ///
    /// Where it is stopped, the counts are those of the first customers, and [`Counts::customers`] says how many.
    #[must_use]
    pub fn run(&self, threads: NonZeroUsize, control: &Control) -> Counts {
        let next = AtomicU64::new(0);
        let all = Mutex::new(Counts::new(self.program, self.bounds.len()));
        std::thread::scope(|scope| {
            for _ in 0..threads.get() {
                scope.spawn(|| {
                    let mut one = One::new(self);
                    while !control.stop.load(Ordering::Relaxed) {
                        let from = next.fetch_add(CHUNK, Ordering::Relaxed);
                        let to = from.saturating_add(CHUNK).min(self.options.customers);
                        if from >= to {
                            break;
                        }
                        for number in from..to {
                            one.live(number + 1, None);
                        }
                        control.done.fetch_add(to - from, Ordering::Relaxed);
                    }
                    // Counts are whole between two customers, so what another thread left is sound even where it failed.
                    all.lock().unwrap_or_else(std::sync::PoisonError::into_inner).add(one.watch.counts);
                });
            }
        });
        all.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Lives through one customer again, telling everything.
    #[must_use]
    pub fn customer(&self, number: u64) -> Life {
        let mut one = One::new(self);
        let mut timeline = Vec::new();
        one.live(number, Some(&mut timeline));
        Life { id: id(number), timeline, zone: one.world.zone.clone(), counts: one.watch.counts }
    }
}

/// A customer's id.
fn id(number: u64) -> String {
    format!("customer-{number}")
}

/// Lives through one customer after another; what they need is made once.
struct One<'s> {
    sim: &'s Simulation<'s>,
    world: World<'s>,
    watch: Watch<'s>,
    orders: Orders,
    hooks: Option<Box<dyn Hooks>>,
}

impl<'s> One<'s> {
    fn new(sim: &'s Simulation<'s>) -> One<'s> {
        let hooks = sim.real.make.as_ref().map(|make| make());
        One { sim, world: World::new(sim), watch: Watch::new(sim), orders: Orders::default(), hooks }
    }

    fn live(&mut self, number: u64, mut timeline: Option<&mut Vec<Entry>>) {
        let program = self.sim.program;
        let mut customer = Customer::new(id(number));
        self.world.begin(number);
        self.watch.begin(number, self.world.adversary.is_some());
        // Steps that only the time brought, at one instant.
        let (mut at_once, mut instant) = (0, Ts::MIN);
        loop {
            let due = customer.next_due().filter(|due| self.world.next_at().is_none_or(|at| *due <= at));
            let Some(now) = due.or(self.world.next_at()).filter(|now| *now < self.sim.ends) else { break };
            let now = now.max(customer.now().unwrap_or(now));
            let input = match due {
                Some(_) => Input::Due,
                None => match self.world.take(program, &customer) {
                    Some(input) => input,
                    None => continue,
                },
            };
            self.count(&input);
            if now > instant || due.is_none() {
                (at_once, instant) = (0, now);
            }
            at_once += 1;
            if at_once > MOST_AT_ONCE {
                self.watch.wrong(now, Wrong::Overflow);
                break;
            }
            let (world, hooks, real) = (&mut self.world, &mut self.hooks, &self.sim.real.names);
            let mut ask = |asked: &HookRequest| match hooks {
                Some(hooks) if real.contains(&asked.hook) => {
                    let HookReply { answer, ran } = hooks.ask(asked);
                    HookReply { answer: in_one_spelling(program, asked, answer), ran }
                }
                _ => world.judged(program, asked).into(),
            };
            let (next, effects) = step_asking(program, &self.orders, customer, &input, now, &mut ask);
            customer = next;
            self.watch.effects(&effects, &self.world.zone, now);
            self.watch.rested(&customer, now);
            self.perform(&effects, now);
            if let Some(told) = timeline.as_deref_mut() {
                told.extend(effects.into_iter().filter_map(|e| match e {
                    Effect::Note(entry) => Some(entry),
                    _ => None,
                }));
            }
        }
        let cut = self.world.came >= MOST_INPUTS;
        self.watch.end(&customer, cut);
    }

    fn count(&mut self, input: &Input) {
        let counts = &mut self.watch.counts;
        let word = match input {
            Input::Due => {
                counts.timers += 1;
                return;
            }
            Input::Event { name, .. } => return counts::one(&mut counts.events, name),
            Input::CustomerUpdated { .. } => "customer.updated",
            Input::Reply { .. } => "replies",
            Input::OptOut { .. } => "opt-outs",
            Input::HandoffClosed { .. } => "cases closed",
            Input::Answered { .. } | Input::LookedUp { .. } => "answers of services",
            Input::Late { .. } | Input::Forget => "the runtime's own",
            Input::Receipt { .. } => "failures told",
        };
        counts::one(&mut counts.others, word);
    }

    /// What people, channels and services do with what a step asks.
    fn perform(&mut self, effects: &[Effect], now: Ts) {
        for effect in effects {
            match effect {
                Effect::Release(release) => {
                    let message = self.watch.message(&release.message);
                    if let (Some(adversary), Some(message)) = (&mut self.world.adversary, message) {
                        adversary.gone.push((now, message, release.channel));
                    }
                    self.world.released(release, message, now);
                }
                Effect::Handoff(case) => self.world.handed_over(case, now),
                Effect::Call(call) => self.world.called(self.sim.program, call, now),
                Effect::Refuse(_) | Effect::Note(_) | Effect::Took(_) => {}
            }
        }
    }
}
