//! Modules of hooks: what they export, and how much of everything they may hold. For the checker, which reads them, and for
//! a runtime, which runs them.

/// The package `journey:hooks@1.0.0`, as its text.
pub const WIT: &str = include_str!("../wit/hooks.wit");

/// MiB that a module may have where its declaration says nothing.
pub const MODULE: u32 = 4;
/// The most MiB that a declaration may ask for.
pub const LARGEST_MODULE: u32 = 32;
/// The most functions of a module. Before it is run it is compiled, which takes time for each and cannot be interrupted.
pub const FUNCTIONS: u64 = 20_000;
/// The most bytes of one function.
pub const FUNCTION_BYTES: u64 = 512 << 10;
/// The most memories.
pub const MEMORIES: u64 = 4;
/// The most core modules that are instantiated in it.
pub const CORE_INSTANCES: u64 = 128;
