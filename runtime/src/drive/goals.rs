//! How a journey's goals were met, in all and by each way of its splits, counted from timelines.

use std::collections::BTreeMap;

use journey_spec::Ts;
use journey_spec::program::{Branch, GoalWhat, Millis, Program};
use journey_step::What;
use journey_step::effect::Entry;

/// How one goal was met by some instances of a journey.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoalSummary {
    /// The journey.
    pub journey: String,
    /// The goal as written.
    pub goal: String,
    /// The way of a split that these instances went: the state that splits, where to, and its percentage; none where all
    /// instances are meant.
    pub way: Option<(String, String, u32)>,
    /// Instances that began, or that went this way.
    pub instances: u64,
    /// Of these, instances that reached the goal.
    pub reached: u64,
    /// Of these, instances that have missed it. The rest is still open.
    pub missed: u64,
    /// The median time from the beginning to the goal; none where nobody reached it, and for silence, which always takes
    /// its time.
    pub median: Option<Millis>,
}

impl GoalSummary {
    /// How many of a hundred instances reached the goal.
    #[must_use]
    pub fn percent(&self) -> u64 {
        (self.reached * 100 + self.instances / 2).checked_div(self.instances).unwrap_or(0)
    }
}

/// One instance while its timeline is read.
#[derive(Default)]
struct Seen {
    journey: String,
    began: Ts,
    ways: Vec<(String, String, u32)>,
    goals: BTreeMap<String, (bool, Ts)>,
}

/// Instances of all customers.
#[derive(Default)]
pub(super) struct Goals {
    seen: Vec<Seen>,
}

impl Goals {
    /// Reads one customer's timeline.
    pub(super) fn read(&mut self, entries: &[Entry]) {
        let mut own: BTreeMap<u64, Seen> = BTreeMap::new();
        for entry in entries {
            let (Some(number), Some(journey)) = (entry.instance, &entry.journey) else { continue };
            if let What::Started { .. } = entry.what {
                own.insert(number, Seen { journey: journey.to_string(), began: entry.at, ..Seen::default() });
            }
            let Some(seen) = own.get_mut(&number) else { continue };
            match &entry.what {
                What::Split { state, to, percent } => seen.ways.push((state.to_string(), to.to_string(), *percent)),
                What::Goal { goal, reached } => drop(seen.goals.insert(goal.to_string(), (*reached, entry.at))),
                _ => {}
            }
        }
        self.seen.extend(own.into_values());
    }

    /// A line for each goal of each journey, and for each way of its splits, in the order of the program.
    pub(super) fn summaries(&self, program: &Program) -> Vec<GoalSummary> {
        let mut all = Vec::new();
        for (_, journey) in program.current() {
            let name =
                |state: journey_spec::program::StateId| journey.states.get(state.index()).map(|s| s.name.to_string());
            let mut ways: Vec<Option<(String, String, u32)>> = vec![None];
            for state in &journey.states {
                if let Some(Branch::Split(split)) = &state.branch {
                    ways.extend(
                        split.iter().filter_map(|(p, to)| Some(Some((state.name.to_string(), name(*to)?, *p)))),
                    );
                }
            }
            for goal in &journey.goals {
                for way in &ways {
                    let timed = matches!(goal.what, GoalWhat::Reach(_));
                    all.push(self.one(&journey.name, &goal.text, way.clone(), timed));
                }
            }
        }
        all
    }

    fn one(&self, journey: &str, goal: &str, way: Option<(String, String, u32)>, timed: bool) -> GoalSummary {
        let mut summary =
            GoalSummary { journey: journey.into(), goal: goal.into(), way: way.clone(), ..GoalSummary::default() };
        let mut times = Vec::new();
        for seen in &self.seen {
            if seen.journey != journey || way.as_ref().is_some_and(|way| !seen.ways.contains(way)) {
                continue;
            }
            summary.instances += 1;
            match seen.goals.get(goal) {
                Some((true, at)) => {
                    summary.reached += 1;
                    times.push(at.saturating_sub(seen.began));
                }
                Some((false, _)) => summary.missed += 1,
                None => {}
            }
        }
        times.sort_unstable();
        // Of an even number the earlier of the two in the middle.
        summary.median = times.get(times.len().saturating_sub(1) / 2).copied().filter(|_| timed);
        summary
    }
}
