//! `allow … because …`: which findings it silences, and what is to be said of it.
//!
//! Errors of reading, names and types (J00xx, J01xx) are never silenced: where one stands, the program is not whole, and
//! what would run is not what was written.

use std::collections::BTreeMap;
use std::sync::Arc;

use journey_spec::codes::{self, ALL, J0101, J0121, Level};

use crate::Allowed;
use crate::ast::{Allow, File};
use crate::diagnostics::{Finding, did_you_mean};
use crate::fix::Fix;
use crate::source::FileId;

/// Takes out what is allowed, and adds what is to be said of the `allow`s. Where the program is not whole, or has no
/// journey and is a part that others `use`, nobody knows whether an `allow` silences something.
pub(crate) fn silence(
    files: &[(FileId, Arc<File>)],
    findings: Vec<Finding>,
    has_journeys: bool,
) -> (Vec<Finding>, Vec<Allowed>) {
    let allows: Vec<&Allow> = files.iter().flat_map(|(_, file)| &file.allows).collect();
    if allows.is_empty() {
        return (findings, Vec::new());
    }
    // What they cover does not overlap but for several before one item; so those of one code and file are in order.
    let mut by_code: BTreeMap<(FileId, &str), Vec<usize>> = BTreeMap::new();
    for (i, allow) in allows.iter().enumerate() {
        by_code.entry((allow.span.file, allow.code.text.as_str())).or_default().push(i);
    }
    let whole = has_journeys && !findings.iter().any(unfit);
    let mut used = vec![false; allows.len()];
    let mut allowed = Vec::new();
    let mut rest = Vec::new();
    for finding in findings {
        // Of what a finding is about in several places an `allow` before any of them does, and those before others too.
        let alike = finding.labels.first().into_iter().flat_map(|label| label.alike.iter().copied());
        let places = std::iter::once(finding.span()).chain(alike);
        let covering = places.filter_map(|place| {
            let of_code = by_code.get(&(place.file, finding.code.code))?;
            let found = of_code.partition_point(|i| allows.get(*i).is_some_and(|a| a.covers.end <= place.start));
            let i = of_code.get(found).copied()?;
            let allow = allows.get(i).filter(|allow| allow.covers.start <= place.start)?;
            Some((i, *allow))
        });
        let covering: Vec<(usize, &Allow)> = covering.filter(|_| !unfit(&finding)).collect();
        match covering.first() {
            Some((_, allow)) => {
                for (i, _) in &covering {
                    used.get_mut(*i).into_iter().for_each(|used| *used = true);
                }
                allowed.push(Allowed { finding, reason: allow.reason.text.clone(), span: allow.span });
            }
            None => rest.push(finding),
        }
    }
    for (allow, used) in allows.iter().zip(used) {
        match ALL.iter().find(|code| code.code == allow.code.text) {
            None => rest.push(unknown(allow)),
            Some(_) if used || !whole => {}
            Some(code) => rest.push(silences_nothing(allow, code)),
        }
    }
    (rest, allowed)
}

/// Whether a finding says that the program is not whole.
fn unfit(finding: &Finding) -> bool {
    finding.level == Level::Error && finding.code.code < "J0200"
}

fn unknown(allow: &Allow) -> Finding {
    let code = &allow.code;
    // `allow j0303` means J0303, whatever else is near
    let same = ALL.iter().find(|c| c.code.eq_ignore_ascii_case(&code.text));
    let mean = match same {
        Some(same) => Some(format!("did you mean `{}`?", same.code)),
        None => did_you_mean(&code.text, ALL.iter().map(|c| c.code)),
    };
    let mean = mean.map(|mean| format!(", {mean}")).unwrap_or_default();
    Finding::new(&J0101, code.span, format!("there is no finding `{}` that could be allowed{mean}", code.text))
        .label("unknown code")
        .fix(match same {
            Some(same) => Some(Fix::word(code.span, &code.text, same.code)),
            None => Fix::meant(code.span, &code.text, ALL.iter().map(|c| c.code)),
        })
        .help("write the code that stands in front of the finding, such as `J0303`")
}

fn silences_nothing(allow: &Allow, code: &codes::Code) -> Finding {
    let label = match allow.covers.start < allow.covers.end {
        true => format!("no {} ({}) is found in what stands below", code.code, code.name),
        false => "nothing stands below it".into(),
    };
    let help = match code.level == Level::Error && code.code < "J0200" {
        true => "an error of reading, names or types cannot be allowed; mend it, and take the `allow` away",
        false => "take it away, or put it right above the line that the finding points at",
    };
    let message = format!("this `allow` silences nothing today, and would hide the next {}", code.code);
    Finding::new(&J0121, allow.span, message).label(label).help(help).fix(Fix::line(allow.span))
}
