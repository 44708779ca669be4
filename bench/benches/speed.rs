//! How long 2,000 lines take: to be read, to all findings, and to be laid out.

use criterion::{Criterion, criterion_group, criterion_main};
use journey_bench::{project, text};
use journey_compiler::source::FileId;
use journey_compiler::{compile, format, parse};

fn two_thousand_lines(c: &mut Criterion) {
    let text = text(2_000);
    let (roots, sources) = project(&text);
    let findings = compile(&roots, &sources).findings;
    assert!(findings.is_empty(), "the text to measure with has findings: {findings:?}");
    let mut group = c.benchmark_group("2,000 lines");
    group.sample_size(30);
    group.bench_function("parse", |b| b.iter(|| parse::parse(FileId(0), &text)));
    group.bench_function("findings", |b| b.iter(|| compile(&roots, &sources)));
    group.bench_function("format", |b| b.iter(|| format::format(&text)));
    group.finish();
}

criterion_group!(benches, two_thousand_lines);
criterion_main!(benches);
