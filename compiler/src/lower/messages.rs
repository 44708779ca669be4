//! Messages: their lines, their texts, and whether each journey that sends one has what its placeholders name.

use std::collections::{BTreeMap, BTreeSet};

use journey_spec::Type;
use journey_spec::codes::{self, Level};
use journey_spec::locale::Locale;
use journey_spec::program::{
    Channel, Expr, Format, Fresh, Invitation, Message, MessageId, Piece, Purpose, Quota, ServiceId, Template,
    Translation, Validity, Variant,
};
use journey_spec::value::{Value, fold_reply};

use super::expressions::Whose;
use super::states::counted;
use super::{Lower, expressions};
use crate::ast::{
    FreshDecl, MessageDecl, MessageItem, Name, Path, ReplyDecl, TemplatePiece, TemplateText, VariantDecl,
};
use crate::diagnostics::{Finding, did_you_mean};
use crate::fix::Fix;
use crate::resolve::Kind;
use crate::source::Span;
use crate::spans::Node;
use crate::types::{Scope, literal, mismatch, noun, walk};

/// The words that say how a placeholder is written.
const FORMATS: [&str; 3] = ["day", "time", "date"];

impl Lower<'_, '_> {
    pub(crate) fn messages(&mut self) -> Vec<Message> {
        let names = self.names;
        if let (None, Some(first)) = (&names.customer, names.messages.first())
            && names.gaps.none()
        {
            let message = format!("nobody can get `{}`: no `customer` says where messages go", first.name.text);
            self.out.say(
                Finding::new(&codes::J0119, first.name.span, message)
                    .label("has nowhere to go")
                    .help("declare one: `customer { first_name: text  phone: phone? for sms  zone: zone }`"),
            );
        }
        names.messages.iter().zip(0..).map(|(decl, id)| self.message(decl, MessageId(id))).collect()
    }

    fn message(&mut self, decl: &MessageDecl, id: MessageId) -> Message {
        let name = &decl.name;
        self.out.place(Node::Message(id), name.span);
        let mut lowered = Message {
            name: name.text.as_str().into(),
            purpose: Purpose::Service,
            variants: Vec::new(),
            replies: Vec::new(),
            validity: Validity::Policy,
            essential: None,
            fresh: Vec::new(),
        };
        let mut seen = BTreeMap::new();
        let mut channels: BTreeMap<Channel, Span> = BTreeMap::new();
        let mut tagged: Vec<(&VariantDecl, Locale, Variant)> = Vec::new();
        for item in &decl.items {
            match item {
                MessageItem::Purpose(purpose) => {
                    if self.once(&mut seen, "purpose", purpose.span) {
                        lowered.purpose = purpose.value;
                    }
                }
                MessageItem::Variant(variant) if variant.locale.is_some() => {
                    let text = self.variant(decl, variant);
                    if let Some(locale) = variant.locale.as_ref().and_then(|tag| self.locale(tag)) {
                        tagged.push((variant, locale, text));
                    }
                }
                MessageItem::Variant(variant) => {
                    if let Some(first) = channels.get(&variant.channel.value) {
                        let channel = variant.channel.value.name();
                        self.out.say(
                            Finding::new(
                                &codes::J0118,
                                variant.span,
                                format!("`{}` has two texts for {channel}, and only the first is ever sent", name.text),
                            )
                            .also(*first, "the first")
                            .help("keep one of them"),
                        );
                        continue;
                    }
                    channels.insert(variant.channel.value, variant.channel.span);
                    self.out.place(Node::Variant(id, lowered.variants.len()), variant.span);
                    let variant = self.variant(decl, variant);
                    lowered.variants.push(variant);
                }
                MessageItem::Replies(replies, span) => {
                    if self.once(&mut seen, "replies", *span) {
                        lowered.replies = self.replies(id, replies);
                    }
                }
                MessageItem::ValidFor(at) => {
                    if self.once(&mut seen, "valid", at.span) {
                        lowered.validity = Validity::For(self.duration(at, "valid for"));
                    }
                }
                MessageItem::ValidUntil(until, span) => {
                    if self.once(&mut seen, "valid", *span) {
                        // Its type depends on the journey that sends the message; see `sent_by`.
                        lowered.validity = expressions::shape(until).map_or(Validity::Policy, Validity::Until);
                    }
                }
                MessageItem::Fresh(decl) => {
                    if let Some(fresh) = self.fresh(decl) {
                        if lowered.fresh.iter().any(|f| f.datum == fresh.datum) {
                            self.out.misplaced(
                                decl.datum.span,
                                format!("`{}` is kept fresh twice", fresh.datum),
                                "take one of the lines away",
                            );
                        } else {
                            lowered.fresh.push(fresh);
                        }
                    }
                }
                MessageItem::Essential { n, per, span } => {
                    if self.once(&mut seen, "essential", *span) {
                        self.out.place(Node::Essential(id), *span);
                        let n = self.number(n, 1, "`essential at most`");
                        lowered.essential = Some(Quota { n, per: self.window(per) });
                    }
                }
            }
        }
        for (written, locale, text) in tagged {
            channels.entry(written.channel.value).or_insert(written.channel.span);
            self.translation(id, &mut lowered, written, &locale, text);
        }
        let understood = !self.names.gaps.touch(decl.span);
        if !seen.contains_key("purpose") && understood {
            self.out.say(
                Finding::new(&codes::J0118, name.span, format!("`{}` does not say what it is for", name.text))
                    .label("no `purpose`")
                    .help("limits and quiet hours go by it: write `purpose service`, `marketing`, `debt` or `safety`"),
            );
        }
        if lowered.purpose == Purpose::Marketing {
            self.consent_can_be_given(decl, &channels);
        }
        let has_none = !decl.items.iter().any(|item| matches!(item, MessageItem::Variant(_)));
        if has_none && understood {
            self.out.say(
                Finding::new(&codes::J0118, name.span, format!("`{}` says nothing: it has no text", name.text))
                    .label("no text")
                    .help("write one for a channel, such as `sms \"…\"`"),
            );
        }
        lowered
    }

    /// The language that a tag names; a finding where it names none.
    pub(crate) fn locale(&mut self, tag: &Name) -> Option<Locale> {
        let locale = Locale::parse(&tag.text).filter(Locale::is_known);
        if locale.is_none() {
            self.out.say(
                Finding::new(
                    &codes::J0111,
                    tag.span,
                    format!("nobody reads `{}`: it is no language that is known", tag.text),
                )
                .label("no language")
                .help("write its code, with a region where that matters: `es`, `de-AT`, `pt-BR`"),
            );
        }
        locale
    }

    /// Puts a text for readers of one language beside the one for everybody else.
    fn translation(
        &mut self,
        id: MessageId,
        message: &mut Message,
        decl: &VariantDecl,
        locale: &Locale,
        text: Variant,
    ) {
        let (channel, tag) = (text.channel.name(), locale.tag());
        let Some((i, variant)) = message.variants.iter_mut().enumerate().find(|(_, v)| v.channel == text.channel)
        else {
            let mut finding = Finding::new(
                &codes::J0136,
                decl.span,
                format!("a customer who does not read `{tag}` cannot get `{}` by {channel}", message.name),
            )
            .label("for readers of one language only")
            .help(format!(
                "add `{channel} \"…\"` without a tag, for everybody else; its language is the policy's `locale`, {} where it says none",
                journey_spec::locale::DEFAULT
            ));
            finding.level = Level::Error;
            self.out.say(finding);
            return;
        };
        if variant.translations.iter().any(|t| t.locale == tag) {
            self.out.misplaced(
                decl.span,
                format!("`{}` has two texts for {channel} in `{tag}`, and only the first is ever sent", message.name),
                "keep one of them",
            );
            return;
        }
        self.out.place(Node::Translation(id, i, variant.translations.len()), decl.span);
        variant.translations.push(Translation { locale: tag, subject: text.subject, body: text.body });
    }

    /// Advertising leaves only where the customer agreed to it, so there has to be a field that can say so.
    fn consent_can_be_given(&mut self, decl: &MessageDecl, channels: &BTreeMap<Channel, Span>) {
        let Some(customer) = self.names.customer.as_ref().filter(|_| self.names.gaps.none()) else { return };
        let consents = || customer.decl.fields.iter().filter_map(|f| f.consent.as_ref().map(|c| (&f.field.name, c)));
        let marketing = || consents().filter(|(_, c)| c.purposes.iter().any(|p| p.value == Purpose::Marketing));
        let covered = |channel: &Channel| {
            marketing().any(|(_, c)| c.channels.is_empty() || c.channels.iter().any(|c| c.value == *channel))
        };
        let open: Vec<(&Channel, &Span)> = channels.iter().filter(|(channel, _)| !covered(channel)).collect();
        let Some((_, first)) = open.first() else { return };
        let names: Vec<&str> = open.iter().map(|(channel, _)| channel.name()).collect();
        let message = format!(
            "nobody can have agreed to get `{}` by {}, so it never leaves there",
            decl.name.text,
            either(&names)
        );
        let mut finding = Finding::new(&codes::J0137, **first, message).label("advertising, and no consent to it");
        for (_, span) in open.iter().skip(1) {
            finding = finding.also(**span, "here too");
        }
        finding = match marketing().next() {
            Some((field, consent)) => finding.also(consent.span, "the consent that there is").help(format!(
                "let `{}` cover it, or declare a consent of its own: `… consent to marketing by {}`",
                field.text,
                names.join(", ")
            )),
            None => finding
                .also(customer.decl.head, "what is known of a customer")
                .help("add `offers: bool? consent to marketing` to `customer`; only who said yes gets it then"),
        };
        self.out.say(finding);
    }

    fn variant(&mut self, message: &MessageDecl, decl: &VariantDecl) -> Variant {
        let channel = decl.channel.value;
        if let Some(customer) = &self.names.customer
            && self.names.gaps.none()
            && !customer.decl.fields.iter().flat_map(|f| &f.channels).any(|c| c.value == channel)
        {
            let field = match channel {
                Channel::Email => "email: email? for email".to_owned(),
                Channel::Push | Channel::Webchat => format!("{0}: text? for {0}", channel.name()),
                _ => format!("phone: phone? for {}", channel.name()),
            };
            self.out.say(
                Finding::new(
                    &codes::J0119,
                    decl.channel.span,
                    format!(
                        "nobody can get `{}` by {}: a customer has no address for it",
                        message.name.text,
                        channel.name()
                    ),
                )
                .label("has nowhere to go")
                .also(customer.decl.head, "what is known of a customer")
                .help(format!("add `{field}` to `customer`, or take this line away")),
            );
        }
        let text = self.template(&decl.text);
        match &decl.from {
            None => Variant { channel, subject: None, body: text, translations: Vec::new() },
            Some(from) => {
                if channel != Channel::Email {
                    self.out.misplaced(
                        from.span,
                        format!("only an e-mail has a subject and a text of its own, and this is {}", channel.name()),
                        "write the text between the quotes",
                    );
                }
                // Where the file could not be read, that has been said, and its name stands in for nothing.
                let body = self.bodies.get(&from.span).map(|body| self.template(body)).unwrap_or_default();
                Variant { channel, subject: Some(text), body, translations: Vec::new() }
            }
        }
    }

    /// `fresh booking within 15m by call lookup_booking(booking.id)`; its datum and its arguments depend on the journey that
    /// sends the message, see `sent_by`.
    fn fresh(&mut self, decl: &FreshDecl) -> Option<Fresh> {
        let names = self.names;
        let within = self.duration(&decl.within, "within");
        let id = self.position(Kind::Service, &decl.service.text, decl.service.span)?;
        let service = names.services.get(id as usize)?;
        if service.decl.returns.is_none() {
            self.out.say(
                mismatch(
                    decl.service.span,
                    format!("`{}` answers with an outcome, and `fresh` needs the record itself", decl.service.text),
                )
                .label("returns no record")
                .also(service.decl.name.span, "declared here")
                .help("declare a service that returns it, such as `service lookup_booking(id: text) -> Booking`"),
            );
            return None;
        }
        let args = decl.args.iter().zip(&service.fields).filter_map(|(arg, param)| {
            expressions::shape(arg).or_else(|| Some(Expr::Literal(literal(arg, param.ty.as_ref()?).ok()?)))
        });
        let mut args: Vec<Expr> = args.collect();
        args.extend(service.fields.iter().skip(decl.args.len()).map(|_| Expr::Literal(Value::Missing)));
        if args.len() != service.fields.len() {
            self.out.poisoned = true;
            return None;
        }
        Some(Fresh { datum: decl.datum.text.clone(), within, service: ServiceId(id), args })
    }

    /// Asks whether a journey that sends the message has the datum that has to be fresh, and what the service is asked with.
    fn kept_fresh(&mut self, scope: Scope<'_>, decl: &FreshDecl) {
        let names = self.names;
        let Some(id) = names.known_as(Kind::Service, &decl.service.text, decl.service.span, self.out) else { return };
        let Some(service) = names.services.get(id) else { return };
        let name = &decl.service.text;
        let datum = Path { parts: vec![decl.datum.clone()], span: decl.datum.span };
        let found = walk(names, Scope { customer: false, ..scope }, &datum, self.out).and_then(|found| found.ty);
        if let (Some(ty), Some(returns)) = (found, &service.decl.returns)
            && ty.required() != &Type::Record(returns.text.clone())
        {
            let message =
                format!("`{}` is {}, and `{name}` returns a `{}`", decl.datum.text, noun(ty.required()), returns.text);
            self.out.say(mismatch(decl.datum.span, message).label("another type").also(returns.span, "returned here"));
        }
        let whose =
            Whose { word: "service", name, declared: service.decl.name.span, params: service.fields.as_slice() };
        for (arg, param) in decl.args.iter().zip(&service.fields) {
            self.argument(scope, arg, param, whose);
        }
        let left_out = service.fields.get(decl.args.len()..).unwrap_or_default();
        let may = left_out.iter().all(|p| p.ty.as_ref().is_none_or(Type::is_optional));
        if decl.args.len() > service.fields.len() || !may {
            let takes = counted(service.fields.len(), "value");
            self.out.say(
                mismatch(
                    decl.service.span,
                    format!("`{name}` is asked with {takes}, and {} given here", decl.args.len()),
                )
                .also(service.decl.name.span, "declared here"),
            );
        }
    }

    fn replies(&mut self, id: MessageId, replies: &[ReplyDecl]) -> Vec<Invitation> {
        let kept: BTreeSet<Span> =
            self.out.distinct("replies", replies.iter().map(|r| &r.name)).into_iter().map(|n| n.span).collect();
        let mut lowered = Vec::new();
        for reply in replies.iter().filter(|r| kept.contains(&r.name.span)) {
            let mut words: Vec<String> = Vec::new();
            for word in &reply.words {
                let folded = fold_reply(&word.text);
                if folded.is_empty() {
                    self.out.misplaced(
                        word.span,
                        format!("no answer is ever `{}`: only letters and digits are compared", reply.name.text),
                        "write a word that a customer can answer with",
                    );
                } else if !words.contains(&folded) {
                    words.push(folded);
                }
            }
            self.out.place(Node::Reply(id, lowered.len()), reply.span);
            lowered.push(Invitation { name: reply.name.text.clone(), words });
        }
        lowered
    }

    fn template(&mut self, text: &TemplateText) -> Template {
        let mut pieces = Vec::new();
        for piece in &text.pieces {
            pieces.push(match piece {
                TemplatePiece::Text(text) => Piece::Text(text.clone()),
                TemplatePiece::Value { path, format, or, .. } => Piece::Value {
                    path: expressions::parts(path),
                    format: format.as_ref().and_then(|f| self.format(f)).unwrap_or(Format::Plain),
                    or: or.clone(),
                },
            });
        }
        Template(pieces)
    }

    fn format(&mut self, word: &Name) -> Option<Format> {
        match word.text.as_str() {
            "day" => Some(Format::Day),
            "time" => Some(Format::Time),
            "date" => Some(Format::Date),
            other => {
                self.out.say(
                    Finding::new(
                        &codes::J0112,
                        word.span,
                        format!("a customer would read nothing sensible: `:{other}` is no way to write a value"),
                    )
                    .label("not known")
                    .fix(Fix::meant(word.span, other, FORMATS))
                    .help(did_you_mean(other, FORMATS).unwrap_or_else(|| {
                        "write `:day` (Friday 20 March), `:time` (09:00), `:date` (20 March 2026), or nothing".into()
                    })),
                );
                None
            }
        }
    }

    /// Asks whether a journey that sends this message has what its texts and its validity name.
    pub(crate) fn sent_by(&mut self, scope: Scope<'_>, decl: &MessageDecl) {
        let scope = Scope { code: &codes::J0112, ..scope };
        for text in texts(decl, self.bodies) {
            for piece in &text.pieces {
                if let TemplatePiece::Value { path, format, or, span } = piece {
                    self.placeholder(scope, path, format.as_ref(), or.is_some(), *span);
                }
            }
        }
        self.nothing_sensitive_in_the_open(scope, decl);
        for item in &decl.items {
            let scope = Scope { code: &codes::J0101, ..scope };
            match item {
                MessageItem::ValidUntil(until, _) => {
                    self.instant(scope, until, "`valid until`");
                }
                MessageItem::Fresh(decl) => self.kept_fresh(scope, decl),
                _ => {}
            }
        }
    }

    /// Placeholders of messages that no journey sends: only what they say of the customer can be asked.
    pub(crate) fn unsent_messages(&mut self) {
        let names = self.names;
        for (i, decl) in names.messages.iter().enumerate() {
            if self.out.used.contains(&(Kind::Message, i)) {
                continue;
            }
            let scope = Scope { fields: &[], owner: "", customer: true, code: &codes::J0112 };
            for text in texts(decl, self.bodies) {
                for piece in &text.pieces {
                    if let TemplatePiece::Value { path, format, or, span } = piece
                        && path.parts.first().is_some_and(|p| p.text == "customer")
                    {
                        self.placeholder(scope, path, format.as_ref(), or.is_some(), *span);
                    }
                }
            }
        }
    }

    fn placeholder(&mut self, scope: Scope<'_>, path: &Path, format: Option<&Name>, or: bool, span: Span) {
        let Some(found) = walk(self.names, scope, path, self.out) else { return };
        let Some(ty) = found.ty else { return };
        let name = path.text();
        let wrong = |message: String, help: &str| {
            Finding::new(&codes::J0112, span, message).label("cannot be written so").help(help)
        };
        match (ty.required(), format.map(|f| f.text.as_str())) {
            (Type::Record(record), _) => {
                let example = match self.names.record(record).and_then(|fields| fields.first()) {
                    Some(field) => format!("name one of its fields, such as `{{{name}.{}}}`", field.name),
                    None => "name one of its fields".into(),
                };
                self.out.say(wrong(format!("`{name}` is a whole record, and no text for a customer"), &example));
            }
            (Type::Instant, Some("day" | "time" | "date")) | (Type::Date, Some("date")) => {}
            (other, Some(word @ ("day" | "time" | "date"))) => {
                let needs = if word == "date" { "an instant or a date" } else { "an instant" };
                let message = format!("`:{word}` needs {needs}, and `{name}` is {}", noun(other));
                self.out.say(wrong(message, &format!("write `{{{name}}}`")));
            }
            _ => {}
        }
        if let Some(missing) = found.missing.filter(|_| !or) {
            let format = format.map(|f| format!(":{}", f.text)).unwrap_or_default();
            self.out.say(
                Finding::new(
                    &codes::J0113,
                    span,
                    format!("a customer could get this text with a hole in it: `{missing}` may be missing"),
                )
                .label("may be missing")
                .help(format!("say what stands in its place: `{{{name}{format} or \"…\"}}`")),
            );
        }
    }
}

/// All texts of a message, those in files of their own included.
pub(crate) fn texts<'t>(
    decl: &'t MessageDecl,
    bodies: &'t BTreeMap<Span, TemplateText>,
) -> impl Iterator<Item = &'t TemplateText> {
    decl.items.iter().flat_map(move |item| {
        let MessageItem::Variant(variant) = item else { return Vec::new() };
        let body = variant.from.as_ref().and_then(|from| bodies.get(&from.span));
        std::iter::once(&variant.text).chain(body).collect()
    })
}

/// `sms`, `sms or email`, `sms, email or voice`.
fn either(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.join(""),
    }
}
