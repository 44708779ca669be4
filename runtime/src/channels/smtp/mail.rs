//! From a message to the text of a mail.

use std::fmt::Write as _;

use lettre::Address;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

use super::super::wire;
use super::setup::{Unsubscribe, UnsubscribeOf};
use crate::gateway::Message;

/// Longest address in a header, in bytes: a line of a mail has 998 at most.
const LINK: usize = 900;

/// Who mails are from, and how they can be stopped.
pub(super) struct Sender {
    pub(super) from: Mailbox,
    pub(super) reply_to: Option<Mailbox>,
    pub(super) unsubscribe: Option<Box<UnsubscribeOf>>,
}

/// A mail as it goes to the server.
pub(super) struct Composed {
    pub(super) from: Address,
    pub(super) to: Address,
    pub(super) text: Vec<u8>,
}

/// Why there is no mail.
pub(super) enum Unfit {
    /// The customer's address is none.
    Address(String),
    /// What the host gave along cannot stand in a mail.
    Host(String),
}

impl Sender {
    pub(super) fn compose(&self, message: &Message) -> Result<Composed, Unfit> {
        let release = &message.release;
        let to = address(&release.address).map_err(Unfit::Address)?;
        let id = format!("<{}@{}>", derived(&release.id), self.from.email.domain());
        let mut builder = lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to.clone()))
            .message_id(Some(id))
            .raw_header(header("Auto-Submitted", "auto-generated".into()))
            .raw_header(header("X-Journey-Message", one_line(&release.message)));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        if let Some(subject) = &release.subject {
            builder = builder.subject(one_line(subject));
        }
        match self.unsubscribe.as_ref().and_then(|of| of(message)) {
            None => {}
            Some(Unsubscribe::Link(link)) => {
                builder = builder.raw_header(header("List-Unsubscribe", fit(&link, &["https:", "mailto:"])?));
            }
            Some(Unsubscribe::OneClick(link)) => {
                let post = header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".into());
                builder = builder.raw_header(header("List-Unsubscribe", fit(&link, &["https:"])?)).raw_header(post);
            }
        }
        let built = builder.header(ContentType::TEXT_PLAIN).body(text(&release.body));
        let mail = built.map_err(|e| Unfit::Host(format!("the mail cannot be written: {}", wire::reasons(&e))))?;
        Ok(Composed { from: self.from.email.clone(), to, text: mail.formatted() })
    }
}

/// One address and nothing beside it, or why it is none.
pub(super) fn address(text: &str) -> Result<Address, String> {
    let shown = || wire::excerpt(text.as_bytes());
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(format!("`{}` is no e-mail address: it has blanks or control characters", shown()));
    }
    text.parse().map_err(|e: lettre::address::AddressError| format!("`{}` is no e-mail address: {e}", shown()))
}

/// A link as the header has it, in angle brackets.
fn fit(link: &str, schemes: &[&str]) -> Result<String, Unfit> {
    let wrong = |why: String| Unfit::Host(format!("the address to unsubscribe at cannot be used: {why}"));
    if !schemes.iter().any(|scheme| link.starts_with(scheme)) {
        return Err(wrong(format!("it has to begin with {}", schemes.join(" or "))));
    }
    if link.len() > LINK {
        return Err(wrong(format!("it is longer than {LINK} bytes")));
    }
    if !link.bytes().all(|b| b.is_ascii_graphic() && !b"<>,".contains(&b)) {
        return Err(wrong("it may have visible ASCII characters alone, and neither of `<`, `>` and `,`".into()));
    }
    Ok(format!("<{link}>"))
}

fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

/// A header is one line: a line end in a subject must not begin another header.
fn one_line(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A body without what no mail may hold. Its line ends become one kind: a server that took a carriage return alone for one
/// could be told that the mail ends where the text goes on.
fn text(body: &str) -> String {
    let lines = body.replace("\r\n", "\n").replace('\r', "\n");
    lines.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { ' ' } else { c }).collect()
}

/// 128 bits of a hash: an id holds the customer's name, which is nobody's business on the way.
fn derived(id: &str) -> String {
    Sha256::digest(id.as_bytes()).iter().take(16).fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
