//! Names, texts, numbers, durations, channels, purposes, and values made of them.

use journey_spec::codes::{J0001, J0003};
use journey_spec::program::{Calendar, Channel, Millis, Purpose, Window};
use journey_spec::time;

use super::{MAX_TERMS, Node, Reader, Rule};
use crate::alike::looks_like;
use crate::ast::{At, Expr, ExprKind, Name, Path};
use crate::diagnostics::{Finding, did_you_mean};
use crate::fix::Fix;
use crate::source::Span;

impl<'a> Reader<'a> {
    pub(super) fn name(&self, node: &Node<'_>) -> Name {
        Name { text: self.meant(node.as_str()), span: self.span(node) }
    }

    /// A name as it was meant; one with a letter that no name has is told when the file was read.
    pub(super) fn meant(&self, written: &str) -> String {
        if written.is_ascii() {
            return written.to_string();
        }
        self.odd.borrow_mut().insert(written.to_string());
        written.chars().map(|c| if c.is_ascii() { c } else { looks_like(c).unwrap_or(c) }).collect()
    }

    /// Says of each name that has a letter in it that no name has, once.
    pub(super) fn odd_names(&mut self) {
        let odd = std::mem::take(&mut *self.odd.borrow_mut());
        for word in odd {
            let of_a_name = |c: char| c.is_alphanumeric() || c == '_';
            let in_comment = |at: u32| self.scan.comments.iter().any(|c| c.span.start <= at && at < c.span.end);
            let places: Vec<Span> = self
                .text
                .match_indices(word.as_str())
                .map(|(at, word)| (at as u32, (at + word.len()) as u32))
                .filter(|(start, end)| {
                    let before = self.text.get(..*start as usize).and_then(|t| t.chars().next_back());
                    let after = self.text.get(*end as usize..).and_then(|t| t.chars().next());
                    !in_comment(*start) && !before.into_iter().chain(after).any(of_a_name)
                })
                .map(|(start, end)| Span { file: self.file, start, end })
                .collect();
            let Some(first) = places.first().copied() else { continue };
            let meant: String =
                word.chars().map(|c| if c.is_ascii() { c } else { looks_like(c).unwrap_or(c) }).collect();
            let odd = word.chars().find(|c| !c.is_ascii());
            let finding = match odd.and_then(|c| Some((c, looks_like(c)?))).filter(|_| meant.is_ascii()) {
                Some((c, like)) => {
                    let edits = places.into_iter().map(|place| (place, meant.clone())).collect();
                    Finding::new(
                        &J0001,
                        first,
                        format!(
                            "`{}` is not the name that it looks like: one of its letters is no `{like}`",
                            clip(&word)
                        ),
                    )
                    .label(format!("its `{c}` is U+{:04X}, a letter of another alphabet", u32::from(c)))
                    .help(format!("write `{}` with the letters a to z", clip(&meant)))
                    .fix(Fix::words(edits, &word))
                }
                None => Finding::new(&J0001, first, format!("`{}` cannot be a name", clip(&word)))
                    .label(odd.map_or_else(String::new, |c| format!("`{c}` is none of its letters")))
                    .help("a name is made of the letters a to z, digits and _"),
            };
            self.report(finding);
        }
    }

    pub(super) fn path(&self, node: &Node<'_>) -> Path {
        let span = self.span(node);
        let mut start = span.start;
        let parts = node
            .as_str()
            .split('.')
            .map(|part| {
                let end = start + part.len() as u32;
                let name = Name { text: self.meant(part), span: Span { start, end, ..span } };
                start = end + 1;
                name
            })
            .collect();
        Path { parts, span }
    }

    /// A text used as a name: quotes off, escapes undone.
    pub(super) fn string(&mut self, node: &Node<'_>) -> Name {
        let span = self.span(node);
        let inside = node.as_str().strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or("");
        Name { text: self.unescape(inside, span.start + 1), span }
    }

    pub(super) fn unescape(&mut self, inside: &str, start: u32) -> String {
        let mut text = String::with_capacity(inside.len());
        let mut chars = inside.char_indices();
        while let Some((_, c)) = chars.next() {
            if c != '\\' {
                text.push(c);
                continue;
            }
            let Some((at, escaped)) = chars.next() else {
                text.push('\\');
                break;
            };
            let place = start + at as u32 - 1;
            text.push(self.escape(escaped, place));
        }
        text
    }

    /// What a backslash and this character mean.
    pub(super) fn escape(&mut self, escaped: char, start: u32) -> char {
        match escaped {
            'n' => '\n',
            '"' | '\\' | '{' | '}' => escaped,
            other => {
                let span = Span { file: self.file, start, end: start + 1 + other.len_utf8() as u32 };
                self.report(
                    Finding::new(&J0001, span, format!("`\\{other}` means nothing in a text"))
                        .label("unknown escape")
                        .help("write `\\\\` for a backslash; there are `\\\"`, `\\\\`, `\\n`, `\\{` and `\\}`"),
                );
                other
            }
        }
    }

    pub(super) fn integer(&mut self, node: &Node<'_>) -> At<u32> {
        let span = self.span(node);
        let value = node.as_str().parse().unwrap_or_else(|_| {
            self.report(
                Finding::new(&J0001, span, format!("`{}` is too large a number", clip(node.as_str())))
                    .label("too large")
                    .help(format!("the largest number here is {}", u32::MAX)),
            );
            u32::MAX
        });
        At { value, span }
    }

    pub(super) fn duration(&mut self, node: &Node<'_>) -> At<Millis> {
        let span = self.span(node);
        let value = time::parse_duration(node.as_str()).unwrap_or_else(|| {
            self.report(
                Finding::new(&J0001, span, format!("`{}` is longer than a hundred years", clip(node.as_str())))
                    .label("too long")
                    .help("take a shorter duration, such as `30d`"),
            );
            36_525 * journey_spec::program::DAY
        });
        At { value, span }
    }

    /// What stands behind a `per`: a duration, or a stretch of the calendar.
    pub(super) fn window(&mut self, node: &Node<'_>) -> At<Window> {
        match Calendar::named(node.as_str()) {
            Some(unit) => At { value: Window::Calendar(unit), span: self.span(node) },
            None => {
                let at = self.duration(node);
                At { value: Window::Rolling(at.value), span: at.span }
            }
        }
    }

    /// A time of day as its minute; 0 where it is none.
    pub(super) fn minute(&mut self, node: &Node<'_>) -> At<u16> {
        let span = self.span(node);
        let read = node.as_str().split_once(':').and_then(|(hour, minute)| {
            let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
            (hour < 24 && minute < 60).then_some(hour * 60 + minute)
        });
        let value = read.unwrap_or_else(|| {
            self.report(
                Finding::new(&J0001, span, format!("`{}` is no time of day", node.as_str()))
                    .label("not on the clock")
                    .help("times go from `00:00` to `23:59`"),
            );
            0
        });
        At { value, span }
    }

    pub(super) fn channel(&mut self, node: &Node<'_>) -> Option<At<Channel>> {
        let span = self.span(node);
        self.known(node.as_str(), span, "channel", Channel::named, || Channel::ALL.map(Channel::name).to_vec())
    }

    pub(super) fn purpose(&mut self, node: &Node<'_>) -> Option<At<Purpose>> {
        let span = self.span(node);
        self.known(node.as_str(), span, "purpose", Purpose::named, || Purpose::ALL.map(Purpose::name).to_vec())
    }

    /// One word of a closed set, or a finding that lists the set.
    pub(super) fn known<T>(
        &mut self,
        word: &str,
        span: Span,
        kind: &str,
        named: impl Fn(&str) -> Option<T>,
        all: impl Fn() -> Vec<&'static str>,
    ) -> Option<At<T>> {
        if let Some(value) = named(word) {
            return Some(At { value, span });
        }
        let all = all();
        let known: Vec<_> = all.iter().map(|w| format!("`{w}`")).collect();
        let mean = did_you_mean(word, all.iter().copied()).map(|mean| format!(", {mean}")).unwrap_or_default();
        self.report(
            Finding::new(&J0001, span, format!("there is no {kind} `{}`{mean}", clip(word)))
                .label(format!("unknown {kind}"))
                .fix(Fix::meant(span, word, all.iter().copied()))
                .help(format!("there are {}", known.join(", "))),
        );
        None
    }

    pub(super) fn expr(&mut self, node: Node<'a>) -> Option<Expr> {
        let whole = self.span(&node);
        let mut terms = 0;
        let mut minus = false;
        let mut sum: Option<Expr> = None;
        for piece in node.into_inner() {
            if piece.as_rule() == Rule::op {
                minus = piece.as_str() == "-";
                continue;
            }
            terms += 1;
            if terms > MAX_TERMS {
                self.report(
                    Finding::new(&J0003, whole, format!("this sum has more than {MAX_TERMS} terms"))
                        .label("only its beginning was read")
                        .help("write the sum out: `- 1d` rather than many small steps"),
                );
                break;
            }
            let right = self.term(piece)?;
            sum = Some(match sum {
                None => right,
                Some(left) => {
                    let span = left.span.to(right.span);
                    Expr { kind: ExprKind::Add { left: Box::new(left), right: Box::new(right), minus }, span }
                }
            });
        }
        sum
    }

    fn term(&mut self, node: Node<'a>) -> Option<Expr> {
        let span = self.span(&node);
        let kind = match node.as_rule() {
            Rule::literal => ExprKind::Record(self.entries(node)),
            Rule::texts => {
                let inner = node.into_inner().filter(|n| n.as_rule() == Rule::string);
                ExprKind::Texts(inner.map(|n| self.string(&n)).collect())
            }
            Rule::string => ExprKind::Text(self.string(&node).text),
            Rule::datetime => {
                self.real(time::Zone::utc().parse_local(&spaced(node.as_str())).is_some(), &node);
                ExprKind::DateTime(spaced(node.as_str()))
            }
            Rule::date => {
                self.real(time::parse_date(node.as_str()).is_some(), &node);
                ExprKind::Date(node.as_str().to_string())
            }
            Rule::duration => ExprKind::Duration(self.duration(&node).value),
            Rule::number => ExprKind::Number(node.as_str().to_string()),
            Rule::amount => {
                let mut inner = node.into_inner();
                let number = self.term(inner.next()?)?;
                let unit = self.name(&inner.next()?);
                let clock = inner.next().and_then(|clock| clock.into_inner().find(|n| n.as_rule() == Rule::time));
                ExprKind::Amount { number: Box::new(number), unit, at: clock.map(|time| self.minute(&time)) }
            }
            _ if node.as_str() == "true" => ExprKind::Bool(true),
            _ if node.as_str() == "false" => ExprKind::Bool(false),
            _ => ExprKind::Path(self.path(&node)),
        };
        Some(Expr { kind, span })
    }

    /// The entries of `{ id: "B1", slot: … }`.
    pub(super) fn entries(&mut self, node: Node<'a>) -> Vec<(Name, Expr)> {
        let mut entries = Vec::new();
        for entry in node.into_inner().filter(|n| n.as_rule() == Rule::entry) {
            let mut name = None;
            for part in entry.into_inner() {
                match part.as_rule() {
                    Rule::ident => name = Some(self.name(&part)),
                    Rule::expr => {
                        let value = self.expr(part);
                        entries.extend(name.take().zip(value));
                    }
                    _ => {}
                }
            }
        }
        entries
    }

    fn real(&mut self, exists: bool, node: &Node<'_>) {
        if !exists {
            let span = self.span(node);
            let year = node.as_str().split('-').next().and_then(|year| year.parse::<u32>().ok());
            let finding = match year.filter(|year| !(1900..=2200).contains(year)) {
                Some(year) => Finding::new(&J0001, span, format!("the year {year} is not known to the language"))
                    .label("out of range")
                    .help("the years 1900 to 2200 are known"),
                None => Finding::new(&J0001, span, format!("`{}` is on no calendar", node.as_str()))
                    .label("no such day or time")
                    .help("write year, month and day, such as `2026-03-20`, and a time such as `09:00`"),
            };
            self.report(finding);
        }
    }
}

/// One blank between date and time.
fn spaced(text: &str) -> String {
    text.replace('T', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A piece of the source, short enough for a message; characters that nobody can see by their number, `U+0000`.
pub(super) fn clip(text: &str) -> String {
    let mut said = String::new();
    for (i, c) in text.chars().enumerate() {
        match c {
            _ if i == 40 => {
                said.push('…');
                break;
            }
            c if c.is_control() => said.push_str(&format!("U+{:04X}", u32::from(c))),
            c => said.push(c),
        }
    }
    said
}
