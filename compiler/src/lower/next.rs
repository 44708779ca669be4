//! Where a state goes on at once, one way of several: `choose` and `split`.

use journey_spec::Type;
use journey_spec::codes;
use journey_spec::program::{Branch, StateId};

use super::Lower;
use super::conditions::Facts;
use super::expressions::parts;
use super::journeys::JourneyScope;
use crate::ast::{ChooseDecl, Path, SplitDecl, WayOn};
use crate::diagnostics::{Finding, did_you_mean};
use crate::resolve::listed;
use crate::spans::Node;
use crate::types::{mismatch, noun, walk};

/// The way for a value that is not there.
const MISSING: &str = "missing";

impl Lower<'_, '_> {
    pub(super) fn choose(&mut self, journey: &JourneyScope<'_>, decl: &ChooseDecl, state: StateId) -> Option<Branch> {
        for (i, way) in decl.ways.iter().enumerate() {
            self.out.place(Node::Way(journey.id, state, i), way.span);
        }
        match &decl.of {
            Some(of) => self.choose_by(journey, decl, of),
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
        let mut ways = Vec::new();
        let mut written = Vec::new();
        for way in &decl.ways {
            let to = self.state(journey, &way.to);
            let WayOn::Name(name) = &way.on else {
                self.out.misplaced(
                    way.span,
                    format!("`{}` has a way for each of its values, and no condition or `else`", of.text()),
                    "name the value, or choose by conditions alone: `choose { when … -> …  else -> … }`",
                );
                continue;
            };
            if !known.contains(&name.text) {
                let help = did_you_mean(&name.text, known.iter().map(String::as_str))
                    .unwrap_or_else(|| format!("it is {}", listed(&known)));
                self.out.say(
                    Finding::new(&codes::J0117, name.span, format!("`{}` is never `{}`", of.text(), name.text))
                        .label("never taken")
                        .help(help),
                );
                continue;
            }
            written.push(name);
            if let Some((to, _)) = to {
                ways.push((name.text.clone(), to));
            }
        }
        let kept = self.out.distinct("ways for", written.iter().copied()).len();
        let missing: Vec<String> = known.into_iter().filter(|n| !written.iter().any(|w| w.text == *n)).collect();
        if !missing.is_empty() && !self.names.gaps.touch(decl.span) {
            let lines: Vec<String> = missing.iter().map(|m| format!("{m} -> STATE")).collect();
            self.out.say(
                Finding::new(
                    &codes::J0117,
                    decl.head,
                    format!(
                        "a customer is stuck here when `{}` is {}",
                        of.text(),
                        listed(&missing).replace(" and ", " or ")
                    ),
                )
                .label("not every value leads somewhere")
                .help(format!("add {}", listed(&lines))),
            );
        }
        (missing.is_empty() && ways.len() == kept).then(|| Branch::Value { of: parts(of), ways })
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
