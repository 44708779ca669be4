//! Conditions, and where a state goes on at once.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Ask, Expr, StateId};
use crate::time::{iso_date, rfc3339, spelled_days, spelled_duration};
use crate::value::Value;

/// What has to hold for an arrow to be taken.
///
/// A comparison with a value that is not there neither holds nor fails; an arrow is taken only where its condition holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cond {
    /// `booking.slot > now + 2h`
    Compare {
        /// The left side.
        left: Expr,
        /// How both are compared.
        by: Cmp,
        /// The right side, of the same type.
        right: Expr,
    },
    /// `booking.kind is repair`, of one of a closed set of names.
    Named {
        /// The value.
        value: Expr,
        /// The name.
        name: String,
    },
    /// A value that is true or false, by itself.
    Holds(Expr),
    /// `booking.engineer is known`
    Known(Vec<String>),
    /// `not …`
    Not(Box<Cond>),
    /// `… and …`
    All(Vec<Cond>),
    /// `… or …`
    Any(Vec<Cond>),
}

/// How two values are compared. `is not` is a [`Cond::Not`] of [`Cmp::Is`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cmp {
    /// `is`
    Is,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

impl Cmp {
    /// The comparison with its sides changed: `a < b` is `b > a`.
    #[must_use]
    pub fn turned(self) -> Cmp {
        match self {
            Cmp::Is => Cmp::Is,
            Cmp::Less => Cmp::More,
            Cmp::AtMost => Cmp::AtLeast,
            Cmp::More => Cmp::Less,
            Cmp::AtLeast => Cmp::AtMost,
        }
    }

    /// As it is written.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Cmp::Is => "is",
            Cmp::Less => "<",
            Cmp::AtMost => "<=",
            Cmp::More => ">",
            Cmp::AtLeast => ">=",
        }
    }
}

/// Where a state goes on at once, one way of several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Branch {
    /// `choose { when C -> S … else -> U }`: the first whose condition holds; the last has none.
    When(Vec<(Option<Cond>, StateId)>),
    /// `choose booking.kind { repair -> S … }`: the way of this name, `true` and `false` for a bool, `missing` where
    /// there is no value. The last is also taken where the directory has not told a value of the customer's yet.
    Value {
        /// The value.
        of: Vec<String>,
        /// Every name that it can have.
        ways: Vec<(String, StateId)>,
    },
    /// `choose triage(complaint) { simple -> S … }`: the way of what a hook says.
    Hook {
        /// The hook that is asked.
        ask: Ask,
        /// Every name that it may say.
        ways: Vec<(String, StateId)>,
    },
    /// `split by customer { 45% -> S … }`: parts of a hundred, by [`bucket`].
    Split(Vec<(u32, StateId)>),
}

impl Branch {
    /// Every way with what leads there, in words: `booking.kind is repair`, `else`, `45%`.
    #[must_use]
    pub fn ways(&self) -> Vec<(String, StateId)> {
        match self {
            Branch::When(ways) => {
                let word = |c: &Option<Cond>| c.as_ref().map_or_else(|| "else".into(), Cond::to_string);
                ways.iter().map(|(c, to)| (word(c), *to)).collect()
            }
            Branch::Value { of, ways } => {
                ways.iter().map(|(name, to)| (format!("{} is {name}", of.join(".")), *to)).collect()
            }
            Branch::Hook { ask, ways } => ways.iter().map(|(name, to)| (format!("{ask} is {name}"), *to)).collect(),
            Branch::Split(ways) => ways.iter().map(|(percent, to)| (format!("{percent}%"), *to)).collect(),
        }
    }
}

/// The part of a hundred, 0 to 99, in which a customer falls in the split of a state: the first eight bytes of SHA-256
/// over journey, line feed, state, line feed, customer id, read as a big-endian number n, give `floor(n * 100 / 2^64)`.
#[must_use]
pub fn bucket(journey: &str, state: &str, customer: &str) -> u32 {
    let digest = Sha256::digest(format!("{journey}\n{state}\n{customer}").as_bytes());
    let n = digest.iter().take(8).fold(0_u128, |n, byte| (n << 8) | u128::from(*byte));
    u32::try_from((n * 100) >> 64).unwrap_or(0)
}

impl fmt::Display for Cond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cond::Compare { left, by, right } => write!(f, "{left} {} {right}", by.sign()),
            Cond::Named { value, name } => write!(f, "{value} is {name}"),
            Cond::Holds(value) => write!(f, "{value}"),
            Cond::Known(path) => write!(f, "{} is known", path.join(".")),
            Cond::Not(inner) => match &**inner {
                Cond::Compare { left, by: Cmp::Is, right } => write!(f, "{left} is not {right}"),
                Cond::Named { value, name } => write!(f, "{value} is not {name}"),
                Cond::Known(path) => write!(f, "{} is missing", path.join(".")),
                Cond::All(_) | Cond::Any(_) => write!(f, "not ({inner})"),
                _ => write!(f, "not {inner}"),
            },
            Cond::All(all) => joined(f, all, " and ", |c| matches!(c, Cond::Any(_))),
            Cond::Any(any) => joined(f, any, " or ", |_| false),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, all: &[Cond], by: &str, in_brackets: fn(&Cond) -> bool) -> fmt::Result {
    for (i, one) in all.iter().enumerate() {
        let joint = if i > 0 { by } else { "" };
        match in_brackets(one) {
            true => write!(f, "{joint}({one})")?,
            false => write!(f, "{joint}{one}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Literal(value) => f.write_str(&written(value)),
            Expr::Path(path) => f.write_str(&path.join(".")),
            Expr::Now => f.write_str("now"),
            Expr::Offset { base, by } if *by < 0 => write!(f, "{base} - {}", spelled_duration(by.saturating_neg())),
            Expr::Offset { base, by } => write!(f, "{base} + {}", spelled_duration(*by)),
            Expr::Calendar { base, days, minute } => {
                let sign = if *days < 0 { '-' } else { '+' };
                write!(f, "{base} {sign} {}", spelled_days(days.unsigned_abs(), *minute))
            }
        }
    }
}

/// A value as a person writes it in a `.journey` file.
fn written(value: &Value) -> String {
    match value {
        Value::Missing => "missing".into(),
        Value::Text(text) => format!("\"{text}\""),
        Value::Number(n) => n.to_string(),
        Value::Bool(yes) => yes.to_string(),
        Value::Instant(at) => rfc3339(*at),
        Value::Date(days) => iso_date(*days),
        Value::Duration(ms) => spelled_duration(*ms),
        Value::Money(amount, currency) => format!("\"{amount} {currency}\""),
        Value::Places(names) => {
            format!("[{}]", names.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", "))
        }
        Value::Record(_) => "{ … }".into(),
    }
}
