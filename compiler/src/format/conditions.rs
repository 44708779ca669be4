//! The tree as lines: conditions, `choose` and `split`.

use super::entries::{BLANKS, Source, entry, line, text};
use super::layout::{Entry, Part};
use crate::ast::{ChooseDecl, CondDecl, CondKind, OfDecl, SplitDecl, WayOn};

impl Source<'_> {
    /// `when CONDITION `, with its blank.
    pub(super) fn when(&self, when: Option<&CondDecl>, parts: &mut Vec<Part>) {
        if let Some(condition) = when {
            parts.push(text("when "));
            self.condition(condition, parts);
            parts.push(text(" "));
        }
    }

    fn condition(&self, condition: &CondDecl, parts: &mut Vec<Part>) {
        match &condition.kind {
            CondKind::Compare { left, by, right } => {
                self.expr(left, parts);
                parts.push(text(format!(" {} ", by.sign())));
                self.expr(right, parts);
            }
            CondKind::Value(value) => self.expr(value, parts),
            CondKind::Known { of, known } => {
                self.expr(of, parts);
                parts.push(text(if *known { " is known" } else { " is missing" }));
            }
            CondKind::Not(inner) => {
                parts.push(text("not "));
                let grouped = matches!(inner.kind, CondKind::All(_) | CondKind::Any(_));
                self.grouped(inner, grouped, parts);
            }
            CondKind::All(all) => {
                for (i, part) in all.iter().enumerate() {
                    parts.push(text(if i > 0 { " and " } else { "" }));
                    self.grouped(part, matches!(part.kind, CondKind::Any(_)), parts);
                }
            }
            CondKind::Any(any) => {
                for (i, part) in any.iter().enumerate() {
                    parts.push(text(if i > 0 { " or " } else { "" }));
                    self.condition(part, parts);
                }
            }
        }
    }

    fn grouped(&self, condition: &CondDecl, brackets: bool, parts: &mut Vec<Part>) {
        if brackets {
            parts.push(text("("));
        }
        self.condition(condition, parts);
        if brackets {
            parts.push(text(")"));
        }
    }

    pub(super) fn choose(&self, choose: &ChooseDecl) -> Entry {
        let mut head = vec![text("choose ")];
        match &choose.of {
            Some(OfDecl::Path(path)) => head.push(text(format!("{} ", path.text()))),
            Some(OfDecl::Hook(ask)) => {
                self.ask(ask, &mut head);
                head.push(text(" "));
            }
            None => {}
        }
        let ways = choose
            .ways
            .iter()
            .map(|way| {
                let mut parts = Vec::new();
                match &way.on {
                    WayOn::Name(name) => parts.push(text(format!("{} ", name.text))),
                    WayOn::When(condition) => self.when(Some(condition), &mut parts),
                    WayOn::Else => parts.push(text("else ")),
                }
                parts.push(text(format!("-> {}", way.to.text)));
                entry(way.span, parts)
            })
            .collect();
        head.push(self.block(choose.head.end, ways, BLANKS));
        entry(choose.span, head)
    }

    pub(super) fn split(&self, split: &SplitDecl) -> Entry {
        let ways = split
            .ways
            .iter()
            .map(|(percent, to)| line(percent.span.to(to.span), format!("{}% -> {}", percent.value, to.text)))
            .collect();
        entry(split.span, vec![text("split by customer "), self.block(split.head.end, ways, BLANKS)])
    }
}
