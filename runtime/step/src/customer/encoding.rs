//! A customer's state as bytes: dense, since a store reads and writes it for each event.
//!
//! The first byte says how the rest is written. [`DENSE`] is postcard's form of [`Customer`], without names: whoever adds or
//! moves a field takes another first byte and goes on reading this one. `{` is JSON, which older stores hold.

use serde::{Deserialize, Serialize};

use super::Customer;

/// The dense form.
const DENSE: u8 = 1;

impl Customer {
    /// The state as bytes.
    ///
    /// # Errors
    /// None that a state made by [`step`](fn@crate::step) can have; in words.
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        postcard::to_extend(self, vec![DENSE]).map_err(|e| e.to_string())
    }

    /// The state that [`Customer::to_bytes`] wrote.
    ///
    /// # Errors
    /// Where the bytes are not that, in words.
    pub fn from_bytes(bytes: &[u8]) -> Result<Customer, String> {
        match bytes.split_first() {
            Some((&DENSE, dense)) => match postcard::take_from_bytes(dense) {
                Ok((customer, [])) => Ok(customer),
                Ok(_) => Err("there is more than one state".into()),
                Err(e) => Err(e.to_string()),
            },
            Some((b'{', _)) => serde_json::from_slice(bytes).map_err(|e| e.to_string()),
            Some((other, _)) => Err(format!("it is written in a form {other} that is not known here")),
            None => Err("it is empty".into()),
        }
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
