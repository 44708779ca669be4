//! What a hook costs, in processor time of the thread that asks: a call of one that is written in WebAssembly's text, in C, in
//! Rust and in JavaScript, each in a fresh instance, and what a question adds to a step. And how long a cold start takes,
//! which is the time until a module is compiled, by the clock.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

#[path = "../../runtime/tests/hooks/guests.rs"]
#[allow(dead_code)]
mod guests;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, criterion_group, criterion_main};
use journey_bench::events::{inputs, program};
use journey_bench::example;
use journey_runtime::Hooks;
use journey_runtime::hooks::{Modules, Setup};
use journey_spec::program::{Field, Hook, HookAnswers, Judgement};
use journey_spec::{Type, Value};
use journey_step::{
    Asker, Customer, HookAnswer, HookRecord, HookRequest, Input, Orders, Stepped, step_asking, step_recorded,
};
use serde_json::json;

fn hook(answers: HookAnswers) -> Hook {
    let on_failure = match &answers {
        HookAnswers::OneOf(names) => Judgement::Outcome(names.first().cloned().unwrap_or_default()),
        _ => Judgement::Number(0.5),
    };
    Hook {
        name: "asked".into(),
        params: vec![Field { name: "told".into(), ty: Type::Text { max: 1000 }, sensitive: None }],
        answers,
        from: "asked.wasm".into(),
        sha256: None,
        largest: 4,
        within: 20,
        memory: Hook::MEMORY,
        on_failure,
    }
}

fn request(told: &str, value: Value) -> HookRequest {
    HookRequest {
        position: 0,
        hook: "asked".into(),
        args: vec![(told.into(), value)],
        by: Asker {
            customer: "victoria".into(),
            journey: "complaint".into(),
            instance: 1,
            step: 3,
            now: 1_772_445_600_000,
        },
    }
}

fn load(hook: &Hook, bytes: &[u8]) -> Modules {
    let modules = Modules::none(Setup::default()).unwrap();
    modules.add(hook, bytes.to_vec()).unwrap();
    modules
}

fn record<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Record(Arc::new(fields.into()))
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// A module, how it is declared, and a question to which it says something.
struct Guest {
    name: &'static str,
    bytes: Vec<u8>,
    hook: Hook,
    request: HookRequest,
}

fn all() -> Vec<Guest> {
    let read = |path: &str| std::fs::read(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let complaint = text("The bell is quiet since Monday, and NOBODY comes!");
    let number = || hook(HookAnswers::Number);
    let names = ["usual", "raised", "unusual"].map(String::from).to_vec();
    let usage = record([
        ("hour", Value::Number(22.5)),
        ("today", Value::Number(4.2)),
        ("usual", Value::Number(1.6)),
        ("spread", Value::Number(0.7)),
        ("roaming", Value::Bool(false)),
    ]);
    let of_complaint = record([
        ("id", text("K1")),
        ("words", complaint.clone()),
        ("device", text("phone")),
        ("attachments", Value::Number(1.0)),
        ("hour", Value::Number(22.0)),
    ]);
    vec![
        Guest {
            name: "text",
            bytes: guests::scorer(&guests::number("(f64.const 0.7)")).build(),
            hook: number(),
            request: request("words", complaint.clone()),
        },
        Guest {
            name: "C",
            bytes: read("examples/bill-shock/hooks/pattern.wasm"),
            hook: hook(HookAnswers::OneOf(names)),
            request: request("usage", usage),
        },
        Guest {
            name: "Rust",
            bytes: read("examples/complaint-triage/hooks/risk.wasm"),
            hook: number(),
            request: request("complaint", of_complaint),
        },
        Guest {
            name: "JavaScript",
            bytes: read("runtime/tests/hooks/built/score-js.wasm"),
            hook: number(),
            request: request("words", complaint),
        },
    ]
}

/// Processor time of this thread so far, to some milliseconds.
fn cpu() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap())
}

/// Measures processor time of the thread, which a busy machine does not stretch.
fn on_cpu(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, mut work: impl FnMut()) {
    group.bench_function(name, |b| {
        b.iter_custom(|rounds| {
            let from = cpu();
            for _ in 0..rounds {
                work();
            }
            (cpu() - from).max(Duration::from_nanos(rounds))
        });
    });
}

fn calls(c: &mut Criterion) {
    let mut group = c.benchmark_group("hooks/call");
    group.sample_size(20).sampling_mode(SamplingMode::Flat);
    for guest in all() {
        let mut modules = load(&guest.hook, &guest.bytes);
        let said = modules.ask(&guest.request).answer;
        assert!(!matches!(said, HookAnswer::Failed(_)), "{}: {said:?}", guest.name);
        on_cpu(&mut group, guest.name, || _ = black_box(modules.ask(black_box(&guest.request))));
    }
    group.finish();
}

fn cold_starts(c: &mut Criterion) {
    let mut group = c.benchmark_group("hooks/cold start");
    group.sample_size(10);
    for guest in all() {
        group.bench_function(guest.name, |b| b.iter(|| load(&guest.hook, black_box(&guest.bytes))));
    }
    group.finish();
}

/// One step of `examples/bill-shock` in which its hook, in C, is asked once: with the answer at hand, with an answer that
/// costs nothing, and by the module; and as a shell does it that asks elsewhere, which makes the step again for the answer.
fn steps(c: &mut Criterion) {
    let program = program(&example("bill-shock"));
    let usage = json!({"cycle": "A-03", "hour": 22.5, "today": 4.2, "usual": 1.6, "spread": 0.7, "roaming": false,
        "percent": 64, "per_gb": "4.00 GBP", "ends": "2026-03-31T23:00:00Z"});
    let profile = json!({"first_name": "Victoria", "phone": "+44 7700 900123", "zone": "Europe/London"});
    let lines = vec![
        (0, json!({"event": "customer.updated", "data": profile})),
        (60_000, json!({"event": "usage.measured", "data": {"line": "07700 900171", "usage": usage}})),
    ];
    let mut inputs = inputs(&program, lines).into_iter();
    let (now, input) = inputs.next().unwrap();
    let (customer, _) = journey_step::step(&program, Customer::new("victoria"), &input, now);
    let (now, input): (_, Input) = inputs.next().unwrap();

    let declared = program.hooks.first().unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/bill-shock/hooks/pattern.wasm");
    let mut modules = load(declared, &std::fs::read(path).unwrap());
    let orders = Orders::default();
    let Stepped::NeedsHook { request, .. } = step_recorded(&program, &orders, &[], customer.clone(), &input, now)
    else {
        panic!("it asks nobody");
    };
    let reply = modules.ask(&request);
    assert_eq!(reply.answer, HookAnswer::Outcome("raised".into()));
    let records = [HookRecord::new(request, reply.clone())];

    let mut group = c.benchmark_group("hooks/step");
    group.sample_size(20).sampling_mode(SamplingMode::Flat);
    on_cpu(&mut group, "with the answer at hand", || {
        _ = black_box(step_recorded(&program, &orders, &records, customer.clone(), &input, now));
    });
    on_cpu(&mut group, "and asking", || {
        _ = black_box(step_asking(&program, &orders, customer.clone(), &input, now, &mut |_| reply.clone()));
    });
    on_cpu(&mut group, "and asking elsewhere", || {
        let asked = black_box(step_recorded(&program, &orders, &[], customer.clone(), &input, now));
        let Stepped::NeedsHook { customer, .. } = asked else { panic!("it asks nobody") };
        _ = black_box(step_recorded(&program, &orders, &records, customer, &input, now));
    });
    on_cpu(&mut group, "and the module's call", || {
        _ = black_box(step_asking(&program, &orders, customer.clone(), &input, now, &mut |asked| modules.ask(asked)));
    });
    group.finish();
}

criterion_group!(benches, calls, cold_starts, steps);
criterion_main!(benches);
