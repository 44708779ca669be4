//! Timers that can be put off for ever.
//!
//! Where an arrow leads back into a state before its only timer fires, the timer begins anew: a feed that goes on and on
//! keeps the customer waiting, though a timer stands there. Whoever answers again and again is not left waiting. A way
//! round through a state that waits for an instant comes to an end when that comes, and is left alone.

use journey_spec::codes::J0309;
use journey_spec::program::Millis;
use journey_spec::time::spelled_duration;
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::{Case, mend, story};
use crate::diagnostics::Finding;
use crate::graph::{Edge, Graph, Kind};

/// No feed puts off the only thing that ends a wait.
pub(super) fn cannot_be_put_off(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let reach = graph.reachable();
    // Where nothing leads round there is nothing to look for.
    let turns = graph.on_cycles(|_, _, to, e| !e.stay && leads_round(graph, to, e, Millis::MAX));
    let turns = |n: &NodeIndex| turns.get(n.index()).copied().unwrap_or(false);
    for n in graph.nodes().filter(|n| reach.contains(n) && graph.rests(*n) && turns(n)) {
        let forced: Vec<_> = graph.out(n).filter(|(_, _, e)| e.forced).collect();
        let only = forced.iter().all(|(_, _, e)| e.kind == Kind::After);
        let Some((_, _, timer)) = forced.first().filter(|_| only) else { continue };
        let Some(round) = round(graph, n, timer.lo) else { continue };
        let Some((_, _, first)) = round.first().and_then(|e| graph.edge(*e)) else { continue };
        out.push(
            Finding::new(
                &J0309,
                case.spans.get(&timer.node),
                format!("a customer can wait in `{}` for ever: `{}` can be put off again and again", graph.label(n), timer.word),
            )
            .label("begins anew each time the state is entered again")
            .also(case.spans.get(&first.node), "leads back into it before that, and nothing bounds how often")
            .how(format!("{}{}, and so on, each time in less than {}", story::from_start(graph, n), story::along(graph, &round), spelled_duration(timer.lo)))
            .help(format!(
                "let what comes in stay, which leaves the timer alone, or bound the visits, for example  limit visits {} to 9 per 7d else -> {}",
                graph.label(n),
                mend::end(case).unwrap_or("lapsed")
            )),
        );
    }
}

/// The fewest arrows that lead back to a state, none of which takes itself nor needs as long as its timer, and which send
/// nothing: those that do are told of as loops that send.
fn round(graph: &Graph, n: NodeIndex, timer: Millis) -> Option<Vec<EdgeIndex>> {
    let keep = |_, _, to: NodeIndex, e: &Edge| !e.stay && leads_round(graph, to, e, timer);
    let back = graph.paths([n], false, keep);
    let first =
        graph.out(n).filter(|(id, to, e)| e.kind != Kind::Urgent && keep(*id, n, *to, e) && back.dist(*to).is_some());
    let (id, to, _) = first.min_by_key(|(_, to, _)| back.dist(*to))?;
    let mut round = vec![id];
    round.extend(back.path(graph, to));
    Some(round)
}

/// Whether an arrow into a place can be part of such a way.
fn leads_round(graph: &Graph, to: NodeIndex, e: &Edge, timer: Millis) -> bool {
    let feeds = e.kind == Kind::Event && e.intake.is_none() && e.lo < timer;
    let passes = e.kind == Kind::Urgent && e.behind.is_none();
    let silent = graph.place(to).is_some_and(|p| p.sends.is_empty());
    let dated = graph.out(to).any(|(_, _, e)| e.kind == Kind::At);
    (feeds || passes) && e.redirected.is_empty() && !graph.capped(to) && silent && !dated
}
