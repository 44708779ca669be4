//! A module as it stands in a file: counted, validated, and held against its world.

use journey_spec::hooks::{Uncounted, counted};
use wasmparser::{BinaryReaderError, Parser, Payload, Validator, WasmFeatures};
use wit_component::{WitPrinter, targets};
use wit_parser::decoding::DecodedWasm;
use wit_parser::{Function, Resolve, Type, WorldId, WorldItem};

use super::{World, worlds};

/// The package whose parts a module may import.
const PACKAGE: &str = "journey:hooks";
/// Most functions of a module that are told where it does not fit.
const MOST_TOLD: usize = 6;

/// What a module is that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// How many bytes it has.
    pub bytes: usize,
    /// How many functions its core modules have.
    pub functions: u64,
    /// The function that it exports, with its type.
    pub signature: String,
    /// Whether it writes lines for the log.
    pub logs: bool,
}

/// Why a file is no module that a hook could be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// It is no component.
    NoComponent(String),
    /// It is a core module, of which a component can be made; and whether it exports the function of its world.
    CoreModule {
        /// Whether it exports the function of its world.
        exports: bool,
    },
    /// It holds too much.
    TooMuch {
        /// What, in words: `functions`.
        what: &'static str,
        /// How many.
        has: u64,
        /// How many it may.
        most: u64,
    },
    /// It imports what no hook is given.
    Imports(Vec<String>),
    /// It exports something else.
    Exports {
        /// What is missing, or of another type, in words.
        why: String,
        /// What it exports, with types.
        has: Vec<String>,
        /// The world that it fits, where it is another one.
        fits: Option<World>,
    },
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Misfit::NoComponent(why) => write!(f, "it is no component of WebAssembly: {why}"),
            Misfit::CoreModule { .. } => f.write_str("it is a core module, and no component"),
            Misfit::TooMuch { what, has, most } => write!(f, "it has {has} {what}, and a module has at most {most}"),
            Misfit::Imports(names) => write!(f, "it imports {}, and a hook is given nothing but a log", quoted(names)),
            Misfit::Exports { why, .. } => f.write_str(why),
        }
    }
}

/// The first of some names, in backticks.
pub(crate) fn quoted(names: &[String]) -> String {
    let mut told: Vec<String> = names.iter().take(MOST_TOLD).map(|n| format!("`{}`", n.escape_debug())).collect();
    if let Some(more) = names.len().checked_sub(MOST_TOLD).filter(|more| *more > 0) {
        told.push(format!("{more} more"));
    }
    told.join(", ")
}

/// Judges a module for a world; `most` is how many bytes it may have.
///
/// # Errors
/// The first thing that does not fit, from what it is to what it exports.
pub fn outline(bytes: &[u8], world: World, most: u64) -> Result<Outline, Misfit> {
    at_most("bytes", bytes.len() as u64, most)?;
    let counted = counted(bytes).map_err(|why| match why {
        Uncounted::Damaged(error) => damaged(error),
        Uncounted::Empty => Misfit::NoComponent("it is empty".into()),
        Uncounted::CoreModule => Misfit::CoreModule { exports: exports(bytes, world) },
        Uncounted::TooMuch { what, has, most } => Misfit::TooMuch { what, has, most },
    })?;
    Validator::new_with_features(features()).validate_all(bytes).map_err(damaged)?;
    let unreadable = |why: String| Misfit::NoComponent(why);
    let decoded = wit_component::decode(bytes).map_err(|e| unreadable(first_line(&format!("{e:#}"))))?;
    let DecodedWasm::Component(resolve, id) = decoded else {
        return Err(unreadable("it holds only the description of an interface".into()));
    };
    let contract = worlds().map_err(unreadable)?;
    let (imports, has) = parts(&resolve, id);
    let foreign: Vec<String> = imports.iter().filter(|name| !is_given(&contract, world, name)).cloned().collect();
    if !foreign.is_empty() {
        return Err(Misfit::Imports(foreign));
    }
    let fits = |world: World| match world.id(&contract) {
        Some(id) => targets(&contract, id, bytes).map_err(|e| cause(&e.root_cause().to_string())),
        None => Err("its world is not in the package".into()),
    };
    if let Err(why) = fits(world) {
        let other = World::ALL.into_iter().find(|other| *other != world && fits(*other).is_ok());
        let signatures = has.iter().map(|(_, signature)| signature.clone()).take(MOST_TOLD).collect();
        let why = match has.iter().any(|(name, _)| name == world.export()) {
            true => why,
            false => format!("it exports no `{}`", world.export()),
        };
        return Err(Misfit::Exports { why, has: signatures, fits: other });
    }
    let signature = has.into_iter().find(|(name, _)| name == world.export()).map(|(_, s)| s).unwrap_or_default();
    let logs = imports.iter().any(|name| name.starts_with("journey:hooks/host"));
    Ok(Outline { bytes: bytes.len(), functions: counted.functions, signature, logs })
}

/// What the runtime runs: no threads, no 64-bit memories, no garbage collection, nothing that differs between machines.
fn features() -> WasmFeatures {
    WasmFeatures::WASM2
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::MULTI_MEMORY
        | WasmFeatures::COMPONENT_MODEL
}

fn damaged(error: BinaryReaderError) -> Misfit {
    if error.message().starts_with("magic header") {
        return Misfit::NoComponent("it does not begin as WebAssembly does".into());
    }
    if error.message().starts_with("unexpected end") {
        return Misfit::NoComponent(match error.offset() {
            0 => "it is empty".into(),
            at => format!("it is cut off, or damaged: it ends in the middle of something (at byte {at})"),
        });
    }
    Misfit::NoComponent(format!("{} (at byte {})", first_line(error.message()), error.offset()))
}

/// The first line of what a library says, cut.
fn first_line(text: &str) -> String {
    let line: String = text.lines().next().unwrap_or_default().chars().take(300).collect();
    line.trim_end_matches([':', ' ']).to_owned()
}

/// What is at the bottom of an error's chain: the type that does not fit, and not that something did not.
fn cause(bottom: &str) -> String {
    // Each line leads nearer to the place; the last says what is there.
    let line = first_line(bottom.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default());
    line.split(" (at offset ").next().unwrap_or_default().to_owned()
}

/// Whether a core module exports the function of its world.
fn exports(core: &[u8], world: World) -> bool {
    Parser::new(0).parse_all(core).any(|payload| match payload {
        Ok(Payload::ExportSection(exports)) => exports.into_iter().any(|e| e.is_ok_and(|e| e.name == world.export())),
        _ => false,
    })
}

/// Whether the runtime gives a hook of this world what it imports under this name.
fn is_given(contract: &Resolve, world: World, name: &str) -> bool {
    let Some(world) = world.id(contract).and_then(|id| contract.worlds.get(id)) else { return false };
    world.imports.keys().any(|key| contract.name_world_key(key) == name)
}

/// What a component imports, and what it exports with its types.
fn parts(resolve: &Resolve, id: WorldId) -> (Vec<String>, Vec<(String, String)>) {
    let Some(world) = resolve.worlds.get(id) else { return (Vec::new(), Vec::new()) };
    let imports = world.imports.iter().filter(|(_, item)| !matches!(item, WorldItem::Type { .. }));
    let imports = imports.map(|(key, _)| resolve.name_world_key(key)).collect();
    let exports = world.exports.iter().map(|(key, item)| {
        let name = resolve.name_world_key(key);
        let signature = match item {
            WorldItem::Function(function) => signature(resolve, function),
            _ => format!("interface {name}"),
        };
        (name, signature)
    });
    (imports, exports.collect())
}

/// A function as WIT writes it.
fn signature(resolve: &Resolve, function: &Function) -> String {
    let spelled = |ty: &Type| {
        let mut printer = WitPrinter::default();
        match printer.print_type_name(resolve, ty) {
            Ok(()) => String::from(printer.output),
            Err(_) => "…".into(),
        }
    };
    let params: Vec<String> = function.params.iter().map(|p| format!("{}: {}", p.name, spelled(&p.ty))).collect();
    let result = function.result.as_ref().map(|ty| format!(" -> {}", spelled(ty))).unwrap_or_default();
    format!("{}: func({}){result}", function.name, params.join(", "))
}

/// Whether an import is of the package that hooks are given, in another version.
#[must_use]
pub(crate) fn is_other_version(import: &str) -> bool {
    import.starts_with(PACKAGE) && !import.ends_with("@1.0.0")
}

fn at_most(what: &'static str, has: u64, most: u64) -> Result<(), Misfit> {
    if has > most { Err(Misfit::TooMuch { what, has, most }) } else { Ok(()) }
}
