//! Languages of texts, and how days, times and numbers are written in them. The library behind them is hidden: only
//! this file knows ICU4X.
//!
//! All is pure and compiled in: nothing is read, and nothing depends on the machine. The calendar is the Gregorian one
//! everywhere, so that a day in a text is the day in the data. Numbers are not grouped, since a number in a text is as
//! often a reading or a reference as it is a quantity.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use icu_calendar::{Date, Gregorian};
use icu_datetime::fieldsets::{MDE, T, YMD};
use icu_datetime::input::Time;
use icu_datetime::{DateTimeFormatterPreferences, FixedCalendarDateTimeFormatter, NoCalendarFormatter};
use icu_decimal::DecimalFormatter;
use icu_decimal::input::Decimal;
use icu_decimal::options::{DecimalFormatterOptions, GroupingStrategy};
use icu_locale_core::{LanguageIdentifier, langid};

use crate::program::DAY;
use crate::recent::Recent;
use crate::time::{Local, Ts, Zone};

/// The language of texts that say none, and the way in which they write days and numbers.
pub const DEFAULT: &str = "en-GB";

/// A language, perhaps of a region or in a script: `es`, `pt-BR`, `sr-Latn`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locale(LanguageIdentifier);

thread_local! {
    static READ: RefCell<Recent<Locale>> = const { RefCell::new(Recent::new()) };
}

impl Default for Locale {
    fn default() -> Locale {
        Locale(langid!("en-GB"))
    }
}

impl Locale {
    /// Reads a BCP 47 tag; `_` may stand for `-`. Language, script and region are kept, whatever else it says is left
    /// out. `None` where it is no tag, or names no language.
    #[must_use]
    pub fn parse(text: &str) -> Option<Locale> {
        let read = || {
            let tag = text.trim().replace('_', "-");
            let mut id = icu_locale_core::Locale::try_from_str(&tag).ok()?.id;
            id.variants.clear();
            (!id.language.is_unknown()).then_some(Locale(id))
        };
        READ.with_borrow_mut(|recent| recent.get(text, read))
    }

    /// The tag as it is usually written: `pt-BR`.
    #[must_use]
    pub fn tag(&self) -> String {
        self.0.to_string()
    }

    /// The language alone: `pt`.
    #[must_use]
    pub fn language(&self) -> &str {
        self.0.language.as_str()
    }

    /// Whether both are of one language, and not in scripts that differ.
    #[must_use]
    pub fn is_language_of(&self, other: &Locale) -> bool {
        let scripts = self.0.script.zip(other.0.script);
        self.0.language == other.0.language && scripts.is_none_or(|(a, b)| a == b)
    }

    /// Whether this tag is the other's with less said: `pt` holds `pt-BR`, and each tag holds itself.
    #[must_use]
    pub fn holds(&self, other: &Locale) -> bool {
        self.0.language == other.0.language
            && self.0.script.is_none_or(|s| other.0.script == Some(s))
            && self.0.region.is_none_or(|r| other.0.region == Some(r))
    }

    /// Whether it is known how days are written in it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        let unknown = Locale(LanguageIdentifier::UNKNOWN);
        self.writer().written_day(2026, 3, 20) != unknown.writer().written_day(2026, 3, 20)
    }

    /// This language in every country, in this script, and this tag itself first.
    ///
    /// A region that is no country has no ways of its own and is written as the language is without one.
    pub fn in_every_region(&self) -> impl Iterator<Item = Locale> {
        let here = self.clone();
        let named = crate::places::countries().filter_map(move |country| {
            let region = icu_locale_core::subtags::Region::try_from_str(country.code).ok()?;
            Some(Locale(LanguageIdentifier { region: Some(region), ..here.0.clone() }))
        });
        std::iter::once(self.clone()).chain(named)
    }

    /// `Friday 20 March`, as the language has it. The text is this thread's, which keeps the last ones, as are dates and times.
    #[must_use]
    pub fn day(&self, zone: &Zone, ts: Ts) -> Rc<str> {
        self.day_of(zone.local(ts))
    }

    /// The day that a calendar shows.
    #[must_use]
    pub fn day_of(&self, at: Local) -> Rc<str> {
        self.kept().once(Moment::Day(at.year, at.month, at.day))
    }

    /// `20 March 2026`, as the language has it.
    #[must_use]
    pub fn date(&self, zone: &Zone, ts: Ts) -> Rc<str> {
        self.date_of(zone.local(ts))
    }

    /// The date that a calendar shows.
    #[must_use]
    pub fn date_of(&self, at: Local) -> Rc<str> {
        self.kept().once(Moment::Date(at.year, at.month, at.day))
    }

    /// The same of a date without a zone, in days since 1970-01-01.
    #[must_use]
    pub fn calendar_date(&self, days: i32) -> Rc<str> {
        self.date(&Zone::utc(), i64::from(days).saturating_mul(DAY))
    }

    /// The day of a date without a zone.
    #[must_use]
    pub fn calendar_day(&self, days: i32) -> Rc<str> {
        self.day(&Zone::utc(), i64::from(days).saturating_mul(DAY))
    }

    /// `09:00`, as the language has it.
    #[must_use]
    pub fn time(&self, zone: &Zone, ts: Ts) -> Rc<str> {
        self.time_of(zone.local(ts))
    }

    /// The time that a clock shows.
    #[must_use]
    pub fn time_of(&self, at: Local) -> Rc<str> {
        self.kept().once(Moment::Time(at.hour, at.minute))
    }

    /// Whoever writes many days and times in one language keeps this.
    #[must_use]
    pub fn writer(&self) -> Writer {
        Writer {
            of: self.clone(),
            day: OnceCell::new(),
            date: OnceCell::new(),
            time: OnceCell::new(),
            number: OnceCell::new(),
        }
    }

    /// What this thread keeps of the language. An engine writes in few languages, again and again.
    fn kept(&self) -> Rc<Kept> {
        KEPT.with_borrow_mut(|kept| {
            if let Some(found) = kept.iter().find(|kept| kept.writer.of == *self) {
                return Rc::clone(found);
            }
            if kept.len() >= MOST_KEPT {
                kept.remove(0);
            }
            let new = Rc::new(Kept { writer: self.writer(), written: RefCell::new(BTreeMap::new()) });
            kept.push(Rc::clone(&new));
            new
        })
    }

    /// A date and a time: `20 March 2026 09:00`.
    #[must_use]
    pub fn instant_of(&self, at: Local) -> String {
        format!("{} {}", self.date_of(at), self.time_of(at))
    }

    /// A decimal number, given as `1234.5`, as the language has it. What is no such number stays as it is.
    #[must_use]
    pub fn number(&self, plain: &str) -> String {
        self.kept().writer.number(plain)
    }

    fn preferences(&self) -> DateTimeFormatterPreferences {
        (&self.0).into()
    }

    /// Days that between them show every weekday, every month and days of two figures, each as an instant in UTC; for
    /// whoever asks how long a text can become.
    #[must_use]
    pub fn telling_days() -> Vec<Ts> {
        let of_month = |month: u32| (20..=26_u32).map(move |day| format!("2026-{month:02}-{day:02} 12:00"));
        (1..=12).flat_map(of_month).filter_map(|text| Zone::utc().parse_local(&text)).collect()
    }
}

/// Most languages that one thread keeps.
const MOST_KEPT: usize = 32;
/// Most days and times that are kept of a language, some hundred bytes each.
const MOST_WRITTEN: usize = 2048;

thread_local! {
    static KEPT: RefCell<Vec<Rc<Kept>>> = const { RefCell::new(Vec::new()) };
}

/// A language's writer, and what it wrote lately: messages quote the same few weeks and hours again and again.
struct Kept {
    writer: Writer,
    written: RefCell<BTreeMap<Moment, Rc<str>>>,
}

/// What is written of an instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Day(i32, u8, u8),
    Date(i32, u8, u8),
    Time(u8, u8),
}

impl Kept {
    fn once(&self, moment: Moment) -> Rc<str> {
        if let Some(text) = self.written.borrow().get(&moment) {
            return Rc::clone(text);
        }
        let text: Rc<str> = match moment {
            Moment::Day(year, month, day) => self.writer.written_day(year, month, day),
            Moment::Date(year, month, day) => self.writer.written_date(year, month, day),
            Moment::Time(hour, minute) => self.writer.written_time(hour, minute),
        }
        .into();
        let mut written = self.written.borrow_mut();
        if written.len() >= MOST_WRITTEN {
            written.clear();
        }
        written.insert(moment, Rc::clone(&text));
        text
    }
}

/// Days, times and numbers as one language has them. What it takes to find out how is done at most once, where it is first asked
/// for: that costs many times as much as to write one.
#[derive(Debug)]
pub struct Writer {
    of: Locale,
    day: OnceCell<Option<FixedCalendarDateTimeFormatter<Gregorian, MDE>>>,
    date: OnceCell<Option<FixedCalendarDateTimeFormatter<Gregorian, YMD>>>,
    time: OnceCell<Option<NoCalendarFormatter<T>>>,
    number: OnceCell<Option<DecimalFormatter>>,
}

impl Writer {
    /// As [`Locale::day`].
    #[must_use]
    pub fn day(&self, zone: &Zone, ts: Ts) -> String {
        let at = zone.local(ts);
        self.written_day(at.year, at.month, at.day)
    }

    fn written_day(&self, year: i32, month: u8, day: u8) -> String {
        let new = || FixedCalendarDateTimeFormatter::try_new(self.of.preferences(), MDE::long()).ok();
        match (self.day.get_or_init(new), Date::try_new_gregorian(year, month, day)) {
            (Some(formatter), Ok(date)) => even(formatter.format(&date).to_string()),
            _ => iso(year, month, day),
        }
    }

    /// As [`Locale::date`].
    #[must_use]
    pub fn date(&self, zone: &Zone, ts: Ts) -> String {
        let at = zone.local(ts);
        self.written_date(at.year, at.month, at.day)
    }

    fn written_date(&self, year: i32, month: u8, day: u8) -> String {
        let new = || FixedCalendarDateTimeFormatter::try_new(self.of.preferences(), YMD::long()).ok();
        match (self.date.get_or_init(new), Date::try_new_gregorian(year, month, day)) {
            (Some(formatter), Ok(date)) => even(formatter.format(&date).to_string()),
            _ => iso(year, month, day),
        }
    }

    /// As [`Locale::time`].
    #[must_use]
    pub fn time(&self, zone: &Zone, ts: Ts) -> String {
        let at = zone.local(ts);
        self.written_time(at.hour, at.minute)
    }

    fn written_time(&self, hour: u8, minute: u8) -> String {
        let new = || NoCalendarFormatter::try_new(self.of.preferences(), T::hm()).ok();
        match (self.time.get_or_init(new), Time::try_new(hour, minute, 0, 0)) {
            (Some(formatter), Ok(time)) => even(formatter.format(&time).to_string()),
            _ => format!("{hour:02}:{minute:02}"),
        }
    }

    /// As [`Locale::number`].
    #[must_use]
    pub fn number(&self, plain: &str) -> String {
        let new = || {
            let mut options = DecimalFormatterOptions::default();
            options.grouping_strategy = Some(GroupingStrategy::Never);
            DecimalFormatter::try_new((&self.of.0).into(), options).ok()
        };
        match (self.number.get_or_init(new), Decimal::try_from_str(plain)) {
            (Some(formatter), Ok(number)) => even(formatter.format(&number).to_string()),
            _ => plain.to_owned(),
        }
    }
}

/// Some languages put blanks of their own before `p.m.`. In a text message one of them would make every character twice
/// as costly, and nobody sees the difference.
fn even(text: String) -> String {
    const OWN: [char; 3] = ['\u{a0}', '\u{202f}', '\u{2009}'];
    if text.is_ascii() || !text.contains(OWN) {
        return text;
    }
    text.replace(OWN, " ")
}

/// Which of several tagged texts somebody reads, by its place; none for the text without a tag.
///
/// First the reader's own tag, then one that says less (`es` for `es-MX`), then the text without a tag where it is in the
/// reader's language, then the language's text of another region, and else the text without a tag.
#[must_use]
pub fn choose<'t>(
    reader: Option<&Locale>,
    untagged: &Locale,
    tags: impl IntoIterator<Item = &'t str>,
) -> Option<usize> {
    let reader = reader?;
    let tags: Vec<Option<Locale>> = tags.into_iter().map(Locale::parse).collect();
    let first = |fits: &dyn Fn(&Locale) -> bool| tags.iter().position(|tag| tag.as_ref().is_some_and(fits));
    let own = first(&|tag| tag == reader);
    // Of tags that say less, the one that says most.
    let said = |tag: &Locale| u8::from(tag.0.script.is_some()) + u8::from(tag.0.region.is_some());
    let held = || {
        let held = tags.iter().enumerate().filter_map(|(i, tag)| Some((i, tag.as_ref().filter(|t| t.holds(reader))?)));
        held.max_by_key(|(i, tag)| (said(tag), std::cmp::Reverse(*i))).map(|(i, _)| i)
    };
    let other = || first(&|tag| tag.is_language_of(reader)).filter(|_| !untagged.is_language_of(reader));
    own.or_else(held).or_else(other)
}

fn iso(year: i32, month: u8, day: u8) -> String {
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests;
