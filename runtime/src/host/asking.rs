//! The threads that ask hooks, so that no shard waits for one.
//!
//! They are as many as was ordered, for all shards together. What is asked waits in a line of its hook, and lines are served
//! in turn; while a line waits, no hook holds all threads, so one that takes long keeps others waiting for less than a call.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use journey_step::{HookAnswer, HookReply};

use super::queue::{Queue, Replied};
use crate::engine::Asked;
use crate::hooks::Hooks;

/// Why a hook fails whose host panicked.
const BROKE_OFF: &str = "whoever runs it broke off";

/// Asks hooks. The threads end with the last of its owners, each after the call that it is in.
pub(super) struct Asking(Arc<Lines>);

#[derive(Default)]
struct Lines {
    state: Mutex<State>,
    awake: Condvar,
    /// Threads of which one hook's calls take at most.
    share: usize,
}

#[derive(Default)]
struct State {
    /// What is asked of each hook, in order.
    lines: HashMap<String, VecDeque<(Asked, Arc<Queue>)>>,
    /// Hooks that are asked something, each once; the first is served next.
    ring: VecDeque<String>,
    /// Calls under way, by hook.
    running: HashMap<String, usize>,
    stopping: bool,
}

impl Asking {
    /// A thread for each of these hosts.
    ///
    /// # Errors
    /// Where a thread cannot be started.
    pub(super) fn start(hosts: Vec<Box<dyn Hooks>>) -> std::io::Result<Asking> {
        // One is left to the other hooks.
        let share = hosts.len().saturating_sub(1).max(1);
        let asking = Asking(Arc::new(Lines { share, ..Lines::default() }));
        for (number, host) in hosts.into_iter().enumerate() {
            let lines = Arc::clone(&asking.0);
            std::thread::Builder::new().name(format!("journey-hooks-{number}")).spawn(move || lines.serve(host))?;
        }
        Ok(asking)
    }

    /// Asks, and brings the reply to this queue.
    pub(super) fn ask(&self, asked: Asked, queue: &Arc<Queue>) {
        let mut state = self.0.lock();
        let hook = asked.request.hook.clone();
        let line = state.lines.entry(hook.clone()).or_default();
        line.push_back((asked, Arc::clone(queue)));
        if line.len() == 1 {
            state.ring.push_back(hook);
        }
        drop(state);
        self.0.awake.notify_one();
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.lock().stopping = true;
        self.0.awake.notify_all();
    }
}

impl Lines {
    // Nothing is done under the lock that could leave half of it behind.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut host: Box<dyn Hooks>) {
        while let Some((asked, queue)) = self.next() {
            let Asked { customer, request } = asked;
            let hook = request.hook.clone();
            let reply = catch_unwind(AssertUnwindSafe(|| host.ask(&request))).unwrap_or_else(|_| {
                tracing::error!(target: "journey::hooks", hook, "the host of hooks panicked");
                HookReply::from(HookAnswer::Failed(BROKE_OFF.into()))
            });
            queue.replied(Replied { customer, request, reply });
            self.ended(&hook);
        }
    }

    /// The next question that may be asked; waits until there is one.
    fn next(&self) -> Option<(Asked, Arc<Queue>)> {
        let mut state = self.lock();
        loop {
            if state.stopping {
                return None;
            }
            if let Some(next) = state.take(self.share) {
                return Some(next);
            }
            state = self.awake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn ended(&self, hook: &str) {
        let mut state = self.lock();
        if let Some(running) = state.running.get_mut(hook) {
            *running -= 1;
            if *running == 0 {
                state.running.remove(hook);
            }
        }
        // Whom it kept waiting is served by the thread that ends it.
    }
}

impl State {
    fn take(&mut self, share: usize) -> Option<(Asked, Arc<Queue>)> {
        for _ in 0..self.ring.len() {
            let hook = self.ring.pop_front()?;
            let running = self.running.get(&hook).copied().unwrap_or(0);
            if running >= share {
                self.ring.push_back(hook);
                continue;
            }
            let next = self.lines.get_mut(&hook).and_then(VecDeque::pop_front);
            if self.lines.get(&hook).is_some_and(|line| !line.is_empty()) {
                self.ring.push_back(hook.clone());
            } else {
                self.lines.remove(&hook);
            }
            if next.is_some() {
                self.running.insert(hook, running + 1);
                return next;
            }
        }
        None
    }
}
