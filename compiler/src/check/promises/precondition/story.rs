//! The shortest way to lose a promise, with the times on it.

use std::collections::VecDeque;

use journey_spec::program::{DAY, HOUR, MINUTE, Millis, SECOND};

use super::frame::{Frame, Move};
use super::ranges::{NEVER, Ranges};
use super::{Come, Mode, Solved, Step, node, target};

/// Intervals that were seen of one place, beyond which it is taken for known.
const MOST_SEEN: usize = 64;

/// A way to lose it.
#[derive(Clone, Debug)]
pub(in crate::check::promises) struct Story {
    /// How long it is to T when the promise is made, in milliseconds.
    pub(in crate::check::promises) from: Millis,
    pub(in crate::check::promises) steps: Vec<Told>,
    /// The place in which it is lost.
    pub(in crate::check::promises) at: usize,
    /// How long it is to T when that place is left at last; none where it need never be, or the instance is over.
    pub(in crate::check::promises) left: Option<Millis>,
}

/// A step of it.
#[derive(Clone, Copy, Debug)]
pub(in crate::check::promises) struct Told {
    pub(in crate::check::promises) step: Step,
    /// How long it is to T afterwards.
    pub(in crate::check::promises) then: Millis,
    /// It moved T.
    pub(in crate::check::promises) moved: bool,
}

/// How a place is come to.
#[derive(Clone, Debug)]
pub(in crate::check::promises) struct Coming {
    /// Which way of beginning, by position.
    pub(in crate::check::promises) begin: usize,
    /// The tags of what follows.
    pub(in crate::check::promises) tags: Vec<usize>,
    /// The R with which it is there, of those that were wanted.
    pub(in crate::check::promises) with: Ranges,
}

impl Come {
    /// The way of the fewest steps to be at a place with one of these R: to come to it, or to be in a visit. That none
    /// is found says nothing: in endless rounds of small steps not all is looked at.
    pub(in crate::check::promises) fn way(
        &self,
        begins: &[(usize, Ranges)],
        place: usize,
        mode: Mode,
        want: &Ranges,
    ) -> Option<Coming> {
        // Punctual timers make the plainer story.
        [0, self.late].into_iter().find_map(|late| self.way_late(begins, (place, mode), want, late))
    }

    fn way_late(
        &self,
        begins: &[(usize, Ranges)],
        (place, mode): (usize, Mode),
        want: &Ranges,
        late: Millis,
    ) -> Option<Coming> {
        let goals = [node(place, false), node(place, true)];
        let goals = match mode {
            Mode::AfterNews => &goals[1..],
            mode if mode.begins() => &goals[..1],
            _ => &goals[..],
        };
        let mut seen = vec![Ranges::none(); self.frames.len()];
        let mut parts: Vec<Stop> = Vec::new();
        for (begin, (at, with)) in begins.iter().enumerate() {
            let at = node(*at, false);
            seen.get_mut(at)?.join(with);
            parts.push(Stop { node: at, with: with.clone(), from: None, begin });
        }
        let mut i = 0;
        while let Some(Stop { node: n, with, begin, .. }) = parts.get(i).cloned() {
            let frame = self.frames.get(n)?;
            let there = if !mode.begins() { frame.during(&with) } else { with.clone() }.and(want);
            if goals.contains(&n) && !there.is_none() {
                let mut tags = Vec::new();
                let mut at = i;
                while let Some((before, tag)) = parts.get(at).and_then(|p| p.from) {
                    tags.push(tag);
                    at = before;
                }
                tags.reverse();
                return Some(Coming { begin, tags, with: there });
            }
            for by in &frame.moves {
                let Some(seen) = seen.get_mut(target(by)) else { continue };
                let new = frame.after(by, &with, late).without(seen);
                if !new.is_none() {
                    // Small steps of an endless round are not followed one by one.
                    if seen.len() > MOST_SEEN {
                        *seen = Ranges::all();
                    }
                    seen.join(&new);
                    parts.push(Stop { node: target(by), with: new, from: Some((i, by.step.tag)), begin });
                }
            }
            i += 1;
        }
        None
    }
}

/// A node on the way to a place, with these R, from another by a tag.
#[derive(Clone)]
struct Stop {
    node: usize,
    with: Ranges,
    from: Option<(usize, usize)>,
    begin: usize,
}

/// A place that was come to, with these R, from another such part.
struct Part<'s> {
    place: usize,
    frame: &'s Frame,
    with: Ranges,
    from: Option<(usize, &'s Move)>,
}

impl Solved {
    /// The way of the fewest steps to lose a promise that is made at this place with one of these R; none where all of them
    /// hold.
    pub(in crate::check::promises) fn story(&self, place: usize, mode: Mode, with: &Ranges) -> Option<Story> {
        let at = self.places.get(place)?;
        let first = Frame::open(at, mode);
        let lost = self.lost_from(at, &first, mode).and(with);
        if lost.is_none() {
            return None;
        }
        let mut parts = vec![Part { place, frame: &first, with: lost, from: None }];
        let mut seen = vec![Ranges::none(); self.frames.len()];
        let mut queue = VecDeque::from([0]);
        let mut last = None;
        while let Some(i) = queue.pop_front() {
            let part = parts.get(i)?;
            let bad = self.bad(part).and(&part.with);
            if !bad.is_none() {
                last = Some((i, bad));
                break;
            }
            let mut next = Vec::new();
            for by in &part.frame.moves {
                let (Some(lose), Some(seen)) = (self.lose.get(target(by)), seen.get_mut(target(by))) else { continue };
                let new = part.frame.after(by, &part.with, 0).and(lose).without(seen);
                if !new.is_none() {
                    seen.join(&new);
                    next.push(Part {
                        place: by.step.to,
                        frame: self.frames.get(target(by))?,
                        with: new,
                        from: Some((i, by)),
                    });
                }
            }
            for part in next {
                queue.push_back(parts.len());
                parts.push(part);
            }
        }
        let (at, bad) = last?;
        // Which R of the first place lead along just this way.
        let mut way = vec![(at, bad)];
        while let Some((i, ahead)) = way.last() {
            let Some((before, by)) = parts.get(*i)?.from else { break };
            let part = parts.get(before)?;
            let fits = part.frame.before(by, ahead).and(&part.with);
            way.push((before, fits));
        }
        way.reverse();
        let mut with = Ranges::none();
        let mut steps = Vec::new();
        let mut from = 0;
        for (i, fits) in &way {
            let part = parts.get(*i)?;
            match part.from {
                None => {
                    from = self.plain(fits)?;
                    with = Ranges::between(from, from);
                }
                Some((before, by)) => {
                    let then = self.plain(&parts.get(before)?.frame.after(by, &with, 0).and(fits))?;
                    steps.push(Told { step: by.step, then, moved: by.jumps.is_some() });
                    with = Ranges::between(then, then);
                }
            }
        }
        let end = parts.get(at)?;
        let at_last = steps.last().map_or(from, |s| s.then);
        let left = end.frame.left(at_last).filter(|_| !end.frame.rest.is_none());
        Some(Story { from, steps, at: end.place, left })
    }

    fn bad(&self, part: &Part<'_>) -> Ranges {
        match self.places.get(part.place) {
            Some(place) if place.over => Ranges::all(),
            _ => part.frame.outlasts(self.due),
        }
    }

    /// A number that a person would choose out of these: with time left before the promise is due, where there is one, and
    /// of as few digits as can be.
    fn plain(&self, of: &Ranges) -> Option<Millis> {
        let ahead = of.and(&Ranges::between(self.due.saturating_add(1), NEVER));
        let of = if ahead.is_none() { of } else { &ahead };
        for unit in [DAY, HOUR, MINUTE, SECOND] {
            for (first, last) in of.iter() {
                // Where there is no end to it the least will do, else the most.
                let up = first.checked_add(unit.saturating_sub(1)).map(|at| at.div_euclid(unit).saturating_mul(unit));
                let down = last.div_euclid(unit).saturating_mul(unit);
                let found = if last >= self.top { up } else { Some(down) };
                if let Some(found) = found.filter(|at| first <= *at && *at <= last) {
                    return Some(found);
                }
            }
        }
        of.iter().map(|(first, last)| if last == NEVER { first } else { last }).next()
    }
}
