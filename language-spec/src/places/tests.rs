//! Countries, places and their zones.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where it stands")]

use super::*;

#[test]
fn every_zone_of_every_country_is_known() {
    assert!(countries().count() > 240);
    for country in countries() {
        assert!(!country.zones.is_empty() && country.code.len() == 2, "{country:?}");
        for zone in &country.zones {
            assert!(Zone::named(zone).is_some(), "{zone} of {}", country.name);
        }
    }
}

#[test]
fn a_place_is_a_zone_a_country_or_several_of_them() {
    let text = |t: &str| Value::Text(t.into());
    let several = |names: &[&str]| Value::Places(names.iter().map(|n| (*n).into()).collect());
    assert_eq!(zones(&text("Europe/London")).len(), 1);
    assert_eq!(zones(&text("US")).len(), 29);
    // a country, although a zone has that name too
    assert_eq!(zones(&text("NZ")).len(), 2);
    assert_eq!(zones(&several(&["America/New_York", "US", "America/Chicago"])).len(), 29);
    assert_eq!(zones(&several(&["America/Chicago", "America/New_York"])).len(), 2);
    for unknown in [text("us"), text("Mars/Olympus"), text(""), several(&["US", "Mars/Olympus"]), Value::Missing] {
        assert!(zones(&unknown).is_empty(), "{unknown:?}");
    }
}

#[test]
fn local_time_has_a_name() {
    let summer = crate::time::parse_rfc3339("2026-07-15T12:00:00Z").unwrap();
    let name = |zone: &str| Zone::named(zone).unwrap().name_at(summer);
    assert_eq!(name("Europe/London"), "BST");
    assert_eq!(name("Asia/Dubai"), "UTC+4");
    assert_eq!(name("America/Sao_Paulo"), "UTC-3");
    assert_eq!(name("Asia/Kathmandu"), "UTC+5:45");
}

#[test]
fn a_feed_says_where_a_customer_may_be_by_a_name_or_several() {
    use crate::program::Field;
    use crate::types::Type;
    use crate::value::fields_from_json;

    let read = |zone: serde_json::Value| {
        let field = Field::new("zone", Type::Zone);
        let json = serde_json::json!({ "zone": zone });
        fields_from_json(&json, &[field], &BTreeMap::new()).map(|mut data| data.remove("zone").unwrap())
    };
    let text = |t: &str| Ok(Value::Text(t.into()));
    assert_eq!(read("Europe/London".into()), text("Europe/London"));
    assert_eq!(read("US".into()), text("US"));
    assert_eq!(read(serde_json::json!(["US", "US"])), text("US"));
    assert_eq!(
        read(serde_json::json!(["Europe/London", "FR"])),
        Ok(Value::Places(vec!["Europe/London".into(), "FR".into()]))
    );
    let many: Vec<&str> = countries().map(|c| c.code).take(MOST_PLACES + 1).collect();
    for wrong in [serde_json::json!("us"), serde_json::json!([]), serde_json::json!(["US", 1]), serde_json::json!(many)]
    {
        let told = read(wrong).unwrap_err().to_string();
        assert!(told.starts_with("`zone` should be a time zone such as \"Europe/London\", a country's code"), "{told}");
    }
}
