//! From where a promise `by T - d` can be kept: the greatest fixpoint of sets of R, the time that is left until T
//! (checker.md, section 2; a safety game with one clock, as in Maler, Pnueli, Sifakis, STACS 1995, in which only the world
//! has a choice).
//!
//! The model knows no language: places that are rested in, instants at `T - x`, waits, inputs that may come or not. All
//! choices are the world's, a hostile feed's and a silent one's, so the promise holds from (place, R) exactly where no
//! sequence of choices leads to an end, or to a moment later than `T - d`, with nothing said. What can be lost is the least
//! fixpoint, computed backwards over a worklist: each place has a set of intervals, not one threshold, since a
//! promise can hold with 10 minutes left, because it is taken back at once, fail with an hour, and hold with a day.
//!
//! - While a place is rested in R shrinks. It is left at the latest by its soonest forced exit:
//!   `f(R) = min(U, R - max{x < R})`, with U the shortest wait and x its instants. Inputs lead to any R between, without
//!   the very last: what is due goes first.
//! - **News of T.** An input that takes over new data leads to every R that its condition lets through: the next place has
//!   to hold for all of them. News that stays in the place does the same there, and of its waits nobody knows how much is
//!   over: each may end at once or last as long as it can. So a promise that rests on a wait is lost where T can move.
//! - **Calendars.** An instant that goes by the customer's calendar comes somewhere in an interval, wherever the world likes,
//!   and may move to and fro in it.
//! - **Beyond the horizon**, above every constant and every sum of waits, all R count as one: what can be lost from one of
//!   them can be lost from all. Below it the answer is exact for models without news within a place.
//! - The work is bounded. Where that does not do, [`solve`] says [`Undecided`], and never that a promise holds.
//!
//! Timers count as punctual: what downtime does to a promise no program can help. Only [`Solved::entered`], which
//! says with which R a place can be come to at all, takes them to be late by the policy's grace.

mod come;
mod frame;
mod ranges;
mod story;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub(super) use come::Come;
use frame::{Frame, Move};
use journey_spec::program::Millis;
pub(super) use ranges::{EVER, NEVER, Ranges};
pub(super) use story::{Coming, Story};

/// Where something leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The place, by position.
    pub(super) to: usize,
    /// What the caller knows it by.
    pub(super) tag: usize,
    /// On coming there T is set to something else.
    pub(super) sets: bool,
}

/// What comes of a timer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Does {
    /// Nothing that has to do with the promise.
    Nothing,
    /// It keeps the promise, or takes it back, with so long to T: what says so is still true then.
    Says(Ranges),
    /// One of these, as the world likes; and maybe none, where it is not sure to lead away.
    Goes { steps: Vec<Step>, surely: bool },
}

impl Does {
    /// Whether the visit does not go on with the promise open, where that comes with one of these R.
    fn is_sure(&self, with: &Ranges) -> bool {
        match self {
            Does::Nothing => false,
            Does::Says(on) => on.holds(with),
            Does::Goes { surely, .. } => *surely,
        }
    }

    fn says(&self) -> bool {
        matches!(self, Does::Says(_))
    }
}

/// Something that leads on in the step that comes here.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) step: Step,
    /// With so long to T its condition may hold.
    pub(super) on: Ranges,
}

/// An instant at some time before T. It comes when R gets there, and is past where R is no more when the visit begins or T
/// moves.
#[derive(Clone, Debug)]
pub(super) struct Instant {
    /// The most and the least that it can lie before T, in milliseconds; the same but for calendars.
    pub(super) first: Millis,
    pub(super) last: Millis,
    /// Its condition may hold, and has to.
    pub(super) may: Ranges,
    pub(super) must: Ranges,
    pub(super) then: Does,
    pub(super) past: Does,
}

/// Something that comes of itself so long after the visit began, once.
#[derive(Clone, Debug)]
pub(super) struct Wait {
    pub(super) lo: Millis,
    pub(super) hi: Millis,
    /// With so long to T its condition may hold.
    pub(super) may: Ranges,
    /// Whether it has none.
    pub(super) must: bool,
    pub(super) does: Does,
}

/// Something that may come or not, any time after the visit has lasted `lo`.
#[derive(Clone, Debug)]
pub(super) struct Input {
    pub(super) steps: Vec<Step>,
    pub(super) lo: Millis,
    pub(super) on: Ranges,
    /// The R that it brings, where it moves T.
    pub(super) moves: Option<Ranges>,
    /// It can come at the very moment at which a timer is due.
    pub(super) due: bool,
    /// No promise is open after it: the customer said STOP.
    pub(super) voids: bool,
}

/// A place.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// Coming here with so long to T keeps the promise or takes it back: what is sent is still true then.
    pub(super) says: Ranges,
    /// Here it is over.
    pub(super) over: bool,
    pub(super) ways: Vec<Way>,
    /// Whether it can be rested in.
    pub(super) rests: bool,
    /// In the order in which they are asked.
    pub(super) instants: Vec<Instant>,
    pub(super) waits: Vec<Wait>,
    pub(super) inputs: Vec<Input>,
    /// News that move T while the visit goes on: to which R, and a step that names it.
    pub(super) news: Vec<(Ranges, Step)>,
}

/// At what point of a visit the promise is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// It begins.
    Entered,
    /// T has just moved.
    Moved,
    /// It lasts already, nobody knows how long.
    Lasts,
    /// It lasts already, and T has moved in it.
    AfterNews,
    /// It begins, and the promise is made some time later in it: while R is more than `until`, and at most `most` later.
    Waits { until: Millis, most: Millis },
}

impl Mode {
    /// Whether nobody knows how long the visit has lasted.
    fn lasts(self) -> bool {
        matches!(self, Mode::Lasts | Mode::AfterNews)
    }

    /// Whether R and the waits count from where the visit begins.
    pub(super) fn begins(self) -> bool {
        matches!(self, Mode::Entered | Mode::Waits { .. })
    }
}

/// The work was not enough to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Undecided;

/// What a broken copy does wrong: the tests show that each is found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fault {
    #[default]
    None,
    /// One threshold instead of a set: what is lost is lost with less time too.
    #[cfg(test)]
    OneThreshold,
    /// The deadline itself counts as late.
    #[cfg(test)]
    ClosedDeadline,
    /// An input comes at the moment at which the place is left.
    #[cfg(test)]
    LastMoment,
    /// What waits is not lost where T moves within a visit.
    #[cfg(test)]
    DeafToNews,
    /// What would keep the promise is true whenever it comes.
    #[cfg(test)]
    TrueForEver,
}

/// Intervals and moves that may be looked at for one promise: some tenths of a second.
const WORK: u64 = 2_000_000;

/// What can be lost, place by place.
pub(super) struct Solved {
    places: Vec<Place>,
    due: Millis,
    /// Two for each place: for a visit that begins, and for one in which T has moved.
    frames: Vec<Frame>,
    lose: Vec<Ranges>,
    /// What is below every constant, and what is above.
    floor: Millis,
    top: Millis,
}

/// What is asked of [`Solved`] beside places.
pub(super) struct Limits {
    pub(super) work: u64,
    /// R from which all count as one; none to choose it.
    pub(super) top: Option<Millis>,
    pub(super) fault: Fault,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { work: WORK, top: None, fault: Fault::None }
    }
}

fn node(place: usize, moved: bool) -> usize {
    place.saturating_mul(2).saturating_add(usize::from(moved))
}

/// Where each move of a node leads.
fn target(by: &Move) -> usize {
    node(by.step.to, by.stays)
}

/// Computes from where a promise that is due `due` before T can be broken.
pub(super) fn solve(mut places: Vec<Place>, due: Millis, limits: &Limits) -> Result<Solved, Undecided> {
    let due = match limits.fault {
        #[cfg(test)]
        Fault::ClosedDeadline => due.saturating_add(1),
        #[cfg(test)]
        Fault::LastMoment => {
            places.iter_mut().flat_map(|p| p.inputs.iter_mut()).for_each(|input| input.due = true);
            due
        }
        #[cfg(test)]
        Fault::TrueForEver => {
            places.iter_mut().filter(|p| !p.says.is_none()).for_each(|p| p.says = Ranges::all());
            due
        }
        #[cfg(test)]
        Fault::DeafToNews => {
            places.iter_mut().for_each(|p| p.news.clear());
            due
        }
        _ => due,
    };
    for place in places.iter_mut().filter(|p| p.over) {
        *place = Place { over: true, ..Place::default() };
    }
    let frames: Vec<Frame> =
        places.iter().flat_map(|p| [Frame::open(p, Mode::Entered), Frame::open(p, Mode::Moved)]).collect();
    let (floor, top) = extent(&places, due);
    let lose = places
        .iter()
        .flat_map(|p| if p.over { [Ranges::all(), Ranges::all()] } else { [Ranges::none(), Ranges::none()] })
        .collect();
    let mut solved = Solved { places, due, frames, lose, floor, top: limits.top.unwrap_or(top) };
    solved.go_round_and_round();
    solved.iterate(limits)?;
    Ok(solved)
}

/// Below all constants, and above all constants and as many waits as there are.
fn extent(places: &[Place], due: Millis) -> (Millis, Millis) {
    let (mut least, mut most) = (due, due);
    let mut waits: Millis = 0;
    for place in places {
        let mut see = |at: Millis| {
            least = least.min(at);
            most = most.max(at);
        };
        place.says.ends().for_each(&mut see);
        for instant in &place.instants {
            [instant.first, instant.last].into_iter().chain(instant.may.ends()).for_each(&mut see);
            instant.must.ends().for_each(&mut see);
            for does in [&instant.then, &instant.past] {
                if let Does::Says(on) = does {
                    on.ends().for_each(&mut see);
                }
            }
        }
        place.ways.iter().flat_map(|w| w.on.ends()).for_each(&mut see);
        place.waits.iter().flat_map(|w| w.may.ends()).for_each(&mut see);
        for input in &place.inputs {
            input.on.ends().chain(input.moves.iter().flat_map(Ranges::ends)).for_each(&mut see);
        }
        place.news.iter().flat_map(|(news, _)| news.ends()).for_each(&mut see);
        let longest = place.waits.iter().map(|w| w.hi).chain(place.inputs.iter().map(|i| i.lo)).max();
        waits = waits.saturating_add(longest.unwrap_or(0));
    }
    (least.saturating_sub(1), most.saturating_add(waits).saturating_add(1).min(NEVER - 1))
}

impl Solved {
    /// From where a promise that is open when this place is come to can be lost.
    #[cfg(test)]
    pub(super) fn lost(&self, place: usize) -> Ranges {
        self.lose.get(node(place, false)).cloned().unwrap_or_default()
    }

    /// The same for a promise that is made at this place: at the end of its entry, whatever that said before, or within
    /// its visit.
    pub(super) fn lost_in(&self, place: usize, mode: Mode) -> Ranges {
        self.places.get(place).map(|p| self.lost_from(p, &Frame::open(p, mode), mode)).unwrap_or_default()
    }

    /// What is promised only when it is over, by a message that had to wait, stays open.
    fn lost_from(&self, place: &Place, frame: &Frame, mode: Mode) -> Ranges {
        match mode {
            Mode::Waits { until, .. } if place.over => Ranges::between(until.saturating_add(1), NEVER),
            _ => self.lost_by(frame),
        }
    }

    fn lost_by(&self, frame: &Frame) -> Ranges {
        let mut lose = frame.outlasts(self.due);
        for by in &frame.moves {
            if let Some(bad) = self.lose.get(target(by)) {
                lose.join(&frame.before(by, bad));
            }
        }
        lose
    }

    /// Places from which the world can lead on and on, without a word and without an instant that ends it: whatever time is
    /// left, the deadline passes. Found by taking away, as long as there are any, the places that do not lead to another.
    fn go_round_and_round(&mut self) {
        // The very moment of the deadline too: a wait may end just then, and what it leads to must not speak.
        let ahead = Ranges::between(self.due, NEVER);
        let endless = |places: &[Place], frames: &[Frame], place: usize| -> Vec<usize> {
            let (Some(at), Some(frame)) = (places.get(place), frames.get(node(place, false))) else {
                return Vec::new();
            };
            let waits = frame.rest.holds(&ahead) && frame.stops_only_after(self.due);
            if !at.says.is_none() || at.over || !(waits || frame.rest.is_none()) {
                return Vec::new();
            }
            let may = frame.moves.iter().filter(|m| m.jumps.is_none() && !m.stays && frame.always(m, &ahead));
            may.map(|m| m.step.to).collect()
        };
        let ahead_of: Vec<Vec<usize>> =
            (0..self.places.len()).map(|p| endless(&self.places, &self.frames, p)).collect();
        let mut behind = vec![Vec::new(); ahead_of.len()];
        let mut left: Vec<usize> = ahead_of.iter().map(Vec::len).collect();
        for (from, next) in ahead_of.iter().enumerate() {
            for to in next {
                behind.get_mut(*to).into_iter().for_each(|b: &mut Vec<usize>| b.push(from));
            }
        }
        let mut gone: Vec<usize> = (0..left.len()).filter(|p| left.get(*p) == Some(&0)).collect();
        while let Some(place) = gone.pop() {
            for from in behind.get(place).into_iter().flatten() {
                if let Some(count) = left.get_mut(*from).filter(|count| **count > 0) {
                    *count -= 1;
                    if *count == 0 {
                        gone.push(*from);
                    }
                }
            }
        }
        for (place, count) in left.iter().enumerate() {
            if *count > 0
                && let Some(lose) = self.lose.get_mut(node(place, false))
            {
                lose.join(&ahead);
            }
        }
    }

    fn iterate(&mut self, limits: &Limits) -> Result<(), Undecided> {
        let mut behind: Vec<Vec<usize>> = vec![Vec::new(); self.frames.len()];
        for (from, frame) in self.frames.iter().enumerate() {
            for by in &frame.moves {
                behind.get_mut(target(by)).into_iter().for_each(|b| b.push(from));
            }
        }
        behind.iter_mut().for_each(|b| {
            b.sort_unstable();
            b.dedup();
        });
        let rank = order(&self.frames);
        let mut open: BTreeSet<(usize, usize)> = (0..self.frames.len())
            .filter(|n| self.speaks_late(*n))
            .map(|n| (rank.get(n).copied().unwrap_or(0), n))
            .collect();
        let mut work: u64 = 0;
        while let Some((_, n)) = open.pop_first() {
            let (Some(frame), Some(old)) = (self.frames.get(n), self.lose.get(n)) else { continue };
            let mut lose = self.lost_by(frame);
            if let Some(place) = self.places.get(n / 2).filter(|p| n % 2 == 0 && !p.says.is_none()) {
                lose = lose.without(&place.says);
            }
            lose.join(old);
            #[cfg(test)]
            if limits.fault == Fault::OneThreshold {
                lose = lose.hull_down();
            }
            let lose = lose.stretched(EVER, self.top);
            work = work.saturating_add(1).saturating_add(frame.moves.len() as u64).saturating_add(lose.len() as u64);
            if work > limits.work {
                return Err(Undecided);
            }
            if lose != *old {
                if let Some(slot) = self.lose.get_mut(n) {
                    *slot = lose;
                }
                for from in behind.get(n).into_iter().flatten().filter(|from| self.speaks_late(**from)) {
                    open.insert((rank.get(*from).copied().unwrap_or(0), *from));
                }
            }
        }
        Ok(())
    }

    /// Whether a visit does not always keep the promise by coming, and is not over.
    fn speaks_late(&self, n: usize) -> bool {
        self.places.get(n / 2).is_some_and(|p| !p.over && (!p.says.is_all() || n % 2 == 1))
    }

    /// Whether what would keep the promise here, or take it back, is no longer true with so long to T.
    pub(super) fn speaks_in_vain(&self, place: usize, r: Millis) -> bool {
        self.places.get(place).is_some_and(|p| !p.says.contains(r))
    }

    /// With which R each place can be come to, in runs that begin so and whose timers come at most `late` after their time.
    /// What the promise is about plays no part in it.
    pub(super) fn come(&self, begins: &[(usize, Ranges)], late: Millis) -> Come {
        Come::of(&self.places, self.floor, begins, late)
    }
}

/// The same of places of which nothing else is asked, as far as it has to do with an R.
pub(super) fn come_to(places: &[Place], r: Millis, begins: &[(usize, Ranges)], late: Millis) -> Come {
    Come::of(places, extent(places, r).0, begins, late)
}

/// Positions so that what a node leads to mostly comes before it, in which backward iteration ends soonest.
fn order(frames: &[Frame]) -> Vec<usize> {
    let mut rank = vec![usize::MAX; frames.len()];
    let mut next = 0;
    let mut seen = vec![false; frames.len()];
    for root in 0..frames.len() {
        let mut stack = vec![(root, 0)];
        while let Some((n, i)) = stack.pop() {
            match seen.get_mut(n) {
                Some(seen) if i == 0 && *seen => continue,
                Some(seen) => *seen = true,
                None => continue,
            }
            match frames.get(n).and_then(|f| f.moves.get(i)) {
                Some(by) => stack.extend([(n, i.saturating_add(1)), (target(by), 0)]),
                None => {
                    if let Some(slot) = rank.get_mut(n) {
                        *slot = next;
                        next += 1;
                    }
                }
            }
        }
    }
    rank
}
