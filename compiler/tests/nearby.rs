//! Wherever a text is cut off or loses a line, what is said of it stands near.
//!
//! Near is: within three lines of the edit; at the head of a block that is open there, or in the innermost one; or, where the lost line opened or
//! closed a block, where that block and those around it end, since there the braces no longer fit.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail so"
)]

use journey_compiler::parse::parse;
use journey_compiler::source::{FileId, Source};

const EXAMPLES: [(&str, &str); 5] = [
    ("appointment", include_str!("../../examples/appointment/appointment.journey")),
    ("appointment.scenario", include_str!("../../examples/appointment/appointment.scenario.journey")),
    ("boarding", include_str!("../../examples/boarding/boarding.journey")),
    ("boarding.scenario", include_str!("../../examples/boarding/boarding.scenario.journey")),
    ("house", include_str!("../../examples/house/care.journey")),
];

const NEAR: u32 = 3;

/// Lines at which syntax findings stand, from 1, with what they say.
fn told(text: &str) -> Vec<(u32, String)> {
    let (_, findings) = parse(FileId(0), text);
    let source = Source::new("main.journey", text);
    findings.iter().map(|f| (source.line_col(f.span().start).line, format!("{} {}", f.code.code, f.message))).collect()
}

/// Lines that open a block which is still open at the end, from 1. Braces in texts and comments do not count.
fn open_at_the_end(text: &str) -> Vec<u32> {
    let mut open = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let mut quoted = false;
        let mut last = ' ';
        for c in line.chars() {
            match c {
                '"' if last != '\\' => quoted = !quoted,
                '/' if !quoted && last == '/' => break,
                '{' | '(' if !quoted => open.push(number),
                '}' | ')' if !quoted => drop(open.pop()),
                _ => {}
            }
            last = c;
        }
    }
    open
}

#[test]
fn every_prefix_is_told_of_near_its_end() {
    let stride = if cfg!(debug_assertions) { 11 } else { 1 };
    let mut looked = 0;
    for (name, text) in EXAMPLES {
        for (end, _) in text.char_indices().step_by(stride) {
            let prefix = &text[..end];
            let last = prefix.lines().count().max(1) as u32;
            let open = open_at_the_end(prefix);
            let told = told(prefix);
            // A block of data that is not closed is no block: each of its lines stands alone.
            let inner = open.last().copied().unwrap_or(last);
            assert!(
                told.len() as u32 <= open.len() as u32 + 2 + (last - inner.min(last)),
                "{name} cut at byte {end}: {told:?}"
            );
            for (line, said) in told {
                let near = line + NEAR >= last || line >= inner || open.contains(&line);
                assert!(near, "{name} cut at byte {end}, line {last}: line {line}: {said}");
            }
            looked += 1;
        }
    }
    assert!(looked > 1_000);
}

/// The line, from 1, at which no more than `depth` blocks are open, at `from` or after it.
fn closes(lines: &[&str], from: usize, depth: usize) -> u32 {
    let open_after = |line: usize| open_at_the_end(&lines[..=line].join("\n")).len();
    (from..lines.len()).find(|line| open_after(*line) <= depth).unwrap_or(lines.len()) as u32 + 1
}

#[test]
fn every_lost_line_is_told_of_near_its_place() {
    let mut far = Vec::new();
    for (name, text) in EXAMPLES {
        let lines: Vec<&str> = text.lines().collect();
        for lost in 0..lines.len() {
            let rest: Vec<&str> = lines.iter().enumerate().filter(|(i, _)| *i != lost).map(|(_, l)| *l).collect();
            let at = lost as u32 + 1;
            let before = open_at_the_end(&lines[..lost].join("\n"));
            let with = open_at_the_end(&lines[..=lost].join("\n"));
            let told = told(&rest.join("\n"));
            // Where a head is lost, each line of its block stands alone, and its `}` closes what is around it.
            let end = match with.len().cmp(&before.len()) {
                std::cmp::Ordering::Greater => closes(&lines, lost, before.len()),
                std::cmp::Ordering::Less => closes(&lines, lost, with.len().saturating_sub(1)),
                std::cmp::Ordering::Equal => at,
            };
            let most = if with.len() > before.len() { (end - at) as usize + 1 } else { 3 };
            if told.len() > most {
                far.push(format!("{name} without line {at}: {} findings", told.len()));
            }
            for (line, said) in told {
                if line + NEAR < at && !before.contains(&line) || line > end + NEAR {
                    far.push(format!("{name} without line {at} `{}`: line {line}: {said}", lines[lost].trim()));
                }
            }
        }
    }
    assert!(far.is_empty(), "{} are not near:\n{}", far.len(), far.join("\n"));
}
