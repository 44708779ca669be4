//! `journeyc test`: the scenarios, on virtual time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use journey_compiler::ast::ScenarioDecl;
use journey_compiler::diagnostics::{Label, human};
use journey_spec::program::Program;

use crate::failure::{Exit, Failure, Outcome};
use crate::project::{self, Compiled};
use crate::scenario::{self, Played};
use crate::screen::{BAD, BOLD, DIM, GOOD, NAME, Screen, count, styled};
use crate::timeline;

const EXAMPLES: &str = "\
Examples:
  journeyc test                                       every scenario here and below
  journeyc test stuck                                 those whose title or journey has `stuck` in it
  journeyc test --project examples/appointment thank  those of one project

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
}

/// A scenario and where it comes from.
struct Found<'a> {
    compiled: &'a Compiled,
    path: &'a str,
    decl: &'a ScenarioDecl,
}

pub(crate) fn run(args: &Test, screen: &mut Screen) -> Outcome {
    let began = Instant::now();
    let all = project::compile(&args.project)?;
    if project::refuse_errors(&all, screen) {
        return Ok(Exit::Findings);
    }
    let scenarios = found(&all);
    let wanted: Vec<&Found<'_>> = scenarios.iter().filter(|s| wants(args.filter.as_deref(), s.decl)).collect();
    if wanted.is_empty() {
        return Err(nothing(args, scenarios.len()));
    }
    let programs = programs(&all);
    let (mut passed, mut failed) = (0_usize, 0_usize);
    let mut file = "";
    for scenario in wanted {
        if file != scenario.path {
            file = scenario.path;
            screen.print(&format!("{}\n", styled(DIM, file)));
        }
        let Some(program) = program_of(&programs, scenario.compiled) else { continue };
        let started = Instant::now();
        let played = scenario::play(program, scenario.decl)
            .map_err(|e| Failure::new(format!("scenario \"{}\" cannot go on: {e}", scenario.decl.title.text)))?;
        let ms = styled(DIM, format!("{} ms", started.elapsed().as_millis()));
        let title = timeline::visible(&scenario.decl.title.text);
        if played.failed.is_none() {
            passed += 1;
            screen.print(&format!("  {}      {title}  {ms}\n", styled(GOOD, "ok")));
        } else {
            failed += 1;
            screen.print(&format!("  {}  {}  {ms}\n", styled(BAD, "FAILED"), styled(BOLD, title)));
            screen.print(&story(scenario.compiled, &played, screen.width()));
        }
    }
    let fails = if failed > 0 { format!(", {failed} failed") } else { String::new() };
    screen.say(&format!("{passed} passed{fails} in {} ms\n", began.elapsed().as_millis()));
    Ok(Exit::findings(failed > 0))
}

/// All scenarios, each once though several projects may read its file.
fn found(all: &[Compiled]) -> Vec<Found<'_>> {
    let mut seen = std::collections::BTreeSet::new();
    let mut scenarios = Vec::new();
    for compiled in all {
        for (id, decl) in compiled.compilation.scenarios() {
            let path = compiled.compilation.sources.get(id).map(|s| s.path.as_str()).unwrap_or_default();
            if seen.insert((path, decl.span.start)) {
                scenarios.push(Found { compiled, path, decl });
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

type Programs<'a> = Vec<(&'a str, Arc<Program>)>;

fn programs(all: &[Compiled]) -> Programs<'_> {
    all.iter().filter_map(|c| Some((c.project.name.as_str(), Arc::new(c.compilation.runnable()?.clone())))).collect()
}

fn program_of<'a>(programs: &'a Programs<'_>, compiled: &Compiled) -> Option<&'a Arc<Program>> {
    programs.iter().find(|(name, _)| *name == compiled.project.name).map(|(_, program)| program)
}

/// The line that failed, what was expected and what was the case, and all that happened to the customer.
fn story(compiled: &Compiled, played: &Played, width: usize) -> String {
    let Some(failed) = &played.failed else { return String::new() };
    let round = failed.round.map(|n| format!(" in round {n}")).unwrap_or_default();
    let problem = if failed.expects { "does not hold" } else { "cannot be done" };
    let label = Label { span: failed.span, text: format!("{problem}{round}") };
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
