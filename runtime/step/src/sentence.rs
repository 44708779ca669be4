//! A timeline's entry as one plain English line.

use journey_spec::program::short;
use journey_spec::time::Zone;

use crate::effect::{Entry, PromiseFate, What};
use crate::hooks::Ran;

impl Entry {
    /// What happened, in one line without the time, such as ``sent sms reminder: "…"``. Instants are written in `zone`.
    #[must_use]
    pub fn sentence(&self, zone: &Zone) -> String {
        match &self.what {
            What::Started { event } => match (&self.journey, &self.key) {
                (Some(journey), Some(key)) => format!("{journey} {key} began with {event}"),
                (Some(journey), None) => format!("{journey} began with {event}"),
                _ => format!("began with {event}"),
            },
            What::Heard { event, settles_at: None } => format!("heard {event}"),
            What::Heard { event, settles_at: Some(at) } => format!("heard {event}, settles until {}", zone.stamp(*at)),
            What::Refused { event, rule } => format!("refused {event}: {rule}"),
            What::Ignored { input, why } => format!("ignored {input}: {why}"),
            What::Entered { state, why } => format!("entered {state}, by {why}"),
            What::Moved { version, from, to } if from == to => {
                format!("moved from version {} to the newest, in {to}", short(version))
            }
            What::Moved { version, from, to } => {
                format!("moved from {from} of version {} to {to} of the newest", short(version))
            }
            What::Goal { goal, reached: true } => format!("goal {goal}: reached"),
            What::Goal { goal, reached: false } => format!("goal {goal}: missed"),
            What::Set { path, value, left: None } => format!("set {path} to {value}"),
            What::Set { path, value, left: Some(message) } => format!("set {path} to {value} as {message} left"),
            What::Split { state, to, percent } => format!("{state} split: one of the {percent}% that go to {to}"),
            What::Quieted { event, rule, key, until } => {
                let key = key.as_deref().map(|key| format!(" for {key}")).unwrap_or_default();
                format!("{event}: {rule} holds{key} until {}", zone.stamp(*until))
            }
            What::Sent { message, channel, text, essential, .. } => {
                let essential = if *essential { " (essential)" } else { "" };
                format!("sent {} {message}{essential}: \"{text}\"", channel.name())
            }
            What::Deferred { message, rule, until } => {
                format!("deferred {message} until {} by {rule}", zone.stamp(*until))
            }
            What::Blocked { message, rule, until: None } => format!("blocked {message} by {rule}"),
            What::Blocked { message, rule, until: Some(until) } => {
                format!("blocked {message} by {rule}, until {}", zone.stamp(*until))
            }
            What::Withdrawn { message, why } => format!("withdrew {message}: {why}"),
            What::Unsent { message, in_doubt: false, .. } => format!("{message} did not go out, and is asked again"),
            What::Unsent { message, in_doubt: true, .. } => {
                format!("nobody knows whether {message} went out, and it is asked again")
            }
            What::Failed { message } => format!("could not deliver {message}"),
            What::Limited { limit, instead } => format!("{limit}: {instead}"),
            What::HandedOver { queue, joined: false, priority, .. } => {
                let priority = priority.as_ref().map(|p| format!(", priority {p}")).unwrap_or_default();
                format!("handed over to \"{queue}\"{priority}")
            }
            What::HandedOver { queue, joined: true, .. } => format!("joined the open case with \"{queue}\""),
            What::HandoffClosed { queue, .. } => format!("\"{queue}\" closed the case"),
            What::Judged { hook, answer, failed: None, ran } => format!("hook {hook} says {answer}{}", run(ran)),
            What::Judged { hook, answer, failed: Some(why), ran } => {
                format!("hook {hook} failed: {why}; as if {answer}{}", run(ran))
            }
            What::Called { service } => format!("called {service}"),
            What::Answered { service, outcome } => format!("{service} answered {outcome}"),
            What::Replied { channel, text, meaning, heard_by } => {
                let meaning = meaning.as_deref().map(|m| format!(" ({m})")).unwrap_or_default();
                format!("the customer wrote by {}: \"{text}\"{meaning}, heard by {heard_by}", channel.name())
            }
            What::OptedOut { address } => format!("STOP: no more messages to {address}"),
            What::Promise { name, fate, by } => match fate {
                PromiseFate::Made => format!("promised {name} by {}", zone.stamp(*by)),
                PromiseFate::Kept => format!("kept the promise {name}"),
                PromiseFate::Withdrawn => format!("withdrew the promise {name}"),
                PromiseFate::Broken => format!("BROKE the promise {name}, due by {}", zone.stamp(*by)),
                PromiseFate::Void => format!("the promise {name} is void: no address is left for it"),
            },
            What::Forgotten => "the customer was forgotten".into(),
            What::Updated => "the directory was updated".into(),
            What::Ended { state, outcome } => {
                let outcome = match outcome {
                    journey_spec::program::EndKind::Success => "as success",
                    journey_spec::program::EndKind::Neutral => "as neutral",
                    journey_spec::program::EndKind::Failure => "as failure",
                };
                if state.is_empty() {
                    format!("ended by a limit, {outcome}")
                } else {
                    format!("ended in {state}, {outcome}")
                }
            }
        }
    }
}

/// Which module was asked, and what it spent: ` (module 3f2a91c0, fuel 1204)`.
fn run(ran: &Option<Box<Ran>>) -> String {
    let Some(ran) = ran else { return String::new() };
    let mut words = format!(" (module {}", short(&ran.module));
    if let Some(fuel) = ran.fuel {
        words.push_str(&format!(", fuel {fuel}"));
    }
    if ran.attempts > 1 {
        words.push_str(&format!(", run {} times", ran.attempts));
    }
    words.push(')');
    words
}
