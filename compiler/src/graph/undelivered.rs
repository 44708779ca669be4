//! What happens where a message does not arrive: it is blocked, a channel fails, a limit holds it back.

use journey_spec::Program;
use journey_spec::program::{Fate, Limit, StateId, Then, Trigger};

use super::build::{Build, channels, counts, hears, sends};
use super::{Edge, Kind, Sent};
use crate::spans::Node;

/// What can make a `stay` happen again in one visit.
type Again = Option<(Kind, String)>;

/// The kind of a trigger that can come any number of times in a visit, and its word in a story.
fn again(program: &Program, trigger: &Trigger) -> Again {
    Some(match trigger {
        Trigger::Event { event, .. } => {
            (Kind::Event, program.events.get(event.index()).map_or_else(String::new, |e| e.name.to_string()))
        }
        Trigger::Reply(Some(name)) => (Kind::Reply, format!("reply {name}")),
        Trigger::Reply(None) => (Kind::Reply, "a reply".into()),
        Trigger::HandoffClosed => (Kind::Closed, "handoff.closed".into()),
        Trigger::Blocked => (Kind::Blocked, "blocked".into()),
        Trigger::Failed => (Kind::Failed, "failed".into()),
        Trigger::OptOut => (Kind::OptOut, "STOP".into()),
        Trigger::At { .. } => (Kind::Event, "the data changes".into()),
        Trigger::After(_) | Trigger::AfterDays { .. } => return None,
    })
}

impl Build<'_> {
    /// For each state the messages that may wait there, each with what can bring it again in the same visit: its own, those
    /// of states that lead into it at once, and those of what it does while it stays.
    pub(super) fn resting_sends(&self) -> Vec<Vec<(Sent, Again)>> {
        let mut resting = vec![Vec::new(); self.journey.states.len()];
        for n in self.graph.nodes() {
            let Some(place) = self.graph.place(n).filter(|p| !p.sends.is_empty()) else { continue };
            for m in self.graph.at_once(n) {
                if let Some(list) = resting.get_mut(m.index()) {
                    list.extend(place.sends.iter().cloned().map(|s| (s, None)));
                }
            }
        }
        for (list, number) in resting.iter_mut().zip(0..) {
            for (node, arrow) in hears(self.journey, self.id, StateId(number)) {
                let mut thens = vec![&arrow.then];
                if let Trigger::At { if_past, .. } = &arrow.on {
                    thens.push(if_past);
                }
                for then in thens {
                    if let Then::Stay(actions) = then {
                        let again = again(self.program, &arrow.on);
                        list.extend(sends(actions, |_| node.clone()).into_iter().map(|s| (s, again.clone())));
                    }
                }
            }
        }
        resting
    }

    /// What happens where a message that waits here is blocked or fails.
    pub(super) fn undelivered(&mut self, id: StateId, resting: &[(Sent, Again)]) {
        let at = self.graph.at(id);
        let mut open: Vec<(Sent, Again)> = resting.to_vec();
        // All that may wait here, also what follows from other messages.
        let mut waiting: Vec<Sent> = Vec::new();
        while let Some((sent, again)) = open.pop() {
            // A service that is asked to keep data fresh may change them.
            let message = self.program.messages.get(sent.send.message.index());
            let takes: Vec<String> = message.iter().flat_map(|m| &m.fresh).map(|f| f.datum.clone()).collect();
            if !takes.is_empty() {
                let word = format!("`{}` is asked for anew", takes.join("`, `"));
                let edge = Edge { takes, ..self.edge(Kind::Outcome, sent.node.clone(), word) };
                self.stay(at, edge, &[], true);
            }
            let own = [(Kind::Blocked, &sent.send.on_blocked), (Kind::Failed, &sent.send.on_failed)];
            for (kind, then) in own {
                let Some(then) = then else { continue };
                let message = self.program.messages.get(sent.send.message.index()).map_or("", |m| m.name.as_str());
                let word = format!("{message} {}", if kind == Kind::Blocked { "blocked" } else { "failed" });
                let Then::Stay(actions) = then else {
                    let edge = self.edge(kind, sent.node.clone(), word);
                    self.plain(at, edge, then, false);
                    continue;
                };
                // What brings the message again brings what follows from it again.
                open.extend(sends(actions, |_| sent.node.clone()).into_iter().map(|s| (s, again.clone())));
                let edge = match &again {
                    Some((outer, first)) => self.edge(*outer, sent.node.clone(), format!("{first}, {word}")),
                    None => self.edge(kind, sent.node.clone(), word),
                };
                self.stay(at, edge, actions, again.is_some());
            }
            waiting.push(sent);
        }
        if resting.is_empty() {
            return;
        }
        for (node, arrow) in hears(self.journey, self.id, id) {
            let (kind, word) = match arrow.on {
                Trigger::Blocked => (Kind::Blocked, "blocked"),
                Trigger::Failed => (Kind::Failed, "failed"),
                _ => continue,
            };
            let edge = Edge { guarded: arrow.when.is_some(), ..self.edge(kind, node, word) };
            self.plain(at, edge, &arrow.then, true);
        }
        let limits = self.journey.limits.iter().enumerate();
        let drawn: Vec<_> = limits
            .filter(|(_, l)| waiting.iter().any(|s| self.limited(l, s)))
            .map(|(i, l)| (i, l.fate.clone()))
            .collect();
        for (i, fate) in drawn {
            let edge = Edge {
                redirected: vec![i],
                ..self.edge(Kind::Blocked, Node::Limit(self.id, i), "a limit holds the message back")
            };
            match fate {
                Fate::Goto(to) => self.go(at, to, &edge),
                Fate::End => {
                    let over = self.graph.over;
                    self.graph.g.add_edge(at, over, edge);
                }
                _ => {}
            }
        }
    }

    fn limited(&self, limit: &Limit, sent: &Sent) -> bool {
        let Some(message) = self.program.messages.get(sent.send.message.index()) else { return false };
        message.essential.is_none()
            && channels(message, &sent.send).into_iter().any(|c| counts(limit.what, c, message.purpose))
    }
}
