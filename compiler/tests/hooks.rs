//! Hooks and priorities: read, printed, lowered, and found wrong.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail where it stands")]

use journey_compiler::source::Memory;
use journey_compiler::{Compilation, compile, format};
use journey_spec::Value;
use journey_spec::program::{Action, Branch, Expr, HookAnswers, HookId, Judgement, PriorityOf, Set};

const HEAD: &str = r#"
customer { first_name: text  phone: phone? for sms  zone: zone }
policy house { after the end, replies -> handoff "care" }
record Complaint {
  id: text, words: text(1000), visits: number, urgency: one of { low, high }, mood: one of { calm, cross }?,
  score: number, rank: number?, kind: one of { simple, complex, severe }, late: bool, illness: text sensitive health,
  grade: number sensitive health
}
event came { complaint: Complaint }
"#;

const TRIAGE: &str = "hook triage(complaint: Complaint) -> one of { simple, complex, severe } from \"hooks/triage.wasm\" on failure severe\n";
const RISK: &str =
    "hook risk(words: text(1000), visits: number?) -> number from \"../risk.wasm\" within 2ms, 4MiB on failure 0.5\n";
const GRAVE: &str = "hook grave(illness: text sensitive health) -> number from \"grave.wasm\" on failure 1\n";

fn compiled(declared: &str, lines: &str) -> Compilation {
    let text = format!(
        "{HEAD}{declared}journey care for customer per complaint.id {{ data complaint: Complaint\n\
         limit starts to 3 per 30d else skip\nstart on came(complaint) -> first\n\
         on reply stay {{ handoff \"care\" with transcript }}\n{lines}\nend done as success }}"
    );
    compile(&["project/main.journey".into()], &Memory([("project/main.journey".to_owned(), text)].into()))
}

/// What is found, as `CODE message`, beside what is not used.
fn found(declared: &str, lines: &str) -> Vec<String> {
    let told = compiled(declared, lines);
    told.findings
        .iter()
        .filter(|f| !["J0103", "J0151"].contains(&f.code.code))
        .map(|f| format!("{} {}", f.code.code, f.message))
        .collect()
}

/// What is found in a state that does this and ends in a day.
fn does(line: &str) -> Vec<String> {
    found(&format!("{TRIAGE}{RISK}{GRAVE}"), &format!("state first {{ {line}\nafter 1d -> done }}"))
}

/// What is found where a state chooses so.
fn chooses(choose: &str) -> Vec<String> {
    found(&format!("{TRIAGE}{RISK}"), &format!("state first {{ choose {choose} }} state other {{ after 1d -> done }}"))
        .into_iter()
        .filter(|f| !f.starts_with("J0301"))
        .collect()
}

const NONE: [&str; 0] = [];
const WAYS: &str = "simple -> done complex -> done severe -> done";

#[test]
fn what_is_written_is_printed_back() {
    let text = "\
/// How bad it is.
hook triage(complaint: Complaint, since: instant?) -> one of { simple, severe } from \"hooks/triage.wasm\" within 5ms, 16MiB on failure severe
hook risk() -> number from \"risk.wasm\" within 5ms on failure -0.5
hook odd() -> number from \"odd.wasm\" on failure 1

journey care for customer {
  state first { set score = risk(complaint.words, 3)   -> second }

  state second { choose triage(complaint, complaint.since - 1d) { simple -> third   severe -> fourth } }

  state third { handoff \"care\" with transcript priority triage(complaint)   after 1d -> done }

  state fourth {
    handoff \"care\" priority 2
    handoff \"care\" priority complaint.urgency  // the customer's own word
    after 1d -> done
  }
}

scenario \"a\" for care {
  mock hook triage -> severe
  mock hook risk -> 0.7  // high
  mock hook odd fails
}
";
    assert_eq!(format::format(text).unwrap(), text);
    let loose = "hook  a( b:text ,c : number)->one of{x,y}from \"a.wasm\"within 2MiB,3ms on  failure x\n\
                 journey j for customer { state a { handoff \"q\" priority  a( b ,2 ) with transcript\n-> c } }";
    let formatted = format::format(loose).unwrap();
    let hook = "hook a(b: text, c: number) -> one of { x, y } from \"a.wasm\" within 3ms, 2MiB on failure x\n";
    assert!(formatted.starts_with(hook), "{formatted}");
    assert!(formatted.contains("handoff \"q\" with transcript priority a(b, 2)"), "{formatted}");
    assert_eq!(format::format(&formatted).unwrap(), formatted);
}

#[test]
fn a_hook_is_lowered_with_its_bounds_or_the_usual_ones() {
    let told = compiled(
        &format!("{TRIAGE}{RISK}"),
        &format!(
            "state first {{ set complaint.score = risk(complaint.words)  -> second }}\n\
             state second {{ choose triage( complaint ) {{ {WAYS} }} }}\n\
             state third {{ handoff \"a\" priority triage(complaint) handoff \"b\" priority 2 handoff \"c\" priority complaint.urgency after 1d -> done }}"
        ),
    );
    let program = told.program.as_ref().unwrap_or_else(|| panic!("{:?}", told.findings));
    let [triage, risk] = &program.hooks[..] else { panic!("two hooks") };
    assert_eq!((triage.within, triage.memory, triage.from.as_str()), (5, 16, "hooks/triage.wasm"));
    assert_eq!((risk.within, risk.memory, risk.from.as_str()), (2, 4, "../risk.wasm"));
    assert_eq!(triage.answers, HookAnswers::OneOf(vec!["simple".into(), "complex".into(), "severe".into()]));
    assert_eq!((&risk.answers, &risk.on_failure), (&HookAnswers::Number, &Judgement::Number(0.5)));
    let states = &program.journeys[0].states;
    let Action::Set(Set { value, hook: Some(ask), .. }) = &states[0].entry[0] else { panic!("a set") };
    assert_eq!((value, ask.text.as_str()), (&Expr::Literal(Value::Number(0.5)), "risk(complaint.words)"));
    assert_eq!(ask.args[1], Expr::Literal(Value::Missing), "what may be missing may be left out");
    let branch = states[1].branch.as_ref().unwrap();
    assert!(matches!(branch, Branch::Hook { ask, .. } if ask.text == "triage(complaint)"), "{branch:?}");
    assert_eq!(branch.ways()[0].0, "triage(complaint) is simple");
    let priorities: Vec<_> = states[2]
        .entry
        .iter()
        .map(|a| match a {
            Action::Handoff(h) => h.priority.as_ref().map(PriorityOf::to_string).unwrap(),
            _ => panic!("a handoff"),
        })
        .collect();
    assert_eq!(priorities, ["triage(complaint)", "2", "complaint.urgency"]);
}

#[test]
fn every_answer_leads_somewhere_and_no_other() {
    assert_eq!(chooses(&format!("triage(complaint) {{ {WAYS} }}")), NONE);
    assert_eq!(
        chooses("triage(complaint) { simple -> done severe -> other }"),
        ["J0117 a customer is stuck here when `triage` says `complex`"]
    );
    assert_eq!(
        chooses(&format!("triage(complaint) {{ {WAYS} severed -> other }}")),
        ["J0117 `triage` never says `severed`"]
    );
    assert_eq!(
        chooses(&format!("triage(complaint) {{ {WAYS} else -> other }}")),
        ["J0118 `triage` has a way for each of its answers, and no condition or `else`"]
    );
    let number = "J0111 `risk` says a number, which has no closed set of values";
    assert_eq!(chooses("risk(complaint.words) { low -> done high -> other }"), [number]);
    let told = compiled(RISK, "state first { choose risk(complaint.words, 3) { low -> done high -> done } }");
    let help = told.findings.iter().find(|f| f.code.code == "J0111").unwrap().help.clone().unwrap();
    assert!(help.contains("`set score = risk(complaint.words, 3)`, then `choose { when score > 0.8 -> …"), "{help}");
}

#[test]
fn what_a_hook_is_asked_with_is_checked_as_a_call_is() {
    for (ask, said) in [
        ("triag(complaint)", "J0101 there is no hook `triag`"),
        ("triage()", "J0111 `triage` is asked with 1 value, and none was given"),
        ("triage(complaint, 3)", "J0111 `triage` is asked with 1 value, and 2 were given"),
        (
            "triage(complaint.words)",
            "J0111 `complaint.words` is a text(1000), and `complaint` of `triage` is a `Complaint`",
        ),
        ("triage(complain)", "J0101 the journey `care` has no `complain`"),
    ] {
        assert_eq!(chooses(&format!("{ask} {{ {WAYS} }}")), [said], "{ask}");
    }
    let strict = "hook mind(mood: one of { calm, cross }) -> number from \"m.wasm\" on failure 1\n";
    assert_eq!(
        found(strict, "state first { set complaint.score = mind(complaint.mood) after 1d -> done }"),
        ["J0113 `complaint.mood` may be missing, and `mood` of `mind` must be there"]
    );
}

#[test]
fn what_is_set_is_what_the_hook_says() {
    assert_eq!(does("set complaint.score = risk(complaint.words)"), NONE);
    assert_eq!(
        does("set complaint.kind = triage(complaint)"),
        ["J0138 `complaint.kind` would be like any other datum, and what `triage` is told is not for every eye"]
    );
    assert_eq!(does("set complaint.grade = grave(complaint.illness)"), NONE);
    assert_eq!(
        does("set complaint.score = grave(complaint.illness)"),
        ["J0138 `complaint.score` would be like any other datum, and what `grave` is told is not for every eye"]
    );
    assert_eq!(
        does("set complaint.late = risk(complaint.words)"),
        ["J0111 `complaint.late` is a bool, and `risk` says a number"]
    );
    assert_eq!(
        does("set complaint.urgency = triage(complaint)"),
        ["J0111 `complaint.urgency` is one of { low, high }, and `triage` says one of { simple, complex, severe }"]
    );
    assert_eq!(
        does("set complaint.score = risk(complaint.illness)"),
        ["J0138 `risk` would not know that it is told of a customer's health"]
    );
}

#[test]
fn a_priority_says_how_soon() {
    for good in ["2", "-1", "0.5", "complaint.score", "complaint.urgency", "triage(complaint)", "risk(complaint.words)"]
    {
        assert_eq!(does(&format!("handoff \"care\" priority {good}")), NONE, "{good}");
    }
    for (bad, said) in [
        ("complaint.rank", "J0113 `complaint.rank` may be missing, and then nobody knows how soon to look"),
        ("complaint.words", "J0111 `complaint.words` is a text(1000), which says nothing of how soon"),
        ("urgent", "J0101 the journey `care` has no `urgent`"),
        ("triag(complaint)", "J0101 there is no hook `triag`"),
    ] {
        assert_eq!(does(&format!("handoff \"care\" priority {bad}")), [said], "{bad}");
    }
    assert_eq!(found("", "state first { after 1d -> done  on came stay { handoff \"a\" priority 3 } }"), NONE);
}

#[test]
fn a_declaration_is_within_bounds_and_its_failure_is_an_answer() {
    let hook = |rest: &str| found(&format!("hook h() -> {rest}\n"), "state first { after 1d -> done }");
    assert_eq!(hook("number from \"h.wasm\" within 1ms, 64MiB on failure 3"), NONE);
    assert_eq!(hook("number from \"h.wasm\" within 1s, 1MiB on failure -3.5"), NONE);
    for (rest, said) in [
        ("number from \"h.wasm\" within 1001ms on failure 3", "J0116 `h` would hold up every customer behind this one"),
        ("number from \"h.wasm\" within 0ms on failure 3", "J0116 `h` has no time at all, and would always fail"),
        ("number from \"h.wasm\" within 65MiB on failure 3", "J0116 a hook has from 1 to 64 MiB of memory"),
        ("number from \"h.wasm\" within 0MiB on failure 3", "J0116 a hook has from 1 to 64 MiB of memory"),
        ("number from \"h.wasm\" on failure high", "J0111 `h` says a number, and `high` is none"),
        ("one of { a, b } from \"h.wasm\" on failure 3", "J0111 `h` says one of its names, and never 3"),
        (
            "one of { a, b } from \"h.wasm\" on failure c",
            "J0117 a customer would be nowhere when the hook fails: `h` never says `c`",
        ),
        ("one of { a, a } from \"h.wasm\" on failure a", "J0102 there are two answers `a`, and only the first counts"),
        (
            "number from \"/h.wasm\" on failure 3",
            "J0006 `/h.wasm` is a place on one machine, and a project is read on many",
        ),
        (
            "number from \"h.journey\" on failure 3",
            "J0006 `h.journey` is a `.journey` file, and no module that could be run",
        ),
    ] {
        assert_eq!(hook(rest), [said], "{rest}");
    }
    let unused = compiled(RISK, "state first { after 1d -> done }");
    assert!(unused.findings.iter().any(|f| f.code.code == "J0103" && f.message == "nothing asks `risk`"));
    let called = compiled(
        TRIAGE,
        "state first { call triage(complaint) within 3s { simple -> done complex -> done severe -> done failed -> done } }",
    );
    let finding = called.findings.iter().find(|f| f.code.code == "J0101").unwrap();
    assert_eq!(finding.help.as_deref().unwrap(), "`triage` is a hook, and a service is needed here");
}

/// What a project says whose event is `event fed { reading: Reading } CLAUSES`.
fn at_the_door(hooks: &str, clauses: &str) -> Vec<String> {
    let declared = format!(
        "record Reading {{ id: text, gb: number, at: instant? }}\n{hooks}\nevent fed {{ complaint: Complaint, reading: Reading, note: text? }} {clauses}\n"
    );
    found(&declared, "state first { after 1d -> done  on fed stay { handoff \"a\" } }")
}

const PLAUSIBLE: &str = "hook plausible(reading: Reading) -> verdicts from \"p.wasm\" on failure refuse";
const TIDY: &str = "hook tidy(reading: Reading) -> data from \"t.wasm\" on failure accept";

#[test]
fn an_events_hooks_are_read_printed_and_lowered() {
    let text = "\
hook plausible(reading: Reading) -> verdicts from \"p.wasm\" on failure refuse
hook tidy(reading: Reading) -> data from \"t.wasm\" within 1ms on failure accept

event fed { reading: Reading } made by hook tidy checked by hook plausible at most 2 per 24h else dead letter

scenario \"a\" for care {
  mock hook tidy -> { reading: { id: \"R\", gb: 3 } }
  mock hook plausible -> refuse
  mock hook plausible -> accept
  mock hook plausible fails
}
";
    assert_eq!(format::format(text).unwrap(), text);
    let loose = text.replace(
        "made by hook tidy checked by hook plausible at most 2 per 24h else dead letter",
        "at most 2 per 24h else dead letter\n  checked  by hook plausible  made by\nhook tidy",
    );
    assert_eq!(format::format(&loose).unwrap(), text, "in one order, whatever was written");
    let both = format!("{PLAUSIBLE}\n{TIDY}");
    assert_eq!(at_the_door(&both, "checked by hook plausible made by hook tidy"), NONE);
    let told = compiled(
        &format!(
            "record Reading {{ id: text, gb: number, at: instant? }}\n{both}\n\
             event fed {{ complaint: Complaint, reading: Reading }} made by hook tidy checked by hook plausible\n"
        ),
        "state first { after 1d -> done  on fed stay { handoff \"a\" } }",
    );
    let program = told.program.as_ref().unwrap_or_else(|| panic!("{:?}", told.findings));
    let (_, fed) = program.event("fed").unwrap();
    let name = |id: Option<HookId>| program.hooks[id.unwrap().index()].name.as_str();
    assert_eq!((name(fed.made_by), name(fed.checked_by)), ("tidy", "plausible"));
    assert_eq!(program.hook("plausible").unwrap().1.answers, HookAnswers::Verdicts);
    assert_eq!(program.hook("plausible").unwrap().1.on_failure, Judgement::Refuse);
    assert_eq!(program.hook("tidy").unwrap().1.answers, HookAnswers::Data);
    assert_eq!(program.hook("tidy").unwrap().1.on_failure, Judgement::Accept);
}

#[test]
fn what_stands_at_the_door_is_told_the_events_own_fields() {
    let hook = |params: &str, says: &str| format!("hook h({params}) -> {says} from \"h.wasm\" on failure accept");
    for (hooks, clauses, said) in [
        (
            PLAUSIBLE.to_owned(),
            "made by hook plausible",
            "J0111 `fed` is made by a hook that says `data`, and `plausible` does not",
        ),
        (
            TIDY.to_owned(),
            "checked by hook tidy",
            "J0111 `fed` is checked by a hook that says `verdicts`, and `tidy` does not",
        ),
        (
            RISK.to_owned(),
            "checked by hook risk",
            "J0111 `fed` is checked by a hook that says `verdicts`, and `risk` does not",
        ),
        (String::new(), "checked by hook plausibel", "J0101 there is no hook `plausibel`"),
        (hook("readin: Reading", "verdicts"), "checked by hook h", "J0101 the event `fed` has no `readin`"),
        (
            hook("reading: text", "verdicts"),
            "checked by hook h",
            "J0111 `reading` is a `Reading`, and `reading` of `h` is a text",
        ),
        (
            hook("note: text", "verdicts"),
            "checked by hook h",
            "J0113 `note` may be missing, and `note` of `h` must be there",
        ),
        (
            hook("note: text(900)?", "data"),
            "made by hook h",
            "J0111 `h` gives `note` back as text(900)?, and in `fed` it is text?",
        ),
        (
            PLAUSIBLE.to_owned(),
            "checked by hook plausible checked by hook plausible",
            "J0001 this `checked by` says the same twice",
        ),
        (
            PLAUSIBLE.replace("refuse", "severe"),
            "checked by hook plausible",
            "J0111 `plausible` is asked whether an event is let in, and `severe` is no answer to that",
        ),
        (
            PLAUSIBLE.replace("refuse", "3"),
            "checked by hook plausible",
            "J0111 `plausible` is asked whether an event is let in, and `3` is no answer to that",
        ),
    ] {
        assert_eq!(at_the_door(&hooks, clauses), [said], "{hooks} {clauses}");
    }
    let unused = at_the_door(PLAUSIBLE, "");
    assert!(unused.is_empty(), "unused names are no errors: {unused:?}");
}

#[test]
fn no_journey_asks_who_stands_at_the_door() {
    let hook = "hook odd(words: text(1000)) -> verdicts from \"p.wasm\" on failure refuse\n";
    let says = "J0111 `odd` says what is wrong with an event, and a journey needs a name or a number";
    for line in [
        "set complaint.score = odd(complaint.words) after 1d -> done",
        "choose odd(complaint.words) { accept -> done refuse -> done }",
        "handoff \"a\" priority odd(complaint.words) after 1d -> done",
    ] {
        assert_eq!(found(hook, &format!("state first {{ {line} }}")), [says], "{line}");
    }
}

#[test]
fn a_scenario_mocks_what_a_hook_may_say() {
    let scenario = |line: &str| {
        let told = compiled(
            &format!("{TRIAGE}{RISK}"),
            &format!(
                "state first {{ set complaint.score = risk(complaint.words) -> second }}\n\
                 state second {{ choose triage(complaint) {{ {WAYS} }} }} end done as success }}\n\
                 scenario \"a\" for care {{ {line} expect no message }} journey other for customer {{ start on came -> done"
            ),
        );
        told.findings
            .iter()
            .filter(|f| f.code.code == "J0101" || f.code.code == "J0111")
            .map(|f| f.message.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(scenario("mock hook triage -> severe mock hook risk -> 0.7 mock hook triage fails"), NONE);
    assert_eq!(scenario("mock hook triag fails"), ["there is no hook `triag`"]);
    assert_eq!(scenario("mock hook triage -> awful"), ["`triage` never says `awful`"]);
    assert_eq!(scenario("mock hook triage -> 3"), ["`triage` never says `3`"]);
    assert_eq!(scenario("mock hook risk -> high"), ["`risk` says a number, and `high` is none"]);
}
