//! The report as a page to look at: one file, with its style and its pictures in it, that needs no network and no script.

use journey_runtime::simulate::{Bound, Counted, JourneyCounts, Seen, StateCounts};
use journey_spec::program::{DAY, EndKind};
use journey_spec::time::{Zone, spelled_duration};

use super::plot::{self, Bar, Column, Range, escaped};
use super::tell::{self, percent, rough};
use super::{Ran, story};
use crate::screen::grouped;

/// Most columns of a distribution; what is beyond is put together.
const MOST_COLUMNS: usize = 16;
/// Most bars of a list; its table has all.
const MOST_BARS: usize = 24;

/// The whole page.
pub(super) fn page(ran: &Ran<'_>) -> String {
    let title = format!("{}: {}", ran.args.project.display(), tell::what(ran));
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n",
        escaped(&title),
        include_str!("page.css")
    );
    out.push_str(&head(ran));
    out.push_str(&bounds(ran));
    out.push_str(&spreads(ran));
    out.push_str(&hours(ran));
    for journey in &ran.counts.journeys {
        out.push_str(&funnel(journey));
    }
    out.push_str(&promises(ran));
    out.push_str(&goals(ran));
    let counts = ran.counts;
    for (head, note, counted, class) in [
        ("Blocked, by rule", "Messages that will not leave, and why.", &counts.blocked, "barred"),
        ("Had to wait, by rule", "Messages that a rule held back for a while.", &counts.deferred, "time"),
        ("Led elsewhere, by limit", "What a limit did not let go on as it was.", &counts.limited, "barred"),
        ("Cases to people, by queue", "Cases that were opened.", &counts.cases, "person"),
        ("Answers, by who hears them", "What customers wrote back.", &counts.replies, "customer"),
    ] {
        out.push_str(&list(head, note, counted, class));
    }
    out.push_str(&format!(
        "</main>\n<footer class=\"dim\"><p>The same result, at any time: <code>{}</code></p><p>Program {}. A simulation shows what happened to these customers; what can happen at most, <code>journeyc check</code> proves.</p></footer>\n</body>\n</html>\n",
        escaped(&story::command(ran.args, Some(("--customers", ran.counts.customers)))),
        escaped(&ran.program.hash)
    ));
    out
}

fn head(ran: &Ran<'_>) -> String {
    let counts = ran.counts;
    let mut out = format!(
        "<h1>{}</h1>\n<p>{}</p>\n<p class=\"dim\">{}</p>\n",
        escaped(&ran.args.project.display().to_string()),
        escaped(&tell::what(ran)),
        escaped(&tell::world(ran)),
    );
    if let Some(hooks) = tell::hooks(ran) {
        out.push_str(&format!("<p class=\"dim\">{}</p>\n", escaped(&hooks)));
    }
    if counts.violations == 0 {
        out.push_str(&format!("<div class=\"verdict\">{}</div>\n", escaped(&tell::verdict(ran))));
    } else {
        out.push_str(&format!("<div class=\"verdict bad\">{}\n<ul>\n", escaped(&story::found(counts.violations))));
        for violation in &counts.first {
            let what = story::wrong(ran.program, ran.sim.bounds(), violation, &Zone::utc());
            let when = Zone::utc().stamp(violation.at);
            out.push_str(&format!(
                "<li>customer {}, {}: {}<br><code>{}</code></li>\n",
                violation.customer,
                escaped(&when),
                escaped(&what),
                escaped(&story::again(ran.args, violation.customer))
            ));
        }
        out.push_str("</ul></div>\n");
    }
    let broken: u64 = counts.promises.values().map(|p| p.broken).sum();
    let mut tiles = vec![
        (grouped(counts.customers), "customers"),
        (grouped(counts.began()), "journeys began"),
        (grouped(counts.inputs()), "inputs came"),
        (grouped(counts.sent()), "messages left"),
        (grouped(counts.cases.values().sum()), "cases to people"),
    ];
    if !counts.promises.is_empty() {
        tiles.push((grouped(broken), "promises broken"));
    }
    tiles.push((grouped(counts.violations), "violations"));
    out.push_str("<ul class=\"tiles\">");
    for (figure, what) in tiles {
        out.push_str(&format!("<li><b>{figure}</b>{what}</li>"));
    }
    out.push_str("</ul>\n");
    out
}

fn bounds(ran: &Ran<'_>) -> String {
    let rows = tell::rows(ran);
    if rows.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "<section>\n<h2>The most that was seen, and what is proven</h2>\n<div class=\"scroll\"><table><caption>seen / proven; = so many can leave, ≤ never more</caption><thead><tr><th scope=\"col\"></th>",
    );
    for window in tell::windows(ran.sim.bounds()) {
        let head = window.map_or_else(|| "ever".to_owned(), |w| format!("in {}", spelled_duration(w)));
        out.push_str(&format!("<th scope=\"col\">{}</th>", escaped(&head)));
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in rows {
        out.push_str(&format!("<tr><th scope=\"row\">{}</th>", escaped(&row.subject.replace('`', ""))));
        for cell in row.cells {
            let (text, passed) = match cell {
                Some((bound, seen)) => (tell::cell(bound, seen), bound.at_most.is_some_and(|n| seen.most > n)),
                None => (String::new(), false),
            };
            let class = if passed { " class=\"passed\"" } else { "" };
            out.push_str(&format!("<td{class}>{}</td>", escaped(&text)));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n</section>\n");
    out
}

/// How many customers got how many: in the worst day of each, and in all.
fn spreads(ran: &Ran<'_>) -> String {
    let mut out = String::new();
    let day = ran.sim.bounds().iter().zip(&ran.counts.seen).find(|(b, _)| b.is_all() && b.window == Some(DAY));
    if let Some((bound, seen)) = day {
        out.push_str(&worst_day(ran, bound, seen));
    }
    let spread = &ran.counts.per_customer;
    out.push_str(&format!(
        "<section>\n<h2>Messages to one customer, over the whole time</h2>\n<p>{}.</p>\n<div class=\"pair\">\n{}{}</div>\n</section>\n",
        escaped(&tell::spread_words(ran)),
        plot::columns(
            "How many customers got how many messages in all",
            "messages in all",
            "customer",
            &columns(spread, ran.counts.customers),
            None
        ),
        spread_table(spread, ran.counts.customers, "messages in all")
    ));
    out
}

fn worst_day(ran: &Ran<'_>, bound: &Bound, seen: &Seen) -> String {
    let columns = columns(&seen.spread, ran.counts.customers);
    let proven = bound.at_most.map(|n| {
        let kind = if bound.exact { "exact" } else { "upper bound" };
        let label = format!("proven: at most {} ({kind})", grouped(n));
        match usize::try_from(n).ok().filter(|n| *n < columns.len()) {
            Some(position) => (Some(position), label),
            None => (None, format!("{label} →")),
        }
    });
    // A bound that is not far beyond what was seen has its place on the axis.
    let (columns, proven) = widened(columns, bound.at_most, proven);
    let who = seen.customer.map_or_else(String::new, |customer| {
        format!(
            "<p class=\"dim\">Customer {customer} got {}: <code>{}</code></p>\n",
            grouped(seen.most),
            escaped(&story::again(ran.args, customer))
        )
    });
    format!(
        "<section>\n<h2>The worst 24 hours of each customer</h2>\n<p>How many customers got at most so many messages in any 24 hours of the whole time.</p>\n{who}<div class=\"pair\">\n{}{}</div>\n</section>\n",
        plot::columns(
            "How many customers got how many messages in the worst 24 hours",
            "messages in the worst 24 hours",
            "customer",
            &columns,
            proven
        ),
        spread_table(&seen.spread, ran.counts.customers, "in 24 hours")
    )
}

type Proven = Option<(Option<usize>, String)>;

/// Empty columns up to a bound, where those are few.
fn widened(mut columns: Vec<Column>, at_most: Option<u64>, proven: Proven) -> (Vec<Column>, Proven) {
    let Some(n) = at_most.and_then(|n| usize::try_from(n).ok()).filter(|n| *n < MOST_COLUMNS) else {
        return (columns, proven);
    };
    while columns.len() <= n {
        columns.push(Column { name: columns.len().to_string(), value: 0, label: String::new() });
    }
    let proven = proven.map(|(_, label)| (Some(n), label.trim_end_matches(" →").to_owned()));
    (columns, proven)
}

/// A column for each number; what is beyond the last is put together in it.
fn columns(spread: &[u64], all: u64) -> Vec<Column> {
    let column = |name: String, value: u64| {
        let label = if value == 0 { String::new() } else { percent(value, all) };
        Column { name, value, label }
    };
    if spread.len() <= MOST_COLUMNS {
        return spread.iter().enumerate().map(|(n, value)| column(n.to_string(), *value)).collect();
    }
    // Ranges of one width, none split between two columns.
    let wide = spread.len().div_ceil(MOST_COLUMNS);
    let name = |i: usize| format!("{}–{}", i * wide, i * wide + wide - 1);
    spread.chunks(wide).enumerate().map(|(i, part)| column(name(i), part.iter().sum())).collect()
}

fn spread_table(spread: &[u64], all: u64, what: &str) -> String {
    let mut out = format!(
        "<table><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">customers</th><th scope=\"col\">share</th></tr></thead><tbody>\n",
        escaped(what)
    );
    for (name, value) in columns(spread, all).into_iter().map(|c| (c.name, c.value)) {
        out.push_str(&format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>\n",
            escaped(&name),
            grouped(value),
            escaped(&percent(value, all))
        ));
    }
    out.push_str("</tbody></table>\n");
    out
}

fn hours(ran: &Ran<'_>) -> String {
    let sent = ran.counts.sent();
    if sent == 0 {
        return String::new();
    }
    let columns: Vec<Column> = (0..)
        .zip(&ran.counts.hours)
        .map(|(hour, n): (usize, &u64)| Column { name: format!("{hour:02}"), value: *n, label: String::new() })
        .collect();
    let table: String = (0..)
        .zip(ran.counts.hours.chunks(6))
        .map(|(quarter, part): (usize, &[u64])| {
            let n: u64 = part.iter().sum();
            let (from, to) = (quarter * 6, quarter * 6 + 6);
            format!(
                "<tr><th scope=\"row\">{from:02}:00 to {to:02}:00</th><td>{}</td><td>{}</td></tr>\n",
                grouped(n),
                escaped(&percent(n, sent))
            )
        })
        .collect();
    format!(
        "<section>\n<h2>Messages by hour of the customer's day</h2>\n<p class=\"dim\">When they left, by the clock where the customer is.</p>\n<div class=\"pair\">\n{}<table><thead><tr><th scope=\"col\">hours</th><th scope=\"col\">messages</th><th scope=\"col\">share</th></tr></thead><tbody>\n{table}</tbody></table>\n</div>\n</section>\n",
        plot::columns("Messages by hour of the customer's day", "hour of the day", "customer", &columns, None)
    )
}

fn class(state: &StateCounts) -> &'static str {
    match state.end {
        None => "customer",
        Some(EndKind::Success) => "good",
        Some(EndKind::Neutral) => "plain",
        Some(EndKind::Failure) => "barred",
    }
}

fn funnel(journey: &JourneyCounts) -> String {
    let all = journey.began;
    let bars: Vec<Bar> = journey
        .states
        .iter()
        .map(|state| Bar {
            name: if state.end.is_some() { format!("■ {}", state.name) } else { state.name.clone() },
            value: state.instances,
            label: format!("{} · {}", grouped(state.instances), percent(state.instances, all)),
            class: class(state),
        })
        .collect();
    let mut rows = String::new();
    for state in &journey.states {
        let there = if state.end.is_none() && !state.passing { grouped(state.there) } else { String::new() };
        let end = match state.end {
            None => String::new(),
            Some(EndKind::Success) => " (success)".into(),
            Some(EndKind::Neutral) => " (neutral)".into(),
            Some(EndKind::Failure) => " (failure)".into(),
        };
        rows.push_str(&format!(
            "<tr><th scope=\"row\">{}{end}</th><td>{}</td><td>{}</td><td>{}</td><td>{there}</td></tr>\n",
            escaped(&state.name),
            grouped(state.instances),
            escaped(&percent(state.instances, all)),
            grouped(state.entered)
        ));
    }
    let limited = match journey.ended_by_limit {
        0 => String::new(),
        n => format!("<p>{} were ended by a limit.</p>\n", grouped(n)),
    };
    let mut out = format!(
        "<section>\n<h2>How far {name} comes</h2>\n<p class=\"dim\">{} began; for each state, how many of them came by it at least once. ■ is an end.</p>\n{limited}<div class=\"pair\">\n{}<table><thead><tr><th scope=\"col\">state</th><th scope=\"col\">came by</th><th scope=\"col\">share</th><th scope=\"col\">visits</th><th scope=\"col\">there at the end</th></tr></thead><tbody>\n{rows}</tbody></table>\n</div>\n</section>\n",
        grouped(all),
        plot::bars(&format!("How many instances of {} came by each state", journey.name), &bars, all),
        name = escaped(&journey.name)
    );
    out.push_str(&stays(journey));
    out
}

/// Time in states that wait.
fn stays(journey: &JourneyCounts) -> String {
    let waiting = journey.states.iter().filter(|s| !s.passing && s.end.is_none());
    let found: Vec<(&StateCounts, [i64; 3])> = waiting
        .filter_map(|s| Some((s, [s.stays.percentile(10.0)?, s.stays.percentile(50.0)?, s.stays.percentile(90.0)?])))
        .collect();
    if found.is_empty() {
        return String::new();
    }
    let ranges: Vec<Range> = found
        .iter()
        .map(|(state, ends)| Range {
            name: state.name.clone(),
            ends: *ends,
            label: format!("half in {}", rough(ends[1])),
        })
        .collect();
    let rows: String = found
        .iter()
        .map(|(state, ends)| {
            let cells: String = ends.iter().map(|ms| format!("<td>{}</td>", rough(*ms))).collect();
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td>{cells}</tr>\n",
                escaped(&state.name),
                grouped(state.stays.count())
            )
        })
        .collect();
    format!(
        "<section>\n<h3>Time in states of {name}</h3>\n<p class=\"dim\">Visits that have ended: the band begins where a tenth had left and ends where nine tenths had; the mark is half of them.</p>\n<div class=\"pair\">\n{}<table><thead><tr><th scope=\"col\">state</th><th scope=\"col\">visits</th><th scope=\"col\">10% within</th><th scope=\"col\">50%</th><th scope=\"col\">90%</th></tr></thead><tbody>\n{rows}</tbody></table>\n</div>\n</section>\n",
        plot::ranges(&format!("How long visits of the states of {} lasted", journey.name), &ranges),
        name = escaped(&journey.name)
    )
}

fn promises(ran: &Ran<'_>) -> String {
    if ran.counts.promises.is_empty() {
        return String::new();
    }
    let mut out = String::from("<section>\n<h2>Promises</h2>\n");
    for (name, p) in &ran.counts.promises {
        let parts = [
            ("kept", p.kept, "good"),
            ("withdrawn in time", p.withdrawn, "customer"),
            ("broken", p.broken, "barred"),
            ("void: out of reach", p.void, "plain"),
            ("made anew", p.anew(), "plain"),
            ("not yet due", p.open, "time"),
        ];
        let bars: Vec<Bar> = parts
            .iter()
            .map(|(word, n, class)| Bar {
                name: (*word).to_owned(),
                value: *n,
                label: format!("{} · {}", grouped(*n), percent(*n, p.made)),
                class,
            })
            .collect();
        let rows: Vec<(String, u64)> = parts.iter().map(|(word, n, _)| ((*word).to_owned(), *n)).collect();
        out.push_str(&format!(
            "<h3>{}</h3>\n<p class=\"dim\">{} made</p>\n<div class=\"pair\">\n{}{}</div>\n",
            escaped(name),
            grouped(p.made),
            plot::bars(&format!("What became of the promise {name}"), &bars, p.made),
            table("promises", &rows, p.made)
        ));
    }
    if !ran.counts.broken.is_empty() {
        out.push_str("<p>A broken promise stands in the customer's timeline. The first of them:</p>\n<ul>\n");
        for broken in &ran.counts.broken {
            let what = story::wrong(ran.program, ran.sim.bounds(), broken, &Zone::utc());
            out.push_str(&format!(
                "<li>customer {}, {}: {}<br><code>{}</code></li>\n",
                broken.customer,
                escaped(&Zone::utc().stamp(broken.at)),
                escaped(&what),
                escaped(&story::again(ran.args, broken.customer))
            ));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</section>\n");
    out
}

fn goals(ran: &Ran<'_>) -> String {
    if ran.counts.goals.is_empty() {
        return String::new();
    }
    let rows: String = ran
        .counts
        .goals
        .iter()
        .map(|((journey, goal), met)| {
            format!(
                "<tr><th scope=\"row\">{}: {}</th><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                escaped(journey),
                escaped(goal),
                grouped(met.reached),
                escaped(&percent(met.reached, met.reached + met.missed)),
                grouped(met.missed)
            )
        })
        .collect();
    format!(
        "<section>\n<h2>Goals</h2>\n<table><thead><tr><th scope=\"col\">goal</th><th scope=\"col\">reached</th><th scope=\"col\">share</th><th scope=\"col\">missed</th></tr></thead><tbody>\n{rows}</tbody></table>\n</section>\n"
    )
}

fn table(what: &str, rows: &[(String, u64)], all: u64) -> String {
    let rows: String = rows
        .iter()
        .map(|(name, n)| {
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>\n",
                escaped(name),
                grouped(*n),
                escaped(&percent(*n, all))
            )
        })
        .collect();
    format!(
        "<table class=\"words\"><thead><tr><th scope=\"col\"></th><th scope=\"col\">{}</th><th scope=\"col\">share</th></tr></thead><tbody>\n{rows}</tbody></table>\n",
        escaped(what)
    )
}

fn list(head: &str, note: &str, counted: &Counted, class: &'static str) -> String {
    if counted.is_empty() {
        return String::new();
    }
    let all: Vec<(String, u64)> =
        tell::sorted(counted).into_iter().map(|(name, n)| (name.replace('`', ""), n)).collect();
    let total: u64 = all.iter().map(|(_, n)| n).sum();
    let most = all.iter().map(|(_, n)| *n).max().unwrap_or(0);
    let bars: Vec<Bar> = all
        .iter()
        .take(MOST_BARS)
        .map(|(name, n)| Bar { name: name.clone(), value: *n, label: grouped(*n), class })
        .collect();
    format!(
        "<section>\n<h2>{}</h2>\n<p class=\"dim\">{}</p>\n<div class=\"pair\">\n{}{}</div>\n</section>\n",
        escaped(head),
        escaped(note),
        plot::bars(head, &bars, most),
        table("times", &all, total)
    )
}
