//! The tree as lines: declarations, policies and journeys.

use super::layout::{Block, Entry, Part};
use crate::ast::*;
use crate::source::Span;
use journey_spec::program::{EndKind, Requirement};

/// The text that the tree was read from, for what the tree does not keep: how a duration was written, where braces are.
pub(super) struct Source<'a> {
    text: &'a str,
    /// Braces outside texts and comments, by their opening: `(open, close)`.
    braces: Vec<(usize, usize)>,
    /// Kept beside the tree; each is printed on a line of its own.
    allows: &'a [Allow],
}

pub(super) const COMMA: &str = ", ";
pub(super) const BLANKS: &str = "   ";

/// `[es]`, where there is one.
fn tag(locale: Option<&Name>) -> String {
    locale.map(|tag| format!("[{}]", tag.text)).unwrap_or_default()
}

/// `debt voice`, `marketing`, `sms`
fn sort(sort: &SortDecl) -> String {
    let purpose = sort.purpose.as_ref().map(|p| p.value.name());
    let words: Vec<&str> = purpose.into_iter().chain(sort.channel.as_ref().map(|c| c.value.name())).collect();
    if words.is_empty() { "messages".into() } else { words.join(" ") }
}

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a str, allows: &'a [Allow]) -> Source<'a> {
        Source { text, braces: crate::parse::braces(text), allows }
    }

    pub(super) fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// The block whose brace is the first at or after a place.
    pub(super) fn block(&self, after: u32, entries: Vec<Entry>, separator: &'static str) -> Part {
        let at = self.braces.partition_point(|(open, _)| *open < after as usize);
        let (open, close) = self.braces.get(at).copied().unwrap_or((after as usize, after as usize));
        Part::Block(Block { entries: self.with_allows(entries, open, close), separator, open, close })
    }

    /// The entries of a block, or of the file, with the `allow`s that stand between them.
    pub(super) fn with_allows(&self, mut entries: Vec<Entry>, open: usize, close: usize) -> Vec<Entry> {
        let inside = |at: u32| self.allows.partition_point(|a| a.span.start < at);
        let (from, to) = (inside(open as u32), inside(close as u32));
        let items = entries.len();
        for allow in self.allows.get(from..to).unwrap_or_default() {
            let start = allow.span.start as usize;
            let above = entries.get(..items).unwrap_or_default().partition_point(|e| e.start <= start);
            let within = above.checked_sub(1).and_then(|i| entries.get(i)).is_some_and(|e| start < e.end);
            if !within {
                let words = format!("allow {} because {}", allow.code.text, self.slice(allow.reason.span));
                entries.push(Entry { alone: true, ..line(allow.span, words) });
            }
        }
        if entries.len() > items {
            entries.sort_by_key(|entry| entry.start);
        }
        entries
    }

    /// Where the `words` words before a place begin.
    pub(super) fn back(&self, from: u32, words: usize) -> usize {
        let mut start = from as usize;
        for _ in 0..words {
            let before = self.text.get(..start).unwrap_or("").trim_end();
            let word = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
            if word.len() < before.len() {
                start = word.len();
            }
        }
        start
    }

    pub(super) fn item(&self, item: &Item) -> Entry {
        match item {
            Item::Use(decl) => line(decl.span, format!("use {}", self.slice(decl.path.span))),
            Item::Customer(decl) => {
                let fields = decl.fields.iter().map(|f| self.customer_field(f)).collect();
                let block = self.block(decl.head.end, fields, COMMA);
                documented(&decl.doc, decl.span, vec![text("customer "), block])
            }
            Item::Record(decl) => {
                let block = self.fields(decl.name.span.end, &decl.fields);
                documented(&decl.doc, decl.span, vec![text(format!("record {} ", decl.name.text)), block])
            }
            Item::Event(decl) => {
                let newest = decl.newest_by.as_ref().map(|p| format!("newest by {} ", p.text())).unwrap_or_default();
                let after = decl.newest_by.as_ref().unwrap_or(&decl.name).span.end;
                let head = format!("event {} {newest}", decl.name.text());
                let mut parts = vec![text(head), self.fields(after, &decl.fields)];
                for (clause, hook) in [("made", &decl.made_by), ("checked", &decl.checked_by)] {
                    parts.extend(hook.iter().map(|hook| text(format!(" {clause} by hook {}", hook.text))));
                }
                if let Some(intake) = &decl.intake {
                    let per = self.slice(intake.per.span);
                    parts.push(text(format!(" at most {} per {per} else dead letter", intake.n.value)));
                }
                documented(&decl.doc, decl.span, parts)
            }
            Item::Message(decl) => {
                let items = decl.items.iter().map(|item| self.message_item(item)).collect();
                let block = self.block(decl.name.span.end, items, BLANKS);
                documented(&decl.doc, decl.span, vec![text(format!("message {} ", decl.name.text)), block])
            }
            Item::Service(decl) => {
                let params: Vec<_> = decl.params.iter().map(|p| self.field(p)).collect();
                let answers = decl.returns.as_ref().map_or_else(|| one_of(&decl.outcomes), |r| r.text.clone());
                let head = format!("service {}({}) -> {answers}", decl.name.text, params.join(", "));
                documented(&decl.doc, decl.span, vec![text(head)])
            }
            Item::Hook(decl) => self.hook(decl),
            Item::Policy(decl) => {
                let items = decl.items.iter().map(|item| self.policy_item(item)).collect();
                let block = self.block(decl.name.span.end, items, BLANKS);
                documented(&decl.doc, decl.span, vec![text(format!("policy {} ", decl.name.text)), block])
            }
            Item::Journey(decl) => {
                let key = decl.key.as_ref().map(|key| format!(" per {}", key.text())).unwrap_or_default();
                let items = decl.items.iter().map(|item| self.journey_item(item)).collect();
                let head = format!("journey {} for customer{key} ", decl.name.text);
                documented(&decl.doc, decl.span, vec![text(head), self.block(decl.head.end, items, BLANKS)])
            }
            Item::Scenario(decl) => {
                let lines = decl.lines.iter().map(|line| self.scenario_line(line)).collect();
                let head = format!("scenario {} for {} ", self.slice(decl.title.span), decl.journey.text);
                documented(&decl.doc, decl.span, vec![text(head), self.block(decl.journey.span.end, lines, BLANKS)])
            }
        }
    }

    fn fields(&self, after: u32, fields: &[FieldDecl]) -> Part {
        let entries = fields.iter().map(|f| line(f.span, self.field(f))).collect();
        self.block(after, entries, COMMA)
    }

    pub(super) fn field(&self, field: &FieldDecl) -> String {
        let mark = if field.ty.optional { "?" } else { "" };
        let ty = match &field.ty.kind {
            TypeKind::Named(name) => name.text.clone(),
            TypeKind::Text(max) => format!("text({})", max.value),
            TypeKind::OneOf(names) => one_of(names),
        };
        let sensitive = field.sensitive.as_ref().map(|s| format!(" sensitive {}", s.value.name())).unwrap_or_default();
        format!("{}: {ty}{mark}{sensitive}", field.name.text)
    }

    fn customer_field(&self, field: &CustomerField) -> Entry {
        let channels: Vec<_> = field.channels.iter().map(|c| c.value.name()).collect();
        let addresses = if channels.is_empty() { String::new() } else { format!(" for {}", channels.join(", ")) };
        let consent = field.consent.as_ref().map(|c| format!(" {}", consent(c))).unwrap_or_default();
        let end = field.channels.last().map_or(field.field.span, |c| c.span);
        let end = field.consent.as_ref().map_or(end, |c| c.span);
        line(field.field.span.to(end), format!("{}{addresses}{consent}", self.field(&field.field)))
    }

    fn message_item(&self, item: &MessageItem) -> Entry {
        match item {
            MessageItem::Purpose(at) => {
                let words = format!("purpose {}", at.value.name());
                from(self.back(at.span.start, 1), at.span, vec![text(words)])
            }
            MessageItem::Variant(v) => {
                let body = v.from.as_ref().map(|f| format!(" from {}", self.slice(f.span))).unwrap_or_default();
                line(
                    v.span,
                    format!("{}{} {}{body}", v.channel.value.name(), tag(v.locale.as_ref()), self.slice(v.text.span)),
                )
            }
            MessageItem::Replies(replies, span) => {
                let entries = replies
                    .iter()
                    .map(|reply| {
                        let words: Vec<_> = reply.words.iter().map(|w| self.slice(w.span)).collect();
                        line(reply.span, format!("{}: {}", reply.name.text, words.join(" | ")))
                    })
                    .collect();
                entry(*span, vec![text("replies "), self.block(span.start, entries, BLANKS)])
            }
            MessageItem::ValidFor(at) => self.valid_for(at.span),
            MessageItem::ValidUntil(until, span) => {
                let mut parts = vec![text("valid until ")];
                self.expr(until, &mut parts);
                entry(*span, parts)
            }
            MessageItem::Fresh(fresh) => {
                let mut parts = vec![text(format!(
                    "fresh {} within {} by call {}(",
                    fresh.datum.text,
                    self.slice(fresh.within.span),
                    fresh.service.text
                ))];
                for (i, arg) in fresh.args.iter().enumerate() {
                    if i > 0 {
                        parts.push(text(", "));
                    }
                    self.expr(arg, &mut parts);
                }
                parts.push(text(")"));
                entry(fresh.span, parts)
            }
            MessageItem::Essential { n, per, span } => {
                line(*span, format!("essential at most {} per {}", n.value, self.slice(per.span)))
            }
        }
    }

    fn valid_for(&self, span: Span) -> Entry {
        from(self.back(span.start, 2), span, vec![text(format!("valid for {}", self.slice(span)))])
    }

    fn policy_item(&self, item: &PolicyItem) -> Entry {
        match item {
            PolicyItem::Limit(limit) => line(limit.span, self.limit(limit)),
            PolicyItem::Quiet { when, purposes, fate, because, span } => {
                let purposes: Vec<_> = purposes.iter().map(|p| p.value.name()).collect();
                let purposes =
                    if purposes.is_empty() { String::new() } else { format!(" for {}", purposes.join(", ")) };
                let when = match when {
                    QuietWhen::Hours(from, to) => format!("{} to {}", clock(from.value), clock(to.value)),
                    QuietWhen::Days(days) => days.iter().map(|d| d.value.name()).collect::<Vec<_>>().join(", "),
                };
                let because = self.because(because.as_ref());
                line(*span, format!("quiet {when}{purposes} else {}{because}", self.fate(fate)))
            }
            PolicyItem::QuietAfter(quiet) => line(quiet.span, self.quiet_after(quiet)),
            PolicyItem::ValidFor(at) => self.valid_for(at.span),
            PolicyItem::Grace(at) => {
                from(self.back(at.span.start, 1), at.span, vec![text(format!("grace {}", self.slice(at.span)))])
            }
            PolicyItem::ReplyWindow(at) => {
                let words = format!("reply window {}", self.slice(at.span));
                from(self.back(at.span.start, 2), at.span, vec![text(words)])
            }
            PolicyItem::AfterEnd { queue, span } => {
                line(*span, format!("after the end, replies -> handoff {}", self.slice(queue.span)))
            }
            PolicyItem::Require(all, span) => {
                let all: Vec<_> = all
                    .iter()
                    .map(|r| match r.value {
                        Requirement::Handoff => "handoff",
                        Requirement::ReplyHandling => "reply handling",
                        Requirement::Timeout => "timeout",
                    })
                    .collect();
                line(*span, format!("require {}", all.join(", ")))
            }
            PolicyItem::StopSpares(purposes, span) => {
                let purposes: Vec<_> = purposes.iter().map(|p| p.value.name()).collect();
                line(*span, format!("stop spares {}", purposes.join(", ")))
            }
            PolicyItem::StopAnswers { text, locale, span } => {
                line(*span, format!("stop answers{} {}", tag(locale.as_ref()), self.slice(text.span)))
            }
            PolicyItem::Locale(tag, span) => line(*span, format!("locale {}", tag.text)),
        }
    }

    fn quiet_after(&self, quiet: &QuietAfterDecl) -> String {
        let key = quiet.key.as_ref().map(|key| format!(" per {}", key.text())).unwrap_or_default();
        let sorts: Vec<String> = quiet.sorts.iter().map(sort).collect();
        let sorts = if sorts.is_empty() { String::new() } else { format!(" for {}", sorts.join(", ")) };
        let (lasts, event, fate) = (self.slice(quiet.lasts.span), quiet.event.text(), self.fate(&quiet.fate));
        format!("quiet {lasts} after {event}{key}{sorts} else {fate}{}", self.because(quiet.because.as_ref()))
    }

    fn limit(&self, limit: &LimitDecl) -> String {
        let what = match &limit.what {
            LimitWhatDecl::Messages { channel: None, purpose: None } => "messages".to_string(),
            LimitWhatDecl::Messages { channel: Some(channel), purpose: None } => channel.value.name().to_string(),
            LimitWhatDecl::Messages { channel: None, purpose: Some(purpose) } => {
                format!("{} messages", purpose.value.name())
            }
            LimitWhatDecl::Messages { channel: Some(channel), purpose: Some(purpose) } => {
                format!("{} {}", purpose.value.name(), channel.value.name())
            }
            LimitWhatDecl::Starts(_) => "starts".to_string(),
            LimitWhatDecl::Live(_) => "live".to_string(),
            LimitWhatDecl::Visits(state) => format!("visits {}", state.text),
        };
        let per = limit.per.as_ref().map(|per| format!(" per {}", self.slice(per.span))).unwrap_or_default();
        let key = limit.key.as_ref().map(|key| format!(" per {}", key.text())).unwrap_or_default();
        let customer = if limit.per_customer.is_some() { " per customer" } else { "" };
        let because = self.because(limit.because.as_ref());
        format!("limit {what} to {}{per}{key}{customer} else {}{because}", limit.n.value, self.fate(&limit.fate))
    }

    fn because(&self, text: Option<&Name>) -> String {
        text.map(|text| format!(" because {}", self.slice(text.span))).unwrap_or_default()
    }

    fn fate(&self, fate: &FateDecl) -> String {
        match &fate.kind {
            FateKind::Defer => "defer".into(),
            FateKind::Latest => "latest".into(),
            FateKind::Skip => "skip".into(),
            FateKind::Handoff(queue) => format!("handoff {}", self.slice(queue.span)),
            FateKind::Goto(state) => format!("-> {}", state.text),
            FateKind::End => "end".into(),
        }
    }

    fn journey_item(&self, item: &JourneyItem) -> Entry {
        match item {
            JourneyItem::Data(field) => {
                let words = format!("data {}", self.field(field));
                from(self.back(field.span.start, 1), field.span, vec![text(words)])
            }
            JourneyItem::Limit(limit) => line(limit.span, self.limit(limit)),
            JourneyItem::Start(start) => {
                let mut parts = vec![text(format!("start on {}{} ", start.event.text(), taken(&start.take)))];
                self.when(start.when.as_ref(), &mut parts);
                parts.push(text(format!("-> {}", start.to.text)));
                entry(start.span, parts)
            }
            JourneyItem::Goal(goal) => match &goal.what {
                GoalWhatDecl::Reach(state) => line(goal.span, format!("goal {}", state.text)),
                GoalWhatDecl::Silence { event, within } => {
                    line(goal.span, format!("goal no {} within {}", event.text(), self.slice(within.span)))
                }
            },
            JourneyItem::Migrate(migrate) => {
                let from = migrate.from.as_ref().map_or("any", |from| self.slice(from.span));
                let moves = migrate.moves.iter();
                let moves = moves.map(|m| line(m.span, format!("{} -> {}", m.from.text, m.to.text))).collect();
                let block = self.block(migrate.head.end, moves, BLANKS);
                entry(migrate.span, vec![text(format!("migrate from {from} ")), block])
            }
            JourneyItem::Arrow(arrow) => self.arrow(arrow),
            JourneyItem::State(state) => {
                let items = state.items.iter().map(|item| self.state_item(item)).collect();
                let block = self.block(state.name.span.end, items, BLANKS);
                documented(&state.doc, state.span, vec![text(format!("state {} ", state.name.text)), block])
            }
            JourneyItem::End(end) => {
                let kind = match end.kind.value {
                    EndKind::Success => "success",
                    EndKind::Neutral => "neutral",
                    EndKind::Failure => "failure",
                };
                documented(&end.doc, end.span, vec![text(format!("end {} as {kind}", end.name.text))])
            }
        }
    }
}

/// `08:00`
pub(super) fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

pub(super) fn taken(take: &[Name]) -> String {
    let names: Vec<_> = take.iter().map(|n| n.text.as_str()).collect();
    if names.is_empty() { String::new() } else { format!("({})", names.join(", ")) }
}

fn consent(consent: &ConsentDecl) -> String {
    let purposes: Vec<_> = consent.purposes.iter().map(|p| p.value.name()).collect();
    let channels: Vec<_> = consent.channels.iter().map(|c| c.value.name()).collect();
    let by = if channels.is_empty() { String::new() } else { format!(" by {}", channels.join(", ")) };
    format!("consent to {}{by}", purposes.join(", "))
}

pub(super) fn one_of(names: &[Name]) -> String {
    let names: Vec<_> = names.iter().map(|n| n.text.as_str()).collect();
    if names.is_empty() { "one of { }".into() } else { format!("one of {{ {} }}", names.join(", ")) }
}

pub(super) fn text(words: impl Into<String>) -> Part {
    Part::Text(words.into())
}

pub(super) fn from(start: usize, span: Span, parts: Vec<Part>) -> Entry {
    Entry { doc: Vec::new(), documented: false, alone: false, parts, start, end: span.end as usize }
}

pub(super) fn entry(span: Span, parts: Vec<Part>) -> Entry {
    from(span.start as usize, span, parts)
}

pub(super) fn line(span: Span, words: String) -> Entry {
    entry(span, vec![text(words)])
}

pub(super) fn documented(doc: &Doc, span: Span, parts: Vec<Part>) -> Entry {
    Entry { doc: doc.clone(), documented: true, ..entry(span, parts) }
}
