//! `journeyc check`: what could go wrong for a customer.

mod mend;
mod proven;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use crate::failure::{Exit, Failure, Outcome};
use crate::packs::With;
use crate::project::{self, Compiled, Format};
use crate::screen::{Screen, count};

const EXAMPLES: &str = "\
Examples:
  journeyc check                              every project here and below
  journeyc check examples/appointment         one project: all .journey files of the folder
  journeyc check --format concise | head      one line a finding
  journeyc check --format json > report.json  findings, bounds, and the worst days that were tried
  journeyc check --diff                       what --fix would change
  journeyc check --fix                        makes the edits that are beyond doubt
  journeyc check --pack us-reg-f              as if the project kept to these rules too (see journeyc packs)

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
    #[command(flatten)]
    with: With,
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
    let all = project::compile_with(&args.paths, &args.with)?;
    let took = began.elapsed();
    let findings = match args.format {
        Format::Json => proven::print_json(&all, screen),
        _ => project::print_findings(&all, args.format, screen),
    };
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
    if totals.journeys == 0 && findings == 0 {
        screen.say("no journey stands there, so nothing is sent; `journeyc init care` makes a folder that has one\n");
    }
    screen.say(&mend::offer(&all, args.fix));
    if args.format == Format::Full && !project::has_errors(&all) {
        let text: String = all.iter().map(proven::table).collect();
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
