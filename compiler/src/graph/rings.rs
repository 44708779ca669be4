//! Redirects of visit limits that lead in a ring: entering would never come to an end.

use std::collections::BTreeSet;

use journey_spec::program::{Fate, Journey, StateId};

use super::caps;

/// Each ring once, as its limits in order.
pub(super) fn of(journey: &Journey) -> Vec<Vec<usize>> {
    let mut found: Vec<Vec<usize>> = Vec::new();
    for (start, _) in journey.states.iter().zip(0..).map(|(s, i)| (StateId(i), s)) {
        let mut path: Vec<usize> = Vec::new();
        // Depth first, each state once: a ring is met from each of its states, so one of several is enough.
        let mut choices = vec![redirects(journey, start)];
        let mut seen = BTreeSet::from([start]);
        while let Some(options) = choices.last_mut() {
            let Some((limit, to)) = options.pop() else {
                choices.pop();
                path.pop();
                continue;
            };
            path.push(limit);
            if to == start {
                let mut key = path.clone();
                key.sort_unstable();
                if !found.iter().any(|f| {
                    let mut f = f.clone();
                    f.sort_unstable();
                    f == key
                }) {
                    found.push(path.clone());
                }
                path.pop();
            } else if seen.insert(to) {
                choices.push(redirects(journey, to));
            } else {
                path.pop();
            }
        }
    }
    found
}

fn redirects(journey: &Journey, state: StateId) -> Vec<(usize, StateId)> {
    let all = journey.limits.iter().enumerate().filter(|(_, l)| caps(l.what, state));
    all.filter_map(|(i, l)| if let Fate::Goto(to) = l.fate { Some((i, to)) } else { None }).collect()
}
