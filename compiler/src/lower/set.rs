//! `set`: what a journey itself changes of its data.

use journey_spec::program::{Ask, Expr as Ir, Set};
use journey_spec::{Sensitive, Type, Value, codes};

use super::Lower;
use super::conditions::Facts;
use super::expressions::{parts, without_question_mark};
use super::hooks::Asked;
use super::journeys::JourneyScope;
use crate::ast::{AskDecl, Expr, ExprKind, Path, SetTo};
use crate::diagnostics::Finding;
use crate::types::{fits, mismatch, noun, walk};

impl Lower<'_, '_> {
    pub(super) fn set(&mut self, journey: &JourneyScope<'_>, target: &Path, to: &SetTo) -> Option<Set> {
        let text = target.text();
        if text == "customer" || text.starts_with("customer.") {
            self.out.misplaced(
                target.span,
                "what is known of the customer belongs to the host, and no journey changes it",
                "keep it in a datum of the journey, or `call` a service that changes it",
            );
            return None;
        }
        let within = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if let Some(key) = journey.key.as_ref().filter(|key| within(key, &text) || within(&text, key)) {
            self.out.misplaced(
                target.span,
                format!("`{key}` tells whose journey this is: with another one no event would reach it"),
                "set another part of the data",
            );
            return None;
        }
        let found = walk(self.names, journey.scope(), target, self.out)?;
        if let Some(missing) = found.optional.iter().find(|p| **p != text) {
            self.out.say(
                Finding::new(
                    &codes::J0113,
                    target.span,
                    format!("`{missing}` may be missing, and then there is nothing to set in it"),
                )
                .label("may be missing")
                .help(without_question_mark(missing)),
            );
        }
        let ty = found.ty?;
        let sensitive = found.sensitive.map(|(kind, _)| kind);
        let mut hook = None;
        let value = match to {
            SetTo::Missing if ty.is_optional() => Ir::Literal(Value::Missing),
            SetTo::Missing => {
                self.out.say(
                    Finding::new(
                        &codes::J0113,
                        target.span,
                        format!("`{text}` is always there, and cannot be missing"),
                    )
                    .label("always needed")
                    .help("put a `?` after its type"),
                );
                return None;
            }
            SetTo::Hook(ask) => {
                let asked = self.ask(journey, ask)?;
                hook = Some(self.hooked(&text, (&ty, sensitive), ask, &asked)?);
                Ir::Literal(asked.on_failure)
            }
            SetTo::Value(value) => self.settable(journey, &text, (&ty, sensitive), value)?,
        };
        Some(Set { path: parts(target), value, hook, optional: ty.is_optional(), sensitive: sensitive.is_some() })
    }

    /// What a hook says, as the new value of a datum.
    fn hooked(
        &mut self,
        target: &str,
        (ty, sensitive): (&Type, Option<Sensitive>),
        decl: &AskDecl,
        asked: &Asked,
    ) -> Option<Ask> {
        let found = asked.ty();
        if !fits(&found, ty.required()) {
            let says = noun(&found);
            let message = format!("`{target}` is {}, and `{}` says {says}", noun(ty.required()), decl.hook.text);
            self.out.say(mismatch(decl.span, message).label("of another type"));
            return None;
        }
        if let Some((kind, declared)) = asked.sensitive.filter(|(kind, _)| sensitive != Some(*kind)) {
            self.out.say(
                Finding::new(
                    &codes::J0138,
                    decl.span,
                    format!(
                        "`{target}` would be like any other datum, and what `{}` is told is not for every eye",
                        decl.hook.text
                    ),
                )
                .label(format!("judged of {} data", kind.name()))
                .also(declared, "declared here")
                .help(format!("declare what is set as `sensitive {}` too", kind.name())),
            );
        }
        Some(asked.ask.clone())
    }

    fn settable(
        &mut self,
        journey: &JourneyScope<'_>,
        target: &str,
        (ty, sensitive): (&Type, Option<Sensitive>),
        value: &Expr,
    ) -> Option<Ir> {
        let wrong = |found: &Type| {
            let message = format!("`{target}` is {}, and this is {}", noun(ty.required()), noun(found.required()));
            mismatch(value.span, message).label("of another type")
        };
        match &value.kind {
            ExprKind::Path(path) if path.text() == "now" => match ty.required() {
                Type::Instant => Some(Ir::Now),
                _ => {
                    self.out.say(wrong(&Type::Instant));
                    None
                }
            },
            ExprKind::Path(path) => {
                if let (Type::OneOf(names), [name]) = (ty.required(), path.parts.as_slice())
                    && names.contains(&name.text)
                {
                    return Some(Ir::Literal(Value::Text(name.text.clone())));
                }
                let found = walk(self.names, journey.scope(), path, self.out)?;
                let from = found.ty?;
                if let Some((kind, declared)) = found.sensitive.filter(|(kind, _)| sensitive != Some(*kind)) {
                    self.out.say(
                        Finding::new(
                            &codes::J0138,
                            path.span,
                            format!(
                                "`{target}` would be like any other datum, and `{}` is not for every eye",
                                path.text()
                            ),
                        )
                        .label(format!("{} data", kind.name()))
                        .also(declared, "declared here")
                        .help(format!("declare what is set as `sensitive {}` too", kind.name())),
                    );
                }
                if !fits(from.required(), ty.required()) {
                    self.out.say(wrong(&from));
                    return None;
                }
                if let Some(missing) = found.missing.filter(|_| !ty.is_optional()) {
                    self.out.say(
                        Finding::new(
                            &codes::J0113,
                            path.span,
                            format!("`{missing}` may be missing, and `{target}` is always needed"),
                        )
                        .label("may be missing")
                        .help("put a `?` after the type of what is set, or set it where a value is at hand"),
                    );
                }
                Some(Ir::Path(parts(path)))
            }
            _ => {
                let (value_ir, found) = self.side(journey.scope(), value, Some(ty), &Facts::new())?;
                if !fits(found.required(), ty.required()) {
                    self.out.say(wrong(&found));
                    return None;
                }
                Some(value_ir)
            }
        }
    }
}
