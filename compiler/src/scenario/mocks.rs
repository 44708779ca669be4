//! What a scenario lets services and hooks say.

use journey_spec::codes;

use super::Scenario;
use crate::ast::{AnswersDecl, HookDecl, JourneyItem, JudgementDecl, MockAnswer, MockJudgement, Name, StateItem};
use crate::resolve::{Declared, Kind, unknown};
use crate::types::mismatch;

impl Scenario<'_, '_> {
    pub(super) fn mock(&mut self, service: &Name, answer: &MockAnswer) {
        let names = self.names;
        let found = names.known_as(Kind::Service, &service.text, service.span, self.out);
        let Some(declared) = found.and_then(|i| names.services.get(i)) else { return };
        let outcome = match (answer, &declared.decl.returns) {
            (MockAnswer::Outcome(outcome), _) => outcome,
            (MockAnswer::Record(values, span), Some(returns)) => {
                if let Some(fields) = names.record(&returns.text) {
                    self.fields(values, fields, *span, &format!("the record `{}`", returns.text));
                }
                return;
            }
            (MockAnswer::Record(_, span), None) => {
                let message = format!("`{}` answers with an outcome, and this is a record", service.text);
                self.out.say(
                    mismatch(*span, message).label("not an outcome").also(declared.decl.name.span, "declared here"),
                );
                return;
            }
        };
        let outcomes = declared.decl.outcomes.iter().map(|o| o.text.as_str()).chain(["failed"]);
        if !outcomes.clone().any(|known| known == outcome.text) {
            self.out.say(unknown(
                &codes::J0101,
                outcome.span,
                format!("`{}` never answers `{}`", service.text, outcome.text),
                &outcome.text,
                outcomes,
                "",
            ));
        }
    }

    /// The state splits, and one of its ways leads there.
    pub(super) fn mock_split(&mut self, state: &Name, to: &Name) {
        let Some(journey) = self.journey else { return };
        self.state(state);
        let found = journey.items.iter().find_map(|item| match item {
            JourneyItem::State(decl) if decl.name.text == state.text => Some(decl),
            _ => None,
        });
        let Some(decl) = found else { return };
        let split = decl.items.iter().find_map(|item| match item {
            StateItem::Split(split) => Some(split),
            _ => None,
        });
        let Some(split) = split else {
            self.out.say(
                mismatch(state.span, format!("`{}` splits nobody", state.text))
                    .label("has no `split by customer`")
                    .also(decl.name.span, "declared here"),
            );
            return;
        };
        let ways = || split.ways.iter().map(|(_, way)| way.text.as_str());
        if !ways().any(|way| way == to.text) {
            let message = format!("`{}` never goes to `{}`", state.text, to.text);
            self.out.say(unknown(&codes::J0101, to.span, message, &to.text, ways(), ""));
        }
    }

    pub(super) fn mock_hook(&mut self, hook: &Name, answer: &MockJudgement) {
        let names = self.names;
        let found = names.known_as(Kind::Hook, &hook.text, hook.span, self.out);
        let Some(declared) = found.and_then(|i| names.hooks.get(i)) else { return };
        let said = match (answer, &declared.decl.answers) {
            (MockJudgement::Fails, _) => return,
            (MockJudgement::Gives(values, span), AnswersDecl::Data) => {
                return self.fields(values, &declared.fields, *span, &format!("what `{}` gives back", hook.text));
            }
            (MockJudgement::Gives(_, span), _) => {
                let message = format!("`{}` gives no data back, and these are some", hook.text);
                return self.out.say(
                    mismatch(*span, message).label("not an answer").also(declared.decl.name.span, "declared here"),
                );
            }
            (MockJudgement::Says(said), _) => said,
        };
        let name = said.written();
        match (&declared.decl.answers, said) {
            (AnswersDecl::Number, JudgementDecl::Number(_)) => {}
            (AnswersDecl::Number, JudgementDecl::Outcome(_)) => self.out.say(
                mismatch(name.span, format!("`{}` says a number, and `{}` is none", hook.text, name.text))
                    .label("not a number")
                    .also(declared.decl.name.span, "declared here"),
            ),
            (AnswersDecl::Verdicts, JudgementDecl::Outcome(name))
                if ["accept", "refuse"].contains(&name.text.as_str()) => {}
            (AnswersDecl::Verdicts, _) => self.out.say(
                mismatch(
                    name.span,
                    format!("`{}` accepts an event or refuses it, and `{}` is neither", hook.text, name.text),
                )
                .label("neither `accept` nor `refuse`")
                .also(declared.decl.name.span, "declared here"),
            ),
            (AnswersDecl::Data, _) => self.out.say(
                mismatch(name.span, format!("`{}` gives an event's data back, and `{}` is none", hook.text, name.text))
                    .label("no data")
                    .also(declared.decl.name.span, "declared here")
                    .help(format!("write all that it gives: `mock hook {} -> {{ {} }}`", hook.text, sample(declared))),
            ),
            (AnswersDecl::OneOf(known), _) => {
                let known = known.iter().map(|n| n.text.as_str());
                if !known.clone().any(|known| known == name.text) {
                    let message = format!("`{}` never says `{}`", hook.text, name.text);
                    self.out.say(unknown(&codes::J0101, name.span, message, &name.text, known, ""));
                }
            }
        }
    }
}

/// The data that a hook gives back, to be filled in.
fn sample(hook: &Declared<'_, HookDecl>) -> String {
    let fields: Vec<String> = hook.fields.iter().map(|f| format!("{}: …", f.name)).collect();
    fields.join(", ")
}
