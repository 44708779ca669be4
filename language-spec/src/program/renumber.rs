//! A part of a program with its indices changed, so that it can stand in another program.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::sound::Unsound;
use super::sound::places::{Part, indices};

/// New numbers by the name of an index's type and its old number.
pub(super) trait Numbers {
    /// The new number; the same where the old one does not change.
    fn new_number(&self, kind: &str, old: u64) -> Option<u64>;
}

/// The part with its indices changed. It goes through its JSON, where the walk that judges indices finds each of them, so
/// that none which is added to the program later is forgotten.
///
/// # Errors
/// Where an index points at nothing, or the part cannot be read as it was written.
pub(super) fn renumbered<T: Serialize + DeserializeOwned>(part: &T, numbers: &impl Numbers) -> Result<T, Unsound> {
    let wrong = |place: String, problem: String| Unsound { place, problem };
    let unreadable = |e: serde_json::Error| wrong("program".into(), format!("cannot be carried over: {e}"));
    let mut json = serde_json::to_value(part).map_err(unreadable)?;
    for index in indices(part)? {
        let spelled = || {
            let parts = index.path.iter().map(|part| match part {
                Part::Field(name) => name.clone(),
                Part::Item(number) => number.to_string(),
            });
            parts.collect::<Vec<_>>().join(".")
        };
        let place = index.path.iter().try_fold(&mut json, |json, part| match part {
            Part::Field(name) => json.get_mut(name),
            Part::Item(number) => json.get_mut(*number),
        });
        let Some((place, old)) = place.and_then(|place| place.as_u64().map(|old| (place, old))) else {
            return Err(wrong(spelled(), "is an index that its JSON does not show".into()));
        };
        let Some(new) = numbers.new_number(index.kind, old) else {
            return Err(wrong(spelled(), format!("points at {old}, where there is nothing")));
        };
        *place = Json::from(new);
    }
    serde_json::from_value(json).map_err(unreadable)
}
