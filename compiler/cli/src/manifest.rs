//! `journey.toml`: what a project says of itself. It is optional, and lies in the project's folder.

use std::fs;
use std::path::{Path, PathBuf};

use journey_spec::program::LANGUAGE;
use serde::Deserialize;

use crate::failure::Failure;
use crate::folder;

/// The file's name.
pub(crate) const NAME: &str = "journey.toml";

/// Most bytes that the file may have.
const MOST_BYTES: u64 = 64 * 1024;

/// What stands in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// Version of the language in which the project is written, such as `0.1`.
    pub(crate) language: Option<String>,
    /// What `journeyc run` takes where the command line names nothing else.
    #[serde(default)]
    pub(crate) run: Run,
}

/// The table `[run]`; paths are relative to the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Run {
    /// The feed.
    pub(crate) feed: Option<PathBuf>,
    /// What services answer.
    pub(crate) answers: Option<PathBuf>,
}

/// The manifest of a project's folder; an empty one where there is none.
///
/// # Errors
/// It cannot be read, says something that it may not, or asks for a newer language than this journeyc knows.
pub(crate) fn read(folder: &Path) -> Result<Manifest, Failure> {
    let path = folder.join(NAME);
    if fs::symlink_metadata(&path).is_err() {
        return Ok(Manifest::default());
    }
    let shown = path.display();
    let bytes = folder::read_at_most(&path, MOST_BYTES)
        .map_err(|why| Failure::new(format!("cannot read `{shown}`: {why}")).help("mend that, or remove the file"))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::new(format!("`{shown}` is not UTF-8")).help("save it as UTF-8 text"))?;
    let manifest: Manifest = toml::from_str(&text).map_err(|error| {
        let at = error.span().map(|span| place(&text, span.start)).unwrap_or_default();
        Failure::new(format!("`{shown}`{at}: {}", error.message().replace('\n', ", ")))
            .help("it may hold `language = \"0.1\"`, and a table [run] with `feed` and `answers`")
    })?;
    if let Some(asked) = &manifest.language {
        let wrong = |why: String, help: &str| Err(Failure::new(format!("`{shown}`: {why}")).help(help));
        match (version(asked), version(LANGUAGE)) {
            (None, _) => {
                return wrong(format!("`{asked}` is no version of the language"), "write two numbers, such as \"0.1\"");
            }
            (Some(asked_for), Some(known)) if asked_for > known => {
                return wrong(
                    format!("it is written in language {asked}, and this journeyc knows up to {LANGUAGE}"),
                    "use a newer journeyc",
                );
            }
            _ => {}
        }
    }
    Ok(Manifest { run: manifest.run.below(folder), ..manifest })
}

impl Run {
    fn below(self, folder: &Path) -> Run {
        let below = |path: Option<PathBuf>| path.map(|path| folder::plain_path(&folder.join(path)));
        Run { feed: below(self.feed), answers: below(self.answers) }
    }
}

/// `0.1` as its two numbers.
fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// ` line 3, column 5`
pub(crate) fn place(text: &str, byte: usize) -> String {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(", line {line}, column {column}")
}
