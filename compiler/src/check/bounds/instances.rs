//! Limits that count for one instance, where a customer has several and nothing counts them together.
//!
//! `limit messages to 3 per 24h` in a journey `per booking.id` lets three through for each booking. Where neither the policy
//! nor a limit `per customer` counts the same messages, the customer gets three for each instance that lives: how many
//! that are, and how many each can have due, is asked of the flows that the bounds are made of.

use std::collections::BTreeSet;

use journey_spec::Program;
use journey_spec::codes::J0223;
use journey_spec::program::{Fate, Limit, LimitWhat};
use journey_step::ledger::most_within;

use super::limits::{by_limits, house, rule};
use super::shape::Shape;
use super::{Class, Wanted};
use crate::check::story;
use crate::diagnostics::Finding;
use crate::fix::Fix;
use crate::source::Span;
use crate::spans::{Node, Spans};

/// Whether a limit is of the kind that is asked here.
pub(super) fn counts_alone(limit: &Limit) -> bool {
    matches!(limit.what, LimitWhat::Messages { .. }) && limit.per.is_some() && !limit.per_customer && limit.n > 0
}

/// What a limit lets through for one instance is not all that stands between a customer and several of them.
pub(super) fn are_counted_together(program: &Program, shapes: &[Shape], spans: &Spans, out: &mut Vec<Finding>) {
    for shape in shapes.iter().filter(|s| s.keyed) {
        for (i, limit) in shape.limits.iter().enumerate().filter(|(_, l)| counts_alone(l)) {
            let (Some(per), LimitWhat::Messages { channel, purpose }) = (limit.per, limit.what) else { continue };
            let part = shape.classes(Wanted { channel, purpose }, false);
            if part.is_empty() || is_counted(program, shape, &part) {
                continue;
            }
            let n = u64::from(limit.n);
            let window = per.longest();
            let flow = shape.flow(program, &part, window, u64::MAX);
            let own: Vec<&Limit> = shape.limits.iter().collect();
            let limits = by_limits(&own, &part, Some(window), &|_, _, _| None).0;
            let of_calendar = most_within(n, per, per);
            let each = flow.into_iter().chain(limits).chain([of_calendar]).min().unwrap_or(of_calendar);
            // Where nothing says how many there are, the table says that; to begin any number is told as such.
            let Some(ever) = shape.instances(window.saturating_add(shape.longest_valid)) else { continue };
            // Those that live at once: what comes after one that is over is another story, and the table's to count.
            let live = shape
                .limits
                .iter()
                .filter(|l| l.what == LimitWhat::Live && !matches!(l.fate, Fate::Goto(_)))
                .map(|l| u64::from(l.n))
                .min();
            let many = live.map_or(ever, |live| live.min(ever));
            let all = each.saturating_mul(many);
            if all <= n {
                continue;
            }
            let name = &shape.graph.name;
            let (rule, stretch) = (rule(limit), story::stretch(per));
            let written = format!("per {}", per.spelled());
            let span = spans.get(&Node::Limit(shape.graph.journey, i));
            let mut finding = Finding::new(
                &J0223,
                span,
                format!("one customer with {many} `{name}` can get up to {all} messages in {stretch}: `{rule}` counts each alone"),
            )
            .label(format!("counts each `{name}` by itself: {each} for one, {all} for {many}"))
            .how(match live {
                Some(_) => format!("{many} `{name}` live at once, each sends {each} in {stretch}, and nothing counts them together"),
                None => format!("{many} `{name}` begin in {stretch}, each sends {each}, and nothing counts them together"),
            })
            .help(format!("count what the customer gets:  {written} per customer  or give the policy a limit for all journeys"))
            .fix(fix(limit, span));
            let live = shape.limits.iter().position(|l| l.what == LimitWhat::Live);
            if let Some(live) = live {
                finding = finding.also(spans.get(&Node::Limit(shape.graph.journey, live)), "lets so many live at once");
            }
            out.push(finding);
        }
    }
}

/// Whether some limit counts all of these for the customer.
fn is_counted(program: &Program, shape: &Shape, part: &BTreeSet<Class>) -> bool {
    let wide = shape.limits.iter().filter(|l| l.per_customer);
    let all: Vec<&Limit> = house(program).into_iter().chain(wide).collect();
    by_limits(&all, part, Some(1), &|_, _, _| None).0.is_some()
}

/// `per 1d` may be written where `24h` is said.
fn fix(limit: &Limit, span: Span) -> Option<Fix> {
    let written = limit.text.split(" per ").nth(1)?.split_whitespace().next()?;
    let word = format!("per {written}");
    Some(Fix::word(span, &word, &format!("{word} per customer")).look())
}
