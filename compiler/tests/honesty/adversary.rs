//! An adversary of the real step: takes everything that can happen, tick by tick, as far as a budget goes, and goes on at
//! random from there.

use std::collections::HashMap;

use journey_compiler::check::bounds::Scope;
use journey_spec::program::{Channel, JourneyId, Program, Purpose};

use super::alike::{self, Clock};
use super::journeys::{Dice, Journey, Part};
use super::world::{Left, Move, NEAR, News, TICK, World};

/// Ticks of the longest window that is asked about.
pub(crate) const LONGEST: usize = 4;
/// What no rule of these journeys looks back beyond, in milliseconds: the longest window of a limit, or of the calendar.
const OLDEST: i64 = 5 * TICK;
const OLDEST_DAY: i64 = 8 * 24 * TICK;

/// What is counted: messages on a channel, or for a purpose, or all.
pub(crate) type Counted = (Option<Channel>, Option<Purpose>);

/// All that is counted.
pub(crate) const COUNTED: [Counted; 7] = [
    (None, None),
    (Some(Channel::Sms), None),
    (Some(Channel::Email), None),
    (None, Some(Purpose::Service)),
    (None, Some(Purpose::Marketing)),
    (None, Some(Purpose::Debt)),
    (None, Some(Purpose::Safety)),
];

fn is_counted((channel, purpose): Counted, left: &Left) -> bool {
    channel.is_none_or(|c| c == left.channel) && purpose.is_none_or(|p| p == left.purpose)
}

/// The most that left in windows of 1, 2, … ticks, and in a whole life: for one instance of the first journey and of the
/// second, and for the customer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Most {
    pub(crate) instance: [[[u64; LONGEST]; COUNTED.len()]; 2],
    pub(crate) whole: [[u64; COUNTED.len()]; 2],
    pub(crate) customer: [[u64; LONGEST]; COUNTED.len()],
}

impl Most {
    /// In so many ticks, or in the whole life.
    pub(crate) fn of(&self, scope: Scope, counted: usize, ticks: Option<usize>) -> u64 {
        match (scope, ticks) {
            (Scope::Customer, Some(ticks)) => self.customer[counted][ticks - 1],
            (Scope::Instance(journey), Some(ticks)) => self.instance[journey.index()][counted][ticks - 1],
            (Scope::Instance(journey), None) => self.whole[journey.index()][counted],
            (Scope::Customer, None) => 0,
        }
    }

    fn learn(&mut self, left: &[Left]) {
        for (c, counts) in COUNTED.iter().enumerate() {
            let counted: Vec<&Left> = left.iter().filter(|l| is_counted(*counts, l)).collect();
            for (i, first) in counted.iter().enumerate() {
                let journey = first.journey.index();
                for ticks in 1..=LONGEST {
                    let inside = || counted[i..].iter().take_while(|l| l.at < first.at + ticks as i64 * TICK);
                    let all = inside().count() as u64;
                    let own = inside().filter(|l| l.instance == first.instance).count() as u64;
                    self.customer[c][ticks - 1] = self.customer[c][ticks - 1].max(all);
                    self.instance[journey][c][ticks - 1] = self.instance[journey][c][ticks - 1].max(own);
                }
                let whole = counted[i..].iter().filter(|l| l.instance == first.instance).count() as u64;
                self.whole[journey][c] = self.whole[journey][c].max(whole);
            }
        }
    }
}

/// What was found out.
pub(crate) struct Found {
    pub(crate) most: Most,
    /// Whether everything was tried, up to so many inputs a tick.
    pub(crate) exhaustive: bool,
}

/// What can happen to the customers of a journey.
fn moves(journey: &Journey) -> Vec<Move> {
    let text = journey.plain();
    let slots: &[i64] = if text.contains("booking.slot") { &[0, 1, 2, -1, 3, 5, 50] } else { &[50] };
    let kinds: &[bool] = if text.contains("booking.kind") { &[true, false] } else { &[true] };
    let mut all = Vec::new();
    let keys = 1..=if journey.has(Part::Several) && !journey.has(Part::Keyless) { 2 } else { 1 };
    for key in keys {
        for (name, hears, takes) in [
            ("created", true, true),
            ("moved", text.contains("on moved") || text.contains("after moved"), true),
            ("spike", text.contains("on spike"), text.contains("on spike(")),
            ("ping", text.contains("on ping") || text.contains("after ping"), false),
            ("talked", text.contains("after talked"), false),
        ] {
            if !hears {
                continue;
            }
            for slot in if takes { slots } else { &[50] } {
                for kind in if takes { kinds } else { &[true] } {
                    all.push(Move::Event(name, key, *slot, *kind));
                }
            }
        }
    }
    if text.contains("on reply") {
        all.push(Move::Reply("yes"));
        all.push(Move::Reply("what?"));
    }
    if text.contains("handoff.closed") {
        all.push(Move::Closed);
    }
    if text.contains("call lookup") {
        all.push(Move::Answered("done"));
        all.push(Move::Answered("failed"));
    }
    if text.contains("by call look_slot") {
        all.extend([-1, 1, 2].into_iter().filter(|_| slots.len() > 1).map(|slot| Move::LookedUp(Some(slot))));
        all.extend([Move::LookedUp(Some(50)), Move::LookedUp(None)]);
    }
    if text.contains("judge(booking.id) {") || text.contains("= judge(") {
        all.extend([Some("a"), Some("b"), None].map(Move::Hooks));
    }
    if text.contains("on failed") {
        all.push(Move::Failed(0));
        all.push(Move::Failed(1));
    }
    if journey.has(Part::Pause) {
        all.push(Move::Pause(1));
        all.push(Move::Pause(2));
    }
    if journey.has(Part::Stops) {
        all.extend([Move::Reply("STOP"), Move::OptOut]);
        all.extend([News::Phone(1), News::Phone(2), News::Phone(3)].map(Move::Directory));
    }
    if journey.has(Part::Directory) {
        all.extend([News::Phone(0), News::Phone(1), News::Email(false), News::Email(true)].map(Move::Directory));
        if text.contains("customer.due") {
            all.extend([-1, 0, 1, 2].map(|due| Move::Directory(News::Due(due))));
        }
        if text.contains("customer.vip") {
            all.extend([true, false].map(|vip| Move::Directory(News::Vip(vip))));
        }
        if text.contains("purpose marketing") {
            all.extend([false, true].map(|yes| Move::Directory(News::Offers(yes))));
        }
        if text.contains("send both") || text.contains("send promo") {
            all.extend([Channel::Email, Channel::Sms].map(|first| Move::Directory(News::Prefers(first))));
        }
        if journey.has(Part::Quiet) || journey.has(Part::Calendar) {
            all.extend((0..NEAR).map(|place| Move::Directory(News::Place(place))));
        }
    }
    all
}

struct Node<'p> {
    world: World<'p>,
    /// Inputs that may still come in this tick.
    inputs: usize,
    from: Option<(usize, Move)>,
    next: Vec<Next>,
    done: bool,
}

struct Next {
    to: usize,
    by: Move,
    /// For the first instance and for the customer, of each of [`Adversary::counted`].
    left: [Vec<u64>; 2],
}

pub(crate) struct Adversary<'p> {
    journey: &'p Journey,
    program: &'p Program,
    nodes: Vec<Node<'p>>,
    moves: Vec<Move>,
    /// What is looked for: positions in [`COUNTED`]; what cannot differ from all messages is left out.
    counted: Vec<usize>,
    steps: usize,
}

impl<'p> Adversary<'p> {
    /// Tries what there is, with so many steps.
    pub(crate) fn new(program: &'p Program, journey: &'p Journey, inputs: usize, budget: usize) -> Self {
        let world = World::new(program, journey.setting);
        let root = Node { world, inputs, from: None, next: Vec::new(), done: false };
        let counted = (0..COUNTED.len()).filter(|c| *c == 0 || is_one_of_several(program, COUNTED[*c])).collect();
        let mut adversary = Adversary { journey, program, nodes: vec![root], moves: moves(journey), counted, steps: 0 };
        adversary.explore(inputs, budget);
        adversary
    }

    fn explore(&mut self, inputs: usize, budget: usize) {
        let (clock, oldest) = match (self.journey.has_days(), self.journey.has(Part::Quiet)) {
            (true, _) => (Clock::Days, OLDEST_DAY),
            (false, true) => (Clock::Hours, OLDEST),
            (false, false) => (Clock::Elapsed, OLDEST),
        };
        let key = |world: &World<'_>, inputs: usize| alike::key(world, inputs, oldest, clock);
        let mut known: HashMap<u64, usize> = HashMap::from([(key(&self.nodes[0].world, inputs), 0)]);
        let mut next = 0;
        while next < self.nodes.len() && self.steps < budget {
            let here = next;
            next += 1;
            let all = self.moves.clone().into_iter().chain([Move::Tick, Move::Away]);
            for by in all {
                let node = &self.nodes[here];
                let left_over = match by.is_time() {
                    true => inputs,
                    false if node.inputs == 0 => continue,
                    false => node.inputs - 1,
                };
                // Who was away longer than that finds nothing that still waits.
                let late = node.world.now - node.world.customer.now().unwrap();
                if by == Move::Away && late > 3 * TICK {
                    continue;
                }
                let mut world = node.world.clone();
                // A second life of the key is another instance, asked about where there are several.
                if matches!(by, Move::Event("created", ..)) && !self.may_begin(&world) {
                    continue;
                }
                self.steps += 1;
                let Some(left) = world.take(by) else { continue };
                let id = key(&world, left_over);
                let to = *known.entry(id).or_insert_with(|| {
                    self.nodes.push(Node {
                        world,
                        inputs: left_over,
                        from: Some((here, by)),
                        next: Vec::new(),
                        done: false,
                    });
                    self.nodes.len() - 1
                });
                let counts = |instance: Option<u64>| {
                    let of = |c: &usize| {
                        let counted = |l: &&Left| {
                            is_counted(COUNTED[*c], l) && instance.is_none_or(|number| number == l.instance)
                        };
                        left.iter().filter(counted).count() as u64
                    };
                    self.counted.iter().map(of).collect::<Vec<u64>>()
                };
                let left = [counts(Some(1)), counts(None)];
                self.nodes[here].next.push(Next { to, by, left });
            }
            self.nodes[here].done = true;
        }
    }

    fn may_begin(&self, world: &World<'_>) -> bool {
        let again = [Part::Several, Part::Together].into_iter().any(|part| self.journey.has(part));
        again || world.customer.newest_instance(JourneyId(0)).is_none()
    }

    fn exhausted(&self) -> bool {
        self.nodes.iter().all(|n| n.done)
    }

    /// The most that anybody found, each figure counted on a run that was done from the beginning.
    pub(crate) fn found(&self, seed: u64, rollouts: usize) -> Found {
        let mut most = Most::default();
        // Of several instances the second is counted as well where rollouts meet it.
        for whose in 0..2 {
            for (position, c) in self.counted.iter().enumerate() {
                let best = self.best(whose, position);
                for ticks in 1..=LONGEST {
                    let (node, claimed) = best.most[ticks - 1];
                    let known = if whose == 0 { &most.instance[0] } else { &most.customer };
                    if claimed > known[*c][ticks - 1] {
                        let run = self.run(&best, node, ticks);
                        most.learn(&self.replay(&run));
                    }
                }
            }
        }
        let mut dice = Dice::new(seed ^ 0x5eed);
        for _ in 0..rollouts {
            most.learn(&self.rollout(&mut dice));
        }
        Found { most, exhaustive: self.exhausted() }
    }

    fn best(&self, whose: usize, counted: usize) -> Best {
        let mut by_inputs: Vec<usize> = (0..self.nodes.len()).collect();
        by_inputs.sort_by_key(|n| self.nodes[*n].inputs);
        let mut best = Best { of: Vec::new(), most: Vec::new() };
        for ticks in 0..LONGEST {
            let mut now: Vec<(u64, Option<usize>)> = vec![(0, None); self.nodes.len()];
            let mut top = (0, 0);
            for n in &by_inputs {
                for (i, next) in self.nodes[*n].next.iter().enumerate() {
                    let value = match (next.by.is_time(), ticks) {
                        (true, 0) => continue,
                        (true, _) => next.left[whose][counted] + best_at(&best.of, ticks - 1, next.to),
                        (false, _) => next.left[whose][counted] + now[next.to].0,
                    };
                    if value > now[*n].0 {
                        now[*n] = (value, Some(i));
                    }
                }
                if now[*n].0 > top.1 {
                    top = (*n, now[*n].0);
                }
            }
            best.of.push(now);
            // A window may begin with what falls due as a tick begins.
            for (n, node) in self.nodes.iter().enumerate() {
                for next in node.next.iter().filter(|next| next.by.is_time()) {
                    let value = next.left[whose][counted] + best_at(&best.of, ticks, next.to);
                    if value > top.1 {
                        top = (n, value);
                    }
                }
            }
            best.most.push(top);
        }
        best
    }

    /// The moves up to a node, and from there those of the best window.
    fn run(&self, best: &Best, node: usize, ticks: usize) -> Vec<Move> {
        let mut run = Vec::new();
        let mut at = node;
        while let Some((from, by)) = self.nodes[at].from {
            run.push(by);
            at = from;
        }
        run.reverse();
        let (mut at, mut left) = (node, ticks - 1);
        // Where the window begins with the tick itself.
        let (_, claimed) = best.most[ticks - 1];
        if best.of[left][at].0 < claimed {
            let value = |next: &&Next| best_at(&best.of, left, next.to) + next.left.iter().flatten().max().unwrap();
            if let Some(next) = self.nodes[at].next.iter().filter(|n| n.by.is_time()).max_by_key(value) {
                run.push(next.by);
                at = next.to;
            }
        }
        while let Some(i) = best.of[left][at].1 {
            let next = &self.nodes[at].next[i];
            run.push(next.by);
            if next.by.is_time() {
                left -= 1;
            }
            at = next.to;
        }
        run
    }

    fn replay(&self, run: &[Move]) -> Vec<Left> {
        let mut world = World::new(self.program, self.journey.setting);
        run.iter().filter_map(|by| world.take(*by)).flatten().collect()
    }

    fn rollout(&self, dice: &mut Dice) -> Vec<Left> {
        let mut setting = self.journey.setting;
        if self.journey.has(Part::Splits) {
            // Another customer may go another way.
            setting.who = u8::try_from(dice.below(40)).unwrap();
        }
        let mut world = World::new(self.program, setting);
        let mut left = Vec::new();
        // Some are eager, some rather wait.
        let eager = 1 + dice.below(4);
        let favourite = dice.of(&self.moves);
        for _ in 0..10 {
            for _ in 0..dice.below(eager + 1) {
                let by = if dice.one_in(3) { favourite } else { dice.of(&self.moves) };
                if !matches!(by, Move::Event("created", ..)) || self.may_begin(&world) {
                    left.extend(world.take(by).into_iter().flatten());
                }
            }
            let time = if dice.one_in(6) { Move::Away } else { Move::Tick };
            left.extend(world.take(time).into_iter().flatten());
        }
        left
    }
}

/// Whether messages of this kind are some of a program's, and others are not.
fn is_one_of_several(program: &Program, (channel, purpose): Counted) -> bool {
    let all = || program.messages.iter().flat_map(|m| m.variants.iter().map(move |v| (v.channel, m.purpose)));
    let mut is =
        all().map(|(c, p)| channel.is_none_or(|channel| channel == c) && purpose.is_none_or(|purpose| purpose == p));
    is.clone().any(|is| is) && !is.all(|is| is)
}

struct Best {
    /// For windows that end with this tick, the next, …: for each node the most from there on, and by which way.
    of: Vec<Vec<(u64, Option<usize>)>>,
    /// Where the best window of so many ticks begins, and what it holds.
    most: Vec<(usize, u64)>,
}

fn best_at(of: &[Vec<(u64, Option<usize>)>], ticks: usize, node: usize) -> u64 {
    of[ticks][node].0
}
