//! How a text message is cut into segments, and which characters are in the small alphabet.
//!
//! A text whose every character is in the GSM 7-bit default alphabet or its extension table takes 160 septets in one
//! segment, or 153 in each of several; any other text is written in UTF-16 and takes 70 units, or 67 in each of several.
//! What needs two septets or units is not cut in two. Alphabets: 3GPP TS 23.038, sections 6.2.1 and 6.2.1.1; the header
//! that joins segments: 3GPP TS 23.040, section 9.2.3.24.1. National tables are not used: whether a telephone has them
//! is not known to who sends.

use super::extent::Extent;

/// The most segments of one message that carriers take.
pub(super) const MOST: u64 = 10;

/// Characters of one septet beside letters and digits without accents.
const ONE: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";
/// Characters of two: an escape and another.
const TWO: &str = "\u{c}^{}\\[~]|€";

/// How many septets a character takes; none where it is not in the small alphabet.
pub(super) fn septets(c: char) -> Option<u64> {
    match c {
        _ if c.is_ascii_alphanumeric() || ONE.contains(c) => Some(1),
        _ if TWO.contains(c) => Some(2),
        _ => None,
    }
}

/// How many segments a text of this extent takes at most.
pub(super) fn of(extent: &Extent) -> u64 {
    let (length, alone, joined) = match extent.small {
        true => (extent.septets, 160, 153),
        false => (extent.units, 70, 67),
    };
    // Where something of two may stand at the seam, a segment may hold one less.
    let joined = joined - u64::from(extent.doubles);
    if length <= alone { 1 } else { length.div_ceil(joined) }
}

/// How many characters fit in one of several segments of such a text.
pub(super) fn size(extent: &Extent) -> u64 {
    if extent.small { 153 } else { 67 }
}

/// What may stand for a character that is not in the small alphabet without anybody minding: typographic quotes, dashes
/// and blanks, which word processors put in.
pub(super) fn plainer(c: char) -> Option<&'static str> {
    Some(match c {
        '‘' | '’' | '‚' | '‛' | '′' | '´' | '`' => "'",
        '“' | '”' | '„' | '″' | '«' | '»' => "\"",
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => "-",
        '…' => "...",
        '•' | '·' => "*",
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\t' => " ",
        _ => return None,
    })
}
