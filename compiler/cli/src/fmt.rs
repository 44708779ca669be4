//! `journeyc fmt`: the one way to lay out a journey.

use std::path::{Path, PathBuf};

use clap::Args;
use journey_compiler::diagnostics::{Finding, human};
use journey_compiler::format;
use journey_compiler::parse::MAX_BYTES;
use journey_compiler::source::{Source, SourceMap};

use crate::differs::diff;
use crate::failure::{Exit, Failure, Outcome};
use crate::folder;
use crate::screen::{Screen, count, plain};
use crate::written;

const EXAMPLES: &str = "\
Examples:
  journeyc fmt                          lay out every .journey file here and below
  journeyc fmt --check examples         list the files that would change; exit code 1 where there are any
  journeyc fmt --diff examples          show what would change
  journeyc fmt - < draft.journey        from stdin to stdout

Exit codes: 0 clean, 1 files that would change or hold syntax errors, 2 wrong usage or unreadable files";

/// Lays out .journey files the one way; keeps every comment
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Fmt {
    /// Files or folders; `-` is stdin
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    /// Changes nothing: lists the files that would change
    #[arg(long)]
    check: bool,
    /// Changes nothing: shows what would change
    #[arg(long)]
    diff: bool,
}

/// What became of one file.
enum Laid {
    Same,
    Changed(String),
    Broken(SourceMap, Vec<Finding>),
}

pub(crate) fn run(args: &Fmt, screen: &mut Screen) -> Outcome {
    if args.paths.iter().any(|p| p.as_os_str() == "-") {
        return if args.paths.len() == 1 {
            stdin(args, screen)
        } else {
            Err(Failure::new("`-` stands for stdin and cannot be named beside files")
                .help("format stdin and files in two commands"))
        };
    }
    let files = folder::files(&args.paths)?;
    let (mut changed, mut broken, mut unread) = (0_usize, 0_usize, 0_usize);
    for path in &files {
        let name = path.to_string_lossy();
        // One that cannot be read keeps no other from being laid out.
        let text = match read(path) {
            Ok(text) => text,
            Err(failure) => {
                unread += 1;
                failure.tell(screen);
                continue;
            }
        };
        match lay_out(&name, &text) {
            Laid::Same => {}
            Laid::Broken(sources, findings) => {
                broken += 1;
                tell(&sources, &findings, screen);
            }
            Laid::Changed(laid) => {
                changed += 1;
                if args.diff {
                    screen.print(&diff(&name, &text, &laid, "laid out"));
                } else if args.check {
                    screen.print(&format!("{name}\n"));
                } else {
                    written::replace(path, laid.as_bytes())?;
                    screen.print(&format!("{name}\n"));
                }
            }
        }
    }
    let looks_only = args.check || args.diff;
    let verb = if looks_only { "would change" } else { "laid out" };
    let mut line = format!("{}: {changed} {verb}", count(files.len(), "file", "files"));
    if broken > 0 {
        line.push_str(&format!(", {broken} left untouched because of errors"));
    }
    if unread > 0 {
        line.push_str(&format!(", {unread} not read"));
    }
    screen.say(&format!("{line}\n"));
    if unread > 0 {
        return Ok(Exit::Fault);
    }
    Ok(Exit::findings(broken > 0 || looks_only && changed > 0))
}

fn stdin(args: &Fmt, screen: &mut Screen) -> Outcome {
    let bytes = folder::take_source(std::io::stdin().lock())
        .map_err(|e| Failure::new(format!("cannot read stdin: {}", plain(&e))))?;
    let text = text_of(bytes, "stdin")?;
    let is_whole = text.len() <= MAX_BYTES;
    match lay_out("stdin", &text) {
        Laid::Broken(sources, findings) => {
            // What came in goes out: an editor that pipes through us must not be left with an empty file. A part of it would
            // be worse than nothing.
            if !args.check && !args.diff && is_whole {
                screen.print(&text);
            }
            tell(&sources, &findings, screen);
            Ok(Exit::Findings)
        }
        Laid::Same => {
            if !args.check && !args.diff {
                screen.print(&text);
            }
            Ok(Exit::Clean)
        }
        Laid::Changed(laid) if args.diff => {
            screen.print(&diff("stdin", &text, &laid, "laid out"));
            Ok(Exit::Findings)
        }
        Laid::Changed(_) if args.check => {
            screen.print("stdin\n");
            Ok(Exit::Findings)
        }
        Laid::Changed(laid) => {
            screen.print(&laid);
            Ok(Exit::Clean)
        }
    }
}

fn lay_out(name: &str, text: &str) -> Laid {
    match format::format(text) {
        Ok(laid) if laid == text => Laid::Same,
        Ok(laid) => Laid::Changed(laid),
        Err(findings) => {
            let mut sources = SourceMap::default();
            // Nothing of a text that is too large is worth showing.
            sources.add(Source::new(name, if text.len() > MAX_BYTES { "" } else { text }));
            Laid::Broken(sources, findings)
        }
    }
}

/// Findings go to stderr: stdout holds the text, the list or the diff.
fn tell(sources: &SourceMap, findings: &[Finding], screen: &mut Screen) {
    for finding in findings {
        screen.say(&human::render(finding, sources, screen.width()));
        screen.say("\n");
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    let name = path.display();
    let bytes = folder::read_source(path)
        .map_err(|why| Failure::new(format!("cannot read `{name}`: {why}")).help("mend that, or name other files"))?;
    text_of(bytes, &name.to_string())
}

fn text_of(bytes: Vec<u8>, name: &str) -> Result<String, Failure> {
    if bytes.len() > MAX_BYTES {
        // The cut may have gone through a character; the formatter refuses the text for its length.
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    String::from_utf8(bytes).map_err(|e| not_utf8(name, e.utf8_error().valid_up_to()))
}

fn not_utf8(name: &str, at: usize) -> Failure {
    Failure::new(format!("`{name}` is not UTF-8 text: byte {at} is no part of a character"))
        .help("save it as UTF-8 in your editor; it was left untouched")
}
