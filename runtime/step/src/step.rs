//! The step function: the time first, then the input, each part as a step of its own.
//!
//! ```text
//! step = who is to move to the newest version moves ─► everything due, in order ─► the input ─► forget what no rule asks for
//!          each: one arrow ─► entry actions ─► immediate arrows ─► rest
//!                ─► what was decided is asked of the ledger ─► what follows from messages that were blocked
//! ```

mod calls;
mod conditions;
mod door;
mod due;
mod events;
mod forget;
mod fresh;
mod goals;
mod handoffs;
mod hooks;
mod late;
mod migrate;
mod moves;
mod promises;
mod render;
mod replies;
mod sends;
mod set;
mod stops;
mod values;

use std::collections::VecDeque;
use std::sync::Arc;

use compact_str::{CompactString, format_compact};
use journey_spec::Ts;
use journey_spec::program::{
    Action, Arrow, Fate, Handoff, Journey, JourneyId, MessageId, Program, Send, State, Then, Trigger,
};
use journey_spec::time::RANGE;
use smallvec::SmallVec;

use self::handoffs::Handing;
pub(crate) use self::values::key_text;
use crate::customer::{ArrowAt, Customer, Instance, Known};
use crate::effect::{Effect, Entry, Took, Way, What};
use crate::hooks::{Answers, HookRecord, HookReply, HookRequest, Stepped};
use crate::input::Input;
use crate::orders::Orders;

/// Moves (entries and redirects) that one step may make; the compiler refuses cycles of immediate arrows, so that only a
/// program that nobody checked comes here.
const MOST_MOVES: u32 = 64;
/// Inputs that may follow from blocked messages in one call.
const MOST_FOLLOW_UPS: u32 = 64;
/// Things due that one call may do; what is left is due in the next call.
const MOST_DUE: u32 = 10_000;

/// Of a state that the program does not have.
static NO_NAME: CompactString = CompactString::const_new("");

/// Takes one input at `now`, and gives the customer's next state and what has to be done.
///
/// Everything due at or before `now` is done first, in order of due time, then the input. Never fails: what does not fit
/// the program or the customer's state is recorded in the timeline and changes nothing. A `now` before the customer's
/// newest step counts as that step's time.
#[must_use]
pub fn step(program: &Program, customer: Customer, input: &Input, now: Ts) -> (Customer, Vec<Effect>) {
    step_under(program, Orders::none(), customer, input, now)
}

/// As [`step`], while these orders hold.
#[must_use]
pub fn step_under(
    program: &Program,
    orders: &Orders,
    mut customer: Customer,
    input: &Input,
    now: Ts,
) -> (Customer, Vec<Effect>) {
    let (effects, _) = run(program, orders, Answers::none(), &mut customer.0, input, now);
    (customer, effects)
}

/// As [`step_under`], with what hooks have said. Where an answer is missing, nothing happens, and what has to be asked is
/// told.
#[must_use]
pub fn step_recorded(
    program: &Program,
    orders: &Orders,
    records: &[HookRecord],
    mut customer: Customer,
    input: &Input,
    now: Ts,
) -> Stepped {
    // Without hooks none is asked, and the customer as it was need not be kept.
    let before = (!program.hooks.is_empty()).then(|| customer.clone());
    let (effects, hooks) = run(program, orders, Answers::recorded(records), &mut customer.0, input, now);
    match before.zip(hooks.open) {
        Some((customer, request)) => Stepped::NeedsHook { customer, request: *request },
        None => Stepped::Done { customer, effects },
    }
}

/// As [`step_under`], asking hooks where the step comes to them, each question once. It is made once, however many it asks.
///
/// Who is asked may remember nothing of the step: it has to say what it would say if the same step were made again.
pub fn step_asking<R: Into<HookReply>>(
    program: &Program,
    orders: &Orders,
    mut customer: Customer,
    input: &Input,
    now: Ts,
    ask: &mut dyn FnMut(&HookRequest) -> R,
) -> (Customer, Vec<Effect>) {
    let mut ask = |request: &HookRequest| ask(request).into();
    let (effects, _) = run(program, orders, Answers::asking(&mut ask), &mut customer.0, input, now);
    (customer, effects)
}

/// Gives what is to be done, and what hooks were asked.
fn run<'p>(
    program: &'p Program,
    orders: &'p Orders,
    hooks: Answers<'p>,
    customer: &'p mut Known,
    input: &Input,
    now: Ts,
) -> (Vec<Effect>, Answers<'p>) {
    let now = now.clamp(*RANGE.start(), *RANGE.end()).max(customer.now);
    let mut run = Run {
        program,
        orders,
        hooks,
        c: customer,
        now,
        // As many as a step without a message usually has; they are large.
        out: Vec::with_capacity(5),
        decided: SmallVec::new(),
        follow_ups: VecDeque::new(),
        moved_promises: Vec::new(),
        moves: 0,
        followed: 0,
        ids: 0,
    };
    run.c.now = now;
    run.migrate();
    for _ in 0..MOST_DUE {
        if run.is_void() || !run.do_next_due() {
            break;
        }
        // What was under way has come to its end, and what it kept from moving moves.
        run.migrate();
    }
    if !run.is_void() {
        run.take_input(input);
        run.forget();
    }
    (run.out, run.hooks)
}

/// One call of [`step`] under way. Instances are named by their position, which stays the same within a call.
pub(crate) struct Run<'p> {
    program: &'p Program,
    orders: &'p Orders,
    /// What hooks say.
    hooks: Answers<'p>,
    c: &'p mut Known,
    now: Ts,
    out: Vec<Effect>,
    /// Messages that the step decided, in order; asked of the ledger when it has come to rest.
    decided: SmallVec<[Decided; 2]>,
    /// What follows from messages that were blocked.
    follow_ups: VecDeque<FollowUp>,
    /// Promises whose deadline the step's data moved to now or before.
    moved_promises: Vec<(usize, String)>,
    moves: u32,
    followed: u32,
    ids: u32,
}

/// A message that a step decided to send.
struct Decided {
    instance: usize,
    send: Arc<Send>,
}

/// What follows from a message that was blocked, as an input of its own.
struct FollowUp {
    instance: usize,
    visit: u64,
    message: CompactString,
    of: MessageId,
    what: Follow,
}

enum Follow {
    /// `on blocked`, with the send's own arrow where it has one.
    Blocked(Option<Then>),
    /// What the limit that blocked it says.
    Fate(Fate, CompactString),
}

impl<'p> Run<'p> {
    fn take_input(&mut self, input: &Input) {
        match input {
            Input::Due => {}
            Input::Event { name, at, data } => self.event(name, *at, data),
            Input::CustomerUpdated { profile, stopped } => self.updated(profile, stopped),
            Input::Reply { channel, address, text } => self.reply(*channel, address.as_deref(), text),
            Input::OptOut { address, confirm } => self.opt_out(address, *confirm),
            Input::HandoffClosed { case } => self.handoff_closed(case),
            Input::Answered { call, outcome } => self.answered(call, outcome),
            Input::LookedUp { call, record } => self.looked_up(call, record.as_ref()),
            Input::Receipt { message, delivered } => self.receipt(message, *delivered),
            Input::Forget => self.forget_person(),
            Input::Late { message, channel, in_doubt } => self.late(message, *channel, *in_doubt),
        }
        self.conclude();
    }

    /// Whether a hook's answer is missing, so that this run is for its question only: what comes behind it need not be
    /// done. Where this is not asked, it is done in vain and discarded.
    fn is_void(&self) -> bool {
        self.hooks.is_missing()
    }

    /// Ends a step: asks the ledger, takes what follows, and tells which promises the step's data has broken.
    fn conclude(&mut self) {
        if self.is_void() {
            return;
        }
        self.ask_decided();
        while let Some(next) = self.follow_ups.pop_front() {
            // Beyond the bound the blocking stays recorded, and nothing more comes of it.
            if self.followed < MOST_FOLLOW_UPS {
                self.followed += 1;
                self.moves = 0;
                self.follow(next);
                self.ask_decided();
            }
        }
        self.moves = 0;
        self.break_promises();
    }

    fn follow(&mut self, next: FollowUp) {
        let n = next.instance;
        if self.visit(n) != Some(next.visit) {
            return;
        }
        match next.what {
            Follow::Blocked(own) => {
                if !self.is_live(n) {
                    return;
                }
                let why = format!("blocked {}", next.message);
                if let Some(then) = own {
                    self.took(n, Way::OnBlocked(next.of));
                    self.take(n, &then, &why);
                } else if let Some((at, arrow)) = self.arrow(n, |t| matches!(t, Trigger::Blocked)) {
                    self.took_arrow(n, at, false);
                    self.take(n, &arrow.then, &why);
                }
            }
            Follow::Fate(Fate::Handoff(queue), rule) => {
                self.note(
                    Some(n),
                    What::Limited { limit: rule.clone(), instead: format_compact!("to queue `{queue}`") },
                );
                self.hand_over(Some(n), Handing::to(&queue), rule, None);
            }
            Follow::Fate(Fate::Goto(state), rule) if self.is_live(n) => {
                let to = self.state_name(n, state);
                self.note(Some(n), What::Limited { limit: rule.clone(), instead: format_compact!("to `{to}`") });
                self.go(n, state, &rule);
            }
            Follow::Fate(Fate::End, rule) if self.is_live(n) => self.end_by_limit(n, &rule),
            Follow::Fate(..) => {}
        }
    }

    /// Takes an arrow. Gives whether anything came of it: false where a limit drops it.
    fn take(&mut self, n: usize, then: &Then, why: &str) -> bool {
        match then {
            Then::Goto(state) => self.go(n, *state, why),
            Then::Stay(actions) => {
                self.act(n, actions);
                if actions.iter().any(|a| matches!(a, Action::Set(_))) {
                    self.take_past(n);
                }
                true
            }
        }
    }

    /// Does actions in order. Messages are only decided here.
    fn act(&mut self, n: usize, actions: &[Action]) {
        for action in actions {
            if self.is_void() {
                return;
            }
            match action {
                Action::Send(send) => self.decided.push(Decided { instance: n, send: Arc::clone(send) }),
                Action::Handoff(handoff) => {
                    let why = self.inst(n).map(|i| format_compact!("state `{}`", self.state_name(n, i.state)));
                    let visit = self.visit(n);
                    let Handoff { queue, transcript, carried, priority } = handoff;
                    let handing = Handing { queue, transcript: *transcript, carried, priority: priority.as_ref() };
                    self.hand_over(Some(n), handing, why.unwrap_or_default(), visit);
                }
                Action::Set(set) => self.set(n, set, None),
                Action::Call(call) => self.call(n, call),
            }
        }
    }

    fn inst(&self, n: usize) -> Option<&Instance> {
        self.c.instances.get(n)
    }

    fn is_live(&self, n: usize) -> bool {
        self.inst(n).is_some_and(Instance::is_live)
    }

    fn visit(&self, n: usize) -> Option<u64> {
        self.inst(n).map(|i| i.visit)
    }

    fn journey(&self, n: usize) -> Option<&'p Journey> {
        self.program.journeys.get(self.inst(n)?.journey.index())
    }

    fn state(&self, n: usize) -> Option<&'p State> {
        self.journey(n)?.states.get(self.inst(n)?.state.index())
    }

    fn state_name(&self, n: usize, state: journey_spec::program::StateId) -> &'p CompactString {
        self.journey(n).and_then(|j| j.states.get(state.index())).map_or(&NO_NAME, |s| &s.name)
    }

    /// The arrow at a place, whether or not it holds now.
    fn arrow_at(&self, n: usize, at: ArrowAt) -> Option<&'p Arrow> {
        match at {
            ArrowAt::State(i) => self.state(n)?.arrows.get(i as usize),
            ArrowAt::Journey(i) => self.journey(n)?.arrows.get(i as usize),
        }
    }

    /// The arrows that hold in an instance's state, the state's before the journey's, each in source order. A journey's
    /// arrow holds in every state but its own target; none holds in an end.
    fn arrows(&self, n: usize) -> impl Iterator<Item = (ArrowAt, &'p Arrow)> + use<'p> {
        let live = self.is_live(n);
        let here = self.inst(n).map(|i| i.state);
        let of_state = self.state(n).filter(|_| live).map(|s| s.arrows.as_slice()).unwrap_or_default();
        let of_journey = self.journey(n).filter(|_| live).map(|j| j.arrows.as_slice()).unwrap_or_default();
        let holds = move |a: &Arrow| !matches!(a.then, Then::Goto(to) if Some(to) == here);
        let of_state = of_state.iter().zip(0_u32..).map(|(a, i)| (ArrowAt::State(i), a));
        let of_journey = of_journey.iter().zip(0_u32..).map(|(a, i)| (ArrowAt::Journey(i), a));
        of_state.chain(of_journey.filter(move |(_, a)| holds(a)))
    }

    /// The first arrow that waits for this and whose condition holds.
    fn arrow(&self, n: usize, hears: impl Fn(&Trigger) -> bool) -> Option<(ArrowAt, &'p Arrow)> {
        self.arrows(n).find(|(_, a)| hears(&a.on) && self.may(n, a.when.as_ref()))
    }

    /// Tells that an instance came by a part of its journey.
    fn took(&mut self, n: usize, way: Way) {
        if let Some(journey) = self.inst(n).map(|i| i.journey) {
            self.out.push(Effect::Took(Took { journey, way }));
        }
    }

    /// Tells that an arrow of the state in which an instance is, or of its journey, is taken.
    fn took_arrow(&mut self, n: usize, at: ArrowAt, past: bool) {
        let Some(state) = self.inst(n).map(|i| i.state) else { return };
        self.took(
            n,
            match at {
                ArrowAt::State(arrow) => Way::Arrow { state, arrow: arrow as usize, past },
                ArrowAt::Journey(arrow) => Way::Everywhere { arrow: arrow as usize, past },
            },
        );
    }

    /// Tells that a limit of a journey did not let one more through. A policy's limits belong to no journey.
    fn took_limit(&mut self, journey: Option<JourneyId>, limit: usize) {
        if let Some(journey) = journey {
            self.out.push(Effect::Took(Took { journey, way: Way::Limit(limit) }));
        }
    }

    /// The same of the limit that reads so.
    fn took_rule(&mut self, n: usize, rule: &str) {
        let limit = self.journey(n).and_then(|j| j.limits.iter().position(|l| l.text == rule));
        if let Some(limit) = limit {
            self.took_limit(self.inst(n).map(|i| i.journey), limit);
        }
    }

    fn note(&mut self, n: Option<usize>, what: What) {
        let instance = n.and_then(|n| self.inst(n));
        let entry = Entry {
            at: self.now,
            journey: n.and_then(|n| self.journey(n)).map(|j| j.name.clone()),
            version: instance.and_then(|i| self.program.older_version(i.journey)).map(Into::into),
            key: instance.and_then(|i| i.key.clone()),
            instance: instance.map(|i| i.number),
            what,
        };
        self.out.push(Effect::Note(entry));
    }

    fn ignored(&mut self, n: Option<usize>, input: CompactString, why: impl Into<CompactString>) {
        self.note(n, What::Ignored { input, why: why.into() });
    }

    /// A new id, derived from the customer, the step and the position in it, so that a replay makes the same.
    fn id(&mut self) -> CompactString {
        if self.ids == 0 {
            self.c.steps = self.c.steps.saturating_add(1);
        }
        self.ids = self.ids.saturating_add(1);
        let (mut step, mut place) = (itoa::Buffer::new(), itoa::Buffer::new());
        let parts = [self.c.id.as_str(), "/", step.format(self.c.steps), "/", place.format(self.ids)];
        let mut id = CompactString::with_capacity(parts.iter().map(|part| part.len()).sum());
        parts.iter().for_each(|part| id.push_str(part));
        id
    }
}
