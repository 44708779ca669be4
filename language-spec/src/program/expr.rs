//! Values that are computed from data.

use serde::{Deserialize, Serialize};

use super::{DAY, HOUR, MINUTE, Millis};
use crate::value::Value;

/// A value computed from data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expr {
    /// A value as it stands.
    Literal(Value),
    /// `booking.slot`, `customer.zone`.
    Path(Vec<String>),
    /// `now`: the step's time. Only in conditions and behind `set`.
    Now,
    /// An instant moved by an elapsed time: `booking.slot - 1d`.
    Offset {
        /// The instant.
        base: Box<Expr>,
        /// How far, in milliseconds; negative is earlier.
        by: Millis,
    },
    /// An instant moved by calendar days of the customer: `booking.slot - 1 day at 09:00`.
    Calendar {
        /// The instant.
        base: Box<Expr>,
        /// How many days; negative is earlier.
        days: i32,
        /// Minute of the day, 0 to 1439; the instant's own time of day where there is none.
        minute: Option<u16>,
    },
}

/// The most by which a local clock gains or loses on elapsed time over a stretch of days, but where a zone moves over the
/// date line: what has to be allowed for where calendar days are compared with hours.
pub const CLOCK_SHIFT: Millis = 4 * HOUR;

/// The soonest and the latest that so many calendar days at that minute can come after any instant, in milliseconds.
#[must_use]
pub fn days_after(days: i32, minute: Option<u16>) -> (Millis, Millis) {
    let days = Millis::from(days).saturating_mul(DAY);
    match minute {
        // The instant may be a day's first or its last.
        Some(minute) => {
            let to = days.saturating_add(Millis::from(minute).saturating_mul(MINUTE));
            (to.saturating_sub(DAY).saturating_sub(CLOCK_SHIFT), to.saturating_add(CLOCK_SHIFT))
        }
        None => (days.saturating_sub(CLOCK_SHIFT), days.saturating_add(CLOCK_SHIFT)),
    }
}
