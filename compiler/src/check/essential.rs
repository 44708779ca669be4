//! Essential messages pass every limit; in return their own bound, `essential at most N per W`, is proven here.
//!
//! The proof counts for one instance the places that send the message, each as often as its state can be entered in the
//! window ([`Returns`]). A place in a `stay` can come any number of times, so it proves nothing.

use std::collections::BTreeMap;

use journey_spec::codes::J0207;
use journey_spec::program::MessageId;
use petgraph::graph::NodeIndex;

use super::bounds::{Cycles, Returns};
use super::{Case, mend, story};
use crate::diagnostics::Finding;
use crate::graph::Sent;
use crate::spans::Node;

/// Each essential message keeps the bound that it declares.
pub(super) fn messages_keep_their_own_bound(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let Some(journey) = case.program.journeys.get(graph.journey.index()) else { return };
    let reach = graph.reachable();
    let mut sites: BTreeMap<MessageId, Vec<(NodeIndex, Sent, bool)>> = BTreeMap::new();
    for n in &reach {
        let entries = graph.place(*n).into_iter().flat_map(|p| p.sends.iter()).map(|s| (s, true));
        let stays = graph.out(*n).flat_map(|(_, _, e)| e.sends.iter().map(move |s| (s, !e.repeats)));
        for (sent, once) in entries.chain(stays) {
            sites.entry(sent.send.message).or_default().push((*n, sent.clone(), once));
        }
    }
    let cycles = Cycles::of(graph);
    for (id, places) in sites {
        let Some(message) = case.program.messages.get(id.index()) else { continue };
        let Some(quota) = message.essential else { continue };
        let returns: BTreeMap<_, _> = places.iter().map(|(n, ..)| (*n, Returns::to(graph, &cycles, *n))).collect();
        let count = |(n, _, once): &(NodeIndex, Sent, bool)| {
            if *once { returns.get(n)?.most(graph, &journey.limits, Some(quota.per)) } else { None }
        };
        let total = places.iter().map(count).try_fold(0_u64, |sum, n| Some(sum.saturating_add(n?)));
        if total.is_some_and(|n| n <= u64::from(quota.n)) {
            continue;
        }
        let (window, per) = (story::stretch(quota.per), quota.per.spelled());
        let (message_text, worst) = match total {
            Some(n) => (
                format!(
                    "one customer can get `{}` {n} times in {window}, past the {} it declares",
                    message.name, quota.n
                ),
                places.iter().max_by_key(|p| count(p)),
            ),
            None => (
                format!("one customer can get `{}` any number of times, past every limit", message.name),
                places.iter().find(|p| count(p).is_none()),
            ),
        };
        let Some((n, sent, once)) = worst else { continue };
        let mut finding = Finding::new(&J0207, case.spans.get(&sent.node), message_text)
            .label(match count(&(*n, sent.clone(), *once)) {
                Some(times) => format!("can come {times} times in {window}"),
                None if !once => "comes as often as what it answers".into(),
                None => format!("nothing bounds how often `{}` is entered", graph.label(*n)),
            })
            .also(case.spans.get(&Node::Essential(id)), "declares this bound, and passes limits and quiet hours for it")
            .how(format!("{}, as often as that can happen", story::from_start(graph, *n)));
        for (_, other, _) in places.iter().filter(|p| p.1.node != sent.node) {
            finding = finding.also(case.spans.get(&other.node), "sends it too");
        }
        let who = mend::who_takes_over(case, &[*n].into(), *n);
        finding = finding.help(match once {
            true => format!(
                "cap the state, for example  limit visits {} to {} per {per} else {who}",
                graph.label(*n),
                quota.n
            ),
            false => "send it on entering a state of its own, and cap that state's visits".into(),
        });
        out.push(finding);
    }
}
