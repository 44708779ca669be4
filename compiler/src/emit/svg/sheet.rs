//! One journey on a sheet: every box and label is measured, placed, and drawn over the arrows.

use super::icons::{self, Icon};
use super::ink::Ink;
use super::style::{self, Tone};
use super::text::{Face, width, wrapped};
use crate::emit::layout::{self, Drawn, Link, Point, Rect, Size};
use crate::emit::picture::{Edge, EdgeKind, Node, NodeKind, Picture};

/// A node's name.
const NAME: Face = Face::bold(14.0);
/// What stands in a node.
const TEXT: Face = Face::plain(12.0);
/// What stands at an arrow.
const LABEL: Face = Face::plain(11.5);

/// Widest that a line in a node may be.
const NODE_ROOM: f64 = 216.0;
/// Widest that a line at an arrow may be.
const LABEL_ROOM: f64 = 132.0;
/// From one line of a node to the next.
const LEADING: f64 = 17.0;
/// From one line of a label to the next.
const LABEL_LEADING: f64 = 15.0;
/// Room for an icon before a text.
const ICON: f64 = 18.0;
/// Room between a box's border and what stands in it.
const PAD: f64 = 11.0;
/// Room between a label's border and what stands in it.
const LABEL_PAD: f64 = 7.0;

/// A journey, drawn; its upper left corner is at 0, 0.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) ink: Ink,
    pub(super) w: f64,
    pub(super) h: f64,
}

/// A line of a box or label, broken to fit.
struct Row {
    icon: Option<(Icon, Tone)>,
    lines: Vec<String>,
    cold: bool,
}

impl Row {
    fn width(&self, face: Face) -> f64 {
        let text = self.lines.iter().map(|l| width(l, face)).fold(0.0, f64::max);
        text + if self.icon.is_some() { ICON } else { 0.0 }
    }
}

/// A node, measured.
struct Boxed<'a> {
    node: &'a Node,
    name: Vec<String>,
    rows: Vec<Row>,
    size: Size,
}

/// Arrows between the same two nodes, measured: they are one line with a label of several rows.
struct Bundle<'a> {
    edges: Vec<&'a Edge>,
    rows: Vec<Row>,
    link: Link,
}

pub(super) fn draw(picture: &Picture) -> Sheet {
    let mut boxes: Vec<Boxed<'_>> = picture.nodes.iter().map(boxed).collect();
    let bundles = bundles(picture);
    for bundle in bundles.iter().filter(|b| b.link.from == b.link.to) {
        if let Some(boxed) = boxes.get_mut(bundle.link.from) {
            boxed.size.beside = bundle.link.w + 30.0;
            boxed.size.h = boxed.size.h.max(bundle.link.h + 34.0);
        }
    }
    let sizes: Vec<Size> = boxes.iter().map(|b| b.size).collect();
    let links: Vec<Link> = bundles.iter().map(|b| b.link).collect();
    let drawn = layout::lay(&sizes, &links);
    let mut ink = Ink::default();
    arrows(&mut ink, picture, &bundles, &drawn);
    for (boxed, rect) in boxes.iter().zip(&drawn.boxes) {
        node(&mut ink, boxed, *rect);
    }
    labels(&mut ink, &bundles, &drawn);
    Sheet { ink, w: drawn.w, h: drawn.h }
}

fn boxed(node: &Node) -> Boxed<'_> {
    if node.kind == NodeKind::Choice {
        // So narrow that every line leaves and reaches it at its tips.
        let size = Size { w: 2.0 * layout::CORNER, h: 40.0, ..Size::default() };
        return Boxed { node, name: vec![node.name.clone()], rows: Vec::new(), size };
    }
    let name = wrapped(&node.name, NAME, NODE_ROOM);
    let rows: Vec<Row> = node
        .lines
        .iter()
        .map(|line| Row {
            icon: Some((icons::of_line(line.kind), style::of_line(line.kind))),
            lines: wrapped(&line.text, TEXT, NODE_ROOM - ICON),
            cold: line.taken == Some(false),
        })
        .collect();
    let mut w = name.iter().map(|l| width(l, NAME)).fold(0.0, f64::max);
    if icons::of_node(node.kind).is_some() {
        w += ICON;
    }
    w = rows.iter().map(|r| r.width(TEXT)).fold(w, f64::max);
    let lines = rows.iter().map(|r| r.lines.len()).sum::<usize>() as f64;
    let pill = node.kind.is_end() || node.kind == NodeKind::Start;
    let side = if pill { PAD + 6.0 } else { PAD };
    let least = if pill { 60.0 } else { 92.0 };
    let h = name.len().max(1) as f64 * 18.0 + lines * LEADING + 2.0 * 8.0 + if lines > 0.0 { 4.0 } else { 0.0 };
    let size = Size { w: (w + 2.0 * side).max(least), h, beside: 0.0, goal: node.kind == NodeKind::Success };
    Boxed { node, name, rows, size }
}

fn bundles(picture: &Picture) -> Vec<Bundle<'_>> {
    let mut bundles: Vec<Bundle<'_>> = Vec::new();
    for edge in &picture.edges {
        let (Some((from, _)), Some((to, _))) = (picture.node(&edge.from), picture.node(&edge.to)) else { continue };
        match bundles.iter_mut().find(|b| b.link.from == from && b.link.to == to) {
            Some(bundle) => bundle.edges.push(edge),
            None => {
                bundles.push(Bundle { edges: vec![edge], rows: Vec::new(), link: Link { from, to, ..Link::default() } })
            }
        }
    }
    for bundle in &mut bundles {
        let several = bundle.edges.len() > 1;
        for edge in &bundle.edges {
            let text = match (edge.label.as_str(), several) {
                ("", false) => continue,
                ("", true) => "at once",
                (label, _) => label,
            };
            let cold = edge.taken == Some(false);
            let icon = Some((icons::of_edge(edge.kind), style::of_edge(edge.kind)));
            bundle.rows.push(Row { icon, lines: wrapped(text, LABEL, LABEL_ROOM), cold });
        }
        bundle.link.usual = bundle
            .edges
            .iter()
            .any(|e| !matches!(e.kind, EdgeKind::Blocked | EdgeKind::Failed | EdgeKind::Limit | EdgeKind::OptOut));
        let lines = bundle.rows.iter().map(|r| r.lines.len()).sum::<usize>() as f64;
        if lines > 0.0 {
            bundle.link.w = bundle.rows.iter().map(|r| r.width(LABEL)).fold(0.0, f64::max) + 2.0 * LABEL_PAD;
            bundle.link.h = lines * LABEL_LEADING + 7.0;
        }
    }
    bundles
}

/// The kind that a bundle is drawn as: its arrows' own where they agree in colour and stroke.
fn look(bundle: &Bundle<'_>) -> (Tone, &'static str) {
    let of = |e: &&Edge| (style::of_edge(e.kind), style::stroke(e.kind));
    let first = bundle.edges.first().map_or((Tone::Plain, "solid"), of);
    let same = bundle.edges.iter().all(|e| of(e).0 == first.0);
    let stroke = if bundle.edges.iter().all(|e| of(e).1 == first.1) { first.1 } else { "solid" };
    (if same { first.0 } else { Tone::Plain }, stroke)
}

fn is_cold(bundle: &Bundle<'_>) -> bool {
    bundle.edges.iter().all(|e| e.taken == Some(false))
}

fn ends<'a>(bundle: &Bundle<'a>) -> [(&'static str, &'a str); 2] {
    let (from, to) = bundle.edges.first().map_or(("", ""), |e| (e.from.as_str(), e.to.as_str()));
    [("from", from), ("to", to)]
}

/// What a node says to who hears the drawing.
fn spoken(node: &Node) -> String {
    let what = match node.kind {
        NodeKind::Start => "start: ",
        NodeKind::Success => "end, as success: ",
        NodeKind::Neutral => "end: ",
        NodeKind::Failure => "end, as failure: ",
        NodeKind::Choice => return "choice".into(),
        NodeKind::Everywhere => "",
        NodeKind::Waiting | NodeKind::Passing => "state ",
    };
    format!("{what}{}", node.name)
}

/// What a bundle says to who hears the drawing.
fn told(picture: &Picture, bundle: &Bundle<'_>) -> String {
    let name = |i: usize| match picture.nodes.get(i) {
        Some(node) if node.kind == NodeKind::Choice => "choice",
        Some(node) => node.name.as_str(),
        None => "",
    };
    let when: Vec<&str> = bundle.edges.iter().map(|e| if e.label.is_empty() { "at once" } else { &e.label }).collect();
    format!("{} to {}: {}", name(bundle.link.from), name(bundle.link.to), when.join("; "))
}

fn arrows(ink: &mut Ink, picture: &Picture, bundles: &[Bundle<'_>], drawn: &Drawn) {
    for (bundle, route) in bundles.iter().zip(&drawn.routes) {
        let (tone, stroke) = look(bundle);
        ink.group(if is_cold(bundle) { "arrow cold" } else { "arrow" }, &ends(bundle), &told(picture, bundle));
        if bundle.link.from == bundle.link.to {
            if let Some(rect) = drawn.boxes.get(bundle.link.from) {
                own_loop(ink, *rect, bundle, tone, stroke);
            }
        } else {
            ink.arrow(route, tone, stroke);
        }
        ink.end_group();
    }
}

/// Where the label of an arrow from a box to itself stands: at the box's right.
fn loop_label(rect: Rect, bundle: &Bundle<'_>) -> Rect {
    let (w, h) = (bundle.link.w, bundle.link.h);
    Rect { x: rect.x + rect.w + 18.0, y: rect.y + (rect.h - h) / 2.0, w, h }
}

fn own_loop(ink: &mut Ink, rect: Rect, bundle: &Bundle<'_>, tone: Tone, stroke: &str) {
    let label = loop_label(rect, bundle);
    let right = rect.x + rect.w;
    let (x, top, bottom) = (label.x + label.w / 2.0, label.y - 9.0, label.y + label.h + 9.0);
    let n = super::text::num;
    let d = format!(
        "M{r} {t}H{x1}Q{x} {t} {x} {t1}V{b1}Q{x} {b} {x1} {b}H{e}",
        r = n(right),
        t = n(top),
        x1 = n(x - 8.0),
        x = n(x),
        t1 = n(top + 8.0),
        b1 = n(bottom - 8.0),
        b = n(bottom),
        e = n(right + 6.0),
    );
    ink.path(&format!("line {} {stroke}", tone.class()), &d);
    let tip = Point { x: right, y: bottom };
    ink.head(tone, tip, (right + 9.0, bottom - 4.2), (right + 9.0, bottom + 4.2));
}

fn labels(ink: &mut Ink, bundles: &[Bundle<'_>], drawn: &Drawn) {
    for (bundle, route) in bundles.iter().zip(&drawn.routes) {
        if bundle.rows.is_empty() {
            continue;
        }
        let rect = match drawn.boxes.get(bundle.link.from) {
            Some(rect) if bundle.link.from == bundle.link.to => loop_label(*rect, bundle),
            _ => route.label,
        };
        let (tone, _) = look(bundle);
        let cold = if is_cold(bundle) { " cold" } else { "" };
        ink.group(&format!("label {}{cold}", tone.class()), &ends(bundle), "");
        ink.rect("chip", rect, 7.0);
        let at = Point { x: rect.x + LABEL_PAD, y: rect.y + 3.5 };
        rows(ink, &bundle.rows, at, LABEL, LABEL_LEADING, !cold.is_empty());
        ink.end_group();
    }
}

/// Rows one under the other; each icon stands before its first line.
fn rows(ink: &mut Ink, rows: &[Row], at: Point, face: Face, leading: f64, all_cold: bool) {
    let mut y = at.y;
    for row in rows {
        let dimmed = row.cold && !all_cold;
        if dimmed {
            ink.group("cold", &[], "");
        }
        if let Some((icon, tone)) = row.icon {
            ink.icon(icon, tone.class(), Point { x: at.x, y: y + (leading - 12.0) / 2.0 });
        }
        let x = at.x + if row.icon.is_some() { ICON } else { 0.0 };
        for line in &row.lines {
            ink.text("", Point { x, y: y + leading / 2.0 + face.size * 0.36 }, face, line);
            y += leading;
        }
        if dimmed {
            ink.end_group();
        }
    }
}

/// A diamond with its sign.
fn choice(ink: &mut Ink, boxed: &Boxed<'_>, rect: Rect) {
    let cold = if boxed.node.taken == Some(false) { " cold" } else { "" };
    ink.group(&format!("node plain{cold}"), &[("id", &boxed.node.id)], &spoken(boxed.node));
    let n = super::text::num;
    let (x, y) = (rect.x + rect.w / 2.0, rect.y + rect.h / 2.0);
    let (top, right, bottom, left) = (n(rect.y), n(rect.x + rect.w), n(rect.y + rect.h), n(rect.x));
    ink.path("box", &format!("M{x} {top}L{right} {y}L{x} {bottom}L{left} {y}z", x = n(x), y = n(y)));
    let wide = width(&boxed.node.name, NAME);
    ink.text("name", Point { x: x - wide / 2.0, y: y + 5.0 }, NAME, &boxed.node.name);
    ink.end_group();
}

fn node(ink: &mut Ink, boxed: &Boxed<'_>, rect: Rect) {
    let node = boxed.node;
    if node.kind == NodeKind::Choice {
        choice(ink, boxed, rect);
        return;
    }
    let tone = style::of_node(node);
    let cold = if node.taken == Some(false) { " cold" } else { "" };
    ink.group(&format!("node {}{cold}", tone.class()), &[("id", &node.id)], &spoken(node));
    let is_start = node.kind == NodeKind::Start;
    let pill = node.kind.is_end() || is_start;
    match node.kind {
        NodeKind::Start => ink.rect("begin", rect, rect.h / 2.0),
        NodeKind::Everywhere => ink.rect("box frame", rect, 10.0),
        kind if kind.is_end() => {
            ink.rect("box", rect, rect.h / 2.0);
            let inner = Rect { x: rect.x + 3.0, y: rect.y + 3.0, w: rect.w - 6.0, h: rect.h - 6.0 };
            ink.rect("box", inner, inner.h / 2.0);
        }
        _ => {
            ink.rect("box", rect, 6.0);
            let (x, y, h) = (rect.x, rect.y, rect.h);
            let n = super::text::num;
            let stripe = format!(
                "M{} {}v{}h-1.5a4.5 4.5 0 0 1 -4.5 -4.5v-{}a4.5 4.5 0 0 1 4.5 -4.5z",
                n(x + 6.0),
                n(y),
                n(h),
                n(h - 9.0)
            );
            ink.path("stripe", &stripe);
        }
    }
    let text = if is_start { "name begun" } else { "name" };
    let wide = boxed.name.iter().map(|l| width(l, NAME)).fold(0.0, f64::max);
    let icon = icons::of_node(node.kind);
    let mut x = rect.x + PAD + 3.0;
    if pill {
        x = rect.x + (rect.w - wide - if icon.is_some() { ICON } else { 0.0 }) / 2.0;
    }
    let mut y = rect.y + 8.0;
    if boxed.rows.is_empty() {
        y = rect.y + (rect.h - boxed.name.len() as f64 * 18.0) / 2.0;
    }
    if let Some(icon) = icon {
        ink.icon(icon, if is_start { "begun" } else { tone.class() }, Point { x, y: y + 3.0 });
        x += ICON;
    }
    for line in &boxed.name {
        ink.text(text, Point { x, y: y + 14.0 }, NAME, line);
        y += 18.0;
    }
    rows(ink, &boxed.rows, Point { x: rect.x + PAD + 3.0, y: y + 2.0 }, TEXT, LEADING, !cold.is_empty());
    ink.end_group();
}
