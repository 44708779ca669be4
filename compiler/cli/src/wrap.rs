//! `journeyc wrap`: a hook's component, made of the core module that a compiler of C or Rust writes.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use journey_compiler::module::{self, Misfit, Unwrapped, World};
use journey_spec::hooks::LARGEST_MODULE;

use crate::failure::{Exit, Failure, Outcome};
use crate::screen::{GOOD, Screen, grouped, plain, styled};
use crate::written;

const EXAMPLES: &str = "\
Examples:
  journeyc wrap target/wasm32-unknown-unknown/release/risk.wasm --out hooks/risk.wasm
  journeyc wrap pattern.core.wasm --world chooser --out hooks/pattern.wasm

What a compiler writes for `wasm32-unknown-unknown` is a core module; a journey names a component. Which of
the four worlds of journey:hooks@1.0.0 it is of is told by the function that it exports: score, choose,
validate or transform. `journeyc wrap --wit` prints the package.

Exit codes: 0 written, 1 it is no hook and nothing was written, 2 wrong usage or a file that cannot be read or written";

/// Makes a hook's component of a core module of WebAssembly
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Wrap {
    /// The core module
    #[arg(value_name = "FILE", required_unless_present = "wit")]
    core: Option<PathBuf>,
    /// Where to write the component
    #[arg(long, value_name = "FILE", required_unless_present = "wit")]
    out: Option<PathBuf>,
    /// Which world it is of, where it exports the functions of several
    #[arg(long, value_enum, value_name = "WORLD")]
    world: Option<Asked>,
    /// Prints the WIT package that hooks are built against, and nothing else
    #[arg(long, conflicts_with_all = ["core", "out", "world"])]
    wit: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Asked {
    /// Says a number
    Scorer,
    /// Says one of some names
    Chooser,
    /// Says what is wrong with an event
    Validator,
    /// Gives an event's data anew
    Transformer,
}

impl Asked {
    fn world(self) -> World {
        match self {
            Asked::Scorer => World::Scorer,
            Asked::Chooser => World::Chooser,
            Asked::Validator => World::Validator,
            Asked::Transformer => World::Transformer,
        }
    }
}

pub(crate) fn run(args: &Wrap, screen: &mut Screen) -> Outcome {
    if args.wit {
        screen.print(module::WIT);
        return Ok(Exit::Clean);
    }
    let (Some(core), Some(out)) = (&args.core, &args.out) else {
        return Err(Failure::new("name a core module, and where to write its component with --out FILE"));
    };
    let bytes = read(core)?;
    let (world, component) = match module::wrap(&bytes, args.world.map(Asked::world)) {
        Ok(made) => made,
        Err(why) => return Ok(refused(core, &why, screen)),
    };
    let most = u64::from(LARGEST_MODULE) << 20;
    let outline = match module::outline(&component, world, most) {
        Ok(outline) => outline,
        Err(misfit) => return Ok(refused(core, &words(world, &misfit), screen)),
    };
    written::whole(out, &component)?;
    screen.print(&format!("{}\n", out.display()));
    screen.say(&format!(
        "{} a {}, {} bytes, {} functions, sha256 {}\n  {}\n  declare it as  hook {}(…) -> {} from \"…/{}\" on failure …\n",
        styled(GOOD, "made"),
        world.name(),
        grouped(outline.bytes as u64),
        grouped(outline.functions),
        module::sha256(&component),
        outline.signature,
        out.file_stem().unwrap_or_default().to_string_lossy(),
        world.declared(),
        out.file_name().unwrap_or_default().to_string_lossy(),
    ));
    Ok(Exit::Clean)
}

fn refused(core: &Path, why: &dyn std::fmt::Display, screen: &mut Screen) -> Exit {
    screen.say(&format!("`{}` was not wrapped: {why}\n", core.display()));
    Exit::Findings
}

fn words(world: World, misfit: &Misfit) -> String {
    Unwrapped::Misfit { world: world.name(), why: misfit.to_string() }.to_string()
}

/// The bytes of a file that is not larger than any module.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let cannot = |why: String| Failure::new(format!("cannot read `{}`: {why}", path.display()));
    let meta = std::fs::metadata(path).map_err(|e| cannot(plain(&e)))?;
    if !meta.is_file() {
        return Err(cannot("it is no file".into()));
    }
    if meta.len() > u64::from(LARGEST_MODULE) << 20 {
        return Err(cannot(format!("it has more than {LARGEST_MODULE} MiB, the most that a hook's module may have")));
    }
    std::fs::read(path).map_err(|e| cannot(plain(&e)))
}
