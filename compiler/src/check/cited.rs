//! Rules that name a law are rules for every journey.
//!
//! A limit of the policy `per debt.id` counts in the journeys that have that key, and in no other. Where it says for which
//! law it is there, whoever reads it takes the law for kept; a journey that sends what it counts and goes by another key, or
//! by none, passes it by.

use std::collections::{BTreeMap, BTreeSet};

use journey_spec::codes::J0230;
use journey_spec::program::{JourneyId, Program};

use super::texts::Senders;
use super::{bounds, story};
use crate::diagnostics::Finding;
use crate::graph::counts;
use crate::spans::{Node, Spans};

/// Every journey that sends what such a limit counts has its key.
pub(super) fn limits_count_everybody(program: &Program, spans: &Spans, senders: &Senders, out: &mut Vec<Finding>) {
    for (i, limit) in program.policy.limits.iter().enumerate() {
        let (Some(law), Some(key)) = (&limit.because, &limit.key) else { continue };
        let mut passed: BTreeMap<JourneyId, BTreeSet<&str>> = BTreeMap::new();
        for (id, journeys) in senders {
            let Some(message) = program.messages.get(id.index()) else { continue };
            if message.variants.iter().any(|v| counts(limit.what, v.channel, message.purpose)) {
                for journey in journeys {
                    passed.entry(*journey).or_default().insert(&message.name);
                }
            }
        }
        passed.retain(|id, _| program.journeys.get(id.index()).is_some_and(|j| j.key.as_ref() != Some(key)));
        let Some((first, messages)) = passed.iter().next() else { continue };
        let Some(journey) = program.journeys.get(first.index()) else { continue };
        let (key, rule) = (key.join("."), bounds::rule(limit));
        let message = messages.iter().next().copied().unwrap_or_default();
        let has = match &journey.key {
            Some(key) => format!("is `per {}`", key.join(".")),
            None => "has no key".into(),
        };
        let mut finding = Finding::new(
            &J0230,
            spans.get(&Node::PolicyLimit(i)),
            format!("`{}` can pass this rule by: it counts for each `{key}`, and the journey {has}", journey.name),
        )
        .label(format!("there for {law}"))
        .how(format!("`{}` sends `{message}` as often as it likes, and {rule} does not count it", journey.name))
        .help(format!(
            "let the journey be  for customer per {key}  or, where `{}` is no such matter, give `{message}` another purpose or channel; without `per {key}` the rule counts for the customer, which is stricter",
            journey.name
        ));
        for (id, _) in passed.iter().take(story::NAMED) {
            finding = finding.also(spans.get(&Node::Journey(*id)), "is not counted");
        }
        out.push(finding);
    }
}
