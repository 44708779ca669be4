//! What a module holds, counted before anything is made of it: compiling takes time and memory that grow with it, and cannot
//! be interrupted. The checker and a runtime count by this one function, so that what the one lets pass the other loads.

use wasmparser::{BinaryReaderError, ComponentInstance, Encoding, Instance, Parser, Payload};

use super::{CORE_INSTANCES, ENTRIES, FUNCTION_BYTES, FUNCTIONS, MEMORIES, NESTED_INSTANCES, PARTS, TABLES};

/// Why a module is no component that may be compiled.
#[derive(Debug)]
pub enum Uncounted {
    /// It is no WebAssembly, or broken off.
    Damaged(BinaryReaderError),
    /// It is empty.
    Empty,
    /// It is a core module.
    CoreModule,
    /// It has too much of something.
    TooMuch {
        /// Of what, in words: `functions`.
        what: &'static str,
        /// How many there are.
        has: u64,
        /// How many there may be.
        most: u64,
    },
}

impl From<BinaryReaderError> for Uncounted {
    fn from(error: BinaryReaderError) -> Uncounted {
        Uncounted::Damaged(error)
    }
}

/// Counts what a component holds.
///
/// # Errors
/// What it is instead, or has too much of.
pub fn counted(bytes: &[u8]) -> Result<Counted, Uncounted> {
    let mut counted = Counted::default();
    let mut first = true;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        if let (true, Payload::Version { encoding: Encoding::Module, .. }) = (first, &payload) {
            return Err(Uncounted::CoreModule);
        }
        first = false;
        counted.see(&payload)?;
        counted.is_bearable()?;
    }
    if first { Err(Uncounted::Empty) } else { Ok(counted) }
}

/// What a component holds, over all that is in it.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// Functions of its core modules.
    pub functions: u64,
    longest: u64,
    memories: u64,
    tables: u64,
    core_instances: u64,
    nested_instances: u64,
    parts: u64,
    entries: u64,
}

impl Counted {
    fn see(&mut self, payload: &Payload<'_>) -> Result<(), BinaryReaderError> {
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

    fn is_bearable(&self) -> Result<(), Uncounted> {
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

/// How much there may be.
fn at_most(what: &'static str, has: u64, most: u64) -> Result<(), Uncounted> {
    if has > most { Err(Uncounted::TooMuch { what, has, most }) } else { Ok(()) }
}
