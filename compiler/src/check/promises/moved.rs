//! Promises that move in silence: an event brings a later time, the journey takes it over, and who was told the earlier one
//! waits for it.
//!
//! The deadline of a promise `by T` follows T. Where the promising message says T, a customer relies on the time that it
//! said; an arrow that takes T over while the promise is open, and comes to rest without a message that promises it again,
//! keeps or withdraws it, makes that time untrue, and the promise counts as kept all the same. Where the message does not say
//! T, as in "we text you when boarding begins", following the world is what was promised. An arrow whose condition holds T
//! against another datum (`case.word_by is said`) lets no later time in, and so does one below an arrow that takes what is
//! later.

use journey_spec::codes::J0503;
use journey_spec::program::{
    Arrow, Cmp, Cond, Deadline, EventId, Expr, Journey, Piece, Promise, Template, Then, Trigger,
};
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::{Case, Open, Truth, discharges};
use crate::check::story;
use crate::diagnostics::Finding;
use crate::graph::{Edge, Graph, Kind, Sent, channels, datum, hears, split};
use crate::spans::Node;

/// An arrow that moves an open promise and says nothing.
struct Moves {
    /// The promise.
    name: String,
    event: EventId,
    node: Node,
    finding: Finding,
    more: usize,
}

/// Whoever was told a time hears of it where it moves.
pub(super) fn in_silence(
    case: &Case<'_>,
    journey: &Journey,
    truth: &Truth<'_>,
    all: &[(NodeIndex, Sent)],
    out: &mut Vec<Finding>,
) {
    let graph = case.graph;
    let mut told: Vec<Moves> = Vec::new();
    let mut seen: Vec<(String, Node)> = Vec::new();
    for (from, sent) in all {
        let Some((promise, path)) = promised(sent).filter(|(_, path)| says(case, sent, path)) else { continue };
        let open = Open::walk(graph, truth, *from, sent, promise);
        // Where the time was said anew on the way, that message is looked at for itself.
        let anew = |n: NodeIndex| {
            let sends = graph.place(n).map_or(&[][..], |p| p.sends.as_slice());
            sends.iter().any(|s| promised(s).is_some_and(|(p, of)| p.name == promise.name && says(case, s, of)))
        };
        let said_last = |n: NodeIndex| {
            let mut entered = open.way(n).into_iter().filter_map(|e| Some(graph.edge(e)?.1));
            !entered.any(anew)
        };
        for n in open.order.iter().copied().filter(|n| graph.rests(*n) && said_last(*n)) {
            for (id, to, edge) in graph.out(n) {
                let Some(event) = edge.event.filter(|_| brings(edge, path)) else { continue };
                if !is_silent(journey, graph, (n, to, edge), &promise.name)
                    || !lets_in_later(case, journey, n, edge, path)
                {
                    continue;
                }
                let arrow = (promise.name.clone(), edge.node.clone());
                if seen.contains(&arrow) {
                    continue;
                }
                seen.push(arrow);
                // One event is one slip, in however many states it stands.
                if let Some(known) = told.iter_mut().find(|m| m.name == promise.name && m.event == event) {
                    if known.more < story::NAMED && known.node != edge.node {
                        let finding =
                            std::mem::replace(&mut known.finding, Finding::new(&J0503, case.spans.get(&edge.node), ""));
                        known.finding = finding.also(case.spans.get(&edge.node), "moves it in silence too");
                        known.more = known.more.saturating_add(1);
                    }
                    continue;
                }
                let finding = tell(case, &open, (sent, promise, path), (id, edge));
                let (name, node) = (promise.name.clone(), edge.node.clone());
                told.push(Moves { name, event, node, finding, more: 0 });
            }
        }
    }
    out.extend(told.into_iter().map(|moves| moves.finding));
}

/// A promise `by T`, and T where it is a datum of the journey.
fn promised(sent: &Sent) -> Option<(&Promise, &[String])> {
    let promise = sent.send.promising.as_ref()?;
    let Deadline::By(by) = &promise.deadline else { return None };
    let path = datum(by).filter(|path| path.first().is_some_and(|first| first != "customer"))?;
    Some((promise, path))
}

/// Whether a text that the message may leave with says the datum.
fn says(case: &Case<'_>, sent: &Sent, path: &[String]) -> bool {
    let Some(message) = case.program.messages.get(sent.send.message.index()) else { return false };
    let on = channels(message, &sent.send);
    let quotes = |t: &Template| {
        t.0.iter().any(|piece| matches!(piece, Piece::Value { path: said, .. } if said.as_slice() == path))
    };
    let texts = message.variants.iter().filter(|v| on.contains(&v.channel));
    texts.flat_map(|v| v.subject.iter().chain([&v.body])).any(quotes)
}

fn brings(edge: &Edge, path: &[String]) -> bool {
    edge.kind == Kind::Event && edge.takes.iter().any(|t| path.first() == Some(t))
}

/// Whether an arrow comes to rest with the promise neither made again nor kept nor withdrawn.
fn is_silent(journey: &Journey, graph: &Graph, (from, to, edge): (NodeIndex, NodeIndex, &Edge), name: &str) -> bool {
    let speaks =
        |s: &Sent| discharges(s, name) || s.send.promising.as_ref().is_some_and(|promise| promise.name == name);
    if edge.stay {
        // What settles is taken over at once, and goes on to where its arrow leads, unless a limit refuses it.
        let settles =
            edge.settle.is_some() && arrow(journey, &edge.node).is_some_and(|a| matches!(a.then, Then::Goto(_)));
        let refused = || graph.out(from).any(|(_, _, e)| !e.stay && e.node == edge.node && e.refusable);
        return !edge.sends.iter().any(speaks) && (!settles || refused());
    }
    let (mut open, mut seen) = (vec![to], vec![to]);
    while let Some(n) = open.pop() {
        if graph.place(n).is_some_and(|p| p.sends.iter().any(speaks)) {
            continue;
        }
        if graph.rests(n) {
            return true;
        }
        // An end with the promise open is told as that.
        for (_, next, _) in graph.out(n).filter(|(_, _, e)| e.kind == Kind::Urgent) {
            if !seen.contains(&next) {
                seen.push(next);
                open.push(next);
            }
        }
    }
    false
}

fn arrow<'j>(journey: &'j Journey, node: &Node) -> Option<&'j Arrow> {
    match node {
        Node::Arrow(_, state, i) => journey.states.get(state.index())?.arrows.get(*i),
        Node::JourneyArrow(_, i) => journey.arrows.get(*i),
        _ => None,
    }
}

/// Whether a later T can come in by this arrow: neither its condition nor those of arrows above it for the same event keep
/// that out.
fn lets_in_later(case: &Case<'_>, journey: &Journey, n: NodeIndex, edge: &Edge, path: &[String]) -> bool {
    let Some(own) = arrow(journey, &edge.node) else { return true };
    if own.when.as_ref().is_some_and(|c| keeps_out(c, true, path)) {
        return false;
    }
    let Some(state) = case.graph.place(n).and_then(|p| p.state) else { return true };
    let heard = hears(journey, case.graph.journey, state);
    let is_same = |on: &Trigger| match on {
        Trigger::Event { event, take, .. } => edge.event == Some(*event) && *take == edge.takes,
        _ => false,
    };
    let mut above = heard.iter().take_while(|(node, _)| *node != edge.node).filter(|(_, a)| is_same(&a.on));
    !above.any(|(_, a)| a.when.as_ref().is_some_and(|c| keeps_out(c, false, path)))
}

/// Whether T is no later than another datum where the condition holds, or where it fails.
fn keeps_out(cond: &Cond, holds: bool, path: &[String]) -> bool {
    match cond {
        Cond::Compare { left, by, right } => {
            let is_t = |e: &Expr| matches!(split(e).0, Expr::Path(p) if p == path);
            let is_said = |e: &Expr| matches!(split(e).0, Expr::Path(p) if p != path);
            let by = match (is_t(left) && is_said(right), is_t(right) && is_said(left)) {
                (true, _) => *by,
                (_, true) => by.turned(),
                _ => return false,
            };
            matches!((by, holds), (Cmp::Is | Cmp::Less | Cmp::AtMost, true) | (Cmp::More | Cmp::AtLeast, false))
        }
        Cond::Not(inner) => keeps_out(inner, !holds, path),
        Cond::All(parts) if holds => parts.iter().any(|c| keeps_out(c, true, path)),
        Cond::Any(parts) if !holds => parts.iter().any(|c| keeps_out(c, false, path)),
        // What was said is known where something was said.
        Cond::All(parts) | Cond::Any(parts) => {
            let mut asked = parts.iter().filter(|c| !matches!(c, Cond::Known(_))).peekable();
            asked.peek().is_some() && asked.all(|c| keeps_out(c, holds, path))
        }
        Cond::Named { .. } | Cond::Holds(_) | Cond::Known(_) => false,
    }
}

fn tell(
    case: &Case<'_>,
    open: &Open<'_>,
    (sent, promise, path): (&Sent, &Promise, &[String]),
    (id, edge): (EdgeIndex, &Edge),
) -> Finding {
    let graph = case.graph;
    let (message, t) = (story::message(case, sent), path.join("."));
    let way = graph.edge(id).map(|(n, ..)| open.way(n)).unwrap_or_default();
    let data = edge.takes.join("`, `");
    Finding::new(
        &J0503,
        case.spans.get(&edge.node),
        format!("a customer who was told `{t}` in `{message}` can wait in vain: the promise `{}` moves in silence", promise.name),
    )
    .label(format!("takes a new `{data}` over, and says nothing of it"))
    .also(case.spans.get(&sent.node), format!("says `{t}`, and promises `{}` by it", promise.name))
    .how(format!(
        "{} (`{}` promised){}{}: `{t}` is later now, nobody says so, and what was said passes with no word",
        story::from_start(graph, open.from),
        promise.name,
        story::along(graph, &way),
        story::along(graph, &[id])
    ))
    .help(format!(
        "lead on to a message that promises it again or takes it back, as `{message}` does; or leave the news until then:  on {} stay; or, where the time is not yours and the customer knows it from elsewhere:  allow J0503 because \"…\"",
        edge.word
    ))
}
