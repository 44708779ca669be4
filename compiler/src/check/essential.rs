//! Essential messages pass every limit; in return their own bound, `essential at most N per W`, is proven here.
//!
//! The proof counts for one instance the places that send the message, each as often as its state can be entered in the
//! window ([`Returns`]). A place in a `stay` comes as often as what it answers, so it proves something only where that is an
//! event of which so many are taken in at most.

use std::collections::BTreeMap;

use journey_spec::codes::J0207;
use journey_spec::program::{HOUR, LOOKUP, Limit, MessageId, Millis, Window};
use journey_spec::time::spelled_duration;
use petgraph::graph::NodeIndex;

use super::bounds::{Cycles, Intake, Returns, rule};
use super::{Case, mend, story};
use crate::diagnostics::Finding;
use crate::graph::{Edge, Sent, caps};
use crate::spans::Node;

/// How often a place sends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comes {
    /// Once whenever its state is entered, or so long after.
    Once,
    /// Once in each visit of its state, at any time of it.
    Sometime,
    /// Whenever such an event is taken in.
    TakenIn(Intake),
    /// As often as what it answers.
    Unbounded,
}

/// Each essential message keeps the bound that it declares.
pub(super) fn messages_keep_their_own_bound(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let Some(journey) = case.program.journeys.get(graph.journey.index()) else { return };
    let reach = graph.reachable();
    let mut sites: BTreeMap<MessageId, Vec<(NodeIndex, Sent, Comes)>> = BTreeMap::new();
    for n in &reach {
        let entries = graph.place(*n).into_iter().flat_map(|p| p.sends.iter()).map(|s| (s, Comes::Once));
        let comes = |e: &Edge| match Intake::of(e) {
            _ if !e.repeats && e.is_at_its_time() => Comes::Once,
            _ if !e.repeats => Comes::Sometime,
            Some(intake) => Comes::TakenIn(intake),
            None => Comes::Unbounded,
        };
        let stays = graph.out(*n).flat_map(|(_, _, e)| e.sends.iter().map(move |s| (s, comes(e))));
        for (sent, comes) in entries.chain(stays) {
            let places = sites.entry(sent.send.message).or_default();
            // An arrow of the journey stands in each state, and one instance takes it in one of them.
            let told = |(_, s, c): &(NodeIndex, Sent, Comes)| s.node == sent.node && *c == comes;
            if !(matches!(comes, Comes::TakenIn(_)) && places.iter().any(told)) {
                places.push((*n, sent.clone(), comes));
            }
        }
    }
    let cycles = Cycles::of(graph);
    for (id, places) in sites {
        let Some(message) = case.program.messages.get(id.index()) else { continue };
        let Some(quota) = message.essential else { continue };
        let returns: BTreeMap<_, _> = places.iter().map(|(n, ..)| (*n, Returns::to(graph, &cycles, *n))).collect();
        // What has to be fresh leaves a little later than it is decided.
        let decided = match message.fresh.is_empty() {
            true => quota.per,
            false => Window::Rolling(quota.per.longest().saturating_add(LOOKUP)),
        };
        let count = |(n, _, comes): &(NodeIndex, Sent, Comes)| match comes {
            Comes::Once => returns.get(n)?.most(graph, &journey.limits, Some(decided)),
            // The visit under way as the window begins has not sent it yet.
            Comes::Sometime => {
                let within = |window| returns.get(n)?.most(graph, &journey.limits, window);
                within(Some(decided)).map(|times| times.saturating_add(1)).into_iter().chain(within(None)).min()
            }
            Comes::TakenIn(intake) => intake.most(Some(decided)),
            Comes::Unbounded => None,
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
        let Some((n, sent, comes)) = worst else { continue };
        let mut finding = Finding::new(&J0207, case.spans.get(&sent.node), message_text)
            .label(match count(&(*n, sent.clone(), *comes)) {
                Some(times) => format!("can come {times} times in {window}"),
                None if *comes == Comes::Unbounded => "comes as often as what it answers".into(),
                None => format!("nothing bounds how often `{}` is entered", graph.label(*n)),
            })
            .also(case.spans.get(&Node::Essential(id)), "declares this bound, and passes limits and quiet hours for it")
            .how(format!("{}, as often as that can happen", story::from_start(graph, *n)));
        for (_, other, _) in places.iter().filter(|p| p.1.node != sent.node) {
            finding = finding.also(case.spans.get(&other.node), "sends it too");
        }
        let who = mend::who_takes_over(case, &[*n].into(), *n);
        let state = graph.label(*n);
        let capped = |limit: &&Limit| {
            let is_it = graph.place(*n).and_then(|p| p.state).is_some_and(|s| caps(limit.what, s));
            is_it && limit.n <= quota.n && limit.per.is_none_or(|window| window.longest() >= quota.per.longest())
        };
        let standing = journey.limits.iter().find(capped);
        finding = finding.help(match (comes, standing) {
            // What stands there already is not what is missing.
            (Comes::Once, Some(limit)) if !message.fresh.is_empty() && places.len() == 1 => format!(
                "`{}` is not enough: its data are asked for before it leaves, which takes up to {}, so what is decided in {window} and {} can leave in {window}; let the limit count a little longer, for example  limit visits {state} to {} per {}h else {who}",
                rule(limit),
                spelled_duration(LOOKUP),
                spelled_duration(LOOKUP),
                limit.n,
                longer(quota.per),
            ),
            (Comes::Once, Some(limit)) if places.len() > 1 => format!(
                "`{}` is not enough, since {} places send it: let their limits come to {} together, or send it from one state",
                rule(limit),
                places.len(),
                quota.n
            ),
            (Comes::Once, _) => {
                format!("cap the state, for example  limit visits {state} to {} per {per} else {who}", quota.n)
            }
            (Comes::Sometime | Comes::TakenIn(_) | Comes::Unbounded, _) => {
                "send it on entering a state of its own, and cap that state's visits".into()
            }
        });
        out.push(finding);
    }
}

/// The hours of a window that holds all that is decided for one of this length.
fn longer(per: Window) -> Millis {
    per.longest().saturating_add(LOOKUP).saturating_add(HOUR - 1).div_euclid(HOUR)
}
