//! Who runs the hooks that a journey asks for a judgement.
//!
//! With the feature `hooks` that is [`Modules`]: WebAssembly components of the package `journey:hooks@1.0.0`
//! (`runtime/wit/hooks.wit`), each call in a fresh instance, with limits of time, memory and data. Whatever comes of a call,
//! also where a module loops, bombs or lies, is an answer or a [`Failure`], and a journey goes on.

#[cfg(feature = "hooks")]
mod cache;
#[cfg(feature = "hooks")]
mod call;
#[cfg(feature = "hooks")]
mod ceilings;
#[cfg(feature = "hooks")]
mod compile;
#[cfg(feature = "hooks")]
mod contract;
#[cfg(feature = "hooks")]
mod failure;
#[cfg(feature = "hooks")]
mod inspect;
#[cfg(feature = "hooks")]
mod module;
#[cfg(feature = "hooks")]
mod modules;
#[cfg(feature = "hooks")]
mod place;
#[cfg(feature = "hooks")]
mod verify;

use journey_step::hooks::NO_HOOKS;
use journey_step::{HookAnswer, HookReply, HookRequest};

#[cfg(feature = "hooks")]
pub use ceilings::{Ceilings, FUEL_PER_MS, SHORTEST_INTERRUPT};
#[cfg(feature = "hooks")]
pub use failure::{Failure, Misfit, Unfit};
#[cfg(feature = "hooks")]
pub use modules::{Modules, Setup};
#[cfg(feature = "hooks")]
pub use place::AT_ONCE;
#[cfg(feature = "hooks")]
pub use verify::{Differs, Verified, Verifying};

/// A host of hooks.
pub trait Hooks: Send {
    /// Asks a hook. The same question has to get the same answer: after a crash a step that was not committed is made
    /// again.
    ///
    /// An [`Engine`](crate::Engine) waits for this function. A [`Runtime`](crate::Runtime) calls it on threads of its own, and
    /// of its customers only the one who asks waits.
    fn ask(&mut self, request: &HookRequest) -> HookReply;
}

/// No host: every hook fails, and its journey goes on as its declaration says.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl Hooks for NoHooks {
    fn ask(&mut self, _: &HookRequest) -> HookReply {
        HookAnswer::Failed(NO_HOOKS.into()).into()
    }
}
