//! The fixpoint against one who tries everything, millisecond by millisecond; broken copies are found out by the same
//! comparison.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Does, EVER, Fault, Input, Instant, Limits, Mode, NEVER, Place, Ranges, Solved, Step, Wait, Way, solve};

/// R that are compared.
const FROM: i64 = -8;
const TO: i64 = 44;

/// Longer than any wait: visits that have lasted longer are alike.
const LONG: i64 = 14;

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn time(&mut self, from: i64, to: i64) -> i64 {
        from + self.below((to - from + 1) as u64) as i64
    }

    fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// What random models have.
#[derive(Clone, Copy, Default)]
struct Features {
    /// Conditions, and timers that may do nothing.
    guards: bool,
    /// Instants and waits that come somewhere in an interval.
    wide: bool,
    /// Inputs that move T.
    moves: bool,
    /// News that move T within a visit.
    news: bool,
    /// What would keep the promise keeps it only with enough time left.
    ends: bool,
}

const PLAIN: Features = Features { guards: false, wide: false, moves: false, news: false, ends: false };
const SERIES: [(&str, Features); 7] = [
    ("plain", PLAIN),
    ("guards", Features { guards: true, ..PLAIN }),
    ("wide", Features { guards: true, wide: true, ..PLAIN }),
    ("moves", Features { guards: true, wide: true, moves: true, ..PLAIN }),
    ("news", Features { guards: true, wide: true, moves: true, news: true, ends: false }),
    ("ends", Features { moves: true, ends: true, ..PLAIN }),
    ("ends and news", Features { guards: true, wide: true, moves: true, news: true, ends: true }),
];

fn model(dice: &mut Dice, features: Features) -> (Vec<Place>, i64) {
    let due = dice.time(-2, 6);
    let n = 3 + dice.below(3) as usize;
    let mut tag = 0;
    let mut places: Vec<Place> = (0..n).map(|_| Place { rests: true, ..Place::default() }).collect();
    let on = |dice: &mut Dice| match features.ends {
        true => Ranges::between(dice.time(-4, 8), NEVER),
        false => Ranges::all(),
    };
    let says = on(dice);
    // Where nothing is said any more, something may still lead to where it is taken back.
    let mut speaks = Place { says, rests: true, ..Place::default() };
    if features.ends && dice.once_in(2) {
        let last = dice.time(-3, 8);
        let does = Does::Goes { steps: vec![Step { to: n + 2, tag: 1_000, sets: false }], surely: true };
        let (may, must) = (Ranges::all(), Ranges::all());
        speaks.instants.push(Instant { first: last, last, may, must, then: does.clone(), past: does });
    }
    places.push(speaks);
    places.push(Place { over: true, ..Place::default() });
    if features.ends {
        places.push(Place { says: Ranges::all(), rests: true, ..Place::default() });
    }
    let step = |dice: &mut Dice, tag: &mut usize| {
        *tag += 1;
        // Most arrows lead where the promise is kept, or hardly any model would hold anywhere.
        let to = if dice.once_in(2) { n } else { dice.below(n as u64 + 2) as usize };
        Step { to, tag: *tag, sets: false }
    };
    let range = |dice: &mut Dice| {
        let (first, last) = (dice.time(-3, 14), dice.time(0, 16));
        match dice.below(3) {
            0 => Ranges::between(EVER, last),
            1 => Ranges::between(first, NEVER),
            _ => Ranges::between(first, first + last),
        }
    };
    for p in 0..n {
        let mut place = Place { rests: true, ..Place::default() };
        // An urgent place leads on to later ones only, so that a step ends.
        if p + 1 < n && dice.once_in(4) {
            place.rests = false;
            let on = if features.guards { range(dice) } else { Ranges::all() };
            for on in [on.clone(), on.other()] {
                tag += 1;
                let to = p + 1 + dice.below((n + 1 - p) as u64) as usize;
                place.ways.push(Way { step: Step { to, tag, sets: false }, on });
            }
        }
        for _ in 0..dice.below(3) {
            let last = dice.time(-3, 14);
            let first = if features.wide && dice.once_in(3) { last + dice.time(1, 4) } else { last };
            let guarded = features.guards && dice.once_in(3);
            let may = if guarded { range(dice) } else { Ranges::all() };
            let must = if guarded && dice.once_in(2) { Ranges::none() } else { may.clone() };
            let does = |dice: &mut Dice, tag: &mut usize| match dice.below(6) {
                0 => Does::Nothing,
                1 => Does::Says(on(dice)),
                _ => Does::Goes { steps: vec![step(dice, tag)], surely: !dice.once_in(5) },
            };
            let (then, past) = (does(dice, &mut tag), does(dice, &mut tag));
            place.instants.push(Instant { first, last, may, must, then, past });
        }
        for _ in 0..dice.below(2) {
            let lo = dice.time(1, 7);
            let hi = if features.wide && dice.once_in(3) { lo + dice.time(1, 4) } else { lo };
            let must = !(features.guards && dice.once_in(3));
            let may = if must { Ranges::all() } else { range(dice) };
            let steps = vec![step(dice, &mut tag)];
            let does = if dice.once_in(5) {
                Does::Says(Ranges::all())
            } else {
                Does::Goes { steps, surely: !dice.once_in(5) }
            };
            place.waits.push(Wait { lo, hi, may, must, does });
        }
        for _ in 0..dice.below(3) {
            let moves = (features.moves && dice.once_in(3)).then(|| {
                let (first, length) = (dice.time(FROM, 12), dice.time(0, 14));
                Ranges::between(first, first + length)
            });
            let lo = if dice.once_in(3) { dice.time(0, 4) } else { 0 };
            let on = if features.guards && moves.is_none() && dice.once_in(3) { range(dice) } else { Ranges::all() };
            let steps = vec![step(dice, &mut tag)];
            place.inputs.push(Input { steps, lo, on, moves, due: dice.once_in(5), voids: dice.once_in(9) });
        }
        if features.news && dice.once_in(2) {
            let (first, length) = (dice.time(FROM, 12), dice.time(0, 14));
            tag += 1;
            place.news.push((Ranges::between(first, first + length), Step { to: p, tag, sets: false }));
        }
        if let Some(slot) = places.get_mut(p) {
            *slot = place;
        }
    }
    (places, due)
}

/// A moment of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    Comes { place: usize, r: i64 },
    Arms { place: usize, r: i64, lasted: i64 },
    Rests { place: usize, r: i64, lasted: i64 },
    Lost,
}

/// One who tries everything.
struct Adversary<'m> {
    places: &'m [Place],
    due: i64,
    /// Whether the promise is open: if not, nothing is lost, and nothing said ends anything.
    open: bool,
}

impl Adversary<'_> {
    fn goes(&self, does: &Does, r: i64, out: &mut Vec<At>) {
        if let Does::Goes { steps, .. } = does {
            out.extend(steps.iter().map(|s| At::Comes { place: s.to, r }));
        }
    }

    /// Whether the visit ends with it.
    fn ends(&self, does: &Does, r: i64) -> bool {
        match does {
            Does::Nothing => false,
            Does::Says(on) => self.open && on.contains(r),
            Does::Goes { surely, .. } => *surely,
        }
    }

    fn rests(&self, place: usize, r: i64, lasted: i64) -> At {
        if self.open && r <= self.due { At::Lost } else { At::Rests { place, r, lasted } }
    }

    fn next(&self, at: At) -> Vec<At> {
        let mut out = Vec::new();
        match at {
            At::Lost => {}
            At::Comes { place: p, r } => {
                let place = &self.places[p];
                if place.over {
                    return if self.open { vec![At::Lost] } else { out };
                }
                if place.says.contains(r) && self.open {
                    return out;
                }
                out.extend(place.ways.iter().filter(|w| w.on.contains(r)).map(|w| At::Comes { place: w.step.to, r }));
                if place.rests {
                    out.push(At::Arms { place: p, r, lasted: 0 });
                }
            }
            At::Arms { place: p, r, lasted } => {
                for instant in &self.places[p].instants {
                    if r <= instant.first && instant.may.contains(r) {
                        self.goes(&instant.past, r, &mut out);
                    }
                    if r <= instant.last && instant.must.contains(r) && self.ends(&instant.past, r) {
                        return out;
                    }
                }
                out.push(self.rests(p, r, lasted));
            }
            At::Rests { place: p, r, lasted } => {
                let place = &self.places[p];
                self.inputs(place, r, lasted, false, &mut out);
                for (news, _) in &place.news {
                    let every = (FROM..=TO).filter(|r| news.contains(*r));
                    out.extend(every.map(|r| At::Arms { place: p, r, lasted }));
                }
                if lasted == 0 {
                    let at_once = place.waits.iter().filter(|w| w.lo == 0 && w.may.contains(r));
                    at_once.for_each(|w| self.goes(&w.does, r, &mut out));
                }
                out.extend(self.due(p, r - 1, (lasted + 1).min(LONG)));
            }
        }
        out
    }

    fn inputs(&self, place: &Place, r: i64, lasted: i64, due_only: bool, out: &mut Vec<At>) {
        let come = place.inputs.iter().filter(|i| lasted >= i.lo && i.on.contains(r) && (!due_only || i.due));
        for input in come.filter(|i| !(self.open && i.voids)) {
            for step in &input.steps {
                match &input.moves {
                    Some(moves) => {
                        let every = (FROM..=TO).filter(|r| moves.contains(*r));
                        out.extend(every.map(|r| At::Comes { place: step.to, r }));
                    }
                    None => out.push(At::Comes { place: step.to, r }),
                }
            }
        }
    }

    /// A millisecond has gone by.
    fn due(&self, p: usize, r: i64, lasted: i64) -> Vec<At> {
        let place = &self.places[p];
        let mut out = Vec::new();
        self.inputs(place, r, lasted, true, &mut out);
        let mut left = false;
        for instant in &place.instants {
            if (instant.last..=instant.first).contains(&r) && instant.may.contains(r) {
                self.goes(&instant.then, r, &mut out);
                if instant.first > instant.last {
                    self.goes(&instant.past, r, &mut out);
                }
            }
            left |= r == instant.last && instant.must.contains(r) && self.ends(&instant.then, r);
        }
        for wait in &place.waits {
            if (wait.lo..=wait.hi).contains(&lasted) && wait.may.contains(r) {
                self.goes(&wait.does, r, &mut out);
            }
            left |= lasted == wait.hi && wait.must && self.ends(&wait.does, r);
        }
        if !left {
            out.push(self.rests(p, r, lasted));
        }
        out
    }

    /// All that can come of some moments, as long as there is any time to look at.
    fn all(&self, from: impl IntoIterator<Item = At>) -> BTreeSet<At> {
        let mut seen: BTreeSet<At> = from.into_iter().collect();
        let mut queue: VecDeque<At> = seen.iter().copied().collect();
        while let Some(at) = queue.pop_front() {
            if matches!(at, At::Rests { r, .. } if r < FROM) {
                continue;
            }
            for next in self.next(at) {
                if seen.insert(next) {
                    queue.push_back(next);
                }
            }
        }
        seen
    }

    /// Those of all moments that come of some from which it can be lost.
    fn lost(&self, from: impl IntoIterator<Item = At>) -> BTreeSet<At> {
        let all = self.all(from);
        let mut behind: BTreeMap<At, Vec<At>> = BTreeMap::new();
        for at in &all {
            for next in self.next(*at) {
                behind.entry(next).or_default().push(*at);
            }
        }
        let mut lost = BTreeSet::from([At::Lost]);
        let mut queue = vec![At::Lost];
        while let Some(at) = queue.pop() {
            for before in behind.get(&at).into_iter().flatten() {
                if lost.insert(*before) {
                    queue.push(*before);
                }
            }
        }
        lost
    }
}

/// Where the fixpoint and the adversary differ: what can be lost from where a place is come to, and from within a visit.
fn compared(places: &[Place], due: i64, solved: &Solved, exact: bool) -> Result<(), String> {
    let adversary = Adversary { places, due, open: true };
    let every =
        |p: usize| (FROM..=TO).flat_map(move |r| [At::Comes { place: p, r }, At::Arms { place: p, r, lasted: 0 }]);
    let lost = adversary.lost((0..places.len()).flat_map(every));
    for (p, place) in places.iter().enumerate() {
        for r in FROM..=TO {
            let (loses, told) = (lost.contains(&At::Comes { place: p, r }), solved.lost(p).contains(r));
            let exact = exact && r < solved.top;
            if loses && !told || exact && told && !loses {
                return Err(format!("from {p} with {r}: lost {loses}, told {told}"));
            }
            if place.over || !place.rests {
                continue;
            }
            let after = solved.lost_in(p, Mode::Entered).contains(r);
            let loses = lost.contains(&At::Arms { place: p, r, lasted: 0 });
            if place.ways.is_empty() && (loses && !after || exact && after && !loses) {
                return Err(format!("after the entry of {p} with {r}: lost {loses}, told {after}"));
            }
        }
    }
    Ok(())
}

fn made(series: Features, seed: u64, limits: &Limits) -> Result<(), String> {
    let (places, due) = model(&mut Dice(seed), series);
    let solved = solve(places.clone(), due, limits).map_err(|_| "undecided".to_string())?;
    compared(&places, due, &solved, !series.news)
}

/// Models of each series.
const SEEDS: u64 = 100;

fn seeds() -> std::ops::Range<u64> {
    0..SEEDS
}

#[test]
fn what_is_told_is_what_one_loses_who_tries_everything() {
    for (name, features) in SERIES {
        for seed in seeds() {
            let found = made(features, seed, &Limits::default());
            assert_eq!(found, Ok(()), "{name} {seed}: {:?}", model(&mut Dice(seed), features));
        }
    }
}

/// `cargo test -p journey-compiler --lib --release precondition -- --ignored`
#[test]
#[ignore = "takes minutes"]
fn what_is_told_is_what_one_loses_in_thousands_of_models() {
    for (name, features) in SERIES {
        for seed in 0..4_000 {
            let found = made(features, seed, &Limits::default());
            assert_eq!(found, Ok(()), "{name} {seed}: {:?}", model(&mut Dice(seed), features));
        }
    }
}

#[test]
fn some_hold_everywhere_some_nowhere_and_many_somewhere() {
    let (mut all, mut none, mut some, mut holes) = (0, 0, 0, 0);
    for seed in seeds() {
        let (places, due) = model(&mut Dice(seed), SERIES[1].1);
        let solved = solve(places, due, &Limits::default()).ok().unwrap();
        let lost = solved.lost(0);
        match (lost.is_none(), lost.is_all()) {
            (true, _) => all += 1,
            (_, true) => none += 1,
            _ => some += 1,
        }
        // What one threshold could not say.
        holes += usize::from(lost.len() > 1 || lost.iter().next().is_some_and(|(first, _)| first > EVER));
    }
    assert!(all > 5 && none > 5 && some > 20 && holes > 5, "{all} {none} {some} {holes}");
}

#[test]
fn a_near_horizon_is_on_the_safe_side() {
    for seed in seeds() {
        let (places, due) = model(&mut Dice(seed), SERIES[4].1);
        let solved = solve(places.clone(), due, &Limits { top: Some(9), ..Limits::default() }).ok().unwrap();
        assert_eq!(compared(&places, due, &solved, false), Ok(()), "{seed}: {places:?}");
    }
}

/// The first of some seeds at which a broken copy differs from the adversary.
fn found_out(series: usize, fault: Fault) -> Option<u64> {
    (0..400).find(|seed| made(SERIES[series].1, *seed, &Limits { fault, ..Limits::default() }).is_err())
}

#[test]
fn broken_copies_are_found_out() {
    assert!(found_out(0, Fault::OneThreshold).is_some());
    assert!(found_out(0, Fault::ClosedDeadline).is_some());
    assert!(found_out(0, Fault::LastMoment).is_some());
    assert!(found_out(4, Fault::DeafToNews).is_some());
    assert!(found_out(5, Fault::TrueForEver).is_some());
}

#[test]
fn a_promise_made_within_a_visit_holds_however_long_it_has_lasted() {
    for (name, features) in SERIES {
        for seed in seeds() {
            let (places, due) = model(&mut Dice(seed), features);
            let solved = solve(places.clone(), due, &Limits::default()).ok().unwrap();
            let adversary = Adversary { places: &places, due, open: true };
            // Such visits as there are: those that come to rest, and what they come to while nothing is promised.
            let free = Adversary { open: false, ..adversary };
            for p in (0..places.len()).filter(|p| places[*p].rests) {
                let begin = (FROM..=TO).step_by(3).map(|r| At::Arms { place: p, r, lasted: 0 });
                let rests = |at: &At| matches!(at, At::Rests { place, r, .. } if *place == p && *r >= FROM);
                let moments: Vec<At> = free.all(begin).into_iter().filter(rests).collect();
                let lost = adversary.lost(moments.iter().copied());
                for at in moments {
                    let At::Rests { r, .. } = at else { continue };
                    let loses = r <= due || lost.contains(&at);
                    assert!(
                        !loses || solved.lost_in(p, Mode::Lasts).contains(r),
                        "{name} {seed}: {at:?}, {:?}, {due}",
                        places[p]
                    );
                }
            }
        }
    }
}

#[test]
fn what_can_be_come_to_is_what_the_adversary_comes_to() {
    for (name, features) in SERIES {
        for seed in seeds() {
            let (places, due) = model(&mut Dice(seed), features);
            let solved = solve(places.clone(), due, &Limits::default()).ok().unwrap();
            let begins = [(0, Ranges::between(5, 20))];
            let come = solved.come(&begins, 0);
            let adversary = Adversary { places: &places, due, open: false };
            let seen = adversary.all((5..=20).map(|r| At::Comes { place: 0, r }));
            for (p, place) in places.iter().enumerate() {
                for r in FROM..=TO {
                    let comes = seen.contains(&At::Comes { place: p, r });
                    let told = come.with(p, Mode::Entered).contains(r);
                    assert!(!comes || told, "{name} {seed}: {p} {r} is come to, {places:?}");
                    // Intervals that are many become one.
                    let exact =
                        !features.news && come.with(p, Mode::Entered).len() < 8 && !place.over && r > solved.floor;
                    assert!(!exact || comes || !told, "{name} {seed}: {p} {r} is not come to, {places:?}");
                    let rests =
                        seen.iter().any(|at| matches!(at, At::Rests { place, r: at, .. } if (*place, *at) == (p, r)));
                    assert!(
                        !rests || come.with(p, Mode::Lasts).contains(r),
                        "{name} {seed}: {p} rests with {r}, {places:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn each_story_can_happen_as_it_is_told() {
    let mut told = 0;
    for (name, features) in SERIES.iter().filter(|(_, features)| !features.news) {
        for seed in seeds() {
            let (places, due) = model(&mut Dice(seed), *features);
            let solved = solve(places.clone(), due, &Limits::default()).ok().unwrap();
            let adversary = Adversary { places: &places, due, open: true };
            let lost = solved.lost(0);
            let Some(story) = solved.story(0, Mode::Entered, &Ranges::between(FROM, TO)) else {
                assert!(lost.and(&Ranges::between(FROM, TO)).is_none(), "{name} {seed}");
                continue;
            };
            told += 1;
            assert!(lost.contains(story.from));
            let mut at = At::Comes { place: 0, r: story.from };
            for step in &story.steps {
                let next = At::Comes { place: step.step.to, r: step.then };
                assert!(visit(&adversary, at).contains(&next), "{name} {seed}: {at:?} {next:?} {story:?} {places:?}");
                at = next;
            }
            assert!(visit(&adversary, at).contains(&At::Lost), "{name} {seed}: {at:?} {story:?} {places:?}");
            assert!(matches!(at, At::Comes { place, .. } if place == story.at));
        }
    }
    assert!(told > 100, "{told}");
}

/// What one visit comes to, itself left out.
fn visit(adversary: &Adversary<'_>, from: At) -> BTreeSet<At> {
    let mut seen: BTreeSet<At> = adversary.next(from).into_iter().collect();
    let mut queue: VecDeque<At> = seen.iter().copied().collect();
    while let Some(at) = queue.pop_front() {
        if matches!(at, At::Comes { .. } | At::Lost) || matches!(at, At::Rests { r, .. } if r < FROM) {
            continue;
        }
        for next in adversary.next(at) {
            if seen.insert(next) {
                queue.push_back(next);
            }
        }
    }
    seen
}

#[test]
fn where_the_work_is_not_enough_nothing_is_said_to_hold() {
    // A wait of a millisecond that leads round, past one R at which it is lost: what is lost grows by one at a time, up to a
    // horizon that some instant puts a year away.
    let step = |to| Step { to, tag: 0, sets: false };
    let goes = |to| Does::Goes { steps: vec![step(to)], surely: true };
    let wait = |to| Wait { lo: 1, hi: 1, may: Ranges::all(), must: true, does: goes(to) };
    let year = 365 * journey_spec::program::DAY;
    let instant = |last, to| Instant {
        first: last,
        last,
        may: Ranges::all(),
        must: Ranges::all(),
        then: goes(to),
        past: goes(2),
    };
    let round = Place { rests: true, instants: vec![instant(0, 2)], waits: vec![wait(1)], ..Place::default() };
    let way = |to, on| Way { step: step(to), on };
    let odd = Ranges::between(10, 10);
    let choice = Place { ways: vec![way(3, odd.clone()), way(0, odd.other())], ..Place::default() };
    let says = Place { says: Ranges::all(), ..Place::default() };
    let over = Place { over: true, ..Place::default() };
    let far = Place { rests: true, instants: vec![instant(year, 2)], ..Place::default() };
    let places = vec![round, choice, says, over, far];
    assert!(solve(places.clone(), 0, &Limits { work: 10_000, ..Limits::default() }).is_err());
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test may look at the clock")]
fn ten_thousand_places_take_no_second() {
    let day = journey_spec::program::DAY;
    let n = 10_000;
    let mut dice = Dice(1);
    let mut places = Vec::new();
    for p in 0..n {
        let mut to = || Step { to: (p + 1 + dice.below(20) as usize).min(n), tag: p, sets: false };
        let goes = |step| Does::Goes { steps: vec![step], surely: true };
        let mut place = Place { rests: true, ..Place::default() };
        let lo = day / 24 + (p as i64 % 7) * 60_000;
        place.waits.push(Wait { lo, hi: lo, may: Ranges::all(), must: true, does: goes(to()) });
        let steps = vec![to()];
        place.inputs.push(Input { steps, lo: 0, on: Ranges::all(), moves: None, due: false, voids: false });
        if p % 3 == 0 {
            let last = day + (p as i64 % 1000) * 60_000;
            let (then, past) = (goes(to()), goes(to()));
            place.instants.push(Instant { first: last, last, may: Ranges::all(), must: Ranges::all(), then, past });
        }
        places.push(place);
    }
    places.push(Place { says: Ranges::all(), ..Place::default() });
    let begun = std::time::Instant::now();
    let solved = solve(places, 20 * 60_000, &Limits::default()).ok().unwrap();
    let took = begun.elapsed();
    assert!(!solved.lost(0).is_all());
    // Unoptimised, and beside other tests.
    assert!(took.as_secs() < 10, "{took:?}");
}
