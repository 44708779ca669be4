//! Conditions of arrows, and where a state goes on at once.

use compact_str::{CompactString, format_compact};
use std::cmp::Ordering;

use journey_spec::program::{Branch, Cmp, Cond, Expr, Program, StateId, bucket};
use journey_spec::value::{Data, Value};
use journey_spec::{Sensitive, Ts};

use super::Run;
use super::values::{at_path, eval, on_day};
use crate::customer::later;
use crate::effect::{Way, What};

/// What a condition is asked of.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) program: &'a Program,
    pub(crate) data: &'a Data,
    pub(crate) profile: &'a Data,
    pub(crate) now: Ts,
}

impl Asked<'_> {
    /// Whether a condition holds; what compares with a value that is not there neither holds nor fails.
    pub(crate) fn holds(self, cond: &Cond) -> bool {
        self.truth(cond) == Some(true)
    }

    fn truth(self, cond: &Cond) -> Option<bool> {
        match cond {
            Cond::Compare { left, by, right } => compare(&self.value(left)?, *by, &self.value(right)?),
            Cond::Named { value, name } => match self.value(value)? {
                Value::Text(text) => Some(text == *name),
                _ => None,
            },
            Cond::Holds(value) => match self.value(value)? {
                Value::Bool(yes) => Some(yes),
                _ => None,
            },
            Cond::Known(path) => Some(at_path(path, self.data, self.profile).is_some()),
            Cond::Not(inner) => self.truth(inner).map(|yes| !yes),
            Cond::All(all) => self.decided(all, false),
            Cond::Any(any) => self.decided(any, true),
        }
    }

    /// `decisive` where one part is so; the other where all are; nothing where some part is not decided.
    fn decided(self, parts: &[Cond], decisive: bool) -> Option<bool> {
        let mut all = Some(!decisive);
        for part in parts {
            match self.truth(part) {
                Some(yes) if yes == decisive => return Some(decisive),
                Some(_) => {}
                None => all = None,
            }
        }
        all
    }

    /// A value; `now` is the step's time.
    pub(crate) fn value(self, expr: &Expr) -> Option<Value> {
        match expr {
            Expr::Now => Some(Value::Instant(self.now)),
            Expr::Offset { base, by } => match self.value(base)? {
                Value::Instant(at) => Some(Value::Instant(later(at, *by))),
                _ => None,
            },
            Expr::Calendar { base, days, minute } => match self.value(base)? {
                Value::Instant(at) => Some(Value::Instant(on_day(self.program, at, *days, *minute, self.profile))),
                _ => None,
            },
            other => eval(self.program, other, self.data, self.profile),
        }
    }
}

/// How two values compare; none for values that have no order, and between amounts of different currencies.
fn compare(left: &Value, by: Cmp, right: &Value) -> Option<bool> {
    let order = match (left, right) {
        (Value::Money(_, a), Value::Money(_, b)) if a != b => return Some(false),
        (Value::Money(a, _), Value::Money(b, _)) => a.parse::<f64>().ok()?.partial_cmp(&b.parse::<f64>().ok()?)?,
        (Value::Number(a), Value::Number(b)) => a.partial_cmp(b)?,
        (Value::Instant(a), Value::Instant(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        (a, b) if by == Cmp::Is => return Some(a == b),
        _ => return None,
    };
    Some(match by {
        Cmp::Is => order == Ordering::Equal,
        Cmp::Less => order == Ordering::Less,
        Cmp::AtMost => order != Ordering::Greater,
        Cmp::More => order == Ordering::Greater,
        Cmp::AtLeast => order != Ordering::Less,
    })
}

impl Run<'_> {
    /// Whether an arrow's condition holds now; an arrow without one is always taken.
    pub(crate) fn may(&self, n: usize, when: Option<&Cond>) -> bool {
        let Some(cond) = when else { return true };
        self.asked(n).is_some_and(|asked| asked.holds(cond))
    }

    pub(crate) fn asked(&self, n: usize) -> Option<Asked<'_>> {
        let data = &self.inst(n)?.data;
        Some(Asked { program: self.program, data, profile: &self.c.profile, now: self.now })
    }

    /// The way that a branch takes, and why.
    pub(crate) fn way(&mut self, n: usize, branch: &Branch) -> Option<(StateId, CompactString)> {
        let here = self.inst(n)?.state;
        let (index, to, why) = self.chosen(n, branch)?;
        self.took(n, Way::Branch(here, index));
        Some((to, why))
    }

    fn chosen(&mut self, n: usize, branch: &Branch) -> Option<(usize, StateId, CompactString)> {
        match branch {
            Branch::When(ways) => {
                let asked = self.asked(n)?;
                let holds = |cond: &Option<Cond>| cond.as_ref().is_none_or(|c| asked.holds(c));
                let (index, (cond, to)) = ways.iter().enumerate().find(|(_, (cond, _))| holds(cond))?;
                Some((
                    index,
                    *to,
                    cond.as_ref().map_or(CompactString::const_new("else"), |cond| format_compact!("{cond}")),
                ))
            }
            Branch::Value { of, ways } => {
                let asked = self.asked(n)?;
                let name = match at_path(of, asked.data, asked.profile) {
                    Some(Value::Text(name)) => name.clone(),
                    Some(Value::Bool(yes)) => yes.to_string(),
                    _ => "missing".into(),
                };
                let path = of.join(".");
                let veil = self.inst(n).and_then(|i| self.program.sensitivity(i.journey, of)).map(Sensitive::veil);
                let shown = |way: &String| veil.clone().unwrap_or_else(|| way.clone());
                let mut ways = ways.iter().enumerate();
                match ways.clone().find(|(_, (way, _))| *way == name) {
                    Some((index, (way, to))) => Some((index, *to, format_compact!("{path} is {}", shown(way)))),
                    None => {
                        let (index, (way, to)) = ways.next_back()?;
                        Some((index, *to, format_compact!("{path} is not known yet, as if {}", shown(way))))
                    }
                }
            }
            Branch::Hook { ask, ways } => self.hooked(n, ask, ways),
            Branch::Split(ways) => self.split(n, ways),
        }
    }

    /// The same customer always goes the same way: what an instance went once is remembered.
    fn split(&mut self, n: usize, ways: &[(u32, StateId)]) -> Option<(usize, StateId, CompactString)> {
        let journey = self.journey(n)?;
        let here = self.inst(n)?.state;
        let name = self.state_name(n, here);
        let went = self.inst(n)?.splits.get(&here).copied();
        let index = match went.and_then(|i| usize::try_from(i).ok()).filter(|i| *i < ways.len()) {
            Some(index) => index,
            None => {
                let part = bucket(&journey.name, name, &self.c.id);
                let mut upto = 0_u32;
                ways.iter().position(|(percent, _)| {
                    upto = upto.saturating_add(*percent);
                    part < upto
                })?
            }
        };
        let (percent, to) = ways.get(index).copied()?;
        let first = self.c.instances.get_mut(n)?.splits.insert(here, u32::try_from(index).ok()?).is_none();
        if first {
            let what = What::Split { state: name.clone(), to: self.state_name(n, to).clone(), percent };
            self.note(Some(n), what);
        }
        Some((index, to, format_compact!("its {percent}%")))
    }
}
