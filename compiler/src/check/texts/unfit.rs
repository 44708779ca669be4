//! What no channel can carry, or no reader can read: control characters, letters that were lost on the way, and code
//! points that mean something only to who invented them.

use std::collections::BTreeSet;

use journey_spec::Program;
use journey_spec::codes::J0133;
use journey_spec::program::{Piece, Template};

use crate::diagnostics::Finding;
use crate::spans::{Node, Spans};

/// Every text can be written in the encoding of its channel.
///
/// Text messages are written in the GSM alphabet or UTF-16, all other channels in UTF-8, so every character that a file
/// can hold has an encoding: what is left are code points to which no reader gives a meaning.
pub(in crate::check) fn can_be_written(program: &Program, spans: &Spans, out: &mut Vec<Finding>) {
    for text in super::texts(program) {
        let who = format!("`{}` by {}", text.message.name, text.line);
        say(&who, text.template, &text.node, spans, out);
    }
    let policy = &program.policy;
    for text in std::iter::once(&policy.stop_text).chain(policy.stop_texts.values()) {
        let stop = Template(vec![Piece::Text(text.clone())]);
        say("the confirmation of STOP", &stop, &Node::Policy, spans, out);
    }
}

fn say(who: &str, text: &Template, node: &Node, spans: &Spans, out: &mut Vec<Finding>) {
    let mut told: BTreeSet<char> = BTreeSet::new();
    for piece in &text.0 {
        let plain = match piece {
            Piece::Text(plain) => plain.as_str(),
            Piece::Value { or, .. } => or.as_deref().unwrap_or_default(),
        };
        for c in plain.chars() {
            let Some((what, help)) = unfit(c).filter(|_| told.insert(c)) else { continue };
            out.push(
                Finding::new(
                    &J0133,
                    spans.get(node),
                    format!("a customer would read {who} with a hole in it: U+{:04X} stands for {what}", u32::from(c)),
                )
                .label("holds it")
                .help(help),
            );
        }
    }
}

/// What a code point is that nobody can read, and what to do about it.
fn unfit(c: char) -> Option<(&'static str, &'static str)> {
    let code = u32::from(c);
    match c {
        '\n' | '\t' | '\r' => None,
        _ if c.is_control() => Some(("a control character", "take it out; `\\n` is a new line")),
        '\u{fffd}' => {
            Some(("a letter that was lost when the text was converted", "write the letter that should stand there"))
        }
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' if code & 0xfffe != 0xfffe => {
            Some(("whatever somebody's own font shows there", "write the sign itself, or its name"))
        }
        '\u{fdd0}'..='\u{fdef}' => Some(("no character at all", "take it out")),
        _ if code & 0xfffe == 0xfffe => Some(("no character at all", "take it out")),
        _ => None,
    }
}
