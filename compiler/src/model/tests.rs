//! Broken copies are found out by the very comparison that the others pass, and the ends of what numbers can hold.

#[path = "../../tests/model/adversary.rs"]
mod adversary;
#[path = "../../tests/model/compare.rs"]
mod compare;
#[path = "../../tests/model/graphs.rs"]
pub(super) mod graphs;
#[path = "../../tests/model/replay.rs"]
mod replay;

use petgraph::graph::{DiGraph, NodeIndex};

use super::analysis::Fault;
use super::curve::{Limited, Limiter, through};
use super::{Alpha, Arrow, Budget, Model, Prepared, Register, Spot, Then, Touch};

/// The first of some seeds at which a broken copy differs from the adversary.
fn found_out(series: &str, fault: Fault) -> Option<u64> {
    let (_, features) = graphs::SERIES.iter().find(|(name, _)| *name == series).unwrap();
    (0..300).find(|seed| {
        let model = graphs::model(&mut graphs::Dice(*seed), *features);
        let prepared = Prepared::new(&model, Budget::default());
        let mut analysis = prepared.analysis();
        analysis.fault = fault;
        compare::differences(&model, &analysis).is_err()
    })
}

#[test]
fn the_comparison_passes_what_is_not_broken() {
    for (series, _) in graphs::SERIES {
        assert_eq!(found_out(series, Fault::None), None, "{series}");
    }
}

#[test]
fn a_closed_window_is_found_out() {
    assert!(found_out("plain", Fault::ClosedWindow).is_some());
}

#[test]
fn dominance_that_does_not_look_at_registers_is_found_out() {
    assert!(found_out("registers", Fault::BlindDominance).is_some());
}

#[test]
fn dominance_that_does_not_look_at_counts_is_found_out() {
    assert!(found_out("plain", Fault::FirstIsBest).is_some());
}

#[test]
fn arrows_in_no_time_that_count_as_a_millisecond_are_found_out() {
    let (_, features) = graphs::SERIES[1];
    let differs = (0..300).any(|seed| {
        let model = graphs::model(&mut graphs::Dice(seed), features);
        let mut slower = model.clone();
        slower.graph.edge_weights_mut().for_each(|arrow| arrow.lo = arrow.lo.max(1));
        let prepared = Prepared::new(&slower, Budget::default());
        compare::differences(&model, &prepared.analysis()).is_err()
    });
    assert!(differs);
}

#[test]
fn long_windows_are_decided_by_critical_cycles_as_by_going_through_them() {
    for seed in 0..120 {
        let mut dice = graphs::Dice(seed);
        let mut model = Model { starts: vec![NodeIndex::new(0)], ..Model::default() };
        let nodes = 3 + dice.below(30);
        for _ in 0..nodes {
            let weight = dice.below(2 + seed % 3) as u32;
            model.graph.add_node(Spot { weight, opens: false });
        }
        model.registers = vec![Register { top: 2, fresh: seed % 2 == 0 }; (seed % 3) as usize];
        for _ in 0..3 * nodes {
            let [from, to] = [0, 0].map(|_: u64| NodeIndex::new(dice.below(nodes) as usize));
            let touches = (0..model.registers.len()).filter(|_| dice.once_in(6)).map(|register| {
                let then = if (register + to.index()).is_multiple_of(2) { Then::Set(0) } else { Then::Add };
                Touch { register, least: 0, most: 1, then }
            });
            let touches = touches.collect();
            model.graph.add_edge(from, to, Arrow { lo: 5 + dice.below(300) as i64, touches, ..Arrow::default() });
        }
        let prepared = Prepared::new(&model, Budget::default());
        let analysis = prepared.analysis();
        let mut sweeping = prepared.analysis();
        sweeping.fault = Fault::SweepsAlways;
        for window in [1, 50, 300, 1_000, 2_999, 3_000, 7_001] {
            let ours = analysis.alpha(window);
            assert_eq!(ours.count(), sweeping.alpha(window).count(), "seed {seed}, {window} ms");
            if let Alpha::AtMost(run) = ours {
                replay::run(&model, &run, Some(window)).unwrap();
            }
        }
    }
}

fn ring(weights: &[u32], lo: i64) -> Model {
    let mut graph = DiGraph::new();
    for weight in weights {
        graph.add_node(Spot { weight: *weight, opens: false });
    }
    for node in 0..weights.len() {
        let to = NodeIndex::new((node + 1) % weights.len());
        graph.add_edge(NodeIndex::new(node), to, Arrow { lo, ..Arrow::default() });
    }
    Model { graph, starts: vec![NodeIndex::new(0)], registers: Vec::new() }
}

fn alpha(model: &Model, window: i64) -> Option<u64> {
    Prepared::new(model, Budget::default()).analysis().alpha(window).count()
}

#[test]
fn durations_and_weights_at_the_end_of_their_range() {
    let slow = ring(&[1, 1], i64::MAX);
    assert_eq!(alpha(&slow, 1), Some(1));
    assert_eq!(alpha(&slow, i64::MAX), Some(1));
    let heavy = ring(&[u32::MAX], 1);
    assert_eq!(alpha(&heavy, 3), Some(3 * u64::from(u32::MAX)));
    let prepared = Prepared::new(&slow, Budget::default());
    let analysis = prepared.analysis();
    assert!(analysis.bucket(i64::MAX).is_some());
    assert!(matches!(analysis.whole_life(), Alpha::Unbounded(cycle) if cycle.period == i64::MAX));
    let before = ring(&[1], i64::MIN);
    assert_eq!(alpha(&before, 1), None, "less than no time is no time");
}

#[test]
fn empty_models_and_empty_windows_are_silent() {
    let nothing = Model::default();
    let prepared = Prepared::new(&nothing, Budget::default());
    assert_eq!(prepared.analysis().alpha(1), Alpha::Silent);
    assert_eq!(prepared.analysis().whole_life(), Alpha::Silent);
    assert_eq!(prepared.analysis().bucket(1), Some(0));
    assert_eq!(alpha(&ring(&[1], 0), 0), Some(0));
    assert_eq!(alpha(&ring(&[0, 0], 0), 5), Some(0), "a cycle that takes no time but sends nothing is none");
}

#[test]
fn a_chain_of_a_hundred_thousand_nodes_needs_no_deep_stack() {
    let mut model = ring(&vec![1; 100_000], 60_000);
    model.graph.retain_edges(|graph, edge| graph.edge_endpoints(edge).is_some_and(|(_, to)| to.index() != 0));
    assert_eq!(alpha(&model, 3_600_000), Some(60));
    let prepared = Prepared::new(&model, Budget::default());
    assert_eq!(prepared.analysis().whole_life().count(), Some(100_000));
}

#[test]
fn a_long_ring_is_gone_round_once() {
    let model = ring(&vec![1; 20_000], 60_000);
    let prepared = Prepared::new(&model, Budget::default());
    let analysis = prepared.analysis();
    assert_eq!(analysis.alpha(3_600_000).count(), Some(60));
    assert_eq!(analysis.decide(3_600_000, u64::MAX), None);
    assert!(matches!(analysis.whole_life(), Alpha::Unbounded(cycle) if cycle.arrows.len() == 20_000));
}

#[test]
fn rounds_of_a_millisecond_are_counted_and_not_told_one_by_one() {
    let model = ring(&[1, 0, 2], 1);
    let analysis = Prepared::new(&model, Budget::default()).analysis();
    for window in [30_i64, 30 * 24 * 3_600_000] {
        let Alpha::AtMost(run) = analysis.alpha(window) else { panic!("it is bounded") };
        // Every third millisecond three are sent, in two: a window begins with two and one, or ends so.
        assert_eq!(run.count, window.unsigned_abs());
        let last = run.steps.last().map(|(_, time)| *time);
        assert!(run.steps.len() < 70_000 && (window > 30 || last == Some(29) || last == Some(28)), "{last:?}");
    }
}

#[test]
fn a_limiter_cuts_a_window_where_that_is_tightest() {
    let limiter = Limiter { n: 2, per: 10 };
    let flow = |window: i64, _| Some(if window <= 5 { 1 } else { 100 });
    assert_eq!(through(|_, _| None, limiter, 25, 9), Some(6), "three pieces, of which the last is short");
    assert_eq!(through(|_, _| Some(1), limiter, 25, 9), Some(1));
    assert_eq!(through(flow, limiter, 25, 9), Some(5), "two pieces, and what comes in the rest");
    assert_eq!(through(flow, limiter, 26, 9), Some(6));
    let less = |window, matters| flow(window, matters).filter(|n| *n < matters);
    assert_eq!(through(less, limiter, 25, 9), Some(5), "what does not matter need not be said");
    assert_eq!(through(less, limiter, 26, 9), Some(6));
    assert_eq!(through(flow, Limiter { n: 2, per: 0 }, 26, 9), Some(100), "a limit in no time is none");
    assert_eq!(through(flow, limiter, 0, 9), Some(0));
    let both = [limiter, Limiter { n: 4, per: 100 }];
    assert_eq!(Limited::new(&|_| None, &both).most(25), Some(4));
}

#[test]
fn registers_beyond_the_budget_are_dropped_by_size() {
    let mut model = ring(&[1, 0], 1);
    model.registers = [3, 9, 5].map(|top| Register { top, fresh: false }).to_vec();
    let counts = |register, n: u32| vec![Touch { register, least: 0, most: n - 1, then: Then::Add }];
    model
        .graph
        .edge_weights_mut()
        .zip([counts(0, 3), counts(1, 9)])
        .for_each(|(arrow, touches)| arrow.touches = touches);
    let whole = Prepared::new(&model, Budget::default());
    assert_eq!((whole.dropped(), whole.analysis().whole_life().count()), (&[][..], Some(4)));
    let less = Prepared::new(&model, Budget { nodes: 4 });
    assert_eq!((less.dropped(), less.analysis().whole_life().count()), (&[1, 2, 0][..], None));
    let huge = Register { top: u32::MAX, fresh: false };
    model.registers = vec![huge, huge, huge];
    assert_eq!(Prepared::new(&model, Budget::default()).dropped(), [2, 1], "two do not fit into a number");
}
