//! `journeyc completions`: what a shell needs to complete journeyc's arguments.

use clap::{Args, ValueEnum};

use crate::failure::{Exit, Outcome};
use crate::screen::Screen;

const EXAMPLES: &str = "\
Examples:
  journeyc completions bash > ~/.local/share/bash-completion/completions/journeyc
  journeyc completions zsh > ~/.zfunc/_journeyc             with ~/.zfunc in fpath, before compinit
  journeyc completions fish > ~/.config/fish/completions/journeyc.fish

Exit codes: 0 printed, 2 wrong usage";

/// Prints completions for a shell
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

pub(crate) fn run(args: &Completions, mut command: clap::Command, screen: &mut Screen) -> Outcome {
    let shell = match args.shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "journeyc", &mut script);
    screen.print(&String::from_utf8_lossy(&script));
    Ok(Exit::Clean)
}
