//! Walks over a journey's tree: its arrows, sends, expressions, and the events that it hears.

use std::collections::BTreeSet;

use crate::ast::{
    ActionDecl, ArrowDecl, AskDecl, ChooseDecl, CondDecl, CondKind, DeadlineDecl, Expr, ExprKind, JourneyDecl,
    JourneyItem, OfDecl, Path, PriorityDecl, SendDecl, SetTo, StateItem, ThenDecl, TriggerDecl, WayOn,
};
use crate::source::Span;

/// The name that a path begins with.
pub(super) fn first_part(path: &Path) -> Option<&str> {
    path.parts.first().map(|p| p.text.as_str())
}

/// The names that the paths of an expression begin with.
pub(super) fn first_parts<'e>(expr: &'e Expr, into: &mut BTreeSet<&'e str>) {
    match &expr.kind {
        ExprKind::Path(path) => into.extend(first_part(path)),
        ExprKind::Add { left, right, .. } => {
            first_parts(left, into);
            first_parts(right, into);
        }
        _ => {}
    }
}

/// All arrows of a journey, its own and its states'.
fn arrows(decl: &JourneyDecl) -> impl Iterator<Item = &ArrowDecl> {
    decl.items.iter().flat_map(|item| match item {
        JourneyItem::Arrow(arrow) => vec![arrow],
        JourneyItem::State(state) => state
            .items
            .iter()
            .filter_map(|item| match item {
                StateItem::Arrow(arrow) => Some(arrow),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    })
}

/// All events that a journey hears, and where.
pub(super) fn heard(decl: &JourneyDecl) -> impl Iterator<Item = (&Path, Span)> {
    let starts = decl.items.iter().filter_map(|item| match item {
        JourneyItem::Start(start) => Some((&start.event, start.event.span)),
        _ => None,
    });
    starts.chain(arrows(decl).filter_map(|arrow| match &arrow.on {
        TriggerDecl::Event { event, .. } => Some((event, event.span)),
        _ => None,
    }))
}

/// All actions of a journey: of states and of what stays.
fn actions(decl: &JourneyDecl) -> impl Iterator<Item = &ActionDecl> {
    let entered = decl.items.iter().flat_map(|item| match item {
        JourneyItem::State(state) => state.items.as_slice(),
        _ => &[],
    });
    let entered = entered.filter_map(|item| match item {
        StateItem::Action(action) => Some(action),
        _ => None,
    });
    let stays = arrows(decl).flat_map(|arrow| {
        let past = match &arrow.on {
            TriggerDecl::At { if_past: Some(past), .. } => Some(past),
            _ => None,
        };
        std::iter::once(&arrow.then).chain(past).flat_map(then_actions)
    });
    entered.chain(stays).flat_map(|action| {
        // `on sent set …` and `on blocked stay { … }` of a send are actions of their own.
        let mut all = vec![action];
        let mut at = 0;
        while let Some(next) = all.get(at).copied() {
            if let ActionDecl::Send(send) = next {
                all.extend(&send.on_sent);
                all.extend(send.on_blocked.iter().chain(&send.on_failed).flat_map(then_actions));
            }
            at += 1;
        }
        all
    })
}

fn then_actions(then: &ThenDecl) -> &[ActionDecl] {
    match then {
        ThenDecl::Stay(actions, _) => actions,
        ThenDecl::Goto(..) => &[],
    }
}

/// All sends of a journey.
pub(crate) fn sends(decl: &JourneyDecl) -> impl Iterator<Item = &SendDecl> {
    actions(decl).filter_map(|action| match action {
        ActionDecl::Send(send) => Some(send),
        ActionDecl::Handoff { .. } | ActionDecl::Set { .. } => None,
    })
}

/// The values by which the states of a journey choose.
pub(super) fn chosen_by(decl: &JourneyDecl) -> impl Iterator<Item = &Path> {
    state_items(decl).filter_map(|item| match item {
        StateItem::Choose(ChooseDecl { of: Some(OfDecl::Path(path)), .. }) => Some(path),
        _ => None,
    })
}

/// Where a journey asks a hook.
fn asked(decl: &JourneyDecl) -> impl Iterator<Item = &AskDecl> {
    let chosen = state_items(decl).filter_map(|item| match item {
        StateItem::Choose(ChooseDecl { of: Some(OfDecl::Hook(ask)), .. }) => Some(ask),
        _ => None,
    });
    chosen.chain(actions(decl).filter_map(|action| match action {
        ActionDecl::Set { to: SetTo::Hook(ask), .. }
        | ActionDecl::Handoff { priority: Some(PriorityDecl::Hook(ask)), .. } => Some(ask),
        _ => None,
    }))
}

fn state_items(decl: &JourneyDecl) -> impl Iterator<Item = &StateItem> {
    decl.items.iter().flat_map(|item| match item {
        JourneyItem::State(state) => state.items.as_slice(),
        _ => &[],
    })
}

/// All conditions of a journey.
fn conditions(decl: &JourneyDecl) -> impl Iterator<Item = &CondDecl> {
    let starts = decl.items.iter().filter_map(|item| match item {
        JourneyItem::Start(start) => start.when.as_ref(),
        _ => None,
    });
    let ways = state_items(decl).flat_map(|item| match item {
        StateItem::Choose(choose) => choose.ways.as_slice(),
        _ => &[],
    });
    let ways = ways.filter_map(|way| match &way.on {
        WayOn::When(condition) => Some(condition),
        _ => None,
    });
    starts.chain(arrows(decl).filter_map(|arrow| arrow.when.as_ref())).chain(ways)
}

/// The values that a condition compares or asks for.
fn compared<'c>(condition: &'c CondDecl, into: &mut Vec<&'c Expr>) {
    match &condition.kind {
        CondKind::Compare { left, right, .. } => into.extend([left, right]),
        CondKind::Value(value) | CondKind::Known { of: value, .. } => into.push(value),
        CondKind::Not(inner) => compared(inner, into),
        CondKind::All(all) | CondKind::Any(all) => {
            for part in all {
                compared(part, into);
            }
        }
    }
}

/// All expressions of a journey.
pub(super) fn expressions_of(decl: &JourneyDecl) -> impl Iterator<Item = &Expr> {
    let conditions = conditions(decl).flat_map(|condition| {
        let mut found = Vec::new();
        compared(condition, &mut found);
        found
    });
    let at = arrows(decl).filter_map(|arrow| match &arrow.on {
        TriggerDecl::At { at, .. } => Some(at),
        _ => None,
    });
    let args = decl.items.iter().flat_map(|item| match item {
        JourneyItem::State(state) => state.items.as_slice(),
        _ => &[],
    });
    let args = args.flat_map(|item| match item {
        StateItem::Call(call) => call.args.as_slice(),
        _ => &[],
    });
    let deadlines = sends(decl).filter_map(|send| match &send.promising.as_ref()?.deadline {
        DeadlineDecl::By(by) => Some(by),
        DeadlineDecl::Within(_) => None,
    });
    let set = actions(decl).filter_map(|action| match action {
        ActionDecl::Set { to: SetTo::Value(value), .. }
        | ActionDecl::Handoff { priority: Some(PriorityDecl::Value(value)), .. } => Some(value),
        _ => None,
    });
    let asked = asked(decl).flat_map(|ask| &ask.args);
    let carried = actions(decl).flat_map(|action| match action {
        ActionDecl::Handoff { carried, .. } => carried.as_slice(),
        _ => &[],
    });
    at.chain(asked).chain(carried).chain(args).chain(deadlines).chain(conditions).chain(set)
}
