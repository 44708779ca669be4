//! Conditions: what they compare, and which values may be missing where.
//!
//! Each part is lowered knowing which paths are there by then: behind `x is known and …` and `x is missing or …`, x is.

use std::collections::BTreeSet;

use journey_spec::Type;
use journey_spec::codes;
use journey_spec::program::{self as ir, Cmp, Cond};

use super::Lower;
use super::expressions::{calendar_days, moved, parts};
use crate::ast::{CmpDecl, CondDecl, CondKind, Expr, ExprKind};
use crate::diagnostics::Finding;
use crate::resolve::unknown;
use crate::types::{Scope, literal, mismatch, noun, plain_text, walk};

/// Paths that are there.
pub(super) type Facts = BTreeSet<String>;

/// A condition with the paths that are there where it holds, and where it does not.
pub(super) struct Lowered {
    pub(super) cond: Cond,
    holds: Facts,
    pub(super) fails: Facts,
}

impl Lower<'_, '_> {
    /// The condition of an arrow, where it has one.
    pub(super) fn when(&mut self, scope: Scope<'_>, decl: Option<&CondDecl>) -> Option<Cond> {
        self.condition(scope, decl?, &Facts::new()).map(|lowered| lowered.cond)
    }

    pub(super) fn condition(&mut self, scope: Scope<'_>, decl: &CondDecl, facts: &Facts) -> Option<Lowered> {
        let plain = |cond| Lowered { cond, holds: facts.clone(), fails: facts.clone() };
        match &decl.kind {
            CondKind::Not(inner) => {
                let Lowered { cond, holds, fails } = self.condition(scope, inner, facts)?;
                Some(Lowered { cond: Cond::Not(Box::new(cond)), holds: fails, fails: holds })
            }
            CondKind::All(all) => {
                let (conds, holds, fails) =
                    self.conditions(scope, all, facts, |l| (l.holds.clone(), l.fails.clone()))?;
                Some(Lowered { cond: Cond::All(conds), holds, fails })
            }
            CondKind::Any(any) => {
                let (conds, fails, holds) =
                    self.conditions(scope, any, facts, |l| (l.fails.clone(), l.holds.clone()))?;
                Some(Lowered { cond: Cond::Any(conds), holds, fails })
            }
            CondKind::Known { of, known } => self.known(scope, of, *known, facts),
            CondKind::Value(value) => {
                let (value_ir, ty) = self.side(scope, value, None, facts)?;
                if ty.required() != &Type::Bool {
                    let what = self.slice(value.span);
                    let help = match ty.required() {
                        Type::OneOf(names) => format!("compare it: `{what} is {}`", names.first().map_or("", |n| n)),
                        Type::Number | Type::Duration => format!("compare it: `{what} > …`"),
                        Type::Instant => format!("compare it: `{what} > now + 2h`"),
                        _ => format!("compare it: `{what} is …`"),
                    };
                    self.out.say(
                        mismatch(
                            value.span,
                            format!("this is {}, and by itself neither true nor false", noun(ty.required())),
                        )
                        .label("nothing to go by")
                        .help(help),
                    );
                    return None;
                }
                Some(plain(Cond::Holds(value_ir)))
            }
            CondKind::Compare { left, by, right } => self.compare(scope, decl, (left, *by, right), facts).map(plain),
        }
    }

    /// Parts of `and` or `or`: each knows what those before it let through. Gives what all together let through, and what
    /// every part that stops gives.
    fn conditions(
        &mut self,
        scope: Scope<'_>,
        all: &[CondDecl],
        facts: &Facts,
        on: impl Fn(&Lowered) -> (Facts, Facts),
    ) -> Option<(Vec<Cond>, Facts, Facts)> {
        let mut conds = Vec::new();
        let mut through = facts.clone();
        let mut stops: Option<Facts> = None;
        for part in all {
            let lowered = self.condition(scope, part, &through);
            if let Some(lowered) = lowered {
                let (next, stop) = on(&lowered);
                through = next;
                stops = Some(stops.map_or(stop.clone(), |s| s.intersection(&stop).cloned().collect()));
                conds.push(lowered.cond);
            }
        }
        (conds.len() == all.len()).then(|| (conds, through, stops.unwrap_or_default()))
    }

    fn known(&mut self, scope: Scope<'_>, of: &Expr, known: bool, facts: &Facts) -> Option<Lowered> {
        let ExprKind::Path(path) = &of.kind else {
            self.out.say(
                mismatch(of.span, "only a datum can be known or missing")
                    .label("no datum")
                    .help("write one such as `booking.engineer is known`"),
            );
            return None;
        };
        let found = walk(self.names, scope, path, self.out)?;
        let text = path.text();
        if found.optional.is_empty() {
            let always = if known { "always" } else { "never" };
            self.out.say(
                Finding::new(&codes::J0122, of.span, format!("this is {always} true: `{text}` is always there"))
                    .label("declared without a `?`")
                    .help("leave this out, or put a `?` after its type where it may be missing"),
            );
        }
        let mut there = facts.clone();
        there.insert(text);
        let cond = Cond::Known(parts(path));
        Some(match known {
            true => Lowered { cond, holds: there, fails: facts.clone() },
            false => Lowered { cond: Cond::Not(Box::new(cond)), holds: facts.clone(), fails: there },
        })
    }

    fn compare(
        &mut self,
        scope: Scope<'_>,
        decl: &CondDecl,
        (left, by, right): (&Expr, CmpDecl, &Expr),
        facts: &Facts,
    ) -> Option<Cond> {
        // What is written out takes the type of the other side.
        let written = |e: &Expr| !matches!(e.kind, ExprKind::Path(_) | ExprKind::Add { .. });
        let ((left_ir, left_ty), (right_ir, right_ty)) = if written(left) && !written(right) {
            let right = self.side(scope, right, None, facts)?;
            (self.side(scope, left, Some(&right.1), facts)?, right)
        } else {
            let left = self.side(scope, left, None, facts)?;
            if let (Type::OneOf(names), ExprKind::Path(path)) = (left.1.required().clone(), &right.kind)
                && let [name] = path.parts.as_slice()
                && (names.contains(&name.text) || !scope.fields.iter().any(|f| f.name == name.text))
            {
                return self.named(left, by, name, names);
            }
            let right = self.side(scope, right, Some(&left.1), facts)?;
            (left, right)
        };
        let (l, r) = (left_ty.required(), right_ty.required());
        let texts = |ty: &Type| {
            matches!(ty, Type::Text { .. } | Type::Phone | Type::Email | Type::Zone | Type::Locale | Type::OneOf(_))
        };
        let same = l == r || texts(l) && texts(r);
        let ordered = matches!(l, Type::Number | Type::Instant | Type::Date | Type::Duration | Type::Money);
        if !same || matches!(l, Type::Record(_)) {
            let message = match same {
                true => format!("records such as `{}` are not compared as a whole", l.spelled()),
                false => format!("{} and {} cannot be compared: nobody could say which is meant", noun(l), noun(r)),
            };
            self.out.say(
                mismatch(decl.span, message)
                    .label("of different types")
                    .help("compare two values of one type, such as two instants: `booking.slot > now + 2h`"),
            );
            return None;
        }
        let equality = matches!(by, CmpDecl::Is | CmpDecl::IsNot);
        if !equality && !ordered {
            self.out.say(
                mismatch(decl.span, format!("{} has no order, so nothing is `{}` another", noun(l), by.sign()))
                    .label("not ordered")
                    .help("ask whether they are the same, with `is` or `is not`"),
            );
            return None;
        }
        let cmp = match by {
            CmpDecl::Is | CmpDecl::IsNot => Cmp::Is,
            CmpDecl::Less => Cmp::Less,
            CmpDecl::AtMost => Cmp::AtMost,
            CmpDecl::More => Cmp::More,
            CmpDecl::AtLeast => Cmp::AtLeast,
        };
        let one_name = match (&right_ir, l) {
            (ir::Expr::Literal(journey_spec::Value::Text(name)), Type::OneOf(_)) => Some(name.clone()),
            _ => None,
        };
        let cond = match one_name {
            Some(name) => Cond::Named { value: left_ir, name },
            None => Cond::Compare { left: left_ir, by: cmp, right: right_ir },
        };
        Some(if by == CmpDecl::IsNot { Cond::Not(Box::new(cond)) } else { cond })
    }

    /// `booking.kind is repair`
    fn named(
        &mut self,
        (value, ty): (ir::Expr, Type),
        by: CmpDecl,
        name: &crate::ast::Name,
        names: Vec<String>,
    ) -> Option<Cond> {
        if !names.contains(&name.text) {
            self.out.say(unknown(
                &codes::J0111,
                name.span,
                format!("`{value}` is {}, and never `{}`", noun(ty.required()), name.text),
                &name.text,
                names.iter().map(String::as_str),
                "",
            ));
            return None;
        }
        let cond = Cond::Named { value, name: name.text.clone() };
        match by {
            CmpDecl::Is => Some(cond),
            CmpDecl::IsNot => Some(Cond::Not(Box::new(cond))),
            _ => {
                self.out.say(
                    mismatch(name.span, format!("names have no order, so nothing is `{}` `{}`", by.sign(), name.text))
                        .label("not ordered")
                        .help("ask whether it is so, with `is` or `is not`"),
                );
                None
            }
        }
    }

    /// One side of a comparison with its type. `like` is the other side's, which what is written out takes.
    pub(super) fn side(
        &mut self,
        scope: Scope<'_>,
        expr: &Expr,
        like: Option<&Type>,
        facts: &Facts,
    ) -> Option<(ir::Expr, Type)> {
        match &expr.kind {
            ExprKind::Path(path) if path.text() == "now" => Some((ir::Expr::Now, Type::Instant)),
            ExprKind::Path(path) => {
                let found = walk(self.names, scope, path, self.out)?;
                if let Some(missing) = found.optional.iter().find(|p| !is_there(facts, p)) {
                    self.out.say(
                        Finding::new(
                            &codes::J0113,
                            path.span,
                            format!("`{missing}` may be missing, and then there is nothing to go by"),
                        )
                        .label("may be missing")
                        .help(format!("ask for it first: `{missing} is known and …`, or say what holds without it: `{missing} is missing or …`")),
                    );
                }
                Some((ir::Expr::Path(parts(path)), found.ty?))
            }
            ExprKind::Add { left, right, minus } => {
                let (base, ty) = self.side(scope, left, None, facts)?;
                if ty.required() != &Type::Instant {
                    self.out.say(
                        mismatch(
                            expr.span,
                            format!("only an instant can be moved, and this is {}", noun(ty.required())),
                        )
                        .label("nothing is computed but moved instants")
                        .help("write the value out, or let the host compute it and send it with an event"),
                    );
                    return None;
                }
                match &right.kind {
                    ExprKind::Duration(ms) if *ms <= super::LONGEST => {
                        Some((moved(base, if *minus { -ms } else { *ms }), Type::Instant))
                    }
                    ExprKind::Duration(_) => {
                        self.out.say(
                            Finding::new(&codes::J0116, right.span, "an instant is moved by more than ten years")
                                .label("out of range"),
                        );
                        None
                    }
                    ExprKind::Amount { .. } => match calendar_days(right, *minus).filter(|by| *by != (0, None)) {
                        Some((days, minute)) => {
                            Some((ir::Expr::Calendar { base: Box::new(base), days, minute }, Type::Instant))
                        }
                        None => {
                            self.out.say(
                                mismatch(
                                    right.span,
                                    "an instant can be moved by a duration or by whole days of the calendar",
                                )
                                .label("neither")
                                .help("write one such as `20m`, `12h` or `1 day at 09:00`"),
                            );
                            None
                        }
                    },
                    _ => {
                        self.out.say(
                            mismatch(right.span, "an instant can be moved only by a duration")
                                .label("not a duration")
                                .help("write one such as `20m`, `12h` or `1d`"),
                        );
                        None
                    }
                }
            }
            ExprKind::DateTime(_) | ExprKind::Record(_) | ExprKind::Texts(_) | ExprKind::Amount { .. } => {
                self.only_in_scenarios(expr, "such a value");
                None
            }
            ExprKind::Text(_) | ExprKind::Number(_) | ExprKind::Bool(_) | ExprKind::Duration(_) | ExprKind::Date(_) => {
                let own = match &expr.kind {
                    ExprKind::Number(_) => Type::Number,
                    ExprKind::Bool(_) => Type::Bool,
                    ExprKind::Duration(_) => Type::Duration,
                    ExprKind::Date(_) => Type::Date,
                    _ => plain_text(),
                };
                let ty = like.map_or(own, |ty| ty.required().clone());
                match literal(expr, &ty) {
                    Ok(value) => Some((ir::Expr::Literal(value), ty)),
                    Err(problem) => {
                        self.out.say(mismatch(expr.span, format!("this {problem}")).label("of another type"));
                        None
                    }
                }
            }
        }
    }

    pub(super) fn slice(&self, span: crate::source::Span) -> String {
        let text = self.sources.get(span.file).and_then(|s| s.text.get(span.start as usize..span.end as usize));
        text.unwrap_or_default().to_string()
    }
}

/// Whether a path is there: it, or something inside it, is known.
fn is_there(facts: &Facts, path: &str) -> bool {
    facts.iter().any(|fact| fact.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}
