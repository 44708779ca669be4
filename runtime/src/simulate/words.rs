//! The words in which a profile says how much, how often and when: `25%`, `1 per 30d`, `1h to 10d`, `about 2h`.

use journey_spec::program::Millis;
use journey_spec::time::parse_duration;

/// A share of many, kept in parts of a million: `25%`, `0.05%`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

impl Share {
    /// None of them.
    pub const NONE: Share = Share(0);
    /// All of them.
    pub const ALL: Share = Share(1_000_000);

    /// So many percent, at most a hundred.
    #[must_use]
    pub const fn percent(percent: u32) -> Share {
        if percent > 100 { Share::ALL } else { Share(percent * 10_000) }
    }

    /// In parts of a million.
    #[must_use]
    pub const fn parts(self) -> u32 {
        self.0
    }

    /// Reads `25%` or `0.05%`: a number from 0 to 100 with at most four decimals.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Share, String> {
        let wrong = |why: &str| Err(format!("`{text}` {why}; write a share such as 25% or 0.05%"));
        let Some(number) = text.trim().strip_suffix('%').map(str::trim_end) else { return wrong("has no `%`") };
        let (whole, rest) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(rest) {
            return wrong("is no number of percent");
        }
        if rest.len() > 4 {
            return wrong("is finer than a millionth");
        }
        let parts = format!("{whole}{rest:0<4}").parse::<u64>().ok().filter(|parts| *parts <= 1_000_000);
        match parts.and_then(|parts| u32::try_from(parts).ok()) {
            Some(parts) => Ok(Share(parts)),
            None => wrong("is more than all"),
        }
    }

    /// As it is written: `0.05%`.
    #[must_use]
    pub fn spelled(self) -> String {
        let (whole, rest) = (self.0 / 10_000, self.0 % 10_000);
        if rest == 0 {
            return format!("{whole}%");
        }
        format!("{whole}.{}%", format!("{rest:04}").trim_end_matches('0'))
    }
}

/// How long something takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// `1h to 10d`: evenly between the two, in milliseconds; `5m` is both.
    Between(Millis, Millis),
    /// `about 2h`: this long on average, mostly less and sometimes much more (exponential).
    About(Millis),
}

impl Delay {
    /// Reads `5m`, `1h to 10d` or `about 2h`.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Delay, String> {
        match text.trim().strip_prefix("about ") {
            Some(mean) => match parse_duration(mean.trim()) {
                Some(mean) if mean > 0 => Ok(Delay::About(mean)),
                _ => Err(format!("`{text}` is no time; write for example about 2h")),
            },
            None => span(text, false).map(|(from, to)| Delay::Between(from, to)),
        }
    }

    /// The longest that is usual, in milliseconds.
    #[must_use]
    pub fn longest(self) -> Millis {
        match self {
            Delay::Between(_, to) => to,
            Delay::About(mean) => mean.saturating_mul(5),
        }
    }
}

/// Reads `1h to 10d`, or one duration as both ends; with a sign before each where that may be: `-2d to 7d`.
///
/// # Errors
/// What is wrong, in words.
pub fn span(text: &str, signed: bool) -> Result<(Millis, Millis), String> {
    let example = if signed { "-2d to 7d" } else { "1h to 10d" };
    let wrong = || format!("`{text}` is no time; write for example {example}");
    let one = |text: &str| {
        let text = text.trim();
        match text.strip_prefix('-') {
            Some(text) if signed => parse_duration(text).map(|ms| -ms),
            _ => parse_duration(text.strip_prefix('+').filter(|_| signed).unwrap_or(text)),
        }
    };
    let (from, to) = text.split_once(" to ").unwrap_or((text, text));
    let (from, to) = one(from).zip(one(to)).ok_or_else(wrong)?;
    if from > to {
        return Err(format!("`{text}` ends before it begins; write the smaller first"));
    }
    Ok((from, to))
}

/// How often something happens, on average.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The time between two, in milliseconds; at least 1.
    pub every: Millis,
}

impl Rate {
    /// So many in so long.
    #[must_use]
    pub fn new(times: u32, per: Millis) -> Rate {
        Rate { every: (per / Millis::from(times.max(1))).max(1) }
    }

    /// Reads `1 per 30d`, `2 per day`; `0 per day` is never.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Option<Rate>, String> {
        let wrong = || format!("`{text}` is no rate; write for example 1 per 30d");
        let (times, per) = text.split_once(" per ").ok_or_else(wrong)?;
        let times: u32 = times.trim().parse().map_err(|_| wrong())?;
        let per = match per.trim() {
            "hour" => "1h",
            "day" => "1d",
            "week" => "7d",
            "month" => "30d",
            other => other,
        };
        let per = parse_duration(per).filter(|per| *per > 0).ok_or_else(wrong)?;
        if per / Millis::from(times.max(1)) < 1_000 {
            return Err(format!("`{text}` is more than one a second for each customer"));
        }
        Ok((times > 0).then(|| Rate::new(times, per)))
    }
}

/// Hours of the customer's day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// First minute of the day, 0 to 1439.
    pub from: u16,
    /// The minute at which they are over, 1 to 1440.
    pub to: u16,
}

impl Hours {
    /// Reads `08:00 to 18:00`.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Hours, String> {
        let minute = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
            let whole = hour.checked_mul(60)?.checked_add(minute)?;
            (hour <= 24 && minute < 60 && whole <= 1440).then_some(whole)
        };
        let ends = text.split_once(" to ").and_then(|(from, to)| minute(from).zip(minute(to)));
        match ends {
            Some((from, to)) if from < to => Ok(Hours { from, to }),
            Some(_) => Err(format!("`{text}` ends before it begins; hours lie within one day")),
            None => Err(format!("`{text}` are no hours; write for example 08:00 to 18:00")),
        }
    }
}
