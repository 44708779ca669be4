//! `journeyc test`: the scenarios, on virtual time.

mod report;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use journey_compiler::ast::ScenarioDecl;
use journey_compiler::diagnostics::{Label, human};
use journey_compiler::source::Span;
use journey_runtime::hooks::Modules;
use journey_spec::program::Program;

use crate::coverage::{self, Seen};
use crate::failure::{Exit, Failure, Outcome};
use crate::modules;
use crate::packs::With;
use crate::project::{self, Compiled};
use crate::scenario::{self, Played};
use crate::screen::{BAD, BOLD, DIM, GOOD, NAME, Screen, count, styled};
use crate::timeline;

const EXAMPLES: &str = "\
Examples:
  journeyc test                                       every scenario here and below
  journeyc test stuck                                 those whose title or journey has `stuck` in it
  journeyc test --project examples/appointment thank  those of one project
  journeyc test --coverage                            which states and arrows nothing came by
  journeyc test --format junit > report.xml           for CI

Scenarios stand beside a journey or in *.scenario.journey files. They run on virtual time through the same engine that
runs journeys for customers; an answer to STOP counts as no message.

Exit codes: 0 all passed, 1 some failed or the project has errors, 2 no scenario found or wrong usage";

/// Runs scenarios on virtual time, in milliseconds
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Test {
    /// Only scenarios whose title or journey has this text in it, in any case
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
    /// A project's folder or file; may be named several times
    #[arg(long, short, value_name = "PATH", default_value = ".")]
    project: Vec<PathBuf>,
    /// How the outcome is printed
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    format: Format,
    /// Also says which states, arrows and limits no scenario came by
    #[arg(long)]
    coverage: bool,
    #[command(flatten)]
    with: With,
}

/// How the outcome is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line a scenario, and the timeline where one fails
    Human,
    /// One object
    Json,
    /// JUnit's XML, which CI systems read
    Junit,
}

/// A scenario and where it comes from.
struct Found<'a> {
    /// The project's position among all.
    project: usize,
    compiled: &'a Compiled,
    path: &'a str,
    decl: &'a ScenarioDecl,
}

/// A scenario that was played.
struct Ran<'a> {
    found: &'a Found<'a>,
    played: Played,
    took: Duration,
}

impl Ran<'_> {
    /// Where a byte of the scenario's file is, from 1.
    fn line_col(&self, byte: u32) -> (u32, u32) {
        let source = self.found.compiled.compilation.sources.get(self.found.decl.span.file);
        source.map(|s| s.line_col(byte)).map_or((1, 1), |at| (at.line, at.column))
    }

    fn slice(&self, span: Span) -> &str {
        self.found.compiled.compilation.sources.get(span.file).map(|s| s.slice(span)).unwrap_or_default()
    }
}

pub(crate) fn run(args: &Test, screen: &mut Screen) -> Outcome {
    let began = Instant::now();
    let all = project::compile_with(&args.project, &args.with)?;
    if project::has_errors(&all) {
        match args.format {
            Format::Human => drop(project::refuse_errors(&all, screen)),
            Format::Json => screen.print(&report::json(&[], None, &all)?),
            Format::Junit => screen.print(&report::junit(&[], &all)?),
        }
        return Ok(Exit::Findings);
    }
    let scenarios = found(&all);
    let wanted: Vec<&Found<'_>> = scenarios.iter().filter(|s| wants(args.filter.as_deref(), s.decl)).collect();
    if wanted.is_empty() {
        return Err(nothing(args, scenarios.len()));
    }
    let programs = runnable(&all)?;
    let mut seen = Seen::new();
    let mut ran: Vec<Ran<'_>> = Vec::new();
    for found in wanted {
        let Some(runnable) = programs.get(found.project).and_then(Option::as_ref) else { continue };
        let started = Instant::now();
        let mut played = play(runnable, found.decl)?;
        seen.entry(found.project).or_default().extend(std::mem::take(&mut played.took));
        let new_file = ran.last().is_none_or(|r| r.found.path != found.path);
        let done = Ran { found, played, took: started.elapsed() };
        if args.format == Format::Human {
            tell(&done, new_file, screen);
        }
        ran.push(done);
    }
    let failed = ran.iter().filter(|r| r.played.failed.is_some()).count();
    let covered = args.coverage.then(|| coverage::of(&all, &seen));
    match args.format {
        Format::Human => {
            if let Some(covered) = &covered {
                screen.print(&coverage::human(covered));
            }
        }
        Format::Json => screen.print(&report::json(&ran, covered.as_deref(), &[])?),
        Format::Junit => screen.print(&report::junit(&ran, &[])?),
    }
    let fails = if failed > 0 { format!(", {failed} failed") } else { String::new() };
    let covered = covered.map(|c| format!("; {}", coverage::total(&c))).unwrap_or_default();
    screen.say(&format!("{} passed{fails} in {} ms{covered}\n", ran.len() - failed, began.elapsed().as_millis()));
    Ok(Exit::findings(failed > 0))
}

/// What all scenarios of all projects come by, how many were played, and how many of them fail.
pub(crate) fn seen(all: &[Compiled]) -> Result<(Seen, usize, usize), Failure> {
    let scenarios = found(all);
    let programs = runnable(all)?;
    let mut seen = Seen::new();
    let mut failed = 0;
    for found in &scenarios {
        let Some(runnable) = programs.get(found.project).and_then(Option::as_ref) else { continue };
        let played = play(runnable, found.decl)?;
        failed += usize::from(played.failed.is_some());
        seen.entry(found.project).or_default().extend(played.took);
    }
    Ok((seen, scenarios.len(), failed))
}

/// A program, and the modules of its hooks.
type Runnable = (Arc<Program>, Option<Modules>);

/// Those of the projects that can be run.
fn runnable(all: &[Compiled]) -> Result<Vec<Option<Runnable>>, Failure> {
    let one = |compiled: &Compiled| {
        let Some(program) = compiled.compilation.runnable() else { return Ok(None) };
        Ok(Some((
            Arc::new(program.clone()),
            modules::open(program, &modules::Place::of_project(&compiled.compilation))?,
        )))
    };
    all.iter().map(one).collect()
}

fn play((program, modules): &Runnable, decl: &ScenarioDecl) -> Result<Played, Failure> {
    scenario::play(program, modules.as_ref(), decl)
        .map_err(|e| Failure::new(format!("scenario \"{}\" cannot go on: {e}", decl.title.text)))
}

/// A line a scenario, and the whole story of one that failed.
fn tell(ran: &Ran<'_>, new_file: bool, screen: &mut Screen) {
    if new_file {
        screen.print(&format!("{}\n", styled(DIM, ran.found.path)));
    }
    let ms = styled(DIM, format!("{} ms", ran.took.as_millis()));
    let title = timeline::visible(&ran.found.decl.title.text);
    if ran.played.failed.is_none() {
        screen.print(&format!("  {}      {title}  {ms}\n", styled(GOOD, "ok")));
    } else {
        screen.print(&format!("  {}  {}  {ms}\n", styled(BAD, "FAILED"), styled(BOLD, title)));
        screen.print(&story(ran.found.compiled, &ran.played, screen.width()));
    }
}

/// All scenarios, each once though several projects may read its file.
fn found(all: &[Compiled]) -> Vec<Found<'_>> {
    let mut seen = std::collections::BTreeSet::new();
    let mut scenarios = Vec::new();
    for (project, compiled) in all.iter().enumerate() {
        for (id, decl) in compiled.compilation.scenarios() {
            let path = compiled.compilation.sources.get(id).map(|s| s.path.as_str()).unwrap_or_default();
            if seen.insert((path, decl.span.start)) {
                scenarios.push(Found { project, compiled, path, decl });
            }
        }
    }
    scenarios
}

fn wants(filter: Option<&str>, decl: &ScenarioDecl) -> bool {
    let Some(filter) = filter.map(str::to_lowercase) else { return true };
    decl.title.text.to_lowercase().contains(&filter) || decl.journey.text.to_lowercase().contains(&filter)
}

fn nothing(args: &Test, known: usize) -> Failure {
    let places: Vec<String> = args.project.iter().map(|p| format!("`{}`", p.display())).collect();
    let places = places.join(", ");
    match &args.filter {
        Some(filter) if known > 0 => Failure::new(format!(
            "none of the {} in {places} has \"{filter}\" in its title or journey",
            count(known, "scenario", "scenarios")
        ))
        .help(if std::path::Path::new(filter).exists() {
            format!("to run the scenarios of a folder or file: journeyc test --project {filter}")
        } else {
            "`journeyc test` without a filter runs all of them".to_owned()
        }),
        _ => Failure::new(format!("there is no scenario in {places}")).help(
            "write one beside the journey: scenario \"it goes well\" for JOURNEY { … }; see `journeyc test --help`",
        ),
    }
}

/// The line that failed, what was expected and what was the case, and all that happened to the customer.
fn story(compiled: &Compiled, played: &Played, width: usize) -> String {
    let Some(failed) = &played.failed else { return String::new() };
    let round = failed.round.map(|n| format!(" in round {n}")).unwrap_or_default();
    let problem = if failed.expects { "does not hold" } else { "cannot be done" };
    let label = Label { span: failed.span, text: format!("{problem}{round}"), alike: Vec::new() };
    let mut out = String::from("\n");
    for line in human::excerpt(&[label], &compiled.compilation.sources, width.saturating_sub(2)).lines() {
        out.push_str(&format!("  {line}\n"));
    }
    for (word, text) in [(if failed.expects { "expected" } else { "needs" }, &failed.expected), ("but", &failed.was)] {
        let text = human::wrapped(&timeline::visible(text), 16, 16, width);
        out.push_str(&format!("    {} {text}\n", styled(NAME, format!("= {:<9}", format!("{word}:")))));
    }
    out.push('\n');
    if played.timeline.is_empty() {
        out.push_str("    nothing happened to the customer before this line\n");
    } else {
        out.push_str("    what happened to the customer until then:\n");
        out.push_str(&timeline::render(&played.timeline, &played.zone, 4, width));
    }
    out.push('\n');
    out
}
