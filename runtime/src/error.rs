//! What can go wrong, in plain words.

use std::path::PathBuf;

use thiserror::Error;

/// Why a store could not do what was asked. Nothing of a failed commit counts as done.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another process, or another engine in this one, has the store open.
    #[error(
        "the store {} is in use by another engine: stop that one first, or give this one its own store",
        path.display()
    )]
    Locked {
        /// The store's file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{} is not a Journey store ({found}): name another file, or move this one away", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        found: String,
    },
    /// A newer version of this software has written the store.
    #[error(
        "the store {} has version {found}, and this program knows versions up to {known}: use the newer program that wrote \
         it, or start with a new store",
        path.display()
    )]
    Newer {
        /// The store's file.
        path: PathBuf,
        /// Its schema's version.
        found: i64,
        /// The newest version that is known here.
        known: i64,
    },
    /// The file cannot be opened or created.
    #[error("the store {} cannot be opened: {why}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The disk is full.
    #[error("the disk is full: nothing of the last batch was kept; make room and start again")]
    Full,
    /// Reading or writing failed.
    #[error("the store cannot be read or written: {0}")]
    Io(String),
    /// The store holds what it should not hold.
    #[error("the store is damaged: {0}; restore it from a backup")]
    Damaged(String),
    /// The store was opened for reading only.
    #[error("the store was opened for reading only")]
    ReadOnly,
}

/// Why a channel or a desk could not take a message now. A message that can never be delivered is no error, but
/// [`Delivery::Rejected`](crate::channels::Delivery::Rejected).
#[derive(Debug, Error)]
pub enum ChannelError {
    /// It does not work now; later it may.
    #[error("{0}")]
    Unavailable(String),
    /// It is broken and has to be opened again.
    #[error("{0}")]
    Broken(String),
}

/// Why the engine could not do what was asked. Nothing of the failed call was acknowledged; what it had committed before
/// the failure is recognised as a duplicate when it is given again.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A channel, desk or service failed where that cannot be waited for.
    #[error("a message could not be handed to its channel: {0}")]
    Channel(#[from] ChannelError),
    /// The program is not one that this engine can run.
    #[error("the program cannot be run: {0}")]
    Program(String),
    /// Customers in the store are in the middle of journeys of another program.
    #[error(
        "the store belongs to another program: customer `{customer}` is in the middle of a journey of program {stored}, and \
         this one is {given}; run that program until its journeys have ended, or use a new store"
    )]
    OtherProgram {
        /// A customer with a live journey.
        customer: String,
        /// The hash of the program that the store remembers.
        stored: String,
        /// The hash of the program given.
        given: String,
    },
    /// Another engine has taken the store over.
    #[error("another engine has taken over the store: this one has stopped, and nothing of its last batch was kept")]
    Fenced,
    /// Whether the last commit happened is not known.
    #[error(
        "it is not known whether the last batch was kept: this engine has stopped; open the store again to find out"
    )]
    InDoubt,
    /// The engine stopped after an earlier failure.
    #[error("the engine stopped after an earlier failure: open the store again")]
    Stopped,
    /// The feed cannot be read.
    #[error("the feed cannot be read: {0}")]
    Feed(String),
}
