//! One canonical way to write a file.
//!
//! The tree becomes [`layout::Entry`]s: lines with blocks in them ([`entries`], [`lines`]). The layout prints them and
//! puts each comment where its author had it: above an item, behind it, or before a block's end.

mod conditions;
mod entries;
mod hooks;
mod layout;
mod lines;

use crate::diagnostics::Finding;
use crate::parse::parse;
use crate::source::FileId;

/// Columns that a block written on one line may fill.
const WIDTH: usize = 120;

/// The text in its canonical form; every comment is kept.
///
/// # Errors
/// The findings, where the text has syntax errors: what was not understood is not rewritten.
pub fn format(text: &str) -> Result<String, Vec<Finding>> {
    let (file, findings) = parse(FileId(0), text);
    if !findings.is_empty() {
        return Err(findings);
    }
    let source = entries::Source::new(text, &file.allows);
    let entries = file.items.iter().map(|item| source.item(item)).collect();
    let entries = source.with_allows(entries, 0, text.len());
    Ok(layout::print(text, entries, &file.comments))
}
