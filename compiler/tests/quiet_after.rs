//! Quiet times that an event begins, from text to program, and what is asked of them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that fails says where

use journey_compiler::source::Memory;
use journey_compiler::{Compilation, compile};
use journey_spec::program::{Channel, DAY, Fate, Purpose, Sort};

const HEAD: &str = r#"customer { first_name: text, phone: phone? for sms, voice, zone: zone }
record Debt { id: text }
event debt.overdue { debt: Debt }
"#;
const JOURNEY: &str = r#"
message ring { purpose debt   voice "Please call us."   valid for 12h }
journey overdue for customer per debt.id {
  data debt: Debt
  limit live to 3 else skip
  limit starts to 3 per 30d else skip
  start on debt.overdue(debt) -> calling
  on reply stay { handoff "care" with transcript }
  state calling { send ring   after 7d -> done }
  end done as neutral
}
"#;

fn of(text: &str) -> Compilation {
    compile(&["main.journey".into()], &Memory([("main.journey".to_owned(), text.to_owned())].into()))
}

fn with(rule: &str, events: &str) -> Compilation {
    let policy = format!(
        "policy house {{ {rule}  quiet 21:00 to 08:00 else defer  after the end, replies -> handoff \"care\" }}\n"
    );
    of(&format!("{HEAD}{events}{policy}{JOURNEY}"))
}

/// Codes and messages, each finding in a line.
fn told(compiled: &Compilation) -> Vec<String> {
    compiled.findings.iter().map(|f| format!("{} {}", f.code.code, f.message)).collect()
}

#[test]
fn a_rule_becomes_what_it_says() {
    let text = "quiet 7d  after debt.talked per debt.id // two lines\n for debt voice, marketing else handoff \"care\" because \"the law\"";
    let compiled = with(text, "event debt.talked { debt: Debt }\n");
    assert_eq!(told(&compiled), Vec::<String>::new());
    let program = compiled.runnable().unwrap();
    let rule = &program.policy.quiet_after[0];
    assert_eq!((rule.lasts, rule.after.index(), rule.fate.clone()), (7 * DAY, 1, Fate::Handoff("care".into())));
    assert_eq!(rule.key.as_deref().unwrap(), ["debt", "id"]);
    let sort = |channel, purpose| Sort { channel, purpose: Some(purpose) };
    assert_eq!(rule.messages, [sort(Some(Channel::Voice), Purpose::Debt), sort(None, Purpose::Marketing)]);
    assert_eq!(rule.text, "quiet 7d after debt.talked per debt.id for debt voice, marketing (the law)");
    assert!(rule.concerns(Channel::Sms, Purpose::Marketing) && !rule.concerns(Channel::Sms, Purpose::Debt));
}

#[test]
fn what_is_not_whole_is_told_where_it_stands() {
    let talked = "event debt.talked { debt: Debt }\n";
    for (rule, events, finding) in [
        ("quiet 0d after debt.talked else skip", talked, "J0116 `quiet` of no time at all means nothing"),
        ("quiet 900w after debt.talked else skip", talked, "J0116 `quiet` is longer than ten years"),
        (
            "quiet 7d after debt.paid else skip",
            talked,
            "J0101 a customer is not left in peace: `quiet 7d after debt.paid` never begins, for there is no event `debt.paid`",
        ),
        (
            "quiet 7d after debt.talked per debt.id else skip",
            "event debt.talked { debt: Debt? }\n",
            "J0113 `debt` of `debt.talked` may be missing, and then nobody can tell what it is about",
        ),
        (
            "quiet 7d after debt.talked per debt else skip",
            talked,
            "J0115 `debt` of `debt.talked` is a `Debt`, and a key is a text or a number",
        ),
        (
            "quiet 7d after debt.talked per debt.id else skip",
            "record Talk { id: text sensitive health }\nevent debt.talked { debt: Talk }\n",
            "J0138 every timeline and case would show of a customer's health: the key `debt.id`",
        ),
    ] {
        let compiled = with(rule, events);
        assert!(told(&compiled).contains(&finding.to_owned()), "{rule}: {:?}", told(&compiled));
        assert!(compiled.runnable().is_none());
    }
}

#[test]
fn an_event_that_is_not_declared_is_told_with_the_text_to_write() {
    let helps =
        |compiled: &Compilation| compiled.findings.iter().filter_map(|f| f.help.clone()).collect::<Vec<_>>().join("\n");
    for (rule, text) in [
        ("quiet 7d after debt.talked per debt.id else skip", "event debt.talked { debt: Debt }"),
        ("quiet 7d after loan.over per loan.id else skip", "record Loan { id: text }  event loan.over { loan: Loan }"),
        ("quiet 7d after loan.over per number else skip", "event loan.over { number: text }"),
        ("quiet 7d after calls.refused else skip", "event calls.refused { }"),
    ] {
        let compiled = with(rule, "");
        assert!(helps(&compiled).contains(text), "{rule}: {}", helps(&compiled));
        // And that text is what was asked for.
        let written = with(rule, &text.replace("  event", "\nevent"));
        assert!(
            !told(&written).iter().any(|t| t.starts_with("J0101") || t.starts_with("J0115")),
            "{:?}",
            told(&written)
        );
    }
}

#[test]
fn only_what_may_hold_something_back_is_let_be() {
    let talked = "event debt.talked { debt: Debt, loan: Debt }\n";
    let never = |rule: &str| told(&with(rule, talked)).iter().any(|t| t.starts_with("J0209"));
    assert!(!never("quiet 7d after debt.talked else skip"));
    assert!(!never("quiet 7d after debt.talked per debt.id for voice else skip"));
    assert!(never("quiet 7d after debt.talked per debt.id for sms else skip"));
    assert!(never("quiet 7d after debt.talked per loan.id for voice else skip"));
    assert!(!never("quiet 7d after debt.talked per debt.id for sms else skip because \"the law\""));
    // A journey that is not whole may be the one.
    let broken = of(&format!(
        "{HEAD}{talked}policy house {{ quiet 7d after debt.talked for sms else skip }}\n{}",
        JOURNEY.replace("send ring", "send ring  send rang")
    ));
    assert!(!told(&broken).iter().any(|t| t.starts_with("J0209")), "{:?}", told(&broken));
}
