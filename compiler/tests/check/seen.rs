//! J0009 and J0010: what looks the same and is not, and what nobody sees.

use super::{CALM, NONE, compiled, journey, of};

fn states(names: [&str; 2]) -> Vec<&'static str> {
    let [one, two] = names;
    of(&journey(&format!(
        "{CALM} state first {{ after 1h -> {one} }} state {one} {{ after 1h -> {two} }} state {two} {{ after 1h -> done }}"
    )))
}

#[test]
fn names_that_look_the_same_are_told() {
    assert_eq!(states(["step1", "stepl"]), ["J0009"]);
    assert_eq!(states(["stepI", "stepl"]), ["J0009"]);
    assert_eq!(states(["slotO", "slot0"]), ["J0009"]);
    assert_eq!(states(["turn", "tum"]), ["J0009"]);
    assert_eq!(states(["step1", "step2"]), NONE);
    assert_eq!(states(["told", "tolds"]), NONE);
}

#[test]
fn queues_that_look_the_same_are_told() {
    let handing = |queue: &str| of(&journey(&format!("{CALM} state first {{ handoff \"{queue}\" after 1h -> done }}")));
    assert_eq!(handing("care"), NONE);
    assert_eq!(handing("desk"), NONE);
    assert_eq!(handing("сare"), ["J0009"], "a Cyrillic letter");
    assert_eq!(handing("care "), ["J0009"], "a blank");
    assert_eq!(handing("ｃare"), ["J0009"], "a wide letter");
}

#[test]
fn words_of_answers_that_look_the_same_are_told() {
    let asking = |replies: &str| {
        let text = format!("{CALM} on reply yes -> done state first {{ send ask after 1d -> done }}");
        of(&journey(&text).replace("replies { yes: \"yes\" }", &format!("replies {{ {replies} }}")))
    };
    assert_eq!(asking("yes: \"yes\" | \"sí\""), NONE);
    assert_eq!(asking("yes: \"уes\""), ["J0009"], "a Cyrillic letter among Latin ones");
    assert_eq!(asking("yes: \"да\" | \"так\""), NONE);
    assert_eq!(asking("yes: \"b1\"  no: \"bl\""), ["J0009"]);
    assert_eq!(asking("yes: \"b1\" | \"bl\""), NONE, "both mean the same");
}

#[test]
fn hidden_characters_are_told_wherever_they_stand() {
    let calm = journey(&format!("{CALM} state first {{ send note after 1d -> done }}"));
    let with = |from: &str, to: &str| of(&calm.replace(from, to));
    for hidden in
        ['\u{202e}', '\u{202a}', '\u{2066}', '\u{200b}', '\u{2060}', '\u{ad}', '\u{feff}', '\u{2028}', '\u{3164}']
    {
        assert_eq!(with("Your visit", &format!("Your{hidden} visit")), ["J0010"], "{hidden:?} in a text");
        let comment = format!("// a{hidden} comment\nstate first");
        assert_eq!(with("state first", &comment), ["J0010"], "{hidden:?} in a comment");
        let name = format!("fir{hidden}st");
        assert!(with("first", &name).contains(&"J0010"), "{hidden:?} in a name");
        assert!(!with("first", &name).contains(&"J0001"), "{hidden:?} is what is wrong with that line");
    }
    let told = compiled(&calm.replace("Your visit", "Your\u{202e} visit"));
    let finding = told.findings.iter().find(|f| f.code.code == "J0010").unwrap();
    assert_eq!(finding.labels[0].text, "U+202E turns the order of the letters around");
}

#[test]
fn what_people_need_to_write_is_left_alone() {
    let calm = journey(&format!("{CALM} state first {{ send note after 1d -> done }}"));
    for text in [
        "مرحبا، موعدك {booking.slot:day}",
        "שלום, הביקור שלך",
        "مرحبا \u{2066}{booking.id}\u{2069} شكرا",
        "שלום\u{200f}!",
        "می\u{200c}خواهم",
        "क्\u{200d}ष",
        "👩\u{200d}👩\u{200d}👧 🏳\u{fe0f}\u{200d}🌈",
        "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
        "ភាសា\u{200b}ខ្មែរ",
        "❤\u{fe0f} naïve café",
    ] {
        assert_eq!(of(&calm.replace("Your visit is on {booking.slot:day}.", text)), NONE, "{text:?}");
    }
    assert_eq!(of(&format!("\u{feff}{calm}")), NONE, "a byte-order mark");
    // An isolate that the text does not end turns what stands behind it.
    assert_eq!(of(&calm.replace("Your visit", "مرحبا \u{2067}")), ["J0010"]);
}
