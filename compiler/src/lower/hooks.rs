//! Hooks: what is declared, and what is asked of one.

use std::collections::BTreeSet;

use journey_spec::hooks::{LARGEST_MODULE, MODULE};
use journey_spec::program::{Ask, Expr as Ir, Field, Hook, HookAnswers, HookId, Judgement, PriorityOf};
use journey_spec::{Sensitive, Type, Value, codes};

use super::expressions::{Whose, parts, without_question_mark};
use super::journeys::JourneyScope;
use super::{Lower, ir_fields};
use crate::ast::{AnswersDecl, AskDecl, EventDecl, Expr, ExprKind, HookDecl, JudgementDecl, Name, Path, PriorityDecl};
use crate::diagnostics::{Finding, did_you_mean};
use crate::fix::Fix;
use crate::project::{largest, module_beside, named_from};
use crate::resolve::{Declared, FieldInfo, Kind, Names, listed};
use crate::source::Span;
use crate::spans::Node;
use crate::types::{Scope, mismatch, noun, walk};

/// What becomes of an event where its hook fails.
const DOOR: [&str; 2] = ["accept", "refuse"];

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
            // Who says something of events is asked by no journey, which has been said.
            HookAnswers::Number | HookAnswers::Verdicts | HookAnswers::Data => Type::Number,
        }
    }
}

/// Where an event's declaration names a hook.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// `made by hook`
    Made,
    /// `checked by hook`
    Checked,
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
            Some(Ok(path)) => named_from(self.modules.folder, &path),
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
        let on_failure = judgement(decl);
        if let Some(mib) = decl.largest.as_ref().filter(|mib| !(1..=LARGEST_MODULE).contains(&mib.value)) {
            self.out.say(
                Finding::new(&codes::J0116, mib.span, format!("a hook's module has from 1 to {LARGEST_MODULE} MiB"))
                    .label("out of range")
                    .help(format!("write a number in between; without `up to` it is {MODULE}MiB")),
            );
        }
        let name = decl.name.text.clone();
        let sha256 = self.modules.hashes.get(&decl.from.span).cloned();
        let largest = largest(decl);
        Hook { name, params, answers: answers(decl), from, sha256, largest, within, memory, on_failure }
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
            (AnswersDecl::Verdicts | AnswersDecl::Data, said) => {
                let written = said.written();
                if !matches!(said, JudgementDecl::Outcome(_)) || !DOOR.contains(&written.text.as_str()) {
                    let message = format!(
                        "`{name}` is asked whether an event is let in, and `{}` is no answer to that",
                        written.text
                    );
                    self.out.say(mismatch(written.span, message).label("neither `accept` nor `refuse`").help(
                        "`on failure refuse` keeps an event away that nobody could look at, for the dead letters; `on failure accept` takes it in as it came",
                    ));
                }
            }
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
        if let AnswersDecl::Verdicts | AnswersDecl::Data = hook.decl.answers {
            let name = &decl.hook.text;
            let (says, clause) = match hook.decl.answers {
                AnswersDecl::Data => ("gives an event's data anew", "made"),
                _ => ("says what is wrong with an event", "checked"),
            };
            self.out.say(
                mismatch(decl.span, format!("`{name}` {says}, and a journey needs a name or a number"))
                    .label("asked about events only")
                    .also(hook.decl.name.span, "declared here")
                    .help(format!("name it where the event is declared: `event … {{ … }} {clause} by hook {name}`")),
            );
            return None;
        }
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
        let on_failure = match judgement(hook.decl) {
            Judgement::Outcome(name) => Value::Text(name),
            Judgement::Number(number) => Value::Number(number),
            Judgement::Accept | Judgement::Refuse => return None,
        };
        let sensitive = sensitive(names, &hook.fields);
        Some(Asked { ask: Ask { hook: HookId(id), args, text }, answers: answers(hook.decl), on_failure, sensitive })
    }

    /// `made by hook tidy`, `checked by hook plausible`: what the hook is told are the event's fields of its parameters'
    /// names.
    pub(super) fn at_the_door(&mut self, event: &Declared<'_, EventDecl>, clause: &Name, door: Door) -> Option<HookId> {
        let names = self.names;
        let id = self.position(Kind::Hook, &clause.text, clause.span)?;
        let hook = names.hooks.get(id as usize)?;
        let (of, name) = (event.decl.name.text(), &hook.decl.name.text);
        let (wanted, word, says) = match door {
            Door::Made => (AnswersDecl::Data, "made", "data"),
            Door::Checked => (AnswersDecl::Verdicts, "checked", "verdicts"),
        };
        if hook.decl.answers != wanted {
            self.out.say(
                mismatch(clause.span, format!("`{of}` is {word} by a hook that says `{says}`, and `{name}` does not"))
                    .label("says something else")
                    .also(hook.decl.name.span, "declared here")
                    .help(format!("declare it as `hook {name}(…) -> {says} from … on failure refuse`")),
            );
            return None;
        }
        let owner = format!("the event `{of}`");
        let scope = Scope { fields: &event.fields, owner: &owner, customer: false, code: &codes::J0101 };
        let whose = Whose { word: "hook", name, declared: hook.decl.name.span, params: &hook.fields };
        let mut fits = true;
        for param in &hook.fields {
            let path = Path { parts: vec![Name { text: param.name.clone(), span: clause.span }], span: clause.span };
            let given = Expr { kind: ExprKind::Path(path), span: clause.span };
            let found = self.argument(scope, &given, param, whose);
            fits &= found.is_some();
            let field = event.fields.iter().find(|f| f.name == param.name);
            if let (Door::Made, Some(_), Some(field)) = (door, found, field)
                && let (Some(was), Some(is)) = (&field.ty, &param.ty)
                && was != is
            {
                fits = false;
                let message = format!(
                    "`{name}` gives `{}` back as {}, and in `{of}` it is {}",
                    param.name,
                    is.spelled(),
                    was.spelled()
                );
                self.out.say(
                    mismatch(clause.span, message)
                        .label("of another type")
                        .also(param.span, "given back as this")
                        .also(field.span, "declared here")
                        .help("declare both alike; what the hook gives back takes the place of what came"),
                );
            }
        }
        match fits {
            true => Some(HookId(id)),
            // What is wrong with them has been said.
            false => {
                self.out.poisoned = true;
                None
            }
        }
    }

    pub(super) fn priority(&mut self, journey: &JourneyScope<'_>, decl: &PriorityDecl) -> Option<PriorityOf> {
        match decl {
            PriorityDecl::Hook(ask) => self.ask(journey, ask).map(|asked| PriorityOf::Hook(asked.ask)),
            PriorityDecl::Value(value) => self.ranked(journey, value).map(PriorityOf::Value),
        }
    }

    /// The data that go along with a case, each once.
    pub(super) fn carried(&mut self, journey: &JourneyScope<'_>, decl: &[Expr]) -> Vec<Vec<String>> {
        let mut carried: Vec<Vec<String>> = Vec::new();
        for value in decl {
            let ExprKind::Path(path) = &value.kind else { continue };
            if walk(self.names, journey.scope(), path, self.out).is_none() {
                continue;
            }
            let parts = parts(path);
            if carried.contains(&parts) {
                self.out.misplaced(path.span, format!("`{}` goes along twice", path.text()), "take one of them away");
            } else {
                carried.push(parts);
            }
        }
        carried
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
        AnswersDecl::Verdicts => HookAnswers::Verdicts,
        AnswersDecl::Data => HookAnswers::Data,
        AnswersDecl::OneOf(names) => {
            let mut seen = BTreeSet::new();
            HookAnswers::OneOf(names.iter().filter(|n| seen.insert(&n.text)).map(|n| n.text.clone()).collect())
        }
    }
}

fn judgement(decl: &HookDecl) -> Judgement {
    let about_events = matches!(decl.answers, AnswersDecl::Verdicts | AnswersDecl::Data);
    match &decl.on_failure {
        JudgementDecl::Outcome(name) if about_events && name.text == "accept" => Judgement::Accept,
        JudgementDecl::Outcome(_) if about_events => Judgement::Refuse,
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
