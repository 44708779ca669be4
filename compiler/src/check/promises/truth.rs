//! Whether what keeps a promise is still true when it leaves.
//!
//! A message that is no longer true never leaves: it keeps nothing. What is `valid for` a time is true when it is sent, and
//! so is what is `valid until T + d` with more than `-d` left until T. Where the promise's deadline is computed from the
//! same T, [`super::precondition`] is told with which R each place keeps the promise, and asks for more nowhere. Where it is
//! computed from anything else, or there is none to compute, the message counts as true where no run of the journey comes
//! there with its end behind: asked forwards, of every R with which instances can begin and of every one that news can
//! bring. Rules are asked when the step has come to rest, so where the journey sets T on the way there nothing is known.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use journey_spec::program::{Expr, Journey, Millis, Validity};
use journey_spec::time::spelled_duration;
use petgraph::graph::NodeIndex;

use super::Case;
use super::clock::Clock;
use super::places::{self, discharges};
use super::precondition::{Come, Mode, NEVER, Ranges, come_to};
use crate::check::story;
use crate::graph::{Graph, Kind, Sent, spelled};
use crate::spans::Node;

/// What is known of a journey's messages; each end of theirs is looked at once.
pub(super) struct Truth<'a> {
    case: &'a Case<'a>,
    journey: &'a Journey,
    known: RefCell<BTreeMap<String, Come>>,
}

impl<'a> Truth<'a> {
    pub(super) fn of(case: &'a Case<'a>, journey: &'a Journey) -> Truth<'a> {
        Truth { case, journey, known: RefCell::default() }
    }

    /// The end of a message that goes by data.
    pub(super) fn end(&self, sent: &Sent) -> Option<&'a Expr> {
        match self.case.program.messages.get(sent.send.message.index()).map(|m| &m.validity) {
            Some(Validity::Until(until)) => Some(until),
            _ => None,
        }
    }

    /// With so long to T, the clock's, a message that this place sends leaves: as it is entered, or at another moment of its
    /// visit. Either some R, all, or none.
    pub(super) fn with(&self, clock: &Clock, place: NodeIndex, mode: Mode, sent: &Sent) -> Ranges {
        let Some(end) = self.end(sent) else { return Ranges::all() };
        let all = |sure| if sure { Ranges::all() } else { Ranges::none() };
        match clock.before(end) {
            // Of a calendar's day the earliest that it can end.
            Some((first, _)) if !self.moves_on_the_way(clock, place) => Ranges::between(first.saturating_add(1), NEVER),
            Some(_) => Ranges::none(),
            None => all(self.is_sure(place, mode, sent)),
        }
    }

    /// Whether a message that this place sends is true in every run.
    pub(super) fn is_sure(&self, place: NodeIndex, mode: Mode, sent: &Sent) -> bool {
        let Some(end) = self.end(sent) else { return true };
        let clock = Clock::of(end);
        if clock.is_the_hosts() || self.moves_on_the_way(&clock, place) {
            return false;
        }
        let mut known = self.known.borrow_mut();
        let come = known.entry(format!("{end:?}")).or_insert_with(|| {
            // No promise has this name, so none is kept on the way.
            let places = places::of(self.case, self.journey, "", &clock, self);
            let begins = places::begins(self.case, self.journey, &clock);
            come_to(&places, clock.due, &begins, self.case.program.policy.grace)
        });
        Ranges::between(clock.due.saturating_add(1), NEVER).holds(&come.with(place.index(), mode))
    }

    /// Whether the step that comes to this place can set T before it rests.
    fn moves_on_the_way(&self, clock: &Clock, place: NodeIndex) -> bool {
        let mut seen = BTreeSet::from([place]);
        let mut open = vec![place];
        while let Some(n) = open.pop() {
            for (_, to, edge) in self.case.graph.out(n).filter(|(_, _, e)| e.kind == Kind::Urgent && !e.stay) {
                if edge.sets.iter().any(|path| clock.is_moved_by(path)) {
                    return true;
                }
                if seen.insert(to) {
                    open.push(to);
                }
            }
        }
        false
    }
}

/// A message that comes to keep a promise, and may be no longer true.
pub(super) struct Vain<'a> {
    /// Where it is sent.
    pub(super) place: NodeIndex,
    sent: &'a Sent,
    end: &'a Expr,
}

impl<'a> Vain<'a> {
    /// The first such message of a place's entry.
    pub(super) fn of(graph: &'a Graph, truth: &Truth<'a>, place: NodeIndex, promise: &str) -> Option<Vain<'a>> {
        let sends = graph.place(place)?.sends.iter().filter(|s| discharges(s, promise));
        sends.into_iter().find_map(|sent| Some(Vain { place, sent, end: truth.end(sent)? }))
    }

    /// Where it stands.
    pub(super) fn node(&self) -> Node {
        self.sent.node.clone()
    }

    /// What is wrong with it, what happens, and how to mend it, where nothing is known of how long it is to its end.
    pub(super) fn at_any_time(&self, case: &Case<'_>) -> (String, String, String) {
        let (name, end) = (story::message(case, self.sent), spelled(self.end));
        (
            format!("`{name}` leaves only until {end}, which may be past by then"),
            format!("{end} is past, so `{name}` is no longer true and never leaves"),
            format!("let `{name}` be true however late it comes, for example  valid for 1h"),
        )
    }

    /// The same with so long to T.
    pub(super) fn at_last(&self, case: &Case<'_>, clock: &Clock, r: Millis) -> (String, String, String) {
        let (what, story, help) = self.at_any_time(case);
        let Some((first, _)) = clock.before(self.end).filter(|(first, _)| r <= *first) else {
            return (what, story, help);
        };
        let news = match first {
            0 => "now".to_owned(),
            first if first > 0 => format!("now + {}", spelled_duration(first)),
            first => format!("now - {}", spelled_duration(first.saturating_neg())),
        };
        let when = format!(
            "{help}, or come here only  when {} > {news}  and say something else otherwise",
            spelled(&clock.base)
        );
        (what, story, if clock.is_the_hosts() { help } else { when })
    }
}
