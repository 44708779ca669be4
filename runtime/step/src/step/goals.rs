//! Goals: reached, or missed, once an instance each.

use journey_spec::program::{EventId, GoalWhat, StateId};
use journey_spec::value::{Data, lookup};

use super::Run;
use super::values::key_text;
use crate::customer::{Watch, later};
use crate::effect::What;

impl Run<'_> {
    /// An instance entered a state.
    pub(crate) fn reach(&mut self, n: usize, state: StateId) {
        let Some(journey) = self.journey(n) else { return };
        for (goal, index) in journey.goals.iter().zip(0_u32..) {
            if goal.what == GoalWhat::Reach(state) {
                self.measure(n, index, true);
            }
        }
    }

    /// An instance has ended: what it did not come to is missed, and silence counts from now.
    pub(crate) fn close_goals(&mut self, n: usize) {
        let Some(journey) = self.journey(n) else { return };
        for (goal, index) in journey.goals.iter().zip(0_u32..) {
            match goal.what {
                GoalWhat::Reach(_) => self.measure(n, index, false),
                GoalWhat::Silence { within, .. } => {
                    let until = later(self.now, within);
                    if let Some(instance) = self.c.instances.get_mut(n) {
                        instance.watches.push(Watch { goal: index, until });
                    }
                }
            }
        }
    }

    /// An event came: instances that have ended and hoped for silence have not had it. Whether there was one.
    pub(crate) fn disturb(&mut self, id: EventId, data: &Data) -> bool {
        let mut disturbed = Vec::new();
        for (n, instance) in self.c.instances.iter().enumerate() {
            let Some(journey) = self.program.journeys.get(instance.journey.index()) else { continue };
            for watch in &instance.watches {
                let goal = journey.goals.get(watch.goal as usize).map(|g| g.what);
                let hoped = matches!(goal, Some(GoalWhat::Silence { event, .. }) if event == id);
                let carried = journey.key.as_deref().and_then(|path| key_text(lookup(data, path)));
                let other = matches!((&carried, &instance.key), (Some(a), Some(b)) if a != b);
                if hoped && !other {
                    disturbed.push((n, watch.goal));
                }
            }
        }
        for (n, goal) in &disturbed {
            self.drop_watch(*n, *goal);
            self.measure(*n, *goal, false);
        }
        !disturbed.is_empty()
    }

    /// The time of a watch is over, and nothing came.
    pub(crate) fn stayed_silent(&mut self, n: usize, goal: u32) {
        self.drop_watch(n, goal);
        self.measure(n, goal, true);
    }

    fn drop_watch(&mut self, n: usize, goal: u32) {
        if let Some(instance) = self.c.instances.get_mut(n) {
            instance.watches.retain(|w| w.goal != goal);
        }
    }

    fn measure(&mut self, n: usize, goal: u32, reached: bool) {
        let Some(text) = self.journey(n).and_then(|j| j.goals.get(goal as usize)).map(|g| g.text.clone()) else {
            return;
        };
        let Some(instance) = self.c.instances.get_mut(n) else { return };
        if instance.measured.insert(goal) {
            self.note(Some(n), What::Goal { goal: text.into(), reached });
        }
    }
}
