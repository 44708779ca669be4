//! README's and the examples' commands do what they say.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)] // a test says what it expects

use std::process::Command;

use journey_tests::{blocks, journeyc, root};

/// The commands of a document's `console` blocks: lines after `$ `, each with what must appear in its output.
fn commands(markdown: &str) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    for block in blocks(markdown).into_iter().filter(|b| b.info == "console") {
        for line in block.text.lines() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command.into(), Vec::new())),
                (None, Some((_, output))) if !line.trim().is_empty() && line.trim() != "…" => {
                    output.push(line.trim_end().into());
                }
                _ => {}
            }
        }
    }
    commands
}

#[test]
fn every_command_of_the_readme_prints_what_it_says() {
    let mut seen = 0;
    let stories = std::fs::read_dir(root().join("examples")).expect("the examples").flatten();
    let mut documents: Vec<String> = stories
        .filter(|e| e.path().join("README.md").is_file())
        .map(|e| format!("examples/{}/README.md", e.file_name().to_string_lossy()))
        .collect();
    assert!(documents.len() >= 15, "a story each");
    documents.sort();
    documents.extend(["README.md".to_owned(), "examples/README.md".to_owned()]);
    for document in &documents {
        let text = std::fs::read_to_string(root().join(document)).expect("the document");
        for (command, expected) in commands(&text) {
            let Some(arguments) =
                command.strip_prefix("cargo run -q -p journeyc -- ").or_else(|| command.strip_prefix("journeyc "))
            else {
                // the second command is the one that runs this test
                assert_eq!(command, "cargo test --workspace", "{document} has a command that nothing runs");
                continue;
            };
            seen += 1;
            let output = Command::new(journeyc().expect("the binary"))
                .current_dir(root())
                .args(arguments.split_whitespace())
                .env("NO_COLOR", "1")
                .output()
                .expect("it runs");
            let printed =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "{document}: `{command}` is not clean:\n{printed}");
            for line in expected {
                // a figure of time differs from run to run
                let stable = line.split(" in ").next().unwrap_or(&line);
                let stable = if line.ends_with(" ms") { stable } else { line.as_str() };
                assert!(printed.contains(stable), "{document}: `{command}` does not print\n{line}\nbut\n{printed}");
            }
        }
    }
    assert!(seen >= 3, "the commands were not found");
}
