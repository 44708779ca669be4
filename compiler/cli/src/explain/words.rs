//! What triggers, actions and limits do, in plain words.

use journey_compiler::check::bounds::rule;
use journey_compiler::graph::spelled;
use journey_spec::Program;
use journey_spec::program::{
    Action, Arrow, Ask, Deadline, EndKind, Fate, Handoff, Journey, LimitWhat, PriorityOf, Send, StateId, Then, Trigger,
};
use journey_spec::time::{spelled_days, spelled_duration};

/// A journey and what its words name.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a> {
    pub(crate) program: &'a Program,
    pub(crate) journey: &'a Journey,
}

impl<'a> Words<'a> {
    pub(crate) fn state(&self, id: StateId) -> &'a str {
        self.journey.states.get(id.index()).map_or("", |s| s.name.as_str())
    }

    pub(crate) fn message(&self, send: &Send) -> &'a str {
        self.program.messages.get(send.message.index()).map_or("", |m| m.name.as_str())
    }

    /// A trigger nearly as it is written.
    pub(crate) fn trigger(&self, on: &Trigger) -> String {
        match on {
            Trigger::Event { event, take, settle } => {
                let name = self.program.events.get(event.index()).map_or("", |e| e.name.as_str());
                let take = if take.is_empty() { String::new() } else { format!("({})", take.join(", ")) };
                let settle = settle.map(|d| format!(" settle {}", spelled_duration(d))).unwrap_or_default();
                format!("on {name}{take}{settle}")
            }
            Trigger::Reply(Some(name)) => format!("on reply {name}"),
            Trigger::Reply(None) => "on reply".into(),
            Trigger::HandoffClosed => "on handoff.closed".into(),
            Trigger::Blocked => "on blocked".into(),
            Trigger::Failed => "on failed".into(),
            Trigger::OptOut => "on opt out".into(),
            Trigger::After(d) => format!("after {}", spelled_duration(*d)),
            Trigger::AfterDays { days, minute } => format!("after {}", spelled_days(*days, Some(*minute))),
            Trigger::At { at, .. } => format!("at {}", spelled(at)),
        }
    }

    /// An arrow's trigger and condition nearly as they are written.
    pub(crate) fn arrow(&self, arrow: &Arrow) -> String {
        match &arrow.when {
            Some(cond) => format!("{} when {cond}", self.trigger(&arrow.on)),
            None => self.trigger(&arrow.on),
        }
    }

    /// When a trigger comes, and what it brings along; empty where its own words say it.
    pub(crate) fn when(&self, on: &Trigger) -> String {
        match on {
            Trigger::Event { take, settle, .. } => {
                let take: Vec<String> = take.iter().map(|t| format!("`{t}`")).collect();
                let takes = if take.is_empty() {
                    String::new()
                } else {
                    let at_once = if settle.is_some() { " at once" } else { "" };
                    format!("takes over {}{at_once}; ", take.join(" and "))
                };
                let settles = settle
                    .map(|d| format!("{} after the first of a burst, once, ", spelled_duration(d)))
                    .unwrap_or_default();
                format!("{takes}{settles}")
            }
            Trigger::Reply(Some(name)) => {
                let invited = self.program.messages.iter().flat_map(|m| &m.replies).filter(|r| r.name == *name);
                let mut words: Vec<String> = Vec::new();
                for word in invited.flat_map(|r| &r.words).map(|w| format!("\"{w}\"")) {
                    if !words.contains(&word) {
                        words.push(word);
                    }
                }
                if words.is_empty() { String::new() } else { format!("{}: ", words.join(" or ")) }
            }
            Trigger::Reply(None) => "any answer that no named reply hears: ".into(),
            Trigger::HandoffClosed => "a person closes the case that this visit opened: ".into(),
            Trigger::Blocked => "a message sent here, or on the way here, will not leave: ".into(),
            Trigger::Failed => "a message sent here, or on the way here, was not delivered: ".into(),
            Trigger::OptOut => "the customer says STOP: ".into(),
            Trigger::After(_) => "counted from entering: ".into(),
            Trigger::AfterDays { .. } => "days of the customer's calendar, counted from entering: ".into(),
            Trigger::At { .. } => "once that instant comes; it moves with its data: ".into(),
        }
    }

    /// What an arrow does, taken in this state.
    pub(crate) fn then(&self, then: &Then, here: StateId) -> String {
        match then {
            Then::Goto(to) => self.goes(*to, here),
            Then::Stay(actions) if actions.is_empty() => "stays, and nothing else is done".into(),
            Then::Stay(actions) => {
                let all: Vec<String> = actions.iter().map(|a| self.action(a, here)).collect();
                format!("stays, and {}", all.join(", and "))
            }
        }
    }

    /// Where an arrow leads, and what the limits on its target make of it.
    pub(crate) fn goes(&self, to: StateId, here: StateId) -> String {
        let name = self.state(to);
        let end = self.journey.states.get(to.index()).and_then(|s| s.end);
        let mut out = match end {
            Some(kind) => format!("ends in `{name}`, as {}", end_name(kind)),
            None if to == here => format!("enters `{name}` anew"),
            None => format!("goes to `{name}`"),
        };
        for limit in self.journey.limits.iter().filter(|l| l.what == LimitWhat::Visits(to)) {
            out.push_str(&format!(", but over `{}` {}", rule(limit), self.instead(&limit.fate)));
        }
        out
    }

    /// What happens in place of a visit that a limit bars.
    pub(crate) fn instead(&self, fate: &Fate) -> String {
        match fate {
            Fate::Goto(to) => format!("goes to `{}`", self.state(*to)),
            Fate::End => "the journey ends".into(),
            Fate::Handoff(queue) => format!("the arrow is not taken, and \"{queue}\" gets the case"),
            Fate::Skip | Fate::Defer | Fate::Latest => "the arrow is not taken".into(),
        }
    }

    /// An action as a sentence's part.
    pub(crate) fn action(&self, action: &Action, here: StateId) -> String {
        let detail = self.detail(action, here);
        let what = match action {
            Action::Send(send) => format!("sends `{}`", self.message(send)),
            Action::Handoff(handoff) => {
                return format!("gives the case to \"{}\"{}", handoff.queue, along(handoff));
            }
            Action::Set(set) => return format!("sets `{}` to {}", set.path.join("."), set.spelled()),
            Action::Call(_) => return format!("asks a service: {detail}"),
        };
        if detail.is_empty() { what } else { format!("{what} {detail}") }
    }

    /// An action nearly as it is written.
    pub(crate) fn written(&self, action: &Action) -> String {
        match action {
            Action::Send(send) => format!("send {}", self.message(send)),
            Action::Handoff(handoff) => {
                let priority = handoff.priority.as_ref().map(|p| format!(" priority {p}")).unwrap_or_default();
                format!("handoff \"{}\"{priority}", handoff.queue)
            }
            Action::Set(set) => set.to_string(),
            Action::Call(call) => {
                format!("call {}", self.program.services.get(call.service.index()).map_or("", |s| s.name.as_str()))
            }
        }
    }

    /// The rest of what there is to say of an action.
    pub(crate) fn detail(&self, action: &Action, here: StateId) -> String {
        match action {
            Action::Send(send) => self.sending(send, here),
            Action::Set(set) => {
                let asked = set.hook.as_ref().map(|ask| format!("{}; ", self.asks(ask))).unwrap_or_default();
                format!("{asked}timers that are computed from it follow")
            }
            Action::Handoff(handoff) => format!("gives the case to a person{}", along(handoff)),
            Action::Call(call) => {
                let args: Vec<String> = call.args.iter().map(|a| format!("`{}`", spelled(a))).collect();
                let with = if args.is_empty() { String::new() } else { format!(" with {}", args.join(" and ")) };
                format!("asks the service{with}, and waits for its answer at most {}", spelled_duration(call.within))
            }
        }
    }

    /// That a hook is asked, and what its failure counts as.
    pub(crate) fn asks(&self, ask: &Ask) -> String {
        match self.program.hooks.get(ask.hook.index()) {
            Some(hook) => format!(
                "asks the hook at once, at most {}; where it fails, it counts as {}",
                spelled_duration(hook.within),
                hook.on_failure
            ),
            None => String::new(),
        }
    }

    fn sending(&self, send: &Send, here: StateId) -> String {
        let Some(message) = self.program.messages.get(send.message.index()) else { return String::new() };
        let own = message.variants.iter().map(|v| v.channel);
        let via: Vec<&str> = if send.via.is_empty() {
            own.map(journey_spec::program::Channel::name).collect()
        } else {
            send.via.iter().map(|c| c.name()).collect()
        };
        let first = match send.via.is_empty() && via.len() > 1 && self.program.customer.preferred.is_some() {
            true => "by the preferred channel, else by ",
            false => "by ",
        };
        let mut parts = vec![format!("{first}{}", via.join(", else by "))];
        let consents = message.variants.iter().map(|v| self.program.customer.consent(message.purpose, v.channel));
        let mut consents: Vec<String> = consents.flatten().map(|field| format!("`{field}`")).collect();
        consents.dedup();
        if !consents.is_empty() {
            parts.push(format!("only where {} says yes", consents.join(" or ")));
        }
        if message.essential.is_some() {
            parts.push("essential, so limits and quiet hours let it pass".into());
        }
        if let Some(promise) = &send.promising {
            let by = match &promise.deadline {
                Deadline::By(at) => format!("by {}", spelled(at)),
                Deadline::Within(d) => format!("within {}", spelled_duration(*d)),
            };
            parts.push(format!("promises `{}` {by}", promise.name));
        }
        if let Some(name) = &send.keeping {
            parts.push(format!("keeps the promise `{name}`"));
        }
        if let Some(name) = &send.withdrawing {
            parts.push(format!("withdraws the promise `{name}`"));
        }
        for set in &send.on_sent {
            parts.push(format!("sets `{}` to {} as it leaves", set.path.join("."), set.spelled()));
        }
        if let Some(then) = &send.on_blocked {
            parts.push(format!("where it is blocked {}", self.then(then, here)));
        }
        if let Some(then) = &send.on_failed {
            parts.push(format!("where it fails {}", self.then(then, here)));
        }
        parts.join("; ")
    }
}

/// What goes along with a case.
fn along(handoff: &Handoff) -> String {
    let said = if handoff.transcript { ", with everything said so far" } else { "" };
    let priority = match &handoff.priority {
        None => String::new(),
        Some(PriorityOf::Value(value)) => format!(", as urgent as `{value}`"),
        Some(PriorityOf::Hook(ask)) => format!(", as urgent as `{ask}` says"),
    };
    format!("{said}{priority}")
}

pub(crate) fn end_name(kind: EndKind) -> &'static str {
    match kind {
        EndKind::Success => "success",
        EndKind::Neutral => "neutral",
        EndKind::Failure => "failure",
    }
}
