//! A comparison as it is printed.

use journey_compiler::diagnostics::human::wrapped;
use journey_spec::program::short;
use journey_spec::time::spelled_duration;

use super::journeys::fate;
use super::{Change, ChangeKind, Compared, Fate, Figure, Moved};
use crate::screen::{BAD, BOLD, DIM, GOOD, WARN, count, grouped, styled};

/// A page for a person.
pub(super) fn full(compared: &Compared, width: usize) -> String {
    let Compared { old, new, journeys, house, bounds } = compared;
    if old == new {
        return format!("both are version {}: nothing changes for anybody\n", short(new));
    }
    let mut out = String::new();
    for journey in journeys {
        let said = fate(journey, old, new);
        out.push_str(&format!(
            "{}  {}\n",
            styled(BOLD, &journey.journey),
            wrapped(&said, journey.journey.chars().count() + 2, 4, width)
        ));
        for why in &journey.stranded {
            let text = wrapped(&format!("stranded: it {why}"), 4, 6, width);
            out.push_str(&format!("  {} {}\n", styled(BAD, "✗"), styled(BAD, text)));
        }
        for text in moves(&journey.moved) {
            out.push_str(&format!("  {} {}\n", styled(GOOD, "→"), wrapped(&text, 4, 6, width)));
        }
        journey.changes.iter().for_each(|change| out.push_str(&line(change, width)));
        out.push('\n');
    }
    if !house.is_empty() {
        out.push_str(&format!("{}  holds at once, also for whoever is on {}\n", styled(BOLD, "the house"), short(old)));
        house.iter().for_each(|change| out.push_str(&line(change, width)));
        out.push('\n');
    }
    out.push_str(&format!("{}\n", styled(BOLD, "messages to one customer at most")));
    let heads =
        bounds.iter().map(|b| format!("{:>12}", format!("in {}", spelled_duration(b.window)))).collect::<String>();
    out.push_str(&format!("  {}\n", styled(DIM, format!("{:20}{heads}", ""))));
    let mut row = |name: String, figures: Vec<Figure>| {
        let cells = figures.into_iter().map(|f| format!("{:>12}", cell(f))).collect::<String>();
        out.push_str(&format!("  {name:20}{cells}\n"));
    };
    row(format!("before, {}", short(old)), bounds.iter().map(|b| b.before).collect());
    row(format!("after, {}", short(new)), bounds.iter().map(|b| b.after).collect());
    row("while both run".into(), bounds.iter().map(|b| b.during).collect());
    out.push_str(&format!(
        "  {}\n\n",
        styled(DIM, "= so many can leave   ≤ never more   all counted from when the newer version is loaded")
    ));
    out.push_str(&format!("{}\n", verdict(compared)));
    out
}

/// Where people go on: those in other states first, and the others in one line.
fn moves(moved: &[Moved]) -> Vec<String> {
    let (stay, go): (Vec<&Moved>, Vec<&Moved>) = moved.iter().partition(|m| m.from == m.to);
    let mut lines: Vec<String> = go.iter().map(|m| format!("`{}` goes on in `{}`", m.from, m.to)).collect();
    let names: Vec<String> = stay.iter().map(|m| format!("`{}`", m.from)).collect();
    match names.split_last() {
        Some((last, [])) => lines.push(format!("{last} goes on in the state of its name")),
        Some((last, first)) => {
            lines.push(format!("{} and {last} go on in the states of their names", first.join(", ")));
        }
        None => {}
    }
    lines
}

fn line(change: &Change, width: usize) -> String {
    let (style, mark) = match change.kind {
        ChangeKind::Added => (GOOD, "+"),
        ChangeKind::Removed => (BAD, "-"),
        ChangeKind::Changed => (DIM, "~"),
        ChangeKind::Risk => (WARN, "!"),
    };
    format!("  {} {}\n", styled(style, mark), wrapped(&change.what, 4, 6, width))
}

/// `= 6` where so many can leave, `≤ 37` where it is never more.
fn cell(figure: Figure) -> String {
    match figure.at_most {
        None => "no bound".into(),
        Some(n) if figure.exact => format!("= {}", grouped(n)),
        Some(n) => format!("≤ {}", grouped(n)),
    }
}

fn verdict(compared: &Compared) -> String {
    let stranded: Vec<String> =
        compared.journeys.iter().filter(|j| !j.stranded.is_empty()).map(|j| format!("`{}`", j.journey)).collect();
    if !stranded.is_empty() {
        let whom = stranded.join(" and ");
        return styled(
            BAD,
            format!("whoever is in {whom} would be stranded: an engine takes this version only when nobody is"),
        )
        .to_string();
    }
    let stay: Vec<String> = compared
        .journeys
        .iter()
        .filter(|j| matches!(j.fate, Fate::Changed | Fate::Removed))
        .map(|j| format!("`{}`", j.journey))
        .collect();
    let risks = compared.journeys.iter().flat_map(|j| &j.changes).chain(&compared.house);
    let risks = risks.filter(|c| c.kind == ChangeKind::Risk).count();
    let mut text = "nobody would be stranded".to_owned();
    if !stay.is_empty() {
        text.push_str(&format!("; whoever is in {} stays on the older version until its end", stay.join(" or ")));
    }
    if risks > 0 {
        text.push_str(&format!("; {} to look at, marked !", count(risks, "thing", "things")));
    }
    text
}

/// One line a change: `appointment: state …`.
pub(super) fn concise(compared: &Compared) -> String {
    let mut out = String::new();
    for journey in &compared.journeys {
        let name = &journey.journey;
        let named = |what: &str| format!("{name}: {what}\n");
        out.extend(journey.stranded.iter().map(|why| named(&format!("stranded: it {why}"))));
        out.extend(moves(&journey.moved).iter().map(|line| named(line)));
        if matches!(journey.fate, Fate::Removed | Fate::New) {
            out.push_str(&named(&fate(journey, &compared.old, &compared.new)));
        }
        out.extend(journey.changes.iter().map(|c| named(&c.what)));
    }
    out.extend(compared.house.iter().map(|c| format!("house: {}\n", c.what)));
    for b in compared.bounds.iter().filter(|b| b.before != b.after || b.after != b.during) {
        let (before, after, during) = (cell(b.before), cell(b.after), cell(b.during));
        let window = spelled_duration(b.window);
        out.push_str(&format!("bound in {window}: before {before}, after {after}, while both run {during}\n"));
    }
    out
}

/// All of it as data.
pub(super) fn json(compared: &Compared) -> String {
    let text = serde_json::to_string_pretty(compared).unwrap_or_else(|_| "{}".into());
    format!("{text}\n")
}
