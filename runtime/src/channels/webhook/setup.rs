//! What is said of an endpoint before it is used, and what can be wrong with it.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url, redirect, retry};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use thiserror::Error;

use super::super::wire;
use super::{Key, Webhook};

/// What nobody else may set: it is ours, or of the protocol.
const OURS: &[&str] = &[
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "idempotency-key",
    "journey-attempt",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
];

/// Longest time that may be given to an attempt.
const LONGEST: Duration = Duration::from_secs(600);

/// How long a connection may be idle before it is given up: less than servers usually wait, since a request on a connection
/// that is just being closed is in doubt.
const IDLE: Duration = Duration::from_secs(15);

/// Why an endpoint cannot be used as it was described. Nothing secret stands in it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WebhookError {
    /// The address is none.
    #[error("the webhook's address is not one: {0}; write it as `https://host/path`")]
    Address(String),
    /// The address is not `https`.
    #[error("the webhook at `{0}` is not `https`: use https, or say `allow_plain_http()` where nobody can listen")]
    Plain(String),
    /// The address holds a user or password, which would end up in logs.
    #[error("the webhook at `{0}` has a user or password in its address: give it as a header `authorization`")]
    UserInAddress(String),
    /// A secret is none.
    #[error("the webhook's secret cannot be used: {0}; it is `whsec_` and 24 to 64 random bytes in Base64")]
    Secret(String),
    /// A header's name is none, or its value holds what no header can: line ends, other control characters, non-ASCII.
    #[error("the webhook's header `{name}` cannot be used: {why}")]
    Header {
        /// The name given, without what could steer a terminal.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A time is none that can be waited.
    #[error("the webhook's {what} cannot be {given:?}: {why}")]
    Time {
        /// `timeout` or `connect timeout`.
        what: &'static str,
        /// What was given.
        given: Duration,
        /// What is expected.
        why: &'static str,
    },
    /// The authorities to trust cannot be read.
    #[error(
        "the webhook's certificates cannot be used: {0}; give certificates in PEM, from `-----BEGIN CERTIFICATE-----` on"
    )]
    Certificates(String),
    /// TLS or the client cannot be set up on this machine.
    #[error("the webhook's client cannot be made: {0}")]
    Client(String),
}

/// Describes an endpoint. [`WebhookBuilder::build`] looks at all of it.
#[derive(Clone)]
pub struct WebhookBuilder {
    url: String,
    secrets: Vec<String>,
    headers: Vec<(String, String)>,
    timeout: Duration,
    connect_timeout: Duration,
    plain: bool,
    trusted: Option<Vec<u8>>,
    answer_limit: usize,
}

/// Shows nothing that is secret.
impl std::fmt::Debug for WebhookBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookBuilder").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl WebhookBuilder {
    pub(super) fn new(url: &str, secret: &str) -> WebhookBuilder {
        WebhookBuilder {
            url: url.into(),
            secrets: vec![secret.into()],
            headers: Vec::new(),
            timeout: Duration::from_secs(15),
            connect_timeout: Duration::from_secs(5),
            plain: false,
            trusted: None,
            answer_limit: 1024 * 1024,
        }
    }

    /// Signs with a further secret too, while receivers change from one to the other.
    #[must_use]
    pub fn also_signed_with(mut self, secret: &str) -> Self {
        self.secrets.push(secret.into());
        self
    }

    /// Adds a header to each request, such as `authorization`. Its value is never shown.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// How long an attempt may take in all, connection and answer included. 15 s where nothing is said, 10 minutes at most.
    /// A runtime that cuts an attempt off counts it as in doubt, so its own time for one should be longer.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long connecting may take, TLS included. 5 s where nothing is said, and never more than half of what the attempt
    /// may take. What fails by then was certainly not sent.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Takes an `http` address too: everything, the customers' texts included, is then readable on the way. For loopback
    /// and tests.
    #[must_use]
    pub fn allow_plain_http(mut self) -> Self {
        self.plain = true;
        self
    }

    /// Trusts the authorities of this PEM text alone, and no longer those that the system trusts.
    #[must_use]
    pub fn trust_only(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.trusted = Some(pem.into());
        self
    }

    /// Most bytes that the answer to a call may have. 1 MiB where nothing is said.
    #[must_use]
    pub fn answer_limit(mut self, bytes: usize) -> Self {
        self.answer_limit = bytes;
        self
    }

    /// Looks at everything that was said, and opens no connection yet.
    ///
    /// # Errors
    /// What is wrong first: [`WebhookError`] names each kind.
    pub fn build(self) -> Result<Webhook, WebhookError> {
        let url = address(&self.url, self.plain)?;
        let keys = self.secrets.iter().map(|secret| Key::parse(secret)).collect::<Result<_, _>>();
        let keys = keys.map_err(WebhookError::Secret)?;
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let (name, value) = header(name, value)?;
            headers.append(name, value);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        time("timeout", self.timeout)?;
        time("connect timeout", self.connect_timeout)?;
        // Otherwise an attempt could end while connecting, and count as in doubt.
        let connect_timeout = self.connect_timeout.min(self.timeout / 2);
        let client = Client::builder()
            .tls_backend_preconfigured(tls(self.trusted.as_deref())?)
            .user_agent(concat!("journey-runtime/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .redirect(redirect::Policy::none())
            // Whether to repeat is the runtime's to decide.
            .retry(retry::never())
            .referer(false)
            .no_proxy()
            .timeout(self.timeout)
            .connect_timeout(connect_timeout)
            .pool_idle_timeout(IDLE)
            .build()
            .map_err(|e| WebhookError::Client(wire::reasons(&e)))?;
        Ok(Webhook { client, url, keys, answer_limit: self.answer_limit })
    }
}

fn address(text: &str, plain: bool) -> Result<Url, WebhookError> {
    let url = Url::parse(text).map_err(|e| WebhookError::Address(e.to_string()))?;
    let origin = url.origin().ascii_serialization();
    match url.scheme() {
        "https" => {}
        "http" if plain => {}
        "http" => return Err(WebhookError::Plain(origin)),
        other => {
            return Err(WebhookError::Address(format!(
                "`{}` is no scheme of a webhook",
                wire::excerpt(other.as_bytes())
            )));
        }
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(WebhookError::UserInAddress(origin));
    }
    Ok(url)
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), WebhookError> {
    let wrong = |why| WebhookError::Header { name: wire::excerpt(name.as_bytes()), why };
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("that is no name of a header"))?;
    if OURS.contains(&parsed.as_str()) {
        return Err(wrong("it is set by the runtime or the protocol"));
    }
    // Blanks and visible ASCII: stricter than the protocol, which lets tabs and bytes beyond ASCII pass.
    if !value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
        return Err(wrong("its value may have visible ASCII characters and blanks alone"));
    }
    let mut value = HeaderValue::from_str(value).map_err(|_| wrong("its value is none"))?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

fn time(what: &'static str, given: Duration) -> Result<(), WebhookError> {
    if given.is_zero() || given > LONGEST {
        return Err(WebhookError::Time { what, given, why: "give more than nothing and at most 10 minutes" });
    }
    Ok(())
}

/// TLS of one client; nothing of it is the process's, so that several can stand side by side.
fn tls(trusted: Option<&[u8]>) -> Result<ClientConfig, WebhookError> {
    let unusable = |e: rustls::Error| WebhookError::Client(e.to_string());
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(unusable)?;
    let config = match trusted {
        Some(pem) => config.with_root_certificates(authorities(pem)?),
        None => config.with_platform_verifier().map_err(unusable)?,
    };
    Ok(config.with_no_client_auth())
}

fn authorities(pem: &[u8]) -> Result<RootCertStore, WebhookError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|e| WebhookError::Certificates(e.to_string()))?;
        roots.add(certificate).map_err(|e| WebhookError::Certificates(e.to_string()))?;
    }
    if roots.is_empty() {
        return Err(WebhookError::Certificates("there is none in it".into()));
    }
    Ok(roots)
}
