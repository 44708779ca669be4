//! What other machines say, made fit for a line of text.

use std::error::Error;

/// Most characters of an answer that an error quotes.
const QUOTED: usize = 200;

/// The beginning of what somebody answered, on one line and without what could steer a terminal.
pub(super) fn excerpt(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    let mut words = String::new();
    let mut count = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if count > 0 {
            words.push(' ');
        }
        for c in word.chars() {
            if count >= QUOTED {
                words.push('…');
                return words;
            }
            words.push(c);
            count += 1;
        }
        count += 1;
    }
    words
}

/// An error and what led to it, each part once.
pub(super) fn reasons(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    excerpt(text.as_bytes())
}
