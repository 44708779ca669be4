//! Hooks in WebAssembly: what a well-behaved module is told and says, and what comes of every other one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that fails says where
#![allow(clippy::print_stdout)] // and what it saw

mod answers;
mod cached;
mod cases;
mod common;
mod guests;
mod hostile;
mod javascript;
mod load;
mod misfits;
mod random;
mod served;
#[path = "../common/mod.rs"]
mod world;
