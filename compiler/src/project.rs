//! Loading a project: the given files and all that they `use`.
//!
//! Each file is read and parsed once, however often it is named. A file that cannot be had is one finding at the line
//! that asks for it; a ring of `use` lines is one finding at the line that closes it.

mod modules;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use journey_spec::{codes, packs};

use crate::ast::{File, Item, MessageItem, Name, TemplateText};
use crate::body;
use crate::diagnostics::Finding;
use crate::module::{Misfit, World};
use crate::parse;
use crate::source::{FileId, Source, SourceMap, Sources, Span};

pub(crate) use modules::largest;

/// A project's texts and trees.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// Every text that was read.
    pub(crate) sources: SourceMap,
    /// The trees of the `.journey` files, in the order in which they were read.
    pub(crate) files: Vec<(FileId, Arc<File>)>,
    /// Texts of e-mails from files of their own, by the place of the file's name.
    pub(crate) bodies: BTreeMap<Span, TemplateText>,
    /// SHA-256 of the modules of hooks, by the place of the file's name.
    pub(crate) modules: BTreeMap<Span, String>,
    /// What loading and parsing had to say.
    pub(crate) findings: Vec<Finding>,
    /// Whether a file could not be had, so that names may be missing through no fault of those who use them.
    pub(crate) incomplete: bool,
}

/// A path with `/` between folders and without `.` and `..` where they can be undone.
pub(crate) fn normalised(path: &str) -> String {
    let path = path.replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if path.starts_with('/') { format!("/{joined}") } else { joined }
}

/// `named`, relative to the folder of the file `from`.
pub(crate) fn relative(from: &str, named: &str) -> String {
    match from.rsplit_once('/') {
        Some((folder, _)) => normalised(&format!("{folder}/{named}")),
        None => normalised(named),
    }
}

/// The folder that holds all of a project's root files.
pub(crate) fn folder(roots: &[String]) -> String {
    let folder_of = |root: &String| {
        let path = normalised(root);
        path.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default()
    };
    let mut folders = roots.iter().map(folder_of);
    let first = folders.next().unwrap_or_default();
    folders.fold(first, |common, folder| {
        let same = common.split('/').zip(folder.split('/')).take_while(|(a, b)| a == b).map(|(a, _)| a);
        same.collect::<Vec<_>>().join("/")
    })
}

/// A path as it is named from a folder, so that it says the same wherever the project lies.
pub(crate) fn named_from(folder: &str, path: &str) -> String {
    let parts = |path: &str| path.split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (from, to) = (parts(folder), parts(path));
    let same = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from.len().saturating_sub(same);
    // What lies above the folder's own `..` has no name from there.
    if folder.starts_with('/') != path.starts_with('/') || from.iter().skip(same).any(|part| part == "..") {
        return path.to_owned();
    }
    let ups = std::iter::repeat_n("..", up).map(str::to_owned);
    ups.chain(to.into_iter().skip(same)).collect::<Vec<_>>().join("/")
}

/// What a line of the project may name: a journey file after `use`, any other file after `from`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Journey,
    Body,
    Module,
}

/// The path of a file that a line of `from` names. A project reads only what belongs to it, so that one from elsewhere
/// cannot make the reader's own files part of a message: relative paths, and of the right kind.
///
/// # Errors
/// What is wrong with it.
fn named_beside(from: &str, named: &Name, wanted: Wanted) -> Result<String, Finding> {
    let text = named.text.as_str();
    if wanted == Wanted::Journey && packs::is_pack(text) {
        return Ok(text.to_owned());
    }
    let refused = |message: String, help: &str| {
        Err(Finding::new(&codes::J0006, named.span, message).label("not read").help(help.to_owned()))
    };
    let drive = text.get(1..2) == Some(":") && text.starts_with(|c: char| c.is_ascii_alphabetic());
    if text.starts_with(['/', '\\']) || drive {
        return refused(
            format!("`{text}` is a place on one machine, and a project is read on many"),
            match wanted {
                Wanted::Module => "name it relative to this file, such as `hooks/triage.wasm`",
                _ => "name it relative to this file, such as `shared/care.journey` or `../care.journey`",
            },
        );
    }
    let is_journey = text.to_ascii_lowercase().ends_with(".journey");
    match wanted {
        Wanted::Journey if !is_journey => {
            refused(format!("`{text}` is no `.journey` file"), "`use` reads files whose names end in `.journey`")
        }
        Wanted::Body if is_journey => refused(
            format!("`{text}` is a `.journey` file, and a customer would read it as it stands"),
            "put the text of the e-mail into a file of its own, such as `mail/welcome.md`",
        ),
        Wanted::Module if is_journey => refused(
            format!("`{text}` is a `.journey` file, and no module that could be run"),
            "name the module, such as `hooks/triage.wasm`",
        ),
        _ => Ok(relative(from, text)),
    }
}

/// The path of a hook's module, which a line of the file `from` names.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn module_beside(from: &str, named: &Name) -> Result<String, Finding> {
    named_beside(from, named, Wanted::Module)
}

/// A file whose `use` lines are being followed.
struct Open {
    path: String,
    uses: std::vec::IntoIter<Name>,
}

/// What was read before and parsed: taken again where it has not changed.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    files: BTreeMap<String, Parsed>,
    /// What is wrong with modules, by their hash, what they are for and how many bytes they may have.
    modules: BTreeMap<(String, World, u64), Option<Misfit>>,
    /// Those of them that the project names now.
    met: BTreeSet<(String, World, u64)>,
}

#[derive(Debug)]
struct Parsed {
    file: FileId,
    text: Arc<str>,
    tree: Arc<File>,
    findings: Vec<Finding>,
}

impl Memo {
    fn parsed(&mut self, file: FileId, path: &str, text: &Arc<str>) -> (Arc<File>, Vec<Finding>) {
        if let Some(known) = self.files.get(path).filter(|known| known.file == file && known.text == *text) {
            return (Arc::clone(&known.tree), known.findings.clone());
        }
        let (tree, findings) = parse::parse(file, text);
        let tree = Arc::new(tree);
        let known = Parsed { file, text: Arc::clone(text), tree: Arc::clone(&tree), findings: findings.clone() };
        self.files.insert(path.to_owned(), known);
        (tree, findings)
    }

    fn forget_others(&mut self, seen: &BTreeSet<String>) {
        self.files.retain(|path, _| seen.contains(path));
        let met = std::mem::take(&mut self.met);
        self.modules.retain(|module, _| met.contains(module));
    }
}

/// Reads and parses the given files and all that they `use`.
pub(crate) fn load(roots: &[String], sources: &dyn Sources, memo: &mut Memo) -> Loaded {
    let mut loaded = Loaded::default();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for root in roots {
        let path = normalised(root);
        if !seen.insert(path.clone()) {
            continue;
        }
        // Depth first with a stack of our own: a long chain of `use` lines must not exhaust the thread's.
        let mut open: Vec<Open> = loaded.read_journey(&path, None, sources, memo).into_iter().collect();
        while let Some(top) = open.last_mut() {
            let Some(used) = top.uses.next() else {
                open.pop();
                continue;
            };
            let path = match named_beside(&top.path, &used, Wanted::Journey) {
                Ok(path) => path,
                Err(finding) => {
                    loaded.incomplete = true;
                    loaded.findings.push(finding);
                    continue;
                }
            };
            if let Some(from) = open.iter().position(|o| o.path == path) {
                let ring: Vec<&str> = open.iter().skip(from).map(|o| o.path.as_str()).chain([path.as_str()]).collect();
                loaded.findings.push(
                    Finding::new(&codes::J0007, used.span, "these files use each other in a ring")
                        .label("this line closes the ring")
                        .how(ring.join(" → "))
                        .help("move what they share into a file of its own that uses none of them"),
                );
            } else if seen.insert(path.clone())
                && let Some(next) = loaded.read_journey(&path, Some(used.span), sources, memo)
            {
                open.push(next);
            }
        }
    }
    memo.forget_others(&seen);
    loaded
}

impl Loaded {
    fn read_journey(
        &mut self,
        path: &str,
        asked_at: Option<Span>,
        sources: &dyn Sources,
        memo: &mut Memo,
    ) -> Option<Open> {
        let (file, text) = self.read_text(path, asked_at, sources)?;
        let (tree, findings) = memo.parsed(file, path, &text);
        self.findings.extend(findings);
        self.read_bodies(path, &tree, sources);
        self.read_modules(path, &tree, sources, memo);
        let uses: Vec<Name> = tree
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Use(used) => Some(used.path.clone()),
                _ => None,
            })
            .collect();
        self.files.push((file, tree));
        Some(Open { path: path.into(), uses: uses.into_iter() })
    }

    /// Reads the texts of e-mails that stand in files of their own.
    fn read_bodies(&mut self, path: &str, tree: &File, sources: &dyn Sources) {
        for item in &tree.items {
            let Item::Message(message) = item else { continue };
            for line in &message.items {
                let MessageItem::Variant(variant) = line else { continue };
                let Some(from) = &variant.from else { continue };
                let named = match named_beside(path, from, Wanted::Body) {
                    Ok(named) => named,
                    Err(finding) => {
                        self.incomplete = true;
                        self.findings.push(finding);
                        continue;
                    }
                };
                if let Some((file, text)) = self.read_text(&named, Some(from.span), sources) {
                    let (template, findings) = body::template(file, &text);
                    self.findings.extend(findings);
                    self.bodies.insert(from.span, template);
                }
            }
        }
    }

    fn read_text(&mut self, path: &str, asked_at: Option<Span>, sources: &dyn Sources) -> Option<(FileId, Arc<str>)> {
        let read = match packs::is_pack(path) {
            true => packs::text(path).map(|text| text.as_bytes().to_vec()).ok_or_else(|| packs::unknown(path)),
            false => sources.read(path),
        };
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(why) => {
                // A root that cannot be had has no line that asks for it; an empty text gives the finding its path.
                let span = asked_at.unwrap_or_else(|| {
                    let file = self.sources.add(Source::new(path, ""));
                    Span { file, start: 0, end: 0 }
                });
                self.incomplete = true;
                self.findings.push(
                    Finding::new(&codes::J0006, span, format!("`{path}` cannot be read: {why}"))
                        .label("asked for here")
                        .help(if packs::is_pack(path) {
                            "`journeyc packs` lists them"
                        } else {
                            "check the name; it is relative to the file that names it"
                        }),
                );
                return None;
            }
        };
        if bytes.len() > parse::MAX_BYTES {
            // The parser's own words for a journey file; nothing of a file of this size is kept.
            let span = asked_at.unwrap_or_else(|| {
                let file = self.sources.add(Source::new(path, ""));
                Span { file, start: 0, end: 0 }
            });
            self.incomplete = true;
            self.findings.push(parse::too_large(span, &format!("`{path}`")));
            return None;
        }
        let file = FileId(self.sources.iter().count() as u32);
        match parse::decode(file, path, &bytes) {
            Ok(text) => {
                let text: Arc<str> = text.into();
                self.sources.add(Source::new(path, Arc::clone(&text)));
                Some((file, text))
            }
            Err(finding) => {
                // The place is right in the text before the first bad byte, so that much is kept to show it.
                let sound = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
                let sound = sound.get(..finding.span().start as usize).unwrap_or_default();
                self.sources.add(Source::new(path, String::from_utf8_lossy(sound).as_ref()));
                self.incomplete = true;
                self.findings.push(finding);
                None
            }
        }
    }
}
