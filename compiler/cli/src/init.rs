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
  journeyc init care --hook rust            a complaint that a hook of your own scores, in Rust, C or JavaScript

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
    /// Begins with a hook in this language: its sources, how it is built, and a journey that asks it
    #[arg(long, value_enum, value_name = "LANGUAGE", conflicts_with = "template")]
    hook: Option<Language>,
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

/// What a hook is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    /// Some ten kilobytes; needs cargo and its target wasm32-unknown-unknown
    Rust,
    /// Some kilobytes; needs clang and wasm-ld
    C,
    /// 1.6 megabytes, since an engine comes along; needs node and npm
    Js,
}

/// What is the same in each language.
const HOOK: &[(&str, &str)] = &[
    ("README.md", include_str!("../templates/hook/README.md")),
    ("journey.toml", include_str!("../templates/hook/journey.toml")),
    ("care.journey", include_str!("../templates/reminder/care.journey")),
    ("complaint.scenario.journey", include_str!("../templates/hook/complaint.scenario.journey")),
    ("feed.jsonl", include_str!("../templates/hook/feed.jsonl")),
    ("hooks/wit/hooks.wit", journey_spec::hooks::WIT),
];
const COMPLAINT: &str = include_str!("../templates/hook/complaint.journey");
const IN_RUST: &[(&str, &str)] = &[
    ("complaint.journey", COMPLAINT),
    // Under its own name cargo would take it for a package in this one.
    ("hooks/score/Cargo.toml", include_str!("../templates/hook/rust/Cargo.toml.in")),
    ("hooks/score/build.sh", include_str!("../templates/hook/rust/build.sh")),
    ("hooks/score/src/lib.rs", include_str!("../templates/hook/rust/lib.rs")),
];
const IN_C: &[(&str, &str)] = &[
    ("complaint.journey", COMPLAINT),
    ("hooks/score/build.sh", include_str!("../templates/hook/c/build.sh")),
    ("hooks/score/score.c", include_str!("../templates/hook/c/score.c")),
];
const IN_JS: &[(&str, &str)] = &[
    ("complaint.journey", include_str!("../templates/hook/js/complaint.journey")),
    ("hooks/score/build.sh", include_str!("../templates/hook/js/build.sh")),
    ("hooks/score/package.json", include_str!("../templates/hook/js/package.json")),
    ("hooks/score/score.js", include_str!("../templates/hook/js/score.js")),
];

impl Language {
    fn files(self) -> Vec<(&'static str, &'static str)> {
        let own = match self {
            Language::Rust => IN_RUST,
            Language::C => IN_C,
            Language::Js => IN_JS,
        };
        [HOOK, own].concat()
    }
}

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
    let files = args.hook.map_or_else(|| args.template.files().to_vec(), Language::files);
    write(&args.path, &files).map_err(|(path, error)| {
        Failure::new(format!("cannot write `{}`: {}; nothing was left behind", path.display(), plain(&error)))
            .help("mend that, or name another folder")
    })?;
    let mut text = String::new();
    for (name, _) in &files {
        text.push_str(&format!("made {}\n", styled(NAME, inside(&args.path, name).display())));
    }
    text.push_str("\nNext:\n");
    let here = args.path.components().eq(Path::new(".").components());
    let at = if here { String::new() } else { format!(" {}", quoted(&args.path.to_string_lossy())) };
    let project = if here { String::new() } else { format!(" --project{at}") };
    let build = if here {
        "hooks/score/build.sh".into()
    } else {
        quoted(&inside(&args.path, "hooks/score/build.sh").to_string_lossy())
    };
    let build = args.hook.map(|_| (format!("sh {build}"), "the hook, as hooks/score.wasm"));
    let next = [
        (format!("journeyc check{at}"), "what could go wrong for a customer"),
        (format!("journeyc test{project}"), "its stories, on virtual time"),
        (format!("journeyc run{at}"), "a feed against the real engine"),
    ];
    let next: Vec<(String, &str)> = build.into_iter().chain(next).collect();
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
    let done =
        made.folder(folder).and_then(|()| files.iter().try_for_each(|(name, text)| made.file_in(folder, name, text)));
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

    /// Writes a file into a folder, below which it may stand deeper.
    fn file_in(&mut self, folder: &Path, name: &str, text: &str) -> Result<(), (PathBuf, io::Error)> {
        let path = folder.join(name);
        if let Some(parent) = path.parent().filter(|_| name.contains("hooks/")) {
            self.folder(parent)?;
        }
        self.file(&path, text)
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
