//! With which R, the time that is left until T, places can be come to at all.

use std::collections::BTreeSet;

use journey_spec::program::Millis;

use super::frame::Frame;
use super::ranges::{NEVER, Ranges};
use super::{Does, Mode, Place, WORK, node, target};

/// Intervals of a set of what can be come to; beyond them it is taken for all that lies between.
const MOST_PARTS: usize = 32;

/// With which R places can be come to.
pub(in crate::check::promises) struct Come {
    pub(super) frames: Vec<Frame>,
    with: Vec<Ranges>,
    pub(super) late: Millis,
}

impl Come {
    /// Of these places, below whose `floor` all R count as one.
    pub(super) fn of(places: &[Place], floor: Millis, begins: &[(usize, Ranges)], late: Millis) -> Come {
        let plain = |place: &Place| {
            if place.over {
                return Place { over: true, ..Place::default() };
            }
            let mut place = Place { says: Ranges::none(), ..place.clone() };
            let silent = |does: &mut Does| {
                if does.says() {
                    *does = Does::Nothing;
                }
            };
            place.instants.iter_mut().for_each(|i| [&mut i.then, &mut i.past].into_iter().for_each(silent));
            place.waits.iter_mut().for_each(|w| silent(&mut w.does));
            place
        };
        let plain: Vec<Place> = places.iter().map(plain).collect();
        let frames: Vec<Frame> =
            plain.iter().flat_map(|p| [Frame::of(p, Mode::Entered), Frame::of(p, Mode::Moved)]).collect();
        let mut come = Come { frames, with: vec![Ranges::none(); plain.len().saturating_mul(2)], late };
        let mut open = BTreeSet::new();
        for (place, with) in begins {
            if let Some(slot) = come.with.get_mut(node(*place, false)) {
                slot.join(with);
                open.insert(node(*place, false));
            }
        }
        let mut work: u64 = 0;
        while let Some(n) = open.pop_first() {
            let (Some(frame), Some(from)) = (come.frames.get(n), come.with.get(n).cloned()) else { continue };
            for by in &frame.moves {
                let new = frame.after(by, &from, late);
                let Some(slot) = come.with.get_mut(target(by)).filter(|slot| !slot.holds(&new)) else { continue };
                slot.join(&new);
                *slot = slot.stretched(floor, NEVER);
                if slot.len() > MOST_PARTS {
                    *slot = slot.hull();
                }
                open.insert(target(by));
            }
            work = work.saturating_add(1).saturating_add(frame.moves.len().saturating_mul(from.len()) as u64);
            if work > WORK {
                // To take everything for possible is on the safe side.
                come.with.fill(Ranges::all());
                break;
            }
        }
        come
    }

    /// With which R it can be come to so that a promise can be made there.
    pub(in crate::check::promises) fn with(&self, place: usize, mode: Mode) -> Ranges {
        let of = |moved: bool| self.with.get(node(place, moved)).cloned().unwrap_or_default();
        match mode {
            Mode::Entered | Mode::Waits { .. } => of(false),
            Mode::Moved => of(true),
            Mode::Lasts => self.during(&[node(place, false), node(place, true)]),
            Mode::AfterNews => self.during(&[node(place, true)]),
        }
    }

    /// The tags of what can lead into this place with one of these R.
    pub(in crate::check::promises) fn into(&self, place: usize, with: &Ranges) -> BTreeSet<usize> {
        let mut tags = BTreeSet::new();
        for (frame, from) in self.frames.iter().zip(&self.with) {
            let into = frame.moves.iter().filter(|m| target(m) == node(place, false));
            tags.extend(into.filter(|m| !frame.after(m, from, self.late).and(with).is_none()).map(|m| m.step.tag));
        }
        tags
    }

    /// With which R a visit lasts at some moment.
    fn during(&self, nodes: &[usize]) -> Ranges {
        let mut all = Ranges::none();
        for n in nodes {
            if let (Some(frame), Some(with)) = (self.frames.get(*n), self.with.get(*n)) {
                all.join(&frame.during(with));
            }
        }
        all
    }
}
