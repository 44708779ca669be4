//! Values as scenarios write them.

use std::sync::Arc;

use journey_compiler::ast::{Expr, ExprKind, Name};
use journey_compiler::source::Span;
use journey_spec::Ts;
use journey_spec::program::{DAY, HOUR, MINUTE, SECOND};
use journey_spec::time::{self, Zone, rfc3339, spelled_duration};
use journey_spec::value::{Data, Value};
use serde_json::{Map, Value as Json, json};

/// What values depend on.
pub(super) struct Values<'a> {
    /// The customer's zone: dates and times are local.
    pub(super) zone: &'a Zone,
    /// The counters of the `repeat`s around.
    pub(super) counters: &'a [(String, u32)],
}

/// Why a value is none.
pub(super) struct Misread {
    /// The part concerned.
    pub(super) span: Span,
    /// What is wrong, in words.
    pub(super) problem: String,
}

fn misread(span: Span, problem: impl Into<String>) -> Misread {
    Misread { span, problem: problem.into() }
}

impl Values<'_> {
    /// The value; what is one of a set of names is a text here.
    pub(super) fn value(&self, expr: &Expr) -> Result<Value, Misread> {
        let span = expr.span;
        Ok(match &expr.kind {
            ExprKind::Path(path) => {
                let name = path.text();
                match self.counters.iter().rev().find(|(counter, _)| *counter == name) {
                    Some((_, n)) => Value::Number(f64::from(*n)),
                    None => Value::Text(name),
                }
            }
            ExprKind::Text(text) => Value::Text(text.clone()),
            ExprKind::Texts(texts) => Value::Places(texts.iter().map(|t| t.text.clone()).collect()),
            ExprKind::Number(text) => {
                Value::Number(text.parse().map_err(|_| misread(span, format!("`{text}` is no number")))?)
            }
            ExprKind::Bool(truth) => Value::Bool(*truth),
            ExprKind::Duration(ms) => Value::Duration(*ms),
            ExprKind::Date(text) => {
                Value::Date(time::parse_date(text).ok_or_else(|| misread(span, format!("there is no date {text}")))?)
            }
            ExprKind::DateTime(text) => Value::Instant(self.zone.parse_local(text).ok_or_else(|| {
                misread(span, format!("there is no date and time {text} between the years 1900 and 2200"))
            })?),
            ExprKind::Record(fields) => {
                let read = |(name, expr): &(Name, Expr)| Ok((name.text.clone(), self.value(expr)?));
                Value::Record(Arc::new(fields.iter().map(read).collect::<Result<Data, Misread>>()?))
            }
            ExprKind::Add { left, right, minus } => self.sum(self.value(left)?, right, *minus)?,
            ExprKind::Amount { at: Some(at), .. } => {
                return Err(misread(at.span, "a time of day stands behind days that are added to a date and time"));
            }
            ExprKind::Amount { unit, .. } => match self.amount(expr)? {
                Amount::Days(days) => Value::Duration(days.saturating_mul(DAY)),
                Amount::Elapsed(ms) => Value::Duration(ms),
                Amount::Unknown => return Err(misread(unit.span, format!("`{}` is no unit of time", unit.text))),
            },
        })
    }

    /// The value as an instant; a date means its local midnight.
    pub(super) fn instant(&self, expr: &Expr) -> Result<Ts, Misread> {
        match self.value(expr)? {
            Value::Instant(at) => Ok(at),
            Value::Date(days) => self
                .zone
                .parse_local(&format!("{} 00:00", time::iso_date(days)))
                .ok_or_else(|| misread(expr.span, "this day is outside the years 1900 to 2200")),
            other => Err(misread(expr.span, format!("{} is no date and time", spelled(&other, self.zone)))),
        }
    }

    /// Days are the calendar's in the customer's zone, all else is elapsed time.
    fn sum(&self, left: Value, right: &Expr, minus: bool) -> Result<Value, Misread> {
        let amount = self.amount(right)?;
        let sign = if minus { -1 } else { 1 };
        let clock = match &right.kind {
            ExprKind::Amount { at, .. } => at.as_ref().map(|at| at.value),
            _ => None,
        };
        let outside = || misread(right.span, "this leads out of the years 1900 to 2200");
        match (left, amount) {
            (Value::Instant(at), Amount::Days(days)) if clock.is_some() => {
                let days = i32::try_from(days.saturating_mul(sign)).map_err(|_| outside())?;
                Ok(Value::Instant(self.zone.on_day(at, days, clock)))
            }
            (_, _) if clock.is_some() => Err(misread(right.span, "only a date and time has a time of day")),
            (Value::Instant(at), Amount::Days(days)) => {
                self.zone.plus_days(at, days.saturating_mul(sign)).map(Value::Instant).ok_or_else(outside)
            }
            (Value::Instant(at), Amount::Elapsed(ms)) => Some(at.saturating_add(ms.saturating_mul(sign)))
                .filter(|at| time::RANGE.contains(at))
                .map(Value::Instant)
                .ok_or_else(outside),
            (Value::Date(date), Amount::Days(days)) => i64::from(date)
                .checked_add(days.saturating_mul(sign))
                .and_then(|d| i32::try_from(d).ok())
                .map(Value::Date)
                .ok_or_else(outside),
            (Value::Duration(a), Amount::Elapsed(b)) => Ok(Value::Duration(a.saturating_add(b.saturating_mul(sign)))),
            (_, Amount::Unknown) => {
                Err(misread(right.span, "only a length of time, such as 2h or 3 days, can be added"))
            }
            (left, _) => Err(misread(right.span, format!("nothing can be added to {}", spelled(&left, self.zone)))),
        }
    }

    fn amount(&self, expr: &Expr) -> Result<Amount, Misread> {
        match &expr.kind {
            ExprKind::Duration(ms) => Ok(Amount::Elapsed(*ms)),
            ExprKind::Amount { number, unit, .. } => {
                let n = match self.value(number)? {
                    Value::Number(n) if n.fract() == 0.0 && n.abs() < 1e9 => n as i64,
                    other => {
                        let problem = format!("{} is no whole number", spelled(&other, self.zone));
                        return Err(misread(number.span, problem));
                    }
                };
                Ok(match unit.text.trim_end_matches('s') {
                    "day" => Amount::Days(n),
                    "week" => Amount::Days(n.saturating_mul(7)),
                    "hour" => Amount::Elapsed(n.saturating_mul(HOUR)),
                    "minute" => Amount::Elapsed(n.saturating_mul(MINUTE)),
                    "second" => Amount::Elapsed(n.saturating_mul(SECOND)),
                    _ => Amount::Unknown,
                })
            }
            _ => Ok(Amount::Unknown),
        }
    }
}

enum Amount {
    Days(i64),
    Elapsed(i64),
    Unknown,
}

/// The value as a feed would write it.
pub(super) fn json(value: &Value) -> Json {
    match value {
        Value::Missing => Json::Null,
        Value::Text(text) => json!(text),
        Value::Places(names) => json!(names),
        Value::Number(n) => json!(n),
        Value::Bool(truth) => json!(truth),
        Value::Instant(at) => json!(rfc3339(*at)),
        Value::Date(days) => json!(time::iso_date(*days)),
        Value::Duration(ms) => json!(format!("{ms}ms")),
        Value::Money(amount, currency) => json!(format!("{amount} {currency}")),
        Value::Record(fields) => {
            Json::Object(fields.iter().map(|(name, value)| (name.to_owned(), json(value))).collect::<Map<_, _>>())
        }
    }
}

/// The value as a scenario would write it.
pub(super) fn spelled(value: &Value, zone: &Zone) -> String {
    match value {
        Value::Missing => "nothing".into(),
        Value::Text(text) => format!("\"{text}\""),
        Value::Places(names) => {
            let names: Vec<_> = names.iter().map(|n| format!("\"{n}\"")).collect();
            format!("[{}]", names.join(", "))
        }
        Value::Number(n) => n.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Instant(at) => zone.stamp(*at),
        Value::Date(days) => time::iso_date(*days),
        Value::Duration(ms) => spelled_duration(*ms),
        Value::Money(amount, currency) => format!("\"{amount} {currency}\""),
        Value::Record(fields) => {
            let fields: Vec<_> = fields.iter().map(|(name, v)| format!("{name}: {}", spelled(v, zone))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
    }
}

/// Whether the data holds what the scenario writes. Texts stand for every type that is written as a text, and a
/// telephone number is the same however it is spaced.
pub(super) fn same(data: &Value, written: &Value) -> bool {
    match (data, written) {
        (Value::Money(amount, currency), Value::Text(text)) => *text == format!("{amount} {currency}"),
        (Value::Text(a), Value::Text(b)) => {
            a == b || a.starts_with('+') && b.starts_with('+') && digits(a) == digits(b)
        }
        (Value::Record(a), Value::Record(b)) => {
            // What is not written has to be missing.
            a.iter().all(|(name, value)| match b.get(name) {
                Some(written) => same(value, written),
                None => *value == Value::Missing,
            }) && b.keys().all(|name| a.contains_key(name))
        }
        (a, b) => a == b,
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
