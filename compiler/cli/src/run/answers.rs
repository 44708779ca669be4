//! The answers of services, from a file.

use std::collections::BTreeMap;
use std::path::Path;

use journey_compiler::diagnostics::did_you_mean;
use journey_runtime::feed::record_of;
use journey_runtime::service::Answer;
use journey_runtime::{Out, Service};
use journey_spec::program::Program;
use journey_spec::time::parse_duration;
use journey_step::effect::CallRequest;
use serde_json::Value as Json;

use crate::failure::Failure;
use crate::folder::read_at_most;

/// Services that answer what a file says.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers {
    given: BTreeMap<String, Vec<Answer>>,
    /// The calls that were asked, with their answers: the same call is answered the same again.
    asked: BTreeMap<String, Answer>,
    counts: BTreeMap<String, usize>,
}

impl Service for Answers {
    /// Of several answers each call takes the next, and the last one stays. A service without any never answers, so its
    /// call runs into its deadline and has failed.
    fn call(&mut self, call: Out<'_, CallRequest>) -> Answer {
        if let Some(answer) = self.asked.get(call.item.id.as_str()) {
            return answer.clone();
        }
        let Some(answers) = self.given.get(call.item.service.as_str()) else { return Answer::Later };
        let count = self.counts.entry(call.item.service.to_string()).or_default();
        let answer = answers.get(*count).or_else(|| answers.last()).cloned().unwrap_or(Answer::Later);
        *count += 1;
        self.asked.insert(call.item.id.to_string(), answer.clone());
        answer
    }
}

const SHAPES: &str = "{\"cancel_visit\": \"done\"}, or [\"refused\", \"done\"] for one call after another, or {\"outcome\": \"done\", \"after\": \"2s\"}";

/// Reads the file, and holds it against the services that the program declares.
pub(super) fn read(path: &Path, program: &Program) -> Result<Answers, Failure> {
    let name = path.display();
    let bytes = read_at_most(path, 16 * 1024 * 1024)
        .map_err(|why| Failure::new(format!("cannot read the answers `{name}`: {why}")).help("name another file"))?;
    let json: Json = serde_json::from_slice(&bytes).map_err(|e| {
        Failure::new(format!("{name}:{}:{}: this is not JSON: {e}", e.line(), e.column()))
            .help(format!("write {SHAPES}"))
    })?;
    let Json::Object(services) = json else {
        return Err(
            Failure::new(format!("`{name}` does not hold an object of services")).help(format!("write {SHAPES}"))
        );
    };
    let mut answers = Answers::default();
    for (service, value) in &services {
        let Some(declared) = program.services.iter().find(|s| s.name == *service) else {
            let close = did_you_mean(service, program.services.iter().map(|s| s.name.as_str()));
            return Err(Failure::new(format!("`{name}` answers for `{service}`, which the project does not declare"))
                .help(close.unwrap_or_else(|| "remove it, or declare the service in the journey".into())));
        };
        let one_or_many = match value {
            Json::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut list = Vec::new();
        for value in one_or_many {
            if declared.returns.is_some() && value.is_object() {
                record_of(program, service, value).map_err(|why| {
                    Failure::new(format!("`{name}` answers for `{service}` what does not fit: {why}"))
                        .help("write the record as a feed would, such as {\"id\": \"B1\", \"slot\": \"2026-03-20T09:00:00Z\"}")
                })?;
                list.push(Answer::Record(0, value.clone()));
                continue;
            }
            let (outcome, after) = shape(value).ok_or_else(|| {
                Failure::new(format!("`{name}` says {value} for `{service}`, which is no answer"))
                    .help(format!("write {SHAPES}"))
            })?;
            if outcome != "failed" && !declared.outcomes.iter().any(|o| o == outcome) {
                return Err(Failure::new(format!(
                    "`{name}` answers `{outcome}` for `{service}`, which cannot say that"
                ))
                .help(match &declared.returns {
                    Some(record) => format!("it returns a `{record}`, or has failed"),
                    None => format!("it answers {}, or failed", declared.outcomes.join(", ")),
                }));
            }
            list.push(match after {
                None => Answer::Outcome(outcome.into()),
                Some(ms) => Answer::After(ms, outcome.into()),
            });
        }
        answers.given.insert(service.clone(), list);
    }
    Ok(answers)
}

fn shape(value: &Json) -> Option<(&str, Option<i64>)> {
    match value {
        Json::String(outcome) => Some((outcome, None)),
        Json::Object(fields) => {
            let outcome = fields.get("outcome")?.as_str()?;
            let after = match fields.get("after") {
                None => None,
                Some(after) => Some(parse_duration(after.as_str()?)?),
            };
            Some((outcome, after))
        }
        _ => None,
    }
}
