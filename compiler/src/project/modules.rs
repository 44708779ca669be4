//! The modules of hooks: read with the project, and said so where one does not fit its declaration.

use journey_spec::codes;
use journey_spec::hooks::{LARGEST_MODULE, MODULE};

use super::{Loaded, Memo, module_beside};
use crate::ast::{File, HookDecl, Item};
use crate::diagnostics::Finding;
use crate::lower::answers;
use crate::module::{self, Misfit, World, is_other_version, outline, quoted};
use crate::source::Sources;

impl Loaded {
    /// Reads the modules that a file's hooks name.
    pub(super) fn read_modules(&mut self, path: &str, tree: &File, sources: &dyn Sources, memo: &mut Memo) {
        for item in &tree.items {
            let Item::Hook(decl) = item else { continue };
            // A name that leads out of the project is told where the hook is lowered.
            let Ok(named) = module_beside(path, &decl.from) else { continue };
            self.read_module(&named, decl, sources, memo);
        }
    }

    fn read_module(&mut self, named: &str, decl: &HookDecl, sources: &dyn Sources, memo: &mut Memo) {
        let most = u64::from(largest(decl)) << 20;
        let bytes = match sources.read_module(named, most) {
            Ok(bytes) => bytes,
            Err(why) => {
                self.findings.push(missing(named, decl, &why));
                return;
            }
        };
        let world = World::of(&answers(decl));
        let hash = module::sha256(&bytes);
        // A module that has not changed has been judged.
        let judged =
            memo.modules.entry((hash.clone(), world, most)).or_insert_with(|| outline(&bytes, world, most).err());
        if let Some(misfit) = judged {
            self.findings.push(misfits(named, decl, world, misfit));
        }
        memo.met.insert((hash.clone(), world, most));
        self.modules.insert(decl.from.span, hash);
    }
}

/// How many MiB the module may have; what is out of range is told where the hook is lowered.
pub(crate) fn largest(decl: &HookDecl) -> u32 {
    decl.largest.as_ref().map_or(MODULE, |mib| mib.value.clamp(1, LARGEST_MODULE))
}

fn missing(named: &str, decl: &HookDecl, why: &str) -> Finding {
    let (name, counts) = (&decl.name.text, &decl.on_failure.written().text);
    Finding::new(
        &codes::J0151,
        decl.from.span,
        format!("until there is a module, each question to `{name}` fails and counts as `{counts}`"),
    )
    .label(format!("`{named}` cannot be read: {why}"))
    .help("build it, or check the name; it is relative to the file that names it. Scenarios do without: `mock hook`")
}

/// What is wrong with a module, where it is declared.
fn misfits(named: &str, decl: &HookDecl, world: World, misfit: &Misfit) -> Finding {
    let (name, at) = (&decl.name.text, decl.from.span);
    let finding = |code, message: String, label: String| Finding::new(code, at, message).label(label);
    let (world_name, export) = (world.name(), world.export());
    match misfit {
        Misfit::NoComponent(why) => {
            finding(&codes::J0152, format!("nobody could ask `{name}`: `{named}` is no module"), why.clone()).help(
                format!("`from` names a component of WebAssembly, of the world `{world_name}` of journey:hooks@1.0.0"),
            )
        }
        Misfit::CoreModule { exports } => {
            let found = finding(
                &codes::J0152,
                format!("nobody could ask `{name}`: `{named}` is a core module, and no component"),
                "a core module".into(),
            );
            match exports {
                true => found.help(format!("make a component of it, and name that: `journeyc wrap {named} --out …`")),
                false => found.help(format!(
                    "it has to export `{export}`; then make a component of it: `journeyc wrap {named} --out …`"
                )),
            }
        }
        Misfit::TooMuch { what, has, most } => {
            let message = format!("`{name}` would hold up what is made ready: `{named}` has {has} {what}");
            let found = finding(&codes::J0155, message, format!("at most {most}"));
            match *what {
                "bytes" if largest(decl) < LARGEST_MODULE => found.help(format!(
                    "build it smaller (`opt-level = \"s\"`, without names and debug information), or say that it is meant: `from {:?} up to {LARGEST_MODULE}MiB`",
                    decl.from.text
                )),
                _ => found.help("build it smaller: a hook judges one thing, and brings along no more than that needs"),
            }
        }
        Misfit::Imports(names) => {
            let found = finding(
                &codes::J0153,
                format!("`{name}` wants what no hook is given: {}", quoted(names)),
                "a hook is given `log` of journey:hooks/host@1.0.0, and nothing else".into(),
            );
            match names.iter().any(|import| is_other_version(import)) {
                true => found.help("build it against the package that this journeyc knows: `journeyc wrap --wit`"),
                false => found.help(
                    "time, chance and settings come with each question, in `ctx`; build it without WASI, for `wasm32-unknown-unknown`",
                ),
            }
        }
        Misfit::Exports { why, has, fits } => {
            let shows = if has.is_empty() { "nothing".into() } else { has.join("\n") };
            let found = finding(
                &codes::J0154,
                format!("`{name}` could never answer: `{named}` is no `{world_name}`"),
                why.clone(),
            )
            .how(format!("declared is {}\nit exports   {shows}", world.signature()));
            match fits {
                Some(other) => found.help(format!(
                    "it is a `{}`: declare it as `hook {name}(…) -> {}`, or name the module that was meant",
                    other.name(),
                    other.declared()
                )),
                None => found.help(format!(
                    "build it against the world `{world_name}` of the package that `journeyc wrap --wit` prints"
                )),
            }
        }
    }
}
