//! `message` and its texts.

use journey_spec::codes::J0001;
use pest::Parser;

use super::explain::Place;
use super::words::clip;
use super::{Grammar, Node, Reader, Rule};
use crate::ast::{FreshDecl, MessageDecl, MessageItem, Name, ReplyDecl, TemplatePiece, TemplateText, VariantDecl};
use crate::diagnostics::Finding;
use crate::source::Span;

impl<'a> Reader<'a> {
    pub(super) fn message(&mut self, node: Node<'a>) -> Option<MessageDecl> {
        let block = (Rule::message_block, Place::Message);
        let (doc, name, items, span) = self.named_block(node, block, Self::message_item)?;
        Some(MessageDecl { doc, name, items, span })
    }

    /// From an item's beginning to before its block.
    pub(super) fn head(&self, item: Span, block: &Node<'_>) -> Span {
        Span { end: self.scan.trimmed(item.start, block.as_span().start() as u32), ..item }
    }

    fn message_item(&mut self, node: Node<'a>) -> Option<MessageItem> {
        let span = self.span(&node);
        match node.as_rule() {
            Rule::purpose => {
                let purpose = node.into_inner().find(|n| n.as_rule() == Rule::purpose_ref)?;
                Some(MessageItem::Purpose(self.purpose(&purpose)?))
            }
            Rule::variant => self.variant(node, span).map(MessageItem::Variant),
            Rule::replies => {
                let block = node.into_inner().find(|n| n.as_rule() == Rule::replies_block)?;
                let head = self.head(span, &block);
                let mut replies = Vec::new();
                self.block(head, block, Place::Replies, |r, piece| replies.extend(r.reply_decl(piece)));
                Some(MessageItem::Replies(replies, span))
            }
            Rule::valid_for => {
                let duration = node.into_inner().find(|n| n.as_rule() == Rule::duration)?;
                Some(MessageItem::ValidFor(self.duration(&duration)))
            }
            Rule::valid_until => {
                let until = node.into_inner().find(|n| n.as_rule() == Rule::expr)?;
                Some(MessageItem::ValidUntil(self.expr(until)?, span))
            }
            Rule::fresh => {
                let mut names = Vec::new();
                let mut within = None;
                let mut args = Vec::new();
                for part in node.into_inner() {
                    match part.as_rule() {
                        Rule::name => names.push(self.name(&part)),
                        Rule::duration => within = Some(self.duration(&part)),
                        Rule::args => {
                            let exprs = part.into_inner().filter(|n| n.as_rule() == Rule::expr);
                            args.extend(exprs.filter_map(|n| self.expr(n)));
                        }
                        _ => {}
                    }
                }
                let mut names = names.into_iter();
                let (datum, service) = (names.next()?, names.next()?);
                Some(MessageItem::Fresh(FreshDecl { datum, within: within?, service, args, span }))
            }
            Rule::essential => {
                let mut n = None;
                let mut per = None;
                for part in node.into_inner() {
                    match part.as_rule() {
                        Rule::integer => n = Some(self.integer(&part)),
                        Rule::duration | Rule::calendar => per = Some(self.window(&part)),
                        _ => {}
                    }
                }
                Some(MessageItem::Essential { n: n?, per: per?, span })
            }
            _ => None,
        }
    }

    fn variant(&mut self, node: Node<'a>, span: Span) -> Option<VariantDecl> {
        let mut channel = None;
        let mut text = None;
        let mut from = None;
        let mut locale = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::ident => channel = self.channel(&part),
                Rule::locale_in => locale = self.locale_in(part),
                Rule::string => text = Some(self.template(&part)),
                Rule::body => {
                    let file = part.into_inner().find(|n| n.as_rule() == Rule::string)?;
                    from = Some(self.string(&file));
                }
                _ => {}
            }
        }
        Some(VariantDecl { channel: channel?, locale, text: text?, from, span })
    }

    /// The tag in `[es]`.
    pub(super) fn locale_in(&self, node: Node<'a>) -> Option<Name> {
        node.into_inner().find(|n| n.as_rule() == Rule::locale_tag).map(|tag| self.name(&tag))
    }

    fn reply_decl(&mut self, node: Node<'a>) -> Option<ReplyDecl> {
        let span = self.span(&node);
        let mut name = None;
        let mut words = Vec::new();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::ident => name = Some(self.name(&part)),
                Rule::string => words.push(self.string(&part)),
                _ => {}
            }
        }
        Some(ReplyDecl { name: name?, words, span })
    }

    fn template(&mut self, node: &Node<'_>) -> TemplateText {
        let span = self.span(node);
        let raw = node.as_str().strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or("");
        let start = span.start + 1;
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let parsed = Grammar::parse(Rule::template, raw);
        for part in parsed.into_iter().flatten().flat_map(Node::into_inner) {
            let place = part.as_span();
            let at = Span { start: start + place.start() as u32, end: start + place.end() as u32, ..span };
            match part.as_rule() {
                Rule::plain => plain.push_str(part.as_str()),
                Rule::escape => {
                    let escaped = part.as_str().chars().nth(1).unwrap_or('\\');
                    plain.push(self.escape(escaped, at.start));
                }
                Rule::placeholder => {
                    if !plain.is_empty() {
                        pieces.push(TemplatePiece::Text(std::mem::take(&mut plain)));
                    }
                    pieces.extend(self.placeholder(part, at, start));
                }
                Rule::bad_placeholder => {
                    plain.push_str(part.as_str());
                    self.bad_placeholder(part.as_str(), at);
                }
                _ => {}
            }
        }
        if !plain.is_empty() {
            pieces.push(TemplatePiece::Text(plain));
        }
        TemplateText { pieces, raw: raw.to_string(), span }
    }

    /// `start` is where the text's inside begins in the file.
    fn placeholder(&mut self, node: Node<'_>, span: Span, start: u32) -> Option<TemplatePiece> {
        let mut path = None;
        let mut format = None;
        let mut or = None;
        for part in node.into_inner() {
            let place = part.as_span();
            let shift = |name: &mut crate::ast::Name| {
                name.span.start += start;
                name.span.end += start;
            };
            // these spans are the text's own, so nothing of them is trimmed by the file's blanks
            let own = Span { file: self.file, start: place.start() as u32, end: place.end() as u32 };
            match part.as_rule() {
                Rule::path => {
                    let mut read = self.path(&part);
                    read.parts.iter_mut().for_each(shift);
                    read.span = Span { start: own.start + start, end: own.end + start, ..own };
                    path = Some(read);
                }
                Rule::format => {
                    let mut name = crate::ast::Name { text: part.as_str().to_string(), span: own };
                    shift(&mut name);
                    format = Some(name);
                }
                Rule::string => {
                    let inside = part.as_str().strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or("");
                    or = Some(self.unescape(inside, own.start + start + 1));
                }
                _ => {}
            }
        }
        Some(TemplatePiece::Value { path: path?, format, or, span })
    }

    fn bad_placeholder(&mut self, text: &str, span: Span) {
        let finding = if text == "}" {
            Finding::new(&J0001, span, "this `}` closes no placeholder")
                .label("customers would read a stray brace")
                .help("write `\\}` for a brace in a text")
        } else if !text.ends_with('}') {
            Finding::new(&J0001, span, "this placeholder is not closed")
                .label("no `}` follows in this text")
                .help("close it with `}`, or write `\\{` for a brace in a text")
        } else {
            Finding::new(&J0001, span, format!("`{}` is no placeholder", clip(text)))
                .label("customers would read this as it stands")
                .help("write a datum, a format and a fallback as needed, such as `{booking.slot:day}` or `{engineer or \"your engineer\"}`; or `\\{` for a brace")
        };
        self.report(finding);
    }
}
