//! Modules of hooks: what fits a declaration and what does not, and that one that changes is judged again.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may fail where it stands, and reads the examples"
)]

#[allow(dead_code, unreachable_pub, reason = "another crate's file")]
#[path = "../../tests/src/modules.rs"]
mod modules;

use std::collections::BTreeMap;
use std::path::Path;

use journey_compiler::module::{Misfit, WIT, World, outline, sha256};
use journey_compiler::source::Sources;
use journey_compiler::{Session, compile};
use journey_spec::program::HookAnswers;

const MOST: u64 = 4 << 20;

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn example(path: &str) -> Vec<u8> {
    std::fs::read(root().join("examples").join(path)).unwrap()
}

#[test]
fn there_is_one_package() {
    let runtime = std::fs::read_to_string(root().join("runtime/wit/hooks.wit")).unwrap();
    assert_eq!(runtime, WIT, "language-spec/wit/hooks.wit and runtime/wit/hooks.wit are the same");
    let chapter = std::fs::read_to_string(root().join("language-spec/spec/19-hooks-package.md")).unwrap();
    let block = chapter.split_once("```wit\n").unwrap().1.split_once("```").unwrap().0;
    assert_eq!(block, WIT, "the chapter shows the package as it is");
}

#[test]
fn the_examples_modules_fit_and_say_so() {
    let risk = outline(&example("complaint-triage/hooks/risk.wasm"), World::Scorer, MOST).unwrap();
    assert_eq!(risk.signature, World::Scorer.signature());
    assert!(risk.logs && risk.bytes < 200_000, "{risk:?}");
    let pattern = outline(&example("bill-shock/hooks/pattern.wasm"), World::Chooser, MOST).unwrap();
    assert_eq!(pattern.signature, World::Chooser.signature());
    assert!(!pattern.logs && pattern.bytes < 10_000, "{pattern:?}");
}

#[test]
fn each_world_fits_itself_and_no_other() {
    for (name, own) in [
        ("risk.wasm", World::Scorer),
        ("triage.wasm", World::Chooser),
        ("plausible.wasm", World::Validator),
        ("tidy.wasm", World::Transformer),
    ] {
        let bytes = modules::module(name).unwrap();
        for world in World::ALL {
            match outline(&bytes, world, MOST) {
                Ok(outline) => assert_eq!((world, outline.signature), (own, own.signature()), "{name}"),
                Err(Misfit::Exports { fits, has, .. }) => {
                    assert!(world != own && fits == Some(own), "{name} {world:?}: {fits:?}");
                    assert_eq!(has, [own.signature()]);
                }
                Err(other) => assert_eq!(None, Some(other), "{name}"),
            }
        }
    }
    assert_eq!(World::of(&HookAnswers::Data), World::Transformer);
}

#[test]
fn what_does_not_fit_is_told_by_its_first_reason() {
    let judged = |name: &str| outline(&modules::module(name).unwrap(), World::Scorer, MOST).unwrap_err();
    assert_eq!(judged("noise.wasm"), Misfit::NoComponent("it does not begin as WebAssembly does".into()));
    assert!(matches!(judged("empty.wasm"), Misfit::NoComponent(_)));
    assert!(matches!(judged("cut.wasm"), Misfit::NoComponent(_)));
    assert_eq!(judged("core.wasm"), Misfit::CoreModule { exports: true });
    assert_eq!(judged("library.wasm"), Misfit::CoreModule { exports: false });
    assert_eq!(judged("clock.wasm"), Misfit::Imports(vec!["wasi:clocks/monotonic-clock@0.2.0".into()]));
    assert_eq!(judged("newer.wasm"), Misfit::Imports(vec!["journey:hooks/host@2.0.0".into()]));
    assert_eq!(judged("many.wasm"), Misfit::TooMuch { what: "memories", has: 5, most: 4 });
    assert!(matches!(judged("large.wasm"), Misfit::TooMuch { what: "bytes", .. }));
    assert!(outline(&modules::module("large.wasm").unwrap(), World::Scorer, 8 << 20).is_ok());
    let Misfit::Exports { has, fits, .. } = judged("misfit.wasm") else { unreachable!("it exports another type") };
    assert_eq!((has, fits), (vec!["score: func() -> u32".to_owned()], None));
}

/// Nothing of a file's bytes stops the compiler: whatever is cut off or flipped is judged.
/// What the runtime would not load is told here: both count by one function.
#[test]
fn what_no_runtime_loads_is_told_whatever_there_is_too_much_of() {
    let component = |inside: &str| wat::parse_str(format!("(component {inside})")).unwrap();
    let module = |fields: &str| component(&format!("(core module {fields})"));
    let many = [
        ("tables", module(&"(table 1 funcref)".repeat(17)), 17, 16),
        ("functions", module(&"(func)".repeat(20_001)), 20_001, 20_000),
        ("bytes in one function", module(&format!("(func {})", "nop ".repeat(600_000))), 600_002, 512 << 10),
        ("modules and components in it", component(&"(component)".repeat(65)), 65, 64),
        (
            "instances of components",
            component(&format!("(component $c) {}", "(instance (instantiate $c))".repeat(25))),
            25,
            24,
        ),
        (
            "core instances",
            component(&format!("(core module $m) {}", "(core instance (instantiate $m))".repeat(129))),
            129,
            128,
        ),
    ];
    for (what, bytes, has, most) in many {
        assert_eq!(outline(&bytes, World::Scorer, 4 << 20).unwrap_err(), Misfit::TooMuch { what, has, most });
    }
}

#[test]
fn damaged_modules_are_judged() {
    let whole = example("bill-shock/hooks/pattern.wasm");
    let mut fits = 0;
    // What stands last says who made it, and may be missing.
    let cuts = (0..whole.len()).filter(|at| outline(&whole[..*at], World::Chooser, MOST).is_ok()).count();
    assert!(cuts <= 2, "{cuts} beginnings of a module fit");
    for at in 0..whole.len() {
        for mask in [0x01, 0x80, 0xff] {
            let mut flipped = whole.clone();
            flipped[at] ^= mask;
            fits += usize::from(outline(&flipped, World::Chooser, MOST).is_ok());
        }
    }
    assert!(fits > 0, "a figure in the code may be another and fit");
}

struct Files(BTreeMap<&'static str, Vec<u8>>);

impl Sources for Files {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0.get(path).cloned().ok_or_else(|| "it is not there".into())
    }
}

#[test]
fn a_module_that_changes_is_judged_again_and_is_another_program() {
    let text = "hook score(words: text) -> number from \"h.wasm\" on failure 1\n";
    let files = |module: Option<&str>| {
        let module = module.map(|name| ("p/h.wasm", modules::module(name).unwrap()));
        Files([("p/a.journey", text.as_bytes().to_vec())].into_iter().chain(module).collect())
    };
    let roots = ["p/a.journey".to_owned()];
    let mut session = Session::new();
    let mut hashes = Vec::new();
    for (module, code) in [
        (Some("risk.wasm"), None),
        (Some("triage.wasm"), Some("J0154")),
        (None, Some("J0151")),
        (Some("risk.wasm"), None),
        (Some("noise.wasm"), Some("J0152")),
    ] {
        let files = files(module);
        let told = session.compile(&roots, &files);
        assert_eq!(told.findings, compile(&roots, &files).findings, "as from the start");
        assert_eq!(told.findings.first().map(|f| f.code.code), code, "{module:?}");
        let hook = told.program.as_ref().unwrap().hooks[0].clone();
        assert_eq!(hook.sha256, module.map(|name| sha256(&modules::module(name).unwrap())));
        hashes.push(told.program.unwrap().hash);
    }
    assert_eq!(hashes[0], hashes[3]);
    assert_ne!(hashes[0], hashes[1]);
    assert_ne!(hashes[0], hashes[2]);
}
