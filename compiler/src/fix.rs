//! Findings whose help is an edit: which edit, how sure it is, and what a text becomes by it.
//!
//! A rule says what it means, a word for a word or a line to be taken away; where exactly that stands is found in the
//! source at the end, by [`place`]. A fix whose words do not stand where they should is dropped rather than guessed at.

mod mend;

pub use mend::{Done, Mended, mend};

use journey_spec::packs::is_pack;

use crate::diagnostics::{Finding, closest};
use crate::source::{FileId, Source, SourceMap, Span};

/// How sure a fix is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Care {
    /// It says what was meant: one close name and no other, or something that does nothing today.
    Safe,
    /// It mends the finding, and somebody should look whether it is what a customer should get.
    Look,
}

impl Care {
    /// `safe` or `look`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Care::Safe => "safe",
            Care::Look => "look",
        }
    }
}

/// A part of a text and what stands there afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty where something is put in.
    pub span: Span,
    /// The new text.
    pub text: String,
}

/// Edits that mend a finding; all of them or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    edits: Vec<Edit>,
    care: Care,
    shape: Shape,
}

/// What has to be found in the source before the edit is one.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    /// The edit is right as it stands.
    Placed,
    /// This word stands in the span, once.
    Word(String),
    /// The span goes, with its line where nothing else stands on it.
    Line,
}

impl Fix {
    /// The only known name that is close to `name`, in its place. One of several, or one that is only close because it is
    /// short or by its digits, wants a look.
    pub(crate) fn meant<'k>(span: Span, name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<Fix> {
        let (meant, only) = closest(name, known)?;
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let sure = only && name.chars().count() >= 3 && digits(name) == digits(meant);
        let fix = Fix::word(span, name, meant);
        Some(if sure { fix } else { fix.look() })
    }

    /// One word in place of another, somewhere in the span.
    pub(crate) fn word(span: Span, old: &str, new: &str) -> Fix {
        Fix { edits: vec![Edit { span, text: new.into() }], care: Care::Safe, shape: Shape::Word(old.into()) }
    }

    /// The same word in each of several spans, each with what stands there afterwards.
    pub(crate) fn words(spans: Vec<(Span, String)>, old: &str) -> Fix {
        let edits = spans.into_iter().map(|(span, text)| Edit { span, text }).collect();
        Fix { edits, care: Care::Safe, shape: Shape::Word(old.into()) }
    }

    /// Takes the span away.
    pub(crate) fn line(span: Span) -> Fix {
        Fix { edits: vec![Edit { span, text: String::new() }], care: Care::Safe, shape: Shape::Line }
    }

    /// Puts a text behind the span.
    pub(crate) fn insert(behind: Span, text: String) -> Fix {
        let span = Span { start: behind.end, ..behind };
        Fix { edits: vec![Edit { span, text }], care: Care::Safe, shape: Shape::Placed }
    }

    /// The same, but somebody should look at it.
    pub(crate) fn look(mut self) -> Fix {
        self.care = Care::Look;
        self
    }

    /// What is put in place of what.
    #[must_use]
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// How sure it is.
    #[must_use]
    pub fn care(&self) -> Care {
        self.care
    }

    /// Finds the exact places; none where the source does not hold what is to be replaced.
    fn placed(mut self, sources: &SourceMap) -> Option<Fix> {
        for edit in &mut self.edits {
            let source = sources.get(edit.span.file)?;
            source.text.get(edit.span.start as usize..edit.span.end as usize)?;
            match &self.shape {
                Shape::Placed => {}
                Shape::Word(word) => edit.span = word_in(source, edit.span, word)?,
                Shape::Line => edit.span = with_its_line(source, edit.span),
            }
        }
        self.shape = Shape::Placed;
        Some(self)
    }
}

/// Where in the span the word stands, if it does once.
fn word_in(source: &Source, span: Span, word: &str) -> Option<Span> {
    let text = source.slice(span);
    let of_a_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = text.match_indices(word).filter(|(at, _)| {
        let before = text.get(..*at).and_then(|t| t.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|t| t.chars().next());
        !before.is_some_and(of_a_name) && !after.is_some_and(of_a_name)
    });
    let (at, _) = found.next()?;
    if found.next().is_some() || word.is_empty() {
        return None;
    }
    let start = span.start + at as u32;
    Some(Span { start, end: start + word.len() as u32, ..span })
}

/// The span, with its whole line where nothing else stands on it, else with the blanks behind it.
fn with_its_line(source: &Source, span: Span) -> Span {
    let (before, after) = (
        source.text.get(..span.start as usize).unwrap_or_default(),
        source.text.get(span.end as usize..).unwrap_or_default(),
    );
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line_end = after.find('\n').map_or(after.len(), |at| at + 1);
    let own = before.get(line_start..).is_some_and(|t| t.trim().is_empty())
        && after.get(..line_end).is_some_and(|t| t.trim().is_empty());
    if own {
        return Span { start: line_start as u32, end: span.end + line_end as u32, ..span };
    }
    let blanks = after.len() - after.trim_start_matches([' ', '\t']).len();
    Span { end: span.end + blanks as u32, ..span }
}

/// Finds where the fixes of findings stand in the sources. What stands in a policy pack is nobody's to mend here.
pub(crate) fn place(findings: &mut [Finding], sources: &SourceMap) {
    for finding in findings {
        let foreign = |fix: &Fix| {
            let mut files = fix.edits().iter().filter_map(|edit| sources.get(edit.span.file));
            files.any(|source| is_pack(&source.path))
        };
        let placed = finding.fix.take().and_then(|fix| fix.placed(sources));
        finding.fix = placed.filter(|fix| !foreign(fix)).map(Box::new);
    }
}

/// What a file becomes by these fixes, and how many of them were taken. Of fixes that overlap the first is taken;
/// everything else is kept byte for byte.
#[must_use]
pub fn applied(file: FileId, text: &str, fixes: &[&Fix]) -> (String, usize) {
    let here = |fix: &&&Fix| !fix.edits.is_empty() && fix.edits.iter().all(|e| e.span.file == file);
    let mut all: Vec<&Fix> = fixes.iter().filter(here).copied().collect();
    all.sort_by_key(|fix| fix.edits.iter().map(|e| (e.span.start, e.span.end)).min());
    let mut edits: Vec<&Edit> = Vec::new();
    let mut taken = 0;
    let mut last: Option<Span> = None;
    for fix in all {
        let mut own: Vec<&Edit> = fix.edits.iter().collect();
        own.sort_by_key(|e| (e.span.start, e.span.end));
        // Two texts that are put in at one place would make one of both.
        let mut end = last;
        let behind = own.iter().all(|edit| {
            let free = end.is_none_or(|end| end.end <= edit.span.start && end != edit.span);
            end = Some(edit.span);
            free
        });
        if behind {
            edits.append(&mut own);
            taken += 1;
            last = end;
        }
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        let Some(kept) = text.get(at..start).filter(|_| text.is_char_boundary(end)) else { return (text.into(), 0) };
        out.push_str(kept);
        out.push_str(&edit.text);
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    (out, taken)
}
