//! The file system as the compiler sees it, and which projects lie in it.
//!
//! A project is a folder that holds `.journey` files itself: all of them are its roots. A file named by itself is a
//! project with that one root.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use ignore::WalkBuilder;
use journey_compiler::parse::MAX_BYTES;
use journey_compiler::source::Sources;

use crate::failure::Failure;
use crate::screen::plain;

/// Most bytes that are read of a source file: one more than the compiler takes, so that it says itself that it is too
/// large.
const MOST_BYTES: u64 = MAX_BYTES as u64 + 1;

/// Reads sources from the file system.
pub(crate) struct Folder;

impl Sources for Folder {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        read_source(Path::new(path))
    }

    fn read_module(&self, path: &str, most: u64) -> Result<Vec<u8>, String> {
        take_at_most(Path::new(path), most.saturating_add(1))
    }
}

/// The bytes of a source file, or as many as show that it is too large; in words why not.
pub(crate) fn read_source(path: &Path) -> Result<Vec<u8>, String> {
    take_at_most(path, MOST_BYTES)
}

fn take_at_most(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    regular(path)?;
    let file = fs::File::open(path).map_err(|e| plain(&e))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(|e| plain(&e))?;
    Ok(bytes)
}

/// As [`read_source`], of what is open already.
pub(crate) fn take_source(reader: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The length of a regular file; in words why it is none.
fn regular(path: &Path) -> Result<u64, String> {
    let meta = fs::metadata(path).map_err(|e| plain(&e))?;
    if meta.is_file() {
        return Ok(meta.len());
    }
    Err(if meta.is_dir() { "it is a folder".into() } else { "it is not a regular file".into() })
}

/// Why a source file cannot be read, where it cannot.
pub(crate) fn unreadable_source(path: &Path) -> Option<String> {
    regular(path).err().or_else(|| fs::File::open(path).err().map(|e| plain(&e)))
}

/// The bytes of a regular file; in words why not.
pub(crate) fn read_at_most(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let length = regular(path)?;
    if length > most {
        return Err(format!("it has {} MB, which is too large", length / 1_000_000));
    }
    let mut bytes = Vec::new();
    fs::File::open(path).and_then(|f| f.take(most).read_to_end(&mut bytes)).map_err(|e| plain(&e))?;
    Ok(bytes)
}

/// What is compiled as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Project {
    /// The folder, or the one file.
    pub(crate) name: String,
    /// Its root files, sorted, with `/` between folders.
    pub(crate) roots: Vec<String>,
}

impl Project {
    /// The folder in which it lies; of one file, the file's.
    pub(crate) fn folder(&self) -> PathBuf {
        let path = Path::new(&self.name);
        if self.roots.contains(&self.name) {
            path.parent().map(Path::to_owned).unwrap_or_default()
        } else {
            path.to_owned()
        }
    }
}

/// The projects in `paths`, sorted by name, each once.
pub(crate) fn projects(paths: &[PathBuf]) -> Result<Vec<Project>, Failure> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in paths {
        if kind_of(path)? == Kind::File {
            let name = spelled(path)?;
            found.entry(name.clone()).or_default().insert(name);
            continue;
        }
        let files = below(path)?;
        if files.is_empty() {
            return Err(none_in(path));
        }
        for file in files {
            let folder =
                file.parent().map(spelled).transpose()?.filter(|f| !f.is_empty()).unwrap_or_else(|| ".".into());
            found.entry(folder).or_default().insert(spelled(&file)?);
        }
    }
    // A file that is named besides its folder belongs to the folder's project.
    let folders: BTreeSet<String> = found
        .iter()
        .filter(|(name, roots)| !roots.contains(*name))
        .flat_map(|(_, roots)| roots.iter().cloned())
        .collect();
    Ok(found
        .into_iter()
        .filter(|(name, _)| !folders.contains(name))
        .map(|(name, roots)| Project { name, roots: roots.into_iter().collect() })
        .collect())
}

/// All `.journey` files in `paths`, sorted, each once; files that are named are taken whatever they are called.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = BTreeSet::new();
    for path in paths {
        if kind_of(path)? == Kind::File {
            found.insert(path.clone());
            continue;
        }
        let files = below(path)?;
        if files.is_empty() {
            return Err(none_in(path));
        }
        found.extend(files);
    }
    Ok(found.into_iter().collect())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
}

fn kind_of(path: &Path) -> Result<Kind, Failure> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => Ok(Kind::Folder),
        Ok(_) => Ok(Kind::File),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Failure::new(format!("there is no file or folder `{}`", path.display()))
                .help("check the path; it is looked for from the folder you are in"))
        }
        Err(error) => Err(unreadable(path, &plain(&error))),
    }
}

fn none_in(folder: &Path) -> Failure {
    Failure::new(format!("there is no .journey file in `{}` or below it", folder.display()))
        .help("name a folder or a file that holds a journey; hidden folders, target and node_modules are passed over")
}

fn unreadable(path: &Path, why: &str) -> Failure {
    Failure::new(format!("cannot read `{}`: {why}", path.display())).help("mend that, or name another path")
}

/// The `.journey` files in and below a folder, sorted.
fn below(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut walk = WalkBuilder::new(folder);
    // Only what is said in the help is passed over: a journey that version control ignores is still checked.
    walk.standard_filters(false).hidden(true).follow_links(true).filter_entry(|entry| {
        let name = entry.file_name();
        entry.depth() == 0 || !(name == OsStr::new("target") || name == OsStr::new("node_modules"))
    });
    let mut files = Vec::new();
    for entry in walk.build() {
        let entry = entry.map_err(|error| walk_failure(folder, &error))?;
        let is_file = entry.file_type().is_some_and(|t| !t.is_dir());
        if is_file && entry.path().extension() == Some(OsStr::new("journey")) {
            files.push(plain_path(entry.path()));
        }
    }
    files.sort();
    Ok(files)
}

fn walk_failure(folder: &Path, error: &ignore::Error) -> Failure {
    match error {
        ignore::Error::WithPath { path, err } => match err.as_ref() {
            ignore::Error::Loop { .. } => walk_failure(folder, err),
            ignore::Error::Io(io) => unreadable(path, &plain(io)),
            _ => walk_failure(path, err),
        },
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => walk_failure(folder, err),
        ignore::Error::Loop { ancestor, child } => Failure::new(format!(
            "`{}` is a link back to `{}`, so looking for journeys would never end",
            plain_path(child).display(),
            plain_path(ancestor).display()
        ))
        .help("remove the link, or name the folder with the journeys instead"),
        ignore::Error::Io(io) => unreadable(folder, &plain(io)),
        other => unreadable(folder, &other.to_string()),
    }
}

/// Without `./` in front and between.
pub(crate) fn plain_path(path: &Path) -> PathBuf {
    path.components().filter(|c| !matches!(c, Component::CurDir)).collect()
}

/// The path as text, with `/` between folders.
fn spelled(path: &Path) -> Result<String, Failure> {
    let path = plain_path(path);
    let text = path.to_str().ok_or_else(|| {
        Failure::new(format!("the name of `{}` is not UTF-8", path.display())).help("rename the file or folder")
    })?;
    Ok(if std::path::MAIN_SEPARATOR == '/' { text.into() } else { text.replace(std::path::MAIN_SEPARATOR, "/") })
}
