//! One call of a module: a fresh instance within its limits, and what came of it.

use std::fmt;

use wasmtime::component::{ComponentNamedList, InstancePre, Lift, Lower, WasmStr};
use wasmtime::{ResourceLimiter, Store, StoreContextMut, Trap};

use super::ceilings::Limits;
use super::contract::Level;
use super::failure::Failure;
use super::place::{Place, TICK};

/// Fuel that a line of the log costs, beside a unit for each of its bytes: what the host does for it is paid too.
const LOG_FUEL: u64 = 2_000;

/// What a call leaves behind, and what it may still take.
pub(super) struct Guest {
    hook: String,
    execution: String,
    limits: Limits,
    /// Bytes of all memories.
    memory: usize,
    table_entries: usize,
    lines: u32,
    /// The limit that was met first.
    met: Option<Failure>,
}

/// What was refused is told by [`Guest::met`]; this only ends the call.
#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a limit of this hook was met")
    }
}

impl std::error::Error for Refused {}

impl Guest {
    fn refuse(&mut self, why: Failure) -> wasmtime::Error {
        self.met.get_or_insert(why);
        wasmtime::Error::new(Refused)
    }
}

impl ResourceLimiter for Guest {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let all = self.memory.saturating_sub(current).saturating_add(desired);
        if all > (self.limits.memory as usize) << 20 {
            return Err(self.refuse(Failure::Memory(self.limits.memory)));
        }
        self.memory = all;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        Err(self.refuse(Failure::Memory(self.limits.memory)))
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let all = self.table_entries.saturating_sub(current).saturating_add(desired);
        if all > self.limits.table_entries as usize {
            return Err(self.refuse(Failure::Table(self.limits.table_entries)));
        }
        self.table_entries = all;
        Ok(true)
    }

    fn table_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        Err(self.refuse(Failure::Table(self.limits.table_entries)))
    }
}

/// `host.log`: a line for whoever runs the service. It may hold what the hook was told, so it goes where their other logs go
/// and into no timeline.
pub(super) fn log(caller: &mut StoreContextMut<'_, Guest>, level: Level, message: &WasmStr) -> wasmtime::Result<()> {
    let (told, most) = (caller.data().lines, caller.data().limits.log_lines);
    caller.data_mut().lines = told.saturating_add(1);
    let mut cost = LOG_FUEL;
    if told < most {
        let text = message.to_str(&*caller)?.into_owned();
        cost = cost.saturating_add(text.len() as u64);
        let guest = caller.data();
        tell(guest, level, crate::intake::cut(&text, guest.limits.log_line));
    } else if told == most {
        tracing::warn!(target: "journey::hooks", hook = caller.data().hook, "its further lines are dropped");
    }
    match caller.get_fuel()?.checked_sub(cost) {
        Some(left) => caller.set_fuel(left),
        None => {
            caller.set_fuel(0)?;
            Err(Trap::OutOfFuel.into())
        }
    }
}

fn tell(guest: &Guest, level: Level, text: &str) {
    let (hook, execution) = (guest.hook.as_str(), guest.execution.as_str());
    match level {
        Level::Debug => tracing::debug!(target: "journey::hooks", hook, execution, "{text}"),
        Level::Info => tracing::info!(target: "journey::hooks", hook, execution, "{text}"),
        Level::Warn => tracing::warn!(target: "journey::hooks", hook, execution, "{text}"),
        Level::Error => tracing::error!(target: "journey::hooks", hook, execution, "{text}"),
    }
}

/// A module that is ready to be called.
pub(super) struct Ready {
    pub(super) pre: InstancePre<Guest>,
    pub(super) export: wasmtime::component::ComponentExportIndex,
}

/// What came of a call.
pub(super) struct Called<R> {
    pub(super) result: Result<R, Failure>,
    pub(super) fuel: u64,
    /// It was interrupted, and not by its own doing alone: the machine may have been busy.
    pub(super) interrupted: bool,
}

/// Calls the module once, in an instance of its own.
pub(super) fn call<P, R>(
    place: &Place,
    ready: &Ready,
    limits: &Limits,
    (hook, execution): (&str, &str),
    params: P,
) -> Called<R>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift + 'static,
{
    let guest = Guest {
        hook: hook.into(),
        execution: execution.into(),
        limits: limits.clone(),
        memory: 0,
        table_entries: 0,
        lines: 0,
        met: None,
    };
    let _entered = place.enter();
    let mut store = Store::new(&place.engine, guest);
    store.limiter(|guest| guest);
    // Without fuel in the engine's configuration this would fail, and nothing would run.
    let result = match store.set_fuel(limits.fuel) {
        Ok(()) => {
            let ticks = limits.interrupt.as_millis() / TICK.as_millis().max(1);
            store.set_epoch_deadline(u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(1));
            store.set_hostcall_fuel(limits.output);
            run(&mut store, ready, params)
        }
        Err(error) => Err(error),
    };
    let fuel = limits.fuel.saturating_sub(store.get_fuel().unwrap_or(0));
    let met = store.data_mut().met.take();
    match result {
        Ok(result) => Called { result: Ok(result), fuel, interrupted: false },
        Err(error) => {
            let interrupted = matches!(error.downcast_ref(), Some(Trap::Interrupt));
            Called { result: Err(met.unwrap_or_else(|| why(&error, limits))), fuel, interrupted }
        }
    }
}

fn run<P, R>(store: &mut Store<Guest>, ready: &Ready, params: P) -> wasmtime::Result<R>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift + 'static,
{
    let instance = ready.pre.instantiate(&mut *store)?;
    let export = instance.get_typed_func::<P, R>(&mut *store, &ready.export)?;
    export.call(&mut *store, params)
}

/// What an error of a call means. Nothing that the guest wrote goes into it.
fn why(error: &wasmtime::Error, limits: &Limits) -> Failure {
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return match trap {
            Trap::OutOfFuel => Failure::Fuel { fuel: limits.fuel, within: limits.within },
            Trap::Interrupt => Failure::Interrupted(limits.interrupt),
            Trap::StackOverflow => Failure::Crash("its calls nested deeper than its stack is"),
            Trap::MemoryOutOfBounds => Failure::Crash("it reached outside of its memory"),
            Trap::TableOutOfBounds => Failure::Crash("it reached outside of a table"),
            Trap::IndirectCallToNull => Failure::Crash("it called a function that is not there"),
            Trap::BadSignature => Failure::Crash("it called a function of another type"),
            Trap::IntegerOverflow | Trap::IntegerDivisionByZero | Trap::BadConversionToInteger => {
                Failure::Crash("it calculated what has no result, such as a division by zero")
            }
            Trap::UnreachableCodeReached => Failure::Crash("it broke off by itself (`unreachable`)"),
            Trap::CannotEnterComponent => Failure::Crash("it was entered where it may not be"),
            _ => Failure::Crash("it trapped"),
        };
    }
    // The rest is told in words only. The first two are the host's copying of what it says; they are fixed for the version
    // of wasmtime, and the hostile suite meets each.
    let text = format!("{error:#}");
    if text.contains("fuel allocated for hostcalls") {
        return Failure::Output(limits.output);
    }
    if text.contains("utf-8") || text.contains("utf-16") {
        return Failure::Abi("it said a text that is no UTF-8");
    }
    if text.contains("discriminant") {
        return Failure::Abi("it said a case that is not there");
    }
    if text.contains("out of bounds") || text.contains("aligned") || text.contains("end of memory") {
        return Failure::Abi("it named a place outside of its memory");
    }
    tracing::warn!(target: "journey::hooks", %text, "a call ended in a way that has no name");
    Failure::Abi("what it said cannot be read")
}
