//! The worst day as a picture: what happened from top to bottom, the window shaded, the messages that count numbered.

use journey_spec::Ts;
use journey_spec::program::Millis;
use journey_spec::time::{Zone, spelled_duration};
use journey_step::effect::{Entry, What};

use super::ink::Ink;
use super::style::{self, Tone};
use super::text::{Face, escaped, num, width, wrapped};
use crate::emit::layout::{Point, Rect};

const MARGIN: f64 = 28.0;
const WIDE: f64 = 860.0;
const TITLE: Face = Face::bold(20.0);
const NOTE: Face = Face::plain(13.0);
const LINE: Face = Face::plain(12.5);
/// A message that counts.
const COUNTED: Face = Face::bold(12.5);
const DAY: Face = Face::bold(13.0);
/// Where times end, where the axis runs, and where words begin.
const TIMES: f64 = MARGIN + 62.0;
const AXIS: f64 = TIMES + 24.0;
const WORDS: f64 = AXIS + 24.0;
const ROW: f64 = 18.0;
/// Entries that are drawn; the rest is counted.
const MOST: usize = 200;

/// A day and what it shows.
#[derive(Clone, Debug)]
pub struct Day<'a> {
    /// What is counted, for whom: `sms from one `appointment``.
    pub title: String,
    /// The bound.
    pub at_most: Option<u64>,
    /// Whether it is reached.
    pub exact: bool,
    /// What enforces it.
    pub by: String,
    /// When the window begins.
    pub begins: Ts,
    /// How long it is, in milliseconds; without it, all that follows.
    pub lasts: Option<Millis>,
    /// How many leave in it.
    pub most: u64,
    /// What happened, each with whether it is a message that counts.
    pub story: Vec<(&'a Entry, bool)>,
}

/// The drawing.
#[must_use]
pub fn render(day: &Day<'_>) -> String {
    let mut ink = Ink::default();
    let mut y = head(&mut ink, day);
    let ends = day.lasts.map(|lasts| day.begins.saturating_add(lasts));
    let inside = |at: Ts| at >= day.begins && ends.is_none_or(|ends| at < ends);
    let mut number = 0;
    let zone = Zone::utc();
    let mut last: Option<(Ts, String)> = None;
    let mut shade: Option<(f64, f64)> = None;
    let mut rows = Ink::default();
    let top = y;
    for (entry, counts) in day.story.iter().copied().take(MOST) {
        let date = zone.stamp(entry.at);
        let (date, clock) = date.rsplit_once(' ').map_or((date.clone(), String::new()), |(d, c)| (d.into(), c.into()));
        if last.as_ref().is_none_or(|(_, before)| *before != date) {
            y += if last.is_some() { 12.0 } else { 4.0 };
            rows.text("name", Point { x: WORDS, y }, DAY, &date);
            y += ROW + 2.0;
        } else if last.as_ref().is_some_and(|(at, _)| entry.at > *at) {
            y += 4.0;
        }
        if last.as_ref().is_none_or(|(at, _)| *at != entry.at) {
            let x = TIMES - width(&clock, LINE);
            rows.text("dim", Point { x, y }, LINE, &clock);
        }
        let tone = tone(&entry.what);
        match counts {
            true => {
                number += 1;
                let label = number.to_string();
                rows.0.push_str(&format!(
                    "<circle class=\"area {}\" cx=\"{}\" cy=\"{}\" r=\"9\"/>\n",
                    tone.class(),
                    num(AXIS),
                    num(y - 4.5)
                ));
                rows.text("begun", Point { x: AXIS - width(&label, LINE) / 2.0, y }, LINE, &label);
            }
            false => rows.0.push_str(&format!(
                "<circle class=\"area {}\" cx=\"{}\" cy=\"{}\" r=\"3.5\"/>\n",
                tone.class(),
                num(AXIS),
                num(y - 4.5)
            )),
        }
        let first = y;
        let face = if counts { COUNTED } else { LINE };
        for (i, line) in wrapped(&entry.sentence(&zone), face, WIDE + MARGIN - WORDS - 12.0).iter().enumerate() {
            if i > 0 {
                y += ROW - 2.0;
            }
            rows.text(if counts { "name" } else { "" }, Point { x: WORDS, y }, face, line);
        }
        if inside(entry.at) {
            shade = Some(shade.map_or((first - 15.0, y + 7.0), |(from, _)| (from, y + 7.0)));
        }
        y += ROW;
        last = Some((entry.at, date));
    }
    if day.story.len() > MOST {
        y += 6.0;
        rows.text("dim", Point { x: WORDS, y }, LINE, &format!("and {} more", day.story.len() - MOST));
        y += ROW;
    }
    if let Some((from, to)) = shade {
        ink.group(Tone::Customer.class(), &[], "the window");
        let rect = Rect { x: TIMES + 8.0, y: from, w: MARGIN + WIDE - TIMES - 8.0, h: to - from };
        ink.rect("box", rect, 8.0);
        ink.end_group();
    }
    ink.path("line plain", &format!("M{} {}V{}", num(AXIS), num(top - 4.0), num(y - 10.0)));
    ink.0.push_str(&rows.0);
    let (w, h) = (WIDE + 2.0 * MARGIN, (y + MARGIN - 8.0).ceil());
    let mut page = Ink::default();
    page.rect("page", Rect { x: 0.0, y: 0.0, w, h }, 10.0);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" \
         aria-labelledby=\"title desc\">\n<title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n<style>\n{}</style>\n{}{}</svg>\n",
        escaped(&plain(&day.title)),
        escaped(&verdict(day)),
        style::sheet(),
        page.0,
        ink.0,
        w = num(w),
        h = num(h),
    )
}

fn head(ink: &mut Ink, day: &Day<'_>) -> f64 {
    let mut y = MARGIN + 16.0;
    for line in wrapped(&plain(&day.title), TITLE, WIDE) {
        ink.text("name", Point { x: MARGIN, y }, TITLE, &line);
        y += 24.0;
    }
    for text in [verdict(day), format!("enforced by {}", plain(&day.by)), "times in UTC".to_owned()] {
        for line in wrapped(&text, NOTE, WIDE) {
            ink.text("dim", Point { x: MARGIN, y }, NOTE, &line);
            y += ROW;
        }
    }
    y + 14.0
}

/// `6 in 24h, and never more: exact`.
fn verdict(day: &Day<'_>) -> String {
    let window = day.lasts.map_or_else(|| "in a whole life".to_owned(), |w| format!("in {}", spelled_duration(w)));
    match day.at_most {
        None => format!("{} leave {window}, and nothing bounds it", day.most),
        Some(n) if day.exact => format!("{n} leave {window}, and never more: the bound is exact"),
        Some(n) => format!("{} leave {window} here; the bound is {n}", day.most),
    }
}

/// Without the marks of code.
fn plain(text: &str) -> String {
    text.replace('`', "")
}

fn tone(what: &What) -> Tone {
    match what {
        What::Sent { .. } | What::Replied { .. } | What::OptedOut { .. } => Tone::Customer,
        What::HandedOver { .. } | What::HandoffClosed { .. } => Tone::Person,
        What::Called { .. } | What::Answered { .. } | What::Judged { .. } => Tone::Service,
        What::Deferred { .. } | What::Blocked { .. } | What::Limited { .. } | What::Refused { .. } => Tone::Bar,
        What::Quieted { .. } => Tone::Bar,
        What::Withdrawn { .. } | What::Unsent { .. } | What::Failed { .. } => Tone::Bar,
        What::Entered { .. } => Tone::Time,
        _ => Tone::Plain,
    }
}
