//! The tree as lines: hooks, and where one is asked.

use super::entries::{Source, documented, one_of, text};
use super::layout::{Entry, Part};
use crate::ast::{AnswersDecl, AskDecl, HookDecl, MockJudgement, PriorityDecl, SetTo};

impl Source<'_> {
    pub(super) fn hook(&self, decl: &HookDecl) -> Entry {
        let params: Vec<_> = decl.params.iter().map(|p| self.field(p)).collect();
        let answers = match &decl.answers {
            AnswersDecl::OneOf(names) => one_of(names),
            AnswersDecl::Number => "number".into(),
            AnswersDecl::Verdicts => "verdicts".into(),
            AnswersDecl::Data => "data".into(),
        };
        let time = decl.within.as_ref().map(|w| w.span);
        let memory = decl.memory.as_ref().map(|m| m.span);
        let bounds: Vec<_> = time.into_iter().chain(memory).map(|span| self.slice(span)).collect();
        let within = if bounds.is_empty() { String::new() } else { format!(" within {}", bounds.join(", ")) };
        let size = decl.largest.as_ref().map(|mib| format!(" up to {}", self.slice(mib.span))).unwrap_or_default();
        let head = format!(
            "hook {}({}) -> {answers} from {}{size}{within} on failure {}",
            decl.name.text,
            params.join(", "),
            self.slice(decl.from.span),
            decl.on_failure.written().text
        );
        documented(&decl.doc, decl.span, vec![text(head)])
    }

    pub(super) fn ask(&self, ask: &AskDecl, parts: &mut Vec<Part>) {
        parts.push(text(format!("{}(", ask.hook.text)));
        for (i, arg) in ask.args.iter().enumerate() {
            if i > 0 {
                parts.push(text(", "));
            }
            self.expr(arg, parts);
        }
        parts.push(text(")"));
    }

    pub(super) fn set_to(&self, to: &SetTo, parts: &mut Vec<Part>) {
        match to {
            SetTo::Missing => parts.push(text("missing")),
            SetTo::Value(value) => self.expr(value, parts),
            SetTo::Hook(ask) => self.ask(ask, parts),
        }
    }

    pub(super) fn priority(&self, priority: &PriorityDecl, parts: &mut Vec<Part>) {
        parts.push(text(" priority "));
        match priority {
            PriorityDecl::Value(value) => self.expr(value, parts),
            PriorityDecl::Hook(ask) => self.ask(ask, parts),
        }
    }

    /// What a mocked hook says.
    pub(super) fn mocked(&self, answer: &MockJudgement, parts: &mut Vec<Part>) {
        match answer {
            MockJudgement::Says(judgement) => parts.push(text(format!("-> {}", judgement.written().text))),
            MockJudgement::Gives(entries, span) => {
                parts.push(text("-> "));
                parts.push(self.literal(span.start, entries));
            }
            MockJudgement::Fails => parts.push(text("fails")),
        }
    }
}
