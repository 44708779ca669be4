//! Whether a migration moves everybody who is in an older version, to where they can go on.

use std::collections::BTreeSet;

use super::needs::{Sides, at, collect, fits};
use super::sent_by;
use crate::program::sound::Unsound;
use crate::program::{Action, Fate, Journey, JourneyId, LimitWhat, Migration, Program, State, StateId};

/// In words, each once: why instances of `journey`, as it was before, cannot all be moved to the newest version `to`.
pub(super) fn problems(
    journey: &Journey,
    to: JourneyId,
    migration: &Migration,
    sides: &Sides<'_>,
) -> Result<Vec<String>, Unsound> {
    let Some(newest) = sides.all.journeys.get(to.index()) else { return Ok(Vec::new()) };
    let mut told = Vec::new();
    if journey.key != newest.key {
        let key = |j: &Journey| j.key.as_ref().map_or_else(|| "nothing".to_owned(), |k| format!("`{}`", k.join(".")));
        let (old, new) = (key(journey), key(newest));
        told.push(format!("cannot be moved: it is kept by {old}, and the newer version by {new}"));
    }
    for (from, _) in &migration.states {
        if !journey.states.iter().any(|s| s.name == *from) {
            told.push(format!("cannot be moved: `migrate` names the state `{from}`, which it does not have"));
        }
    }
    for (state, id) in journey.states.iter().zip(0..) {
        if !rests(journey, StateId(id), &mut BTreeSet::new()) {
            continue;
        }
        let name = &state.name;
        match migration.target(name, newest).and_then(|to| newest.states.get(to.index())) {
            None => told.push(format!(
                "cannot be moved from `{name}`: the newer version has no state of that name, and `migrate` does not say where \
                 it goes on"
            )),
            Some(to) if !to.can_be_moved_to() => {
                told.push(format!("cannot be moved from `{name}` to `{}`: {}", to.name, why_not(to)));
            }
            Some(to) => {
                if let Some(queue) = waits_for_nobody(state, to) {
                    told.push(format!(
                        "cannot be moved from `{name}` to `{}`: that waits for a case with \"{queue}\" alone, and a move opens none",
                        to.name
                    ));
                }
            }
        }
    }
    told.extend(unknown(journey, newest, sides)?);
    Ok(told)
}

/// Whether an instance can rest in a state with nothing under way. It does where the state waits, and where a limit does not
/// let it go on.
fn rests(journey: &Journey, id: StateId, seen: &mut BTreeSet<StateId>) -> bool {
    let Some(state) = journey.states.get(id.index()).filter(|_| seen.insert(id)) else { return false };
    if state.end.is_some() || state.entry.iter().any(|a| matches!(a, Action::Call(_))) {
        return false;
    }
    let ways = state.branch.iter().flat_map(|b| b.ways()).map(|(_, to)| to).chain(state.next);
    let ways: Vec<StateId> = ways.collect();
    ways.is_empty() || ways.into_iter().any(|to| is_kept_out(journey, to, &mut BTreeSet::new()))
}

/// Whether a limit can refuse a visit without leading elsewhere.
fn is_kept_out(journey: &Journey, to: StateId, seen: &mut BTreeSet<StateId>) -> bool {
    if !seen.insert(to) {
        return true;
    }
    let limits = journey.limits.iter().filter(|l| l.what == LimitWhat::Visits(to));
    limits.into_iter().any(|limit| match limit.fate {
        Fate::Goto(other) => is_kept_out(journey, other, seen),
        Fate::End => false,
        Fate::Handoff(_) | Fate::Skip | Fate::Defer | Fate::Latest => true,
    })
}

fn why_not(state: &State) -> &'static str {
    match state {
        State { end: Some(_), .. } => "that is an end, and a move ends nothing",
        State { next: Some(_), .. } | State { branch: Some(_), .. } => {
            "nobody rests there, since it leads on at once, and a move enters nothing"
        }
        _ => "that waits for the answer of a call, and a move makes none",
    }
}

/// The queue whose case a state waits for, where nothing else leads out of it and the older state opened none there.
fn waits_for_nobody<'s>(old: &State, new: &'s State) -> Option<&'s str> {
    use crate::program::Trigger::{After, AfterDays, At, Event, Reply};
    let queues = |state: &'s State| -> Vec<&'s str> {
        let of = |action: &'s Action| match action {
            Action::Handoff(handoff) => Some(handoff.queue.as_str()),
            _ => None,
        };
        state.entry.iter().filter_map(of).collect()
    };
    let by_itself =
        new.arrows.iter().any(|a| matches!(a.on, After(_) | AfterDays { .. } | At { .. } | Event { .. } | Reply(_)));
    let opened: Vec<&str> = old
        .entry
        .iter()
        .filter_map(|a| match a {
            Action::Handoff(handoff) => Some(handoff.queue.as_str()),
            _ => None,
        })
        .collect();
    queues(new).into_iter().find(|queue| !by_itself && !opened.contains(queue))
}

/// Data that the newest version reads and the older version does not have.
fn unknown(journey: &Journey, newest: &Journey, sides: &Sides<'_>) -> Result<Vec<String>, Unsound> {
    let Sides { before, all, .. } = *sides;
    let mut paths = BTreeSet::new();
    let mut see = |json: Result<serde_json::Value, serde_json::Error>| {
        if let Ok(json) = json {
            collect(&json, &mut paths);
        }
    };
    let going_on = Journey { starts: Vec::new(), ..newest.clone() };
    see(serde_json::to_value(&going_on));
    for message in sent_by(&going_on)? {
        see(serde_json::to_value(all.messages.get(message.index())));
    }
    let tell = |path: &Vec<String>| {
        let needed = at(all, &newest.data, path)?;
        let there = at(before, &journey.data, path);
        let spelled = path.join(".");
        match there {
            None if needed.is_optional() => None,
            None => Some(format!("cannot be moved: the newer version needs `{spelled}`, which it does not have")),
            Some(there) if fits(&needed, &there) => None,
            Some(there) => Some(format!(
                "cannot be moved: `{spelled}` is `{}` in it, and the newer version needs `{}`",
                there.spelled(),
                needed.spelled()
            )),
        }
    };
    Ok(paths.iter().filter_map(tell).collect())
}

impl Migration {
    /// Where an instance that is in the older version's state of this name goes on; none where nothing is said and the newer
    /// version has no state of that name.
    #[must_use]
    pub fn target(&self, state: &str, newest: &Journey) -> Option<StateId> {
        let named = self.states.iter().find(|(from, _)| from == state).map(|(_, to)| *to);
        let same = || newest.states.iter().zip(0..).find(|(s, _)| s.name == state).map(|(_, id)| StateId(id));
        named.or_else(same)
    }
}

impl State {
    /// Whether an instance can be put here without entering: it rests here, and waits for no answer that only entering asks
    /// for.
    #[must_use]
    pub fn can_be_moved_to(&self) -> bool {
        self.end.is_none()
            && self.next.is_none()
            && self.branch.is_none()
            && !self.entry.iter().any(|action| matches!(action, Action::Call(_)))
    }
}

impl Program {
    /// The newest version of an older journey, and what moves its instances there; none where they stay.
    #[must_use]
    pub fn migration(&self, journey: JourneyId) -> Option<(JourneyId, &Migration)> {
        if self.is_current(journey) {
            return None;
        }
        let name = &self.journeys.get(journey.index())?.name;
        let (id, newest) = self.journey(name)?;
        let programs = self.versions.as_ref().map(|v| v.programs.as_slice()).unwrap_or_default();
        let of = || programs.iter().filter(|v| v.journeys.contains(&journey));
        let names = |m: &&Migration| m.from.as_ref().is_some_and(|from| of().any(|v| v.hash.starts_with(from)));
        let named = newest.migrations.iter().find(names);
        let any = || newest.migrations.iter().find(|m| m.from.is_none());
        named.or_else(any).map(|migration| (id, migration))
    }
}
