//! The pages of findings run: what they call failing fails with their code, what they call mended does not.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail where it stands"
)]

#[allow(dead_code, unreachable_pub, reason = "another crate's file")]
#[path = "../../tests/src/modules.rs"]
mod modules;

use journey_compiler::source::Memory;
use journey_compiler::{Compilation, compile};
use journey_spec::codes::{ALL, Code};

/// The first ```` ```journey ```` block below a heading.
fn block(page: &str, heading: &str) -> Option<String> {
    let below = page.split_once(&format!("\n## {heading}\n"))?.1;
    let below = below.split("\n## ").next()?;
    let block = below.split_once("```journey\n")?.1;
    Some(block.split_once("```")?.0.to_owned())
}

fn compiled(text: String) -> Compilation {
    compile(&["main.journey".into()], &modules::WithModules(Memory([("main.journey".to_owned(), text)].into())))
}

fn told(compilation: &Compilation) -> Vec<String> {
    compilation.findings.iter().map(|f| format!("{}: {}", f.code.code, f.message)).collect()
}

fn written() -> impl Iterator<Item = &'static Code> {
    // A page that is only its heading has not been written yet.
    ALL.iter().copied().filter(|code| code.page.lines().count() > 1)
}

#[test]
fn what_fails_fails_and_what_is_mended_passes() {
    let mut wrong = Vec::new();
    for code in written() {
        if !code.page.starts_with(&format!("# {} {}\n", code.code, code.name)) {
            wrong.push(format!("{}: the heading should be `# {} {}`", code.code, code.code, code.name));
        }
        for heading in ["Fails", "Mended"] {
            // Bytes that are no text and texts of a megabyte cannot stand in a page.
            let Some(text) = block(code.page, heading) else {
                if !matches!(code.code, "J0004" | "J0005") {
                    wrong.push(format!("{}: no block under `{heading}`", code.code));
                }
                continue;
            };
            let compilation = compiled(text);
            let found = compilation.findings.iter().any(|f| f.code == code);
            if found != (heading == "Fails") {
                wrong.push(format!("{} {heading}: {:#?}", code.code, told(&compilation)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn of_what_is_mended_nothing_is_said() {
    let mut wrong = Vec::new();
    for code in written() {
        if let Some(text) = block(code.page, "Mended") {
            let told = told(&compiled(text));
            if !told.is_empty() {
                wrong.push(format!("{}: {told:#?}", code.code));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The lines with which helps propose to bound a loop are right as they stand.
#[test]
fn a_limit_that_a_help_proposes_mends_and_breaks_nothing() {
    let mut tried = 0;
    for code in written().filter(|c| ("J0201".."J0208").contains(&c.code)) {
        let Some(text) = block(code.page, "Fails") else { continue };
        let found = compiled(text.clone());
        for finding in found.findings.iter().filter(|f| f.code == code) {
            let help = finding.help.clone().unwrap_or_default();
            let Some((_, line)) = help.split_once("for example  limit ") else { continue };
            tried += 1;
            let head = text.find("  start on").unwrap();
            let mended = format!("{}  limit {line}\n{}", &text[..head], &text[head..]);
            assert_eq!(told(&compiled(mended)), Vec::<String>::new(), "{}: limit {line}", code.code);
        }
    }
    assert!(tried >= 3, "{tried}");
}

#[test]
fn a_timer_that_a_help_proposes_mends_and_breaks_nothing() {
    for page in ["J0302", "J0303"] {
        let code = journey_spec::codes::find(page).unwrap();
        let text = block(code.page, "Fails").unwrap();
        let found = compiled(text.clone());
        let finding = found.findings.iter().find(|f| f.code == code).unwrap();
        let help = finding.help.clone().unwrap();
        let (place, line) = help.split_once("  after ").unwrap();
        let state = place.split('`').nth(1).or(finding.message.split('`').nth(1)).unwrap();
        let (before, block) = text.split_once(&format!("state {state} {{")).unwrap();
        let block = match line.split_once("  instead of  ") {
            // Durations are spelled as they are said, `24h` for `1d`.
            Some((line, was)) => {
                block.replacen(&was.replace("24h", "1d"), &format!("after {}", line.replace("24h", "1d")), 1)
            }
            None => format!("\n after {line}{block}"),
        };
        let mended = format!("{before}state {state} {{{block}");
        assert_eq!(told(&compiled(mended)), Vec::<String>::new(), "{page}: {line}");
    }
}

#[test]
fn the_failing_examples_of_names_and_types_fail_once() {
    for code in written().filter(|c| ("J0006".."J0200").contains(&c.code)) {
        if let Some(text) = block(code.page, "Fails") {
            let told = told(&compiled(text));
            assert!(told.len() == 1, "{}: {told:#?}", code.code);
        }
    }
}
