//! What stands in a text: whether its channel takes it whole, what it costs, whether it can be written at all, and
//! whether it is still true when it is read.
//!
//! Lengths are those of the longest writing ([`extent`]), over all journeys that send the message. A `text` that says no
//! maximum of its own may hold 500 characters, and any character may be an emoji; nearly every text that names a customer
//! would then be too long, so the warnings count what is usual, and `journeyc explain` says both figures.

pub(crate) mod aging;
pub(super) mod decided;
mod extent;
mod languages;
mod segments;
mod unfit;
pub(super) mod unused;

use std::collections::{BTreeMap, BTreeSet};

use journey_spec::Program;
use journey_spec::codes::{J0131, J0132, Level};
use journey_spec::locale::Locale;
use journey_spec::program::{Channel, JourneyId, Message, MessageId, Piece, Template};
use journey_spec::types::DEFAULT_TEXT_MAX;

use self::extent::{Count, Extent, Measure, USUAL};
use crate::diagnostics::Finding;
use crate::graph;
use crate::spans::{Node, Spans};

pub(super) use extent::type_at;
pub(super) use languages::reach_every_reader;
pub(super) use unfit::can_be_written;

/// Which journeys send each message.
pub(super) type Senders = BTreeMap<MessageId, BTreeSet<JourneyId>>;

/// The most segments of a text message that nobody is told of.
const FEW: u64 = 3;

/// What a channel takes, and in what it counts.
struct Room {
    /// What is too long, in words.
    what: &'static str,
    most: u64,
    unit: &'static str,
    whose: &'static str,
    of: fn(&Extent) -> u64,
}

/// What a channel takes of a text; none where it takes what anybody would write. The figures and where they come from
/// stand in the specification, chapter 12.
fn room(channel: Channel) -> Option<Room> {
    let room = |what, most, unit, whose, of| Some(Room { what, most, unit, whose, of });
    match channel {
        Channel::Sms => room("text message", segments::MOST, "segments", "carriers take", segments::of),
        Channel::Push => room("notification", 3_072, "bytes", "phones are sent", |e| e.bytes),
        Channel::Whatsapp => room("WhatsApp message", 1_024, "characters", "WhatsApp takes", |e| e.chars),
        Channel::Voice => room("voice message", 3_000, "characters", "speech services read out", |e| e.chars),
        Channel::Email | Channel::Webchat => None,
    }
}

fn subject_room() -> Room {
    Room { what: "subject", most: 998, unit: "bytes", whose: "a line of an e-mail holds", of: |e| e.bytes }
}

/// A text of a message with everything that measuring it needs.
struct Text<'p> {
    id: MessageId,
    message: &'p Message,
    channel: Channel,
    node: Node,
    /// `sms`, `email`: how the line that holds it begins.
    line: String,
    template: &'p Template,
    room: Option<Room>,
    /// The language in which its values are written; of a text for one language, in any region of it.
    locale: Locale,
    regions: bool,
}

/// Every text of every message.
fn texts<'p>(program: &'p Program) -> Vec<Text<'p>> {
    let mut out = Vec::new();
    let house = Locale::parse(&program.policy.locale).unwrap_or_default();
    for (message, id) in program.messages.iter().zip(0..).map(|(m, i)| (m, MessageId(i))) {
        for (i, variant) in message.variants.iter().enumerate() {
            let channel = variant.channel;
            let mut add = |node: &Node, tag: Option<&str>, subject: Option<&'p Template>, body: &'p Template| {
                let line = tag.map_or(channel.name().to_owned(), |tag| format!("{}[{tag}]", channel.name()));
                let locale = tag.and_then(Locale::parse);
                let mut one = |template, room| {
                    out.push(Text {
                        id,
                        message,
                        channel,
                        node: node.clone(),
                        line: line.clone(),
                        template,
                        room,
                        locale: locale.clone().unwrap_or_else(|| house.clone()),
                        regions: locale.is_some(),
                    });
                };
                if let Some(subject) = subject {
                    one(subject, Some(subject_room()));
                }
                one(body, room(channel));
            };
            add(&Node::Variant(id, i), None, variant.subject.as_ref(), &variant.body);
            for (k, text) in variant.translations.iter().enumerate() {
                add(&Node::Translation(id, i, k), Some(&text.locale), text.subject.as_ref(), &text.body);
            }
        }
    }
    out
}

/// How long a text is when any of these journeys sends it.
fn over(
    measure: &mut Measure<'_>,
    program: &Program,
    text: &Text<'_>,
    by: &BTreeSet<JourneyId>,
    count: Count,
) -> Vec<(JourneyId, Extent)> {
    let journeys = by.iter().filter_map(|id| Some((*id, program.journeys.get(id.index())?)));
    journeys
        .map(|(id, journey)| (id, measure.text(text.template, journey, &text.locale, text.regions, count)))
        .collect()
}

/// No text is longer than its channel takes, and none costs more than somebody would think.
pub(super) fn fit_their_channel(program: &Program, spans: &Spans, senders: &Senders, out: &mut Vec<Finding>) {
    let mut measure = Measure::new(program);
    for text in texts(program) {
        let (Some(room), Some(by)) = (&text.room, senders.get(&text.id)) else { continue };
        let mut most = |count| {
            let all = over(&mut measure, program, &text, by, count);
            all.into_iter().max_by_key(|(_, e)| (room.of)(e))
        };
        let (Some((journey, usual)), Some((_, shortest)), Some((_, small))) =
            (most(Count::Usual), most(Count::Shortest), most(Count::Small))
        else {
            continue;
        };
        if (room.of)(&usual) > room.most {
            out.push(too_long(program, spans, &text, room, journey, &usual, &shortest));
        } else if text.channel == Channel::Sms {
            out.extend(costs(program, spans, &text, journey, &usual, &small));
        }
    }
}

fn too_long(
    program: &Program,
    spans: &Spans,
    text: &Text<'_>,
    room: &Room,
    journey: JourneyId,
    usual: &Extent,
    shortest: &Extent,
) -> Finding {
    let name = &text.message.name;
    let (long, short) = ((room.of)(usual), (room.of)(shortest));
    let Room { what, most, unit, whose, .. } = room;
    let always = short > *most;
    let message = match always {
        true => format!("nobody can get `{name}` by {}: even its shortest {what} has {short} {unit}", text.line),
        false => format!("a customer may not get `{name}` by {}: its {what} can have {long} {unit}", text.line),
    };
    let mut finding =
        Finding::new(&J0131, spans.get(&text.node), message).label(format!("{most} {unit} are all that {whose}"));
    if !always {
        finding.level = Level::Warning;
    }
    match longest_value(program, text.template, journey) {
        Some((path, chars, declared)) if !always => {
            finding = finding.how(match declared {
                true => format!("`{{{path}}}` may hold {chars} characters: the channel refuses the text or cuts it off"),
                false => format!(
                    "`{{{path}}}` says no maximum, and with {chars} characters, as is usual, the channel refuses the text or cuts it off"
                ),
            });
            finding.help(shorten(&path, room_for(text.channel, usual, chars, room)))
        }
        _ => finding.help("shorten the text, or say the rest by another channel"),
    }
}

/// A text message that costs more than anybody would think: many segments, or more than it would with plain quotes.
fn costs(
    program: &Program,
    spans: &Spans,
    text: &Text<'_>,
    journey: JourneyId,
    usual: &Extent,
    small: &Extent,
) -> Option<Finding> {
    let name = &text.message.name;
    let most = segments::of(usual);
    let fixed = || {
        text.template.0.iter().filter_map(|piece| match piece {
            Piece::Text(plain) => Some(plain.as_str()),
            Piece::Value { or, .. } => or.as_deref(),
        })
    };
    // Characters that a word processor put in and that alone make the text leave the small alphabet.
    let odd: Vec<char> = fixed().flat_map(str::chars).filter(|c| segments::septets(*c).is_none()).collect();
    let plain: String = odd.iter().filter_map(|c| segments::plainer(*c)).collect();
    let replaced = Extent { septets: small.septets + Extent::of(&plain).septets, small: true, ..*small };
    let replaceable = odd.first().filter(|_| odd.iter().all(|c| segments::plainer(*c).is_some()));
    if let Some(first) = replaceable {
        let (now, then) = (segments::of(&Extent { small: false, ..*small }), segments::of(&replaced));
        if now > then {
            let finding = Finding::new(
                &J0132,
                spans.get(&text.node),
                format!("each `{name}` costs {} where {} would do", segments_in_words(now), segments_in_words(then)),
            );
            return Some(
                finding
                    .label(format!("`{first}` (U+{:04X}) is not in the alphabet of text messages", u32::from(*first)))
                    .how("one such character makes the whole text take 70 characters a segment in place of 160")
                    .help(format!("write `{}` for it", segments::plainer(*first).unwrap_or_default())),
            );
        }
    }
    if most <= FEW {
        return None;
    }
    let why = match (odd.first(), usual.small) {
        (_, true) => String::new(),
        (Some(c), _) => format!(", since `{c}` (U+{:04X}) is not in the alphabet of text messages", u32::from(*c)),
        (None, _) => ", where a value has a letter that is not in the alphabet of text messages, such as `ł`".into(),
    };
    let finding =
        Finding::new(&J0132, spans.get(&text.node), format!("one `{name}` can cost {}", segments_in_words(most)))
            .label(format!("up to {} characters, {} a segment{why}", usual.chars, segments::size(usual)));
    Some(match longest_value(program, text.template, journey) {
        Some((path, chars, true)) if chars > 20 => finding
            .how(format!("`{{{path}}}` alone may hold {chars} characters"))
            .help(shorten(&path, room_for(Channel::Sms, usual, chars, &subject_room()))),
        _ => finding.help("shorten the text, or send it by e-mail"),
    })
}

fn segments_in_words(n: u64) -> String {
    if n == 1 { "1 text message".into() } else { format!("{n} text messages") }
}

/// How many characters a value may have so that the text fits, of a text message into few segments.
fn room_for(channel: Channel, usual: &Extent, chars: u32, room: &Room) -> u64 {
    let (all, each, most) = match channel {
        Channel::Sms => (usual.units, 1, FEW * 67),
        Channel::Push => (usual.bytes, 3, room.most),
        _ => (usual.chars, 1, room.most),
    };
    let rest = all.saturating_sub(u64::from(chars) * each);
    most.saturating_sub(rest) / each
}

fn shorten(path: &str, room: u64) -> String {
    let field = path.rsplit('.').next().unwrap_or(path);
    // A maximum that nothing real fits in is none to propose.
    match room / 5 * 5 {
        0..10 => "shorten the text, or say the rest by another channel".into(),
        room => format!("shorten the text, or what it quotes: declare `{field}: text({room})`"),
    }
}

/// The placeholder of the longest text, how many characters it counts for, and whether it says its maximum itself.
fn longest_value(program: &Program, text: &Template, journey: JourneyId) -> Option<(String, u32, bool)> {
    let journey = program.journeys.get(journey.index())?;
    let values = text.0.iter().filter_map(|piece| {
        let Piece::Value { path, .. } = piece else { return None };
        let journey_spec::Type::Text { max } = type_at(program, journey, path)?.required() else { return None };
        let declared = *max != DEFAULT_TEXT_MAX;
        Some((path.join("."), if declared { *max } else { USUAL }, declared))
    });
    values.max_by_key(|(_, chars, _)| *chars)
}

/// How many segments a text message of a journey takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// The message.
    pub message: String,
    /// The most, whatever its values are.
    pub at_most: u64,
    /// The most with letters of any language and no emoji, where each `text` without a maximum of its own has at most
    /// [`Size::usual_characters`].
    pub usually: u64,
    /// How many characters that are.
    pub usual_characters: u32,
    /// Placeholders of `text` without a maximum of its own, in the order of the text.
    pub unbounded: Vec<String>,
}

/// The text messages that a journey sends, in the order in which they are declared.
#[must_use]
pub fn sizes(program: &Program, journey: JourneyId) -> Vec<Size> {
    let (Some(graph), Some(of)) = (graph::of(program, journey), program.journeys.get(journey.index())) else {
        return Vec::new();
    };
    let sent: BTreeSet<MessageId> = graph
        .all_sends()
        .filter(|(_, s)| {
            program
                .messages
                .get(s.send.message.index())
                .is_some_and(|m| graph::channels(m, &s.send).contains(&Channel::Sms))
        })
        .map(|(_, s)| s.send.message)
        .collect();
    let mut measure = Measure::new(program);
    let mut sizes: Vec<Size> = Vec::new();
    for text in texts(program).into_iter().filter(|t| t.channel == Channel::Sms && sent.contains(&t.id)) {
        let mut most = |count| segments::of(&measure.text(text.template, of, &text.locale, text.regions, count));
        let (at_most, usually) = (most(Count::Longest), most(Count::Usual));
        let mut unbounded: Vec<String> = Vec::new();
        for piece in &text.template.0 {
            let Piece::Value { path, .. } = piece else { continue };
            let ty = type_at(program, of, path).map(journey_spec::Type::required);
            if matches!(ty, Some(journey_spec::Type::Text { max }) if *max == DEFAULT_TEXT_MAX)
                && !unbounded.contains(&path.join("."))
            {
                unbounded.push(path.join("."));
            }
        }
        let message = text.message.name.to_string();
        let size = Size { message, at_most, usually, usual_characters: USUAL, unbounded };
        match sizes.iter_mut().find(|s| s.message == size.message) {
            // Of texts in several languages the longest counts.
            Some(known) => {
                known.at_most = known.at_most.max(size.at_most);
                known.usually = known.usually.max(size.usually);
                for path in size.unbounded {
                    if !known.unbounded.contains(&path) {
                        known.unbounded.push(path);
                    }
                }
            }
            None => sizes.push(size),
        }
    }
    sizes
}
