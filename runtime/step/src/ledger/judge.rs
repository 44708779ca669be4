//! Asks all rules about one message on one channel, and charges what leaves.

use journey_spec::Ts;
use journey_spec::program::{
    Channel, DAY, Fate, JourneyId, Limit, LimitWhat, Message, MessageId, Program, Quota, Window,
};
use journey_spec::time::Zone;

use super::after;
use super::places::{forget_zones, places};
use super::{Left, Tally, all_quiet_end, frees_at, in_window, is_quiet};
use crate::customer::{Instance, Known};
use crate::orders::Orders;

/// A message that would leave now.
pub(crate) struct Ask<'p, 'a> {
    pub(crate) program: &'p Program,
    pub(crate) orders: &'a Orders,
    pub(crate) customer: &'a Known,
    /// Where the customer may be.
    pub(crate) zones: &'a [Zone],
    pub(crate) instance: &'a Instance,
    pub(crate) message: &'a Message,
    pub(crate) channel: Channel,
    pub(crate) now: Ts,
}

/// What the rules say together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict<'p> {
    /// It may leave now.
    Leaves,
    /// It waits at least until then. `latest`: only the newest of its instance does.
    Waits { until: Ts, latest: bool, rule: &'p str },
    /// It never leaves: `Skip`, `Handoff`, `Goto` or `End`. `until`: when the rule would let one through again, where it is
    /// one that an event has begun.
    Never { fate: Fate, rule: &'p str, until: Option<Ts> },
}

/// One rule that bars a message, and when it would let it through: `None` is never.
pub(super) struct Bar<'p> {
    pub(super) fate: Fate,
    pub(super) rule: &'p str,
    pub(super) frees: Option<Ts>,
    /// As `frees`, where the timeline tells it.
    pub(super) told: Option<Ts>,
}

const OWN_BOUND: &str = "the bound that it declares: essential at most";
const ZONE_UNKNOWN: &str = "quiet hours: the customer's time zone is not known";

/// The strictest fate of all rules that bar the message on this channel. An essential message passes them all but a pause
/// of the channel, and the bound that it declares itself: that is proven of what is decided, and a pause lets several that
/// were decided on different days leave at once.
pub(crate) fn judge<'p>(ask: &Ask<'p, '_>) -> Verdict<'p> {
    let journey = ask.program.journeys.get(ask.instance.journey.index()).map_or("", |j| j.name.as_str());
    let paused = ask.orders.ask_again(ask.channel, journey, ask.now);
    if let Some(quota) = ask.message.essential {
        return match paused {
            Some((until, rule)) => Verdict::Waits { until, latest: false, rule },
            None if has_had(ask, quota) => Verdict::Never { fate: Fate::Skip, rule: OWN_BOUND, until: None },
            None => Verdict::Leaves,
        };
    }
    let mut strictest: Option<Bar<'p>> = None;
    let mut frees: Option<Ts> = Some(ask.now);
    let mut never: Option<&'p str> = None;
    let mut add = |bar: Bar<'p>| {
        match bar.frees {
            Some(at) => frees = frees.max(Some(at)),
            None => never = never.or(Some(bar.rule)),
        }
        if strictest.as_ref().is_none_or(|s| s.fate < bar.fate) {
            strictest = Some(bar);
        }
    };
    for (limit, index) in ask.program.policy.limits.iter().zip(0_u32..) {
        if let Some(bar) = policy_bar(ask, limit, index) {
            add(bar);
        }
    }
    if let Some(journey) = ask.program.journeys.get(ask.instance.journey.index()) {
        for (limit, index) in journey.limits.iter().zip(0_u32..) {
            if let Some(bar) = journey_bar(ask, limit, index) {
                add(bar);
            }
        }
    }
    if let Some(bar) = quiet_bar(ask) {
        add(bar);
    }
    after::bars(ask).for_each(&mut add);
    if let Some((until, rule)) = paused {
        add(Bar { fate: Fate::Defer, rule, frees: Some(until), told: None });
    }
    let Some(bar) = strictest else { return Verdict::Leaves };
    match bar.fate {
        Fate::Defer | Fate::Latest => match (never, frees) {
            (None, Some(until)) => Verdict::Waits {
                until: until.max(ask.now.saturating_add(1)),
                latest: bar.fate == Fate::Latest,
                rule: bar.rule,
            },
            (rule, _) => Verdict::Never { fate: Fate::Skip, rule: rule.unwrap_or(bar.rule), until: None },
        },
        fate => Verdict::Never { fate, rule: bar.rule, until: bar.told },
    }
}

/// Whether the instance has had as many of an essential message as that declares.
fn has_had(ask: &Ask<'_, '_>, quota: Quota) -> bool {
    let counted = |l: &&Left| ask.instance.number == l.instance && is_of(ask.program, l, ask.message);
    let places = places(ask.program, ask.customer, Some(quota.per));
    let left = ask.customer.left.iter().rev().filter(counted).map(|l| l.at);
    frees_at(left, quota.n, quota.per, &places, ask.now).is_some()
}

fn is_of(program: &Program, left: &Left, message: &Message) -> bool {
    program.messages.get(left.message.index()).is_some_and(|m| m.name == message.name)
}

/// Whether a limit counts a message of this channel and purpose.
fn counts(limit: &Limit, channel: Channel, purpose: journey_spec::program::Purpose) -> bool {
    match limit.what {
        LimitWhat::Messages { channel: only, purpose: why } => {
            only.is_none_or(|c| c == channel) && why.is_none_or(|p| p == purpose)
        }
        _ => false,
    }
}

pub(super) fn key_path(program: &Program, journey: JourneyId) -> Option<&[String]> {
    program.journeys.get(journey.index())?.key.as_deref()
}

fn policy_bar<'p>(ask: &Ask<'p, '_>, limit: &'p Limit, index: u32) -> Option<Bar<'p>> {
    if !counts(limit, ask.channel, ask.message.purpose) {
        return None;
    }
    let concerns_key = |journey| limit.key.as_deref().is_none_or(|key| key_path(ask.program, journey) == Some(key));
    if !concerns_key(ask.instance.journey) {
        return None;
    }
    let key = limit.key.as_ref().and(ask.instance.key.as_deref());
    let counted = |l: &&Left| {
        counts(limit, l.channel, l.purpose)
            && (limit.key.is_none() || (l.key.as_deref() == key && concerns_key(l.journey)))
    };
    // A policy knows no journey's states: a `->` there can only mean that the message is dropped.
    let fate = if matches!(limit.fate, Fate::Goto(_)) { Fate::Skip } else { limit.fate.clone() };
    match limit.per {
        None => (count_of(ask, None, ask.program.place_of(index), key) >= u64::from(limit.n)).then_some(None),
        Some(per) => {
            let at = ask.customer.left.iter().rev().filter(counted).map(|l| l.at);
            frees_at(at, limit.n, per, &places(ask.program, ask.customer, limit.per), ask.now)
        }
    }
    .map(|frees| Bar { fate, rule: &limit.text, frees, told: None })
}

fn journey_bar<'p>(ask: &Ask<'p, '_>, limit: &'p Limit, index: u32) -> Option<Bar<'p>> {
    if !counts(limit, ask.channel, ask.message.purpose) {
        return None;
    }
    let journey = ask.instance.journey;
    let counted = |l: &&Left| {
        counts(limit, l.channel, l.purpose)
            && ask.program.is_same_journey(l.journey, journey)
            && (limit.per_customer || l.instance == ask.instance.number)
    };
    match limit.per {
        None => {
            let count = if limit.per_customer {
                count_of(ask, Some(journey), index, None)
            } else {
                ask.instance.tallies.get(&index).map_or(0, |t| t.count)
            };
            (count >= u64::from(limit.n)).then_some(None)
        }
        Some(per) => {
            let at = ask.customer.left.iter().rev().filter(counted).map(|l| l.at);
            frees_at(at, limit.n, per, &places(ask.program, ask.customer, limit.per), ask.now)
        }
    }
    .map(|frees| Bar { fate: limit.fate.clone(), rule: &limit.text, frees, told: None })
}

fn quiet_bar<'p>(ask: &Ask<'p, '_>) -> Option<Bar<'p>> {
    let keeps = |q: &&journey_spec::program::Quiet| q.purposes.is_empty() || q.purposes.contains(&ask.message.purpose);
    if !ask.program.policy.quiet.iter().any(|q| keeps(&q)) {
        return None;
    }
    let zones = ask.zones;
    if zones.is_empty() {
        return Some(Bar { fate: Fate::Skip, rule: ZONE_UNKNOWN, frees: None, told: None });
    }
    let barring = || ask.program.policy.quiet.iter().filter(keeps).filter(|q| is_quiet(q, zones, ask.now));
    let mut strictest = barring().next()?;
    for other in barring() {
        if strictest.fate < other.fate {
            strictest = other;
        }
    }
    let rules: Vec<_> = ask.program.policy.quiet.iter().filter(keeps).collect();
    let frees = all_quiet_end(&rules, zones, ask.now);
    Some(Bar { fate: strictest.fate.clone(), rule: &strictest.text, frees, told: None })
}

fn count_of(ask: &Ask<'_, '_>, journey: Option<JourneyId>, limit: u32, key: Option<&str>) -> u64 {
    ask.customer.counted(ask.program, journey, limit, key).map_or(0, |tally| tally.count)
}

/// Which entry of the ledger is meant.
pub(crate) struct Charged {
    pub(crate) at: Ts,
    pub(crate) channel: Channel,
    pub(crate) message: MessageId,
    pub(crate) instance: u64,
}

/// Takes an entry back, and gives it.
pub(crate) fn uncharge(program: &Program, customer: &mut Known, which: &Charged) -> Option<Left> {
    let is =
        |l: &Left| (l.at, l.channel, l.message, l.instance) == (which.at, which.channel, which.message, which.instance);
    let position = customer.left.iter().rposition(is)?;
    let left = customer.left.remove(position);
    each_lasting(program, customer, &left, |tally, _| tally.count = tally.count.saturating_sub(1));
    Some(left)
}

/// Writes what leaves into the ledger, essential or not.
pub(crate) fn charge(program: &Program, customer: &mut Known, left: Left) {
    each_lasting(program, customer, &left, |tally, n| tally.charge(n, None, left.at));
    customer.left.push(left);
}

/// Counts a message for limits without a window alone.
pub(crate) fn charge_lasting(program: &Program, customer: &mut Known, left: &Left) {
    each_lasting(program, customer, left, |tally, n| tally.charge(n, None, left.at));
}

/// Changes the counts of all limits without a window that count this message.
fn each_lasting(program: &Program, customer: &mut Known, left: &Left, mut change: impl FnMut(&mut Tally, u32)) {
    for (limit, index) in program.policy.limits.iter().zip(0_u32..) {
        let concerns = limit.key.as_deref().is_none_or(|key| key_path(program, left.journey) == Some(key));
        if limit.per.is_none() && concerns && counts(limit, left.channel, left.purpose) {
            let key = limit.key.as_ref().and(left.key.clone());
            customer.tally((None, program.place_of(index), key), |tally| change(tally, limit.n));
        }
    }
    let journey = program.journeys.get(left.journey.index());
    for (limit, index) in journey.iter().flat_map(|j| j.limits.iter()).zip(0_u32..) {
        if limit.per.is_some() || !counts(limit, left.channel, left.purpose) {
            continue;
        }
        if limit.per_customer {
            customer.tally((Some(left.journey), index, None), |tally| change(tally, limit.n));
        } else if let Some(instance) = customer.position(left.instance).and_then(|n| customer.instances.get_mut(n)) {
            change(instance.tallies.entry(index).or_default(), limit.n);
        }
    }
}

/// The log is kept at least this long, for people who ask.
const KEPT: i64 = 30 * DAY;
/// Beyond this many entries, only those are kept that a limit can still ask for, besides the newest half.
const MANY: usize = 2_000;

/// Drops what no rule can ask for any more.
pub(crate) fn prune(program: &Program, customer: &mut Known) {
    let now = customer.now;
    forget_zones(customer);
    after::prune(program, customer);
    if customer.left.first().is_some_and(|l| !in_window(l.at, now, KEPT)) {
        let windows = all_windows(program).filter_map(|per| per.longest().checked_add(DAY));
        let longest = windows.fold(KEPT, i64::max);
        let old = customer.left.iter().take_while(|l| !in_window(l.at, now, longest)).count();
        customer.left.drain(..old);
    }
    if customer.left.len() > MANY {
        let newest = customer.left.len().saturating_sub(MANY / 2);
        let keep: Vec<bool> =
            (0..customer.left.len()).map(|i| i >= newest || is_needed(program, customer, i)).collect();
        let mut keep = keep.into_iter();
        customer.left.retain(|_| keep.next().unwrap_or(true));
    }
}

fn all_limits(program: &Program) -> impl Iterator<Item = (Option<JourneyId>, &Limit)> {
    let of_journeys = program.journeys.iter().zip(0_u32..);
    let of_journeys = of_journeys.flat_map(|(j, i)| j.limits.iter().map(move |l| (Some(JourneyId(i)), l)));
    program.policy.limits.iter().map(|l| (None, l)).chain(of_journeys)
}

/// The windows of all limits, and of what essential messages declare.
pub(super) fn all_windows(program: &Program) -> impl Iterator<Item = Window> {
    let own = program.messages.iter().filter_map(|m| m.essential).map(|quota| quota.per);
    all_limits(program).filter_map(|(_, l)| l.per).chain(own)
}

/// Whether some limit can still ask for the entry: it lies in the limit's window, and fewer than `n` newer ones count
/// with it.
fn is_needed(program: &Program, customer: &Known, index: usize) -> bool {
    let Some(entry) = customer.left.get(index) else { return false };
    if let Some(quota) = program.messages.get(entry.message.index()).and_then(|m| m.essential) {
        let newer = customer.left.iter().skip(index.saturating_add(1));
        let newer = newer.filter(|l| l.message == entry.message && l.instance == entry.instance).count();
        if in_window(entry.at, customer.now, quota.per.longest().saturating_add(DAY)) && newer < quota.n as usize {
            return true;
        }
    }
    all_limits(program).any(|(journey, limit)| {
        let Some(per) = limit.per else { return false };
        let concerns = |l: &Left| {
            counts(limit, l.channel, l.purpose)
                && journey.is_none_or(|j| program.is_same_journey(j, l.journey))
                && limit.key.as_deref().is_none_or(|key| key_path(program, l.journey) == Some(key))
        };
        let together = |l: &&Left| {
            concerns(l)
                && (limit.key.is_none() || l.key == entry.key)
                && (journey.is_none() || limit.per_customer || l.instance == entry.instance)
        };
        concerns(entry)
            && in_window(entry.at, customer.now, per.longest().saturating_add(DAY))
            && customer.left.iter().skip(index.saturating_add(1)).filter(together).take(limit.n as usize).count()
                < limit.n as usize
    })
}
