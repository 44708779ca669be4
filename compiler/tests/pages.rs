//! The pages of findings run: what they call failing fails with their code, what they call mended does not.

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
    compile(&["main.journey".into()], &Memory([("main.journey".to_owned(), text)].into()))
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
fn the_mended_examples_of_names_and_types_are_clean() {
    for code in written().filter(|c| ("J0006".."J0200").contains(&c.code)) {
        if let Some(text) = block(code.page, "Mended") {
            assert_eq!(told(&compiled(text)), Vec::<String>::new(), "{}", code.code);
        }
    }
}

#[test]
fn the_failing_examples_of_names_and_types_fail_once() {
    for code in written().filter(|c| ("J0006".."J0200").contains(&c.code) && c.code != "J0008") {
        if let Some(text) = block(code.page, "Fails") {
            let told = told(&compiled(text));
            assert!(told.len() == 1, "{}: {told:#?}", code.code);
        }
    }
}
