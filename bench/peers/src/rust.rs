//! The question as a model of Stateright (Nadal, <https://www.stateright.rs>).

use stateright::{Checker, Model, Property};

use crate::question::Question;

/// A place in a run: the state, the minutes since the window began, and the messages so far.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct Place {
    at: u8,
    time: u16,
    count: u16,
}

struct Asked {
    question: Question,
    target: u64,
}

impl Model for Asked {
    type State = Place;
    type Action = u8;

    fn init_states(&self) -> Vec<Place> {
        let open = |at: &u8| Place { at: *at, time: 0, count: u16::from(self.question.sends[usize::from(*at)]) };
        self.question.openers.iter().map(open).collect()
    }

    fn actions(&self, place: &Place, actions: &mut Vec<u8>) {
        let arrows = self.question.next[usize::from(place.at)].iter().zip(0..);
        actions.extend(arrows.filter(|((_, lo), _)| place.time + lo < self.question.window).map(|(_, i)| i));
    }

    fn next_state(&self, place: &Place, arrow: u8) -> Option<Place> {
        let (to, lo) = *self.question.next[usize::from(place.at)].get(usize::from(arrow))?;
        let count = place.count + u16::from(self.question.sends[usize::from(to)]);
        Some(Place { at: to, time: place.time + lo, count })
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("fewer", |asked: &Asked, place: &Place| u64::from(place.count) < asked.target)]
    }
}

/// Whether `target` messages can be sent in the window. On one thread; depth-first, which is twice as fast here as
/// breadth-first.
pub fn check(question: Question, target: u64) -> bool {
    Asked { question, target }.checker().threads(1).spawn_dfs().join().discoveries().contains_key("fewer")
}
