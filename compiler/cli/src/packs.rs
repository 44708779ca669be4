//! `journeyc packs`: the policy packs that come with the language.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use journey_spec::packs::{self, Pack};

use crate::failure::{Exit, Outcome};
use crate::screen::Screen;

const EXAMPLES: &str = "\
Examples:
  journeyc packs                        what there is
  journeyc packs us-reg-f               its rules, what they were read from, and what they do not cover
  journeyc check --pack us-reg-f        checks this project as if it had taken the pack in

A project takes a pack in by a line of its own:  use \"pack:us-reg-f\"
Then every command keeps to it, and the engine does.

Packs are engineering, not legal advice.

Exit codes: 0 printed, 2 wrong usage";

/// Lists policy packs, or prints one: rules of law and good manners as journey source
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Packs {
    /// A pack, as `journeyc packs` lists it
    #[arg(value_name = "NAME", value_parser = named())]
    name: Option<Pack>,
}

/// Reads the name of a pack.
fn named() -> impl TypedValueParser<Value = Pack> {
    let names = packs::ALL.iter().map(|pack| PossibleValue::new(pack.name));
    PossibleValuesParser::new(names)
        .try_map(|name| packs::ALL.iter().find(|pack| pack.name == name).copied().ok_or("there is no such pack"))
}

pub(crate) fn run(args: &Packs, screen: &mut Screen) -> Outcome {
    if let Some(pack) = args.name {
        screen.print(pack.text);
        return Ok(Exit::Clean);
    }
    let widest = packs::ALL.iter().map(|pack| pack.name.len()).max().unwrap_or_default();
    for pack in packs::ALL {
        screen.print(&format!("{:widest$}  {}\n", pack.name, pack.title()));
    }
    screen.say("a project takes one in by  use \"pack:NAME\"; they are engineering, not legal advice\n");
    Ok(Exit::Clean)
}

/// For a command that reads a project.
#[derive(Args, Default)]
pub(crate) struct With {
    /// Takes a policy pack in, as if the project said `use "pack:NAME"`; may be given again
    #[arg(long = "pack", value_name = "NAME", value_parser = named())]
    packs: Vec<Pack>,
}

impl With {
    /// The paths of the packs that were asked for.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.packs.iter().map(Pack::path).collect()
    }
}
