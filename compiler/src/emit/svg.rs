//! Pictures as SVG: one document, journeys one below the other, with a legend of what occurs.
//!
//! Colours follow the reader's choice of light or dark. Nothing is fetched and no font is needed: icons are paths, and
//! text is measured by the widest of the common faces, so that a reader's own face always fits.

pub mod day;
mod icons;
mod ink;
mod legend;
mod sheet;
mod style;
mod text;

use ink::Ink;
use text::{escaped, num, wrapped};

pub use text::{Face, width};

use crate::emit::layout::{Point, Rect};
use crate::emit::picture::Picture;

/// Room around everything.
const MARGIN: f64 = 28.0;
/// Room between two journeys.
const BETWEEN: f64 = 56.0;
/// The journey's name.
const TITLE: Face = Face::bold(22.0);
/// Its doc comment.
const DOC: Face = Face::plain(13.0);
/// Its rules.
const RULE: Face = Face::plain(12.0);
/// Least width of a page, so that a small journey's words are not set in a column.
const LEAST: f64 = 560.0;

/// The drawing.
#[must_use]
pub fn render(pictures: &[Picture]) -> String {
    let sheets: Vec<sheet::Sheet> = pictures.iter().map(sheet::draw).collect();
    let widest = sheets.iter().map(|s| s.w).fold(LEAST, f64::max);
    let mut ink = Ink::default();
    let mut y = MARGIN;
    for (i, (picture, sheet)) in pictures.iter().zip(sheets).enumerate() {
        if i > 0 {
            y += BETWEEN;
        }
        ink.group("journey", &[("id", &picture.journey)], &titled(picture));
        y = head(&mut ink, picture, y, widest);
        let x = MARGIN + ((widest - sheet.w) / 2.0).max(0.0);
        ink.0.push_str(&format!("<g transform=\"translate({} {})\">\n{}</g>\n", num(x), num(y), sheet.ink.0));
        ink.end_group();
        y += sheet.h;
    }
    y = legend::draw(&mut ink, pictures, Point { x: MARGIN, y: y + 30.0 }, widest);
    let (w, h) = ((widest + 2.0 * MARGIN).ceil(), (y + MARGIN - 8.0).ceil());
    let names: Vec<String> = pictures.iter().map(titled).collect();
    let docs: Vec<&str> = pictures.iter().map(|p| p.doc.as_str()).filter(|d| !d.is_empty()).collect();
    let mut page = Ink::default();
    page.rect("page", Rect { x: 0.0, y: 0.0, w, h }, 10.0);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" \
         aria-labelledby=\"title desc\">\n<title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n<style>\n{}</style>\n{}{}</svg>\n",
        escaped(&names.join(", ")),
        escaped(&docs.join(" ")),
        style::sheet(),
        page.0,
        ink.0,
        w = num(w),
        h = num(h),
    )
}

fn titled(picture: &Picture) -> String {
    let per = picture.key.as_ref().map(|k| format!(" per {k}")).unwrap_or_default();
    format!("journey {} for customer{per}", picture.journey)
}

/// Name, doc comment and rules; gives where the drawing begins.
fn head(ink: &mut Ink, picture: &Picture, top: f64, room: f64) -> f64 {
    let mut y = top + 18.0;
    let per = picture.key.as_ref().map(|k| format!("for customer per {k}")).unwrap_or_else(|| "for customer".into());
    let names = wrapped(&picture.journey, TITLE, room);
    for name in &names {
        ink.text("name", Point { x: MARGIN, y }, TITLE, name);
        y += 26.0;
    }
    let beside = names.last().map_or(0.0, |n| width(n, TITLE)) + 14.0;
    if names.len() == 1 && beside + width(&per, DOC) <= room {
        ink.text("dim", Point { x: MARGIN + beside, y: y - 26.0 }, DOC, &per);
    } else {
        for line in wrapped(&per, DOC, room) {
            ink.text("dim", Point { x: MARGIN, y }, DOC, &line);
            y += 18.0;
        }
    }
    for line in wrapped(&picture.doc, DOC, room.min(820.0)) {
        ink.text("", Point { x: MARGIN, y }, DOC, &line);
        y += 18.0;
    }
    if !picture.whole {
        let text = "Parts of the text could not be read: states and arrows may be missing here.";
        for line in wrapped(text, DOC, room) {
            ink.text("name warn", Point { x: MARGIN, y }, Face::bold(13.0), &line);
            y += 18.0;
        }
    }
    y += 2.0;
    for rule in &picture.rules {
        let (icon, tone) = (icons::of_line(rule.kind), style::of_line(rule.kind));
        ink.group(if rule.taken == Some(false) { "rule cold" } else { "rule" }, &[], "");
        ink.icon(icon, tone.class(), Point { x: MARGIN, y: y - 10.5 });
        for line in wrapped(&rule.text, RULE, room - 18.0) {
            ink.text("dim", Point { x: MARGIN + 18.0, y }, RULE, &line);
            y += 17.0;
        }
        ink.end_group();
    }
    y + 10.0
}
