//! Any bytes are read: there is a tree, and every finding has a place that is in the text.
#![no_main]

use journey_compiler::parse::{decode, parse};
use journey_compiler::source::{FileId, Source, SourceMap};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = decode(FileId(0), "main.journey", bytes) else { return };
    let (_, findings) = parse(FileId(0), &text);
    let mut sources = SourceMap::default();
    sources.add(Source::new("main.journey", text));
    journey_fuzz::sound(&findings, &sources);
});
