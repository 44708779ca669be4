//! The modules of a project's hooks, for the commands that run journeys.

use journey_runtime::hooks::{Modules, Setup};
use journey_spec::program::Program;

use crate::failure::Failure;
use crate::screen::Screen;

/// Loads the modules of a program; none where it declares no hook.
///
/// # Errors
/// Where one is there that is not what the program was checked with, or no hook.
pub(crate) fn open(program: &Program) -> Result<Option<Modules>, Failure> {
    if program.hooks.is_empty() {
        return Ok(None);
    }
    // Their files are named as the project's own are, from where the command was given.
    match Modules::open(program, "", Setup::default()) {
        Ok(modules) => Ok(Some(modules)),
        Err(unfit) => Err(Failure::new(unfit.to_string()).help("`journeyc check` says more of it, at the declaration")),
    }
}

/// As [`open`], and says which modules are not there.
pub(crate) fn open_loudly(program: &Program, screen: &mut Screen) -> Result<Option<Modules>, Failure> {
    let modules = open(program)?;
    for absent in modules.iter().flat_map(Modules::absent) {
        screen.say(&format!("{absent}\n"));
    }
    Ok(modules)
}
