//! What the icons, strokes and colours of a drawing mean; only those that occur.

use std::collections::BTreeSet;

use super::icons;
use super::ink::Ink;
use super::style;
use super::text::{Face, num, width};
use crate::emit::layout::Point;
use crate::emit::picture::{EdgeKind, LineKind, NodeKind, Picture};

const TEXT: Face = Face::plain(11.0);
/// Room for a stroke before its icon.
const STROKE: f64 = 30.0;
/// Room for an icon before its text.
const ICON: f64 = 17.0;
/// Room between two entries.
const GAP: f64 = 20.0;
/// From one line of entries to the next.
const LEADING: f64 = 21.0;

/// Draws it from a place on; gives where it ends.
pub(super) fn draw(ink: &mut Ink, pictures: &[Picture], at: Point, room: f64) -> f64 {
    let nodes = || pictures.iter().flat_map(|p| &p.nodes);
    let edges: BTreeSet<EdgeKind> = pictures.iter().flat_map(|p| &p.edges).map(|e| e.kind).collect();
    let rules = pictures.iter().flat_map(|p| &p.rules);
    let lines: BTreeSet<LineKind> = nodes().flat_map(|n| &n.lines).chain(rules).map(|l| l.kind).collect();
    let ends: BTreeSet<NodeKind> = nodes().map(|n| n.kind).collect();
    let mut place = at;
    ink.group("legend", &[], "");
    for kind in lines {
        let x = next(&mut place, at, room, ICON + width(line_name(kind), TEXT));
        ink.icon(icons::of_line(kind), style::of_line(kind).class(), Point { x, y: place.y - 9.5 });
        ink.text("dim", Point { x: x + ICON, y: place.y }, TEXT, line_name(kind));
    }
    for kind in ends {
        let (Some(name), Some(icon)) = (node_name(kind), icons::of_node(kind)) else { continue };
        let tone = match kind {
            NodeKind::Success => style::Tone::Good,
            NodeKind::Failure => style::Tone::Bad,
            _ => style::Tone::Plain,
        };
        let x = next(&mut place, at, room, ICON + width(name, TEXT));
        ink.icon(icon, tone.class(), Point { x, y: place.y - 9.5 });
        ink.text("dim", Point { x: x + ICON, y: place.y }, TEXT, name);
    }
    place = Point { x: at.x, y: place.y + LEADING };
    for kind in edges.into_iter().filter(|k| *k != EdgeKind::Start) {
        let x = next(&mut place, at, room, STROKE + ICON + width(edge_name(kind), TEXT));
        let tone = style::of_edge(kind);
        let d = format!("M{} {}h{}", num(x), num(place.y - 3.8), num(STROKE - 6.0));
        ink.path(&format!("line {} {}", tone.class(), style::stroke(kind)), &d);
        ink.icon(icons::of_edge(kind), tone.class(), Point { x: x + STROKE, y: place.y - 9.5 });
        ink.text("dim", Point { x: x + STROKE + ICON, y: place.y }, TEXT, edge_name(kind));
    }
    if pictures.iter().any(Picture::is_marked) {
        let text = "pale: no scenario came by";
        let x = next(&mut place, at, room, STROKE + width(text, TEXT));
        let d = format!("M{} {}h{}", num(x), num(place.y - 3.8), num(STROKE - 6.0));
        ink.group("cold", &[], "");
        ink.path("line plain solid", &d);
        ink.end_group();
        ink.text("dim", Point { x: x + STROKE, y: place.y }, TEXT, text);
    }
    ink.end_group();
    place.y
}

/// Where the next entry of this width stands; on the next line where it would pass the edge.
fn next(place: &mut Point, at: Point, room: f64, width: f64) -> f64 {
    if place.x > at.x && place.x + width > at.x + room {
        *place = Point { x: at.x, y: place.y + LEADING };
    }
    let x = place.x;
    place.x += width + GAP;
    x
}

fn line_name(kind: LineKind) -> &'static str {
    match kind {
        LineKind::Send => "sends a message",
        LineKind::Promise => "promise",
        LineKind::Handoff => "gives the case to a person",
        LineKind::Call => "asks a service",
        LineKind::Set => "sets data",
        LineKind::Stay => "hears, and stays",
        LineKind::Limit => "limit",
        LineKind::Goal => "is measured",
        LineKind::Bound => "how much of it can leave",
    }
}

fn edge_name(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Start => "begins",
        EdgeKind::Once => "at once",
        EdgeKind::Event => "an event",
        EdgeKind::Reply => "the customer replies",
        EdgeKind::OptOut => "the customer says STOP",
        EdgeKind::Timer => "a timer",
        EdgeKind::Past => "its instant is already past",
        EdgeKind::Outcome => "the service's answer",
        EdgeKind::Closed => "the person closes the case",
        EdgeKind::Blocked => "a message cannot leave",
        EdgeKind::Failed => "a message cannot be delivered",
        EdgeKind::Limit => "over a limit",
        EdgeKind::Branch => "a condition or share",
    }
}

fn node_name(kind: NodeKind) -> Option<&'static str> {
    match kind {
        NodeKind::Success => Some("ends as hoped"),
        NodeKind::Neutral => Some("ends"),
        NodeKind::Failure => Some("ends not as hoped"),
        _ => None,
    }
}
