//! Hostile modules that load, and what each call of them comes to.

use super::guests::{Guest, chooser, error, number, place, scorer};

/// A module that means harm.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) guest: Guest,
    /// Whether it is asked for a name; else for a number.
    pub(crate) chooses: bool,
    /// How the reason begins.
    pub(crate) reason: &'static str,
}

const FUEL: &str = "limit: it spent all its fuel, 10000000 (5ms)";
const OUTSIDE: &str = "abi: it named a place outside of its memory";
const CASE: &str = "abi: it said a case that is not there";
const DEEP: &str = "crash: its calls nested deeper than its stack is";

/// Says a number, as a well-behaved one does.
fn fine() -> Guest {
    scorer(&number("(f64.const 0.1)"))
}

pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |name, guest, reason| cases.push(Case { name, guest, chooses: false, reason });
    let forever = "(loop $again (br $again))";
    add("loops as it begins", fine().beside(&format!("(func $begin {forever}) (start $begin)")), FUEL);
    add("loops", scorer(&format!("{forever} (i32.const 0)")), FUEL);
    add("loops where it is told", fine().realloc(&format!("{forever} (i32.const 0)")), FUEL);
    add("loops after its answer", fine().post(forever), FUEL);
    let fill = "(loop $again (memory.fill (i32.const 0) (i32.const 7) (i32.const 1000000)) (br $again)) (i32.const 0)";
    add("moves bytes without end", scorer(fill), FUEL);
    let round = "(func $round (result i32) (return_call $round))";
    add("calls its own tail", scorer("(call $round)").beside(round), FUEL);
    let grow = "(loop $again (drop (memory.grow (i32.const 16))) (br $again)) (i32.const 0)";
    add("takes all memory", scorer(grow), "limit: it wanted more than 16 MiB of memory");
    let grow = "(loop $again (drop (table.grow $t (ref.null func) (i32.const 1000))) (br $again)) (i32.const 0)";
    let tables = "limit: it wanted tables of more than 20000 entries";
    add("takes tables", scorer(grow).beside("(table $t 1 funcref)"), tables);
    let deep = "(func $deep (param i64) (result i32) (i32.add (i32.const 1) (call $deep (i64.add (local.get 0) (i64.const 1)))))";
    add("nests without end", scorer("(call $deep (i64.const 1))").beside(deep), DEEP);
    let reads: String = (0..2_000).map(|n| format!("(local.set $l{n} (i64.load (i32.const {n})))")).collect();
    let locals: String = (0..2_000).map(|n| format!("(local $l{n} i64)")).collect();
    let uses: String = (0..2_000).map(|n| format!("(i64.add (local.get $l{n}))")).collect();
    let wide = format!("(func $wide (param i64) (result i64) {locals} {reads} (call $wide (local.get 0)) {uses})");
    add("jumps over the stack's end", scorer("(drop (call $wide (i64.const 1))) (i32.const 0)").beside(&wide), DEEP);
    add("points outside", scorer("(i32.const -8)"), OUTSIDE);
    add("has its input put outside", fine().realloc("(i32.const -16)"), OUTSIDE);
    let no_text = scorer(&error(72, 0, 1024, 4)).beside("(data (i32.const 1024) \"\\ff\\fe\\fd\\fc\")");
    add("says no UTF-8", no_text, "abi: it said a text that is no UTF-8");
    add("says a case that is none", scorer(&error(72, 9, 1024, 4)), CASE);
    add("says 15 MB", scorer(&error(72, 3, 1024, 15_000_000)).memory("250"), "limit: it said more than 65536 bytes");
    let flood = "(loop $again (call $log (i32.const 3) (i32.const 0) (i32.const 1000)) (br $again)) (i32.const 0)";
    add("floods the log", scorer(flood), FUEL);
    add("breaks off", scorer("(unreachable)"), "crash: it broke off by itself");
    add("breaks off after its answer", fine().post("(unreachable)"), "crash: it broke off by itself");
    let nan = "contract: it said a number that is none";
    add("says NaN", scorer(&number("(f64.const nan)")), nan);
    add("says infinity", scorer(&number("(f64.const inf)")), nan);
    // Its own memory is gone at each call, or the second would say 0.1 and nothing would fail.
    let keeps = format!(
        "(if (i32.load (i32.const 2048)) (then (return (i32.const 64)))) (i32.store (i32.const 2048) (i32.const 1)) {}
         (unreachable)",
        number("(f64.const 0.1)")
    );
    add("remembers a call", scorer(&keeps), "crash: it broke off by itself");
    for at in [3, -1] {
        let (name, guest) = ("chooses what is not there", chooser(&place(at)));
        cases.push(Case { name, guest, chooses: true, reason: "contract: it chose what is not there" });
    }
    cases
}
