//! One line a finding, for editors, `grep` and logs.

use super::Finding;
use crate::source::SourceMap;

/// `path:line:col: error[J0201] message`, without a line end. Line and column count from 1, columns in characters.
#[must_use]
pub fn line(finding: &Finding, sources: &SourceMap) -> String {
    let span = finding.span();
    let (level, code) = (finding.level.name(), finding.code.code);
    // A message is one line by the house's habit; a user's text quoted in it need not be.
    let message = finding.message.replace(['\n', '\r'], " ");
    match sources.get(span.file) {
        Some(source) => {
            let at = source.line_col(span.start);
            format!("{}:{}:{}: {level}[{code}] {message}", source.path, at.line, at.column)
        }
        None => format!("{level}[{code}] {message}"),
    }
}
