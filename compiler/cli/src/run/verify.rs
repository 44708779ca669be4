//! `journeyc run --verify-hooks`: whether hooks say the same when they are asked again.

use std::path::Path;
use std::sync::Arc;

use journey_runtime::Engine;
use journey_runtime::hooks::{Differs, Verified};
use journey_runtime::store::Sqlite;
use journey_spec::Program;
use journey_spec::time::Zone;
use journey_step::effect::{Entry, What};
use journey_step::{HookAnswer, HookReply};

use crate::failure::{Exit, Failure, Outcome};
use crate::run::{engine_failure, store_failure};
use crate::screen::{Screen, count, plain};

/// Differences that are printed.
const MOST_SHOWN: usize = 20;

/// Says what came of asking each question twice.
pub(super) fn tell(seen: &Verified, screen: &mut Screen) -> Exit {
    for differs in seen.differ.iter().take(MOST_SHOWN) {
        let Differs { hook, by, first, second } = differs;
        let who = if by.journey.is_empty() { "an event".to_owned() } else { by.journey.clone() };
        screen.print(&format!(
            "hook {hook} differs, asked by {who} of {} at {}: first {}, then {}\n",
            by.customer,
            Zone::utc().stamp(by.now),
            said(first),
            said(second)
        ));
    }
    let differ = usize::try_from(seen.differing).unwrap_or(usize::MAX);
    if differ > MOST_SHOWN {
        screen.print(&format!("and {} more\n", differ - MOST_SHOWN));
    }
    let asked = count(usize::try_from(seen.asked).unwrap_or(usize::MAX), "question", "questions");
    let interrupted = match seen.interrupted {
        0 => String::new(),
        n => format!(", {n} interrupted and not compared"),
    };
    screen.say(&format!("hooks: {asked} asked twice, {differ} answered differently{interrupted}\n"));
    Exit::findings(differ > 0)
}

fn said(reply: &HookReply) -> String {
    let answer = match &reply.answer {
        HookAnswer::Outcome(name) => name.clone(),
        HookAnswer::Number(number) => number.to_string(),
        HookAnswer::Verdicts(verdicts) => count(verdicts.len(), "verdict", "verdicts"),
        HookAnswer::Data(_) => "data".into(),
        HookAnswer::Failed(why) => format!("failed ({why})"),
    };
    match reply.ran.as_ref().and_then(|ran| ran.fuel) {
        Some(fuel) => format!("{answer} with fuel {fuel}"),
        None => answer,
    }
}

/// What a store has recorded of a customer's hooks.
type Recorded = Vec<(String, Vec<Entry>)>;

/// What hooks have said, as the store of an earlier run has it. A copy is read: opening a store claims it.
pub(super) fn recorded(store: &Path, program: &Arc<Program>) -> Result<Recorded, Failure> {
    let cannot = |e: &std::io::Error| {
        Failure::new(format!("cannot copy the store `{}` to read it: {}", store.display(), plain(e)))
            .help("make room for a copy in the folder for temporary files, or name another store")
    };
    let folder = tempfile::tempdir().map_err(|e| cannot(&e))?;
    let copy = folder.path().join("journeys.db");
    std::fs::copy(store, &copy).map_err(|e| cannot(&e))?;
    // What was committed and not yet written into the file itself stands in its log.
    let log = |path: &Path| {
        let mut name = path.as_os_str().to_owned();
        name.push("-wal");
        std::path::PathBuf::from(name)
    };
    if log(store).exists() {
        std::fs::copy(log(store), log(&copy)).map_err(|e| cannot(&e))?;
    }
    let sqlite = Sqlite::open(&copy).map_err(|e| store_failure(&e))?;
    let mut engine = Engine::open(Arc::clone(program), Box::new(sqlite)).map_err(|e| engine_failure(&e))?;
    judged(&mut engine)
}

/// What hooks have said of each customer, in order.
pub(super) fn judged(engine: &mut Engine) -> Result<Recorded, Failure> {
    let customers = engine.customers().map_err(|e| engine_failure(&e))?;
    let mut all = Vec::new();
    for id in customers {
        let mut entries = engine.timeline(&id).map_err(|e| engine_failure(&e))?;
        entries.retain(|entry| matches!(entry.what, What::Judged { .. }));
        if !entries.is_empty() {
            all.push((id, entries));
        }
    }
    Ok(all)
}

/// Holds what was recorded against what is said now. Of each customer the first difference is told: what follows may follow
/// from it.
pub(super) fn compare(recorded: &Recorded, again: &Recorded, screen: &mut Screen) -> Outcome {
    let utc = Zone::utc();
    let line = |entry: Option<&Entry>| match entry {
        Some(entry) => format!("{} at {}", entry.sentence(&utc), utc.stamp(entry.at)),
        None => "nothing".to_owned(),
    };
    let ids: std::collections::BTreeSet<&String> = recorded.iter().chain(again).map(|(id, _)| id).collect();
    let of = |all: &Recorded, id: &str| -> Vec<Entry> {
        all.iter().find(|(other, _)| other == id).map(|(_, entries)| entries.clone()).unwrap_or_default()
    };
    let (mut differ, mut compared) = (0, 0);
    for id in ids {
        let (was, is) = (of(recorded, id), of(again, id));
        let longest = was.len().max(is.len());
        let first = (0..longest).find(|n| was.get(*n) != is.get(*n));
        compared += first.unwrap_or(longest);
        if let Some(n) = first {
            differ += 1;
            if differ <= MOST_SHOWN {
                screen.print(&format!(
                    "{id}, question {}: recorded: {}; now: {}\n",
                    n + 1,
                    line(was.get(n)),
                    line(is.get(n))
                ));
            }
        }
    }
    if differ > MOST_SHOWN {
        screen.print(&format!("and {} more\n", count(differ - MOST_SHOWN, "customer", "customers")));
    }
    screen.say(&format!(
        "hooks: {} as recorded, {} of whom they say something else\n",
        count(compared, "answer", "answers"),
        count(differ, "customer", "customers")
    ));
    Ok(Exit::findings(differ > 0))
}
