//! Modules of hooks: what they export, and how much of everything they may hold. For the checker, which reads them, and for
//! a runtime, which runs them.

#[cfg(feature = "modules")]
mod counted;

#[cfg(feature = "modules")]
pub use counted::{Counted, Uncounted, counted};

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
pub const MEMORIES: u32 = 4;
/// The most tables.
pub const TABLES: u32 = 16;
/// The most core modules that are instantiated in it.
pub const CORE_INSTANCES: u32 = 128;
/// The most places where components in it are instantiated. Each may instantiate others again, so that few make many:
/// twenty-four make some thousands at most. What jco makes of JavaScript has seventeen, side by side.
pub const NESTED_INSTANCES: u64 = 24;
/// The most modules, and components, in it.
pub const PARTS: u64 = 64;
/// The most types, imports, exports and what is defined by aliases, together.
pub const ENTRIES: u64 = 100_000;
