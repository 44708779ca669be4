//! Goals: each can be reached, and measured.

use journey_spec::codes::{J0306, J0307};
use journey_spec::program::GoalWhat;

use super::Case;
use crate::diagnostics::Finding;
use crate::spans::Node;

/// A goal's state can be entered from a start, and one of silence begins at an end that some instance can come to.
pub(super) fn can_be_measured(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let Some(journey) = case.program.journeys.get(graph.journey.index()) else { return };
    let reach = graph.reachable();
    let ends = reach.iter().any(|n| graph.ends(*n));
    for (i, goal) in journey.goals.iter().enumerate() {
        let span = case.spans.get(&Node::Goal(graph.journey, i));
        match goal.what {
            GoalWhat::Reach(state) if !reach.contains(&graph.at(state)) => out.push(
                Finding::new(
                    &J0306,
                    span,
                    format!("the goal `{}` can never be reached: no customer gets there", goal.text),
                )
                .label("always missed")
                .also(case.spans.get(&Node::State(graph.journey, state)), "nothing that begins at a start leads here")
                .help("lead an arrow there, or take the goal out"),
            ),
            GoalWhat::Reach(state) if graph.begins.iter().all(|b| b.to == graph.at(state)) => out.push(
                Finding::new(
                    &J0306,
                    span,
                    format!("the goal `{}` is always reached: every instance begins there", goal.text),
                )
                .label("measures nothing")
                .help("name a state that only some customers come to"),
            ),
            GoalWhat::Silence { .. } if !ends => out.push(
                Finding::new(
                    &J0307,
                    span,
                    format!("nobody can measure the goal `{}`: `{}` never ends", goal.text, graph.name),
                )
                .label("silence counts from the end")
                .help("lead to an end, or name a state as the goal"),
            ),
            _ => {}
        }
    }
}
