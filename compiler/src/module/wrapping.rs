//! A component made of the core module that a compiler of C, Rust or another language writes.

use wasmparser::{Encoding, ExternalKind, Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use super::{World, worlds};

/// Why no component can be made of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwrapped {
    /// It is none that could be wrapped.
    #[error("it is no core module of WebAssembly: {0}")]
    NoModule(String),
    /// It is a component already.
    #[error("it is a component already, and can be named in a journey as it is")]
    Component,
    /// It exports the function of no world.
    #[error("it exports none of `score`, `choose`, `validate`, `transform`, so it is no hook; it exports {0}")]
    NoHook(String),
    /// It exports the functions of several.
    #[error("it exports {0}, and a hook is one of them; say which is meant")]
    Several(String),
    /// It imports what no hook is given.
    #[error(
        "it wants what no hook is given: {0}; a hook is given `log` of `journey:hooks/host@1.0.0` and nothing else, so build it \
         without what asks the system (for Rust and C, for `wasm32-unknown-unknown` and not for WASI)"
    )]
    Wants(String),
    /// Its exports or imports are not those of its world.
    #[error("it is no `{world}`: {why}")]
    Misfit {
        /// Which world it was taken for.
        world: &'static str,
        /// What the component encoder says.
        why: String,
    },
}

/// The component of a core module whose exports follow the canonical ABI, for the world whose function it exports.
///
/// A module that a binding generator has described (`wit-bindgen`) says itself what it is; one that was written by hand
/// says it by its exports. What comes of it is not judged yet: [`super::outline`] does that.
///
/// # Errors
/// Why there is none.
pub fn wrap(core: &[u8], world: Option<World>) -> Result<(World, Vec<u8>), Unwrapped> {
    let found = exports(core)?;
    let known: Vec<World> = World::ALL.into_iter().filter(|w| found.names.iter().any(|n| n == w.export())).collect();
    let world = match (world, known.as_slice()) {
        (Some(world), _) => world,
        (None, [one]) => *one,
        (None, []) if found.names.is_empty() => return Err(Unwrapped::NoHook("nothing".into())),
        (None, []) => return Err(Unwrapped::NoHook(quoted(found.names.iter().take(10).map(String::as_str)))),
        (None, several) => return Err(Unwrapped::Several(quoted(several.iter().map(|w| w.export())))),
    };
    let misfit = |why: String| Unwrapped::Misfit { world: world.name(), why };
    let mut described = core.to_vec();
    if !found.is_described {
        let resolve = worlds().map_err(misfit)?;
        let id = world.id(&resolve).ok_or_else(|| misfit("it is not in the package".into()))?;
        embed_component_metadata(&mut described, &resolve, id, StringEncoding::UTF8)
            .map_err(|e| misfit(format!("{e:#}")))?;
    }
    let encoded = ComponentEncoder::default().validate(true).module(&described).and_then(|mut e| e.encode());
    encoded.map(|component| (world, component)).map_err(|e| {
        if !found.wants.is_empty() {
            return Unwrapped::Wants(quoted(found.wants.iter().take(10).map(String::as_str)));
        }
        let why = format!("{e:#}");
        misfit(why.strip_prefix(OF_THE_ENCODER).unwrap_or(&why).to_owned())
    })
}

/// What the encoder says before it says why.
const OF_THE_ENCODER: &str = "failed to decode world from module: module was not valid: ";

struct Found {
    names: Vec<String>,
    /// Imports from anywhere but this package, as `module::name`.
    wants: Vec<String>,
    /// A binding generator has said what it is.
    is_described: bool,
}

/// What a core module exports.
fn exports(core: &[u8]) -> Result<Found, Unwrapped> {
    let wrong = |e: wasmparser::BinaryReaderError| Unwrapped::NoModule(e.message().to_owned());
    let mut found = Found { names: Vec::new(), wants: Vec::new(), is_described: false };
    for payload in Parser::new(0).parse_all(core) {
        match payload.map_err(wrong)? {
            Payload::Version { encoding: Encoding::Component, .. } => return Err(Unwrapped::Component),
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export.map_err(wrong)?;
                    if export.kind == ExternalKind::Func {
                        found.names.push(export.name.to_owned());
                    }
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.map_err(wrong)?;
                    if !import.module.contains("journey:hooks/") {
                        found.wants.push(format!("{}::{}", import.module, import.name));
                    }
                }
            }
            Payload::CustomSection(section) => found.is_described |= section.name().starts_with("component-type"),
            _ => {}
        }
    }
    Ok(found)
}

fn quoted<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(|name| format!("`{}`", name.escape_debug())).collect::<Vec<_>>().join(", ")
}
