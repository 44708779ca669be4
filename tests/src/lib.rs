//! Shared by the whole-system suites: where things are, the binary, and code blocks of documents.

pub mod modules;
pub mod random;

use std::path::{Path, PathBuf};
use std::process::Command;

use journey_compiler::Compilation;
use journey_compiler::diagnostics::human;

/// All findings of a compilation as a person reads them, 100 columns wide and without colours.
#[must_use]
pub fn printed(compiled: &Compilation) -> String {
    let findings: Vec<String> =
        compiled.findings.iter().map(|f| human::render(f, &compiled.sources, human::WIDTH)).collect();
    anstream::adapter::strip_str(&findings.join("\n")).to_string()
}

/// The workspace's root.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap_or_default()
}

/// The command line's binary: the one that stands beside these tests where it is newer than all that it is made of, as
/// it is in `cargo test --workspace`; else it is built, once.
///
/// # Errors
/// What cargo said.
pub fn journeyc() -> Result<PathBuf, String> {
    static BUILT: std::sync::OnceLock<Result<PathBuf, String>> = std::sync::OnceLock::new();
    BUILT.get_or_init(|| built().map_or_else(build, Ok)).clone()
}

/// What the binary is made of, besides the libraries that `Cargo.lock` names.
const MADE_OF: [&str; 12] = [
    "Cargo.lock",
    "Cargo.toml",
    "language-spec",
    "runtime/Cargo.toml",
    "runtime/src",
    "runtime/step/Cargo.toml",
    "runtime/step/src",
    "compiler/Cargo.toml",
    "compiler/src",
    "compiler/cli/Cargo.toml",
    "compiler/cli/src",
    "compiler/cli/templates",
];

/// The binary in the folder of the running test, unless something that it is made of is newer.
///
/// Building it alone would take other features of some libraries than building the workspace does, and so take all of
/// them a second time.
fn built() -> Option<PathBuf> {
    let test = std::env::current_exe().ok()?;
    let binary = test.parent()?.parent()?.join(format!("journeyc{}", std::env::consts::EXE_SUFFIX));
    let made = std::fs::metadata(&binary).and_then(|m| m.modified()).ok()?;
    let newest =
        MADE_OF.iter().map(|path| newest(&root().join(path))).collect::<Option<Vec<_>>>()?.into_iter().max()?;
    (newest < made).then_some(binary)
}

/// When the newest file in and below a path was changed; none where that cannot be told.
fn newest(path: &Path) -> Option<std::time::SystemTime> {
    let meta = std::fs::metadata(path).ok()?;
    if !meta.is_dir() {
        return meta.modified().ok();
    }
    let mut newest_of_all = std::time::SystemTime::UNIX_EPOCH;
    for entry in std::fs::read_dir(path).ok()? {
        newest_of_all = newest_of_all.max(newest(&entry.ok()?.path())?);
    }
    Some(newest_of_all)
}

fn build() -> Result<PathBuf, String> {
    let release = !cfg!(debug_assertions);
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["build", "--quiet", "--package", "journeyc", "--message-format", "json"]);
    if release {
        cargo.arg("--release");
    }
    let output = cargo.output().map_err(|e| e.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|message| {
            (message.pointer("/target/name")?.as_str()? == "journeyc")
                .then(|| message.get("executable")?.as_str().map(PathBuf::from))?
        })
        .ok_or_else(|| "cargo named no executable".into())
}

/// The project's files, read from the disk.
struct Disk(PathBuf);

impl journey_compiler::source::Sources for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(self.0.join(path)).map_err(|e| e.to_string())
    }
}

/// Files of one of the examples, compiled.
#[must_use]
pub fn example(name: &str, files: &[&str]) -> Compilation {
    let roots: Vec<String> = files.iter().map(|file| format!("{name}/{file}")).collect();
    journey_compiler::compile(&roots, &Disk(root().join("examples")))
}

/// A fenced block of a Markdown text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The words after the fence, such as `journey` or `journey fails`.
    pub info: String,
    /// What stands inside.
    pub text: String,
    /// Its first line, from 1.
    pub line: usize,
}

/// The fenced blocks of a Markdown text, in order.
#[must_use]
pub fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (line, number) in markdown.lines().zip(1..) {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some(Block { info: info.trim().into(), text: String::new(), line: number + 1 });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}
