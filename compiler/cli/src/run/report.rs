//! What a run against a feed prints.

use std::collections::BTreeSet;

use journey_compiler::check::bounds::{self, Bound, Scope};
use journey_runtime::Engine;
use journey_runtime::drive::Summary;
use journey_spec::Ts;
use journey_spec::program::{DAY, Program};
use journey_spec::time::Zone;
use journey_step::effect::{Entry, What};

use crate::failure::Failure;
use crate::run::engine_failure;
use crate::run::intake::{Came, Counts};
use crate::scenario::{STOP_CONFIRMATION, is_message, zone_of};
use crate::screen::{BAD, BOLD, DIM, Screen, count, styled};
use crate::timeline;

/// Most dead letters that are shown.
const MOST_LETTERS: usize = 20;

/// Everything that the report tells of.
pub(super) struct Report<'a> {
    pub(super) program: &'a Program,
    pub(super) engine: &'a mut Engine,
    pub(super) counts: &'a Counts,
    pub(super) summary: &'a Summary,
    /// The feed's name, for places in it.
    pub(super) feed: &'a str,
    /// Only these customers; all where there are none.
    pub(super) only: &'a [String],
    /// Whether timelines are printed besides the closing lines.
    pub(super) timelines: bool,
    /// How many dead letters the store held before.
    pub(super) known_letters: usize,
}

impl Report<'_> {
    /// Prints timelines, what was refused, and the closing lines.
    pub(super) fn print(mut self, screen: &mut Screen) -> Result<(), Failure> {
        let customers = self.customers(screen)?;
        let proven = bounds::message_bounds(self.program)
            .into_iter()
            .find(|b| b.scope == Scope::Customer && b.channel.is_none() && b.window == Some(DAY));
        let mut closing = Vec::new();
        for id in &customers {
            let entries = self.engine.timeline(id).map_err(|e| engine_failure(&e))?;
            if self.timelines {
                let page = self.page(id, &entries, screen.width())?;
                screen.print(&page);
            }
            closing.push(self.closing(id, &entries, proven.as_ref()));
            if screen.is_closed() {
                return Ok(());
            }
        }
        let letters = self.letters()?;
        screen.print(&letters);
        let wide = customers.iter().map(|c| c.chars().count()).max().unwrap_or(0);
        for (id, [first, second]) in customers.iter().zip(&closing) {
            let name = format!("{:<wide$}", timeline::visible(id));
            screen.print(&format!("{}  {first}\n{:wide$}  {}\n", styled(BOLD, name), "", styled(DIM, second)));
        }
        if let Some(why) = &self.summary.unfinished {
            screen.print(&format!("{why}\n"));
        }
        Ok(())
    }

    fn customers(&mut self, screen: &mut Screen) -> Result<Vec<String>, Failure> {
        let mut all = self.engine.customers().map_err(|e| engine_failure(&e))?;
        for id in self.only {
            if !all.contains(id) {
                screen.say(&format!("customer `{id}` is not in the feed\n"));
            }
        }
        if !self.only.is_empty() {
            all.retain(|id| self.only.contains(id));
        }
        Ok(all)
    }

    /// The customer and all that happened to them.
    fn page(&mut self, id: &str, entries: &[Entry], width: usize) -> Result<String, Failure> {
        let customer = self.engine.customer(id).map_err(|e| engine_failure(&e))?;
        let zone = customer.as_ref().and_then(|c| zone_of(self.program, c));
        let mut facts: Vec<String> = Vec::new();
        if let Some(customer) = &customer {
            let mut addresses: Vec<String> = customer.addresses(self.program).into_iter().map(|(_, a)| a).collect();
            addresses.dedup();
            facts.extend(addresses);
            let name = self.program.customer.zone.as_ref().and_then(|field| customer.profile().get(field));
            facts.push(match name {
                Some(journey_spec::Value::Text(name)) => name.clone(),
                _ => "no time zone is known, so times are UTC".into(),
            });
        }
        let facts = timeline::visible(&facts.join(", "));
        let zone = zone.unwrap_or_else(Zone::utc);
        let told = timeline::render(entries, &zone, 2, width);
        Ok(format!("{}  {}\n{told}\n", styled(BOLD, timeline::visible(id)), styled(DIM, facts)))
    }

    /// Lines of the feed that were refused, each with its reason.
    fn letters(&mut self) -> Result<String, Failure> {
        let all = self.engine.dead_letters().map_err(|e| engine_failure(&e))?;
        let new = all.get(self.known_letters..).unwrap_or_default();
        let mut out = String::new();
        if !new.is_empty() {
            let lines = count(new.len(), "line", "lines");
            out.push_str(&format!(
                "{}\n",
                styled(BOLD, format!("{lines} of the feed could not be taken; the run went on"))
            ));
        }
        for letter in new.iter().take(MOST_LETTERS) {
            let reason = timeline::visible(&letter.reason);
            let reason = reason.strip_prefix(&format!("line {}: ", letter.line)).unwrap_or(&reason);
            let raw: String = timeline::visible(letter.raw.trim()).chars().take(100).collect();
            let cut = if raw.chars().count() < letter.raw.trim().chars().count() { "…" } else { "" };
            out.push_str(&format!("  {} {}:{}: {reason}\n", styled(BAD, "✗"), self.feed, letter.line));
            out.push_str(&format!("      {}\n", styled(DIM, format!("{raw}{cut}"))));
        }
        if new.len() > MOST_LETTERS {
            out.push_str(&format!("  … and {} more; the store holds them all\n", new.len() - MOST_LETTERS));
        }
        if self.known_letters > 0 {
            out.push_str(&format!("  the store holds {} of earlier runs\n", self.known_letters));
        }
        if !out.is_empty() {
            out.push('\n');
        }
        Ok(out)
    }

    /// What came in and what went out, counted; and what is proven beside what was seen.
    fn closing(&self, id: &str, entries: &[Entry], proven: Option<&Bound>) -> [String; 2] {
        let sent: Vec<Ts> = entries.iter().filter(|e| is_message(e)).map(|e| e.at).collect();
        let of = |fits: &dyn Fn(&What) -> bool| entries.iter().filter(|e| fits(&e.what)).count();
        let blocked = of(&|w| matches!(w, What::Blocked { .. }));
        let cases = of(&|w| matches!(w, What::HandedOver { joined: false, .. }));
        let stops = of(&|w| matches!(w, What::Sent { message, .. } if message == STOP_CONFIRMATION));
        let broken = of(&|w| matches!(w, What::Promise { fate: journey_step::effect::PromiseFate::Broken, .. }));

        let mut first = format!("{}, {} out", came(&self.counts.of(id)), count(sent.len(), "message", "messages"));
        if stops > 0 {
            first.push_str(&format!(" and {}", count(stops, "answer to STOP", "answers to STOP")));
        }
        if blocked > 0 {
            first.push_str(&format!(", {blocked} blocked"));
        }
        if cases > 0 {
            first.push_str(&format!(", {} to a person", count(cases, "case", "cases")));
        }
        if broken > 0 {
            first.push_str(&format!(", {}", styled(BAD, count(broken, "broken promise", "broken promises"))));
        }
        let seen = busiest(&sent);
        let second = match proven.and_then(|b| Some((b.at_most?, b))) {
            Some((most, bound)) => {
                format!("at most {most} in any 24 h ({}: {}), {seen} seen", bound.kind, bound.by.replace('`', ""))
            }
            None => format!("no bound is proven for any 24 h, {seen} seen"),
        };
        [first, second]
    }
}

/// `133 inputs in (131 booking.rescheduled; 6 came again)`.
fn came(came: &Came) -> String {
    let mut notes: Vec<String> = Vec::new();
    let mut kinds: Vec<(&String, &u64)> = came.kinds.iter().filter(|(_, n)| **n > 1).collect();
    kinds.sort_by_key(|(name, n)| (std::cmp::Reverse(**n), (*name).clone()));
    notes.extend(kinds.iter().take(2).map(|(name, n)| format!("{n} {name}")));
    if came.again > 0 {
        notes.push(format!("{} came again", came.again));
    }
    let total = count(usize::try_from(came.total()).unwrap_or(usize::MAX), "input", "inputs");
    if notes.is_empty() { format!("{total} in") } else { format!("{total} in ({})", notes.join(", ")) }
}

/// The most messages in any half-open window of 24 hours.
fn busiest(sent: &[Ts]) -> usize {
    let mut times: Vec<Ts> = sent.to_vec();
    times.sort_unstable();
    let unique: BTreeSet<Ts> = times.iter().copied().collect();
    unique
        .into_iter()
        .map(|end| {
            let upto = times.partition_point(|t| *t <= end);
            let before = times.partition_point(|t| *t <= end.saturating_sub(DAY));
            upto - before
        })
        .max()
        .unwrap_or(0)
}
