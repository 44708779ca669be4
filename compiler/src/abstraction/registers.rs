//! What arrows ask of registers and do to them: limits on visits, on intake, instants that are past, what a visit does once.

use std::collections::BTreeSet;

use journey_spec::program::{Expr, Limit, LimitWhat, Millis, Quota, Window};
use journey_step::ledger::most_within;
use petgraph::graph::NodeIndex;

use super::Build;
use crate::graph::{Edge, Kind, datum};
use crate::model::{Register, Then, Touch};

/// Instants that are computed from one datum of the journey's own.
#[derive(Clone, Debug)]
pub(super) struct Instants {
    /// From what.
    base: Expr,
    /// The register that says how many of them are behind.
    behind: usize,
    /// The register that says which of them came as the visit under way began, from 1; 0 where none did. Only where two of
    /// them are further apart than one can be late.
    here: Option<usize>,
    /// How far from that each of them is, in order of time.
    offsets: Vec<Millis>,
}

impl Instants {
    fn many(&self) -> u32 {
        u32::try_from(self.offsets.len()).unwrap_or(u32::MAX)
    }
}

/// A way in which an edge can be taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Way {
    /// What it asks of registers and does to them.
    pub(super) touches: Vec<Touch>,
    /// Whether it is taken at once.
    pub(super) at_once: bool,
    /// The least time since the place was entered, in milliseconds, where that is more than the edge says.
    pub(super) lo: Millis,
}

/// How often a limit lets an instance do what it counts, in windows of a length.
fn lets(limit: &Limit, span: Option<Millis>) -> Option<u32> {
    let per = limit.per?;
    let most = most_within(u64::from(limit.n), per, Window::Rolling(span?));
    u32::try_from(most).ok()
}

fn taken(quota: Quota, settle: Option<Millis>, span: Option<Millis>) -> Option<u32> {
    let window = span?.saturating_add(settle.unwrap_or(0));
    u32::try_from(most_within(u64::from(quota.n), quota.per, Window::Rolling(window))).ok()
}

impl Build<'_> {
    pub(super) fn register(&mut self, top: u32, fresh: bool) -> usize {
        self.done.model.registers.push(Register { top, fresh });
        self.done.model.registers.len() - 1
    }

    pub(super) fn is_fresh(&self, register: usize) -> bool {
        self.done.model.registers.get(register).is_some_and(|r| r.fresh)
    }

    pub(super) fn limits(&mut self) {
        let graph = self.graph;
        for (i, limit) in (0..).map_while(|i| Some((i, graph.limit(i)?))) {
            // A state that is entered once needs no counting.
            let LimitWhat::Visits(state) = limit.what else { continue };
            let comes_back = self.comes_back.get_or_init(|| graph.on_cycles(|_, _, _, e| !e.stay));
            if limit.n > 0 && !comes_back.get(state.index()).copied().unwrap_or(true) {
                continue;
            }
            let whole = limit.per.is_none();
            let Some(n) = (if whole { Some(limit.n) } else { lets(limit, self.done.span) }) else { continue };
            let register = self.register(n, !whole);
            self.visits.insert(i, (register, n));
            // What other instances did is not known.
            if whole && !limit.per_customer {
                self.whole.push(i);
            }
        }
    }

    pub(super) fn events(&mut self) {
        let limited: Vec<_> = self
            .graph
            .edges()
            .filter(|(_, _, _, e)| !e.stay || !e.sends.is_empty())
            .filter_map(|(_, _, _, e)| Some((e.event?.0, e.intake?, e.settle)))
            .collect();
        let stays = |event: u32| {
            self.graph
                .edges()
                .any(|(_, _, _, e)| e.stay && !e.sends.is_empty() && e.event.is_some_and(|id| id.0 == event))
        };
        let stay: BTreeSet<u32> = limited.iter().map(|(event, ..)| *event).filter(|event| stays(*event)).collect();
        for (event, quota, settle) in limited {
            let key = (event, settle.unwrap_or(0));
            if self.intake.contains_key(&key) {
                continue;
            }
            // What a `stay` decided before the window may leave in it.
            let waited = self.waited.filter(|_| stay.contains(&event)).unwrap_or(0);
            let span = self.done.span.map(|span| span.saturating_add(waited));
            if let Some(n) = taken(quota, settle, span) {
                let register = self.register(n, true);
                self.intake.insert(key, (register, n));
            }
        }
    }

    /// Registers for the base of each instant that only the journey's own data move.
    pub(super) fn instants(&mut self) {
        let mut bases: Vec<(Expr, Vec<Millis>)> = Vec::new();
        for (_, _, _, edge) in self.graph.edges() {
            let Some((base, offset)) = own_instant(edge) else { continue };
            match bases.iter_mut().find(|(b, _)| b == base) {
                Some((_, offsets)) => offsets.push(*offset),
                None => bases.push((base.clone(), vec![*offset])),
            }
        }
        for (base, mut offsets) in bases {
            offsets.sort_unstable();
            offsets.dedup();
            let many = u32::try_from(offsets.len()).unwrap_or(u32::MAX);
            let behind = self.register(many, false);
            let apart = offsets.first().zip(offsets.last()).map_or(0, |(first, last)| last.saturating_sub(*first));
            let here = (apart > self.grace).then(|| self.register(many, false));
            self.instants.push(Instants { base, behind, here, offsets });
        }
    }

    /// The registers of instants whose data an edge moves.
    pub(super) fn moves<'e>(&'e self, edge: &'e Edge) -> impl Iterator<Item = usize> + 'e {
        self.instants.iter().filter(move |of| moved(edge, &of.base)).map(|of| of.behind)
    }

    /// The instants that an edge hangs on, and which of them it is.
    fn instant(&self, edge: &Edge) -> Option<(&Instants, u32)> {
        let (base, offset) = own_instant(edge)?;
        let of = self.instants.iter().find(|of| of.base == *base)?;
        let index = of.offsets.binary_search(offset).ok().and_then(|i| u32::try_from(i).ok()).unwrap_or(0);
        Some((of, index))
    }

    /// The ways in which an edge that hangs on an instant can find it; one that asks nothing for any other edge.
    pub(super) fn passes(&self, from: NodeIndex, edge: &Edge) -> Vec<Way> {
        let Some((of, index)) = self.instant(edge) else { return vec![Way::default()] };
        let passes = index.saturating_add(1);
        let ahead = Touch { register: of.behind, least: 0, most: index, then: Then::Set(passes) };
        let behind = Touch { register: of.behind, least: passes, most: of.many(), then: Then::Keep };
        match edge.kind {
            Kind::Urgent => vec![
                Way { touches: vec![ahead], ..Way::default() },
                Way { touches: vec![behind], at_once: true, ..Way::default() },
            ],
            // Two arrows of one place at one instant are two timers: where the first one stays, the other comes after it.
            Kind::At if self.has_company(from, edge) => {
                let touches = vec![Touch { most: passes.min(of.many()), ..ahead }];
                vec![Way { touches, ..Way::default() }]
            }
            _ => vec![Way { touches: vec![ahead], ..Way::default() }],
        }
    }

    /// The same for an edge that leaves its place, told apart by the instant that had just come when that was entered: a
    /// later one comes so much later, as long as nothing moves it, and one that is more than `grace` ahead is not past.
    pub(super) fn ways(&self, from: NodeIndex, edge: &Edge) -> Vec<Way> {
        let all = self.passes(from, edge);
        let Some((of, index, here)) = self.instant(edge).and_then(|(of, index)| Some((of, index, of.here?))) else {
            return all;
        };
        let mut ways = Vec::new();
        let own = of.offsets.get(index as usize).copied().unwrap_or(0);
        for way in all {
            // From which instants on it is ahead by more than they can be late.
            let gap = |earlier: u32| {
                let offset = of.offsets.get(earlier as usize).copied().unwrap_or(own);
                own.saturating_sub(offset).saturating_sub(self.grace).max(0)
            };
            let apart = (0..index).take_while(|earlier| gap(*earlier) > 0).count();
            let apart = u32::try_from(apart).unwrap_or(u32::MAX);
            let mut with = |least: u32, most: u32, lo: Millis| {
                let mut touches = way.touches.clone();
                let then = if edge.kind == Kind::At { Then::Set(index.saturating_add(1)) } else { Then::Keep };
                touches.push(Touch { register: here, least, most, then });
                ways.push(Way { touches, lo, ..way });
            };
            // Entered at another time, or at an instant from which it is not far.
            with(0, 0, 0);
            if apart < of.many() {
                with(apart.saturating_add(1), of.many(), 0);
            }
            if edge.kind != Kind::Urgent {
                // Also where it comes too late to count, which is later still.
                for earlier in 0..apart {
                    with(earlier.saturating_add(1), earlier.saturating_add(1), gap(earlier));
                }
            } else if way.at_once {
                // That it is behind is known of its own register.
                with(1, apart, 0);
            }
        }
        ways
    }

    /// What has to be ahead for the place to be waited in: an instant that is past leads on at once, and one that comes
    /// leads out too.
    pub(super) fn waits_for(&self, place: NodeIndex) -> Vec<Touch> {
        let mut touches = Vec::new();
        for edge in self.graph.unordered(place).filter(|e| e.kind == Kind::Urgent && !e.refusable && e.behind.is_some())
        {
            // Beside another arrow of that instant, something may follow from that one before this one leads out.
            let comes =
                |at: &&Edge| at.kind == Kind::At && at.node == edge.node && at.forced && !self.has_company(place, at);
            let Some((base, offset)) = own_instant(edge).filter(|_| self.graph.unordered(place).any(|at| comes(&at)))
            else {
                continue;
            };
            let Some(of) = self.instants.iter().find(|of| of.base == *base) else { continue };
            if let Some(most) = of.offsets.binary_search(offset).ok().and_then(|i| u32::try_from(i).ok()) {
                touch(&mut touches, Touch { register: of.behind, least: 0, most, then: Then::Keep });
            }
        }
        touches
    }

    /// Whether another arrow of the place that stays is taken at the same instant.
    fn has_company(&self, from: NodeIndex, edge: &Edge) -> bool {
        let same = |other: &&Edge| other.kind == Kind::At && other.stay && own_instant(other) == own_instant(edge);
        self.graph.unordered(from).filter(same).any(|other| other.node != edge.node)
    }

    /// What entering a place does to the registers, after `so_far`; none where it cannot be.
    pub(super) fn arriving(
        &self,
        to: NodeIndex,
        redirected: &[usize],
        by: Option<(NodeIndex, &Edge, Vec<Touch>)>,
    ) -> Option<Vec<Touch>> {
        let mut touches = Vec::new();
        if let Some((from, edge, so_far)) = by {
            touches = so_far;
            self.take_in(edge, &mut touches);
            self.reset(from, edge, &mut touches);
        }
        for limit in redirected {
            if let Some((register, n)) = self.visits.get(limit).filter(|_| self.whole.contains(limit)) {
                touch(&mut touches, Touch { register: *register, least: *n, most: *n, then: Then::Keep });
            }
        }
        for (limit, (register, n)) in &self.visits {
            if self
                .graph
                .limit(*limit)
                .is_some_and(|l| matches!(l.what, LimitWhat::Visits(s) if self.graph.at(s) == to))
            {
                let most = n.checked_sub(1)?;
                touch(&mut touches, Touch { register: *register, least: 0, most, then: Then::Add });
            }
        }
        for (id, _, _) in self.graph.out(to) {
            if let Some(register) = self.once.get(&id) {
                touch(&mut touches, Touch { register: *register, least: 0, most: 1, then: Then::Set(0) });
            }
        }
        touches.iter().all(|t| t.least <= t.most).then_some(touches)
    }

    pub(super) fn take_in(&self, edge: &Edge, touches: &mut Vec<Touch>) {
        let key = edge.event.map(|event| (event.0, edge.settle.unwrap_or(0)));
        let of = key.filter(|_| edge.intake.is_some() && (!edge.stay || !edge.sends.is_empty()));
        if let Some((register, n)) = of.and_then(|key| self.intake.get(&key)) {
            let most = n.saturating_sub(1);
            touch(touches, Touch { register: *register, least: 0, most, then: Then::Add });
        }
    }

    pub(super) fn reset(&self, from: NodeIndex, edge: &Edge, touches: &mut Vec<Touch>) {
        for of in &self.instants {
            let any = |register, then| Touch { register, least: 0, most: of.many(), then };
            if moved(edge, &of.base) {
                let cut = self.cut_short(from, edge).filter(|(cut, _)| *cut == of.behind);
                touch(touches, any(of.behind, Then::Set(cut.map_or(0, |(_, behind)| behind))));
            }
            // What takes time, and what moves the instants, leads to where none of them has just come.
            let own = edge.kind == Kind::At && self.instant(edge).is_some_and(|(own, _)| own.base == of.base);
            let waits = edge.kind != Kind::Urgent && !edge.stay && !own;
            if let Some(here) = of.here.filter(|_| waits || moved(edge, &of.base)) {
                touch(touches, any(here, Then::Set(0)));
            }
        }
    }

    /// For an arrow that settles and is cut short by an instant: the register, and how many of its instants are behind then.
    /// Nothing is known where instants of several data could have been the one.
    fn cut_short(&self, from: NodeIndex, edge: &Edge) -> Option<(usize, u32)> {
        if edge.stay || edge.lo > 0 || edge.settle.is_none_or(|settles| settles == 0) {
            return None;
        }
        let mut first: Option<(usize, u32)> = None;
        for (_, _, other) in self.graph.out(from).filter(|(_, _, e)| e.kind == Kind::At) {
            let (base, offset) = own_instant(other)?;
            let of = self.instants.iter().find(|of| of.base == *base)?;
            let index = u32::try_from(of.offsets.binary_search(offset).ok()?).ok()?;
            first = match first {
                Some((known, _)) if known != of.behind => return None,
                Some((_, least)) if least <= index + 1 => first,
                _ => Some((of.behind, index + 1)),
            };
        }
        first
    }
}

/// One touch a register: all that was asked still is, and what is done last holds.
pub(super) fn touch(touches: &mut Vec<Touch>, new: Touch) {
    match touches.iter_mut().find(|t| t.register == new.register) {
        Some(old) => {
            old.least = old.least.max(new.least);
            old.most = old.most.min(new.most);
            if !matches!(new.then, Then::Keep) {
                old.then = new.then;
            }
        }
        None => touches.push(new),
    }
}

/// The instant that an edge hangs on, where only the journey's own data move it.
pub(super) fn own_instant(edge: &Edge) -> Option<&(Expr, Millis)> {
    let of = edge.instant.as_ref().filter(|_| !edge.calendar).or(edge.behind.as_ref());
    of.filter(|(base, _)| datum(base).and_then(|path| path.first()).is_none_or(|root| root != "customer"))
}

/// Whether an edge moves what an instant is computed from.
fn moved(edge: &Edge, base: &Expr) -> bool {
    let Some(root) = datum(base).and_then(|path| path.first()) else { return false };
    edge.takes.contains(root) || edge.sets.iter().any(|path| path.first() == Some(root))
}
