//! Who reads what: a language in which one message speaks and another does not, and words that no language has for us.

use std::collections::{BTreeMap, BTreeSet};

use journey_spec::codes::{J0112, J0136};
use journey_spec::locale::{self, Locale};
use journey_spec::program::{JourneyId, MessageId, Piece, Program};

use super::{Senders, type_at};
use crate::check::story;
use crate::diagnostics::Finding;
use crate::spans::{Node, Spans};

/// Whoever gets one message of a journey in their language gets all of it in it, and each value is written in the text's
/// own. Which languages a story is told in is chosen story by story.
pub(in crate::check) fn reach_every_reader(
    program: &Program,
    spans: &Spans,
    senders: &Senders,
    out: &mut Vec<Finding>,
) {
    let house = Locale::parse(&program.policy.locale).unwrap_or_default();
    // Each language of each journey with a message that speaks it; the house's own is every text's without a tag.
    let mut spoken: BTreeMap<String, BTreeMap<JourneyId, (&str, Node)>> = BTreeMap::new();
    for (id, message, by) in senders.iter().filter_map(|(id, by)| Some((*id, program.messages.get(id.index())?, by))) {
        for (i, variant) in message.variants.iter().enumerate() {
            for (k, text) in variant.translations.iter().enumerate() {
                let locale = Locale::parse(&text.locale).unwrap_or_default();
                if program.customer.locale.is_none() && spoken.is_empty() {
                    out.push(
                        Finding::new(
                            &J0136,
                            spans.get(&Node::Translation(id, i, k)),
                            format!(
                                "nobody ever gets `{}` in `{}`: what a customer reads is not known",
                                message.name, text.locale
                            ),
                        )
                        .label("never chosen")
                        .help("add a field of type `locale` to `customer`, for example  language: locale?"),
                    );
                }
                if !locale.is_language_of(&house) {
                    let of = spoken.entry(text.locale.clone()).or_default();
                    for journey in by {
                        of.entry(*journey).or_insert((&message.name, Node::Translation(id, i, k)));
                    }
                }
            }
        }
    }
    let mut lacking: BTreeMap<&str, Vec<(MessageId, usize)>> = BTreeMap::new();
    let mut said: BTreeMap<&str, &(&str, Node)> = BTreeMap::new();
    for (id, by) in senders {
        let Some(message) = program.messages.get(id.index()) else { continue };
        for (i, variant) in message.variants.iter().enumerate() {
            let read = |tag: &str| {
                let tags = variant.translations.iter().map(|t| t.locale.as_str());
                locale::choose(Locale::parse(tag).as_ref(), &house, tags)
            };
            for (tag, of) in spoken.iter().filter(|(tag, _)| read(tag).is_none()) {
                if let Some(other) = by.iter().find_map(|journey| of.get(journey)) {
                    lacking.entry(tag).or_default().push((*id, i));
                    said.entry(tag).or_insert(other);
                }
            }
        }
        for text in super::texts(program).into_iter().filter(|t| t.id == *id && t.locale.language() != "en") {
            let yes_or_no = text.template.0.iter().find_map(|piece| match piece {
                Piece::Value { path, .. } => is_bool(program, by, path).then(|| path.join(".")),
                Piece::Text(_) => None,
            });
            if let Some(path) = yes_or_no {
                out.push(
                    Finding::new(
                        &J0112,
                        spans.get(&text.node),
                        format!(
                            "a customer would read \"yes\" or \"no\" in a text in `{}`: `{path}` is a bool",
                            text.locale.tag()
                        ),
                    )
                    .label("cannot be written so")
                    .help("send another message for each, or let the feed bring the word as a text"),
                );
            }
        }
    }
    for (tag, texts) in &lacking {
        out.extend(said.get(tag).and_then(|said| lacks(program, spans, (tag, &house.tag()), texts, said)));
    }
}

/// One finding for all texts that lack a language.
fn lacks(
    program: &Program,
    spans: &Spans,
    (tag, house): (&str, &str),
    texts: &[(MessageId, usize)],
    (other, said): &(&str, Node),
) -> Option<Finding> {
    let message = |id: &MessageId| program.messages.get(id.index());
    let channel = |(id, i): &(MessageId, usize)| Some(message(id)?.variants.get(*i)?.channel.name());
    let (first, rest) = texts.split_first()?;
    let name = &message(&first.0)?.name;
    let names: BTreeSet<&str> = texts.iter().filter_map(|(id, _)| Some(message(id)?.name.as_str())).collect();
    let what = match names.len() {
        1 => format!("`{name}` by {}", story::list(texts.iter().filter_map(channel).map(str::to_owned))),
        many => format!("{many} messages"),
    };
    // The same message may speak it on another channel.
    let spoken = match names.len() == 1 && name == other {
        true => "by another channel".to_owned(),
        false => format!("`{other}`"),
    };
    let mut finding = Finding::new(
        &J0136,
        spans.get(&Node::Variant(first.0, first.1)),
        format!("a customer who reads `{tag}` gets {what} in `{house}`"),
    )
    .label(format!("has no text for readers of `{tag}`"))
    .also(spans.get(said), format!("they get {spoken} in their language"));
    for (id, i) in rest {
        finding = finding.also(spans.get(&Node::Variant(*id, *i)), "nor has this");
    }
    // Whoever writes why stands before a text or before its message, and before whichever comes to hand.
    let all = texts.iter().flat_map(|(id, i)| [Node::Message(*id), Node::Variant(*id, *i)]);
    finding = finding.alike(all.map(|node| spans.get(&node)));
    let channels: BTreeSet<&str> = texts.iter().filter_map(channel).collect();
    let add = channels.into_iter().map(|channel| format!("`{channel}[{tag}] \"…\"`"));
    let each = if rest.is_empty() { "" } else { " to each" };
    Some(finding.help(format!("add {}{each}", story::list(add))))
}

fn is_bool(program: &Program, by: &BTreeSet<JourneyId>, path: &[String]) -> bool {
    let journeys = by.iter().filter_map(|id| program.journeys.get(id.index()));
    journeys.into_iter().any(|j| type_at(program, j, path).is_some_and(|t| t.required() == &journey_spec::Type::Bool))
}
