//! The modules of a project's hooks, for the commands that run journeys.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use journey_compiler::Compilation;
use journey_runtime::hooks::{Modules, Setup};
use journey_spec::bundle::Bundle;
use journey_spec::program::Program;

use crate::failure::Failure;
use crate::screen::Screen;

/// Where the modules of a program are.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The folder from which their files are named.
    folder: PathBuf,
    /// Those that came along in a bundle, by their hash.
    along: BTreeMap<String, Vec<u8>>,
}

impl Place {
    /// Those of a project, which was compiled from its sources.
    pub(crate) fn of_project(compilation: &Compilation) -> Place {
        Place { folder: PathBuf::from(&compilation.folder), along: BTreeMap::new() }
    }

    /// Those of a bundle: what did not come along lies beside it.
    pub(crate) fn of_bundle(path: &Path, modules: BTreeMap<String, Vec<u8>>) -> Place {
        Place { folder: path.parent().map(Path::to_owned).unwrap_or_default(), along: modules }
    }
}

/// Loads the modules of a program; none where it declares no hook.
///
/// # Errors
/// Where one is there that is not what the program was checked with, or no hook.
pub(crate) fn open(program: &Program, place: &Place) -> Result<Option<Modules>, Failure> {
    if program.hooks.is_empty() {
        return Ok(None);
    }
    let opened = match place.along.is_empty() {
        true => Modules::open(program, &place.folder, Setup::default()),
        false => {
            let bundle = Bundle { program: program.clone(), certificate: None, modules: place.along.clone() };
            Modules::of_bundle(&bundle, &place.folder, Setup::default())
        }
    };
    match opened {
        Ok(modules) => Ok(Some(modules)),
        Err(unfit) => Err(Failure::new(unfit.to_string()).help("`journeyc check` says more of it, at the declaration")),
    }
}

/// As [`open`], and says which modules are not there.
pub(crate) fn open_loudly(program: &Program, place: &Place, screen: &mut Screen) -> Result<Option<Modules>, Failure> {
    let modules = open(program, place)?;
    for absent in modules.iter().flat_map(Modules::absent) {
        screen.say(&format!("{absent}\n"));
    }
    Ok(modules)
}
