//! Journeys: heads, data, keys and starts.

use std::collections::{BTreeMap, BTreeSet};

use journey_spec::Type;
use journey_spec::codes;
use journey_spec::program::{EventId, Goal, GoalWhat, Journey, JourneyId, Start, State, StateId};
use journey_spec::time::spelled_duration;

use super::memo::{Lowered, Memo};
use super::messages::texts;
use super::walks::{chosen_by, expressions_of, first_part, first_parts, heard, sends};
use super::{Lower, expressions, ir_fields};
use crate::ast::{GoalWhatDecl, JourneyDecl, JourneyItem, MessageItem, Name, Path, TemplatePiece};
use crate::diagnostics::Finding;
use crate::resolve::{FieldInfo, Kind, Out, listed, unknown};
use crate::source::Span;
use crate::spans::Node;
use crate::types::{Scope, fits, mismatch, noun, walk};

/// Most states that a journey may have.
const MOST_STATES: usize = 10_000;

/// What the lines of a journey may refer to.
pub(crate) struct JourneyScope<'s> {
    pub(crate) id: JourneyId,
    pub(crate) name: &'s str,
    /// Where the key stands in the events that it hears.
    pub(crate) key: Option<String>,
    /// ``the journey `appointment` ``
    pub(crate) owner: String,
    pub(crate) data: Vec<FieldInfo>,
    pub(crate) states: BTreeMap<&'s str, (StateId, bool)>,
    /// Replies that the messages it sends invite; none where a message is not known.
    pub(crate) replies: Option<BTreeSet<&'s str>>,
    /// Promises that its messages make.
    pub(crate) promises: BTreeSet<&'s str>,
}

impl JourneyScope<'_> {
    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope { fields: &self.data, owner: &self.owner, customer: true, code: &codes::J0101 }
    }
}

impl Lower<'_, '_> {
    pub(crate) fn journeys(&mut self, memo: &mut Memo) -> (Vec<Journey>, BTreeSet<JourneyId>) {
        let names = self.names;
        let mut journeys = Vec::new();
        let mut broken = BTreeSet::new();
        memo.forget_others(&names.journeys);
        for (decl, id) in names.journeys.iter().zip(0..) {
            let id = JourneyId(id);
            let lowered = match memo.known(decl, id, self.sources) {
                Some(known) => known.clone(),
                None => {
                    let lowered = self.apart(decl, id);
                    memo.learn(decl, id, self.sources, &lowered);
                    lowered
                }
            };
            self.out.extend(lowered.out);
            journeys.push(lowered.journey);
            if lowered.broken {
                broken.insert(id);
            }
        }
        (journeys, broken)
    }

    /// Lowers a journey; what is said on the way depends on nothing that was said of others.
    fn apart(&mut self, decl: &JourneyDecl, id: JourneyId) -> Lowered {
        let names = self.names;
        let mut out = Out::default();
        let mut own = Lower { names, sources: self.sources, bodies: self.bodies, modules: self.modules, out: &mut out };
        let journey = own.journey(decl, id);
        let broken = own.out.errors() != 0 || names.gaps.touch(decl.span);
        // Whether the messages that it sends can be written is no matter of its states and arrows.
        own.templates(decl);
        out.poisoned = false;
        Lowered { journey, out, broken }
    }

    fn journey(&mut self, decl: &JourneyDecl, id: JourneyId) -> Journey {
        self.out.place(Node::Journey(id), decl.head);
        let names = self.names;
        let journey = JourneyScope {
            id,
            name: &decl.name.text,
            key: decl.key.as_ref().map(Path::text),
            owner: format!("the journey `{}`", decl.name.text),
            data: self.data(decl),
            states: self.states_of(decl),
            replies: sends(decl)
                .map(|send| {
                    let message = names.messages.get(names.find(Kind::Message, &send.message.text)?)?;
                    Some(message.items.iter().flat_map(|item| match item {
                        MessageItem::Replies(replies, _) => replies.as_slice(),
                        _ => &[],
                    }))
                })
                .collect::<Option<Vec<_>>>()
                .map(|all| all.into_iter().flatten().map(|reply| reply.name.text.as_str()).collect()),
            promises: sends(decl).filter_map(|send| send.promising.as_ref()).map(|p| p.name.text.as_str()).collect(),
        };
        let mut lowered = Journey {
            name: decl.name.text.as_str().into(),
            doc: decl.doc.join("\n"),
            key: decl.key.as_ref().map(expressions::parts),
            data: ir_fields(&journey.data),
            limits: Vec::new(),
            starts: Vec::new(),
            goals: Vec::new(),
            arrows: Vec::new(),
            states: Vec::new(),
            migrations: Vec::new(),
        };
        let mut arrows = Vec::new();
        let mut migrations = Vec::new();
        let mut started: BTreeMap<String, Span> = BTreeMap::new();
        let mut any_start = false;
        let mut goals: BTreeMap<String, Span> = BTreeMap::new();
        for item in &decl.items {
            match item {
                JourneyItem::Data(_) => {}
                JourneyItem::Limit(limit) => {
                    if let Some(limit_lowered) = self.limit(limit, Some(&journey)) {
                        self.out.place(Node::Limit(id, lowered.limits.len()), limit.span);
                        lowered.limits.push(limit_lowered);
                    }
                }
                JourneyItem::Start(start) => {
                    // One that is guarded leaves the event to those below it.
                    let first = started.get(&start.event.text()).copied();
                    if first.is_none() && start.when.is_none() {
                        started.insert(start.event.text(), start.span);
                    }
                    any_start = true;
                    if let Some(first) = first.filter(|_| start.when.is_none()) {
                        self.twice(start.span, first, &format!("start on {}", start.event.text()));
                        continue;
                    }
                    let event = self.position(Kind::Event, &start.event.text(), start.event.span);
                    let take = event.map(|e| self.take(&journey, e as usize, &start.take)).unwrap_or_default();
                    self.all_data_taken(decl, &journey, start.span, &start.event, &start.take);
                    let when = self.when(journey.scope(), start.when.as_ref());
                    let to = self.state(&journey, &start.to);
                    if let (Some(event), Some((to, _))) = (event, to) {
                        self.out.place(Node::Start(id, lowered.starts.len()), start.span);
                        lowered.starts.push(Start { event: EventId(event), take, when, to });
                    }
                }
                JourneyItem::Arrow(arrow) => arrows.push(arrow),
                JourneyItem::Migrate(migrate) => migrations.push(migrate),
                JourneyItem::Goal(goal) => {
                    let what = match &goal.what {
                        GoalWhatDecl::Reach(state) => self.state(&journey, state).map(|(to, _)| GoalWhat::Reach(to)),
                        GoalWhatDecl::Silence { event, within } => {
                            let within = self.duration(within, "within");
                            let event = self.position(Kind::Event, &event.text(), event.span);
                            event.map(|event| GoalWhat::Silence { event: EventId(event), within })
                        }
                    };
                    let text = match &goal.what {
                        GoalWhatDecl::Reach(state) => state.text.clone(),
                        GoalWhatDecl::Silence { event, within } => {
                            format!("no {} within {}", event.text(), spelled_duration(within.value))
                        }
                    };
                    if let Some(first) = goals.insert(text.clone(), goal.span) {
                        self.twice(goal.span, first, &format!("goal {text}"));
                        continue;
                    }
                    if let Some(what) = what {
                        self.out.place(Node::Goal(id, lowered.goals.len()), goal.span);
                        lowered.goals.push(Goal { text, what });
                    }
                }
                JourneyItem::State(state) => {
                    if self.declared_here(&journey, &state.name, lowered.states.len()) {
                        let state = self.state_block(&journey, state, StateId(lowered.states.len() as u32));
                        lowered.states.push(state);
                    }
                }
                JourneyItem::End(end) => {
                    if self.declared_here(&journey, &end.name, lowered.states.len()) {
                        self.out.place(Node::State(id, StateId(lowered.states.len() as u32)), end.name.span);
                        lowered.states.push(State {
                            name: end.name.text.as_str().into(),
                            end: Some(end.kind.value),
                            entry: Vec::new(),
                            next: None,
                            branch: None,
                            arrows: Vec::new(),
                        });
                    }
                }
            }
        }
        lowered.arrows = self.journey_arrows(&journey, &arrows);
        lowered.migrations = self.migrations(&journey, &migrations, &lowered.states);
        self.key(decl, &journey);
        if !any_start && !self.names.gaps.touch(decl.span) {
            let event = heard(decl).next().map_or_else(|| "booking.created".into(), |(e, _)| e.text());
            self.out.say(
                Finding::new(
                    &codes::J0118,
                    decl.head,
                    format!("no customer is ever in `{}`: nothing starts it", decl.name.text),
                )
                .label("no `start`")
                .help(format!("say how it begins, such as `start on {event} -> STATE`")),
            );
        }
        self.unused_data(decl, &journey);
        lowered
    }

    fn data(&mut self, decl: &JourneyDecl) -> Vec<FieldInfo> {
        let data: Vec<_> = decl
            .items
            .iter()
            .filter_map(|item| match item {
                JourneyItem::Data(field) => Some(field),
                _ => None,
            })
            .collect();
        if let Some(field) = data.iter().find(|f| f.name.text == "customer") {
            self.out.say(
                Finding::new(&codes::J0102, field.name.span, "`customer` is who is contacted, in every journey")
                    .help("give the datum another name"),
            );
        }
        if let Some(field) = data.iter().find(|f| f.name.text == "now") {
            self.out.say(
                Finding::new(&codes::J0102, field.name.span, "`now` is the time of each step, in every journey")
                    .help("give the datum another name"),
            );
        }
        let kept: BTreeSet<Span> =
            self.out.distinct("data", data.iter().map(|f| &f.name)).into_iter().map(|n| n.span).collect();
        let mut fields = Vec::new();
        for field in data.into_iter().filter(|f| kept.contains(&f.name.span)) {
            let ty = self.names.resolve_type(&field.ty, self.out);
            let sensitive = field.sensitive.as_ref().map(|s| s.value);
            fields.push(FieldInfo { name: field.name.text.clone(), ty, sensitive, span: field.name.span });
        }
        fields
    }

    fn states_of<'d>(&mut self, decl: &'d JourneyDecl) -> BTreeMap<&'d str, (StateId, bool)> {
        let all: Vec<(&Name, bool)> = decl
            .items
            .iter()
            .filter_map(|item| match item {
                JourneyItem::State(state) => Some((&state.name, false)),
                JourneyItem::End(end) => Some((&end.name, true)),
                _ => None,
            })
            .collect();
        let kept = self.out.distinct("states", all.iter().map(|(name, _)| *name));
        if let Some(one_too_many) = kept.get(MOST_STATES) {
            self.out.say(
                Finding::new(
                    &codes::J0116,
                    one_too_many.span,
                    format!("`{}` has more than {MOST_STATES} states, and nobody could follow it", decl.name.text),
                )
                .help("split it into several journeys"),
            );
        }
        let ends: BTreeMap<Span, bool> = all.iter().map(|(name, end)| (name.span, *end)).collect();
        kept.into_iter()
            .zip(0..)
            .map(|(name, id)| (name.text.as_str(), (StateId(id), ends.get(&name.span).copied().unwrap_or(false))))
            .collect()
    }

    /// Whether the declaration that stands here is the one that counts, and not a second one of the same name.
    fn declared_here(&self, journey: &JourneyScope<'_>, name: &Name, position: usize) -> bool {
        journey.states.get(name.text.as_str()).is_some_and(|(id, _)| id.index() == position)
    }

    /// The state of this name, and whether it is an end.
    pub(crate) fn state(&mut self, journey: &JourneyScope<'_>, name: &Name) -> Option<(StateId, bool)> {
        if let Some(found) = journey.states.get(name.text.as_str()) {
            return Some(*found);
        }
        self.out.poisoned = true;
        if self.names.gaps.may_declare("state", &name.text) || self.names.gaps.may_declare("end", &name.text) {
            return None;
        }
        let elsewhere = self.names.journeys.iter().find(|other| {
            other.items.iter().any(|item| match item {
                JourneyItem::State(state) => state.name.text == name.text,
                JourneyItem::End(end) => end.name.text == name.text,
                _ => false,
            })
        });
        let otherwise = match elsewhere {
            Some(other) => {
                format!("`{}` is a state of `{}`, and no arrow leaves its journey", name.text, other.name.text)
            }
            None => format!("declare it: `state {} {{ … }}` or `end {} as success`", name.text, name.text),
        };
        self.out.say(unknown(
            &codes::J0101,
            name.span,
            format!("{} has no state `{}`", journey.owner, name.text),
            &name.text,
            journey.states.keys().copied(),
            otherwise,
        ));
        None
    }

    /// The fields of an event that become data.
    pub(crate) fn take(&mut self, journey: &JourneyScope<'_>, event: usize, take: &[Name]) -> Vec<String> {
        let names = self.names;
        let Some(event) = names.events.get(event) else { return Vec::new() };
        let event_name = event.decl.name.text();
        let mut taken = Vec::new();
        for name in self.out.distinct("fields", take) {
            let Some(field) = event.fields.iter().find(|f| f.name == name.text) else {
                self.out.poisoned = true;
                if !names.gaps.may_declare("", &name.text) {
                    self.out.say(unknown(
                        &codes::J0101,
                        name.span,
                        format!("the event `{event_name}` has no field `{}`", name.text),
                        &name.text,
                        event.fields.iter().map(|f| f.name.as_str()),
                        "",
                    ));
                }
                continue;
            };
            let Some(datum) = journey.data.iter().find(|d| d.name == name.text) else {
                self.out.poisoned = true;
                if !names.gaps.may_declare("data", &name.text) {
                    let ty = field.ty.as_ref().map_or_else(|| "TYPE".into(), Type::spelled);
                    self.out.say(unknown(
                        &codes::J0101,
                        name.span,
                        format!("{} has no data `{}` to keep it in", journey.owner, name.text),
                        &name.text,
                        [],
                        format!("declare it: `data {}: {ty}`", name.text),
                    ));
                }
                continue;
            };
            self.stays_sensitive(field, datum, name.span);
            if let (Some(from), Some(to)) = (&field.ty, &datum.ty) {
                if !fits(from.required(), to.required()) {
                    let message = format!(
                        "`{}` of `{event_name}` is {}, and the journey keeps {}",
                        name.text,
                        noun(from),
                        noun(to)
                    );
                    self.out.say(
                        mismatch(name.span, message)
                            .label("of another type")
                            .also(field.span, "as the event brings it")
                            .also(datum.span, "as the journey keeps it")
                            .help("declare both with the same type"),
                    );
                    continue;
                }
                if from.is_optional() && !to.is_optional() {
                    let message =
                        format!("`{}` of `{event_name}` may be missing, and the journey always needs it", name.text);
                    self.out.say(
                        Finding::new(&codes::J0113, name.span, message)
                            .label("may be missing")
                            .also(datum.span, "always needed here")
                            .help(format!("write `data {}: {}`", name.text, from.spelled())),
                    );
                    continue;
                }
            }
            taken.push(name.text.clone());
        }
        taken
    }

    fn all_data_taken(
        &mut self,
        decl: &JourneyDecl,
        journey: &JourneyScope<'_>,
        span: Span,
        event: &Path,
        take: &[Name],
    ) {
        if self.names.gaps.touch(decl.span) {
            return;
        }
        for datum in &journey.data {
            let required = datum.ty.as_ref().is_some_and(|ty| !ty.is_optional());
            if required && !take.iter().any(|name| name.text == datum.name) {
                let mut all: Vec<&str> = take.iter().map(|n| n.text.as_str()).collect();
                all.push(&datum.name);
                self.out.say(
                    Finding::new(
                        &codes::J0114,
                        span,
                        format!("a journey that begins here knows no `{}`, and always needs it", datum.name),
                    )
                    .label("does not take it")
                    .also(datum.span, "always needed")
                    .help(format!(
                        "take it from the event, `start on {}({})`, or put a `?` after its type",
                        event.text(),
                        all.join(", ")
                    )),
                );
            }
        }
    }

    /// Every event that a keyed journey hears has to carry the key.
    fn key(&mut self, decl: &JourneyDecl, journey: &JourneyScope<'_>) {
        let Some(key) = &decl.key else { return };
        let Some(first) = key.parts.first() else { return };
        let names = self.names;
        let mut asked = BTreeSet::new();
        for (event, span) in heard(decl) {
            let name = event.text();
            let Some(event) = names.find(Kind::Event, &name).and_then(|i| names.events.get(i)) else { continue };
            if !asked.insert(name.clone()) {
                continue;
            }
            let mut quiet = crate::resolve::Out::default();
            let owner = format!("the event `{name}`");
            let scope = Scope { fields: &event.fields, owner: &owner, customer: false, code: &codes::J0115 };
            let Some(found) = walk(names, scope, key, &mut quiet) else {
                self.out.poisoned = true;
                if quiet.findings.is_empty() {
                    continue;
                }
                let message = format!(
                    "nobody can tell whose `{}` a `{name}` is about: it carries no `{}`",
                    journey.name,
                    key.text()
                );
                let ty = journey.data.iter().find(|d| d.name == first.text).and_then(|d| d.ty.as_ref());
                let field = ty.map_or_else(|| first.text.clone(), |ty| format!("{}: {}", first.text, ty.spelled()));
                self.out.say(
                    Finding::new(&codes::J0115, span, message)
                        .label("heard here")
                        .also(key.span, "the key")
                        .also(event.decl.name.span, "declared without it")
                        .help(format!("add the field: `event {name} {{ {field} }}`")),
                );
                continue;
            };
            if let Some(ty) = found.ty.as_ref().filter(|t| !matches!(t.required(), Type::Text { .. } | Type::Number)) {
                let message =
                    format!("`{}` of `{name}` is {}, and a key is a text or a number", key.text(), noun(ty.required()));
                self.out.say(
                    Finding::new(&codes::J0115, key.span, message)
                        .label("no text or number")
                        .also(span, "heard here")
                        .help("choose what names the thing, such as `booking.id`"),
                );
                return;
            }
            if let Some(sensitive) = found.sensitive {
                self.key_in_the_open(key, sensitive);
                return;
            }
            if let Some(missing) = found.missing {
                let message = format!("`{missing}` of `{name}` may be missing, and then nobody can tell whose it is");
                self.out.say(
                    Finding::new(&codes::J0113, key.span, message)
                        .label("may be missing")
                        .also(span, "heard here")
                        .help(expressions::without_question_mark(&missing)),
                );
                return;
            }
        }
    }

    fn templates(&mut self, decl: &JourneyDecl) {
        let names = self.names;
        let mut said = crate::resolve::Out::default();
        // The types have been resolved, and what is wrong with them said.
        let data = {
            let mut lower =
                Lower { names, sources: self.sources, bodies: self.bodies, modules: self.modules, out: &mut said };
            lower.data(decl)
        };
        let owner = format!("the journey `{}`", decl.name.text);
        let scope = Scope { fields: &data, owner: &owner, customer: true, code: &codes::J0112 };
        let sent: BTreeSet<usize> = sends(decl).filter_map(|s| names.find(Kind::Message, &s.message.text)).collect();
        for message in sent.into_iter().filter_map(|i| names.messages.get(i)) {
            self.sent_by(scope, message);
        }
    }

    fn unused_data(&mut self, decl: &JourneyDecl, journey: &JourneyScope<'_>) {
        if !self.names.gaps.none() {
            return;
        }
        let names = self.names;
        let mut read: BTreeSet<&str> = BTreeSet::new();
        read.extend(decl.key.iter().filter_map(first_part));
        for expr in expressions_of(decl) {
            first_parts(expr, &mut read);
        }
        for path in chosen_by(decl) {
            read.extend(first_part(path));
        }
        for send in sends(decl) {
            let Some(message) = names.find(Kind::Message, &send.message.text).and_then(|i| names.messages.get(i))
            else {
                // What an unknown message would have said is not known either.
                return;
            };
            for text in texts(message, self.bodies) {
                for piece in &text.pieces {
                    if let TemplatePiece::Value { path, .. } = piece {
                        read.extend(first_part(path));
                    }
                }
            }
            for item in &message.items {
                if let MessageItem::ValidUntil(until, _) = item {
                    first_parts(until, &mut read);
                }
            }
        }
        for datum in journey.data.iter().filter(|d| !read.contains(d.name.as_str())) {
            self.out.say(
                Finding::new(
                    &codes::J0103,
                    datum.span,
                    format!("`{}` keeps `{}` and never uses it", journey.name, datum.name),
                )
                .label("unused")
                .help("use it, or take it away"),
            );
        }
    }

    /// Two lines that wait for the same thing.
    pub(crate) fn twice(&mut self, second: Span, first: Span, what: &str) {
        self.out.say(
            Finding::new(
                &codes::J0118,
                second,
                format!("`{what}` stands here twice, and only the first would ever count"),
            )
            .label("never taken")
            .also(first, "the first")
            .help("take one of them away"),
        );
    }

    /// Says that no message of the journey invites this reply.
    pub(crate) fn reply(&mut self, journey: &JourneyScope<'_>, name: &Name) -> bool {
        let Some(replies) = &journey.replies else {
            self.out.poisoned = true;
            return true;
        };
        if replies.contains(name.text.as_str()) {
            return true;
        }
        self.out.poisoned = true;
        if self.names.gaps.may_declare("", &name.text) {
            return true;
        }
        let known: Vec<&str> = replies.iter().copied().collect();
        let otherwise = if known.is_empty() {
            format!("let a message that it sends invite it: `replies {{ {}: \"…\" }}`", name.text)
        } else {
            format!("its messages invite {}", listed(&known))
        };
        self.out.say(unknown(
            &codes::J0101,
            name.span,
            format!("no message of {} invites the reply `{}`", journey.owner, name.text),
            &name.text,
            known,
            otherwise,
        ));
        false
    }
}
