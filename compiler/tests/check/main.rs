//! The check rules over real text: small journeys, and the codes that they yield.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where it stands")]

mod allow;
mod bounds;
mod changes;
mod later;
mod leaving;
mod limits;
mod locales;
mod loops;
mod people;
mod promises;
mod random;
mod replies;
mod seen;
mod states;
mod texts;
mod trial;
mod versions;
mod whole;

use journey_compiler::source::Memory;
use journey_compiler::{Compilation, compile};

/// What every small journey stands on: a customer, events, messages, a service.
const HOUSE: &str = r#"
customer { phone: phone for sms, voice  email: email for email  offers: bool? consent to marketing  zone: zone }
record Booking { id: text, slot: instant }
event created { booking: Booking }
event moved { booking: Booking }
event ping { booking: Booking }
message note { purpose service  sms "Your visit is on {booking.slot:day}." }
message other { purpose service  sms "Once more: {booking.slot:day}." }
message both { purpose marketing  sms "Try us."  email "Try us." }
message ask { purpose service  sms "Shall we?"  replies { yes: "yes" } }
message vital { purpose safety  sms "Danger."  valid for 1h  essential at most 2 per 24h }
service lookup(booking: text) -> one of { done }
event spike { booking: Booking } at most 2 per 24h else dead letter
"#;

const POLICY: &str = "policy house { after the end, replies -> handoff \"care\" }\n";

/// Limits and arrows that leave nothing to be said, so that only the states matter.
const CALM: &str = "limit starts to 3 per 30d else skip  on reply stay { handoff \"care\" with transcript }";

/// Compiles one file.
fn compiled(text: &str) -> Compilation {
    compile(&["main.journey".into()], &Memory([("main.journey".to_owned(), text.to_owned())].into()))
}

/// A journey with these lines, in the house, under the policy.
fn journey(lines: &str) -> String {
    format!(
        "{HOUSE}{POLICY}journey visit for customer per booking.id {{ data booking: Booking\n\
         start on created(booking) -> first\n{lines}\nend done as success }}"
    )
}

/// The codes that a journey with these lines yields beside names that it does not use, in order, without repetition.
fn codes(lines: &str) -> Vec<&'static str> {
    of(&journey(lines))
}

/// The same with the calm lines around.
fn calm(lines: &str) -> Vec<&'static str> {
    codes(&format!("{CALM}\n{lines}"))
}

/// The codes of a whole text, as [`codes`]; beside those of texts that nothing sends, and of critical messages that go by one
/// channel, as most here do.
fn of(text: &str) -> Vec<&'static str> {
    let beside = ["J0103", "J0219", "J0224"];
    let mut codes: Vec<_> = compiled(text).findings.iter().map(|f| f.code.code).collect();
    codes.retain(|code| !beside.contains(code));
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Everything that the findings of this code say, in one text.
fn said(lines: &str, code: &str) -> String {
    let compilation = compiled(&journey(lines));
    let of_code = compilation.findings.iter().filter(|f| f.code.code == code);
    let parts = of_code.flat_map(|f| {
        let labels = f.labels.iter().map(|l| l.text.clone());
        std::iter::once(f.message.clone()).chain(labels).chain(f.how.clone()).chain(f.help.clone())
    });
    parts.collect::<Vec<_>>().join("\n")
}

const NONE: [&str; 0] = [];
