//! The order of the points of each layer, with as few crossings as sweeps find.

use super::layers::Layers;
use super::list::{At, of};

/// Sweeps without a better order after which the search ends.
const PATIENCE: usize = 8;

/// Most sweeps from one beginning.
const SWEEPS: usize = 40;

/// Points beyond which one beginning has to do.
const LARGE: usize = 3_000;

pub(super) fn settle(layers: &mut Layers) {
    let begins: &[Begin] = if layers.points.len() > LARGE {
        &[Begin { down: true, mirrored: false }]
    } else {
        &[
            Begin { down: true, mirrored: false },
            Begin { down: true, mirrored: true },
            Begin { down: false, mirrored: false },
            Begin { down: false, mirrored: true },
        ]
    };
    let mut best: Option<(usize, Vec<Vec<usize>>)> = None;
    for begin in begins {
        layers.rows = begin.rows(layers);
        let (crossings, rows) = swept(layers);
        if best.as_ref().is_none_or(|(least, _)| crossings < *least) {
            best = Some((crossings, rows));
        }
    }
    if let Some((_, rows)) = best {
        layers.rows = rows;
    }
}

/// A way to begin: a walk from the top or the bottom, along arrows in the order of the text or against it.
#[derive(Clone, Copy)]
struct Begin {
    down: bool,
    mirrored: bool,
}

impl Begin {
    fn rows(self, layers: &Layers) -> Vec<Vec<usize>> {
        let mut rows = vec![Vec::new(); layers.rows.len()];
        let mut seen = vec![false; layers.points.len()];
        let mut roots: Vec<usize> = (0..layers.points.len()).collect();
        roots.sort_by_key(|p| {
            let layer = layers.points.at(*p).layer;
            if self.down { layer } else { usize::MAX - layer }
        });
        for root in roots {
            let mut open = vec![root];
            while let Some(point) = open.pop() {
                if seen.at(point) {
                    continue;
                }
                seen.put(point, true);
                super::list::push(&mut rows, layers.points.at(point).layer, point);
                let pieces = if self.down { of(&layers.below, point) } else { of(&layers.above, point) };
                let next =
                    pieces.iter().map(|p| layers.pieces.at(*p)).map(|p| if self.down { p.bottom } else { p.top });
                let mut next: Vec<usize> = next.collect();
                if !self.mirrored {
                    next.reverse();
                }
                open.extend(next);
            }
        }
        rows
    }
}

/// The best order that sweeps find from where the rows stand, and its crossings.
fn swept(layers: &mut Layers) -> (usize, Vec<Vec<usize>>) {
    let mut position = vec![0_usize; layers.points.len()];
    note_all(&layers.rows, &mut position);
    let mut best = (crossings(layers, &position), layers.rows.clone());
    let mut waited = 0;
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let n = layers.rows.len();
        for i in 0..n {
            let row = if down { i } else { n - 1 - i };
            by_barycentre(layers, &mut position, row, down);
        }
        swap_neighbours(layers, &mut position);
        let now = crossings(layers, &position);
        if now < best.0 {
            best = (now, layers.rows.clone());
            waited = 0;
        } else {
            waited += 1;
        }
        if best.0 == 0 || waited > PATIENCE {
            break;
        }
    }
    best
}

fn note_all(rows: &[Vec<usize>], position: &mut [usize]) {
    for row in rows {
        note(row, position);
    }
}

fn note(row: &[usize], position: &mut [usize]) {
    for (i, point) in row.iter().enumerate() {
        position.put(*point, i);
    }
}

/// The positions of a point's neighbours above or below, with what a crossing with each counts.
fn beside(layers: &Layers, position: &[usize], point: usize, above: bool) -> Vec<(usize, usize)> {
    let pieces = if above { of(&layers.above, point) } else { of(&layers.below, point) };
    let mut all: Vec<(usize, usize)> = pieces
        .iter()
        .map(|p| layers.pieces.at(*p))
        .map(|p| (position.at(if above { p.top } else { p.bottom }), p.cost))
        .collect();
    all.sort_unstable();
    all
}

fn by_barycentre(layers: &mut Layers, position: &mut [usize], row: usize, above: bool) {
    let Some(points) = layers.rows.get(row).cloned() else { return };
    let mut keyed: Vec<(f64, usize)> = Vec::new();
    for point in points {
        let all = beside(layers, position, point, above);
        let weight: usize = all.iter().map(|(_, cost)| cost).sum();
        let sum: usize = all.iter().map(|(at, cost)| at * cost).sum();
        let key = if weight == 0 { position.at(point) as f64 } else { sum as f64 / weight as f64 };
        keyed.push((key, point));
    }
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    let points: Vec<usize> = keyed.into_iter().map(|(_, p)| p).collect();
    note(&points, position);
    if let Some(place) = layers.rows.get_mut(row) {
        *place = points;
    }
}

/// Crossings among the pieces of two neighbours, the first standing left.
fn between(left: &[(usize, usize)], right: &[(usize, usize)]) -> usize {
    left.iter().map(|(a, x)| right.iter().filter(|(b, _)| b < a).map(|(_, y)| x * y).sum::<usize>()).sum()
}

fn swap_neighbours(layers: &mut Layers, position: &mut [usize]) {
    for _ in 0..12 {
        let mut improved = false;
        for row in 0..layers.rows.len() {
            let len = of(&layers.rows, row).len();
            for i in 1..len {
                let points = of(&layers.rows, row);
                let (left, right) = (points.at(i - 1), points.at(i));
                let (mut now, mut then) = (0, 0);
                for above in [true, false] {
                    let a = beside(layers, position, left, above);
                    let b = beside(layers, position, right, above);
                    now += between(&a, &b);
                    then += between(&b, &a);
                }
                if then < now {
                    improved = true;
                    position.put(left, i);
                    position.put(right, i - 1);
                    if let Some(points) = layers.rows.get_mut(row) {
                        points.swap(i - 1, i);
                    }
                }
            }
        }
        if !improved {
            break;
        }
    }
}

/// All crossings, each weighed by what it crosses.
pub(super) fn crossings(layers: &Layers, position: &[usize]) -> usize {
    let mut total = 0;
    for row in &layers.rows {
        let mut pieces: Vec<(usize, usize, usize)> = row
            .iter()
            .flat_map(|p| of(&layers.below, *p))
            .map(|p| layers.pieces.at(*p))
            .map(|p| (position.at(p.top), position.at(p.bottom), p.cost))
            .collect();
        pieces.sort_unstable();
        // A tree of sums over the positions below: how much of what came before ends further right.
        let width = pieces.iter().map(|p| p.1 + 1).max().unwrap_or(0);
        let mut sums = vec![0_usize; width + 1];
        let mut all = 0;
        for (_, bottom, cost) in pieces {
            let (mut i, mut left) = (bottom + 1, 0);
            while i > 0 {
                left += sums.at(i);
                i -= i & i.wrapping_neg();
            }
            total += (all - left) * cost;
            let mut i = bottom + 1;
            while i <= width {
                let sum = sums.at(i) + cost;
                sums.put(i, sum);
                i += i & i.wrapping_neg();
            }
            all += cost;
        }
    }
    total
}
