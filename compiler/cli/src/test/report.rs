//! Scenarios as other tools read them: JSON, and JUnit's XML for CI.

use std::collections::BTreeMap;
use std::time::Duration;

use journey_compiler::diagnostics::{concise, json};
use journey_spec::codes::Level;
use journey_step::effect::Entry;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;

use super::Ran;
use crate::coverage::{self, Covered};
use crate::failure::Failure;
use crate::project::Compiled;
use crate::timeline;

#[derive(Serialize)]
struct Whole<'a> {
    passed: usize,
    failed: usize,
    scenarios: Vec<Scenario<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<Vec<coverage::Report>>,
    /// Errors that stand in the way of running anything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<json::Report>,
}

#[derive(Serialize)]
struct Scenario<'a> {
    title: &'a str,
    journey: &'a str,
    path: &'a str,
    line: u32,
    passed: bool,
    ms: u128,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Why<'a>>,
}

#[derive(Serialize)]
struct Why<'a> {
    line: u32,
    column: u32,
    /// In which round of a `repeat`.
    round: Option<u32>,
    expected: &'a str,
    was: &'a str,
    /// All that happened to the customer until then.
    timeline: &'a [Entry],
}

/// As one JSON object.
pub(super) fn json(ran: &[Ran<'_>], covered: Option<&[Covered]>, errors: &[Compiled]) -> Result<String, Failure> {
    let scenarios: Vec<Scenario<'_>> = ran
        .iter()
        .map(|ran| Scenario {
            title: &ran.found.decl.title.text,
            journey: &ran.found.decl.journey.text,
            path: ran.found.path,
            line: ran.line_col(ran.found.decl.span.start).0,
            passed: ran.played.failed.is_none(),
            ms: ran.took.as_millis(),
            failure: ran.played.failed.as_ref().map(|failed| {
                let (line, column) = ran.line_col(failed.span.start);
                let timeline = ran.played.timeline.as_slice();
                Why { line, column, round: failed.round, expected: &failed.expected, was: &failed.was, timeline }
            }),
        })
        .collect();
    let failed = scenarios.iter().filter(|s| !s.passed).count();
    let findings = errors.iter().flat_map(|c| {
        let errors = c.compilation.findings.iter().filter(|f| f.level == Level::Error);
        errors.map(|f| json::report(f, &c.compilation.sources))
    });
    let whole = Whole {
        passed: scenarios.len() - failed,
        failed,
        scenarios,
        coverage: covered.map(coverage::reports),
        findings: findings.collect(),
    };
    serde_json::to_string_pretty(&whole).map(|text| text + "\n").map_err(|e| Failure::new(format!("no report: {e}")))
}

/// As JUnit's XML: a suite a file, a case a scenario. Errors that stand in the way of running are cases too, since a report
/// without any would pass.
pub(super) fn junit(ran: &[Ran<'_>], errors: &[Compiled]) -> Result<String, Failure> {
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for ran in ran {
        let status = match &ran.played.failed {
            None => TestCaseStatus::success(),
            Some(failed) => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                let (line, _) = ran.line_col(failed.span.start);
                let expected =
                    if failed.expected.is_empty() { ran.slice(failed.span) } else { failed.expected.as_str() };
                let message = format!("line {line}: expected {expected}, but {}", failed.was);
                status.set_type("expectation").set_message(plain(&message));
                status.set_description(plain(&super::story(ran.found.compiled, &ran.played, 100)));
                status
            }
        };
        let mut case = TestCase::new(plain(&ran.found.decl.title.text), status);
        case.set_classname(plain(&ran.found.decl.journey.text)).set_time(ran.took);
        case.extra.insert("file".into(), plain(ran.found.path).into());
        case.extra.insert("line".into(), ran.line_col(ran.found.decl.span.start).0.to_string().into());
        suites.entry(ran.found.path).or_insert_with(|| TestSuite::new(plain(ran.found.path))).add_test_case(case);
    }
    for compiled in errors {
        let sources = &compiled.compilation.sources;
        for finding in compiled.compilation.findings.iter().filter(|f| f.level == Level::Error) {
            let Some(source) = sources.get(finding.span().file) else { continue };
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type(finding.code.code).set_message(plain(&concise::line(finding, sources)));
            let mut case = TestCase::new(plain(&finding.message), status);
            case.set_classname(finding.code.name).set_time(Duration::ZERO);
            case.extra.insert("file".into(), plain(&source.path).into());
            case.extra.insert("line".into(), source.line_col(finding.span().start).line.to_string().into());
            let suite = suites.entry(source.path.as_str()).or_insert_with(|| TestSuite::new(plain(&source.path)));
            suite.add_test_case(case);
        }
    }
    let mut report = Report::new("journeyc test");
    report.set_time(ran.iter().map(|r| r.took).sum());
    for (path, mut suite) in suites {
        suite.set_time(ran.iter().filter(|r| r.found.path == path).map(|r| r.took).sum());
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|e| Failure::new(format!("no report: {e}")))
}

/// Without colours, and nothing that a reader cannot see.
fn plain(text: &str) -> String {
    let text = anstream::adapter::strip_str(text).to_string();
    text.lines().map(|line| timeline::visible(line).to_string()).collect::<Vec<_>>().join("\n")
}
