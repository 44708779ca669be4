//! `journeyc run`: a project or a bundle against a feed, on virtual time or live.

mod answers;
mod intake;
mod live;
mod places;
mod report;
mod verify;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use journey_runtime::channels::{Discard, MessageFile};
use journey_runtime::drive::{self, Progress};
use journey_runtime::hooks::Verifying;
use journey_runtime::store::Sqlite;
use journey_runtime::{Channel, Engine, EngineError, Outside, StoreError};
use journey_spec::bundle;
use journey_spec::program::Program;

use crate::failure::{Exit, Failure, Outcome};
use crate::folder;
use crate::manifest;
use crate::modules;
use crate::project;
use crate::run::answers::Answers;
use crate::run::intake::{Counted, Counts};
use crate::screen::{Screen, plain};

const EXAMPLES: &str = "\
Examples:
  journeyc run examples/appointment --feed examples/appointment/stuck-backend.jsonl
  journeyc run examples/appointment --feed feed.jsonl --answers answers.json --out messages.jsonl
  journeyc run examples/appointment --feed feed.jsonl --summary       only the closing lines
  journeyc run appointment.bundle.json --feed feed.jsonl              what `journeyc build` made
  journeyc run examples/appointment --live --store journeys.db --json < inputs.jsonl
  journeyc run                                    here, with the feed that journey.toml names
  journeyc run complaints --feed feed.jsonl --verify-hooks            do hooks say the same when asked again?
  journeyc run complaints --feed feed.jsonl --verify-hooks --store journeys.db   and the same as they did then?

A feed holds one JSON object a line:
  {\"id\":\"e1\",\"at\":\"2026-03-02T09:58:00Z\",\"customer\":\"victoria\",\"event\":\"booking.created\",\"data\":{…}}
  {\"id\":\"e2\",\"at\":\"2026-03-02T10:00:00Z\",\"customer\":\"victoria\",\"reply\":\"thank you\",\"channel\":\"sms\"}

Answers of services: {\"cancel_visit\": \"done\"}, or [\"refused\", \"done\"] for one call after another, or
{\"outcome\": \"done\", \"after\": \"2s\"}; a service without any runs into its deadline and has failed.

Exit codes: 0 the feed was run, also where lines of it were refused, 1 the project has errors, no line of the
feed could be taken, or with --verify-hooks a hook says something else, 2 wrong usage or a fault";

/// Runs a project or a bundle against a feed on virtual time, or live
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Run {
    /// The project's folder or file, or the bundle that `journeyc build` made of it
    #[arg(value_name = "PROJECT", default_value = ".")]
    project: PathBuf,
    /// What arrives, as JSON lines; `-` is stdin; without it, what journey.toml names
    #[arg(long, value_name = "FILE", conflicts_with = "live")]
    feed: Option<PathBuf>,
    /// Takes what arrives from stdin in real time, and prints what is sent
    #[arg(long)]
    live: bool,
    /// The SQLite file that keeps everything; a temporary one without it
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// What services answer, as JSON; without it, what journey.toml names
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Also writes every message to this file, as JSON lines
    #[arg(long, value_name = "FILE", conflicts_with = "live")]
    out: Option<PathBuf>,
    /// Prints only the closing lines
    #[arg(long, visible_alias = "quiet-timeline", conflicts_with = "live")]
    summary: bool,
    /// Prints only this customer; may be named several times
    #[arg(long, value_name = "ID", conflicts_with = "live")]
    customer: Vec<String>,
    /// Asks each hook twice, or where --store names what an earlier run has kept, once more than that; says what differs
    #[arg(long, conflicts_with_all = ["live", "out"])]
    verify_hooks: bool,
    /// With --live: JSON lines on stdout in place of plain ones
    #[arg(long, requires = "live")]
    json: bool,
}

pub(crate) fn run(args: &Run, screen: &mut Screen) -> Outcome {
    let Some((program, named, place)) = program(&args.project, screen)? else { return Ok(Exit::Findings) };
    let answers_file = args.answers.clone().or(named.answers);
    let answers = match &answers_file {
        Some(path) => answers::read(path, &program)?,
        None => Answers::default(),
    };
    // Looked at before the store, so that a mistyped name leaves no empty store behind.
    let feed_file = args.feed.clone().or(named.feed).filter(|_| !args.live);
    if feed_file.is_none() && !args.live {
        return Err(no_feed(&args.project));
    }
    let feed = feed_file.as_deref().map(open_feed).transpose()?;
    places::apart(&[
        ("--feed", feed_file.as_deref().filter(|f| *f != Path::new("-"))),
        ("--store", args.store.as_deref()),
        ("--answers", answers_file.as_deref()),
        ("--out", args.out.as_deref()),
    ])?;
    let modules = modules::open_loudly(&program, &place, screen)?;
    let earlier = match (&args.store, args.verify_hooks) {
        (Some(store), true) if store.exists() => Some(verify::recorded(store, &program)?),
        _ => None,
    };
    let out: Box<dyn Channel> = match &args.out {
        Some(path) => Box::new(
            MessageFile::open(path).map_err(|e| Failure::new(e.to_string()).help("name another file with --out"))?,
        ),
        None => Box::new(Discard),
    };

    let temporary;
    // What was recorded is compared with, and not gone on with.
    let store = match args.store.as_ref().filter(|_| earlier.is_none()) {
        Some(path) => path.clone(),
        None => {
            temporary = tempfile::tempdir().map_err(|e| {
                Failure::new(format!("cannot make a temporary folder for the store: {}", plain(&e)))
                    .help("make room, or name a place with --store")
            })?;
            temporary.path().join("journeys.db")
        }
    };
    let sqlite = Sqlite::open(&store).map_err(|e| store_failure(&e))?;
    let mut engine = Engine::open(program.clone(), Box::new(sqlite)).map_err(|e| engine_failure(&e))?;
    let verifying = match (&modules, args.verify_hooks) {
        (Some(first), true) => modules::open(&program, &place)?.map(|second| Verifying::new(first.clone(), second)),
        _ => None,
    };
    match (&verifying, modules) {
        (Some(verifying), _) => engine = engine.ask_hooks(Box::new(verifying.clone())),
        (None, Some(modules)) => engine = engine.ask_hooks(Box::new(modules)),
        (None, None) => {}
    }
    match feed {
        Some(feed) => {
            let engine = engine.connect(Outside { channel: out, desk: Box::new(Discard), service: Box::new(answers) });
            let (mut engine, mut exit) = replay(args, engine, feed, screen)?;
            let mut also = |found: Exit| exit = Exit::findings(exit == Exit::Findings || found == Exit::Findings);
            if args.verify_hooks {
                also(verify::tell(&verifying.map(|v| v.seen()).unwrap_or_default(), screen));
            }
            if let Some(recorded) = &earlier {
                also(verify::compare(recorded, &verify::judged(&mut engine)?, screen)?);
            }
            Ok(exit)
        }
        None => live::run(engine, Box::new(answers), args.json, screen),
    }
}

/// The program, of a bundle as it was built or compiled from a project's sources, and what journey.toml names for it. None
/// where the sources have errors.
fn program(path: &Path, screen: &mut Screen) -> Result<Option<(Arc<Program>, manifest::Run, modules::Place)>, Failure> {
    if let Some(bytes) = bundle(path)? {
        let whole = bundle::read_whole(&bytes)
            .map_err(|error| Failure::new(format!("cannot run the bundle `{}`: {error}", path.display())))?;
        let place = modules::Place::of_bundle(path, whole.modules);
        return Ok(Some((Arc::new(whole.program), manifest::Run::default(), place)));
    }
    let all = project::one(path)?;
    if project::refuse_errors(&all, screen) {
        return Ok(None);
    }
    match all.first().and_then(|c| Some((c.compilation.runnable()?, c))) {
        Some((program, c)) => {
            let place = modules::Place::of_project(&c.compilation);
            Ok(Some((Arc::new(program.clone()), c.manifest.run.clone(), place)))
        }
        None => Err(Failure::new(format!("`{}` declares nothing that can be run", path.display()))),
    }
}

/// The bytes of a bundle, where the path names one: a file that ends in `.json`, or in anything but `.journey` and begins
/// as JSON does.
pub(crate) fn bundle(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let ends = |ending: &str| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending));
    if path.is_dir() || ends("journey") || !ends("json") && !begins_as_json(path) {
        return Ok(None);
    }
    let most = bundle::MAX_BYTES as u64;
    let bytes = folder::read_at_most(path, most).map_err(|why| {
        Failure::new(format!("cannot read the bundle `{}`: {why}", path.display()))
            .help("name a bundle that `journeyc build` made, or a project's folder or file")
    })?;
    Ok(Some(bytes))
}

fn begins_as_json(path: &Path) -> bool {
    let mut first = [0; 1];
    path.is_file() && File::open(path).and_then(|mut f| f.read_exact(&mut first)).is_ok() && first == *b"{"
}

fn no_feed(project: &Path) -> Failure {
    Failure::new(format!("there is no feed to run `{}` against", project.display())).help(
        "name one with --feed FILE, or in journey.toml: [run] feed = \"feed.jsonl\"; --live takes what arrives from stdin",
    )
}

/// A feed and how long it is, where that is known.
struct Feed {
    reader: Box<dyn BufRead>,
    name: String,
    bytes: Option<u64>,
}

fn open_feed(path: &Path) -> Result<Feed, Failure> {
    let name = path.display().to_string();
    if name == "-" {
        return Ok(Feed { reader: Box::new(BufReader::new(std::io::stdin())), name: "stdin".into(), bytes: None });
    }
    let cannot = |why: &str| {
        Failure::new(format!("cannot read the feed `{name}`: {why}")).help("name a file of JSON lines, or - for stdin")
    };
    let file = File::open(path).map_err(|e| cannot(&plain(&e)))?;
    let meta = file.metadata().map_err(|e| cannot(&plain(&e)))?;
    if meta.is_dir() {
        return Err(cannot("it is a folder"));
    }
    let bytes = Some(meta.len()).filter(|_| meta.is_file());
    Ok(Feed { reader: Box::new(BufReader::with_capacity(1 << 16, file)), name, bytes })
}

/// Runs the feed, and finds fault with it where none of its lines could be taken: it is of another project, or no feed.
fn replay(args: &Run, mut engine: Engine, feed: Feed, screen: &mut Screen) -> Result<(Engine, Exit), Failure> {
    // Beside what was given it holds what people are still in.
    let program = Arc::clone(engine.program());
    engine.claim_pace().map_err(|e| engine_failure(&e))?;
    let known = engine.dead_letters().map_err(|e| engine_failure(&e))?.len();
    let counts = Counts::default();
    let reader = Counted::new(feed.reader, counts.clone());
    let began = Instant::now();
    let mut bar = Bar { bar: None, began, bytes: feed.bytes, shown: screen.chats_with_a_terminal() };
    let ran = drive::run_feed(&mut engine, reader, &drive::Options::default(), |p| bar.at(p));
    bar.gone();
    let summary = ran.map_err(|e| match (&e, &args.store) {
        (EngineError::Store(_) | EngineError::InDoubt, Some(store)) => engine_failure(&e).help(format!(
            "look at the disk that holds `{}`; the same command goes on from what is kept there",
            store.display()
        )),
        _ => engine_failure(&e),
    })?;
    let report = report::Report {
        program: &program,
        engine: &mut engine,
        counts: &counts,
        summary: &summary,
        feed: &feed.name,
        store: args.store.as_deref(),
        only: &args.customer,
        timelines: !args.summary,
        known_letters: known,
    };
    report.print(screen)?;
    if summary.accepted == 0 && summary.duplicates > 0 && summary.refused == 0 {
        screen.say("nothing new: every line had come before\n");
    }
    let is_strange = summary.accepted == 0 && summary.duplicates == 0 && summary.refused > 0;
    if is_strange {
        screen.say("no line of this feed could be taken: is it the feed of this project?\n");
    }
    screen.say(&format!("{} lines in {} ms\n", summary.arrivals, began.elapsed().as_millis()));
    Ok((engine, Exit::findings(is_strange)))
}

/// A progress bar that comes only where a run takes longer than a second.
struct Bar {
    bar: Option<ProgressBar>,
    began: Instant,
    bytes: Option<u64>,
    shown: bool,
}

impl Bar {
    fn at(&mut self, progress: &Progress) {
        if !self.shown || self.began.elapsed() < Duration::from_secs(1) {
            return;
        }
        let bytes = self.bytes;
        let bar = self.bar.get_or_insert_with(|| {
            let bar = bytes.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
            let template = if bytes.is_some() { "{wide_bar} {percent}%  {msg}" } else { "{spinner} {msg}" };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar
        });
        bar.set_position(progress.bytes);
        let day = journey_spec::time::Zone::utc().date(progress.now);
        let what = if progress.tail { "timers that are left" } else { "lines" };
        bar.set_message(format!("{} {what}, {day}", progress.lines));
    }

    fn gone(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn store_failure(error: &StoreError) -> Failure {
    // The runtime's messages name the file and the mend themselves.
    Failure::new(error.to_string())
}

fn engine_failure(error: &EngineError) -> Failure {
    let failure = Failure::new(error.to_string());
    match error {
        EngineError::Channel(_) => {
            failure.help("mend that and run again: what was taken is kept where --store names a file")
        }
        _ => failure,
    }
}
