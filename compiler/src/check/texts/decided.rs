//! Messages of which the day is known on which they are decided: all that lead to their `send` is an instant of the
//! customer's calendar, `at booking.slot - 1 day at 18:00`, so `booking.slot` is tomorrow there.
//!
//! What is taken because such an instant is past already comes at any time, and on any day. So does what has to be asked
//! for first, since the message goes on only when the answer is there.

use std::collections::{BTreeMap, BTreeSet};

use journey_spec::Program;
use journey_spec::program::{Expr, MessageId};
use petgraph::graph::NodeIndex;

use crate::graph::{Edge, Graph, Kind, Sent};

/// When a message is decided, in the customer's calendar.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::check) struct Day {
    /// The instant whose day is known.
    pub(super) of: Vec<String>,
    /// So many days after that one; negative is before.
    pub(super) days: i32,
    /// The minute of the day.
    pub(super) minute: u16,
}

/// For each message that is sent when its days are known, and none where some `send` of it can come on another.
#[derive(Default)]
pub(in crate::check) struct Days(BTreeMap<MessageId, Option<BTreeSet<Day>>>);

impl Days {
    /// Takes in what a journey sends.
    pub(in crate::check) fn note(&mut self, program: &Program, graph: &Graph) {
        for (at, sent) in graph.all_sends() {
            let asks = program.messages.get(sent.send.message.index()).is_none_or(|m| !m.fresh.is_empty());
            let new = if asks { None } else { days(graph, at, sent) };
            let slot = self.0.entry(sent.send.message).or_insert_with(|| Some(BTreeSet::new()));
            *slot = slot.take().zip(new).map(|(mut known, new)| {
                known.extend(new);
                known
            });
        }
    }

    /// The days of a message; none where it can be decided on another.
    pub(super) fn of(&self, message: MessageId) -> Option<&BTreeSet<Day>> {
        self.0.get(&message)?.as_ref().filter(|days| !days.is_empty())
    }
}

/// The days on which one `send` is decided.
fn days(graph: &Graph, at: NodeIndex, sent: &Sent) -> Option<BTreeSet<Day>> {
    let of_stay: Vec<&Edge> =
        graph.out(at).map(|(_, _, e)| e).filter(|e| e.stay && e.sends.iter().any(|s| s.node == sent.node)).collect();
    if !of_stay.is_empty() {
        return of_stay.into_iter().map(day).collect();
    }
    let mut days = BTreeSet::new();
    let mut seen = BTreeSet::from([at]);
    let mut open = vec![at];
    while let Some(n) = open.pop() {
        if graph.begins.iter().any(|b| b.to == n) {
            return None;
        }
        for (_, from, _, edge) in graph.edges().filter(|(_, _, to, e)| *to == n && !e.stay) {
            match edge.kind {
                Kind::At => {
                    days.insert(day(edge)?);
                }
                // Passed in the step of whatever led there.
                Kind::Urgent if !graph.rests(from) && edge.sets.is_empty() => {
                    if seen.insert(from) {
                        open.push(from);
                    }
                }
                _ => return None,
            }
        }
    }
    Some(days)
}

/// The day of an arrow taken when its instant comes.
fn day(edge: &Edge) -> Option<Day> {
    let (instant, offset) = edge.instant.as_ref().filter(|_| edge.kind == Kind::At && edge.sets.is_empty())?;
    match instant {
        Expr::Calendar { base, days, minute: Some(minute) } if *offset == 0 => match &**base {
            Expr::Path(of) => Some(Day { of: of.clone(), days: *days, minute: *minute }),
            _ => None,
        },
        _ => None,
    }
}
