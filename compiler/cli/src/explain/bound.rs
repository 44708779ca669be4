//! `journeyc explain appointment --bound sms 24h`: how much can leave in any such window, and the worst day.

use std::collections::BTreeMap;
use std::path::Path;

use journey_compiler::check::bounds::{self, Bound, Kind, Scope, Tried};
use journey_compiler::diagnostics::did_you_mean;
use journey_compiler::emit::svg::day;
use journey_compiler::witness::Leaves;
use journey_spec::program::{Channel, Millis, Program, Purpose};
use journey_spec::time::{Zone, parse_duration, spelled_duration};
use journey_step::effect::{Entry, What};

use super::fold;
use super::journey::{find, refused, unknown_journey};
use crate::failure::{Exit, Failure, Outcome};
use crate::project::{self, Compiled};
use crate::screen::{BOLD, DIM, GOOD, Screen, WARN, grouped, styled};
use crate::{timeline, written};

/// What stands for all journeys of a project together.
const CUSTOMER: &str = "customer";

/// Which messages are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Counted {
    channel: Option<Channel>,
    purpose: Option<Purpose>,
}

impl Counted {
    fn read(text: &str) -> Result<Counted, Failure> {
        let channel = Channel::named(text);
        let purpose = Purpose::named(text);
        if channel.is_some() || purpose.is_some() || text == "messages" {
            return Ok(Counted { channel, purpose });
        }
        let known =
            || Channel::ALL.map(Channel::name).into_iter().chain(Purpose::ALL.map(Purpose::name)).chain(["messages"]);
        let help =
            did_you_mean(text, known()).unwrap_or_else(|| format!("one of {}", known().collect::<Vec<_>>().join(", ")));
        Err(Failure::new(format!("there are no messages that are called `{text}`")).help(help))
    }

    fn holds(self, leaves: &Leaves) -> bool {
        self.channel.is_none_or(|c| c == leaves.channel) && self.purpose.is_none_or(|p| p == leaves.purpose)
    }
}

fn window(text: &str) -> Result<Option<Millis>, Failure> {
    match text {
        "ever" => Ok(None),
        _ => match parse_duration(text).filter(|d| *d > 0) {
            Some(window) => Ok(Some(window)),
            None => Err(Failure::new(format!("`{text}` is no window of time")).help("write 1h, 24h, 7d, 30d or ever")),
        },
    }
}

/// Tells a bound and its worst day.
pub(super) fn run(
    asked: &str,
    counted: &str,
    within: &str,
    path: &Path,
    svg: Option<&Path>,
    screen: &mut Screen,
) -> Outcome {
    let (counts, within) = (Counted::read(counted)?, window(within)?);
    let all = project::compile(&[path.to_owned()])?;
    let (compiled, scope) = match asked {
        CUSTOMER => (only(&all, path)?, Scope::Customer),
        journey => match find(&all, journey, path)? {
            Some((compiled, id)) => (compiled, Scope::Instance(id)),
            None if project::has_errors(&all) => return Ok(refused(&all, screen)),
            None => return Err(unknown_journey(&all, journey, false, path)),
        },
    };
    let Some(program) = compiled.compilation.runnable() else {
        return Ok(refused(std::slice::from_ref(compiled), screen));
    };
    if within.is_none() && scope == Scope::Customer {
        return Err(Failure::new("a customer's whole life has no bound").help("ask for a window, such as 30d"));
    }
    let proof = bounds::proven_in(program, scope, within);
    let found =
        proof.bounds.iter().zip(&proof.worst).find(|(b, _)| b.channel == counts.channel && b.purpose == counts.purpose);
    // A channel or a purpose that no message has is no line of the table.
    let Some((bound, worst)) = found else {
        screen.print(&format!("no message of this project leaves as {counted}: 0\n"));
        return Ok(Exit::Clean);
    };
    let worst = worst.and_then(|i| proof.tried.get(i));
    let page = Page { program, bound, worst, counts, within };
    screen.print(&page.text(screen.width()));
    if let Some(file) = svg {
        match page.picture() {
            Some(picture) => written::whole(file, picture.as_bytes())?,
            None => screen.say("nothing was drawn: there is no such day\n"),
        }
    }
    Ok(Exit::Clean)
}

/// The only project there; a customer belongs to one.
fn only<'a>(all: &'a [Compiled], path: &Path) -> Result<&'a Compiled, Failure> {
    match all {
        [one] => Ok(one),
        _ => Err(Failure::new(format!("there are {} projects in `{}`", all.len(), path.display()))
            .help("name one of them with --project")),
    }
}

struct Page<'a> {
    program: &'a Program,
    bound: &'a Bound,
    worst: Option<&'a Tried>,
    counts: Counted,
    within: Option<Millis>,
}

impl Page<'_> {
    fn text(&self, width: usize) -> String {
        let mut out = self.head();
        let Some(tried) = self.worst else { return out };
        let (most, first) = tried.most_in(self.within, |l| self.counts.holds(l));
        let Some(first) = first else { return out };
        let ends = self.within.map(|w| first.saturating_add(w));
        let story = tried.replayed.story(first, ends, |l| tried.is_about(l) && self.counts.holds(l));
        let shown: Vec<Entry> = story.iter().map(|(entry, _)| (*entry).clone()).collect();
        let zone = Zone::utc();
        // Entries are told in order, some together: which one it is, its id says.
        let mut numbers: BTreeMap<&str, u64> = BTreeMap::new();
        for (entry, _) in story.iter().filter(|(_, counted)| *counted) {
            if let What::Sent { id, .. } = &entry.what {
                let next = numbers.len() as u64 + 1;
                numbers.insert(id, next);
            }
        }
        let note = |entry: &Entry| match &entry.what {
            What::Sent { id, .. } => Some(format!("{} of {most}", numbers.get(id.as_str())?)),
            _ => None,
        };
        out.push_str("\nThe worst run that was found, done by the runtime's own step; times in UTC:\n");
        let counted = |entry: &Entry| match &entry.what {
            What::Sent { id, .. } => numbers.get(id.as_str()).copied(),
            _ => None,
        };
        let folds = fold::repeats(&shown, &zone, &fold::Counting { number: &counted, most });
        out.push_str(&timeline::render_noted(&shown, &zone, 2, width, &note, &folds));
        let window = match self.within {
            Some(within) => format!("in the {} from {} on", spelled_duration(within), zone.stamp(first)),
            None => "in its whole life".to_owned(),
        };
        out.push_str(&format!("{}\n", styled(BOLD, format!("{} left {window}", grouped(most)))));
        out
    }

    fn head(&self) -> String {
        let window = self.within.map_or_else(|| "ever".to_owned(), |w| format!("in any {}", spelled_duration(w)));
        let subject = &self.bound.subject;
        let mut out = match self.bound.at_most {
            None => {
                let head = styled(WARN, format!("{subject} {window}: nothing bounds it"));
                return format!("{head}\n  {}\n", self.bound.by);
            }
            Some(n) => format!("{}\n", styled(BOLD, format!("{subject} {window}: at most {}", grouped(n)))),
        };
        let (style, kind) = match self.bound.kind {
            Kind::Exact => (GOOD, "exact: so many do leave in the run below".to_owned()),
            Kind::UpperBound => {
                let most = self
                    .bound
                    .attained
                    .map_or_else(String::new, |n| format!("; the worst run that was found comes to {}", grouped(n)));
                (DIM, format!("upper bound: never more{most}"))
            }
        };
        out.push_str(&format!("  {}\n  enforced by {}\n", styled(style, kind), self.bound.by));
        if let Some(limit) = self.bound.limit.filter(|limit| Some(*limit) != self.bound.at_most) {
            out.push_str(&format!("  its limits alone would let {} through\n", grouped(limit)));
        }
        let contributes: Vec<String> = self
            .bound
            .from
            .iter()
            .filter(|(_, n)| *n != Some(0) && self.bound.from.len() > 1)
            .filter_map(|(id, n)| {
                let name = &self.program.journeys.get(id.index())?.name;
                Some(format!("{name} {}", n.map_or_else(|| "any number".into(), grouped)))
            })
            .collect();
        if !contributes.is_empty() {
            out.push_str(&format!("  alone, each could come to: {}\n", contributes.join(", ")));
        }
        out
    }

    fn picture(&self) -> Option<String> {
        let tried = self.worst?;
        let (most, first) = tried.most_in(self.within, |l| self.counts.holds(l));
        let first = first?;
        let ends = self.within.map(|w| first.saturating_add(w));
        Some(day::render(&day::Day {
            title: self.bound.subject.clone(),
            at_most: self.bound.at_most,
            exact: self.bound.kind == Kind::Exact,
            by: self.bound.by.clone(),
            begins: first,
            lasts: self.within,
            most,
            story: tried.replayed.story(first, ends, |l| tried.is_about(l) && self.counts.holds(l)),
        }))
    }
}
