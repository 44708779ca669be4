//! Answers: what is one and the same, and what is STOP.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where it stands")]

use proptest::prelude::*;

use super::{fold_reply, is_opt_out, is_plain_opt_out};

#[test]
fn answers_are_compared_without_what_nobody_sees() {
    for (text, folded) in [
        ("No  visit!", "no visit"),
        ("I don't", "i dont"),
        ("I don’t", "i dont"),
        ("I don´t", "i dont"),
        ("Ｃａｎｃｅｌ", "cancel"),
        ("ⓎⒺⓈ", "yes"),
        ("1\u{fe0f}\u{20e3}", "1"),
        ("y\u{200d}e\u{ad}s\u{feff}", "yes"),
        ("Y.E.S", "yes"),
        ("plan b", "plan b"),
        ("option a b c", "option abc"),
        ("1 2", "1 2"),
        ("İPTAL", "iptal"),
        ("ΝΑΙΣ", "ναισ"),
        ("ναις", "ναισ"),
        ("cafe\u{301}", "café"),
        ("Straße", "strasse"),
        ("हाँ, ठीक", "हाँ ठीक"),
        ("…!?", ""),
        ("", ""),
    ] {
        assert_eq!(fold_reply(text), folded, "{text:?}");
    }
}

#[test]
fn stop_in_every_spelling() {
    for text in [
        "stop",
        "STOP.",
        "S T O P",
        "s.t.o.p",
        "s-t-o-p",
        "S_T_O_P!",
        "Ｓｔｏｐ",
        "𝐒𝐓𝐎𝐏",
        "Ⓢⓣⓞⓟ",
        "st\u{ad}op",
        "s\u{200b}top",
        "\u{202d}stop\u{202c}",
        "st\u{2060}op",
        "S\u{336}T\u{336}O\u{336}P\u{336}",
        "st op",
        "STOP\nthanks",
        "STOP\r\n\r\nThank you!",
        "stop sms",
        "STOP 2",
        "stop!!!1",
        "stop stop stop",
        "stop it",
        "Please stop texting me",
        "stop now please",
        "stop all messages",
        "stop sending me these texts",
        "stop, thank you",
        "\"STOP\"",
        "(stop)",
        "Stop :)",
        "STOP 🛑",
        "STOPP",
        "stopall",
        "STOP ALL",
        "stop, unsubscribe",
        "STOP CANCEL END",
        "unsubscribe",
        "please unsubscribe me",
        "un-subscribe",
        "unsub",
        "opt out",
        "opt-out",
        "OptOut",
        "opt me out please",
        "remove me from your list",
        "arrete",
        "Arrête",
        "arre\u{302}te",
        "ARRÊT",
        "arretez les messages svp",
        "désabonner",
        "baja por favor",
        "ΣΤΟΠ",
        "στοπ",
        "стоп",
        "СТОП, пожалуйста",
        "wypisz",
        "lopeta",
        "aufhören",
        "停止",
        "停 止",
        "退订",
        "توقف",
        "הסר",
        "dừng",
        "abmelden bitte",
    ] {
        assert!(is_opt_out(text) && is_plain_opt_out(text), "{text:?}");
    }
}

#[test]
fn cancel_and_its_like_only_as_the_whole_answer_or_where_messages_are_named() {
    for text in [
        "cancel",
        "CANCEL!",
        "Ｃａｎｃｅｌ",
        "c a n c e l",
        "END",
        "quit.",
        "revoke",
        "remove",
        "remove me",
        "annuler",
        "avslut",
        "iptal",
        "İPTAL",
        "rezygnuję",
        "取消",
        "إلغاء",
        "hủy",
    ] {
        assert!(is_opt_out(text) && !is_plain_opt_out(text), "{text:?}");
    }
    for text in ["cancel all texts", "end messages", "quit sms please", "cancel these messages"] {
        assert!(is_opt_out(text), "{text:?}");
    }
    for text in [
        "cancel it",
        "please cancel",
        "cancel please",
        "the end",
        "end 2",
        "cancel all",
        "remove it",
        "cancel my visit",
        "cancel the visit on Friday",
        "end of the month is fine",
        "quit it",
    ] {
        assert!(!is_opt_out(text), "{text:?}");
    }
}

#[test]
fn other_words_are_never_an_opt_out() {
    for text in [
        "",
        "!!",
        "1",
        "please",
        "thanks",
        "text me",
        "all messages",
        "stop by at five",
        "don't stop",
        "dont stop please",
        "no stop",
        "the bus stop",
        "stop at 5",
        "nonstop",
        "no visit",
        "yes",
        "no",
        "fine",
        "end of the month",
        "stopwatch",
        "can you come at the end?",
        "weekend",
        "i stopped the leak",
        "opt in",
        "out",
        "opt",
        "move",
        "another day",
    ] {
        assert!(!is_opt_out(text), "{text:?}");
    }
}

const WORDS: &[&str] = &[
    "stop",
    "unsubscribe",
    "opt out",
    "arrête",
    "στοπ",
    "стоп",
    "iptal",
    "cancel",
    "end",
    "rezygnuję",
    "avslut",
    "by",
    "visit",
    "please",
    "thanks",
    "sms",
    "it",
    "me",
    "2",
    "don't",
    "s t o p",
    "no",
    "dừng",
    "停止",
    "إلغاء",
    "the",
];
const MARKS: &[&str] = &[" ", "  ", ", ", "! ", "\n", " - ", "… ", ". ", "\t", "\u{a0}"];

fn answers() -> impl Strategy<Value = Vec<(usize, usize)>> {
    proptest::collection::vec((0..WORDS.len(), 0..MARKS.len()), 1..5)
}

#[test]
fn what_was_folded_wrongly_once_is_folded_once() {
    for (text, folded) in [("ẞ", "ss"), ("ß", "ss"), ("ט:\u{dca}a", "טa"), ("\u{301}", ""), ("s \u{dca}t", "st")] {
        assert_eq!(fold_reply(text), folded, "{text:?}");
        assert_eq!(fold_reply(folded), folded, "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ascii_is_folded_as_any_text_is(text in "[ -~\t\n]{0,40}") {
        prop_assert_eq!(super::replies::plain_ascii(&text), super::replies::plain(&text));
    }

    #[test]
    fn an_opt_out_is_one_in_any_case_and_punctuation(answer in answers(), wild in any::<bool>()) {
        let plain: Vec<&str> = answer.iter().map(|(w, _)| WORDS[*w]).collect();
        let is = is_opt_out(&plain.join(" "));
        let marked: String = answer.iter().map(|(w, m)| format!("{}{}", WORDS[*w], MARKS[*m])).collect();
        let hidden: String = plain.join(" ").chars().flat_map(|c| [c, '\u{200b}']).collect();
        for other in [plain.join(" ").to_uppercase(), plain.join(" ").to_lowercase(), marked.clone(), marked.to_uppercase(), hidden] {
            prop_assert_eq!(is_opt_out(&other), is, "{:?}", other);
        }
        let quoted = format!("«{}»{}", marked, if wild { "!!!" } else { "" });
        prop_assert_eq!(is_opt_out(&quoted), is, "{:?}", quoted);
    }

    #[test]
    fn folding_twice_changes_nothing(text in any::<String>(), answer in answers()) {
        let words: String = answer.iter().map(|(w, m)| format!("{}{}", WORDS[*w], MARKS[*m])).collect();
        for text in [text.clone(), words.clone(), format!("{words}{text}"), text.to_uppercase()] {
            let once = fold_reply(&text);
            prop_assert_eq!(fold_reply(&once), once.clone(), "{:?}", text);
            prop_assert_eq!(is_opt_out(&once), is_opt_out(&text), "{:?}", text);
            prop_assert_eq!(fold_reply(&text.to_uppercase()), fold_reply(&text.to_lowercase()), "{:?}", text);
        }
    }
}

#[test]
fn the_lists_are_folded_as_answers_are() {
    for list in [super::replies::PLAIN, super::replies::ALONE, super::replies::COURTESY, super::replies::MESSAGES] {
        for word in list {
            assert_eq!(super::replies::without_accents(&fold_reply(word)), *word);
        }
    }
    for word in super::replies::PLAIN.iter().chain(super::replies::ALONE) {
        assert!(is_opt_out(word), "{word}");
    }
}
