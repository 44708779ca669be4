//! The shortest way round that sends, by breadth-first search.

use super::flat::{Column, Flat, Hop, NONE};
use super::parts::Parts;

/// As often as it takes to look at the whole graph.
const MOST_ROUNDS: usize = 64;

/// Of all cycles of arrows that pass and whose nodes lie in one component, one with the fewest arrows that sends; its first
/// node sends, its arrows are numbers of hops.
///
/// A search from each sending node for that node itself. None goes deeper than the shortest cycle so far, so that the first
/// short one makes the others cheap. Where all are long, the search for a shorter one ends at some point.
pub(super) fn shortest(
    flat: &Flat,
    parts: &Parts,
    sends: impl Fn(u32) -> bool,
    pass: impl Fn(u32, &Hop) -> bool,
) -> Option<(u32, Vec<u32>)> {
    let mut best: Option<(u32, Vec<u32>)> = None;
    let mut reached_for = Column::filled(NONE, flat.nodes() as usize);
    let mut parent = Column::filled((NONE, NONE), flat.nodes() as usize);
    let mut work = 0usize;
    let enough = MOST_ROUNDS * (flat.nodes() as usize + flat.hops.len());
    for part in 0..parts.count() {
        for sender in parts.members(part).iter().copied().filter(|node| sends(*node)) {
            if work > enough && best.is_some() {
                return best;
            }
            let mut layer = vec![sender];
            let mut depth = 0;
            while !layer.is_empty() && best.as_ref().is_none_or(|(_, hops)| depth + 1 < hops.len()) {
                depth += 1;
                let mut next = Vec::new();
                let mut closed = None;
                for node in layer {
                    work += 1 + flat.out(node).len();
                    for (number, hop) in flat.numbered(node) {
                        if parts.of.at(hop.to) != part || !pass(node, hop) {
                            continue;
                        }
                        if hop.to == sender {
                            closed.get_or_insert((node, number));
                        } else if reached_for.at(hop.to) != sender {
                            reached_for.put(hop.to, sender);
                            parent.put(hop.to, (node, number));
                            next.push(hop.to);
                        }
                    }
                }
                if let Some((mut node, last)) = closed {
                    let mut hops = vec![last];
                    while node != sender {
                        let (from, number) = parent.at(node);
                        hops.push(number);
                        node = from;
                    }
                    hops.reverse();
                    best = Some((sender, hops));
                    break;
                }
                layer = next;
            }
        }
    }
    best
}
