//! What is proven of how much one customer can get: the table, and the same as data.

use std::collections::BTreeSet;

use journey_compiler::check::bounds::{self, Bound, Kind, Proof, Scope};
use journey_compiler::diagnostics::json;
use journey_compiler::witness::Leaves;
use journey_spec::program::{Channel, JourneyId, Program, Purpose};
use journey_spec::time::{Zone, rfc3339, spelled_duration};
use serde::Serialize;

use crate::project::{self, Compiled};
use crate::screen::{BOLD, DIM, Screen, count, grouped, styled};

/// A figure as the table shows it: beyond a million nobody compares digits.
fn figure(n: u64) -> String {
    if n > 1_000_000 { "over 1,000,000".into() } else { grouped(n) }
}

/// `= 6` where so many can leave, `≤ 37` where it is never more.
fn cell(bound: &Bound) -> String {
    match bound.at_most {
        None => "no bound".into(),
        Some(0) => "0".into(),
        Some(n) if bound.kind == Kind::Exact => format!("= {}", figure(n)),
        Some(n) if bound.in_part => format!("≤ {}*", figure(n)),
        Some(n) => format!("≤ {}", figure(n)),
    }
}

/// A line of the table: all windows of one subject.
struct Row<'p> {
    name: &'p str,
    own: Vec<Option<&'p Bound>>,
}

/// What is counted, for whom: the subject of a line.
type Subject = (Scope, Option<Channel>, Option<Purpose>);

fn subject(bound: &Bound) -> Subject {
    (bound.scope, bound.channel, bound.purpose)
}

/// A line a subject: all messages, and each channel and purpose that is tighter than all together; none of zeros but the
/// customer's own.
fn rows<'p>(proof: &'p Proof, windows: &[Option<i64>]) -> Vec<Row<'p>> {
    let mut out = Vec::new();
    let mut seen: BTreeSet<Subject> = BTreeSet::new();
    for bound in &proof.bounds {
        if !seen.insert(subject(bound)) {
            continue;
        }
        let of = |subject: Subject, window: Option<i64>| {
            proof.bounds.iter().find(|b| self::subject(b) == subject && b.window == window)
        };
        let all = (bound.scope, None, None);
        let tighter =
            windows.iter().any(|w| of(subject(bound), *w).map(|b| b.at_most) != of(all, *w).map(|b| b.at_most));
        // Of what never comes a line of zeros says nothing; that nothing at all comes does.
        let never = windows.iter().all(|w| of(subject(bound), *w).is_none_or(|b| b.at_most == Some(0)));
        let whole = subject(bound) == (Scope::Customer, None, None);
        if whole || (subject(bound) == all || tighter) && !never {
            out.push(Row { name: &bound.subject, own: windows.iter().map(|w| of(subject(bound), *w)).collect() });
        }
    }
    out
}

/// A line as it is laid out: name, cells, what enforces it; and whether it only comments on the one above.
type Line = (String, Vec<String>, String, bool);

fn lines(rows: &[Row<'_>]) -> Vec<Line> {
    let mut lines = Vec::new();
    for row in rows {
        let cells = row.own.iter().map(|b| b.map_or_else(String::new, cell)).collect();
        // Where something bounds it in some window, that is what counts.
        let bounded = row.own.iter().flatten().any(|b| b.at_most.is_some());
        let shown = row.own.iter().flatten().filter(|b| b.at_most.is_some() == bounded);
        // Each limit once, in whatever windows it counts.
        let mut by: Vec<&str> = Vec::new();
        for part in shown.flat_map(|b| parts(&b.by)) {
            if !by.contains(&part) {
                by.push(part);
            }
        }
        lines.push((row.name.to_owned(), cells, by.join(", "), false));
        let looser = |b: &&Bound| b.limit.is_some() && b.limit != b.at_most;
        if row.own.iter().flatten().any(looser) {
            let limits = row.own.iter().map(|b| b.and_then(|b| b.limit).map_or_else(String::new, figure)).collect();
            lines.push(("  of its limits alone".to_owned(), limits, String::new(), true));
        }
    }
    lines
}

/// What stands between commas, but those in backticks.
fn parts(by: &str) -> Vec<&str> {
    let mut in_name = false;
    let split = by.split(|c: char| {
        in_name ^= c == '`';
        c == ',' && !in_name
    });
    split.map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// The table: a line a subject, a column a window, and what enforces it.
pub(super) fn table(compiled: &Compiled) -> String {
    let Some(program) = compiled.compilation.runnable() else { return String::new() };
    let proof = bounds::proven(program);
    let windows: Vec<Option<i64>> = bounds::windows(program).into_iter().map(Some).chain([None]).collect();
    let lines = lines(&rows(&proof, &windows));
    if lines.is_empty() {
        return String::new();
    }
    let who = lines.iter().map(|(who, ..)| who.chars().count()).max().unwrap_or(0);
    let heads: Vec<String> = windows
        .iter()
        .map(|w| w.map_or_else(|| "ever".to_owned(), |w| format!("in {}", spelled_duration(w))))
        .collect();
    let widest = |column: usize, head: &str| {
        let cells = lines.iter().filter_map(|(_, cells, ..)| cells.get(column)).map(|c| c.chars().count());
        cells.chain([head.len(), 6]).max().unwrap_or(0)
    };
    let wide: Vec<usize> = heads.iter().enumerate().map(|(i, head)| widest(i, head)).collect();
    let laid = |cells: &[String]| cells.iter().zip(&wide).map(|(c, wide)| format!("  {c:>wide$}")).collect::<String>();
    let title = format!("{}: how much can reach a customer at most", compiled.project.name);
    let mut out = format!("\n{}\n", styled(BOLD, title));
    out.push_str(&format!("  {}\n", styled(DIM, format!("{:who$}{}  enforced by", "", laid(&heads)))));
    for (name, cells, by, comments) in &lines {
        let cells = laid(cells);
        let line = match comments {
            true => styled(DIM, format!("{name:<who$}{cells}").trim_end()).to_string(),
            false => format!("{name:<who$}{cells}  {}", styled(DIM, by)),
        };
        out.push_str(&format!("  {line}\n"));
    }
    let any = |kind| proof.bounds.iter().any(|b| b.kind == kind && b.at_most.is_some_and(|n| n > 0));
    let in_part =
        proof.bounds.iter().any(|b| b.in_part && b.kind == Kind::UpperBound && b.at_most.is_some_and(|n| n > 0));
    let legend = [
        (any(Kind::Exact), "= exact: the worst day was done once more by the runtime's own step, and so many left"),
        (any(Kind::UpperBound), "≤ upper bound: never more"),
        (in_part, "* some of the journey's own counters are left out: together they have too many combinations"),
    ];
    for (_, words) in legend.iter().filter(|(there, _)| *there) {
        out.push_str(&format!("  {}\n", styled(DIM, words)));
    }
    let left_out = bounds::windows_left_out(program);
    if left_out > 0 {
        let words = format!("{} more that limits name are not asked for", count(left_out, "window", "windows"));
        out.push_str(&format!("  {}\n", styled(DIM, words)));
    }
    out
}

/// What a tool reads.
#[derive(Serialize)]
struct Report {
    findings: Vec<json::Report>,
    projects: Vec<Project>,
}

#[derive(Serialize)]
struct Project {
    project: String,
    /// The hash of the program that was checked; none where there are errors.
    program: Option<String>,
    bounds: Vec<Figure>,
    /// Days that were tried; a bound's `worst` is a position here.
    days: Vec<Day>,
}

#[derive(Serialize)]
struct Figure {
    /// `customer`, or a journey's name for one of its instances.
    scope: String,
    channel: Option<&'static str>,
    purpose: Option<&'static str>,
    /// None means the whole life.
    window_ms: Option<i64>,
    at_most: Option<u64>,
    kind: Option<&'static str>,
    enforced_by: String,
    limit: Option<u64>,
    /// Whether some of the journey's counters were left out.
    in_part: bool,
    attained: Option<u64>,
    worst: Option<usize>,
    from: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    journey: String,
    at_most: Option<u64>,
}

#[derive(Serialize)]
struct Day {
    begins: String,
    left: Vec<Left>,
    timeline: Vec<Told>,
}

#[derive(Serialize)]
struct Left {
    at: String,
    journey: String,
    key: Option<String>,
    message: String,
    channel: &'static str,
    purpose: &'static str,
    text: String,
}

#[derive(Serialize)]
struct Told {
    at: String,
    journey: Option<String>,
    key: Option<String>,
    what: String,
}

/// Prints findings and bounds as data; how many findings there are.
pub(super) fn print_json(all: &[Compiled], screen: &mut Screen) -> usize {
    let findings = project::reports(all);
    let number = findings.len();
    let report = Report { findings, projects: all.iter().map(data).collect() };
    let text = serde_json::to_string_pretty(&report).unwrap_or_else(|_| "{}".into());
    screen.print(&format!("{text}\n"));
    number
}

fn data(compiled: &Compiled) -> Project {
    let project = compiled.project.name.clone();
    let Some(program) = compiled.compilation.runnable() else {
        return Project { project, program: None, bounds: Vec::new(), days: Vec::new() };
    };
    let proof = bounds::proven(program);
    let bounds = proof.bounds.iter().zip(&proof.worst).map(|(bound, worst)| described(program, bound, *worst));
    let days = proof.tried.iter().map(|tried| {
        let timeline = tried.replayed.timeline.iter().map(|entry| Told {
            at: rfc3339(entry.at),
            journey: entry.journey.clone().map(Into::into),
            key: entry.key.clone().map(Into::into),
            what: entry.sentence(&Zone::utc()),
        });
        let left = tried.replayed.left.iter().map(left);
        Day { begins: rfc3339(tried.begins), left: left.collect(), timeline: timeline.collect() }
    });
    Project { project, program: Some(program.hash.clone()), bounds: bounds.collect(), days: days.collect() }
}

fn named(program: &Program, journey: JourneyId) -> String {
    program.journeys.get(journey.index()).map_or_else(String::new, |j| j.name.to_string())
}

fn described(program: &Program, bound: &Bound, worst: Option<usize>) -> Figure {
    Figure {
        scope: match bound.scope {
            Scope::Customer => "customer".into(),
            Scope::Instance(journey) => named(program, journey),
        },
        channel: bound.channel.map(Channel::name),
        purpose: bound.purpose.map(Purpose::name),
        window_ms: bound.window,
        at_most: bound.at_most,
        kind: bound.at_most.map(|_| bound.kind.name()),
        enforced_by: bound.by.clone(),
        limit: bound.limit,
        in_part: bound.in_part,
        attained: bound.attained,
        worst,
        from: bound.from.iter().map(|(j, n)| Part { journey: named(program, *j), at_most: *n }).collect(),
    }
}

fn left(leaves: &Leaves) -> Left {
    Left {
        at: rfc3339(leaves.at),
        journey: leaves.journey.clone(),
        key: leaves.key.clone(),
        message: leaves.message.clone(),
        channel: leaves.channel.name(),
        purpose: leaves.purpose.name(),
        text: leaves.body.clone(),
    }
}
