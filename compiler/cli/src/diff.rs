//! `journeyc diff`: what a newer version changes for people who are in the middle of a journey.

mod house;
mod journeys;
mod report;
mod states;

use std::path::{Path, PathBuf};

use clap::Args;
use journey_compiler::check::bounds::{self, Kind, Scope, WINDOWS};
use journey_spec::bundle;
use journey_spec::program::Program;
use journey_spec::program::union::union;
use serde::Serialize;

use crate::failure::{Exit, Failure, Outcome};
use crate::project::{self, Format};
use crate::run;
use crate::screen::Screen;

const EXAMPLES: &str = "\
Examples:
  journeyc diff live.bundle.json examples/appointment    what runs now, and what is to come
  journeyc diff ../as-it-was .                           two folders
  journeyc diff live.bundle.json . --format concise      one line a change
  journeyc diff live.bundle.json . --format json         for other tools

OLD and NEW are each a project's folder, a .journey file, or a bundle that `journeyc build` made.
Whoever is in a journey stays on the version on which they began; the newest version's policy,
customer, events and services hold for all at once. It is assumed that somebody is in every state.

Exit codes: 0 nobody would be stranded, 1 somebody would be, or a project has errors, 2 wrong usage or unreadable files";

/// Says what a newer version changes for people in flight, and whether somebody would be stranded
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Diff {
    /// The version that people are on now
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The version that is to come
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// How it is printed
    #[arg(long, value_enum, default_value = "full", value_name = "FORMAT")]
    format: Format,
}

/// All that there is to say of two versions.
#[derive(Serialize)]
struct Compared {
    /// The older program's hash.
    old: String,
    /// The newer one's.
    new: String,
    /// Each journey of either.
    journeys: Vec<JourneyChange>,
    /// What holds for everybody from the moment at which the newer version is loaded.
    house: Vec<Change>,
    /// The most messages to one customer.
    bounds: Vec<Most>,
}

/// What becomes of a journey and of those who are in it.
#[derive(Serialize)]
struct JourneyChange {
    journey: String,
    fate: Fate,
    changes: Vec<Change>,
    /// What people in flight would need and no longer have, or why they cannot be moved.
    stranded: Vec<String>,
    /// Where those who are moved go on, state by state; empty where they stay.
    moved: Vec<Moved>,
}

/// Where whoever is in a state of the older version goes on.
#[derive(Serialize)]
struct Moved {
    from: String,
    to: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Fate {
    /// Nothing in it changes: those who are in it are on the newer version at once.
    Same,
    /// Those who are in it stay on the older version.
    Changed,
    /// Those who are in it are moved to the newer version.
    Moved,
    /// Nobody begins it any more.
    Removed,
    New,
}

/// One thing that changes.
#[derive(Clone, PartialEq, Eq, Serialize)]
struct Change {
    kind: ChangeKind,
    /// In words.
    what: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum ChangeKind {
    Added,
    Removed,
    Changed,
    /// Something could come twice, or never.
    Risk,
}

impl Change {
    fn added(what: impl Into<String>) -> Change {
        Change { kind: ChangeKind::Added, what: what.into() }
    }

    fn removed(what: impl Into<String>) -> Change {
        Change { kind: ChangeKind::Removed, what: what.into() }
    }

    fn changed(what: impl Into<String>) -> Change {
        Change { kind: ChangeKind::Changed, what: what.into() }
    }

    fn risk(what: impl Into<String>) -> Change {
        Change { kind: ChangeKind::Risk, what: what.into() }
    }
}

/// The most messages that can reach one customer in a window.
#[derive(Serialize)]
struct Most {
    /// In milliseconds.
    window: i64,
    before: Figure,
    after: Figure,
    /// While people are in both versions.
    during: Figure,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
struct Figure {
    /// None where nothing bounds it.
    at_most: Option<u64>,
    /// Whether so many really can leave.
    exact: bool,
}

pub(crate) fn run(args: &Diff, screen: &mut Screen) -> Outcome {
    let Some(old) = program(&args.old, screen)? else { return Ok(Exit::Findings) };
    let Some(new) = program(&args.new, screen)? else { return Ok(Exit::Findings) };
    let compared = compare(&old, &new)?;
    let stranded = compared.journeys.iter().any(|j| !j.stranded.is_empty());
    screen.print(&match args.format {
        Format::Full => report::full(&compared, screen.width()),
        Format::Concise => report::concise(&compared),
        Format::Json => report::json(&compared),
    });
    Ok(Exit::findings(stranded))
}

/// The program of a bundle or of a project; none where the project has errors, which are printed.
fn program(path: &Path, screen: &mut Screen) -> Result<Option<Program>, Failure> {
    if let Some(bytes) = run::bundle(path)? {
        let read = bundle::read(&bytes);
        return read
            .map(Some)
            .map_err(|error| Failure::new(format!("cannot read the bundle `{}`: {error}", path.display())));
    }
    let all = project::one(path)?;
    if project::has_errors(&all) {
        project::print_findings(&all, Format::Full, screen);
        screen.say(&format!("nothing was compared: `{}` has errors\n", path.display()));
        return Ok(None);
    }
    match all.first().and_then(|c| c.compilation.runnable()) {
        Some(program) => Ok(Some(program.clone())),
        None => Err(Failure::new(format!("`{}` declares nothing that can be run", path.display()))),
    }
}

fn compare(old: &Program, new: &Program) -> Result<Compared, Failure> {
    // Of a bundle or of sources that were read strictly: what does not hang together is a fault of ours.
    let fault = |e| Failure::new(format!("the versions cannot be laid side by side: {e}; please report it"));
    let both = union(old, new, |_| true).map_err(fault)?;
    let journeys = journeys::compare(old, new, &both);
    let same = old.hash == new.hash;
    let (before, after) = (most(old), if same { most(old) } else { most(new) });
    let during = if same { most(old) } else { most(&bounds::together(&both)) };
    let bounds = WINDOWS.iter().zip(before).zip(after.into_iter().zip(during));
    let bounds = bounds.map(|((window, before), (after, during))| Most { window: *window, before, after, during });
    Ok(Compared {
        old: old.hash.clone(),
        new: new.hash.clone(),
        journeys,
        house: house::compare(old, new),
        bounds: bounds.collect(),
    })
}

/// All messages to one customer, in each window of the table.
fn most(program: &Program) -> Vec<Figure> {
    let proof = bounds::proven(program);
    let of = |window: &i64| {
        let all = |b: &&bounds::Bound| {
            b.scope == Scope::Customer && (b.channel, b.purpose, b.window) == (None, None, Some(*window))
        };
        let bound = proof.bounds.iter().find(all);
        let none = Figure { at_most: Some(0), exact: true };
        bound.map_or(none, |b| Figure { at_most: b.at_most, exact: b.kind == Kind::Exact })
    };
    WINDOWS.iter().map(of).collect()
}
