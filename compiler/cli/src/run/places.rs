//! Where a run reads and writes.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Refuses one file for two uses: a run would write into what it reads.
pub(super) fn apart(uses: &[(&str, Option<&Path>)]) -> Result<(), Failure> {
    let mut seen: Vec<(&str, PathBuf)> = Vec::new();
    for (option, path) in uses {
        let Some(path) = path else { continue };
        let real = real(path);
        if let Some((first, _)) = seen.iter().find(|(_, other)| *other == real) {
            return Err(Failure::new(format!("`{}` is named by {first} and by {option}", path.display()))
                .help("give each a file of its own"));
        }
        seen.push((option, real));
    }
    Ok(())
}

/// The path without links and detours; of a file that is not there yet, its folder's.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    path.file_name().map_or_else(|| folder.clone(), |name| folder.join(name))
}
