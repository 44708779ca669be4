//! `policy`, limits and their fates.

use journey_spec::codes::J0001;
use journey_spec::program::{Channel, Purpose, Requirement, Weekday};

use super::explain::Place;
use super::{Node, Reader, Rule};
use crate::ast::{
    At, FateDecl, FateKind, LimitDecl, LimitWhatDecl, Name, PolicyDecl, PolicyItem, QuietAfterDecl, QuietWhen, SortDecl,
};
use crate::diagnostics::{Finding, did_you_mean};
use crate::fix::Fix;

/// Only this channel, and only this purpose.
type SortOf = (Option<At<Channel>>, Option<At<Purpose>>);

impl<'a> Reader<'a> {
    pub(super) fn policy(&mut self, node: Node<'a>) -> Option<PolicyDecl> {
        let block = (Rule::policy_block, Place::Policy);
        let (doc, name, items, span) = self.named_block(node, block, Self::policy_item)?;
        Some(PolicyDecl { doc, name, items, span })
    }

    fn policy_item(&mut self, node: Node<'a>) -> Option<PolicyItem> {
        let span = self.span(&node);
        let rule = node.as_rule();
        if rule == Rule::limit {
            return self.limit(node).map(PolicyItem::Limit);
        }
        if rule == Rule::quiet {
            return self.quiet(node);
        }
        if rule == Rule::quiet_after {
            return self.quiet_after(node).map(PolicyItem::QuietAfter);
        }
        let mut duration = None;
        let mut purposes = Vec::new();
        let mut required = Vec::new();
        let mut text = None;
        let mut locale = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::locale_in => locale = self.locale_in(part),
                Rule::locale_tag => locale = Some(self.name(&part)),
                Rule::duration => duration = Some(self.duration(&part)),
                Rule::purpose_ref => purposes.extend(self.purpose(&part)),
                Rule::requirement => required.extend(self.requirement(&part)),
                Rule::string => text = Some(self.string(&part)),
                _ => {}
            }
        }
        match rule {
            Rule::valid_for => Some(PolicyItem::ValidFor(duration?)),
            Rule::grace => Some(PolicyItem::Grace(duration?)),
            Rule::reply_window => Some(PolicyItem::ReplyWindow(duration?)),
            Rule::after_end => Some(PolicyItem::AfterEnd { queue: text?, span }),
            Rule::require => Some(PolicyItem::Require(required, span)),
            Rule::stop_spares => Some(PolicyItem::StopSpares(purposes, span)),
            Rule::stop_answers => Some(PolicyItem::StopAnswers { text: text?, locale, span }),
            Rule::in_locale => Some(PolicyItem::Locale(locale?, span)),
            _ => None,
        }
    }

    fn quiet(&mut self, node: Node<'a>) -> Option<PolicyItem> {
        let span = self.span(&node);
        let mut hours = None;
        let mut days = Vec::new();
        let mut purposes = Vec::new();
        let mut fate = None;
        let mut because = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::quiet_hours => {
                    let mut times = part.into_inner().filter(|n| n.as_rule() == Rule::time).map(|n| self.minute(&n));
                    hours = times.next().zip(times.next());
                }
                Rule::weekday => days.push(self.weekday(&part)?),
                Rule::cited => because = self.cited(part),
                Rule::for_purposes => {
                    let refs = part.into_inner().filter(|n| n.as_rule() == Rule::purpose_ref);
                    purposes.extend(refs.filter_map(|n| self.purpose(&n)));
                }
                Rule::fate => fate = self.fate(part),
                _ => {}
            }
        }
        let when = match hours {
            Some((from, to)) => QuietWhen::Hours(from, to),
            None => QuietWhen::Days(days),
        };
        Some(PolicyItem::Quiet { when, purposes, fate: fate?, because, span })
    }

    fn quiet_after(&mut self, node: Node<'a>) -> Option<QuietAfterDecl> {
        let span = self.span(&node);
        let (mut lasts, mut event, mut key, mut fate, mut because) = (None, None, None, None, None);
        let mut sorts = Vec::new();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::duration => lasts = Some(self.duration(&part)),
                Rule::path => event = Some(self.path(&part)),
                Rule::journey_key => {
                    key = part.into_inner().find(|n| n.as_rule() == Rule::path).map(|n| self.path(&n));
                }
                Rule::for_sorts => {
                    for sort in part.into_inner().filter(|n| n.as_rule() == Rule::sort) {
                        sorts.push(self.sort(sort)?);
                    }
                }
                Rule::fate => fate = self.fate(part),
                Rule::cited => because = self.cited(part),
                _ => {}
            }
        }
        Some(QuietAfterDecl { lasts: lasts?, event: event?, key, sorts, fate: fate?, because, span })
    }

    /// `debt voice`, `marketing messages`, `sms`; a purpose alone means its messages on all channels.
    fn sort(&mut self, node: Node<'a>) -> Option<SortDecl> {
        let span = self.span(&node);
        let words: Vec<Name> =
            node.into_inner().filter(|n| n.as_rule() == Rule::sort_word).map(|n| self.name(&n)).collect();
        match self.sort_of(&words) {
            Ok((channel, purpose)) => Some(SortDecl { channel, purpose, span }),
            Err(wrong) => {
                let all = Purpose::ALL.map(Purpose::name).into_iter().chain(Channel::ALL.map(Channel::name));
                self.no_sort(
                    &wrong,
                    "no sort of messages is",
                    all.chain(["messages"]),
                    "write a purpose, a channel, or both: `for debt voice`",
                );
                None
            }
        }
    }

    fn weekday(&mut self, node: &Node<'_>) -> Option<At<Weekday>> {
        let span = self.span(node);
        self.known(node.as_str(), span, "day of the week", Weekday::named, || Weekday::ALL.map(Weekday::name).to_vec())
    }

    /// `because "12 CFR 1006.14"`
    fn cited(&mut self, node: Node<'a>) -> Option<Name> {
        node.into_inner().find(|n| n.as_rule() == Rule::string).map(|n| self.string(&n))
    }

    fn requirement(&mut self, node: &Node<'_>) -> Option<At<Requirement>> {
        let words = node.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
        let span = self.span(node);
        let named = |word: &str| match word {
            "handoff" => Some(Requirement::Handoff),
            "reply handling" => Some(Requirement::ReplyHandling),
            "timeout" => Some(Requirement::Timeout),
            _ => None,
        };
        self.known(&words, span, "requirement", named, || vec!["handoff", "reply handling", "timeout"])
    }

    pub(super) fn limit(&mut self, node: Node<'a>) -> Option<LimitDecl> {
        let span = self.span(&node);
        let mut what = None;
        let mut n = None;
        let mut per = None;
        let mut key = None;
        let mut per_customer = None;
        let mut fate = None;
        let mut because = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::cited => because = self.cited(part),
                Rule::limit_what => what = self.limit_what(part),
                Rule::integer => n = Some(self.integer(&part)),
                Rule::limit_per => {
                    let place = self.span(&part);
                    let Some(unit) = part.into_inner().last() else { continue };
                    let again = match unit.as_rule() {
                        Rule::duration | Rule::calendar => per.replace(self.window(&unit)).is_some(),
                        Rule::per_key => key.replace(self.path(&unit)).is_some(),
                        _ => per_customer.replace(self.span(&unit)).is_some(),
                    };
                    if again {
                        self.report(
                            Finding::new(&J0001, place, "this limit says the same kind of `per` twice")
                                .label("said before")
                                .help("write two limits; each of them holds"),
                        );
                    }
                }
                Rule::fate => fate = self.fate(part),
                _ => {}
            }
        }
        Some(LimitDecl { what: what?, n: n?, per, key, per_customer, fate: fate?, because, span })
    }

    fn limit_what(&mut self, node: Node<'a>) -> Option<LimitWhatDecl> {
        let span = self.span(&node);
        let mut words = Vec::new();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::visits => {
                    let state = part.into_inner().find(|n| n.as_rule() == Rule::name)?;
                    return Some(LimitWhatDecl::Visits(self.name(&state)));
                }
                Rule::limit_word => words.push(self.name(&part)),
                _ => {}
            }
        }
        match words.as_slice() {
            [word] if word.text == "starts" => return Some(LimitWhatDecl::Starts(span)),
            [word] if word.text == "live" => return Some(LimitWhatDecl::Live(span)),
            _ => {}
        }
        match self.sort_of(&words) {
            Ok((channel, purpose)) => Some(LimitWhatDecl::Messages { channel, purpose }),
            Err(wrong) => {
                let all = ["messages", "starts", "live", "visits"].into_iter();
                let all = all.chain(Channel::ALL.map(Channel::name)).chain(Purpose::ALL.map(Purpose::name));
                let help = "it counts `messages`, a channel, a purpose, `starts`, `live` or `visits` of a state";
                self.no_sort(&wrong, "a limit cannot count", all, help);
                None
            }
        }
    }

    /// The channel and the purpose that one or two words mean; else the word that means nothing.
    fn sort_of(&self, words: &[Name]) -> Result<SortOf, Name> {
        let channel = |name: &Name| Channel::named(&name.text).map(|value| At { value, span: name.span });
        let purpose = |name: &Name| Purpose::named(&name.text).map(|value| At { value, span: name.span });
        let messages = |name: &Name| name.text == "messages";
        match words {
            [] => Ok((None, None)),
            [one] if messages(one) => Ok((None, None)),
            [one] => match (channel(one), purpose(one)) {
                (None, None) => Err(one.clone()),
                // a purpose alone means its messages
                found => Ok(found),
            },
            [first, second, ..] => match (purpose(first), channel(second)) {
                (purpose @ Some(_), None) if messages(second) => Ok((None, purpose)),
                (purpose @ Some(_), channel @ Some(_)) => Ok((channel, purpose)),
                (None, _) if channel(first).is_some() && messages(second) => Ok((channel(first), None)),
                (None, _) => Err(first.clone()),
                (Some(_), None) => Err(second.clone()),
            },
        }
    }

    fn no_sort<'w>(&mut self, wrong: &Name, what: &str, all: impl Iterator<Item = &'w str> + Clone, help: &str) {
        let fix = Fix::meant(wrong.span, &wrong.text, all.clone());
        let mean = did_you_mean(&wrong.text, all).map(|mean| format!(", {mean}")).unwrap_or_default();
        self.report(
            Finding::new(&J0001, wrong.span, format!("{what} `{}`{mean}", super::words::clip(&wrong.text)))
                .label("unknown")
                .fix(fix)
                .help(help),
        );
    }

    pub(super) fn fate(&mut self, node: Node<'a>) -> Option<FateDecl> {
        let span = self.span(&node);
        let part = node.into_inner().next()?;
        let kind = match part.as_rule() {
            Rule::goto => FateKind::Goto(self.goto(part)?.0),
            Rule::fate_handoff => {
                let queue = part.into_inner().find(|n| n.as_rule() == Rule::string)?;
                FateKind::Handoff(self.string(&queue))
            }
            Rule::k_defer => FateKind::Defer,
            Rule::k_latest => FateKind::Latest,
            Rule::k_skip => FateKind::Skip,
            _ => FateKind::End,
        };
        Some(FateDecl { kind, span })
    }
}
