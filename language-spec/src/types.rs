//! Types of data: what an event, a record or a journey's datum may hold.

use serde::{Deserialize, Serialize};

/// Longest text, in characters, that a `text` without its own maximum may hold.
pub const DEFAULT_TEXT_MAX: u32 = 500;

/// The type of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// Text of at most `max` characters.
    Text {
        /// Greatest length, in characters.
        max: u32,
    },
    /// A finite decimal number.
    Number,
    /// `true` or `false`.
    Bool,
    /// A point on the time line.
    Instant,
    /// A calendar date without a zone.
    Date,
    /// An elapsed time.
    Duration,
    /// A telephone number, kept in E.164 form.
    Phone,
    /// An e-mail address.
    Email,
    /// An amount and its ISO 4217 currency.
    Money,
    /// An IANA time zone name, such as `Europe/London`.
    Zone,
    /// A language, as a BCP 47 tag such as `pt-BR`.
    Locale,
    /// The name of a channel, such as `sms`.
    Channel,
    /// A declared record, by name.
    Record(String),
    /// One of a closed set of names.
    OneOf(Vec<String>),
    /// A value that may be missing.
    Optional(Box<Type>),
}

impl Type {
    /// Whether a value of this type may be missing.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        matches!(self, Type::Optional(_))
    }

    /// The type without its `?`.
    #[must_use]
    pub fn required(&self) -> &Type {
        match self {
            Type::Optional(inner) => inner.required(),
            other => other,
        }
    }

    /// The type as a person writes it in a `.journey` file.
    #[must_use]
    pub fn spelled(&self) -> String {
        match self {
            Type::Text { max } if *max == DEFAULT_TEXT_MAX => "text".into(),
            Type::Text { max } => format!("text({max})"),
            Type::Number => "number".into(),
            Type::Bool => "bool".into(),
            Type::Instant => "instant".into(),
            Type::Date => "date".into(),
            Type::Duration => "duration".into(),
            Type::Phone => "phone".into(),
            Type::Email => "email".into(),
            Type::Money => "money".into(),
            Type::Zone => "zone".into(),
            Type::Channel => "channel".into(),
            Type::Locale => "locale".into(),
            Type::Record(name) => name.clone(),
            Type::OneOf(names) => format!("one of {{ {} }}", names.join(", ")),
            Type::Optional(inner) => format!("{}?", inner.spelled()),
        }
    }
}
