//! Every finding as it is printed: the failing example of each page and `ui/CODE/*.journey`, each with its snapshot
//! `ui/CODE/*.snap`, source and outcome together.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)] // a test says what it expects

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use journey_compiler::source::Sources;
use journey_spec::codes;
use journey_tests::modules::module;
use journey_tests::{blocks, printed, root};

/// Cases live beside each other; the house that they may `use` is that of the examples.
struct Folder(PathBuf);

impl Sources for Folder {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        match path {
            // too large to keep in a repository: made here
            "J0004/large.journey" => Ok("// a line that says nothing\n".repeat(60_000).into_bytes()),
            "house/care.journey" => {
                std::fs::read(root().join("examples/house/care.journey")).map_err(|_| "there is no such file".into())
            }
            _ => match path.split_once('/') {
                Some((code, "page.journey")) => codes::find(code)
                    .and_then(|c| failing_example(c.page))
                    .map(String::into_bytes)
                    .ok_or_else(|| "this page has no example".into()),
                _ => match module(path.rsplit('/').next().unwrap_or(path)) {
                    Some(module) => Ok(module),
                    None => std::fs::read(self.0.join(path)).map_err(|_| "there is no such file".into()),
                },
            },
        }
    }
}

/// The first `journey` block of a page: the one that fails.
fn failing_example(page: &str) -> Option<String> {
    blocks(page).into_iter().find(|b| b.info == "journey").map(|b| b.text)
}

fn ui() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ui")
}

#[test]
fn each_finding_is_printed_as_its_snapshot_says() {
    let mut cases: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for code in codes::ALL {
        let folder = ui().join(code.code);
        let mut files: Vec<String> = std::fs::read_dir(&folder)
            .map(|entries| {
                entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect::<Vec<String>>()
            })
            .unwrap_or_default();
        files.retain(|f| f.ends_with(".journey"));
        if failing_example(code.page).is_some() {
            files.push("page.journey".into());
        }
        if code.code == "J0004" {
            files.push("large.journey".into());
        }
        files.sort();
        assert!(!files.is_empty(), "{} {} has no case in tests/ui/{}", code.code, code.name, code.code);
        cases.insert(code.code, files);
    }
    for (code, files) in cases {
        let mut emitted = false;
        for file in files {
            let path = format!("{code}/{file}");
            let sources = Folder(ui());
            let compiled = journey_compiler::compile(std::slice::from_ref(&path), &sources);
            emitted |= compiled.findings.iter().any(|f| f.code.code == code);
            let source = sources.read(&path).expect("the case");
            let shown = String::from_utf8_lossy(&source).chars().take(6_000).collect::<String>();
            let shown_findings = printed(&compiled);
            insta::with_settings!({
                snapshot_path => ui().join(code), prepend_module_to_snapshot => false, omit_expression => true,
            }, {
                insta::assert_snapshot!(
                    file.trim_end_matches(".journey").to_string(),
                    format!("{shown}\n----------------------------------------\n{shown_findings}")
                );
            });
        }
        assert!(emitted, "no case in tests/ui/{code} prints {code}");
    }
}
