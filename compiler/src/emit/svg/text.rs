//! How wide text is, where it is broken, and how it is written into a drawing.

/// Width of the printable ASCII characters from the space on, in thousandths of the size: for each the wider of DejaVu
/// Sans and Liberation Sans, which measures as Arial and Helvetica do. So a text fits whichever of them a reader has.
const PLAIN: [u16; 95] = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636, 636,
    636, 636, 636, 337, 337, 838, 838, 838, 556, 1015, 684, 686, 722, 770, 667, 611, 778, 752, 295, 500, 667, 557, 863,
    748, 787, 667, 787, 722, 667, 611, 732, 684, 989, 685, 667, 685, 390, 337, 390, 838, 556, 500, 613, 635, 550, 635,
    615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636,
    337, 636, 838,
];

/// The same of the bold faces.
const BOLD: [u16; 95] = [
    348, 456, 521, 838, 696, 1002, 872, 306, 457, 457, 523, 838, 380, 415, 380, 365, 696, 696, 696, 696, 696, 696, 696,
    696, 696, 696, 400, 400, 838, 838, 838, 611, 1000, 774, 762, 734, 830, 683, 683, 821, 837, 372, 556, 775, 637, 995,
    837, 850, 733, 850, 770, 720, 682, 812, 774, 1103, 771, 724, 725, 457, 365, 457, 838, 556, 500, 675, 716, 593, 716,
    678, 435, 716, 712, 343, 343, 665, 343, 1042, 712, 687, 716, 716, 493, 595, 478, 712, 652, 924, 645, 652, 582, 712,
    365, 712, 838,
];

/// A face: a size, bold or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Face {
    /// Size in the units of the drawing.
    pub size: f64,
    /// Whether it is bold.
    pub bold: bool,
}

impl Face {
    /// A plain face of this size.
    pub(super) const fn plain(size: f64) -> Face {
        Face { size, bold: false }
    }

    /// A bold face of this size.
    pub(super) const fn bold(size: f64) -> Face {
        Face { size, bold: true }
    }
}

/// The most room that a text can take.
#[must_use]
pub fn width(text: &str, face: Face) -> f64 {
    let table = if face.bold { &BOLD } else { &PLAIN };
    let of = |c: char| -> f64 {
        let ascii = usize::try_from(u32::from(c)).ok().and_then(|code| code.checked_sub(32)).and_then(|i| table.get(i));
        match (ascii, u32::from(c)) {
            (Some(width), _) => f64::from(*width),
            (None, 0x300..0x370) => 0.0,
            // Letters with accents, Greek and Cyrillic; a few of them are as wide as an M.
            (None, 0xA0..0x530) => 1_000.0,
            (None, _) => 1_150.0,
        }
    };
    text.chars().map(of).sum::<f64>() * face.size / 1_000.0
}

/// Breaks a text into lines of at most this width: between words, and within one only where it alone is too wide.
pub(super) fn wrapped(text: &str, face: Face, room: f64) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words(text) {
        let word = word.as_str();
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if width(&longer, face) <= room {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for part in parts(word, face, room) {
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line = part;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Words that stay with the next, so that no line ends in a lone sign or preposition.
const BOUND: [&str; 18] = [
    "-", "+", "->", "<", "<=", ">", ">=", "and", "at", "by", "else", "is", "on", "or", "per", "settle", "when",
    "within",
];

/// The words of a text, those that belong together as one.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut bound = false;
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(last) if bound => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
        bound = BOUND.contains(&word);
    }
    words
}

/// A word in parts that fit, broken after a space, a dot or an underscore where there is one.
fn parts(word: &str, face: Face, room: f64) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = word;
    while width(rest, face) > room {
        let mut fits = 0;
        let mut sum = 0.0;
        for (i, c) in rest.char_indices() {
            sum += width(c.encode_utf8(&mut [0; 4]), face);
            if sum > room {
                break;
            }
            fits = i + c.len_utf8();
        }
        // A single character is never too wide for a line that anybody asks for; one is taken anyway.
        let fits = if fits == 0 { rest.chars().next().map_or(rest.len(), char::len_utf8) } else { fits };
        let head = rest.get(..fits).unwrap_or(rest);
        let nice = head.rfind([' ', '.', '_', '-', '/']).map(|i| i + 1).filter(|i| *i * 3 > fits);
        let (head, tail) = rest.split_at_checked(nice.unwrap_or(fits)).unwrap_or((rest, ""));
        parts.push(head.trim_end().to_owned());
        rest = tail.trim_start();
    }
    if !rest.is_empty() {
        parts.push(rest.to_owned());
    }
    parts
}

/// Text as XML takes it; what XML does not take at all becomes a space.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{FFFE}' | '\u{FFFF}' => out.push(' '),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A number without a needless fraction.
pub(super) fn num(x: f64) -> String {
    let x = (x * 10.0).round() / 10.0;
    // No minus before nothing.
    let x = if x == 0.0 { 0.0 } else { x };
    x.to_string()
}
