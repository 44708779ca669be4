//! How long a bound takes, everything from the model to the exact number: random models of 100, 1,000 and 10,000 states.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use journey_bench::models::{DAY, random};
use journey_compiler::model::{Budget, Prepared};

fn bounds(c: &mut Criterion) {
    let mut group = c.benchmark_group("exact bound");
    group.sample_size(20);
    for states in [100, 1_000, 10_000] {
        let model = random(states, 1);
        for (name, window) in [("bucket only", 0), ("24 hours", DAY), ("30 days", 30 * DAY)] {
            group.bench_with_input(BenchmarkId::new(name, states), &model, |b, model| {
                b.iter(|| Prepared::new(model, Budget::default()).analysis().alpha(window));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, bounds);
criterion_main!(benches);
