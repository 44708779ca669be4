//! Where modules run: one engine for the process, with a pool of places for instances.
//!
//! An engine is made once, since it maps the memory of its pool: [`AT_ONCE`] places of [`MEMORIES`] memories. Who finds no
//! place free waits for one, which takes no longer than calls take ([`Place::enter`]).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use journey_spec::hooks::{CORE_INSTANCES, MEMORIES, TABLES};
use journey_spec::program::Hook;
use wasmtime::component::Linker;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OperatorCost, PoolingAllocationConfig, WasmFeatures,
};

use super::call::Guest;
use super::contract::{HOST, Level, TYPES};
use super::failure::Misfit;

/// Calls that run at once in a process.
pub const AT_ONCE: u32 = 32;
/// Entries of one table.
const TABLE_ENTRIES: usize = 20_000;
/// Bytes of the stack of a call.
const STACK: usize = 512 << 10;
/// Memory that stays with a place from call to call; it is cleared, and not given back and mapped again.
const RESIDENT: usize = 256 << 10;
/// How long a tick of the clock takes that interrupts calls.
pub(super) const TICK: Duration = Duration::from_millis(1);

/// The engine, and what is shared by all that runs on it.
pub(super) struct Place {
    pub(super) engine: Engine,
    pub(super) linker: Linker<Guest>,
    room: Mutex<Room>,
    freed: Condvar,
    clock: Arc<Clock>,
}

/// How many calls may begin, and how many wait to.
struct Room {
    free: u32,
    waiting: u32,
}

/// The one place of this process.
pub(super) fn place() -> Result<&'static Place, Misfit> {
    static PLACE: OnceLock<Result<Place, Misfit>> = OnceLock::new();
    PLACE.get_or_init(|| Place::new().map_err(|e| Misfit::Machine(format!("{e:#}")))).as_ref().map_err(Clone::clone)
}

fn config() -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(AT_ONCE)
        .total_core_instances(AT_ONCE * CORE_INSTANCES)
        .max_core_instances_per_component(CORE_INSTANCES)
        .total_memories(AT_ONCE * MEMORIES)
        .max_memories_per_component(MEMORIES)
        .max_memories_per_module(MEMORIES)
        .max_memory_size((Hook::MOST_MEMORY as usize) << 20)
        .total_tables(AT_ONCE * TABLES)
        .max_tables_per_component(TABLES)
        .max_tables_per_module(TABLES)
        .table_elements(TABLE_ENTRIES)
        .linear_memory_keep_resident(RESIDENT)
        .table_keep_resident(RESIDENT)
        .max_unused_warm_slots(AT_ONCE)
        .pagemap_scan(Enabled::Auto);
    let mut cost = OperatorCost::new();
    // A page comes with the system's clearing of it, some ten microseconds.
    cost.variable.memory_grow_per_page = u8::MAX;
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .consume_fuel(true)
        .operator_cost(cost)
        .epoch_interruption(true)
        .max_wasm_stack(STACK)
        .cranelift_nan_canonicalization(true)
        .wasm_component_model(true)
        // What could differ between machines, or that no guest needs.
        .wasm_features(WasmFeatures::RELAXED_SIMD | WasmFeatures::MEMORY64 | WasmFeatures::THREADS, false)
        .concurrency_support(false)
        // Code asks itself whether an address is within its memory, in place of pages that trap. Memory that grew then need
        // not be closed again for the next call: two turns into the system, a quarter of a short call in Rust; a long one
        // takes a little longer. And the process of the host service gets no handlers of signals.
        .signals_based_traps(false)
        .memory_guard_size(0)
        // Traps are told by their kind. A backtrace would name what the guest calls its functions.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false);
    config
}

impl Place {
    fn new() -> wasmtime::Result<Place> {
        let engine = Engine::new(&config())?;
        let mut linker = Linker::new(&engine);
        linker.instance(TYPES)?;
        linker.instance(HOST)?.func_wrap(
            "log",
            |mut caller: wasmtime::StoreContextMut<'_, Guest>,
             (level, message): (Level, wasmtime::component::WasmStr)| {
                super::call::log(&mut caller, level, &message)
            },
        )?;
        let clock = Arc::new(Clock::default());
        clock.start(engine.clone())?;
        Ok(Place { engine, linker, room: Mutex::new(Room { free: AT_ONCE, waiting: 0 }), freed: Condvar::new(), clock })
    }

    /// Takes a place for one call; waits until there is one.
    pub(super) fn enter(&self) -> Entered<'_> {
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        while room.free == 0 {
            room.waiting += 1;
            room = self.freed.wait(room).unwrap_or_else(PoisonError::into_inner);
            room.waiting -= 1;
        }
        room.free -= 1;
        drop(room);
        self.clock.enter();
        Entered(self)
    }
}

/// A place that is taken.
pub(super) struct Entered<'p>(&'p Place);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.clock.leave();
        let mut room = self.0.room.lock().unwrap_or_else(PoisonError::into_inner);
        room.free += 1;
        // To wake nobody costs each call a turn into the system.
        if room.waiting > 0 {
            self.0.freed.notify_one();
        }
    }
}

/// Counts ticks while something runs, and sleeps while nothing does.
#[derive(Default)]
struct Clock {
    running: AtomicUsize,
    asleep: Mutex<bool>,
    wake: Condvar,
}

/// Ticks without a call after which the clock sleeps. Waking it costs a call some microseconds.
const IDLE_TICKS: u32 = 200;

impl Clock {
    fn start(self: &Arc<Clock>, engine: Engine) -> std::io::Result<()> {
        let clock = Arc::clone(self);
        std::thread::Builder::new().name("journey-hooks-clock".into()).spawn(move || clock.run(&engine))?;
        Ok(())
    }

    fn run(&self, engine: &Engine) {
        let mut idle = 0;
        loop {
            std::thread::sleep(TICK);
            engine.increment_epoch();
            idle = if self.running.load(Ordering::SeqCst) == 0 { idle + 1 } else { 0 };
            if idle < IDLE_TICKS {
                continue;
            }
            let mut asleep = self.asleep.lock().unwrap_or_else(PoisonError::into_inner);
            *asleep = true;
            // Whoever comes in after this looks at `asleep`, and whoever came before is seen here.
            while *asleep && self.running.load(Ordering::SeqCst) == 0 {
                asleep = self.wake.wait(asleep).unwrap_or_else(PoisonError::into_inner);
            }
            *asleep = false;
            idle = 0;
        }
    }

    fn enter(&self) {
        if self.running.fetch_add(1, Ordering::SeqCst) > 0 {
            return;
        }
        let mut asleep = self.asleep.lock().unwrap_or_else(PoisonError::into_inner);
        if *asleep {
            *asleep = false;
            self.wake.notify_one();
        }
    }

    fn leave(&self) {
        self.running.fetch_sub(1, Ordering::SeqCst);
    }
}
