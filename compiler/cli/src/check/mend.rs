//! `journeyc check --fix` and `--diff`: the edits that mend findings.

use std::path::{Path, PathBuf};

use journey_compiler::fix::{self, Care, Done, Mended};

use crate::failure::{Exit, Failure, Outcome};
use crate::folder::{self, Folder};
use crate::project::Compiled;
use crate::screen::{GOOD, Screen, count, styled};
use crate::{differs, timeline, written};

fn mended(paths: &[PathBuf], unsafe_fixes: bool) -> Result<Mended, Failure> {
    let roots: Vec<Vec<String>> = folder::projects(paths)?.into_iter().map(|p| p.roots).collect();
    Ok(fix::mend(&roots, &Folder, if unsafe_fixes { Care::Look } else { Care::Safe }))
}

/// Writes what is mended, file by file, and says what was done.
pub(super) fn write(paths: &[PathBuf], unsafe_fixes: bool, screen: &mut Screen) -> Result<(), Failure> {
    let mended = mended(paths, unsafe_fixes)?;
    for (path, (old, new)) in &mended.texts {
        let place = Path::new(path);
        let bytes = folder::read_source(place).map_err(|why| Failure::new(format!("cannot read `{path}`: {why}")))?;
        // What the compiler reads leaves a byte order mark out; the file keeps it.
        let mark = bytes.len().checked_sub(old.len()).and_then(|mark| bytes.split_at_checked(mark));
        let Some((mark, _)) = mark.filter(|(mark, text)| mark.len() <= 3 && *text == old.as_bytes()) else {
            return Err(Failure::new(format!("`{path}` has changed while it was looked at"))
                .help("nothing of it was written; run the command again"));
        };
        written::replace(place, &[mark, new.as_bytes()].concat())?;
    }
    let lines: String = mended.done.iter().map(line).collect();
    screen.say(&format!("{lines}{}", told(&mended, "mended")));
    Ok(())
}

/// Shows what would be mended; each edit stands in the differences, and is not listed once more.
pub(super) fn show(paths: &[PathBuf], unsafe_fixes: bool, screen: &mut Screen) -> Outcome {
    let mended = mended(paths, unsafe_fixes)?;
    for (path, (old, new)) in &mended.texts {
        screen.print(&differs::diff(path, old, new, "mended"));
    }
    screen.say(&told(&mended, "would be mended"));
    Ok(Exit::findings(!mended.texts.is_empty()))
}

fn told(mended: &Mended, verb: &str) -> String {
    format!(
        "{}: {} {verb} in {}\n",
        styled(GOOD, "fix"),
        count(mended.done.len(), "finding", "findings"),
        count(mended.texts.len(), "file", "files")
    )
}

/// `appointment.journey:12 J0101: `confirmatoin` → `confirmation``
fn line(done: &Done) -> String {
    let shown = |text: &str| timeline::visible(text.trim());
    let what = match (done.old.trim().is_empty(), done.new.trim().is_empty()) {
        (false, true) => format!("without `{}`", shown(&done.old)),
        (true, _) => format!("with `{}`", shown(&done.new)),
        _ => format!("`{}` → `{}`", shown(&done.old), shown(&done.new)),
    };
    format!("{}:{} {}: {what}\n", done.path, done.line, done.finding.code.code)
}

/// How many of the findings that are left could be mended, and how; empty where none could.
pub(super) fn offer(all: &[Compiled], after_fix: bool) -> String {
    let of = |care: Care| {
        let fixes = all.iter().flat_map(|c| &c.compilation.findings).filter_map(|f| f.fix.as_ref());
        fixes.filter(|fix| fix.care() == care).count()
    };
    let (safe, look) = (of(Care::Safe), of(Care::Look));
    match (safe, look) {
        (0, 0) => String::new(),
        // What --fix did not make would bring another finding.
        (_, 0) if after_fix => String::new(),
        (1.., _) if !after_fix => {
            format!(
                "{} can be mended by `journeyc check --fix`; --diff shows how\n",
                count(safe, "finding", "findings")
            )
        }
        _ => format!(
            "{} more can be mended by --fix --unsafe-fixes, if what comes of it is what a customer should get; --diff shows \
             how\n",
            count(look, "finding", "findings")
        ),
    }
}
