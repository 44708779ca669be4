//! Each journey's bounds beside what the adversary found.

use journey_compiler::check;
use journey_compiler::check::bounds::{Bound, Kind, Proof, Scope, proven_of};
use journey_compiler::compile;
use journey_compiler::source::Memory;
use journey_spec::program::{JourneyId, Program};

use super::adversary::{Adversary, COUNTED, Found, LONGEST};
use super::asked;
use super::journeys::{Journey, Part, SERIES};
use super::world::TICK;

/// Steps that the adversary may make for one journey.
const STEPS: usize = 400;

/// The program, where the text is whole and no step of it goes round without end.
pub(crate) fn compiled(text: &str) -> Option<Program> {
    let found = compile(&["main.journey".into()], &Memory([("main.journey".to_owned(), text.to_owned())].into()));
    let broken =
        |code: &str| code < "J0103" && code != "J0101" || code == "J0204" || ("J0104".."J0120").contains(&code);
    if found.findings.iter().any(|f| broken(f.code.code)) {
        return None;
    }
    // Rules are not asked of a journey with a word that is not known, which is left out here.
    let whole = found.broken.is_empty();
    let endless = |program: &Program| check::run(program, &found.spans).iter().any(|f| f.code.code == "J0204");
    found.program.filter(|program| whole || !endless(program))
}

/// Counts anew what a proof's days hold.
fn recounted(proof: &Proof, bound: &Bound, worst: Option<usize>) -> u64 {
    let Some(tried) = worst.and_then(|i| proof.tried.get(i)) else { return 0 };
    let at: Vec<i64> = tried
        .replayed
        .left
        .iter()
        .filter(|l| tried.is_about(l))
        .filter(|l| bound.channel.is_none_or(|c| c == l.channel) && bound.purpose.is_none_or(|p| p == l.purpose))
        .map(|l| l.at)
        .collect();
    let Some(window) = bound.window else { return at.len() as u64 };
    let inside = |first: &i64| at.iter().filter(|t| (*first..first + window).contains(t)).count() as u64;
    at.iter().map(inside).max().unwrap_or(0)
}

/// How near bounds are to what was found.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) journeys: usize,
    pub(crate) skipped: usize,
    pub(crate) exhausted: usize,
    /// Figures that there are, those of them that are attained by the adversary, by the replayed witness, by either.
    bounded: usize,
    by_adversary: usize,
    by_witness: usize,
    attained: usize,
    unbounded: usize,
    /// Journeys of which every figure is attained.
    whole: usize,
    /// All that left at most, and all that was said to, so far as it is bounded.
    seen: u64,
    most: u64,
    pub(crate) passed: Vec<String>,
    /// Some figures that nobody attained.
    pub(crate) missed: Vec<String>,
    /// Only what an adversary who acts tick by tick can attain is asked for: no windows of an instant, and where it begins
    /// one instance only, no customer's.
    fair: bool,
}

/// Tries one journey. Gives what passes a bound.
fn tried(journey: &Journey, seed: u64, report: &mut Report) {
    let text = journey.plain();
    let Some(program) = compiled(&text) else {
        report.skipped += 1;
        return;
    };
    let many: usize = asked("JOURNEY_STEPS").and_then(|n| n.parse().ok()).unwrap_or(STEPS);
    let inputs = 2 + usize::try_from(seed / 2 % 2).unwrap();
    let found = Adversary::new(&program, journey, inputs, many).found(seed, many / 60);
    report.exhausted += usize::from(found.exhaustive);
    report.held(journey, &program, &found, seed);
}

/// Whom is asked about, in how many ticks, and in what window: in milliseconds, or none for the whole life. A window that
/// is longer than some ticks by a millisecond holds what one of a tick more does, since all that the adversary does
/// happens as a tick begins.
fn asked_for(journey: &Journey, seed: u64) -> Vec<(Scope, Option<usize>, Option<i64>)> {
    let instance = Scope::Instance(JourneyId(0));
    let other = 1 + usize::try_from(seed / 2 % LONGEST as u64).unwrap();
    let mut all: Vec<(Scope, usize)> = [1, 2, 3, 4].map(|ticks| (instance, ticks)).into_iter().collect();
    all.push((Scope::Customer, other));
    if journey.other.is_some() {
        // What both can do together is what is asked for above all.
        all = [1, 2, 3, 4].map(|ticks| (Scope::Customer, ticks)).into_iter().collect();
        all.extend([(instance, other), (Scope::Instance(JourneyId(1)), other)]);
    }
    let window = |ticks: usize| match seed.is_multiple_of(2) {
        true => ticks as i64 * TICK,
        false => (ticks as i64 - 1) * TICK + 1,
    };
    let life = (instance, None, None);
    all.into_iter().map(|(scope, ticks)| (scope, Some(ticks), Some(window(ticks)))).chain([life]).collect()
}

impl Report {
    pub(crate) fn held(&mut self, journey: &Journey, program: &Program, found: &Found, seed: u64) {
        self.journeys += 1;
        let mut all = true;
        let asked = asked_for(journey, seed);
        let proof = proven_of(program, &asked.iter().map(|(scope, _, window)| (*scope, *window)).collect::<Vec<_>>());
        let several = [Part::Several, Part::Together].into_iter().any(|part| journey.has(part));
        for (scope, ticks, window) in asked {
            if self.fair && (window == Some(1) || scope == Scope::Customer && !several) {
                continue;
            }
            let here = |(bound, _): &(&Bound, _)| bound.scope == scope && bound.window == window;
            for (bound, worst) in proof.bounds.iter().zip(&proof.worst).filter(here) {
                let Some(c) = COUNTED.iter().position(|c| *c == (bound.channel, bound.purpose)) else { continue };
                let seen = found.most.of(scope, c, ticks);
                let Some(most) = bound.at_most else {
                    self.unbounded += 1;
                    continue;
                };
                let witnessed = recounted(&proof, bound, *worst);
                let describe = |says: String| {
                    let series = journey.parts.iter().map(|p| format!("{p:?}")).collect::<Vec<_>>().join(" ");
                    let window = match (ticks, window) {
                        (Some(ticks), Some(window)) => format!("{ticks} ticks ({window} ms)"),
                        _ => "its whole life".into(),
                    };
                    format!(
                        "seed {seed} ({series}), {:?}: {} in {window}: {says}; by {}\n{}",
                        journey.setting,
                        bound.subject,
                        bound.by,
                        journey.plain()
                    )
                };
                let mut fault = |says: String| self.passed.push(describe(says));
                if seen > most {
                    fault(format!("{seen} left, the bound is {most}"));
                }
                if witnessed > most {
                    fault(format!("{witnessed} left in a replay, the bound is {most}"));
                }
                if bound.kind == Kind::Exact && witnessed != most {
                    fault(format!("{most} is called exact, and {witnessed} left in the day that shows it"));
                }
                let reached = seen.max(witnessed) == most;
                self.bounded += 1;
                self.by_adversary += usize::from(seen == most);
                self.by_witness += usize::from(witnessed == most);
                self.attained += usize::from(reached);
                self.seen += seen.max(witnessed);
                self.most += most;
                if !reached && self.missed.len() < 20 {
                    self.missed.push(describe(format!("{} left, the bound is {most}", seen.max(witnessed))));
                }
                all &= reached;
            }
        }
        self.whole += usize::from(all);
    }

    /// Of what an adversary who acts tick by tick can attain.
    pub(crate) fn fair() -> Report {
        Report { fair: true, ..Report::default() }
    }

    pub(crate) fn and(mut self, other: Report) -> Report {
        self.journeys += other.journeys;
        self.skipped += other.skipped;
        self.exhausted += other.exhausted;
        self.bounded += other.bounded;
        self.by_adversary += other.by_adversary;
        self.by_witness += other.by_witness;
        self.attained += other.attained;
        self.unbounded += other.unbounded;
        self.whole += other.whole;
        self.seen += other.seen;
        self.most += other.most;
        self.passed.extend(other.passed);
        self.missed.extend(other.missed);
        self
    }

    /// A row of the table of tightness; `exhausted` is of those journeys of which everything was tried.
    pub(crate) fn row(&self, name: &str, exhausted: &Report) -> String {
        let of = |report: &Report| {
            let attained = share(report.attained as u64, report.bounded as u64);
            format!("{} | {attained:.1} % | {:.1} %", report.bounded, share(report.seen, report.most))
        };
        let journeys = self.journeys;
        format!("| {name} | {journeys} | {} | {} | {} |", of(self), of(exhausted), self.unbounded)
    }

    pub(crate) fn line(&self, name: &str) -> String {
        let of = |n: usize, all: usize| share(n as u64, all as u64);
        format!(
            "{name:22} {:5} journeys ({} skipped, {} exhausted): {:5} figures, {:5.1} % attained ({:.1} % by the adversary, {:.1} % by the witness), {} unbounded; {:.1} % of journeys attained throughout",
            self.journeys,
            self.skipped,
            self.exhausted,
            self.bounded,
            of(self.attained, self.bounded),
            of(self.by_adversary, self.bounded),
            of(self.by_witness, self.bounded),
            self.unbounded,
            of(self.whole, self.journeys),
        )
    }
}

fn share(part: u64, all: u64) -> f64 {
    if all == 0 { 100.0 } else { 100.0 * part as f64 / all as f64 }
}

/// What is made of so many seeds, on as many threads as there are cores: each makes something of its own.
pub(crate) fn in_threads<T: Send>(
    many: u64,
    make: impl Fn(std::iter::StepBy<std::ops::Range<u64>>) -> T + Sync,
) -> Vec<T> {
    let begins: u64 = asked("JOURNEY_SEED").and_then(|n| n.parse().ok()).unwrap_or(0);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64).min(many.max(1));
    std::thread::scope(|scope| {
        let one = |thread: u64| (begins + thread..begins + many).step_by(threads as usize);
        let make = &make;
        let all: Vec<_> = (0..threads).map(|thread| scope.spawn(move || make(one(thread)))).collect();
        all.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// The journeys of a series, each tried.
pub(crate) fn series(name: &str, parts: &[Part], many: u64) -> Report {
    let reports = in_threads(many, |seeds| {
        let mut report = Report::default();
        seeds.for_each(|seed| tried(&Journey::random(parts, seed), seed, &mut report));
        report
    });
    let report = reports.into_iter().fold(Report::default(), Report::and);
    println!("{}", report.line(name));
    report
}

#[test]
fn no_bound_is_ever_passed() {
    let many: u64 = asked("JOURNEY_HONEST").and_then(|n| n.parse().ok()).unwrap_or(20);
    let only = asked("JOURNEY_SERIES");
    let mut passed = Vec::new();
    for (name, parts) in SERIES.iter().filter(|(name, _)| only.as_ref().is_none_or(|only| only == name)) {
        let report = series(name, parts, many);
        passed.extend(report.passed.iter().map(|p| format!("{name}: {p}")));
    }
    let shown: Vec<&String> = passed.iter().take(5).collect();
    assert!(
        passed.is_empty(),
        "{} bounds are passed:\n{}",
        passed.len(),
        shown.into_iter().cloned().collect::<String>()
    );
}
