//! How languages write days, times and numbers.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::{Locale, choose};
use crate::time::{Zone, parse_rfc3339};

fn locale(tag: &str) -> Locale {
    Locale::parse(tag).unwrap()
}

#[test]
fn the_language_of_texts_that_say_none_writes_as_before() {
    let (zone, english) = (Zone::named("Europe/London").unwrap(), Locale::default());
    for at in ["2026-03-20T09:00:00Z", "2026-08-01T23:05:00Z", "1900-01-01T00:00:00Z", "2199-12-31T12:30:00Z"] {
        let at = parse_rfc3339(at).unwrap();
        assert_eq!(*english.day(&zone, at), *zone.day(at));
        assert_eq!(*english.time(&zone, at), *zone.time(at));
        assert_eq!(*english.date(&zone, at), *zone.date(at));
    }
    for number in ["1234567", "-3", "0.5", "12.30", "1000000000000000000000"] {
        assert_eq!(english.number(number), number);
    }
}

#[test]
fn each_language_writes_in_its_own_way() {
    let (zone, at) = (Zone::named("Europe/Madrid").unwrap(), parse_rfc3339("2026-03-20T17:05:00Z").unwrap());
    let all = |tag: &str| {
        let of = locale(tag);
        format!("{} | {} | {} | {}", of.day(&zone, at), of.time(&zone, at), of.date(&zone, at), of.number("12.30"))
    };
    assert_eq!(all("es"), "viernes, 20 de marzo | 18:05 | 20 de marzo de 2026 | 12,30");
    assert_eq!(all("de-AT"), "Freitag, 20. März | 18:05 | 20. März 2026 | 12,30");
    assert_eq!(all("pt_BR"), "sexta-feira, 20 de março | 18:05 | 20 de março de 2026 | 12,30");
    // The blank before PM is a plain one, so that a text message stays in its small alphabet.
    assert_eq!(all("en-US"), "Friday, March 20 | 6:05 PM | March 20, 2026 | 12.30");
    assert_eq!(all("ar-EG"), "الجمعة، ٢٠ مارس | ٦:٠٥ م | ٢٠ مارس ٢٠٢٦ | ١٢٫٣٠");
}

#[test]
fn a_tag_is_a_language_and_says_nothing_else() {
    assert_eq!(locale("PT_br").tag(), "pt-BR");
    assert_eq!(locale("es-u-hc-h12").tag(), "es");
    assert_eq!(locale("ca-valencia").tag(), "ca");
    for none in ["", "und", "english please", "e", "es-", "x-klingon", "en_GB.UTF-8", "\u{202e}es"] {
        assert_eq!(Locale::parse(none), None, "{none:?}");
    }
    assert!(locale("es").is_known() && locale("zh-Hant-TW").is_known());
    assert!(!locale("sp").is_known());
}

#[test]
fn a_tag_holds_what_says_more() {
    assert!(locale("pt").holds(&locale("pt-BR")) && locale("pt-BR").holds(&locale("pt-BR")));
    assert!(!locale("pt-BR").holds(&locale("pt")) && !locale("pt-PT").holds(&locale("pt-BR")));
    assert!(locale("pt-PT").is_language_of(&locale("pt-BR")));
    assert!(!locale("sr-Latn").is_language_of(&locale("sr-Cyrl")));
    assert!(locale("es").in_every_region().any(|l| l == locale("es-MX")));
}

#[test]
fn the_nearest_language_is_read() {
    let english = Locale::default();
    let read = |reader: &str, tags: &[&str]| choose(Locale::parse(reader).as_ref(), &english, tags.iter().copied());
    assert_eq!(read("es-MX", &["es", "es-MX"]), Some(1));
    assert_eq!(read("es-AR", &["es-MX", "es"]), Some(1));
    assert_eq!(read("pt-PT", &["es", "pt-BR"]), Some(1), "another region's text is better than another language's");
    assert_eq!(read("en-AU", &["en-US"]), None, "the text without a tag is English already");
    assert_eq!(read("en-US", &["en-US"]), Some(0));
    assert_eq!(read("zh-Hant-TW", &["zh-Hans"]), None, "another script");
    assert_eq!(read("fr", &["es", "pt"]), None);
    assert_eq!(read("", &["es"]), None);
}
