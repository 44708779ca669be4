//! Texts with their placeholders filled, at the moment a message leaves.

use std::cell::Cell;

use journey_spec::Ts;
use journey_spec::locale::{self, Locale};
use journey_spec::program::{Format, Piece, Program, Template, Variant};
use journey_spec::time::{Local, Zone, spelled_date, spelled_duration};
use journey_spec::value::{Data, Value};

use super::values::at_path;

/// About what a value takes of a text, in bytes.
const ABOUT_A_VALUE: usize = 16;

/// A template with the values of the moment. A missing value becomes its `or` text, or nothing. `veil` says what stands in
/// place of a value that is not for every eye.
pub(crate) fn render(
    template: &Template,
    data: &Data,
    profile: &Data,
    reading: &Reading,
    veil: impl Fn(&[String]) -> Option<String>,
) -> String {
    let about = template.0.iter().map(|piece| if let Piece::Text(plain) = piece { plain.len() } else { ABOUT_A_VALUE });
    let mut text = String::with_capacity(about.sum());
    for piece in &template.0 {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Value { path, format, or } => match (veil(path), at_path(path, data, profile)) {
                (_, None) => text.push_str(or.as_deref().unwrap_or_default()),
                (Some(veil), _) => text.push_str(&veil),
                (None, Some(value)) => write(&mut text, value, *format, reading),
            },
        }
    }
    text
}

/// Whether some placeholder's value is not for every eye.
pub(crate) fn is_veiled(template: &Template, veil: impl Fn(&[String]) -> Option<String>) -> bool {
    template.0.iter().any(|piece| matches!(piece, Piece::Value { path, .. } if veil(path).is_some()))
}

/// The language that a customer reads, where it is known.
pub(crate) fn reader(program: &Program, profile: &Data) -> Option<Locale> {
    match profile.get(program.customer.locale.as_ref()?)? {
        Value::Text(tag) => Locale::parse(tag),
        _ => None,
    }
}

/// The language of texts that say none.
pub(crate) fn house(program: &Program) -> Locale {
    Locale::parse(&program.policy.locale).unwrap_or_default()
}

/// The text that a customer reads, subject and body, and the way in which its days and numbers are written: the
/// customer's own in a text of their language, else that of the house.
pub(crate) fn text_for<'p>(
    program: &Program,
    variant: &'p Variant,
    profile: &Data,
) -> (Option<&'p Template>, &'p Template, Locale) {
    let house = house(program);
    if variant.translations.is_empty() {
        return (variant.subject.as_ref(), &variant.body, house);
    }
    let reader = reader(program, profile);
    let tags = variant.translations.iter().map(|t| t.locale.as_str());
    let chosen = locale::choose(reader.as_ref(), &house, tags).and_then(|i| variant.translations.get(i));
    match (chosen, reader) {
        (Some(text), Some(reader)) => (text.subject.as_ref(), &text.body, reader),
        _ => (variant.subject.as_ref(), &variant.body, house),
    }
}

/// How a customer reads a text: in its language, and instants in the likeliest of the zones where they may be, or in UTC
/// where none is known.
pub(crate) struct Reading {
    locale: Locale,
    zone: Zone,
    /// The instant that was written last, there: most texts say one's day and its time.
    last: Cell<Option<(Ts, Local)>>,
    /// The others.
    also: Vec<Zone>,
}

impl Reading {
    /// For a text in this language, and one whose zones are these, the likeliest first.
    pub(crate) fn of(zones: Vec<Zone>, locale: Locale) -> Reading {
        let mut zones = zones.into_iter();
        Reading { locale, zone: zones.next().unwrap_or_else(Zone::utc), last: Cell::new(None), also: zones.collect() }
    }

    /// An instant as it is true in this zone, with the zone's name where it would be another text in another.
    fn write_instant<T: AsRef<str>>(&self, into: &mut String, at: Ts, text: impl Fn(Local) -> T) {
        let here = match self.last.get() {
            Some((last, here)) if last == at => here,
            _ => self.zone.local(at),
        };
        self.last.set(Some((at, here)));
        let plain = text(here);
        into.push_str(plain.as_ref());
        if self.also.iter().any(|zone| text(zone.local(at)).as_ref() != plain.as_ref()) {
            into.push(' ');
            into.push_str(&self.zone.name_at(at));
        }
    }
}

fn write(into: &mut String, value: &Value, format: Format, reading: &Reading) {
    let locale = &reading.locale;
    match (value, format) {
        (Value::Instant(at), Format::Day) => reading.write_instant(into, *at, |at| locale.day_of(at)),
        (Value::Instant(at), Format::Time) => reading.write_instant(into, *at, |at| locale.time_of(at)),
        (Value::Instant(at), Format::Date) => reading.write_instant(into, *at, |at| locale.date_of(at)),
        (Value::Instant(at), Format::Plain) => reading.write_instant(into, *at, |at| locale.instant_of(at)),
        (Value::Date(days), Format::Day) => into.push_str(&locale.calendar_day(*days)),
        (Value::Date(days), _) => into.push_str(&locale.calendar_date(*days)),
        (Value::Number(_), _) => into.push_str(&locale.number(&plain(value, &reading.zone))),
        (Value::Money(amount, currency), _) => into.extend([&locale.number(amount), " ", currency]),
        (Value::Text(text), _) => into.push_str(text),
        (other, _) => into.push_str(&plain(other, &reading.zone)),
    }
}

/// A value without regard to any reader's language: for keys, and for the house's own eyes.
pub(crate) fn plain(value: &Value, zone: &Zone) -> String {
    match value {
        Value::Missing | Value::Record(_) => String::new(),
        Value::Text(text) => text.clone(),
        Value::Places(names) => names.join(", "),
        // Adding zero turns -0 into 0; Rust writes a whole number without a fraction.
        Value::Number(number) => format!("{}", number + 0.0),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Instant(at) => format!("{} {}", zone.date(*at), zone.time(*at)),
        Value::Date(days) => spelled_date(*days),
        Value::Duration(ms) => spelled_duration(*ms),
        Value::Money(amount, currency) => format!("{amount} {currency}"),
    }
}
