//! How findings tell what happens: states, arrows, and ✉ where a message leaves.

use journey_spec::program::Window;
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::Case;
use crate::graph::{Edge, Graph, Kind, Sent};

/// A state's name, with ✉ where entering it sends.
pub(super) fn stop(graph: &Graph, n: NodeIndex) -> String {
    let sends = graph.place(n).is_some_and(|p| !p.sends.is_empty());
    format!("{}{}", graph.label(n), if sends { " ✉" } else { "" })
}

/// The shortest way to a node: `booking.created → booked ✉ → waiting`.
pub(super) fn from_start(graph: &Graph, to: NodeIndex) -> String {
    let paths = graph.from_starts();
    let edges = paths.path(graph, to);
    let first = edges.first().and_then(|e| graph.edge(*e)).map_or(to, |(from, ..)| from);
    let Some(begin) = graph.begins.iter().find(|b| b.to == first) else {
        return format!("in {}", stop(graph, to));
    };
    format!("{} → {}{}", begin.word, stop(graph, first), along(graph, &edges))
}

/// What follows along some edges: `, then booking.rescheduled → moved ✉ → waiting`.
pub(super) fn along(graph: &Graph, edges: &[EdgeIndex]) -> String {
    let mut text = String::new();
    for e in edges {
        let Some((_, to, edge)) = graph.edge(*e) else { continue };
        let step = arrow(graph, to, edge);
        let joint = match (edge.kind == Kind::Urgent && edge.word.is_empty(), edge.kind) {
            (true, _) => " ",
            (false, Kind::Urgent) => ", and since ",
            (false, _) => ", then ",
        };
        text.push_str(joint);
        text.push_str(&step);
    }
    text
}

fn arrow(graph: &Graph, to: NodeIndex, edge: &Edge) -> String {
    if edge.stay {
        let mail = if edge.sends.is_empty() { "" } else { " ✉" };
        return format!("{}{mail} (and stays in {})", edge.word, graph.label(to));
    }
    let why = if edge.kind == Kind::Blocked { String::new() } else { redirected(graph, &edge.redirected) };
    let blank = if edge.word.is_empty() { "" } else { " " };
    format!("{}{blank}→ {}{why}", edge.word, stop(graph, to))
}

/// ` (after 9 visits a limit sends it there)`; of several limits in a chain each has its number.
fn redirected(graph: &Graph, limits: &[usize]) -> String {
    let limits = limits.iter().filter_map(|i| graph.limit(*i));
    let visits = limits.map(|limit| {
        let window = limit.per.map_or_else(String::new, |per| format!(" in {}", stretch(per)));
        match limit.n {
            1 => format!("1 visit{window}"),
            n => format!("{n} visits{window}"),
        }
    });
    let visits: Vec<_> = visits.collect();
    match visits.as_slice() {
        [] => String::new(),
        [one] => format!(" (after {one} a limit sends it there)"),
        _ => format!(" (after {} limits send it there)", list(visits)),
    }
}

/// What a window is behind an `in`: `24h`, `a day`.
pub(super) fn stretch(per: Window) -> String {
    match per {
        Window::Rolling(_) => per.spelled(),
        Window::Calendar(_) => format!("a {}", per.spelled()),
    }
}

/// So many places are named one by one.
pub(super) const NAMED: usize = 8;

/// `booked`, `moved` and `soon`, in backticks; of many only the first, and how many more.
pub(super) fn names(graph: &Graph, nodes: &[NodeIndex]) -> String {
    let named = nodes.iter().take(NAMED).map(|n| format!("`{}`", graph.label(*n)));
    let more = nodes.len().saturating_sub(NAMED);
    list(named.chain((more > 0).then(|| format!("{more} more"))))
}

/// `a, b and c`.
///
/// Of many the first, and how many more there are.
pub(super) fn list(items: impl IntoIterator<Item = String>) -> String {
    let mut items: Vec<_> = items.into_iter().collect();
    if items.len() > NAMED + 1 {
        let more = items.len() - NAMED;
        items.truncate(NAMED);
        items.push(format!("{more} more"));
    }
    match items.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// The name of the message that is sent.
pub(super) fn message<'a>(case: &Case<'a>, sent: &Sent) -> &'a str {
    case.program.messages.get(sent.send.message.index()).map_or("", |m| m.name.as_str())
}
