//! Modules for the documents that name some: what each file name stands for, made of text.

use journey_compiler::module::{World, wrap};
use journey_compiler::source::{Memory, Sources};

/// A core module that exports a function of a world and answers nothing of use.
fn core(world: World) -> Option<Vec<u8>> {
    let params = match world {
        // More parameters than sixteen come in memory.
        World::Chooser => "i32",
        _ => "i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i64 i64 i32 i32 i32 i32",
    };
    wat::parse_str(format!(
        "(module (memory (export \"memory\") 1)
           (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
           (func (export \"{}\") (param {params}) (result i32) (i32.const 0)))",
        world.export()
    ))
    .ok()
}

fn component(world: World) -> Option<Vec<u8>> {
    wrap(&core(world)?, Some(world)).ok().map(|(_, component)| component)
}

/// The right name, with a type of its own.
const MISFIT: &str = "(component
  (core module $m (func (export \"f\") (result i32) (i32.const 7)))
  (core instance $i (instantiate $m))
  (func (export \"score\") (result u32) (canon lift (core func $i \"f\"))))";

/// Asks for the machine's clock.
const WASI: &str =
    "(component (import \"wasi:clocks/monotonic-clock@0.2.0\" (instance (export \"now\" (func (result u64))))))";

/// Built against another version of the package.
const NEWER: &str = "(component (import \"journey:hooks/host@2.0.0\"
  (instance (export \"log\" (func (param \"message\" string))))))";

/// More memories than four.
const MANY: &str = "(component (core module (memory 1) (memory 1) (memory 1) (memory 1) (memory 1)))";

/// The module that a document's file name stands for; none for any other name.
#[must_use]
pub fn module(name: &str) -> Option<Vec<u8>> {
    let text = |text: &str| wat::parse_str(text).ok();
    match name {
        "risk.wasm" => component(World::Scorer),
        "triage.wasm" => component(World::Chooser),
        "plausible.wasm" => component(World::Validator),
        "tidy.wasm" => component(World::Transformer),
        "core.wasm" => core(World::Scorer),
        "library.wasm" => text("(module (func (export \"add\") (param i32 i32) (result i32) (i32.const 0)))"),
        "noise.wasm" => Some((0_u8..=255).cycle().take(3_000).collect()),
        "empty.wasm" => Some(Vec::new()),
        "cut.wasm" => component(World::Scorer).map(|mut bytes| {
            bytes.truncate(bytes.len() / 2);
            bytes
        }),
        "clock.wasm" => text(WASI),
        "newer.wasm" => text(NEWER),
        "misfit.wasm" => text(MISFIT),
        "many.wasm" => text(MANY),
        // A component with six MiB that nothing reads.
        "large.wasm" => component(World::Scorer).map(|mut bytes| {
            let size = 6 << 20;
            bytes.push(0);
            bytes.extend(leb128(size + 2));
            bytes.extend([1, b'x']);
            bytes.resize(bytes.len() + size, 0);
            bytes
        }),
        _ => None,
    }
}

fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// Texts by path, beside the modules of this file.
#[derive(Debug)]
pub struct WithModules(pub Memory);

impl Sources for WithModules {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let name = path.rsplit('/').next().unwrap_or(path);
        match module(name) {
            Some(module) => Ok(module),
            None => self.0.read(path),
        }
    }
}
