//! Which arrows lead back, how far down each box stands, and which arrows are the main line.

use super::list::{At, of, push};
use super::{Link, Size};

/// What is known before there are layers.
#[derive(Debug)]
pub(super) struct Ranked {
    /// For each link, whether it leads back, so that it is laid out from its target to its source.
    pub(super) back: Vec<bool>,
    /// For each link, whether it is on the main line.
    pub(super) main: Vec<bool>,
    /// For each box, its rank, from 0.
    pub(super) rank: Vec<usize>,
}

/// A link as it is laid out: downwards.
#[derive(Clone, Copy, Default)]
struct Down {
    link: usize,
    from: usize,
    to: usize,
}

pub(super) fn rank(boxes: &[Size], links: &[Link]) -> Ranked {
    let back = back(boxes.len(), links);
    let down: Vec<Down> = links
        .iter()
        .enumerate()
        .filter(|(_, l)| l.from != l.to && l.from < boxes.len() && l.to < boxes.len())
        .map(|(i, l)| {
            let (from, to) = if back.at(i) { (l.to, l.from) } else { (l.from, l.to) };
            Down { link: i, from, to }
        })
        .collect();
    let (mut into, mut out) = (vec![Vec::new(); boxes.len()], vec![Vec::new(); boxes.len()]);
    for d in &down {
        push(&mut out, d.from, *d);
        push(&mut into, d.to, *d);
    }
    let order = sorted(boxes.len(), &into, &out);
    let main = main_line(boxes, links, &back, &order, &into);
    let mut rank = vec![0_usize; boxes.len()];
    for n in &order {
        let lowest = of(&into, *n).iter().map(|d| rank.at(d.from) + 1).max().unwrap_or(0);
        rank.put(*n, lowest);
    }
    tighten(&mut rank, &order, &into, &out, &|d| if main.at(d.link) { 4 } else { 1 });
    let top = rank.iter().copied().min().unwrap_or(0);
    for r in &mut rank {
        *r -= top;
    }
    Ranked { back, main, rank }
}

/// The links that lead back. Whoever writes a journey writes it in the order in which it goes, so an arrow to a state
/// further up in the text leads back; where the text is in no such order, a walk from the top says which do.
fn back(n: usize, links: &[Link]) -> Vec<bool> {
    let by_text: Vec<bool> = links.iter().map(|l| l.to < l.from).collect();
    let by_walk = back_by_walk(n, links);
    let count = |all: &[bool]| all.iter().filter(|b| **b).count();
    if count(&by_text) <= 2 * count(&by_walk) + 3 { by_text } else { by_walk }
}

/// Links that close a ring in a walk, depth first, from the first boxes on.
fn back_by_walk(n: usize, links: &[Link]) -> Vec<bool> {
    let mut out = vec![Vec::new(); n];
    for (i, l) in links.iter().enumerate() {
        push(&mut out, l.from, (i, l.to));
    }
    let mut back = vec![false; links.len()];
    // 0 not seen, 1 on the way, 2 done
    let mut seen = vec![0_u8; n];
    for root in 0..n {
        if seen.at(root) != 0 {
            continue;
        }
        seen.put(root, 1);
        let mut open = vec![(root, 0_usize)];
        while let Some((node, next)) = open.pop() {
            let Some((link, to)) = of(&out, node).get(next).copied() else {
                seen.put(node, 2);
                continue;
            };
            open.push((node, next + 1));
            match seen.at(to) {
                0 if to < n => {
                    seen.put(to, 1);
                    open.push((to, 0));
                }
                1 => back.put(link, true),
                _ => {}
            }
        }
    }
    back
}

/// The boxes so that each stands after all that lead into it.
fn sorted(n: usize, into: &[Vec<Down>], out: &[Vec<Down>]) -> Vec<usize> {
    let mut missing: Vec<usize> = into.iter().map(Vec::len).collect();
    let mut ready: Vec<usize> = (0..n).filter(|i| missing.at(*i) == 0).collect();
    let mut order = Vec::new();
    let mut next = 0;
    while let Some(node) = ready.get(next).copied() {
        next += 1;
        order.push(node);
        for d in of(out, node) {
            let left = missing.at(d.to).saturating_sub(1);
            missing.put(d.to, left);
            if left == 0 {
                ready.push(d.to);
            }
        }
    }
    order
}

/// The longest way of usual links from a box into which nothing leads to a goal: what happens if all goes well.
fn main_line(boxes: &[Size], links: &[Link], back: &[bool], order: &[usize], into: &[Vec<Down>]) -> Vec<bool> {
    let usual = |d: &&Down| !back.at(d.link) && links.get(d.link).is_some_and(|l| l.usual);
    // For each box the length of the longest way to it, and its last link.
    let mut best: Vec<Option<(usize, Option<Down>)>> = vec![None; boxes.len()];
    for n in order {
        let from =
            of(into, *n).iter().filter(usual).filter_map(|d| best.at(d.from).map(|(len, _)| (len + 1, Some(*d))));
        // Of equally long ways the first in the text.
        let longest = from.fold(None, |kept: Option<(usize, Option<Down>)>, way| match kept {
            Some(kept) if kept.0 >= way.0 => Some(kept),
            _ => Some(way),
        });
        let starts = of(into, *n).is_empty().then_some((0, None));
        best.put(*n, longest.or(starts));
    }
    let goals = boxes.iter().enumerate().filter(|(_, b)| b.goal).map(|(i, _)| i);
    let last = goals.filter_map(|i| best.at(i).map(|(len, _)| (len, i))).reduce(|a, b| if b.0 > a.0 { b } else { a });
    let mut main = vec![false; links.len()];
    let mut at = last.map(|(_, i)| i);
    while let Some(d) = at.and_then(|n| best.at(n)).and_then(|(_, d)| d) {
        main.put(d.link, true);
        at = Some(d.from);
    }
    main
}

/// Moves boxes up and down between their neighbours until no arrow gets shorter by it.
fn tighten(
    rank: &mut [usize],
    order: &[usize],
    into: &[Vec<Down>],
    out: &[Vec<Down>],
    weight: &dyn Fn(&Down) -> usize,
) {
    for round in 0..24 {
        let mut moved = false;
        let down = round % 2 == 0;
        for i in 0..order.len() {
            let n = order.at(if down { order.len() - 1 - i } else { i });
            let (above, below) = (of(into, n), of(out, n));
            let up: usize = above.iter().map(weight).sum();
            let pull: usize = below.iter().map(weight).sum();
            let low = above.iter().map(|d| rank.at(d.from) + 1).max().unwrap_or(0);
            let high = below.iter().map(|d| rank.at(d.to).saturating_sub(1)).min();
            let wanted = match high {
                Some(high) if pull > up => high,
                _ if up == 0 => high.unwrap_or(0),
                _ => low,
            };
            if wanted != rank.at(n) && wanted >= low && high.is_none_or(|high| wanted <= high) {
                rank.put(n, wanted);
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
}
