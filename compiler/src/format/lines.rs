//! The tree as lines: what states do, values, and scenarios.

use super::entries::{BLANKS, COMMA, Source, clock, entry, from, line, taken, text};
use super::layout::{Entry, Part};
use crate::ast::*;
use crate::source::Span;

impl Source<'_> {
    pub(super) fn state_item(&self, item: &StateItem) -> Entry {
        match item {
            StateItem::Action(action) => self.action(action),
            StateItem::Call(call) => {
                let mut parts = vec![text(format!("call {}(", call.service.text))];
                for (i, arg) in call.args.iter().enumerate() {
                    if i > 0 {
                        parts.push(text(", "));
                    }
                    self.expr(arg, &mut parts);
                }
                parts.push(text(format!(") within {} ", self.slice(call.within.span))));
                let outcomes = call
                    .outcomes
                    .iter()
                    .map(|(name, to)| line(name.span.to(to.span), format!("{} -> {}", name.text, to.text)))
                    .collect();
                parts.push(self.block(call.within.span.end, outcomes, BLANKS));
                entry(call.span, parts)
            }
            StateItem::Next(to, span) => line(*span, format!("-> {}", to.text)),
            StateItem::Choose(choose) => self.choose(choose),
            StateItem::Split(split) => self.split(split),
            StateItem::Arrow(arrow) => self.arrow(arrow),
        }
    }

    fn action(&self, action: &ActionDecl) -> Entry {
        let send = match action {
            ActionDecl::Send(send) => send,
            ActionDecl::Handoff { queue, transcript, carried, priority, span } => {
                let carried = carried.iter().map(|value| self.slice(value.span));
                let with: Vec<&str> = transcript.then_some("transcript").into_iter().chain(carried).collect();
                let with = if with.is_empty() { String::new() } else { format!(" with {}", with.join(", ")) };
                let mut parts = vec![text(format!("handoff {}{with}", self.slice(queue.span)))];
                if let Some(priority) = priority {
                    self.priority(priority, &mut parts);
                }
                return entry(*span, parts);
            }
            ActionDecl::Set { target, to, span } => {
                let mut parts = vec![text(format!("set {} = ", target.text()))];
                self.set_to(to, &mut parts);
                return entry(*span, parts);
            }
        };
        let mut parts = vec![text(format!("send {}", send.message.text))];
        let mut after = send.message.span.end;
        if !send.via.is_empty() {
            let via: Vec<_> = send.via.iter().map(|c| c.value.name()).collect();
            parts.push(text(format!(" via {}", via.join(" else "))));
        }
        if let Some(promise) = &send.promising {
            after = promise.span.end;
            parts.push(text(format!(" promising {} ", promise.name.text)));
            match &promise.deadline {
                DeadlineDecl::By(at) => {
                    parts.push(text("by "));
                    self.expr(at, &mut parts);
                }
                DeadlineDecl::Within(d) => parts.push(text(format!("within {}", self.slice(d.span)))),
            }
        }
        if let Some(kept) = &send.keeping {
            parts.push(text(format!(" keeping {}", kept.text)));
        }
        if let Some(withdrawn) = &send.withdrawing {
            parts.push(text(format!(" withdrawing {}", withdrawn.text)));
        }
        let arrows = [("on blocked ", &send.on_blocked), ("on failed ", &send.on_failed)];
        let mut lines: Vec<(Span, Entry)> = arrows
            .into_iter()
            .filter_map(|(on, then)| {
                let then = then.as_ref()?;
                let mut parts = vec![text(on)];
                self.then(then, &mut parts);
                let span = then_span(then);
                Some((span, from(self.back(span.start, 2), span, parts)))
            })
            .collect();
        lines.extend(send.on_sent.iter().filter_map(|set| {
            let ActionDecl::Set { target, to, span } = set else { return None };
            let mut parts = vec![text(format!("on sent set {} = ", target.text()))];
            self.set_to(to, &mut parts);
            Some((*span, from(self.back(span.start, 2), *span, parts)))
        }));
        lines.sort_by_key(|(span, _)| span.start);
        if !lines.is_empty() {
            parts.push(text(" "));
            parts.push(self.block(after, lines.into_iter().map(|(_, line)| line).collect(), BLANKS));
        }
        entry(send.span, parts)
    }

    fn then(&self, then: &ThenDecl, parts: &mut Vec<Part>) {
        match then {
            ThenDecl::Goto(to, _) => parts.push(text(format!("-> {}", to.text))),
            ThenDecl::Stay(actions, _) if actions.is_empty() => parts.push(text("stay")),
            ThenDecl::Stay(actions, span) => {
                let entries = actions.iter().map(|action| self.action(action)).collect();
                parts.push(text("stay "));
                parts.push(self.block(span.start, entries, BLANKS));
            }
        }
    }

    pub(super) fn arrow(&self, arrow: &ArrowDecl) -> Entry {
        let mut parts = Vec::new();
        let mut past = None;
        match &arrow.on {
            TriggerDecl::Event { event, take, settle } => {
                parts.push(text(format!("on {}{} ", event.text(), taken(take))));
                self.when(arrow.when.as_ref(), &mut parts);
                parts.extend(settle.as_ref().map(|d| text(format!("settle {} ", self.slice(d.span)))));
            }
            TriggerDecl::Reply(None) => parts.push(text("on reply ")),
            TriggerDecl::Reply(Some(name)) => parts.push(text(format!("on reply {} ", name.text))),
            TriggerDecl::HandoffClosed => parts.push(text("on handoff.closed ")),
            TriggerDecl::Blocked => parts.push(text("on blocked ")),
            TriggerDecl::Failed => parts.push(text("on failed ")),
            TriggerDecl::OptOut => parts.push(text("on opt out ")),
            TriggerDecl::After(d) => parts.push(text(format!("after {} ", self.slice(d.span)))),
            TriggerDecl::AfterDays { days, at, .. } => {
                let unit = if days.value == 1 { "day" } else { "days" };
                parts.push(text(format!("after {} {unit} at {} ", days.value, clock(at.value))));
            }
            TriggerDecl::At { at, if_past } => {
                parts.push(text("at "));
                self.expr(at, &mut parts);
                parts.push(text(" "));
                past = if_past.as_ref();
            }
        }
        if !matches!(arrow.on, TriggerDecl::Event { .. }) {
            self.when(arrow.when.as_ref(), &mut parts);
        }
        self.then(&arrow.then, &mut parts);
        if let Some(past) = past {
            parts.push(text(", if past "));
            self.then(past, &mut parts);
        }
        entry(arrow.span, parts)
    }

    pub(super) fn expr(&self, expr: &Expr, parts: &mut Vec<Part>) {
        match &expr.kind {
            ExprKind::Path(path) => parts.push(text(path.text())),
            ExprKind::Text(_) | ExprKind::Duration(_) => parts.push(text(self.slice(expr.span))),
            ExprKind::Number(number) => parts.push(text(number.clone())),
            ExprKind::Bool(yes) => parts.push(text(yes.to_string())),
            ExprKind::Date(at) | ExprKind::DateTime(at) => parts.push(text(at.clone())),
            ExprKind::Texts(texts) => {
                let texts: Vec<_> = texts.iter().map(|t| self.slice(t.span)).collect();
                parts.push(text(format!("[{}]", texts.join(", "))));
            }
            ExprKind::Record(entries) => parts.push(self.literal(expr.span.start, entries)),
            ExprKind::Add { left, right, minus } => {
                self.expr(left, parts);
                parts.push(text(if *minus { " - " } else { " + " }));
                self.expr(right, parts);
            }
            ExprKind::Amount { number, unit, at } => {
                self.expr(number, parts);
                let at = at.as_ref().map(|at| format!(" at {}", clock(at.value))).unwrap_or_default();
                parts.push(text(format!(" {}{at}", unit.text)));
            }
        }
    }

    pub(super) fn literal(&self, after: u32, entries: &[(Name, Expr)]) -> Part {
        let entries = entries
            .iter()
            .map(|(name, value)| {
                let mut parts = vec![text(format!("{}: ", name.text))];
                self.expr(value, &mut parts);
                entry(name.span.to(value.span), parts)
            })
            .collect();
        self.block(after, entries, COMMA)
    }

    pub(super) fn scenario_line(&self, scenario_line: &ScenarioLine) -> Entry {
        let span = scenario_line.span;
        let mut parts = Vec::new();
        match &scenario_line.kind {
            ScenarioLineKind::Given(data) => {
                parts.push(text("given customer "));
                parts.push(self.literal(span.start, data));
            }
            ScenarioLineKind::At(at, then) => {
                parts.push(text("at "));
                self.expr(at, &mut parts);
                if let Some(then) = then {
                    parts.push(text(" "));
                    parts.extend(self.scenario_line(then).parts);
                }
            }
            ScenarioLineKind::Advance(d) => parts.push(text(format!("advance {}", self.slice(d.span)))),
            ScenarioLineKind::Event { event, data, happened } => {
                parts.push(text(format!("event {} ", event.text())));
                parts.push(self.literal(event.span.end, data));
                if let Some(happened) = happened {
                    parts.push(text(" happened "));
                    self.expr(happened, &mut parts);
                }
            }
            ScenarioLineKind::Repeat { times, every, counter, lines } => {
                let counter = counter.as_ref().map(|n| format!("as {} ", n.text)).unwrap_or_default();
                let every_text = self.slice(every.span);
                parts.push(text(format!("repeat {} every {every_text} {counter}", times.value)));
                let lines = lines.iter().map(|l| self.scenario_line(l)).collect();
                parts.push(self.block(every.span.end, lines, BLANKS));
            }
            ScenarioLineKind::Reply { text: words, via } => {
                let via = via.as_ref().map(|c| format!(" via {}", c.value.name())).unwrap_or_default();
                parts.push(text(format!("reply {}{via}", self.slice(words.span))));
            }
            ScenarioLineKind::HandoffClosed(queue) => {
                let queue = queue.as_ref().map(|q| format!(" {}", self.slice(q.span))).unwrap_or_default();
                parts.push(text(format!("handoff closed{queue}")));
            }
            ScenarioLineKind::OptOut(channel) => {
                let channel = channel.as_ref().map(|c| format!(" {}", c.value.name())).unwrap_or_default();
                parts.push(text(format!("opt out{channel}")));
            }
            ScenarioLineKind::MockCall { service, answer } => {
                parts.push(text(format!("mock call {} -> ", service.text)));
                parts.push(match answer {
                    MockAnswer::Outcome(outcome) => text(outcome.text.clone()),
                    MockAnswer::Record(entries, span) => self.literal(span.start, entries),
                });
            }
            ScenarioLineKind::MockHook { hook, answer } => {
                parts.push(text(format!("mock hook {} ", hook.text)));
                self.mocked(answer, &mut parts);
            }
            ScenarioLineKind::MockSplit { state, to } => {
                parts.push(text(format!("mock split {} -> {}", state.text, to.text)));
            }
            ScenarioLineKind::ChannelFails { channel, times } => {
                let times = if *times == 1 { "once".to_string() } else { format!("{times} times") };
                parts.push(text(format!("channel {} fails {times}", channel.value.name())));
            }
            ScenarioLineKind::Pause { channel, during } => {
                parts.push(text(format!("pause {} for {}", channel.value.name(), self.slice(during.span))));
            }
            ScenarioLineKind::Never { channel, from, to } => {
                let what = channel.as_ref().map_or("messages", |c| c.value.name());
                parts.push(text(format!("never {what} between {} and {}", clock(from.value), clock(to.value))));
            }
            ScenarioLineKind::Expect(what) => {
                parts.push(text("expect "));
                self.expectation(what, &mut parts);
            }
        }
        entry(span, parts)
    }

    fn expectation(&self, what: &Expectation, parts: &mut Vec<Part>) {
        let words = match what {
            Expectation::Message { channel, message, saying } => {
                let saying = saying.as_ref().map(|s| format!(" saying {}", self.slice(s.span))).unwrap_or_default();
                format!("{} {}{saying}", channel.as_ref().map_or("message", |c| c.value.name()), message.text)
            }
            Expectation::No(None) => "no message".into(),
            Expectation::No(Some(message)) => format!("no {}", message.text),
            Expectation::Count { exactly, n, channel } => {
                let how = if *exactly { "exactly" } else { "at most" };
                format!("{how} {} {}", n.value, channel.as_ref().map_or("messages", |c| c.value.name()))
            }
            Expectation::State(state) => format!("state {}", state.text),
            Expectation::Handoff(queue) => format!("handoff {}", self.slice(queue.span)),
            Expectation::NoHandoff => "no handoff".into(),
            Expectation::Call(service) => format!("call {}", service.text),
            Expectation::Blocked(message) => format!("blocked {}", message.text),
            Expectation::Refused(event) => format!("refused {}", event.text()),
            Expectation::Promise { name, fate } => format!("promise {} {}", name.text, fate.text),
            Expectation::Data { path, value } => {
                parts.push(text(format!("{} ", path.text())));
                match value {
                    Some(value) => self.expr(value, parts),
                    None => parts.push(text("missing")),
                }
                return;
            }
        };
        parts.push(text(words));
    }
}

fn then_span(then: &ThenDecl) -> crate::source::Span {
    match then {
        ThenDecl::Goto(_, span) | ThenDecl::Stay(_, span) => *span,
    }
}
