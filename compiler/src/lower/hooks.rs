//! Hooks: what is declared, and what is asked of one.

use std::collections::BTreeSet;

use journey_spec::program::{Ask, Expr as Ir, Field, Hook, HookAnswers, HookId, Judgement, PriorityOf};
use journey_spec::{Sensitive, Type, Value, codes};

use super::expressions::{Whose, parts, without_question_mark};
use super::journeys::JourneyScope;
use super::{Lower, ir_fields};
use crate::ast::{AnswersDecl, AskDecl, Expr, ExprKind, HookDecl, JudgementDecl, Name, PriorityDecl};
use crate::diagnostics::{Finding, did_you_mean};
use crate::fix::Fix;
use crate::project::module_beside;
use crate::resolve::{FieldInfo, Kind, Names, listed};
use crate::source::Span;
use crate::spans::Node;
use crate::types::{mismatch, noun, walk};

/// A hook that is asked somewhere.
pub(super) struct Asked {
    pub(super) ask: Ask,
    /// What it may say.
    pub(super) answers: HookAnswers,
    /// What its failure counts as, as a value.
    pub(super) on_failure: Value,
    /// Why its answer is not for every eye, and where that is declared.
    pub(super) sensitive: Option<(Sensitive, Span)>,
}

impl Asked {
    pub(super) fn ty(&self) -> Type {
        match &self.answers {
            HookAnswers::OneOf(names) => Type::OneOf(names.clone()),
            HookAnswers::Number => Type::Number,
        }
    }
}

impl Lower<'_, '_> {
    pub(super) fn hooks(&mut self) -> Vec<Hook> {
        let names = self.names;
        let mut hooks = Vec::new();
        for (hook, id) in names.hooks.iter().zip(0..) {
            self.out.place(Node::Hook(HookId(id)), hook.decl.name.span);
            if let AnswersDecl::OneOf(answers) = &hook.decl.answers {
                self.out.distinct("answers", answers);
            }
            self.failure_is_an_answer(hook.decl);
            hooks.push(self.hook(hook.decl, ir_fields(&hook.fields)));
        }
        hooks
    }

    fn hook(&mut self, decl: &HookDecl, params: Vec<Field>) -> Hook {
        let from = match self.sources.get(decl.from.span.file).map(|file| module_beside(&file.path, &decl.from)) {
            Some(Ok(path)) => path,
            Some(Err(finding)) => {
                self.out.say(finding);
                decl.from.text.clone()
            }
            None => decl.from.text.clone(),
        };
        let within = decl.within.as_ref().map_or(Hook::WITHIN, |within| {
            if !(1..=Hook::LONGEST).contains(&within.value) {
                let name = &decl.name.text;
                let message = match within.value {
                    ..1 => format!("`{name}` has no time at all, and would always fail"),
                    _ => format!("`{name}` would hold up every customer behind this one"),
                };
                self.out.say(
                    Finding::new(&codes::J0116, within.span, message)
                        .label("out of range")
                        .help("give it from `1ms` to `1s`; what takes longer is a `service`"),
                );
            }
            within.value.clamp(1, Hook::LONGEST)
        });
        let memory = decl.memory.as_ref().map_or(Hook::MEMORY, |memory| {
            if !(1..=Hook::MOST_MEMORY).contains(&memory.value) {
                self.out.say(
                    Finding::new(&codes::J0116, memory.span, "a hook has from 1 to 64 MiB of memory")
                        .label("out of range")
                        .help("write a number in between, such as `16MiB`"),
                );
            }
            memory.value.clamp(1, Hook::MOST_MEMORY)
        });
        let on_failure = judgement(&decl.on_failure);
        Hook { name: decl.name.text.clone(), params, answers: answers(decl), from, within, memory, on_failure }
    }

    /// What a failure counts as is something that the hook may say.
    fn failure_is_an_answer(&mut self, decl: &HookDecl) {
        let name = &decl.name.text;
        let said = decl.on_failure.written();
        match (&decl.answers, &decl.on_failure) {
            (AnswersDecl::OneOf(known), JudgementDecl::Outcome(outcome)) => {
                self.is_said(name, known, outcome, "would be nowhere when the hook fails");
            }
            (AnswersDecl::Number, JudgementDecl::Number(number)) => {
                if number.text.parse::<f64>().ok().is_none_or(|n| !n.is_finite()) {
                    self.out
                        .say(Finding::new(&codes::J0116, number.span, "this number is too large").label("too large"));
                }
            }
            (AnswersDecl::Number, JudgementDecl::Outcome(_)) => self.out.say(
                mismatch(said.span, format!("`{name}` says a number, and `{}` is none", said.text))
                    .label("not a number")
                    .help("write the number that its failure counts as, such as `on failure 0.5`"),
            ),
            (AnswersDecl::OneOf(known), JudgementDecl::Number(_)) => self.out.say(
                mismatch(said.span, format!("`{name}` says one of its names, and never {}", said.text))
                    .label("a number")
                    .help(format!("it says {}", listed(&texts(known)))),
            ),
        }
    }

    /// Says so where a hook never says a name; `else_what` tells what would become of a customer.
    fn is_said(&mut self, hook: &str, known: &[Name], name: &Name, else_what: &str) {
        let known = texts(known);
        if known.contains(&name.text.as_str()) {
            return;
        }
        let help =
            did_you_mean(&name.text, known.iter().copied()).unwrap_or_else(|| format!("it says {}", listed(&known)));
        self.out.say(
            Finding::new(
                &codes::J0117,
                name.span,
                format!("a customer {else_what}: `{hook}` never says `{}`", name.text),
            )
            .label("not one of its answers")
            .help(help)
            .fix(Fix::meant(name.span, &name.text, known)),
        );
    }

    /// `triage(complaint)`
    pub(super) fn ask(&mut self, journey: &JourneyScope<'_>, decl: &AskDecl) -> Option<Asked> {
        let names = self.names;
        let id = self.position(Kind::Hook, &decl.hook.text, decl.hook.span)?;
        let hook = names.hooks.get(id as usize)?;
        let whose = Whose {
            word: "hook",
            name: &hook.decl.name.text,
            declared: hook.decl.name.span,
            params: hook.fields.as_slice(),
        };
        let args = self.arguments(journey.scope(), &decl.args, decl.hook.span, whose);
        if args.len() != hook.fields.len() {
            // What is wrong with them has been said.
            self.out.poisoned = true;
            return None;
        }
        let written: Vec<String> = args.iter().take(decl.args.len()).map(ToString::to_string).collect();
        let text = format!("{}({})", decl.hook.text, written.join(", "));
        let on_failure = match judgement(&hook.decl.on_failure) {
            Judgement::Outcome(name) => Value::Text(name),
            Judgement::Number(number) => Value::Number(number),
        };
        let sensitive = sensitive(names, &hook.fields);
        Some(Asked { ask: Ask { hook: HookId(id), args, text }, answers: answers(hook.decl), on_failure, sensitive })
    }

    pub(super) fn priority(&mut self, journey: &JourneyScope<'_>, decl: &PriorityDecl) -> Option<PriorityOf> {
        match decl {
            PriorityDecl::Hook(ask) => self.ask(journey, ask).map(|asked| PriorityOf::Hook(asked.ask)),
            PriorityDecl::Value(value) => self.ranked(journey, value).map(PriorityOf::Value),
        }
    }

    /// A number, or a datum that says how soon somebody should look.
    fn ranked(&mut self, journey: &JourneyScope<'_>, value: &Expr) -> Option<Ir> {
        let path = match &value.kind {
            ExprKind::Path(path) => path,
            ExprKind::Number(text) => {
                let number = text.parse::<f64>().ok().filter(|n| n.is_finite());
                if number.is_none() {
                    self.out
                        .say(Finding::new(&codes::J0116, value.span, "this number is too large").label("too large"));
                }
                return number.map(|n| Ir::Literal(Value::Number(n)));
            }
            _ => return None,
        };
        let found = walk(self.names, journey.scope(), path, self.out)?;
        let ty = found.ty?;
        if !matches!(ty.required(), Type::Number | Type::OneOf(_)) {
            self.out.say(
                mismatch(
                    path.span,
                    format!("`{}` is {}, which says nothing of how soon", path.text(), noun(ty.required())),
                )
                .label("no priority")
                .help("a priority is a number, a datum that is a number or a `one of { … }`, or what a hook says"),
            );
            return None;
        }
        if let Some(missing) = found.missing {
            self.out.say(
                Finding::new(
                    &codes::J0113,
                    path.span,
                    format!("`{missing}` may be missing, and then nobody knows how soon to look"),
                )
                .label("may be missing")
                .help(without_question_mark(&missing)),
            );
        }
        Some(Ir::Path(parts(path)))
    }
}

fn texts(names: &[Name]) -> Vec<&str> {
    names.iter().map(|n| n.text.as_str()).collect()
}

/// What a hook may say, each name once.
pub(crate) fn answers(decl: &HookDecl) -> HookAnswers {
    match &decl.answers {
        AnswersDecl::Number => HookAnswers::Number,
        AnswersDecl::OneOf(names) => {
            let mut seen = BTreeSet::new();
            HookAnswers::OneOf(names.iter().filter(|n| seen.insert(&n.text)).map(|n| n.text.clone()).collect())
        }
    }
}

fn judgement(decl: &JudgementDecl) -> Judgement {
    match decl {
        JudgementDecl::Outcome(name) => Judgement::Outcome(name.text.clone()),
        JudgementDecl::Number(number) => Judgement::Number(number.text.parse().unwrap_or(0.0)),
    }
}

/// Why what is judged of these is not for every eye: one of them, or a part of one, is not either.
fn sensitive(names: &Names<'_>, params: &[FieldInfo]) -> Option<(Sensitive, Span)> {
    let mut fields: Vec<&FieldInfo> = params.iter().collect();
    let mut seen = BTreeSet::new();
    while let Some(field) = fields.pop() {
        if let Some(kind) = field.sensitive {
            return Some((kind, field.span));
        }
        if let Some(Type::Record(name)) = field.ty.as_ref().map(Type::required)
            && seen.insert(name)
        {
            fields.extend(names.record(name).unwrap_or_default());
        }
    }
    None
}
