//! The house's policy, limits, quiet hours, and what happens to what they do not let through.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Channel, DAY, EventId, HOUR, MINUTE, Millis, Purpose, StateId};

/// Rules over all journeys of one customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Name, as written; empty where the project declares none.
    pub name: String,
    /// Limits, in source order; they hold for the customer.
    pub limits: Vec<Limit>,
    /// Quiet hours.
    pub quiet: Vec<Quiet>,
    /// Quiet times that an event begins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quiet_after: Vec<QuietAfter>,
    /// How long a message stays true where it says nothing, and the longest that `valid until` may reach.
    pub valid_for: Millis,
    /// How late an `at` may fire and still count as on time.
    pub grace: Millis,
    /// How long after a message an answer is heard as an answer to it.
    pub reply_window: Millis,
    /// The queue that hears replies which no live instance hears.
    pub after_end: Option<String>,
    /// What every journey must have.
    pub require: Vec<Requirement>,
    /// Purposes that STOP does not stop.
    pub stop_spares: Vec<Purpose>,
    /// The confirmation that answers STOP.
    pub stop_text: String,
    /// The same in other languages, by tag.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stop_texts: BTreeMap<String, String>,
    /// The language of texts that say none: a BCP 47 tag.
    #[serde(default = "english", skip_serializing_if = "is_english")]
    pub locale: String,
}

fn english() -> String {
    crate::locale::DEFAULT.into()
}

fn is_english(locale: &str) -> bool {
    locale == crate::locale::DEFAULT
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            name: String::new(),
            limits: Vec::new(),
            quiet: Vec::new(),
            quiet_after: Vec::new(),
            valid_for: 12 * HOUR,
            grace: 15 * MINUTE,
            reply_window: 7 * DAY,
            after_end: None,
            require: Vec::new(),
            stop_spares: Vec::new(),
            stop_text: "You will get no more messages from us at this address.".into(),
            stop_texts: BTreeMap::new(),
            locale: english(),
        }
    }
}

/// What a policy can demand of every journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requirement {
    /// A way to a person.
    Handoff,
    /// Every reply is heard.
    ReplyHandling,
    /// Every wait ends by itself.
    Timeout,
}

/// Hours in which nothing leaves, in the customer's local time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    /// First quiet minute of the day, 0 to 1439; 0 where whole days are quiet.
    pub from: u16,
    /// First minute that is no longer quiet, 0 to 1439; smaller than `from` where the night is in between, 0 where whole
    /// days are quiet.
    pub to: u16,
    /// Days of the week that are quiet from midnight to midnight; empty where the hours count, on every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Weekday>,
    /// Purposes that keep them; empty means all.
    pub purposes: Vec<Purpose>,
    /// What happens to a message that would leave then: `Defer`, `Latest` or `Skip`.
    pub fate: Fate,
    /// The law or the reason that the rule is there for, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// The rule as written, for timelines and findings.
    pub text: String,
}

impl Quiet {
    /// Minutes of a week.
    pub const WEEK: u16 = 10_080;

    /// Whether a minute of the week, from Monday's first on, is quiet. Minutes from [`Quiet::WEEK`] on are those of the
    /// week after.
    #[must_use]
    pub fn holds(&self, minute: u16) -> bool {
        let minute = minute % Quiet::WEEK;
        if !self.days.is_empty() {
            return self.days.iter().any(|day| day.position() == minute / 1_440);
        }
        let minute = minute % 1_440;
        if self.from < self.to {
            self.from <= minute && minute < self.to
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// The first day of the week.
    Monday,
    /// The second.
    Tuesday,
    /// The third.
    Wednesday,
    /// The fourth.
    Thursday,
    /// The fifth.
    Friday,
    /// The sixth.
    Saturday,
    /// The last.
    Sunday,
}

impl Weekday {
    /// All, from Monday on, as in ISO 8601.
    pub const ALL: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];

    /// Its name in the language.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Weekday::Monday => "monday",
            Weekday::Tuesday => "tuesday",
            Weekday::Wednesday => "wednesday",
            Weekday::Thursday => "thursday",
            Weekday::Friday => "friday",
            Weekday::Saturday => "saturday",
            Weekday::Sunday => "sunday",
        }
    }

    /// The day of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Weekday> {
        Weekday::ALL.into_iter().find(|day| day.name() == name)
    }

    /// Days after Monday, 0 to 6.
    #[must_use]
    pub fn position(self) -> u16 {
        self as u16
    }
}

/// `quiet 7d after debt.talked per debt.id for debt voice else skip`: a time in which nothing leaves, begun by an event.
///
/// It holds from the instant at which the event is taken in, whoever hears it, and an event that comes again begins it
/// anew. The window is that of limits: at `t` it holds back where the event was taken in within `(t - lasts, t]`, so a
/// message may leave again when exactly `lasts` has passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietAfter {
    /// How long it is quiet, in milliseconds; more than nothing.
    pub lasts: Millis,
    /// What begins it.
    pub after: EventId,
    /// Where the event says whom or what it is about. It then holds for journeys with this key, and of those for the
    /// instances whose key has the value; without it, for all messages to the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Vec<String>>,
    /// Which messages keep it; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Sort>,
    /// What happens to a message that would leave then: `Skip` or `Handoff`.
    pub fate: Fate,
    /// The law or the reason that the rule is there for, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// The rule as written, for timelines and findings.
    pub text: String,
}

impl QuietAfter {
    /// Whether a message of this purpose keeps it on this channel.
    #[must_use]
    pub fn concerns(&self, channel: Channel, purpose: Purpose) -> bool {
        self.messages.is_empty() || self.messages.iter().any(|sort| sort.is(channel, purpose))
    }
}

/// A sort of messages: `debt voice`, `marketing`, `sms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// Only on this channel.
    pub channel: Option<Channel>,
    /// Only for this purpose.
    pub purpose: Option<Purpose>,
}

impl Sort {
    /// Whether a message of this purpose is of the sort on this channel.
    #[must_use]
    pub fn is(self, channel: Channel, purpose: Purpose) -> bool {
        self.channel.is_none_or(|c| c == channel) && self.purpose.is_none_or(|p| p == purpose)
    }
}

/// `limit WHAT to N [per WINDOW] [per KEY] else FATE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// What is counted.
    pub what: LimitWhat,
    /// How many may be.
    pub n: u32,
    /// The window; none means the whole life (of the instance, or of the customer in a policy).
    pub per: Option<Window>,
    /// In a policy: counted for each value of this key, over the journeys that have it.
    pub key: Option<Vec<String>>,
    /// In a journey: counted for the customer over all instances of the journey. Always true for starts, live, and in a
    /// policy.
    pub per_customer: bool,
    /// What happens to one more.
    pub fate: Fate,
    /// The law or the reason that the rule is there for, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// The rule as written, for timelines and findings.
    pub text: String,
}

/// The time in which a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Window {
    /// `per 24h`: the half-open `(t - 24h, t]`, in milliseconds.
    Rolling(Millis),
    /// `per day`: the customer's own day, week or month that holds `t`.
    Calendar(Calendar),
}

/// A stretch of a calendar, in the customer's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calendar {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday, the week of ISO 8601.
    Week,
    /// From the first to the last.
    Month,
}

impl Calendar {
    /// All, in order of length.
    pub const ALL: [Calendar; 3] = [Calendar::Day, Calendar::Week, Calendar::Month];

    /// `day`, `week` or `month`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Calendar::Day => "day",
            Calendar::Week => "week",
            Calendar::Month => "month",
        }
    }

    /// The stretch of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Calendar> {
        Calendar::ALL.into_iter().find(|c| c.name() == name)
    }
}

impl Window {
    /// The longest that the window can be. No zone has set its clock back by more than three hours at once since 2000, and
    /// where a zone is not known this length takes the calendar's place.
    #[must_use]
    pub fn longest(self) -> Millis {
        match self {
            Window::Rolling(per) => per,
            Window::Calendar(Calendar::Day) => DAY + 3 * HOUR,
            Window::Calendar(Calendar::Week) => 7 * DAY + 3 * HOUR,
            Window::Calendar(Calendar::Month) => 31 * DAY + 3 * HOUR,
        }
    }

    /// As it stands behind `per`: `24h`, `day`.
    #[must_use]
    pub fn spelled(self) -> String {
        match self {
            Window::Rolling(per) => crate::time::spelled_duration(per),
            Window::Calendar(unit) => unit.name().into(),
        }
    }
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitWhat {
    /// Messages that leave, of one channel or purpose, or all.
    Messages {
        /// Only on this channel.
        channel: Option<Channel>,
        /// Only for this purpose.
        purpose: Option<Purpose>,
    },
    /// Instances of the journey that begin.
    Starts,
    /// Instances of the journey that live at once.
    Live,
    /// Entries of a state.
    Visits(StateId),
}

/// What happens to what a limit or quiet hours do not let through.
///
/// In order from lenient to strict: where several rules bar a message, the strictest fate wins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It waits, in order.
    Defer,
    /// Only the newest waits.
    Latest,
    /// It is dropped, and recorded so.
    Skip,
    /// A person takes over.
    Handoff(String),
    /// The instance goes to this state instead.
    Goto(StateId),
    /// The instance ends.
    End,
}
