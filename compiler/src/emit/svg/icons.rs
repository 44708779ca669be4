//! Small drawings in a square of twelve, as paths: they need no font and tell kinds apart without colour.

use crate::emit::picture::{EdgeKind, LineKind, NodeKind};

/// What a kind looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Icon {
    /// The path.
    pub(super) path: &'static str,
    /// Whether it is filled.
    pub(super) filled: bool,
}

const fn line(path: &'static str) -> Icon {
    Icon { path, filled: false }
}

const fn area(path: &'static str) -> Icon {
    Icon { path, filled: true }
}

const ENVELOPE: Icon = line("M1 2.5h10v7.2h-10zM1.2 3l4.8 3.8L10.8 3");
const PERSON: Icon = line("M6 1.2a2.2 2.2 0 1 1 0 4.4a2.2 2.2 0 1 1 0-4.4M1.8 11c0-4.6 8.4-4.6 8.4 0z");
const GEAR: Icon = line(
    "M6 3.4a2.6 2.6 0 1 1 0 5.2a2.6 2.6 0 1 1 0-5.2M6 .8v1.6M6 9.6v1.6M.8 6h1.6M9.6 6h1.6M2.3 2.3l1.2 1.2M8.5 8.5l1.2 \
     1.2M2.3 9.7l1.2-1.2M8.5 3.5l1.2-1.2",
);
const BOLT: Icon = area("M7.2.8L2.4 6.9H5.6L4.8 11.2L9.6 5.1H6.4z");
const BUBBLE: Icon = line("M1.2 1.8h9.6v6.2h-5l-2.6 2.6v-2.6h-2z");
const CLOCK: Icon = line("M6 1.2a4.8 4.8 0 1 1 0 9.6a4.8 4.8 0 1 1 0-9.6M6 3.2v3l2.2 1.3");
const PAST: Icon = line("M2 3.6a4.7 4.7 0 1 1-.6 3.6M1.6 1.2v2.7h2.7M6 3.6v2.7l1.9 1.1");
const CLOSED: Icon = line("M4.4 1.6a2 2 0 1 1 0 4a2 2 0 1 1 0-4M.8 11c0-4.2 7.2-4.2 7.2 0zM7.4 4.4l1.4 1.5 2.5-3.2");
const BLOCKED: Icon = line("M1 2.5h10v7.2h-10zM1.2 3l4.8 3.8L10.8 3M.6 11.4L11.4.6");
const WARNING: Icon = line("M6 1.2L11.2 10.6H.8zM6 4.4v3M6 8.6v.7");
const OCTAGON: Icon = line("M3.9 1h4.2L11 3.9v4.2L8.1 11H3.9L1 8.1V3.9zM3.6 6h4.8");
const BAR: Icon = line("M6 1.2a4.8 4.8 0 1 1 0 9.6a4.8 4.8 0 1 1 0-9.6M3.3 6h5.4");
const RIBBON: Icon = line("M3 1.2h6v9.6l-3-2.3-3 2.3z");
const TURN: Icon = line("M9.9 8.4a4.5 4.5 0 1 1 .3-3.6M10.6 1.8v3.2h-3.2");
const EQUALS: Icon = line("M2 4.2h8M2 7.8h8");
const FLAG: Icon = line("M3 11.2V1.2h6.6l-1.9 2.3 1.9 2.3H3");
/// A ceiling, and what does not rise above it.
const CEILING: Icon = line("M1.2 1.8h9.6M3 10.8V7.6M6 10.8V4.4M9 10.8V6");
const DIAMOND: Icon = line("M6 .8L11.2 6L6 11.2L.8 6z");
const PLAY: Icon = area("M3 1.4L10.4 6L3 10.6z");
const CHEVRONS: Icon = line("M2.4 2l3.4 4-3.4 4M6.6 2l3.4 4-3.4 4");
const CHECK: Icon = line("M1.8 6.4l2.9 3.2 5.5-7");
const DASH: Icon = line("M2.2 6h7.6");
const CROSS: Icon = line("M2.6 2.6l6.8 6.8M9.4 2.6l-6.8 6.8");

pub(super) fn of_line(kind: LineKind) -> Icon {
    match kind {
        LineKind::Send => ENVELOPE,
        LineKind::Promise => RIBBON,
        LineKind::Handoff => PERSON,
        LineKind::Call => GEAR,
        LineKind::Set => EQUALS,
        LineKind::Stay => TURN,
        LineKind::Limit => BAR,
        LineKind::Goal => FLAG,
        LineKind::Bound => CEILING,
    }
}

pub(super) fn of_edge(kind: EdgeKind) -> Icon {
    match kind {
        EdgeKind::Start => PLAY,
        EdgeKind::Once => CHEVRONS,
        EdgeKind::Event => BOLT,
        EdgeKind::Reply => BUBBLE,
        EdgeKind::OptOut => OCTAGON,
        EdgeKind::Timer => CLOCK,
        EdgeKind::Past => PAST,
        EdgeKind::Outcome => GEAR,
        EdgeKind::Closed => CLOSED,
        EdgeKind::Blocked => BLOCKED,
        EdgeKind::Failed => WARNING,
        EdgeKind::Limit => BAR,
        EdgeKind::Branch => DIAMOND,
    }
}

pub(super) fn of_node(kind: NodeKind) -> Option<Icon> {
    match kind {
        NodeKind::Start => Some(PLAY),
        NodeKind::Success => Some(CHECK),
        NodeKind::Neutral => Some(DASH),
        NodeKind::Failure => Some(CROSS),
        NodeKind::Choice => Some(DIAMOND),
        NodeKind::Everywhere | NodeKind::Waiting | NodeKind::Passing => None,
    }
}
