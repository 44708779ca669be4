//! `allow … because …`: kept beside the tree, with what it stands before.

use journey_spec::codes::J0001;

use super::{Node, Reader, Rule};
use crate::ast::Allow;
use crate::diagnostics::Finding;
use crate::source::Span;

impl Reader<'_> {
    pub(super) fn allow(&mut self, node: Node<'_>) {
        let span = self.span(&node);
        let mut code = None;
        let mut reason = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::ident => code = Some(self.name(&part)),
                Rule::string => reason = Some(self.string(&part)),
                _ => {}
            }
        }
        let (Some(code), Some(reason)) = (code, reason) else { return };
        if reason.text.trim().is_empty() {
            self.report(
                Finding::new(&J0001, reason.span, format!("nobody can tell why `{}` is allowed here", code.text))
                    .label("no reason")
                    .help("say what makes it safe, for example  because \"the engineer calls anyway\""),
            );
            return;
        }
        self.allows.push(Allow { code, reason, span, covers: Span { start: span.end, ..span } });
        self.pending += 1;
    }

    /// What stands below the `allow`s just read: they cover it.
    pub(super) fn allowed(&mut self, node: &Node<'_>) {
        let rule = node.as_rule();
        if matches!(rule, Rule::allow | Rule::open) || self.pending == 0 {
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        if matches!(rule, Rule::close | Rule::unclosed | Rule::EOI) {
            return;
        }
        let span = self.span(node);
        // what has lines of its own, each with its own `allow`, is covered at its head only
        let lines = |n: &Node<'_>| {
            matches!(
                n.as_rule(),
                Rule::message_block
                    | Rule::policy_block
                    | Rule::journey_block
                    | Rule::state_block
                    | Rule::scenario_block
            )
        };
        let own = matches!(
            rule,
            Rule::message_decl | Rule::policy_decl | Rule::journey_decl | Rule::state | Rule::scenario_decl
        );
        let block = node.clone().into_inner().find(|n| own && lines(n));
        let covers = block.map_or(span, |block| self.head(span, &block));
        let from = self.allows.len().saturating_sub(pending);
        for allow in self.allows.iter_mut().skip(from) {
            allow.covers = covers;
        }
    }
}
