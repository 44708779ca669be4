//! Laws of the language that bounds keep to: a limit more or an arrow less never raises one, and neither names nor a state
//! that is passed at once change one.

use journey_compiler::check::bounds::{Scope, message_bounds, proven_of};
use journey_spec::program::JourneyId;

use super::asked;
use super::compare::compiled;
use super::journeys::{Dice, Journey, Part, SERIES, State};
use super::world::TICK;

/// The figures of one instance and of the customer, greater than any number where there is no bound.
fn figures(journey: &Journey) -> Option<Vec<u64>> {
    of(&journey.plain())
}

fn of(text: &str) -> Option<Vec<u64>> {
    let table = message_bounds(&compiled(text)?);
    // Of counters that are left out nothing is promised but that no figure is too low.
    if table.iter().any(|b| b.in_part) {
        return None;
    }
    let mut all = table.iter().filter(|b| b.channel.is_none() && b.purpose.is_none()).collect::<Vec<_>>();
    // A limit that is added may name a window more.
    all.retain(|b| b.window.is_none_or(|w| [1, 24, 7 * 24, 30 * 24].contains(&(w / 3_600_000))));
    let scopes = [Scope::Customer, Scope::Instance(JourneyId(0))];
    let wanted = |scope| all.iter().filter(move |b| b.scope == scope).map(|b| b.at_most.unwrap_or(u64::MAX));
    Some(scopes.into_iter().flat_map(wanted).collect())
}

fn journeys() -> impl Iterator<Item = (Journey, Dice, String)> {
    let many: u64 = asked("JOURNEY_HONEST").and_then(|n| n.parse().ok()).unwrap_or(2);
    SERIES.iter().flat_map(move |(name, parts)| {
        (0..many).map(move |seed| {
            (Journey::random(parts, seed + 7_000), Dice::new(seed), format!("{name}, seed {}", seed + 7_000))
        })
    })
}

fn never_more(less: &Journey, than: &Journey, name: &str) {
    let (Some(small), Some(great)) = (figures(less), figures(than)) else { return };
    for (a, b) in small.iter().zip(&great) {
        assert!(a <= b, "{name}: {small:?} is more than {great:?}\n{}\nis less than\n{}", less.plain(), than.plain());
    }
}

#[test]
fn a_limit_more_never_raises_a_bound() {
    for (journey, mut dice, name) in journeys() {
        let mut less = journey.clone();
        let n = 1 + dice.below(3);
        let limit = format!("limit messages to {n} per {}h else skip", 1 + dice.below(30));
        if dice.one_in(2) {
            less.limits.push(limit)
        } else {
            less.policy.push(limit)
        }
        never_more(&less, &journey, &name);
        // One that lets nothing more through than another.
        for (i, line) in journey.limits.iter().enumerate().filter(|(_, l)| l.contains(" to 2 ")) {
            let mut less = journey.clone();
            less.limits[i] = line.replace(" to 2 ", " to 1 ");
            // A redirect is taken sooner where a limit on visits is lower.
            if !line.contains("-> ") && !line.contains(" end") && !line.contains("visits") {
                never_more(&less, &journey, &name);
            }
        }
    }
}

#[test]
fn a_quiet_time_that_an_event_begins_changes_no_bound() {
    // The event may never come, so nothing is less for it, and what it blocks may be blocked for other reasons too.
    for (journey, mut dice, name) in journeys() {
        let mut quiet = journey.clone();
        let event = dice.of(&["talked", "ping", "created"]);
        quiet.policy.push(format!("quiet {}h after {event} for messages else skip", 1 + dice.below(30)));
        assert_eq!(figures(&quiet), figures(&journey), "{name}:\n{}", quiet.plain());
    }
}

#[test]
fn an_arrow_less_never_raises_a_bound() {
    for (journey, mut dice, name) in journeys() {
        let free = |arrow: &str| arrow.starts_with("on ") && !arrow.contains("settle");
        let all: Vec<(usize, usize)> = (0..journey.states.len())
            .flat_map(|s| (0..journey.states[s].arrows.len()).map(move |a| (s, a)))
            .filter(|(s, a)| free(&journey.states[*s].arrows[*a]))
            .collect();
        // Where the journey has an arrow for the same input, that one would hold instead.
        if all.is_empty() || !journey.shared.is_empty() || journey.has(Part::Replies) || journey.has(Part::Choices) {
            continue;
        }
        let (s, a) = dice.of(&all);
        let mut less = journey.clone();
        less.states[s].arrows.remove(a);
        if !less.states[s].arrows.is_empty() {
            never_more(&less, &journey, &name);
        }
    }
}

#[test]
fn windows_that_are_asked_for_together_are_bounded_as_each_alone() {
    for (journey, _, name) in journeys() {
        let Some(program) = compiled(&journey.plain()) else { continue };
        let scope = Scope::Instance(JourneyId(0));
        let most = |asked: &[_]| {
            let all =
                proven_of(&program, asked).bounds.into_iter().filter(|b| b.channel.is_none() && b.purpose.is_none());
            all.map(|b| b.at_most).collect::<Vec<_>>()
        };
        let windows = [1, 2, 3, 4].map(|ticks| (scope, Some(ticks * TICK)));
        let alone = windows.map(|asked| most(&[asked])).concat();
        assert_eq!(most(&windows), alone, "{name}:\n{}", journey.plain());
    }
}

#[test]
fn names_change_nothing() {
    for (journey, _, name) in journeys() {
        let renamed = journey.text(|i| format!("z{}_state", 9 - i));
        assert_eq!(of(&renamed), figures(&journey), "{name}: {renamed}");
    }
}

#[test]
fn a_state_that_is_passed_at_once_changes_nothing() {
    for (journey, mut dice, name) in journeys() {
        let all: Vec<(usize, usize)> = (0..journey.states.len())
            .flat_map(|s| (0..journey.states[s].arrows.len()).map(move |a| (s, a)))
            .filter(|(s, a)| {
                let arrow = &journey.states[*s].arrows[*a];
                arrow.starts_with("on ping") && arrow.contains("->")
            })
            .collect();
        if all.is_empty() {
            continue;
        }
        let (s, a) = dice.of(&all);
        let mut longer = journey.clone();
        let arrow = &journey.states[s].arrows[a];
        let (head, to) = arrow.split_once("-> ").unwrap();
        // What a limit refuses is refused in the middle, where nothing is waited for.
        let target = to.trim().to_owned();
        if journey.limits.iter().any(|l| l.contains(&format!("visits {target} "))) {
            continue;
        }
        let middle = journey.states.len();
        longer.states[s].arrows[a] = format!("{head}-> @{middle}");
        longer.states.push(State { entry: Vec::new(), arrows: vec![format!("-> {target}")] });
        let (before, after) = (figures(&journey), figures(&longer));
        if before.is_some() && after.is_some() {
            assert_eq!(before, after, "{name}:\n{}\nand\n{}", journey.plain(), longer.plain());
        }
    }
}
