//! How a runtime is put together, and started.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, RwLock};

use journey_spec::Program;
use journey_spec::certificate::Certificate;
use journey_spec::program::Channel;

use super::asking::Asking;
use super::jobs::Jobs;
use super::measure::{Alert, Shared, Watch};
use super::outward::Outward;
use super::queue::Queue;
use super::shard::Shard;
use super::{Inner, Options, PART, Runtime, StartError};
use crate::clock::{Clock, System};
use crate::engine::{Engine, Pace};
use crate::error::EngineError;
use crate::gateway::{Backend, Casework, Directory, Gateway, Mode};
use crate::hooks::Hooks;
use crate::store::Store;

/// Puts a runtime together.
pub struct Builder {
    program: Program,
    certificate: Option<Certificate>,
    stores: Vec<Box<dyn Store>>,
    gateways: BTreeMap<String, (Arc<dyn Gateway>, Mode)>,
    desk: Option<Arc<dyn Casework>>,
    services: BTreeMap<String, Arc<dyn Backend>>,
    directory: Option<Arc<dyn Directory>>,
    hooks: Option<Box<dyn Fn() -> Box<dyn Hooks>>>,
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
    pub(super) fn new(program: Program) -> Builder {
        Builder {
            program,
            certificate: None,
            stores: Vec::new(),
            gateways: BTreeMap::new(),
            desk: None,
            services: BTreeMap::new(),
            directory: None,
            hooks: None,
            clock: Arc::new(System),
            watch: Arc::new(|_: &Alert| {}),
            shadow: false,
            options: Options::default(),
        }
    }

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

    /// Who runs hooks; asked for once for each of [`Options::hook_threads`], and once a shard.
    ///
    /// Hooks are asked on threads of their own. Whose step comes to one is put aside, with all that comes for the same
    /// customer, until the reply is there; everybody else's inputs are taken meanwhile. An input that is put aside is not
    /// acknowledged, and after a crash it is to be given again, and asks again. Where more is asked than the threads can do,
    /// steps wait, and so do timers where more than 1,024 steps of a shard do; nothing fails by that.
    #[must_use]
    pub fn hooks(mut self, hooks: impl Fn() -> Box<dyn Hooks> + 'static) -> Builder {
        self.hooks = Some(Box::new(hooks));
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
        let asking = match &self.hooks {
            Some(hooks) => {
                let hosts = (0..threads(self.options.hook_threads)).map(|_| hooks()).collect();
                Some(Arc::new(Asking::start(hosts).map_err(|e| StartError::Thread(e.to_string()))?))
            }
            None => None,
        };
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
            let mut engine = Engine::open(Arc::clone(&program), store)?.pace(Pace::Live);
            if let Some(hooks) = &self.hooks {
                engine = engine.ask_hooks(hooks());
                engine.ask_apart();
            }
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
                asking: asking.clone(),
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
            loading: tokio::sync::Mutex::default(),
        };
        Ok(Runtime { inner: Arc::new(inner) })
    }
}

/// How many threads ask hooks.
fn threads(ordered: usize) -> usize {
    match ordered {
        0 => std::thread::available_parallelism().map_or(2, |cores| cores.get().saturating_add(1)),
        n => n,
    }
}

/// Whether everything is plugged in that the program uses.
pub(super) fn is_complete(program: &Program, outward: &Outward) -> Result<(), StartError> {
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
