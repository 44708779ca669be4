//! The condition under which a promise holds, as a line of the journey: asked on the way into the state that promises.

use std::collections::BTreeSet;

use journey_spec::program::{Arrow, DAY, Expr, HOUR, Journey, MINUTE, Millis, SECOND, Trigger};
use journey_spec::time::spelled_days;
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::Case;
use super::clock::Clock;
use super::precondition::{Come, NEVER, Ranges};
use crate::check::mend;
use crate::fix::Fix;
use crate::graph::Kind;
use crate::source::Span;
use crate::spans::Node;

/// What is known where somebody asks for the mend.
pub(super) struct Asked<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) journey: &'a Journey,
    pub(super) clock: &'a Clock,
    pub(super) begins: &'a [(usize, Ranges)],
    pub(super) come: &'a Come,
    /// The R with which the promise can be broken.
    pub(super) lost: &'a Ranges,
}

/// A duration in one unit, as a condition has it.
fn one_unit(ms: Millis) -> String {
    let units = [(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"), (1, "ms")];
    let fits = units.into_iter().find(|(unit, _)| ms % unit == 0);
    fits.map_or_else(String::new, |(unit, name)| format!("{}{name}", ms / unit))
}

/// The intervals with which a promise is kept in time, and up to where it is taken back in the step that makes it: all that
/// lies together with R at which it is due already.
pub(super) fn kept(clock: &Clock, holds: &Ranges) -> (Vec<(Millis, Millis)>, Option<Millis>) {
    let (back, kept): (Vec<_>, Vec<_>) = holds.iter().partition(|(first, _)| *first <= clock.due);
    (kept, back.last().map(|(_, last)| *last))
}

/// Where an interval begins, in whole minutes where that leaves some of it: and whether it begins only after that.
pub(super) fn from(first: Millis, last: Millis) -> (Millis, bool) {
    if first.saturating_sub(1).rem_euclid(MINUTE) == 0 {
        return (first.saturating_sub(1), true);
    }
    let whole = first.saturating_add(MINUTE - 1).div_euclid(MINUTE).saturating_mul(MINUTE);
    (if whole <= last { whole } else { first }, false)
}

/// `flight.departs >= now + 140m`, of the R with which the promise is kept in time; none where no condition of the language
/// can say it.
pub(super) fn condition(clock: &Clock, holds: &Ranges) -> Option<String> {
    let Expr::Path(path) = &clock.base else { return None };
    if clock.is_the_hosts() {
        return None;
    }
    let t = path.join(".");
    let now = |r: Millis| match r {
        0 => "now".to_owned(),
        r if r > 0 => format!("now + {}", one_unit(r)),
        r => format!("now - {}", one_unit(r.saturating_neg())),
    };
    let (kept, _) = kept(clock, holds);
    let parts = kept.iter().rev().map(|(first, last)| {
        let begins = match from(*first, *last) {
            (at, true) => format!("{t} > {}", now(at)),
            (at, false) => format!("{t} >= {}", now(at)),
        };
        if *last == NEVER { begins } else { format!("{begins} and {t} <= {}", now(*last)) }
    });
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty() && parts.len() <= 2).then(|| parts.join(" or "))
}

impl Asked<'_> {
    /// What to write on the ways into the state that promises, and the edit where all of them can have a condition.
    pub(super) fn help(
        &self,
        place: NodeIndex,
        name: &str,
        entered: bool,
        holds: &Ranges,
    ) -> (Option<String>, Option<Fix>) {
        let (graph, clock) = (self.case.graph, self.clock);
        let Some(when) = condition(clock, holds).filter(|_| entered) else { return (None, None) };
        let arrow = format!("-> {}", graph.label(place));
        let other = self.otherwise(place, name);
        let example = self.guarded_way(place, &when, &arrow).unwrap_or_else(|| format!("when {when} {arrow}"));
        let Some(other) = other else { return (Some(example), None) };
        let mut edits = BTreeSet::new();
        for (begin, (to, with)) in graph.begins.iter().zip(self.begins) {
            if *to == place.index() && !with.and(self.lost).is_none() {
                let edit =
                    begin.redirected.is_empty().then(|| self.of_start(&begin.node, &when, &arrow, &other)).flatten();
                let Some(edit) = edit else { return (Some(example), None) };
                edits.insert(edit);
            }
        }
        for tag in self.come.into(place.index(), self.lost) {
            let Some(edit) = self.of_edge(tag, &when, &arrow, &other) else { return (Some(example), None) };
            edits.insert(edit);
        }
        let text = edits.first().map_or(example, |edit| edit.says.clone());
        let edits: Vec<(Span, String)> = edits.into_iter().map(|Edit { span, text, .. }| (span, text)).collect();
        (Some(text), Some(Fix::words(edits, &arrow).look()))
    }

    /// The same for a way in that has a condition already, which is left for the reader to keep.
    fn guarded_way(&self, place: NodeIndex, when: &str, arrow: &str) -> Option<String> {
        let when = if when.contains(" or ") { format!("({when})") } else { when.to_owned() };
        let begins = self.case.graph.begins.iter().zip(self.begins);
        let start = begins.filter(|(_, (to, with))| *to == place.index() && !with.and(self.lost).is_none()).find_map(
            |(begin, _)| {
                let Node::Start(_, i) = begin.node else { return None };
                let start = self.journey.starts.get(i).filter(|s| s.when.is_some())?;
                Some(format!("start on {} ", self.heard(start.event.index(), &start.take)?))
            },
        );
        let edge = || {
            self.come.into(place.index(), self.lost).into_iter().find_map(|tag| {
                let (_, _, edge) = self.case.graph.edge(EdgeIndex::new(tag))?;
                match edge.node {
                    Node::Way(..) => Some(String::new()),
                    _ => self.arrow(&edge.node)?.when.as_ref().map(|_| format!("{} ", edge.word)),
                }
            })
        };
        Some(format!("{}when … and {when} {arrow}", start.or_else(edge)?))
    }

    fn arrow(&self, node: &Node) -> Option<&Arrow> {
        match node {
            Node::Arrow(_, state, i) => self.journey.states.get(state.index())?.arrows.get(*i),
            Node::JourneyArrow(_, i) => self.journey.arrows.get(*i),
            _ => None,
        }
    }

    /// Where those go for whom there is no time: to where the promise is taken back, or to a person; never to where a service
    /// acts on them.
    fn otherwise(&self, place: NodeIndex, name: &str) -> Option<String> {
        let case = self.case;
        let withdraws = |n: &NodeIndex| {
            let sends = case.graph.place(*n).map_or(&[][..], |p| p.sends.as_slice());
            sends.iter().any(|s| s.send.withdrawing.as_deref() == Some(name))
        };
        let back = case.graph.nodes().find(|n| *n != place && withdraws(n) && !mend::acts(case, *n));
        let state = back.map(|n| case.graph.label(n).to_owned()).or_else(|| {
            let desk = mend::who_takes_over(case, &BTreeSet::from([place]), place);
            let desk = desk.strip_prefix("-> ")?;
            let is_state = case.graph.nodes().any(|n| case.graph.label(n) == desk && !case.graph.ends(n));
            is_state.then(|| desk.to_owned())
        })?;
        Some(format!("-> {state}"))
    }

    fn of_start(&self, node: &Node, when: &str, arrow: &str, other: &str) -> Option<Edit> {
        let Node::Start(_, i) = node else { return None };
        let start = self.journey.starts.get(*i).filter(|s| s.when.is_none())?;
        let head = format!("start on {}", self.heard(start.event.index(), &start.take)?);
        Some(Edit::beside(self.case.spans.get(node), &head, (when, arrow, other), "  "))
    }

    fn of_edge(&self, tag: usize, when: &str, arrow: &str, other: &str) -> Option<Edit> {
        let (_, _, edge) = self.case.graph.edge(EdgeIndex::new(tag)).filter(|(_, _, e)| e.redirected.is_empty())?;
        let span = self.case.spans.get(&edge.node);
        if edge.kind == Kind::Urgent && matches!(edge.node, Node::Next(..)) {
            let text = format!("choose {{ when {when} {arrow}   else {other} }}");
            return Some(Edit { span, says: text.clone(), text });
        }
        let of = self.arrow(&edge.node)?;
        let head = match &of.on {
            _ if of.when.is_some() => return None,
            Trigger::Event { event, take, settle: None } => format!("on {}", self.heard(event.index(), take)?),
            // Of two that fall due together the upper is asked first.
            Trigger::After(d) => format!("after {}", one_unit(*d)),
            Trigger::AfterDays { days, minute } => format!("after {}", spelled_days(*days, Some(*minute))),
            _ => return None,
        };
        let indent = if matches!(edge.node, Node::Arrow(..)) { "    " } else { "  " };
        Some(Edit::beside(span, &head, (when, arrow, other), indent))
    }

    /// `flight.checked_in(flight)`
    fn heard(&self, event: usize, take: &[String]) -> Option<String> {
        let name = &self.case.program.events.get(event)?.name;
        Some(if take.is_empty() { name.to_string() } else { format!("{name}({})", take.join(", ")) })
    }
}

/// A new text in place of the arrow that stands in the span.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Edit {
    span: Span,
    text: String,
    /// The same in a line of help.
    says: String,
}

impl Edit {
    /// A condition for the arrow behind `head`, and below it one without.
    fn beside(span: Span, head: &str, (when, arrow, other): (&str, &str, &str), indent: &str) -> Edit {
        Edit {
            span,
            text: format!("when {when} {arrow}\n{indent}{head} {other}"),
            says: format!("{head} when {when} {arrow}  and below it  {head} {other}"),
        }
    }
}
