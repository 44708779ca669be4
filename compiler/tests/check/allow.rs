//! `allow`: what it silences, and what is said of it.

use super::{NONE, calm, codes, compiled, journey};

const WHY: &str = "because \"the engineer calls anyway\"";
/// Two states without a way out that takes itself.
const STATES: [&str; 2] = ["state first { on moved -> b }", "state b { on ping -> done }"];

#[test]
fn one_of_two_is_silenced() {
    let [first, b] = STATES;
    assert_eq!(calm(&format!("{first} {b}")), ["J0303"]);
    let text = journey(&format!("{} {first} allow J0303 {WHY} {b}", super::CALM));
    let compilation = compiled(&text);
    let waits = |place: u32| text[place as usize..].starts_with("first");
    let told: Vec<_> = compilation.findings.iter().filter(|f| f.code.code == "J0303").collect();
    assert_eq!(told.len(), 1);
    assert!(waits(told[0].span().start) || text[told[0].span().start as usize..].starts_with("state first"));
    let [allowed] = compilation.allowed.as_slice() else { panic!("{:?}", compilation.allowed) };
    assert_eq!((allowed.finding.code.code, allowed.reason.as_str()), ("J0303", "the engineer calls anyway"));
    assert!(text[allowed.span.start as usize..allowed.span.end as usize].starts_with("allow J0303"));
    assert_eq!(calm(&format!("allow J0303 {WHY} {first} allow J0303 {WHY} {b}")), NONE);
}

#[test]
fn an_allow_that_silences_nothing_is_said() {
    let [first, b] = STATES;
    // mended, another code, at the head and not inside, twice, nothing below
    assert_eq!(calm(&format!("allow J0303 {WHY} state first {{ after 1d -> done }}")), ["J0121"]);
    assert_eq!(calm(&format!("allow J0302 {WHY} {first} {b}")), ["J0121", "J0303"]);
    let inside = calm(&format!("state first {{ allow J0303 {WHY} on moved -> b }} {b}"));
    assert_eq!(inside, ["J0121", "J0303"]);
    let above = journey(&format!("{} {first} {b}", super::CALM))
        .replace("journey visit", &format!("allow J0303 {WHY} journey visit"));
    assert_eq!(super::of(&above), ["J0121", "J0303"]);
    let twice = calm(&format!("allow J0303 {WHY} allow J0303 {WHY} {first} allow J0303 {WHY} {b}"));
    assert_eq!(twice, ["J0121"]);
    assert_eq!(calm(&format!("state first {{ after 1d -> done }} allow J0303 {WHY}")), ["J0121"]);
}

#[test]
fn an_unknown_code_is_said() {
    let text = journey(&format!("{} allow J303 {WHY} state first {{ after 1d -> done }}", super::CALM));
    let compilation = compiled(&text);
    let told: Vec<_> = compilation.findings.iter().filter(|f| f.code.code == "J0101").collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].message.starts_with("there is no finding `J303` that could be allowed, did you mean `J"));
    assert!(compilation.findings.iter().all(|f| f.code.code != "J0121"));
    let lower = compiled(&text.replace("J303", "j0303"));
    assert!(lower.findings.iter().any(|f| f.message.ends_with("did you mean `J0303`?")));
}

#[test]
fn a_program_whose_errors_are_allowed_runs_and_is_the_same() {
    let without = journey(
        "on reply stay { handoff \"care\" with transcript } state first { send note on moved -> done after 1d -> done }",
    );
    assert!(compiled(&without).runnable().is_none());
    let with = without.replace("start on created", &format!("allow J0205 {WHY} start on created"));
    let (before, after) = (compiled(&without), compiled(&with));
    assert!(after.runnable().is_some(), "{:?}", after.findings);
    assert_eq!(before.program.unwrap().hash, after.program.unwrap().hash);
}

#[test]
fn what_is_not_whole_is_never_allowed() {
    let lines = "state first { allow J0101 because \"x\" send nothing_of_the_kind after 1d -> done }";
    let compilation = compiled(&journey(&format!("{} {lines}", super::CALM)));
    assert!(compilation.runnable().is_none());
    assert!(compilation.allowed.is_empty());
    assert!(compilation.findings.iter().all(|f| f.code.code != "J0121"));
    assert_eq!(codes(&format!("{} allow J0101 {WHY} state first {{ after 1d -> done }}", super::CALM)), ["J0121"]);
}

#[test]
fn what_is_found_in_several_places_is_allowed_before_any_of_them() {
    // Three messages are sent; one of them speaks Spanish, and two do not.
    let lines = format!(
        "{} state first {{ send note send other send ask  on reply yes -> done  after 1d -> done }}",
        super::CALM
    );
    let plain = journey(&lines)
        .replace("zone: zone }", "zone: zone  language: locale? }")
        .replace("\"Shall we?\"", "\"Shall we?\"  sms[es] \"Si?\"");
    let found = |text: &str| {
        let of = compiled(text).findings.into_iter();
        let mut codes: Vec<_> = of.map(|f| f.code.code).filter(|code| ["J0121", "J0136"].contains(code)).collect();
        codes.sort_unstable();
        codes
    };
    let before = |text: &str, message: &str| text.replace(message, &format!("allow J0136 {WHY} {message}"));
    assert_eq!(found(&plain), ["J0136"]);
    assert_eq!(found(&before(&plain, "message note")), NONE);
    assert_eq!(found(&before(&plain, "message other")), NONE);
    // Both are of use; one before the message that has all languages is not.
    assert_eq!(found(&before(&before(&plain, "message note"), "message other")), NONE);
    assert_eq!(found(&before(&plain, "message ask")), ["J0121", "J0136"]);
}
