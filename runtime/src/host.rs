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

mod input;
mod measure;
mod outward;
mod queue;
mod shard;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use journey_spec::certificate::Certificate;
use journey_spec::program::{Channel, MINUTE, Millis};
use journey_spec::{Program, Ts};
use journey_step::effect::Entry;
use journey_step::{Customer, Input, Scope};
use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio::sync::oneshot;

pub use input::{Event, Given, Reply};
pub use measure::{Alert, Measures, Watch};

use crate::clock::{Clock, System};
use crate::engine::{Engine, Pace};
use crate::error::EngineError;
use crate::gateway::{Backend, Casework, Directory, Gateway, Mode};
use crate::hooks::{Hooks, NoHooks};
use crate::intake::{Arrival, Content, RESERVED, Taken};
use crate::store::{DeadLetter, Store};
use measure::Shared;
use outward::Outward;
use queue::Queue;
use shard::{Jobs, Shard};

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
}

impl Default for Options {
    fn default() -> Self {
        Options {
            attempt: Duration::from_secs(30),
            queue: 16_384,
            queue_per_customer: 1_024,
            promise_lead: 15 * MINUTE,
            drain: Duration::from_secs(30),
        }
    }
}

/// Why a runtime does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// No store was given.
    #[error("no store is given: give one with `store`, for example `Sqlite::open(\"journeys.db\")?`")]
    NoStore,
    /// The program sends on channels for which nothing is plugged in.
    #[error("the program sends by {}, and nothing is plugged in for that: add `.channel(\"{}\", …)`, or start in shadow", .0.join(", "), .0.first().map_or("", String::as_str))]
    NoChannel(Vec<String>),
    /// The program asks services that nobody answers.
    #[error("the program asks {}, and nobody answers: add `.service(\"{}\", …)`, or start in shadow", .0.join(", "), .0.first().map_or("", String::as_str))]
    NoService(Vec<String>),
    /// The program hands over to people, and there is no desk.
    #[error("the program hands over to people, and no desk is plugged in: add `.desk(…)`, or start in shadow")]
    NoDesk,
    /// A channel was given that the language does not have.
    #[error("there is no channel `{0}`; channels are {all}", all = channels())]
    UnknownChannel(String),
    /// A certificate was given that belongs to another program.
    #[error("the certificate is that of another program: build the bundle again")]
    OtherCertificate,
    /// The stores were used in another number or order.
    #[error(
        "store {place} of {given} was part {stored} before: give all parts of the store, in the order in which they were first given"
    )]
    OtherShards {
        /// Its place in the order given, from 1.
        place: usize,
        /// How many were given.
        given: usize,
        /// What it was, as `2 of 4`.
        stored: String,
    },
    /// There is no tokio runtime here to make attempts on.
    #[error("there is no tokio runtime here: start inside one, with time enabled")]
    NoTokio,
    /// A thread could not be started.
    #[error("no thread for a shard: {0}")]
    Thread(String),
    /// The engine did not open its store.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

fn channels() -> String {
    Channel::ALL.map(Channel::name).join(", ")
}

/// Why a runtime could not do what was asked.
#[derive(Clone, Debug, Error)]
pub enum RuntimeError {
    /// It is shutting down, or was shut down. Nothing of the input was kept.
    #[error("the runtime shuts down: give the input again when it is started")]
    ShuttingDown,
    /// The store failed for a moment. Nothing of the input was kept; give it again with the same id.
    #[error("the input was not taken: {0}; give it again, with the same id")]
    NotTaken(String),
    /// The shard has stopped for good.
    #[error("{0}")]
    Failed(Arc<Failure>),
    /// Something asked of the store failed.
    #[error("{0}")]
    Asked(String),
}

/// Why a shard has stopped.
#[derive(Debug, Error)]
pub enum Failure {
    /// It was shut down.
    #[error("the runtime was shut down")]
    ShutDown,
    /// Its engine failed, and has to be opened again to find out what is kept.
    #[error("this part of the runtime has stopped: {0}")]
    Engine(EngineError),
}

/// Puts a runtime together.
pub struct Builder {
    program: Program,
    certificate: Option<Certificate>,
    stores: Vec<Box<dyn Store>>,
    gateways: BTreeMap<String, (Arc<dyn Gateway>, Mode)>,
    desk: Option<Arc<dyn Casework>>,
    services: BTreeMap<String, Arc<dyn Backend>>,
    directory: Option<Arc<dyn Directory>>,
    hooks: Box<dyn Fn() -> Box<dyn Hooks>>,
    clock: Arc<dyn Clock>,
    watch: Arc<dyn Watch>,
    shadow: bool,
    options: Options,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("program", &self.program.hash).finish_non_exhaustive()
    }
}

impl Builder {
    /// What was proven of the program. What leaves is compared with it, and a journey of which more leaves is paused.
    #[must_use]
    pub fn certificate(mut self, certificate: impl Into<Option<Certificate>>) -> Builder {
        self.certificate = certificate.into();
        self
    }

    /// Adds a store. Each is a shard of its own: customers are spread over them, each always to the same.
    #[must_use]
    pub fn store(mut self, store: impl Store + 'static) -> Builder {
        self.stores.push(Box::new(store));
        self
    }

    /// Plugs in a channel by its name in the language, resent where it is in doubt ([`Mode::AtLeastOnce`]).
    #[must_use]
    pub fn channel(self, name: &str, gateway: impl Gateway + 'static) -> Builder {
        self.channel_with(name, Mode::AtLeastOnce, Arc::new(gateway))
    }

    /// Plugs in a channel on which nothing is sent twice, and what is in doubt may not have been sent
    /// ([`Mode::AtMostOnce`]).
    #[must_use]
    pub fn channel_at_most_once(self, name: &str, gateway: impl Gateway + 'static) -> Builder {
        self.channel_with(name, Mode::AtMostOnce, Arc::new(gateway))
    }

    /// Plugs in a gateway that is used elsewhere as well.
    #[must_use]
    pub fn channel_with(mut self, name: &str, mode: Mode, gateway: Arc<dyn Gateway>) -> Builder {
        self.gateways.insert(name.into(), (gateway, mode));
        self
    }

    /// Where people take over.
    #[must_use]
    pub fn desk(mut self, desk: impl Casework + 'static) -> Builder {
        self.desk = Some(Arc::new(desk));
        self
    }

    /// Plugs in a service by its declared name.
    #[must_use]
    pub fn service(mut self, name: &str, service: impl Backend + 'static) -> Builder {
        self.services.insert(name.into(), Arc::new(service));
        self
    }

    /// Where customers are looked up of whom nothing is known here.
    #[must_use]
    pub fn directory(mut self, directory: impl Directory + 'static) -> Builder {
        self.directory = Some(Arc::new(directory));
        self
    }

    /// Who runs hooks; asked for once a shard.
    #[must_use]
    pub fn hooks(mut self, hooks: impl Fn() -> Box<dyn Hooks> + 'static) -> Builder {
        self.hooks = Box::new(hooks);
        self
    }

    /// Takes time from here instead of the system.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Builder {
        self.clock = Arc::new(clock);
        self
    }

    /// Who hears of alerts; they are logged as well.
    #[must_use]
    pub fn watch(mut self, watch: impl Watch + 'static) -> Builder {
        self.watch = Arc::new(watch);
        self
    }

    /// Decides everything and releases nothing: to compare with what runs today before going live. Services are not asked
    /// either, and their calls run into their deadlines. A store run so is never to be used live: what it thinks was sent
    /// was not.
    #[must_use]
    pub fn shadow(mut self) -> Builder {
        self.shadow = true;
        self
    }

    /// How it behaves.
    #[must_use]
    pub fn options(mut self, options: Options) -> Builder {
        self.options = options;
        self
    }

    /// Starts it. Call this inside a tokio runtime with time enabled: attempts are made there, and shards have threads of
    /// their own.
    ///
    /// # Errors
    /// Where something that the program needs is not plugged in, or a store cannot be opened for it.
    pub fn start(self) -> Result<Runtime, StartError> {
        let handle = tokio::runtime::Handle::try_current().map_err(|_| StartError::NoTokio)?;
        if self.stores.is_empty() {
            return Err(StartError::NoStore);
        }
        if let Some(unknown) = self.gateways.keys().find(|name| Channel::named(name).is_none()) {
            return Err(StartError::UnknownChannel(unknown.clone()));
        }
        if self.certificate.as_ref().is_some_and(|c| c.program != self.program.hash) {
            return Err(StartError::OtherCertificate);
        }
        let outward = Arc::new(Outward::new(self.gateways, self.desk, self.services, self.shadow));
        is_complete(&self.program, &outward)?;
        let program = Arc::new(self.program);
        let new = |_: &_| Arc::new(Queue::new(self.options.queue, self.options.queue_per_customer));
        let queues: Arc<Vec<Arc<Queue>>> = Arc::new(self.stores.iter().map(new).collect());
        let count = self.stores.len();
        let mut shards = Vec::new();
        let mut measures = Vec::new();
        for (number, (mut store, queue)) in self.stores.into_iter().zip(queues.iter()).enumerate() {
            let part = format!("{} of {count}", number + 1);
            match store.meta(PART).map_err(EngineError::Store)? {
                Some(stored) if stored != part => {
                    return Err(StartError::OtherShards { place: number + 1, given: count, stored });
                }
                _ => {}
            }
            let engine = Engine::open(Arc::clone(&program), store)?.ask_hooks((self.hooks)()).pace(Pace::Live);
            let mut engine = engine;
            engine.keep_meta(PART, part);
            engine.claim_pace()?;
            engine.watch_over(self.options.promise_lead, self.certificate.clone());
            if count > 1 {
                engine.tell_stops();
            }
            let shared = Shared::default();
            measures.push(shared.clone());
            shards.push(Shard {
                number,
                engine,
                queue: Arc::clone(queue),
                all: Arc::clone(&queues),
                outward: Arc::clone(&outward),
                clock: Arc::clone(&self.clock),
                watch: Arc::clone(&self.watch),
                measures: shared,
                options: self.options.clone(),
                handle: handle.clone(),
                jobs: Jobs::default(),
                started: self.clock.now(),
            });
        }
        let mut threads = Vec::new();
        for shard in shards {
            let thread = std::thread::Builder::new().name(format!("journey-{}", shard.number));
            threads.push(thread.spawn(move || shard.run()).map_err(|e| StartError::Thread(e.to_string()))?);
        }
        let Some(first) = queues.first().cloned() else { return Err(StartError::NoStore) };
        let inner = Inner {
            program: RwLock::new(program),
            directory: self.directory,
            promise_lead: self.options.promise_lead,
            known: Mutex::default(),
            outward,
            queues,
            first,
            measures,
            clock: self.clock,
            threads: Mutex::new(threads),
        };
        Ok(Runtime { inner: Arc::new(inner) })
    }
}

/// Whether everything is plugged in that the program uses.
fn is_complete(program: &Program, outward: &Outward) -> Result<(), StartError> {
    if outward.shadow {
        return Ok(());
    }
    let channels: BTreeSet<&str> =
        program.messages.iter().flat_map(|m| m.variants.iter().map(|v| v.channel.name())).collect();
    let absent: Vec<String> =
        channels.into_iter().filter(|c| !outward.gateways.contains_key(*c)).map(String::from).collect();
    if !absent.is_empty() {
        return Err(StartError::NoChannel(absent));
    }
    let services = program.services.iter().map(|s| &s.name);
    let absent: Vec<String> = services.filter(|s| !outward.services.contains_key(*s)).cloned().collect();
    if !absent.is_empty() {
        return Err(StartError::NoService(absent));
    }
    let text = serde_json::to_string(&program.journeys).unwrap_or_default();
    let hands_over = program.policy.after_end.is_some() || text.contains("\"handoff\"");
    if hands_over && outward.desk.is_none() {
        return Err(StartError::NoDesk);
    }
    Ok(())
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
        Builder {
            program,
            certificate: None,
            stores: Vec::new(),
            gateways: BTreeMap::new(),
            desk: None,
            services: BTreeMap::new(),
            directory: None,
            hooks: Box::new(|| Box::new(NoHooks)),
            clock: Arc::new(System),
            watch: Arc::new(|_: &Alert| {}),
            shadow: false,
            options: Options::default(),
        }
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
        self.inner.known.lock().unwrap_or_else(PoisonError::into_inner).remove(customer);
        self.queue_of(customer).put(Arrival::new(id, now, customer, Input::Forget)).await.map(drop)
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
            Err(_) => Err(RuntimeError::ShuttingDown),
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
        self.ask_all(move |engine| engine.withdraw(scope.clone(), now)).await.map(drop)
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
