//! Hooks that take long: whose step waits for one is put aside, and everybody else goes on.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use journey_runtime::clock::Manual;
use journey_runtime::store::sim::{Faults, Sim};
use journey_runtime::store::{Memory, Sqlite};
use journey_runtime::{
    Arrival, Builder, Engine, Event, Hooks, Options, Outside, Pace, Reply, Runtime, RuntimeError, Taken, parse_line,
};
use journey_spec::Program;
use journey_spec::program::{Ask, Branch, DAY, Expr, Hook, HookAnswers, HookId, Judgement, StateId};
use journey_spec::program::{Channel, Field, Trigger};
use journey_spec::time::{Zone, rfc3339};
use journey_spec::types::Type;
use journey_step::{HookAnswer, HookReply, HookRequest};
use serde_json::json;

use super::common::{placed, updated};
use super::stores::Held;
use super::{Provider, Says, customer, order, t0, until};

/// Says `calm`, to those whose names begin with `slow` only when they are let go; panics for `panic`.
#[derive(Clone, Default)]
struct Gate {
    open: Arc<(Mutex<BTreeSet<String>>, Condvar)>,
    asked: Arc<Mutex<Vec<HookRequest>>>,
}

impl Gate {
    fn let_go(&self, customer: &str) {
        self.open.0.lock().unwrap().insert(customer.into());
        self.open.1.notify_all();
    }

    fn asked(&self, customer: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|r| r.by.customer == customer).count()
    }
}

impl Hooks for Gate {
    fn ask(&mut self, request: &HookRequest) -> HookReply {
        let who = &request.by.customer;
        self.asked.lock().unwrap().push(request.clone());
        assert_ne!(who, "panic");
        if who.starts_with("slow") {
            let open = self.open.0.lock().unwrap();
            drop(self.open.1.wait_while(open, |open| !open.contains(who)).unwrap());
        }
        HookAnswer::Outcome("calm".into()).into()
    }
}

/// Orders that a hook judges first (`placed`), again after a day (`asking`), and where a service has said yes (`done`).
fn program() -> Program {
    let mut program = super::program();
    let item = Field { name: "item".into(), ty: Type::Text { max: 1_000 }, sensitive: None };
    program.hooks = vec![Hook {
        name: "triage".into(),
        params: vec![item],
        answers: HookAnswers::OneOf(vec!["calm".into(), "severe".into()]),
        from: "triage.wasm".into(),
        largest: 4,
        sha256: None,
        within: Hook::WITHIN,
        memory: Hook::MEMORY,
        on_failure: Judgement::Outcome("severe".into()),
    }];
    let judged = |calm: u32| {
        let ask = Ask {
            hook: HookId(0),
            args: vec![Expr::Path(vec!["order".into(), "item".into()])],
            text: "triage(order.item)".into(),
        };
        Some(Branch::Hook { ask, ways: vec![("calm".into(), StateId(calm)), ("severe".into(), StateId(4))] })
    };
    let journey = &mut program.journeys[0];
    let mut again = journey.states[0].clone();
    (again.name, again.entry, again.next, again.branch) = ("again".into(), Vec::new(), None, judged(3));
    let mut last = again.clone();
    (last.name, last.branch) = ("last".into(), judged(5));
    journey.states.extend([again, last]);
    let placed = &mut journey.states[0];
    (placed.next, placed.branch) = (None, judged(1));
    for arrow in &mut journey.states[1].arrows {
        if arrow.on == Trigger::After(DAY) {
            arrow.then = journey_spec::program::Then::Goto(StateId(6));
        }
    }
    for action in &mut journey.states[3].entry {
        if let journey_spec::program::Action::Call(call) = action {
            call.outcomes.insert("yes".into(), StateId(7));
        }
    }
    program.seal()
}

fn hooked(provider: &Provider, gate: &Gate) -> Builder {
    let gate = gate.clone();
    Runtime::builder(program())
        .channel("sms", provider.clone())
        .channel("email", provider.clone())
        .desk(provider.clone())
        .service("check", Says("yes"))
        .hooks(move || Box::new(gate.clone()))
}

async fn told(runtime: &Runtime, id: &str) -> Vec<String> {
    runtime.timeline(id).await.unwrap().iter().map(|e| e.sentence(&Zone::utc())).collect()
}

async fn is_in(runtime: &Runtime, state: &str, id: &str) -> bool {
    runtime.customers_in("order", state).await.unwrap().iter().any(|c| c == id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_go_on_while_one_customers_hook_is_asked_and_her_own_inputs_wait() {
    let (provider, gate) = (Provider::default(), Gate::default());
    let clock = Manual::at(t0());
    let runtime = hooked(&provider, &gate).store(Memory::new()).clock(clock.clone()).start().unwrap();
    customer(&runtime, "slow", "+44 7700 900001").await;
    let first = tokio::spawn({
        let runtime = runtime.clone();
        async move { order(&runtime, "1", "slow").await }
    });
    until("the hook is asked", || gate.asked("slow") == 1).await;
    let behind = tokio::spawn({
        let runtime = runtime.clone();
        async move { runtime.deliver(Reply::new("reply", "slow", Channel::Sms, "thank you")).await.unwrap() }
    });
    for n in 0..20 {
        let id = format!("quick-{n}");
        customer(&runtime, &id, &format!("+44 7700 9001{n:02}")).await;
        assert!(matches!(order(&runtime, &format!("q{n}"), &id).await, Taken::Accepted { .. }));
        assert!(is_in(&runtime, "waiting", &id).await, "her hook was asked and has answered");
    }
    assert!(!first.is_finished() && !behind.is_finished());
    assert_eq!(runtime.measures().asking, 1);
    assert!(told(&runtime, "slow").await.iter().all(|t| !t.contains("triage")), "nothing of it is kept");
    // The clock goes on; the step is made when it was begun.
    clock.set(t0() + 1_000);
    gate.let_go("slow");
    assert!(matches!(first.await.unwrap(), Taken::Accepted { .. }));
    assert!(matches!(behind.await.unwrap(), Taken::Accepted { .. }));
    assert_eq!(gate.asked("slow"), 1, "the reply was taken for the very question");
    let timeline = runtime.timeline("slow").await.unwrap();
    let judged = timeline.iter().position(|e| e.sentence(&Zone::utc()).contains("triage says calm")).unwrap();
    let replied = timeline.iter().position(|e| e.sentence(&Zone::utc()).contains("thank you")).unwrap();
    assert!(judged < replied, "{timeline:#?}");
    assert_eq!((timeline[judged].at, timeline[replied].at), (t0(), t0() + 1_000));
    assert_eq!(order(&runtime, "1", "slow").await, Taken::Duplicate);
    assert_eq!(runtime.measures().asking, 0);
    runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timers_and_answers_of_services_that_come_to_a_hook_wait_too_and_go_on() {
    let (provider, gate) = (Provider::default(), Gate::default());
    let clock = Manual::at(t0());
    let runtime = hooked(&provider, &gate).store(Memory::new()).clock(clock.clone()).start().unwrap();
    for (id, phone) in [("slow", "+44 7700 900001"), ("quick", "+44 7700 900002")] {
        customer(&runtime, id, phone).await;
    }
    gate.let_go("slow");
    for id in ["slow", "quick"] {
        order(&runtime, id, id).await;
    }
    gate.open.0.lock().unwrap().clear();
    clock.set(t0() + DAY + 1);
    until("both timers ask", || gate.asked("slow") == 2 && gate.asked("quick") >= 2).await;
    until("hers is answered by the service and the hook again", || gate.asked("quick") == 3).await;
    until("and ends", || runtime.measures().asking == 1).await;
    assert!(told(&runtime, "quick").await.iter().any(|t| t.contains("done")), "{:#?}", told(&runtime, "quick").await);
    gate.let_go("slow");
    until("his comes to the same", || gate.asked("slow") == 3).await;
    until("and ends", || runtime.measures().asking == 0).await;
    let without_ids = |told: Vec<String>| told.into_iter().map(|t| t.replace("slow", "quick")).collect::<Vec<_>>();
    let (slow, quick) = (told(&runtime, "slow").await, told(&runtime, "quick").await);
    assert_eq!(slow.iter().filter(|t| t.contains("triage says calm")).count(), 3, "{slow:#?}");
    assert_eq!(without_ids(slow), without_ids(quick));
    runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_becomes_of_a_message_waits_behind_a_step_that_has_its_reply() {
    let (held, gate) = (Held::default(), Gate::default());
    let runtime =
        hooked(&Provider::default(), &gate).channel("sms", held.clone()).store(Memory::new()).start().unwrap();
    customer(&runtime, "slow", "+44 7700 900001").await;
    gate.let_go("slow");
    order(&runtime, "1", "slow").await;
    until("its message is under way", || held.asked.load(Ordering::SeqCst)).await;
    gate.open.0.lock().unwrap().clear();
    let second = tokio::spawn({
        let runtime = runtime.clone();
        async move { order(&runtime, "2", "slow").await }
    });
    until("the hook is asked", || gate.asked("slow") == 2).await;
    held.let_go.store(true, Ordering::SeqCst);
    until("the message comes back", || runtime.measures().rejected == 1).await;
    assert!(told(&runtime, "slow").await.iter().all(|t| !t.contains("agent")), "nothing of it is heard yet");
    gate.let_go("slow");
    assert!(matches!(second.await.unwrap(), Taken::Accepted { .. }));
    until("both messages are heard to have failed", || runtime.measures().cases == 2).await;
    assert_eq!(gate.asked("slow"), 2, "the reply was taken for its own step and not spent on another");
    runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_while_a_hook_is_asked_leaves_nothing_and_the_input_asks_again() {
    let folder = tempfile::tempdir().unwrap();
    let (provider, gate) = (Provider::default(), Gate::default());
    let path = folder.path().join("a.db");
    let runtime = hooked(&provider, &gate).store(Sqlite::open(&path).unwrap()).start().unwrap();
    customer(&runtime, "slow", "+44 7700 900001").await;
    let input = tokio::spawn({
        let runtime = runtime.clone();
        async move { order(&runtime, "1", "slow").await }
    });
    until("the hook is asked", || gate.asked("slow") == 1).await;
    // What is on the disk now is what a crash leaves.
    for end in ["", "-wal"] {
        std::fs::copy(folder.path().join(format!("a.db{end}")), folder.path().join(format!("b.db{end}"))).unwrap();
    }
    gate.let_go("slow");
    input.await.unwrap();
    runtime.shutdown().await;

    let again = Gate::default();
    again.let_go("slow");
    let store = Sqlite::open(folder.path().join("b.db")).unwrap();
    let runtime = hooked(&provider, &again).store(store).start().unwrap();
    assert!(matches!(order(&runtime, "1", "slow").await, Taken::Accepted { .. }));
    assert_eq!(again.asked("slow"), 1);
    runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_waits_for_inputs_whose_hooks_are_asked() {
    let (provider, gate) = (Provider::default(), Gate::default());
    let runtime = hooked(&provider, &gate).store(Memory::new()).start().unwrap();
    customer(&runtime, "slow", "+44 7700 900001").await;
    let input = tokio::spawn({
        let runtime = runtime.clone();
        async move { order(&runtime, "1", "slow").await }
    });
    until("the hook is asked", || gate.asked("slow") == 1).await;
    let drain = tokio::spawn({
        let runtime = runtime.clone();
        async move { runtime.shutdown().await }
    });
    let late = loop {
        match runtime.deliver(Event::updated("late").data(json!({"first_name": "L"}))).await {
            Err(error) => break error,
            Ok(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    assert!(matches!(late, RuntimeError::ShuttingDown), "{late}");
    assert!(!drain.is_finished());
    gate.let_go("slow");
    assert!(matches!(input.await.unwrap(), Taken::Accepted { .. }));
    drain.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_of_hooks_that_panics_is_a_hook_that_fails() {
    let (provider, gate) = (Provider::default(), Gate::default());
    let options = Options { hook_threads: 1, ..Options::default() };
    let runtime = hooked(&provider, &gate).store(Memory::new()).options(options).start().unwrap();
    for (id, phone) in [("panic", "+44 7700 900001"), ("quick", "+44 7700 900002")] {
        customer(&runtime, id, phone).await;
        order(&runtime, id, id).await;
    }
    let why = "hook triage failed: whoever runs it broke off; as if severe";
    assert!(told(&runtime, "panic").await.iter().any(|t| t.starts_with(why)), "{:#?}", told(&runtime, "panic").await);
    assert!(is_in(&runtime, "waiting", "quick").await, "the one thread goes on");
    runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_shares_an_address_that_says_stop_meanwhile_is_stopped_and_asks_again() {
    let (provider, gate) = (Provider::default(), Gate::default());
    let clock = Manual::at(t0());
    let runtime = hooked(&provider, &gate).store(Memory::new()).clock(clock.clone()).start().unwrap();
    for id in ["slow", "partner"] {
        customer(&runtime, id, "+44 7700 900001").await;
    }
    let input = tokio::spawn({
        let runtime = runtime.clone();
        async move { order(&runtime, "1", "slow").await }
    });
    until("the hook is asked", || gate.asked("slow") == 1).await;
    clock.set(t0() + 60_000);
    runtime.deliver(Reply::new("stop", "partner", Channel::Sms, "STOP")).await.unwrap();
    gate.let_go("slow");
    assert!(matches!(input.await.unwrap(), Taken::Accepted { .. }));
    assert_eq!(gate.asked("slow"), 2, "her step begins anew after the STOP");
    assert!(provider.texts().iter().all(|m| m != "greeting"), "{:?}", provider.texts());
    let timeline = told(&runtime, "slow").await;
    assert!(timeline.iter().any(|t| t.contains("triage says calm")), "{timeline:#?}");
    runtime.shutdown().await;
}

/// Says one or the other, after a time that depends on the question.
#[derive(Clone)]
struct Judge(u64);

impl Hooks for Judge {
    fn ask(&mut self, request: &HookRequest) -> HookReply {
        let name = format!("{:?}{}", request.args, request.by.customer);
        let sum: u64 = name.bytes().map(u64::from).sum();
        std::thread::sleep(Duration::from_micros(self.0 * (sum % 7)));
        HookAnswer::Outcome(["calm", "severe"][(sum % 2) as usize].into()).into()
    }
}

/// So many inputs of forty customers.
fn arrivals(program: &Program, n: u64) -> Vec<Arrival> {
    let at = rfc3339(t0());
    let line = |n: u64| {
        let r = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let id = format!("c{}", r % 40);
        match n {
            0..40 => updated(&format!("i{n}"), &at, &format!("c{n}"), &format!("+44 7700 90{n:04}")),
            _ if r.is_multiple_of(5) => {
                format!(r#"{{"id":"i{n}","at":"{at}","customer":"{id}","reply":"thank you","channel":"sms"}}"#)
            }
            _ => placed(&format!("i{n}"), &at, &id, &format!("o{n}")).replace("tea", &format!("tea {r}")),
        }
    };
    (0..n).map(|n| parse_line(program, n, line(n)).unwrap()).collect()
}

/// Takes them one after the other, asking hooks in place.
fn in_place(program: &Program, arrivals: &[Arrival]) -> Engine {
    let mut engine = Engine::open(Arc::new(program.clone()), Box::new(Memory::new()))
        .unwrap()
        .connect(Outside::default())
        .ask_hooks(Box::new(Judge(0)))
        .pace(Pace::Live);
    for arrival in arrivals {
        engine.take_at(t0(), std::slice::from_ref(arrival)).unwrap();
    }
    engine
}

/// Whether both have the same timelines; how often the hook was asked.
async fn same(engine: &mut Engine, runtime: &Runtime) -> usize {
    let mut judged = 0;
    for n in 0..40 {
        let id = format!("c{n}");
        let (here, there) = (engine.timeline(&id).unwrap(), runtime.timeline(&id).await.unwrap());
        judged += here.iter().filter(|e| e.sentence(&Zone::utc()).contains("triage says")).count();
        assert_eq!(here, there, "{id}");
    }
    judged
}

#[tokio::test]
async fn what_comes_of_hooks_that_are_asked_elsewhere_is_what_comes_of_those_asked_in_place() {
    let program = program();
    let arrivals = arrivals(&program, 600);
    let mut engine = in_place(&program, &arrivals);
    let runtime = Runtime::builder(program)
        .shadow()
        .store(Memory::new())
        .store(Memory::new())
        .clock(Manual::at(t0()))
        .hooks(|| Box::new(Judge(300)))
        .start()
        .unwrap();
    // All at once: on one thread tasks begin in the order in which they are spawned.
    let mut all = tokio::task::JoinSet::new();
    for arrival in arrivals {
        let runtime = runtime.clone();
        all.spawn(async move { assert!(matches!(runtime.take(arrival).await.unwrap(), Taken::Accepted { .. })) });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
    let judged = same(&mut engine, &runtime).await;
    assert!(judged > 300, "{judged}");
    runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_store_fails_for_moments_what_waits_for_hooks_is_asked_again_and_nothing_is_lost_or_twice() {
    let program = program();
    let arrivals = arrivals(&program, 400);
    let mut engine = in_place(&program, &arrivals);
    let sim = Sim::new(11);
    let runtime = Runtime::builder(program)
        .shadow()
        .store(sim.reopen())
        .clock(Manual::at(t0()))
        .hooks(|| Box::new(Judge(500)))
        .start()
        .unwrap();
    sim.set_faults(Faults { read: 500, ..Faults::default() });
    let mut all = tokio::task::JoinSet::new();
    for n in 0..40 {
        // Each gives an input again until it is taken, and then the next.
        let own: Vec<Arrival> = arrivals.iter().filter(|a| a.customer == format!("c{n}")).cloned().collect();
        let runtime = runtime.clone();
        all.spawn(async move {
            let mut not_taken = 0;
            for arrival in own {
                loop {
                    match runtime.take(arrival.clone()).await {
                        Ok(Taken::Accepted { .. }) => break,
                        Err(RuntimeError::NotTaken(_)) => not_taken += 1,
                        other => panic!("{other:?}"),
                    }
                }
            }
            not_taken
        });
    }
    let mut not_taken = 0;
    while let Some(done) = all.join_next().await {
        not_taken += done.unwrap();
    }
    sim.set_faults(Faults::default());
    assert!(not_taken > 0, "no read failed");
    let judged = same(&mut engine, &runtime).await;
    assert!(judged > 200, "{judged}");
    assert_eq!(runtime.measures().asking, 0);
    runtime.shutdown().await;
}
