//! From a journey's graph to the model whose bounds are computed.
//!
//! [`crate::graph`] says what each construct of the language becomes as an edge; here each edge becomes an arrow of
//! [`crate::model`], with the least time `lo` that it takes, the time `by` when it is taken whatever else happens, and
//! the registers that it asks and moves. All of it over-approximates: what a run of the engine can do, a run of the model
//! can do, with the same messages and no more time in between (checker.md, sections 1 and 1b).
//!
//! | in the graph | in the model |
//! |---|---|
//! | a place | a spot that weighs what its entry sends |
//! | an edge | an arrow with its `lo`; `by` where it is forced: its deadline, else its `lo` |
//! | a way to begin | an arrow from a root that nothing enters, so that a visit of the first state is counted |
//! | `limit visits S to n` without a window, of one instance | a register: arrows into S need a place and take it, redirects need that there is none |
//! | the same with a window, or counted for the customer | a register that begins with the window: `n` for each stretch; redirects may always be taken |
//! | an event taken in at most so often | a register that begins with the window, of which each of its arrows takes one |
//! | `at T + d` for several `d` | a register for T: how many of its instants are past. An `at` or `if past` needs its own to be ahead and puts it behind; where it is behind on entry, `if past` is forced; what moves T sets it to 0 |
//! | the same, in a visit that began as one of these instants came | a register that says which it was: a later one comes so much later, less the policy's `grace`, and is not past on entry |
//! | `at`, where the customer's record or calendar moves T | free: the host may change these at any time |
//! | `stay { … }` that sends | a spot of its own and back, after which what was left to wait is shorter by the stay's `lo` |
//! | what a visit does once | a register that entering the state sets to 0 |
//! | `stay` that sends nothing but moves data | an arrow to itself, at once |
//!
//! **What waits.** A message leaves some time after it was decided, but while it waits, for quiet hours, a limit, the end
//! of a pause, the instance stays where it is: what waits is withdrawn when the state is left. So of what was decided before
//! a window only what the visit under way has decided can leave in it. For that each place has a twin, *kept*, in which
//! only windows begin: its messages were decided up to [`longest_wait`] ago and leave now, and every way out is so much
//! nearer. The states that a step passes at once on its way there have twins that lead on to it, and take nothing
//! from the registers that begin with the window.
//!
//! **Places with a `stay` that sends.** Such a place is several spots: one that is entered and weighs; one for each `lo`
//! of its stays, in which the visit has lasted so long; and, for windows that begin with a stay's message, one in which
//! the visit may have lasted any time, so that every way out is open at once. Only what lies before the window leads there.

mod registers;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use journey_spec::program::{Message, Millis, Program, Validity};
use petgraph::graph::{EdgeIndex, NodeIndex};

use crate::graph::{Edge, Graph, Kind, Sent};
use crate::model::{Arrow, Model, Register, Spot, Then, Touch};
use registers::{Instants, Way, own_instant, touch};

/// What an arrow of the model stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The instance begins, in the way of this position of [`Graph::begins`].
    Begin(usize),
    /// An edge is taken.
    Edge(EdgeIndex),
    /// Nothing happens: a part of a place leads to another.
    Inside,
}

/// What a spot of the model stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// Nothing has begun.
    Root,
    /// A place was entered.
    Entered(NodeIndex),
    /// A place was entered before, and what that sent has waited for the window.
    Kept(NodeIndex),
    /// The visit of a place goes on.
    Waits(NodeIndex),
    /// A `stay` does what it says.
    Stays(EdgeIndex),
}

/// A journey's model, and what its parts stand for.
#[derive(Clone, Debug)]
pub struct Abstraction {
    /// The model. Its spots weigh nothing until [`Abstraction::weights`] are asked for.
    pub model: Model,
    /// For each spot, by position.
    pub spots: Vec<Stands>,
    /// For each arrow's tag.
    pub causes: Vec<Cause>,
    /// The longest window for which its registers count; none means the whole life.
    span: Option<Millis>,
}

impl Abstraction {
    /// The model of a graph, for windows no longer than `span`, in milliseconds; for the whole life where there is none.
    #[must_use]
    pub fn of(program: &Program, graph: &Graph, span: Option<Millis>) -> Abstraction {
        Draft::of(program, graph, span, Runs::Any).done()
    }

    /// How many of the messages for which `counts` holds each spot sends.
    #[must_use]
    pub fn weights(&self, graph: &Graph, counts: impl Fn(&Sent) -> bool) -> Vec<u32> {
        let sum = |sends: &[Sent]| u32::try_from(sends.iter().filter(|s| counts(s)).count()).unwrap_or(u32::MAX);
        self.spots
            .iter()
            .map(|spot| match spot {
                Stands::Root | Stands::Waits(_) => 0,
                Stands::Entered(n) | Stands::Kept(n) => graph.place(*n).map_or(0, |p| sum(&p.sends)),
                Stands::Stays(e) => graph.edge(*e).map_or(0, |(_, _, e)| sum(&e.sends)),
            })
            .collect()
    }
}

/// What a model will count, before its spots and arrows are drawn: all that tells models of one graph apart, of the same
/// runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    registers: Vec<Register>,
    visits: BTreeMap<usize, (usize, u32)>,
    intake: BTreeMap<(u32, Millis), (usize, u32)>,
    /// Of windows, and not of the whole life.
    windows: bool,
}

impl Counts {
    /// Whether a model that counts so differs from one with those counts in nothing but how much room its registers have.
    pub(crate) fn is_shaped_as(&self, other: &Counts) -> bool {
        let (a, b) = (&self.registers, &other.registers);
        // Nothing leads to where nobody is let in.
        let none = |counts: &Counts| {
            let visits = counts.visits.values().chain(counts.intake.values());
            visits.map(|(register, n)| (*register, *n == 0)).collect::<Vec<_>>()
        };
        self.windows == other.windows
            && a.len() == b.len()
            && a.iter().zip(b).all(|(x, y)| x.fresh == y.fresh)
            && self.visits.keys().eq(other.visits.keys())
            && self.intake.keys().eq(other.intake.keys())
            && none(self) == none(other)
    }

    /// The same, and its registers have as much room or less.
    pub(crate) fn fits_into(&self, other: &Counts) -> bool {
        self.is_shaped_as(other) && self.registers.iter().zip(&other.registers).all(|(x, y)| x.top <= y.top)
    }

    /// How much room its registers that begin with the window have, together.
    pub(crate) fn room(&self) -> u64 {
        self.registers.iter().filter(|r| r.fresh).fold(0, |sum, r| sum.saturating_add(u64::from(r.top)))
    }

    /// Those of a model in the order of its registers; what it counts within visits comes after them.
    pub(crate) fn registers(&self) -> &[Register] {
        &self.registers
    }
}

/// A model of which it is known what it counts.
pub(crate) struct Draft<'g>(Build<'g>);

impl<'g> Draft<'g> {
    pub(crate) fn of(program: &Program, graph: &'g Graph, span: Option<Millis>, runs: Runs) -> Draft<'g> {
        let mut build = Build::new(program, graph, span, runs);
        build.limits();
        build.events();
        build.instants();
        Draft(build)
    }

    pub(crate) fn counts(&self) -> Counts {
        let build = &self.0;
        Counts {
            registers: build.done.model.registers.clone(),
            visits: build.visits.clone(),
            intake: build.intake.clone(),
            windows: build.done.span.is_some(),
        }
    }

    pub(crate) fn done(mut self) -> Abstraction {
        self.0.spots();
        self.0.arrows();
        self.0.done
    }
}

/// The longest that a message may wait, in milliseconds: as long as it is true, less an instant.
#[must_use]
pub fn longest_wait(program: &Program) -> Millis {
    let of = |m: &Message| match m.validity {
        Validity::For(d) => d,
        _ => program.policy.valid_for,
    };
    let longest = program.messages.iter().map(of).fold(program.policy.valid_for, Millis::max);
    longest.saturating_sub(1).max(0)
}

/// The parts of a place.
#[derive(Clone, Debug)]
struct Parts {
    /// Where arrows lead in.
    entered: NodeIndex,
    /// Where arrows lead out, with how long the visit has lasted, in milliseconds; by that.
    lasted: Vec<(Millis, NodeIndex)>,
    /// Where the visit may have lasted any time.
    late: Option<NodeIndex>,
    /// Where what was decided before the window leaves, and where its visit goes on.
    kept: Option<(NodeIndex, NodeIndex)>,
}

/// Which runs a model has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Runs {
    /// All: what they come to is a bound.
    Any,
    /// Those that are easily brought about from outside: in their window nothing had waited, and no odd edge is taken. What
    /// they come to is none.
    Easy,
}

struct Build<'g> {
    graph: &'g Graph,
    done: Abstraction,
    parts: Vec<Parts>,
    root: NodeIndex,
    /// For each limit on visits that has a register: it, and how often it lets in.
    visits: BTreeMap<usize, (usize, u32)>,
    /// Of those, the ones that tell when they are used up.
    whole: Vec<usize>,
    /// For each event with a limit on its intake, and each of its settling times.
    intake: BTreeMap<(u32, Millis), (usize, u32)>,
    /// The instants that only the journey's own data move.
    instants: Vec<Instants>,
    /// For each edge that a visit takes once.
    once: BTreeMap<EdgeIndex, usize>,
    /// For each place, whether it lies on a cycle; asked where visits are limited.
    comes_back: OnceCell<Vec<bool>>,
    /// How late an instant may be taken, in milliseconds.
    grace: Millis,
    /// How long a message may have waited when the window begins, where that may be asked.
    waited: Option<Millis>,
    runs: Runs,
}

impl<'g> Build<'g> {
    fn new(program: &Program, graph: &'g Graph, span: Option<Millis>, runs: Runs) -> Build<'g> {
        let mut model = Model::default();
        let root = model.graph.add_node(Spot::default());
        model.starts.push(root);
        Build {
            graph,
            done: Abstraction { model, spots: vec![Stands::Root], causes: Vec::new(), span },
            parts: Vec::new(),
            root,
            visits: BTreeMap::new(),
            whole: Vec::new(),
            intake: BTreeMap::new(),
            instants: Vec::new(),
            once: BTreeMap::new(),
            comes_back: OnceCell::new(),
            grace: program.policy.grace.max(0),
            waited: span.filter(|_| runs == Runs::Any).map(|_| longest_wait(program)),
            runs,
        }
    }

    fn spot(&mut self, stands: Stands) -> NodeIndex {
        self.done.spots.push(stands);
        self.done.model.graph.add_node(Spot::default())
    }

    fn spots(&mut self) {
        for n in self.graph.nodes() {
            let entered = self.spot(Stands::Entered(n));
            let weighs = self.graph.place(n).is_some_and(|p| !p.sends.is_empty());
            let stays: Vec<_> = self.graph.out(n).filter(|(_, _, e)| e.stay).collect();
            let mut lasted: Vec<Millis> =
                stays.iter().filter(|(_, _, e)| !e.sends.is_empty()).map(|(_, _, e)| e.lo).collect();
            let sends = !lasted.is_empty();
            let moves = stays.iter().any(|(_, _, e)| self.moves(e).next().is_some());
            let once: Vec<EdgeIndex> = stays
                .iter()
                .filter(|(_, _, e)| {
                    !e.sends.is_empty() && (!e.repeats || e.kind == Kind::Past && own_instant(e).is_some())
                })
                .map(|(id, ..)| *id)
                .collect();
            for id in once {
                let register = self.register(1, false);
                self.once.insert(id, register);
            }
            let kept = self.waited.is_some().then(|| self.spot(Stands::Kept(n)));
            if !(sends || moves && weighs) {
                let kept = kept.map(|kept| (kept, kept));
                self.parts.push(Parts { entered, lasted: vec![(0, entered)], late: None, kept });
                continue;
            }
            let kept = kept.map(|kept| (kept, self.spot(Stands::Waits(n))));
            lasted.push(0);
            lasted.sort_unstable();
            lasted.dedup();
            let lasted = lasted.into_iter().map(|t| (t, self.spot(Stands::Waits(n)))).collect();
            let late = sends.then(|| self.spot(Stands::Waits(n)));
            self.parts.push(Parts { entered, lasted, late, kept });
        }
    }

    fn arrow(&mut self, from: NodeIndex, to: NodeIndex, cause: Cause, arrow: Arrow) {
        let tag = self.done.causes.len();
        self.done.causes.push(cause);
        self.done.model.graph.add_edge(from, to, Arrow { tag, ..arrow });
    }

    fn arrows(&mut self) {
        for (i, begin) in self.graph.begins.iter().enumerate() {
            let Some(to) = self.parts.get(begin.to.index()).cloned() else { continue };
            if let Some(touches) = self.arriving(begin.to, &begin.redirected, None) {
                self.enter(self.root, &to, Cause::Begin(i), Arrow { touches, ..Arrow::default() });
            }
        }
        for n in self.graph.nodes() {
            let Some(parts) = self.parts.get(n.index()).cloned() else { continue };
            if let Some((_, first)) = parts.lasted.first().filter(|(_, first)| *first != parts.entered) {
                self.arrow(parts.entered, *first, Cause::Inside, Arrow::default());
            }
            if let Some((kept, rests)) = parts.kept.filter(|(kept, rests)| kept != rests) {
                self.arrow(kept, rests, Cause::Inside, Arrow::default());
            }
            let graph = self.graph;
            for (id, to, edge) in
                graph.out(n).filter(|(_, _, e)| self.runs == Runs::Any || !is_odd(e)).collect::<Vec<_>>()
            {
                match edge.stay {
                    true => self.stay(&parts, id, edge),
                    false => self.leave(&parts, id, to, edge),
                }
            }
        }
    }

    /// An arrow into a place; before the window also into its twin.
    fn enter(&mut self, from: NodeIndex, to: &Parts, cause: Cause, arrow: Arrow) {
        if let Some((kept, _)) = to.kept {
            self.arrow(from, kept, cause, Arrow { before: true, ..arrow.clone() });
        }
        self.arrow(from, to.entered, cause, arrow);
    }

    fn leave(&mut self, parts: &Parts, id: EdgeIndex, to: NodeIndex, edge: &Edge) {
        let Some(target) = self.parts.get(to.index()).cloned() else { return };
        let Some((place, ..)) = self.graph.edge(id) else { return };
        // An instant comes when it comes.
        let timed = edge.forced && edge.kind != Kind::At;
        let by = timed.then(|| edge.deadline.unwrap_or(edge.lo));
        for Way { touches, at_once, lo } in self.ways(place, edge) {
            let Some(touches) = self.arriving(to, &edge.redirected, Some((place, edge, touches))) else { continue };
            let lo = lo.max(edge.lo);
            if edge.kind == Kind::Urgent {
                // In a place of several parts another one waits, and what a limit refuses leads nowhere: then nothing is
                // forced.
                let forced = edge.forced || at_once && !edge.refusable;
                let by = (parts.late.is_none() && forced).then_some(0);
                let arrow = Arrow { lo: 0, by, touches, ..Arrow::default() };
                if let (Some((from, _)), Some((to, _))) = (parts.kept, target.kept) {
                    // That step was made before the window, so it uses up no place of what counts within it.
                    let touches = arrow.touches.iter().filter(|t| !self.is_fresh(t.register)).copied().collect();
                    self.arrow(from, to, Cause::Edge(id), Arrow { touches, ..arrow.clone() });
                }
                self.arrow(parts.entered, target.entered, Cause::Edge(id), arrow);
                continue;
            }
            // An instant of the place that is past has been waited for by nobody.
            let mut touches = touches;
            if edge.kind != Kind::At {
                for waits in self.waits_for(place) {
                    // What the arrow itself does to the register stays.
                    match touches.iter_mut().find(|t| t.register == waits.register) {
                        Some(own) => own.most = own.most.min(waits.most),
                        None => touches.push(waits),
                    }
                }
                if touches.iter().any(|t| t.least > t.most) {
                    continue;
                }
            }
            for (lasted, from) in &parts.lasted {
                let less = |t: Millis| t.saturating_sub(*lasted).max(0);
                let arrow = Arrow { lo: less(lo), by: by.map(less), touches: touches.clone(), ..Arrow::default() };
                self.enter(*from, &target, Cause::Edge(id), arrow);
            }
            let nearer = lo.saturating_sub(self.waited.unwrap_or(0)).max(0);
            for (from, lo) in
                parts.late.map(|late| (late, 0)).into_iter().chain(parts.kept.map(|kept| (kept.1, nearer)))
            {
                let arrow = Arrow { lo, by, touches: touches.clone(), ..Arrow::default() };
                self.arrow(from, target.entered, Cause::Edge(id), arrow);
            }
        }
    }

    fn stay(&mut self, parts: &Parts, id: EdgeIndex, edge: &Edge) {
        let Some((place, ..)) = self.graph.edge(id) else { return };
        let mut touches: Vec<Vec<Touch>> = self.passes(place, edge).into_iter().map(|way| way.touches).collect();
        let once = self.once.get(&id).map(|register| Touch { register: *register, least: 0, most: 0, then: Then::Add });
        match once {
            // What is behind on entry is so once a visit; what comes to be behind is counted by its register.
            Some(once) if edge.kind == Kind::Past => touches.push(vec![once]),
            Some(once) => touches.iter_mut().for_each(|touches| touch(touches, once)),
            None => {}
        }
        for touches in &mut touches {
            self.take_in(edge, touches);
            self.reset(place, edge, touches);
        }
        for touches in touches {
            if edge.sends.is_empty() {
                if touches.is_empty() {
                    continue;
                }
                let rests = parts.kept.map(|(_, rests)| rests);
                for from in parts.lasted.iter().map(|(_, from)| *from).chain(parts.late).chain(rests) {
                    self.arrow(from, from, Cause::Edge(id), Arrow { touches: touches.clone(), ..Arrow::default() });
                }
                continue;
            }
            let Some(late) = parts.late else { continue };
            for (lasted, from) in &parts.lasted {
                let reached = (*lasted).max(edge.lo);
                let Some((_, back)) = parts.lasted.iter().find(|(t, _)| *t == reached) else { continue };
                let does = self.spot(Stands::Stays(id));
                let lo = edge.lo.saturating_sub(*lasted).max(0);
                let arrow = Arrow { lo, touches: touches.clone(), ..Arrow::default() };
                self.arrow(*from, does, Cause::Edge(id), arrow.clone());
                self.arrow(does, *back, Cause::Inside, Arrow { by: Some(0), ..Arrow::default() });
                // A window may begin with it, at any time of the visit.
                let first = self.spot(Stands::Stays(id));
                self.arrow(*from, first, Cause::Edge(id), Arrow { before: true, ..arrow });
                self.arrow(first, late, Cause::Inside, Arrow { by: Some(0), ..Arrow::default() });
            }
            let does = self.spot(Stands::Stays(id));
            self.arrow(late, does, Cause::Edge(id), Arrow { touches: touches.clone(), ..Arrow::default() });
            if let Some((_, rests)) = parts.kept {
                let lo = edge.lo.saturating_sub(self.waited.unwrap_or(0)).max(0);
                self.arrow(rests, does, Cause::Edge(id), Arrow { lo, touches, ..Arrow::default() });
            }
            self.arrow(does, late, Cause::Inside, Arrow { by: Some(0), ..Arrow::default() });
        }
    }
}

/// Whether an edge needs what nobody outside can bring about at will: a message that is blocked, or news that itself puts an
/// instant behind and so cuts short what settles.
fn is_odd(edge: &Edge) -> bool {
    edge.kind == Kind::Blocked || edge.settle.is_some_and(|settles| edge.lo < settles) && !edge.stay
}
