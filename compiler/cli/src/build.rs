//! `journeyc build`: the checked program as one file that a runtime without the compiler loads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use journey_compiler::check::bounds;
use journey_compiler::module::sha256;
use journey_compiler::source::Sources as _;
use journey_spec::bundle;
use journey_spec::certificate::Certificate;
use journey_spec::codes::Level;
use journey_spec::program::Program;

use crate::failure::{Exit, Failure, Outcome};
use crate::folder::Folder;
use crate::packs::With;
use crate::project::{self, Compiled, Format};
use crate::screen::{GOOD, Screen, count, grouped, styled};
use crate::written;

/// Who makes bundles, and in which version.
const MADE_BY: &str = concat!("journeyc ", env!("CARGO_PKG_VERSION"));

/// Most bytes of modules that come along in a bundle, so that it stays below what a runtime reads.
const MOST_MODULES: usize = 20 << 20;

const EXAMPLES: &str = "\
Examples:
  journeyc build examples/appointment                    writes appointment.bundle.json
  journeyc build examples/appointment --out live.json    writes live.json
  journeyc build examples/appointment --out -            to stdout
  journeyc build --deny-warnings                         refuses warnings too
  journeyc run appointment.bundle.json --feed feed.jsonl runs it without its sources

The same sources make the same bytes on every machine. The file holds the texts of e-mails too,
the modules of hooks, and what `journeyc check` proved of the program, but neither paths nor scenarios. Its hashes show
that nothing was changed on the way; they are no signature.

Exit codes: 0 built, 1 findings that stand in the way, 2 wrong usage or a file that cannot be written";

/// Makes one file of a checked project, which the runtime loads without the compiler
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Build {
    /// The project's folder or file
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// Where to write; NAME.bundle.json in the folder you are in without it, `-` is stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Makes nothing where there is a warning
    #[arg(long)]
    deny_warnings: bool,
    #[command(flatten)]
    with: With,
}

pub(crate) fn run(args: &Build, screen: &mut Screen) -> Outcome {
    let all = project::one_with(&args.path, &args.with)?;
    let findings: usize = all.iter().map(|c| c.compilation.findings.len()).sum();
    let errors = project::has_errors(&all);
    if errors || args.deny_warnings && findings > 0 {
        project::print_findings(&all, Format::Full, screen);
        screen.say(&format!("nothing was built: {} to look at first\n", count(findings, "finding", "findings")));
        return Ok(Exit::Findings);
    }
    let Some((compiled, program)) = all.first().and_then(|c| Some((c, c.compilation.runnable()?))) else {
        return Err(Failure::new(format!("`{}` declares nothing that can be run", args.path.display())));
    };
    if program.journeys.is_empty() {
        return Err(Failure::new(format!("`{}` declares no journey, so there is nothing to run", args.path.display()))
            .help("name the folder or file that holds the journey; what it uses comes along"));
    }
    let certificate = Certificate::new(program, MADE_BY, bounds::proven(program).certified(program));
    let modules = modules(&compiled.compilation.folder, program, screen)?;
    let text = bundle::write_whole(program, Some(certificate), &modules, MADE_BY);
    // What a runtime would refuse is not worth writing: it is read here as it will be read there.
    match bundle::read_whole(text.as_bytes()) {
        Ok(read) if read.program == *program && read.modules == modules => {}
        Ok(_) => return Err(Failure::new("the bundle does not say what the program says; please report it")),
        Err(error) => return Err(Failure::new(format!("the bundle would not be read again: {error}"))),
    }
    warned(compiled, screen);
    let out = match &args.out {
        Some(out) => out.clone(),
        None => PathBuf::from(format!("{}.bundle.json", name(&args.path)?)),
    };
    if out == Path::new("-") {
        screen.print(&text);
    } else {
        written::whole(&out, text.as_bytes())?;
        screen.print(&format!("{}\n", out.display()));
    }
    screen.say(&format!(
        "{} {}, {} bytes, language {}, program {}\n",
        styled(GOOD, "built"),
        count(program.journeys.len(), "journey", "journeys"),
        grouped(text.len() as u64),
        program.language,
        program.hash
    ));
    Ok(Exit::Clean)
}

/// The modules of the program's hooks, as they were checked; none where they are too many to come along.
fn modules(folder: &str, program: &Program, screen: &mut Screen) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let mut modules = BTreeMap::new();
    for hook in &program.hooks {
        let Some(hash) = &hook.sha256 else { continue };
        let most = u64::from(hook.largest) << 20;
        let path = Path::new(folder).join(&hook.from).to_string_lossy().into_owned();
        let bytes = Folder.read_module(&path, most).map_err(|why| {
            Failure::new(format!("cannot read `{path}`, the module of the hook `{}`: {why}", hook.name))
                .help("it was there a moment ago; build again when nobody writes to it")
        })?;
        if sha256(&bytes) != *hash {
            return Err(Failure::new(format!("`{path}` changed while the bundle was built"))
                .help("build again when nobody writes to it"));
        }
        modules.insert(hash.clone(), bytes);
    }
    let all: usize = modules.values().map(Vec::len).sum();
    if all > MOST_MODULES {
        screen.say(&format!(
            "the modules of its hooks have {} bytes and stay in their files: bring them along, the bundle knows their hashes\n",
            grouped(all as u64)
        ));
        modules.clear();
    }
    Ok(modules)
}

/// Warnings do not stand in the way, and are not kept quiet: a line each.
fn warned(compiled: &Compiled, screen: &mut Screen) {
    let warnings = compiled.compilation.findings.iter().filter(|f| f.level == Level::Warning);
    let sources = &compiled.compilation.sources;
    for warning in warnings {
        screen.say(&format!("{}\n", journey_compiler::diagnostics::concise::line(warning, sources)));
    }
}

/// The project's name: that of its folder, or of its file without the ending.
fn name(path: &Path) -> Result<String, Failure> {
    let cannot =
        || Failure::new(format!("`{}` gives the bundle no name", path.display())).help("name the file with --out FILE");
    let whole = std::fs::canonicalize(path).map_err(|_| cannot())?;
    let name = if whole.is_dir() { whole.file_name() } else { whole.file_stem() };
    name.and_then(|n| n.to_str()).map(str::to_owned).ok_or_else(cannot)
}
