//! Policy packs: rules of law and of good manners as journey source, which a project takes in by `use "pack:NAME"`.
//!
//! They are engineering and no legal advice: each rule names what it was read from, since when that holds, and what it
//! does not cover.

/// What a path begins with that names a pack.
const PREFIX: &str = "pack:";

/// Rules that come with the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pack {
    /// Its name, behind `pack:`.
    pub name: &'static str,
    /// Its source.
    pub text: &'static str,
}

macro_rules! packs {
    ($($name:literal),+ $(,)?) => {
        &[$(Pack { name: $name, text: include_str!(concat!("../packs/", $name, ".journey")) }),+]
    };
}

/// All packs, by name.
pub const ALL: &[Pack] = packs![
    "fr-demarchage",
    "house-defaults",
    "in-promotional",
    "uk-conc",
    "uk-pecr",
    "us-fcc-financial",
    "us-fcc-health",
    "us-fcc-residential",
    "us-fl-telephone",
    "us-ma-debt",
    "us-reg-f",
    "us-tcpa",
    "whatsapp",
];

impl Pack {
    /// What it is about: the first sentence of its text.
    #[must_use]
    pub fn title(&self) -> &'static str {
        let line = self.text.lines().next().unwrap_or_default();
        line.trim_start_matches('/').trim()
    }

    /// The path by which a project takes it in: `pack:us-reg-f`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{PREFIX}{}", self.name)
    }
}

/// Whether a path names a pack and no file.
#[must_use]
pub fn is_pack(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// The source of the pack that a path names.
#[must_use]
pub fn text(path: &str) -> Option<&'static str> {
    let name = path.strip_prefix(PREFIX)?;
    ALL.iter().find(|pack| pack.name == name).map(|pack| pack.text)
}

/// Why there is no source: the name, and the names that there are.
#[must_use]
pub fn unknown(path: &str) -> String {
    let names: Vec<&str> = ALL.iter().map(|pack| pack.name).collect();
    let name = path.strip_prefix(PREFIX).unwrap_or(path);
    format!("there is no pack `{name}` among {}", names.join(", "))
}
