//! Laws that bounds keep to, whatever the model.

use journey_compiler::model::{Arrow, Budget, Model, Prepared, Spot};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use proptest::prelude::*;

use super::graphs::{self, Dice, SERIES};

const WINDOWS: [i64; 6] = [1, 2, 5, 9, 14, 20];

fn any_model() -> impl Strategy<Value = (Model, u64)> {
    (0..SERIES.len(), any::<u64>()).prop_map(|(series, seed)| (graphs::model(&mut Dice(seed), SERIES[series].1), seed))
}

/// The bounds of some windows, and of a whole life; greater than any number where there is none.
fn bounds(model: &Model) -> Vec<u64> {
    let prepared = Prepared::new(model, Budget::default());
    let analysis = prepared.analysis();
    let windows = WINDOWS.iter().map(|window| analysis.alpha(*window));
    windows.chain([analysis.whole_life()]).map(|most| most.count().unwrap_or(u64::MAX)).collect()
}

fn never_more(less: &Model, than: &Model) {
    for (less, than) in bounds(less).into_iter().zip(bounds(than)) {
        assert!(less <= than, "{less} is more than {than}");
    }
}

/// An arrow that forces nothing, where there is one.
fn free(model: &Model, seed: u64) -> Option<petgraph::graph::EdgeIndex> {
    let free: Vec<_> = model.graph.edge_indices().filter(|edge| model.graph[*edge].by.is_none()).collect();
    (!free.is_empty()).then(|| free[seed as usize % free.len()])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn without_an_arrow_that_forces_nothing_there_is_never_more((model, seed) in any_model()) {
        if let Some(arrow) = free(&model, seed) {
            let mut less = model.clone();
            less.graph.remove_edge(arrow);
            never_more(&less, &model);
        }
    }

    #[test]
    fn a_lower_cap_or_a_longer_wait_never_raises((model, seed) in any_model()) {
        if let Some(arrow) = free(&model, seed) {
            let mut less = model.clone();
            if let Some(touch) = less.graph[arrow].touches.first_mut() {
                touch.most = touch.most.saturating_sub(1);
            } else {
                less.graph[arrow].lo += 1;
            }
            never_more(&less, &model);
        }
    }

    #[test]
    fn a_node_in_two_with_no_time_between_changes_nothing((model, seed) in any_model()) {
        let node = NodeIndex::new(seed as usize % model.graph.node_count());
        let mut split = model.clone();
        let rest = split.graph.add_node(Spot::default());
        let leaving: Vec<_> = model.graph.edges(node).map(|edge| (edge.id(), edge.target())).collect();
        for (edge, to) in &leaving {
            split.graph.add_edge(rest, *to, model.graph[*edge].clone());
        }
        split.graph.retain_edges(|graph, edge| graph.edge_endpoints(edge).is_none_or(|(from, _)| from != node));
        split.graph.add_edge(node, rest, Arrow { by: Some(0), ..Arrow::default() });
        prop_assert_eq!(bounds(&split), bounds(&model));
    }

    #[test]
    fn other_numbers_change_nothing((model, _) in any_model()) {
        let last = model.graph.node_count() - 1;
        let other = |node: NodeIndex| NodeIndex::new(last - node.index());
        let mut graph = DiGraph::new();
        for node in model.graph.node_indices().rev() {
            graph.add_node(model.graph[node]);
        }
        for edge in model.graph.edge_indices().rev() {
            let (from, to) = model.graph.edge_endpoints(edge).unwrap();
            graph.add_edge(other(from), other(to), model.graph[edge].clone());
        }
        let starts = model.starts.iter().rev().map(|node| other(*node)).collect();
        let renumbered = Model { graph, starts, registers: model.registers.clone() };
        prop_assert_eq!(bounds(&renumbered), bounds(&model));
    }

    #[test]
    fn longer_windows_hold_more_but_no_more_than_their_parts((model, _) in any_model()) {
        let prepared = Prepared::new(&model, Budget::default());
        let analysis = prepared.analysis();
        let counts: Vec<u64> = (0..=20).map(|window| analysis.alpha(window).count().unwrap_or(u64::MAX)).collect();
        let fresh = model.registers.iter().any(|register| register.fresh);
        for (window, count) in counts.iter().enumerate().skip(1) {
            prop_assert!(counts[window - 1] <= *count);
            for part in 1..window {
                // What is fresh in a long window is fresh in its second part too, only if that is asked for itself.
                prop_assert!(fresh || *count <= counts[part].saturating_add(counts[window - part]));
            }
        }
    }

    #[test]
    fn without_room_for_registers_there_is_never_less((model, seed) in any_model()) {
        let exact = bounds(&model);
        let prepared = Prepared::new(&model, Budget { nodes: 1 + seed as usize % 24 });
        let analysis = prepared.analysis();
        for (window, exact) in WINDOWS.iter().zip(&exact) {
            let rough = analysis.alpha(*window).count().unwrap_or(u64::MAX);
            prop_assert!(rough >= *exact);
            prop_assert!(rough == *exact || !prepared.dropped().is_empty());
        }
    }

    #[test]
    fn all_channels_together_send_no_more_than_each_by_itself((model, seed) in any_model()) {
        // The sum of two bounds holds where windows of each may begin alike.
        prop_assume!(model.registers.iter().all(|register| !register.fresh));
        let mut dice = Dice(seed);
        let total: Vec<u32> = model.graph.node_weights().map(|spot| spot.weight).collect();
        let one: Vec<u32> = total.iter().map(|weight| dice.below(u64::from(*weight) + 1) as u32).collect();
        let other: Vec<u32> = total.iter().zip(&one).map(|(total, one)| total - one).collect();
        let prepared = Prepared::new(&model, Budget::default());
        let [total, one, other] = [&total, &one, &other].map(|weights| prepared.weighed(weights));
        for window in WINDOWS {
            let most = |of: &journey_compiler::model::Analysis| of.alpha(window).count().unwrap_or(u64::MAX);
            prop_assert!(most(&total) <= most(&one).saturating_add(most(&other)));
            prop_assert!(most(&one).max(most(&other)) <= most(&total));
        }
    }
}
