//! Compiled modules that are kept: only what we compiled is ever run.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use journey_runtime::hooks::Setup;
use journey_step::HookAnswer;

use super::common::{ask, number, open_with};
use super::guests;

fn says(folder: &Path, text: &str) -> f64 {
    let bytes = guests::scorer(&guests::number(text)).build();
    let setup = Setup { cache: Some(folder.to_owned()), ..Setup::default() };
    match ask(&open_with(number("risk"), &bytes, setup).unwrap(), "risk").answer {
        HookAnswer::Number(number) => number,
        other => panic!("{other:?}"),
    }
}

fn compiled(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|p| p.extension().is_some_and(|e| e == "compiled")).collect();
    files.sort();
    files
}

#[test]
fn a_compiled_module_is_kept_privately_and_taken_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("made/compiled");
    assert_eq!(says(&cache, "(f64.const 0.7)"), 0.7);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&cache), mode(&cache.join("key"))), (0o700, 0o600));
    let files = compiled(&cache);
    assert_eq!((files.len(), mode(&files[0])), (1, 0o600));
    let was = fs::metadata(&files[0]).unwrap().modified().unwrap();
    assert_eq!(says(&cache, "(f64.const 0.7)"), 0.7);
    assert_eq!(fs::metadata(&files[0]).unwrap().modified().unwrap(), was, "it was not compiled again");
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 2, "the key, the module, and nothing else");
}

#[test]
fn a_forged_entry_is_refused_and_compiled_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    says(&cache, "(f64.const 0.7)");
    let first = compiled(&cache).remove(0);
    let honest = fs::read(&first).unwrap();
    says(&cache, "(f64.const 0.2)");
    let second = compiled(&cache).into_iter().find(|p| *p != first).unwrap();
    // Another module's code under this one's name: whole, ours, and not what it says it is.
    fs::copy(&second, &first).unwrap();
    assert_eq!(says(&cache, "(f64.const 0.7)"), 0.7);
    assert_eq!(fs::read(&first).unwrap(), honest, "it was written over");
    // Every part of it counts.
    for at in [0, 31, 32, 40, honest.len() / 2, honest.len() - 1] {
        let mut forged = honest.clone();
        forged[at] ^= 1;
        fs::write(&first, &forged).unwrap();
        assert_eq!(says(&cache, "(f64.const 0.7)"), 0.7);
        assert_eq!(fs::read(&first).unwrap(), honest, "at {at}");
    }
    for short in [0, 10, 32, honest.len() - 1] {
        fs::write(&first, &honest[..short]).unwrap();
        assert_eq!(says(&cache, "(f64.const 0.7)"), 0.7);
    }
    // From a cache with another key.
    let other = folder.path().join("other");
    says(&other, "(f64.const 0.7)");
    assert_ne!(fs::read(compiled(&other).remove(0)).unwrap(), honest);
    fs::copy(compiled(&other).remove(0), &first).unwrap();
    assert_eq!(says(&cache, "(f64.const 0.7)"), 0.7);
    assert_eq!(fs::read(&first).unwrap(), honest);
}

#[test]
fn a_directory_or_key_that_others_can_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |cache: &Path| {
        let bytes = guests::scorer(&guests::number("(f64.const 0.7)")).build();
        let setup = Setup { cache: Some(cache.to_owned()), ..Setup::default() };
        open_with(number("risk"), &bytes, setup).unwrap_err().to_string()
    };
    let open = folder.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(refused(&open).contains("others may use it (mode 755); make it 700"), "{}", refused(&open));
    let cache = folder.path().join("cache");
    says(&cache, "(f64.const 0.7)");
    fs::set_permissions(cache.join("key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(refused(&cache).contains("the key in it"), "{}", refused(&cache));
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&cache, &link).unwrap();
    assert!(refused(&link).contains("it is no directory"), "{}", refused(&link));
    let short = folder.path().join("short");
    says(&short, "(f64.const 0.7)");
    fs::write(short.join("key"), b"guessed").unwrap();
    assert!(refused(&short).contains("is no key"), "{}", refused(&short));
}
