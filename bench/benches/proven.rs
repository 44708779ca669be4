//! How long the whole table of an example takes: bounds, and what the real step lets leave of the worst runs.

use criterion::{Criterion, criterion_group, criterion_main};
use journey_bench::example;
use journey_compiler::check::bounds::{message_bounds, proven};
use journey_compiler::compile;

fn tables(c: &mut Criterion) {
    let mut group = c.benchmark_group("table");
    group.sample_size(20);
    for name in ["appointment", "boarding"] {
        let (roots, sources) = example(name);
        let compiled = compile(&roots, &sources);
        assert!(compiled.findings.is_empty(), "{name} has findings: {:?}", compiled.findings);
        let Some(program) = compiled.program else { continue };
        group.bench_function(format!("{name}, bounds only"), |b| b.iter(|| message_bounds(&program)));
        group.bench_function(name, |b| b.iter(|| proven(&program)));
    }
    group.finish();
}

criterion_group!(benches, tables);
criterion_main!(benches);
