//! Text to tree. Parsing never fails: what cannot be read costs one finding, and its neighbours are read all the same.
//!
//! The grammar and its recovery are in `parse/journey.pest`; only this module knows pest. A linear [`scan`] comes first:
//! it finds the comments, which the grammar skips, and how deep braces nest, so that no text can exhaust the stack.
//! Then each family of constructs has its file, and [`explain`] says in plain words what is wrong with a bad piece.

mod actions;
mod allow;
mod condition;
mod declare;
mod explain;
mod hook;
mod grammar {
    #![allow(missing_docs, reason = "generated; journey.pest says what each rule is")]

    #[derive(pest_derive::Parser)]
    #[grammar = "parse/journey.pest"]
    pub(super) struct Grammar;
}
mod journey;
mod message;
mod policy;
mod scan;
mod scenario;
mod words;

use std::cell::RefCell;
use std::collections::BTreeSet;

use journey_spec::codes::{J0001, J0002, J0003, J0004, J0005};
use pest::Parser;
use pest::iterators::Pair;

use crate::ast;
use crate::diagnostics::Finding;
use crate::source::{FileId, Span};

/// Largest file that is read, in bytes: 1 MiB.
pub const MAX_BYTES: usize = 1 << 20;

/// Deepest nesting of braces and parentheses.
pub const MAX_NESTING: u32 = 64;

/// Most terms of one sum, and so the depth of its tree.
const MAX_TERMS: usize = 64;

/// Most findings of one file; by then the reader has enough to mend, and a file of garbage stays cheap.
const MAX_FINDINGS: usize = 200;

use grammar::{Grammar, Rule};

pub(crate) use scan::braces;

type Node<'a> = Pair<'a, Rule>;

/// J0004, of a file named so. How much larger it is nobody says: no more than the limit is ever read.
pub(crate) fn too_large(span: Span, file: &str) -> Finding {
    Finding::new(&J0004, span, format!("{file} has more than {} MiB", MAX_BYTES >> 20))
        .label("nothing of it was read")
        .help("split it and join the parts by `use`")
}

/// Reads a file's text. There is always a tree: of all that could be read.
#[must_use]
pub fn parse(file: FileId, text: &str) -> (ast::File, Vec<Finding>) {
    let start = Span { file, start: 0, end: 0 };
    if text.len() > MAX_BYTES {
        let finding = too_large(start, "this file");
        return (ast::File::default(), vec![finding]);
    }
    let scan = scan::scan(file, text);
    if let Some(at) = scan.too_deep {
        let place = Span { file, start: at, end: at + 1 };
        let finding = Finding::new(&J0003, place, format!("braces are nested deeper than {MAX_NESTING} here"))
            .label("nothing of this file was read")
            .help("close what was opened; many `}` or `)` are missing above, or data is nested that no journey needs");
        return (ast::File { comments: scan.comments, ..ast::File::default() }, vec![finding]);
    }
    let docs = vec![false; scan.comments.len()];
    let mut reader = Reader {
        file,
        text,
        docs,
        scan,
        allows: Vec::new(),
        pending: 0,
        findings: Vec::new(),
        odd: RefCell::default(),
    };
    let items = match Grammar::parse(Rule::file, text) {
        Ok(nodes) => nodes.flat_map(Node::into_inner).filter_map(|node| reader.item(node)).collect(),
        // The grammar's catch-alls take any text; should one be missing, the reader is told rather than let down.
        Err(_) => {
            reader.report(Finding::new(&J0001, start, "this file cannot be read"));
            Vec::new()
        }
    };
    reader.odd_names();
    let Reader { scan, docs, allows, findings, .. } = reader;
    let comments = scan.comments.into_iter().zip(docs).filter(|(_, is_doc)| !is_doc).map(|(c, _)| c).collect();
    (ast::File { items, comments, allows }, findings)
}

/// Reads a file's bytes as text; UTF-8's byte order mark is left out.
///
/// # Errors
/// The bytes are not UTF-8; the finding's place is right in the text before the first bad byte.
pub fn decode(file: FileId, path: &str, bytes: &[u8]) -> Result<String, Finding> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map(String::from).map_err(|error| {
        let at = error.valid_up_to();
        let line = bytes.iter().take(at).filter(|b| **b == b'\n').count() + 1;
        let place = u32::try_from(at).unwrap_or(u32::MAX);
        Finding::new(
            &J0005,
            Span { file, start: place, end: place },
            format!("`{path}` is not UTF-8 text: byte {at}, on line {line}, is no part of a character"),
        )
        .help(match bytes {
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => {
                "it begins as UTF-16 does: save it as UTF-8; editors call it \"encoding\""
            }
            _ => "save the file as UTF-8; editors call it \"encoding\"",
        })
    })
}

/// What all constructs need while the tree is built.
struct Reader<'a> {
    file: FileId,
    text: &'a str,
    scan: scan::Scan,
    /// For each comment: whether an item took it as its doc comment.
    docs: Vec<bool>,
    allows: Vec<ast::Allow>,
    /// How many of the last of them have nothing below them yet.
    pending: usize,
    findings: Vec<Finding>,
    /// Names as they are written, with letters in them that no name has.
    odd: RefCell<BTreeSet<String>>,
}

impl<'a> Reader<'a> {
    fn item(&mut self, node: Node<'a>) -> Option<ast::Item> {
        self.allowed(&node);
        match node.as_rule() {
            Rule::allow => {
                self.allow(node);
                None
            }
            Rule::use_item => self.use_item(node).map(ast::Item::Use),
            Rule::customer_decl => self.customer(node).map(ast::Item::Customer),
            Rule::record_decl => self.record(node).map(ast::Item::Record),
            Rule::event_decl => self.event(node).map(ast::Item::Event),
            Rule::message_decl => self.message(node).map(ast::Item::Message),
            Rule::service_decl => self.service(node).map(ast::Item::Service),
            Rule::hook_decl => self.hook(node).map(ast::Item::Hook),
            Rule::policy_decl => self.policy(node).map(ast::Item::Policy),
            Rule::journey_decl => self.journey(node).map(ast::Item::Journey),
            Rule::scenario_decl => self.scenario(node).map(ast::Item::Scenario),
            Rule::bad_item => {
                self.bad(&node, explain::Place::File);
                None
            }
            _ => None,
        }
    }

    fn report(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        }
    }

    /// Where a node stands, without the blanks and comments that the grammar took along at its end.
    fn span(&self, node: &Node<'_>) -> Span {
        let place = node.as_span();
        let (start, end) = (place.start() as u32, place.end() as u32);
        Span { file: self.file, start, end: self.scan.trimmed(start, end) }
    }

    /// The doc comment that stands right above a place.
    fn doc(&mut self, start: u32) -> ast::Doc {
        let mut lines = Vec::new();
        let mut below = start;
        let mut index = self.scan.comments.partition_point(|c| c.span.end <= start);
        while let Some(comment) = index.checked_sub(1).and_then(|i| self.scan.comments.get(i)) {
            let gap = self.text.get(comment.span.end as usize..below as usize).unwrap_or("?");
            let adjacent = gap.trim().is_empty() && gap.bytes().filter(|b| *b == b'\n').count() == 1;
            let line = comment.text.strip_prefix("///").filter(|line| !line.starts_with('/'));
            let Some(line) = line.filter(|_| adjacent && comment.own_line) else { break };
            lines.push(line.strip_prefix(' ').unwrap_or(line).to_string());
            below = comment.span.start;
            index -= 1;
            if let Some(taken) = self.docs.get_mut(index) {
                *taken = true;
            }
        }
        lines.reverse();
        lines
    }

    /// Reads a block's pieces: `read` gets every node but braces, commas, bad pieces and the missing end.
    fn block(&mut self, head: Span, node: Node<'a>, place: explain::Place, mut read: impl FnMut(&mut Self, Node<'a>)) {
        let opening = self.findings.len();
        for piece in node.into_inner() {
            self.allowed(&piece);
            match piece.as_rule() {
                Rule::open | Rule::close | Rule::comma => {}
                Rule::allow => self.allow(piece),
                Rule::bad_line | Rule::bad_field => self.bad(&piece, place),
                Rule::unclosed => self.unclosed(head, opening, piece.as_span().start() as u32),
                _ => read(self, piece),
            }
        }
    }

    /// Reads `KEYWORD name { … }`: its documentation, name, the block's items and the whole span. `block` says which
    /// rule holds the items and what the place is called in findings.
    fn named_block<T>(
        &mut self,
        node: Node<'a>,
        (block, place): (Rule, explain::Place),
        read: impl Fn(&mut Self, Node<'a>) -> Option<T>,
    ) -> Option<(ast::Doc, ast::Name, Vec<T>, Span)> {
        let span = self.span(&node);
        let doc = self.doc(span.start);
        let mut name = None;
        let mut items = Vec::new();
        for part in node.into_inner() {
            if part.as_rule() == Rule::name {
                name = Some(self.name(&part));
            } else if part.as_rule() == block {
                let head = self.head(span, &part);
                self.block(head, part, place, |r, piece| items.extend(read(r, piece)));
            }
        }
        Some((doc, name?, items, span))
    }

    fn unclosed(&mut self, head: Span, opening: usize, end: u32) {
        // A text that is not closed on the block's own line has swallowed its brace: one mistake, one finding.
        let swallowed = self.findings.get(opening..).unwrap_or_default().iter().any(|f| {
            f.message.starts_with(explain::UNCLOSED_TEXT)
                && !self.text.get(head.start as usize..f.span().start as usize).unwrap_or("\n").contains('\n')
        });
        if swallowed {
            return;
        }
        let what = self.text.get(head.start as usize..head.end as usize).unwrap_or("").trim_end();
        let what = what.lines().next().unwrap_or("").to_string();
        let end = Span { file: self.file, start: end, end };
        self.report(
            Finding::new(&J0002, head, format!("`{what}` has no closing `}}`"))
                .label("opened here")
                .also(end, "it was read up to here")
                .help("close it with a `}` of its own"),
        );
    }
}
