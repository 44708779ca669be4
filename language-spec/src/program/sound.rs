//! Whether a program hangs together: what the compiler guarantees by construction, asked of a program that came from
//! somewhere else.
//!
//! Two parts. [`places`] walks the whole program as serde sees it, so that no index and no number that is added to the
//! program later is forgotten: each index points at something, each number is one that later arithmetic can bear. The
//! rules here are those that need to know what a field means. Paths and types are not judged: a path that leads nowhere
//! is a missing value, and the step function says what that does.

mod hooks;
pub(super) mod places;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Action, Arrow, Branch, Deadline, Fate, Field, GoalWhat, Journey, Limit, Millis, Program, State, StateId, Then,
    Trigger, Validity,
};
use crate::types::Type;

/// What does not hang together, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{place}` {problem}")]
pub struct Unsound {
    /// The place, as a path into the program's JSON.
    pub place: String,
    /// What is wrong there, in words.
    pub problem: String,
}

type Judged = Result<(), Unsound>;

/// Judges a program.
///
/// # Errors
/// The first thing that does not hang together.
pub fn check(program: &Program) -> Judged {
    places::check(program)?;
    versions(program)?;
    names(program)?;
    types(program)?;
    customer(program)?;
    hooks::declared(program)?;
    messages(program)?;
    policy(program)?;
    program.journeys.iter().enumerate().try_for_each(|(i, journey)| self::journey(program, journey, i))
}

fn wrong(place: impl Into<String>, problem: impl Into<String>) -> Judged {
    Err(Unsound { place: place.into(), problem: problem.into() })
}

/// What is found by its name is found by it alone.
fn names(program: &Program) -> Judged {
    once("events", program.events.iter().map(|e| e.name.as_str()))?;
    // Several versions of a message stand side by side; nobody looks one up by its name.
    if program.versions.is_none() {
        once("messages", program.messages.iter().map(|m| m.name.as_str()))?;
    }
    once("services", program.services.iter().map(|s| s.name.as_str()))?;
    once("hooks", program.hooks.iter().map(|h| h.name.as_str()))?;
    once("journeys", program.current().map(|(_, j)| j.name.as_str()))
}

/// Where versions stand side by side, there is a newest one, no journey is twice in a version, and each of the policy's
/// limits is counted at a place of its own.
fn versions(program: &Program) -> Judged {
    let Some(versions) = &program.versions else { return Ok(()) };
    if versions.programs.is_empty() {
        return wrong("versions.programs", "has no newest program");
    }
    for (i, version) in versions.programs.iter().enumerate() {
        let of: BTreeSet<_> = version.journeys.iter().collect();
        if of.len() != version.journeys.len() {
            return wrong(format!("versions.programs[{i}].journeys"), "names a journey twice");
        }
    }
    let (places, limits) = (&versions.places, program.policy.limits.len());
    if places.len() != limits {
        return wrong("versions.places", format!("has {} places, and the policy {limits} limits", places.len()));
    }
    let apart: BTreeSet<_> = places.iter().collect();
    if apart.len() != limits || places.iter().any(|place| *place as usize >= versions.counted.len()) {
        return wrong("versions.places", "does not give each limit a place of its own");
    }
    limits_of("versions.counted", &versions.counted)
}

fn once<'a>(place: &str, names: impl Iterator<Item = &'a str>) -> Judged {
    let mut seen = BTreeSet::new();
    for (i, name) in names.enumerate() {
        if name.is_empty() {
            return wrong(format!("{place}[{i}]"), "has no name");
        }
        if !seen.insert(name) {
            return wrong(format!("{place}[{i}]"), format!("is a second `{name}`"));
        }
    }
    Ok(())
}

/// Records that types name are declared.
fn types(program: &Program) -> Judged {
    fields("customer.fields", &program.customer.fields, program)?;
    for (name, record) in &program.records {
        fields(&format!("records.{name}"), record, program)?;
    }
    for (i, event) in program.events.iter().enumerate() {
        fields(&format!("events[{i}].fields"), &event.fields, program)?;
        if let Some(quota) = event.intake {
            positive(&format!("events[{i}].intake.per"), quota.per.longest())?;
        }
    }
    for (i, service) in program.services.iter().enumerate() {
        fields(&format!("services[{i}].params"), &service.params, program)?;
    }
    for (i, hook) in program.hooks.iter().enumerate() {
        fields(&format!("hooks[{i}].params"), &hook.params, program)?;
    }
    for (i, journey) in program.journeys.iter().enumerate() {
        fields(&format!("journeys[{i}].data"), &journey.data, program)?;
    }
    Ok(())
}

fn fields(place: &str, fields: &[Field], program: &Program) -> Judged {
    once(place, fields.iter().map(|f| f.name.as_str()))?;
    for (i, field) in fields.iter().enumerate() {
        if let Type::Record(name) = field.ty.required()
            && !program.records.contains_key(name)
        {
            return wrong(format!("{place}[{i}]"), format!("has the type `{name}`, which is no record"));
        }
    }
    Ok(())
}

/// The fields that hold addresses, consents, the preferred channel and the zone are the customer's.
fn customer(program: &Program) -> Judged {
    let known = |name: &String| program.customer.fields.iter().any(|f| f.name == *name);
    for (channel, field) in &program.customer.addresses {
        if !known(field) {
            let place = format!("customer.addresses.{}", channel.name());
            return wrong(place, format!("names `{field}`, which the customer does not have"));
        }
    }
    for (purpose, channels) in &program.customer.consents {
        if let Some((channel, field)) = channels.iter().find(|(_, field)| !known(field)) {
            let place = format!("customer.consents.{}.{}", purpose.name(), channel.name());
            return wrong(place, format!("names `{field}`, which the customer does not have"));
        }
    }
    let one = [("zone", &program.customer.zone), ("preferred", &program.customer.preferred)];
    for (what, field) in one {
        if let Some(field) = field.as_ref().filter(|field| !known(field)) {
            return wrong(format!("customer.{what}"), format!("names `{field}`, which the customer does not have"));
        }
    }
    Ok(())
}

fn messages(program: &Program) -> Judged {
    for (i, message) in program.messages.iter().enumerate() {
        if message.variants.is_empty() {
            return wrong(format!("messages[{i}].variants"), "has no text for any channel");
        }
        if let Validity::For(time) = message.validity {
            positive(&format!("messages[{i}].validity"), time)?;
        }
        for (j, fresh) in message.fresh.iter().enumerate() {
            let place = format!("messages[{i}].fresh[{j}]");
            positive(&format!("{place}.within"), fresh.within)?;
            let Some(service) = program.services.get(fresh.service.index()) else { continue };
            if !service.returns.as_ref().is_some_and(|record| program.records.contains_key(record)) {
                return wrong(format!("{place}.service"), format!("asks `{}`, which returns no record", service.name));
            }
            if service.params.len() != fresh.args.len() {
                let (has, takes) = (fresh.args.len(), service.params.len());
                return wrong(format!("{place}.args"), format!("has {has}, and `{}` takes {takes}", service.name));
            }
        }
        if let Some(quota) = message.essential {
            positive(&format!("messages[{i}].essential"), quota.per.longest())?;
        }
    }
    Ok(())
}

/// A step ends because time passes between waits; windows have a length.
fn positive(place: &str, time: Millis) -> Judged {
    if time > 0 { Ok(()) } else { wrong(place, format!("is {time} ms, and must be longer than nothing")) }
}

fn not_negative(place: &str, time: Millis) -> Judged {
    if time >= 0 { Ok(()) } else { wrong(place, format!("is {time} ms, and time does not go back")) }
}

fn policy(program: &Program) -> Judged {
    let policy = &program.policy;
    not_negative("policy.valid_for", policy.valid_for)?;
    not_negative("policy.grace", policy.grace)?;
    not_negative("policy.reply_window", policy.reply_window)?;
    for (i, quiet) in policy.quiet.iter().enumerate() {
        if quiet.from.max(quiet.to) > 1439 {
            return wrong(format!("policy.quiet[{i}]"), "is at a minute that no day has");
        }
    }
    for (i, quiet) in policy.quiet_after.iter().enumerate() {
        let place = format!("policy.quiet_after[{i}]");
        positive(&format!("{place}.lasts"), quiet.lasts)?;
        if !matches!(quiet.fate, Fate::Skip | Fate::Handoff(_)) {
            return wrong(format!("{place}.fate"), "is neither `skip` nor a handoff");
        }
    }
    limits_of("policy.limits", &policy.limits)
}

fn limits_of(place: &str, limits: &[Limit]) -> Judged {
    for (i, limit) in limits.iter().enumerate() {
        if let Some(per) = limit.per {
            positive(&format!("{place}[{i}].per"), per.longest())?;
        }
    }
    Ok(())
}

fn journey(program: &Program, journey: &Journey, number: usize) -> Judged {
    let place = format!("journeys[{number}]");
    once(&format!("{place}.states"), journey.states.iter().map(|s| s.name.as_str()))?;
    limits_of(&format!("{place}.limits"), &journey.limits)?;
    let data: BTreeSet<&str> = journey.data.iter().map(|f| f.name.as_str()).collect();
    for (i, start) in journey.starts.iter().enumerate() {
        let event = program.events.get(start.event.index()).map(|e| e.fields.as_slice()).unwrap_or_default();
        taken(&format!("{place}.starts[{i}].take"), &start.take, event, &data)?;
    }
    once(&format!("{place}.goals"), journey.goals.iter().map(|g| g.text.as_str()))?;
    for (i, goal) in journey.goals.iter().enumerate() {
        if let GoalWhat::Silence { within, .. } = goal.what {
            positive(&format!("{place}.goals[{i}]"), within)?;
        }
    }
    for (i, migration) in journey.migrations.iter().enumerate() {
        let place = format!("{place}.migrations[{i}]");
        once(&format!("{place}.states"), migration.states.iter().map(|(from, _)| from.as_str()))?;
        let target = |to: &StateId| journey.states.get(to.index()).is_some_and(State::can_be_moved_to);
        if let Some((from, _)) = migration.states.iter().find(|(_, to)| !target(to)) {
            return wrong(
                format!("{place}.states"),
                format!("moves `{from}` to where nobody can rest without entering"),
            );
        }
    }
    arrows(program, &place, &journey.arrows, &data)?;
    for (i, state) in journey.states.iter().enumerate() {
        let place = format!("{place}.states[{i}]");
        actions(program, &format!("{place}.entry"), &state.entry)?;
        arrows(program, &place, &state.arrows, &data)?;
        if let Some(branch) = &state.branch {
            self::branch(program, &format!("{place}.branch"), branch, state.next.is_some())?;
        }
    }
    Ok(())
}

/// A state that goes on at once does so in one way, whatever holds.
fn branch(program: &Program, place: &str, branch: &Branch, beside_next: bool) -> Judged {
    if beside_next {
        return wrong(place, "stands beside another way on");
    }
    match branch {
        Branch::When(ways) => match ways.split_last() {
            Some(((None, _), first)) if first.iter().all(|(cond, _)| cond.is_some()) => Ok(()),
            _ => wrong(place, "does not end with its one way without a condition"),
        },
        Branch::Value { ways, .. } if ways.is_empty() => wrong(place, "leads nowhere"),
        Branch::Value { ways, .. } => once(place, ways.iter().map(|(name, _)| name.as_str())),
        Branch::Hook { ask, ways } => hooks::chosen(program, place, ask, ways),
        Branch::Split(ways) => match ways.iter().map(|(percent, _)| u64::from(*percent)).sum::<u64>() {
            100 => Ok(()),
            sum => wrong(place, format!("splits {sum} of 100")),
        },
    }
}

/// What an event gives is a field of it, and what a journey takes is its datum.
fn taken(place: &str, take: &[String], event: &[Field], data: &BTreeSet<&str>) -> Judged {
    for name in take {
        if !event.iter().any(|f| f.name == *name) {
            return wrong(place, format!("takes `{name}`, which the event does not bring"));
        }
        if !data.contains(name.as_str()) {
            return wrong(place, format!("takes `{name}`, which is no datum of the journey"));
        }
    }
    Ok(())
}

fn arrows(program: &Program, place: &str, arrows: &[Arrow], data: &BTreeSet<&str>) -> Judged {
    for (i, arrow) in arrows.iter().enumerate() {
        let place = format!("{place}.arrows[{i}]");
        match &arrow.on {
            Trigger::Event { event, take, settle } => {
                let fields = program.events.get(event.index()).map(|e| e.fields.as_slice()).unwrap_or_default();
                taken(&format!("{place}.on.take"), take, fields, data)?;
                if let Some(settle) = settle {
                    positive(&format!("{place}.on.settle"), *settle)?;
                }
            }
            Trigger::After(time) => positive(&format!("{place}.on.after"), *time)?,
            Trigger::AfterDays { days, minute } => {
                positive(&format!("{place}.on.after_days.days"), Millis::from(*days))?;
                if *minute > 1439 {
                    return wrong(format!("{place}.on.after_days.minute"), "is a minute that no day has");
                }
            }
            Trigger::At { if_past, .. } => then(program, &format!("{place}.on.if_past"), if_past)?,
            Trigger::Reply(_) | Trigger::HandoffClosed | Trigger::Blocked | Trigger::Failed | Trigger::OptOut => {}
        }
        then(program, &format!("{place}.then"), &arrow.then)?;
    }
    Ok(())
}

fn then(program: &Program, place: &str, then: &Then) -> Judged {
    match then {
        Then::Goto(_) => Ok(()),
        Then::Stay(stay) => actions(program, &format!("{place}.stay"), stay),
    }
}

fn actions(program: &Program, place: &str, actions: &[Action]) -> Judged {
    for (i, action) in actions.iter().enumerate() {
        let place = format!("{place}[{i}]");
        match action {
            Action::Handoff(handoff) => hooks::priority(program, &format!("{place}.priority"), handoff)?,
            Action::Set(set) => hooks::set(program, &place, set)?,
            Action::Send(send) => {
                if let Some(promise) = &send.promising
                    && let Deadline::Within(time) = promise.deadline
                {
                    positive(&format!("{place}.promising"), time)?;
                }
                for (k, set) in send.on_sent.iter().enumerate() {
                    hooks::set(program, &format!("{place}.on_sent[{k}]"), set)?;
                }
                for reaction in send.on_blocked.iter().chain(&send.on_failed) {
                    then(program, &place, reaction)?;
                }
            }
            Action::Call(call) => {
                positive(&format!("{place}.within"), call.within)?;
                let Some(service) = program.services.get(call.service.index()) else { continue };
                if service.params.len() != call.args.len() {
                    let (has, takes) = (call.args.len(), service.params.len());
                    return wrong(format!("{place}.args"), format!("has {has}, and `{}` takes {takes}", service.name));
                }
                outcomes(&format!("{place}.outcomes"), &service.outcomes, &call.outcomes)?;
            }
        }
    }
    Ok(())
}

/// Every outcome leads somewhere, and none is one that cannot come.
fn outcomes<T>(place: &str, declared: &[String], named: &BTreeMap<String, T>) -> Judged {
    let known: BTreeSet<&str> = declared.iter().map(String::as_str).chain(["failed"]).collect();
    if let Some(missing) = known.iter().find(|o| !named.contains_key(**o)) {
        return wrong(place, format!("does not say where `{missing}` leads"));
    }
    match named.keys().find(|o| !known.contains(o.as_str())) {
        Some(extra) => wrong(place, format!("names `{extra}`, which the service never answers")),
        None => Ok(()),
    }
}
