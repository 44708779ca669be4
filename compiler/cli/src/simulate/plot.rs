//! Plots of the report, as SVG that takes its colours from the page: columns, bars and ranges, each with a title for who hears it.

use journey_spec::program::{DAY, HOUR, MINUTE, Millis, SECOND};

/// Text as it may stand in HTML and SVG.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Width of all plots, in units of their own.
const WIDE: f64 = 700.0;

fn framed(title: &str, high: f64, inside: &str) -> String {
    format!("<svg viewBox=\"0 0 {WIDE} {high}\" role=\"img\"><title>{}</title>\n{inside}</svg>\n", escaped(title))
}

/// A column of a plot.
pub(super) struct Column {
    /// What stands below it.
    pub(super) name: String,
    /// How high it is.
    pub(super) value: u64,
    /// What stands above it.
    pub(super) label: String,
}

/// Columns, with a line where a bound is: at this position among them, or beyond the last one.
pub(super) fn columns(
    title: &str,
    below: &str,
    class: &str,
    all: &[Column],
    bound: Option<(Option<usize>, String)>,
) -> String {
    let (left, right, top, high) = (10.0, WIDE - 10.0, 34.0, 190.0);
    // A bound that lies beyond the last column takes some room of its own.
    let beyond = matches!(bound, Some((None, _)));
    let room = if beyond { 60.0 } else { 0.0 };
    let step = (right - left - room) / all.len().max(1) as f64;
    let most = all.iter().map(|c| c.value).max().unwrap_or(0).max(1) as f64;
    let mut out = format!("<path class=\"rule\" d=\"M{left} {y}H{right}\"/>\n", y = top + high);
    for (i, column) in all.iter().enumerate() {
        let x = left + step * i as f64;
        let h = (column.value as f64 / most * high).max(if column.value > 0 { 1.5 } else { 0.0 });
        let (wide, y) = ((step * 0.78).min(90.0), top + high - h);
        let middle = x + step / 2.0;
        out.push_str(&format!(
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{h:.1}\"/>",
            middle - wide / 2.0
        ));
        out.push_str(&format!(
            "<text class=\"mid\" x=\"{middle:.1}\" y=\"{:.1}\">{}</text><text class=\"mid dim\" x=\"{middle:.1}\" y=\"{:.1}\">{}</text>\n",
            y - 5.0,
            escaped(&column.label),
            top + high + 16.0,
            escaped(&column.name)
        ));
    }
    if let Some((position, label)) = bound {
        let x = position.map_or(right - 4.0, |p| (left + step * (p as f64 + 1.0)).min(right));
        out.push_str(&format!(
            "<path class=\"proven\" d=\"M{x:.1} 18V{}\"/><text class=\"bound end\" x=\"{:.1}\" y=\"13\">{}</text>\n",
            top + high,
            x.max(200.0),
            escaped(&label)
        ));
    }
    out.push_str(&format!(
        "<text class=\"mid dim\" x=\"{}\" y=\"{}\">{}</text>\n",
        WIDE / 2.0,
        top + high + 36.0,
        escaped(below)
    ));
    framed(title, top + high + 46.0, &out)
}

/// A horizontal bar.
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) value: u64,
    /// What stands behind it.
    pub(super) label: String,
    /// Its colour.
    pub(super) class: &'static str,
}

/// Bars below each other, of which `full` would fill the width.
pub(super) fn bars(title: &str, all: &[Bar], full: u64) -> String {
    let (row, left, room) = (24.0, name_room(all.iter().map(|b| b.name.as_str())), 130.0);
    let wide = WIDE - left - room;
    let mut out = String::new();
    for (i, bar) in all.iter().enumerate() {
        let y = row * i as f64;
        let length = bar.value as f64 / full.max(1) as f64 * wide;
        let length = length.max(if bar.value > 0 { 1.5 } else { 0.0 });
        out.push_str(&format!(
            "<text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text><rect class=\"track\" x=\"{left:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"16\"/><rect class=\"{}\" x=\"{left:.1}\" y=\"{:.1}\" width=\"{length:.1}\" height=\"16\"/><text x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
            left - 8.0,
            y + 16.0,
            escaped(&cut(&bar.name)),
            y + 4.0,
            bar.class,
            y + 4.0,
            left + wide + 8.0,
            y + 16.0,
            escaped(&bar.label)
        ));
    }
    framed(title, row * all.len() as f64 + 6.0, &out)
}

/// How long something lasted: a tenth, half and nine tenths of it, in milliseconds.
pub(super) struct Range {
    pub(super) name: String,
    pub(super) ends: [Millis; 3],
    pub(super) label: String,
}

/// Ranges below each other, from a second to the longest: each ten times as long is as far again.
pub(super) fn ranges(title: &str, all: &[Range]) -> String {
    let (row, left, room) = (24.0, name_room(all.iter().map(|r| r.name.as_str())), 130.0);
    let wide = WIDE - left - room;
    let longest = all.iter().map(|r| r.ends[2]).max().unwrap_or(0).max(DAY) as f64;
    let place = |ms: Millis| {
        let ms = (ms.max(SECOND) as f64 / SECOND as f64).ln();
        left + ms / (longest / SECOND as f64).ln() * wide
    };
    let bottom = row * all.len() as f64 + 4.0;
    let mut out = String::new();
    for (at, name) in [
        (SECOND, "1s"),
        (MINUTE, "1m"),
        (15 * MINUTE, "15m"),
        (HOUR, "1h"),
        (6 * HOUR, "6h"),
        (DAY, "1d"),
        (7 * DAY, "7d"),
        (30 * DAY, "30d"),
    ] {
        if at as f64 <= longest {
            out.push_str(&format!(
                "<path class=\"rule\" d=\"M{x:.1} 2V{bottom}\"/><text class=\"mid dim\" x=\"{x:.1}\" y=\"{:.1}\">{name}</text>\n",
                bottom + 15.0,
                x = place(at)
            ));
        }
    }
    for (i, range) in all.iter().enumerate() {
        let y = row * i as f64;
        let [from, half, to] = range.ends.map(place);
        // On a band that is hardly there the mark would hide it.
        let mark = if to - from < 8.0 {
            String::new()
        } else {
            format!("<path class=\"tick\" d=\"M{half:.1} {:.1}v14\"/>", y + 5.0)
        };
        out.push_str(&format!(
            "<text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text><rect class=\"time\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"12\"/>{mark}<text x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
            left - 8.0,
            y + 16.0,
            escaped(&cut(&range.name)),
            y + 6.0,
            (to - from).max(3.0),
            left + wide + 8.0,
            y + 16.0,
            escaped(&range.label)
        ));
    }
    framed(title, bottom + 22.0, &out)
}

/// Most letters of a name beside a bar.
const MOST_LETTERS: usize = 44;

fn cut(name: &str) -> String {
    if name.chars().count() <= MOST_LETTERS {
        return name.to_owned();
    }
    name.chars().take(MOST_LETTERS - 1).chain(['…']).collect()
}

/// The room that names take, by the width of an average letter.
fn name_room<'a>(names: impl Iterator<Item = &'a str>) -> f64 {
    let longest = names.map(|n| n.chars().count().min(MOST_LETTERS)).max().unwrap_or(0);
    (longest as f64 * 6.6 + 14.0).clamp(60.0, 310.0)
}
