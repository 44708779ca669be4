//! From a compiled journey to its picture.
//!
//! Each arrow of the text is one edge, so that a reader finds it again. What holds in every state is drawn once, from a
//! frame of its own, and not from each state. A handler that stays is a line in its state. A limit on visits is a line
//! in the state that it bounds, and an edge from there where it leads elsewhere.

use journey_spec::program::{
    Action, Arrow, Branch, EndKind, Fate, GoalWhat, Journey, JourneyId, LimitWhat, Set, State, StateId, Then, Trigger,
    Window,
};
use journey_step::effect::Way;

use super::picture::{Edge, EdgeKind, Line, LineKind, Node, NodeKind, Picture, Place};
use super::words::{Words, when};
use crate::Compilation;
use crate::check::bounds::rule;
use crate::spans::Node as Part;

/// The id of the frame of what holds in every state.
const EVERYWHERE: &str = "everywhere";

/// The id of where `else end` leads.
const OVER: &str = "over";

/// Pictures of all journeys, in the order of the program.
#[must_use]
pub fn draw_all(compilation: &Compilation) -> Vec<Picture> {
    let journeys = compilation.program.as_ref().map_or(0, |p| p.journeys.len());
    (0..journeys as u32).filter_map(|id| draw(compilation, JourneyId(id))).collect()
}

/// The picture of a journey; none where the program has no such journey.
#[must_use]
pub fn draw(compilation: &Compilation, id: JourneyId) -> Option<Picture> {
    let program = compilation.program.as_ref()?;
    let journey = program.journeys.get(id.index())?;
    let words = Words { program, journey };
    let picture = Picture {
        journey: journey.name.to_string(),
        doc: journey.doc.split_whitespace().collect::<Vec<_>>().join(" "),
        key: journey.key.as_ref().map(|k| k.join(".")),
        whole: !compilation.broken.contains(&id),
        ..Picture::default()
    };
    let mut pen = Pen { compilation, words, journey, id, picture };
    pen.picture.at = pen.place(&Part::Journey(id));
    pen.rules();
    pen.starts();
    pen.everywhere();
    for (state, number) in journey.states.iter().zip(0..) {
        pen.state(state, StateId(number));
    }
    pen.over();
    Some(pen.picture)
}

/// The id of a state's node.
fn id_of(journey: &Journey, state: StateId) -> String {
    journey.states.get(state.index()).map_or_else(|| OVER.into(), |s| format!("state:{}", s.name))
}

struct Pen<'a> {
    compilation: &'a Compilation,
    words: Words<'a>,
    journey: &'a Journey,
    id: JourneyId,
    picture: Picture,
}

impl Pen<'_> {
    fn place(&self, part: &Part) -> Option<Place> {
        let span = self.compilation.spans.get(part);
        // A part whose place nobody noted would point at the first byte of the first file.
        if span.start == span.end {
            return None;
        }
        let source = self.compilation.sources.get(span.file)?;
        let at = source.line_col(span.start);
        Some(Place { path: source.path.clone(), line: at.line, column: at.column })
    }

    fn line(&self, kind: LineKind, text: String, part: &Part, ways: Vec<Way>) -> Line {
        Line { kind, text, at: self.place(part), taken: None, ways }
    }

    fn edge(&mut self, from: &str, to: String, (kind, label): (EdgeKind, String), part: &Part, ways: Vec<Way>) {
        let at = self.place(part);
        self.picture.edges.push(Edge { from: from.into(), to, kind, label, at, taken: None, ways });
    }

    fn node(&mut self, id: String, kind: NodeKind, name: &str, lines: Vec<Line>, shows: Option<(&Part, Way)>) {
        let at = shows.as_ref().and_then(|(part, _)| self.place(part));
        let ways = shows.into_iter().map(|(_, way)| way).collect();
        self.picture.nodes.push(Node { id, kind, name: name.into(), lines, at, taken: None, ways });
    }

    /// Where a limit leads what it does not let through, if anywhere.
    fn instead(&self, fate: &Fate) -> Option<String> {
        match fate {
            Fate::Goto(to) => Some(id_of(self.journey, *to)),
            Fate::End => Some(OVER.into()),
            _ => None,
        }
    }

    /// Limits of the journey as a whole, as they are written.
    fn rules(&mut self) {
        let journey = self.journey;
        for (i, limit) in journey.limits.iter().enumerate() {
            if !matches!(limit.what, LimitWhat::Visits(_)) {
                let text = format!("{} {}", rule(limit), self.words.otherwise(&limit.fate));
                let line = self.line(LineKind::Limit, text, &Part::Limit(self.id, i), vec![Way::Limit(i)]);
                self.picture.rules.push(line);
            }
        }
        for (i, goal) in journey.goals.iter().enumerate() {
            if let GoalWhat::Silence { .. } = goal.what {
                let part = Part::Goal(self.id, i);
                let line = self.line(LineKind::Goal, format!("goal {}", goal.text), &part, Vec::new());
                self.picture.rules.push(line);
            }
        }
    }

    fn starts(&mut self) {
        let journey = self.journey;
        for (i, start) in journey.starts.iter().enumerate() {
            let (id, part) = (format!("start:{i}"), Part::Start(self.id, i));
            let shows = Some((&part, Way::Start(i)));
            self.node(id.clone(), NodeKind::Start, self.words.event(start.event), Vec::new(), shows);
            let label = when(start.when.as_ref()).trim_start().to_owned();
            self.edge(&id, id_of(journey, start.to), (EdgeKind::Start, label), &part, vec![Way::Start(i)]);
            for (n, limit) in journey.limits.iter().enumerate() {
                if matches!(limit.what, LimitWhat::Starts | LimitWhat::Live)
                    && let Some(to) = self.instead(&limit.fate)
                {
                    let what = if limit.what == LimitWhat::Live { "live" } else { "starts" };
                    let label = format!("{what} over {}", quota(limit.n, limit.per));
                    let part = Part::Limit(self.id, n);
                    self.edge(&id, to, (EdgeKind::Limit, label), &part, vec![Way::Limit(n)]);
                }
            }
        }
    }

    fn everywhere(&mut self) {
        let journey = self.journey;
        let all: Vec<&Trigger> = journey.arrows.iter().map(|a| &a.on).collect();
        let mut lines = Vec::new();
        let before = self.picture.edges.len();
        for (i, arrow) in journey.arrows.iter().enumerate() {
            let way = |past| Way::Everywhere { arrow: i, past };
            lines.extend(self.arrow(EVERYWHERE, arrow, &all, &Part::JourneyArrow(self.id, i), &way));
        }
        for (i, limit) in journey.limits.iter().enumerate() {
            if matches!(limit.what, LimitWhat::Messages { .. })
                && let Some(to) = self.instead(&limit.fate)
            {
                let rule = rule(limit);
                let what = rule.strip_prefix("limit ").and_then(|r| r.split(" to ").next()).unwrap_or("messages");
                let label = format!("{what} over {}", quota(limit.n, limit.per));
                let part = Part::Limit(self.id, i);
                self.edge(EVERYWHERE, to, (EdgeKind::Limit, label), &part, vec![Way::Limit(i)]);
            }
        }
        if !lines.is_empty() || self.picture.edges.len() > before {
            self.node(EVERYWHERE.into(), NodeKind::Everywhere, "in every state", lines, None);
        }
    }

    fn state(&mut self, state: &State, number: StateId) {
        let (id, part) = (id_of(self.journey, number), Part::State(self.id, number));
        let kind = match state.end {
            Some(EndKind::Success) => NodeKind::Success,
            Some(EndKind::Neutral) => NodeKind::Neutral,
            Some(EndKind::Failure) => NodeKind::Failure,
            None if state.next.is_some() || state.branch.is_some() => NodeKind::Passing,
            None => NodeKind::Waiting,
        };
        let mut lines = Vec::new();
        for (i, action) in state.entry.iter().enumerate() {
            let part = Part::Entry(self.id, number, i);
            for (kind, text) in self.words.action(action) {
                lines.push(self.line(kind, text, &part, Vec::new()));
            }
            lines.extend(self.undelivered(&id, action, &part));
            self.outcomes(&id, number, action);
        }
        if let Some(next) = state.next {
            let to = id_of(self.journey, next);
            let part = Part::Next(self.id, number);
            self.edge(&id, to, (EdgeKind::Once, String::new()), &part, vec![Way::Next(number)]);
        }
        let heard: Vec<&Trigger> = state.arrows.iter().chain(&self.journey.arrows).map(|a| &a.on).collect();
        for (i, arrow) in state.arrows.iter().enumerate() {
            let way = |past| Way::Arrow { state: number, arrow: i, past };
            lines.extend(self.arrow(&id, arrow, &heard, &Part::Arrow(self.id, number, i), &way));
        }
        let journey = self.journey;
        for (i, limit) in journey.limits.iter().enumerate().filter(|(_, l)| l.what == LimitWhat::Visits(number)) {
            let part = Part::Limit(self.id, i);
            let mut text = format!("entered at most {}", Words::quota(limit));
            let mut ways = Vec::new();
            match self.instead(&limit.fate) {
                Some(to) => {
                    let label = format!("over {}", quota(limit.n, limit.per));
                    self.edge(&id, to, (EdgeKind::Limit, label), &part, vec![Way::Limit(i)]);
                }
                None => {
                    text = format!("{text} {}", self.words.otherwise(&limit.fate));
                    ways.push(Way::Limit(i));
                }
            }
            lines.push(self.line(LineKind::Limit, text, &part, ways));
        }
        for (i, goal) in journey.goals.iter().enumerate().filter(|(_, g)| g.what == GoalWhat::Reach(number)) {
            let part = Part::Goal(self.id, i);
            lines.push(self.line(LineKind::Goal, format!("goal {}", goal.text), &part, Vec::new()));
        }
        self.node(id.clone(), kind, &state.name, lines, Some((&part, Way::State(number))));
        if let Some(branch) = &state.branch {
            self.branch(&id, branch, number, &state.name);
        }
    }

    /// `choose` and `split`: a point of its own, which each of their ways leaves.
    fn branch(&mut self, id: &str, branch: &Branch, number: StateId, name: &str) {
        let (choice, part) = (format!("choice:{name}"), Part::Next(self.id, number));
        let sign = if matches!(branch, Branch::Split(_)) { "%" } else { "?" };
        let state = vec![Way::State(number)];
        self.edge(id, choice.clone(), (EdgeKind::Once, String::new()), &part, state);
        self.node(choice.clone(), NodeKind::Choice, sign, Vec::new(), Some((&part, Way::State(number))));
        // Of several conditions the first that holds is taken, and a picture sets its ways where there is room.
        let conditions = match branch {
            Branch::When(ways) => ways.iter().filter(|(when, _)| when.is_some()).count(),
            _ => 0,
        };
        for (i, (word, to)) in branch.ways().into_iter().enumerate() {
            let word = match i {
                i if conditions > 1 && i < conditions => format!("{}: {word}", i.saturating_add(1)),
                _ => word,
            };
            let part = Part::Way(self.id, number, i);
            let ways = vec![Way::Branch(number, i)];
            self.edge(&choice, id_of(self.journey, to), (EdgeKind::Branch, word), &part, ways);
        }
    }

    /// What a send says itself of a message that leaves, cannot leave, or cannot be delivered: an edge where it leads on, a
    /// line where it stays.
    fn undelivered(&mut self, id: &str, action: &Action, part: &Part) -> Vec<Line> {
        let Action::Send(send) = action else { return Vec::new() };
        let own = [
            (EdgeKind::Blocked, "blocked", &send.on_blocked, Way::OnBlocked(send.message)),
            (EdgeKind::Failed, "failed", &send.on_failed, Way::OnFailed(send.message)),
        ];
        let mut lines = Vec::new();
        if !send.on_sent.is_empty() {
            let set: Vec<String> = send.on_sent.iter().map(Set::to_string).collect();
            let text = format!("on sent {}", set.join(", "));
            lines.push(self.line(LineKind::Set, text, part, vec![Way::OnSent(send.message)]));
        }
        for (kind, word, then, way) in own {
            match then {
                Some(Then::Goto(to)) => {
                    let label = format!("{} {word}", self.words.message(send));
                    self.edge(id, id_of(self.journey, *to), (kind, label), part, vec![way]);
                }
                Some(Then::Stay(actions)) => {
                    let text = self.words.staying(&format!("on {word}"), actions);
                    lines.push(self.line(LineKind::Stay, text, part, vec![way]));
                    lines.extend(actions.iter().flat_map(|a| self.undelivered(id, a, part)).collect::<Vec<_>>());
                }
                None => {}
            }
        }
        lines
    }

    /// Where the answers of a service lead, in the order of the text.
    fn outcomes(&mut self, id: &str, number: StateId, action: &Action) {
        let Action::Call(call) = action else { return };
        let mut outcomes: Vec<_> = call.outcomes.iter().collect();
        let place = |name: &str| self.compilation.spans.get(&Part::Outcome(self.id, number, name.into())).start;
        outcomes.sort_by_key(|(name, _)| place(name));
        for (name, to) in outcomes {
            let part = Part::Outcome(self.id, number, name.clone());
            let ways = vec![Way::Outcome(number, name.clone())];
            self.edge(id, id_of(self.journey, *to), (EdgeKind::Outcome, name.clone()), &part, ways);
        }
    }

    /// An arrow: an edge for each way in which it leads on, a line for each in which it stays.
    fn arrow(
        &mut self,
        from: &str,
        arrow: &Arrow,
        heard: &[&Trigger],
        part: &Part,
        way: &dyn Fn(bool) -> Way,
    ) -> Vec<Line> {
        let (kind, mut label) = self.words.arrow(arrow, heard);
        let mut lines = Vec::new();
        let mut ways = vec![way(false)];
        if let Trigger::At { at, if_past } = &arrow.on {
            if *if_past == arrow.then {
                label.push_str(", or past");
                ways.push(way(true));
            } else {
                let past = (EdgeKind::Past, format!("{at} is past{}", when(arrow.when.as_ref())));
                lines.extend(self.then(from, if_past, past, part, vec![way(true)]));
            }
        }
        lines.splice(0..0, self.then(from, &arrow.then, (kind, label), part, ways));
        lines
    }

    fn then(&mut self, from: &str, then: &Then, on: (EdgeKind, String), part: &Part, ways: Vec<Way>) -> Vec<Line> {
        match then {
            Then::Goto(to) => {
                let to = id_of(self.journey, *to);
                self.edge(from, to, on, part, ways);
                Vec::new()
            }
            Then::Stay(actions) => {
                let (kind, label) = on;
                let on = if matches!(kind, EdgeKind::Timer | EdgeKind::Past) { label } else { format!("on {label}") };
                let text = self.words.staying(&on, actions);
                let mut lines = vec![self.line(LineKind::Stay, text, part, ways)];
                lines.extend(actions.iter().flat_map(|a| self.undelivered(from, a, part)).collect::<Vec<_>>());
                lines
            }
        }
    }

    /// The end to which limits with `else end` lead, where there is one.
    fn over(&mut self) {
        if self.picture.edges.iter().any(|e| e.to == OVER) {
            self.node(OVER.into(), NodeKind::Neutral, "the end", Vec::new(), None);
        }
    }
}

/// `3 per 7d`, `1 in all`.
fn quota(n: u32, per: Option<Window>) -> String {
    per.map_or_else(|| format!("{n} in all"), |window| format!("{n} per {}", window.spelled()))
}
