//! Limiters that drop, against what their curve says of them.

use std::collections::VecDeque;

use journey_compiler::model::curve::{Limited, Limiter};
use journey_compiler::model::{Budget, Model, Prepared};
use petgraph::visit::EdgeRef;

use super::graphs::{self, Dice, SERIES};

/// The instants at which a lively run through the model sends; arrows are taken as soon as they can be, or a little later.
fn run(dice: &mut Dice, model: &Model) -> Vec<i64> {
    let (mut node, mut now, mut sent) = (model.starts[0], 0, Vec::new());
    let late = if dice.once_in(2) { 1 } else { 3 };
    for _ in 0..60 {
        sent.extend((0..model.graph[node].weight).map(|_| now));
        let arrows: Vec<_> = model.graph.edges(node).collect();
        if arrows.is_empty() {
            break;
        }
        let arrow = &arrows[dice.below(arrows.len() as u64) as usize];
        now += arrow.weight().lo + dice.below(late) as i64;
        node = arrow.target();
    }
    sent
}

/// What a limiter lets through: as long as fewer than `n` left in `(t - per, t]`. A broken one forgets too soon.
fn limit(limiter: Limiter, arrivals: &[i64], forgets_by: i64) -> Vec<i64> {
    let mut recent: VecDeque<i64> = VecDeque::new();
    let mut left = Vec::new();
    for now in arrivals {
        recent.retain(|at| *at > now - limiter.per + forgets_by);
        if (recent.len() as u64) < limiter.n {
            recent.push_back(*now);
            left.push(*now);
        }
    }
    left
}

/// The most of those instants in any window.
fn most(instants: &[i64], window: i64) -> u64 {
    let within = |from: i64| instants.iter().filter(|at| from <= **at && **at < from + window).count() as u64;
    instants.iter().map(|from| within(*from)).max().unwrap_or(0)
}

/// How many of the bounds are reached, where none is exceeded.
fn tried(seeds: u64, forgets_by: i64) -> Result<(u64, u64), String> {
    let (mut reached, mut all) = (0, 0);
    for seed in 0..seeds {
        let mut dice = Dice(seed);
        let model = graphs::model(&mut dice, SERIES[seed as usize % 2].1);
        let prepared = Prepared::new(&model, Budget::default());
        let analysis = prepared.analysis();
        let limiters: Vec<Limiter> =
            (0..1 + dice.below(2)).map(|_| Limiter { n: 1 + dice.below(3), per: 2 + dice.below(8) as i64 }).collect();
        let alpha = |window| analysis.alpha(window).count();
        let limited = Limited::new(&alpha, &limiters);
        let mut found = [0; 21];
        for _ in 0..30 {
            let arrivals = run(&mut dice, &model);
            let left = limiters.iter().fold(arrivals, |flow, limiter| limit(*limiter, &flow, forgets_by));
            for (window, found) in (0..).zip(&mut found) {
                *found = most(&left, window).max(*found);
            }
        }
        for (window, found) in (0..).zip(found) {
            let bound = limited.most(window).ok_or("a limited flow is bounded")?;
            if bound < found {
                return Err(format!("seed {seed}: {found} left in {window} ms, not {bound}: {limiters:?}"));
            }
            all += 1;
            reached += u64::from(bound == found);
        }
    }
    Ok((reached, all))
}

#[test]
fn limiters_let_no_more_through_than_their_curve() {
    let (reached, all) = tried(300, 0).unwrap();
    assert!(reached * 2 > all, "only {reached} of {all} bounds are reached by random runs: they are too weak");
}

#[test]
fn a_limiter_that_forgets_a_millisecond_too_soon_is_found_out() {
    assert!(tried(300, 1).is_err());
}
