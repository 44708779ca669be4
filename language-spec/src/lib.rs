//! The contract between the compiler and the runtime of the Journey language.
//!
//! * [`program`]: the compiled program, which the compiler emits and the runtime takes, and [`bundle`], the file in which
//!   it travels;
//! * [`sensitive`]: data that is not for every eye;
//! * [`types`] and [`value`]: what data may look like, and data itself;
//! * [`places`]: where a customer may be;
//! * [`time`]: instants, zones and how both are written;
//! * [`locale`]: languages, and how days and numbers are written in them;
//! * [`codes`]: the one registry of findings.
//!
//! This crate does no I/O and has no clock.

pub mod bundle;
pub mod certificate;
pub mod codes;
pub mod hooks;
pub mod locale;
pub mod packs;
pub mod places;
pub mod program;
mod recent;
pub mod sensitive;
pub mod time;
pub mod types;
pub mod value;

pub use program::Program;
pub use sensitive::Sensitive;
pub use time::Ts;
pub use types::Type;
pub use value::Value;
