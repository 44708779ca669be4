//! What is told of a loop: what it does to a customer, where, and how to bound it.

use std::collections::BTreeSet;

use journey_spec::codes::{Code, J0201, J0202, J0203, J0206, J0311};
use journey_spec::program::{DAY, Millis};
use journey_spec::time::spelled_duration;

use super::data::{self, Ends};
use super::{Case, Site, Walk, bounds, members, mend, story};
use crate::diagnostics::Finding;
use crate::graph::{Graph, Kind, datum};

fn code(graph: &Graph, walk: &Walk) -> &'static Code {
    let kinds: BTreeSet<_> = walk.edges.iter().filter_map(|e| graph.edge(*e)).map(|(_, _, e)| e.kind).collect();
    let any = |list: &[Kind]| list.iter().any(|k| kinds.contains(k));
    if walk.ends.is_some() {
        &J0311
    } else if any(&[Kind::Event, Kind::Closed, Kind::OptOut])
        || any(&[Kind::At, Kind::Past]) && !sets_itself(graph, walk)
    {
        &J0201
    } else if any(&[Kind::Reply]) {
        &J0202
    } else if any(&[Kind::After, Kind::At, Kind::Past]) {
        &J0203
    } else {
        &J0206
    }
}

/// Whether the journey itself, and no event or directory, moves every instant of a walk.
fn sets_itself(graph: &Graph, walk: &Walk) -> bool {
    let mut instants = walk.edges.iter().filter_map(|e| graph.edge(*e)?.2.instant.as_ref());
    instants.all(|(instant, _)| {
        datum(instant)
            .and_then(|path| path.first())
            .is_some_and(|datum| datum != "customer" && !graph.edges().any(|(_, _, _, e)| e.takes.contains(datum)))
    })
}

pub(super) fn tell(case: &Case<'_>, walk: &Walk) -> Finding {
    let graph = case.graph;
    let code = code(graph, walk);
    let first = walk.edges.first().and_then(|e| graph.edge(*e));
    let (start, span) = first.map(|(from, _, e)| (from, case.spans.get(&e.node))).unwrap_or_default();
    let each = walk.sent.len().max(1);
    let pace = pace(walk.period, each, ![&J0203, &J0311].contains(&code));
    let (message, label, count) = if let Some(ends) = &walk.ends {
        by_data(ends, walk.period, each)
    } else if *code == J0203 {
        (
            format!(
                "one customer gets messages from this loop for ever, {}",
                pace.clone().unwrap_or_else(|| "as often as it sets its own instant".to_owned())
            ),
            "comes round again by itself".to_owned(),
            ", again and again, with nobody asking".to_owned(),
        )
    } else if *code == J0202 {
        (
            "one customer, or a machine that answers for them, can get any number of messages from this loop"
                .to_owned(),
            "nothing limits how often they answer".to_owned(),
            format!(", again and again: 50 answers, {} messages", 50 * each),
        )
    } else if *code == J0206 {
        (
            "a message that does not get through is followed by another at once, over and over".to_owned(),
            "nothing has to happen in between but that it fails".to_owned(),
            ", and so on without a pause".to_owned(),
        )
    } else {
        let what = match first.map(|(_, _, e)| e.kind) {
            Some(Kind::Closed) => "nothing limits how often a case is closed",
            Some(Kind::At | Kind::Past) => "nothing limits how often its date changes",
            Some(Kind::OptOut) => "nothing limits how often they say STOP",
            _ => "nothing limits how often this event comes",
        };
        match &pace {
            Some(pace) => (
                format!("one customer can get messages from this loop without end, {pace}"),
                what.to_owned(),
                ", again and again".to_owned(),
            ),
            None => (
                "one customer can get any number of messages from this loop".to_owned(),
                what.to_owned(),
                format!(", again and again: 131 times, {} messages", 131 * each),
            ),
        }
    };
    let only = match bounds::policy_only(case.program, &walk.sent) {
        Some(text) => format!("; {text}"),
        None => String::new(),
    };
    let settled =
        walk.period == 0 && walk.edges.iter().filter_map(|e| graph.edge(*e)).any(|(_, _, e)| e.settle.is_some());
    let cut = if settled { "; no settle slows it down where the new data makes an `at` past" } else { "" };
    let moving = moving(graph, walk);
    let idle = if walk.ends.is_some() { String::new() } else { data::holds_each_time(case, &walk.edges) };
    let mut finding = Finding::new(code, span, message).label(label).how(format!(
        "{}{}{moving}{count}{idle}{cut}{only}",
        story::from_start(graph, start),
        story::along(graph, &walk.edges)
    ));
    for sent in walk.sent.iter().take(3) {
        let place = case.spans.get(&sent.node);
        if place != span {
            finding = finding.also(place, format!("sends `{}` on every round", story::message(case, sent)));
        }
    }
    finding.help(help(case, walk, code))
}

/// So many rounds make a story plain: as often as a back end once asked for another date.
const ROUNDS: Millis = 131;

/// What is told of a loop that some data end: in a headline, at its arrow, and behind its story.
fn by_data(ends: &Ends, period: Millis, each: usize) -> (String, String, String) {
    let sent = ROUNDS.saturating_mul(i64::try_from(each).unwrap_or(i64::MAX));
    match ends {
        Ends::At(until) => {
            let away = spelled_duration(period.saturating_mul(ROUNDS));
            let pace = pace(period, each, false).unwrap_or_default();
            (
                format!(
                    "nothing but how far away `{until}` is bounds this loop: where it is {away} away, one customer gets {sent} messages"
                ),
                format!("comes round again until {until}"),
                format!(", again and again until {until}, {pace}"),
            )
        }
        Ends::Steps { datum, by, until } => {
            let away = spelled_duration(by.saturating_mul(ROUNDS));
            (
                format!(
                    "nothing but the size of `{until}` bounds this loop: where it is {away} from `{datum}`, one customer gets {sent} messages"
                ),
                format!("comes round again until `{datum}` has reached {until}"),
                format!(", again and again, each time with `{datum}` {} on", spelled_duration(*by)),
            )
        }
    }
}

/// Which events move the dates on which the walk's instants hang.
fn moving(graph: &Graph, walk: &Walk) -> String {
    let taken: BTreeSet<&String> =
        walk.edges.iter().filter_map(|e| graph.edge(*e)).flat_map(|(_, _, e)| e.takes.iter()).collect();
    let hangs = walk.edges.iter().filter_map(|e| graph.edge(*e)).find_map(|(_, _, e)| match &e.instant {
        Some((instant, _)) => {
            let path = datum(instant)?;
            path.first().filter(|d| !taken.contains(d)).map(|d| (d, path.join(".")))
        }
        None => None,
    });
    let Some((datum, path)) = hangs else { return String::new() };
    match graph.edges().find(|(_, _, _, e)| e.takes.contains(datum)) {
        Some((_, _, _, e)) => format!(", whenever `{}` moves `{path}`", e.word),
        None => format!(", whenever `{path}` changes"),
    }
}

/// `up to one every 15m, 96 a day`; none where a round takes no time.
fn pace(period: Millis, each: usize, at_most: bool) -> Option<String> {
    if period <= 0 {
        return None;
    }
    let every = match each {
        1 => format!("one every {}", spelled_duration(period)),
        n => format!("{n} every {}", spelled_duration(period)),
    };
    let every = if at_most { format!("up to {every}") } else { every };
    let rounds = DAY / period;
    Some(match rounds {
        0 | 1 => every,
        rounds => format!("{every}, {} a day", rounds.saturating_mul(i64::try_from(each).unwrap_or(i64::MAX))),
    })
}

fn help(case: &Case<'_>, walk: &Walk, code: &'static Code) -> String {
    let graph = case.graph;
    let on_the_way: BTreeSet<_> = members(graph, &walk.edges).into_iter().collect();
    let state = walk.sites.iter().find_map(|s| match s {
        Site::State(n) => Some(*n),
        Site::Stay(_) => None,
    });
    let who = state.map(|n| mend::who_takes_over_a_loop(case, &on_the_way, n)).unwrap_or_default();
    match state {
        Some(n) if *code == J0206 => format!(
            "hand over instead of sending again, or bound it, for example  limit visits {} to 3 per 7d else {who}",
            graph.label(n)
        ),
        Some(n) if [&J0203, &J0311].contains(&code) => {
            format!("say when it is enough and what then, for example  limit visits {} to 3 else {who}", graph.label(n))
        }
        Some(n) => {
            format!(
                "bound it and say who takes over, for example  limit visits {} to 3 per 7d else {who}",
                graph.label(n)
            )
        }
        None if *code == J0206 => "do not answer a message that fails with another: hand over instead".into(),
        None => "bound what the journey may send, for example  limit messages to 3 per 7d else latest".into(),
    }
}
