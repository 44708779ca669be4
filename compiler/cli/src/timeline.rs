//! A customer's timeline as a person reads it: dated local lines, one thing a line, each with its why.
//!
//! Long runs of what only was heard are told in one line. What left, waits or was blocked, and what went to a person, is
//! never folded away.

use std::collections::{BTreeMap, BTreeSet};

use anstyle::Style;
use journey_compiler::diagnostics::human::wrapped;
use journey_spec::Ts;
use journey_spec::program::short;
use journey_spec::time::Zone;
use journey_step::effect::{Entry, PromiseFate, What};

use crate::screen::{BAD, BOLD, DIM, GOOD, NAME, WARN, styled};

/// Shortest run that is told in one line.
const SHORTEST_RUN: usize = 4;

/// The timeline, each line indented by `indent`; empty where nothing happened. Ends with a line end.
pub(crate) fn render(entries: &[Entry], zone: &Zone, indent: usize, width: usize) -> String {
    render_noted(entries, zone, indent, width, &|_| None, &BTreeMap::new())
}

/// Entries that are told in one line.
pub(crate) struct Fold {
    /// How many.
    pub(crate) entries: usize,
    /// When the last of them happened.
    pub(crate) last: Ts,
    /// What stands in their place.
    pub(crate) text: String,
}

/// As [`render`], with what is noted of an entry behind it, and what is folded, by where it begins.
pub(crate) fn render_noted(
    entries: &[Entry],
    zone: &Zone,
    indent: usize,
    width: usize,
    note: &dyn Fn(&Entry) -> Option<String>,
    folds: &BTreeMap<usize, Fold>,
) -> String {
    let several = entries.iter().filter_map(|e| e.instance).collect::<BTreeSet<_>>().len() > 1;
    let turning = turning_days(entries, zone);
    let mut page = Page { out: String::new(), zone, indent, width, day: String::new(), several, turning };
    let mut states: BTreeMap<u64, &str> = BTreeMap::new();
    let mut rest = entries;
    while let Some((entry, after)) = rest.split_first() {
        let index = entries.len().saturating_sub(rest.len());
        if let Some(fold) = folds.get(&index).filter(|fold| fold.entries > 0) {
            page.folded(fold);
            rest = rest.get(fold.entries..).unwrap_or_default();
            continue;
        }
        // What is told together ends where something is folded.
        let next = folds.range(index..).next().map_or(rest.len(), |(at, _)| at.saturating_sub(index));
        let near = rest.get(..next).unwrap_or(rest);
        let run = near.iter().take_while(|e| only_heard(&e.what)).count();
        let length = if run >= SHORTEST_RUN { page.run(rest.get(..run).unwrap_or_default(), &states) } else { 0 };
        if length > 0 {
            rest = rest.get(length..).unwrap_or_default();
            continue;
        }
        let passed = passed(near);
        if let (What::Entered { state, .. }, Some(instance)) = (&passed.last().unwrap_or(entry).what, entry.instance) {
            states.insert(instance, state);
        }
        if let (What::Moved { to, .. }, Some(instance)) = (&entry.what, entry.instance) {
            states.insert(instance, to);
        }
        let (mark, symbol, style) = look(&entry.what);
        let mut text = sentence(entry, zone);
        for entry in passed {
            if let What::Entered { state, .. } = &entry.what {
                text.push_str(&format!(" → {state}"));
            }
        }
        if let Some(note) = note(entry) {
            text.push_str(&format!("  ← {note}"));
        }
        page.line(entry, mark, symbol, style, &text);
        rest = after.get(passed.len()..).unwrap_or_default();
    }
    page.out
}

/// The states that an instance passes at once after the one that the first entry tells of.
fn passed(entries: &[Entry]) -> &[Entry] {
    let Some((first, after)) = entries.split_first() else { return &[] };
    if !matches!(first.what, What::Entered { .. }) {
        return &[];
    }
    let at_once = |e: &&Entry| {
        matches!(&e.what, What::Entered { why, .. } if why == "at once")
            && e.instance == first.instance
            && e.at == first.at
    };
    after.get(..after.iter().take_while(at_once).count()).unwrap_or_default()
}

/// What happened, as a page of many lines says it best.
fn sentence(entry: &Entry, zone: &Zone) -> String {
    match &entry.what {
        What::Entered { state, why } => format!("{state}, by {why}"),
        What::Blocked { message, rule, until: None } => format!("blocked {message}: {rule}"),
        What::Blocked { message, rule, until: Some(until) } => {
            format!("blocked {message}: {rule}, until {}", zone.stamp(*until))
        }
        // `until 01:00` would read as going back where the clock is set back meanwhile.
        What::Deferred { until, .. } if offset(zone, *until) != offset(zone, entry.at) => {
            let stamp = zone.stamp(*until);
            entry.sentence(zone).replacen(&stamp, &format!("{stamp} {}", offset(zone, *until)), 1)
        }
        _ => entry.sentence(zone),
    }
}

/// Whether an entry only tells that something was heard.
pub(crate) fn only_heard(what: &What) -> bool {
    matches!(what, What::Heard { .. } | What::Refused { .. } | What::Ignored { .. } | What::Updated)
}

struct Page<'a> {
    out: String,
    zone: &'a Zone,
    indent: usize,
    width: usize,
    day: String,
    several: bool,
    /// Days on which the clock is set forward or back between two lines.
    turning: BTreeSet<String>,
}

/// What makes entries of a run alike: instance, words.
type Alike = (Option<u64>, String);

impl Page<'_> {
    /// One line for each kind of thing in a run of entries that only were heard, in order of first coming.
    fn run(&mut self, run: &[Entry], states: &BTreeMap<u64, &str>) -> usize {
        let mut kinds: Vec<(Alike, Vec<&Entry>)> = Vec::new();
        for entry in run {
            let words = match &entry.what {
                What::Heard { event, .. } => format!("heard {event}"),
                What::Ignored { input, why } => format!("ignored {}: {why}", input.replace('`', "")),
                What::Refused { event, rule } => format!("refused {event}: {rule}"),
                _ => entry.sentence(self.zone),
            };
            let alike = (entry.instance, words);
            match kinds.iter_mut().find(|(kind, _)| *kind == alike) {
                Some((_, entries)) => entries.push(entry),
                None => kinds.push((alike, vec![entry])),
            }
        }
        for ((instance, words), entries) in kinds {
            let (Some(first), Some(last)) = (entries.first(), entries.last()) else { continue };
            if entries.len() < SHORTEST_RUN {
                entries.iter().for_each(|e| self.entry(e));
                continue;
            }
            let (head, why) = words.split_once(": ").map_or((words.as_str(), ""), |(head, why)| (head, why));
            let place = instance.and_then(|i| states.get(&i)).map(|s| format!(" in {s}")).unwrap_or_default();
            let mut text = format!(
                "{head} {} times{place}, {} to {}",
                entries.len(),
                self.moment(first.at),
                self.until(first.at, last.at)
            );
            if let What::Heard { settles_at: Some(at), .. } = &last.what {
                text.push_str(&format!("; settles until {}", self.until(first.at, *at)));
            }
            if !why.is_empty() {
                text.push_str(&format!(": {why}"));
            }
            self.line(first, DIM, "·", DIM, &text);
        }
        run.len()
    }

    fn folded(&mut self, fold: &Fold) {
        let column = self.indent + 2;
        let text = wrapped(&fold.text, column, column, self.width);
        self.out.push_str(&format!("{}{}\n", " ".repeat(column), styled(DIM, text)));
        // What comes next says its day, where that has become another.
        if day(self.zone, fold.last) != self.day {
            self.day.clear();
        }
    }

    fn entry(&mut self, entry: &Entry) {
        let (mark, symbol, style) = look(&entry.what);
        self.line(entry, mark, symbol, style, &sentence(entry, self.zone));
    }

    fn line(&mut self, entry: &Entry, mark: Style, symbol: &str, style: Style, text: &str) {
        let day = day(self.zone, entry.at);
        if day != self.day {
            self.out.push_str(&format!("{}{}\n", " ".repeat(self.indent), styled(BOLD, &day)));
            self.day = day;
        }
        let key = entry.key.as_deref().filter(|_| self.several).unwrap_or_default();
        let key = match entry.version.as_deref().map(short) {
            // who is still on an older version is told from those on the newest
            Some(version) => format!("{key}@{version}  "),
            None if key.is_empty() => String::new(),
            None => format!("{key}  "),
        };
        let time = self.moment(entry.at);
        let wide = if self.turning.contains(&self.day) { 15 } else { 8 };
        let column = self.indent + 2 + wide + 2 + 2;
        let text = wrapped(&format!("{key}{}", visible(text)), column, column, self.width);
        self.out.push_str(&format!(
            "{}  {time:<wide$}  {} {}\n",
            " ".repeat(self.indent),
            styled(mark, symbol),
            styled(style, text)
        ));
    }

    /// Local time of day, with seconds only where there are any, and with its offset on a day on which that changes.
    fn moment(&self, at: Ts) -> String {
        let clock = clock(self.zone, at);
        if self.turning.contains(&day(self.zone, at)) {
            return format!("{clock} {}", offset(self.zone, at));
        }
        clock
    }

    /// The time of day, with its date where that is another than `from`'s.
    fn until(&self, from: Ts, at: Ts) -> String {
        if day(self.zone, from) == day(self.zone, at) { self.moment(at) } else { self.zone.stamp(at) }
    }
}

/// The days on which the zone's offset changes between two moments that are told.
fn turning_days(entries: &[Entry], zone: &Zone) -> BTreeSet<String> {
    let mut offsets: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in entries {
        let until = match entry.what {
            What::Deferred { until, .. } => Some(until),
            _ => None,
        };
        for at in [Some(entry.at), until].into_iter().flatten() {
            offsets.entry(day(zone, at)).or_default().insert(offset(zone, at));
        }
    }
    offsets.into_iter().filter(|(_, offsets)| offsets.len() > 1).map(|(day, _)| day).collect()
}

/// How far the zone's clock is from UTC, such as `+01:00`.
fn offset(zone: &Zone, at: Ts) -> String {
    let seconds = |ms: Ts| ms.div_euclid(1000);
    let local = Zone::utc().parse_local(&zone.stamp(at)).map_or_else(|| seconds(at), seconds);
    let minutes = (local - seconds(at)).div_euclid(60);
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// `Monday 2 March 2026`.
pub(crate) fn day(zone: &Zone, at: Ts) -> String {
    let stamp = zone.stamp(at);
    format!("{} {}", zone.day(at), stamp.split('-').next().unwrap_or_default())
}

fn clock(zone: &Zone, at: Ts) -> String {
    zone.stamp(at).split(' ').nth(1).unwrap_or_default().to_owned()
}

/// A customer's or a designer's text must not steer the terminal that shows it.
pub(crate) fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A symbol and its style, and the style of the sentence.
fn look(what: &What) -> (Style, &'static str, Style) {
    let plain = Style::new();
    match what {
        What::Started { .. } => (NAME, "▸", plain),
        What::Goal { reached: true, .. } => (GOOD, "◎", plain),
        What::Goal { .. } => (WARN, "◎", plain),
        What::Heard { .. } | What::Ignored { .. } | What::Updated | What::Forgotten => (DIM, "·", DIM),
        What::Refused { .. } => (WARN, "⊣", plain),
        What::Quieted { .. } => (WARN, "⏸", plain),
        What::Entered { .. } | What::Moved { .. } | What::Split { .. } | What::Set { .. } => (NAME, "→", plain),
        What::Sent { .. } => (GOOD, "✉", BOLD),
        What::Deferred { .. } => (WARN, "⏸", plain),
        What::Blocked { .. } | What::Failed { .. } => (BAD, "✗", plain),
        What::Withdrawn { .. } | What::Unsent { .. } => (WARN, "↩", plain),
        What::Limited { .. } => (WARN, "⊣", plain),
        What::HandedOver { .. } => (WARN, "☎", BOLD),
        What::HandoffClosed { .. } => (GOOD, "☎", plain),
        What::Judged { failed: Some(_), .. } => (WARN, "⚙", plain),
        What::Judged { .. } => (NAME, "⚙", plain),
        What::Called { .. } | What::Answered { .. } => (NAME, "⚙", plain),
        What::Replied { .. } => (NAME, "❝", plain),
        What::OptedOut { .. } => (BAD, "⊘", BOLD),
        What::Promise { fate: PromiseFate::Broken, .. } => (BAD, "◆", BOLD),
        What::Promise { .. } => (NAME, "◆", plain),
        What::Ended { .. } => (NAME, "■", plain),
    }
}
