//! Where a customer may be: one time zone, several plausible ones, or all those of a country.
//!
//! Quiet hours have to hold wherever the customer may be, so what is not known for certain is kept as all that it may
//! be. The table of countries is `data/countries.tab`, whose head says where it comes from.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::time::Zone;
use crate::value::Value;

/// Most zones and countries that one customer's field may list.
pub const MOST_PLACES: usize = 50;

/// A country: its English name, and its zones, the most populous place's first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Country {
    /// ISO 3166-1 alpha-2, `US`.
    pub code: &'static str,
    /// `United States`.
    pub name: &'static str,
    /// IANA names.
    pub zones: Vec<&'static str>,
}

static COUNTRIES: LazyLock<BTreeMap<&'static str, Country>> = LazyLock::new(|| {
    let lines = include_str!("../data/countries.tab").lines().filter(|line| !line.starts_with('#'));
    let read = |line: &'static str| {
        let mut columns = line.split('\t');
        let (code, name, zones) = (columns.next()?, columns.next()?, columns.next()?);
        Some((code, Country { code, name, zones: zones.split(' ').collect() }))
    };
    lines.filter_map(read).collect()
});

/// All countries, by code.
pub fn countries() -> impl Iterator<Item = &'static Country> {
    COUNTRIES.values()
}

/// The country of this code.
#[must_use]
pub fn country(code: &str) -> Option<&'static Country> {
    // Asked of every zone's name too, which is no code.
    if code.len() == 2 { COUNTRIES.get(code) } else { None }
}

/// Whether this names a zone or a country.
#[must_use]
pub fn is_place(name: &str) -> bool {
    country(name).is_some() || Zone::named(name).is_some()
}

/// The zones that a value of type `zone` allows, the likeliest first; none where it is no such value.
///
/// A code of two letters is the country, also where a zone has that name too (`GB`, `NZ`): it has at least its zones.
#[must_use]
pub fn zones(value: &Value) -> Vec<Zone> {
    if let Value::Text(name) = value
        && country(name).is_none()
    {
        // What most customers have, asked for each message: one name needs no list of names.
        return Zone::named(name).into_iter().collect();
    }
    let mut zones = Vec::new();
    for name in zone_names(value) {
        match Zone::named(name) {
            Some(zone) => zones.push(zone),
            // One that is not known makes all uncertain: where the customer may be is then not known.
            None => return Vec::new(),
        }
    }
    zones
}

/// The names of those zones, as they are written.
#[must_use]
pub fn zone_names(value: &Value) -> Vec<&str> {
    let names = match value {
        Value::Text(name) => std::slice::from_ref(name),
        Value::Places(names) => names.as_slice(),
        _ => &[],
    };
    let mut all: Vec<&str> = Vec::with_capacity(names.len());
    for name in names {
        let own = [name.as_str()];
        for zone in country(name).map_or(&own[..], |c| &c.zones) {
            if !all.contains(zone) {
                all.push(zone);
            }
        }
    }
    all
}
