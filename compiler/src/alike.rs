//! Names that look the same and are not: `step1` and `stepl`, or "care" with a Cyrillic letter in it.
//!
//! Two names look the same where their skeletons are one (Unicode Technical Standard 39, section 4). Asked of names that
//! stand beside each other, where the wrong one would be understood: declarations of one kind, states of a journey, fields
//! of a record, queues of the project, and words of a message that mean different answers. A word that mixes scripts
//! (section 5) is one that nobody can type.

use std::collections::BTreeMap;
use std::sync::Arc;

use journey_spec::codes::J0009;
use journey_spec::value::fold_reply;
use unicode_security::MixedScript;
use unicode_security::confusable_detection::skeleton;

use crate::ast::{
    ActionDecl, AnswersDecl, ArrowDecl, FateDecl, FateKind, FieldDecl, File, Item, JourneyDecl, JourneyItem,
    MessageDecl, MessageItem, Name, PolicyItem, StateItem, ThenDecl, TypeKind,
};
use crate::diagnostics::Finding;
use crate::source::{FileId, Span};

/// A name as it stands somewhere.
type Seen<'a> = (&'a str, Span);

/// Says which names of a project look the same.
pub(crate) fn names(files: &[(FileId, Arc<File>)], out: &mut Vec<Finding>) {
    let items = || files.iter().flat_map(|(_, file)| &file.items);
    let mut kinds: BTreeMap<&str, Vec<(String, Span)>> = BTreeMap::new();
    let mut queues: Vec<Seen<'_>> = Vec::new();
    for item in items() {
        let (kind, name) = match item {
            Item::Record(d) => ("records", Some((d.name.text.clone(), d.name.span))),
            Item::Event(d) => ("events", Some((d.name.text(), d.name.span))),
            Item::Message(d) => ("messages", Some((d.name.text.clone(), d.name.span))),
            Item::Service(d) => ("services", Some((d.name.text.clone(), d.name.span))),
            Item::Hook(d) => ("hooks", Some((d.name.text.clone(), d.name.span))),
            Item::Journey(d) => ("journeys", Some((d.name.text.clone(), d.name.span))),
            Item::Use(_) | Item::Customer(_) | Item::Policy(_) | Item::Scenario(_) => ("", None),
        };
        kinds.entry(kind).or_default().extend(name);
        match item {
            Item::Customer(d) => fields(d.fields.iter().map(|f| &f.field), out),
            Item::Record(d) => fields(&d.fields, out),
            Item::Event(d) => fields(&d.fields, out),
            Item::Service(d) => {
                fields(&d.params, out);
                alike("outcomes", d.outcomes.iter().map(seen), out);
            }
            Item::Hook(d) => {
                fields(&d.params, out);
                if let AnswersDecl::OneOf(names) = &d.answers {
                    alike("answers", names.iter().map(seen), out);
                }
            }
            Item::Message(d) => answers(d, out),
            Item::Journey(d) => journey(d, &mut queues, out),
            Item::Policy(d) => {
                for item in &d.items {
                    match item {
                        PolicyItem::AfterEnd { queue, .. } => queues.push(seen(queue)),
                        PolicyItem::Limit(limit) => queue_of(&limit.fate, &mut queues),
                        PolicyItem::QuietAfter(quiet) => queue_of(&quiet.fate, &mut queues),
                        _ => {}
                    }
                }
            }
            Item::Use(_) | Item::Scenario(_) => {}
        }
    }
    for (kind, names) in kinds {
        alike(kind, names.iter().map(|(name, span)| (name.as_str(), *span)), out);
    }
    alike("queues", queues, out);
}

fn seen(name: &Name) -> Seen<'_> {
    (&name.text, name.span)
}

fn fields<'a>(fields: impl IntoIterator<Item = &'a FieldDecl>, out: &mut Vec<Finding>) {
    let fields: Vec<&FieldDecl> = fields.into_iter().collect();
    alike("fields", fields.iter().map(|f| seen(&f.name)), out);
    for field in fields {
        if let TypeKind::OneOf(names) = &field.ty.kind {
            alike("values", names.iter().map(seen), out);
        }
    }
}

fn journey<'a>(decl: &'a JourneyDecl, queues: &mut Vec<Seen<'a>>, out: &mut Vec<Finding>) {
    let mut states = Vec::new();
    let mut data = Vec::new();
    for item in &decl.items {
        match item {
            JourneyItem::State(state) => {
                states.push(seen(&state.name));
                for item in &state.items {
                    match item {
                        StateItem::Action(action) => queues_of(action, queues),
                        StateItem::Arrow(arrow) => queues_behind(arrow, queues),
                        _ => {}
                    }
                }
            }
            JourneyItem::End(end) => states.push(seen(&end.name)),
            JourneyItem::Data(field) => data.push(seen(&field.name)),
            JourneyItem::Limit(limit) => queue_of(&limit.fate, queues),
            JourneyItem::Arrow(arrow) => queues_behind(arrow, queues),
            _ => {}
        }
    }
    alike("states", states, out);
    alike("data", data, out);
}

fn queue_of<'a>(fate: &'a FateDecl, queues: &mut Vec<Seen<'a>>) {
    if let FateKind::Handoff(queue) = &fate.kind {
        queues.push(seen(queue));
    }
}

fn queues_behind<'a>(arrow: &'a ArrowDecl, queues: &mut Vec<Seen<'a>>) {
    queues_then(&arrow.then, queues);
}

fn queues_then<'a>(then: &'a ThenDecl, queues: &mut Vec<Seen<'a>>) {
    if let ThenDecl::Stay(actions, _) = then {
        for action in actions {
            queues_of(action, queues);
        }
    }
}

fn queues_of<'a>(action: &'a ActionDecl, queues: &mut Vec<Seen<'a>>) {
    match action {
        ActionDecl::Handoff { queue, .. } => queues.push(seen(queue)),
        ActionDecl::Set { .. } => {}
        ActionDecl::Send(send) => {
            for then in [&send.on_blocked, &send.on_failed].into_iter().flatten() {
                queues_then(then, queues);
            }
        }
    }
}

/// The letter of a name that another letter looks like, such as `o` for the Cyrillic `о`.
pub(crate) fn looks_like(c: char) -> Option<char> {
    let mut of: Vec<char> = skeleton(c.encode_utf8(&mut [0; 4])).collect();
    let one = of.pop().filter(|one| of.is_empty() && one.is_ascii_alphanumeric() && *one != c);
    // Letters of full width are no others, only wider.
    one.or_else(|| {
        let wide = u32::from(c).checked_sub(0xFEE0).and_then(char::from_u32);
        wide.filter(char::is_ascii_alphabetic)
    })
}

/// What of a name is seen: its skeleton, without blanks around it and with one where several are.
fn look(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    skeleton(&words.join(" ")).collect()
}

/// Says of each name that looks like an earlier one and is another; once a pair.
fn alike<'a>(what: &str, names: impl IntoIterator<Item = Seen<'a>>, out: &mut Vec<Finding>) {
    let mut first: BTreeMap<String, Seen<'a>> = BTreeMap::new();
    let mut told: Vec<&str> = Vec::new();
    for (name, span) in names {
        match first.get(&look(name)) {
            None => {
                first.insert(look(name), (name, span));
            }
            Some((earlier, at)) if *earlier != name && !told.contains(&name) => {
                told.push(name);
                out.push(
                    Finding::new(&J0009, span, format!("two {what} look the same and are not: `{name}` and `{earlier}`"))
                        .label(difference(name, earlier))
                        .also(*at, "the other")
                        .help(match what {
                            "queues" => "write both alike, or a case waits where nobody looks; two real queues need names that differ",
                            _ => "rename one of them, so that nobody takes it for the other",
                        }),
                );
            }
            Some(_) => {}
        }
    }
}

/// What tells two names apart, which nobody sees.
fn difference(name: &str, earlier: &str) -> String {
    let pair = name.chars().zip(earlier.chars()).find(|(a, b)| a != b);
    match pair {
        Some((a, b)) if !a.is_whitespace() && !b.is_whitespace() => {
            format!("`{a}` (U+{:04X}) here, `{b}` (U+{:04X}) there", u32::from(a), u32::from(b))
        }
        _ => "they differ in a blank".into(),
    }
}

/// Words of one message that look the same and mean different answers, and words that nobody can type.
fn answers(message: &MessageDecl, out: &mut Vec<Finding>) {
    let replies: Vec<_> = message
        .items
        .iter()
        .filter_map(|item| match item {
            MessageItem::Replies(replies, _) => Some(replies),
            _ => None,
        })
        .flatten()
        .collect();
    alike("replies", replies.iter().map(|r| seen(&r.name)), out);
    let mut first: BTreeMap<String, (&str, &Name)> = BTreeMap::new();
    for reply in replies {
        for word in &reply.words {
            if let Some(odd) = word.text.split_whitespace().find(|w| !w.is_single_script()) {
                out.push(
                    Finding::new(
                        &J0009,
                        word.span,
                        format!(
                            "no customer can answer `{}` with \"{}\": it mixes letters of several scripts",
                            message.name.text, word.text
                        ),
                    )
                    .label(match odd.chars().find(|c| !c.is_ascii()) {
                        Some(c) => format!("`{c}` is U+{:04X}", u32::from(c)),
                        None => String::new(),
                    })
                    .help("write it in one script, as a customer types it"),
                );
                continue;
            }
            let folded = fold_reply(&word.text);
            match first.get(&look(&folded)) {
                None => {
                    first.insert(look(&folded), (&reply.name.text, word));
                }
                // The same word twice is another finding.
                Some((name, other)) if *name != reply.name.text && fold_reply(&other.text) != folded => out.push(
                    Finding::new(
                        &J0009,
                        word.span,
                        format!(
                            "a customer who answers `{}` with \"{}\" may be taken to mean something else",
                            message.name.text, word.text
                        ),
                    )
                    .label(format!("looks like \"{}\", which means `{name}`", other.text))
                    .also(other.span, "the other")
                    .help("ask for words that nobody takes for each other"),
                ),
                Some(_) => {}
            }
        }
    }
}
