//! What becomes of each journey.

use std::collections::BTreeSet;

use journey_spec::program::union::Union;
use journey_spec::program::{
    Journey, JourneyId, Limit, LimitWhat, Message, Program, Template, Validity, Variant, short,
};
use journey_spec::time::spelled_duration;

use super::states;
use super::{Change, Fate, JourneyChange, Moved};
use crate::explain::words::Words;

/// Every journey of either program, in source order, the older one's first.
pub(super) fn compare(old: &Program, new: &Program, both: &Union) -> Vec<JourneyChange> {
    let mut all = Vec::new();
    for (journey, id) in old.journeys.iter().zip(0..) {
        let stranded = both.stranded.iter().filter(|s| s.id == JourneyId(id)).map(|s| s.why.clone()).collect();
        let later = new.journeys.iter().find(|j| j.name == journey.name);
        let (fate, changes) = match later {
            Some(_) if both.program.is_current(JourneyId(id)) => (Fate::Same, Vec::new()),
            Some(later) if both.program.migration(JourneyId(id)).is_some() => {
                (Fate::Moved, [begins_missing(journey, later), changes(old, journey, new, later)].concat())
            }
            Some(later) => (Fate::Changed, changes(old, journey, new, later)),
            None => (Fate::Removed, removed(old, journey, new)),
        };
        let moved = moved(both, JourneyId(id));
        all.push(JourneyChange { journey: journey.name.to_string(), fate, changes, stranded, moved });
    }
    for journey in new.journeys.iter().filter(|j| !old.journeys.iter().any(|o| o.name == j.name)) {
        let begins = begins(new, journey).into_iter().map(|b| Change::added(format!("begins {b}"))).collect();
        all.push(JourneyChange {
            journey: journey.name.to_string(),
            fate: Fate::New,
            changes: begins,
            stranded: Vec::new(),
            moved: Vec::new(),
        });
    }
    all
}

/// Where whoever is in the older version goes on, of the states in which somebody can be.
fn moved(both: &Union, id: JourneyId) -> Vec<Moved> {
    let Some((to, migration)) = both.program.migration(id) else { return Vec::new() };
    let of = |id: JourneyId| both.program.journeys.get(id.index());
    let Some((older, newest)) = of(id).zip(of(to)) else { return Vec::new() };
    let waits = older.states.iter().filter(|s| s.can_be_moved_to());
    let target = |name: &str| newest.states.get(migration.target(name, newest)?.index()).map(|s| s.name.to_string());
    waits.filter_map(|s| Some(Moved { from: s.name.to_string(), to: target(&s.name)? })).collect()
}

/// Data that those who are moved do not have.
fn begins_missing(before: &Journey, after: &Journey) -> Vec<Change> {
    let new = after.data.iter().filter(|f| !before.data.iter().any(|o| o.name == f.name));
    new.map(|f| Change::risk(format!("`{}` is missing for whoever is moved, until something brings it", f.name)))
        .collect()
}

/// ``on `booking.created`, in `booked` ``.
fn begins(program: &Program, journey: &Journey) -> Vec<String> {
    let state = |id: journey_spec::program::StateId| journey.states.get(id.index()).map_or("", |s| s.name.as_str());
    let starts = journey.starts.iter().map(|s| {
        let event = program.events.get(s.event.index()).map_or("", |e| e.name.as_str());
        let when = s.when.as_ref().map(|c| format!(" when {c}")).unwrap_or_default();
        format!("on `{event}`{when}, in `{}`", state(s.to))
    });
    starts.collect()
}

/// A journey that nobody begins any more, and one that seems to take its place.
fn removed(old: &Program, journey: &Journey, new: &Program) -> Vec<Change> {
    let by = |program: &Program, journey: &Journey| -> BTreeSet<String> {
        let names = journey.starts.iter().filter_map(|s| program.events.get(s.event.index()));
        names.map(|e| e.name.to_string()).collect()
    };
    let own = by(old, journey);
    let heirs = new.journeys.iter().filter(|j| !old.journeys.iter().any(|o| o.name == j.name));
    let mut changes = Vec::new();
    for heir in heirs {
        let shared: Vec<String> = by(new, heir).intersection(&own).map(|e| format!("`{e}`")).collect();
        if shared.is_empty() {
            continue;
        }
        let messages = sent(old, journey);
        let twice: Vec<String> = sent(new, heir).intersection(&messages).map(|m| format!("`{m}`")).collect();
        let twice = match twice.is_empty() {
            true => "messages of both".to_owned(),
            false => format!("{} twice", twice.join(", ")),
        };
        changes.push(Change::risk(format!(
            "`{}` is new and begins on {} too: whoever is in `{}` and comes by that again is in both, and could get {twice}; \
             a journey that keeps its name knows who is in it already",
            heir.name,
            shared.join(" and "),
            journey.name
        )));
    }
    changes
}

fn sent(program: &Program, journey: &Journey) -> BTreeSet<String> {
    let sends = states::sends(journey);
    sends.into_iter().filter_map(|id| program.messages.get(id.index())).map(|m| m.name.to_string()).collect()
}

fn changes(old: &Program, before: &Journey, new: &Program, after: &Journey) -> Vec<Change> {
    let mut changes = Vec::new();
    let is = Words { program: new, journey: after };
    let names = states::renamed(Words { program: old, journey: before }, is);
    changes.extend(names.iter().map(|(a, b)| Change::changed(format!("state `{a}` seems to be called `{b}` now"))));
    let before = &states::called_anew(before, &names);
    let was = Words { program: old, journey: before };
    let key = |j: &Journey| j.key.as_ref().map(|k| format!("`{}`", k.join(".")));
    if before.key != after.key {
        let one = |j| key(j).map_or_else(|| "one a customer".to_owned(), |k| format!("one for each {k}"));
        changes.push(Change::risk(format!(
            "there was {} and is {}: what is live by the older key is not found by the newer one, so it can begin once more \
             and its messages come twice",
            one(before),
            one(after)
        )));
    }
    let (starts, now) = (begins(old, before), begins(new, after));
    changes.extend(starts.iter().filter(|s| !now.contains(s)).map(|s| Change::removed(format!("begins no more {s}"))));
    changes.extend(now.iter().filter(|s| !starts.contains(s)).map(|s| Change::added(format!("begins {s}"))));
    states::compare(was, is, &mut changes);
    limits(before, after, &mut changes);
    data(before, after, &mut changes);
    let (had, has) = (sent(old, before), sent(new, after));
    for name in had.intersection(&has) {
        let of = |program: &Program| program.messages.iter().find(|m| m.name == **name).cloned();
        let Some((was, is)) = of(old).zip(of(new)) else { continue };
        message((old, &was), (new, &is), &mut changes);
    }
    changes.extend(had.difference(&has).map(|m| Change::removed(format!("message `{m}` is sent no more"))));
    changes.extend(has.difference(&had).map(|m| Change::added(format!("message `{m}` is sent"))));
    let goals = |j: &Journey| -> BTreeSet<String> { j.goals.iter().map(|g| g.text.clone()).collect() };
    let (had, has) = (goals(before), goals(after));
    changes.extend(had.difference(&has).map(|g| Change::removed(format!("goal {g} is measured no more"))));
    changes.extend(has.difference(&had).map(|g| Change::added(format!("goal {g} is measured"))));
    changes
}

fn limits(before: &Journey, after: &Journey, changes: &mut Vec<Change>) {
    let counts = |journey: &Journey, limit: &Limit| {
        let what = match limit.what {
            LimitWhat::Visits(state) => {
                journey.states.get(state.index()).map(|s| s.name.to_string()).unwrap_or_default()
            }
            what => format!("{what:?}"),
        };
        (what, limit.per_customer)
    };
    for limit in &after.limits {
        let same = before.limits.iter().find(|l| counts(before, l) == counts(after, limit));
        match same {
            Some(was) if was.text != limit.text => {
                changes.push(Change::changed(format!("`{}` is now `{}`", was.text, limit.text)));
            }
            Some(_) => {}
            None => changes.push(Change::added(format!("`{}` is new", limit.text))),
        }
    }
    for limit in &before.limits {
        if !after.limits.iter().any(|l| counts(after, l) == counts(before, limit)) {
            changes.push(Change::removed(format!("`{}` is gone", limit.text)));
        }
    }
}

fn data(before: &Journey, after: &Journey, changes: &mut Vec<Change>) {
    for field in &before.data {
        match after.data.iter().find(|f| f.name == field.name) {
            None => changes.push(Change::removed(format!("datum `{}` is gone", field.name))),
            Some(now) if now.ty != field.ty => changes.push(Change::changed(format!(
                "datum `{}` was `{}` and is `{}`",
                field.name,
                field.ty.spelled(),
                now.ty.spelled()
            ))),
            Some(_) => {}
        }
    }
    for field in after.data.iter().filter(|f| !before.data.iter().any(|o| o.name == f.name)) {
        changes.push(Change::added(format!("datum `{}: {}` is new", field.name, field.ty.spelled())));
    }
}

/// What is said otherwise, or elsewhere.
fn message((old, was): (&Program, &Message), (new, is): (&Program, &Message), changes: &mut Vec<Change>) {
    let name = &is.name;
    let mut tell = |what: String| changes.push(Change::changed(format!("message `{name}` {what}")));
    let texts = |v: &Variant| -> Vec<(String, Option<Template>, Template)> {
        let others = v.translations.iter().map(|t| (format!("[{}]", t.locale), t.subject.clone(), t.body.clone()));
        std::iter::once((String::new(), v.subject.clone(), v.body.clone())).chain(others).collect()
    };
    for variant in &was.variants {
        let channel = variant.channel.name();
        let Some(now) = is.variants.iter().find(|v| v.channel == variant.channel) else {
            tell(format!("goes by {channel} no more"));
            continue;
        };
        let (before, after) = (texts(variant), texts(now));
        for (locale, subject, body) in &before {
            match after.iter().find(|t| t.0 == *locale) {
                None => tell(format!("has no text for {channel}{locale} any more")),
                Some(text) if text.1 != *subject || text.2 != *body => {
                    tell(format!("reads otherwise by {channel}{locale}"))
                }
                Some(_) => {}
            }
        }
        for text in after.iter().filter(|t| !before.iter().any(|b| b.0 == t.0)) {
            tell(format!("has a text for {channel}{}", text.0));
        }
    }
    for variant in is.variants.iter().filter(|v| !was.variants.iter().any(|w| w.channel == v.channel)) {
        tell(format!("goes by {} too", variant.channel.name()));
    }
    if was.purpose != is.purpose {
        tell(format!("was for {} and is for {}", was.purpose.name(), is.purpose.name()));
    }
    for answer in was.replies.iter().filter(|a| !is.replies.iter().any(|b| b.name == a.name)) {
        tell(format!("invites the answer `{}` no more", answer.name));
    }
    for answer in is.replies.iter().filter(|a| !was.replies.contains(a)) {
        tell(match was.replies.iter().any(|b| b.name == answer.name) {
            true => format!("takes other words for the answer `{}`", answer.name),
            false => format!("invites the answer `{}`", answer.name),
        });
    }
    let validity = |m: &Message| match &m.validity {
        Validity::Policy => "as long as the policy says".to_owned(),
        Validity::For(d) => format!("for {}", spelled_duration(*d)),
        Validity::Until(at) => format!("until `{at}`"),
    };
    if was.validity != is.validity {
        tell(format!("stayed true {} and stays true {}", validity(was), validity(is)));
    }
    match (was.essential, is.essential) {
        (None, Some(_)) => tell("is essential now: limits and quiet hours let it pass".into()),
        (Some(_), None) => tell("is essential no more: limits and quiet hours hold for it".into()),
        (Some(a), Some(b)) if a != b => tell(format!("is essential at most {} per {} now", b.n, b.per.spelled())),
        _ => {}
    }
    let fresh = |program: &Program, m: &Message| -> Vec<(String, i64, Option<String>)> {
        let service = |id: journey_spec::program::ServiceId| program.services.get(id.index()).map(|s| s.name.clone());
        m.fresh.iter().map(|f| (f.datum.clone(), f.within, service(f.service))).collect()
    };
    if fresh(old, was) != fresh(new, is) {
        tell("needs its data fresh by another rule".into());
    }
}

/// Who stays where, in words.
pub(super) fn fate(change: &JourneyChange, old: &str, new: &str) -> String {
    match change.fate {
        Fate::Same => "as it was; whoever is in it goes on with the newer version".into(),
        Fate::Changed => {
            format!("whoever is in it stays on {} until its end, whoever begins is on {}", short(old), short(new))
        }
        Fate::Moved => {
            format!("whoever is in it is moved to {} at their next step, and told nothing by that", short(new))
        }
        Fate::Removed => format!("is gone: whoever is in it stays on {} until its end, and nobody begins", short(old)),
        Fate::New => "is new".into(),
    }
}
