//! Mornings: what waited through the night leaves in the minute in which quiet hours end.
//!
//! While a message waits its instance rests where the step that decided it came to rest, since leaving withdraws it. So of
//! one instance there wait at most the messages of one step, those of the states that it passed at once on its way, and what
//! a `stay` of that state has sent since: a timer once, an event as often as it is taken in during the longest night. The
//! longest such chain is found backwards along arrows that take no time. What an answer sends is not counted: who writes at
//! night three times is not surprised by three answers. Of all journeys the customer can have one instance each, and more
//! where there are more; the sum is what limits, asked at one moment, let through of it. Quiet hours `else latest` keep one
//! message of each instance.

use std::collections::{BTreeMap, BTreeSet};

use journey_spec::codes::J0222;
use journey_spec::program::{HOUR, Journey, Limit, Program, Purpose, Window};
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::bounds::{Class, Intake, at_one_moment};
use super::quiet::{Night, night};
use super::{Case, story};
use crate::diagnostics::Finding;
use crate::graph::{Edge, Graph, Kind, Sent, channels};
use crate::spans::{Node, Spans};

/// So many at once are a burst.
const BURST: u64 = 3;

/// What can wait of one instance of a journey when a night ends.
pub(super) struct Queue {
    name: String,
    /// How many; none where nothing bounds them.
    waiting: Option<u64>,
    classes: Vec<Class>,
    sends: Vec<Node>,
    night: Night,
    story: String,
}

/// What of a journey can wait at the end of a night, in the state where that is most; none where nothing can.
pub(super) fn queue(case: &Case<'_>, nights: &Nights) -> Option<Queue> {
    let graph = case.graph;
    let journey = case.program.journeys.get(graph.journey.index())?;
    let reach = graph.reachable();
    let chains = Chains::of(case, nights)?;
    let all = graph.nodes().filter(|n| reach.contains(n) && (graph.rests(*n) || graph.ends(*n)));
    let queues = all.filter_map(|n| at_rest(case, journey, nights, &chains, n));
    // None is the most of all; of equals the first.
    let (mut most, way, again, n) = queues.reduce(|best, next| match (best.0.waiting, next.0.waiting) {
        (Some(a), Some(b)) if a < b => next,
        (Some(_), None) => next,
        _ => best,
    })?;
    let first = way.first().and_then(|e| graph.edge(*e)).map_or(n, |(from, ..)| from);
    most.story = format!("{}{}{again}", story::from_start(graph, first), story::along(graph, &way));
    Some(most)
}

/// What waits where an instance rests, still without its story; the arrows by which its step came there, and what is sent
/// there again.
type AtRest = (Queue, Vec<EdgeIndex>, String, NodeIndex);

fn at_rest(case: &Case<'_>, journey: &Journey, nights: &Nights, chains: &Chains, n: NodeIndex) -> Option<AtRest> {
    let (graph, program) = (case.graph, case.program);
    let way = chains.way(graph, n);
    let passed = way.iter().filter_map(|e| graph.edge(*e)).map(|(from, ..)| from).chain([n]);
    let mut sent: Vec<(&Sent, Option<u64>)> =
        passed.flat_map(|n| graph.place(n).into_iter().flat_map(|p| &p.sends)).map(|s| (s, Some(1))).collect();
    let mut again = String::new();
    for (_, _, edge) in graph.out(n).filter(|(_, _, e)| e.stay && !e.sends.is_empty()) {
        let Some(times) = times(program, nights, edge) else { continue };
        sent.extend(edge.sends.iter().map(|s| (s, times)));
        if edge.sends.iter().any(|s| held(program, nights, s).is_some()) {
            let often = if times == Some(1) { "" } else { ", again and again" };
            again = format!("{again}, then {} ✉{often}", edge.word);
        }
    }
    let held: Vec<(&Sent, Option<u64>, &Night)> =
        sent.into_iter().filter_map(|(s, times)| Some((s, times, held(program, nights, s)?))).collect();
    let (_, _, night) = held.first()?;
    let mut classes: Vec<Class> = Vec::new();
    for (s, ..) in &held {
        let Some(m) = program.messages.get(s.send.message.index()) else { continue };
        classes.extend(channels(m, &s.send).into_iter().map(|c| (c, m.purpose)));
    }
    let newest = held.iter().all(|(_, _, night)| night.latest);
    let sum = held.iter().try_fold(0_u64, |sum, (_, times, _)| Some(sum.saturating_add((*times)?)));
    let sum = if newest { Some(1) } else { sum };
    let own: Vec<&Limit> = journey.limits.iter().collect();
    let waiting = sum.into_iter().chain(at_one_moment(&own, &classes)).min();
    let queue = Queue {
        name: graph.name.clone(),
        waiting,
        classes,
        sends: held.iter().map(|(s, ..)| s.node.clone()).collect(),
        night: (*night).clone(),
        story: String::new(),
    };
    Some((queue, way, again, n))
}

/// How often a `stay` can send in one night, of itself; none where it is not counted, or where nothing says so.
fn times(program: &Program, nights: &Nights, edge: &Edge) -> Option<Option<u64>> {
    match edge.kind {
        Kind::Reply | Kind::Blocked | Kind::Failed | Kind::OptOut | Kind::Urgent => None,
        Kind::Event => {
            let longest = edge.sends.iter().filter_map(|s| Some(held(program, nights, s)?.lasts)).max()?;
            // On one night of the year the clock is set back.
            let night = Window::Rolling(longest.saturating_add(HOUR));
            Some(Intake::of(edge).and_then(|intake| intake.most(Some(night))))
        }
        Kind::Outcome | Kind::Closed | Kind::Past | Kind::At | Kind::After => Some(Some(1)),
    }
}

/// The night that a message waits out.
fn held<'n>(program: &Program, nights: &'n Nights, sent: &Sent) -> Option<&'n Night> {
    let message = program.messages.get(sent.send.message.index()).filter(|m| m.essential.is_none())?;
    nights.get(&message.purpose)
}

/// The nights that messages wait out, by their purpose.
pub(super) type Nights = BTreeMap<Purpose, Night>;

/// Those of a policy.
pub(super) fn nights(program: &Program) -> Nights {
    Purpose::ALL.into_iter().filter_map(|purpose| Some((purpose, night(program, purpose)?))).collect()
}

/// Of each place, the arrow that takes no time by which a step that rests there has sent most.
struct Chains {
    by: BTreeMap<NodeIndex, EdgeIndex>,
}

impl Chains {
    /// None where a round takes no time, which is told as such.
    fn of(case: &Case<'_>, nights: &Nights) -> Option<Chains> {
        let graph = case.graph;
        let own = |n: NodeIndex| {
            let sends = graph.place(n).into_iter().flat_map(|p| &p.sends);
            sends.filter(|s| held(case.program, nights, s).is_some()).count()
        };
        let mut most: BTreeMap<NodeIndex, usize> = graph.nodes().map(|n| (n, own(n))).collect();
        let mut by = BTreeMap::new();
        let edges: Vec<_> = graph.edges().filter(|(.., e)| !e.stay && e.kind == Kind::Urgent).collect();
        for _ in 0..=graph.nodes().count() {
            let mut grew = false;
            for (id, from, to, _) in &edges {
                let through = most.get(from).copied().unwrap_or_default();
                let all = through.saturating_add(own(*to));
                if through > 0 && most.get(to).is_none_or(|known| *known < all) {
                    most.insert(*to, all);
                    by.insert(*to, *id);
                    grew = true;
                }
            }
            if !grew {
                return Some(Chains { by });
            }
        }
        None
    }

    fn way(&self, graph: &Graph, to: NodeIndex) -> Vec<EdgeIndex> {
        let mut way = Vec::new();
        let mut here = to;
        // As long as there are arrows; no more than that, since none is on a round.
        while let Some(id) = self.by.get(&here).filter(|_| way.len() <= self.by.len()) {
            let Some((from, ..)) = graph.edge(*id) else { break };
            way.push(*id);
            here = from;
        }
        way.reverse();
        way
    }
}

/// The customer does not get a burst of messages when the night is over.
pub(super) fn bring_no_burst(program: &Program, spans: &Spans, queues: &[&Queue], out: &mut Vec<Finding>) {
    let Some(longest) = queues.iter().max_by_key(|q| q.waiting.unwrap_or(u64::MAX)) else { return };
    let sum = queues.iter().try_fold(0_u64, |sum, q| Some(sum.saturating_add(q.waiting?)));
    let classes: Vec<Class> = queues.iter().flat_map(|q| q.classes.iter().copied()).collect();
    let house: Vec<&Limit> = program.policy.limits.iter().filter(|l| l.key.is_none()).collect();
    let together = sum.into_iter().chain(at_one_moment(&house, &classes)).min();
    if together.is_some_and(|n| n < BURST) {
        return;
    }
    let number = together.map_or("any number of".into(), |n| n.to_string());
    let night = &longest.night;
    let hour = format!("{:02}:{:02}", night.until / 60, night.until % 60);
    let several = queues.len() > 1;
    let text = match several {
        true => {
            format!("one customer can get {number} messages at {hour}, all at once, from {} journeys", queues.len())
        }
        false => format!("one customer can get {number} messages at {hour}, all at once, from one `{}`", longest.name),
    };
    let each = |q: &&Queue| format!("`{}` {}", q.name, q.waiting.map_or("any number".into(), |n| n.to_string()));
    let how = match several {
        true => format!(
            "of one night there wait {}; of `{}`: {}",
            story::list(queues.iter().map(each)),
            longest.name,
            longest.story
        ),
        false => format!("at night {}: nothing leaves until {hour}, and then all of it", longest.story),
    };
    let quiet = Node::Quiet(night.rule);
    let lets_go = format!("holds them back, and lets all of them go at {hour}");
    let mut seen = BTreeSet::new();
    let sends: Vec<&Node> = queues.iter().flat_map(|q| &q.sends).filter(|node| seen.insert(*node)).collect();
    // Of one journey its designer decides, of several the house.
    let (first, waits) = match sends.last().copied().filter(|_| !several) {
        Some(last) => (last, "waits for the morning".to_owned()),
        None => (&quiet, lets_go.clone()),
    };
    // The newest of each instance are as many as there are journeys, where they are not kept so already.
    let newest = [queues.len() as u64].into_iter().chain(at_one_moment(&house, &classes)).min();
    let fewer = newest.filter(|newest| together.is_none_or(|n| *newest < n));
    let latest = match fewer {
        Some(newest) if newest < BURST => "; or keep only the newest of each instance:  else latest".into(),
        Some(newest) => format!("; `else latest` keeps only the newest of each instance, which still leaves {newest}"),
        None => String::new(),
    };
    let whose = if several { "in the policy " } else { "" };
    let mut finding = Finding::new(&J0222, spans.get(first), text)
        .label(waits)
        .how(how)
        .help(format!("let few leave at a time, for example {whose} limit messages to 2 per 1h else defer{latest}"));
    if !several {
        finding = finding.also(spans.get(&quiet), lets_go);
    }
    for node in sends.into_iter().filter(|node| *node != first).take(story::NAMED) {
        finding = finding.also(spans.get(node), "waits for the morning");
    }
    out.push(finding);
}
