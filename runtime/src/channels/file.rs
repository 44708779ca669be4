//! Messages and cases as JSON lines in a file, each id once.
//!
//! A batch is appended and then synced; only then it counts as delivered. When the file is opened, a line that was cut by
//! a crash is removed and the ids of the whole ones are read, so that what comes again is not written again.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read as _, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use journey_spec::time::rfc3339;
use journey_step::effect::{HandoffCase, Release};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::{Channel, ChannelError, Delivery, Desk, Out};
use crate::error::{no_folder, plain};

/// Longest line that is read back, in bytes: more than a case with the longest transcript has.
const LINE_MAX: u64 = 32 * 1024 * 1024;

/// An append-only file of JSON lines with an `id` each.
#[derive(Debug)]
struct Lines {
    path: PathBuf,
    file: File,
    ids: BTreeSet<String>,
    pending: Vec<u8>,
    broken: bool,
}

/// What a file holds: a thing with an id.
trait Item: DeserializeOwned {
    fn id(self) -> String;
}

impl Item for Release {
    fn id(self) -> String {
        self.id.to_string()
    }
}

impl Item for HandoffCase {
    fn id(self) -> String {
        self.case.to_string()
    }
}

/// A [`Line`] read back. All of it is asked for, so that no file of another kind is taken for ours.
#[derive(Deserialize)]
struct Read<T> {
    #[serde(rename = "at")]
    _at: String,
    #[serde(rename = "customer")]
    _customer: String,
    #[serde(flatten)]
    item: T,
}

#[derive(Serialize)]
struct Line<'a, T> {
    at: String,
    customer: &'a str,
    #[serde(flatten)]
    item: &'a T,
}

impl Lines {
    fn open<T: Item>(path: &Path) -> Result<Lines, ChannelError> {
        let broken = |why: String| ChannelError::Broken(format!("`{}` cannot be used: {why}", path.display()));
        let io = |e: std::io::Error| broken(plain(&e));
        // Looked at before it is opened: a device can be endless, and a pipe without a writer waits for ever.
        let is_new = match std::fs::metadata(path) {
            Ok(meta) if meta.is_file() => false,
            Ok(meta) if meta.is_dir() => return Err(broken("it is a folder".into())),
            Ok(_) => return Err(broken("it is not a regular file".into())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => match no_folder(path) {
                Some(why) => return Err(broken(why)),
                None => true,
            },
            Err(e) => return Err(io(e)),
        };
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(io)?;
        if is_new {
            sync_directory(path).map_err(io)?;
        }
        let mut ids = BTreeSet::new();
        let mut whole = 0_u64;
        let mut number = 0_u64;
        let mut reader = BufReader::new(&mut file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.by_ref().take(LINE_MAX).read_until(b'\n', &mut line).map_err(io)?;
            if read == 0 {
                break;
            }
            number += 1;
            let foreign = || broken(format!("line {number} is not a line of this channel; name another file"));
            let ours = serde_json::from_slice::<Read<T>>(&line).ok();
            // What a crash cut is no JSON; unless all but the line's end was written.
            let torn = is_torn(&line) && serde_json::from_slice::<IgnoredAny>(&line).is_err();
            match ours {
                Some(Read { item, .. }) if line.last() == Some(&b'\n') => {
                    ids.insert(item.id());
                }
                // The last of the file: a crash cut it, or its blocks reached the disk out of order.
                ours if (ours.is_some() || torn) && is_last(&mut reader).map_err(io)? => break,
                _ => return Err(foreign()),
            }
            whole += read as u64;
        }
        drop(reader);
        file.set_len(whole).map_err(io)?;
        file.sync_all().map_err(io)?;
        file.seek(SeekFrom::Start(whole)).map_err(io)?;
        Ok(Lines { path: path.into(), file, ids, pending: Vec::new(), broken: false })
    }

    fn add<T: Serialize>(&mut self, id: &str, out: &Out<'_, T>) -> Result<(), ChannelError> {
        if self.broken {
            return Err(self.error("an earlier write failed"));
        }
        if self.ids.contains(id) {
            return Ok(());
        }
        let line = Line { at: rfc3339(out.at), customer: out.customer, item: out.item };
        let mut text = serde_json::to_vec(&line).map_err(|e| self.error(&e.to_string()))?;
        text.push(b'\n');
        self.pending.append(&mut text);
        self.ids.insert(id.into());
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ChannelError> {
        if self.broken {
            return Err(self.error("an earlier write failed"));
        }
        if self.pending.is_empty() {
            return Ok(());
        }
        // Until this has succeeded the ids kept here say more than the file does, so a failure is for good: opening the
        // file again reads what is really there.
        self.broken = true;
        let written = self.file.write_all(&self.pending).and_then(|()| self.file.sync_data());
        written.map_err(|e| self.error(&plain(&e)))?;
        self.pending.clear();
        self.broken = false;
        Ok(())
    }

    fn error(&self, why: &str) -> ChannelError {
        ChannelError::Broken(format!("`{}` cannot be written: {why}", self.path.display()))
    }
}

/// Whether this may be what a crash left of a line of ours: its beginning, or zeros where it was to be.
fn is_torn(line: &[u8]) -> bool {
    let rest = match after(line, b"{\"at\":\"") {
        Cut::After(rest) => rest,
        Cut::Within => return true,
        Cut::Other => return line.first() == Some(&0),
    };
    match rest.iter().position(|b| *b == b'"').and_then(|end| rest.get(end..)) {
        Some(rest) => !matches!(after(rest, b"\",\"customer\":\""), Cut::Other),
        None => true,
    }
}

/// How a text stands to what it should begin with.
enum Cut<'a> {
    /// It begins so, and this follows.
    After(&'a [u8]),
    /// It ends before it could differ, or what should stand there is zeros.
    Within,
    /// It begins otherwise.
    Other,
}

fn after<'a>(text: &'a [u8], begin: &[u8]) -> Cut<'a> {
    let same = text.iter().zip(begin).take_while(|(a, b)| a == b).count();
    match text.get(same) {
        _ if same == begin.len() => Cut::After(text.get(same..).unwrap_or_default()),
        None => Cut::Within,
        Some(0) if same > 0 => Cut::Within,
        Some(_) => Cut::Other,
    }
}

fn is_last(reader: &mut impl BufRead) -> std::io::Result<bool> {
    Ok(reader.fill_buf()?.is_empty())
}

/// A new file is durable only when its directory is.
fn sync_directory(path: &Path) -> std::io::Result<()> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) { File::open(parent)?.sync_all() } else { Ok(()) }
}

/// Messages in a file.
#[derive(Debug)]
pub struct MessageFile(Lines);

impl MessageFile {
    /// Opens or creates the file, and removes a torn last line.
    ///
    /// # Errors
    /// Where it cannot be read or written, or holds something else.
    pub fn open(path: impl AsRef<Path>) -> Result<MessageFile, ChannelError> {
        Lines::open::<Release>(path.as_ref()).map(MessageFile)
    }
}

impl Channel for MessageFile {
    fn send(&mut self, message: Out<'_, Release>) -> Result<Delivery, ChannelError> {
        self.0.add(&message.item.id, &message)?;
        Ok(Delivery::Delivered)
    }

    fn flush(&mut self) -> Result<(), ChannelError> {
        self.0.flush()
    }

    fn may_reject(&self) -> bool {
        false
    }
}

/// Cases in a file.
#[derive(Debug)]
pub struct CaseFile(Lines);

impl CaseFile {
    /// Opens or creates the file, and removes a torn last line.
    ///
    /// # Errors
    /// Where it cannot be read or written, or holds something else.
    pub fn open(path: impl AsRef<Path>) -> Result<CaseFile, ChannelError> {
        Lines::open::<HandoffCase>(path.as_ref()).map(CaseFile)
    }
}

impl Desk for CaseFile {
    fn open(&mut self, case: Out<'_, HandoffCase>) -> Result<(), ChannelError> {
        self.0.add(&case.item.case, &case)
    }

    fn flush(&mut self) -> Result<(), ChannelError> {
        self.0.flush()
    }
}
