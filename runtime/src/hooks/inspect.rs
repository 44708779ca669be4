//! Whether a module may be compiled, which is asked before: compiling cannot be interrupted.

use journey_spec::hooks::{LARGEST_MODULE, Uncounted, counted};

use super::compile::first_line;
use super::failure::Misfit;

/// Whether it may be compiled.
///
/// # Errors
/// What it is, or has too much of.
pub(super) fn may_be_compiled(bytes: &[u8], most_bytes: usize) -> Result<(), Misfit> {
    let (has, most) = (bytes.len() as u64, (most_bytes as u64).min(u64::from(LARGEST_MODULE) << 20));
    if has > most {
        return Err(Misfit::TooMuch { what: "bytes", has, most });
    }
    if !bytes.starts_with(b"\0asm") {
        return Err(Misfit::NotWasm("it does not begin as WebAssembly does".into()));
    }
    match counted(bytes) {
        Ok(_) => Ok(()),
        Err(Uncounted::CoreModule) => Err(Misfit::CoreModule),
        Err(Uncounted::TooMuch { what, has, most }) => Err(Misfit::TooMuch { what, has, most }),
        Err(Uncounted::Empty) => Err(Misfit::NotWasm("it is empty".into())),
        Err(Uncounted::Damaged(error)) => Err(Misfit::NotWasm(first_line(error.message()))),
    }
}
