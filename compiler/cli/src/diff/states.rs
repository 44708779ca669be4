//! States and their arrows: gone, new, renamed, retimed.

use std::collections::BTreeSet;

use journey_spec::program::{Action, Arrow, Call, Journey, MessageId, Send, State, StateId, Then, Trigger};

use super::Change;
use crate::explain::words::Words;

/// How alike two states have to be for the one to be taken for the other by another name.
const ALIKE: f64 = 0.4;

/// States of the older journey that seem to be there by another name: the older name, and the newer one.
pub(super) fn renamed(was: Words<'_>, is: Words<'_>) -> Vec<(String, String)> {
    let only = |one: &'_ Journey, other: &Journey| -> Vec<State> {
        one.states.iter().filter(|s| !other.states.iter().any(|o| o.name == s.name)).cloned().collect()
    };
    let (gone, new) = (only(was.journey, is.journey), only(is.journey, was.journey));
    let mut pairs: Vec<(f64, &State, &State)> = Vec::new();
    for state in &gone {
        let own = features(was, state);
        let like = new.iter().filter(|n| n.end == state.end);
        pairs.extend(like.map(|n| (likeness(&own, &features(is, n)), state, n)).filter(|(alike, ..)| *alike >= ALIKE));
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut found: Vec<(String, String)> = Vec::new();
    for (_, state, like) in pairs {
        if !found.iter().any(|(old, new)| *old == state.name || *new == like.name) {
            found.push((state.name.to_string(), like.name.to_string()));
        }
    }
    found
}

/// The older journey with its states as the newer one calls them, so that a name alone is no further change.
pub(super) fn called_anew(journey: &Journey, names: &[(String, String)]) -> Journey {
    let mut journey = journey.clone();
    for (old, new) in names {
        for state in journey.states.iter_mut().filter(|s| s.name == *old) {
            state.name = new.as_str().into();
        }
        let visits = |name: &str| format!("visits {name} ");
        for limit in &mut journey.limits {
            limit.text = limit.text.replace(&visits(old), &visits(new));
        }
    }
    journey
}

/// Everything about states, of an older journey whose states are called as the newer one calls them.
pub(super) fn compare(was: Words<'_>, is: Words<'_>, changes: &mut Vec<Change>) {
    let (before, after) = (was.journey, is.journey);
    let kind = |state: &State| if state.end.is_some() { "end" } else { "state" };
    let gone = before.states.iter().filter(|s| !after.states.iter().any(|o| o.name == s.name));
    changes.extend(gone.map(|s| Change::removed(format!("{} `{}` is gone", kind(s), s.name))));
    let new = after.states.iter().filter(|s| !before.states.iter().any(|o| o.name == s.name));
    changes.extend(new.map(|s| Change::added(format!("{} `{}` is new", kind(s), s.name))));
    let mut told: Vec<(Change, Vec<&str>)> = Vec::new();
    let mut tell = |place, change| match told.iter_mut().find(|(there, _)| *there == change) {
        Some((_, places)) => places.push(place),
        None => told.push((change, vec![place])),
    };
    arrows((was, &before.arrows), (is, &after.arrows)).into_iter().for_each(|change| tell("", change));
    for state in &before.states {
        let Some(now) = after.states.iter().find(|s| s.name == state.name) else { continue };
        let name = state.name.as_str();
        for (was, is) in [(done(was, &state.entry), done(is, &now.entry)), (onward(was, state), onward(is, now))] {
            if was != is {
                let quoted = |text: String| if text.is_empty() { "nothing".to_owned() } else { format!("`{text}`") };
                tell(name, Change::changed(format!("{} is now {}", quoted(was), quoted(is))));
            }
        }
        if state.end != now.end {
            tell(name, Change::changed("it is an end of another kind, or none"));
        }
        arrows((was, &state.arrows), (is, &now.arrows)).into_iter().for_each(|change| tell(name, change));
    }
    changes.extend(told.into_iter().map(|(change, places)| Change { what: placed(&places, &change.what), ..change }));
}

/// ``states `waiting` and `soon`: …``.
fn placed(places: &[&str], what: &str) -> String {
    let names: Vec<String> =
        places.iter().map(|p| if p.is_empty() { "everywhere".into() } else { format!("`{p}`") }).collect();
    match names.split_last() {
        Some((last, [])) if last == "everywhere" => format!("{last}: {what}"),
        Some((last, [])) => format!("state {last}: {what}"),
        Some((last, first)) => format!("states {} and {last}: {what}", first.join(", ")),
        None => what.to_owned(),
    }
}

/// Arrows of one place: those that wait for the same are one arrow, whatever they do.
fn arrows((was, before): (Words<'_>, &[Arrow]), (is, after): (Words<'_>, &[Arrow])) -> Vec<Change> {
    let lines = |words: Words<'_>, arrows: &[Arrow]| -> Vec<(String, String)> {
        arrows.iter().map(|a| (waits_for(words, &a.on), line(words, a))).collect()
    };
    let (mut old, mut new) = (lines(was, before), lines(is, after));
    // What is the same to the letter is no change, wherever it stands.
    old.retain(|one| match new.iter().position(|other| other == one) {
        Some(at) => {
            new.remove(at);
            false
        }
        None => true,
    });
    let mut changes = Vec::new();
    for (waits, line) in old {
        changes.push(match new.iter().position(|(other, _)| *other == waits) {
            Some(at) => Change::changed(format!("`{line}` is now `{}`", new.remove(at).1)),
            None => Change::removed(format!("`{line}` is gone")),
        });
    }
    changes.extend(new.into_iter().map(|(_, line)| Change::added(format!("`{line}` is new"))));
    changes
}

/// What an arrow waits for, whatever its time.
fn waits_for(words: Words<'_>, on: &Trigger) -> String {
    match on {
        Trigger::After(_) | Trigger::AfterDays { .. } => "after".into(),
        Trigger::At { .. } => "at".into(),
        Trigger::Event { event, .. } => {
            words.program.events.get(event.index()).map(|e| e.name.to_string()).unwrap_or_default()
        }
        other => words.trigger(other),
    }
}

/// An arrow nearly as it is written.
fn line(words: Words<'_>, arrow: &Arrow) -> String {
    let past = match &arrow.on {
        Trigger::At { if_past, .. } => format!(", if past {}", then(words, if_past)),
        _ => String::new(),
    };
    format!("{} {}{past}", words.arrow(arrow), then(words, &arrow.then))
}

fn then(words: Words<'_>, then: &Then) -> String {
    match then {
        Then::Goto(to) => format!("-> {}", words.state(*to)),
        Then::Stay(actions) if actions.is_empty() => "stay".into(),
        Then::Stay(actions) => format!("stay {{ {} }}", done(words, actions)),
    }
}

/// Actions nearly as they are written, with all that a person in flight could tell them apart by.
fn done(words: Words<'_>, actions: &[Action]) -> String {
    let one = |action: &Action| match action {
        Action::Send(send) => sent(words, send),
        Action::Call(call) => called(words, call),
        Action::Handoff(handoff) if handoff.transcript => format!("{} with transcript", words.written(action)),
        other => words.written(other),
    };
    actions.iter().map(one).collect::<Vec<_>>().join("  ")
}

fn sent(words: Words<'_>, send: &Send) -> String {
    let mut text = format!("send {}", words.message(send));
    if !send.via.is_empty() {
        let via: Vec<&str> = send.via.iter().map(|c| c.name()).collect();
        text.push_str(&format!(" via {}", via.join(" else ")));
    }
    if let Some(promise) = &send.promising {
        let by = match &promise.deadline {
            journey_spec::program::Deadline::By(at) => format!("by {at}"),
            journey_spec::program::Deadline::Within(d) => {
                format!("within {}", journey_spec::time::spelled_duration(*d))
            }
        };
        text.push_str(&format!(" promising {} {by}", promise.name));
    }
    let named = [("keeping", &send.keeping), ("withdrawing", &send.withdrawing)];
    for (word, name) in named.into_iter().filter_map(|(word, name)| Some((word, name.as_ref()?))) {
        text.push_str(&format!(" {word} {name}"));
    }
    let reactions = [("on blocked", &send.on_blocked), ("on failed", &send.on_failed)];
    let sets = send.on_sent.iter().map(|set| format!("on sent {set}"));
    let reactions: Vec<String> = sets
        .chain(reactions.into_iter().filter_map(|(on, t)| Some(format!("{on} {}", then(words, t.as_ref()?)))))
        .collect();
    if !reactions.is_empty() {
        text.push_str(&format!(" {{ {} }}", reactions.join("  ")));
    }
    text
}

fn called(words: Words<'_>, call: &Call) -> String {
    let service = words.program.services.get(call.service.index()).map_or("", |s| s.name.as_str());
    let args: Vec<String> = call.args.iter().map(ToString::to_string).collect();
    let within = journey_spec::time::spelled_duration(call.within);
    let outcomes: Vec<String> =
        call.outcomes.iter().map(|(name, to)| format!("{name} -> {}", words.state(*to))).collect();
    format!("call {service}({}) within {within} {{ {} }}", args.join(", "), outcomes.join("  "))
}

/// Where a state goes on at once.
fn onward(words: Words<'_>, state: &State) -> String {
    if let Some(next) = state.next {
        return format!("-> {}", words.state(next));
    }
    let ways = state.branch.iter().flat_map(journey_spec::program::Branch::ways);
    ways.map(|(word, to)| format!("{word} -> {}", words.state(to))).collect::<Vec<_>>().join("  ")
}

/// What a state is known by, its name apart.
fn features(words: Words<'_>, state: &State) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = state.entry.iter().map(|a| words.written(a)).collect();
    all.extend(state.arrows.iter().map(|a| line(words, a)));
    all.extend(state.arrows.iter().map(|a| waits_for(words, &a.on)));
    all.extend(Some(onward(words, state)).filter(|way| !way.is_empty()));
    all.extend(state.end.map(|kind| format!("{kind:?}")));
    // from where it is come to
    let Some(id) = words.journey.states.iter().zip(0..).find(|(s, _)| s.name == state.name).map(|(_, i)| StateId(i))
    else {
        return all;
    };
    for other in &words.journey.states {
        let leads = |then: &Then| matches!(then, Then::Goto(to) if *to == id);
        let by = other.arrows.iter().filter(|a| leads(&a.then)).map(|a| waits_for(words, &a.on));
        all.extend(by.map(|by| format!("from {} by {by}", other.name)));
        if other.next == Some(id) {
            all.insert(format!("from {}", other.name));
        }
    }
    all
}

fn likeness(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    let shared = one.intersection(other).count() as f64;
    let all = one.union(other).count() as f64;
    if all > 0.0 { shared / all } else { 0.0 }
}

/// The messages that a journey sends, wherever it does.
pub(super) fn sends(journey: &Journey) -> BTreeSet<MessageId> {
    let mut found = BTreeSet::new();
    let arrows = journey.arrows.iter().chain(journey.states.iter().flat_map(|s| &s.arrows));
    for arrow in arrows {
        in_then(&arrow.then, &mut found);
        if let Trigger::At { if_past, .. } = &arrow.on {
            in_then(if_past, &mut found);
        }
    }
    journey.states.iter().for_each(|s| in_actions(&s.entry, &mut found));
    found
}

fn in_then(then: &Then, found: &mut BTreeSet<MessageId>) {
    if let Then::Stay(actions) = then {
        in_actions(actions, found);
    }
}

fn in_actions(actions: &[Action], found: &mut BTreeSet<MessageId>) {
    for action in actions {
        if let Action::Send(send) = action {
            found.insert(send.message);
            send.on_blocked.iter().chain(&send.on_failed).for_each(|then| in_then(then, found));
        }
    }
}
