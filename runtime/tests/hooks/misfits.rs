//! Files that are no hooks: refused before a journey goes live, with what is wrong and what to do.

use journey_runtime::hooks::{Ceilings, Setup};
use journey_spec::program::Hook;

use super::common::{choice, number, open_with, refused};
use super::guests::{self, chooser, place, scorer};

fn fine() -> guests::Guest {
    scorer(&guests::number("(f64.const 0.7)"))
}

#[track_caller]
fn says(why: &str, parts: &[&str]) {
    for part in parts {
        assert!(why.contains(part), "no `{part}` in: {why}");
    }
    assert!(why.starts_with("hook `risk`: `") && why.contains("risk.wasm` "), "{why}");
    assert!(!why.contains('\n'), "{why}");
}

#[test]
fn any_bytes_are_no_module() {
    let component = fine().build();
    for bytes in [b"".as_slice(), b"\0", b"hello", b"\0asm", b"\0asm\x01", b"#!/bin/sh\nexit 0\n", &[0xff; 4096]] {
        says(&refused(number("risk"), bytes), &["is no WebAssembly component"]);
    }
    // A component that was cut, or of which a byte was turned, is refused or is still one; it never harms the host.
    let mut loaded = 0;
    let cut = (0..component.len()).map(|end| component[..end].to_vec());
    let turned = (0..component.len()).step_by(3).map(|at| {
        let mut turned = component.clone();
        turned[at] ^= 0x41;
        turned
    });
    let all: Vec<Vec<u8>> = cut.chain(turned).collect();
    for bytes in &all {
        match open_with(number("risk"), bytes, Setup::default()) {
            Ok(modules) => {
                loaded += 1;
                drop(super::common::ask(&modules, "risk"));
            }
            Err(unfit) => says(&unfit.to_string(), &[]),
        }
    }
    assert!(loaded * 4 < all.len(), "{loaded} of {} were loaded", all.len());
}

#[test]
fn a_core_module_is_named_as_one() {
    let core = wat::parse_str("(module (func (export \"score\")))").unwrap();
    says(&refused(number("risk"), &core), &["is a core module, and a hook is a component", "wasm-tools component new"]);
}

#[test]
fn imports_beyond_the_host_are_named() {
    let wasi =
        fine().imports(r#"(import "wasi:clocks/monotonic-clock@0.2.0" (instance (export "now" (func (result u64)))))"#);
    says(
        &refused(number("risk"), &wasi.build()),
        &["imports `wasi:clocks/monotonic-clock@0.2.0`", "build it without WASI"],
    );
    let other = fine().imports(r#"(import "acme:back/door" (instance (export "open" (func))))"#);
    says(
        &refused(number("risk"), &other.build()),
        &["imports `acme:back/door`, and a hook gets `journey:hooks/host@1.0.0`"],
    );
    let plain = fine().imports(r#"(import "fetch" (func (param "url" string) (result string)))"#);
    says(&refused(number("risk"), &plain.build()), &["imports `fetch`"]);
    for version in ["2.0.0", "0.9.0", "1.1.0"] {
        let why = refused(number("risk"), &fine().version(version).build());
        says(&why, &[&format!("@{version}`"), "build it against that version"]);
    }
}

#[test]
fn a_function_of_another_name_or_type_is_shown() {
    says(
        &refused(number("risk"), &chooser(&place(0)).build()),
        &["does not export `score`, as world `scorer` does; it exports `choose`"],
    );
    let empty = wat::parse_str("(component)").unwrap();
    says(&refused(number("risk"), &empty), &["it exports nothing"]);
    let whole = fine().result("u64").build();
    says(
        &refused(number("risk"), &whole),
        &["exports `score` in another shape than world `scorer` has", "expected `f64` found `u64`"],
    );
    let bare = r#"(component (core module $M (func (export "score") (result f64) (f64.const 1)))
        (core instance $m (instantiate $M)) (func $f (result f64) (canon lift (core func $m "score"))) (export "score" (func $f)))"#;
    says(&refused(number("risk"), &wat::parse_str(bare).unwrap()), &["exports `score` in another shape"]);
    let instance = r#"(component (instance $i) (export "score" (instance $i)))"#;
    says(&refused(number("risk"), &wat::parse_str(instance).unwrap()), &["it is no function"]);
    assert!(
        refused(Hook { name: "risk".into(), from: "risk.wasm".into(), ..choice("risk") }, &fine().build())
            .contains("does not export `choose`")
    );
}

#[test]
fn what_is_too_large_to_be_compiled_is_counted() {
    let instances: String = (0..900).map(|_| "(core instance (instantiate $M))").collect();
    let many = format!("(component (core module $M) {instances})");
    says(&refused(number("risk"), &wat::parse_str(&many).unwrap()), &["core instances, and at most 128 are loaded"]);
    let functions = "(func)".repeat(20_001);
    says(&refused(number("risk"), &fine().beside(&functions).build()), &["functions, and at most 20000 are loaded"]);
    let long = format!("(func {})", "(drop (i32.const 1))".repeat(200_000));
    says(
        &refused(number("risk"), &fine().beside(&long).build()),
        &["bytes in one function, and at most 524288 are loaded"],
    );
    says(
        &refused(number("risk"), &fine().beside("(memory 1) (memory 1) (memory 1) (memory 1)").build()),
        &["5 memories, and at most 4"],
    );
    let tables = "(table 1 funcref)".repeat(17);
    says(&refused(number("risk"), &fine().beside(&tables).build()), &["17 tables, and at most 16"]);
    let data = format!("(data \"{}\")", "x".repeat(5 << 20));
    let large = fine().beside(&data).build();
    says(&refused(number("risk"), &large), &["bytes, and at most 4194304 are loaded", "such as `up to 8MiB`"]);
    let setup = |module| Setup { ceilings: Ceilings { module, ..Ceilings::default() }, ..Setup::default() };
    let asks = |largest| Hook { largest, ..number("risk") };
    assert!(open_with(asks(8), &large, Setup::default()).is_ok(), "it asks for more");
    let why = open_with(asks(8), &large, setup(5 << 20)).unwrap_err().to_string();
    says(&why, &["at most 5242880 are loaded", "a service may give less"]);
    let data = format!("(data \"{}\")", "x".repeat(33 << 20));
    let why = open_with(asks(64), &fine().beside(&data).build(), setup(1 << 30)).unwrap_err().to_string();
    says(&why, &["at most 33554432 are loaded"]);
}

#[test]
fn components_that_instantiate_components_cannot_multiply() {
    // Each level makes ten of the one below: a million at the top.
    let mut text = String::from("(component $c0 (core module $M) (core instance (instantiate $M)))");
    for level in 1..=6 {
        let below = level - 1;
        let ten: String = (0..10).map(|_| format!("(instance (instantiate $c{below}))")).collect();
        text = format!("(component $c{level} {text} {ten})");
    }
    let bomb = wat::parse_str(text).unwrap();
    says(&refused(number("risk"), &bomb), &["instances of components, and at most 24 are loaded"]);
    // As many as may be, in the worst order: three of three, eight levels deep. Judging and compiling them ends soon.
    for inside in ["", "(core module $M) (core instance (instantiate $M))"] {
        let mut text = format!("(component $c0 {inside})");
        for level in 1..=8 {
            let below = level - 1;
            let three = format!("(instance (instantiate $c{below}))").repeat(3);
            text = format!("(component $c{level} {text} {three})");
        }
        let bomb = wat::parse_str(text.replacen("$c8", "", 1)).unwrap();
        let why = refused(number("risk"), &bomb);
        let expected = ["does not export `score`", "6561 core module instances"];
        assert!(expected.iter().any(|e| why.contains(e)), "{why}");
    }
    // Within that bound, but too many when they are multiplied: the pool says so.
    let mut text = String::from("(component $c0 (core module $M) (core instance (instantiate $M)))");
    for level in 1..=8 {
        let below = level - 1;
        text = format!(
            "(component $c{level} {text} (instance (instantiate $c{below})) (instance (instantiate $c{below})))"
        );
    }
    says(&refused(number("risk"), &wat::parse_str(text).unwrap()), &["cannot be compiled: "]);
}

#[test]
fn what_is_compiled_for_too_long_is_given_up_and_keeps_nobody_else_out() {
    let body: String = (0..30_000)
        .map(|n| format!("(local.set 0 (i64.mul (i64.add (local.get 0) (i64.const {n})) (local.get 0)))"))
        .collect();
    let slow = fine().beside(&format!("(func (param i64) {body})").repeat(3)).build();
    let hasty =
        Setup { ceilings: Ceilings { compile: std::time::Duration::ZERO, ..Ceilings::default() }, ..Setup::default() };
    let why = open_with(number("risk"), &slow, hasty).unwrap_err().to_string();
    says(&why, &["was not compiled within 0 s", "`Ceilings::compile`"]);
    assert!(open_with(number("risk"), &fine().build(), Setup::default()).is_ok());
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("risk.wasm")).unwrap();
    let program = super::common::program(vec![number("risk")]);
    let why = journey_runtime::hooks::Modules::open(&program, folder.path(), Setup::default()).unwrap_err().to_string();
    says(&why, &["cannot be read: it is no file"]);
}
