//! What is wrong with a bad piece, in plain words.
//!
//! The grammar only says where a bad piece begins and ends. Its first word tells what was meant; the piece is read
//! again by that word's own rule, which gives the furthest place that makes sense and what could stand there.

use journey_spec::codes::J0001;
use pest::Parser;
use pest::error::{ErrorVariant, InputLocation};

use super::scan::{after_text, is_closed};
use super::words::clip;
use super::{Grammar, MAX_FINDINGS, Node, Reader, Rule};
use crate::diagnostics::{Finding, did_you_mean};
use crate::fix::Fix;
use crate::source::Span;

/// How the message of a text that is not closed begins.
pub(super) const UNCLOSED_TEXT: &str = "this text is not closed";

/// In which kind of block a piece stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At the top of a file.
    File,
    /// Among fields.
    Fields,
    /// In a message.
    Message,
    /// In a message's `replies`.
    Replies,
    /// In a policy.
    Policy,
    /// In a journey, outside its states.
    Journey,
    /// In a state.
    State,
    /// In a `stay { … }`.
    Actions,
    /// In a `send … { … }`.
    Send,
    /// In a `call … { … }`.
    Call,
    /// In a `choose … { … }`.
    Choose,
    /// In a `split … { … }`.
    Split,
    /// In a `migrate … { … }`.
    Migrate,
    /// In a scenario.
    Scenario,
}

/// Words that lines begin with, and the rules that read them.
type Lines = &'static [(&'static str, &'static [Rule])];

impl Place {
    const BY_WORD: [Place; 7] =
        [Place::File, Place::Journey, Place::State, Place::Message, Place::Policy, Place::Scenario, Place::Actions];

    fn lines(self) -> Lines {
        match self {
            Place::File => &[
                ("use", &[Rule::use_item]),
                ("customer", &[Rule::customer_decl]),
                ("record", &[Rule::record_decl]),
                ("event", &[Rule::event_decl]),
                ("message", &[Rule::message_decl]),
                ("service", &[Rule::service_decl]),
                ("hook", &[Rule::hook_decl]),
                ("policy", &[Rule::policy_decl]),
                ("journey", &[Rule::journey_decl]),
                ("scenario", &[Rule::scenario_decl]),
            ],
            Place::Fields | Place::Replies | Place::Call | Place::Split | Place::Migrate => &[],
            Place::Choose => &[("when", &[Rule::choice]), ("else", &[Rule::choice])],
            Place::Message => &[
                ("purpose", &[Rule::purpose]),
                ("sms", &[Rule::variant]),
                ("email", &[Rule::variant]),
                ("voice", &[Rule::variant]),
                ("push", &[Rule::variant]),
                ("whatsapp", &[Rule::variant]),
                ("webchat", &[Rule::variant]),
                ("replies", &[Rule::replies]),
                ("valid", &[Rule::valid_for, Rule::valid_until]),
                ("essential", &[Rule::essential]),
                ("fresh", &[Rule::fresh]),
            ],
            Place::Policy => &[
                ("limit", &[Rule::limit]),
                ("quiet", &[Rule::quiet_after, Rule::quiet]),
                ("valid", &[Rule::valid_for]),
                ("grace", &[Rule::grace]),
                ("reply", &[Rule::reply_window]),
                ("after", &[Rule::after_end]),
                ("require", &[Rule::require]),
                ("stop", &[Rule::stop_spares, Rule::stop_answers]),
                ("locale", &[Rule::in_locale]),
            ],
            Place::Journey => &[
                ("data", &[Rule::data]),
                ("limit", &[Rule::limit]),
                ("start", &[Rule::start]),
                ("on", &[Rule::on_arrow]),
                ("state", &[Rule::state]),
                ("end", &[Rule::end_decl]),
                ("goal", &[Rule::goal]),
                ("migrate", &[Rule::migrate]),
            ],
            Place::State => &[
                ("send", &[Rule::send]),
                ("handoff", &[Rule::handoff]),
                ("set", &[Rule::set]),
                ("call", &[Rule::call]),
                ("->", &[Rule::goto]),
                ("choose", &[Rule::choose]),
                ("split", &[Rule::split]),
                ("on", &[Rule::on_arrow]),
                ("after", &[Rule::after_arrow]),
                ("at", &[Rule::at_arrow]),
            ],
            Place::Actions => &[("send", &[Rule::send]), ("handoff", &[Rule::handoff]), ("set", &[Rule::set])],
            Place::Send => &[("on", &[Rule::send_arrow, Rule::send_set])],
            Place::Scenario => &[
                ("given", &[Rule::given]),
                ("at", &[Rule::at_line]),
                ("advance", &[Rule::advance]),
                ("event", &[Rule::event_line]),
                ("repeat", &[Rule::repeat]),
                ("reply", &[Rule::reply_line]),
                ("handoff", &[Rule::handoff_closed]),
                ("opt", &[Rule::opt_out]),
                ("mock", &[Rule::mock_call, Rule::mock_hook, Rule::mock_split]),
                ("channel", &[Rule::channel_fails]),
                ("pause", &[Rule::pause]),
                ("never", &[Rule::never]),
                ("expect", &[Rule::expect]),
            ],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Place::File => "at the top of a file",
            Place::Fields => "among fields",
            Place::Message => "in a message",
            Place::Replies => "among replies",
            Place::Policy => "in a policy",
            Place::Journey => "in a journey, outside its states",
            Place::State => "in a state",
            Place::Actions => "in a `stay` block",
            Place::Send => "in a block behind `send`",
            Place::Call => "among the outcomes of a call",
            Place::Choose => "among the ways of a `choose`",
            Place::Split => "among the ways of a `split`",
            Place::Migrate => "in a `migrate` block",
            Place::Scenario => "in a scenario",
        }
    }

    /// What a bad piece of this place is read as when no first word tells.
    fn any_line(self) -> &'static [Rule] {
        match self {
            Place::Fields => &[Rule::field],
            Place::Replies => &[Rule::reply_decl],
            Place::Call => &[Rule::outcome],
            Place::Choose => &[Rule::choice],
            Place::Split => &[Rule::share],
            Place::Migrate => &[Rule::moved],
            _ => &[],
        }
    }
}

/// Words that go on with a line.
const CONTINUATIONS: Lines = &[
    ("via", &[Rule::via]),
    ("promising", &[Rule::promising]),
    ("keeping", &[Rule::keeping]),
    ("withdrawing", &[Rule::withdrawing]),
    ("with", &[Rule::transcript]),
    ("priority", &[Rule::priority]),
    ("settle", &[Rule::settle]),
    ("when", &[Rule::when]),
    ("if", &[Rule::if_past]),
    ("happened", &[Rule::happened]),
    ("from", &[Rule::body]),
    ("per", &[Rule::limit_per]),
    ("consent", &[Rule::consent]),
    ("sensitive", &[Rule::sensitive]),
];

impl Reader<'_> {
    /// Says once what is wrong with a bad piece.
    pub(super) fn bad(&mut self, node: &Node<'_>, place: Place) {
        if self.findings.len() >= MAX_FINDINGS {
            return;
        }
        let span = self.span(node);
        let text = self.text;
        let piece = text.get(span.start as usize..span.end as usize).unwrap_or("");
        let first_line = piece.lines().next().unwrap_or("").trim_end();
        let line = Span { end: span.start + first_line.len() as u32, ..span };
        let searched = if place == Place::File { first_line } else { piece };
        let finding = match unclosed_text(searched) {
            Some((from, to)) => {
                let place = Span { start: span.start + from as u32, end: span.start + to as u32, ..span };
                Finding::new(&J0001, place, format!("{UNCLOSED_TEXT}; a text ends on its own line"))
                    .label("opened here")
                    .help("close it with `\"`; write `\\\"` for a quote inside, and `\\n` for a new line")
            }
            None => self.reason(piece, line, place),
        };
        self.report(finding);
    }

    fn reason(&self, piece: &str, line: Span, place: Place) -> Finding {
        let word = token(piece);
        let here = Span { end: line.start + word.len() as u32, ..line };
        // What stands behind an event's fields.
        let clause = match word {
            "at" => Some(Rule::intake),
            "made" => Some(Rule::made_by),
            "checked" => Some(Rule::checked_by),
            _ => None,
        };
        if let Some(rule) = clause.filter(|_| place == Place::File) {
            return self.furthest(&[rule], piece, line, place);
        }
        if word == "allow" {
            return match place {
                Place::File | Place::Message | Place::Policy | Place::Journey | Place::State => {
                    self.furthest(&[Rule::allow], piece, line, place)
                }
                _ => Finding::new(&J0001, here, format!("`allow` cannot stand {}", place.name()))
                    .label("not here")
                    .help("it stands before an item, or before a line of a message, a policy, a journey or a state"),
            };
        }
        let lines = place.lines();
        let known = |lines: Lines| lines.iter().find(|(w, _)| *w == word).map(|(_, rules)| *rules);
        let is_word = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        // Behind a field these go on with it; a field of that name has its colon.
        let goes_on = place == Place::Fields && matches!(word, "consent" | "sensitive");
        let of_any = (is_word || place == Place::Split) && !goes_on;
        let any = Some(place.any_line()).filter(|rules| of_any && !rules.is_empty());
        if let Some(rules) = known(lines).or(any).or_else(|| known(CONTINUATIONS)) {
            return self.furthest(rules, piece, line, place);
        }
        if word == "}" {
            return Finding::new(&J0001, here, "this `}` closes nothing")
                .label("nothing is open here")
                .help("take it out, or look for a `}` too many above");
        }
        if !is_word {
            return odd(word, here, format!("`{}` cannot stand {}", clip(word), place.name()));
        }
        if let Some(home) = Place::BY_WORD.into_iter().find(|other| other.lines().iter().any(|(w, _)| *w == word)) {
            let finding = Finding::new(&J0001, here, format!("`{word}` cannot stand {}", place.name()))
                .label(format!("it stands {}", home.name()));
            let help = match (place, word) {
                (Place::File, _) => "is there one `}` too many above?",
                (Place::Send, "set") => {
                    "write `on sent set …` for what is set as the message leaves, or move it before the `send`"
                }
                _ => "move it there; or is there a `}` missing above?",
            };
            return finding.help(help);
        }
        let words: Vec<_> = lines.iter().map(|(w, _)| *w).collect();
        let follows = !self.begins_its_line(line.start);
        let more = CONTINUATIONS.iter().map(|(w, _)| *w).filter(|_| follows);
        let fix = Fix::meant(here, word, words.iter().copied().chain(more.clone()));
        let mean = did_you_mean(word, words.iter().copied().chain(more));
        let message = match &mean {
            Some(mean) => format!("unknown word `{}` here, {mean}", clip(word)),
            None => format!("unknown word `{}` here", clip(word)),
        };
        let listed = words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>();
        Finding::new(&J0001, here, message).fix(fix).label(format!("not known {}", place.name())).help(format!(
            "what stands {} begins with {}",
            place.name(),
            either(&listed)
        ))
    }

    fn begins_its_line(&self, at: u32) -> bool {
        let before = self.text.get(..at as usize).unwrap_or("");
        before.rsplit('\n').next().unwrap_or("").trim().is_empty()
    }

    /// Reads a piece by rules of its own and tells where they stopped.
    fn furthest(&self, rules: &[Rule], piece: &str, line: Span, place: Place) -> Finding {
        let mut stop = 0;
        let mut expected: Vec<Rule> = Vec::new();
        for rule in rules {
            let Err(error) = Grammar::parse(*rule, piece) else { continue };
            let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
            let ErrorVariant::ParsingError { positives, .. } = error.variant else { continue };
            if at > stop {
                expected.clear();
                stop = at;
            }
            if at == stop {
                expected.extend(positives);
            }
        }
        let rest = piece.get(stop..).unwrap_or("");
        let (before, found) = (piece.get(..stop).unwrap_or("").trim_end(), token(rest));
        let start = line.start + if rest.trim().is_empty() { before.len() } else { stop } as u32;
        let here = Span { start, end: start + found.len() as u32, ..line };
        let previous = last_token(before);
        if let Some(finding) = not_yet(previous, found, rest, here) {
            return finding;
        }
        if let Some(finding) = foreign(rest, here, expected.contains(&Rule::equals)) {
            return finding;
        }
        if expected.is_empty() {
            return odd(token(piece), line, format!("this cannot be read {}", place.name()));
        }
        let words: Vec<String> = expected.iter().flat_map(|rule| spellings(*rule)).collect();
        // a slip of the pen seldom touches the first letter, and a name of the author's is soon close to some keyword
        let close = words.iter().map(String::as_str).filter(|word| word.chars().next() == found.chars().next());
        if let Some(mean) = did_you_mean(found, close.clone()) {
            return Finding::new(&J0001, here, format!("unknown word `{}` here, {mean}", clip(found)))
                .fix(Fix::meant(here, found, close))
                .label(format!("expected {}", wanted(&expected)));
        }
        let after = if previous.is_empty() { String::new() } else { format!(" after `{}`", clip(previous)) };
        let names = [Rule::name, Rule::channel_ref];
        let same_line = !piece.get(before.len()..stop).unwrap_or("").contains('\n');
        if same_line && names.iter().any(|rule| expected.contains(rule)) && is_reserved(found) {
            return Finding::new(
                &J0001,
                here,
                format!("expected {}{after}, and `{found}` is a word of the language", wanted(&expected)),
            )
            .label("reserved")
            .help(format!(
                "take another name, such as `the_{found}`; chapter 1 of the specification lists the reserved words"
            ));
        }
        let label = match found {
            "" => "the line ends here".to_string(),
            _ => format!("found `{}`", clip(found)),
        };
        let finding = odd(found, here, format!("expected {}{after}", wanted(&expected))).label(label);
        let number = !found.is_empty() && found.chars().all(|c| c.is_ascii_digit());
        match number && expected.contains(&Rule::duration) {
            true => {
                let n = clip(found);
                finding.help(format!("a duration has its unit behind the number: `{n}h` for hours, `{n}d` for days"))
            }
            false => finding,
        }
    }
}

/// Whether a word could be a name, were it not one of the language.
fn is_reserved(word: &str) -> bool {
    let whole = |rule| Grammar::parse(rule, word).is_ok_and(|read| read.as_str() == word);
    whole(Rule::ident) && !whole(Rule::name)
}

/// What cannot be read, with help for characters that word processors put in.
fn odd(found: &str, span: Span, message: String) -> Finding {
    let finding = Finding::new(&J0001, span, message);
    match found.chars().next() {
        Some('“' | '”' | '„' | '‘' | '’' | '\'') => {
            finding.help("a text stands between straight double quotes, `\"like this\"`")
        }
        Some('→') => finding.help("an arrow is written `->`"),
        Some('–' | '—') => finding.help("a minus is written `-`, an arrow `->`"),
        Some('\u{a0}') => finding.help("this is a hard blank; put an ordinary one"),
        Some(';') => finding.help("lines need nothing at their end"),
        Some(c) if c.is_alphabetic() && !c.is_ascii() => {
            finding.help("a name is made of the letters a to z, digits and _")
        }
        Some(c) if c.is_control() => finding.help("nobody can see this character; take it out"),
        _ => finding,
    }
}

/// Signs of other languages, with the words that mean the same here.
fn foreign(rest: &str, here: Span, sets: bool) -> Option<Finding> {
    const SIGNS: [(&str, &str); 7] =
        [("==", "is"), ("!=", "is not"), ("<>", "is not"), ("&&", "and"), ("||", "or"), ("=", "is"), ("!", "not")];
    let (sign, mut word) = SIGNS.iter().copied().find(|(sign, _)| rest.starts_with(sign))?;
    if sets {
        word = "=";
    }
    let place = Span { end: here.start + sign.len() as u32, ..here };
    Some(
        Finding::new(&J0001, place, format!("`{sign}` is written `{word}` here"))
            .label("a word of the language instead")
            .help(match sets {
                true => "a datum is set with one sign: `set booking.engineer = \"nobody\"`",
                false => "a condition reads as a sentence: `when booking.kind is repair and not booking.paid`",
            }),
    )
}

/// What stands at the stop of a rule and is written in another way.
fn not_yet(previous: &str, found: &str, rest: &str, here: Span) -> Option<Finding> {
    if previous == "per" && matches!(found, "hour" | "minute" | "year" | "days" | "weeks" | "months") {
        return Some(
            Finding::new(&J0001, here, format!("a limit has no window called `{found}`")).label("not known").help(
                "write `per day`, `per week` or `per month` for the customer's calendar, or a length such as `per 1h`",
            ),
        );
    }
    if previous == "sent" && matches!(found, "->" | "stay" | "send" | "handoff") {
        return Some(
            Finding::new(&J0001, here, "a message that leaves leads nowhere by itself, it only sets data")
                .label("expected `set`")
                .help("write `on sent set said = booking.slot`, and ask for it where it matters: `on … when said is known -> …`"),
        );
    }
    if previous == "sent" && found == "set" {
        return Some(
            Finding::new(&J0001, here, "what is set as a message leaves stands in a block behind its `send`")
                .label("no message here that leaves")
                .help("write `send NAME { on sent set … }`"),
        );
    }
    let number = found.chars().all(|c| c.is_ascii_digit()) && !found.is_empty();
    let unit = token(rest.get(found.len()..).unwrap_or("").trim_start());
    if number && matches!(unit, "day" | "days") && matches!(previous, "settle" | "for" | "within" | "per") {
        let help =
            format!("write `{found}d`; calendar days stand behind `after` and in an `at`, with their time of day");
        return Some(
            Finding::new(
                &J0001,
                here,
                format!("`{previous}` counts elapsed time, and {found} {unit} are calendar time"),
            )
            .label("not here")
            .help(help),
        );
    }
    if matches!(previous, "day" | "days") && found == "->" {
        let what = if previous == "day" { "a calendar day ends" } else { "calendar days end" };
        return Some(
            Finding::new(&J0001, here, format!("{what} at some time of the day, and none is said"))
                .label("when?")
                .help("write `after 1 day at 09:00`; for elapsed time write `after 24h`"),
        );
    }
    None
}

/// From where to where a text is not closed.
fn unclosed_text(piece: &str) -> Option<(usize, usize)> {
    let bytes = piece.as_bytes();
    let mut i = 0;
    while let Some(b) = bytes.get(i) {
        match b {
            b'"' if !is_closed(bytes, i) => return Some((i, after_text(bytes, i))),
            b'"' => i = after_text(bytes, i),
            b'/' if bytes.get(i + 1) == Some(&b'/') => {
                i += bytes.get(i..)?.iter().position(|b| *b == b'\n')?;
            }
            _ => i += 1,
        }
    }
    None
}

/// The first word, text, number or sign.
fn token(text: &str) -> &str {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let end = match text.chars().next() {
        None | Some('\n' | '\r') => 0,
        Some('"') => after_text(text.as_bytes(), 0),
        Some('-') if text.starts_with("->") => 2,
        Some(c) if word(c) => text.find(|c| !word(c)).unwrap_or(text.len()),
        Some(c) => c.len_utf8(),
    };
    text.get(..end).unwrap_or("")
}

fn last_token(text: &str) -> &str {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.' || c == ':';
    let start = match text.chars().next_back() {
        None => return "",
        Some('>') => text.len() - if text.ends_with("->") { 2 } else { 1 },
        Some('"') => text.get(..text.len() - 1).and_then(|t| t.rfind('"')).unwrap_or(text.len() - 1),
        Some(c) if word(c) => text.char_indices().rfind(|(_, c)| !word(*c)).map_or(0, |(i, c)| i + c.len_utf8()),
        Some(c) => text.len() - c.len_utf8(),
    };
    text.get(start..).unwrap_or("")
}

fn either(items: &[String]) -> String {
    match items {
        [] => "something else".into(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn wanted(rules: &[Rule]) -> String {
    let mut said: Vec<String> = Vec::new();
    for rule in rules {
        let words = describe(*rule);
        if !words.is_empty() && !said.contains(&words) {
            said.push(words);
        }
    }
    either(&said)
}

/// The words that a rule begins with, as far as they are fixed.
fn spellings(rule: Rule) -> Vec<String> {
    let words: &[&str] = match rule {
        Rule::fate => &["defer", "latest", "skip", "handoff", "end"],
        Rule::stay => &["stay"],
        Rule::settle => &["settle"],
        Rule::any_number => &["number"],
        Rule::any_verdicts => &["verdicts"],
        Rule::any_data => &["data"],
        Rule::module_size => &["up"],
        Rule::made_by => &["made"],
        Rule::checked_by => &["checked"],
        Rule::hook_within => &["within"],
        Rule::on_failure => &["on"],
        Rule::body => &["from"],
        Rule::priority => &["priority"],
        Rule::channel | Rule::channel_ref => &["sms", "email", "voice", "push", "whatsapp", "webchat"],
        Rule::on_blocked => &["blocked"],
        Rule::on_failed => &["failed"],
        Rule::on_sent => &["sent"],
        Rule::limit_per => &["per"],
        Rule::newest => &["newest"],
        Rule::happened => &["happened"],
        Rule::journey_key => &["per"],
        Rule::consent => &["consent"],
        Rule::sensitive => &["sensitive"],
        Rule::for_purposes => &["for"],
        Rule::counter => &["as"],
        Rule::visits => &["visits"],
        Rule::intake | Rule::clock => &["at"],
        Rule::day_unit => &["day", "days"],
        Rule::calendar => &["day", "week", "month"],
        _ => return keyword(rule).into_iter().collect(),
    };
    words.iter().map(|w| (*w).to_string()).collect()
}

fn keyword(rule: Rule) -> Option<String> {
    format!("{rule:?}").strip_prefix("k_").map(String::from)
}

/// What a rule is to a reader; empty for what needs no mention beside the rest.
fn describe(rule: Rule) -> String {
    if rule == Rule::k_one {
        return "`one of`".into();
    }
    if let Some(word) = keyword(rule) {
        return format!("`{word}`");
    }
    match rule {
        Rule::name | Rule::ident | Rule::reply_ref | Rule::end_kind | Rule::promise_fate => "a name".into(),
        Rule::path | Rule::value_path | Rule::per_key => "a name such as `booking.id`".into(),
        Rule::on_event => "an event such as `booking.created`".into(),
        Rule::returns | Rule::record_name => "a record such as `Booking`".into(),
        Rule::string => "a text in quotes".into(),
        Rule::locale_tag => "a language such as `es`".into(),
        Rule::locale_in | Rule::saying => String::new(),
        Rule::integer | Rule::number => "a number".into(),
        Rule::any_number => "`number`".into(),
        Rule::any_verdicts => "`verdicts`".into(),
        Rule::any_data => "`data`".into(),
        Rule::module_size => "`up to`".into(),
        Rule::made_by => "`made by`".into(),
        Rule::checked_by => "`checked by`".into(),
        Rule::memory => "memory such as `16MiB`".into(),
        Rule::hook_within => "`within`".into(),
        Rule::on_failure => "`on failure`".into(),
        Rule::body => "`from`".into(),
        Rule::priority => "`priority`".into(),
        Rule::duration => "a duration such as `15m`".into(),
        Rule::calendar => "`day`, `week` or `month`".into(),
        Rule::days_at | Rule::day_count => "calendar days such as `1 day at 09:00`".into(),
        Rule::day_unit => "`days`".into(),
        Rule::intake | Rule::clock => "`at`".into(),
        Rule::time => "a time such as `21:00`".into(),
        Rule::channel | Rule::channel_ref => "a channel such as `sms`".into(),
        Rule::purpose_ref | Rule::consent_ref => "a purpose such as `service`".into(),
        Rule::requirement => "a requirement such as `handoff`".into(),
        Rule::count_what => "`messages` or a channel".into(),
        Rule::arrow | Rule::goto => "`->`".into(),
        Rule::expr | Rule::literal | Rule::texts | Rule::amount => "a value".into(),
        Rule::op => "`+` or `-`".into(),
        Rule::cmp => "a comparison such as `is` or `<`".into(),
        Rule::condition | Rule::cond_all | Rule::cond_not | Rule::cond_group | Rule::comparison => {
            "a condition such as `booking.slot > now + 2h`".into()
        }
        Rule::when => "`when`".into(),
        Rule::percent => "a percentage such as `45%`".into(),
        Rule::choice => "a name and its `->`".into(),
        Rule::moved => "a state of the older version and its `->`".into(),
        Rule::any_version => "`any`".into(),
        Rule::open | Rule::fields | Rule::customer_fields | Rule::message_block | Rule::policy_block => "`{`".into(),
        Rule::journey_block | Rule::state_block | Rule::scenario_block | Rule::call_block => "`{`".into(),
        Rule::choose_block | Rule::split_block | Rule::migrate_block => "`{`".into(),
        Rule::replies_block | Rule::send_block | Rule::actions => "`{`".into(),
        Rule::close => "`}`".into(),
        Rule::lpar | Rule::args | Rule::params | Rule::take => "`(`".into(),
        Rule::rpar => "`)`".into(),
        Rule::equals => "`=`".into(),
        Rule::comma => "`,`".into(),
        Rule::colon => "`:`".into(),
        Rule::bar => "`|`".into(),
        Rule::type_ref | Rule::type_name => "a type such as `text`".into(),
        Rule::one_of => "`one of { … }`".into(),
        Rule::fate => "`defer`, `latest`, `skip`, `handoff`, `->` or `end`".into(),
        Rule::limit_what | Rule::limit_word => "what is counted, such as `messages`".into(),
        Rule::limit_per | Rule::journey_key => "`per`".into(),
        Rule::stay => "`stay`".into(),
        Rule::settle => "`settle`".into(),
        Rule::newest => "`newest by`".into(),
        Rule::consent => "`consent`".into(),
        Rule::sensitive => "`sensitive`".into(),
        Rule::sensitive_ref => "a kind such as `health`".into(),
        Rule::for_purposes | Rule::for_sorts => "`for`".into(),
        Rule::sort | Rule::sort_word => "a purpose or a channel, such as `debt voice`".into(),
        Rule::counter => "`as`".into(),
        Rule::on_blocked => "`blocked`".into(),
        Rule::on_failed => "`failed`".into(),
        Rule::on_sent => "`sent`".into(),
        Rule::field | Rule::entry => "a field such as `id: text`".into(),
        _ => String::new(),
    }
}
