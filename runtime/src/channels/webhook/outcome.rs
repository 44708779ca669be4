//! What an HTTP status says about whether something was done.

use super::super::wire;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nothing was done, and the same will never be taken.
    Refused(String),
    /// Nothing was done, for certain.
    NotSent(String),
    /// Nobody knows.
    InDoubt(String),
}

/// What a status means for a request that is no success; 2xx never comes here.
///
/// `NotSent` only where HTTP says that the request was not carried out. A gateway in between that gave up waiting (500, 502,
/// 504, and 408 as many of them use it), a copy of the request that is still under way (409), or a page to look at next (302,
/// 303) leave open what the application did.
pub(super) fn of_status(status: u16, why: String) -> Failure {
    match status {
        400 | 404 | 410 | 413 | 422 => Failure::Refused(why),
        408 | 409 | 423 | 424 => Failure::InDoubt(why),
        // Moved; who is asked to repeat it elsewhere knows that it was not done here.
        301 | 307 | 308 => {
            Failure::NotSent(format!("{why}; redirections are not followed, name the address it moved to"))
        }
        401..=431 | 451 => Failure::NotSent(why),
        501 | 503 | 505 | 511 => Failure::NotSent(why),
        _ => Failure::InDoubt(why),
    }
}

/// A status, what `Retry-After` asks for and the beginning of the body, in words.
pub(super) fn words(status: reqwest::StatusCode, retry_after: Option<&[u8]>, body: &[u8]) -> String {
    let mut text = format!("the endpoint answered {}", status.as_u16());
    if let Some(reason) = status.canonical_reason() {
        text.push(' ');
        text.push_str(reason);
    }
    if let Some(after) = retry_after.map(wire::excerpt).filter(|after| !after.is_empty()) {
        let unit = if after.bytes().all(|b| b.is_ascii_digit()) { " s" } else { "" };
        text.push_str(&format!(", retry after {after}{unit}"));
    }
    let body = wire::excerpt(body);
    if !body.is_empty() {
        text.push_str(": ");
        text.push_str(&body);
    }
    text
}

/// What an error before any answer says. Only what failed while connecting, names and TLS included, is certain.
pub(super) fn of_error(error: reqwest::Error) -> Failure {
    let certain = error.is_connect() || error.is_builder();
    let timed_out = error.is_timeout();
    let error = error.without_url();
    let why = wire::reasons(&error);
    match (certain, timed_out) {
        (true, true) => Failure::NotSent("no connection in time".into()),
        (true, false) => Failure::NotSent(format!("no connection: {why}")),
        (false, true) => Failure::InDoubt("the request was sent, and no answer came in time".into()),
        (false, false) => Failure::InDoubt(format!("the connection broke before an answer: {why}")),
    }
}

#[cfg(test)]
mod tests;
