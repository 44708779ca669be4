//! Strongly connected components, by Tarjan's algorithm (Depth-First Search and Linear Graph Algorithms, 1972), without
//! recursion, so that a long chain of nodes is no deep stack.

use super::flat::{Column, Flat, Hop, NONE};

/// The components of a graph, numbered so that every arrow between two of them leads to the smaller number.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    /// The component of each node.
    pub(super) of: Column<u32>,
    /// The nodes, by component.
    members: Vec<u32>,
    /// Where each component's nodes begin, and after the last one their number.
    first: Column<u32>,
}

impl Parts {
    /// The components of the arrows that pass.
    pub(super) fn of(flat: &Flat, pass: impl Fn(u32, &Hop) -> bool) -> Self {
        let n = flat.nodes();
        let (mut index, mut low) = (Column::filled(0u32, n as usize), Column::filled(0u32, n as usize));
        let mut of = Column::filled(NONE, n as usize);
        let (mut members, mut first) = (Vec::with_capacity(n as usize), Vec::new());
        let (mut open, mut path) = (Vec::new(), Vec::new());
        let mut seen = 0;
        for root in 0..n {
            if index.at(root) != 0 {
                continue;
            }
            path.push((root, flat.first.at(root)));
            while let Some((node, next)) = path.pop() {
                if index.at(node) == 0 {
                    seen += 1;
                    index.put(node, seen);
                    low.put(node, seen);
                    open.push(node);
                }
                let end = flat.first.at(node + 1);
                let mut child = None;
                let mut number = next;
                while number < end && child.is_none() {
                    let hop = flat.hop(number);
                    number += 1;
                    if !pass(node, &hop) {
                        continue;
                    }
                    if index.at(hop.to) == 0 {
                        child = Some(hop.to);
                    } else if of.at(hop.to) == NONE {
                        low.put(node, low.at(node).min(index.at(hop.to)));
                    }
                }
                if let Some(child) = child {
                    path.push((node, number));
                    path.push((child, flat.first.at(child)));
                    continue;
                }
                if low.at(node) == index.at(node) {
                    let part = first.len() as u32;
                    first.push(members.len() as u32);
                    while let Some(member) = open.pop() {
                        of.put(member, part);
                        members.push(member);
                        if member == node {
                            break;
                        }
                    }
                }
                if let Some((parent, _)) = path.last() {
                    low.put(*parent, low.at(*parent).min(low.at(node)));
                }
            }
        }
        first.push(members.len() as u32);
        Parts { of, members, first: Column(first) }
    }

    pub(super) fn count(&self) -> u32 {
        self.first.len().saturating_sub(1)
    }

    pub(super) fn members(&self, part: u32) -> &[u32] {
        let (from, to) = (self.first.at(part) as usize, self.first.at(part + 1) as usize);
        self.members.get(from..to).unwrap_or_default()
    }
}
