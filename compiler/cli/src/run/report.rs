//! What a run against a feed prints.

use std::collections::BTreeSet;
use std::path::Path;

use journey_compiler::check::bounds::{self, Scope};
use journey_runtime::Engine;
use journey_runtime::drive::{GoalSummary, Summary};
use journey_runtime::engine::Living;
use journey_spec::Ts;
use journey_spec::program::{DAY, Program, short};
use journey_spec::time::{Zone, spelled_duration};
use journey_step::effect::{Entry, PromiseFate, What};

use crate::failure::Failure;
use crate::run::engine_failure;
use crate::run::intake::{Came, Counts};
use crate::scenario::{STOP_CONFIRMATION, is_message, zone_of};
use crate::screen::{BAD, BOLD, DIM, Screen, count, grouped, styled};
use crate::timeline;

/// Most dead letters that are shown.
const MOST_LETTERS: usize = 100;
/// Most customers of whom a summary tells one by one.
const MOST_CUSTOMERS: usize = 20;
/// Of how many a summary tells where there are more.
const BUSIEST: usize = 5;

/// Everything that the report tells of.
pub(super) struct Report<'a> {
    pub(super) program: &'a Program,
    pub(super) engine: &'a mut Engine,
    pub(super) counts: &'a Counts,
    pub(super) summary: &'a Summary,
    /// The feed's name, for places in it.
    pub(super) feed: &'a str,
    /// The store's file, where one is kept.
    pub(super) store: Option<&'a Path>,
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
        let proven = bounds::proven(self.program)
            .bounds
            .into_iter()
            .find(|b| b.scope == Scope::Customer && (b.channel, b.purpose, b.window) == (None, None, Some(DAY)));
        let bound = proven.as_ref().and_then(|b| Some((b.at_most?, b)));
        let mut all: Vec<(&str, Tally)> = Vec::new();
        for id in &customers {
            let entries = self.engine.timeline(id).map_err(|e| engine_failure(&e))?;
            if self.timelines {
                let page = self.page(id, &entries, screen.width())?;
                screen.print(&page);
            }
            all.push((id, Tally::of(self.counts.of(id), &entries)));
            if screen.is_closed() {
                return Ok(());
            }
        }
        let letters = self.letters()?;
        screen.print(&letters);
        let mut total = Tally::default();
        for (_, tally) in &all {
            total.add(tally);
        }
        let number = all.len();
        if !self.timelines && number > MOST_CUSTOMERS {
            all.sort_by(|(a, x), (b, y)| y.sent.cmp(&x.sent).then(a.cmp(b)));
            all.truncate(BUSIEST);
            screen.print(&format!("the {BUSIEST} of {number} customers with the most messages:\n"));
        }
        let wide = all.iter().map(|(id, _)| id.chars().count()).max().unwrap_or(0);
        for (id, tally) in &all {
            let name = format!("{:<wide$}", timeline::visible(id));
            let seen = tally.busiest;
            let second = match bound {
                Some((most, bound)) => {
                    let by = bound.by.replace('`', "");
                    format!("at most {} in any 24 h ({}: {by}), {seen} seen", grouped(most), bound.kind.name())
                }
                None => format!("no bound is proven for any 24 h, {seen} seen"),
            };
            let first = format!("{}, {}", came(&tally.came), tally.out());
            screen.print(&format!("{}  {first}\n{:wide$}  {}\n", styled(BOLD, name), "", styled(DIM, second)));
        }
        if number > 0 {
            let inputs = counted(total.came.total(), "input", "inputs");
            let proven = match bound {
                Some((most, bound)) => format!("{}: {}", bound.kind.name(), grouped(most)),
                None => "no bound is proven".into(),
            };
            screen.print(&format!(
                "{}: {inputs} in, {}; nobody got more than {} in any 24 h ({proven})\n",
                styled(BOLD, count(number, "customer", "customers")),
                total.out(),
                total.busiest
            ));
        }
        screen.print(&goals(&self.summary.goals));
        screen.print(&older(&self.engine.living()));
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
                Some(journey_spec::Value::Places(names)) => names.join(" or "),
                _ => "no time zone is known, so times are UTC".into(),
            });
            let zones = name.map(journey_spec::places::zone_names).unwrap_or_default();
            if let [first, _, ..] = zones.as_slice() {
                facts.push(format!("times are those of {first}"));
            }
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
        let veiled = self.program.holds_sensitive();
        for letter in new.iter().take(MOST_LETTERS) {
            let reason = timeline::visible(&letter.reason);
            let reason = reason.strip_prefix(&format!("line {}: ", letter.line)).unwrap_or(&reason);
            let raw: String = timeline::visible(letter.raw.trim()).chars().take(100).collect();
            let cut = if raw.chars().count() < letter.raw.trim().chars().count() { "…" } else { "" };
            // What was read well and refused later has no line of its own any more; its text follows.
            let line = if letter.line == 0 { String::new() } else { format!(":{}", letter.line) };
            out.push_str(&format!("  {} {}{line}: {reason}\n", styled(BAD, "✗"), self.feed));
            // What a line holds is not known, since it was not understood.
            let raw = if veiled {
                "‹not shown: events here may hold sensitive data›".into()
            } else {
                format!("{raw}{cut}")
            };
            out.push_str(&format!("      {}\n", styled(DIM, raw)));
        }
        if new.len() > MOST_LETTERS {
            let kept = self.store.map(|s| format!("; `{}` keeps all, in its table dead_letters", s.display()));
            out.push_str(&format!("  … and {} more{}\n", new.len() - MOST_LETTERS, kept.unwrap_or_default()));
        }
        if self.known_letters > 0 {
            out.push_str(&format!("  the store holds {} of earlier runs\n", self.known_letters));
        }
        if !out.is_empty() {
            out.push('\n');
        }
        Ok(out)
    }
}

/// Who is still on an older version, a line each journey and version.
pub(super) fn older(living: &[Living]) -> String {
    let older = living.iter().filter_map(|l| Some((l, l.version.as_deref()?)));
    older
        .map(|(l, version)| {
            let instances = counted(l.instances, "instance goes", "instances go");
            format!("{instances} on in {} as it was in version {}\n", l.journey, short(version))
        })
        .collect()
}

/// How goals were met, a line each and one for each way of a split.
fn goals(all: &[GoalSummary]) -> String {
    let rows: Vec<(String, String)> = all
        .iter()
        .map(|g| {
            let head = match &g.way {
                None => format!("{} goal {}", g.journey, g.goal),
                Some((state, to, percent)) => format!("  {state} {percent}% -> {to}"),
            };
            let of = count(usize::try_from(g.instances).unwrap_or(usize::MAX), "instance", "instances");
            let mut text =
                format!("{of}, {} reached ({}%), {} missed", grouped(g.reached), g.percent(), grouped(g.missed));
            let open = g.instances.saturating_sub(g.reached).saturating_sub(g.missed);
            if open > 0 {
                text.push_str(&format!(", {} open", grouped(open)));
            }
            if let Some(median) = g.median {
                text.push_str(&format!("; median time {}", spelled_duration(median)));
            }
            (head, text)
        })
        .collect();
    let wide = rows.iter().map(|(head, _)| head.chars().count()).max().unwrap_or(0);
    rows.into_iter().map(|(head, text)| format!("{head:<wide$}  {text}\n")).collect()
}

/// What came in and what went out, of one customer or of several.
#[derive(Default)]
struct Tally {
    came: Came,
    sent: usize,
    stops: usize,
    blocked: usize,
    cases: usize,
    broken: usize,
    /// The most messages to one customer in any 24 hours.
    busiest: usize,
}

impl Tally {
    fn of(came: Came, entries: &[Entry]) -> Tally {
        let sent: Vec<Ts> = entries.iter().filter(|e| is_message(e)).map(|e| e.at).collect();
        let of = |fits: &dyn Fn(&What) -> bool| entries.iter().filter(|e| fits(&e.what)).count();
        Tally {
            came,
            sent: sent.len(),
            stops: of(&|w| matches!(w, What::Sent { message, .. } if message == STOP_CONFIRMATION)),
            blocked: of(&|w| matches!(w, What::Blocked { .. })),
            cases: of(&|w| matches!(w, What::HandedOver { joined: false, .. })),
            broken: of(&|w| matches!(w, What::Promise { fate: PromiseFate::Broken, .. })),
            busiest: busiest(&sent),
        }
    }

    fn add(&mut self, other: &Tally) {
        for (kind, n) in &other.came.kinds {
            *self.came.kinds.entry(kind.clone()).or_default() += n;
        }
        self.came.again += other.came.again;
        self.sent += other.sent;
        self.stops += other.stops;
        self.blocked += other.blocked;
        self.cases += other.cases;
        self.broken += other.broken;
        self.busiest = self.busiest.max(other.busiest);
    }

    /// `6 messages out, 2 cases to a person`.
    fn out(&self) -> String {
        let mut out = format!("{} out", count(self.sent, "message", "messages"));
        if self.stops > 0 {
            out.push_str(&format!(" and {}", count(self.stops, "answer to STOP", "answers to STOP")));
        }
        if self.blocked > 0 {
            out.push_str(&format!(", {} blocked", self.blocked));
        }
        if self.cases > 0 {
            out.push_str(&format!(", {} to a person", count(self.cases, "case", "cases")));
        }
        if self.broken > 0 {
            out.push_str(&format!(", {}", styled(BAD, count(self.broken, "broken promise", "broken promises"))));
        }
        out
    }
}

fn counted(n: u64, one: &str, many: &str) -> String {
    count(usize::try_from(n).unwrap_or(usize::MAX), one, many)
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
    let total = counted(came.total(), "input", "inputs");
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
