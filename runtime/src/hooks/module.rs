//! One module: read, judged, compiled and linked, before anything is asked of it.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use journey_spec::program::Hook;
use sha2::{Digest, Sha256};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, InstancePre};

use super::cache::Cache;
use super::call::{Guest, Ready};
use super::ceilings::Ceilings;
use super::compile::{compile, first_line};
use super::contract::{Context, HOST, HookError, RowVerdict, TYPES, World};
use super::failure::Misfit;
use super::inspect::may_be_compiled;
use super::place::place;

/// What one judges with `scorer`'s function, and what comes back.
pub(super) type Scored = (Result<f64, HookError>,);
pub(super) type Chosen = (Result<u32, HookError>,);
pub(super) type Validated = (Result<Vec<RowVerdict>, HookError>,);
pub(super) type Transformed = (Result<Vec<String>, HookError>,);

/// A module that can be asked.
pub(super) struct Module {
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub(super) sha256: String,
    pub(super) ready: Ready,
}

/// The bytes of a module's file; none where there is no file.
pub(super) fn read(path: &Path, most: usize) -> Result<Option<Vec<u8>>, Misfit> {
    let unreadable = |e: std::io::Error| Misfit::Unreadable(e.to_string());
    // Asked before it is opened: opening a pipe would wait for whoever writes to it.
    match std::fs::metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(unreadable(e)),
        Ok(meta) if !meta.is_file() => return Err(Misfit::Unreadable("it is no file".into())),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    let over = (most as u64).saturating_add(1);
    file.take(over).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(Some(bytes))
}

/// SHA-256 in hexadecimal digits.
fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

impl Module {
    /// Makes one of its bytes.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn load(
        bytes: Vec<u8>,
        hook: &Hook,
        ceilings: &Ceilings,
        cache: Option<&Cache>,
    ) -> Result<Module, Misfit> {
        let sha256 = sha256(&bytes);
        if let Some(stated) = hook.sha256.as_ref().filter(|stated| **stated != sha256) {
            return Err(Misfit::Changed { stated: stated.clone(), has: sha256 });
        }
        may_be_compiled(&bytes, ceilings.module_of(hook))?;
        let world = World::of(&hook.answers);
        let place = place()?;
        let component = match cache.and_then(|c| c.get(&place.engine, &sha256)) {
            Some(component) => component,
            None => {
                let component = compile(&place.engine, Arc::from(bytes), ceilings.compile)?;
                if let Some(cache) = cache {
                    cache.put(&place.engine, &sha256, &component);
                }
                component
            }
        };
        imports_nothing_else(&component)?;
        let pre =
            place.linker.instantiate_pre(&component).map_err(|e| Misfit::ImportType(first_line(&format!("{e:#}"))))?;
        let export = exported(&component, &pre, world)?;
        Ok(Module { sha256, ready: Ready { pre, export } })
    }
}

fn imports_nothing_else(component: &Component) -> Result<(), Misfit> {
    let ty = component.component_type();
    match ty.imports(component.engine()).map(|(name, _)| name).find(|name| *name != HOST && *name != TYPES) {
        Some(other) => Err(Misfit::Import(other.to_owned())),
        None => Ok(()),
    }
}

/// The function of its world, after its type was compared with the world's.
fn exported(
    component: &Component,
    pre: &InstancePre<Guest>,
    world: World,
) -> Result<wasmtime::component::ComponentExportIndex, Misfit> {
    let (name, export) = (world.name(), world.export());
    let ty = component.component_type();
    let Some((item, index)) = component.get_export(None, export) else {
        let has: Vec<&str> = ty.exports(component.engine()).map(|(name, _)| name).take(8).collect();
        let has = if has.is_empty() { "nothing".into() } else { format!("`{}`", has.join("`, `")) };
        return Err(Misfit::NoExport { world: name, export, has });
    };
    let shape = |why: String| Misfit::ExportType { world: name, export, why };
    let ComponentItem::ComponentFunc(function) = &item else {
        return Err(shape("it is no function".into()));
    };
    if function.async_() {
        return Err(shape("it is an `async` function".into()));
    }
    let instance = pre.instance_type();
    let fits = match world {
        World::Scorer => function.typecheck::<(Context<'_>, &str), Scored>(&instance),
        World::Chooser => function.typecheck::<(Context<'_>, &str, &[&str]), Chosen>(&instance),
        World::Validator => function.typecheck::<(Context<'_>, &[&str]), Validated>(&instance),
        World::Transformer => function.typecheck::<(Context<'_>, &str), Transformed>(&instance),
    };
    fits.map_err(|e| shape(first_line(&format!("{e:#}"))))?;
    Ok(index)
}
