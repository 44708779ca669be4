//! J0403: words that unsubscribe whoever answers them, invited by an entry or by the text alone.

use super::{CALM, NONE, compiled, journey, of};

/// A journey that sends a message with these lines.
fn asking(message: &str) -> String {
    journey(&format!("{CALM} on reply yes -> done state first {{ send ask after 1d -> done }}"))
        .replace("sms \"Shall we?\"  replies { yes: \"yes\" }", message)
}

fn invites(words: &str) -> Vec<&'static str> {
    of(&asking(&format!("sms \"Shall we?\" replies {{ yes: {words} }}")))
}

fn says(text: &str) -> Vec<&'static str> {
    of(&asking(&format!("sms \"{text}\" replies {{ yes: \"yes\" }}")))
}

#[test]
fn an_opt_out_word_is_one_however_it_is_spelled() {
    for word in ["Stop", "S T O P", "Ｃａｎｃｅｌ", "can\u{ad}cel", "Cancel!", "stop sms", "İPTAL", "Arrête"] {
        let hidden = word.contains('\u{ad}').then_some("J0010");
        let codes: Vec<_> = hidden.into_iter().chain(["J0403"]).collect();
        assert_eq!(invites(&format!("\"yes\" | \"{word}\"")), codes, "{word:?}");
    }
    assert_eq!(invites("\"yes\" | \"cancel it\" | \"please cancel\" | \"no visit\""), NONE);
}

#[test]
fn a_text_invites_too() {
    for text in [
        "Reply CANCEL to cancel your visit tomorrow.",
        "Your visit is tomorrow. Reply with CANCEL to call it off.",
        "Please answer: \\\"cancel\\\".",
        "Text ‘Cancel’ if you cannot be there.",
        "To call it off, text CANCEL to 12345.",
        "Reply YES to confirm or CANCEL to call it off.",
        "Reply YES, NO or QUIT.",
        "Reply YES/CANCEL.",
        "Reply 1 to confirm, CANCEL to call it off",
        "REPLY END FOR THE END",
        "Antworten Sie mit CANCEL.",
        "Responda CANCELAR para anular su cita.",
        "Répondez ANNULER.",
    ] {
        assert_eq!(says(text), ["J0403"], "{text}");
    }
    for text in [
        "Reply STOP to get no more messages.",
        "Reply STOP, UNSUBSCRIBE or OPT OUT to get no more messages.",
        "Reply \\\"stop\\\" to unsubscribe.",
        "Reply NO VISIT to cancel your visit.",
        "Reply YES to keep your visit, or call us to cancel.",
        "Reply YES TO CANCEL.",
        "REPLY YES TO CANCEL YOUR VISIT",
        "Reply YES. We CANCEL it then.",
        "Reply CANCEL VISIT to call it off.",
        "We reply at the end of the day.",
        "You may cancel until noon.",
        "Thank you for your answer, we do not CANCEL.",
    ] {
        assert_eq!(says(text), NONE, "{text}");
    }
}

#[test]
fn what_a_text_invites_is_told_in_its_own_words() {
    let found =
        compiled(&asking("sms \"Reply CANCEL to cancel.\" email \"Reply CANCEL to cancel.\" replies { yes: \"yes\" }"));
    let told: Vec<_> = found.findings.iter().filter(|f| f.code.code == "J0403").collect();
    assert_eq!(told.len(), 1, "once a word and message");
    assert_eq!(
        told[0].message,
        "a customer who does as `ask` says and answers \"CANCEL\" is unsubscribed instead of heard"
    );
    // The entry that invites it says it already.
    let found = compiled(&asking("sms \"Reply CANCEL to cancel.\" replies { yes: \"cancel\" }"));
    assert_eq!(found.findings.iter().filter(|f| f.code.code == "J0403").count(), 1);
    // Nobody answers a voice.
    assert_eq!(of(&asking("sms \"Shall we?\" voice \"Reply CANCEL.\" replies { yes: \"yes\" }")), NONE);
}
