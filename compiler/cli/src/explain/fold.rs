//! What repeats in a worst run is told once: "… the same 29 times more, every 24h, until …".
//!
//! Two entries are the same where they say the same but for numbers, days and months, whichever instance they are of. From
//! each entry on, that stretch is folded whose repeats save most lines.

use std::collections::BTreeMap;

use journey_spec::Ts;
use journey_spec::time::{Zone, spelled_duration};
use journey_step::effect::{Entry, What};

use crate::timeline::{Fold, only_heard};

/// The longest stretch that is looked for, in entries.
const LONGEST: usize = 64;
/// Repeats that save fewer lines are told.
const FEWEST: usize = 4;

/// A line of the story: an entry, or several that are folded.
#[derive(Clone)]
struct Told {
    key: String,
    /// Its first entry, by position, and how many it stands for.
    from: usize,
    entries: usize,
}

/// Messages that count.
pub(super) struct Counting<'a> {
    /// Which of them an entry tells of, from 1.
    pub(super) number: &'a dyn Fn(&Entry) -> Option<u64>,
    /// How many there are.
    pub(super) most: u64,
}

/// What repeats of these entries, by where the repeats begin.
pub(super) fn repeats(entries: &[Entry], zone: &Zone, counting: &Counting<'_>) -> BTreeMap<usize, Fold> {
    let told = |(from, entry): (usize, &Entry)| Told { key: key(entry, zone), from, entries: 1 };
    let mut story: Vec<Told> = entries.iter().enumerate().map(told).collect();
    let mut folds = BTreeMap::new();
    // What repeats within a day first, and then the days.
    for _ in 0..2 {
        let mut shorter = Vec::new();
        let mut rest = story.as_slice();
        while let Some((first, after)) = rest.split_first() {
            // Runs of what only was heard are told in one line anyway.
            let heard = |length: usize| {
                let all = rest.iter().take(length).filter_map(|told| entries.get(told.from));
                all.into_iter().all(|e| only_heard(&e.what))
            };
            let Some((length, times)) = stretch(rest).filter(|(length, _)| !heard(*length)) else {
                shorter.push(first.clone());
                rest = after;
                continue;
            };
            let (all, next) = rest.split_at_checked(length.saturating_mul(times)).unwrap_or((rest, &[]));
            shorter.extend(all.iter().take(length).cloned());
            if let Some((from, fold)) = fold(entries, all, length, zone, counting) {
                shorter.push(Told { key: format!("… {times}"), from, entries: fold.entries });
                folds.insert(from, fold);
            }
            rest = next;
        }
        story = shorter;
    }
    folds
}

/// The length of the stretch with which this begins and whose repeats save most lines, and how often it comes.
fn stretch(rest: &[Told]) -> Option<(usize, usize)> {
    let of_length = |length: usize| {
        let first = rest.get(..length)?;
        let same = |chunk: &[Told]| chunk.iter().zip(first).all(|(a, b)| a.key == b.key);
        let times = rest.chunks_exact(length).take_while(|chunk| same(chunk)).count();
        let saved = length.saturating_mul(times.saturating_sub(1));
        (times > 2 && saved >= FEWEST).then_some((saved, length, times))
    };
    let best =
        (1..=LONGEST).filter_map(of_length).max_by_key(|(saved, length, _)| (*saved, std::cmp::Reverse(*length)));
    best.map(|(_, length, times)| (length, times))
}

/// The repeats of a stretch in one line, with the entry at which they begin.
fn fold(entries: &[Entry], all: &[Told], length: usize, zone: &Zone, counting: &Counting<'_>) -> Option<(usize, Fold)> {
    let starts: Vec<Ts> =
        all.chunks_exact(length).filter_map(|chunk| Some(entries.get(chunk.first()?.from)?.at)).collect();
    let gaps: Vec<i64> = starts.windows(2).filter_map(|w| Some(w.last()?.saturating_sub(*w.first()?))).collect();
    let from = all.get(length)?.from;
    let end = all.last().map(|told| told.from.saturating_add(told.entries))?;
    let folded = entries.get(from..end)?;
    let last = folded.last()?.at;
    let every = match gaps.first() {
        Some(0) if gaps.iter().all(|gap| *gap == 0) => ", at the same time".to_owned(),
        Some(gap) if gaps.iter().all(|g| g == gap) => {
            format!(", every {}, until {}", spelled_duration(*gap), zone.stamp(last))
        }
        _ => format!(", until {}", zone.stamp(last)),
    };
    let numbers: Vec<u64> = folded.iter().filter_map(counting.number).collect();
    let messages = match (numbers.first(), numbers.last()) {
        (Some(a), Some(b)) if a == b => format!("; ✉ {a} of {}", counting.most),
        (Some(a), Some(b)) => format!("; ✉ {a} to {b} of {}", counting.most),
        _ => String::new(),
    };
    let text = format!("… the same {} times more{every}{messages}", starts.len().saturating_sub(1));
    Some((from, Fold { entries: folded.len(), last, text }))
}

/// What an entry says, without what differs from one time to the next.
fn key(entry: &Entry, zone: &Zone) -> String {
    if let What::Sent { message, channel, .. } = &entry.what {
        return format!("sent {} {message}", channel.name());
    }
    let same = |word: &str| {
        let plain = word.trim_matches(|c: char| !c.is_alphanumeric());
        let moves = plain.contains(|c: char| c.is_ascii_digit()) || DATES.contains(&plain);
        if moves { "#".to_owned() } else { word.to_owned() }
    };
    let sentence = entry.sentence(zone);
    sentence.split_whitespace().map(same).collect::<Vec<_>>().join(" ")
}

/// Words of dates, as timelines write them.
const DATES: [&str; 19] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
