//! Differences of texts as they are shown.

use similar::TextDiff;

use crate::screen::{BAD, GOOD, NAME, styled};

/// What changes from `old` to `new`, as `diff -u` shows it; `done` says what was done to make it new.
pub(crate) fn diff(name: &str, old: &str, new: &str, done: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let unified = diff
        .unified_diff()
        .context_radius(3)
        .header(&format!("{name} as it is"), &format!("{name} {done}"))
        .to_string();
    let mut out = String::new();
    for line in unified.split_inclusive('\n') {
        let style = match line.as_bytes().first() {
            _ if line.starts_with("+++") || line.starts_with("---") || line.starts_with("@@") => NAME,
            Some(b'+') => GOOD,
            Some(b'-') => BAD,
            _ => {
                out.push_str(line);
                continue;
            }
        };
        let body = line.strip_suffix('\n').unwrap_or(line);
        out.push_str(&styled(style, body));
        out.push('\n');
    }
    out
}
