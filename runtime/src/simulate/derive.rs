//! A world where nobody has declared one: from what a program itself says.
//!
//! Events that start a journey come by themselves, once in thirty days; what such a journey hears besides follows some of
//! them. Instants lie some days ahead, and some of what follows moves them. Whoever knows better writes a profile.

use std::collections::BTreeMap;

use journey_spec::Value;
use journey_spec::program::{
    Channel, DAY, Event, EventId, Field, GoalWhat, HOUR, HookAnswers, Journey, MINUTE, Message, Program, SECOND,
    Trigger,
};
use journey_spec::types::Type;

use super::profile::{
    ACCEPT, DeskPlan, EventPlan, Faults, Follow, HookPlan, Made, Make, MessagePlan, Moment, Profile, REFUSE,
    ServicePlan, When,
};
use super::words::{Delay, Rate, Share};

/// Monday 2 March 2026, 00:00 UTC: in ninety days from there clocks are set forward once.
const BEGINS: i64 = 1_772_409_600_000;

/// Deeper records than that are left empty; the language's own nesting is no deeper.
const DEEPEST: usize = 16;

const NAMES: [&str; 6] = ["Ada", "Omar", "Grace", "Ines", "Jonas", "Mei"];
const ZONES: [(&str, u32); 4] =
    [("Europe/London", 60), ("Europe/Madrid", 20), ("America/New_York", 15), ("Asia/Kolkata", 5)];
const TEXTS: [&str; 4] = ["Thank you", "ok", "Who is this?", "Can you call me please"];

impl Profile {
    /// The world of a program of which nothing else is known.
    #[must_use]
    pub fn of(program: &Program) -> Profile {
        let maker = Maker { program };
        Profile {
            begins: BEGINS,
            customer: program.customer.fields.iter().map(|field| maker.of_customer(field)).collect(),
            moves: None,
            events: (0_u32..).zip(&program.events).map(|(i, event)| maker.event(EventId(i), event)).collect(),
            messages: program.messages.iter().map(message).collect(),
            services: program.services.iter().map(|service| ServicePlan::of(&service.outcomes)).collect(),
            hooks: program.hooks.iter().map(|hook| HookPlan::of(&hook.answers)).collect(),
            desks: BTreeMap::new(),
            desk: DeskPlan { delay: Delay::Between(20 * MINUTE, DAY), never: Share::percent(10) },
            faults: Faults { stuck_times: 131, stuck_every: MINUTE, ..Faults::default() },
            hostile_inputs: 200,
        }
    }
}

impl ServicePlan {
    fn of(outcomes: &[String]) -> ServicePlan {
        // The first is what is hoped for, as people write it.
        let weight = |i: usize| if i == 0 { 8 } else { 1 };
        ServicePlan {
            outcomes: outcomes.iter().enumerate().map(|(i, o)| (o.clone(), weight(i))).collect(),
            delay: Delay::Between(200, 5 * SECOND),
            failed: Share::percent(1),
            silent: Share::percent(1),
        }
    }
}

impl HookPlan {
    fn of(answers: &HookAnswers) -> HookPlan {
        let says = match answers {
            HookAnswers::OneOf(names) => names.iter().map(|name| (name.clone(), 1)).collect(),
            HookAnswers::Number => Vec::new(),
            HookAnswers::Verdicts => vec![(ACCEPT.into(), 19), (REFUSE.into(), 1)],
            // Its data are not known, so that they go on as they came.
            HookAnswers::Data => vec![(ACCEPT.into(), 1)],
        };
        HookPlan { says, number: (0.0, 1.0), failed: Share::percent(1), is_said: false }
    }
}

fn message(message: &Message) -> MessagePlan {
    let invited = message.replies.iter().filter_map(|r| Some((r.words.first()?.clone(), 1))).collect();
    MessagePlan {
        answered: Share::percent(10),
        delay: Delay::About(2 * HOUR),
        hours: None,
        recognised: Share::percent(60),
        invited,
        texts: TEXTS.map(str::to_owned).to_vec(),
        stop: Share::percent(2),
        fails: Share::parse("0.5%").unwrap_or(Share::NONE),
    }
}

struct Maker<'p> {
    program: &'p Program,
}

impl Maker<'_> {
    fn event(&self, id: EventId, event: &Event) -> EventPlan {
        let mut follows: Vec<Follow> = Vec::new();
        let mut starts = false;
        for journey in &self.program.journeys {
            starts |= journey.starts.iter().any(|s| s.event == id);
            if !hears(journey, id) && !silences(self.program, journey, id) {
                continue;
            }
            for start in &journey.starts {
                if start.event != id && !follows.iter().any(|f| f.event == start.event) {
                    follows.push(Follow {
                        event: start.event,
                        share: Share::percent(25),
                        when: When::After(Delay::Between(HOUR, 5 * DAY)),
                        again: Share::percent(10),
                    });
                }
            }
        }
        let mut plan = EventPlan::default();
        if starts {
            plan.rate = Some(Rate::new(1, 30 * DAY));
        } else {
            plan.follows = follows;
        }
        plan.fields = event.fields.iter().map(|f| self.field(f, &mut vec![f.name.clone()], event)).collect();
        plan
    }

    /// A field of an event, at a path.
    fn field(&self, field: &Field, path: &mut Vec<String>, event: &Event) -> Made {
        let is_key = self.program.journeys.iter().any(|j| j.key.as_ref() == Some(path));
        let is_newest = event.newest_by.as_ref() == Some(path);
        let optional = field.ty.is_optional() && !is_key && !is_newest;
        let how = match field.ty.required() {
            Type::Text { .. } | Type::Zone if is_key => {
                Make::Sequence(path.first().and_then(|p| p.chars().next()).unwrap_or('k').to_uppercase().to_string())
            }
            Type::Number if is_key => Make::Number,
            Type::Instant if is_newest => Make::Instant(Moment { ahead: Delay::Between(0, 0), ..moment(false) }),
            Type::Record(name) => {
                let inner = self.program.records.get(name).filter(|_| path.len() < DEEPEST);
                let fields = inner.into_iter().flatten().map(|inner| {
                    path.push(inner.name.clone());
                    let made = self.field(inner, path, event);
                    path.pop();
                    made
                });
                Make::Record(fields.collect())
            }
            other => self.plain(other),
        };
        Made { name: field.name.clone(), missing: Share::percent(if optional { 20 } else { 0 }), how }
    }

    /// A value of a type, wherever it stands.
    fn plain(&self, ty: &Type) -> Make {
        match ty {
            Type::Text { max } => {
                Make::OneOf(vec![(Value::Text("something".chars().take(*max as usize).collect()), 1)])
            }
            Type::Number => Make::Range(1.0, 10.0),
            Type::Bool => Make::Chance(Share::percent(50)),
            Type::Instant => Make::Instant(moment(false)),
            Type::Date => Make::Instant(moment(true)),
            Type::Duration => Make::Duration(Delay::Between(5 * MINUTE, DAY)),
            Type::Phone => Make::Phone,
            Type::Email => Make::Email,
            Type::Money => Make::Money(10.0, 200.0, "GBP".into()),
            Type::Zone => Make::OneOf(ZONES.map(|(zone, weight)| (Value::Text(zone.into()), weight)).to_vec()),
            Type::Locale => Make::OneOf(self.locales()),
            Type::Channel => {
                let channels = self.program.customer.addresses.keys().map(|c| (Value::Text(c.name().into()), 1));
                let channels: Vec<_> = channels.collect();
                let sms = || vec![(Value::Text(Channel::Sms.name().into()), 1)];
                Make::OneOf(if channels.is_empty() { sms() } else { channels })
            }
            Type::OneOf(names) => Make::OneOf(names.iter().map(|name| (Value::Text(name.clone()), 1)).collect()),
            Type::Record(_) => Make::Record(Vec::new()),
            Type::Optional(inner) => self.plain(inner),
        }
    }

    /// The languages in which the program has texts.
    fn locales(&self) -> Vec<(Value, u32)> {
        let mut all = vec![(Value::Text(self.program.policy.locale.clone()), 4)];
        let translations =
            self.program.messages.iter().flat_map(|m| &m.variants).flat_map(|v| &v.translations).map(|t| &t.locale);
        for locale in translations {
            let value = Value::Text(locale.clone());
            if !all.iter().any(|(known, _)| *known == value) {
                all.push((value, 1));
            }
        }
        all
    }

    fn of_customer(&self, field: &Field) -> Made {
        let customer = &self.program.customer;
        let is_address = customer.addresses.values().any(|name| *name == field.name);
        let how = match field.ty.required() {
            Type::Text { max } => {
                let cut = |name: &str| Value::Text(name.chars().take(*max as usize).collect());
                Make::OneOf(NAMES.map(|name| (cut(name), 1)).to_vec())
            }
            Type::Record(name) => {
                let inner = self.program.records.get(name).into_iter().flatten();
                Make::Record(
                    inner
                        .map(|f| Made { name: f.name.clone(), missing: Share::NONE, how: self.plain(&f.ty) })
                        .collect(),
                )
            }
            other => self.plain(other),
        };
        let percent = match (field.ty.is_optional(), is_address) {
            (false, _) => 0,
            (true, true) => 3,
            (true, false) => 20,
        };
        Made { name: field.name.clone(), missing: Share::percent(percent), how }
    }
}

fn moment(date: bool) -> Moment {
    Moment {
        ahead: Delay::Between(DAY, 30 * DAY),
        shift: (-DAY, 7 * DAY),
        moved: Share::percent(50),
        hours: None,
        round: 15 * MINUTE,
        date,
    }
}

/// Whether a journey waits for an event besides starting with it.
fn hears(journey: &Journey, event: EventId) -> bool {
    let arrows = journey.arrows.iter().chain(journey.states.iter().flat_map(|s| &s.arrows));
    let mut heard = arrows.filter_map(|a| match &a.on {
        Trigger::Event { event, .. } => Some(*event),
        _ => None,
    });
    let hoped = |g: &journey_spec::program::Goal| matches!(g.what, GoalWhat::Silence { event: e, .. } if e == event);
    heard.any(|heard| heard == event) || journey.goals.iter().any(hoped)
}

/// Whether an event begins a quiet time for a journey's messages.
pub(super) fn silences(program: &Program, journey: &Journey, event: EventId) -> bool {
    let rules = program.policy.quiet_after.iter().filter(|rule| rule.after == event);
    rules.into_iter().any(|rule| rule.key.is_none() || rule.key == journey.key)
}
