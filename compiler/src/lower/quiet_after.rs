//! Quiet times that an event begins.

use journey_spec::Type;
use journey_spec::codes;
use journey_spec::program::{EventId, Fate, Message, QuietAfter, Sort};

use super::{Lower, expressions};
use crate::ast::{EventDecl, FateKind, JourneyDecl, JourneyItem, Path, QuietAfterDecl};
use crate::diagnostics::{Finding, did_you_mean};
use crate::fix::Fix;
use crate::resolve::{Declared, Kind};
use crate::types::{Scope, mismatch, noun, walk};

type Event<'a> = Declared<'a, EventDecl>;

impl<'n, 'a> Lower<'n, 'a> {
    /// A quiet time as the program has it; none where it is not whole, and none of a pack's where the project has neither
    /// its event nor a message that it could hold back.
    pub(super) fn quiet_after(&mut self, decl: &QuietAfterDecl, messages: &[Message]) -> Option<QuietAfter> {
        let sorts: Vec<Sort> = decl
            .sorts
            .iter()
            .map(|sort| Sort {
                channel: sort.channel.as_ref().map(|c| c.value),
                purpose: sort.purpose.as_ref().map(|p| p.value),
            })
            .collect();
        let lasts = self.duration(&decl.lasts, "quiet");
        let fate = self.fate_after(decl);
        let held_back = messages
            .iter()
            .filter(|m| m.essential.is_none())
            .any(|m| sorts.is_empty() || m.variants.iter().any(|v| sorts.iter().any(|s| s.is(v.channel, m.purpose))));
        if self.is_of_a_pack(decl.span) && !held_back && self.names.find(Kind::Event, &decl.event.text()).is_none() {
            return None;
        }
        let event = self.event_after(decl);
        if let (Some((_, event)), Some(key)) = (event, &decl.key) {
            self.key_after(key, &decl.event, event);
        }
        let (after, fate) = (event?.0, fate?);
        Some(QuietAfter {
            lasts,
            after,
            key: decl.key.as_ref().map(expressions::parts),
            messages: sorts,
            fate,
            because: decl.because.as_ref().map(|b| b.text.clone()),
            text: self.rule_text(decl.span, decl.fate.span, decl.because.as_ref()),
        })
    }

    fn fate_after(&mut self, decl: &QuietAfterDecl) -> Option<Fate> {
        match &decl.fate.kind {
            FateKind::Goto(_) | FateKind::End => {
                let what = if matches!(decl.fate.kind, FateKind::End) { "ends" } else { "goes to a state of" };
                self.out.misplaced(
                    decl.fate.span,
                    format!("a policy holds over all journeys, and this {what} one"),
                    "write `else skip`, and where the journey sends such messages  on blocked -> STATE",
                );
                None
            }
            FateKind::Defer | FateKind::Latest => {
                self.out.misplaced(
                    decl.fate.span,
                    format!(
                        "what waits until `{}` is over says what was true before, and all of it leaves at once",
                        self.quiet_words(decl)
                    ),
                    "write `else skip`, and let the journey hear it with `on blocked`, or `else handoff \"care\"`",
                );
                None
            }
            FateKind::Skip | FateKind::Handoff(_) => self.fate(&decl.fate, None),
        }
    }

    fn quiet_words(&self, decl: &QuietAfterDecl) -> String {
        let lasts = self.sources.get(decl.lasts.span.file).map_or("", |source| source.slice(decl.lasts.span));
        format!("quiet {lasts} after {}", decl.event.text())
    }

    /// The event; none, and a finding that says what to write, where the project has no such.
    fn event_after(&mut self, decl: &QuietAfterDecl) -> Option<(EventId, &'n Event<'a>)> {
        let names = self.names;
        let name = decl.event.text();
        if let Some(position) = names.find(Kind::Event, &name) {
            self.out.used.insert((Kind::Event, position));
            return Some((EventId(u32::try_from(position).ok()?), names.events.get(position)?));
        }
        self.out.poisoned = true;
        if names.gaps.incomplete || names.gaps.may_declare(Kind::Event.word(), &name) {
            return None;
        }
        let known = || names.known(Kind::Event);
        let near = did_you_mean(&name, known());
        if let Some(meant) = near.as_ref().and_then(|n| n.split('`').nth(1)).and_then(|n| names.find(Kind::Event, n)) {
            // A slip of the pen is one finding: what was meant is not unused because of it.
            self.out.used.insert((Kind::Event, meant));
        }
        let declare = format!("declare it, and let the feed bring it whenever it happens:  {}", self.declaration(decl));
        let pack = self.is_of_a_pack(decl.span);
        self.out.say(
            Finding::new(
                &codes::J0101,
                decl.event.span,
                format!(
                    "a customer is not left in peace: `{}` never begins, for there is no event `{name}`",
                    self.quiet_words(decl)
                ),
            )
            .label("not known")
            .help(near.filter(|_| !pack).unwrap_or(declare))
            .fix(Fix::meant(decl.event.span, &name, known()).filter(|_| !pack)),
        );
        None
    }

    /// The event as it would have to be declared: `event debt.talked { debt: Debt }`.
    fn declaration(&self, decl: &QuietAfterDecl) -> String {
        let name = decl.event.text();
        let Some((key, first)) = decl.key.as_ref().and_then(|key| Some((key, key.parts.first()?))) else {
            return format!("event {name} {{ }}");
        };
        let field = self.keyed(key).find_map(|journey| self.type_in(journey, &first.text));
        match (field, key.parts.get(1)) {
            (Some(ty), _) => format!("event {name} {{ {}: {ty} }}", first.text),
            (None, None) => format!("event {name} {{ {}: text }}", first.text),
            (None, Some(inner)) => {
                let record = first.text.get(..1).map(str::to_uppercase).unwrap_or_default();
                let record = format!("{record}{}", first.text.get(1..).unwrap_or_default());
                format!("record {record} {{ {}: text }}  event {name} {{ {}: {record} }}", inner.text, first.text)
            }
        }
    }

    /// The journeys with this key.
    fn keyed<'k>(&'k self, key: &Path) -> impl Iterator<Item = &'k JourneyDecl> + use<'k> {
        let text = key.text();
        self.names.journeys.iter().copied().filter(move |j| j.key.as_ref().is_some_and(|k| k.text() == text))
    }

    /// The type of a journey's datum, as written.
    fn type_in(&self, journey: &JourneyDecl, datum: &str) -> Option<String> {
        let field = journey.items.iter().find_map(|item| match item {
            JourneyItem::Data(field) if field.name.text == datum => Some(field),
            _ => None,
        })?;
        let source = self.sources.get(field.ty.span.file)?;
        Some(source.slice(field.ty.span).to_owned())
    }

    /// The event says what it is about, as the journeys do that the rule is for.
    fn key_after(&mut self, key: &Path, named: &Path, event: &Event<'_>) {
        let names = self.names;
        let name = named.text();
        let Some(first) = key.parts.first() else { return };
        let owner = format!("the event `{name}`");
        let scope = Scope { fields: &event.fields, owner: &owner, customer: false, code: &codes::J0115 };
        let mut quiet = crate::resolve::Out::default();
        let Some(found) = walk(names, scope, key, &mut quiet) else {
            self.out.poisoned = true;
            if quiet.findings.is_empty() {
                return;
            }
            let field = self.keyed(key).find_map(|journey| self.type_in(journey, &first.text));
            let field = field.map_or_else(|| first.text.clone(), |ty| format!("{}: {ty}", first.text));
            self.out.say(
                Finding::new(
                    &codes::J0115,
                    key.span,
                    format!(
                        "nobody can tell which `{}` a `{name}` is about: it carries no `{}`",
                        first.text,
                        key.text()
                    ),
                )
                .label("by which it is quiet")
                .also(event.decl.name.span, "declared without it")
                .help(format!("add the field: `event {name} {{ {field} }}`")),
            );
            return;
        };
        if let Some(ty) = found.ty.as_ref().filter(|t| !matches!(t.required(), Type::Text { .. } | Type::Number)) {
            self.out.say(
                Finding::new(
                    &codes::J0115,
                    key.span,
                    format!("`{}` of `{name}` is {}, and a key is a text or a number", key.text(), noun(ty.required())),
                )
                .label("no text or number")
                .also(event.decl.name.span, "declared here")
                .help("choose what names the thing, such as `debt.id`"),
            );
        } else if let Some(sensitive) = found.sensitive {
            self.key_in_the_open(key, sensitive);
        } else if let Some(missing) = found.missing {
            self.out.say(
                Finding::new(
                    &codes::J0113,
                    key.span,
                    format!("`{missing}` of `{name}` may be missing, and then nobody can tell what it is about"),
                )
                .label("may be missing")
                .also(event.decl.name.span, "declared here")
                .help(expressions::without_question_mark(&missing)),
            );
        } else if let Some(ty) = &found.ty {
            self.same_type(key, &name, ty.required());
        }
    }

    /// The key is of one type in the event and in what the journeys start on: else no value of one is one of the other.
    fn same_type(&mut self, key: &Path, name: &str, ty: &Type) {
        let names = self.names;
        let is_number = |ty: &Type| matches!(ty, Type::Number);
        let other = self.keyed(key).find_map(|journey| {
            let starts = journey.items.iter().filter_map(|item| match item {
                JourneyItem::Start(start) => Some(&start.event),
                _ => None,
            });
            starts.into_iter().find_map(|event| {
                let info = names.find(Kind::Event, &event.text()).and_then(|i| names.events.get(i))?;
                let scope = Scope { fields: &info.fields, owner: "", customer: false, code: &codes::J0115 };
                let found = walk(names, scope, key, &mut crate::resolve::Out::default())?;
                let theirs = found.ty.filter(|theirs| is_number(theirs.required()) != is_number(ty))?;
                Some((event.clone(), journey.name.text.clone(), theirs))
            })
        });
        let Some((event, journey, theirs)) = other else { return };
        let message = format!(
            "`{}` is {} in `{name}` and {} in `{}`, by which `{journey}` begins, so that it may never be the same",
            key.text(),
            noun(ty),
            noun(theirs.required()),
            event.text()
        );
        self.out.say(
            mismatch(key.span, message)
                .label(noun(ty))
                .also(event.span, noun(theirs.required()))
                .help(format!("let both events say it as {}", noun(theirs.required()))),
        );
    }
}
