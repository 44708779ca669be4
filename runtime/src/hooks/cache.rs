//! Compiled modules, kept from one start to the next.
//!
//! Compiled code is native code: who could put a file there would run code of theirs in this process. So the directory is
//! ours alone (0700), and each file bears an HMAC-SHA256 under a key that lies there (0600) over what it was made of: the
//! module's hash, the engine and its settings, and the code. What does not bear a right one is compiled again and written
//! over. That holds against files that were damaged, swapped or brought from elsewhere; who can read the key can also
//! replace this program.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wasmtime::Engine;
use wasmtime::component::Component;

const KEY: &str = "key";
const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 32;
/// What the tag covers begins with this; another version of the format is another text.
const FORMAT: &[u8] = b"journey hooks: compiled module 1\0";
/// Bytes of a file that are read at most; compiled code is some times its module.
const MOST_BYTES: u64 = 512 << 20;
/// Files that are kept; the oldest go.
const MOST_FILES: usize = 128;

/// A directory of compiled modules.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    key: [u8; KEY_BYTES],
}

impl Cache {
    /// Opens it, and makes it where it is not there.
    ///
    /// # Errors
    /// Where it cannot be made or read, or others could write there.
    pub(super) fn open(folder: &Path) -> io::Result<Cache> {
        make_private(folder)?;
        let key = match fs::read(folder.join(KEY)) {
            Ok(key) => key,
            Err(e) if e.kind() == io::ErrorKind::NotFound => new_key(&folder.join(KEY))?,
            Err(e) => return Err(e),
        };
        let Ok(key) = key.try_into() else {
            return Err(io::Error::other(format!(
                "`{}` is no key; remove it, and all is compiled again",
                folder.join(KEY).display()
            )));
        };
        Ok(Cache { folder: folder.to_owned(), key })
    }

    /// The compiled module, where a right one is kept.
    pub(super) fn get(&self, engine: &Engine, sha256: &str) -> Option<Component> {
        let path = self.path(engine, sha256);
        let mut file = File::open(&path).ok()?;
        if file.metadata().ok()?.len() > MOST_BYTES {
            return None;
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        let (tag, code) = bytes.split_at_checked(TAG_BYTES)?;
        if self.mac(engine, sha256, code)?.verify_slice(tag).is_err() {
            tracing::warn!(target: "journey::hooks", path = %path.display(), "a compiled module is not what was kept: compiled again");
            return None;
        }
        // SAFETY: these bytes are what `Component::serialize` gave: `put` wrote them, and the tag was made by whoever has
        // the key, over this engine's settings too. They were read once, and what was checked is what is loaded.
        #[allow(unsafe_code)]
        let loaded = unsafe { Component::deserialize(engine, code) };
        loaded.ok()
    }

    /// Keeps a compiled module. Where that fails it is compiled again next time.
    pub(super) fn put(&self, engine: &Engine, sha256: &str, component: &Component) {
        if let Err(error) = self.write(engine, sha256, component) {
            tracing::warn!(target: "journey::hooks", folder = %self.folder.display(), %error, "a compiled module is not kept");
        }
    }

    fn write(&self, engine: &Engine, sha256: &str, component: &Component) -> io::Result<()> {
        let code = component.serialize().map_err(|e| io::Error::other(e.to_string()))?;
        let mac = self.mac(engine, sha256, &code).ok_or_else(|| io::Error::other("no key"))?;
        let path = self.path(engine, sha256);
        // Written beside and renamed, so that nobody reads half of it.
        let beside = path.with_extension(format!("{}.part", std::process::id()));
        let mut file = private(OpenOptions::new().write(true).create(true).truncate(true)).open(&beside)?;
        file.write_all(&mac.finalize().into_bytes())?;
        file.write_all(&code)?;
        drop(file);
        fs::rename(&beside, &path)?;
        self.forget_oldest()
    }

    fn forget_oldest(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.path().extension().is_some_and(|e| e == "compiled") {
                files.push((entry.metadata()?.modified()?, entry.path()));
            }
        }
        files.sort();
        let surplus = files.len().saturating_sub(MOST_FILES);
        files.into_iter().take(surplus).try_for_each(|(_, path)| fs::remove_file(path))
    }

    fn mac(&self, engine: &Engine, sha256: &str, code: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(FORMAT);
        mac.update(&made_by(engine).to_le_bytes());
        mac.update(sha256.as_bytes());
        mac.update(code);
        Some(mac)
    }

    fn path(&self, engine: &Engine, sha256: &str) -> PathBuf {
        self.folder.join(format!("{sha256}-{:016x}.compiled", made_by(engine)))
    }
}

/// The engine's version and settings, as one number. It needs no strength: it tells builds apart, and the tag covers it.
fn made_by(engine: &Engine) -> u64 {
    struct Fnv(u64);
    impl Hasher for Fnv {
        fn finish(&self) -> u64 {
            self.0
        }
        fn write(&mut self, bytes: &[u8]) {
            for byte in bytes {
                self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

fn new_key(path: &Path) -> io::Result<Vec<u8>> {
    let mut key = vec![0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(|e| io::Error::other(e.to_string()))?;
    // Written beside and linked, so that another process finds none or a whole one; the quicker one's holds.
    let beside = path.with_extension(format!("{}.part", std::process::id()));
    private(OpenOptions::new().write(true).create(true).truncate(true)).open(&beside)?.write_all(&key)?;
    let linked = fs::hard_link(&beside, path);
    fs::remove_file(&beside)?;
    match linked {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
        _ => fs::read(path),
    }
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600)
}

#[cfg(unix)]
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    if !folder.exists() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    // Not by way of a link, which somebody else could turn.
    let has = fs::symlink_metadata(folder)?;
    if !has.is_dir() {
        return Err(io::Error::other("it is no directory"));
    }
    if has.mode() & 0o077 != 0 {
        return Err(io::Error::other(format!("others may use it (mode {:o}); make it 700", has.mode() & 0o777)));
    }
    // Whose this process is shows in a file that it makes.
    let probe = folder.join(format!("probe.{}", std::process::id()));
    let mine = private(OpenOptions::new().write(true).create(true).truncate(true)).open(&probe)?.metadata()?.uid();
    fs::remove_file(&probe)?;
    let key = fs::symlink_metadata(folder.join(KEY));
    let strange_key = key.is_ok_and(|k| !k.is_file() || k.uid() != mine || k.mode() & 0o077 != 0);
    if has.uid() != mine || strange_key {
        return Err(io::Error::other("it, or the key in it, belongs to somebody else or may be used by others"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(not(unix))]
fn make_private(_: &Path) -> io::Result<()> {
    Err(io::Error::other("compiled modules are kept only where a directory can be one's own alone (Unix)"))
}
