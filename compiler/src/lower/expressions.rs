//! Values: paths, instants moved by a duration, and what is written out.

use journey_spec::codes;
use journey_spec::program as ir;
use journey_spec::{Type, Value};

use super::states::counted;
use super::{LONGEST, Lower};
use crate::ast::{Expr, ExprKind, Path};
use crate::diagnostics::Finding;
use crate::resolve::FieldInfo;
use crate::source::Span;
use crate::types::{Scope, fits, literal, mismatch, noun, walk};

/// A path's names.
pub(crate) fn parts(path: &Path) -> Vec<String> {
    path.parts.iter().map(|p| p.text.clone()).collect()
}

/// An expression of instants as it stands, without asking what its paths lead to.
pub(crate) fn shape(expr: &Expr) -> Option<ir::Expr> {
    match &expr.kind {
        ExprKind::Path(path) => Some(ir::Expr::Path(parts(path))),
        ExprKind::Add { left, right, minus } => match &right.kind {
            ExprKind::Duration(ms) => Some(moved(shape(left)?, if *minus { -ms } else { *ms })),
            _ => {
                let (days, minute) = calendar_days(right, *minus)?;
                Some(ir::Expr::Calendar { base: Box::new(shape(left)?), days, minute })
            }
        },
        _ => None,
    }
}

/// Most calendar days that an instant can be moved by: ten years.
const MOST_DAYS: i32 = 3_653;

/// `1 day at 09:00` as a number of days, negative behind a minus, and a minute of the day; none where it is no whole
/// number of days.
pub(super) fn calendar_days(expr: &Expr, minus: bool) -> Option<(i32, Option<u16>)> {
    let ExprKind::Amount { number, unit, at } = &expr.kind else { return None };
    let ExprKind::Number(number) = &number.kind else { return None };
    let days = number.parse::<i32>().ok().filter(|n| (0..=MOST_DAYS).contains(n))?;
    let is_days = unit.text == "day" || unit.text == "days";
    is_days.then_some((if minus { -days } else { days }, at.as_ref().map(|at| at.value)))
}

/// `base` moved by `by`; several moves become one.
pub(super) fn moved(base: ir::Expr, by: ir::Millis) -> ir::Expr {
    match base {
        ir::Expr::Offset { base, by: first } => ir::Expr::Offset { base, by: first.saturating_add(by) },
        base => ir::Expr::Offset { base: Box::new(base), by },
    }
}

/// Who is asked something: a service or a hook.
#[derive(Clone, Copy)]
pub(crate) struct Whose<'s> {
    /// The word that declares it.
    pub(crate) word: &'static str,
    /// Its name.
    pub(crate) name: &'s str,
    /// Where it is declared.
    pub(crate) declared: Span,
    /// Its parameters.
    pub(crate) params: &'s [FieldInfo],
}

impl Lower<'_, '_> {
    /// An instant: a path to one, or one moved by a duration. `place` says what needs it: `` `at` ``.
    pub(crate) fn instant(&mut self, scope: Scope<'_>, expr: &Expr, place: &str) -> Option<ir::Expr> {
        match &expr.kind {
            ExprKind::Path(path) => {
                let found = walk(self.names, scope, path, self.out)?;
                if let Some(ty) = found.ty.as_ref().filter(|t| t.required() != &Type::Instant) {
                    let message = format!("`{}` is {}, and {place} needs an instant", path.text(), noun(ty.required()));
                    self.out.say(mismatch(path.span, message).label("not an instant"));
                    return None;
                }
                if let Some(missing) = found.missing {
                    self.out.say(
                        Finding::new(
                            &codes::J0113,
                            path.span,
                            format!("`{missing}` may be missing, and then {place} has no instant"),
                        )
                        .label("may be missing")
                        .help(without_question_mark(&missing)),
                    );
                }
                Some(ir::Expr::Path(parts(path)))
            }
            ExprKind::Add { left, right, minus } => {
                let base = self.instant(scope, left, place);
                match &right.kind {
                    ExprKind::Duration(ms) if *ms > LONGEST => {
                        self.out.say(
                            Finding::new(&codes::J0116, right.span, format!("{place} is moved by more than ten years"))
                                .label("out of range"),
                        );
                        None
                    }
                    ExprKind::Duration(ms) => Some(moved(base?, if *minus { -ms } else { *ms })),
                    ExprKind::Amount { number, unit, .. } => match calendar_days(right, *minus) {
                        Some((0, None)) => {
                            let finding = mismatch(right.span, "0 days move nothing").label("no change");
                            self.out.say(finding.help("write the time of that day, such as `0 days at 09:00`"));
                            None
                        }
                        Some((days, minute)) => Some(ir::Expr::Calendar { base: Box::new(base?), days, minute }),
                        None => {
                            let help = match &number.kind {
                                ExprKind::Number(n) if !unit.text.starts_with("day") => {
                                    let letter = unit.text.chars().next().unwrap_or('h');
                                    format!("elapsed time is written `{n}{letter}`")
                                }
                                _ => format!("write a whole number up to {MOST_DAYS}, such as `1 day at 09:00`"),
                            };
                            let message =
                                format!("{place} can be moved by a duration or by whole days of the calendar");
                            self.out.say(mismatch(right.span, message).label("neither").help(help));
                            None
                        }
                    },
                    _ => {
                        self.out.say(
                            mismatch(right.span, format!("{place} can be moved only by a duration"))
                                .label("not a duration")
                                .help("write one such as `20m`, `12h` or `1d`"),
                        );
                        None
                    }
                }
            }
            ExprKind::Duration(_) => {
                self.out.say(
                    mismatch(expr.span, format!("this is a duration, and {place} needs an instant"))
                        .label("not an instant")
                        .help(
                            "begin with a datum, such as `booking.slot - 1d`; to wait from here on, write `after 12h`",
                        ),
                );
                None
            }
            ExprKind::DateTime(_)
            | ExprKind::Date(_)
            | ExprKind::Record(_)
            | ExprKind::Texts(_)
            | ExprKind::Amount { .. } => {
                self.only_in_scenarios(expr, "a written date");
                None
            }
            ExprKind::Text(_) | ExprKind::Number(_) | ExprKind::Bool(_) => {
                self.out.say(
                    mismatch(expr.span, format!("{place} needs an instant"))
                        .label("not an instant")
                        .help("begin with a datum, such as `booking.slot - 1d`"),
                );
                None
            }
        }
    }

    /// An argument that has to fit a parameter of a service or a hook.
    pub(crate) fn argument(
        &mut self,
        scope: Scope<'_>,
        expr: &Expr,
        param: &FieldInfo,
        whose: Whose<'_>,
    ) -> Option<ir::Expr> {
        let wanted = param.ty.as_ref();
        let what = format!("`{}` of `{}`", param.name, whose.name);
        match &expr.kind {
            ExprKind::Path(path) => {
                let found = walk(self.names, scope, path, self.out)?;
                self.is_told_sensitive(path, &found, param, whose);
                if let (Some(wanted), Some(ty)) = (wanted, &found.ty) {
                    if !fits(ty.required(), wanted.required()) {
                        let message =
                            format!("`{}` is {}, and {what} is {}", path.text(), noun(ty.required()), noun(wanted));
                        self.out.say(
                            mismatch(path.span, message).label("of another type").also(param.span, "declared here"),
                        );
                        return None;
                    }
                    if let Some(missing) = found.missing.filter(|_| !wanted.is_optional()) {
                        let message = format!("`{missing}` may be missing, and {what} must be there");
                        let help = format!(
                            "declare the parameter as `{}: {}?`, or {}",
                            param.name,
                            wanted.spelled(),
                            without_question_mark(&missing)
                        );
                        self.out
                            .say(Finding::new(&codes::J0113, path.span, message).label("may be missing").help(help));
                    }
                }
                Some(ir::Expr::Path(parts(path)))
            }
            ExprKind::Add { .. } => {
                let wanted = wanted?;
                if wanted.required() != &Type::Instant {
                    self.out.say(
                        mismatch(expr.span, format!("this is an instant, and {what} is {}", noun(wanted)))
                            .label("of another type")
                            .also(param.span, "declared here"),
                    );
                    return None;
                }
                self.instant(scope, expr, &what)
            }
            ExprKind::DateTime(_) | ExprKind::Record(_) | ExprKind::Texts(_) | ExprKind::Amount { .. } => {
                self.only_in_scenarios(expr, "such a value");
                None
            }
            ExprKind::Text(_) | ExprKind::Number(_) | ExprKind::Bool(_) | ExprKind::Duration(_) | ExprKind::Date(_) => {
                match literal(expr, wanted?) {
                    Ok(value) => Some(ir::Expr::Literal(value)),
                    Err(problem) => {
                        self.out.say(
                            mismatch(expr.span, format!("{what} {problem}"))
                                .label("of another type")
                                .also(param.span, "declared here"),
                        );
                        None
                    }
                }
            }
        }
    }

    /// The arguments of a question, one a parameter; what may be missing may be left out at the end. `at` is where the
    /// question names who is asked.
    pub(crate) fn arguments(&mut self, scope: Scope<'_>, args: &[Expr], at: Span, whose: Whose<'_>) -> Vec<ir::Expr> {
        let Whose { name, declared, params, .. } = whose;
        let mut lowered: Vec<_> =
            args.iter().zip(params).filter_map(|(arg, param)| self.argument(scope, arg, param, whose)).collect();
        let left_out = params.get(args.len()..).unwrap_or_default();
        let may = left_out.iter().all(|p| p.ty.as_ref().is_none_or(Type::is_optional));
        lowered.extend(left_out.iter().map(|_| ir::Expr::Literal(Value::Missing)));
        if args.len() > params.len() || !may {
            let message =
                format!("`{name}` is asked with {}, and {} were given", counted(params.len(), "value"), args.len())
                    .replace("1 were", "1 was")
                    .replace("0 were", "none was");
            let params: Vec<String> = params
                .iter()
                .map(|p| format!("{}: {}", p.name, p.ty.as_ref().map_or_else(|| "?".into(), |t| t.spelled())))
                .collect();
            self.out.say(
                mismatch(at, message)
                    .also(declared, "declared here")
                    .help(format!("it is declared as `{name}({})`", params.join(", "))),
            );
        }
        lowered
    }

    pub(super) fn only_in_scenarios(&mut self, expr: &Expr, what: &str) {
        self.out.misplaced(
            expr.span,
            format!("{what} can be written only in a scenario: a journey is run by many customers, at many times"),
            "take it from an event's data, and move it by a duration such as `1d`",
        );
    }
}

/// How to make sure that a value is there.
pub(crate) fn without_question_mark(path: &str) -> String {
    let name = path.rsplit('.').next().unwrap_or(path);
    format!("declare `{name}` without the `?`, so that it is always there")
}
