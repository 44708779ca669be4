//! That the adversary would notice: the model made unsound on purpose, in one way at a time, claims less than really leaves.

use journey_compiler::abstraction::{Abstraction, Cause, Stands};
use journey_compiler::check::bounds::{Kind, Scope, proven_in};
use journey_compiler::graph;
use journey_compiler::model::{Budget, Prepared, Then};
use journey_spec::program::{JourneyId, Program};

use super::adversary::{Adversary, LONGEST};
use super::compare::compiled;
use super::journeys::{Journey, Part};
use super::world::TICK;

/// Journeys that are tried with each.
const JOURNEYS: u64 = 40;

/// A way to be wrong.
type Wrong = fn(&mut Abstraction);

/// Nothing waits for a window.
fn forgets_what_waits(of: &mut Abstraction) {
    let kept: Vec<bool> = of.spots.iter().map(|s| matches!(s, Stands::Kept(_))).collect();
    of.model.graph.retain_edges(|g, e| g.edge_endpoints(e).is_none_or(|(_, to)| !kept[to.index()]));
}

/// Limits that count within the window let one less through.
fn counts_one_too_many(of: &mut Abstraction) {
    let fresh: Vec<bool> = of.model.registers.iter().map(|r| r.fresh).collect();
    for arrow in of.model.graph.edge_weights_mut() {
        for touch in &mut arrow.touches {
            if fresh[touch.register] && matches!(touch.then, Then::Add) {
                touch.most = touch.most.saturating_sub(1);
            }
        }
    }
}

/// What a `stay` sends is not counted.
fn hears_no_stay(of: &mut Abstraction) {
    for spot in of.spots.iter_mut().filter(|spot| matches!(spot, Stands::Stays(_))) {
        *spot = Stands::Root;
    }
}

/// Timers take a millisecond more than they do.
fn is_late(of: &mut Abstraction) {
    for arrow in of.model.graph.edge_weights_mut() {
        if matches!(of.causes[arrow.tag], Cause::Edge(_)) && arrow.lo > 0 {
            arrow.lo += 1;
        }
    }
}

fn claimed(program: &Program, wrong: Option<Wrong>, ticks: usize) -> Option<u64> {
    let graph = graph::of(program, JourneyId(0))?;
    let window = ticks as i64 * TICK;
    let mut of = Abstraction::of(program, &graph, Some(window));
    if let Some(wrong) = wrong {
        wrong(&mut of);
    }
    let weights = of.weights(&graph, |_| true);
    Prepared::new(&of.model, Budget::default()).weighed(&weights).alpha(window).count()
}

/// In how many of some journeys the adversary passes what the broken model claims.
fn noticed(parts: &[Part], wrong: Option<Wrong>) -> usize {
    let mut noticed = 0;
    for seed in 0..JOURNEYS {
        let journey = Journey::random(parts, seed);
        let Some(program) = compiled(&journey.plain()) else { continue };
        let found = Adversary::new(&program, &journey, 2, 500).found(seed, 8);
        let passes = |ticks: usize| {
            let seen = found.most.of(Scope::Instance(JourneyId(0)), 0, Some(ticks));
            claimed(&program, wrong, ticks).is_some_and(|most| seen > most)
        };
        noticed += usize::from((1..=LONGEST).any(passes));
    }
    noticed
}

#[test]
fn a_model_that_is_wrong_is_found_out() {
    use Part::{Intake, Pause, Stays, Urgent, Visits};
    let cases: [(&str, &[Part], Wrong); 4] = [
        ("forgets what waits", &[Urgent, Pause], forgets_what_waits),
        ("counts one too many", &[Visits, Intake], counts_one_too_many),
        ("hears no stay", &[Stays], hears_no_stay),
        ("is late", &[], is_late),
    ];
    for (name, parts, wrong) in cases {
        assert_eq!(noticed(parts, None), 0, "{name}: the model as it is");
        let noticed = noticed(parts, Some(wrong));
        println!("a model that {name}: noticed in {noticed} of {JOURNEYS} journeys");
        assert!(noticed > 0, "nobody notices a model that {name}");
    }
}

#[test]
fn an_exact_bound_less_one_is_found_out() {
    let (mut exact, mut noticed) = (0, 0);
    for seed in 0..25 {
        let journey = Journey::random(&[Part::Visits, Part::Urgent], seed);
        let Some(program) = compiled(&journey.plain()) else { continue };
        let found = Adversary::new(&program, &journey, 3, 400).found(seed, 4);
        let scope = Scope::Instance(JourneyId(0));
        for bound in proven_in(&program, scope, Some(2 * TICK)).bounds {
            if bound.kind == Kind::Exact && bound.channel.is_none() && bound.at_most > Some(0) {
                exact += 1;
                noticed += usize::from(Some(found.most.of(scope, 0, Some(2))) == bound.at_most);
            }
        }
    }
    assert!(exact > 10 && noticed * 10 > exact * 7, "{noticed} of {exact}");
}
