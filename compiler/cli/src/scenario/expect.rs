//! What scenarios expect, looked up in the customer's state and timeline.

use journey_compiler::ast::Expectation;
use journey_compiler::source::Span;
use journey_spec::Sensitive;
use journey_spec::program::{Channel, Fate, Quiet};
use journey_spec::value::{Value, lookup};
use journey_step::customer::OpenCase;
use journey_step::effect::{Entry, PromiseFate, What};
use journey_step::ledger::is_quiet;

use super::{Play, Stop, is_message, value};
use crate::screen::count;

impl Play {
    pub(super) fn expect(&mut self, span: Span, expectation: &Expectation) -> Result<(), Stop> {
        let entries = self.timeline()?;
        match expectation {
            Expectation::Message { channel, message, saying: Some(words) } => {
                let channel = channel.as_ref().map(|c| c.value);
                let of = |e: &Entry| sent(e).is_some_and(|(m, c)| m == message.text && channel.is_none_or(|x| x == c));
                let wishes = self.wishes.clone();
                let says = |e: &Entry| {
                    let What::Sent { id, text, .. } = &e.what else { return false };
                    text.contains(&words.text) || wishes.said(id, &words.text)
                };
                if self.one_more(&entries, |e| of(e) && says(e)) {
                    return Ok(());
                }
                let what = channel.map_or("message", Channel::name);
                let was = match entries.iter().rev().find(|e| of(e)) {
                    None => self.instead(&entries, &message.text),
                    Some(e) if says(e) => "each that says so was expected by an earlier line".into(),
                    Some(e) => format!("{} at {}", e.sentence(&self.zone), self.zone.stamp(e.at)),
                };
                Err(self.fail(span, format!("one more {what} `{}` saying \"{}\"", message.text, words.text), was))
            }
            Expectation::Message { channel, message, saying: None } => {
                let channel = channel.as_ref().map(|c| c.value);
                let fits =
                    |e: &Entry| sent(e).is_some_and(|(m, c)| m == message.text && channel.is_none_or(|x| x == c));
                if self.one_more(&entries, fits) {
                    return Ok(());
                }
                let what = channel.map_or("message", Channel::name);
                let was = match entries.iter().filter(|e| fits(e)).count() {
                    0 => self.instead(&entries, &message.text),
                    n => format!(
                        "{} left, and earlier lines expected {}",
                        times(n),
                        if n == 1 { "it" } else { "all of them" }
                    ),
                };
                Err(self.fail(span, format!("one more {what} `{}` to have left", message.text), was))
            }
            Expectation::No(what) => {
                let declared = |name: &str| self.program.messages.iter().any(|m| m.name == name);
                let fits = |e: &&Entry| {
                    let of = |name: &str, channel: Channel| {
                        what.as_ref().is_none_or(|w| match Channel::named(&w.text).filter(|_| !declared(&w.text)) {
                            Some(by) => by == channel,
                            None => name == w.text,
                        })
                    };
                    is_message(e) && sent(e).is_some_and(|(name, channel)| of(name, channel))
                };
                let mut since = entries.iter().filter(|e| sent(e).is_some()).skip(self.quiet_since);
                let Some(first) = since.find(fits) else { return Ok(()) };
                let was = format!("{} at {}", first.sentence(&self.zone), self.zone.stamp(first.at));
                let what = what.as_ref().map_or("message".to_owned(), |m| format!("`{}`", m.text));
                Err(self.fail(span, format!("no {what} since the line before that did something"), was))
            }
            Expectation::Count { exactly, n, channel } => {
                let channel = channel.as_ref().map(|c| c.value);
                let fits = |e: &&Entry| is_message(e) && channel.is_none_or(|x| sent(e).is_some_and(|(_, c)| c == x));
                let found: Vec<&Entry> = entries.iter().filter(fits).collect();
                let wanted = n.value as usize;
                if if *exactly { found.len() == wanted } else { found.len() <= wanted } {
                    return Ok(());
                }
                let kind = channel.map_or("messages", Channel::name);
                let word = if *exactly { "exactly" } else { "at most" };
                let was = format!("{} so far{}", found.len(), listed(&found));
                Err(self.fail(span, format!("{word} {wanted} {kind} so far"), was))
            }
            Expectation::State(state) => {
                let customer = self.customer()?;
                let newest = customer.as_ref().zip(self.journey).and_then(|(c, j)| c.newest_instance(j));
                let was = newest.map(|i| {
                    let name = self
                        .program
                        .journeys
                        .get(i.journey().index())
                        .and_then(|j| j.states.get(i.state().index()))
                        .map_or("", |s| s.name.as_str());
                    (name.to_owned(), i.entered())
                });
                match was {
                    Some((name, _)) if name == state.text => Ok(()),
                    Some((name, at)) => {
                        let was = format!("it is in `{name}` since {}", self.zone.stamp(at));
                        Err(self.fail(span, format!("state `{}`", state.text), was))
                    }
                    None => {
                        Err(self.fail(span, format!("state `{}`", state.text), "no instance of the journey has begun"))
                    }
                }
            }
            Expectation::Handoff(queue) => {
                let customer = self.customer()?;
                let cases = customer.as_ref().map(|c| c.open_cases()).unwrap_or_default();
                if cases.iter().any(|c| c.queue == queue.text) {
                    return Ok(());
                }
                Err(self.fail(span, format!("an open case with \"{}\"", queue.text), open(&cases)))
            }
            Expectation::NoHandoff => {
                let customer = self.customer()?;
                let cases = customer.as_ref().map(|c| c.open_cases()).unwrap_or_default();
                if cases.is_empty() { Ok(()) } else { Err(self.fail(span, "no open case", open(&cases))) }
            }
            Expectation::Call(service) => {
                let fits = |e: &Entry| matches!(&e.what, What::Called { service: s } if *s == service.text);
                if self.one_more(&entries, fits) {
                    return Ok(());
                }
                let was = match entries.iter().filter(|e| fits(e)).count() {
                    0 => "it was not called".to_owned(),
                    n => format!("it was called {}, and earlier lines expected that", times(n)),
                };
                Err(self.fail(span, format!("one more call of `{}`", service.text), was))
            }
            Expectation::Blocked(message) => {
                let fits = |e: &Entry| matches!(&e.what, What::Blocked { message: m, .. } if *m == message.text);
                if self.one_more(&entries, fits) {
                    return Ok(());
                }
                let was = match entries.iter().filter(|e| fits(e)).count() {
                    0 => self.instead(&entries, &message.text),
                    n => format!("it was blocked {}, and earlier lines expected that", times(n)),
                };
                Err(self.fail(span, format!("one more `{}` to be blocked", message.text), was))
            }
            Expectation::Refused(event) => {
                let name = event.text();
                let fits = |e: &Entry| matches!(&e.what, What::Refused { event: e, .. } if *e == name);
                if self.one_more(&entries, fits) {
                    return Ok(());
                }
                let was = match entries.iter().filter(|e| fits(e)).count() {
                    0 => "every one was taken in".to_owned(),
                    n => format!("it was refused {}, and earlier lines expected that", times(n)),
                };
                Err(self.fail(span, format!("one more `{name}` to be refused"), was))
            }
            Expectation::Promise { name, fate } => {
                let last = entries.iter().rev().find_map(|e| match &e.what {
                    What::Promise { name: n, fate, .. } if *n == name.text => Some((*fate, e.at)),
                    _ => None,
                });
                match last {
                    Some((now, _)) if spelled(now) == fate.text => Ok(()),
                    Some((now, at)) => {
                        let was = format!("it was {} at {}", spelled(now), self.zone.stamp(at));
                        Err(self.fail(span, format!("promise `{}` {}", name.text, fate.text), was))
                    }
                    None => Err(self.fail(span, format!("promise `{}` {}", name.text, fate.text), "it was never made")),
                }
            }
            Expectation::Data { path, value: expr } => {
                let wanted = match expr {
                    Some(expr) => self.values().value(expr).map_err(|e| self.fail(e.span, "a value", e.problem))?,
                    None => Value::Missing,
                };
                let customer = self.customer()?;
                let parts: Vec<String> = path.parts.iter().map(|p| p.text.clone()).collect();
                let found = match (parts.split_first(), &customer) {
                    (Some((first, rest)), Some(c)) if first == "customer" => lookup(c.profile(), rest).cloned(),
                    (_, Some(c)) => {
                        self.journey.and_then(|j| c.newest_instance(j)).and_then(|i| lookup(i.data(), &parts)).cloned()
                    }
                    _ => None,
                };
                let held = found.clone().unwrap_or(Value::Missing);
                // A date stands for its local midnight where an instant is held.
                let holds = match (&held, &wanted, expr) {
                    (Value::Missing, Value::Missing, _) => true,
                    (Value::Instant(at), Value::Date(_), Some(expr)) => {
                        self.values().instant(expr).is_ok_and(|w| w == *at)
                    }
                    _ => value::same(&held, &wanted),
                };
                if holds {
                    return Ok(());
                }
                let kind = self.journey.and_then(|journey| self.program.sensitivity(journey, &parts));
                let was = match found {
                    Some(_) if kind.is_some() => {
                        format!("it is another, {}", kind.map(Sensitive::veil).unwrap_or_default())
                    }
                    Some(held) => format!("it is {}", value::spelled(&held, &self.zone)),
                    None => "there is no such datum yet".into(),
                };
                Err(self.fail(span, format!("`{}` to be {}", path.text(), value::spelled(&wanted, &self.zone)), was))
            }
        }
    }

    /// Over the whole scenario: what a `never` names has not left in its hours, in any zone where the customer may be.
    pub(super) fn hold_what_never_happens(&mut self) -> Result<(), Stop> {
        let entries = self.timeline()?;
        let mut zones = self.customer()?.map(|c| c.zones(&self.program)).unwrap_or_default();
        if zones.is_empty() {
            zones.push(self.zone.clone());
        }
        self.expects = true;
        for never in &self.nevers {
            let (from, to) = never.hours;
            let (fate, text, purposes) = (Fate::Skip, String::new(), Vec::new());
            let hours = Quiet { from, to, days: Vec::new(), purposes, fate, because: None, text };
            let left = |e: &&Entry| {
                is_message(e)
                    && sent(e).is_some_and(|(_, c)| never.channel.is_none_or(|only| only == c))
                    && is_quiet(&hours, &zones, e.at)
            };
            let Some(first) = entries.iter().find(left) else { continue };
            let more = entries.iter().filter(left).count().saturating_sub(1);
            let more = if more > 0 { format!(", and {more} more in these hours") } else { String::new() };
            let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
            let what = never.channel.map_or("message", Channel::name);
            let (name, _) = sent(first).unwrap_or(("a message", Channel::Sms));
            return Err(self.fail(
                never.span,
                format!("no {what} to leave between {} and {}", clock(from), clock(to)),
                format!("`{name}` left at {}{more}", self.zone.stamp(first.at)),
            ));
        }
        Ok(())
    }

    /// Whether one more entry fits than earlier lines expected; from now on that one is expected.
    fn one_more(&mut self, entries: &[Entry], fits: impl Fn(&Entry) -> bool) -> bool {
        let found = entries.iter().enumerate().find(|(i, e)| fits(e) && !self.expected.contains(i)).map(|(i, _)| i);
        self.expected.extend(found);
        found.is_some()
    }

    /// What became of a message that was expected otherwise.
    fn instead(&self, entries: &[Entry], message: &str) -> String {
        let about = |e: &&Entry| match &e.what {
            What::Sent { message: m, .. }
            | What::Blocked { message: m, .. }
            | What::Deferred { message: m, .. }
            | What::Withdrawn { message: m, .. }
            | What::Failed { message: m } => m == message,
            _ => false,
        };
        match entries.iter().rev().find(about) {
            Some(entry) => format!("{} at {}", entry.sentence(&self.zone), self.zone.stamp(entry.at)),
            None => {
                let left: Vec<&Entry> = entries.iter().filter(|e| is_message(e)).collect();
                format!("it was never sent; {} left so far{}", count(left.len(), "message", "messages"), listed(&left))
            }
        }
    }
}

fn sent(entry: &Entry) -> Option<(&str, Channel)> {
    match &entry.what {
        What::Sent { message, channel, .. } => Some((message, *channel)),
        _ => None,
    }
}

/// `: a, b, b`, cut where there are many.
fn listed(entries: &[&Entry]) -> String {
    let names: Vec<&str> = entries.iter().filter_map(|e| sent(e)).map(|(name, _)| name).take(12).collect();
    match (names.is_empty(), entries.len() > names.len()) {
        (true, _) => String::new(),
        (_, true) => format!(": {}, …", names.join(", ")),
        _ => format!(": {}", names.join(", ")),
    }
}

/// The open cases in words.
pub(super) fn open(cases: &[OpenCase<'_>]) -> String {
    let queues: Vec<String> = cases.iter().map(|c| format!("\"{}\"", c.queue)).collect();
    if queues.is_empty() { "no case is open".into() } else { format!("open cases are with {}", queues.join(", ")) }
}

fn times(n: usize) -> String {
    match n {
        1 => "once".into(),
        2 => "twice".into(),
        n => format!("{n} times"),
    }
}

fn spelled(fate: PromiseFate) -> &'static str {
    match fate {
        PromiseFate::Made => "made",
        PromiseFate::Kept => "kept",
        PromiseFate::Withdrawn => "withdrawn",
        PromiseFate::Broken => "broken",
        PromiseFate::Void => "void",
    }
}
