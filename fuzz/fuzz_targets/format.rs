//! What is laid out says the same, is free of findings, and is laid out already.
#![no_main]

use journey_compiler::format::format;
use journey_compiler::parse::parse;
use journey_compiler::source::FileId;
use journey_fuzz::meaning;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (before, findings) = parse(FileId(0), text);
    let Ok(once) = format(text) else {
        assert!(!findings.is_empty(), "refused without a finding");
        return;
    };
    let (after, findings) = parse(FileId(0), &once);
    assert_eq!(findings, [], "--- became\n{once}");
    assert_eq!(meaning(&before), meaning(&after), "--- became\n{once}");
    assert_eq!(format(&once).as_deref(), Ok(once.as_str()), "not idempotent");
    let comments = |file: &journey_compiler::ast::File| {
        let mut all: Vec<String> = file.comments.iter().map(|c| c.text.clone()).collect();
        all.sort_unstable();
        all
    };
    assert_eq!(comments(&before), comments(&after), "--- became\n{once}");
});
