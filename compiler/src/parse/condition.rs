//! `when`, `choose`, `split`.

use journey_spec::codes::{J0001, J0003};

use super::explain::Place;
use super::{Node, Reader, Rule};
use crate::ast::{At, ChooseDecl, CmpDecl, CondDecl, CondKind, SplitDecl, WayDecl, WayOn};
use crate::diagnostics::Finding;

/// Deepest nesting of brackets in a condition.
const MAX_GROUPS: u32 = 16;

impl<'a> Reader<'a> {
    /// `when CONDITION`
    pub(super) fn when(&mut self, node: Node<'a>) -> Option<CondDecl> {
        let condition = node.into_inner().find(|n| n.as_rule() == Rule::condition)?;
        self.condition(condition, 0)
    }

    fn condition(&mut self, node: Node<'a>, depth: u32) -> Option<CondDecl> {
        let span = self.span(&node);
        let rule = node.as_rule();
        let mut parts = Vec::new();
        let mut nots = 0_usize;
        for piece in node.into_inner() {
            match piece.as_rule() {
                Rule::cond_all | Rule::cond_not | Rule::condition => parts.extend(self.condition(piece, depth)),
                Rule::cond_group if depth >= MAX_GROUPS => {
                    let place = self.span(&piece);
                    self.report(
                        Finding::new(&J0003, place, format!("brackets are nested deeper than {MAX_GROUPS} here"))
                            .label("nobody could read this condition")
                            .help("say it in several arrows, or in a `choose`"),
                    );
                }
                Rule::cond_group => {
                    let inner = piece.into_inner().find(|n| n.as_rule() == Rule::condition);
                    parts.extend(inner.and_then(|n| self.condition(n, depth + 1)));
                }
                Rule::comparison => parts.extend(self.comparison(piece)),
                Rule::k_not => nots += 1,
                _ => {}
            }
        }
        if parts.len() < 2 {
            let one = parts.pop()?;
            // Two of them are none, however many are written: so that no text can make a deep tree.
            return Some(match nots % 2 {
                0 => one,
                _ => CondDecl { kind: CondKind::Not(Box::new(one)), span },
            });
        }
        let is_all = rule == Rule::cond_all;
        let mut flat = Vec::new();
        for part in parts {
            match part.kind {
                CondKind::All(inner) if is_all => flat.extend(inner),
                CondKind::Any(inner) if !is_all => flat.extend(inner),
                _ => flat.push(part),
            }
        }
        let kind = if is_all { CondKind::All(flat) } else { CondKind::Any(flat) };
        Some(CondDecl { kind, span })
    }

    fn comparison(&mut self, node: Node<'a>) -> Option<CondDecl> {
        let span = self.span(&node);
        let mut left = None;
        let mut right = None;
        let mut by = None;
        let mut known = None;
        for piece in node.into_inner() {
            match piece.as_rule() {
                Rule::expr if left.is_none() => left = Some(self.expr(piece)?),
                Rule::expr => right = Some(self.expr(piece)?),
                Rule::is_known => {
                    let words: Vec<Rule> = piece.into_inner().map(|n| n.as_rule()).collect();
                    known = Some(words.contains(&Rule::k_known) != words.contains(&Rule::k_not));
                }
                Rule::cmp => {
                    let sign = piece.as_str();
                    by = Some(match sign.trim_end() {
                        "<" => CmpDecl::Less,
                        "<=" => CmpDecl::AtMost,
                        ">" => CmpDecl::More,
                        ">=" => CmpDecl::AtLeast,
                        _ if piece.into_inner().any(|n| n.as_rule() == Rule::k_not) => CmpDecl::IsNot,
                        _ => CmpDecl::Is,
                    });
                }
                _ => {}
            }
        }
        let left = left?;
        let kind = match (known, by, right) {
            (Some(known), ..) => CondKind::Known { of: left, known },
            (None, Some(by), Some(right)) => CondKind::Compare { left, by, right },
            _ => CondKind::Value(left),
        };
        Some(CondDecl { kind, span })
    }

    pub(super) fn choose(&mut self, node: Node<'a>) -> Option<ChooseDecl> {
        let span = self.span(&node);
        let mut of = None;
        let mut ways = Vec::new();
        let mut head = span;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::choose_of => of = self.chosen_by(part),
                Rule::choose_block => {
                    head = self.head(span, &part);
                    self.block(head, part, Place::Choose, |r, piece| ways.extend(r.way(piece)));
                }
                _ => {}
            }
        }
        Some(ChooseDecl { of, ways, head, span })
    }

    fn way(&mut self, node: Node<'a>) -> Option<WayDecl> {
        let span = self.span(&node);
        let mut on = None;
        let mut to = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::ident => on = Some(WayOn::Name(self.name(&part))),
                Rule::when => on = Some(WayOn::When(self.when(part)?)),
                Rule::k_else => on = Some(WayOn::Else),
                Rule::goto => to = self.goto(part).map(|(to, _)| to),
                _ => {}
            }
        }
        Some(WayDecl { on: on?, to: to?, span })
    }

    pub(super) fn split(&mut self, node: Node<'a>) -> Option<SplitDecl> {
        let span = self.span(&node);
        let mut ways = Vec::new();
        let mut head = span;
        for part in node.into_inner() {
            if part.as_rule() == Rule::split_block {
                head = self.head(span, &part);
                self.block(head, part, Place::Split, |r, piece| {
                    let mut percent = None;
                    let mut to = None;
                    for inner in piece.into_inner() {
                        match inner.as_rule() {
                            Rule::percent => percent = Some(r.percent(&inner)),
                            Rule::goto => to = r.goto(inner).map(|(to, _)| to),
                            _ => {}
                        }
                    }
                    ways.extend(percent.zip(to));
                });
            }
        }
        Some(SplitDecl { ways, head, span })
    }

    fn percent(&mut self, node: &Node<'_>) -> At<u32> {
        let span = self.span(node);
        let digits = node.as_str().trim_end_matches('%').trim_end();
        let value = digits.parse().ok().filter(|n| *n <= 100).unwrap_or_else(|| {
            self.report(
                Finding::new(
                    &J0001,
                    span,
                    format!("`{}` is more than all customers", super::words::clip(node.as_str())),
                )
                .label("more than 100%")
                .help("the ways of a `split` are parts of a hundred, such as `45%`"),
            );
            100
        });
        At { value, span }
    }
}
