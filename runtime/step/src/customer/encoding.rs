//! A customer's state as bytes: dense, since a store reads and writes it for each event.
//!
//! The first byte says how the rest is written. [`WHOLE`] is postcard's form of [`Customer`], without names: whoever adds or
//! moves a field takes another first byte and goes on reading this one. [`DENSE`] is the same without the last field, quiet
//! times that events have begun; it is still what is written of a customer who has none, so that a runtime of before can
//! read it. `{` is JSON, which older stores hold.

use serde::{Deserialize, Serialize};

use super::Customer;

/// The dense form of before there were quiet times that events begin.
const DENSE: u8 = 1;
/// The dense form.
const WHOLE: u8 = 2;
/// How postcard writes an empty list.
const NONE: u8 = 0;

impl Customer {
    /// The state as bytes.
    ///
    /// # Errors
    /// None that a state made by [`step`](fn@crate::step) can have; in words.
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        // Most states fit in this.
        let mut bytes = Vec::with_capacity(1024);
        bytes.push(if self.quiet_since.is_empty() { DENSE } else { WHOLE });
        let mut bytes = postcard::to_extend(self, bytes).map_err(|e| e.to_string())?;
        if self.quiet_since.is_empty() {
            bytes.pop();
        }
        Ok(bytes)
    }

    /// The state that [`Customer::to_bytes`] wrote.
    ///
    /// # Errors
    /// Where the bytes are not that, in words.
    pub fn from_bytes(bytes: &[u8]) -> Result<Customer, String> {
        match bytes.split_first() {
            Some((&DENSE, dense)) => read(&[dense, &[NONE]].concat()),
            Some((&WHOLE, dense)) => read(dense),
            Some((b'{', _)) => serde_json::from_slice(bytes).map_err(|e| e.to_string()),
            Some((other, _)) => Err(format!("it is written in a form {other} that is not known here")),
            None => Err("it is empty".into()),
        }
    }
}

fn read(dense: &[u8]) -> Result<Customer, String> {
    match postcard::take_from_bytes(dense) {
        Ok((customer, [])) => Ok(customer),
        Ok(_) => Err("there is more than one state".into()),
        Err(e) => Err(e.to_string()),
    }
}

/// A message to be sent, as a state keeps it for each that left: names only where it is JSON, and of its rarer parts nothing
/// where there is nothing.
///
/// What a message sets as it leaves is younger than this form. Where there is any it stands in one text with what is done
/// where the message fails, so that every state of before is read as it was, and one without is written as it was.
pub(super) mod sending {
    use std::sync::Arc;

    use journey_spec::program::{Channel, MessageId, Send, Set, Then};
    use serde::de::{DeserializeOwned, Error as _};
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// As it is written, from where it lies.
    #[derive(Serialize)]
    struct Lent<'a> {
        message: MessageId,
        via: &'a [Channel],
        promising: Option<String>,
        keeping: Option<&'a str>,
        withdrawing: Option<&'a str>,
        on_blocked: Option<String>,
        on_failed: Option<String>,
    }

    /// As it is read: the same fields.
    #[derive(Deserialize)]
    struct Dense {
        message: MessageId,
        via: Vec<Channel>,
        promising: Option<String>,
        keeping: Option<String>,
        withdrawing: Option<String>,
        on_blocked: Option<String>,
        on_failed: Option<String>,
    }

    /// What stands in the last text where the message sets something as it leaves.
    #[derive(Serialize)]
    struct LentAfter<'a> {
        sent: &'a [Set],
        failed: Option<&'a Then>,
    }

    /// The last text, in either form.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum After {
        Sets { sent: Vec<Set>, failed: Option<Then> },
        Failed(Then),
    }

    fn text<T: Serialize>(part: Option<&T>) -> Result<Option<String>, serde_json::Error> {
        part.map(serde_json::to_string).transpose()
    }

    fn read<T: DeserializeOwned>(text: Option<String>) -> Result<Option<T>, serde_json::Error> {
        text.map(|text| serde_json::from_str(&text)).transpose()
    }

    fn lent(send: &Send) -> Result<Lent<'_>, serde_json::Error> {
        Ok(Lent {
            message: send.message,
            via: &send.via,
            promising: text(send.promising.as_ref())?,
            keeping: send.keeping.as_deref(),
            withdrawing: send.withdrawing.as_deref(),
            on_blocked: text(send.on_blocked.as_ref())?,
            on_failed: match send.on_sent.as_slice() {
                [] => text(send.on_failed.as_ref())?,
                sent => text(Some(&LentAfter { sent, failed: send.on_failed.as_ref() }))?,
            },
        })
    }

    fn whole(dense: Dense) -> Result<Send, serde_json::Error> {
        let (on_sent, on_failed) = match read(dense.on_failed)? {
            Some(After::Sets { sent, failed }) => (sent, failed),
            Some(After::Failed(then)) => (Vec::new(), Some(then)),
            None => (Vec::new(), None),
        };
        Ok(Send {
            message: dense.message,
            via: dense.via,
            promising: read(dense.promising)?,
            keeping: dense.keeping,
            withdrawing: dense.withdrawing,
            on_blocked: read(dense.on_blocked)?,
            on_sent,
            on_failed,
        })
    }

    pub(crate) fn serialize<S: Serializer>(send: &Option<Arc<Send>>, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            return send.serialize(to);
        }
        send.as_deref().map(lent).transpose().map_err(S::Error::custom)?.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Arc<Send>>, D::Error> {
        if from.is_human_readable() {
            return Option::deserialize(from);
        }
        Option::<Dense>::deserialize(from)?
            .map(|dense| whole(dense).map(Arc::new))
            .transpose()
            .map_err(D::Error::custom)
    }
}

/// A part of a program in a state. Programs leave out what is empty, which needs names: so it is JSON also in the dense form.
pub(super) mod part {
    use serde::de::{DeserializeOwned, Error as _};
    use serde::ser::Error as _;
    use serde::{Deserializer, Serializer};

    use super::{Deserialize, Serialize};

    pub(crate) fn serialize<T: Serialize, S: Serializer>(part: &T, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            return part.serialize(to);
        }
        to.serialize_str(&serde_json::to_string(part).map_err(S::Error::custom)?)
    }

    pub(crate) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        if from.is_human_readable() {
            return T::deserialize(from);
        }
        serde_json::from_str(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}
