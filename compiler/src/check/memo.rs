//! What the rules said of a journey, taken over for one that has not changed.
//!
//! A rule of a journey looks at it, at what all journeys share, and at where all that stands. What was said, and the
//! figures that were found, hold as long as these three are the same, whatever position the journey has by now.

use std::collections::BTreeMap;

use journey_spec::program::{Journey, JourneyId, Program};

use super::bounds::{Journeys, budget};
use super::mornings::{self, Queue};
use super::{Case, of_journey, of_program};
use crate::diagnostics::Finding;
use crate::model::Budget;
use crate::source::Span;
use crate::spans::Spans;

/// What is known of the journeys of the last program.
#[derive(Default)]
pub(crate) struct Memo {
    /// The last program without its journeys, and where its parts stand.
    shared: Option<(Program, Spans)>,
    /// How closely its journeys were looked at.
    budget: Option<Budget>,
    known: BTreeMap<String, Known>,
    /// The journeys themselves, with figures that were found.
    journeys: Journeys,
}

struct Known {
    id: JourneyId,
    journey: Journey,
    places: Vec<Span>,
    said: Vec<Finding>,
    /// What of it can wait for the morning.
    queue: Option<Queue>,
}

/// A program without its journeys.
fn shared(program: &Program) -> Program {
    Program {
        format: program.format,
        language: program.language.clone(),
        hash: String::new(),
        customer: program.customer.clone(),
        records: program.records.clone(),
        events: program.events.clone(),
        messages: program.messages.clone(),
        services: program.services.clone(),
        hooks: program.hooks.clone(),
        policy: program.policy.clone(),
        journeys: Vec::new(),
        versions: program.versions.clone(),
    }
}

impl Memo {
    /// Asks every rule; those of a journey only where it has changed. `all`: no journey of the project is left out.
    pub(crate) fn run(&mut self, program: &Program, spans: &Spans, all: bool) -> Vec<Finding> {
        let now = shared(program);
        let budget = Some(budget(program));
        let same = |(old, places): &(Program, Spans)| *old == now && spans.shares_with(places);
        if self.budget != budget || !self.shared.as_ref().is_some_and(same) {
            *self = Memo { shared: Some((now, spans.without_journeys())), budget, ..Memo::default() };
        }
        let nights = mornings::nights(program);
        let mut out = Vec::new();
        let mut known = std::mem::take(&mut self.known);
        let mut journeys = std::mem::take(&mut self.journeys).by_name();
        for (journey, id) in program.journeys.iter().zip(0..).map(|(journey, id)| (journey, JourneyId(id))) {
            let places = spans.of(id);
            let same = |known: &Known| known.places == places && known.journey == *journey;
            let before = known.remove(journey.name.as_str()).filter(same);
            let now = match before.filter(|_| self.journeys.keep(id, &journey.name, &mut journeys)) {
                Some(known) if known.id == id => known,
                Some(known) => {
                    // The queue names places by the journey's position.
                    let case = self.journeys.last().map(|graph| Case { program, spans, graph });
                    Known { id, queue: case.and_then(|case| mornings::queue(&case, &nights)), ..known }
                }
                None => {
                    let mut said = Vec::new();
                    let case = self.journeys.add(program, id).map(|graph| Case { program, spans, graph });
                    if let Some(case) = &case {
                        of_journey(case, &mut said);
                    }
                    let queue = case.and_then(|case| mornings::queue(&case, &nights));
                    Known { id, journey: journey.clone(), places, said, queue }
                }
            };
            out.extend_from_slice(&now.said);
            self.known.insert(journey.name.to_string(), now);
        }
        let names = program.journeys.iter().map(|journey| journey.name.as_str());
        let queues: Vec<&Queue> = names.filter_map(|name| self.known.get(name)?.queue.as_ref()).collect();
        of_program(program, spans, (&self.journeys, all), &queues, &mut out);
        out
    }

    /// The journeys of the program that was looked at last.
    pub(crate) fn journeys(&self) -> &Journeys {
        &self.journeys
    }
}
