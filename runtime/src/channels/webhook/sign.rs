//! Signatures of Standard Webhooks: HMAC-SHA256 over id, time and body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Shortest and longest key, in bytes.
const KEY: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that signs.
#[derive(Clone)]
pub(super) struct Key(Hmac<Sha256>);

impl Key {
    /// Reads `whsec_` and the key in Base64. The error does not show the secret.
    pub(super) fn parse(secret: &str) -> Result<Key, String> {
        let Some(encoded) = secret.trim().strip_prefix("whsec_") else {
            return Err("it does not begin with `whsec_`".into());
        };
        let key = STANDARD.decode(encoded).map_err(|_| "what follows `whsec_` is not Base64".to_owned())?;
        if !KEY.contains(&key.len()) {
            return Err(format!("it has {} bytes, and {} to {} are allowed", key.len(), KEY.start(), KEY.end()));
        }
        Hmac::new_from_slice(&key).map(Key).map_err(|e| e.to_string())
    }

    /// `v1,` and the signature in Base64. `seconds` are since the epoch.
    pub(super) fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// All signatures, as the header has them.
pub(super) fn header(keys: &[Key], id: &str, seconds: i64, body: &[u8]) -> String {
    keys.iter().map(|key| key.sign(id, seconds, body)).collect::<Vec<_>>().join(" ")
}

/// An id as a header can hold it, each as another: what is not visible ASCII, `%`, and `.`, which separates the parts that
/// are signed, is written as `%2E`.
pub(super) fn header_id(id: &str) -> String {
    let mut text = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_graphic() && byte != b'%' && byte != b'.' {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests;
