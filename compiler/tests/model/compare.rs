//! An analysis held against the adversary.

use journey_compiler::model::{Alpha, Analysis, Model};

use super::adversary::Adversary;
use super::replay;

/// The longest window that is asked.
pub(crate) const LONGEST: usize = 20;

/// What differs from the adversary's answers, or does not hold by itself.
pub(crate) fn differences(model: &Model, analysis: &Analysis) -> Result<(), String> {
    let adversary = Adversary::of(model);
    let truth = adversary.most(LONGEST);
    if let Some(cycle) = analysis.instant_cycle() {
        replay::cycle(model, cycle)?;
        if cycle.period != 0 {
            return Err("a cycle in no time takes time".into());
        }
    }
    if let Some(rate) = analysis.rate() {
        replay::cycle(model, &rate.cycle)?;
    }
    for window in 0..=LONGEST {
        let most = truth.as_ref().map(|all| all[window]).filter(|_| window > 0);
        let ours = analysis.alpha(window as i64);
        if window > 0 && ours.count() != most {
            return Err(format!("{:?} in {window} ms; the adversary has {most:?}", ours.count()));
        }
        match &ours {
            Alpha::Unbounded(cycle) => replay::cycle(model, cycle)?,
            Alpha::AtMost(run) => replay::run(model, run, Some(window as i64))?,
            Alpha::Silent => {}
        }
        let Some(count) = ours.count() else { continue };
        if analysis.bucket(window as i64).is_none_or(|bucket| bucket < count) {
            return Err(format!("the bucket is below {count} in {window} ms"));
        }
        // Where registers are fresh, a window may have to begin before the cycle can be gone.
        let fresh = model.registers.iter().any(|register| register.fresh);
        if let Some(rate) = analysis.rate().filter(|_| !fresh) {
            let kept_up = window as u64 / rate.cycle.period.unsigned_abs() * rate.cycle.sends;
            if count < kept_up {
                return Err(format!("{count} in {window} ms, but the rate keeps up {kept_up}"));
            }
        }
    }
    let life = analysis.whole_life();
    match &life {
        Alpha::Unbounded(cycle) => replay::cycle(model, cycle)?,
        Alpha::AtMost(run) => replay::run(model, run, None)?,
        Alpha::Silent => {}
    }
    let truth = adversary.whole_life();
    if life.count() != truth {
        return Err(format!("{:?} in a whole life; the adversary has {truth:?}", life.count()));
    }
    Ok(())
}
