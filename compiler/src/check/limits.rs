//! Limits whose fate helps nobody, and limits that can never act.
//!
//! Both are told only where they are proven: a limit that might act is left alone, since it may be there for a feed that
//! nobody has seen yet.

use journey_spec::codes::{J0208, J0209};
use journey_spec::program::{Fate, Journey, Limit, LimitWhat, Message, Program};
use journey_step::ledger::most_within;
use petgraph::graph::NodeIndex;

use super::bounds::{self, Cycles, Returns};
use super::{Case, mend, reached, story};
use crate::diagnostics::Finding;
use crate::graph::{Sent, channels, counts};
use crate::spans::{Node, Spans};

/// What a limit says instead leads elsewhere.
///
/// A start that is redirected to where it goes anyway bounds nothing, nor a visit of a state that does nothing but lead
/// there; nor does a message limit that leads to the one state in which the steps that send its messages come to rest, and
/// which sends nothing when it is entered. That a fate leads round in a circle of
/// messages or limits is told as J0206 and J0204.
pub(super) fn lead_somewhere_else(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let Some(journey) = case.program.journeys.get(graph.journey.index()) else { return };
    for (i, limit) in journey.limits.iter().enumerate() {
        let Fate::Goto(to) = limit.fate else { continue };
        let name = journey.states.get(to.index()).map_or("", |s| s.name.as_str());
        let rule = bounds::rule(limit);
        let place = case.spans.get(&Node::Limit(graph.journey, i));
        match limit.what {
            LimitWhat::Starts | LimitWhat::Live
                if !journey.starts.is_empty() && journey.starts.iter().all(|s| s.to == to) =>
            {
                let queue = mend::queue(case);
                out.push(
                    Finding::new(
                        &J0208,
                        place,
                        format!(
                            "beyond this limit a customer gets just the same: `{}` begins in `{name}` anyway",
                            graph.name
                        ),
                    )
                    .label(format!("leads to `{name}`, where every start leads"))
                    .how(format!(
                        "{rule} is full, one more comes in, and begins in {}",
                        story::stop(graph, graph.at(to))
                    ))
                    .help(format!("let somebody take over, for example  {rule} else handoff \"{queue}\"")),
                );
            }
            LimitWhat::Messages { .. } => {
                let counted = |s: &Sent| counts_it(case.program, limit, s);
                let from: Vec<_> = graph.all_sends().filter(|(_, s)| counted(s)).map(|(n, _)| n).collect();
                let here = graph.at(to);
                let silent = graph.place(here).is_some_and(|p| p.sends.is_empty() && !p.hands_off && p.rests);
                // Where the step that sends it comes to rest anyway.
                let goes_there = |n: &NodeIndex| *n == here || reached::rests(graph, *n).iter().all(|r| *r == here);
                if silent && !from.is_empty() && from.iter().all(goes_there) {
                    let queue = mend::queue(case);
                    let own = from.iter().all(|n| *n == here);
                    let (label, how) = match own {
                        true => (
                            format!("leads to `{name}`, the only state that sends what it counts"),
                            format!("in {name}, {rule} is full: the message is blocked, and `{name}` is entered anew"),
                        ),
                        false => (
                            format!("leads to `{name}`, where whatever sends what it counts goes anyway"),
                            format!(
                                "{rule} is full: the message is blocked, and the customer is in {name}, as if they had got it"
                            ),
                        ),
                    };
                    out.push(
                        Finding::new(
                            &J0208,
                            place,
                            format!(
                                "beyond this limit nobody takes over: the customer is left in `{name}`, where they are"
                            ),
                        )
                        .label(label)
                        .how(how)
                        .help(format!("let somebody take over, for example  {rule} else handoff \"{queue}\"")),
                    );
                }
            }
            // A state that does nothing but lead there is one that nobody misses.
            LimitWhat::Visits(state) => {
                let Some(decl) = journey.states.get(state.index()) else { continue };
                let idle = decl.entry.is_empty() && decl.next == Some(to);
                if idle && state != to {
                    let queue = mend::queue(case);
                    out.push(
                        Finding::new(
                            &J0208,
                            place,
                            format!("beyond this limit a customer gets just the same: `{}` leads to `{name}` anyway", decl.name),
                        )
                        .label(format!("leads to `{name}`, where `{}` leads at once", decl.name))
                        .also(case.spans.get(&Node::State(graph.journey, state)), "does nothing else")
                        .how(format!("{rule} is full, one more comes, and goes to {}", story::stop(graph, graph.at(to))))
                        .help(format!("let somebody take over, for example  {rule} else handoff \"{queue}\"; or take the limit away")),
                    );
                }
            }
            _ => {}
        }
    }
}

/// Whether a limit counts a message on some channel on which it may leave.
fn counts_it(program: &Program, limit: &Limit, sent: &Sent) -> bool {
    let message = program.messages.get(sent.send.message.index());
    message.is_some_and(|m| channels(m, &sent.send).into_iter().any(|c| counts(limit.what, c, m.purpose)))
}

/// Every limit of a journey can act.
pub(super) fn can_act(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let Some(journey) = case.program.journeys.get(graph.journey.index()) else { return };
    let sent: Vec<Sent> = graph.all_sends().map(|(_, s)| s.clone()).collect();
    let reach = graph.reachable();
    let cycles = Cycles::of(graph);
    for (i, limit) in journey.limits.iter().enumerate().filter(|(_, l)| l.n > 0) {
        let why = match limit.what {
            LimitWhat::Messages { .. } => idle(case.program, limit, &sent),
            LimitWhat::Visits(state) => {
                let node = graph.at(state);
                let name = graph.label(node);
                let once =
                    !limit.per_customer && reach.contains(&node) && Returns::to(graph, &cycles, node).at_most_once();
                once.then(|| (format!("an instance of `{}` enters `{name}` once at most", graph.name), None))
            }
            LimitWhat::Live if journey.key.is_none() => {
                let text = format!("without a `per` key a customer has one `{}` at a time anyway", graph.name);
                Some((text, None))
            }
            LimitWhat::Live => {
                let lives =
                    |l: &&Limit| l.what == LimitWhat::Starts && l.per.is_none() && l.n < limit.n && begins_none(l);
                journey.limits.iter().position(|l| lives(&l)).map(stricter_words)
            }
            LimitWhat::Starts => None,
        };
        let essential = sent.iter().any(|s| is_essential(case.program, s) && counts_it(case.program, limit, s));
        let stricter = || dominating(journey, limit, i, essential);
        let Some((text, other)) = why.or_else(|| stricter().map(stricter_words)) else { continue };
        let other = other.and_then(|o| Some((Node::Limit(graph.journey, o), journey.limits.get(o)?)));
        out.push(never(case.spans, (Node::Limit(graph.journey, i), limit), other, text));
    }
}

/// Every limit of the policy can act beside the others. One that counts nothing of this project's is left alone: a policy
/// is shared by many. So is one that names its law, which stands there for who asks for it, also beside a stricter law.
pub(super) fn of_the_policy_can_act(program: &Program, spans: &Spans, out: &mut Vec<Finding>) {
    let limits = &program.policy.limits;
    for (i, limit) in limits.iter().enumerate().filter(|(_, l)| l.n > 0 && l.because.is_none()) {
        let essential = program.messages.iter().any(|m| m.essential.is_some() && may_count(limit, m));
        let stricter = limits.iter().enumerate().position(|(j, other)| {
            i != j
                && wider(limit, other)
                && (other.key.is_none() || other.key == limit.key)
                && bounds_it(limit, other, essential)
        });
        let Some(other) = stricter else { continue };
        let (text, _) = stricter_words(other);
        let other = limits.get(other).map(|l| (Node::PolicyLimit(other), l));
        out.push(never(spans, (Node::PolicyLimit(i), limit), other, text));
    }
}

fn may_count(limit: &Limit, message: &Message) -> bool {
    message.variants.iter().any(|v| counts(limit.what, v.channel, message.purpose))
}

fn is_essential(program: &Program, sent: &Sent) -> bool {
    program.messages.get(sent.send.message.index()).is_some_and(|m| m.essential.is_some())
}

/// Why a limit on messages bars nothing of what a journey sends.
fn idle(program: &Program, limit: &Limit, sent: &[Sent]) -> Option<(String, Option<usize>)> {
    let counted: Vec<&Sent> = sent.iter().filter(|s| counts_it(program, limit, s)).collect();
    if sent.is_empty() || counted.iter().any(|s| !is_essential(program, s)) {
        return None;
    }
    let text = match counted.is_empty() {
        true => "the journey sends nothing that it counts",
        false => "all that it counts is essential, and passes every limit",
    };
    Some((text.into(), None))
}

fn stricter_words(other: usize) -> (String, Option<usize>) {
    ("another is full long before".into(), Some(other))
}

/// A start or visit that this limit bars does not happen; one that is led elsewhere still does.
fn begins_none(limit: &Limit) -> bool {
    !matches!(limit.fate, Fate::Goto(_))
}

/// The limit of the same journey that is always full before this one.
fn dominating(journey: &Journey, limit: &Limit, i: usize, essential: bool) -> Option<usize> {
    journey.limits.iter().enumerate().position(|(j, other)| {
        let scope = other.per_customer || !limit.per_customer;
        let counted = match limit.what {
            LimitWhat::Messages { .. } => true,
            _ => begins_none(other),
        };
        i != j && scope && counted && wider(limit, other) && bounds_it(limit, other, essential)
    })
}

/// Whether another limit counts all that this one does.
fn wider(limit: &Limit, other: &Limit) -> bool {
    match (limit.what, other.what) {
        (LimitWhat::Messages { channel, purpose }, LimitWhat::Messages { channel: c, purpose: p }) => {
            (c.is_none() || c == channel) && (p.is_none() || p == purpose)
        }
        (LimitWhat::Live, LimitWhat::Live) => other.n < limit.n,
        (a, b) => a == b && !matches!(a, LimitWhat::Live),
    }
}

/// Whether what the other lets through never comes to this limit's number. Essential messages are counted and not barred.
fn bounds_it(limit: &Limit, other: &Limit, essential: bool) -> bool {
    let n = u64::from(other.n);
    let most = match (other.per, limit.per) {
        (None, _) => n,
        (Some(_), None) => return false,
        (Some(per), Some(window)) => most_within(n, per, window),
    };
    !essential && most < u64::from(limit.n)
}

fn never(spans: &Spans, at: (Node, &Limit), other: Option<(Node, &Limit)>, why: String) -> Finding {
    let (node, limit) = at;
    let rule = bounds::rule(limit);
    let finding = Finding::new(&J0209, spans.get(&node), format!("`{rule}` never does anything for a customer: {why}"))
        .label("never full");
    match other {
        Some((other, stricter)) => finding
            .also(spans.get(&other), "is full before it")
            .help(format!("take it away, or make it stricter than `{}`", bounds::rule(stricter))),
        None => finding.help("take it away, or let it count what can happen"),
    }
}
