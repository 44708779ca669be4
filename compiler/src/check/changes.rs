//! Changes that no state hears: what a customer is told, and when, goes by data that an event keeps current.
//!
//! An event that brings news of a datum, which the journey takes in some states just to know it (`stay`) or once a burst has
//! settled, may come in all of them. Where a state does not hear it,
//! the news is recorded and its data is not taken; if the journey then goes on to a message that quotes the datum, or waits
//! by it, the customer is told what is no longer true. From each state that rests and does not hear such an event, the
//! arrows are followed that do not take the datum anew, until one leads where the datum is used. A state that hears it only
//! where a condition holds has decided when to hear it, and is left alone.

use std::collections::BTreeSet;

use journey_spec::Type;
use journey_spec::codes::{J0217, J0226, J0310};
use journey_spec::program::{
    Deadline, EventId, Expr, Fate, Journey, Limit, LimitWhat, Piece, QuietAfter, Template, Then, Trigger, Validity,
};
use journey_spec::time::spelled_duration;
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::bounds::{limited, rule};
use super::texts::type_at;
use super::{Case, begun, reached, stale, story};
use crate::diagnostics::Finding;
use crate::graph::{Edge, Kind, Sent, datum, hears};
use crate::spans::Node;

/// No state misses a change of what is said or waited for after it.
pub(super) fn are_heard(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let Some(journey) = case.program.journeys.get(graph.journey.index()) else { return };
    let reach = graph.reachable();
    for (event, data) in carriers(journey) {
        let name = case.program.events.get(event.index()).map_or("", |e| e.name.as_str());
        for what in data {
            let missed: Vec<(NodeIndex, Missed)> = graph
                .nodes()
                .filter(|n| reach.contains(n) && graph.rests(*n) && !hears_it(case, journey, *n, event))
                .filter_map(|n| Some((n, missed(case, journey, n, what)?)))
                .collect();
            let Some((first, how)) = missed.first() else { continue };
            let states: Vec<NodeIndex> = missed.iter().map(|(n, _)| *n).collect();
            let mut finding = Finding::new(
                &J0310,
                case.spans.get(&graph.node_of(*first)),
                format!(
                    "a customer can be told an old `{what}`: `{name}` is not heard in {}",
                    story::names(graph, &states)
                ),
            )
            .label(format!("`{name}` comes, and its `{what}` is not taken"));
            for n in states.iter().skip(1).take(story::NAMED) {
                finding = finding.also(case.spans.get(&graph.node_of(*n)), "nor here");
            }
            let used = match &how.used {
                Used::Says(node, message) => {
                    finding = finding.also(case.spans.get(node), format!("quotes `{what}`"));
                    format!("`{message}` says what was true before")
                }
                Used::Waits(node) => {
                    finding = finding.also(case.spans.get(node), format!("goes by `{what}`"));
                    "it waits for a time that has changed".to_owned()
                }
            };
            finding = finding
                .how(format!(
                    "{}; {name} comes, and nobody hears it{}: {used}",
                    story::from_start(graph, *first),
                    story::along(graph, &how.way)
                ))
                .help(format!("hear it there too, if only to take the news over:  on {name}({what}) stay"));
            out.push(finding);
        }
    }
}

/// No limit drops the message that corrects what was said.
///
/// A message that is sent because a datum moved, and says it, corrects what the customer knows. Where a limit skips what is
/// one too many, the customer is left with an older one: `else latest` keeps the newest instead. A quiet time that an event
/// begins cannot keep one that long: there the journey has to hear that the message was blocked.
pub(super) fn are_told_in_the_end(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let Some(journey) = case.program.journeys.get(graph.journey.index()) else { return };
    let policy = &case.program.policy;
    let limits: Vec<(Node, &Limit)> = journey
        .limits
        .iter()
        .enumerate()
        .map(|(i, l)| (Node::Limit(graph.journey, i), l))
        .chain(policy.limits.iter().enumerate().map(|(i, l)| (Node::PolicyLimit(i), l)))
        .filter(|(_, l)| l.fate == Fate::Skip && l.per.is_some() && matches!(l.what, LimitWhat::Messages { .. }))
        .collect();
    let quiet: Vec<(Node, &QuietAfter)> = policy
        .quiet_after
        .iter()
        .enumerate()
        .map(|(i, q)| (Node::QuietAfter(i), q))
        .filter(|(_, q)| q.fate == Fate::Skip)
        .collect();
    if limits.is_empty() && quiet.is_empty() {
        return;
    }
    let reach = graph.reachable();
    let mut told = BTreeSet::new();
    for (id, from, to, edge) in graph.edges() {
        if edge.kind != Kind::Event || edge.stay || edge.takes.is_empty() || !reach.contains(&from) {
            continue;
        }
        let said_before = |what: &str| {
            let earlier = graph.paths([from], false, |_, _, _, e| !e.stay);
            graph.nodes().filter(|n| earlier.dist(*n).is_some()).any(|n| {
                graph
                    .place(n)
                    .is_some_and(|p| p.sends.iter().any(|s| matches!(uses(case, s, what), Some(Used::Says(..)))))
            })
        };
        for sent in graph.place(to).into_iter().flat_map(|p| &p.sends) {
            let Some(what) = edge.takes.iter().find(|what| matches!(uses(case, sent, what), Some(Used::Says(..))))
            else {
                continue;
            };
            let counted = limits.iter().find(|(_, l)| limited(case.program, std::iter::once(*l), sent));
            let silenced = || {
                let is_told = blocking_is_heard(case, journey, to, sent);
                quiet.iter().find(|(_, q)| !is_told && begun::silences(case.program, q, graph.journey, sent))
            };
            let dropped = match counted {
                Some((node, limit)) => Dropped {
                    node,
                    rule: rule(limit),
                    what: "limit",
                    label: "what is one too many is skipped, and never said".into(),
                    how: "after so many messages that of the last change is skipped, and that of an earlier one stands"
                        .into(),
                    help: "keep the newest instead of dropping it:  else latest",
                },
                None => match silenced() {
                    Some((node, quiet)) => {
                        let event = case.program.events.get(quiet.after.index()).map_or("", |e| e.name.as_str());
                        Dropped {
                            node,
                            rule: quiet.text.clone(),
                            what: "quiet time",
                            label: "what comes meanwhile is skipped, and never said".into(),
                            how: format!(
                                "`{event}` came before, so that it is skipped, and what was said earlier stands"
                            ),
                            help: "let somebody tell it in another way:  on blocked -> STATE  where it is sent, or  else handoff \"care\"  in the rule",
                        }
                    }
                    None => continue,
                },
            };
            let message = story::message(case, sent);
            if !said_before(what) || !told.insert((message.to_owned(), dropped.rule.clone())) {
                continue;
            }
            out.push(
                Finding::new(
                    &J0217,
                    case.spans.get(dropped.node),
                    format!(
                        "a customer can be left with an old `{what}`: this {} drops the `{message}` that corrects it",
                        dropped.what
                    ),
                )
                .label(dropped.label)
                .also(case.spans.get(&sent.node), format!("says the new `{what}`"))
                .how(format!("{}{}; {}", story::from_start(graph, from), story::along(graph, &[id]), dropped.how))
                .help(dropped.help),
            );
        }
    }
}

/// A rule that drops a correction.
struct Dropped<'a> {
    node: &'a Node,
    rule: String,
    what: &'static str,
    label: String,
    how: String,
    help: &'static str,
}

/// Whether the journey hears, wherever the step that sends a message comes to rest, that it was blocked.
fn blocking_is_heard(case: &Case<'_>, journey: &Journey, from: NodeIndex, sent: &Sent) -> bool {
    let graph = case.graph;
    let hears_it = |n: &NodeIndex| {
        let state = graph.place(*n).and_then(|p| p.state);
        state.is_some_and(|s| {
            hears(journey, graph.journey, s).iter().any(|(_, a)| a.on == Trigger::Blocked && a.when.is_none())
        })
    };
    sent.send.on_blocked.is_some() || reached::rests(graph, from).iter().all(hears_it)
}

/// No message waits, when its journey is over, to say what may have changed since.
///
/// What waits is withdrawn when its state is left, and is written from the newest data while it is not. A message whose step
/// has ended the journey waits all the same, and no instance is left that would take the news: so it says in the morning
/// what was true in the evening. Times and days are what news moves; other parts of a datum are left alone.
pub(super) fn are_heard_while_a_message_waits(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let Some(journey) = case.program.journeys.get(graph.journey.index()) else { return };
    let carriers = repeated(case, carriers(journey));
    let reach = graph.reachable();
    let mut told = BTreeSet::new();
    for n in graph.nodes().filter(|n| !carriers.is_empty() && reach.contains(n)) {
        let ends = || reached::rests(graph, n).into_iter().find(|to| graph.ends(*to));
        for sent in graph.place(n).into_iter().flat_map(|p| &p.sends) {
            let waits = stale::longest_wait(case, journey, sent);
            let fresh = case.program.messages.get(sent.send.message.index()).map_or(&[][..], |m| m.fresh.as_slice());
            let says = |what: &&str| says_when(case, journey, sent, what) && !fresh.iter().any(|f| f.datum == **what);
            let news = carriers.iter().find_map(|(event, data)| Some((*event, *data.iter().find(|d| says(d))?)));
            let Some(((event, what), end)) = news.filter(|_| waits > 0).zip(ends()) else { continue };
            let message = story::message(case, sent);
            if !told.insert(message.to_owned()) {
                continue;
            }
            let name = case.program.events.get(event.index()).map_or("", |e| e.name.as_str());
            let mut finding = Finding::new(
                &J0226,
                case.spans.get(&sent.node),
                format!("a customer can be told an old `{what}` in `{message}`: it may wait when the journey is over, and no one hears of a change"),
            )
            .label("may have to wait before it leaves");
            let mut hear = format!("on {name}({what}) stay   ");
            let brings = |e: &Edge| e.event == Some(event) && e.takes.iter().any(|t| t == what);
            if let Some((_, _, _, edge)) = graph.edges().find(|(.., e)| brings(e)) {
                if matches!(edge.node, Node::JourneyArrow(..)) {
                    hear.clear();
                }
                finding = finding
                    .also(case.spans.get(&edge.node), format!("brings a new `{what}`, as long as the journey lives"));
            }
            let way = graph.paths([n], true, |_, _, _, e| !e.stay && e.kind == Kind::Urgent).path(graph, end);
            out.push(
                finding
                    .how(format!(
                        "{}{}, and `{message}` waits; {name} comes, and when it leaves it says what was true before",
                        story::from_start(graph, n),
                        story::along(graph, &way)
                    ))
                    .help(format!(
                        "let the journey live until it has left, so that the news is heard:  {hear}after {} -> {}",
                        spelled_duration(waits),
                        graph.label(end)
                    )),
            );
        }
    }
}

/// Events that tell of changes, with the data that they bring: some arrow takes the data and stays, or lets a burst of them
/// settle. One that always moves the journey on is a milestone that happens to carry the datum, and is left alone.
fn carriers(journey: &Journey) -> Vec<(EventId, Vec<&str>)> {
    let mut all: Vec<(EventId, Vec<&str>)> = Vec::new();
    let arrows = journey.states.iter().flat_map(|s| s.arrows.iter()).chain(&journey.arrows);
    for arrow in arrows {
        let Trigger::Event { event, take, settle } = &arrow.on else { continue };
        if settle.is_none() && !matches!(arrow.then, Then::Stay(_)) {
            continue;
        }
        let data = match all.iter().position(|(e, _)| e == event).and_then(|i| all.get_mut(i)) {
            Some((_, data)) => data,
            None => {
                all.push((*event, Vec::new()));
                let Some((_, data)) = all.last_mut() else { continue };
                data
            }
        };
        data.extend(take.iter().map(String::as_str).filter(|t| !data.contains(t)).collect::<BTreeSet<_>>());
    }
    all
}

/// These, and events whose plain arrows bring a datum and that are heard again afterwards: what can come again and again tells
/// of changes too, and no milestone does.
fn repeated<'j>(case: &Case<'j>, mut all: Vec<(EventId, Vec<&'j str>)>) -> Vec<(EventId, Vec<&'j str>)> {
    let graph = case.graph;
    let Some(journey) = case.program.journeys.get(graph.journey.index()) else { return all };
    let reach = graph.reachable();
    let arrows = journey.states.iter().flat_map(|s| s.arrows.iter()).chain(&journey.arrows);
    for arrow in arrows {
        let Trigger::Event { event, take, settle: None } = &arrow.on else { continue };
        let again = || {
            let brought =
                graph.edges().filter(|(_, from, _, e)| e.event == Some(*event) && !e.stay && reach.contains(from));
            brought
                .flat_map(|(_, _, to, _)| graph.after(to))
                .any(|n| graph.rests(n) && hears_it(case, journey, n, *event))
        };
        if take.is_empty() || !matches!(arrow.then, Then::Goto(_)) || !again() {
            continue;
        }
        let at = all.iter().position(|(e, _)| e == event).unwrap_or_else(|| {
            all.push((*event, Vec::new()));
            all.len().saturating_sub(1)
        });
        if let Some((_, data)) = all.get_mut(at) {
            for what in take.iter().map(String::as_str) {
                if !data.contains(&what) {
                    data.push(what);
                }
            }
        }
    }
    all
}

fn hears_it(case: &Case<'_>, journey: &Journey, n: NodeIndex, event: EventId) -> bool {
    let Some(state) = case.graph.place(n).and_then(|p| p.state) else { return true };
    let is_it = |trigger: &Trigger| matches!(trigger, Trigger::Event { event: e, .. } if *e == event);
    hears(journey, case.graph.journey, state).iter().any(|(_, a)| is_it(&a.on))
}

/// How a change that is missed comes to matter.
struct Missed {
    way: Vec<EdgeIndex>,
    used: Used,
}

enum Used {
    /// A message quotes it.
    Says(Node, String),
    /// An instant or a deadline goes by it.
    Waits(Node),
}

/// Where the datum is used after a state that has missed its change, by the shortest way.
fn missed(case: &Case<'_>, journey: &Journey, from: NodeIndex, what: &str) -> Option<Missed> {
    let graph = case.graph;
    let stale = |e: &Edge| !e.takes.iter().any(|t| t == what) && e.kind != Kind::OptOut;
    let ways = graph.paths([from], true, |_, _, _, e| !e.stay && stale(e));
    let mut places: Vec<(u32, NodeIndex)> = graph.nodes().filter_map(|n| Some((ways.dist(n)?, n))).collect();
    places.sort_unstable();
    for (distance, n) in places {
        // What the state itself has said, it said before the change.
        let entry = graph.place(n).filter(|_| distance > 0).into_iter().flat_map(|p| p.sends.iter());
        let stays = graph.out(n).filter(|(_, _, e)| e.stay && stale(e)).flat_map(|(_, _, e)| e.sends.iter());
        let says = entry.chain(stays).find_map(|sent| uses(case, sent, what));
        if let Some(used) = says.or_else(|| waits(case, journey, n, what)) {
            return Some(Missed { way: ways.path(graph, n), used });
        }
    }
    None
}

/// Whether a message that is sent quotes the datum, or what it promises goes by it.
fn uses(case: &Case<'_>, sent: &Sent, what: &str) -> Option<Used> {
    let message = case.program.messages.get(sent.send.message.index())?;
    let quotes = |template: &Template| {
        template
            .0
            .iter()
            .any(|piece| matches!(piece, Piece::Value { path, .. } if path.first().is_some_and(|p| p == what)))
    };
    let says = message.variants.iter().any(|v| quotes(&v.body) || v.subject.as_ref().is_some_and(quotes));
    let until = matches!(&message.validity, Validity::Until(until) if begins_with(until, what));
    let by =
        sent.send.promising.as_ref().is_some_and(|p| matches!(&p.deadline, Deadline::By(by) if begins_with(by, what)));
    if says {
        return Some(Used::Says(sent.node.clone(), message.name.to_string()));
    }
    (until || by).then(|| Used::Waits(sent.node.clone()))
}

/// Whether a message says an instant or a day of the datum.
fn says_when(case: &Case<'_>, journey: &Journey, sent: &Sent, what: &str) -> bool {
    let Some(message) = case.program.messages.get(sent.send.message.index()) else { return false };
    let when = |piece: &Piece| match piece {
        Piece::Value { path, .. } if path.first().is_some_and(|p| p == what) => {
            let ty = type_at(case.program, journey, path);
            ty.is_some_and(|ty| matches!(ty.required(), Type::Instant | Type::Date))
        }
        _ => false,
    };
    let mut templates = message.variants.iter().flat_map(|v| v.subject.iter().chain([&v.body]));
    templates.any(|t| t.0.iter().any(when))
}

fn begins_with(instant: &Expr, what: &str) -> bool {
    datum(instant).and_then(|path| path.first()).is_some_and(|first| first == what)
}

/// Whether a state waits for an instant of the datum.
fn waits(case: &Case<'_>, journey: &Journey, n: NodeIndex, what: &str) -> Option<Used> {
    let state = case.graph.place(n).filter(|p| p.rests)?.state?;
    let heard = hears(journey, case.graph.journey, state);
    let at = heard.iter().find(|(_, a)| matches!(&a.on, Trigger::At { at, .. } if begins_with(at, what)));
    at.map(|(node, _)| Used::Waits(node.clone()))
}
