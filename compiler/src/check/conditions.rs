//! Conditions that decide nothing: always true, never true, or asked only where an arrow above has taken the input.
//!
//! A condition is brought into disjunctive form, of itself and of its contrary. Each part of it is a list of atoms:
//! a value, or the difference of two, against a constant; a name; a bool; being known. A list contradicts itself where
//! the bounds of one value leave nothing between them, where it has two names or none, or where an atom stands beside its
//! contrary. A condition is never true where every list contradicts itself, always true where every list of its contrary
//! does. What spans three values is not looked at, so a silence proves nothing. Comparing amounts of different currencies
//! is false, so the contrary of such a comparison says nothing of the amount.

use std::collections::{BTreeMap, BTreeSet};

use journey_spec::codes::J0122;
use journey_spec::program::{Arrow, Branch, Cmp, Cond, Expr, Journey, Program, Trigger};
use journey_spec::{Type, Value};

use super::Case;
use crate::diagnostics::Finding;
use crate::graph::{same_input, split};
use crate::spans::Node;

/// Lists of a disjunctive form beyond which nothing is said.
const MOST_LISTS: usize = 256;

/// Every condition can hold, and can fail.
pub(super) fn can_hold_and_can_fail(case: &Case<'_>, out: &mut Vec<Finding>) {
    let Some(journey) = case.program.journeys.get(case.graph.journey.index()) else { return };
    let asker = Asker { program: case.program, journey };
    for (node, cond) in conditions(case, journey) {
        let span = case.spans.get(&node);
        if asker.never(&[(cond, true)]) {
            out.push(
                Finding::new(&J0122, span, "no customer ever goes this way: its condition is never true")
                    .label(format!("`{cond}` cannot hold"))
                    .help("mend the condition, or take the line away"),
            );
        } else if asker.never(&[(cond, false)]) {
            out.push(
                Finding::new(&J0122, span, "this condition is always true, so it keeps nobody from going this way")
                    .label(format!("`{cond}` always holds"))
                    .help("mend the condition, or leave it out"),
            );
        }
    }
}

/// Of several that hear the same input each can be taken.
pub(super) fn leave_something_to_each_arrow(case: &Case<'_>, out: &mut Vec<Finding>) {
    let Some(journey) = case.program.journeys.get(case.graph.journey.index()) else { return };
    let asker = Asker { program: case.program, journey };
    let id = case.graph.journey;
    let mut tell = |node: Node, above: Vec<Node>| {
        let mut finding = Finding::new(
            &J0122,
            case.spans.get(&node),
            "no customer ever goes this way: what stands above it is asked first and leaves nothing to it",
        )
        .label("never taken")
        .help("put it above the others, mend its condition, or take it away");
        for node in above.iter().take(super::story::NAMED) {
            finding = finding.also(case.spans.get(node), "asked before it");
        }
        out.push(finding);
    };
    let lists =
        journey.states.iter().zip(0..).map(|(s, i)| (s.arrows.as_slice(), Some(journey_spec::program::StateId(i))));
    for (arrows, state) in lists.chain([(journey.arrows.as_slice(), None)]) {
        let node = |i| state.map_or(Node::JourneyArrow(id, i), |s| Node::Arrow(id, s, i));
        for (i, arrow) in arrows.iter().enumerate() {
            let Some(cond) = arrow.when.as_ref().filter(|c| !asker.never(&[(c, true)])) else { continue };
            let above: Vec<_> = arrows.iter().enumerate().take(i).filter(|(_, a)| comparable(a, arrow)).collect();
            let sure = above.iter().any(|(_, a)| a.when.is_none());
            let mut all = vec![(cond, true)];
            all.extend(above.iter().filter_map(|(_, a)| Some((a.when.as_ref()?, false))));
            if sure || (!above.is_empty() && asker.never(&all)) {
                tell(node(i), above.iter().map(|(k, _)| node(*k)).collect());
            }
        }
    }
    for (state, number) in journey.states.iter().zip(0..) {
        let Some(Branch::When(ways)) = &state.branch else { continue };
        let node = |i| Node::Way(id, journey_spec::program::StateId(number), i);
        for (i, (cond, _)) in ways.iter().enumerate().skip(1) {
            let Some(cond) = cond.as_ref().filter(|c| !asker.never(&[(c, true)])) else { continue };
            let above = ways.iter().take(i).filter_map(|(c, _)| Some((c.as_ref()?, false)));
            let all: Vec<_> = std::iter::once((cond, true)).chain(above).collect();
            if asker.never(&all) {
                tell(node(i), (0..i).map(node).collect());
            }
        }
    }
}

/// Whether what the first leaves is what the second is asked for: of two that take over different fields the conditions
/// are asked of different data.
fn comparable(first: &Arrow, second: &Arrow) -> bool {
    let takes = |t: &Trigger| match t {
        Trigger::Event { take, .. } => take.iter().cloned().collect::<BTreeSet<_>>(),
        _ => BTreeSet::new(),
    };
    same_input(&first.on, &second.on) && (first.when.is_none() || takes(&first.on) == takes(&second.on))
}

fn conditions<'a>(case: &Case<'a>, journey: &'a Journey) -> Vec<(Node, &'a Cond)> {
    let id = case.graph.journey;
    let mut all = Vec::new();
    all.extend(journey.starts.iter().enumerate().filter_map(|(i, s)| Some((Node::Start(id, i), s.when.as_ref()?))));
    let shared = journey.arrows.iter().enumerate();
    all.extend(shared.filter_map(|(i, a)| Some((Node::JourneyArrow(id, i), a.when.as_ref()?))));
    for (state, number) in journey.states.iter().zip(0..) {
        let at = journey_spec::program::StateId(number);
        let own = state.arrows.iter().enumerate();
        all.extend(own.filter_map(|(i, a)| Some((Node::Arrow(id, at, i), a.when.as_ref()?))));
        if let Some(Branch::When(ways)) = &state.branch {
            let ways = ways.iter().enumerate();
            all.extend(ways.filter_map(|(i, (c, _))| Some((Node::Way(id, at, i), c.as_ref()?))));
        }
    }
    all
}

/// An atom: what it is about, what it says, and whether that or its contrary.
#[derive(Clone)]
struct Atom {
    about: String,
    says: Says,
    so: bool,
}

#[derive(Clone, PartialEq)]
enum Says {
    /// The value, or the difference of two, against a constant.
    Than(Cmp, f64),
    /// It is this name, of these where they are a closed set.
    Name(String, Option<Vec<String>>),
    /// It holds, or is known: contradicts its contrary.
    Plain,
}

type Lists = Vec<Vec<Atom>>;

struct Asker<'a> {
    program: &'a Program,
    journey: &'a Journey,
}

impl Asker<'_> {
    /// Whether these, each or its contrary, can never hold together.
    fn never(&self, all: &[(&Cond, bool)]) -> bool {
        let mut lists: Lists = vec![Vec::new()];
        for (cond, so) in all {
            let Some(more) = self.lists(cond, *so).and_then(|more| both(&lists, &more)) else { return false };
            lists = more;
        }
        lists.iter().all(|atoms| contradicts(atoms))
    }

    /// The disjunctive form; none where it is too long.
    fn lists(&self, cond: &Cond, so: bool) -> Option<Lists> {
        match (cond, so) {
            (Cond::Not(inner), _) => self.lists(inner, !so),
            (Cond::All(parts), true) | (Cond::Any(parts), false) => {
                parts.iter().try_fold(vec![Vec::new()], |lists, part| both(&lists, &self.lists(part, so)?))
            }
            (Cond::All(parts), false) | (Cond::Any(parts), true) => {
                let mut lists = Lists::new();
                for part in parts {
                    lists.extend(self.lists(part, so)?);
                }
                (lists.len() <= MOST_LISTS).then_some(lists)
            }
            (Cond::Known(path), _) => Some(plain(format!("{} is known", path.join(".")), so)),
            (Cond::Holds(value), _) => Some(match value {
                Expr::Literal(Value::Bool(yes)) => fixed(*yes == so),
                value => plain(value.to_string(), so),
            }),
            (Cond::Named { value, name }, _) => {
                let names = match self.ty(value) {
                    Some(Type::OneOf(names)) => Some(names),
                    _ => None,
                };
                Some(vec![vec![Atom { about: value.to_string(), says: Says::Name(name.clone(), names), so }]])
            }
            (Cond::Compare { left, by, right }, _) => Some(self.compared(left, *by, right, so)),
        }
    }

    fn compared(&self, left: &Expr, by: Cmp, right: &Expr, so: bool) -> Lists {
        let ((left, l), (right, r)) = (split(left), split(right));
        // left + l by right + r is left - right by r - l.
        let apart = r.saturating_sub(l) as f64;
        if left == right {
            return fixed(holds(0.0, by, apart) == so);
        }
        let money = [&left, &right].into_iter().any(|e| matches!(self.ty(e), Some(Type::Money)));
        let than = |about: String, by: Cmp, constant: f64| {
            if money && !so {
                return plain(format!("{about} {} {constant}", by.sign()), so);
            }
            vec![vec![Atom { about, says: Says::Than(by, constant), so }]]
        };
        match (&left, &right) {
            (Expr::Literal(a), Expr::Literal(b)) => match (number(a), number(b)) {
                (Some(a), Some(b)) => fixed(holds(a, by, b + apart) == so),
                _ => fixed((a == b) == so),
            },
            (value, Expr::Literal(constant)) => self.against(value, by, constant, apart, so, than),
            (Expr::Literal(constant), value) => self.against(value, by.turned(), constant, -apart, so, than),
            (a, b) => {
                let (a, b) = (a.to_string(), b.to_string());
                match a <= b {
                    true => than(format!("{a} - {b}"), by, apart),
                    false => than(format!("{b} - {a}"), by.turned(), -apart),
                }
            }
        }
    }

    fn against(
        &self,
        value: &Expr,
        by: Cmp,
        constant: &Value,
        apart: f64,
        so: bool,
        than: impl Fn(String, Cmp, f64) -> Lists,
    ) -> Lists {
        match constant {
            Value::Text(text) => {
                vec![vec![Atom { about: value.to_string(), says: Says::Name(text.clone(), None), so }]]
            }
            Value::Bool(yes) => plain(value.to_string(), *yes == so),
            Value::Money(amount, currency) => match amount.parse() {
                Ok(amount) => than(format!("{value} in {currency}"), by, amount),
                Err(_) => plain(format!("{value} {} {amount} {currency}", by.sign()), so),
            },
            other => match number(other) {
                Some(n) => than(value.to_string(), by, n + apart),
                None => plain(format!("{value} {} …", by.sign()), so),
            },
        }
    }

    /// The type of a path, without its `?`.
    fn ty(&self, expr: &Expr) -> Option<Type> {
        let Expr::Path(path) = expr else {
            return match expr {
                Expr::Literal(Value::Money(..)) => Some(Type::Money),
                _ => None,
            };
        };
        let (first, rest) = path.split_first()?;
        let (mut fields, mut rest) = match first.as_str() {
            "customer" => (&self.program.customer.fields, rest),
            _ => (&self.journey.data, path.as_slice()),
        };
        loop {
            let (name, deeper) = rest.split_first()?;
            let ty = fields.iter().find(|f| f.name == *name)?.ty.required();
            match (ty, deeper) {
                (ty, []) => return Some(ty.clone()),
                (Type::Record(record), deeper) => (fields, rest) = (self.program.records.get(record)?, deeper),
                _ => return None,
            }
        }
    }
}

fn fixed(yes: bool) -> Lists {
    if yes { vec![Vec::new()] } else { Vec::new() }
}

fn plain(about: String, so: bool) -> Lists {
    vec![vec![Atom { about, says: Says::Plain, so }]]
}

fn both(a: &Lists, b: &Lists) -> Option<Lists> {
    if a.len().saturating_mul(b.len()) > MOST_LISTS {
        return None;
    }
    Some(a.iter().flat_map(|x| b.iter().map(move |y| [x.as_slice(), y.as_slice()].concat())).collect())
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => Some(*n),
        Value::Instant(ms) | Value::Duration(ms) => Some(*ms as f64),
        Value::Date(days) => Some(f64::from(*days)),
        _ => None,
    }
}

fn holds(a: f64, by: Cmp, b: f64) -> bool {
    match by {
        Cmp::Is => a == b,
        Cmp::Less => a < b,
        Cmp::AtMost => a <= b,
        Cmp::More => a > b,
        Cmp::AtLeast => a >= b,
    }
}

/// Whether a list of atoms cannot hold together.
fn contradicts(atoms: &[Atom]) -> bool {
    let mut by_value: BTreeMap<&str, Vec<&Atom>> = BTreeMap::new();
    for atom in atoms {
        by_value.entry(&atom.about).or_default().push(atom);
    }
    by_value.values().any(|atoms| opposed(atoms) || nothing_between(atoms) || no_name(atoms))
}

fn opposed(atoms: &[&Atom]) -> bool {
    let plain = |so: bool| atoms.iter().any(|a| a.says == Says::Plain && a.so == so);
    plain(true) && plain(false)
}

fn nothing_between(atoms: &[&Atom]) -> bool {
    // The bounds, each with whether the value itself is left out; and values that it is not.
    let (mut low, mut high) = ((f64::NEG_INFINITY, false), (f64::INFINITY, false));
    let mut never = Vec::new();
    for atom in atoms {
        let Says::Than(by, c) = atom.says else { continue };
        let by = match (by, atom.so) {
            (Cmp::Is, false) => {
                never.push(c);
                continue;
            }
            (by, true) => by,
            (Cmp::Less, false) => Cmp::AtLeast,
            (Cmp::AtMost, false) => Cmp::More,
            (Cmp::More, false) => Cmp::AtMost,
            (Cmp::AtLeast, false) => Cmp::Less,
        };
        if matches!(by, Cmp::More | Cmp::AtLeast | Cmp::Is) && (c > low.0 || c == low.0 && by == Cmp::More) {
            low = (c, by == Cmp::More);
        }
        if matches!(by, Cmp::Less | Cmp::AtMost | Cmp::Is) && (c < high.0 || c == high.0 && by == Cmp::Less) {
            high = (c, by == Cmp::Less);
        }
    }
    low.0 > high.0 || low.0 == high.0 && (low.1 || high.1 || never.contains(&low.0))
}

fn no_name(atoms: &[&Atom]) -> bool {
    let mut is = BTreeSet::new();
    let mut is_not = BTreeSet::new();
    let mut all: Option<&Vec<String>> = None;
    for atom in atoms {
        if let Says::Name(name, names) = &atom.says {
            if atom.so {
                is.insert(name)
            } else {
                is_not.insert(name)
            };
            all = all.or(names.as_ref());
        }
    }
    is.len() > 1
        || is.iter().any(|n| is_not.contains(n))
        || all.is_some_and(|all| all.iter().all(|n| is_not.contains(n)))
}
