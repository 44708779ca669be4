//! Five things that tell how a complaint will go, each from 0 to 1, and their weights.
//!
//! A person who is about to leave, or to go to the press, writes differently: at length and with figures, with something
//! to show, late in the evening, on what is at hand, and with emphasis. None of it alone says much.

use core::fmt;

use serde::Deserialize;

/// A complaint, as the journey declares it.
#[derive(Clone, Debug, Deserialize)]
pub struct Complaint {
    /// What the customer wrote.
    pub words: String,
    /// On what it was written.
    pub device: Device,
    /// How many pictures and files came with it.
    pub attachments: f64,
    /// The hour of the customer's clock, 0 to 24, with its fraction.
    pub hour: f64,
}

/// On what a complaint was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// At once, where it happened.
    Phone,
    Tablet,
    /// Later, and at length.
    Desktop,
    Unknown,
}

#[derive(Deserialize)]
struct Subject {
    complaint: Complaint,
}

/// Reads what the runtime tells: the hook's parameters by name.
///
/// # Errors
/// What does not fit; never a word of what the customer wrote.
pub fn read(subject: &str) -> Result<Complaint, String> {
    let told = serde_json::from_str::<Subject>(subject).map(|subject| subject.complaint);
    told.map_err(|e| format!("the subject has no complaint of the declared shape (column {})", e.column()))
}

/// A score, and what it is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// From 0 to 1.
    pub risk: f64,
    pub device: f64,
    pub evidence: f64,
    pub night: f64,
    pub detail: f64,
    pub emphasis: f64,
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Score { risk, device, evidence, night, detail, emphasis } = self;
        write!(
            f,
            "risk {risk:.2}: device {device:.2}, evidence {evidence:.2}, night {night:.2}, detail {detail:.2}, emphasis {emphasis:.2}"
        )
    }
}

/// How likely it is to go wrong.
pub fn risk(complaint: &Complaint) -> Score {
    let device = match complaint.device {
        Device::Phone => 0.7,
        Device::Tablet => 0.4,
        Device::Unknown => 0.3,
        Device::Desktop => 0.2,
    };
    let evidence = saturating(complaint.attachments.max(0.0), 2.0);
    let night = night(complaint.hour);
    let detail = detail(&complaint.words);
    let emphasis = emphasis(&complaint.words);
    // Weights on the scale of log-odds: a complaint of which nothing is known is one of twelve that go wrong.
    let odds = -2.4 + 0.8 * device + 1.6 * evidence + 0.8 * night + 1.8 * detail + 2.0 * emphasis;
    Score { risk: logistic(odds), device, evidence, night, detail, emphasis }
}

/// 0 at nothing, a half at `half`, and never 1.
fn saturating(x: f64, half: f64) -> f64 {
    x / (x + half)
}

/// 1 / (1 + e^-x), of which e is taken by squaring, so that every machine gets the same digits.
fn logistic(x: f64) -> f64 {
    let mut power = 1.0 - x.clamp(-30.0, 30.0) / 1024.0;
    for _ in 0..10 {
        power *= power;
    }
    1.0 / (1.0 + power)
}

/// 1 between eleven and five, 0 by day, and a slope of two hours between.
fn night(hour: f64) -> f64 {
    let hour = if hour.is_finite() { hour.rem_euclid(24.0) } else { 12.0 };
    match hour {
        h if h < 5.0 => 1.0,
        h if h < 7.0 => (7.0 - h) / 2.0,
        h if h < 21.0 => 0.0,
        h if h < 23.0 => (h - 21.0) / 2.0,
        _ => 1.0,
    }
}

/// Length, figures, and that it is told as a story: what can be shown elsewhere too.
fn detail(words: &str) -> f64 {
    let count = words.split_whitespace().filter(|w| w.chars().any(char::is_alphanumeric)).count();
    let figures = words.split_whitespace().filter(|w| w.chars().any(|c| c.is_ascii_digit())).count();
    let sentences = words.split(['.', '!', '?', '\n']).filter(|s| s.split_whitespace().count() > 2).count();
    0.5 * saturating(count as f64, 80.0) + 0.3 * saturating(figures as f64, 3.0) + 0.2 * saturating(sentences as f64, 5.0)
}

/// Capitals, signs of exclamation, letters drawn out.
fn emphasis(words: &str) -> f64 {
    let (mut long, mut shouted, mut drawn) = (0_u32, 0_u32, 0_u32);
    for word in words.split_whitespace() {
        let letters = word.chars().filter(|c| c.is_alphabetic()).count();
        // `TV`, `GPS` and the like are names.
        if letters >= 4 {
            long += 1;
            shouted += u32::from(word.chars().all(|c| !c.is_lowercase()));
        }
        drawn += u32::from(is_drawn_out(word));
    }
    let signs = words.matches('!').count() + words.matches("??").count() + words.matches("?!").count();
    let share = if long == 0 { 0.0 } else { f64::from(shouted) / f64::from(long) };
    let loud = saturating(signs as f64 + f64::from(drawn), 3.0);
    1.0 - (1.0 - share) * (1.0 - loud)
}

/// `sooooo`
fn is_drawn_out(word: &str) -> bool {
    let (mut last, mut run) = ('\0', 1);
    for c in word.chars() {
        run = if c == last && c.is_alphabetic() { run + 1 } else { 1 };
        if run >= 4 {
            return true;
        }
        last = c;
    }
    false
}

#[cfg(test)]
#[path = "judge/tests.rs"]
mod tests;
