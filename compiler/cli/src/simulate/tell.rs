//! What a simulation came to, as a person reads it.

use std::collections::BTreeSet;

use journey_runtime::simulate::{Bound, Counted, JourneyCounts, Seen, StateCounts};
use journey_spec::program::{Channel, EndKind, JourneyId, Millis, Purpose};
use journey_spec::time::{Zone, spelled_duration};

use super::{Answers, Ran, story};
use crate::screen::{BAD, BOLD, DIM, GOOD, WARN, count, grouped, styled};

/// Most broken promises of which a page tells.
const MOST_BROKEN: usize = 3;

/// Columns of the longest bar.
const BAR: u64 = 24;

/// The whole page.
pub(super) fn page(ran: &Ran<'_>, width: usize) -> String {
    let mut out = head(ran);
    out.push_str(&bounds(ran));
    out.push_str(&spread(ran));
    out.push_str(&hours(ran));
    for journey in &ran.counts.journeys {
        out.push_str(&funnel(journey));
    }
    out.push_str(&promises(ran));
    out.push_str(&goals(ran));
    let counts = ran.counts;
    out.push_str(&list("blocked, by rule", &counts.blocked));
    out.push_str(&list("had to wait, by rule", &counts.deferred));
    out.push_str(&list("led elsewhere, by limit", &counts.limited));
    out.push_str(&list("cases to people, by queue", &counts.cases));
    out.push_str(&list("answers, by who hears them", &counts.replies));
    out.push_str(&story::violations(ran, width));
    out.push_str(&closing(ran));
    out
}

fn many(n: u64, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{} {many}", grouped(n)) }
}

/// What was simulated, in one line.
pub(super) fn what(ran: &Ran<'_>) -> String {
    let counts = ran.counts;
    let mut out = format!(
        "{}, {} from {}, seed {}",
        many(counts.customers, "customer", "customers"),
        count(ran.args.days as usize, "day", "days"),
        Zone::utc().date(ran.begins),
        ran.args.seed
    );
    if counts.hostile > 0 || ran.args.hostile.is_some() {
        out.push_str(&format!(", {} with a hostile feed", grouped(counts.hostile)));
    }
    if ran.args.faults {
        out.push_str(", with faults");
    }
    out
}

/// Where the world comes from.
pub(super) fn world(ran: &Ran<'_>) -> String {
    match ran.profile {
        Some(path) => format!("the world of {}", path.display()),
        None => "a world made up from the program; a simulate.toml says what yours is like".to_owned(),
    }
}

/// Who answered for hooks; nothing where there are none.
pub(super) fn hooks(ran: &Ran<'_>) -> Option<String> {
    let of = |from: Answers, words: &str| {
        let names = ran.hooks.iter().filter(|(_, f)| *f == from).map(|(name, _)| name.as_str());
        let names: Vec<&str> = names.collect();
        (!names.is_empty()).then(|| format!("{} {words}", names.join(", ")))
    };
    let all = [
        of(Answers::Module, "by the module"),
        of(Answers::Profile, "as the profile says"),
        of(Answers::MadeUp, "made up, since no module is there"),
    ];
    let all: Vec<String> = all.into_iter().flatten().collect();
    (!all.is_empty()).then(|| format!("hooks: {}", all.join("; ")))
}

/// What came in and went out.
pub(super) fn traffic(ran: &Ran<'_>) -> String {
    let counts = ran.counts;
    let mut out = format!(
        "{} began; {} in, {} out",
        many(counts.began(), "journey", "journeys"),
        many(counts.inputs(), "input", "inputs"),
        many(counts.sent(), "message", "messages"),
    );
    if counts.stops > 0 {
        out.push_str(&format!(" and {}", many(counts.stops, "answer to STOP", "answers to STOP")));
    }
    if counts.failed > 0 {
        out.push_str(&format!(", {} undelivered", grouped(counts.failed)));
    }
    out
}

fn head(ran: &Ran<'_>) -> String {
    let hooks = hooks(ran).map(|hooks| format!("{}\n", styled(DIM, hooks))).unwrap_or_default();
    format!(
        "{}\n{}\n{hooks}\n{}\n",
        styled(BOLD, format!("{}: {}", ran.args.project.display(), what(ran))),
        styled(DIM, world(ran)),
        traffic(ran)
    )
}

/// What bounds count, for whom: the subject of a line.
type Subject = (Option<JourneyId>, Option<Channel>, Option<Purpose>);

/// A line of the table of bounds: each window's bound with what was seen of it.
pub(super) struct Row<'a> {
    pub(super) subject: String,
    pub(super) cells: Vec<Option<(&'a Bound, &'a Seen)>>,
}

/// The windows, shortest first, and at last the whole life.
pub(super) fn windows(bounds: &[Bound]) -> Vec<Option<Millis>> {
    let all: BTreeSet<Option<Millis>> = bounds.iter().map(|b| b.window).collect();
    let (whole, windows): (Vec<_>, Vec<_>) = all.into_iter().partition(Option::is_none);
    windows.into_iter().chain(whole).collect()
}

/// A line a subject: all messages, and each channel and purpose that is bounded tighter than all together.
pub(super) fn rows<'a>(ran: &'a Ran<'_>) -> Vec<Row<'a>> {
    let bounds = ran.sim.bounds();
    let windows = windows(bounds);
    let subject = |b: &Bound| -> Subject { (b.journey, b.channel, b.purpose) };
    let found = |of: Subject, window: Option<Millis>| {
        bounds.iter().zip(&ran.counts.seen).find(|(b, _)| subject(b) == of && b.window == window)
    };
    let mut rows = Vec::new();
    let mut seen: BTreeSet<Subject> = BTreeSet::new();
    for bound in bounds {
        let own = subject(bound);
        if !seen.insert(own) {
            continue;
        }
        let all = (bound.journey, None, None);
        let at_most = |of: Subject, w: Option<Millis>| found(of, w).map(|(b, _)| b.at_most);
        if own == all || windows.iter().any(|w| at_most(own, *w) != at_most(all, *w)) {
            let cells = windows.iter().map(|w| found(own, *w)).collect();
            rows.push(Row { subject: story::subject(ran.program, bound), cells });
        }
    }
    rows
}

/// `6 / = 6`: seen, and proven.
pub(super) fn cell(bound: &Bound, seen: &Seen) -> String {
    let sign = if bound.exact { '=' } else { '≤' };
    match bound.at_most {
        None => format!("{} / no bound", grouped(seen.most)),
        Some(n) if n > 1_000_000 => format!("{} / {sign} over 1,000,000", grouped(seen.most)),
        Some(n) => format!("{} / {sign} {}", grouped(seen.most), grouped(n)),
    }
}

fn bounds(ran: &Ran<'_>) -> String {
    let rows = rows(ran);
    if rows.is_empty() {
        return String::new();
    }
    let heads: Vec<String> = windows(ran.sim.bounds())
        .into_iter()
        .map(|w| w.map_or_else(|| "ever".to_owned(), |w| format!("in {}", spelled_duration(w))))
        .collect();
    let lines: Vec<(&str, Vec<(String, bool)>)> = rows
        .iter()
        .map(|row| {
            let cell = |c: &Option<(&Bound, &Seen)>| match c {
                Some((bound, seen)) => (cell(bound, seen), bound.at_most.is_some_and(|n| seen.most > n)),
                None => (String::new(), false),
            };
            (row.subject.as_str(), row.cells.iter().map(cell).collect())
        })
        .collect();
    let who = lines.iter().map(|(who, _)| who.chars().count()).max().unwrap_or(0);
    let wide = |column: usize, head: &str| {
        let cells = lines.iter().filter_map(|(_, cells)| cells.get(column)).map(|(c, _)| c.chars().count());
        cells.chain([head.len()]).max().unwrap_or(0)
    };
    let wide: Vec<usize> = heads.iter().enumerate().map(|(i, head)| wide(i, head)).collect();
    let mut out = format!("\n{}\n", styled(BOLD, "the most that was seen / that is proven to be possible"));
    let laid: String = heads.iter().zip(&wide).map(|(head, wide)| format!("  {head:>wide$}")).collect();
    out.push_str(&format!("  {}\n", styled(DIM, format!("{:who$}{laid}", ""))));
    for (who_is, cells) in &lines {
        let mut line = format!("  {who_is:<who$}");
        for ((text, passed), wide) in cells.iter().zip(&wide) {
            let padded = format!("{text:>wide$}");
            line.push_str(&format!("  {}", if *passed { styled(BAD, padded) } else { padded }));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push_str(&format!("  {}\n", styled(DIM, "= exact: so many can leave; ≤ upper bound: never more")));
    out
}

/// How many at most so many percent of the customers got.
pub(super) fn at_most(spread: &[u64], percent: u64) -> usize {
    let all: u64 = spread.iter().sum();
    let wanted = all.saturating_mul(percent).div_ceil(100);
    let mut sum = 0;
    spread
        .iter()
        .position(|n| {
            sum += n;
            sum >= wanted
        })
        .unwrap_or(0)
}

/// Messages to each customer over the whole time, in words.
pub(super) fn spread_words(ran: &Ran<'_>) -> String {
    let spread = &ran.counts.per_customer;
    let none = spread.first().copied().unwrap_or(0);
    let most = spread.len().saturating_sub(1);
    format!(
        "{} of the customers got none, half at most {}, 95% at most {}, 99% at most {}, nobody more than {}",
        percent(none, ran.counts.customers),
        at_most(spread, 50),
        at_most(spread, 95),
        at_most(spread, 99),
        most
    )
}

fn spread(ran: &Ran<'_>) -> String {
    let busiest = ran
        .sim
        .bounds()
        .iter()
        .zip(&ran.counts.seen)
        .find(|(b, s)| b.is_all() && b.window == Some(journey_spec::program::DAY) && s.customer.is_some());
    let who = busiest.map_or_else(String::new, |(_, seen)| {
        let customer = seen.customer.unwrap_or_default();
        format!("\n  the most in any 24h had customer {customer}: {}", story::again(ran.args, customer))
    });
    format!(
        "\n{}\n  {}{}\n",
        styled(BOLD, "messages to one customer, over the whole time"),
        spread_words(ran),
        styled(DIM, who)
    )
}

/// Messages by hour of the customer's day, as columns of eight heights.
fn hours(ran: &Ran<'_>) -> String {
    let most = ran.counts.hours.iter().copied().max().unwrap_or(0);
    if most == 0 {
        return String::new();
    }
    let columns = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let column = |n: &u64| match n.saturating_mul(8).div_ceil(most) {
        0 => ' ',
        eighths => usize::try_from(eighths - 1).ok().and_then(|i| columns.get(i)).copied().unwrap_or('█'),
    };
    let line: String = ran.counts.hours.iter().flat_map(|n| [column(n), column(n)]).collect();
    format!(
        "\n{}\n  {}\n  {}\n",
        styled(BOLD, "messages by hour of the customer's day"),
        line.trim_end(),
        styled(DIM, "0     3     6     9     12    15    18    21  24")
    )
}

/// `12%`, and `<0.1%` for what is there and tiny.
pub(super) fn percent(n: u64, of: u64) -> String {
    if of == 0 {
        return "0%".into();
    }
    let share = n as f64 * 100.0 / of as f64;
    match share {
        _ if n == 0 => "0%".into(),
        _ if n == of => "100%".into(),
        s if s < 0.1 => "<0.1%".into(),
        s if !(1.0..99.0).contains(&s) => format!("{s:.1}%"),
        s => format!("{s:.0}%"),
    }
}

/// A duration in its two greatest units: `6d 2h`.
pub(super) fn rough(ms: Millis) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let Some((i, (unit, name))) = units.iter().enumerate().find(|(_, (unit, _))| ms >= *unit) else {
        return format!("{ms}ms");
    };
    let whole = ms / unit;
    let rest = units.get(i + 1).map(|(less, name)| (ms % unit / less, name)).filter(|(n, _)| *n > 0);
    match rest {
        Some((n, less)) if whole < 10 => format!("{whole}{name} {n}{less}"),
        _ => format!("{whole}{name}"),
    }
}

/// How long a state's visits lasted, in words; nothing where it is left at once.
pub(super) fn stays(state: &StateCounts) -> Option<String> {
    if state.passing || state.end.is_some() {
        return None;
    }
    let (half, most) = (state.stays.percentile(50.0)?, state.stays.percentile(95.0)?);
    Some(format!("half leave within {}, 95% within {}", rough(half), rough(most)))
}

fn funnel(journey: &JourneyCounts) -> String {
    let mut out = format!(
        "\n{}  {}\n",
        styled(BOLD, format!("{}, by state", journey.name)),
        styled(DIM, format!("{} began", grouped(journey.began)))
    );
    let who = journey.states.iter().map(|s| s.name.chars().count()).max().unwrap_or(0) + 2;
    let figures =
        |f: fn(&StateCounts) -> u64| journey.states.iter().map(|s| grouped(f(s)).len()).max().unwrap_or(0).max(5);
    let (came, there) = (figures(|s| s.instances), figures(|s| s.there));
    out.push_str(&format!(
        "  {}\n",
        styled(
            DIM,
            format!("{:who$}{:>came$}         {:bar$}  {:>there$}", "", "came by", "", "there", bar = BAR as usize)
        )
    ));
    for state in &journey.states {
        let (mark, style) = match state.end {
            None => (' ', DIM),
            Some(EndKind::Success) => ('■', GOOD),
            Some(EndKind::Neutral) => ('■', DIM),
            Some(EndKind::Failure) => ('■', BAD),
        };
        let full = (state.instances.saturating_mul(BAR)).checked_div(journey.began).unwrap_or(0);
        let bar = "█".repeat(usize::try_from(full).unwrap_or(0));
        let bar = if bar.is_empty() && state.instances > 0 { "▏".to_owned() } else { bar };
        let there_are = if state.end.is_none() && !state.passing { grouped(state.there) } else { String::new() };
        let rest = (BAR as usize).saturating_sub(bar.chars().count());
        let padded = if bar.is_empty() { " ".repeat(rest) } else { format!("{}{:rest$}", styled(style, &bar), "") };
        let line = format!(
            "  {} {:<name$}{:>came$}  {:>5} {}  {there_are:>there$}  {}",
            styled(style, mark),
            state.name,
            grouped(state.instances),
            percent(state.instances, journey.began),
            padded,
            stays(state).map_or_else(String::new, |s| styled(DIM, s)),
            name = who,
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    if journey.ended_by_limit > 0 {
        out.push_str(&format!("    ended by a limit: {}\n", grouped(journey.ended_by_limit)));
    }
    out
}

fn promises(ran: &Ran<'_>) -> String {
    if ran.counts.promises.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{}\n", styled(BOLD, "promises"));
    for (name, p) in &ran.counts.promises {
        let broken = format!("{} broken", grouped(p.broken));
        let broken = if p.broken > 0 { styled(BAD, broken) } else { broken };
        out.push_str(&format!(
            "  {name}  {} made: {} kept, {} withdrawn, {broken}, {} void, {} made anew, {} not yet due\n",
            grouped(p.made),
            grouped(p.kept),
            grouped(p.withdrawn),
            grouped(p.void),
            grouped(p.anew()),
            grouped(p.open)
        ));
    }
    for broken in ran.counts.broken.iter().take(MOST_BROKEN) {
        let what = story::wrong(ran.program, ran.sim.bounds(), broken, &Zone::utc());
        out.push_str(&format!("  {} customer {}: {what}\n", styled(BAD, "◆"), broken.customer));
        out.push_str(&format!("    {}\n", styled(DIM, story::again(ran.args, broken.customer))));
    }
    out
}

fn goals(ran: &Ran<'_>) -> String {
    if ran.counts.goals.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{}\n", styled(BOLD, "goals"));
    for ((journey, goal), met) in &ran.counts.goals {
        let all = met.reached + met.missed;
        out.push_str(&format!(
            "  {journey} goal {goal}  {} reached ({}), {} missed\n",
            grouped(met.reached),
            percent(met.reached, all),
            grouped(met.missed)
        ));
    }
    out
}

/// The most first.
pub(super) fn sorted(counted: &Counted) -> Vec<(&str, u64)> {
    let mut all: Vec<(&str, u64)> = counted.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    all.sort_by_key(|(name, n)| (std::cmp::Reverse(*n), *name));
    all
}

fn list(head: &str, counted: &Counted) -> String {
    if counted.is_empty() {
        return String::new();
    }
    let all = sorted(counted);
    let wide = all.iter().map(|(_, n)| grouped(*n).len()).max().unwrap_or(0);
    let mut out = format!("\n{}\n", styled(BOLD, head));
    for (name, n) in all {
        out.push_str(&format!("  {:>wide$}  {}\n", grouped(n), name.replace('`', "")));
    }
    out
}

/// What is to be kept in mind, and the verdict.
fn closing(ran: &Ran<'_>) -> String {
    let mut out = String::from("\n");
    if ran.counts.cut > 0 {
        let text = format!(
            "{} was cut off after {} inputs: events of the profile follow each other in a circle",
            many(ran.counts.cut, "customer's feed", "customers' feeds"),
            grouped(u64::from(journey_runtime::simulate::MOST_INPUTS))
        );
        out.push_str(&format!("{}\n", styled(WARN, text)));
    }
    if ran.counts.began() == 0 {
        out.push_str(&format!(
            "{}\n",
            styled(WARN, "no journey began: does the profile let events come that start one?")
        ));
    }
    if ran.counts.violations == 0 {
        out.push_str(&format!("{}\n", styled(GOOD, verdict(ran))));
    }
    out
}

/// That nothing happened that must not.
pub(super) fn verdict(ran: &Ran<'_>) -> String {
    let promises = if ran.counts.promises.is_empty() { "" } else { " no promise was forgotten," };
    format!("no violation: no bound was passed,{promises} no answer met silence, every step came to rest")
}
