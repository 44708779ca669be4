//! Hooks: what they may say, and that those who ask them can bear it.

use super::{Judged, once, wrong};
use crate::hooks::LARGEST_MODULE;
use crate::program::{
    Ask, Event, Expr, Field, Handoff, Hook, HookAnswers, Judgement, PriorityOf, Program, Set, StateId,
};
use crate::value::Value;

/// What a hook may say is something, its failure counts as some of that, and its limits are within those of the language.
pub(super) fn declared(program: &Program) -> Judged {
    for (i, hook) in program.hooks.iter().enumerate() {
        let place = format!("hooks[{i}]");
        if let HookAnswers::OneOf(names) = &hook.answers {
            if names.is_empty() {
                return wrong(format!("{place}.answers"), "has no answer that it may give");
            }
            once(&format!("{place}.answers"), names.iter().map(String::as_str))?;
        }
        if let Some(hash) = &hook.sha256
            && (hash.len() != 64 || !hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
        {
            return wrong(format!("{place}.sha256"), "is no SHA-256 in hexadecimal");
        }
        if !(1..=LARGEST_MODULE).contains(&hook.largest) {
            return wrong(
                format!("{place}.largest"),
                format!("is {} MiB, and a module has 1 to {LARGEST_MODULE}", hook.largest),
            );
        }
        if !hook.may_say(&hook.on_failure) {
            return wrong(format!("{place}.on_failure"), format!("is no answer that `{}` may give", hook.name));
        }
        if !(1..=Hook::LONGEST).contains(&hook.within) {
            return wrong(format!("{place}.within"), format!("is {} ms, and a hook has 1 to 1000", hook.within));
        }
        if !(1..=Hook::MOST_MEMORY).contains(&hook.memory) {
            return wrong(format!("{place}.memory"), format!("is {} MiB, and a hook has 1 to 64", hook.memory));
        }
    }
    program.events.iter().enumerate().try_for_each(|(i, event)| at_the_door(program, i, event))
}

/// Who is asked about an event is one who says something of it, and what it is told and gives is the event's.
fn at_the_door(program: &Program, number: usize, event: &Event) -> Judged {
    for (clause, id, answers) in
        [("made_by", event.made_by, HookAnswers::Data), ("checked_by", event.checked_by, HookAnswers::Verdicts)]
    {
        let Some(hook) = id.and_then(|id| program.hooks.get(id.index())) else { continue };
        let place = format!("events[{number}].{clause}");
        if hook.answers != answers {
            return wrong(place, format!("names `{}`, which says something else", hook.name));
        }
        let of_the_event = |param: &&Field| {
            let field = event.fields.iter().find(|f| f.name == param.name);
            field.is_some_and(|f| clause == "checked_by" || f.ty == param.ty)
        };
        if let Some(param) = hook.params.iter().find(|p| !of_the_event(p)) {
            return wrong(
                place,
                format!("names `{}`, whose `{}` is no such field of the event", hook.name, param.name),
            );
        }
    }
    Ok(())
}

/// Every answer leads somewhere, and none is one that cannot come.
pub(super) fn chosen(program: &Program, place: &str, ask: &Ask, ways: &[(String, StateId)]) -> Judged {
    once(place, ways.iter().map(|(name, _)| name.as_str()))?;
    let Some(hook) = asked(program, place, ask)? else { return Ok(()) };
    let HookAnswers::OneOf(names) = &hook.answers else {
        return wrong(place, format!("chooses by `{}`, which says no name", hook.name));
    };
    if let Some(missing) = names.iter().find(|name| !ways.iter().any(|(way, _)| way == *name)) {
        return wrong(place, format!("does not say where `{missing}` leads"));
    }
    match ways.iter().find(|(way, _)| !names.contains(way)) {
        Some((extra, _)) => wrong(place, format!("names `{extra}`, which the hook never says")),
        None => Ok(()),
    }
}

/// What is set where the hook fails is what the hook says then.
pub(super) fn set(program: &Program, place: &str, set: &Set) -> Judged {
    let Some(ask) = &set.hook else { return Ok(()) };
    let Some(hook) = asked(program, &format!("{place}.hook"), ask)? else { return Ok(()) };
    let same = match (&set.value, &hook.on_failure) {
        (Expr::Literal(Value::Text(text)), Judgement::Outcome(name)) => text == name,
        (Expr::Literal(Value::Number(a)), Judgement::Number(b)) => a == b,
        _ => false,
    };
    match same {
        true => Ok(()),
        false => wrong(format!("{place}.value"), format!("is not what a failure of `{}` counts as", hook.name)),
    }
}

pub(super) fn priority(program: &Program, place: &str, handoff: &Handoff) -> Judged {
    match &handoff.priority {
        Some(PriorityOf::Hook(ask)) => asked(program, place, ask).map(|_| ()),
        Some(PriorityOf::Value(_)) | None => Ok(()),
    }
}

/// One argument a parameter.
fn asked<'p>(program: &'p Program, place: &str, ask: &Ask) -> Result<Option<&'p Hook>, super::Unsound> {
    let Some(hook) = program.hooks.get(ask.hook.index()) else { return Ok(None) };
    if hook.params.len() != ask.args.len() {
        let (has, takes) = (ask.args.len(), hook.params.len());
        wrong(format!("{place}.args"), format!("has {has}, and `{}` takes {takes}", hook.name))?;
    }
    if hook.answers.is_about_events() {
        wrong(place, format!("asks `{}`, which is asked about events only", hook.name))?;
    }
    Ok(Some(hook))
}
