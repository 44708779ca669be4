//! Asks each question twice, and notes where the second answer is another.

use std::sync::{Arc, Mutex, PoisonError};

use journey_step::{Asker, HookReply, HookRequest};

use super::{Hooks, Modules};

/// A question that got two answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Differs {
    /// The hook.
    pub hook: String,
    /// Who asked, and when.
    pub by: Asker,
    /// The answer that counted.
    pub first: HookReply,
    /// The other.
    pub second: HookReply,
}

/// What was seen of the questions so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verified {
    /// Questions that were asked twice.
    pub asked: u64,
    /// Those of them that had to be interrupted, so that how far they came depends on the machine.
    pub interrupted: u64,
    /// Those of the others whose answers differ, the first hundred.
    pub differ: Vec<Differs>,
    /// How many differ.
    pub differing: u64,
}

/// Differences that are kept.
const MOST_KEPT: usize = 100;

/// Modules beside others of the same program: each question goes to both, and the first one's answer counts. Load the
/// others without a cache, and what was kept compiled is compared with what is compiled anew.
#[derive(Clone, Debug)]
pub struct Verifying {
    first: Modules,
    second: Modules,
    seen: Arc<Mutex<Verified>>,
}

impl Verifying {
    /// These beside those.
    #[must_use]
    pub fn new(first: Modules, second: Modules) -> Verifying {
        Verifying { first, second, seen: Arc::default() }
    }

    /// What was seen so far, by all clones.
    #[must_use]
    pub fn seen(&self) -> Verified {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Hooks for Verifying {
    fn ask(&mut self, request: &HookRequest) -> HookReply {
        let first = self.first.ask(request);
        let second = self.second.ask(request);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.asked += 1;
        let was_interrupted = |reply: &HookReply| reply.ran.as_ref().is_some_and(|ran| ran.attempts > 1);
        if was_interrupted(&first) || was_interrupted(&second) {
            seen.interrupted += 1;
        } else if first != second {
            seen.differing += 1;
            if seen.differ.len() < MOST_KEPT {
                let (hook, by) = (request.hook.clone(), request.by.clone());
                seen.differ.push(Differs { hook, by, first: first.clone(), second });
            }
        }
        first
    }
}
