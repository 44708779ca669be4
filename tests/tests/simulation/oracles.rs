//! What has to be true after every run, found out without the ledger: from what reached the channels, what was acknowledged,
//! and what timelines tell.

use std::collections::{BTreeMap, BTreeSet};

use journey_runtime::{Pace, Store};
use journey_spec::program::{Channel, LimitWhat, Purpose, QuietAfter, Window};
use journey_spec::time::parse_duration;
use journey_spec::{Program, Ts};
use journey_step::What;
use journey_step::customer::fold_address;
use journey_step::effect::{Entry, PromiseFate};

use crate::driver::Run;
use crate::outside::{Reached, Saw};
use crate::play::{Feed, Person, Play};

/// The answer to STOP, which no limit and no quiet hour holds back.
const CONFIRMATION: &str = "stop confirmation";

/// Live, a message leaves so long after its commit at most without being asked about again.
const LAG: i64 = journey_runtime::engine::LATE;

/// All that is wrong with a run.
pub(crate) fn judged(play: &Play, feed: &Feed, run: &Run, pace: Pace) -> Vec<String> {
    let mut wrong = run.wrong.clone();
    acknowledged_is_kept(run, &mut wrong);
    outbox_is_true(run, &mut wrong);
    channel_is_kept(play, feed, run, pace, &mut wrong);
    proven_is_kept(play, run, &mut wrong);
    for (customer, timeline) in timelines(run) {
        timeline_is_true(&customer, &timeline, run, &mut wrong);
    }
    wrong
}

pub(crate) fn timelines(run: &Run) -> BTreeMap<String, Vec<Entry>> {
    let mut store = run.kept.handle();
    let ids = store.customers(None, usize::MAX).expect("ids");
    let read = |texts: Vec<String>| texts.iter().map(|t| serde_json::from_str(t).expect("an entry")).collect();
    ids.into_iter().map(|id| (id.clone(), read(store.timeline(&id).expect("one")))).collect()
}

/// What was acknowledged is in the store, and counted once.
fn acknowledged_is_kept(run: &Run, wrong: &mut Vec<String>) {
    let mut store = run.kept.handle();
    let letters: BTreeSet<String> = store.dead_letters().expect("letters").into_iter().map(|l| l.reason).collect();
    let mut accepted: BTreeMap<&str, u64> = BTreeMap::new();
    let mut replies: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in &run.acknowledged {
        match &line.refused {
            Some(reason) if !letters.contains(reason) => {
                wrong.push(format!("refused and not in the dead letters: {reason}"))
            }
            Some(_) if line.id.is_empty() => continue,
            _ => {}
        }
        if store.taken(&[&line.id]).expect("taken") != [true] {
            wrong.push(format!("{} was acknowledged and is lost", line.id));
        }
        *accepted.entry(&line.id).or_default() += u64::from(line.accepted);
        if line.is_reply && line.refused.is_none() {
            replies.entry(&line.customer).or_default().insert(&line.id);
        }
    }
    wrong.extend(accepted.iter().filter(|(_, n)| **n > 1).map(|(id, n)| format!("{id} was accepted {n} times")));
    for (customer, timeline) in timelines(run) {
        let told = timeline.iter().filter(|e| matches!(e.what, What::Replied { .. })).count();
        let given = replies.get(customer.as_str()).map_or(0, BTreeSet::len);
        if told != given {
            wrong.push(format!("{customer} answered {given} times, and the timeline tells of {told}"));
        }
    }
}

/// What the outbox says was delivered reached its channel, and the other way round; and nothing is left.
fn outbox_is_true(run: &Run, wrong: &mut Vec<String>) {
    let mut store = run.kept.handle();
    let mut rows = BTreeSet::new();
    for row in store.outbox(0, usize::MAX).expect("rows") {
        let reached = run.log.lock().reached.contains_key(&row.id);
        match row.result.as_deref() {
            None => wrong.push(format!("{} was decided and nothing came of it: {}", row.id, row.body)),
            Some("delivered") if !reached => wrong.push(format!("{} is said to be delivered and is not", row.id)),
            _ => {}
        }
        rows.insert(row.id);
    }
    let log = run.log.lock();
    wrong.extend(log.reached.keys().filter(|id| !rows.contains(*id)).map(|id| format!("{id} left and is not kept")));
}

/// What one customer got, with the times that count.
struct Got<'a> {
    at: Ts,
    what: &'a Reached,
    essential: bool,
}

/// Limits of the house, quiet hours, STOP, pauses, and how long what is said is true.
fn channel_is_kept(play: &Play, feed: &Feed, run: &Run, pace: Pace, wrong: &mut Vec<String>) {
    let program = &play.program;
    let essential: BTreeSet<&str> =
        program.messages.iter().filter(|m| m.essential.is_some()).map(|m| m.name.as_str()).collect();
    // As the store has it, and not as the channel was told.
    let mut true_until: BTreeMap<String, Ts> = BTreeMap::new();
    for row in run.kept.handle().outbox(0, usize::MAX).expect("rows") {
        let body: serde_json::Value = serde_json::from_str(&row.body).expect("an effect");
        let until = body.pointer("/release/valid_until").and_then(serde_json::Value::as_i64);
        true_until.extend(until.map(|until| (row.id, until)));
    }
    let log = run.log.lock();
    let mut stopped: BTreeSet<String> = BTreeSet::new();
    let mut paused: BTreeMap<Channel, Option<Ts>> = BTreeMap::new();
    let mut got: BTreeMap<&str, Vec<Got<'_>>> = BTreeMap::new();
    for saw in &log.saw {
        let what = match saw {
            Saw::Reached(what) => what,
            Saw::Stopped(address) => {
                stopped.insert(fold_address(address).into());
                continue;
            }
            Saw::Paused(way, until) => {
                paused.insert(*way, *until);
                continue;
            }
            Saw::Resumed(way) => {
                paused.remove(way);
                continue;
            }
            Saw::Case(..) => continue,
        };
        let release = &what.release;
        // On virtual time a message leaves at the instant at which it was decided, however late that is done.
        let at = if pace == Pace::Virtual { what.decided } else { what.told };
        let lag = (at - what.decided).clamp(0, LAG);
        let mut fault = |says: &str| {
            wrong.push(format!(
                "{says}: {} to {} at {}, decided {}",
                release.message,
                what.customer,
                stamp(at),
                stamp(what.decided)
            ))
        };
        if true_until.get(release.id.as_str()).is_none_or(|until| at >= *until) {
            fault("it was no longer true");
        }
        if paused.get(&release.channel).is_some_and(|until| until.is_none_or(|until| at < until)) {
            fault("its channel is paused");
        }
        let spared = program.policy.stop_spares.contains(&release.purpose) || release.message == CONFIRMATION;
        if stopped.contains(fold_address(&release.address).as_str()) && !spared {
            fault("its address has said STOP");
        }
        if release.message == CONFIRMATION {
            continue;
        }
        let is_essential = essential.contains(release.message.as_str());
        if !is_essential && is_quiet(program, feed.people.get(&what.customer), release.purpose, at - lag) {
            fault("it is quiet there");
        }
        got.entry(&what.customer).or_default().push(Got { at, what, essential: is_essential });
    }
    let told = timelines(run);
    for (customer, all) in &got {
        let told = told.get(*customer).map_or(&[][..], Vec::as_slice);
        quiet_times_are_kept(program, customer, all, told, wrong);
        limits_are_kept(program, feed.people.get(*customer), customer, all, wrong);
    }
}

/// Nothing but what is essential leaves in a quiet time that an event began: as long as the rule says, from where the
/// timeline tells of the event on.
fn quiet_times_are_kept(
    program: &Program,
    customer: &str,
    got: &[Got<'_>],
    timeline: &[Entry],
    wrong: &mut Vec<String>,
) {
    let key_of = |journey: Option<&str>| {
        program.journeys.iter().find(|j| Some(j.name.as_str()) == journey).and_then(|j| j.key.as_deref())
    };
    for begun in timeline {
        let What::Quieted { event, key, .. } = &begun.what else { continue };
        let begins = |rule: &&QuietAfter| program.events.get(rule.after.index()).is_some_and(|e| e.name == *event);
        for rule in program.policy.quiet_after.iter().filter(begins) {
            for one in got.iter().filter(|one| !one.essential) {
                let release = &one.what.release;
                let meant = rule.key.as_deref().is_none_or(|path| {
                    key_of(release.journey.as_deref()) == Some(path) && (key.is_none() || release.key == *key)
                });
                let at = one.at - (one.at - one.what.decided).clamp(0, LAG);
                // Of the very instant nobody can tell which was first.
                let inside = begun.at < at && at < begun.at + rule.lasts;
                if meant && inside && rule.concerns(release.channel, release.purpose) {
                    wrong.push(format!(
                        "{customer} got {} at {}, and `{}` holds since {}",
                        release.message,
                        stamp(at),
                        rule.text,
                        stamp(begun.at)
                    ));
                }
            }
        }
    }
}

fn is_quiet(program: &Program, person: Option<&Person>, purpose: Purpose, at: Ts) -> bool {
    let Some(person) = person else { return false };
    let keeps = program.policy.quiet.iter().filter(|q| q.purposes.is_empty() || q.purposes.contains(&purpose));
    keeps.into_iter().any(|q| {
        person.zones.iter().any(|zone| {
            let minute = zone.minute_of_day(at);
            if q.from < q.to { q.from <= minute && minute < q.to } else { minute >= q.from || minute < q.to }
        })
    })
}

/// A limit lets no message leave of which `n` count already; what is essential counts, and leaves all the same.
fn limits_are_kept(
    program: &Program,
    person: Option<&Person>,
    customer: &str,
    got: &[Got<'_>],
    wrong: &mut Vec<String>,
) {
    let lag = |g: &Got<'_>| (g.at - g.what.decided).clamp(0, LAG);
    for limit in &program.policy.limits {
        let LimitWhat::Messages { channel, purpose } = &limit.what else { continue };
        let concerned = |journey: Option<&str>| {
            let of = |name: &str| program.journeys.iter().find(|j| j.name == name).and_then(|j| j.key.as_deref());
            limit.key.as_deref().is_none_or(|key| journey.and_then(of) == Some(key))
        };
        let counts = |g: &&Got<'_>| {
            let r = &g.what.release;
            channel.is_none_or(|c| c == r.channel)
                && purpose.is_none_or(|p| p == r.purpose)
                && concerned(r.journey.as_deref())
        };
        let counted: Vec<&Got<'_>> = got.iter().filter(counts).collect();
        for (number, one) in counted.iter().enumerate().filter(|(_, one)| !one.essential) {
            let with = counted.iter().take(number + 1).filter(|g| {
                (limit.key.is_none() || g.what.release.key == one.what.release.key)
                    && match limit.per {
                        None => true,
                        Some(Window::Rolling(per)) => one.at - per < g.at - lag(g),
                        Some(Window::Calendar(unit)) => {
                            person.is_some_and(|p| p.zones.iter().any(|z| z.begins(one.at, unit) <= g.at - lag(g)))
                        }
                    }
            });
            let with: Vec<&Reached> = with.map(|g| g.what).collect();
            if with.len() > limit.n as usize {
                wrong.push(format!(
                    "{customer} got {} under `{}` at {}: {}",
                    with.len(),
                    limit.text,
                    stamp(one.at),
                    told(&with)
                ));
            }
        }
    }
}

/// What was proven is not passed by what was decided.
fn proven_is_kept(play: &Play, run: &Run, wrong: &mut Vec<String>) {
    let log = run.log.lock();
    let mut of: BTreeMap<&str, Vec<&Reached>> = BTreeMap::new();
    for saw in &log.saw {
        if let Saw::Reached(what) = saw
            && what.release.message != CONFIRMATION
        {
            of.entry(&what.customer).or_default().push(what);
        }
    }
    for all in of.values_mut() {
        all.sort_by_key(|what| what.decided);
    }
    for bound in &play.bounds {
        let (Some(most), Some(window)) = (bound.at_most, bound.window) else { continue };
        for (customer, all) in &of {
            let concerned = |w: &&Reached| {
                bound.channel.is_none_or(|c| c == w.release.channel)
                    && bound.purpose.is_none_or(|p| p == w.release.purpose)
            };
            let counted: Vec<&Reached> = all.iter().copied().filter(concerned).collect();
            for (n, last) in counted.iter().enumerate() {
                let inside = counted.iter().take(n + 1).copied().filter(|other| last.decided - window < other.decided);
                let inside: Vec<&Reached> = inside.collect();
                if inside.len() as u64 > most {
                    wrong.push(format!(
                        "{customer} got {} {} in a window that ends {}, proven are {most}: {}",
                        inside.len(),
                        bound.subject,
                        stamp(last.decided),
                        told(&inside)
                    ));
                }
            }
        }
    }
}

/// Promises are kept or told, and no timer is early.
fn timeline_is_true(customer: &str, timeline: &[Entry], run: &Run, wrong: &mut Vec<String>) {
    let mut open: BTreeMap<(Option<u64>, &str), Ts> = BTreeMap::new();
    let mut entered: BTreeMap<Option<u64>, Ts> = BTreeMap::new();
    let mut before = Ts::MIN;
    for entry in timeline {
        if entry.at < before {
            wrong.push(format!("{customer}: the timeline goes back to {}", stamp(entry.at)));
        }
        before = entry.at;
        match &entry.what {
            What::Promise { name, fate, by } => match fate {
                PromiseFate::Made => drop(open.insert((entry.instance, name), *by)),
                _ if open.remove(&(entry.instance, name.as_str())).is_none() => {
                    wrong.push(format!("{customer}: promise `{name}` ends as {fate:?} and was not open"));
                }
                _ => {}
            },
            What::Entered { state, why } => {
                let since = entered.insert(entry.instance, entry.at);
                let after = why.strip_prefix("after ").and_then(parse_duration);
                if let (Some(since), Some(after)) = (since, after)
                    && entry.at < since + after
                {
                    wrong.push(format!(
                        "{customer}: `{state}` is entered by `{why}` {} ms early",
                        since + after - entry.at
                    ));
                }
            }
            _ => {}
        }
    }
    for ((_, name), by) in open {
        if by < run.ended {
            wrong.push(format!("{customer}: promise `{name}` by {} was neither kept nor told", stamp(by)));
        }
    }
}

/// Each message with its id, when it was decided, and when it left.
fn told(all: &[&Reached]) -> String {
    let one = |w: &&Reached| {
        let (release, decided, left) = (&w.release, stamp(w.decided), stamp(w.told));
        format!("{} {} by {} ({decided}, left {left})", release.id, release.message, release.channel.name())
    };
    all.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn stamp(at: Ts) -> String {
    journey_spec::time::rfc3339(at)
}

/// On virtual time a run in which much failed is the one in which nothing did.
pub(crate) fn same_run(calm: &Run, rough: &Run) -> Vec<String> {
    let mut wrong = Vec::new();
    let of = |run: &Run| {
        let mut messages: BTreeMap<String, Vec<(Ts, String)>> = BTreeMap::new();
        for saw in &run.log.lock().saw {
            match saw {
                Saw::Reached(what) => {
                    messages
                        .entry(what.customer.clone())
                        .or_default()
                        .push((what.decided, format!("{:?}", what.release)));
                }
                Saw::Case(at, customer, case) => {
                    messages.entry(format!("cases of {customer}")).or_default().push((*at, format!("{case:?}")));
                }
                _ => {}
            }
        }
        messages
    };
    let (one, other) = (of(calm), of(rough));
    for who in one.keys().chain(other.keys()).collect::<BTreeSet<_>>() {
        if one.get(who) != other.get(who) {
            let many = |all: &BTreeMap<String, Vec<_>>| all.get(who).map_or(0, Vec::len);
            wrong.push(format!("{who}: {} without faults, {} with them, and not the same", many(&one), many(&other)));
        }
    }
    let (mut one, mut other) = (calm.kept.handle(), rough.kept.handle());
    let ids = one.customers(None, usize::MAX).expect("ids");
    if other.customers(None, usize::MAX).expect("ids") != ids {
        wrong.push("other customers are known".into());
    }
    for id in &ids {
        let state =
            |store: &mut dyn Store| store.load(&[id]).expect("one").pop().flatten().map(|r| (r.state, r.next_due));
        if state(&mut one) != state(&mut other) {
            wrong.push(format!("{id} is in another state than without faults"));
        }
        if one.timeline(id).expect("one") != other.timeline(id).expect("one") {
            wrong.push(format!("the timeline of {id} is another than without faults"));
        }
    }
    if one.dead_letters().expect("letters") != other.dead_letters().expect("letters") {
        wrong.push("the dead letters are others than without faults".into());
    }
    wrong
}
