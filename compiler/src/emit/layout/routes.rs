//! From points to the page: bands, the lines between them, and where on a box each line ends.

use super::layers::{Layers, What};
use super::list::{At, of};
use super::{Link, Size};

/// A place on the page.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Point {
    /// From the left.
    pub(crate) x: f64,
    /// From the top.
    pub(crate) y: f64,
}

/// A part of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rect {
    /// Left edge.
    pub(crate) x: f64,
    /// Upper edge.
    pub(crate) y: f64,
    /// Width.
    pub(crate) w: f64,
    /// Height.
    pub(crate) h: f64,
}

/// Where an arrow goes, from the box that it leaves to the box that it reaches.
#[derive(Clone, Debug, Default)]
pub(crate) struct Route {
    /// Upright strokes, from top to bottom, two places each; a curve joins the end of one and the begin of the next.
    pub(crate) strokes: Vec<(Point, Point)>,
    /// Whether it leads upwards, so that its head is at the top.
    pub(crate) up: bool,
    /// Where its label stands.
    pub(crate) label: Rect,
}

/// A whole drawing; its upper left corner is at 0, 0.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drawn {
    /// Where each box stands.
    pub(crate) boxes: Vec<Rect>,
    /// Where each link goes; without strokes for one from a box to itself.
    pub(crate) routes: Vec<Route>,
    /// Its width.
    pub(crate) w: f64,
    /// Its height.
    pub(crate) h: f64,
}

/// Least room between two bands.
const LEAST_GAP: f64 = 24.0;

/// Most room between two bands, where lines go far to the side.
const MOST_GAP: f64 = 52.0;

/// Least room between the ends of two lines on one side of a box.
const PORT: f64 = 22.0;

/// Room between the corner of a box and a line's end.
pub(crate) const CORNER: f64 = 16.0;

pub(super) fn route(boxes: &[Size], links: &[Link], layers: &Layers, xs: &[f64]) -> Drawn {
    let left = layers.points.iter().zip(xs).map(|(p, x)| x - p.left).reduce(f64::min).unwrap_or(0.0);
    let right = layers.points.iter().zip(xs).map(|(p, x)| x + p.right).reduce(f64::max).unwrap_or(0.0);
    let xs: Vec<f64> = xs.iter().map(|x| round(x - left)).collect();
    let (tops, bottoms) = ports(layers, &xs);
    let bands = bands(layers, &tops, &bottoms);
    let middle = |point: usize| {
        let (y, h) = bands.at(layers.points.at(point).layer);
        y + h / 2.0
    };
    let placed = boxes.iter().enumerate().map(|(i, size)| Rect {
        x: round(xs.at(i) - size.w / 2.0),
        y: round(middle(i) - size.h / 2.0),
        w: size.w,
        h: size.h,
    });
    let placed: Vec<Rect> = placed.collect();
    let routes = links.iter().enumerate().map(|(i, link)| {
        let chain = of(&layers.chains, i);
        let mut route = Route { up: chain.first() != Some(&link.from), ..Route::default() };
        for (at, point) in chain.iter().enumerate() {
            let vertex = layers.points.at(*point);
            let (y, h) = bands.at(vertex.layer);
            let x = xs.at(*point);
            match vertex.what {
                What::Box(b) => {
                    let rect = placed.at(b);
                    // The upper box is left at its lower side, the lower one reached at its upper side.
                    route.strokes.push(if at == 0 {
                        let x = round(bottoms.at(piece_of(layers, chain, at)));
                        (Point { x, y: rect.y + rect.h }, Point { x, y: round(y + h) })
                    } else {
                        let x = round(tops.at(piece_of(layers, chain, at - 1)));
                        (Point { x, y: round(y) }, Point { x, y: rect.y })
                    });
                }
                What::Label(_) => {
                    route.label =
                        Rect { x: round(x - link.w / 2.0), y: round(y + (h - link.h) / 2.0), w: link.w, h: link.h };
                    route.strokes.push((Point { x, y: round(y) }, Point { x, y: round(y + h) }));
                }
                What::Bend => route.strokes.push((Point { x, y: round(y) }, Point { x, y: round(y + h) })),
            }
        }
        route
    });
    let routes = routes.collect();
    let h = bands.last().map_or(0.0, |(y, h)| y + h);
    Drawn { boxes: placed, routes, w: round(right - left), h: round(h) }
}

/// To a tenth, which is finer than a screen and keeps files small and stable.
fn round(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}

/// The piece of a chain after its point `at`.
fn piece_of(layers: &Layers, chain: &[usize], at: usize) -> usize {
    let (top, bottom) = (chain.at(at), chain.at(at + 1));
    of(&layers.below, top).iter().copied().find(|p| layers.pieces.at(*p).bottom == bottom).unwrap_or(usize::MAX)
}

/// For each piece, where it ends on the point below it, and where it begins on the point above it.
fn ports(layers: &Layers, xs: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut tops: Vec<f64> = layers.pieces.iter().map(|p| xs.at(p.bottom)).collect();
    let mut bottoms: Vec<f64> = layers.pieces.iter().map(|p| xs.at(p.top)).collect();
    for (i, point) in layers.points.iter().enumerate() {
        if !matches!(point.what, What::Box(_)) {
            continue;
        }
        let mut above: Vec<(f64, usize)> =
            of(&layers.above, i).iter().map(|p| (xs.at(layers.pieces.at(*p).top), *p)).collect();
        let mut below: Vec<(f64, usize)> =
            of(&layers.below, i).iter().map(|p| (xs.at(layers.pieces.at(*p).bottom), *p)).collect();
        for (ends, side) in [(&mut above, &mut tops), (&mut below, &mut bottoms)] {
            ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let wishes: Vec<f64> = ends.iter().map(|(x, _)| *x).collect();
            for ((_, piece), x) in ends.iter().zip(spread(&wishes, xs.at(i), point.left)) {
                side.put(*piece, x);
            }
        }
    }
    (tops, bottoms)
}

/// Places for lines' ends on a side of a box, near where they come from, apart from each other and from the corners.
fn spread(wishes: &[f64], middle: f64, half: f64) -> Vec<f64> {
    let n = wishes.len();
    let room = (half - CORNER).max(0.0) * 2.0;
    let gap = if n > 1 { PORT.min(room / (n - 1) as f64) } else { 0.0 };
    let first = middle - room / 2.0;
    // Pooled as in `columns`: each keeps its order and its distance, and is as near to its wish as that allows.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (i, wish) in wishes.iter().enumerate() {
        let mut block = (wish - gap * i as f64, 1);
        while let Some((at, len)) = blocks.pop_if(|before| before.0 > block.0) {
            let (sum, all) = (at * len as f64 + block.0 * block.1 as f64, len + block.1);
            block = (sum / all as f64, all);
        }
        blocks.push(block);
    }
    let places = blocks.into_iter().flat_map(|(at, len)| std::iter::repeat_n(at, len));
    let last = first + room - gap * n.saturating_sub(1) as f64;
    places.enumerate().map(|(i, at)| at.clamp(first, last.max(first)) + gap * i as f64).collect()
}

/// The upper edge and the height of each layer.
fn bands(layers: &Layers, tops: &[f64], bottoms: &[f64]) -> Vec<(f64, f64)> {
    let mut bands = Vec::new();
    let mut y = 0.0;
    for row in &layers.rows {
        let h = row.iter().map(|p| layers.points.at(*p).h).reduce(f64::max).unwrap_or(0.0);
        bands.push((y, h));
        let pieces = row.iter().flat_map(|p| of(&layers.below, *p));
        let aside = pieces.map(|p| (tops.at(*p) - bottoms.at(*p)).abs()).reduce(f64::max).unwrap_or(0.0);
        y += h + (LEAST_GAP + aside * 0.08).min(MOST_GAP);
    }
    bands
}
