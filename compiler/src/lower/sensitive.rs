//! Data that is not for every eye: where it would be read, printed or kept as if it were.

use journey_spec::Sensitive;
use journey_spec::codes;
use journey_spec::program::Channel;

use super::Lower;
use super::expressions::Whose;
use crate::ast::{MessageDecl, MessageItem, Path, TemplatePiece, TemplateText};
use crate::diagnostics::Finding;
use crate::resolve::{FieldInfo, Out};
use crate::source::Span;
use crate::types::{Found, Scope, walk};

impl Lower<'_, '_> {
    /// What a message sent with this data would say on a channel that others may read.
    pub(crate) fn nothing_sensitive_in_the_open(&mut self, scope: Scope<'_>, decl: &MessageDecl) {
        let mut quiet = Out::default();
        for item in &decl.items {
            let MessageItem::Variant(variant) = item else { continue };
            let channel = variant.channel.value;
            if !channel.is_open() {
                continue;
            }
            let body = variant.from.as_ref().and_then(|from| self.bodies.get(&from.span));
            for (path, span) in std::iter::once(&variant.text).chain(body).flat_map(values) {
                // What leads nowhere has been said.
                let Some((kind, declared)) = walk(self.names, scope, path, &mut quiet).and_then(|f| f.sensitive) else {
                    continue;
                };
                self.out.say(
                    Finding::new(
                        &codes::J0138,
                        span,
                        format!(
                            "whoever {} could read of that customer's {}: `{}`",
                            sees(channel),
                            matters(kind),
                            path.text()
                        ),
                    )
                    .label(format!("{} data in {}", kind.name(), channel.name()))
                    .also(declared, "declared here")
                    .help(format!(
                        "say here only that there is news, and the news itself behind the customer's login: `webchat \"… {{{}}} …\"`",
                        path.text()
                    )),
                );
            }
        }
    }

    /// Where an event's field becomes a journey's datum, it stays what it is.
    pub(crate) fn stays_sensitive(&mut self, field: &FieldInfo, datum: &FieldInfo, span: Span) {
        let Some(kind) = field.sensitive.filter(|kind| datum.sensitive != Some(*kind)) else { return };
        let ty = datum.ty.as_ref().map(journey_spec::Type::spelled).unwrap_or_default();
        self.out.say(
            Finding::new(
                &codes::J0138,
                span,
                format!("what the journey keeps of a customer's {} would be like any other datum", matters(kind)),
            )
            .label(format!("{} data", kind.name()))
            .also(datum.span, "kept here")
            .also(field.span, "declared here")
            .help(format!("write `data {}: {ty} sensitive {}`", datum.name, kind.name())),
        );
    }

    /// The parameter of a service or a hook that is given something sensitive says so, for those who build it.
    pub(crate) fn is_told_sensitive(&mut self, path: &Path, found: &Found, param: &FieldInfo, whose: Whose<'_>) {
        let Whose { word, name, .. } = whose;
        let Some((kind, declared)) = found.sensitive.filter(|(kind, _)| param.sensitive != Some(*kind)) else { return };
        let ty = param.ty.as_ref().map(journey_spec::Type::spelled).unwrap_or_default();
        self.out.say(
            Finding::new(
                &codes::J0138,
                path.span,
                format!("`{name}` would not know that it is told of a customer's {}", matters(kind)),
            )
            .label(format!("{} data", kind.name()))
            .also(param.span, "given as this")
            .also(declared, "declared here")
            .help(format!("write `{}: {ty} sensitive {}` in `{word} {name}`", param.name, kind.name())),
        );
    }

    /// A key stands in every timeline, case and message id.
    pub(crate) fn key_in_the_open(&mut self, key: &Path, (kind, declared): (Sensitive, Span)) {
        self.out.say(
            Finding::new(
                &codes::J0138,
                key.span,
                format!(
                    "every timeline and case would show of a customer's {}: the key `{}`",
                    matters(kind),
                    key.text()
                ),
            )
            .label("a key is written everywhere")
            .also(declared, "declared here")
            .help("choose a key that says nothing, such as a number of its own for each case"),
        );
    }
}

/// The placeholders of a text.
fn values(text: &TemplateText) -> impl Iterator<Item = (&Path, Span)> {
    text.pieces.iter().filter_map(|piece| match piece {
        TemplatePiece::Value { path, span, .. } => Some((path, *span)),
        TemplatePiece::Text(_) => None,
    })
}

fn sees(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms | Channel::Whatsapp | Channel::Push => "sees a customer's telephone",
        Channel::Email => "reads a customer's mailbox",
        Channel::Voice => "takes a customer's call, or hears the voicemail,",
        Channel::Webchat => "sits at a customer's screen",
    }
}

fn matters(kind: Sensitive) -> &'static str {
    match kind {
        Sensitive::Health => "health",
        Sensitive::Financial => "money",
        Sensitive::Identity => "identity",
        Sensitive::Legal => "legal affairs",
        Sensitive::Belief => "beliefs",
        Sensitive::Intimate => "private life",
    }
}
