//! What plans ask for, done to one customer by the real step and ledger.

use std::collections::{BTreeMap, VecDeque};

use journey_spec::Ts;
use journey_spec::program::{Channel, Field, HookAnswers, Millis, Program, Purpose, bucket};
use journey_spec::value::{Data, Value, fields_to_json};
use journey_step::effect::{Effect, Entry, What};
use journey_step::ledger::in_window;
use journey_step::{CompactString, Customer, HookAnswer, HookRequest, Input, Orders, step_asking};

use super::{Plan, Prompt, plain};

/// Steps that one replay may make; a run with more is not tried to its end.
const MOST_STEPS: usize = 20_000;

/// The customer of a replay, where it may be anybody.
const WITNESS: &str = "witness";

/// How many customers are looked at for one who belongs where the plans want it.
const LOOKED_AT: u32 = 200;

/// A message that left in a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaves {
    /// When.
    pub at: Ts,
    /// The journey that sent it.
    pub journey: String,
    /// The instance's key, where it has one.
    pub key: Option<String>,
    /// The instance's number, counted per customer.
    pub instance: Option<u64>,
    /// The message.
    pub message: String,
    /// Where.
    pub channel: Channel,
    /// Why.
    pub purpose: Purpose,
    /// The text, with sensitive values veiled.
    pub body: String,
}

/// What happened to the customer of a replay.
#[derive(Clone, Debug, Default)]
pub struct Replayed {
    /// The customer's id, by which ids of messages, cases and calls are derived, and ways of a `split`.
    pub customer: String,
    /// What left, in order.
    pub left: Vec<Leaves>,
    /// The customer's timeline, in order.
    pub timeline: Vec<Entry>,
    /// What came, in order, and when; what fell due came by itself.
    pub came: Vec<(Ts, Input)>,
    /// From when until when nothing left, as where an operator pauses every channel.
    pub held: Vec<(Ts, Ts)>,
}

impl Replayed {
    /// The number of the first instance of a journey that began.
    #[must_use]
    pub fn first_of(&self, journey: &str) -> Option<u64> {
        let began =
            |entry: &&Entry| matches!(entry.what, What::Started { .. }) && entry.journey.as_deref() == Some(journey);
        self.timeline.iter().find(began)?.instance
    }

    /// The timeline up to the last message that `counts` lets in and that left before `ends`, from `begins` on; each entry
    /// with whether it tells of such a message.
    #[must_use]
    pub fn story(&self, begins: Ts, ends: Option<Ts>, counts: impl Fn(&Leaves) -> bool) -> Vec<(&Entry, bool)> {
        let mut left = self.left.iter();
        let mut told: Vec<(&Entry, bool)> = Vec::new();
        for entry in &self.timeline {
            let counted = match entry.what {
                // The confirmation of a STOP is no journey's.
                What::Sent { .. } if entry.journey.is_some() => left.next().is_some_and(&counts),
                _ => false,
            };
            told.push((entry, counted && entry.at >= begins && ends.is_none_or(|ends| entry.at < ends)));
        }
        let last = told.iter().rposition(|(_, counted)| *counted).map_or(0, |i| i + 1);
        told.truncate(last);
        told.retain(|(entry, _)| !matches!(entry.what, What::Updated));
        told
    }

    /// The most that left in any half-open window of this length, in milliseconds, among what `counts` lets in, and when
    /// the first of them left.
    #[must_use]
    pub fn most_in(&self, window: Option<Millis>, counts: impl Fn(&Leaves) -> bool) -> (u64, Option<Ts>) {
        let at: Vec<Ts> = self.left.iter().filter(|l| counts(l)).map(|l| l.at).collect();
        let Some(window) = window else { return (at.len() as u64, at.first().copied()) };
        let inside = |last: Ts| at.iter().filter(move |t| in_window(**t, last, window));
        let best = at
            .iter()
            .map(|last| (inside(*last).count() as u64, *last))
            .max_by_key(|(n, last)| (*n, std::cmp::Reverse(*last)));
        best.map_or((0, None), |(n, last)| (n, inside(last).next().copied()))
    }
}

/// Does what plans say, for one customer who is as they want, and then lets time go on until `until`. The customer can be reached everywhere, or
/// only on one channel.
#[must_use]
pub fn replay(program: &Program, plans: &[Plan], until: Ts, only: Option<Channel>) -> Replayed {
    let mut prompts: Vec<(Ts, &Plan, &Prompt)> =
        plans.iter().flat_map(|plan| plan.prompts.iter().map(move |(at, prompt)| (*at, plan, prompt))).collect();
    prompts.sort_by_key(|(at, ..)| *at);
    let Some(first) = prompts.first().map(|(at, ..)| *at) else { return Replayed::default() };
    let held: Vec<(Ts, Ts)> = plans.iter().filter_map(|p| p.held).collect();
    let customer = somebody(plans);
    let mut run = Replay {
        program,
        held: held.clone(),
        customer: Customer::new(&customer),
        done: Replayed { customer, held, ..Replayed::default() },
        open: Vec::new(),
        calls: VecDeque::new(),
        steps: 0,
    };
    let mut profile = profile(program, only);
    for (name, wished) in plans.iter().flat_map(|plan| &plan.profile) {
        profile.insert(name, wished.clone());
    }
    run.take(&Input::CustomerUpdated { profile: profile.into(), stopped: Vec::new() }, first.saturating_sub(1));
    for (at, plan, prompt) in prompts {
        run.wait(at);
        if let Some(input) = run.input(plan, prompt, at) {
            run.take(&input, at);
        }
    }
    run.wait(until);
    run.done
}

/// A customer who goes the plans' ways wherever customers are split; where there is none, anybody.
fn somebody(plans: &[Plan]) -> String {
    let goes = |id: &String| {
        plans.iter().all(|plan| plan.parts.iter().all(|(state, part)| part.contains(&bucket(&plan.journey, state, id))))
    };
    let others = (1..LOOKED_AT).map(|n| format!("{WITNESS}-{n}"));
    std::iter::once(WITNESS.to_owned()).chain(others).find(goes).unwrap_or_else(|| WITNESS.into())
}

/// A customer who has agreed to everything and can be reached everywhere; or only on one channel, where the others may be
/// missing.
fn profile(program: &Program, only: Option<Channel>) -> Data {
    let declared = &program.customer;
    let closed = |name: &str| {
        let channels: Vec<Channel> = declared.addresses.iter().filter(|(_, f)| *f == name).map(|(c, _)| *c).collect();
        !channels.is_empty() && only.is_some_and(|only| !channels.contains(&only))
    };
    let value = |field: &Field| match field.ty.is_optional() && closed(&field.name) {
        true => Value::Missing,
        false => plain(field.ty.required()),
    };
    declared.fields.iter().map(|field| (field.name.clone(), value(field))).collect()
}

struct Replay<'p> {
    program: &'p Program,
    held: Vec<(Ts, Ts)>,
    customer: Customer,
    done: Replayed,
    /// What a person has been asked, and what left: journey, key, kind, id; newest last.
    open: Vec<(Option<String>, Option<String>, Ask, String)>,
    /// Calls that nobody has answered, oldest first.
    calls: VecDeque<String>,
    steps: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ask {
    Case,
    Message,
}

impl Replay<'_> {
    fn take(&mut self, input: &Input, at: Ts) {
        self.steps += 1;
        if *input != Input::Due {
            self.done.came.push((at, input.clone()));
        }
        let customer = std::mem::replace(&mut self.customer, Customer::new(""));
        let mut orders = Orders::default();
        if let Some(until) =
            self.held.iter().filter(|(from, until)| (*from..*until).contains(&at)).map(|(_, until)| *until).max()
        {
            Channel::ALL.into_iter().for_each(|channel| orders.pause(channel, Some(until)));
        }
        let mut ask = |request: &HookRequest| lets_in(self.program, request);
        let (customer, effects) = step_asking(self.program, &orders, customer, input, at, &mut ask);
        self.customer = customer;
        let senders: BTreeMap<CompactString, u64> = effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Note(Entry { what: What::Sent { id, .. }, instance, .. }) => Some((id.clone(), (*instance)?)),
                _ => None,
            })
            .collect();
        for effect in effects {
            match effect {
                Effect::Release(r) => {
                    let instance = senders.get(&r.id).copied();
                    self.open.push((
                        r.journey.clone().map(Into::into),
                        r.key.clone().map(Into::into),
                        Ask::Message,
                        r.id.into(),
                    ));
                    let Some(journey) = r.journey else { continue };
                    let body = r.shown.unwrap_or(r.body);
                    let (key, message, channel, purpose) = (r.key.map(Into::into), r.message, r.channel, r.purpose);
                    self.done.left.push(Leaves {
                        at,
                        journey: journey.to_string(),
                        key,
                        instance,
                        message: message.to_string(),
                        channel,
                        purpose,
                        body,
                    });
                }
                Effect::Handoff(c) => {
                    self.open.push((c.journey.map(Into::into), c.key.map(Into::into), Ask::Case, c.case.into()))
                }
                Effect::Call(c) => self.calls.push_back(c.id.to_string()),
                Effect::Note(entry) => self.done.timeline.push(entry),
                Effect::Refuse(_) | Effect::Took(_) => {}
            }
        }
    }

    /// Lets time go on, doing each thing when it falls due.
    fn wait(&mut self, until: Ts) {
        while let Some(due) = self.customer.next_due().filter(|due| *due <= until) {
            if self.steps >= MOST_STEPS {
                return;
            }
            let now = self.customer.now().map_or(due, |now| due.max(now));
            self.take(&Input::Due, now);
        }
    }

    fn input(&mut self, plan: &Plan, prompt: &Prompt, at: Ts) -> Option<Input> {
        if self.steps >= MOST_STEPS {
            return None;
        }
        let open = &self.open;
        let newest = |ask| {
            let mine = |journey: &Option<String>, key: &Option<String>| {
                journey.as_ref() == Some(&plan.journey) && *key == plan.key
            };
            open.iter()
                .rev()
                .find(|(journey, key, what, _)| *what == ask && mine(journey, key))
                .map(|(.., id)| id.clone())
        };
        Some(match prompt {
            Prompt::Due => Input::Due,
            Prompt::Event { name, data } => Input::Event { name: name.clone(), at, data: data.clone() },
            Prompt::Reply { channel, text } => Input::Reply { channel: *channel, address: None, text: text.clone() },
            Prompt::Closed => Input::HandoffClosed { case: newest(Ask::Case)? },
            Prompt::Answered(outcome) => Input::Answered { call: self.calls.pop_front()?, outcome: outcome.clone() },
            Prompt::Failed => Input::Receipt { message: newest(Ask::Message)?, delivered: false },
        })
    }
}

/// The worst feed's events come in as they are. What a journey asks fails.
fn lets_in(program: &Program, request: &HookRequest) -> HookAnswer {
    match program.hook(&request.hook).map(|(_, hook)| &hook.answers) {
        Some(HookAnswers::Verdicts) => HookAnswer::Verdicts(Vec::new()),
        Some(HookAnswers::Data) => HookAnswer::Data(fields_to_json(&request.args.iter().cloned().collect())),
        _ => HookAnswer::Failed(String::new()),
    }
}
