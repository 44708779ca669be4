//! What an event's hooks make of it, before any journey hears it.

use std::borrow::Cow;

use journey_spec::program::{Event, Hook, HookId, Judgement};
use journey_spec::sensitive::Sensitive;
use journey_spec::value::{Data, Value, fields_from_json};

use super::Run;
use crate::effect::What;
use crate::hooks::{HookAnswer, HookReply, Ran, UNDECLARED, Verdict};

/// Most verdicts of one event that are told; what is wrong beyond that is counted.
const MOST_TOLD: usize = 10;
/// Longest code of a verdict, in characters.
const LONGEST_CODE: usize = 40;
/// Longest sentence of a verdict, in characters.
const LONGEST_MESSAGE: usize = 200;

/// Why an event is not let in.
pub(crate) struct Shut {
    /// For the dead letters, where the event itself stands too.
    pub(crate) reason: String,
    /// For the timeline.
    pub(crate) rule: String,
}

impl Run<'_> {
    /// The data with which an event is heard.
    pub(crate) fn at_the_door<'d>(&mut self, event: &Event, data: &'d Data) -> Result<Cow<'d, Data>, Shut> {
        let mut data = Cow::Borrowed(data);
        if let Some(id) = event.made_by {
            self.make(id, event, &mut data)?;
        }
        if let Some(id) = event.checked_by {
            self.check(id, event, &data)?;
        }
        Ok(data)
    }

    /// Lets a hook make the data anew.
    fn make(&mut self, id: HookId, event: &Event, data: &mut Cow<'_, Data>) -> Result<(), Shut> {
        let program = self.program;
        let Some(hook) = program.hooks.get(id.index()) else { return Ok(()) };
        let HookReply { answer, ran } = self.told(id, hook, data);
        let made = match answer {
            HookAnswer::Data(json) => {
                fields_from_json(&json, &hook.params, &program.records).map_err(|misfit| match misfit.path.as_str() {
                    "" => format!("what it gave {}", misfit.problem),
                    path => format!("the `{path}` that it gave {}", misfit.problem),
                })
            }
            HookAnswer::Failed(why) => Err(why),
            _ => Err(UNDECLARED.into()),
        };
        match made {
            Ok(made) => {
                let differs = |name: &&str| made.get(name) != data.get(name);
                let changed: Vec<String> = made.keys().filter(differs).map(|name| format!("`{name}`")).collect();
                let answer = match changed.as_slice() {
                    [] => "as it came".into(),
                    changed => format!("{} anew", changed.join(", ")),
                };
                let remade = !changed.is_empty();
                self.note(
                    None,
                    What::Judged { hook: hook.name.as_str().into(), answer, failed: None, ran: ran.map(Box::new) },
                );
                if remade {
                    data.to_mut().extend(made);
                }
                Ok(())
            }
            Err(why) => self.unjudged(hook, event, why, ran),
        }
    }

    /// Asks a hook what is wrong with the data.
    fn check(&mut self, id: HookId, event: &Event, data: &Data) -> Result<(), Shut> {
        let program = self.program;
        let Some(hook) = program.hooks.get(id.index()) else { return Ok(()) };
        let HookReply { answer, ran } = self.told(id, hook, data);
        let verdicts = match answer {
            HookAnswer::Verdicts(verdicts) => verdicts,
            HookAnswer::Failed(why) => return self.unjudged(hook, event, why, ran),
            _ => return self.unjudged(hook, event, UNDECLARED.into(), ran),
        };
        let accepted = verdicts.is_empty();
        let answer = if accepted { Judgement::Accept } else { Judgement::Refuse }.to_string();
        self.note(None, What::Judged { hook: hook.name.as_str().into(), answer, failed: None, ran: ran.map(Box::new) });
        if accepted {
            return Ok(());
        }
        let (codes, said) = match program.hook_sensitivity(id).map(Sensitive::veil) {
            Some(veil) => (veil.clone(), veil),
            None => (
                listed(&verdicts, code),
                listed(&verdicts, |v| format!("{}: {}", code(v), plain(&v.message, LONGEST_MESSAGE))),
            ),
        };
        Err(Shut {
            reason: format!("hook `{}` refuses this `{}`: {said}", hook.name, event.name),
            rule: format!("hook {} says {codes}", hook.name),
        })
    }

    /// What a hook says of those of the event's fields that it is told.
    fn told(&mut self, id: HookId, hook: &Hook, data: &Data) -> HookReply {
        let value = |name: &String| data.get(name).cloned().unwrap_or(Value::Missing);
        let args = hook.params.iter().map(|p| (p.name.clone(), value(&p.name))).collect();
        let HookReply { answer, ran } = self.hooks.next(&hook.name, args, self.asker(None));
        HookReply { answer, ran: ran.map(|ran| self.of_every_eye(id, ran)) }
    }

    /// A hook gave no answer: its declaration says whether the event comes in nevertheless, as it came.
    fn unjudged(&mut self, hook: &Hook, event: &Event, why: String, ran: Option<Ran>) -> Result<(), Shut> {
        let (name, answer) = (hook.name.clone(), hook.on_failure.to_string());
        let reason = format!("hook `{name}` could not judge this `{}`, and no other is let in: {why}", event.name);
        self.note(None, What::Judged { hook: name.as_str().into(), answer, failed: Some(why), ran: ran.map(Box::new) });
        match hook.on_failure {
            Judgement::Accept => Ok(()),
            _ => Err(Shut { reason, rule: format!("hook {name} failed") }),
        }
    }
}

fn code(verdict: &Verdict) -> String {
    match plain(&verdict.code, LONGEST_CODE) {
        code if code.is_empty() => "no code".into(),
        code => code,
    }
}

fn listed(verdicts: &[Verdict], tell: impl Fn(&Verdict) -> String) -> String {
    let mut told: Vec<String> = verdicts.iter().take(MOST_TOLD).map(tell).collect();
    if let Some(more) = verdicts.len().checked_sub(MOST_TOLD).filter(|more| *more > 0) {
        told.push(format!("and {more} more"));
    }
    told.join("; ")
}

/// A text of a hook's, cut, and without anything that could steer a terminal that prints it.
fn plain(text: &str, max: usize) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(max).collect::<String>().trim().to_string()
}
