//! How far right each point stands.
//!
//! Each layer for itself is solved exactly: given where each point would like to stand, how much it minds, and how far
//! neighbours have to be apart, pooling adjacent violators gives the placement with the least regret (Barlow and others,
//! 1972). Sweeps over the layers carry the wishes through the drawing: first by means, which spreads well, then by
//! medians, which makes lines exactly straight.

use super::layers::Layers;
use super::list::{At, of};

/// Rounds of sweeps down and up.
const SPREAD: usize = 16;

/// Rounds that make lines straight.
const STRAIGHTEN: usize = 24;

/// Rounds that take bends out of long arrows.
const UNBEND: usize = 6;

/// Which neighbours a point looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Above,
    Below,
    Both,
}

/// The middle of each point.
pub(super) fn place(layers: &Layers) -> Vec<f64> {
    let mut xs = vec![0.0_f64; layers.points.len()];
    for row in &layers.rows {
        let mut x = 0.0;
        for (i, point) in row.iter().enumerate() {
            if i > 0 {
                x += layers.apart(row.at(i - 1), *point);
            }
            xs.put(*point, x);
        }
        let half = x / 2.0;
        for point in row {
            let centred = xs.at(*point) - half;
            xs.put(*point, centred);
        }
    }
    let rows = layers.rows.len();
    for _ in 0..SPREAD {
        for row in 0..rows {
            shift(layers, &mut xs, row, Look::Above, false);
        }
        for row in (0..rows).rev() {
            shift(layers, &mut xs, row, Look::Below, false);
        }
    }
    for round in 0..SPREAD {
        for i in 0..rows {
            shift(layers, &mut xs, if round % 2 == 0 { i } else { rows - 1 - i }, Look::Both, false);
        }
    }
    for round in 0..STRAIGHTEN {
        for i in 0..rows {
            shift(layers, &mut xs, if round % 2 == 0 { i } else { rows - 1 - i }, Look::Both, true);
        }
    }
    for _ in 0..UNBEND {
        for chain in &layers.chains {
            unbend(layers, &mut xs, chain);
        }
    }
    xs
}

/// Gives a long arrow as few bends as the points beside it allow: from the top on, as many points in a row as have a
/// place in common stand at one.
fn unbend(layers: &Layers, xs: &mut [f64], chain: &[usize]) {
    let inner = chain.get(1..chain.len().saturating_sub(1)).unwrap_or_default();
    let mut run: Vec<usize> = Vec::new();
    let mut room = (f64::NEG_INFINITY, f64::INFINITY);
    for point in inner {
        let own = room_of(layers, xs, *point);
        let both = (room.0.max(own.0), room.1.min(own.1));
        if both.0 > both.1 {
            stand(xs, &run, room);
            run.clear();
            room = own;
        } else {
            room = both;
        }
        run.push(*point);
    }
    stand(xs, &run, room);
}

/// Between what stands left and right of a point.
fn room_of(layers: &Layers, xs: &[f64], point: usize) -> (f64, f64) {
    let row = of(&layers.rows, layers.points.at(point).layer);
    let at = row.iter().position(|p| *p == point).unwrap_or(0);
    let left = at.checked_sub(1).and_then(|i| row.get(i)).map(|p| xs.at(*p) + layers.apart(*p, point));
    let right = row.get(at + 1).map(|p| xs.at(*p) - layers.apart(point, *p));
    // What touches may, by a rounding, overlap.
    let (left, right) = (left.unwrap_or(f64::NEG_INFINITY), right.unwrap_or(f64::INFINITY));
    (left, right.max(left))
}

/// Puts all of these where most of them are, as far as there is room.
fn stand(xs: &mut [f64], run: &[usize], room: (f64, f64)) {
    let mut all: Vec<f64> = run.iter().map(|p| xs.at(*p)).collect();
    all.sort_by(f64::total_cmp);
    let x = all.at(all.len() / 2).clamp(room.0, room.1);
    for point in run {
        xs.put(*point, x);
    }
}

/// A stretch of neighbours that stand as close as they may, and where they would like to stand.
struct Block {
    wishes: Vec<(f64, f64)>,
    at: f64,
}

impl Block {
    fn settle(&mut self, median: bool) {
        self.at = if median { median_of(&mut self.wishes) } else { mean_of(&self.wishes) };
    }
}

fn mean_of(wishes: &[(f64, f64)]) -> f64 {
    let weight: f64 = wishes.iter().map(|(_, w)| w).sum();
    if weight > 0.0 { wishes.iter().map(|(x, w)| x * w).sum::<f64>() / weight } else { 0.0 }
}

fn median_of(wishes: &mut [(f64, f64)]) -> f64 {
    wishes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = wishes.iter().map(|(_, w)| w).sum::<f64>() / 2.0;
    let mut sum = 0.0;
    for (i, (x, w)) in wishes.iter().enumerate() {
        sum += w;
        if sum > half {
            return *x;
        }
        if sum == half {
            let next = wishes.get(i + 1).map_or(*x, |(next, _)| *next);
            return (x + next) / 2.0;
        }
    }
    wishes.last().map_or(0.0, |(x, _)| *x)
}

/// Moves the points of a row to where they would like to stand, as far as they let each other.
fn shift(layers: &Layers, xs: &mut [f64], row: usize, look: Look, median: bool) {
    let points = of(&layers.rows, row);
    let mut blocks: Vec<Block> = Vec::new();
    // A point's place in a row of points that touch, so that only the order is left to keep.
    let mut offset = 0.0;
    let mut offsets = Vec::new();
    for (i, point) in points.iter().enumerate() {
        if i > 0 {
            offset += layers.apart(points.at(i - 1), *point);
        }
        offsets.push(offset);
        let mut wishes = Vec::new();
        if look != Look::Below {
            wishes
                .extend(of(&layers.above, *point).iter().map(|p| layers.pieces.at(*p)).map(|p| (xs.at(p.top), p.pull)));
        }
        if look != Look::Above {
            let below = of(&layers.below, *point).iter().map(|p| layers.pieces.at(*p));
            wishes.extend(below.map(|p| (xs.at(p.bottom), p.pull)));
        }
        let (wish, weight) = if wishes.is_empty() {
            (xs.at(*point), 0.01)
        } else if median {
            let weight = wishes.iter().map(|(_, w)| w).sum();
            (near(&mut wishes, xs.at(*point)), weight)
        } else {
            let weight = wishes.iter().map(|(_, w)| w).sum();
            (mean_of(&wishes), weight)
        };
        let mut block = Block { wishes: vec![(wish - offset, weight)], at: wish - offset };
        while let Some(before) = blocks.pop_if(|before| before.at > block.at) {
            block.wishes.extend(before.wishes);
            block.settle(median);
        }
        blocks.push(block);
    }
    let places = blocks.iter().flat_map(|b| b.wishes.iter().map(|_| b.at));
    for ((point, at), offset) in points.iter().zip(places).zip(offsets) {
        xs.put(*point, at + offset);
    }
}

/// The place nearest to `now` among those that no other place beats: anywhere between the two medians.
fn near(wishes: &mut [(f64, f64)], now: f64) -> f64 {
    wishes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = wishes.iter().map(|(_, w)| w).sum::<f64>() / 2.0;
    let mut sum = 0.0;
    for (i, (x, w)) in wishes.iter().enumerate() {
        sum += w;
        if sum > half {
            return *x;
        }
        if sum == half {
            let next = wishes.get(i + 1).map_or(*x, |(next, _)| *next);
            return now.clamp(*x, next);
        }
    }
    now
}
