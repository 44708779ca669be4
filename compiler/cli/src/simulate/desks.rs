//! The queues that a program hands cases to.

use std::collections::BTreeSet;

use journey_spec::program::{Action, Arrow, Fate, Program, Then, Trigger};

/// All of them, by name.
pub(super) fn of(program: &Program) -> Vec<String> {
    let mut all = BTreeSet::new();
    all.extend(program.policy.after_end.clone());
    let limits = program.policy.limits.iter().chain(program.journeys.iter().flat_map(|j| &j.limits));
    let quiet = program.policy.quiet_after.iter().map(|q| &q.fate);
    all.extend(limits.map(|l| &l.fate).chain(quiet).filter_map(|fate| match fate {
        Fate::Handoff(queue) => Some(queue.clone()),
        _ => None,
    }));
    for journey in &program.journeys {
        arrows(&journey.arrows, &mut all);
        for state in &journey.states {
            actions(&state.entry, &mut all);
            arrows(&state.arrows, &mut all);
        }
    }
    all.into_iter().collect()
}

fn arrows(arrows: &[Arrow], all: &mut BTreeSet<String>) {
    for arrow in arrows {
        then(&arrow.then, all);
        if let Trigger::At { if_past, .. } = &arrow.on {
            then(if_past, all);
        }
    }
}

fn then(then: &Then, all: &mut BTreeSet<String>) {
    if let Then::Stay(list) = then {
        actions(list, all);
    }
}

fn actions(list: &[Action], all: &mut BTreeSet<String>) {
    for action in list {
        match action {
            Action::Handoff(handoff) => drop(all.insert(handoff.queue.clone())),
            Action::Send(send) => [&send.on_blocked, &send.on_failed].into_iter().flatten().for_each(|t| then(t, all)),
            Action::Set(_) | Action::Call(_) => {}
        }
    }
}
