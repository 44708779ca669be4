//! What the people who run the engine order: pauses and withdrawals, kept in the store.

use journey_spec::Ts;
use journey_spec::program::Channel as Kind;
use journey_step::{Orders, Scope};

use super::{Engine, ORDERS};
use crate::error::{EngineError, StoreError};

impl Engine {
    /// From now on nothing of this leaves, until then or until [`Engine::resume_scope`]. As [`Engine::pause`].
    ///
    /// # Errors
    /// As [`Engine::pause`].
    pub fn pause_scope(&mut self, scope: &Scope, until: Option<Ts>) -> Result<(), EngineError> {
        self.order(|orders| orders.pause_scope(scope, until))
    }

    /// Ends a pause, as [`Engine::resume`].
    ///
    /// # Errors
    /// As [`Engine::resume`].
    pub fn resume_scope(&mut self, scope: &Scope) -> Result<(), EngineError> {
        self.order(|orders| orders.resume_scope(scope))
    }

    /// What was decided until `now` and has not left does not leave any more.
    ///
    /// # Errors
    /// Where the store fails; then nothing is withdrawn.
    pub fn withdraw(&mut self, scope: Scope, now: Ts) -> Result<(), EngineError> {
        self.order(|orders| orders.withdraw(scope, now))
    }

    /// From now on nothing leaves on this channel, for any customer, until then or until [`Engine::resume`]. Inputs are
    /// taken and timers fire as ever; what would leave waits, goes by another channel, or is blocked where it would not
    /// stay true. Survives a restart.
    ///
    /// # Errors
    /// Where the store fails; then nothing is ordered.
    pub fn pause(&mut self, channel: Kind, until: Option<Ts>) -> Result<(), EngineError> {
        self.order(|orders| orders.pause(channel, until))
    }

    /// Ends a pause. What waited for its end is asked at the instant at which it was to be, within five minutes where the
    /// pause had no end.
    ///
    /// # Errors
    /// Where the store fails; then the pause goes on.
    pub fn resume(&mut self, channel: Kind) -> Result<(), EngineError> {
        self.order(|orders| orders.resume(channel))
    }

    /// What is ordered.
    #[must_use]
    pub fn orders(&self) -> &Orders {
        &self.orders
    }

    fn order(&mut self, change: impl FnOnce(&mut Orders)) -> Result<(), EngineError> {
        let mut orders = self.orders.clone();
        change(&mut orders);
        let text = serde_json::to_string(&orders)
            .map_err(|e| StoreError::Damaged(format!("the orders cannot be written: {e}")))?;
        self.whole(|engine| {
            engine.work.batch.meta.push((ORDERS.into(), text));
            engine.flush()
        })?;
        self.orders = orders;
        Ok(())
    }
}
