//! The laws that every store keeps.
//!
//! A new store's tests call [`run`] with a function that makes a fresh place, and [`in_doubt`] with a way to make a commit's
//! outcome unknown where there is one, and are done.

use super::{
    Batch, CommitOutcome, CustomerWrite, DeadLetter, FORGOTTEN, OutboxAdd, Settled, Store, StoreError, TimelineAdd,
};

/// A place where a store is kept: opens it, again and again, with what it holds.
pub type Place = Box<dyn Fn() -> Result<Box<dyn Store>, StoreError>>;

/// Checks all laws, each on a fresh place.
///
/// # Errors
/// The first law that is broken, and how.
pub fn run(mut fresh: impl FnMut() -> Place) -> Result<(), String> {
    let laws: &[(&str, Law)] = &[
        ("a new store is empty", is_empty),
        ("what is committed is kept over a restart", keeps),
        ("an input is taken once", takes_once),
        ("a batch happens whole or not at all", is_atomic),
        ("each opening has a greater epoch", has_epochs),
        ("an older epoch is fenced", fences_epochs),
        ("of two who have it open, at most one writes", has_one_writer),
        ("a customer whom somebody else changed is fenced", fences_revisions),
        ("each write of a customer counts once", counts_revisions),
        ("due customers come in order, in portions", orders_due),
        ("outbox rows come in order until they are settled", orders_outbox),
        ("what was just added to the outbox has known places", knows_newest),
        ("timelines are in order and apart", orders_timelines),
        ("customers come in order, in portions", orders_customers),
        ("dead letters are kept once", keeps_dead_letters),
        ("addresses lead to their customers", finds_addresses),
        ("a stopped address stays stopped", keeps_stops),
        ("who is forgotten is", forgets),
        ("values by name are replaced", replaces_meta),
        ("any text is kept as it is", keeps_texts),
    ];
    for (name, law) in laws {
        let place = fresh();
        law(&place).map_err(|how| format!("{name}: {how}"))?;
    }
    Ok(())
}

/// Checks the law of commits whose outcome is unknown: after one nothing is committed on that opening, and the next one finds
/// all of the batch or nothing of it.
///
/// `doubt` makes the next commit's outcome unknown.
///
/// # Errors
/// How the law is broken.
pub fn in_doubt(place: &Place, mut doubt: impl FnMut()) -> Result<(), String> {
    let mut store = place().told()?;
    let epoch = store.epoch();
    commit(store.as_mut(), &Batch { taken: vec!["i0".into()], ..Batch::default() })?;
    doubt();
    same("commit", store.commit(epoch, &full("i1")).told()?, CommitOutcome::Unknown)?;
    let later = Batch { taken: vec!["i2".into()], ..Batch::default() };
    if let Ok(CommitOutcome::Committed) = store.commit(epoch, &later) {
        return Err("what came after a commit in doubt was committed".into());
    }
    drop(store);
    let mut store = place().told()?;
    let taken = store.taken(&["i0", "i1", "i2"]).told()?;
    match taken.as_slice() {
        [true, false, false] => nothing_but_inputs_in(store.as_mut()),
        [true, true, false] => {
            drop(store);
            holds_full(place)
        }
        other => Err(format!("taken: found {other:?}")),
    }
}

type Law = fn(&Place) -> Result<(), String>;

trait Told<T> {
    fn told(self) -> Result<T, String>;
}

impl<T> Told<T> for Result<T, StoreError> {
    fn told(self) -> Result<T, String> {
        self.map_err(|e| format!("the store failed: {e}"))
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: found {found:?}, expected {expected:?}")) }
}

fn commit(store: &mut dyn Store, batch: &Batch) -> Result<(), String> {
    let epoch = store.epoch();
    same("commit", store.commit(epoch, batch).told()?, CommitOutcome::Committed)
}

fn customer(id: &str, state: &str, expected: Option<u64>, next_due: Option<i64>) -> CustomerWrite {
    CustomerWrite { id: id.into(), state: state.into(), expected, next_due, addresses: None }
}

fn effect(id: &str) -> OutboxAdd {
    OutboxAdd { id: id.into(), customer: "a".into(), at: 5, body: format!("body of {id}") }
}

fn letter(key: &str) -> DeadLetter {
    DeadLetter { key: key.into(), at: 7, line: 3, reason: "why".into(), raw: "{".into() }
}

/// A batch with something of everything.
fn full(input: &str) -> Batch {
    Batch {
        taken: vec![input.into()],
        customers: vec![CustomerWrite { addresses: Some(vec!["+1".into()]), ..customer("a", "A", None, Some(10)) }],
        outbox: vec![effect("m1")],
        settled: Vec::new(),
        timeline: vec![TimelineAdd { customer: "a".into(), entry: "t1".into() }],
        dead_letters: vec![letter("k1")],
        stopped: vec!["+1".into()],
        forget: Vec::new(),
        meta: vec![("clock".into(), "5".into())],
    }
}

fn is_empty(place: &Place) -> Result<(), String> {
    let mut store = place().told()?;
    nothing_in(store.as_mut())
}

fn nothing_in(store: &mut dyn Store) -> Result<(), String> {
    same("taken", store.taken(&["i1"]).told()?, vec![false])?;
    nothing_but_inputs_in(store)
}

fn nothing_but_inputs_in(store: &mut dyn Store) -> Result<(), String> {
    same("load", store.load(&["a"]).told()?, vec![None])?;
    same("due", store.due(None, i64::MAX, 9).told()?, vec![])?;
    same("next due", store.next_due().told()?, None)?;
    same("outbox", store.outbox(0, 9).told()?, vec![])?;
    same("open outbox", store.claim_outbox(0, 9).told()?, vec![])?;
    same("timeline", store.timeline("a").told()?, vec![])?;
    same("customers", store.customers(None, 9).told()?, vec![])?;
    same("dead letters", store.dead_letters().told()?, vec![])?;
    same("address", store.customers_with_address("+1").told()?, vec![])?;
    same("stopped", store.stopped(&["+1"]).told()?, vec![])?;
    same("meta", store.meta("clock").told()?, None)
}

fn keeps(place: &Place) -> Result<(), String> {
    let mut store = place().told()?;
    commit(store.as_mut(), &full("i1"))?;
    drop(store);
    holds_full(place)
}

/// Whether all of [`full`] is there.
fn holds_full(place: &Place) -> Result<(), String> {
    let mut store = place().told()?;
    let loaded = store.load(&["b", "a"]).told()?;
    let found: Vec<_> = loaded.into_iter().map(|r| r.map(|r| (r.state, r.revision, r.next_due))).collect();
    same("load", found, vec![None, Some((b"A".to_vec(), 1, Some(10)))])?;
    same("taken", store.taken(&["i1", "i2"]).told()?, vec![true, false])?;
    same("due", store.due(None, 10, 9).told()?, vec![(10, "a".into())])?;
    same("next due", store.next_due().told()?, Some(10))?;
    let rows = store.claim_outbox(0, 9).told()?;
    let rows: Vec<_> = rows.into_iter().map(|r| (r.id, r.customer, r.at, r.body, r.result)).collect();
    same("outbox", rows, vec![("m1".into(), "a".into(), 5, "body of m1".into(), None)])?;
    same("timeline", store.timeline("a").told()?, vec!["t1".into()])?;
    same("customers", store.customers(None, 9).told()?, vec!["a".into()])?;
    same("dead letters", store.dead_letters().told()?, vec![letter("k1")])?;
    same("address", store.customers_with_address("+1").told()?, vec!["a".into()])?;
    same("stopped", store.stopped(&["+1"]).told()?, vec!["+1".into()])?;
    same("meta", store.meta("clock").told()?, Some("5".into()))
}

fn takes_once(place: &Place) -> Result<(), String> {
    let mut store = place().told()?;
    let epoch = store.epoch();
    commit(store.as_mut(), &Batch { taken: vec!["i1".into()], ..Batch::default() })?;
    let again = Batch { customers: Vec::new(), ..full("i1") };
    same("again", store.commit(epoch, &again).told()?, CommitOutcome::Duplicate)?;
    let twice = Batch { taken: vec!["i2".into(), "i2".into()], ..Batch::default() };
    same("twice in one batch", store.commit(epoch, &twice).told()?, CommitOutcome::Duplicate)?;
    same("taken", store.taken(&["i2"]).told()?, vec![false])?;
    // the duplicate comes last, so that all that is new has been met before it
    let last = Batch { taken: vec!["i3".into(), "i1".into()], ..full("i3") };
    same("with something new", store.commit(epoch, &last).told()?, CommitOutcome::Duplicate)?;
    same("taken with it", store.taken(&["i3"]).told()?, vec![false])?;
    nothing_but_inputs_in(store.as_mut())?;
    drop(store);
    nothing_but_inputs_in(place().told()?.as_mut())
}

fn is_atomic(place: &Place) -> Result<(), String> {
    let mut store = place().told()?;
    let epoch = store.epoch();
    let mut bad = full("i1");
    bad.customers.push(customer("z", "Z", Some(4), None)); // nobody has loaded revision 4 of a customer who is new
    same("commit", store.commit(epoch, &bad).told()?, CommitOutcome::Fenced)?;
    nothing_in(store.as_mut())?;
    drop(store);
    nothing_in(place().told()?.as_mut())
}

fn has_epochs(place: &Place) -> Result<(), String> {
    let first = place().told()?.epoch();
    let second = place().told()?.epoch();
    if second > first { Ok(()) } else { Err(format!("{first} and then {second}")) }
}

fn fences_epochs(place: &Place) -> Result<(), String> {
    let first = place().told()?.epoch();
    let mut store = place().told()?;
    for other in [first, 0, store.epoch() + 1] {
        same("commit", store.commit(other, &full("i1")).told()?, CommitOutcome::Fenced)?;
        nothing_in(store.as_mut())?;
    }
    commit(store.as_mut(), &full("i1"))
}

/// A store may refuse to be opened while somebody has it open. Where it does not, who opened it first writes no more.
fn has_one_writer(place: &Place) -> Result<(), String> {
    let mut first = place().told()?;
    match place() {
        Err(StoreError::Locked { .. }) => commit(first.as_mut(), &full("i1")),
        Err(other) => Err(format!("the store failed: {other}")),
        Ok(mut second) => {
            let epoch = first.epoch();
            same("the first", first.commit(epoch, &full("i1")).told()?, CommitOutcome::Fenced)?;
            nothing_in(second.as_mut())?;
            commit(second.as_mut(), &full("i1"))?;
            same("the first again", first.commit(epoch, &full("i2")).told()?, CommitOutcome::Fenced)
        }
    }
}

fn fences_revisions(place: &Place) -> Result<(), String> {
    let mut store = place().told()?;
    let epoch = store.epoch();
    let write =
        |state: &str, expected| Batch { customers: vec![customer("a", state, expected, None)], ..Batch::default() };
    commit(store.as_mut(), &write("1", None))?;
    commit(store.as_mut(), &write("2", Some(1)))?;
    for stale in [None, Some(1), Some(3)] {
        same("stale", store.commit(epoch, &write("3", stale)).told()?, CommitOutcome::Fenced)?;
    }
    let found: Vec<_> = store.load(&["a"]).told()?.into_iter().flatten().map(|r| (r.state, r.revision)).collect();
    same("load", found, vec![(b"2".to_vec(), 2)])
}

fn counts_revisions(place: &Place) -> Result<(), String> {
    let mut store = place().told()?;
    let mut both = |expected| {
        let customers = vec![customer("a", "A", expected, None), customer("b", "B", expected, None)];
        commit(store.as_mut(), &Batch { customers, ..Batch::default() })
    };
    [None, Some(1), Some(2)].into_iter().try_for_each(&mut both)?;
    drop(store);
    let mut store = place().told()?;
    let found = |store: &mut dyn Store| -> Result<Vec<u64>, String> {
        Ok(store.load(&["a", "b"]).told()?.into_iter().flatten().map(|r| r.revision).collect())
    };
    same("revisions", found(store.as_mut())?, vec![3, 3])?;
    // one stale customer fences the batch, also where it comes after one that is not
    let customers = vec![customer("a", "new", Some(3), Some(1)), customer("b", "new", Some(2), Some(1))];
    let epoch = store.epoch();
    let stale = Batch { customers, taken: vec!["i1".into()], ..Batch::default() };
    same("one is stale", store.commit(epoch, &stale).told()?, CommitOutcome::Fenced)?;
    same("revisions then", found(store.as_mut())?, vec![3, 3])?;
    same("due", store.next_due().told()?, None)?;
    same("taken", store.taken(&["i1"]).told()?, vec![false])
}

fn orders_due(place: &Place) -> Result<(), String> {
    let mut store = place().told()?;
    let all = [("c", Some(5)), ("a", Some(7)), ("b", Some(5)), ("d", None), ("e", Some(-3))];
    let customers = all.iter().map(|(id, due)| customer(id, "{}", None, *due)).collect();
    commit(store.as_mut(), &Batch { customers, ..Batch::default() })?;
    same("first", store.due(None, 7, 2).told()?, vec![(-3, "e".into()), (5, "b".into())])?;
    same("then", store.due(Some((5, "b")), 7, 9).told()?, vec![(5, "c".into()), (7, "a".into())])?;
    same("until", store.due(None, 5, 9).told()?.len(), 3)?;
    let moved = vec![customer("e", "{}", Some(1), Some(9)), customer("b", "{}", Some(1), None)];
    commit(store.as_mut(), &Batch { customers: moved, ..Batch::default() })?;
    let left = store.due(None, 9, 9).told()?;
    same("moved", left, vec![(5, "c".into()), (7, "a".into()), (9, "e".into())])?;
    same("next due", store.next_due().told()?, Some(5))
}

fn orders_outbox(place: &Place) -> Result<(), String> {
    let mut store = place().told()?;
    commit(store.as_mut(), &Batch { outbox: vec![effect("z"), effect("a"), effect("m")], ..Batch::default() })?;
    let rows = store.claim_outbox(0, 2).told()?;
    same("order", rows.iter().map(|r| r.id.as_str()).collect(), vec!["z", "a"])?;
    let (Some(first), Some(second)) = (rows.first(), rows.get(1)) else { return Err("rows are missing".into()) };
    if first.seq == 0 || second.seq <= first.seq {
        return Err(format!("places {} and {}", first.seq, second.seq));
    }
    let settled = |result: &str| vec![Settled { seq: first.seq, result: result.into() }];
    commit(store.as_mut(), &Batch { settled: settled("done"), ..Batch::default() })?;
    commit(store.as_mut(), &Batch { settled: settled("again"), ..Batch::default() })?;
    let open: Vec<String> = store.claim_outbox(0, 9).told()?.into_iter().map(|r| r.id).collect();
    same("open", open, vec!["a".into(), "m".into()])?;
    let rest: Vec<String> = store.claim_outbox(second.seq, 9).told()?.into_iter().map(|r| r.id).collect();
    same("after", rest, vec!["m".into()])?;
    let all: Vec<_> = store.outbox(0, 9).told()?.into_iter().map(|r| r.result).collect();
    same("results", all, vec![Some("done".into()), None, None])?;
    // Out of order, over a restart, and the usual result as well as others.
    let settle = |seq: u64, result: &str| Settled { seq, result: result.into() };
    let settled = vec![settle(second.seq + 1, "delivered"), settle(second.seq + 9, "nowhere")];
    commit(store.as_mut(), &Batch { settled, outbox: vec![effect("n")], ..Batch::default() })?;
    let open = |store: &mut dyn Store| -> Result<Vec<String>, String> {
        Ok(store.claim_outbox(0, 9).told()?.into_iter().map(|r| r.id).collect())
    };
    same("with a gap", open(store.as_mut())?, vec!["a".into(), "n".into()])?;
    drop(store);
    let mut store = place().told()?;
    same("over a restart", open(store.as_mut())?, vec!["a".into(), "n".into()])?;
    // Several gaps, and several rows beyond them.
    commit(store.as_mut(), &Batch { outbox: vec![effect("o"), effect("p")], ..Batch::default() })?;
    let beyond = store.claim_outbox(second.seq + 2, 9).told()?;
    same("added", beyond.iter().map(|r| r.id.as_str()).collect(), vec!["o", "p"])?;
    let settled = beyond.iter().map(|row| settle(row.seq, "delivered")).collect();
    commit(store.as_mut(), &Batch { settled, ..Batch::default() })?;
    same("with gaps", open(store.as_mut())?, vec!["a".into(), "n".into()])?;
    commit(store.as_mut(), &Batch { settled: vec![settle(second.seq, "delivered")], ..Batch::default() })?;
    same("without the gap", open(store.as_mut())?, vec!["n".into()])?;
    let all: Vec<_> = store.outbox(0, 9).told()?.into_iter().map(|r| r.result).collect();
    let delivered = || Some("delivered".to_owned());
    let last = [None, delivered(), delivered()];
    let expected = [Some("done".into()), delivered(), delivered()].into_iter().chain(last).collect();
    same("all results", all, expected)?;
    drop(store);
    same("in the end", open(place().told()?.as_mut())?, vec!["n".into()])
}

fn knows_newest(place: &Place) -> Result<(), String> {
    let mut store = place().told()?;
    if store.newest_outbox().is_none() {
        return Ok(());
    }
    same("of none", store.newest_outbox(), Some(0))?;
    let mut rows = 0;
    for n in [1, 3, 2] {
        let outbox = (0..n).map(|n| effect(&format!("m{rows}-{n}"))).collect();
        commit(store.as_mut(), &Batch { outbox, ..Batch::default() })?;
        let places: Vec<u64> = store.outbox(0, 99).told()?.iter().skip(rows).map(|row| row.seq).collect();
        let Some(newest) = store.newest_outbox() else { return Err("it is not known any more".into()) };
        same("places", places, (newest + 1 - n..=newest).collect())?;
        rows = rows.saturating_add(usize::try_from(n).unwrap_or(0));
    }
    let refused =
        Batch { outbox: vec![effect("m")], customers: vec![customer("z", "Z", Some(4), None)], ..Batch::default() };
    let (epoch, newest) = (store.epoch(), store.newest_outbox());
    same("refused", store.commit(epoch, &refused).told()?, CommitOutcome::Fenced)?;
    same("after one that was refused", store.newest_outbox(), newest)?;
    drop(store);
    same("over a restart", place().told()?.newest_outbox(), newest)
}

fn orders_timelines(place: &Place) -> Result<(), String> {
    let mut store = place().told()?;
    let entry = |customer: &str, entry: &str| TimelineAdd { customer: customer.into(), entry: entry.into() };
    let customers = vec![customer("a", "{}", None, None), customer("b", "{}", None, None)];
    let timeline = vec![entry("a", "2"), entry("b", "x"), entry("a", "4")];
    commit(store.as_mut(), &Batch { customers, timeline, ..Batch::default() })?;
    commit(store.as_mut(), &Batch { timeline: vec![entry("a", "1"), entry("a", "3")], ..Batch::default() })?;
    let customers = vec![customer("a", "{}", Some(1), None)];
    commit(store.as_mut(), &Batch { customers, timeline: vec![entry("a", "5")], ..Batch::default() })?;
    same("a", store.timeline("a").told()?, ["2", "4", "1", "3", "5"].map(String::from).to_vec())?;
    same("b", store.timeline("b").told()?, vec!["x".into()])?;
    same("nobody", store.timeline("c").told()?, vec![])
}

fn orders_customers(place: &Place) -> Result<(), String> {
    let mut store = place().told()?;
    let customers = ["b", "a", "ä", "Z"].iter().map(|id| customer(id, "{}", None, None)).collect();
    commit(store.as_mut(), &Batch { customers, ..Batch::default() })?;
    same("first", store.customers(None, 2).told()?, vec!["Z".into(), "a".into()])?;
    same("then", store.customers(Some("a"), 9).told()?, vec!["b".into(), "ä".into()])
}

fn keeps_dead_letters(place: &Place) -> Result<(), String> {
    let mut store = place().told()?;
    commit(store.as_mut(), &Batch { dead_letters: vec![letter("k2"), letter("k1")], ..Batch::default() })?;
    commit(store.as_mut(), &Batch { dead_letters: vec![letter("k1"), letter("k3")], ..Batch::default() })?;
    let keys: Vec<String> = store.dead_letters().told()?.into_iter().map(|l| l.key).collect();
    same("keys", keys, vec!["k2".into(), "k1".into(), "k3".into()])
}

fn finds_addresses(place: &Place) -> Result<(), String> {
    let mut store = place().told()?;
    let write = |id: &str, expected, addresses: &[&str]| CustomerWrite {
        addresses: Some(addresses.iter().map(|a| (*a).to_string()).collect()),
        ..customer(id, "{}", expected, None)
    };
    let customers = vec![write("b", None, &["+1", "x@y.z"]), write("a", None, &["+1"])];
    commit(store.as_mut(), &Batch { customers, ..Batch::default() })?;
    same("shared", store.customers_with_address("+1").told()?, vec!["a".into(), "b".into()])?;
    let customers = vec![write("b", Some(1), &["x@y.z"]), customer("a", "{}", Some(1), None)];
    commit(store.as_mut(), &Batch { customers, ..Batch::default() })?;
    same("moved away", store.customers_with_address("+1").told()?, vec!["a".into()])?;
    same("kept", store.customers_with_address("x@y.z").told()?, vec!["b".into()])?;
    same("part of one", store.customers_with_address("+").told()?, vec![])
}

fn keeps_stops(place: &Place) -> Result<(), String> {
    let mut store = place().told()?;
    commit(store.as_mut(), &Batch { stopped: vec!["b".into(), "a".into()], ..Batch::default() })?;
    commit(store.as_mut(), &Batch { stopped: vec!["a".into()], ..Batch::default() })?;
    same("stopped", store.stopped(&["a", "x", "b"]).told()?, vec!["a".into(), "b".into()])
}

fn forgets(place: &Place) -> Result<(), String> {
    let mut store = place().told()?;
    commit(store.as_mut(), &full("i1"))?;
    let other = |row: OutboxAdd| OutboxAdd { customer: "b".into(), ..row };
    let named = DeadLetter { raw: "{\"customer\":\"a\"}".into(), ..letter("k2") };
    let batch = Batch {
        customers: vec![customer("b", "B", None, None)],
        timeline: vec![TimelineAdd { customer: "b".into(), entry: "u1".into() }],
        outbox: vec![effect("m2"), other(effect("m3"))],
        dead_letters: vec![named],
        ..Batch::default()
    };
    commit(store.as_mut(), &batch)?;
    let batch = Batch {
        forget: vec!["a".into()],
        customers: vec![CustomerWrite { addresses: Some(Vec::new()), ..customer("a", "-", Some(1), None) }],
        timeline: vec![TimelineAdd { customer: "a".into(), entry: "forgotten".into() }],
        ..Batch::default()
    };
    commit(store.as_mut(), &batch)?;
    drop(store);
    let mut store = place().told()?;
    same("timeline", store.timeline("a").told()?, vec!["forgotten".into()])?;
    same("another's", store.timeline("b").told()?, vec!["u1".into()])?;
    let rows: Vec<_> = store.outbox(0, 9).told()?.into_iter().map(|r| (r.id, r.body, r.result)).collect();
    let gone = |id: &str| (id.to_owned(), FORGOTTEN.to_owned(), Some("forgotten".to_owned()));
    same("outbox", rows, vec![gone("m1"), gone("m2"), ("m3".into(), "body of m3".into(), None)])?;
    let open: Vec<_> = store.claim_outbox(0, 9).told()?.into_iter().map(|r| r.id).collect();
    same("open", open, vec!["m3".into()])?;
    same("address", store.customers_with_address("+1").told()?, vec![])?;
    same("stopped", store.stopped(&["+1"]).told()?, vec!["+1".into()])?;
    let letters: Vec<_> = store.dead_letters().told()?.into_iter().map(|l| l.key).collect();
    same("dead letters", letters, vec!["k1".into()])
}

fn replaces_meta(place: &Place) -> Result<(), String> {
    let mut store = place().told()?;
    for value in ["1", "2"] {
        commit(store.as_mut(), &Batch { meta: vec![("clock".into(), value.into())], ..Batch::default() })?;
    }
    same("meta", store.meta("clock").told()?, Some("2".into()))?;
    same("other", store.meta("program").told()?, None)
}

fn keeps_texts(place: &Place) -> Result<(), String> {
    let mut store = place().told()?;
    let odd = "'; DROP TABLE customers; --\u{0}\n\u{202e}é\u{1f600}%_";
    let customers = vec![CustomerWrite { addresses: Some(vec![odd.into()]), ..customer(odd, odd, None, Some(1)) }];
    commit(store.as_mut(), &Batch { taken: vec![odd.into()], customers, ..Batch::default() })?;
    same("taken", store.taken(&[odd, "'"]).told()?, vec![true, false])?;
    same("customers", store.customers(None, 9).told()?, vec![odd.into()])?;
    same("address", store.customers_with_address(odd).told()?, vec![odd.into()])?;
    let found: Vec<_> = store.load(&[odd]).told()?.into_iter().flatten().map(|r| r.state).collect();
    same("load", found, vec![odd.as_bytes().to_vec()])
}
