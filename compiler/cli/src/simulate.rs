//! `journeyc simulate`: many customers on virtual time, and what came of them.

mod data;
mod desks;
mod draft;
mod fields;
mod page;
mod plot;
mod profile;
mod story;
mod tell;
mod toml;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use journey_compiler::check::bounds::{self, Scope};
use journey_runtime::hooks::Modules;
use journey_runtime::simulate::{Bound, Control, Counts, Options, Profile, Share, Simulation};
use journey_spec::bundle;
use journey_spec::program::Program;

use crate::failure::{Exit, Failure, Outcome};
use crate::modules;
use crate::project;
use crate::run;
use crate::screen::{Screen, count, grouped};
use crate::written;

const EXAMPLES: &str = "\
Examples:
  journeyc simulate examples/appointment                               10,000 customers, 90 days
  journeyc simulate examples/appointment --customers 1_000_000 --hostile 1% --faults
  journeyc simulate care --write-profile care/simulate.toml            a profile to begin with
  journeyc simulate examples/appointment --report report.html          a page with plots
  journeyc simulate examples/appointment --seed 7 --customer 4711      the life of one of them
  journeyc simulate appointment.bundle.json --format json              against the bundle's certificate

Each customer is lived through by the runtime's own step and ledger. What comes of them the profile says: simulate.toml in
the project's folder, or --profile FILE; without one it is made up from the program. The same seed gives the same result.

What must not happen is told with the command that lives through that customer again: more messages in a window than was
proven, a promise of which nothing says what became of it, an answer that nobody hears, a step that does not come to rest.

Exit codes: 0 nothing of that, 1 some of it or the project has errors, 2 wrong usage or a fault, 130 stopped by ctrl-c; what
was simulated until then is printed";

/// Most days.
const MOST_DAYS: u64 = 3_650;
/// Most customers.
const MOST_CUSTOMERS: u64 = 1_000_000_000;

/// Lives through many customers on virtual time, and holds what happens against what was proven
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Simulate {
    /// The project's folder or file, or the bundle that `journeyc build` made of it
    #[arg(value_name = "PROJECT", default_value = ".")]
    project: PathBuf,
    /// How many customers, such as 1_000_000
    #[arg(long, value_name = "N", default_value = "10_000", value_parser = customers)]
    customers: u64,
    /// How many days each is lived through
    #[arg(long, value_name = "N", default_value = "90", value_parser = days)]
    days: u32,
    /// What all chance comes from
    #[arg(long, value_name = "N", default_value = "1", value_parser = number)]
    seed: u64,
    /// How many of the customers have a feed that does its worst, such as 1%
    #[arg(long, value_name = "SHARE", value_parser = Share::parse)]
    hostile: Option<Share>,
    /// Much goes wrong for everybody: events twice, late, lost and stuck, messages that fail, services that do not answer
    #[arg(long)]
    faults: bool,
    /// What customers and their feed are like; without it simulate.toml in the project's folder, where there is one
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Writes the world that is made up from the program to a new file, as a profile to begin with, and plays nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["profile", "customer", "report"])]
    write_profile: Option<PathBuf>,
    /// How many threads; as many as there are cores without it, and the result is the same
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Tells the life of this customer in place of the counts
    #[arg(long, value_name = "N", value_parser = one_customer)]
    customer: Option<u64>,
    /// Also writes a page with plots to this file, to be opened in any browser
    #[arg(long, value_name = "FILE", conflicts_with = "customer")]
    report: Option<PathBuf>,
    /// How the outcome is printed
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    format: Format,
}

/// How the outcome is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables, or with --customer a timeline
    Human,
    /// One object
    Json,
}

/// Reads a number that may have `_` between its digits.
fn number(text: &str) -> Result<u64, String> {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    let sound = !digits.is_empty() && !text.starts_with('_') && digits.bytes().all(|b| b.is_ascii_digit());
    let wrong = || format!("`{text}` is no whole number; write for example 1_000_000");
    if !sound {
        return Err(wrong());
    }
    digits.parse().map_err(|_| format!("`{text}` is too large"))
}

fn within(text: &str, what: &str, most: u64) -> Result<u64, String> {
    match number(text)? {
        0 => Err(format!("there has to be at least one {what}")),
        n if n > most => Err(format!("{} are more than {} {what}s", grouped(n), grouped(most))),
        n => Ok(n),
    }
}

fn customers(text: &str) -> Result<u64, String> {
    within(text, "customer", MOST_CUSTOMERS)
}

fn one_customer(text: &str) -> Result<u64, String> {
    within(text, "customer", MOST_CUSTOMERS).map_err(|why| match text {
        "0" => "customers are counted from 1".to_owned(),
        _ => why,
    })
}

fn days(text: &str) -> Result<u32, String> {
    within(text, "day", MOST_DAYS).map(|n| u32::try_from(n).unwrap_or(u32::MAX))
}

/// A program with what is proven of it.
struct Proven {
    program: Arc<Program>,
    bounds: Vec<Bound>,
    /// Where the modules of its hooks are.
    place: modules::Place,
}

/// What a run came to, for whoever prints it.
pub(crate) struct Ran<'a> {
    args: &'a Simulate,
    program: &'a Program,
    sim: &'a Simulation<'a>,
    counts: &'a Counts,
    /// When the simulated time began.
    begins: journey_spec::Ts,
    /// The profile's file; none where the world was made up from the program.
    profile: Option<&'a std::path::Path>,
    /// Where each hook's answers came from.
    hooks: Vec<(String, Answers)>,
}

/// Where a hook's answers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answers {
    /// Its module is asked.
    Module,
    /// The profile says them.
    Profile,
    /// Its module is not there, and the profile does not say.
    MadeUp,
}

pub(crate) fn run(args: &Simulate, screen: &mut Screen) -> Outcome {
    let Some(proven) = read(args, screen)? else { return Ok(Exit::Findings) };
    if proven.program.journeys.is_empty() {
        return Err(Failure::new(format!("`{}` declares no journey, so nothing happens", args.project.display()))
            .help("name the folder or file that holds the journey; what it uses comes along"));
    }
    if let Some(file) = &args.write_profile {
        return draft(file, &proven.program, screen);
    }
    let file = profile::find(args.profile.as_deref(), &args.project);
    let profile = match &file {
        Some(file) => profile::read(file, &proven.program)?,
        None => Profile::of(&proven.program),
    };
    let begins = profile.begins;
    // Hooks are really asked, where their modules are there and the profile does not say what they say.
    let opened = modules::open(&proven.program, &proven.place)?;
    let mut asked = opened.as_ref().map(Modules::present).unwrap_or_default();
    let mut hooks = Vec::new();
    for (hook, plan) in proven.program.hooks.iter().zip(&profile.hooks) {
        let from = match (plan.is_said, asked.contains(&hook.name)) {
            (true, _) => Answers::Profile,
            (false, true) => Answers::Module,
            (false, false) => Answers::MadeUp,
        };
        if from != Answers::Module {
            asked.remove(&hook.name);
        }
        hooks.push((hook.name.clone(), from));
    }
    let options = Options {
        customers: args.customers,
        days: args.days,
        seed: args.seed,
        hostile: args.hostile.unwrap_or_default(),
        faults: args.faults,
    };
    let mut sim = Simulation::new(&proven.program, profile, proven.bounds, options);
    if let Some(modules) = opened {
        sim = sim.ask_hooks(asked, move || Box::new(modules.clone()));
    }
    if let Some(number) = args.customer {
        return story::tell(args, &proven.program, &sim, number, screen);
    }
    let threads = args.threads.or(std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let control = Arc::new(Control::default());
    listen(&control)?;
    let began = Instant::now();
    let counts = shown(args.customers, &control, screen.chats_with_a_terminal(), || sim.run(threads, &control));
    let took = began.elapsed();
    let stopped = counts.customers < args.customers;
    let ran =
        Ran { args, program: &proven.program, sim: &sim, counts: &counts, begins, profile: file.as_deref(), hooks };
    match args.format {
        Format::Human => screen.print(&tell::page(&ran, screen.width())),
        Format::Json => screen.print(&data::report(&ran)?),
    }
    if let Some(file) = &args.report {
        written::whole(file, page::page(&ran).as_bytes())?;
    }
    let steps = counts.inputs().saturating_add(counts.timers);
    screen.say(&format!(
        "{} steps in {} ms on {}\n",
        grouped(steps),
        took.as_millis(),
        count(threads.get(), "thread", "threads")
    ));
    if stopped {
        screen.say(
            "stopped: these are the first customers, and the same command with --customers tells the same of them\n",
        );
        return Ok(Exit::Stopped);
    }
    Ok(Exit::findings(counts.violations > 0))
}

/// Writes the world that is made up from the program, where no file is yet.
fn draft(file: &std::path::Path, program: &Program, screen: &mut Screen) -> Outcome {
    if std::fs::symlink_metadata(file).is_ok() {
        return Err(Failure::new(format!("`{}` is there already, and was left as it is", file.display()))
            .help("name a new file, or move that one away"));
    }
    written::whole(file, draft::text(program, &Profile::of(program)).as_bytes())?;
    screen.print(&format!("{}\n", file.display()));
    Ok(Exit::Clean)
}

/// The program and its bounds, of a bundle or of sources. None where the sources have errors.
fn read(args: &Simulate, screen: &mut Screen) -> Result<Option<Proven>, Failure> {
    let path = &args.project;
    if let Some(bytes) = run::bundle(path)? {
        let bundle::Bundle { program, certificate, modules } = bundle::read_whole(&bytes)
            .map_err(|error| Failure::new(format!("cannot simulate the bundle `{}`: {error}", path.display())))?;
        // What its maker proved is what it is held against.
        let bounds = match certificate {
            Some(certificate) => certificate.bounds.iter().filter_map(|p| Bound::proven(&program, p)).collect(),
            None => proven(&program),
        };
        let place = modules::Place::of_bundle(path, modules);
        return Ok(Some(Proven { program: Arc::new(program), bounds, place }));
    }
    let all = project::one(path)?;
    if project::refuse_errors(&all, screen) {
        return Ok(None);
    }
    let Some((compiled, program)) = all.first().and_then(|c| Some((c, c.compilation.runnable()?))) else {
        return Err(Failure::new(format!("`{}` declares nothing that can be simulated", path.display())));
    };
    let place = modules::Place::of_project(&compiled.compilation);
    Ok(Some(Proven { program: Arc::new(program.clone()), bounds: proven(program), place }))
}

fn proven(program: &Program) -> Vec<Bound> {
    let bounds = bounds::proven(program).bounds;
    let bound = |b: &bounds::Bound| Bound {
        journey: match b.scope {
            Scope::Customer => None,
            Scope::Instance(journey) => Some(journey),
        },
        channel: b.channel,
        purpose: b.purpose,
        window: b.window,
        at_most: b.at_most,
        exact: b.kind == bounds::Kind::Exact,
    };
    bounds.iter().map(bound).collect()
}

/// Ctrl-c ends the run with what was simulated; pressed again, at once.
fn listen(control: &Arc<Control>) -> Result<(), Failure> {
    let control = Arc::clone(control);
    ctrlc::set_handler(move || {
        if control.stop.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    })
    .map_err(|e| Failure::new(format!("cannot listen for ctrl-c: {e}")))
}

/// Does the work, with a progress bar that comes only where it takes longer than a second.
fn shown(customers: u64, control: &Control, shows: bool, work: impl FnOnce() -> Counts + Send) -> Counts {
    if !shows {
        return work();
    }
    let finished = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let began = Instant::now();
            // It counts from the beginning, so that it can say how long it takes, and is seen later.
            let bar = ProgressBar::with_draw_target(Some(customers), ProgressDrawTarget::hidden());
            let template = "{wide_bar} {percent}%  {human_pos} of {human_len} customers, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            while !finished.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(50));
                if bar.is_hidden() && began.elapsed() >= Duration::from_secs(1) {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                }
                bar.set_position(control.done.load(Ordering::Relaxed));
            }
            bar.finish_and_clear();
        });
        let counts = work();
        finished.store(true, Ordering::Relaxed);
        counts
    })
}
