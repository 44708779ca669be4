//! What lies on the disk, and what of it is durable.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use journey_tests::random::Random;

/// Every disk, by the folder whose files lie on it.
static DISKS: Mutex<BTreeMap<PathBuf, Disk>> = Mutex::new(BTreeMap::new());

/// What happens at a write, a sync, a truncation or a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Power is lost before it is done.
    Cut,
    /// The disk is full: this write fails, and so many after it.
    Full(u32),
    /// Half of a write is done, and it fails.
    Short,
    /// A sync fails, and what it was to make durable is no more durable than before. Falls on the next sync.
    NoSync,
    /// A read fails. Falls on the next read.
    NoRead,
}

/// A disk. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Disk(Arc<Mutex<Inner>>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) files: BTreeMap<String, File>,
    random: Random,
    /// How many changes are done before the fault.
    planned: Option<(u64, Fault)>,
    full: u32,
    /// Counts the cuts; who opened a file before the last one can do nothing with it.
    pub(crate) power: u64,
    /// How many changes were asked for.
    changes: u64,
    faults: u64,
    pub(crate) handles: u64,
    pub(crate) psow: bool,
}

#[derive(Debug, Default)]
pub(crate) struct File {
    /// As it is seen; nothing where it was deleted.
    pub(crate) now: Option<Vec<u8>>,
    /// As it is on the disk; nothing where it is not there.
    durable: Option<Vec<u8>>,
    /// A file of the same name that was deleted, where the disk may not know that yet.
    before: Option<Vec<u8>>,
    pending: Vec<Change>,
    /// Its folder was not synced since it was made.
    is_new: bool,
    /// Who holds which of SQLite's locks.
    pub(crate) locks: BTreeMap<u64, i32>,
    pub(crate) shared: Shared,
}

/// Memory that those who have a write-ahead log open share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) regions: Vec<Arc<Region>>,
    pub(crate) readers: BTreeMap<i32, BTreeSet<u64>>,
    pub(crate) writers: BTreeMap<i32, u64>,
}

/// A piece of shared memory; its address stays.
#[derive(Debug)]
pub(crate) struct Region(pub(crate) Box<[std::sync::atomic::AtomicU64]>);

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

/// What a call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    Io,
    Full,
    /// Power is off.
    Dead,
}

fn put(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if content.len() < at + bytes.len() {
        content.resize(at + bytes.len(), 0);
    }
    if let Some(place) = content.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

impl Disk {
    /// A fresh disk for the files of a folder, which fails from this seed.
    #[must_use]
    pub fn at(folder: &Path, seed: u64) -> Disk {
        let inner = Inner {
            files: BTreeMap::new(),
            random: Random(seed),
            planned: None,
            full: 0,
            power: 0,
            changes: 0,
            faults: 0,
            handles: 0,
            // As most disks of today say of themselves, or not.
            psow: seed.is_multiple_of(2),
        };
        let disk = Disk(Arc::new(Mutex::new(inner)));
        DISKS.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_path_buf(), disk.clone());
        disk
    }

    /// The disk on which this path lies.
    pub(crate) fn of(path: &str) -> Option<Disk> {
        let folder = Path::new(path).parent()?;
        DISKS.lock().unwrap_or_else(PoisonError::into_inner).get(folder).cloned()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// After so many changes from now, this happens.
    pub fn plan(&self, after: u64, fault: Fault) {
        let mut disk = self.lock();
        disk.planned = Some((disk.changes + after, fault));
    }

    /// Nothing is planned any more, and there is room again.
    pub fn mend(&self) {
        let mut disk = self.lock();
        disk.planned = None;
        disk.full = 0;
    }

    /// Cuts the power, and gives it back.
    pub fn cut(&self) {
        self.lock().cut();
    }

    /// How many changes were asked for so far.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.lock().changes
    }

    /// How many faults have happened so far.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.lock().faults
    }

    /// How often power was cut.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        self.lock().power
    }

    /// A file as it is seen; nothing where it is not there.
    #[must_use]
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        self.lock().files.get(&*path.to_string_lossy())?.now.clone()
    }

    /// Puts another content in a file's place, durably.
    pub fn put(&self, path: &Path, content: Vec<u8>) {
        let mut disk = self.lock();
        let file = disk.files.entry(path.to_string_lossy().into_owned()).or_default();
        *file = File { now: Some(content.clone()), durable: Some(content), ..File::default() };
    }
}

impl Inner {
    /// Before a change: whether it may be done.
    fn change(&mut self, is_write: bool) -> Result<Option<Fault>, Failed> {
        self.changes += 1;
        if self.full > 0 && is_write {
            self.full -= 1;
            return Err(Failed::Full);
        }
        match self.planned {
            Some((at, fault)) if at < self.changes => match fault {
                Fault::NoSync | Fault::NoRead => Ok(None),
                Fault::Full(_) | Fault::Short if !is_write => Ok(None),
                fault => {
                    self.planned = None;
                    self.faults += 1;
                    match fault {
                        Fault::Cut => {
                            self.cut();
                            Err(Failed::Dead)
                        }
                        Fault::Full(many) => {
                            self.full = many;
                            Err(Failed::Full)
                        }
                        other => Ok(Some(other)),
                    }
                }
            },
            _ => Ok(None),
        }
    }

    fn falls(&mut self, fault: Fault) -> bool {
        let falls = self.planned.is_some_and(|(at, planned)| at <= self.changes && planned == fault);
        if falls {
            self.planned = None;
            self.faults += 1;
        }
        falls
    }

    /// Opens or makes a file.
    pub(crate) fn open(&mut self, path: &str, create: bool) -> Result<(), Failed> {
        let file = self.files.entry(path.to_owned()).or_default();
        match (&file.now, create) {
            (Some(_), _) => Ok(()),
            (None, true) => {
                file.before = file.durable.take().or(file.before.take());
                file.pending.clear();
                file.is_new = true;
                file.now = Some(Vec::new());
                Ok(())
            }
            (None, false) => Err(Failed::Io),
        }
    }

    pub(crate) fn read(&mut self, path: &str, at: usize, into: &mut [u8]) -> Result<usize, Failed> {
        if self.falls(Fault::NoRead) {
            return Err(Failed::Io);
        }
        let content = self.files.get(path).and_then(|f| f.now.as_deref()).unwrap_or_default();
        let rest = content.get(at..).unwrap_or_default();
        let many = rest.len().min(into.len());
        for (place, byte) in into.iter_mut().zip(rest.iter().chain(std::iter::repeat(&0))) {
            *place = *byte;
        }
        Ok(many)
    }

    pub(crate) fn write(&mut self, path: &str, at: usize, bytes: &[u8]) -> Result<(), Failed> {
        let short = self.change(true)? == Some(Fault::Short);
        let bytes = if short { bytes.get(..bytes.len() / 2).unwrap_or_default() } else { bytes };
        let file = self.files.entry(path.to_owned()).or_default();
        put(file.now.get_or_insert_default(), at, bytes);
        file.pending.push(Change::Write(at, bytes.to_vec()));
        if short { Err(Failed::Io) } else { Ok(()) }
    }

    pub(crate) fn set_length(&mut self, path: &str, length: usize) -> Result<(), Failed> {
        self.change(false)?;
        let file = self.files.entry(path.to_owned()).or_default();
        file.now.get_or_insert_default().resize(length, 0);
        file.pending.push(Change::Length(length));
        Ok(())
    }

    pub(crate) fn sync(&mut self, path: &str) -> Result<(), Failed> {
        self.change(false)?;
        if self.falls(Fault::NoSync) {
            return Err(Failed::Io);
        }
        if let Some(file) = self.files.get_mut(path) {
            file.durable.clone_from(&file.now);
            file.before = None;
            file.pending.clear();
            // As SQLite's own file system does for a new log or journal: the folder is synced with it.
            let with_folder = path.ends_with("-wal") || path.ends_with("-journal");
            if std::mem::take(&mut file.is_new) && with_folder {
                self.sync_folder();
            }
        }
        Ok(())
    }

    /// What was deleted stays deleted.
    fn sync_folder(&mut self) {
        for file in self.files.values_mut() {
            file.before = None;
            if file.now.is_none() {
                file.durable = None;
                file.pending.clear();
            }
        }
    }

    pub(crate) fn delete(&mut self, path: &str, synced: bool) -> Result<(), Failed> {
        self.change(false)?;
        let Some(file) = self.files.get_mut(path) else { return Ok(()) };
        file.now = None;
        file.shared = Shared::default();
        if synced {
            file.durable = None;
            file.before = None;
            file.pending.clear();
        }
        Ok(())
    }

    pub(crate) fn cut(&mut self) {
        self.power += 1;
        self.full = 0;
        // What a disk does with what it was not told to keep: nothing of it, all, a beginning, or any part.
        let manner = self.random.below(4);
        for file in self.files.values_mut() {
            let mut kept = file.durable.take();
            let deleted = file.now.is_none();
            let pending = std::mem::take(&mut file.pending);
            let beginning = usize::try_from(self.random.below(pending.len() as u64 + 1)).unwrap_or(0);
            for (number, change) in pending.iter().enumerate() {
                let whole = match manner {
                    0 => false,
                    1 => true,
                    2 => number < beginning,
                    _ => self.random.per_mille(500),
                };
                match change {
                    Change::Length(length) if whole => kept.get_or_insert_default().resize(*length, 0),
                    Change::Length(_) => {}
                    Change::Write(at, bytes) if whole && (manner != 3 || self.random.per_mille(500)) => {
                        put(kept.get_or_insert_default(), *at, bytes);
                    }
                    // The write at which it stops, or any, is torn between sectors.
                    Change::Write(at, bytes) if whole || manner == 2 && number == beginning => {
                        let mut offset = 0;
                        while offset < bytes.len() {
                            let end = (((at + offset) / 512 + 1) * 512 - at).min(bytes.len());
                            if self.random.per_mille(500) {
                                put(
                                    kept.get_or_insert_default(),
                                    at + offset,
                                    bytes.get(offset..end).unwrap_or_default(),
                                );
                            }
                            offset = end;
                        }
                    }
                    Change::Write(..) => {}
                }
            }
            // Whether the folder knows of it is a chance too.
            if deleted && self.random.per_mille(500) {
                kept = None;
            }
            if let Some(before) = file.before.take().filter(|_| self.random.per_mille(500)) {
                kept = Some(before);
            }
            *file = File { now: kept.clone(), durable: kept, ..File::default() };
        }
        self.files.retain(|_, file| file.now.is_some());
    }
}
