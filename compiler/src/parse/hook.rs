//! `hook`, and where one is asked: `triage(complaint)`.

use super::{Node, Reader, Rule};
use crate::ast::{
    AnswersDecl, AskDecl, At, Expr, ExprKind, HookDecl, JudgementDecl, MockJudgement, OfDecl, PriorityDecl,
    ScenarioLineKind,
};

impl<'a> Reader<'a> {
    pub(super) fn hook(&mut self, node: Node<'a>) -> Option<HookDecl> {
        let span = self.span(&node);
        let doc = self.doc(span.start);
        let (mut name, mut answers, mut from, mut on_failure) = (None, None, None, None);
        let (mut within, mut memory, mut largest) = (None, None, None);
        let mut params = Vec::new();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::params => {
                    let fields = part.into_inner().filter(|n| n.as_rule() == Rule::field);
                    params.extend(fields.filter_map(|n| self.field(n)));
                }
                Rule::one_of => answers = Some(AnswersDecl::OneOf(self.idents(part))),
                Rule::any_number => answers = Some(AnswersDecl::Number),
                Rule::any_verdicts => answers = Some(AnswersDecl::Verdicts),
                Rule::any_data => answers = Some(AnswersDecl::Data),
                Rule::body => from = part.into_inner().find(|n| n.as_rule() == Rule::string).map(|n| self.string(&n)),
                Rule::hook_within => {
                    for bound in part.into_inner() {
                        let place = self.span(&bound);
                        let again = match bound.as_rule() {
                            Rule::duration => within.replace(self.duration(&bound)).is_some(),
                            Rule::memory => memory.replace(self.memory(&bound)).is_some(),
                            _ => false,
                        };
                        if again {
                            self.twice(place, "`within`");
                        }
                    }
                }
                Rule::module_size => {
                    largest = part.into_inner().find(|n| n.as_rule() == Rule::memory).map(|n| self.memory(&n))
                }
                Rule::on_failure => on_failure = part.into_inner().find_map(|n| self.judgement(&n)),
                _ => {}
            }
        }
        Some(HookDecl {
            doc,
            name: name?,
            params,
            answers: answers?,
            from: from?,
            largest,
            within,
            memory,
            on_failure: on_failure?,
            span,
        })
    }

    /// `16MiB`
    fn memory(&mut self, node: &Node<'_>) -> At<u32> {
        let value = node.as_str().trim_end_matches("MiB").parse().unwrap_or(u32::MAX);
        At { value, span: self.span(node) }
    }

    /// A name or a number; nothing for any other piece.
    fn judgement(&self, node: &Node<'_>) -> Option<JudgementDecl> {
        match node.as_rule() {
            Rule::number => Some(JudgementDecl::Number(self.name(node))),
            Rule::name => Some(JudgementDecl::Outcome(self.name(node))),
            _ => None,
        }
    }

    /// `triage(complaint)`
    pub(super) fn ask(&mut self, node: Node<'a>) -> Option<AskDecl> {
        let span = self.span(&node);
        let mut hook = None;
        let mut args = Vec::new();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::hook_ref => hook = Some(self.name(&part)),
                Rule::args => {
                    let exprs = part.into_inner().filter(|n| n.as_rule() == Rule::expr);
                    args.extend(exprs.filter_map(|n| self.expr(n)));
                }
                _ => {}
            }
        }
        Some(AskDecl { hook: hook?, args, span })
    }

    /// What a `choose` goes by.
    pub(super) fn chosen_by(&mut self, node: Node<'a>) -> Option<OfDecl> {
        node.into_inner().find_map(|part| match part.as_rule() {
            Rule::path => Some(OfDecl::Path(self.path(&part))),
            Rule::ask => self.ask(part).map(OfDecl::Hook),
            _ => None,
        })
    }

    pub(super) fn priority(&mut self, node: Node<'a>) -> Option<PriorityDecl> {
        node.into_inner().find_map(|part| {
            let span = self.span(&part);
            match part.as_rule() {
                Rule::number => {
                    let kind = ExprKind::Number(part.as_str().to_string());
                    Some(PriorityDecl::Value(Expr { kind, span }))
                }
                Rule::value_path => {
                    let kind = ExprKind::Path(self.path(&part));
                    Some(PriorityDecl::Value(Expr { kind, span }))
                }
                Rule::ask => self.ask(part).map(PriorityDecl::Hook),
                _ => None,
            }
        })
    }

    /// `mock hook triage -> severe`, `mock hook triage fails`
    pub(super) fn mock_hook(&mut self, node: Node<'a>) -> Option<ScenarioLineKind> {
        let mut hook = None;
        let mut answer = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name if hook.is_none() => hook = Some(self.name(&part)),
                Rule::k_fails => answer = Some(MockJudgement::Fails),
                Rule::literal => {
                    let span = self.span(&part);
                    answer = Some(MockJudgement::Gives(self.entries(part), span));
                }
                _ => answer = self.judgement(&part).map(MockJudgement::Says).or(answer),
            }
        }
        Some(ScenarioLineKind::MockHook { hook: hook?, answer: answer? })
    }
}
