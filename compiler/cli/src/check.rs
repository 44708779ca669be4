//! `journeyc check`: what could go wrong for a customer.

mod mend;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use journey_compiler::check::bounds::{self, Bound, Scope, WINDOWS};
use journey_spec::program::Channel;
use journey_spec::time::spelled_duration;

use crate::failure::{Exit, Failure, Outcome};
use crate::project::{self, Compiled, Format};
use crate::screen::{BOLD, DIM, Screen, count, grouped, styled};

const EXAMPLES: &str = "\
Examples:
  journeyc check                              every project here and below
  journeyc check examples/appointment         one project: all .journey files of the folder
  journeyc check --format concise | head      one line a finding
  journeyc check --format json > findings.json
  journeyc check --diff                       what --fix would change
  journeyc check --fix                        makes the edits that are beyond doubt

A folder that holds .journey files is a project; hidden folders, target and node_modules are passed over.

Exit codes: 0 no findings, 1 findings, 2 wrong usage or unreadable files";

/// Finds what could go wrong for a customer, and says how much can reach one at most
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Check {
    /// Files or folders
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    /// How findings are printed
    #[arg(long, value_enum, default_value = "full", value_name = "FORMAT")]
    format: Format,
    /// Makes the edits that mend a finding where what was meant is beyond doubt, and says what is left
    #[arg(long)]
    fix: bool,
    /// Shows those edits and writes nothing
    #[arg(long, conflicts_with = "fix")]
    diff: bool,
    /// With --fix or --diff: also edits of which somebody should look whether they are what a customer should get
    #[arg(long)]
    unsafe_fixes: bool,
}

pub(crate) fn run(args: &Check, screen: &mut Screen) -> Outcome {
    if args.diff {
        return mend::show(&args.paths, args.unsafe_fixes, screen);
    }
    if args.unsafe_fixes && !args.fix {
        return Err(Failure::new("--unsafe-fixes makes nothing by itself").help("add --fix, or --diff to look first"));
    }
    if args.fix {
        mend::write(&args.paths, args.unsafe_fixes, screen)?;
    }
    let began = Instant::now();
    let all = project::compile(&args.paths)?;
    let took = began.elapsed();
    let findings = project::print_findings(&all, args.format, screen);
    if args.format == Format::Full {
        screen.print(&allowed(&all));
    }
    let totals = project::totals(&all);
    screen.say(&format!(
        "checked {}, {}, {}: {} in {} ms\n",
        count(all.len(), "project", "projects"),
        count(totals.files, "file", "files"),
        count(totals.journeys, "journey", "journeys"),
        count(findings, "finding", "findings"),
        took.as_millis()
    ));
    screen.say(&mend::offer(&all, args.fix));
    if args.format == Format::Full && !project::has_errors(&all) {
        let text: String = all.iter().map(proven).collect();
        screen.print(&text);
    }
    Ok(Exit::findings(findings > 0))
}

/// What was found and is allowed, a line each with its reason; none twice though projects share files.
fn allowed(all: &[Compiled]) -> String {
    let mut seen = BTreeSet::new();
    for compiled in all {
        for allowed in &compiled.compilation.allowed {
            let Some(source) = compiled.compilation.sources.get(allowed.span.file) else { continue };
            let (line, code) = (source.line_col(allowed.span.start).line, allowed.finding.code);
            let reason: String = allowed.reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            seen.insert((source.path.clone(), line, code.code, code.name, reason));
        }
    }
    let line = |(path, line, code, name, reason)| format!("allowed: {path}:{line} {code} {name}: {reason}\n");
    seen.into_iter().map(line).collect()
}

/// A bound as the table shows it: beyond a million nobody compares digits.
fn figure(n: u64) -> String {
    if n > 1_000_000 { "over 1,000,000".into() } else { grouped(n) }
}

/// What is proven of how much one customer can get: a line a subject, a column a window, and what enforces it.
fn proven(compiled: &Compiled) -> String {
    let Some(program) = compiled.compilation.runnable() else { return String::new() };
    let all = bounds::message_bounds(program);
    let windows: Vec<Option<i64>> = WINDOWS.into_iter().map(Some).chain([None]).collect();
    let mut rows: Vec<(String, Vec<String>, String)> = Vec::new();
    let mut seen: BTreeSet<(Scope, Option<Channel>)> = BTreeSet::new();
    for bound in &all {
        if !seen.insert((bound.scope, bound.channel)) {
            continue;
        }
        let of = |channel: Option<Channel>, window: Option<i64>| {
            all.iter().find(|b| b.scope == bound.scope && b.channel == channel && b.window == window)
        };
        // A channel has its own line only where it is tighter than all channels together.
        let tighter =
            windows.iter().any(|w| of(bound.channel, *w).map(|b| b.at_most) != of(None, *w).map(|b| b.at_most));
        if bound.channel.is_some() && !tighter {
            continue;
        }
        let own: Vec<Option<&Bound>> = windows.iter().map(|w| of(bound.channel, *w)).collect();
        let cells = own
            .iter()
            .map(|b| b.map_or_else(String::new, |b| b.at_most.map_or_else(|| "none".to_owned(), figure)))
            .collect();
        let mut by: Vec<&str> = own.iter().flatten().filter(|b| b.at_most.is_some()).map(|b| b.by.as_str()).collect();
        by.dedup();
        rows.push((bound.subject.clone(), cells, by.join("; ")));
    }
    let kinds: BTreeSet<&str> = all.iter().map(|b| b.kind).collect();
    let kinds = kinds.into_iter().collect::<Vec<_>>().join(", ");
    let who = rows.iter().map(|(who, ..)| who.chars().count()).max().unwrap_or(0);
    let mut out =
        format!("\n{}\n", styled(BOLD, format!("{}: how much can reach a customer at most", compiled.project.name)));
    let heads: Vec<String> = windows
        .iter()
        .map(|w| w.map_or_else(|| "ever".to_owned(), |w| format!("in {}", spelled_duration(w))))
        .collect();
    let widest = |column: usize, head: &str| {
        let cells = rows.iter().filter_map(|(_, cells, _)| cells.get(column)).map(|c| c.chars().count());
        cells.chain([head.len(), 6]).max().unwrap_or(0)
    };
    let wide: Vec<usize> = heads.iter().enumerate().map(|(i, head)| widest(i, head)).collect();
    let laid = |cells: &[String]| cells.iter().zip(&wide).map(|(c, wide)| format!("  {c:>wide$}")).collect::<String>();
    let heads = laid(&heads);
    out.push_str(&format!("  {}\n", styled(DIM, format!("{:who$}{heads}  {kinds} by", ""))));
    for (name, cells, by) in &rows {
        let cells = laid(cells);
        out.push_str(&format!("  {name:<who$}{cells}  {}\n", styled(DIM, by)));
    }
    if rows.is_empty() { String::new() } else { out }
}
