//! `scenario` and its lines.

use journey_spec::codes::J0001;
use journey_spec::program::Channel;

use super::explain::Place;
use super::{Node, Reader, Rule};
use crate::ast::{At, Expectation, ExprKind, MockAnswer, ScenarioDecl, ScenarioLine, ScenarioLineKind};
use crate::diagnostics::{Finding, did_you_mean};
use crate::fix::Fix;
use crate::source::Span;

impl<'a> Reader<'a> {
    pub(super) fn scenario(&mut self, node: Node<'a>) -> Option<ScenarioDecl> {
        let span = self.span(&node);
        let doc = self.doc(span.start);
        let mut title = None;
        let mut journey = None;
        let mut lines = Vec::new();
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::string => title = Some(self.string(&part)),
                Rule::name => journey = Some(self.name(&part)),
                Rule::scenario_block => lines = self.lines(self.head(span, &part), part),
                _ => {}
            }
        }
        Some(ScenarioDecl { doc, title: title?, journey: journey?, lines, span })
    }

    fn lines(&mut self, head: Span, block: Node<'a>) -> Vec<ScenarioLine> {
        let mut lines = Vec::new();
        self.block(head, block, Place::Scenario, |r, piece| {
            if piece.as_rule() == Rule::at_line { r.at_line(piece, &mut lines) } else { lines.extend(r.line(piece)) }
        });
        lines
    }

    /// `at T LINE` is one line; `at T` alone on its line only moves the clock, and what follows is a line of its own.
    fn at_line(&mut self, node: Node<'a>, lines: &mut Vec<ScenarioLine>) {
        let span = self.span(&node);
        let mut at = None;
        let mut then = None;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::k_at => {}
                Rule::expr => at = self.expr(part),
                _ => then = self.line(part),
            }
        }
        let Some(at) = at else { return };
        let alone = then.as_ref().is_none_or(|line| {
            self.text.get(at.span.end as usize..line.span.start as usize).is_some_and(|gap| gap.contains('\n'))
        });
        if alone {
            let span = Span { end: at.span.end, ..span };
            lines.push(ScenarioLine { kind: ScenarioLineKind::At(at, None), span });
            lines.extend(then);
        } else {
            lines.push(ScenarioLine { kind: ScenarioLineKind::At(at, then.map(Box::new)), span });
        }
    }

    fn line(&mut self, node: Node<'a>) -> Option<ScenarioLine> {
        let span = self.span(&node);
        let rule = node.as_rule();
        if rule == Rule::expect {
            let what = node.into_inner().nth(1)?;
            return Some(ScenarioLine { kind: ScenarioLineKind::Expect(self.expectation(what)?), span });
        }
        if rule == Rule::mock_hook {
            return Some(ScenarioLine { kind: self.mock_hook(node)?, span });
        }
        let mut literal = None;
        let (mut path, mut data, mut happened, mut duration, mut counter) = (None, Vec::new(), None, None, None);
        let (mut counted, mut times) = (None, Vec::new());
        let (mut number, mut text, mut channel, mut lines, mut names) = (None, None, None, Vec::new(), Vec::new());
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::path => path = Some(self.path(&part)),
                Rule::literal => {
                    literal = Some(self.span(&part));
                    data = self.entries(part);
                }
                Rule::happened => {
                    let at = part.into_inner().find(|n| n.as_rule() == Rule::expr)?;
                    happened = self.expr(at);
                }
                Rule::duration => duration = Some(self.duration(&part)),
                Rule::integer => number = Some(self.integer(&part)),
                Rule::counter => {
                    counter = part.into_inner().find(|n| n.as_rule() == Rule::name).map(|n| self.name(&n));
                }
                Rule::scenario_block => lines = self.lines(self.head(span, &part), part),
                Rule::string => text = Some(self.string(&part)),
                Rule::reply_via => {
                    let via = part.into_inner().find(|n| n.as_rule() == Rule::channel_ref)?;
                    channel = self.channel(&via);
                }
                Rule::channel | Rule::channel_ref => channel = self.channel(&part),
                Rule::count_what => counted = Some(self.count_what(&part)?),
                Rule::time => times.push(self.minute(&part)),
                Rule::name => names.push(self.name(&part)),
                _ => {}
            }
        }
        let mut names = names.into_iter();
        let mut times = times.into_iter();
        let kind = match rule {
            Rule::given => ScenarioLineKind::Given(data),
            Rule::advance => ScenarioLineKind::Advance(duration?),
            Rule::event_line => ScenarioLineKind::Event { event: path?, data, happened },
            Rule::repeat => ScenarioLineKind::Repeat { times: number?, every: duration?, counter, lines },
            Rule::reply_line => ScenarioLineKind::Reply { text: text?, via: channel },
            Rule::handoff_closed => ScenarioLineKind::HandoffClosed(text),
            Rule::opt_out => ScenarioLineKind::OptOut(channel),
            Rule::mock_call => {
                let service = names.next()?;
                let answer = match names.next() {
                    Some(outcome) => MockAnswer::Outcome(outcome),
                    None => MockAnswer::Record(data, literal?),
                };
                ScenarioLineKind::MockCall { service, answer }
            }
            Rule::mock_split => ScenarioLineKind::MockSplit { state: names.next()?, to: names.next()? },
            Rule::channel_fails => {
                ScenarioLineKind::ChannelFails { channel: channel?, times: number.map_or(1, |n| n.value) }
            }
            Rule::pause => ScenarioLineKind::Pause { channel: channel?, during: duration? },
            Rule::never => ScenarioLineKind::Never { channel: counted?, from: times.next()?, to: times.next()? },
            _ => return None,
        };
        Some(ScenarioLine { kind, span })
    }

    fn expectation(&mut self, node: Node<'a>) -> Option<Expectation> {
        let rule = node.as_rule();
        let (mut number, mut names, mut channel, mut exactly, mut word) = (None, Vec::new(), None, false, None);
        let (mut path, mut value, mut text, mut counted) = (None, None, None, None);
        let mut is_missing = false;
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::integer => number = Some(self.integer(&part)),
                Rule::name | Rule::promise_fate => names.push(self.name(&part)),
                Rule::channel => channel = self.channel(&part),
                Rule::string => text = Some(self.string(&part)),
                Rule::saying => {
                    text = part.into_inner().find(|n| n.as_rule() == Rule::string).map(|n| self.string(&n));
                }
                Rule::path => path = Some(self.path(&part)),
                Rule::expr => value = self.expr(part),
                Rule::count_what => counted = Some(self.count_what(&part)?),
                Rule::k_missing => is_missing = true,
                Rule::k_exactly => exactly = true,
                Rule::k_message | Rule::k_handoff => word = Some(part.as_rule()),
                _ => {}
            }
        }
        let mut names = names.into_iter();
        Some(match rule {
            Rule::e_no => match word {
                Some(Rule::k_handoff) => Expectation::NoHandoff,
                Some(_) => Expectation::No(None),
                None => Expectation::No(Some(names.next()?)),
            },
            Rule::e_count => Expectation::Count { exactly, n: number?, channel: counted? },
            Rule::e_state => Expectation::State(names.next()?),
            Rule::e_handoff => Expectation::Handoff(text?),
            Rule::e_call => Expectation::Call(names.next()?),
            Rule::e_blocked => Expectation::Blocked(names.next()?),
            Rule::e_refused => Expectation::Refused(path?),
            Rule::e_promise => {
                let (name, fate) = (names.next()?, names.next()?);
                let all = ["made", "kept", "withdrawn", "broken", "void"];
                let known = |word: &str| all.contains(&word).then_some(());
                self.known(&fate.text, fate.span, "fate of a promise", known, || all.to_vec())?;
                Expectation::Promise { name, fate }
            }
            Rule::e_message => Expectation::Message { channel, message: names.next()?, saying: text },
            Rule::e_data => {
                let path = path?;
                if is_missing {
                    return Some(Expectation::Data { path, value: None });
                }
                let value = value?;
                // two bare words are a channel and a message, one of them misspelt
                let first = path.parts.first().filter(|_| path.parts.len() == 1);
                if let (Some(first), ExprKind::Path(second)) = (first, &value.kind)
                    && second.parts.len() == 1
                    && let Some(mean) = did_you_mean(&first.text, Channel::ALL.map(Channel::name))
                {
                    let message = format!("there is no channel `{}`, {mean}", first.text);
                    let fix = Fix::meant(first.span, &first.text, Channel::ALL.map(Channel::name));
                    self.report(Finding::new(&J0001, first.span, message).label("unknown channel").fix(fix));
                    return None;
                }
                Expectation::Data { path, value: Some(value) }
            }
            _ => return None,
        })
    }

    /// `messages`, or a channel.
    fn count_what(&mut self, node: &Node<'_>) -> Option<Option<At<Channel>>> {
        if matches!(node.as_str(), "messages" | "message") {
            return Some(None);
        }
        let span = self.span(node);
        let all = || std::iter::once("messages").chain(Channel::ALL.map(Channel::name)).collect();
        self.known(node.as_str(), span, "channel", Channel::named, all).map(Some)
    }
}
