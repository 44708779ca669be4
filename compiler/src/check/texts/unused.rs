//! Texts for a channel on which nothing sends them.
//!
//! `send m via sms` leaves the other texts of `m` aside. Where every `send` of a message does, a text stands there that no
//! customer ever reads: somebody thought that they would, or forgot it.

use std::collections::{BTreeMap, BTreeSet};

use journey_spec::Program;
use journey_spec::codes::J0224;
use journey_spec::program::{Channel, MessageId};

use crate::check::story;
use crate::diagnostics::Finding;
use crate::graph::{Graph, channels};
use crate::spans::{Node, Spans};

/// By which channels messages are sent, and where.
#[derive(Default)]
pub(in crate::check) struct Sends(BTreeMap<MessageId, (BTreeSet<Channel>, Vec<Node>)>);

impl Sends {
    /// Notes what a journey sends.
    pub(in crate::check) fn note(&mut self, program: &Program, graph: &Graph) {
        for (_, sent) in graph.all_sends() {
            let Some(message) = program.messages.get(sent.send.message.index()) else { continue };
            let (used, places) = self.0.entry(sent.send.message).or_default();
            used.extend(channels(message, &sent.send));
            if places.len() <= story::NAMED && !places.contains(&sent.node) {
                places.push(sent.node.clone());
            }
        }
    }
}

/// Every text of a message that is sent may be read by somebody.
pub(in crate::check) fn are_read(program: &Program, spans: &Spans, sends: &Sends, out: &mut Vec<Finding>) {
    for (id, (used, places)) in &sends.0 {
        let Some(message) = program.messages.get(id.index()) else { continue };
        for (i, variant) in message.variants.iter().enumerate().filter(|(_, v)| !used.contains(&v.channel)) {
            let channel = variant.channel.name();
            let by = story::list(used.iter().map(|c| c.name().to_owned()));
            let mut finding = Finding::new(
                &J0224,
                spans.get(&Node::Variant(*id, i)),
                format!(
                    "no customer ever gets `{}` by {channel}: whatever sends it names other channels",
                    message.name
                ),
            )
            .label("unused")
            .help(format!("add `else {channel}` to `via`, or take this text away"));
            for place in places.iter().take(story::NAMED) {
                finding = finding.also(spans.get(place), format!("goes by {by} alone"));
            }
            out.push(finding);
        }
    }
}
