//! States: what they do on entry, what they wait for, and where each arrow leads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use journey_spec::codes;
use journey_spec::program::{
    Action, Arrow, Call, Channel, Deadline, EventId, Handoff, MessageId, Promise, Send, ServiceId, State, StateId,
    Then, Trigger,
};

use super::Lower;
use super::expressions::Whose;
use super::journeys::JourneyScope;
use crate::ast::{
    ActionDecl, ArrowDecl, At, CallDecl, DeadlineDecl, MessageDecl, MessageItem, Name, PromiseDecl, SendDecl,
    StateDecl, StateItem, ThenDecl, TriggerDecl,
};
use crate::check::waits::missing_if_past;
use crate::diagnostics::{Finding, did_you_mean};
use crate::fix::Fix;
use crate::resolve::{Kind, listed, unknown};
use crate::source::Span;
use crate::spans::Node;

/// Whose arrow something is.
#[derive(Clone, Copy)]
enum Owner {
    Journey,
    State(StateId),
}

impl Lower<'_, '_> {
    pub(crate) fn state_block(&mut self, journey: &JourneyScope<'_>, decl: &StateDecl, id: StateId) -> State {
        self.out.place(Node::State(journey.id, id), decl.name.span);
        let mut state = State {
            name: decl.name.text.as_str().into(),
            end: None,
            entry: Vec::new(),
            next: None,
            branch: None,
            arrows: Vec::new(),
        };
        let mut next: Option<Span> = None;
        let mut call: Option<Span> = None;
        let mut heard = BTreeMap::new();
        for item in &decl.items {
            match item {
                StateItem::Action(action) => {
                    if let Some(lowered) = self.action(journey, action) {
                        self.out.place(Node::Entry(journey.id, id, state.entry.len()), span_of(action));
                        state.entry.push(lowered);
                    }
                }
                StateItem::Call(decl) => {
                    if let Some(first) = call {
                        self.out.say(
                            Finding::new(
                                &codes::J0118,
                                decl.span,
                                "a state asks one service, and this is the second call",
                            )
                            .also(first, "the first")
                            .help("give the second call a state of its own, and lead an outcome of the first there"),
                        );
                        continue;
                    }
                    call = Some(decl.span);
                    if let Some(lowered) = self.call(journey, decl, id) {
                        self.out.place(Node::Entry(journey.id, id, state.entry.len()), decl.span);
                        state.entry.push(Action::Call(lowered));
                    }
                }
                StateItem::Next(..) | StateItem::Choose(_) | StateItem::Split(_) => {
                    let span = match item {
                        StateItem::Choose(choose) => choose.head,
                        StateItem::Split(split) => split.head,
                        StateItem::Next(_, span) => *span,
                        _ => continue,
                    };
                    if let Some(first) = next {
                        self.out.say(
                            Finding::new(
                                &codes::J0118,
                                span,
                                format!("`{}` is left at once, and not twice", state.name),
                            )
                            .label("never taken")
                            .also(first, "left here")
                            .help("take one of them away"),
                        );
                        continue;
                    }
                    next = Some(span);
                    self.out.place(Node::Next(journey.id, id), span);
                    match item {
                        StateItem::Choose(choose) => state.branch = self.choose(journey, choose, id),
                        StateItem::Split(split) => state.branch = self.split(journey, split, id),
                        StateItem::Next(to, _) => state.next = self.state(journey, to).map(|(to, _)| to),
                        _ => {}
                    }
                }
                StateItem::Arrow(arrow) => {
                    if let Some(lowered) = self.arrow(journey, arrow, Owner::State(id), state.arrows.len(), &mut heard)
                    {
                        state.arrows.push(lowered);
                    }
                }
            }
        }
        self.never_taken(&decl.items);
        if let Some(next) = next {
            let waits = decl.items.iter().find_map(|item| match item {
                StateItem::Arrow(arrow) => Some((arrow.span, "this is never heard")),
                StateItem::Call(call) => Some((call.span, "its answer is never heard")),
                _ => None,
            });
            if let Some((span, what)) = waits {
                self.out.say(
                    Finding::new(&codes::J0118, span, format!("{what}: `{}` is left at once", decl.name.text))
                        .label("never taken")
                        .also(next, "left here")
                        .help("take away the line that leads on at once, so that the state waits, or put this into a state that does"),
                );
            }
        }
        state
    }

    /// Says which `after`s of a state come too late: another has left it by then. One that stays leaves nothing and is
    /// taken once a visit, so any number of those may stand before the one that leaves.
    fn never_taken(&mut self, items: &[StateItem]) {
        let afters = || {
            items.iter().filter_map(|item| match item {
                StateItem::Arrow(ArrowDecl { on: TriggerDecl::After(wait), when, then, span }) => {
                    Some((wait.value, matches!(then, ThenDecl::Goto(..)), when.is_some(), *span))
                }
                _ => None,
            })
        };
        // One that is guarded may leave or not; of two that fall due together the first in the text is asked first.
        let sure = afters().filter(|(_, goes, guarded, _)| *goes && !guarded);
        let Some((shortest, .., leaves)) = sure.min_by_key(|(wait, ..)| *wait) else { return };
        let late = |wait: i64, guarded: bool, span: Span| {
            wait > shortest || wait == shortest && (!guarded || span.start > leaves.start)
        };
        for (_, goes, _, span) in afters().filter(|(w, _, guarded, s)| late(*w, *guarded, *s) && *s != leaves) {
            let finding = match goes {
                true => Finding::new(&codes::J0118, span, "only the shorter of two `after` that leave is ever taken")
                    .help("keep the shorter one, or put the longer into the state that follows"),
                false => Finding::new(&codes::J0118, span, "this `after` comes when the state has been left already")
                    .help("make it shorter than the one that leaves, or put it into the state that follows"),
            };
            self.out.say(finding.label("never taken").also(leaves, "the state is left here, at the latest"));
        }
    }

    /// The arrows that hold in every state.
    pub(crate) fn journey_arrows(&mut self, journey: &JourneyScope<'_>, decls: &[&ArrowDecl]) -> Vec<Arrow> {
        let mut arrows = Vec::new();
        let mut heard = BTreeMap::new();
        for decl in decls {
            if matches!(decl.on, TriggerDecl::After(_) | TriggerDecl::AfterDays { .. } | TriggerDecl::At { .. }) {
                self.out.misplaced(
                    decl.span,
                    "a timer runs in one state, and this stands outside of all",
                    "put it into the state that it bounds",
                );
                continue;
            }
            if let Some(arrow) = self.arrow(journey, decl, Owner::Journey, arrows.len(), &mut heard) {
                arrows.push(arrow);
            }
        }
        arrows
    }

    fn arrow(
        &mut self,
        journey: &JourneyScope<'_>,
        decl: &ArrowDecl,
        owner: Owner,
        position: usize,
        heard: &mut BTreeMap<String, Span>,
    ) -> Option<Arrow> {
        let what = match &decl.on {
            TriggerDecl::Event { event, .. } => Some(format!("on {}", event.text())),
            TriggerDecl::Reply(None) => Some("on reply".into()),
            TriggerDecl::Reply(Some(name)) => Some(format!("on reply {}", name.text)),
            TriggerDecl::HandoffClosed => Some("on handoff.closed".into()),
            TriggerDecl::Blocked => Some("on blocked".into()),
            TriggerDecl::Failed => Some("on failed".into()),
            TriggerDecl::OptOut => Some("on opt out".into()),
            // Timers do not get in each other's way, but for `after`s: `never_taken`.
            TriggerDecl::After(_) | TriggerDecl::AfterDays { .. } | TriggerDecl::At { .. } => None,
        };
        if let Some(what) = what {
            match (heard.get(&what).copied(), &decl.when) {
                (Some(first), None) => {
                    self.twice(decl.span, first, &what);
                    return None;
                }
                // Guarded behind one that is not: J0122 says so.
                (Some(_), Some(_)) => {}
                // One that is guarded leaves the input to those below it.
                (None, Some(_)) => {}
                (None, None) => {
                    heard.insert(what, decl.span);
                }
            }
        }
        let on = self.trigger(journey, decl);
        let when = self.when(journey.scope(), decl.when.as_ref());
        let (then, stays) = self.then(journey, &decl.then);
        let (on, then) = (on?, then?);
        if decl.when.is_some() && when.is_none() {
            return None;
        }
        match owner {
            Owner::Journey => self.out.place(Node::JourneyArrow(journey.id, position), decl.span),
            Owner::State(state) => self.out.place(Node::Arrow(journey.id, state, position), decl.span),
        }
        for (action, span) in stays.into_iter().enumerate() {
            match owner {
                Owner::Journey => self.out.place(Node::JourneyStay(journey.id, position, action), span),
                Owner::State(state) => self.out.place(Node::Stay(journey.id, state, position, action), span),
            }
        }
        Some(Arrow { on, when, then })
    }

    fn trigger(&mut self, journey: &JourneyScope<'_>, decl: &ArrowDecl) -> Option<Trigger> {
        Some(match &decl.on {
            TriggerDecl::Event { event, take, settle } => {
                let id = self.position(Kind::Event, &event.text(), event.span);
                let take = id.map(|e| self.take(journey, e as usize, take)).unwrap_or_default();
                let settle = settle.as_ref().map(|settle| self.duration(settle, "settle"));
                Trigger::Event { event: EventId(id?), take, settle }
            }
            TriggerDecl::Reply(name) => {
                if let Some(name) = name
                    && !self.reply(journey, name)
                {
                    return None;
                }
                Trigger::Reply(name.as_ref().map(|n| n.text.clone()))
            }
            TriggerDecl::HandoffClosed => Trigger::HandoffClosed,
            TriggerDecl::Blocked => Trigger::Blocked,
            TriggerDecl::Failed => Trigger::Failed,
            TriggerDecl::OptOut => Trigger::OptOut,
            TriggerDecl::After(wait) => Trigger::After(self.duration(wait, "after")),
            TriggerDecl::AfterDays { days, at, .. } => {
                if !(1..=3_653).contains(&days.value) {
                    self.out.say(
                        Finding::new(&codes::J0116, days.span, format!("nobody waits for {} days", days.value))
                            .label("out of range")
                            .help(
                                "write a number from 1 to 3653; for later today write elapsed time, such as `after 4h`",
                            ),
                    );
                }
                Trigger::AfterDays { days: days.value.clamp(1, 3_653), minute: at.value }
            }
            TriggerDecl::At { at, if_past } => {
                let instant = self.instant(journey.scope(), at, "`at`");
                let past = match if_past {
                    Some(past) => self.then(journey, past).0,
                    None => {
                        let fix = match &decl.then {
                            ThenDecl::Goto(to, _) => Some(format!(", if past -> {}", to.text)),
                            ThenDecl::Stay(actions, _) if actions.is_empty() => Some(", if past stay".to_owned()),
                            // What is done there may be to send: not a second time without anybody having looked.
                            ThenDecl::Stay(..) => None,
                        };
                        let fix = fix.map(|text| Fix::insert(decl.span, text).look());
                        self.out.say(missing_if_past(decl.span).fix(fix));
                        // The program has to say something; what the arrow does anyway is the likeliest wish.
                        let before = (self.out.findings.len(), self.out.poisoned);
                        let same = self.then(journey, &decl.then).0;
                        self.out.findings.truncate(before.0);
                        self.out.poisoned = before.1;
                        same
                    }
                };
                Trigger::At { at: instant?, if_past: past? }
            }
        })
    }

    /// What an arrow does, and where the actions of its `stay` stand.
    fn then(&mut self, journey: &JourneyScope<'_>, decl: &ThenDecl) -> (Option<Then>, Vec<Span>) {
        match decl {
            ThenDecl::Goto(to, _) => (self.state(journey, to).map(|(to, _)| Then::Goto(to)), Vec::new()),
            ThenDecl::Stay(actions, _) => {
                let mut lowered = Vec::new();
                let mut spans = Vec::new();
                for action in actions {
                    if let Some(done) = self.action(journey, action) {
                        lowered.push(done);
                        spans.push(span_of(action));
                    }
                }
                (Some(Then::Stay(lowered)), spans)
            }
        }
    }

    fn action(&mut self, journey: &JourneyScope<'_>, decl: &ActionDecl) -> Option<Action> {
        match decl {
            ActionDecl::Handoff { queue, transcript, carried, priority, .. } => {
                // A case whose priority was not understood is still somebody's case.
                let priority = priority.as_ref().and_then(|priority| self.priority(journey, priority));
                let carried = self.carried(journey, carried);
                Some(Action::Handoff(Handoff { queue: queue.text.clone(), transcript: *transcript, carried, priority }))
            }
            ActionDecl::Set { target, to, .. } => self.set(journey, target, to).map(Action::Set),
            ActionDecl::Send(send) => self.send(journey, send).map(|send| Action::Send(Arc::new(send))),
        }
    }

    fn send(&mut self, journey: &JourneyScope<'_>, decl: &SendDecl) -> Option<Send> {
        let names = self.names;
        let message = self.position(Kind::Message, &decl.message.text, decl.message.span);
        let message_decl = message.and_then(|m| names.messages.get(m as usize)).copied();
        let via = message_decl.map(|m| self.via(m, &decl.via)).unwrap_or_default();
        let promising = decl.promising.as_ref().and_then(|promise| self.promise(journey, promise));
        let keeping = decl.keeping.as_ref().and_then(|name| self.promised(journey, name));
        let withdrawing = decl.withdrawing.as_ref().and_then(|name| self.promised(journey, name));
        let on_sent = decl.on_sent.iter().filter_map(|set| match set {
            ActionDecl::Set { target, to, .. } => self.set(journey, target, to),
            ActionDecl::Send(_) | ActionDecl::Handoff { .. } => None,
        });
        let on_sent = on_sent.collect();
        let on_blocked = decl.on_blocked.as_ref().and_then(|then| self.then(journey, then).0);
        let on_failed = decl.on_failed.as_ref().and_then(|then| self.then(journey, then).0);
        Some(Send {
            message: MessageId(message?),
            via,
            promising,
            keeping,
            withdrawing,
            on_sent,
            on_blocked,
            on_failed,
        })
    }

    fn via(&mut self, message: &MessageDecl, via: &[At<Channel>]) -> Vec<Channel> {
        let mut order: Vec<Channel> = Vec::new();
        for channel in via {
            let name = channel.value.name();
            if order.contains(&channel.value) {
                self.out.misplaced(channel.span, format!("{name} stands here twice"), "take one of them away");
                continue;
            }
            let has = message.items.iter().any(|item| match item {
                MessageItem::Variant(variant) => variant.channel.value == channel.value,
                _ => false,
            });
            if !has && !self.names.gaps.touch(message.span) {
                self.out.say(
                    Finding::new(
                        &codes::J0118,
                        channel.span,
                        format!("`{}` cannot leave by {name}: it has no text for it", message.name.text),
                    )
                    .also(message.name.span, "the message")
                    .help(format!("add the line `{name} \"…\"` to the message, or take {name} away here")),
                );
                continue;
            }
            order.push(channel.value);
        }
        order
    }

    fn promise(&mut self, journey: &JourneyScope<'_>, decl: &PromiseDecl) -> Option<Promise> {
        let deadline = match &decl.deadline {
            DeadlineDecl::By(by) => Deadline::By(self.instant(journey.scope(), by, "`by`")?),
            DeadlineDecl::Within(within) => Deadline::Within(self.duration(within, "within")),
        };
        Some(Promise { name: decl.name.text.clone(), deadline })
    }

    fn promised(&mut self, journey: &JourneyScope<'_>, name: &Name) -> Option<String> {
        if !journey.promises.contains(name.text.as_str()) {
            self.out.poisoned = true;
            if !self.names.gaps.may_declare("promising", &name.text) {
                self.out.say(unknown(
                    &codes::J0101,
                    name.span,
                    format!("{} never promises `{}`", journey.owner, name.text),
                    &name.text,
                    journey.promises.iter().copied(),
                    format!("let an earlier message promise it: `promising {} by INSTANT`", name.text),
                ));
            }
            return None;
        }
        Some(name.text.clone())
    }

    fn call(&mut self, journey: &JourneyScope<'_>, decl: &CallDecl, state: StateId) -> Option<Call> {
        let names = self.names;
        let id = self.position(Kind::Service, &decl.service.text, decl.service.span);
        let within = self.duration(&decl.within, "within");
        let mut outcomes = BTreeMap::new();
        let distinct: BTreeSet<Span> = self
            .out
            .distinct("outcomes", decl.outcomes.iter().map(|(name, _)| name))
            .into_iter()
            .map(|n| n.span)
            .collect();
        for (name, to) in decl.outcomes.iter().filter(|(name, _)| distinct.contains(&name.span)) {
            self.out.place(Node::Outcome(journey.id, state, name.text.clone()), name.span.to(to.span));
            if let Some((to, _)) = self.state(journey, to) {
                outcomes.insert(name.text.clone(), to);
            }
        }
        let service = names.services.get(id? as usize)?;
        let name = &service.decl.name.text;
        if let Some(returns) = &service.decl.returns {
            self.out.misplaced(
                decl.service.span,
                format!("`{name}` returns a `{}` and has no outcomes that could lead anywhere", returns.text),
                "only a message's `fresh` line asks it; declare another service with `-> one of { … }` for a `call`",
            );
            return None;
        }
        let whose =
            Whose { word: "service", name, declared: service.decl.name.span, params: service.fields.as_slice() };
        let args = self.arguments(journey.scope(), &decl.args, decl.service.span, whose);
        self.outcomes_handled(decl, name, &service.decl.outcomes);
        Some(Call { service: ServiceId(id?), args, within, outcomes })
    }

    /// Every outcome leads somewhere, and nothing else is handled.
    fn outcomes_handled(&mut self, decl: &CallDecl, service: &str, declared: &[Name]) {
        let declared: Vec<&str> = declared.iter().map(|n| n.text.as_str()).chain(["failed"]).collect();
        for (name, _) in &decl.outcomes {
            if !declared.contains(&name.text.as_str()) {
                let help = did_you_mean(&name.text, declared.iter().copied())
                    .unwrap_or_else(|| format!("it answers {}", listed(&declared)));
                self.out.say(
                    Finding::new(&codes::J0117, name.span, format!("`{service}` never answers `{}`", name.text))
                        .label("never taken")
                        .help(help)
                        .fix(Fix::meant(name.span, &name.text, declared.iter().copied())),
                );
            }
        }
        let mut missing: Vec<&str> =
            declared.into_iter().filter(|d| !decl.outcomes.iter().any(|(name, _)| name.text == *d)).collect();
        missing.dedup();
        if !missing.is_empty() && !self.names.gaps.touch(decl.span) {
            let lines: Vec<String> = missing.iter().map(|m| format!("{m} -> STATE")).collect();
            self.out.say(
                Finding::new(
                    &codes::J0117,
                    decl.service.span,
                    format!(
                        "a customer is stuck here when `{service}` answers {}",
                        listed(&missing).replace(" and ", " or ")
                    ),
                )
                .label("not every answer leads somewhere")
                .help(format!("add {}", listed(&lines)))
                .fix(as_the_last(decl, &missing)),
            );
        }
    }
}

/// Missing answers lead where the last one that is named leads: a person looks whether that is right.
fn as_the_last(decl: &CallDecl, missing: &[&str]) -> Option<Fix> {
    let (name, to) = decl.outcomes.last()?;
    let lines: String = missing.iter().map(|outcome| format!("   {outcome} -> {}", to.text)).collect();
    Some(Fix::insert(name.span.to(to.span), lines).look())
}

fn span_of(action: &ActionDecl) -> Span {
    match action {
        ActionDecl::Send(send) => send.span,
        ActionDecl::Handoff { span, .. } | ActionDecl::Set { span, .. } => *span,
    }
}

/// `1 value`, `2 values`, `no value`.
pub(super) fn counted(n: usize, what: &str) -> String {
    match n {
        0 => format!("no {what}"),
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}
