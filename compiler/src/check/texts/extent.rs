//! How long a text can become, and how short: each placeholder at its longest and its shortest, by type and format.
//!
//! | placeholder | counts at most |
//! |---|---|
//! | `text(n)` | n characters, any |
//! | `text` | 500 characters, any; or [`USUAL`] where what is usual is asked |
//! | one of a set, yes or no, an instant, a date | its longest writing in the language of the text |
//! | a number | 20 characters; an amount 24, a telephone number 24, a duration 24, a zone 32, a language 35 |
//! | an instant, zones, where the longest that can ever be is asked | the name of the clock besides; 50 zones |
//! | an e-mail address | 254 characters, any |
//!
//! Where what is usual is asked, a character is a letter of any language; emoji and rare letters take twice as much.

use std::collections::{BTreeMap, BTreeSet};

use journey_spec::Type;
use journey_spec::locale::Locale;
use journey_spec::program::{DAY, Format, HOUR, Journey, MINUTE, Piece, Program, Template};
use journey_spec::time::Zone;
use journey_spec::types::DEFAULT_TEXT_MAX;

use super::segments::septets;

/// What a `text` that says no maximum of its own counts for where nothing is to be said of the usual: a name or a place
/// has so many characters at most.
pub(super) const USUAL: u32 = 40;

/// The name of the clock that is meant, behind an instant about which the zones of a customer disagree: ` UTC+12:45`.
const CLOCK: u64 = 10;

/// A list of as many zones as one customer may be in.
const PLACES: u64 = 34 * journey_spec::places::MOST_PLACES as u64;

/// How long a text is, in everything in which a channel may count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// Characters.
    pub(super) chars: u64,
    /// UTF-16 units.
    pub(super) units: u64,
    /// Bytes of UTF-8.
    pub(super) bytes: u64,
    /// Septets, where it is in the small alphabet.
    pub(super) septets: u64,
    /// Whether every character is in the small alphabet of text messages.
    pub(super) small: bool,
    /// Whether some character takes two units or septets.
    pub(super) doubles: bool,
}

impl Extent {
    const NOTHING: Extent = Extent { chars: 0, units: 0, bytes: 0, septets: 0, small: true, doubles: false };

    pub(super) fn of(text: &str) -> Extent {
        let mut extent = Extent::NOTHING;
        for c in text.chars() {
            let septets = septets(c);
            extent = extent.and(&Extent {
                chars: 1,
                units: c.len_utf16() as u64,
                bytes: c.len_utf8() as u64,
                septets: septets.unwrap_or(2),
                small: septets.is_some(),
                doubles: septets == Some(2) || c.len_utf16() == 2,
            });
        }
        extent
    }

    /// Text of these characters, each as large as one can be.
    fn any(chars: u64) -> Extent {
        Extent { chars, units: chars * 2, bytes: chars * 4, septets: chars * 2, small: false, doubles: true }
    }

    /// Text of these characters, of which none is in the small alphabet and none of the rare ones that take two units.
    fn usual(chars: u64) -> Extent {
        Extent { chars, units: chars, bytes: chars * 3, septets: chars, small: false, doubles: false }
    }

    /// Letters and digits.
    fn plain(chars: u64) -> Extent {
        Extent { chars, units: chars, bytes: chars, septets: chars, small: true, doubles: false }
    }

    /// One after the other.
    fn and(self, other: &Extent) -> Extent {
        Extent {
            chars: self.chars + other.chars,
            units: self.units + other.units,
            bytes: self.bytes + other.bytes,
            septets: self.septets + other.septets,
            small: self.small && other.small,
            doubles: self.doubles || other.doubles,
        }
    }

    /// The longer in each.
    fn or(self, other: &Extent) -> Extent {
        Extent {
            chars: self.chars.max(other.chars),
            units: self.units.max(other.units),
            bytes: self.bytes.max(other.bytes),
            septets: self.septets.max(other.septets),
            small: self.small && other.small,
            doubles: self.doubles || other.doubles,
        }
    }

    /// The shorter in each.
    fn least(self, other: &Extent) -> Extent {
        Extent {
            chars: self.chars.min(other.chars),
            units: self.units.min(other.units),
            bytes: self.bytes.min(other.bytes),
            septets: self.septets.min(other.septets),
            small: self.small || other.small,
            doubles: self.doubles && other.doubles,
        }
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Count {
    /// The longest that can be.
    Longest,
    /// The longest with letters of any language, where a `text` without a maximum of its own has [`USUAL`] of them.
    Usual,
    /// The same with values of the small alphabet.
    Small,
    /// The shortest that can be.
    Shortest,
}

/// Measures texts; remembers what it found out about languages.
pub(super) struct Measure<'p> {
    program: &'p Program,
    written: BTreeMap<(String, bool, u8), (Extent, Extent)>,
    /// Of a language's regions, one for each way of writing days and times.
    ways: BTreeMap<String, Vec<Locale>>,
}

impl<'p> Measure<'p> {
    pub(super) fn new(program: &'p Program) -> Measure<'p> {
        Measure { program, written: BTreeMap::new(), ways: BTreeMap::new() }
    }

    /// A text's extent, written in `locale`, or in any region of its language, when this journey sends it.
    pub(super) fn text(
        &mut self,
        text: &Template,
        journey: &Journey,
        locale: &Locale,
        regions: bool,
        count: Count,
    ) -> Extent {
        let mut extent = Extent::NOTHING;
        for piece in &text.0 {
            extent = extent.and(&match piece {
                Piece::Text(plain) => Extent::of(plain),
                Piece::Value { path, format, or } => {
                    let ty = type_at(self.program, journey, path);
                    let value =
                        ty.map_or(Extent::NOTHING, |t| self.value(t.required(), *format, locale, regions, count));
                    match or.as_deref().map(Extent::of) {
                        Some(or) if count == Count::Shortest => value.least(&or),
                        Some(or) => value.or(&or),
                        None => value,
                    }
                }
            });
        }
        extent
    }

    fn value(&mut self, ty: &Type, format: Format, locale: &Locale, regions: bool, count: Count) -> Extent {
        if count == Count::Shortest {
            return match ty {
                Type::Instant | Type::Date => self.written(ty, format, locale, regions).1,
                Type::OneOf(names) => {
                    names.iter().map(|n| Extent::of(n)).reduce(|a, b| a.least(&b)).unwrap_or(Extent::NOTHING)
                }
                Type::Bool => Extent::plain(2),
                _ => Extent::NOTHING,
            };
        }
        let any = |chars: u64| match count {
            Count::Small => Extent::plain(chars),
            Count::Usual => Extent::usual(chars),
            Count::Longest | Count::Shortest => Extent::any(chars),
        };
        match ty {
            Type::Text { max } if *max == DEFAULT_TEXT_MAX && count != Count::Longest => any(USUAL.into()),
            Type::Text { max } => any((*max).into()),
            Type::Email => any(254),
            Type::Number => Extent::plain(20),
            Type::Money | Type::Phone | Type::Duration => Extent::plain(24),
            Type::Zone if count == Count::Longest => Extent::plain(PLACES),
            Type::Zone => Extent::plain(32),
            Type::Channel => Extent::plain(8),
            Type::Locale => Extent::plain(35),
            Type::Bool => Extent::plain(3),
            Type::OneOf(names) => names.iter().map(|n| Extent::of(n)).fold(Extent::NOTHING, |a, b| a.or(&b)),
            Type::Instant if count == Count::Longest => {
                self.written(ty, format, locale, regions).0.and(&Extent::plain(CLOCK))
            }
            Type::Instant | Type::Date => self.written(ty, format, locale, regions).0,
            Type::Record(_) | Type::Optional(_) => Extent::NOTHING,
        }
    }

    /// The regions of a language, without those that write every month and the time as one before them does.
    fn ways(&mut self, locale: &Locale) -> Vec<Locale> {
        if let Some(known) = self.ways.get(&locale.tag()) {
            return known.clone();
        }
        let utc = Zone::utc();
        let months: Vec<_> = Locale::telling_days().into_iter().step_by(7).collect();
        let mut seen = BTreeSet::new();
        let looks = |locale: &Locale| -> Vec<String> {
            let locale = locale.writer();
            let times = (0..24).step_by(11).map(|hour| hour * HOUR + 59 * MINUTE);
            months.iter().map(|day| locale.day(&utc, *day)).chain(times.map(|at| locale.time(&utc, at))).collect()
        };
        let ways: Vec<Locale> = locale.in_every_region().filter(|locale| seen.insert(looks(locale))).collect();
        self.ways.insert(locale.tag(), ways.clone());
        ways
    }

    /// The longest and the shortest writing of an instant or a date.
    fn written(&mut self, ty: &Type, format: Format, locale: &Locale, regions: bool) -> (Extent, Extent) {
        // A date has no time of day.
        let format = match (ty, format) {
            (Type::Date, Format::Plain | Format::Time) => Format::Date,
            (_, format) => format,
        };
        let key = (locale.tag(), regions, format as u8);
        if let Some(known) = self.written.get(&key) {
            return *known;
        }
        let utc = Zone::utc();
        let days = Locale::telling_days();
        let times: Vec<_> = (0..24).map(|hour| hour * HOUR + 59 * MINUTE).collect();
        let mut extents: Option<(Extent, Extent)> = None;
        let locales = if regions { self.ways(locale) } else { vec![locale.clone()] };
        for locale in locales {
            let locale = locale.writer();
            let of = |texts: &mut dyn Iterator<Item = String>| {
                let all: Vec<Extent> = texts.map(|t| Extent::of(&t)).collect();
                let longest = all.iter().fold(Extent::NOTHING, |a, b| a.or(b));
                (longest, all.into_iter().reduce(|a, b| a.least(&b)).unwrap_or(Extent::NOTHING))
            };
            // A day of one figure is shorter, and in the same days a month later.
            let short = days.iter().map(|day| day - 19 * DAY);
            let date = || of(&mut days.iter().copied().chain(short.clone()).map(|at| locale.date(&utc, at)));
            let time = || of(&mut times.iter().map(|at| locale.time(&utc, *at)));
            let here = match format {
                Format::Day => of(&mut days.iter().copied().chain(short.clone()).map(|at| locale.day(&utc, at))),
                Format::Date => date(),
                Format::Time => time(),
                Format::Plain => {
                    let blank = Extent::plain(1);
                    let ((long_date, short_date), (long_time, short_time)) = (date(), time());
                    (long_date.and(&blank).and(&long_time), short_date.and(&blank).and(&short_time))
                }
            };
            extents = Some(match extents {
                None => here,
                Some((long, short)) => (long.or(&here.0), short.least(&here.1)),
            });
        }
        let extents = extents.unwrap_or((Extent::NOTHING, Extent::NOTHING));
        self.written.insert(key, extents);
        extents
    }
}

/// The type to which a placeholder's path leads: in the customer's record, or in a journey's data.
pub(in crate::check) fn type_at<'p>(program: &'p Program, journey: &'p Journey, path: &[String]) -> Option<&'p Type> {
    let (first, rest) = path.split_first()?;
    let (mut fields, rest) = match first.as_str() {
        "customer" => (&program.customer.fields, rest),
        _ => (&journey.data, path),
    };
    let mut found = None;
    for name in rest {
        let ty = &fields.iter().find(|f| f.name == *name)?.ty;
        found = Some(ty);
        if let Type::Record(record) = ty.required()
            && let Some(inner) = program.records.get(record)
        {
            fields = inner;
        }
    }
    found
}
