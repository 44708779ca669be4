//! `journey`, its states and arrows.

use journey_spec::program::EndKind;

use super::explain::Place;
use super::{Node, Reader, Rule};
use crate::ast::{
    ArrowDecl, CondDecl, EndDecl, GoalDecl, GoalWhatDecl, JourneyDecl, JourneyItem, MigrateDecl, MoveDecl, Name,
    StartDecl, StateDecl, StateItem, ThenDecl, TriggerDecl,
};
use crate::source::Span;

impl<'a> Reader<'a> {
    pub(super) fn journey(&mut self, node: Node<'a>) -> Option<JourneyDecl> {
        let span = self.span(&node);
        let doc = self.doc(span.start);
        let mut name = None;
        let mut key = None;
        let mut head = span;
        let mut items = Vec::new();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::journey_head => {
                    head = self.span(&part);
                    for word in part.into_inner() {
                        match word.as_rule() {
                            Rule::name => name = Some(self.name(&word)),
                            Rule::journey_key => {
                                key = word.into_inner().find(|n| n.as_rule() == Rule::path).map(|n| self.path(&n));
                            }
                            _ => {}
                        }
                    }
                }
                Rule::journey_block => {
                    self.block(head, part, Place::Journey, |r, piece| items.extend(r.journey_item(piece)));
                }
                _ => {}
            }
        }
        Some(JourneyDecl { doc, name: name?, key, items, head, span })
    }

    fn journey_item(&mut self, node: Node<'a>) -> Option<JourneyItem> {
        match node.as_rule() {
            Rule::data => {
                let field = node.into_inner().find(|n| n.as_rule() == Rule::field)?;
                self.field(field).map(JourneyItem::Data)
            }
            Rule::limit => self.limit(node).map(JourneyItem::Limit),
            Rule::start => self.start(node).map(JourneyItem::Start),
            Rule::on_arrow => self.arrow(node).map(JourneyItem::Arrow),
            Rule::state => self.state(node).map(JourneyItem::State),
            Rule::end_decl => self.end(node).map(JourneyItem::End),
            Rule::goal => self.goal(node).map(JourneyItem::Goal),
            Rule::migrate => self.migrate(node).map(JourneyItem::Migrate),
            _ => None,
        }
    }

    fn start(&mut self, node: Node<'a>) -> Option<StartDecl> {
        let span = self.span(&node);
        let mut event = None;
        let mut take = Vec::new();
        let mut when = None;
        let mut to = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::path => event = Some(self.path(&part)),
                Rule::take => take = self.idents(part),
                Rule::when => when = self.when(part),
                Rule::name => to = Some(self.name(&part)),
                _ => {}
            }
        }
        Some(StartDecl { event: event?, take, when, to: to?, span })
    }

    fn goal(&mut self, node: Node<'a>) -> Option<GoalDecl> {
        let span = self.span(&node);
        let what = node.into_inner().find_map(|part| match part.as_rule() {
            Rule::name => Some(GoalWhatDecl::Reach(self.name(&part))),
            Rule::goal_no => {
                let mut inner = part.into_inner();
                let event = inner.find(|n| n.as_rule() == Rule::path).map(|n| self.path(&n))?;
                let within = inner.find(|n| n.as_rule() == Rule::duration).map(|n| self.duration(&n))?;
                Some(GoalWhatDecl::Silence { event, within })
            }
            _ => None,
        });
        Some(GoalDecl { what: what?, span })
    }

    fn migrate(&mut self, node: Node<'a>) -> Option<MigrateDecl> {
        let span = self.span(&node);
        let mut from = None;
        let mut moves = Vec::new();
        let mut head = span;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::string => from = Some(self.string(&part)),
                Rule::migrate_block => {
                    head = self.head(span, &part);
                    self.block(head, part, Place::Migrate, |r, piece| moves.extend(r.moved(piece)));
                }
                _ => {}
            }
        }
        Some(MigrateDecl { from, moves, head, span })
    }

    fn moved(&mut self, node: Node<'a>) -> Option<MoveDecl> {
        let span = self.span(&node);
        let mut from = None;
        let mut to = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::ident => from = Some(self.name(&part)),
                Rule::goto => to = self.goto(part).map(|(to, _)| to),
                _ => {}
            }
        }
        Some(MoveDecl { from: from?, to: to?, span })
    }

    fn end(&mut self, node: Node<'a>) -> Option<EndDecl> {
        let span = self.span(&node);
        let doc = self.doc(span.start);
        let mut name = None;
        let mut kind = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::end_kind => {
                    let place = self.span(&part);
                    let named = |word: &str| match word {
                        "success" => Some(EndKind::Success),
                        "neutral" => Some(EndKind::Neutral),
                        "failure" => Some(EndKind::Failure),
                        _ => None,
                    };
                    let all = || vec!["success", "neutral", "failure"];
                    // an unknown kind keeps the end, so that arrows to it still lead somewhere
                    let neutral = crate::ast::At { value: EndKind::Neutral, span: place };
                    kind = Some(self.known(part.as_str(), place, "kind of end", named, all).unwrap_or(neutral));
                }
                _ => {}
            }
        }
        Some(EndDecl { doc, name: name?, kind: kind?, span })
    }

    fn state(&mut self, node: Node<'a>) -> Option<StateDecl> {
        let block = (Rule::state_block, Place::State);
        let (doc, name, items, span) = self.named_block(node, block, Self::state_item)?;
        Some(StateDecl { doc, name, items, span })
    }

    fn state_item(&mut self, node: Node<'a>) -> Option<StateItem> {
        match node.as_rule() {
            Rule::send | Rule::handoff | Rule::set => self.action(node).map(StateItem::Action),
            Rule::call => self.call(node).map(StateItem::Call),
            Rule::choose => self.choose(node).map(StateItem::Choose),
            Rule::split => self.split(node).map(StateItem::Split),
            Rule::goto => self.goto(node).map(|(to, span)| StateItem::Next(to, span)),
            _ => self.arrow(node).map(StateItem::Arrow),
        }
    }

    /// `-> S`
    pub(super) fn goto(&mut self, node: Node<'a>) -> Option<(Name, Span)> {
        let span = self.span(&node);
        let to = node.into_inner().find(|n| n.as_rule() == Rule::name)?;
        Some((self.name(&to), span))
    }

    pub(super) fn then(&mut self, node: Node<'a>) -> Option<ThenDecl> {
        if node.as_rule() == Rule::goto {
            return self.goto(node).map(|(to, span)| ThenDecl::Goto(to, span));
        }
        let span = self.span(&node);
        let mut actions = Vec::new();
        if let Some(block) = node.into_inner().find(|n| n.as_rule() == Rule::actions) {
            let head = self.head(span, &block);
            self.block(head, block, Place::Actions, |r, piece| actions.extend(r.action(piece)));
        }
        Some(ThenDecl::Stay(actions, span))
    }

    fn arrow(&mut self, node: Node<'a>) -> Option<ArrowDecl> {
        let span = self.span(&node);
        let mut on = None;
        let mut when = None;
        let mut then = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::when => when = self.when(part),
                Rule::goto | Rule::stay => then = self.then(part),
                Rule::if_past => {
                    let past = part.into_inner().find(|n| matches!(n.as_rule(), Rule::goto | Rule::stay));
                    if let (Some(TriggerDecl::At { if_past, .. }), Some(past)) = (&mut on, past) {
                        *if_past = self.then(past);
                    }
                }
                Rule::duration => on = Some(TriggerDecl::After(self.duration(&part))),
                Rule::days_at => on = self.days_at(part),
                Rule::expr => on = Some(TriggerDecl::At { at: self.expr(part)?, if_past: None }),
                Rule::on_reply => {
                    let name = part.into_inner().find(|n| n.as_rule() == Rule::reply_ref);
                    on = Some(TriggerDecl::Reply(name.map(|n| self.name(&n))));
                }
                Rule::on_handoff => on = Some(TriggerDecl::HandoffClosed),
                Rule::on_blocked => on = Some(TriggerDecl::Blocked),
                Rule::on_failed => on = Some(TriggerDecl::Failed),
                Rule::on_opt_out => on = Some(TriggerDecl::OptOut),
                Rule::on_event => on = self.on_event(part, &mut when),
                _ => {}
            }
        }
        Some(ArrowDecl { on: on?, when, then: then?, span })
    }

    fn days_at(&mut self, node: Node<'a>) -> Option<TriggerDecl> {
        let span = self.span(&node);
        let (mut days, mut at) = (None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::day_count => days = Some(self.integer(&part)),
                Rule::time => at = Some(self.minute(&part)),
                _ => {}
            }
        }
        Some(TriggerDecl::AfterDays { days: days?, at: at?, span })
    }

    fn on_event(&mut self, node: Node<'a>, when: &mut Option<CondDecl>) -> Option<TriggerDecl> {
        let mut event = None;
        let mut take = Vec::new();
        let mut settle = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::path => event = Some(self.path(&part)),
                Rule::take => take = self.idents(part),
                Rule::when => *when = self.when(part),
                Rule::settle => {
                    let duration = part.into_inner().find(|n| n.as_rule() == Rule::duration)?;
                    settle = Some(self.duration(&duration));
                }
                _ => {}
            }
        }
        Some(TriggerDecl::Event { event: event?, take, settle })
    }
}
