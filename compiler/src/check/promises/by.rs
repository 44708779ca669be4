//! Promises `by T - d`: asked of [`super::precondition`], and told.

use std::collections::BTreeMap;

use journey_spec::codes::J0501;
use journey_spec::program::{Action, Arrow, Deadline, Expr, Journey, MINUTE, Millis, Promise, Then, Trigger, Validity};
use journey_spec::time::{spelled_days, spelled_duration};
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::clock::Clock;
use super::places::{self, HOST};
use super::precondition::{
    Come, Coming, Does, EVER, Instant, Limits, Mode, NEVER, Ranges, Solved, Step, Story, Undecided, solve,
};
use super::truth::{Truth, Vain};
use super::{Case, guard, keeper, late};
use crate::check::story;
use crate::diagnostics::Finding;
use crate::fix::Fix;
use crate::graph::{Sent, hears, spelled, split};
use crate::spans::Node;

/// Mends that are tried for promises of one name and deadline.
const MOST_TRIES: u32 = 8;

/// What is known of promises of one name and deadline.
pub(super) struct Known {
    pub(super) clock: Clock,
    solved: Result<Solved, Undecided>,
    /// So many mends are still tried: each costs as much as looking at the promise.
    tries: u32,
    /// How instances begin, and with which R places can be come to; asked only where something can be lost.
    come: Option<(Vec<(usize, Ranges)>, Come)>,
}

/// The promises of a journey that were looked at already: many places can make the same.
#[derive(Default)]
pub(super) struct Cache(BTreeMap<(String, String), Known>);

impl Cache {
    fn known(&mut self, case: &Case<'_>, journey: &Journey, truth: &Truth<'_>, name: &str, by: &Expr) -> &mut Known {
        self.0.entry((name.to_owned(), format!("{by:?}"))).or_insert_with(|| {
            let clock = Clock::of(by);
            let solved = solve(places::of(case, journey, name, &clock, truth), clock.due, &Limits::default());
            Known { clock, solved, tries: MOST_TRIES, come: None }
        })
    }
}

/// Where a promise is made.
#[derive(Clone, Copy)]
struct Made<'a> {
    sent: &'a Sent,
    promise: &'a Promise,
    by: &'a Expr,
    place: NodeIndex,
    mode: Mode,
}

/// What breaks a promise that this send makes; none where it is kept whatever happens.
pub(super) fn broken(
    case: &Case<'_>,
    journey: &Journey,
    truth: &Truth<'_>,
    cache: &mut Cache,
    (from, sent, promise): (NodeIndex, &Sent, &Promise),
) -> Option<Finding> {
    let Deadline::By(by) = &promise.deadline else { return None };
    let known = cache.known(case, journey, truth, &promise.name, by);
    let Ok(solved) = &known.solved else { return Some(undecided(case, sent, promise, by)) };
    let made = |place, mode| Made { sent, promise, by, place, mode };
    let mut whiles = Vec::new();
    if !super::said_later(case.graph, truth, from, sent, promise) {
        match arrow_of(journey, &sent.node) {
            Some(arrow) => {
                whiles.push((made(from, Mode::Lasts), None, Ranges::all()));
                match &arrow.on {
                    // What else is past leads on in the same step.
                    Trigger::At { at, .. } => {
                        let past =
                            known.clock.before(at).map_or_else(Ranges::all, |(first, _)| Ranges::between(EVER, first));
                        whiles.push((made(from, Mode::Entered), None, past.clone()));
                        whiles.push((made(from, Mode::Moved), None, past));
                    }
                    // Its own event may move T, and then too.
                    Trigger::Event { take, .. } if take.iter().any(|field| known.clock.is_of(field)) => {
                        whiles.push((made(from, Mode::Moved), None, Ranges::all()));
                    }
                    _ => {}
                }
            }
            None => whiles.push((made(from, Mode::Entered), None, Ranges::all())),
        }
    }
    // The promising message may have to wait, and leave when what would keep the promise has left already.
    let stays = arrow_of(journey, &sent.node).is_some();
    let leaves = leaves(case, &known.clock, sent);
    for rest in late::rests(case, journey, from, sent) {
        let until = leaves.iter().next().map_or(EVER, |(first, _)| first.saturating_sub(1));
        let waits = Mode::Waits { until, most: late::longest(case, sent) };
        let modes = if stays { &[Mode::Lasts][..] } else { &[waits, Mode::AfterNews][..] };
        whiles.extend(modes.iter().map(|mode| (made(rest, *mode), Some(late::name(case, sent)), Ranges::all())));
    }
    // A condition on the way has to do whether the message waits or not.
    let mut all_lost = Ranges::none();
    for (made, ..) in whiles.iter().filter(|(made, ..)| made.mode.begins()) {
        all_lost.join(&solved.lost_in(made.place.index(), made.mode));
    }
    for (made, waits, when) in whiles {
        let lost = solved.lost_in(made.place.index(), made.mode);
        if lost.is_none() {
            continue;
        }
        let (begins, come) = known.come.get_or_insert_with(|| {
            let begins = places::begins(case, journey, &known.clock);
            let come = solved.come(&begins, case.program.policy.grace);
            (begins, come)
        });
        let reached = come.with(made.place.index(), made.mode);
        let want = lost.and(&leaves).and(&when).and(&reached);
        if want.is_none() {
            continue;
        }
        let coming = come.way(begins, made.place.index(), made.mode, &want);
        let with = coming.as_ref().map_or(&want, |c| &c.with);
        // What can be lost has a story, so none is no reason to say nothing.
        let Some(story) = solved.story(made.place.index(), made.mode, with) else {
            return Some(undecided(case, sent, promise, by));
        };
        let lost = if made.mode.begins() { all_lost } else { lost };
        let holds = lost.other();
        let told = Told {
            case,
            journey,
            truth,
            clock: &known.clock,
            solved,
            from,
            made,
            coming: coming.as_ref(),
            story: &story,
            reached: &want,
            holds: &holds,
            waits,
            tries: known.tries > 0,
        };
        let guard = guard::Asked { case, journey, clock: &known.clock, begins, come, lost: &lost };
        let finding = told.finding(&guard);
        known.tries = known.tries.saturating_sub(1);
        return Some(finding);
    }
    None
}

/// The arrow of whose `stay` a send is part; none for one of a state's entry.
fn arrow_of<'a>(journey: &'a Journey, node: &Node) -> Option<&'a Arrow> {
    match node {
        Node::Stay(_, state, i, _) => journey.states.get(state.index())?.arrows.get(*i),
        Node::JourneyStay(_, i, _) => journey.arrows.get(*i),
        _ => None,
    }
}

/// With which R the message can leave at all: before its `valid until`.
fn leaves(case: &Case<'_>, clock: &Clock, sent: &Sent) -> Ranges {
    let message = case.program.messages.get(sent.send.message.index());
    let Some(Validity::Until(until)) = message.map(|m| &m.validity) else { return Ranges::all() };
    clock.before(until).map_or_else(Ranges::all, |(_, last)| Ranges::between(last.saturating_add(1), NEVER))
}

fn undecided(case: &Case<'_>, sent: &Sent, promise: &Promise, by: &Expr) -> Finding {
    let what = format!(
        "whether a customer who was promised `{}` by {} gets it could not be decided",
        promise.name,
        spelled(by)
    );
    Finding::new(&J0501, case.spans.get(&sent.node), what)
        .label("makes the promise")
        .how("too many ways with too many different times lead on from here: none was found that breaks it, and not all could be looked at")
        .help(format!(
            "let each state in which it is open lead on by itself, for example  at {} -> …, if past -> …",
            earlier(by)
        ))
}

/// How long before the deadline a help line proposes to speak.
const AHEAD: Millis = 5 * MINUTE;

/// So long before a deadline, as written.
fn earlier(by: &Expr) -> String {
    let (base, offset) = split(by);
    spelled(&Expr::Offset { base: Box::new(base), by: offset.saturating_sub(AHEAD) })
}

/// `2h away`, `10m ago`, `now`.
fn away(r: Millis) -> String {
    match r {
        0 => "now".into(),
        r if r > 0 => format!("{} away", spelled_duration(r)),
        r => format!("{} ago", spelled_duration(r.saturating_neg())),
    }
}

/// The R with which a promise holds, in words: `2h 20m away or more`. What is due before it is made is kept only where it is
/// taken back in the same step, and so is what lies together with that; none where a promise holds nowhere else.
pub(super) fn in_words(clock: &Clock, holds: &Ranges) -> Option<String> {
    let (kept, taken_back) = guard::kept(clock, holds);
    let more = kept.iter().rev().map(|(first, last)| match (guard::from(*first, *last), last) {
        ((first, true), &NEVER) => format!("more than {}", away(first)),
        ((first, false), &NEVER) => format!("{} or more", away(first)),
        ((first, over), last) => {
            format!(
                "{} {} and at most {}",
                if over { "more than" } else { "at least" },
                spelled_duration(first),
                away(*last)
            )
        }
    });
    let less = taken_back.map(|last| format!("{} or less, so that it is taken back at once", away(last)));
    let parts: Vec<String> = more.chain(less).collect();
    (!kept.is_empty() && parts.len() <= 3).then(|| parts.join(", or "))
}

/// All that a finding tells.
struct Told<'a> {
    case: &'a Case<'a>,
    journey: &'a Journey,
    truth: &'a Truth<'a>,
    clock: &'a Clock,
    solved: &'a Solved,
    /// Where the promising message is sent.
    from: NodeIndex,
    made: Made<'a>,
    /// How one gets to where it is made, where that was found.
    coming: Option<&'a Coming>,
    story: &'a Story,
    /// The R with which it can be made there and be lost.
    reached: &'a Ranges,
    /// The R with which the promise holds.
    holds: &'a Ranges,
    /// The promising message, where it had to wait.
    waits: Option<&'a str>,
    /// Whether a mend is still tried.
    tries: bool,
}

impl Told<'_> {
    fn finding(&self, guard: &guard::Asked<'_>) -> Finding {
        let (case, Made { sent, promise, by, .. }) = (self.case, self.made);
        let deadline = spelled(by);
        let t = spelled(&self.clock.base);
        let words = in_words(self.clock, self.holds).filter(|_| self.waits.is_none() || self.made.mode.begins());
        let (what, ends, help) = self.at_last();
        let label = match &words {
            Some(words) => format!("makes the promise; it holds only where `{t}` is {words} then"),
            None => "makes the promise".into(),
        };
        let at = || case.graph.node_of(NodeIndex::new(self.story.at));
        let place = self.in_vain().map_or_else(at, |(vain, _)| vain.node());
        let waited = match self.waits {
            Some(name) if self.made.mode.begins() => format!("`{name}` leaves only now, and promises it; "),
            Some(name) => format!("where `{name}` waits and leaves only now, "),
            None => String::new(),
        };
        let mut finding = Finding::new(
            &J0501,
            case.spans.get(&sent.node),
            format!("a customer who was promised `{}` by {deadline} may wait for it in vain", promise.name),
        )
        .label(label)
        .also(case.spans.get(&place), what)
        .how(format!("{}; {waited}{ends}", self.so_far(words.is_some())));
        finding = match (self.waits, words) {
            (Some(_), None) => {
                finding.help(late::help(case, self.journey, self.from, self.made.place, sent, &promise.name))
            }
            (_, Some(_)) => {
                let when = guard::condition(self.clock, self.holds).unwrap_or_default();
                let (text, fix) =
                    guard.help(self.from, &promise.name, matches!(sent.node, Node::Entry(..)), self.holds);
                match (when.is_empty(), text) {
                    (false, Some(text)) => {
                        finding.help(format!("promise it only where there is time:  {text}; or {help}")).fix(fix)
                    }
                    (false, None) => finding.help(format!("promise it only  when {when}; or {help}")),
                    _ => finding.help(help),
                }
            }
            (None, None) => finding.help(help).fix(if self.tries { self.lead_on() } else { None }),
        };
        finding
    }

    /// The `at` that leads on in time, put into the state in which the promise is lost; none where that does not mend it,
    /// which is tried.
    fn lead_on(&self) -> Option<Fix> {
        let (case, graph) = (self.case, self.case.graph);
        let state = graph.place(NodeIndex::new(self.story.at)).filter(|p| p.rests && !p.end)?.state?;
        let target = keeper(case, &self.made.promise.name)?;
        let to = graph.nodes().find(|n| graph.label(*n) == target && !graph.capped(*n))?;
        let before = self.clock.due.saturating_add(AHEAD);
        let does = Does::Goes { steps: vec![Step { to: to.index(), tag: HOST, sets: false }], surely: true };
        let mut places = places::of(case, self.journey, &self.made.promise.name, self.clock, self.truth);
        places.get_mut(self.story.at)?.instants.push(Instant {
            first: before,
            last: before,
            may: Ranges::all(),
            must: Ranges::all(),
            then: does.clone(),
            past: does,
        });
        let mended = solve(places, self.clock.due, &Limits::default()).ok()?;
        let lost = mended.lost_in(self.made.place.index(), self.made.mode);
        if !lost.and(self.reached).is_none() {
            return None;
        }
        let decl = self.journey.states.get(state.index())?;
        let entry = (0..decl.entry.len()).map(|i| Node::Entry(graph.journey, state, i));
        let arrows = (0..decl.arrows.len()).map(|i| Node::Arrow(graph.journey, state, i));
        let last = entry.chain(arrows).map(|node| case.spans.get(&node)).max_by_key(|span| span.end)?;
        let line = format!("\n    at {} -> {target}, if past -> {target}", earlier(self.made.by));
        Some(Fix::insert(last, line).look())
    }

    /// What comes to say so and is no longer true by then, and how long it is to T: the last on the way.
    fn in_vain(&self) -> Option<(Vain<'_>, Millis)> {
        let (first, name) = (self.made.place.index(), &self.made.promise.name);
        let steps = self.story.steps.iter().map(|s| (s.step.to, s.then));
        // The promise is made after all that its own step has said.
        let mut comes = std::iter::once((first, self.story.from)).chain(steps).skip(1).collect::<Vec<_>>();
        comes.reverse();
        comes
            .into_iter()
            .filter(|(place, r)| self.solved.speaks_in_vain(*place, *r))
            .find_map(|(place, r)| Some((Vain::of(self.case.graph, self.truth, NodeIndex::new(place), name)?, r)))
    }

    /// Whether it matters how long it is to T.
    fn timed(&self) -> bool {
        self.story.steps.iter().any(|s| s.moved) || in_words(self.clock, self.holds).is_some()
    }

    /// What happened up to where it is lost.
    fn so_far(&self, timed: bool) -> String {
        let graph = self.case.graph;
        let t = spelled(&self.clock.base);
        let edges =
            |tags: &[usize]| tags.iter().filter(|t| **t != HOST).map(|t| EdgeIndex::new(*t)).collect::<Vec<_>>();
        let coming = self.coming.and_then(|c| Some((graph.begins.get(c.begin)?, c)));
        let mut text = match coming {
            Some((begin, coming)) => {
                let way = story::along(graph, &edges(&coming.tags));
                format!("{} → {}{way}", begin.word, story::stop(graph, begin.to))
            }
            None => story::from_start(graph, self.made.place),
        };
        let away = |r: Millis| if timed { format!(", `{t}` {}", away(r)) } else { String::new() };
        let made = match self.waits {
            Some(name) if self.made.mode.begins() => format!(" (`{name}` waits{})", away(self.story.from)),
            _ => format!(" (`{}` promised{})", self.made.promise.name, away(self.story.from)),
        };
        // A message that waits promises where its step came to rest.
        text.push_str(&made);
        for step in &self.story.steps {
            match step.step.tag {
                HOST => text.push_str(&format!(", then the directory moves `{t}`")),
                tag => {
                    text.push_str(&story::along(graph, &edges(&[tag])));
                    if step.moved {
                        text.push_str(&format!(" (`{t}` is {} then)", self::away(step.then)));
                    }
                }
            }
        }
        text
    }

    /// What is wrong with where it is lost, what happens there, and how to mend it.
    fn at_last(&self) -> (String, String, String) {
        let (case, graph) = (self.case, self.case.graph);
        let deadline = spelled(self.made.by);
        let at = NodeIndex::new(self.story.at);
        if graph.ends(at) {
            return (
                "ends with the promise open".into(),
                "it is over, and what was promised never comes".into(),
                "keep or withdraw it on the way, for example  send … withdrawing …".into(),
            );
        }
        if let Some((vain, r)) = self.in_vain() {
            return vain.at_last(case, self.clock, r);
        }
        let target = keeper(case, &self.made.promise.name).unwrap_or("unsure");
        let help = format!(
            "lead on in time whatever the feed does, for example  at {} -> {target}, if past -> {target}",
            earlier(self.made.by)
        );
        let state = graph.place(at).and_then(|p| p.state);
        let heard = state.map(|s| hears(self.journey, graph.journey, s)).unwrap_or_default();
        let with = self.story.steps.last().map_or(self.story.from, |s| s.then);
        let leaves = |then: &Then| match then {
            Then::Goto(to) => !graph.refusable(*to),
            Then::Stay(actions) => actions.iter().any(|a| match a {
                Action::Send(send) => [&send.keeping, &send.withdrawing]
                    .into_iter()
                    .any(|name| name.as_ref() == Some(&self.made.promise.name)),
                _ => false,
            }),
        };
        let instant = heard.iter().find_map(|(_, a)| match &a.on {
            Trigger::At { at, if_past } if a.when.is_none() => {
                let (_, last) = self.clock.before(at)?;
                let late = last < self.clock.due && leaves(&a.then);
                let gone = last >= with && last >= self.clock.due && !leaves(if_past);
                (late || gone).then(|| (spelled(at), gone))
            }
            _ => None,
        });
        let timer = heard.iter().find_map(|(_, a)| match a.on {
            Trigger::After(d) => Some(spelled_duration(d)),
            Trigger::AfterDays { days, minute } => Some(spelled_days(days, Some(minute))),
            _ => None,
        });
        let (what, story) = match (instant, timer) {
            (Some((at, true)), _) => (
                format!("stays where {at} is already past, and says nothing"),
                format!("{at} is already past, {deadline} passes, and nobody says anything"),
            ),
            (Some((at, false)), _) => (
                format!("leads on only at {at}, after the promise falls due"),
                format!("nothing else comes in; {deadline} passes, and only then {at} comes"),
            ),
            (None, Some(after)) => (
                format!("leads on only {after} after it is entered, which may be later than {deadline}"),
                match self.story.left.and_then(|left| self.clock.due.checked_sub(left)).filter(|_| self.timed()) {
                    Some(by) => format!(
                        "nothing else comes in, and when the {after} are over it is {} too late",
                        spelled_duration(by)
                    ),
                    None => format!("nothing else comes in, and {deadline} passes before the {after} are over"),
                },
            ),
            (None, None) => (
                "waits for an event that may never come".into(),
                format!("the feed goes silent, {deadline} passes, and nobody says anything"),
            ),
        };
        (what, story, help)
    }
}
