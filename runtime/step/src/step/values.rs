//! Expressions, and keys.

use journey_spec::Ts;
use journey_spec::program::Expr;
use journey_spec::value::{Data, Value, lookup};

use crate::customer::later;

/// The value at a path: `customer.…` in the profile, anything else in the journey's data.
pub(crate) fn at_path<'a>(path: &[String], data: &'a Data, profile: &'a Data) -> Option<&'a Value> {
    match path.split_first() {
        Some((first, rest)) if first == "customer" => lookup(profile, rest),
        _ => lookup(data, path),
    }
    .filter(|v| !matches!(v, Value::Missing))
}

/// An expression's value; `None` where something is missing.
pub(crate) fn eval(expr: &Expr, data: &Data, profile: &Data) -> Option<Value> {
    match expr {
        Expr::Literal(value) => Some(value.clone()),
        Expr::Path(path) => at_path(path, data, profile).cloned(),
        Expr::Offset { .. } => instant(expr, data, profile).map(Value::Instant),
        // Only conditions and `set` know the time: `Asked::value`.
        Expr::Now => None,
    }
}

/// An expression's instant; `None` where something is missing or is none.
pub(crate) fn instant(expr: &Expr, data: &Data, profile: &Data) -> Option<Ts> {
    let value = match expr {
        Expr::Literal(value) => value,
        Expr::Path(path) => at_path(path, data, profile)?,
        Expr::Offset { base, by } => return instant(base, data, profile).map(|at| later(at, *by)),
        Expr::Now => return None,
    };
    match value {
        Value::Instant(at) => Some(*at),
        _ => None,
    }
}

/// A key's value as text; `None` where it is missing or empty, since what has no name cannot be told from others.
pub(crate) fn key_text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Missing | Value::Record(_) => None,
        Value::Text(text) => Some(text).filter(|t| !t.trim().is_empty()).cloned(),
        other => Some(super::render::plain(other, &journey_spec::time::Zone::utc())),
    }
}

/// Whether a key's value is this text.
pub(crate) fn is_key(value: Option<&Value>, key: &str) -> bool {
    match value {
        Some(Value::Text(text)) => text == key,
        other => key_text(other).as_deref() == Some(key),
    }
}

/// An expression as a person writes it.
pub(crate) fn spelled(expr: &Expr) -> String {
    match expr {
        Expr::Literal(value) => super::render::plain(value, &journey_spec::time::Zone::utc()),
        Expr::Path(path) => path.join("."),
        Expr::Now => "now".into(),
        Expr::Offset { base, by } => {
            let sign = if *by < 0 { '-' } else { '+' };
            format!("{} {sign} {}", spelled(base), journey_spec::time::spelled_duration(by.saturating_abs()))
        }
    }
}
