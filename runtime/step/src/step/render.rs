//! Texts with their placeholders filled, at the moment a message leaves.

use journey_spec::program::{Format, Piece, Program, Template};
use journey_spec::time::{Zone, spelled_date, spelled_duration};
use journey_spec::value::{Data, Value};

use super::values::at_path;

/// A template with the values of the moment. A missing value becomes its `or` text, or nothing.
pub(crate) fn render(template: &Template, data: &Data, profile: &Data, zone: &Zone) -> String {
    let mut text = String::new();
    for piece in &template.0 {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Value { path, format, or } => match at_path(path, data, profile) {
                Some(value) => text.push_str(&formatted(value, *format, zone)),
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

/// The zone in which a customer reads: their own, or UTC where it is not known.
pub(crate) fn reading_zone(program: &Program, profile: &Data) -> Zone {
    match program.customer.zone.as_ref().and_then(|field| profile.get(field)) {
        Some(Value::Text(name)) => Zone::named(name).unwrap_or_else(Zone::utc),
        _ => Zone::utc(),
    }
}

fn formatted(value: &Value, format: Format, zone: &Zone) -> String {
    match (value, format) {
        (Value::Instant(at), Format::Day) => zone.day(*at),
        (Value::Instant(at), Format::Time) => zone.time(*at),
        (Value::Instant(at), Format::Date) => zone.date(*at),
        (Value::Date(days), Format::Day) => {
            Zone::utc().day(i64::from(*days).saturating_mul(journey_spec::program::DAY))
        }
        (other, _) => plain(other, zone),
    }
}

/// A value as is customary for its type.
pub(crate) fn plain(value: &Value, zone: &Zone) -> String {
    match value {
        Value::Missing | Value::Record(_) => String::new(),
        Value::Text(text) => text.clone(),
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
