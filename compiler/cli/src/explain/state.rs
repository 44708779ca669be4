//! One state: how one gets there, what is done on entry, and what leaves it, in the order of the text.

use std::collections::BTreeSet;

use journey_compiler::Compilation;
use journey_compiler::check::bounds::rule;
use journey_compiler::graph::{self, Graph, goes_before};
use journey_compiler::spans::Node;
use journey_spec::program::{
    Action, Arrow, Branch, Call, Fate, JourneyId, Limit, LimitWhat, Send, State, StateId, Then, Trigger,
};
use journey_spec::time::spelled_duration;

use super::page::Page;
use super::words::{Words, end_name};

type Rows = Vec<(String, String)>;

/// A journey, with all that is known of it.
pub(super) struct Here<'a> {
    pub(super) id: JourneyId,
    pub(super) words: Words<'a>,
    compilation: &'a Compilation,
    graph: Graph,
}

/// Why a journey's arrow does not hold in a state.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absent {
    /// It leads to the state itself.
    LeadsHere,
    /// The state hears the same input itself.
    Overridden,
}

impl<'a> Here<'a> {
    pub(super) fn of(compilation: &'a Compilation, id: JourneyId) -> Option<Here<'a>> {
        let program = compilation.program.as_ref()?;
        let journey = program.journeys.get(id.index())?;
        let graph = graph::of(program, id)?;
        Some(Here { id, words: Words { program, journey }, compilation, graph })
    }

    /// `appointment.journey:57`
    pub(super) fn line(&self, node: &Node) -> String {
        let span = self.compilation.spans.get(node);
        let Some(source) = self.compilation.sources.get(span.file) else { return String::new() };
        format!("{}:{}", source.path, source.line_col(span.start).line)
    }

    fn states(&self) -> impl Iterator<Item = (StateId, &'a State)> {
        (0..).map(StateId).zip(&self.words.journey.states)
    }

    fn rests(&self, id: StateId) -> bool {
        self.graph.rests(self.graph.at(id))
    }

    /// A call's outcomes in the order of the text.
    pub(super) fn outcomes<'c>(&self, call: &'c Call, state: &State) -> Vec<(&'c str, StateId)> {
        let id = self.states().find(|(_, s)| std::ptr::eq(*s, state)).map_or(StateId(0), |(id, _)| id);
        let mut all: Vec<_> = call.outcomes.iter().map(|(name, to)| (name.as_str(), *to)).collect();
        all.sort_by_key(|(name, _)| self.compilation.spans.get(&Node::Outcome(self.id, id, (*name).into())).start);
        all
    }

    /// All that is to be said of a state.
    pub(super) fn page(&self, id: StateId) -> Page {
        let mut page = Page::default();
        let Some(state) = self.words.journey.states.get(id.index()) else { return page };
        let title = format!("{}::{}  {}", self.words.journey.name, state.name, self.line(&Node::State(self.id, id)));
        page.part(title, Vec::new());
        self.leaving(id, state, &mut page);
        let limits = self.words.journey.limits.iter().filter(|l| l.what == LimitWhat::Visits(id));
        let limits: Rows = limits.map(|l| (rule(l), self.barred(l))).collect();
        if !limits.is_empty() {
            page.part("Limits on entering it", limits);
        }
        page.part("How one gets here", self.ways_in(id));
        page
    }

    /// What is done on entry, and what leads out.
    fn leaving(&self, id: StateId, state: &State, page: &mut Page) {
        if let Some(kind) = state.end {
            let after = match &self.words.program.policy.after_end {
                Some(queue) => format!("an answer that comes later goes to \"{queue}\""),
                None => "an answer that comes later is recorded, and heard by nobody".into(),
            };
            let text = format!("the journey is over, as {}; {after}", end_name(kind));
            page.part("The end", vec![(String::new(), text)]);
            return;
        }
        let mut entry: Rows = state.entry.iter().map(|a| (self.words.written(a), self.words.detail(a, id))).collect();
        if let Some(next) = state.next {
            entry.push((format!("-> {}", self.words.state(next)), format!("at once: {}", self.words.goes(next, id))));
        }
        if let Some(branch) = &state.branch {
            let how = match branch {
                Branch::Split(_) => "by the customer's id",
                _ => "at once",
            };
            if let Branch::Hook { ask, .. } = branch {
                entry.push((format!("choose {ask}"), self.words.asks(ask)));
            }
            entry.extend(
                branch.ways().into_iter().map(|(word, to)| (word, format!("{how}: {}", self.words.goes(to, id)))),
            );
        }
        if !entry.is_empty() {
            page.part("On entry, in this order", entry);
        }
        if !self.rests(id) {
            return;
        }
        let own = self.own(id, state);
        if !own.is_empty() {
            page.part("What it waits for", own);
        }
        let messages = self.messages(id, state);
        if !messages.is_empty() {
            page.part("What becomes of its messages", messages);
        }
        let (held, absent): (Vec<_>, Vec<_>) = self
            .words
            .journey
            .arrows
            .iter()
            .map(|a| (a, self.absent(a, id, state)))
            .partition(|(_, why)| why.is_none());
        if !held.is_empty() {
            page.part("From the journey, also here", held.iter().flat_map(|(a, _)| self.arrow(a, id)).collect());
        }
        if !absent.is_empty() {
            let rows = absent.into_iter().map(|(a, why)| (self.words.arrow(a), self.why_absent(a, why, state)));
            page.part("From the journey, not here", rows.collect());
        }
        let calls = state.entry.iter().any(|a| matches!(a, Action::Call(_)));
        if !calls && !self.has_timer(id) {
            let text = "nothing here ends the wait: where none of these comes, it waits for ever";
            page.part("No timer", vec![(String::new(), text.into())]);
        }
    }

    fn barred(&self, limit: &Limit) -> String {
        let whose = if limit.per_customer { "counted over all of the customer's: " } else { "" };
        match &limit.fate {
            Fate::Goto(to) => format!("{whose}one more goes to `{}` instead", self.words.state(*to)),
            fate => format!("{whose}at one more, {}", self.words.instead(fate)),
        }
    }

    /// The state's own arrows, and its call's outcomes.
    fn own(&self, id: StateId, state: &State) -> Rows {
        let mut rows = Vec::new();
        for action in &state.entry {
            let Action::Call(call) = action else { continue };
            for (name, to) in self.outcomes(call, state) {
                let goes = self.words.goes(to, id);
                let text = if name == "failed" {
                    format!("the service fails, or says nothing within {}: {goes}", spelled_duration(call.within))
                } else {
                    format!("the service answers so: {goes}")
                };
                rows.push((format!("answer {name}"), text));
            }
        }
        rows.extend(state.arrows.iter().flat_map(|a| self.arrow(a, id)));
        rows
    }

    fn has_timer(&self, id: StateId) -> bool {
        let own = self.words.journey.states.get(id.index()).map(|s| s.arrows.as_slice()).unwrap_or_default();
        let shared = self.words.journey.arrows.iter().filter(|a| a.then != Then::Goto(id));
        own.iter()
            .chain(shared)
            .any(|a| matches!(a.on, Trigger::After(_) | Trigger::AfterDays { .. } | Trigger::At { .. }))
    }

    fn arrow(&self, arrow: &Arrow, id: StateId) -> Rows {
        let words = self.words;
        let sooner = match arrow.on {
            Trigger::Event { settle: Some(_), .. } if self.has_timer(id) => "; sooner where a timer falls due",
            _ => "",
        };
        let text = format!("{}{}{sooner}", words.when(&arrow.on), words.then(&arrow.then, id));
        let mut rows = vec![(words.arrow(arrow), text)];
        if let Trigger::At { if_past, .. } = &arrow.on {
            let late = spelled_duration(words.program.policy.grace);
            let what = if *if_past == arrow.then { "the same".into() } else { words.then(if_past, id) };
            let text = format!("on entry, after new data, or where it comes more than {late} late: {what}");
            rows.push(("  if past".into(), text));
        }
        rows
    }

    /// Why a journey's arrow does not hold in a state; none where it holds.
    fn absent(&self, arrow: &Arrow, id: StateId, state: &State) -> Option<Absent> {
        if arrow.then == Then::Goto(id) {
            return Some(Absent::LeadsHere);
        }
        state.arrows.iter().any(|own| goes_before(own, arrow)).then_some(Absent::Overridden)
    }

    fn why_absent(&self, arrow: &Arrow, why: Option<Absent>, state: &State) -> String {
        let own = state.arrows.iter().any(|own| goes_before(own, arrow));
        if own || why == Some(Absent::Overridden) {
            return "the state's own goes before it".into();
        }
        match arrow.on {
            Trigger::Reply(Some(_)) => "it leads here itself; such an answer counts as any other".into(),
            _ => "it leads here itself".into(),
        }
    }

    /// The states where an instance can have been at once before it rests here, this one included.
    fn on_the_way(&self, id: StateId) -> BTreeSet<StateId> {
        let mut seen = BTreeSet::from([id]);
        let mut open = vec![id];
        while let Some(to) = open.pop() {
            for (from, state) in self.states() {
                let past = state.arrows.iter().chain(&self.words.journey.arrows).filter_map(|a| match &a.on {
                    Trigger::At { if_past: Then::Goto(past), .. } => Some(*past),
                    _ => None,
                });
                let leads = state.end.is_none()
                    && ways(state).chain(past.filter(|_| self.rests(from))).any(|t| self.may_enter(t, to));
                if leads && seen.insert(from) {
                    open.push(from);
                }
            }
        }
        seen
    }

    /// Whether an arrow to a state may come out in another, by redirects of limits.
    fn may_enter(&self, asked: StateId, to: StateId) -> bool {
        let mut seen = BTreeSet::from([asked]);
        let mut open = vec![asked];
        while let Some(at) = open.pop() {
            for limit in self.words.journey.limits.iter().filter(|l| l.what == LimitWhat::Visits(at)) {
                if let Fate::Goto(other) = limit.fate
                    && seen.insert(other)
                {
                    open.push(other);
                }
            }
        }
        seen.contains(&to)
    }

    /// What blocked and failed messages bring that say so themselves, and limits of the journey that lead on.
    fn messages(&self, id: StateId, state: &State) -> Rows {
        let mut sends: Vec<(StateId, &Send)> = Vec::new();
        for from in self.on_the_way(id) {
            let entry = self.words.journey.states.get(from.index()).map(|s| s.entry.as_slice()).unwrap_or_default();
            sends.extend(sent(entry).map(|s| (from, s)));
        }
        let shared = self.words.journey.arrows.iter().filter(|a| self.absent(a, id, state).is_none());
        for arrow in state.arrows.iter().chain(shared) {
            sends.extend(stays(arrow).map(|s| (id, s)));
        }
        let mut rows = Rows::new();
        for (from, send) in &sends {
            let own = [("blocked", &send.on_blocked), ("failed", &send.on_failed)];
            for (word, then) in own {
                let Some(then) = then else { continue };
                let way = if *from == id {
                    String::new()
                } else {
                    format!("sent in `{}`, on the way here: ", self.words.state(*from))
                };
                let text = format!("{way}{}", self.words.then(then, id));
                rows.push((format!("{} {word}", self.words.message(send)), text));
            }
        }
        for limit in &self.words.journey.limits {
            let mut held: Vec<String> = sends
                .iter()
                .filter(|(_, s)| self.counts(limit, s))
                .map(|(_, s)| format!("`{}`", self.words.message(s)))
                .collect();
            held.dedup();
            let then = match &limit.fate {
                Fate::Goto(to) => self.words.goes(*to, id),
                Fate::End => "the journey ends".into(),
                _ => continue,
            };
            if !held.is_empty() {
                rows.push((rule(limit), format!("where it bars {}: {then}", held.join(" or "))));
            }
        }
        rows
    }

    /// Whether a limit counts a message as this would send it.
    fn counts(&self, limit: &Limit, send: &Send) -> bool {
        let LimitWhat::Messages { channel, purpose } = limit.what else { return false };
        let Some(message) = self.words.program.messages.get(send.message.index()) else { return false };
        let mut channels =
            message.variants.iter().map(|v| v.channel).filter(|c| send.via.is_empty() || send.via.contains(c));
        message.essential.is_none()
            && purpose.is_none_or(|p| p == message.purpose)
            && channels.any(|c| channel.is_none_or(|l| l == c))
    }

    /// Every way into a state: starts, arrows of the journey, of states in the order of the text, and redirects.
    fn ways_in(&self, id: StateId) -> Rows {
        let words = self.words;
        let mut rows = Rows::new();
        for start in words.journey.starts.iter().filter(|s| s.to == id) {
            let event = words.program.events.get(start.event.index()).map_or("", |e| e.name.as_str());
            let when = start.when.as_ref().map(|c| format!(" when {c}")).unwrap_or_default();
            rows.push(("the start".into(), format!("on {event}{when}")));
        }
        for arrow in &words.journey.arrows {
            let how = self.leading(arrow, id);
            if !how.is_empty() {
                rows.push((self.where_held(arrow), how.join("; ")));
            }
        }
        for (from, state) in self.states() {
            let how = self.leading_from(from, state, id);
            if !how.is_empty() {
                rows.push((state.name.to_string(), how.join("; ")));
            }
        }
        for limit in words.journey.limits.iter().filter(|l| l.fate == Fate::Goto(id)) {
            let text = match limit.what {
                LimitWhat::Visits(other) => format!("over it, instead of `{}`", words.state(other)),
                _ => "where it bars a message".into(),
            };
            rows.push((rule(limit), text));
        }
        if rows.is_empty() {
            rows.push((String::new(), "nothing leads here".into()));
        }
        rows
    }

    /// Those of the waiting states in which a journey's arrow holds.
    fn where_held(&self, arrow: &Arrow) -> String {
        let waiting: Vec<_> = self.states().filter(|(id, _)| self.rests(*id)).collect();
        let (held, not): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(id, s)| self.absent(arrow, *id, s).is_none());
        // The target itself goes without saying.
        let not: Vec<&str> =
            not.into_iter().filter(|(id, _)| arrow.then != Then::Goto(*id)).map(|(_, s)| s.name.as_str()).collect();
        if not.is_empty() {
            "any other state".into()
        } else if not.len() < held.len() {
            format!("any other state but {}", not.join(", "))
        } else {
            held.into_iter().map(|(_, s)| s.name.as_str()).collect::<Vec<_>>().join(", ")
        }
    }

    fn leading_from(&self, from: StateId, state: &State, id: StateId) -> Vec<String> {
        let mut how = Vec::new();
        for action in &state.entry {
            match action {
                Action::Send(send) => how.extend(self.undelivered(send, id)),
                Action::Call(call) => {
                    let outcomes = self.outcomes(call, state).into_iter().filter(|(_, to)| *to == id);
                    let service = words_service(self.words, call);
                    how.extend(outcomes.map(|(name, _)| format!("call {service} {name}")));
                }
                Action::Handoff(_) | Action::Set(_) => {}
            }
        }
        if state.next == Some(id) {
            how.push("at once".into());
        }
        let ways = state.branch.as_ref().map(Branch::ways).unwrap_or_default();
        how.extend(ways.into_iter().filter(|(_, to)| *to == id).map(|(word, _)| format!("at once, {word}")));
        how.extend(state.arrows.iter().flat_map(|a| self.leading(a, id)));
        if from == id {
            how = how.into_iter().map(|h| format!("{h}, anew")).collect();
        }
        how
    }

    /// In which of its ways an arrow leads to a state.
    fn leading(&self, arrow: &Arrow, id: StateId) -> Vec<String> {
        let on = self.words.arrow(arrow);
        let mut how = Vec::new();
        let past = match &arrow.on {
            Trigger::At { if_past, .. } => *if_past == Then::Goto(id),
            _ => false,
        };
        match (arrow.then == Then::Goto(id), past) {
            (true, true) => how.push(format!("{on}, or if that is past")),
            (true, false) => how.push(on),
            (false, true) => how.push(format!("{on}, only if that is past")),
            (false, false) => {}
        }
        how.extend(stays(arrow).flat_map(|s| self.undelivered(s, id)));
        how
    }

    fn undelivered(&self, send: &Send, id: StateId) -> Vec<String> {
        let own = [("blocked", &send.on_blocked), ("failed", &send.on_failed)];
        let own = own.into_iter().filter(|(_, then)| **then == Some(Then::Goto(id)));
        own.map(|(word, _)| format!("{} {word}", self.words.message(send))).collect()
    }
}

/// Where a state leads at once.
fn ways(state: &State) -> impl Iterator<Item = StateId> {
    let branch = state.branch.as_ref().map(Branch::ways).unwrap_or_default();
    state.next.into_iter().chain(branch.into_iter().map(|(_, to)| to))
}

fn words_service<'a>(words: Words<'a>, call: &Call) -> &'a str {
    words.program.services.get(call.service.index()).map_or("", |s| s.name.as_str())
}

fn sent(actions: &[Action]) -> impl Iterator<Item = &Send> {
    actions.iter().filter_map(|a| match a {
        Action::Send(send) => Some(send.as_ref()),
        _ => None,
    })
}

/// The messages that an arrow sends where it stays.
fn stays(arrow: &Arrow) -> impl Iterator<Item = &Send> {
    let past = match &arrow.on {
        Trigger::At { if_past, .. } => Some(if_past),
        _ => None,
    };
    std::iter::once(&arrow.then)
        .chain(past)
        .flat_map(|then| match then {
            Then::Stay(actions) => actions.as_slice(),
            Then::Goto(_) => &[],
        })
        .filter_map(|a| match a {
            Action::Send(send) => Some(send.as_ref()),
            _ => None,
        })
}
