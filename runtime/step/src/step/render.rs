//! Texts with their placeholders filled, at the moment a message leaves.

use journey_spec::program::{Format, Piece, Template};
use journey_spec::time::{Zone, spelled_date, spelled_duration};
use journey_spec::value::{Data, Value};

use super::values::at_path;

/// A template with the values of the moment. A missing value becomes its `or` text, or nothing. `veil` says what stands in
/// place of a value that is not for every eye.
pub(crate) fn render(
    template: &Template,
    data: &Data,
    profile: &Data,
    reading: &Reading,
    veil: impl Fn(&[String]) -> Option<String>,
) -> String {
    let mut text = String::new();
    for piece in &template.0 {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Value { path, format, or } => match at_path(path, data, profile) {
                Some(value) => {
                    let shown = veil(path).unwrap_or_else(|| formatted(value, *format, reading));
                    text.push_str(&shown);
                }
                None => text.push_str(or.as_deref().unwrap_or_default()),
            },
        }
    }
    text
}

/// Whether some placeholder needs the customer's zone.
pub(crate) fn needs_zone(template: &Template) -> bool {
    template.0.iter().any(|piece| matches!(piece, Piece::Value { .. }))
}

/// How a customer reads instants: in the likeliest of the zones where they may be, or in UTC where none is known.
pub(crate) struct Reading {
    zone: Zone,
    /// The others.
    also: Vec<Zone>,
}

impl Reading {
    /// For one whose zones are these, the likeliest first.
    pub(crate) fn of(zones: Vec<Zone>) -> Reading {
        let mut zones = zones.into_iter();
        Reading { zone: zones.next().unwrap_or_else(Zone::utc), also: zones.collect() }
    }

    /// A text that is true in this zone, with the zone's name where it would be another text in another.
    fn written(&self, at: journey_spec::Ts, text: impl Fn(&Zone) -> String) -> String {
        let plain = text(&self.zone);
        match self.also.iter().all(|zone| text(zone) == plain) {
            true => plain,
            false => format!("{plain} {}", self.zone.name_at(at)),
        }
    }
}

fn formatted(value: &Value, format: Format, reading: &Reading) -> String {
    match (value, format) {
        (Value::Instant(at), Format::Day) => reading.written(*at, |zone| zone.day(*at)),
        (Value::Instant(at), Format::Time) => reading.written(*at, |zone| zone.time(*at)),
        (Value::Instant(at), Format::Date) => reading.written(*at, |zone| zone.date(*at)),
        (Value::Instant(at), Format::Plain) => reading.written(*at, |zone| plain(value, zone)),
        (Value::Date(days), Format::Day) => {
            Zone::utc().day(i64::from(*days).saturating_mul(journey_spec::program::DAY))
        }
        (other, _) => plain(other, &reading.zone),
    }
}

/// A value as is customary for its type.
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
