//! What can go wrong, in plain words.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use journey_spec::program::short;
use journey_spec::program::union::Stranded;
use thiserror::Error;

/// Why a store could not do what was asked. Nothing of a failed commit counts as done.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another process, or another engine in this one, has the store open.
    #[error(
        "the store `{}` is in use by another engine: stop that one first, or give this one its own store",
        path.display()
    )]
    Locked {
        /// The store's file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("`{}` is not a Journey store ({found}): name another file, or move this one away", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        found: String,
    },
    /// A newer version of this software has written the store.
    #[error(
        "the store `{}` has version {found}, and this program knows versions up to {known}: use the newer program that wrote \
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
    #[error("the store `{}` cannot be opened: {why}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The disk is full.
    #[error("the store's disk is full: nothing of the last batch was kept; make room and start again")]
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
    /// The store was written by a version of this software that did not keep the program itself, and it was another one.
    #[error(
        "the store was run with program {}, which it does not hold, and the files now make program {}; go on with the files as \
         they were, or name a new store",
        short(stored),
        short(given)
    )]
    OtherProgram {
        /// The hash of the program that the store remembers.
        stored: String,
        /// The hash of the program given.
        given: String,
    },
    /// Instances of an older version need what the program given does not have any more. Nothing was changed.
    #[error(
        "program {} would strand people who are in journeys of an older version: {}; bring back what they need, move \
         them with `migrate`, or wait until they have come to an end; `journeyc diff` shows this before it is loaded",
        short(given),
        stranded.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    Stranded {
        /// The hash of the program given.
        given: String,
        /// Who would be stranded, and by what.
        stranded: Vec<StrandedInstances>,
    },
    /// The store is run by another kind of time than the one asked for.
    #[error(
        "the store was run {stored} so far, and running it {given} would mix two kinds of time: run it {stored} again, or \
         name a new store"
    )]
    OtherPace {
        /// How it was run, in words: `live`, `on virtual time`.
        stored: &'static str,
        /// How it was to be run now.
        given: &'static str,
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

/// Instances that a newer program would leave without something they need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrandedInstances {
    /// How many of them live, over all customers.
    pub instances: u64,
    /// Which, and what they would miss.
    pub why: Stranded,
}

impl std::fmt::Display for StrandedInstances {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let instances = if self.instances == 1 { "instance" } else { "instances" };
        let Stranded { journey, version, why, .. } = &self.why;
        write!(f, "`{journey}` of version {}, {} {instances}, {why}", short(version), self.instances)
    }
}

/// An I/O error in words, without the operating system's number.
#[must_use]
pub fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "it is not there".into(),
        ErrorKind::PermissionDenied => "permission is denied".into(),
        ErrorKind::StorageFull => "the disk is full".into(),
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only".into(),
        ErrorKind::IsADirectory => "it is a folder".into(),
        ErrorKind::NotADirectory => "a part of the path is a file and not a folder".into(),
        ErrorKind::InvalidFilename => "the name is too long".into(),
        ErrorKind::InvalidData => "it is not UTF-8 text".into(),
        _ => {
            let text = error.to_string();
            if text.contains("symbolic links") {
                return "it is a link that leads back to itself".into();
            }
            text.split(" (os error").next().unwrap_or_default().to_lowercase()
        }
    }
}

/// Where the folder in which a file is to be made does not exist: so in words, with the mend.
pub(crate) fn no_folder(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty())?;
    let missing = std::fs::metadata(folder).is_err_and(|e| e.kind() == ErrorKind::NotFound);
    missing.then(|| format!("the folder `{}` does not exist; make it first", folder.display()))
}
