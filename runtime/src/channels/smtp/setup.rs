//! What is said of an SMTP server before it is used, and what can be wrong with it.

use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use thiserror::Error;
use tokio::sync::Semaphore;

use super::super::wire;
use super::Smtp;
use super::connection::{Server, Tls};
use super::mail::{self, Sender};
use crate::gateway::Message;

/// Longest time that may be given.
const LONGEST: Duration = Duration::from_secs(600);

/// Gives the way to stop a message's kind, where there is one.
pub(super) type UnsubscribeOf = dyn Fn(&Message) -> Option<Unsubscribe> + Send + Sync;

/// How what goes to the server is kept from others. There is no way that falls back to less than was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte on. Port 465 where no other is given.
    #[default]
    Tls,
    /// TLS by STARTTLS, before anything else is said; a server without it is left. Port 587 where no other is given.
    StartTls,
    /// None. Only to a server on this machine. Port 25 where no other is given.
    PlainOnLoopback,
}

/// How somebody can stop what they are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsubscribe {
    /// A page (`https:`) or an address (`mailto:`), as `List-Unsubscribe` of RFC 2369.
    Link(String),
    /// An `https:` address that takes a POST as the wish itself, by RFC 8058. The mail has to be signed with DKIM on its way
    /// for mail programs to offer it.
    OneClick(String),
}

/// Why a server cannot be used as it was described. Nothing secret stands in it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SmtpError {
    /// The server's name is none.
    #[error("`{0}` is no name of an SMTP server: give a host such as `smtp.example.com`, and its port with `port`")]
    Host(String),
    /// `from` or `reply_to` is none.
    #[error("the {what} of e-mails cannot be used: {why}; write it as `care@example.com` or `Care <care@example.com>`")]
    Mailbox {
        /// `sender` or `address for replies`.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Mails without TLS to another machine.
    #[error(
        "`{0}` is not this machine: e-mails without TLS go to `localhost` alone; use `Security::Tls` or `StartTls`"
    )]
    Plain(String),
    /// The name for the greeting is none.
    #[error("`{0}` is no name to greet an SMTP server with: give this machine's full name")]
    Hello(String),
    /// A time is none that can be waited.
    #[error("the e-mail channel's {what} cannot be {given:?}: give more than nothing and at most 10 minutes")]
    Time {
        /// `timeout` or `connect timeout`.
        what: &'static str,
        /// What was given.
        given: Duration,
    },
    /// No connection at all.
    #[error("the e-mail channel cannot have {0} connections: give 1 to 1000")]
    Connections(usize),
    /// The authorities to trust cannot be read, or the system trusts none.
    #[error("the e-mail channel's certificates cannot be used: {0}; give certificates in PEM with `trust_only`")]
    Certificates(String),
}

/// Describes a server. [`SmtpBuilder::build`] looks at all of it.
pub struct SmtpBuilder {
    host: String,
    port: Option<u16>,
    from: String,
    reply_to: Option<String>,
    security: Security,
    credentials: Option<(String, String)>,
    hello: Option<String>,
    connections: usize,
    timeout: Duration,
    connect_timeout: Duration,
    trusted: Option<Vec<u8>>,
    unsubscribe: Option<Box<UnsubscribeOf>>,
}

/// Shows nothing that is secret.
impl std::fmt::Debug for SmtpBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmtpBuilder")
            .field("host", &self.host)
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}

impl SmtpBuilder {
    pub(super) fn new(host: &str, from: &str) -> SmtpBuilder {
        SmtpBuilder {
            host: host.into(),
            port: None,
            from: from.into(),
            reply_to: None,
            security: Security::default(),
            credentials: None,
            hello: None,
            connections: 4,
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            trusted: None,
            unsubscribe: None,
        }
    }

    /// The server's port, where it is not the usual one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// How the way to the server is secured. [`Security::Tls`] where nothing is said.
    #[must_use]
    pub fn security(mut self, security: Security) -> Self {
        self.security = security;
        self
    }

    /// Where answers go, if not to the sender.
    #[must_use]
    pub fn reply_to(mut self, mailbox: &str) -> Self {
        self.reply_to = Some(mailbox.into());
        self
    }

    /// Logs in with PLAIN or LOGIN, whichever the server knows.
    #[must_use]
    pub fn credentials(mut self, user: &str, password: &str) -> Self {
        self.credentials = Some((user.into(), password.into()));
        self
    }

    /// What this machine calls itself in its greeting. Its host name where nothing is said.
    #[must_use]
    pub fn hello(mut self, name: &str) -> Self {
        self.hello = Some(name.into());
        self
    }

    /// How many connections there may be at once. 4 where nothing is said; what comes beyond them waits
    /// as long as connecting may take, and then was not sent.
    #[must_use]
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// How long each command may take, the text of the mail being one. 30 s where nothing is said, 10 minutes at most. A
    /// runtime that cuts an attempt off counts it as in doubt, so its own time for one should be longer than all this.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long connecting may take: TCP, TLS, greeting and login together. 10 s where nothing is said.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Trusts the authorities of this PEM text alone, and no longer those that the system trusts.
    #[must_use]
    pub fn trust_only(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.trusted = Some(pem.into());
        self
    }

    /// How a message's kind can be stopped, asked for each message. A message for which this gives something that cannot
    /// stand in a header is not sent.
    #[must_use]
    pub fn unsubscribe(mut self, of: impl Fn(&Message) -> Option<Unsubscribe> + Send + Sync + 'static) -> Self {
        self.unsubscribe = Some(Box::new(of));
        self
    }

    /// Looks at everything that was said, and opens no connection yet.
    ///
    /// # Errors
    /// What is wrong first: [`SmtpError`] names each kind.
    pub fn build(self) -> Result<Smtp, SmtpError> {
        let host = host(&self.host)?;
        if self.security == Security::PlainOnLoopback && !is_loopback(&host) {
            return Err(SmtpError::Plain(host));
        }
        let from = mailbox("sender", &self.from)?;
        let reply_to = self.reply_to.as_deref().map(|text| mailbox("address for replies", text)).transpose()?;
        time("timeout", self.timeout)?;
        time("connect timeout", self.connect_timeout)?;
        if !(1..=1000).contains(&self.connections) {
            return Err(SmtpError::Connections(self.connections));
        }
        let hello = match self.hello {
            Some(name) if is_host(&name) => ClientId::Domain(name),
            Some(name) => return Err(SmtpError::Hello(wire::excerpt(name.as_bytes()))),
            None => ClientId::default(),
        };
        let tls = |trusted| tls(&host, trusted);
        let (tls, usual_port) = match self.security {
            Security::Tls => (Tls::Implicit(tls(self.trusted.as_deref())?), 465),
            Security::StartTls => (Tls::Start(tls(self.trusted.as_deref())?), 587),
            Security::PlainOnLoopback => (Tls::None, 25),
        };
        let server = Server {
            port: self.port.unwrap_or(usual_port),
            host,
            tls,
            hello,
            credentials: self.credentials.map(|(user, password)| Credentials::new(user, password)),
            connect_timeout: self.connect_timeout,
            slots: Semaphore::new(self.connections),
            idle: Mutex::default(),
        };
        let sender = Sender { from, reply_to, unsubscribe: self.unsubscribe };
        Ok(Smtp { server, sender, patience: self.timeout })
    }
}

/// A host's name or address, as TLS and the resolver take it.
fn host(text: &str) -> Result<String, SmtpError> {
    if is_host(text) || text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    Err(SmtpError::Host(wire::excerpt(text.as_bytes())))
}

fn is_host(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 253
        && text.split('.').all(|label| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn mailbox(what: &'static str, text: &str) -> Result<Mailbox, SmtpError> {
    let wrong = |why: String| SmtpError::Mailbox { what, why };
    if text.chars().any(char::is_control) {
        return Err(wrong("it has control characters".into()));
    }
    let mailbox: Mailbox = text.parse().map_err(|e: lettre::address::AddressError| {
        wrong(format!("`{}` is no e-mail address ({e})", wire::excerpt(text.as_bytes())))
    })?;
    mail::address(mailbox.email.as_ref()).map_err(wrong)?;
    if !AsRef::<str>::as_ref(&mailbox.email).is_ascii() {
        return Err(wrong("it has characters beyond ASCII in its address".into()));
    }
    Ok(mailbox)
}

fn time(what: &'static str, given: Duration) -> Result<(), SmtpError> {
    if given.is_zero() || given > LONGEST { Err(SmtpError::Time { what, given }) } else { Ok(()) }
}

fn tls(host: &str, trusted: Option<&[u8]>) -> Result<TlsParameters, SmtpError> {
    let wrong = |e: lettre::transport::smtp::Error| SmtpError::Certificates(wire::reasons(&e));
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = trusted {
        // Read as none, an empty text would trust nobody, and only the first mail would show it.
        if !String::from_utf8_lossy(pem).contains("-----BEGIN CERTIFICATE-----") {
            return Err(SmtpError::Certificates("there is none in it".into()));
        }
        let certificates = Certificate::from_pem(pem).map_err(wrong)?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificates);
    }
    builder.build().map_err(wrong)
}
