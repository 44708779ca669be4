//! What a module holds, counted before it is compiled: compiling takes time and memory that grow with it, and cannot be
//! interrupted.

use wasmparser::{ComponentInstance, Encoding, Instance, Parser, Payload};

use super::compile::first_line;
use super::failure::Misfit;
use super::place::{CORE_INSTANCES, MEMORIES, TABLES};

/// Most bytes of a module that a service may allow.
const MOST_BYTES: usize = 32 << 20;
const FUNCTIONS: u64 = 20_000;
const FUNCTION_BYTES: u64 = 512 << 10;
/// Types, imports, exports and what is defined by aliases, each.
const ENTRIES: u64 = 100_000;
/// Modules and components in it, each.
const PARTS: u64 = 64;
/// Where components in it are instantiated. Each may instantiate others again, so that few make many: sixteen make some
/// hundreds at most.
const NESTED_INSTANCES: u64 = 16;

/// Whether it may be compiled.
///
/// # Errors
/// What it is, or has too much of.
pub(super) fn may_be_compiled(bytes: &[u8], most_bytes: usize) -> Result<(), Misfit> {
    at_most("bytes", bytes.len() as u64, most_bytes.min(MOST_BYTES) as u64)?;
    if !bytes.starts_with(b"\0asm") {
        return Err(Misfit::NotWasm("it does not begin as WebAssembly does".into()));
    }
    let mut count = Count::default();
    let mut is_first = true;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|e| Misfit::NotWasm(first_line(e.message())))?;
        if let (true, Payload::Version { encoding: Encoding::Module, .. }) = (is_first, &payload) {
            return Err(Misfit::CoreModule);
        }
        is_first = false;
        count.see(&payload).map_err(|e| Misfit::NotWasm(first_line(e.message())))?;
        count.is_bearable()?;
    }
    Ok(())
}

#[derive(Default)]
struct Count {
    functions: u64,
    longest: u64,
    memories: u64,
    tables: u64,
    core_instances: u64,
    nested_instances: u64,
    parts: u64,
    entries: u64,
}

impl Count {
    fn see(&mut self, payload: &Payload<'_>) -> Result<(), wasmparser::BinaryReaderError> {
        match payload {
            Payload::FunctionSection(all) => self.functions += u64::from(all.count()),
            Payload::CodeSectionEntry(body) => self.longest = self.longest.max(body.range().len() as u64),
            Payload::MemorySection(all) => self.memories += u64::from(all.count()),
            Payload::TableSection(all) => self.tables += u64::from(all.count()),
            Payload::TypeSection(all) => self.entries += u64::from(all.count()),
            Payload::ImportSection(all) => self.entries += u64::from(all.count()),
            Payload::ExportSection(all) => self.entries += u64::from(all.count()),
            Payload::ElementSection(all) => self.entries += u64::from(all.count()),
            Payload::GlobalSection(all) => self.entries += u64::from(all.count()),
            Payload::DataSection(all) => self.entries += u64::from(all.count()),
            Payload::CoreTypeSection(all) => self.entries += u64::from(all.count()),
            Payload::ComponentTypeSection(all) => self.entries += u64::from(all.count()),
            Payload::ComponentImportSection(all) => self.entries += u64::from(all.count()),
            Payload::ComponentExportSection(all) => self.entries += u64::from(all.count()),
            Payload::ComponentAliasSection(all) => self.entries += u64::from(all.count()),
            Payload::ComponentCanonicalSection(all) => self.entries += u64::from(all.count()),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => self.parts += 1,
            Payload::InstanceSection(all) => {
                for instance in all.clone() {
                    self.core_instances += u64::from(matches!(instance?, Instance::Instantiate { .. }));
                }
            }
            Payload::ComponentInstanceSection(all) => {
                for instance in all.clone() {
                    self.nested_instances += u64::from(matches!(instance?, ComponentInstance::Instantiate { .. }));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn is_bearable(&self) -> Result<(), Misfit> {
        at_most("functions", self.functions, FUNCTIONS)?;
        at_most("bytes in one function", self.longest, FUNCTION_BYTES)?;
        at_most("memories", self.memories, MEMORIES.into())?;
        at_most("tables", self.tables, TABLES.into())?;
        at_most("core instances", self.core_instances, CORE_INSTANCES.into())?;
        at_most("instances of components", self.nested_instances, NESTED_INSTANCES)?;
        at_most("modules and components in it", self.parts, PARTS)?;
        at_most("types, imports, exports and the like", self.entries, ENTRIES)
    }
}

fn at_most(what: &'static str, has: u64, most: u64) -> Result<(), Misfit> {
    if has > most { Err(Misfit::TooMuch { what, has, most }) } else { Ok(()) }
}
