//! What customers write back: how answers are compared, and which of them mean "no more messages".

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Folds a customer's answer, or a word that a message invites, to what is compared.
///
/// Compatible forms are one (full-width and circled letters, ligatures: NFKC), and so are upper and lower case.
/// Characters that nobody sees (soft hyphens, joiners, marks of direction) are dropped, apostrophes and marks laid over
/// letters too. What remains of letters and digits of any script is words with one space between; letters that stand one
/// by one, `S T O P` or `s.t.o.p`, are one word. Folding twice changes nothing more.
#[must_use]
pub fn fold_reply(text: &str) -> String {
    let plain = if text.is_ascii() { plain_ascii(text) } else { plain(text) };
    let mut folded = String::with_capacity(plain.len());
    let mut after_letter = false;
    for word in plain.split(|c: char| !c.is_alphanumeric() && !is_mark(c)) {
        // A mark with no letter before it would join the letter of the word before.
        let word = word.trim_start_matches(is_mark);
        if word.is_empty() {
            continue;
        }
        let is_letter = is_one_letter(word);
        let goes_on = folded.is_empty() || (after_letter && is_letter);
        if !goes_on {
            folded.push(' ');
        }
        folded.push_str(word);
        after_letter = is_letter;
    }
    folded
}

/// The characters that are compared, in one case and one form.
pub(super) fn plain(text: &str) -> String {
    let seen = text.chars().filter(|c| !is_unseen(*c) && !is_apostrophe(*c));
    // By way of upper case, so that all lower-case forms of a letter (ı, ſ, ς) meet; and of lower case first, since ẞ is its
    // own upper case and ß becomes SS.
    let lower = seen.nfkc().flat_map(char::to_lowercase);
    let cased = lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    cased.nfkc().filter(|c| !is_unseen(*c) && !is_apostrophe(*c) && !is_overlaid(*c)).collect()
}

/// The same of ASCII, which has one form of each letter and one apostrophe; most answers are that.
pub(super) fn plain_ascii(text: &str) -> String {
    let mut plain = text.to_ascii_lowercase();
    plain.retain(|c| !is_apostrophe(c));
    plain
}

fn is_one_letter(word: &str) -> bool {
    let mut letters = word.chars().filter(|c| !is_mark(*c));
    letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none()
}

/// Asked of every space, too: no character of ASCII is a mark.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && is_combining_mark(c)
}

/// Unicode's default ignorable characters: soft hyphen, joiners, marks of direction, variation selectors, fillers, tags.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | '‛' | '′' | 'ʼ' | '＇' | '`' | '´')
}

/// Marks that can be laid over any letter: the dot that a Turkish İ leaves, strokes, the frame of a keycap. Those that
/// make a letter of its own, as in é, are part of it before this is asked.
fn is_overlaid(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

/// Whether a customer's answer means "no more messages to this address".
///
/// It does where nothing is left of it but
/// - a word or phrase that can mean nothing else ([`PLAIN`]: STOP, UNSUBSCRIBE, OPT OUT and their like in other
///   languages), however spaced, with any words of courtesy or filling ([`COURTESY`], [`MESSAGES`]) and bare numbers: "stop sms",
///   "please unsubscribe me", "STOP 2";
/// - a word of which carriers say that it does, but that people use of other things as well ([`ALONE`]: CANCEL, END,
///   QUIT and their like): only as the whole answer, or where the answer names messages, "cancel all texts".
///
/// "cancel it" and "please cancel" are none: no carrier takes them, and most who write them mean the visit. Taken for an
/// opt-out, the visit would stand and nobody could tell them; not taken, the journey or a person hears them. Where any
/// other word is left it is no opt-out: "stop by at five", "don't stop", "cancel the visit on Friday".
///
/// Accents do not matter, nor do case, punctuation and what [`fold_reply`] drops.
#[must_use]
pub fn is_opt_out(text: &str) -> bool {
    is_folded_opt_out(&fold_reply(text))
}

/// The same of an answer that [`fold_reply`] has folded.
#[must_use]
pub fn is_folded_opt_out(folded: &str) -> bool {
    let folded = without_accents(folded);
    if ALONE.contains(&&*folded) {
        return true;
    }
    let words = || folded.split(' ').filter(|w| !w.is_empty());
    let left: Vec<&str> = words().filter(|w| !fills(w)).collect();
    if left.is_empty() {
        return false;
    }
    let joined = left.concat();
    if PLAIN.iter().any(|p| *p == joined || (p.contains(' ') && p.split(' ').flat_map(str::chars).eq(joined.chars()))) {
        return true;
    }
    // A row of such words; at least one of them, or what it is about, leaves no doubt.
    let mut rest = left.as_slice();
    let mut plain = words().any(|w| MESSAGES.contains(&w));
    while !rest.is_empty() {
        let Some((n, is_plain)) = leading(rest) else { return false };
        plain |= is_plain;
        rest = rest.get(n..).unwrap_or_default();
    }
    plain
}

/// Whether an answer means "no more messages" and can mean nothing else: STOP and its like, and not CANCEL.
#[must_use]
pub fn is_plain_opt_out(text: &str) -> bool {
    let folded = fold_reply(text);
    is_folded_opt_out(&folded) && !ALONE.contains(&&*without_accents(&folded))
}

/// How many of the first words are a word or phrase of opting out, and whether it is a plain one.
fn leading(words: &[&str]) -> Option<(usize, bool)> {
    let is_lead = |phrase: &str| {
        let n = phrase.split(' ').count();
        words.get(..n).is_some_and(|w| phrase.split(' ').eq(w.iter().copied())).then_some(n)
    };
    let longest = |list: &[&str]| list.iter().filter_map(|p| is_lead(p)).max();
    longest(PLAIN).map(|n| (n, true)).or_else(|| longest(ALONE).map(|n| (n, false)))
}

fn fills(word: &str) -> bool {
    COURTESY.contains(&word) || MESSAGES.contains(&word) || word.chars().all(char::is_numeric)
}

/// Without accents, points and vowel signs that people leave out when they write in a hurry.
pub(super) fn without_accents(folded: &str) -> Cow<'_, str> {
    if folded.is_ascii() {
        return folded.into();
    }
    let is_accent =
        |c: &char| is_overlaid(*c) || matches!(c, '\u{591}'..='\u{5c7}' | '\u{64b}'..='\u{65f}' | '\u{670}');
    folded.nfd().filter(|c| !is_accent(c)).nfc().collect()
}

/// What means "no more messages" and nothing else, folded and without accents.
pub(super) const PLAIN: &[&str] = &[
    // English
    "stop",
    "stopall",
    "stopp",
    "unsubscribe",
    "unsub",
    "opt out",
    // French, Spanish, Portuguese, Italian
    "arret",
    "arrete",
    "arretez",
    "arreter",
    "desabonner",
    "desinscrire",
    "desinscription",
    "baja",
    "alto",
    "parar",
    "pare",
    "detener",
    "arresta",
    "basta",
    "ferma",
    "disiscrivi",
    // German, Dutch, Swedish, Danish, Norwegian, Finnish
    "abmelden",
    "abbestellen",
    "aufhoren",
    "aufhoeren",
    "stoppen",
    "afmelden",
    "uitschrijven",
    "avregistrera",
    "avprenumerera",
    "afmeld",
    "avmeld",
    "lopeta",
    // Polish, Czech, Russian, Greek, Turkish
    "wypisz",
    "odhlasit",
    "стоп",
    "отписаться",
    "στοπ",
    "durdur",
    "dur",
    // Chinese, Japanese, Korean, Arabic, Hebrew, Hindi, Vietnamese
    "停止",
    "停",
    "やめて",
    "ايقاف",
    "退订",
    "退訂",
    "配信停止",
    "중지",
    "수신거부",
    "توقف",
    "הסר",
    "रोकें",
    "dung",
];

/// What carriers take for "no more messages" and people use of visits and orders as well, folded and without accents.
pub(super) const ALONE: &[&str] = &[
    // English
    "cancel",
    "end",
    "quit",
    "revoke",
    "remove",
    "remove me",
    // French, Spanish, Portuguese, Italian
    "annuler",
    "cancelar",
    "sair",
    "remover",
    "annulla",
    "cancella",
    // Swedish, Norwegian, Finnish
    "avslut",
    "avsluta",
    "avslutt",
    "peru",
    // Polish, Turkish
    "rezygnuje",
    "iptal",
    // Chinese, Arabic, Vietnamese
    "取消",
    "الغاء",
    "huy",
];

/// Words of courtesy and filling, folded and without accents.
pub(super) const COURTESY: &[&str] = &[
    "please",
    "pls",
    "plz",
    "thanks",
    "thank",
    "thx",
    "ty",
    "cheers",
    "you",
    "u",
    "now",
    "immediately",
    "me",
    "us",
    "all",
    "any",
    "more",
    "it",
    "this",
    "that",
    "these",
    "those",
    "the",
    "your",
    "my",
    "sending",
    "from",
    "bitte",
    "danke",
    "alle",
    "jetzt",
    "sofort",
    "merci",
    "svp",
    "stp",
    "sil",
    "vous",
    "te",
    "plait",
    "tous",
    "les",
    "por",
    "favor",
    "gracias",
    "todo",
    "todos",
    "los",
    "obrigado",
    "obrigada",
    "per",
    "favore",
    "grazie",
    "aub",
    "alstublieft",
    "bedankt",
    "tack",
    "tak",
    "takk",
    "kiitos",
    "prosze",
    "dziekuje",
    "lutfen",
    "tesekkurler",
    "пожалуиста",
    "спасибо",
];

/// Words for what is to stop, folded and without accents.
pub(super) const MESSAGES: &[&str] = &[
    "sms",
    "smses",
    "text",
    "texts",
    "texting",
    "message",
    "messages",
    "messaging",
    "msg",
    "msgs",
    "email",
    "emails",
    "mails",
    "notification",
    "notifications",
    "alerts",
    "list",
    "nachricht",
    "nachrichten",
    "mensaje",
    "mensajes",
    "mensagem",
    "mensagens",
    "messaggi",
    "berichten",
    "beskeder",
    "meddelanden",
    "meldinger",
    "viestit",
    "wiadomosci",
    "mesaj",
    "сообщения",
];
