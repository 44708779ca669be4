//! A file system for SQLite that lives in memory and fails on purpose: it loses power, runs full, writes half and cannot
//! sync. For tests only.
//!
//! [`install`] makes it the default of every connection that the process opens from then on, so what is tested opens its
//! files by path as ever. [`Disk::at`] makes a disk for the files of one folder; a path in no such folder cannot be opened.
//!
//! What a write puts down is seen at once and durable after a sync. When power is cut ([`Disk::cut`], or
//! [`Fault::Cut`] in the middle of things) each file keeps what was durable and, of what was written since, a beginning or a
//! random part, sector by sector; a file whose deletion was not synced may be there again; shared memory and locks are
//! gone, and whoever had a file open can do nothing with it any more.
#![allow(unsafe_code, reason = "SQLite asks a file system through C; `vfs.rs` is all of it")]

mod disk;
mod vfs;

pub use disk::{Disk, Fault};
pub use vfs::install;
