//! Files that are written whole or not at all.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::failure::Failure;
use crate::screen::plain;

fn cannot(path: &Path, why: &str) -> Failure {
    Failure::new(format!("cannot write `{}`: {why}", path.display()))
        .help("it was left as it was; mend that and run again")
}

/// Makes or replaces a file: writes beside it and renames, so that a crash or a full disk leaves the old one or the new,
/// never a half.
pub(crate) fn whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if fs::metadata(path).is_ok() {
        return replace(path, bytes);
    }
    if path.file_name().is_none() {
        return Err(cannot(path, "it is a folder"));
    }
    beside(path, bytes, None)
}

/// Replaces a file that is there. A link stays a link: what it leads to is replaced.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let target = fs::canonicalize(path).map_err(|e| cannot(path, &plain(&e)))?;
    let meta = fs::metadata(&target).map_err(|e| cannot(path, &plain(&e)))?;
    if meta.is_dir() {
        return Err(cannot(path, "it is a folder"));
    }
    if !meta.is_file() {
        // A device or a pipe takes bytes and cannot be replaced.
        return fs::write(&target, bytes).map_err(|e| cannot(path, &plain(&e)));
    }
    if meta.permissions().readonly() {
        return Err(cannot(path, "it is read-only"));
    }
    beside(&target, bytes, Some(meta.permissions()))
}

fn beside(target: &Path, bytes: &[u8], permissions: Option<fs::Permissions>) -> Result<(), Failure> {
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = target.with_file_name(name);
    let written = fs::File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        file.sync_all()?;
        fs::rename(&beside, target)
    });
    written.map_err(|e| {
        let _ = fs::remove_file(&beside);
        let missing = target.parent().filter(|f| !f.as_os_str().is_empty()).filter(|f| !f.exists());
        match missing {
            Some(folder) => cannot(target, &format!("the folder `{}` does not exist", folder.display())),
            None => cannot(target, &plain(&e)),
        }
    })
}
