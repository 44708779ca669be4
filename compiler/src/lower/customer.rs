//! The declared customer: addresses, consent, the preferred channel, the zone.

use std::collections::BTreeMap;

use journey_spec::Type;
use journey_spec::codes;
use journey_spec::program::{Channel, Customer, Purpose};

use super::{Lower, ir_fields};
use crate::ast::CustomerDecl;
use crate::diagnostics::Finding;
use crate::resolve::Declared;
use crate::source::Span;
use crate::types::{mismatch, noun};

impl Lower<'_, '_> {
    /// The declared customer; a default one where there is none.
    pub(crate) fn customer(&mut self) -> Customer {
        let Some(customer) = &self.names.customer else { return Customer::default() };
        let mut addresses: BTreeMap<Channel, String> = BTreeMap::new();
        let mut places: BTreeMap<Channel, Span> = BTreeMap::new();
        for declared in &customer.decl.fields {
            let name = &declared.field.name;
            let Some(ty) = customer.fields.iter().find(|f| f.span == name.span).and_then(|f| f.ty.as_ref()) else {
                continue;
            };
            for channel in &declared.channels {
                if let Some(first) = places.get(&channel.value) {
                    self.out.duplicate("addresses for", channel.value.name(), channel.span, *first);
                    continue;
                }
                places.insert(channel.value, channel.span);
                let wanted = match channel.value {
                    Channel::Sms | Channel::Voice | Channel::Whatsapp => Type::Phone,
                    Channel::Email => Type::Email,
                    Channel::Push | Channel::Webchat => crate::types::plain_text(),
                };
                let fits = match (&wanted, ty.required()) {
                    (Type::Text { .. }, Type::Text { .. }) => true,
                    (wanted, ty) => wanted == ty,
                };
                if !fits {
                    let message = format!(
                        "no {} could reach a customer: `{}` is {}, and its address is {}",
                        channel.value.name(),
                        name.text,
                        noun(ty.required()),
                        noun(&wanted)
                    );
                    self.out.say(
                        mismatch(channel.span, message).also(declared.field.ty.span, "its type").help(format!(
                            "write `{}: {}? for {}`",
                            name.text,
                            wanted.spelled(),
                            channel.value.name()
                        )),
                    );
                }
                addresses.insert(channel.value, name.text.clone());
            }
        }
        let zone = self.only(customer, &Type::Zone, "a customer lives in one zone", "quiet hours go by it");
        let preferred =
            self.only(customer, &Type::Channel, "a customer prefers one channel", "messages leave by it first");
        let locale = self.only(customer, &Type::Locale, "a customer reads one language", "texts are chosen by it");
        let consents = self.consents(customer);
        Customer { fields: ir_fields(&customer.fields), addresses, consents, preferred, zone, locale }
    }

    /// The one field of a type that a customer has at most one of.
    fn only(&mut self, customer: &Declared<'_, CustomerDecl>, ty: &Type, why: &str, by: &str) -> Option<String> {
        let mut fields = customer.fields.iter().filter(|f| f.ty.as_ref().is_some_and(|t| t.required() == ty));
        let first = fields.next();
        if let (Some(first), Some(second)) = (first, fields.next()) {
            self.out.say(
                Finding::new(&codes::J0118, second.span, format!("{why}, and this is the second"))
                    .also(first.span, "the first")
                    .help(format!("keep one field of type `{}`; {by}", ty.spelled())),
            );
        }
        first.map(|f| f.name.clone())
    }

    /// Which field says of a purpose and a channel whether the customer agreed.
    fn consents(&mut self, customer: &Declared<'_, CustomerDecl>) -> BTreeMap<Purpose, BTreeMap<Channel, String>> {
        let mut consents: BTreeMap<Purpose, BTreeMap<Channel, String>> = BTreeMap::new();
        let mut places: BTreeMap<(Purpose, Channel), Span> = BTreeMap::new();
        for declared in &customer.decl.fields {
            let Some(consent) = &declared.consent else { continue };
            let name = &declared.field.name;
            let info = customer.fields.iter().find(|f| f.span == name.span);
            let Some(ty) = info.and_then(|f| f.ty.as_ref()) else { continue };
            if ty.required() != &Type::Bool {
                let message =
                    format!("nobody could tell whether a customer agreed: `{}` is {}", name.text, noun(ty.required()));
                self.out.say(
                    mismatch(declared.field.ty.span, message)
                        .label("not a bool")
                        .also(consent.span, "says whether they agreed")
                        .help(format!("write `{}: bool? consent to …`; what is missing counts as no", name.text)),
                );
            }
            let on: Vec<(Channel, Span)> = match consent.channels.as_slice() {
                [] => Channel::ALL.into_iter().map(|c| (c, consent.span)).collect(),
                some => some.iter().map(|c| (c.value, c.span)).collect(),
            };
            for purpose in &consent.purposes {
                for (channel, span) in &on {
                    let key = (purpose.value, *channel);
                    if let Some(first) = places.get(&key) {
                        let what = format!("consents to {} by", purpose.value.name());
                        self.out.duplicate(&what, channel.name(), *span, *first);
                        if consent.channels.is_empty() {
                            break;
                        }
                        continue;
                    }
                    places.insert(key, *span);
                    consents.entry(purpose.value).or_default().insert(*channel, name.text.clone());
                }
            }
        }
        consents
    }
}
