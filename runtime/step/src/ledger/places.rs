//! Where a customer may be: in the zones that the directory knows, and in those that it knew lately.
//!
//! Quiet hours ask only where the customer is now. A window of the calendar is counted in the zones of before as well,
//! for some two months: a day that has been used up is not given anew by a move to another zone, and the bounds that hold
//! for one zone hold for any journey round the world ([`ZONES_COUNT`]).

use journey_spec::program::{Program, Window};
use journey_spec::time::Zone;
use journey_spec::value::{Data, Value};

use super::window::{Places, ZONES_COUNT};
use super::{all_windows, in_window};
use crate::customer::{FormerZone, Known};

/// So many zones of before are told apart; beyond them the customer may have been anywhere.
const MOST_FORMER: usize = 20;

/// The zones that a profile names: none where that is not known.
pub(crate) fn zones_of_profile(program: &Program, profile: &Data) -> Vec<Zone> {
    zone_value(program, profile).map(journey_spec::places::zones).unwrap_or_default()
}

/// What the directory says of the customer's zone.
fn zone_value<'a>(program: &Program, profile: &'a Data) -> Option<&'a Value> {
    program.customer.zone.as_ref().and_then(|field| profile.get(field))
}

/// The calendars by which a limit's window is counted for the customer.
pub(crate) fn places(program: &Program, customer: &Known, per: Option<Window>) -> Places {
    if !matches!(per, Some(Window::Calendar(_))) {
        return Places::default();
    }
    let mut places = Places::of(customer.zones(program));
    for former in &customer.former_zones {
        places.add(former.zone.as_ref().map(journey_spec::places::zones).unwrap_or_default());
    }
    places
}

/// After the directory's news: remembers the zone of before, where something may have been counted in it.
pub(crate) fn remember_zone(program: &Program, customer: &mut Known, before: &Data) {
    let before = zone_value(program, before);
    let now = zone_value(program, &customer.profile);
    let counted = !customer.left.is_empty()
        || !customer.tallies.is_empty()
        || !customer.intakes.is_empty()
        || customer.instances.iter().any(|i| !i.tallies.is_empty());
    if !counted || before == now || !goes_by_the_calendar(program) {
        return;
    }
    let (before, until) = (before.cloned(), customer.now);
    customer.former_zones.retain(|f| f.zone != before);
    customer.former_zones.push(FormerZone { zone: before, until });
    if customer.former_zones.len() > MOST_FORMER {
        customer.former_zones = vec![FormerZone { zone: None, until }];
    }
}

/// Forgets zones that have counted long enough.
pub(super) fn forget_zones(customer: &mut Known) {
    let now = customer.now;
    customer.former_zones.retain(|f| in_window(f.until, now, ZONES_COUNT));
}

/// Whether some limit has a window of the calendar.
fn goes_by_the_calendar(program: &Program) -> bool {
    let mut intakes = program.events.iter().filter_map(|e| Some(e.intake?.per));
    all_windows(program).any(is_calendar) || intakes.any(is_calendar)
}

fn is_calendar(per: Window) -> bool {
    matches!(per, Window::Calendar(_))
}
