//! Limits, quiet hours and the rest of a policy.

use std::collections::BTreeMap;

use journey_spec::codes;
use journey_spec::packs;
use journey_spec::program::{DAY, Fate, Limit, LimitWhat, Message, Millis, Policy, Quiet, Weekday, Window};

use super::journeys::JourneyScope;
use super::{Lower, MOST, expressions};
use crate::ast::{FateDecl, FateKind, LimitDecl, LimitWhatDecl, Name, Path, PolicyDecl, PolicyItem, QuietWhen};
use crate::diagnostics::{Finding, did_you_mean};
use crate::fix::Fix;
use crate::source::Span;
use crate::spans::Node;

impl Lower<'_, '_> {
    /// All declared policies as one: each rule of each holds, and how the house is, is said once. It has the name of the
    /// first that is the project's own. What none says has the default.
    pub(crate) fn declared_policy(&mut self, decls: &[&PolicyDecl], messages: &[Message]) -> Policy {
        let mut policy = Policy::default();
        let own = decls.iter().find(|decl| !self.is_of_a_pack(decl.name.span));
        if let Some(decl) = own.or(decls.first()) {
            self.out.place(Node::Policy, decl.name.span);
            policy.name.clone_from(&decl.name.text);
        }
        let mut seen = BTreeMap::new();
        for decl in decls {
            seen.remove("require");
            self.rules(decl, messages, &mut policy, &mut seen);
        }
        policy
    }

    pub(super) fn is_of_a_pack(&self, span: Span) -> bool {
        self.sources.get(span.file).is_some_and(|source| packs::is_pack(&source.path))
    }

    fn rules(
        &mut self,
        decl: &PolicyDecl,
        messages: &[Message],
        policy: &mut Policy,
        seen: &mut BTreeMap<&'static str, Span>,
    ) {
        for item in &decl.items {
            match item {
                PolicyItem::Limit(limit) => {
                    if let Some(lowered) = self.limit(limit, None) {
                        self.out.place(Node::PolicyLimit(policy.limits.len()), limit.span);
                        policy.limits.push(lowered);
                    }
                }
                PolicyItem::Quiet { when, purposes, fate, because, span } => {
                    let (from, to, days) = self.quiet_when(when);
                    let lowered = match self.fate(fate, None) {
                        Some(fate @ (Fate::Defer | Fate::Latest | Fate::Skip)) => fate,
                        Some(_) => {
                            self.out.misplaced(
                                fate.span,
                                "at night nobody takes over: a message in quiet hours waits or is dropped",
                                "write `else defer`, `else latest` or `else skip`",
                            );
                            continue;
                        }
                        None => continue,
                    };
                    self.out.place(Node::Quiet(policy.quiet.len()), *span);
                    policy.quiet.push(Quiet {
                        from,
                        to,
                        days,
                        purposes: purposes.iter().map(|p| p.value).collect(),
                        fate: lowered,
                        because: because.as_ref().map(|b| b.text.clone()),
                        text: self.rule_text(*span, fate.span, because.as_ref()),
                    });
                }
                PolicyItem::QuietAfter(quiet) => {
                    if let Some(lowered) = self.quiet_after(quiet, messages) {
                        self.out.place(Node::QuietAfter(policy.quiet_after.len()), quiet.span);
                        policy.quiet_after.push(lowered);
                    }
                }
                PolicyItem::ValidFor(at) => {
                    if self.once(seen, "valid for", at.span) {
                        policy.valid_for = self.duration(at, "valid for");
                    }
                }
                PolicyItem::Grace(at) => {
                    if self.once(seen, "grace", at.span) {
                        // None at all is a meaning: whatever fires late counts as past.
                        policy.grace = if at.value == 0 { 0 } else { self.duration(at, "grace") };
                    }
                }
                PolicyItem::ReplyWindow(at) => {
                    if self.once(seen, "reply window", at.span) {
                        policy.reply_window = self.duration(at, "reply window");
                    }
                }
                PolicyItem::AfterEnd { queue, span } => {
                    if self.once(seen, "after the end", *span) {
                        policy.after_end = Some(queue.text.clone());
                    }
                }
                PolicyItem::Require(wanted, span) => {
                    if self.once(seen, "require", *span) {
                        for requirement in wanted {
                            if !policy.require.contains(&requirement.value) {
                                policy.require.push(requirement.value);
                            }
                        }
                    }
                }
                PolicyItem::StopSpares(purposes, span) => {
                    if self.once(seen, "stop spares", *span) {
                        policy.stop_spares = purposes.iter().map(|p| p.value).collect();
                    }
                }
                PolicyItem::StopAnswers { text, locale: None, span } => {
                    if self.once(seen, "stop answers", *span) {
                        policy.stop_text.clone_from(&text.text);
                    }
                }
                PolicyItem::StopAnswers { text, locale: Some(tag), .. } => {
                    let Some(locale) = self.locale(tag) else { continue };
                    if policy.stop_texts.contains_key(&locale.tag()) {
                        self.out.misplaced(
                            tag.span,
                            format!("`stop answers` stands here twice for readers of `{}`", tag.text),
                            "take one of them away",
                        );
                        continue;
                    }
                    policy.stop_texts.insert(locale.tag(), text.text.clone());
                }
                PolicyItem::Locale(tag, span) => {
                    if self.once(seen, "locale", *span)
                        && let Some(locale) = self.locale(tag)
                    {
                        policy.locale = locale.tag();
                    }
                }
            }
        }
    }

    /// From which minute of the day to which, or on which days.
    fn quiet_when(&mut self, when: &QuietWhen) -> (u16, u16, Vec<Weekday>) {
        match when {
            QuietWhen::Hours(from, to) => {
                for minute in [from, to] {
                    if minute.value > 1_439 {
                        self.out.say(
                            Finding::new(&codes::J0116, minute.span, "a day has no such time")
                                .help("write a time from 00:00 to 23:59"),
                        );
                    }
                }
                if from.value == to.value {
                    self.out.say(
                        Finding::new(
                            &codes::J0116,
                            from.span.to(to.span),
                            "quiet hours that begin when they end are no hours, or all of them",
                        )
                        .help("write two different times, such as `quiet 21:00 to 08:00`, or days: `quiet saturday, sunday`"),
                    );
                }
                (from.value.min(1_439), to.value.min(1_439), Vec::new())
            }
            QuietWhen::Days(named) => {
                let mut days: Vec<Weekday> = Vec::new();
                for day in named {
                    if days.contains(&day.value) {
                        self.out.misplaced(
                            day.span,
                            format!("`{}` stands here twice", day.value.name()),
                            "take one of them away",
                        );
                    } else {
                        days.push(day.value);
                    }
                }
                days.sort_unstable();
                (0, 0, days)
            }
        }
    }

    /// A limit of a journey, or of the policy where there is no journey.
    pub(crate) fn limit(&mut self, decl: &LimitDecl, journey: Option<&JourneyScope<'_>>) -> Option<Limit> {
        let n = self.number(&decl.n, 0, "a limit");
        let per = decl.per.as_ref().map(|per| self.window(per));
        if let Some(Window::Rolling(per)) = per {
            self.bounds_a_day(decl, n, per);
        }
        let mut sound = true;
        let what = match (&decl.what, journey) {
            (LimitWhatDecl::Messages { channel, purpose }, _) => Some(LimitWhat::Messages {
                channel: channel.as_ref().map(|c| c.value),
                purpose: purpose.as_ref().map(|p| p.value),
            }),
            (LimitWhatDecl::Starts(_), Some(_)) => Some(LimitWhat::Starts),
            (LimitWhatDecl::Live(span), Some(_)) => {
                if let Some(per) = &decl.per {
                    self.out.misplaced(
                        per.span,
                        "how many live at once has no window",
                        "take the `per` away, or write `limit starts` for how many may begin in it",
                    );
                    sound = false;
                }
                let _ = span;
                Some(LimitWhat::Live)
            }
            (LimitWhatDecl::Visits(state), Some(journey)) => self.state(journey, state).map(|(id, end)| {
                if end {
                    self.out.misplaced(
                        state.span,
                        format!("`{}` is an end, and an instance enters it once", state.text),
                        "limit the visits of a state that can be entered again",
                    );
                    sound = false;
                }
                LimitWhat::Visits(id)
            }),
            (LimitWhatDecl::Starts(span) | LimitWhatDecl::Live(span), None) => {
                self.belongs_to_a_journey(*span, "counts instances of one journey");
                None
            }
            (LimitWhatDecl::Visits(state), None) => {
                self.belongs_to_a_journey(state.span, "counts visits of a state of one journey");
                None
            }
        };
        if let Some(key) = decl.key.as_ref().filter(|key| self.is_no_key(key)) {
            self.out.say(
                Finding::new(&codes::J0101, key.span, format!("there is no window `{}`", key.text()))
                    .label("not known")
                    .help("write a duration such as `per 14d`, or `per day`, `per week` or `per month`"),
            );
            sound = false;
        } else if let (Some(key), Some(_)) = (&decl.key, journey) {
            self.out.misplaced(
                key.span,
                format!("a limit of a journey counts for one instance, so `per {}` adds nothing", key.text()),
                "take it away, write `per customer`, or move the limit into the policy",
            );
            sound = false;
        } else if let Some(key) = &decl.key {
            self.known_key(key);
        }
        let fate = self.fate(&decl.fate, journey);
        if let (Some(LimitWhat::Starts | LimitWhat::Live | LimitWhat::Visits(_)), Some(Fate::Defer | Fate::Latest)) =
            (what, &fate)
        {
            self.out.misplaced(
                decl.fate.span,
                "only a message can wait: a start or a visit happens or does not",
                "write `else handoff \"care\"`, `else skip`, `else -> STATE` or `else end`",
            );
            return None;
        }
        if journey.is_none() && matches!(decl.fate.kind, FateKind::End) {
            self.belongs_to_a_journey(decl.fate.span, "ends one instance");
            return None;
        }
        let (what, fate) = (what?, fate?);
        let counts_all = journey.is_none() || matches!(what, LimitWhat::Starts | LimitWhat::Live);
        sound.then(|| Limit {
            what,
            n,
            per,
            key: decl.key.as_ref().map(expressions::parts),
            per_customer: counts_all || decl.per_customer.is_some(),
            fate,
            because: decl.because.as_ref().map(|b| b.text.clone()),
            text: self.rule_text(decl.span, decl.fate.span, decl.because.as_ref()),
        })
    }

    /// Says so where a small number in a short window is a large number a day.
    fn bounds_a_day(&mut self, decl: &LimitDecl, n: u32, per: Millis) {
        let a_day = i64::from(n).saturating_mul(DAY.saturating_add(per - 1) / per.max(1));
        if per < DAY && a_day > i64::from(MOST) {
            let place = decl.per.as_ref().map_or(decl.n.span, |per| decl.n.span.to(per.span));
            self.out.say(
                Finding::new(
                    &codes::J0116,
                    place,
                    format!("a limit of {a_day} a day bounds nothing that a customer would notice"),
                )
                .label("out of range")
                .help(format!("let it come to at most {MOST} in 24 hours, for example  6 per 24h")),
            );
        }
    }

    fn belongs_to_a_journey(&mut self, span: Span, why: &str) {
        self.out.misplaced(
            span,
            format!("a policy holds over all journeys, and this {why}"),
            "move the line into the journey that it is about",
        );
    }

    /// A policy is shared by journeys of several projects, so a key that no journey here has is none of this project's
    /// concern, unless it looks like a slip of the pen.
    /// Whether a word behind `per` can only be meant as a window: the key of some other project leads into a record.
    fn is_no_key(&self, key: &Path) -> bool {
        let mut keys = self.names.journeys.iter().filter_map(|j| j.key.as_ref()).map(Path::text);
        key.parts.len() == 1 && !keys.any(|known| known == key.text())
    }

    fn known_key(&mut self, key: &Path) {
        let keys: Vec<String> = self.names.journeys.iter().filter_map(|j| j.key.as_ref()).map(Path::text).collect();
        let name = key.text();
        if keys.contains(&name) {
            return;
        }
        if let Some(meant) = did_you_mean(&name, keys.iter().map(String::as_str)) {
            self.out.say(
                Finding::new(
                    &codes::J0101,
                    key.span,
                    format!("this limit never counts anything: no journey is `per {name}`"),
                )
                .label("not known")
                .help(meant)
                .fix(Fix::meant(key.span, &name, keys.iter().map(String::as_str))),
            );
        }
    }

    pub(super) fn fate(&mut self, decl: &FateDecl, journey: Option<&JourneyScope<'_>>) -> Option<Fate> {
        Some(match &decl.kind {
            FateKind::Defer => Fate::Defer,
            FateKind::Latest => Fate::Latest,
            FateKind::Skip => Fate::Skip,
            FateKind::Handoff(queue) => Fate::Handoff(queue.text.clone()),
            FateKind::End => Fate::End,
            FateKind::Goto(state) => match journey {
                Some(journey) => Fate::Goto(self.state(journey, state)?.0),
                None => {
                    self.belongs_to_a_journey(decl.span, "goes to a state of one");
                    return None;
                }
            },
        })
    }

    /// The rule as written, without what happens to one too many, comments and doubled blanks.
    /// The rule without its fate; with the law that it is there for, so that whoever asks why a message did not leave
    /// reads it in the timeline.
    pub(super) fn rule_text(&self, rule: Span, fate: Span, because: Option<&Name>) -> String {
        let Some(source) = self.sources.get(rule.file) else { return String::new() };
        let text = source.slice(Span { end: fate.start.max(rule.start), ..rule });
        let words: Vec<&str> =
            text.lines().flat_map(|line| line.split("//").next().unwrap_or("").split_whitespace()).collect();
        let words = match words.split_last() {
            Some((&"else", before)) => before,
            _ => &words,
        };
        let because = because.map(|b| format!(" ({})", b.text)).unwrap_or_default();
        format!("{}{because}", words.join(" "))
    }
}
