//! `journeyc explain appointment` and `journeyc explain appointment::waiting`: a journey's states, and what leaves one.

use std::path::Path;

use journey_compiler::check::texts::{Size, sizes};
use journey_compiler::diagnostics::did_you_mean;
use journey_compiler::spans::Node;
use journey_spec::codes;
use journey_spec::program::{Action, GoalWhat, JourneyId, State, StateId, Then, Trigger};

use super::page::Page;
use super::state::Here;
use super::words::{Words, end_name};
use crate::failure::{Exit, Failure, Outcome};
use crate::project::{self, Compiled, Format};
use crate::screen::{Screen, count};

/// Explains a journey, or one of its states where one is named.
pub(super) fn run(asked: &str, path: &Path, screen: &mut Screen) -> Outcome {
    let (journey, state) = match asked.split_once("::") {
        Some((journey, state)) => (journey.trim(), Some(state.trim())),
        None => (asked, None),
    };
    let all = project::compile(&[path.to_owned()])?;
    let found = find(&all, journey, path)?;
    let Some((compiled, id)) = found else {
        // What cannot be read may well be where it is declared.
        if project::has_errors(&all) {
            return Ok(refused(&all, screen));
        }
        return Err(unknown_journey(&all, journey, state.is_some(), path));
    };
    if compiled.compilation.has_errors() {
        return Ok(refused(std::slice::from_ref(compiled), screen));
    }
    let Some(here) = Here::of(&compiled.compilation, id) else {
        return Err(Failure::new(format!("there is no journey `{journey}` in `{}`", path.display())));
    };
    match state {
        None => overview(&here).print(screen),
        Some(name) => {
            let states = &here.words.journey.states;
            let Some((state, _)) = (0..).map(StateId).zip(states).find(|(_, s)| s.name == name) else {
                let names = states.iter().map(|s| s.name.as_str());
                let help = did_you_mean(name, names.clone())
                    .unwrap_or_else(|| format!("its states are {}", names.collect::<Vec<_>>().join(", ")));
                return Err(Failure::new(format!("journey `{journey}` has no state `{name}`")).help(help));
            };
            here.page(state).print(screen);
        }
    }
    Ok(Exit::Clean)
}

/// The journey of this name, and its project; a journey that several projects `use` is one.
pub(super) fn find<'a>(
    all: &'a [Compiled],
    name: &str,
    path: &Path,
) -> Result<Option<(&'a Compiled, JourneyId)>, Failure> {
    let mut found: Vec<(&Compiled, JourneyId, String)> = Vec::new();
    for compiled in all {
        let Some((id, _)) = compiled.compilation.program.as_ref().and_then(|p| p.journey(name)) else { continue };
        let place = place(compiled, id);
        if !found.iter().any(|(_, _, known)| *known == place) {
            found.push((compiled, id, place));
        }
    }
    if found.len() > 1 {
        let names: Vec<String> = found.iter().map(|(c, ..)| format!("`{}`", c.project.name)).collect();
        return Err(Failure::new(format!(
            "several projects in `{}` have a journey `{name}`: {}",
            path.display(),
            names.join(", ")
        ))
        .help("name one of them with --project"));
    }
    Ok(found.pop().map(|(compiled, id, _)| (compiled, id)))
}

fn place(compiled: &Compiled, id: JourneyId) -> String {
    let span = compiled.compilation.spans.get(&Node::Journey(id));
    let path = compiled.compilation.sources.get(span.file).map(|s| s.path.as_str()).unwrap_or_default();
    format!("{path}:{}", span.start)
}

pub(super) fn refused(all: &[Compiled], screen: &mut Screen) -> Exit {
    let n = project::print_findings(all, Format::Full, screen);
    screen.say(&format!("nothing was explained: {} to look at first\n", count(n, "finding", "findings")));
    Exit::Findings
}

pub(super) fn unknown_journey(all: &[Compiled], name: &str, with_state: bool, path: &Path) -> Failure {
    let programs = || all.iter().filter_map(|c| c.compilation.program.as_ref());
    let mut journeys: Vec<&str> = programs().flat_map(|p| &p.journeys).map(|j| j.name.as_str()).collect();
    journeys.sort_unstable();
    journeys.dedup();
    // A state is easily named without its journey.
    let state_of = programs().flat_map(|p| &p.journeys).find(|j| j.states.iter().any(|s| s.name == name));
    let codes = codes::ALL.iter().map(|c| c.name).filter(|_| !with_state);
    let finding = codes::find(&name.to_lowercase()).is_some() && !with_state;
    let help = match state_of {
        _ if finding => format!("it is a finding, whose page `journeyc explain {name}` prints, without --project"),
        Some(journey) if !with_state => format!("did you mean `{}::{name}`?", journey.name),
        _ => did_you_mean(name, journeys.iter().copied().chain(codes)).unwrap_or_else(|| match journeys.as_slice() {
            [] => "no journey is declared there; name another folder with --project".into(),
            some => format!("there: {}", some.join(", ")),
        }),
    };
    let what = if with_state || finding { "no journey" } else { "no finding and no journey" };
    Failure::new(format!("there is {what} `{name}` in `{}`", path.display())).help(help)
}

/// A journey's head, how it begins, its arrows, limits and states, a line each.
fn overview(here: &Here<'_>) -> Page {
    let Words { program, journey } = here.words;
    let mut page = Page::default();
    let key = journey.key.as_ref().map(|k| format!(", one for each {}", k.join("."))).unwrap_or_default();
    let doc = Some(journey.doc.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|d| !d.is_empty());
    page.part(
        format!("{}  {}{key}", journey.name, here.line(&Node::Journey(here.id))),
        doc.map(|d| (String::new(), d)).into_iter().collect(),
    );
    let starts = journey.starts.iter().map(|s| {
        let event = program.events.get(s.event.index()).map_or("", |e| e.name.as_str());
        let when = s.when.as_ref().map(|c| format!(" when {c}")).unwrap_or_default();
        (format!("on {event}{when}"), format!("begins in `{}`", here.words.state(s.to)))
    });
    page.part("How it begins", starts.collect());
    if !journey.arrows.is_empty() {
        let arrows = journey.arrows.iter().map(|a| (here.words.arrow(a), short(&a.then, here)));
        page.part("In every state, unless a state says otherwise", arrows.collect());
    }
    if !journey.goals.is_empty() {
        let goals = journey.goals.iter().map(|g| match g.what {
            GoalWhat::Reach(_) => (g.text.clone(), "reached where an instance comes there".to_string()),
            GoalWhat::Silence { .. } => (g.text.clone(), "counted from the end of an instance".to_string()),
        });
        page.part("Its goals", goals.collect());
    }
    let states = journey.states.iter().map(|s| (s.name.to_string(), gist(s, here)));
    page.part("States", states.collect());
    let sizes: Vec<_> = sizes(program, here.id).into_iter().map(|s| (s.message.clone(), size(&s))).collect();
    if !sizes.is_empty() {
        page.part("Text messages, in segments that are paid for", sizes);
    }
    page
}

/// How many segments a text message takes, and what that hangs on.
fn size(size: &Size) -> String {
    let segments = |n: u64| count(usize::try_from(n).unwrap_or(usize::MAX), "segment", "segments");
    if size.usually == size.at_most {
        return format!("at most {}", segments(size.at_most));
    }
    if size.unbounded.is_empty() {
        return format!("at most {}; {} without emoji", segments(size.at_most), segments(size.usually));
    }
    let paths: Vec<String> = size.unbounded.iter().map(|p| format!("`{p}`")).collect();
    let (say, have) = if paths.len() == 1 { ("says", "it has") } else { ("say", "each has") };
    format!(
        "at most {}: {} {say} no maximum; {} where {have} at most {} characters",
        segments(size.at_most),
        paths.join(" and "),
        segments(size.usually),
        size.usual_characters
    )
}

fn short(then: &Then, here: &Here<'_>) -> String {
    match then {
        Then::Goto(to) => format!("goes to `{}`", here.words.state(*to)),
        Then::Stay(actions) if actions.is_empty() => "stays".into(),
        Then::Stay(actions) => {
            let all: Vec<String> = actions.iter().map(|a| here.words.written(a)).collect();
            format!("stays: {}", all.join(", "))
        }
    }
}

/// What a state does, and where its own arrows lead, each target once.
fn gist(state: &State, here: &Here<'_>) -> String {
    if let Some(kind) = state.end {
        return format!("the end, as {}", end_name(kind));
    }
    let mut parts: Vec<String> = state.entry.iter().map(|a| here.words.written(a)).collect();
    if let Some(next) = state.next {
        parts.push(format!("at once -> {}", here.words.state(next)));
        return parts.join("; ");
    }
    if let Some(branch) = &state.branch {
        let ways = branch.ways().into_iter().map(|(word, to)| format!("{word} -> {}", here.words.state(to)));
        parts.push(format!("at once {}", ways.collect::<Vec<_>>().join(", ")));
        return parts.join("; ");
    }
    let mut targets: Vec<StateId> = Vec::new();
    for action in &state.entry {
        if let Action::Call(call) = action {
            targets.extend(here.outcomes(call, state).into_iter().map(|(_, to)| to));
        }
    }
    for arrow in &state.arrows {
        let past = match &arrow.on {
            Trigger::At { if_past, .. } => Some(if_past),
            _ => None,
        };
        targets.extend(std::iter::once(&arrow.then).chain(past).filter_map(|t| match t {
            Then::Goto(to) => Some(*to),
            Then::Stay(_) => None,
        }));
    }
    let mut names: Vec<&str> = Vec::new();
    for name in targets.into_iter().map(|t| here.words.state(t)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    parts.push(if names.is_empty() { "waits".into() } else { format!("waits -> {}", names.join(", ")) });
    parts.join("; ")
}
