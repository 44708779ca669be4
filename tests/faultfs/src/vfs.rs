//! The disk as SQLite asks for it.
//!
//! Every function here is called by SQLite with what it got from `open`: a `Handle` behind the file's first word, made
//! there and dropped in `close`, and names that end with a zero byte. None of them unwinds: nothing in them panics.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Arc, Once};

use rusqlite::ffi;

use crate::disk::{Disk, Failed, Inner, Region};

/// SQLite's own file system, which tells the time and rolls dice.
static SYSTEM: AtomicPtr<ffi::sqlite3_vfs> = AtomicPtr::new(std::ptr::null_mut());
static INSTALLED: Once = Once::new();
static NAMELESS: AtomicU64 = AtomicU64::new(0);

/// Makes this file system the default of the process.
pub fn install() {
    INSTALLED.call_once(|| {
        // SAFETY: initialising and finding are allowed at any time; what is registered lives for ever.
        unsafe {
            ffi::sqlite3_initialize();
            let system = ffi::sqlite3_vfs_find(std::ptr::null());
            SYSTEM.store(system, Ordering::SeqCst);
            let vfs = ffi::sqlite3_vfs {
                iVersion: 2,
                szOsFile: c_int::try_from(size_of::<FaultFile>()).unwrap_or(64),
                mxPathname: 1024,
                pNext: std::ptr::null_mut(),
                zName: c"journey-faultfs".as_ptr(),
                pAppData: std::ptr::null_mut(),
                xOpen: Some(open),
                xDelete: Some(delete),
                xAccess: Some(access),
                xFullPathname: Some(full_path),
                xDlOpen: None,
                xDlError: None,
                xDlSym: None,
                xDlClose: None,
                xRandomness: Some(randomness),
                xSleep: Some(sleep),
                xCurrentTime: Some(current_time),
                xGetLastError: None,
                xCurrentTimeInt64: Some(current_time_ms),
                xSetSystemCall: None,
                xGetSystemCall: None,
                xNextSystemCall: None,
            };
            ffi::sqlite3_vfs_register(Box::into_raw(Box::new(vfs)), 1);
        }
    });
}

#[repr(C)]
struct FaultFile {
    base: ffi::sqlite3_file,
    handle: *mut Handle,
}

struct Handle {
    disk: Disk,
    path: String,
    id: u64,
    power: u64,
    delete_on_close: bool,
    /// Keeps memory that was given out for as long as the file is open.
    mapped: Vec<Arc<Region>>,
}

impl Handle {
    /// Does something with the disk, unless power was cut since the file was opened.
    fn with<T>(&self, run: impl FnOnce(&mut Inner) -> Result<T, Failed>) -> Result<T, Failed> {
        let mut disk = self.disk.lock();
        if disk.power == self.power { run(&mut disk) } else { Err(Failed::Dead) }
    }
}

fn code(result: Result<(), Failed>, io: c_int) -> c_int {
    match result {
        Ok(()) => ffi::SQLITE_OK,
        Err(Failed::Full) => ffi::SQLITE_FULL,
        Err(Failed::Io | Failed::Dead) => io,
    }
}

/// SAFETY: `file` is one that `open` has filled, and SQLite uses it from one thread at a time.
unsafe fn handle<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Handle {
    unsafe { &mut *(*file.cast::<FaultFile>()).handle }
}

/// SAFETY: `name` is a text that ends with a zero byte, or null.
unsafe fn text(name: *const c_char) -> Option<String> {
    (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned())
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(is_reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(map),
    xShmLock: Some(lock_shared),
    xShmBarrier: Some(barrier),
    xShmUnmap: Some(unmap),
    xFetch: None,
    xUnfetch: None,
};

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    unsafe {
        // Where this stays null, SQLite does not call `close`.
        (*file).pMethods = std::ptr::null();
        // What has no name is for SQLite's own use for a moment; it shares a disk of its own kind with nobody.
        let (path, disk) = match text(name) {
            Some(path) => {
                let Some(disk) = Disk::of(&path) else { return ffi::SQLITE_CANTOPEN };
                (path, disk)
            }
            None => {
                let folder = format!("/nameless/{}", NAMELESS.fetch_add(1, Ordering::SeqCst));
                (format!("{folder}/file"), Disk::at(std::path::Path::new(&folder), 0))
            }
        };
        let (id, power, opened) = {
            let mut inner = disk.lock();
            inner.handles += 1;
            let opened = inner.open(&path, flags & ffi::SQLITE_OPEN_CREATE != 0);
            (inner.handles, inner.power, opened)
        };
        if opened.is_err() {
            return ffi::SQLITE_CANTOPEN;
        }
        let delete_on_close = flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0;
        let made = Box::new(Handle { disk, path, id, power, delete_on_close, mapped: Vec::new() });
        (*file.cast::<FaultFile>()).handle = Box::into_raw(made);
        (*file).pMethods = &raw const METHODS;
        if !out.is_null() {
            *out = flags;
        }
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    unsafe {
        let made = Box::from_raw((*file.cast::<FaultFile>()).handle);
        let _ = made.with(|disk| {
            if let Some(file) = disk.files.get_mut(&made.path) {
                file.locks.remove(&made.id);
            }
            if made.delete_on_close { disk.delete(&made.path, false) } else { Ok(()) }
        });
        (*file).pMethods = std::ptr::null();
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, into: *mut c_void, many: c_int, at: i64) -> c_int {
    unsafe {
        let handle = handle(file);
        let into = std::slice::from_raw_parts_mut(into.cast::<u8>(), usize::try_from(many).unwrap_or(0));
        let wanted = into.len();
        match handle.with(|disk| disk.read(&handle.path, usize::try_from(at).unwrap_or(usize::MAX), into)) {
            Ok(got) if got == wanted => ffi::SQLITE_OK,
            Ok(_) => ffi::SQLITE_IOERR_SHORT_READ,
            Err(_) => ffi::SQLITE_IOERR_READ,
        }
    }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, many: c_int, at: i64) -> c_int {
    unsafe {
        let handle = handle(file);
        let from = std::slice::from_raw_parts(from.cast::<u8>(), usize::try_from(many).unwrap_or(0));
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        code(handle.with(|disk| disk.write(&handle.path, at, from)), ffi::SQLITE_IOERR_WRITE)
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: i64) -> c_int {
    let handle = unsafe { handle(file) };
    let length = usize::try_from(length).unwrap_or(0);
    code(handle.with(|disk| disk.set_length(&handle.path, length)), ffi::SQLITE_IOERR_TRUNCATE)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    let handle = unsafe { handle(file) };
    code(handle.with(|disk| disk.sync(&handle.path)), ffi::SQLITE_IOERR_FSYNC)
}

unsafe extern "C" fn size(file: *mut ffi::sqlite3_file, out: *mut i64) -> c_int {
    let handle = unsafe { handle(file) };
    let length = handle.with(|disk| Ok(disk.files.get(&handle.path).and_then(|f| f.now.as_ref()).map_or(0, Vec::len)));
    match length {
        Ok(length) => {
            unsafe { *out = i64::try_from(length).unwrap_or(i64::MAX) };
            ffi::SQLITE_OK
        }
        Err(_) => ffi::SQLITE_IOERR_FSTAT,
    }
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    let handle = unsafe { handle(file) };
    let locked = handle.with(|disk| {
        let locks = &mut disk.files.entry(handle.path.clone()).or_default().locks;
        let others = locks.iter().filter(|(id, _)| **id != handle.id).map(|(_, l)| *l).max().unwrap_or(0);
        let barred = match level {
            ffi::SQLITE_LOCK_SHARED => others >= ffi::SQLITE_LOCK_PENDING,
            ffi::SQLITE_LOCK_EXCLUSIVE => others >= ffi::SQLITE_LOCK_SHARED,
            _ => others >= ffi::SQLITE_LOCK_RESERVED,
        };
        if !barred {
            let own = locks.entry(handle.id).or_default();
            *own = level.max(*own);
        }
        Ok(!barred)
    });
    match locked {
        Ok(true) => ffi::SQLITE_OK,
        Ok(false) => ffi::SQLITE_BUSY,
        Err(_) => ffi::SQLITE_IOERR_LOCK,
    }
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    let handle = unsafe { handle(file) };
    // Who has lost power holds nothing any more.
    let _ = handle.with(|disk| {
        disk.files.entry(handle.path.clone()).or_default().locks.insert(handle.id, level);
        Ok(())
    });
    ffi::SQLITE_OK
}

unsafe extern "C" fn is_reserved(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    let handle = unsafe { handle(file) };
    let reserved = handle.with(|disk| {
        let file = disk.files.get(&handle.path);
        Ok(file.is_some_and(|f| f.locks.values().any(|l| *l >= ffi::SQLITE_LOCK_RESERVED)))
    });
    unsafe { *out = c_int::from(reserved.unwrap_or(false)) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector(_: *mut ffi::sqlite3_file) -> c_int {
    4096
}

unsafe extern "C" fn characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    let handle = unsafe { handle(file) };
    if handle.disk.lock().psow { ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE } else { 0 }
}

unsafe extern "C" fn map(
    file: *mut ffi::sqlite3_file,
    number: c_int,
    length: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    let handle = unsafe { handle(file) };
    let (number, words) = (usize::try_from(number).unwrap_or(0), usize::try_from(length).unwrap_or(0).div_ceil(8));
    let region = handle.with(|disk| {
        let regions = &mut disk.files.entry(handle.path.clone()).or_default().shared.regions;
        while extend != 0 && regions.len() <= number {
            regions.push(Arc::new(Region((0..words).map(|_| AtomicU64::new(0)).collect())));
        }
        Ok(regions.get(number).cloned())
    });
    let place = match region {
        Ok(Some(region)) => {
            let place = region.0.as_ptr().cast_mut().cast::<c_void>();
            handle.mapped.push(region);
            place
        }
        Ok(None) => std::ptr::null_mut(),
        Err(_) => return ffi::SQLITE_IOERR_SHMMAP,
    };
    unsafe { *out = place };
    ffi::SQLITE_OK
}

unsafe extern "C" fn lock_shared(file: *mut ffi::sqlite3_file, first: c_int, many: c_int, flags: c_int) -> c_int {
    let handle = unsafe { handle(file) };
    let id = handle.id;
    let done = handle.with(|disk| {
        let shared = &mut disk.files.entry(handle.path.clone()).or_default().shared;
        let slots = first..first.saturating_add(many);
        let exclusive = flags & ffi::SQLITE_SHM_EXCLUSIVE != 0;
        if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
            for slot in slots {
                if exclusive {
                    shared.writers.remove(&slot);
                } else {
                    shared.readers.entry(slot).or_default().remove(&id);
                }
            }
            return Ok(true);
        }
        let barred = slots.clone().any(|slot| {
            let written = shared.writers.get(&slot).is_some_and(|other| *other != id);
            let read = shared.readers.get(&slot).is_some_and(|others| others.iter().any(|other| *other != id));
            written || exclusive && read
        });
        if barred {
            return Ok(false);
        }
        for slot in slots {
            if exclusive {
                shared.writers.insert(slot, id);
            } else {
                shared.readers.entry(slot).or_default().insert(id);
            }
        }
        Ok(true)
    });
    match done {
        Ok(true) => ffi::SQLITE_OK,
        Ok(false) => ffi::SQLITE_BUSY,
        Err(_) => ffi::SQLITE_IOERR_SHMLOCK,
    }
}

unsafe extern "C" fn barrier(_: *mut ffi::sqlite3_file) {
    std::sync::atomic::fence(Ordering::SeqCst);
}

unsafe extern "C" fn unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    let handle = unsafe { handle(file) };
    let id = handle.id;
    let _ = handle.with(|disk| {
        if let Some(file) = disk.files.get_mut(&handle.path) {
            for ids in file.shared.readers.values_mut() {
                ids.remove(&id);
            }
            file.shared.writers.retain(|_, other| *other != id);
            if delete != 0 {
                file.shared.regions.clear();
            }
        }
        Ok(())
    });
    handle.mapped.clear();
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, synced: c_int) -> c_int {
    let Some(path) = (unsafe { text(name) }) else { return ffi::SQLITE_IOERR_DELETE };
    let Some(disk) = Disk::of(&path) else { return ffi::SQLITE_IOERR_DELETE };
    let done = disk.lock().delete(&path, synced != 0);
    code(done, ffi::SQLITE_IOERR_DELETE)
}

unsafe extern "C" fn access(_: *mut ffi::sqlite3_vfs, name: *const c_char, _: c_int, out: *mut c_int) -> c_int {
    let there = unsafe { text(name) }
        .and_then(|path| Disk::of(&path).map(|disk| disk.lock().files.get(&path).is_some_and(|f| f.now.is_some())));
    unsafe { *out = c_int::from(there.unwrap_or(false)) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_path(_: *mut ffi::sqlite3_vfs, name: *const c_char, room: c_int, out: *mut c_char) -> c_int {
    unsafe {
        let name = CStr::from_ptr(name).to_bytes_with_nul();
        if name.len() > usize::try_from(room).unwrap_or(0) {
            return ffi::SQLITE_CANTOPEN;
        }
        std::ptr::copy_nonoverlapping(name.as_ptr().cast::<c_char>(), out, name.len());
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn randomness(_: *mut ffi::sqlite3_vfs, many: c_int, out: *mut c_char) -> c_int {
    let system = SYSTEM.load(Ordering::SeqCst);
    unsafe { (*system).xRandomness.map_or(0, |ask| ask(system, many, out)) }
}

unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, micros: c_int) -> c_int {
    let system = SYSTEM.load(Ordering::SeqCst);
    unsafe { (*system).xSleep.map_or(0, |ask| ask(system, micros)) }
}

unsafe extern "C" fn current_time(_: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    let system = SYSTEM.load(Ordering::SeqCst);
    unsafe { (*system).xCurrentTime.map_or(ffi::SQLITE_ERROR, |ask| ask(system, out)) }
}

unsafe extern "C" fn current_time_ms(_: *mut ffi::sqlite3_vfs, out: *mut i64) -> c_int {
    let system = SYSTEM.load(Ordering::SeqCst);
    unsafe { (*system).xCurrentTimeInt64.map_or(ffi::SQLITE_ERROR, |ask| ask(system, out)) }
}
