//! What the score says of complaints, and that each of its five parts says something.

use super::*;

fn complaint(words: &str) -> Complaint {
    Complaint { words: words.into(), device: Device::Desktop, attachments: 0.0, hour: 11.0 }
}

const CALM: &str = "The bell on the door is a bit quiet. Could you tell me how to turn it up?";
const FURIOUS: &str = "This is the THIRD time I write!!! On 3 March, 9 March and 14 March nobody came. I took three days off, \
    at 140 a day, and was told LIES on the telephone. I have 4 letters and the pictures. ANSWER ME OR I GO TO THE PRESS!!!";

#[test]
fn a_calm_question_scores_low_and_a_furious_story_high() {
    let calm = risk(&complaint(CALM));
    let furious = risk(&Complaint { device: Device::Phone, attachments: 5.0, hour: 23.5, ..complaint(FURIOUS) });
    assert!(calm.risk < 0.25, "{calm}");
    assert!(furious.risk > 0.85, "{furious}");
}

#[test]
fn each_part_raises_the_score_by_itself() {
    let base = risk(&complaint(CALM)).risk;
    let more = [
        ("device", Complaint { device: Device::Phone, ..complaint(CALM) }),
        ("evidence", Complaint { attachments: 3.0, ..complaint(CALM) }),
        ("night", Complaint { hour: 2.0, ..complaint(CALM) }),
        ("detail", complaint(&format!("{CALM} It was fitted on 3 March 2026 at 14:30, order 88123, and has 2 volumes."))),
        ("emphasis", complaint(&CALM.to_uppercase())),
        ("emphasis", complaint(&format!("{CALM} Hellooooo!!!"))),
    ];
    for (part, complaint) in more {
        assert!(risk(&complaint).risk > base + 0.01, "{part}");
    }
}

#[test]
fn whatever_is_written_is_a_number_from_0_to_1() {
    let texts = ["", " ", "!", "????????", "a", "ÄÖÜ ßßßßß", "\u{0}\u{7f}", "🔥🔥🔥🔥🔥", &"NO! ".repeat(10_000)];
    for text in texts {
        for hour in [0.0, 24.0, -3.0, 1e300, f64::NAN, f64::INFINITY] {
            for attachments in [-1.0, 0.0, 1e300] {
                let score = risk(&Complaint { hour, attachments, ..complaint(text) });
                assert!((0.0..=1.0).contains(&score.risk), "{text:?} {hour} {attachments}: {score}");
            }
        }
    }
}

#[test]
fn nights_wrap_around_midnight() {
    for (hour, expected) in [(12.0, 0.0), (21.0, 0.0), (22.0, 0.5), (23.0, 1.0), (0.0, 1.0), (4.9, 1.0), (6.0, 0.5), (7.0, 0.0)] {
        assert_eq!(night(hour), expected, "{hour}");
    }
}

#[test]
fn short_capitals_are_names() {
    assert_eq!(emphasis("The GPS of my TV is odd"), 0.0);
    assert!(emphasis("It is BROKEN again") > 0.0);
}

#[test]
fn the_subject_is_read_as_the_runtime_writes_it() {
    let told = r#"{"complaint":{"id":"C-1","words":"It is \"off\"","device":"phone","attachments":2.0,"hour":21.5}}"#;
    let read = read(told).unwrap();
    assert_eq!((read.words.as_str(), read.device, read.attachments), ("It is \"off\"", Device::Phone, 2.0));
    for bad in ["", "{}", "[]", r#"{"complaint":{"words":"secret"}}"#, r#"{"complaint":{"words":"secret","device":"fridge","attachments":0,"hour":1}}"#] {
        let why = super::read(bad).unwrap_err();
        assert!(!why.contains("secret") && !why.contains("fridge"), "{why}");
    }
}
