//! `journeyc init`: what it makes works at once, and what is there already is left alone.

#![allow(clippy::expect_used, clippy::print_stderr)] // a test that cannot build its place has failed, and says what it left out

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::Place;

const TEMPLATES: [&str; 2] = ["reminder", "survey"];

fn count(folder: &Path) -> usize {
    fs::read_dir(folder).expect("the folder").count()
}

#[test]
fn each_template_checks_tests_is_laid_out_and_runs_at_once() {
    for template in TEMPLATES {
        let place = Place::empty();
        let made = place.run(&["init", "care", "--template", template]);
        assert_eq!((made.code, made.err.as_str()), (0, ""), "{made:?}");
        let check = place.run(&["check", "care"]);
        assert_eq!(check.code, 0, "{template}: {check:?}");
        assert!(check.err.contains(": 0 findings"), "{template}: {}", check.err);
        let test = place.run(&["test", "--project", "care"]);
        assert_eq!(test.code, 0, "{template}: {test:?}");
        assert!(test.err.contains("4 passed"), "{template}: {}", test.err);
        let fmt = place.run(&["fmt", "--check", "care"]);
        assert_eq!((fmt.code, fmt.out.as_str()), (0, ""), "{template}: {fmt:?}");
        let run = place.run(&["run", "care"]);
        assert_eq!(run.code, 0, "{template}: {run:?}");
        assert!(run.out.contains("✉ sent sms") && run.out.contains("☎ handed over"), "{template}: {}", run.out);
        assert!(run.out.contains("6 inputs in, ") && !run.out.contains("refused"), "{template}: {}", run.out);
    }
}

#[test]
fn each_template_is_all_of_its_folder() {
    for template in TEMPLATES {
        let place = Place::empty();
        assert_eq!(place.run(&["init", "x", "--template", template]).code, 0);
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(template);
        assert_eq!(count(&place.path("x")), count(&from), "{template}");
        for file in fs::read_dir(&from).expect("the template").flatten() {
            let made = fs::read(place.path("x").join(file.file_name())).expect("the file was made");
            assert_eq!(made, fs::read(file.path()).expect("the file"), "{template}: {:?}", file.file_name());
        }
    }
}

/// The commands that are printed, and those of the README, as they stand.
#[test]
fn the_commands_it_names_work() {
    for (path, template) in [(".", "reminder"), ("a b/care", "survey")] {
        let place = Place::empty();
        let made = place.run(&["init", path, "--template", template]);
        assert_eq!(made.code, 0, "{made:?}");
        let printed = made.out.lines().filter_map(|l| l.strip_prefix("  journeyc "));
        let printed: Vec<String> = printed.map(|l| l.split("  ").next().unwrap_or_default().to_owned()).collect();
        assert_eq!(printed.len(), 3, "{}", made.out);
        let readme = fs::read_to_string(place.path(path).join("README.md")).expect("the README");
        let told: Vec<String> = readme.lines().filter_map(|l| l.strip_prefix("$ journeyc ")).map(Into::into).collect();
        assert_eq!(told.len(), 3, "{readme}");
        for (commands, at) in [(printed, place.path(".")), (told, place.path(path))] {
            for command in commands {
                let done = Command::new("sh")
                    .args(["-c", &format!("\"$JOURNEYC\" {command}")])
                    .env("JOURNEYC", env!("CARGO_BIN_EXE_journeyc"))
                    .current_dir(&at)
                    .output()
                    .expect("a shell");
                assert_eq!(done.status.code(), Some(0), "{command}: {}", String::from_utf8_lossy(&done.stderr));
            }
        }
    }
}

#[test]
fn what_is_there_is_left_alone() {
    let place = Place::empty();
    place.write("care/.notes", "mine");
    place.write("file", "mine");
    for (path, words) in [
        ("care", "it is not empty, it holds `.notes`; nothing was written"),
        ("file", "it is a file; nothing was written"),
        ("file/x", "nothing was written"),
        (".", "it is not empty"),
    ] {
        let ran = place.run(&["init", path]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{path}: {ran:?}");
        assert!(
            ran.err.contains(&format!("cannot begin in `{path}`")) && ran.err.contains(words),
            "{path}: {}",
            ran.err
        );
        assert!(ran.err.contains("= help: name a new folder"), "{path}: {}", ran.err);
    }
    assert_eq!((count(&place.path(".")), count(&place.path("care"))), (2, 1));
    let unknown = place.run(&["init", "new", "--template", "serial"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("reminder, survey"), "{}", unknown.err);
    assert!(!place.path("new").exists());
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_told() {
    let place = Place::empty();
    std::os::unix::fs::symlink("nowhere", place.path("care")).expect("a link");
    let ran = place.run(&["init", "care"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("cannot write `care`: ") && ran.err.contains("nothing was left behind"), "{}", ran.err);
    assert_eq!(count(&place.path(".")), 1);
}

const LANGUAGES: [&str; 3] = ["rust", "c", "js"];

#[test]
fn a_hooks_template_is_whole_but_for_its_module() {
    for language in LANGUAGES {
        let place = Place::empty();
        let made = place.run(&["init", "care", "--hook", language]);
        assert_eq!((made.code, made.err.as_str()), (0, ""), "{made:?}");
        assert!(made.out.contains("sh care/hooks/score/build.sh"), "{}", made.out);
        let check = place.run(&["check", "care", "--format", "concise"]);
        assert_eq!(check.code, 1, "{language}: {check:?}");
        assert_eq!(check.out.lines().filter(|l| l.contains("[J0")).count(), 1, "{language}: {check:?}");
        assert!(check.out.contains("warning[J0151]"), "{language}: {check:?}");
        let test = place.run(&["test", "--project", "care"]);
        assert_eq!(test.code, 0, "{language}: {test:?}");
        assert!(test.err.contains("3 passed"), "{language}: {}", test.err);
        let fmt = place.run(&["fmt", "--check", "care"]);
        assert_eq!((fmt.code, fmt.out.as_str()), (0, ""), "{language}: {fmt:?}");
        assert_eq!(place.run(&["run", "care"]).code, 0, "{language}");
        let wit = fs::read_to_string(place.path("care/hooks/wit/hooks.wit")).expect("the package");
        assert_eq!(wit, place.run(&["wrap", "--wit"]).out);
    }
}

#[test]
fn a_hook_in_c_is_built_checked_and_bundled() {
    let has = |tool: &str| Command::new(tool).arg("--version").output().is_ok_and(|o| o.status.success());
    if !has("clang") || !has("wasm-ld") {
        eprintln!(
            "NOT TESTED: clang or wasm-ld is missing, so that no hook in C was built (apt-get install clang lld)"
        );
        return;
    }
    let place = Place::empty();
    assert_eq!(place.run(&["init", "care", "--hook", "c"]).code, 0);
    let built = Command::new("sh")
        .arg(place.path("care/hooks/score/build.sh"))
        .env("JOURNEYC", env!("CARGO_BIN_EXE_journeyc"))
        .output()
        .expect("a shell");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let check = place.run(&["check", "care"]);
    assert_eq!(check.code, 0, "{check:?}");
    let build = place.run(&["build", "care", "--out", "care.json"]);
    assert_eq!(build.code, 0, "{build:?}");
    let module = fs::read(place.path("care/hooks/score.wasm")).expect("the module");
    let bundle = fs::read(place.path("care.json")).expect("the bundle");
    let read = journey_spec::bundle::read_whole(&bundle).expect("it is read");
    let hook = read.program.hooks.first().expect("a hook");
    assert_eq!(read.modules.get(hook.sha256.as_ref().expect("a hash")), Some(&module));
    // The same hook under another declaration is noticed.
    let journey = fs::read_to_string(place.path("care/complaint.journey")).expect("the journey");
    let other = journey.replace("(words: text(1000)) -> number", "(words: text(1000)) -> one of { calm, loud }");
    fs::write(place.path("care/complaint.journey"), other).expect("written");
    let check = place.run(&["check", "care", "--format", "concise"]);
    assert!(check.out.contains("error[J0154]"), "{check:?}");
}
