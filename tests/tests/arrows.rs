//! The arrows of ARCHITECTURE.md: which crate may see which, and which file may know which library.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)] // a test says what it expects

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

/// For each of our crates, those of our crates that it may depend on.
fn allowed() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    BTreeMap::from([
        ("journey-spec", BTreeSet::new()),
        ("journey-step", BTreeSet::from(["journey-spec"])),
        ("journey-compiler", BTreeSet::from(["journey-spec", "journey-step"])),
        ("journey-runtime", BTreeSet::from(["journey-spec", "journey-step"])),
        ("journeyc", BTreeSet::from(["journey-spec", "journey-step", "journey-compiler", "journey-runtime"])),
        ("journey-tests", BTreeSet::from(["journey-spec", "journey-step", "journey-compiler", "journey-runtime"])),
        ("journey-faultfs", BTreeSet::from(["journey-tests"])),
    ])
}

#[test]
fn crates_depend_only_along_the_arrows() {
    let metadata =
        MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().expect("cargo metadata");
    let allowed = allowed();
    let ours: BTreeSet<String> = metadata.packages.iter().map(|p| p.name.to_string()).collect();
    let expected: BTreeSet<String> = allowed.keys().map(ToString::to_string).collect();
    assert_eq!(ours, expected, "a crate came or went: draw its arrows here and in ARCHITECTURE.md");
    for package in &metadata.packages {
        let may = &allowed[package.name.as_str()];
        for dependency in package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development) {
            if ours.contains(&dependency.name) {
                assert!(may.contains(dependency.name.as_str()), "{} must not see {}", package.name, dependency.name);
            }
        }
    }
}

/// Each library, and the files (below the root, with `/`) that alone may name it.
const KNOWERS: &[(&str, &[&str])] = &[
    ("pest", &["compiler/src/parse.rs", "compiler/src/parse/"]),
    (
        "petgraph",
        &[
            "compiler/src/graph.rs",
            "compiler/src/graph/",
            "compiler/src/abstraction.rs",
            "compiler/src/abstraction/",
            "compiler/src/model.rs",
            "compiler/src/model/",
            "compiler/src/witness.rs",
            "compiler/src/check.rs",
            "compiler/src/check/",
        ],
    ),
    ("miette", &["compiler/src/diagnostics.rs", "compiler/src/diagnostics/"]),
    ("rusqlite", &["runtime/src/store.rs", "runtime/src/store/"]),
    ("reqwest", &["runtime/src/channels/webhook.rs", "runtime/src/channels/webhook/"]),
    ("rustls", &["runtime/src/channels/webhook/"]),
    ("wasmtime", &["runtime/src/hooks.rs", "runtime/src/hooks/"]),
    ("lettre", &["runtime/src/channels/smtp.rs", "runtime/src/channels/smtp/"]),
    ("jiff", &["language-spec/src/time.rs", "language-spec/src/time/"]),
    ("icu_datetime", &["language-spec/src/locale.rs"]),
    ("icu_decimal", &["language-spec/src/locale.rs"]),
    ("icu_locale_core", &["language-spec/src/locale.rs"]),
    ("icu_calendar", &["language-spec/src/locale.rs"]),
    ("unicode_security", &["compiler/src/alike.rs"]),
    ("unicode_normalization", &["language-spec/src/value/replies.rs"]),
    ("wasmparser", &["compiler/src/module.rs", "compiler/src/module/", "language-spec/src/hooks/counted.rs"]),
    ("wit_component", &["compiler/src/module.rs", "compiler/src/module/"]),
    ("wit_parser", &["compiler/src/module.rs", "compiler/src/module/"]),
    ("hdrhistogram", &["runtime/src/simulate/counts.rs"]),
    ("clap", &["compiler/cli/"]),
];

#[test]
fn only_its_own_files_know_a_library() {
    let mut files = Vec::new();
    for folder in ["language-spec/src", "runtime/step/src", "runtime/src", "compiler/src", "compiler/cli/src"] {
        rust_files(&root().join(folder), &mut files);
    }
    assert!(files.len() > 20, "the sources were not found");
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source file");
        let name = file.strip_prefix(root()).expect("inside").to_string_lossy().replace('\\', "/");
        for (library, knowers) in KNOWERS {
            let names_it = text
                .lines()
                .filter(|l| !l.trim_start().starts_with("//"))
                .any(|line| line.contains(&format!("{library}::")) || line.contains(&format!("use {library}")));
            assert!(
                !names_it || knowers.iter().any(|k| name.starts_with(k)),
                "{name} names {library}; only {knowers:?} may"
            );
        }
    }
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a source folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn the_core_bans_clock_files_and_environment() {
    for crate_ in ["language-spec", "runtime/step", "compiler"] {
        let bans = std::fs::read_to_string(root().join(crate_).join("clippy.toml")).expect("clippy.toml");
        for ban in ["SystemTime::now", "Timestamp::now", "std::fs::read", "std::env::var", "std::thread::spawn"] {
            assert!(bans.contains(ban), "{crate_}/clippy.toml must ban {ban}");
        }
    }
}
