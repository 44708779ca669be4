//! `journeyc explain`: a finding's page, a journey's states, or what leaves one of them.

mod bound;
mod fold;
mod journey;
mod page;
mod state;
pub(crate) mod words;

use std::path::{Path, PathBuf};

use clap::Args;
use journey_compiler::diagnostics::{did_you_mean, human};
use journey_spec::codes::{self, Code, Level};

use crate::failure::{Exit, Failure, Outcome};
use crate::folder;
use crate::screen::{BAD, BOLD, DIM, NAME, Screen, WARN, styled};

const EXAMPLES: &str = "\
Examples:
  journeyc explain J0201          what could happen to a customer, an example, and the mend
  journeyc explain event-loop     the same page by its name
  journeyc explain                all findings, one a line
  journeyc explain appointment    a journey of the project here: its states, one a line
  journeyc explain appointment::waiting --project examples/appointment
                                  what leaves this state, when and where to, and how one gets there
  journeyc explain appointment --bound sms 24h --project examples/appointment
                                  the worst day: how many can leave, and how it comes to that
  journeyc explain customer --bound messages 7d --svg week.svg
                                  of all journeys of the project together, as a picture too

Exit codes: 0 found, 1 the project has errors, 2 no such finding, journey or state";

/// Explains a finding, a journey, or one state of a journey
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Explain {
    /// A finding's code or name, such as J0201 or event-loop, a journey, or JOURNEY::STATE; all findings are listed
    /// without it
    #[arg(value_name = "WHAT")]
    what: Option<String>,
    /// Where the journey is looked for: a folder or a file; `.` without it
    #[arg(long, value_name = "PATH", requires = "what")]
    project: Option<PathBuf>,
    /// How much of this can leave in any such window, and the worst day as a dated timeline: `messages`, a channel or a
    /// purpose, and 1h, 24h, 7d or `ever`. WHAT is a journey, or `customer` for all of them together
    #[arg(long, num_args = 2, value_names = ["COUNTED", "WINDOW"], requires = "what")]
    bound: Option<Vec<String>>,
    /// With --bound: draws the worst day into this file
    #[arg(long, value_name = "FILE", requires = "bound")]
    svg: Option<PathBuf>,
}

pub(crate) fn run(args: &Explain, screen: &mut Screen) -> Outcome {
    let Some(asked) = &args.what else {
        let text: String = codes::ALL.iter().map(|code| listed(code, screen.width())).collect();
        screen.print(&text);
        return Ok(Exit::Clean);
    };
    if args.project.is_none() && is_path(asked) {
        return Err(Failure::new(format!("`{asked}` is a path, and no journey or finding is called so"))
            .help(format!("name the journey and say where it is:  journeyc explain JOURNEY --project {asked}")));
    }
    if let Some([counted, window]) = args.bound.as_deref() {
        let path = args.project.as_deref().unwrap_or(Path::new("."));
        return bound::run(asked, counted, window, path, args.svg.as_deref(), screen);
    }
    let code = match codes::find(&asked.to_lowercase()) {
        Some(code) if args.project.is_none() => code,
        None if args.project.is_none() && is_code(asked) => return Err(unknown(asked)),
        _ => {
            let path = args.project.as_deref().unwrap_or(Path::new("."));
            return journey::run(asked, path, screen).map_err(|failure| match &args.project {
                // Nobody who mistypes a finding outside of any project asked for a project.
                None if !asked.contains("::") && folder::projects(&[path.to_owned()]).is_err() => unknown(asked),
                _ => failure,
            });
        }
    };
    let page = if screen.is_terminal() { rendered(code, screen.width()) } else { code.page.to_owned() };
    screen.print(&page);
    if !page.ends_with('\n') {
        screen.print("\n");
    }
    Ok(Exit::Clean)
}

/// Whether it is meant for a folder or a file, where journeys and findings have names without a slash or a dot.
fn is_path(asked: &str) -> bool {
    asked.contains(['/', '\\', '.'])
}

/// Whether it cannot be meant for a journey: `J9999`, or with a hyphen, which no journey's name has.
fn is_code(asked: &str) -> bool {
    let digits = asked.strip_prefix(['j', 'J']).unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) || asked.contains('-') && !asked.contains("::")
}

fn unknown(asked: &str) -> Failure {
    let known = codes::ALL.iter().flat_map(|c| [c.code, c.name]);
    let close =
        did_you_mean(&asked.to_uppercase(), known.clone()).or_else(|| did_you_mean(&asked.to_lowercase(), known));
    Failure::new(format!("there is no finding `{asked}`")).help(
        close.unwrap_or_else(|| {
            "`journeyc explain` lists them all; for a journey, say where it is with --project".into()
        }),
    )
}

fn listed(code: &Code, width: usize) -> String {
    let (style, level) = match code.level {
        Level::Error => (BAD, "error  "),
        Level::Warning => (WARN, "warning"),
    };
    let line = format!("{:<24}  {}", code.name, gist(code.page));
    let room = width.saturating_sub(16);
    let line = if line.chars().count() > room {
        format!("{}…", line.chars().take(room.saturating_sub(1)).collect::<String>().trim_end())
    } else {
        line.trim_end().to_owned()
    };
    format!("{}  {}  {line}\n", styled(BOLD, code.code), styled(style, level))
}

/// The page's first sentence.
fn gist(page: &str) -> String {
    let paragraph = page.lines().skip_while(|l| l.starts_with('#') || l.trim().is_empty());
    let paragraph: Vec<&str> = paragraph.take_while(|l| !l.trim().is_empty()).collect();
    paragraph.join(" ").split(". ").next().unwrap_or_default().trim_end_matches('.').to_owned()
}

/// Markdown, rendered lightly: headings bold, code indented, inline code coloured, paragraphs wrapped.
fn rendered(code: &Code, width: usize) -> String {
    let mut out = String::new();
    let mut paragraph = String::new();
    let mut in_code = false;
    let flush = |paragraph: &mut String, out: &mut String| {
        if !paragraph.is_empty() {
            let rest = if paragraph.starts_with("- ") || paragraph.starts_with("* ") { 2 } else { 0 };
            out.push_str(&inline(&human::wrapped(paragraph, 0, rest, width.min(100))));
            out.push('\n');
            paragraph.clear();
        }
    };
    for line in code.page.lines() {
        let fence = line.trim_start().starts_with("```");
        if fence || in_code {
            flush(&mut paragraph, &mut out);
            if fence {
                in_code = !in_code;
            } else {
                out.push_str(&format!("    {line}").trim_end().replace('\t', "    "));
                out.push('\n');
            }
        } else if let Some(heading) = line.strip_prefix('#') {
            flush(&mut paragraph, &mut out);
            out.push_str(&styled(BOLD, heading.trim_start_matches('#').trim()));
            out.push('\n');
        } else if line.trim().is_empty() {
            flush(&mut paragraph, &mut out);
            out.push('\n');
        } else if line.starts_with('|') {
            flush(&mut paragraph, &mut out);
            out.push_str(&inline(line));
            out.push('\n');
        } else {
            if line.starts_with("- ") || line.starts_with("* ") {
                flush(&mut paragraph, &mut out);
            }
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line.trim());
        }
    }
    flush(&mut paragraph, &mut out);
    out.push_str(&styled(
        DIM,
        format!("\n{} · {} · {} · since {}", code.code, code.name, code.level.name(), code.since),
    ));
    out.push('\n');
    out
}

/// `code` in colour and **bold** in bold, without their marks.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for (i, part) in text.split('`').enumerate() {
        if i % 2 == 1 {
            out.push_str(&styled(NAME, part));
            continue;
        }
        for (j, part) in part.split("**").enumerate() {
            if j % 2 == 1 { out.push_str(&styled(BOLD, part)) } else { out.push_str(part) }
        }
    }
    out
}
