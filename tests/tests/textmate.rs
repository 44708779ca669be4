//! The TextMate grammar colours what the parser reads: every example is laid out by the engine that editors use, and held
//! against the tree.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)] // a test says what it expects

use std::path::PathBuf;

use giallo::{HighlightOptions, Registry, ThemeVariant};
use journey_compiler::ast::{ArrowDecl, File, Item, JourneyItem, Name, StateItem, ThenDecl, TriggerDecl};
use journey_compiler::source::{FileId, Span};
use journey_tests::root;

/// What a scope's name begins with, for the kinds that a reader tells apart. A theme gives each a colour of its own, and
/// the colour tells the kind.
const KINDS: &[&str] = &[
    "comment",
    "string",
    "constant.character.escape",
    "invalid",
    "storage.type",
    "keyword.control",
    "keyword.operator",
    "keyword.other.unit",
    "entity.name.label.state",
    "entity.name.function",
    "entity.name.section",
    "entity.name.type.record",
    "entity.name.class.journey",
    "entity.name.tag.reply",
    "variable.other",
    "variable.other.member",
    "constant.numeric",
    "constant.other",
    "constant.language",
    "support.type",
    "support.constant",
    "support.function",
];

struct Highlighter(Registry);

impl Highlighter {
    fn new() -> Highlighter {
        let mut registry = Registry::default();
        let grammar = root().join("editors/textmate/syntaxes/journey.tmLanguage.json");
        registry.add_grammar_from_path(grammar).expect("a grammar that TextMate's engine takes");
        registry.link_grammars();
        let colours: Vec<_> = KINDS
            .iter()
            .zip(1_u32..)
            .map(|(kind, n)| serde_json::json!({ "scope": kind, "settings": { "foreground": format!("#{n:06X}") } }))
            .collect();
        let theme = serde_json::json!({
            "name": "kinds", "type": "dark",
            "colors": { "editor.foreground": "#FFFFFF", "editor.background": "#000000" },
            "tokenColors": colours,
        });
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kinds.json");
        std::fs::write(&path, theme.to_string()).expect("written");
        registry.add_theme_from_path(path).expect("a theme");
        Highlighter(registry)
    }

    /// The kind of each byte of the text; empty for what no rule names.
    fn kinds(&self, text: &str) -> Vec<&'static str> {
        let options = HighlightOptions::new("journey", ThemeVariant::Single("kinds"));
        let highlighted = self.0.highlight(text, &options).expect("it goes through");
        let mut kinds = Vec::with_capacity(text.len());
        for line in &highlighted.tokens {
            for token in line {
                let ThemeVariant::Single(style) = token.style else { panic!("there is one theme") };
                let colour = style.foreground.as_hex();
                let n = colour.get(1..7).and_then(|hex| usize::from_str_radix(hex, 16).ok()).unwrap_or(0);
                let kind = n.checked_sub(1).and_then(|n| KINDS.get(n)).copied().unwrap_or("");
                kinds.extend(token.text.bytes().map(|_| kind));
            }
            // the line break belongs to no token
            kinds.push("");
        }
        kinds.truncate(text.len());
        kinds
    }
}

/// The kinds that a span has, without the blanks between.
fn in_span<'k>(kinds: &[&'k str], text: &str, span: Span) -> Vec<&'k str> {
    let (start, end) = (span.start as usize, span.end as usize);
    let bytes = text.as_bytes().get(start..end).unwrap_or_default();
    let of_span = kinds.get(start..end).unwrap_or_default();
    let mut seen: Vec<&str> =
        of_span.iter().zip(bytes).filter(|(_, b)| !b.is_ascii_whitespace()).map(|(k, _)| *k).collect();
    seen.dedup();
    seen
}

/// All `.journey` files of the project: examples and templates.
fn journeys() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("examples"), root().join("compiler/cli/templates")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "journey") {
                let text = std::fs::read_to_string(&path).expect("a journey");
                found.push((path, text));
            }
        }
    }
    assert!(found.len() >= 6, "the examples were not found");
    found
}

/// Names in a file and the kind that each has to have.
fn names(file: &File) -> Vec<(&Name, &'static str)> {
    const STATE: &str = "entity.name.label.state";
    let mut names: Vec<(&Name, &'static str)> = Vec::new();
    for item in &file.items {
        match item {
            Item::Record(d) => names.push((&d.name, "entity.name.type.record")),
            Item::Event(d) => names.extend(d.name.parts.iter().map(|part| (part, "entity.name.function"))),
            Item::Message(d) => names.push((&d.name, "entity.name.section")),
            Item::Service(d) => names.push((&d.name, "entity.name.function")),
            Item::Journey(d) => {
                names.push((&d.name, "entity.name.class.journey"));
                for item in &d.items {
                    match item {
                        JourneyItem::Start(start) => names.push((&start.to, STATE)),
                        JourneyItem::Arrow(arrow) => arrow_names(arrow, &mut names),
                        JourneyItem::End(end) => names.push((&end.name, STATE)),
                        JourneyItem::State(state) => {
                            names.push((&state.name, STATE));
                            for item in &state.items {
                                match item {
                                    StateItem::Next(name, _) => names.push((name, STATE)),
                                    StateItem::Arrow(arrow) => arrow_names(arrow, &mut names),
                                    StateItem::Call(call) => {
                                        names.extend(call.outcomes.iter().map(|(_, to)| (to, STATE)));
                                    }
                                    _ => {}
                                }
                            }
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    names
}

fn arrow_names<'a>(arrow: &'a ArrowDecl, names: &mut Vec<(&'a Name, &'static str)>) {
    let mut goto = |then: &'a ThenDecl| {
        if let ThenDecl::Goto(name, _) = then {
            names.push((name, "entity.name.label.state"));
        }
    };
    goto(&arrow.then);
    match &arrow.on {
        TriggerDecl::At { if_past: Some(past), .. } => goto(past),
        TriggerDecl::Event { event, .. } => {
            names.extend(event.parts.iter().map(|part| (part, "entity.name.function")));
        }
        TriggerDecl::Reply(Some(name)) => names.push((name, "entity.name.tag.reply")),
        _ => {}
    }
}

#[test]
fn every_example_is_coloured_as_the_parser_reads_it() {
    let highlighter = Highlighter::new();
    for (path, text) in journeys() {
        let shown = path.display();
        let (file, findings) = journey_compiler::parse::parse(FileId(0), &text);
        assert!(findings.is_empty(), "{shown} is sound");
        let kinds = highlighter.kinds(&text);
        assert!(!kinds.contains(&"invalid"), "{shown}: something sound is coloured as wrong");
        // comments, and nothing else, are comments
        let mut is_comment = vec![false; text.len()];
        for comment in &file.comments {
            is_comment[comment.span.start as usize..comment.span.end as usize].fill(true);
        }
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            if line.trim_start().starts_with("///") {
                is_comment[at + line.len() - line.trim_start().len()..at + line.trim_end().len()].fill(true);
            }
            at += line.len();
        }
        for (i, byte) in text.bytes().enumerate().filter(|(_, b)| !b.is_ascii_whitespace()) {
            let line = text.bytes().take(i).filter(|b| *b == b'\n').count() + 1;
            assert_eq!(kinds[i] == "comment", is_comment[i], "{shown}:{line}: comments end elsewhere");
            // whatever is a word has a kind
            if byte.is_ascii_alphanumeric() {
                assert_ne!(kinds[i], "", "{shown}:{line}: a word without a kind");
            }
        }
        for (name, kind) in names(&file) {
            let line = text[..name.span.start as usize].matches('\n').count() + 1;
            assert_eq!(in_span(&kinds, &text, name.span), [kind], "{shown}:{line}: `{}`", name.text);
        }
    }
}

/// The words of the grammar, `k_after = @{ "after" ~ !W }`.
fn keywords() -> Vec<String> {
    let grammar = std::fs::read_to_string(root().join("compiler/src/parse/journey.pest")).expect("the grammar");
    let words: Vec<String> = grammar
        .lines()
        .filter(|line| line.starts_with("k_"))
        .filter_map(|line| line.split('"').nth(1))
        .map(str::to_owned)
        .collect();
    assert!(words.len() > 80, "the grammar's words were not found");
    words
}

#[test]
fn every_word_of_the_language_is_known() {
    let highlighter = Highlighter::new();
    let mut unknown = Vec::new();
    for word in keywords() {
        let kinds = highlighter.kinds(&word);
        if kinds.iter().any(|kind| kind.is_empty() || kind.starts_with("variable")) {
            unknown.push(word);
        }
    }
    assert!(unknown.is_empty(), "add to editors/textmate/syntaxes/journey.tmLanguage.json: {}", unknown.join(" "));
}

#[test]
fn what_tells_apart_at_a_glance() {
    let highlighter = Highlighter::new();
    let text = r#"message hello {
  email "Hi {customer.name or "you"}, at {visit.slot:time} \{ \q" from "mail/x.md"
  valid for 12h
}
  limit visits moved to 3 per 7d else -> desk  // bounded
  after 2d -> desk
  on visit.moved(visit) settle 15m -> desk
  given customer { first_name: "Ada" }
  at 2026-03-20 09:00 reply "end"
  email: email? for email
"#;
    let kinds = highlighter.kinds(text);
    let mut shown = String::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        shown.push_str(line);
        let mut pieces: Vec<(&str, String)> = Vec::new();
        for (i, c) in line.char_indices() {
            let kind = kinds[at + i];
            match pieces.last_mut() {
                Some((last, piece)) if *last == kind => piece.push(c),
                _ => pieces.push((kind, c.to_string())),
            }
        }
        for (kind, piece) in pieces.iter().filter(|(kind, _)| !kind.is_empty()) {
            shown.push_str(&format!("      {piece:?}  {kind}\n"));
        }
        at += line.len();
    }
    insta::assert_snapshot!(shown);
}
