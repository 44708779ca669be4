//! Rules that name a law are rules for every journey.
//!
//! A rule of the policy `per debt.id`, a limit or a quiet time that an event begins, is for the journeys that have that key,
//! and for no other. Where it says for which law it is there, whoever reads it takes the law for kept; a journey that sends
//! what it is about and goes by another key, or by none, passes it by.

use std::collections::{BTreeMap, BTreeSet};

use journey_spec::codes::J0230;
use journey_spec::program::{JourneyId, Message, Program};

use super::texts::Senders;
use super::{begun, bounds, story};
use crate::diagnostics::Finding;
use crate::graph::counts;
use crate::spans::{Node, Spans};

/// A rule that names its law and goes by a key, in the words in which its kind is told.
struct Cited<'a> {
    node: Node,
    law: &'a str,
    key: &'a [String],
    /// What the journeys send that it is about.
    sent: SentBy<'a>,
    /// What it does for each value of its key.
    does: &'static str,
    /// What it would do without a key.
    alone: &'static str,
    /// What it does not do to a journey that passes it by.
    undone: &'static str,
    /// How a journey passes it by: what comes before it sends such a message, and what the rule makes of that.
    how: (String, String),
}

/// Messages by the journeys that send them.
pub(super) type SentBy<'p> = BTreeMap<JourneyId, BTreeSet<&'p str>>;

/// Which journeys send a message of this sort, and which they are, by name.
pub(super) fn sent<'p>(program: &'p Program, senders: &Senders, is_meant: impl Fn(&Message) -> bool) -> SentBy<'p> {
    let mut all: SentBy<'p> = BTreeMap::new();
    for (id, journeys) in senders {
        let Some(message) = program.messages.get(id.index()).filter(|m| is_meant(m)) else { continue };
        for journey in journeys {
            all.entry(*journey).or_default().insert(&message.name);
        }
    }
    all
}

/// Every journey that sends what such a rule is about has its key.
pub(super) fn rules_hold_for_everybody(program: &Program, spans: &Spans, senders: &Senders, out: &mut Vec<Finding>) {
    let limits = program.policy.limits.iter().enumerate().filter_map(|(i, limit)| {
        let counted = |m: &Message| m.variants.iter().any(|v| counts(limit.what, v.channel, m.purpose));
        Some(Cited {
            node: Node::PolicyLimit(i),
            law: limit.because.as_ref()?,
            key: limit.key.as_ref()?,
            sent: sent(program, senders, counted),
            does: "counts",
            alone: "counts",
            undone: "is not counted",
            how: (String::new(), format!("as often as it likes, and {} does not count it", bounds::rule(limit))),
        })
    });
    let quiet = program.policy.quiet_after.iter().enumerate().filter_map(|(i, rule)| {
        let event = program.events.get(rule.after.index()).map_or("", |e| e.name.as_str());
        Some(Cited {
            node: Node::QuietAfter(i),
            law: rule.because.as_ref()?,
            key: rule.key.as_ref()?,
            sent: begun::messages_of(program, senders, rule),
            does: "is quiet",
            alone: "holds",
            undone: "is not held back",
            how: (format!("`{event}` comes, "), format!("all the same, and `{}` does not see it", begun::words(rule))),
        })
    });
    out.extend(limits.chain(quiet).filter_map(|cited| passed_by(program, spans, cited)));
}

fn passed_by(program: &Program, spans: &Spans, cited: Cited<'_>) -> Option<Finding> {
    let Cited { node, law, key, mut sent, does, alone, undone, how: (before, after) } = cited;
    let is_keyed = |id: &JourneyId| program.journeys.get(id.index()).is_some_and(|j| j.key.as_deref() == Some(key));
    sent.retain(|id, _| !is_keyed(id));
    let (first, messages) = sent.iter().next()?;
    let (journey, key) = (program.journeys.get(first.index())?, key.join("."));
    let (name, message) = (&journey.name, messages.iter().next().copied().unwrap_or_default());
    let has = match &journey.key {
        Some(key) => format!("is `per {}`", key.join(".")),
        None => "has no key".into(),
    };
    let mut finding = Finding::new(
        &J0230,
        spans.get(&node),
        format!("`{name}` can pass this rule by: it {does} for each `{key}`, and the journey {has}"),
    )
    .label(format!("there for {law}"))
    .how(format!("{before}`{name}` sends `{message}` {after}"))
    .help(format!(
        "let the journey be  for customer per {key}  or, where `{name}` is no such matter, give `{message}` another purpose or channel; without `per {key}` the rule {alone} for the customer, which is stricter"
    ));
    for (id, _) in sent.iter().take(story::NAMED) {
        finding = finding.also(spans.get(&Node::Journey(*id)), undone);
    }
    Some(finding)
}
