//! The elements of a drawing, written one after another.

use super::icons::Icon;
use super::style::Tone;
use super::text::{Face, escaped, num};
use crate::emit::layout::{Point, Rect, Route};

/// SVG text that grows.
#[derive(Debug, Default)]
pub(super) struct Ink(pub(super) String);

impl Ink {
    /// Opens a group with what it is, for readers who hear the drawing and for whoever points at it; `data` are
    /// attributes by which scripts and style sheets find it.
    pub(super) fn group(&mut self, class: &str, data: &[(&str, &str)], title: &str) {
        self.0.push_str(&format!("<g class=\"{class}\""));
        for (name, value) in data {
            self.0.push_str(&format!(" data-{name}=\"{}\"", escaped(value)));
        }
        self.0.push('>');
        if !title.is_empty() {
            self.0.push_str(&format!("<title>{}</title>", escaped(title)));
        }
        self.0.push('\n');
    }

    pub(super) fn end_group(&mut self) {
        self.0.push_str("</g>\n");
    }

    pub(super) fn rect(&mut self, class: &str, rect: Rect, radius: f64) {
        self.0.push_str(&format!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\"/>\n",
            num(rect.x),
            num(rect.y),
            num(rect.w),
            num(rect.h),
            num(radius)
        ));
    }

    /// A text whose baseline begins at a place.
    pub(super) fn text(&mut self, class: &str, at: Point, face: Face, text: &str) {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        self.0.push_str(&format!(
            "<text{class} x=\"{}\" y=\"{}\" font-size=\"{}\">{}</text>\n",
            num(at.x),
            num(at.y),
            num(face.size),
            escaped(text)
        ));
    }

    /// An icon whose upper left corner is at a place.
    pub(super) fn icon(&mut self, icon: Icon, class: &str, at: Point) {
        let kind = if icon.filled { "area" } else { "icon" };
        self.0.push_str(&format!(
            "<path class=\"{kind} {class}\" transform=\"translate({} {})\" d=\"{}\"/>\n",
            num(at.x),
            num(at.y),
            icon.path
        ));
    }

    pub(super) fn path(&mut self, class: &str, d: &str) {
        self.0.push_str(&format!("<path class=\"{class}\" d=\"{d}\"/>\n"));
    }

    /// An arrow along a route, with its head.
    pub(super) fn arrow(&mut self, route: &Route, tone: Tone, stroke: &str) {
        let (Some((first, _)), Some((_, last))) = (route.strokes.first().copied(), route.strokes.last().copied())
        else {
            return;
        };
        // The head covers the end of the line, which would else show beside its tip.
        let (begin, end) = if route.up { (first.y + 6.0, last.y) } else { (first.y, last.y - 6.0) };
        let mut d = format!("M{} {}", num(first.x), num(begin));
        let mut at = Point { x: first.x, y: begin };
        for (from, to) in &route.strokes {
            let top = from.y.min(end);
            if from.x != at.x {
                let middle = (at.y + top) / 2.0;
                d.push_str(&format!(
                    "V{}C{} {} {} {} {} {}",
                    num(at.y),
                    num(at.x),
                    num(middle),
                    num(from.x),
                    num(middle),
                    num(from.x),
                    num(top)
                ));
            }
            at = Point { x: to.x, y: to.y.max(begin) };
        }
        d.push_str(&format!("V{}", num(end)));
        self.path(&format!("line {} {stroke}", tone.class()), &d);
        let (tip, back) = if route.up { (first, first.y + 9.0) } else { (last, last.y - 9.0) };
        self.head(tone, tip, (tip.x - 4.2, back), (tip.x + 4.2, back));
    }

    pub(super) fn head(&mut self, tone: Tone, tip: Point, a: (f64, f64), b: (f64, f64)) {
        let d = format!("M{} {}L{} {}L{} {}z", num(tip.x), num(tip.y), num(a.0), num(a.1), num(b.0), num(b.1));
        self.path(&format!("head {}", tone.class()), &d);
    }
}
