//! Quiet hours, in the customer's local time.

use journey_spec::Ts;
use journey_spec::program::Quiet;
use journey_spec::time::Zone;

/// Whether the local time of at least one of the plausible zones is quiet by this rule. Without any zone everything is:
/// quiet hours fail closed.
#[must_use]
pub fn is_quiet(rule: &Quiet, zones: &[Zone], at: Ts) -> bool {
    zones.is_empty() || zones.iter().any(|zone| rule.holds(zone.minute_of_week(at)))
}

/// The first instant from `at` on that none of these rules calls quiet in any of the plausible zones; `None` where none
/// is found within three days, or within nine where whole days are quiet.
///
/// Goes from one place where a rule can end to the next: a local clock that reaches `to`, or a change of the clock
/// itself, which can jump over `to` or back before `from`.
#[must_use]
pub fn all_quiet_end(rules: &[&Quiet], zones: &[Zone], at: Ts) -> Option<Ts> {
    if zones.is_empty() && !rules.is_empty() {
        return None;
    }
    let mut t = at;
    let days: i64 = if rules.iter().any(|rule| !rule.days.is_empty()) { 9 } else { 3 };
    // Each day holds at most one end a rule and zone, and all of them a change or two a zone; the bound only guards
    // against a clock that would not move.
    let ends = usize::try_from(days).unwrap_or_default().saturating_add(1);
    for _ in 0..zones.len().saturating_mul(rules.len().saturating_mul(ends).saturating_add(2)).saturating_add(10) {
        if !rules.iter().any(|rule| is_quiet(rule, zones, t)) {
            return Some(t);
        }
        let ends = zones.iter().flat_map(|zone| rules.iter().map(|rule| zone.next_minute_of_day(t, rule.to)));
        let changes = zones.iter().filter_map(|zone| zone.next_change(t));
        t = ends.chain(changes).filter(|next| *next > t).min()?;
        if t.saturating_sub(at) > days * journey_spec::program::DAY {
            return None;
        }
    }
    None
}
