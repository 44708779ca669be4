//! `journeyc graph`: journeys as pictures.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use journey_compiler::check::bounds;
use journey_compiler::diagnostics::did_you_mean;
use journey_compiler::emit::picture::{MOST_STATES, Picture};
use journey_compiler::emit::{self, dot, json, mermaid, svg};
use journey_spec::program::{DAY, JourneyId, Program};
use journey_step::effect::Way;

use crate::coverage::{self, Seen};
use crate::failure::{Exit, Failure, Outcome};
use crate::project::{self, Compiled};
use crate::screen::{Screen, count, grouped};
use crate::{test, written};

const EXAMPLES: &str = "\
Examples:
  journeyc graph examples/appointment --out appointment.svg    a picture for a browser or a document
  journeyc graph examples/appointment --format mermaid         text that GitHub and many wikis draw
  journeyc graph examples --journey boarding --format dot      text for Graphviz
  journeyc graph . --format json > journeys.json               nodes, edges and places, for other tools
  journeyc graph examples/boarding --coverage --out seen.svg   pale what no scenario comes by
  journeyc graph examples/boarding --bounds --out most.svg     how much of each state's messages can leave

Without --format it is what the name after --out ends in: .svg, .mmd, .dot or .json; else svg.

Exit codes: 0 drawn, 1 drawn as far as it can be read, and there are findings; 2 nothing drawn, wrong usage or \
unreadable files";

/// Draws journeys: states, messages, timers, people, ends, and what leads where
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Graph {
    /// A file or folder
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// Only this journey
    #[arg(long, value_name = "NAME")]
    journey: Option<String>,
    /// How it is written
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// Runs the scenarios, and marks what none of them comes by
    #[arg(long)]
    coverage: bool,
    /// Says in each state how many of its messages can leave in any 24 hours
    #[arg(long)]
    bounds: bool,
    /// Where to; stdout without it, or with `-`
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A drawing, for browsers and documents
    Svg,
    /// A flowchart as text, which GitHub and many wikis draw
    Mermaid,
    /// Text for Graphviz
    Dot,
    /// Nodes, edges and places, for other tools
    Json,
}

impl Format {
    fn of(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "svg" => Some(Format::Svg),
            "mmd" | "mermaid" => Some(Format::Mermaid),
            "dot" | "gv" => Some(Format::Dot),
            "json" => Some(Format::Json),
            _ => None,
        }
    }

    fn render(self, pictures: &[Picture]) -> String {
        match self {
            Format::Svg => svg::render(pictures),
            Format::Mermaid => mermaid::render(pictures),
            Format::Dot => dot::render(pictures),
            Format::Json => json::render(pictures),
        }
    }
}

/// `-`, as everywhere, is stdout.
fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

pub(crate) fn run(args: &Graph, screen: &mut Screen) -> Outcome {
    let format = match (args.format, &args.out) {
        (Some(format), _) => format,
        (None, None) => Format::Svg,
        (None, Some(out)) if is_stdout(out) => Format::Svg,
        (None, Some(out)) => Format::of(out).ok_or_else(|| {
            Failure::new(format!("the name `{}` does not say how to draw", out.display()))
                .help("end it in .svg, .mmd, .dot or .json, or add --format")
        })?,
    };
    let all = project::compile(std::slice::from_ref(&args.path))?;
    let findings = project::tell_findings(&all, screen);
    if args.coverage && project::has_errors(&all) {
        screen.say(&format!(
            "nothing was drawn: scenarios cannot run, {} to look at first\n",
            count(findings, "finding", "findings")
        ));
        return Ok(Exit::Findings);
    }
    let mut failed = 0;
    let mut seen = None;
    if args.coverage {
        let (all_seen, played, fail) = test::seen(&all)?;
        if played == 0 {
            return Err(Failure::new(format!("there is no scenario in `{}`", args.path.display()))
                .help("write one beside the journey, or draw it without --coverage"));
        }
        failed = fail;
        seen = Some(all_seen);
    }
    let pictures = chosen(&all, seen.as_ref(), args)?;
    if let Some(large) = pictures.iter().find(|p| p.is_too_large()) {
        return Err(Failure::new(format!(
            "journey `{}` has more than {MOST_STATES} states, and nobody could follow a picture of it",
            large.journey
        ))
        .help("draw the others with --journey, or split it"));
    }
    let text = format.render(&pictures);
    match args.out.as_deref().filter(|out| !is_stdout(out)) {
        None => screen.print(&text),
        Some(out) => {
            written::whole(out, text.as_bytes())?;
            let names: Vec<&str> = pictures.iter().map(|p| p.journey.as_str()).collect();
            screen.say(&format!("drew {} to {}\n", names.join(", "), out.display()));
        }
    }
    if findings > 0 {
        screen.say(&format!("{} to look at first\n", count(findings, "finding", "findings")));
    }
    if failed > 0 {
        let what = count(failed, "scenario fails", "scenarios fail");
        screen.say(&format!("{what}; what they came by until then is drawn as come by\n"));
    }
    Ok(Exit::findings(findings > 0 || failed > 0))
}

/// Writes into each state that sends how many of its messages can leave in a day.
fn write_bounds(picture: &mut Picture, program: &Program, id: JourneyId) {
    let Some(journey) = program.journeys.get(id.index()) else { return };
    for (state, most) in bounds::of_states(program, id, DAY) {
        let text = match most {
            Some(most) => format!("at most {} in 24h", grouped(most)),
            None => "nothing bounds it".to_owned(),
        };
        picture.proven(journey.states.get(state.index()).map_or("", |s| s.name.as_str()), text);
    }
}

/// The pictures that were asked for; a journey that several projects `use` is drawn once.
fn chosen(all: &[Compiled], seen: Option<&Seen>, args: &Graph) -> Result<Vec<Picture>, Failure> {
    let mut found: Vec<(Picture, BTreeSet<Way>)> = Vec::new();
    for (project, compiled) in all.iter().enumerate() {
        for (mut picture, id) in emit::draw_all(&compiled.compilation).into_iter().zip((0..).map(JourneyId)) {
            if let Some(program) = compiled.compilation.runnable().filter(|_| args.bounds) {
                write_bounds(&mut picture, program, id);
            }
            let taken = seen.map(|seen| coverage::taken(seen, project, id)).unwrap_or_default();
            match found.iter_mut().find(|(known, _)| known.journey == picture.journey && known.at == picture.at) {
                Some((_, known)) => known.extend(taken),
                None => found.push((picture, taken)),
            }
        }
    }
    let mut pictures: Vec<Picture> = Vec::new();
    for (mut picture, taken) in found {
        if seen.is_some() {
            picture.mark(&taken);
        }
        pictures.push(picture);
    }
    let place = args.path.display();
    if pictures.is_empty() {
        return Err(Failure::new(format!("there is no journey to draw in `{place}`"))
            .help("name a folder or a file that declares one; `journeyc init` begins one"));
    }
    let Some(name) = &args.journey else { return Ok(pictures) };
    let names: Vec<String> = pictures.iter().map(|p| p.journey.clone()).collect();
    pictures.retain(|p| p.journey == *name);
    if pictures.is_empty() {
        let help = did_you_mean(name, names.iter().map(String::as_str))
            .unwrap_or_else(|| format!("there: {}", names.join(", ")));
        return Err(Failure::new(format!("there is no journey `{name}` in `{place}`")).help(help));
    }
    Ok(pictures)
}
