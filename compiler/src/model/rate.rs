//! The long-run rate: the most messages for their time of any cycle.
//!
//! The maximum cycle ratio by Howard's policy iteration (Cochet-Terrasson, Cohen, Gaubert, Mc Gettrick, Quadrat, 1998; the
//! variant of Dasdan, *Experimental analysis of the fastest optimum cycle ratio and mean algorithms*, 2004) in exact
//! integers. When no step improves the potentials any more they prove that no cycle has a greater ratio.

use journey_spec::program::Millis;

use super::at;
use super::product::{Analysis, NOWHERE, Step};
use super::zero::scc;

/// Messages for time: `sends / time`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many messages.
    pub sends: i128,
    /// In how many milliseconds; at least one.
    pub time: i128,
}

impl Default for Rate {
    fn default() -> Rate {
        Rate { sends: 0, time: 1 }
    }
}

impl Rate {
    /// What a step brings above the rate, in parts of [`Rate::time`].
    pub(super) fn gain(&self, weight: u32, lo: Millis) -> i128 {
        i128::from(weight).saturating_mul(self.time).saturating_sub(self.sends.saturating_mul(i128::from(lo)))
    }

    fn is_above(&self, other: &Rate) -> bool {
        self.sends.saturating_mul(other.time) > other.sends.saturating_mul(self.time)
    }
}

/// Rounds of improvement after which the search is given up; the rate is raised then until potentials prove it.
const ROUNDS: usize = 2_000;

/// The greatest ratio of any cycle, where each cycle that sends takes time.
pub(super) fn fastest(of: &Analysis, weights: &[u32]) -> Rate {
    let components = scc(of, |_| true);
    let inner = |place: u32, step: &Step| at(&components, place) == at(&components, step.to);
    // For each place on a cycle, the step that it takes.
    let mut policy: Vec<Option<Step>> = of
        .places()
        .map(|place| {
            let steps = of.steps(place).iter().filter(|step| inner(place, step));
            steps.max_by_key(|step| (at(weights, step.to), -step.lo)).copied()
        })
        .collect();
    let mut worth = vec![0_i128; of.len()];
    let mut best = Rate::default();
    for _ in 0..ROUNDS {
        if let Some(better) = best_cycle(of, weights, &policy, &best) {
            best = better;
            worth = potentials(of, weights, &policy, &best);
        }
        let mut improved = false;
        for place in of.places() {
            for step in of.steps(place).iter().filter(|step| inner(place, step)) {
                let value = best.gain(at(weights, step.to), step.lo).saturating_add(at(&worth, step.to));
                let better = value > at(&worth, place);
                let (worth, policy) = (worth.get_mut(place as usize), policy.get_mut(place as usize));
                if let (true, Some(worth), Some(policy)) = (better, worth, policy) {
                    (*worth, *policy) = (value, Some(*step));
                    improved = true;
                }
            }
        }
        if !improved {
            return best;
        }
    }
    raised(of, weights, best)
}

/// The best cycle of a policy, where it is better than what is known.
fn best_cycle(of: &Analysis, weights: &[u32], policy: &[Option<Step>], known: &Rate) -> Option<Rate> {
    let mut seen = vec![NOWHERE; of.len()];
    let mut best: Option<Rate> = None;
    for root in of.places() {
        let mut here = root;
        // Along the policy until something is known; what this very walk has seen closes a cycle.
        while at_or(&seen, here) == NOWHERE {
            if let Some(slot) = seen.get_mut(here as usize) {
                *slot = root;
            }
            match policy.get(here as usize).copied().flatten() {
                Some(step) => here = step.to,
                None => break,
            }
        }
        if at_or(&seen, here) != root || policy.get(here as usize).copied().flatten().is_none() {
            continue;
        }
        let (mut sends, mut time) = (0_i128, 0_i128);
        let start = here;
        while let Some(step) = policy.get(here as usize).copied().flatten() {
            sends += i128::from(at(weights, step.to));
            time += i128::from(step.lo);
            here = step.to;
            if here == start {
                break;
            }
        }
        let found = Rate { sends, time };
        if here == start && time > 0 && found.is_above(best.as_ref().unwrap_or(known)) {
            best = Some(found);
        }
    }
    best
}

fn at_or(list: &[u32], i: u32) -> u32 {
    list.get(i as usize).copied().unwrap_or(0)
}

/// What each place is worth along its policy until it comes round, in parts of the rate's time.
fn potentials(of: &Analysis, weights: &[u32], policy: &[Option<Step>], rate: &Rate) -> Vec<i128> {
    let mut worth = vec![0_i128; of.len()];
    let mut done = vec![false; of.len()];
    let mut walk = Vec::new();
    for root in of.places() {
        let mut here = root;
        let mut on_walk = std::collections::HashSet::new();
        while !at(&done, here) && on_walk.insert(here) {
            walk.push(here);
            match policy.get(here as usize).copied().flatten() {
                Some(step) => here = step.to,
                None => break,
            }
        }
        // Where it closes a cycle the first place is worth nothing; no cycle of the policy is above the rate.
        while let Some(place) = walk.pop() {
            if let Some(step) = policy.get(place as usize).copied().flatten() {
                let value = rate.gain(at(weights, step.to), step.lo).saturating_add(at(&worth, step.to));
                if let Some(slot) = worth.get_mut(place as usize) {
                    *slot = value.max(0);
                }
            }
            if let Some(slot) = done.get_mut(place as usize) {
                *slot = true;
            }
        }
    }
    worth
}

/// A rate that is not below any cycle's: doubled until as many rounds as there are places bring nothing more.
fn raised(of: &Analysis, weights: &[u32], from: Rate) -> Rate {
    let mut rate = Rate { sends: from.sends.max(1), time: from.time };
    for _ in 0..120 {
        let mut worth = vec![0_i128; of.len()];
        for _ in 0..=of.len() {
            let mut improved = false;
            for place in of.places() {
                for step in of.steps(place) {
                    let value = rate.gain(at(weights, step.to), step.lo).saturating_add(at(&worth, step.to));
                    if let Some(slot) = worth.get_mut(place as usize).filter(|slot| value > **slot) {
                        *slot = value;
                        improved = true;
                    }
                }
            }
            if !improved {
                return rate;
            }
        }
        rate.sends = rate.sends.saturating_mul(2);
    }
    rate
}
