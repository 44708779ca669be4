//! The compiler of the Journey language.
//!
//! ```text
//! Sources ──project──► text ──parse──► ast::File (a file each)
//!     ast::File ──resolve + lower──► Program + Spans ──check──► findings
//!     ast::File ──scenario──► findings              ast::File ──format──► canonical text
//!     Program + Spans ──emit──► pictures
//! ```
//!
//! The library does no I/O: it reads through [`source::Sources`].

#[cfg(test)]
extern crate self as journey_compiler; // the tests of `model` share files with `tests/model.rs`

use std::collections::BTreeSet;
use std::sync::Arc;

use journey_spec::Program;
use journey_spec::codes::Level;
use journey_spec::program::JourneyId;

pub mod abstraction;
pub mod ast;
pub mod check;
pub mod diagnostics;
pub mod emit;
pub mod fix;
pub mod format;
pub mod graph;
pub mod model;
pub mod module;
pub mod parse;
pub mod source;
pub mod spans;
pub mod witness;

mod alike;
mod allow;
mod body;
mod hidden;
mod lower;
mod project;
mod resolve;
mod scenario;
mod session;
mod types;

use diagnostics::Finding;
pub use session::Session;
use source::{FileId, SourceMap, Sources};
use spans::Spans;

/// All that is known of a project after compiling it.
#[derive(Clone, Debug, Default)]
pub struct Compilation {
    /// The folder that holds all root files; the modules of hooks are named from there.
    pub folder: String,
    /// Every text that was read: `.journey` files, and the texts of e-mails that stand in files of their own.
    pub sources: SourceMap,
    /// The trees of the `.journey` files, in the order in which they were read.
    pub files: Vec<(FileId, Arc<ast::File>)>,
    /// What could be lowered; incomplete where there are errors, so that only [`Compilation::runnable`] is run.
    pub program: Option<Program>,
    /// Journeys that could not be read whole: states or arrows of theirs may be missing in the program.
    pub broken: BTreeSet<JourneyId>,
    /// Where the program's parts stand.
    pub spans: Spans,
    /// All that is to be said, by path, position and code; none repeated.
    pub findings: Vec<Finding>,
    /// What was found and an `allow` silences, in the same order.
    pub allowed: Vec<Allowed>,
}

/// A finding that an `allow … because …` silences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The finding.
    pub finding: Finding,
    /// Why it is allowed.
    pub reason: String,
    /// The `allow`.
    pub span: source::Span,
}

/// Compiles the given files and all that they `use`.
#[must_use]
pub fn compile(roots: &[String], sources: &dyn Sources) -> Compilation {
    compiled(roots, sources, &mut Session::new())
}

fn compiled(roots: &[String], sources: &dyn Sources, session: &mut Session) -> Compilation {
    let folder = project::folder(roots);
    let loaded = project::load(roots, sources, &mut session.parsed);
    let project::Loaded { sources, files, bodies, modules, findings, incomplete } = loaded;
    let mut out = resolve::Out::default();
    let gaps = resolve::gaps(&sources, &findings, incomplete);
    let names = resolve::Names::collect(&files, gaps, &mut out);
    session.lowered.keep_for(&files, &bodies, names.gaps.none());
    let lowered = lower::lower(
        &names,
        &sources,
        &bodies,
        &lower::Modules { folder: &folder, hashes: &modules },
        &mut session.lowered,
        &mut out,
    );
    scenario::check(&files, &names, &mut out);
    let mut findings = [findings, out.findings].concat();
    hidden::characters(&sources, &mut findings);
    alike::names(&files, &mut findings);
    if lowered.whole {
        findings.extend(checked(&lowered, &out.spans, &mut session.checked));
    }
    let has_journeys = !lowered.program.journeys.is_empty();
    let (findings, allowed) = allow::silence(&files, sorted(findings, &sources), has_journeys);
    let broken = match lowered.whole {
        true => lowered.broken,
        false => (0..lowered.program.journeys.len() as u32).map(JourneyId).collect(),
    };
    let mut findings = sorted(findings, &sources);
    fix::place(&mut findings, &sources);
    Compilation { folder, findings, allowed, broken, program: Some(lowered.program), spans: out.spans, sources, files }
}

/// What the rules say of the journeys that are whole; the others would only give rise to follow-up findings.
fn checked(lowered: &lower::Lowered, spans: &Spans, memo: &mut check::Memo) -> Vec<Finding> {
    if lowered.broken.is_empty() {
        return memo.run(&lowered.program, spans, true);
    }
    let mut program = lowered.program.clone();
    program.journeys = lowered
        .program
        .journeys
        .iter()
        .zip(0..)
        .filter(|(_, id)| !lowered.broken.contains(&JourneyId(*id)))
        .map(|(journey, _)| journey.clone())
        .collect();
    memo.run(&program, &spans.without(&lowered.broken), false)
}

/// By path, position and code; none repeated.
fn sorted(mut findings: Vec<Finding>, sources: &SourceMap) -> Vec<Finding> {
    let path = |finding: &Finding| sources.get(finding.span().file).map(|source| source.path.as_str());
    findings.sort_by(|a, b| {
        let place = |f: &Finding| (f.span().start, f.span().end, f.code.code);
        path(a).cmp(&path(b)).then_with(|| place(a).cmp(&place(b))).then_with(|| a.message.cmp(&b.message))
    });
    findings.dedup();
    findings
}

impl Compilation {
    /// The scenarios of all files, in source order.
    pub fn scenarios(&self) -> impl Iterator<Item = (FileId, &ast::ScenarioDecl)> {
        self.files.iter().flat_map(|(id, file)| {
            file.items.iter().filter_map(|item| match item {
                ast::Item::Scenario(scenario) => Some((*id, scenario)),
                _ => None,
            })
        })
    }

    /// Whether some finding is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|f| f.level == Level::Error)
    }

    /// The program, where there is no error.
    #[must_use]
    pub fn runnable(&self) -> Option<&Program> {
        self.program.as_ref().filter(|_| !self.has_errors())
    }
}
