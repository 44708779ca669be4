//! Quiet hours leave some hour.
//!
//! Where only a customer's country is known, quiet hours hold in every zone of it, so a long night in a wide country may
//! leave no hour at all: whatever keeps quiet hours never reaches that customer. For each purpose that some message has,
//! the quiet minutes of its rules are laid over each other, moved by each zone's distance from UTC, in the middle of a
//! January and of a July. What no resident country is wide enough for is not asked one by one.

use std::collections::BTreeSet;

use journey_spec::Ts;
use journey_spec::codes::{J0213, J0214, J0221, Level};
use journey_spec::places::{Country, countries};
use journey_spec::program::{Fate, MINUTE, Message, MessageId, Millis, Program, Purpose, Quiet, Validity};
use journey_spec::time::{Zone, parse_rfc3339, spelled_duration};

use super::story;
use super::texts::Senders;
use crate::diagnostics::Finding;
use crate::fix::Fix;
use crate::spans::{Node, Spans};

/// Minutes of a day.
const DAY: usize = 1_440;
/// Minutes of a week.
const WEEK: usize = 7 * DAY;
/// No country with residents is wider than this, in minutes of the clock.
const WIDEST: usize = 11 * 60;
/// Nobody lives there, and its stations keep the clocks of half the world.
const NOBODY: &str = "AQ";
/// Most countries that a finding names.
const MOST: usize = 8;

/// For every purpose, and wherever a customer may be.
pub(super) fn hours_leave_some(program: &Program, spans: &Spans, out: &mut Vec<Finding>) {
    let mut asked: BTreeSet<Vec<usize>> = BTreeSet::new();
    for message in program.messages.iter().filter(|m| m.essential.is_none()) {
        let kept = kept(program, message.purpose);
        if kept.is_empty() || !asked.insert(kept.clone()) {
            continue;
        }
        let rules: Vec<&Quiet> = kept.iter().filter_map(|i| program.policy.quiet.get(*i)).collect();
        let finding = if program.customer.zone.is_none() && !program.customer.fields.is_empty() {
            Some(no_zone(&rules, &message.name))
        } else {
            no_hour(&rules, message.purpose)
        };
        let Some(Said { text, label, how, help, level }) = finding else { continue };
        let mut places = kept.iter().map(|i| spans.get(&Node::Quiet(*i)));
        let mut finding = Finding::new(&J0213, places.next().unwrap_or_default(), text);
        finding.level = level;
        for place in places {
            finding = finding.also(place, "quiet as well");
        }
        out.push(finding.label(label).how(how).help(help));
    }
}

/// The rules that messages of a purpose keep, by position.
fn kept(program: &Program, purpose: Purpose) -> Vec<usize> {
    let keeps = |q: &Quiet| q.purposes.is_empty() || q.purposes.contains(&purpose);
    program.policy.quiet.iter().enumerate().filter(|(_, q)| keeps(q)).map(|(i, _)| i).collect()
}

/// No message lapses while it waits for the end of quiet hours.
pub(super) fn hours_outlast_nothing(program: &Program, spans: &Spans, out: &mut Vec<Finding>) {
    // Messages that are true as long as the policy says are told of together.
    let mut together: Option<Finding> = None;
    for (message, id) in program.messages.iter().zip(0..).filter(|(m, _)| m.essential.is_none()) {
        let rules: Vec<(usize, &Quiet)> = kept(program, message.purpose)
            .into_iter()
            .filter_map(|i| Some((i, program.policy.quiet.get(i)?)))
            .collect();
        // Where what is quiet goes elsewhere than into the morning, nothing waits for it.
        if rules.iter().any(|(_, q)| !matches!(q.fate, Fate::Defer | Fate::Latest)) {
            continue;
        }
        let round = round(rules.iter().map(|(_, q)| *q));
        let night: Vec<bool> = (0..round).map(|minute| !rules.iter().any(|(_, q)| is_quiet(q, minute))).collect();
        let longest = longest_run(&night);
        let valid = match message.validity {
            Validity::For(d) => d,
            Validity::Policy | Validity::Until(_) => program.policy.valid_for,
        };
        let lasts = i64::try_from(longest).unwrap_or_default().saturating_mul(MINUTE);
        let Some((rule, quiet)) = rules.first().filter(|_| longest < round && valid < lasts) else {
            continue;
        };
        let own = matches!(message.validity, Validity::For(_));
        let place = if own { Node::Message(MessageId(id)) } else { Node::Quiet(*rule) };
        if let Some(finding) = together.take_if(|_| !own) {
            together = Some(finding.also(spans.get(&Node::Message(MessageId(id))), "so is this"));
            continue;
        }
        let mut finding = Finding::new(
            &J0214,
            spans.get(&place),
            format!(
                "a customer never gets a `{}` that is decided in the evening: it is true for {}, and quiet hours last {}",
                message.name,
                spelled_duration(valid),
                spelled_duration(lasts)
            ),
        )
        .label(if own { "lapses before it may leave" } else { "lasts longer than the message is true" })
        .how(format!(
            "`{}` is decided when `{}` begins; {} later it is no longer true, and it is still quiet",
            message.name,
            quiet.text,
            spelled_duration(valid)
        ))
        .help(format!(
            "let it be true for longer, for example  valid for {}  or say what happens instead of waiting:  else skip",
            spelled_duration(lasts.saturating_add(60 * MINUTE))
        ));
        if own {
            finding = finding.also(spans.get(&Node::Quiet(*rule)), "holds it back");
            out.push(finding);
        } else {
            finding = finding.also(spans.get(&Node::Message(MessageId(id))), "is true as long as the policy says");
            together = Some(finding);
        }
    }
    out.extend(together);
}

/// The longest night of a purpose.
#[derive(Clone, Debug)]
pub(super) struct Night {
    /// The first rule of it, by position.
    pub(super) rule: usize,
    /// How long it lasts, in milliseconds.
    pub(super) lasts: Millis,
    /// The minute of the day in which it ends.
    pub(super) until: usize,
    /// Whether of each instance only the newest message waits.
    pub(super) latest: bool,
}

/// The longest night that messages of a purpose wait out; none where they need not wait, or have no morning.
pub(super) fn night(program: &Program, purpose: Purpose) -> Option<Night> {
    let kept = kept(program, purpose);
    let rules: Vec<&Quiet> = kept.iter().filter_map(|i| program.policy.quiet.get(*i)).collect();
    let rule = *kept.first()?;
    if rules.iter().any(|q| !matches!(q.fate, Fate::Defer | Fate::Latest)) {
        return None;
    }
    let latest = rules.iter().all(|q| q.fate == Fate::Latest);
    let (mut longest, mut until, mut run) = (0, 0, 0);
    let round = round(rules.iter().copied());
    for minute in 0..round.saturating_mul(2) {
        let quiet = rules.iter().any(|q| is_quiet(q, minute % round));
        run = if quiet { run + 1 } else { 0 };
        if run > longest {
            (longest, until) = (run, (minute + 1) % DAY);
        }
    }
    let lasts = Millis::try_from(longest).ok()?.saturating_mul(MINUTE);
    (longest > 0 && longest < round).then_some(Night { rule, lasts, until, latest })
}

/// How much a message of a purpose matters at night, against others.
fn matters(purpose: Purpose) -> u8 {
    match purpose {
        Purpose::Safety => 2,
        Purpose::Service => 1,
        Purpose::Debt | Purpose::Marketing => 0,
    }
}

/// What matters less does not leave while what matters as much or more waits for the morning. One finding for each purpose
/// that no rule names; of messages that some journey sends.
pub(super) fn hours_forget_no_purpose(program: &Program, spans: &Spans, senders: &Senders, out: &mut Vec<Finding>) {
    for purpose in Purpose::ALL.into_iter().filter(|p| kept(program, *p).is_empty()) {
        let matter = |q: &&Quiet| q.purposes.iter().any(|p| matters(*p) >= matters(purpose));
        let Some((i, quiet)) = program.policy.quiet.iter().enumerate().find(|(_, q)| matter(q)) else { continue };
        let awake = |m: &Message| m.purpose == purpose && m.essential.is_none();
        let messages =
            program.messages.iter().zip(0..).filter(|(m, id)| awake(m) && senders.contains_key(&MessageId(*id)));
        let messages: Vec<(&Message, MessageId)> = messages.map(|(m, id)| (m, MessageId(id))).collect();
        let Some(((message, _), last)) = messages.first().zip(quiet.purposes.last()) else { continue };
        let named = story::list(quiet.purposes.iter().map(|p| p.name().to_owned()));
        let (purpose, last) = (purpose.name(), last.name());
        let span = spans.get(&Node::Quiet(i));
        let hour = middle(quiet);
        let mut finding = Finding::new(
            &J0221,
            span,
            format!(
                "a customer can be woken by `{}`: quiet hours hold for {named} messages, and not for {purpose}",
                message.name
            ),
        )
        .label(format!("says nothing of {purpose} messages"))
        .how(format!("at {:02}:{:02} `{}` is decided, and leaves at once", hour / 60, hour % 60, message.name))
        .help(format!(
            "let it hold for them as well:  for {}, {purpose}",
            quiet.purposes.iter().map(|p| p.name()).collect::<Vec<_>>().join(", ")
        ))
        .fix(Fix::word(span, last, &format!("{last}, {purpose}")).look());
        for (_, id) in messages.iter().take(story::NAMED) {
            finding = finding.also(spans.get(&Node::Message(*id)), format!("is a {purpose} message"));
        }
        out.push(finding);
    }
}

/// The minute of the day in the middle of quiet hours, to the hour.
fn middle(quiet: &Quiet) -> usize {
    if !quiet.days.is_empty() {
        return DAY / 2;
    }
    let (from, to) = (usize::from(quiet.from), usize::from(quiet.to));
    let lasts = (to + DAY - from) % DAY;
    let middle = (from + if lasts == 0 { DAY / 2 } else { lasts / 2 }) % DAY;
    let hour = middle / 60 * 60;
    if is_quiet(quiet, hour) { hour } else { middle }
}

struct Said {
    text: String,
    label: &'static str,
    how: String,
    help: String,
    level: Level,
}

fn no_zone(rules: &[&Quiet], message: &str) -> Said {
    let rule = rules.first().map_or("", |q| q.text.as_str());
    Said {
        text: format!(
            "no customer ever gets `{message}`, nor any other message that keeps quiet hours: nobody knows their time"
        ),
        label: "asks what time it is where the customer is",
        how: format!(
            "`{message}` is decided, `{rule}` has to be over for the customer, and no field says where they are"
        ),
        help: "add `zone: zone` to `customer`".into(),
        level: Level::Error,
    }
}

fn no_hour(rules: &[&Quiet], purpose: Purpose) -> Option<Said> {
    let round = round(rules.iter().copied());
    let quiet: Vec<bool> = (0..round).map(|minute| rules.iter().any(|q| is_quiet(q, minute))).collect();
    let open = quiet.iter().filter(|q| !**q).count();
    let purpose = purpose.name();
    if open == 0 {
        return Some(Said {
            text: format!(
                "no customer ever gets a {purpose} message: quiet hours leave no minute of {}",
                if round == WEEK { "the week" } else { "the day" }
            ),
            label: "quiet",
            how: "whatever the time is, it is quiet; what waits for the end of it is blocked".into(),
            help: "leave some hours of the day open".into(),
            level: Level::Error,
        });
    }
    // Some stretch of open hours is as long as any country is wide: there all its zones are awake at once.
    if longest_run(&quiet) >= WIDEST {
        return None;
    }
    let none: Vec<&Country> = countries().filter(|c| c.code != NOBODY && leaves_none(&quiet, c)).collect();
    let first = none.first()?;
    let zones = |c: &Country| c.zones.len();
    let widest = none.iter().copied().max_by_key(|c| zones(c)).unwrap_or(first);
    let mut names: Vec<String> = none.iter().take(MOST).map(|c| format!("{} (`{}`)", c.name, c.code)).collect();
    let more = none.len().saturating_sub(names.len());
    if more > 0 {
        names.push(format!("{more} more"));
    }
    Some(Said {
        text: format!(
            "a customer of whom only the country is known never gets a {purpose} message, where that is {}",
            story::list(names.iter().cloned())
        ),
        label: "quiet, in every zone where the customer may be",
        how: format!(
            "the directory says `{}`, which has {} zones; at every moment it is quiet in one of them, and the message is blocked",
            widest.code,
            zones(widest)
        ),
        help: "shorten the quiet hours, or let the directory say the zone of these customers, or a list of the likely ones"
            .into(),
        level: Level::Warning,
    })
}

/// Whether a minute of the week, from Monday's first on, is quiet.
fn is_quiet(rule: &Quiet, minute: usize) -> bool {
    u16::try_from(minute).is_ok_and(|minute| rule.holds(minute))
}

/// After how many minutes the rules say the same again: a day, or a week where whole days are quiet.
fn round<'q>(mut rules: impl Iterator<Item = &'q Quiet>) -> usize {
    if rules.any(|q| !q.days.is_empty()) { WEEK } else { DAY }
}

/// The longest run of open minutes on the round of the day or the week.
fn longest_run(quiet: &[bool]) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for q in quiet.iter().chain(quiet) {
        run = if *q { 0 } else { run + 1 };
        longest = longest.max(run);
    }
    longest.min(quiet.len())
}

/// Whether, in winter or in summer, each minute is quiet in some zone of the country.
fn leaves_none(quiet: &[bool], country: &Country) -> bool {
    if country.zones.len() < 2 {
        return false;
    }
    let zones: Vec<Zone> = country.zones.iter().filter_map(|name| Zone::named(name)).collect();
    let at = |text| parse_rfc3339(text).unwrap_or_default();
    let seasons: [Ts; 2] = [at("2026-01-15T12:00:00Z"), at("2026-07-15T12:00:00Z")];
    seasons.into_iter().any(|season| {
        let ahead: BTreeSet<usize> = zones.iter().map(|zone| minutes_ahead(zone, season)).collect();
        let round = quiet.len().max(1);
        (0..round).all(|minute| ahead.iter().any(|a| quiet.get((minute + a) % round).copied().unwrap_or(true)))
    })
}

/// How far a zone's clock is ahead of UTC, on the round of the week.
fn minutes_ahead(zone: &Zone, at: Ts) -> usize {
    usize::try_from((i64::from(zone.offset(at)) / 60).rem_euclid(WEEK as i64)).unwrap_or_default()
}
