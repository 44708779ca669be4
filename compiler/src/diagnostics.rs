//! Findings, and how they are printed. Only this file knows miette.

pub mod concise;
pub mod human;
pub mod json;
mod snippet;

use journey_spec::codes::{Code, Level};

use crate::fix::Fix;
use crate::source::Span;

/// What the compiler has to say about a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its kind.
    pub code: &'static Code,
    /// How grave; the code's level unless the policy demands more.
    pub level: Level,
    /// What could happen to a customer, or what is wrong: lower case, no final full stop, the user's names in backticks.
    pub message: String,
    /// Where, and what stands there; first is the primary place.
    pub labels: Vec<Label>,
    /// The shortest story that makes it happen.
    pub how: Option<String>,
    /// How to mend it.
    pub help: Option<String>,
    /// The same as an edit, where it is one.
    pub fix: Option<Box<Fix>>,
}

/// A place and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What; may be empty.
    pub text: String,
    /// Of the primary place: where else an `allow` covers the finding, which is about those as much.
    pub alike: Vec<Span>,
}

impl Finding {
    /// A finding at a place.
    #[must_use]
    pub fn new(code: &'static Code, span: Span, message: impl Into<String>) -> Finding {
        Finding {
            code,
            level: code.level,
            message: message.into(),
            labels: vec![Label { span, text: String::new(), alike: Vec::new() }],
            how: None,
            help: None,
            fix: None,
        }
    }

    /// Says what stands at the primary place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Finding {
        if let Some(first) = self.labels.first_mut() {
            first.text = text.into();
        }
        self
    }

    /// Adds a related place.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Finding {
        self.labels.push(Label { span, text: text.into(), alike: Vec::new() });
        self
    }

    /// Says where else an `allow` covers it.
    #[must_use]
    pub fn alike(mut self, spans: impl IntoIterator<Item = Span>) -> Finding {
        if let Some(first) = self.labels.first_mut() {
            first.alike.extend(spans);
        }
        self
    }

    /// Tells the shortest story.
    #[must_use]
    pub fn how(mut self, text: impl Into<String>) -> Finding {
        self.how = Some(text.into());
        self
    }

    /// Says how to mend it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Finding {
        self.help = Some(text.into());
        self
    }

    /// Gives the mend as an edit.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<Option<Fix>>) -> Finding {
        self.fix = fix.into().map(Box::new);
        self
    }

    /// The primary place.
    #[must_use]
    pub fn span(&self) -> Span {
        self.labels.first().map(|l| l.span).unwrap_or_default()
    }
}

/// ``, did you mean `x`?`` where a known name is close to `name`; else nothing.
#[must_use]
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    closest(name, known).map(|(k, _)| format!("did you mean `{k}`?"))
}

/// The known name that is close to `name`, and whether it is the only one so close.
pub(crate) fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<(&'a str, bool)> {
    let mut close: Vec<(usize, &str)> = known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(name, k), k))
        .filter(|(distance, k)| *distance <= (name.chars().count().max(k.chars().count()) / 3).max(1) && *k != name)
        .collect();
    close.sort_unstable();
    close.dedup();
    let (best, k) = *close.first()?;
    Some((k, close.get(1).is_none_or(|(next, _)| *next > best)))
}
