//! Compiling a module, in a bounded place.
//!
//! Compilation runs to its end once it has begun. So what is compiled is bounded before ([`super::inspect`]); it runs on a
//! thread of its own, one core, with a stack of its own; no more than [`AT_ONCE`] do so in a process; and who loads waits for
//! a bounded time. What takes longer keeps its place until it is done, so that others cannot pile up behind it, and what it
//! gives is dropped.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use wasmtime::Engine;
use wasmtime::component::Component;

use super::failure::Misfit;

/// Modules that are compiled at once in a process.
const AT_ONCE: u32 = 2;
/// Bytes of stack: what is nested deeply is walked by recursion.
const STACK: usize = 16 << 20;

static RUNNING: Mutex<u32> = Mutex::new(0);
static DONE: Condvar = Condvar::new();

/// Compiles it, and gives up waiting after `patience`.
pub(super) fn compile(engine: &Engine, bytes: Arc<[u8]>, patience: Duration) -> Result<Component, Misfit> {
    let until = Instant::now() + patience;
    let slot = slot(until).ok_or(Misfit::TooSlow(patience))?;
    let (tell, told) = sync_channel(1);
    let engine = engine.clone();
    let work = move || {
        let compiled = Component::from_binary(&engine, &bytes);
        // Before it is told, so that the next does not find the place taken.
        drop(slot);
        _ = tell.send(compiled);
    };
    std::thread::Builder::new()
        .name("journey-hooks-compile".into())
        .stack_size(STACK)
        .spawn(work)
        .map_err(|e| Misfit::Machine(format!("no thread to compile on: {e}")))?;
    match told.recv_timeout(until.saturating_duration_since(Instant::now())) {
        Ok(compiled) => compiled.map_err(|e| Misfit::NotCompiled(first_line(&format!("{e:#}")))),
        Err(RecvTimeoutError::Timeout) => Err(Misfit::TooSlow(patience)),
        Err(RecvTimeoutError::Disconnected) => Err(Misfit::NotCompiled("the compiler broke off".into())),
    }
}

/// Errors show where in a module something is; the first line says what it is.
pub(super) fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    crate::intake::cut(line, 300).to_owned()
}

struct Slot;

fn slot(until: Instant) -> Option<Slot> {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    while *running >= AT_ONCE {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        running = DONE.wait_timeout(running, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    *running += 1;
    Some(Slot)
}

impl Drop for Slot {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        DONE.notify_one();
    }
}
