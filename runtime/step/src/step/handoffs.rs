//! Cases for people: opened or joined, and closed.

use compact_str::{CompactString, format_compact};
use journey_spec::program::{JourneyId, PriorityOf, Trigger};
use journey_spec::value::Data;

use super::Run;
use super::values::at_path;
use crate::customer::Case;
use crate::effect::{Effect, HandoffCase, What};

/// Open cases that are kept; beyond that the oldest is forgotten, and its closing is heard by nobody.
const MOST_CASES: usize = 100;

/// Whose case it is.
pub(crate) struct Whose {
    pub(crate) journey: Option<JourneyId>,
    pub(crate) key: Option<CompactString>,
    pub(crate) instance: Option<u64>,
}

/// How a case is given to a person.
#[derive(Clone, Copy)]
pub(crate) struct Handing<'a> {
    pub(crate) queue: &'a str,
    pub(crate) transcript: bool,
    pub(crate) carried: &'a [Vec<String>],
    pub(crate) priority: Option<&'a PriorityOf>,
}

impl<'a> Handing<'a> {
    /// With everything said so far, and no priority.
    pub(crate) fn to(queue: &'a str) -> Handing<'a> {
        Handing { queue, transcript: true, carried: &[], priority: None }
    }
}

impl Run<'_> {
    /// Gives an instance's case to a person. `visit` is the visit that hears of its closing; none for limits.
    pub(crate) fn hand_over(&mut self, n: Option<usize>, handing: Handing<'_>, why: CompactString, visit: Option<u64>) {
        let whose = match n.and_then(|n| self.inst(n)) {
            Some(i) => Whose { journey: Some(i.journey), key: i.key.clone(), instance: Some(i.number) },
            None => Whose { journey: None, key: None, instance: None },
        };
        self.open_case(n, whose, handing, why, visit);
    }

    /// Gives a person the case of an instance that may not begin.
    pub(crate) fn hand_over_start(&mut self, journey: JourneyId, key: Option<&str>, queue: &str, why: CompactString) {
        let whose = Whose { journey: Some(journey), key: key.map(Into::into), instance: None };
        self.open_case(None, whose, Handing::to(queue), why, None);
    }

    /// Opens a case, or joins the open one of the same instance and queue. A case that is joined stays as urgent as it is.
    pub(crate) fn open_case(
        &mut self,
        n: Option<usize>,
        whose: Whose,
        handing: Handing<'_>,
        why: CompactString,
        visit: Option<u64>,
    ) {
        let Handing { queue, transcript, carried, priority } = handing;
        let program = self.program;
        let of_one = |a: Option<JourneyId>, b: Option<JourneyId>| match (a, b) {
            (Some(a), Some(b)) => program.is_same_journey(a, b),
            (a, b) => a == b,
        };
        let same = |c: &Case| {
            c.queue == queue && c.instance == whose.instance && of_one(c.journey, whose.journey) && c.key == whose.key
        };
        if let Some(open) = self.c.cases.iter_mut().find(|c| same(c)) {
            if visit.is_some() {
                open.visit = visit;
            }
            let case = open.id.clone();
            return self.note(n, What::HandedOver { case, queue: queue.into(), joined: true, priority: None });
        }
        let urgency = n.zip(priority).and_then(|(n, of)| self.urgency(n, of));
        let (priority, shown) = urgency.map(|u| (u.priority, u.shown)).unzip();
        let data = n.map(|n| self.carried(n, carried)).unwrap_or_default();
        let case = self.id();
        let transcript = if transcript { self.c.said.clone() } else { Vec::new() };
        let journey = whose.journey.and_then(|j| self.program.journeys.get(j.index())).map(|j| j.name.clone());
        self.out.push(Effect::Handoff(Box::new(HandoffCase {
            case: case.clone(),
            queue: queue.into(),
            journey,
            key: whose.key.clone(),
            why,
            transcript,
            data,
            shown: shown.clone().filter(|shown| priority.as_ref() != Some(shown)),
            priority,
        })));
        let told = What::HandedOver { case: case.clone(), queue: queue.into(), joined: false, priority: shown };
        self.note(n, told);
        let Whose { journey, key, instance } = whose;
        self.c.cases.push(Case { id: case, queue: queue.into(), journey, key, instance, visit });
        let over = self.c.cases.len().saturating_sub(MOST_CASES);
        self.c.cases.drain(..over);
    }

    /// The data that go along with a case, by their written path; what is missing is left out.
    fn carried(&self, n: usize, carried: &[Vec<String>]) -> Data {
        let Some(instance) = self.inst(n) else { return Data::new() };
        let value = |path: &Vec<String>| at_path(path, &instance.data, &self.c.profile).cloned();
        carried.iter().filter_map(|path| Some((path.join("."), value(path)?))).collect()
    }

    /// A person closed a case, given by its id or by its queue. Heard once, and only by the visit that opened or joined
    /// it.
    pub(crate) fn handoff_closed(&mut self, case: &str) {
        let by_id = self.c.cases.iter().position(|c| c.id == case);
        let Some(at) = by_id.or_else(|| self.c.cases.iter().position(|c| c.queue == case)) else {
            return self.ignored(None, format_compact!("handoff `{case}` closed"), "there is no such open case");
        };
        let closed = self.c.cases.remove(at);
        let n = closed.instance.and_then(|number| self.c.position(number));
        self.note(n, What::HandoffClosed { case: closed.id, queue: closed.queue });
        if let Some(n) = n
            && closed.visit.is_some()
            && closed.visit == self.visit(n)
            && let Some((at, arrow)) = self.arrow(n, |t| matches!(t, Trigger::HandoffClosed))
        {
            self.took_arrow(n, at, false);
            self.take(n, &arrow.then, "handoff.closed");
        }
    }
}
