//! Names: what a project declares, once each, and what nobody uses.
//!
//! One project is one namespace for each kind of thing. The first declaration of a name counts; a second one is a
//! finding and nothing in it is looked at.

mod unused;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use journey_spec::codes::{self, Code, Level};
use journey_spec::{Sensitive, Type};

use crate::ast::{
    CustomerDecl, EventDecl, FieldDecl, File, HookDecl, Item, JourneyDecl, MessageDecl, Name, PolicyDecl, RecordDecl,
    ServiceDecl, TypeKind, TypeRef,
};
use crate::diagnostics::{Finding, did_you_mean};
use crate::fix::Fix;
use crate::source::{FileId, SourceMap, Span};
use crate::spans::{Node, Spans};
use crate::types;

pub(crate) use unused::unused;

/// A kind of thing that a project declares, by the word that declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Record,
    Event,
    Message,
    Service,
    Hook,
    Journey,
    Policy,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Record => "record",
            Kind::Event => "event",
            Kind::Message => "message",
            Kind::Service => "service",
            Kind::Hook => "hook",
            Kind::Journey => "journey",
            Kind::Policy => "policy",
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Kind::Record => "records",
            Kind::Event => "events",
            Kind::Message => "messages",
            Kind::Service => "services",
            Kind::Hook => "hooks",
            Kind::Journey => "journeys",
            Kind::Policy => "policies",
        }
    }
}

/// A field with its type; none where the type's name is unknown, which has been said already.
#[derive(Clone, Debug)]
pub(crate) struct FieldInfo {
    pub(crate) name: String,
    pub(crate) ty: Option<Type>,
    pub(crate) sensitive: Option<Sensitive>,
    pub(crate) span: Span,
}

/// What lowering gives besides the program: findings, places, and what was used.
#[derive(Clone, Debug, Default)]
pub(crate) struct Out {
    pub(crate) findings: Vec<Finding>,
    pub(crate) spans: Spans,
    /// Positions of the declarations that something refers to.
    pub(crate) used: BTreeSet<(Kind, usize)>,
    /// Set where something could not be resolved and that has been said elsewhere, or need not be said.
    pub(crate) poisoned: bool,
}

impl Out {
    /// Says something and gives it back for labels and help.
    pub(crate) fn say(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// How many errors have been said that make what was lowered unfit for further checks.
    pub(crate) fn errors(&self) -> usize {
        self.findings.iter().filter(|f| f.level == Level::Error && f.code != &codes::J0304).count()
            + usize::from(self.poisoned)
    }

    /// Adds what was said and noted apart from it.
    pub(crate) fn extend(&mut self, other: Out) {
        self.findings.extend(other.findings);
        self.spans.extend(other.spans);
        self.used.extend(other.used);
    }

    pub(crate) fn place(&mut self, node: Node, span: Span) {
        self.spans.set(node, span);
    }

    /// A second declaration of `name`.
    pub(crate) fn duplicate(&mut self, what: &str, name: &str, second: Span, first: Span) {
        self.say(
            Finding::new(&codes::J0102, second, format!("there are two {what} `{name}`, and only the first counts"))
                .label("again here")
                .also(first, "first declared here")
                .help("rename one of them, or take one away"),
        );
    }

    /// Says which names of a list stand there twice, and gives those that count.
    pub(crate) fn distinct<'n>(&mut self, what: &str, names: impl IntoIterator<Item = &'n Name>) -> Vec<&'n Name> {
        let mut first: BTreeMap<&str, Span> = BTreeMap::new();
        let mut kept = Vec::new();
        for name in names {
            match first.get(name.text.as_str()) {
                Some(span) => self.duplicate(what, &name.text, name.span, *span),
                None => {
                    first.insert(&name.text, name.span);
                    kept.push(name);
                }
            }
        }
        kept
    }

    /// Something stands where it cannot mean anything.
    pub(crate) fn misplaced(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.say(Finding::new(&codes::J0118, span, message).help(help));
    }
}

/// The texts of files in which the parser had to skip something, so that a name may be declared in what was skipped.
#[derive(Debug, Default)]
pub(crate) struct Gaps<'a> {
    /// Files with syntax errors, and their texts.
    pub(crate) texts: Vec<(FileId, &'a str)>,
    /// Where the syntax errors are.
    pub(crate) spans: Vec<Span>,
    /// Whether a whole file is missing.
    pub(crate) incomplete: bool,
}

impl Gaps<'_> {
    /// Whether nothing is missing, so that what is not there is really not there.
    pub(crate) fn none(&self) -> bool {
        self.texts.is_empty() && !self.incomplete
    }

    /// Whether `word name` (or `name:` where there is no word) stands somewhere in a file that was not understood, or the
    /// name behind a word that was not, which may be that one misspelt.
    pub(crate) fn may_declare(&self, word: &str, name: &str) -> bool {
        self.texts.iter().any(|&(file, text)| {
            text.match_indices(name).any(|(at, _)| {
                let before = text.get(..at).unwrap_or("");
                let after = text.get(at + name.len()..).unwrap_or("");
                if after.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
                    return false;
                }
                if word.is_empty() {
                    return after.trim_start().starts_with(':');
                }
                let behind = before.trim_end();
                behind.len() < before.len() && (behind.ends_with(word) || self.end_at(file, behind.len()))
            })
        })
    }

    /// Whether what was not understood ends there.
    fn end_at(&self, file: FileId, at: usize) -> bool {
        self.spans.iter().any(|gap| gap.file == file && gap.start < gap.end && gap.end as usize == at)
    }

    /// Whether a syntax error lies in or at `span`.
    pub(crate) fn touch(&self, span: Span) -> bool {
        self.spans.iter().any(|gap| gap.file == span.file && gap.start <= span.end && span.start <= gap.end)
    }
}

/// A declaration with the fields that it names.
#[derive(Debug)]
pub(crate) struct Declared<'a, D> {
    pub(crate) decl: &'a D,
    pub(crate) fields: Vec<FieldInfo>,
}

/// What a project declares.
#[derive(Debug, Default)]
pub(crate) struct Names<'a> {
    pub(crate) customer: Option<Declared<'a, CustomerDecl>>,
    pub(crate) records: Vec<Declared<'a, RecordDecl>>,
    pub(crate) events: Vec<Declared<'a, EventDecl>>,
    pub(crate) messages: Vec<&'a MessageDecl>,
    pub(crate) services: Vec<Declared<'a, ServiceDecl>>,
    pub(crate) hooks: Vec<Declared<'a, HookDecl>>,
    pub(crate) policies: Vec<&'a PolicyDecl>,
    pub(crate) journeys: Vec<&'a JourneyDecl>,
    pub(crate) gaps: Gaps<'a>,
    index: BTreeMap<(Kind, String), (usize, Span)>,
}

impl<'a> Names<'a> {
    /// Collects all declarations; says what is declared twice and which types are unknown.
    pub(crate) fn collect(files: &'a [(FileId, Arc<File>)], gaps: Gaps<'a>, out: &mut Out) -> Names<'a> {
        let mut names = Names { gaps, ..Names::default() };
        let mut records = Vec::new();
        let mut events = Vec::new();
        let mut services = Vec::new();
        let mut hooks = Vec::new();
        let mut customer: Option<&CustomerDecl> = None;
        for item in files.iter().flat_map(|(_, file)| &file.items) {
            match item {
                Item::Record(d) => {
                    if types::builtin(&d.name.text).is_some() {
                        out.say(
                            Finding::new(
                                &codes::J0102,
                                d.name.span,
                                format!("`{}` is a type of the language itself", d.name.text),
                            )
                            .help("give the record another name"),
                        );
                    } else if names.declare(Kind::Record, &d.name.text, d.name.span, records.len(), out) {
                        records.push(d);
                    }
                }
                Item::Event(d) => {
                    let name = d.name.text();
                    if matches!(name.as_str(), "customer.updated" | "handoff.closed") {
                        out.say(
                            Finding::new(
                                &codes::J0102,
                                d.name.span,
                                format!("`{name}` is an event of the language itself"),
                            )
                            .help("give the event another name"),
                        );
                    } else if names.declare(Kind::Event, &name, d.name.span, events.len(), out) {
                        events.push(d);
                    }
                }
                Item::Message(d) => {
                    if names.declare(Kind::Message, &d.name.text, d.name.span, names.messages.len(), out) {
                        names.messages.push(d);
                    }
                }
                Item::Service(d) => {
                    if names.declare(Kind::Service, &d.name.text, d.name.span, services.len(), out) {
                        services.push(d);
                    }
                }
                Item::Hook(d) => {
                    if names.declare(Kind::Hook, &d.name.text, d.name.span, hooks.len(), out) {
                        hooks.push(d);
                    }
                }
                Item::Journey(d) => {
                    if names.declare(Kind::Journey, &d.name.text, d.name.span, names.journeys.len(), out) {
                        names.journeys.push(d);
                    }
                }
                Item::Customer(d) => match customer {
                    None => customer = Some(d),
                    Some(first) => out.say(
                        Finding::new(&codes::J0118, d.head, "a project has one `customer`, and this is the second")
                            .also(first.head, "the first")
                            .help("put all fields into one `customer { … }`"),
                    ),
                },
                Item::Policy(d) => {
                    if names.declare(Kind::Policy, &d.name.text, d.name.span, names.policies.len(), out) {
                        names.policies.push(d);
                    }
                }
                Item::Use(_) | Item::Scenario(_) => {}
            }
        }
        // Types come second: a record may be named before it is declared.
        names.records =
            records.into_iter().map(|decl| Declared { decl, fields: names.fields(&decl.fields, out) }).collect();
        names.events =
            events.into_iter().map(|decl| Declared { decl, fields: names.fields(&decl.fields, out) }).collect();
        names.services =
            services.into_iter().map(|decl| Declared { decl, fields: names.fields(&decl.params, out) }).collect();
        names.hooks =
            hooks.into_iter().map(|decl| Declared { decl, fields: names.fields(&decl.params, out) }).collect();
        names.customer =
            customer.map(|decl| Declared { decl, fields: names.fields(decl.fields.iter().map(|f| &f.field), out) });
        types::records_can_exist(&names, out);
        names
    }

    fn declare(&mut self, kind: Kind, name: &str, span: Span, position: usize, out: &mut Out) -> bool {
        if let Some((_, first)) = self.index.get(&(kind, name.to_owned())) {
            out.duplicate(kind.plural(), name, span, *first);
            return false;
        }
        self.index.insert((kind, name.to_owned()), (position, span));
        true
    }

    /// Fields with their types; a second field of the same name is left out.
    pub(crate) fn fields(&self, fields: impl IntoIterator<Item = &'a FieldDecl>, out: &mut Out) -> Vec<FieldInfo> {
        let fields: Vec<&FieldDecl> = fields.into_iter().collect();
        let kept: BTreeSet<Span> =
            out.distinct("fields", fields.iter().map(|f| &f.name)).into_iter().map(|n| n.span).collect();
        fields
            .into_iter()
            .filter(|f| kept.contains(&f.name.span))
            .map(|f| FieldInfo {
                name: f.name.text.clone(),
                ty: self.resolve_type(&f.ty, out),
                sensitive: f.sensitive.as_ref().map(|s| s.value),
                span: f.name.span,
            })
            .collect()
    }

    /// The type that is written there; none, and a finding, where it is not known.
    pub(crate) fn resolve_type(&self, written: &TypeRef, out: &mut Out) -> Option<Type> {
        let ty = match &written.kind {
            TypeKind::Named(name) => match types::builtin(&name.text) {
                Some(ty) => ty,
                None => {
                    self.lookup(Kind::Record, &name.text, name.span, out)?;
                    Type::Record(name.text.clone())
                }
            },
            TypeKind::Text(max) => {
                if !(1..=10_000).contains(&max.value) {
                    out.say(
                        Finding::new(&codes::J0116, max.span, "a text has at least 1 and at most 10000 characters")
                            .help("write `text` for one of at most 500, or another number"),
                    );
                }
                Type::Text { max: max.value.clamp(1, 10_000) }
            }
            TypeKind::OneOf(names) => {
                Type::OneOf(out.distinct("choices", names).into_iter().map(|n| n.text.clone()).collect())
            }
        };
        Some(if written.optional { Type::Optional(Box::new(ty)) } else { ty })
    }

    /// Names of a kind, in order.
    pub(crate) fn known(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.index.keys().filter(move |(k, _)| *k == kind).map(|(_, name)| name.as_str())
    }

    /// The position of a declaration, without a word where there is none.
    pub(crate) fn find(&self, kind: Kind, name: &str) -> Option<usize> {
        self.index.get(&(kind, name.to_owned())).map(|(position, _)| *position)
    }

    /// The position of a declaration, which counts as used; none, and a finding, where there is none.
    pub(crate) fn lookup(&self, kind: Kind, name: &str, span: Span, out: &mut Out) -> Option<usize> {
        let position = self.known_as(kind, name, span, out)?;
        out.used.insert((kind, position));
        Some(position)
    }

    /// The position of a declaration; none, and a finding, where there is none. For scenarios: what only they name is
    /// not used.
    pub(crate) fn known_as(&self, kind: Kind, name: &str, span: Span, out: &mut Out) -> Option<usize> {
        if let Some(position) = self.find(kind, name) {
            return Some(position);
        }
        out.poisoned = true;
        if self.gaps.incomplete || self.gaps.may_declare(kind.word(), name) {
            return None;
        }
        let near = did_you_mean(name, self.known(kind));
        if let Some(meant) = near.as_ref().and_then(|n| n.split('`').nth(1)).and_then(|n| self.find(kind, n)) {
            // A slip of the pen is one finding: what was meant is not unused because of it.
            out.used.insert((kind, meant));
        }
        let other = [Kind::Record, Kind::Event, Kind::Message, Kind::Service, Kind::Hook, Kind::Journey]
            .into_iter()
            .find(|other| *other != kind && self.find(*other, name).is_some());
        let word = kind.word();
        let article = if kind == Kind::Event { "an" } else { "a" };
        let (what, declare) = match kind {
            Kind::Record => ("no type or record", format!("declare it: `record {name} {{ … }}`")),
            Kind::Event => ("no event", format!("declare it: `event {name} {{ … }}`")),
            Kind::Message => ("no message", format!("declare it: `message {name} {{ … }}`")),
            Kind::Service => ("no service", format!("declare it: `service {name}(…) -> one of {{ … }}`")),
            Kind::Hook => (
                "no hook",
                format!("declare it: `hook {name}(…) -> one of {{ … }} from \"hooks/{name}.wasm\" on failure …`"),
            ),
            Kind::Journey => ("no journey", format!("the project has no `journey {name}`")),
            Kind::Policy => ("no policy", format!("the project has no `policy {name}`")),
        };
        let help = if let Some(other) = other {
            format!("`{name}` is a {}, and {article} {word} is needed here", other.word())
                .replace("is a event", "is an event")
        } else if kind == Kind::Record {
            types::other_name(name)
                .map(|ours| format!("the language calls it `{ours}`"))
                .or_else(|| did_you_mean(name, types::BUILTIN.iter().copied().chain(self.known(kind))))
                .unwrap_or(declare)
        } else {
            near.unwrap_or(declare)
        };
        // A name of another kind is no slip of the pen.
        let known = || self.known(kind).chain(types::BUILTIN.iter().copied().filter(|_| kind == Kind::Record));
        let fix = Some(()).filter(|()| other.is_none()).and_then(|()| Fix::meant(span, name, known()));
        let finding = Finding::new(&codes::J0101, span, format!("there is {what} `{name}`"));
        out.say(finding.label("not declared").help(help).fix(fix));
        None
    }

    pub(crate) fn record(&self, name: &str) -> Option<&[FieldInfo]> {
        self.find(Kind::Record, name).and_then(|i| self.records.get(i)).map(|r| r.fields.as_slice())
    }
}

/// Says that a name is not known, with the nearest one that is.
pub(crate) fn unknown<'k>(
    code: &'static Code,
    span: Span,
    message: String,
    name: &str,
    known: impl IntoIterator<Item = &'k str>,
    otherwise: impl Into<String>,
) -> Finding {
    let known: Vec<&str> = known.into_iter().collect();
    let help = did_you_mean(name, known.iter().copied()).unwrap_or_else(|| {
        let otherwise: String = otherwise.into();
        if !otherwise.is_empty() || known.is_empty() { otherwise } else { format!("there is {}", listed(&known)) }
    });
    let finding = Finding::new(code, span, message).label("not known").fix(Fix::meant(span, name, known));
    if help.is_empty() { finding } else { finding.help(help) }
}

/// `` `a`, `b` and `c` ``; the first seven of many.
pub(crate) fn listed(names: &[impl AsRef<str>]) -> String {
    let quoted: Vec<String> = names.iter().take(7).map(|n| format!("`{}`", n.as_ref())).collect();
    let more = names.len().saturating_sub(7);
    match quoted.split_last() {
        None => String::new(),
        Some(_) if more > 0 => format!("{} and {more} more", quoted.join(", ")),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// Texts and places of what the parser could not read.
pub(crate) fn gaps<'a>(sources: &'a SourceMap, findings: &[Finding], incomplete: bool) -> Gaps<'a> {
    let spans: Vec<Span> = findings.iter().filter(|f| f.code.code < "J0004").map(Finding::span).collect();
    let files: BTreeSet<FileId> = spans.iter().map(|s| s.file).collect();
    let texts = files.iter().filter_map(|id| Some((*id, &*sources.get(*id)?.text))).collect();
    Gaps { texts, spans, incomplete }
}
