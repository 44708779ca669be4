//! `journeyc init`: a folder with a small journey that checks, tests and runs at once.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::failure::{Exit, Failure, Outcome};
use crate::screen::{DIM, NAME, Screen, plain, styled};

const EXAMPLES: &str = "\
Examples:
  journeyc init care                        a reminder before a visit, in the new folder `care`
  journeyc init --template survey           a question after a job, in this empty folder

Exit codes: 0 made, 2 the folder is not empty or cannot be written, and nothing was";

/// Makes a folder with a small journey that checks, tests and runs at once
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Init {
    /// The folder, new or empty
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// What to begin with
    #[arg(long, value_enum, default_value = "reminder", value_name = "NAME")]
    template: Template,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Template {
    /// A visit is booked; the customer is reminded the day before; who cannot come is heard by a person
    Reminder,
    /// A job is done; one question, once more after two days, and a person for whoever is not happy
    Survey,
}

/// Files as they stand in `templates/NAME`.
macro_rules! files {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../templates/", $folder, "/", $name)))),*]
    };
}

const REMINDER: &[(&str, &str)] = files!("reminder": "README.md", "journey.toml", "care.journey", "reminder.journey", "reminder.scenario.journey", "feed.jsonl");
const SURVEY: &[(&str, &str)] = files!("survey": "README.md", "journey.toml", "care.journey", "survey.journey", "survey.scenario.journey", "feed.jsonl");

impl Template {
    fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Template::Reminder => REMINDER,
            Template::Survey => SURVEY,
        }
    }
}

pub(crate) fn run(args: &Init, screen: &mut Screen) -> Outcome {
    let shown = args.path.display();
    if let Some(why) = not_empty(&args.path) {
        return Err(Failure::new(format!("cannot begin in `{shown}`: {why}; nothing was written"))
            .help("name a new folder, such as `journeyc init care`"));
    }
    write(&args.path, args.template.files()).map_err(|(path, error)| {
        Failure::new(format!("cannot write `{}`: {}; nothing was left behind", path.display(), plain(&error)))
            .help("mend that, or name another folder")
    })?;
    let mut text = String::new();
    for (name, _) in args.template.files() {
        text.push_str(&format!("made {}\n", styled(NAME, inside(&args.path, name).display())));
    }
    text.push_str("\nNext:\n");
    let here = args.path.components().eq(Path::new(".").components());
    let at = if here { String::new() } else { format!(" {}", quoted(&args.path.to_string_lossy())) };
    let project = if here { String::new() } else { format!(" --project{at}") };
    let next = [
        (format!("journeyc check{at}"), "what could go wrong for a customer"),
        (format!("journeyc test{project}"), "its stories, on virtual time"),
        (format!("journeyc run{at}"), "a feed against the real engine"),
    ];
    let widest = next.iter().map(|(command, _)| command.chars().count()).max().unwrap_or(0);
    for (command, what) in next {
        text.push_str(&format!("  {command:widest$}  {}\n", styled(DIM, what)));
    }
    screen.print(&text);
    Ok(Exit::Clean)
}

/// `feed.jsonl` in the folder, without `./` in front.
fn inside(folder: &Path, name: &str) -> PathBuf {
    if folder == Path::new(".") { name.into() } else { folder.join(name) }
}

/// As a shell takes it for one word.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    let safe = !text.is_empty() && !text.starts_with('-') && text.chars().all(plain);
    if safe { text.into() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Why nothing can be put there; none where the folder is new or empty.
fn not_empty(path: &Path) -> Option<String> {
    match fs::read_dir(path) {
        Ok(mut entries) => entries.next().map(|first| match first {
            Ok(entry) => format!("it is not empty, it holds `{}`", entry.file_name().to_string_lossy()),
            Err(error) => plain(&error),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(_) if path.is_file() => Some("it is a file".into()),
        Err(error) => Some(plain(&error)),
    }
}

/// Writes all files, or none: what was made is taken away again where something fails.
fn write(folder: &Path, files: &[(&str, &str)]) -> Result<(), (PathBuf, io::Error)> {
    let mut made = Made::default();
    let done = made
        .folder(folder)
        .and_then(|()| files.iter().try_for_each(|(name, text)| made.file(&folder.join(name), text)));
    if done.is_err() {
        made.undo();
    }
    done
}

/// What was made so far, in order.
#[derive(Default)]
struct Made {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Made {
    /// Makes a folder and those above it that are missing.
    fn folder(&mut self, path: &Path) -> Result<(), (PathBuf, io::Error)> {
        let missing: Vec<&Path> = path.ancestors().take_while(|p| !p.as_os_str().is_empty() && !p.is_dir()).collect();
        for folder in missing.into_iter().rev() {
            fs::create_dir(folder).map_err(|e| (folder.to_owned(), e))?;
            self.folders.push(folder.to_owned());
        }
        Ok(())
    }

    /// Writes a file that is not there yet.
    fn file(&mut self, path: &Path, text: &str) -> Result<(), (PathBuf, io::Error)> {
        let failed = |e| (path.to_owned(), e);
        let mut file = fs::File::create_new(path).map_err(failed)?;
        self.files.push(path.to_owned());
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
    }

    /// Takes all of it away. What cannot be taken away is what somebody else has put there since.
    fn undo(&self) {
        for file in self.files.iter().rev() {
            let _ = fs::remove_file(file);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_half_way_leaves_nothing_behind() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = place.path().join("new/care");
        let (path, _) = write(&folder, &[("a", "1"), ("b", "2"), ("a/c", "3")]).expect_err("`a` is a file");
        assert_eq!(path, folder.join("a/c"));
        assert_eq!(fs::read_dir(place.path()).expect("the folder").count(), 0);
    }

    #[test]
    fn a_word_for_the_shell() {
        assert_eq!(quoted("care/feed.jsonl"), "care/feed.jsonl");
        assert_eq!(quoted("my care"), "'my care'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
