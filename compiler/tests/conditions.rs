//! `when`, `choose` and `split`: read, printed, lowered, and found wrong.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail where it stands")]

use journey_compiler::check::bounds::{Scope, proven_in};
use journey_compiler::source::Memory;
use journey_compiler::{Compilation, compile, format};
use journey_spec::program::{Branch, DAY, JourneyId, bucket};

const HEAD: &str = r#"
customer { first_name: text  phone: phone? for sms  tier: one of { gold, plain }  zone: zone }
policy house { after the end, replies -> handoff "care" }
record Job {
  id: text, slot: instant, other: instant?, kind: one of { repair, install, check }, mood: one of { good, bad }?,
  paid: bool, engineer: text?, price: money, size: number, day: date, length: duration,
  illness: text? sensitive health, cause: text? sensitive health
}
event booked { job: Job }
event moved { job: Job }
message note { purpose service  sms "We come {job.slot:day}."  valid until job.slot }
message ask { purpose service  sms "Shall we?"  replies { yes: "yes" }  valid for 12h }
message vow { purpose service  sms "We call you."  valid for 10m }
message kept { purpose service  sms "It is time."  valid for 10m  essential at most 2 per 24h }
"#;

fn compiled(lines: &str) -> Compilation {
    let text = format!(
        "{HEAD}journey job for customer per job.id {{ data job: Job\nlimit starts to 3 per 30d else skip\n{lines}\n\
         end done as success }}"
    );
    compile(&["main.journey".into()], &Memory([("main.journey".to_owned(), text)].into()))
}

const HEARD: &str = "on reply stay { handoff \"care\" with transcript }";
const START: &str = "start on booked(job) -> first";

/// What is found in a journey with these lines, as `CODE message`, beside what is not used.
fn found(lines: &str) -> Vec<String> {
    let told = compiled(&format!("{START}\n{HEARD}\n{lines}"));
    told.findings
        .iter()
        .filter(|f| !["J0103", "J0219"].contains(&f.code.code))
        .map(|f| format!("{} {}", f.code.code, f.message))
        .collect()
}

/// What is found of a condition on an arrow.
fn of(condition: &str) -> Vec<String> {
    found(&format!("state first {{ on moved when {condition} -> done\nafter 1d -> done }}"))
}

const NONE: [&str; 0] = [];

#[test]
fn a_condition_is_printed_back_and_means_the_same() {
    let same = [
        "on moved(job) when job.slot > now + 2h settle 15m -> done",
        "on reply when (job.paid or job.size <= 3) and not (job.kind is repair and job.paid) stay",
        "after 12h when not job.paid -> done",
        "at job.slot - 1d when job.engineer is known and job.engineer is not \"Ann\" -> done, if past -> done",
        "on handoff.closed when job.mood is missing -> done",
    ];
    let text = format!("journey job for customer {{\n  state first {{\n    {}\n  }}\n}}\n", same.join("\n    "));
    assert_eq!(format::format(&text).unwrap(), text);
    let loose = "journey j for customer {\n state a { on  x when  ( ( a  is b ) )and(c or d)or not not(e is not known) settle 5m-> b } }";
    let formatted = format::format(loose).unwrap();
    assert!(formatted.contains("on x when a is b and (c or d) or e is missing settle 5m -> b"), "{formatted}");
    assert_eq!(format::format(&formatted).unwrap(), formatted);
}

#[test]
fn branches_are_printed_back() {
    let text = "journey j for customer {
  start on x(y) when y.z is 3 -> a

  state a { choose y.kind { repair -> b   install -> c } }

  state b {
    // by what they paid
    choose {
      when y.z > 3 -> c  // much
      else -> d
    }
  }

  state c { split by customer { 45% -> a   55% -> b } }
}
";
    assert_eq!(format::format(text).unwrap(), text);
}

#[test]
fn what_may_be_missing_is_asked_for_first() {
    assert_eq!(
        of("job.engineer is \"Ann\""),
        ["J0113 `job.engineer` may be missing, and then there is nothing to go by"]
    );
    assert_eq!(of("job.engineer is known and job.engineer is \"Ann\""), NONE);
    assert_eq!(of("job.engineer is missing or job.engineer is \"Ann\""), NONE);
    assert_eq!(of("not (job.engineer is missing) and job.engineer is \"Ann\""), NONE);
    assert_eq!(of("not (job.engineer is missing or job.paid) and job.engineer is \"Ann\""), NONE);
    assert_eq!(of("(job.engineer is known or job.paid) and job.engineer is \"Ann\"").len(), 1);
    assert_eq!(of("job.engineer is known or job.engineer is \"Ann\"").len(), 1);
    assert_eq!(of("job.other is known and (job.paid or job.other > now)"), NONE);
    // Behind a way that asked for it, it is known; in `missing`, it is not.
    let choose = |ways: &str| found(&format!("state first {{ choose {{ {ways} else -> done }} }}"));
    assert_eq!(choose("when job.other is missing -> done when job.other > now -> done"), NONE);
    assert_eq!(choose("when job.other is known -> done when job.other > now -> done").len(), 1);
}

#[test]
fn only_values_of_one_type_are_compared() {
    for good in [
        "job.slot > now + 2h",
        "now < job.slot - 1d",
        "job.day < 2026-12-31",
        "job.length >= 2h",
        "job.price > \"20.00 GBP\"",
        "job.size is 3",
        "3 < job.size",
        "job.paid",
        "job.paid is true",
        "job.kind is repair",
        "job.kind is not \"repair\"",
        "customer.tier is gold",
        "customer.first_name is \"Ada\"",
        "job.id is not customer.first_name",
    ] {
        assert_eq!(of(good), NONE, "{good}");
    }
    for (bad, said) in [
        ("job.slot > 3", "J0111 this should be an instant"),
        ("job.slot > job.size", "J0111 an instant and a number cannot be compared: nobody could say which is meant"),
        ("job.id < \"b\"", "J0111 a text has no order, so nothing is `<` another"),
        ("job.kind is repare", "J0111 `job.kind` is one of { repair, install, check }, and never `repare`"),
        ("job.kind < repair", "J0111 names have no order, so nothing is `<` `repair`"),
        ("job.size", "J0111 this is a number, and by itself neither true nor false"),
        ("job.size + 1d > 3", "J0111 only an instant can be moved, and this is a number"),
        ("job.nothing is 3", "J0101 `job` is a `Job` and has no field `nothing`"),
        ("job is job", "J0111 records such as `Job` are not compared as a whole"),
        (
            "job.slot > 2026-03-02 10:00",
            "J0118 such a value can be written only in a scenario: a journey is run by many customers, at many times",
        ),
        ("job.slot is known", "J0122 this is always true: `job.slot` is always there"),
    ] {
        assert_eq!(of(bad).first().map(String::as_str), Some(said), "{bad}");
    }
}

#[test]
fn what_is_always_or_never_true_is_found() {
    for never in [
        "job.kind is repair and job.kind is install",
        "job.kind is not repair and job.kind is not install and job.kind is not check",
        "job.size > 3 and job.size < 2",
        "job.size > 3 and not (job.size > 2)",
        "job.size is 3 and job.size is not 3",
        "job.slot > job.slot + 1h",
        "job.slot > now + 2h and job.slot < now",
        "now - 1h > job.slot and job.slot > now",
        "job.paid and not job.paid",
        "2 > 3",
        "job.engineer is missing and job.engineer is known",
        "job.price < \"1 GBP\" and job.price > \"2 GBP\"",
    ] {
        assert_eq!(of(never), ["J0122 no customer ever goes this way: its condition is never true"], "{never}");
    }
    for always in
        ["job.paid or not job.paid", "job.size > 3 or job.size <= 3", "now < now + 1h", "not (job.size < job.size)"]
    {
        assert_eq!(
            of(always),
            ["J0122 this condition is always true, so it keeps nobody from going this way"],
            "{always}"
        );
    }
    for open in [
        "job.size > 3 and job.size < 4",
        "job.size >= 3 and job.size <= 3",
        "job.kind is repair or job.kind is install",
        // another currency is neither
        "job.price < \"1 GBP\" or job.price >= \"1 GBP\"",
        "job.slot > now and job.slot < now + 1h",
    ] {
        assert_eq!(of(open), NONE, "{open}");
    }
}

#[test]
fn an_arrow_that_nothing_is_left_to_is_found() {
    let shadowed = "J0122 no customer ever goes this way: what stands above it is asked first and leaves nothing to it";
    let state = |arrows: &str| found(&format!("state first {{ {arrows}\nafter 1d -> done }}"));
    assert_eq!(state("on moved -> done\non moved when job.paid -> done"), [shadowed]);
    assert_eq!(state("on moved when job.paid -> done\non moved when job.paid -> done"), [shadowed]);
    assert_eq!(state("on moved when job.size > 2 -> done\non moved when job.size > 3 -> done"), [shadowed]);
    assert_eq!(state("on moved when job.paid -> done\non moved -> done"), NONE);
    assert_eq!(state("on moved when job.size > 3 -> done\non moved when job.size > 2 -> done"), NONE);
    // They are asked of different data.
    assert_eq!(state("on moved(job) when job.paid -> done\non moved when job.paid -> done"), NONE);
    let twice = state("on moved -> done\non moved -> done");
    assert_eq!(twice, ["J0118 `on moved` stands here twice, and only the first would ever count"]);
    let choose = |ways: &str| found(&format!("state first {{ choose {{ {ways} else -> done }} }}"));
    assert_eq!(choose("when job.size > 2 -> done when job.size > 3 -> done"), [shadowed]);
}

#[test]
fn a_condition_is_counted_on_by_no_check() {
    // no timeout
    let waits = found("state first { after 1d when job.paid -> done  on moved -> done }");
    assert_eq!(waits, ["J0303 a customer can be left waiting in `first` for ever"]);
    let at = found("state first { at job.slot when job.paid -> done, if past -> done }");
    assert!(at.contains(&"J0303 a customer can be left waiting in `first` for ever".to_owned()), "{at:?}");
    // no ear
    let deaf = compiled(&format!(
        "{START}\nstate first {{ send ask  on reply when job.paid stay {{ handoff \"care\" }}  on reply yes when job.paid -> done  after 1d -> done }}"
    ));
    let codes: Vec<_> = deaf.findings.iter().map(|f| f.code.code).filter(|c| !["J0103", "J0219"].contains(c)).collect();
    assert_eq!(codes, ["J0305", "J0401", "J0401"]);
    // still a loop
    let ring = found("state first { send note  on moved(job) when job.paid -> first  after 1d -> done }");
    assert!(ring.iter().any(|f| f.starts_with("J0201")), "{ring:?}");
    // the journey's arrow holds beside a guarded one of the state
    let beside = "on moved -> second  state first { on moved when job.paid stay  after 1d -> done }  state second { after 1d -> done }";
    assert_eq!(found(beside), NONE);
    // at once and round again
    let circle = found("state first { choose { when job.paid -> second else -> done } }  state second { -> first }");
    assert!(circle.iter().any(|f| f.starts_with("J0204")), "{circle:?}");
}

#[test]
fn a_promise_counts_on_no_condition() {
    let by = |when: &str| {
        found(&format!(
            "state first {{ send vow promising ring by job.slot - 20m\n\
             at job.slot - 1h {when} -> second, if past -> second\nafter 90d -> second }}\n\
             state second {{ send kept keeping ring\nafter 1d -> done }}"
        ))
    };
    assert_eq!(by(""), NONE);
    assert_eq!(
        by("when job.paid"),
        ["J0501 a customer who was promised `ring` by job.slot - 20m may wait for it in vain"]
    );
    let within = |when: &str| {
        found(&format!(
            "state first {{ send vow promising ring within 2h\nafter 1h {when} -> second\nafter 9h -> second }}\n\
             state second {{ send kept keeping ring\nafter 1d -> done }}"
        ))
    };
    assert!(within("").iter().all(|f| !f.starts_with("J0501")));
    assert!(within("when job.paid").iter().any(|f| f.starts_with("J0501")));
}

#[test]
fn every_value_leads_somewhere() {
    let choose = |ways: &str| found(&format!("state first {{ choose {ways} }}"));
    assert_eq!(choose("job.kind { repair -> done install -> done check -> done }"), NONE);
    assert_eq!(choose("job.paid { true -> done false -> done }"), NONE);
    assert_eq!(choose("job.mood { good -> done bad -> done missing -> done }"), NONE);
    assert_eq!(
        choose("job.mood { good -> done bad -> done }"),
        ["J0117 a customer is stuck here when `job.mood` is `missing`"]
    );
    assert_eq!(
        choose("job.kind { repair -> done instal -> done }"),
        [
            "J0117 a customer is stuck here when `job.kind` is `install` or `check`",
            "J0117 `job.kind` is never `instal`"
        ]
    );
    let by_number = choose("job.size { 3 -> done }");
    assert!(by_number.iter().any(|f| f.starts_with("J0001")), "{by_number:?}");
    assert_eq!(choose("job.size { a -> done }"), ["J0111 `job.size` is a number, which has no closed set of values"]);
    assert_eq!(
        choose("{ when job.paid -> done }"),
        ["J0117 a customer is stuck here when none of these conditions holds"]
    );
    assert_eq!(choose("{ else -> done  when job.paid -> done }"), ["J0118 what stands behind `else` is never asked"]);
    assert_eq!(choose("{ repair -> done  else -> done }").len(), 1);
    assert_eq!(
        found("state first { split by customer { 45% -> done 45% -> done } }"),
        ["J0123 10 of 100 customers would go nowhere from here"]
    );
    assert_eq!(
        found("state first { -> done  choose { else -> done } }"),
        ["J0118 `first` is left at once, and not twice"]
    );
}

#[test]
fn a_branch_is_lowered_as_written() {
    let told = compiled(&format!(
        "{START} {HEARD} state first {{ split by customer {{ 30% -> done  70% -> second }} }} state second {{ after 1d -> done }}"
    ));
    let program = told.program.unwrap();
    let Some(Branch::Split(ways)) = &program.journeys[0].states[0].branch else { panic!("it splits") };
    assert_eq!(ways.iter().map(|(percent, to)| (*percent, to.0)).collect::<Vec<_>>(), [(30, 2), (70, 1)]);
}

#[test]
fn what_is_set_has_a_place_and_fits() {
    let set = |line: &str| found(&format!("state first {{ set {line}\nafter 1d -> done }}"));
    for good in [
        "job.engineer = \"nobody\"",
        "job.engineer = missing",
        "job.slot = now + 2h",
        "job.other = job.slot - 1d",
        "job.slot = now",
        "job.kind = repair",
        "job.mood = missing",
        "job.paid = true",
        "job.size = 3",
        "job.engineer = customer.first_name",
        "job.price = \"3.00 GBP\"",
        "job.cause = job.illness",
    ] {
        assert_eq!(set(good), NONE, "{good}");
    }
    for (bad, said) in [
        ("job.slot = missing", "J0113 `job.slot` is always there, and cannot be missing"),
        ("job.slot = job.other", "J0113 `job.other` may be missing, and `job.slot` is always needed"),
        ("job.slot = 3", "J0111 this should be an instant"),
        ("job.slot = job.size", "J0111 `job.slot` is an instant, and this is a number"),
        ("job.size = job.size + 1d", "J0111 only an instant can be moved, and this is a number"),
        ("job.size = now", "J0111 `job.size` is a number, and this is an instant"),
        ("job.nothing = 3", "J0101 `job` is a `Job` and has no field `nothing`"),
        (
            "job.engineer = job.illness",
            "J0138 `job.engineer` would be like any other datum, and `job.illness` is not for every eye",
        ),
        (
            "customer.first_name = \"x\"",
            "J0118 what is known of the customer belongs to the host, and no journey changes it",
        ),
    ] {
        assert_eq!(set(bad).first().map(String::as_str), Some(said), "{bad}");
    }
    let text =
        "journey j for customer {\n  state a {\n    set x.y = now + 2h\n    on z stay { set x.q = missing }\n  }\n}\n";
    assert_eq!(format::format(text).unwrap(), text);
}

#[test]
fn what_is_set_moves_timers_and_promises() {
    let starts = |lines: &str| found(lines).into_iter().map(|f| f[..5].to_owned()).collect::<Vec<_>>();
    // Each time it arms its own timer: a loop in time that nobody asks for.
    let again = "state first { send note  set job.slot = now + 1h\nat job.slot -> first, if past -> done }";
    assert_eq!(starts(again), ["J0203"]);
    let once = "state first { send note\nat job.slot -> second, if past -> done } state second { after 1d -> done }";
    assert_eq!(found(once), NONE);
    let round = "state first { send note\nat job.slot -> second, if past -> done } state second { after 1d stay { set job.slot = now + 5h }\nafter 2d -> first }";
    assert!(starts(round).contains(&"J0203".to_owned()), "{:?}", found(round));
    let stays =
        "state first { at job.slot stay { send note  set job.slot = now + 1h }, if past stay\nafter 9d -> done }";
    assert_eq!(starts(stays), ["J0203"]);
    // At one moment, without end.
    let past = "state first { at job.slot stay, if past stay { set job.slot = now - 1h }\nafter 9d -> done }";
    assert_eq!(starts(past), ["J0204"]);
    let vow = |before: &str, later: &str| {
        starts(&format!(
            "state first {{ {before}  send vow promising ring by job.slot - 20m\n\
             at job.slot - 1h -> second, if past -> second\non moved stay {{ {later} }} }}\n\
             state second {{ send kept keeping ring\nafter 1d -> done }}"
        ))
    };
    assert_eq!(vow("", ""), NONE);
    assert_eq!(vow("set job.slot = now + 3h", ""), NONE);
    assert_eq!(vow("", "set job.slot = now + 3h"), ["J0501"]);
}

#[test]
fn a_split_is_fair_and_independent_of_others() {
    let in_part = |state: &str, n: u32| bucket("job", state, &format!("customer-{n}"));
    // The formula of chapter 4, worked out by hand once: it may never change.
    assert_eq!((bucket("job", "testing", "ada"), bucket("job", "testing", "bob")), (95, 47));
    let low = (0..10_000).filter(|n| in_part("a", *n) < 45).count();
    assert!((4_300..4_700).contains(&low), "{low}");
    let both = (0..10_000).filter(|n| in_part("a", *n) < 50 && in_part("b", *n) < 50).count();
    assert!((2_300..2_700).contains(&both), "{both}");
    assert!((0..10_000).all(|n| in_part("a", n) < 100));
}

#[test]
fn the_worst_run_brings_the_data_that_conditions_ask_for() {
    let conditions = [
        "job.kind is install",
        "job.kind is not repair",
        "job.mood is known and job.mood is bad",
        "job.mood is missing",
        "not job.paid",
        "job.size > 3",
        "job.size <= 0",
        "job.length >= 3h",
        "job.engineer is known and job.engineer is \"Ann\"",
        "job.slot > now + 500d",
        "job.slot < now + 2h and job.slot > now + 1h",
        "now + 3d < job.slot",
        "customer.tier is plain",
        "not (job.paid or job.kind is repair)",
    ];
    for condition in conditions {
        let lines = format!(
            "{START}\n{HEARD}\nstate first {{ choose {{ when {condition} -> told\nelse -> done }} }}\nstate told {{ send ask   after 1d -> done }}"
        );
        exact(condition, &lines);
        // Later, by news of the data, behind an arrow that hears the same.
        let lines = format!(
            "{START}\n{HEARD}\nstate first {{ on moved(job) when {condition} -> told\non moved(job) stay\nafter 9d -> done }}\nstate told {{ send ask   after 1d -> done }}"
        );
        exact(condition, &lines);
    }
    for (part, word) in [("20% -> told\n80% -> done", "first"), ("80% -> done\n20% -> told", "last")] {
        let lines = format!(
            "{START}\n{HEARD}\nstate first {{ split by customer {{ {part} }} }}\nstate told {{ send ask   after 1d -> done }}"
        );
        exact(word, &lines);
    }
    let lines = format!(
        "{START}\n{HEARD}\nstate first {{ choose job.kind {{ repair -> done\ninstall -> done\ncheck -> told }} }}\nstate told {{ send ask   after 1d -> done }}"
    );
    exact("choose job.kind", &lines);
}

/// One message leaves, and that is the bound.
fn exact(of: &str, lines: &str) {
    let compilation = compiled(lines);
    let said = || compilation.findings.iter().map(|f| f.message.clone()).collect::<Vec<_>>();
    let Some(program) = compilation.runnable() else { panic!("{of}: {:#?}", said()) };
    let scope = Scope::Instance(JourneyId(0));
    let proof = proven_in(program, scope, Some(DAY));
    let bound = proof.bounds.iter().find(|b| b.channel.is_none() && b.purpose.is_none()).unwrap();
    assert_eq!((bound.at_most, bound.attained), (Some(1), Some(1)), "{of}");
}
