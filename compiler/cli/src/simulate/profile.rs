//! `simulate.toml`: what somebody knows of their customers and their feed. What it does not say stays as it is made up from the
//! program.

use std::path::{Path, PathBuf};

use ::toml::de::DeTable;
use journey_runtime::simulate::profile::{DeskPlan, EventPlan, Follow, MessagePlan, When};
use journey_runtime::simulate::{Delay, Profile, Rate, Share};
use journey_spec::program::{Event, EventId, Field, MINUTE, Message, Program};
use journey_spec::time::{parse_date, parse_duration, parse_rfc3339};
use journey_spec::types::Type;

use super::fields;
use super::toml::{File, Node, Table, text};
use crate::failure::Failure;
use crate::folder;

/// The file's name, in the project's folder.
pub(super) const NAME: &str = "simulate.toml";

/// Most bytes that the file may have.
const MOST_BYTES: u64 = 256 * 1024;

/// The most of its own after which an event comes once more: beyond, it would hardly end.
const MOST_AGAIN: Share = Share::percent(95);

/// The profile's file: the one that is named, or that of the project's folder where it has one.
pub(super) fn find(named: Option<&Path>, project: &Path) -> Option<PathBuf> {
    if let Some(named) = named {
        return Some(named.to_owned());
    }
    let folder = if project.is_dir() { project } else { project.parent().unwrap_or(Path::new("")) };
    let path = folder::plain_path(&folder.join(NAME));
    path.is_file().then_some(path)
}

/// Reads the file, for this program.
///
/// # Errors
/// What is wrong, with its line, and what to do.
pub(super) fn read(path: &Path, program: &Program) -> Result<Profile, Failure> {
    let name = path.display().to_string();
    let bytes = folder::read_at_most(path, MOST_BYTES).map_err(|why| {
        Failure::new(format!("cannot read the profile `{name}`: {why}"))
            .help("name another file with --profile, or none: then it is made up from the program")
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::new(format!("`{name}` is not UTF-8")).help("save it as UTF-8 text"))?;
    let file = File { name, text: &text };
    let parsed = DeTable::parse(&text).map_err(|error| {
        let at = error.span().unwrap_or_default();
        file.wrong(
            &at,
            error.message().replace('\n', ", "),
            "a profile is TOML: [event.\"booking.created\"], rate = \"1 per 30d\"",
        )
    })?;
    Reader { program, file: &file }.profile(&Table::whole(&file, &parsed))
}

struct Reader<'t> {
    program: &'t Program,
    file: &'t File<'t>,
}

impl<'t> Reader<'t> {
    fn profile(&self, whole: &Table<'t>) -> Result<Profile, Failure> {
        whole.only(&[
            "begins",
            "customer",
            "directory",
            "event",
            "messages",
            "message",
            "services",
            "service",
            "hook",
            "desks",
            "desk",
            "faults",
            "hostile",
        ])?;
        let mut profile = Profile::of(self.program);
        if let Some(begins) = whole.read("begins", instant)? {
            profile.begins = begins;
        }
        if let Some(table) = whole.table("customer", "[customer] and a line for each field")? {
            fields::rules(self.program, &table, &self.program.customer.fields, &mut profile.customer)?;
        }
        if let Some(table) = whole.table("directory", "[directory] changes = \"1 per 90d\"")? {
            table.only(&["changes"])?;
            if let Some(rate) = table.read("changes", Rate::parse)? {
                profile.moves = rate;
            }
        }
        self.each(whole, "event", self.program.events.iter().map(|e| e.name.as_str()), |i, table| {
            let (Some(event), Some(plan)) = (self.program.events.get(i), profile.events.get_mut(i)) else {
                return Ok(());
            };
            self.event(&table, event, plan)
        })?;
        if let Some(table) = whole.table("messages", "[messages] share = \"10%\"")? {
            for (plan, message) in profile.messages.iter_mut().zip(&self.program.messages) {
                self.message(&table, plan, message, false)?;
            }
        }
        self.each(whole, "message", self.program.messages.iter().map(|m| m.name.as_str()), |i, table| {
            match (profile.messages.get_mut(i), self.program.messages.get(i)) {
                (Some(plan), Some(message)) => self.message(&table, plan, message, true),
                _ => Ok(()),
            }
        })?;
        if let Some(table) = whole.table("services", "[services] failed = \"1%\"")? {
            for plan in &mut profile.services {
                table.only(&["delay", "failed", "silent"])?;
                self.service(&table, plan)?;
            }
        }
        self.each(whole, "service", self.program.services.iter().map(|s| s.name.as_str()), |i, table| {
            let (Some(plan), Some(service)) = (profile.services.get_mut(i), self.program.services.get(i)) else {
                return Ok(());
            };
            table.only(&["outcomes", "delay", "failed", "silent"])?;
            if let Some(outcomes) = table.weights("outcomes", "outcome", &service.outcomes)? {
                plan.outcomes = outcomes;
            }
            self.service(&table, plan)
        })?;
        self.each(whole, "hook", self.program.hooks.iter().map(|h| h.name.as_str()), |i, table| {
            let Some(plan) = profile.hooks.get_mut(i) else { return Ok(()) };
            table.only(&["says", "number", "failed"])?;
            plan.is_said = true;
            let names: Vec<String> = plan.says.iter().map(|(name, _)| name.clone()).collect();
            if let Some(says) = table.weights("says", "answer", &names)? {
                plan.says = says;
            }
            if let Some(range) = table.range("number")? {
                plan.number = range;
            }
            table.share("failed", &mut plan.failed)
        })?;
        if let Some(table) = whole.table("desks", "[desks] delay = \"1h to 1d\"")? {
            desk(&table, &mut profile.desk)?;
        }
        if let Some(all) = whole.table("desk", "[desk.\"QUEUE\"] delay = \"1h to 1d\"")? {
            for (queue, at, node) in all.entries() {
                if !self.queues().contains(&queue.to_owned()) {
                    return Err(all.unknown("queue", queue, &at, self.queues().iter().map(String::as_str)));
                }
                let mut plan = profile.desk;
                desk(&Table::of(self.file, node, "delay = \"1h to 1d\"")?, &mut plan)?;
                profile.desks.insert(queue.to_owned(), plan);
            }
        }
        if let Some(table) = whole.table("faults", "[faults] duplicates = \"1%\"")? {
            faults(&table, &mut profile)?;
        }
        if let Some(table) = whole.table("hostile", "[hostile] inputs = 200")? {
            table.only(&["inputs"])?;
            if let Some(inputs) = table.number("inputs", 1, 10_000)? {
                profile.hostile_inputs = inputs;
            }
        }
        Ok(profile)
    }

    /// Each table below a key, with the position of its name in the program's list.
    fn each<'n>(
        &self,
        whole: &Table<'t>,
        key: &str,
        names: impl Iterator<Item = &'n str> + Clone,
        mut read: impl FnMut(usize, Table<'t>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Some(all) = whole.table(key, &format!("[{key}.\"NAME\"]"))? else { return Ok(()) };
        for (name, at, node) in all.entries() {
            let Some(position) = names.clone().position(|known| known == name) else {
                return Err(all.unknown(key, name, &at, names));
            };
            read(position, Table::of(self.file, node, &format!("[{key}.\"{name}\"]"))?)?;
        }
        Ok(())
    }

    fn event(&self, table: &Table<'t>, event: &Event, plan: &mut EventPlan) -> Result<(), Failure> {
        table.only(&["rate", "after", "share", "delay", "before", "by", "again", "hours", "last", "fields"])?;
        if let Some(rate) = table.read("rate", Rate::parse)? {
            plan.rate = rate;
            plan.follows.clear();
        }
        let like = plan.follows.first().cloned();
        if let Some(node) = table.node("after") {
            plan.follows = self.after(node)?;
            plan.rate = plan.rate.filter(|_| table.node("rate").is_some());
        } else if plan.follows.is_empty() {
            let needs = ["share", "delay", "before", "by", "again"];
            if let Some((key, at, _)) = table.entries().find(|(key, ..)| needs.contains(key)) {
                let what = format!("`{key}` says how `{}` follows, and nothing says what it follows", event.name);
                return Err(self.file.wrong(&at, what, "add after = \"EVENT\""));
            }
        }
        let mut share = like.as_ref().map_or(Share::percent(25), |f| f.share);
        let mut again = like.as_ref().map_or(Share::NONE, |f| f.again);
        table.share("share", &mut share)?;
        table.share("again", &mut again)?;
        if again > MOST_AGAIN
            && let Some(node) = table.node("again")
        {
            let what = format!("after {} of its own it would hardly end", again.spelled());
            return Err(self.file.wrong(&node.span(), what, format!("write at most {}", MOST_AGAIN.spelled())));
        }
        let when = self.when(table, plan, event)?;
        for follow in &mut plan.follows {
            (follow.share, follow.again) = (share, again);
            if let Some(when) = &when {
                follow.when = when.clone();
            }
        }
        table.hours(&mut plan.hours)?;
        plan.last = table.truth("last")?.unwrap_or(plan.last);
        if let Some(rules) = table.table("fields", "[event.\"NAME\".fields] and a line for each field")? {
            fields::rules(self.program, &rules, &event.fields, &mut plan.fields)?;
        }
        Ok(())
    }

    /// What an event follows: one name or several.
    fn after(&self, node: Node<'t>) -> Result<Vec<Follow>, Failure> {
        let nodes: Vec<Node<'t>> = match node.get_ref() {
            ::toml::de::DeValue::Array(list) => list.iter().collect(),
            _ => vec![node],
        };
        let mut all = Vec::new();
        for node in nodes {
            let name = text(self.file, node)?;
            let Some((event, _)) = self.program.event(name) else {
                let names: Vec<&str> = self.program.events.iter().map(|e| e.name.as_str()).collect();
                let help = journey_compiler::diagnostics::did_you_mean(name, names.iter().copied())
                    .unwrap_or_else(|| format!("it may be {}", names.join(", ")));
                return Err(self.file.wrong(
                    &node.span(),
                    format!("there is no event `{}`", name.escape_debug()),
                    help,
                ));
            };
            let when = When::After(Delay::Between(60 * MINUTE, 5 * 24 * 60 * MINUTE));
            all.push(Follow { event, share: Share::NONE, when, again: Share::NONE });
        }
        Ok(all)
    }

    /// How soon an event follows, where the table says so.
    fn when(&self, table: &Table<'t>, plan: &EventPlan, event: &Event) -> Result<Option<When>, Failure> {
        let Some(node) = table.node("before") else {
            if let Some(by) = table.node("by") {
                return Err(self.file.wrong(
                    &by.span(),
                    "`by` says how long before an instant",
                    "add before = \"flight.departs\"",
                ));
            }
            return Ok(table.read("delay", Delay::parse)?.map(When::After));
        };
        if let Some(delay) = table.node("delay") {
            let what = "an event comes either after another or before an instant";
            return Err(self.file.wrong(&delay.span(), what, "remove `delay` or `before`"));
        }
        let written = text(self.file, node)?;
        let path: Vec<String> = written.split('.').map(str::to_owned).collect();
        let known = |id: EventId| self.program.events.get(id.index());
        let found =
            plan.follows.iter().filter_map(|f| known(f.event)).chain([event]).any(
                |event| matches!(self.leads_to(&event.fields, &path), Some(ty) if *ty.required() == Type::Instant),
            );
        if !found {
            let what = format!("`{}` is no instant of the events that it follows", written.escape_debug());
            return Err(self.file.wrong(&node.span(), what, "write for example \"flight.departs\""));
        }
        match table.read("by", Delay::parse)? {
            Some(by) => Ok(Some(When::Before { path, by })),
            None => Err(self.file.wrong(&node.span(), "how long before is not said", "add by = \"25m to 50m\"")),
        }
    }

    fn leads_to<'p>(&'p self, fields: &'p [Field], path: &[String]) -> Option<&'p Type> {
        let (first, rest) = path.split_first()?;
        let ty = &fields.iter().find(|f| f.name == *first)?.ty;
        match (rest, ty.required()) {
            ([], _) => Some(ty),
            (rest, Type::Record(name)) => self.leads_to(self.program.records.get(name)?, rest),
            _ => None,
        }
    }

    /// One message, or with `own` false what is said of all of them.
    fn message(&self, table: &Table<'t>, plan: &mut MessagePlan, message: &Message, own: bool) -> Result<(), Failure> {
        let all = ["share", "delay", "hours", "recognised", "texts", "stop", "fails"];
        if own {
            table.only(&[all.as_slice(), &["answers"]].concat())?;
            let names: Vec<String> = message.replies.iter().map(|r| r.name.clone()).collect();
            if let Some(answers) = table.weights("answers", "answer", &names)? {
                let word = |name: &str| message.replies.iter().find(|r| r.name == name)?.words.first().cloned();
                plan.invited = answers.into_iter().filter_map(|(name, weight)| Some((word(&name)?, weight))).collect();
            }
        } else {
            table.only(&all)?;
        }
        table.share("share", &mut plan.answered)?;
        table.delay("delay", &mut plan.delay)?;
        table.hours(&mut plan.hours)?;
        table.share("recognised", &mut plan.recognised)?;
        table.share("stop", &mut plan.stop)?;
        table.share("fails", &mut plan.fails)?;
        if let Some(node) = table.node("texts") {
            let ::toml::de::DeValue::Array(list) = node.get_ref() else {
                return Err(self.file.wrong(&node.span(), "`texts` should be a list", "write [\"Thank you\", \"ok\"]"));
            };
            plan.texts = list.iter().map(|n| text(self.file, n).map(str::to_owned)).collect::<Result<_, _>>()?;
            if plan.texts.is_empty() {
                return Err(self.file.wrong(&node.span(), "nobody says anything", "write one text at least"));
            }
        }
        Ok(())
    }

    fn service(
        &self,
        table: &Table<'t>,
        plan: &mut journey_runtime::simulate::profile::ServicePlan,
    ) -> Result<(), Failure> {
        table.delay("delay", &mut plan.delay)?;
        table.share("failed", &mut plan.failed)?;
        table.share("silent", &mut plan.silent)
    }

    /// The queues that the program names.
    fn queues(&self) -> Vec<String> {
        super::desks::of(self.program)
    }
}

fn desk(table: &Table<'_>, plan: &mut DeskPlan) -> Result<(), Failure> {
    table.only(&["delay", "never"])?;
    table.delay("delay", &mut plan.delay)?;
    table.share("never", &mut plan.never)
}

fn faults(table: &Table<'_>, profile: &mut Profile) -> Result<(), Failure> {
    let faults = &mut profile.faults;
    table.only(&[
        "duplicates",
        "reordered",
        "late",
        "lost",
        "stuck",
        "stuck_times",
        "stuck_every",
        "undelivered",
        "failed",
        "silent",
    ])?;
    for (key, share) in [
        ("duplicates", &mut faults.duplicates),
        ("reordered", &mut faults.reordered),
        ("late", &mut faults.late),
        ("lost", &mut faults.lost),
        ("stuck", &mut faults.stuck),
        ("undelivered", &mut faults.undelivered),
        ("failed", &mut faults.failed),
        ("silent", &mut faults.silent),
    ] {
        table.share(key, share)?;
    }
    if let Some(times) = table.number("stuck_times", 1, 10_000)? {
        faults.stuck_times = times;
    }
    let every = |text: &str| {
        parse_duration(text).filter(|ms| *ms > 0).ok_or(format!("`{text}` is no time; write for example 1m"))
    };
    if let Some(every) = table.read("stuck_every", every)? {
        faults.stuck_every = every;
    }
    Ok(())
}

/// `2026-03-02` or an instant in full.
fn instant(text: &str) -> Result<i64, String> {
    let day = || parse_date(text).map(|days| i64::from(days) * 24 * 60 * MINUTE);
    let first_and_last = 0..=4_102_444_800_000_i64;
    let read = parse_rfc3339(text).or_else(day);
    match read {
        Some(at) if first_and_last.contains(&at) => Ok(at),
        Some(_) => Err(format!("`{text}` is not between 1970 and 2100; write for example 2026-03-02")),
        None => Err(format!("`{text}` is no date; write for example 2026-03-02")),
    }
}
