//! Where a live shell takes its time from. The engine itself only gets time as an argument.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use journey_spec::Ts;
use journey_spec::time::RANGE;

/// A source of time.
pub trait Clock: Send + Sync {
    /// Milliseconds since the epoch, within the language's range. May go back; the engine never does.
    fn now(&self) -> Ts;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Clock for System {
    fn now(&self) -> Ts {
        let since = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
        };
        since.clamp(*RANGE.start(), *RANGE.end())
    }
}

/// A clock that stands where it is put.
#[derive(Clone, Debug)]
pub struct Manual(Arc<AtomicI64>);

impl Manual {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: Ts) -> Manual {
        Manual(Arc::new(AtomicI64::new(now)))
    }

    /// Puts the clock, and every clone of it, to `now`.
    pub fn set(&self, now: Ts) {
        self.0.store(now, Ordering::SeqCst);
    }
}

impl Clock for Manual {
    fn now(&self) -> Ts {
        self.0.load(Ordering::SeqCst)
    }
}
