//! One place, as one who looks for a way to break the promise sees it: how long it can be rested in, and what can be done
//! meanwhile.

use journey_spec::program::Millis;

use super::ranges::{EVER, NEVER, Ranges, less, plus};
use super::{Does, Mode, Place, Step};

/// When a move can be made.
#[derive(Clone, Debug)]
pub(super) enum When {
    /// In the step that comes here, with so long to T.
    AtOnce(Ranges),
    /// While the place is rested in.
    Later {
        /// The soonest and the latest after coming.
        lo: Millis,
        hi: Option<Millis>,
        /// Not at the very moment at which the place is left whatever else happens: what is due goes before what comes in.
        open: bool,
        /// A timer, so late runs make it late.
        timer: bool,
        /// With so long to T the clock makes it.
        window: Ranges,
        /// With so long to T its condition may hold.
        on: Ranges,
    },
}

/// Something that may happen and that leads on with the promise open.
#[derive(Clone, Debug)]
pub(super) struct Move {
    pub(super) step: Step,
    /// Whether the visit goes on: the place is not entered, its `after`s count on.
    pub(super) stays: bool,
    /// No promise is open after it.
    voids: bool,
    pub(super) when: When,
    /// How long to T it may be afterwards, where that has nothing to do with how long it was.
    pub(super) jumps: Option<Ranges>,
}

/// Whether an instant, between `first` and `last` before T, ends what can go wrong in such a visit.
fn counts(does: &Does, mode: Mode, first: Millis, last: Millis) -> bool {
    let sure = does.is_sure(&Ranges::between(last, first));
    match mode {
        // It may come before the promise is made.
        Mode::Waits { until, .. } if does.says() => sure && last <= until,
        _ => sure,
    }
}

/// What one visit allows.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// With so long to T the visit comes to rest.
    pub(super) rest: Ranges,
    /// With so long to T it is left, or spoken in, whatever else happens; ascending.
    stops: Vec<Millis>,
    /// So long after coming the same.
    within: Option<Millis>,
    pub(super) moves: Vec<Move>,
}

impl Frame {
    /// What a visit allows while a promise is open.
    pub(super) fn open(place: &Place, mode: Mode) -> Frame {
        let mut frame = Frame::of(place, mode);
        frame.moves.retain(|by| !by.voids);
        frame
    }

    pub(super) fn of(place: &Place, mode: Mode) -> Frame {
        let mut frame = Frame { rest: Ranges::none(), stops: Vec::new(), within: None, moves: Vec::new() };
        if mode == Mode::Entered {
            for way in &place.ways {
                frame.at_once(std::slice::from_ref(&way.step), way.on.clone());
            }
        }
        if !place.rests {
            return frame;
        }
        frame.rest = Ranges::all();
        for instant in &place.instants {
            frame.arms(instant, mode);
        }
        for instant in &place.instants {
            let window = Ranges::between(instant.last, instant.first);
            let comes = |when: Ranges, open_from: Millis| When::Later {
                lo: open_from,
                hi: None,
                open: false,
                timer: true,
                window: window.clone(),
                on: when,
            };
            frame.goes(&instant.then, comes(instant.may.clone(), 1));
            if instant.first > instant.last {
                // The customer's calendar moves, and with it the instant, back and forth.
                frame.goes(&instant.past, comes(instant.may.clone(), 0));
            }
            if counts(&instant.then, mode, instant.first, instant.last) && instant.must.contains(instant.last) {
                frame.stops.push(instant.last);
            }
        }
        frame.stops.sort_unstable();
        frame.stops.dedup();
        for wait in &place.waits {
            // Of a visit that lasts already nobody knows how long.
            let lo = if mode.begins() { wait.lo } else { 0 };
            let (hi, window, on) = (Some(wait.hi), Ranges::all(), wait.may.clone());
            frame.goes(&wait.does, When::Later { lo, hi, open: false, timer: true, window, on });
            let counts = match mode {
                Mode::Entered => true,
                // What the wait says comes after the promise only where that is made before.
                Mode::Waits { most, .. } => wait.lo > most || !wait.does.says(),
                _ => !wait.does.says(),
            };
            if wait.does.is_sure(&Ranges::all()) && wait.must && counts {
                frame.within = Some(frame.within.map_or(wait.hi, |d| d.min(wait.hi)));
            }
        }
        for input in &place.inputs {
            let lo = if mode.begins() { input.lo } else { 0 };
            for step in &input.steps {
                let (window, on) = (Ranges::all(), input.on.clone());
                let when = When::Later { lo, hi: None, open: !input.due, timer: false, window, on };
                frame.push(*step, when, input.moves.clone());
                frame.moves.last_mut().into_iter().for_each(|by| by.voids = input.voids);
            }
        }
        for (news, step) in &place.news {
            let (window, on) = (Ranges::all(), Ranges::all());
            let when = When::Later { lo: 0, hi: None, open: true, timer: false, window, on };
            frame.moves.push(Move { step: *step, stays: true, voids: false, when, jumps: Some(news.clone()) });
        }
        if let Mode::Waits { until, .. } = mode {
            frame.rest = frame.rest.and(&Ranges::between(plus(until, 1), NEVER));
        }
        frame
    }

    /// What an instant does where it is past when the visit is come to.
    fn arms(&mut self, instant: &super::Instant, mode: Mode) {
        let maybe = Ranges::between(EVER, instant.first).and(&instant.may).and(&self.rest);
        let surely = Ranges::between(EVER, instant.last).and(&instant.must);
        match (&instant.past, mode) {
            // It was said before the promise was made.
            (Does::Says(_), Mode::Lasts | Mode::AfterNews | Mode::Waits { .. }) | (Does::Nothing, _) => {}
            (Does::Says(on), _) => self.rest = self.rest.without(&surely.and(on)),
            (Does::Goes { steps, surely: leads }, mode) => {
                // What waits goes along with the step, to where that comes to rest.
                if matches!(mode, Mode::Entered | Mode::Moved) {
                    self.at_once(steps, maybe);
                }
                // A visit that lasts beyond its instant shows that this one came to nothing, or that it would always lead away.
                let always = instant.must.holds(&Ranges::between(EVER, instant.last));
                let left = always && matches!(instant.then, Does::Goes { surely: true, .. });
                if *leads && (!mode.lasts() || left) {
                    self.rest = self.rest.without(&surely);
                }
            }
        }
    }

    fn at_once(&mut self, steps: &[Step], on: Ranges) {
        for step in steps {
            self.push(*step, When::AtOnce(on.clone()), None);
        }
    }

    fn goes(&mut self, does: &Does, when: When) {
        if let Does::Goes { steps, .. } = does {
            for step in steps {
                self.push(*step, when.clone(), None);
            }
        }
    }

    fn push(&mut self, step: Step, when: When, moves: Option<Ranges>) {
        let jumps = if step.sets { Some(Ranges::all()) } else { moves };
        self.moves.push(Move { step, stays: false, voids: false, when, jumps });
    }

    /// The stretches of R between two stops, each with the stop below it.
    fn pieces(&self) -> impl Iterator<Item = (Millis, Millis, Millis)> + '_ {
        let below = std::iter::once(EVER).chain(self.stops.iter().copied());
        let above = self.stops.iter().copied().chain([NEVER]);
        below.zip(above).map(|(below, above)| (below, plus(below, 1), above))
    }

    /// With so long to T the visit lasts beyond `due`, where nothing but what has to happens.
    pub(super) fn outlasts(&self, due: Millis) -> Ranges {
        let mut out = Ranges::none();
        for (below, first, last) in self.pieces().filter(|(below, ..)| *below < due) {
            debug_assert!(below < first || below == EVER);
            out.add(first, self.within.map_or(last, |d| last.min(plus(due, d.saturating_sub(1)))));
        }
        out.and(&self.rest)
    }

    /// Whether it is left by no instant before a moment so long before T.
    pub(super) fn stops_only_after(&self, due: Millis) -> bool {
        self.stops.iter().all(|stop| *stop < due)
    }

    /// Whether a move can be made whatever R in `ahead` the visit begins with, after some time has gone by where the place
    /// is rested in.
    pub(super) fn always(&self, by: &Move, ahead: &Ranges) -> bool {
        match &by.when {
            When::AtOnce(on) => on.holds(ahead),
            When::Later { lo, open, window, on, .. } => {
                let fits = self.within.is_none_or(|d| d >= (*lo).max(1).saturating_add(Millis::from(*open)));
                fits && window.is_all() && on.holds(ahead)
            }
        }
    }

    /// When the visit is left at the latest, for one that begins with `from` to T; none where nothing has to happen.
    pub(super) fn left(&self, from: Millis) -> Option<Millis> {
        let stop = self.stops.iter().rev().find(|stop| **stop < from).copied();
        let over = self.within.map(|d| less(from, d));
        stop.into_iter().chain(over).max()
    }

    /// With so long to T, on coming, this move can lead into `bad`.
    pub(super) fn before(&self, by: &Move, bad: &Ranges) -> Ranges {
        let bad = match &by.jumps {
            Some(jumps) if jumps.and(bad).is_none() => return Ranges::none(),
            Some(_) => &Ranges::all(),
            None => bad,
        };
        let When::Later { lo, hi, open, window, on, .. } = &by.when else {
            let When::AtOnce(on) = &by.when else { return Ranges::none() };
            return bad.and(on);
        };
        let k = Millis::from(*open);
        if self.within.is_some_and(|d| d < lo.saturating_add(k)) {
            return Ranges::none();
        }
        let bad = bad.and(window).and(on);
        let mut out = Ranges::none();
        for (below, first, last) in self.pieces() {
            for (a, b) in bad.iter().filter(|(_, b)| plus(below, k) <= *b) {
                let low = first.max(plus(a, *lo)).max(plus(below, lo.saturating_add(k)));
                let left = self.within.map_or(NEVER, |d| plus(b, d.saturating_sub(k)));
                out.add(low, last.min(left).min(hi.map_or(NEVER, |d| plus(b, d))));
            }
        }
        out.and(&self.rest)
    }

    /// How long to T it may be after this move, for visits that begin with `from`, where timers are at most `late`.
    pub(super) fn after(&self, by: &Move, from: &Ranges, late: Millis) -> Ranges {
        let out = match &by.when {
            When::AtOnce(on) => from.and(on),
            When::Later { lo, hi, open, timer, window, on } => {
                let k = Millis::from(*open);
                if self.within.is_some_and(|d| d < lo.saturating_add(k)) {
                    return Ranges::none();
                }
                let mut out = Ranges::none();
                let from = from.and(&self.rest);
                for (below, first, last) in self.pieces() {
                    for (x, y) in from.and(&Ranges::between(first, last)).iter() {
                        let x = x.max(plus(below, lo.saturating_add(k)));
                        let soonest = [
                            plus(below, k),
                            self.within.map_or(EVER, |d| less(x, d.saturating_sub(k))),
                            hi.map_or(EVER, |d| less(x, d)),
                        ];
                        if x <= y {
                            out.add(soonest.into_iter().max().unwrap_or(EVER), less(y, *lo));
                        }
                    }
                }
                let out = out.and(window);
                if *timer { out.early_by(late).and(on) } else { out.and(on) }
            }
        };
        match &by.jumps {
            Some(jumps) if !out.is_none() => jumps.clone(),
            _ => out,
        }
    }

    /// How long to T it may be at some moment of such visits.
    pub(super) fn during(&self, from: &Ranges) -> Ranges {
        let mut out = Ranges::none();
        let from = from.and(&self.rest);
        for (below, first, last) in self.pieces() {
            for (x, y) in from.and(&Ranges::between(first, last)).iter() {
                out.add(plus(below, 1).max(self.within.map_or(EVER, |d| less(x, d.saturating_sub(1)))), y);
            }
        }
        out
    }
}
