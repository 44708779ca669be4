//! Hooks where a host embeds the runtime: each hostile module beside healthy customers of the same shard. The hostile call costs
//! its own customer a failure branch, with the reason in the timeline; healthy ones are answered while it is under way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use journey_runtime::gateway::{Backend, Call, Case as Handover, Casework, Delivery, Gateway, Message, SendError};
use journey_runtime::hooks::{Modules, Setup};
use journey_runtime::store::Memory;
use journey_runtime::{Answer, Event, Hooks, Runtime, Taken, async_trait};
use journey_spec::program::{
    Action, Ask, Branch, Cmp, Cond, Expr, Field, Hook, HookAnswers, HookId, Judgement, Set, StateId, Then, Trigger,
};
use journey_spec::types::Type;
use journey_spec::value::Value;
use journey_spec::{Program, time::Zone};
use journey_step::{HookReply, HookRequest};
use serde_json::json;

use super::cases::{self, Case};
use super::common::{declared, put};
use super::guests::{chooser, place};
use super::world;

struct Quiet;

#[async_trait]
impl Gateway for Quiet {
    async fn send(&self, _: &Message) -> Result<Delivery, SendError> {
        Ok(Delivery::Delivered)
    }
}

#[async_trait]
impl Casework for Quiet {
    async fn open(&self, _: &Handover) -> Result<(), SendError> {
        Ok(())
    }
}

#[async_trait]
impl Backend for Quiet {
    async fn call(&self, _: &Call) -> Answer {
        Answer::Outcome("yes".into())
    }
}

/// Orders that begin with what `triage` says, which is well-behaved: `calm` waits. A change is judged by `hostile`: what it says
/// is fine waits too, and what it fails at goes to a person.
fn program(case: &Case) -> Program {
    let mut program = world::program();
    let names = HookAnswers::OneOf(vec!["calm".into(), "severe".into()]);
    let severe = Judgement::Outcome("severe".into());
    let hostile = if case.chooses {
        Hook { on_failure: severe.clone(), ..declared("hostile", names.clone()) }
    } else {
        Hook { on_failure: Judgement::Number(1.0), ..declared("hostile", HookAnswers::Number) }
    };
    program.hooks = vec![Hook { on_failure: severe, ..declared("triage", names) }, hostile];
    let ask = |hook, name: &str| Ask {
        hook: HookId(hook),
        args: vec![Expr::Path(vec!["order".into(), "item".into()])],
        text: format!("{name}(order.item)"),
    };
    let ways = || vec![("calm".into(), StateId(1)), ("severe".into(), StateId(4))];
    let journey = &mut program.journeys[0];
    let mut judged = journey.states[0].clone();
    (judged.name, judged.entry, judged.next) = ("judged".into(), Vec::new(), None);
    if case.chooses {
        judged.branch = Some(Branch::Hook { ask: ask(1, "hostile"), ways: ways() });
    } else {
        journey.data.push(Field { name: "score".into(), ty: Type::Number, sensitive: None });
        let path = vec!["score".into()];
        judged.entry = vec![Action::Set(Set {
            path: path.clone(),
            value: Expr::Literal(Value::Number(1.0)),
            hook: Some(ask(1, "hostile")),
            optional: false,
            sensitive: false,
        })];
        let is_high = Cond::Compare { left: Expr::Path(path), by: Cmp::More, right: Expr::Literal(Value::Number(0.5)) };
        judged.branch = Some(Branch::When(vec![(Some(is_high), StateId(4)), (None, StateId(1))]));
    }
    journey.states.push(judged);
    let placed = &mut journey.states[0];
    (placed.entry, placed.next) = (Vec::new(), None);
    placed.branch = Some(Branch::Hook { ask: ask(0, "triage"), ways: ways() });
    let changed = &mut journey.states[1].arrows[0];
    let Trigger::Event { settle, .. } = &mut changed.on else { panic!("{changed:?}") };
    *settle = None;
    changed.then = Then::Goto(StateId(6));
    program.seal()
}

/// Modules of which the hostile one's calls end when they are let go.
#[derive(Clone)]
struct Held {
    modules: Modules,
    is_open: Arc<(Mutex<bool>, Condvar)>,
    /// Hostile calls that have begun.
    begun: Arc<AtomicUsize>,
    took: Arc<Mutex<Vec<Duration>>>,
}

impl Held {
    fn open(&self) {
        *self.is_open.0.lock().unwrap() = true;
        self.is_open.1.notify_all();
    }
}

impl Hooks for Held {
    fn ask(&mut self, request: &HookRequest) -> HookReply {
        if request.hook != "hostile" {
            return self.modules.ask(request);
        }
        self.begun.fetch_add(1, Ordering::SeqCst);
        let began = Instant::now();
        let reply = self.modules.ask(request);
        self.took.lock().unwrap().push(began.elapsed());
        let is_open = self.is_open.0.lock().unwrap();
        drop(self.is_open.1.wait_while(is_open, |open| !*open).unwrap());
        reply
    }
}

/// A runtime of one shard with the modules of a case.
struct Served {
    runtime: Runtime,
    held: Held,
}

impl Served {
    fn start(case: &Case) -> Served {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "triage", &chooser(&place(0)).build());
        put(folder.path(), "hostile", &case.guest.build());
        let program = program(case);
        let modules = Modules::open(&program, folder.path(), Setup::default()).unwrap_or_else(|e| panic!("{e}"));
        let held = Held { modules, is_open: Arc::default(), begun: Arc::default(), took: Arc::default() };
        let hooks = held.clone();
        let runtime = Runtime::builder(program)
            .store(Memory::new())
            .channel("sms", Quiet)
            .channel("email", Quiet)
            .desk(Quiet)
            .service("check", Quiet)
            .hooks(move || Box::new(hooks.clone()))
            .start()
            .unwrap();
        Served { runtime, held }
    }

    async fn event(&self, event: &str, id: &str, order: &str) {
        let data = json!({"order": {"id": order, "item": "tea"}});
        let event = Event::new(event, id).id(&format!("{event}-{order}")).data(data);
        let taken = self.runtime.deliver(event).await.unwrap();
        assert!(matches!(taken, Taken::Accepted { .. }), "{taken:?}");
    }

    /// A new customer orders; how long the order took to be answered.
    async fn order(&self, id: &str) -> Duration {
        let data = json!({"first_name": "V", "phone": "+44 7700 900123", "zone": "Europe/London"});
        self.runtime.deliver(Event::updated(id).id(&format!("new-{id}")).data(data)).await.unwrap();
        let began = Instant::now();
        self.event("order.placed", id, id).await;
        began.elapsed()
    }

    async fn told(&self, id: &str) -> Vec<String> {
        self.runtime.timeline(id).await.unwrap().iter().map(|e| e.sentence(&Zone::utc())).collect()
    }

    async fn count(&self, state: &str) -> usize {
        self.runtime.customers_in("order", state).await.unwrap().len()
    }
}

const HOSTILE: usize = 4;
const HEALTHY: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn healthy_customers_are_answered_while_a_hostile_call_is_under_way_and_its_own_goes_the_failure_branch() {
    for case in cases::all() {
        let name = case.name;
        let served = Arc::new(Served::start(&case));
        for n in 0..HOSTILE {
            served.order(&format!("hostile-{n}")).await;
        }
        let hostile: Vec<_> = (0..HOSTILE)
            .map(|n| {
                let (served, id) = (Arc::clone(&served), format!("hostile-{n}"));
                tokio::spawn(async move { served.event("order.changed", &id, &id).await })
            })
            .collect();
        while served.held.begun.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let mut healthy = Vec::new();
        for n in 0..HEALTHY {
            healthy.push(served.order(&format!("healthy-{n}")).await);
        }
        // Order and not time: had one of them waited for the hostile call, this would not be reached.
        assert!(hostile.iter().all(|task| !task.is_finished()), "{name}");
        assert_eq!((served.count("waiting").await, served.count("agent").await), (HEALTHY + HOSTILE, 0), "{name}");
        served.held.open();
        for task in hostile {
            task.await.unwrap();
        }
        assert_eq!((served.count("waiting").await, served.count("agent").await), (HEALTHY, HOSTILE), "{name}");
        let told = served.told("hostile-0").await;
        let line = format!("hook hostile failed: {}", case.reason);
        assert!(told.iter().any(|t| t.starts_with(&line)), "{name}: {told:#?}");
        // The next calls, of her and of others, and of the same module.
        served.event("order.placed", "hostile-0", "again").await;
        served.order("next").await;
        served.event("order.changed", "next", "next").await;
        let told = served.told("hostile-0").await;
        assert_eq!(told.iter().filter(|t| t.starts_with("hook triage says calm")).count(), 2, "{name}: {told:#?}");
        assert!(served.told("next").await.iter().any(|t| t.starts_with(&line)), "{name}");
        served.runtime.shutdown().await;
        healthy.sort();
        println!("{name}: healthy meanwhile, median {:?}, longest {:?}", healthy[HEALTHY / 2], healthy[HEALTHY - 1]);
    }
}

/// Prints what came of each hostile module where 50 customers ask it while 200 healthy ones come, one after another:
/// `cargo test -p journey-runtime --test hooks --release -- --ignored --nocapture table`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures, and asserts nothing about time"]
async fn table() {
    println!("| a module that | what happened | its call | healthy customers meanwhile, median | longest |");
    println!("|---|---|---|---|---|");
    let mut cases = cases::all();
    let guest = chooser(&place(0));
    cases.insert(0, Case { name: "is well-behaved", guest, chooses: true, reason: "" });
    for case in cases {
        let served = Arc::new(Served::start(&case));
        served.held.open();
        for n in 0..50 {
            served.order(&format!("hostile-{n}")).await;
        }
        let mut hostile = tokio::task::JoinSet::new();
        for n in 0..50 {
            let (served, id) = (Arc::clone(&served), format!("hostile-{n}"));
            hostile.spawn(async move { served.event("order.changed", &id, &id).await });
        }
        let mut healthy = Vec::new();
        for n in 0..200 {
            healthy.push(served.order(&format!("healthy-{n}")).await);
        }
        while hostile.join_next().await.is_some() {}
        let told = served.told("hostile-0").await;
        let said = told.iter().rev().find_map(|t| t.strip_prefix("hook hostile ")).unwrap_or("").to_owned();
        let said = said.split("; as if").next().unwrap_or("").split(" (module").next().unwrap_or("");
        let mut took = served.held.took.lock().unwrap().clone();
        took.sort();
        healthy.sort();
        println!("| {} | {said} | {:.1?} | {:.1?} | {:.1?} |", case.name, took[25], healthy[100], healthy[199]);
        served.runtime.shutdown().await;
    }
}
