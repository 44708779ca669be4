//! Messages: their texts by channel and language, the answers that they invite, and how long they stay true.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::{Channel, Expr, MINUTE, Millis, Purpose, ServiceId, Window};

/// A text that the customer may get.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Name, as written.
    pub name: CompactString,
    /// Why it is sent.
    pub purpose: Purpose,
    /// One variant a channel, in the order in which they are tried.
    pub variants: Vec<Variant>,
    /// Answers that the message invites, in source order.
    pub replies: Vec<Invitation>,
    /// How long the text stays true.
    pub validity: Validity,
    /// `essential at most N per W`: passes limits and quiet hours, and the checker proves this bound instead, per
    /// instance.
    pub essential: Option<Quota>,
    /// Data that have to be new when the message leaves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fresh: Vec<Fresh>,
}

/// `fresh booking within 15m by call lookup_booking(booking.id)`: a datum that may not be older when the message leaves, and
/// who is asked for it where it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fresh {
    /// The journey's datum, a record.
    pub datum: String,
    /// How long ago it may have been taken over.
    pub within: Millis,
    /// The service that returns such a record.
    pub service: ServiceId,
    /// Arguments, one a parameter.
    pub args: Vec<Expr>,
}

/// How long a service that is asked for a record may take; then it has failed.
pub const LOOKUP: Millis = MINUTE;

/// A message's text on one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// The channel.
    pub channel: Channel,
    /// The subject line, for e-mail with a body.
    pub subject: Option<Template>,
    /// The text itself.
    pub body: Template,
    /// The same in other languages, in source order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub translations: Vec<Translation>,
}

/// A message's text on one channel for those who read a language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Translation {
    /// Whose: a BCP 47 tag such as `es` or `pt-BR`.
    pub locale: String,
    /// The subject line, for e-mail with a body.
    pub subject: Option<Template>,
    /// The text itself.
    pub body: Template,
}

/// Text with placeholders.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Template(pub Vec<Piece>);

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// Text as it stands.
    Text(String),
    /// `{booking.slot:day or "soon"}`.
    Value {
        /// Where the value stands: `customer.…`, or a journey's datum.
        path: Vec<String>,
        /// How it is written.
        format: Format,
        /// What stands in place of a missing value.
        or: Option<String>,
    },
}

/// How a placeholder's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// As is customary for the type.
    Plain,
    /// `Friday 20 March`, in the customer's zone.
    Day,
    /// `09:00`, in the customer's zone.
    Time,
    /// `20 March 2026`, in the customer's zone.
    Date,
}

/// An answer that a message invites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The reply's name, which `on reply NAME` hears.
    pub name: String,
    /// The texts that mean it, folded by [`crate::value::fold_reply`].
    pub words: Vec<String>,
}

/// How long a message stays true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    /// The policy's `valid for`.
    Policy,
    /// `valid for 12h`, from the moment it was decided.
    For(Millis),
    /// `valid until booking.slot`; capped by the policy's `valid for`.
    Until(Expr),
}

/// At most `n` in any such window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// How many.
    pub n: u32,
    /// The window.
    pub per: Window,
}
