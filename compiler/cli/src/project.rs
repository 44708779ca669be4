//! Projects as they are compiled for every command, and their findings as they are printed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use journey_compiler::Compilation;
use journey_compiler::ast::Item;
use journey_compiler::diagnostics::{Finding, concise, human, json};
use journey_compiler::source::SourceMap;

use crate::failure::Failure;
use crate::folder::{self, Folder, Project};
use crate::manifest::{self, Manifest};
use crate::packs::With;
use crate::screen::{Screen, count};

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// With source lines, story and mend
    #[default]
    Full,
    /// One line a finding: `path:line:col: error[J0201] message`
    Concise,
    /// An array of objects
    Json,
}

/// A project and what the compiler knows of it.
pub(crate) struct Compiled {
    /// The project.
    pub(crate) project: Project,
    /// All that is known of it.
    pub(crate) compilation: Compilation,
    /// What it says of itself.
    pub(crate) manifest: Manifest,
}

/// Finds and compiles the projects in `paths`.
pub(crate) fn compile(paths: &[PathBuf]) -> Result<Vec<Compiled>, Failure> {
    compile_with(paths, &With::default())
}

/// The same, with policy packs taken in besides.
pub(crate) fn compile_with(paths: &[PathBuf], with: &With) -> Result<Vec<Compiled>, Failure> {
    let packs = with.paths();
    let projects = folder::projects(paths)?;
    for root in projects.iter().flat_map(|p| &p.roots) {
        readable(root)?;
    }
    projects
        .into_iter()
        .map(|project| {
            let manifest = manifest::read(&project.folder())?;
            let roots: Vec<String> = project.roots.iter().chain(&packs).cloned().collect();
            let compilation = journey_compiler::compile(&roots, &Folder);
            Ok(Compiled { project, compilation, manifest })
        })
        .collect()
}

/// The project that the path names: a folder's own, or the only one below it.
pub(crate) fn one(path: &Path) -> Result<Vec<Compiled>, Failure> {
    one_with(path, &With::default())
}

/// The same, with policy packs taken in besides.
pub(crate) fn one_with(path: &Path, with: &With) -> Result<Vec<Compiled>, Failure> {
    let mut all = compile_with(&[path.to_owned()], with)?;
    if all.len() > 1 {
        let own = |p: &Project| {
            Path::new(&p.name).components().eq(path.components()) || p.name == "." && path == Path::new(".")
        };
        if let Some(i) = all.iter().position(|c| own(&c.project)) {
            all = vec![all.swap_remove(i)];
        } else {
            let names: Vec<String> = all.iter().map(|c| format!("`{}`", c.project.name)).collect();
            return Err(Failure::new(format!("`{}` holds several projects: {}", path.display(), names.join(", ")))
                .help("name one of them"));
        }
    }
    Ok(all)
}

/// A root that cannot be read is nothing that the author of a journey can mend in its text.
fn readable(root: &str) -> Result<(), Failure> {
    match folder::unreadable_source(Path::new(root)) {
        None => Ok(()),
        Some(why) => {
            Err(Failure::new(format!("cannot read `{root}`: {why}"))
                .help("mend that, move it away, or name other paths"))
        }
    }
}

/// Numbers of what was compiled.
pub(crate) struct Totals {
    /// `.journey` files, each once.
    pub(crate) files: usize,
    /// Declared journeys, each once.
    pub(crate) journeys: usize,
}

/// Counts files and journeys over all projects; a file that several projects use counts once.
pub(crate) fn totals(all: &[Compiled]) -> Totals {
    let mut seen = BTreeSet::new();
    let mut journeys = 0;
    for compiled in all {
        for (id, file) in &compiled.compilation.files {
            let path = compiled.compilation.sources.get(*id).map(|s| s.path.as_str()).unwrap_or_default();
            if seen.insert(path) {
                journeys += file.items.iter().filter(|i| matches!(i, Item::Journey(_))).count();
            }
        }
    }
    Totals { files: seen.len(), journeys }
}

/// A finding with the sources that it points into.
type Found<'a> = (&'a Finding, &'a SourceMap);

/// All findings of all projects, by place, none twice though projects share files.
fn found(all: &[Compiled]) -> Vec<Found<'_>> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for compiled in all {
        let sources = &compiled.compilation.sources;
        for finding in &compiled.compilation.findings {
            let place = sources.get(finding.span().file).map(|s| s.path.clone()).unwrap_or_default();
            let key = (place, finding.span().start, finding.code.code, finding.message.clone());
            if seen.insert(key.clone()) {
                found.push((key, (finding, sources)));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found.into_iter().map(|(_, found)| found).collect()
}

/// Says all findings on stderr, for a command whose stdout is data; gives how many were said.
pub(crate) fn tell_findings(all: &[Compiled], screen: &mut Screen) -> usize {
    let found = found(all);
    for (finding, sources) in &found {
        screen.say(&format!("{}\n", human::render(finding, sources, screen.width())));
    }
    found.len()
}

/// Prints all findings of all projects, none twice though projects share files; gives how many were printed.
pub(crate) fn print_findings(all: &[Compiled], format: Format, screen: &mut Screen) -> usize {
    let found = found(all);
    match format {
        Format::Full => {
            for (finding, sources) in &found {
                screen.print(&format!("{}\n", human::render(finding, sources, screen.width())));
            }
        }
        Format::Concise => {
            for (finding, sources) in &found {
                screen.print(&format!("{}\n", concise::line(finding, sources)));
            }
        }
        Format::Json => {
            let reports = reports(all);
            let text = serde_json::to_string_pretty(&reports).unwrap_or_else(|_| "[]".into());
            screen.print(&format!("{text}\n"));
        }
    }
    found.len()
}

/// What is to be said of all projects, as data.
pub(crate) fn reports(all: &[Compiled]) -> Vec<json::Report> {
    found(all).iter().map(|(finding, sources)| json::report(finding, sources)).collect()
}

/// Whether a project has errors, and cannot be run.
pub(crate) fn has_errors(all: &[Compiled]) -> bool {
    all.iter().any(|c| c.compilation.has_errors())
}

/// Where there are errors: prints the findings and says why nothing runs.
pub(crate) fn refuse_errors(all: &[Compiled], screen: &mut Screen) -> bool {
    if !has_errors(all) {
        return false;
    }
    let n = print_findings(all, Format::Full, screen);
    screen.say(&format!("nothing was run: {} to look at first\n", count(n, "finding", "findings")));
    true
}
