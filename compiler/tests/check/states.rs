//! J0205, J0207 and J0301 to J0304: starts, essential messages, states, waits.

use super::{NONE, calm, codes, compiled, journey, said};

const HEARD: &str = "on reply stay { handoff \"care\" with transcript }";

#[test]
fn copies_are_bounded() {
    let with = |limit: &str, states: &str| codes(&format!("{limit} {HEARD} {states}"));
    let slow = "state first { send note after 1d -> done }";
    let quick = "state first { send note after 1d -> done on moved -> done }";
    assert_eq!(with("", slow), ["J0205"]);
    assert_eq!(with("limit starts to 3 per 30d else skip", quick), NONE);
    assert_eq!(with("limit starts to 3 per 30d else handoff \"care\"", quick), NONE);
    assert_eq!(with("limit live to 3 else skip", slow), NONE);
    // A place that is free again at once bounds nothing.
    assert_eq!(with("limit live to 3 else skip", quick), ["J0205"]);
    // A start over the limit that begins elsewhere still begins.
    assert_eq!(with("limit starts to 3 per 30d else -> first", slow), ["J0205", "J0208"]);
    assert_eq!(with("limit messages to 3 per 30d per customer else skip", quick), NONE);
    assert_eq!(with("limit messages to 3 per 30d else skip", quick), ["J0205"]);
    assert_eq!(with("", "state first { after 1d -> done }"), NONE);
}

#[test]
fn essential_messages_prove_their_bound() {
    let capped = |n: u32, per: &str| {
        calm(&format!(
            "limit visits alarm to {n} {per} else skip  state first {{ on ping -> alarm  after 9d -> done }}
             state alarm {{ send vital -> first }}"
        ))
    };
    assert_eq!(capped(2, "per 24h"), NONE);
    assert_eq!(capped(2, "per 7d"), NONE);
    assert_eq!(capped(2, ""), NONE);
    assert_eq!(capped(3, "per 24h"), ["J0207"]);
    // Two windows of 12 h fit in 24.
    assert_eq!(capped(2, "per 12h"), ["J0207"]);
    assert_eq!(capped(1, "per 12h"), NONE);
    assert_eq!(calm("state first { send vital after 1d -> b } state b { send vital after 1d -> done }"), NONE);
    let three = "state first { send vital after 1m -> b } state b { send vital after 1m -> c } state c { send vital after 1d -> done }";
    assert_eq!(calm(three), ["J0207"]);
    assert!(calm("state first { on ping stay { send vital } after 1d -> done }").contains(&"J0207"));
    // Two states that only a capped one brings back.
    let through = "limit visits gate to 1 per 24h else skip  state first { send vital -> wait }
        state wait { on ping -> gate after 9d -> done } state gate { on ping -> first after 9d -> done }";
    assert_eq!(calm(through), NONE);
    // What a visit sends at any time of it, the visit under way as a window begins sends too; a timer comes at its time.
    let late = |visits: u32, what: &str| {
        calm(&format!(
            "limit visits first to {visits} per 24h else skip
             state first {{ {what}  on ping -> first  after 9d -> done }}"
        ))
        .contains(&"J0207")
    };
    assert!(late(2, "send note { on failed stay { send vital } }"));
    assert!(!late(1, "send note { on failed stay { send vital } }"));
    assert!(!late(2, "after 1h stay { send vital }"));
}

#[test]
fn what_is_asked_for_leaves_later_than_it_is_decided() {
    let text = |limit: &str| {
        let text = super::journey(&format!(
            "{limit} {} state first {{ on ping -> alarm  after 9d -> done }} state alarm {{ send sure -> first }}",
            super::CALM
        ));
        text.replace(
            "message ask {",
            "service reread(id: text) -> Booking
             message sure { purpose safety  sms \"At {booking.slot:time}.\"  essential at most 2 per 24h  fresh booking within 15m by call reread(booking.id) }
             message ask {",
        )
    };
    let help = |limit: &str| {
        let compiled = super::compiled(&text(limit));
        assert!(compiled.program.is_some(), "{:#?}", compiled.findings);
        let found = compiled.findings.iter().find(|f| f.code.code == "J0207");
        found.map(|f| format!("{} {}", f.message, f.help.clone().unwrap_or_default()))
    };
    // The limit stands there, and two that wait a minute leave with the two of the next day.
    let said = help("limit visits alarm to 2 per 24h else skip").unwrap();
    assert!(said.contains("4 times in 24h"), "{said}");
    assert!(said.contains("`limit visits alarm to 2 per 24h` is not enough"), "{said}");
    assert!(said.contains("takes up to 1m"), "{said}");
    assert!(said.contains("limit visits alarm to 2 per 25h else"), "{said}");
    // What it proposes is enough.
    assert_eq!(help("limit visits alarm to 2 per 25h else skip"), None);
    assert_eq!(help("limit visits alarm to 2 else skip"), None);
    assert!(help("").unwrap().contains("cap the state, for example  limit visits alarm to 2 per 24h"));
}

#[test]
fn a_case_is_closed_where_one_was_opened() {
    let told = |lines: &str| calm(lines).contains(&"J0118");
    let state = |first: &str| {
        let text = format!("state first {{ {first}  on handoff.closed -> done  after 3d -> done }}");
        // Replies that hand over would be heard in every state.
        super::codes(&format!("limit starts to 3 per 30d else skip  on reply -> desk {text} state desk {{ handoff \"care\"  after 1d -> done }}"))
            .contains(&"J0118")
    };
    assert!(state("send note"));
    assert!(!state("handoff \"care\""));
    assert!(!state("on ping stay { handoff \"care\" }"));
    assert!(!state("send note { on blocked stay { handoff \"care\" } }"));
    assert!(!state("at booking.slot stay, if past stay { handoff \"care\" }"));
    assert!(!told(
        "state first { handoff \"care\" -> wait } state wait { on handoff.closed -> done  after 1d -> done }"
    ));
    // A limit that hands over may do so anywhere.
    assert!(!told(
        "limit messages to 3 per 24h else handoff \"care\" state first { send note  on handoff.closed -> done  after 1d -> done }"
    ));
    // One of the journey is dead only where it is so in every state.
    let shared = |first: &str| {
        super::codes(&format!(
            "limit starts to 3 per 30d else skip  on reply -> second  on handoff.closed -> done
             state first {{ {first}  after 3d -> second }} state second {{ after 1d -> done }}"
        ))
        .contains(&"J0118")
    };
    assert!(shared("send note"));
    assert!(!shared("send note  handoff \"care\""));
}

#[test]
fn states_are_entered_and_left() {
    assert_eq!(calm("state first { after 1d -> done } state lost { after 1d -> done }"), ["J0301"]);
    let trap = "state first { after 1d -> done on ping -> a } state a { after 1d -> b } state b { after 1d -> a }";
    assert_eq!(calm(trap), ["J0302"]);
    let limit = "limit visits b to 1 else end  state first { after 1d -> a on ping -> done } state a { after 1d -> b } state b { after 1d -> a }";
    assert_eq!(calm(limit), NONE);
    let many: String = (0..7).map(|i| format!("state s{i} {{ after 1d -> done }} ")).collect();
    let found = compiled(&journey(&format!("{} state first {{ after 1d -> done }} {many}", super::CALM)));
    assert_eq!(found.findings.iter().filter(|f| f.code.code == "J0301").count(), 1);
}

#[test]
fn waits_end_by_themselves() {
    assert_eq!(calm("state first { on ping -> done }"), ["J0303"]);
    assert_eq!(calm("state first { handoff \"care\" on handoff.closed -> done }"), ["J0303"]);
    assert_eq!(calm("state first { at booking.slot -> done, if past -> done }"), NONE);
    assert_eq!(calm("state first { on ping -> done at booking.slot -> done, if past stay }"), ["J0303"]);
    assert_eq!(calm("state first { call lookup(booking.id) within 5s { done -> done failed -> done } }"), NONE);
    // A timer whose target a limit may refuse.
    let refused = |fate: &str| {
        calm(&format!(
            "limit visits b to 1 else {fate} state first {{ after 1d -> b }} state b {{ after 1d -> first on ping -> done }}"
        ))
    };
    assert_eq!(refused("skip"), ["J0303"]);
    assert_eq!(refused("handoff \"care\""), ["J0303"]);
    assert_eq!(refused("-> done"), NONE);
}

#[test]
fn an_arrow_is_refused_only_where_its_limit_can_be_used_up() {
    let lines = |limit: &str| {
        format!(
            "{} limit visits s1 to {limit} else skip
             state first {{ send note after 1d -> s1 }} state s1 {{ after 1d -> s0b on ping -> done }}
             state s0b {{ after 1d -> s1 }}",
            super::CALM
        )
    };
    let waits = |limit: &str| {
        let found = compiled(&journey(&lines(limit))).findings;
        found.into_iter().filter(|f| f.code.code == "J0303").map(|f| f.message).collect::<Vec<_>>()
    };
    assert_eq!(waits("1"), ["a customer can be left waiting in `s0b` for ever"]);
    // These can be used up by others, or from the beginning.
    assert_eq!(waits("1 per customer").len(), 2);
    assert_eq!(waits("0").len(), 2);
    // A state that is left at once does not wait where the arrow out of it cannot be refused.
    let through = |limit: &str| {
        calm(&format!(
            "limit visits s1 to {limit} else handoff \"care\" state first {{ send note -> s1 }} state s1 {{ after 1d -> done }}"
        ))
    };
    assert_eq!(through("1"), ["J0209"]);
    assert_eq!(through("1 per customer"), ["J0303"]);
}

#[test]
fn a_policy_that_requires_it_makes_it_an_error() {
    let level = |lines: &str, require: &str, code: &str| {
        let text = journey(lines).replace("policy house {", &format!("policy house {{ require {require} "));
        compiled(&text).findings.iter().find(|f| f.code.code == code).map(|f| f.level.name())
    };
    let waits = format!("{} state first {{ on ping -> done }}", super::CALM);
    assert_eq!(level(&waits, "handoff", "J0303"), Some("warning"));
    assert_eq!(level(&waits, "timeout", "J0303"), Some("error"));
    let alone = "limit starts to 1 per 1d else skip state first { after 1d -> done }";
    assert_eq!(level(alone, "timeout", "J0305"), Some("warning"));
    assert_eq!(level(alone, "handoff", "J0305"), Some("error"));
    let deaf = "limit starts to 1 per 1d else skip state first { send ask after 1d -> done }";
    assert_eq!(level(deaf, "timeout", "J0401"), Some("warning"));
    assert_eq!(level(deaf, "reply handling", "J0401"), Some("error"));
}

#[test]
fn an_at_without_if_past_is_told() {
    assert_eq!(calm("state first { at booking.slot -> done }"), ["J0304"]);
}

#[test]
fn stories_count_the_visits_that_they_skip() {
    let text = said(
        &format!(
            "{} limit visits b to 9 per 7d else -> c
             state first {{ on ping -> b after 1d -> done }} state b {{ after 1d -> first }} state c {{ on ping -> done }}",
            super::CALM
        ),
        "J0303",
    );
    assert!(text.contains("→ c (after 9 visits in 7d a limit sends it there)"), "{text}");
}

#[test]
fn stories_say_how_it_comes_about() {
    let text = said(
        &format!(
            "{} state first {{ after 1d -> b }} state b {{ send note -> c }} state c {{ on ping -> done }}",
            super::CALM
        ),
        "J0303",
    );
    assert!(text.contains("created → first, then after 24h → b ✉ → c, then nothing more comes in"), "{text}");
}

#[test]
fn no_country_with_residents_is_wider_than_quiet_hours_are_asked_for() {
    use journey_spec::places::countries;
    use journey_spec::time::{Zone, parse_rfc3339};
    // The shortest arc of the day's round that holds the offsets of all zones: the day without its widest gap.
    for country in countries().filter(|c| c.code != "AQ") {
        for season in ["2026-01-15T12:00:00Z", "2026-07-15T12:00:00Z"] {
            let at = parse_rfc3339(season).unwrap();
            let mut ahead: Vec<i32> =
                country.zones.iter().map(|z| Zone::named(z).unwrap().offset(at).rem_euclid(86_400)).collect();
            ahead.sort_unstable();
            let round = ahead.iter().copied().chain([ahead[0] + 86_400]).collect::<Vec<_>>();
            let gap = round.windows(2).map(|w| w[1] - w[0]).max().unwrap();
            assert!(86_400 - gap < 11 * 3_600, "{} spans {} h", country.name, (86_400 - gap) / 3_600);
        }
    }
}
