//! Names, types and places of lines: each rule by an edit of a sound project that breaks it.

#[path = "resolve/files.rs"]
mod files;

use journey_compiler::source::Memory;
use journey_compiler::{Compilation, compile};

const SOUND: &str = r#"customer { first_name: text  nick: text?  phone: phone for sms, voice  email: email? for email  zone: zone }
policy house { limit messages to 6 per 24h else latest  after the end, replies -> handoff "care" }
record Booking { id: text, slot: instant, engineer: text? }
event booking.created { booking: Booking }
event booking.moved newest by at { booking: Booking }
message confirmation {
  purpose service
  sms "Hi {customer.first_name}, we come {booking.slot:day}."
  replies { change: "change" | "move" }
  valid until booking.slot
}
message moved { purpose service  sms "Now {booking.slot:time}."  email "New time: {booking.slot:date}" }
service cancel(booking: text, note: text?) -> one of { done, refused }
journey appointment for customer per booking.id {
  data booking: Booking
  limit starts to 3 per 30d else handoff "care"
  limit visits again to 3 per 7d else -> asking
  start on booking.created(booking) -> booked
  on reply stay { handoff "care" with transcript }
  state booked { send confirmation promising visit by booking.slot  -> waiting }
  state waiting {
    on booking.moved(booking) settle 15m -> again
    on reply change -> asking
    at booking.slot - 1d -> done, if past -> done
  }
  state again { send moved via sms else email withdrawing visit  -> waiting }
  state asking { call cancel(booking.id) within 30s { done -> done  refused -> waiting  failed -> failed } }
  end done as success
  end failed as failure
}
scenario "goes well" for appointment {
  given customer { first_name: "Vic", phone: "+44 7700 900123", zone: "Europe/London" }
  at 2026-03-02 10:00 event booking.created { booking: { id: "B1", slot: 2026-03-20 09:00 } }
  expect sms confirmation
  mock call cancel -> refused
  repeat 3 every 1m as n { event booking.moved { booking: { id: "B1", slot: 2026-03-20 09:00 + n days } } }
  expect booking.slot 2026-03-23 09:00
  expect state waiting
}
"#;

fn compiled(text: &str) -> Compilation {
    let files = [("main.journey".to_owned(), text.to_owned())].into();
    compile(&["main.journey".into()], &Memory(files))
}

/// The findings of the codes that this crate part gives, as `CODE at `place`: message`.
fn told(compilation: &Compilation) -> Vec<String> {
    compilation
        .findings
        .iter()
        .map(|f| {
            let place = compilation.sources.get(f.span().file).map_or("?", |source| source.slice(f.span()));
            format!("{} at `{place}`: {}", f.code.code, f.message)
        })
        .collect()
}

/// What is said of names and types; the rules over the whole have tests of their own.
fn told_of_names(compilation: &Compilation) -> Vec<String> {
    told(compilation).into_iter().filter(|t| t.as_str() < "J02" || t.starts_with("J0304")).collect()
}

#[test]
fn a_sound_project_has_nothing_to_be_said_of_its_names() {
    let compilation = compiled(SOUND);
    assert_eq!(told_of_names(&compilation), Vec::<String>::new());
}

/// Each row: what is replaced, by what, and the one finding that follows: code, place, a part of what it says. Where
/// the code has a `+`, the edit breaks other places too, and the finding is one of several.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

const ROWS: &[Row] = &[
    // unknown names
    ("id: text, slot", "id: string, slot", "J0101", "string", "no type or record `string`"),
    ("data booking: Booking", "data booking: Bokking", "J0101", "Bokking", "no type or record"),
    ("start on booking.created(", "start on booking.creatd(", "J0101", "booking.creatd", "no event `booking.creatd`"),
    ("send moved via sms", "send movd via sms", "J0101", "movd", "no message `movd`"),
    ("call cancel(", "call cancl(", "J0101", "cancl", "no service `cancl`"),
    ("settle 15m -> again", "settle 15m -> agan", "J0101", "agan", "has no state `agan`"),
    ("limit visits again", "limit visits agan", "J0101", "agan", "has no state `agan`"),
    ("on reply change", "on reply chnge", "J0101", "chnge", "invites the reply `chnge`"),
    ("withdrawing visit", "withdrawing visits", "J0101", "visits", "never promises `visits`"),
    ("at booking.slot - 1d", "at booking.slt - 1d", "J0101", "slt", "has no field `slt`"),
    ("at booking.slot - 1d", "at bookng.slot - 1d", "J0101", "bookng", "has no `bookng`"),
    ("cancel(booking.id)", "cancel(booking.id.x)", "J0101", "x", "is a text and has no `x`"),
    ("start on booking.created(booking)", "start on booking.created(booking, b)", "J0101", "b", "has no field `b`"),
    (
        "limit messages to 6 per 24h else",
        "limit messages to 6 per 24h per bookin.id else",
        "J0101",
        "bookin.id",
        "no journey is `per bookin.id`",
    ),
    ("newest by at", "newest by booking.when", "J0101", "when", "has no field `when`"),
    // hours of a `never`
    (
        "  expect state waiting",
        "  never sms between 08:00 and 08:00",
        "J0116",
        "08:00 and 08:00",
        "begin when they end",
    ),
    // where a customer may be
    (
        "zone: \"Europe/London\"",
        "zone: [\"Europe/London\", \"us\"]",
        "J0111",
        "[\"Europe/London\", \"us\"]",
        "a list of several",
    ),
    // consent and the preferred channel
    (
        "nick: text?",
        "nick: text? consent to marketing",
        "J0111",
        "text?",
        "nobody could tell whether a customer agreed: `nick` is a text",
    ),
    (
        "nick: text?",
        "nick: text?  a: bool? consent to debt by sms  b: bool? consent to debt, safety by email, sms",
        "J0102",
        "sms",
        "two consents to debt by `sms`",
    ),
    (
        "nick: text?",
        "nick: text?  a: channel?  b: channel?",
        "J0118",
        "b",
        "a customer prefers one channel, and this is the second",
    ),
    (
        "sms \"Hi {customer.first_name}, we",
        "purpose marketing  sms \"Hi {customer.first_name}, we",
        "+J0118",
        "marketing",
        "twice",
    ),
    ("moved { purpose service", "moved { purpose marketing", "J0137", "sms", "by sms or email, so it never leaves"),
    // duplicates
    (
        "event booking.moved",
        "event booking.created { booking: Booking }\nevent booking.moved",
        "J0102",
        "booking.created",
        "two events `booking.created`",
    ),
    (
        "message moved",
        "message confirmation { purpose service sms \"x\" }\nmessage moved",
        "J0102",
        "confirmation",
        "two messages",
    ),
    ("id: text,", "id: text, id: text,", "J0102", "id", "two fields `id`"),
    ("  end failed", "  end done as neutral\n  end failed", "J0102", "done", "two states `done`"),
    ("record Booking", "record text { a: text }\nrecord Booking", "J0102", "text", "a type of the language"),
    ("done, refused }\n", "done, refused, failed }\n", "J0102", "failed", "an outcome of every call"),
    (
        "data booking: Booking",
        "data booking: Booking\n  data booking: Booking",
        "J0102",
        "booking",
        "two data `booking`",
    ),
    // unused
    (
        "message moved",
        "message unsent { purpose service sms \"x\" }\nmessage moved",
        "J0103",
        "unsent",
        "no customer ever gets `unsent`",
    ),
    ("event booking.moved", "event booking.lost {}\nevent booking.moved", "J0103", "booking.lost", "no journey hears"),
    ("record Booking", "record Lost { a: text }\nrecord Booking", "J0103", "Lost", "`Lost`"),
    ("service cancel", "service other() -> one of { yes }\nservice cancel", "J0103", "other", "nothing calls `other`"),
    ("data booking: Booking", "data booking: Booking\n  data note: text?", "J0103", "note", "never uses it"),
    // types
    ("at booking.slot - 1d", "at booking.id - 1d", "J0111", "booking.id", "is a text, and `at` needs an instant"),
    ("at booking.slot - 1d", "at booking.slot - booking.slot", "J0111", "booking.slot", "only by a duration"),
    ("valid until booking.slot", "valid until booking.id", "J0111", "booking.id", "`valid until` needs an instant"),
    ("by booking.slot  ->", "by booking.id  ->", "J0111", "booking.id", "`by` needs an instant"),
    (
        "cancel(booking.id)",
        "cancel(booking.slot)",
        "J0111",
        "booking.slot",
        "is an instant, and `booking` of `cancel` is a text",
    ),
    ("cancel(booking.id)", "cancel()", "J0111", "cancel", "asked with 2 values, and none was given"),
    (
        "event booking.moved newest by at { booking: Booking }",
        "event booking.moved { booking: text }",
        "+J0111",
        "booking",
        "is a text, and the journey keeps a `Booking`",
    ),
    ("newest by at", "newest by booking.id", "J0111", "booking.id", "`newest by` needs an instant"),
    ("phone: phone for sms", "phone: text for sms", "+J0111", "sms", "its address is a phone"),
    ("engineer: text? }", "engineer: Booking }", "+J0111", "Booking", "always holds another one"),
    // placeholders
    ("{customer.first_name}", "{customer.firstname}", "J0112", "firstname", "has no field `firstname`"),
    (
        "Now {booking.slot:time}",
        "Now {bookng.slot:time}",
        "J0112",
        "bookng",
        "the journey `appointment` has no `bookng`",
    ),
    ("Now {booking.slot:time}", "Now {booking.slot:tim}", "J0112", "tim", "`:tim`"),
    ("Now {booking.slot:time}", "Now {booking.id:time}", "J0112", "{booking.id:time}", "`:time` needs an instant"),
    ("Now {booking.slot:time}", "Now {booking}", "J0112", "{booking}", "a whole record"),
    // missing values
    (
        "Now {booking.slot:time}",
        "Now {booking.engineer}",
        "J0113",
        "{booking.engineer}",
        "`booking.engineer` may be missing",
    ),
    ("{customer.first_name}", "{customer.nick}", "J0113", "{customer.nick}", "`customer.nick` may be missing"),
    ("cancel(booking.id)", "cancel(booking.engineer, \"x\")", "J0113", "booking.engineer", "must be there"),
    ("id: text, slot", "id: text?, slot", "+J0113", "booking.id", "may be missing"),
    (
        "event booking.moved newest by at { booking: Booking }",
        "event booking.moved { booking: Booking? }",
        "+J0113",
        "booking",
        "always needs it",
    ),
    // data, keys, numbers
    (
        "start on booking.created(booking)",
        "start on booking.created",
        "J0114",
        "start on booking.created -> booked",
        "knows no `booking`",
    ),
    (
        "event booking.moved newest by at { booking: Booking }",
        "event booking.moved { id: text }",
        "+J0115",
        "booking.moved",
        "carries no `booking.id`",
    ),
    ("per booking.id {", "per booking.slot {", "J0115", "booking.slot", "a key is a text or a number"),
    ("limit messages to 6 per", "limit messages to 60000 per", "J0116", "60000", "60000"),
    ("settle 15m", "settle 0m", "J0116", "0m", "no time at all"),
    ("within 30s", "within 600w", "J0116", "600w", "longer than ten years"),
    ("nick: text?", "nick: text(0)?", "J0116", "0", "at least 1"),
    ("limit messages to 6 per 24h", "limit messages to 6 per fortnight", "J0101", "fortnight", "no window"),
    ("limit starts to 3 per 30d", "limit starts to 3 per fortnight", "J0101", "fortnight", "no window"),
    // calls
    ("failed -> failed }", "}", "J0117", "cancel", "stuck here when `cancel` answers `failed`"),
    ("failed -> failed }", "failed -> failed  later -> done }", "J0117", "later", "never answers `later`"),
    // misplaced
    ("else -> asking", "else latest", "J0118", "latest", "only a message can wait"),
    (
        "limit messages to 6 per 24h else latest",
        "limit starts to 6 per 24h else skip",
        "J0118",
        "starts",
        "a policy holds over all journeys",
    ),
    (
        "limit messages to 6 per 24h else latest",
        "limit messages to 6 per 24h else end",
        "J0118",
        "end",
        "a policy holds over all journeys",
    ),
    (
        "limit starts to 3 per 30d else",
        "limit starts to 3 per 30d per booking.id else",
        "J0118",
        "booking.id",
        "adds nothing",
    ),
    ("record Booking", "policy house { grace 1m }\nrecord Booking", "J0102", "house", "policies"),
    ("record Booking", "customer { name: text }\nrecord Booking", "J0118", "customer", "one `customer`"),
    (
        "latest  after",
        "latest  quiet 21:00 to 08:00 else handoff \"care\"  after",
        "J0118",
        "handoff",
        "in quiet hours waits or is dropped",
    ),
    (
        "withdrawing visit  -> waiting",
        "withdrawing visit  -> waiting  after 1d -> done",
        "J0118",
        "after 1d -> done",
        "never heard",
    ),
    (
        "on reply change -> asking",
        "on reply change -> asking\n    on reply change -> done",
        "J0118",
        "on reply change -> done",
        "`on reply change` stands here twice",
    ),
    (
        "on reply change -> asking",
        "after 1d -> done\n    after 2d -> done",
        "J0118",
        "after 2d -> done",
        "only the shorter",
    ),
    ("message moved { purpose service", "message moved {", "J0118", "moved", "what it is for"),
    (
        "message moved { purpose service",
        "message moved { purpose service sms \"x\"",
        "J0118",
        "sms",
        "two texts for sms",
    ),
    ("via sms else email", "via voice", "J0118", "voice", "cannot leave by voice"),
    // addresses
    ("email: email? for email", "email: email?", "J0119", "email", "has no address"),
    // timers of one state
    (
        "at booking.slot - 1d -> done, if past -> done",
        "after 2d -> done\n    after 3d -> failed",
        "J0118",
        "after 3d -> failed",
        "only the shorter of two `after` that leave",
    ),
    (
        "at booking.slot - 1d -> done, if past -> done",
        "after 3d stay { send moved }\n    after 3d -> done",
        "J0118",
        "after 3d stay",
        "when the state has been left already",
    ),
    // limits that bound nothing
    ("starts to 3 per 30d", "starts to 10000 per 1s", "J0116", "10000 per 1s", "864000000 a day bounds nothing"),
    ("again to 3 per 7d", "again to 10000 per 1s", "J0116", "10000 per 1s", "bounds nothing"),
    ("messages to 6 per 24h", "messages to 1 per 8s", "J0116", "1 per 8s", "10800 a day bounds nothing"),
    // an instant that has passed
    (", if past -> done", "", "J0304", "at booking.slot - 1d -> done", ""),
    // scenarios
    ("for appointment {\n  given", "for appointmen {\n  given", "J0101", "appointmen", "no journey `appointmen`"),
    ("expect sms confirmation", "expect sms confirmatio", "J0101", "confirmatio", "no message"),
    ("expect sms confirmation", "expect voice confirmation", "J0101", "voice", "never leaves by voice"),
    ("expect state waiting", "expect state waitin", "J0101", "waitin", "no state `waitin`"),
    ("cancel -> refused\n", "cancel -> refusd\n", "J0101", "refusd", "never answers `refusd`"),
    (
        "expect sms confirmation",
        "mock split waiting -> done\n  expect sms confirmation",
        "J0111",
        "waiting",
        "splits nobody",
    ),
    ("expect sms confirmation", "mock split waitng -> done\n  expect sms confirmation", "J0101", "waitng", "no state"),
    ("first_name: \"Vic\"", "frst_name: \"Vic\", first_name: \"Vic\"", "J0101", "frst_name", "no field `frst_name`"),
    ("first_name: \"Vic\", ", "", "J0113", "given", "always has `first_name`"),
    ("zone: \"Europe/London\"", "zone: \"Europe/Lundon\"", "J0111", "\"Europe/Lundon\"", "time zone"),
    (
        "{ id: \"B1\", slot: 2026-03-20 09:00 } }\n  expect sms",
        "{ id: 1, slot: 2026-03-20 09:00 } }\n  expect sms",
        "J0111",
        "1",
        "`id` should be a text",
    ),
    ("09:00 + n days", "09:00 + m days", "J0101", "m", "no counter `m`"),
    ("at 2026-03-02 10:00", "at 2026-02-30 10:00", "J0001", "2026-02-30 10:00", "on no calendar"),
    ("at 2026-03-02 10:00", "at 9999-01-01 10:00", "J0001", "9999-01-01 10:00", "the year 9999 is not known"),
    ("expect booking.slot 2026", "expect booking.slt 2026", "J0101", "slt", "no field `slt`"),
];

#[test]
fn each_rule_says_where_and_what() {
    let mut wrong = Vec::new();
    for (from, to, code, place, says) in ROWS {
        assert!(SOUND.contains(from), "`{from}` is not there");
        let compilation = compiled(&SOUND.replacen(from, to, 1));
        let told = told_of_names(&compilation);
        let (code, alone) = (code.trim_start_matches('+'), !code.starts_with('+'));
        let fits = |t: &String| t.starts_with(&format!("{code} at `{place}")) && t.contains(says);
        if !told.iter().any(fits) || alone && told.len() > 1 {
            wrong.push(format!("{from} => {to}\n  wanted {code} at `{place}`: …{says}…\n  got    {told:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), ROWS.len(), wrong.join("\n"));
}

#[test]
fn an_after_that_stays_may_stand_before_one_that_leaves() {
    let timers = "after 1h stay { send moved }\n    after 2h stay { send moved }\n    after 90d -> done";
    let compilation = compiled(&SOUND.replace("at booking.slot - 1d -> done, if past -> done", timers));
    assert_eq!(told_of_names(&compilation), Vec::<String>::new());
    let late = "after 90d -> done\n    after 90d stay { send moved }";
    let compilation = compiled(&SOUND.replace("at booking.slot - 1d -> done, if past -> done", late));
    let finding = compilation.findings.iter().find(|f| f.code.code == "J0118").unwrap();
    assert!(finding.labels.len() == 2 && finding.labels.iter().all(|l| !l.text.is_empty()), "{finding:?}");
}

#[test]
fn limits_that_bound_a_day_are_left_alone() {
    for limit in ["1 per 9s", "10000 per 24h", "10000 per 30d", "0 per 1s", "6 per 1m"] {
        let compilation = compiled(&SOUND.replace("messages to 6 per 24h", &format!("messages to {limit}")));
        assert_eq!(told_of_names(&compilation), Vec::<String>::new(), "{limit}");
    }
}

#[test]
fn a_scenario_that_expects_nothing_is_told() {
    let (journey, scenario) = SOUND.split_once("scenario").unwrap();
    let silent = scenario.lines().filter(|l| !l.contains("expect")).collect::<Vec<_>>().join("\n");
    let compilation = compiled(&format!("{journey}scenario{silent}\nscenario \"empty\" for appointment {{ }}"));
    let told = told_of_names(&compilation);
    assert!(told.len() == 2 && told.iter().all(|t| t.starts_with("J0120 at `\"")), "{told:#?}");
    // What was not understood may have been the expectation.
    let compilation = compiled(&SOUND.replace("expect ", "expct "));
    assert!(!told_of_names(&compilation).iter().any(|t| t.starts_with("J0120")));
    for nested in ["repeat 2 every 1m { expect no message }", "at 2026-03-02 10:00 expect no message"] {
        let compilation = compiled(&format!("{SOUND}scenario \"x\" for appointment {{ {nested} }}"));
        assert_eq!(told_of_names(&compilation), Vec::<String>::new());
    }
}

#[test]
fn findings_carry_help_in_plain_words() {
    for (from, to, code, ..) in ROWS {
        let compilation = compiled(&SOUND.replacen(from, to, 1));
        for finding in compilation.findings.iter().filter(|f| f.code.code == code.trim_start_matches('+')) {
            let message = &finding.message;
            assert!(!message.ends_with('.') && !message.starts_with(char::is_uppercase), "{message}");
            assert!(finding.labels.iter().any(|l| !l.text.is_empty()) || finding.help.is_some(), "{message}");
        }
    }
    let compilation = compiled(&SOUND.replace("send moved via", "send movd via"));
    assert!(compilation.findings.iter().any(|f| f.help.as_deref() == Some("did you mean `moved`?")));
}

#[test]
fn a_syntax_error_gives_rise_to_nothing_else() {
    for (from, to) in [
        ("message confirmation {", "message confirmation ["),
        ("record Booking {", "record Booking = {"),
        ("  state again {", "  state again ("),
        ("event booking.moved newest", "event booking.moved ! newest"),
        ("  replies { change:", "  replies [ change:"),
        ("data booking: Booking", "data booking Booking"),
    ] {
        assert!(SOUND.contains(from), "`{from}` is not there");
        let compilation = compiled(&SOUND.replacen(from, to, 1));
        let told = told(&compilation);
        assert!(!told.is_empty(), "{from} => {to}: nothing was said");
        assert!(told.iter().all(|t| t.as_str() < "J0009"), "{from} => {to}: {told:#?}");
    }
}

#[test]
fn a_misspelt_declaration_is_one_finding_however_often_it_is_named() {
    let table = [
        ("record Booking", "recrod Booking"),
        ("event booking.moved newest", "evnt booking.moved newest"),
        ("message confirmation", "mesage confirmation"),
        ("service cancel", "servce cancel"),
        ("state waiting {", "sate waiting {"),
        ("end done", "edn done"),
        ("data booking:", "dta booking:"),
        ("journey appointment", "jorney appointment"),
    ];
    for (from, to) in table {
        assert_eq!(SOUND.matches(from).count(), 1, "{from}");
        let told = told(&compiled(&SOUND.replace(from, to)));
        let word = to.split(' ').next().unwrap_or_default();
        let [only] = told.as_slice() else { panic!("{to}: {told:#?}") };
        assert!(only.starts_with(&format!("J0001 at `{word}`: unknown word `{word}` here, did you mean ")), "{only}");
    }
    // What stands behind a word that was not understood is all that it may have declared.
    let text = SOUND.replace("state waiting {", "sate waiting {").replace("refused -> waiting", "refused -> nowhere");
    let told = told(&compiled(&text));
    assert!(told.iter().any(|t| t.starts_with("J0101 at `nowhere`")), "{told:#?}");
}

#[test]
fn findings_are_sorted_and_not_repeated() {
    let text = SOUND.replace("slot: instant", "slot: instnt").replace("-> asking", "-> askin");
    let compilation = compiled(&text);
    let places: Vec<_> = compilation.findings.iter().map(|f| (f.span(), f.code.code)).collect();
    let mut sorted = places.clone();
    sorted.sort_unstable();
    assert_eq!(places, sorted);
    let mut once = compilation.findings.clone();
    once.dedup();
    assert_eq!(once, compilation.findings);
}

#[test]
fn a_file_cut_off_anywhere_compiles_to_findings() {
    for end in (0..SOUND.len()).step_by(41) {
        let compilation = compiled(&SOUND[..end]);
        let unknown: Vec<String> = told(&compilation).into_iter().filter(|t| t.starts_with("J0103")).collect();
        assert!(
            unknown.is_empty() || !compilation.findings.iter().any(|f| f.code.code < "J0003"),
            "{end}: {unknown:?}"
        );
    }
}
