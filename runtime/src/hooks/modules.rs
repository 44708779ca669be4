//! The modules of a program's hooks, and what they are asked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use journey_spec::Program;
use journey_spec::bundle::Bundle;
use journey_spec::program::{Hook, HookAnswers};
use journey_spec::value::to_json;
use journey_step::{Asker, HookAnswer, HookReply, HookRequest, Ran, Verdict};
use serde_json::Value as Json;

use super::Hooks;
use super::cache::Cache;
use super::call::{Called, call};
use super::ceilings::{Ceilings, Limits};
use super::contract::{Context, HookError, RowVerdict};
use super::failure::{Failure, Misfit, Unfit};
use super::module::{Chosen, Module, Scored, Transformed, Validated, read};
use super::place::place;

/// What is asked is none of the hooks that were loaded.
const UNKNOWN: Failure = Failure::Host("the hook is not declared in what is loaded");

/// How modules are loaded and run.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The most that a hook gets.
    pub ceilings: Ceilings,
    /// In place of [`Setup::ceilings`] for the hooks of these names.
    pub ceilings_of: BTreeMap<String, Ceilings>,
    /// What the hooks of these names find as their configuration; `null` for others. It is part of the question.
    pub config: BTreeMap<String, Json>,
    /// Where compiled modules are kept from one start to the next: a directory that belongs to this service alone (mode
    /// 700; made where it is not there). Without one they are compiled at each start.
    pub cache: Option<PathBuf>,
}

impl Setup {
    fn ceilings(&self, hook: &str) -> &Ceilings {
        self.ceilings_of.get(hook).unwrap_or(&self.ceilings)
    }
}

/// Runs the hooks of a program in WebAssembly. Clones are handles of the same modules, one for each shard.
///
/// ```no_run
/// # use journey_runtime::{hooks::{Modules, Setup}, bundle, store::Memory, Runtime};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let program = bundle::read(&std::fs::read("complaints.bundle.json")?)?;
/// let modules = Modules::open(&program, "complaints", Setup::default())?;
/// for absent in modules.absent() {
///     eprintln!("{absent}");
/// }
/// let runtime = Runtime::builder(program).store(Memory::new()).hooks(move || Box::new(modules.clone()));
/// # Ok(())
/// # }
/// ```
///
/// Everything is read, judged and compiled by [`Modules::open`], before a journey goes live; a file that changes afterwards
/// changes nothing until it is opened again. A call runs on the thread that asks. It ends by its fuel, or where the machine
/// is slow by an interruption ([`Ceilings`]), and waits for a place where [`AT_ONCE`](super::AT_ONCE) calls run.
#[derive(Clone)]
pub struct Modules(Arc<RwLock<Loaded>>);

struct Loaded {
    setup: Setup,
    cache: Option<Cache>,
    /// Hash of the program.
    version: Arc<str>,
    hooks: BTreeMap<String, Arc<Known>>,
}

/// A hook that is declared.
struct Known {
    limits: Limits,
    /// What it is told as its configuration.
    config: String,
    answers: HookAnswers,
    module: Result<Module, Failure>,
}

impl std::fmt::Debug for Modules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Modules").field("hooks", &self.loaded().hooks.keys()).finish_non_exhaustive()
    }
}

impl Modules {
    /// Loads the modules of a program; their files are named relative to `folder`.
    ///
    /// A module that is not there is no error: each call of its hook fails, and [`Modules::absent`] and the log say so. One
    /// that is there and is not what the program was checked with, or no hook, is refused.
    ///
    /// # Errors
    /// The first module that is unfit, and what to do about it; or a cache that others could write to.
    pub fn open(program: &Program, folder: impl AsRef<Path>, setup: Setup) -> Result<Modules, Unfit> {
        let modules = Modules::none(setup)?;
        modules.take_up(program, folder)?;
        Ok(modules)
    }

    /// Loads the modules of a bundle's program: those that came along, and the others from their files, as [`Modules::open`].
    ///
    /// # Errors
    /// As [`Modules::open`].
    pub fn of_bundle(bundle: &Bundle, folder: impl AsRef<Path>, setup: Setup) -> Result<Modules, Unfit> {
        let modules = Modules::none(setup)?;
        modules.take_up_with(&bundle.program, folder.as_ref(), &bundle.modules)?;
        Ok(modules)
    }

    /// No modules yet.
    ///
    /// # Errors
    /// Where others could write to the cache, or it cannot be made.
    pub fn none(setup: Setup) -> Result<Modules, Unfit> {
        let cache = match &setup.cache {
            Some(path) => Some(Cache::open(path).map_err(|e| Unfit {
                hook: String::new(),
                path: path.clone(),
                why: Misfit::Cache(e.to_string()),
            })?),
            None => None,
        };
        let loaded = Loaded { setup, cache, version: "".into(), hooks: BTreeMap::new() };
        Ok(Modules(Arc::new(RwLock::new(loaded))))
    }

    /// Loads the module of one hook from its bytes, for a host that has them elsewhere than in files.
    ///
    /// # Errors
    /// What is wrong with it; nothing has changed then.
    pub fn add(&self, hook: &Hook, bytes: Vec<u8>) -> Result<(), Misfit> {
        let (setup, cache) = {
            let loaded = self.loaded();
            (loaded.setup.clone(), loaded.cache.clone())
        };
        let known = Known::of(hook, Some(bytes), &setup, cache.as_ref())?;
        let mut loaded = self.0.write().unwrap_or_else(PoisonError::into_inner);
        loaded.hooks.insert(hook.name.clone(), Arc::new(known));
        Ok(())
    }

    /// Loads the modules of a newer program, before it is loaded itself; all clones have them at once. Hooks that only the
    /// older one declares keep theirs, for those who are still in it.
    ///
    /// # Errors
    /// As [`Modules::open`]; nothing has changed then.
    pub fn take_up(&self, program: &Program, folder: impl AsRef<Path>) -> Result<(), Unfit> {
        self.take_up_with(program, folder.as_ref(), &BTreeMap::new())
    }

    /// As [`Modules::take_up`]; what came along, by its hash, is not looked for in files.
    fn take_up_with(&self, program: &Program, folder: &Path, along: &BTreeMap<String, Vec<u8>>) -> Result<(), Unfit> {
        let (setup, cache) = {
            let loaded = self.loaded();
            (loaded.setup.clone(), loaded.cache.clone())
        };
        let mut fresh = BTreeMap::new();
        for hook in &program.hooks {
            let path = folder.join(&hook.from);
            let known = match hook.sha256.as_ref().and_then(|hash| along.get(hash)) {
                Some(bytes) => Known::of(hook, Some(bytes.clone()), &setup, cache.as_ref()),
                None => Known::load(hook, &path, &setup, cache.as_ref()),
            };
            let known = known.map_err(|why| Unfit { hook: hook.name.clone(), path: path.clone(), why })?;
            if let Err(why) = &known.module {
                tracing::error!(target: "journey::hooks", hook = hook.name, path = %path.display(), %why, "each call of this hook will fail");
            }
            fresh.insert(hook.name.clone(), Arc::new(known));
        }
        let mut loaded = self.0.write().unwrap_or_else(PoisonError::into_inner);
        loaded.version = program.hash.as_str().into();
        loaded.hooks.extend(fresh);
        Ok(())
    }

    /// Hooks without a module, each as a sentence.
    #[must_use]
    pub fn absent(&self) -> Vec<String> {
        let loaded = self.loaded();
        let absent = loaded.hooks.iter().filter_map(|(name, known)| Some((name, known.module.as_ref().err()?)));
        absent.map(|(name, why)| format!("each call of hook `{name}` fails: {why}")).collect()
    }

    /// The names of the hooks whose modules are there.
    #[must_use]
    pub fn present(&self) -> BTreeSet<String> {
        let loaded = self.loaded();
        loaded.hooks.iter().filter(|(_, known)| known.module.is_ok()).map(|(name, _)| name.clone()).collect()
    }

    fn loaded(&self) -> std::sync::RwLockReadGuard<'_, Loaded> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The hook, and the version of the program that asks.
    fn known(&self, hook: &str) -> Option<(Arc<Known>, Arc<str>)> {
        let loaded = self.loaded();
        Some((Arc::clone(loaded.hooks.get(hook)?), Arc::clone(&loaded.version)))
    }

    /// Asks a hook of this world something, as often as it has to be, and says how it ran.
    fn asked<R>(
        &self,
        request: &HookRequest,
        told: &[&str],
        mut ask: impl FnMut(&Known, Context<'_>) -> Called<R>,
    ) -> (Result<R, Failure>, Option<Ran>) {
        let HookRequest { position, hook, by, .. } = request;
        let Some((known, version)) = self.known(hook) else { return (Err(UNKNOWN), None) };
        let module = match &known.module {
            Ok(module) => module,
            Err(why) => return (Err(why.clone()), None),
        };
        let execution = execution(by, hook, *position, told);
        let mut context = Context {
            journey: &by.journey,
            version: &version,
            hook,
            execution: execution.get(..32).unwrap_or(&execution),
            step: by.step,
            attempt: 1,
            now_ms: u64::try_from(by.now).unwrap_or(0),
            // Other digits than those that it sees as `execution`.
            seed: execution.get(32..48).and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(0),
            config: &known.config,
        };
        let input = input(&context, told);
        let size = told.iter().map(|t| t.len()).sum::<usize>() + known.config.len();
        let ran =
            |fuel, attempts| Some(Ran { module: module.sha256.clone(), input: Some(input.clone()), fuel, attempts });
        if size > known.limits.input {
            return (Err(Failure::Input { has: size, most: known.limits.input }), ran(Some(0), 0));
        }
        let first = ask(&known, context);
        if !first.interrupted {
            return (first.result, ran(Some(first.fuel), 1));
        }
        // It had fuel left: the machine was busy, or what it does takes longer than its fuel says. Once more tells which.
        context.attempt = 2;
        let second = ask(&known, context);
        (second.result, ran((!second.interrupted).then_some(second.fuel), 2))
    }
}

/// Names one question: the same whenever the same step is made again.
fn execution(by: &Asker, hook: &str, position: u32, told: &[&str]) -> String {
    let Asker { customer, journey, instance, step, now } = by;
    let numbers = format!("{instance}/{step}/{now}/{position}");
    let mut parts = vec!["execution", customer, journey, &numbers, hook];
    parts.extend(told);
    crate::engine::digest(&parts)
}

/// All that the module is told, as one hash; which attempt it is left out.
fn input(context: &Context<'_>, told: &[&str]) -> String {
    let Context { journey, version, hook, execution, step, attempt: _, now_ms, seed, config } = context;
    let numbers = format!("{step}/{now_ms}/{seed}");
    let mut parts = vec!["input", *journey, *version, *hook, *execution, &numbers, *config];
    parts.extend(told);
    crate::engine::digest(&parts)
}

impl Known {
    fn load(hook: &Hook, path: &Path, setup: &Setup, cache: Option<&Cache>) -> Result<Known, Misfit> {
        Known::of(hook, read(path, setup.ceilings(&hook.name).module_of(hook))?, setup, cache)
    }

    fn of(hook: &Hook, bytes: Option<Vec<u8>>, setup: &Setup, cache: Option<&Cache>) -> Result<Known, Misfit> {
        let ceilings = setup.ceilings(&hook.name);
        let limits = Limits::of(hook, ceilings)?;
        let module = match bytes {
            Some(bytes) => Ok(Module::load(bytes, hook, ceilings, cache)?),
            None => Err(Failure::Missing(hook.from.clone())),
        };
        let config = setup.config.get(&hook.name).unwrap_or(&Json::Null).to_string();
        Ok(Known { limits, config, answers: hook.answers.clone(), module })
    }

    /// Calls the module once, and takes what it says about itself for what it is.
    fn call<'a, P, R, T>(&self, context: Context<'a>, params: impl FnOnce(Context<'a>) -> P) -> Called<T>
    where
        P: wasmtime::component::ComponentNamedList + wasmtime::component::Lower,
        R: wasmtime::component::ComponentNamedList
            + wasmtime::component::Lift
            + Into<(Result<T, HookError>,)>
            + 'static,
    {
        let (place, module) = match (place(), &self.module) {
            (Ok(place), Ok(module)) => (place, module),
            (_, Err(why)) => return Called { result: Err(why.clone()), fuel: 0, interrupted: false },
            (Err(_), _) => {
                let result = Err(Failure::Host("this machine cannot run modules"));
                return Called { result, fuel: 0, interrupted: false };
            }
        };
        let names = (context.hook, context.execution);
        let Called { result, fuel, interrupted } =
            call::<P, R>(place, &module.ready, &self.limits, names, params(context));
        let result = result.and_then(|said| {
            let (said,) = said.into();
            said.map_err(|error| declined(names, error))
        });
        Called { result, fuel, interrupted }
    }
}

impl<R> Called<R> {
    /// What is said, held against what may be said.
    fn and<T>(self, hold: impl FnOnce(R) -> Result<T, Failure>) -> Called<T> {
        Called { result: self.result.and_then(hold), fuel: self.fuel, interrupted: self.interrupted }
    }
}

/// A hook's own reason goes to the log of the service: it may hold what the hook was told.
fn declined((hook, execution): (&str, &str), error: HookError) -> Failure {
    let (failure, said) = match error {
        HookError::Invalid(said) => (Failure::Invalid, said),
        HookError::Rejected(said) => (Failure::Rejected, said),
        HookError::Retryable(said) => (Failure::Retryable, said),
        HookError::Failed(said) => (Failure::Failed, said),
    };
    let said = crate::intake::cut(&said, 1 << 10);
    tracing::debug!(target: "journey::hooks", hook, execution, kind = failure.kind(), said, "a hook gave no answer");
    failure
}

impl Hooks for Modules {
    fn ask(&mut self, request: &HookRequest) -> HookReply {
        let HookRequest { hook, args, .. } = request;
        let subject = args.iter().map(|(name, value)| (name.clone(), to_json(value))).collect();
        let subject = Json::Object(subject).to_string();
        let told = subject.as_str();
        let Some(answers) = self.known(hook).map(|(known, _)| known.answers.clone()) else {
            return HookAnswer::Failed(UNKNOWN.to_string()).into();
        };
        let (answer, ran) = match &answers {
            HookAnswers::Number => self.asked(request, &[told], |known, context| {
                known.call::<_, Scored, f64>(context, |context| (context, told)).and(number)
            }),
            HookAnswers::OneOf(names) => {
                let options: Vec<&str> = names.iter().map(String::as_str).collect();
                let all: Vec<&str> = [told].into_iter().chain(options.iter().copied()).collect();
                self.asked(request, &all, |known, context| {
                    let params = |context| (context, told, options.as_slice());
                    known.call::<_, Chosen, u32>(context, params).and(|place| match names.get(place as usize) {
                        Some(name) => Ok(HookAnswer::Outcome(name.clone())),
                        None => Err(Failure::Contract("it chose what is not there")),
                    })
                })
            }
            HookAnswers::Verdicts => self.asked(request, &[told], |known, context| {
                let rows = [told];
                known.call::<_, Validated, Vec<RowVerdict>>(context, |context| (context, &rows[..])).and(verdicts)
            }),
            HookAnswers::Data => self.asked(request, &[told], |known, context| {
                known.call::<_, Transformed, Vec<String>>(context, |context| (context, told)).and(data)
            }),
        };
        HookReply { answer: answer.unwrap_or_else(|why| HookAnswer::Failed(why.to_string())), ran }
    }
}

fn number(number: f64) -> Result<HookAnswer, Failure> {
    if number.is_finite() {
        Ok(HookAnswer::Number(number))
    } else {
        Err(Failure::Contract("it said a number that is none (NaN or infinity)"))
    }
}

/// Of one row, since an event comes alone.
fn verdicts(verdicts: Vec<RowVerdict>) -> Result<HookAnswer, Failure> {
    if verdicts.iter().any(|v| v.row != 0) {
        return Err(Failure::Contract("it judged a row that is not there"));
    }
    let told = verdicts.into_iter().map(|v| Verdict { code: v.code, message: v.message });
    Ok(HookAnswer::Verdicts(told.collect()))
}

/// One row for one row: an event neither vanishes nor becomes several. Whether it has the declared types is asked by the
/// step.
fn data(rows: Vec<String>) -> Result<HookAnswer, Failure> {
    let [row] = rows.as_slice() else { return Err(Failure::Contract("it gave none or several for one event")) };
    let json = serde_json::from_str(row).map_err(|_| Failure::Contract("it said what is no JSON"))?;
    Ok(HookAnswer::Data(json))
}
