//! Events of the feed, and the directory's news.

use std::sync::Arc;

use compact_str::{CompactString, format_compact};
use journey_spec::Ts;
use journey_spec::program::{EventId, Fate, Journey, JourneyId, LimitWhat, Program, Quota, Start, StateId, Trigger};
use journey_spec::value::{Data, Value, lookup};
use smallvec::SmallVec;

use super::Run;
use super::conditions::Asked;
use super::door::Shut;
use super::moves::Admission;
use super::values::{is_key, key_text};
use crate::customer::{Instance, Settle, Stop, fold_address, later};
use crate::effect::{Effect, Way, What};
use crate::ledger::{self, Tally};

/// Addresses remembered as stopped besides the customer's present ones.
const MOST_STOPS: usize = 200;

impl<'p> Run<'p> {
    /// An event: heard by every live instance of its key whose state or journey waits for it, and by a `start` where no
    /// live instance has the key.
    ///
    /// Where its declaration limits how many are taken in, that is asked before any journey hears it; it counts once
    /// some journey has taken it or a quiet time begins by it, so that what nobody waits for, and news that is older than
    /// what is known, uses nothing up. Then its hooks are asked: one may make its data anew, one may refuse it.
    pub(crate) fn event(&mut self, name: &str, at: Ts, data: &Data) {
        let program = self.program;
        let Some((id, declared)) = program.event(name) else {
            return self.ignored(None, format_compact!("event `{name}`"), "the program does not declare it");
        };
        if let Some(quota) = declared.intake.filter(|quota| self.takes_no_more(id, *quota)) {
            let rule = format!("at most {} per {}", quota.n, quota.per.spelled());
            self.out.push(Effect::Refuse(format!("`{name}` comes {rule} for one customer")));
            return self.note(None, What::Refused { event: name.into(), rule: rule.into() });
        }
        let data = &match self.at_the_door(declared, data) {
            Ok(data) => data,
            Err(Shut { reason, rule }) => {
                self.out.push(Effect::Refuse(reason));
                return self.note(None, What::Refused { event: name.into(), rule: rule.into() });
            }
        };
        if self.is_void() {
            return;
        }
        // What it makes quiet is quiet for what its own step decides.
        let made_quiet = self.make_quiet(id, at, data);
        // Who hears it is settled before anybody acts on it: what it starts or ends does not hear it again.
        let concerned: SmallVec<[usize; 4]> =
            self.c.instances.iter().enumerate().filter(|(_, i)| self.concerns(i, data)).map(|(n, _)| n).collect();
        let mut starts: Vec<(JourneyId, &'p Journey, &'p Start)> = Vec::new();
        let mut kept_out: Vec<&'p Journey> = Vec::new();
        for (index, journey) in program.current() {
            let is_live = |n: &usize| self.inst(*n).is_some_and(|i| program.is_same_journey(i.journey, index));
            if concerned.iter().any(is_live) || !journey.starts.iter().any(|s| s.event == id) {
                continue;
            }
            let may = |s: &&Start| s.event == id && self.may_begin(s, data);
            match journey.starts.iter().find(may) {
                Some(start) => starts.push((index, journey, start)),
                None => kept_out.push(journey),
            }
        }
        let mut told = self.disturb(id, data) || !kept_out.is_empty() || made_quiet.is_some();
        let mut taken = made_quiet == Some(true);
        for journey in kept_out {
            let why = format!("no condition holds for a start of `{}`", journey.name);
            self.ignored(None, format_compact!("event `{name}`"), why);
        }
        for n in concerned {
            if let Some((arrow, take, settle)) = self.hearing(n, id, data) {
                taken |= self.hear(n, id, at, data, (arrow, take, settle));
                told = true;
            } else if let Some(journey) = self.journey(n) {
                if journey.starts.iter().any(|s| s.event == id) {
                    self.ignored(Some(n), format_compact!("event `{name}`"), "already live");
                    told = true;
                } else if hears_somewhere(journey, id) {
                    let state = self.state(n).map_or("", |s| s.name.as_str());
                    let guarded = self.arrows(n).any(|(_, a)| hears(&a.on, id));
                    let why = match guarded {
                        true => format!("no condition for it holds in state `{state}`"),
                        false => format!("state `{state}` does not hear it"),
                    };
                    self.ignored(Some(n), format_compact!("event `{name}`"), why);
                    told = true;
                }
            }
            self.conclude();
        }
        for (id, journey, start) in starts {
            taken |= self.begin((id, journey, start), at, data);
            told = true;
            self.conclude();
        }
        if let Some(quota) = declared.intake.filter(|_| taken) {
            let now = self.now;
            self.c.intakes.entry(id).or_default().charge(quota.n, Some(quota.per), now);
        }
        if !told {
            let keyless = |j: &Journey| {
                let path = j.key.as_deref().filter(|_| hears_somewhere(j, id))?;
                key_text(lookup(data, path)).is_none().then(|| format!("it carries no `{}`", path.join(".")))
            };
            let why = program.journeys.iter().find_map(keyless).unwrap_or_else(|| "nobody waits for it".into());
            self.ignored(None, format_compact!("event `{name}`"), why);
        }
    }

    /// Begins the quiet times that the policy says an event begins. Gives nothing where it says none, else whether one
    /// began: older news than what is known begins none.
    fn make_quiet(&mut self, id: EventId, at: Ts, data: &Data) -> Option<bool> {
        let program = self.program;
        if !program.policy.quiet_after.iter().any(|rule| rule.after == id) {
            return None;
        }
        let event = program.events.get(id.index()).map_or("", |e| e.name.as_str());
        let happened = self.happened(id, at, data);
        let begun = ledger::begin_quiet(program, self.c, id, happened, data);
        if begun.is_empty() {
            self.ignored(None, format_compact!("event `{event}`"), "it is older than what is known");
            return Some(false);
        }
        for (rule, until) in begun {
            let key = rule.key.as_deref().and_then(|path| key_text(lookup(data, path)));
            self.note(None, What::Quieted { event: event.into(), rule: rule.text.as_str().into(), key, until });
        }
        Some(true)
    }

    /// Whether an event with this data is about a live instance: it carries the instance's key.
    fn concerns(&self, instance: &Instance, data: &Data) -> bool {
        if !instance.is_live() {
            return false;
        }
        let path = self.program.journeys.get(instance.journey.index()).and_then(|j| j.key.as_deref());
        match (path, &instance.key) {
            (Some(path), Some(key)) => is_key(lookup(data, path), key),
            _ => true,
        }
    }

    /// The first arrow for an event whose condition holds with the data as it would be after the take-over.
    fn hearing(&self, n: usize, id: EventId, data: &Data) -> Option<Hearing<'p>> {
        self.arrows(n).find_map(|(at, arrow)| match &arrow.on {
            Trigger::Event { event, take, settle } if *event == id => {
                let holds = arrow.when.as_ref().is_none_or(|cond| {
                    let mut after = self.inst(n).map(|i| i.data.clone()).unwrap_or_default();
                    take_over(&mut after, take, data);
                    Asked { program: self.program, data: &after, profile: &self.c.profile, now: self.now }.holds(cond)
                });
                holds.then_some(((at, &arrow.then), take.as_slice(), *settle))
            }
            _ => None,
        })
    }

    /// Whether a start's condition holds with the data that the instance would begin with.
    fn may_begin(&self, start: &Start, data: &Data) -> bool {
        start.when.as_ref().is_none_or(|cond| {
            let mut begins = Data::new();
            take_over(&mut begins, &start.take, data);
            Asked { program: self.program, data: &begins, profile: &self.c.profile, now: self.now }.holds(cond)
        })
    }

    /// Whether no more of this event are taken in now.
    fn takes_no_more(&self, id: EventId, quota: Quota) -> bool {
        let places = ledger::places(self.program, self.c, Some(quota.per));
        let full = |tally: &Tally| tally.is_full(quota.n, Some(quota.per), &places, self.now);
        self.c.intakes.get(&id).map_or(quota.n == 0, full)
    }

    /// Gives whether the news was taken: false where it is older than what is known.
    fn hear(&mut self, n: usize, id: EventId, at: Ts, data: &Data, hearing: Hearing<'p>) -> bool {
        let ((place, then), take, settle) = hearing;
        let Some(event) = self.program.events.get(id.index()) else { return false };
        let happened = self.happened(id, at, data);
        let (program, now) = (self.program, self.now);
        let Some(instance) = self.c.instances.get_mut(n) else { return false };
        if let Some(happened) = happened {
            if instance.newest.get(&id).is_some_and(|newest| happened < *newest) {
                self.ignored(Some(n), format_compact!("event `{}`", event.name), "it is older than what is known");
                return false;
            }
            instance.newest.insert(id, happened);
        }
        note_taken(program, instance, take, data, now);
        let changed = take_over(&mut instance.data, take, data);
        let mut settles_at = None;
        if let Some(d) = settle {
            let due = match instance.settles.iter().find(|s| s.arrow == place) {
                Some(pending) => pending.due,
                None => {
                    let due = later(self.now, d.max(1));
                    instance.settles.push(Settle { arrow: place, due });
                    due
                }
            };
            settles_at = Some(due);
        }
        let visit = instance.visit;
        self.note(Some(n), What::Heard { event: event.name.clone(), settles_at });
        if changed {
            self.follow_data(n);
        }
        if settle.is_none() {
            self.took_arrow(n, place, false);
            self.take(n, then, &event.name);
        }
        if changed && self.visit(n) == Some(visit) {
            self.take_past(n);
        }
        self.brought(n, take);
        true
    }

    /// When the news happened, for an event with `newest by`. What claims to come from the future counts as of now, so
    /// that one wrong clock does not silence the feed for years.
    fn happened(&self, id: EventId, at: Ts, data: &Data) -> Option<Ts> {
        let path = self.program.events.get(id.index())?.newest_by.as_deref()?;
        match path {
            [one] if one == "at" => Some(at.min(self.now)),
            path => match lookup(data, path) {
                Some(Value::Instant(at)) => Some(*at),
                _ => None,
            },
        }
    }

    /// Begins an instance where the limits let it. Gives whether the event could begin one: false where it has no key.
    fn begin(&mut self, (id, journey, start): (JourneyId, &'p Journey, &'p Start), at: Ts, data: &Data) -> bool {
        let program = self.program;
        let name = program.events.get(start.event.index()).map_or("", |e| e.name.as_str());
        let key = match &journey.key {
            None => None,
            Some(path) => match key_text(lookup(data, path)) {
                Some(key) => Some(key),
                None => {
                    let why = format!("it carries no `{}`", path.join("."));
                    self.ignored(None, format_compact!("event `{name}`"), why);
                    return false;
                }
            },
        };
        let Some(target) = self.may_start(id, journey, start, key.as_deref()) else { return true };
        let (state, why) = match self.admit(id, None, key.as_deref(), target.0, target.1.unwrap_or_else(|| name.into()))
        {
            Admission::Enter(state, why) => (state, why),
            Admission::Refused | Admission::Dropped => return true,
            Admission::End(rule) => {
                self.note(None, What::Limited { limit: rule, instead: "does not begin".into() });
                return true;
            }
        };
        self.count_start(id, journey);
        self.c.started = self.c.started.saturating_add(1);
        let mut instance = Instance::begin(self.c.started, id, key, state, self.now);
        note_taken(program, &mut instance, &start.take, data, self.now);
        take_over(&mut instance.data, &start.take, data);
        if let Some(happened) = self.happened(start.event, at, data) {
            instance.newest.insert(start.event, happened);
        }
        let n = self.c.instances.len();
        if n == 0 {
            // Most customers have one, and it is large.
            self.c.instances.reserve_exact(1);
        }
        self.c.instances.push(instance);
        if let Some(start) = journey.starts.iter().position(|s| s == start) {
            self.took(n, Way::Start(start));
        }
        self.note(Some(n), What::Started { event: name.into() });
        self.arrive(n, state, why);
        true
    }

    /// Asks the limits on starts and live instances: where an instance may begin, and why there if a limit says so.
    ///
    /// A `->` only leads elsewhere; the limits after it are still asked, since they bound how many live.
    fn may_start(
        &mut self,
        id: JourneyId,
        journey: &'p Journey,
        start: &Start,
        key: Option<&str>,
    ) -> Option<(StateId, Option<CompactString>)> {
        let mut target = (start.to, None);
        let program = self.program;
        let policy = program.policy.limits.iter().zip(0_u32..).map(|(l, i)| (None, l, program.place_of(i)));
        let own = journey.limits.iter().zip(0_u32..).map(|(l, i)| (Some(id), l, i));
        for (of, limit, index) in policy.chain(own) {
            let full = match limit.what {
                LimitWhat::Starts => self.c.is_full(self.program, of, index, limit),
                LimitWhat::Live => {
                    let live = self
                        .c
                        .instances
                        .iter()
                        .filter(|i| i.is_live() && of.is_none_or(|j| program.is_same_journey(j, i.journey)));
                    live.count() >= limit.n as usize
                }
                _ => false,
            };
            if !full {
                continue;
            }
            self.took_limit(of, index as usize);
            let told = |instead: String| What::Limited { limit: limit.text.as_str().into(), instead: instead.into() };
            match &limit.fate {
                Fate::Goto(other) if of.is_some() => {
                    if target.1.is_none() {
                        let name = journey.states.get(other.index()).map_or("", |s| s.name.as_str());
                        self.note(None, told(format!("begins in `{name}`")));
                        target = (*other, Some(limit.text.as_str().into()));
                    }
                }
                Fate::Handoff(queue) => {
                    self.note(None, told(format!("to queue `{queue}`, and does not begin")));
                    self.hand_over_start(id, key, queue, limit.text.as_str().into());
                    return None;
                }
                _ => {
                    self.note(None, told("does not begin".into()));
                    return None;
                }
            }
        }
        Some(target)
    }

    fn count_start(&mut self, id: JourneyId, journey: &Journey) {
        let program = self.program;
        let policy = program.policy.limits.iter().zip(0_u32..).map(|(l, i)| (None, l, program.place_of(i)));
        let own = journey.limits.iter().zip(0_u32..).map(|(l, i)| (Some(id), l, i));
        for (of, limit, index) in policy.chain(own) {
            if limit.what == LimitWhat::Starts {
                self.c.charge((of, index, None), limit.n, limit.per);
            }
        }
    }

    /// The directory's news: the profile is replaced, stopped addresses are only ever added.
    pub(crate) fn updated(&mut self, profile: &Arc<Data>, stopped: &[String]) {
        let changed = self.c.profile != *profile;
        if changed {
            let before = std::mem::replace(&mut self.c.profile, Arc::clone(profile));
            ledger::remember(self.program, self.c, &before);
            ledger::remember_zone(self.program, self.c, &before);
        }
        self.note(None, What::Updated);
        for address in stopped {
            self.c.stop(fold_address(address));
        }
        for channel in self.c.stopped_channels.clone() {
            if let Some(address) = self.c.address(self.program, channel).map(fold_address) {
                self.c.stop(address);
                self.c.stopped_channels.retain(|c| *c != channel);
            }
        }
        self.ask_stopped();
        self.ask_closed();
        self.void_promises();
        self.conclude();
        if changed {
            for n in 0..self.c.instances.len() {
                if self.is_live(n) {
                    self.follow_data(n);
                    self.take_past(n);
                    self.conclude();
                }
            }
        }
    }

    /// Drops stopped addresses beyond the bound, oldest first, but none that the customer has; the directory tells them
    /// again where one comes back.
    pub(crate) fn forget_stops(&mut self) {
        let over = self.c.stops.len().saturating_sub(MOST_STOPS);
        if over > 0 {
            let own: Vec<CompactString> = self.c.addresses(self.program).iter().map(|(_, a)| fold_address(a)).collect();
            let mut over = over;
            self.c.stops.retain(|s: &Stop| {
                let drop = over > 0 && !own.contains(&s.address);
                over = over.saturating_sub(usize::from(drop));
                !drop
            });
        }
    }
}

/// An arrow with what it does, the fields that it takes, and how long it settles.
type Hearing<'p> =
    ((crate::customer::ArrowAt, &'p journey_spec::program::Then), &'p [String], Option<journey_spec::program::Millis>);

/// Remembers when data that some message needs fresh were taken over, also where they are as before.
fn note_taken(program: &Program, instance: &mut Instance, take: &[String], data: &Data, now: Ts) {
    for field in take {
        if data.contains_key(field) && super::fresh::is_watched(program, field) {
            instance.taken.insert(field.clone(), now);
        }
    }
}

/// Takes an event's fields over into an instance's data; whether anything changed.
fn take_over(into: &mut Data, take: &[String], data: &Data) -> bool {
    let mut changed = false;
    for field in take {
        let Some(value) = data.get(field) else { continue };
        match into.get_mut(field) {
            Some(known) if known == value => continue,
            Some(known) => known.clone_from(value),
            None => _ = into.insert(field.as_str(), value.clone()),
        }
        changed = true;
    }
    changed
}

fn hears_somewhere(journey: &Journey, id: EventId) -> bool {
    let arrows = journey.arrows.iter().chain(journey.states.iter().flat_map(|s| s.arrows.iter()));
    arrows.into_iter().any(|a| hears(&a.on, id))
}

fn hears(trigger: &Trigger, id: EventId) -> bool {
    matches!(trigger, Trigger::Event { event, .. } if *event == id)
}
