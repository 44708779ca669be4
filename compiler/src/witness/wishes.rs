//! What the conditions of a run's arrows ask of data, so that the values which events bring can be chosen to suit.
//!
//! It is a guess and no proof: the first wish of a value stands, what would ask for more than one value is left as it is, and
//! the real step says in the end which way was taken.

use std::collections::BTreeMap;
use std::ops::Range;

use journey_spec::Ts;
use journey_spec::program::{Branch, Cmp, Cond, Expr, Field, Journey, Millis, Program};
use journey_spec::types::Type;
use journey_spec::value::{Data, Value};

use super::One;
use crate::abstraction::Cause;
use crate::graph::{Graph, same_input};
use crate::spans::Node;

/// A datum: the arrow that takes it over, and the path to it.
pub(super) type Place = (usize, Vec<String>);

/// What is asked of data.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Wishes {
    /// The value that a datum has to have.
    values: BTreeMap<Place, Value>,
    /// From when until when an instant has to lie, both included.
    spans: BTreeMap<Place, (Ts, Ts)>,
    /// What the customer has to be.
    pub(super) profile: Data,
    /// The part of a hundred to which the customer has to belong in the split of a state.
    pub(super) parts: Vec<(String, Range<u32>)>,
}

impl Wishes {
    /// Of the arrows of a run, at the times at which they are taken.
    pub(super) fn of(program: &Program, journey: &Journey, graph: &Graph, arrows: &[One<'_>]) -> Wishes {
        let mut wishes = Wishes::default();
        let mut since: BTreeMap<String, usize> = BTreeMap::new();
        for (i, one) in arrows.iter().enumerate() {
            since.extend(one.edge.into_iter().flat_map(|e| &e.takes).map(|root| (root.clone(), i)));
            let node = match (one.cause, one.edge) {
                (Cause::Begin(begin), _) => graph.begins.get(begin).map(|begin| &begin.node),
                (_, edge) => edge.map(|edge| &edge.node),
            };
            let mut asker = Asker { program, journey, since: &since, at: one.at, wishes: &mut wishes };
            if let Some(node) = node {
                asker.node(node);
            }
        }
        wishes
    }

    /// The value that a datum has to have, where one is asked for.
    pub(super) fn value(&self, place: &Place) -> Option<&Value> {
        self.values.get(place)
    }

    /// Whether any instant has to lie somewhere.
    pub(super) fn has_spans(&self) -> bool {
        !self.spans.is_empty()
    }

    /// From when until when an instant has to lie, both included.
    pub(super) fn span(&self, place: &Place) -> (Ts, Ts) {
        self.spans.get(place).copied().unwrap_or((Ts::MIN, Ts::MAX))
    }
}

struct Asker<'a> {
    program: &'a Program,
    journey: &'a Journey,
    since: &'a BTreeMap<String, usize>,
    at: Ts,
    wishes: &'a mut Wishes,
}

impl Asker<'_> {
    fn node(&mut self, node: &Node) {
        let journey = self.journey;
        match node {
            Node::Start(_, i) => self.all(journey.starts.get(*i).and_then(|start| start.when.as_ref()), true),
            Node::Way(_, state, way) => match journey.states.get(state.index()).and_then(|s| s.branch.as_ref()) {
                Some(Branch::When(ways)) => {
                    for (n, (cond, _)) in ways.iter().enumerate().take(way.saturating_add(1)) {
                        self.all(cond.as_ref(), n == *way);
                    }
                }
                Some(Branch::Value { of, ways }) => {
                    if let Some((name, _)) = ways.get(*way) {
                        self.named(of, name);
                    }
                }
                Some(Branch::Split(ways)) => {
                    let below = |n: usize| ways.iter().take(n).map(|(percent, _)| percent).sum::<u32>();
                    if let Some(state) = journey.states.get(state.index()) {
                        self.wishes.parts.push((state.name.to_string(), below(*way)..below(way.saturating_add(1))));
                    }
                }
                _ => {}
            },
            Node::Arrow(_, state, i) => {
                let arrows = journey.states.get(state.index()).map_or(&[][..], |s| s.arrows.as_slice());
                self.arrow(arrows, *i);
            }
            Node::JourneyArrow(_, i) => self.arrow(&journey.arrows, *i),
            _ => {}
        }
    }

    /// An arrow is taken where its condition holds, and none of those before it that hear the same.
    fn arrow(&mut self, arrows: &[journey_spec::program::Arrow], i: usize) {
        let Some(taken) = arrows.get(i) else { return };
        for before in arrows.iter().take(i).filter(|before| same_input(&before.on, &taken.on)) {
            self.all(before.when.as_ref(), false);
        }
        self.all(taken.when.as_ref(), true);
    }

    fn all(&mut self, cond: Option<&Cond>, holds: bool) {
        if let Some(cond) = cond {
            self.cond(cond, holds);
        }
    }

    fn cond(&mut self, cond: &Cond, holds: bool) {
        match cond {
            Cond::Not(inner) => self.cond(inner, !holds),
            Cond::All(all) if holds => all.iter().for_each(|one| self.cond(one, true)),
            Cond::Any(any) if !holds => any.iter().for_each(|one| self.cond(one, false)),
            // One of them is enough. Of what is asked for already the step will say.
            Cond::All(some) | Cond::Any(some) => {
                if let Some(first) = some.first() {
                    self.cond(first, holds);
                }
            }
            Cond::Known(path) if !holds => self.wish(path, Value::Missing),
            Cond::Known(_) => {}
            Cond::Holds(Expr::Path(path)) => self.wish(path, Value::Bool(holds)),
            Cond::Named { value: Expr::Path(path), name } if holds => self.wish(path, Value::Text(name.clone())),
            Cond::Named { value: Expr::Path(path), name } => {
                if let Some(other) = self.options(path).into_iter().find(|other| other != name) {
                    self.wish(path, Value::Text(other));
                }
            }
            Cond::Compare { left, by, right } => self.compared(left, *by, right, holds),
            _ => {}
        }
    }

    fn compared(&mut self, left: &Expr, by: Cmp, right: &Expr, holds: bool) {
        let by = match (by, holds) {
            (by, true) => by,
            (Cmp::Less, false) => Cmp::AtLeast,
            (Cmp::AtMost, false) => Cmp::More,
            (Cmp::More, false) => Cmp::AtMost,
            (Cmp::AtLeast, false) => Cmp::Less,
            (Cmp::Is, false) => return,
        };
        match (moved(left), moved(right)) {
            (Some((Expr::Path(path), from)), Some((Expr::Now, to))) => {
                self.near(path, by, self.at.saturating_add(to).saturating_sub(from));
            }
            (Some((Expr::Now, from)), Some((Expr::Path(path), to))) => {
                self.near(path, by.turned(), self.at.saturating_add(from).saturating_sub(to));
            }
            _ => match (left, right) {
                (Expr::Path(path), Expr::Literal(value)) => self.value(path, by, value),
                (Expr::Literal(value), Expr::Path(path)) => self.value(path, by.turned(), value),
                _ => {}
            },
        }
    }

    /// An instant has to stand so to another.
    fn near(&mut self, path: &[String], by: Cmp, instant: Ts) {
        let Some(place) = self.place(path) else { return };
        let span = self.wishes.spans.entry(place).or_insert((Ts::MIN, Ts::MAX));
        match by {
            Cmp::Is => *span = (instant, instant),
            Cmp::Less => span.1 = span.1.min(instant.saturating_sub(1)),
            Cmp::AtMost => span.1 = span.1.min(instant),
            Cmp::More => span.0 = span.0.max(instant.saturating_add(1)),
            Cmp::AtLeast => span.0 = span.0.max(instant),
        }
    }

    fn value(&mut self, path: &[String], by: Cmp, value: &Value) {
        let step = match by {
            Cmp::Less => -1,
            Cmp::More => 1,
            Cmp::Is | Cmp::AtMost | Cmp::AtLeast => 0,
        };
        let wished = match value {
            Value::Instant(at) => return self.near(path, by, *at),
            Value::Number(n) => Value::Number(n + f64::from(step)),
            Value::Date(day) => Value::Date(day.saturating_add(step)),
            Value::Duration(length) => Value::Duration(length.saturating_add(Millis::from(step))),
            other if step == 0 => other.clone(),
            _ => return,
        };
        self.wish(path, wished);
    }

    /// A way of `choose booking.kind` has this name.
    fn named(&mut self, path: &[String], name: &str) {
        let value = match (name, self.ty(path).map(Type::required)) {
            ("missing", _) => Value::Missing,
            (_, Some(Type::Bool)) => Value::Bool(name == "true"),
            _ => Value::Text(name.into()),
        };
        self.wish(path, value);
    }

    fn wish(&mut self, path: &[String], value: Value) {
        // What cannot be missing is there.
        if value == Value::Missing && !self.ty(path).is_some_and(Type::is_optional) {
            return;
        }
        match path.split_first() {
            Some((root, [field])) if root == "customer" => {
                if !self.wishes.profile.contains_key(field) {
                    self.wishes.profile.insert(field.as_str(), value);
                }
            }
            _ => {
                if let Some(place) = self.place(path) {
                    self.wishes.values.entry(place).or_insert(value);
                }
            }
        }
    }

    /// Where a datum of the journey came from last.
    fn place(&self, path: &[String]) -> Option<Place> {
        let root = path.first()?;
        let is_own = self.journey.data.iter().any(|field| field.name == *root);
        is_own.then(|| (self.since.get(root).copied().unwrap_or(0), path.to_vec()))
    }

    fn options(&self, path: &[String]) -> Vec<String> {
        match self.ty(path).map(Type::required) {
            Some(Type::OneOf(names)) => names.clone(),
            _ => Vec::new(),
        }
    }

    fn ty(&self, path: &[String]) -> Option<&Type> {
        let (root, rest) = path.split_first()?;
        let named = |fields: &'_ [Field], name: &str| fields.iter().position(|field| field.name == name);
        let (mut ty, rest) = if root == "customer" {
            let (field, rest) = rest.split_first()?;
            let fields = &self.program.customer.fields;
            (&fields.get(named(fields, field)?)?.ty, rest)
        } else {
            (&self.journey.data.get(named(&self.journey.data, root)?)?.ty, rest)
        };
        for name in rest {
            let Type::Record(record) = ty.required() else { return None };
            ty = &self.program.records.get(record)?.iter().find(|field| field.name == *name)?.ty;
        }
        Some(ty)
    }
}

/// An instant and by how much it is moved.
fn moved(expr: &Expr) -> Option<(&Expr, Millis)> {
    match expr {
        Expr::Offset { base, by } => moved(base).map(|(of, before)| (of, before.saturating_add(*by))),
        Expr::Path(_) | Expr::Now => Some((expr, 0)),
        Expr::Literal(_) | Expr::Calendar { .. } => None,
    }
}
