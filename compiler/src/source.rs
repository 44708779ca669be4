//! Where text comes from and where in it something stands.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A file of a project, by its position in [`SourceMap`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A part of a file's text, in bytes, half-open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// First byte after it.
    pub end: u32,
}

impl Span {
    /// The smallest span that holds both; `self` where they are in different files.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// How the compiler reads: the one trait through which it sees the world.
pub trait Sources {
    /// The bytes of a file.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;

    /// The bytes of a hook's module, or where it has more than `most` as many as show that.
    ///
    /// # Errors
    /// As [`Sources::read`].
    fn read_module(&self, path: &str, most: u64) -> Result<Vec<u8>, String> {
        let _ = most;
        self.read(path)
    }
}

/// Sources held in memory, by path.
#[derive(Clone, Debug, Default)]
pub struct Memory(pub BTreeMap<String, String>);

impl Sources for Memory {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0.get(path).map(|t| t.clone().into_bytes()).ok_or_else(|| "there is no such file".into())
    }
}

/// A file's path and text, with its line index.
#[derive(Clone, Debug)]
pub struct Source {
    /// As it was named, with `/` between folders.
    pub path: String,
    /// Its text.
    pub text: Arc<str>,
    lines: Vec<u32>,
}

/// A place as a person counts: from 1; columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineCol {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1, in characters.
    pub column: u32,
}

impl Source {
    /// Indexes the lines once.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<Arc<str>>) -> Source {
        let text = text.into();
        let mut lines = vec![0];
        lines.extend(text.bytes().zip(1_u32..).filter(|(b, _)| *b == b'\n').map(|(_, after)| after));
        Source { path: path.into(), text, lines }
    }

    /// Where a byte offset is.
    #[must_use]
    pub fn line_col(&self, offset: u32) -> LineCol {
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start as usize..offset as usize).unwrap_or("");
        LineCol { line: line as u32, column: before.chars().count() as u32 + 1 }
    }

    /// The text of a span of this file.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }
}

/// All files of a compilation, in the order in which they were read.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<Source>,
}

impl SourceMap {
    /// Adds a file.
    pub fn add(&mut self, source: Source) -> FileId {
        self.files.push(source);
        FileId(self.files.len() as u32 - 1)
    }

    /// The file.
    #[must_use]
    pub fn get(&self, id: FileId) -> Option<&Source> {
        self.files.get(id.0 as usize)
    }

    /// All files with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        self.files.iter().zip(0..).map(|(s, i)| (FileId(i), s))
    }
}
