//! Random journeys against an exhaustive adversary, who takes any arrow at any time and knows the limits on visits: what
//! it can run without end is never without a finding, a bound that is claimed is never passed, and where it can leave a
//! customer waiting for ever, because limits refuse every arrow that takes itself, that is told.
//!
//! The adversary counts visits itself and shares nothing with the graph.

use std::collections::{BTreeMap, BTreeSet};

use journey_compiler::check::bounds::{Scope, message_bounds};

use super::{compiled, journey};

/// A small random journey, as text and as the adversary knows it.
struct Random {
    text: String,
    sends: Vec<bool>,
    /// Where arrows lead, and whether they take themselves; a number past the states is the end.
    arrows: Vec<Vec<(usize, bool)>>,
    limits: BTreeMap<usize, (u32, Fate)>,
}

#[derive(Clone, Copy)]
enum Fate {
    Stay,
    End,
    Goto(usize),
}

/// Numbers that look random and are the same on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % n).unwrap()
    }
}

fn random(seed: u64) -> Random {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(7));
    let states = 2 + dice.below(4);
    let name = |i: usize| {
        if i == 0 {
            "first".to_owned()
        } else if i < states {
            format!("s{i}")
        } else {
            "done".into()
        }
    };
    let any = |dice: &mut Dice| dice.below(states as u64 + 1);
    let mut text = String::from("limit starts to 3 per 30d else skip on reply stay { handoff \"care\" }\n");
    let mut limits = BTreeMap::new();
    for i in 0..states {
        if dice.below(3) > 0 {
            continue;
        }
        let n = 1 + dice.below(2) as u32;
        let (fate, words) = match dice.below(4) {
            0 => (Fate::Stay, "skip".to_owned()),
            1 => (Fate::Stay, "handoff \"care\"".to_owned()),
            2 => (Fate::End, "end".to_owned()),
            _ => {
                let to = dice.below(states as u64);
                (Fate::Goto(to), format!("-> {}", name(to)))
            }
        };
        text += &format!("limit visits {} to {n} else {words}\n", name(i));
        limits.insert(i, (n, fate));
    }
    let mut sends = Vec::new();
    let mut arrows = Vec::new();
    for i in 0..states {
        let send = dice.below(2) == 0;
        let mut to = Vec::new();
        let mut lines = String::new();
        let at_once = dice.below(6) == 0;
        if at_once {
            let target = any(&mut dice);
            lines += &format!(" -> {}", name(target));
            to.push((target, true));
        }
        for on in ["on moved(booking)", "on ping", "after 1d", "on reply yes"] {
            if dice.below(2) == 0 && !at_once {
                let target = any(&mut dice);
                lines += &format!(" {on} -> {}", name(target));
                to.push((target, on.starts_with("after")));
            }
        }
        text += &format!("state {} {{ {}{lines} }}\n", name(i), if send { "send ask" } else { "" });
        sends.push(send);
        arrows.push(to);
    }
    Random { text, sends, arrows, limits }
}

/// A state and how often each limited state was entered.
type Config = (usize, Vec<u32>);

/// What becomes of an arrow.
enum Entered {
    In(Config),
    Refused,
    Over,
}

impl Random {
    /// Enters a state, with its limits.
    fn enter(&self, mut to: usize, used: &[u32]) -> Entered {
        let mut used = used.to_vec();
        for _ in 0..64 {
            let Some((n, fate)) = self.limits.get(&to) else { break };
            if used[to] < *n {
                used[to] += 1;
                break;
            }
            match fate {
                Fate::Stay => return Entered::Refused,
                Fate::End => return Entered::Over,
                Fate::Goto(next) => to = *next,
            }
        }
        if to < self.sends.len() { Entered::In((to, used)) } else { Entered::Over }
    }

    fn arrive(&self, to: usize, used: &[u32]) -> Option<Config> {
        match self.enter(to, used) {
            Entered::In(config) => Some(config),
            _ => None,
        }
    }

    /// Everything that a run can come to, and where each leads.
    fn configs(&self) -> BTreeMap<Config, Vec<Config>> {
        let mut seen: BTreeMap<Config, Vec<Config>> = BTreeMap::new();
        let mut open = Vec::from_iter(self.arrive(0, &vec![0; self.sends.len()]));
        while let Some(config) = open.pop() {
            if seen.contains_key(&config) {
                continue;
            }
            let next: Vec<_> = self.arrows[config.0].iter().filter_map(|(to, _)| self.arrive(*to, &config.1)).collect();
            open.extend(next.iter().cloned());
            seen.insert(config, next);
        }
        seen
    }

    /// States in which a run can be left waiting: every arrow that takes itself is refused, or there is none.
    fn left_waiting(&self) -> BTreeSet<usize> {
        let stuck = |config: &Config| {
            let mut sure = self.arrows[config.0].iter().filter(|(_, sure)| *sure);
            sure.all(|(to, _)| matches!(self.enter(*to, &config.1), Entered::Refused))
        };
        self.configs().keys().filter(|c| stuck(c)).map(|(state, _)| *state).collect()
    }

    /// The most messages of one run; none where there is no most.
    fn most(&self) -> Option<u64> {
        let Some(first) = self.arrive(0, &vec![0; self.sends.len()]) else { return Some(0) };
        let seen = self.configs();
        // Longest way by relaxing as often as there are configurations; one that still grows has no end.
        let weight = |c: &Config| u64::from(self.sends[c.0]);
        let mut best: BTreeMap<&Config, u64> = BTreeMap::from([(&first, weight(&first))]);
        for _ in 0..=seen.len() {
            let mut grew = BTreeSet::new();
            for (from, next) in &seen {
                let Some(so_far) = best.get(from).copied() else { continue };
                for to in next {
                    let then = so_far + weight(to);
                    let (to, _) = seen.get_key_value(to).unwrap();
                    if best.get(to).is_none_or(|b| *b < then) {
                        best.insert(to, then);
                        grew.insert(to);
                    }
                }
            }
            if grew.is_empty() {
                return best.values().max().copied();
            }
        }
        None
    }
}

#[test]
fn nothing_unbounded_is_silent_and_no_bound_is_passed() {
    let (mut looked_at, mut unbounded, mut exact, mut bounded, mut alarms) = (0, 0, 0, 0, 0);
    let (mut waits, mut false_waits) = (0, 0);
    for seed in 0..500 {
        let random = random(seed);
        let found = compiled(&journey(&random.text));
        let codes: BTreeSet<_> = found.findings.iter().map(|f| f.code.code).collect();
        // Rings of limits are an error of their own; what the adversary does in them is left open.
        if codes.contains("J0204") || codes.iter().any(|c| *c < "J0103") {
            continue;
        }
        looked_at += 1;
        let waiting = random.left_waiting();
        for state in 0..random.sends.len() {
            let name = if state == 0 { "`first`".to_owned() } else { format!("`s{state}`") };
            let said = found.findings.iter().any(|f| f.code.code == "J0303" && f.message.contains(&name));
            let waits_here = waiting.contains(&state);
            assert!(said || !waits_here, "seed {seed}: nobody says that {name} can wait for ever:\n{}", random.text);
            waits += u32::from(waits_here);
            false_waits += u32::from(said && !waits_here);
        }
        let told = codes.iter().any(|c| ("J0201".."J0205").contains(c) || *c == "J0206");
        let table = message_bounds(found.program.as_ref().unwrap());
        let claimed = table
            .iter()
            .find(|b| b.scope != Scope::Customer && b.channel.is_none() && b.window.is_none())
            .unwrap()
            .at_most;
        match random.most() {
            None => {
                unbounded += 1;
                assert!(told, "seed {seed} can be run without end, and nothing is said:\n{}", random.text);
                assert_eq!(claimed, None, "seed {seed} has no bound:\n{}", random.text);
            }
            Some(most) => {
                bounded += 1;
                alarms += u32::from(told);
                assert!(
                    claimed.is_none_or(|c| c >= most),
                    "seed {seed}: {most} messages, {claimed:?} claimed:\n{}",
                    random.text
                );
                exact += u32::from(claimed == Some(most));
            }
        }
    }
    // Tightness on these journeys; a change that makes it worse should be seen.
    assert!(looked_at > 300 && unbounded > 100, "{looked_at} {unbounded}");
    assert!(waits > 300 && false_waits * 20 < waits, "{false_waits} beside {waits} states that can wait for ever");
    assert!(alarms * 20 < bounded, "{alarms} of {bounded} bounded journeys are told to be unbounded");
    assert!(exact * 3 > bounded * 2, "{exact} of {bounded} bounds are exact");
}
