//! The command line of Journey: one file a subcommand.
//!
//! Exit codes: 0 clean, 1 findings, 2 wrong usage or a fault, 130 stopped by ctrl-c. Data goes to stdout, chatter to stderr.

mod build;
mod check;
mod completions;
mod coverage;
mod diff;
mod differs;
mod explain;
mod failure;
mod fmt;
mod folder;
mod graph;
mod init;
mod manifest;
mod modules;
mod packs;
mod project;
mod run;
mod scenario;
mod screen;
mod simulate;
mod test;
mod timeline;
mod wrap;
mod written;

use std::process::ExitCode;

use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::screen::Screen;

const EXAMPLES: &str = "\
Examples:
  journeyc init care                                             a small journey to begin with
  journeyc check examples                                        what could go wrong for a customer
  journeyc test --project examples/appointment                   run the scenarios on virtual time
  journeyc run examples/appointment --feed examples/appointment/stuck-backend.jsonl
  journeyc simulate examples/appointment --hostile 1%            ten thousand customers on virtual time
  journeyc build examples/appointment                            one file for the runtime
  journeyc diff live.json .                                      what a new version changes for people in flight
  journeyc explain J0201                                         a finding's page
  journeyc explain appointment::waiting --project examples/appointment
  journeyc graph examples/appointment --out appointment.svg      a picture

Exit codes: 0 clean, 1 findings, 2 wrong usage or a fault";

/// Begins, checks, lays out, tests, explains, draws, builds, compares, runs and simulates customer-care journeys
#[derive(Parser)]
#[command(name = "journeyc", version, after_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    /// When to use colours; auto means on a terminal and without NO_COLOR
    #[arg(long, value_enum, default_value = "auto", global = true, value_name = "WHEN")]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    fn forced(self) -> Option<bool> {
        match self {
            Color::Auto => None,
            Color::Always => Some(true),
            Color::Never => Some(false),
        }
    }
}

#[derive(Subcommand)]
enum Command {
    Init(init::Init),
    Check(check::Check),
    Fmt(fmt::Fmt),
    Test(test::Test),
    Run(run::Run),
    Simulate(simulate::Simulate),
    Build(build::Build),
    Diff(diff::Diff),
    Explain(explain::Explain),
    Graph(graph::Graph),
    Packs(packs::Packs),
    Wrap(wrap::Wrap),
    Completions(completions::Completions),
}

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|fault| {
        let at = fault.location().map(|l| format!(" ({}:{})", l.file(), l.line())).unwrap_or_default();
        Screen::new(None).say(&format!(
            "error: journeyc met a fault of its own and stops{at}; please report it with the input that led here\n"
        ));
        std::process::exit(2);
    }));
    let matches = match Cli::command().color(asked_color()).try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(2);
        }
    };
    let mut screen = Screen::new(cli.color.forced());
    let outcome = match &cli.command {
        Command::Init(args) => init::run(args, &mut screen),
        Command::Check(args) => check::run(args, &mut screen),
        Command::Fmt(args) => fmt::run(args, &mut screen),
        Command::Test(args) => test::run(args, &mut screen),
        Command::Run(args) => run::run(args, &mut screen),
        Command::Simulate(args) => simulate::run(args, &mut screen),
        Command::Build(args) => build::run(args, &mut screen),
        Command::Diff(args) => diff::run(args, &mut screen),
        Command::Explain(args) => explain::run(args, &mut screen),
        Command::Graph(args) => graph::run(args, &mut screen),
        Command::Packs(args) => packs::run(args, &mut screen),
        Command::Wrap(args) => wrap::run(args, &mut screen),
        Command::Completions(args) => completions::run(args, Cli::command(), &mut screen),
    };
    match outcome {
        Ok(_) if screen.has_lost() => ExitCode::from(2),
        Ok(exit) => ExitCode::from(exit.code()),
        Err(failure) => {
            failure.tell(&mut screen);
            ExitCode::from(2)
        }
    }
}

/// The colours that clap's own messages have: it prints them before the arguments are read.
fn asked_color() -> ColorChoice {
    let args: Vec<String> = std::env::args_os().map(|a| a.to_string_lossy().into_owned()).collect();
    let asks = |when: &str| {
        args.iter().any(|a| a == &format!("--color={when}"))
            || args.iter().zip(args.iter().skip(1)).any(|(a, b)| a == "--color" && b == when)
    };
    match (asks("always"), asks("never")) {
        (true, false) => ColorChoice::Always,
        (false, true) => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}
