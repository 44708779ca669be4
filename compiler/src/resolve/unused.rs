//! What is declared and never used: a message that nobody sends is a customer who is not told.

use journey_spec::codes;

use crate::diagnostics::Finding;
use crate::resolve::{Kind, Names, Out};
use crate::source::Span;

/// Says which records, events, messages, services and hooks nothing uses.
///
/// A project without a journey is a part that others `use`, and where something was not understood it may have been
/// what used the name; both are left alone.
pub(crate) fn unused(names: &Names<'_>, out: &mut Out) {
    if names.journeys.is_empty() || !names.gaps.none() {
        return;
    }
    let records = names.records.iter().map(|r| (&r.decl.name.text, r.decl.name.span)).enumerate();
    let found: Vec<Finding> = records
        .filter(|(i, _)| !out.used.contains(&(Kind::Record, *i)))
        .map(|(_, (name, span))| finding(span, format!("no event, datum or service has a `{name}`"), "record"))
        .collect();
    out.findings.extend(found);
    for (i, event) in names.events.iter().enumerate() {
        if !out.used.contains(&(Kind::Event, i)) {
            let name = event.decl.name.text();
            out.say(finding(event.decl.name.span, format!("no journey hears `{name}`"), "event"));
        }
    }
    for (i, message) in names.messages.iter().enumerate() {
        if !out.used.contains(&(Kind::Message, i)) {
            let name = &message.name.text;
            out.say(finding(message.name.span, format!("no customer ever gets `{name}`: nothing sends it"), "message"));
        }
    }
    for (i, service) in names.services.iter().enumerate() {
        if !out.used.contains(&(Kind::Service, i)) {
            let name = &service.decl.name.text;
            out.say(finding(service.decl.name.span, format!("nothing calls `{name}`"), "service"));
        }
    }
    for (i, hook) in names.hooks.iter().enumerate() {
        if !out.used.contains(&(Kind::Hook, i)) {
            let name = &hook.decl.name.text;
            out.say(finding(hook.decl.name.span, format!("nothing asks `{name}`"), "hook"));
        }
    }
}

fn finding(span: Span, message: String, what: &str) -> Finding {
    Finding::new(&codes::J0103, span, message).label("unused").help(format!("use the {what}, or take it away"))
}
