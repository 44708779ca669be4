//! What a hook costs: a call of a module written in WebAssembly's text, of the example's in Rust, and a cold start.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../../runtime/tests/hooks/guests.rs"]
#[allow(dead_code)]
mod guests;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use journey_runtime::Hooks;
use journey_runtime::hooks::{Modules, Setup};
use journey_spec::program::{Field, Hook, HookAnswers, Judgement};
use journey_spec::{Type, Value};
use journey_step::{Asker, HookAnswer, HookRequest};

fn hook() -> Hook {
    Hook {
        name: "risk".into(),
        params: vec![Field { name: "words".into(), ty: Type::Text { max: 1000 }, sensitive: None }],
        answers: HookAnswers::Number,
        from: "risk.wasm".into(),
        sha256: None,
        largest: 4,
        within: Hook::WITHIN,
        memory: Hook::MEMORY,
        on_failure: Judgement::Number(0.5),
    }
}

fn request() -> HookRequest {
    HookRequest {
        position: 0,
        hook: "risk".into(),
        args: vec![("words".into(), Value::Text("The bell is quiet, and nobody comes.".into()))],
        by: Asker { customer: "victoria".into(), journey: "complaint".into(), instance: 1, step: 3, now: 1_772_445_600_000 },
    }
}

fn load(bytes: &[u8]) -> Modules {
    let modules = Modules::none(Setup::default()).unwrap();
    modules.add(&hook(), bytes.to_vec()).unwrap();
    modules
}

fn calls(c: &mut Criterion) {
    let text = guests::scorer(&guests::number("(f64.const 0.7)")).build();
    let mut modules = load(&text);
    let request = request();
    assert_eq!(modules.ask(&request).answer, HookAnswer::Number(0.7));
    c.bench_function("hooks/call of a scorer in text", |b| b.iter(|| modules.ask(black_box(&request))));
    c.bench_function("hooks/load of a scorer in text", |b| b.iter(|| load(black_box(&text))));

    // What it says to a complaint of another shape is a failure or a number; it has parsed what it was told either way.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/complaint-triage/hooks/risk.wasm");
    let Ok(rust) = std::fs::read(path) else { return };
    let mut modules = load(&rust);
    c.bench_function("hooks/call of a scorer in Rust", |b| b.iter(|| modules.ask(black_box(&request))));
    let mut slow = c.benchmark_group("hooks");
    slow.sample_size(10);
    slow.bench_function("load of a scorer in Rust", |b| b.iter(|| load(black_box(&rust))));
}

criterion_group!(benches, calls);
criterion_main!(benches);
