//! Messages and cases as JSON lines in a file, each id once.
//!
//! A batch is appended and then synced; only then it counts as delivered. When the file is opened, a line that was cut by
//! a crash is removed and the ids of the whole ones are read, so that what comes again is not written again.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use journey_spec::time::rfc3339;
use journey_step::effect::{HandoffCase, Release};
use serde::{Deserialize, Serialize};

use super::{Channel, ChannelError, Delivery, Desk, Out};

/// An append-only file of JSON lines with an `id` each.
#[derive(Debug)]
struct Lines {
    path: PathBuf,
    file: File,
    ids: BTreeSet<String>,
    pending: Vec<u8>,
    broken: bool,
}

/// How each line begins; see [`Line`].
const BEGIN: &[u8] = b"{\"at\":\"";

#[derive(Deserialize)]
struct Id {
    #[serde(alias = "case")]
    id: String,
}

#[derive(Serialize)]
struct Line<'a, T> {
    at: String,
    customer: &'a str,
    #[serde(flatten)]
    item: &'a T,
}

impl Lines {
    fn open(path: &Path) -> Result<Lines, ChannelError> {
        let broken = |why: String| ChannelError::Broken(format!("{} cannot be used: {why}", path.display()));
        let io = |e: std::io::Error| broken(e.to_string());
        let is_new = !path.exists();
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
            let read = reader.read_until(b'\n', &mut line).map_err(io)?;
            if read == 0 {
                break;
            }
            number += 1;
            let foreign = || broken(format!("line {number} is not a line of this channel; name another file"));
            if line.last() != Some(&b'\n') {
                // A crash cut it; unless it never was ours, and then nothing of it may be lost.
                if is_torn(&line) { break } else { return Err(foreign()) }
            }
            match serde_json::from_slice::<Id>(&line) {
                Ok(Id { id }) => {
                    ids.insert(id);
                }
                // Blocks that reached the disk out of order leave such a line.
                Err(_) if is_torn(&line) && is_last(&mut reader).map_err(io)? => break,
                Err(_) => return Err(foreign()),
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
        written.map_err(|e| self.error(&e.to_string()))?;
        self.pending.clear();
        self.broken = false;
        Ok(())
    }

    fn error(&self, why: &str) -> ChannelError {
        ChannelError::Broken(format!("{} cannot be written: {why}", self.path.display()))
    }
}

/// Whether this may be what a crash left of a line of ours: its beginning, or zeros where it was to be.
fn is_torn(line: &[u8]) -> bool {
    let begin = BEGIN.get(..line.len().min(BEGIN.len())).unwrap_or_default();
    line.starts_with(begin) || line.first() == Some(&0)
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
        Lines::open(path.as_ref()).map(MessageFile)
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
        Lines::open(path.as_ref()).map(CaseFile)
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
