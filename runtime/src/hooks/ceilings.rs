//! How much a hook may use.

use std::time::Duration;

use journey_spec::program::{Hook, Millis};

use super::failure::Misfit;

/// Fuel for a millisecond of a hook's time. Fuel counts instructions, and bytes that are copied at once, so the same
/// question spends the same on every machine; on one of today's, two million take less than a millisecond.
pub const FUEL_PER_MS: u64 = 2_000_000;
/// The shortest time after which a call is interrupted, whatever it has spent.
pub const SHORTEST_INTERRUPT: Duration = Duration::from_millis(250);

/// The most that any hook of a service gets. A program's declaration (`within 5ms, 16MiB`) says what its hook gets within
/// these; one that asks for more is not loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceilings {
    /// Time, in milliseconds of [`FUEL_PER_MS`]; 1 s.
    pub within: Millis,
    /// MiB of memory, over all memories of a call; 64, and no more than that.
    pub memory: u32,
    /// Entries of tables, over all tables of a call; 20,000, and no more than that.
    pub table_entries: u32,
    /// Bytes that a hook is told; 256 KiB.
    pub input: usize,
    /// Bytes that a hook says; 64 KiB.
    pub output: usize,
    /// Lines that one call may log; 20. What it says beyond is dropped.
    pub log_lines: u32,
    /// Bytes of one line; 1 KiB. A longer one is cut.
    pub log_line: usize,
    /// After how long a call is interrupted, whatever it has spent; without one, after the longer of
    /// [`SHORTEST_INTERRUPT`] and twenty times what the hook declares.
    pub interrupt: Option<Duration>,
    /// Bytes of a module, whatever its declaration asks for (`up to 20MiB`; 4 MiB where it asks for none); 32 MiB, and no more
    /// than that.
    pub module: usize,
    /// How long loading waits for a module to be compiled; 60 s. Compiling cannot be interrupted: what takes longer goes on
    /// by itself, and at most two do so.
    pub compile: Duration,
}

impl Ceilings {
    /// Bytes of this hook's module: what it asks for, where it is given.
    pub(super) fn module_of(&self, hook: &Hook) -> usize {
        self.module.min((hook.largest as usize) << 20)
    }
}

impl Default for Ceilings {
    fn default() -> Ceilings {
        Ceilings {
            within: Hook::LONGEST,
            memory: Hook::MOST_MEMORY,
            table_entries: 20_000,
            input: 256 << 10,
            output: 64 << 10,
            log_lines: 20,
            log_line: 1 << 10,
            interrupt: None,
            module: (journey_spec::hooks::LARGEST_MODULE as usize) << 20,
            compile: Duration::from_secs(60),
        }
    }
}

/// What one hook gets for each call.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) within: Millis,
    pub(super) fuel: u64,
    /// After how long a call is interrupted.
    pub(super) interrupt: Duration,
    /// MiB.
    pub(super) memory: u32,
    pub(super) table_entries: u32,
    pub(super) input: usize,
    pub(super) output: usize,
    pub(super) log_lines: u32,
    pub(super) log_line: usize,
}

impl Limits {
    /// What a declaration asks for, where it is given.
    pub(super) fn of(hook: &Hook, ceilings: &Ceilings) -> Result<Limits, Misfit> {
        if hook.within > ceilings.within || hook.memory > ceilings.memory {
            return Err(Misfit::AboveCeiling {
                asks: format!("{} ms and {} MiB", hook.within, hook.memory),
                gives: format!("{} ms and {} MiB", ceilings.within, ceilings.memory),
            });
        }
        let ms = hook.within.max(1).unsigned_abs();
        Ok(Limits {
            within: hook.within,
            fuel: ms.saturating_mul(FUEL_PER_MS),
            interrupt: ceilings
                .interrupt
                .unwrap_or_else(|| SHORTEST_INTERRUPT.max(Duration::from_millis(ms.saturating_mul(20)))),
            memory: hook.memory.min(Hook::MOST_MEMORY),
            table_entries: ceilings.table_entries.min(20_000),
            input: ceilings.input,
            output: ceilings.output,
            log_lines: ceilings.log_lines,
            log_line: ceilings.log_line,
        })
    }
}
