//! Mending a whole project: fixes are tried, everything is compiled again, and only what makes nothing worse is kept.

use std::collections::{BTreeMap, BTreeSet};

use super::{Care, Fix, applied};
use crate::Compilation;
use crate::diagnostics::Finding;
use crate::source::{FileId, Sources};

/// Rounds in which fixes are tried: one can bring to light what another then mends.
const MOST_ROUNDS: usize = 10;
/// Fixes that are tried one by one where all together make something worse.
const MOST_TRIES: usize = 50;

/// What came of mending.
#[derive(Clone, Debug, Default)]
pub struct Mended {
    /// Texts that changed, by path: as they were, and as they are now.
    pub texts: BTreeMap<String, (String, String)>,
    /// What was done, in order.
    pub done: Vec<Done>,
}

/// A fix that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The file.
    pub path: String,
    /// The line in the text as it was when the fix was made, from 1.
    pub line: u32,
    /// What it mends.
    pub finding: Finding,
    /// What stood there.
    pub old: String,
    /// What stands there now.
    pub new: String,
}

/// Sources of which some texts are already mended.
struct Overlay<'a> {
    under: &'a dyn Sources,
    texts: BTreeMap<String, String>,
}

impl Sources for Overlay<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        match self.texts.get(path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => self.under.read(path),
        }
    }
}

/// Mends what can be mended with at most this care in projects, each given by its roots; nothing is written. A fix that
/// would bring more findings than it takes away, or text that reads worse, is left out.
#[must_use]
pub fn mend(projects: &[Vec<String>], sources: &dyn Sources, care: Care) -> Mended {
    let mut out = Mended::default();
    let mut overlay = Overlay { under: sources, texts: BTreeMap::new() };
    let mut now = Whole::compile(projects, &overlay);
    let mut refused: BTreeSet<(String, String)> = BTreeSet::new();
    for _ in 0..MOST_ROUNDS {
        let wanted: Vec<Wanted> = now.wanted(care).into_iter().filter(|w| !refused.contains(&w.key())).collect();
        if wanted.is_empty() {
            break;
        }
        let all: Vec<&Wanted> = wanted.iter().collect();
        if let Some(after) = attempt(projects, &mut overlay, &now, &all, &mut out) {
            now = after;
            continue;
        }
        // Together they make something worse. The first that does not alone is kept, and all places are found anew.
        let mut kept = false;
        for one in wanted.iter().take(MOST_TRIES) {
            if let Some(after) = attempt(projects, &mut overlay, &now, &[one], &mut out) {
                now = after;
                kept = true;
                break;
            }
            refused.insert(one.key());
        }
        if !kept {
            break;
        }
    }
    out
}

/// Makes these fixes and keeps them where nothing gets worse; what all is then.
fn attempt(
    projects: &[Vec<String>],
    overlay: &mut Overlay<'_>,
    now: &Whole,
    wanted: &[&Wanted],
    out: &mut Mended,
) -> Option<Whole> {
    let before = overlay.texts.clone();
    let mut olds: BTreeMap<String, String> = BTreeMap::new();
    let mut made: Vec<&Wanted> = Vec::new();
    let paths: BTreeSet<&str> = wanted.iter().map(|w| w.path.as_str()).collect();
    for path in paths {
        let here: Vec<&Wanted> = wanted.iter().filter(|w| w.path == path).copied().collect();
        let Some(first) = here.first() else { continue };
        let fixes: Vec<&Fix> = here.iter().map(|w| &w.fix).collect();
        let (text, taken) = applied(first.file, &first.text, &fixes);
        if taken == 0 || text == first.text {
            continue;
        }
        // Which of overlapping ones were taken is seen by the next round: what is still found is still wanted.
        olds.insert(path.to_owned(), first.text.clone());
        made.extend(here);
        overlay.texts.insert(path.to_owned(), text);
    }
    let after = Whole::compile(projects, overlay);
    if olds.is_empty() || after.unread > now.unread || after.findings.len() > now.findings.len() {
        overlay.texts = before;
        return None;
    }
    for (path, old) in olds {
        let new = overlay.texts.get(&path).cloned().unwrap_or_default();
        out.texts.entry(path).and_modify(|(_, now)| now.clone_from(&new)).or_insert((old, new));
    }
    for wanted in made.into_iter().filter(|w| !after.still_wants(w)) {
        out.done.push(wanted.done.clone());
    }
    Some(after)
}

/// A fix that can be made.
struct Wanted {
    path: String,
    file: FileId,
    text: String,
    fix: Fix,
    done: Done,
}

impl Wanted {
    fn key(&self) -> (String, String) {
        (self.path.clone(), format!("{} {} {}", self.done.finding.code.code, self.done.finding.message, self.done.line))
    }
}

/// All projects as they are compiled together; findings of shared files count once.
struct Whole {
    compiled: Vec<Compilation>,
    /// Path, first byte, code and message.
    findings: BTreeSet<(String, u32, &'static str, String)>,
    /// How many of them say that something cannot be read.
    unread: usize,
}

impl Whole {
    fn compile(projects: &[Vec<String>], sources: &dyn Sources) -> Whole {
        let compiled: Vec<Compilation> = projects.iter().map(|roots| crate::compile(roots, sources)).collect();
        let mut findings = BTreeSet::new();
        for compilation in &compiled {
            for finding in &compilation.findings {
                let path = compilation.sources.get(finding.span().file).map(|s| s.path.clone()).unwrap_or_default();
                findings.insert((path, finding.span().start, finding.code.code, finding.message.clone()));
            }
        }
        let unread = findings.iter().filter(|(_, _, code, _)| *code < "J0100").count();
        Whole { compiled, findings, unread }
    }

    fn wanted(&self, care: Care) -> Vec<Wanted> {
        let mut seen = BTreeSet::new();
        let mut wanted = Vec::new();
        for compilation in &self.compiled {
            for finding in &compilation.findings {
                let Some(fix) = finding.fix.as_ref().filter(|fix| fix.care() <= care) else { continue };
                let Some(edit) = fix.edits().first() else { continue };
                let Some(source) = compilation.sources.get(edit.span.file) else { continue };
                if !seen.insert((source.path.clone(), edit.span.start, edit.span.end, edit.text.clone())) {
                    continue;
                }
                let done = Done {
                    path: source.path.clone(),
                    line: source.line_col(edit.span.start).line,
                    finding: finding.clone(),
                    old: source.slice(edit.span).to_owned(),
                    new: edit.text.clone(),
                };
                let (path, text) = (source.path.clone(), source.text.to_string());
                wanted.push(Wanted { path, file: edit.span.file, text, fix: Fix::clone(fix), done });
            }
        }
        wanted
    }

    /// Whether the same is still found in the same file.
    fn still_wants(&self, wanted: &Wanted) -> bool {
        let (code, message) = (wanted.done.finding.code.code, &wanted.done.finding.message);
        let line_of = |path: &str, start: u32| {
            let mut sources = self.compiled.iter().flat_map(|c| c.sources.iter());
            sources.find(|(_, s)| s.path == path).map(|(_, s)| s.line_col(start).line)
        };
        self.findings.iter().any(|(path, start, found, said)| {
            *path == wanted.path && *found == code && said == message && line_of(path, *start) == Some(wanted.done.line)
        })
    }
}
