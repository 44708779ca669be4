//! What two versions of a project allow together.

use journey_spec::Program;
use journey_spec::program::union::Union;
use journey_spec::program::{JourneyId, LimitWhat, Start};

/// The union of versions as bounds are asked of it, counted from the moment at which the newer one is loaded.
///
/// Older journeys can begin here, as those who are in them have; that they begin no more only makes less leave. Whoever is
/// moved by a `migrate` goes on in the newest version in the middle: taken as one more who begins there, with its counters at
/// nothing and with what its state does on entry, which a move does not do. An instance that is moved is one that lives and
/// that has begun, so the limits on both are as wide as the wider of the versions has them. What is counted over versions is
/// counted apart here, which lets more through.
#[must_use]
pub fn together(both: &Union) -> Program {
    let mut program = both.program.clone();
    for (older, id) in both.program.journeys.iter().zip(0..) {
        let Some((to, migration)) = both.program.migration(JourneyId(id)) else { continue };
        let Some(newest) = program.journeys.get_mut(to.index()) else { continue };
        let Some(event) = newest.starts.first().map(|s| s.event) else { continue };
        let targets: Vec<_> = older.states.iter().filter_map(|s| migration.target(&s.name, newest)).collect();
        newest.starts.extend(targets.into_iter().map(|to| Start { event, take: Vec::new(), when: None, to }));
        let of = |what: LimitWhat| older.limits.iter().filter(move |l| l.what == what);
        newest.limits.retain(|limit| {
            // One that the older version does not have, or has for another window, says nothing of those who are moved.
            !matches!(limit.what, LimitWhat::Starts | LimitWhat::Live) || of(limit.what).any(|l| l.per == limit.per)
        });
        for limit in newest.limits.iter_mut().filter(|l| matches!(l.what, LimitWhat::Starts | LimitWhat::Live)) {
            limit.n = of(limit.what).filter(|l| l.per == limit.per).map(|l| l.n).fold(limit.n, u32::max);
        }
    }
    program
}
