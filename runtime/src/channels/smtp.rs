//! E-mail by way of an SMTP server.
//!
//! Each message is one mail to one address, plain text, with
//!
//! * `Message-ID`: derived from the release's id, so a mail that comes twice can be told for what it is;
//! * `Auto-Submitted: auto-generated`, so that nobody's absence answers it;
//! * `X-Journey-Message`: the message's declared name;
//! * `List-Unsubscribe`, and `List-Unsubscribe-Post` for one click, where the host gives an address for it.
//!
//! What becomes of it:
//!
//! | the server | the message |
//! |---|---|
//! | takes it | delivered |
//! | refuses the recipient or the text with 5xx; the address is none | rejected for good |
//! | says 4xx; wants a login (530, 535, 538); refuses the sender; cannot be reached; has no good certificate or no STARTTLS | not sent |
//! | says nothing after the text began to go out, or breaks off | in doubt |
//!
//! ```no_run
//! use journey_runtime::channels::smtp::{Security, Smtp, SmtpError, Unsubscribe};
//!
//! # fn main() -> Result<(), SmtpError> {
//! # let password = "";
//! let email = Smtp::builder("smtp.example.com", "Care <care@example.com>")
//!     .security(Security::StartTls)
//!     .credentials("care", password)
//!     .reply_to("help@example.com")
//!     .unsubscribe(|message| {
//!         Some(Unsubscribe::OneClick(format!("https://example.com/stop?m={}", message.release.message)))
//!     })
//!     .build()?;
//! # Ok(()) }
//! ```

mod connection;
mod mail;
mod setup;

use std::time::Duration;

use async_trait::async_trait;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};

use self::connection::Server;
use self::mail::{Composed, Sender};
pub use self::setup::{Security, SmtpBuilder, SmtpError, Unsubscribe};
use super::wire;
use crate::channels::Delivery;
use crate::gateway::{Gateway, Message, SendError};

/// A way to e-mail addresses by one SMTP server, with some connections that are kept.
pub struct Smtp {
    server: Server,
    sender: Sender,
    /// How long each command may take.
    patience: Duration,
}

/// Shows where it leads, and nothing that is secret.
impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").field("server", &self.server.name()).finish_non_exhaustive()
    }
}

/// How a transaction ended without the mail being taken.
enum End {
    /// For this mail or recipient: for good.
    Rejected(String),
    NotSent(String),
    InDoubt(String),
}

impl Smtp {
    /// A server by name or address, and who the mails are from: `care@example.com` or `Care <care@example.com>`.
    #[must_use]
    pub fn builder(host: &str, from: &str) -> SmtpBuilder {
        SmtpBuilder::new(host, from)
    }

    /// Says good-bye on the connections that are kept. Not needed, only polite.
    pub async fn close(&self) {
        self.server.close(self.patience).await;
    }

    /// One command; its answer within the time for it.
    async fn within<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Option<Error>> {
        match tokio::time::timeout(self.patience, work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(Some(error)),
            Err(_) => Err(None),
        }
    }

    async fn transact(&self, connection: &mut AsyncSmtpConnection, mail: &Composed) -> Result<(), End> {
        let parameters = parameters(connection, mail)?;
        // Until the server has asked for the text, nothing can have been sent.
        let before = |stage: &str, error: Option<Error>| End::NotSent(told(stage, error.as_ref()));
        self.within(connection.command(Mail::new(Some(mail.from.clone()), parameters)))
            .await
            .map_err(|e| before("the sender", e))?;
        self.within(connection.command(Rcpt::new(mail.to.clone(), Vec::new()))).await.map_err(|error| match error {
            Some(e) if is_for_good(&e) => End::Rejected(told("the recipient", Some(&e))),
            other => before("the recipient", other),
        })?;
        self.within(connection.command(Data)).await.map_err(|error| match error {
            Some(e) if is_for_good(&e) => End::Rejected(told("the message", Some(&e))),
            other => before("the message", other),
        })?;
        match self.within(connection.message(&mail.text)).await {
            Ok(_) => Ok(()),
            // Its answer is the server's decision, and stands.
            Err(Some(e)) if is_for_good(&e) => Err(End::Rejected(told("the message", Some(&e)))),
            Err(Some(e)) if e.status().is_some() => Err(End::NotSent(told("the message", Some(&e)))),
            Err(other) => Err(End::InDoubt(told("the message", other.as_ref()))),
        }
    }
}

/// What the server has to be told about the mail's characters.
fn parameters(connection: &AsyncSmtpConnection, mail: &Composed) -> Result<Vec<MailParameter>, End> {
    let knows = |extension| connection.server_info().supports_feature(extension);
    let mut parameters = Vec::new();
    if !AsRef::<str>::as_ref(&mail.to).is_ascii() {
        if !knows(Extension::SmtpUtfEight) {
            return Err(End::Rejected(
                "the address has characters beyond ASCII, and the server does not take such".into(),
            ));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !mail.text.is_ascii() && knows(Extension::EightBitMime) {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(parameters)
}

/// Whether a server's answer is its last word on this mail, and not on how we log in.
fn is_for_good(error: &Error) -> bool {
    error.is_permanent() && !error.status().is_some_and(|code| [530, 535, 538].contains(&u16::from(code)))
}

/// What the server said, or that it did not, in words.
fn told(stage: &str, error: Option<&Error>) -> String {
    match error {
        None => format!("the server did not answer about {stage} in time"),
        Some(e) => match e.status() {
            Some(code) => {
                let said = std::error::Error::source(e).map(ToString::to_string).unwrap_or_default();
                format!("the server answered {code} to {stage}: {}", wire::excerpt(said.as_bytes()))
            }
            None => format!("the connection broke at {stage}: {}", wire::reasons(e)),
        },
    }
}

#[async_trait]
impl Gateway for Smtp {
    async fn send(&self, message: &Message) -> Result<Delivery, SendError> {
        let mail = match self.sender.compose(message) {
            Ok(mail) => mail,
            Err(mail::Unfit::Address(why)) => return Ok(Delivery::Rejected(why)),
            Err(mail::Unfit::Host(why)) => return Err(SendError::NotSent(why)),
        };
        let mut held = self.server.take(self.patience).await.map_err(SendError::NotSent)?;
        let end = self.transact(held.connection(), &mail).await;
        match end {
            Ok(()) => {
                held.keep();
                Ok(Delivery::Delivered)
            }
            Err(End::Rejected(why)) => {
                // The connection is as good as before.
                held.keep();
                Ok(Delivery::Rejected(why))
            }
            Err(End::NotSent(why)) => Err(SendError::NotSent(why)),
            Err(End::InDoubt(why)) => Err(SendError::InDoubt(why)),
        }
    }
}
