//! What a state does: `send`, `handoff`, `set`, `call`.

use journey_spec::codes::J0001;

use super::explain::Place;
use super::{Node, Reader, Rule};
use crate::ast::{ActionDecl, CallDecl, DeadlineDecl, Expr, ExprKind, PromiseDecl, SendDecl, SetTo, ThenDecl};
use crate::diagnostics::Finding;
use crate::source::Span;

impl<'a> Reader<'a> {
    pub(super) fn action(&mut self, node: Node<'a>) -> Option<ActionDecl> {
        if node.as_rule() == Rule::send {
            return self.send(node).map(ActionDecl::Send);
        }
        let span = self.span(&node);
        if node.as_rule() == Rule::set {
            let mut target = None;
            let mut to = None;
            for part in node.into_inner() {
                match part.as_rule() {
                    Rule::path => target = Some(self.path(&part)),
                    Rule::k_missing => to = Some(SetTo::Missing),
                    Rule::expr => to = self.expr(part).map(SetTo::Value),
                    Rule::ask => to = self.ask(part).map(SetTo::Hook),
                    _ => {}
                }
            }
            return Some(ActionDecl::Set { target: target?, to: to?, span });
        }
        let mut queue = None;
        let mut transcript = false;
        let mut carried = Vec::new();
        let mut priority = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::string => queue = Some(self.string(&part)),
                Rule::transcript => {
                    for part in part.into_inner() {
                        match part.as_rule() {
                            Rule::k_transcript => transcript = true,
                            Rule::value_path => {
                                let span = self.span(&part);
                                carried.push(Expr { kind: ExprKind::Path(self.path(&part)), span });
                            }
                            _ => {}
                        }
                    }
                }
                Rule::priority => priority = self.priority(part),
                _ => {}
            }
        }
        Some(ActionDecl::Handoff { queue: queue?, transcript, carried, priority, span })
    }

    fn send(&mut self, node: Node<'a>) -> Option<SendDecl> {
        let span = self.span(&node);
        let mut message = None;
        let mut send = SendDecl {
            message: crate::ast::Name { text: String::new(), span },
            via: Vec::new(),
            promising: None,
            keeping: None,
            withdrawing: None,
            on_sent: Vec::new(),
            on_blocked: None,
            on_failed: None,
            span,
        };
        for part in node.into_inner() {
            let place = self.span(&part);
            let again = match part.as_rule() {
                Rule::name => {
                    message = Some(self.name(&part));
                    false
                }
                Rule::via => {
                    let again = !send.via.is_empty();
                    let refs = part.into_inner().filter(|n| n.as_rule() == Rule::channel_ref);
                    send.via.extend(refs.filter_map(|n| self.channel(&n)));
                    again
                }
                Rule::promising => match self.promise(part, place) {
                    Some(promise) => send.promising.replace(promise).is_some(),
                    None => false,
                },
                Rule::keeping | Rule::withdrawing => {
                    let slot = if part.as_rule() == Rule::keeping { &mut send.keeping } else { &mut send.withdrawing };
                    match part.into_inner().find(|n| n.as_rule() == Rule::name) {
                        Some(name) => slot.replace(self.name(&name)).is_some(),
                        None => false,
                    }
                }
                Rule::send_block => {
                    let head = self.head(span, &part);
                    self.block(head, part, Place::Send, |r, piece| r.send_arrow(piece, &mut send));
                    false
                }
                _ => false,
            };
            if again {
                self.twice(place, "`send`");
            }
        }
        send.message = message?;
        Some(send)
    }

    fn promise(&mut self, node: Node<'a>, span: Span) -> Option<PromiseDecl> {
        let mut name = None;
        let mut deadline = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::expr => deadline = self.expr(part).map(DeadlineDecl::By),
                Rule::duration => deadline = Some(DeadlineDecl::Within(self.duration(&part))),
                _ => {}
            }
        }
        Some(PromiseDecl { name: name?, deadline: deadline?, span })
    }

    fn send_arrow(&mut self, node: Node<'a>, send: &mut SendDecl) {
        let span = self.span(&node);
        if node.as_rule() == Rule::send_set {
            let set = node.into_inner().find(|part| part.as_rule() == Rule::set).and_then(|set| self.action(set));
            return send.on_sent.extend(set);
        }
        let mut failed = false;
        let mut then: Option<ThenDecl> = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::on_failed => failed = true,
                Rule::goto | Rule::stay => then = self.then(part),
                _ => {}
            }
        }
        let slot = if failed { &mut send.on_failed } else { &mut send.on_blocked };
        if slot.is_some() {
            self.twice(span, "`send`");
        } else {
            *slot = then;
        }
    }

    pub(super) fn twice(&mut self, span: Span, what: &str) {
        self.report(
            Finding::new(&J0001, span, format!("this {what} says the same twice"))
                .label("said before")
                .help("leave one of them out"),
        );
    }

    pub(super) fn call(&mut self, node: Node<'a>) -> Option<CallDecl> {
        let span = self.span(&node);
        let mut service = None;
        let mut args = Vec::new();
        let mut within = None;
        let mut outcomes = Vec::new();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => service = Some(self.name(&part)),
                Rule::args => {
                    let exprs = part.into_inner().filter(|n| n.as_rule() == Rule::expr);
                    args.extend(exprs.filter_map(|n| self.expr(n)));
                }
                Rule::duration => within = Some(self.duration(&part)),
                Rule::call_block => {
                    let head = self.head(span, &part);
                    self.block(head, part, Place::Call, |r, piece| {
                        let mut inner = piece.into_inner();
                        let name = inner.next().map(|n| r.name(&n));
                        let to = inner.next().and_then(|n| r.goto(n)).map(|(to, _)| to);
                        outcomes.extend(name.zip(to));
                    });
                }
                _ => {}
            }
        }
        Some(CallDecl { service: service?, args, within: within?, outcomes, span })
    }
}
