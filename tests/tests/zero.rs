//! "From zero to a safe journey": its files are written, its commands are run, and they print what it says.

#![allow(clippy::expect_used, clippy::panic)] // a test says what it expects

use std::process::Command;

use journey_tests::{Block, blocks, journeyc, root};

/// Whether the lines come in this order; `…` stands for any number of lines.
fn prints(printed: &str, expected: &[&str]) -> Result<(), String> {
    let lines: Vec<String> = printed.lines().map(stable).collect();
    let (mut at, mut skip) = (0, false);
    for line in expected {
        if *line == "…" {
            skip = true;
            continue;
        }
        let wanted = stable(line);
        let rest = lines.get(at..).unwrap_or_default();
        let found =
            if skip { rest.iter().position(|l| *l == wanted) } else { (rest.first() == Some(&wanted)).then_some(0) };
        match found {
            Some(n) => at += n + 1,
            None => return Err(format!("`{line}` is not printed{}", if skip { "" } else { " there" })),
        }
        skip = false;
    }
    let left: Vec<&String> = lines.iter().skip(at).filter(|l| !l.trim().is_empty()).collect();
    if skip || left.is_empty() { Ok(()) } else { Err(format!("more is printed: {left:?}")) }
}

/// A line without trailing blanks and without the time that something took.
fn stable(line: &str) -> String {
    let line = line.trim_end();
    match line.strip_suffix(" ms").and_then(|l| l.rsplit_once(' ')) {
        Some((before, figure)) if figure.chars().all(|c| c.is_ascii_digit()) => before.trim_end().to_owned(),
        _ => line.to_owned(),
    }
}

fn run(block: &Block, folder: &std::path::Path) -> usize {
    let code = block.info.strip_prefix("console exits ").map_or(0, |code| code.parse().expect("an exit code"));
    let lines: Vec<&str> = block.text.lines().collect();
    let starts: Vec<usize> = lines.iter().enumerate().filter(|(_, l)| l.starts_with("$ ")).map(|(i, _)| i).collect();
    for (n, start) in starts.iter().enumerate() {
        let end = starts.get(n + 1).copied().unwrap_or(lines.len());
        let command = lines.get(*start).expect("the command").trim_start_matches("$ ");
        let arguments = command.strip_prefix("journeyc").expect("a command of journeyc");
        let output = Command::new(journeyc().expect("the binary"))
            .current_dir(folder)
            .args(arguments.split_whitespace())
            .env("NO_COLOR", "1")
            .output()
            .expect("it runs");
        // on a terminal both come in the order of time: what is said on stderr here closes, or begins, a command
        let out = String::from_utf8_lossy(&output.stdout);
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "`{command}`:\n{out}{err}");
        let expected = lines.get(start + 1..end).unwrap_or_default();
        let either = prints(&format!("{out}{err}"), expected).or_else(|_| prints(&format!("{err}{out}"), expected));
        if let Err(why) = either {
            panic!("line {} of the page: `{command}`: {why}\nbut\n{out}{err}", block.line + start);
        }
    }
    starts.len()
}

#[test]
fn every_command_of_the_page_does_what_it_says() {
    let page = std::fs::read_to_string(root().join("language-spec/spec/00-from-zero.md")).expect("the page");
    let folder = tempfile::tempdir().expect("a folder");
    let (mut files, mut commands) = (0, 0);
    for block in blocks(&page) {
        match block.info.split_once(' ') {
            Some(("journey" | "json", name)) => {
                files += 1;
                std::fs::write(folder.path().join(name), &block.text).expect("written");
            }
            _ if block.info.starts_with("console") => commands += run(&block, folder.path()),
            _ => panic!("line {}: a block that nothing runs", block.line),
        }
    }
    assert!(files == 4 && commands >= 7, "{files} files and {commands} commands were found");
}
