//! Expressions, and keys.

use compact_str::CompactString;
use journey_spec::Ts;
use journey_spec::program::{DAY, Expr, MINUTE, Millis, Program};
use journey_spec::time::{spelled_days, spelled_duration};
use journey_spec::value::{Data, Value, lookup};

use crate::customer::later;
use crate::ledger::zones_of_profile;

/// The value at a path: `customer.…` in the profile, anything else in the journey's data.
pub(crate) fn at_path<'a>(path: &[String], data: &'a Data, profile: &'a Data) -> Option<&'a Value> {
    match path.split_first() {
        Some((first, rest)) if first == "customer" => lookup(profile, rest),
        _ => lookup(data, path),
    }
    .filter(|v| !matches!(v, Value::Missing))
}

/// An expression's value; `None` where something is missing.
pub(crate) fn eval(program: &Program, expr: &Expr, data: &Data, profile: &Data) -> Option<Value> {
    match expr {
        Expr::Literal(value) => Some(value.clone()),
        Expr::Path(path) => at_path(path, data, profile).cloned(),
        Expr::Offset { .. } | Expr::Calendar { .. } => instant(program, expr, data, profile).map(Value::Instant),
        // Only conditions and `set` know the time: `Asked::value`.
        Expr::Now => None,
    }
}

/// An expression's instant; `None` where something is missing or is none.
///
/// Calendar days are those of the customer's zone. Of several zones the one in which the instant comes first says so:
/// an instant is what something has to happen by. Where no zone is known, it is the earliest that any zone would say.
pub(crate) fn instant(program: &Program, expr: &Expr, data: &Data, profile: &Data) -> Option<Ts> {
    let value = match expr {
        Expr::Literal(value) => value,
        Expr::Path(path) => at_path(path, data, profile)?,
        Expr::Offset { base, by } => return instant(program, base, data, profile).map(|at| later(at, *by)),
        Expr::Now => return None,
        Expr::Calendar { base, days, minute } => {
            let at = instant(program, base, data, profile)?;
            return Some(on_day(program, at, *days, *minute, profile));
        }
    };
    match value {
        Value::Instant(at) => Some(*at),
        _ => None,
    }
}

/// An instant moved by calendar days, where the customer is.
pub(crate) fn on_day(program: &Program, at: Ts, days: i32, minute: Option<u16>, profile: &Data) -> Ts {
    let zones = zones_of_profile(program, profile);
    let first = zones.iter().map(|zone| zone.on_day(at, days, minute)).min();
    first.unwrap_or_else(|| {
        let by = Millis::from(days).saturating_mul(DAY);
        let minute = minute.map_or(0, |m| Millis::from(m).saturating_mul(MINUTE).saturating_sub(DAY));
        later(at, by.saturating_add(minute))
    })
}

/// When `after 1 day at 09:00` falls due. Of several zones the one in which it comes last says so: nobody is hurried.
/// Where no zone is known, a day more is waited out, which is as late as it can be in any.
pub(crate) fn days_after(program: &Program, entered: Ts, days: u32, minute: u16, profile: &Data) -> Ts {
    let whole = i32::try_from(days).unwrap_or(i32::MAX);
    let zones = zones_of_profile(program, profile);
    let last = zones.iter().map(|zone| zone.on_day(entered, whole, Some(minute))).max();
    let anywhere = || later(entered, Millis::from(days).saturating_add(1).saturating_mul(DAY));
    // A timer that takes no time would make a step without end.
    last.unwrap_or_else(anywhere).max(later(entered, 1))
}

/// A key's value as text; `None` where it is missing or empty, since what has no name cannot be told from others.
pub(crate) fn key_text(value: Option<&Value>) -> Option<CompactString> {
    match value? {
        Value::Missing | Value::Record(_) => None,
        Value::Text(text) => Some(text.as_str()).filter(|t| !t.trim().is_empty()).map(Into::into),
        other => Some(super::render::plain(other, &journey_spec::time::Zone::utc()).into()),
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
pub(crate) fn spelled(expr: &Expr) -> CompactString {
    let mut text = CompactString::default();
    spell(expr, &mut text);
    text
}

fn spell(expr: &Expr, into: &mut CompactString) {
    let sign = |minus: bool| if minus { " - " } else { " + " };
    match expr {
        Expr::Literal(value) => into.push_str(&super::render::plain(value, &journey_spec::time::Zone::utc())),
        Expr::Path(path) => {
            for (n, part) in path.iter().enumerate() {
                into.push_str(if n == 0 { "" } else { "." });
                into.push_str(part);
            }
        }
        Expr::Now => into.push_str("now"),
        Expr::Offset { base, by } => {
            spell(base, into);
            into.push_str(sign(*by < 0));
            into.push_str(&spelled_duration(by.saturating_abs()));
        }
        Expr::Calendar { base, days, minute } => {
            spell(base, into);
            into.push_str(sign(*days < 0));
            into.push_str(&spelled_days(days.unsigned_abs(), *minute));
        }
    }
}
