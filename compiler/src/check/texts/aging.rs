//! Words that age: "tomorrow" is true on one day only, and a text may leave on another than it was decided for.
//!
//! A message leaves on another day when it can wait past midnight: something can hold it (quiet hours with `defer` or
//! `latest` that hold at midnight, or a limit with one of these fates and a window), it is still true at the first minute
//! after midnight that is not quiet for its purpose, and it is not essential. Days are counted an hour short, for the
//! night in which the clock is set forward. A word is also one of a day that nobody can know here where the text gives
//! an instant's time and not its day: "tomorrow at {booking.slot:time}" is true only if it leaves the day before. That it
//! does where every `send` of it comes at an instant like `at booking.slot - 1 day at 18:00` ([`Days`]), and nothing can
//! hold it back then.

use std::collections::BTreeSet;

use journey_spec::Program;
use journey_spec::codes::J0134;
use journey_spec::locale::Locale;
use journey_spec::program::{
    Fate, Format, HOUR, JourneyId, Limit, LimitWhat, MINUTE, Message, Millis, Piece, Quiet, Template, Validity,
};
use journey_spec::time::spelled_duration;

use super::decided::{Day, Days};
use super::{Senders, Text, texts};
use crate::check::bounds::rule;
use crate::diagnostics::Finding;
use crate::graph::counts;
use crate::spans::{Node, Spans};

/// A word or two for a day as seen from another, by language; folded. The second list is what may not stand before one:
/// `de la mañana` is in the morning, `guten Morgen` a greeting.
const WORDS: &[(&str, &[&str], &[&str])] = &[
    ("en", &["today", "tonight", "tomorrow", "yesterday", "this morning", "this afternoon", "this evening"], &[]),
    (
        "es",
        &["hoy", "mañana", "ayer", "anteayer", "anoche", "esta mañana", "esta tarde", "esta noche"],
        &["la", "las", "cada", "una"],
    ),
    ("fr", &["aujourd'hui", "demain", "hier", "ce matin", "ce soir", "cet après-midi", "cette nuit"], &[]),
    (
        "de",
        &["heute", "morgen", "übermorgen", "gestern", "vorgestern"],
        &["guten", "am", "jeden", "den", "der", "diesen", "goede", "elke", "iedere", "'s"],
    ),
    ("pt", &["hoje", "amanhã", "ontem", "esta manhã", "esta tarde", "esta noite"], &["de", "pela"]),
    ("it", &["oggi", "domani", "dopodomani", "ieri", "stasera", "stamattina", "stamani", "stanotte"], &[]),
    (
        "nl",
        &[
            "vandaag",
            "morgen",
            "overmorgen",
            "gisteren",
            "vanmorgen",
            "vanochtend",
            "vanmiddag",
            "vanavond",
            "vannacht",
        ],
        &["goede", "elke", "iedere", "de", "'s", "guten", "am", "jeden", "den", "der", "diesen"],
    ),
];

/// Words for another day than the one on which they are read, and how many days later that is.
const OTHER_DAYS: &[(i32, &[&str])] = &[
    (2, &["übermorgen", "dopodomani", "overmorgen"]),
    (1, &["tomorrow", "mañana", "demain", "morgen", "amanhã", "domani"]),
    (-1, &["yesterday", "ayer", "anoche", "hier", "gestern", "ontem", "ieri", "gisteren"]),
    (-2, &["anteayer", "vorgestern"]),
];

/// How many days after the day on which it is read a word's day is.
fn offset(word: &str) -> i32 {
    let word = word.to_lowercase().replace('’', "'");
    let word = word.strip_suffix("'s").unwrap_or(&word);
    let other = OTHER_DAYS.iter().find(|(_, words)| words.contains(&word));
    other.map_or(0, |(offset, _)| *offset)
}

/// The languages in which such words are known.
#[must_use]
fn languages() -> Vec<&'static str> {
    WORDS.iter().map(|(language, ..)| *language).collect()
}

/// No text says a word of a day that may be another when it is read.
pub(in crate::check) fn is_true_when_read(
    program: &Program,
    spans: &Spans,
    (senders, days): (&Senders, &Days),
    out: &mut Vec<Finding>,
) {
    let mut told = BTreeSet::new();
    for text in texts(program) {
        let Some(by) = senders.get(&text.id) else { continue };
        let Some(word) = aging(text.template, &text.languages()) else { continue };
        if !told.insert((text.node.clone(), word.clone())) {
            continue;
        }
        let name = &text.message.name;
        let instants: Vec<(&[String], Format)> =
            text.template.0.iter().filter_map(|p| instant(program, by, p)).collect();
        let by_day = |path: &[String]| instants.iter().any(|(p, f)| *p == path && *f != Format::Time);
        let timed = instants
            .iter()
            .find(|(path, format)| *format == Format::Time && !by_day(path))
            .map(|(path, _)| path.join("."));
        let finding =
            |message: String| Finding::new(&J0134, spans.get(&text.node), message).label(format!("says \"{word}\""));
        let decided = days.of(text.id);
        let shows_another = |day: &Day| {
            instants.iter().any(|(path, format)| *path != day.of && *format == Format::Time && !by_day(path))
        };
        let fits = |day: &Day| offset(&word) == day.days.saturating_neg() && !shows_another(day);
        if decided.is_some_and(|days| days.iter().all(|day| fits(day) && leaves_at_once(program, &text, by, day))) {
            continue;
        }
        let any = instants.first().map(|(path, _)| path.join("."));
        let named = |path: &Option<String>| match path {
            Some(path) => format!("name the day, `{{{path}:day}}`"),
            None => "name the day by its date".to_owned(),
        };
        if let Some(late) = waits_past_midnight(program, &text, by, decided) {
            let help = match late.mend {
                Some(for_so_long) => format!(
                    "{}, or let the text be true for less, such as  valid for {}",
                    named(&any),
                    spelled_duration(for_so_long)
                ),
                None => named(&any),
            };
            out.push(
                finding(format!("a customer may read \"{word}\" in `{name}` on a day on which it is wrong"))
                    .also(spans.get(&late.node), late.holds)
                    .how(late.story)
                    .help(help),
            );
        } else if let Some(path) = timed {
            out.push(
                finding(format!("a customer may read \"{word}\" in `{name}` of a `{path}` that is another day"))
                    .how(format!(
                        "`{path}` is any instant: it may have been moved, or the text be decided on another day than was thought"
                    ))
                    .help(named(&Some(path))),
            );
        }
    }
}

/// A placeholder that shows an instant.
fn instant<'p>(program: &'p Program, by: &BTreeSet<JourneyId>, piece: &'p Piece) -> Option<(&'p [String], Format)> {
    let Piece::Value { path, format, .. } = piece else { return None };
    let journey = program.journeys.get(by.first()?.index())?;
    let ty = super::type_at(program, journey, path)?.required();
    matches!(ty, journey_spec::Type::Instant | journey_spec::Type::Date).then_some((path.as_slice(), *format))
}

impl Text<'_> {
    /// In which languages it may be written: a text without a tag in any, unless the policy says in which.
    fn languages(&self) -> Vec<&'static str> {
        let said = self.regions || self.locale != Locale::default();
        languages().into_iter().filter(|l| !said || *l == self.locale.language()).collect()
    }
}

/// Why a message may leave on another day than it was decided for.
struct Late {
    node: Node,
    holds: String,
    story: String,
    /// A validity with which it could not.
    mend: Option<Millis>,
}

/// Whether a message that is decided at this minute, or as much later as the policy's grace, leaves in the same moment.
fn leaves_at_once(program: &Program, text: &Text<'_>, by: &BTreeSet<JourneyId>, day: &Day) -> bool {
    text.message.essential.is_some() || (!is_quiet_at(program, text, day) && holding(program, text, by).is_none())
}

/// Whether it is quiet at some minute at which the message can be decided, or the day ends.
fn is_quiet_at(program: &Program, text: &Text<'_>, day: &Day) -> bool {
    let grace = program.policy.grace.div_euclid(MINUTE).saturating_add(1);
    let minutes = || (0..=grace).map(|late| Millis::from(day.minute).saturating_add(late));
    let quiet = |minute: Millis| {
        let concerns = |q: &&Quiet| q.purposes.is_empty() || q.purposes.contains(&text.message.purpose);
        u16::try_from(minute).is_ok_and(|m| program.policy.quiet.iter().filter(concerns).any(|q| holds(q, m)))
    };
    minutes().any(|minute| minute >= 1_440 || quiet(minute))
}

/// A limit that can make the message wait.
fn holding<'p>(program: &'p Program, text: &Text<'_>, by: &BTreeSet<JourneyId>) -> Option<(Node, &'p Limit)> {
    let waits = |fate: &Fate| matches!(fate, Fate::Defer | Fate::Latest);
    let counted = |what: LimitWhat| counts(what, text.channel, text.message.purpose);
    let of_policy = program.policy.limits.iter().enumerate().map(|(i, l)| (Node::PolicyLimit(i), l));
    let of_journeys = by
        .iter()
        .filter_map(|id| Some((*id, program.journeys.get(id.index())?)))
        .flat_map(|(id, journey)| journey.limits.iter().enumerate().map(move |(i, l)| (Node::Limit(id, i), l)));
    of_policy.chain(of_journeys).find(|(_, l)| waits(&l.fate) && l.per.is_some() && counted(l.what))
}

fn waits_past_midnight(
    program: &Program,
    text: &Text<'_>,
    by: &BTreeSet<JourneyId>,
    decided: Option<&BTreeSet<Day>>,
) -> Option<Late> {
    let (message, policy) = (text.message, &program.policy);
    if message.essential.is_some() {
        return None;
    }
    let concerns = |q: &Quiet| q.purposes.is_empty() || q.purposes.contains(&message.purpose);
    let quiet: Vec<(usize, &Quiet)> = policy.quiet.iter().enumerate().filter(|(_, q)| concerns(q)).collect();
    let is_quiet = |minute: u16| quiet.iter().any(|(_, q)| holds(q, minute));
    // Where no minute of the day is free, nothing ever leaves, and so not on another day either.
    let first = (0..1_440).find(|m| !is_quiet(*m))?;
    let free: Millis = Millis::from(first) * MINUTE;
    let valid = valid_for(message, policy.valid_for);
    // The night may be an hour shorter.
    if first > 0 && valid <= free - HOUR {
        return None;
    }
    let mend = (free > 2 * HOUR).then(|| free - HOUR);
    let true_for = spelled_duration(valid);
    let clock = format!("{:02}:{:02}", first / 60, first % 60);
    let waits = |fate: &Fate| matches!(fate, Fate::Defer | Fate::Latest);
    // Where all of it is decided by day, the night alone holds nothing back.
    let at_night = decided.is_none_or(|days| days.iter().any(|day| is_quiet_at(program, text, day)));
    if let Some((i, rule)) = quiet.iter().find(|(_, q)| at_night && holds(q, 1_439) && waits(&q.fate)) {
        return Some(Late {
            node: Node::Quiet(*i),
            holds: "holds it back over midnight".into(),
            story: format!(
                "decided on a Monday at {:02}:{:02}, in quiet hours, and true for up to {true_for}: it leaves on Tuesday at {clock}",
                rule.from.max(1_320) / 60,
                rule.from.max(1_320) % 60
            ),
            mend,
        });
    }
    let (node, limit) = holding(program, text, by)?;
    Some(Late {
        node,
        holds: "may hold it back over midnight".into(),
        story: format!(
            "decided on a Monday when `{}` lets no more through, and true for up to {true_for}: it may leave on Tuesday",
            rule(limit)
        ),
        mend,
    })
}

/// Whether a line of quiet hours holds at a minute of the day.
fn holds(quiet: &Quiet, minute: u16) -> bool {
    match quiet.from.cmp(&quiet.to) {
        std::cmp::Ordering::Less => (quiet.from..quiet.to).contains(&minute),
        std::cmp::Ordering::Equal => true,
        std::cmp::Ordering::Greater => minute >= quiet.from || minute < quiet.to,
    }
}

/// The longest that a message may be true after it was decided.
fn valid_for(message: &Message, policy: Millis) -> Millis {
    match &message.validity {
        Validity::For(d) => *d,
        Validity::Policy | Validity::Until(_) => policy,
    }
}

/// The first word of a day in a text, as it is written there.
fn aging(text: &Template, languages: &[&str]) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    for piece in &text.0 {
        match piece {
            Piece::Text(plain) => words.extend(split(plain)),
            // What is written there is no word of the text's; and nothing goes on over it.
            Piece::Value { or, .. } => {
                words.push(String::new());
                words.extend(split(or.as_deref().unwrap_or_default()));
                words.push(String::new());
            }
        }
    }
    let folded: Vec<String> = words.iter().map(|w| w.to_lowercase().replace('’', "'")).collect();
    for (i, word) in folded.iter().enumerate() {
        for (_, list, never_after) in WORDS.iter().filter(|(l, ..)| languages.contains(l)) {
            let before = i.checked_sub(1).and_then(|b| folded.get(b));
            if before.is_some_and(|b| never_after.contains(&b.as_str())) {
                continue;
            }
            for phrase in *list {
                let parts: Vec<&str> = phrase.split(' ').collect();
                let here = folded.get(i..i + parts.len()).unwrap_or_default();
                let first = parts.first().copied().unwrap_or_default();
                let own = word.strip_suffix("'s").unwrap_or(word);
                let same = if parts.len() == 1 { own == first } else { here.iter().eq(parts.iter()) };
                if same {
                    return Some(words.get(i..i + parts.len()).unwrap_or_default().join(" "));
                }
            }
        }
    }
    None
}

/// Words with their apostrophes and hyphens; what stands between sentences is an empty one.
fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for part in text.split(|c: char| c.is_whitespace()) {
        let word = part.trim_matches(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’');
        let (mut rest, mut cut) = (word, Vec::new());
        while let Some(at) = rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’' | '-')) {
            cut.push(rest.get(..at).unwrap_or_default().to_owned());
            rest = rest.get(at..).unwrap_or_default().trim_start_matches(|c: char| !c.is_alphanumeric());
            cut.push(String::new());
        }
        words.extend(cut);
        words.push(rest.to_owned());
        if part.ends_with(['.', '!', '?', ',', ';', ':']) {
            words.push(String::new());
        }
    }
    words
}
