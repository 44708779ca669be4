//! Pictures as JSON, for other tools.

use serde::Serialize;

use super::picture::Picture;

/// Version of the shape; it grows when a field changes its meaning or goes, not when one is added.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    journeys: &'a [Picture],
}

/// `{ "version": 1, "journeys": [ … ] }`, each as [`Picture`].
#[must_use]
pub fn render(pictures: &[Picture]) -> String {
    // Plain data with text keys always serialises.
    let text = serde_json::to_string_pretty(&Document { version: VERSION, journeys: pictures });
    text.unwrap_or_default() + "\n"
}
