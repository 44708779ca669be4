//! Where boxes and the arrows between them stand on the page.
//!
//! A layered drawing after Sugiyama, Tagawa and Toda (1981), in five steps, each in a file of its own:
//!
//! 1. `ranks`: arrows that lead back are turned round, and every box gets a rank below all that lead into it.
//! 2. `layers`: an arrow becomes a chain of points, one a layer; its label is one of them, so that a label has a place
//!    of its own as a box has, and nothing is ever drawn over it. Boxes stand in even layers, labels in odd ones.
//! 3. `order`: within each layer, the order with the fewest crossings that sweeps over barycentres and swaps of
//!    neighbours find (Gansner, Koutsofios, North and Vo, 1993).
//! 4. `columns`: how far right each point stands: alternating sweeps that bring it near its neighbours, each layer
//!    solved exactly by pooling adjacent violators; long arrows and the main line are pulled straight hardest.
//! 5. `routes`: layers become bands of the page. An arrow is straight through a band and curved only between bands, where
//!    nothing else stands, so it passes through no box and no label.
//!
//! The same input gives the same drawing: ties go by the order of the text.

mod columns;
mod layers;
mod list;
mod order;
mod ranks;
mod routes;

pub(crate) use routes::{CORNER, Drawn, Point, Rect, Route};

/// A box to be placed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Size {
    /// Width.
    pub(crate) w: f64,
    /// Height.
    pub(crate) h: f64,
    /// Room to be kept free at its right, for arrows to itself.
    pub(crate) beside: f64,
    /// Whether the main line may end here.
    pub(crate) goal: bool,
}

/// An arrow from one box to another.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Link {
    /// Position of the box that it leaves.
    pub(crate) from: usize,
    /// Position of the box that it reaches.
    pub(crate) to: usize,
    /// Width of its label; 0 without one.
    pub(crate) w: f64,
    /// Height of its label.
    pub(crate) h: f64,
    /// Whether it is part of what usually happens, so that the main line may follow it.
    pub(crate) usual: bool,
}

/// Places all boxes and arrows; arrows from a box to itself are left to the caller.
pub(crate) fn lay(boxes: &[Size], links: &[Link]) -> Drawn {
    let ranked = ranks::rank(boxes, links);
    let mut layers = layers::build(boxes, links, &ranked);
    order::settle(&mut layers);
    let xs = columns::place(&layers);
    routes::route(boxes, links, &layers, &xs)
}
