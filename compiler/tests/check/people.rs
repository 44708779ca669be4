//! J0305 and J0401 to J0404: people and replies.

use super::{NONE, calm, codes, compiled, journey, of};

const ONE: &str = "limit starts to 3 per 30d else skip";

#[test]
fn a_person_can_be_reached() {
    assert_eq!(codes(&format!("{ONE} state first {{ after 1d -> done }}")), ["J0305"]);
    assert_eq!(
        codes(&format!("{ONE} state first {{ after 1d -> b }} state b {{ handoff \"care\" after 1d -> done }}")),
        NONE
    );
    let behind = "state first { handoff \"care\" after 1d -> b } state b { after 1d -> done }";
    assert_eq!(codes(&format!("{ONE} {behind}")), ["J0305"]);
    assert_eq!(
        codes(&format!(
            "{ONE} limit visits b to 1 else handoff \"care\" state first {{ after 1d -> b }} state b {{ after 1d -> done }}"
        )),
        // Nobody comes to the limit either, and that is told, too.
        ["J0209", "J0305"]
    );
}

#[test]
fn answers_are_heard_in_every_state_that_can_follow() {
    let desk = "state desk { handoff \"care\" on reply stay { handoff \"care\" } after 1d -> done }";
    assert_eq!(
        codes(&format!("{ONE} state first {{ send ask on reply yes -> desk after 1d -> desk }} {desk}")),
        ["J0401"]
    );
    assert_eq!(
        codes(&format!(
            "{ONE} state first {{ send ask on reply stay after 1d -> later }} state later {{ after 1d -> desk }} {desk}"
        )),
        ["J0401"]
    );
    assert_eq!(codes(&format!("{ONE} state first {{ send ask on reply stay after 1d -> desk }} {desk}")), NONE);
    // A journey's arrow does not hold in its own target.
    assert_eq!(
        codes(&format!(
            "{ONE} on reply -> hub  state first {{ send ask after 1d -> done }} state hub {{ handoff \"care\" after 1d -> done }}"
        )),
        ["J0401"]
    );
    // Before anything is sent there is nothing to answer.
    assert_eq!(
        codes(&format!(
            "{ONE} state first {{ after 1d -> second }} state second {{ send ask on reply stay after 1d -> desk }} {desk}"
        )),
        NONE
    );
    let voice = journey(&format!("{ONE} state first {{ send both via email after 1d -> desk }} {desk}"));
    assert_eq!(of(&voice), ["J0401"]);
    assert_eq!(of(&voice.replace("email \"Try us.\"", "voice \"Try us.\"").replace("via email", "via voice")), NONE);
}

#[test]
fn each_answer_and_everything_else_is_told_once() {
    let lines = format!(
        "{ONE} state first {{ send ask after 1d -> b }} state b {{ send ask after 1d -> c }} state c {{ handoff \"care\" after 1d -> done }}"
    );
    let found = compiled(&journey(&lines));
    assert_eq!(found.findings.iter().filter(|f| f.code.code == "J0401").count(), 2);
}

#[test]
fn answers_after_the_end_are_heard() {
    let text = journey(&format!("{} state first {{ send note after 1d -> done }}", super::CALM));
    assert_eq!(of(&text), NONE);
    assert_eq!(of(&text.replace(super::POLICY, "")), ["J0402"]);
    assert_eq!(of(&text.replace(super::POLICY, "policy house { valid for 1h }")), ["J0402"]);
}

#[test]
fn words_mean_one_thing_and_not_stop() {
    let text = |replies: &str| {
        let text =
            journey(&format!("{} on reply yes -> done state first {{ send ask after 1d -> done }}", super::CALM));
        of(&text.replace("yes: \"yes\"", replies))
    };
    assert_eq!(text("yes: \"yes\" | \"Stop\""), ["J0403"]);
    assert_eq!(text("yes: \"yes\"  no: \"no\" | \"YES!\""), ["J0404"]);
    assert_eq!(text("yes: \"yes\"  no: \"no\""), NONE);
    assert_eq!(calm("on reply yes -> done state first { send ask after 1d -> done }"), NONE);
}
