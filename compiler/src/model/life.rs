//! The most sends of a run of any length: the longest path over the components of all arrows, where no cycle sends.

use journey_spec::program::Millis;

use super::analysis::Analysis;
use super::flat::{Column, NONE};
use super::parts::Parts;
use super::sweep::Found;

/// The longest run; nothing where nothing sends. No cycle may send: inside a component nothing is then sent on the way.
pub(super) fn longest(of: &Analysis, parts: &Parts) -> Option<Found> {
    let flat = &of.product().inside;
    let mut still: Column<u64> = Column::filled(0, parts.count() as usize);
    for part in 0..parts.count() {
        let leaving = parts.members(part).iter().flat_map(|node| flat.out(*node));
        let away = leaving.filter(|hop| parts.of.at(hop.to) != part);
        let most = away.map(|hop| u64::from(of.weight.at(hop.to)).saturating_add(still.at(parts.of.at(hop.to)))).max();
        still.put(part, most.unwrap_or(0));
    }
    let count = |node| u64::from(of.weight.at(node)).saturating_add(still.at(parts.of.at(node)));
    let mut best: Option<(u64, u32)> = None;
    for node in of.openers() {
        if best.is_none_or(|(so_far, _)| so_far < count(node)) {
            best = Some((count(node), node));
        }
    }
    let (count, first) = best?;

    let mut steps = Vec::new();
    let (mut node, mut time): (u32, Millis) = (first, 0);
    while still.at(parts.of.at(node)) > 0 {
        // The shortest way, within the component, to an arrow by which most is still to come.
        let part = parts.of.at(node);
        let mut reached = vec![(node, NONE, NONE)];
        let mut seen = std::collections::BTreeSet::from([node]);
        let mut next = 0;
        let mut hops = Vec::new();
        while let Some((from, _, _)) = reached.get(next).copied() {
            let leads = flat.numbered(from).find(|(_, hop)| {
                let to = parts.of.at(hop.to);
                let most = u64::from(of.weight.at(hop.to)).saturating_add(still.at(to));
                to != part && most == still.at(part)
            });
            if let Some((number, _)) = leads {
                hops.push(number);
                break;
            }
            for (number, hop) in flat.numbered(from) {
                if parts.of.at(hop.to) == part && seen.insert(hop.to) {
                    reached.push((hop.to, next as u32, number));
                }
            }
            next += 1;
        }
        let mut at = next as u32;
        while let Some((_, parent, number)) = reached.get(at as usize).copied().filter(|(_, parent, _)| *parent != NONE)
        {
            hops.push(number);
            at = parent;
        }
        if hops.is_empty() {
            break;
        }
        for hop in hops.iter().rev().map(|number| flat.hop(*number)) {
            time = time.saturating_add(hop.lo);
            steps.push((hop.edge, time));
            node = hop.to;
        }
    }
    Some(Found { count, first, steps })
}
