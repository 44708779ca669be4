//! Quiet times that an event begins: `quiet 7d after debt.talked per debt.id for debt voice else skip`.
//!
//! What is remembered is when the event was last taken in, for each value of the key. The window is that of limits
//! ([`in_window`](super::in_window)): at `now` a rule of `lasts` bars where the event was taken in within `(now - lasts, now]`.
//! So it bars from that very instant on, also what the same step decides, and lets through again when exactly `lasts` has
//! passed.

use compact_str::CompactString;
use journey_spec::Ts;
use journey_spec::program::{EventId, Millis, Program, QuietAfter, Window};
use journey_spec::value::{Data, lookup};

use super::judge::{Ask, Bar, key_path};
use super::{Places, frees_at, in_window};
use crate::customer::{Known, QuietSince};
use crate::step::key_text;

/// Values of a key that are remembered apart. Of one more, the oldest counts for every value: nothing leaves sooner for it.
const MOST_KEYS: usize = 200;

/// What bars a message because of an event.
pub(super) fn bars<'p>(ask: &Ask<'p, '_>) -> impl Iterator<Item = Bar<'p>> {
    let rules = ask.program.policy.quiet_after.iter();
    let concerns = |rule: &&QuietAfter| {
        rule.concerns(ask.channel, ask.message.purpose)
            && rule.key.as_deref().is_none_or(|key| key_path(ask.program, ask.instance.journey) == Some(key))
    };
    let mut bars: Vec<Bar<'p>> = rules
        .filter(concerns)
        .filter_map(|rule| {
            let since = ask.customer.quiet_since.iter().filter(|known| known.is_of(rule));
            let since =
                since.filter(|known| known.holds_for(ask.instance.key.as_deref())).map(|known| known.since).max();
            let frees = frees_at(since.into_iter(), 1, Window::Rolling(rule.lasts), &Places::default(), ask.now)?;
            Some(Bar { fate: rule.fate.clone(), rule: &rule.text, frees, told: frees })
        })
        .collect();
    // Of two that are as strict the first is told: that is the one which holds longest.
    bars.sort_by_key(|bar| std::cmp::Reverse(bar.frees));
    bars.into_iter()
}

/// Remembers that an event was taken in. Gives the rules whose time begins, each with its end; none of those for which it
/// is older news than what is known (`happened`: when, for an event with `newest by`).
pub(crate) fn begin<'p>(
    program: &'p Program,
    customer: &mut Known,
    event: EventId,
    happened: Option<Ts>,
    data: &Data,
) -> Vec<(&'p QuietAfter, Ts)> {
    // What is over is known no more, whether or not a step came by meanwhile to drop it.
    prune(program, customer);
    let mut begun = Vec::new();
    let mut done: Vec<(Option<String>, bool)> = Vec::new();
    for rule in program.policy.quiet_after.iter().filter(|rule| rule.after == event) {
        let by = spelled(rule);
        // Several rules may go by the same key.
        let is_newest = match done.iter().find(|(other, _)| *other == by) {
            Some((_, is_newest)) => *is_newest,
            None => {
                // An event that does not say what it is about may be about anything.
                let key = rule.key.as_deref().and_then(|path| key_text(lookup(data, path)));
                let is_newest = remember(customer, event, by.clone(), key, happened);
                done.push((by, is_newest));
                is_newest
            }
        };
        if is_newest {
            begun.push((rule, crate::customer::later(customer.now, rule.lasts)));
        }
    }
    begun
}

fn remember(
    customer: &mut Known,
    event: EventId,
    by: Option<String>,
    key: Option<CompactString>,
    happened: Option<Ts>,
) -> bool {
    let since = customer.now;
    let all = &mut customer.quiet_since;
    if let Some(known) = all.iter_mut().find(|known| known.event == event && known.by == by && known.key == key) {
        if known.happened.zip(happened).is_some_and(|(known, news)| news < known) {
            return false;
        }
        (known.since, known.happened) = (since, known.happened.max(happened));
        return true;
    }
    all.push(QuietSince { event, by: by.clone(), key, since, happened });
    let is_kept_apart = |known: &QuietSince| known.event == event && known.by == by && known.key.is_some();
    while all.iter().filter(|known| is_kept_apart(known)).count() > MOST_KEYS {
        let mut apart = all.iter().enumerate().filter(|(_, known)| is_kept_apart(known));
        let Some(first) = apart.next() else { break };
        let (oldest, _) =
            apart.fold(first, |oldest, other| if other.1.since < oldest.1.since { other } else { oldest });
        let oldest = all.remove(oldest);
        match all.iter_mut().find(|known| known.event == event && known.by == by && known.key.is_none()) {
            Some(any) => any.since = any.since.max(oldest.since),
            None => all.push(QuietSince { key: None, happened: None, ..oldest }),
        }
    }
    true
}

/// Forgets what no rule asks for any more.
pub(super) fn prune(program: &Program, customer: &mut Known) {
    if customer.quiet_since.is_empty() {
        return;
    }
    let now = customer.now;
    let lasts = |known: &QuietSince| -> Option<Millis> {
        program.policy.quiet_after.iter().filter(|rule| known.is_of(rule)).map(|rule| rule.lasts).max()
    };
    customer.quiet_since.retain(|known| lasts(known).is_some_and(|lasts| in_window(known.since, now, lasts)));
}

/// The key's path as one word, which is what a state holds of it.
fn spelled(rule: &QuietAfter) -> Option<String> {
    rule.key.as_ref().map(|path| path.join("."))
}

impl QuietSince {
    fn is_of(&self, rule: &QuietAfter) -> bool {
        let same_path = match (&self.by, &rule.key) {
            (None, None) => true,
            (Some(by), Some(path)) => by.split('.').eq(path.iter().map(String::as_str)),
            _ => false,
        };
        self.event == rule.after && same_path
    }

    /// Whether it holds for an instance with this key.
    fn holds_for(&self, key: Option<&str>) -> bool {
        self.by.is_none() || self.key.is_none() || self.key.as_deref() == key
    }
}
