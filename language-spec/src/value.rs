//! Data itself, and how it comes in from JSON.

mod data;
mod replies;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::locale::Locale;
use crate::places;
use crate::program::{Channel, Field, Millis};
use crate::time::{self, Ts};
use crate::types::Type;

pub use data::Data;
pub use replies::{fold_reply, is_folded_opt_out, is_opt_out, is_plain_opt_out};

/// A value of the language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Nothing, where the type allows it.
    Missing,
    /// Text, a phone number, an e-mail address, a zone, a channel, or the name of one of a set.
    Text(String),
    /// A finite number.
    Number(f64),
    /// Yes or no.
    Bool(bool),
    /// An instant, in milliseconds since the epoch.
    Instant(Ts),
    /// Days since 1970-01-01.
    Date(i32),
    /// Elapsed milliseconds.
    Duration(Millis),
    /// An amount: a decimal number as text, and an ISO 4217 currency.
    Money(String, String),
    /// Several time zones or countries, where a customer may be.
    Places(Vec<String>),
    /// A record's fields, in one place however many hold them.
    Record(Arc<Data>),
}

/// A number for the house's own eyes: what would take hundreds of digits, which a hook may well say, is told with its power of
/// ten.
#[must_use]
pub fn number_in_brief(number: f64) -> String {
    // Adding zero turns -0 into 0.
    let (number, size) = (number + 0.0, number.abs());
    if size == 0.0 || (1e-7..1e21).contains(&size) { number.to_string() } else { format!("{number:e}") }
}

impl Value {
    /// The value at `path` inside this one; `None` where a step leads nowhere.
    #[must_use]
    pub fn at(&self, path: &[String]) -> Option<&Value> {
        match path.split_first() {
            None => Some(self),
            Some((first, rest)) => match self {
                Value::Record(fields) => fields.get(first)?.at(rest),
                _ => None,
            },
        }
    }
}

/// The value at `path` in named values.
#[must_use]
pub fn lookup<'a>(data: &'a Data, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    data.get(first)?.at(rest)
}

/// Why JSON does not fit a declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Where, as a dotted path.
    pub path: String,
    /// What is wrong, in words.
    pub problem: String,
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.path.is_empty() { write!(f, "{}", self.problem) } else { write!(f, "`{}` {}", self.path, self.problem) }
    }
}

/// Reads a JSON object as the fields that a declaration names. Fields that it does not name are left out: a feed may
/// know more than a journey needs.
///
/// # Errors
/// The first field that is missing or does not fit, in declaration order.
pub fn fields_from_json(json: &Json, fields: &[Field], records: &BTreeMap<String, Vec<Field>>) -> Result<Data, Misfit> {
    read_fields(json, fields, records, "")
}

/// Named values as a feed writes them: what [`fields_from_json`] reads.
#[must_use]
pub fn fields_to_json(data: &Data) -> Json {
    data.iter().map(|(name, value)| (name.to_owned(), to_json(value))).collect::<serde_json::Map<_, _>>().into()
}

/// A value as a feed writes it.
#[must_use]
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Missing => Json::Null,
        Value::Text(text) => Json::from(text.as_str()),
        Value::Places(names) => Json::from(names.as_slice()),
        Value::Number(number) => Json::from(*number),
        Value::Bool(truth) => Json::from(*truth),
        Value::Instant(at) => Json::from(time::rfc3339(*at)),
        Value::Date(days) => Json::from(time::iso_date(*days)),
        Value::Duration(ms) => Json::from(format!("{ms}ms")),
        Value::Money(amount, currency) => Json::from(format!("{amount} {currency}")),
        Value::Record(fields) => fields_to_json(fields),
    }
}

fn read_fields(
    json: &Json,
    fields: &[Field],
    records: &BTreeMap<String, Vec<Field>>,
    path: &str,
) -> Result<Data, Misfit> {
    let Json::Object(object) = json else {
        return Err(misfit(path, "should be an object with fields"));
    };
    let mut data = Data::new();
    for field in fields {
        let inner = if path.is_empty() { field.name.clone() } else { format!("{path}.{}", field.name) };
        let value = read(object.get(&field.name).unwrap_or(&Json::Null), &field.ty, records, &inner)?;
        data.insert(field.name.as_str(), value);
    }
    Ok(data)
}

fn read(json: &Json, ty: &Type, records: &BTreeMap<String, Vec<Field>>, path: &str) -> Result<Value, Misfit> {
    if json.is_null() {
        return if ty.is_optional() { Ok(Value::Missing) } else { Err(misfit(path, "is missing")) };
    }
    let wrong = || misfit(path, &format!("should be {}", expectation(ty.required())));
    let text = || json.as_str().ok_or_else(wrong);
    Ok(match ty.required() {
        Type::Text { max } => {
            let text = text()?;
            if text.chars().count() > *max as usize {
                return Err(misfit(path, &format!("is longer than {max} characters")));
            }
            Value::Text(text.into())
        }
        Type::Number => Value::Number(json.as_f64().filter(|n| n.is_finite()).ok_or_else(wrong)?),
        Type::Bool => Value::Bool(json.as_bool().ok_or_else(wrong)?),
        Type::Instant => Value::Instant(time::parse_rfc3339(text()?).ok_or_else(wrong)?),
        Type::Date => Value::Date(time::parse_date(text()?).ok_or_else(wrong)?),
        Type::Duration => Value::Duration(time::parse_duration(text()?).ok_or_else(wrong)?),
        Type::Phone => Value::Text(text()?.trim().into()),
        Type::Email => {
            let text = text()?.trim();
            let fits = text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'))
                && !text.contains(char::is_whitespace);
            Value::Text(Some(text).filter(|_| fits).ok_or_else(wrong)?.into())
        }
        Type::Zone => match json {
            Json::Array(names) => place_list(names).ok_or_else(wrong)?,
            _ => Value::Text(Some(text()?).filter(|name| places::is_place(name)).ok_or_else(wrong)?.into()),
        },
        Type::Locale => Value::Text(Locale::parse(text()?).ok_or_else(wrong)?.tag()),
        Type::Channel => {
            let channel = Channel::named(text()?).ok_or_else(wrong)?;
            Value::Text(channel.name().into())
        }
        Type::Money => {
            let (amount, currency) = text()?.split_once(' ').ok_or_else(wrong)?;
            let fits = amount.parse::<f64>().is_ok_and(f64::is_finite)
                && currency.len() == 3
                && currency.chars().all(|c| c.is_ascii_uppercase());
            if !fits {
                return Err(wrong());
            }
            Value::Money(amount.into(), currency.into())
        }
        Type::OneOf(names) => {
            let text = text()?;
            Value::Text(names.iter().find(|n| *n == text).ok_or_else(wrong)?.clone())
        }
        Type::Record(name) => {
            let fields = records.get(name).map(Vec::as_slice).unwrap_or_default();
            Value::Record(Arc::new(read_fields(json, fields, records, path)?))
        }
        Type::Optional(_) => return Err(wrong()),
    })
}

/// Zones and countries, each once; one alone stands for itself.
fn place_list(names: &[Json]) -> Option<Value> {
    let mut all: Vec<String> = Vec::new();
    for name in names.iter().take(places::MOST_PLACES + 1) {
        let name = name.as_str().filter(|name| places::is_place(name))?;
        if !all.iter().any(|known| known == name) {
            all.push(name.into());
        }
    }
    match all.as_slice() {
        [] => None,
        [one] => Some(Value::Text(one.clone())),
        _ if names.len() > places::MOST_PLACES => None,
        _ => Some(Value::Places(all)),
    }
}

fn misfit(path: &str, problem: &str) -> Misfit {
    Misfit { path: path.into(), problem: problem.into() }
}

fn expectation(ty: &Type) -> String {
    match ty {
        Type::Text { .. } => "a text".into(),
        Type::Number => "a number".into(),
        Type::Bool => "true or false".into(),
        Type::Instant => "an instant such as \"2026-03-02T10:00:00Z\", between the years 1900 and 2200".into(),
        Type::Date => "a date such as \"2026-03-20\"".into(),
        Type::Duration => "a duration such as \"15m\"".into(),
        Type::Phone => "a phone number such as \"+44 7700 900123\"".into(),
        Type::Email => "an e-mail address".into(),
        Type::Money => "an amount such as \"12.30 GBP\"".into(),
        Type::Locale => "a language such as \"es\" or \"pt-BR\"".into(),
        Type::Zone => {
            "a time zone such as \"Europe/London\", a country's code such as \"US\", or a list of several".into()
        }
        Type::Channel => format!("a channel, one of {}", Channel::ALL.map(Channel::name).join(", ")),
        Type::OneOf(names) => format!("one of {}", names.join(", ")),
        Type::Record(name) => format!("an object with the fields of `{name}`"),
        Type::Optional(inner) => expectation(inner),
    }
}
