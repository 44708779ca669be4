//! A store and its programs: a newer one is laid beside those that people are still in.

use std::collections::BTreeMap;
use std::sync::Arc;

use journey_spec::Program;
use journey_spec::program::union::union;
use journey_spec::program::{JourneyId, sound};
use journey_step::Customer;

use super::{Engine, work};
use crate::error::{EngineError, StoreError, StrandedInstances};
use crate::store::Store;

/// Under which name a store keeps the hash of its newest program.
const NEWEST: &str = "program";
/// Under which name it keeps the program that the numbers in customers' states point into: the only one that it has had, or
/// the union of several.
const TEXT: &str = "program text";
/// Under which name it keeps how many instances live in each journey of that.
pub(super) const LIVING: &str = "living";

/// How many instances live in a journey, or have ended with a message that still waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Living {
    /// The journey's name.
    pub journey: String,
    /// The hash of the older program that they are on; none where that is the newest.
    pub version: Option<String>,
    /// How many, over all customers.
    pub instances: u64,
}

/// Instances by the number of their journey.
#[derive(Default)]
pub(super) struct Count(BTreeMap<u32, u64>);

/// How many more, or fewer, since the last commit.
#[derive(Default)]
pub(super) struct Change(BTreeMap<u32, i64>);

impl Count {
    fn of(&self, id: JourneyId) -> u64 {
        self.0.get(&id.0).copied().unwrap_or(0)
    }

    fn after(&self, change: &Change) -> Count {
        let mut all = self.0.clone();
        for (id, by) in &change.0 {
            let there = all.entry(*id).or_default();
            *there = there.saturating_add_signed(*by);
        }
        all.retain(|_, n| *n > 0);
        Count(all)
    }
}

impl Change {
    /// One customer's step.
    pub(super) fn see(&mut self, before: &[JourneyId], after: &[JourneyId]) {
        if before != after {
            before.iter().for_each(|id| *self.0.entry(id.0).or_default() -= 1);
            after.iter().for_each(|id| *self.0.entry(id.0).or_default() += 1);
        }
    }
}

/// The journeys in which a customer's instances live, one an instance.
pub(super) fn lived(customer: &Customer) -> Vec<JourneyId> {
    customer.under_way().collect()
}

/// What the store is to be run with.
pub(super) struct Claimed {
    pub(super) program: Arc<Program>,
    pub(super) living: Count,
    /// What the store does not know of that yet.
    pub(super) meta: Vec<(String, String)>,
}

/// Lays the program beside what the store holds.
pub(super) fn claim(store: &mut dyn Store, newest: Arc<Program>) -> Result<Claimed, EngineError> {
    let stored = store.meta(NEWEST)?;
    let Some(text) = store.meta(TEXT)? else {
        if let Some(stored) = stored.filter(|stored| *stored != newest.hash) {
            return Err(EngineError::OtherProgram { stored, given: newest.hash.clone() });
        }
        let meta = vec![(NEWEST.into(), newest.hash.clone()), (TEXT.into(), written(&newest)?)];
        return Ok(Claimed { living: counted(store)?, program: newest, meta });
    };
    let damaged = |why: String| StoreError::Damaged(format!("the program that it was run with {why}"));
    let there: Program = serde_json::from_str(&text).map_err(|e| damaged(format!("cannot be read: {e}")))?;
    if there.hash != there.content_hash() {
        return Err(damaged("is not what its hash says".into()).into());
    }
    sound::check(&there).map_err(|e| damaged(format!("does not hang together: {e}")))?;
    let living = match store.meta(LIVING)? {
        Some(text) => Count(serde_json::from_str(&text).map_err(|e| {
            StoreError::Damaged(format!("how many live in each journey is `{text}`, which is not understood: {e}"))
        })?),
        None => Count::default(),
    };
    if there.hash == newest.hash {
        return Ok(Claimed { program: Arc::new(there), living, meta: Vec::new() });
    }
    let laid = union(&there, &newest, |id| living.of(id) > 0).map_err(|e| EngineError::Program(e.to_string()))?;
    if !laid.stranded.is_empty() {
        let stranded = laid.stranded.into_iter();
        let stranded = stranded.map(|why| StrandedInstances { instances: living.of(why.id), why }).collect();
        return Err(EngineError::Stranded { given: newest.hash.clone(), stranded });
    }
    let mut meta = Vec::new();
    // With the same programs as before there may still be a journey in which nobody is any more.
    if laid.program.hash != there.hash {
        meta.push((NEWEST.into(), newest.hash.clone()));
        meta.push((TEXT.into(), written(&laid.program)?));
    }
    Ok(Claimed { program: Arc::new(laid.program), living, meta })
}

fn written(program: &Program) -> Result<String, EngineError> {
    Ok(serde_json::to_string(program)
        .map_err(|e| StoreError::Damaged(format!("the program cannot be written: {e}")))?)
}

/// Counts from the beginning, for a store that was never counted: a new one, as a rule.
fn counted(store: &mut dyn Store) -> Result<Count, EngineError> {
    let mut change = Change::default();
    let mut after: Option<String> = None;
    loop {
        let ids = store.customers(after.as_deref(), 1000)?;
        let Some(last) = ids.last() else { return Ok(Count::default().after(&change)) };
        let these: Vec<&str> = ids.iter().map(String::as_str).collect();
        for (id, record) in ids.iter().zip(store.load(&these)?) {
            if let Some(record) = record {
                change.see(&[], &lived(&work::read_customer(id, &record.state)?));
            }
        }
        after = Some(last.clone());
    }
}

impl Engine {
    /// How many instances live in each journey, those of older versions first. Instances stay on the version on which they
    /// began; nothing begins on an older one.
    #[must_use]
    pub fn living(&self) -> Vec<Living> {
        let program = &self.program;
        let count = self.living.after(&self.work.living);
        let all = program.journeys.iter().zip(0..).map(|(journey, id)| Living {
            journey: journey.name.to_string(),
            version: program.older_version(JourneyId(id)).map(str::to_owned),
            instances: count.of(JourneyId(id)),
        });
        let (older, newest): (Vec<Living>, Vec<Living>) =
            all.filter(|l| l.instances > 0).partition(|l| l.version.is_some());
        older.into_iter().chain(newest).collect()
    }

    /// Who lives where once what was done is committed, also as the store keeps it under [`LIVING`]; none where that stays.
    pub(super) fn count_living(&self) -> Result<Option<(Count, String)>, EngineError> {
        if self.work.living.0.values().all(|by| *by == 0) {
            return Ok(None);
        }
        let count = self.living.after(&self.work.living);
        let text = serde_json::to_string(&count.0)
            .map_err(|e| StoreError::Damaged(format!("how many live in each journey cannot be written: {e}")))?;
        Ok(Some((count, text)))
    }
}
