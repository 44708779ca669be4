//! What a text asks its reader to answer: `Reply YES to confirm or CANCEL to call it off`.
//!
//! Looked for: a word of inviting, directly followed by an answer, which stands in capitals, in quotes or for a value;
//! then, in the same sentence, every such answer that follows a comma, a stroke or a word for *or*. Other capitals are
//! none: `Reply YES. We CANCEL it then.`

use journey_spec::program::{Piece, Template};
use journey_spec::value::fold_reply;

/// Words that ask for an answer, folded.
const INVITING: &[&str] = &[
    "reply",
    "answer",
    "text",
    "send",
    "respond",
    "write",
    "antworte",
    "antworten",
    "schreibe",
    "schreiben",
    "sende",
    "senden",
    "répondez",
    "réponds",
    "répondre",
    "envoyez",
    "responda",
    "responde",
    "envíe",
    "envía",
    "envie",
    "envia",
    "escriba",
    "rispondi",
    "risponda",
    "invia",
    "scrivi",
    "antwoord",
    "stuur",
    "svara",
    "svar",
    "odpowiedz",
    "wyślij",
    "回复",
    "返信",
    "השב",
    "השיבו",
    "أرسل",
];

/// Words that may stand between such a word and the answer, folded.
const BETWEEN: &[&str] = &[
    "with",
    "by",
    "back",
    "us",
    "me",
    "just",
    "simply",
    "only",
    "either",
    "the",
    "word",
    "to",
    "this",
    "message",
    "sms",
    "please",
    "mit",
    "sie",
    "bitte",
    "einfach",
    "auf",
    "diese",
    "nachricht",
    "dem",
    "das",
    "wort",
    "par",
    "avec",
    "le",
    "mot",
    "con",
    "la",
    "palabra",
    "parola",
    "com",
    "a",
    "palavra",
    "met",
    "het",
    "woord",
    "med",
];

/// Words between one answer and the next, folded.
const OR: &[&str] =
    &["or", "and", "oder", "und", "ou", "et", "o", "u", "y", "e", "oppure", "of", "eller", "lub", "albo"];

/// Longest text between quotes that counts as an answer, in characters.
const LONGEST: usize = 40;

enum Token {
    Word(String),
    Quoted(String),
    /// A comma, a stroke, or the like.
    Joint,
    /// What is written in a placeholder's place.
    Value,
    /// The end of a sentence.
    Stop,
}

/// The answers that a text asks for, as it writes them.
pub(super) fn invited(text: &Template) -> Vec<String> {
    let tokens = tokens(text);
    tokens.split(|t| matches!(t, Token::Stop)).flat_map(in_sentence).collect()
}

fn in_sentence(tokens: &[Token]) -> Vec<String> {
    // Where everything is in capitals, they set nothing apart, and an answer is one word.
    let is_loud = !tokens.iter().any(|t| matches!(t, Token::Word(w) if w.chars().any(char::is_lowercase)));
    let mut found = Vec::new();
    let mut rest = tokens;
    // Whether an answer may come here; whether one came already.
    let (mut may_come, mut came) = (false, false);
    while let Some((token, after)) = rest.split_first() {
        rest = after;
        match token {
            Token::Word(word) => {
                let folded = fold_reply(word);
                let is = |list: &[&str]| list.contains(&folded.as_str());
                if is(INVITING) {
                    (may_come, came) = (true, false);
                } else if may_come && !came && is(BETWEEN) {
                } else if came && is(OR) {
                    may_come = true;
                } else if may_come && stands_out(word) {
                    let mut answer = word.clone();
                    while let Some((Token::Word(next), after)) = rest.split_first()
                        && stands_out(next)
                        && !is_loud
                    {
                        answer = format!("{answer} {next}");
                        rest = after;
                    }
                    found.push(answer);
                    (may_come, came) = (false, true);
                } else {
                    // A number is an answer too.
                    came |= may_come && folded.chars().all(char::is_numeric);
                    may_come = false;
                }
            }
            Token::Quoted(answer) => {
                if may_come {
                    found.push(answer.clone());
                    came = true;
                }
                may_come = false;
            }
            Token::Value => (may_come, came) = (false, came || may_come),
            Token::Joint => may_come |= came,
            Token::Stop => {}
        }
    }
    found
}

/// Whether a word is in capitals, or of a script that has none.
fn stands_out(word: &str) -> bool {
    word.chars().any(char::is_alphabetic) && !word.chars().any(char::is_lowercase)
}

fn tokens(text: &Template) -> Vec<Token> {
    let mut tokens = Vec::new();
    for piece in &text.0 {
        match piece {
            Piece::Text(text) => read(text, &mut tokens),
            Piece::Value { .. } => tokens.push(Token::Value),
        }
    }
    tokens
}

fn read(text: &str, tokens: &mut Vec<Token>) {
    let mut rest = text;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let opens = closing(c).filter(|_| !before.is_alphanumeric());
        if let Some((answer, beyond)) = opens.and_then(|close| quoted(after, close)) {
            tokens.push(Token::Quoted(answer.into()));
            (rest, before) = (beyond, c);
            continue;
        }
        if c.is_alphanumeric() {
            let end = rest.find(|c: char| !is_inside(c)).unwrap_or(rest.len());
            let (word, beyond) = rest.split_at(end);
            tokens.push(Token::Word(word.into()));
            (rest, before) = (beyond, c);
            continue;
        }
        match c {
            ',' | ';' | '/' | '|' | '&' | '，' | '、' => tokens.push(Token::Joint),
            '.' if after.chars().next().is_none_or(char::is_whitespace) => tokens.push(Token::Stop),
            '!' | '?' | '\n' | '。' | '！' | '？' => tokens.push(Token::Stop),
            _ => {}
        }
        (rest, before) = (after, c);
    }
}

/// What belongs to a word once it has begun: also invisible characters and apostrophes.
fn is_inside(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\'' | '’' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// The quote that ends what this one begins.
fn closing(c: char) -> Option<&'static [char]> {
    Some(match c {
        '"' | '“' | '”' | '„' => &['"', '“', '”'],
        '\'' | '‘' | '’' | '‚' => &['\'', '‘', '’'],
        '«' | '»' => &['«', '»'],
        '「' => &['」'],
        '*' => &['*'],
        '`' => &['`', '\''],
        _ => return None,
    })
}

fn quoted<'a>(text: &'a str, close: &[char]) -> Option<(&'a str, &'a str)> {
    let (end, quote) = text.char_indices().take(LONGEST).find(|(_, c)| close.contains(c))?;
    Some((text.get(..end)?, text.get(end + quote.len_utf8()..)?))
}
