//! Who runs the hooks that a journey asks for a judgement.

use journey_step::hooks::NO_HOOKS;
use journey_step::{HookAnswer, HookRequest};

/// A host of hooks.
pub trait Hooks: Send {
    /// Asks a hook. The same question has to get the same answer: after a crash a step that was not committed is made
    /// again.
    ///
    /// The engine waits for this function.
    fn ask(&mut self, request: &HookRequest) -> HookAnswer;
}

/// No host: every hook fails, and its journey goes on as its declaration says.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl Hooks for NoHooks {
    fn ask(&mut self, _: &HookRequest) -> HookAnswer {
        HookAnswer::Failed(NO_HOOKS.into())
    }
}
