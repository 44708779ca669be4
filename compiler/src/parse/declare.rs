//! `use`, `customer`, `record`, `event`, `service`, and their fields.

use journey_spec::Sensitive;

use super::explain::Place;
use super::{Node, Reader, Rule};
use crate::ast::{
    At, ConsentDecl, CustomerDecl, CustomerField, EventDecl, FieldDecl, IntakeDecl, Name, RecordDecl, ServiceDecl,
    TypeKind, TypeRef, Use,
};
use crate::source::Span;

impl<'a> Reader<'a> {
    pub(super) fn use_item(&mut self, node: Node<'a>) -> Option<Use> {
        let span = self.span(&node);
        let path = node.into_inner().find(|n| n.as_rule() == Rule::string)?;
        Some(Use { path: self.string(&path), span })
    }

    pub(super) fn customer(&mut self, node: Node<'a>) -> Option<CustomerDecl> {
        let span = self.span(&node);
        let doc = self.doc(span.start);
        let head = Span { end: span.start + "customer".len() as u32, ..span };
        let block = node.into_inner().find(|n| n.as_rule() == Rule::customer_fields)?;
        let mut fields = Vec::new();
        self.block(head, block, Place::Fields, |reader, piece| fields.extend(reader.customer_field(piece)));
        Some(CustomerDecl { doc, fields, head, span })
    }

    fn customer_field(&mut self, node: Node<'a>) -> Option<CustomerField> {
        let mut field = None;
        let mut channels = Vec::new();
        let mut consent = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::consent => consent = Some(self.consent(part)),
                Rule::field => field = self.field(part),
                Rule::addresses => {
                    let refs = part.into_inner().filter(|n| n.as_rule() == Rule::channel_ref);
                    channels.extend(refs.filter_map(|n| self.channel(&n)));
                }
                _ => {}
            }
        }
        Some(CustomerField { field: field?, channels, consent })
    }

    fn consent(&mut self, node: Node<'a>) -> ConsentDecl {
        let mut consent = ConsentDecl { purposes: Vec::new(), channels: Vec::new(), span: self.span(&node) };
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::consent_ref => consent.purposes.extend(self.purpose(&part)),
                Rule::channel_ref => consent.channels.extend(self.channel(&part)),
                _ => {}
            }
        }
        consent
    }

    pub(super) fn record(&mut self, node: Node<'a>) -> Option<RecordDecl> {
        let span = self.span(&node);
        let doc = self.doc(span.start);
        let mut name = None;
        let mut fields = Vec::new();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::fields => fields = self.fields(span, part),
                _ => {}
            }
        }
        Some(RecordDecl { doc, name: name?, fields, span })
    }

    fn intake(&mut self, node: Node<'a>) -> Option<IntakeDecl> {
        let span = self.span(&node);
        let (mut n, mut per) = (None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::integer => n = Some(self.integer(&part)),
                Rule::duration | Rule::calendar => per = Some(self.window(&part)),
                _ => {}
            }
        }
        Some(IntakeDecl { n: n?, per: per?, span })
    }

    /// A clause that may stand once behind an event's fields.
    fn clause<T>(
        &mut self,
        known: &mut Option<T>,
        node: Node<'a>,
        what: &str,
        read: impl Fn(&mut Self, Node<'a>) -> Option<T>,
    ) {
        let span = self.span(&node);
        match (known.is_some(), read(self, node)) {
            (true, _) => self.twice(span, what),
            (false, clause) => *known = clause,
        }
    }

    /// `made by hook tidy`, `checked by hook plausible`
    fn hook_of_event(&mut self, node: Node<'a>) -> Option<Name> {
        node.into_inner().find(|n| n.as_rule() == Rule::name).map(|n| self.name(&n))
    }

    pub(super) fn event(&mut self, node: Node<'a>) -> Option<EventDecl> {
        let span = self.span(&node);
        let doc = self.doc(span.start);
        let mut name = None;
        let mut newest_by = None;
        let (mut made_by, mut checked_by, mut intake) = (None, None, None);
        let mut fields = Vec::new();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::path => name = Some(self.path(&part)),
                Rule::newest => {
                    newest_by = part.into_inner().find(|n| n.as_rule() == Rule::path).map(|n| self.path(&n));
                }
                Rule::made_by => self.clause(&mut made_by, part, "`made by`", Reader::hook_of_event),
                Rule::checked_by => self.clause(&mut checked_by, part, "`checked by`", Reader::hook_of_event),
                Rule::intake => self.clause(&mut intake, part, "`at most`", Reader::intake),
                Rule::fields => fields = self.fields(span, part),
                _ => {}
            }
        }
        Some(EventDecl { doc, name: name?, newest_by, fields, made_by, checked_by, intake, span })
    }

    pub(super) fn service(&mut self, node: Node<'a>) -> Option<ServiceDecl> {
        let span = self.span(&node);
        let doc = self.doc(span.start);
        let mut name = None;
        let mut params = Vec::new();
        let mut outcomes = Vec::new();
        let mut returns = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::params => {
                    let fields = part.into_inner().filter(|n| n.as_rule() == Rule::field);
                    params.extend(fields.filter_map(|n| self.field(n)));
                }
                Rule::one_of => outcomes = self.idents(part),
                Rule::returns => returns = part.into_inner().next().map(|n| self.name(&n)),
                _ => {}
            }
        }
        Some(ServiceDecl { doc, name: name?, params, outcomes, returns, span })
    }

    /// The fields of a block; `item` is the span of the item that it belongs to.
    fn fields(&mut self, item: Span, block: Node<'a>) -> Vec<FieldDecl> {
        let head = Span { end: self.scan.trimmed(item.start, block.as_span().start() as u32), ..item };
        let mut fields = Vec::new();
        self.block(head, block, Place::Fields, |reader, piece| fields.extend(reader.field(piece)));
        fields
    }

    pub(super) fn field(&mut self, node: Node<'a>) -> Option<FieldDecl> {
        let span = self.span(&node);
        let mut name = None;
        let mut ty = None;
        let mut sensitive = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::ident => name = Some(self.name(&part)),
                Rule::type_ref => ty = self.type_ref(part),
                Rule::sensitive => {
                    let kind = part.into_inner().find(|n| n.as_rule() == Rule::sensitive_ref);
                    sensitive = kind.and_then(|kind| self.sensitive(&kind));
                }
                _ => {}
            }
        }
        Some(FieldDecl { name: name?, ty: ty?, sensitive, span })
    }

    fn sensitive(&mut self, node: &Node<'_>) -> Option<At<Sensitive>> {
        let all = || Sensitive::ALL.map(Sensitive::name).to_vec();
        self.known(node.as_str(), self.span(node), "kind of sensitive data", Sensitive::named, all)
    }

    fn type_ref(&mut self, node: Node<'a>) -> Option<TypeRef> {
        let span = self.span(&node);
        let mut kind = None;
        let mut optional = false;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::type_name => kind = Some(TypeKind::Named(self.name(&part))),
                Rule::text_max => {
                    let max = part.into_inner().find(|n| n.as_rule() == Rule::integer)?;
                    kind = Some(TypeKind::Text(self.integer(&max)));
                }
                Rule::one_of => kind = Some(TypeKind::OneOf(self.idents(part))),
                Rule::optional => optional = true,
                _ => {}
            }
        }
        Some(TypeRef { kind: kind?, optional, span })
    }

    /// The names inside `( … )` or `{ … }`.
    pub(super) fn idents(&self, node: Node<'a>) -> Vec<Name> {
        node.into_inner().filter(|n| n.as_rule() == Rule::ident).map(|n| self.name(&n)).collect()
    }
}
