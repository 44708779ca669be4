//! The runtime as a host service embeds it: asynchronous, sharded, with its surroundings plugged in.
//!
//! A [`Runtime`] is a handle that can be cloned; behind it each shard is a thread with a deterministic [`Engine`] and a store
//! of its own. A customer belongs to one shard. Inputs are acknowledged after their commit; messages, cases and calls leave
//! after it, many at once, each customer's in order on each way out.
//!
//! ```
//! use std::sync::Arc;
//! use journey_runtime::gateway::{Casework, Case, Delivery, Gateway, Message, SendError};
//! use journey_runtime::{async_trait, bundle, Event, Runtime, store::Memory};
//! use serde_json::json;
//!
//! struct Provider;
//!
//! #[async_trait]
//! impl Gateway for Provider {
//!     async fn send(&self, message: &Message) -> Result<Delivery, SendError> {
//!         println!("to {}: {}", message.release.address, message.release.body);
//!         Ok(Delivery::Delivered)
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let rt = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! # rt.block_on(async {
//! # let empty: journey_spec::Program = serde_json::from_str(include_str!("../tests/programs/empty.json"))?;
//! # let built = bundle::write(&empty.seal(), "journeyc");
//! # let read = |_: &str| Ok::<_, std::io::Error>(built.as_bytes());
//! // what `journeyc build` made, with `std::fs::read`
//! let (program, certificate) = bundle::read_certified(&read("appointment.bundle.json")?)?;
//! let runtime = Runtime::builder(program)
//!     .certificate(certificate)
//!     .store(Memory::new())              // Sqlite::open("journeys.db")? for one that outlives the process
//!     .channel("sms", Provider)
//!     .start()?;
//!
//! let customer = json!({});              // {"first_name": "Victoria", "phone": "+44 7700 900123", "zone": "Europe/London"}
//! runtime.deliver(Event::updated("victoria").id("evt-1").data(customer)).await?;
//! let timeline = runtime.timeline("victoria").await?;
//! assert_eq!(timeline.len(), 1);
//! runtime.shutdown().await;              // drains: nothing acknowledged is lost
//! # Ok(())
//! # })
//! # }
//! ```

mod asking;
mod error;
mod input;
mod jobs;
mod measure;
#[cfg(feature = "metrics")]
mod meters;
mod outward;
mod queue;
mod shard;
mod start;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use journey_spec::certificate::Certificate;
use journey_spec::program::{MINUTE, Millis};
use journey_spec::{Program, Ts};
use journey_step::effect::Entry;
use journey_step::{Customer, Input, Scope};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

pub use error::{Failure, RuntimeError, StartError};
pub use input::{Event, Given, Reply};
pub use measure::{Alert, Measures, Watch};
pub use start::Builder;
use start::is_complete;

use crate::clock::Clock;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::gateway::Directory;
use crate::intake::{Arrival, Content, RESERVED, Taken};
use crate::store::DeadLetter;
use measure::Shared;
use outward::Outward;
use queue::Queue;

/// How a runtime behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long an attempt at a message or a case may take; after that it is in doubt.
    pub attempt: Duration,
    /// Inputs that may wait in a shard; [`Runtime::deliver`] waits beyond that.
    pub queue: usize,
    /// Inputs of one customer that may wait; so that one customer's flood leaves room for all others.
    pub queue_per_customer: usize,
    /// How long before its deadline an open promise is at risk, in milliseconds.
    pub promise_lead: Millis,
    /// How long [`Runtime::shutdown`] waits for attempts under way.
    pub drain: Duration,
    /// Threads that ask hooks, for all shards together; 0 for one more than the machine has cores.
    pub hook_threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            attempt: Duration::from_secs(30),
            queue: 16_384,
            queue_per_customer: 1_024,
            promise_lead: 15 * MINUTE,
            drain: Duration::from_secs(30),
            hook_threads: 0,
        }
    }
}

/// Customers who are remembered to be known; beyond, all are looked for anew.
const MOST_KNOWN: usize = 100_000;
/// Under which name a store keeps which part it is.
const PART: &str = "part";

/// A running runtime. Clones are handles to the same; when the last is gone it drains by itself.
#[derive(Clone)]
pub struct Runtime {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").field("program", &self.program().hash).finish_non_exhaustive()
    }
}

struct Inner {
    program: RwLock<Arc<Program>>,
    directory: Option<Arc<dyn Directory>>,
    promise_lead: Millis,
    /// Customers of whom something is known, as far as somebody asked lately.
    known: Mutex<HashSet<String>>,
    outward: Arc<Outward>,
    queues: Arc<Vec<Arc<Queue>>>,
    /// The first of them.
    first: Arc<Queue>,
    measures: Vec<Shared>,
    clock: Arc<dyn Clock>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// One program after the other is taken up, in all shards.
    loading: tokio::sync::Mutex<()>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queues.iter().for_each(|queue| queue.stop());
    }
}

impl Runtime {
    /// Begins to put a runtime together.
    #[must_use]
    pub fn builder(program: Program) -> Builder {
        Builder::new(program)
    }

    /// The newest program.
    #[must_use]
    pub fn program(&self) -> Arc<Program> {
        Arc::clone(&self.inner.program.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes an input. What comes back is durable: accepted, known already, or put to the dead letters with the reason.
    /// Waits where the customer, or all of them, have too many inputs waiting.
    ///
    /// # Errors
    /// Nothing of the input was kept; give it again with the same id.
    pub async fn deliver(&self, input: impl Into<Given>) -> Result<Taken, RuntimeError> {
        let given: Given = input.into();
        self.take(given.arrival(&self.program(), self.inner.clock.now())).await
    }

    /// Takes an input that was read before, as [`parse_line`](crate::parse_line) reads it.
    ///
    /// # Errors
    /// As [`Runtime::deliver`].
    pub async fn take(&self, arrival: Arrival) -> Result<Taken, RuntimeError> {
        if let Some(directory) = &self.inner.directory
            && !arrival.customer.is_empty()
            && !matches!(arrival.content, Content::Input(Input::CustomerUpdated { .. } | Input::Forget))
        {
            self.look_up(directory.as_ref(), &arrival.customer).await?;
        }
        self.queue_of(&arrival.customer).put(arrival).await
    }

    /// Sees that something is known of a customer before an input of theirs is taken.
    async fn look_up(&self, directory: &dyn Directory, customer: &str) -> Result<(), RuntimeError> {
        let known = || self.inner.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known().contains(customer) {
            return Ok(());
        }
        if self.customer(customer).await?.is_none_or(|c| c.profile().is_empty()) {
            let found = directory.look_up(customer).await.map_err(|why| {
                RuntimeError::NotTaken(format!("the directory could not be asked about `{customer}`: {why}"))
            })?;
            // Nobody knows them: the input is taken all the same, and nothing can reach them yet.
            let Some(data) = found else { return Ok(()) };
            let now = self.inner.clock.now();
            let event = Event::updated(customer).id(&format!("directory:{customer}:{now}")).data(data);
            let arrival = Given::from(event).arrival(&self.program(), now);
            if let Taken::Refused(why) = self.queue_of(customer).put(arrival).await? {
                return Err(RuntimeError::NotTaken(format!(
                    "what the directory says of `{customer}` does not fit: {why}"
                )));
            }
        }
        let mut known = known();
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(customer.to_owned());
        Ok(())
    }

    /// Forgets a customer: ends their journeys, erases what is personal in the state, the timeline, the outbox and the dead
    /// letters, and keeps what left as counts without words, so that limits hold for whoever comes back under this id. Who
    /// said STOP stays stopped, by address.
    ///
    /// # Errors
    /// Nothing was forgotten; ask again.
    pub async fn forget(&self, customer: &str) -> Result<(), RuntimeError> {
        let now = self.inner.clock.now();
        let id = format!("{RESERVED}forget:{customer}:{now}");
        self.queue_of(customer).put(Arrival::new(id, now, customer, Input::Forget)).await?;
        self.inner.known.lock().unwrap_or_else(PoisonError::into_inner).remove(customer);
        Ok(())
    }

    /// Takes up a newer program: instances stay on the version on which they began, and new ones begin on this. What was
    /// proven of it replaces what was proven of the one before, and is compared with what newer instances send.
    ///
    /// # Errors
    /// Where it cannot be run, people in flight would be stranded, or something that it uses is not plugged in; then
    /// everything goes on as before, unless some shards have taken it up already and another could not.
    pub async fn load(
        &self,
        program: Program,
        certificate: impl Into<Option<Certificate>>,
    ) -> Result<(), RuntimeError> {
        let certificate = certificate.into();
        if certificate.as_ref().is_some_and(|c| c.program != program.hash) {
            return Err(RuntimeError::Asked(StartError::OtherCertificate.to_string()));
        }
        let asked = |e: StartError| RuntimeError::Asked(e.to_string());
        is_complete(&program, &self.inner.outward).map_err(asked)?;
        let program = Arc::new(program);
        let newest = Arc::clone(&program);
        let _one_at_a_time = self.inner.loading.lock().await;
        let lead = self.inner.promise_lead;
        self.ask_all(move |engine| {
            engine.load(Arc::clone(&newest))?;
            engine.watch_over(lead, certificate.clone());
            Ok(())
        })
        .await?;
        *self.inner.program.write().unwrap_or_else(PoisonError::into_inner) = program;
        Ok(())
    }

    fn queue_of(&self, customer: &str) -> &Queue {
        let number = shard_of(customer, self.inner.queues.len());
        self.inner.queues.get(number).unwrap_or(&self.inner.first)
    }

    async fn ask<T: Send + 'static>(
        &self,
        queue: &Queue,
        question: impl FnOnce(&mut Engine) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, RuntimeError> {
        let (reply, answer) = oneshot::channel();
        queue.ask(Box::new(move |engine| {
            // Whoever does not wait any more need not be told.
            _ = reply.send(question(engine));
        }))?;
        match answer.await {
            Ok(answer) => answer.map_err(|e| RuntimeError::Asked(e.to_string())),
            Err(_) => Err(queue.ended()),
        }
    }

    async fn ask_all<T: Send + 'static>(
        &self,
        question: impl Fn(&mut Engine) -> Result<T, EngineError> + Clone + Send + 'static,
    ) -> Result<Vec<T>, RuntimeError> {
        let mut all = Vec::new();
        for queue in self.inner.queues.iter() {
            all.push(self.ask(queue, question.clone()).await?);
        }
        Ok(all)
    }

    /// A customer's timeline, oldest entry first: why she got this, and why she did not.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn timeline(&self, customer: &str) -> Result<Vec<Entry>, RuntimeError> {
        let id = customer.to_owned();
        self.ask(self.queue_of(customer), move |engine| engine.timeline(&id)).await
    }

    /// A customer's state; `None` for one who is not known.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn customer(&self, customer: &str) -> Result<Option<Customer>, RuntimeError> {
        let id = customer.to_owned();
        self.ask(self.queue_of(customer), move |engine| engine.customer(&id)).await
    }

    /// The ids of customers with a live instance of this journey in this state, in order within each shard. All customers
    /// are looked through, a portion at a time, between other turns.
    ///
    /// # Errors
    /// Where the program has no such journey or state, or the store cannot be read.
    pub async fn customers_in(&self, journey: &str, state: &str) -> Result<Vec<String>, RuntimeError> {
        let mut found = Vec::new();
        for queue in self.inner.queues.iter() {
            let mut after: Option<String> = None;
            loop {
                let (from, journey, state) = (after.clone(), journey.to_owned(), state.to_owned());
                let look = move |engine: &mut Engine| portion(engine, from.as_deref(), &journey, &state);
                let (ids, last) = self.ask(queue, look).await?;
                found.extend(ids);
                if last.is_none() {
                    break;
                }
                after = last;
            }
        }
        Ok(found)
    }

    /// What was refused, in the order in which it came to each shard.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, RuntimeError> {
        Ok(self.ask_all(Engine::dead_letters).await?.into_iter().flatten().collect())
    }

    /// From now on nothing of this leaves, until then or until [`Runtime::resume`]. Inputs are taken and timers fire as
    /// ever; what would leave waits, goes by another channel, or is blocked where it would not stay true. Survives a restart.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn pause(&self, scope: Scope, until: Option<Ts>) -> Result<(), RuntimeError> {
        self.knows(&scope)?;
        self.ask_all(move |engine| engine.pause_scope(&scope, until)).await.map(drop)
    }

    /// Ends a pause. What waited for its end is asked at the instant at which it was to be, within five minutes where the
    /// pause had no end.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn resume(&self, scope: Scope) -> Result<(), RuntimeError> {
        self.knows(&scope)?;
        self.ask_all(move |engine| engine.resume_scope(&scope)).await.map(drop)
    }

    /// What was decided until now and has not left does not leave any more.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn withdraw(&self, scope: Scope) -> Result<(), RuntimeError> {
        self.knows(&scope)?;
        let now = self.inner.clock.now();
        self.ask_all(move |engine| engine.withdraw(scope.clone(), now.max(engine.now()))).await.map(drop)
    }

    fn knows(&self, scope: &Scope) -> Result<(), RuntimeError> {
        match scope {
            Scope::Journey(name) if !self.program().journeys.iter().any(|j| j.name == *name) => {
                Err(RuntimeError::Asked(format!("there is no journey `{name}`")))
            }
            _ => Ok(()),
        }
    }

    /// What happened since the runtime was started, over all shards.
    #[must_use]
    pub fn measures(&self) -> Measures {
        let mut all = Measures::default();
        self.inner.measures.iter().for_each(|shared| shared.add_to(&mut all));
        all
    }

    /// Takes no more inputs, serves those that wait, waits for attempts under way, and stops. What is acknowledged is kept,
    /// and what has not left is tried after the next start.
    pub async fn shutdown(&self) {
        self.inner.queues.iter().for_each(|queue| queue.stop());
        let threads = std::mem::take(&mut *self.inner.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                if thread.join().is_err() {
                    tracing::error!("a shard's thread ended by a panic");
                }
            }
        });
        if joined.await.is_err() {
            tracing::error!("the runtime's threads could not be waited for");
        }
    }
}

/// Of the next customers those who live in this state of this journey, in whichever version of it; and who was looked at last,
/// where there was anybody.
fn portion(
    engine: &mut Engine,
    after: Option<&str>,
    journey: &str,
    state: &str,
) -> Result<(Vec<String>, Option<String>), EngineError> {
    let program = Arc::clone(engine.program());
    let known = |j: &&journey_spec::program::Journey| j.name == journey && j.states.iter().any(|s| s.name == state);
    if !program.journeys.iter().any(|j| known(&j)) {
        return Err(EngineError::Program(format!("it has no journey `{journey}` with a state `{state}`")));
    }
    let page = engine.customers_after(after, 1000)?;
    let is_there = |instance: &journey_step::customer::Instance| {
        let of = program.journeys.get(instance.journey().index()).filter(known);
        let at = of.and_then(|j| j.states.get(instance.state().index()));
        instance.is_live() && at.is_some_and(|s| s.name == state)
    };
    let found = page.iter().filter(|c| c.instances().iter().any(is_there)).map(|c| c.id().to_owned()).collect();
    Ok((found, page.last().map(|c| c.id().to_owned())))
}

/// A customer's shard: the same wherever and whenever it is asked.
fn shard_of(customer: &str, shards: usize) -> usize {
    let digest = Sha256::digest(customer.as_bytes());
    let first = digest.iter().take(8).fold(0_u64, |all, byte| (all << 8) | u64::from(*byte));
    usize::try_from(first % (shards.max(1) as u64)).unwrap_or(0)
}
