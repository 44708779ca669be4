//! What lowering a journey came to, taken over for one that has not changed.
//!
//! A journey is lowered from its own text and from what all journeys share. So what is known of it holds as long as it is
//! at the same place, its text is the same to the byte, and so is every declaration that is shared. Nothing is taken over
//! where something could not be read: what is said of an unknown name then depends on what else stands there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use journey_spec::program::{Journey, JourneyId};

use crate::ast::{File, Item, JourneyDecl, TemplateText};
use crate::resolve::Out;
use crate::source::{FileId, SourceMap, Span};

/// What is known of the journeys of the last program.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    /// The declarations that journeys share, and the texts that they take from elsewhere.
    shared: Vec<Item>,
    bodies: BTreeMap<Span, TemplateText>,
    /// Whether everything could be read.
    whole: bool,
    journeys: BTreeMap<String, Known>,
}

#[derive(Debug)]
struct Known {
    id: JourneyId,
    span: Span,
    doc: Vec<String>,
    text: String,
    lowered: Lowered,
}

/// A journey that was lowered.
#[derive(Clone, Debug)]
pub(super) struct Lowered {
    pub(super) journey: Journey,
    /// What was said and noted on the way.
    pub(super) out: Out,
    /// Whether it is not whole.
    pub(super) broken: bool,
}

/// Whether other journeys and their lowering may depend on it.
fn is_shared(item: &Item) -> bool {
    !matches!(item, Item::Journey(_) | Item::Scenario(_) | Item::Use(_))
}

impl Memo {
    /// Forgets what no longer holds: `whole` says whether everything could be read.
    pub(crate) fn keep_for(
        &mut self,
        files: &[(FileId, Arc<File>)],
        bodies: &BTreeMap<Span, TemplateText>,
        whole: bool,
    ) {
        let shared = || files.iter().flat_map(|(_, file)| &file.items).filter(|item| is_shared(item));
        if whole && self.whole && self.bodies == *bodies && shared().eq(&self.shared) {
            return;
        }
        self.journeys.clear();
        self.shared = shared().cloned().collect();
        self.bodies = bodies.clone();
        self.whole = whole;
    }

    /// What is known of a journey at this position.
    pub(super) fn known(&self, decl: &JourneyDecl, id: JourneyId, sources: &SourceMap) -> Option<&Lowered> {
        let known = self.journeys.get(&decl.name.text).filter(|known| known.id == id && known.span == decl.span)?;
        let text = sources.get(decl.span.file)?.slice(decl.span);
        (known.text == text && known.doc == decl.doc).then_some(&known.lowered)
    }

    pub(super) fn learn(&mut self, decl: &JourneyDecl, id: JourneyId, sources: &SourceMap, lowered: &Lowered) {
        // What is said of an unknown name looks at other journeys too.
        if !self.whole || lowered.broken || lowered.out.errors() > 0 {
            return;
        }
        let Some(source) = sources.get(decl.span.file) else { return };
        let text = source.slice(decl.span).to_owned();
        let known = Known { id, span: decl.span, doc: decl.doc.clone(), text, lowered: lowered.clone() };
        self.journeys.insert(decl.name.text.clone(), known);
    }

    pub(super) fn forget_others(&mut self, decls: &[&JourneyDecl]) {
        if self.journeys.len() > decls.len() {
            let names: BTreeSet<&str> = decls.iter().map(|decl| decl.name.text.as_str()).collect();
            self.journeys.retain(|name, _| names.contains(name.as_str()));
        }
    }
}
