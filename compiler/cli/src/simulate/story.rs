//! One simulated customer's life, and how each violation is told.

use journey_compiler::diagnostics::human::wrapped;
use journey_runtime::simulate::{Bound, Violation, Wrong};
use journey_runtime::simulate::{Counts, Simulation};
use journey_spec::program::Program;
use journey_spec::time::{Zone, spelled_duration};

use super::{Ran, Simulate};
use crate::failure::{Exit, Outcome};
use crate::screen::{BAD, BOLD, DIM, NAME, Screen, count, grouped, styled};
use crate::timeline;

/// Tells the life of one customer; found where something in it must not happen.
pub(super) fn tell(program: &Program, sim: &Simulation<'_>, number: u64, screen: &mut Screen) -> Outcome {
    let life = sim.customer(number);
    let hostile = if life.counts.hostile > 0 { ", with a hostile feed" } else { "" };
    let head = format!("{}{hostile}; times are those of the customer", life.id);
    screen.print(&format!("{}\n", styled(BOLD, head)));
    screen.print(&timeline::render(&life.timeline, &life.zone, 2, screen.width()));
    screen.print(&format!("{}\n", summary(&life.counts)));
    for violation in &life.counts.first {
        let text = wrong(program, sim.bounds(), violation, &life.zone);
        screen.print(&format!("{} {}\n", styled(BAD, "violation:"), wrapped(&text, 11, 4, screen.width())));
    }
    Ok(Exit::findings(life.counts.violations > 0))
}

fn summary(counts: &Counts) -> String {
    let n = |n: u64, one: &str, many: &str| count(usize::try_from(n).unwrap_or(usize::MAX), one, many);
    let cases: u64 = counts.cases.values().sum();
    format!(
        "{} in, {} out, {} to a person",
        n(counts.inputs(), "input", "inputs"),
        n(counts.sent(), "message", "messages"),
        n(cases, "case", "cases")
    )
}

/// The violations, each with the command that lives through that customer again.
pub(super) fn violations(ran: &Ran<'_>, width: usize) -> String {
    let total = ran.counts.violations;
    if total == 0 {
        return String::new();
    }
    let mut out = format!("\n{}\n", styled(BAD, found(total)));
    for violation in &ran.counts.first {
        let text = format!(
            "customer {}, {}: {}",
            violation.customer,
            Zone::utc().stamp(violation.at),
            wrong(ran.program, ran.sim.bounds(), violation, &Zone::utc())
        );
        out.push_str(&format!("  {} {}\n", styled(BAD, "✗"), wrapped(&text, 4, 4, width)));
        out.push_str(&format!("    {}\n", styled(NAME, again(ran.args, violation.customer))));
    }
    let more = total.saturating_sub(ran.counts.first.len() as u64);
    if more > 0 {
        out.push_str(&format!("  {}\n", styled(DIM, format!("… and {} more", grouped(more)))));
    }
    out
}

/// `1 violation`, in words that say what that means.
pub(super) fn found(total: u64) -> String {
    let n = count(usize::try_from(total).unwrap_or(usize::MAX), "violation", "violations");
    format!("{n}: what must not happen has happened")
}

/// What happened, in words.
pub(super) fn wrong(program: &Program, bounds: &[Bound], violation: &Violation, zone: &Zone) -> String {
    match &violation.what {
        Wrong::Passed { bound, left } => {
            let Some(bound) = bounds.get(*bound) else { return format!("{left} messages left") };
            let window =
                bound.window.map_or_else(|| "in all".to_owned(), |w| format!("within {}", spelled_duration(w)));
            let proven = bound.at_most.map_or_else(String::new, |n| format!(", and at most {} are proven", grouped(n)));
            format!("{} {} {window}{proven}", grouped(*left), subject(program, bound))
        }
        Wrong::Broken { promise } => format!("the promise {promise} was broken"),
        Wrong::Forgotten { promise } => {
            format!(
                "the promise {promise} was due before {}, and nothing says what became of it",
                zone.stamp(violation.at)
            )
        }
        Wrong::Silence { text } => format!("nobody hears \"{}\"", timeline::visible(text)),
        Wrong::Overflow => "a step did not come to rest within what a step may do".to_owned(),
    }
}

/// `sms to one customer`, ``messages from one `visit` ``.
pub(super) fn subject(program: &Program, bound: &Bound) -> String {
    let what = match (bound.channel, bound.purpose) {
        (None, None) => "messages".to_owned(),
        (Some(channel), None) => channel.name().to_owned(),
        (None, Some(purpose)) => format!("{} messages", purpose.name()),
        (Some(channel), Some(purpose)) => format!("{} {}", purpose.name(), channel.name()),
    };
    match bound.journey.and_then(|j| program.journeys.get(j.index())) {
        Some(journey) => format!("{what} from one `{}`", journey.name),
        None => format!("{what} to one customer"),
    }
}

/// The command that lives through this customer again.
pub(super) fn again(args: &Simulate, customer: u64) -> String {
    let quoted = |path: &std::path::Path| {
        let text = path.display().to_string();
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
        if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
    };
    let mut out = format!("journeyc simulate {}", quoted(&args.project));
    out.push_str(&format!(" --days {} --seed {}", args.days, args.seed));
    if let Some(hostile) = args.hostile {
        out.push_str(&format!(" --hostile {}", hostile.spelled()));
    }
    if args.faults {
        out.push_str(" --faults");
    }
    out.push_str(&format!(" --customer {customer}"));
    out
}
