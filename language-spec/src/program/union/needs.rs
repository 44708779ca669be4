//! What instances of an older version need of the world, and the newest program no longer has.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::sent_by;
use crate::program::sound::Unsound;
use crate::program::sound::places::indices;
use crate::program::{Arrow, Field, Journey, Program, Trigger};
use crate::types::Type;

/// The programs that a journey is held against.
pub(super) struct Sides<'p> {
    /// What was there: the journey is one of it.
    pub(super) before: &'p Program,
    /// The newest.
    pub(super) newest: &'p Program,
    /// Both, where the newest's declarations hold.
    pub(super) all: &'p Program,
}

/// In words, each once: what `journey`, as it was before, needs and no longer has.
pub(super) fn missing(journey: &Journey, sides: &Sides<'_>) -> Result<Vec<String>, Unsound> {
    let Sides { before, all, .. } = *sides;
    let mut told = Vec::new();
    let mut tell = |why: String| {
        if !told.contains(&why) {
            told.push(why);
        }
    };
    // An older journey begins no more, so that nothing about its starts can be missing.
    let going_on = Journey { starts: Vec::new(), ..journey.clone() };
    let arrows = going_on.arrows.iter().chain(going_on.states.iter().flat_map(|s| &s.arrows));
    arrows.filter_map(|arrow| heard(arrow, journey, before, all)).for_each(&mut tell);
    asked(&going_on, sides)?.into_iter().for_each(&mut tell);
    for message in sent_by(&going_on)? {
        let Some(message) = before.messages.get(message.index()) else { continue };
        for variant in &message.variants {
            let (had, has) = (&before.customer.addresses, &all.customer.addresses);
            if had.contains_key(&variant.channel) && !has.contains_key(&variant.channel) {
                let channel = variant.channel.name();
                tell(format!(
                    "sends `{}` by {channel}, and the customer has no address for {channel} any more",
                    message.name
                ));
            }
        }
        asked(message, sides)?.into_iter().for_each(&mut tell);
        read(message, journey, before, all).into_iter().for_each(&mut tell);
    }
    read(&going_on, journey, before, all).into_iter().for_each(&mut tell);
    Ok(told)
}

/// What is wrong with an event that an arrow waits for.
fn heard(arrow: &Arrow, journey: &Journey, before: &Program, all: &Program) -> Option<String> {
    let Trigger::Event { event, take, .. } = &arrow.on else { return None };
    let old = before.events.get(event.index())?;
    let name = &old.name;
    let Some((_, new)) = all.event(name) else {
        return Some(format!("waits for `{name}`, which is no longer declared"));
    };
    if let Some(key) = &journey.key
        && at(all, &new.fields, key).is_none()
    {
        return Some(format!("waits for `{name}`, which no longer carries its key `{}`", key.join(".")));
    }
    take.iter().find_map(|taken| {
        let path = std::slice::from_ref(taken);
        let was = at(before, &old.fields, path)?;
        let Some(is) = at(all, &new.fields, path) else {
            return Some(format!("takes `{taken}` from `{name}`, which no longer brings it"));
        };
        (!fits(&was, &is)).then(|| format!("takes `{taken}` from `{name}`, {}", changed(&was, &is)))
    })
}

/// What is wrong with services and hooks that a part of a program asks.
fn asked(part: &impl serde::Serialize, sides: &Sides<'_>) -> Result<Vec<String>, Unsound> {
    let Sides { before, newest, all } = *sides;
    let mut told = Vec::new();
    for index in indices(part)? {
        let Ok(number) = usize::try_from(index.number) else { continue };
        let fields = |old: &[Field], new: &[Field]| {
            old.len() == new.len()
                && old.iter().zip(new).all(|(old, new)| old.name == new.name && fits(&new.ty, &old.ty))
        };
        match index.kind {
            "ServiceId" => {
                let Some((old, new)) = before.services.get(number).zip(all.services.get(number)) else { continue };
                let (name, was) = (&old.name, old.outcomes.iter().collect::<BTreeSet<_>>());
                if !newest.services.iter().any(|s| s.name == *name) {
                    told.push(format!("calls `{name}`, which is no longer declared"));
                } else if !fields(&old.params, &new.params) {
                    told.push(format!("calls `{name}`, whose parameters have changed"));
                } else if old.returns != new.returns || was != new.outcomes.iter().collect() {
                    told.push(format!("calls `{name}`, whose answers have changed"));
                }
            }
            "HookId" => {
                let Some((old, new)) = before.hooks.get(number).zip(all.hooks.get(number)) else { continue };
                if !newest.hooks.iter().any(|h| h.name == old.name) {
                    told.push(format!("asks `{}`, which is no longer declared", old.name));
                } else if !fields(&old.params, &new.params) {
                    told.push(format!("asks `{}`, whose parameters have changed", old.name));
                } else if old.answers != new.answers {
                    told.push(format!("asks `{}`, whose answers have changed", old.name));
                }
            }
            _ => {}
        }
    }
    Ok(told)
}

/// What is wrong with data that a part of a program reads.
fn read(part: &impl serde::Serialize, journey: &Journey, before: &Program, all: &Program) -> Vec<String> {
    let mut paths = BTreeSet::new();
    if let Ok(json) = serde_json::to_value(part) {
        collect(&json, &mut paths);
    }
    let tell = |path: &Vec<String>| {
        let spelled = path.join(".");
        let (was, is) = match path.split_first() {
            Some((first, rest)) if first == "customer" => {
                (at(before, &before.customer.fields, rest), at(all, &all.customer.fields, rest))
            }
            _ => (at(before, &journey.data, path), at(all, &journey.data, path)),
        };
        match (was?, is) {
            (_, None) => Some(format!("reads `{spelled}`, which is no longer declared")),
            (was, Some(is)) => (!fits(&was, &is)).then(|| format!("reads `{spelled}`, {}", changed(&was, &is))),
        }
    };
    paths.iter().filter_map(tell).collect()
}

/// The paths into data that stand in a part's JSON: in it, and in nothing else, a list of names stands under one of these
/// words. Seen so, no place is forgotten that is added to the program later.
pub(super) fn collect(json: &Json, paths: &mut BTreeSet<Vec<String>>) {
    match json {
        Json::Object(fields) => {
            for (name, value) in fields {
                let names = || value.as_array()?.iter().map(|n| n.as_str().map(str::to_owned)).collect();
                match (matches!(name.as_str(), "path" | "known" | "of"), names()) {
                    (true, Some(path)) => _ = paths.insert(path),
                    _ => collect(value, paths),
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| collect(item, paths)),
        _ => {}
    }
}

/// The type at the end of a path; optional where some part of the way may be missing.
pub(super) fn at(program: &Program, fields: &[Field], path: &[String]) -> Option<Type> {
    let (first, rest) = path.split_first()?;
    let ty = &fields.iter().find(|f| f.name == *first)?.ty;
    if rest.is_empty() {
        return Some(ty.clone());
    }
    let Type::Record(record) = ty.required() else { return None };
    let end = at(program, program.records.get(record)?, rest)?;
    Some(if ty.is_optional() && !end.is_optional() { Type::Optional(Box::new(end)) } else { end })
}

/// Whether whoever was made for data of one type can go on with data of another.
pub(super) fn fits(was: &Type, is: &Type) -> bool {
    match (was, is) {
        (Type::Optional(was), is) => fits(was, is.required()),
        // What was made for any length can show any.
        (Type::Text { .. }, Type::Text { .. }) => true,
        (Type::OneOf(known), Type::OneOf(now)) => now.iter().all(|name| known.contains(name)),
        (was, is) => was == is,
    }
}

fn changed(was: &Type, is: &Type) -> String {
    if is.is_optional() && fits(was, is.required()) {
        return "which may be missing now".into();
    }
    format!("which was `{}` and is now `{}`", was.spelled(), is.spelled())
}
