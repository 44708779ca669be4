//! Hooks where a host embeds the runtime: a hostile one costs its own customer a failure branch, and its neighbours on the
//! same shard no more than its own time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use journey_runtime::gateway::{Backend, Call, Case, Casework, Delivery, Gateway, Message, SendError};
use journey_runtime::hooks::{Modules, Setup};
use journey_runtime::store::Memory;
use journey_runtime::{Answer, Event, Runtime, Taken, async_trait};
use journey_spec::Program;
use journey_spec::program::{Ask, Branch, Expr, Hook, HookAnswers, HookId, Judgement, StateId};
use serde_json::json;

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
    async fn open(&self, _: &Case) -> Result<(), SendError> {
        Ok(())
    }
}

#[async_trait]
impl Backend for Quiet {
    async fn call(&self, _: &Call) -> Answer {
        Answer::Outcome("yes".into())
    }
}

/// Orders that begin with a hook's judgement of what was ordered: `calm` waits, `severe` goes to a person.
fn program() -> Program {
    let mut program = world::program();
    let answers = HookAnswers::OneOf(vec!["calm".into(), "severe".into()]);
    let on_failure = Judgement::Outcome("severe".into());
    program.hooks = vec![Hook { on_failure, ..declared("triage", answers) }];
    let ask = Ask {
        hook: HookId(0),
        args: vec![Expr::Path(vec!["order".into(), "item".into()])],
        text: "triage(order.item)".into(),
    };
    let ways = vec![("calm".into(), StateId(1)), ("severe".into(), StateId(4))];
    let placed = &mut program.journeys[0].states[0];
    (placed.entry, placed.next, placed.branch) = (Vec::new(), None, Some(Branch::Hook { ask, ways }));
    program.seal()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neighbours_of_a_hostile_question_wait_no_longer_than_its_time() {
    let folder = tempfile::tempdir().unwrap();
    // It loops where what is told begins with an `l`: `{"words":"loop"}`.
    let guest = chooser(&format!(
        "(if (i32.eq (i32.load8_u (i32.add (i32.load (i32.add (local.get $told) (i32.const 72))) (i32.const 10))) (i32.const 108))
            (then (loop $again (br $again)))) {}",
        place(0)
    ));
    put(folder.path(), "triage", &guest.build());
    let program = program();
    let modules = Modules::open(&program, folder.path(), Setup::default()).unwrap();
    let runtime = Runtime::builder(program)
        .store(Memory::new())
        .channel("sms", Quiet)
        .channel("email", Quiet)
        .desk(Quiet)
        .service("check", Quiet)
        .hooks(move || Box::new(modules.clone()))
        .start()
        .unwrap();
    let runtime = Arc::new(runtime);
    let order = |id: String, item: &'static str| {
        let runtime = Arc::clone(&runtime);
        async move {
            let data = json!({"first_name": "V", "phone": "+44 7700 900123", "zone": "Europe/London"});
            runtime.deliver(Event::updated(&id).id(&format!("new-{id}")).data(data)).await.unwrap();
            let began = Instant::now();
            let data = json!({"order": {"id": id, "item": item}});
            let event = Event::new("order.placed", &id).id(&format!("order-{id}")).data(data);
            let taken = runtime.deliver(event).await.unwrap();
            assert!(matches!(taken, Taken::Accepted { .. }), "{taken:?}");
            began.elapsed()
        }
    };
    let mut healthy = Vec::new();
    let mut hostile = Vec::new();
    for n in 0..50 {
        hostile.push(tokio::spawn(order(format!("hostile-{n}"), "loop")));
        healthy.push(order(format!("healthy-{n}"), "tea").await);
    }
    for task in hostile {
        task.await.unwrap();
    }
    healthy.sort();
    println!("healthy beside hostile: median {:?}, worst {:?}", healthy[25], healthy[49]);
    assert!(healthy[49] < Duration::from_secs(2), "{healthy:?}");

    assert_eq!(runtime.customers_in("order", "waiting").await.unwrap().len(), 50);
    assert_eq!(runtime.customers_in("order", "agent").await.unwrap().len(), 50);
    let utc = journey_spec::time::Zone::utc();
    for (id, line) in [
        ("hostile-7", "hook triage failed: limit: it spent all its fuel, 10000000 (5ms); as if severe (module "),
        ("healthy-7", "hook triage says calm (module "),
    ] {
        let told: Vec<String> = runtime.timeline(id).await.unwrap().iter().map(|e| e.sentence(&utc)).collect();
        assert!(told.iter().any(|t| t.starts_with(line)), "{told:#?}");
    }
    runtime.shutdown().await;
}
