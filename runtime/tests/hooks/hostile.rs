//! Hostile modules: for each the host lives, the call fails within its limit, the reason says which, and the next call, of
//! this module and of a well-behaved one, works as if nothing had been.

use std::sync::LazyLock;
use std::time::Duration;

use journey_runtime::hooks::{Ceilings, Modules, Setup};
use journey_spec::program::Hook;
use journey_step::HookAnswer;

use super::common::{ask, choice, failure, number, open, open_with, request};
use super::guests::{self, Guest, chooser, error, place, scorer};

/// No call takes longer, on whatever machine: the backstop and some room.
const LONGEST: Duration = Duration::from_secs(5);

static HEALTHY: LazyLock<Modules> =
    LazyLock::new(|| open(number("healthy"), &scorer(&guests::number("(f64.const 0.25)"))));

/// Asks it twice, since a place in the pool is used again, and a healthy one after each.
fn contained(modules: &Modules, hook: &str, reason: &str) {
    for _ in 0..2 {
        let (why, took) = failure(modules, hook);
        assert!(why.starts_with(reason), "`{why}` and not `{reason}`");
        assert!(took < LONGEST, "{took:?}");
        assert_eq!(ask(&HEALTHY, "healthy").answer, HookAnswer::Number(0.25));
    }
}

fn fails(guest: &Guest, reason: &str) {
    contained(&open(number("risk"), guest), "risk", reason);
}

const FUEL: &str = "limit: it spent all its fuel, 10000000 (5ms)";
const FINE: &str = "(f64.const 0.7)";

#[test]
fn an_endless_loop_wherever_it_stands_ends_with_the_fuel() {
    fails(&scorer("(loop $again (br $again)) (i32.const 0)"), FUEL);
    fails(&scorer(&guests::number(FINE)).beside("(func $begin (loop $again (br $again))) (start $begin)"), FUEL);
    fails(&scorer(&guests::number(FINE)).realloc("(loop $again (br $again)) (i32.const 0)"), FUEL);
    fails(&scorer(&guests::number(FINE)).post("(loop $again (br $again))"), FUEL);
}

#[test]
fn fuel_is_deterministic_and_a_smaller_declaration_ends_sooner() {
    let guest = scorer("(loop $again (br $again)) (i32.const 0)");
    let hook = Hook { within: 1, ..number("risk") };
    let modules = open(hook, &guest);
    assert_eq!(failure(&modules, "risk").0, "limit: it spent all its fuel, 2000000 (1ms)");
    let (first, second) = (ask(&modules, "risk").ran, ask(&modules, "risk").ran);
    assert_eq!(first, second);
    assert_eq!(first.unwrap().attempts, 1, "what spends its fuel would spend it again");
}

#[test]
fn bulk_operations_pay_for_what_they_move() {
    let fill = "(loop $again (memory.fill (i32.const 0) (i32.const 7) (i32.const 1000000)) (br $again)) (i32.const 0)";
    fails(&scorer(fill), FUEL);
    let copy =
        "(loop $again (memory.copy (i32.const 0) (i32.const 500000) (i32.const 500000)) (br $again)) (i32.const 0)";
    fails(&scorer(copy), FUEL);
    let table =
        "(loop $again (table.fill $t (i32.const 0) (ref.null func) (i32.const 9000)) (br $again)) (i32.const 0)";
    fails(&scorer(table).beside("(table $t 9000 funcref)"), FUEL);
}

#[test]
fn memory_ends_at_what_is_declared_over_all_memories() {
    const MEMORY: &str = "limit: it wanted more than 16 MiB of memory";
    fails(&scorer("(loop $again (drop (memory.grow (i32.const 16))) (br $again)) (i32.const 0)"), MEMORY);
    fails(&scorer("(drop (memory.grow (i32.const 300))) (i32.const 0)"), MEMORY);
    fails(&scorer(&guests::number(FINE)).memory("257"), MEMORY);
    // Two of nine MiB, of which each would be allowed.
    fails(&scorer(&guests::number(FINE)).memory("144").beside("(memory $other 144)"), MEMORY);
    let exactly = scorer(&guests::number(FINE)).memory("128").beside("(memory $other 128)");
    assert_eq!(ask(&open(number("risk"), &exactly), "risk").answer, HookAnswer::Number(0.7));
    let hook = Hook { memory: 32, ..number("risk") };
    assert_eq!(ask(&open(hook, &scorer(&guests::number(FINE)).memory("512")), "risk").answer, HookAnswer::Number(0.7));
}

#[test]
fn tables_end_at_their_entries() {
    const TABLE: &str = "limit: it wanted tables of more than 20000 entries";
    let grow = "(loop $again (drop (table.grow $t (ref.null func) (i32.const 1000))) (br $again)) (i32.const 0)";
    fails(&scorer(grow).beside("(table $t 1 funcref)"), TABLE);
    fails(&scorer(&guests::number(FINE)).beside("(table 15000 funcref) (table 15000 funcref)"), TABLE);
}

#[test]
fn recursion_ends_with_the_stack_and_endless_tail_calls_with_the_fuel() {
    const DEEP: &str = "crash: its calls nested deeper than its stack is";
    fails(&scorer("(call $deep (i64.const 1))").beside("(func $deep (param i64) (result i32) (i32.add (i32.const 1) (call $deep (i64.add (local.get 0) (i64.const 1)))))"), DEEP);
    // Frames of many values, to jump over a guard.
    let wide: String = (0..2_000).map(|n| format!("(local.set $l{n} (i64.load (i32.const {n})))")).collect();
    let locals: String = (0..2_000).map(|n| format!("(local $l{n} i64)")).collect();
    let uses: String = (0..2_000).map(|n| format!("(i64.add (local.get $l{n}))")).collect();
    let smash = format!("(func $smash (param i64) (result i64) {locals} {wide} (call $smash (local.get 0)) {uses})");
    fails(&scorer("(drop (call $smash (i64.const 1))) (i32.const 0)").beside(&smash), DEEP);
    fails(&scorer("(call $round)").beside("(func $round (result i32) (return_call $round))"), FUEL);
}

#[test]
fn a_guest_that_writes_over_all_its_own_memory_harms_nobody_else() {
    let over = format!(
        "(memory.fill (i32.const 0) (i32.const 255) (i32.const 1048576)) {}",
        guests::number("(f64.const 0.7)")
    );
    let modules = open(number("risk"), &scorer(&over));
    for _ in 0..50 {
        assert_eq!(ask(&modules, "risk").answer, HookAnswer::Number(0.7));
        assert_eq!(ask(&HEALTHY, "healthy").answer, HookAnswer::Number(0.25));
    }
}

#[test]
fn pointers_texts_and_cases_that_are_none_are_told_as_such() {
    const OUTSIDE: &str = "abi: it named a place outside of its memory";
    fails(&scorer("(i32.const -8)"), OUTSIDE);
    fails(&scorer("(i32.const 1048568)"), OUTSIDE);
    fails(&scorer("(i32.const 4097)"), OUTSIDE);
    fails(&scorer(&error(72, 0, 4_294_967_290, 16)), OUTSIDE);
    fails(&scorer(&error(72, 0, 1_048_570, 16)), OUTSIDE);
    fails(&scorer(&guests::number(FINE)).realloc("(i32.const -16)"), OUTSIDE);
    let unaligned = chooser(&place(0)).realloc("(i32.const 4097)");
    contained(&open(choice("triage"), &unaligned), "triage", OUTSIDE);
    fails(
        &scorer(&error(72, 0, 1024, 4)).beside("(data (i32.const 1024) \"\\ff\\fe\\fd\\fc\")"),
        "abi: it said a text that is no UTF-8",
    );
    fails(&scorer(&error(72, 9, 1024, 4)), "abi: it said a case that is not there");
    fails(&scorer("(i32.store8 (i32.const 64) (i32.const 7)) (i32.const 64)"), "abi: it said a case that is not there");
    fails(
        &scorer(&format!("(call $log (i32.const 44) (i32.const 0) (i32.const 4)) {}", guests::number(FINE))),
        "abi: it said a case that is not there",
    );
    fails(
        &scorer(&format!("(call $log (i32.const 1) (i32.const -4) (i32.const 40)) {}", guests::number(FINE))),
        OUTSIDE,
    );
}

#[test]
fn too_much_said_or_told_is_not_passed_on() {
    const OUTPUT: &str = "limit: it said more than 65536 bytes";
    fails(&scorer(&error(72, 3, 1024, 15_000_000)).memory("250"), OUTPUT);
    fails(&scorer(&error(72, 3, 1024, 70_000)).memory("250"), OUTPUT);
    fails(
        &scorer(&format!("(call $log (i32.const 1) (i32.const 0) (i32.const 15000000)) {}", guests::number(FINE)))
            .memory("250"),
        OUTPUT,
    );
    let modules = open(number("risk"), &scorer(&guests::number(FINE)));
    let reply = journey_runtime::Hooks::ask(&mut modules.clone(), &request("risk", &"x".repeat(300_000)));
    assert_eq!(
        reply.answer,
        HookAnswer::Failed("limit: what it would be told has 300016 bytes, and it takes at most 262144".into())
    );
    assert_eq!(reply.ran.unwrap().attempts, 0, "it was not run");
    let reply = journey_runtime::Hooks::ask(&mut modules.clone(), &request("risk", &"x".repeat(250_000)));
    assert_eq!(reply.answer, HookAnswer::Number(0.7));
}

#[test]
fn a_flood_of_lines_ends_with_the_fuel() {
    let flood = "(loop $again (call $log (i32.const 3) (i32.const 0) (i32.const 1000)) (br $again)) (i32.const 0)";
    fails(&scorer(flood), FUEL);
    let some = format!("(call $log (i32.const 1) (i32.const 1024) (i32.const 5)) {}", guests::number(FINE));
    let modules = open(number("risk"), &scorer(&some).beside("(data (i32.const 1024) \"hello\")"));
    assert_eq!(ask(&modules, "risk").answer, HookAnswer::Number(0.7));
}

#[test]
fn traps_are_crashes_with_their_kind() {
    for (body, why) in [
        ("(unreachable)", "crash: it broke off by itself"),
        ("(i32.div_s (i32.const 1) (i32.const 0))", "crash: it calculated what has no result"),
        ("(i32.trunc_f64_s (f64.const nan))", "crash: it calculated what has no result"),
        ("(i32.load (i32.const -4))", "crash: it reached outside of its memory"),
        ("(call_indirect (type $plain) (i32.const 0))", "crash: it called a function that is not there"),
        ("(call_indirect (type $plain) (i32.const 1))", "crash: it called a function of another type"),
        ("(call_indirect (type $plain) (i32.const 99))", "crash: it reached outside of a table"),
    ] {
        let beside =
            "(type $plain (func (result i32))) (table 4 funcref) (func $other (param i64)) (elem (i32.const 1) $other)";
        fails(&scorer(body).beside(beside), why);
    }
    fails(&scorer(&guests::number(FINE)).beside("(func $begin (unreachable)) (start $begin)"), "crash: it broke off");
    fails(&scorer(&guests::number(FINE)).realloc("(unreachable)"), "crash: it broke off");
    fails(&scorer(&guests::number(FINE)).post("(unreachable)"), "crash: it broke off");
}

#[test]
fn an_answer_that_is_none_breaks_the_contract() {
    for number in ["nan", "nan:0x4", "-nan", "inf", "-inf"] {
        fails(&scorer(&guests::number(&format!("(f64.const {number})"))), "contract: it said a number that is none");
    }
    for at in [3, 4, 1_000_000, -1] {
        contained(&open(choice("triage"), &chooser(&place(at))), "triage", "contract: it chose what is not there");
    }
}

#[test]
fn what_takes_long_and_spends_little_is_interrupted_and_asked_once_more() {
    // An interruption that comes sooner than the fuel's end stands for a machine that is slow.
    let ceilings = Ceilings { interrupt: Some(Duration::from_millis(3)), ..Ceilings::default() };
    let hook = Hook { within: 1_000, ..number("risk") };
    let guest = scorer("(loop $again (br $again)) (i32.const 0)");
    let modules =
        open_with(hook.clone(), &guest.build(), Setup { ceilings: ceilings.clone(), ..Setup::default() }).unwrap();
    contained(&modules, "risk", "limit: it was interrupted after 3 ms, twice");
    let ran = ask(&modules, "risk").ran.unwrap();
    assert_eq!((ran.attempts, ran.fuel), (2, None), "what it had spent depends on the machine");
    // The first attempt alone is too long; the second says so.
    let second = format!(
        "(if (i32.eq (local.get $attempt) (i32.const 1)) (then (loop $again (br $again)))) {}",
        guests::number("(f64.convert_i32_u (local.get $attempt))")
    );
    let modules = open_with(hook, &scorer(&second).build(), Setup { ceilings, ..Setup::default() }).unwrap();
    let reply = ask(&modules, "risk");
    assert_eq!((reply.answer, reply.ran.unwrap().attempts), (HookAnswer::Number(2.0), 2));
}
