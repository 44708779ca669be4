//! What is called exact is reached by the engine that hosts run, with its store, its timers and its outbox: the day that the
//! checker found worst is fed to it, and exactly that many messages leave.
//!
//! Besides the examples, random journeys of the compiler's honesty suite, with what they are
//! part of: `JOURNEY_PORTFOLIOS` says how many (111), `JOURNEY_SEED` the first (1).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

#[path = "../../compiler/tests/honesty/journeys.rs"]
#[allow(dead_code, reason = "its other half is the compiler's")]
mod journeys;
#[path = "../../compiler/tests/honesty/world.rs"]
#[allow(dead_code, reason = "its other half is the compiler's")]
mod world;

use std::sync::{Arc, Mutex};

use journey_compiler::check::bounds::{Bound, Kind, Scope, Tried, proven_of};
use journey_compiler::source::Memory as Texts;
use journey_compiler::witness::Leaves;
use journey_runtime::channels::{ChannelError, Discard};
use journey_runtime::service::NoService;
use journey_runtime::store::{Memory, Sqlite};
use journey_runtime::{Arrival, Channel, Delivery, Engine, Hooks, Out, Outside, Store, Taken};
use journey_spec::program::{Channel as Way, DAY, HOUR, HookAnswers};
use journey_spec::value::fields_to_json;
use journey_spec::{Program, Ts};
use journey_step::effect::Release;
use journey_step::{HookAnswer, HookReply, HookRequest, Input};
use journey_tests::random::asked;

/// What left, and when it was decided.
type Left = Arc<Mutex<Vec<(Ts, Release)>>>;

struct Gateway(Left);

impl Channel for Gateway {
    fn send(&mut self, message: Out<'_, Release>) -> Result<Delivery, ChannelError> {
        self.0.lock().unwrap().push((message.at, message.item.clone()));
        Ok(Delivery::Delivered)
    }
}

/// Hooks as the checker's day has them: what filters lets everything in, and what a journey asks fails.
struct Lenient(Arc<Program>);

impl Hooks for Lenient {
    fn ask(&mut self, request: &HookRequest) -> HookReply {
        match self.0.hook(&request.hook).map(|(_, hook)| &hook.answers) {
            Some(HookAnswers::Verdicts) => HookAnswer::Verdicts(Vec::new()),
            Some(HookAnswers::Data) => HookAnswer::Data(fields_to_json(&request.args.iter().cloned().collect())),
            _ => HookAnswer::Failed(String::new()),
        }
        .into()
    }
}

/// The engine lives through the day, in the store that is given: what left.
fn lived(program: &Arc<Program>, tried: &Tried, store: Box<dyn Store>) -> Vec<(Ts, Release)> {
    let left = Left::default();
    let outside = Outside {
        channel: Box::new(Gateway(Arc::clone(&left))),
        desk: Box::new(Discard),
        service: Box::new(NoService),
    };
    let hooks = Box::new(Lenient(Arc::clone(program)));
    let mut engine = Engine::open(Arc::clone(program), store).unwrap().connect(outside).ask_hooks(hooks);
    let day = &tried.replayed;
    // Orders and inputs by time; an order goes before what comes at its instant.
    let mut acts: Vec<(Ts, Option<Ts>, Option<&Input>)> =
        day.held.iter().map(|(from, until)| (*from, Some(*until), None)).collect();
    acts.extend(day.came.iter().map(|(at, input)| (*at, None, Some(input))));
    acts.sort_by_key(|(at, until, _)| (*at, until.is_none()));
    let ends = tried.ends;
    for (n, (at, until, input)) in acts.into_iter().enumerate() {
        if let Some(until) = until {
            engine.advance_to(at - 1).unwrap();
            engine.dispatch(at - 1).unwrap();
            for way in Way::ALL {
                engine.pause(way, Some(until)).unwrap();
            }
        }
        if let Some(input) = input {
            let taken = engine.take(&[Arrival::new(format!("i{n}"), at, &day.customer, input.clone())]).unwrap();
            assert!(matches!(taken[..], [Taken::Accepted { .. } | Taken::Refused(_)]), "{input:?}: {taken:?}");
            engine.dispatch(at).unwrap();
        }
    }
    engine.advance_to(ends).unwrap();
    engine.dispatch(ends).unwrap();
    engine.advance_to(ends).unwrap();
    drop(engine);
    Arc::try_unwrap(left).unwrap().into_inner().unwrap()
}

fn counts(bound: &Bound, left: &Release) -> bool {
    bound.channel.is_none_or(|c| c == left.channel) && bound.purpose.is_none_or(|p| p == left.purpose)
}

/// The most of what the bound counts that left in any of its windows.
fn most(tried: &Tried, bound: &Bound, left: &[(Ts, Release)]) -> u64 {
    // The engine does not tell which instance sent: its n-th message is the day's n-th, which is compared as well.
    let theirs: Vec<&Leaves> = tried.replayed.left.iter().collect();
    let about = |n: usize| theirs.get(n).is_some_and(|leaves| tried.is_about(leaves));
    let at: Vec<Ts> = left
        .iter()
        .enumerate()
        .filter(|(n, (_, release))| about(*n) && counts(bound, release))
        .map(|(_, (at, _))| *at)
        .collect();
    let Some(window) = bound.window else { return at.len() as u64 };
    at.iter().map(|last| at.iter().filter(|t| **t <= *last && last - **t < window).count() as u64).max().unwrap_or(0)
}

/// Holds every bound that is called exact against the engine; gives how many there were, and all that is wrong.
fn held(name: &str, program: Program, file: bool) -> (usize, Vec<String>) {
    let mut asked: Vec<(Scope, Option<i64>)> = [HOUR, DAY, 7 * DAY].map(|w| (Scope::Customer, Some(w))).to_vec();
    for n in 0..program.journeys.len().min(3) {
        let scope = Scope::Instance(journey_spec::program::JourneyId(u32::try_from(n).unwrap()));
        asked.extend([(scope, Some(DAY)), (scope, None)]);
    }
    let proof = proven_of(&program, &asked);
    let program = Arc::new(program);
    let mut wrong = Vec::new();
    let mut done = std::collections::BTreeMap::new();
    let mut many = 0;
    for (bound, worst) in proof.bounds.iter().zip(&proof.worst) {
        let (Kind::Exact, Some(at_most), Some(number)) = (bound.kind, bound.at_most, worst) else { continue };
        if at_most == 0 {
            continue;
        }
        let tried = &proof.tried[*number];
        let left = done.entry(*number).or_insert_with(|| {
            let folder = tempfile::tempdir().unwrap();
            let store: Box<dyn Store> =
                if file { Box::new(Sqlite::open(folder.path().join("a.db")).unwrap()) } else { Box::new(Memory::new()) };
            let mut left = lived(&program, tried, store);
            left.retain(|(_, release)| release.journey.is_some());
            let theirs: Vec<_> = tried.replayed.left.iter().map(|l| (l.at, l.message.as_str(), l.channel)).collect();
            let ours: Vec<_> = left.iter().map(|(at, r)| (*at, r.message.as_str(), r.channel)).collect();
            if theirs != ours {
                let first = theirs.iter().zip(&ours).position(|(a, b)| a != b);
                wrong.push(format!(
                    "{name}, day {number}: the engine sent {} messages and the checker {}, other ones from {first:?} on",
                    ours.len(),
                    theirs.len()
                ));
            }
            left
        });
        let reached = most(tried, bound, left);
        many += 1;
        if reached != at_most {
            wrong.push(format!(
                "{name}: {} in {:?} ms: {at_most} is called exact, and {reached} left",
                bound.subject, bound.window
            ));
        }
    }
    (many, wrong)
}

fn compiled(name: &str, text: &str) -> Option<Program> {
    let sources = Texts([(name.to_owned(), text.to_owned())].into());
    let compiled = journey_compiler::compile(&[name.to_owned()], &sources);
    let broken = |code: &str| code < "J02" || code == "J0204";
    let errors =
        compiled.findings.iter().any(|f| broken(f.code.code) && f.code.level == journey_spec::codes::Level::Error);
    compiled.program.filter(|_| !errors)
}

#[test]
fn what_is_called_exact_of_the_examples_leaves_the_engine() {
    let mut all = 0;
    for (name, files) in [
        ("appointment", vec!["appointment.journey"]),
        ("boarding", vec!["boarding.journey"]),
        ("outage", vec![]),
        ("order-status", vec![]),
        ("pickup-nearby", vec![]),
    ] {
        let folder = journey_tests::root().join("examples").join(name);
        let files: Vec<String> = match files.is_empty() {
            false => files.into_iter().map(str::to_owned).collect(),
            true => std::fs::read_dir(folder)
                .unwrap()
                .map(|e| e.unwrap().file_name().into_string().unwrap())
                .filter(|f| f.ends_with(".journey") && !f.contains(".scenario."))
                .collect(),
        };
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let compiled = journey_tests::example(name, &files);
        let Some(program) = compiled.program else { panic!("{name}: {}", journey_tests::printed(&compiled)) };
        let (many, wrong) = held(name, program, true);
        println!("{name}: {many} exact bounds");
        assert!(wrong.is_empty(), "{wrong:#?}");
        all += many;
    }
    assert!(all > 0, "nothing is called exact");
}

#[test]
fn what_is_called_exact_of_random_portfolios_leaves_the_engine() {
    let (first, many) = (asked("JOURNEY_SEED", 1), asked("JOURNEY_PORTFOLIOS", 111));
    let (mut bounds, mut programs, mut found) = (0, 0, Vec::new());
    for seed in first..first + many {
        let (name, parts) = journeys::SERIES[usize::try_from(seed).unwrap() % journeys::SERIES.len()];
        let text = journeys::Journey::random(parts, seed).plain();
        let Some(program) = compiled("main.journey", &text) else { continue };
        let (exact, wrong) = held(name, program, seed.is_multiple_of(4));
        bounds += exact;
        programs += usize::from(exact > 0);
        found.extend(wrong.into_iter().take(2).map(|w| format!("seed {seed}: {w}\n{text}\n")));
    }
    println!("{many} portfolios from {first}: {bounds} bounds of {programs} programs are exact and were reached");
    assert!(
        found.is_empty(),
        "{} are wrong; again with JOURNEY_SEED=… JOURNEY_PORTFOLIOS=1:\n{}",
        found.len(),
        found.iter().take(3).cloned().collect::<String>()
    );
    assert!(many < 100 || bounds > 100, "hardly anything was called exact: {bounds}");
}
