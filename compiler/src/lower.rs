//! From trees to the program: each declaration's names and types are resolved, and what is sound is lowered.
//!
//! Lowering never stops. What cannot be lowered is left out, and the journeys that it would have belonged to are
//! noted, so that later checks look only at what the author has written whole.

mod conditions;
mod customer;
mod expressions;
mod hooks;
mod journeys;
mod limits;
mod memo;
mod messages;
mod migrations;
mod next;
mod quiet_after;
mod sensitive;
mod set;
mod states;
mod walks;

pub(crate) use hooks::answers;
pub(crate) use memo::Memo;
pub(crate) use walks::sends;

use std::collections::{BTreeMap, BTreeSet};

use journey_spec::Type;
use journey_spec::codes;
use journey_spec::program::{
    DAY, Event, EventId, FORMAT, Field, JourneyId, LANGUAGE, Millis, Program, Quota, Service, ServiceId, Window,
};

use hooks::Door;

use crate::ast::{At, Name, TemplateText};
use crate::diagnostics::Finding;
use crate::resolve::{FieldInfo, Kind, Names, Out, unused};
use crate::source::{SourceMap, Span};
use crate::spans::Node;
use crate::types::{Scope, mismatch, noun, walk};

/// The longest duration that makes sense anywhere: ten years.
const LONGEST: Millis = 3_653 * DAY;

/// Most of anything that a limit may let through.
const MOST: u32 = 10_000;

/// A lowered project.
#[derive(Debug)]
pub(crate) struct Lowered {
    /// All that could be lowered.
    pub(crate) program: Program,
    /// Journeys that are not whole.
    pub(crate) broken: BTreeSet<JourneyId>,
    /// Whether what all journeys share is whole.
    pub(crate) whole: bool,
}

/// Lowers what `names` holds; what `memo` knows of a journey that has not changed is taken over.
pub(crate) fn lower(
    names: &Names<'_>,
    sources: &SourceMap,
    bodies: &BTreeMap<Span, TemplateText>,
    modules: &Modules<'_>,
    memo: &mut Memo,
    out: &mut Out,
) -> Lowered {
    let mut lower = Lower { names, sources, bodies, modules, out };
    let customer = lower.customer();
    let records = names.records.iter().map(|r| (r.decl.name.text.clone(), ir_fields(&r.fields))).collect();
    let services = lower.services();
    let hooks = lower.hooks();
    let events = lower.events();
    let messages = lower.messages();
    let before = lower.out.errors();
    let policy = lower.declared_policy(&names.policies, &messages);
    // Rules of a policy that were not understood, or whose file is missing, may be what bounds a journey.
    let understood = match names.policies.as_slice() {
        [] => !names.gaps.texts.iter().any(|(_, text)| text.contains("policy")),
        policies => !policies.iter().any(|policy| names.gaps.touch(policy.span)),
    };
    let whole = before == lower.out.errors() && !names.gaps.incomplete && understood;
    let (journeys, broken) = lower.journeys(memo);
    lower.unsent_messages();
    unused(names, out);
    let program = Program {
        format: FORMAT,
        language: LANGUAGE.into(),
        hash: String::new(),
        customer,
        records,
        events,
        messages,
        services,
        hooks,
        policy,
        journeys,
        versions: None,
    };
    Lowered { program: program.seal(), broken, whole }
}

/// The modules of hooks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Modules<'m> {
    /// From where they are named.
    pub(crate) folder: &'m str,
    /// Their SHA-256, by the place of the file's name.
    pub(crate) hashes: &'m BTreeMap<Span, String>,
}

/// What lowering works with.
struct Lower<'n, 'a> {
    names: &'n Names<'a>,
    sources: &'n SourceMap,
    bodies: &'n BTreeMap<Span, TemplateText>,
    modules: &'n Modules<'n>,
    out: &'n mut Out,
}

/// Fields as the program holds them. A type that is not known stands as text; such a program is never run.
fn ir_fields(fields: &[FieldInfo]) -> Vec<Field> {
    fields
        .iter()
        .map(|f| Field {
            sensitive: f.sensitive,
            ..Field::new(f.name.clone(), f.ty.clone().unwrap_or_else(crate::types::plain_text))
        })
        .collect()
}

impl Lower<'_, '_> {
    fn events(&mut self) -> Vec<Event> {
        let names = self.names;
        let mut events = Vec::new();
        for (event, id) in names.events.iter().zip(0..) {
            self.out.place(Node::Event(EventId(id)), event.decl.name.span);
            let name = event.decl.name.text();
            if let Some(path) = &event.decl.newest_by
                && path.text() != "at"
            {
                let owner = format!("the event `{name}`");
                let scope = Scope { fields: &event.fields, owner: &owner, customer: false, code: &codes::J0101 };
                if let Some(found) = walk(names, scope, path, self.out) {
                    if let Some(ty) = found.ty.as_ref().filter(|t| t.required() != &Type::Instant) {
                        let message =
                            format!("`{}` is {}, and `newest by` needs an instant", path.text(), noun(ty.required()));
                        self.out.say(
                            mismatch(path.span, message)
                                .label("not an instant")
                                .help("`newest by at` goes by when it happened, which every event says"),
                        );
                    } else if let Some(missing) = found.missing {
                        let message = format!(
                            "`{missing}` may be missing, and then nobody can tell which `{name}` is the newest"
                        );
                        self.out.say(
                            Finding::new(&codes::J0113, path.span, message)
                                .label("may be missing")
                                .help("write `newest by at`, or declare it without the `?`"),
                        );
                    }
                }
            }
            let intake = event
                .decl
                .intake
                .as_ref()
                .map(|intake| Quota { n: self.number(&intake.n, 1, "`at most`"), per: self.window(&intake.per) });
            let made_by = event.decl.made_by.as_ref().and_then(|hook| self.at_the_door(event, hook, Door::Made));
            let checked_by =
                event.decl.checked_by.as_ref().and_then(|hook| self.at_the_door(event, hook, Door::Checked));
            events.push(Event {
                intake,
                made_by,
                checked_by,
                name: name.into(),
                fields: ir_fields(&event.fields),
                newest_by: event.decl.newest_by.as_ref().map(expressions::parts),
            });
        }
        events
    }

    fn services(&mut self) -> Vec<Service> {
        let names = self.names;
        let mut services = Vec::new();
        for (service, id) in names.services.iter().zip(0..) {
            self.out.place(Node::Service(ServiceId(id)), service.decl.name.span);
            let outcomes = self.out.distinct("outcomes", &service.decl.outcomes);
            if let Some(failed) = outcomes.iter().find(|o| o.text == "failed") {
                self.out.say(
                    Finding::new(&codes::J0102, failed.span, "`failed` is an outcome of every call")
                        .help("leave it out here; it stands for no answer, or none in time"),
                );
            }
            let outcomes = outcomes.into_iter().filter(|o| o.text != "failed").map(|o| o.text.clone()).collect();
            services.push(Service {
                name: service.decl.name.text.clone(),
                params: ir_fields(&service.fields),
                outcomes,
                returns: service.decl.returns.as_ref().filter(|r| self.record(r)).map(|r| r.text.clone()),
            });
        }
        services
    }

    /// Whether there is such a record.
    fn record(&mut self, name: &Name) -> bool {
        self.names.lookup(Kind::Record, &name.text, name.span, self.out).is_some()
    }

    /// Says so where a duration is nothing, or longer than ten years.
    fn duration(&mut self, at: &At<Millis>, what: &str) -> Millis {
        if at.value <= 0 || at.value > LONGEST {
            let message = if at.value <= 0 {
                format!("`{what}` of no time at all means nothing")
            } else {
                format!("`{what}` is longer than ten years")
            };
            self.out.say(
                Finding::new(&codes::J0116, at.span, message)
                    .label("out of range")
                    .help("write a duration such as `30s`, `15m`, `12h` or `7d`"),
            );
        }
        at.value.clamp(1, LONGEST)
    }

    /// A window of sensible length.
    fn window(&mut self, at: &At<Window>) -> Window {
        match at.value {
            Window::Rolling(value) => Window::Rolling(self.duration(&At { value, span: at.span }, "per")),
            calendar @ Window::Calendar(_) => calendar,
        }
    }

    /// Says so where a number is not in `from..=10000`.
    fn number(&mut self, at: &At<u32>, from: u32, what: &str) -> u32 {
        if !(from..=MOST).contains(&at.value) {
            let message = if at.value > MOST {
                format!("{what} of {} bounds nothing that a customer would notice", at.value)
            } else {
                format!("{what} of {} means nothing", at.value)
            };
            self.out.say(
                Finding::new(&codes::J0116, at.span, message)
                    .label("out of range")
                    .help(format!("write a number from {from} to {MOST}")),
            );
        }
        at.value.clamp(from, MOST)
    }

    /// The position of a declaration, as the program numbers it.
    fn position(&mut self, kind: Kind, name: &str, span: Span) -> Option<u32> {
        self.names.lookup(kind, name, span, self.out).and_then(|i| u32::try_from(i).ok())
    }

    /// Says so where a line that may stand once stands again, and tells whether it was the first.
    fn once(&mut self, seen: &mut BTreeMap<&'static str, Span>, line: &'static str, span: Span) -> bool {
        if let Some(first) = seen.get(line) {
            self.out.say(
                Finding::new(&codes::J0118, span, format!("`{line}` stands here twice, and only the first counts"))
                    .also(*first, "the first")
                    .help("take one of them away"),
            );
            return false;
        }
        seen.insert(line, span);
        true
    }
}
