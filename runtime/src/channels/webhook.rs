//! Messages, cases and calls as signed HTTP requests, by the conventions of Standard Webhooks.
//!
//! Each is one `POST` of JSON: `{"version": 1, "type": "journey.message", "id": …, "timestamp": …, "customer": …, "data": {…}}`,
//! or `journey.case`, or `journey.call`. The chapter `language-spec/spec/18-webhooks.md` has all fields, the headers and how a
//! receiver verifies them.
//!
//! | header | holds |
//! |---|---|
//! | `webhook-id`, `idempotency-key` | the id of the message, case or call, the same in each attempt |
//! | `webhook-timestamp` | when this attempt was made, in seconds since the epoch |
//! | `webhook-signature` | `v1,` and the HMAC-SHA256 of id, timestamp and body in Base64; one for each secret |
//! | `journey-attempt` | of a message: which attempt this is, from 1 |
//!
//! What an answer means:
//!
//! | answer | message | case | call |
//! |---|---|---|---|
//! | 2xx | delivered, whatever its body says | opened | its body: `{"outcome": "done"}` or `{"record": {…}}`; 202: the answer comes as an input |
//! | 400, 404, 410, 413, 422 | rejected for good | tried again | unavailable |
//! | 301, 307, 308, the others from 401 to 431, 451, 501, 503, 505, 511; no connection | not sent | tried again | unavailable |
//! | 408, 409, 423, 424, and every other status; no answer in time; a connection that broke | in doubt | tried again | unavailable |
//!
//! ```no_run
//! use std::time::Duration;
//! use journey_runtime::channels::webhook::{Webhook, WebhookError};
//!
//! # fn main() -> Result<(), WebhookError> {
//! # let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
//! # let token = "3f1c9a";
//! let sms = Webhook::new("https://sms.example.com/send", secret)?;
//! let booking = Webhook::builder("https://booking.internal/journey", secret)
//!     .header("authorization", format!("Bearer {token}"))
//!     .connect_timeout(Duration::from_secs(2))
//!     .timeout(Duration::from_secs(10))
//!     .build()?;
//! # Ok(()) }
//! ```

mod body;
mod outcome;
mod setup;
mod sign;

use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response, StatusCode, Url};

use self::outcome::Failure;
pub use self::setup::{WebhookBuilder, WebhookError};
use self::sign::Key;
use crate::channels::Delivery;
use crate::clock::{Clock, System};
use crate::gateway::{Backend, Call, Case, Casework, Gateway, Message, SendError};
use crate::service::Answer;

/// How long is waited for a body that decides nothing, so that its connection can be used again.
const DRAIN: Duration = Duration::from_millis(500);

/// Most bytes of such a body that are read.
const DRAINED: usize = 16 * 1024;

/// An endpoint that takes messages, cases and calls. Clones share its connections.
#[derive(Clone)]
pub struct Webhook {
    client: Client,
    url: Url,
    keys: Vec<Key>,
    answer_limit: usize,
}

/// Shows where it leads, and nothing that is secret.
impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("to", &self.url.origin().ascii_serialization()).finish_non_exhaustive()
    }
}

impl Webhook {
    /// An endpoint with the usual limits: `https://…`, and a secret `whsec_…`, Base64 of 24 to 64 bytes.
    ///
    /// # Errors
    /// As [`WebhookBuilder::build`].
    pub fn new(url: &str, secret: &str) -> Result<Webhook, WebhookError> {
        Webhook::builder(url, secret).build()
    }

    /// An endpoint of which more is to be said.
    #[must_use]
    pub fn builder(url: &str, secret: &str) -> WebhookBuilder {
        WebhookBuilder::new(url, secret)
    }

    /// Posts `body` and gives the answer where its status is 2xx.
    async fn post(&self, id: &str, body: Vec<u8>, attempt: Option<u32>) -> Result<Response, Failure> {
        let id = sign::header_id(id);
        let seconds = System.now().div_euclid(1000);
        let mut request = self
            .client
            .post(self.url.clone())
            .header("webhook-id", &id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", sign::header(&self.keys, &id, seconds, &body))
            .header("idempotency-key", &id);
        if let Some(attempt) = attempt {
            request = request.header("journey-attempt", attempt);
        }
        let response = request.body(body).send().await.map_err(outcome::of_error)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).map(|value| value.as_bytes().to_vec());
        let body = drain(response).await;
        Err(outcome::of_status(status.as_u16(), outcome::words(status, retry_after.as_deref(), &body)))
    }

    async fn answer(&self, call: &Call) -> Result<Answer, Failure> {
        let body = body::call(call).map_err(Failure::NotSent)?;
        let mut response = self.post(&call.request.id, body, None).await?;
        if response.status() == StatusCode::ACCEPTED {
            drain(response).await;
            return Ok(Answer::Later);
        }
        let mut text = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(outcome::of_error)? {
            if text.len().saturating_add(chunk.len()) > self.answer_limit {
                return Err(Failure::InDoubt(format!("its answer is longer than {} bytes", self.answer_limit)));
            }
            text.extend_from_slice(&chunk);
        }
        Ok(body::answer(&text))
    }
}

/// Reads a little of a body that decides nothing, however it ends.
async fn drain(mut response: Response) -> Vec<u8> {
    let mut text = Vec::new();
    let read = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            text.extend(chunk.iter().take(DRAINED.saturating_sub(text.len())));
            if text.len() >= DRAINED {
                break;
            }
        }
    };
    // What came until then is enough.
    let _ = tokio::time::timeout(DRAIN, read).await;
    text
}

#[async_trait]
impl Gateway for Webhook {
    async fn send(&self, message: &Message) -> Result<Delivery, SendError> {
        let body = body::message(message).map_err(SendError::NotSent)?;
        match self.post(&message.release.id, body, Some(message.attempt)).await {
            Ok(response) => {
                drain(response).await;
                Ok(Delivery::Delivered)
            }
            Err(Failure::Refused(why)) => Ok(Delivery::Rejected(why)),
            Err(Failure::NotSent(why)) => Err(SendError::NotSent(why)),
            Err(Failure::InDoubt(why)) => Err(SendError::InDoubt(why)),
        }
    }
}

#[async_trait]
impl Casework for Webhook {
    async fn open(&self, case: &Case) -> Result<(), SendError> {
        let body = body::case(case).map_err(SendError::NotSent)?;
        match self.post(&case.case.case, body, None).await {
            Ok(response) => {
                drain(response).await;
                Ok(())
            }
            Err(Failure::Refused(why) | Failure::NotSent(why)) => Err(SendError::NotSent(why)),
            Err(Failure::InDoubt(why)) => Err(SendError::InDoubt(why)),
        }
    }
}

#[async_trait]
impl Backend for Webhook {
    async fn call(&self, call: &Call) -> Answer {
        match self.answer(call).await {
            Ok(answer) => answer,
            Err(Failure::Refused(why) | Failure::NotSent(why) | Failure::InDoubt(why)) => Answer::Unavailable(why),
        }
    }
}
