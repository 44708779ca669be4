//! Reads a drawing as a reader's eye would, and says where something is cut, covered, or leads into a box.

use std::fmt::Write;

use journey_compiler::emit::svg::{Face, width};
use roxmltree::{Document, Node};

#[derive(Clone, Copy, Debug)]
struct Area {
    x: f64,
    y: f64,
    w: f64,
    h: f64,
}

impl Area {
    /// Whether more than a hair of both is in the same place.
    fn overlaps(self, other: Area) -> bool {
        let hair = 0.3;
        self.x + hair < other.x + other.w
            && other.x + hair < self.x + self.w
            && self.y + hair < other.y + other.h
            && other.y + hair < self.y + self.h
    }

    fn holds(self, other: Area) -> bool {
        let hair = 0.3;
        self.x <= other.x + hair
            && self.y <= other.y + hair
            && self.x + self.w + hair >= other.x + other.w
            && self.y + self.h + hair >= other.y + other.h
    }

    fn holds_point(self, (x, y): (f64, f64)) -> bool {
        let hair = 0.8;
        x > self.x + hair && x < self.x + self.w - hair && y > self.y + hair && y < self.y + self.h - hair
    }

    /// How far a place is from the border or the inside.
    fn away(self, (x, y): (f64, f64)) -> f64 {
        let dx = (self.x - x).max(x - self.x - self.w).max(0.0);
        let dy = (self.y - y).max(y - self.y - self.h).max(0.0);
        dx.hypot(dy)
    }
}

/// A box or a label.
struct Thing {
    journey: usize,
    /// A node's id, or the two that a label is between.
    ids: Vec<String>,
    area: Area,
}

struct Line {
    journey: usize,
    from: String,
    to: String,
    points: Vec<(f64, f64)>,
}

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).unwrap_or("0").parse().unwrap()
}

/// Where a node's own coordinates begin: the sum of the moves of all that it is in.
fn moved(node: Node<'_, '_>) -> (f64, f64) {
    let mut at = (0.0, 0.0);
    for above in node.ancestors() {
        let Some(text) = above.attribute("transform").and_then(|t| t.strip_prefix("translate(")) else { continue };
        let (x, y) = text.trim_end_matches(')').split_once(' ').unwrap();
        at = (at.0 + x.parse::<f64>().unwrap(), at.1 + y.parse::<f64>().unwrap());
    }
    at
}

fn rect(node: Node<'_, '_>) -> Area {
    let (x, y) = moved(node);
    Area { x: x + number(node, "x"), y: y + number(node, "y"), w: number(node, "width"), h: number(node, "height") }
}

fn classes<'a>(node: Node<'a, '_>) -> Vec<&'a str> {
    node.attribute("class").unwrap_or("").split(' ').collect()
}

fn written(node: Node<'_, '_>) -> Area {
    let (x, y) = moved(node);
    let face = Face { size: number(node, "font-size"), bold: classes(node).contains(&"name") };
    let w = width(node.text().unwrap_or(""), face);
    Area { x: x + number(node, "x"), y: y + number(node, "y") - face.size * 0.76, w, h: face.size * 0.98 }
}

/// Places along a path of absolute M, L, V, H, C and Q.
fn along(d: &str, (dx, dy): (f64, f64)) -> Vec<(f64, f64)> {
    let mut spaced = String::new();
    for c in d.chars() {
        if c.is_ascii_alphabetic() {
            write!(spaced, " {c} ").unwrap();
        } else {
            spaced.push(c);
        }
    }
    let mut words = spaced.split_whitespace().peekable();
    let mut points: Vec<(f64, f64)> = Vec::new();
    let mut at = (0.0, 0.0);
    while let Some(command) = words.next() {
        let mut take = |n: usize| -> Vec<f64> { (0..n).map(|_| words.next().unwrap().parse().unwrap()).collect() };
        let controls: Vec<(f64, f64)> = match command {
            "M" | "L" => {
                let n = take(2);
                vec![(n[0], n[1])]
            }
            "V" => vec![(at.0, take(1)[0])],
            "H" => vec![(take(1)[0], at.1)],
            "C" => take(6).chunks(2).map(|n| (n[0], n[1])).collect(),
            "Q" => take(4).chunks(2).map(|n| (n[0], n[1])).collect(),
            other => panic!("`{other}` in a path: {d}"),
        };
        let steps = if command == "M" { 1 } else { 24 };
        for step in 1..=steps {
            let t = f64::from(step) / f64::from(steps);
            // de Casteljau, for any number of control points
            let mut all: Vec<(f64, f64)> = std::iter::once(at).chain(controls.iter().copied()).collect();
            while all.len() > 1 {
                all =
                    all.windows(2).map(|p| (p[0].0 + (p[1].0 - p[0].0) * t, p[0].1 + (p[1].1 - p[0].1) * t)).collect();
            }
            points.push(all[0]);
        }
        at = *controls.last().unwrap();
    }
    points.into_iter().map(|(x, y)| (x + dx, y + dy)).collect()
}

/// The extent of a choice, which is drawn as a path.
fn diamond(node: Node<'_, '_>) -> Area {
    let path = node.children().find(|c| classes(*c).contains(&"box")).unwrap();
    let points = along(path.attribute("d").unwrap().trim_end_matches('z'), moved(path));
    let x = points.iter().map(|p| p.0).fold(f64::INFINITY, f64::min);
    let y = points.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
    let right = points.iter().map(|p| p.0).fold(0.0, f64::max);
    let bottom = points.iter().map(|p| p.1).fold(0.0, f64::max);
    Area { x, y, w: right - x, h: bottom - y }
}

/// Fails where something is wrong with the drawing.
pub(crate) fn check(drawn: &str, name: &str) {
    let document = Document::parse(drawn).unwrap_or_else(|e| panic!("{name}: no XML: {e}"));
    let svg = document.root_element();
    assert_eq!(svg.attribute("role"), Some("img"), "{name}");
    let bounds: Vec<f64> = svg.attribute("viewBox").unwrap().split(' ').map(|n| n.parse().unwrap()).collect();
    let page = Area { x: bounds[0], y: bounds[1], w: bounds[2], h: bounds[3] };
    let (mut things, mut lines, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    let mut journey = 0;
    for node in svg.descendants().filter(Node::is_element) {
        let classes = classes(node);
        let own = |name: &str| node.attribute(name).unwrap_or_default().to_owned();
        match node.tag_name().name() {
            "g" if classes.contains(&"journey") => journey += 1,
            "g" if classes.contains(&"node") || classes.contains(&"label") => {
                let area = match node.children().find(|c| c.has_tag_name("rect")) {
                    Some(frame) => rect(frame),
                    None => diamond(node),
                };
                for text in node.descendants().filter(|n| n.has_tag_name("text")) {
                    assert!(area.holds(written(text)), "{name}: `{}` is cut", text.text().unwrap_or(""));
                }
                let ids = if classes.contains(&"node") {
                    vec![own("data-id")]
                } else {
                    vec![own("data-from"), own("data-to")]
                };
                things.push(Thing { journey, ids, area });
            }
            "path" if classes.contains(&"line") && classes.len() > 1 => {
                let group = node.parent().unwrap();
                if let (Some(from), Some(to)) = (group.attribute("data-from"), group.attribute("data-to")) {
                    let points = along(node.attribute("d").unwrap_or_default(), moved(node));
                    lines.push(Line { journey, from: from.into(), to: to.into(), points });
                }
            }
            "rect" => assert!(page.holds(rect(node)), "{name}: {:?} is off the page {page:?}", rect(node)),
            "text" => {
                let area = written(node);
                assert!(page.holds(area), "{name}: `{}` is off the page", node.text().unwrap_or(""));
                texts.push((area, node.text().unwrap_or("")));
            }
            _ => {}
        }
    }
    assert!(!things.is_empty() && !texts.is_empty(), "{name}: an empty drawing");
    for (i, (area, text)) in texts.iter().enumerate() {
        if let Some((_, other)) = texts.iter().skip(i + 1).find(|(other, _)| area.overlaps(*other)) {
            panic!("{name}: `{text}` and `{other}` are in the same place");
        }
    }
    for (i, thing) in things.iter().enumerate() {
        if let Some(other) = things.iter().skip(i + 1).find(|other| thing.area.overlaps(other.area)) {
            panic!("{name}: {:?} and {:?} are in the same place", thing.ids, other.ids);
        }
    }
    for line in &lines {
        let ends = vec![line.from.clone(), line.to.clone()];
        for thing in things.iter().filter(|t| t.ids != ends) {
            assert!(
                !line.points.iter().any(|p| thing.area.holds_point(*p)),
                "{name}: the arrow {} -> {} runs through {:?}",
                line.from,
                line.to,
                thing.ids
            );
        }
        assert!(
            line.points.iter().all(|p| page.away(*p) == 0.0),
            "{name}: {} -> {} leaves the page",
            line.from,
            line.to
        );
        let near = |id: &str, point: (f64, f64)| {
            things
                .iter()
                .any(|t| t.journey == line.journey && t.ids.len() == 1 && t.ids[0] == id && t.area.away(point) < 7.0)
        };
        let (first, last) = (line.points[0], line.points[line.points.len() - 1]);
        let joins = near(&line.from, first) && near(&line.to, last) || near(&line.from, last) && near(&line.to, first);
        assert!(joins, "{name}: {} -> {} does not reach its boxes", line.from, line.to);
    }
}
