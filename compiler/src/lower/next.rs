//! Where a state goes on at once, one way of several: `choose` and `split`.

use journey_spec::Type;
use journey_spec::codes;
use journey_spec::program::{Branch, HookAnswers, StateId};

use super::Lower;
use super::conditions::Facts;
use super::expressions::parts;
use super::journeys::JourneyScope;
use crate::ast::{AskDecl, ChooseDecl, OfDecl, Path, SplitDecl, WayOn};
use crate::diagnostics::{Finding, did_you_mean};
use crate::fix::Fix;
use crate::resolve::listed;
use crate::spans::Node;
use crate::types::{mismatch, noun, walk};

/// The way for a value that is not there.
const MISSING: &str = "missing";

/// What a `choose` goes by, in words.
#[derive(Clone, Copy)]
struct Chosen<'s> {
    /// A datum or a hook.
    what: &'s str,
    /// `is` or `says`.
    does: &'static str,
}

impl Lower<'_, '_> {
    pub(super) fn choose(&mut self, journey: &JourneyScope<'_>, decl: &ChooseDecl, state: StateId) -> Option<Branch> {
        for (i, way) in decl.ways.iter().enumerate() {
            self.out.place(Node::Way(journey.id, state, i), way.span);
        }
        match &decl.of {
            Some(OfDecl::Path(of)) => self.choose_by(journey, decl, of),
            Some(OfDecl::Hook(ask)) => self.choose_by_hook(journey, decl, ask),
            None => self.choose_when(journey, decl),
        }
    }

    /// `choose booking.kind { repair -> S … }`: every name leads somewhere.
    fn choose_by(&mut self, journey: &JourneyScope<'_>, decl: &ChooseDecl, of: &Path) -> Option<Branch> {
        let found = walk(self.names, journey.scope(), of, self.out)?;
        let names: Vec<String> = match found.ty?.required() {
            Type::OneOf(names) => names.clone(),
            Type::Bool => vec!["true".into(), "false".into()],
            other => {
                self.out.say(
                    mismatch(of.span, format!("`{}` is {}, which has no closed set of values", of.text(), noun(other)))
                        .label("nothing to choose by")
                        .help("choose by a `one of { … }` or a bool, or by conditions: `choose { when … -> …  else -> … }`"),
                );
                return None;
            }
        };
        let mut known = names.clone();
        if !found.optional.is_empty() {
            known.push(MISSING.into());
        }
        let ways = self.named_ways(journey, decl, &known, Chosen { what: &of.text(), does: "is" })?;
        Some(Branch::Value { of: parts(of), ways })
    }

    /// `choose triage(complaint) { simple -> S … }`: every answer leads somewhere.
    fn choose_by_hook(&mut self, journey: &JourneyScope<'_>, decl: &ChooseDecl, ask: &AskDecl) -> Option<Branch> {
        let asked = self.ask(journey, ask)?;
        let name = &ask.hook.text;
        let HookAnswers::OneOf(known) = &asked.answers else {
            self.out.say(
                mismatch(ask.span, format!("`{name}` says a number, which has no closed set of values"))
                    .label("nothing to choose by")
                    .help(format!(
                        "`set` a datum to it first, and choose by conditions in the next state: `set score = {}`, then `choose {{ when score > 0.8 -> …  else -> … }}`",
                        asked.ask.text
                    )),
            );
            return None;
        };
        let ways = self.named_ways(journey, decl, known, Chosen { what: name, does: "says" })?;
        Some(Branch::Hook { ask: asked.ask, ways })
    }

    /// A way for each of some names, and no other.
    fn named_ways(
        &mut self,
        journey: &JourneyScope<'_>,
        decl: &ChooseDecl,
        known: &[String],
        Chosen { what, does }: Chosen<'_>,
    ) -> Option<Vec<(String, StateId)>> {
        let mut ways = Vec::new();
        let mut written = Vec::new();
        for way in &decl.ways {
            let to = self.state(journey, &way.to);
            let WayOn::Name(name) = &way.on else {
                self.out.misplaced(
                    way.span,
                    match does {
                        "says" => format!("`{what}` has a way for each of its answers, and no condition or `else`"),
                        _ => format!("`{what}` has a way for each of its values, and no condition or `else`"),
                    },
                    "name the value, or choose by conditions alone: `choose { when … -> …  else -> … }`",
                );
                continue;
            };
            if !known.contains(&name.text) {
                let help = did_you_mean(&name.text, known.iter().map(String::as_str))
                    .unwrap_or_else(|| format!("it {does} {}", listed(known)));
                self.out.say(
                    Finding::new(
                        &codes::J0117,
                        name.span,
                        match does {
                            "says" => format!("`{what}` never says `{}`", name.text),
                            _ => format!("`{what}` is never `{}`", name.text),
                        },
                    )
                    .label("never taken")
                    .help(help)
                    .fix(Fix::meant(name.span, &name.text, known.iter().map(String::as_str))),
                );
                continue;
            }
            written.push(name);
            if let Some((to, _)) = to {
                ways.push((name.text.clone(), to));
            }
        }
        let kept = self.out.distinct("ways for", written.iter().copied()).len();
        let missing: Vec<String> = known.iter().filter(|n| !written.iter().any(|w| w.text == **n)).cloned().collect();
        if !missing.is_empty() && !self.names.gaps.touch(decl.span) {
            let lines: Vec<String> = missing.iter().map(|m| format!("{m} -> STATE")).collect();
            self.out.say(
                Finding::new(
                    &codes::J0117,
                    decl.head,
                    format!(
                        "a customer is stuck here when `{what}` {does} {}",
                        listed(&missing).replace(" and ", " or ")
                    ),
                )
                .label("not every value leads somewhere")
                .help(format!("add {}", listed(&lines))),
            );
        }
        (missing.is_empty() && ways.len() == kept).then_some(ways)
    }

    /// `choose { when C -> S … else -> U }`: the last leads on whatever holds.
    fn choose_when(&mut self, journey: &JourneyScope<'_>, decl: &ChooseDecl) -> Option<Branch> {
        let mut ways = Vec::new();
        let mut facts = Facts::new();
        let mut otherwise = None;
        let mut whole = true;
        for way in &decl.ways {
            let to = self.state(journey, &way.to).map(|(to, _)| to);
            if let Some(first) = otherwise {
                self.out.say(
                    Finding::new(&codes::J0118, way.span, "what stands behind `else` is never asked")
                        .label("never taken")
                        .also(first, "everything else goes here")
                        .help("put it before the `else`"),
                );
                whole = false;
                continue;
            }
            let cond = match &way.on {
                WayOn::Else => {
                    otherwise = Some(way.span);
                    None
                }
                WayOn::When(condition) => match self.condition(journey.scope(), condition, &facts) {
                    Some(lowered) => {
                        facts = lowered.fails;
                        Some(lowered.cond)
                    }
                    None => {
                        whole = false;
                        continue;
                    }
                },
                WayOn::Name(name) => {
                    self.out.misplaced(
                        way.span,
                        format!("`{}` is a value, and this `choose` does not say of what", name.text),
                        format!("say what is chosen by, such as `choose booking.kind {{ {} -> … }}`, or write a condition: `when … ->`", name.text),
                    );
                    whole = false;
                    continue;
                }
            };
            match to {
                Some(to) => ways.push((cond, to)),
                None => whole = false,
            }
        }
        if otherwise.is_none() && whole && !self.names.gaps.touch(decl.span) {
            self.out.say(
                Finding::new(&codes::J0117, decl.head, "a customer is stuck here when none of these conditions holds")
                    .label("no `else`")
                    .help("say what happens then: `else -> STATE`"),
            );
            return None;
        }
        whole.then_some(Branch::When(ways))
    }

    /// `split by customer { 45% -> early … }`
    pub(super) fn split(&mut self, journey: &JourneyScope<'_>, decl: &SplitDecl, state: StateId) -> Option<Branch> {
        let mut ways = Vec::new();
        for (i, (percent, to)) in decl.ways.iter().enumerate() {
            self.out.place(Node::Way(journey.id, state, i), percent.span.to(to.span));
            if percent.value == 0 {
                self.out.say(
                    Finding::new(
                        &codes::J0123,
                        percent.span,
                        format!("no customer ever goes to `{}` from here", to.text),
                    )
                    .label("0% of all")
                    .help("leave the way out, or give it a part"),
                );
            }
            ways.extend(self.state(journey, to).map(|(to, _)| (percent.value, to)));
        }
        let sum: u32 = decl.ways.iter().map(|(percent, _)| percent.value).fold(0, u32::saturating_add);
        if sum != 100 && !self.names.gaps.touch(decl.span) {
            let message = match sum {
                0..100 => format!("{} of 100 customers would go nowhere from here", 100 - sum),
                _ => format!("{} of 100 customers would go two ways from here", sum.saturating_sub(100)),
            };
            self.out.say(
                Finding::new(&codes::J0123, decl.head, message)
                    .label(format!("its ways make {sum}%"))
                    .help("let the parts make 100% together"),
            );
            return None;
        }
        (ways.len() == decl.ways.len()).then_some(Branch::Split(ways))
    }
}
