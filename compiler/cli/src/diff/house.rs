//! What holds for everybody from the moment at which the newer version is loaded, whichever version they are on.

use std::collections::BTreeSet;

use journey_spec::program::{Event, Limit, Policy, Program};
use journey_spec::time::spelled_duration;

use super::Change;

pub(super) fn compare(old: &Program, new: &Program) -> Vec<Change> {
    let mut changes = Vec::new();
    limits(&old.policy, &new.policy, &mut changes);
    rules(&old.policy, &new.policy, &mut changes);
    customer(old, new, &mut changes);
    for event in &new.events {
        match old.events.iter().find(|e| e.name == event.name) {
            Some(was) => self::event(was, event, &mut changes),
            None => changes.push(Change::added(format!("event `{}` is declared", event.name))),
        }
    }
    let gone = |name: &str, kind: &str| Change::removed(format!("{kind} `{name}` is declared no more"));
    let is_gone = |names: Vec<&str>, name: &str| !names.contains(&name);
    let events = || new.events.iter().map(|e| e.name.as_str()).collect();
    changes.extend(old.events.iter().filter(|e| is_gone(events(), &e.name)).map(|e| gone(&e.name, "event")));
    let services = || new.services.iter().map(|s| s.name.as_str()).collect();
    changes.extend(old.services.iter().filter(|s| is_gone(services(), &s.name)).map(|s| gone(&s.name, "service")));
    let hooks = || new.hooks.iter().map(|h| h.name.as_str()).collect();
    changes.extend(old.hooks.iter().filter(|h| is_gone(hooks(), &h.name)).map(|h| gone(&h.name, "hook")));
    changes
}

fn limits(old: &Policy, new: &Policy, changes: &mut Vec<Change>) {
    let counts = |a: &Limit, b: &Limit| a.what == b.what && a.key == b.key && a.per == b.per;
    let mut left: Vec<&Limit> = old.limits.iter().collect();
    let mut fresh = Vec::new();
    for limit in &new.limits {
        let same =
            left.iter().position(|l| l.text == limit.text).or_else(|| left.iter().position(|l| counts(l, limit)));
        match same.map(|at| left.remove(at)) {
            Some(was) if was.text != limit.text || was.fate != limit.fate || was.n != limit.n => {
                changes.push(Change::changed(format!("`{}` is now `{}`", was.text, limit.text)));
            }
            Some(_) => {}
            None => fresh.push(limit),
        }
    }
    for limit in fresh {
        changes.push(Change::added(format!("`{}` is new", limit.text)));
        if limit.per.is_none() {
            changes.push(Change::risk(format!(
                "`{}` counts for life and begins at nothing: whoever has had some gets as many once more",
                limit.text
            )));
        }
    }
    changes.extend(left.into_iter().map(|l| Change::removed(format!("`{}` is gone", l.text))));
}

fn rules(old: &Policy, new: &Policy, changes: &mut Vec<Change>) {
    let after = |p: &Policy| p.quiet_after.iter().map(|q| q.text.clone()).collect::<Vec<_>>();
    let texts = |p: &Policy| -> BTreeSet<String> { p.quiet.iter().map(|q| q.text.clone()).chain(after(p)).collect() };
    let (had, has) = (texts(old), texts(new));
    changes.extend(had.difference(&has).map(|q| Change::removed(format!("`{q}` is gone"))));
    changes.extend(has.difference(&had).map(|q| Change::added(format!("`{q}` is new"))));
    let new_after = new.quiet_after.iter().filter(|q| !had.contains(&q.text));
    changes.extend(new_after.map(|q| {
        Change::risk(format!(
            "`{}` begins with the next such event: of those before it knows what an older rule of the same event and key kept",
            q.text
        ))
    }));
    let times = [
        ("valid for", old.valid_for, new.valid_for),
        ("grace", old.grace, new.grace),
        ("reply window", old.reply_window, new.reply_window),
    ];
    for (name, was, is) in times.into_iter().filter(|(_, was, is)| was != is) {
        changes.push(Change::changed(format!(
            "`{name} {}` is now `{name} {}`",
            spelled_duration(was),
            spelled_duration(is)
        )));
    }
    if old.after_end != new.after_end {
        let queue = |p: &Policy| p.after_end.as_ref().map_or_else(|| "nobody".to_owned(), |q| format!("\"{q}\""));
        changes.push(Change::changed(format!("answers after the end went to {} and go to {}", queue(old), queue(new))));
    }
    let spares = |p: &Policy| -> BTreeSet<&str> { p.stop_spares.iter().map(|s| s.name()).collect() };
    for purpose in spares(new).difference(&spares(old)) {
        changes.push(Change::added(format!("STOP spares {purpose} messages")));
    }
    for purpose in spares(old).difference(&spares(new)) {
        changes.push(Change::removed(format!("STOP stops {purpose} messages too")));
    }
    if (&old.stop_text, &old.stop_texts) != (&new.stop_text, &new.stop_texts) {
        changes.push(Change::changed("the answer to STOP reads otherwise"));
    }
    if old.locale != new.locale {
        changes.push(Change::changed(format!(
            "texts that name no language were `{}` and are `{}`: days and numbers are written so",
            old.locale, new.locale
        )));
    }
}

fn customer(old: &Program, new: &Program, changes: &mut Vec<Change>) {
    for (purpose, channels) in &new.customer.consents {
        for (channel, field) in channels {
            let (purpose_name, channel_name) = (purpose.name(), channel.name());
            match old.customer.consent(*purpose, *channel) {
                Some(was) if was == field => {}
                Some(was) => changes.push(Change::risk(format!(
                    "consent to {purpose_name} by {channel_name} was `{was}` and is `{field}`: where that does not say yes, \
                     such messages never leave"
                ))),
                None => changes.push(Change::risk(format!(
                    "{purpose_name} by {channel_name} needs `{field}` from now on: where that does not say yes, such messages \
                     never leave, of older journeys either"
                ))),
            }
        }
    }
    for (purpose, channels) in &old.customer.consents {
        for channel in channels.keys().filter(|c| new.customer.consent(*purpose, **c).is_none()) {
            changes.push(Change::removed(format!("{} by {} needs no consent", purpose.name(), channel.name())));
        }
    }
    for (channel, field) in &old.customer.addresses {
        match new.customer.addresses.get(channel) {
            Some(now) if now == field => {}
            Some(now) => changes
                .push(Change::changed(format!("the address for {} was `{field}` and is `{now}`", channel.name()))),
            None => {
                changes.push(Change::removed(format!("the customer has no address for {} any more", channel.name())))
            }
        }
    }
}

fn event(was: &Event, is: &Event, changes: &mut Vec<Change>) {
    let name = &is.name;
    if was.newest_by != is.newest_by {
        changes.push(Change::changed(match &is.newest_by {
            Some(path) => {
                format!("event `{name}`: what is older by `{}` than what is known is ignored", path.join("."))
            }
            None => format!("event `{name}`: older news is taken too"),
        }));
    }
    if was.intake != is.intake {
        changes.push(match is.intake {
            Some(quota) => Change::risk(format!(
                "event `{name}` is taken in at most {} per {}: what comes beyond it no journey hears",
                quota.n,
                quota.per.spelled()
            )),
            None => Change::removed(format!("event `{name}` is taken in without a limit")),
        });
    }
    for field in &was.fields {
        match is.fields.iter().find(|f| f.name == field.name) {
            None => changes.push(Change::removed(format!("event `{name}` brings `{}` no more", field.name))),
            Some(now) if now.ty != field.ty => changes.push(Change::changed(format!(
                "event `{name}`: `{}` was `{}` and is `{}`",
                field.name,
                field.ty.spelled(),
                now.ty.spelled()
            ))),
            Some(_) => {}
        }
    }
    for field in is.fields.iter().filter(|f| !was.fields.iter().any(|o| o.name == f.name)) {
        changes.push(Change::added(format!("event `{name}` brings `{}: {}`", field.name, field.ty.spelled())));
    }
}
