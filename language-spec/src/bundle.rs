//! The file in which a checked program travels from the compiler to a runtime that has no compiler.
//!
//! ```text
//! { "journey_bundle": 1, "made_by": "journeyc 0.1.0", "program": { "format": 1, "language": "0.1", "hash": "…", … },
//!   "certificate": { "checker": "journeyc 0.1.0", "program": "…", "hash": "…", "bounds": [ … ] },
//!   "modules": { "24b5…": "AGFzbQ0AAQA…" } }
//! ```
//!
//! The certificate says what the checker proved of this very program ([`Certificate`]); a bundle may come without.
//!
//! The modules of the program's hooks come along, each under its SHA-256, which the program carries too; a hook whose module
//! does not come along has it in a file.
//!
//! The same sources make the same bytes on every machine: no path, no position, no date. The program's hash covers the
//! whole program, so that a byte that changed on the way is noticed. It is no signature: who can write the file can write
//! a hash that fits. What is read is therefore judged as a whole, [`sound::check`], before anybody runs it.
//!
//! Reading is strict. A field that this runtime does not know could carry a meaning, so it is refused and not passed over.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use serde_json::error::Category;
use sha2::{Digest, Sha256};

use crate::certificate::Certificate;
use crate::program::sound::{self, Unsound};
use crate::program::{FORMAT, LANGUAGE, Program};

/// Version of the envelope around the program.
pub const BUNDLE: u32 = 1;

/// Most bytes of a bundle that are read. A project of a thousand states stays far below it.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Why a bundle is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// It has more than [`MAX_BYTES`].
    #[error("it has {} MB, and a bundle has at most {} MB", .bytes.div_ceil(1_000_000), MAX_BYTES / 1_000_000)]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// It is not JSON, or ends too early.
    #[error("it is not whole JSON: {why} (line {line}, column {column}); build the bundle again")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1, in bytes.
        column: usize,
        /// What is wrong there.
        why: String,
    },
    /// It is JSON of something else.
    #[error("it is no bundle, because {0}; `journeyc build` makes one")]
    NotABundle(String),
    /// A newer compiler made it.
    #[error(
        "it was made by a newer compiler ({made_by}): its {what} is {found}, and this runtime reads up to {known}; update \
         the runtime, or build the bundle with the journeyc that came with it"
    )]
    Newer {
        /// Which version: `bundle version`, `program format`, `language`.
        what: &'static str,
        /// The bundle's.
        found: String,
        /// The newest that is known here.
        known: String,
        /// Who made it.
        made_by: String,
    },
    /// A compiler too old for this runtime made it.
    #[error(
        "it was made by an older compiler ({made_by}): its {what} is {found}, and this runtime reads {known}; build it \
         again from its sources"
    )]
    Older {
        /// Which version.
        what: &'static str,
        /// The bundle's.
        found: String,
        /// The oldest that is read here.
        known: String,
        /// Who made it.
        made_by: String,
    },
    /// A field that is not known here.
    #[error(
        "it has the field `{place}`, which this runtime does not know and so will not pass over; update the runtime, or \
         build the bundle again"
    )]
    UnknownField {
        /// The field, as a path into the bundle.
        place: String,
    },
    /// A field is missing or holds what it cannot hold.
    #[error("its program cannot be read: {0}; build the bundle again")]
    Shape(String),
    /// The content is not what its hash says.
    #[error(
        "its content is not what its hash says (it says {}, and the content has {}): it was changed after it was built; \
         build it again",
        short(stated),
        short(content)
    )]
    Changed {
        /// The hash that stands in it.
        stated: String,
        /// The hash that its content has.
        content: String,
    },
    /// A module is not what its hash says, or no hook's.
    #[error("its module {} {why}: it was changed after it was built; build it again", short(.hash))]
    Module {
        /// The hash under which it stands.
        hash: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The certificate is not of this program, or not what its hash says.
    #[error("its certificate {0}: what it proves cannot be relied on; build it again")]
    Certificate(&'static str),
    /// The program does not hang together, which no compiler emits.
    #[error("its program does not hang together: {0}; build the bundle again")]
    Unsound(#[from] Unsound),
}

/// The first 12 digits of a hash, enough to tell programs apart.
fn short(hash: &str) -> String {
    hash.chars().take(12).filter(|c| !c.is_control()).collect()
}

#[derive(Serialize, Deserialize)]
struct Envelope<P> {
    journey_bundle: u32,
    made_by: String,
    program: P,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<Certificate>,
    /// By their hash, in Base64.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    modules: BTreeMap<String, String>,
}

/// A bundle that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// The program.
    pub program: Program,
    /// What was proven of it, where the bundle says so.
    pub certificate: Option<Certificate>,
    /// The modules of its hooks, by their SHA-256 in hexadecimal. A hook whose module is not here has it in a file.
    pub modules: BTreeMap<String, Vec<u8>>,
}

/// Writes a program as a bundle, one line a field so that two versions can be compared.
///
/// `made_by` names the compiler and its version: `journeyc 0.1.0`.
#[must_use]
pub fn write(program: &Program, made_by: &str) -> String {
    write_certified(program, None, made_by)
}

/// As [`write()`], with what was proven of the program.
#[must_use]
pub fn write_certified(program: &Program, certificate: Option<Certificate>, made_by: &str) -> String {
    write_whole(program, certificate, &BTreeMap::new(), made_by)
}

/// As [`write_certified`], with modules of the program's hooks, by their SHA-256 in hexadecimal.
#[must_use]
pub fn write_whole(
    program: &Program,
    certificate: Option<Certificate>,
    modules: &BTreeMap<String, Vec<u8>>,
    made_by: &str,
) -> String {
    let modules = modules.iter().map(|(hash, bytes)| (hash.clone(), STANDARD.encode(bytes))).collect();
    let envelope = Envelope { journey_bundle: BUNDLE, made_by: made_by.into(), program, certificate, modules };
    // Plain data with text keys can always be written; an empty text would only be a bundle that nobody reads.
    let mut text = serde_json::to_string_pretty(&envelope).unwrap_or_default();
    text.push('\n');
    text
}

/// Reads a bundle and judges it.
///
/// # Errors
/// Why it is not one that this runtime can run as it was meant.
pub fn read(bytes: &[u8]) -> Result<Program, BundleError> {
    Ok(read_certified(bytes)?.0)
}

/// As [`read`], with what was proven of the program, where the bundle says so.
///
/// # Errors
/// As [`read`]; and where the certificate was changed or is another program's.
pub fn read_certified(bytes: &[u8]) -> Result<(Program, Option<Certificate>), BundleError> {
    read_whole(bytes).map(|bundle| (bundle.program, bundle.certificate))
}

/// As [`read_certified`], with the modules that came along.
///
/// # Errors
/// As [`read_certified`]; and where a module is not what its hash says, or no hook's of the program.
pub fn read_whole(bytes: &[u8]) -> Result<Bundle, BundleError> {
    if bytes.len() > MAX_BYTES {
        return Err(BundleError::TooLarge { bytes: bytes.len() });
    }
    let json: Json = serde_json::from_slice(bytes).map_err(|error| not_json(&error))?;
    versions(&json)?;
    let envelope: Envelope<Program> =
        Envelope::deserialize(&json).map_err(|error| BundleError::Shape(visible(&error.to_string())))?;
    if let Some(place) = unknown(&json, &serde_json::to_value(&envelope).unwrap_or_default()) {
        return Err(BundleError::UnknownField { place: visible(&place) });
    }
    let program = envelope.program;
    let content = program.content_hash();
    if program.hash != content {
        return Err(BundleError::Changed { stated: program.hash, content });
    }
    sound::check(&program)?;
    if let Some(certificate) = &envelope.certificate {
        if certificate.hash != certificate.content_hash() {
            return Err(BundleError::Certificate("is not what its hash says"));
        }
        if certificate.program != program.hash {
            return Err(BundleError::Certificate("is that of another program"));
        }
    }
    let modules = modules(&program, envelope.modules)?;
    Ok(Bundle { program, certificate: envelope.certificate, modules })
}

/// The modules as bytes: each is what its hash says, and some hook's.
fn modules(program: &Program, written: BTreeMap<String, String>) -> Result<BTreeMap<String, Vec<u8>>, BundleError> {
    let mut read = BTreeMap::new();
    for (hash, text) in written {
        let wrong = |why| BundleError::Module { hash: visible(&hash), why };
        if !program.hooks.iter().any(|hook| hook.sha256.as_ref() == Some(&hash)) {
            return Err(wrong("is none that a hook of its program names"));
        }
        let bytes = STANDARD.decode(&text).map_err(|_| wrong("is no Base64"))?;
        let content: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        if content != hash {
            return Err(wrong("is not what its hash says"));
        }
        read.insert(hash, bytes);
    }
    Ok(read)
}

fn not_json(error: &serde_json::Error) -> BundleError {
    let text = error.to_string();
    let why = text.rsplit_once(" at line ").map_or(text.as_str(), |(why, _)| why);
    let why = match error.classify() {
        Category::Eof => "it ends in the middle",
        _ if why == "recursion limit exceeded" => "it is nested too deeply",
        _ => why,
    };
    BundleError::NotJson { line: error.line(), column: error.column(), why: visible(why) }
}

/// Text from the bundle as it can be shown: cut, and without control characters.
fn visible(text: &str) -> String {
    let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    if text.chars().count() > 200 { format!("{shown}…") } else { shown }
}

/// Who made it and in which versions, before anything else of it is understood.
fn versions(json: &Json) -> Result<(), BundleError> {
    let not = |why: &str| Err(BundleError::NotABundle(why.into()));
    let Json::Object(fields) = json else { return not("it is not a JSON object") };
    let Some(version) = fields.get("journey_bundle") else {
        return not("it has no field `journey_bundle`");
    };
    let made_by = fields.get("made_by").and_then(Json::as_str).map_or_else(|| "it does not say which".into(), visible);
    number("bundle version", Some(version), BUNDLE, &made_by)?;
    let Some(Json::Object(program)) = fields.get("program") else { return not("it has no object `program`") };
    number("program format", program.get("format"), FORMAT, &made_by)?;
    let Some(language) = program.get("language").and_then(Json::as_str) else {
        return not("its program does not say its language");
    };
    let parsed = |text: &str| -> Option<(u32, u32)> {
        let (major, minor) = text.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    match (parsed(language), parsed(LANGUAGE)) {
        (None, _) => not("its program's language is no version"),
        (found, known) if found > known => {
            Err(BundleError::Newer { what: "language", found: visible(language), known: LANGUAGE.into(), made_by })
        }
        _ => Ok(()),
    }
}

fn number(what: &'static str, found: Option<&Json>, known: u32, made_by: &str) -> Result<(), BundleError> {
    let Some(version) = found.and_then(Json::as_u64) else {
        return Err(BundleError::NotABundle(format!("its {what} is no number")));
    };
    let (found, wanted, made_by) = (version.to_string(), known.to_string(), made_by.to_owned());
    match version.cmp(&u64::from(known)) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(BundleError::Newer { what, found, known: wanted, made_by }),
        std::cmp::Ordering::Less => Err(BundleError::Older { what, found, known: wanted, made_by }),
    }
}

/// The first field that was given and not understood, as a path: `meant` is what came of reading `given`, written again.
fn unknown(given: &Json, meant: &Json) -> Option<String> {
    match (given, meant) {
        (Json::Object(given), Json::Object(meant)) => given.iter().find_map(|(name, value)| match meant.get(name) {
            None => Some(name.clone()),
            Some(meant) => unknown(value, meant)
                .map(|rest| if rest.starts_with('[') { format!("{name}{rest}") } else { format!("{name}.{rest}") }),
        }),
        (Json::Array(given), Json::Array(meant)) => {
            given.iter().zip(meant).enumerate().find_map(|(i, (value, meant))| {
                unknown(value, meant)
                    .map(|rest| if rest.starts_with('[') { format!("[{i}]{rest}") } else { format!("[{i}].{rest}") })
            })
        }
        _ => None,
    }
}
