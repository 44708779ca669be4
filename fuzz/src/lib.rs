//! What the fuzz targets share.

use journey_compiler::ast::File;
use journey_compiler::diagnostics::{Finding, concise, human, json};
use journey_compiler::source::SourceMap;

/// The tree without places: what it says.
pub fn meaning(file: &File) -> String {
    let allows = file.allows.iter().map(|a| (&a.code, &a.reason)).collect::<Vec<_>>();
    let said = format!("{:?} {allows:?}", file.items);
    let mut out = String::new();
    let mut rest = said.as_str();
    while let Some((before, after)) = rest.split_once("Span { file: FileId(0), start: ") {
        out.push_str(before);
        rest = after.split_once('}').expect("a span ends").1;
    }
    out + rest
}

/// Every place is one in its text, between characters; and each printer survives the finding.
pub fn sound(findings: &[Finding], sources: &SourceMap) {
    for finding in findings {
        for label in &finding.labels {
            let source = sources.get(label.span.file).expect("a file that was read");
            let (start, end) = (label.span.start as usize, label.span.end as usize);
            assert!(source.text.get(start..end).is_some(), "{start}..{end} is no place: {finding:?}");
        }
        assert!(!finding.message.is_empty());
        let _ = human::render(finding, sources, 80);
        let _ = concise::line(finding, sources);
        let _ = json::report(finding, sources);
    }
}
