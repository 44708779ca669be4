//! What a picture says of triggers, actions and limits: the words of the text, shortened to what fits beside an arrow.

use journey_spec::Program;
use journey_spec::program::{Action, Arrow, Cond, Deadline, Fate, Journey, Limit, Send, StateId, Trigger};
use journey_spec::time::{spelled_days, spelled_duration};

use super::picture::{EdgeKind, LineKind};

/// A journey and what its words name.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) program: &'a Program,
    pub(super) journey: &'a Journey,
}

impl<'a> Words<'a> {
    pub(super) fn state(&self, id: StateId) -> &'a str {
        self.journey.states.get(id.index()).map_or("", |s| s.name.as_str())
    }

    pub(super) fn message(&self, send: &Send) -> &'a str {
        self.program.messages.get(send.message.index()).map_or("", |m| m.name.as_str())
    }

    pub(super) fn event(&self, event: journey_spec::program::EventId) -> &'a str {
        self.program.events.get(event.index()).map_or("", |e| e.name.as_str())
    }

    /// What makes an arrow happen, and in which words.
    pub(super) fn trigger(&self, on: &Trigger, sibling: &[&Trigger]) -> (EdgeKind, String) {
        match on {
            Trigger::Event { event, settle, .. } => {
                let settle = settle.map(|d| format!(" settle {}", spelled_duration(d))).unwrap_or_default();
                (EdgeKind::Event, format!("{}{settle}", self.event(*event)))
            }
            Trigger::Reply(Some(name)) => (EdgeKind::Reply, format!("reply {name}")),
            Trigger::Reply(None) => {
                let named = sibling.iter().any(|t| matches!(t, Trigger::Reply(Some(_))));
                (EdgeKind::Reply, if named { "any other reply".into() } else { "any reply".into() })
            }
            Trigger::HandoffClosed => (EdgeKind::Closed, "handoff.closed".into()),
            Trigger::Blocked => (EdgeKind::Blocked, "blocked".into()),
            Trigger::Failed => (EdgeKind::Failed, "failed".into()),
            Trigger::OptOut => (EdgeKind::OptOut, "opt out".into()),
            Trigger::After(d) => (EdgeKind::Timer, format!("after {}", spelled_duration(*d))),
            Trigger::AfterDays { days, minute } => {
                (EdgeKind::Timer, format!("after {}", spelled_days(*days, Some(*minute))))
            }
            Trigger::At { at, .. } => (EdgeKind::Timer, format!("at {}", at)),
        }
    }

    /// An arrow's trigger and condition.
    pub(super) fn arrow(&self, arrow: &Arrow, sibling: &[&Trigger]) -> (EdgeKind, String) {
        let (kind, label) = self.trigger(&arrow.on, sibling);
        (kind, format!("{label}{}", when(arrow.when.as_ref())))
    }

    /// What is done, each as a line, and what comes of it as further lines.
    pub(super) fn action(&self, action: &Action) -> Vec<(LineKind, String)> {
        match action {
            Action::Send(send) => self.sending(send),
            Action::Handoff(handoff) => {
                let with = handoff.with();
                let priority = handoff.priority.as_ref().map(|p| format!(" priority {p}")).unwrap_or_default();
                vec![(LineKind::Handoff, format!("\"{}\"{with}{priority}", handoff.queue))]
            }
            Action::Set(set) => vec![(LineKind::Set, format!("{} = {}", set.path.join("."), set.spelled()))],
            Action::Call(call) => {
                let service = self.program.services.get(call.service.index()).map_or("", |s| s.name.as_str());
                let args: Vec<String> = call.args.iter().map(ToString::to_string).collect();
                let within = spelled_duration(call.within);
                vec![(LineKind::Call, format!("{service}({}) within {within}", args.join(", ")))]
            }
        }
    }

    /// An action in few words, as part of a line.
    pub(super) fn brief(&self, action: &Action) -> String {
        match action {
            Action::Send(send) => format!("send {}", self.message(send)),
            Action::Handoff(handoff) => format!("handoff \"{}\"", handoff.queue),
            Action::Set(set) => set.to_string(),
            Action::Call(call) => {
                format!("call {}", self.program.services.get(call.service.index()).map_or("", |s| s.name.as_str()))
            }
        }
    }

    fn sending(&self, send: &Send) -> Vec<(LineKind, String)> {
        let Some(message) = self.program.messages.get(send.message.index()) else { return Vec::new() };
        let own = message.variants.iter().map(|v| v.channel.name());
        let via: Vec<&str> =
            if send.via.is_empty() { own.collect() } else { send.via.iter().map(|c| c.name()).collect() };
        let via = if via.is_empty() { String::new() } else { format!(" ({})", via.join(", ")) };
        let mut lines = vec![(LineKind::Send, format!("{}{via}", message.name))];
        if let Some(quota) = message.essential {
            let text = format!("essential: at most {} per {}", quota.n, quota.per.spelled());
            lines.push((LineKind::Limit, text));
        }
        if let Some(promise) = &send.promising {
            let by = match &promise.deadline {
                Deadline::By(at) => format!("by {}", at),
                Deadline::Within(d) => format!("within {}", spelled_duration(*d)),
            };
            lines.push((LineKind::Promise, format!("promises {} {by}", promise.name)));
        }
        if let Some(name) = &send.keeping {
            lines.push((LineKind::Promise, format!("keeps {name}")));
        }
        if let Some(name) = &send.withdrawing {
            lines.push((LineKind::Promise, format!("withdraws {name}")));
        }
        lines
    }

    /// `on reply stay: handoff "care"`
    pub(super) fn staying(&self, on: &str, actions: &[Action]) -> String {
        let done: Vec<String> = actions.iter().map(|a| self.brief(a)).collect();
        if done.is_empty() { format!("{on} stay") } else { format!("{on} stay: {}", done.join(", ")) }
    }

    /// How often at most: `3 per 7d`, `1 in all`.
    pub(super) fn quota(limit: &Limit) -> String {
        let per = limit.per.map_or_else(|| "in all".into(), |window| format!("per {}", window.spelled()));
        let whose = if limit.per_customer { " per customer" } else { "" };
        format!("{} {per}{whose}", limit.n)
    }

    /// What happens to one more, where it leads nowhere.
    pub(super) fn otherwise(&self, fate: &Fate) -> String {
        match fate {
            Fate::Defer => "else defer".into(),
            Fate::Latest => "else latest".into(),
            Fate::Skip => "else skip".into(),
            Fate::Handoff(queue) => format!("else handoff \"{queue}\""),
            Fate::Goto(to) => format!("else -> {}", self.state(*to)),
            Fate::End => "else end".into(),
        }
    }
}

/// ` when booking.slot > now + 2h`; nothing without a condition.
pub(super) fn when(cond: Option<&Cond>) -> String {
    cond.map(|c| format!(" when {c}")).unwrap_or_default()
}
