//! `migrate from …`: which older versions are moved to this one, and where their states go on.

use std::collections::BTreeMap;

use journey_spec::codes;
use journey_spec::program::{Migration, SHORT, State};

use super::Lower;
use super::journeys::JourneyScope;
use crate::ast::{MigrateDecl, MoveDecl, Name};
use crate::diagnostics::Finding;
use crate::source::Span;

/// How many digits a hash has.
const WHOLE: usize = 64;

impl Lower<'_, '_> {
    pub(super) fn migrations(
        &mut self,
        journey: &JourneyScope<'_>,
        all: &[&MigrateDecl],
        states: &[State],
    ) -> Vec<Migration> {
        let mut lowered = Vec::new();
        let mut seen: BTreeMap<Option<&str>, Span> = BTreeMap::new();
        for decl in all {
            let version = decl.from.as_ref().map(|from| from.text.as_str());
            if let Some(first) = seen.insert(version, decl.head) {
                self.twice(
                    decl.head,
                    first,
                    &decl
                        .from
                        .as_ref()
                        .map_or_else(|| "migrate from any".to_owned(), |v| format!("migrate from \"{}\"", v.text)),
                );
                continue;
            }
            if let Some(from) = decl.from.as_ref().filter(|from| !is_version(&from.text)) {
                self.no_version(from);
                continue;
            }
            let mut moved: BTreeMap<&str, Span> = BTreeMap::new();
            let mut to = Vec::new();
            for one in &decl.moves {
                if let Some(first) = moved.insert(one.from.text.as_str(), one.span) {
                    self.twice(one.span, first, &format!("{} -> {}", one.from.text, one.to.text));
                    continue;
                }
                let Some((id, _)) = self.state(journey, &one.to) else { continue };
                match states.get(id.index()) {
                    Some(state) if !state.can_be_moved_to() => self.nobody_rests(one, state),
                    _ => to.push((one.from.text.clone(), id)),
                }
            }
            lowered.push(Migration { from: version.map(str::to_owned), states: to });
        }
        lowered
    }

    fn no_version(&mut self, from: &Name) {
        self.out.say(
            Finding::new(
                &codes::J0140,
                from.span,
                format!("nobody is moved from \"{}\": that is the beginning of no version", from.text),
            )
            .label(format!("{SHORT} to {WHOLE} of the digits 0 to 9 and a to f are one"))
            .help("write the first digits of the older program's hash, as `journeyc build` and `journeyc diff` print it, or `any`"),
        );
    }

    fn nobody_rests(&mut self, one: &MoveDecl, state: &State) {
        let Name { text: to, .. } = &one.to;
        let why = match state {
            State { end: Some(_), .. } => "it is an end, and a move ends nothing",
            State { next: Some(_), .. } | State { branch: Some(_), .. } => {
                "it leads on at once, and nobody rests in it"
            }
            _ => "it waits for the answer of a call, which is made on entering",
        };
        self.out.say(
            Finding::new(
                &codes::J0320,
                one.to.span,
                format!(
                    "whoever is in `{}` of the older version would be stuck in `{to}`: nothing of it is done for them",
                    one.from.text
                ),
            )
            .label(why)
            .help("move them to a state that waits: a move is no entry, so that nobody is told anything twice"),
        );
    }
}

/// Whether a text is the beginning of a hash.
fn is_version(text: &str) -> bool {
    (SHORT..=WHOLE).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
