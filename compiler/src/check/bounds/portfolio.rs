//! Journeys that each keep to a limit of the house, and together do not: three teams, one customer.

use std::collections::BTreeSet;

use journey_spec::Program;
use journey_spec::codes::J0211;
use journey_spec::program::{Fate, Limit, Millis, Window};
use journey_spec::time::spelled_duration;

use super::limits::{Class, rule};
use super::shape::Shape;
use super::{Journeys, Wanted, windows};
use crate::check::story;
use crate::diagnostics::Finding;
use crate::graph::counts;
use crate::spans::{Node, Spans};

/// What the journeys of a project send together fits the policy's limits, where each alone fits them.
pub(super) fn fans_in(program: &Program, journeys: &Journeys, spans: &Spans, out: &mut Vec<Finding>) {
    let windows = windows(program);
    let rolling: Vec<(usize, &Limit, Millis)> = (0..)
        .zip(&program.policy.limits)
        .filter(|(_, limit)| limit.key.is_none())
        .filter_map(|(i, limit)| match limit.per {
            Some(Window::Rolling(per)) if windows.contains(&per) => Some((i, limit, per)),
            _ => None,
        })
        .collect();
    let flow = |shape: &Shape, limit: &Limit, per: Millis| {
        let mut part: BTreeSet<Class> = shape.classes(Wanted::default(), false);
        part.retain(|(channel, purpose)| counts(limit.what, *channel, *purpose));
        match part.is_empty() {
            true => Some(0),
            false => shape.flow_to_customer(program, &part, per, u64::from(limit.n).saturating_add(1)),
        }
    };
    journeys.one_by_one(|shape| {
        for (_, limit, per) in &rolling {
            flow(shape, limit, *per);
        }
    });
    for (i, limit, per) in rolling {
        let n = u64::from(limit.n);
        let parts: Option<Vec<(&str, u64)>> = journeys
            .0
            .iter()
            .map(|shape| Some((shape.graph.name.as_str(), flow(shape, limit, per)?)))
            .filter(|part| part.is_none_or(|(_, most)| most > 0))
            .collect();
        // One that passes the limit alone is bounded by it; where nothing bounds it, that is told as a loop or as starts.
        let Some(parts) = parts else { continue };
        let sum = parts.iter().fold(0_u64, |sum, (_, most)| sum.saturating_add(*most));
        if parts.len() < 2 || sum <= n {
            continue;
        }
        let each = story::list(parts.iter().map(|(name, most)| format!("`{name}` {most}")));
        let fate = match &limit.fate {
            Fate::Defer => "waits",
            Fate::Latest => "waits, and only the newest is kept",
            Fate::Skip => "is skipped",
            Fate::Handoff(_) => "goes to a person",
            Fate::End | Fate::Goto(_) => "leads the journey elsewhere",
        };
        let rule = rule(limit);
        let window = spelled_duration(per);
        out.push(
            Finding::new(
                &J0211,
                spans.get(&Node::PolicyLimit(i)),
                format!(
                    "one customer can be due {sum} messages in {window} from {} journeys that each keep to `{rule}`",
                    parts.len()
                ),
            )
            .label(format!("lets {n} through, from all journeys together"))
            .how(format!("in the same {window} {each}: what is too much {fate}, whichever journey it belongs to"))
            .help("say which may be less: give a journey a limit of its own, or let this one be what all of them need"),
        );
    }
}
