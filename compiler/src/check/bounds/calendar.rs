//! Limits of the calendar, and what they let through around midnight.
//!
//! `3 per day` is full at three, and empty again when the day begins: three at 23:50 and three at 00:10 keep to it, and are
//! six in 24 hours. Whether so much can come at all is asked of the flows that the bounds are made of; the day itself is
//! found by moving the worst run so that the day begins between two of its messages, or the quiet hours that lead over into
//! the next, and letting the real step do it.

use std::collections::BTreeSet;

use journey_spec::codes::J0218;
use journey_spec::program::{Calendar, DAY, Fate, JourneyId, Limit, LimitWhat, MINUTE, Millis, Quiet, Window};
use journey_spec::time::{Zone, parse_rfc3339, spelled_duration};
use journey_spec::{Program, Ts};
use journey_step::ledger::in_window;

use super::curves::{Counted, Runs};
use super::limits::{Class, by_limits, house, rule};
use super::proof::{Tried, worst_of};
use super::shape::Shape;
use super::{Bound, Kind, Scope, Wanted};
use crate::diagnostics::Finding;
use crate::fix::Fix;
use crate::spans::{Node, Spans};
use crate::witness::Leaves;

/// So many messages of a run have the day begin before them, one after the other.
const MOVED: usize = 6;
/// So many messages of a story are named one by one.
const TOLD: usize = 8;

/// A limit of the calendar is not passed by twice as much around the end of a day, week or month.
pub(super) fn days_do_not_add_up(program: &Program, shapes: &[Shape], spans: &Spans, out: &mut Vec<Finding>) {
    // Where nobody knows when a day begins, the longest there is counts as a rolling one.
    if program.customer.zone.is_none() {
        return;
    }
    for (i, limit) in program.policy.limits.iter().enumerate().filter(|(_, l)| l.key.is_none()) {
        out.extend(asked(program, shapes, limit, None).map(|said| said.finding(spans, &Node::PolicyLimit(i), limit)));
    }
    for shape in shapes {
        let id = shape.graph.journey;
        for (i, limit) in shape.limits.iter().enumerate() {
            let said = asked(program, std::slice::from_ref(shape), limit, Some(id));
            out.extend(said.map(|said| said.finding(spans, &Node::Limit(id, i), limit)));
        }
    }
}

/// What can be said of a limit.
struct Said {
    unit: Calendar,
    /// The most that can leave in as long a rolling window.
    most: u64,
    /// As many just before the calendar turns over as just after.
    twice: u64,
    /// Whether a whole day, week or month can lie between, so that three of them share in the window.
    thrice: bool,
    /// Messages that left in one such window, of a run that was done; empty where none passed the limit.
    left: Vec<Leaves>,
    /// Of one instance only, and of which journey.
    of: Option<String>,
}

fn asked(program: &Program, shapes: &[Shape], limit: &Limit, journey: Option<JourneyId>) -> Option<Said> {
    let (Some(Window::Calendar(unit)), LimitWhat::Messages { channel, purpose }) = (limit.per, limit.what) else {
        return None;
    };
    let window = rolling(unit);
    let n = u64::from(limit.n);
    let wanted = Wanted { channel, purpose };
    let alone = journey.is_some() && !limit.per_customer;
    let (most, open) = due(program, shapes, wanted, window, alone)?;
    if n == 0 || most <= n {
        return None;
    }
    let twice = n.saturating_mul(2);
    let bound = |lasts: Millis| Bound {
        scope: journey.filter(|_| alone).map_or(Scope::Customer, Scope::Instance),
        subject: String::new(),
        channel,
        purpose,
        window: Some(lasts),
        at_most: Some(most.min(twice)),
        kind: Kind::UpperBound,
        by: String::new(),
        limit: None,
        in_part: false,
        attained: None,
        from: Vec::new(),
    };
    let passes = |name: &str| program.messages.iter().any(|m| m.name == name && m.essential.is_some());
    let counted = |l: &Leaves| wanted.holds(&(l.channel, l.purpose)) && !passes(&l.message);
    // A run of a day is soon done, and mostly shows it; one of a month can be too long to be done.
    let mut worst: Option<(u64, Tried)> = None;
    for lasts in [DAY, 7 * DAY, 30 * DAY].into_iter().filter(|lasts| *lasts <= window) {
        if worst.as_ref().is_some_and(|(left, _)| *left >= most.min(twice)) {
            break;
        }
        let begins = beginnings(program, shapes, wanted, unit, (lasts, limit.n));
        let found = worst_of(program, shapes, (&bound(lasts), window), &begins, counted);
        worst = worst.into_iter().chain(found).max_by_key(|(left, tried)| (*left, std::cmp::Reverse(tried.begins)));
    }
    let left = worst.filter(|(left, _)| *left > n).map(|(_, tried)| {
        let (_, first) = tried.most_in(Some(window), counted);
        let last = first.map_or(Ts::MIN, |first| first.saturating_add(window).saturating_sub(1));
        let all =
            tried.replayed.left.iter().filter(|l| tried.is_about(l) && counted(l) && in_window(l.at, last, window));
        all.cloned().collect()
    });
    // What no run shows may still be, but not be told: nine in the morning is nine in the morning, also 23 hours later.
    // Where nothing bounds what is due, it can come whenever a feed likes.
    if left.is_none() && !open {
        return None;
    }
    let thrice = most > twice && skips_one(program, shapes, wanted, unit);
    let of = journey.and_then(|id| program.journeys.get(id.index())).filter(|_| alone).map(|j| j.name.to_string());
    Some(Said { unit, most, twice, thrice, left: left.unwrap_or_default(), of })
}

/// The most of what a limit counts that can be due in a rolling window of its length, under it and all other limits; and
/// whether some journey's own flow has no bound.
fn due(program: &Program, shapes: &[Shape], wanted: Wanted, window: Millis, alone: bool) -> Option<(u64, bool)> {
    let mut all: BTreeSet<Class> = BTreeSet::new();
    let mut sum: Option<u64> = Some(0);
    let mut open = false;
    for shape in shapes {
        let part = shape.classes(wanted, false);
        if part.is_empty() {
            continue;
        }
        let (wide, own): (Vec<&Limit>, Vec<&Limit>) = shape.limits.iter().partition(|l| l.per_customer);
        let no_flow = |_: &BTreeSet<Class>, _, _| None;
        let least = |a: Option<u64>, b: Option<u64>| a.into_iter().chain(b).min();
        let flow = shape.flow(program, &part, window, u64::MAX);
        open |= flow.is_none();
        let each = least(flow, by_limits(&own, &part, Some(window), &no_flow).0);
        let many = if alone { Some(1) } else { shape.instances(window.saturating_add(shape.longest_valid)) };
        let shared = by_limits(&wide, &part, Some(window), &no_flow).0;
        let here = match (each, many) {
            (Some(0), _) => Some(0),
            (each, many) => least(each.zip(many).map(|(e, m)| e.saturating_mul(m)), shared),
        };
        sum = sum.zip(here).map(|(a, b)| a.saturating_add(b));
        all.extend(part);
    }
    let through = by_limits(&house(program), &all, Some(window), &|_, _, _| None).0;
    Some((sum.into_iter().chain(through).min()?, open))
}

/// Instants at which the worst run's window may begin, so that the calendar turns over in the middle of it.
fn beginnings(
    program: &Program,
    shapes: &[Shape],
    wanted: Wanted,
    unit: Calendar,
    (lasts, n): (Millis, u32),
) -> Vec<Ts> {
    let turns = parse_rfc3339(match unit {
        Calendar::Day => "2026-01-14T00:00:00Z",
        Calendar::Week => "2026-01-19T00:00:00Z",
        Calendar::Month => "2026-02-01T00:00:00Z",
    });
    let turns = turns.unwrap_or_default();
    // What is decided from then on waits for the morning.
    let nights = program.policy.quiet.iter().filter(|q| q.from > q.to);
    let nights = nights.map(|q| turns.saturating_sub(DAY).saturating_add(Millis::from(q.from).saturating_mul(MINUTE)));
    let turns: BTreeSet<Ts> = nights.chain([turns]).collect();
    let mut times: BTreeSet<Millis> = BTreeSet::from([0]);
    // When one message more comes than the limit lets through: as many as can are then before the turn.
    let mut full: BTreeSet<Millis> = BTreeSet::new();
    for shape in shapes {
        let counted = Counted { classes: shape.classes(wanted, false), essential: Some(false) };
        let reached = shape.curves.most(program, &shape.graph, &counted, Some(lasts), Runs::Easy);
        let Some((ready, run)) = reached.run else { continue };
        times.extend(run.steps.iter().map(|(_, t)| *t));
        let sends = ready.sends(program, &shape.graph, &counted, &run);
        full.extend(sends.get(n as usize).or(sends.last()));
    }
    let times: Vec<Millis> = full.into_iter().chain(times.into_iter().take(MOVED)).collect();
    let begin = |turn: Ts| times.iter().flat_map(move |t| [turn.saturating_sub(*t), turn.saturating_sub(*t) - MINUTE]);
    turns.into_iter().flat_map(begin).collect()
}

/// Whether three days, weeks or months can share in one rolling window of their length: where the one in the middle is
/// shorter than that, by more than quiet hours keep messages away from its ends.
fn skips_one(program: &Program, shapes: &[Shape], wanted: Wanted, unit: Calendar) -> bool {
    let spare = match unit {
        // The hour by which the clock is set forward.
        Calendar::Day | Calendar::Week => 60,
        // February.
        Calendar::Month => 2 * 24 * 60,
    };
    let classes: BTreeSet<Class> = shapes.iter().flat_map(|s| s.classes(wanted, false)).collect();
    let quiet = |class: &Class, minute: u16| {
        let keeps = |q: &&Quiet| q.purposes.is_empty() || q.purposes.contains(&class.1);
        let holds = |q: &Quiet| match q.from <= q.to {
            true => (q.from..q.to).contains(&minute),
            false => minute >= q.from || minute < q.to,
        };
        program.policy.quiet.iter().filter(keeps).any(holds)
    };
    // Minutes before midnight in which nothing leaves, and after.
    let before = classes.iter().filter_map(|c| (0..1_440).rev().position(|minute| !quiet(c, minute))).min();
    let after = classes.iter().filter_map(|c| (0..1_440).position(|minute| !quiet(c, minute))).min();
    before.zip(after).is_some_and(|(before, after)| before.saturating_add(after) < spare)
}

/// As long as the stretch is, rolling.
fn rolling(unit: Calendar) -> Millis {
    match unit {
        Calendar::Day => DAY,
        Calendar::Week => 7 * DAY,
        Calendar::Month => 30 * DAY,
    }
}

impl Said {
    fn finding(self, spans: &Spans, node: &Node, limit: &Limit) -> Finding {
        let (rule, per) = (rule(limit), Window::Calendar(self.unit).spelled());
        let window = spelled_duration(rolling(self.unit));
        let turn = match self.unit {
            Calendar::Day => "at midnight",
            Calendar::Week => "on Monday",
            Calendar::Month => "on the first",
        };
        let reached = self.left.len() as u64;
        let (number, sure) =
            if reached > u64::from(limit.n) { (reached, true) } else { (self.most.min(self.twice), false) };
        let whom =
            self.of.as_deref().map_or("one customer can get".into(), |of| format!("one `{of}` can send a customer"));
        let number = if sure { number.to_string() } else { format!("up to {number}") };
        let message = format!("{whom} {number} messages in {window}: `{rule}` counts anew {turn}");
        let what = match limit.fate {
            Fate::Defer | Fate::Latest => "what is one too many waits, and leaves when the next begins",
            _ => "what is one too many is held back until then, and not a minute longer",
        };
        let mut how = match sure {
            true => self.told(),
            false => {
                format!("as many as the limit lets through just before the {per} ends, and as many again just after")
            }
        };
        if self.thrice {
            let short = match self.unit {
                Calendar::Day => "on the day of 23 hours on which summer time begins",
                Calendar::Week => "in the week of 167 hours in which summer time begins",
                Calendar::Month => "around February, which is shorter than that",
            };
            how.push_str(&format!("; {short}, up to {} fit into {window}", self.most));
        }
        let rolling = format!("per {window}");
        let span = spans.get(node);
        Finding::new(&J0218, span, message)
            .label(format!("from one {per} to the next; {what}"))
            .how(how)
            .help(format!("count back from each message instead of from the calendar:  {rolling}"))
            .fix(Fix::word(span, &format!("per {per}"), &rolling).look())
    }

    /// `on Tuesday 13 January 23:49 ✉, 23:59 ✉, on Wednesday 14 January 00:09 ✉`, with names where there are several.
    /// Many are told day by day: `on Sunday 18 January 9 ✉ from 19:30 to 20:50`.
    fn told(&self) -> String {
        let zone = Zone::utc();
        if self.left.len() > TOLD {
            let days = self.left.chunk_by(|a, b| zone.day(a.at) == zone.day(b.at));
            let told = days.filter_map(|day| {
                let (first, last) = (day.first()?, day.last()?);
                let times = match day.len() {
                    1 => zone.time(first.at),
                    _ => format!("from {} to {}", zone.time(first.at), zone.time(last.at)),
                };
                Some(format!("on {} {} ✉ {times}", zone.day(first.at), day.len()))
            });
            return told.collect::<Vec<_>>().join(", ");
        }
        let names: BTreeSet<&str> = self.left.iter().map(|l| l.message.as_str()).collect();
        let mut text: Vec<String> = Vec::new();
        let mut day = String::new();
        for left in &self.left {
            let today = zone.day(left.at);
            let on = if today == day { String::new() } else { format!("on {today} ") };
            let name = if names.len() == 1 { String::new() } else { format!("`{}` ", left.message) };
            text.push(format!("{on}{} {name}✉", zone.time(left.at)));
            day = today;
        }
        text.join(", ")
    }
}
