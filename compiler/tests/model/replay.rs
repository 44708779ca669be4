//! Witnesses, step by step: each has to be a run of the model with the times and the count that it claims.

use journey_compiler::model::{Cycle, Model, Prefix, Run};
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::adversary::{Here, after, begins, enabled, latest, opened};

/// Takes an arrow after so long, or as soon as it can be taken.
fn take(model: &Model, here: &Here, edge: EdgeIndex, dwelt: Option<i64>) -> Result<(Here, Here, i64), String> {
    let (from, to) = model.graph.edge_endpoints(edge).ok_or("no such arrow")?;
    let arrow = &model.graph[edge];
    let dwelt = dwelt.unwrap_or(arrow.lo.max(0));
    if from.index() != here.node {
        return Err(format!("{edge:?} does not leave {here:?}"));
    }
    if !enabled(model, here, arrow) {
        return Err(format!("{edge:?} is not enabled at {here:?}"));
    }
    if dwelt < arrow.lo || dwelt > latest(model, here) {
        return Err(format!("{edge:?} cannot be taken after {dwelt} ms at {here:?}"));
    }
    Ok((after(model, here, arrow, to.index()), opened(model, here, arrow, to.index()), dwelt))
}

/// The first node of the window, as it is entered.
fn first(model: &Model, prefix: &Prefix) -> Result<Here, String> {
    let begin = |here: &&Here| !here.inside && here.node == prefix.start.index();
    let mut here = begins(model).iter().find(begin).ok_or("no instance begins there")?.clone();
    let Some((last, before)) = prefix.arrows.split_last() else {
        here.inside = true;
        return Ok(here);
    };
    for edge in before {
        here = take(model, &here, *edge, None)?.0;
    }
    Ok(take(model, &here, *last, None)?.1)
}

fn weight(model: &Model, here: &Here) -> u64 {
    u64::from(model.graph[NodeIndex::new(here.node)].weight)
}

/// Whether a run keeps to the model and to a window of so many milliseconds.
pub(crate) fn run(model: &Model, run: &Run, window: Option<i64>) -> Result<(), String> {
    let mut here = first(model, &run.prefix)?;
    if here.node != run.first.index() || weight(model, &here) == 0 {
        return Err("the window begins elsewhere, or with a node that does not send".into());
    }
    let (mut now, mut count) = (0, weight(model, &here));
    for (edge, time) in &run.steps {
        here = take(model, &here, *edge, Some(time - now))?.0;
        now = *time;
        count += weight(model, &here);
    }
    if window.is_some_and(|window| now >= window) {
        return Err(format!("{now} ms lie outside of the window"));
    }
    if count != run.count { Err(format!("{count} sends, not {}", run.count)) } else { Ok(()) }
}

/// Whether a cycle can be gone round and round, with the sends and the time that it claims.
pub(crate) fn cycle(model: &Model, cycle: &Cycle) -> Result<(), String> {
    let mut here = first(model, &cycle.prefix)?;
    for edge in &cycle.lead {
        here = take(model, &here, *edge, None)?.0;
    }
    let begin = here.clone();
    if here.node != cycle.at.index() || cycle.sends == 0 {
        return Err("the cycle is elsewhere, or does not send".into());
    }
    let (mut time, mut sends) = (0, 0);
    for edge in &cycle.arrows {
        let (to, _, dwelt) = take(model, &here, *edge, None)?;
        here = to;
        time += dwelt;
        sends += weight(model, &here);
    }
    match here == begin && time == cycle.period && sends == cycle.sends {
        true => Ok(()),
        false => Err(format!("{sends} sends in {time} ms, from {begin:?} to {here:?}; not {cycle:?}")),
    }
}
