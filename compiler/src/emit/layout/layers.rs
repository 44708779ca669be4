//! From boxes and arrows to points in layers, each arrow leading from one layer to the next only.

use super::list::{At, push};
use super::ranks::Ranked;
use super::{Link, Size};

/// What a point is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum What {
    /// A box.
    Box(usize),
    /// A link's label, or the place where it would stand.
    Label(usize),
    /// A place that a link passes.
    #[default]
    Bend,
}

/// A point with its extent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Vertex {
    pub(super) what: What,
    pub(super) layer: usize,
    /// How far it reaches to the left of its middle.
    pub(super) left: f64,
    /// How far it reaches to the right of its middle.
    pub(super) right: f64,
    pub(super) h: f64,
}

/// A piece of a link, from a point to one in the next layer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Piece {
    pub(super) top: usize,
    pub(super) bottom: usize,
    /// How hard it is pulled straight.
    pub(super) pull: f64,
    /// How much a crossing with it counts.
    pub(super) cost: usize,
}

/// All points and pieces.
#[derive(Debug, Default)]
pub(super) struct Layers {
    pub(super) points: Vec<Vertex>,
    pub(super) pieces: Vec<Piece>,
    /// For each point the pieces that come from above.
    pub(super) above: Vec<Vec<usize>>,
    /// For each point the pieces that lead down.
    pub(super) below: Vec<Vec<usize>>,
    /// The points of each layer, from left to right.
    pub(super) rows: Vec<Vec<usize>>,
    /// For each link its points from top to bottom, its boxes included; empty for a link from a box to itself.
    pub(super) chains: Vec<Vec<usize>>,
}

/// Room between neighbours in a layer.
const GAP: f64 = 22.0;

impl Layers {
    fn add(&mut self, vertex: Vertex) -> usize {
        self.points.push(vertex);
        self.above.push(Vec::new());
        self.below.push(Vec::new());
        self.points.len() - 1
    }

    /// How far apart the middles of two neighbours have to be.
    pub(super) fn apart(&self, left: usize, right: usize) -> f64 {
        let (a, b) = (self.points.at(left), self.points.at(right));
        let bends = usize::from(a.what == What::Bend) + usize::from(b.what == What::Bend);
        let gap = match bends {
            2 => GAP * 0.7,
            _ => GAP,
        };
        a.right + gap + b.left
    }
}

pub(super) fn build(boxes: &[Size], links: &[Link], ranked: &Ranked) -> Layers {
    let mut all = Layers::default();
    for (i, size) in boxes.iter().enumerate() {
        let half = size.w / 2.0;
        let layer = ranked.rank.at(i) * 2;
        let right = half + size.beside;
        all.add(Vertex { what: What::Box(i), layer, left: half, right, h: size.h });
    }
    let last = boxes.iter().enumerate().map(|(i, _)| ranked.rank.at(i) * 2).max().unwrap_or(0);
    // How much of each odd layer is taken by labels: a long arrow puts its own where there is room.
    let mut taken = vec![0.0_f64; last + 1];
    let mut by_length: Vec<usize> = (0..links.len()).collect();
    let ends = |i: usize| {
        let link = links.at(i);
        if ranked.back.at(i) { (link.to, link.from) } else { (link.from, link.to) }
    };
    let span = |i: usize| {
        let (top, bottom) = ends(i);
        ranked.rank.at(bottom).saturating_sub(ranked.rank.at(top))
    };
    by_length.sort_by_key(|i| span(*i));
    all.chains = vec![Vec::new(); links.len()];
    for i in by_length {
        let link = links.at(i);
        if link.from == link.to || span(i) == 0 {
            continue;
        }
        let (top, bottom) = ends(i);
        let (first, end) = (ranked.rank.at(top) * 2, ranked.rank.at(bottom) * 2);
        let label = label_layer(&taken, first, end, ranked.back.at(i), link.w);
        let filled = taken.at(label) + link.w + GAP;
        taken.put(label, filled);
        let mut chain = vec![top];
        for layer in first + 1..end {
            let vertex = if layer == label {
                let half = link.w / 2.0;
                Vertex { what: What::Label(i), layer, left: half, right: half, h: link.h }
            } else {
                Vertex { what: What::Bend, layer, ..Vertex::default() }
            };
            let point = all.add(vertex);
            chain.push(point);
        }
        chain.push(bottom);
        let main = ranked.main.at(i);
        for (a, b) in chain.iter().zip(chain.iter().skip(1)) {
            let boxes = [*a, *b].iter().filter(|p| matches!(all.points.at(**p).what, What::Box(_))).count();
            let pull = [8.0, 2.0, 1.0].at(boxes) * if main { 12.0 } else { 1.0 };
            let piece = all.pieces.len();
            all.pieces.push(Piece { top: *a, bottom: *b, pull, cost: if main { 2 } else { 1 } });
            push(&mut all.below, *a, piece);
            push(&mut all.above, *b, piece);
        }
        if let Some(place) = all.chains.get_mut(i) {
            *place = chain;
        }
    }
    all.rows = vec![Vec::new(); last + 1];
    for (i, point) in all.points.iter().enumerate() {
        push(&mut all.rows, point.layer, i);
    }
    all
}

/// The odd layer for a label between two even ones: near where the arrow leaves, unless it is crowded there.
fn label_layer(taken: &[f64], first: usize, end: usize, back: bool, w: f64) -> usize {
    let odd: Vec<usize> = (first + 1..end).step_by(2).collect();
    let cost = |(i, layer): (usize, usize)| {
        let away = if back { odd.len() - 1 - i } else { i };
        (taken.at(layer) + w + away as f64 * 160.0, away)
    };
    let best = odd.iter().copied().enumerate().map(|at| (cost(at), at.1));
    let best = best.reduce(|a, b| if b.0.0 < a.0.0 || (b.0.0 == a.0.0 && b.0.1 < a.0.1) { b } else { a });
    best.map_or(first + 1, |(_, layer)| layer)
}
